/* SPDX-License-Identifier: MIT */
/*
 * An index of all cells of a CSV in memory, made in one pass: 4 bytes for each cell. For tables whose cells and columns are
 * asked for in any order.
 */
#ifndef AR_CODECS_CSV_INDEX_H
#define AR_CODECS_CSV_INDEX_H

#include "codecs/csv.h"

/* Offsets of 32 bits reach so far; larger tables are cut, between two rows, into pieces with an origin each. */
struct ar_csv_piece {
    size_t row;      /* its first one */
    uint64_t origin; /* where in the data its offsets begin: at the first row, or at line ends before it */
};

struct ar_csv_index {
    const char *data; /* rows without a header; the caller's */
    uint64_t n;
    size_t cells;     /* of each row */
    size_t rows;
    bool quotes;      /* there is a quote somewhere */
    uint32_t *end;    /* where the cells end, row by row, from their piece's origin */
    uint32_t *start;  /* where the rows start, once some were dropped; else NULL */
    struct ar_csv_piece *piece;
    size_t n_pieces;
    size_t room, piece_room; /* of end and piece: kept for the next table */
};

#define AR_CSV_PIECE_MAX (UINT64_C(0xffffffff) - 4096)

/* A zeroed index is empty. */
void ar_csv_index_release(struct ar_csv_index *index);

/*
 * Makes the index of the n bytes at data, rows of so many cells each, which must stay; the memory of what was in it before is used
 * again. first_line: the number of their first line; what names the table in messages. piece_max: AR_CSV_PIECE_MAX, less in tests
 * only. 0, or -1: AR_INPUT for what a scanner refuses (see codecs/csv.h) and for a row as large as a piece, or memory.
 */
int ar_csv_index_make(struct ar_csv_index *index, const char *data, uint64_t n, size_t cells, uint64_t piece_max, enum ar_csv_twin twin,
                      uint64_t first_line, const char *what, struct ar_error *error) AR_MUST_USE;

/* The piece of a row. */
static inline const struct ar_csv_piece *ar_csv_index_piece(const struct ar_csv_index *index, size_t row)
{
    const struct ar_csv_piece *piece = index->piece + index->n_pieces - 1;
    while (piece->row > row)
        piece--;
    return piece;
}

/* The first byte of a row of the piece. */
static inline const char *ar_csv_index_start(const struct ar_csv_index *index, const struct ar_csv_piece *piece, size_t row)
{
    const char *origin = index->data + piece->origin;
    if (index->start)
        return origin + index->start[row];
    const char *at = row == piece->row ? origin : origin + index->end[row * index->cells - 1] + 1;
    while (*at == '\n' || *at == '\r') /* the rest of a CRLF, and blank lines */
        at++;
    return at;
}

/* The bytes of a cell of a row of the piece, with its quotes. */
static inline const char *ar_csv_index_cell(const struct ar_csv_index *index, const struct ar_csv_piece *piece, size_t row, size_t column,
                                            size_t *n)
{
    const char *origin = index->data + piece->origin;
    const uint32_t *end = index->end + row * index->cells + column;
    const char *start = column == 0 ? ar_csv_index_start(index, piece, row) : origin + end[-1] + 1;
    *n = (size_t)(origin + *end - start);
    return start;
}

/* Keeps the rows for which keep gives true; it gets them in their order. 0, or -1 when memory ran out. */
int ar_csv_index_select(struct ar_csv_index *index, bool (*keep)(void *arg, size_t row), void *arg, struct ar_error *error) AR_MUST_USE;

/* ---- for the twins of the scanner ----------------------------------------------------------------------------------- */

struct ar_csv_indexer {
    struct ar_csv_index *index;
    uint64_t piece_max;
    size_t n;       /* offsets so far */
    size_t touched; /* offsets for which memory was taken */
    size_t row_end; /* the offset with this number must be a row's last */
    uint64_t row_start;
    bool memory;    /* ran out */
    bool too_long;  /* a row */
};

struct ar_csv_scan;

/* Index all that scan has; a fault is in what it has seen, or in the indexer. */
void ar_csv_scan_index(struct ar_csv_scan *scan, struct ar_csv_indexer *indexer);
void ar_csv_index_portable(struct ar_csv_scan *scan, struct ar_csv_indexer *indexer);
void ar_csv_index_avx2(struct ar_csv_scan *scan, struct ar_csv_indexer *indexer);

/* Room for the offsets of some blocks; a new piece where the last one is full. False where it cannot go on. */
bool ar_csv_index_prepare(struct ar_csv_indexer *indexer, uint64_t at);

#endif
