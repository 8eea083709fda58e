/* SPDX-License-Identifier: MIT */
#include "lanes/extents.h"

/*
 * Packed: the extent's length, then its distance from the end of the one before, each as a little-endian base-128 number
 * (LEB128). A length of 0 stands before an extent that lacks its line end.
 */
struct ar_extent_chunk {
    struct ar_extent_chunk *next;
    uint32_t used, size;
    unsigned char bytes[];
};

enum { FIRST_CHUNK = 40, LARGEST_CHUNK = 32 * 1024, LARGEST_PACKED = 2 * 10 + 1 };

void ar_extents_release(struct ar_extents *extents)
{
    struct ar_extent_chunk *chunk = extents->first;
    while (chunk) {
        struct ar_extent_chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
    *extents = (struct ar_extents){ 0 };
}

static struct ar_extent_chunk *add_chunk(struct ar_extents *extents)
{
    uint32_t size = extents->last ? 2 * extents->last->size : FIRST_CHUNK;
    if (size > LARGEST_CHUNK)
        size = LARGEST_CHUNK;
    struct ar_extent_chunk *chunk = malloc(sizeof *chunk + size);
    if (!chunk)
        return NULL;
    *chunk = (struct ar_extent_chunk){ .size = size };
    if (extents->last)
        extents->last->next = chunk;
    else
        extents->first = chunk;
    extents->last = chunk;
    return chunk;
}

static unsigned char *pack(unsigned char *to, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        *to++ = (unsigned char)(value | 0x80);
    *to++ = (unsigned char)value;
    return to;
}

static uint64_t unpack(const unsigned char *bytes, size_t *at)
{
    uint64_t value = 0;
    unsigned shift = 0;
    unsigned char byte;
    do {
        byte = bytes[(*at)++];
        value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80);
    return value;
}

/* Packs the open extent. */
static int close_extent(struct ar_extents *extents)
{
    struct ar_extent_chunk *chunk = extents->last;
    if (!chunk || chunk->used + LARGEST_PACKED > chunk->size)
        chunk = add_chunk(extents);
    if (!chunk)
        return -1;
    unsigned char *to = chunk->bytes + chunk->used;
    if (extents->open.bare)
        *to++ = 0;
    to = pack(to, extents->open.len);
    to = pack(to, extents->open.start - extents->packed_end);
    chunk->used = (uint32_t)(to - chunk->bytes);
    extents->packed_end = extents->open.start + extents->open.len;
    return 0;
}

int ar_extents_add(struct ar_extents *extents, uint64_t rows, uint64_t start, uint64_t end, uint64_t next, bool lf)
{
    struct ar_extent *open = &extents->open;
    extents->rows += rows;
    extents->bytes += end - start + 1;
    if (lf && !open->bare && open->start + open->len == start && open->len) {
        open->len = next - open->start;
        return 0;
    }
    if (open->len && close_extent(extents) != 0)
        return -1;
    *open = (struct ar_extent){ .start = start, .len = (lf ? next : end) - start, .bare = !lf };
    return 0;
}

int ar_extents_next(struct ar_extent_walk *walk, struct ar_extent *extent)
{
    if (!walk->opened) {
        walk->opened = true;
        walk->chunk = walk->extents->first;
    }
    while (walk->chunk && walk->at == walk->chunk->used) {
        walk->chunk = walk->chunk->next;
        walk->at = 0;
    }
    if (!walk->chunk) {
        *extent = walk->extents->open;
        bool last = !walk->ended && extent->len;
        walk->ended = true;
        return last;
    }
    extent->len = unpack(walk->chunk->bytes, &walk->at);
    extent->bare = extent->len == 0;
    if (extent->bare)
        extent->len = unpack(walk->chunk->bytes, &walk->at);
    extent->start = walk->end + unpack(walk->chunk->bytes, &walk->at);
    walk->end = extent->start + extent->len;
    return 1;
}
