/* SPDX-License-Identifier: MIT */
/*
 * Private to the analysis: what its input side (analysis.c) asks of its output side (analysis_done.c).
 */
#ifndef AR_METHODS_ANALYSIS_WORK_H
#define AR_METHODS_ANALYSIS_WORK_H

#include "methods/analysis.h"

/* A lane was dealt with. */
void ar_analysis_done(struct ar_analysis *analysis, const struct ar_lane_done *done);

/* Sends the lane to the workers, who have room for it. 0 or -1. */
int ar_analysis_send_lane(struct ar_analysis *analysis, uint32_t number, struct ar_error *error) AR_MUST_USE;

/*
 * Where a record is wanted: that all lanes are waiting; that a lane has come to another state ("cached", or an outcome's name), with what is known of how it went (or NULL). 0 or -1.
 */
int ar_analysis_record_lanes(const struct ar_analysis *analysis, struct ar_error *error) AR_MUST_USE;
int ar_analysis_record(const struct ar_analysis *analysis, size_t lane, const char *state, const struct ar_lane_done *done,
                       struct ar_error *error) AR_MUST_USE;

/* The lane's params and ledger are not needed any more. */
void ar_analysis_unhold(struct ar_analysis_lane *lane);

/* Copies the entries of lanes whose turn it is to the output. 0 or -1. */
int ar_analysis_write(struct ar_analysis *analysis, struct ar_error *error) AR_MUST_USE;

/* Takes the replies that are there; block: at least one. -1 on failure. */
int ar_analysis_replies(struct ar_analysis *analysis, bool block, struct ar_error *error) AR_MUST_USE;

/* Hands the share that was gathered to the workers, where there is one. 0 or -1. */
int ar_analysis_send_share(struct ar_analysis *analysis, struct ar_error *error) AR_MUST_USE;

/* ---- entries that pass through (analysis_rest.c) -------------------------------------------------------------------- */

/* Takes one of the lane that is read; one at the top behind the first lanes, which comes behind the last one. 0 or -1. */
int ar_analysis_take_rest(struct ar_analysis *analysis, const struct ar_entry *entry, struct ar_error *error) AR_MUST_USE;
int ar_analysis_take_late(struct ar_analysis *analysis, const struct ar_entry *entry, struct ar_error *error) AR_MUST_USE;

/* What the Python runner's preprocessing left: it waits for the processes of the shares, too. 0 or -1. */
int ar_analysis_take_preprocessed(struct ar_analysis *analysis, const struct ar_entry *entry, struct ar_error *error) AR_MUST_USE;

/* All of the lane was read: its are in rest_fd, where there are any. 0 or -1. */
int ar_analysis_close_rest(struct ar_analysis *analysis, struct ar_error *error) AR_MUST_USE;

/* Puts those of a lane that runs where its worker finds them. 0 or -1. */
int ar_analysis_send_rest(struct ar_analysis *analysis, uint32_t number, struct ar_error *error) AR_MUST_USE;

/* The lane was dealt with, or is with the workers. */
void ar_analysis_forget_rest(struct ar_analysis *analysis);

/* Writes those at the top to the output. 0 or -1. */
int ar_analysis_write_late(struct ar_analysis *analysis, struct ar_error *error) AR_MUST_USE;

/* ---- lanes that do not run (analysis_pass.c) ------------------------------------------------------------------------ */

/* Is the result of the lane, all of which was read, in the cache? 1, 0, -1. */
int ar_analysis_ask_cache(struct ar_analysis *analysis, const struct ar_target *target, struct ar_error *error) AR_MUST_USE;

/* Then it is taken from there. 0 or -1. */
int ar_analysis_take_kept(struct ar_analysis *analysis, const struct ar_target *target, uint32_t number, struct ar_error *error)
    AR_MUST_USE;

/* Passes on a lane that failed before, or was not chosen. 0 or -1. */
int ar_analysis_skip(struct ar_analysis *analysis, const struct ar_target *target, uint32_t number, struct ar_error *error)
    AR_MUST_USE;

#endif
