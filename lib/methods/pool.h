/* SPDX-License-Identifier: MIT */
/*
 * Worker processes that take jobs from one queue, each as soon as it is free.
 *
 * Jobs and replies are messages of at most AR_POOL_MESSAGE bytes. A worker is single-threaded, a child subreaper
 * (methods/proc.h), has empty standard input and output, and ends when the queue is closed or the pool's process dies.
 *
 * A worker that is killed over a job (by the program that it runs, perhaps) takes that job along and no other: the job comes back
 * as lost, what the worker ran is ended, and another worker takes its place.
 */
#ifndef AR_METHODS_POOL_H
#define AR_METHODS_POOL_H

#include <poll.h>
#include <signal.h>
#include <stdatomic.h>

#include "bytes/buf.h"

#define AR_POOL_MESSAGE 4096

/*
 * Does one job, in the worker of that number (from 0), and writes its reply (room for AR_POOL_MESSAGE bytes; *reply_len says how
 * many). 0; or -1 where the system said no: the error goes to ar_pool_wait, and the worker ends.
 */
typedef int ar_pool_work(void *context, unsigned worker, const void *job, size_t job_len, void *reply, size_t *reply_len,
                         struct ar_error *error);

struct ar_pool_task {
    ar_pool_work *work;
    void (*orphaned)(void *context);   /* in a worker that ends as the pool's process died: clears up in its place; or NULL */
    void *context;                     /* of both: each worker has its own copy */
    const volatile sig_atomic_t *stop; /* the signal that asked to stop (or 0), set by handlers that workers inherit; or NULL */
};

struct ar_pool_reply {
    unsigned worker;
    bool told;    /* it is not the reply yet, but what ar_pool_tell had to say before it */
    bool lost;    /* the worker ended before it replied: bytes are the job's */
    char why[64]; /* then: "was killed by signal 9 (KILL)" */
    size_t n;
    _Alignas(max_align_t) char bytes[AR_POOL_MESSAGE];
};

struct ar_pool {
    struct ar_pool_task task;
    int jobs[2], replies[2]; /* sockets: of this process, of the workers */
    unsigned n;
    struct ar_pool_worker {
        pid_t pid; /* 0: it ended, and is not replaced yet */
        int pidfd;
        char why[64]; /* it ended */
    } *worker;
    struct pollfd *polled;  /* the workers', and replies */
    struct ar_pool_slot {
        void *job; /* that was sent and not replied to, or NULL */
        size_t len;
    } *slot;
    atomic_uint *taker;     /* by slot: 1 + the worker that has it, or 0; shared with the workers, which set it */
    unsigned n_slots;
    unsigned waiting;       /* jobs that were sent and not replied to */
    struct ar_buf children; /* pid_t: that this process had before */
};

/* A pool that was not started; ar_pool_end is allowed. */
void ar_pool_init(struct ar_pool *pool);

/* Starts n workers, 1 at least. 0 or -1 (AR_SYSTEM). */
int ar_pool_start(struct ar_pool *pool, unsigned n, const struct ar_pool_task *task, struct ar_error *error) AR_MUST_USE;

/* Is the queue full: two jobs for each worker? Then ar_pool_wait comes before the next ar_pool_send. */
bool ar_pool_full(const struct ar_pool *pool);

/* Queues a job (copied). 0 or -1. */
int ar_pool_send(struct ar_pool *pool, const void *job, size_t n, struct ar_error *error) AR_MUST_USE;

/*
 * In a worker, of that number, over a job: says n bytes (AR_POOL_MESSAGE at most) that its reply need not wait for. 1; 0 where too much
 * was said that nobody has taken yet; -1.
 */
int ar_pool_tell(const struct ar_pool *pool, unsigned worker, const void *bytes, size_t n, struct ar_error *error) AR_MUST_USE;

/*
 * Takes a reply, what was told before one, or a job that was lost; block: waits for one. What is changed in the task's context before the next call is seen
 * by the worker that takes the place of one that was killed. 1; 0 where none is there (or no job is waiting); -1: a worker failed
 * (its error), or ended without a job, so that it is not known which one may be lost.
 */
int ar_pool_wait(struct ar_pool *pool, bool block, struct ar_pool_reply *reply, struct ar_error *error) AR_MUST_USE;

/* Ends the workers, and what they run, and waits for them; a worker that does not end within some seconds is killed. */
void ar_pool_end(struct ar_pool *pool);

#endif
