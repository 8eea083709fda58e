#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Methods by the contract "lanes": one process for many lanes, which reads a stream of lane inputs and writes one of lane results. The methods here
# are written in Python with its tarfile, or in shell; what is expected is what the same method answers by the contract "files", or
# written by hand.

load helpers.bash

setup() {
    in_scratch
    mark_what_is_started
    unset AR_STEP ANALYSISRUN_METHOD ANALYSISRUN_MODE
    cat >runner.py <<'END'
# SPDX-License-Identifier: MIT
# What the methods have in common: their tars.
import csv, io, json, os, signal, stat, sys, tarfile

def asked():
    with tarfile.open(fileobj=sys.stdin.buffer) as tar:
        return {entry.name: tar.extractfile(entry).read() for entry in tar}

def rows_of(found, lane, name='spots'):
    return list(csv.DictReader(io.StringIO(found[f'{lane}/image_analysis_results/{name}'].decode())))

printed = [0] # bytes
def add(name, body, **keywords):
    info = tarfile.TarInfo(name)
    body = body.encode() if isinstance(body, str) else body
    info.size, info.pax_headers = len(body), keywords
    text = info.tobuf(tarfile.PAX_FORMAT) + body + bytes(-len(body) % 512)
    sys.stdout.buffer.write(text)
    sys.stdout.flush()
    printed[0] += len(text)

def end():
    sys.stdout.buffer.write(bytes(1024))
    sys.stdout.flush()

# When the worker has what was printed so far (it collects that in a file of the work folder), kills it.
def kill_worker():
    import glob, time
    while sum(map(os.path.getsize, glob.glob('../.*.out'))) < printed[0]:
        time.sleep(0.01)
    os.kill(os.getppid(), signal.SIGKILL)
    signal.pause()
END
}

teardown() {
    nothing_left
}

# A method: the Python program on standard input, with all of runner.py. Each start of it is a line in the file "starts".
method() {
    { printf '%s\n' '#!/usr/bin/python3' 'import os, sys' 'sys.path.insert(0, os.environ["AR_START_DIR"])' 'sys.dont_write_bytecode = True' \
        'from runner import *' 'with open(os.environ["AR_START_DIR"] + "/starts", "a") as starts: print("started", file=starts)'
        cat; } >"$1"
    chmod +x "$1"
    rm -f starts
}

started() {
    [ "$(cat starts | wc -l)" -eq "$1" ] || { echo "started $(wc -l <starts) times, wanted $1" >&2; return 1; }
}

# A method of this contract; BEFORE is done in each lane, over "lane" and "rows"; AFTER at the end.
lanes_method() {
    method "$1" <<END
found = asked()
targets = json.loads(found['targets'])
print('log of', *targets, file=sys.stderr)
def answer(lane, name='analysis_result', picture='curve.png', ledger='{}'):
    add(f'{lane}/images/{picture}', b'picture of ' + lane.encode(), is_file='true', image_type='line')
    add(f'{lane}/{name}', f'n,first\n{len(rows)},{rows[0]["Value"] if rows else ""}\n', is_file='true')
    add(f'{lane}/ledger', ledger)
for lane in targets:
    rows = rows_of(found, lane) if f'{lane}/image_analysis_results/spots' in found else []
${2:-}
    answer(lane)
${3:-}
end()
END
}

# The same method by the contract "files".
files_method() {
    program "$1" <<'END'
mkdir images
printf 'picture of %s' "$AR_DATA_NAME" >images/curve.png
printf 'name,image_type\ncurve.png,line\n' >images.csv
awk -F, 'NR == 2 { first = $4 } END { print "n,first"; print NR - 1 "," first }' image_analysis_results/spots.csv
END
}

# The rows of the results in the stream $1, lane by lane; of a lane that failed, the first line of its error.
told() {
    entries "$1" | grep -E '/(analysis_result|error)$' | while read -r name; do
        entry "$1" "$name" | case $name in */error) sed -n "1s|^|${name%/*}: |p" ;; *) tail -n +2 ;; esac
    done
}

# ---- what goes in and out ----

@test "a process gets a stream of lane inputs as a file, and its answers are the results" {
    lane_inputs D 007
    method ask <<'END'
assert os.environ['AR_STEP'] == 'analyze' and os.environ['AR_FIELDS'].startswith('1 2 3 ')
assert not {'AR_DATA_NAME', 'AR_SAMPLE_NAME', 'ANALYSISRUN_METHOD', 'ANALYSISRUN_MODE'} & set(os.environ) and os.listdir() == []
assert stat.S_ISREG(os.fstat(0).st_mode) and os.lseek(0, 0, os.SEEK_CUR) == 0
with open(os.environ['AR_START_DIR'] + '/asked', 'wb') as copy:
    copy.write(sys.stdin.buffer.read())
sys.stdin.seek(0)
found = asked()
for lane in json.loads(found['targets']):
    add(f'{lane}/images/b.PNG', b'\0' + lane.encode())
    add(f'{lane}/images/a', b'', image_type='line')
    add(f'{lane}/analysis_result', f'n,text,yes,none,data\n1.50,"5.80",true,,{lane}\n', is_file='true')
    add(f'{lane}/ledger', '{"outcome":"result"}')
end()
END
    AR_DATA_NAME=x ANALYSISRUN_MODE=y ar-analyze -q -j 1 -c lanes -- ./ask <in.tar >out.tar
    started 1
    # What it gets is what the stream holds of its lanes, in the stream's order, and a stream that other tools take.
    entries asked | diff - <(entries in.tar)
    for name in $(entries in.tar | grep /); do
        entry asked "$name" | cmp - <(entry in.tar "$name")
    done
    [ "$(entry asked targets | jq -c .)" = '{"D":"sample of D","007":"sample of 007"}' ]
    entry asked params | cmp - <(entry in.tar params)
    ar-analyze -q -j 1 -c lanes -- ./ask <asked >again.tar
    # What it answers.
    entries again.tar | diff - <(entries out.tar)
    printf '%s\n' n,text,yes,none,data,sample_name '1.50,"5.80",true,,007,sample of 007' | cmp - <(entry out.tar 007/analysis_result)
    entries out.tar | grep -e images/ -e result | diff - <(printf '%s\n' {D,007}/{images/a,images/b.PNG,analysis_result})
    entry out.tar D/ledger | jq -c '.files | map_values(.image_type // empty)' | diff - <(echo '{"images/a":"line","images/b.PNG":"png"}')
    entry out.tar D/images/b.PNG | cmp - <(printf '\0D')
    echo '{"name":"m","analyze":["m"],"contract":"lanes","image_analysis_results":{"spots":{"cleansing":"none"}}}' >manifest.json
    ar-analyze -q -j 1 -m manifest.json -- ./ask <in.tar | cmp - out.tar
}

@test "the results are those of the same method by the contract files, with any number of jobs, from a stream and lane by lane" {
    lane_inputs A B C D E
    ar-split -q -s samples.csv spots=<(grep -v ,B, spots.csv) | ar-cleanse -q -e Spot | tee cleansed.tar | ar-pack -q >in.tar
    lanes_method count
    files_method files
    ar-analyze -q -- ./files <in.tar >out.tar
    for jobs in 1 2 8; do
        rm -f starts
        ar-analyze -q -j $jobs -c lanes -- ./count <in.tar | cmp - out.tar
        started $((jobs < 5 ? jobs : 5))
    done
    told out.tar | diff - <(printf '%s\n' '2,5.80,A,sample of A' '0,,B,sample of B' '2,5.80,C,sample of C' '2,5.80,D,sample of D' '2,5.80,E,sample of E')
    ar-pack -q -d lanes <cleansed.tar
    for lane in B C; do
        ar-analyze -q -c lanes -- ./count <lanes/$lane.tar | cmp - <(ar-analyze -q -- ./files <lanes/$lane.tar)
    done
    ar-analyze -q -c lanes --lane E --lane A -j 1 -- ./count <in.tar | cmp - <(ar-analyze -q --lane E --lane A -- ./files <in.tar)
}

@test "lanes that failed before, unknown entries, names outside ASCII and long ones pass" {
    lane_inputs A 輝点 "$(printf '%0200d' 7)" D
    echo W,A,Spot,1 >>spots.csv # a second image-analysis method: A fails in ar-split
    ar-split -q -s samples.csv spots=spots.csv 2>/dev/null | ar-cleanse -q -e Spot | ar-pack -q >in.tar || [ $? -eq 1 ]
    python3 - <<'END'
import io, json, subprocess, tarfile
with tarfile.open('in.tar') as old, tarfile.open('changed.tar', 'w', format=tarfile.PAX_FORMAT) as new:
    def put(entry, body):
        entry.size = len(body)
        new.addfile(entry, io.BytesIO(body))
    for entry in old:
        body = old.extractfile(entry).read()
        if entry.name == 'D/ledger':
            put(tarfile.TarInfo('D/files/x'), b'unknown')
            hex = subprocess.run('xxh128sum', input=b'unknown', capture_output=True, check=True).stdout[:32].decode()
            ledger = json.loads(body)
            ledger['files']['files/x'] = dict(bytes=7, xxh3=hex)
            del ledger['xxh3']
            body = json.dumps(ledger, ensure_ascii=False).encode()
        put(entry, body)
END
    lanes_method count
    files_method files
    for jobs in 1 2; do
        ar-analyze -q -j $jobs -- ./files <changed.tar >out.tar || [ $? -eq 1 ]
        ar-analyze -q -j $jobs -c lanes -- ./count <changed.tar >lanes.tar || [ $? -eq 1 ]
        cmp out.tar lanes.tar
    done
    started 3
    entry out.tar A/error | grep -q method
    [ "$(entry out.tar D/files/x)" = unknown ]
    [ "$(entry lanes.tar 輝点/images/curve.png)" = 'picture of 輝点' ]
}

@test "a lane without a result, and one that the method says failed, in its own words" {
    lane_inputs A B C D
    lanes_method some '    if lane == "B": add("B/ledger", "{\"outcome\":\"no result\"}"); continue
    if lane == "C":
        add("C/images/a.png", b""); add("C/error", "no spots in \033[1mC\nlook at the camera\n"); add("C/ledger", "{\"outcome\":\"failed\"}"); continue'
    refuses 1 '4 lanes, 2 with a result, 1 without one, 1 failed' "lane 'C' (sample of C) failed: no spots in" -- ar-analyze -c lanes -j 1 -- ./some <in.tar
    mv out out.tar
    started 1
    printf '%s\n' 'no spots in \x1b[1mC' 'look at the camera' | cmp - <(entry out.tar C/error)
    entries out.tar | grep C/ | diff - <(printf 'C/%s\n' data_name sample_name params error ledger)
    [ "$(entry out.tar B/ledger | jq -r .outcome)" = 'no result' ]
    run ! entry out.tar B/analysis_result
    # The next steps take that.
    ar-merge -q <out.tar | ar-post -q -k >result.tar || [ $? -eq 1 ]
    [ "$(entry result.tar C/error)" = "$(entry out.tar C/error)" ]
    entry result.tar result_csv | diff - <(printf '%s\n' n,first,data,sample_name '2,5.80,A,sample of A' '2,5.80,D,sample of D')
}

@test "rows that a method drops by itself are in the ledger, and the account adds up" {
    lane_inputs A B
    lanes_method drops '    if lane == "B":
        answer(lane, ledger=json.dumps({"sets": {"spots": [{"stage": "split", "rows_in": 9, "rows": 9},
            {"stage": "method", "rows_in": 2, "rows": 1, "dropped": {"too dim": 1}}]}}))
        continue'
    ar-analyze -q -j 1 -c lanes -- ./drops <in.tar >out.tar
    entry out.tar B/ledger | jq -c '.sets.spots[-2:][]' | diff - <(printf '%s\n' '{"stage":"analyze","rows_in":2,"rows":2}' \
        '{"stage":"method","rows_in":2,"rows":1,"dropped":{"too dim":1}}')
    entry out.tar A/ledger | jq -r '.sets.spots[-1].stage' | diff - <(echo analyze)
    # 6 rows of the source: 2 of another entity are dropped, and one by the method.
    ar-merge <out.tar 2>err >merged.tar
    says 'spots: 6 rows, 3 analysed, 3 dropped'
    ar-post -q <merged.tar >result.tar
    entry result.tar result_csv | diff - <(printf '%s\n' n,first,data,sample_name '2,5.80,A,sample of A' '2,5.80,B,sample of B')
    # The same from a folder of lanes, whose index knows what each lane was.
    ar-pack -q -d lanes <in.tar
    mkdir results
    for lane in A B; do
        ar-analyze -q -c lanes -- ./drops <lanes/$lane.tar >results/$lane.tar
    done
    ar-merge -q --lanes lanes results 2>err | ar-post -q | entry - result_csv | diff - <(entry result.tar result_csv)
}

# Until something is so; what the method answers meanwhile, entries at the top, is no matter.
waiting='
    import glob, time
    def has(file, text): return text in open(os.environ["AR_START_DIR"] + "/" + file, errors="replace").read()
    def wait_for(what):
        while not what():
            add("targets", "{}")
            time.sleep(0.01)'
# ar-analyze has recorded, kept and handed over the lane before.
waits="$waiting"'
    if lane == "B":
        wait_for(lambda: has("record", "A\tresult") and glob.glob(os.environ["AR_START_DIR"] + "/kept/*.tar") and has("out", "A/ledger"))'

@test "a lane is recorded, kept and handed over when it was answered, not when its process has ended" {
    lane_inputs A B C
    lanes_method waits "$waits"
    ar-analyze -q -c lanes -j 1 --record record --cache kept -- ./waits <in.tar >out
    lanes_method plain
    ar-analyze -q -c lanes -j 1 -- ./plain <in.tar | cmp - out
    started 1
}

@test "what was answered before a worker or ar-analyze is killed stays" {
    lane_inputs A B C D
    lanes_method kills "$waits
        kill_worker()"
    refuses 1 '4 lanes, 3 with a result, 0 from the cache, 1 failed' "lane 'B' (sample of B) failed: its worker was killed by signal 9 (KILL)" -- \
        ar-analyze -c lanes -j 1 --record record --cache kept -- ./kills <in.tar
    mv out out.tar
    started 2
    told out.tar | sed 's/^B: .*/B/' | diff - <(printf '%s\n' '2,5.80,A,sample of A' B '2,5.80,C,sample of C' '2,5.80,D,sample of D')
    nothing_left
    # The same where ar-analyze is killed, its worker's parent: what is in the cache is there for the next one.
    rm -r kept record out.tar
    lanes_method ends "$waits
        os.kill(int(open('/proc/%d/stat' % os.getppid()).read().split()[3]), signal.SIGKILL)
        signal.pause()"
    run -137 bash -c 'ar-analyze -q -c lanes -j 1 --record record --cache kept -- ./ends <in.tar >out'
    key=$(grep "^A"$'\tresult' record | cut -f 5)
    [ -f "kept/$key.tar" ]
}

@test "seconds and memory are those of the lane, where it took long" {
    lane_inputs A B C
    lanes_method uneven "$waiting"'
    if lane == "B":
        start, much = time.monotonic(), b"x" * 200000000
        wait_for(lambda: time.monotonic() > start + 0.3)
        del much
    if lane == "C":
        wait_for(lambda: has("record", "B\tresult"))'
    ar-analyze -q -c lanes -j 1 --record record -- ./uneven <in.tar >out
    grep $'\tresult\t' record | cut -f 1,3,4 >told
    # A share of the whole would be a third each.
    python3 - <<'END'
lanes = {lane: (float(seconds), int(memory)) for lane, seconds, memory in (line.split('\t') for line in open('told'))}
assert list(lanes) == ['A', 'B', 'C'], lanes
assert lanes['B'][0] >= 0.3 and lanes['B'][1] >= 200000000, lanes
assert lanes['A'][1] < 200000000, lanes
END
}

# ---- what goes wrong ----

@test "a process that fails at its third lane keeps its first two; that lane fails; a new process has the rest" {
    lane_inputs A B C D E
    lanes_method bad '    if lane == "C": add("error", "C cannot be: " + lane); sys.exit(1)'
    refuses 1 '5 lanes, 4 with a result, 1 failed' "lane 'C' (sample of C) failed" 'C cannot be' 'logs/C.log' -- \
        ar-analyze -c lanes -j 1 --log logs --keep-work -- ./bad <in.tar
    mv out out.tar
    started 2
    told out.tar | diff - <(printf '%s\n' '2,5.80,A,sample of A' '2,5.80,B,sample of B' "C: './bad' exited with status 1: C cannot be: C" '2,5.80,D,sample of D' '2,5.80,E,sample of E')
    # One log for each process, called after its first lane; and the failed lane's.
    ls logs | diff - <(printf '%s.log\n' A C D)
    cat logs/A.log logs/C.log logs/D.log | diff - <(printf 'log of %s\n' 'A B C D E' 'A B C D E' 'D E')
    # What the failed lane had stays, to run it by hand.
    work=$(echo "$TMPDIR"/ar-*)
    ls -A "$work" | diff - <(echo C)
    entries "$work/C/input.tar" | diff - <(entries in.tar | grep -v -e '^[ABDE]/')
    [ "$(entry "$work/C/input.tar" targets)" = '{"C":"sample of C"}' ]
    run -1 env AR_STEP=analyze AR_START_DIR="$PWD" ./bad <"$work/C/input.tar"
    rm -r "$work"
    ar-analyze -q -c lanes -j 1 --keep-going -- ./bad <in.tar 2>/dev/null | cmp - out.tar
}

@test "however a process fails at a lane, or answers it, only that lane does, and it is told why" {
    lane_inputs A B C D
    lanes_method bad '    if lane != "C": pass
    elif way == "status": sys.exit(3)
    elif way == "killed": os.kill(os.getpid(), signal.SIGTERM)
    elif way == "worker": kill_worker()
    elif way == "error": add("error", "bad rows\nmore"); sys.exit(0)
    elif way == "prints": print("between"); sys.stdout.flush()
    elif way == "cut": sys.exit(0)
    elif way == "half": add(f"{lane}/images/a.png", b"p"); sys.exit(0)
    elif way == "open": add(f"{lane}/analysis_result", b"n\n1\n"); sys.exit(0)
    elif way == "inside": sys.stdout.buffer.write(tarfile.TarInfo("C/images/a.png").tobuf()[:100]); sys.exit(0)
    elif way == "size": head = tarfile.TarInfo("C/images/a.png"); head.size = 1 << 40; sys.stdout.buffer.write(head.tobuf())
    elif way == "nothing": continue
    elif way == "noledger": add(f"{lane}/analysis_result", b"n\n1\n"); continue
    elif way == "twice": answer(lane)
    elif way == "result": add(f"{lane}/analysis_result", b"n\n1\n")
    elif way == "picture": add(f"{lane}/images/curve.png", b"n\n1\n")
    elif way == "csv": add(f"{lane}/analysis_result", "no\nrows\nbut\ntwo\n"); add(f"{lane}/ledger", "{}"); continue
    elif way == "other": add(f"{lane}/analysis_result", "n,data\n1,A\n"); add(f"{lane}/ledger", "{}"); continue
    elif way == "hidden": answer(lane, picture=".a"); continue
    elif way == "folder": answer(lane, picture="a/b.png"); continue
    elif way == "broken": answer(lane, picture="a\nb")
    elif way == "json": answer(lane, ledger="{\"outcome\":"); continue
    elif way == "array": answer(lane, ledger="[]"); continue
    elif way == "outcome": answer(lane, ledger="{\"outcome\":\"no result\"}"); continue
    elif way == "lost": add(f"{lane}/ledger", "{\"outcome\":\"result\"}"); continue
    elif way == "mute": add(f"{lane}/error", "\n"); add(f"{lane}/ledger", "{}"); continue
    elif way == "rows": answer(lane, ledger=record(rows_in=3, rows=3)); continue
    elif way == "sum": answer(lane, ledger=record(rows_in=2, rows=1)); continue
    elif way == "form": answer(lane, ledger=record(rows_in=2, rows=1, dropped=[1])); continue
    elif way == "set": answer(lane, ledger=record(rows_in=2, rows=2).replace("spots", "others")); continue
    elif way == "echo": add(f"{lane}/image_analysis_results/spots", b"x")
    elif way == "name": add(f"{lane}/data_name", b"c")
    elif way == "foreign": answer("0007"); continue
    elif way == "top": add("result_csv", b"n\n"); continue' '
if way == "reverse": pass'
    sed -i '/^targets = /i\
def record(**values): return json.dumps({"sets": {"spots": [dict(values, stage="method")]}})' bad
    while read -r way starts text; do
        sed -i "/asked()$/s/.*/way, found = '$way', asked()/" bad
        rm -f starts
        refuses 1 '4 lanes, 3 with a result, 1 failed' "lane 'C' (sample of C) failed" "$text" -- ar-analyze -c lanes -j 1 -- ./bad <in.tar ||
            { echo "way: $way"; return 1; }
        mv out out.tar
        started "$starts" || { echo "way: $way"; return 1; }
        told out.tar | sed 's/^C: .*/C/' | diff - <(printf '%s\n' '2,5.80,A,sample of A' '2,5.80,B,sample of B' C '2,5.80,D,sample of D')
        nothing_left
    done <<'END'
status 2 exited with status 3
killed 2 was killed by signal 15 (TERM)
worker 2 its worker was killed by signal 9 (KILL)
error 2 it answered with an error: bad rows
prints 2 its standard output
cut 2 it ended with status 0 before it had answered this lane
half 2 it ended with status 0 before it had answered this lane
open 2 it ended with status 0 before it had answered this lane
inside 2 it ended with status 0 before it had answered this lane
size 2 'C/images/a.png'
nothing 1 ended without a result of this lane
noledger 1 ended without a result of this lane
result 1 it answered with 'C/analysis_result', which is there twice
picture 1 'images/curve.png' is there twice
csv 1 C/analysis_result
other 1 'A'
hidden 1 'images/.a' is a hidden file
folder 1 it answered with 'C/images/a/b.png', which is nothing that a method may answer
broken 2 has a control character in its name
json 1 'C/ledger'
array 1 'C/ledger' is no JSON object
outcome 1 'C/ledger' says the outcome 'no result', and what the method answered is 'result'
lost 1 'C/ledger' says the outcome 'result', and what the method answered is 'no result'
mute 1 it answered with an error that has no text
rows 1 in its ledger, the set 'spots': the method says that it got 3 rows, and it was given 2
sum 1 in its ledger, the set 'spots': the method accounts for 1 rows of 2
form 1 in its ledger, the set 'spots'
set 1 the lane has no such set
echo 1 it answered with 'C/image_analysis_results/spots', which is nothing that a method may answer
name 1 it answered with 'C/data_name', which is not as it was given
foreign 1 '0007/images/curve.png', which is of no lane that it was given
top 1 it answered with 'result_csv', which is of no lane
END
}

@test "a process may say of which lane its log is: each lane has its own part, and a failure quotes that" {
    lane_inputs A B C D
    says='
    if os.environ.get("AR_LOG_LANES"): print(f"\x1e{lane}", file=sys.stderr)
    if lane != "D": print(f"of {lane}\x1e", file=sys.stderr, end="")'
    lanes_method bad "$says"'
    if lane == "B": add("B/error", "no luck"); add("B/ledger", "{}"); continue
    if lane == "C": sys.exit(3)'
    for logs in '' '--log=logs'; do
        refuses 1 "lane 'B' (sample of B) failed: no luck" "lane 'C' (sample of C) failed: './bad' exited with status 3" -- \
            ar-analyze -c lanes -j 1 $logs -- ./bad <in.tar
        entry out C/error | tail -n 1 | diff - <(echo 'of C\x1e')
    done
    ls logs | diff - <(printf '%s.log\n' A B C D)
    # "log of A B C D" stands before the first mark; D, the only lane of its process, is not asked to say which it is.
    cat logs/A.log | diff - <(printf 'log of A B C D\nof A\x1e')
    cat logs/B.log | diff - <(printf 'of B\x1e')
    cat logs/C.log | diff - <(printf 'of C\x1e')
    cat logs/D.log | diff - <(echo log of D)
}

@test "what comes behind a lane's ledger is a failure of the process, which is that of its last lane" {
    # The lane itself may have been taken by then, so that it depends on no time which lane has failed.
    lane_inputs A B C
    for taken in False True; do
        lanes_method bad "$waiting" "    if lane == 'A' and $taken: wait_for(lambda: has('record', 'A\tresult'))
    if lane == 'A': answer(lane)"
        refuses 1 "lane 'C' (sample of C) failed: it answered with 'A/images/curve.png', which stands behind that lane's ledger" -- \
            ar-analyze -c lanes -j 1 --record record -- ./bad <in.tar
        told out | sed 's/^C: .*/C/' | diff - <(printf '%s\n' '2,5.80,A,sample of A' '2,5.80,B,sample of B' C)
    done
}

@test "a process that fails behind its last lane has failed" {
    lane_inputs A B
    for way in 'sys.exit(3)' 'add("error", "late"); end(); sys.exit(0)' 'sys.exit(0)' kill_worker\(\) 'end(); print("behind"); sys.exit(0)'; do
        lanes_method bad '' "$way"
        refuses 1 "lane 'B' (sample of B) failed" -- ar-analyze -c lanes -j 1 -- ./bad <in.tar
        started 1
        told out | sed 's/^B: .*/B/' | diff - <(printf '%s\n' '2,5.80,A,sample of A' B)
    done
}

@test "an answer that is none fails its first lane, and the next process is asked for the rest" {
    lane_inputs A B
    while read -r wanted code; do
        method bad <<<"$code"
        refuses 1 "${wanted//_/ }" '2 failed' -- ar-analyze -c lanes -j 1 -- ./bad <in.tar
        started 2
    done <<'END'
it_printed_nothing pass
it_printed_'hello'_before_its_tar print('hello')
ended_without_a_result_of_this_lane end()
its_worker_was_killed_by_signal_9 os.kill(os.getppid(), signal.SIGKILL); signal.pause()
END
    refuses 2 "cannot start './gone'" -- ar-analyze -c lanes -- ./gone <in.tar
}

@test "a worker that is killed: what its lane had stays where that is wanted" {
    lane_inputs A B C
    lanes_method bad '    if lane == "B": kill_worker()'
    refuses 1 "lane 'B' (sample of B) failed: its worker was killed" -- ar-analyze -c lanes -j 1 --keep-work -- ./bad <in.tar
    work=$(echo "$TMPDIR"/ar-*)
    [ "$(entry "$work/B/input.tar" targets)" = '{"B":"sample of B"}' ]
    entry "$work/B/input.tar" B/image_analysis_results/spots | cmp - <(entry in.tar B/image_analysis_results/spots)
    rm -r "$work"
}

@test "after the first failure the next process gets all that is left, then half as many each time, and twice as many where that goes well" {
    lane_inputs $(seq 1 20)
    lanes_method bad '    if int(lane) <= 4 or lane == "12": sys.exit(1)'
    sed -i '/^targets = /a\
with open(os.environ["AR_START_DIR"] + "/shares", "a") as shares: print(*targets, file=shares)' bad
    refuses 1 '20 lanes, 15 with a result, 5 failed' -- ar-analyze -c lanes -j 1 -- ./bad <in.tar
    diff shares - <<END
$(echo {1..20})
$(echo {2..20})
$(echo {3..11})
4 5 6 7
5 6
7 8 9 10
$(echo {11..18})
13 14 15 16
17 18 19 20
END
    told out | cut -d, -f1-3 | sed 's/:.*//' | diff - <(for lane in {1..20}; do case $lane in [1-4] | 12) echo $lane ;; *) echo "2,5.80,\"$lane\"" ;; esac; done)
}

# ---- many, and much ----

@test "thousands of lanes: shares of a thousand at most, and every lane is there" {
    local n=3100
    [ -z "${TESTS_SANITIZED:-}" ] || n=1100
    lane_inputs $(seq -w 1 $n)
    lanes_method count
    ar-analyze -q -j 1 -c lanes -- ./count <in.tar >out.tar
    [ "$(cat starts | wc -l)" -ge $((n / 1000 + 1)) ]
    ar-merge -q <out.tar | ar-post -q >result.tar
    entry result.tar result_csv | diff - <(echo n,first,data,sample_name; for lane in $(seq -w 1 $n); do echo "2,5.80,\"$lane\",sample of $lane"; done | sed 's/"\(0[0-9]*\)"/\1/')
}

@test "a share ends where it is large, and large sets come whole" {
    # 40 lanes of about 1 MiB.
    python3 - <<'END'
with open('samples.csv', 'w') as s, open('spots.csv', 'w') as t:
    print('data,sample', file=s)
    print('ImageAnalysisMethod,Data,Entity,Value', file=t)
    for lane in range(40):
        print(f'{lane},sample of {lane}', file=s)
        for row in range(40000):
            print(f'V,{lane},Spot,{row}.{lane:017}', file=t)
END
    ar-split -q -s samples.csv spots=spots.csv | ar-cleanse -q -e Spot | ar-pack -q >in.tar
    method sum <<'END'
import hashlib
found = asked()
lanes = list(json.loads(found['targets']))
with open(os.environ['AR_START_DIR'] + '/shares', 'a') as shares: print(len(lanes), file=shares)
for lane in lanes:
    add(f'{lane}/analysis_result', 'md5\n' + hashlib.md5(found[f'{lane}/image_analysis_results/spots']).hexdigest() + '\n')
    add(f'{lane}/ledger', '{}')
end()
END
    program files <<'END'
printf 'md5\n%s\n' "$(md5sum <image_analysis_results/spots.csv | cut -c 1-32)"
END
    ar-analyze -q -j 1 -c lanes -- ./sum <in.tar >out.tar
    ar-analyze -q -j 2 -- ./files <in.tar | cmp - out.tar
    # At 2 MiB, 4, 8, 16 and 32, as the stream's entries say.
    python3 - <<'END' | diff shares -
import tarfile
sizes = {}
for entry in tarfile.open('in.tar'):
    lane = entry.name.partition('/')[0] if '/' in entry.name else None
    sizes[lane] = sizes.get(lane, 0) + 512 + (entry.size + 511) // 512 * 512 + (1024 if entry.pax_headers else 0)
limit, lanes, bytes = 2 << 20, 0, sizes.pop(None)
for size in sizes.values():
    lanes, bytes = lanes + 1, bytes + size
    if bytes >= limit:
        print(lanes)
        limit, lanes, bytes = 2 * limit, 0, 0
print(lanes)
END
}

@test "a share of more lanes than there are descriptors" {
    lane_inputs $(seq 1 300)
    lanes_method count
    (ulimit -n 200 && ar-analyze -q -j 1 -c lanes -- ./count <in.tar >out.tar)
    started 1
    [ "$(told out.tar | wc -l)" -eq 300 ]
}

@test "the time limit is that of a lane, and begins anew with each entry" {
    # A lane needs less than the limit, all of them need more.
    lane_inputs A B C
    lanes_method slow '    import time; time.sleep(1.5)'
    ar-analyze -q -j 1 -t 4 -c lanes -- ./slow <in.tar >out.tar
    started 1
    [ "$(told out.tar | wc -l)" -eq 3 ]
    lanes_method slow '    if lane == "B": signal.pause()'
    refuses 1 '1 failed' 'ran longer than its limit' -- ar-analyze -j 1 -t 4 -c lanes -- ./slow <in.tar
    told out | sed 's/^B: .*/B/' | diff - <(printf '%s\n' '2,5.80,A,sample of A' B '2,5.80,C,sample of C')
}

@test "SIGTERM half-way ends the processes, and leaves nothing" {
    lane_inputs A B
    lanes_method slow '    open(os.environ["AR_START_DIR"] + "/up", "w"); signal.pause()'
    ar-analyze -c lanes -j 2 -- ./slow <in.tar >out.tar 2>err 3>&- &
    pid=$!
    wait_until test -e up
    kill -TERM $pid
    wait $pid || status=$?
    [ "$status" -eq 143 ]
    is_unfinished out.tar
    nothing_left
}

# ---- the postprocess ----

@test "ar-post -c lanes: the merged stream goes in as a file, result_csv comes back; all else is as by files" {
    lane_inputs A B 007
    lanes_method some '    if lane == "B": sys.exit(1)'
    ar-analyze -q -c lanes --keep-going -- ./some <in.tar 2>/dev/null | ar-merge -q >merged.tar
    method judge <<'END'
assert os.environ['AR_STEP'] == 'postprocess' and not {'ANALYSISRUN_METHOD', 'AR_DATA_NAME'} & set(os.environ)
assert stat.S_ISREG(os.fstat(0).st_mode) and os.lseek(0, 0, os.SEEK_CUR) == 0 and os.listdir() == []
with open(os.environ['AR_START_DIR'] + '/asked', 'wb') as copy:
    copy.write(sys.stdin.buffer.read())
add('targets', '{}')
add('result_csv', 'data,rel,t\n007,0.50,"5.80"\nA,1,\n', is_file='true')
add('result_json/A', 'not looked at')
add('ledger', '{}')
end()
END
    ar-post -q -k -c lanes -- ./judge <merged.tar >out.tar || [ $? -eq 1 ]
    cmp asked merged.tar
    program files <<'END'
printf '%s\n' data,rel,t '007,0.50,"5.80"' A,1,
END
    ar-post -q -k -- ./files <merged.tar >files.tar || [ $? -eq 1 ]
    cmp out.tar files.tar
    printf '%s\n' data,rel,t,sample_name '007,0.50,"5.80",sample of 007' A,1,,sample\ of\ A | cmp - <(entry out.tar result_csv)
    echo '{"name":"m","analyze":["m"],"contract":"lanes","image_analysis_results":{"spots":{"cleansing":"none"}}}' >manifest.json
    ar-post -q -k -m manifest.json -- ./judge <merged.tar >again.tar || [ $? -eq 1 ]
    cmp again.tar out.tar
}

@test "ar-post -c lanes: a postprocess that answers otherwise has failed, and nothing is written" {
    lane_results 'A={"n":4}' 'B={"n":5}'
    ar-merge -q <results.tar >merged.tar
    while read -r wanted code; do
        method judge <<<"$code"
        refuses 1 "the postprocess './judge'" "${wanted//_/ }" -- ar-post -c lanes -- ./judge <merged.tar
        is_unfinished out
    done <<'END'
status_3:_x add('error', 'x'); sys.exit(3)
it_answered_with_an_error:_no_lanes add('error', 'no lanes'); end()
it_printed_nothing pass
it_printed_'hello'_before_its_tar print('hello')
its_tar_has_no_entry add('result_json/A', '{}'); end()
'A/images/new.png',_which_would_be_lost add('result_csv', 'data\nA\n'); add('A/images/new.png', 'x'); end()
its_worker_was_killed os.kill(os.getppid(), signal.SIGKILL); signal.pause()
its_standard_output add('result_csv', 'n,data\n1,A\n')
'C'_is_no_lane_of_this_run add('result_csv', 'n,data\n1,C\n'); end()
END
    refuses 2 'expected files, lanes or first' -- ar-post -c analyzeseq -- ./judge <merged.tar
}

@test "ar-post -c lanes --cache: a postprocess that gets all of the stream runs again when any of it changed" {
    lane_inputs A B
    lanes_method some '    if lane == "B": add(f"{lane}/error", os.environ["WHY"]); add(f"{lane}/ledger", "{}"); continue'
    for why in dark bright; do
        WHY=$why ar-analyze -q -c lanes --keep-going -- ./some <in.tar 2>/dev/null | ar-merge -q >$why.tar
    done
    method judge <<'END'
found = asked()
add('result_csv', f'data,why\nA,{found["B/error"].decode()}\n')
end()
END
    for why in dark bright dark; do
        ar-post -q -k -c lanes --cache kept -- ./judge <$why.tar >out.tar || [ $? -eq 1 ]
        entry out.tar result_csv | diff - <(printf '%s\n' data,why,sample_name "A,$why,sample of A")
    done
    started 2
}
