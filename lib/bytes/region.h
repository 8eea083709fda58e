/* SPDX-License-Identifier: MIT */
/*
 * struct ar_region: room for many bytes at one address. Only what is written to takes memory, so that room can be asked for
 * before it is known how much really comes; it is used again for the next bytes. A zeroed struct is empty.
 */
#ifndef AR_BYTES_REGION_H
#define AR_BYTES_REGION_H

#include "bytes/base.h"

struct ar_region {
    char *data;
    size_t size;
};

/* Room for n bytes; what was in it before is lost. NULL where the system has no such room. */
char *ar_region_reserve(struct ar_region *region, uint64_t n) AR_MUST_USE;

/* Takes memory for n bytes from offset on at once, where the system can: that costs less than page after page as they are written to. */
void ar_region_touch(struct ar_region *region, size_t offset, size_t n);

/* Gives the memory of n bytes from offset on back to the system, where they make whole pages: what they were is lost. */
void ar_region_drop(struct ar_region *region, size_t offset, size_t n);

/* The same for n bytes at any address. */
void ar_memory_touch(void *bytes, size_t n);

void ar_region_release(struct ar_region *region);

#endif
