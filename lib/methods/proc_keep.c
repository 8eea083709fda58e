/* SPDX-License-Identifier: MIT */
#include "methods/proc_keep.h"

#include "bytes/buf.h"
#include "bytes/file.h"

enum { LINE_MAX_LEFT = 4096 }; /* bytes of a line without its start that are left out, too */

static int fail_write(int fd, struct ar_error *error)
{
    ar_fail_errno(error, errno, "cannot write the log");
    return ar_hint_room(error, fd);
}

static int write_at(int fd, const char *bytes, size_t n, uint64_t offset, struct ar_error *error)
{
    while (n > 0) {
        ssize_t wrote = pwrite(fd, bytes, n, (off_t)offset);

        if (wrote < 0)
            return fail_write(fd, error);
        bytes += wrote;
        offset += (uint64_t)wrote;
        n -= (size_t)wrote;
    }
    return 0;
}

/* Behind the first half, the file is a ring: what comes is written over what came longest ago. */
int ar_log_keep_add(struct ar_log_keep *keep, const char *bytes, size_t n, struct ar_error *error)
{
    uint64_t half = keep->limit / 2, ring = keep->limit - half;

    while (n > 0) {
        bool first = keep->total < half;
        uint64_t offset = first ? keep->total : half + (keep->total - half) % ring;
        uint64_t room = (first ? half : keep->limit) - offset;
        size_t piece = n < room ? n : (size_t)room;

        if (write_at(keep->fd, bytes, piece, offset, error) != 0)
            return -1;
        keep->total += piece;
        bytes += piece;
        n -= piece;
    }
    return 0;
}

/* Appends the ring's bytes, oldest first. */
static int read_ring(const struct ar_log_keep *keep, struct ar_buf *buf, struct ar_error *error)
{
    uint64_t half = keep->limit / 2, ring = keep->limit - half, start = (keep->total - half) % ring;

    for (uint64_t done = 0; done < ring;) {
        uint64_t at = (start + done) % ring;
        size_t want = (size_t)(at >= start ? ring - at : start - at);
        char *room = ar_buf_reserve(buf, want);
        ssize_t n = room ? pread(keep->fd, room, want, (off_t)(half + at)) : 0;

        if (!room)
            return ar_fail_memory(error);
        if (n <= 0)
            return ar_fail_errno(error, n < 0 ? errno : EIO, "cannot read the log");
        ar_buf_grew(buf, (size_t)n);
        done += (uint64_t)n;
    }
    return 0;
}

int ar_log_keep_finish(struct ar_log_keep *keep, struct ar_error *error)
{
    struct ar_buf end, mark;
    uint64_t half = keep->limit / 2;

    if (keep->total <= keep->limit)
        return 0;
    ar_buf_init(&end);
    ar_buf_init(&mark);

    int result = read_ring(keep, &end, error);
    const char *lf = result == 0 ? memchr(end.data, '\n', end.len < LINE_MAX_LEFT ? end.len : LINE_MAX_LEFT) : NULL;
    size_t skip = lf ? (size_t)(lf + 1 - end.data) : 0;

    ar_buf_add_tr(&mark, "\n[... %" PRIu64 " bytes of the log are left out here ...]\n", keep->total - keep->limit + skip);
    if (result == 0)
        result = ar_buf_check(&mark, error);
    if (result == 0)
        result = write_at(keep->fd, mark.data, mark.len, half, error);
    if (result == 0)
        result = write_at(keep->fd, end.data + skip, end.len - skip, half + mark.len, error);
    if (result == 0 && ftruncate(keep->fd, (off_t)(half + mark.len + end.len - skip)) != 0)
        result = fail_write(keep->fd, error);
    ar_buf_release(&end);
    ar_buf_release(&mark);
    return result;
}
