/* SPDX-License-Identifier: MIT */
/*
 * Lanes that failed, as a tool tells them last: each with its cause, and, where many failed alike, these together.
 */
#ifndef AR_TOOLS_CLI_FAILURES_H
#define AR_TOOLS_CLI_FAILURES_H

#include "cli/cli.h"
#include "lanes/targets.h"

enum { CLI_FAILURES_TOLD = 20 }; /* at most, one by one */

/* Zeroed, then the first part is filled in. */
struct cli_failures {
    enum cli_failed { CLI_FAILED, CLI_MISSING, CLI_MISSING_FAILED } how; /* what is said of a lane: that it failed, or is missing */
    const char *logs;      /* the folder of LANE.log, or NULL */
    const char *work;      /* the folder of their folders, where these stay, or NULL */
    bool again;            /* --lane runs one again */
    const char *listing;   /* the command that lists them all; NULL: ar-ls */
    const char *command;   /* runs again what failed, and what else has changed by then; or NULL */
    struct cli_failure {
        const struct ar_target *target;
        const char *cause;
        struct ar_buf log; /* without the lines that say no more than the cause */
        bool told;
    } *failure;
    size_t n, room, left_out; /* left_out: where memory was short */
};

/* Adds a lane; target and cause must stay. log: the last lines of its log, or "". */
void cli_failures_add(struct cli_failures *failures, const struct ar_target *target, const char *cause, const char *log);

/* Tells them. */
void cli_failures_tell(struct cli_failures *failures);

/*
 * Where an argument of the method names a file from where the tool was started, which the method does not find from the folder that it runs in: says so. method ends
 * with NULL.
 */
void cli_failures_argument(char *const *method);

void cli_failures_release(struct cli_failures *failures);

#endif
