/* SPDX-License-Identifier: MIT */
/*
 * Private to this room: a lane analyzed in a child process of its own, a fork of the one that reads the lanes. Whatever analyze does
 * there, crash or exit, ends that lane and no other.
 */
#ifndef AR_PROGRAM_LANE_CHILD_H
#define AR_PROGRAM_LANE_CHILD_H

#include "program/answer.h"

struct ar_lane_child {
    int log;    /* a file: what is printed, and emptied after each lane; the caller's */
    int answer; /* a spool: the entries of the lane's answer */
    struct ar_lane_child_word *word; /* shared with the child */
};

/* log: the file that standard output and error go to. 0, or -1 (AR_SYSTEM); to be released in both cases. */
int ar_lane_child_init(struct ar_lane_child *child, int log, struct ar_error *error) AR_MUST_USE;
void ar_lane_child_release(struct ar_lane_child *child);

/*
 * Does what ar_lane_analyze and ar_answer_write do. A child that ends before it has answered fails the lane, with how it ended, and,
 * as details, the end of what it printed. 0, or -1: the system said no.
 */
int ar_lane_child_analyze(struct ar_lane_child *child, struct ar_lane *lane, struct ar_emit *emit, const struct ar_buf *params,
                          const struct ar_buf *rest, struct ar_ledger *ledger, struct ar_error *error) AR_MUST_USE;

#endif
