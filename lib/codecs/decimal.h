/* SPDX-License-Identifier: MIT */
/*
 * Numbers by their text (JSON's grammar, RFC 8259 section 6), exactly: nothing is rounded, nothing overflows. Each text given
 * must be such a number. Exponents beyond ±10^15 count as that.
 */
#ifndef AR_CODECS_DECIMAL_H
#define AR_CODECS_DECIMAL_H

#include "bytes/base.h"

/* Less than, equal to or greater than 0, as a is to b. 1, 1.0 and 10e-1 are equal, 0 and -0 as well. */
int ar_decimal_compare(const char *a, size_t a_len, const char *b, size_t b_len);

/* Is it a whole number (5, 5.0, 1.5e1)? */
bool ar_decimal_is_integer(const char *text, size_t n);

/* True, and its value, where it is a whole number within ±10^18. */
bool ar_decimal_to_integer(const char *text, size_t n, int64_t *value);

#endif
