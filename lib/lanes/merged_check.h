/* SPDX-License-Identifier: MIT */
/*
 * What the parts of merged share.
 */
#ifndef AR_LANES_MERGED_CHECK_H
#define AR_LANES_MERGED_CHECK_H

#include "lanes/merged.h"

struct ar_merged_reader {
    struct ar_merged *merged;
    struct ar_stream *stream;
    bool has_table;
    struct ar_names paths; /* of the artifacts */
    char *met;             /* by number of the path: did its entry come? NULL: the table has not come yet */
    size_t *entries;       /* by lane: its entries that came */
    struct ar_buf scratch;
};

/* Records AR_INPUT, with the hint that the stream was damaged. Returns -1. */
int ar_merged_fail_damaged(struct ar_error *error, const char *format, ...) AR_PRINTF(2, 3);

/* Takes the ledger apart, once all was read, and holds what was read against it; closes the account. 0 or -1. */
int ar_merged_check_ledger(struct ar_merged_reader *r, struct ar_error *error) AR_MUST_USE;

#endif
