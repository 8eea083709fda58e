#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What holds for every tool that reads a stream, each with a stream of its stage.

load helpers.bash

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    small_lanes lanes.tar 2>/dev/null
    printf '#!/bin/sh\nmkdir images\necho picture >images/p.png\nprintf "{\\"rows\\":%%d}" "$(wc -l <image_analysis_results/as.csv)"\n' >method
    chmod +x method
    ar-pack -q -P t=0.80 <lanes.tar >inputs.tar
    ar-analyze -q -- ./method <inputs.tar >results.tar
    ar-merge -q <results.tar >merged.tar
    ar-post -q <merged.tar >result.tar
}

setup() {
    in_scratch
    tars=$BATS_FILE_TMPDIR
    seed=${AR_SEED:-1}
}

# Runs the function $1 for each tool: with its stream, and the command.
each_tool() {
    "$1" "$tars/split.tar" ar-cleanse --none as --none ss
    "$1" "$tars/lanes.tar" ar-pack
    "$1" "$tars/inputs.tar" ar-analyze -- "$tars/method"
    "$1" "$tars/results.tar" ar-merge
    "$1" "$tars/merged.tar" ar-post
    "$1" "$tars/result.tar" ar-ls --verify
}

streams() {
    python3 "$BATS_TEST_DIRNAME/streams.py" "$@"
}

# Is each of the damages (see streams.py) refused by each tool?
each_tool_refuses() {
    local -a damages=("$@")
    refused() { streams refused "$1" "${damages[@]}" -- "${@:2}"; }
    each_tool refused
}

# Limits the memory of this shell, where the tools can live with that: the sanitizers cannot.
limit_memory() {
    (ulimit -v "$1" && ar-pack --version >/dev/null 2>&1) || return 0
    ulimit -v "$1"
}

# Is bad.tar refused with status 2 and no whole output?
bad() {
    refuses 2 -- "$@" <bad.tar
    [ -s err ]
    is_unfinished out
}

# ---- whole or not ----

@test "no input at all: one line says so, and status 2" {
    empty() {
        shift
        refuses 2 -- "$@" </dev/null
        echo "$1: no input (did the command before it fail?)" | diff - err
    }
    each_tool empty
    empty x ar-split
}

@test "a stream cut at any block is refused: inside an entry, on its border, before its end blocks, within them" {
    cut_it() { streams cuts "$1" "$seed" "${@:2}"; }
    each_tool cut_it
}

@test "anything but zeros behind the end blocks is refused; zeros are no matter" {
    each_tool_refuses 'behind x' "behind $(head -c 3000 "$tars/split.tar" | tr -d '\0')"
    zeros() { { cat "$1" && head -c 10240 /dev/zero; } | "${@:2}" >out 2>err; }
    each_tool zeros
}

@test "a second tar behind the first is refused" {
    two() {
        cat "$1" "$1" >bad.tar
        bad "${@:2}"
    }
    each_tool two
}

flips() {
    streams flips "$1" "$seed" "${@:2}"
}

@test "flipped bits, ar-cleanse: each is refused, or harmless" { flips "$tars/split.tar" ar-cleanse --none as --none ss; }
@test "flipped bits, ar-pack: each is refused, or harmless" { flips "$tars/lanes.tar" ar-pack; }
@test "flipped bits, ar-analyze: each is refused, or harmless" { flips "$tars/inputs.tar" ar-analyze -- "$tars/method"; }
@test "flipped bits, ar-merge: each is refused, or harmless" { flips "$tars/results.tar" ar-merge; }
@test "flipped bits, ar-post: each is refused, or harmless" { flips "$tars/merged.tar" ar-post; }
@test "flipped bits, ar-ls --verify: each is refused, or harmless" { flips "$tars/result.tar" ar-ls --verify; }

@test "a bit in the name of a ledger's digest does not switch it off" {
    sed -z 's/,"xxh3":"\([0-9a-f]*\)"}$/,"xxh2":"\1"}/' "$tars/split.tar" >bad.tar
    run ! cmp -s "$tars/split.tar" bad.tar
    bad ar-cleanse --none as --none ss
    says damaged
}

@test "what is wrong with a stream is said with the stream" {
    streams refused "$tars/split.tar" 'byte 007/image_analysis_results/ss' -- ar-cleanse --none as --none ss 2>/dev/null
    change_entry "$tars/split.tar" bad.tar 007/image_analysis_results/ss 'body[:-2] + b"x\n"'
    bad ar-cleanse --none as --none ss
    says "'standard input': lane '007': entry 'ss' has the digest"
    change_entry "$tars/lanes.tar" bad.tar 007/image_analysis_results/ss 'body[:-2] + b"x\n"'
    bad ar-pack
    says "'standard input': lane '007': entry 'ss' has the digest"
    change_entry "$tars/inputs.tar" bad.tar params 'b"{}"'
    bad ar-analyze -- "$tars/method"
    says "'standard input': entry 'params'"
}

@test "is_file that was lost on the way is no matter: an entry's kind tells it, and it is written again" {
    sed -z 's/is_file=true/is_fine=true/g' "$tars/split.tar" >lost.tar
    run ! cmp -s "$tars/split.tar" lost.tar
    ar-cleanse -q --none as --none ss <lost.tar >cleansed.tar
    grep -oaF '16 is_file=true' cleansed.tar >found
    grep -oaF '16 is_file=true' "$tars/split.tar" | diff - found
}

@test "a row, a byte, a set, a lane or a ledger that is missing, moved or there twice is found" {
    local -a both=('row 0000/image_analysis_results/as' 'byte 007/image_analysis_results/ss' 'drop 007/image_analysis_results/as'
        'drop 007' 'drop 0000' 'byte 0000/sample_name' 'byte targets' 'drop 007/ledger' 'drop 007/data_name' 'drop targets'
        'swap 0000/image_analysis_results/as 007/image_analysis_results/as' 'swap 0000/data_name 007/data_name'
        'twice 007' 'twice 0000/image_analysis_results/as' 'twice targets' 'twice 007/ledger')
    streams refused "$tars/split.tar" "${both[@]}" -- ar-cleanse --none as --none ss
    streams refused "$tars/lanes.tar" "${both[@]}" -- ar-pack
    streams refused "$tars/inputs.tar" "${both[@]}" 'byte 007/params' -- ar-analyze -- "$tars/method"
    streams refused "$tars/inputs.tar" "${both[@]:0:9}" 'byte params' -- ar-ls --verify
}

@test "a result, a picture, a lane or a ledger that is missing, moved or there twice is found" {
    local -a damages=('byte 007/analysis_result' 'drop 007/analysis_result' 'drop 007/images' 'byte 007/images/p.png' 'drop 0000'
        'drop 007/ledger' 'swap 007/analysis_result 0000/analysis_result' 'twice 007/analysis_result' 'twice 0000')
    streams refused "$tars/results.tar" "${damages[@]}" -- ar-merge
    streams refused "$tars/results.tar" "${damages[@]}" -- ar-ls --verify
}

@test "of a merged stream, a row, a table, a picture or a ledger that is missing or there twice is found" {
    local -a damages=('byte analysis_results' 'row analysis_results' 'drop analysis_results' 'drop 007/images/p.png' 'byte 007/images/p.png'
        'drop artifacts' 'row artifacts' 'byte params' 'twice analysis_results' 'twice 007/images/p.png' 'twice ledger')
    streams refused "$tars/merged.tar" "${damages[@]}" 'drop ledger' -- ar-post
    streams refused "$tars/merged.tar" "${damages[@]}" -- ar-ls --verify
}

# ---- tars of other programs ----

@test "the same content in GNU, v7, ustar and pax tars by GNU tar, bsdtar and Python is the same stream" {
    local format tar
    tar --warning=no-unknown-keyword -xf "$tars/split.tar"
    entries "$tars/split.tar" >names
    for format in gnu oldgnu v7 ustar posix; do
        tar --format=$format -cf "gnutar-$format.tar" -T names
    done
    if type bsdtar >/dev/null; then
        for format in gnutar v7 ustar pax; do
            bsdtar --format $format -cf "bsdtar-$format.tar" -T names
        done
    fi
    python3 - <<'END'
import tarfile
for name, form in ('ustar', tarfile.USTAR_FORMAT), ('gnu', tarfile.GNU_FORMAT), ('pax', tarfile.PAX_FORMAT):
    with tarfile.open(f'python-{name}.tar', 'w', format=form) as tar:
        for entry in open('names').read().split('\n')[:-1]:
            tar.add(entry)
END
    sed 's,^,./,' names >dots
    tar -cf with-dots.tar -T dots
    tar --blocking-factor=1 -cf short.tar -T names
    mkdir folders
    sed -n 's,^\([0-9]*\)/data_name,\1,p' names >lanes
    { head -n 2 names; sed 's,$,/,' lanes; tail -n +3 names; } >with-folders
    tar --no-recursion -cf folders.tar -T with-folders
    ar-cleanse --none as --none ss <"$tars/split.tar" >wanted
    for tar in *-*.tar short.tar folders.tar; do
        ar-cleanse --none as --none ss <"$tar" | cmp - wanted || { echo "$tar"; return 1; }
    done
}

@test "our tars are read by GNU tar, bsdtar and Python alike" {
    local tar
    for tar in split lanes inputs results merged result; do
        mkdir gnu bsd
        tar --warning=no-unknown-keyword -C gnu -xf "$tars/$tar.tar"
        python3 - "$tars/$tar.tar" <<'END'
import sys, tarfile
with tarfile.open(sys.argv[1]) as tar:
    for m in tar:
        assert m.isreg() and open('gnu/' + m.name, 'rb').read() == tar.extractfile(m).read(), m.name
END
        if type bsdtar >/dev/null; then
            bsdtar -C bsd -xf "$tars/$tar.tar"
            diff -r gnu bsd
        fi
        rm -r gnu bsd
    done
}

@test "names and lanes of more than 100 and 255 bytes pass, and GNU tar reads them" {
    id=$(printf '%0200d' 7)
    set_name=$(printf 'a%.0s' {1..200})
    printf 'key\n%s\n' "$id" >in.csv
    ar-split --lane-key key "$set_name=in.csv" | ar-cleanse --none "$set_name" | ar-pack >out.tar
    entry out.tar "$id/image_analysis_results/$set_name" | cmp - in.csv
}

# ---- hostile tars ----

@test "links, devices, FIFOs and sparse files are refused" {
    each_tool_refuses 'add link x' 'add hard x' 'add char x' 'add block x' 'add fifo x' 'add sparse x'
}

@test "absolute names, .., empty parts, line breaks and escape sequences in names are refused, and shown, not sent" {
    each_tool_refuses 'add file /etc/passwd' 'add file ../x' 'add file a/../b' 'add file 0000/../../x' 'add file a//b' 'add file a/./b' \
        $'add file a\nb' $'add file a\x1b[31mb' $'add file \x07' $'add link \u202eb'
}

@test "a header that promises 8 EiB or more is refused at once, and no memory is set aside for it" {
    limit_memory 4000000
    each_tool_refuses 'promise 9223372036854775807' 'promise 9223372036854775808' 'promise 1152921504606846976' \
        'promise 18446744073709551615'
}

@test "what is no tar is refused, and called by its name where it is known" {
    each_tool_refuses $'instead a,b,c\n1,2,3\n' 'instead {"a":1}' $'instead \u0089PNG\r\n\x1a\n' $'instead PK\x03\x04' $'instead \u0080\x04}.'
    printf 'a,b,c\n1,2,3\n' >bad.tar
    bad ar-pack
    says 'not a tar' CSV
}

# ---- compressed ----

@test "compressed streams are detected: gzip, zstd, xz, lz4, bzip2" {
    compressed() {
        "${@:2}" <"$1" >wanted 2>/dev/null
        for program in gzip zstd xz lz4 bzip2; do
            type $program >/dev/null || continue
            $program -c <"$1" | "${@:2}" 2>/dev/null | cmp - wanted
        done
    }
    compressed "$tars/split.tar" ar-cleanse --none as --none ss
    compressed "$tars/lanes.tar" ar-pack
    compressed "$tars/results.tar" ar-merge
    compressed "$tars/merged.tar" ar-post
    compressed "$tars/inputs.tar" ar-analyze -- "$tars/method"
}

@test "a gzip with a wrong CRC, a wrong length, or a cut end is refused" {
    broken() {
        gzip -c <"$1" >good.gz
        python3 - <<'END'
data = open('good.gz', 'rb').read()
open('crc.gz', 'wb').write(data[:-8] + bytes([data[-8] ^ 1]) + data[-7:])
open('length.gz', 'wb').write(data[:-4] + bytes([data[-4] ^ 1]) + data[-3:])
open('trailer.gz', 'wb').write(data[:-8])
open('byte.gz', 'wb').write(data[:-1])
open('half.gz', 'wb').write(data[:len(data) // 2])
open('rubbish.gz', 'wb').write(data + b'rubbish')
END
        for gz in crc length trailer byte half rubbish; do
            cp $gz.gz bad.tar
            bad "${@:2}" || { echo "$gz"; return 1; }
        done
    }
    each_tool broken
}

@test "a cut zstd, xz, lz4 or bzip2 stream is refused" {
    for program in zstd xz lz4 bzip2; do
        type $program >/dev/null || continue
        $program -c <"$tars/lanes.tar" >good
        for n in 3 20; do
            head -c -$n good >bad.tar
            bad ar-pack
        done
    done
}

@test "libarchive is loaded where a stream needs it, and only there; one that cannot be loaded is told, and status 3" {
    zstd -qc <"$tars/lanes.tar" >lanes.tar.zst
    LD_DEBUG=files ar-pack -q <"$tars/lanes.tar" 2>loaded >plain.tar
    grep -qF libc.so loaded
    run ! grep -F libarchive loaded
    LD_DEBUG=files ar-pack -q <lanes.tar.zst 2>loaded | cmp - plain.tar
    grep -qF libarchive loaded
    mkdir broken
    : >broken/libarchive.so.13
    refuses 3 'cannot load libarchive.so.13' 'install libarchive' -- env LD_LIBRARY_PATH="$PWD/broken" ar-pack <lanes.tar.zst
    refuses 3 'cannot load libarchive.so.13' -- env LD_LIBRARY_PATH="$PWD/broken" ar-pack -Z zstd <"$tars/lanes.tar"
    LD_LIBRARY_PATH=$PWD/broken ar-pack -q -Z gzip <"$tars/lanes.tar" | gzip -dc | cmp - plain.tar
}

@test "a gzip within a gzip is no tar: one level is undone" {
    gzip <"$tars/lanes.tar" | gzip >bad.tar
    bad ar-pack
}

@test "a bomb of 64 MiB of zeros in 64 KiB is refused in little memory; AR_SLOW=1 throws one of 1.1 GiB" {
    local mib=64
    [ -z "$AR_SLOW" ] || mib=1126
    limit_memory 400000
    head -c ${mib}M /dev/zero | gzip -c >bad.tar
    bomb() { bad "${@:2}"; }
    each_tool bomb
    { streams damage "promise $((mib << 20))" <"$tars/lanes.tar" | head -c -1024 && head -c ${mib}M /dev/zero; } | gzip -c >bad.tar
    bomb x ar-pack
}

# ---- standard output ----

@test "a full disk is told, and status 3" {
    full() {
        status=0
        "${@:2}" <"$1" >/dev/full 2>err || status=$?
        [ "$status" -eq 3 ]
        says 'No space left on device'
    }
    each_tool full
    full /dev/null ar-split "as=$tars/as.csv"
    for tool in split cleanse pack analyze merge post ls; do
        full /dev/null "ar-$tool" --help
    done
    [ "$(ar-ls "$tars/result.tar" 2>&1 >/dev/full | wc -l)" -eq 1 ]
}

@test "a closed standard output is told, and status 3; none of the files opened takes its place" {
    closed() {
        status=0
        cp "$1" copy.tar
        "${@:2}" <copy.tar >&- 2>err || status=$?
        [ "$status" -eq 3 ]
        cmp copy.tar "$1"
    }
    each_tool closed
    cp "$tars/as.csv" as.csv
    closed "$tars/as.csv" ar-split as=as.csv
    cmp as.csv "$tars/as.csv"
}

@test "a reader that goes away ends a tool by SIGPIPE or with status 3, never with 0" {
    awk 'BEGIN { print "key"; for (i = 0; i < 2000000; i++) print "1" }' >in.csv
    ar-split -q --lane-key key set=in.csv >big.tar
    for tool in 'ar-split -q --lane-key key set=in.csv' 'ar-cleanse -q --none set'; do
        status=0
        { $tool <big.tar 2>err || echo $? >status; } | head -c 100 >/dev/null
        [ "$(cat status)" = 141 ] || [ "$(cat status)" = 3 ]
        rm status
    done
}

@test "a tar is never written to a terminal" {
    type script >/dev/null || skip "script is not installed"
    terminal() {
        [ "$2" = ar-ls ] || script -qec "$(printf '%q ' "${@:2}") <$1 2>err; echo \$? >status" /dev/null </dev/null >screen
        [ "$2" = ar-ls ] || [ "$(cat status)" = 2 ]
        [ "$2" = ar-ls ] || says 'standard output is a terminal'
        [ "$2" = ar-ls ] || ! grep -q ustar screen
    }
    each_tool terminal
    terminal /dev/null ar-split "as=$tars/as.csv"
}

@test "the output on top of the input is refused, and the input stays" {
    same() {
        [ "$2" != ar-ls ] || return 0
        cp "$1" same.tar
        set -- "$1" "$2" -o same.tar "${@:3}"
        refuses 2 'input and output at once' -- "${@:2}" <same.tar
        cmp same.tar "$1"
    }
    each_tool same
}

@test "-o writes what standard output gets, whole or not at all" {
    file() {
        [ "$2" != ar-ls ] || return 0
        "${@:2}" <"$1" >wanted 2>/dev/null
        "$2" -o file.tar "${@:3}" <"$1" 2>/dev/null
        cmp wanted file.tar
        head -c 3000 "$1" >bad.tar
        refuses 2 -- "$2" -o file.tar "${@:3}" <bad.tar
        cmp wanted file.tar
        rm file.tar
        refuses 2 -- "$2" -o file.tar "${@:3}" <bad.tar
        [ "$(find . -name '*file.tar*')" = '' ]
    }
    each_tool file
}

@test "-o to a link writes what it leads to; one that leads nowhere, or to what a process has open, is refused and stays" {
    linked() {
        [ "$2" != ar-ls ] || return 0
        "${@:2}" <"$1" >wanted 2>/dev/null
        echo before >target.tar
        ln -s target.tar link.tar
        "$2" -o link.tar "${@:3}" <"$1" 2>/dev/null
        [ "$(readlink link.tar)" = target.tar ]
        cmp wanted target.tar
        ln -sf gone.tar link.tar
        refuses 2 "cannot follow the link 'link.tar': No such file" -- "$2" -o link.tar "${@:3}" <"$1"
        ln -sf /proc/self/fd/1 out.tar
        ln -sf out.tar link.tar
        for to in out.tar link.tar; do
            status=0
            "$2" -o $to "${@:3}" <"$1" >printed 2>err || status=$?
            [ "$status" = 2 ]
            grep -q "cannot create '$to': it is a link to what a process has open" err
            [ ! -s printed ]
            [ "$(readlink out.tar)" = /proc/self/fd/1 ]
        done
        rm link.tar out.tar target.tar
    }
    each_tool linked
}

# ---- signals and temporary files ----

@test "SIGTERM and SIGINT half-way: dead by that signal, no temporary files, no output file" {
    mkdir tmp
    stopped() {
        for signal in TERM INT; do
            TMPDIR=$PWD/tmp dies_by $signal 5000 "$1" "$2" -o "$PWD/tmp/out.tar" "${@:3}"
            find tmp -mindepth 1 | diff /dev/null -
        done
    }
    each_but_ls() { [ "$2" = ar-ls ] || stopped "$@"; }
    each_tool each_but_ls
}

@test "a TMPDIR without space is named, with status 3, and one that is not there" {
    [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null || skip "a file system of its own needs root"
    awk 'BEGIN { print "key"; for (i = 0; i < 300000; i++) print "1" }' >in.csv
    mkdir small
    status=0
    cat in.csv | unshare -m sh -c 'mount -t tmpfs -o size=64k none small && TMPDIR=$PWD/small exec ar-split --lane-key key set=-' >out 2>err || status=$?
    [ "$status" -eq 3 ]
    says "$PWD/small" 'No space left on device'
    is_unfinished out
    status=0
    cat in.csv | TMPDIR=$PWD/none ar-split --lane-key key set=- >out 2>err || status=$?
    [ "$status" -ge 2 ] && [ "$status" -le 3 ]
    says "$PWD/none"
}
