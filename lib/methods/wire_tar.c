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

/* ---- the tar that is answered --------------------------------------------------------------------------------------- */

enum {
    SAID_MAX = 64 * 1024, /* bytes that are taken of what a method says */
    SHOWN = 40,           /* of what is no tar */
};

static int hint_one_tar(struct ar_error *error)
{
    return ar_hint(error, "By this contract a method writes one tar to standard output and nothing else; messages belong on "
                          "standard error.");
}

int ar_wire_tar_fail_none(int out, uint64_t n, struct ar_error *error)
{
    char start[AR_TAR_BLOCK + 1] = "";
    ssize_t got = pread(out, start, sizeof start - 1, 0);
    size_t len = strcspn(start, "\n");
    if (n == 0 || got <= 0)
        ar_fail(error, AR_CONTENT, "it printed nothing");
    else if (len == 0 || (unsigned char)start[0] < ' ' || ar_tar_begins(start, (size_t)got))
        error->status = AR_CONTENT;
    else
        ar_fail(error, AR_CONTENT, "it printed '%.*s%s' before its tar", len < SHOWN ? (int)len : SHOWN, start,
                len > SHOWN ? "…" : "");
    return hint_one_tar(error);
}

/* A tar that cannot be read to its end: where text stands behind its end blocks, says which. Else error stays as it is. */
static int fail_behind(int out, uint64_t n, struct ar_error *error)
{
    enum { END = 2 * AR_TAR_BLOCK, TAIL = 2 * END };
    char tail[TAIL + 1] = "";
    uint64_t from = n > TAIL ? n - TAIL : 0;
    ssize_t got = pread(out, tail, TAIL, (off_t)from);
    size_t text = got > 0 ? (size_t)got : 0, zeros = 0;
    while (text > 0 && tail[text - 1])
        text--;
    while (zeros < text && !tail[text - zeros - 1])
        zeros++;
    size_t len = strcspn(tail + text, "\n");
    if (zeros < END || len == 0 || (unsigned char)tail[text] < ' ')
        return -1;
    ar_fail(error, AR_CONTENT, "it printed '%.*s%s' behind its tar", len < SHOWN ? (int)len : SHOWN, tail + text,
            len > SHOWN ? "…" : "");
    return hint_one_tar(error);
}

bool ar_wire_tar_like(const char *bytes, size_t n)
{
    return ar_tar_begins(bytes, n) || (n >= 2 && memcmp(bytes, "\x1f\x8b", 2) == 0);
}

int ar_wire_tar_refuse(const char *bytes, size_t n, struct ar_error *error)
{
    return ar_wire_tar_like(bytes, n) ? ar_fail(error, AR_CONTENT, "it answered with a tar, as " AR_WIRE_TAR_METHODS) : 0;
}

/* Reads it as a tar. 0, or -1 (also AR_INPUT), and map has the entries up to the fault. */
static int read_printed(struct ar_tar_map *map, int out, uint64_t n, struct ar_error *error)
{
    if (ftruncate(out, (off_t)n) != 0 || lseek(out, 0, SEEK_SET) != 0)
        return ar_fail_errno(error, errno, "cannot read what the method printed");
    return ar_tar_map_read(map, out, ar_tr("its standard output"), error);
}

void ar_wire_tar_said(int out, uint64_t n, struct ar_buf *said)
{
    struct ar_tar_map map = { 0 };
    struct ar_error ignored;
    (void)!read_printed(&map, out, n, &ignored);
    const struct ar_tar_item *item = ar_tar_map_find(&map, AR_NAME_ERROR);
    if (item)
        ar_buf_add(said, item->data, item->n < SAID_MAX ? item->n : SAID_MAX);
    ar_tar_map_release(&map);
}

/* The answer holds the entry error: it is what the method has to say. */
static int fail_answered(const struct ar_tar_item *item, struct ar_error *error)
{
    size_t len = 0;
    while (len < item->n && item->data[len] != '\n')
        len++;
    int shown = len < 500 ? (int)len : 500;
    return ar_fail(error, AR_CONTENT, "it answered with an error: %.*s", shown, item->data);
}

int ar_wire_tar_take(struct ar_tar_map *map, int out, uint64_t n, struct ar_error *error)
{
    if (read_printed(map, out, n, error) != 0) {
        if (error->status == AR_SYSTEM)
            return -1;
        error->status = AR_CONTENT;
        return map->n ? fail_behind(out, n, error) : ar_wire_tar_fail_none(out, n, error);
    }
    const struct ar_tar_item *item = ar_tar_map_find(map, AR_NAME_ERROR);
    return item ? fail_answered(item, error) : 0;
}

int ar_wire_tar_read(struct ar_tar_map *map, int out, uint64_t n, enum ar_dialect dialect, enum ar_wire_kind kind,
                     struct ar_error *error)
{
    enum ar_wire_kind found;
    if (ar_wire_tar_take(map, out, n, error) != 0)
        return -1;
    if (ar_wire_tell(map, dialect, &found, error) != 0) {
        error->status = AR_CONTENT;
        return -1;
    }
    if (found == kind)
        return 0;
    return ar_fail(error, AR_CONTENT, "it answered with %s where %s was expected", ar_tr(ar_wire_kind_name(found)),
                   ar_tr(ar_wire_kind_name(kind)));
}

/* The picture that an entry is, or NULL. */
static const char *image_of(const struct ar_tar_item *item, const char *prefix)
{
    size_t n = strlen(prefix), folder = sizeof AR_FOLDER_IMAGES - 1;
    if (strncmp(item->name, prefix, n) != 0 || strncmp(item->name + n, AR_FOLDER_IMAGES, folder) != 0)
        return NULL;
    return item->name + n + folder;
}

int ar_wire_tar_images(const struct ar_tar_map *map, const char *prefix, struct ar_images *images, struct ar_error *error)
{
    *images = AR_IMAGES_NONE;
    for (size_t i = 0; i < map->n; i++) {
        const struct ar_tar_item *item = &map->item[i];
        const char *name = image_of(item, prefix);
        if (name && ar_images_add(images, name, item->image_type, item->data, item->n, error) != 0)
            return -1;
    }
    return ar_images_complete(images, error);
}
