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
    size_t touched; /* bytes from its start for which memory was taken at once */
};

/* Room for n bytes; what was in it before is lost. NULL where the system has no such room. */
char *ar_region_reserve(struct ar_region *region, uint64_t n) AR_MUST_USE;

void ar_region_release(struct ar_region *region);

/* Gives the memory of n bytes from offset on back to the system, where they make whole pages: what they were is lost. */
void ar_region_drop(struct ar_region *region, size_t offset, size_t n);

/* Takes memory for the first n bytes of a region, as far as this was not done before; ar_memory_touch. */
void ar_region_touch(struct ar_region *region, size_t n);

/* Takes memory for n bytes at any address at once, where the system can: that costs less than page after page as they are written to. */
void ar_memory_touch(void *bytes, size_t n);

/*
 * Takes memory for a region that is being filled from its start, some MiB ahead of who fills it: a thread does that, since new memory
 * costs as much time as what is put into it. NULL where there is no thread or memory for it; then it comes as it is written to.
 */
struct ar_region_ahead *ar_region_ahead_new(const struct ar_region *region) AR_MUST_USE;

/* Says that the region is filled up to here. NULL is no matter. */
void ar_region_ahead_filled(struct ar_region_ahead *ahead, size_t filled);

/* Ends the thread; before the region is released. NULL is no matter. */
void ar_region_ahead_free(struct ar_region_ahead *ahead);

#endif
