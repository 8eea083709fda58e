/* SPDX-License-Identifier: MIT */
#include "bytes/io.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "bytes/fd.h"
#include "bytes/filter.h"

enum {
    ROOM = 256 * 1024,
    PEEK_MAX = 4096,
    DIRECT = 64 * 1024, /* from here on, plain input is read into the caller's memory */
};

/* A decompression bomb is what is larger than both: bytes, and times its compressed size. */
static const uint64_t BOMB_BYTES = UINT64_C(1) << 30;
static const uint64_t BOMB_RATIO = 250;

struct ar_in {
    int fd;
    char *name;
    bool regular;
    uint64_t start; /* where fd stood, if regular */
    uint64_t size;  /* of the file, if regular */
    uint64_t taken;
    uint64_t offset;
    bool ended; /* fd was read to its end */

    enum ar_filter filter;
    struct ar_decoder *decoder; /* NULL where filter is none */
    uint64_t decoded;

    char *room;        /* ROOM bytes, for what comes from fd; made when first needed */
    size_t head_len;   /* bytes in room that were read to find the filter, and come first */
    const char *next;  /* what is delivered next */
    size_t next_len;
    const char *after; /* and what comes behind that, while next is in peeked */
    size_t after_len;
    char peeked[PEEK_MAX];
};

/* ---- from the descriptor -------------------------------------------------------------------------------------------- */

static int fail_read(const struct ar_in *in, int errnum, struct ar_error *error)
{
    if (errnum == EISDIR)
        return ar_fail_open(error, errnum, "cannot read '%s'", in->name);
    return ar_fail_errno(error, errnum, "cannot read '%s'", in->name);
}

static ssize_t take(struct ar_in *in, void *bytes, size_t n, struct ar_error *error)
{
    if (in->ended)
        return 0;
    ssize_t got = ar_fd_read(in->fd, bytes, n);
    if (got < 0)
        return fail_read(in, errno, error);
    in->taken += (uint64_t)got;
    in->ended = got == 0;
    return got;
}

static int make_room(struct ar_in *in, struct ar_error *error)
{
    if (in->room == NULL && (in->room = aligned_alloc(AR_PAGE, ROOM)) == NULL)
        return ar_fail_memory(error);
    return 0;
}

/* Fills the room; an ar_pull. */
static ssize_t pull(void *from, const char **bytes, struct ar_error *error)
{
    struct ar_in *in = from;
    if (make_room(in, error) < 0)
        return -1;
    *bytes = in->room;
    size_t head_len = in->head_len;
    in->head_len = 0;
    return head_len > 0 ? (ssize_t)head_len : take(in, in->room, ROOM, error);
}

static int check_bomb(const struct ar_in *in, struct ar_error *error)
{
    if (in->decoded <= BOMB_BYTES || in->decoded / BOMB_RATIO <= in->taken)
        return 0;
    ar_fail(error, AR_INPUT, "'%s' grows beyond %d times its size when decompressed", in->name, (int)BOMB_RATIO);
    return ar_hint(error, "It looks like a decompression bomb; if it is to be trusted, decompress it into a pipe (%s -dc).",
                   ar_filter_name(in->filter));
}

/* The next run of bytes, after decompression. Its length, 0 at the end, -1 on failure. */
static ssize_t produce(struct ar_in *in, const char **bytes, struct ar_error *error)
{
    if (in->decoder == NULL)
        return pull(in, bytes, error);
    ssize_t got = ar_decoder_next(in->decoder, bytes, error);
    if (got <= 0)
        return got;
    in->decoded += (uint64_t)got;
    return check_bomb(in, error) < 0 ? -1 : got;
}

/* Sees to it that next is not empty. 1, 0 at the end, -1 on failure. */
static int fill(struct ar_in *in, struct ar_error *error)
{
    if (in->next_len > 0)
        return 1;
    if (in->after_len == 0) {
        ssize_t got = produce(in, &in->after, error);
        if (got <= 0)
            return (int)got;
        in->after_len = (size_t)got;
    }
    in->next = in->after;
    in->next_len = in->after_len;
    in->after_len = 0;
    return 1;
}

static void consume(struct ar_in *in, size_t n)
{
    in->next += n;
    in->next_len -= n;
    in->offset += n;
}

/* ---- begin and end -------------------------------------------------------------------------------------------------- */

/* Finds the filter. What had to be read for that stays in the room. */
static int detect(struct ar_in *in, struct ar_error *error)
{
    unsigned char magic[AR_FILTER_MAGIC];
    ssize_t got = 0;
    if (in->regular) {
        got = ar_fd_pread(in->fd, magic, sizeof(magic), in->start);
        if (got < 0)
            return fail_read(in, errno, error);
        in->filter = ar_filter_detect(magic, (size_t)got);
        return 0;
    }
    if (make_room(in, error) < 0)
        return -1;
    do {
        got = take(in, in->room + in->head_len, ROOM - in->head_len, error);
        if (got < 0)
            return -1;
        in->head_len += (size_t)got;
    } while (got > 0 && in->head_len < AR_FILTER_MAGIC);
    in->filter = ar_filter_detect((const unsigned char *)in->room, in->head_len);
    return 0;
}

struct ar_in *ar_in_new(int fd, const char *name, struct ar_error *error)
{
    struct ar_in *in = calloc(1, sizeof(*in));
    if (in == NULL || (in->name = strdup(name)) == NULL) {
        ar_fail_memory(error);
        ar_in_free(in);
        return NULL;
    }
    struct stat status;
    off_t start = lseek(fd, 0, SEEK_CUR);
    in->fd = fd;
    in->next = in->after = in->peeked;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && start >= 0) {
        in->regular = true;
        in->start = (uint64_t)start;
        in->size = (uint64_t)status.st_size;
    }
    if (detect(in, error) < 0) {
        ar_in_free(in);
        return NULL;
    }
    if (in->filter != AR_FILTER_NONE) {
        in->decoder = ar_decoder_new(in->filter, in->name, pull, in, error);
        if (in->decoder == NULL) {
            ar_in_free(in);
            return NULL;
        }
    }
    return in;
}

void ar_in_free(struct ar_in *in)
{
    if (in == NULL)
        return;
    ar_decoder_free(in->decoder);
    free(in->room);
    free(in->name);
    free(in);
}

/* ---- questions ------------------------------------------------------------------------------------------------------ */

const char *ar_in_name(const struct ar_in *in)
{
    return in->name;
}

enum ar_filter ar_in_filter(const struct ar_in *in)
{
    return in->filter;
}

uint64_t ar_in_offset(const struct ar_in *in)
{
    return in->offset;
}

uint64_t ar_in_taken(const struct ar_in *in)
{
    return in->taken;
}

uint64_t ar_in_size(const struct ar_in *in)
{
    return in->size;
}

bool ar_in_place(const struct ar_in *in, int *fd, uint64_t *position)
{
    if (!in->regular || in->decoder != NULL)
        return false;
    *fd = in->fd;
    *position = in->start + in->offset;
    return true;
}

/* ---- reading -------------------------------------------------------------------------------------------------------- */

/* True where the next byte can come from fd without a stop on the way. */
static bool is_direct(const struct ar_in *in)
{
    return in->decoder == NULL && in->head_len == 0 && in->next_len == 0 && in->after_len == 0;
}

ssize_t ar_in_read(struct ar_in *in, void *bytes, size_t n, struct ar_error *error)
{
    char *to = bytes;
    size_t done = 0;
    while (done < n) {
        size_t want = n - done;
        if (want >= DIRECT && is_direct(in)) {
            ssize_t got = take(in, to + done, want, error);
            if (got < 0)
                return -1;
            if (got == 0)
                break;
            in->offset += (uint64_t)got;
            done += (size_t)got;
            continue;
        }
        int filled = fill(in, error);
        if (filled < 0)
            return -1;
        if (filled == 0)
            break;
        size_t piece = want < in->next_len ? want : in->next_len;
        memcpy(to + done, in->next, piece);
        consume(in, piece);
        done += piece;
    }
    return (ssize_t)done;
}

ssize_t ar_in_view(struct ar_in *in, const char **bytes, size_t max, struct ar_error *error)
{
    int filled = max > 0 ? fill(in, error) : 0;
    *bytes = in->next;
    if (filled <= 0)
        return filled;
    size_t n = max < in->next_len ? max : in->next_len;
    consume(in, n);
    return (ssize_t)n;
}

ssize_t ar_in_peek(struct ar_in *in, const char **bytes, size_t n, struct ar_error *error)
{
    if (n > PEEK_MAX)
        n = PEEK_MAX;
    if (in->next_len < n) {
        /* Bytes of several runs are put together; next may be in peeked already. */
        if (in->next_len > 0)
            memmove(in->peeked, in->next, in->next_len);
        in->next = in->peeked;
        while (in->next_len < n) {
            if (in->after_len == 0) {
                ssize_t got = produce(in, &in->after, error);
                if (got < 0)
                    return -1;
                if (got == 0)
                    break;
                in->after_len = (size_t)got;
            }
            size_t piece = n - in->next_len < in->after_len ? n - in->next_len : in->after_len;
            memcpy(in->peeked + in->next_len, in->after, piece);
            in->next_len += piece;
            in->after += piece;
            in->after_len -= piece;
        }
    }
    *bytes = in->next;
    return (ssize_t)(in->next_len < n ? in->next_len : n);
}

/* Seeks forward by n bytes, as far as the file goes. 0, 1 where it ends before, -1 where fd cannot seek after all. */
static int skip_by_seek(struct ar_in *in, uint64_t n)
{
    uint64_t position = in->start + in->offset;
    uint64_t left = in->size > position ? in->size - position : 0;
    uint64_t step = n < left ? n : left;
    if (lseek(in->fd, (off_t)step, SEEK_CUR) < 0)
        return -1;
    in->offset += step;
    in->taken += step;
    return step < n ? 1 : 0;
}

int ar_in_skip(struct ar_in *in, uint64_t n, struct ar_error *error)
{
    while (n > 0) {
        if (in->regular && is_direct(in)) {
            int result = skip_by_seek(in, n);
            return result < 0 ? fail_read(in, errno, error) : result;
        }
        const char *bytes;
        ssize_t got = ar_in_view(in, &bytes, n < ROOM ? (size_t)n : ROOM, error);
        if (got < 0)
            return -1;
        if (got == 0)
            return 1;
        n -= (uint64_t)got;
    }
    return 0;
}

/* ---- whole files ---------------------------------------------------------------------------------------------------- */

static int fail_too_large(const char *name, size_t max, struct ar_error *error)
{
    if (max >> 20 && max % (1 << 20) == 0)
        return ar_fail(error, AR_INPUT, "'%s' is larger than %zu MiB", name, max >> 20);
    return ar_fail(error, AR_INPUT, "'%s' is larger than %zu bytes", name, max);
}

int ar_in_read_all(struct ar_in *in, struct ar_buf *buf, size_t max, struct ar_error *error)
{
    size_t left = max;
    for (;;) {
        const char *bytes;
        ssize_t got = ar_in_view(in, &bytes, ROOM, error);
        if (got < 0)
            return -1;
        if (got == 0)
            return ar_buf_check(buf, error);
        if ((size_t)got > left)
            return fail_too_large(in->name, max, error);
        left -= (size_t)got;
        ar_buf_add(buf, bytes, (size_t)got);
        if (ar_buf_check(buf, error) < 0)
            return -1;
    }
}

static int read_all_fd(int fd, const char *path, struct ar_buf *buf, size_t max, struct ar_error *error)
{
    struct stat status;
    size_t piece = 4096;
    bool sized = false;
    if (fstat(fd, &status) == 0 && status.st_size > 0 && (uint64_t)status.st_size < SIZE_MAX / 2) {
        if ((uint64_t)status.st_size > max && S_ISREG(status.st_mode))
            return fail_too_large(path, max, error);
        piece = (size_t)status.st_size + 1; /* and a byte to see the end */
        sized = S_ISREG(status.st_mode);
    }
    for (size_t total = 0;; piece = ROOM) {
        char *to = ar_buf_reserve(buf, piece);
        if (to == NULL)
            return ar_fail_memory(error);
        ssize_t got = ar_fd_read(fd, to, piece);
        if (got < 0)
            return errno == EISDIR ? ar_fail_open(error, errno, "cannot read '%s'", path)
                                   : ar_fail_errno(error, errno, "cannot read '%s'", path);
        if (got == 0)
            return 0;
        total += (size_t)got;
        if (total > max)
            return fail_too_large(path, max, error);
        ar_buf_grew(buf, (size_t)got);
        if (sized && (size_t)got < piece) /* a file gives less than was asked for only at its end */
            return 0;
        sized = false;
    }
}

int ar_read_file(int dirfd, const char *path, struct ar_buf *buf, size_t max, struct ar_error *error)
{
    int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ar_fail_open(error, errno, "cannot open '%s'", path);
    int result = read_all_fd(fd, path, buf, max, error);
    close(fd);
    return result;
}
