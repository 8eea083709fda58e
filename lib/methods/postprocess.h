/* SPDX-License-Identifier: MIT */
/*
 * Running a postprocess by the "files" contract: a private folder with the merged table, the artifacts and the params
 * goes in, its standard output comes back.
 */
#ifndef AR_METHODS_POSTPROCESS_H
#define AR_METHODS_POSTPROCESS_H

#include "methods/proc.h"

#define AR_POSTPROCESS_OUTPUT_MAX ((uint64_t)1 << 30) /* bytes */

struct ar_postprocess {
    char *const *argv;     /* as the user wrote it; NULL at its end */
    const char *start_dir; /* absolute: where the tool was started */
    unsigned fields;
    double seconds;        /* time limit; 0: none */
    int log;               /* its standard error: a file (empty, for reading too, without O_APPEND), which keeps AR_LOG_MAX; or else a terminal and the like */
    const volatile sig_atomic_t *stop;
    const struct ar_buf *results, *artifacts, *params; /* texts of its files */
};

/*
 * Runs it and appends its standard output to out. The calling process must be a supervisor (ar_proc_supervise). 0, or
 * -1: AR_INPUT where the program is not found or cannot be started, AR_CONTENT where it failed, AR_SYSTEM where the system said no or stop
 * was set. What it left in its folder goes.
 */
int ar_postprocess_run(const struct ar_postprocess *post, struct ar_buf *out, struct ar_error *error) AR_MUST_USE;

#endif
