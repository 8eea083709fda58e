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

#endif
