/* SPDX-License-Identifier: MIT */
/*
 * The analysis of a stream of lanes: a folder for each lane, workers that run the method, results in the order of the lanes.
 *
 * The process that reads the stream fills a folder for each lane and queues it for the workers (methods/pool.h), which run the
 * method and leave the entries of its result beside (methods/lane_job.h); it copies them to the output when their turn has come.
 */
#ifndef AR_METHODS_ANALYSIS_H
#define AR_METHODS_ANALYSIS_H

#include "lanes/emit.h"
#include "methods/held_sets.h"
#include "methods/lane_cache.h"
#include "methods/lane_job.h"
#include "methods/share_job.h"

struct ar_analysis_lane {
    enum { AR_ANALYSIS_UNREAD, AR_ANALYSIS_QUEUED, AR_ANALYSIS_DONE, AR_ANALYSIS_WRITTEN } state;
    enum ar_lane_outcome outcome;
    bool cached;         /* its result came from the cache */
    bool rest;           /* it has unknown entries, which wait in the work folder */
    unsigned spool;      /* where its entries wait to be written */
    uint64_t start, end; /* in the spool */
    char *log;   /* the last lines of the log of such a lane */
    char *cause; /* of a failure in this analysis: one line; else NULL */
    char *left;  /* what could not be deleted of its folder, and why; else NULL */
    struct ar_analysis_held *held; /* while it is queued */
};

/* What the lane's folder had at first, for the case that its worker is killed: the method may have changed it there. */
struct ar_analysis_held {
    struct ar_buf params, ledger;
    char key[AR_DIGEST_HEX + 1]; /* where there is a cache: what its result is kept as */
    struct ar_buf record;
};

/* Zeroed, then filled in by the caller: jobs, chosen, what (contract, proc, env, logs, keep_work), cache, progress. */
struct ar_analysis {
    unsigned jobs;       /* methods at a time */
    const char **chosen; /* lanes that are analyzed; none: all */
    size_t n_chosen;
    struct ar_lane_jobs what;
    struct ar_lane_cache *cache; /* or NULL */
    void (*progress)(const struct ar_analysis *analysis); /* after each lane; or NULL */
    void (*again)(const struct ar_analysis *analysis, size_t lane, const char *cause); /* one failed, and is run again (what.retries) */

    /* to read: */
    struct ar_analysis_lane *lane; /* by number in the targets */
    size_t n_lanes;
    size_t done, failed, results;  /* lanes; failed: in this analysis */
    size_t cached;                 /* of them */
    struct ar_buf work;            /* path of the work folder, once there is one */

    /* its own: */
    struct ar_stream *stream;
    struct ar_out *out;
    struct ar_emit emit;
    struct ar_pool pool;
    struct ar_share_job share;     /* by a contract of shares: the lanes that are read and not sent yet */
    uint32_t share_size;           /* when it is sent: at so many lanes, */
    uint64_t share_bytes;          /* or so many bytes of a file of theirs */
    size_t next;                   /* the lane whose turn it is to be written */
    uint64_t *freed;               /* by spool: up to where what was written gave its space back */
    struct ar_contract_input input; /* the lane that is read */
    struct ar_held_sets held;      /* its sets, as long as it is not known whether they are needed */
    unsigned workers;              /* that are to be started, once there is something to do */
    struct ar_buf params, error_text;
    struct ar_buf top_params;      /* those at the top */
    bool earlier_failure, put_down; /* of the lane that is read; put_down: the contract has begun it */
    bool keep;                     /* the work folder stays */
    struct ar_out *rest_out, *late_out; /* unknown entries of the lane; those at the top behind the first lane */
    int rest_fd, late_fd;
};

/* Starts an analysis of stream, written to out; both stay the caller's. */
void ar_analysis_init(struct ar_analysis *analysis, struct ar_stream *stream, struct ar_out *out);

/* The params of an entry must be as the manifest (a struct ar_manifest, or NULL) has them; other entries are right. 0 or -1 (AR_INPUT). */
int ar_analysis_check_params(const void *manifest, const struct ar_entry *entry, struct ar_error *error) AR_MUST_USE;

/*
 * Takes an entry of the stream, whose params are checked. Waits for workers where enough lanes are queued, and writes results whose turn has come. 0, or
 * -1: a chosen lane is not there (AR_INPUT), or the system said no. A method that fails is no failure here.
 */
int ar_analysis_take(struct ar_analysis *analysis, const struct ar_entry *entry, struct ar_error *error) AR_MUST_USE;

/* At the end of the stream: waits for all lanes, and writes what is left, and the end blocks. */
int ar_analysis_finish(struct ar_analysis *analysis, struct ar_error *error) AR_MUST_USE;

/* Ends the workers and what they run, and deletes the work folder (what is kept in it aside). */
void ar_analysis_release(struct ar_analysis *analysis);

#endif
