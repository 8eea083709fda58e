#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What the documents say is so.
#
# In a man page, the display behind a line '.\" run' is run, and that behind '.\" prints' is what the one before it prints; one behind
# '.\" cell' is run by Python, with pandas or what stands for it here, and one behind '.\" ask' on a terminal where answers are given. In
# README.md these are a block ```sh behind '<!-- run -->', and a block ```text that comes before the next one.

load helpers.bash

setup_file() {
    export ROOT="$BATS_TEST_DIRNAME/.."
}

tools() {
    for file in "$ROOT"/tools/ar-*.c; do
        basename "$file" .c
    done
}

# The options of --help, as "-o, --output=FILE", in their order.
help_options() {
    "$1" --help | sed -nE 's/^  +((-., )?--[^ ]+)( .*)?$/\1/p'
}

# Those of the man page.
page_options() {
    mandoc -Tascii "$ROOT/man/$1.1" | col -bx | sed -n '/The options are as follows/,/^[A-Z]/s/^     \(-.*\)$/\1/p' |
        sed -E 's/^((-., )?--[^ ]+).*$/\1/'
}

# What the examples work on. In README.md, method is a program that the reader writes.
prepare_examples() {
    data=$BATS_TEST_DIRNAME/data/run-small
    cp "$data/samples.csv" "$data/params.json" .
    cp "$data/activity_spots.csv" as.csv
    cp "$data/surrounding_spots.csv" ss.csv
    ln -s "$SHARE" share
    [ "${1##*.}" = md ] || ln -s share/methods/spot-stats-sh method
}

# Writes the examples of a document into the current folder: N.sh, and N.txt where it shows what that prints.
extract_examples() {
    case $1 in
    *.md) awk '
        take && /^```/ { close(out); take = 0; asked = 0; next }
        take { print >out; next }
        /^<!-- run -->$/ { asked = 1; next }
        asked && /^```sh$/ { out = ++n ".sh"; printf "" >out; take = 1; shown = 1; next }
        shown && /^```text$/ { out = n ".txt"; printf "" >out; take = 1; shown = 0 }' "$1" ;;
    *) awk '
        take && /^\.Ed$/ { close(out); out = ""; take = 0; next }
        take {
            gsub(/\\\(aq/, "\047"); gsub(/\\\(ti/, "~"); gsub(/\\\(ha/, "^"); gsub(/\\\(ga/, "`"); gsub(/\\&/, ""); gsub(/\\e/, "\\")
            print >out
            next
        }
        /^\.\\" run$/ { out = ++n ".sh"; next }
        /^\.\\" cell$/ { out = "cell.py"; next }
        /^\.\\" ask$/ { out = "ask"; next }
        /^\.\\" prints$/ { out = n ".txt"; next }
        out && /^\.Bd -literal/ { printf "" >out; take = 1; next }
        take == 0 { out = "" }' "$1" ;;
    esac
}

# What stands for programs that are elsewhere: a host that ssh reaches, with folders of its own, and a cluster.
prepare_elsewhere() {
    mkdir elsewhere elsewhere/bin elsewhere/big
    export ELSEWHERE=$PWD/elsewhere PATH=$PWD/elsewhere/bin:$PATH
    program elsewhere/bin/ssh <<'END'
#!/bin/sh
cd "$ELSEWHERE/$1" && shift && exec sh -c "$*"
END
    program elsewhere/bin/sbatch <<'END'
#!/bin/sh
[ "$1" = --wait ] && [ "${2%-*}" = --array=1 ] || exit 2
for SLURM_ARRAY_TASK_ID in $(seq "${2##*-}"); do
    export SLURM_ARRAY_TASK_ID
    echo "$SLURM_ARRAY_TASK_ID" >>"$ELSEWHERE/tasks"
    sh "$3" || exit
done
END
    chmod +x elsewhere/bin/*
}

# Runs a document's examples in one folder, one after the other, and compares what they print.
check_examples() {
    in_scratch
    mkdir examples work
    (cd examples && extract_examples "$1")
    cd work
    prepare_examples "$1"
    for ((i = 1; ; i++)); do
        script=../examples/$i.sh
        [ -e "$script" ] || break
        bash -eu -o pipefail "$script" >../out 2>../err || {
            echo "$1, example $i:" && cat "$script" ../err
            return 1
        }
        [ ! -e "${script%.sh}.txt" ] || diff -u "${script%.sh}.txt" ../out || {
            echo "$1, example $i prints something else" && cat "$script"
            return 1
        }
    done
    [ "$i" -gt 1 ] || [ "$2" = none ]
}

@test "every tool has a man page and a test file, and every page and test file of a tool has its tool" {
    in_scratch
    tools >tools
    for file in "$ROOT"/man/ar-*.1; do basename "$file" .1; done >pages
    diff tools pages
    while read -r tool; do
        [ -e "$BATS_TEST_DIRNAME/$tool.bats" ] || echo "$tool"
    done <tools >untested
    diff /dev/null untested
    for file in "$BATS_TEST_DIRNAME"/ar-*.bats; do
        [ -e "$ROOT/tools/$(basename "$file" .bats).c" ] || echo "$file"
    done >stray
    diff /dev/null stray
}

@test "--help and man page of every tool have the same options in the same order" {
    command -v mandoc >/dev/null || skip "mandoc is not installed"
    in_scratch
    for tool in $(tools); do
        help_options "$tool" >help
        page_options "$tool" >page
        grep -q -e '-h, --help' help
        diff -u --label "$tool --help" --label "$tool.1" help page
    done
}

@test "options have one long name in all tools, and a letter means one thing" {
    in_scratch
    for tool in $(tools); do
        help_options "$tool" | sed -nE 's/^(-.), (--[^=]+).*/\1 \2/p'
    done | sort -u >all
    cut -d' ' -f1 all | uniq -d >differing
    diff /dev/null differing
}

@test "the man pages are clean to mandoc, show their headings as they are written, and fit into 80 columns" {
    command -v mandoc >/dev/null || skip "mandoc is not installed"
    in_scratch
    for page in "$ROOT"/man/*.[1-9]; do
        mandoc -Tlint -Wwarning "$page"
        mandoc -Tutf8 "$page" | col -bx | grep -E '.{81}' || [ $? -eq 1 ]
        sed -n 's/^\.S[sh] //p' "$page" | sed 's/\\&//g' | sort -u >written
        mandoc -Tutf8 "$page" | col -bx | sed 's/^ *//' | sort -u | comm -23 written -
    done >faults
    diff /dev/null faults
}

@test "pages that are referred to are here, or of other programs that are known" {
    in_scratch
    sed -n 's/^\.Xr \([^ ]*\) \([0-9]\).*/\1.\2/p' "$ROOT"/man/*.[1-9] | sort -u >referred
    while read -r page; do
        case $page in
        glob.7 | iconv.1 | jq.1 | make.1 | parallel.1 | sha256sum.1 | tar.1 | xxh128sum.1) ;;
        *) [ -e "$ROOT/man/$page" ] || echo "$page" ;;
        esac
    done <referred >missing
    diff /dev/null missing
}

@test "the examples of ar-analyze(1) run" { check_examples "$ROOT/man/ar-analyze.1"; }
@test "the examples of ar-cleanse(1) run" { check_examples "$ROOT/man/ar-cleanse.1"; }
@test "the examples of ar-convert(1) run, and print what is shown" { check_examples "$ROOT/man/ar-convert.1"; }
@test "the examples of ar-ls(1) run, and print what is shown" { check_examples "$ROOT/man/ar-ls.1"; }
@test "the examples of ar-merge(1) run" { check_examples "$ROOT/man/ar-merge.1"; }
@test "the examples of ar-pack(1) run, and print what is shown" { check_examples "$ROOT/man/ar-pack.1"; }
@test "the examples of ar-post(1) run, and print what is shown" { check_examples "$ROOT/man/ar-post.1"; }
@test "the examples of ar-split(1) run" { check_examples "$ROOT/man/ar-split.1"; }
@test "the examples of ar-stream(5) run" { check_examples "$ROOT/man/ar-stream.5"; }
@test "the examples of analysisrun(7) run, and print what is shown" { check_examples "$ROOT/man/analysisrun.7"; }
@test "the examples of analysisrun-everywhere(7) run, and print what is shown: the same method everywhere" {
    [ -z "${TESTS_SANITIZED:-}" ] || skip 'what others link is the plain build'
    in_scratch
    make -s -C "$ROOT" install PREFIX="$PWD/root" LDCONFIG=true >install.log 2>&1
    export PKG_CONFIG_PATH=$PWD/root/lib/pkgconfig LD_LIBRARY_PATH=$PWD/root/lib
    prepare_elsewhere
    check_examples "$ROOT/man/analysisrun-everywhere.7"
    # The cluster was asked. (That the results are the same, the page's own cmp has seen.)
    grep -c . "$ELSEWHERE/tasks" | grep -qx 4
    [ "$(find shared -name '*.tar' | wc -l)" -eq 4 ]
    # The cell has the table of the terminal. What stands for pandas keeps what it was told to keep.
    mkdir stand-in
    cat >stand-in/pandas.py <<'END'
import csv, io
def read_csv(file, dtype):
    rows = list(csv.DictReader(io.TextIOWrapper(file, encoding="utf-8", newline="")))
    return [{k: v if dtype.get(k) is str else float(v) if v.replace(".", "", 1).isdigit() else v for k, v in row.items()} for row in rows]
END
    { cat ../examples/cell.py && echo 'print([row["data"] for row in table], [row["n"] for row in table])'; } >cell.py
    [ "$(PYTHONPATH=stand-in python3 cell.py)" = "['0000', '0001', '0007', '0010'] [30.0, 36.0, 6.0, 39.0]" ]
    # What is asked for gives the same.
    printf '%s\n' method/manifest.json as.csv ss.csv samples.csv '' '"しきい値"' asked >answers
    python3 - "$(cat ../examples/ask)" <<'END' >screen
import os, pty, select, sys
pid, fd = pty.fork()
if pid == 0:
    os.execvp("sh", ["sh", "-c", sys.argv[1]])
answers = open("answers", "rb").read().split(b"\n")[:-1]
seen = b""
while True:
    try:
        data = os.read(fd, 65536) if select.select([fd], [], [], 60)[0] else b""
    except OSError:
        data = b""
    if not data:
        break
    sys.stdout.buffer.write(data)
    seen += data
    if answers and b"> " in seen:
        os.write(fd, answers.pop(0) + b"\n")
        seen = b""
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
    cmp asked/result.csv results/result.csv
}
@test "the examples of README.md run, and print what is shown" { check_examples "$ROOT/README.md"; }

@test "ar-stream(5) has every member of a manifest" {
    in_scratch
    echo '{"unheard-of": 1}' >manifest.json
    refuses 2 'a member that is not known' 'What can stand here is' -- ar-pack -m manifest.json
    grep -o '"[a-z_]*"' err | tr -d '"' | sort -u >known
    sed -n '/^\.Sh MANIFEST/,/^\.Ss The schema/s/^\.It Li //p' "$ROOT/man/ar-stream.5" | sed 's/ , /\n/g' | sort -u >listed
    diff known listed
}

# Every file of the project that is not data.
sources() {
    (cd "$ROOT" && find . \( -name build -o -name .git -o -path ./tests/data -o -path ./tests/fuzz/corpus -o -path ./share/examples \) -prune \
        -o -type f -print)
}

@test "every source says its licence in its first lines" {
    in_scratch
    sources | while read -r file; do
        case $file in
        *.[ch] | *.sh | *.bash | *.bats | *.py | *.awk | *.gp | *.mk | *.map | *.[1-9] | */Makefile* | ./.ci/* | ./share/methods/*/analyze | ./share/methods/*/judge)
            head -n 3 "$ROOT/$file" | holds 'SPDX-License-Identifier: MIT' || echo "$file"
            ;;
        esac
    done >without
    diff /dev/null without
}

@test "nothing is left to be done later" {
    in_scratch
    words='TO''DO|FIX''ME|XX''X'
    sources | while read -r file; do
        grep -nwHE "$words" "$ROOT/$file" || [ $? -eq 1 ]
    done >found
    diff /dev/null found
}
