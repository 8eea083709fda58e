/* SPDX-License-Identifier: MIT */
/*
 * What the parts of gather share: holding an input against those before it. what names the input. Failures are
 * AR_INPUT, and name both.
 */
#ifndef AR_LANES_GATHER_LANE_H
#define AR_LANES_GATHER_LANE_H

#include "lanes/gather.h"

/* Targets, params, or a ledger at the top: the first are kept, others must be the same. */
int ar_gather_targets(struct ar_gather *gather, const struct ar_targets *targets, const char *what,
                      struct ar_error *error) AR_MUST_USE;
int ar_gather_params(struct ar_gather *gather, const char *text, size_t n, const char *what, struct ar_error *error) AR_MUST_USE;
int ar_gather_top(struct ar_gather *gather, const struct ar_ledger *top, const char *what, struct ar_error *error) AR_MUST_USE;

/* The targets have just been filled in: makes room for the lanes. */
int ar_gather_begin(struct ar_gather *gather, const char *what, struct ar_error *error) AR_MUST_USE;

/* An unknown entry at the top, with its body and digest: kept once. */
int ar_gather_rest(struct ar_gather *gather, const struct ar_tar_entry *entry, const char *body, const char *xxh3,
                   const char *what, struct ar_error *error) AR_MUST_USE;

#endif
