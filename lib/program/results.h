/* SPDX-License-Identifier: MIT */
/*
 * Private to this room: the step after the lanes. The results of all of them, as a postprocess sees them.
 */
#ifndef AR_PROGRAM_RESULTS_H
#define AR_PROGRAM_RESULTS_H

#include "lanes/merged.h"
#include "lanes/result.h"
#include "program/frame.h"
#include "program/param.h"

struct ar_results {
    const struct ar_method *method;
    struct ar_frame *table, *artifacts;
    struct ar_params params;
    struct ar_failure failure;
    struct ar_arena texts;
};

/*
 * Has the method's postprocess (where it has one) look at what was merged, and appends the table that comes of it, checked: a row
 * for each lane at most, with data. 0; -1: AR_CONTENT where the postprocess failed, its details in the hint.
 */
int ar_results_judge(const struct ar_method *method, const struct ar_schema *schema, const struct ar_merged *merged, struct ar_buf *csv,
                     struct ar_error *error) AR_MUST_USE;

/* A merged stream from the descriptor in becomes a stream on out: targets, params, result_csv. 0 or -1. */
int ar_results_step(const struct ar_method *method, const struct ar_schema *schema, int in, int out, struct ar_error *error) AR_MUST_USE;

#endif
