/* SPDX-License-Identifier: MIT */
/*
 * The tar that a method answers.
 */
#include "methods/wire_tar.h"

#include "codecs/tar_format.h"
#include "lanes/entries.h"

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
