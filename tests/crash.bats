#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Runs of which processes are killed at any moment: what is finished then is what an undisturbed run gives (tests/crash.py).

load helpers.bash

setup() {
    in_scratch
    unset ANALYSISRUN_METHOD ANALYSISRUN_MODE AR_LANG
    "$AR_OUT/gen-run" -d data --rows 5000 --lanes 50 --sets 1
}

crash() {
    python3 "$BATS_TEST_DIRNAME/crash.py" "$1" "$2" data/activity_spots.csv data/samples.csv
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

@test "what a killed run left in TMPDIR goes with the next one; a folder that it cannot have left stays" {
    mkdir tmp results results/.analysisrun tmp/ar-run-0123456789abcdef tmp/other tmp/ar-run-1123456789abcdef
    touch tmp/ar-run-0123456789abcdef/what-was-left
    run_again() {
        printf '%s' "$1" >results/.analysisrun/tmp
        TMPDIR=$PWD/tmp ar-run -q -m "$AR_OUT/methods/mean-c" -s data/samples.csv -d results activity_spots=data/activity_spots.csv
        [ ! -e results/.analysisrun/tmp ]
    }
    run_again "$PWD/tmp/ar-run-0123456789abcdef"
    [ ! -e tmp/ar-run-0123456789abcdef ]
    run_again "$PWD/tmp/other"
    run_again tmp/ar-run-1123456789abcdef
    mv tmp/other elsewhere
    ln -s "$PWD/elsewhere" tmp/ar-run-2123456789abcdef
    touch elsewhere/mine
    run_again "$PWD/tmp/ar-run-2123456789abcdef"
    [ -e elsewhere/mine ] && [ -d tmp/ar-run-1123456789abcdef ]
}
