/* SPDX-License-Identifier: MIT */
/*
 * From a tar of the Python runner to a stream of our own:
 *
 *     input of an analyze      a lane (its shape is that of one lane)
 *     input of an analyzeseq   lanes
 *     a run                    a run, not compressed
 *     output of an analyze     a lane result (one lane)
 *     output of an analyzeseq  lane results
 *     input of a postprocess   a merged stream
 *     output of a postprocess, output of a run   a result stream
 *     an error                 what was done by then, then the error, without end blocks
 *
 * What the tar does not tell is made from what it does, and marked in the ledger at the top (of one lane, in its own) by a member
 * "converted": {"from":DIALECT,"kind":TEXT,"made":[NAME, …]}: made lists what was, as "targets", "params", "ledger". A run has no
 * ledger, and nothing of it is made.
 */
#ifndef AR_WIRE_FROM_H
#define AR_WIRE_FROM_H

#include "lanes/lane_key.h"
#include "lanes/split.h"
#include "wire/set.h"
#include "wire/wire.h"

/* Zeroed, then tar, dialect and, where wanted, the others of the first part are filled in by the caller. */
struct ar_wire_from {
    const struct ar_tar_map *tar;
    enum ar_dialect dialect;
    const struct ar_lane_key *keys; /* how the lane of a row is told, of n_keys sets; none: by DESIGN's rule */
    size_t n_keys;
    const char *params;             /* a JSON object, for what tells none (results); NULL: {} */
    struct ar_tick tick;            /* of inputs, told the bytes of the sets */

    /* to read: */
    enum ar_wire_kind kind;
    struct ar_split split;          /* of an analyze's and an analyzeseq's input: its partitions tell what was dropped */
    size_t lanes, failed;
    struct ar_buf error_text;       /* of an error entry; else empty */

    struct ar_wire_set *set;        /* private: the sets of the split, n_sets of them */
    size_t n_sets;
    bool begun;
};

/*
 * Writes the stream to out, which stays the caller's. In the input of an analyze or analyzeseq the rows of a lane are taken
 * from the sets, those of others counted as dropped; a lane without rows is no error. preprocessed_data, and other entries
 * that are not known, pass through. 0 where it was written, also where that is an error (error_text); -1: AR_INPUT or
 * AR_CONTENT, nothing or not a whole stream was written. Released in both cases, and only after out was closed: it may hand
 * over bytes without a copy.
 */
int ar_wire_from_write(struct ar_wire_from *from, struct ar_out *out, struct ar_error *error) AR_MUST_USE;
void ar_wire_from_release(struct ar_wire_from *from);

#endif
