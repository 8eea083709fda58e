#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# ar-analyze: a method on each lane. The methods are written here, one for each thing that can happen; what is expected is written by hand. After every test, nothing
# that it started runs any more, and its TMPDIR is empty.

load helpers.bash

setup() {
    in_scratch
    mark_what_is_started
}

teardown() {
    nothing_left
}

# The table of a lane's result in out.tar.
result() {
    entry out.tar "$1/analysis_result"
}

# Lane A fails by what the script on standard input does, with the texts in its error; B has its result.
lane_fails() {
    [ -e in.tar ] || lane_inputs A B
    {
        echo '#!/bin/sh'
        echo '[ "$AR_DATA_NAME" = A ] || exec echo "{\"ok\":true}"'
        cat
    } | program method
    refuses 1 "lane 'A' (sample of A) failed" "with --lane=A" '2 lanes, 1 with a result, 1 failed' -- ar-analyze "${options[@]}" -- ./method <in.tar
    entries out | diff <(printf '%s\n' targets params ledger A/{data_name,sample_name,params,error,ledger} \
        B/{data_name,sample_name,params,analysis_result,ledger}) -
    entry out A/error >error
    for text in "$@"; do
        grep -qF -e "$text" error || { cat error; return 1; }
    done
    iconv -f UTF-8 -t UTF-8 error | LC_ALL=C tr -d '[:cntrl:]' | cmp - <(LC_ALL=C tr -d '\n' <error)
    [ "$(entry out A/ledger | jq -r .outcome)" = failed ]
    printf 'ok,data,sample_name\ntrue,B,sample of B\n' | diff - <(entry out B/analysis_result)
}

# ---- what a method finds ----

@test "more jobs than files may be open: the limit is raised for them, and not for the methods; where it cannot be, status 3 says so" {
    lane_inputs {1..40}
    program method <<<'echo "{\"files\":$(ulimit -n)}"'
    (ulimit -Sn 64 && exec ar-analyze -q -j 40 -- ./method <in.tar >out.tar)
    printf 'files,data,sample_name\n64,"7",sample of 7\n' | diff - <(result 7)
    refuses 3 'Too many open files' 'fewer jobs (-j)' 'ulimit -Hn' -- sh -c 'ulimit -n 64; exec ar-analyze -j 40 -- ./method' <in.tar
}

@test "a method finds its lane in a fresh private folder: names, params, ledger and sets, to the byte" {
    lane_inputs A B
    program method <<'END'
find . -type f | LC_ALL=C sort >"$AR_START_DIR/$AR_DATA_NAME.files"
cp -r . "$AR_START_DIR/$AR_DATA_NAME.folder"
stat -c %a . >"$AR_START_DIR/$AR_DATA_NAME.mode"
echo litter >litter; mkdir -p images; echo '{}'
END
    ar-analyze -q -j1 -- ./method <in.tar >out.tar
    for lane in A B; do
        printf '%s\n' ./data_name ./image_analysis_results/spots.csv ./ledger.json ./params.json ./sample_name | diff - $lane.files
        printf '%s' $lane | cmp - $lane.folder/data_name
        printf '%s' "sample of $lane" | cmp - $lane.folder/sample_name
        printf '{"threshold": 0.80}' | cmp - $lane.folder/params.json
        entry in.tar $lane/ledger | cmp - $lane.folder/ledger.json
        printf 'ImageAnalysisMethod,Data,Entity,Value\nV,%s,Spot,5.80\nV,%s,Spot,007\n' $lane $lane |
            cmp - $lane.folder/image_analysis_results/spots.csv
        [ "$(cat $lane.mode)" = 700 ]
    done
}

@test "nothing of one lane is seen by the next: files, folders, rights, attributes, a folder that was moved or put in its place" {
    lane_inputs {1..23}
    program method <<'END'
csv=image_analysis_results/spots.csv
find . | LC_ALL=C sort | cat - data_name >"$AR_START_DIR/seen.$AR_DATA_NAME"
{
    stat -c '%a %h %F' . image_analysis_results $csv
    getfattr -d . image_analysis_results $csv 2>/dev/null
    cat $csv
} >>"$AR_START_DIR/seen.$AR_DATA_NAME"
here=$(pwd)
case $AR_DATA_NAME in
1) echo x >.hidden; mkdir -p a/b; echo x >a/b/c; rm params.json ;;
2) chmod 755 . ;;
3) chmod 777 image_analysis_results; echo x >image_analysis_results/more.csv ;;
4) setfattr -n user.x -v y . || : ;;
5) rm -r image_analysis_results; ln -s / image_analysis_results ;;
6) mv image_analysis_results sets ;;
7) mv "$here" "$here.moved"; mkdir "$here"; echo x >"$here/litter" ;;
8) rm -rf "$here" ;;
9) mkdir image_analysis_results/deep; chmod 000 image_analysis_results/deep ;;
10) rm data_name; mkdir data_name; echo x >data_name/x ;;
11) rm -r image_analysis_results; mkfifo image_analysis_results ;;
12) echo more >>$csv ;;
13) : >$csv ;;
14) chmod 444 $csv ;;
15) ln $csv "$AR_START_DIR/twin" ;;
16) rm $csv; ln -s "$AR_START_DIR/litter" $csv ;;
17) rm $csv; mkdir $csv; echo x >$csv/x ;;
18) setfattr -n user.x -v y $csv || : ;;
19) rm $csv; mkfifo $csv ;;
20) rm $csv ;;
21) chmod 666 $csv ;;
22) chmod 600 $csv data_name ;;
esac
echo null
END
    umask 022
    ar-analyze -q -j1 -- ./method <in.tar >out.tar
    printf 'ImageAnalysisMethod,Data,Entity,Value\nV,15,Spot,5.80\nV,15,Spot,007\n' | diff - twin
    [ ! -e litter ]
    for i in {1..23}; do
        diff seen.$i - <<END
.
./data_name
./image_analysis_results
./image_analysis_results/spots.csv
./ledger.json
./params.json
./sample_name
$(printf %s $i)700 3 directory
700 2 directory
644 1 regular file
ImageAnalysisMethod,Data,Entity,Value
V,$i,Spot,5.80
V,$i,Spot,007
END
    done
}

@test "a lane that lacks a set does not see that of another lane, nor a lane with a small set the end of a large one" {
    printf 'data,sample\n' >samples.csv
    printf 'Data,Entity,Value\n' | tee a.csv >b.csv
    for lane in {1..9}; do
        echo "$lane,S" >>samples.csv
        for ((row = 0; row < lane * 7 % 9; row++)); do
            echo "$lane,Spot,$lane$row" | tee -a a.csv >>b.csv
        done
    done
    ar-split -q -s samples.csv --lane-key Data a=a.csv b=b.csv | ar-cleanse -q --none a --none b | ar-pack -q >in.tar
    for lacks in 2/b 3/b 6/b 4/a; do
        change_entry in.tar less.tar ${lacks%/*}/image_analysis_results/${lacks#*/} None
        change_entry less.tar in.tar ${lacks%/*}/ledger "$UNSEALED"
        change_entry in.tar less.tar ${lacks%/*}/ledger \
            "(lambda json, d: (d['sets'].pop('${lacks#*/}'), json.dumps(d).encode())[1])(__import__('json'), __import__('json').loads(body))"
        mv less.tar in.tar
    done
    change_entry in.tar less.tar ledger "$UNSEALED"
    change_entry less.tar in.tar ledger "(lambda json, d: (d.pop('sets'), json.dumps(d).encode())[1])(__import__('json'), __import__('json').loads(body))"
    program method <<'END'
(cd image_analysis_results && head -v -n 99 *) >"$AR_START_DIR/seen.$AR_DATA_NAME"
echo null
END
    ar-analyze -q -j1 -- ./method <in.tar >out.tar
    for lane in {1..9}; do
        for set in a b; do
            entry in.tar $lane/image_analysis_results/$set >set 2>/dev/null || continue
            printf '==> %s.csv <==\n' $set
            cat set
        done | diff - <(grep -v '^$' seen.$lane)
    done
}

@test "the variables of a method: names, where the tool was started, fields 1 to 12, one thread, none of another contract" {
    lane_inputs 'a b'
    program method <<'END'
env | LC_ALL=C sort | grep -E '^(AR_[DFS]|ANALYSISRUN|OMP_NUM|MKL_NUM|OPENBLAS_NUM)' >"$AR_START_DIR/env"
echo null
END
    AR_STEP=x ANALYSISRUN_MODE=y ANALYSISRUN_METHOD=z AR_DATA_NAME=old MKL_NUM_THREADS=3 ar-analyze -q -- ./method <in.tar >out.tar
    diff - env <<END
AR_DATA_NAME=a b
AR_FIELDS=1 2 3 4 5 6 7 8 9 10 11 12
AR_SAMPLE_NAME=sample of a b
AR_START_DIR=$PWD
MKL_NUM_THREADS=3
OMP_NUM_THREADS=1
OPENBLAS_NUM_THREADS=1
END
}

@test "the fields of the manifest are the method's, and params must be as the manifest has them" {
    lane_inputs A
    echo '{"name":"m","analyze":["./m"],"fields":3,"image_analysis_results":{"spots":{"cleansing":"none"}},
        "params":{"type":"object","properties":{"threshold":{"type":"number","maximum":1}}}}' >m.json
    program method <<<'printf "{\"fields\":\"%s\"}" "$AR_FIELDS"'
    ar-analyze -q -m m.json -- ./method <in.tar >out.tar
    printf 'fields,data,sample_name\n1 2 3,A,sample of A\n' | diff - <(result A)
    sed -i 's/"maximum":1/"maximum":0.5/' m.json
    refuses 2 threshold 0.5 -- ar-analyze -m m.json -- ./method <in.tar
}

@test "standard input of a method is empty, and its standard error goes to the lane's log" {
    lane_inputs A B
    program method <<<'n=$(wc -c); echo "log of $AR_DATA_NAME" >&2; echo "{\"n\":$n}"'
    ar-analyze --log logs/new -- ./method <in.tar >out.tar 2>err
    printf 'n,data,sample_name\n0,A,sample of A\n' | diff - <(result A)
    echo 'log of A' | cmp - logs/new/A.log
    echo 'log of B' | cmp - logs/new/B.log
    run ! grep 'log of' err
}

@test "a program with a slash is found from where the tool was started, another by PATH, and arguments arrive as they are" {
    lane_inputs A
    mkdir bin
    program bin/method <<<'printf "%s\n" "$@" >"$AR_START_DIR/args"; echo null'
    ar-analyze -q -- bin/method --lane 'a b' '' '*' <in.tar >out.tar
    printf '%s\n' --lane 'a b' '' '*' | diff - args
    (PATH=$PWD/bin:$PATH; ar-analyze -q -- method by-path <in.tar >out.tar)
    echo by-path | diff - args
    (PATH=bin:$PATH; ar-analyze -q -- method by-relative-path <in.tar >out.tar)
    echo by-relative-path | diff - args
}

@test "lanes called -rf, with blanks, quotes, a dollar, Japanese: each gets its own folder, log and result" {
    ids=(-rf 'a b' 'q"q' "it's" '$(ls)' '輝点' '*' '~' 007)
    lane_inputs "${ids[@]}"
    program method <<'END'
#!/usr/bin/env python3
import json, os
print(json.dumps({'name': open('data_name').read(), 'cwd': os.path.isfile('params.json'), 'env': os.environ['AR_DATA_NAME']}))
END
    ar-analyze -q --log logs -- ./method <in.tar >out.tar
    (cd logs && ls -A | wc -l) | diff - <(echo ${#ids[@]})
    python3 - "${ids[@]}" <<'END'
import csv, io, sys, tarfile
tar = tarfile.open('out.tar')
for lane in sys.argv[1:]:
    rows = list(csv.DictReader(io.TextIOWrapper(tar.extractfile(lane + '/analysis_result'), encoding='utf-8', newline='')))
    assert rows == [{'name': lane, 'cwd': 'true', 'env': lane, 'data': lane, 'sample_name': 'sample of ' + lane}], rows
END
}

# ---- what it answers ----

@test "numbers keep every digit, and values their types" {
    lane_inputs A
    program method <<'END'
cat <<'JSON'
{"a":5.80,"b":1e400,"c":12345678901234567890,"d":0.1234567890123456789,"e":-0.0,"t":"5.80","u":"007","n":null,"y":true,"s":"a,\"b\"\n輝"}
JSON
END
    ar-analyze -q -- ./method <in.tar >out.tar
    printf '%s\n' a,b,c,d,e,t,u,n,y,s,data,sample_name \
        '5.80,1e400,12345678901234567890,0.1234567890123456789,-0.0,"5.80",007,,true,"a,""b""' '輝",A,sample of A' | cmp - <(result A)
}

@test "a result as CSV is taken as it stands, with CRLF and a BOM undone; data and sample_name are added where they are missing" {
    lane_inputs A B C
    program method <<'END'
case $AR_DATA_NAME in
A) printf '\357\273\277x,"5"\r\n5.80,"1"\r\n' ;;
B) printf 'data,x\nB,1' ;;
C) printf 'sample_name,x,data\n"sample of C",,"C"\n' ;;
esac
END
    ar-analyze -q -- ./method <in.tar >out.tar
    printf 'x,"5",data,sample_name\n5.80,"1",A,sample of A\n' | diff - <(result A)
    printf 'data,x,sample_name\nB,1,sample of B\n' | diff - <(result B)
    printf 'sample_name,x,data\nsample of C,,C\n' | diff - <(result C | tr -d '"')
}

@test "null is no result: the lane is done, without a row, and its ledger says so" {
    lane_inputs A
    program method <<<'echo null'
    ar-analyze -- ./method <in.tar >out.tar 2>err
    says '1 lane, 0 with a result, 1 without one'
    entries out.tar | diff <(printf '%s\n' targets params ledger A/{data_name,sample_name,params,ledger}) -
    [ "$(entry out.tar A/ledger | jq -c '[.outcome, .sets.spots[-1]]')" = '["no result",{"stage":"analyze","rows_in":2,"rows":2}]' ]
}

@test "pictures pass to the byte, in byte order of their names, with the type of images.csv or else their extension" {
    lane_inputs A
    head -c 300000 /dev/urandom >noise
    program method <<'END'
mkdir images
cp "$AR_START_DIR/noise" images/b.PNG; cp "$AR_START_DIR/noise" images/B; printf x >'images/輝 点.svg'; : >images/a.tiff
printf 'name,image_type\r\n"輝 点.svg",curve\r\na.tiff,\r\n' >images.csv
echo '{}'
END
    ar-analyze -q -- ./method <in.tar >out.tar
    entries out.tar | grep images | diff <(printf 'A/images/%s\n' B a.tiff b.PNG '輝 点.svg') -
    entry out.tar A/images/B | cmp - noise
    entry out.tar A/images/b.PNG | cmp - noise
    python3 - <<'END' | diff - <(printf '%s\n' 'B true None' 'a.tiff true None' 'b.PNG true png' '輝 点.svg true curve')
import tarfile
for m in tarfile.open('out.tar'):
    if '/images/' in m.name:
        print(m.name[9:], m.pax_headers.get('is_file'), m.pax_headers.get('image_type'))
END
    entry out.tar A/ledger | jq -r '.files | keys_unsorted | join(" ")' |
        diff <(echo 'data_name sample_name params images/B images/a.tiff images/b.PNG images/輝 点.svg analysis_result') -
}

# ---- methods that fail ----

@test "a method that is not there, may not be executed or is a folder: status 2, and nothing of the input is taken" {
    lane_inputs A
    echo 'echo {}' >plain
    mkdir folder
    {
        refuses 2 "cannot start './nope': No such file" -- ar-analyze -- ./nope
        refuses 2 "cannot find the program 'no-such-program' in PATH" -- ar-analyze -- no-such-program
        refuses 2 "cannot start './plain': Permission denied" 'chmod +x' -- ar-analyze -- ./plain
        refuses 2 "cannot start './folder'" -- ar-analyze -- ./folder
        refuses 2 'expected -- METHOD' -- ar-analyze
        cat >rest
    } <in.tar
    cmp in.tar rest
}

@test "a method whose interpreter is missing, has a CR behind it, or whose file is no program: status 2 at the first lane" {
    lane_inputs A B
    printf '#!/no/such/interpreter\n' | program missing
    printf '#!/bin/sh\r\necho "{}"\r\n' >crlf
    printf '\177ELF and nonsense' >elf
    chmod +x crlf elf
    refuses 2 "'./missing' could not be started" 'interpreter' -- ar-analyze -- ./missing <in.tar
    is_unfinished out
    refuses 2 "'./crlf' could not be started" CRLF -- ar-analyze -- ./crlf <in.tar
    refuses 2 "'./elf' could not be started" -- ar-analyze -- ./elf <in.tar
}

@test "a status that is not 0 fails the lane; its error has the status and the end of the log, made harmless" {
    lane_fails "'./method' exited with status 7" 'The end of its log:' 'line 30' '\x1b[31mred' '\xff' <<'END'
seq -f 'line %g' 30 >&2
printf '\033[31mred \377\n' >&2
echo '{}'; exit 7
END
    run ! grep -x 'line 5' error
}

@test "a method that is killed by a signal fails its lane, which names the signal" {
    lane_fails "'./method' was killed by signal 11 (SEGV)" <<<'kill -SEGV $$'
}

@test "a method that prints nothing, or blanks" {
    lane_fails 'standard output' <<<'exit 0'
    lane_fails 'standard output' <<<'echo; echo "  "'
}

@test "two rows, a header alone, a ragged row, two objects, an array, a bare number, text behind the object" {
    lane_fails 'row' <<<'printf "x\n1\n2\n"'
    lane_fails 'row' <<<'printf "x\n"'
    lane_fails 'line 2' <<<'printf "x,y\n1\n"'
    lane_fails 'more than one JSON object' <<<'echo "{}"; echo "{}"'
    lane_fails 'standard output' <<<'echo "[{}]"'
    lane_fails 'standard output' <<<'echo 5'
    lane_fails 'more behind its JSON object' 'messages belong on standard error' <<<'echo "{} done"'
    lane_fails "has text before its JSON object: 'warning: old numpy'" 'messages belong on standard error' \
        <<<'echo "warning: old numpy"; echo "{\"a\":1,\"b\":2,\"c\":3}"'
    lane_fails "has text before its JSON object: 'one, two'" 'messages belong on standard error' <<<'printf "one, two\n{\n\"a\": 1\n}\n"'
}

@test "nested values, NaN, a name twice, NUL, invalid UTF-8, and a JSON that is cut" {
    lane_fails "the value of 'x' is an object" <<<'echo "{\"x\":{}}"'
    lane_fails "the value of 'x' is an array" <<<'echo "{\"x\":[1]}"'
    lane_fails 'NaN' <<<'echo "{\"x\":NaN}"'
    lane_fails 'x' <<<'echo "{\"x\":1,\"x\":2}"'
    lane_fails 'UTF-8' <<<'printf "{\"x\":\"a\377\"}"'
    lane_fails 'standard output' <<<'printf "{\"x\":\"a\000\"}"'
    lane_fails 'standard output' <<<'printf "{\"x\":"'
    lane_fails "\\x1b[31m" <<<'printf "\033[31mx,\033[31mx\n1,2\n"'
}

@test "data of another lane is an error, in JSON and in CSV; its own is none" {
    lane_fails "'B'" "'A'" <<<'echo "{\"data\":\"B\"}"'
    lane_fails 'data' <<<'printf "data\nB\n"'
}

@test "100 MiB of output end the method, without 100 MiB of memory" {
    lane_fails "'./method' wrote more than 16 MiB to standard output" <<<'head -c 100M /dev/zero; echo $? >"$AR_START_DIR/went-on"'
    lane_inputs A
    program method <<<'exec head -c 100M /dev/zero'
    LC_ALL=C /usr/bin/time -f %M -o memory ar-analyze -j1 --keep-going -- ./method <in.tar >out.tar 2>err || skip 'no time(1)'
    [ "$(tail -n 1 memory)" -lt 80000 ]
}

@test "a method that floods its log goes on; the log keeps 16 MiB, its beginning and its end, and says what is left out" {
    lane_inputs A B
    program method <<'END'
[ "$AR_DATA_NAME" = A ] || exec echo null
echo first >&2
head -c 100M /dev/zero | tr '\0' '\n' >&2
[ "$(du -s -B1M "$AR_START_DIR/logs/A.log" | cut -f1)" -le 17 ] && echo bounded >&2
echo last >&2
echo '{"n":1}'
END
    ar-analyze -q --log logs -- ./method <in.tar >out.tar
    printf 'n,data,sample_name\n1,A,sample of A\n' | diff - <(result A)
    [ "$(stat -c %s logs/A.log)" -lt $(((16 << 20) + 100)) ]
    grep . logs/A.log | diff - <(echo first; echo "[... $(((100 << 20) + 6 + 8 + 5 + 1 - (16 << 20))) bytes of the log are left out here ...]"; echo bounded; echo last)
    lane_fails 'line 9999999' <<<'seq -f "line %.0f" 10000000 >&2; exit 1'
}

@test "a method past its time is ended with all that it started, and its error says the limit" {
    options=(-t 0.2)
    lane_fails 'ran longer than its limit of 0.2 s' <<<'sleep 1000 & setsid sleep 1000 & sleep 1000'
}

@test "a method that is stopped when its time is over is told, and can see to its end" {
    options=(-t 1)
    lane_fails 'ran longer than its limit of 1 s' <<'END'
trap 'echo told >"$AR_START_DIR/told"; exit 1' TERM
kill -STOP $$
END
    diff told <(echo told)
}

@test "a method that ignores TERM is killed 10 s after its time" {
    options=(-t 0.1)
    SECONDS=0
    lane_fails 'ran longer than its limit of 0.1 s' <<<'trap "" TERM; while :; do sleep 1000 & wait; done'
    [ "$SECONDS" -ge 9 ]
}

@test "a method may close its standard output early; what it printed counts" {
    lane_inputs A
    program method <<<'echo "{\"x\":1}"; exec >&-; sleep 0.1; mkdir images; echo y >images/late.txt'
    ar-analyze -q -- ./method <in.tar >out.tar
    printf 'x,data,sample_name\n1,A,sample of A\n' | diff - <(result A)
    echo y | diff - <(entry out.tar A/images/late.txt)
}

@test "what a method leaves running is ended: in the background, in a session of its own, holding its output open, ignoring TERM" {
    lane_inputs A B C
    program method <<'END'
sleep 1000 &
setsid sh -c 'trap "" TERM HUP; sleep 1000 & sleep 1000' &
(setsid setsid sleep 1000 >/dev/null 2>&1 &)
echo '{"x":1}'
END
    ar-analyze -q -- ./method <in.tar >out.tar
    none_marked
    printf 'x,data,sample_name\n1,C,sample of C\n' | diff - <(result C)
}

@test "images that is a link, a file or a FIFO; in it a link, a hard link, a FIFO, a folder, names with a line break or hidden" {
    echo secret >secret
    lane_fails "'images'" <<<'ln -s "$AR_START_DIR" images; echo "{}"'
    lane_fails "'images'" <<<': >images; echo "{}"'
    lane_fails "'images'" <<<'mkfifo images; echo "{}"'
    lane_fails "'images/a.png' is a symbolic link" <<<'mkdir images; ln -s "$AR_START_DIR/secret" images/a.png; echo "{}"'
    lane_fails "'images/a.png'" <<<'mkdir images; ln "$AR_START_DIR/secret" images/a.png; echo "{}"'
    lane_fails "'images/a.png' is a FIFO" <<<'mkdir images; mkfifo images/a.png; echo "{}"'
    lane_fails "'images/sub' is a folder" <<<'mkdir -p images/sub; echo "{}"'
    lane_fails "'images/a\\nb'" <<<'mkdir images; : >"images/a
b"; echo "{}"'
    lane_fails "'images/.hidden'" <<<'mkdir images; : >images/.hidden; echo "{}"'
    grep -q secret secret
}

@test "a picture that is large and almost nothing but a hole fails its lane at once; a sparse one that holds something passes" {
    lane_fails "'images/a.tif' is sparse: it has 8388607 MiB, of which 0 MiB were written" \
        <<<'mkdir images; truncate -s 8388607M images/a.tif; echo "{}"'
    lane_fails "'images/a.tif' is sparse: it has 100 MiB, of which 1 MiB were written" \
        <<<'mkdir images; head -c 1M /dev/zero >images/a.tif; truncate -s 100M images/a.tif; echo "{}"'
    lane_inputs A
    program method <<<'mkdir images; head -c 10M /dev/urandom >images/a.tif; truncate -s 100M images/a.tif; truncate -s 10M images/b.tif; echo "{}"'
    ar-analyze -q -- ./method <in.tar >out.tar
    [ "$(entry out.tar A/images/a.tif | wc -c)" = $((100 << 20)) ]
    [ "$(entry out.tar A/images/b.tif | tr -d '\0' | wc -c)" = 0 ]
}

@test "images.csv must name pictures that are there, once" {
    lane_fails images.csv 'b.png' <<<'mkdir images; : >images/a.png; printf "name,image_type\nb.png,x\n" >images.csv; echo "{}"'
    lane_fails images.csv 'line 3' <<<'mkdir images; : >images/a; printf "name,image_type\na,x\na,y\n" >images.csv; echo "{}"'
    lane_fails images.csv "'image_type'" <<<'mkdir images; : >images/a; printf "name\na\n" >images.csv; echo "{}"'
    lane_fails images.csv <<<'ln -s /etc/passwd images.csv; echo "{}"'
}

@test "each lane finds its own files and no others, whatever the method of the lane before did to them" {
    lane_inputs lane-with-a-long-name L1 L2 L3 L4 L5 L6 L7
    mkdir seen kept
    : >elsewhere
    program method <<'END'
here=$AR_START_DIR
ls -A . >"$here/seen/$AR_DATA_NAME.ls"
cat data_name >"$here/seen/$AR_DATA_NAME.data"
cat sample_name >"$here/seen/$AR_DATA_NAME.sample"
cat params.json >"$here/seen/$AR_DATA_NAME.params"
jq -c .files.data_name.bytes ledger.json >"$here/seen/$AR_DATA_NAME.ledger"
case $AR_DATA_NAME in
lane*) ;;
L1) for f in data_name sample_name params.json ledger.json; do ln $f "$here/kept/$f"; done ;;
L2) chmod 444 data_name; chmod 4755 sample_name; echo more >>params.json; : >ledger.json ;;
L3) ln -sf "$here/elsewhere" data_name; rm params.json; mkdir params.json; mv ledger.json "$here/kept/ledger-L3" ;;
L4) mkfifo f; mv f data_name; setfattr -n user.x -v 1 sample_name 2>/dev/null || :; head -c 200000 /dev/zero >params.json ;;
L5) ln data_name again; ln -s data_name sample ;;
*) echo 'another file' >extra ;;
esac
echo '{}'
END
    ar-analyze -q -j1 -- ./method <in.tar >out.tar
    for lane in lane-with-a-long-name L1 L2 L3 L4 L5 L6 L7; do
        printf '%s' "$lane" | cmp - "seen/$lane.data"
        printf '%s' "sample of $lane" | cmp - "seen/$lane.sample"
        entry in.tar "$lane/params" | cmp - "seen/$lane.params"
        echo ${#lane} | cmp - "seen/$lane.ledger"
        printf '%s\n' data_name image_analysis_results ledger.json params.json sample_name | cmp - "seen/$lane.ls"
    done
    [ "$(cat kept/data_name kept/sample_name kept/params.json)" = "L1sample of L1$(entry in.tar L1/params)" ]
    [ "$(jq -c '.sets.spots | length' kept/ledger.json kept/ledger-L3 | paste -sd ' ')" = '3 3' ]
    [ ! -s elsewhere ]
}

@test "a method that deletes its folder, or locks it, is no trouble" {
    lane_inputs A B C
    program method <<'END'
case $AR_DATA_NAME in
A) rm -rf "$PWD" ;;
B) mkdir -p deep/er; : >deep/er/file; chmod 000 deep/er deep ;;
C) mkdir x; chmod 000 . ;;
esac
echo '{}'
END
    ar-analyze -q -- ./method <in.tar >out.tar
    printf 'data,sample_name\nC,sample of C\n' | diff - <(result C)
}

@test "what cannot be deleted of a lane's folder is named and stays; its result counts, and the run goes on" {
    lane_inputs A B C
    program method <<'END'
[ "$AR_DATA_NAME" = B ] || exec echo '{"n":1}'
mkdir kept; echo x >kept/file
chattr +i kept/file 2>/dev/null && lsattr kept/file | grep -q i || : >"$AR_START_DIR/no-chattr"
echo '{"n":1}'
END
    ar-analyze -j1 -- ./method <in.tar >out.tar 2>err
    [ ! -e no-chattr ] || skip 'no chattr +i here'
    says "warning: what the method left of lane 'B' stays: cannot remove 'file': Operation not permitted" '3 lanes, 3 with a result'
    folder=$(sed -n 's/^  its folder: //p' err)
    (cd "$folder/.." && find . -type f) | diff - <(echo ./B/kept/file)
    chattr -i "$folder/kept/file"
    rm -r "${folder%/B}"
    for lane in A B C; do printf 'n,data,sample_name\n1,%s,sample of %s\n' $lane $lane | diff - <(result $lane); done
}

# Nine lanes, of which the second does $1 in its folder: it is named, and stays; each lane sees its own.
stays_alone() {
    program method <<END
csv=image_analysis_results/spots.csv
cat data_name \$csv >"\$AR_START_DIR/seen.\$AR_DATA_NAME"
[ "\$AR_DATA_NAME" != 2 ] || { $1; } 2>/dev/null || : >"\$AR_START_DIR/not-here"
echo '{"n":1}'
END
    shift
    "$@" ar-analyze -j1 -- ./method <in.tar >out.tar 2>err
    [ ! -e not-here ] || skip 'not allowed here'
    says "what the method left of lane '2' stays" '9 lanes, 9 with a result'
    for lane in {1..9}; do
        printf '%sImageAnalysisMethod,Data,Entity,Value\nV,%s,Spot,5.80\nV,%s,Spot,007\n' $lane $lane $lane | diff - seen.$lane
    done
    [ "$(ls -A "$TMPDIR"/ar-*)" = 2 ]
}

@test "a file or folder that a method made immutable or append-only is not written over" {
    lane_inputs {1..9}
    for what in 'chattr +i $csv' 'chattr +a $csv' 'chattr +i data_name' 'chattr +a ledger.json' 'chattr +i image_analysis_results' 'chattr +a .'; do
        stays_alone "$what"
        chattr -R -ia "$TMPDIR"/ar-*
        rm -r "$TMPDIR"/ar-*
    done
}

@test "what a method mounted on a file or folder of a lane is not written over" {
    unshare -rm true 2>/dev/null || skip 'no mount of our own'
    lane_inputs {1..9}
    echo precious >file
    mkdir folder
    echo precious >folder/spots.csv
    chmod 700 folder
    chmod 644 file folder/spots.csv
    for what in 'file $csv' 'file params.json' 'folder image_analysis_results'; do
        stays_alone "mount --bind \"\$AR_START_DIR\"/$what" unshare -rm
        rm -r "$TMPDIR"/ar-*
    done
    echo precious | cmp - file
    echo precious | cmp - folder/spots.csv
}

@test "--mem limits the memory of a method" {
    options=(--mem 64M)
    lane_fails "'./method' exited with status 3" <<<'exec python3 -c "
import sys
try:
    bytearray(256 << 20)
except MemoryError:
    sys.exit(3)"'
}

# ---- which lanes, and in what order ----

@test "the output has the order of the lanes, whatever is done first, and -j 1, 2 and 8 give the same bytes" {
    lane_inputs 5 4 3 2 1 0
    program method <<'END'
if [ -n "$LAST_FIRST" ] && [ "$AR_DATA_NAME" -gt 0 ]; then # each waits for the one behind it
    while [ ! -e "$AR_START_DIR/ended.$((AR_DATA_NAME - 1))" ]; do sleep 0.01; done
fi
mkdir images; seq 30000 >"images/$AR_DATA_NAME.txt"
: >"$AR_START_DIR/ended.$AR_DATA_NAME"
[ "$AR_DATA_NAME" != 3 ] || exit 1
echo "{\"x\":$AR_DATA_NAME}"
END
    run -1 --separate-stderr bash -c 'ar-analyze -j 1 -- ./method <in.tar >1.tar'
    run -1 --separate-stderr bash -c 'ar-analyze -j 2 -- ./method <in.tar >2.tar'
    rm ended.*
    run -1 --separate-stderr env LAST_FIRST=1 bash -c 'ar-analyze -j 8 -- ./method <in.tar >8.tar'
    cmp 1.tar 2.tar
    cmp 1.tar 8.tar
    entries 8.tar | grep data_name | diff <(printf '%s/data_name\n' 5 4 3 2 1 0) -
}

@test "--lane analyzes only these; the others are 'not chosen' in their ledgers, and a lane that is not there is told with those that are" {
    lane_inputs A B C
    program method <<<': >"$AR_START_DIR/ran.$AR_DATA_NAME"; echo "{}"'
    ar-analyze --lane C --lane A -- ./method <in.tar >out.tar 2>err
    says '3 lanes, 2 with a result, 1 not chosen'
    ls ran.* | diff <(printf '%s\n' ran.A ran.C) -
    for lane in A B C; do entry out.tar $lane/ledger | jq -r .outcome; done | diff <(printf '%s\n' result 'not chosen' result) -
    entries out.tar | grep ^B | diff <(printf 'B/%s\n' data_name sample_name params ledger) -
    refuses 2 "lane 'a' not found; lanes are 'A', 'B', 'C'" -- ar-analyze --lane a -- ./method <in.tar
}

@test "--keep-going: status 0 although a lane failed, and the same bytes" {
    lane_inputs A B
    program method <<<'[ $AR_DATA_NAME = B ] || exit 1; echo "{}"'
    run -1 --separate-stderr bash -c 'ar-analyze -- ./method <in.tar >1.tar'
    ar-analyze --keep-going -- ./method <in.tar >0.tar 2>err
    says "lane 'A' (sample of A) failed"
    cmp 0.tar 1.tar
}

@test "--keep-work: the folder of a failed lane stays and is named, the others go; with no failure nothing stays" {
    lane_inputs A B
    program method <<<'echo half >half; [ $AR_DATA_NAME = B ] || exit 1; echo "{}"'
    ar-analyze --keep-going --keep-work -- ./method <in.tar >out.tar 2>err
    folder=$(sed -n 's/^  its folder: //p' err)
    [ "$(ls "$folder")" = "$(printf '%s\n' data_name half image_analysis_results ledger.json params.json sample_name)" ]
    [ "$(ls -A "$(dirname "$folder")")" = A ]
    rm -r "$(dirname "$folder")"
    program method <<<'echo "{}"'
    ar-analyze -q --keep-work -- ./method <in.tar >out.tar
    nothing_left
}

@test "a lane that failed before passes untouched, and is no failure of this step" {
    printf 'data,sample\nA,a\nB,b\n' >samples.csv
    printf '%s\n' ImageAnalysisMethod,Data,Entity V,A,Spot W,A,Spot V,B,Spot >spots.csv
    { ar-split -q -s samples.csv spots=spots.csv || [ $? = 1 ]; } 2>/dev/null | ar-cleanse -q -e Spot | ar-pack -q >in.tar
    entries in.tar | grep -x A/error
    program method <<<': >"$AR_START_DIR/ran.$AR_DATA_NAME"; echo "{}"'
    ar-analyze -- ./method <in.tar >out.tar 2>err
    says '2 lanes, 1 with a result, 1 failed before'
    [ "$(ls ran.*)" = ran.B ]
    for name in data_name sample_name params error ledger; do cmp <(entry in.tar A/$name) <(entry out.tar A/$name); done
    entries out.tar | grep ^A | diff <(entries in.tar | grep ^A) -
}

@test "one lane in, one lane out" {
    lane_inputs A B
    mkdir lanes
    ar-pack -q -d lanes <in.tar
    program method <<<'mkdir images; echo >images/a.png; echo "{\"x\":1}"'
    ar-analyze -q -- ./method <lanes/B.tar >out.tar
    entries out.tar | diff <(printf '%s\n' data_name sample_name params images/a.png analysis_result ledger) -
    printf 'x,data,sample_name\n1,B,sample of B\n' | diff - <(entry out.tar analysis_result)
    program method <<<'exit 1'
    ar-analyze -q --keep-going -- ./method <lanes/B.tar >out.tar 2>err
    entries out.tar | diff <(printf '%s\n' data_name sample_name params error ledger) -
}

@test "entries and keywords that nobody knows pass through, in the same places whatever -j" {
    lane_inputs A B C
    head -c 100000 /dev/zero >extra
    program method <<<'mkdir images; cp "$AR_START_DIR/extra" images; echo null'
    digest=$(ar-analyze -q -- ./method <in.tar | tar -xOf - A/ledger | jq -c '.files["images/extra"]')
    python3 - "$digest" <<'END'
import io, json, sys, tarfile
old, new = tarfile.open('in.tar'), tarfile.open('more.tar', 'w', format=tarfile.PAX_FORMAT)
def put(name, data):
    member = tarfile.TarInfo(name)
    member.size, member.pax_headers = len(data), {'lab.key': '輝'}
    new.addfile(member, io.BytesIO(data))
for member in old:
    data = old.extractfile(member).read()
    if member.name == 'A/data_name':
        put('early', b'1')
    if member.name == 'B/ledger':
        put('B/extra', bytes(100000))
        ledger = json.loads(data)
        del ledger['xxh3'] # as written by another program
        ledger['files']['extra'] = json.loads(sys.argv[1])
        data = json.dumps(ledger).encode()
        member.size = len(data)
    new.addfile(member, io.BytesIO(data))
    if member.name == 'A/ledger':
        put('late', b'2')
new.close()
END
    program method <<<'echo "{}"'
    ar-analyze -q -j1 -- ./method <more.tar >out.tar
    entries out.tar | grep -v '[ABC]/[dspal]' | diff <(printf '%s\n' targets params ledger early B/extra late) -
    entry out.tar B/extra | cmp - extra
    python3 -c 'import tarfile; assert all(tarfile.open("out.tar").getmember(n).pax_headers["lab.key"] == "輝" for n in ("early", "late", "B/extra"))'
    for jobs in 2 8; do
        ar-analyze -q -j$jobs -- ./method <more.tar | cmp - out.tar
    done
}

@test "what was analyzed already, an empty input, no lanes, and a stream that is cut are told" {
    lane_inputs A B
    program method <<<'echo "{}"'
    ar-analyze -q -- ./method <in.tar >out.tar
    refuses 2 "lane 'A' was analyzed already" -- ar-analyze -- ./method <out.tar
    refuses 2 'no input (did the command before it fail?)' -- ar-analyze -- ./method </dev/null
    head -c "$(($(stat -c %s in.tar) - 1024))" in.tar >cut.tar
    refuses 2 'end' -- ar-analyze -- ./method <cut.tar
    is_unfinished out
}

# ---- the system says no ----

@test "a full output is status 3, and a file of the output appears whole or not at all" {
    lane_inputs A B
    program method <<<'mkdir images; head -c 1000000 /dev/zero >images/a; echo "{}"'
    status=0
    ar-analyze -- ./method <in.tar >/dev/full 2>err || status=$?
    [ "$status" = 3 ]
    says 'No space left on device'
    refuses 3 'File too large' -- sh -c 'ulimit -f 1; exec ar-analyze -j1 -o file.tar -- ./method' <in.tar
    [ ! -e file.tar ]
    ar-analyze -q -o file.tar -- ./method <in.tar
    ar-analyze -q -- ./method <in.tar | cmp - file.tar
}

@test "a reader that goes away ends it, at once" {
    lane_inputs {1..40}
    program method <<<': >"$AR_START_DIR/ran.$AR_DATA_NAME"; mkdir images; head -c 3000000 /dev/zero >images/a; echo "{}"'
    { ar-analyze -j2 -- ./method <in.tar 2>err || echo $? >status; } | head -c 100 >/dev/null
    echo 141 | diff - status # SIGPIPE, as of tools that feed no children
    [ ! -s err ]
    [ "$(ls ran.* | wc -l)" -lt 40 ]
}

@test "no space in TMPDIR is status 3, and TMPDIR is named" {
    unshare -rm true 2>/dev/null || skip 'no mount of our own'
    unshare -rm mount -t tmpfs none "$TMPDIR" 2>/dev/null || skip 'no mount of our own'
    lane_inputs A
    program method <<<'mkdir images; head -c 300000 /dev/zero >images/a || exit 1; echo "{}"'
    for size in 4 8 12 24 400; do # KiB: for no folder, some files, all of them but no result
        refuses 3 TMPDIR "$TMPDIR" -- unshare -rm sh -c 'mount -t tmpfs -o size='$size'k none "$TMPDIR" && exec ar-analyze -- ./method' <in.tar
    done
}

# Starts ar-analyze with the arguments in the background, as $pid, with signals as a shell at a terminal has them; returns when two methods run.
start_analyze() {
    env --default-signal=INT,TERM ar-analyze -j2 "$@" <in.tar >out.tar 2>err 3>&- &
    pid=$!
    wait_until test -e started.1 -a -e started.2
}

@test "short of descriptors, it is done or says so with status 3, and nothing is left" {
    lane_inputs A B C
    program method <<<'setsid sleep 1000 & mkdir images; echo x >images/a; echo null'
    for ((n = 5; n < 40; n++)); do
        status=0
        (ulimit -n $n; exec ar-analyze -q -j2 -- ./method) <in.tar >out.tar 2>err || status=$?
        nothing_left
        [ $status != 127 ] || continue # too few for any program to find its libraries
        if [ $status = 0 ]; then
            echo $n >>enough
            ar-ls --verify out.tar >listing
        else
            [ $status = 3 ] || { echo "$n: status $status"; cat err; return 1; }
            says 'Too many open files'
            is_unfinished out.tar
        fi
    done
    grep -qx 39 enough
}

@test "SIGINT, SIGTERM and SIGHUP end it by that signal, and all methods, at once" {
    lane_inputs {1..9}
    program method <<<': >"$AR_START_DIR/started.$AR_DATA_NAME"; setsid sleep 1000 & sleep 1000'
    for signal in INT TERM HUP; do
        rm -f started.*
        start_analyze -- ./method
        kill -$signal $pid
        status=0
        wait $pid || status=$?
        [ "$status" = $((128 + $(kill -l $signal))) ]
        nothing_left
        is_unfinished out.tar
    done
}

@test "SIGTERM ends methods that ignore it, too" {
    lane_inputs {1..9}
    program method <<<'trap "" TERM; : >"$AR_START_DIR/started.$AR_DATA_NAME"; while :; do sleep 1000 & wait; done'
    start_analyze -- ./method
    kill -TERM $pid
    status=0
    wait $pid || status=$?
    [ "$status" = 143 ]
}

@test "a method that kills its worker, or ends it by a signal that can be caught, fails its lane; the others go on" {
    lane_inputs A B C D E F
    program method <<'END'
case $AR_DATA_NAME in
B) setsid sh -c 'trap "" TERM HUP; : >up; sleep 1000 & sleep 1000' &
    while [ ! -e up ]; do sleep 0.01; done
    kill -9 $PPID; sleep 1000 ;;
C) echo '{"name":"changed"}' >params.json; rm ledger.json; kill -9 $PPID; sleep 1000 ;;
E) mkdir images; echo x >images/a.png; kill -TERM $PPID; sleep 1000 ;;
*) mkdir images; seq 30000 >images/a.txt; echo '{"n":1}' ;;
esac
END
    for jobs in 1 2 8; do
        refuses 1 "lane 'B' (sample of B) failed: its worker was killed by signal 9 (KILL)" "lane 'C'" '6 lanes, 3 with a result, 3 failed' \
            "lane 'E' (sample of E) failed: its worker was killed by signal 15 (TERM)" -- ar-analyze -j$jobs --log logs -- ./method <in.tar
        nothing_left
        for lane in A D F; do printf 'n,data,sample_name\n1,%s,sample of %s\n' $lane $lane | diff - <(entry out $lane/analysis_result); done
        for lane in B C E; do
            entries out | grep "^$lane/" | diff <(printf "$lane/%s\n" data_name sample_name params error ledger) -
            printf '{"threshold": 0.80}' | cmp - <(entry out $lane/params)
            entry out $lane/error | grep 'its worker was killed'
        done
        ar-merge -q <out >merged.tar # which checks the digests
        [ ! -e before ] || cmp before out
        mv out before
    done
    ar-analyze -q -j1 --keep-going -- ./method <in.tar >out.tar 2>err
    entry out.tar B/error | diff - <(entry before B/error)
}

@test "a worker that is killed from elsewhere takes its lane along, and what its method started" {
    lane_inputs {1..4}
    program method <<'END'
[ -e "$AR_START_DIR/go-on" ] && exec echo null
setsid sh -c ': >"$AR_START_DIR/started.$AR_DATA_NAME"; sleep 1000 & sleep 1000' &
while [ ! -e "$AR_START_DIR/go-on" ]; do sleep 0.01; done
echo null
END
    start_analyze --keep-going -- ./method
    kill -KILL "$(pgrep -P $pid | head -n 1)"
    sleep 0.1
    : >go-on
    wait $pid
    says '4 lanes, 0 with a result, 3 without one, 1 failed' 'its worker was killed by signal 9 (KILL)'
}

@test "when ar-analyze itself is killed, its workers and their methods go" {
    lane_inputs {1..9}
    program method <<<': >"$AR_START_DIR/started.$AR_DATA_NAME"; setsid sleep 1000 & sleep 1000'
    start_analyze -- ./method
    kill -KILL $pid
    wait $pid || true
    wait_until none_marked
    nothing_left
}

@test "children that it did not start are not touched" {
    lane_inputs A B
    program method <<<'echo "{}"'
    bash -c 'sleep 1000 & echo $! >pid; exec ar-analyze -q -- ./method' <in.tar >out.tar 3>&-
    kill "$(cat pid)"
    wait_until none_marked
}

@test "an image_type that no stream can carry fails its lane, and not the others" {
    lane_fails 'image_type of more than 200 bytes' <<'END'
mkdir images
echo x >images/a.png
{ echo name,image_type; printf 'a.png,%0201d\n' 1; } >images.csv
echo '{"n":1}'
END
}

@test "lanes that were not packed, and lanes that were analyzed, are refused" {
    small_lanes lanes.tar
    refuses 2 'was not packed' 'ar-pack' -- ar-analyze -- true <lanes.tar
    lane_inputs A
    ar-analyze -q -- echo '{"n":1}' <in.tar >results.tar
    refuses 2 'was analyzed already' -- ar-analyze -- true <results.tar
    refuses 2 'was analyzed already' -- ar-pack <results.tar
    refuses 2 'was analyzed already' -- ar-cleanse -e x <results.tar
}

@test "a limit on the size of files is a failed write, with status 3" {
    lane_inputs A
    refuses 3 'File too large' -- sh -c 'ulimit -f 1; exec ar-pack -d folder' <in.tar
}
