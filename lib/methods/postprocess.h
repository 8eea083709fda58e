/* SPDX-License-Identifier: MIT */
/*
 * Running a postprocess. By the contract "files" a private folder with the merged table, the artifacts and the params goes in,
 * and its standard output comes back; by "lanes" and "first" a tar goes in, and one comes back.
 */
#ifndef AR_METHODS_POSTPROCESS_H
#define AR_METHODS_POSTPROCESS_H

#include "lanes/merged.h"
#include "methods/manifest.h"
#include "methods/proc.h"

#define AR_POSTPROCESS_OUTPUT_MAX ((uint64_t)1 << 30) /* bytes */

struct ar_postprocess {
    enum ar_contract contract; /* all but "analyzeseq" */
    char *const *argv;     /* as the user wrote it; NULL at its end */
    const char *start_dir; /* absolute: where the tool was started */
    unsigned fields;
    double seconds;        /* time limit; 0: none */
    uint64_t memory;       /* limit of its processes' memory, as in struct ar_proc; 0: none */
    int log;               /* its standard error: a file (empty, for reading too, without O_APPEND), which keeps AR_LOG_MAX bytes
                              of it; or a terminal and the like */
    const volatile sig_atomic_t *stop;
    struct ar_merged *merged; /* what it judges */
    struct ar_error *left; /* tells why something that it left in its folder could not be deleted: no failure of its */
};

/*
 * Runs it, below a process of its own (methods/pool.h), and appends its standard output (of a tar: the table in it, as the
 * other contract would have printed it) to out. 0, or -1: AR_INPUT where the program is not found or cannot be started,
 * AR_CONTENT where it failed, AR_SYSTEM where the system said no or stop was set. What it left in its folder goes, and what it
 * left running is ended: where the calling process is killed, too.
 */
int ar_postprocess_run(const struct ar_postprocess *post, struct ar_buf *out, struct ar_error *error) AR_MUST_USE;

#endif
