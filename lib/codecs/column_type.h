/* SPDX-License-Identifier: MIT */
/*
 * As what type pandas' read_csv (1.5 to 3.1, with its defaults) reads a column: found from its cells without pandas, so that a
 * column that is text in a whole table is read as text in each of its lanes, also where the cells of a lane are all digits.
 *
 * What was seen of a column is a set of bits; that of several parts of it is their union (|). The rules are those of pandas'
 * parser (pandas/_libs/src/parser/tokenizer.c, pandas/_libs/parsers.pyx); tests/interop holds them against pandas itself.
 */
#ifndef AR_CODECS_COLUMN_TYPE_H
#define AR_CODECS_COLUMN_TYPE_H

#include "codecs/csv.h"

/* A cell. Whether it is quoted makes no difference to pandas. */
enum {
    AR_CELL_MISSING = 1, /* empty, NA, null, nan, …; None as well, which is text for pandas 1.5 */
    AR_CELL_BOOLEAN = 2, /* true, false, in any case of letters */
    AR_CELL_INTEGER = 4, /* of 64 bits with its sign; white space around it, leading zeros and a + are no matter */
    AR_CELL_FLOAT = 8,   /* with a point or an exponent, or infinity */
    AR_CELL_HUGE = 16,   /* a number beyond these, which is not the same in every version of pandas */
    AR_CELL_TEXT = 32,
};

enum ar_column_type {
    AR_COLUMN_NO_ROWS,
    AR_COLUMN_EMPTY,   /* all missing: float64 */
    AR_COLUMN_BOOLEAN,
    AR_COLUMN_INTEGER,
    AR_COLUMN_FLOAT,   /* also integers of which some are missing */
    AR_COLUMN_TEXT,
    AR_COLUMN_OTHER,   /* booleans of which some are missing; huge numbers: it depends on the version and on the other cells */
};

/* The bit of a raw cell (with its quotes). */
uint8_t ar_cell_bit(const char *raw, size_t n);

/* The type of a column by the bits of its cells. */
enum ar_column_type ar_column_type(uint8_t seen);

/* "text", "integer", …: for a ledger and for messages. */
const char *ar_column_type_name(enum ar_column_type type);

/* True where no further cell can change the type: the column is text. */
bool ar_column_settled(uint8_t seen);

/*
 * Adds the bits of the cells of rows as a scanner gave them: its i-th tracked cell to seen[i], for n_tracked cells. Columns that
 * are settled are passed over.
 */
void ar_column_look(const struct ar_csv_row *rows, size_t n_rows, const char *data, size_t n_tracked, uint8_t *seen);

/*
 * Adds the bits of the first max_rows rows (UINT64_MAX: all) of data, n bytes of CSV without header, whose rows have so many
 * columns; seen has one byte for each. Columns that settle are not looked at any more, so that text costs nothing; a number costs
 * a few nanoseconds. A fault of the CSV ends it without a word: whoever reads the rows reports it. 0, or -1 (memory).
 */
int ar_column_scan(const char *data, uint64_t n, size_t columns, uint64_t max_rows, uint8_t *seen, struct ar_error *error)
    AR_MUST_USE;

#endif
