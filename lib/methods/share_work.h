/* SPDX-License-Identifier: MIT */
/*
 * Private to the jobs of workers: a share of the lanes at work, and what differs between the contracts that hand out shares.
 */
#ifndef AR_METHODS_SHARE_WORK_H
#define AR_METHODS_SHARE_WORK_H

#include "methods/lane_work.h"
#include "methods/share_job.h"
#include "methods/share_log.h"

struct ar_share_work {
    struct ar_lane_jobs *jobs;
    const struct ar_share_job *job;
    uint32_t n;                /* lanes that the process has: the first of the job's */
    uint32_t started;          /* lanes that it was at, the first of them */
    uint32_t taken;            /* lanes that were dealt with, the first of them */
    struct ar_lane_work *lane; /* one for each of them */
    unsigned worker;
    struct ar_proc_end end;
    struct ar_share_log log;   /* which lane has what of the first one's */
    int quoted;                /* what of it the failure of the lane may quote that is dealt with, or -1 */
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

/* In share_job.c: opens a file of the share's in the work folder. A descriptor, or -1. */
int ar_share_open_file(const struct ar_share_work *share, const char *what, int flags, struct ar_error *error) AR_MUST_USE;

/* ---- in share_take.c ------------------------------------------------------------------------------------------------ */

/* Bytes that are kept of its log. */
uint64_t ar_share_log_limit(const struct ar_share_work *share);

/* Notes that its process is at the lanes before end, one after the other, or at all of them. */
void ar_share_start_lanes(struct ar_share_work *share, uint32_t end);

/*
 * While the process pid runs, that many seconds after it was started: takes the lanes that were answered since, and tells who sent the
 * job. 1; 0 where there are none; -1.
 */
int ar_share_take_part(struct ar_share_work *share, pid_t pid, double seconds, struct ar_error *error) AR_MUST_USE;

/* It has ended, and its answer was read: takes all others. 0 or -1. */
int ar_share_take_rest(struct ar_share_work *share, struct ar_error *error) AR_MUST_USE;

/* The entries of lanes are in the spool, before it is said so. 0 or -1. */
int ar_share_end_notes(struct ar_share_work *share, struct ar_error *error) AR_MUST_USE;

/* Writes the notes of lanes to a file. 0 or -1. */
int ar_share_write_notes(struct ar_share_work *share, struct ar_error *error) AR_MUST_USE;

/* ---- lanes ---------------------------------------------------------------------------------------------------------- */

/* The lane's number in the stream. */
static inline uint32_t ar_share_number(const struct ar_share_work *share, uint32_t i)
{
    return share->job->lane[i];
}

extern const struct ar_share_calls ar_share_seq;   /* in share_seq.c: "analyzeseq" */
extern const struct ar_share_calls ar_share_lanes; /* in share_lanes.c: "lanes" */

#endif
