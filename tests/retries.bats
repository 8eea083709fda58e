#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# ar-analyze --record and --retries: what becomes of each lane, told while it happens; and lanes that fail by chance.

load helpers.bash

setup() {
    in_scratch
    mark_what_is_started
    unset AR_STEP ANALYSISRUN_METHOD ANALYSISRUN_MODE
}

teardown() {
    nothing_left
}

# A method by the contract files: SHELL is done first, with the number of the try in "$try".
method() {
    program "$1" <<END
echo "\$AR_DATA_NAME" >>"\$AR_START_DIR/tries"
try=\$(grep -cxF -- "\$AR_DATA_NAME" "\$AR_START_DIR/tries")
echo "try \$try" >&2
${2:-}
awk -F, 'NR == 2 { first = \$4 } END { print "n,first"; print NR - 1 "," first }' image_analysis_results/spots.csv
END
    rm -f tries
}

# A method of many lanes, by the contracts lanes and analyzeseq; PYTHON is done in each lane, over "lane" and "try" (a number).
many_method() {
    program "$1" <<END
#!/usr/bin/python3
import glob, io, json, os, signal, sys, tarfile, time
lanes = os.environ.get('AR_STEP') == 'analyze'
with tarfile.open(fileobj=sys.stdin.buffer) as tar:
    targets = json.load(tar.extractfile('targets'))
path = os.environ['AR_START_DIR'] + '/tries'
with open(os.environ['AR_START_DIR'] + '/shares', 'a') as file:
    print(*targets, file=file)
printed = [0] # bytes
def add(name, body):
    info = tarfile.TarInfo(name)
    info.size = len(body)
    printed[0] += sys.stdout.buffer.write(info.tobuf() + body + bytes(-len(body) % 512))
    sys.stdout.flush()
def kill_worker(): # when it has what was printed so far
    while sum(map(os.path.getsize, glob.glob('../.*.out'))) < printed[0]:
        time.sleep(0.01)
    os.kill(os.getppid(), signal.SIGKILL)
    signal.pause()
for lane in targets:
    with open(path, 'a+') as file:
        print(lane, file=file)
        file.seek(0)
        tries = file.read().split().count(lane)
${2:-    pass}
    add(f'{lane}/analysis_result', f'n\n{lane}\n'.encode())
    if lanes:
        add(f'{lane}/ledger', b'{}')
sys.stdout.buffer.write(bytes(1024))
END
    rm -f tries shares
}

# ---- the record ----

@test "--record: a header, and for each lane that it started and how it ended" {
    lane_inputs A B C D 007
    method some 'case $AR_DATA_NAME in B) echo null; exit;; C) exit 3;; esac'
    ar-analyze -q -j 1 --lane A --lane B --lane C --lane 007 --record record --keep-going -- ./some <in.tar >out.tar 2>err
    head -1 record | diff - <(printf 'lane\tstate\tseconds\tbytes\tkey\tcause\tsample\n')
    # What was not chosen is passed when it is read, the others when they have run.
    cut -f 2 record | sed -n 2,6p | uniq | diff - <(echo waiting)
    cut -f 1,2,5-7 record | tail -n +7 | sort | diff - <(printf '%s\t%s\t-\t%s\t%s\n' \
        007 result - 'sample of 007' 007 started - 'sample of 007' A result - 'sample of A' A started - 'sample of A' \
        B 'no result' - 'sample of B' B started - 'sample of B' \
        C failed "'./some' exited with status 3" 'sample of C' C started - 'sample of C' D 'not chosen' - 'sample of D' | sort)
    # Seconds and bytes stand behind what has run, and nowhere else.
    while IFS=$'\t' read -r _ state seconds bytes _; do
        case $state in
        waiting | started | 'not chosen') [ "$seconds $bytes" = '- -' ] ;;
        *) [[ $seconds =~ ^[0-9]+\.[0-9]{3}$ && $bytes =~ ^[1-9][0-9]+$ ]] ;;
        esac
    done < <(tail -n +2 record)
    # A lane starts before it ends, and what failed before is told, too. It is appended to what is there.
    grep $'^A\t' record | cut -f 2 | diff - <(printf '%s\n' waiting started result)
    ar-analyze -q --record record -- ./some <in.tar >/dev/null 2>&1 || [ $? -eq 1 ]
    [ "$(grep -c '^lane' record)" -eq 1 ]
    [ "$(grep -c $'\tstarted\t' record)" -eq 9 ]
}

@test "--record: keys of the cache, lanes from the cache, and several tools that write to one file" {
    lane_inputs A B C D
    method count
    ar-analyze -q --cache kept --record record -- ./count <in.tar >out.tar
    ar-analyze -q --cache kept --record again -- ./count <in.tar | cmp - out.tar
    # Each lane's key is the name of its file, and the same when it comes from there.
    tail -n +2 again | cut -f 2 | uniq | diff - <(printf '%s\n' waiting cached)
    for lane in A B C D; do
        key=$(grep "^$lane"$'\tresult' record | cut -f 5)
        [ -f "kept/$key.tar" ]
        [ "$(grep "^$lane.cached" again | cut -f 5)" = "$key" ]
    done
    ar-split -q -s samples.csv spots=spots.csv | ar-cleanse -q -e Spot | ar-pack -q -d lanes
    for lane in A B C D; do
        ar-analyze -q --record one -- ./count <lanes/$lane.tar >$lane.tar &
    done
    wait
    head -1 one | grep -q ^lane
    tail -n +2 one | cut -f 1,2 | sort | diff - <(printf '%s\n' {A,B,C,D}$'\t'{result,started,waiting})
}

@test "--record: lanes of one process; texts that would disturb are shown; a file that cannot be written is told at once" {
    lane_inputs A B C
    printf 'data,sample\nA,"tab\tand\nline"\nB,b\nC,c\n' >samples.csv
    ar-split -q -s samples.csv spots=spots.csv | ar-cleanse -q -e Spot | ar-pack -q >in.tar
    many_method some '    if lane == "B":
        print("bad\nnews", file=sys.stderr)
        sys.exit(1)'
    for contract in lanes analyzeseq; do
        rm -f record shares
        ar-analyze -q -j 1 -c $contract --record record --keep-going -- ./some <in.tar >/dev/null 2>&1
        # By the contract lanes a process is at one lane after the other; by analyzeseq at all of them.
        again=(C started - c)
        [ $contract = analyzeseq ] || again=()
        cut -f 1,2,6,7 record | tail -n +5 | sort -s -k 1,1 | diff - <(printf '%s\t%s\t%s\t%s\n' \
            A started - 'tab\tand\nline' A result - 'tab\tand\nline' B started - b B failed "'./some' exited with status 1" b \
            "${again[@]}" C started - c C result - c)
    done
    # The time of a process is divided among its lanes: together they are no longer than all of it.
    many_method slow '    if lane == "A": time.sleep(0.5)'
    start=$(date +%s.%N)
    ar-analyze -q -j 1 -c lanes --record slow.tsv -- ./slow <in.tar >/dev/null
    awk -F'\t' -v most="$(date +%s.%N) $start" '$2 == "result" { sum += $3 } END { split(most, at, " "); exit !(sum >= 0.5 && sum <= at[1] - at[2]) }' slow.tsv
    rm shares
    many_method some
    refuses 2 "cannot open 'no/record'" -- ar-analyze --record no/record -- ./some <in.tar
    [ ! -e shares ]
    refuses 3 "'/dev/full'" -- ar-analyze --record /dev/full -- ./some <in.tar
}

# ---- again ----

@test "--retries: a method that fails at first has its lane all the same, its folder as it was; the others run once" {
    lane_inputs A B C
    method once
    ar-analyze -q -- ./once <in.tar >out.tar
    # What it does to its folder is undone.
    method flaky '[ "$(ls)" = "$(printf "%s\n" data_name image_analysis_results ledger.json params.json sample_name)" ] || exit 9
if [ "$AR_DATA_NAME" = B ] && [ "$try" -le 2 ]; then
    echo >>image_analysis_results/spots.csv
    rm ledger.json sample_name
    mkdir images
    echo x >images/x
    case $try in 1) exit 3 ;; 2) kill -9 $$ ;; esac
fi'
    for jobs in 1 3; do
        rm -f tries record
        ar-analyze -j $jobs --retries 2 --log logs --record record -- ./flaky <in.tar 2>err | cmp - out.tar
        says "lane 'B' failed and is run again (1 of 2): './flaky' exited with status 3" "lane 'B' failed and is run again (2 of 2): './flaky' was killed by signal 9 (KILL)" \
            '3 lanes, 3 with a result'
        sort tries | uniq -c | tr -s ' ' | diff - <(printf ' %s\n' '1 A' '3 B' '1 C')
        grep $'^B\t' record | cut -f 2 | diff - <(printf '%s\n' waiting started started started result)
        diff logs/B.log <(echo 'try 3')
        nothing_left
    done
}

@test "--retries: one that goes on to fail has failed, once, as without" {
    lane_inputs A B C
    method bad '[ "$AR_DATA_NAME" != B ] || { echo "try $try" >left; exit 3; }'
    ar-analyze -q -j 1 --keep-going -- ./bad <in.tar >out.tar 2>/dev/null
    rm tries
    refuses 1 "lane 'B' failed and is run again (2 of 2)" '3 lanes, 2 with a result, 1 failed' "lane 'B' (sample of B) failed: './bad' exited with status 3" -- \
        ar-analyze -j 2 --retries 2 --keep-work -- ./bad <in.tar
    entry out B/error | sed 's/try .*/try/' | diff - <(entry out.tar B/error | sed 's/try .*/try/')
    [ "$(grep -c B tries)" -eq 3 ]
    # The last folder stays, and no copy.
    ls -A "$TMPDIR"/ar-* | diff - <(echo B)
    diff "$TMPDIR"/ar-*/B/left <(echo 'try 3')
    rm -r "$TMPDIR"/ar-*
    refuses 2 '--retries' -- ar-analyze --retries x -- ./bad <in.tar
}

@test "--retries: where a method kills its worker, its lane runs again in another one" {
    lane_inputs A B C
    method killer '[ "$AR_DATA_NAME" != B ] || [ "$try" -gt 2 ] || { rm sample_name; kill -9 $PPID; sleep 10; }'
    ar-analyze -j 1 --retries 2 -- ./killer <in.tar 2>err >out.tar
    says "lane 'B' failed and is run again (2 of 2): its worker was killed by signal 9 (KILL)" '3 lanes, 3 with a result'
    rm tries
    refuses 1 "lane 'B' (sample of B) failed: its worker was killed by signal 9 (KILL)" -- ar-analyze -j 1 --retries 1 -- ./killer <in.tar
}

@test "--retries: lanes of one process that failed, died, or were said to have failed, are given to another" {
    lane_inputs A B C D E
    many_method once
    for contract in lanes analyzeseq; do
        ar-analyze -q -j 1 -c $contract -- ./once <in.tar >out.tar
        for way in 'sys.exit(3)' 'os.kill(os.getpid(), signal.SIGTERM)' 'add("error", b"x"); sys.exit(0)' 'kill_worker()' \
            'add(f"{lane}/analysis_result", b"n\n1\n2\n"); lanes and add(f"{lane}/ledger", b"{}"); continue'; do
            many_method flaky "    if lane in ('C', 'E') and tries == 1: $way"
            ar-analyze -j 1 -c $contract --retries 1 -- ./flaky <in.tar 2>err | cmp - out.tar
            says "lane 'C' failed and is run again (1 of 1)" "lane 'E' failed and is run again (1 of 1)" '5 lanes, 5 with a result'
            nothing_left
        done
    done
    many_method flaky '    if lane == "C" and tries == 1: add(f"{lane}/error", b"not now"); add(f"{lane}/ledger", b"{}"); continue'
    ar-analyze -j 1 -c lanes --retries 1 -- ./flaky <in.tar 2>err >lanes.tar
    says "lane 'C' failed and is run again (1 of 1): not now"
    diff shares - <<'END'
A B C D E
C
END
    many_method bad '    if lane == "C": sys.exit(3)'
    for contract in lanes analyzeseq; do
        rm -f tries
        refuses 1 "lane 'C' failed and is run again (3 of 3)" '5 lanes, 4 with a result, 1 failed' -- ar-analyze -j 1 -c $contract --retries 3 --keep-work -- ./bad <in.tar
        [ "$(grep -c C tries)" -eq 4 ]
        ls -A "$TMPDIR"/ar-* | diff - <(echo C)
        rm -r "$TMPDIR"/ar-*
    done
}

@test "--retries: many lanes that fail by turns, by several jobs, come in their order" {
    # With pictures: what waits for its turn is more than what is given back at a time.
    lane_inputs $(seq 1 60)
    picture='mkdir images; yes "$AR_DATA_NAME" | head -c 400000 >images/x'
    method once "$picture"
    ar-analyze -q -- ./once <in.tar >out.tar
    method flaky "[ \"\$try\" -gt \$((AR_DATA_NAME % 3)) ] || exit 1
$picture"
    ar-analyze -q -j 4 --retries 2 -- ./flaky <in.tar | cmp - out.tar
    [ "$(wc -l <tries)" -eq 120 ]
}
