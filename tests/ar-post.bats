#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# ar-post: the judgement over all lanes, and the result as a stream or a folder. The postprocesses are written here; what is expected is written by hand, JSON is
# read by jq and Python, digests are those of xxh128sum.

load helpers.bash

# Merged streams: in whole.tar the lanes D and 007 have results and pictures, C has none; in part.tar B failed, too.
setup_file() {
    mkdir "$BATS_FILE_TMPDIR/merged"
    cd "$BATS_FILE_TMPDIR/merged" || return
    mkdir -p pictures/007 pictures/D
    head -c 300000 /dev/urandom >pictures/D/b.png
    printf 'picture' >'pictures/007/輝 点.svg'
    lane_results 'D={"n":4,"t":"5.80"}' '007={"n":1.50,"t":"x"}' C=null
    ar-merge -q <results.tar >whole.tar
    lane_results 'D={"n":4,"t":"5.80"}' B=fails '007={"n":1.50,"t":"x"}' C=null
    ar-merge -q <results.tar >part.tar 2>err
}

setup() {
    in_scratch
    mark_what_is_started
    ln -s "$BATS_FILE_TMPDIR"/merged/{whole.tar,part.tar,pictures} .
}

teardown() {
    nothing_left
}

# A postprocess that prints what the arguments make for printf.
judge_prints() {
    printf "$@" >answer
    program judge <<<'cat "$AR_START_DIR/answer"'
}

# The answer on the command line, as for printf, is refused with each of the texts before --; and no result is written.
answer_refused() {
    local -a texts=()
    while [ "$1" != -- ]; do
        texts+=("$1")
        shift
    done
    shift
    judge_prints "$@"
    refuses 1 "the postprocess './judge'" "${texts[@]}" -- ar-post -- ./judge <whole.tar
    is_unfinished out
}

digest() {
    xxh128sum <"$1" | cut -d' ' -f1
}

# ---- the result ----

@test "without a method the merged table is the result, to the byte" {
    ar-post <whole.tar >result.tar 2>err
    entries result.tar | diff <(printf '%s\n' targets params result_csv result_json/D result_json/007 artifacts D/images/b.png '007/images/輝 点.svg' ledger) -
    for name in targets params D/images/b.png '007/images/輝 点.svg'; do
        entry whole.tar "$name" | cmp - <(entry result.tar "$name")
    done
    printf '%s\n' n,t,data,sample_name '4,"5.80",D,sample of D' '1.50,x,007,sample of 007' | cmp - <(entry result.tar result_csv)
    entry whole.tar analysis_results | cmp - <(entry result.tar result_csv)
    printf '{"n":4,"t":"5.80","data":"D","sample_name":"sample of D"}' | cmp - <(entry result.tar result_json/D)
    says '3 lanes; spots: 9 rows, 6 analysed, 3 dropped; 1 lane without a result; 2 rows in the result'
    [ "$(entry result.tar ledger | jq -c '[.post, .incomplete]')" = '[{"rows_in":2,"rows":2,"postprocess":false},null]' ]
    ar-ls --verify result.tar >/dev/null
}

@test "a postprocess finds the merged table, the artifacts and the params in a fresh private folder, and no input" {
    program judge <<'END'
find . -type f | LC_ALL=C sort >"$AR_START_DIR/files"
cp * "$AR_START_DIR"
{ stat -c %a .; wc -c; env | grep -E '^(AR_[DFS]|ANALYSISRUN|OMP_NUM)' | LC_ALL=C sort; printf '%s\n' "$@"; } >"$AR_START_DIR/seen"
echo litter >litter
echo '[]'
END
    AR_DATA_NAME=x AR_STEP=y ANALYSISRUN_METHOD=z ar-post -q -- ./judge -k 'a b' '' <whole.tar >result.tar
    printf '%s\n' ./analysis_results.csv ./artifacts.csv ./params.json | diff - files
    entry whole.tar analysis_results | cmp - analysis_results.csv
    entry whole.tar artifacts | cmp - artifacts.csv
    entry whole.tar params | cmp - params.json
    printf '%s\n' 700 0 'AR_FIELDS=1 2 3 4 5 6 7 8 9 10 11 12' "AR_START_DIR=$PWD" OMP_NUM_THREADS=1 -k 'a b' '' | diff - seen
}

@test "a CSV answer: rows dropped and turned round, columns added, changed and dropped; sample_name is added where it lacks" {
    judge_prints '\357\273\277judge,data,n\r\ntrue,"007",1.500\r\n\r\n"a, ""b""\nc",D,' 
    ar-post -q -- ./judge <whole.tar >result.tar
    printf '%s\n' judge,data,n,sample_name 'true,"007",1.500,sample of 007' '"a, ""b""' 'c",D,,sample of D' | cmp - <(entry result.tar result_csv)
    [ "$(entry result.tar result_json/007)" = '{"judge":true,"data":"007","n":1.500,"sample_name":"sample of 007"}' ]
    [ "$(entry result.tar result_json/D)" = '{"judge":"a, \"b\"\nc","data":"D","n":null,"sample_name":"sample of D"}' ]
    [ "$(entry result.tar ledger | jq -c .post)" = '{"rows_in":2,"rows":2,"postprocess":true}' ]
    # A row for a lane that had none, another sample name, and none for the others.
    judge_prints 'sample_name,data\nrenamed,C\n'
    ar-post -- ./judge <whole.tar >result.tar 2>err
    says "; 1 row in the result; left out by the postprocess: 2 lanes, first 'D'"
    printf 'sample_name,data\nrenamed,C\n' | cmp - <(entry result.tar result_csv)
    entries result.tar | grep json | diff <(echo result_json/C) -
}

@test "a JSON answer: the columns of all objects in order of appearance, values with their types" {
    judge_prints '%s' ' [ {"z":1e400,"data":"D","t":"5.80","輝":null},
        {"data":"007","sample_name":"another, \"name\"","b":false,"z":"007"} ] '
    ar-post -q -- ./judge <whole.tar >result.tar
    printf '%s\n' z,data,t,輝,sample_name,b '1e400,D,"5.80",,sample of D,' '007,007,,,"another, ""name""",false' | cmp - <(entry result.tar result_csv)
    [ "$(entry result.tar result_json/007)" = '{"z":"007","data":"007","t":null,"輝":null,"sample_name":"another, \"name\"","b":false}' ]
    judge_prints '[]'
    ar-post -q -- ./judge <whole.tar >result.tar
    echo data,sample_name | cmp - <(entry result.tar result_csv)
    entries result.tar | diff <(printf '%s\n' targets params result_csv artifacts D/images/b.png '007/images/輝 点.svg' ledger) -
    judge_prints 'data\n'
    ar-post -q -- ./judge <whole.tar >result.tar
    echo data,sample_name | cmp - <(entry result.tar result_csv)
}

@test "result_json has the types of the cells, and numbers by their text" {
    judge_prints '%s\n' 'data,a,b,c,d,e,f,g,h,i,j,k,l,"""quoted"", ""輝"""' \
        'D,5.80,12345678901234567890.10,-0.0,1E+5,007,+1,"5.80",true,"true",,nan,"",x' \
        '007,1e400,0.1234567890123456789,0,-1e-5,.5,1.,"",false,"null",null,NaN,"NaN"," x"'
    ar-post -q -- ./judge <whole.tar >result.tar
    entry result.tar result_json/D >D
    entry result.tar result_json/007 >007
    python3 - <<'END'
import json
class Number(str):
    def __repr__(self):
        return 'N' + str(self)
def read(name):
    return list(json.load(open(name, encoding='utf-8'), parse_float=Number, parse_int=Number).items())
N = Number
names = ['data', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', '"quoted", "輝"', 'sample_name']
for lane, expected in (
        ('D', ['D', N('5.80'), N('12345678901234567890.10'), N('-0.0'), N('1E+5'), '007', '+1', '5.80', True, 'true', None, None, '', 'x']),
        ('007', ['007', N('1e400'), N('0.1234567890123456789'), N('0'), N('-1e-5'), '.5', '1.', '', False, 'null', None, None, 'NaN', ' x'])):
    wanted = list(zip(names, expected + ['sample of ' + lane]))
    assert repr(read(lane)) == repr(wanted), (read(lane), wanted)
END
    jq -e '[.a, .e, .h, .j, .g] == [5.8, "007", true, null, "5.80"]' D >/dev/null
}

@test "data is the lane however it is written: a number that is its id, quoted or not; zeros count" {
    judge_prints 'data\n"007"\nD\n'
    ar-post -q -- ./judge <whole.tar | tar -xO result_csv 2>/dev/null | diff <(printf 'data,sample_name\n"007",sample of 007\nD,sample of D\n') -
    answer_refused "'7' is no lane of this run" "'D', '007', 'C'" -- 'data\n7\n'
    answer_refused "'7' is no lane of this run" -- '[{"data":7}]'
    answer_refused "'d' is no lane" -- 'data\nd\n'
    answer_refused "'' is no lane" -- 'data,x\n,1\n'
}

# ---- answers that are none ----

@test "one lane twice, no data column, no data in a row" {
    answer_refused "row 2: lane 'D' has a row already, row 1" -- 'data\nD\nD\n'
    answer_refused "lane 'D' has a row already" -- '[{"data":"D"},{"data":"D"}]'
    answer_refused "column 'data' not found" 'Each row must say' -- 'n\n1\n'
    answer_refused "item 1 of the array has no 'data'" -- '[{"n":1}]'
    answer_refused "item 2 of the array has no 'data'" -- '[{"data":"D"},{"data":null}]'
}

@test "nothing, blanks, an object, a bare value, text around the answer" {
    answer_refused 'is empty' 'at most one row for each lane' -- ''
    answer_refused 'is empty' -- ' \n\n'
    answer_refused 'is a JSON object, expected an array of objects' -- '{"data":"D"}'
    answer_refused 'is a single value' -- 'null'
    answer_refused 'is a single value' -- '5.80'
    answer_refused 'item 1 of the array is no object' -- '["D"]'
    answer_refused 'more than one JSON array' 'messages belong on standard error' -- '[][]'
    answer_refused 'more behind its JSON array' -- '[] done'
    answer_refused "standard output" -- '[{"data":"D"}'
}

@test "nested values, NaN in JSON, a name twice, a ragged row, an open quote, NUL, invalid UTF-8" {
    answer_refused "the value of 'x' is an object" -- '[{"data":"D","x":{}}]'
    answer_refused "the value of 'x' is an array" -- '[{"data":"D","x":[1]}]'
    answer_refused NaN -- '[{"data":"D","x":NaN}]'
    answer_refused "'x'" -- '[{"data":"D","x":1,"x":2}]'
    answer_refused "'x'" -- 'data,x,x\nD,1,2\n'
    answer_refused 'line 3' -- 'data,x\nD,1\n007\n'
    answer_refused 'line 2' -- 'data,x\nD,"1\n'
    answer_refused 'line 2' -- 'data,x\nD,"1"2\n'
    answer_refused NUL -- 'data,x\nD,a\000b\n'
    answer_refused 'u0000' -- '%s' '[{"data":"D","x":"a\u0000b"}]'
    answer_refused 'UTF-8' 'line 2' -- 'data,x\nD,a\377\n'
    answer_refused 'UTF-8' -- '[{"data":"D","x":"a\377"}]'
}

# ---- postprocesses that fail ----

@test "a method that is not there, or may not be executed: status 2, before anything is read" {
    echo 'echo' >plain
    mkdir folder
    {
        refuses 2 "cannot start './nope': No such file" -- ar-post -- ./nope
        refuses 2 "cannot find the program 'no-such-program' in PATH" -- ar-post -- no-such-program
        refuses 2 "cannot start './plain': Permission denied" 'chmod +x' -- ar-post -- ./plain
        refuses 2 "cannot start './folder'" -- ar-post -- ./folder
        cat >rest
    } <whole.tar
    cmp whole.tar rest
    printf '#!/no/such/interpreter\n' | program missing
    refuses 2 "'./missing' could not be started" interpreter -- ar-post -d folder -- ./missing <whole.tar
    ls -A folder | diff /dev/null -
}

@test "a status that is not 0: the cause and the end of its log, made harmless, and no result" {
    program judge <<<'seq -f "line %g" 30 >&2; printf "\033[31mred \377\n" >&2; echo "[]"; exit 7'
    refuses 1 "the postprocess './judge' exited with status 7" 'its log ends:' 'line 30' '\x1b[31mred' -- ar-post -- ./judge <whole.tar
    is_unfinished out
    [ "$(entries out)" = error ] && [ "$(entry out error)" = "the postprocess './judge' exited with status 7" ]
    refuses 1 "exited with status 7" -- ar-post -Z gzip -- ./judge <whole.tar
    [ "$(gunzip <out | entry /dev/stdin error)" = "the postprocess './judge' exited with status 7" ]
    refuses 1 "exited with status 7" -- ar-post -- ./judge <whole.tar
    run ! grep -x '.*line 5' err
    LC_ALL=C run ! grep '[[:cntrl:]]' err
    refuses 1 -- ar-post -o result.tar --log log -- ./judge <whole.tar
    says "its log is 'log'"
    [ ! -e result.tar ]
    seq -f 'line %g' 30 | diff - <(head -n 30 log)
    refuses 1 -- ar-post -d result -- ./judge <whole.tar
    [ ! -e result ]
}

@test "--log FILE has what the postprocess says, also when all is well" {
    program judge <<<'echo "a word" >&2; echo "[]"'
    echo old >log
    ar-post -q --log log -- ./judge <whole.tar >result.tar 2>err
    echo 'a word' | cmp - log
    diff /dev/null err
    refuses 2 "cannot open the log 'nowhere/log'" -- ar-post --log nowhere/log -- ./judge <whole.tar
}

@test "a postprocess that is killed, or runs past its time, and what it leaves running" {
    program judge <<<'kill -SEGV $$'
    refuses 1 "was killed by signal 11 (SEGV)" -- ar-post -- ./judge <whole.tar
    program judge <<<'sleep 1000 & setsid sleep 1000 & sleep 1000'
    refuses 1 'ran longer than its limit of 0.2 s' -- ar-post -t 0.2 -- ./judge <whole.tar
    is_unfinished out
    none_marked
    program judge <<<'sleep 1000 & setsid sh -c "trap \"\" TERM HUP; sleep 1000 & sleep 1000" & (setsid sleep 1000 >/dev/null 2>&1 &) ; echo "[]"'
    ar-post -q -- ./judge <whole.tar >result.tar
    none_marked
    refuses 2 "-t" -- ar-post -t soon -- ./judge <whole.tar
}

@test "the fields of the manifest are the postprocess', and params must be as the manifest has them" {
    echo '{"name":"m","analyze":["./m"],"fields":3,"image_analysis_results":{"spots":{"cleansing":"none"}},
        "params":{"type":"object","properties":{"threshold":{"type":"number","maximum":1}}}}' >m.json
    program judge <<<'printf "data,fields\nD,%s\n" "$AR_FIELDS"'
    ar-post -q -m m.json -- ./judge <whole.tar | tar -xO result_csv 2>/dev/null | holds -x 'D,1 2 3,sample of D'
    sed -i 's/"maximum":1/"maximum":0.5/' m.json
    refuses 2 threshold 0.5 -- ar-post -m m.json -- ./judge <whole.tar
    is_unfinished out
}

@test "-p and -P give the postprocess other params, -m fills in defaults; ledger and result stream are of them" {
    program judge <<'END'
[ "${AR_STEP:-}" != postprocess ] || { cat >"$AR_START_DIR/merged.tar"; exit 4; }
cp params.json "$AR_START_DIR/params.json"
cat analysis_results.csv
END
    entry whole.tar params >came.json
    echo '{"name":"x","params":{"type":"object","properties":{"deep":{"type":"number","default":1}}},
           "image_analysis_results":{"spots":{"cleansing":"none"}},"analyze":["true"],"postprocess":["./judge"]}' >m.json
    ar-post -q -P 'a="7"' -m m.json -- ./judge <whole.tar >result.tar 2>err
    says "not among the method's parameters:"
    jq -S . params.json | diff - <(jq -S '. + {a: "7", deep: 1}' came.json)
    entry result.tar params | cmp - params.json
    [ "$(entry result.tar ledger | jq -r .files.params.xxh3)" = "$(digest params.json)" ]
    ar-ls --verify result.tar >/dev/null
    echo '{"only":0.10}' >p.json
    refuses 1 'exited with status 4' -- ar-post -q -p p.json -c lanes -- ./judge <whole.tar
    entry merged.tar params | cmp - p.json
    ar-ls --verify merged.tar >/dev/null
    # What is complete stays as it was, to the byte.
    echo '{ "deep":2.0 }' >p.json
    ar-post -q -p p.json -m m.json -- ./judge <whole.tar >result.tar
    cmp p.json params.json
    refuses 2 '-P' -- ar-post -P a <whole.tar
    refuses 2 "params /deep: 'x' is a text, not a number" -- ar-post -m m.json -P 'deep="x"' -- ./judge <whole.tar
}

@test "--mem limits the memory of a postprocess" {
    program judge.py <<'END'
#!/usr/bin/env python3
print(len(bytearray(600 << 20)))
END
    refuses 1 MemoryError -- ar-post --mem 256M -- ./judge.py <whole.tar
    refuses 2 '--mem' -- ar-post --mem much -- ./judge.py <whole.tar
}

# ---- lanes that are missing ----

@test "lanes failed: no result, but everything else, and status 1" {
    program judge <<<'touch "$AR_START_DIR/started"; echo "[]"'
    refuses 1 "lane 'B' (sample of B) is missing: it failed: " 'no result' '-k' -- ar-post -- ./judge <part.tar
    entries out | diff <(printf '%s\n' targets params artifacts D/images/b.png '007/images/輝 点.svg' B/error ledger) -
    entry out B/error | holds -x 'no spots in B'
    entry out artifacts | cmp - <(entry part.tar artifacts)
    [ "$(entry out ledger | jq -c '[.post, .incomplete, .lanes.B.outcome]')" = '[null,null,"failed"]' ]
    ar-ls --verify out >/dev/null || [ $? -eq 1 ]
    [ ! -e started ]
    refuses 1 -- ar-post -o result.tar -- ./judge <part.tar
    cmp out /dev/null
    entries result.tar | holds -x B/error
}

@test "-k makes a result of the lanes that are there, which says what is missing; status 1 still" {
    program judge <<<'cat analysis_results.csv'
    refuses 1 "lane 'B' (sample of B) is missing: it failed: " '2 rows in the result, which is incomplete' -- ar-post -k -- ./judge <part.tar
    entries out | diff <(printf '%s\n' targets params result_csv result_json/D result_json/007 artifacts D/images/b.png '007/images/輝 点.svg' B/error ledger) -
    [ "$(entry out ledger | jq -c '.incomplete')" = '["B"]' ]
    entry part.tar analysis_results | cmp - <(entry out result_csv)
}

@test "96 lanes that failed alike, or were not chosen, are told once, with their names; a few, each with its cause" {
    # shellcheck disable=SC2046
    lane_inputs $(seq -f '%04g' 0 95)
    program method <<<'[ "$AR_DATA_NAME" = 0007 ] && kill -KILL $$; exit 1'
    ar-analyze -q --keep-going -- ./method <in.tar 2>err | ar-merge >merged.tar 2>err
    says "95 lanes failed alike: " "  lanes: '0000', '0001', '0002', " ' and 75 more' "lane '0007' (sample of 0007) failed: "
    [ "$(wc -l <err)" -le 6 ]
    refuses 1 "95 lanes are missing: they failed alike: " "  lanes: '0000', " "lane '0007' (sample of 0007) is missing: it failed: " -- ar-post <merged.tar
    [ "$(wc -l <err)" -le 7 ]
    ar-analyze -q --lane 0001 --lane 0002 -- /bin/echo '{}' <in.tar | ar-merge -q >merged.tar
    refuses 1 '94 lanes are missing: not chosen' "  lanes: '0000', '0003', " -- ar-post <merged.tar
    [ "$(wc -l <err)" -le 4 ]
}

@test "lanes that failed alike are told once, also where each log names the folder of its lane" {
    lane_inputs 1 2 3 4 5
    program method <<<'echo "no file $PWD/spots" >&2; exit "$((AR_DATA_NAME == 5 ? 4 : 3))"'
    refuses 1 '4 lanes failed alike: ' '/1/spots' "  lanes: '1', '2', '3', '4'" "lane '5' (sample of 5) failed: './method' exited with status 4" -- \
        ar-analyze -- ./method <in.tar
    program method <<<'echo "no file /$((AR_DATA_NAME + 1))/spots" >&2; exit 3'
    refuses 1 "lane '1' (sample of 1) failed: " "lane '4' (sample of 4) failed: " -- ar-analyze -- ./method <in.tar
}

@test "lanes that were not chosen: no result without -k; with it, status 0" {
    lane_results 'A={"n":1}' 'B={"n":2}'
    ar-analyze -q --lane A -- ./method <in.tar | ar-merge -q >chosen.tar
    refuses 1 "lane 'B' (sample of B) is missing: not chosen" -- ar-post <chosen.tar
    run ! grep -q result_csv <(entries out)
    ar-post -k <chosen.tar >result.tar 2>err
    printf 'n,data,sample_name\n1,A,sample of A\n' | cmp - <(entry result.tar result_csv)
    [ "$(entry result.tar ledger | jq -c '.incomplete')" = '["B"]' ]
}

# ---- a folder ----

# The table of artifacts lists the files of the folder $1 but the index and itself, the errors and the params, with their sizes and digests.
artifacts_hold() {
    python3 - "$1" >listed <<'END'
import csv, sys
for row in csv.DictReader(open(sys.argv[1] + '/artifacts.csv', encoding='utf-8', newline='')):
    print(row['xxh3'], row['bytes'], row['path'])
END
    (cd "$1" && find . -type f -printf '%P\n' | grep -vxE '(ledger|params).json|artifacts.csv|errors/.*' | LC_ALL=C sort |
        while read -r name; do echo "$(digest "$name") $(stat -c %s "$name") $name"; done) >there
    LC_ALL=C sort -k3 listed | diff there -
}

@test "-d delivers for people: result, JSON, pictures, errors, artifacts, params, ledger" {
    program judge <<<'cat analysis_results.csv'
    refuses 1 -- ar-post -k -d result -- ./judge <part.tar
    cmp out /dev/null
    (cd result && find . -type f) | LC_ALL=C sort | diff <(printf './%s\n' artifacts.csv errors/B.txt 'images/007/輝 点.svg' images/D/b.png ledger.json \
        params.json result.csv result_json/007.json result_json/D.json) -
    entry part.tar analysis_results | cmp - result/result.csv
    entry part.tar params | cmp - result/params.json
    entry part.tar B/error | cmp - result/errors/B.txt
    diff -r pictures result/images
    printf '{"n":4,"t":"5.80","data":"D","sample_name":"sample of D"}\n' | cmp - result/result_json/D.json
    artifacts_hold result
    head -n 2 result/artifacts.csv | diff <(printf '%s\n' path,data,sample,kind,image_type,bytes,xxh3 "result.csv,,,table,,$(stat -c %s result/result.csv),$(digest result/result.csv)") -
    grep -qx "images/D/b.png,D,sample of D,image,png,300000,$(digest pictures/D/b.png)" result/artifacts.csv
    (cd result && jq -r '.folder[]' ledger.json | LC_ALL=C sort) | diff <(cd result && find . -type f ! -name ledger.json -printf '%P\n' | LC_ALL=C sort) -
    find result -name '.*' | diff /dev/null -
}

@test "-d again: what the earlier run left and this one has not goes, and a result that is withheld, too" {
    ar-post -q -d result <whole.tar
    cp -r result first
    ar-post -q -d result <whole.tar
    diff -r first result
    refuses 1 -- ar-post -d result <part.tar
    (cd result && find . -type f) | LC_ALL=C sort | diff <(printf './%s\n' artifacts.csv errors/B.txt 'images/007/輝 点.svg' images/D/b.png ledger.json params.json) -
    artifacts_hold result
    lane_results 'X={"n":1}'
    ar-merge -q <results.tar | ar-post -q -d result
    (cd result && find .) | LC_ALL=C sort | diff <(printf '%s\n' . ./artifacts.csv ./ledger.json ./params.json ./result.csv ./result_json ./result_json/X.json) -
    artifacts_hold result
}

@test "a folder with somebody else's files is refused before anything is read or started, and stays" {
    mkdir result
    echo mine >result/thesis.tex
    program judge <<<'touch "$AR_START_DIR/started"; echo "[]"'
    refuses 2 "'result' holds other files, such as 'thesis.tex'" 'empty folder' -- ar-post -d result -- ./judge <whole.tar
    echo mine | cmp - result/thesis.tex
    rm result/thesis.tex
    echo '{}' >result/ledger.json
    refuses 2 "'result' holds a ledger.json of another program" -- ar-post -d result -- ./judge <whole.tar
    echo '{}' | cmp - result/ledger.json
    rm result/ledger.json
    ar-post -q -d result <whole.tar
    echo mine >result/thesis.tex
    refuses 2 thesis.tex -- ar-post -d result -- ./judge <whole.tar
    [ ! -e started ]
    : >file
    refuses 2 "'file'" -- ar-post -d file <whole.tar
    refuses 2 'with -d the result goes into a folder' -- ar-post -d result -o out.tar <whole.tar
}

@test "-d: somebody else's file in a folder of ours is refused, and stays; so is one in the place of a file that cannot be written" {
    ar-post -q -d result <whole.tar
    cp -r result whole
    for name in images/foreign.txt images/D/foreign.txt result_json/x.txt images/D/deep/x.txt; do
        mkdir -p "result/${name%/*}"
        echo mine >"result/$name"
        cp -r result before
        refuses 2 "the folder 'result' holds other files, such as '${name/deep*/deep}'" 'move it elsewhere' -- ar-post -d result <whole.tar
        diff -r before result
        rm -r before "result/${name/deep*/deep}"
    done
    for name in .directory D/.DS_Store D/Thumbs.db desktop.ini; do # what file managers hide is no matter
        echo x >"result/images/$name"
        ar-post -q -d result <whole.tar
        diff - "result/images/$name" <<<x
        rm "result/images/$name"
    done
    mkdir -p result/images/gone # what they hide has kept it from being deleted
    echo x >result/images/gone/.DS_Store
    ar-post -q -d result <whole.tar
    mkdir result/images/gone/deeper
    refuses 2 "holds other files, such as 'images/gone'" -- ar-post -d result <whole.tar
    rm -r result/images/gone result/images/D/b.png
    mkdir result/images/D/b.png
    refuses 2 "cannot create 'result/images/D/b.png': Is a directory" -- ar-post -d result <whole.tar
    rmdir result/images/D/b.png
    ar-post -q -d result <whole.tar
    diff -r whole result
}

@test "-d: a lane called Thumbs.db, as what file managers leave: what is in the place of its folder is refused before anything is changed" {
    rm pictures
    mkdir -p pictures/Thumbs.db
    echo a | tee pictures/Thumbs.db/p.txt >pictures/Thumbs.db/q.txt
    lane_results 'Thumbs.db={"n":1}'
    ar-merge -q <results.tar >thumbs.tar
    ar-post -q -d wanted <thumbs.tar
    ar-post -q -d result <whole.tar
    cp -r result whole
    for make in 'echo mine >' 'ln -s /' 'ln -s nowhere' mkdir; do
        eval "$make result/images/Thumbs.db"
        refuses 2 "the folder 'result' holds another file 'images/Thumbs.db'" -- ar-post -d result <thumbs.tar
        [ -e result/images/Thumbs.db ] || [ "$(readlink result/images/Thumbs.db)" = nowhere ]
        rm -d result/images/Thumbs.db
        diff -r whole result
    done
    mkdir -p result/images/THUMBS.DB # another name
    ar-post -q -d result <thumbs.tar
    rm -d result/images/THUMBS.DB
    diff -r wanted result
    ar-post -q -d result <thumbs.tar
    diff -r wanted result
    # Its folder is one of ours: what others put there is refused as in any.
    echo mine >result/images/Thumbs.db/mine.txt
    refuses 2 "holds other files, such as 'images/Thumbs.db/mine.txt'" -- ar-post -d result <thumbs.tar
    rm result/images/Thumbs.db/mine.txt
    ar-post -q -d result <whole.tar
    diff -r whole result
}

@test "a delivery that was killed half-way is seen, and the next one makes it whole" {
    ar-post -q -d result <whole.tar
    cp -r result whole
    # As a kill leaves it: the index set aside, a new file that it does not list, an old one that is gone.
    mv result/ledger.json result/.ledger.json.old
    echo half >result/result.csv
    rm result/result_json/D.json
    refuses 2 -- ar-ls result
    ar-post -q -d result <whole.tar
    diff -r whole result
    # Killed between the new index and the end.
    cp result/ledger.json result/.ledger.json.old
    ar-post -q -d result <whole.tar
    diff -r whole result
    # Killed in the first delivery of all: after a picture, with another one on its way that the result has not.
    mkdir -p new/images/D new/images/X
    printf '{"folder":[],"folder_kind":"result"}\n' >new/.ledger.json.old
    printf '%s\n' '"images/D/b.png"' '"images/X/a.png"' '"images/Y/a.png"' >new/.ledger.json.names
    echo half | tee new/images/D/b.png new/images/X/.a.png.000000.tmp >new/images/D/.b.png.vvvvvv.tmp
    cp -r new killed
    echo mine >new/images/D/c.png
    refuses 2 "'new' holds other files, such as 'images/D/c.png'" -- ar-post -d new <whole.tar
    rm new/images/D/c.png
    diff -r killed new
    ar-post -q -d new <whole.tar
    diff -r whole new
}

@test "a link in the folder is not followed: neither images, nor a picture, nor the result" {
    ar-post -q -d result <whole.tar
    mkdir elsewhere
    mv result/images/D elsewhere/D
    ln -s "$PWD/elsewhere/D" result/images/D
    refuses 2 'images/D' 'may be a link' -- ar-post -d result <whole.tar
    cmp elsewhere/D/b.png pictures/D/b.png
    [ -e result/ledger.json ] # it was refused before anything was changed
    rm -r result/images/D
    ar-post -q -d result <whole.tar

    # A file that is a link is replaced, and what it points to stays.
    echo mine >mine
    ln -sf "$PWD/mine" result/result.csv
    ln -sf "$PWD/mine" result/images/D/b.png
    ar-post -q -d result <whole.tar
    echo mine | cmp - mine
    cmp result/images/D/b.png pictures/D/b.png

    # What is deleted lies in the folder, too.
    mkdir -p gone/D
    echo mine >gone/D/b.png
    rm -r result/images
    ln -s "$PWD/gone" result/images
    lane_results 'X={"n":1}'
    ar-merge -q <results.tar >x.tar
    refuses 2 "'result/images' is no folder any more" 'take it away, and deliver again' -- ar-post -d result <x.tar
    echo mine | cmp - gone/D/b.png
}

@test "unknown entries pass through, and are in rest.tar in a folder" {
    printf 'kept' >note
    mkdir -p run/image_analysis_results
    cp note run/note
    printf 'Filename,Entity\nV_000_A.nd2,Spot\n' >run/image_analysis_results/spots
    tar -C run -cf run.tar .
    ar-split -q run.tar 2>err | ar-cleanse -q -e Spot | ar-pack -q | ar-analyze -q -- /bin/echo '{"n":1}' | ar-merge -q >merged.tar
    ar-post -q <merged.tar | tar -xO note 2>/dev/null | cmp - note
    ar-post -q -d result <merged.tar
    tar -xOf result/rest.tar note | cmp - note
    tar -tf result/rest.tar | diff <(echo note) -
    grep -qx "rest.tar,,,file,,$(stat -c %s result/rest.tar),$(digest result/rest.tar)" result/artifacts.csv
    artifacts_hold result
    ar-ls --verify result >/dev/null
}

# ---- input that is not what it should be ----

@test "input that is not merged, a result already, cut, damaged, none" {
    refuses 2 'no input (did the command before it fail?)' -- ar-post </dev/null
    refuses 2 'no input' -- ar-post -d result </dev/null
    [ ! -e result ]
    echo text >text
    refuses 2 'not a tar' -- ar-post <text
    refuses 2 'not merged yet' 'ar-merge | ar-post' -- ar-post <"$BATS_FILE_TMPDIR/merged/results.tar"
    refuses 2 'not merged yet' -- ar-post <"$BATS_FILE_TMPDIR/merged/results/D.tar"
    ar-post -q <whole.tar >result.tar
    refuses 2 'a result already' -- ar-post <result.tar
    size=$(stat -c %s whole.tar)
    for keep in 512 3000 200000 $((size - 1024)); do
        head -c "$keep" whole.tar >cut.tar
        refuses 2 -- ar-post <cut.tar
        is_unfinished out
        refuses 2 -- ar-post -d result <cut.tar
        [ ! -e result ]
    done
    printf 'it went wrong' >error
    tar --format=ustar -cf failed.tar error
    refuses 1 'it went wrong' -- ar-post <failed.tar
}

@test "a merged stream is held against its artifacts, its ledger and its account" {
    change() { change_entry whole.tar changed.tar "$@"; }
    change '007/images/輝 点.svg' 'b"pictuRe"'
    refuses 2 "'007/images/輝 点.svg'" digest -- ar-post <changed.tar
    change '007/images/輝 点.svg' None
    refuses 2 "'007/images/輝 点.svg' is missing" -- ar-post <changed.tar
    change analysis_results 'body.replace(b"1.50", b"1.60")'
    refuses 2 "'analysis_results'" ledger -- ar-post <changed.tar
    change artifacts 'body.replace(b"image,png", b"image,jpg")'
    refuses 2 "'artifacts'" -- ar-post <changed.tar
    change ledger 'body.replace(b"result", b"resold", 1)'
    refuses 2 "'ledger' is damaged" -- ar-post <changed.tar
    change ledger None
    refuses 2 "'ledger' is missing" -- ar-post <changed.tar
    change ledger "$UNSEALED.replace(b'\"rows\":9', b'\"rows\":10')"
    refuses 2 "does not close: its source has 10 rows, accounted for are 9" -- ar-post <changed.tar
    change ledger "$UNSEALED.replace(b'\"outcome\":\"no result\"', b'\"outcome\":\"failed\"')"
    refuses 2 "lane 'C'" error -- ar-post <changed.tar
    change ledger "$UNSEALED.replace(b'\"outcome\":\"no result\"', b'\"outcome\":\"result\"')"
    refuses 2 "lane 'C' has no row in 'analysis_results', and a result by its ledger" -- ar-post <changed.tar
    change ledger "$UNSEALED.replace(b'\"outcome\":\"result\"', b'\"outcome\":\"no result\"', 1)"
    refuses 2 "lane 'D' has a row in 'analysis_results', and no result by its ledger" -- ar-post <changed.tar
    change params 'b"[]"'
    refuses 2 params -- ar-post <changed.tar
}

# ---- output ----

@test "a compressed result is the same result, and -o FILE appears whole" {
    ar-post -q <whole.tar >result.tar
    for filter in gzip zstd; do
        $filter -c <whole.tar | ar-post -q -Z $filter | $filter -dc | cmp result.tar -
    done
    ar-post -q -o out.tar <whole.tar
    cmp out.tar result.tar
    cp whole.tar in.tar
    refuses 2 'input and output at once' -- ar-post -o in.tar <in.tar
    cmp in.tar whole.tar
}

@test "a full disk is no success: status 3" {
    status=0
    ar-post <whole.tar >/dev/full 2>err || status=$?
    [ "$status" -eq 3 ]
    says 'standard output' 'No space left on device'
    TMPDIR=$PWD/nowhere refuses 2 "$PWD/nowhere" TMPDIR -- ar-post <whole.tar
}

@test "a signal while it reads or judges: nothing is left, and it dies of the signal" {
    mkfifo fifo
    program judge <<<'touch "$AR_START_DIR/started"; sleep 1000'
    for signal in INT TERM; do
        for where in '-o result.tar' '-d result'; do
            # shellcheck disable=SC2086
            env --default-signal=INT,TERM ar-post $where -- ./judge <fifo 2>err 3>&- &
            exec 9>fifo
            head -c 5000 whole.tar >&9
            wait_until handles_signals $!
            kill -$signal $!
            status=0
            wait $! || status=$?
            exec 9>&-
            [ "$status" -eq $((128 + $(kill -l $signal))) ]
            # shellcheck disable=SC2086
            env --default-signal=INT,TERM ar-post $where -- ./judge <whole.tar 2>err 3>&- &
            wait_until test -e started
            kill -$signal $!
            status=0
            wait $! || status=$?
            [ "$status" -eq $((128 + $(kill -l $signal))) ]
            rm started
            find . -name '*result*' | diff /dev/null -
            nothing_left
        done
    done
}
