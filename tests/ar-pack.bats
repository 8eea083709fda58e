#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# ar-pack: lanes completed into the inputs of a method, as a stream or as a tar per lane in a folder.

load helpers.bash

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    small_lanes lanes.tar 2>/dev/null
}

setup() {
    in_scratch
    lanes=$BATS_FILE_TMPDIR/lanes.tar
    cat >manifest.json <<'END'
{"name": "m",
 "params": {"type": "object", "required": ["who"], "additionalProperties": false, "properties": {
    "t": {"type": "number", "default": 0.80, "minimum": 0, "exclusiveMaximum": 1},
    "who": {"type": "string", "minLength": 2, "pattern": "^[a-z]+$"},
    "kind": {"enum": ["a", 5.80, null]},
    "list": {"type": "array", "items": {"$ref": "#/$defs/count"}}},
    "$defs": {"count": {"type": "integer"}}},
 "image_analysis_results": {"as": {"cleansing": "none"}},
 "analyze": ["./analyze"]}
END
}

# Inode, time and name of the files in a folder.
untouched() {
    find "$1" -type f ! -name ledger.json -printf '%i %T@ %P\n' | sort
}

# ---- the stream ----

@test "the entries are those of ar-stream(5), in its order" {
    ar-pack <"$lanes" >out.tar
    entries out.tar >names
    diff names - <<'END'
targets
params
ledger
0000/data_name
0000/sample_name
0000/params
0000/image_analysis_results/as
0000/image_analysis_results/ss
0000/ledger
007/data_name
007/sample_name
007/params
007/image_analysis_results/as
007/image_analysis_results/ss
007/ledger
END
    for name in $(grep 'results/\|name' names); do
        cmp <(entry "$lanes" "$name") <(entry out.tar "$name")
    done
    cmp <(entry out.tar params) <(entry out.tar 007/params)
    [ "$(entry out.tar params)" = '{}' ]
    [ "$(entry out.tar 0000/ledger | jq -c '.sets.as | map([.stage, .rows])')" = '[["split",3],["cleanse",2],["pack",2]]' ]
}

@test "-d writes a tar per lane, of the one-lane shape, and targets, params and ledger as JSON that jq reads" {
    ar-pack <"$lanes" >out.tar
    ar-pack -P t=5.80 -d folder <"$lanes"
    find folder -type f -printf '%P\n' | sort | diff - <(printf '%s\n' 0000.tar 007.tar ledger.json params.json targets.json)
    [ "$(jq -c . folder/targets.json)" = '{"0000":"first","007":"second, the"}' ]
    entry "$lanes" targets | cmp - folder/targets.json
    printf '{"t":5.80}' | diff -bB - <(tr -d ' ' <folder/params.json)
    [ "$(jq -c '.sets.as.rows_by_lane' folder/ledger.json)" = '{"0000":3,"007":1}' ]
    [ "$(jq '.sets.as | .rows == ([.rows_by_lane[], .dropped[]] | add)' folder/ledger.json)" = true ]
    entries folder/007.tar | diff - <(printf '%s\n' data_name sample_name params image_analysis_results/as image_analysis_results/ss ledger)
    for name in data_name sample_name image_analysis_results/as image_analysis_results/ss; do
        cmp <(entry out.tar "007/$name") <(entry folder/007.tar "$name")
    done
}

@test "the index pins each lane: the digest of its ledger, and of the sets in it" {
    ar-pack -q -d folder <"$lanes"
    for lane in 0000 007; do
        entry "folder/$lane.tar" ledger >lane
        { xxh128sum <lane; jq -cj .sets lane | xxh128sum; } | cut -c-32 |
            diff - <(jq -r ".folder_lanes[\"$lane\"] | .ledger, .sets" folder/ledger.json)
    done
    [ "$(jq -c '.folder_lanes | keys_unsorted' folder/ledger.json)" = '["0000","007"]' ]
    # Other params change the ledger of a lane, and not what came of its rows.
    ar-pack -q -P t=1 -d other <"$lanes"
    diff <(jq '.folder_lanes[].sets' folder/ledger.json) <(jq '.folder_lanes[].sets' other/ledger.json)
    run ! diff <(jq '.folder_lanes[].ledger' folder/ledger.json) <(jq '.folder_lanes[].ledger' other/ledger.json)
}

@test "unknown entries pass: those of a lane in its tar, those at the top in rest.tar" {
    mkdir image_analysis_results extra
    printf 'key,Entity\n1,a\n' >image_analysis_results/set
    printf '\0\1\2' >extra/x
    tar -cf run.tar image_analysis_results/set extra/x
    ar-split -q --lane-key key run.tar | ar-cleanse -q --none set | tee lanes.tar | ar-pack -d folder
    entry folder/rest.tar extra/x | cmp - extra/x
    ar-pack <lanes.tar >out.tar
    entry out.tar extra/x | cmp - extra/x
}

@test "a lane called rest: its tar is rest.tar, but not beside unknown entries" {
    mkdir image_analysis_results
    printf 'key,Entity\nrest,a\n' >image_analysis_results/set
    tar -cf run.tar image_analysis_results/set
    ar-split -q --lane-key key run.tar | ar-cleanse -q --none set | ar-pack -q -d folder
    entry folder/rest.tar data_name | cmp - <(printf rest)
    echo x >note
    tar -rf run.tar note
    ar-split -q --lane-key key run.tar | ar-cleanse -q --none set >lanes.tar
    refuses 2 "the lane 'rest', and the unknown entries at the top of the input, would both be 'new/rest.tar'" 'without -d' -- ar-pack -d new <lanes.tar
    # The unknown entry before all others.
    python3 - <<'END'
import tarfile
with tarfile.open('lanes.tar') as old, tarfile.open('turned.tar', 'w', format=tarfile.PAX_FORMAT) as new:
    for entry in sorted(old, key=lambda entry: entry.name != 'note'):
        new.addfile(entry, old.extractfile(entry))
END
    refuses 2 "would both be 'newer/rest.tar'" 'give the lane another id' -- ar-pack -d newer <turned.tar
    ar-pack -q <lanes.tar | tar -xO note 2>/dev/null | cmp - note
}

@test "a lane that failed before is passed on, and has its tar with its error" {
    printf 'ImageAnalysisMethod,Data,Entity\nV,1,a\nW,1,b\nV,2,a\n' >in.csv
    ar-split --keep-going -q set=in.csv 2>/dev/null | ar-cleanse -q --none set | ar-pack -d folder 2>err
    entry folder/1.tar error | holds "two image-analysis methods"
    entries folder/1.tar | diff - <(printf '%s\n' data_name sample_name params error ledger)
    says '1 of the lanes failed before'
}

@test "ids such as 007, -rf, blanks, quotes and Japanese are file names" {
    printf '%s\n' key 007 -rf 'a b' "it's" 輝点 '*' >in.csv
    ar-split -q --lane-key key set=in.csv | ar-cleanse -q --none set | ar-pack -d folder
    (cd folder && printf '%s\n' *.tar) | sort | diff - <(tail -n +2 in.csv | sed 's/$/.tar/' | sort)
}

# ---- params ----

@test "params: the stream's, replaced by -p, changed by -P; numbers keep their digits" {
    printf '%s\n' key 1 >in.csv
    printf '{"t": 5.80, "big": 12345678901234567890123, "e": 1E3}' >given.json
    ar-split -q -p given.json --lane-key key set=in.csv | ar-cleanse -q --none set >lanes.tar
    ar-pack <lanes.tar >out.tar
    cmp given.json <(entry out.tar params)
    ar-pack -P u=0.10 -P t=6.00 <lanes.tar >out.tar
    [ "$(entry out.tar 1/params | tr -d ' \n')" = '{"t":6.00,"big":12345678901234567890123,"e":1E3,"u":0.10}' ]
    echo '{"v":"輝点"}' >other.json
    ar-pack -p other.json -P 'w={"x":[1,null]}' <lanes.tar >out.tar
    [ "$(entry out.tar params | tr -d ' \n')" = '{"v":"輝点","w":{"x":[1,null]}}' ]
    # What was written into a pipe is read once.
    mkfifo pipe
    (echo '{"x": 1.50}' >pipe &)
    ar-pack -q -p pipe <lanes.tar >out.tar
    [ "$(entry out.tar params)" = '{"x": 1.50}' ]
}

@test "the manifest fills in defaults, with their digits" {
    ar-pack -m manifest.json -P 'who="me"' <"$lanes" >out.tar
    [ "$(entry out.tar params | tr -d ' \n')" = '{"who":"me","t":0.80}' ]
}

@test "params against their schema are refused, with their path" {
    check() { refuses 2 "$1" "$2" -- ar-pack -m manifest.json -P 'who="me"' -P "$3" <"$lanes" && is_unfinished out; }
    check /t 'less than 0' t=-0.5
    check /t 1 t=1
    check /t number t='"x"'
    check /who '' who='"m"'
    check /who '' who='"Me"'
    check /kind "'a'" kind='"b"'
    check /list/1 integer list='[1,2.5]'
    check /other '' other=1
    refuses 2 /who missing -- ar-pack -m manifest.json <"$lanes"
    ar-pack -q -m manifest.json -P 'who="me"' -P kind=5.8 -P list='[1,2]' <"$lanes" >out.tar
}

@test "params that are no object, hold a member twice, or are no JSON are refused" {
    echo '[1]' >p.json
    refuses 2 "'p.json'" 'JSON object' -- ar-pack -p p.json <"$lanes"
    echo '{"a":{"b":1,"b":2}}' >p.json
    refuses 2 "'p.json'" "'b' is there twice" -- ar-pack -p p.json <"$lanes"
    echo '{"a":NaN}' >p.json
    refuses 2 "'p.json'" JSON -- ar-pack -p p.json <"$lanes"
    printf '{"a":"\xff"}' >p.json
    refuses 2 "'p.json'" -- ar-pack -p p.json <"$lanes"
    printf '' >p.json
    refuses 2 "'p.json'" -- ar-pack -p p.json <"$lanes"
    refuses 2 "'none.json'" 'No such file' -- ar-pack -p none.json <"$lanes"
    refuses 2 -P "'bar'" -- ar-pack -P bar=x <"$lanes"
    refuses 2 -P 'NAME=JSON' -- ar-pack -P bar <"$lanes"
}

@test "errors in the manifest are told with their path" {
    check() {
        jq "$1" manifest.json >m.json
        refuses 2 "'m.json' $2" -- ar-pack -m m.json -P 'who="me"' <"$lanes"
    }
    check 'del(.name)' /name
    check '.name = 5' /name
    check '.nam = "x"' /nam
    check '.analyze = "./a"' /analyze
    check '.analyze = []' /analyze
    check '.params.properties.t.minimum = "0"' /params/properties/t/minimum
    check '.params.properties.t.multipleOf = 2' /params/properties/t/multipleOf
    check '.params.properties.t.default = 7' /params/properties/t/default
    check '.params.properties.who.pattern = "("' /params/properties/who/pattern
    check '.params.properties.list.items."$ref" = "#/$defs/no"' '/params/properties/list/items/$ref'
    check '.params.properties.list.items."$ref" = "http://x"' '/params/properties/list/items/$ref'
    check '.image_analysis_results["a-b"] = {"cleansing": "none"}' /image_analysis_results/a-b
    check '.image_analysis_results.as = {}' /image_analysis_results/as/cleansing
    check '.contract = "nosuch"' /contract
    check '.fields = 0' /fields
    echo '{"name":"a","name":"b"}' >m.json
    refuses 2 "'m.json'" "'name' is there twice" -- ar-pack -m m.json <"$lanes"
    echo '{' >m.json
    refuses 2 "'m.json'" JSON -- ar-pack -m m.json <"$lanes"
}

@test "a set that was not cleansed is refused, and one that the manifest wants and the lanes lack" {
    printf '%s\n' key 1 >in.csv
    ar-split -q --lane-key key set=in.csv >lanes.tar
    refuses 2 "the set 'set' was not cleansed" '--none set' -- ar-pack <lanes.tar
    is_unfinished out
    refuses 2 "the set 'set' was not cleansed" -- ar-pack -d folder <lanes.tar
    [ ! -e folder/ledger.json ]
    jq '.image_analysis_results.wanted = {"cleansing": "none"}' manifest.json >m.json
    refuses 2 "the set 'wanted' is missing" -- ar-pack -m m.json -P 'who="me"' <"$lanes"
}

# ---- the folder ----

@test "files whose bytes do not change keep their time and inode; the others are new" {
    ar-pack -d folder <"$lanes"
    find folder -type f -exec touch -d 2001-01-01 {} +
    untouched folder >before
    ar-pack -d folder <"$lanes"
    untouched folder | diff before -
    small_run
    sed -i s/Spots,007/Spots,008/ as.csv
    ar-split -q -s samples.csv as=as.csv ss=ss.csv 2>/dev/null | ar-cleanse -q -e as=Spots -e ss=Around | ar-pack -d folder
    untouched folder | comm -13 before - | sed 's/.* //' | diff - <(echo 0000.tar)
}

@test "what an earlier run left, and this one has not, goes" {
    ar-pack -d folder <"$lanes"
    printf '%s\n' key,Entity 0000,a new,a >in.csv
    ar-split -q --lane-key key as=in.csv | ar-cleanse -q --none as | tee lanes.tar | ar-pack -d folder
    ar-pack -d fresh <lanes.tar
    diff -r folder fresh
    [ ! -e folder/007.tar ]
}

@test "a folder with other people's files is refused, one of them named, and stays as it is" {
    mkdir folder
    echo mine >folder/notes.txt
    refuses 2 "'folder' holds other files, such as 'notes.txt'" -- ar-pack -d folder <"$lanes"
    ls -A folder | diff - <(echo notes.txt)
    rm folder/notes.txt
    ar-pack -q -d folder <"$lanes"
    cp -r folder before
    echo mine >folder/extra.tar
    refuses 2 "such as 'extra.tar'" -- ar-pack -d folder <"$lanes"
    rm folder/extra.tar
    diff -r before folder
    mkdir folder/sub
    refuses 2 "such as 'sub'" -- ar-pack -d folder <"$lanes"
}

@test "a ledger.json of another program is refused, and stays" {
    mkdir folder
    echo '{"balance": 5}' | tee mine >folder/ledger.json
    refuses 2 folder 'another' -- ar-pack -d folder <"$lanes"
    cmp mine folder/ledger.json
}

@test "hidden files are no matter, and stay" {
    mkdir folder
    echo x >folder/.directory
    ar-pack -q -d folder <"$lanes"
    ar-pack -q -d folder <"$lanes"
    [ "$(cat folder/.directory)" = x ]
}

@test "a run that was killed half-way is gone on with: its index is there as .ledger.json.old" {
    ar-pack -q -d folder <"$lanes"
    cp -r folder wanted
    mv folder/ledger.json folder/.ledger.json.old
    rm folder/007.tar
    echo half >folder/0000.tar
    ar-pack -q -d folder <"$lanes"
    diff -r wanted folder
    [ ! -e folder/.ledger.json.old ]
}

@test "a stream that is cut leaves no index: the folder does not look whole; the next run makes it whole" {
    ar-pack -q -d wanted <"$lanes"
    for old in no yes; do
        [ $old = no ] || ar-pack -q -d folder <"$lanes"
        head -c 9000 "$lanes" >bad.tar
        refuses 2 -- ar-pack -d folder <bad.tar
        [ ! -e folder/ledger.json ]
        ar-pack -q -d folder <"$lanes"
        diff -r wanted folder
        rm -r folder
    done
}

@test "no input leaves the folder as it was" {
    ar-pack -q -d folder <"$lanes"
    cp -r folder wanted
    refuses 2 'no input' -- ar-pack -d folder </dev/null
    diff -r wanted folder
    refuses 2 'no input' -- ar-pack -d fresh </dev/null
    [ -z "$(find fresh -type f 2>/dev/null)" ]
}

@test "SIGTERM half-way: no temporary files, no index; the next run makes it whole" {
    mkfifo pipe
    ar-pack -d folder <pipe 2>err &
    exec {hold}>pipe
    head -c 9000 "$lanes" >&$hold
    wait_until handles_signals $!
    kill -TERM $!
    status=0
    wait $! || status=$?
    exec {hold}>&-
    [ "$status" -eq 143 ]
    [ ! -e folder/ledger.json ]
    [ ! -e folder ] || find folder -type f ! -name '*.tar' ! -name targets.json ! -name params.json ! -name '.ledger.json.*' | diff /dev/null -
    ar-pack -q -d folder <"$lanes"
    ar-pack -q -d wanted <"$lanes"
    diff -r wanted folder
}

# Starts ar-pack -d on the folder $1 with the lanes up to the entry $2, waits for the file $3 in it, and kills the run.
killed_pack() {
    mkfifo pipe
    ar-pack -q -d "$1" <pipe 2>err &
    exec {hold}>pipe
    head -c "$(python3 -c 'import sys, tarfile; print(tarfile.open(sys.argv[1]).getmember(sys.argv[2]).offset)' "$lanes" "$2")" "$lanes" >&$hold
    wait_until test -e "$1/$3"
    kill -KILL $!
    ! wait $! || return 1
    exec {hold}>&-
    rm pipe
}

@test "SIGKILL half-way: the next run knows the files of the killed one, which no index lists, and takes away what is not its own" {
    printf '%s\n' key,Entity new,a >in.csv
    ar-split -q --lane-key key as=in.csv | ar-cleanse -q --none as >new.tar
    ar-pack -q -d wanted <new.tar
    killed_pack folder 007/sample_name 0000.tar
    [ ! -e folder/ledger.json ]
    ar-pack -q -d folder <new.tar
    diff -r wanted folder
    # Over the folder of an earlier run; killed twice, at different points.
    killed_pack folder 0000/data_name params.json
    killed_pack folder 007/sample_name 0000.tar
    [ ! -e folder/ledger.json ]
    printf half >folder/.0000.tar.0a1b2c.tmp # what a kill between link and rename leaves
    cp -r folder killed
    echo mine >folder/mine.tar
    refuses 2 "'folder' holds other files, such as 'mine.tar'" -- ar-pack -d folder <new.tar
    rm folder/mine.tar
    diff -r killed folder
    ar-pack -q -d folder <new.tar
    diff -r wanted folder
    ar-pack -q -d folder <"$lanes"
    ar-pack -q -d wanted <"$lanes"
    diff -r wanted folder
}

@test "a list of names that was cut, that names what lies outside, or an index that was damaged" {
    ar-pack -q -d folder <"$lanes"
    cp -r folder wanted
    mv folder/ledger.json folder/.ledger.json.old
    printf '"0000.tar"\n"007.t' >folder/.ledger.json.names
    ar-pack -q -d folder <"$lanes"
    diff -r wanted folder
    mv folder/ledger.json folder/.ledger.json.old
    mkdir outside
    echo '"../outside/x"' >folder/.ledger.json.names
    refuses 2 "'folder/.ledger.json.names' lists '../outside/x'" -- ar-pack -d folder <"$lanes"
    [ -d outside ]
    rm folder/.ledger.json.names
    sed 's/"007.tar"/"ours.tx"/' wanted/ledger.json >folder/.ledger.json.old
    refuses 2 '.ledger.json.old is damaged' 'another folder' -- ar-pack -d folder <"$lanes"
    printf '{"folder":5,"folder_kind":"lanes"}' >folder/.ledger.json.old
    refuses 2 "'.ledger.json.old', 'folder': expected an array of names" -- ar-pack -d folder <"$lanes"
    mkfifo folder/ledger.json
    refuses 2 "'ledger.json' is a named pipe, expected a file" -- timeout 5 ar-pack -d folder <"$lanes"
}

@test "a file in the place of the folder, a folder that cannot be made, links in the folder: refused, nothing written through them" {
    echo x >file
    refuses 2 "'file'" -- ar-pack -d file <"$lanes" || refuses 3 "'file'" -- ar-pack -d file <"$lanes"
    ar-pack -q -d folder <"$lanes"
    rm folder/007.tar
    ln -s ../file folder/007.tar
    ar-pack -q -d folder <"$lanes" 2>err || true
    [ "$(cat file)" = x ]
}

@test "a file that cannot be written is named as the user would name it" {
    too_large() { (ulimit -f 2 && exec ar-pack -d deep/folder/ <"$lanes"); }
    refuses 3 "cannot write 'deep/folder/0000.tar': File too large" -- too_large
    [ ! -e deep/folder/0000.tar ]
    ar-pack -q -d deep/folder <"$lanes"
    rm deep/folder/007.tar
    mkdir deep/folder/007.tar
    refuses 2 "cannot create 'deep/folder/007.tar': Is a directory" -- ar-pack -d deep/folder <"$lanes"
    rmdir deep/folder/007.tar
    rm deep/folder/params.json
    mkfifo deep/folder/params.json
    refuses 2 "cannot create '$PWD/deep/folder/params.json': there is something that is not a file" -- ar-pack -d "$PWD/deep/folder" <"$lanes"
}

@test "-d does not go with -o or -Z" {
    refuses 2 -d --help -- ar-pack -d folder -o x.tar <"$lanes"
    refuses 2 -d --help -- ar-pack -d folder -Z gzip <"$lanes"
    [ ! -e folder ]
}

@test "one run at a time delivers into a folder, and its own files are no input" {
    ar-pack -q -d folder <"$lanes"
    cp -r folder before
    exec {held}<folder
    flock -n $held
    refuses 3 "another run delivers into the folder 'folder'" -- ar-pack -d folder <"$lanes"
    exec {held}<&-
    refuses 2 "a file of the folder 'folder'" -- ar-pack -d folder <folder/0000.tar
    diff -r before folder
    ar-pack -q -d folder <"$lanes"
}

# ---- the types of columns, where pickles are wanted ----

# run-small, in which the Note of lane 0007 is all digits, as lanes in the file "typed.tar"; the manifest "typed.json" with the text columns $1.
typed_lanes() {
    cp "$BATS_TEST_DIRNAME"/data/run-small/{samples,surrounding_spots}.csv .
    python3 - "$BATS_TEST_DIRNAME/data/run-small/activity_spots.csv" <<'PY'
import csv, sys
with open(sys.argv[1], newline='', encoding='utf-8-sig') as old, open('as.csv', 'w', newline='', encoding='utf-8') as new:
    rows = csv.DictReader(old)
    out = csv.DictWriter(new, rows.fieldnames, lineterminator='\n')
    out.writeheader()
    for row in rows:
        if '_000_0007.' in row.get('Filename', '') or row.get('Data') == '0007':
            row['Note'] = '12'
        out.writerow(row)
PY
    ar-split -q -s samples.csv activity_spots=as.csv surrounding_spots=surrounding_spots.csv 2>/dev/null |
        ar-cleanse -q -e activity_spots='Activity Spots' -e surrounding_spots='Surrounding Spots' >typed.tar
    jq -n --argjson text "${1:-[]}" '{name: "m", analyze: ["m"], contract: "first", image_analysis_results: {
        activity_spots: {cleansing: "none", text: $text}, surrounding_spots: {cleansing: "none"}}}' >typed.json
}

@test "a column that is text in one lane and a number in another is told once, where the contract is one of pickles" {
    typed_lanes
    warning="column 'Note' of 'activity_spots' is text in lane '0000' and integer in lane '0007': a pickled frame reads it so"
    for options in '-m typed.json' '-c first' '-c analyzeseq'; do
        ar-pack $options <typed.tar >out.tar 2>err
        says "$warning" '"text": ["Note"] in the manifest'
        [ "$(grep -c warning: err)" -eq 1 ]
    done
    # The rows are the same; a lane's record has the types of the columns that are no text.
    ar-pack -c files -m typed.json <typed.tar >plain.tar 2>err
    run ! grep warning: err
    entry out.tar 0007/image_analysis_results/activity_spots | cmp - <(entry plain.tar 0007/image_analysis_results/activity_spots)
    [ "$(entry plain.tar 0007/ledger | jq '[.sets[][] | select(.types)] | length')" = 0 ]
    entry out.tar 0007/ledger | jq -c '.sets.activity_spots[-1].types' >types
    [ "$(jq -r .Note types)" = integer ]
    [ "$(jq -r .Entity types)" = null ]
    [ "$(entry out.tar 0000/ledger | jq -r '.sets.activity_spots[-1].types | has("Note")')" = false ]
    ar-ls --verify out.tar >/dev/null
}

@test "columns that the manifest calls text are settled" {
    typed_lanes '["Note"]'
    ar-pack -m typed.json <typed.tar >out.tar 2>err
    run ! grep warning: err
    [ "$(entry out.tar 0007/ledger | jq -r '.sets.activity_spots[-1].types | has("Note")')" = false ]
}

@test "the index of a folder lists the columns that differ; what follows is the same as from a stream" {
    typed_lanes
    ar-pack -q -m typed.json -d lanes <typed.tar 2>/dev/null
    [ "$(jq -c .folder_mixed_types lanes/ledger.json)" = '{"activity_spots":["Note"]}' ]
    ar-ls --verify lanes >/dev/null
    program null <<<'echo "{\"n\":1}"'
    mkdir results
    for lane in lanes/*.tar; do
        ar-analyze -q -o "results/${lane#*/}" -- ./null <"$lane"
    done
    ar-pack -q -m typed.json <typed.tar 2>/dev/null | ar-analyze -q -- ./null | ar-merge -q | ar-post -q >stream.tar
    ar-merge -q --lanes lanes results | ar-post -q | cmp - stream.tar
    ar-pack -q -m typed.json -d lanes <typed.tar 2>/dev/null
    ar-pack -q -d lanes <typed.tar
    [ "$(jq -c 'has("folder_mixed_types")' lanes/ledger.json)" = false ]
}

@test "booleans in one lane and numbers in another are text together; a text without a value in a lane is told, a lane without rows is no matter" {
    printf '%s\n' key,a,b,c,d '1,true,1,,x' '2,5,2.5,7,' '2,6,1e3,NA,' '3,TRUE,,null,' >set.csv
    printf '%s\n' data,sample 1,one 2,two 3,three 4,four >samples.csv
    ar-split -q --lane-key key -s samples.csv set=set.csv | ar-cleanse -q --none set | ar-pack -c first >out.tar 2>err
    says "column 'a' of 'set' is boolean in lane '1' and integer in lane '2'" "column 'd' of 'set' is text in lane '1' and empty in lane '2'"
    [ "$(grep -c warning: err)" -eq 2 ]
    for lane in 1 2 3 4; do
        entry out.tar $lane/ledger | jq -c '.sets.set[-1].types'
    done | diff - <(printf '%s\n' '{"key":"integer","a":"boolean","b":"integer","c":"empty"}' '{"key":"integer","a":"integer","b":"float","c":"float","d":"empty"}' \
        '{"key":"integer","a":"boolean","b":"empty","c":"empty","d":"empty"}' '{"key":"no rows","a":"no rows","b":"no rows","c":"no rows","d":"no rows"}')
}
