/* SPDX-License-Identifier: MIT */
/*
 * Numbers as text and as double or int64_t, exactly, in whatever locale the program is.
 *
 * A number is what Python's float() reads, less blanks and underscores: an optional sign, digits with an optional point (one digit
 * at least), an optional exponent; or inf, infinity, nan in any case of letters.
 */
#ifndef AR_CODECS_REAL_H
#define AR_CODECS_REAL_H

#include "bytes/buf.h"

/* The double that is nearest to the number in text, ties to even; infinity beyond the range. False where it is no number. */
bool ar_real_parse(const char *text, size_t n, double *value);

/* The whole number in text, in any notation (7, 7.0, 70e-1, +7). False where it is none, or not within int64_t. */
bool ar_integer_parse(const char *text, size_t n, int64_t *value);

#define AR_REAL_TEXT 32 /* bytes, with the NUL */

/*
 * The shortest text that reads as value again, in the form of Python's repr: 0.1, 4000.0, 1e+16, 5e-324. value is finite. Returns
 * its length.
 */
size_t ar_real_write(char text[AR_REAL_TEXT], double value);

#endif
