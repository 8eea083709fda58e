#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

load helpers

setup() {
    in_scratch
}

RUN=$BATS_TEST_DIRNAME/data/run-small

# A method for the small run: 007 fails, and writes an escape sequence; the others have a number and a picture.
write_method() {
    cat >method <<'END'
#!/bin/sh
if [ "$(cat data_name)" = 007 ]; then
    printf 'no spots \033[31m\nat all\n' >&2
    exit 3
fi
mkdir images && printf picture >images/a.png
echo '{"n": 5.80}'
END
    chmod +x method
}

small_results() {
    small_lanes lanes.tar
    ar-pack -q <lanes.tar >inputs.tar
    write_method
    ar-analyze -q --keep-going -- ./method <inputs.tar >results.tar 2>/dev/null
    ar-merge -q <results.tar >merged.tar 2>/dev/null
}

# ---- what it is ------------------------------------------------------------------------------------------------------

@test "each stream along the way is called what it is" {
    small_results
    ar-post -q -k <merged.tar >result.tar 2>/dev/null || [ $? -eq 1 ]
    tar --format=pax -cf run.tar --transform='s,^as.csv,image_analysis_results/as,;s,^samples.csv,sample_names,' samples.csv as.csv
    for pair in run:run split:lanes lanes:lanes inputs:'lane inputs' results:'lane results' merged:merged result:result; do
        status=0
        ar-ls --json "${pair%%:*}.tar" >out || status=$?
        [ "$status" -le 1 ]
        [ "$(jq -r .kind out)" = "${pair#*:}" ]
    done
    [ "$(ar-ls --json split.tar | jq .cleansed)" = false ]
    [ "$(ar-ls --json lanes.tar | jq .cleansed)" = true ]
    ar-ls split.tar | holds -x 'split.tar: lanes, not cleansed yet'
    ar-ls lanes.tar | holds -x 'lanes.tar: lanes, cleansed'
}

@test "one lane is a stream, too" {
    small_results
    ar-pack -q -d folder <lanes.tar
    ar-ls --json folder/0000.tar >out
    [ "$(jq -c '[.kind, .one_lane, (.lanes | length), .lanes[0].data]' out)" = '["lane inputs",true,1,"0000"]' ]
    ar-analyze -q -- ./method <folder/0000.tar | ar-ls | holds -x 'standard input: one lane, analysed'
}

@test "a compressed stream is listed as it would be without" {
    small_lanes lanes.tar
    ar-ls lanes.tar >plain
    for filter in gzip zstd xz bzip2 lz4; do
        $filter -c <lanes.tar >packed
        ar-ls --json packed | jq -e --arg filter "$filter" '.compression == $filter and .entries == 12'
        ar-ls <packed >out
        diff <(tail -n +3 plain) <(tail -n +3 out)
    done
}

@test "a folder of lanes is listed as their stream" {
    small_lanes lanes.tar
    ar-pack -q <lanes.tar >inputs.tar
    ar-pack -q -d folder <lanes.tar
    ar-ls --json --entities inputs.tar | jq -S '[.kind, .sets, .lanes]' >stream
    ar-ls --json --entities --verify folder | jq -S '[.kind, .sets, .lanes]' >folder.json
    diff stream folder.json
}

@test "a folder of lane results needs no index" {
    small_results
    ar-pack -q -d folder <lanes.tar
    mkdir results
    for lane in folder/0*.tar; do
        ar-analyze -q --keep-going -o "results/${lane##*/}" -- ./method <"$lane" 2>/dev/null
    done
    ar-ls --json results >out || [ $? -eq 1 ]
    [ "$(jq -c '[.kind, .states]' out)" = '["lane results",{"done":1,"failed":1}]' ]
}

@test "several streams, or the tars of a folder without an index, are listed as parts of one" {
    small_results
    ar-pack -q -d folder <lanes.tar
    mkdir results
    for lane in folder/0*.tar; do
        ar-analyze -q --keep-going -o "results/${lane##*/}" -- ./method <"$lane" 2>/dev/null
    done
    refuses 1 -- ar-ls --json --verify results
    jq -S '[.parts, .lanes, .states, .sets.as.dropped]' out >folder.json
    [ "$(jq -c '[.[0], .[2]]' folder.json)" = '[2,{"done":1,"failed":1}]' ]
    refuses 1 -- ar-ls --json --verify results/007.tar results/0000.tar
    jq -S '[.parts, (.lanes | sort_by(.data)), .states, .sets.as.dropped]' out | diff folder.json -
    refuses 1 -- ar-ls results
    grep -x 'results: lane results, in a folder of 2 tars' out

    # Of parts made with --lane, that counts in which a lane was chosen, whichever comes first.
    ar-analyze -q --keep-going --lane 0000 -- ./method <inputs.tar >one.tar
    ar-analyze -q --keep-going --lane 007 -- ./method <inputs.tar >other.tar 2>/dev/null
    ar-ls --json results.tar | jq -S '[.lanes, .sets]' >whole || [ $? -eq 1 ]
    for parts in 'one.tar other.tar' 'other.tar one.tar'; do
        # shellcheck disable=SC2086
        refuses 1 -- ar-ls --json $parts
        jq -S '[(.lanes | sort_by(.data)), .sets]' out | diff whole -
    done
}

@test "what are no parts of one is refused, with what to do, and the rest is listed" {
    small_results
    ar-pack -q -d lanes <lanes.tar
    mkdir folder
    cp lanes/0000.tar folder/a.tar
    cp lanes/0000.tar folder/b.tar
    refuses 2 "lane '0000' is there twice: in 'folder/a.tar' and in 'folder/b.tar'" 'take the one away' -- ar-ls --json folder
    jq -e '(.lanes | length) == 1 and .sets.as.rows == 2' out
    cp merged.tar folder/b.tar
    refuses 2 "'folder/b.tar' is a stream of merged lanes" "ar-ls 'folder/b.tar'" -- ar-ls --json folder
    jq -e '[.lanes[].data] == ["0000"]' out
    refuses 2 "'merged.tar' is a stream of merged lanes" -- ar-ls merged.tar merged.tar
    diff /dev/null out
    refuses 2 "'lanes' is a folder" "ar-ls 'lanes'" -- ar-ls lanes/0000.tar lanes
    refuses 2 "'lanes.tar' is named twice" -- ar-ls lanes.tar lanes.tar
    refuses 2 "cannot open 'missing.tar'" -- ar-ls lanes.tar missing.tar
    refuses 2 "operand 'lanes.tar': expected SET=FILE" -- ar-ls lanes.tar as.csv
    # A lane of another run.
    ar-split -q as=as.csv 2>/dev/null | ar-cleanse -q --none as | ar-pack -q >run-2.tar
    ar-analyze -q --lane 9 -- ./method <run-2.tar >nine.tar
    ar-analyze -q --lane 0000 -- ./method <inputs.tar >one.tar
    refuses 2 "'nine.tar' is of another run" -- ar-ls one.tar nine.tar
    # A part that is an error says which part it is.
    printf 'it went wrong' >error
    tar --format=ustar -cf error.tar error
    refuses 1 -- ar-ls lanes/0000.tar error.tar
    grep 'error.tar: it went wrong' out
}

@test "a result that was withheld is said to be, and why" {
    small_results
    ar-post -q <merged.tar >withheld.tar 2>/dev/null || [ $? -eq 1 ]
    ar-post -q -k <merged.tar >incomplete.tar 2>/dev/null || [ $? -eq 1 ]
    ar-post -q -d withheld <merged.tar 2>/dev/null || [ $? -eq 1 ]
    refuses 1 -- ar-ls withheld.tar
    grep -x 'withheld.tar: result withheld: 1 lane failed' out
    refuses 1 -- ar-ls incomplete.tar
    grep -x 'incomplete.tar: result incomplete: 1 lane failed' out
    refuses 1 -- ar-ls withheld
    grep -x 'withheld: result withheld, in a folder: 1 lane failed' out
    refuses 1 -- ar-ls --json withheld.tar
    jq -e '.kind == "result" and .withheld' out
    refuses 1 -- ar-ls --json incomplete.tar
    jq -e '.withheld | not' out
    ar-analyze -q --lane 0000 -- ./method <inputs.tar | ar-merge -q >part.tar
    ar-post -q <part.tar >part-result.tar 2>/dev/null || [ $? -eq 1 ]
    ar-ls part-result.tar | holds -x 'part-result.tar: result withheld: 1 lane not chosen'
}

@test "the lanes of a result in a folder have their samples' names" {
    small_results
    ar-post -q -k -d result <merged.tar 2>/dev/null || [ $? -eq 1 ]
    refuses 1 -- ar-ls --json result
    [ "$(jq -r '.lanes[0].sample' out)" = first ]
}

@test "a folder that holds a result is listed, and its files verified" {
    small_results
    ar-post -q -k -d result <merged.tar 2>/dev/null || [ $? -eq 1 ]
    refuses 1 -- ar-ls --json --verify result
    [ "$(jq -c '[.kind, .states, .verified, .result_csv.rows]' out)" = '["result",{"done":1,"failed":1},true,1]' ]
    printf pictuRe >result/images/0000/a.png
    refuses 2 "'images/0000/a.png'" 'digest' -- ar-ls --verify result
    rm result/images/0000/a.png
    refuses 2 "'images/0000/a.png' is missing" -- ar-ls --verify result
}

# ---- rows ------------------------------------------------------------------------------------------------------------

@test "rows, bytes and what was dropped are those of the CSV" {
    ar-split -q -s "$RUN/samples.csv" as="$RUN/activity_spots.csv" ss="$RUN/surrounding_spots.csv" >split.tar 2>/dev/null
    ar-cleanse -q -e as='Activity Spots' -e ss='Surrounding Spots' <split.tar >lanes.tar
    ar-ls --json lanes.tar | jq -S '[.lanes[] | [.data, .sample, (.sets | map_values([.rows_in, .rows]))]]' >ours
    python3 - "$RUN" >theirs.json <<'END'
import csv, json, sys
def rows(name):
    with open(f'{sys.argv[1]}/{name}.csv', newline='', encoding='utf-8') as f:
        return list(csv.DictReader(f))
def counts(name, entity, lane):
    mine = [r for r in rows(name) if r['Filename'].split('_000_')[1].split('.')[0] == lane]
    return [len(mine), sum(r['Entity'] == entity for r in mine)]
print(json.dumps([[s['data'], s['sample'], {'as': counts('activity_spots', 'Activity Spots', s['data']),
                                          'ss': counts('surrounding_spots', 'Surrounding Spots', s['data'])}] for s in rows('samples')]))
END
    diff ours <(jq -S . theirs.json)
    # One row of each set is of the lane 9999, which the samples table does not name.
    ar-ls --json lanes.tar | jq -e '.sets.as.account.not_in_samples == {"9999": 1} and .sets.as.rows + .sets.as.dropped.Entity + 1 == .sets.as.account.rows'
    ar-ls lanes.tar | holds 'dropped: not in the samples table: 9999 (1)'
}

@test "entities are counted for each set and each lane" {
    small_lanes lanes.tar
    ar-ls --json --entities split.tar >out
    [ "$(jq -c '.sets.as.entities' out)" = '{"Spots":3,"Other":1}' ]
    [ "$(jq -c '[.lanes[] | .sets.as.entities]' out)" = '[{"Spots":2,"Other":1},{"Spots":1}]' ]
    [ "$(jq -c '[.lanes[] | .sets.ss.entities]' out)" = '[{},{"Around":1,"Other":1}]' ]
}

@test "a set without the column Entity is no failure" {
    printf 'Filename,v\nV_000_1.nd2,2\n' >s.csv
    ar-ls --entities s=s.csv >out
    grep -q 'no column Entity' out
    ar-split -q s=s.csv | ar-ls --json --entities | jq -e '.sets.s.entities == null'
}

@test "lanes of 100 kB of header still show their columns" {
    python3 -c 'print("Filename," + ",".join(f"column_{i}" for i in range(10000)))
print("V_000_1.nd2," + "," * 9999)' >wide.csv
    ar-split -q wide=wide.csv >wide.tar
    ar-ls --json wide.tar | jq -e '.sets.wide.columns | length == 10001 and .[10000] == "column_9999"'
}

# ---- CSV files -------------------------------------------------------------------------------------------------------

@test "CSV files show the lanes that they would give" {
    small_run
    ar-ls --json -s samples.csv as=as.csv ss=ss.csv >out
    # as.csv: a row of the lane 9, and one ("foo", in line 6) of none.
    jq -e '.kind == "files" and [.lanes[].data] == ["0000", "007"]' out
    [ "$(jq -c '[.lanes[].sets.as.rows]' out)" = '[3,1]' ]
    [ "$(jq -c '.sets.as.account | [.rows, .lane_by, .dropped, .no_lane_line, .not_in_samples]' out)" = \
        '[6,"Filename",{"no_lane":1,"not_in_samples":1},6,{"9":1}]' ]
    [ "$(jq -c '.sets.ss.account.lane_by' out)" = '"ImageAnalysisMethod, Data"' ]
    # What it says are the bytes of the lanes is what ar-split writes.
    ar-split -q -s samples.csv as=as.csv ss=ss.csv 2>/dev/null | ar-ls --json | jq -c '[.lanes[].sets]' >lanes
    diff lanes <(jq -c '[.lanes[].sets]' out)
}

@test "a file is a set of its own name, made one where it is none" {
    small_run
    cp as.csv '2024 as.v2.csv'
    gzip -c ss.csv >ss.csv.gz
    ar-ls --json as.csv './2024 as.v2.csv' ss.csv.gz | jq -e '(.sets | keys) == ["_2024_as", "as", "ss"]'
    ar-ls as=- <as.csv | holds 'as: standard input'
}

@test "line ends, byte order mark and blank lines are told" {
    printf '\357\273\277Filename,v\r\n\r\nV_000_1.nd2,2\r\n' >s.csv
    ar-ls s.csv | holds -x 's: s.csv, 32 B, 1 row, line ends CRLF or CR, byte order mark, 1 blank line'
}

@test "the plate shows its wells" {
    ar-ls --json --lane-key 'filename~Well([A-P][0-9]{2})' "labels=$(echo "$SHARE"/examples/plate/*.csv)" >out
    # 864 images: 96 wells of nine each, a blank line behind each row, as the plate's README says.
    jq -e '(.lanes | length) == 96 and all(.lanes[]; .sets.labels.rows == 9) and .sets.labels.account.blank_lines == 865' out
}

@test "columns are shown where the lanes cannot be told" {
    printf 'file,label\na,1\nb,2\n' >s.csv
    refuses 2 "column 'Filename' not found; columns are 'file', 'label'" '--lane-key' -- ar-ls s.csv
    grep -qx 's: s.csv, 19 B, 2 rows' out
    grep -qx '  columns: file, label' out
}

@test "two image-analysis methods in a lane are its error" {
    printf 'Filename\nV1_000_a.nd2\nV2_000_a.nd2\nV1_000_b.nd2\n' >s.csv
    refuses 1 -- ar-ls --json s.csv
    jq -e '[.lanes[].state] == ["failed", "open"] and (.errors[0].error | contains("line 3"))' out
}

@test "a samples table of another run is an error" {
    small_run
    printf 'data,sample\nA,a\n' >other.csv
    refuses 1 -- ar-ls -s other.csv as=as.csv
    grep -q 'no row is of a lane that the samples table names' out
}

@test "a run is listed from a file and from a pipe alike" {
    small_run
    mkdir -p run/image_analysis_results
    cp as.csv run/image_analysis_results/as
    cp samples.csv run/sample_names
    echo '{}' >run/params
    tar -C run --format=ustar -cf run.tar .
    ar-ls --json run.tar | jq -S 'del(.input, .entries, .bytes)' >file
    ar-ls --json < <(cat run.tar) | jq -S 'del(.input, .entries, .bytes)' >pipe
    diff file pipe
    gzip -c run.tar | ar-ls --json | jq -S 'del(.input, .entries, .bytes) | .compression = "none"' >zipped
    diff file zipped
    jq -e '.kind == "run" and [.lanes[].data] == ["0000", "007"] and .params' file
}

# ---- errors ----------------------------------------------------------------------------------------------------------

@test "failed lanes make status 1, and are shown with the whole of their error, harmlessly" {
    small_results
    for stream in results merged; do
        refuses 1 -- ar-ls $stream.tar
        grep -q '^007 .*failed: ' out
        grep -qF 'no spots \x1b[31m' out
        grep -q 'at all' out
        ! grep -q "$(printf '\033')" out || false
        [ ! -s err ]
    done
    refuses 1 -- ar-ls --json merged.tar
    jq -e '[.lanes[] | [.state, .images]] == [["done", 1], ["failed", 0]] and (.errors | map(.data)) == ["007"]' out
    jq -e '.artifacts.image == {"count": 1, "bytes": 7} and .analysis_results.columns == ["n", "data", "sample_name"]' out
}

@test "an error that lanes share is shown once, with the lanes that have it" {
    small_lanes lanes.tar
    ar-pack -q <lanes.tar >inputs.tar
    ar-analyze -q --keep-going -- sh -c 'echo the same; exit 4' <inputs.tar >results.tar 2>/dev/null
    refuses 1 -- ar-ls results.tar
    grep -x '  0000 (first), 007 (second, the)' out
    [ "$(grep -c "^    'sh' exited with status 4" out)" -eq 1 ]
    # 30 lanes with errors of their own and as many with one.
    lane_inputs $(seq 100 159)
    ar-analyze -q --keep-going -- sh -c '[ "$AR_DATA_NAME" -lt 130 ] && echo "$AR_DATA_NAME" >&2; exit 5' <in.tar >results.tar 2>/dev/null
    refuses 1 -- ar-ls results.tar
    [ "$(grep -c "^    'sh' exited with status 5" out)" -eq 20 ]
    grep -x '  … (and others: the first line of each is in the table)' out
    ar-analyze -q --keep-going -- sh -c 'exit 5' <in.tar >results.tar 2>/dev/null
    refuses 1 -- ar-ls results.tar
    grep -x '  100 (sample of 100), 101 .*107 (sample of 107), … (60 lanes)' out
}

@test "an error at the top is that of the whole" {
    printf 'it went wrong' >error
    tar --format=ustar -cf whole.tar error
    head -c 1024 whole.tar >cut.tar # as the Python runner writes it: without end blocks
    for stream in whole cut; do
        refuses 1 -- ar-ls --json $stream.tar
        jq -e '.kind == "error" and .errors == [{"data": null, "sample": null, "error": "it went wrong"}]' out
    done
}

@test "lanes that were not chosen are no error" {
    small_results
    ar-analyze -q --lane 0000 -- ./method <inputs.tar >part.tar
    ar-ls --json part.tar | jq -e '[.lanes[].state] == ["done", "not chosen"] and .sets.as.rows_not_chosen == 1'
}

@test "names of lanes with control characters and wide text keep the columns straight" {
    printf 'data,sample\n0,陽性対照\n1,"a\033[31m\nb"\n2,x\n' >samples.csv
    printf 'Filename\nV_000_0.nd2\nV_000_1.nd2\nV_000_2.nd2\n' >s.csv
    ar-ls -s samples.csv s.csv >out
    grep -qF 'a\x1b[31m\nb' out
    # The number of rows begins in the same column of the terminal in each line.
    python3 - <<'END'
import unicodedata
with open('out', encoding='utf-8') as f:
    lines = f.read().split('\n')[4:7]
at = {sum(2 if unicodedata.east_asian_width(c) in 'WF' else 1 for c in line[:line.rindex('1  ')]) for line in lines}
assert len(at) == 1, lines
END
}

# The table of the stream $2 as a terminal of $1 columns shows it, in the file "table". Prints how many lines it has, how wide the widest
# is, and at how many places the first arrow stands, by Python's tables.
on_terminal() {
    script -qec "stty cols $1; ar-ls $2" /dev/null | tr -d '\r' >shown || [ $? -eq 1 ]
    awk 'NF == 0 { part++ } part == 1 && NF { print }' shown >table
    python3 - table <<'END'
import sys, unicodedata
wide = lambda line: sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in 'WF' else 1 for c in line)
with open(sys.argv[1], encoding='utf-8') as f:
    lines = f.read().splitlines()
print(len(lines), max(map(wide, lines)), len({wide(l[:l.index('→')]) for l in lines[1:] if '→' in l}))
END
}

@test "no line of the table of 96 lanes is wider than the terminal, and its numbers stand in columns" {
    python3 - <<'END'
wells = [f'{r}{c:02}' for r in 'ABCDEFGH' for c in range(1, 13)]
with open('samples.csv', 'w', encoding='utf-8') as f:
    f.write('data,sample\n')
    for i, well in enumerate(wells):
        name = ['患者の血清、希釈百倍、二回目の測定', 'serum of a patient with a name', 'ｶﾞか゛e\u0301'][i % 3]
        f.write(f'{well},{name} {well}\n')
for name, n in ('activity_spots', 3), ('surrounding_spots', 700), ('background', 11000):
    with open(name + '.csv', 'w') as f:
        f.write('Well,Entity\n')
        for i, well in enumerate(wells):
            f.write(f'{well},Spot\n' * (n // (1 + i % 9) + 1) + f'{well},Other\n')
END
    ar-split -q -s samples.csv --lane-key Well activity_spots=activity_spots.csv surrounding_spots=surrounding_spots.csv \
        background=background.csv | ar-cleanse -q -e Spot | ar-pack -q >in.tar
    program method <<<'[ "$AR_DATA_NAME" != B08 ] || { echo no >&2; exit 3; }; echo null'
    ar-analyze -q --keep-going -- ./method <in.tar >out.tar 2>/dev/null
    # 96 lanes, the heads and the sums; the widest line is as wide as the terminal; and the arrows stand in one place.
    [ "$(on_terminal 80 out.tar)" = '98 80 1' ]
    grep -q '^A01  *患者…  .*no result$' table
    [ "$(on_terminal 80 in.tar | cut -d' ' -f1,2)" = '98 80' ]
    read -r lines width places < <(on_terminal 200 out.tar)
    [ "$lines $places" = '98 1' ] && [ "$width" -lt 200 ]
    grep -q 'B08 .*serum of a patient with a name B08.*failed: .*exited with status 3$' table
    # What is no terminal has all of it.
    ar-ls out.tar | holds 'serum of a patient with a name B08' || [ $? -eq 1 ]
    ! ar-ls in.tar | grep -q '…' || false
}

# ---- damage ----------------------------------------------------------------------------------------------------------

@test "a stream that is cut shows what came before, and fails" {
    small_lanes lanes.tar
    size=$(stat -c %s lanes.tar)
    for keep in 600 2000 5000 $((size - 1024)); do
        head -c "$keep" lanes.tar >cut.tar
        refuses 2 -- ar-ls --json cut.tar
        [ "$keep" -lt 2000 ] || jq -e '(.damaged | length) > 0 and .kind == "lanes" and (.lanes | length) == 2' out
        refuses 2 -- ar-ls --json < <(cat cut.tar)
    done
}

@test "no input is said, and what is no stream" {
    refuses 2 'no input' -- ar-ls </dev/null
    echo text >file
    refuses 2 'not a tar' -- ar-ls file
    : >empty.tar
    refuses 2 "'empty.tar' is empty" 'run it again' -- ar-ls empty.tar
    refuses 2 "'empty.tar' is empty" -- ar-ls empty.tar empty.tar
    mkdir empties
    cp empty.tar empties
    refuses 2 "'empties/empty.tar' is empty" -- ar-ls empties
    printf 'x,x\n1,2\n' >twice.csv
    refuses 2 "column 'x' is there twice" -- ar-ls twice.csv
    grep -x 'twice: cannot be read' out
    refuses 2 "cannot open 'missing'" -- ar-ls missing
    mkdir folder
    refuses 2 'holds no lanes' -- ar-ls folder
    refuses 2 "cannot open 'other'" -- ar-ls other file
    refuses 2 "see 'ar-ls --help'" -- ar-ls --wrong
}

@test "a tar of the Python runner is told, and who makes a stream of it" {
    golden=$BATS_TEST_DIRNAME/data/golden
    while read -r from file what; do
        refuses 2 "$what of the Python runner: 'ar-convert --from $from' makes a stream" -- ar-ls "$golden/$file"
    done <<'END'
first first/analyze-0000.in.tar the input of an analyze
first first/analyze-0000.out.tar the output of an analyze
first first/postprocess.in.tar the input of a postprocess
first first/postprocess.out.tar the output of a postprocess
present present/analyzeseq.in.tar.gz the input of an analyzeseq
present present/analyzeseq.out.tar the output of an analyzeseq
present present/run.out.tar.gz the output of a run
END
    # What was cut is that first of all; rows of other lanes were dropped by no rule.
    head -c 3000 "$golden/first/analyze-0000.in.tar" >cut.tar
    refuses 2 'It was cut' -- ar-ls cut.tar
    ar-convert -q --from first "$golden/first/analyze-0000.in.tar" | ar-ls >out
    holds 'of other lanes' <out
    run ! grep 'rules on other_lanes' out
}

@test "without --verify no body is read, with it every digest is checked" {
    small_lanes lanes.tar
    # The bytes are as many; and columns are looked for in the first lane only.
    change_entry lanes.tar changed.tar 007/image_analysis_results/as 'body.replace(b"Spots", b"SPOTS")'
    ar-ls changed.tar >out
    refuses 2 "lane '007'" 'digest' -- ar-ls --verify changed.tar
    ar-ls --verify lanes.tar | holds -x 'verified: 12 entries, [0-9]* bytes'
    ar-ls --verify --json lanes.tar | jq -e .verified
    ar-ls --json lanes.tar | jq -e '.verified | not'
}

@test "--verify checks what merged lanes leave" {
    small_results
    refuses 1 -- ar-ls --verify merged.tar
    grep -q '^verified: ' out
    change_entry merged.tar changed.tar 0000/images/a.png 'b"pictuRe"'
    refuses 2 "'0000/images/a.png'" 'digest' -- ar-ls --verify changed.tar
    change_entry merged.tar changed.tar 0000/images/a.png None
    refuses 2 "'0000/images/a.png' is missing" -- ar-ls --verify changed.tar
    change_entry merged.tar changed.tar analysis_results 'body + b"\n"'
    refuses 2 "'analysis_results'" -- ar-ls --verify changed.tar
    change_entry merged.tar changed.tar ledger 'body.replace(b"5", b"6", 1)'
    refuses 2 "entry 'ledger' is damaged" -- ar-ls changed.tar
    change_entry merged.tar changed.tar ledger 'body[:-38] + b"y" + body[-37:]' # the member of its digest is called xxhy
    refuses 2 "entry 'ledger' is damaged" -- ar-ls changed.tar
}

# The ledger's own digest is taken off, as where another program wrote it; so only the account can tell.
@test "--verify holds the account of rows against the source" {
    small_results
    change_entry merged.tar same.tar ledger "$UNSEALED"
    refuses 1 -- ar-ls --verify same.tar
    change_entry merged.tar changed.tar ledger "$UNSEALED.replace(b'\"rows\":6', b'\"rows\":7', 1)"
    refuses 2 'does not close' -- ar-ls --verify changed.tar
    change_entry split.tar changed.tar ledger "$UNSEALED.replace(b'\"rows\":6', b'\"rows\":7', 1)"
    refuses 2 'does not close' -- ar-ls --verify changed.tar
    change_entry split.tar changed.tar 007/ledger "$UNSEALED.replace(b'\"rows\":1', b'\"rows\":0', 1)"
    refuses 2 "lane '007'" -- ar-ls --verify changed.tar
    # A row too many everywhere in the ledgers, but not in the CSV.
    change_entry split.tar half.tar ledger "$UNSEALED.replace(b'\"rows\":6', b'\"rows\":7', 1).replace(b'\"007\":1', b'\"007\":2', 1)"
    change_entry half.tar changed.tar 007/ledger "$UNSEALED.replace(b'\"rows_in\":1,\"rows\":1', b'\"rows_in\":2,\"rows\":2', 1)"
    refuses 2 "lane '007'" "holds 1 rows, and 2 by its ledger" -- ar-ls --verify changed.tar
}

@test "a folder that lacks a lane shows the others, and fails" {
    small_lanes lanes.tar
    ar-pack -q -d folder <lanes.tar
    rm folder/007.tar
    refuses 2 "'folder/007.tar'" 'No such file' -- ar-ls --json folder
    jq -e '[.lanes[].state] == ["open", "missing"]' out
    ar-pack -q -d folder <lanes.tar
    echo '{"x": 1}' >folder/params.json
    refuses 2 "'params.json'" -- ar-ls --verify folder
}

# ---- output ----------------------------------------------------------------------------------------------------------

@test "a full disk is no success" {
    small_lanes lanes.tar
    status=0
    ar-ls lanes.tar >/dev/full 2>err || status=$?
    [ "$status" -eq 3 ]
    says 'cannot write standard output' 'No space left on device'
    [ "$(wc -l <err)" -eq 1 ]
    truncate -s -1024 lanes.tar
    refuses 2 'cannot write standard output' 'end' -- sh -c 'ar-ls lanes.tar >/dev/full'
    [ "$(grep -c 'cannot write' err)" -eq 1 ]
}

@test "a hundred thousand lanes are listed, one line each" {
    local lanes=100000
    [ -z "${TESTS_SANITIZED:-}" ] || lanes=10000
    { echo Filename; seq -f 'V_000_%06.0f.nd2' 0 $((lanes - 1)); } >s.csv
    ar-split -q s=s.csv >many.tar
    ar-ls --json many.tar >out
    jq -e --argjson lanes "$lanes" '(.lanes | length) == $lanes and .sets.s.rows == $lanes' out
    ar-ls many.tar | grep -c '^0[0-9]\{5\} ' | holds -x "$lanes"
}
