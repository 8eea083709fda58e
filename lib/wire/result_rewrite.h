/* SPDX-License-Identifier: MIT */
/*
 * Private to results: a table written anew as our canonical CSV, with the lane's column under another name.
 */
#ifndef AR_WIRE_RESULT_REWRITE_H
#define AR_WIRE_RESULT_REWRITE_H

#include "lanes/result.h"

#define AR_WIRE_DATA "data"           /* the lane's column in our tables, and in the present dialect */
#define AR_WIRE_DATA_NAME "data_name" /* in the first dialect */

/* The type of a cell; rows and columns come in their order. */
typedef enum ar_kind ar_wire_kind_of(void *arg, const struct ar_table *table, size_t row, size_t column,
                                     const struct ar_cell *cell);

struct ar_wire_rewrite {
    const char *was, *is;  /* a column of the first name gets the second, unless there is one of that name */
    ar_wire_kind_of *kind; /* NULL: by DESIGN's rules */
    void *arg;
};

/* The name that a column gets. */
const char *ar_wire_column_name(const struct ar_wire_rewrite *rewrite, const struct ar_table *table, size_t column);

/* Appends the table. Memory that runs out is told by ar_buf_check. */
void ar_wire_rewrite(struct ar_buf *out, const struct ar_wire_rewrite *rewrite, const struct ar_table *table);

#endif
