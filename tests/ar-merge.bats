#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# ar-merge: one table, one list of pictures and one ledger of the results of lanes, in whatever order and shape they come. Expected tables are written by hand,
# digests are those of xxh128sum.

load helpers.bash

setup_file() {
    mkdir "$BATS_FILE_TMPDIR/four"
    cd "$BATS_FILE_TMPDIR/four" || return
    mkdir -p pictures/A
    printf 'picture of A' >pictures/A/a.png
    lane_results 'D={"n":4}' 'A={"n":1.50}' B=fails C=null
}

setup() {
    in_scratch
    mark_what_is_started
}

teardown() {
    nothing_left
}

# Four lanes in the order D, A, B, C: B fails, C has no result, A has a picture.
four_lanes() {
    cp -r "$BATS_FILE_TMPDIR/four/." .
}

# As refuses 2; and what was written does not look whole.
merge_refuses() {
    refuses 2 "$@" && is_unfinished out
}

# ---- which lanes, and in what order ----

@test "the entries are those of a merged stream, in the order of the targets" {
    four_lanes
    ar-merge <results.tar >merged.tar 2>err
    entries merged.tar | diff <(printf '%s\n' targets params analysis_results artifacts A/images/a.png B/error ledger) -
    [ "$(entry merged.tar targets | jq -c .)" = '{"D":"sample of D","A":"sample of A","B":"sample of B","C":"sample of C"}' ]
    printf '{"threshold": 0.80}' | cmp - <(entry merged.tar params)
    printf '%s\n' n,data,sample_name '4,D,sample of D' '1.50,A,sample of A' | cmp - <(entry merged.tar analysis_results)
    entry merged.tar B/error | holds -x 'no spots in B'
    # 3 rows of each lane, one of them of another entity; two lanes end with or without a result besides D
    says '4 lanes; spots: 12 rows, 6 analysed, 4 dropped, 2 in failed lanes; 1 lane without a result; 1 lane failed' \
        "lane 'B' (sample of B) failed: "
}

@test "lane files in any order, a folder of them, or compressed: the same bytes as the stream" {
    four_lanes
    ar-merge -q <results.tar >merged.tar 2>err
    # In the folder "lanes" the inputs were packed once, in the stream as well: their ledgers are the same.
    for order in 'A B C D' 'D C B A' 'C A D B'; do
        # shellcheck disable=SC2086
        (cd results && ar-merge -q --lanes ../lanes $(printf '%s.tar ' $order) 2>/dev/null) | cmp merged.tar -
    done
    ar-merge -q --lanes lanes results 2>err | cmp merged.tar -
    gzip results/A.tar; zstd -q --rm results/B.tar; xz results/C.tar
    ar-merge -q --lanes lanes results/* 2>err | cmp merged.tar -
    gunzip results/A.tar.gz
    printf 'no tar\n' >results/.hidden.tar
    ar-merge -q --lanes=lanes/ results/ results/B.tar.zst results/C.tar.xz 2>err | cmp merged.tar -
    ar-merge -q -Z gzip <results.tar 2>err | gzip -dc | cmp merged.tar -
}

@test "lanes that were chosen in parts, and the parts that were not: each lane from where it is" {
    four_lanes
    ar-merge -q <results.tar >merged.tar 2>err
    ar-analyze -q --lane A --lane C -- ./method <in.tar >part-1.tar
    ar-analyze -q --keep-going --lane D --lane B -- ./method <in.tar >part-2.tar 2>err
    ar-merge -q part-1.tar part-2.tar 2>err | cmp merged.tar -
    ar-merge -q part-1.tar results/B.tar results/D.tar 2>err | cmp merged.tar -
    ar-merge -q results/D.tar results/B.tar part-1.tar 2>err | cmp merged.tar - # the files wait for the targets
    ar-merge part-1.tar >chosen.tar 2>err
    says '4 lanes; spots: 12 rows, 4 analysed, 4 dropped, 4 of lanes not chosen; 1 lane without a result; 2 lanes not chosen'
    [ "$(entry chosen.tar ledger | jq -c '.lanes | map_values(.outcome)')" = '{"D":"not chosen","A":"result","B":"not chosen","C":"no result"}' ]
    merge_refuses "lane 'C' is there twice" "'part-1.tar'" "'results/C.tar'" -- ar-merge part-1.tar results/C.tar
}

@test "-s tells the lanes and their order, and that there is no account" {
    four_lanes
    printf 'data,sample\nC,sample of C\nA,sample of A\nB,sample of B\nD,sample of D\n' >order.csv
    ar-merge -s order.csv results >merged.tar 2>err
    says 'no account of the source' '4 lanes; spots: 6 analysed, 4 dropped, 2 in failed lanes'
    [ "$(entry merged.tar targets | jq -c keys_unsorted)" = '["C","A","B","D"]' ]
    printf '%s\n' n,data,sample_name '1.50,A,sample of A' '4,D,sample of D' | cmp - <(entry merged.tar analysis_results)
    ar-post -q -k <merged.tar >/dev/null 2>err || [ $? -eq 1 ]
    merge_refuses "'standard input' has other targets than 'order.csv'" -- ar-merge -s order.csv <results.tar
    sed -i 's/sample of A/another/' order.csv
    merge_refuses "'results/A.tar': the sample name of lane 'A' is 'sample of A', and 'another' by 'order.csv'" -- ar-merge -s order.csv results
    merge_refuses 'both --lanes and -s' -- ar-merge -s order.csv --lanes lanes results
}

@test "one lane alone is a run of one lane; several need to be told the others" {
    four_lanes
    ar-merge -q results/A.tar >merged.tar
    [ "$(entry merged.tar targets | jq -c .)" = '{"A":"sample of A"}' ]
    ar-merge -q <results/A.tar | cmp merged.tar -
    merge_refuses "'results/A.tar' is one lane" '--lanes DIR' -- ar-merge results/A.tar results/D.tar
    merge_refuses 'comes before the lanes of the run are known' '--lanes DIR' -- ar-merge <(cat results/A.tar) results/D.tar
}

# ---- lanes that do not fit ----

@test "one lane twice is refused, with both places" {
    four_lanes
    cp results/A.tar again.tar
    merge_refuses "lane 'A' is there twice: in 'results/A.tar' and in 'again.tar'" -- ar-merge --lanes lanes results again.tar
    merge_refuses "lane 'A' is there twice: in 'results/A.tar' and in 'results/A.tar'" -- ar-merge --lanes lanes results/A.tar results/A.tar
    merge_refuses "lane 'D' is there twice: in 'results.tar' and in 'results.tar'" -- ar-merge results.tar results.tar
}

@test "a lane that is missing is an error; with -k it is a failed one" {
    four_lanes
    rm results/A.tar results/D.tar
    merge_refuses "2 of the 4 lanes of 'lanes' are missing: 'D', 'A'" '-k' -- ar-merge --lanes lanes results
    ar-merge -k --lanes lanes results >merged.tar 2>err
    says "lane 'A' (sample of A) failed: no result of this lane was given" '4 lanes; spots: 12 rows, 2 analysed, 2 dropped, 8 in failed lanes' '3 lanes failed'
    entries merged.tar | diff <(printf '%s\n' targets params analysis_results artifacts D/error A/error B/error ledger) -
    [ "$(entry merged.tar ledger | jq -c '.lanes.A | [.outcome, .sets.spots]')" = '["failed",[{"stage":"merge","rows_in":3,"rows":3}]]' ]
    echo data,sample_name | cmp - <(entry merged.tar analysis_results)
    refuses 1 "lane 'A'" -- ar-post <merged.tar
    ar-merge -q -k -s samples.csv results >merged.tar 2>err
    [ "$(entry merged.tar ledger | jq -c '.lanes.A | [.outcome, .sets]')" = '["failed",{}]' ]
}

@test "a lane that is not in the targets is refused, and one that differs in its Unicode form is told" {
    four_lanes
    cp results/A.tar A.tar
    printf 'data,sample\nD,sample of D\n' >order.csv
    merge_refuses "'A.tar' holds the lane 'A', which is not among the targets of 'order.csv'" 'another run' -- ar-merge -s order.csv A.tar
    lane_results "$(printf 'e\314\201')={}" # e and a combining accent; below, the same in one character
    printf 'data,sample\n\303\251,x\n' >order.csv
    merge_refuses 'not among the targets' 'Unicode form' -- ar-merge -s order.csv results
}

@test "other params than those of the lanes before are refused, in a stream, a lane file and the folder" {
    four_lanes
    ar-pack -q -P threshold=0.8 <in.tar | ar-analyze -q --lane A -- ./method >other.tar
    ar-analyze -q --keep-going --lane B --lane C --lane D -- ./method <in.tar >part.tar 2>err
    merge_refuses "'other.tar' has other" "than 'part.tar'" -- ar-merge part.tar other.tar
    mkdir other
    one_by_one other.tar other
    merge_refuses "'other/A.tar' has other params than 'lanes'" 'Only results of one run' -- ar-merge --lanes lanes results/[BCD].tar other/A.tar
}

@test "lanes that were not analysed are refused, and those that failed before that are passed on" {
    four_lanes
    merge_refuses "lane 'D' has not been analysed" 'ar-analyze' -- ar-merge <in.tar
    merge_refuses "'lanes/D.tar': lane 'D' has not been analysed" -- ar-merge --lanes lanes results/[ABC].tar lanes/D.tar
    # Two image-analysis methods in one lane fail it in ar-split.
    printf 'V2,A,Spot,1\n' >>spots.csv
    ar-split -q -s samples.csv spots=spots.csv 2>err >split.tar || [ $? -eq 1 ]
    ar-cleanse -q -e Spot <split.tar 2>err | ar-pack -q 2>err | ar-analyze -q --keep-going -- ./method 2>err | ar-merge >merged.tar 2>err
    says '13 rows, 4 analysed, 3 dropped, 6 in failed lanes' "lane 'A' (sample of A) failed: "
    entry merged.tar A/error | holds V2
}

@test "a stream that failed as a whole: status 1, with its error" {
    printf 'the microscope was off' >error
    tar --format=ustar -cf failed.tar error
    refuses 1 'says that it failed as a whole: the microscope was off' -- ar-merge failed.tar
    is_unfinished out
}

# ---- the table ----

@test "the columns are the union in order of appearance, values keep their digits and types, and missing cells are empty" {
    lane_results 'A={"b":5.80,"t":"5.80"}' 'B={"輝 点":"x,\"y\"\nz","b":1e400,"n":null,"y":true,"big":12345678901234567890.10}' C=null \
        $'D=data,"p ""q""",empty,b\nD,"",,0.1234567890123456789\n' 'E={"t":"true","b":-0.0,"u":"007"}'
    printf '%s\n' 'b,t,data,sample_name,輝 点,n,y,big,"p ""q""",empty,u' \
        '5.80,"5.80",A,sample of A,,,,,,,' \
        '1e400,,B,sample of B,"x,""y""' 'z",,true,12345678901234567890.10,,,' \
        '0.1234567890123456789,,D,sample of D,,,,,"",,' \
        '-0.0,"true",E,sample of E,,,,,,,007' >expected
    ar-merge -q <results.tar >merged.tar
    cmp expected <(entry merged.tar analysis_results)
    ar-merge -q --lanes lanes results/E.tar results/D.tar results/C.tar results/B.tar results/A.tar | cmp merged.tar -
    # Python's csv module reads the same cells.
    entry merged.tar analysis_results >table.csv
    python3 - <<'END'
import csv
rows = list(csv.DictReader(open('table.csv', encoding='utf-8', newline='')))
assert [r['data'] for r in rows] == ['A', 'B', 'D', 'E']
assert rows[1]['輝 点'] == 'x,"y"\nz' and rows[3]['u'] == '007'
END
}

@test "where no lane has a row, the table is the header data,sample_name" {
    lane_results A=null B=fails
    ar-merge -q <results.tar 2>err >merged.tar
    echo data,sample_name | cmp - <(entry merged.tar analysis_results)
    echo path,data,sample,kind,image_type,bytes,xxh3 | cmp - <(entry merged.tar artifacts)
}

@test "a result that is none, by another program: status 1, with lane and file" {
    lane_results 'A={"n":1}' 'B={"n":2}'
    # Lane A with another result, whose digest is right: as another program made it.
    broken() {
        printf "$1" >body
        entry results/A.tar analysis_result >old
        change_entry results/A.tar changed.tar analysis_result 'open("body", "rb").read()'
        change_entry changed.tar A.tar ledger "$UNSEALED.replace(b'\"bytes\":$(wc -c <old),\"xxh3\":\"$(xxh128sum <old | cut -c-32)', \
            b'\"bytes\":$(wc -c <body),\"xxh3\":\"$(xxh128sum <body | cut -c-32)')"
    }
    merge() { ar-merge --lanes lanes A.tar results/B.tar; }
    broken 'n,data,sample_name\n7,A,sample of A\n'
    merge 2>err | tar -xO analysis_results | holds -x '7,A,sample of A'
    broken 'n,data\n1,A\n2,A\n'
    refuses 1 "'A.tar'" "lane 'A'" '2 rows' -- merge
    is_unfinished out
    broken 'n,data\n1,B\n'
    refuses 1 "'A.tar'" "'data' is 'B'" -- merge
    broken 'n,n\n1,2\n'
    refuses 1 "'A.tar'" "'n'" -- merge
    broken 'n,m\n1\n'
    refuses 1 "'A.tar'" 'line 2' -- merge
    broken 'n\n\377\n'
    refuses 1 "'A.tar'" 'UTF-8' -- merge
}

# ---- pictures and files ----

@test "pictures pass to the byte with their types, and the artifacts say path, lane, size and digest" {
    mkdir -p pictures/A pictures/0002
    head -c 300000 /dev/urandom >pictures/A/b.PNG
    printf x >'pictures/A/輝 点.svg'
    printf 'name,image_type\n輝 点.svg,"fit, ""curve"""\n' >pictures/A/images.csv
    : >pictures/0002/a.b.tiff
    printf y >pictures/0002/none
    lane_results A='{}' 0002='{}'
    ar-merge -q --lanes lanes results/A.tar results/0002.tar >merged.tar
    cmp pictures/A/b.PNG <(entry merged.tar A/images/b.PNG)
    digest() { xxh128sum <"pictures/$1" | cut -d' ' -f1; }
    printf '%s\n' path,data,sample,kind,image_type,bytes,xxh3 \
        "A/images/b.PNG,A,sample of A,image,png,300000,$(digest A/b.PNG)" \
        "A/images/輝 点.svg,A,sample of A,image,\"fit, \"\"curve\"\"\",1,$(digest 'A/輝 点.svg')" \
        "0002/images/a.b.tiff,0002,sample of 0002,image,,0,$(digest 0002/a.b.tiff)" \
        "0002/images/none,0002,sample of 0002,image,,1,$(digest 0002/none)" >expected
    # Which extensions are types is ar-analyze's.
    sed -i 's/image,[a-z]*,0,/image,,0,/' expected
    entry merged.tar artifacts | sed 's/image,[a-z]*,0,/image,,0,/' | diff expected -
    python3 - <<'END' | diff - <(printf '%s\n' 'A/images/b.PNG true png' 'A/images/輝 点.svg true fit, "curve"' '0002/images/none true None')
import tarfile
for m in tarfile.open('merged.tar'):
    if '/images/' in m.name and 'tiff' not in m.name:
        print(m.name, m.pax_headers.get('is_file'), m.pax_headers.get('image_type'))
END
}

@test "unknown entries pass through: a lane's files are artifacts, those at the top come once" {
    lane_results 'A={"n":1}' B=null
    head -c 70000 /dev/urandom >model
    printf 'kept' >note
    add() { # another program adds files to a stream: $1 to $2, at the top and in lane A
        python3 - "$@" "$(xxh128sum <model | cut -d' ' -f1)" "$(xxh128sum <note | cut -d' ' -f1)" <<'END'
import io, json, sys, tarfile
source, target, model, note = sys.argv[1:]
def put(tar, name, body, pax):
    entry = tarfile.TarInfo(name)
    entry.size, entry.pax_headers = len(body), pax
    tar.addfile(entry, io.BytesIO(body))
with tarfile.open(source) as old, tarfile.open(target, 'w', format=tarfile.PAX_FORMAT) as new:
    for entry in old:
        body = old.extractfile(entry).read()
        if entry.name.endswith('ledger'):
            ledger = json.loads(body)
            del ledger['xxh3']
            if entry.name == 'ledger':
                ledger['files']['note'] = {'bytes': 4, 'xxh3': note}
            elif entry.name == 'A/ledger':
                put(new, 'A/files/model.bin', open('model', 'rb').read(), {'is_file': 'true', 'LAB.who': '光'})
                put(new, 'A/remark', b'kept', {})
                ledger['files'].update({'files/model.bin': {'bytes': 70000, 'xxh3': model}, 'remark': {'bytes': 4, 'xxh3': note}})
            body = json.dumps(ledger).encode()
            entry.size = len(body)
        new.addfile(entry, io.BytesIO(body))
        if entry.name == 'ledger':
            put(new, 'note', b'kept', {})
END
    }
    add results.tar more.tar
    ar-merge -q more.tar >merged.tar
    entries merged.tar | diff <(printf '%s\n' targets params analysis_results artifacts A/files/model.bin A/remark note ledger) -
    entry merged.tar A/files/model.bin | cmp - model
    entry merged.tar note | cmp - note
    tail -n +2 <(entry merged.tar artifacts) | diff <(echo "A/files/model.bin,A,sample of A,file,,70000,$(xxh128sum <model | cut -d' ' -f1)") -
    [ "$(python3 -c 'import tarfile; print(tarfile.open("merged.tar").getmember("A/files/model.bin").pax_headers["LAB.who"])')" = 光 ]
    ar-ls --verify merged.tar >/dev/null

    ar-analyze -q --lane A -- ./method <in.tar >part-1.tar
    ar-analyze -q --lane B -- ./method <in.tar >part-2.tar
    add part-1.tar more-1.tar
    printf 'KEPT' >note
    add part-2.tar more-2.tar
    sed -i s/kept/KEPT/ more-2.tar
    merge_refuses "'more-2.tar'" "'more-1.tar'" -- ar-merge more-1.tar more-2.tar
}

# ---- the account ----

@test "an account that does not close is refused: rows, lanes and sets that a ledger lost on the way" {
    four_lanes
    change_entry results.tar changed.tar D/ledger 'body.replace(b"\"rows\":2", b"\"rows\":1")'
    merge_refuses "entry 'D/ledger' is damaged" -- ar-merge changed.tar
    change_entry results.tar changed.tar D/ledger "$UNSEALED.replace(b'\"stage\":\"analyze\",\"rows_in\":2,\"rows\":2', b'\"stage\":\"analyze\",\"rows_in\":1,\"rows\":1')"
    merge_refuses "lane 'D'" "1 rows of 'spots'" 'for 2' -- ar-merge changed.tar
    change_entry results.tar changed.tar D/ledger "$UNSEALED.replace(b',{\"stage\":\"analyze\",\"rows_in\":2,\"rows\":2}', b'')"
    merge_refuses "the account of the set 'spots' does not close: its source has 12 rows, accounted for are 10" -- ar-merge changed.tar
    change_entry results.tar changed.tar D/ledger "re.sub(rb'\"sets\":.*\"files\"', b'\"sets\":{},\"files\"', $UNSEALED)"
    merge_refuses "lane 'D': the set 'spots' is missing" -- ar-merge changed.tar
    change_entry results.tar changed.tar ledger "$UNSEALED.replace(b'\"rows\":12', b'\"rows\":13')"
    merge_refuses "the account of the set 'spots' does not close: its source has 13 rows, accounted for are 12" 'ar-ls' -- ar-merge changed.tar
}

@test "a ledger whose members are of other types is refused wherever it is read, with the place in it" {
    four_lanes
    ar-split -q -s samples.csv spots=spots.csv >split.tar
    ar-merge -q <results.tar >merged.tar 2>err
    ar-post -q -k <merged.tar >result.tar 2>err || [ $? -eq 1 ]
    wrong() { # $1 becomes $2 in the ledger at the top of the stream $3; the rest is a tool that refuses it, and where
        change_entry "$3" changed.tar ledger "$UNSEALED.replace(b'$1', b'$2', 1)"
        refuses 2 "$4" 'ar-stream(5)' -- "${@:5}" <changed.tar
    }
    rows="entry 'ledger' /sets/spots/rows: expected a count, found an array"
    wrong '"rows":12' '"rows":[]' split.tar "$rows" ar-cleanse -e Spot
    wrong '"rows":12' '"rows":[]' split.tar "$rows" ar-ls
    ar-cleanse -q -e Spot <split.tar >cleansed.tar
    wrong '"rows":12' '"rows":[]' cleansed.tar "$rows" ar-pack
    wrong '"rows":12' '"rows":[]' in.tar "$rows" ar-analyze -- ./method
    wrong '"rows":12' '"rows":-5' results.tar 'expected a count, found -5' ar-merge
    wrong '"rows":12' '"rows":"12"' results.tar "expected a count, found '12'" ar-ls --verify
    wrong '"rows":12' '"rows":[]' merged.tar "$rows" ar-post
    wrong '"rows":12' '"rows":[]' merged.tar "$rows" ar-ls
    wrong '"rows":12' '"rows":[]' result.tar "$rows" ar-ls
    wrong '"sets":{' '"old":{},"sets":3,"x":{' split.tar "entry 'ledger' /sets: expected an object, found 3" ar-cleanse -e Spot
    # A lane's, and those of folders.
    change_entry results.tar changed.tar C/ledger "$UNSEALED.replace(b'\"rows_in\":3', b'\"rows_in\":true', 1)"
    merge_refuses "entry 'C/ledger' /sets/spots/0/rows_in: expected a count, found true" -- ar-merge changed.tar
    change_entry merged.tar changed.tar ledger "$UNSEALED.replace(b'\"rows_in\":3', b'\"rows_in\":true', 1)"
    refuses 2 "ledger of lane 'D' /sets/spots/0/rows_in: expected a count" -- ar-post <changed.tar
    sed -i 's/"rows":12/"rows":[]/; s/,"xxh3":"[0-9a-f]*"}$/}/' lanes/ledger.json
    merge_refuses 'ledger.json /sets/spots/rows: expected a count' -- ar-merge --lanes lanes results
    refuses 2 'ledger.json /sets/spots/rows: expected a count' -- ar-ls lanes
}

@test "an outcome that its entries do not bear out is refused" {
    four_lanes
    for change in 'A/ledger "result" "failed"' 'A/ledger "result" "no result"' 'B/ledger "failed" "result"' 'C/ledger "no result" "result"' 'A/ledger "result" "not chosen"'; do
        read -r name from to <<<"${change/no result/no_result}"
        change_entry results.tar changed.tar "$name" "$UNSEALED.replace(b'\"outcome\":${from//_/ }', b'\"outcome\":${to//_/ }')"
        merge_refuses "lane '${name%/ledger}'" 'by its ledger' -- ar-merge changed.tar
    done
}

@test "the folder of --lanes must be whole, and as ar-pack wrote it" {
    four_lanes
    cp -r lanes kept
    echo '{"threshold": 0.9}' >lanes/params.json
    merge_refuses "folder 'lanes': 'params.json'" 'digest' -- ar-merge --lanes lanes results
    cp kept/params.json lanes
    sed -i 's/sample of A/sample of a/' lanes/targets.json
    merge_refuses "folder 'lanes': 'targets.json'" 'digest' -- ar-merge --lanes lanes results
    cp kept/targets.json lanes
    mv lanes/ledger.json lanes/.ledger.json.old
    merge_refuses "folder 'lanes'" "a folder that 'ar-pack -d' has finished" -- ar-merge --lanes lanes results
    merge_refuses "cannot open the folder 'nowhere'" -- ar-merge --lanes nowhere results
    merge_refuses "cannot open the folder 'order.csv'" -- ar-merge --lanes order.csv results
}

@test "a lane of another run, one that was exchanged, or edited is refused by its name: by its result, and in the folder" {
    four_lanes
    ar-ls --verify lanes >/dev/null
    cp -r lanes kept
    sed -i 's/5.80/5.90/' spots.csv # as many rows, other values
    ar-split -q -s samples.csv spots=spots.csv | ar-cleanse -q -e Spot | ar-pack -q -P threshold=0.80 -d others
    cp others/A.tar lanes/A.tar
    refuses 2 "'lanes/A.tar': lane 'A' is not the one that was packed" 'pack the lanes again' -- ar-ls --verify lanes
    ar-analyze -q -- ./method <lanes/A.tar >A.tar
    merge_refuses "'A.tar': lane 'A' does not continue the one in the folder 'lanes'" "analyse 'lanes/A.tar' again" -- ar-merge --lanes lanes results/[BCD].tar A.tar
    ar-merge -q --lanes others A.tar -k >/dev/null 2>err
    # Lanes that failed, have no result, or were not chosen continue theirs.
    ar-analyze -q --keep-going --lane C -- ./method <in.tar >C.tar 2>err
    ar-merge -q --lanes kept C.tar results/[BD].tar -k >/dev/null 2>err
    cp kept/B.tar lanes/A.tar
    cp kept/A.tar lanes/B.tar
    refuses 2 "'lanes/A.tar': expected the lane 'A', found 'B'" -- ar-ls --verify lanes
    # A row was taken out, and the ledger made to fit.
    python3 - kept/D.tar lanes/D.tar "$(command -v xxh128sum)" <<'END'
import io, json, subprocess, sys, tarfile
digest = lambda body: subprocess.run([sys.argv[3]], input=body, stdout=subprocess.PIPE, check=True).stdout[:32].decode()
with tarfile.open(sys.argv[1]) as old, tarfile.open(sys.argv[2], 'w', format=tarfile.PAX_FORMAT) as new:
    for entry in old:
        body = old.extractfile(entry).read()
        if entry.name.endswith('/spots'):
            body = spots = b''.join(body.splitlines(True)[:-1])
        if entry.name == 'ledger':
            ledger = json.loads(body)
            del ledger['xxh3']
            for record in ledger['sets']['spots']:
                record.update(bytes=len(spots), xxh3=digest(spots))
                record['rows'] -= record['stage'] != 'split'
                record['rows_in'] -= record['stage'] == 'pack'
            ledger['sets']['spots'][1]['dropped']['Entity'] += 1
            body = json.dumps(ledger, separators=(',', ':')).encode()
        entry.size = len(body)
        new.addfile(entry, io.BytesIO(body))
END
    cp kept/[ABC].tar lanes
    ar-analyze -q -- ./method <lanes/D.tar >D.tar
    merge_refuses "'D.tar': lane 'D' does not continue" -- ar-merge --lanes lanes results/[ABC].tar D.tar
    refuses 2 "'lanes/D.tar': lane 'D' is not the one that was packed" -- ar-ls --verify lanes
}

@test "unknown entries of the folder of --lanes are those that ar-pack put there" {
    four_lanes
    printf 'kept' >note
    mkdir -p run/image_analysis_results
    cp note run/note; cp samples.csv run/sample_names; cp spots.csv run/image_analysis_results/spots
    tar -C run -cf run.tar .
    ar-split -q run.tar | ar-cleanse -q -e Spot | ar-pack -q -P threshold=0.80 -d lanes
    ar-merge -q --lanes lanes results 2>err | tar -xO note 2>/dev/null | cmp - note
    cp lanes/rest.tar rest.tar
    sed -i s/kept/lost/ lanes/rest.tar
    merge_refuses "folder 'lanes': 'rest.tar'" "'note'" digest -- ar-merge --lanes lanes results
    head -c 1024 rest.tar >lanes/rest.tar
    merge_refuses "folder 'lanes': 'rest.tar'" -- ar-merge --lanes lanes results
    rm lanes/rest.tar
    merge_refuses "folder 'lanes': 'rest.tar' lacks the entry 'note'" -- ar-merge --lanes lanes results
}

# ---- bad input ----

@test "a lane file that is cut, damaged, empty, no tar, or not there is refused by its name" {
    four_lanes
    size=$(stat -c %s results/A.tar)
    for keep in 1 512 1000 4096 $((size - 1024)) $((size - 10240)); do
        head -c "$keep" results/A.tar >A.tar
        merge_refuses "'A.tar'" -- ar-merge --lanes lanes A.tar results/[BCD].tar
    done
    sed 's/picture of A/picture of a/' results/A.tar >A.tar
    merge_refuses "'A.tar'" images/a.png digest -- ar-merge --lanes lanes A.tar results/[BCD].tar
    : >A.tar
    merge_refuses "'A.tar' is empty" -- ar-merge --lanes lanes A.tar results/[BCD].tar
    echo text >A.tar
    merge_refuses "'A.tar'" 'not a tar' -- ar-merge --lanes lanes A.tar results/[BCD].tar
    cat results/A.tar results/A.tar >A.tar
    merge_refuses "'A.tar'" -- ar-merge --lanes lanes A.tar results/[BCD].tar
    merge_refuses "cannot open 'none.tar'" 'No such file' -- ar-merge --lanes lanes none.tar
    gzip -c results/A.tar | head -c 300 >A.tar
    merge_refuses "'A.tar'" -- ar-merge --lanes lanes A.tar results/[BCD].tar
}

@test "no input, a folder without a tar, and a folder that is called one" {
    four_lanes
    merge_refuses 'no input (did the command before it fail?)' -- ar-merge </dev/null
    [ "$(wc -l <err)" -eq 1 ]
    mkdir empty
    merge_refuses "the folder 'empty' holds no *.tar" -- ar-merge --lanes lanes empty
    mkdir results/folder.tar
    merge_refuses "'results/folder.tar'" -- ar-merge --lanes lanes results
}

@test "a pipe, a socket, a device in a folder is refused by its name, not waited for; a link to a file, and a pipe that is named, are taken" {
    four_lanes
    mkfifo pipe
    ar-merge -q --lanes lanes results >merged.tar 2>err
    for kind in 'named pipe' socket device; do
        case $kind in
        named*) make() { cp -a pipe "$1"; } ;;
        socket) make() { python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$1"; } ;;
        device) make() { ln -s /dev/zero "$1"; } ;;
        esac
        make results/x.tar
        merge_refuses "'results/x.tar' is a $kind, expected a file" 'take it away' -- timeout 5 ar-merge --lanes lanes results
        refuses 2 "'results/x.tar' is a $kind" -- timeout 5 ar-ls results
        rm results/x.tar
        for name in ledger.json params.json targets.json rest.tar; do
            [ ! -e "lanes/$name" ] || mv "lanes/$name" kept
            make "lanes/$name"
            merge_refuses "folder 'lanes': '$name' is a $kind" -- timeout 5 ar-merge --lanes lanes results
            [ "$name" = rest.tar ] || refuses 2 "$name'" -- timeout 5 ar-ls --verify lanes
            rm "lanes/$name"
            [ ! -e kept ] || mv kept "lanes/$name"
        done
        mv lanes/A.tar kept
        make lanes/A.tar
        refuses 2 "'lanes/A.tar' is a $kind" -- timeout 5 ar-ls lanes
        rm lanes/A.tar
        mv kept lanes/A.tar
    done
    mv results/A.tar elsewhere.tar
    ln -s ../elsewhere.tar results/A.tar
    ar-merge -q --lanes lanes results 2>err | cmp merged.tar -
    rm results/A.tar
    ar-merge -q --lanes lanes results <(cat elsewhere.tar) 2>err | cmp merged.tar -
    ar-merge -q --lanes lanes results /dev/stdin <elsewhere.tar 2>err | cmp merged.tar -
}

@test "the merged stream on top of an input is refused, and the input stays" {
    four_lanes
    cp results.tar kept.tar
    merge_refuses 'input and output at once' -- ar-merge -o results.tar results.tar
    cmp results.tar kept.tar
    # A merged stream that an earlier run left among the results.
    ar-merge -q --lanes lanes -o results/merged.tar results 2>err
    refuses 2 "'results/merged.tar' is input and output at once" -- ar-merge --lanes lanes -o results/merged.tar results
}

# ---- output ----

@test "a full disk: status 3; an output that fails leaves no file" {
    four_lanes
    status=0
    ar-merge results.tar >/dev/full 2>err || status=$?
    [ "$status" -eq 3 ]
    says 'No space left on device'
    head -c 3000 results.tar >cut.tar
    refuses 2 -- ar-merge -o merged.tar cut.tar
    [ ! -e merged.tar ]
    TMPDIR=$PWD/nowhere refuses 2 "$PWD/nowhere" TMPDIR -- ar-merge results.tar
}

@test "a signal half-way: the tool dies of it, and nothing is left" {
    four_lanes
    mkfifo fifo
    for signal in INT TERM; do
        env --default-signal=INT,TERM ar-merge -o merged.tar <fifo 2>err 3>&- &
        exec 9>fifo
        head -c 5000 results.tar >&9
        wait_until handles_signals $!
        kill -$signal $!
        status=0
        wait $! || status=$?
        exec 9>&-
        [ "$status" -eq $((128 + $(kill -l $signal))) ]
        find . -name '*merged*' | diff /dev/null -
        none_marked
    done
}

# ---- many ----

@test "2,000 lanes: as one stream, or as files in any order, the same bytes; the table as Python makes it" {
    local last=1999
    [ -z "${TESTS_SANITIZED:-}" ] || last=1049
    # shellcheck disable=SC2046
    lane_inputs $(seq -f '%04g' $last -1 0)
    ar-split -q -s samples.csv spots=spots.csv | ar-cleanse -q -e Spot | ar-pack -q -P threshold=0.80 -d lanes
    ar-analyze -q -- /bin/echo '{"n":5.80,"t":"007"}' <in.tar >results.tar
    mkdir results
    one_by_one results.tar results
    ar-merge -q <results.tar >merged.tar
    ar-merge -q --lanes lanes results | cmp merged.tar -
    printf 'results/%s\n' $(ls results) | shuf --random-source=<(yes) | xargs ar-merge -q --lanes lanes | cmp merged.tar -
    python3 -c 'import sys
print("n,t,data,sample_name")
for i in range(int(sys.argv[1]), 999, -1): print(f"5.80,007,\"{i}\",sample of {i}")
for i in range(999, -1, -1): print(f"5.80,007,{i:04},sample of {i:04}")' $last | cmp - <(entry merged.tar analysis_results)
    entry merged.tar ledger | jq -e '[.lanes[].sets.spots[-1].rows] | add == 2 * ('$last' + 1)'
}
