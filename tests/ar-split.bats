#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# ar-split: a run cut into lanes. Expected lanes are written here by hand, and taken out of our tars by GNU tar.

load helpers.bash

setup() {
    in_scratch
    printf 'data,sample\n1,first\n2,second\n' >samples.csv
}

# A table of the lanes 1 and 2: the header, then each argument as a row.
table() {
    printf '%s\n' ImageAnalysisMethod,Data,Entity "$@"
}

set_of() {
    entry "$1" "$2/image_analysis_results/${3:-set}"
}

top() {
    entry "$1" ledger | jq -r "$2"
}

# ---- which lane a row is of ----

@test "ImageAnalysisMethod and Data tell the lane, else Filename, cut at the first _000_ and the first dot" {
    printf '%s\n' Data,Filename,ImageAnalysisMethod 1,V_000_2.nd2,V 2,V_000_1.nd2,V >both.csv
    printf '%s\n' Filename,n V_000_1.nd2,a V_000_2.x_000_1.nd2,b V_000_1,c >name.csv
    ar-split -s samples.csv both=both.csv name=name.csv >out.tar
    printf '%s\n' Data,Filename,ImageAnalysisMethod 1,V_000_2.nd2,V | diff - <(set_of out.tar 1 both)
    printf '%s\n' Filename,n V_000_1.nd2,a V_000_1,c | diff - <(set_of out.tar 1 name)
    printf '%s\n' Filename,n V_000_2.x_000_1.nd2,b | diff - <(set_of out.tar 2 name)
    [ "$(top out.tar '.sets.both.lane_by, .sets.name.lane_by')" = "$(printf 'ImageAnalysisMethod, Data\nFilename')" ]
}

@test "a lane key of one set, and another for all the rest: a column, or the first group of an expression in it" {
    printf '%s\n' well,n 1,a 2,b >a.csv
    printf '%s\n' file,n '"img Well1, a",5' 'img Well2 b,6' 'Well,7' >b.csv
    ar-split -s samples.csv --lane-key well --lane-key 'b=file~Well([0-9])' a=a.csv b=b.csv >out.tar 2>err
    printf '%s\n' well,n 2,b | diff - <(set_of out.tar 2 a)
    printf '%s\n' file,n '"img Well1, a",5' | diff - <(set_of out.tar 1 b)
    says "'b.csv': rows without a lane are dropped: 1, the first in line 4"
    [ "$(top out.tar .sets.b.dropped.no_lane)" = 1 ]
}

@test "lane ids are text: 007 and 7, -rf, case, blanks, commas, quotes, Unicode forms, 200 bytes, all stay apart" {
    nfc=$(printf 'caf\u00e9') nfd=$(printf 'cafe\u0301') long=$(printf '%0200d' 1)
    ids=(007 7 -rf --help Abc abc 'a b' ' a' 'x,y' 'q"q' "$nfc" "$nfd" 輝点 1e3 null "$long" '*' '$(ls)' '~')
    python3 - "${ids[@]}" <<'END'
import csv, sys
with open('samples.csv', 'w', newline='', encoding='utf-8') as s, open('in.csv', 'w', newline='', encoding='utf-8') as t:
    s, t = csv.writer(s, lineterminator='\n'), csv.writer(t, lineterminator='\n')
    s.writerow(['data', 'sample'])
    t.writerow(['key', 'n'])
    for n, lane in enumerate(sys.argv[1:]):
        s.writerow([lane, f'sample {n}'])
        t.writerow([lane, n])
END
    ar-split --lane-key key -s samples.csv set=in.csv >out.tar
    for n in "${!ids[@]}"; do
        printf '%s' "${ids[n]}" | cmp - <(entry out.tar "${ids[n]}/data_name")
        printf 'sample %s' "$n" | cmp - <(entry out.tar "${ids[n]}/sample_name")
        set_of out.tar "${ids[n]}" | tail -n 1 | holds ",$n\$"
    done
    printf '%s\n' "${ids[@]}" | diff - <(entry out.tar targets | jq -r 'keys_unsorted[]')
}

@test "two ids that differ in their Unicode form only are two lanes, and a dropped one is hinted at" {
    printf 'data,sample\ncaf\u00e9,first\n' >samples.csv
    printf 'key\ncaf\u00e9\ncafe\u0301\n' >in.csv
    ar-split --lane-key key -s samples.csv set=in.csv >out.tar 2>err
    says 'Unicode form'
    [ "$(top out.tar .sets.set.dropped.not_in_samples)" = 1 ]
    ar-split --lane-key key set=in.csv 2>err >out.tar
    says 'warning: the lanes' '(1 and 2 of 2) differ only in their Unicode form'
    printf 'key\nK\nab\nA\u30a\n\u212b\n\u212a\n' >in.csv
    ar-split --lane-key key set=in.csv 2>err >out.tar
    says '(3 and 4 of 5) differ only in their Unicode form'
    printf 'key\ncaf\u00e9\ncafe\n' >in.csv
    ar-split --lane-key key set=in.csv 2>err >out.tar
    ! grep -q Unicode err
}

@test "where no row has a lane, the first one is shown" {
    printf 'Filename,a\nfoo.nd2,1\nbar.nd2,2\n' >in.csv
    refuses 1 "no lane was found: line 2 of 'in.csv' has 'foo.nd2' in the column 'Filename'" _000_ -- ar-split set=in.csv
    printf 'a,Data,ImageAnalysisMethod\n\n1,,"V\nx"\n' >in.csv
    refuses 1 "no lane was found: line 3 of 'in.csv' has '' in the column 'Data' and '\"V\nx\"' in the column 'ImageAnalysisMethod'" -- ar-split set=in.csv
    printf 'Filename\n%0500d\n' 7 >in.csv
    refuses 1 "'$(printf '%0100d' 0)…'" -- ar-split set=in.csv
    printf 'Filename\n' >in.csv
    refuses 1 'no lane was found' 'No set has a row' -- ar-split set=in.csv
}

@test "rows of a lane that the samples table does not name are dropped, said, and counted under that name" {
    table V,1,a V,9,b V,2,c V,9,d V,x,e >in.csv
    ar-split -s samples.csv set=in.csv >out.tar 2>err
    says "'in.csv': rows of the lane '9', which the samples table does not name, are dropped: 2" "lane 'x'" '5 rows, 2 kept, 3 dropped'
    [ "$(top out.tar '.sets.set.not_in_samples | [."9", .x] | join(" ")')" = '2 1' ]
}

@test "without a samples table each lane found is a target, in order of appearance, its own sample name" {
    table V,b,1 V,a,2 V,b,3 >one.csv
    table V,c,1 V,a,2 >two.csv
    ar-split one=one.csv two=two.csv >out.tar
    [ "$(entry out.tar targets | jq -c .)" = '{"b":"b","a":"a","c":"c"}' ]
    table V,b,1 V,b,3 | diff - <(set_of out.tar b one)
    table | diff - <(set_of out.tar c one)
}

@test "a lane without rows flows, with a header and no rows" {
    table V,1,a >in.csv
    ar-split -s samples.csv set=in.csv >out.tar
    table | cmp - <(set_of out.tar 2)
    [ "$(entry out.tar 2/ledger | jq '.sets.set[0].rows')" = 0 ]
}

@test "a set with a header and no rows is a set" {
    table >in.csv
    ar-split -s samples.csv set=in.csv >out.tar
    table | cmp - <(set_of out.tar 1)
}

# ---- the stream ----

@test "the entries are those of ar-stream(5), in its order, with mtime 0, owner 0 and mode 0644" {
    small_run
    echo '{"t":1}' >params.json
    ar-split -p params.json -s samples.csv as=as.csv ss=ss.csv >out.tar
    entries out.tar >names
    diff names - <<'END'
targets
params
ledger
0000/data_name
0000/sample_name
0000/image_analysis_results/as
0000/image_analysis_results/ss
0000/ledger
007/data_name
007/sample_name
007/image_analysis_results/as
007/image_analysis_results/ss
007/ledger
END
    python3 - <<'END'
import tarfile
for m in tarfile.open('out.tar'):
    assert (m.mtime, m.uid, m.gid, m.mode, m.type) == (0, 0, 0, 0o644, tarfile.REGTYPE), m.name
    assert m.pax_headers.get('is_file') == ('true' if '/image_analysis_results/' in m.name else None), m.name
END
    echo '{"t":1}' | cmp - <(entry out.tar params) || printf '{"t":1}' | cmp - <(entry out.tar params)
}

@test "the same input gives the same bytes: by operands, through a pipe, compressed, as a run tar, with -o" {
    small_run
    mkdir image_analysis_results
    cp as.csv image_analysis_results/as
    cp ss.csv image_analysis_results/ss
    cp samples.csv sample_names
    mkdir packed
    gzip <as.csv >packed/as.csv
    ar-split -s samples.csv as=as.csv ss=ss.csv >wanted.tar
    ar-split -s samples.csv as=- ss=ss.csv <as.csv >pipe.tar
    ar-split -s samples.csv -o file.tar as=as.csv ss=ss.csv >nothing
    ar-split -s samples.csv as=packed/as.csv ss=ss.csv >packed.tar
    tar -cf run.tar sample_names image_analysis_results/as image_analysis_results/ss
    ar-split <run.tar >stdin.tar
    ar-split run.tar >operand.tar
    gzip <run.tar | ar-split >gzip.tar
    cmp wanted.tar file.tar
    cmp /dev/null nothing
    cmp stdin.tar operand.tar
    for tar in pipe packed stdin gzip; do # source and compression are in the top ledger; the lanes are the same
        diff <(entries wanted.tar) <(entries $tar.tar)
        for name in $(entries wanted.tar | grep -v '^ledger$'); do
            cmp <(entry wanted.tar "$name") <(entry $tar.tar "$name")
        done
    done
}

@test "-Z gzip and -Z zstd write what gunzip and zstd read" {
    table V,1,a >in.csv
    ar-split -s samples.csv set=in.csv >plain.tar
    ar-split -Z gzip -s samples.csv set=in.csv | gunzip | cmp - plain.tar
    type zstd >/dev/null || skip "zstd is not installed"
    ar-split -Z zstd -s samples.csv set=in.csv | zstd -d | cmp - plain.tar
}

@test "a run tar's entries stand in any order, with folders, leading ./ and unknown entries, which are passed on" {
    small_run
    mkdir -p run/image_analysis_results run/extra
    cp as.csv run/image_analysis_results/as
    cp samples.csv run/sample_names
    echo '{"t": 0.80}' >run/params
    printf 'to be kept\0' >run/extra/thing
    tar -C run -cf run.tar ./image_analysis_results ./params ./extra ./sample_names
    ar-split <run.tar >out.tar
    printf '%s\n' Filename,Entity,Value 'V1_000_007.nd2,"Spots",1' | cmp - <(set_of out.tar 007 as)
    cmp run/extra/thing <(entry out.tar extra/thing)
    cmp run/params <(entry out.tar params)
}

@test "-s and -p replace what the run tar holds" {
    table V,1,a V,2,b >in.csv
    mkdir image_analysis_results
    cp in.csv image_analysis_results/set
    printf 'data,sample\n9,other\n' >sample_names
    echo '{"a":1}' >params
    tar -cf run.tar params sample_names image_analysis_results/set
    echo '{"b":2}' >params.json
    ar-split -s samples.csv -p params.json run.tar >out.tar
    [ "$(entry out.tar targets | jq -c .)" = '{"1":"first","2":"second"}' ]
    [ "$(entry out.tar params | jq -c .)" = '{"b":2}' ]
}

# ---- bytes ----

@test "a kept row is byte for byte the row that came in: 5.80, 007, quotes, blanks, line breaks, Japanese, empty cells at the end" {
    printf '%s\n' 'h,x,y,z,e,f' >header
    printf '%s\n' '1,5.80,007,-0.0,,' '1,"5.80"," a ", b ,,' '1,"say ""hi"", you",輝点,"輝' '点",,' '1,a"b,c""d,\,"",' >one
    printf '2,"\r\n\r",\t,'"'"'x'"'"',#,;\n' >two
    cat header one two >in.csv
    ar-split --lane-key h -s samples.csv set=in.csv >out.tar
    cat header one | cmp - <(set_of out.tar 1)
    cat header two | cmp - <(set_of out.tar 2)
}

@test "a BOM is removed, CRLF and CR become LF outside quotes, both are said and recorded; nothing else changes" {
    printf '\xef\xbb\xbfkey,v\r\n1,"a\r\nb\rc"\r2,x\r\n1,\xef\xbb\xbfy' >in.csv
    ar-split --lane-key key -s samples.csv set=in.csv >out.tar 2>err
    printf 'key,v\n1,"a\r\nb\rc"\n1,\xef\xbb\xbfy\n' | cmp - <(set_of out.tar 1)
    printf 'key,v\n2,x\n' | cmp - <(set_of out.tar 2)
    says 'byte order mark' 'CRLF and CR line ends are written as LF'
    [ "$(top out.tar .sets.set.bom)" = true ]
    [ "$(top out.tar .sets.set.line_ends)" != LF ]
}

@test "blank lines are skipped and counted; a line with a blank, or with quotes alone, is none" {
    printf '\n\nkey\n\n1\n\r\n2\n""\n\n' >in.csv
    ar-split --lane-key key -s samples.csv set=in.csv >out.tar 2>err
    printf 'key\n1\n' | cmp - <(set_of out.tar 1)
    says '5 blank lines skipped'
    [ "$(top out.tar '[.sets.set.blank_lines, .sets.set.rows, .sets.set.dropped.no_lane] | join(" ")')" = '5 3 1' ]
}

@test "a last row without its line end is a row" {
    printf 'key\n1\n2' >in.csv
    ar-split --lane-key key -s samples.csv set=in.csv >out.tar
    printf 'key\n2\n' | cmp - <(set_of out.tar 2)
}

@test "10,000 columns" {
    python3 -c 'n = range(9999); print("key", *(f"c{i}" for i in n), sep=","); print("1", *n, sep=",")' >in.csv
    ar-split --lane-key key -s samples.csv set=in.csv >out.tar
    cmp in.csv <(set_of out.tar 1)
    [ "$(top out.tar .sets.set.columns)" = 10000 ]
}

@test "a cell of 64 MiB" {
    { printf 'key,cell\n1,"' && head -c 67108864 /dev/zero | tr '\0' '\n' && printf '"\n'; } >in.csv
    ar-split --lane-key key -s samples.csv set=in.csv | ar-cleanse -w key==1 | ar-pack >out.tar
    cmp in.csv <(set_of out.tar 1)
}

@test "100,000 lanes" {
    local lanes=100000
    [ -z "${TESTS_SANITIZED:-}" ] || lanes=10000
    seq -f '%06g' "$lanes" | awk 'BEGIN { print "key" } { print }' >in.csv
    ar-split --lane-key key set=in.csv | ar-cleanse --none set 2>err | tar --warning=no-unknown-keyword -t >names
    [ "$(grep -c /image_analysis_results/set names)" = "$lanes" ]
    says "$lanes lanes" || says "${lanes%000},000 lanes"
}

@test "the account of the ledger closes: rows = rows of the lanes + dropped, by counts of awk" {
    small_run
    ar-split -s samples.csv as=as.csv >out.tar
    [ "$(top out.tar '.sets.as | [.source, .bytes, .rows, (.rows_by_lane | tojson), (.dropped | tojson)] | join(" ")')" = \
        "as.csv $(stat -c %s as.csv) $(awk 'END { print NR - 1 }' as.csv) {\"0000\":3,\"007\":1} {\"no_lane\":1,\"not_in_samples\":1}" ]
}

@test "the digest of a set in the ledger is XXH3-128, as xxhsum computes it" {
    type xxhsum >/dev/null || skip "xxhsum is not installed"
    table V,1,a >in.csv
    ar-split -s samples.csv set=in.csv >out.tar
    [ "$(entry out.tar 1/ledger | jq -r '.sets.set[0].xxh3')" = "$(set_of out.tar 1 | xxhsum -H128 | cut -d' ' -f1)" ]
}

# ---- what is refused ----

@test "missing columns are refused, and the right names shown" {
    printf 'A,B\n1,2\n' >in.csv
    refuses 2 "'in.csv': column 'Filename' not found; columns are 'A', 'B'" '--lane-key' -- ar-split -s samples.csv set=in.csv
    refuses 2 "column 'C' not found; columns are 'A', 'B'" -- ar-split -s samples.csv --lane-key C set=in.csv
}

@test "lines above the header, and cells that something else than commas separates, are told where a column is not found" {
    wells() { printf 'Well,A,B\nA01,1,2\nA02,3,4\n'; }
    above="Lines seem to stand above the header, which is line"
    { printf 'Instrument: X\n' && wells; } >in.csv
    refuses 2 "column 'Well' not found; columns are 'Instrument: X'" "$above 2" "'tail -n +2'" -- ar-split --lane-key Well set=in.csv
    refuses 2 "$above 2" -- ar-split set=in.csv
    tail -n +2 in.csv | ar-split -q --lane-key Well set=- >out.tar
    { printf '\r\n# Exported by X\r\nInstrument: 5" X\r\n\r\n' && wells; } >in.csv
    refuses 2 "$above 5" -- ar-split --lane-key Well set=in.csv
    { printf 'Instrument,X\n' && wells && printf 'A03,5,6\n'; } | sed '2,$s/$/,7/' >in.csv
    refuses 2 "$above 2" -- ar-split --lane-key Well set=in.csv
    printf 'Instrument: X\nWell,A\n' >in.csv
    refuses 2 "$above 2" -- ar-split --lane-key Well set=in.csv
    # What has no other table in it gets no such hint.
    for rows in 'a\n1\n2' 'a,b\n1,2,\n3,4,' 'a\none, two\nthree' 'a\n"1,2"\n"3,4"'; do
        printf "$rows\n" >in.csv
        refuses 2 "column 'Well' not found" -- ar-split --lane-key Well set=in.csv
        run ! grep 'above the header' err
    done
    printf 'Well;A\n1,5;2,5\n3,5;4,5\n' >in.csv
    refuses 2 "columns are 'Well;A'" "separated by ';'" -- ar-split --lane-key Well set=in.csv
    run ! grep 'above the header' err
    # What it says to do does it: the rows are those that commas separate.
    converts() { eval "$(grep -o 'python3 .* < FILE > NEW' err | sed "s/FILE/$1/; s/NEW/$2/")"; }
    converts in.csv new.csv
    printf '%s\n' Well,A '"1,5","2,5"' '"3,5","4,5"' | diff <(tr -d '\r' <new.csv) -
    wells >in.csv
    printf 'data;sample\nA01;a\n' >s.csv
    refuses 2 "columns are 'data;sample'" "separated by ';'" -- ar-split -s s.csv --lane-key Well set=in.csv
    printf 'data\tsample\nA01\ta\n' >s.csv
    refuses 2 'separated by tabs' -- ar-split -s s.csv --lane-key Well set=in.csv
    converts s.csv new.csv
    ar-split -q -s new.csv --lane-key Well set=in.csv >out.tar
}

@test "a quote that is not closed shows at the next one: the line in which its cell begins is told, too" {
    printf 'key,a,b\n1,"x,y\n2,x,y\n3,"z",y\n' >in.csv
    refuses 2 "'in.csv', line 4: text after the closing quote of cell 2" 'That cell begins in line 2' -- ar-split --lane-key key set=in.csv
    printf 'key,a\n1,"x"y\n' >in.csv
    refuses 2 "'in.csv', line 2: text after the closing quote of cell 2" -- ar-split --lane-key key set=in.csv
    run ! grep 'begins in line' err
}

@test "a header with a column twice, or without a name, is refused" {
    printf 'key,a,a\n1,2,3\n' >in.csv
    refuses 2 "'in.csv': column 'a' is there twice" -- ar-split --lane-key key set=in.csv
    printf 'key,,a\n1,2,3\n' >in.csv
    refuses 2 "'in.csv': column 2 of 3 has no name" -- ar-split --lane-key key set=in.csv
}

@test "an empty file is refused, and one of blank lines" {
    printf '' >in.csv
    refuses 2 "'in.csv' is empty" -- ar-split set=in.csv
    printf '\n\r\n' >in.csv
    refuses 2 "'in.csv' is empty" -- ar-split set=in.csv
}

@test "a row with more or fewer cells than the header is refused, with its line, in which quoted line breaks count" {
    printf 'key,a\n1,"x\ny"\n\n1\n' >in.csv
    refuses 2 "'in.csv', line 5: 1 cell" 'expected 2' -- ar-split --lane-key key set=in.csv
    printf 'key,a\r\n1,x\r\n1,x,y\r\n' >in.csv
    refuses 2 "'in.csv', line 3: 3 cells" -- ar-split --lane-key key set=in.csv
    printf 'key\n1\n"1","2"' >in.csv
    refuses 2 "'in.csv', line 3: 2 cells" -- ar-split --lane-key key set=in.csv
}

@test "an unterminated quote is refused with the line where it opens, text after a closing quote with its own" {
    printf 'key,a\n1,b\n1,"x\ny\n' >in.csv
    refuses 2 "'in.csv', line 3" 'never closed' -- ar-split --lane-key key set=in.csv
    printf 'key,a\n1,b\n1,"x"y\n' >in.csv
    refuses 2 "'in.csv', line 3" 'closing quote of cell 2' -- ar-split --lane-key key set=in.csv
    printf 'key,a\n1,b\n1,"x" \n' >in.csv
    refuses 2 "'in.csv', line 3" 'closing quote' -- ar-split --lane-key key set=in.csv
}

@test "a NUL is refused, with line and column" {
    printf 'key,a\n1,b\n1,x\0y\n' >in.csv
    refuses 2 "'in.csv', line 3, column 4" NUL -- ar-split --lane-key key set=in.csv
}

@test "bytes that are not UTF-8 are refused with line and column: Latin-1, CP932, cut, overlong, surrogates, beyond Unicode" {
    for bytes in '\xe9' '\x93\xfa' '\xe8\xbc' '\xc0\xaf' '\xed\xa0\x80' '\xf4\x90\x80\x80' '\xff'; do
        printf 'key,a\n1,b\n1,xy'$bytes'\n' >in.csv
        refuses 2 "'in.csv', line 3, column 5" UTF-8 CP932 'iconv' -- ar-split --lane-key key set=in.csv
    done
}

@test "a workbook is known for what it is, in the place of a set and of the samples table" {
    table V,1,a >in.csv
    python3 -c 'import zipfile; zipfile.ZipFile("in.xlsx", "w", zipfile.ZIP_DEFLATED).write("in.csv", "xl/worksheets/sheet1.xml")'
    printf '\320\317\021\340\241\261\032\341%0600d' 0 >in.xls # the signature of [MS-CFB], 2.2
    for book in in.xlsx in.xls; do
        refuses 2 "'$book' is a workbook" 'as CSV' -- ar-split set=$book
        refuses 2 "'$book' is a workbook" -- ar-split -s $book set=in.csv
    done
}

@test "UTF-16 and UTF-32 are known for what they are, in sets and in samples tables" {
    table V,1,a >good.csv
    for form in UTF-16LE UTF-16BE UTF-16 UTF-32LE UTF-32BE UTF-32; do
        printf 'key,a\n1,b\n' | iconv -t $form >in.csv
        refuses 2 "'in.csv', line 1: is ${form:0:6}" "iconv -f ${form:0:6}" -- ar-split --lane-key key set=in.csv
        refuses 2 "samples table 'in.csv', line 1: is ${form:0:6}" -- ar-split -s in.csv set=good.csv
    done
}

@test "a second byte order mark is refused, and shown, not sent" {
    table V,1,a >in.csv
    printf '\ufeff\ufeffdata,sample\n1,a\n' >s.csv
    refuses 2 "samples table 's.csv': a byte order mark stands before the name of the first column" -- ar-split -s s.csv set=in.csv
    printf 'data,\ufeffsample\n1,a\n' >s.csv
    refuses 2 "columns are 'data', '\u{feff}sample'" -- ar-split -s s.csv set=in.csv
}

@test "a place in JSON is said as far as there is one" {
    table V,1,a >in.csv
    printf '{"a":1,\n' >p.json
    refuses 2 "params 'p.json', line 2: no JSON" -- ar-split -p p.json set=in.csv
    printf '{"a":1,\n  x}' >p.json
    refuses 2 "params 'p.json', line 2, column 3: no JSON" -- ar-split -p p.json set=in.csv
}

@test "a LOGLEVEL that is not known is said once, with those that are, and the tool goes on" {
    table V,1,a >in.csv
    LOGLEVEL=verbose ar-split set=in.csv >out.tar 2>err
    says "LOGLEVEL 'verbose' is not known: expected ERROR, WARNING, INFO or DEBUG" '1 lane'
    [ "$(grep -c LOGLEVEL err)" -eq 1 ]
    LOGLEVEL= ar-split set=in.csv 2>&1 >out.tar | grep -v LOGLEVEL | holds '1 lane'
    for level in ERROR WARNING; do
        LOGLEVEL=$level ar-split set=in.csv 2>&1 >out.tar | diff /dev/null -
    done
}

@test "a fault in the last row is found: nothing half-done looks whole" {
    awk 'BEGIN { print "key,a"; for (i = 0; i < 200000; i++) print "1,b"; print 1 }' >in.csv
    refuses 2 "'in.csv', line 200002" -- ar-split --lane-key key set=in.csv
    is_unfinished out
    refuses 2 "'in.csv', line 200002" -- ar-split -o file.tar --lane-key key set=in.csv
    [ ! -e file.tar ]
}

@test "an endless input that is at fault from its start ends the run soon" {
    for filter in cat gzip zstd; do
        refuses 2 'line 1, column 1: a NUL byte' -- timeout 120 bash -c "$filter </dev/zero | ar-split set=-"
    done
    refuses 2 "'/dev/zero', line 1, column 1: a NUL byte" -- timeout 20 ar-split set=/dev/zero
    refuses 2 "column 'Filename' not found; columns are 'y'" -- timeout 20 bash -c 'yes | ar-split set=-'
    refuses 2 "line 3: 1 cell, expected 2" -- timeout 20 bash -c '(printf "key,a\n1,b\n"; yes) | ar-split --lane-key key set=-'
    refuses 2 "column 'no' not found; columns are 'key', 'a'" -- timeout 20 bash -c 'yes key,a | ar-split --lane-key no set=-'
    refuses 2 "'standard input' is not a tar" -- timeout 20 bash -c 'yes | ar-split'
    refuses 2 "'standard input' holds no set" -- timeout 20 bash -c 'ar-split </dev/zero'
}

@test "a header longer than what is looked at first, and one that comes byte by byte, are read through a pipe" {
    python3 -c 'print("key", *("c%d" % i for i in range(20000)), sep=","); print("1" + "," * 20000)' >in.csv
    ar-split --lane-key key set=in.csv >file.tar
    ar-split --lane-key key set=- <<<"$(cat in.csv)" >pipe.tar
    diff <(entry file.tar 1/image_analysis_results/set) <(entry pipe.tar 1/image_analysis_results/set)
    (printf 'ke'; sleep 0.2; printf 'y,a\r'; sleep 0.2; printf '\n1,b\n'; awk 'BEGIN { for (i = 0; i < 50000; i++) print "2,c" }') | ar-split --lane-key key set=- >slow.tar
    diff <(printf 'key,a\n1,b\n') <(entry slow.tar 1/image_analysis_results/set)
}

@test "side inputs without end are refused at their limit, which is named" {
    table V,1,a >in.csv
    refuses 2 "samples table: '/dev/zero' is larger than 64 MiB" -- timeout 60 ar-split -s /dev/zero set=in.csv
    refuses 2 "params: '/dev/zero' is larger than 64 MiB" -- timeout 60 ar-split -p /dev/zero set=in.csv
    truncate -s 65M entry
    for name in params sample_names; do
        tar --transform "s/entry/$name/" -cf run.tar entry
        refuses 2 "entry '$name'" 'at most 67108864' -- ar-split run.tar
    done
}

@test "samples tables without their columns, without rows, with a name twice or ragged are refused" {
    table V,1,a >in.csv
    printf 'id,name\n1,a\n' >s.csv
    refuses 2 "samples table 's.csv': column 'data' not found; columns are 'id', 'name'" -- ar-split -s s.csv set=in.csv
    printf 'data,name\n1,a\n' >s.csv
    refuses 2 "samples table 's.csv': column 'sample' not found" -- ar-split -s s.csv set=in.csv
    printf 'data,sample\n' >s.csv
    refuses 2 "samples table 's.csv' has no rows" -- ar-split -s s.csv set=in.csv
    printf '' >s.csv
    refuses 2 "samples table 's.csv'" -- ar-split -s s.csv set=in.csv
    printf 'data,sample\n1,a\n2,b\n1,c\n' >s.csv
    refuses 2 "samples table 's.csv', line 4: data name '1' is there twice, first in line 2" -- ar-split -s s.csv set=in.csv
    printf 'data,sample\n1,a\n2\n' >s.csv
    refuses 2 "samples table 's.csv', line 3" -- ar-split -s s.csv set=in.csv
    printf 'data,sample\n1,"a\n' >s.csv
    refuses 2 "samples table 's.csv', line 2" -- ar-split -s s.csv set=in.csv
    printf 'data,sample\n1,\x93\xfa\n' >s.csv
    refuses 2 "samples table 's.csv', line 2" UTF-8 -- ar-split -s s.csv set=in.csv
    refuses 2 "cannot open 'none.csv': No such file or directory" -- ar-split -s none.csv set=in.csv
}

@test "a samples table may have more columns, CRLF, a BOM, quotes and blank lines" {
    printf '\xef\xbb\xbfgroup,sample,data\r\n\r\ng,"a, ""b""",2\r\nh,,1' >s.csv
    table V,1,a >in.csv
    ar-split -s s.csv set=in.csv >out.tar
    entry out.tar targets | jq -c . | diff <(printf '%s\n' '{"2":"a, \"b\"","1":""}') -
}

@test "an id that no lane may have is refused, with its line" {
    table V,1,a >in.csv
    for id in '""' . .. .x a/b / targets params ledger error images files tables preprocessed_data image_analysis_results \
        sample_names data_name sample_name analysis_result analysis_results artifacts result_csv result_json \
        "$(printf 'a\tb')" "$(printf '"a\nb"')" "$(printf 'a\033b')" "$(printf '%0201d' 1)"; do
        printf 'data,sample\n1,a\n%s,b\n' "$id" >s.csv
        refuses 2 "samples table 's.csv', line 3: data name" -- ar-split -s s.csv set=in.csv
        ! grep -q $'\033' err || return 1
    done
}

@test "an id in the rows that no lane may have is refused where there is no samples table" {
    table V,1,a V,../../x,b >in.csv
    refuses 1 "'in.csv'" '../../x' 'line 3' -- ar-split set=in.csv
}

@test "a set of which no row is of a named lane is an error that shows ids of both kinds" {
    table V,01,a V,02,b >in.csv
    refuses 1 "'in.csv'" "'1', '2'" "'01', '02'" --  ar-split -s samples.csv set=in.csv
    is_unfinished out
    # A spreadsheet has read the column data as numbers.
    printf 'data,sample\n0,first\n1,second\n' >numbers.csv
    printf 'Filename,Entity\nV1_000_0000.nd2,Spots\nV1_000_0001.nd2,Spots\n' >zeros.csv
    refuses 1 "it names '0', '1'; the rows (by Filename) are of '0000', '0001'" "those of '0000' were lost" -- ar-split -s numbers.csv as=zeros.csv
}

@test "a wrong lane key is refused: bad expression, no group, no column, an unknown set" {
    table V,1,a >in.csv
    refuses 2 --lane-key 'expression' -- ar-split --lane-key 'Entity~(' set=in.csv
    refuses 2 --lane-key 'no capture group' -- ar-split --lane-key 'Entity~a' set=in.csv
    refuses 2 --lane-key 'no column' -- ar-split --lane-key '' set=in.csv
    refuses 2 "'nosuch'" "'set'" -- ar-split --lane-key nosuch=Entity set=in.csv
}

@test "a lane key that would take long to compile is refused" {
    table V,1,a >in.csv
    for key in '((((a{1,255}){1,255}){1,255}){1,255})' '(a{255}{255})' '(a{,255}{,255})' '([]a]{200}[[:alpha:]]{200}){200}' \
        "$(printf '%0600d' 0 | tr 0 '(')a$(printf '%0600d' 0 | tr 0 ')')" "(a$(printf '%0300d' 0 | sed 's/0/{1,2}/g'))" \
        "($(printf '%01001d' 0))"; do
        refuses 2 --lane-key 'too long' 'At most 1000' -- bash -c '[ "$TESTS_SANITIZED" ] || ulimit -v 500000; timeout 10 ar-split --lane-key "$1" set=in.csv' - "Entity~$key"
    done
    for key in '([[:alpha:]]{1,255})' '(([a]{1,20}){1,20})' '(a|[]{9}]{1,3}|\{9|[[:digit:][.-.]]*)'; do
        ar-split -q --lane-key "Entity~$key" set=in.csv | tar -tf - | holds -x a/data_name
    done
}

@test "Perl's \\d is refused, since POSIX takes it for the letter d; within brackets it is that" {
    table V,1,5 V,2,d >in.csv
    refuses 2 "'\\d' in '(\\d)'" '[0-9] for a digit' -- ar-split --lane-key 'Entity~(\d)' set=in.csv
    refuses 2 "'\\D'" '[^0-9]' -- ar-split --lane-key 'Entity~(\D)' set=in.csv
    refuses 2 'groups that begin with (?' -- ar-split --lane-key 'Entity~(?:a)(b)' set=in.csv
    ar-split -q --lane-key 'Entity~([\d])' set=in.csv | tar -tf - | holds -x d/data_name
}

@test "a lane with two image-analysis methods fails, the others go on, status 1; 0 with --keep-going" {
    table V,1,a V,2,b W,1,c V,2,d >in.csv
    status=0
    ar-split -s samples.csv set=in.csv >out.tar 2>err || status=$?
    [ "$status" -eq 1 ]
    says "lane '1' (first) failed" "'V' and 'W'" 'line 4'
    table V,2,b V,2,d | cmp - <(set_of out.tar 2)
    entries out.tar | grep '^1/' | diff - <(printf '1/%s\n' data_name sample_name error ledger)
    entry out.tar 1/error | holds "two image-analysis methods, 'V' and 'W'"
    ar-split --keep-going -s samples.csv set=in.csv 2>/dev/null | cmp - out.tar
    ar-cleanse --none set <out.tar | ar-pack | tar --warning=no-unknown-keyword -xO 1/error | cmp - <(entry out.tar 1/error)
}

@test "the image-analysis method may differ from lane to lane, and from set to set" {
    table V,1,a W,2,b >one.csv
    table W,1,a V,2,b >two.csv
    ar-split -s samples.csv one=one.csv two=two.csv >out.tar
    [ "$(entry out.tar 1/ledger | jq -r '.sets | [.one[0], .two[0]] | map(.image_analysis_method) | join(" ")')" = 'V W' ]
}

@test "params that are no object, or have a member twice, are refused" {
    table V,1,a >in.csv
    echo '[1]' >p.json
    refuses 2 "'p.json'" 'JSON object' -- ar-split -p p.json set=in.csv
    echo '{"a":{"b":1,"b":2}}' >p.json
    refuses 2 "'p.json'" "'b' is there twice" -- ar-split -p p.json set=in.csv
    echo '{"a":' >p.json
    refuses 2 "'p.json'" JSON -- ar-split -p p.json set=in.csv
}

@test "operands that are wrong are refused: names, sets twice, standard input twice, no file, a folder" {
    table V,1,a >in.csv
    refuses 2 "'1set' cannot be the name of a set" -- ar-split 1set=in.csv
    refuses 2 "'se-t' cannot be the name of a set" -- ar-split se-t=in.csv
    refuses 2 "'set' is there twice" -- ar-split set=in.csv set=in.csv
    refuses 2 'standard input can be only one set' -- ar-split a=- b=- <in.csv
    refuses 2 "operand 'in.csv': expected SET=FILE" -- ar-split set=in.csv in.csv
    refuses 2 "cannot open 'none.csv': No such file or directory" -- ar-split set=none.csv
    refuses 2 "'.'" directory -- ar-split set=.
    refuses 2 "'--nosuch'" --help -- ar-split --nosuch set=in.csv
    refuses 2 "-Z 'lzma': expected gzip or zstd" -- ar-split -Z lzma set=in.csv
}

@test "the output on top of an input is refused, and the input stays as it was" {
    table V,1,a >in.csv
    table V,1,a >wanted
    refuses 2 "'in.csv' is input and output at once" -- ar-split -o in.csv set=in.csv
    cmp in.csv wanted
    ln in.csv same.csv
    refuses 2 'input and output at once' -- ar-split -o same.csv set=in.csv
    cmp in.csv wanted
    status=0
    ar-split -s samples.csv set=in.csv 1<>in.csv 2>err || status=$?
    [ "$status" -eq 2 ]
    cmp in.csv wanted
}

@test "a run tar without a set, with a set twice, or with a name that is none is refused" {
    mkdir image_analysis_results
    cp samples.csv sample_names
    table V,1,a >image_analysis_results/set
    tar -cf run.tar sample_names
    refuses 2 'image_analysis_results' -- ar-split run.tar
    tar -cf run.tar sample_names image_analysis_results/set image_analysis_results/set
    tar --hard-dereference -cf run.tar sample_names image_analysis_results/set image_analysis_results/set
    refuses 2 'image_analysis_results/set' twice -- ar-split run.tar
    mv image_analysis_results/set image_analysis_results/1-x
    tar -cf run.tar sample_names image_analysis_results/1-x
    refuses 2 '1-x' -- ar-split run.tar
    small_lanes lanes.tar
    refuses 2 -- ar-split lanes.tar
}

@test "a fault in a run tar's set is told with the entry" {
    mkdir image_analysis_results
    printf 'key,a\n1\n' >image_analysis_results/set
    tar -cf run.tar image_analysis_results/set
    refuses 2 image_analysis_results/set 'line 2' -- ar-split --lane-key key run.tar
}

@test "text of the input reaches the terminal with escape, bidi and control characters shown" {
    printf 'key\x1b]0;x\x07,\xe2\x80\xaea\n1,2\n' >in.csv
    refuses 2 "column 'key' not found" -- ar-split --lane-key key set=in.csv
    LC_ALL=C run ! grep -q $'\x1b\|\x07\|\xe2\x80\xae' err
}

@test "a file that shrinks or changes while it is read ends the run with a message, and no whole stream" {
    table V,1,a V,1,b >wanted
    for change in 'truncate -s 0' 'truncate -s 40' 'touch -d 2001-01-01' 'tee -a'; do
        cp wanted in.csv
        mkfifo pipe
        ar-split a=in.csv b=pipe >out 2>err &
        exec {pipe}>pipe # goes on once in.csv was opened, and ar-split waits for the pipe
        $change in.csv <<<V,1,c >log
        cp wanted b.csv
        cat b.csv >&$pipe
        exec {pipe}>&-
        status=0
        wait $! || status=$?
        rm pipe
        [ "$status" -eq 2 ] || [ "$status" -eq 3 ]
        grep -q 'shrank\|changed' err
        is_unfinished out
    done
}

@test "a large file, which all processors read, shrinks: the same message, whichever of them meets it" {
    table V,1,a V,1,b >b.csv
    for size in 0 300000 5000000; do
        python3 -c 'print("ImageAnalysisMethod,Data,Value"); print("V,1,0.123456789\n" * 500000, end="")' >in.csv
        mkfifo pipe
        ar-split a=in.csv b=pipe >out 2>err &
        exec {pipe}>pipe
        truncate -s $size in.csv
        cat b.csv >&$pipe
        exec {pipe}>&-
        status=0
        wait $! || status=$?
        rm pipe
        [ "$status" -eq 3 ]
        grep -q 'shrank' err
        is_unfinished out
    done
}

@test "a file whose name is not UTF-8 is read as any other; the ledger shows its bytes" {
    name=$'\xff\xe9.csv'
    table V,1,a V,1,b >wanted
    cp wanted "$name"
    ar-split a=wanted >plain 2>err
    ar-split "a=$name" >out 2>err
    [ "$(tar -xOf out ledger | jq -r .sets.a.source)" = '\xff\xe9.csv' ]
    diff <(tar -xOf plain ledger | jq 'del(.sets.a.source, .xxh3)') <(tar -xOf out ledger | jq 'del(.sets.a.source, .xxh3)')
    ar-ls --json "a=$name" | grep -qF '\\xff\\xe9.csv'
}
