/* SPDX-License-Identifier: MIT */
/*
 * What the parts of cli share among themselves.
 */
#ifndef AR_TOOLS_CLI_STATE_H
#define AR_TOOLS_CLI_STATE_H

#include <time.h>

#include "cli/cli.h"

enum cli_level { CLI_ERROR, CLI_WARNING, CLI_INFO, CLI_DEBUG };

struct cli_state {
    const char *name;
    const struct cli_tool *tool;
    enum cli_level level;
    bool quiet;
    char usage[512]; /* the last mistake that was told */
    const char *shrank; /* what is said when a mapped file shrank, where nothing can be looked up */
    /* progress */
    bool progress_wanted;
    bool progress_shown; /* the line is on the terminal now */
    const char *doing, *unit;
    struct timespec started, last;
};
extern struct cli_state cli;

#endif
