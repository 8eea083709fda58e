/* SPDX-License-Identifier: MIT */
/*
 * Private to the jobs of workers: a share of the lanes at work, and what differs between the contracts that hand out shares.
 */
#ifndef AR_METHODS_SHARE_WORK_H
#define AR_METHODS_SHARE_WORK_H

#include "methods/lane_work.h"
#include "methods/share_job.h"

struct ar_share_work {
    struct ar_lane_jobs *jobs;
    const struct ar_share_job *job;
    uint32_t n;                /* lanes that the process has: the first of the job's */
    uint32_t started;          /* lanes that it was at, the first of them */
    uint32_t taken;            /* lanes that were dealt with, the first of them */
    struct ar_lane_work *lane; /* one for each of them */
    unsigned worker;
    struct ar_proc_end end;
    int out;                   /* where the answer stands: a file that another worker finds where this one is killed */
    uint64_t answered;         /* its bytes */
    struct ar_error fault;     /* of an answer that is not whole (AR_CONTENT) */
    bool running;              /* lanes are dealt with while it runs */
    double spent;              /* seconds that those took which were dealt with while it ran */
    int done_fd;               /* where it is noted which lanes were dealt with */
    struct ar_buf notes;       /* what is to be noted there, once the lanes' entries are in the spool */
    uint32_t n_notes;
    bool blamed;               /* a lane was found to be the one that failed */
    void *own;                 /* the contract's */
};

/* All but answered and part return 0 or -1 (AR_SYSTEM, AR_INPUT). */
struct ar_share_calls {
    const char *variable, *value; /* of the environment */

    /* Reads what is needed of each lane, before a method can change it. */
    int (*open)(struct ar_share_work *share, struct ar_error *error);

    /* What stands on standard input, at its start: a descriptor, the caller's; -1. */
    int (*ask)(struct ar_share_work *share, struct ar_error *error);

    /*
     * Reads on in an answer that is not complete yet: how many lanes behind those that were taken can be taken now, never the last one;
     * or -1. NULL: none can be before the process has ended.
     */
    ssize_t (*part)(struct ar_share_work *share, struct ar_error *error);

    /* Reads the answer, as much as there is of it; where it is not whole, fault says why. */
    int (*read)(struct ar_share_work *share, struct ar_error *error);

    /* Was the i-th lane answered whole? Only those that were are taken. */
    bool (*answered)(const struct ar_share_work *share, uint32_t i);

    /* Takes its answer, and writes its entries. 1: it is none, and the lane's error_text says why. */
    int (*take)(struct ar_share_work *share, uint32_t i, struct ar_lane_done *done, struct ar_error *error);

    /* The i-th lane was dealt with: its inputs go, or stay. */
    int (*close)(struct ar_share_work *share, uint32_t i, struct ar_lane_done *done, struct ar_error *error);

    /* The worker of lane i was killed, and its inputs are to be kept; or NULL. job is all there is. */
    int (*keep)(const struct ar_lane_jobs *jobs, const struct ar_share_job *job, uint32_t i, struct ar_error *error);

    void (*release)(struct ar_share_work *share);
};

/* Did the process end well, with a whole answer? */
bool ar_share_is_whole(const struct ar_share_work *share);

/* The lane's number in the stream. */
static inline uint32_t ar_share_number(const struct ar_share_work *share, uint32_t i)
{
    return share->job->lane[i];
}

extern const struct ar_share_calls ar_share_seq;   /* in share_seq.c: "analyzeseq" */
extern const struct ar_share_calls ar_share_lanes; /* in share_lanes.c: "lanes" */

#endif
