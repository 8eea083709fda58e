#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# ar-run in bad surroundings: what cannot be read or written is told, nothing half-written is a result, and the next run is whole.

load helpers.bash

setup() {
    in_scratch
    unset ANALYSISRUN_METHOD ANALYSISRUN_MODE AR_LANG
    local data=$BATS_TEST_DIRNAME/data/run-small
    cp "$data/samples.csv" .
    cp "$data/activity_spots.csv" as.csv
    METHOD=$AR_OUT/methods/mean-c
    export METHOD
}

go() {
    ar-run -q -m "$METHOD" -s samples.csv "$@"
}

# A folder is no result without its index.
no_result() {
    [ ! -e "$1/ledger.json" ] && [ ! -e "$1/manifest-sha256.txt" ]
}

@test "a disk that is full: status 3, no result, whatever fits; with room it is whole" {
    mkdir full
    unshare -rm mount -t tmpfs none full 2>/dev/null || skip 'no mount of our own'
    go -d whole activity_spots=as.csv 2>err
    for size in 16 40 56 72; do
        status=0
        unshare -rm sh -c 'mount -t tmpfs -o size='$size'k none full
            ar-run -q -m "$METHOD" -s samples.csv -d full/results activity_spots=as.csv 2>err || status=$?
            [ "$status" = 3 ] && [ ! -e full/results/ledger.json ] && [ ! -e full/results/manifest-sha256.txt ] || exit 8
            mount -o remount,size=4m full
            ar-run -q -m "$METHOD" -s samples.csv -d full/results activity_spots=as.csv 2>err2 || exit 7
            cmp full/results/result.csv whole/result.csv && ar-run verify -q full/results' || status=$?
        [ "$status" -eq 0 ]
        grep -qE 'No space left|is the disk full' err
        grep -qF "Make room in '$PWD/full/results/.analysisrun/" err
    done
}

@test "a disk that is full of logs: it is named, and not TMPDIR" {
    mkdir full tmp
    unshare -rm mount -t tmpfs none full 2>/dev/null || skip 'no mount of our own'
    program chatty <<'END'
head -c 300000 /dev/zero | tr '\0' x >&2
echo '{"a":1}'
END
    ar-split -q -s samples.csv activity_spots=as.csv 2>err | ar-cleanse -q --none activity_spots | ar-pack -q >in.tar
    export TMPDIR=$PWD/tmp
    refuses 3 'cannot write the log' 'No space left on device' "Make room in '$PWD/full/log'." -- unshare -rm sh -c 'mount -t tmpfs -o size=40k none full
        exec ar-analyze -q --log full/log -- ./chatty <in.tar'
    run ! grep -qF TMPDIR err
}

@test "TMPDIR that is full, or a folder that can only be read" {
    mkdir tmp ro
    unshare -rm mount -t tmpfs none ro 2>/dev/null || skip 'no mount of our own'
    refuses 3 'No space left on device' TMPDIR -- unshare -rm sh -c 'mount -t tmpfs -o size=8k none tmp
        TMPDIR=$PWD/tmp exec ar-run -q -m "$METHOD" -s samples.csv -d results activity_spots=as.csv'
    no_result results
    refuses 3 "cannot make the folder 'ro/results'" 'Read-only file system' -- unshare -rm sh -c 'mount -t tmpfs -o ro none ro
        exec ar-run -q -m "$METHOD" -s samples.csv -d ro/results activity_spots=as.csv'
    refuses 3 'No space left on device' -- sh -c 'ar-run -q --sequential -m "$METHOD" -s samples.csv -d sequential activity_spots=as.csv >/dev/full'
}

@test "an input that cannot be read: its name, status 2, and no result" {
    mkdir folder
    refuses 2 "'nosuch.csv'" 'No such file' -- ar-run -q -m "$METHOD" -s samples.csv -d results activity_spots=nosuch.csv
    refuses 2 "'folder'" 'Is a directory' -- ar-run -q -m "$METHOD" -s samples.csv -d results activity_spots=folder
    refuses 2 "'nosuch-samples.csv'" -- ar-run -q -m "$METHOD" -s nosuch-samples.csv -d results activity_spots=as.csv
    head -c 3000 as.csv >cut.csv
    refuses 2 "'cut.csv', line" -- ar-run -q -m "$METHOD" -s samples.csv -d results activity_spots=cut.csv
    : >empty.csv
    refuses 2 "'empty.csv'" -- ar-run -q -m "$METHOD" -s samples.csv -d results activity_spots=empty.csv
    no_result results
    go -d results activity_spots=as.csv 2>err
    ar-run verify -q results
}

@test "a folder that is none, or somebody's own, is refused and stays as it is" {
    touch file
    refuses 2 "'file'" -- ar-run -q -m "$METHOD" -s samples.csv -d file activity_spots=as.csv
    mkdir mine
    cp as.csv mine/
    refuses 2 "holds other files, such as 'as.csv'" -- ar-run -q -m "$METHOD" -s samples.csv -d mine activity_spots=mine/as.csv
    [ "$(ls -A mine)" = as.csv ]
    go -d results activity_spots=as.csv 2>err
    touch results/notes.txt
    refuses 2 "holds other files, such as 'notes.txt'" 'An earlier run has delivered here' -- ar-run -q -m "$METHOD" -d results activity_spots=as.csv
    [ -e results/notes.txt ]
    rm -r results
    # The default is beside the first set, so that a set may lie in a folder called results.
    mkdir results
    cp as.csv results/
    go activity_spots=results/as.csv 2>err
    ar-run verify -q results/results
}

@test "a named pipe in the place of a file that ar-run keeps is not waited for: it is told, or replaced" {
    go -d results activity_spots=as.csv 2>err
    cp -a results whole
    for name in ledger.json manifest-sha256.txt .analysisrun/done .analysisrun/lanes.tsv .analysisrun/lock; do
        rm "results/$name"
        mkfifo "results/$name"
        for command in 'status results' 'verify -q results' "-q -m $METHOD -s samples.csv -d results activity_spots=as.csv"; do
            status=0
            # shellcheck disable=SC2086 # words
            timeout 20 ar-run $command >out 2>err || status=$?
            [ "$status" -lt 4 ]
        done
        rm -r results
        cp -a whole results
    done
    rm results/manifest-sha256.txt
    mkfifo results/manifest-sha256.txt
    refuses 2 "'results/manifest-sha256.txt' is a named pipe, expected a file" 'take it away' -- timeout 20 ar-run verify results
}

@test "a folder that is named with slashes at its end is told without" {
    ar-run -m "$METHOD" -s samples.csv -d new/results// activity_spots=as.csv 2>err
    says "the result is in 'new/results/result.csv'"
}

@test "a folder without a name is refused, and nothing is made for it" {
    # Who runs the tests may be able to write to the root of the file system: it would have been there.
    [ ! -e /.analysisrun ] || skip 'the root of the file system is somebody'"'"'s folder of a run'
    refuses 2 "cannot open the folder ''" -- ar-run -q -m "$METHOD" -s samples.csv -d '' activity_spots=as.csv
    [ ! -e /.analysisrun ]
    for command in status verify clean; do
        refuses 2 "''" -- ar-run $command ''
    done
}

@test "what a method says that is only asked for its manifest or version reaches the terminal as text, and when it fails" {
    program bad <<'END'
printf 'first\n\033]0;title\007 no set\n' >&2
exit 1
END
    refuses 2 "'./bad --manifest' ends with a failure" '\x1b]0;title\x07 no set' -- ar-run -q -m ./bad -d results activity_spots=as.csv
    run ! grep $'\033' err
    program killed <<'END'
kill -9 $$
END
    refuses 3 "'./killed --manifest' was killed by signal 9" -- ar-run -q -m ./killed -d results activity_spots=as.csv
    mkfifo fifo
    refuses 2 "'fifo' is no regular file" 'put it into a file' -- ar-run -q -m fifo -d results activity_spots=as.csv
    cp "$METHOD" mean-c
    program good <<'END'
printf '\033]0;title\007' >&2
exec "$METHOD" --manifest
END
    ar-run -q -n -m ./good -s samples.csv -d results activity_spots=as.csv 2>err >out
    run ! grep $'\033' err
    program version <<'END'
printf 'first\n\033]0;title\007 no library\n' >&2
exit 1
END
    "$METHOD" --manifest | jq '.version = ["./version"] | del(.analyze, .postprocess) | .analyze = ["cat"]  | .contract = "files"' >manifest.json
    refuses 1 "the manifest's version command './version' exited with status 1" '\x1b]0;title\x07 no library' -- \
        ar-run -q -m manifest.json -s samples.csv -d results activity_spots=as.csv
    run ! grep $'\033' err
}

@test "a program that prints for ever in the place of its manifest is ended" {
    program endless <<<'exec yes'
    refuses 2 'prints more than a manifest' -- timeout 20 ar-run -q -m ./endless -d results activity_spots=as.csv
    program endless <<<'exec yes >&2'
    refuses 2 'prints more than a manifest' -- timeout 20 ar-run -q -m ./endless -d results activity_spots=as.csv
}

@test "run.json has the params as they were given, digit by digit, whatever their size, and is read again" {
    cat >n.json <<'END'
{ "name": "n", "params": { "type": "object", "properties": { "a": { "type": "number", "default": 0.8 }, "b": { "type": "number" } } },
  "image_analysis_results": { "activity_spots": { "cleansing": "none" } }, "analyze": ["echo", "null"] }
END
    printf 'Filename,x\nA_000_1.nd2,2\n' >as.csv
    ar-run -q -m n.json -d r -P b=1e400 activity_spots=as.csv 2>err
    grep -q '"params":{"b": 1e400, "a": 0.8}' r/run.json
    ar-run -q --again r/run.json -P b=12345678901234567890123 --force 2>err
    grep -q '"params":{"b": 12345678901234567890123, "a": 0.8}' r/run.json
    python3 -c 'import json; assert json.load(open("r/run.json"))["params"]["a"] == 0.8'
    ar-run clean r 2>err
}

@test "a program that will not print its manifest is ended with the run" {
    program slow <<'END'
trap "" TERM INT
echo $$ >pid
while :; do sleep 1; done
END
    ar-run -m ./slow as=as.csv 2>err &
    pid=$!
    until [ -s pid ]; do :; done
    kill -TERM "$pid"
    status=0
    wait "$pid" || status=$?
    [ "$status" -eq 143 ]
    if kill -0 "$(cat pid)" 2>/dev/null; then return 1; fi
}

# Runs a command of which nobody reads the stream $1 (1 or 2) any more.
unread() {
    python3 - "$@" <<'PY'
import os, subprocess, sys
stream, *command = sys.argv[1:]
read, write = os.pipe()
os.close(read)
status = subprocess.run(command, **{'stdout' if stream == '1' else 'stderr': write}, stdin=open(os.environ.get('GIVEN', '/dev/null'))).returncode
sys.exit(status if status >= 0 else 128 - status)
PY
}

@test "nobody reads the messages any more: the run is finished all the same, and leaves nothing" {
    mkdir tmp
    TMPDIR=$PWD/tmp unread 2 ar-run -m "$METHOD" -s samples.csv -d results activity_spots=as.csv
    jq -e '.status == 0' results/run.json
    ar-run verify -q results
    [ -z "$(ls -A tmp)" ]
}

@test "nobody reads the result: it dies of that, but what it has done is kept, and no temporary file is left" {
    mkdir tmp run run/image_analysis_results
    cp as.csv run/image_analysis_results/activity_spots
    cp samples.csv run/sample_names
    echo '{}' >run/params
    tar -C run -cf run.tar params sample_names image_analysis_results
    export TMPDIR=$PWD/tmp
    status=0
    GIVEN=run.tar unread 1 ar-run -m "$METHOD" 2>err || status=$?
    [ "$status" -eq 141 ]
    status=0
    unread 1 ar-run -q --sequential -m "$METHOD" -s samples.csv -d results activity_spots=as.csv 2>>err || status=$?
    [ "$status" -eq 141 ]
    run ! grep -q '^ar-run' err
    ar-run verify -q results
    [ -z "$(ls -A tmp)" ]
}

@test "kept results that cannot be looked at are not passed over: verify and clean say so" {
    go -d results activity_spots=as.csv 2>err
    mv results/.analysisrun/cache elsewhere
    ln -s "$PWD/elsewhere" results/.analysisrun/cache
    for command in verify clean; do
        refuses 2 "cannot open the folder 'results/.analysisrun/cache'" -- ar-run $command results
    done
    rm results/.analysisrun/cache
    ar-run verify results 2>err # deleted, it holds nothing that could be wrong
    says '0 kept results'
}

@test "an input that is a pipe is refused at once, and not waited for" {
    mkfifo pipe
    refuses 2 "'pipe' is a pipe" 'write it to a file' -- timeout 20 ar-run -q -m "$METHOD" -s samples.csv -d results activity_spots=pipe
    refuses 2 "'pipe' is a pipe" -- timeout 20 ar-run -q -m "$METHOD" -s pipe -d results activity_spots=as.csv
    refuses 2 "'pipe' is a pipe" -- timeout 20 ar-run -q -m "$METHOD" -p pipe -d results activity_spots=as.csv
    refuses 2 "'-' is a pipe" -- ar-run -q -m "$METHOD" -s samples.csv -d results activity_spots=- <as.csv
    refuses 2 'is a pipe' -- ar-run -q -m "$METHOD" -s samples.csv -d results activity_spots=<(cat as.csv)
    [ ! -e results ]
}

@test "a stack of 80 KiB is enough for the tools" {
    [ -z "${TESTS_SANITIZED:-}" ] || skip 'sanitizers take more of it'
    program pictures.sh <<'END'
mkdir images
echo picture >images/p.txt
echo '{"n":1}'
END
    echo '{"name":"p","image_analysis_results":{"activity_spots":{"cleansing":"none"}},"analyze":["./pictures.sh"]}' >p.json
    mkdir run
    cp samples.csv run/sample_names
    echo '{}' >run/params
    install -D as.csv run/image_analysis_results/activity_spots
    tar -cf run.tar -C run .
    (
        ulimit -s 80
        go -d small activity_spots=as.csv
        METHOD=p.json
        go -d small activity_spots=as.csv
        go -d small --force activity_spots=as.csv
        ar-run verify -q small
        ar-ls --verify small
        ar-run -q -m p.json <run.tar >result.tar.gz
        ar-split -q -s samples.csv activity_spots=as.csv | ar-cleanse -q --none activity_spots >lanes.tar
        ar-pack -q -d lanes <lanes.tar
        ulimit -s 64
        ar-pack -q -d lanes <lanes.tar # what is there already is looked at
        ar-ls --verify lanes
    ) >out 2>err
}
