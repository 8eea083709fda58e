/* SPDX-License-Identifier: MIT */
/*
 * Entries of an analysis' stream that are not its own, and pass through.
 */
#include <fcntl.h>

#include "bytes/file.h"
#include "methods/analysis_work.h"

/* Unknown entries wait as blocks of a tar, in a file of the lane (or, at the top, until the lanes are written). */
static int put_aside(struct ar_out **out, int *fd, int opened, struct ar_stream *stream, const struct ar_entry *entry,
                     struct ar_error *error)
{
    if (!*out) {
        char name[256];
        *fd = opened;
        *out = ar_out_new(*fd, ar_spool_name(name), AR_FILTER_NONE, error);
        if (!*out)
            return -1;
    }
    struct ar_emit emit;
    ar_emit_init(&emit, *out, false);
    int result = ar_emit_pass(&emit, stream, entry, error);
    ar_emit_release(&emit);
    return result;
}

int ar_analysis_take_rest(struct ar_analysis *a, const struct ar_entry *entry, struct ar_error *error)
{
    int fd = -1;
    if (!a->rest_out && (fd = ar_spool_open(error)) < 0)
        return -1;
    return put_aside(&a->rest_out, &a->rest_fd, fd, a->stream, entry, error);
}

/* What stands at the top behind the first lanes comes behind the last one, whatever is done by now. */
int ar_analysis_take_late(struct ar_analysis *a, const struct ar_entry *entry, struct ar_error *error)
{
    int fd = -1;
    if (!a->late_out && (fd = ar_spool_open(error)) < 0)
        return -1;
    return put_aside(&a->late_out, &a->late_fd, fd, a->stream, entry, error);
}

int ar_analysis_write_late(struct ar_analysis *a, struct ar_error *error)
{
    if (!a->late_out)
        return 0;
    uint64_t n = ar_out_offset(a->late_out);
    if (ar_out_flush(a->late_out, error) != 0)
        return -1;
    return ar_out_copy(a->out, a->late_fd, 0, n, ar_tr("a temporary file"), error);
}

/* What the Python runner's preprocessing left goes on, and waits for the processes of the shares. */
int ar_analysis_take_preprocessed(struct ar_analysis *a, const struct ar_entry *entry, struct ar_error *error)
{
    struct ar_out *out = NULL;
    int fd = openat(a->what.root, AR_SHARE_PREPROCESSED, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return ar_fail_errno(error, errno, "cannot write a file in '%s' (TMPDIR)", a->work.data);
    int result = put_aside(&out, &fd, fd, a->stream, entry, error);
    if (result == 0 && a->cache)
        ar_stream_digest(a->stream, a->cache->run.preprocessed);
    uint64_t n = result == 0 ? ar_out_offset(out) : 0;
    if (result == 0)
        result = ar_out_close(out, error);
    else
        ar_out_abandon(out);
    if (result == 0)
        result = ar_out_copy(a->out, fd, 0, n, "a temporary file", error);
    close(fd);
    return result;
}

int ar_analysis_close_rest(struct ar_analysis *a, struct ar_error *error)
{
    struct ar_out *out = a->rest_out;
    a->rest_out = NULL;
    return out ? ar_out_close(out, error) : 0;
}

/* Puts the unknown entries of a lane that runs where its worker finds them. */
int ar_analysis_send_rest(struct ar_analysis *a, uint32_t number, struct ar_error *error)
{
    char name[32];
    if (a->rest_fd < 0)
        return 0;
    a->lane[number].rest = true;
    ar_lane_job_rest(name, number);
    int fd = openat(a->what.root, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return ar_fail_errno(error, errno, "cannot write a file in '%s' (TMPDIR)", a->work.data);
    int result = ar_copy_fd(fd, name, a->rest_fd, (uint64_t)lseek(a->rest_fd, 0, SEEK_END), ar_tr("a temporary file"), error);
    close(fd);
    return result;
}

/* The lane was dealt with, or is with the workers. */
void ar_analysis_forget_rest(struct ar_analysis *a)
{
    if (a->rest_fd >= 0)
        close(a->rest_fd);
    a->rest_fd = -1;
}
