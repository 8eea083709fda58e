/* SPDX-License-Identifier: MIT */
/*
 * Private to lane jobs: the entries of a lane's result, as they stand in the stream, and its ledger's last record.
 */
#ifndef AR_METHODS_LANE_WRITE_H
#define AR_METHODS_LANE_WRITE_H

#include "lanes/emit.h"
#include "methods/cache.h"
#include "methods/lane_job.h"

/* What every such lane has. Filled in by the caller, but for emit. */
struct ar_lane_writer {
    int root;                     /* the work folder, where the lane's unknown entries may wait; -1: none do */
    int rest;                     /* the file where they wait instead, or -1 */
    struct ar_lane_spool *spool;  /* written to */
    bool one_lane;
    bool gathers;                 /* the caller flushes the spool */
    const struct ar_target *target;
    const struct ar_buf *params;  /* empty: none */
    struct ar_ledger *ledger;
    struct ar_emit emit;
};

/*
 * Writes what the method gave; done has the lane's number and outcome, and gets its place in the spool. 0, or -1: AR_CONTENT
 * where a picture is not what it should be (a failure may be written then), else the system said no.
 */
int ar_lane_write_result(struct ar_lane_writer *writer, struct ar_lane_done *done, const struct ar_contract_answer *answer,
                         struct ar_error *error) AR_MUST_USE;

/* Writes a result from a cache. 0 or -1 (AR_SYSTEM). */
int ar_lane_write_kept(struct ar_lane_writer *writer, struct ar_lane_done *done, const struct ar_cache_entry *kept,
                       struct ar_error *error) AR_MUST_USE;

/* Writes a lane that failed here, for the reason in text: it keeps its names and params, and nothing else. 0 or -1. */
int ar_lane_write_failure(struct ar_lane_writer *writer, struct ar_lane_done *done, const struct ar_buf *text,
                          struct ar_error *error)
    AR_MUST_USE;

/* Writes a lane that does not run, with its unknown entries: text is the error that it came with, or NULL. 0 or -1. */
int ar_lane_write_skipped(struct ar_lane_writer *writer, struct ar_lane_done *done, const char *text, size_t n,
                          struct ar_error *error)
    AR_MUST_USE;

#endif
