/* SPDX-License-Identifier: MIT */
/*
 * Reads a table from a Python pickle, and executes nothing: DataFrames and Series as pandas 1.5 to 3.1 write them (protocols 2 to
 * 5), and the tables of codecs/pickle_write.h. A closed list of names is known, and stands for plain data; anything else is
 * refused by its name. Format: CPython's Lib/pickletools.py; the shapes of pandas' and numpy's objects: their own __reduce__.
 *
 * Columns are integers, floats, booleans, texts and Python objects of these types (numpy's numbers too), the nullable types
 * (Int64, Float64, boolean, string) and texts held by Arrow. Times, categories, complex numbers and the like are refused with the
 * name of their column. Memory is bounded by a constant times the pickle's size; so is the text of rows that are shared.
 */
#ifndef AR_CODECS_PICKLE_H
#define AR_CODECS_PICKLE_H

#include "bytes/buf.h"

struct ar_pickle;

enum ar_pickle_kind {
    AR_PICKLE_FRAME,
    AR_PICKLE_SERIES, /* a table of one row: its labels are the columns' names */
    AR_PICKLE_CSV,    /* the table's own bytes, as codecs/pickle_write.h wraps them: see ar_pickle_csv */
};

/* How values become text. Floats have the fewest digits that read back as the same number, in both. */
enum ar_pickle_style {
    /*
     * Byte for byte what pandas' to_csv(index=False) gives: True, and quotes only where a cell needs them. A lone CR needs them, as
     * Python's csv module has it since 3.11.9, 3.12.3 and 3.13 (gh-67044). Large floats of 16 and 32 bits look as by numpy 2.3 or
     * newer, those in a pickle by numpy 1 as by that.
     */
    AR_PICKLE_PANDAS,
    AR_PICKLE_TYPED, /* DESIGN's values in CSV: true, and a text that would read as number, boolean or null is quoted */
};

/*
 * Reads the n bytes at data: one pickle, and nothing behind it. They stay the caller's, and must stay as they are until
 * ar_pickle_free. what names the pickle in messages. NULL on failure: AR_INPUT (not a pickle, damaged, not a table, a type that we
 * do not carry, a name that is not known), AR_SYSTEM (memory).
 */
struct ar_pickle *ar_pickle_read(const char *data, size_t n, const char *what, struct ar_error *error) AR_MUST_USE;

/* NULL is no matter. */
void ar_pickle_free(struct ar_pickle *pickle);

enum ar_pickle_kind ar_pickle_kind(const struct ar_pickle *pickle);

/* Rows and columns; a series has one row. Both are 0 for AR_PICKLE_CSV. */
uint64_t ar_pickle_rows(const struct ar_pickle *pickle);
size_t ar_pickle_columns(const struct ar_pickle *pickle);

/* The CSV's bytes of AR_PICKLE_CSV, which lie in data; NULL for the others. */
const char *ar_pickle_csv(const struct ar_pickle *pickle, size_t *n);

/* Appends the row of the columns' names, with its line end (LF). 0, or -1 (AR_SYSTEM: memory). */
int ar_pickle_header(const struct ar_pickle *pickle, enum ar_pickle_style style, struct ar_buf *out, struct ar_error *error)
    AR_MUST_USE;

/*
 * Appends count rows, the first of them number from (from 0), each with its line end; fewer where the table ends before. So a
 * large table can be written piece by piece. 0, or -1 (AR_SYSTEM: memory; AR_INPUT: AR_PICKLE_CSV has no rows to give).
 */
int ar_pickle_add_rows(const struct ar_pickle *pickle, enum ar_pickle_style style, uint64_t from, uint64_t count,
                       struct ar_buf *out, struct ar_error *error) AR_MUST_USE;

#endif
