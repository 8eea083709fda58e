/* SPDX-License-Identifier: MIT */
/*
 * Numbers as Python and numpy write them: floats with the fewest digits that read back as the same number, and the nearest such
 * decimal where there are several. What is written depends on no locale.
 */
#ifndef AR_CODECS_PICKLE_NUMBER_H
#define AR_CODECS_PICKLE_NUMBER_H

#include "bytes/base.h"

enum {
    AR_NUMBER_MAX = 32,        /* bytes that any of these functions writes at most */
    AR_DIGITS_MAX = 4300,      /* of an integer that Python writes: sys.int_info.default_max_str_digits */
};

enum ar_float_width { AR_FLOAT16, AR_FLOAT32, AR_FLOAT64 };

/* Each writes to to (room for AR_NUMBER_MAX bytes; no NUL) and returns the number of bytes. */
size_t ar_number_signed(char *to, int64_t value);
size_t ar_number_unsigned(char *to, uint64_t value);

/*
 * A float that is a number of the given width: repr() of Python for 64 bits, str() of numpy for the others. With large, a narrow
 * one gets an exponent from 1e16 on, as numpy did before 2.3; else from as many digits on as are sure to be right (1e6, 1e3).
 * inf and nan are "inf", "-inf" and "nan".
 */
size_t ar_number_float(char *to, double value, enum ar_float_width width, bool large);

/* The number that these two bytes are (IEEE 754 binary16). */
double ar_number_half(uint16_t bits);

/*
 * Writes the n bytes of a little-endian two's complement integer in decimal: to needs room for ar_number_big_room(n) bytes.
 * Returns the number of bytes; 0 where it has more than AR_DIGITS_MAX digits.
 */
size_t ar_number_big(char *to, const char *bytes, size_t n);
size_t ar_number_big_room(size_t n);

#endif
