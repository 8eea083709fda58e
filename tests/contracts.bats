#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Methods of the Python runner's two dialects, unmodified: ar-analyze -c first, ar-analyze -c analyzeseq, ar-post -c first. The methods here are
# written in Python with its standard library alone; of pandas there is what a pickle needs to name. What is expected is written by hand.

load helpers.bash

setup() {
    in_scratch
    mark_what_is_started
    unset ANALYSISRUN_METHOD ANALYSISRUN_MODE
    cp "$BATS_TEST_DIRNAME/runner.py" .
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

# A method of the first dialect. BEFORE: what it does with the lane before it answers, in Python, over "lane" and "found".
first_method() {
    method "$1" <<END
found = asked()
lane, rows = found['data_name'].decode(), load(found['image_analysis_results/spots']).rows
print('log of', lane, file=sys.stderr)
${2:-}
add('images/curve.png', b'picture of ' + lane.encode())
first, sample = rows[0]['Value'] if rows else None, found['sample_name'].decode()
add('analysis_result', series(n=len(rows), first=first, data_name=lane, sample_name=sample), is_file='true')
end()
END
}

# A method of the present dialect; BEFORE is done in each lane, over "lane" and "rows"; AFTER at the end.
seq_method() {
    method "$1" <<END
found = asked()
targets, table = json.loads(found['targets']), load(found['image_analysis_results/spots'])
print('log of', *targets, file=sys.stderr)
def answer(lane, name='analysis_result', picture='curve.png'):
    add(f'{lane}/images/{picture}', b'picture of ' + lane.encode(), is_file='true', image_type='line')
    rows = [row for row in table.rows if row['Data'] == lane]
    first = rows[0]['Value'] if rows else ''
    add(f'{lane}/{name}', f'n,first,data,sample_name\n{len(rows)},{first},{lane},{targets.get(lane)}\n', is_file='true')
for lane in targets:
${2:-}
    answer(lane)
${3:-}
end()
END
}

# The rows of the results in the stream $1, lane by lane; of a lane that failed, the first line of its error.
told() {
    entries "$1" | grep -E '/(analysis_result|error)$' | while read -r name; do
        entry "$1" "$name" | case $name in */error) sed -n "1s|^|${name%/*}: |p" ;; *) tail -n +2 ;; esac
    done
}

# ---- the first dialect ----

@test "first: a lane's names, params and rows come as one tar, text columns as the manifest has them; what it answers is the result" {
    lane_inputs D 007
    cat >manifest.json <<'END'
{"name": "m", "image_analysis_results": {"spots": {"cleansing": "none", "text": ["Data", "Value"]}}, "analyze": ["m"], "contract": "first"}
END
    method ask <<'END'
body = sys.stdin.buffer.read()
lane = tarfile.open(fileobj=io.BytesIO(body)).extractfile('data_name').read().decode()
with open(os.environ['AR_START_DIR'] + '/asked.' + lane, 'wb') as file:
    file.write(body)
assert (os.environ['ANALYSISRUN_METHOD'], os.environ.get('ANALYSISRUN_MODE'), os.environ['AR_DATA_NAME']) == ('analyze', None, lane)
add('images/b.PNG', b'\0picture', is_file='true')
add('analysis_result', series(n=2, text='5.80', x=5.5, yes=True, none=None, data_name=lane), is_file='true')
add('images/a', b'', image_type='line')
end()
END
    ar-analyze -q -m manifest.json -- ./ask <in.tar >out.tar
    entries asked.007 | diff - <(printf '%s\n' data_name sample_name params image_analysis_results/spots)
    for name in data_name sample_name params; do
        entry asked.007 "$name" | cmp - <(entry in.tar "007/$name")
    done
    python3 - <<'END'
import tarfile
from runner import load
table = load(tarfile.open('asked.007').extractfile('image_analysis_results/spots').read())
assert table.text == ['Data', 'Entity', 'Value']
assert table.rows == [dict(ImageAnalysisMethod='V', Data='007', Entity='Spot', Value=value) for value in ('5.80', '007')]
END
    printf '%s\n' n,text,x,yes,none,data,sample_name '2,"5.80",5.5,true,,007,sample of 007' | cmp - <(entry out.tar 007/analysis_result)
    printf '\0picture' | cmp - <(entry out.tar 007/images/b.PNG)
    entries out.tar | grep images/ | diff - <(printf '%s\n' D/images/a D/images/b.PNG 007/images/a 007/images/b.PNG)
    entry out.tar D/ledger | jq -c '.files | map_values(.image_type // empty)' | diff - <(echo '{"images/a":"line","images/b.PNG":"png"}')
    started 2
    # The manifest says what -c says, and -c goes before it.
    ar-analyze -q -c first -- ./ask <in.tar | cmp - out.tar
    refuses 1 './ask' -- ar-analyze -c files -m manifest.json -- ./ask <in.tar
}

@test "first: the same bytes with any number of jobs, from a stream, and lane by lane" {
    lane_inputs A B C D E
    first_method count
    ar-analyze -q -j 1 -c first -- ./count <in.tar >out.tar
    for jobs in 2 8; do
        ar-analyze -q -j $jobs -c first -- ./count <in.tar | cmp - out.tar
    done
    told out.tar | diff - <(for lane in A B C D E; do echo "2,5.80,$lane,sample of $lane" ; done | sed 's/5.80/"5.80"/')
    ar-split -q -s samples.csv spots=spots.csv | ar-cleanse -q -e Spot | ar-pack -q -P threshold=0.80 -d lanes
    for lane in A B C D E; do
        ar-analyze -q -c first -- ./count <lanes/$lane.tar >$lane.tar
    done
    ar-merge -q --lanes lanes E.tar D.tar C.tar B.tar A.tar | cmp - <(ar-merge -q <out.tar)
}

@test "first: a lane without rows gets its header, and is no failure" {
    lane_inputs A B
    ar-split -q -s samples.csv spots=<(grep -v ,B, spots.csv) | ar-cleanse -q -e Spot | ar-pack -q >in.tar
    first_method count
    ar-analyze -q -c first -- ./count <in.tar >out.tar
    told out.tar | diff - <(printf '%s\n' '2,"5.80",A,sample of A' '0,,B,sample of B')
}

@test "first: whatever a method does instead of answering fails its lane alone, and is told" {
    lane_inputs good status killed worker says prints present cut nothing picture behind twice folder hidden frame other empty late
    first_method bad '
def picture(name): add("images/" + name, b"p")
match lane:
    case "status": add("error", "bad lane"); sys.exit(2)
    case "killed": os.kill(os.getpid(), signal.SIGTERM)
    case "worker": os.kill(os.getppid(), signal.SIGKILL); signal.pause()
    case "says": add("error", "bad rows\nmore"); sys.exit(0)
    case "prints": print("reading rows"); sys.stdout.flush()
    case "present": add(f"{lane}/analysis_result", "n\n1\n"); end(); sys.exit()
    case "cut": add("analysis_result", series(n=1)); sys.exit()
    case "nothing": sys.exit()
    case "picture": picture("a.png"); end(); sys.exit()
    case "behind": add("analysis_result", series(n=1)); end(); print("done"); sys.exit()
    case "twice": add("analysis_result", series(n=1))
    case "folder": picture("a/b.png")
    case "hidden": picture(".b.png")
    case "frame": add("analysis_result", found["image_analysis_results/spots"]); end(); sys.exit()
    case "other": add("analysis_result", series(n=1, data_name="good")); end(); sys.exit()
    case "empty": end(); sys.exit()
    case "late": picture("x\ny")
'
    refuses 1 '17 failed' -- ar-analyze -c first -j 2 -- ./bad <in.tar
    mv out out.tar
    started 18
    told out.tar >told
    diff - <(cut -d: -f1 told | tr '\n' ' '; echo) <<<'2,"5.80",good,sample of good status killed worker says prints present cut nothing picture behind twice folder hidden frame other empty late '
    while read -r lane text; do
        grep -F "$lane: " told | grep -qF "$text" || { echo "$lane: no \"$text\" in"; grep -F "$lane: " told; return 1; }
    done <<'END'
status exited with status 2
killed was killed by signal 15 (TERM)
worker its worker was killed by signal 9 (KILL)
says it answered with an error: bad rows
prints it printed 'reading rows' before its tar
present present dialect
cut its standard output
nothing it printed nothing
picture no entry 'analysis_result'
behind it printed 'done' behind its tar
twice 'analysis_result' is there twice
folder 'images/a/b.png' lies in a folder
hidden 'images/.b.png' is a hidden file
frame its analysis_result
other 'good'
empty its standard output
late has a control character in its name
END
    # What it said is in the error, and the next stages pass it on.
    entry out.tar killed/error | holds -F 'log of killed'
    ar-merge -q <out.tar 2>/dev/null | ar-post -q -k 2>/dev/null >result.tar || [ $? -eq 1 ]
    entry result.tar result_csv | diff - <(printf '%s\n' n,first,data,sample_name '2,"5.80",good,sample of good')
}

@test "first: --lane, --log, --keep-work with the tar that the method got, --keep-going, a time limit" {
    lane_inputs A B C
    first_method some 'if lane == "B": sys.exit(4)
if lane == "C": signal.pause()'
    refuses 1 '1 failed' 'exited with status 4' 'logs/B.log' -- ar-analyze -c first --lane A --lane B --log logs --keep-work -- ./some <in.tar
    diff - logs/A.log <<<'log of A'
    diff - logs/B.log <<<'log of B'
    [ ! -e logs/C.log ]
    work=$(echo "$TMPDIR"/ar-*)
    ls "$work" | diff - <(echo B)
    # By hand, it fails alike.
    run -4 env ANALYSISRUN_METHOD=analyze AR_START_DIR="$PWD" ./some <"$work/B/input.tar"
    rm -r "$work"
    ar-analyze -c first --lane C -t 0.2 --keep-going -- ./some <in.tar >out.tar 2>err
    says 'ran longer than its limit'
}

# ---- the postprocess of the first dialect ----

# ar-post's input with these lanes.
merged() {
    lane_results 'A={"n":4,"t":"5.80","x":0.5,"yes":true}' '007={"n":5,"t":"NA","x":null}'
    ar-merge -q <results.tar >merged.tar
}

@test "ar-post -c first: the merged table and the params come as one tar; result_csv is the result, with the types of result_json" {
    merged
    method judge <<'END'
assert os.environ['ANALYSISRUN_METHOD'] == 'postprocess' and 'AR_DATA_NAME' not in os.environ
found = asked()
assert list(found) == ['analysis_results', 'params'] and json.loads(found['params']) == {'threshold': 0.8}
table = load(found['analysis_results'])
assert table.columns == ['n', 't', 'x', 'yes', 'data_name', 'sample_name'], table.columns
assert [list(row.values())[:4] for row in table.rows] == [[4, '5.80', 0.5, True], [5, 'NA', None, None]], table.rows
add('result_csv', 'rel,t,yes,data_name,sample_name\n0.8,5.80,True,A,sample of A\n1,007,,007,sample of 007\n', is_file='true')
add('result_json/A', '{"rel":0.8,"t":"5.80","yes":true,"data_name":"A","sample_name":"sample of A"}', is_file='true')
add('result_json/007', '{"rel":1,"t":"007","yes":null,"data_name":"007","sample_name":"sample of 007"}', is_file='true')
end()
END
    ar-post -c first -- ./judge <merged.tar >out.tar
    printf '%s\n' rel,t,yes,data,sample_name '0.8,"5.80",true,A,sample of A' '1,007,,007,sample of 007' | diff - <(entry out.tar result_csv)
    [ "$(entry out.tar result_json/A | jq -c .)" = '{"rel":0.8,"t":"5.80","yes":true,"data":"A","sample_name":"sample of A"}' ]
    [ "$(entry out.tar result_json/007 | jq -c '[.t,.yes]')" = '["007",null]' ]
    echo '{"name":"m","analyze":["m"],"contract":"first","image_analysis_results":{"spots":{"cleansing":"none"}}}' >manifest.json
    ar-post -m manifest.json -- ./judge <merged.tar | cmp - out.tar
}

@test "ar-post -c first: a postprocess that answers otherwise has failed, and nothing is written" {
    merged
    while read -r wanted code; do
        method judge <<<"$code"
        refuses 1 "the postprocess './judge'" "$(tr '_*' ' _' <<<"$wanted")" -- ar-post -c first -- ./judge <merged.tar
        is_unfinished out
    done <<'END'
status_3 add('error', 'x'); sys.exit(3)
it_answered_with_an_error:_no_lanes add('error', 'no lanes'); end()
it_printed_nothing pass
it_printed_'hello'_before_its_tar print('hello')
an_analyze add('analysis_result', series(n=1)); end()
present_dialect add('A/result_json', '{}'); end()
no_entry add('result_json/A', '{}'); end()
its_worker_was_killed os.kill(os.getppid(), signal.SIGKILL); signal.pause()
its_standard_output add('result_csv', 'n,data\n1,A\n')
its_result*csv,_line_2: add('result_csv', 'n,data\n1\n'); end()
END
}

# ---- the present dialect ----

@test "a method that answers with a tar where none is wanted, or with one of the other dialect, is told its contract" {
    lane_inputs D
    method tar <<'END'
import gzip
tar = io.BytesIO()
with tarfile.open(fileobj=tar, mode='w') as new:
    info = tarfile.TarInfo('error')
    info.size = 8
    new.addfile(info, io.BytesIO(b'no input'))
body = tar.getvalue() if 'plain' in sys.argv else gzip.compress(tar.getvalue())
sys.stdout.buffer.write(body)
sys.stdout.flush()
sys.exit(int(sys.argv[1]))
END
    for how in '0 plain' '2 plain' 0 2; do
        # shellcheck disable=SC2086 # two words
        refuses 1 'it answered with a tar' '-c first or -c analyzeseq' -- ar-analyze -- ./tar $how <in.tar
    done
    refuses 1 "exited with status 2: no input (compressed, as the present dialect answers" '-c analyzeseq' -- ar-analyze -c first -- ./tar 2 <in.tar
    ar-analyze -q -- echo '{"n":1}' <in.tar | ar-merge -q >merged.tar
    refuses 1 'it answered with a tar' '-c first' -- ar-post -- ./tar 0 <merged.tar
}

@test "analyzeseq: targets, params and all rows come as one tar; results, pictures and their types are taken" {
    lane_inputs D 007
    method ask <<'END'
assert (os.environ['ANALYSISRUN_MODE'], os.environ.get('ANALYSISRUN_METHOD'), os.environ.get('AR_DATA_NAME')) == ('analyzeseq', None, None)
found = asked()
assert list(found) == ['targets', 'params', 'image_analysis_results/spots']
assert found['targets'].decode() == '{"D":"sample of D","007":"sample of 007"}' and json.loads(found['params']) == {'threshold': 0.8}
table = load(found['image_analysis_results/spots'])
assert table.text == ['Entity'] and [row['Data'] for row in table.rows] == ['D', 'D', '007', '007']
for lane in '007', 'D':
    add(f'{lane}/images/b.PNG', b'\0' + lane.encode(), is_file='true')
    add(f'{lane}/images/a', b'', image_type='line')
    add(f'{lane}/analysis_result', f'n,text,yes,none,data\n1.50,"5.80",True,,{lane}\n', is_file='true')
end()
END
    ar-analyze -q -j 1 -c analyzeseq -- ./ask <in.tar >out.tar
    started 1
    printf '%s\n' n,text,yes,none,data,sample_name '1.50,"5.80",true,,007,sample of 007' | cmp - <(entry out.tar 007/analysis_result)
    entries out.tar | grep -e images/ -e result | diff - <(printf '%s\n' {D,007}/{images/a,images/b.PNG,analysis_result})
    entry out.tar D/ledger | jq -c '.files | map_values(.image_type // empty)' | diff - <(echo '{"images/a":"line","images/b.PNG":"png"}')
    entry out.tar D/images/b.PNG | cmp - <(printf '\0D')
    echo '{"name":"m","analyze":["m"],"contract":"analyzeseq","image_analysis_results":{"spots":{"cleansing":"none"}}}' >manifest.json
    ar-analyze -q -j 1 -m manifest.json -- ./ask <in.tar | cmp - out.tar
}

@test "analyzeseq: what a preprocessing of the Python runner left goes to each process, as it is, and on" {
    lane_inputs A B C
    head -c 100000 /dev/urandom >left
    python3 - <<'END'
import io, tarfile
with tarfile.open('in.tar') as old, tarfile.open('more.tar', 'w', format=tarfile.PAX_FORMAT) as new:
    for entry in old:
        if entry.name == 'A/data_name':
            more = tarfile.TarInfo('preprocessed_data')
            more.size, more.pax_headers = 100000, {'is_file': 'true'}
            new.addfile(more, open('left', 'rb'))
        new.addfile(entry, old.extractfile(entry))
END
    seq_method look "    assert found.get('preprocessed_data') == open(os.environ['AR_START_DIR'] + '/left', 'rb').read()"
    ar-analyze -q -j 3 -c analyzeseq -- ./look <more.tar >out.tar
    started 3
    told out.tar | diff - <(printf '2,5.80,%s,sample of %s\n' A A B B C C)
    [ "$(entries out.tar | grep -v /)" = "$(entries more.tar | grep -v /)" ]
    entry out.tar preprocessed_data | cmp - left
    ar-analyze -q -j 1 -c analyzeseq -- ./look <more.tar | cmp - out.tar
    ar-analyze -q -c analyzeseq --lane B -- ./look <more.tar | entry /dev/stdin preprocessed_data | cmp - left
}

@test "analyzeseq: the same bytes with any number of jobs; a process for each share; a lane without rows, and one alone" {
    lane_inputs A B C D E
    ar-split -q -s samples.csv spots=<(grep -v ,B, spots.csv) | ar-cleanse -q -e Spot | tee cleansed.tar | ar-pack -q >in.tar
    seq_method count
    ar-analyze -q -j 1 -c analyzeseq -- ./count <in.tar >out.tar
    started 1
    for jobs in 2 8; do
        rm starts
        ar-analyze -q -j $jobs -c analyzeseq -- ./count <in.tar | cmp - out.tar
        started $((jobs < 5 ? jobs : 5))
    done
    told out.tar | diff - <(printf '%s\n' '2,5.80,A,sample of A' '0,,B,sample of B' '2,5.80,C,sample of C' '2,5.80,D,sample of D' \
        '2,5.80,E,sample of E')
    ar-pack -q -d lanes <cleansed.tar
    ar-analyze -q -c analyzeseq -- ./count <lanes/C.tar >C.tar
    entry C.tar analysis_result | diff - <(entry out.tar C/analysis_result)
    ar-analyze -q -c analyzeseq --lane E --lane A -j 1 -- ./count <in.tar >some.tar
    [ "$(entry some.tar B/ledger | jq -r .outcome)" = 'not chosen' ]
    entry some.tar E/analysis_result | diff - <(entry out.tar E/analysis_result)
}

@test "analyzeseq: a process that fails at its third lane keeps its first two; that lane fails; a new process has the rest" {
    lane_inputs A B C D E
    seq_method bad '    if lane == "C": add("error", "C cannot be: " + lane); sys.exit(1)'
    refuses 1 '5 lanes, 4 with a result, 1 failed' "lane 'C' (sample of C) failed" 'C cannot be' 'logs/C.log' -- \
        ar-analyze -c analyzeseq -j 1 --log logs --keep-work -- ./bad <in.tar
    mv out out.tar
    started 2
    told out.tar | diff - <(printf '%s\n' '2,5.80,A,sample of A' '2,5.80,B,sample of B' "C: './bad' exited with status 1: C cannot be: C" '2,5.80,D,sample of D' '2,5.80,E,sample of E')
    # One log for each process, called after its first lane; and the failed lane's.
    ls logs | diff - <(printf '%s.log\n' A C D)
    cat logs/A.log logs/C.log logs/D.log | diff - <(printf 'log of %s\n' 'A B C D E' 'A B C D E' 'D E')
    ls "$TMPDIR"/ar-* | diff - <(echo C)
    rm -r "$TMPDIR"/ar-*
    ar-analyze -q -c analyzeseq -j 1 --keep-going -- ./bad <in.tar 2>/dev/null | cmp - out.tar
}

@test "analyzeseq: where one process fails after the other, each is handed fewer lanes, and more again where it did well" {
    lane_inputs $(seq 10 73)
    handed='print(*targets, file=open(os.environ["AR_START_DIR"] + "/handed", "a"))'
    # Each of 64 lanes fails: without a limit, 2080 would be handed over.
    seq_method bad "    if lane == list(targets)[0]: $handed
    sys.exit(3)"
    refuses 1 '64 lanes, 0 with a result, 64 failed' -- ar-analyze -c analyzeseq -j 1 -- ./bad <in.tar
    started 64
    [ "$(head -2 handed | wc -w)" -eq $((64 + 63)) ]
    [ "$(wc -w <handed)" -le $((4 * 64)) ]
    rm handed
    # Two of the first lanes fail; the others do not start one by one.
    seq_method bad "    if lane == list(targets)[0]: $handed
    if lane in ('12', '13', '14'): sys.exit(3)"
    refuses 1 '64 lanes, 61 with a result, 3 failed' -- ar-analyze -c analyzeseq -j 1 -- ./bad <in.tar
    mv out out.tar
    diff handed <(seq 10 73 | xargs; seq 13 73 | xargs; seq 14 43 | xargs; seq 15 29 | xargs; seq 30 59 | xargs; seq 60 73 | xargs)
    told out.tar | cut -d: -f1 | diff - <(for lane in $(seq 10 73); do
        case $lane in 12 | 13 | 14) echo "$lane" ;; *) echo "2,5.80,\"$lane\",sample of $lane" ;; esac; done)
}

@test "analyzeseq: however a process fails at a lane, only that lane does, and it is told why" {
    lane_inputs A B C D
    seq_method bad '    if lane != "C": pass
    elif way == "status": sys.exit(3)
    elif way == "killed": os.kill(os.getpid(), signal.SIGTERM)
    elif way == "worker": kill_worker()
    elif way == "error": add("error", "bad rows\nmore"); sys.exit(0)
    elif way == "prints": print("between"); sys.stdout.flush()
    elif way == "cut": sys.exit(0)
    elif way == "half": add(f"{lane}/images/a.png", b"p"); sys.exit(0)
    elif way == "inside": sys.stdout.buffer.write(tarfile.TarInfo("C/images/a.png").tobuf()[:100]); sys.exit(0)
    elif way == "nothing": continue
    elif way == "twice": answer(lane)
    elif way == "csv": add(f"{lane}/analysis_result", "no\nrows\nbut\ntwo\n"); continue
    elif way == "other": add(f"{lane}/analysis_result", "n,data\n1,A\n"); continue
    elif way == "hidden": answer(lane, picture=".a"); continue
    elif way == "folder": answer(lane, picture="a/b.png"); continue
    elif way == "broken": answer(lane, picture="a\nb")
    elif way == "turned": add(f"{lane}/analysis_result", "n\n1\n"); add(f"{lane}/images/x", b""); sys.exit(3)
    elif way == "foreign": answer("0007"); continue'
    while read -r way starts text; do
        sed -i "/asked()$/s/.*/way, found = '$way', asked()/" bad
        rm -f starts
        refuses 1 '4 lanes, 3 with a result, 1 failed' "lane 'C' (sample of C) failed" "$text" -- ar-analyze -c analyzeseq -j 1 -- ./bad <in.tar
        mv out out.tar
        started "$starts"
        told out.tar | sed 's/^C: .*/C/' | diff - <(printf '%s\n' '2,5.80,A,sample of A' '2,5.80,B,sample of B' C '2,5.80,D,sample of D')
        nothing_left
    done <<'END'
status 2 exited with status 3
killed 2 was killed by signal 15 (TERM)
worker 2 its worker was killed by signal 9 (KILL)
error 2 it answered with an error: bad rows
prints 2 its standard output
cut 2 its standard output
half 2 its standard output
inside 2 its standard output
nothing 1 ended without a result of this lane
twice 1 'C/images/curve.png' is there twice
csv 1 C/analysis_result
other 1 'A'
hidden 1 'images/.a' is a hidden file
folder 1 'images/a/b.png' lies in a folder
broken 2 has a control character in its name
turned 2 exited with status 3
foreign 1 '0007/images/curve.png', which is of no lane that it was given
END
}

@test "analyzeseq: a process that fails behind its last lane has failed" {
    lane_inputs A B
    for way in 'sys.exit(3)' 'add("error", "late"); end(); sys.exit(0)' 'sys.exit(0)' kill_worker\(\); do
        seq_method bad '' "$way"
        refuses 1 "lane 'B' (sample of B) failed" -- ar-analyze -c analyzeseq -j 1 -- ./bad <in.tar
        started 1
        told out | sed 's/^B: .*/B/' | diff - <(printf '%s\n' '2,5.80,A,sample of A' B)
    done
}

@test "analyzeseq: an answer that is none fails its first lane, and the next process is asked for the rest" {
    lane_inputs A B
    while read -r wanted code; do
        method bad <<<"$code"
        refuses 1 "${wanted//_/ }" '2 failed' -- ar-analyze -c analyzeseq -j 1 -- ./bad <in.tar
        started 2
    done <<'END'
it_printed_nothing pass
it_printed_'hello'_before_its_tar print('hello')
first_dialect add('analysis_result', series(n=1)); end()
the_output_of_a_run add('A/result_json', '{}'); end()
its_standard_output end()
its_worker_was_killed_by_signal_9 os.kill(os.getppid(), signal.SIGKILL); signal.pause()
END
    refuses 2 "cannot start './gone'" -- ar-analyze -c analyzeseq -- ./gone <in.tar
}

@test "analyzeseq: a share of more lanes than there are descriptors" {
    local n=400
    [ -z "${TESTS_SANITIZED:-}" ] || n=220
    lane_inputs $(seq 1 $n)
    method bad <<'END'
found = asked()
for lane in json.loads(found['targets']):
    add(f'{lane}/images/a.png', b'p')
    add(f'{lane}/analysis_result', f'n\n{lane}\n')
end()
END
    (ulimit -n 200 && ar-analyze -q -j 1 -c analyzeseq -- ./bad <in.tar >out.tar)
    started 1
    told out.tar | diff - <(for lane in $(seq 1 $n); do echo "$lane,\"$lane\",sample of $lane"; done)
}

@test "analyzeseq: lanes whose sets, headers, params or line ends differ are not mixed up" {
    lane_inputs A B
    seq_method count
    # The last row of A without its line end; B with another set.
    python3 - <<'END'
import io, re, subprocess, tarfile
def digest(body):
    hex = subprocess.run('xxh128sum', input=body, capture_output=True, check=True).stdout[:32]
    return b'"bytes":%d,"xxh3":"%s"' % (len(body), hex)
def change(target, alter):
    changed = []
    with tarfile.open('in.tar') as old, tarfile.open(target, 'w', format=tarfile.PAX_FORMAT) as new:
        for entry in old:
            body = was = old.extractfile(entry).read()
            if entry.name.endswith('ledger'):
                body = re.sub(rb',"xxh3":"[0-9a-f]*"}$', b'}', body)
                for a, b in changed:
                    body = body.replace(a, b)
            else:
                body = alter(entry, body)
            if body != was:
                changed.append((digest(was), digest(body)))
            entry.size = len(body)
            new.addfile(entry, io.BytesIO(body))
change('bare.tar', lambda entry, body: body[:-1] if entry.name == 'A/image_analysis_results/spots' else body)
change('header.tar', lambda entry, body: body.replace(b'Value', b'Valeu') if entry.name == 'B/image_analysis_results/spots' else body)
change('params.tar', lambda entry, body: b'{}' if entry.name == 'B/params' else body)
END
    ar-analyze -q -j 1 -c analyzeseq -- ./count <bare.tar >out.tar
    told out.tar | diff - <(printf '%s\n' '2,5.80,A,sample of A' '2,5.80,B,sample of B')
    refuses 2 'header' -- ar-analyze -j 1 -c analyzeseq -- ./count <header.tar
    refuses 2 "lane 'B' has other params than lane 'A'" -- ar-analyze -j 1 -c analyzeseq -- ./count <params.tar
}

@test "analyzeseq: the time limit is that of a lane, and begins anew with each entry" {
    # A lane needs less than the limit, all of them need more.
    lane_inputs A B C
    seq_method slow '    import time; time.sleep(1.5)'
    ar-analyze -q -j 1 -t 4 -c analyzeseq -- ./slow <in.tar >out.tar
    started 1
    [ "$(told out.tar | wc -l)" -eq 3 ]
    seq_method slow '    if lane == "B": signal.pause()'
    refuses 1 '1 failed' 'ran longer than its limit' -- ar-analyze -j 1 -t 4 -c analyzeseq -- ./slow <in.tar
    told out | sed 's/^B: .*/B/' | diff - <(printf '%s\n' '2,5.80,A,sample of A' B '2,5.80,C,sample of C')
}

@test "analyzeseq: SIGTERM half-way ends the processes, and leaves nothing" {
    lane_inputs A B
    seq_method slow '    open(os.environ["AR_START_DIR"] + "/up", "w"); signal.pause()'
    ar-analyze -c analyzeseq -j 2 -- ./slow <in.tar >out.tar 2>err 3>&- &
    pid=$!
    wait_until test -e up
    kill -TERM $pid
    wait $pid || status=$?
    [ "$status" -eq 143 ]
    is_unfinished out.tar
    nothing_left
}
