#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# ar-run in the Python runner's place: each way in which a wrapper starts it. What is expected is what the Python runner wrote (data/golden),
# read by GNU tar, Python and jq.

load helpers.bash

GOLDEN=$BATS_TEST_DIRNAME/data/golden

setup() {
    in_scratch
    unset ANALYSISRUN_METHOD ANALYSISRUN_MODE AR_LANG
    export LC_ALL=C.UTF-8
    mark_what_is_started
    for method in spot-stats-sh spot-stats-py; do
        ln -s "$SHARE/methods/$method" "$method"
    done
}

teardown() {
    nothing_left
}

# Has each of the example methods answer as behind the wrapper, with these options: standard input is $1, and the answer is in out.tar,
# on which the function $2 looks. The one in C speaks for itself.
with_each() {
    local input=$1 look=$2 method
    shift 2
    for method in spot-stats-sh spot-stats-py; do
        ar-run -m $method/manifest.json "$@" <"$input" >out.tar
        $look
    done
    "$AR_OUT/methods/spot-stats-c" "$@" <"$input" >out.tar
    $look
}

# The error text in a golden tar.
golden_error() {
    entry "$GOLDEN/$1" error
}

@test "ANALYSISRUN_METHOD=analyze: one tar in, one tar out, with the numbers of the Python method" {
    has_numbers() {
        [ "$(entries out.tar | paste -sd ' ')" = "analysis_result images/${lane}_curve.png" ]
        ar-convert -q --from first out.tar | tar --warning=no-unknown-keyword -xOf - analysis_result >got.csv
        ar-convert -q --from first "$GOLDEN/first/analyze-$lane.out.tar" | tar --warning=no-unknown-keyword -xOf - analysis_result >wanted.csv
        python3 "$BATS_TEST_DIRNAME/golden.py" --ignore note got.csv wanted.csv
    }
    export ANALYSISRUN_METHOD=analyze
    for lane in 0000 0001; do
        with_each "$GOLDEN/first/analyze-$lane.in.tar" has_numbers
    done
}

@test "ANALYSISRUN_METHOD=postprocess: the result and its JSON objects" {
    has_result() {
        entries "$GOLDEN/first/postprocess.out.tar" | sort | diff - <(entries out.tar | sort)
        ar-convert -q --from first out.tar | tar --warning=no-unknown-keyword -xOf - result_csv >got.csv
        python3 "$BATS_TEST_DIRNAME/golden.py" got.csv "$GOLDEN/first/result.csv"
    }
    ANALYSISRUN_METHOD=postprocess with_each "$GOLDEN/first/postprocess.in.tar" has_result
}

@test "ANALYSISRUN_MODE=analyzeseq: many lanes in, their results and pictures out" {
    has_lanes() {
        entries "$GOLDEN/present/analyzeseq.out.tar" | diff - <(entries out.tar)
        for lane in 0000 0001 0007 0010; do
            entry "$GOLDEN/present/analyzeseq.out.tar" $lane/analysis_result >wanted.csv
            ar-convert -q --from present out.tar | tar --warning=no-unknown-keyword -xOf - $lane/analysis_result >got.csv
            python3 "$BATS_TEST_DIRNAME/golden.py" got.csv wanted.csv
        done
    }
    ANALYSISRUN_MODE=analyzeseq with_each "$GOLDEN/present/analyzeseq.in.tar.gz" has_lanes -j 3
}

@test "ANALYSISRUN_MODE=showschema: the schema of the run tar, equal in content to the Python runner's" {
    # The same declarations: its parameters have no descriptions.
    jq 'del(.params.properties[].description)' spot-stats-sh/manifest.json >manifest.json
    ANALYSISRUN_MODE=showschema ar-run -m manifest.json </dev/null | jq -S . | diff <(jq -S . "$GOLDEN/present/schema.json") -
    # One set without description, no schema.
    echo '{"name":"m","image_analysis_results":{"a":{"cleansing":"none"}},"analyze":["true"]}' >m.json
    ANALYSISRUN_MODE=showschema ar-run -m m.json </dev/null >schema.json
    [ "$(jq -c '[.tar_entries[].path]' schema.json)" = '["params","sample_names","image_analysis_results/a"]' ]
    [ "$(jq -c '.tar_entries[0].json_schema' schema.json)" = '{"type":"object"}' ]
}

@test "a run tar on standard input: the result tar of the present dialect, compressed" {
    ar-run -m spot-stats-sh/manifest.json <"$GOLDEN/present/run.in.tar.gz" >out.tar.gz
    gzip -t out.tar.gz
    entries "$GOLDEN/present/run.out.tar.gz" | sort | diff - <(entries out.tar.gz | sort)
    entries out.tar.gz | sed -n 1,4p | diff - <(printf '%s/images/%s_curve.png\n' 0000 0000 0001 0001 0007 0007 0010 0010)
    ar-convert -q --from present out.tar.gz | tar --warning=no-unknown-keyword -xOf - result_csv >got.csv
    python3 "$BATS_TEST_DIRNAME/golden.py" got.csv "$GOLDEN/present/result.csv"
    # What ar-convert makes of the same result by itself is the same tar.
    cd "$BATS_TEST_TMPDIR" && M=spot-stats-sh
    ar-split -q "$GOLDEN/present/run.in.tar.gz" 2>err | ar-cleanse -q -m $M/manifest.json | ar-pack -q -m $M/manifest.json |
        ar-analyze -q -- $M/analyze | ar-merge -q | ar-post -q -m $M/manifest.json -- $M/judge | ar-convert -q --to present >whole.tar.gz
    cmp <(gzip -dc out.tar.gz) <(gzip -dc whole.tar.gz)
}

# A method whose second lane waits until the file "go" is there.
waiting_method() {
    program wait.sh <<'END'
mkdir images
echo "picture of $AR_DATA_NAME" >images/p.txt
i=0
while [ "$AR_DATA_NAME" = 0001 ] && [ ! -e "$AR_START_DIR/go" ] && [ $i -lt 1000 ]; do sleep 0.01; i=$((i + 1)); done
[ $i -lt 1000 ] || touch "$AR_START_DIR/waited in vain"
echo '{"n":1}'
END
    echo '{"name":"w","image_analysis_results":{"activity_spots":{"cleansing":"none"},"surrounding_spots":{"cleansing":"none"}},
           "analyze":["./wait.sh"]}' >wait.json
}

@test "each lane's pictures go out as soon as the lanes before it are done" {
    waiting_method
    mkfifo pipe
    ar-run -q -m wait.json -j 1 <"$GOLDEN/present/run.in.tar.gz" >pipe 2>err &
    # A reader that gives the go-ahead once it has the first lane's picture: where that waited for all lanes, both would wait.
    python3 - pipe <<'END'
import sys, tarfile
with tarfile.open(sys.argv[1], 'r|gz') as tar:
    first = tar.next()
    assert first.name == '0000/images/p.txt', first.name
    assert tar.extractfile(first).read() == b'picture of 0000\n'
    open('go', 'w').close()
    names = [entry.name for entry in tar]
    assert '0001/images/p.txt' in names and 'result_csv' in names, names
END
    wait $!
    [ ! -e "waited in vain" ]
}

@test "a lane that fails: what was done by then, then the error, and status 1" {
    program fails.sh <<'END'
mkdir images
echo picture >images/p.txt
[ "$AR_DATA_NAME" != 0001 ] || { echo "broken lane" >&2; exit 3; }
echo '{"n":1}'
END
    echo '{"name":"f","image_analysis_results":{"activity_spots":{"cleansing":"none"},"surrounding_spots":{"cleansing":"none"}},
           "analyze":["./fails.sh"]}' >fails.json
    status=0
    ar-run -m fails.json <"$GOLDEN/present/run.in.tar.gz" >out.tar.gz 2>err || status=$?
    [ $status -eq 1 ]
    says "broken lane" "0001"
    gzip -dc out.tar.gz >out.tar
    tar --warning=no-unknown-keyword -tf out.tar 2>/dev/null | diff - <(printf '%s\n' 0000/images/p.txt 0007/images/p.txt 0010/images/p.txt error)
    is_unfinished out.tar
    tar --warning=no-unknown-keyword -xOf out.tar error 2>/dev/null | grep -q '解析中にエラーが発生しました。'
    status=0
    ANALYSISRUN_MODE=analyzeseq ar-run -m fails.json <"$GOLDEN/present/analyzeseq.in.tar.gz" >out.tar 2>err || status=$?
    [ $status -eq 1 ]
    tar --warning=no-unknown-keyword -xOf out.tar error 2>/dev/null | cmp - <(golden_error present/analyzeseq-second-lane-fails.out.tar)
    status=0
    ANALYSISRUN_METHOD=analyze ar-run -m fails.json <"$GOLDEN/first/analyze-0001.in.tar" >out.tar 2>err || status=$?
    [ $status -eq 1 ]
    entry out.tar error | cmp - <(golden_error first/error-in-method.out.tar)
    says "broken lane"
}

@test "an input that is none: an error tar, and status 2" {
    for start in ANALYSISRUN_METHOD=analyze ANALYSISRUN_METHOD=postprocess ANALYSISRUN_MODE=analyzeseq X=; do
        for input in "$GOLDEN/first/result.csv" /dev/null; do
            status=0
            env "$start" ar-run -m spot-stats-sh/manifest.json <"$input" >out.tar 2>err || status=$?
            [ "$status" -eq 2 ]
            [ -s err ]
            [ "$(entries out.tar)" = error ]
            entry out.tar error | cmp - <(golden_error first/error-not-a-tar.out.tar)
        done
    done
    # The run's is compressed, as its result would be; so it is with the Python runner.
    gzip -t out.tar
}

@test "another mode is refused: status 2, with an error tar" {
    for start in ANALYSISRUN_METHOD=judge ANALYSISRUN_MODE=analyze; do
        status=0
        env AR_LANG=en "$start" ar-run -m spot-stats-sh/manifest.json <"$GOLDEN/first/analyze-0001.in.tar" >out.tar 2>err || status=$?
        [ $status -eq 2 ]
        says "${start%%=*} is '${start#*=}': expected"
        [ "$(entries out.tar)" = error ]
    done
}

@test "what is wrong with the command line is told in Japanese, too, unless another language is asked for" {
    ANALYSISRUN_METHOD=analyze refuses 2 "ar-run: オプション '--nonsense'" -- ar-run --nonsense
    AR_LANG=en ANALYSISRUN_MODE=analyzeseq refuses 2 "ar-run: unknown option '--nonsense'" -- ar-run --nonsense
    refuses 2 "ar-run: unknown option '--nonsense'" -- ar-run --nonsense
}

@test "what is wrong with the command line: status 2, with an error tar" {
    for wrong in --nonsense '-j 0' 'what?' '-Z bzip2' '--sequential -j 2' --json; do
        status=0
        AR_LANG=en ANALYSISRUN_METHOD=analyze ar-run -m spot-stats-sh/manifest.json $wrong <"$GOLDEN/first/analyze-0001.in.tar" \
            >out.tar 2>err || status=$?
        [ $status -eq 2 ] || { echo "$wrong: $status"; return 1; }
        [ "$(entries out.tar)" = error ]
        says "${wrong%% *}"
    done
}

# A method that notes the lanes that it ran in the file "ran"; it fails of the lane 0001 where the file "fail" is there.
noting_method() {
    program note.sh <<'END'
echo "$AR_DATA_NAME" >>"$AR_START_DIR/ran"
mkdir images
echo picture >images/p.txt
[ "$AR_DATA_NAME" != 0001 ] || [ ! -e "$AR_START_DIR/fail" ] || { echo "broken lane" >&2; exit 3; }
echo '{"n":1}'
END
    echo '{"name":"n","image_analysis_results":{"activity_spots":{"cleansing":"none"},"surrounding_spots":{"cleansing":"none"}},
           "analyze":["./note.sh"]}' >note.json
}

@test "--lane: only this one is started; a result of a part of the lanes is made with -k only" {
    noting_method
    ar-run -q -k --lane 0007 -m note.json <"$GOLDEN/present/run.in.tar.gz" >out.tar.gz 2>err
    [ "$(cat ran)" = 0007 ]
    printf '%s\n' 0007/images/p.txt result_csv 0007/result_json | diff - <(entries out.tar.gz)
    rm ran
    AR_LANG=en refuses 1 'no result: lanes are missing' '-k' -- ar-run --lane 0007 -m note.json <"$GOLDEN/present/run.in.tar.gz"
    [ "$(cat ran)" = 0007 ]
    gzip -dc out | tar --warning=no-unknown-keyword -tf - | diff - <(printf '%s\n' 0007/images/p.txt error)
    rm ran
    ANALYSISRUN_MODE=analyzeseq ar-run --lane 0007 --lane 0000 -j 1 -m note.json <"$GOLDEN/present/analyzeseq.in.tar.gz" >out.tar
    [ "$(paste -sd ' ' ran)" = '0000 0007' ]
    entries out.tar | grep result | diff - <(printf '%s\n' 0000/analysis_result 0007/analysis_result)
    AR_LANG=en ANALYSISRUN_METHOD=analyze refuses 1 "lane '0001' was not chosen" -- \
        ar-run --lane 0000 -m note.json <"$GOLDEN/first/analyze-0001.in.tar"
    [ "$(entries out)" = error ]
}

@test "-k: a run with a lane that failed answers with the result of the others, and status 1" {
    noting_method
    touch fail
    refuses 1 'broken lane' 0001 -- ar-run -k -m note.json <"$GOLDEN/present/run.in.tar.gz"
    gzip -dc out >out.tar
    run ! is_unfinished out.tar
    printf '%s\n' {0000,0007,0010}/images/p.txt result_csv {0000,0007,0010}/result_json | diff - <(entries out.tar)
    [ "$(entry out.tar result_csv | python3 -c 'import csv,sys; print(*(row["data"] for row in csv.DictReader(sys.stdin)))')" = '0000 0007 0010' ]
}

@test "ANALYSISRUN_METHOD=postprocess: -p and -P change the parameters, and defaults are filled in" {
    program judge.sh <<'END'
cp params.json "$AR_START_DIR/got.json"
cat analysis_results.csv
END
    echo '{"name":"j","params":{"type":"object","properties":{"pf":{"type":"number"},"more":{"type":"number","default":5}}},
           "image_analysis_results":{"a":{"cleansing":"none"}},"analyze":["true"],"postprocess":["./judge.sh"]}' >judge.json
    judge() {
        ANALYSISRUN_METHOD=postprocess ar-run -m judge.json "$@" <"$GOLDEN/first/postprocess.in.tar" >out.tar 2>err
    }
    entry "$GOLDEN/first/postprocess.in.tar" params >came.json
    judge
    jq -S . got.json | diff - <(jq -S '. + {more: 5}' came.json)
    judge -P pf=1 -P more=6
    jq -S . got.json | diff - <(jq -S '. + {pf: 1, more: 6}' came.json)
    echo '{"pf":7}' >p.json
    judge -p p.json
    jq -c . got.json | diff - <(echo '{"pf":7,"more":5}')
    AR_LANG=en refuses 2 "params /pf: 'x' is a text, not a number" -- env ANALYSISRUN_METHOD=postprocess \
        ar-run -m judge.json -P 'pf="x"' <"$GOLDEN/first/postprocess.in.tar"
    [ "$(entries out)" = error ]
}

@test "an option that has no meaning in a way of starting is refused, with an error tar" {
    noting_method
    export AR_LANG=en
    : >s.csv
    refused() {
        local start=$1
        shift
        status=0
        env "$start" ar-run -m note.json "$@" <"$GOLDEN/first/analyze-0001.in.tar" >out.tar 2>err || status=$?
        [ $status -eq 2 ]
        says "${named:-$1} does not go with ${way:-$start}"
        [ "$(entries out.tar)" = error ]
    }
    for start in ANALYSISRUN_METHOD=analyze ANALYSISRUN_METHOD=postprocess ANALYSISRUN_MODE=analyzeseq ANALYSISRUN_MODE=showschema; do
        for option in -n --why --force --wait --keep-work; do
            refused $start $option
        done
        refused $start -d folder
        refused $start --again run.json
        refused $start -s s.csv
        named=SET=FILE refused $start a=s.csv
        named=RUN.tar refused $start run.tar
    done
    for start in ANALYSISRUN_METHOD=analyze ANALYSISRUN_MODE=analyzeseq ANALYSISRUN_MODE=showschema; do
        refused $start -k
    done
    for start in ANALYSISRUN_METHOD=postprocess ANALYSISRUN_MODE=showschema; do
        refused $start --lane 0000
    done
    refused ANALYSISRUN_MODE=showschema -Z gzip
    refused ANALYSISRUN_MODE=showschema -o out.tar
    for option in --why --force --wait --keep-work; do
        way='a run tar on standard input' refused X= $option
    done
    [ ! -e folder ] && [ ! -e ran ]
    # Those that say how a method runs go with all of them.
    for start in ANALYSISRUN_METHOD=postprocess ANALYSISRUN_MODE=showschema; do
        env $start ar-run -m spot-stats-sh/manifest.json -P threshold=1 -j 1 --sequential -t 60 --mem 2G --retries 1 --lane-key Filename \
            <"$GOLDEN/first/postprocess.in.tar" >out.tar
    done
}

@test "-n, -d and --sequential take a run tar on standard input as one that is named, where it is a file" {
    noting_method
    cp "$GOLDEN/present/run.in.tar.gz" came.tar.gz
    ar-run -q -n -m note.json <came.tar.gz 2>err | cut -f 1,2 | diff - <(printf '%s\tnew\n' 0000 0001 0007 0010 | sed '1i lane\tstate')
    [ ! -e results ] && [ ! -e ran ]
    ar-run -q -d folder -m note.json <came.tar.gz 2>err
    [ "$(sort ran | paste -sd ' ')" = '0000 0001 0007 0010' ]
    [ "$(jq -r .options.run folder/run.json)" = "$PWD/came.tar.gz" ]
    ar-run -q -n -d folder -m note.json came.tar.gz 2>err >named
    ar-run -q -n -d folder -m note.json <came.tar.gz 2>err | diff named -
    [ "$(grep -c done named)" -eq 4 ]
    ar-run -q --sequential -m note.json <came.tar.gz 2>err >table.csv
    cmp table.csv results/result.csv
    refuses 2 'missing: the set activity_spots' -- ar-run -n -m note.json </dev/null
    # Of a pipe nothing is left for the next who reads it.
    for option in -n "-d other" --sequential; do
        refuses 2 'missing: the set activity_spots' "give it by '<' and not through a pipe" -- \
            sh -c "cat came.tar.gz | ar-run -m note.json $option"
    done
    [ ! -e other ]
}

@test "--again takes a run tar on standard input as one that is named; one that cannot be named is told" {
    noting_method
    cp "$GOLDEN/present/run.in.tar.gz" first.tar.gz
    cp first.tar.gz second.tar.gz
    ar-run -q -d folder -m note.json <first.tar.gz 2>err
    ar-run -q --again folder <second.tar.gz 2>err
    [ "$(jq -r .options.run folder/run.json)" = "$PWD/second.tar.gz" ]
    # What is called otherwise is none: --again may stand in a loop that reads a list.
    echo first.tar.gz >list
    ar-run -q --again folder <list 2>err
    [ "$(jq -r .options.run folder/run.json)" = "$PWD/second.tar.gz" ]
    mkdir a=b
    cp first.tar.gz a=b/first.tar.gz
    for option in -n "--again folder"; do
        refuses 2 "the run tar on standard input cannot be named, for the '=' in '$PWD/a=b/first.tar.gz'" 'rename it' -- \
            ar-run -m note.json $option <a=b/first.tar.gz
        cp first.tar.gz gone.tar.gz
        exec 5<gone.tar.gz
        rm gone.tar.gz
        refuses 2 "the file on standard input is not there any more: '$PWD/gone.tar.gz'" 'by its name' -- ar-run -m note.json $option <&5
        exec 5<&-
    done
}

@test "-Z compresses the answer, the error too" {
    ANALYSISRUN_METHOD=analyze ar-run -m spot-stats-sh/manifest.json <"$GOLDEN/first/analyze-0001.in.tar" >plain.tar
    ANALYSISRUN_METHOD=analyze ar-run -Z gzip -m spot-stats-sh/manifest.json <"$GOLDEN/first/analyze-0001.in.tar" | gzip -dc | cmp - plain.tar
    ar-run -m spot-stats-sh/manifest.json <"$GOLDEN/present/run.in.tar.gz" | gzip -dc >plain.tar
    ar-run -Z none -m spot-stats-sh/manifest.json <"$GOLDEN/present/run.in.tar.gz" | cmp - plain.tar
    ar-run -Z zstd -m spot-stats-sh/manifest.json <"$GOLDEN/present/run.in.tar.gz" | zstd -dc | cmp - plain.tar
    status=0
    ANALYSISRUN_METHOD=analyze ar-run -Z gzip -m nowhere.json </dev/null >out 2>err || status=$?
    [ $status -eq 2 ]
    [ "$(gzip -dc out | tar -tf -)" = error ]
}

@test "--mem limits a postprocess, too" {
    program judge.py <<'END'
#!/usr/bin/env python3
print(len(bytearray(600 << 20)))
END
    jq '.postprocess = ["./judge.py"] | .postprocess_files = ["judge.py"]' spot-stats-sh/manifest.json >judge.json
    status=0
    ANALYSISRUN_METHOD=postprocess ar-run --mem 256M -m judge.json <"$GOLDEN/first/postprocess.in.tar" >out.tar 2>err || status=$?
    [ $status -eq 1 ]
    says MemoryError
}

@test "a method that kills ar-analyze: an error tar, and nothing is left of it, of the method, of the folder" {
    mkdir kills
    jq '{name: "kills", image_analysis_results, analyze: ["./method"]}' spot-stats-sh/manifest.json >kills/manifest.json
    program kills/method <<'END'
kill -9 $(ps -o ppid= -p $PPID)
exec sleep 600
END
    status=0
    ANALYSISRUN_METHOD=analyze ar-run -m kills/manifest.json <"$GOLDEN/first/analyze-0001.in.tar" >out.tar 2>err || status=$?
    [ $status -eq 3 ]
    [ "$(entries out.tar)" = error ]
    says 'ar-analyze' '9'
    nothing_left
}

@test "a TMPDIR that is full: status 3 in each way of starting, and an error that does not blame the input" {
    mkdir small
    unshare -rm mount -t tmpfs none small 2>/dev/null || skip 'no mount of our own'
    noting_method
    while read -r start input wanted; do
        status=0
        unshare -rm sh -c 'mount -t tmpfs -o size=8k none small && cat "$1" | env "$0" TMPDIR="$PWD/small" ar-run -m note.json' \
            "$start" "$GOLDEN/$input" >out.tar 2>err || status=$?
        [ $status -eq 3 ] || { echo "$start: $status"; cat err; return 1; }
        says 'ディスクに空きがありません'
        [ "$(entries out.tar)" = error ]
        entry out.tar error | diff - <(printf %s "$wanted")
    done <<'END'
ANALYSISRUN_METHOD=analyze first/analyze-0001.in.tar 解析処理中にエラーが発生しました。
ANALYSISRUN_METHOD=postprocess first/postprocess.in.tar 解析処理中にエラーが発生しました。
ANALYSISRUN_MODE=analyzeseq present/analyzeseq.in.tar.gz 解析中にエラーが発生しました。
X= present/run.in.tar.gz 解析中にエラーが発生しました。
END
}

@test "no method, or one with a mistake: status 2, with an error tar" {
    echo '{"name":"m"}' >bad.json
    for method in "" "-m nowhere.json" "-m bad.json"; do
        status=0
        ANALYSISRUN_METHOD=analyze ar-run $method <"$GOLDEN/first/analyze-0001.in.tar" >out.tar 2>err || status=$?
        [ $status -eq 2 ]
        [ "$(entries out.tar)" = error ]
    done
    says "bad.json"
}

@test "a set that the method needs and the tar lacks: status 2, and the set is named" {
    jq '.image_analysis_results.third = {"cleansing":"none"}' spot-stats-sh/manifest.json >spot-stats-third.json
    status=0
    ANALYSISRUN_METHOD=analyze ar-run -m spot-stats-third.json <"$GOLDEN/first/analyze-0001.in.tar" >out.tar 2>err || status=$?
    [ $status -eq 2 ]
    says third
    [ "$(entries out.tar)" = error ]
}

@test "errors are Japanese, unless AR_LANG or the locale says otherwise" {
    status=0
    AR_LANG=en ANALYSISRUN_METHOD=analyze ar-run -m spot-stats-sh/manifest.json </dev/null >out.tar 2>err || status=$?
    [ $status -eq 2 ]
    [ "$(entry out.tar error)" = "The input could not be read: please check its format." ]
    LC_ALL=en_US.UTF-8 ANALYSISRUN_METHOD=analyze ar-run -m spot-stats-sh/manifest.json </dev/null >out.tar 2>err || true
    [ "$(entry out.tar error)" = "The input could not be read: please check its format." ]
}

# Kana or kanji in a file?
is_japanese() {
    LC_ALL=C grep -qa $'[\xe3-\xe9]' "$1"
}

@test "where no language is named, all that is started speaks Japanese, too: tools, and methods by AR_LANG" {
    program broken <<'END'
echo "I speak ${AR_LANG:-whatever}" >&2
exit 5
END
    jq '.analyze = ["./broken"] | .files = ["broken"]' spot-stats-sh/manifest.json >broken.json
    speaks() {
        local wanted=$1 said=$2 found=en
        shift 2
        status=0
        env -u LC_ALL -u LC_MESSAGES -u LANG ANALYSISRUN_METHOD=analyze "$@" ar-run -m broken.json <"$GOLDEN/first/analyze-0000.in.tar" >out.tar 2>err ||
            status=$?
        [ $status -eq 1 ]
        grep -q "I speak $said" err
        grep -v 'I speak' err | sed 's/陽性対照//' >told # the sample's name
        entry out.tar error >error
        if is_japanese told && is_japanese error; then
            found=ja
        elif is_japanese told || is_japanese error; then
            found=both
        fi
        [ $found = "$wanted" ] || {
            echo "not $wanted but $found: $*"
            cat err error
            return 1
        }
    }
    speaks ja ja
    speaks ja ja LC_ALL=C.UTF-8
    speaks ja ja LANG=POSIX AR_LANG=
    speaks ja whatever LANG=ja_JP.UTF-8
    speaks en whatever LANG=en_US.UTF-8
    speaks en en AR_LANG=en
    speaks en en AR_LANG=en LANG=ja_JP.UTF-8
}

@test "the language changes nothing in what is answered where nothing failed" {
    ANALYSISRUN_METHOD=analyze ar-run -m spot-stats-sh/manifest.json <"$GOLDEN/first/analyze-0000.in.tar" >japanese.tar
    AR_LANG=en ANALYSISRUN_METHOD=analyze ar-run -m spot-stats-sh/manifest.json <"$GOLDEN/first/analyze-0000.in.tar" >english.tar
    cmp japanese.tar english.tar
    ar-run -m spot-stats-sh/manifest.json <"$GOLDEN/present/run.in.tar.gz" | gzip -dc >japanese.tar
    AR_LANG=en ar-run -m spot-stats-sh/manifest.json <"$GOLDEN/present/run.in.tar.gz" | gzip -dc >english.tar
    cmp japanese.tar english.tar
}

@test "a method in C speaks Japanese behind the wrapper, and English by hand, where no language is named" {
    ln -s "$AR_OUT/methods/spot-stats-c" spot-stats-c
    status=0
    ANALYSISRUN_METHOD=nonsense ./spot-stats-c </dev/null >out.tar 2>err || status=$?
    [ $status -eq 2 ]
    is_japanese err
    ANALYSISRUN_METHOD=analyze ./spot-stats-c --help >help
    grep -q '^使い方: spot-stats-c' help
    ./spot-stats-c --help >help
    grep -q '^usage: spot-stats-c' help
}

@test "a program that prints its manifest is a method here too" {
    cp -rL spot-stats-sh copied
    program copied/method <<'END'
[ "$1" != --manifest ] || exec cat "$(dirname "$0")/manifest.json"
exit 9
END
    ANALYSISRUN_METHOD=analyze ar-run -m copied/method <"$GOLDEN/first/analyze-0001.in.tar" >out.tar
    ANALYSISRUN_METHOD=analyze ar-run -m spot-stats-sh/manifest.json <"$GOLDEN/first/analyze-0001.in.tar" >wanted.tar
    cmp out.tar wanted.tar
}

@test "asked to end, it ends what it started, and dies by that signal" {
    waiting_method
    mkfifo pipe
    ar-run -q -m wait.json -j 1 <"$GOLDEN/present/run.in.tar.gz" >pipe 2>err &
    python3 - pipe $! <<'END'
import os, signal, sys, tarfile
with tarfile.open(sys.argv[1], 'r|gz') as tar:
    tar.next()
    os.kill(int(sys.argv[2]), signal.SIGTERM)
    while tar.fileobj.fileobj.read(4096):
        pass
END
    status=0
    wait $! || status=$?
    [ $status -eq 143 ]
    wait_until none_marked
}
