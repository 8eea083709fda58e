/* SPDX-License-Identifier: MIT */
#include "bytes/io.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "bytes/behind.h"
#include "bytes/fd.h"
#include "bytes/filter.h"

enum {
    ROOM = 64 * 1024,       /* what is gathered */
    PIPE_ROOM = 1024 * 1024, /* what a pipe is asked to hold */
    STABLE_MIN = 16 * 1024, /* below that, handing pages over costs more than a copy */
    COPY_ROOM = 256 * 1024,
    BEHIND_MIN = 1024 * 1024, /* less than that is written at once */
};

struct ar_out {
    int fd;
    char *name;
    bool pipe;
    bool regular;
    uint64_t offset;
    bool wants_behind;
    struct ar_behind *behind;   /* NULL while writes go out directly */
    struct ar_encoder *encoder; /* NULL where there is no filter */
    char *copy;                 /* COPY_ROOM bytes, made when first needed */
    size_t len;
    char room[ROOM];
};

/* ---- to the descriptor ---------------------------------------------------------------------------------------------- */

static int fail_write(const struct ar_out *out, int errnum, struct ar_error *error)
{
    return ar_fail_errno(error, errnum, "cannot write '%s'", out->name);
}

/* What was gathered, and bytes behind it. */
static int send_with(struct ar_out *out, const void *bytes, size_t n, struct ar_error *error)
{
    struct iovec pieces[] = {
        {.iov_base = out->room, .iov_len = out->len},
        {.iov_base = (void *)(uintptr_t)bytes, .iov_len = n}, /* writev does not write there */
    };
    out->len = 0;
    if (out->wants_behind && !out->behind && out->offset > BEHIND_MIN) {
        out->behind = ar_behind_new(out->fd);
        out->wants_behind = out->behind != NULL;
    }
    int result = out->behind ? ar_behind_write(out->behind, pieces, AR_COUNT(pieces)) : ar_fd_write(out->fd, pieces, AR_COUNT(pieces));
    return result < 0 ? fail_write(out, errno, error) : 0;
}

/* What was gathered has reached the descriptor when this returns. */
static int settle(struct ar_out *out, struct ar_error *error)
{
    if (out->len > 0 && send_with(out, NULL, 0, error) < 0)
        return -1;
    return out->behind && ar_behind_drain(out->behind) < 0 ? fail_write(out, errno, error) : 0;
}

/* Gathers or sends; an ar_push. */
static int push(void *to, const void *bytes, size_t n, struct ar_error *error)
{
    struct ar_out *out = to;
    if (n > ROOM - out->len || (out->behind && out->len == 0))
        return send_with(out, bytes, n, error);
    if (n > 0)
        memcpy(out->room + out->len, bytes, n);
    out->len += n;
    return 0;
}

/* ---- begin and end -------------------------------------------------------------------------------------------------- */

static void release(struct ar_out *out)
{
    ar_behind_free(out->behind);
    ar_encoder_free(out->encoder);
    free(out->copy);
    free(out->name);
    free(out);
}

struct ar_out *ar_out_new(int fd, const char *name, enum ar_filter filter, struct ar_error *error)
{
    struct ar_out *out = malloc(sizeof(*out));
    if (out == NULL) {
        ar_fail_memory(error);
        return NULL;
    }
    memset(out, 0, offsetof(struct ar_out, room));
    out->fd = fd;
    out->name = strdup(name);
    if (out->name == NULL) {
        ar_fail_memory(error);
        release(out);
        return NULL;
    }
    if (filter != AR_FILTER_NONE) {
        out->encoder = ar_encoder_new(filter, out->name, push, out, error);
        if (out->encoder == NULL) {
            release(out);
            return NULL;
        }
    }
    struct stat status;
    if (fstat(fd, &status) == 0) {
        out->pipe = S_ISFIFO(status.st_mode);
        out->regular = S_ISREG(status.st_mode);
    }
    if (out->pipe && fcntl(fd, F_GETPIPE_SZ) < PIPE_ROOM)
        (void)fcntl(fd, F_SETPIPE_SZ, PIPE_ROOM); /* where the user may have no more of it, it works as it is */
    return out;
}

int ar_out_close(struct ar_out *out, struct ar_error *error)
{
    int result = out->encoder != NULL ? ar_encoder_finish(out->encoder, error) : 0;
    if (result == 0)
        result = settle(out, error);
    release(out);
    return result;
}

void ar_out_abandon(struct ar_out *out)
{
    int kept = errno;
    if (out != NULL)
        release(out);
    errno = kept;
}

uint64_t ar_out_offset(const struct ar_out *out)
{
    return out->offset;
}

/* ---- writing -------------------------------------------------------------------------------------------------------- */

void ar_out_write_behind(struct ar_out *out)
{
    out->wants_behind = true;
}

int ar_out_flush(struct ar_out *out, struct ar_error *error)
{
    return settle(out, error);
}

int ar_out_hand_over(struct ar_out *out, struct ar_error *error)
{
    return out->encoder && ar_encoder_flush(out->encoder, error) < 0 ? -1 : settle(out, error);
}

int ar_out_write(struct ar_out *out, const void *bytes, size_t n, struct ar_error *error)
{
    int result = out->encoder != NULL ? ar_encoder_write(out->encoder, bytes, n, error) : push(out, bytes, n, error);
    if (result == 0)
        out->offset += n;
    return result;
}

int ar_out_write_stable(struct ar_out *out, const void *bytes, size_t n, struct ar_error *error)
{
    if (!out->pipe || out->encoder != NULL || n < STABLE_MIN)
        return ar_out_write(out, bytes, n, error);
    if (ar_out_flush(out, error) < 0)
        return -1;
    size_t done = 0;
    while (done < n) {
        struct iovec piece = {.iov_base = (char *)(uintptr_t)bytes + done, .iov_len = n - done};
        ssize_t got = vmsplice(out->fd, &piece, 1, 0);
        if (got > 0) {
            done += (size_t)got;
            out->offset += (uint64_t)got;
        } else if (got == 0 || errno == EINVAL || errno == ENOSYS || errno == EPERM || errno == ENOMEM) {
            return ar_out_write(out, (const char *)bytes + done, n - done, error);
        } else if (!ar_fd_wait(out->fd, POLLOUT)) {
            return fail_write(out, errno, error);
        }
    }
    return 0;
}

/* ---- copying from a file -------------------------------------------------------------------------------------------- */

static bool is_refusal(int errnum)
{
    switch (errnum) {
    case EXDEV:
    case EINVAL:
    case ENOSYS:
    case EOPNOTSUPP:
    case EBADF: /* out is open for appending */
    case EPERM:
    case ETXTBSY:
    case EOVERFLOW:
        return true;
    default:
        return false;
    }
}

/*
 * Lets the kernel copy, file to file, as far as it does. Not to a pipe or socket: they would only refer to the source's pages,
 * and a source that is written anew would change what the reader has not read yet. The number copied, or -1 on failure.
 */
static int64_t copy_in_kernel(struct ar_out *out, int from_fd, uint64_t offset, uint64_t n, struct ar_error *error)
{
    bool range = true;
    uint64_t done = 0;
    while (out->regular && done < n) {
        off_t at = (off_t)(offset + done);
        size_t piece = n - done < (1u << 30) ? (size_t)(n - done) : 1u << 30;
        ssize_t got = range ? copy_file_range(from_fd, &at, out->fd, NULL, piece, 0) : sendfile(out->fd, from_fd, &at, piece);
        if (got < 0 && !is_refusal(errno))
            return fail_write(out, errno, error);
        if (got > 0)
            done += (uint64_t)got;
        else if (!range)
            break; /* the end, or it cannot: reading tells */
        else
            range = false;
    }
    out->offset += done;
    return (int64_t)done;
}

static int copy_by_reading(struct ar_out *out, int from_fd, uint64_t offset, uint64_t n, const char *from_name,
                           struct ar_error *error)
{
    if (n > 0 && out->copy == NULL && (out->copy = malloc(COPY_ROOM)) == NULL)
        return ar_fail_memory(error);
    while (n > 0) {
        size_t piece = n < COPY_ROOM ? (size_t)n : COPY_ROOM;
        ssize_t got = ar_fd_pread(from_fd, out->copy, piece, offset);
        if (got < 0)
            return ar_fail_errno(error, errno, "cannot read '%s'", from_name);
        if (ar_out_write(out, out->copy, (size_t)got, error) < 0)
            return -1;
        if ((size_t)got < piece)
            return ar_fail(error, AR_SYSTEM, "cannot read '%s': it ends %" PRIu64 " bytes too early", from_name,
                           n - (uint64_t)got);
        offset += piece;
        n -= piece;
    }
    return 0;
}

int ar_out_copy(struct ar_out *out, int from_fd, uint64_t offset, uint64_t n, const char *from_name, struct ar_error *error)
{
    if (out->encoder == NULL && n > ROOM) {
        if (ar_out_flush(out, error) < 0)
            return -1;
        int64_t done = copy_in_kernel(out, from_fd, offset, n, error);
        if (done < 0)
            return -1;
        offset += (uint64_t)done;
        n -= (uint64_t)done;
    }
    return copy_by_reading(out, from_fd, offset, n, from_name, error);
}

int ar_copy_fd(int fd, const char *name, int from, uint64_t n, const char *from_name, struct ar_error *error)
{
    struct ar_out *out = ar_out_new(fd, name, AR_FILTER_NONE, error);
    if (out && ar_out_copy(out, from, 0, n, from_name, error) == 0)
        return ar_out_close(out, error);
    ar_out_abandon(out);
    return -1;
}

int ar_write_fd(int fd, const void *bytes, size_t n, const char *name, struct ar_error *error)
{
    struct iovec piece = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = n}; /* writev does not write there */
    return ar_fd_write(fd, &piece, 1) < 0 ? ar_fail_errno(error, errno, "cannot write '%s'", name) : 0;
}
