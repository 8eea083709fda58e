/* SPDX-License-Identifier: MIT */
/*
 * A lane's analysis by the contract "files": from a folder with the lane's inputs to the entries of its result.
 *
 * All jobs share a work folder. There, lane L with the number N in the stream has
 *
 *     L/        the method's private folder, made and filled by who sends the job (methods/files.h)
 *     .N.rest   unknown entries of the lane as they stand in the stream, or nothing
 *     .N.log    the method's standard error, unless logs are kept elsewhere
 *     .N.done   what the job makes: the entries of the lane's result, as they stand in the stream
 */
#ifndef AR_METHODS_LANE_JOB_H
#define AR_METHODS_LANE_JOB_H

#include "lanes/emit.h"
#include "methods/files.h"
#include "methods/pool.h"

#define AR_RESULT_MAX (UINT64_C(16) << 20) /* bytes that a method may print */

/* What is the same for all lanes. */
struct ar_lane_jobs {
    struct ar_proc proc; /* name, program, argv, limits, stop */
    struct ar_env env;
    int root;            /* the work folder */
    int logs;            /* the folder of L.log, or -1 */
    bool keep_work;      /* the folder of a failed lane stays */
    bool one_lane;       /* shape of the stream */
};

struct ar_lane_job {
    uint32_t number;
    char lane[AR_LANE_ID_MAX + 1];
};

enum ar_lane_outcome { AR_LANE_RESULT, AR_LANE_NO_RESULT, AR_LANE_FAILED, AR_LANE_NOT_CHOSEN };

/* "result", "no result", "failed", "not chosen": as ledgers have it. */
const char *ar_lane_outcome_name(enum ar_lane_outcome outcome);

struct ar_lane_done {
    uint32_t number;
    enum ar_lane_outcome outcome;
    double seconds;   /* that the method ran */
    uint64_t memory;  /* its peak, in bytes */
    char cause[1024]; /* of a failure: one line */
};

_Static_assert(sizeof(struct ar_lane_done) <= AR_POOL_MESSAGE, "a reply must fit into a message");

/* The names of a job's files: "." N "." what. */
void ar_lane_job_name(char name[32], uint32_t number, const char *what);

/* An ar_pool_work: context is a struct ar_lane_jobs, job a struct ar_lane_job, reply a struct ar_lane_done. */
int ar_lane_job_run(void *context, const void *job, size_t job_len, void *reply, size_t *reply_len, struct ar_error *error);

/*
 * Writes .N.done of a lane that does not run: one that failed before (text is its error), or was not chosen (text NULL). ledger is changed accordingly. rest: append
 * .N.rest.
 */
int ar_lane_job_skip(const struct ar_lane_jobs *jobs, uint32_t number, const struct ar_target *target, const struct ar_buf *params,
                     const char *text, size_t n, struct ar_ledger *ledger, struct ar_error *error) AR_MUST_USE;

#endif
