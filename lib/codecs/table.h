/* SPDX-License-Identifier: MIT */
/*
 * A CSV table in memory that knows what was quoted: for results, merged tables, artifacts. It points into the text and
 * holds 4 bytes per cell beside it.
 */
#ifndef AR_CODECS_TABLE_H
#define AR_CODECS_TABLE_H

#include "codecs/csv.h"

struct ar_cell {
    const char *text; /* without the quotes around it; not NUL-terminated */
    size_t len;
    bool quoted;
    bool doubled;     /* "" in text stands for one quote */
};

struct ar_table {
    const char *text;            /* the caller's; it must stay */
    struct ar_csv_header header;
    size_t columns;
    char *const *name;           /* of the columns: the header's */
    size_t rows;
    uint32_t *at;                /* columns + 1 per row, the header first: the row's start, then each cell's end */
};

/*
 * Reads the table in text by DESIGN's rules for CSV. what names it in messages ("standard output", "entry 'artifacts'").
 * 0, or -1 (AR_INPUT): no header, a row that is not as the rules have it, more than 4 GiB.
 */
int ar_table_parse(struct ar_table *table, const char *text, size_t n, const char *what, struct ar_error *error) AR_MUST_USE;
void ar_table_release(struct ar_table *table);

/* The column's number, or -1. */
ssize_t ar_table_find(const struct ar_table *table, const char *name);

#define AR_TABLE_HEADER SIZE_MAX /* the header's row number in the two functions below */

/* A cell, rows and columns counted from 0. */
struct ar_cell ar_table_cell(const struct ar_table *table, size_t row, size_t column);

/* A whole row as it stands in the text, without its line end. */
const char *ar_table_row(const struct ar_table *table, size_t row, size_t *len);

/* The number of the line in which a row begins, from 1: for messages (it counts from the start of the text). */
uint64_t ar_table_line(const struct ar_table *table, size_t row);

/* ---- cells ---------------------------------------------------------------------------------------------------------- */

/* Appends the value of a cell. */
void ar_cell_add(struct ar_buf *out, const struct ar_cell *cell);

/* Is the value of the cell this text? */
bool ar_cell_is(const struct ar_cell *cell, const char *text, size_t n);

/*
 * Splits the row that begins at *pos. Sets at[0] to its start and at[i] to the end of its i-th cell (from 1) as offsets
 * in text, for up to max cells, and *pos behind its line end. n is less than 4 GiB. Returns the number of cells; -1
 * where a quoted cell is not closed or has text behind it.
 */
ssize_t ar_row_split(const char *text, size_t n, size_t *pos, uint32_t *at, size_t max);

/* The cell with the number column (from 0) of a row that was split. */
struct ar_cell ar_row_cell(const char *text, const uint32_t *at, size_t column);

#endif
