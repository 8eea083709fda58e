#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What is installed, and what is public.

load helpers.bash

@test "the shared library exports what its map lists, and nothing else" {
    in_scratch
    sed -n 's/^ *\(ar_[a-z_]*\);$/\1/p' "$BATS_TEST_DIRNAME/../lib/analysisrun.map" | sort >listed
    nm -D --defined-only "$AR_OUT/libanalysisrun.so.0" | awk '$2 == "T" || $2 == "D" || $2 == "B" { sub(/@.*/, "", $3); print $3 }' | sort >exported
    diff listed exported
    grep -oh '\bar_[a-z_]*(' "$BATS_TEST_DIRNAME"/../lib/{analysisrun,stats/stats}.h | tr -d '(' | sort -u >declared
    diff listed declared
    nm -g --defined-only "$AR_OUT/libanalysisrun.a" | awk '$2 ~ /^[A-Z]$/ { print $3 }' | grep -v '^__' | sort >static
    diff listed static
}

@test "install puts everything below DESTDIR and PREFIX, and uninstall takes all of it away" {
    in_scratch
    [ -z "${TESTS_SANITIZED:-}" ] || skip "builds with other flags"
    make -s -C "$BATS_TEST_DIRNAME/.." install DESTDIR="$PWD/root" PREFIX=/opt/ar >/dev/null
    [ -x root/opt/ar/bin/ar-split ]
    [ -f root/opt/ar/share/man/man7/analysisrun.7 ]
    [ -x root/opt/ar/share/analysisrun/methods/spot-stats-sh/analyze ]
    man -P cat -l root/opt/ar/share/man/man3/ar_method_main.3 | col -bx | grep -o '/[a-z/]*/analysisrun/[a-z.-]*' | sort -u >named
    printf '/opt/ar/share/analysisrun/%s\n' methods template | diff - named
    AR_LANG=ja root/opt/ar/bin/ar-split --help | holds '^使い方: ar-split'
    for tool in root/opt/ar/bin/*; do
        [ -f "root/opt/ar/share/bash-completion/completions/${tool##*/}" ]
    done
    run -0 root/opt/ar/bin/ar-split --version
    [[ $output == 'ar-split (analysisrun) '* ]]
    make -s -C "$BATS_TEST_DIRNAME/.." uninstall DESTDIR="$PWD/root" PREFIX=/opt/ar
    find root ! -type d >left
    diff /dev/null left
}

@test "what is shared is installed as it is kept, and what somebody left beside it is not" {
    in_scratch
    [ -z "${TESTS_SANITIZED:-}" ] || skip "builds with other flags"
    git -C "$SHARE" ls-files examples methods make template >listed 2>err || skip "no clone: nothing tells what is kept"
    grep -vx examples/demo.sh listed | sort >kept
    mkdir copy
    for file in "$BATS_TEST_DIRNAME"/../*; do
        [ "${file##*/}" = share ] || ln -s "$file" copy
    done
    cp -Rp "$SHARE" copy
    mkdir copy/share/examples/run/{results,lanes} copy/share/methods/spot-stats-py/__pycache__ copy/share/methods/own
    touch copy/share/examples/run/{results/result.csv,lanes/0007.tar,0007.tar,own.csv} copy/share/make/lanes.tar \
        copy/share/methods/{spot-stats-py/__pycache__/curve.pyc,own/manifest.json} copy/share/template/method
    make -s -C copy install DESTDIR="$PWD/root" PREFIX=/opt/ar >out
    cd root/opt/ar/share/analysisrun
    find . -type f | cut -c 3- | sort | diff ../../../../../kept -
    while read -r file; do
        [ "$file" = make/Makefile.example ] || cmp "$SHARE/$file" "$file"
        [ ! -x "$SHARE/$file" ] || [ -x "$file" ]
    done <../../../../../kept
}

@test "folders with blanks in their names are installed into, and nothing beside them is touched; ~ is the home folder in any shell" {
    in_scratch
    [ -z "${TESTS_SANITIZED:-}" ] || skip "builds with other flags"
    mkdir my home
    touch my/own
    for way in install uninstall; do
        make -s -C "$BATS_TEST_DIRNAME/.." $way DESTDIR="$PWD/my root" PREFIX="/opt/my ar" >/dev/null
        [ "$way" = uninstall ] || run -0 "my root/opt/my ar/bin/ar-split" --version
        HOME=$PWD/home make -s -C "$BATS_TEST_DIRNAME/.." $way DESTDIR='~/root' PREFIX=/opt/ar >/dev/null
        [ "$way" = uninstall ] || run -0 home/root/opt/ar/bin/ar-split --version
    done
    find . ! -type d | diff - <(echo ./my/own)
    find . -maxdepth 1 | sort | diff - <(printf '%s\n' . ./home ./my './my root')
    [ ! -e "$BATS_TEST_DIRNAME/../~" ]
}

@test "as root, without DESTDIR, install has the linker's cache made; where a program would not find the library, it says what to do" {
    in_scratch
    [ -z "${TESTS_SANITIZED:-}" ] || skip "builds with other flags"
    mkdir bin
    program bin/id <<'END'
echo "$USER_ID"
END
    program bin/ldconfig <<'END'
[ "$1" = -p ] || echo "made $*" >>"${0%/*}/../asked"
[ "$1" != -p ] || [ -z "$KNOWS" ] || echo "	libanalysisrun.so.0 (libc6,x86-64) => $KNOWS"
END
    # What is said of the cache, with "made" where it was made.
    installs() {
        local id=$1 knows=$2
        shift 2
        rm -f asked
        PATH=$PWD/bin:$PATH USER_ID=$id KNOWS=$knows make -s -C "$BATS_TEST_DIRNAME/.." "$@" LDCONFIG="$PWD/bin/ldconfig" 2>&1 >/dev/null |
            grep -o 'LD_LIBRARY_PATH=[^ ]*' || true
        if [ -e asked ]; then cat asked; fi
    }
    [ "$(installs 0 /opt/lib install PREFIX="$PWD/root")" = "made " ]
    [ "$(installs 0 '' install PREFIX="$PWD/root")" = "LD_LIBRARY_PATH=$PWD/root/lib."$'\n'"made " ]
    [ "$(installs 1000 '' install PREFIX="$PWD/root")" = "LD_LIBRARY_PATH=$PWD/root/lib." ]
    [ -z "$(installs 1000 /opt/lib install PREFIX="$PWD/root")" ]
    [ -z "$(installs 0 '' install PREFIX=/opt/ar DESTDIR="$PWD/below")" ]
    [ "$(installs 0 '' uninstall PREFIX="$PWD/root")" = "made " ]
    [ -z "$(installs 0 '' uninstall PREFIX=/opt/ar DESTDIR="$PWD/below")" ]
}

@test "install says where pkg-config is to look, unless it looks there" {
    in_scratch
    [ -z "${TESTS_SANITIZED:-}" ] || skip "builds with other flags"
    make -s -C "$BATS_TEST_DIRNAME/.." install PREFIX="$PWD/root" LDCONFIG=true >out 2>err
    grep -q "PKG_CONFIG_PATH=$PWD/root/lib/pkgconfig," err
    PKG_CONFIG_PATH=$PWD/root/lib/pkgconfig make -s -C "$BATS_TEST_DIRNAME/.." install PREFIX="$PWD/root" LDCONFIG=true >out 2>err
    run ! grep -q PKG_CONFIG_PATH err
    make -s -C "$BATS_TEST_DIRNAME/.." install PREFIX=/opt/ar DESTDIR="$PWD/below" LDCONFIG=true >out 2>err
    run ! grep -q PKG_CONFIG_PATH err
}

@test "the template is built with the shared library, and then with the static one; either finds all that it needs" {
    in_scratch
    [ -z "${TESTS_SANITIZED:-}" ] || skip "builds with other flags"
    make -s -C "$BATS_TEST_DIRNAME/.." install PREFIX="$PWD/root" LDCONFIG=true >out 2>err
    cp -R root/share/analysisrun/template own
    export PKG_CONFIG_PATH=$PWD/root/lib/pkgconfig
    make -s -C own
    own/method --version | grep -q '^bright-spots '
    readelf -d own/method | grep -q 'NEEDED.*libanalysisrun'
    make -s -C own STATIC=1
    own/method --version | grep -q '^bright-spots '
    run ! grep -q libanalysisrun <(readelf -d own/method)
    make -C own STATIC=1 >out
    grep -q 'up to date' out
    make -s -C own clean
    find own -type f | sort | diff - <(printf 'own/Makefile\nown/method.c\n')
}

@test "every tool answers --help on standard output, --version, and a wrong option in one line with status 2" {
    in_scratch
    for tool in "$AR_BIN"/ar-*; do
        name=${tool##*/}
        "$tool" --help >out 2>err
        grep -q "^usage: $name " out
        diff /dev/null err
        "$tool" -V | holds "^$name (analysisrun) [0-9]"
        refuses 2 "$name: unknown option '--nonsense'" "see '$name --help'" -- "$tool" --nonsense
        [ "$(wc -l <err)" -eq 1 ]
        refuses 3 'cannot write standard output: No space left on device' -- sh -c "exec $tool --help >/dev/full"
    done
}

# What bash completes of a command line, given as its words; '=' is a word of its own, as bash has it.
completed() {
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _analysisrun "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
    printf '%s\n' "${COMPREPLY[@]}"
}

@test "bash completes the options of every tool, and what some of them take" {
    in_scratch
    . "$SHARE/completions/analysisrun.bash"
    for tool in "$AR_BIN"/ar-*; do
        name=${tool##*/}
        complete -p "$name" | holds _analysisrun
        "$name" --help | grep -oE '^ +(-., )?--[a-z-]+=?' | grep -oE -e '--.*' | sort >help
        completed "$name" -- | sort >lines
        diff help lines
        [ "$(completed "$name" --he)" = --help ]
    done
    mkdir folder && : >file
    [ "$(completed ar-pack -d f)" = folder ]
    [ "$(completed ar-pack --directory = f)" = folder ]
    [ "$(completed ar-split --compress = z)" = zstd ]
    [ "$(completed ar-split -Z '')" = $'gzip\nzstd' ]
    [ -z "$(completed ar-split -s f)" ] # files are what bash itself completes
    [ "$(completed ar-analyze -j 2 -- printen | sort -u)" = printenv ]
}
