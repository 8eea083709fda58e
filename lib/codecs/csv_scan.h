/* SPDX-License-Identifier: MIT */
/*
 * The scanner's state, shared by its two twins. Each twin classifies 64 bytes into masks in its own way, and both include
 * csv_walk.h, which makes rows of the masks.
 */
#ifndef AR_CODECS_CSV_SCAN_H
#define AR_CODECS_CSV_SCAN_H

#include "codecs/csv.h"

enum {
    AR_CSV_BATCH = 256, /* rows that are given at once, at most */
    AR_CSV_BLOCK = 64,  /* bytes that are classified at once; a block has at most so many rows */
};

/* Where the bytes of a block stand that matter: bit i for byte i. */
struct ar_csv_masks {
    uint64_t quote, comma, lf, cr, nul, high;
};

/* What the byte before a block was. in_quote is all ones or zero, the others one or zero. */
struct ar_csv_carry {
    uint64_t in_quote;   /* a quoted cell goes on */
    uint64_t cell_start; /* a comma, a line end, or the beginning */
    uint64_t closed;     /* a quote that ended a quoted cell, or is the first of two */
    uint64_t cr;         /* a CR that ended a row */
    uint64_t any_cr;     /* a CR, wherever */
};

struct ar_csv_indexer;

struct ar_csv_scan {
    const char *data;
    uint64_t n;
    bool whole;  /* no more bytes will arrive */
    uint64_t at; /* everything before it has been walked; a multiple of AR_CSV_BLOCK, or n */
    struct ar_csv_carry carry;
    uint64_t row_start;
    uint64_t commas;     /* in the row so far */
    uint64_t high_start; /* bytes from here on wait for the UTF-8 check; UINT64_MAX: none do */
    size_t n_rows;       /* in the batch */
    size_t n_bounds;     /* cell bounds in a row: two for each tracked column */
    size_t bound;        /* the next bound to be found in this row */
    size_t first_bound;  /* the first bound that is behind a comma: 1 where column 0 is tracked */
    uint64_t *bounds;    /* by bound: behind how many commas of its row it stands */
    uint64_t *cell;      /* n_bounds for each row of the batch, and for the row that it ends in */
    bool ended;
    uint64_t line_ends;  /* in what has been walked */
    ssize_t (*fill)(struct ar_csv_scan *scan);
    void (*index)(struct ar_csv_scan *scan, struct ar_csv_indexer *indexer); /* see codecs/csv_index.h */
    struct ar_csv_seen seen;
    struct ar_csv_row row[AR_CSV_BATCH];
};

/*
 * Where the blocks end that can be walked now: a byte behind each must be there, for the LF behind a CR, unless nothing more
 * comes.
 */
static inline uint64_t ar_csv_blocks_end(const struct ar_csv_scan *scan)
{
    uint64_t n = scan->whole || scan->n == 0 ? scan->n : scan->n - 1;
    return n - n % AR_CSV_BLOCK;
}

/* Fill the batch: the number of its rows, less than all only at a fault or the end. */
ssize_t ar_csv_fill_portable(struct ar_csv_scan *scan);
ssize_t ar_csv_fill_avx2(struct ar_csv_scan *scan);

/*
 * Walks a block with quotes that are not all where a quoted cell begins or ends, byte by byte: sets *separators and *ends as the
 * masks of a regular block. Returns the number of bytes up to a fault (then scan->seen.fault is set), else n.
 */
unsigned ar_csv_walk_bytes(struct ar_csv_scan *scan, const char *bytes, unsigned n, uint64_t *separators, uint64_t *ends);

/* Checks the bytes that wait for it, up to end; a sequence that is cut at end waits on unless last. -1 at a fault. */
int ar_csv_check_high(struct ar_csv_scan *scan, uint64_t end, bool last);

#endif
