#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What becomes of a postprocess whose process, or whose tool, is killed, and of what it leaves. After every test, nothing that it started
# runs any more, and its TMPDIR is empty.

load helpers.bash

setup() {
    in_scratch
    mark_what_is_started
    lane_results A='{"n":1}'
    ar-merge -q <results.tar >merged.tar
}

teardown() {
    nothing_left
}

@test "when ar-post itself is killed, the postprocess goes, with all that it started and its folder" {
    program judge <<'END'
echo half >half
(setsid setsid sleep 1000 >/dev/null 2>&1 &)
setsid sh -c 'trap "" TERM HUP; : >"$AR_START_DIR/started"; sleep 1000 & sleep 1000' &
sleep 1000
END
    ar-post -- ./judge <merged.tar >out.tar 2>err 3>&- &
    wait_until test -e started
    kill -KILL $!
    wait $! || true
    wait_until nothing_left
    is_unfinished out.tar
}

@test "a postprocess that kills the process above it has failed" {
    program judge <<'END'
setsid sh -c ': >up; sleep 1000 & sleep 1000' &
while [ ! -e up ]; do sleep 0.01; done
kill -9 $PPID
sleep 1000
END
    refuses 1 "the postprocess './judge': its worker was killed by signal 9 (KILL)" -- ar-post -- ./judge <merged.tar
    is_unfinished out
    nothing_left
    program judge <<<'setsid sleep 1000 & kill -TERM $PPID; sleep 1000'
    refuses 1 "its worker was killed by signal 15 (TERM)" -- ar-post -- ./judge <merged.tar
}

@test "a postprocess that floods its log goes on; the log is bounded; a log that is no file gets everything" {
    program judge <<<'echo first >&2; head -c 100M /dev/zero | tr "\\0" "\n" >&2; echo last >&2; echo "[{\"data\":\"A\"}]"'
    ar-post -q --log log -- ./judge <merged.tar >out.tar
    [ "$(stat -c %s log)" -lt $(((16 << 20) + 100)) ]
    grep . log | diff - <(echo first; echo "[... $(((100 << 20) + 6 + 5 + 1 - (16 << 20))) bytes of the log are left out here ...]"; echo last)
    ar-post -q --log /dev/stderr -- ./judge <merged.tar 2>&1 >out.tar | wc -c | diff - <(echo $(((100 << 20) + 6 + 5)))
}

@test "what cannot be deleted of its folder is named and stays, and its result counts" {
    program judge <<'END'
echo x >file
chattr +i file 2>/dev/null && lsattr file | grep -q i || : >"$AR_START_DIR/no-chattr"
echo '[{"data":"A"}]'
END
    ar-post -- ./judge <merged.tar >out.tar 2>err
    [ ! -e no-chattr ] || skip 'no chattr +i here'
    says 'warning: what the postprocess left stays:' "cannot remove 'file': Operation not permitted"
    entry out.tar result_csv | diff - <(printf 'data,sample_name\nA,sample of A\n')
    chattr -i "$TMPDIR"/ar-*/file
    rm -r "$TMPDIR"/ar-*
}
