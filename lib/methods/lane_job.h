/* SPDX-License-Identifier: MIT */
/*
 * A lane's analysis: from a folder with the lane's inputs to the entries of its result.
 *
 * All jobs share a work folder. There, lane L with the number N in the stream has
 *
 *     L/        the method's private folder (methods/lane_folder.h), filled by who sends the job (methods/files.h)
 *     .N.rest   unknown entries of the lane as they stand in the stream, or nothing
 *     .N.try    in the place of L/, a copy of it, as long as the lane may be run again
 *
 * The entries of a lane's result (methods/lane_write.h) wait in the spool of the process that made them (methods/lane_spool.h).
 */
#ifndef AR_METHODS_LANE_JOB_H
#define AR_METHODS_LANE_JOB_H

#include "methods/cache.h"
#include "methods/contract.h"
#include "methods/lane_spool.h"
#include "methods/pool.h"

/* What is the same for all lanes. */
struct ar_lane_jobs {
    const struct ar_contract_calls *contract;
    const struct ar_manifest *manifest; /* or NULL */
    const struct ar_targets *targets;   /* of the stream; known when workers start */
    struct ar_proc proc; /* name, program, argv, limits, stop */
    struct ar_env env;
    int root;            /* the work folder */
    const char *work;    /* its path */
    int logs;            /* the folder of L.log, or -1 */
    int record;          /* of how far the lanes are (methods/lane_record.h), or -1 */
    bool keep_work;      /* the folder of a failed lane stays */
    unsigned retries;    /* so often a lane that failed is run again */
    volatile unsigned char *tries; /* how often that was done, by lane: shared with the workers; NULL where retries is 0 */
    bool one_lane;       /* shape of the stream */
    struct ar_lane_spools spools;
    const struct ar_pool *pool; /* the workers': by which they tell of lanes before a share is done */
    int printed, log;    /* a worker's own: what the method printed, and its standard error; -1 until first needed */
    int folder;          /* a worker's own: where processes of shares run; -1 until first needed */
};

struct ar_lane_job {
    uint32_t number;
    bool rest; /* it has unknown entries, which wait in the work folder */
    char lane[AR_LANE_ID_MAX + 1];
};

enum ar_lane_outcome { AR_LANE_RESULT, AR_LANE_NO_RESULT, AR_LANE_FAILED, AR_LANE_NOT_CHOSEN };

/* "result", "no result", "failed", "not chosen": as ledgers have it. */
const char *ar_lane_outcome_name(enum ar_lane_outcome outcome);

struct ar_lane_done {
    uint32_t number;
    enum ar_lane_outcome outcome;
    unsigned spool;      /* where its entries are */
    uint64_t start, end; /* in the spool */
    bool folder;         /* the lane's folder was laid aside, to be used again */
    uint32_t sets;       /* files of its sets in there */
    double seconds;   /* that the method ran */
    uint64_t memory;  /* its peak, in bytes */
    char cause[sizeof ((struct ar_error *)0)->what]; /* of a failure: one line */
    char log[1024]; /* the last lines of its log, with line ends; of a failure only */
    char left[512]; /* what could not be deleted of its folder, and why; "": nothing */
};

/* Bytes of it that tell anything: without the three texts at the end, where they are empty. */
uint32_t ar_lane_done_size(const struct ar_lane_done *done);

_Static_assert(sizeof(struct ar_lane_done) <= AR_POOL_MESSAGE, "a reply must fit into a message");

/* Where the lane fails now, is it run again? Then its inputs stay as they are, and nothing is written of it. */
bool ar_lane_job_again(const struct ar_lane_jobs *jobs, uint32_t number);

/* Notes that its method is started. What goes wrong with that is no matter. */
void ar_lane_job_started(const struct ar_lane_jobs *jobs, const struct ar_target *target);

/* The name of the file of a lane's unknown entries. */
void ar_lane_job_rest(char name[32], uint32_t number);

/* To an error of the system's that was just recorded, where space ran out: adds where room is needed, unless that was told. Returns -1. */
int ar_lane_job_hint(struct ar_error *error);

/* An ar_pool_work: context is a struct ar_lane_jobs, job a struct ar_lane_job, reply a struct ar_lane_done. */
int ar_lane_job_run(void *context, unsigned worker, const void *job, size_t job_len, void *reply, size_t *reply_len, struct ar_error *error);

/* The ar_pool_task's orphaned: deletes the work folder. */
void ar_lane_job_orphaned(void *context);

/* Records why such a lane failed: its worker ended, as why says. */
void ar_lane_job_fail_lost(const char *why, struct ar_error *error);

/*
 * Writes the entries of a lane whose worker ended over it, why and how in words that follow its name; to that worker's spool, before
 * another takes its place. params and ledger are those that it was given. done->number is the lane's, the rest of done is filled in.
 */
int ar_lane_job_lost(struct ar_lane_jobs *jobs, struct ar_lane_done *done, unsigned worker, const char *why, const struct ar_target *target,
                     const struct ar_buf *params, const struct ar_buf *ledger, struct ar_error *error) AR_MUST_USE;

/* A lane that is read and does not run. */
struct ar_lane_passed {
    const struct ar_target *target;
    const struct ar_buf *params; /* empty: none */
    struct ar_ledger *ledger;    /* is changed accordingly */
    int rest;                    /* the file where its unknown entries wait, from its start; -1: as described above */
};

/*
 * Writes the entries of such a lane: one that failed before (text is its error), or was not chosen (text NULL). done->number is the
 * lane's, the rest of done is filled in.
 */
int ar_lane_job_skip(struct ar_lane_jobs *jobs, struct ar_lane_done *done, const struct ar_lane_passed *lane, const char *text, size_t n,
                     struct ar_error *error) AR_MUST_USE;

/* The same of one whose result is in a cache. now: it goes straight to that output; else NULL. */
int ar_lane_job_kept(struct ar_lane_jobs *jobs, struct ar_lane_done *done, const struct ar_lane_passed *lane,
                     const struct ar_cache_entry *kept, struct ar_out *now, struct ar_error *error) AR_MUST_USE;

#endif
