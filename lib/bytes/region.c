/* SPDX-License-Identifier: MIT */
#include "bytes/region.h"

#include <sys/mman.h>

enum { GRAIN = 1 << 21 }; /* so that a body that is a little larger needs no new room */

void ar_region_release(struct ar_region *region)
{
    if (region->data)
        munmap(region->data, region->size);
    *region = (struct ar_region){ 0 };
}

char *ar_region_reserve(struct ar_region *region, uint64_t n)
{
    if (region->data && region->size >= n)
        return region->data;
    if (n > SIZE_MAX / 2)
        return NULL;
    ar_region_release(region);
    size_t size = ((size_t)n / GRAIN + 1) * GRAIN;
    void *data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (data == MAP_FAILED)
        return NULL;
    *region = (struct ar_region){ data, size };
    return data;
}

void ar_region_touch(struct ar_region *region, size_t offset, size_t n)
{
    if (offset >= region->size)
        return;
    n = n < region->size - offset ? n : region->size - offset;
    ar_memory_touch(region->data + offset, n);
}

void ar_memory_touch(void *bytes, size_t n)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), start = ((uintptr_t)bytes + page - 1) & ~(page - 1);
    uintptr_t end = ((uintptr_t)bytes + n) & ~(page - 1);
    if (start < end)
        (void)madvise((void *)start, end - start, MADV_POPULATE_WRITE); /* a matter of speed only */
}

void ar_region_drop(struct ar_region *region, size_t offset, size_t n)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t start = (offset + page - 1) / page * page, end = (offset + n) / page * page;
    if (start < end && end <= region->size)
        (void)madvise(region->data + start, end - start, MADV_DONTNEED); /* else it is given back with the region */
}
