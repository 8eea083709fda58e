/* SPDX-License-Identifier: MIT */
/*
 * The rows of a CSV in memory, found by all processors together: groups of rows that follow one another and have the same bytes in the
 * columns that matter.
 *
 * The data is cut into pieces behind line ends, on the guess that these are no part of a quoted cell, and each piece is scanned by
 * whoever is free. A piece in which the scanner meets a fault, as it does where the guess was wrong, does not count: from there on one
 * scanner goes through all that is left. So what is given, and in what order, never depends on the pieces or the processors.
 */
#ifndef AR_LANES_ROW_GROUPS_H
#define AR_LANES_ROW_GROUPS_H

#include "codecs/csv.h"

#define AR_GROUP_COLUMNS 2

/* Offsets count from the start of the data. */
struct ar_row_group {
    uint64_t start; /* of the first row */
    uint64_t end;   /* of the last row, without its line end */
    uint64_t next;  /* behind that */
    uint64_t rows : 63;
    uint64_t lf : 1; /* the line end is one LF; so is that of each row before the last */
    uint64_t cell[2 * AR_GROUP_COLUMNS]; /* where the cells of the first row begin and end, column by column */
};

struct ar_row_groups;

/*
 * data (n bytes, rows without a header) must stay. cells: how many each row must have. column: numbers of up to AR_GROUP_COLUMNS
 * columns, ascending. workers: processes that may be busy at once; 0: as many as there are processors, and one where the data is
 * small. piece: bytes of a piece; 0: some 256 KiB, less in tests only. NULL when memory ran out.
 */
struct ar_row_groups *ar_row_groups_new(const char *data, uint64_t n, uint64_t cells, const size_t *column, size_t n_columns,
                                        unsigned workers, uint64_t piece) AR_MUST_USE;
void ar_row_groups_free(struct ar_row_groups *groups);

/*
 * The next groups, as many as were found at once: valid until the next call. Returns their number, 0 at the end, -1 at a fault (all rows
 * before it were given) or (then there is no fault in what was seen) when memory ran out.
 */
ssize_t ar_row_groups_next(struct ar_row_groups *groups, const struct ar_row_group **group);

/* What was met: all of it is there after the end. The offsets of a fault count from *base, where a row begins. */
const struct ar_csv_seen *ar_row_groups_seen(const struct ar_row_groups *groups, uint64_t *base);

#endif
