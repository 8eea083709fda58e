/* SPDX-License-Identifier: MIT */
/*
 * A run cut into lanes: its sets are partitioned, then written as a stream of lanes.
 */
#ifndef AR_LANES_SPLIT_H
#define AR_LANES_SPLIT_H

#include "lanes/partition.h"
#include "lanes/run.h"

struct ar_split {
    struct ar_run run;         /* filled in by the caller, as are: */
    struct ar_targets targets; /* the lanes of the samples table, or */
    bool grow;                 /* no samples table: the lanes are those that are found */
    struct ar_buf params;
    bool has_params;           /* params are passed on */
    bool lenient;              /* a set that has rows, but none of a lane of the targets, is no error */
    bool one_lane;             /* written in the shape of one lane: rows of others are dropped in its own ledger */
    json_t *converted;         /* a member of the ledger at the top (of one lane, of its own), or NULL; the caller's */
    /* to read, after ar_split_read: */
    struct ar_partition *part; /* one per set of the run */
    char **error;              /* by lane: why it is in error, or NULL */
    size_t failed;             /* lanes in error */
};

void ar_split_init(struct ar_split *split);
void ar_split_release(struct ar_split *split);

/*
 * Partitions the sets. tick counts the bytes of all sets. 0, or -1: what ar_partition_read refuses; a key for a set that is not
 * there; a set that has rows, but none of a lane that the samples table names (AR_CONTENT, shows ids of both kinds), unless that
 * is taken leniently; no lane at all.
 */
int ar_split_read(struct ar_split *split, const struct ar_lane_key *keys, size_t n_keys, const struct ar_tick *tick,
                  struct ar_error *error) AR_MUST_USE;

/*
 * Writes the stream. tick counts the bytes written. 0, or -1: also where a source was changed meanwhile; then there are no end
 * blocks.
 */
int ar_split_write(struct ar_split *split, struct ar_out *out, const struct ar_tick *tick, struct ar_error *error) AR_MUST_USE;

#endif
