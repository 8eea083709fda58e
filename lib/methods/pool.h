/* SPDX-License-Identifier: MIT */
/*
 * Worker processes that take jobs from one queue, each as soon as it is free.
 *
 * Jobs and replies are messages of at most AR_POOL_MESSAGE bytes. A worker is single-threaded, a child subreaper (methods/proc.h), has empty standard input and
 * output, and ends when the queue is closed or the pool's process dies.
 */
#ifndef AR_METHODS_POOL_H
#define AR_METHODS_POOL_H

#include <poll.h>
#include <signal.h>

#include "bytes/buf.h"

#define AR_POOL_MESSAGE 4096

/*
 * Does one job, in the worker of that number (from 0), and writes its reply (room for AR_POOL_MESSAGE bytes; *reply_len says how many). 0; or -1 where the system said
 * no: the error goes to ar_pool_wait, and the worker ends.
 */
typedef int ar_pool_work(void *context, unsigned worker, const void *job, size_t job_len, void *reply, size_t *reply_len,
                         struct ar_error *error);

struct ar_pool {
    int jobs, replies; /* sockets */
    unsigned n;
    struct ar_pool_worker {
        pid_t pid;
        int pidfd;
    } *worker;
    struct pollfd *polled; /* the workers', and replies */
    unsigned waiting; /* jobs that were sent and not replied to */
};

/* Starts n workers. 0 or -1 (AR_SYSTEM). */
int ar_pool_start(struct ar_pool *pool, unsigned n, ar_pool_work *work, void *context, struct ar_error *error) AR_MUST_USE;

/* Queues a job; the queue holds a few dozen, then this waits for a worker. 0 or -1. */
int ar_pool_send(struct ar_pool *pool, const void *job, size_t n, struct ar_error *error) AR_MUST_USE;

/*
 * Takes a reply; block: waits for one. 1 with *n set; 0 where none is there (or no job is waiting); -1: a worker failed (its error), or was killed.
 */
int ar_pool_wait(struct ar_pool *pool, bool block, void *reply, size_t *n, struct ar_error *error) AR_MUST_USE;

/* Ends the workers, and what they run, and waits for them; a worker that does not end within some seconds is killed. */
void ar_pool_end(struct ar_pool *pool);

#endif
