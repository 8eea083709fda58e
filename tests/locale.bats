#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The language of texts for people.

load helpers.bash

ROOT="$BATS_TEST_DIRNAME/.."

# As grep, for lines in Japanese: kana and kanji begin with such bytes.
grep_japanese() {
    LC_ALL=C grep -a "${@:1:$#-1}" $'[\xe3-\xe9]' "${@:$#}"
}

setup() {
    in_scratch
}

# A folder "prefix" with the tools where they would be installed; catalogues go below prefix/share/locale.
prefix() {
    mkdir -p prefix/bin prefix/share/locale/xx/LC_MESSAGES
    cp "$AR_BIN"/ar-* prefix/bin
}

# ---- the catalogue ----

@test "every text of the code is in Japanese: none is missing, doubtful or left over" {
    "$ROOT/scripts/extract-texts" new.pot
    msgmerge --quiet --no-fuzzy-matching --output=merged.po "$ROOT/share/locale/ja.po" new.pot
    msgattrib --untranslated --no-obsolete merged.po >missing
    msgattrib --only-fuzzy merged.po >doubtful
    msgattrib --only-obsolete merged.po >left_over
    if [ -s missing ] || [ -s doubtful ] || [ -s left_over ]; then
        echo "run 'make texts', and complete share/locale/ja.po (share/locale/README):"
        for file in missing doubtful left_over; do
            sed "1,/^\$/d; s/^msgid/$file: msgid/" $file
        done
        return 1
    fi
    [ "$(grep -c '^msgid ' new.pot)" -gt 1000 ]
}

@test "every translation has the conversions of its text" {
    msgfmt -c -o /dev/null "$ROOT/share/locale/ja.po"
    sed '/^msgid "lane .%s. is there twice: in/,/^msgstr/s/%s'"' と/%d' と/" "$ROOT/share/locale/ja.po" >wrong.po
    run ! cmp -s wrong.po "$ROOT/share/locale/ja.po"
    run ! msgfmt -c -o /dev/null wrong.po
    [[ $output == *"format specifications"* ]]
}

# Texts of the code that are no texts for people, though they look so.
not_for_people() {
    cat <<'END'
No progress is possible
 near 
 near end of file
the input failed
the output failed
An error occurred in the analysis of the target %s (%s).
An error occurred in the analysis.
An error occurred in the run.
The analysis failed.
ar-run on %255[^,], process %ld, since %63s
The input cannot be used: please check its format and content.
The input could not be read: please check its format.
END
}

@test "no text that reads as one for people is without its mark" {
    "$ROOT/scripts/extract-texts" new.pot new.i
    not_for_people >known
    python3 - <<'END' >unmarked
import re
unquote = lambda text: re.sub(r'\\(.)', lambda m: {'n': '\n', 't': '\t'}.get(m[1], m[1]), text)
marked = set(open('known', encoding='utf-8').read().split('\n'))
for entry in re.findall(r'^msgid(?:_plural)? ((?:"(?:\\.|[^"\\])*"\s*)+)', open('new.pot', encoding='utf-8').read(), re.M):
    marked.add(unquote(''.join(re.findall(r'"((?:\\.|[^"\\])*)"', entry))))
token = re.compile(r'^\#[^\n]*|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|\w+|[^\s]|\s+', re.M)
def literals(source):
    place, text, before, words = '', None, [], []
    for match in token.finditer(source):
        part = match.group()
        if part[0] == '#':
            marker = re.match(r'# \d+ "([^"]*)"', part)
            place = marker[1] if marker else place
        elif part[0] == '"':
            text = (text or '') + unquote(part[1:-1])
        elif not part.isspace():
            if text is not None and re.match(r'(\./)?(lib|tools)/', place) and '_Static_assert' not in before:
                yield place, text
            text = None
            before = [] if part in ';{}' else before + [part]
found = list(literals(open('new.i', encoding='utf-8').read()))
assert len(found) > 3000
for place, text in found:
    plain = re.sub(r'%[-0-9.*]*(?:l|z|h)*[a-z]', '%', text)
    reads = re.search(r"[a-z]{2,}[,;:]? [a-z%'(]|[a-z%'] [a-z]{2,}|^ [a-z]{2,}", plain) and not re.match(r'  (ar-|parallel )|/', text)
    if reads and text not in marked:
        print(f'{place}: {text!r}')
END
    [ ! -s unmarked ] || {
        echo "look them up by ar_tr(), or mark them by N_() where something else does (lib/bytes/tr.h):"
        cat unmarked
        return 1
    }
}

# ---- the choice ----

@test "the language is that of AR_LANG, else of the locale, where that is UTF-8; no locale has to be there" {
    speaks() {
        local wanted=$1
        shift
        env -u LC_ALL -u LC_MESSAGES -u LANG "$@" ar-ls --help >out
        local found=en
        grep_japanese -q out && found=ja
        [ $found = "$wanted" ] || {
            echo "not $wanted: $*"
            return 1
        }
    }
    speaks en
    speaks en LC_ALL=C.UTF-8 LANGUAGE=ja
    speaks en LC_ALL=POSIX LANG=ja_JP.UTF-8
    speaks ja LANG=ja_JP.UTF-8
    speaks ja LANG=ja_JP
    speaks ja LANG=en_US.UTF-8 LC_MESSAGES=ja_JP.utf8
    speaks en LANG=ja_JP.UTF-8 LC_ALL=en_US.UTF-8
    speaks en LANG=ja_JP.eucJP
    speaks en LANG=de_DE.UTF-8
    speaks ja LANG=de_DE.UTF-8 LANGUAGE=fr:ja:en
    speaks en LANG=ja_JP.UTF-8 LANGUAGE=en:ja
    speaks ja LC_ALL=C AR_LANG=ja
    speaks ja LC_ALL=C AR_LANG=ja_JP.UTF-8
    speaks ja LC_ALL=en_US.UTF-8 AR_LANG=japanese
    speaks en LANG=ja_JP.UTF-8 AR_LANG=en
    speaks en LANG=ja_JP.UTF-8 AR_LANG=C
    speaks en LC_ALL=C AR_LANG=../ja
    speaks en LC_ALL=C AR_LANG=xx
}

@test "catalogues are found from the place of the program, and English reads none" {
    prefix
    mkfifo prefix/share/locale/xx/LC_MESSAGES/analysisrun.mo # who opens it waits
    timeout 10 prefix/bin/ar-ls --help >out
    LC_ALL=en_US.UTF-8 timeout 10 prefix/bin/ar-ls --help | cmp - out
    rm prefix/share/locale/xx/LC_MESSAGES/analysisrun.mo
    printf 'msgid "%s"\nmsgstr "%s"\n' '' 'Content-Type: text/plain; charset=UTF-8\n' 'print this help' 'XX' >xx.po
    msgfmt -o prefix/share/locale/xx/LC_MESSAGES/analysisrun.mo xx.po
    AR_LANG=xx prefix/bin/ar-ls --help | sed 's/XX$/print this help/' | cmp - out
    AR_LANG=xx prefix/bin/ar-ls --help | holds ' XX$'
    AR_LANG=xx "$PWD/prefix/bin/../bin/ar-ls" --help | holds ' XX$'
}

@test "a number has two forms where the language has them" {
    prefix
    cat >xx.po <<'END'
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\n"

#, c-format
msgid "%lu lane"
msgid_plural "%lu lanes"
msgstr[0] "one: %lu"
msgstr[1] "more: %lu"
END
    msgfmt -c -o prefix/share/locale/xx/LC_MESSAGES/analysisrun.mo xx.po 2>/dev/null
    printf 'Data,ImageAnalysisMethod\nA,V\n' >one.csv
    printf 'Data,ImageAnalysisMethod\nA,V\nB,V\n' >two.csv
    AR_LANG=xx prefix/bin/ar-split set=one.csv 2>&1 >/dev/null | holds '^ar-split: one: 1;'
    AR_LANG=xx prefix/bin/ar-split set=two.csv 2>&1 >/dev/null | holds '^ar-split: more: 2;'
}

@test "a damaged catalogue is as good as none, or says what it has" {
    prefix
    mo=prefix/share/locale/xx/LC_MESSAGES/analysisrun.mo
    small_run
    python3 - "$AR_OUT/locale/ja/LC_MESSAGES/analysisrun.mo" <<'END'
import random, struct, sys
good = open(sys.argv[1], 'rb').read()
random.seed(1)
def write(i, data):
    open(f'{i}.mo', 'wb').write(data)
for i, n in enumerate([0, 3, 27, 28, 1000, len(good) // 2, len(good) - 1]):
    write(i, good[:n])
for i in range(7, 30):
    data = bytearray(good)
    if i < 14: # the head
        struct.pack_into('<I', data, 4 * (i - 7), random.choice([0xffffffff, 0x7fffffff, len(good), len(good) - 1]))
    else: # the tables
        at = struct.unpack_from('<I', good, 12 + 4 * (i % 2))[0]
        for _ in range(1 + i % 3):
            struct.pack_into('<I', data, at + 4 * random.randrange(2000), random.choice([0xffffffff, 0x80000000, len(good), 0]))
    write(i, data)
END
    for file in *.mo; do
        cp "$file" "$mo"
        AR_LANG=xx prefix/bin/ar-ls --help >out
        AR_LANG=xx prefix/bin/ar-split -s samples.csv as=as.csv ss=ss.csv 2>err >out
        [ -s err ]
    done
}

@test "a program elsewhere, such as a method in C, finds the catalogue beside the tools in PATH" {
    prefix
    mkdir -p elsewhere/bin
    cp "$AR_BIN/ar-ls" elsewhere/bin/list
    printf 'msgid "%s"\nmsgstr "%s"\n' '' 'Content-Type: text/plain; charset=UTF-8\n' 'print this help' 'XX' >xx.po
    msgfmt -o prefix/share/locale/xx/LC_MESSAGES/analysisrun.mo xx.po
    AR_LANG=xx PATH="$PWD/nowhere:$PWD/prefix/bin:$PATH" elsewhere/bin/list --help | holds ' XX$'
    # a folder of PATH that depends on where one is does not count
    AR_LANG=xx PATH="prefix/bin::$PATH" elsewhere/bin/list --help | holds ' print this help$'
}

# ---- the tools ----

@test "every tool has its help and tells a usage mistake in Japanese" {
    export AR_LANG=ja
    for tool in "$AR_BIN"/ar-*; do
        name=${tool##*/}
        "$tool" --help >out
        grep -q "^使い方: $name \[オプション\]" out
        grep -q '^  -h, --help .*この説明を表示する$' out
        # no option's help and no sentence is left in English
        sed '/^例:/,/^$/d; /^使い方/,/^$/d' out >text
        grep_japanese -v text | grep '[a-z]\{3\} [a-z]' >left || [ $? -eq 1 ]
        diff /dev/null left
        refuses 2 "$name: オプション '--nonsense' がない" "'$name --help' を参照" -- "$tool" --nonsense
        [ "$(wc -l <err)" -eq 1 ]
    done
}

# What a run says; the lane 007 fails where $1 is "fails".
pipeline() {
    program method <<'END'
if [ "$1" = fails ] && [ "$AR_DATA_NAME" = 007 ]; then echo "no spots" >&2; exit 3; fi
echo '{"mean": 1.50}'
END
    ar-split -s samples.csv as=as.csv ss=ss.csv 2>split.err >split.tar
    ar-cleanse -e as=Spots --none ss <split.tar 2>cleanse.err >cleanse.tar
    ar-pack -P 'x=1.0' <cleanse.tar 2>pack.err >pack.tar
    ar-analyze --keep-going -- ./method "$1" <pack.tar 2>analyze.err >results.tar
    ar-merge <results.tar 2>merge.err >merged.tar
    ar-post -k -d "folder" <merged.tar 2>post.err || [ $? -eq 1 ]
    ar-post -k <merged.tar 2>/dev/null >result.tar || [ $? -eq 1 ]
    ar-convert --to present result.tar 2>convert.err >convert.tar || [ $? -eq 1 ]
    ar-ls --json --verify result.tar >ls.json || [ $? -eq 1 ]
}

@test "accounts, warnings and failures of all tools are in Japanese" {
    export AR_LANG=ja
    small_run
    pipeline fails
    for file in *.err; do
        [ -s "$file" ]
        sed -i '/^  | \(no spots\)\?$/d' "$file" # the method's own
        grep_japanese -v "$file" >left || [ $? -eq 1 ]
        diff /dev/null left
    done
    says_in() { grep -qF -e "$2" "$1.err" || { cat "$1.err" && return 1; }; }
    says_in split 'ar-split: 2 レーン; as: 6 行、保持 4、除外 2'
    says_in analyze "ar-analyze: 警告: レーン '007' (second, the) が失敗しました: './method' が終了ステータス 3 で終了しました"
    says_in merge '解析 '
    entry results.tar 007/error | holds 'ログの終わり:'
    ar-ls result.tar >out || [ $? -eq 1 ]
    grep_japanese -v out | grep '[a-z]\{4\} [a-z]\{3\}' >left || [ $? -eq 1 ]
    diff /dev/null left
}

@test "a failure says in Japanese what failed, why, and what to do" {
    export AR_LANG=ja
    refuses 2 "ar-split: 'none.csv' を開けません: そのようなファイルやフォルダはありません" -- ar-split set=none.csv
    printf 'Data,ImageAnalysisMethod\n"A,V\n' >bad.csv
    refuses 2 "'bad.csv'、2 行目: セル 1 の引用符が閉じていません" '  ファイルが途中で切れているか' -- ar-split set=bad.csv
    small_lanes lanes.tar
    refuses 2 'JSON ではありません: 正しくない語' "テキストには引用符が必要です: -P 'x=\"abc\"'" -- ar-pack -P x=abc <lanes.tar
    refuses 2 'ar-merge: 入力がありません (前のコマンドが失敗していませんか)' -- ar-merge </dev/null
}

# The same in either language, in the folders "english" and "japanese".
both() {
    (cd english && cp ../*.csv . && pipeline "$1")
    (cd japanese && cp ../*.csv . && export AR_LANG=ja && pipeline "$1")
}

@test "what programs read does not change with the language" {
    small_run
    mkdir english japanese
    both passes
    for file in split.tar cleanse.tar pack.tar results.tar merged.tar result.tar convert.tar ls.json; do
        cmp "english/$file" "japanese/$file"
    done
    diff -r english/folder japanese/folder
    run ! cmp -s english/split.err japanese/split.err
    # of a run in which a lane fails, the error is for a person, and the ledger has its digest
    both fails
    grep -q 'no spots' english/ls.json
    for language in english japanese; do
        jq -S 'del(.lanes[].error, .errors, .artifacts, .bytes)' $language/ls.json >$language/plain.json
    done
    cmp english/plain.json japanese/plain.json
    diff <(entries english/results.tar) <(entries japanese/results.tar)
    diff <(entry english/results.tar 007/ledger | jq 'del(.files, .xxh3)') <(entry japanese/results.tar 007/ledger | jq 'del(.files, .xxh3)')
}

@test "a method in C says in Japanese why a lane failed, and its help is" {
    export AR_LANG=ja
    small_run
    printf 'Data,Entity,ImageAnalysisMethod,Value\n0000,Activity Spots,V,many\n007,Activity Spots,V,1\n' >as.csv
    ln -s "$AR_OUT/methods/mean-c" mean-c
    ./mean-c --help >out
    grep_japanese -q out
    ./mean-c --manifest >manifest.json
    ar-split -q -s samples.csv activity_spots=as.csv | ar-cleanse -q -m manifest.json | ar-pack -q -m manifest.json >inputs.tar
    ar-analyze -q --keep-going -m manifest.json -- ./mean-c <inputs.tar >results.tar 2>err
    entry results.tar 0000/error | holds "^activity_spots: Value は数値でなければなりませんが、'many' です (レーンの 1 行目)$"
    refuses 2 "AR_STEP が 'nonsense' です" -- env AR_STEP=nonsense ./mean-c </dev/null
}

@test "why a lane is done again is said in Japanese; the states, which programs read, stay" {
    export AR_LANG=ja
    small_run
    program method <<'END'
echo '{"mean": 1.50}'
END
    pack() {
        ar-split -q -s samples.csv as=as.csv | ar-cleanse -q -e as=Spots | ar-pack -q -P "x=$1" >inputs.tar
    }
    pack 1
    ar-analyze -n --cache kept -- ./method <inputs.tar >out
    printf '%s\t%s\t%s\n' lane state why 0000 new まだ結果がありません 007 new まだ結果がありません | diff - out
    ar-analyze -q --cache kept -- ./method <inputs.tar >first.tar
    pack 2
    echo '# a comment' >>method
    ar-analyze -n --cache kept -- ./method <inputs.tar >out
    holds "^0000"$'\t'"changed"$'\t'"params: x 1 → 2; ファイル method が変わりました$" <out
    ar-analyze --why --cache kept -- ./method <inputs.tar 2>err >second.tar
    grep -q "レーン '0000': params: x 1 → 2; ファイル method が変わりました" err
}

@test "columns line up in Japanese: a wide character takes two places" {
    small_run
    ar-split -q -s samples.csv as=as.csv ss=ss.csv 2>/dev/null >split.tar
    AR_LANG=ja ar-ls split.tar >out
    python3 - <<'END'
import unicodedata
lines = open('out', encoding='utf-8').read().split('\n')
first = next(i for i, line in enumerate(lines) if line.startswith('データ名'))
wide = lambda text: sum(2 if unicodedata.east_asian_width(c) in 'WF' else 1 for c in text)
at = wide(lines[first][:lines[first].index('サンプル名')])
for lane, sample in ('0000', 'first'), ('007', 'second'):
    line = next(line for line in lines if line.startswith(lane + ' '))
    assert line.index(sample) == at, (at, lines)
END
}
