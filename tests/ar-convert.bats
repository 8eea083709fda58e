#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# ar-convert: between our streams and the tars of the Python runner. What that one reads and writes is in data/golden (made by pandas); pickles that
# we write are loaded by Python's pickle with stand-ins for pandas, tars are read by Python's tarfile. What is expected is written by hand.

load helpers.bash

GOLDEN=$BATS_TEST_DIRNAME/data/golden
RUN=$BATS_TEST_DIRNAME/data/run-small

# In results.tar the lanes D and 007 have results and pictures, C has none; in part.tar B failed, too. Their inputs are in all.tar and lanes/.
setup_file() {
    mkdir "$BATS_FILE_TMPDIR/streams"
    cd "$BATS_FILE_TMPDIR/streams" || return
    mkdir -p pictures/007 pictures/D
    head -c 30000 /dev/urandom >pictures/D/b.png
    printf 'picture' >'pictures/007/輝 点.svg'
    printf 'name,image_type\nb.png,line\n' >pictures/D/images.csv
    lane_results 'D={"n":4,"t":"5.80","x":-0.10,"b":true,"none":null}' '007={"n":1.50,"t":"a,\"b\""}' C=null
    mv in.tar all.tar
    mv results.tar whole.tar
    mv lanes wholes
    mv results singles
    ar-merge -q <whole.tar >merged.tar
    ar-post -q <merged.tar >result.tar
    lane_results 'D={"n":4}' 'B=fails' 'A=fails' '007={"n":1.50}'
    mv results.tar part.tar
    mv results parts
    ar-merge -q <part.tar >part.merged.tar 2>err
    ar-post -q <part.merged.tar >part.result.tar 2>err || [ $? -eq 1 ]
    rm -r err in.tar method answers lanes samples.csv spots.csv
}

setup() {
    in_scratch
    mark_what_is_started
    unset AR_LANG ANALYSISRUN_METHOD ANALYSISRUN_MODE
    ln -s "$BATS_FILE_TMPDIR"/streams/* .
}

teardown() {
    nothing_left
}

# to DIALECT [OPTION]… <STREAM: to the Python runner. from: the other way.
to() {
    ar-convert --to "$@"
}

from() {
    ar-convert --from "$@"
}

# The names of the entries of tar $1, each with its pax keywords, as Python's tarfile reads them; last, whether it has end blocks.
described() {
    python3 - "$1" <<'END'
import gzip, sys, tarfile
bytes = open(sys.argv[1], 'rb').read()
if bytes[:2] == b'\x1f\x8b':
    bytes = gzip.decompress(bytes)
    print('gzip')
import io
for entry in tarfile.open(fileobj=io.BytesIO(bytes)):
    assert (entry.mtime, entry.uid, entry.mode) == (0, 0, 0o644)
    keywords = {key: value for key, value in entry.pax_headers.items() if key != 'path'}
    print(entry.name, *(f'{key}={value}' for key, value in sorted(keywords.items())))
print('whole' if bytes[-1024:] == bytearray(1024) else 'no end')
END
}

# What the pickle in the entry $2 of tar $1 is, loaded by Python's pickle: of a set its dtypes, then its CSV; of a series its type, its
# labels and values; of a table its labels, then its rows.
unpickled() {
    python3 - "$@" <<'END'
import functools, io, pickle, sys, tarfile
class Reader(pickle.Unpickler):
    def find_class(self, module, name):
        if (module, name) == ('functools', 'partial'):
            return functools.partial
        if (module, name) == ('io', 'BytesIO'):
            return io.BytesIO
        if (module, name) == ('pandas', 'read_csv'):
            return lambda csv, dtype={}: str(dict(sorted(dtype.items()))) + '\n' + csv.read().decode()
        if (module, name) == ('pandas', 'Series'):
            return lambda values, labels, dtype: '\n'.join([dtype, *(f'{a}={b!r}' for a, b in zip(labels, values, strict=True))]) + '\n'
        if (module, name) == ('pandas', 'DataFrame'):
            return lambda rows, index, labels: '\n'.join(map(str, [labels, *rows])) + '\n'
        raise ValueError(f'{module}.{name}')
sys.stdout.reconfigure(encoding='utf-8', newline='')
sys.stdout.write(Reader(tarfile.open(sys.argv[1]).extractfile(sys.argv[2])).load())
END
}

# A whole tar that holds nothing but the entry error, with the text $2.
is_error() {
    printf '%s\n' error whole | diff - <(described "$1")
    printf '%s' "$2" | cmp - <(entry "$1" error)
}

# The text of the error in a tar that the Python runner wrote.
golden_error() {
    entry "$GOLDEN/$1" error
}

FAILED='解析処理中にエラーが発生しました。'

# ---- to the Python runner ----

@test "a lane becomes the input of an analyze: its names, its params, its sets as pickles around the very CSV" {
    to first wholes/007.tar >out.tar 2>err
    printf '%s\n' data_name sample_name params 'image_analysis_results/spots is_file=true' whole | diff - <(described out.tar)
    for name in data_name sample_name params; do
        entry wholes/007.tar $name | cmp - <(entry out.tar $name)
    done
    { echo "{'Entity': 'str'}"; entry wholes/007.tar image_analysis_results/spots; } | cmp - <(unpickled out.tar image_analysis_results/spots)
    says 'to the first dialect: the input of an analyze, 1 lane, 2 rows'
    to first <wholes/007.tar | cmp - out.tar
}

@test "a lane without params has {}; the columns that the manifest calls text are text; unknown entries go on" {
    echo '{"name":"m","analyze":["m"],"image_analysis_results":{"spots":{"cleansing":"none","text":["Value","Data","gone"]}}}' >m.json
    ar-split -q spots=<(printf 'ImageAnalysisMethod,Data,Value\nV,007,01') >one.tar
    python3 - <<'END'
import io, tarfile
with tarfile.open('one.tar') as old, tarfile.open('more.tar', 'w', format=tarfile.PAX_FORMAT) as new:
    for entry in old:
        new.addfile(entry, old.extractfile(entry))
    more = tarfile.TarInfo('preprocessed_data')
    more.size = 3
    more.pax_headers = {'is_file': 'true'}
    new.addfile(more, io.BytesIO(b'\x80\x04.'))
END
    to first -q -m m.json more.tar >out.tar
    printf '%s\n' data_name sample_name params 'image_analysis_results/spots is_file=true' 'preprocessed_data is_file=true' whole | diff - <(described out.tar)
    [ "$(entry out.tar params)" = '{}' ]
    printf '%s\n' "{'Data': 'str', 'Value': 'str'}" ImageAnalysisMethod,Data,Value V,007,01 | diff - <(unpickled out.tar image_analysis_results/spots)
    to present -q more.tar >out.tar
    printf '%s\n' targets params 'image_analysis_results/spots is_file=true' 'preprocessed_data is_file=true' whole | diff - <(described out.tar)
    printf '\200\004.' | cmp - <(entry out.tar preprocessed_data)
}

@test "lanes become the input of an analyzeseq: their rows put together again, in the order of the targets" {
    to present all.tar >out.tar 2>err
    printf '%s\n' targets params 'image_analysis_results/spots is_file=true' whole | diff - <(described out.tar)
    entry all.tar targets | cmp - <(entry out.tar targets)
    entry all.tar params | cmp - <(entry out.tar params)
    printf '%s\n' "{'Entity': 'str'}" ImageAnalysisMethod,Data,Entity,Value V,D,Spot,5.80 V,D,Spot,007 V,007,Spot,5.80 V,007,Spot,007 \
        V,C,Spot,5.80 V,C,Spot,007 | cmp - <(unpickled out.tar image_analysis_results/spots)
    says 'to the present dialect: the input of an analyzeseq, 3 lanes, 6 rows'
}

@test "sets of lanes with no row, with long headers, and with a last line that does not end" {
    long=$(printf 'c%.0s' {1..600000})
    printf 'Data,ImageAnalysisMethod,"a\n,b",%s\n2,V,"x\ny",1\n1,V,"",2' "$long" >s.csv
    printf 'data,sample\n1,\n3,drei\n2,zwei\n' >samples.csv
    ar-split -q -s samples.csv s=s.csv | to present -q >out.tar
    printf '%s\n' '{}' 'Data,ImageAnalysisMethod,"a' ",b\",$long" '1,V,"",2' '2,V,"x' 'y",1' | cmp - <(unpickled out.tar image_analysis_results/s)
}

@test "a lane result becomes the output of an analyze: the series, then the pictures to the byte" {
    to first singles/D.tar >out.tar 2>err
    printf '%s\n' 'analysis_result is_file=true' 'images/b.png is_file=true' whole | diff - <(described out.tar)
    cmp pictures/D/b.png <(entry out.tar images/b.png)
    printf '%s\n' object n=4 "t='5.80'" x=-0.1 b=True none=None "data_name='D'" "sample_name='sample of D'" | diff - <(unpickled out.tar analysis_result)
    says 'to the first dialect: the output of an analyze, 1 lane, 1 result'
    # A lane without a result has its names.
    to first -q singles/C.tar >out.tar
    printf '%s\n' object "data_name='C'" "sample_name='sample of C'" | diff - <(unpickled out.tar analysis_result)
}

@test "lane results become the output of an analyzeseq: per lane the pictures with their types, then the CSV" {
    to present whole.tar >out.tar 2>err
    printf '%s\n' 'D/images/b.png image_type=line is_file=true' 'D/analysis_result is_file=true' '007/images/輝 点.svg image_type=svg is_file=true' \
        '007/analysis_result is_file=true' 'C/analysis_result is_file=true' whole | diff - <(described out.tar)
    printf '%s\n' n,t,x,b,none,data,sample_name '4,5.80,-0.10,True,,D,sample of D' | cmp - <(entry out.tar D/analysis_result)
    printf '%s\n' n,t,data,sample_name '1.50,"a,""b""",007,sample of 007' | cmp - <(entry out.tar 007/analysis_result)
    printf '%s\n' data,sample_name 'C,sample of C' | cmp - <(entry out.tar C/analysis_result)
    cmp pictures/D/b.png <(entry out.tar D/images/b.png)
    says 'to the present dialect: the output of an analyzeseq, 3 lanes, 3 results'
}

@test "a merged stream becomes the input of a postprocess" {
    to first merged.tar >out.tar 2>err
    printf '%s\n' 'analysis_results is_file=true' params whole | diff - <(described out.tar)
    entry merged.tar params | cmp - <(entry out.tar params)
    printf '%s\n' "['n', 't', 'x', 'b', 'none', 'data_name', 'sample_name']" "[4, '5.80', -0.1, True, None, 'D', 'sample of D']" \
        "[1.5, 'a,\"b\"', None, None, None, '007', 'sample of 007']" | diff - <(unpickled out.tar analysis_results)
    says 'the input of a postprocess, 3 lanes' "without 'D/images/b.png' and others, for which it has no place"
}

@test "a result stream becomes the output of a postprocess, and of a run" {
    to first result.tar >out.tar 2>err
    printf '%s\n' 'result_csv is_file=true' 'result_json/D is_file=true' 'result_json/007 is_file=true' whole | diff - <(described out.tar)
    printf '%s\n' n,t,x,b,none,data_name,sample_name '4,5.80,-0.10,True,,D,sample of D' '1.50,"a,""b""",,,,007,sample of 007' | cmp - <(entry out.tar result_csv)
    entry out.tar result_json/D | jq -e '. == {n: 4, t: "5.80", x: -0.1, b: true, none: null, data_name: "D", sample_name: "sample of D"}'
    to present result.tar >out.tar.gz 2>err
    printf '%s\n' gzip 'D/images/b.png image_type=line is_file=true' '007/images/輝 点.svg image_type=svg is_file=true' 'result_csv is_file=true' \
        'D/result_json is_file=true' '007/result_json is_file=true' whole | diff - <(described out.tar.gz)
    gunzip <out.tar.gz >out.tar
    printf '%s\n' n,t,x,b,none,data,sample_name '4,5.80,-0.10,True,nan,D,sample of D' '1.50,"a,""b""",nan,nan,nan,007,sample of 007' | cmp - <(entry out.tar result_csv)
    entry out.tar D/result_json | jq -e '. == {n: "4", t: "5.80", x: "-0.10", b: "True", none: "nan", data: "D", sample_name: "sample of D"}'
    says 'the output of a run, 3 lanes, 2 results'
    to present -q -Z none result.tar | cmp - out.tar
    to present -q -Z zstd result.tar | zstd -dc | cmp - out.tar
    to present -q -o file.tar.gz result.tar
    cmp out.tar.gz file.tar.gz
}

@test "a run stays a run, and has params; one that names no lanes is refused" {
    mkdir run
    printf 'data,sample\n1,one\n' >run/sample_names
    printf 'MultiPointIndex,Data\n' >run/spots
    tar -C run --transform 's,^spots,image_analysis_results/spots,' -cf run.tar spots sample_names
    to present run.tar >out.tar 2>err
    printf '%s\n' 'image_analysis_results/spots is_file=true' 'sample_names is_file=true' params whole | sort | diff - <(described out.tar | sort)
    [ "$(entry out.tar params)" = '{}' ]
    says 'to the present dialect: a run'
    tar --delete -f run.tar sample_names
    refuses 2 "the run has no entry 'sample_names'" -- to present run.tar
    is_error out "$(golden_error present/run-not-a-tar.out.tar.gz)"
    refuses 2 'the first dialect has no tar for it' 'ar-split' -- to first run.tar
}

# ---- where it was forgotten ----

# says_convert TAR COMMAND…: it refuses the tar, and names this tool.
says_convert() {
    refuses 2 'ar-convert' -- "${@:2}" <"$1"
}

@test "a tar of the Python runner that did not go through ar-convert is told to, by each tool that is given it" {
    in=$GOLDEN/first/analyze-0000.in.tar
    says_convert "$in" ar-cleanse --none activity_spots
    says "'image_analysis_results/activity_spots' is a Python pickle, expected CSV"
    says_convert "$in" ar-pack
    says_convert "$in" ar-analyze -- true
    says_convert "$in" ar-ls
    says_convert "$GOLDEN/present/analyzeseq.in.tar.gz" ar-cleanse --none activity_spots
    says_convert "$GOLDEN/present/analyzeseq.out.tar" ar-merge
    says_convert "$GOLDEN/first/analyze-0000.out.tar" ar-merge
    says_convert "$GOLDEN/first/postprocess.in.tar" ar-post
    says_convert "$GOLDEN/first/postprocess.out.tar" ar-ls
    entry "$in" image_analysis_results/activity_spots >spots.pkl
    refuses 2 "'spots.pkl' is a Python pickle, expected CSV" 'to_csv' -- ar-split spots=spots.pkl
}

# ---- from the Python runner, and back ----

# golden TABLE [LANE]: is the table in the file TABLE what pandas computed? Of one lane, less what the postprocess added.
is_golden() {
    local wanted=$GOLDEN/present/result.csv
    if [ $# -gt 1 ]; then
        python3 - "$2" "$wanted" >wanted.csv <<'END'
import csv, sys
rows = list(csv.reader(open(sys.argv[2], newline='', encoding='utf-8')))
at = rows[0].index('data')
csv.writer(sys.stdout, lineterminator='\n').writerows(row[:-2] for row in rows if row is rows[0] or sys.argv[1] in (row[at], 'all'))
END
        wanted=wanted.csv
    fi
    python3 "$BATS_TEST_DIRNAME/golden.py" "$1" "$wanted"
}

METHOD=$SHARE/methods/spot-stats-py

# What stands behind the wrapper: of the first dialect, and of the present one.
drop_in() {
    ar-convert -q --from first | ar-cleanse -q -m "$METHOD/manifest.json" | ar-pack -q -m "$METHOD/manifest.json" |
        ar-analyze -q -m "$METHOD/manifest.json" -- "${2:-$METHOD/analyze}" | ar-convert -q --to first >"$1"
}

drop_in_seq() {
    ar-convert -q --from present | ar-cleanse -q -m "$METHOD/manifest.json" | ar-pack -q -m "$METHOD/manifest.json" |
        ar-analyze -q -j 2 -m "$METHOD/manifest.json" -- "${2:-$METHOD/analyze}" | ar-convert -q --to present >"$1"
}

@test "golden: what the Python runner wrote reads as what pandas computed, in every kind of tar" {
    for lane in 0000 0001 0007 0010; do
        from first -q "$GOLDEN/first/analyze-$lane.out.tar" >out.tar
        entry out.tar analysis_result >got.csv
        is_golden got.csv $lane
        from present -q "$GOLDEN/present/analyzeseq.out.tar" >out.tar
        entry out.tar $lane/analysis_result >got.csv
        is_golden got.csv $lane
        entry "$GOLDEN/present/analyzeseq.out.tar" $lane/images/${lane}_curve.png | cmp - <(entry out.tar $lane/images/${lane}_curve.png)
    done
    from first -q "$GOLDEN/first/postprocess.in.tar" >out.tar
    entry out.tar analysis_results >got.csv
    is_golden got.csv all
    from first -q "$GOLDEN/first/postprocess.out.tar" >out.tar
    entry out.tar result_csv >got.csv
    is_golden got.csv
    from present -q "$GOLDEN/present/run.out.tar.gz" >out.tar
    entry out.tar result_csv >got.csv
    is_golden got.csv
    ar-ls --verify out.tar >ls
}

@test "golden: behind the wrapper of the first dialect our method gives what the Python method gave" {
    for lane in 0000 0001; do
        drop_in out.tar <"$GOLDEN/first/analyze-$lane.in.tar"
        described out.tar | diff <(described "$GOLDEN/first/analyze-$lane.out.tar") -
        from first -q out.tar >native.tar
        entry native.tar analysis_result >got.csv
        is_golden got.csv $lane
    done
    from first "$GOLDEN/first/analyze-0000.in.tar" 2>err >native.tar
    says 'from the first dialect: the input of an analyze, 1 lane; activity_spots: 118 rows, 33 taken, 85 of other lanes'
}

@test "golden: behind the wrapper of the present dialect our method gives what the Python method gave" {
    drop_in_seq out.tar <"$GOLDEN/present/analyzeseq.in.tar.gz"
    described "$GOLDEN/present/analyzeseq.out.tar" | sed s/=line/=distribution/ | diff - <(described out.tar)
    for lane in 0000 0001 0007 0010; do
        from present -q out.tar | tar -xOf - $lane/analysis_result 2>warnings >got.csv
        is_golden got.csv $lane
    done
}

@test "golden: a run of the Python runner, done by us, has its result" {
    ar-convert -q --from present <"$GOLDEN/present/run.in.tar.gz" | ar-split -q 2>err | ar-cleanse -q -m "$METHOD/manifest.json" |
        ar-pack -q -m "$METHOD/manifest.json" | ar-analyze -q -m "$METHOD/manifest.json" -- "$METHOD/analyze" | ar-merge -q |
        ar-post -q -- "$METHOD/judge" | ar-convert -q --to present >out.tar.gz
    described out.tar.gz | sort | diff <(described "$GOLDEN/present/run.out.tar.gz" | sed s/=line/=distribution/ | sort) -
    gunzip <out.tar.gz >out.tar
    entry out.tar result_csv | head -n 1 | diff <(head -n 1 "$GOLDEN/present/result.csv") -
    # Of the lane 0007 no sum depends on the order of its rows: its row is the same to the byte.
    gunzip <"$GOLDEN/present/run.out.tar.gz" >wanted.tar
    for tar in out wanted; do
        entry $tar.tar result_csv | grep -A 1 '^6,24212,' >$tar.row
    done
    cmp out.row wanted.row
    from present -q out.tar.gz >native.tar
    entry native.tar result_csv >got.csv
    is_golden got.csv
    # The JSON: the same members, with the same texts; numbers agree.
    tar -xzf "$GOLDEN/present/run.out.tar.gz" 0001/result_json 2>warnings
    entry out.tar 0001/result_json >got.json
    python3 - <<'END'
import json, math
got, wanted = json.load(open('got.json')), json.load(open('0001/result_json'))
assert list(got) == list(wanted), (list(got), list(wanted))
for name, text in wanted.items():
    try:
        assert name not in ('data', 'sample_name') and math.isclose(float(got[name]), float(text), rel_tol=1e-12) or text == got[name]
    except (ValueError, AssertionError):
        assert got[name] == text, (name, got[name], text)
END
}

@test "golden: a postprocess of the first dialect, done by us" {
    ar-convert -q --from first <"$GOLDEN/first/postprocess.in.tar" | ar-post -q -- "$METHOD/judge" | ar-convert -q --to first >out.tar
    described "$GOLDEN/first/postprocess.out.tar" | diff - <(described out.tar)
    entry out.tar result_csv | head -n 1 | diff <(head -n 1 "$GOLDEN/first/result.csv") -
    from first -q out.tar >native.tar
    entry native.tar result_csv >got.csv
    is_golden got.csv
    entry out.tar result_json/0007 | jq -e '.data_name == "0007" and .n == 6 and .judge == true and .missing == null and .mean == 4035.3333333333335'
}

@test "a postprocess that fails behind the wrapper is no input that cannot be read: their error, status 1" {
    program broken <<<'echo "no judge" >&2; exit 3'
    ar-convert -q --from first <"$GOLDEN/first/postprocess.in.tar" | ar-post -q -- ./broken 2>post.err >failed.tar || [ "${PIPESTATUS[1]}" -eq 1 ]
    refuses 1 "the postprocess './broken' exited with status 3" -- to first failed.tar
    is_error out "$(golden_error first/error-in-method.out.tar)"
    refuses 1 "the postprocess './broken' exited with status 3" -- to present failed.tar
    gunzip <out >out.tar
    is_error out.tar "$(golden_error first/error-in-method.out.tar | sed s/解析処理中/解析中/)"
}

@test "a method that fails behind the wrapper: their error, their status" {
    program broken <<<'echo "broken lane" >&2; [ "$AR_DATA_NAME" != 0001 ] || exit 1; echo "{\"n\":1}"'
    refuses 1 'lane 0001 (血清 #2, 1:100)' 'broken lane' -- drop_in out.tar ./broken <"$GOLDEN/first/analyze-0001.in.tar"
    printf '%s\n' "ar-convert: warning: lane 0001 (血清 #2, 1:100): './broken' exited with status 1" '  | The end of its log:' '  | broken lane' |
        diff - <(sed -n '/^ar-convert: warning/,$p' err)
    cmp <(golden_error first/error-in-method.out.tar) <(entry out.tar error)
    printf '%s\n' error whole | diff - <(described out.tar)
    refuses 1 'broken lane' -- drop_in_seq out.tar ./broken <"$GOLDEN/present/analyzeseq.in.tar.gz"
    cmp <(golden_error present/analyzeseq-second-lane-fails.out.tar) <(entry out.tar error)
    printf '%s\n' '0000/analysis_result is_file=true' error 'no end' | diff - <(described out.tar)
}

@test "no tar behind the wrapper: an error tar and status 2, from the end of the pipeline" {
    status=0
    echo garbage | drop_in out.tar 2>err || status=$?
    [ $status -eq 2 ]
    is_error out.tar "$(golden_error first/error-not-a-tar.out.tar)"
}

@test "their errors come in as a stream that failed, after what was done by then; and go out again" {
    refuses 1 'the input says that it failed' -- from present "$GOLDEN/present/analyzeseq-second-lane-fails.out.tar"
    entry out error | cmp - <(golden_error present/analyzeseq-second-lane-fails.out.tar)
    is_unfinished out
    refuses 1 'the input says that it failed' -- ar-convert --from first --to first "$GOLDEN/first/error-in-method.out.tar"
    is_error out "$FAILED"
}

@test "there and back again: rows and results stay" {
    to first -q wholes/007.tar | from first -q >back.tar
    for name in data_name sample_name params image_analysis_results/spots; do
        entry wholes/007.tar $name | cmp - <(entry back.tar $name)
    done
    to present -q all.tar | from present -q >back.tar
    for lane in D 007 C; do
        entry all.tar $lane/image_analysis_results/spots | cmp - <(entry back.tar $lane/image_analysis_results/spots)
    done
    to first -q singles/D.tar | from first -q >back.tar
    entry singles/D.tar analysis_result | sed 's/-0\.10/-0.1/' | cmp - <(entry back.tar analysis_result)
    cmp pictures/D/b.png <(entry back.tar images/b.png)
    to first -q result.tar | from first -q >back.tar
    entry result.tar result_csv | cmp - <(entry back.tar result_csv)
    to present -q result.tar | from present -q >back.tar
    [ "$(entry back.tar targets)" = '{"D":"sample of D","007":"sample of 007"}' ] # of C, which has no result, nothing is said
    cmp 'pictures/007/輝 点.svg' <(entry back.tar '007/images/輝 点.svg')
    ar-ls --verify back.tar >ls
}

@test "from one dialect to the other, by way of a stream of ours" {
    ar-convert --from present --to first "$GOLDEN/present/run.out.tar.gz" >out.tar 2>err
    says 'from the present dialect: the output of a run' 'to the first dialect: the output of a postprocess'
    entries out.tar | sort | diff <(entries "$GOLDEN/first/postprocess.out.tar" | sort) -
    ar-convert -q --from first --to present "$GOLDEN/first/analyze-0000.out.tar" >out.tar
    printf '%s\n' '0000/images/0000_curve.png is_file=true' '0000/analysis_result is_file=true' whole | diff - <(described out.tar)
    refuses 2 'expected the first one' -- ar-convert --from first --to present "$GOLDEN/present/run.in.tar.gz"
    printf '%s\n' gzip error whole | diff - <(described out)
}

@test "params are those of -p where the tar tells none; the lane is told by --lane-key" {
    echo '{"a":1}' >p.json
    from first -q -p p.json "$GOLDEN/first/analyze-0000.out.tar" >out.tar
    cmp p.json <(entry out.tar params)
    from first -q --lane-key 'Filename~_000_([0-9]+)' "$GOLDEN/first/analyze-0000.in.tar" >a.tar
    from first -q "$GOLDEN/first/analyze-0000.in.tar" >b.tar
    entry a.tar image_analysis_results/activity_spots | cmp - <(entry b.tar image_analysis_results/activity_spots)
    refuses 2 'Nowhere' -- from first --lane-key Nowhere "$GOLDEN/first/analyze-0000.in.tar"
}

@test "where nothing of a set is of the lanes that are wanted, that is said, with the lanes that are there" {
    printf 'ImageAnalysisMethod,Data,Value\nV,1,5\nV,007,6\n' >spots.csv
    ar-split -q spots=spots.csv | ar-cleanse -q --none spots | ar-pack -q -d split
    to first -q split/1.tar >in.tar
    python3 - <<'END'
import io, tarfile
with tarfile.open('in.tar') as old, tarfile.open('wrong.tar', 'w', format=tarfile.PAX_FORMAT) as new:
    for entry in old:
        body = b'01' if entry.name == 'data_name' else old.extractfile(entry).read()
        entry.size = len(body)
        new.addfile(entry, io.BytesIO(body))
END
    from first -q wrong.tar 2>err >out.tar
    says "no row of the set 'spots' is of the lane '01'; its rows are of '1'" "those of '1' were lost"
    from first -q in.tar 2>err >out.tar
    [ ! -s err ]
}

@test "preprocessed_data is handed on, and never read" {
    gunzip <"$GOLDEN/present/analyzeseq.in.tar.gz" >in.tar
    python3 - <<'END'
import io, tarfile
with tarfile.open('in.tar', 'a', format=tarfile.PAX_FORMAT) as tar:
    more = tarfile.TarInfo('preprocessed_data')
    body = b"cos\nsystem\n(S'touch executed'\ntR."
    more.size, more.pax_headers = len(body), {'is_file': 'true'}
    tar.addfile(more, io.BytesIO(body))
END
    from present -q in.tar | to present -q >out.tar
    entry in.tar preprocessed_data | cmp - <(entry out.tar preprocessed_data)
    entries out.tar | diff <(entries in.tar) -
    [ ! -e executed ]
}

# ---- what failed ----

@test "a failed lane is the error of an analyze, in the words of the Python runner; cause and log go to standard error" {
    refuses 1 'lane B (sample of B): ' './method' 'no spots in B' -- to first parts/B.tar
    is_error out "$(golden_error first/error-in-method.out.tar)"
    to first -q parts/D.tar >whole
    run -1 env AR_LANG=en ar-convert --to first -o out.tar parts/B.tar
    printf '%s\n' error whole | diff - <(described out.tar)
    entry out.tar error | LC_ALL=C holds -v '[^ -~]'
}

@test "the language is that of AR_LANG, else of the locale, else Japanese" {
    english=$(AR_LANG=en to first parts/B.tar 2>err | tar -xO error) || true
    [ -n "$english" ] && [ "$english" != "$FAILED" ]
    says_in() {
        local wanted=$1
        shift
        env "$@" ar-convert --to first parts/B.tar >out 2>err || [ $? -eq 1 ]
        [ "$(entry out error)" = "$wanted" ]
    }
    says_in "$english" LC_ALL=en_US.UTF-8
    says_in "$english" LC_ALL= LC_MESSAGES=de_DE LANG=ja_JP.UTF-8
    says_in "$FAILED" LC_ALL=C
    says_in "$FAILED" LC_ALL= LANG=
    says_in "$FAILED" LC_ALL=en_GB AR_LANG=ja
}

@test "an analyzeseq's output has the lanes before the one that failed, then its error, and no end" {
    refuses 1 'lane B (sample of B)' 'lane A (sample of A)' 'no spots in B' -- to present part.tar
    printf '%s\n' 'D/images/b.png image_type=line is_file=true' 'D/analysis_result is_file=true' error 'no end' | diff - <(described out)
    golden_error present/analyzeseq-second-lane-fails.out.tar | sed 's/0001 (.*)/B (sample of B)/' | cmp - <(entry out error)
}

@test "a run's output has the pictures of the others, then an error with a line for each lane that failed, and no end" {
    refuses 1 'lane B' 'lane A' -- to present part.result.tar
    printf '%s\n' gzip 'D/images/b.png image_type=line is_file=true' '007/images/輝 点.svg image_type=svg is_file=true' error 'no end' |
        diff - <(described out)
    golden_error present/run-one-lane-fails.out.tar.gz | sed 2d >wanted
    printf '%s\n%s' '- B (sample of B)' '- A (sample of A)' >>wanted
    gunzip <out >out.tar
    cmp wanted <(entry out.tar error)
    refuses 1 'lane B' -- to first part.result.tar
    is_error out "$FAILED"
    ar-post -q -k <part.merged.tar >k.tar 2>err || [ $? -eq 1 ]
    refuses 1 'lane B' -- to first k.tar
    is_error out "$FAILED"
}

@test "a merged stream with a failed lane, and one that failed as a whole, are errors" {
    refuses 1 'lane B' -- to first part.merged.tar
    is_error out "$FAILED"
    printf 'nothing\nfits' >error
    tar -cf whole-error.tar error
    refuses 1 'the input says that it failed: nothing' -- to first whole-error.tar
    is_error out "$FAILED"
    head -c 1024 whole-error.tar >cut.tar
    refuses 1 'the input says that it failed: nothing' -- to first cut.tar
    is_error out "$FAILED"
}

@test "what cannot be read is an error, too: no tar, nothing, a lane too many, another kind" {
    unusable=$(golden_error first/error-not-a-tar.out.tar)
    printf 'garbage%.0s' {1..500} >garbage
    for dialect in native first present; do
        target=first
        [ $dialect != first ] || target=present
        refuses 2 'is not a tar archive' -- ar-convert --from $dialect --to $target -Z none garbage
        is_error out "$unusable"
    done
    refuses 2 'is not a tar archive' -- to present garbage
    printf '%s\n' gzip error whole | diff - <(described out)
    refuses 2 'is not a tar archive' -- env ANALYSISRUN_MODE=analyzeseq ar-convert --to present garbage
    printf '%s\n' error whole | diff - <(described out)
    refuses 2 'no input (did the command before it fail?)' -- to first </dev/null
    is_error out "$unusable"
    refuses 2 'the input has 3 lanes, and the first dialect has one in a tar' 'ar-pack -d' -- to first all.tar
    is_error out "$unusable"
    refuses 2 'the input has 3 lanes' -- to first whole.tar
    refuses 2 'a merged stream' 'the present dialect has no tar for it' -- to present merged.tar
    refuses 2 "cannot open 'gone.tar'" -- to first gone.tar
}

@test "a result whose lane cannot be one is refused by its entry" {
    printf 'n,data_name,sample_name\n1,,s\n' | "$AR_OUT/interop/pickle-tool" series >analysis_result
    tar -cf theirs.tar analysis_result
    refuses 2 "entry 'analysis_result': data name '' is empty" -- ar-convert --from first theirs.tar
    [ ! -s out ]
}

@test "a result_json that is none is refused" {
    mkdir result_json A
    printf 'n,data\n1,A\n' >result_csv
    for json in '{"n":' '[1]' '"1"'; do
        printf '%s' "$json" | tee A/result_json >result_json/A
        tar -cf theirs.tar result_csv A/result_json
        refuses 2 "entry 'A/result_json'" -- ar-convert --from present theirs.tar
        tar -cf theirs.tar result_csv result_json/A
        refuses 2 JSON -- ar-convert --from first theirs.tar
    done
}

@test "a stream that is cut anywhere is never a whole tar of theirs" {
    for stream in singles/D.tar whole.tar result.tar merged.tar wholes/007.tar; do
        size=$(stat -Lc %s $stream)
        for ((at = 512; at < size - 512; at += at < 3000 ? 512 : 3584)); do
            head -c $at $stream >cut.tar
            dialect=first
            [ $stream != whole.tar ] || dialect=present
            status=0
            to $dialect -Z none cut.tar >out 2>err || status=$?
            [ $status -eq 2 ]
            entries out >got
            [ "$(tail -n 1 got)" = error ]
            is_unfinished out || [ "$(wc -l <got)" -eq 1 ]
        done
    done
}

@test "a body that is not as the ledger says is an error, and its lane is not there" {
    change_entry whole.tar bad.tar 007/analysis_result 'body.replace(b"1.50", b"1.51")'
    refuses 2 "lane '007': entry 'analysis_result' has the digest" -- to present bad.tar
    printf '%s\n' 'D/images/b.png image_type=line is_file=true' 'D/analysis_result is_file=true' error 'no end' | diff - <(described out)
    change_entry result.tar bad.tar result_csv 'body.replace(b"1.50", b"1.51")'
    refuses 2 "'result_csv'" 'digest' -- to first bad.tar
    is_error out "$(golden_error first/error-not-a-tar.out.tar)"
    change_entry result.tar bad.tar D/images/b.png 'b"x" + body[1:]'
    refuses 2 "'D/images/b.png'" 'digest' -- to present -Z none bad.tar
    is_error out "$(golden_error first/error-not-a-tar.out.tar)"
    change_entry wholes/007.tar bad.tar image_analysis_results/spots 'body.replace(b"5.80", b"5.81")'
    refuses 2 "digest" -- to first bad.tar
    is_error out "$(golden_error first/error-not-a-tar.out.tar)"
}

@test "lanes whose headers differ are refused" {
    ar-split -q a=<(printf 'ImageAnalysisMethod,Data,x\nV,1,1\nV,2,1\n') >lanes.tar
    entry lanes.tar 2/image_analysis_results/a | sed 's/,x$/,y/' >changed
    change_entry lanes.tar changed.tar 2/image_analysis_results/a 'open("changed", "rb").read()'
    digest=$(xxh128sum <changed | cut -d' ' -f1)
    old=$(entry lanes.tar 2/image_analysis_results/a | xxh128sum | cut -d' ' -f1)
    change_entry changed.tar bad.tar 2/ledger "${UNSEALED/body)/body.replace(b\"$old\", b\"$digest\"))}"
    ar-ls --verify bad.tar >ls 2>&1 || true
    refuses 2 "entry '2/image_analysis_results/a' has another header than in the lanes before" -- to present bad.tar
    is_error out "$(golden_error first/error-not-a-tar.out.tar)"
}

@test "a tar of theirs that is taken for a stream of ours is told so" {
    refuses 2 'What comes from the Python runner is taken by --from first' -- to present "$GOLDEN/first/analyze-0000.out.tar"
    refuses 2 'a stream of our own' -- from first result.tar
    refuses 2 'is a run in the present dialect, expected the first one' -- from first "$GOLDEN/present/run.in.tar.gz"
}

@test "a write error is status 3, and a file that is not whole does not appear" {
    refuses 3 'No space left on device' -- sh -c 'ar-convert --to first singles/D.tar >/dev/full'
    refuses 3 'No space left on device' -- sh -c 'ar-convert --to first parts/B.tar >/dev/full'
    refuses 2 "'singles/D.tar' is input and output at once" -- to first -o singles/D.tar singles/D.tar
}

@test "wrong usage is told in one line" {
    refuses 2 'from native to native there is nothing to convert' -- ar-convert
    refuses 2 "--to: 'second' is none of native, first and present" -- ar-convert --from first --to second
    refuses 2 'from native to native there is nothing to convert' -- ar-convert --from native --to native
    refuses 2 "operand 'b': there is one input" -- to first a b
    refuses 2 '--lane-key is for what comes from the Python runner' -- to first --lane-key x
    refuses 2 '-p is for what comes from the Python runner' -- to first -p x
    refuses 2 '-m is for what goes to the Python runner' -- from first -m x
    refuses 2 "cannot open 'gone.json'" -- to first -m gone.json
}
