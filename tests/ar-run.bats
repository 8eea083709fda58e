#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# ar-run: the whole analysis in a folder. Results are held against those of the Python runner (data/golden) and against the pipeline by hand; which lanes ran is told
# by the methods themselves, which note it in a file; digests are those of sha256sum.

load helpers.bash

setup() {
    in_scratch
    unset ANALYSISRUN_METHOD ANALYSISRUN_MODE AR_LANG
    mark_what_is_started
    local data=$BATS_TEST_DIRNAME/data/run-small
    cp "$data/samples.csv" "$data/params.json" .
    cp "$data/activity_spots.csv" as.csv
    cp "$data/surrounding_spots.csv" ss.csv
}

teardown() {
    nothing_left
}

# A method that notes each lane that it runs in the file "ran", and gives the number of its spots; its postprocess notes "post".
counting_method() {
    mkdir -p m
    program m/count.sh <<'END'
echo "$AR_DATA_NAME" >>"$AR_START_DIR/ran"
[ ! -e "$AR_START_DIR/fail-$AR_DATA_NAME" ] || { echo "no luck with $AR_DATA_NAME" >&2; exit 3; }
n=$(($(wc -l <image_analysis_results/activity_spots.csv) - 1))
mkdir images
echo "$n" >images/n.txt
echo "{\"lines\":$n,\"limit\":$(jq .limit params.json)}"
END
    program m/judge.sh <<'END'
echo post >>"$AR_START_DIR/ran"
cat analysis_results.csv
END
    cat >m/manifest.json <<'END'
{ "name": "count", "params": { "type": "object", "properties": { "limit": { "type": "number", "default": 7, "description": "the limit" } } },
  "image_analysis_results": { "activity_spots": { "description": "the spots", "cleansing": [ { "entity": ["Activity Spots"] } ] } },
  "analyze": ["./count.sh"], "files": ["count.sh"], "postprocess": ["./judge.sh"], "postprocess_files": ["judge.sh"] }
END
}

# Runs it with the arguments; the lanes that ran are printed in one line.
ran() {
    rm -f ran
    ar-run -q -m m/manifest.json -s samples.csv -d results "$@" activity_spots=as.csv 2>err
    [ ! -e ran ] || sort ran | paste -sd ' '
}

# Runs a script that talks with a program on a terminal (terminal.py).
talk() {
    PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$BATS_TEST_DIRNAME python3 "$@"
}

@test "golden: the Python runner's numbers with each example method, the same bytes in all our ways" {
    for method in spot-stats-sh spot-stats-py; do
        ar-run -q -m "$SHARE/methods/$method/manifest.json" -s samples.csv -p params.json -d $method activity_spots=as.csv surrounding_spots=ss.csv 2>err
        python3 "$BATS_TEST_DIRNAME/golden.py" $method/result.csv "$BATS_TEST_DIRNAME/data/golden/first/result.csv"
        M=$SHARE/methods/$method
        ar-split -q -s samples.csv activity_spots=as.csv surrounding_spots=ss.csv 2>err | ar-cleanse -q -m "$M/manifest.json" |
            ar-pack -q -m "$M/manifest.json" -p params.json | ar-analyze -q -- "$M/analyze" | ar-merge -q |
            ar-post -q -m "$M/manifest.json" -d by-hand -- "$M/judge"
        cmp by-hand/result.csv $method/result.csv
        ar-run -q --sequential -m "$M/manifest.json" -s samples.csv -p params.json -d seq activity_spots=as.csv surrounding_spots=ss.csv 2>err >stdout.csv
        cmp stdout.csv by-hand/result.csv
        diff -r -x .analysisrun -x run.json -x manifest-sha256.txt -x ledger.json by-hand $method
        rm -rf by-hand seq
    done
    # The one in C is its own manifest, and all steps.
    M=$AR_OUT/methods/spot-stats-c
    "$M" -q -s samples.csv -p params.json -d c activity_spots=as.csv surrounding_spots=ss.csv 2>err
    python3 "$BATS_TEST_DIRNAME/golden.py" c/result.csv "$BATS_TEST_DIRNAME/data/golden/first/result.csv"
    "$M" --manifest >c.json
    ar-split -q -s samples.csv activity_spots=as.csv surrounding_spots=ss.csv 2>err | ar-cleanse -q -m c.json 2>err | ar-pack -q -m c.json -p params.json |
        ar-analyze -q -m c.json -- "$M" | ar-merge -q | ar-post -q -m c.json -d by-hand -- "$M"
    "$M" -q --sequential -s samples.csv -p params.json -d seq activity_spots=as.csv surrounding_spots=ss.csv 2>err >stdout.csv
    cmp stdout.csv by-hand/result.csv
    diff -r -x .analysisrun -x run.json -x manifest-sha256.txt -x ledger.json by-hand c
}

@test "what is missing is named at once where nothing can be asked, with status 2" {
    counting_method
    refuses 2 'missing: the method (-m METHOD), its sets (SET=FILE)' -- ar-run -d results </dev/null
    jq '.params.required = ["power"] | .params.properties.power = {"type":"number"} | .image_analysis_results.more = {"cleansing":"none"}' m/manifest.json >m/two.json
    refuses 2 'the set more (more=FILE)' 'the parameter power (-P power=JSON)' -- ar-run -m m/two.json activity_spots=as.csv </dev/null
    [ ! -e results ]
    refuses 2 "the method has no set 'activity_spotz'; its sets are 'activity_spots'" -- \
        ar-run -m m/manifest.json activity_spots=as.csv activity_spotz=as.csv </dev/null
    refuses 2 "operand 'as.csv': expected SET=FILE" -- ar-run -m m/manifest.json as.csv more.csv
    run ! grep -q 'status, verify, clean' err
    # A word that is no file may be a command that is misspelt.
    refuses 2 "operand 'statsu': expected SET=FILE" ', or a command: status, verify, clean' -- ar-run statsu results
    refuses 2 "operand 'results': expected SET=FILE, as in activity_spots=as.csv" -- ar-run as=as.csv results
    run ! grep -q 'status, verify, clean' err
    refuses 2 '-o: a run from files is delivered into a folder (-d)' -- ar-run -m m/manifest.json -o out.tar activity_spots=as.csv
    refuses 2 '-Z: a run from files is delivered into a folder (-d)' -- ar-run -m m/manifest.json -Z gzip activity_spots=as.csv
    refuses 2 '-j: with --sequential' -- ar-run -m m/manifest.json --sequential -j 2 activity_spots=as.csv
    refuses 2 '--json: it is of ar-run status' -- ar-run -m m/manifest.json --json activity_spots=as.csv
    [ ! -e results ]
}

@test "on a terminal it asks: names are completed and cleaned, wrong answers refused at once, defaults shown" {
    counting_method
    mkdir 'a b'
    cp as.csv "a b/it's.csv"
    cp samples.csv 'sam ples.csv'
    cat >talk.py <<'END'
import sys
from terminal import *
start('ar-run', '-q')
answer('method', 'm/manif\t\n')
answer('activity_spots (the spots)', 'nothing.csv\n')
answer("cannot open 'nothing.csv'", 'samples.csv\n')
answer("column 'Filename' not found", '\n') # no other column of it tells the lane
answer('activity_spots (the spots)', " 'a b/it'\\''s.csv' \n")
answer('samples table', '~/"sam ples".c\\sv\n')
answer('limit (the limit): a number [7]', 'much\n')
answer("'much' is not a number", '\n')
answer('folder', 'm\n')
answer("'m' holds other files", 'as.csv\n')
answer("'as.csv' is no folder", 'results\n')
sys.exit(end())
END
    HOME=$PWD talk talk.py
    [ "$(wc -l <results/result.csv)" -eq 5 ]
    jq -e '.limit == 7' results/params.json
}

@test "names that are dragged in as shells quote them, and names that are completed behind a quote, are taken" {
    counting_method
    mkdir 'it'"'"'s' 'two "q" b' 輝
    cp as.csv "it's/a b.csv"
    cp as.csv 'two "q" b/as$.csv'
    cp as.csv 輝/輝点.csv
    cp as.csv 輝/輪.csv # which begins with the same byte
    cp as.csv "'odd'"
    # What shells write for these names is told by bash.
    printf '%q\n' "$PWD/it's/a b.csv" "$PWD/two \"q\" b/as\$.csv" >quoted
    cat >names.py <<'END'
import json, os, shutil
from terminal import *
here = os.getcwd()
backslashes = open('quoted', encoding='utf-8').read().splitlines()
def given(typed, wanted):
    start('ar-run', '-q', '-m', 'm/manifest.json', '-s', 'samples.csv', '-d', 'no/results')
    answer('activity_spots', typed + '\n')
    text = expect('limit (the limit)')
    if 'cannot' in text:
        raise SystemExit(f'{typed!r} is refused: {text!r}')
    answer('', '\n')
    if end() != 0:
        raise SystemExit(f'{typed!r} is not analyzed')
    got = json.load(open('no/results/run.json', encoding='utf-8'))['inputs']['activity_spots']['file']
    if got != os.path.join(here, wanted):
        raise SystemExit(f'{typed!r} is taken for {got!r}')
    shutil.rmtree('no')
apostrophe, quotes = "it's/a b.csv", 'two "q" b/as$.csv'
given("'" + here + "/it'\\''s/a b.csv' ", apostrophe)
given('"' + here + "/it's/a b.csv\"", apostrophe)
given(here + "/it\"'\"s/'a b'.csv", apostrophe)
given(backslashes[0], apostrophe)
given('~/it\\\'s/a\\ b.csv', apostrophe)
given("~/'two \"q\" b'/as$.csv", quotes)
given(backslashes[1], quotes)
given('"two \\"q\\" b/as\\$.csv"', quotes)
given(apostrophe, apostrophe) # as it is
given(' ' + quotes + ' ', quotes)
given("'odd'", "'odd'")
given("'as.csv'", 'as.csv')
given("~/it's/a b.csv", apostrophe)
given('~/' + quotes, quotes)
given("./'two \"q\" b/as$.csv", quotes) # a quote that is not closed
# completed
given("'it\t\t", apostrophe)
given('"it\ta\t', apostrophe)
given('it\ta\t', apostrophe)
given("it's\t\t", apostrophe)
given("'two\ta\t", quotes)
given('"two\ta\t', quotes)
given('two\ta\t', quotes)
given('~/tw\t\t', quotes)
given("~/it's\t\t", apostrophe)
given("./'tw\ta\t", quotes)
given("'輝\t\t輝\t", '輝/輝点.csv')
given('輝\t輪\t', '輝/輪.csv')
END
    HOME=$PWD talk names.py
}

@test "the column that tells the lane is asked for where no known one is there; choices and types of params are shown, and text needs no quotes" {
    counting_method
    sed '1s/Filename/Image/' as.csv >image.csv
    jq '.params = {"type": "object", "required": ["mode", "flag", "any"], "properties": {"mode": {"enum": ["fast", "slow", 3], "title": "Mode"},
        "flag": {"type": "boolean"}, "any": {}}}' m/manifest.json >m/choices.json
    cat >talk.py <<'END'
import sys
from terminal import *
start('ar-run', '-q', '-m', 'm/choices.json', '-s', 'samples.csv', '-d', 'results')
answer('activity_spots (the spots)', 'image.csv\n')
expect("column 'Filename' not found")
answer("column of 'image.csv' that tells the lane of a row", 'Nothing\n')
answer("column 'Nothing' not found", 'as.csv\n')
expect("column 'as.csv' not found")
answer('give an empty answer first', 'Image~_([0-9]+)[.]nd2$\n')
answer('mode (Mode): fast, slow or 3', 'medium\n')
answer('is not one of', 'slow\n')
answer('flag: true or false', 'yes\n')
answer("'yes' is not true or false", 'true\n')
answer('any', 'bare text\n')
sys.exit(end())
END
    talk talk.py
    jq -c '[.mode, .flag, .any]' results/params.json | diff - <(echo '["slow",true,"bare text"]')
    jq -c '.options["lane-key"]' results/run.json | diff - <(echo '["activity_spots=Image~_([0-9]+)[.]nd2$"]')
    [ "$(wc -l <results/result.csv)" -eq 5 ]
}

@test "on a terminal the progress is a line: lanes done of all, and a rate once there is one" {
    counting_method
    # Each lane waits for a line in a pipe of its own.
    mkfifo go-0000 go-0001 go-0007 go-0010
    sed -i '1a read -r _ <"$AR_START_DIR/go-$AR_DATA_NAME"' m/count.sh
    cat >progress.py <<'END'
import re, sys
from terminal import *
def go(lane):
    with open(f'go-{lane}', 'w') as pipe:
        pipe.write('\n')
def shown(wanted, before):
    while True:
        expect('ar-run: analyzing ')
        line = expect('\x1b[K')
        if re.fullmatch(wanted, line):
            return
        if not re.fullmatch(before, line):
            raise SystemExit(repr(line))
start('ar-run', '-j', '4', '-m', 'm/manifest.json', '-s', 'samples.csv', '-d', 'results', 'activity_spots=as.csv')
shown('0 of 4 lanes', '0 lanes')
go('0000')
go('0007')
# 2 lanes in over a second are fewer than 2 a second.
shown(r'2 of 4 lanes, [01]\.\d+/s, \d+:\d\d left', r'0 of 4 lanes|1 of 4 lanes, 0\.\d+/s, \d+:\d\d left')
go('0001')
go('0010')
sys.exit(end())
END
    talk progress.py
}

@test "each answer is checked by itself: what was not asked yet is not missed" {
    counting_method
    jq '.params = {"type": "object", "required": ["limit", "note"], "properties": {"limit": {"type": "number", "minimum": 0},
        "note": {"type": "string", "minLength": 2}}}' m/manifest.json >m/two.json
    cat >each.py <<'END'
import sys
from terminal import *
start('ar-run', '-q', '-m', 'm/two.json', '-s', 'samples.csv', '-d', 'results', 'activity_spots=as.csv')
answer('limit', '-3\n')
text = expect('> ')
if '/limit: -3 is less than 0' not in text or 'note' in text:
    raise SystemExit(f'of -3 it says {text!r}')
say('3\n')
answer('note', 'x\n')
text = expect('> ')
if '/note' not in text or 'limit' in text:
    raise SystemExit(f'of x it says {text!r}')
say('limit\n')
sys.exit(end())
END
    talk each.py
    jq -e '. == {"limit": 3, "note": "limit"}' results/params.json
}

@test "of the parameters, those that are required or have a default are asked for, and no other" {
    counting_method
    jq '.params = {"type": "object", "required": ["power"], "properties": {"limit": {"type": "number"}, "power": {"type": "number"},
        "note": {"type": "string", "default": "none"}}}' m/manifest.json >m/three.json
    cat >three.py <<'END'
import sys
from terminal import *
start('ar-run', '-q', '-m', 'm/three.json', '-s', 'samples.csv', 'activity_spots=as.csv')
seen = ''
for reply in '2\n', '\n', 'results\n':
    seen += expect('> ')
    say(reply)
status = end()
order = [seen.find(word) for word in ('power', 'note [', 'folder for the results')]
if 'limit' in seen or -1 in order or order != sorted(order):
    raise SystemExit(f'it asks {seen!r}')
sys.exit(status)
END
    talk three.py
    jq -e '. == {"power": 2, "note": "none"}' results/params.json
}

@test "what was given is looked at before anything is asked" {
    counting_method
    mkdir mine
    touch mine/thesis.tex
    asked() {
        local status=0
        script -qec "ar-run -m m/manifest.json $1" /dev/null </dev/null >err || status=$?
        [ $status -eq 2 ]
        says "$2"
        run ! grep -q 'is asked for' err
    }
    asked 'activity_spotz=as.csv' "the method has no set 'activity_spotz'"
    asked '-s nosuch.csv' "cannot open 'nosuch.csv'"
    asked '-s as.csv' "column 'data' not found"
    asked '-d mine' "the folder 'mine' holds other files"
    asked '-P limit' '-P'
    jq '.image_analysis_results.more = {"cleansing":"none"}' m/manifest.json >m/two.json
    status=0
    script -qec "ar-run -m m/two.json activity_spots=samples.csv" /dev/null </dev/null >err || status=$?
    [ $status -eq 2 ]
    says "column 'Filename' not found"
    run ! grep -q 'is asked for' err
}

@test "Ctrl-C at a question leaves nothing behind" {
    counting_method
    cat >interrupt.py <<'END'
import signal, sys
from terminal import *
start('ar-run', '-m', 'm/manifest.json')
answer('activity_spots', 'as\x03')
sys.exit(0 if end() == -signal.SIGINT else 1)
END
    talk interrupt.py
    [ ! -e results ]
}

@test "only what changed is done again, and --why says what did" {
    counting_method
    [ "$(ran)" = '0000 0001 0007 0010 post' ]
    [ "$(ran)" = '' ]
    ar-run -m m/manifest.json -s samples.csv -d results activity_spots=as.csv 2>err
    says 'nothing to do'
    # A row of one lane.
    python3 - <<'END'
lines = open('as.csv', newline='', encoding='utf-8').read().split('\n')
at = next(i for i, line in enumerate(lines) if '_000_0001.' in line and ',Activity Spots,' in line)
lines.insert(at, lines[at])
open('as.csv', 'w', newline='', encoding='utf-8').write('\n'.join(lines))
END
    [ "$(ran)" = '0001 post' ]
    cp "$BATS_TEST_DIRNAME/data/run-small/activity_spots.csv" as.csv
    [ "$(ran)" = '' ]
    # A parameter, there and back.
    [ "$(ran -P limit=8)" = '0000 0001 0007 0010 post' ]
    [ "$(ran)" = '' ]
    ar-run -n -m m/manifest.json -s samples.csv -d results -P limit=9 activity_spots=as.csv 2>err >plan
    [ "$(tail -n +2 plan | cut -f1,2 | paste -sd ' ' | tr '\t' :)" = '0000:changed 0001:changed 0007:changed 0010:changed' ]
    grep -q 'limit' plan
    # A sample's name.
    sed -i 's/,007$/,eight/' samples.csv
    [ "$(ran --why)" = '0010 post' ]
    # A sample more.
    echo 9999,new >>samples.csv
    [ "$(ran)" = '9999 post' ]
    # A file of the method; of the postprocess.
    echo '# changed' >>m/count.sh
    [ "$(ran)" = '0000 0001 0007 0010 9999' ] # the results are the same, so that the judgement is
    echo '# changed' >>m/judge.sh
    [ "$(ran --why)" = 'post' ]
    says "judge.sh"
    # The number of jobs is no matter; nor is where the folder lies.
    [ "$(ran -j 1)" = '' ]
    mv results moved
    rm -f ran
    ar-run -q -m m/manifest.json -s samples.csv -d moved -j 3 activity_spots=as.csv 2>err
    [ ! -e ran ]
    mv moved results
    [ "$(ran --force=0007)" = 0007 ]
    [ "$(ran --force)" = '0000 0001 0007 0010 9999 post' ]
    # The lane may be a word of its own; what follows and is something else stays what it is.
    [ "$(ran --force 0007)" = 0007 ]
    [ "$(ran --force 0007 --force 0010)" = '0007 0010' ]
    rm ran
    ar-run -q activity_spots=as.csv --force 0001 -m m/manifest.json -d results -s samples.csv 2>err
    [ "$(cat ran)" = 0001 ]
    rm ran
    ar-run -q -m m/manifest.json -s samples.csv -d results --force activity_spots=as.csv 2>err
    [ "$(sort ran | paste -sd ' ')" = '0000 0001 0007 0010 9999 post' ]
    refuses 2 "lane '0002'" -- ar-run -q -m m/manifest.json -s samples.csv -d results --force 0002 activity_spots=as.csv
    mkdir -p run/image_analysis_results
    cp as.csv run/image_analysis_results/activity_spots
    cp samples.csv run/sample_names
    echo '{}' >run/params
    tar -C run -cf run.tar .
    rm ran
    ar-run -q -m m/manifest.json -d from-tar --force run.tar 2>err
    [ "$(sort ran | paste -sd ' ')" = '0000 0001 0007 0010 9999 post' ]
}

@test "a lane that fails: the others go on, and what is told last runs it again" {
    counting_method
    touch fail-0001
    refuses 1 "lane '0001'" "no luck with 0001" "log: results/.analysisrun/log" "run it again: " -- \
        ar-run -m m/manifest.json -s samples.csv -d results activity_spots=as.csv
    [ ! -e results/result.csv ]
    says "there is no 'results/result.csv' now: lanes without a result: 1 of 4; -k makes one of the others"
    grep -q 'no luck' results/errors/0001.txt
    [ "$(sort ran | paste -sd ' ')" = '0000 0001 0007 0010' ]
    jq -e '.lanes["0001"].state == "failed" and .lanes["0000"].state == "result" and .status == 1 and .counts.failed == 1' results/run.json
    LOGLEVEL=ERROR refuses 1 "ar-run: lane '0001'" "no luck with 0001" "run it again: " -- \
        ar-run -m m/manifest.json -s samples.csv -d results activity_spots=as.csv
    run ! grep -q warning err
    # With -k there is a result of the others, which says so.
    refuses 1 'which is incomplete' -- ar-run -k -m m/manifest.json -s samples.csv -d results activity_spots=as.csv
    [ "$(wc -l <results/result.csv)" -eq 4 ]
    rm fail-0001 ran
    sed -n 's/^ *run it again: //p' err >again.sh
    sh again.sh 2>err
    [ "$(sort ran | paste -sd ' ')" = '0001 post' ]
    [ "$(wc -l <results/result.csv)" -eq 5 ]
}

@test "run.json and status --json write the seconds of a lane with the digits of its record, which are milliseconds" {
    mkdir results
    counting_method
    ran >/dev/null
    # 0.037 is no double, and has 17 digits where one is written that way.
    awk -F'\t' -v OFS='\t' '$3 ~ /^[0-9.]+$/ { $3 = "0.037" } 1' results/.analysisrun/lanes.tsv >lanes.tsv
    cp lanes.tsv results/.analysisrun/lanes.tsv
    ar-run status --json results >status.json
    [ "$(grep -o '"seconds":[^,}]*' status.json | sort -u)" = '"seconds":0.037' ]
    run ! grep -E '"seconds":[0-9]+\.[0-9]{4}' results/run.json
}

@test "what is told last runs a lane again, too, where the method was mended, and all lanes with it" {
    counting_method
    touch fail-0001
    refuses 1 "no luck with 0001" -- ar-run -m m/manifest.json -s samples.csv -d results activity_spots=as.csv
    grep -x '  run it again: ar-run --again=results/run.json' err
    sed -i '/no luck/d' m/count.sh
    sed -n 's/^ *run it again: //p' err >again.sh
    rm ran
    sh again.sh 2>err
    [ "$(sort ran | paste -sd ' ')" = '0000 0001 0007 0010 post' ]
    [ "$(wc -l <results/result.csv)" -eq 5 ]
}

@test "where all lanes failed, -k is not offered, and one command runs them again" {
    counting_method
    touch fail-0000 fail-0001 fail-0007 fail-0010
    refuses 1 "/count.sh' exited with status 3" -- ar-run -m m/manifest.json -s samples.csv -d results activity_spots=as.csv
    grep "there is no 'results/result.csv' now: lanes without a result: 4 of 4$" err
    sed -i 's/no luck with [^"]*"/no luck"/' m/count.sh
    refuses 1 '4 lanes failed alike: ' -- ar-run -m m/manifest.json -s samples.csv -d results activity_spots=as.csv
    sed -n 's/^ *run them again: //p' err >again.sh
    rm fail-* ran
    sh again.sh 2>err
    [ "$(sort ran | paste -sd ' ')" = '0000 0001 0007 0010 post' ]
}

@test "the same mistake of a method in C in every lane is told once, and its log line does not repeat it; in Japanese, too" {
    sed '1s/Value/value/' as.csv >renamed.csv
    refuses 1 " lanes failed alike: activity_spots: column 'Value' not found" "  lanes: '0000', '0001', '0007', '0010'" -- \
        ar-run -m "$AR_OUT/methods/mean-c" -s samples.csv -d results activity_spots=renamed.csv
    [ "$(grep -c "column 'Value' not found" err)" -eq 1 ]
    AR_LANG=ja refuses 1 "  レーン: '0000', '0001', '0007', '0010'" -- \
        ar-run -m "$AR_OUT/methods/mean-c" -s samples.csv -d in-japanese activity_spots=renamed.csv
    [ "$(grep -c "'Value'" err)" -eq 1 ]
    # What a log says beside its cause is shown.
    counting_method
    touch fail-0001
    refuses 1 "| no luck with 0001" -- ar-run -m m/manifest.json -s samples.csv -d others activity_spots=as.csv
}

@test "--retries tries a lane again that failed" {
    counting_method
    sed -i 's|^\[ ! -e "$AR_START_DIR/fail|[ -e "$AR_START_DIR/once" ] \|\| { touch "$AR_START_DIR/once"; exit 4; }\n&|' m/count.sh
    ar-run --retries=2 -j 1 -m m/manifest.json -s samples.csv -d results activity_spots=as.csv 2>err
    says 'tried again (1 of 2)'
    [ "$(sort ran | paste -sd ' ')" = '0000 0000 0001 0007 0010 post' ]
}

@test "params that the schema does not allow are told before any input is read" {
    counting_method
    refuses 2 "ar-run: params /limit: 'x' is a text, not a number" -- \
        ar-run -m m/manifest.json -s samples.csv -P 'limit="x"' -d results activity_spots=as.csv
    [ ! -e results ] && [ ! -e ran ]
    ! grep -q ar-split err
}

@test "-n makes nothing, and tells the same of a folder that is not there, of a manifest and of a program" {
    counting_method
    chmod 555 .
    ar-run -q -n -m m/manifest.json -s samples.csv -d results/new activity_spots=as.csv >out
    [ "$(cut -f 1,2 out | paste -sd ' ')" = "$(printf 'lane\tstate 0000\tnew 0001\tnew 0007\tnew 0010\tnew')" ]
    [ ! -e results ]
    chmod 755 .
    ar-run -q -n -m "$AR_OUT/methods/mean-c" -s samples.csv -d c activity_spots=as.csv | cmp - out
    [ ! -e c ] && [ ! -e ran ]
    ar-run -q -m "$AR_OUT/methods/mean-c" -s samples.csv -d c activity_spots=as.csv
    before=$(find c -printf '%p %T@ %s\n' | sort)
    ar-run -q -n -m "$AR_OUT/methods/mean-c" -s samples.csv -d c activity_spots=as.csv >out
    [ "$(cut -f 2 out | paste -sd ' ')" = 'state done done done done' ]
    [ "$(find c -printf '%p %T@ %s\n' | sort)" = "$before" ]
}

@test "a bad row ends the run with the one message that says which, and status 1 or 2" {
    counting_method
    echo '1,Activity Spots' >>as.csv
    status=0
    ar-run -m m/manifest.json -s samples.csv -d results activity_spots=as.csv 2>err || status=$?
    [ $status -eq 1 ] || [ $status -eq 2 ]
    says 'as.csv' 'line'
    [ "$(grep -c '^ar-' err)" -le 3 ]
    run ! grep -q 'did the command before it fail' err
    [ ! -e results/result.csv ]
}

@test "a run that delivers nothing leaves the result of the one before, and says whose it is" {
    counting_method
    [ "$(ran)" = '0000 0001 0007 0010 post' ]
    cp -r results before
    printf '#!/bin/sh\nexit 3\n' >m/judge.sh
    refuses 1 'exited with status 3' "this run has delivered nothing: what is in 'results' is of an earlier one" -- \
        ar-run -q -m m/manifest.json -s samples.csv -d results -P limit=8 activity_spots=as.csv
    diff -r -x .analysisrun before results
    refuses 1 'exited with status 3' -- ar-run -q -m m/manifest.json -s samples.csv -d first activity_spots=as.csv
    run ! grep -q 'earlier' err
    refuses 2 "cannot open 'first/manifest-sha256.txt'" 'No run has delivered a result into this folder' -- ar-run verify first
    # What its lanes gave is kept, and --again goes on with it.
    jq -e '.status == 1 and .counts.result == 4' first/run.json
    ar-run clean first
    printf '#!/bin/sh\ncat analysis_results.csv\n' >m/judge.sh
    rm ran
    ar-run -q --again first 2>err
    [ ! -e ran ]
    [ "$(wc -l <first/result.csv)" -eq 5 ]
}

@test "clean leaves what a run made that was cut off, or failed, after the one whose result is there" {
    counting_method
    ran >/dev/null
    printf '#!/bin/sh\nexit 3\n' >m/judge.sh
    refuses 1 'exited with status 3' -- ar-run -q -m m/manifest.json -s samples.csv -d results -P limit=8 activity_spots=as.csv
    ar-run clean results 2>err
    says 'deleted 0 results'
    ar-run -n -m m/manifest.json -s samples.csv -d results -P limit=8 activity_spots=as.csv 2>err >list
    [ "$(awk '{ print $2 }' list | sort | uniq -c | awk '$2 == "done" { print $1 }')" -eq 4 ]
}

@test "what runs a lane again that failed has its --lane, and its --force where something is kept of it" {
    counting_method
    ran >/dev/null
    touch fail-0001 fail-0007
    refuses 1 'no luck' -- ar-run --force 0001 -m m/manifest.json -s samples.csv -d results activity_spots=as.csv
    grep -x '  run it again: ar-run --again=results/run.json --force=0001' err
    sed -n 's/^ *run it again: //p' err >again.sh
    rm ran
    refuses 1 'no luck' -- sh again.sh
    [ "$(sort ran | paste -sd ' ')" = 0001 ]
    rm fail-0001 ran
    sh again.sh 2>err
    [ "$(sort ran | paste -sd ' ')" = 0001 ] # the table is one that was judged before
    [ "$(wc -l <results/result.csv)" -eq 5 ]
    refuses 1 'no luck' -- ar-run --lane 0007 --lane 0000 -P limit=8 -m m/manifest.json -s samples.csv -d other activity_spots=as.csv
    grep -x '  run it again: ar-run --again=other/run.json --lane=0007 --lane=0000' err
    refuses 2 "--force: the lane '0001' is not among those of --lane" -- ar-run --lane 0007 --force 0001 -m m/manifest.json activity_spots=as.csv
    says "ar-run --help"
}

@test "more lanes that failed than are told one by one: what lists them all is one command" {
    counting_method
    { echo data,sample; for i in $(seq 100 130); do echo "$i,s$i"; done; } >many.csv
    { echo Filename,Entity; for i in $(seq 100 130); do echo "a_000_$i.nd2,Activity Spots"; done; } >many-as.csv
    sed -i '2i echo "$AR_DATA_NAME has its own cause" >\&2; exit "$(($AR_DATA_NAME % 90 + 1))"' m/count.sh
    refuses 1 'and 11 more; ar-run status results lists them all' -- ar-run -q -m m/manifest.json -s many.csv -d results activity_spots=many-as.csv
    eval "$(grep -o 'ar-run status results' err)" >status
    [ "$(grep -c 'exited with status' status)" -eq 31 ]
}

@test "a delivery that stops half-way: what is there is not called the earlier result, until a run is whole" {
    counting_method
    ran >/dev/null
    unshare -rm mount -t tmpfs none m 2>/dev/null || skip 'no mount of our own'
    # result.csv is there before the first picture is.
    refuses 3 'No space left on device' "what is in 'results' is not whole, and may be of different runs" -- unshare -rm sh -c 'mount -t tmpfs -o nr_inodes=1 none results/images
        exec ar-run -q -m m/manifest.json -s samples.csv -d results -P limit=8 activity_spots=as.csv'
    run ! grep -q 'earlier one' err
    refuses 2 'changed' -- ar-run verify results
    cp m/judge.sh whole.sh
    printf '#!/bin/sh\nexit 3\n' >m/judge.sh
    refuses 1 "what is in 'results' is not whole, and may be of different runs" -- ar-run -q -m m/manifest.json -s samples.csv -d results activity_spots=as.csv
    run ! grep -q 'earlier one' err
    cp whole.sh m/judge.sh
    ran >/dev/null
    run ! grep -q 'not whole' err
    ar-run verify -q results
}

@test "two runs in one folder: the second says who has it and ends with status 3; a dead one is no obstacle" {
    counting_method
    sed -i '2i i=0; while [ ! -e "$AR_START_DIR/go" ] \&\& [ $i -lt 2000 ]; do sleep 0.01; i=$((i + 1)); done' m/count.sh
    ar-run -q -m m/manifest.json -s samples.csv -d results activity_spots=as.csv 2>err1 &
    first=$!
    wait_until grep -q started results/.analysisrun/lanes.tsv
    refuses 3 "the folder 'results' is taken: " "process $first" 'since' -- ar-run -m m/manifest.json -s samples.csv -d results activity_spots=as.csv
    ar-run status results >status
    grep -q "process $first" status
    grep -q running status
    ar-run status --json results | jq -e '.running and .counts.running > 0 and .lanes_total == 4'
    ar-run --wait -m m/manifest.json -s samples.csv -d results activity_spots=as.csv 2>err2 &
    second=$!
    wait_until grep -q "process $first, since .*; this run waits" err2
    touch go
    wait $first
    wait $second
    [ "$(sort ran | paste -sd ' ')" = '0000 0001 0007 0010 post' ]
    ar-run status results | grep -q 'no run goes on'
    # Killed with all that it has.
    rm go ran
    ar-run -q --force -m m/manifest.json -s samples.csv -d results activity_spots=as.csv 2>err1 &
    first=$!
    begun() { [ ! -e results/.analysisrun/ended ] && grep started results/.analysisrun/lanes.tsv; } # not those of the run before
    wait_until begun
    kill -9 $first
    wait $first || true
    wait_until none_marked_but_this
    cut_off() { ar-run status results | grep 'the last one was cut off'; } # once its tools have ended, too
    wait_until cut_off
    ar-run status --json results | jq -e '.exit_status == null and .ended == null and (.running | not) and .counts.running == 0'
    interrupted
    # Interrupted, it ends as a shell has it.
    ar-run -q --force -m m/manifest.json -s samples.csv -d results activity_spots=as.csv 2>err1 &
    first=$!
    goes_on() { ar-run status --json results | jq -e '.running and .counts.running > 0'; }
    wait_until goes_on
    kill -TERM $first
    wait $first || true
    ar-run status results | grep 'with status 143$'
    interrupted
    touch go
    ran >/dev/null
    [ "$(wc -l <results/result.csv)" -eq 5 ]
    ar-run status results >status
    grep -qE 'the last one ended at 20[0-9-]+T[0-9:]+Z with status 0$' status
    run ! grep -q "its tools said" status
    # A postprocess that fails after lanes that did well.
    sed -i '2i exit 7' m/judge.sh
    run ar-run -q -m m/manifest.json -s samples.csv -d results activity_spots=as.csv
    [ "$status" -eq 1 ]
    ar-run status results >status
    grep -q 'with status 1$' status
    # No lane says why: its tools did.
    tools=$(sed -n "s/^what its tools said is in '\(.*\)'$/\1/p" status)
    grep -q 'exited with status 7' "$tools"/ar-post.log
    ar-run status --json results | jq -e '.exit_status == 1 and (.ended | endswith("Z")) and .counts.failed == 0'
    printf 'not a status' >results/.analysisrun/ended
    ar-run status results | grep -q 'the last one was cut off'
}

@test "the result of another method in the folder is warned of before its place is taken" {
    counting_method
    ar-run -q -m m/manifest.json -s samples.csv -d results activity_spots=as.csv 2>err
    run ! grep 'takes;' err
    ar-run -q --force -m m/manifest.json -s samples.csv -d results activity_spots=as.csv 2>err
    run ! grep 'takes;' err
    sed 's/"count"/"other"/' m/manifest.json >m/other.json
    ar-run -q -n -m m/other.json -s samples.csv -d results activity_spots=as.csv 2>err
    run ! grep 'takes;' err
    ar-run -q -m m/other.json -s samples.csv -d results activity_spots=as.csv 2>err
    says "warning: 'results' has the result of the method 'count', whose place that of 'other' takes; -d names another folder"
}

@test "a first run that is interrupted leaves run.json, with its lanes, which --again goes on from; a later one leaves that of the result" {
    counting_method
    sed -i '2i case $(cat data_name) in 0010) i=0; while [ ! -e "$AR_START_DIR/go" ] \&\& [ $i -lt 2000 ]; do sleep 0.01; i=$((i + 1)); done;; esac' m/count.sh
    cat >interrupt.py <<'END'
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler) # a shell has what it starts in the background ignore it
pid = os.spawnvp(os.P_NOWAIT, 'ar-run', ['ar-run', *sys.argv[1:]])
print(pid, file=open('pid', 'w'))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != -signal.SIGINT)
END
    waits() { ar-run status --json results | jq -e '.counts.result == 3 and .counts.running == 1'; }
    python3 interrupt.py -j 1 -m m/manifest.json -s samples.csv -d results -P limit=8 activity_spots=as.csv 2>err &
    job=$!
    wait_until waits
    kill -INT "$(cat pid)"
    wait $job
    [ "$(tail -n 1 err)" = 'ar-run: interrupted; lanes that were done are kept, and the same command goes on with the others' ]
    jq -e '.status == 130 and .options.param == ["limit=8"] and .counts.lanes == 4 and .counts.result == 3 and .counts.interrupted == 1 and
        .lanes["0010"].state == "interrupted" and .lanes["0000"].state == "result" and (.ended | endswith("Z"))' results/run.json
    [ "$(ls results)" = run.json ]
    ar-run status results | grep 'with status 130$'
    interrupted
    # It is no file of somebody else, and no result.
    refuses 2 'No run has delivered a result' -- ar-run verify results
    ar-run clean results
    [ "$(ls results/.analysisrun/cache/*.tar | wc -l)" -eq 3 ]
    rm ran
    touch go
    ar-run -q --again results/run.json 2>err
    [ "$(sort ran | paste -sd ' ')" = '0010 post' ]
    jq -e '.status == 0 and .counts.result + .counts.cached == 4 and (.counts | has("interrupted") | not) and .params.limit == 8' results/run.json
    ar-run verify -q results
    # A later one.
    rm go
    cp results/run.json before.json
    python3 interrupt.py --again results -j 1 -P limit=9 2>err &
    job=$!
    wait_until waits
    kill -INT "$(cat pid)"
    wait $job
    cmp before.json results/run.json
    ar-run verify -q results
    # A result without digests, as ar-post delivers it, stays whole.
    rm results/manifest-sha256.txt results/.analysisrun/lanes.tsv
    python3 interrupt.py --again results -j 1 -P limit=6 2>err &
    job=$!
    wait_until waits
    kill -INT "$(cat pid)"
    wait $job
    cmp before.json results/run.json
    [ -e results/ledger.json ] && [ ! -e results/.ledger.json.old ]
}

# The lanes that were running when their run ended are told as interrupted, and each lane is counted once.
interrupted() {
    ar-run status --json results | jq -e '.counts.running == 0 and .counts.interrupted > 0 and ([.counts[]] | add) == .lanes_total and
        ([.lanes[] | select(.state == "interrupted")] | length) == .counts.interrupted'
    ar-run status results >status
    run ! grep -q running status
    grep -qE '^4 lanes, .*[0-9] interrupted' status
    grep -qE '^(0000|0001|0007|0010) .* interrupted' status
}

none_marked_but_this() {
    ! pgrep -f "$BATS_TEST_TMPDIR/m/count.sh" >/dev/null
}

@test "verify finds what was changed or lost, sha256sum agrees; clean deletes what the last run does not use" {
    counting_method
    [ "$(ran)" = '0000 0001 0007 0010 post' ]
    ar-run verify results 2>err
    refuses 2 'clean: takes none of the options of a run' -- ar-run clean -n results
    refuses 2 'verify: takes none of the options' -- ar-run verify --json results
    ar-run verify -q results
    (cd results && sha256sum --quiet -c manifest-sha256.txt)
    find results -type f -not -path '*/.analysisrun/*' -not -name manifest-sha256.txt -printf '%P\n' | sort >have
    cut -c67- results/manifest-sha256.txt | sort | diff have -
    echo >>results/images/0007/n.txt
    rm results/result_json/0000.json
    refuses 2 "'images/0007/n.txt': changed" "'result_json/0000.json': missing" -- ar-run verify results
    # Nothing is believed that is not as it was delivered.
    [ "$(ran)" = '' ]
    ar-run verify results 2>err
    [ "$(ran -P limit=8)" = '0000 0001 0007 0010 post' ]
    [ "$(ls results/.analysisrun/cache/*.tar | wc -l)" -eq 10 ]
    mv results/run.json aside
    echo '{]' >results/run.json
    refuses 2 "'results/run.json', line 1" -- ar-run clean results
    jq '.stages = [{"key": "0"}]' aside >results/run.json
    refuses 2 "'results/run.json': '/stages' is not known" 'later version' -- ar-run clean results
    [ "$(ls results/.analysisrun/cache/*.tar | wc -l)" -eq 10 ]
    mv aside results/run.json
    ar-run clean results 2>err
    says 'ar-run: deleted 5 results that the last run does not use'
    [ "$(ls results/.analysisrun/cache/*.tar | wc -l)" -eq 5 ]
    rm -f results/.analysisrun/done
    [ "$(ran -P limit=8)" = '' ]
    for file in results/.analysisrun/cache/*.tar; do
        printf x | dd of="$file" bs=1 seek=700 conv=notrunc status=none
    done
    refuses 2 'cache' -- ar-run verify results
}

@test "verify names each file that manifest-sha256.txt does not list, whichever of its lines are gone" {
    counting_method
    ran >/dev/null
    cp results/manifest-sha256.txt whole.txt
    cut -c67- whole.txt >names
    head -n -1 whole.txt >results/manifest-sha256.txt
    refuses 2 "'run.json': not in manifest-sha256.txt" '1 of ' -- ar-run verify results
    while read -r name; do
        grep -v "  $name\$" whole.txt >results/manifest-sha256.txt
        refuses 2 "'$name': not in manifest-sha256.txt" '1 of ' -- ar-run verify results
    done <names
    # Without the index, its own line is the only one of which that is known.
    grep -v '  ledger.json$' whole.txt >results/manifest-sha256.txt
    mv results/ledger.json .
    refuses 2 "'ledger.json': not in manifest-sha256.txt" '1 of ' -- ar-run verify results
    mv ledger.json results
    cp whole.txt results/manifest-sha256.txt
    ar-run verify -q results
    # What is in the way of "nothing to do" is made anew.
    head -n 3 whole.txt >results/manifest-sha256.txt
    [ "$(ran)" = '' ]
    ar-run verify -q results
    cmp <(cut -c67- results/manifest-sha256.txt) names
}

@test "verify: a NUL in manifest-sha256.txt, and an index that is none, though its digest is right" {
    counting_method
    ran >/dev/null
    cp results/manifest-sha256.txt whole.txt
    cp results/ledger.json whole.json
    { cat whole.txt; printf '\0and more\n'; } >results/manifest-sha256.txt
    refuses 2 "'results/manifest-sha256.txt' has a NUL: it is cut or damaged" -- ar-run verify results
    { head -n 2 whole.txt; head -c 200 /dev/zero; tail -n +5 whole.txt; } >results/manifest-sha256.txt
    refuses 2 "'results/manifest-sha256.txt' has a NUL" -- ar-run verify results
    jq -c 'del(.xxh3)' whole.json >open.json # no digest of its own
    for change in '.' 'del(.folder)' '.folder = []' '.folder = {"a": "b"}' '.folder += [5]'; do
        jq -c "$change" open.json >results/ledger.json
        (cd results && sha256sum ledger.json) | cat <(grep -v '  ledger.json$' whole.txt) - >results/manifest-sha256.txt
        [ "$change" != . ] || { ar-run verify -q results && continue; }
        refuses 2 "'ledger.json': does not list the files of the folder" '1 of ' -- ar-run verify results
    done
    for text in '{"folder":["result.csv"],"rest":' 'no JSON' ''; do
        printf %s "$text" >results/ledger.json
        refuses 2 "'ledger.json': changed" '1 of ' -- ar-run verify results # told once
        (cd results && sha256sum ledger.json) | cat <(grep -v '  ledger.json$' whole.txt) - >results/manifest-sha256.txt
        refuses 2 "'ledger.json': does not list the files of the folder" '1 of ' -- ar-run verify results
    done
}

@test "logs of earlier runs stay" {
    counting_method
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13; do
        ran >/dev/null
    done
    [ "$(find results/.analysisrun/log -mindepth 1 -maxdepth 1 -type d | wc -l)" -eq 13 ]
    [ -L results/.analysisrun/log/latest ] && [ -d results/.analysisrun/log/latest ]
    # In a copy in which the link became a folder, too.
    cp -rL results copy
    ar-run -q --again copy -P limit=3 2>err
    [ "$(find copy/.analysisrun/log -mindepth 1 -maxdepth 1 -type d | wc -l)" -eq 15 ]
    [ ! -e copy/.analysisrun/log/.latest.tmp ]
}

@test "the logs of lanes that are called as the tools are have what their method said, and nothing else" {
    local name
    printf 'data,sample\n' >samples.csv
    echo 'Filename,Value' >rows.csv
    for name in ar-split ar-analyze ar-post tools post postprocess latest; do
        echo "$name,of $name" >>samples.csv
        echo "${name}_1,1" >>rows.csv
    done
    cat >method <<'END'
#!/bin/sh
echo "said of $(cat data_name)" >&2
echo '{"n": 1}'
END
    printf '#!/bin/sh\necho said behind all >&2\ncat analysis_results.csv\n' >judge
    chmod +x method judge
    cat >manifest.json <<'END'
{"name": "named", "analyze": ["./method"], "postprocess": ["./judge"], "image_analysis_results": {"rows": {"cleansing": "none"}}}
END
    ar-run -q -m manifest.json -s samples.csv -d results --lane-key 'Filename~^(.*)_1$' rows=rows.csv 2>err
    for name in ar-split ar-analyze ar-post tools post postprocess latest; do
        diff "results/.analysisrun/log/latest/$name.log" - <<<"said of $name"
    done
    diff results/.analysisrun/log/latest/tools/postprocess.log - <<<'said behind all'
}

@test "--again takes the options of an earlier run; the command line wins, and what is not known is refused" {
    counting_method
    [ "$(ran -P limit=5)" = '0000 0001 0007 0010 post' ]
    rm ran
    ar-run -q --again results/run.json 2>err
    [ ! -e ran ]
    ar-run -q --again results/run.json -P limit=6 2>err
    jq -e '.limit == 6' results/params.json
    # Params are replaced name by name.
    ar-run -q --again results/run.json -P 'note="a"' 2>err
    jq -e '.limit == 6 and .note == "a"' results/params.json
    # A file of them replaces all.
    echo '{"limit": 4}' >four.json
    ar-run -q --again results/run.json -p four.json 2>err
    jq -e '. == {"limit": 4}' results/params.json
    ar-run -q --again results/run.json -p four.json -P limit=6 -P 'note="a"' 2>err
    jq -e '.limit == 6 and .note == "a"' results/params.json
    # A folder that was moved keeps its results, wherever it was; it can be named itself.
    mv results moved
    rm -f ran
    ar-run -q --again moved 2>err
    [ ! -e results ] && [ ! -e ran ]
    mv moved results
    jq '.options.speed = "high"' results/run.json >bad.json
    refuses 2 "'/options/speed' is not known" -- ar-run --again bad.json
    for wrong in retries=-1 jobs=0 timeout=soon mem=much; do
        jq --arg to "${wrong#*=}" ".options.${wrong%=*} = \$to" results/run.json >bad.json
        refuses 2 "${wrong#*=}" -- ar-run --again bad.json
    done
    jq '.speed = "high"' results/run.json >bad.json
    refuses 2 "'/speed' is not known" -- ar-run --again bad.json
    refuses 2 "cannot open 'm/run.json'" 'takes the file run.json' -- ar-run --again m
    refuses 2 "'m/manifest.json'" 'takes the file run.json' -- ar-run --again m/manifest.json
}

@test "names with blanks, quotes, line breaks and Japanese; a lane called -rf" {
    counting_method
    odd=$'o d"d\n輝点\'s'
    mkdir "$odd"
    sed 's/_000_0007/_000_-rf/' as.csv >"$odd/as $odd.csv"
    sed 's/^0007,/-rf,/' samples.csv >"$odd/samples.csv"
    ar-run -q -m m/manifest.json -s "$odd/samples.csv" "activity_spots=$odd/as $odd.csv" 2>err
    [ -f "$odd/results/result.csv" ]
    [ -f "$odd/results/images/-rf/n.txt" ]
    (cd "$odd/results" && sha256sum --quiet -c manifest-sha256.txt)
    ar-run status "$odd/results" | grep -q -e '^-rf'
}

@test "run.json tells inputs, method, git commit and lanes" {
    counting_method
    # What lies beside the method's folder in the same repository (data, results) makes the method no less clean.
    git init -q . && git -c user.name=t -c user.email=t@example.org add m && git -c user.name=t -c user.email=t@example.org commit -qm 'the method'
    [ "$(ran)" = '0000 0001 0007 0010 post' ]
    jq -e --arg commit "$(git rev-parse HEAD)" '.method.git == {"commit": $commit, "clean": true} and .method.name == "count"' results/run.json
    jq -e --arg xxh3 "$(xxh128sum <as.csv | cut -d' ' -f1)" '.inputs.activity_spots.xxh3 == $xxh3 and .params.limit == 7 and .status == 0' results/run.json
    jq -c '.method.analyze.files, .method.postprocess.files' results/run.json >files
    printf '{"%s":"%s"}\n' count.sh "$(xxh128sum <m/count.sh | cut -d' ' -f1)" judge.sh "$(xxh128sum <m/judge.sh | cut -d' ' -f1)" | diff - files
    touch m/new
    ran -P limit=8 >/dev/null
    jq -e '.method.git.clean == false' results/run.json
    jq -e '.counts.result == 4 and (.lanes["0007"] | .state == "result" and .seconds > 0 and .memory > 0 and (.key | length) == 32)' results/run.json
}

@test "a lane that is not there: --lane, --force and -n refuse it, and what is known of the others stays" {
    counting_method
    ran
    for option in --lane=0002 --force=0002 '-n --lane=0002' '-n --force=0002'; do
        # shellcheck disable=SC2086 # two options
        refuses 2 "lane '0002' not found; lanes are '0000', '0001', '0007', '0010'" -- \
            ar-run $option -m m/manifest.json -s samples.csv -d results activity_spots=as.csv
    done
    [ ! -e ran ] || [ "$(sort ran | paste -sd ' ')" = '0000 0001 0007 0010 post' ]
    ar-run status results | grep -q '^4 lanes, 4 '
    [ -z "$(find results/.analysisrun -name '*.old')" ]
}

@test "--why tells with -q, too; a parameter that the method does not have is told; one lane is one lane" {
    counting_method
    ran >/dev/null
    ar-run -q --why -m m/manifest.json -s samples.csv -d results --lane=0007 -k -P limit=8 -P limitt=9 activity_spots=as.csv 2>err
    says "lane '0007': params: limit 7 → 8"
    says "not among the method's parameters: 'limitt'"
    says "they are 'limit'"
    jq -e '.limit == 8 and .limitt == 9' results/params.json
    ar-run -m m/manifest.json -s samples.csv -d results --force=0000 activity_spots=as.csv 2>err
    says '; 1 lane ran, 3 were done before'
}

@test "the command that runs a lane again is one that a shell takes, whatever the lane is called" {
    counting_method
    sed "s/_000_0007/_000_it's \$x/" as.csv >odd.csv
    sed "s/^0007,/it's \$x,/" samples.csv >odd-samples.csv
    touch "fail-it's \$x"
    refuses 1 "lane 'it's \$x'" -- ar-run -m m/manifest.json -s odd-samples.csv -d results activity_spots=odd.csv
    rm "fail-it's \$x" ran
    sed -n 's/^ *run it again: //p' err >again.sh
    sh again.sh 2>err
    [ "$(sort ran | paste -sd ' ')" = "it's \$x post" ]
}

@test "what is left of files that were killed before they appeared goes with the next run, and nobody else's" {
    counting_method
    ran >/dev/null
    touch results/.run.json.a1b2c3.tmp results/.manifest-sha256.txt.abcdef.tmp results/.analysisrun/.done.000000.tmp results/.mine.abcdef.tmp
    rm results/.analysisrun/done
    ran >/dev/null
    [ "$(find results -name '*.tmp')" = results/.mine.abcdef.tmp ]
}

@test "outlier-rate: counts, chances and the wells that stand out are those of exact fractions in Python" {
    ar-run -q -m "$SHARE/methods/outlier-rate/manifest.json" --lane-key 'filename~Well([A-P][0-9]{2})' -d results \
        labels="$SHARE/examples/plate/20200406_164555_328_tagger_state.csv" 2>err
    python3 - "$SHARE/examples/plate/20200406_164555_328_tagger_state.csv" results/result.csv <<'END'
import csv, math, re, sys
from fractions import Fraction
wells = {}
for row in csv.DictReader(open(sys.argv[1], newline='')):
    counts = wells.setdefault(re.search('Well([A-P][0-9]{2})', row['filename'])[1], [0, 0])
    counts[0] += 1
    counts[1] += int(row['label'])
rate = Fraction(sum(k for n, k in wells.values()), sum(n for n, k in wells.values()))
results = list(csv.DictReader(open(sys.argv[2], newline='')))
assert [r['data'] for r in results] == list(wells) and len(wells) == 96
for r in results:
    n, k = wells[r['data']]
    chance = sum(math.comb(n, i) * rate**i * (1 - rate)**(n - i) for i in range(k, n + 1))
    assert (int(r['images']), int(r['outliers'])) == (n, k), r
    assert math.isclose(float(r['chance']), chance, rel_tol=1e-9), (r, float(chance))
    assert r['suspicious'] == ('true' if chance < Fraction(1, 1000) else 'false'), r
assert any(r['suspicious'] == 'true' for r in results)
END
}

@test "what is as it was delivered is known by all that it was made of, and of nothing else" {
    counting_method
    ran >/dev/null
    mkdir kept
    cp -a results/* kept
    [ "$(ran -P limit=8)" = '0000 0001 0007 0010 post' ]
    # The folder was put back to an earlier state, all but .analysisrun.
    rm -rf results/*
    cp -a kept/* results
    [ "$(ran -P limit=8)" = '' ]
    jq -e '.limit == 8' results/params.json
    grep -q 8 results/result_json/0000.json
    # An input by another path: it is the one that --again takes.
    mkdir elsewhere
    cp as.csv elsewhere
    ar-run -m m/manifest.json -s samples.csv -d results -P limit=8 activity_spots=elsewhere/as.csv 2>err
    run ! grep -q 'nothing to do' err
    jq -e --arg path "$PWD/elsewhere/as.csv" '.options.sets.activity_spots == $path' results/run.json
    # An argument that is a file of the current folder.
    echo 1 >table.csv
    jq '.analyze = ["./count.sh", "table.csv"]' m/manifest.json >m/with.json
    ar-run -q -m m/with.json -s samples.csv -d results activity_spots=as.csv 2>err
    echo 2 >table.csv
    rm -f ran
    ar-run -m m/with.json -s samples.csv -d results activity_spots=as.csv 2>err
    [ "$(sort ran | paste -sd ' ')" = '0000 0001 0007 0010' ]
    # The method, or an input, is another one while it works, and as it was later.
    for file in m/count.sh as.csv; do
        cp $file before
        sed -i "2i [ -e changed ] || { touch changed; cp \"\$AR_START_DIR/other\" \"\$AR_START_DIR/$file\"; }" m/judge.sh
        sed -i "s|\[ -e changed|[ -e \"\$AR_START_DIR/changed\"|; s|touch changed|touch \"\$AR_START_DIR/changed\"|" m/judge.sh
        { cat $file; echo; } >other
        rm -f changed
        ran >/dev/null
        [ -e changed ]
        cp before $file
        ar-run -m m/manifest.json -s samples.csv -d results activity_spots=as.csv 2>err
        run ! grep -q 'nothing to do' err
        sed -i 2d m/judge.sh
    done
}

@test "the manifest's version command is run once, and the keys are those that the tools make by themselves" {
    counting_method
    program m/version.sh <<'END'
echo once >>"$PWD/asked"
echo 3.1
END
    jq '.version = ["./version.sh"]' m/manifest.json >m/with.json
    ar-run -q -m m/with.json -s samples.csv -d results activity_spots=as.csv 2>err
    [ "$(wc -l <m/asked)" -eq 1 ]
    ar-run -q -m m/with.json -s samples.csv -d results -P limit=8 activity_spots=as.csv 2>err
    [ "$(wc -l <m/asked)" -eq 2 ]
    rm ran
    ar-split -q -s samples.csv activity_spots=as.csv 2>err | ar-cleanse -q -m m/with.json | ar-pack -q -m m/with.json |
        ar-analyze -q -m m/with.json --cache results/.analysisrun/cache -- m/count.sh >lanes.tar
    [ ! -e ran ]
    [ "$(wc -l <m/asked)" -eq 3 ]
}

@test "a program that the manifest names without a slash and that lies beside it: the message says what to write" {
    counting_method
    jq '.analyze = ["count.sh"]' m/manifest.json >m/bare.json
    refuses 2 "cannot find the program 'count.sh' in PATH" "write './count.sh' in the manifest" -- \
        ar-run -m m/bare.json -s samples.csv activity_spots=as.csv
    jq '.postprocess = ["judge.sh"]' m/manifest.json >m/bare.json
    refuses 2 "'judge.sh' in PATH" "write './judge.sh' in the manifest" -- ar-run -m m/bare.json -s samples.csv activity_spots=as.csv
    cd m
    refuses 2 "write './judge.sh' in the manifest" -- ar-run -m bare.json -s ../samples.csv activity_spots=../as.csv
    jq '.analyze = ["absent.sh"]' manifest.json >bare.json
    refuses 2 "cannot find the program 'absent.sh' in PATH" -- ar-run -m bare.json -s ../samples.csv activity_spots=../as.csv
    [ "$(wc -l <err)" -eq 1 ]
}
