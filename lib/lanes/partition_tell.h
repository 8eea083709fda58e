/* SPDX-License-Identifier: MIT */
/*
 * What a partition tells: the account of a set, for the ledger at the top, and why a lane is in error.
 */
#ifndef AR_LANES_PARTITION_TELL_H
#define AR_LANES_PARTITION_TELL_H

#include "lanes/partition.h"
#include "lanes/run.h"

/*
 * The account of a set that was partitioned into targets, as ar-stream(5) has it in the ledger at the top: source,
 * bytes, compression, rows, columns, bom, line_ends, blank_lines, lane_by, rows_by_lane, dropped by reason;
 * no_lane_line and not_in_samples where there are such. A new reference, or NULL when memory ran out.
 */
json_t *ar_partition_account(const struct ar_partition *partition, const struct ar_run_set *set,
                             const struct ar_targets *targets) AR_MUST_USE;

/*
 * Appends what the first row without a lane holds where a lane was looked for: "line 2 of 'as.csv' has 'x.nd2' in the column
 * 'Filename'". Nothing where each row has one, or memory ran out.
 */
void ar_partition_show_no_lane(const struct ar_partition *partition, struct ar_buf *text);

/*
 * An id that rows have and the targets have not, which differs from this one in nothing but zeros at its start; NULL: none. Programs
 * that take ids for numbers leave such behind.
 */
const char *ar_partition_without_zeros(const struct ar_partition *partition, const char *id);

/* Has the lane rows of two image-analysis methods? Then appends the sentence that says so. */
bool ar_partition_lane_fault(const struct ar_partition *partition, size_t lane, struct ar_buf *text);

#endif
