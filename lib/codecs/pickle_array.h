/* SPDX-License-Identifier: MIT */
/*
 * numpy's part of a pickle: element types, arrays, single numbers.
 */
#ifndef AR_CODECS_PICKLE_ARRAY_H
#define AR_CODECS_PICKLE_ARRAY_H

#include "codecs/pickle_value.h"

struct ar_pickle_array {
    char kind;      /* i, u, f, b (bool), O (Python objects) */
    uint8_t width;  /* bytes of an element; 0 for O */
    bool swapped;   /* big-endian */
    bool old;       /* by numpy 1 */
    bool fortran;   /* the first dimension varies fastest */
    int dimensions; /* 1 or 2 */
    uint64_t shape[2];
    const char *bytes;                    /* of numbers */
    const struct ar_pickle_value *values; /* of objects */
};

/*
 * 1, and the array; 0: value is no numpy array; -1: one that cannot be carried (the error says what it is), or whose size is not
 * that of its data.
 */
int ar_pickle_array_read(struct ar_pickle_pool *pool, const struct ar_pickle_value *value, struct ar_pickle_array *array)
    AR_MUST_USE;

/* Row number i of an array of two dimensions (0 of one with one) as a column. */
void ar_pickle_array_row(const struct ar_pickle_array *array, uint64_t i, struct ar_pickle_column *column);

/* A number of the width at bytes, as it lies in an array. */
uint64_t ar_pickle_load(const char *bytes, unsigned width, bool swapped);

#endif
