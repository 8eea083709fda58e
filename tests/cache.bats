#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Done once, never again: ar-analyze --cache and ar-post --cache. Which lanes a method ran for it writes down itself; what is expected is
# written by hand, or the same run without a cache.

load helpers.bash

setup() {
    in_scratch
    mark_what_is_started
    printf 'data,sample\nA,first\nB,second\nC,third\n' >samples.csv
    printf '%s\n' Data,ImageAnalysisMethod,Entity,Value A,V,Spot,1 A,V,Spot,2 B,V,Spot,3 C,V,Spot,4 C,V,Other,5 >spots.csv
    echo '{"threshold": 0.80, "note": "x"}' >params.json
    counting_method
    pack
}

teardown() {
    nothing_left
}

# A method that writes its lane into the file "ran", and leaves a picture with a type of its own.
counting_method() {
    program method <<'END'
echo "$AR_DATA_NAME" >>"$AR_START_DIR/ran"
mkdir images && cp params.json images/p && printf 'name,image_type\np,my type\n' >images.csv
echo "{\"rows\":$(wc -l <image_analysis_results/spots.csv),\"args\":\"$*\"}"
END
}

pack() {
    ar-split -q -s samples.csv spots=spots.csv | ar-cleanse -q -e Spot | ar-pack -q -p params.json "$@" >in.tar
}

# Analyses in.tar with the cache "kept": into out.tar, "err" and "ran".
analyze() {
    rm -f ran
    touch ran
    ar-analyze --cache kept --why "${options[@]}" -- "${method[@]:-./method}" <"${input:-in.tar}" >out.tar 2>err
}

# These lanes ran, and no others.
ran() {
    printf '%s\n' "$@" | sed '/^$/d' | diff - <(sort ran)
}

# What --why said, a line for each argument.
why() {
    printf '%s\n' "$@" | sed '/^$/d' | diff - <(sed -n "s/^ar-analyze: lane '\(.*\)': /\1: /p" err)
}

# The results are those of a run that knows no cache.
as_without() {
    ar-analyze -q "${options[@]}" -- "${method[@]:-./method}" <"${input:-in.tar}" | cmp out.tar -
}

# ---- the same bytes ----

@test "without a cache, with an empty one and with a full one the results are the same to the byte, in both shapes" {
    ar-analyze -q -- ./method <in.tar >without.tar
    analyze
    ran A B C
    says '3 lanes, 3 with a result, 0 from the cache'
    cmp without.tar out.tar
    for jobs in 1 4; do
        options=(-j $jobs)
        analyze
        ran
        says '3 lanes, 3 with a result, 3 from the cache'
        cmp without.tar out.tar
    done
    entry out.tar A/images/p | cmp - <(entry in.tar A/params)
    [ "$(entry out.tar A/ledger | jq -r '.files["images/p"].image_type')" = 'my type' ]
    ar-split -q -s samples.csv spots=spots.csv | ar-cleanse -q -e Spot | ar-pack -q -p params.json -d lanes
    input=lanes/B.tar
    options=()
    analyze
    ran
    as_without
}

@test "some lanes from the cache, others new: all in their order, with their account" {
    options=(--lane B)
    analyze
    ran B
    options=()
    for jobs in 1 3; do
        rm -rf kept
        options=(--lane B)
        analyze
        options=(-j $jobs)
        analyze
        ran A C
        says '3 with a result, 1 from the cache'
        as_without
    done
    rm -rf kept
    options=(--lane A --lane C)
    analyze
    options=()
    analyze
    ran B
    as_without
    ar-merge -q out.tar | ar-post -q -o result.tar
}

@test "a lane without a result is kept, too" {
    program method <<'END'
echo "$AR_DATA_NAME" >>"$AR_START_DIR/ran"
if [ "$AR_DATA_NAME" = B ]; then echo null; else echo '{"a":1}'; fi
END
    analyze
    analyze
    ran
    says '3 lanes, 2 with a result, 3 from the cache, 1 without one'
    as_without
}

@test "large results, many pictures and empty ones come back as they were" {
    program method <<'END'
echo "$AR_DATA_NAME" >>"$AR_START_DIR/ran"
mkdir images
head -c 3000000 /dev/zero | tr '\0' "$AR_DATA_NAME" >images/large
: >images/empty
for i in 1 2 3 4 5 6 7 8 9; do for k in 1 2 3 4 5 6 7 8 9; do echo $i $k >images/a-rather-long-name-of-a-picture-that-takes-room.$i.$k; done; done
echo '{"a":1}'
END
    analyze
    analyze
    ran
    as_without
}

@test "names in many scripts, and ones that tar has no room for, are no matter" {
    long=$(printf 'n%.0s' {1..180})
    printf 'data,sample\n血清 1,"a, ""b"""\n-rf,\n%s,%s\n' "$long" "$long$long$long" >samples.csv
    printf '%s\n' Data,ImageAnalysisMethod,Entity,Value '血清 1,V,Spot,1' '-rf,V,Spot,2' "$long,V,Spot,3" >spots.csv
    pack
    analyze
    ran '-rf' "$long" '血清 1'
    analyze
    ran
    as_without
}

@test "sets that are larger than what is held in memory go to the folder, and are kept alike" {
    python3 -c "print('Data,ImageAnalysisMethod,Entity,Value\n' + ('A,V,Spot,' + '7' * 2000 + '\n') * 34000 + 'B,V,Spot,1')" >spots.csv
    printf 'data,sample\nA,first\nB,second\n' >samples.csv
    cp spots.csv second.csv
    ar-split -q -s samples.csv spots=spots.csv second=second.csv | ar-cleanse -q --none spots --none second | ar-pack -q >in.tar
    [ "$(entry in.tar A/image_analysis_results/spots | wc -c)" -gt $((64 << 20)) ]
    analyze
    ran A B
    analyze
    ran
    says '2 from the cache'
    as_without
}

@test "unknown entries of a lane are those of the lane at hand, whether its result is kept or not" {
    with_files() {
        python3 - "$1" <<'END'
import hashlib, io, json, subprocess, sys, tarfile
def xxh3(body):
    return subprocess.run(['xxh128sum'], input=body, capture_output=True, check=True).stdout.split()[0].decode()
with tarfile.open('in.tar') as old, tarfile.open('files.tar', 'w', format=tarfile.PAX_FORMAT) as new:
    for entry in old:
        body = old.extractfile(entry).read()
        if entry.name in ('A/ledger', 'C/ledger'):
            own = (sys.argv[1] + entry.name).encode()
            info = tarfile.TarInfo(entry.name[:2] + 'files/raw')
            info.size = len(own)
            new.addfile(info, io.BytesIO(own))
            ledger = json.loads(body)
            del ledger['xxh3']
            ledger['files']['files/raw'] = {'bytes': len(own), 'xxh3': xxh3(own)}
            body = json.dumps(ledger).encode()
            entry.size = len(body)
        new.addfile(entry, io.BytesIO(body))
END
    }
    with_files one
    input=files.tar
    options=(-j1)
    analyze
    ran A B C
    as_without
    with_files another
    analyze
    ran
    printf 'anotherA/ledger' | cmp - <(entry out.tar A/files/raw)
    as_without
    options=(--force A)
    analyze
    ran A
    options=()
    as_without
    options=(--lane B)
    analyze
    as_without
}

# A method in Python that gets a tar, its text from standard input; note(LANE) is for "ran".
tar_method() {
    cp "$BATS_TEST_DIRNAME/runner.py" .
    { printf '%s\n' '#!/usr/bin/python3' 'import os, sys' 'sys.path.insert(0, os.environ["AR_START_DIR"])' \
        'sys.dont_write_bytecode = True' 'from runner import *' 'def note(lane):' \
        '    with open(os.environ["AR_START_DIR"] + "/ran", "a") as ran: print(lane, file=ran)'
        cat; } >"$1"
    chmod +x "$1"
}

@test "a method that gets many lanes: those that are kept are not among them, and the rows that it dropped by itself stay accounted for" {
    tar_method many <<'END'
found = asked()
for lane in json.loads(found['targets']):
    note(lane)
    rows = found[lane + '/image_analysis_results/spots'].count(b'\n') - 1
    add(lane + '/images/x.png', 'picture of ' + lane, is_file='true', image_type='my type')
    if lane != 'C':
        add(lane + '/analysis_result', f'n\n{rows}\n', is_file='true')
    record = {'stage': 'method', 'rows_in': rows, 'rows': rows - 1, 'dropped': {'weak': 1}}
    add(lane + '/ledger', json.dumps({'outcome': 'no result' if lane == 'C' else 'result', 'sets': {'spots': [record]}}))
end()
END
    method=(./many)
    options=(-c lanes)
    analyze
    ran A B C
    cp out.tar cold.tar
    ar-analyze -q -c lanes -- ./many <in.tar | cmp - out.tar
    [ "$(entry out.tar A/ledger | jq -c '.sets.spots[-1]')" = '{"stage":"method","rows_in":2,"rows":1,"dropped":{"weak":1}}' ]
    analyze
    ran
    cmp cold.tar out.tar
    printf 'data,sample\nA,first\nD,fourth\nB,2nd\nC,third\n' >samples.csv
    printf 'D,V,Spot,8\n' >>spots.csv
    pack
    for jobs in 1 2; do
        rm -rf kept.before
        cp -r kept kept.before
        options=(-c lanes -j $jobs)
        analyze
        ran B D
        why 'D: no result is known of it yet' 'B: sample name changed: "second" → "2nd"'
        as_without
        rm -rf kept
        mv kept.before kept
    done
    ar-merge -q out.tar | ar-post -q -o result.tar
    [ "$(entry result.tar ledger | jq -c '.lanes.D.sets.spots[-1].dropped')" = '{"weak":1}' ]
}

@test "methods of the Python runner's dialects: the same, and text columns count for their pickles" {
    tar_method first <<'END'
tar = asked()
note(tar['data_name'].decode())
add('images/x.png', 'picture')
add('analysis_result', series(n=len(load(tar['image_analysis_results/spots']).rows)), is_file='true')
end()
END
    tar_method seq <<'END'
for lane in json.loads(asked()['targets']):
    note(lane)
    add(lane + '/images/x.png', 'picture')
    add(lane + '/analysis_result', 'n\n' + str(ord(lane)) + '\n')
end()
END
    for name in first seq; do
        contract=${name/seq/analyzeseq}
        printf '{"name":"m","analyze":["./%s"],"contract":"%s","image_analysis_results":{"spots":{"cleansing":"none"}}}' $name $contract >m.json
        method=(./$name)
        options=(-c $contract)
        analyze
        ran A B C
        ar-analyze -q -c $contract -- ./$name <in.tar | cmp - out.tar
        analyze
        ran
        as_without
        options=(-m m.json)
        analyze
        ran
        sed -i 's/"none"/&,"text":["Value"]/' m.json
        analyze
        ran A B C
        why 'A: text columns of spots changed' 'B: text columns of spots changed' 'C: text columns of spots changed'
        analyze
        ran
    done
}

# ---- nothing is started ----

@test "where all is kept, no process is started, nothing is written, and no temporary folder is made" {
    [ -z "${TESTS_SANITIZED:-}" ] || skip 'sanitizers start processes of their own'
    unshare -rpf --mount-proc true 2>/dev/null || skip 'no processes of our own'
    analyze
    chmod -w kept
    find kept -printf '%p %T@ %s\n' | sort >before
    started() { # by how much the numbers of processes grow over the command
        unshare -rpf --mount-proc sh -c '"$@" <in.tar >out.tar 2>err; sh -c "echo \$\$"; :' - "$@"
    }
    own=$(started /bin/true)
    [ "$(started ar-analyze --cache kept -- ./method)" -eq "$own" ]
    says '3 from the cache'
    [ "$(started ar-analyze -- ./method)" -gt $((own + 3)) ]
    find kept -printf '%p %T@ %s\n' | sort | diff before -
}

@test "a failure is not kept: the lane runs again, the others do not" {
    program method <<'END'
echo "$AR_DATA_NAME" >>"$AR_START_DIR/ran"
[ "$AR_DATA_NAME" != B ] || [ -e "$AR_START_DIR/fixed" ] || exit 3
echo '{"a":1}'
END
    run ! analyze
    says "lane 'B' (second) failed"
    run ! analyze
    ran B
    says "lane 'B' (second) failed" '3 lanes, 2 with a result, 2 from the cache, 1 failed'
    touch fixed
    analyze
    ran B
    analyze
    ran
}

# ---- reruns: what changed, and nothing else ----

@test "nothing changed: nothing runs" {
    analyze
    why 'A: no result is known of it yet' 'B: no result is known of it yet' 'C: no result is known of it yet'
    analyze
    ran
    why
}

@test "a row changed: its lane runs, and why is said" {
    analyze
    sed -i 's/^B,V,Spot,3/B,V,Spot,3.0/' spots.csv
    pack
    analyze
    ran B
    why 'B: set spots changed'
    as_without
}

@test "a row that cleansing drops is no change" {
    analyze
    sed -i 's/^C,V,Other,5/C,V,Other,6/' spots.csv
    pack
    analyze
    ran
    as_without
}

@test "a sample's name changed: its lane runs" {
    analyze
    sed -i 's/^C,third/C,3rd/' samples.csv
    pack
    analyze
    ran C
    why 'C: sample name changed: "third" → "3rd"'
    as_without
}

@test "a lane more, lanes in another order, a lane less: only the new one runs" {
    analyze
    printf 'data,sample\nC,third\nD,fourth\nB,second\n' >samples.csv
    echo 'D,V,Spot,9' >>spots.csv
    pack
    analyze
    ran D
    why 'D: no result is known of it yet'
    as_without
}

@test "a set more, a set less" {
    analyze
    sed 's/Spot,/Spot,1/' spots.csv >other.csv
    ar-split -q -s samples.csv spots=spots.csv other=other.csv | ar-cleanse -q -e Spot | ar-pack -q -p params.json >in.tar
    analyze
    ran A B C
    why 'A: set other is new' 'B: set other is new' 'C: set other is new'
    pack
    analyze
    ran
}

@test "a parameter changed, and back: all lanes run once" {
    analyze
    pack -P threshold=0.9
    analyze
    ran A B C
    why 'A: params: threshold 0.80 → 0.9' 'B: params: threshold 0.80 → 0.9' 'C: params: threshold 0.80 → 0.9'
    pack
    analyze
    ran
    pack -P more='[1, "a b"]'
    options=(--lane A)
    analyze
    ran A
    why 'A: params: more [1,"a b"] is new'
}

@test "parameters in another order, with other blanks: no change but in the bytes that are passed on" {
    analyze
    printf '{\n "note" :"x",\n "threshold":0.80}' >params.json
    pack
    analyze
    ran
    entry out.tar A/params | cmp - params.json
}

@test "the method's program changed: all lanes run; its folder moved: none" {
    mkdir m1
    mv method m1
    method=(m1/method)
    analyze
    ran A B C
    mv m1 m2
    method=("$PWD/m2/method")
    analyze
    ran
    echo '# changed' >>m2/method
    analyze
    ran A B C
    why 'A: file method changed' 'B: file method changed' 'C: file method changed'
    as_without
}

@test "an argument changed, and a file that an argument names" {
    method=(./method -x)
    analyze
    method=(./method -y)
    analyze
    ran A B C
    why 'A: method: "-x" → "-y"' 'B: method: "-x" → "-y"' 'C: method: "-x" → "-y"'
    mkdir one two
    echo 1 >one/ref.csv
    cp one/ref.csv two
    method=(./method "$PWD/one/ref.csv")
    analyze
    ran A B C
    program method <<<'echo "$AR_DATA_NAME" >>"$AR_START_DIR/ran"; cat "$1" >&2; echo "{}"'
    analyze
    method=(./method "$PWD/two/ref.csv")
    analyze
    ran
    echo 2 >two/ref.csv
    analyze
    ran A B C
    why 'A: file ref.csv changed' 'B: file ref.csv changed' 'C: file ref.csv changed'
}

# A manifest m/m.json of a method with these members.
manifest() {
    printf '{"name":"m","analyze":["./method"],"image_analysis_results":{"spots":{"cleansing":"none"}}%s}' "$1" >m/m.json
}

@test "files of the manifest, globs and folders among them, are the method; others are not" {
    mkdir -p m/lib
    mv method m
    echo 1 >m/a.awk
    echo 1 >m/lib/x.py
    manifest ',"files":["method","*.awk","lib"]'
    method=(m/method)
    options=(-m m/m.json)
    analyze
    ran A B C
    echo 2 >m/notes.txt
    mkdir m/lib/__pycache__
    echo 2 >m/lib/__pycache__/x.pyc
    analyze
    ran
    echo 2 >m/lib/x.py
    options=(-m m/m.json --lane A)
    analyze
    ran A
    why 'A: file lib/x.py changed'
    echo 1 >m/b.awk
    analyze
    ran A
    why 'A: file b.awk is new'
    mv m n
    method=(n/method)
    options=(-m "$PWD/n/m.json" --lane A)
    analyze
    ran
    rm n/b.awk n/a.awk
    refuses 2 "no file is found by '*.awk'" "looked for from '$PWD/n', where the manifest is" -- ar-analyze -m n/m.json --cache kept -- n/method <in.tar
    ar-analyze -q -m n/m.json -- n/method <in.tar >out.tar
}

@test "fields and contract are part of what a method gets" {
    mkdir m
    mv method m
    method=(m/method)
    manifest ''
    options=(-m m/m.json --lane B)
    analyze
    manifest ',"fields":6'
    analyze
    ran B
    why 'B: fields 12 → 6'
}

@test "the version that the manifest's command prints counts; it is run once, and must not fail" {
    mkdir m
    mv method m
    method=(m/method)
    echo 1.0 >m/number
    program m/version <<<'echo run >>versions; cat number'
    manifest ',"version":["./version","-x"]'
    options=(-m m/m.json --lane B)
    analyze
    analyze
    ran
    printf 'run\nrun\n' | diff - m/versions
    echo 1.1 >m/number
    analyze
    ran B
    why 'B: version changed'
    ar-analyze -q -m m/m.json -- m/method <in.tar >out.tar
    [ "$(wc -l <m/versions)" -eq 3 ]
    program m/version <<<'echo no such package >&2; exit 4'
    refuses 1 "version command './version' exited with status 4" 'no such package' -- ar-analyze -m m/m.json --cache kept -- m/method <in.tar
    rm m/version
    refuses 2 'version command' 'No such file' -- ar-analyze -m m/m.json --cache kept -- m/method <in.tar
}

@test "of several results that are kept, why compares with the one that differs least" {
    options=(--lane A)
    analyze
    pack -P threshold=1 -P note='"y"'
    analyze
    pack -P threshold=1 -P note='"z"'
    analyze
    ran A
    why 'A: params: note "y" → "z"'
}

@test "a key depends on nothing but what its record says, and is the record's digest" {
    analyze
    for record in kept/*.json; do
        xxh128sum <"$record" | cut -d' ' -f1 | diff - <(basename "$record" .json)
        [ -e "${record%.json}.tar" ]
    done
    jq -r '.data' kept/*.json | sort | diff <(printf '%s\n' A B C) -
    (cd kept && ls *.json) >keys
    mkdir elsewhere
    cp method in.tar elsewhere
    (cd elsewhere && TZ=Asia/Tokyo LANG=C OTHER=1 ar-analyze -q -j1 --cache kept -- ./method <in.tar >out.tar && cd kept && ls *.json) | diff keys -
    for tar in kept/*.tar; do
        ar-ls "$tar" >/dev/null
        tar --warning=no-unknown-keyword -tf "$tar" | diff <(printf '%s\n' data_name sample_name images/p analysis_result ledger) -
    done
}

# ---- asking only ----

@test "-n says of each lane whether it would run and why, runs nothing, and makes no folder" {
    ar-analyze -n --cache kept -- ./method <in.tar >table
    printf '%s\t%s\t%s\n' lane state why A new 'no result is known of it yet' B new 'no result is known of it yet' C new 'no result is known of it yet' | diff - table
    [ ! -e kept ] && [ ! -e ran ]
    analyze
    sed -i 's/^B,V,Spot,3/B,V,Spot,30/' spots.csv
    printf 'data,sample\nA,first\nB,second\nD,fourth\n' >samples.csv
    pack
    rm ran
    ar-analyze --dry-run --cache kept --force A -- ./method <in.tar >table
    printf '%s\t%s\t%s\n' lane state why A changed forced B changed 'set spots changed' D new 'no result is known of it yet' | diff - table
    ar-analyze --dry-run --cache kept --lane B -- ./method <in.tar >table
    printf '%s\t%s\t%s\n' lane state why A 'not chosen' '' B changed 'set spots changed' D 'not chosen' '' | diff - table
    ar-analyze --dry-run --cache kept --known --lane B -- ./method <in.tar >table
    printf '%s\t%s\t%s\n' lane state why A 'done' '' B changed 'set spots changed' D 'not chosen' '' | diff - table
    [ ! -e ran ]
}

@test "options about what is kept want --cache" {
    for option in -n --why --force=A --force-all --known; do
        refuses 2 'needs --cache DIR' -- ar-analyze $option -- ./method <in.tar
    done
    for option in --why --force-all; do
        refuses 2 'needs --cache DIR' -- ar-post $option -- ./method <in.tar
    done
}

@test "--force does some lanes again, --force-all all of them, and what they give is kept" {
    program method <<'END'
echo "$AR_DATA_NAME" >>"$AR_START_DIR/ran"
echo "{\"time\":$(date +%s%N)}"
END
    analyze
    cp out.tar before.tar
    options=(--force A --force C)
    analyze
    ran A C
    why 'A: forced' 'C: forced'
    run ! cmp -s before.tar out.tar
    cp out.tar after.tar
    options=()
    analyze
    ran
    cmp out.tar after.tar
    options=(--force-all)
    analyze
    ran A B C
}

@test "--known takes what is kept of lanes that are not chosen" {
    options=(--lane A --lane C)
    analyze
    options=(--lane B --known)
    analyze
    ran B
    says '3 lanes, 3 with a result, 2 from the cache'
    options=()
    as_without
    sed -i 's/^A,V,Spot,2/A,V,Spot,20/' spots.csv
    pack
    options=(--lane B --known)
    analyze
    ran
    says '3 lanes, 2 with a result, 2 from the cache, 1 not chosen'
    ar-merge -q out.tar | refuses 1 "'A'" -- ar-post
}

# ---- damage, crashes, many at once ----

@test "a kept result that is damaged or cut is said, done again and replaced" {
    analyze
    cp -r kept whole
    victim=$(grep -l '"data":"B"' kept/*.json)
    victim=${victim%.json}.tar
    size=$(stat -c %s "$victim")
    for damage in "printf X | dd of=$victim bs=1 seek=700 conv=notrunc status=none" \
        "printf X | dd of=$victim bs=1 seek=$((size - 1)) conv=notrunc status=none" \
        "truncate -s -512 $victim" "truncate -s 0 $victim" "cp $(ls kept/*.tar | grep -v "$victim" | head -n1) $victim"; do
        eval "$damage"
        analyze
        ran B
        says "warning: lane 'B': its result in the cache does not count, and it is done again: it is damaged"
        why 'B: its result is damaged'
        as_without
        diff -r whole kept
        analyze
        ran
    done
    rm "$victim"
    analyze
    ran B
    why 'B: its result is not there any more'
    mkdir "$victim.d" && rm "$victim" && mv "$victim.d" "$victim"
    analyze
    ran B
    as_without
}

@test "records that are damaged or missing take nothing away but why" {
    analyze
    for record in kept/*.json; do : >"$record"; done
    analyze
    ran
    rm kept/*.json
    analyze
    ran
    pack -P threshold=1
    options=(--lane A)
    analyze
    ran A
    why 'A: no result is known of it yet'
}

@test "killed at any moment, it leaves nothing that is taken for a result, and no temporary file" {
    lane_inputs {10..39}
    program method <<<'mkdir images; head -c 20000 /dev/zero | tr "\0" "$AR_DATA_NAME" >images/p; echo "{\"a\":\"$AR_DATA_NAME\"}"'
    ar-analyze -q -- ./method <in.tar >without.tar
    for kept in {1..12}; do # as many results as there are when it is killed
        ar-analyze -q -j2 --cache kept -- ./method <in.tar >out.tar 2>/dev/null 3>&- &
        wait_until eval '[ "$(ls kept 2>/dev/null | grep -c "tar$")" -ge '$((2 * kept))' ]'
        kill -KILL $! 2>/dev/null || true # it may have ended
        wait $! || true
        wait_until none_marked
    done
    ar-analyze --cache kept -- ./method <in.tar >out.tar 2>err
    cmp without.tar out.tar
    run ! grep -q 'does not count' err
    find kept -name '.*' ! -name .swept -type f | diff /dev/null -
    [ "$(ls kept/*.tar | wc -l)" -eq 30 ]
    rm -rf "${TMPDIR:?}"/*
}

@test "many at once with one cache: each gets what it would have got alone" {
    lane_inputs {10..29}
    program method <<<'mkdir images; head -c 20000 /dev/zero | tr "\0" "$AR_DATA_NAME" >images/p; echo "{\"a\":\"$AR_DATA_NAME\"}"'
    ar-analyze -q -- ./method <in.tar >without.tar
    pids=()
    for i in 1 2 3 4 5 6; do
        ar-analyze -q --cache kept -- ./method <in.tar >out.$i.tar 3>&- &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid"; done
    for i in 1 2 3 4 5 6; do cmp without.tar out.$i.tar; done
    ar-analyze --cache kept -- ./method <in.tar 2>err | cmp - without.tar
    says '20 from the cache'
    [ "$(ls -A kept | wc -l)" -eq 41 ] # 20 results and records, .swept
}

@test "GNU parallel and a pipeline share one cache" {
    ar-split -q -s samples.csv spots=spots.csv | ar-cleanse -q -e Spot | ar-pack -q -p params.json -d lanes
    mkdir results
    parallel --will-cite -j2 'ar-analyze -q --cache kept -o results/{/} -- ./method < {}' ::: lanes/*.tar
    sort ran | diff <(printf '%s\n' A B C) -
    analyze
    ran
    as_without
}

@test "temporary files of a day ago are swept, fresh ones and other people's are not" {
    mkdir kept
    old=kept/.0123456789abcdef0123456789abcdef.tar.abc123.tmp
    fresh=kept/.0123456789abcdef0123456789abcdef.json.Abc123.tmp
    touch -d '2 days ago' "$old"
    touch "$fresh" kept/mine.tmp
    touch -d '2 days ago' kept/mine.tmp kept/.mine.tmp
    analyze
    [ ! -e "$old" ] && [ -e "$fresh" ] && [ -e kept/mine.tmp ] && [ -e kept/.mine.tmp ]
    touch -d '2 days ago' "$old"
    analyze
    [ -e "$old" ] # looked for once a day
    touch -d '2 days ago' kept/.swept
    analyze
    [ ! -e "$old" ]
    rm kept/.swept
    mkfifo kept/.swept
    touch -d '2 days ago' kept/.swept
    timeout 20 ar-analyze --cache kept -- ./method <in.tar >out.tar # which nobody reads is not waited for
}

@test "a folder that cannot be written to is refused at once, with what to do" {
    touch file
    for folder in file file/below /proc/no; do
        refuses 2 "$folder" -- ar-analyze --cache $folder -- ./method <in.tar
        is_unfinished out
        [ ! -e ran ]
    done
    unshare -rm true 2>/dev/null || skip 'no mount of our own'
    mkdir ro
    refuses 2 "the folder 'ro' of --cache" 'Read-only file system' -- \
        unshare -rm sh -c 'mount -t tmpfs -o ro none ro && exec ar-analyze --cache ro -- ./method' <in.tar
}

@test "no room in the cache is a warning, and the run goes on" {
    unshare -rm true 2>/dev/null || skip 'no mount of our own'
    mkdir full
    unshare -rm mount -t tmpfs none full 2>/dev/null || skip 'no mount of our own'
    program method <<<'mkdir images; head -c 300000 /dev/zero >images/a; echo "{\"a\":1}"'
    ar-analyze -q -- ./method <in.tar >without.tar
    unshare -rm sh -c 'mount -t tmpfs -o size=400k none full && ar-analyze --cache full -- ./method && ls -A full' <in.tar >out.tar 2>err
    head -c "$(stat -c %s without.tar)" out.tar | cmp - without.tar
    [ "$(grep -c "warning: results cannot be kept in 'full'" err)" -eq 1 ]
    says 'No space left on device'
    tail -c +$(($(stat -c %s without.tar) + 1)) out.tar >left # what is in the folder
    run ! grep -v '^[0-9a-f]*\.\(tar\|json\)$\|^\.swept$' left
    [ "$(grep -c 'tar$' left)" -eq 1 ]
}

@test "a method that is changed while it is at work: what it gives is not kept, which is said" {
    program method <<'END'
echo "$AR_DATA_NAME" >>"$AR_START_DIR/ran"
[ "$AR_DATA_NAME" != B ] || echo '# changed' >>"$AR_START_DIR/method"
echo '{"a":1}'
END
    options=(-j1)
    analyze
    says "'$PWD/./method' was changed while it was at work"
    [ "$(ls kept/*.tar | wc -l)" -lt 3 ]
    analyze
    ran A B C
}

# ---- the postprocess ----

@test "ar-post --cache: the same bytes, judged once; again when the table, a parameter or the method changed" {
    program judge <<'END'
echo judged >>"$AR_START_DIR/judged"
[ ! -e "$AR_START_DIR/broken" ] || exit 5
cat analysis_results.csv
END
    post() {
        rm -f judged
        touch judged
        ar-merge -q out.tar | ar-post --cache kept --why "$@" -- ./judge >result.tar 2>err
        ar-merge -q out.tar | AR_START_DIR=/nowhere ar-post -q -- ./judge 2>/dev/null | cmp - result.tar
        sed -i '$d' judged # that was the second one
    }
    analyze
    post
    [ -s judged ]
    says 'postprocess: no result is known of it yet'
    post
    [ ! -s judged ]
    says 'in the result, from the cache'
    pack -P threshold=0.9
    analyze
    post
    [ -s judged ]
    says 'postprocess: params: threshold 0.80 → 0.9'
    sed -i 's/^B,V,Spot,3/&\nB,V,Spot,3/' spots.csv
    pack -P threshold=0.9
    analyze
    post
    [ -s judged ]
    says 'postprocess: analysis_results changed'
    echo '# more' >>judge
    post
    [ -s judged ]
    says 'postprocess: file judge changed'
    post --force-all
    [ -s judged ]
    says 'postprocess: forced'
    touch broken
    rm judged
    ar-merge -q out.tar | ar-post -q --cache kept -- ./judge >result.tar
    ar-merge -q out.tar | refuses 1 'exited with status 5' -- ar-post --cache kept --force-all -- ./judge
    rm broken
    for victim in $(grep -l '"step":"postprocess"' kept/*.json); do truncate -s -1 "${victim%.json}.tar"; done
    post
    [ -s judged ]
    says 'warning: postprocess: its result in the cache does not count' 'postprocess: its result is damaged'
}

@test "ar-post --cache by the contract lanes: why a lane failed is a part of what it judges" {
    tar_method judge <<'END'
with tarfile.open(fileobj=sys.stdin.buffer) as tar:
    found = {entry.name: tar.extractfile(entry).read().decode() for entry in tar}
note('judge')
add('result_csv', 'data,why\nA,' + found['B/error'].split()[-1] + '\n')
end()
END
    program method <<'END'
[ "$AR_DATA_NAME" != B ] || { cat params.json | jq .status >&2; exit "$(jq .status params.json)"; }
echo '{"a":1}'
END
    for status in 3 4 3; do
        printf '{"status":%s}' $status >params.json
        pack
        ar-analyze -q --keep-going -- ./method <in.tar 2>/dev/null | ar-merge -q >merged.$status.tar
    done
    [ "$(entry merged.3.tar B/error)" != "$(entry merged.4.tar B/error)" ]
    # the same params: only the error is another
    python3 - <<'END'
import io, json, subprocess, tarfile
with tarfile.open('merged.4.tar') as source:
    other = source.extractfile('B/error').read()
digest = subprocess.run(['xxh128sum'], input=other, capture_output=True, check=True).stdout.split()[0].decode()
with tarfile.open('merged.3.tar') as old, tarfile.open('mixed.tar', 'w', format=tarfile.PAX_FORMAT) as new:
    for entry in old:
        body = old.extractfile(entry).read()
        if entry.name == 'B/error':
            body = other
        if entry.name == 'ledger':
            ledger = json.loads(body)
            del ledger['xxh3']
            ledger['lanes']['B']['files']['error'] = {'bytes': len(other), 'xxh3': digest}
            body = json.dumps(ledger).encode()
        entry.size = len(body)
        new.addfile(entry, io.BytesIO(body))
END
    judged() { # by that merged stream: is it judged anew?
        rm -f ran
        ar-post -q -k -c lanes --cache kept "${@:2}" -- ./judge <"$1" >result.tar 2>err || [ $? -eq 1 ]
        [ -e ran ]
    }
    judged merged.3.tar
    run ! judged merged.3.tar
    judged mixed.tar
    entry result.tar result_csv | grep -q '^A,"\{0,1\}4'
    run ! judged mixed.tar
}

@test "the image-analysis method of a set is a part of the key: a method is told it" {
    printf '%s\n' Filename,Entity,Value V1_000_A.nd2,Spot,1 >spots.csv
    split() { ar-split -q "$@" spots=spots.csv | ar-cleanse -q -e Spot | ar-pack -q -p params.json >in.tar; }
    split
    analyze
    ran A
    grep -q '"image_analysis_method":"V1"' kept/*.json
    # The same rows, without a word on the method.
    split --lane-key 'Filename~_000_(A)'
    analyze
    ran A
    why "A: set spots changed"
    analyze
    ran
}
