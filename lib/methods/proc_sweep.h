/* SPDX-License-Identifier: MIT */
/*
 * Private to proc and pool: ending what a program left running.
 */
#ifndef AR_METHODS_PROC_SWEEP_H
#define AR_METHODS_PROC_SWEEP_H

#include <sys/resource.h>

#include "methods/proc.h"

/* Adds what a process that was reaped has used. */
void ar_proc_account(struct ar_proc_end *end, const struct rusage *usage);

/*
 * Kills and reaps until the caller, a child subreaper, has no child left. The children of a process that dies become the
 * caller's, so that each round finds what the one before brought up. 0, or -1 (AR_SYSTEM): one may not be killed (a
 * set-user-ID program), or there is no /proc to find them in.
 */
int ar_proc_sweep(struct ar_proc_end *end, struct ar_error *error) AR_MUST_USE;

/* Appends the numbers (pid_t) of the caller's children, those that ended and were not reaped too. 0, or -1 (AR_SYSTEM). */
int ar_proc_children(struct ar_buf *children, struct ar_error *error) AR_MUST_USE;

/*
 * As ar_proc_sweep, but spares the n children known, and reaps none of them. For what came to the caller from a child that ended;
 * what known ones start meanwhile is theirs.
 */
int ar_proc_sweep_others(const pid_t *known, size_t n, struct ar_error *error) AR_MUST_USE;

/* Waits until they have ended by themselves, so many milliseconds at most, and reaps those that did. 0 or -1. */
int ar_proc_await_others(const pid_t *known, size_t n, int milliseconds, struct ar_error *error) AR_MUST_USE;

#endif
