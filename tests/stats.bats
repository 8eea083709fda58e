#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The statistics of the public library, as other programs call them.

load helpers.bash

# Programs that load a library with sanitizers need these before all else.
with_library() {
    if [ -n "${TESTS_SANITIZED:-}" ]; then
        LD_PRELOAD=$(gcc -print-file-name=libasan.so) ASAN_OPTIONS=detect_leaks=0 "$@"
    else
        "$@"
    fi
}

@test "statistics of a thousand random arrays are those of exact arithmetic" {
    in_scratch
    local count=1000
    [ -z "${TESTS_SANITIZED:-}" ] || count=200
    with_library python3 -B "$BATS_TEST_DIRNAME/stats.py" "$AR_OUT/libanalysisrun.so.0" $count >log 2>&1 || {
        tail -n 40 log
        return 1
    }
}

@test "the example of ar_stats(3) compiles, and prints what is shown" {
    in_scratch
    awk '
        take && /^\.Ed$/ { take = 0; next }
        take { gsub(/\\e/, "\\"); print >out; next }
        /^\.\\" program$/ { out = "example.c" }
        /^\.\\" prints$/ { out = "prints" }
        out && /^\.Bd -literal/ { take = 1 }' "$BATS_TEST_DIRNAME/../man/ar_stats.3"
    lib=$BATS_TEST_DIRNAME/../lib
    gcc -std=c17 -Wall -Wextra -Werror -I"$lib" -include "$lib/stats/stats.h" -o example example.c "$AR_OUT/libanalysisrun.so.0" -lm
    LD_LIBRARY_PATH=$AR_OUT with_library ./example >out
    diff prints out
}

@test "the page ar_stats(3) shows every function of the header, as it is declared there" {
    in_scratch
    sed -nE 's/^((struct )?[a-z_]+) (ar_[a-z_]+\(.*\));$/\1 \3/p' "$BATS_TEST_DIRNAME/../lib/stats/stats.h" | sort >header
    awk '
        /^\.Ft / { sub(/^\.Ft /, ""); gsub(/"/, ""); type = $0 }
        /^\.Fn ar_.* "/ {
            name = $2; sub(/^[^"]*"/, ""); sub(/"$/, ""); gsub(/" "/, ", "); print type " " name "(" $0 ")"
        }' "$BATS_TEST_DIRNAME/../man/ar_stats.3" | sort >page
    [ -s header ]
    diff header page
}
