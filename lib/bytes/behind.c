/* SPDX-License-Identifier: MIT */
#include "bytes/behind.h"

#include <semaphore.h>
#include <stdatomic.h>

#include "bytes/fd.h"
#include "bytes/region.h"
#include "bytes/thread.h"

enum { BLOCK = 256 * 1024, BLOCKS = AR_BEHIND_ROOM / BLOCK };

/*
 * Blocks are written in the order in which they were filled. The one that was written last is filled next, so that no more of them
 * take memory than are needed. A block is the caller's until it is posted as full, then the thread's until it is posted as free.
 */
struct ar_behind {
    int fd;
    pthread_t thread;
    sem_t free, full;
    atomic_int errnum; /* of the first write that failed: nothing is written after it */
    unsigned filling;  /* number of the block that the caller fills */
    unsigned touched;  /* blocks that have been filled before */
    bool owned;        /* the caller has that block */
    unsigned queue[BLOCKS], queued; /* numbers of the full ones, in turn; how many were ever put there */
    pthread_mutex_t lock;           /* of the next two */
    unsigned stack[BLOCKS], n_free; /* numbers of the free ones */
    size_t len[BLOCKS];
    _Alignas(AR_PAGE) char block[BLOCKS][BLOCK];
};

static void *write_blocks(void *arg)
{
    struct ar_behind *behind = arg;
    for (unsigned turn = 0;; turn++) {
        while (sem_wait(&behind->full) != 0)
            ;
        unsigned i = behind->queue[turn % BLOCKS];
        struct iovec piece = { .iov_base = behind->block[i], .iov_len = behind->len[i] };
        if (behind->errnum == 0 && ar_fd_write(behind->fd, &piece, 1) < 0)
            behind->errnum = errno;
        pthread_mutex_lock(&behind->lock);
        behind->stack[behind->n_free++] = i;
        pthread_mutex_unlock(&behind->lock);
        sem_post(&behind->free);
    }
    return NULL;
}

struct ar_behind *ar_behind_new(int fd)
{
    struct ar_behind *behind = aligned_alloc(AR_PAGE, sizeof *behind);
    if (!behind)
        return NULL;
    behind->fd = fd;
    behind->errnum = 0;
    behind->owned = false;
    behind->touched = 0;
    behind->queued = 0;
    behind->n_free = BLOCKS;
    for (unsigned i = 0; i < BLOCKS; i++)
        behind->stack[i] = BLOCKS - 1 - i;
    pthread_mutex_init(&behind->lock, NULL);
    sem_init(&behind->free, 0, BLOCKS);
    sem_init(&behind->full, 0, 0);
    if (ar_thread_start(&behind->thread, write_blocks, behind))
        return behind;
    free(behind);
    return NULL;
}

/* 0 while all is well. */
static int check(struct ar_behind *behind)
{
    int errnum = behind->errnum;
    if (errnum == 0)
        return 0;
    errno = errnum;
    return -1;
}

static int own_block(struct ar_behind *behind)
{
    if (behind->owned)
        return 0;
    if (sem_wait(&behind->free) != 0)
        return -1;
    pthread_mutex_lock(&behind->lock);
    behind->filling = behind->stack[--behind->n_free];
    pthread_mutex_unlock(&behind->lock);
    behind->owned = true;
    behind->len[behind->filling] = 0;
    if (behind->filling >= behind->touched) {
        behind->touched = behind->filling + 1;
        ar_memory_touch(behind->block[behind->filling], BLOCK);
    }
    return 0;
}

static void pass_block(struct ar_behind *behind)
{
    behind->owned = false;
    behind->queue[behind->queued++ % BLOCKS] = behind->filling;
    sem_post(&behind->full);
}

int ar_behind_write(struct ar_behind *behind, const struct iovec *pieces, int count)
{
    for (int i = 0; i < count; i++) {
        const char *bytes = pieces[i].iov_base;
        for (size_t left = pieces[i].iov_len; left > 0;) {
            if (own_block(behind) < 0 || check(behind) < 0)
                return -1;
            size_t *len = &behind->len[behind->filling], room = BLOCK - *len, n = left < room ? left : room;
            memcpy(behind->block[behind->filling] + *len, bytes, n);
            *len += n;
            bytes += n;
            left -= n;
            if (*len == BLOCK)
                pass_block(behind);
        }
    }
    return check(behind);
}

int ar_behind_drain(struct ar_behind *behind)
{
    if (behind->owned)
        pass_block(behind);
    int taken = 0, result = 0;
    while (taken < BLOCKS && (result = sem_wait(&behind->free)) == 0)
        taken++;
    int errnum = errno;
    while (taken-- > 0)
        sem_post(&behind->free);
    errno = errnum;
    return result < 0 ? -1 : check(behind);
}

void ar_behind_free(struct ar_behind *behind)
{
    if (!behind)
        return;
    pthread_cancel(behind->thread);
    pthread_join(behind->thread, NULL);
    sem_destroy(&behind->free);
    sem_destroy(&behind->full);
    pthread_mutex_destroy(&behind->lock);
    free(behind);
}
