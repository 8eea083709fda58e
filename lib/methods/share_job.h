/* SPDX-License-Identifier: MIT */
/*
 * A share of the lanes for one process: the contracts "lanes" and "analyzeseq".
 *
 * The process gets its lanes as one tar, and answers with their results, lane after lane. By the contract "lanes" a lane is taken,
 * and told of, soon after it was answered, unless it is the last one. What the process has answered by the time it ends counts,
 * however it ends; where it failed, the first lane without a whole result is the one that failed (the last one, where
 * all have one), and those behind it that have none either are left for another process. So it is also where the process takes its
 * worker along: what it answered lies in the work folder, and the share is sent once more to take that.
 *
 * Where one process has failed after the other, the next ones get fewer of the lanes that are left (methods/analysis_done.c).
 */
#ifndef AR_METHODS_SHARE_JOB_H
#define AR_METHODS_SHARE_JOB_H

#include "methods/lane_job.h"

#define AR_SHARE_MAX 1000 /* lanes */
#define AR_SHARE_KEPT "input.tar" /* by the contract "lanes", in the folder of a failed lane that is kept */

/*
 * A file of the work folder, where the stream has what the Python runner's preprocessing left: that entry as blocks of a tar. Each
 * process gets it.
 */
#define AR_SHARE_PREPROCESSED ".preprocessed"

struct ar_share_job {
    uint32_t n;
    uint32_t now;    /* how many of them, the first ones, the process gets; the others wait for the next one */
    uint32_t failures; /* processes that failed so far */
    uint32_t first;  /* by which its files in the work folder are called: the first lane that its process had */
    pid_t holder;    /* the process that has their inputs, where they are a file (share_file.h) … */
    int file;        /* … under this descriptor */
    uint32_t all;    /* lanes in there */
    bool rest;       /* some of the lanes have unknown entries, which wait in the work folder */
    bool lost;       /* no process is started: its worker was killed, and what its process has answered is taken, and no more */
    char why[64];    /* then: how it was killed */
    uint32_t lane[AR_SHARE_MAX]; /* their numbers, ascending */
};

_Static_assert(sizeof(struct ar_share_job) <= AR_POOL_MESSAGE, "a job must fit into a message");

/* Bytes of a job with n lanes. */
size_t ar_share_job_size(uint32_t n);

/*
 * An ar_pool_work: context is a struct ar_lane_jobs, job and reply the same struct ar_share_job, behind which the reply may have more: see
 * ar_share_job_done.
 */
int ar_share_job_run(void *context, unsigned worker, const void *job, size_t job_len, void *reply, size_t *reply_len,
                     struct ar_error *error);

/*
 * For who sent the job, after the reply (n bytes) or the worker's end (0): calls take for each lane that was dealt with, in their
 * order. 0, or -1: take failed, or the system said no.
 */
typedef int ar_share_take(void *arg, const struct ar_lane_done *done, struct ar_error *error);
int ar_share_job_done(const struct ar_lane_jobs *jobs, const struct ar_share_job *job, const void *reply, size_t n, ar_share_take *take,
                      void *arg, struct ar_error *error) AR_MUST_USE;

/* The same, for what a worker has told of a share's lanes before its reply. */
int ar_share_job_told(const void *told, size_t n, ar_share_take *take, void *arg, struct ar_error *error) AR_MUST_USE;

/* Nobody needs what the process of the job has answered any more. */
void ar_share_job_forget(const struct ar_lane_jobs *jobs, const struct ar_share_job *job);

/* The first lane of the job was lost with its worker: keeps what it had, where that is wanted. 0 or -1. */
int ar_share_job_keep(const struct ar_lane_jobs *jobs, const struct ar_share_job *job, struct ar_error *error) AR_MUST_USE;

/* No lane is left of the share that had the file. For the holder. */
void ar_share_job_end(const struct ar_share_job *job);

/* The workers have ended, of which there were n: their folders go. */
void ar_share_folders_remove(const struct ar_lane_jobs *jobs, unsigned n);

#endif
