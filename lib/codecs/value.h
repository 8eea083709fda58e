/* SPDX-License-Identifier: MIT */
/*
 * Values: how JSON's types survive in the cells of a CSV (DESIGN, "Values").
 */
#ifndef AR_CODECS_VALUE_H
#define AR_CODECS_VALUE_H

#include "codecs/table.h"

enum ar_kind { AR_KIND_TEXT, AR_KIND_NUMBER, AR_KIND_TRUE, AR_KIND_FALSE, AR_KIND_NULL };

/*
 * The JSON type of a cell. Quoted: text. Unquoted: a number by JSON's grammar, true, false, null where it is empty,
 * null, nan or NaN, else text. The columns data and sample_name are text however quoted. column may be NULL (no column
 * in particular).
 */
enum ar_kind ar_value_kind(const char *text, size_t n, bool quoted, const char *column);

/* As ar_value_kind, for a cell of a table. */
enum ar_kind ar_cell_kind(const struct ar_cell *cell, const char *column);

/*
 * Appends a value as a cell, so that ar_value_kind gives the same kind back: a text is quoted where it would read as
 * something else. text is that of a text or number.
 */
void ar_value_add(struct ar_buf *out, enum ar_kind kind, const char *text, size_t n);

#endif
