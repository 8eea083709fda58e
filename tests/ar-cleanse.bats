#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# ar-cleanse: the rows that pass the rules. Expected rows are by hand, by awk and by Miller.

load helpers.bash

setup() {
    in_scratch
}

# The lanes of a table whose rows are the arguments, in lanes.tar: the set is "set", the lane the first column.
lanes() {
    printf '%s\n' 'key,Entity,Channel,Value' "$@" >in.csv
    ar-split -q --lane-key key set=in.csv >lanes.tar
}

# The values (last column) that are left of lane 1 with these options.
left() {
    ar-cleanse -q "$@" <lanes.tar >out.tar
    entry out.tar 1/image_analysis_results/set | tail -n +2 | awk -F, '{ printf "%s%s", sep, $NF; sep = " " }'
}

records() {
    entry "$1" "$2/ledger" | jq -c ".sets.${4:-set} | $3"
}

# ---- rules ----

@test "-e keeps the rows of an entity; repeated, of any of them; case, blanks and quotes around the cell count as bytes do" {
    lanes 1,Spots,1,a '1,"Spots",1,b' 1,spots,1,c '1, Spots,1,d' 1,Spots2,1,e 1,,1,f 1,Other,1,g
    [ "$(left -e Spots)" = 'a b' ]
    [ "$(left -e Spots -e Other)" = 'a b g' ]
    [ "$(left -e set=Spots)" = 'a b' ]
    [ "$(left -e set=)" = f ]
}

@test "-w keeps the rows whose cell equals the value: repeated for a column any of them, of other columns all" {
    lanes 1,A,1,a 1,A,2,b 1,B,1,c 1,B,3,d 1,A,3,e
    [ "$(left -w Channel==1)" = 'a c' ]
    [ "$(left -w Channel==1 -w Channel==3)" = 'a c d e' ]
    [ "$(left -w Channel==1 -w Channel==3 -w Entity==A)" = 'a e' ]
    [ "$(left -w set=Channel==1 -e B)" = c ]
}

@test "rows that a rule drops for case or blanks alone are warned of; of a lane that loses all its rows is told" {
    lanes 1,Spots,1,a 1,spots,1,b '1, Spots ,1,c' '1,"SPOTS",1,d' 1,Spot,1,e 1,Sport,1,f 1,,1,g $'1,\u3000Spots\u00a0,1,h' 2,Other,1,i
    ar-cleanse -q -e Other -e Spots <lanes.tar 2>err >/dev/null
    says "dropped for case or blanks alone: 4 rows of the set 'set', with the Entity 'spots' instead of 'Spots'"
    [ "$(wc -l <err)" -eq 1 ]
    ar-cleanse -e Spots <lanes.tar 2>err >/dev/null
    says "left without a row of the set 'set' by its rules: 1 lane, first '2'"
    ar-cleanse -e Spot -w Channel==1 <lanes.tar 2>err >/dev/null
    run ! grep warning err
    ar-cleanse -q -e Spot -w 'Channel== 1' <lanes.tar 2>err >/dev/null
    says "dropped for case or blanks alone: 1 row of the set 'set', with the Channel '1' instead of ' 1'"
}

@test "values are text: 1 is not 1.0, 5.8 not 5.80; commas, quotes, line breaks, = and Japanese can be asked for" {
    lanes 1,A,1,a 1,A,1.0,b 1,A,01,c 1,A,5.80,d '1,A,"x,y",e' '1,A,"say ""hi""",f' 1,A,a==b,g 1,輝点,,h
    [ "$(left -w Channel==1)" = a ]
    [ "$(left -w Channel==5.8)" = '' ]
    [ "$(left -w Channel==5.80)" = d ]
    [ "$(left -w Channel==x,y)" = e ]
    [ "$(left -w 'Channel==say "hi"')" = f ]
    [ "$(left -w Channel==a==b)" = g ]
    [ "$(left -e 輝点)" = h ]
    [ "$(left -w Channel==)" = h ]
    lanes 1,A,1,a $'1,A,"x\ny",b'
    [ "$(left -w Channel==$'x\ny')" = '"x b' ]
}

@test "a value that is no UTF-8 is in no row; the ledger, which is JSON, tells the others" {
    lanes 1,Spots,1,a 1,tea,1,b
    [ "$(left -e $'caf\xe9' -e Spots)" = a ]
    [ "$(records out.tar 1 '.[1].rules')" = '[{"entity":["Spots"],"dropped":1}]' ]
}

@test "an entity with a = needs the set before it" {
    lanes 1,a=b,1,x 1,c,1,y
    [ "$(left -e set=a=b)" = x ]
    refuses 2 "set 'a' not found; sets are 'set'" -- ar-cleanse -e a=b <lanes.tar
}

@test "a kept row is byte for byte the row that came in" {
    lanes '1,"Spots",007,"5.80"' $'1,Spots,"a\r\nb",x"y' '1,Spots,, "z' '1,Other,1,1' '1,Spots,,'
    ar-cleanse -e Spots <lanes.tar >out.tar
    grep -v Other in.csv | cmp - <(entry out.tar 1/image_analysis_results/set)
}

@test "Miller keeps the same rows" {
    type mlr >/dev/null || skip "Miller is not installed"
    data=$BATS_TEST_DIRNAME/data/run-small
    ar-split -q -s "$data/samples.csv" as="$data/activity_spots.csv" >lanes.tar 2>/dev/null
    ar-cleanse -e 'Activity Spots' <lanes.tar >out.tar
    [ "$(entry out.tar targets | jq length)" -gt 1 ]
    for lane in $(entry out.tar targets | jq -r 'keys[]'); do
        entry lanes.tar "$lane/image_analysis_results/as" | mlr -S --icsv --ojson filter '$Entity == "Activity Spots"' | jq -cS . >wanted
        entry out.tar "$lane/image_analysis_results/as" | mlr -S --icsv --ojson cat | jq -cS . | diff wanted -
    done
}

@test "-m takes the rules from the manifest, and options add to them" {
    lanes 1,A,1,a 1,A,2,b 1,B,1,c 1,C,1,d
    cat >manifest.json <<'END'
{"name": "m", "image_analysis_results": {"set": {"cleansing": [{"entity": ["A", "B"]}, {"where": "Channel", "is": ["1"]}]}},
 "analyze": ["./a"]}
END
    [ "$(left -m manifest.json)" = 'a c' ]
    [ "$(left -m manifest.json -e B)" = c ]
    ar-cleanse -q -m manifest.json -e B <lanes.tar >out.tar
    [ "$(records out.tar 1 '.[1].rules')" = '[{"entity":["A","B"],"dropped":1},{"where":"Channel","is":["1"],"dropped":1},{"entity":["B"],"dropped":1}]' ]
    echo '{"name": "m", "image_analysis_results": {"set": {"cleansing": "none"}}, "analyze": ["./a"]}' >none.json
    [ "$(left -m none.json)" = 'a b c d' ]
    [ "$(records out.tar 1 '.[1].rules')" = '"none"' ]
}

@test "--none keeps a set as it is, and records that this was asked for; other sets keep their rules" {
    small_run
    ar-split -q -s samples.csv as=as.csv ss=ss.csv 2>/dev/null >lanes.tar
    ar-cleanse --none ss -e Spots <lanes.tar >out.tar 2>err
    cmp <(entry lanes.tar 007/image_analysis_results/ss) <(entry out.tar 007/image_analysis_results/ss)
    [ "$(records out.tar 007 '.[1].rules' ss)" = '"none"' ]
    [ "$(entry out.tar 0000/image_analysis_results/as | wc -l)" = 3 ]
}

# ---- the account ----

@test "the ledger tells rows in, rows left, and what each rule dropped; earlier records stay as they are" {
    lanes 1,A,1,a 1,A,2,b 1,B,1,c 1,C,1,d 2,C,9,e
    ar-cleanse -e A -e B -w Channel==1 <lanes.tar >out.tar 2>err
    [ "$(records out.tar 1 '.[1] | [.stage, .rows_in, .rows, .dropped]')" = '["cleanse",4,2,{"Entity":1,"Channel":1}]' ]
    [ "$(records out.tar 2 '.[1] | [.stage, .rows_in, .rows, .dropped]')" = '["cleanse",1,0,{"Entity":1,"Channel":0}]' ]
    diff <(records lanes.tar 1 '.[0] | del(.bytes, .xxh3)') <(records out.tar 1 '.[0] | del(.bytes, .xxh3)')
    says '2 lanes; set: 5 rows, 2 kept, 3 dropped'
    [ "$(entry out.tar 2/image_analysis_results/set)" = 'key,Entity,Channel,Value' ]
}

@test "a second cleansing appends a second record" {
    lanes 1,A,1,a 1,A,2,b
    ar-cleanse -e A <lanes.tar | ar-cleanse -w Channel==2 >out.tar
    [ "$(records out.tar 1 'map([.stage, .rows])')" = '[["split",2],["cleanse",2],["cleanse",1]]' ]
}

@test "the same bytes for the same input; one lane in, one lane out" {
    small_lanes lanes.tar
    ar-cleanse -q -e as=Spots -e ss=Around <split.tar | cmp - lanes.tar
    ar-pack -q -d packed <lanes.tar
    ar-cleanse -q --none as --none ss <packed/007.tar >one.tar
    entries one.tar | diff - <(entries packed/007.tar)
    cmp <(entry one.tar image_analysis_results/as) <(entry lanes.tar 007/image_analysis_results/as)
}

@test "params, unknown entries and failed lanes pass through" {
    printf 'ImageAnalysisMethod,Data,Entity\nV,1,a\nW,1,b\nV,2,a\n' >in.csv
    mkdir image_analysis_results extra
    mv in.csv image_analysis_results/set
    echo '{"t": 5.80}' >params
    printf '\0\1\2' >extra/x
    tar -cf run.tar params image_analysis_results/set extra/x
    ar-split --keep-going -q run.tar 2>/dev/null >lanes.tar
    ar-cleanse -e a <lanes.tar >out.tar
    for name in params extra/x 1/error; do
        cmp <(entry lanes.tar $name) <(entry out.tar $name)
    done
}

@test "ids such as 007 and -rf, 10,000 columns, a cell of 64 MiB pass" {
    python3 - <<'END'
with open('in.csv', 'w') as f:
    f.write('key,Entity,' + ','.join(f'c{i}' for i in range(9998)) + '\n')
    f.write('-rf,A,' + ','.join(str(i) for i in range(9998)) + '\n')
    f.write('007,B,' + ',' * 9997 + '"' + '\n' * (1 << 26) + '"\n')
END
    ar-split -q --lane-key key set=in.csv | ar-cleanse -q -e A -e B >out.tar
    { head -n 1 in.csv && tail -n +3 in.csv; } | cmp - <(entry out.tar 007/image_analysis_results/set)
    head -n 2 in.csv | cmp - <(entry out.tar -rf/image_analysis_results/set)
}

@test "large sets, which are handed to a pipe without a copy, are the same in a file; small ones between them, too" {
    python3 - <<'END'
with open('in.csv', 'w') as f:
    f.write('key,Entity,n\n')
    for lane, rows in ('1', 700000), ('2', 10), ('3', 700000):
        for n in range(rows):
            f.write(f'{lane},{"AAAAB"[n % 5]},{n:0100d}\n')
END
    ar-split -q --lane-key key set=in.csv >lanes.tar
    ar-cleanse -q -e A <lanes.tar >out.tar
    ar-cleanse -q -e A <lanes.tar | cat | cmp - out.tar
    for lane in 1 2 3; do
        { head -n 1 in.csv && grep "^$lane,A," in.csv; } | cmp - <(entry out.tar $lane/image_analysis_results/set)
    done
    ar-pack -q <out.tar >/dev/null
}

# ---- what is refused ----

@test "a set or a column that is not there is refused, and the right names shown" {
    lanes 1,A,1,a
    refuses 2 "set 'nosuch' not found; sets are 'set'" -- ar-cleanse -e nosuch=A <lanes.tar
    refuses 2 "set 'nosuch' not found; sets are 'set'" -- ar-cleanse -e set=A --none nosuch <lanes.tar
    refuses 2 "column 'Chanel' not found; columns are 'key', 'Entity', 'Channel', 'Value'" "lane '1'" -- ar-cleanse -w Chanel==1 <lanes.tar
    is_unfinished out
}

@test "no rule at all is a usage mistake; a set without a rule is passed on and said" {
    small_run
    ar-split -q -s samples.csv as=as.csv ss=ss.csv 2>/dev/null >lanes.tar
    refuses 2 'no rule' --help -- ar-cleanse <lanes.tar
    ar-cleanse -e as=Spots <lanes.tar >out.tar 2>err
    says "no rule for the set 'ss'"
    [ "$(records out.tar 007 length ss)" = 1 ]
}

@test "rules that are none are refused" {
    refuses 2 -w 'COLUMN==VALUE' -- ar-cleanse -w A=1 </dev/null
    refuses 2 -w 'COLUMN==VALUE' -- ar-cleanse -w ==1 </dev/null
    refuses 2 --none -- ar-cleanse --none '' </dev/null
    refuses 2 "'x'" -- ar-cleanse -e A x </dev/null
}

@test "errors in the manifest are told with their path" {
    lanes 1,A,1,a
    manifest() { printf '{"name":"m","image_analysis_results":{"set":%s},"analyze":["./a"]}' "$1" >m.json; }
    manifest '{"cleansing":[]}'
    refuses 2 "'m.json'" /image_analysis_results/set/cleansing -- ar-cleanse -m m.json <lanes.tar
    manifest '{}'
    refuses 2 "'m.json'" /image_analysis_results/set/cleansing -- ar-cleanse -m m.json <lanes.tar
    manifest '{"cleansing":[{"entity":["A"]},{"entity":"A"}]}'
    refuses 2 "'m.json'" /image_analysis_results/set/cleansing/1/entity -- ar-cleanse -m m.json <lanes.tar
    manifest '{"cleansing":[{"where":"Channel"}]}'
    refuses 2 "'m.json'" /image_analysis_results/set/cleansing/0 -- ar-cleanse -m m.json <lanes.tar
    manifest '{"cleansing":"all"}'
    refuses 2 "'m.json'" /image_analysis_results/set/cleansing -- ar-cleanse -m m.json <lanes.tar
    manifest '{"cleansing":"none","cleansing":"none"}'
    refuses 2 "'m.json'" "'cleansing' is there twice" -- ar-cleanse -m m.json <lanes.tar
    echo '[]' >m.json
    refuses 2 "'m.json'" -- ar-cleanse -m m.json <lanes.tar
    refuses 2 "'none.json'" 'No such file' -- ar-cleanse -m none.json <lanes.tar
}

@test "a run tar is no stream of lanes, and neither is a result" {
    small_lanes lanes.tar
    mkdir image_analysis_results
    cp as.csv image_analysis_results/as
    cp samples.csv sample_names
    tar -cf run.tar sample_names image_analysis_results/as
    refuses 2 -- ar-cleanse --none as <run.tar
    printf '#!/bin/sh\necho null\n' >method
    chmod +x method
    ar-pack -q <lanes.tar | ar-analyze -q -- ./method | ar-merge -q >merged.tar
    refuses 2 -- ar-cleanse --none as <merged.tar
}
