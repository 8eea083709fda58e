/* SPDX-License-Identifier: MIT */
/*
 * How long work tells how far it is, and is told to stop.
 */
#ifndef AR_BYTES_TICK_H
#define AR_BYTES_TICK_H

#include <signal.h>

#include "bytes/error.h"

struct ar_tick {
    void (*step)(void *arg, uint64_t done); /* called now and then with what is done, in the units of the caller; or NULL */
    void *arg;
    volatile sig_atomic_t *stop; /* not 0: give up; or NULL */
};

/* Calls step. 0, or -1 (AR_SYSTEM, "interrupted") where the work is to stop. tick may be NULL. */
static inline int ar_tick(const struct ar_tick *tick, uint64_t done, struct ar_error *error)
{
    if (tick && tick->step)
        tick->step(tick->arg, done);
    if (tick && tick->stop && *tick->stop)
        return ar_fail_errno(error, EINTR, "the work was stopped");
    return 0;
}

#endif
