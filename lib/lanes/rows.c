/* SPDX-License-Identifier: MIT */
#include "lanes/rows.h"

enum {
    AHEAD = 32,             /* extents that are fetched while others are copied */
    GATHER = 256 * 1024,    /* bytes of scattered rows that are written at once */
    DIRECT_MIN = 32 * 1024, /* extents of this size are written from where they lie */
};

struct writer {
    const struct ar_rows *rows;
    struct ar_tar_writer *tar;
    struct ar_digest digest;
    struct ar_buf gathered;
};

uint64_t ar_rows_bytes(const struct ar_rows *rows)
{
    return rows->header_len + 1 + (rows->extents ? rows->extents->bytes : 0);
}

static int flush_gathered(struct writer *w, struct ar_error *error)
{
    ar_digest_add(&w->digest, w->gathered.data, w->gathered.len);
    int result = ar_tar_write(w->tar, w->gathered.data, w->gathered.len, error);
    w->gathered.len = 0;
    return result;
}

static int write_direct(struct writer *w, const char *bytes, size_t n, struct ar_error *error)
{
    if (flush_gathered(w, error) != 0)
        return -1;
    ar_digest_add(&w->digest, bytes, n);
    return w->rows->stable ? ar_tar_write_stable(w->tar, bytes, n, error) : ar_tar_write(w->tar, bytes, n, error);
}

static int write_extent(struct writer *w, const struct ar_extent *extent, struct ar_error *error)
{
    const char *bytes = w->rows->data + extent->start;
    if (extent->len >= DIRECT_MIN) {
        if (write_direct(w, bytes, extent->len, error) != 0)
            return -1;
    } else {
        if (w->gathered.len + extent->len + 1 > GATHER && flush_gathered(w, error) != 0)
            return -1;
        memcpy(w->gathered.data + w->gathered.len, bytes, extent->len);
        w->gathered.len += extent->len;
    }
    if (extent->bare)
        w->gathered.data[w->gathered.len++] = '\n';
    return 0;
}

static int write_extents(struct writer *w, struct ar_error *error)
{
    struct ar_extent_walk walk = { .extents = w->rows->extents };
    struct ar_extent ahead[AHEAD];
    for (;;) {
        size_t n = 0;
        while (n < AHEAD && ar_extents_next(&walk, &ahead[n])) {
            __builtin_prefetch(w->rows->data + ahead[n].start);
            __builtin_prefetch(w->rows->data + ahead[n].start + 64);
            n++;
        }
        if (n == 0)
            return 0;
        for (size_t i = 0; i < n; i++)
            if (write_extent(w, &ahead[i], error) != 0)
                return -1;
    }
}

int ar_rows_write(const struct ar_rows *rows, struct ar_tar_writer *tar, char xxh3[AR_DIGEST_HEX + 1], struct ar_error *error)
{
    struct writer w = { .rows = rows, .tar = tar };
    struct ar_extent header = { .start = rows->header_start, .len = rows->header_len, .bare = true };
    uint64_t room = ar_rows_bytes(rows) < GATHER ? ar_rows_bytes(rows) : GATHER;
    ar_digest_init(&w.digest);
    ar_buf_init(&w.gathered);
    int result = ar_buf_reserve(&w.gathered, room + 1) ? 0 : ar_fail_memory(error);
    if (result == 0)
        result = write_extent(&w, &header, error);
    if (result == 0 && rows->extents)
        result = write_extents(&w, error);
    if (result == 0)
        result = flush_gathered(&w, error);
    ar_digest_hex(&w.digest, xxh3);
    ar_buf_release(&w.gathered);
    return result;
}
