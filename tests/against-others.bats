#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Our lanes against those of other programs, on thousands of generated tables. AR_SEED=N tries others.

load helpers.bash

# Each takes a part, so that they run side by side.
tables() {
    in_scratch
    python3 "$BATS_TEST_DIRNAME/random_tables.py" "$1" "$2" $((${AR_SEED:-0} + $3))
}

@test "random tables: our lanes hold the bytes, and Python's csv module reads the same rows (1)" { tables python 1000 1; }
@test "random tables: our lanes hold the bytes, and Python's csv module reads the same rows (2)" { tables python 1000 2; }
@test "random tables: our lanes hold the bytes, and Python's csv module reads the same rows (3)" { tables python 1000 3; }

@test "random tables: Miller reads the same rows" {
    type mlr >/dev/null || skip "Miller is not installed"
    tables miller 1000 4
}
