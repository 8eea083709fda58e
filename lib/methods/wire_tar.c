/* SPDX-License-Identifier: MIT */
#include "methods/wire_tar.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "codecs/csv.h"
#include "codecs/tar_format.h"
#include "lanes/entries.h"
#include "wire/set.h"

/* ---- the tar that is asked with ------------------------------------------------------------------------------------- */

/* Writes to fd, which is its own. */
static int begin(struct ar_wire_tar *wire, int fd, struct ar_error *error)
{
    char name[256];
    *wire = (struct ar_wire_tar){ .fd = fd };
    wire->out = ar_out_new(wire->fd, ar_spool_name(name), AR_FILTER_NONE, error);
    if (wire->out) {
        ar_tar_writer_init(&wire->tar, wire->out);
        return 0;
    }
    ar_wire_tar_abandon(wire);
    return -1;
}

int ar_wire_tar_open(struct ar_wire_tar *wire, struct ar_error *error)
{
    int fd = ar_spool_open(error);
    return fd >= 0 ? begin(wire, fd, error) : -1;
}

int ar_wire_tar_create(struct ar_wire_tar *wire, int dirfd, const char *name, struct ar_error *error)
{
    int fd = openat(dirfd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    return fd >= 0 ? begin(wire, fd, error) : ar_fail_errno(error, errno, "cannot write '%s' in the work folder", name);
}

void ar_wire_tar_abandon(struct ar_wire_tar *wire)
{
    ar_out_abandon(wire->out);
    if (wire->fd >= 0)
        close(wire->fd);
    *wire = (struct ar_wire_tar){ .fd = -1 };
}

int ar_wire_tar_close(struct ar_wire_tar *wire, struct ar_error *error)
{
    int fd = wire->fd;
    int result = ar_tar_finish(&wire->tar, error);
    if (result == 0)
        result = ar_out_close(wire->out, error);
    else
        ar_out_abandon(wire->out);
    *wire = (struct ar_wire_tar){ .fd = -1 };
    if (result == 0 && lseek(fd, 0, SEEK_SET) < 0)
        result = ar_fail_errno(error, errno, "cannot read a temporary file");
    if (result == 0)
        return fd;
    close(fd);
    return -1;
}

int ar_wire_tar_text(struct ar_wire_tar *wire, const char *name, const char *text, size_t n, struct ar_error *error)
{
    struct ar_tar_meta meta = { .name = name, .size = n };
    return ar_tar_put_whole(&wire->tar, &meta, text, error);
}

/* ---- a pickled frame ------------------------------------------------------------------------------------------------ */

struct frame {
    const char *set;
    const struct ar_manifest *manifest;
    struct ar_wire_frame ends;
};

/* Begins the entry of a set whose CSV has so many bytes, n of them its header, and writes what stands before the CSV. */
static int begin_frame(struct ar_wire_tar *wire, struct frame *frame, const char *header, size_t n, uint64_t csv_bytes,
                       struct ar_error *error)
{
    char name[sizeof AR_FOLDER_SETS + AR_SET_NAME_MAX];
    const struct ar_manifest_set *set = frame->manifest ? ar_manifest_set(frame->manifest, frame->set) : NULL;
    if (ar_wire_frame_init(&frame->ends, header, n, csv_bytes, set ? set->text : NULL, error) != 0)
        return -1;
    snprintf(name, sizeof name, AR_FOLDER_SETS "%s", frame->set);
    struct ar_tar_meta meta = { .name = name, .size = ar_wire_frame_bytes(&frame->ends, csv_bytes), .is_file = true };
    if (ar_tar_put(&wire->tar, &meta, error) != 0)
        return -1;
    return ar_tar_write(&wire->tar, frame->ends.before.data, frame->ends.before.len, error);
}

static int end_frame(struct ar_wire_tar *wire, struct frame *frame, struct ar_error *error)
{
    return ar_tar_write(&wire->tar, frame->ends.behind.data, frame->ends.behind.len, error);
}

/* ---- a set of files ------------------------------------------------------------------------------------------------- */

/* The CSV files of a set, and the header that they begin with. */
struct parts {
    int root;
    char *const *path;
    size_t n;
    struct ar_buf header; /* with its line end */
};

static int open_part(const struct parts *parts, size_t i, struct stat *st, struct ar_error *error)
{
    int fd = ar_open_beneath(parts->root, parts->path[i], O_RDONLY, 0);
    if (fd >= 0 && fstat(fd, st) == 0)
        return fd;
    int errnum = errno;
    if (fd >= 0)
        close(fd);
    return ar_fail_errno(error, errnum, "cannot read '%s' in the work folder", parts->path[i]);
}

/* Finds the header in the first file: all of the file is looked at only where the header is. */
static int read_header(struct parts *parts, struct ar_error *error)
{
    struct stat st;
    struct ar_map map = { 0 };
    struct ar_csv_header header = { 0 };
    int fd = open_part(parts, 0, &st, error);
    struct ar_in *in = fd < 0 ? NULL : ar_in_new(fd, parts->path[0], error);
    int result = in ? ar_map_in(&map, in, UINT64_MAX, error) : -1;
    if (result == 0) {
        result = ar_csv_header_read(&header, map.data, map.len, parts->path[0], error);
        if (result == 0)
            ar_buf_add(&parts->header, map.data, header.next);
        ar_csv_header_release(&header);
        ar_map_release(&map);
    }
    ar_in_free(in);
    if (fd >= 0)
        close(fd);
    return result == 0 ? ar_buf_check(&parts->header, error) : -1;
}

static int fail_header(const struct parts *parts, size_t i, struct ar_error *error)
{
    ar_fail(error, AR_INPUT, "the set '%s' has another header than in the lanes before", parts->path[i]);
    return ar_hint(error, "A method of the contract analyzeseq gets the rows of many lanes as one table.");
}

/* Does the file's last row, which is no header, lack its line end? 1, 0, or -1. */
static int lacks_line_end(const struct parts *parts, int fd, uint64_t size, struct ar_error *error)
{
    char last;
    if (size == parts->header.len)
        return 0;
    if (pread(fd, &last, 1, (off_t)size - 1) != 1)
        return ar_fail_errno(error, errno, "cannot read a set in the work folder");
    return last != '\n' && last != '\r';
}

/* Bytes of the rows of all files, each with its line end. */
static int count_rows(const struct parts *parts, uint64_t *bytes, struct ar_error *error)
{
    *bytes = 0;
    for (size_t i = 0; i < parts->n; i++) {
        struct stat st;
        int fd = open_part(parts, i, &st, error);
        if (fd < 0)
            return -1;
        bool shorter = (uint64_t)st.st_size < parts->header.len;
        int lacks = shorter ? 0 : lacks_line_end(parts, fd, (uint64_t)st.st_size, error);
        close(fd);
        if (shorter)
            return fail_header(parts, i, error);
        if (lacks < 0)
            return -1;
        *bytes += (uint64_t)st.st_size - parts->header.len + (unsigned)lacks;
    }
    return 0;
}

/* Copies the rows of an open file behind its header, which must be that of the others. */
static int copy_open(struct ar_wire_tar *wire, const struct parts *parts, size_t i, int fd, uint64_t size, struct ar_error *error)
{
    size_t n = parts->header.len;
    char *header = malloc(n + 1);
    if (!header)
        return ar_fail_memory(error);
    bool same = pread(fd, header, n, 0) == (ssize_t)n && memcmp(header, parts->header.data, n) == 0;
    free(header);
    if (!same)
        return fail_header(parts, i, error);
    int lacks = lacks_line_end(parts, fd, size, error);
    if (lacks < 0 || ar_tar_write_copy(&wire->tar, fd, n, size - n, parts->path[i], error) != 0)
        return -1;
    return ar_tar_write(&wire->tar, "\n", (size_t)lacks, error);
}

static int copy_rows(struct ar_wire_tar *wire, const struct parts *parts, size_t i, struct ar_error *error)
{
    struct stat st;
    int fd = open_part(parts, i, &st, error);
    if (fd < 0)
        return -1;
    int result = copy_open(wire, parts, i, fd, (uint64_t)st.st_size, error);
    close(fd);
    return result;
}

static int put_parts(struct ar_wire_tar *wire, struct frame *frame, const struct parts *parts, struct ar_error *error)
{
    uint64_t rows;
    if (count_rows(parts, &rows, error) != 0 ||
        begin_frame(wire, frame, parts->header.data, parts->header.len, parts->header.len + rows, error) != 0 ||
        ar_tar_write(&wire->tar, parts->header.data, parts->header.len, error) != 0)
        return -1;
    for (size_t i = 0; i < parts->n; i++)
        if (copy_rows(wire, parts, i, error) != 0)
            return -1;
    return end_frame(wire, frame, error);
}

int ar_wire_tar_set(struct ar_wire_tar *wire, const char *set, int root, char *const *path, size_t n,
                    const struct ar_manifest *manifest, struct ar_error *error)
{
    struct parts parts = { .root = root, .path = path, .n = n };
    struct frame frame = { .set = set, .manifest = manifest };
    ar_buf_init(&parts.header);
    int result = read_header(&parts, error);
    if (result == 0)
        result = put_parts(wire, &frame, &parts, error);
    ar_wire_frame_release(&frame.ends);
    ar_buf_release(&parts.header);
    return result;
}

/* ---- a set that is read from a stream ------------------------------------------------------------------------------- */

enum { PIECE = 256 * 1024, HEADER_FIRST = 4096 };

/* Is the header whole in the bytes that were read so far? Then its length, line end included; 0: more is needed; -1. */
static int64_t find_header(const struct ar_buf *start, bool whole, const char *what, struct ar_error *error)
{
    struct ar_csv_header header = { 0 };
    if (ar_csv_header_read(&header, start->data, start->len, what, error) != 0)
        return whole ? -1 : 0; /* a row that is cut looks wrong */
    uint64_t next = header.next;
    ar_csv_header_release(&header);
    return whole || next < start->len ? (int64_t)next : 0;
}

/* Reads the start of the set, its header at least. Returns the header's length, or -1. */
static int64_t read_start(struct ar_buf *start, struct ar_stream *stream, const struct ar_entry *entry, struct ar_error *error)
{
    const char *bytes;
    for (size_t need = HEADER_FIRST;; need *= 2) {
        ssize_t n = 1;
        while (start->len < need && (n = ar_stream_view(stream, &bytes, PIECE, error)) > 0)
            ar_buf_add(start, bytes, (size_t)n);
        if (n < 0 || ar_buf_check(start, error) != 0)
            return -1;
        int64_t header = find_header(start, n == 0, entry->tar->name, error);
        if (header != 0)
            return header;
    }
}

static int put_stream(struct ar_wire_tar *wire, struct frame *frame, struct ar_buf *start, struct ar_stream *stream,
                      const struct ar_entry *entry, struct ar_error *error)
{
    const char *bytes;
    ssize_t n;
    int64_t header = read_start(start, stream, entry, error);
    if (header < 0 || begin_frame(wire, frame, start->data, (size_t)header, entry->tar->size, error) != 0 ||
        ar_tar_write(&wire->tar, start->data, start->len, error) != 0)
        return -1;
    while ((n = ar_stream_view(stream, &bytes, PIECE, error)) > 0)
        if (ar_tar_write(&wire->tar, bytes, (size_t)n, error) != 0)
            return -1;
    return n == 0 ? end_frame(wire, frame, error) : -1;
}

int ar_wire_tar_stream(struct ar_wire_tar *wire, struct ar_stream *stream, const struct ar_entry *entry,
                       const struct ar_manifest *manifest, struct ar_error *error)
{
    struct frame frame = { .set = entry->base, .manifest = manifest };
    struct ar_buf start;
    ar_buf_init(&start);
    int result = put_stream(wire, &frame, &start, stream, entry, error);
    ar_wire_frame_release(&frame.ends);
    ar_buf_release(&start);
    return result;
}
