/* SPDX-License-Identifier: MIT */
/*
 * Private to the reader of streams: what ledgers say of entries, held against the entries that were there.
 */
#ifndef AR_LANES_STREAM_CHECK_H
#define AR_LANES_STREAM_CHECK_H

#include "lanes/ledger.h"
#include "lanes/seen.h"

/* A lane that was read. */
struct ar_stream_check {
    const char *lane; /* its data name */
    const struct ar_ledger *top, *ledger; /* the one at the top (its json may be NULL), and the lane's */
    const struct ar_seen *sets, *files;
};

/*
 * -1 (AR_INPUT) where a set or file of the lane's ledger is missing, has another size, digest or image_type, or is not in it;
 * where the ledger at the top has other rows of the lane, or a set that the lane's has not.
 */
int ar_stream_check_lane(const struct ar_stream_check *check, struct ar_error *error) AR_MUST_USE;

/* -1 (AR_INPUT) where files, the entries at the top, are not those of the ledger there (its json may be NULL). */
int ar_stream_check_top(const struct ar_ledger *top, const struct ar_seen *files, struct ar_error *error) AR_MUST_USE;

#endif
