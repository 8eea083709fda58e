/* SPDX-License-Identifier: MIT */
/*
 * Where the entries of lanes wait until it is their turn to be written: files without a name, which one process each writes to,
 * and the one that sends the jobs reads. In each, the lanes lie behind each other in the order of their numbers.
 */
#ifndef AR_METHODS_LANE_SPOOL_H
#define AR_METHODS_LANE_SPOOL_H

#include "bytes/file.h"

struct ar_lane_spool {
    int fd;
    uint64_t base; /* where out began in the file */
    struct ar_out *out;
};

struct ar_lane_spools {
    struct ar_lane_spool *spool; /* by worker, and behind them that of who sends the jobs */
    unsigned n;
};

/* Makes a spool for each of n workers, and room for one more. 0, or -1 (AR_SYSTEM); to be released in both cases. */
int ar_lane_spools_open(struct ar_lane_spools *spools, unsigned n, struct ar_error *error) AR_MUST_USE;

/* The spool of who sends the jobs, which is made when it is first needed; NULL on failure (AR_SYSTEM). */
struct ar_lane_spool *ar_lane_spools_own(struct ar_lane_spools *spools, struct ar_error *error) AR_MUST_USE;
void ar_lane_spools_release(struct ar_lane_spools *spools);

/*
 * After the process that wrote to it has died: what comes next stands behind all that may be there. The entries that the process
 * told of stay where they are. 0 or -1.
 */
int ar_lane_spool_restart(struct ar_lane_spool *spool, struct ar_error *error) AR_MUST_USE;

/* Where in the file the next entry begins. */
uint64_t ar_lane_spool_offset(const struct ar_lane_spool *spool);

#endif
