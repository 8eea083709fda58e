/* SPDX-License-Identifier: MIT */
/*
 * Where the rows of one lane lie in their source: extents, in order, packed into a few bytes each. Rows that lie together are
 * one extent.
 */
#ifndef AR_LANES_EXTENTS_H
#define AR_LANES_EXTENTS_H

#include "bytes/buf.h"

struct ar_extent {
    uint64_t start;
    uint64_t len;
    bool bare; /* one row without its line end, which must be added */
};

struct ar_extent_chunk;

/* A zeroed struct is an empty list. */
struct ar_extents {
    uint64_t rows;
    uint64_t bytes; /* of the rows, with a LF behind each */
    struct ar_extent open; /* the last one, which may still grow */
    uint64_t packed_end;   /* where the last packed one ends */
    struct ar_extent_chunk *first, *last;
};

void ar_extents_release(struct ar_extents *extents);

/*
 * Appends rows that lie together: from start to end, the last one's line end up to next (see struct ar_csv_row); lf: that is one LF, as
 * that of each row before it must be. Rows must come in order. 0, or -1 when memory ran out.
 */
int ar_extents_add(struct ar_extents *extents, uint64_t rows, uint64_t start, uint64_t end, uint64_t next, bool lf) AR_MUST_USE;

/* Walks the extents. A zeroed walk (but for extents) stands at the first. */
struct ar_extent_walk {
    const struct ar_extents *extents;
    const struct ar_extent_chunk *chunk;
    size_t at;
    uint64_t end;
    bool opened;
    bool ended;
};

/* The next extent: 1, or 0 at the end. */
int ar_extents_next(struct ar_extent_walk *walk, struct ar_extent *extent);

#endif
