#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The unit tests of lib/, and the corpora of the fuzz drivers as plain tests: one test a program.

load helpers.bash

unit() {
    "$AR_OUT/unit/test_$1"
}

corpus() {
    in_scratch
    "$AR_OUT/fuzz/fuzz_$1" "$BATS_TEST_DIRNAME/fuzz/corpus/$1" >log 2>&1 || {
        tail -n 20 log
        return 1
    }
}

@test "unit: account" { unit account; }
@test "unit: bytes file" { unit bytes_file; }
@test "unit: bytes io" { unit bytes_io; }
@test "unit: bytes text" { unit bytes_text; }
@test "unit: cache" { unit cache; }
@test "unit: cleanse" { unit cleanse; }
@test "unit: column type" { unit column_type; }
@test "unit: csv" { unit csv; }
@test "unit: csv index" { unit csv_index; }
@test "unit: folder" { unit folder; }
@test "unit: grow" { unit grow; }
@test "unit: json" { unit json; }
@test "unit: ledger form" { unit ledger_form; }
@test "unit: manifest" { unit manifest; }
@test "unit: params" { unit params; }
@test "unit: pickle" { unit pickle; }
@test "unit: pickle write" { unit pickle_write; }
@test "unit: proc" { unit proc; }
@test "unit: real" { unit real; }
@test "unit: result" { unit result; }
@test "unit: row groups" { unit row_groups; }
@test "unit: schema" { unit schema; }
@test "unit: seen" { unit seen; }
@test "unit: stats" { unit stats; }
@test "unit: table" { unit table; }
@test "unit: tar" { unit tar; }
@test "unit: tar map" { unit tar_map; }
@test "unit: targets" { unit targets; }
@test "unit: tree" { unit tree; }
@test "unit: wire" { unit wire; }
@test "corpus of the fuzz driver: tar" { corpus tar; }
@test "corpus of the fuzz driver: csv" { corpus csv; }
@test "corpus of the fuzz driver: stream" { corpus stream; }
@test "corpus of the fuzz driver: json" { corpus json; }
@test "corpus of the fuzz driver: pickle" { corpus pickle; }
@test "corpus of the fuzz driver: result" { corpus result; }

@test "every unit test and every fuzz driver is run here" {
    in_scratch
    for file in "$BATS_TEST_DIRNAME"/unit/test_*.c; do
        name=${file##*/test_}
        grep -q "{ unit ${name%.c}; }" "$BATS_TEST_FILENAME" || echo "$file"
    done >missing
    for file in "$BATS_TEST_DIRNAME"/fuzz/fuzz_*.c; do
        name=${file##*/fuzz_}
        grep -q "{ corpus ${name%.c}; }" "$BATS_TEST_FILENAME" || echo "$file"
    done >>missing
    diff /dev/null missing
}
