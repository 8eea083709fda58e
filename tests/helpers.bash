# SPDX-License-Identifier: MIT
# What the tests share: load it at the head of a .bats file.

bats_require_minimum_version 1.5.0
set -o pipefail

# What was built: bin/, unit/, fuzz/, gen-run.
AR_OUT=${AR_OUT:-$BATS_TEST_DIRNAME/../build}
AR_OUT=$(cd "$AR_OUT" && pwd)
AR_BIN=${AR_BIN:-$AR_OUT/bin}
SHARE=$(cd "$BATS_TEST_DIRNAME/../share" && pwd)
PATH=$AR_BIN:$PATH
LC_ALL=C.UTF-8
unset LOGLEVEL AR_LANG LANGUAGE TAR_OPTIONS GZIP POSIXLY_CORRECT
export PATH LC_ALL SHARE AR_OUT
[ -z "${TESTS_SANITIZED:-}" ] || export LSAN_OPTIONS=suppressions=$BATS_TEST_DIRNAME/lsan.supp:print_suppressions=0

# Each test starts in an empty folder of its own.
in_scratch() {
    cd "$BATS_TEST_TMPDIR" || return
}

# A plain failure: status $1 (1 content, 2 input, 3 system), nothing killed, and a message that holds each of the texts after --.
#   refuses 2 'line 3' 'closing quote' -- ar-split set=bad.csv
# Standard input passes through; standard output is in the file "out", standard error in "err".
refuses() {
    local wanted=$1 status=0
    local -a texts=()
    shift
    while [ "$1" != -- ]; do
        texts+=("$1")
        shift
    done
    shift
    "$@" >out 2>err || status=$?
    if [ "$status" -ne "$wanted" ]; then
        echo "status $status, wanted $wanted: $*" >&2
        cat err >&2
        return 1
    fi
    says "${texts[@]}"
}

# The messages in the file "err" hold each of the texts.
says() {
    local text
    for text in "$@"; do
        if ! grep -qF -e "$text" err; then
            echo "no message with \"$text\" in:" >&2
            cat err >&2
            return 1
        fi
    done
}

# The tar in file $1 does not look whole: it has no end blocks.
is_unfinished() {
    [ "$(stat -c %s "$1")" -lt 1024 ] || [ "$(tail -c 1024 "$1" | tr -d '\0' | wc -c)" -ne 0 ]
}

# One entry of the tar in file $1, to the byte.
entry() {
    tar --warning=no-unknown-keyword -xOf "$1" -- "$2"
}

# The names of its entries, one a line, in their order.
entries() {
    tar --warning=no-unknown-keyword --quoting-style=literal -tf "$1"
}

# A small run in the current folder: two sets, a samples table. The lanes are 0000 and 007; as.csv has a row each of a lane that the
# samples table does not name (9) and of none (foo).
small_run() {
    printf 'data,sample\n0000,first\n007,"second, the"\n' >samples.csv
    printf '%s\n' 'Filename,Entity,Value' \
        'V1_000_0000.nd2,Spots,5.80' 'V1_000_007.nd2,"Spots",1' 'V1_000_0000.nd2,Other,3' \
        'V1_000_9.nd2,Spots,4' 'foo,Spots,2' 'V1_000_0000.nd2,Spots,007' >as.csv
    printf '%s\n' 'ImageAnalysisMethod,Data,Entity,Area' 'V2,007,Around,1e3' 'V2,007,Other,2' >ss.csv
}

# The same as a stream of lanes, split and cleansed, in the file $1.
small_lanes() {
    small_run
    ar-split -q -s samples.csv as=as.csv ss=ss.csv 2>/dev/null >split.tar
    ar-cleanse -q -e as=Spots -e ss=Around <split.tar >"$1"
}


# ---- methods, and what they leave ----

# From here on, what is started carries a mark in its environment, and temporary files go into a folder of the test's own: nothing_left finds both.
mark_what_is_started() {
    export AR_TEST_MARK=$BATS_TEST_TMPDIR TMPDIR=$BATS_TEST_TMPDIR/tmp
    mkdir "$TMPDIR"
}

# grep's status says only that some environment could not be read.
marked() {
    [ -n "$(env -u AR_TEST_MARK grep -lzxF "AR_TEST_MARK=$AR_TEST_MARK" /proc/[0-9]*/environ 2>/dev/null)" ]
}

none_marked() {
    ! marked
}

# No process of the test is there any more, and no temporary file.
nothing_left() {
    if ! none_marked; then
        echo "processes are left" >&2
        return 1
    fi
    find "$TMPDIR" -mindepth 1 | diff /dev/null - >&2
}

# Waits until the command succeeds, for some seconds at most.
wait_until() {
    local i
    for ((i = 0; i < 1000; i++)); do
        if "$@" >/dev/null; then
            return 0
        fi
        sleep 0.01
    done
    echo "waited in vain: $*" >&2
    return 1
}

# A program $1, its text from standard input; a shell script where that has no first line of its own.
program() {
    local text
    text=$(cat)
    case $text in
    '#!'*) printf '%s\n' "$text" >"$1" ;;
    *) printf '#!/bin/sh\n%s\n' "$text" >"$1" ;;
    esac
    chmod +x "$1"
}

# A stream of lane inputs in the file "in.tar": the lanes with these ids, their samples called 'sample of ID', two rows each in the set spots.
lane_inputs() {
    python3 - "$@" <<'END'
import csv, sys
with open('samples.csv', 'w', newline='', encoding='utf-8') as s, open('spots.csv', 'w', newline='', encoding='utf-8') as t:
    s, t = csv.writer(s, lineterminator='\n'), csv.writer(t, lineterminator='\n')
    s.writerow(['data', 'sample'])
    t.writerow(['ImageAnalysisMethod', 'Data', 'Entity', 'Value'])
    for lane in sys.argv[1:]:
        s.writerow([lane, 'sample of ' + lane])
        t.writerows([['V', lane, 'Spot', '5.80'], ['V', lane, 'Spot', '007'], ['V', lane, 'Other', '1']])
END
    ar-split -q -s samples.csv spots=spots.csv | ar-cleanse -q -e Spot | ar-pack -q -P threshold=0.80 >in.tar
}


# ---- results of lanes, and streams that were changed ----

# The results of such lanes, given as ID=ANSWER: what the method prints, or "fails". In the stream "results.tar"; and lane by lane in the
# folder "results", of inputs in the folder "lanes". Pictures are what is in "pictures/ID", with their "images.csv" beside them.
lane_results() {
    local answer
    local -a ids=()
    rm -rf answers lanes results
    mkdir -p answers results pictures
    for answer; do
        ids+=("${answer%%=*}")
        printf '%s' "${answer#*=}" >"answers/${answer%%=*}"
    done
    lane_inputs "${ids[@]}"
    ar-split -q -s samples.csv spots=spots.csv | ar-cleanse -q -e Spot | ar-pack -q -P threshold=0.80 -d lanes
    program method <<'END'
here=$AR_START_DIR
if [ "$(cat "$here/answers/$AR_DATA_NAME")" = fails ]; then echo "no spots in $AR_DATA_NAME" >&2; exit 1; fi
[ ! -d "$here/pictures/$AR_DATA_NAME" ] || cp -r "$here/pictures/$AR_DATA_NAME" images
[ ! -e images/images.csv ] || mv images/images.csv .
cat "$here/answers/$AR_DATA_NAME"
END
    ar-analyze -q --keep-going -- ./method <in.tar >results.tar 2>/dev/null
    one_by_one results.tar results
}

# The lanes of the stream $1 as tars of one lane each in the folder $2, made by Python's tarfile.
one_by_one() {
    python3 - "$@" <<'END'
import sys, tarfile
source, folder = sys.argv[1:]
lanes = {}
with tarfile.open(source) as old:
    for entry in old:
        lane, slash, name = entry.name.partition('/')
        if not slash:
            continue
        if lane not in lanes:
            lanes[lane] = tarfile.open(f'{folder}/{lane}.tar', 'w', format=tarfile.PAX_FORMAT)
        body = old.extractfile(entry)
        entry.name = name
        entry.pax_headers.pop('path', None)
        lanes[lane].addfile(entry, body)
        lanes[lane].members.clear()
for lane in lanes.values():
    lane.close()
END
}

# Writes the tar $1 to $2, the body of the entry $3 changed by the Python expression $4 over "body" (None: left out); ledgers are not
# sealed again.
change_entry() {
    python3 - "$@" <<'END'
import io, re, sys, tarfile
source, target, name, change = sys.argv[1:]
with tarfile.open(source) as old, tarfile.open(target, 'w', format=tarfile.PAX_FORMAT) as new:
    for entry in old:
        body = old.extractfile(entry).read()
        if entry.name == name:
            body = eval(change)
            if body is None:
                continue
            entry.size = len(body)
        new.addfile(entry, io.BytesIO(body))
END
}

# For change_entry: a ledger without its seal, as another program may write it, so that only its content can tell what was changed.
UNSEALED='re.sub(rb",\"xxh3\":\"[0-9a-f]*\"}$", b"}", body)'

# Has the process $1 come so far that it handles SIGTERM, and SIGINT where that is not ignored? Before, they are lost, or the shell's.
handles_signals() {
    local caught
    caught=$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$1/status") && [ $((0x${caught: -4} & 0x4000)) -ne 0 ]
}

# Ends a command half-way by the signal $1 (TERM, INT): it gets the first $2 bytes of the file $3 on standard input and waits for more.
# It must die by that signal. Its messages are in the file "err".
#   dies_by TERM 5000 in.tar ar-cleanse --none as -o out.tar
dies_by() {
    local signal=$1 bytes=$2 file=$3 status=0 hold pid
    shift 3
    [ -p half.pipe ] || mkfifo half.pipe
    (trap - INT && exec env --default-signal=INT,TERM "$@") <half.pipe 2>err 3>&- &
    pid=$!
    exec {hold}>half.pipe
    head -c "$bytes" "$file" >&"$hold"
    wait_until handles_signals $pid
    kill -"$signal" $pid
    wait $pid || status=$?
    exec {hold}>&-
    [ $status -eq $((128 + $(kill -l "$signal"))) ] || { echo "status $status after $signal: $*"; cat err; return 1; } >&2
}

# As grep -q in a pipeline, but reads all of it: who writes is not ended by a closed pipe.
holds() {
    grep "$@" >/dev/null
}
