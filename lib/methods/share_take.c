/* SPDX-License-Identifier: MIT */
/*
 * A share's lanes, one after the other: what its process answered of each, its part of the log, and that it was dealt with.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "bytes/file.h"
#include "methods/share_work.h"

enum { NOTES = 64 }; /* lanes whose entries are gathered before they are written */

/* ---- what it answered ----------------------------------------------------------------------------------------------- */

/* Tells why the lane has no result. 1; -1. */
static int blame_end(struct ar_share_work *share, struct ar_lane_work *work, struct ar_lane_done *done, struct ar_error *error)
{
    if (!ar_proc_ok(&share->end))
        return ar_lane_work_fail_end(work, done, &share->end, share->out, error);
    if (share->fault.status == AR_CONTENT)
        *error = share->fault;
    else
        ar_fail(error, AR_CONTENT, "'%s' ended without a result of this lane", share->end.name);
    return ar_lane_work_blame(work, done, error);
}

/* ---- logs ----------------------------------------------------------------------------------------------------------- */

uint64_t ar_share_log_limit(const struct ar_share_work *share)
{
    return share->jobs->logs < 0 ? AR_LOG_MAX_UNKEPT : AR_LOG_MAX;
}

static const struct ar_target *target_of(const void *arg, uint32_t lane)
{
    const struct ar_share_work *share = arg;
    return &share->lane[lane].lane.target;
}

/* Sees which lanes have what of the log; while the process runs, only its first half is in order (methods/proc_keep.h). */
static int see_log(struct ar_share_work *share, uint64_t most, struct ar_error *error)
{
    struct stat st;
    int fd = share->lane[0].log;
    if (fd < 0)
        return 0;
    if (fstat(fd, &st) != 0)
        return ar_fail_errno(error, errno, "cannot read the log");
    uint64_t size = (uint64_t)st.st_size;
    return ar_share_log_read(&share->log, fd, size < most ? size : most, target_of, share, error);
}

/* Of a lane that has no part of a log which is longer than what is in order of it, nobody knows what it said. */
static int note_left_out(const struct ar_share_work *share, struct ar_buf *text, struct ar_error *error)
{
    struct stat st;
    if (text->len > 0)
        return 0;
    if (fstat(share->lane[0].log, &st) != 0)
        return ar_fail_errno(error, errno, "cannot read the log");
    if ((uint64_t)st.st_size > ar_share_log_limit(share) / 2)
        ar_buf_add_tr(text, "[what this lane said, if anything, is left out: the log of its process is longer than %" PRIu64 " KiB]\n",
                      ar_share_log_limit(share) / 2048);
    return ar_buf_check(text, error);
}

/*
 * The log that its failure may quote: the lane's part where the process says which that is, else all of it. The share's file stays as it
 * is till its end.
 */
static int take_log(struct ar_share_work *share, uint32_t i, struct ar_error *error)
{
    struct ar_buf text;
    share->quoted = share->lane[0].log;
    if (!share->log.marked)
        return 0;
    ar_buf_init(&text);
    int result = ar_share_log_text(&share->log, share->lane[0].log, i, &text, error);
    if (result == 0)
        result = note_left_out(share, &text, error);
    share->quoted = -1;
    if (result == 0 && text.len > 0 && (share->quoted = ar_memory_file(text.data, text.len, error)) < 0)
        result = -1;
    ar_buf_release(&text);
    return result;
}

/* Keeps it under the lane's own name: where it is the lane's part, or the lane failed. The share's log is called after its first lane. */
static int keep_log(const struct ar_share_work *share, uint32_t i, bool failed, struct ar_error *error)
{
    struct stat st = { .st_size = 0 };
    if (share->jobs->logs < 0 || i == 0 || !(failed || (share->log.marked && share->quoted >= 0)))
        return 0;
    int fd = ar_lane_work_open_log(&share->lane[i], error), result = fd < 0 ? -1 : 0;
    if (result == 0 && share->quoted >= 0 && fstat(share->quoted, &st) != 0)
        result = ar_fail_errno(error, errno, "cannot read the log");
    if (result == 0 && st.st_size > 0)
        result = ar_copy_fd(fd, ar_tr("the log"), share->quoted, (uint64_t)st.st_size, ar_tr("the log"), error);
    if (result != 0)
        ar_hint_room(error, share->jobs->logs);
    if (fd >= 0)
        close(fd);
    return result;
}

/* The first lane's log has only its part then. */
static int end_log(const struct ar_share_work *share, struct ar_error *error)
{
    struct ar_buf text;
    if (share->jobs->logs < 0 || !share->log.marked)
        return 0;
    ar_buf_init(&text);
    int result = ar_share_log_text(&share->log, share->lane[0].log, 0, &text, error);
    int fd = result == 0 ? ar_lane_work_open_log(&share->lane[0], error) : -1;
    if (fd < 0 || ar_write_fd(fd, text.data, text.len, ar_tr("the log"), error) != 0)
        result = ar_hint_room(error, share->jobs->logs);
    if (fd >= 0)
        close(fd);
    ar_buf_release(&text);
    return result;
}

/* ---- lanes ---------------------------------------------------------------------------------------------------------- */

/* The entries of lanes are there, before it is said so. */
int ar_share_end_notes(struct ar_share_work *share, struct ar_error *error)
{
    return ar_buf_check(&share->notes, error) == 0 ? ar_out_flush(share->jobs->spools.spool[share->worker].out, error) : -1;
}

/* Writes what was gathered to a file. */
int ar_share_write_notes(struct ar_share_work *share, struct ar_error *error)
{
    if (share->n_notes == 0)
        return 0;
    if (share->done_fd < 0)
        share->done_fd = ar_share_open_file(share, "done", O_WRONLY | O_EXCL, error);
    if (share->done_fd < 0 || ar_share_end_notes(share, error) != 0 ||
        ar_write_fd(share->done_fd, share->notes.data, share->notes.len, ar_tr("temporary file"), error) != 0)
        return -1;
    ar_buf_clear(&share->notes);
    share->n_notes = 0;
    return 0;
}

/* Where the notes end that one message holds, of those from at on; *n: how many they are. */
static size_t end_of_message(const struct ar_buf *notes, size_t at, uint32_t *n)
{
    size_t end = at;
    uint32_t size;
    for (*n = 0; end < notes->len; ++*n) {
        memcpy(&size, notes->data + end, sizeof size);
        if (end + sizeof size + size - at > AR_POOL_MESSAGE)
            break;
        end += sizeof size + size;
    }
    return end;
}

/* Says what was noted. What there is no room for now is said later. */
static int tell_notes(struct ar_share_work *share, struct ar_error *error)
{
    struct ar_buf *notes = &share->notes;
    size_t at = 0;
    int told = ar_share_end_notes(share, error) == 0 ? 1 : -1;
    while (told > 0 && at < notes->len) {
        uint32_t n;
        size_t end = end_of_message(notes, at, &n);
        told = ar_pool_tell(share->jobs->pool, share->worker, notes->data + at, end - at, error);
        at = told > 0 ? end : at;
        share->n_notes -= told > 0 ? n : 0;
    }
    memmove(notes->data, notes->data + at, notes->len - at);
    ar_buf_truncate(notes, notes->len - at);
    return told < 0 ? -1 : 0;
}

/*
 * Notes that the lane was dealt with. A worker that takes the answer of one that was killed writes that at once: if it is killed over the
 * next one, it must be known over which.
 */
static int note_done(struct ar_share_work *share, const struct ar_lane_done *done, struct ar_error *error)
{
    uint32_t n = ar_lane_done_size(done);
    ar_buf_add(&share->notes, &n, sizeof n);
    ar_buf_add(&share->notes, done, n);
    share->n_notes++;
    if (share->n_notes < NOTES && !share->job->lost)
        return 0;
    return share->running ? tell_notes(share, error) : ar_share_write_notes(share, error);
}

/* Notes that it is at the lanes before end, one after the other, or at all of them. */
void ar_share_start_lanes(struct ar_share_work *share, uint32_t end)
{
    for (; share->started < end; share->started++)
        ar_lane_job_started(share->jobs, &share->lane[share->started].lane.target);
}

static int take_lane(struct ar_share_work *share, uint32_t i, double seconds, uint64_t memory, struct ar_error *error)
{
    const struct ar_share_calls *calls = share->jobs->contract->shares;
    struct ar_lane_work *work = &share->lane[i];
    struct ar_lane_done done = { .number = ar_share_number(share, i), .spool = share->worker, .seconds = seconds, .memory = memory };
    bool answered = calls->answered(share, i);
    if (i + 1 == share->n && !share->blamed && !ar_share_is_whole(share))
        answered = false; /* a failure is a failure, also behind the last result */
    if (!answered && (share->blamed || share->job->lost)) {
        share->blamed = true;
        return 0; /* it is left for another process, or for who sent the job */
    }
    ar_share_start_lanes(share, i + 1);
    int log = share->lane[0].log;
    if (take_log(share, i, error) != 0)
        return -1;
    work->log = share->quoted;
    share->blamed |= !answered;
    int result = answered ? calls->take(share, i, &done, error) : blame_end(share, work, &done, error);
    bool failed = result == 1;
    if (result >= 0)
        result = keep_log(share, i, failed, error);
    if (result == 0 && failed)
        result = ar_lane_work_failed(work, &done, error);
    if (result == 0)
        result = calls->close(share, i, &done, error);
    work->log = i == 0 ? log : -1;
    if (share->quoted >= 0 && share->quoted != log)
        close(share->quoted);
    return result == 0 ? note_done(share, &done, error) : -1;
}

/* ---- while it runs -------------------------------------------------------------------------------------------------- */

/* Takes the lanes that were answered since, seconds after the process was started. 1; 0 where there are none; -1. */
int ar_share_take_part(struct ar_share_work *share, pid_t pid, double seconds, struct ar_error *error)
{
    uint64_t memory = ar_proc_peak(pid);
    ssize_t n = memory ? share->jobs->contract->shares->part(share, error) : 0;
    if (n <= 0)
        return (int)n;
    ar_proc_forget_peak(pid);
    if (see_log(share, ar_share_log_limit(share) / 2, error) != 0)
        return -1;
    double each = (seconds - share->spent) / (double)n;
    share->spent = seconds;
    int result = 0;
    share->running = true;
    for (; n > 0 && result == 0; n--)
        result = take_lane(share, share->taken++, each, memory, error);
    share->running = false;
    if (result == 0)
        result = tell_notes(share, error);
    if (result == 0)
        ar_share_start_lanes(share, share->taken + 1);
    return result == 0 ? 1 : -1;
}

int ar_share_take_rest(struct ar_share_work *share, struct ar_error *error)
{
    double each = (share->end.seconds - share->spent) / (share->n - share->taken);
    int result = see_log(share, UINT64_MAX, error);
    while (share->taken < share->n && result == 0)
        result = take_lane(share, share->taken++, each, share->end.memory, error);
    return result == 0 ? end_log(share, error) : -1;
}
