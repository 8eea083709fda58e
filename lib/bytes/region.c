/* SPDX-License-Identifier: MIT */
#include "bytes/region.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "bytes/thread.h"

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
    *region = (struct ar_region){ .data = data, .size = size };
    return data;
}

void ar_memory_touch(void *bytes, size_t n)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), start = ((uintptr_t)bytes + page - 1) & ~(page - 1);
    uintptr_t end = ((uintptr_t)bytes + n) & ~(page - 1);
    if (start < end)
        (void)madvise((void *)start, end - start, MADV_POPULATE_WRITE); /* a matter of speed only */
}

void ar_region_touch(struct ar_region *region, size_t n)
{
    if (n > region->size)
        n = region->size;
    if (n <= region->touched)
        return;
    ar_memory_touch(region->data + region->touched, n - region->touched);
    region->touched = n / AR_PAGE * AR_PAGE;
}

void ar_region_drop(struct ar_region *region, size_t offset, size_t n)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t start = (offset + page - 1) / page * page, end = (offset + n) / page * page;
    if (start < end && end <= region->size)
        (void)madvise(region->data + start, end - start, MADV_DONTNEED); /* else it is given back with the region */
}

/* ---- ahead ---------------------------------------------------------------------------------------------------------- */

enum { STEP = 4 << 20, STEPS_AHEAD = 4 };

struct ar_region_ahead {
    struct ar_region region;
    pthread_t thread;
    sem_t steps; /* that may be taken */
    size_t told; /* bytes for which steps were posted, by the caller */
    atomic_bool stop;
};

static void *take_steps(void *arg)
{
    struct ar_region_ahead *ahead = arg;
    for (size_t at = 0; at < ahead->region.size; at += STEP) {
        while (sem_wait(&ahead->steps) != 0)
            ;
        if (ahead->stop)
            break;
        size_t left = ahead->region.size - at;
        ar_memory_touch(ahead->region.data + at, left < STEP ? left : STEP);
    }
    return NULL;
}

struct ar_region_ahead *ar_region_ahead_new(const struct ar_region *region)
{
    struct ar_region_ahead *ahead = malloc(sizeof *ahead);
    if (!ahead)
        return NULL;
    ahead->region = *region;
    ahead->told = 0;
    ahead->stop = false;
    sem_init(&ahead->steps, 0, STEPS_AHEAD);
    if (ar_thread_start(&ahead->thread, take_steps, ahead))
        return ahead;
    sem_destroy(&ahead->steps);
    free(ahead);
    return NULL;
}

void ar_region_ahead_filled(struct ar_region_ahead *ahead, size_t filled)
{
    while (ahead && filled - ahead->told >= STEP) {
        ahead->told += STEP;
        sem_post(&ahead->steps);
    }
}

void ar_region_ahead_free(struct ar_region_ahead *ahead)
{
    if (!ahead)
        return;
    ahead->stop = true;
    sem_post(&ahead->steps);
    pthread_join(ahead->thread, NULL);
    sem_destroy(&ahead->steps);
    free(ahead);
}
