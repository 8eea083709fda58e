#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Runs of which processes are killed at any moment: what is finished then is what an undisturbed run gives (tests/crash.py).

load helpers.bash

setup() {
    in_scratch
    unset ANALYSISRUN_METHOD ANALYSISRUN_MODE AR_LANG
    "$AR_OUT/gen-run" -d data --rows 5000 --lanes 50 --sets 1
}

# With sanitizers, which take their time, each tenth of it.
crash() {
    python3 "$BATS_TEST_DIRNAME/crash.py" $(($1 / (${TESTS_SANITIZED:+9} + 1))) "$2" data/activity_spots.csv data/samples.csv
}

@test "100 kills of processes of a run, by a method of a process a lane: the result is that of an undisturbed run, and nothing is left" {
    mkdir m
    program m/count.sh <<'END'
set -e # a program that it starts may be killed, too
lines=$(wc -l <image_analysis_results/activity_spots.csv)
mkdir images
echo "$lines" >images/n.txt
echo "{\"lines\":$lines}"
END
    program m/judge.sh <<'END'
set -e
cat analysis_results.csv
END
    cat >m/manifest.json <<'END'
{ "name": "count", "image_analysis_results": { "activity_spots": { "cleansing": [ { "entity": ["Activity Spots"] } ] } },
  "analyze": ["./count.sh"], "files": ["count.sh"], "postprocess": ["./judge.sh"], "postprocess_files": ["judge.sh"] }
END
    crash 100 m/manifest.json
}

@test "100 kills of processes of a run, by a method in C, which has many lanes at a time" {
    crash 100 "$AR_OUT/methods/mean-c"
}

@test "what a killed run left in TMPDIR goes with the next one; a folder that it cannot have left, or that a run has, stays" {
    mkdir -m 700 tmp tmp/ar-aB0123 tmp/ar-aB0124 tmp/ar-aB0125 tmp/ar-aB0127 tmp/ar-aB0128 tmp/other elsewhere
    mkdir -p results/.analysisrun
    touch tmp/ar-aB0123/what-was-left tmp/ar-aB012{3,4,5}/.run tmp/ar-aB0128/somebody-elses elsewhere/mine
    ln -s "$PWD/elsewhere" tmp/ar-aB0126
    run_again() {
        ln -s "$1" "results/.analysisrun/tmp-$(uname -n)"
        TMPDIR=$PWD/tmp ar-run -q -m "$AR_OUT/methods/mean-c" -s data/samples.csv -d results activity_spots=data/activity_spots.csv
        [ ! -L "results/.analysisrun/tmp-$(uname -n)" ]
    }
    run_again "$PWD/tmp/ar-aB0123"
    run_again "$PWD/tmp/ar-aB0127"
    run_again "$PWD/tmp/ar-aB0128"
    run_again "$PWD/tmp/other"
    run_again tmp/ar-aB0124
    run_again "$PWD/tmp/ar-aB0126"
    exec 9<tmp/ar-aB0125
    flock 9
    run_again "$PWD/tmp/ar-aB0125"
    [ "$(ls tmp | paste -sd ' ')" = 'ar-aB0124 ar-aB0125 ar-aB0126 ar-aB0128 other' ]
    [ -e elsewhere/mine ]
}
