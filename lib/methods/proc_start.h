/* SPDX-License-Identifier: MIT */
/*
 * Private to proc: starting a program.
 */
#ifndef AR_METHODS_PROC_START_H
#define AR_METHODS_PROC_START_H

#include "methods/proc.h"

/*
 * What the parent and the child between vfork and execve share. What the child sets is volatile: no compiler expects a function
 * that does not return to change what its caller sees.
 */
struct ar_proc_start {
    const struct ar_proc *proc;
    const char *program;
    int out; /* the program's standard output; -1: /dev/null */
    int log; /* its standard error; -1: the caller's */
    pid_t parent;
    volatile int errnum;       /* why it failed in the child, or 0 */
    const char *volatile step; /* in what; NULL: execve */
};

/*
 * Starts the program. All signals must be blocked: a handler in the child would run in the parent's memory. Returns its number,
 * or -1 with errno; where start->errnum is not 0, the child has ended already, and is to be reaped.
 */
pid_t ar_proc_spawn(struct ar_proc_start *start);

/* What to do when execve said errnum: one sentence, or "". */
const char *ar_proc_exec_hint(const struct ar_proc *proc, const char *program, int errnum);

/* Is that a reason that lies in the machine's state, and not in the program? */
bool ar_proc_is_passing(int errnum);

#endif
