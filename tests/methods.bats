#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The example methods, by themselves and through the whole pipeline. Their golden numbers were computed by pandas (tests/data/golden), those of the plate are its publisher's
# (share/examples/plate/README.md).

load helpers.bash

RUN=$BATS_TEST_DIRNAME/data/run-small
GOLDEN=$BATS_TEST_DIRNAME/data/golden
PLATE=$SHARE/examples/plate/20200406_164555_328_tagger_state.csv

setup() {
    in_scratch
    mark_what_is_started
}

teardown() {
    nothing_left
}

# The lane results of the small run by the method $1, in the file "results.tar"; options of ar-pack may follow.
small_results() {
    local method=$SHARE/methods/$1
    shift
    ar-split -q -s "$RUN/samples.csv" -p "$RUN/params.json" activity_spots="$RUN/activity_spots.csv" \
        surrounding_spots="$RUN/surrounding_spots.csv" 2>split.err |
        ar-cleanse -q -m "$method/manifest.json" | ar-pack -q -m "$method/manifest.json" "$@" |
        ar-analyze -q -m "$method/manifest.json" -- "$method/analyze" >results.tar
}

# Each lane's table against pandas' of all lanes; the last two columns, rel and judge, are the postprocess's.
lanes_are_golden() {
    local lane
    for lane in 0000 0001 0007 0010; do
        entry results.tar $lane/analysis_result >lane.csv
        python3 - $lane "$GOLDEN/present/result.csv" >golden.csv <<'END'
import csv, sys
rows = list(csv.reader(open(sys.argv[2], newline='', encoding='utf-8')))
at = rows[0].index('data')
csv.writer(sys.stdout, lineterminator='\n').writerows(row[:-2] for row in rows if row is rows[0] or row[at] == sys.argv[1])
END
        python3 "$BATS_TEST_DIRNAME/golden.py" lane.csv golden.csv
    done
}

# The whole pipeline gives pandas' result in both dialects of the Python runner.
result_is_golden() {
    local method=$SHARE/methods/$1
    small_results "$1"
    ar-merge -q <results.tar | ar-post -q -m "$method/manifest.json" -- "$method/judge" >result.tar
    entry result.tar result_csv >result.csv
    python3 "$BATS_TEST_DIRNAME/golden.py" result.csv "$GOLDEN/first/result.csv"
    python3 "$BATS_TEST_DIRNAME/golden.py" result.csv "$GOLDEN/present/result.csv"
}

# Every lane has one picture, which Python's zlib and a walk over its chunks find to be a whole PNG, with the type that images.csv says.
pictures_are_whole() {
    python3 - <<'END'
import struct, tarfile, zlib
tar = tarfile.open('results.tar')
pictures = [m for m in tar if '/images/' in m.name]
assert [m.name for m in pictures] == [f'{l}/images/{l}_curve.png' for l in ('0000', '0001', '0007', '0010')], pictures
for m in pictures:
    assert m.pax_headers == {'is_file': 'true', 'image_type': 'distribution'}, m.pax_headers
    data = tar.extractfile(m).read()
    assert data[:8] == b'\x89PNG\r\n\x1a\n'
    at, kinds, pixels = 8, [], b''
    while at < len(data):
        size, kind = struct.unpack('>I4s', data[at:at + 8])
        body = data[at + 8:at + 8 + size]
        assert zlib.crc32(kind + body) == struct.unpack('>I', data[at + 8 + size:at + 12 + size])[0]
        if kind == b'IHDR':
            width, height, depth, colours = struct.unpack('>IIBB', body[:10])
        pixels += body if kind == b'IDAT' else b''
        kinds.append(kind)
        at += 12 + size
    assert kinds[0] == b'IHDR' and kinds[-1] == b'IEND' and (width, height) == (800, 480)
    lines = zlib.decompress(pixels)
    assert len(lines) == height * (1 + width * depth * {2: 3, 3: 1}[colours] // 8)
    assert len(set(lines)) > 3 # something is drawn
END
}

@test "spot-stats-sh: each lane has the numbers that pandas computes, and a whole picture" {
    small_results spot-stats-sh
    lanes_are_golden
    pictures_are_whole
}

@test "spot-stats-py: each lane has the numbers that pandas computes, and a whole picture" {
    small_results spot-stats-py
    lanes_are_golden
    pictures_are_whole
}

@test "spot-stats-sh through the whole pipeline gives pandas' result" {
    result_is_golden spot-stats-sh
}

@test "spot-stats-py through the whole pipeline gives pandas' result" {
    result_is_golden spot-stats-py
}

# The pixels and the title of a picture by spot-stats-py with these names.
drawn() {
    PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$SHARE/methods/spot-stats-py python3 - "$@" <<'END'
import hashlib, re, sys, zlib
import curve
png = curve.draw({1: [3.0, 4.0]}, 2, *sys.argv[1:])
at = png.index(b'IDAT')
pixels = zlib.decompress(png[at + 4:at + 4 + int.from_bytes(png[at - 4:at], 'big')])
print(hashlib.sha256(pixels).hexdigest())
print(re.search(rb'iTXtTitle\0{5}(.*?)....IDAT', png, re.S)[1][:-4].decode(), file=sys.stderr)
END
}

@test "spot-stats-py: a name that its font cannot draw is in the picture's metadata, and the data name alone is drawn" {
    drawn 0007 '' >short 2>/dev/null
    drawn 0007 '陽性対照 A' 2>title | diff short -
    echo '0007  陽性対照 A' | diff - title
    drawn 0007 'sample "C", 1:100 (%)' 2>title >long
    run ! cmp short long
    echo '0007  sample "C", 1:100 (%)' | diff - title
    drawn '輝点' 'A' 2>/dev/null | diff - <(drawn '' '' 2>/dev/null)
}

@test "a lane without rows, one value only, empty values: both methods say the same, and what has no value is null" {
    printf 'data,sample\nnone,no rows\none,one row\nempty,empty values\n' >samples.csv
    printf '%s\n' Data,ImageAnalysisMethod,Entity,MultiPointIndex,Value,Area,Note \
        'one,V,Activity Spots,3,4000.5,,' 'empty,V,Activity Spots,1,,1.50,"a,b"' 'empty,V,Activity Spots,2,,0.25,a' >a.csv
    printf '%s\n' Data,ImageAnalysisMethod,Entity 'one,V,Surrounding Spots' >s.csv
    for method in spot-stats-sh spot-stats-py; do
        ar-split -q -s samples.csv activity_spots=a.csv surrounding_spots=s.csv |
            ar-cleanse -q -m "$SHARE/methods/$method/manifest.json" | ar-pack -q -m "$SHARE/methods/$method/manifest.json" |
            ar-analyze -q -m "$SHARE/methods/$method/manifest.json" -- "$SHARE/methods/$method/analyze" >results.tar
        for lane in none one empty; do entry results.tar $lane/analysis_result; done >$method.csv
    done
    diff spot-stats-sh.csv spot-stats-py.csv
    grep -v ^n, spot-stats-sh.csv | diff - <(printf '%s\n' '0,0,,,true,0,0,0,"","",,none,no rows' '1,4000.5,4000.5,,true,1,1,0,"","",,one,one row' \
        '2,0,,,false,2,0,1.75,"a|a,b","",,empty,empty values')
}

@test "a column that is missing, or a value that is no number, is the lane's error, which names it" {
    printf '%s\n' Data,ImageAnalysisMethod,Entity,MultiPointIndex,Value,Area,Note 'a,V,Activity Spots,3,4OOO,,' >a.csv
    printf '%s\n' Data,ImageAnalysisMethod,Entity 'a,V,Surrounding Spots' >s.csv
    for method in spot-stats-sh spot-stats-py; do
        for change in 's/x/x/' 's/Value/Wert/'; do
            ar-split -q activity_spots=<(sed "$change" a.csv) surrounding_spots=s.csv |
                ar-cleanse -q -m "$SHARE/methods/$method/manifest.json" | ar-pack -q -m "$SHARE/methods/$method/manifest.json" |
                ar-analyze --keep-going -- "$SHARE/methods/$method/analyze" >results.tar 2>err
            entry results.tar a/error
        done >errors
        grep -F "activity_spots: Value must be a number, found '4OOO'" errors
        grep -F "activity_spots: column 'Value' not found; columns are Data" errors
    done
}

@test "outlier-rate: the plate has 87 outliers in 864 images; wells A01 to E01 have 9 of 9, A02 has 1 of 9" {
    method=$SHARE/methods/outlier-rate
    ar-split -q --lane-key 'filename~Well([A-P][0-9]{2})' labels="$PLATE" | ar-cleanse -q -m "$method/manifest.json" |
        ar-pack -q -m "$method/manifest.json" | ar-analyze -q -m "$method/manifest.json" -- "$method/analyze" | ar-merge -q >merged.tar
    entry merged.tar analysis_results | mlr --icsv --ojsonl stats1 -a count,sum -f images,outliers |
        jq -c '[.images_count, .images_sum, .outliers_sum]' | diff - <(echo '[96,864,87]')
    ar-post -q -m "$method/manifest.json" -- "$method/judge" <merged.tar >result.tar
    entry result.tar result_csv | mlr --icsv --onidx --ofs ' ' cut -o -f data,outliers,images >wells
    head -n 2 wells | diff - <(printf '%s\n' 'A01 9 9' 'A02 1 9')
    grep -cE '^[A-E]01 9 9$' wells | diff - <(echo 5)
    python3 - "$PLATE" <<'END' | diff - wells
import collections, csv, re, sys
wells = collections.defaultdict(list)
for row in csv.DictReader(open(sys.argv[1], newline='', encoding='utf-8')):
    wells[re.search('Well([A-P][0-9]{2})', row['filename'])[1]].append(int(row['label']))
for well, labels in wells.items():
    print(well, sum(labels), len(labels))
END
    entry result.tar result_json/A01 | jq -c '[.outliers, .images, .rate, .suspicious]' | diff - <(echo '[9,9,1,true]')
    entry result.tar result_csv | mlr --icsv --onidx uniq -f plate_rate | python3 -c 'assert abs(float(input()) - 87 / 864) < 1e-15'
}

@test "the copies of csv.awk are the same" {
    cmp "$SHARE/methods/spot-stats-sh/csv.awk" "$SHARE/methods/outlier-rate/csv.awk"
}

@test "every method's manifest is one, and names the files that are there" {
    for method in "$SHARE"/methods/*/; do
        [[ $method != *-c/ ]] || continue # its binary says it
        jq -r '(.files + .postprocess_files)[]' "$method/manifest.json" | LC_ALL=C sort -u |
            diff - <(cd "$method" && printf '%s\n' * | grep -vx manifest.json | LC_ALL=C sort)
        refuses 2 'no input' -- ar-pack -m "$method/manifest.json" </dev/null
    done
}

@test "a script given by a relative name is not found from a method's folder: the message says what to write" {
    cd "$BATS_TEST_TMPDIR"
    echo 'print("null")' > m.py
    printf 'Filename,Entity,Value\nI_000_A.nd2,x,1\n' > s.csv
    ar-split -q s=s.csv | ar-cleanse -q --none s | ar-pack -q > in.tar
    run -1 --separate-stderr ar-analyze -o out.tar -- python3 m.py < in.tar
    [[ $stderr == *"'m.py' is a file here, but the method runs in a folder of its own: write \"\$PWD/m.py\""* ]]
    ar-analyze -q -o out.tar -- python3 "$PWD/m.py" < in.tar
    ar-merge -q < out.tar > merged.tar
    run -1 --separate-stderr ar-post -o result.tar -- python3 m.py < merged.tar
    [[ $stderr == *"write \"\$PWD/m.py\""* ]]
}
