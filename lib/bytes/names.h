/* SPDX-License-Identifier: MIT */
/*
 * struct ar_names: different texts in the order in which they came, found by their bytes. A zeroed struct is empty.
 */
#ifndef AR_BYTES_NAMES_H
#define AR_BYTES_NAMES_H

#include "bytes/base.h"

struct ar_name {
    char *text; /* NUL-terminated; stays at its address until the release */
    size_t len;
};

struct ar_names {
    size_t count;
    struct ar_name *name;
    size_t room;
    uint32_t *slot; /* open addressing: number of the name + 1, 0 = free */
    size_t slots;   /* a power of two, or 0 */
};

void ar_names_release(struct ar_names *names);

/* Makes it empty, and keeps its memory, unless that is much. */
void ar_names_clear(struct ar_names *names);

/* The number of the text (from 0), or -1. */
ssize_t ar_names_find(const struct ar_names *names, const char *text, size_t n);

/* The number of the text, which is added (copied) where it is new; *added says so. -1 when memory ran out. */
ssize_t ar_names_add(struct ar_names *names, const char *text, size_t n, bool *added) AR_MUST_USE;

#endif
