#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The library for methods in C, as others use it: installed, linked with pkg-config, run by the tools. What is expected is what the Python runner gave
# (data/golden), what nm says of symbols, and arithmetic by hand.

load helpers.bash

setup_file() {
    [ -z "${TESTS_SANITIZED:-}" ] || return 0
    make -s -C "$BATS_TEST_DIRNAME/.." install DESTDIR="$BATS_FILE_TMPDIR/root" PREFIX=/usr >"$BATS_FILE_TMPDIR/install.log" 2>&1
}

setup() {
    in_scratch
    [ -z "${TESTS_SANITIZED:-}" ] || skip 'what others link is the plain build'
    unset ANALYSISRUN_METHOD ANALYSISRUN_MODE
    mark_what_is_started
    ROOT=$BATS_FILE_TMPDIR/root
    export PKG_CONFIG_PATH=$ROOT/usr/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$ROOT LD_LIBRARY_PATH=$ROOT/usr/lib
    cp "$BATS_TEST_DIRNAME/data/run-small/samples.csv" .
    cp "$BATS_TEST_DIRNAME/data/run-small/params.json" .
    cp "$BATS_TEST_DIRNAME/data/run-small/activity_spots.csv" as.csv
    cp "$BATS_TEST_DIRNAME/data/run-small/surrounding_spots.csv" ss.csv
}

teardown() {
    [ -n "${TESTS_SANITIZED:-}" ] || nothing_left
}

# Compiles the program $1 from $1.c with the installed library.
compile() {
    # shellcheck disable=SC2046 # words
    cc -std=c17 -Wall -Werror -o "$1" "$1.c" $(pkg-config --cflags --libs analysisrun) "${@:2}"
}

# The functions that the header declares.
declared() {
    grep -hv '^#' "$ROOT"/usr/include/analysisrun*.h | grep -v '^ *\*\|^ */\*' | grep -oE '\bar_[a-z_]+\(' | tr -d '(' | sort -u
}

@test "what the header declares is what the shared library exports" {
    nm -D --defined-only "$ROOT"/usr/lib/libanalysisrun.so.0 | awk '$2 == "T" { print $3 }' | sed 's/@.*//' | sort >exported
    declared | diff - exported
    readelf -d "$ROOT"/usr/lib/libanalysisrun.so.0 | grep -q 'SONAME.*libanalysisrun.so.0'
    nm -g --defined-only "$ROOT"/usr/lib/libanalysisrun.a | awk '$2 == "T" { print $3 }' | sort -u | diff - exported
}

@test "each function is in the synopsis, the names and the text of a page of section 3, as the header declares it" {
    python3 - "$ROOT/usr/include/analysisrun.h" "$BATS_TEST_DIRNAME"/../man/*.3 <<'END'
import re, sys
plain = lambda text: re.sub(r'\s*([*,()])\s*', r'\1', ' '.join(text.split()))
header = re.sub(r'/\*.*?\*/|^#.*?(?<!\\)$', '', open(sys.argv[1], encoding='utf-8').read(), flags=re.S | re.M)
header = re.sub(r'AR_FORMAT\([^)]*\)', '', header)
declared = {name: plain(f'{kind} {name}({arguments})') for kind, name, arguments in
            re.findall(r'^((?:const |struct |enum )*\w+[ *](?:const )?\*?(?:const \*)?)(ar_\w+)\(([^;]*)\) *;$', header, re.M)}
pages = {}
for path in sys.argv[2:]:
    page = open(path, encoding='utf-8').read()
    names, synopsis, text = (re.search(rf'^\.Sh {part}\n(.*?)(?=^\.Sh |\Z)', page, re.M | re.S)[1] for part in ('NAME', 'SYNOPSIS', 'DESCRIPTION'))
    for kind, name, arguments in re.findall(r'^\.Ft (.*)\n\.Fn (\w+) (.*)$', synopsis, re.M):
        arguments = ','.join(a or b for a, b in re.findall(r'"([^"]*)"|(\S+)', arguments))
        assert name not in pages, f'{name} is in two pages'
        pages[name] = plain(kind.strip('"') + f' {name}({arguments})')
        assert re.search(rf'^\.Nm {name}\b', names, re.M), f'{path} does not name {name}'
        assert re.search(rf'\b{name}\b', text), f'{path} does not describe {name}'
assert len(declared) > 80, sorted(declared)
for name in sorted(declared.keys() | pages.keys()):
    assert declared.get(name) == pages.get(name), (declared.get(name), pages.get(name))
END
}

@test "the commands of README.md build a method in C and run it: library installed, below another PREFIX, and in a clone that is not installed" {
    clone=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
    export HOME=$PWD/home
    make -s -C "$clone" install PREFIX="$HOME/.local" LDCONFIG=true 2>err
    # Each block of commands is a way. What is installed below /usr/local in them, setup has installed.
    sed -n '/^It needs the library/,/^The program is then/p' "$clone/README.md" |
        sed "s|/usr/local|$ROOT/usr|g; s|/tmp/try|$PWD/try|g" >section
    awk '/^    / { if (!inside) n++; inside = 1; print substr($0, 5) >"way" n; next } { inside = 0 }' section
    [ "$(echo way*)" = 'way1 way2 way3' ]
    for way in 1 2 3; do
        mkdir try
        cp "$SHARE"/examples/run/* try
        (
            [ "$way" -eq 1 ] || unset PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR LD_LIBRARY_PATH
            [ "$way" -eq 3 ] || cd try
            [ "$way" -ne 3 ] || { mkdir clone && ln -s "$clone"/{share,lib,build} clone && cd clone; }
            bash -eu "$OLDPWD/way$way" 2>err
        )
        head -n 2 try/results/result.csv | diff - <(printf '%s\n' mean,data,sample_name '5006.5,0000,陽性対照 A')
        mv try "tried$way"
    done
    cmp tried1/results/result.csv tried2/results/result.csv
    cmp tried1/results/result.csv tried3/results/result.csv
}

@test "a set that the lane does not have can be handed to each function: it has no rows, and the lane failed" {
    cat >nothing.c <<'END'
#include <analysisrun.h>
#include <math.h>
#include <string.h>

static int analyze(struct ar_lane *lane)
{
    struct ar_set *set = ar_lane_set(lane, "nothing");
    size_t n = 1;
    bool none = !set && ar_set_rows(set) == 0 && ar_set_columns(set) == 0 && !ar_set_column_name(set, 0) && strcmp(ar_set_name(set), "") == 0 &&
                !ar_set_method(set) && !ar_set_lane(set) && !ar_set_has(set, "a") && ar_set_column(set, "a") == -1 && !ar_set_reals(set, "a") &&
                !ar_set_integers(set, "a") && !ar_set_texts(set, "a") && strcmp(ar_set_cell(set, 0, 0, &n), "") == 0 && n == 0 &&
                strcmp(ar_set_text(set, 0, 0), "") == 0 && isnan(ar_set_real(set, 0, 0)) && ar_set_integer(set, 0, 0) == 0 &&
                !ar_set_is(set, 0, 0, "") && !ar_set_field(set, 1, &n) && n == 0;
    return ar_lane_fail_detail(lane, none ? "all gave nothing" : "something was given");
}

int main(int argc, char **argv)
{
    static const struct ar_method_set sets[] = { { .name = "activity_spots", .all_rows = true }, { 0 } };
    static const struct ar_method method = { .name = "nothing", .sets = sets, .analyze = analyze };
    return ar_method_main(argc, argv, &method);
}
END
    compile nothing
    refuses 1 "the set 'nothing' is missing" 'all gave nothing' -- ./nothing -q -s samples.csv -d results activity_spots=as.csv
}

@test "a name that is NULL is one that is not there, and a failure without a word is no lack of memory" {
    cat >null.c <<'END'
#include <analysisrun.h>
#include <stdlib.h>
#include <string.h>

static int analyze(struct ar_lane *lane)
{
    struct ar_set *set = ar_lane_set(lane, "activity_spots");
    if (strcmp(ar_lane_data_name(lane), "0000") == 0)
        return ar_lane_fail(lane, "%s", getenv("EMPTY"));
    if (ar_lane_set(lane, NULL) || ar_set_has(set, NULL) || ar_set_column(set, NULL) != -1 || ar_set_reals(set, NULL) ||
        ar_set_integers(set, NULL) || ar_set_texts(set, NULL) || ar_picture_file(lane, "a.png", NULL, NULL) != -1)
        return 7;
    return ar_lane_fail_detail(lane, "all gave nothing");
}

static int judge(struct ar_results *results)
{
    struct ar_frame *table = ar_results_table(results);
    if (ar_frame_column(table, NULL) != -1 || ar_frame_row(table, NULL) != -1)
        return ar_results_fail(results, "something was given");
    return 0;
}

int main(int argc, char **argv)
{
    static const struct ar_method_set sets[] = { { .name = "activity_spots", .all_rows = true }, { 0 } };
    static const struct ar_method method = { .name = "null", .sets = sets, .analyze = analyze, .postprocess = judge };
    return ar_method_main(argc, argv, &method);
}
END
    compile null
    EMPTY='' refuses 1 "the set '' is missing" -- ./null -q -k -s samples.csv -d results activity_spots=as.csv
    grep -qx 'the method failed, and does not say why' results/errors/0000.txt
    grep -qx "the set '' is missing" results/errors/0001.txt
}

@test "the header is one for C++, too" {
    printf '#include <analysisrun.h>\nint main() { return ar_version() == nullptr; }\n' >a.cc
    # shellcheck disable=SC2046 # words
    c++ -Wall -Werror -o a a.cc $(pkg-config --cflags --libs analysisrun)
    ./a
}

@test "the template builds against what was installed, and runs" {
    cp -r "$ROOT"/usr/share/analysisrun/template t
    make -s -C t
    method=$(find t -type f -perm /100 | head -n 1)
    "$method" --manifest | jq -e '.contract == "lanes"'
    ./"$method" -q -s samples.csv -d results activity_spots=as.csv 2>err
    [ "$(wc -l <results/result.csv)" -eq 5 ]
}

spots_c() {
    cp "$BATS_TEST_DIRNAME"/../share/methods/spot-stats-c/*.c spot-stats-c.c
    # shellcheck disable=SC2046 # words
    compile spot-stats-c $(env -u PKG_CONFIG_SYSROOT_DIR pkg-config --cflags --libs cairo) -lm
}

@test "golden: the method in C has the Python runner's numbers, by the pipeline, by ar-run and behind the wrapper; the same bytes as the others" {
    spots_c
    ./spot-stats-c --manifest >manifest.json
    ar-split -q -s samples.csv activity_spots=as.csv surrounding_spots=ss.csv 2>err | ar-cleanse -q -m manifest.json |
        ar-pack -q -m manifest.json -p params.json | ar-analyze -q -j 2 -m manifest.json -- ./spot-stats-c | ar-merge -q |
        ar-post -q -m manifest.json -d by-hand -- ./spot-stats-c
    python3 "$BATS_TEST_DIRNAME/golden.py" by-hand/result.csv "$BATS_TEST_DIRNAME/data/golden/first/result.csv"
    ./spot-stats-c -q -s samples.csv -p params.json -d by-run activity_spots=as.csv surrounding_spots=ss.csv 2>err
    cmp by-hand/result.csv by-run/result.csv
    ar-run -q -m "$SHARE/methods/spot-stats-py/manifest.json" -s samples.csv -p params.json -d by-py activity_spots=as.csv surrounding_spots=ss.csv 2>err
    cmp by-py/result.csv by-run/result.csv
    ANALYSISRUN_METHOD=analyze ./spot-stats-c <"$BATS_TEST_DIRNAME/data/golden/first/analyze-0001.in.tar" >out.tar
    [ "$(entries out.tar | paste -sd ' ')" = 'analysis_result images/0001_curve.png' ]
}

# A method that does what the parameter "do" says.
doing_method() {
    cat >doing.c <<'END'
#include <analysisrun.h>
#include <stdio.h>
#include <string.h>

static bool keep(struct ar_set *set, size_t row)
{
    ptrdiff_t value = ar_set_column(set, "Value");
    return value >= 0 && ar_set_real(set, row, (size_t)value) > 3000;
}

static int analyze(struct ar_lane *lane)
{
    const char *what = ar_param_text(ar_lane_params(lane), "do");
    struct ar_set *spots = ar_lane_set(lane, "activity_spots");
    printf("printed to standard output\n");
    if (strcmp(what, "fail") == 0 && strcmp(ar_lane_data_name(lane), "0001") == 0) {
        ar_lane_fail(lane, "the lamp was off");
        return ar_lane_fail_detail(lane, "exposure was 0");
    }
    if (strcmp(what, "none") == 0 && strcmp(ar_lane_data_name(lane), "0001") == 0) {
        ar_result_none(lane);
        return 0;
    }
    if (strcmp(what, "column") == 0 && !ar_set_reals(spots, "Note"))
        return -1;
    ar_result_integer(lane, "rows", (int64_t)ar_set_rows(spots));
    ar_result_text(lane, "digits", "5.80");
    ar_result_real(lane, "tenth", 0.1);
    return ar_picture_bytes(lane, "a.txt", NULL, "abc", 3);
}

static int postprocess(struct ar_results *results)
{
    struct ar_frame *table = ar_results_table(results);
    ptrdiff_t row = ar_frame_row(table, "0007"), tenth = ar_frame_column(table, "tenth");
    if (row >= 0)
        ar_frame_drop_row(table, (size_t)row);
    ar_frame_drop_column(table, (size_t)tenth);
    ptrdiff_t more = ar_frame_add_column(table, "more");
    for (size_t i = 0; i < ar_frame_rows(table); i++)
        ar_frame_set_boolean(table, i, (size_t)more, true);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct ar_method_set sets[] = {
        { .name = "activity_spots", .entities = { "Activity Spots" }, .keep = keep, .dropped_as = "dim" }, { 0 }
    };
    static const struct ar_method method = {
        .name = "doing", .sets = sets, .analyze = analyze, .postprocess = postprocess,
        .params = "{\"type\":\"object\",\"properties\":{\"do\":{\"type\":\"string\",\"default\":\"\"}}}",
    };
    return ar_method_main(argc, argv, &method);
}
END
    compile doing
}

@test "rows that the method drops are in the ledger, the table is changed without losing a digit, what is printed does no harm" {
    doing_method
    ./doing -q -s samples.csv -d results activity_spots=as.csv 2>err
    head -n 1 results/result.csv | diff - <(echo 'rows,digits,data,sample_name,more')
    grep -q '"5.80",0000,' results/result.csv
    run ! grep -q '0007,' results/result.csv
    rows=$(mlr --icsv --ojson filter '$Filename =~ "_000_0000" && $Entity == "Activity Spots" && $Value > 3000' as.csv | jq length)
    grep -q "^$rows,\"5.80\",0000" results/result.csv
    jq -e --argjson rows "$rows" '.lanes["0000"].sets.activity_spots | map(select(.stage == "method"))[0] | .rows == $rows and .dropped.dim == .rows_in - .rows' results/ledger.json
    dropped=$(jq '[.lanes[].sets.activity_spots[] | select(.stage == "method").dropped.dim] | add' results/ledger.json)
    ar-ls results | grep -x " *$dropped  dropped by the method: dim"
    ar-ls results | grep -x ' *[0-9]*  dropped by the rules on .*' | sed 's/.* on //' | diff - <(echo Entity)
    [ "$(cat results/images/0000/a.txt)" = abc ]
    grep -q 'printed to standard output' results/.analysisrun/log/latest/*.log
}

@test "what is printed in a lane is of that lane's log, also where one process has several" {
    cat >talks.c <<'END'
#include <analysisrun.h>
#include <stdio.h>
#include <stdlib.h>

static int analyze(struct ar_lane *lane)
{
    for (int i = getenv("FLOOD") ? 6 << 20 : 0; i > 0; i -= 64)
        fprintf(stderr, "%63s\n", ar_lane_data_name(lane));
    printf("printed in %s", ar_lane_data_name(lane)); /* it is buffered, and comes when the lane is done */
    fprintf(stderr, "said in %s\n", ar_lane_data_name(lane));
    return ar_result_integer(lane, "n", 1);
}

int main(int argc, char **argv)
{
    static const struct ar_method_set sets[] = { { .name = "activity_spots", .all_rows = true }, { 0 } };
    static const struct ar_method talks = { .name = "talks", .sets = sets, .analyze = analyze };
    return ar_method_main(argc, argv, &talks);
}
END
    compile talks
    ar-split -q -s samples.csv activity_spots=as.csv 2>err | ar-cleanse -q --none activity_spots | ar-pack -q >in.tar
    ar-analyze -q -c lanes -j 1 --log=logs -- ./talks <in.tar >out.tar
    for lane in 0000 0001 0007 0010; do
        diff "logs/$lane.log" <(printf 'said in %s\nprinted in %s' $lane $lane)
    done
    # What the process' log has no room for is not missed in silence.
    FLOOD=1 ar-analyze -q -c lanes -j 1 --log=flood -- ./talks <in.tar >out.tar
    grep -qx ' *0000' flood/0000.log
    [ "$(cat flood/0007.log)" = '[what this lane said, if anything, is left out: the log of its process is longer than 8192 KiB]' ]
    # By hand, nobody asks for marks.
    AR_STEP=analyze ./talks <in.tar 2>log >out.tar
    run ! grep -q $'\x1e' log
}

@test "a lane that fails by itself, one without a result, a cell that is no number: the others go on" {
    doing_method
    refuses 1 'the lamp was off' -- ./doing -s samples.csv -d results -P 'do="fail"' activity_spots=as.csv
    grep -q 'exposure was 0' results/errors/0001.txt
    [ "$(ls results/errors)" = 0001.txt ]
    ./doing -q -s samples.csv -d none -P 'do="none"' activity_spots=as.csv 2>err
    run ! grep -q ',0001,' none/result.csv
    refuses 1 'Note' -- ./doing -s samples.csv -d column -P 'do="column"' activity_spots=as.csv
}

own_program() {
    cat >own.c <<'END'
#include <analysisrun.h>
#include <stdio.h>
#include <stdlib.h>

static int analyze(struct ar_lane *lane)
{
    return ar_result_integer(lane, "rows", (int64_t)ar_set_rows(ar_lane_set(lane, "activity_spots")));
}

int main(int argc, char **argv)
{
    const struct ar_method_set sets[] = { { .name = "activity_spots", .all_rows = true }, { 0 } };
    const struct ar_method method = { .name = "own", .sets = sets, .analyze = analyze };
    const struct ar_input inputs[] = { { getenv("SET") ? getenv("SET") : "activity_spots", argc > 1 ? argv[1] : "" }, { getenv("MORE"), "ss.csv" }, { 0 } };
    const struct ar_analysis_options options = { .inputs = inputs, .samples = "samples.csv", .params = argc > 2 ? argv[2] : NULL, .tools = getenv("TOOLS") };
    struct ar_problem problem;
    struct ar_frame *table = ar_run_analysis(&method, &options, &problem);
    if (!table) {
        fprintf(stderr, "own: %s\n%s", problem.message, problem.detail);
        return problem.status;
    }
    char *csv = ar_frame_csv(table);
    fputs(csv, stdout);
    free(csv);
    ar_frame_free(table);
    return 0;
}
END
    compile own
}

@test "ar_run_analysis: the whole from a program of one's own" {
    own_program
    ./own as.csv >table.csv
    mlr --icsv --onidx --ofs , put -q '@n[sub(sub($Filename, "^.*_000_", ""), "\..*$", "")] += 1; end { emit @n, "data" }' as.csv | sort >counts
    tail -n +2 table.csv | cut -d, -f1,2 | awk -F, '{ print $2 "," $1 }' | sort | diff <(grep -v '^9999' counts) -
    refuses 2 'nothing.csv' -- ./own nothing.csv
    refuses 2 'own: params, line 1' -- ./own as.csv '{"a": }'
    refuses 2 'own: params: expected a JSON object' 'Params have names' -- ./own as.csv '[1]'
    [ "$(tail -c 1 err | od -An -c | tr -d ' ')" = '\n' ]
    SET=spots refuses 2 "own: the inputs lack the set 'activity_spots' of the method" -- ./own as.csv
    MORE=spots refuses 2 "own: the method has no set 'spots'; its sets are 'activity_spots'" -- ./own as.csv
    TOOLS=/nowhere refuses 2 "own: cannot start '/nowhere/ar-split': No such file" 'in PATH' -- ./own as.csv
}

@test "a method in C that is started by the contract files says by which one it is to be started" {
    doing_method
    ar-split -q -s samples.csv activity_spots=as.csv 2>err | ar-cleanse -q -e 'Activity Spots' | ar-pack -q >in.tar
    refuses 1 'doing: it was started by the contract files' '-c lanes' -- ar-analyze -- ./doing <in.tar
    ar-analyze -q -c lanes -- ./doing <in.tar | ar-merge -q >merged.tar
    refuses 1 'doing: it was started by the contract files' '-c lanes' -- ar-post -- ./doing <merged.tar
    ar-post -q -c lanes -- ./doing <merged.tar | ar-ls - | grep -q '4 lanes'
}

@test "a file that the declaration names is a part of the method: when it changes, results that were kept do not count" {
    cat >depends.c <<'END'
#include <analysisrun.h>

static int analyze(struct ar_lane *lane)
{
    return ar_result_integer(lane, "n", 1);
}

int main(int argc, char **argv)
{
    static const struct ar_method_set sets[] = { { .name = "activity_spots", .all_rows = true }, { 0 } };
    static const struct ar_method method = { .name = "depends", .sets = sets, .analyze = analyze, .files = { "table.csv", "more/*.csv" } };
    return ar_method_main(argc, argv, &method);
}
END
    mkdir bin bin/more
    compile depends
    mv depends bin
    refuses 2 "no file is found by 'table.csv'" -- bin/depends -q -s samples.csv -d results activity_spots=as.csv
    echo 1 >bin/table.csv
    echo 1 >bin/more/a.csv
    bin/depends -q -s samples.csv -d results activity_spots=as.csv 2>err
    bin/depends -q -n -s samples.csv -d results activity_spots=as.csv 2>err | cut -f 2 | sort -u | diff - <(printf 'done\nstate\n')
    echo 2 >bin/table.csv
    bin/depends -q -n -s samples.csv -d results activity_spots=as.csv 2>err | grep -x '0007.changed.file table.csv changed'
    echo 1 >bin/table.csv
    echo 2 >bin/more/a.csv
    bin/depends -q -n -s samples.csv -d results activity_spots=as.csv 2>err | grep -x '0007.changed.file more/a.csv changed'
}

@test "a mistake in the declaration is told in its own words, once, whatever the method is started for" {
    cat >wrong.c <<'END'
#include <analysisrun.h>
#include <stdlib.h>
#include <string.h>

static int analyze(struct ar_lane *lane)
{
    return ar_result_integer(lane, "n", 1);
}

int main(int argc, char **argv)
{
    static struct ar_method_set sets[] = { { .name = "cells", .all_rows = true }, { 0 } };
    static struct ar_method method = { .name = "wrong", .sets = sets, .analyze = analyze };
    const char *what = getenv("WHAT");
    if (strcmp(what, "sets") == 0)
        method.sets = NULL;
    if (strcmp(what, "rules") == 0)
        sets[0].all_rows = false;
    if (strcmp(what, "only values") == 0) {
        sets[0].all_rows = false;
        sets[0].rules[0].values[0] = "x";
    }
    if (strcmp(what, "no values") == 0) {
        sets[0].all_rows = false;
        sets[0].rules[0].column = "x";
    }
    if (strcmp(what, "params") == 0)
        method.params = "{\n  'a': 1 }";
    if (strcmp(what, "name") == 0)
        method.name = NULL;
    if (strcmp(what, "dropped_as") == 0)
        sets[0].dropped_as = "\xff";
    if (strcmp(what, "values") == 0) {
        sets[0].all_rows = false;
        sets[0].entities[0] = "Activity Spots";
        sets[0].rules[0].values[0] = "x";
    }
    return ar_method_main(argc, argv, &method);
}
END
    compile wrong
    for way in --manifest cells=as.csv; do
        WHAT=sets refuses 2 'wrong: the declaration: there is no set' 'ends with an element that has no name' -- ./wrong $way
        WHAT=rules refuses 2 "wrong: the declaration: the set 'cells' has neither entities nor rules" '.all_rows = true' -- ./wrong $way
        WHAT=dropped_as refuses 2 "wrong: the declaration: the set 'cells': dropped_as is not UTF-8" -- ./wrong $way
        WHAT='only values' refuses 2 "wrong: the declaration: the set 'cells': a rule has values, and no column" -- ./wrong $way
        WHAT='no values' refuses 2 'cells/cleansing/0/is: expected a list of strings, one at least' -- ./wrong $way
        WHAT=values refuses 2 "wrong: the declaration: the set 'cells': a rule has values, and no column" -- ./wrong $way
        WHAT=params refuses 2 'wrong: the declaration: params, line 2, column 3: no JSON' -- ./wrong $way
        [ "$(wc -l <err)" -eq 1 ]
    done
    WHAT=none ./wrong --manifest | jq -e '.name == "wrong"'
    WHAT=name ./wrong --version | grep -x 'wrong (analysisrun [0-9.]*)'
    WHAT=params ANALYSISRUN_MODE=analyzeseq refuses 2 -- ./wrong <as.csv
    [ "$(tar -tf out)" = error ]
}

@test "ar_frame_reals: a column as numbers, in the order of the rows at the call, missing where a cell is none" {
    cat >reals.c <<'END'
#include <analysisrun.h>
#include <stdio.h>
#include <string.h>

static int analyze(struct ar_lane *lane)
{
    switch (ar_lane_data_name(lane)[3]) {
    case '0':
        return strcmp(ar_lane_data_name(lane), "0010") == 0 ? ar_result_real(lane, "x", -0.5) : ar_result_integer(lane, "x", 3);
    case '1':
        return ar_result_text(lane, "x", "7");
    default:
        return ar_result_null(lane, "x");
    }
}

static void show(const double *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        fprintf(stderr, "%g ", x[i]);
    fputc('\n', stderr);
}

static int judge(struct ar_results *results)
{
    struct ar_frame *table = ar_results_table(results);
    const double *before = ar_frame_reals(table, "x");
    ar_frame_drop_row(table, 1);
    ar_frame_set_real(table, 0, 0, 4);
    show(before, 4);
    show(ar_frame_reals(table, "x"), ar_frame_rows(table));
    while (ar_frame_rows(table) > 0)
        ar_frame_drop_row(table, 0);
    fprintf(stderr, "%d\n", ar_frame_reals(table, "x") != NULL);
    return ar_frame_reals(table, "y") || ar_frame_reals(table, NULL);
}

int main(int argc, char **argv)
{
    static const struct ar_method_set sets[] = { { .name = "activity_spots", .all_rows = true }, { 0 } };
    static const struct ar_method method = { .name = "reals", .sets = sets, .analyze = analyze, .postprocess = judge };
    return ar_method_main(argc, argv, &method);
}
END
    compile reals
    ar-split -q -s samples.csv activity_spots=as.csv 2>err | ar-cleanse -q --none activity_spots | ar-pack -q | AR_STEP=analyze ./reals | ar-merge -q >in.tar
    AR_STEP=postprocess refuses 1 "reals: the table has no column 'y'; columns are 'x', 'data', 'sample_name'" -- ./reals <in.tar
    printf '3 nan nan -0.5 \n4 nan -0.5 \n1\n' | diff - <(head -n 3 err)
}

@test "a column or a row that the table of results does not have is on record, by the number that was given, whatever is done with it; a failure without a word is told how to say one" {
    cat >beyond.c <<'END'
#include <analysisrun.h>
#include <stdlib.h>
#include <string.h>

static int analyze(struct ar_lane *lane)
{
    return ar_result_integer(lane, "n", 1);
}

static int judge(struct ar_results *results)
{
    struct ar_frame *table = ar_results_table(results);
    const char *what = getenv("WHAT");
    if (strcmp(what, "look") == 0)
        ar_frame_real(table, 0, (size_t)ar_frame_column(table, "mean"));
    if (strcmp(what, "rename") == 0)
        ar_frame_rename_column(table, 3, "other");
    if (strcmp(what, "column") == 0)
        ar_frame_drop_column(table, (size_t)ar_frame_column(table, "mean"));
    if (strcmp(what, "row") == 0)
        ar_frame_drop_row(table, (size_t)ar_frame_row(table, "0008"));
    if (strcmp(what, "none") == 0)
        ar_frame_drop_column(table, 0);
    if (strcmp(what, "lane") == 0)
        ar_frame_set_text(table, 0, (size_t)ar_frame_column(table, "data"), "elsewhere");
    return strcmp(what, "silent") == 0 ? 7 : 0;
}

int main(int argc, char **argv)
{
    static const struct ar_method_set sets[] = { { .name = "activity_spots", .all_rows = true }, { 0 } };
    static const struct ar_method method = { .name = "beyond", .sets = sets, .analyze = analyze, .postprocess = judge };
    return ar_method_main(argc, argv, &method);
}
END
    compile beyond
    WHAT=none ./beyond -q -s samples.csv -d results activity_spots=as.csv 2>err
    ar-split -q -s samples.csv activity_spots=as.csv 2>err | ar-cleanse -q --none activity_spots | ar-pack -q | AR_STEP=analyze ./beyond | ar-merge -q >in.tar
    export AR_STEP=postprocess
    WHAT=look refuses 1 "the table has no column -1 (counted from 0); columns are 'n', 'data', 'sample_name'" 'ar_frame_column gives -1' -- ./beyond <in.tar
    WHAT=rename refuses 1 'the table has no column 3 ' -- ./beyond <in.tar
    WHAT=column refuses 1 'the table has no column -1 ' -- ./beyond <in.tar
    WHAT=silent refuses 1 'the postprocess failed, and does not say why' 'postprocess returned 7; ar_results_fail' -- ./beyond <in.tar
    WHAT=lane refuses 1 "the postprocess of 'beyond': its table, row 1: 'elsewhere' is no lane of this run" -- ./beyond <in.tar
    WHAT=row refuses 1 'the table has no row -1: it has 4, counted from 0' -- ./beyond <in.tar
}

@test "ar_run_analysis: what ar-split says of the whole run is the cause, not that the tools behind it had no input; of one lane, it is that lane's" {
    own_program
    printf 'data,sample\n7,seven\n' >samples.csv
    refuses 1 "own: ar-split: 'as.csv'" '0007' -- ./own as.csv
    run ! grep -q 'no input' err
    printf 'data,sample\n0000,a\n0007,b\n' >samples.csv
    printf 'Filename\nA_000_0000.x\nB_000_0000.x\nA_000_0007.x\n' >two.csv
    refuses 1 "own: 1 of 2 lanes failed; lane '0000'" 'two image-analysis methods' -- ./own two.csv
}

@test "a process that analyze forked and that comes back from it does no harm; an index of an array has no leading zero" {
    cat >forks.c <<'END'
#include <analysisrun.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

static int analyze(struct ar_lane *lane)
{
    pid_t pid = fork();
    if (pid == 0)
        return ar_result_text(lane, "who", "child");
    waitpid(pid, NULL, 0);
    ar_result_boolean(lane, "first", ar_param_given(ar_lane_params(lane), "/list/1"));
    ar_result_boolean(lane, "zero", ar_param_given(ar_lane_params(lane), "/list/01"));
    if (ar_lane_data_name(lane)[3] == '7')
        return ar_lane_fail(lane, NULL);
    return ar_result_text(lane, "who", "parent");
}

int main(int argc, char **argv)
{
    static const struct ar_method_set sets[] = { { .name = "activity_spots", .all_rows = true }, { 0 } };
    static const struct ar_method forks = { .name = "forks", .sets = sets, .analyze = analyze };
    return ar_method_main(argc, argv, &forks);
}
END
    sed -i 's/ar_lane_fail(lane, NULL)/ar_lane_fail(lane, text)/; s/^static int analyze/static const char *text; \/* NULL *\/\n&/' forks.c
    # shellcheck disable=SC2046 # words
    cc -std=c17 -o forks forks.c $(pkg-config --cflags --libs analysisrun)
    refuses 1 'the method failed, and does not say why' -- ./forks -k -s samples.csv -d results -P 'list=[1,2]' activity_spots=as.csv
    [ "$(grep -c '^true,false,parent,' results/result.csv)" -eq 3 ]
    grep -q 'a process that analyze forked came back from it' results/.analysisrun/log/latest/*.log
}

@test "a process that keep forked and that comes back from it is ended at that row: it looks at no other, and does no harm" {
    cat >keeps.c <<'END'
#include <analysisrun.h>
#include <sys/wait.h>
#include <unistd.h>

static bool keep(struct ar_set *set, size_t row)
{
    (void)set;
    int status = 0;
    (void)!write(STDERR_FILENO, "asked\n", 6);
    if (row > 0)
        return true;
    pid_t pid = fork();
    if (pid == 0)
        return true;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

static int analyze(struct ar_lane *lane)
{
    return ar_result_integer(lane, "rows", (int64_t)ar_set_rows(ar_lane_set(lane, "activity_spots")));
}

int main(int argc, char **argv)
{
    static const struct ar_method_set sets[] = { { .name = "activity_spots", .all_rows = true, .keep = keep }, { 0 } };
    static const struct ar_method keeps = { .name = "keeps", .sets = sets, .analyze = analyze };
    return ar_method_main(argc, argv, &keeps);
}
END
    compile keeps
    ar-split -q -s samples.csv activity_spots=as.csv 2>err | ar-cleanse -q --none activity_spots | ar-pack -q >in.tar
    AR_STEP=analyze ./keeps <in.tar 2>log >out.tar
    # The lanes have 33, 37, 7 and 40 rows: each is asked about once.
    for lane in 0000,33 0001,37 0007,7 0010,40; do
        entry out.tar "${lane%,*}/analysis_result" | head -n 2 | cut -d, -f 1 | diff - <(printf 'rows\n%s\n' "${lane#*,}")
    done
    sort log | uniq -c | sed 's/^ *//' | diff - <(printf '%s\n' \
        '4 a process that keep forked came back from it: it is ended here; let it end by _exit()' '117 asked')
}

@test "the postprocess that ar_frame(3) shows keeps the lanes in which enough was found, and is no failure where no lane has a result" {
    {
        cat <<'END'
#include <analysisrun.h>
#include <stdlib.h>

static int analyze(struct ar_lane *lane)
{
    if (getenv("NONE"))
        ar_result_none(lane);
    else
        ar_result_integer(lane, "spots", 9 + atoi(ar_lane_data_name(lane)));
    return 0;
}
END
        sed -n '/^\.Sh EXAMPLES/,/^\.Ed/p' "$BATS_TEST_DIRNAME/../man/ar_frame.3" | sed -n '/^static/,/^}/p'
        cat <<'END'
int main(int argc, char **argv)
{
    static const struct ar_method_set sets[] = { { .name = "cells", .all_rows = true }, { 0 } };
    static const struct ar_method method = { .name = "shown", .sets = sets, .analyze = analyze, .postprocess = postprocess };
    return ar_method_main(argc, argv, &method);
}
END
    } >shown.c
    compile shown
    ./shown -q -s samples.csv -d results cells=as.csv 2>err
    # The counts are 9, 10, 16 and 19, their median 13.
    mlr --icsv --onidx --ofs , cut -o -f data,spots,many results/result.csv | diff - <(printf '%s\n' 0001,10,false 0007,16,true 0010,19,true)
    NONE=1 ./shown -q -s samples.csv -d none cells=as.csv 2>err
    [ "$(wc -l <none/result.csv)" -eq 1 ]
}

# A method that makes the mistake in analyze that WHAT names.
mistaken_method() {
    cat >mistaken.c <<'END'
#include <analysisrun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is(const char *what)
{
    return strcmp(getenv("WHAT"), what) == 0;
}

static int analyze(struct ar_lane *lane)
{
    if (is("sample"))
        return ar_result_text(lane, "sample_name", strcmp(ar_lane_data_name(lane), "0007") == 0 ? "zz" : ar_lane_sample_name(lane));
    if (is("no sample"))
        return ar_result_null(lane, "sample_name");
    if (is("picture")) {
        fclose(fopen("a.png", "w"));
        ar_picture_file(lane, "b.png", NULL, "a.png");
        remove("a.png");
    }
    if (getenv("PICTURE"))
        return ar_result_integer(lane, "n", 1) + ar_picture_file(lane, "b.png", NULL, getenv("PICTURE"));
    ar_result_integer(lane, "n", 1);
    if (is("none first") || is("none last"))
        ar_result_none(lane);
    return is("none first") ? ar_result_integer(lane, "m", 2) : 0;
}

int main(int argc, char **argv)
{
    static const struct ar_method_set sets[] = { { .name = "cells", .entities = { "Activity Spots" } }, { 0 } };
    static const struct ar_method method = { .name = "mistaken", .sets = sets, .analyze = analyze };
    return ar_method_main(argc, argv, &method);
}
END
    compile mistaken
    printf 'data,sample\n0000,a\n0007,b\n' >samples.csv
}

@test "a method cannot call the lane's sample by another name, and gives no values once it said that there is no result" {
    mistaken_method
    WHAT=sample refuses 1 "'sample_name' of the result is 'zz', but the lane's is 'b'" -- ./mistaken -q -k -s samples.csv -d sample cells=as.csv
    diff sample/result.csv <(printf 'sample_name,data\na,0000\n')
    WHAT='no sample' refuses 1 "'sample_name' of the result is '', but the lane's is 'a'" -- ./mistaken -q -s samples.csv -d null cells=as.csv
    WHAT='none first' refuses 1 "the value 'm' was given after ar_result_none" -- ./mistaken -q -s samples.csv -d first cells=as.csv
    WHAT='none last' ./mistaken -q -s samples.csv -d last cells=as.csv 2>err
    diff last/result.csv <(echo data,sample_name)
}

@test "a picture that cannot be read when analyze has returned: the reason stands in the first line, its path below" {
    mistaken_method
    WHAT=picture refuses 1 "cannot read the picture 'b.png': No such file or directory" -- ./mistaken -q -s samples.csv -d results cells=as.csv
    head -n 1 results/errors/0000.txt | diff - <(echo "cannot read the picture 'b.png': No such file or directory")
    tail -n +3 results/errors/0000.txt | grep -q "'a.png'"
}

@test "only a regular file is a picture: a FIFO is not waited for, a device and a folder are not read" {
    mistaken_method
    mkfifo fifo
    mkdir folder
    ln -s fifo link
    export WHAT=none
    PICTURE=/dev/null refuses 1 "cannot read the picture 'b.png': '/dev/null' is a device, expected a file" -- ./mistaken -q -s samples.csv -d results cells=as.csv
    PICTURE=$PWD/folder refuses 1 "'$PWD/folder' is a folder, expected a file" -- ./mistaken -q -s samples.csv -d results cells=as.csv
    PICTURE=$PWD/fifo refuses 1 "cannot read the picture 'b.png': '$PWD/fifo' is a named pipe, expected a file" -- timeout 60 ./mistaken -q -s samples.csv -d results cells=as.csv
    PICTURE=$PWD/link refuses 1 "'$PWD/link' is a named pipe" -- timeout 60 ./mistaken -q -s samples.csv -d results cells=as.csv
}

@test "a value, bytes, a length, a name or a word that are NULL are told, or not there: nothing is read or written at NULL" {
    cat >nulls.c <<'END'
#include <analysisrun.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *nothing; /* NULL */

static int analyze(struct ar_lane *lane)
{
    const struct ar_params *params = ar_lane_params(lane);
    struct ar_set *set = ar_lane_set(lane, "cells");
    size_t n;
    switch (ar_lane_data_name(lane)[0]) {
    case 'a':
        ar_result_text(lane, "cell", strncmp(ar_set_cell(set, 0, 1, NULL), "Spots", 5) == 0 ? "Spots" : "");
        ar_result_boolean(lane, "field", ar_set_field(set, 1, NULL) == ar_set_field(set, 1, &n) && n == 1);
        ar_result_boolean(lane, "given", ar_param_given(params, nothing));
        ar_result_boolean(lane, "has", ar_set_has(set, nothing));
        ar_result_text(lane, "all", ar_param_json(params, nothing));
        ar_result_text(lane, "text", nothing);
        return ar_picture_bytes(lane, "empty.png", NULL, NULL, 0);
    case 'b':
        return ar_picture_bytes(lane, "b.png", NULL, NULL, 5);
    case 'c':
        return isnan(ar_param_real(params, nothing)) ? 0 : 7;
    case 'd':
        return ar_param_integer(params, nothing) == 0 && !ar_param_boolean(params, nothing) && !*ar_param_text(params, nothing) ? 0 : 7;
    case 'e':
        return ar_set_is(set, 0, 0, nothing) ? 7 : 0;
    case 'f':
        return ar_picture_file(lane, "f.png", NULL, nothing);
    case 'g':
        return ar_result_integer(lane, nothing, 1);
    case 'h':
        return ar_set_reals(set, nothing) ? 7 : 0;
    case 'i':
        return ar_lane_set(lane, nothing) ? 7 : 0;
    default:
        ar_lane_fail(lane, nothing);
        return ar_lane_fail_detail(lane, nothing);
    }
}

static int judge(struct ar_results *results)
{
    struct ar_frame *table = ar_results_table(results);
    if (getenv("MUTE"))
        return ar_results_fail(results, nothing) + ar_results_fail_detail(results, nothing);
    ar_frame_set_integer(table, 0, (size_t)ar_frame_add_column(table, "seven"), 7);
    return ar_frame_integer(table, 0, (size_t)ar_frame_column(table, "seven"), NULL) && ar_frame_column(table, nothing) == -1 ? 0 : 7;
}

int main(int argc, char **argv)
{
    static const struct ar_method_set sets[] = { { .name = "cells", .all_rows = true }, { 0 } };
    static const struct ar_method method = { .name = "nulls", .sets = sets, .analyze = analyze, .postprocess = judge };
    static const struct ar_analysis_options options = { 0 };
    if (argc != 2 || strcmp(argv[1], "own") != 0)
        return ar_method_main(argc, argv, &method);
    char *manifest = ar_method_manifest(&method, NULL);
    fputs(manifest, stdout);
    free(manifest);
    return ar_run_analysis(&method, &options, NULL) ? 7 : 0;
}
END
    compile nulls
    printf 'data,sample\n' >samples.csv
    printf 'Filename,Entity,MultiPointIndex\n' >cells.csv
    for lane in a b c d e f g h i j; do
        echo "$lane,$lane" >>samples.csv
        echo "V_000_$lane.nd2,Spots,1" >>cells.csv
    done
    refuses 1 -- ./nulls -q -k -s samples.csv -P x=1 -d results cells=cells.csv
    diff results/result.csv - <<'END'
cell,field,given,has,all,text,data,sample_name,seven
Spots,true,false,false,"{""x"": 1}",,a,a,7
END
    head -qn 1 results/errors/*.txt | diff - <(printf '%s\n' "the picture 'b.png' has a length, and no bytes" 'no name of a parameter was given'{,} \
        'cells: no value was given to compare a cell with' "cannot read the picture 'f.png': No such file or directory" \
        'a value of the result has no name' "cells: column '' not found; columns are 'Filename', 'Entity', 'MultiPointIndex'" \
        "the set '' is missing" 'the method failed, and does not say why')
    MUTE=1 refuses 1 'the postprocess failed, and does not say why' -- ./nulls -q -k -s samples.csv -P x=1 -d mute cells=cells.csv
    ./nulls own >manifest.json
    jq -c '[.name, .analyze]' manifest.json | diff - <(echo '["nulls",["./nulls"]]')
}

@test "what is a number in a set, as ar_set(3) says: what Python's float() reads, but for blanks, underscores and digits that are not ASCII" {
    cat >numbers.c <<'END'
#include <analysisrun.h>

static int analyze(struct ar_lane *lane)
{
    const double *value = ar_set_reals(ar_lane_set(lane, "cells"), "Value");
    return value ? ar_result_real(lane, "value", value[0]) : -1;
}

int main(int argc, char **argv)
{
    static const struct ar_method_set sets[] = { { .name = "cells", .all_rows = true }, { 0 } };
    static const struct ar_method method = { .name = "numbers", .sets = sets, .analyze = analyze };
    return ar_method_main(argc, argv, &method);
}
END
    compile numbers
    python3 - <<'END'
cells = ['5.80', '-1e3', '.5', '+7', '0x10', '1,5', ' 1', '1 ', '1_000', '١', '１', 'one']
with open('samples.csv', 'w') as samples, open('cells.csv', 'w') as csv, open('expected', 'w') as expected:
    print('data,sample', file=samples)
    print('Filename,Value', file=csv)
    for i, cell in enumerate(cells):
        print(f'{i:02},s{i}', file=samples)
        print(f'V_000_{i:02}.nd2,"{cell}"', file=csv)
        try:
            value = float(cell)
        except ValueError:
            continue
        if cell.isascii() and not set(cell) & set(' _'):
            print(f'{i:02},{value:g}', file=expected)
END
    refuses 1 "Value must be a number, found ' 1'" -- ./numbers -q -k -s samples.csv -d results cells=cells.csv
    mlr --icsv --onidx --ofs , put -q 'print $data . "," . fmtnum($value, "%lg")' results/result.csv | diff - expected
    [ "$(ls results/errors | wc -l)" -eq 8 ]
}

@test "each lane finds the folder empty, and itself in it, whatever the lane before it left, with any number of jobs" {
    cat >leaves.c <<'END'
#include <analysisrun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int symlink(const char *target, const char *path);

static int analyze(struct ar_lane *lane)
{
    const char *name = ar_lane_data_name(lane);
    ar_result_integer(lane, "n", access("deep", F_OK) == 0 || access("curve.svg", F_OK) == 0);
    if (strcmp(name, "0001") == 0)
        return chdir("/");
    if (strcmp(name, "0007") == 0)
        return ar_picture_file(lane, "curve.svg", NULL, "curve.svg"); /* forgets to draw it */
    FILE *file = fopen("curve.svg", "w");
    fprintf(file, "<svg>lane %s</svg>", name);
    fclose(file);
    if (mkdir("deep", 0700) != 0 || mkdir("deep/deeper", 0500) != 0 || symlink(getenv("OUTSIDE"), "deep/link") != 0)
        return ar_lane_fail(lane, "cannot make a folder");
    return ar_picture_file(lane, "curve.svg", NULL, "curve.svg");
}

int main(int argc, char **argv)
{
    static const struct ar_method_set sets[] = { { .name = "activity_spots", .all_rows = true }, { 0 } };
    static const struct ar_method method = { .name = "leaves", .sets = sets, .analyze = analyze };
    return ar_method_main(argc, argv, &method);
}
END
    compile leaves
    mkdir outside own
    touch outside/kept
    export OUTSIDE=$PWD/outside
    ar-split -q -s samples.csv activity_spots=as.csv 2>err | ar-cleanse -q --none activity_spots | ar-pack -q >in.tar
    for jobs in 1 2; do
        refuses 1 "lane '0007'" "cannot read the picture" -- ar-analyze -q -c lanes -j $jobs -- ./leaves <in.tar
        mv out out$jobs.tar
        for lane in 0000 0010; do
            [ "$(entry out$jobs.tar $lane/images/curve.svg)" = "<svg>lane $lane</svg>" ]
        done
        for lane in 0000 0001 0010; do
            entry out$jobs.tar $lane/analysis_result | grep '^0,'
        done
    done
    cmp out1.tar out2.tar
    [ -e outside/kept ]
    # By hand it runs in somebody's folder, of which nothing is deleted.
    (cd own && touch kept && AR_STEP=analyze ../leaves <../in.tar >../by-hand.tar 2>../err) || true
    [ -e own/kept ] && [ -d own/deep ]
}

@test "a method that calls exit() at a lane fails that lane, told as an early end, and the others go on" {
    cat >exits.c <<'END'
#include <analysisrun.h>
#include <stdlib.h>
#include <string.h>

static int analyze(struct ar_lane *lane)
{
    ar_result_integer(lane, "n", 1);
    if (strcmp(ar_lane_data_name(lane), getenv("AT")) == 0)
        exit(0);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct ar_method_set sets[] = { { .name = "activity_spots", .all_rows = true }, { 0 } };
    static const struct ar_method method = { .name = "exits", .sets = sets, .analyze = analyze };
    return ar_method_main(argc, argv, &method);
}
END
    compile exits
    ar-split -q -s samples.csv activity_spots=as.csv 2>err | ar-cleanse -q --none activity_spots | ar-pack -q >in.tar
    for lane in 0000 0001 0010; do
        [ $lane = 0000 ] && how='it printed nothing' || how='it ended with status 0 before it had answered this lane'
        AT=$lane refuses 1 "lane '$lane'" "failed: $how" '| analyze called exit, and is to return instead.' -- \
            ar-analyze -q -c lanes -j 1 -- ./exits <in.tar
        [ "$(entries out | grep -c /analysis_result)" -eq 3 ]
    done
}

# A program of one's own whose lanes end as params has it: {"0000": "abort", ...}. What problem has goes to standard error, a table to standard output.
ending_program() {
    cat >ending.c <<'END'
#include <analysisrun.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int analyze(struct ar_lane *lane)
{
    char pointer[300];
    snprintf(pointer, sizeof pointer, "/%s", ar_lane_data_name(lane));
    const char *end = ar_param_given(ar_lane_params(lane), pointer) ? ar_param_text(ar_lane_params(lane), pointer) : "";
    printf("printed for %s\n%s", ar_lane_data_name(lane), strcmp(pointer, "/0000") == 0 ? "and more than for the others\n" : "");
    fflush(stdout);
    if (strcmp(end, "abort") == 0)
        abort();
    if (strcmp(end, "fault") == 0)
        raise(SIGSEGV);
    if (strcmp(end, "pipe") == 0)
        raise(SIGPIPE);
    if (strcmp(end, "exit") == 0)
        exit(4);
    if (strcmp(end, "_exit") == 0)
        _exit(0);
    if (strcmp(end, "fail") == 0) {
        ar_lane_fail(lane, "the lamp was off");
        return ar_lane_fail_detail(lane, "exposure was 0") + ar_lane_fail_detail(lane, "gain was\t7");
    }
    if (strcmp(end, "long") == 0) {
        ar_lane_fail(lane, "it is a long story");
        for (int i = 0; i < 1000; i++)
            ar_lane_fail_detail(lane, "ライン %d of it", i);
        return -1;
    }
    return ar_result_integer(lane, "rows", (int64_t)ar_set_rows(ar_lane_set(lane, "activity_spots")));
}

static int judge(struct ar_results *results)
{
    if (!getenv("UNFAIR"))
        return 0;
    ar_results_fail(results, "it is not fair");
    return ar_results_fail_detail(results, "by the table of row %d", 7);
}

static void note_end(void)
{
    FILE *file = fopen("ended", "a");
    fputs("the program ended\n", file);
    fclose(file);
}

int main(int argc, char **argv)
{
    const struct ar_method_set sets[] = { { .name = "activity_spots", .all_rows = true }, { 0 } };
    const struct ar_method method = { .name = "ending", .sets = sets, .analyze = analyze, .postprocess = judge };
    const struct ar_input inputs[] = { { "activity_spots", "as.csv" }, { 0 } };
    const struct ar_analysis_options options = { .inputs = inputs, .samples = "samples.csv", .params = argc > 1 ? argv[1] : NULL,
                                                 .keep_going = getenv("KEEP") != NULL };
    struct ar_problem problem;
    if (getenv("IGNORE"))
        signal(SIGCHLD, SIG_IGN);
    atexit(note_end);
    struct ar_frame *table = ar_run_analysis(&method, &options, &problem);
    fprintf(stderr, "%d\n%s\n%s", problem.status, problem.message, problem.detail);
    if (!table)
        return problem.status;
    char *csv = ar_frame_csv(table);
    fputs(csv, stdout);
    free(csv);
    ar_frame_free(table);
    return 0;
}
END
    compile ending
}

@test "ar_run_analysis: a lane whose analyze crashes or calls exit fails alone, by its name, with how it ended and the end of what it printed" {
    ending_program
    ./ending >whole 2>err
    printf '0\n\n' | diff - err
    refuses 1 -- ./ending '{"0001": "abort"}'
    cat >wanted <<'END'
1
1 of 4 lanes failed; lane '0001': 'ending' was killed by signal 6 (ABRT)
lane '0001': 'ending' was killed by signal 6 (ABRT)

lane '0001':
The end of its log:
printed for 0001
END
    diff wanted err
    KEEP=1 ./ending '{"0000": "exit", "0001": "fault", "0007": "_exit", "0010": "pipe"}' >out 2>err
    diff <(echo data,sample_name) out
    head -n 6 err | diff - <(printf '%s\n' 1 "4 of 4 lanes failed; lane '0000': 'ending' exited with status 4" "lane '0000': 'ending' exited with status 4" \
        "lane '0001': 'ending' was killed by signal 11 (SEGV)" "lane '0007': 'ending' ended without a result of this lane" \
        "lane '0010': 'ending' was killed by signal 13 (PIPE)")
    [ "$(grep -c 'analyze called exit' err)" -eq 2 ]
    [ "$(wc -l <ended)" -eq 3 ]
    KEEP=1 ./ending '{"0000": "_exit", "0007": "abort"}' >out 2>err
    grep -v ',0000,\|,0007,' whole | diff - out
    says "2 of 4 lanes failed; lane '0000'" "lane '0007': 'ending' was killed by signal 6 (ABRT)"
}

@test "ar_run_analysis: what is said for the developer stands in the detail, of a lane below the causes of all, of a postprocess at once" {
    ending_program
    refuses 1 -- ./ending '{"0001": "fail", "0007": "fail"}'
    cat >wanted <<'END'
1
2 of 4 lanes failed; lane '0001': the lamp was off
lane '0001': the lamp was off
lane '0007': the lamp was off

lane '0001':
exposure was 0
gain was\t7

lane '0007':
exposure was 0
gain was\t7
END
    diff wanted err
    UNFAIR=1 refuses 1 -- ./ending
    printf '1\nit is not fair\nby the table of row 7\n' | diff - err
    refuses 1 -- ./ending '{"0001": "long", "0007": "fail"}'
    sed -n 3,7p err | diff - <(printf '%s\n' "lane '0001': it is a long story" "lane '0007': the lamp was off" '' "lane '0001':" 'ライン 0 of it')
    tail -n 2 err | head -n 1 | grep -x 'ライン [0-9]* of it'
    [ "$(tail -n 1 err)" = … ]
    [ "$(tail -n +3 err | wc -c)" -lt 8192 ]
}

@test "ar_run_analysis: standard streams that the program has closed, and ends of processes that it ignores, are no matter" {
    ending_program
    ./ending >whole 2>err
    ./ending <&- 2>&- | diff whole -
    ./ending >&- 2>err
    printf '0\n\n' | diff - err
    IGNORE=1 ./ending | diff whole -
    IGNORE=1 refuses 1 "lane '0007': 'ending' was killed by signal 6 (ABRT)" -- ./ending '{"0007": "abort"}'
    printf 'data,sample\n7,seven\n' >samples.csv
    IGNORE=1 refuses 1 "ar-split: 'as.csv'" -- ./ending
}

@test "valgrind finds nothing wrong in a method" {
    type valgrind >/dev/null || skip 'valgrind is not installed'
    doing_method
    ./doing --manifest >manifest.json
    ar-split -q -s samples.csv activity_spots=as.csv 2>err | ar-cleanse -q -m manifest.json | ar-pack -q -m manifest.json >in.tar
    AR_STEP=analyze valgrind -q --error-exitcode=9 --leak-check=full ./doing <in.tar >out.tar
    entry out.tar 0000/analysis_result | grep -q 5.80
}

@test "started by hand where there is no ar-run: a clear message" {
    doing_method
    refuses 2 "'ar-run' not found" -- env PATH=/usr/bin:/bin ./doing -s samples.csv activity_spots=as.csv
}

@test "status, verify and clean are the method's words, too: ar-run does them, on the folder of a run" {
    doing_method
    ./doing -q -s samples.csv -d results activity_spots=as.csv 2>err
    ./doing status --json results >told
    ar-run status --json results | cmp - told
    ./doing verify -q results
    ./doing -q -s samples.csv -d results -P do='"none"' activity_spots=as.csv 2>err
    before=$(ls results/.analysisrun/cache/*.tar | wc -l)
    ./doing clean results 2>err
    [ "$(ls results/.analysisrun/cache/*.tar | wc -l)" -lt "$before" ]
    echo >>results/result.csv
    refuses 2 "'result.csv': changed" -- ./doing verify results
    refuses 2 'status: expected one folder of a run' -- ./doing status
    ./doing --help | holds 'doing status|verify|clean DIR'
}
