/* SPDX-License-Identifier: MIT */
/*
 * A set cut into lanes: one pass over its CSV notes where the rows of each lane lie, and copies nothing.
 */
#ifndef AR_LANES_PARTITION_H
#define AR_LANES_PARTITION_H

#include "bytes/names.h"
#include "bytes/tick.h"
#include "lanes/emit.h"
#include "lanes/extents.h"
#include "lanes/lane_key.h"

struct ar_partition_lane {
    struct ar_extents extents;
    ssize_t method;        /* number of its image-analysis method, -1: not told */
    ssize_t other_method;  /* a second one: the lane is in error; -1: none */
    uint64_t other_offset; /* of the first row with it */
};

struct ar_partition {
    const char *set;
    const char *what; /* names its source in messages: "'as.csv'" */
    const char *data; /* the source's bytes */
    uint64_t n;
    struct ar_csv_header header;
    struct ar_lane_rule rule;
    struct ar_csv_seen seen;        /* rows: without the header */
    struct ar_names methods;        /* image-analysis methods */
    struct ar_partition_lane *lane; /* by number in the targets; n_lanes of them */
    size_t n_lanes;
    struct ar_names unknown;        /* ids that are not among the targets */
    uint64_t *unknown_rows;         /* by number in unknown */
    size_t unknown_room;
    uint64_t no_lane;               /* rows without a lane, and the offset of the first */
    uint64_t no_lane_offset;
};

/*
 * Reads the set. targets: the lanes; grow: lanes that are found are added to it, in order of appearance, each its own sample
 * name, else rows of lanes that are not among them count as unknown. data must stay while the partition is used. 0, or -1:
 * AR_INPUT for faults of the CSV, AR_CONTENT for an id that no lane may have.
 */
int ar_partition_read(struct ar_partition *partition, const char *set, const char *what, const char *data, uint64_t n,
                      const struct ar_lane_key *keys, size_t n_keys, struct ar_targets *targets, bool grow,
                      const struct ar_tick *tick, struct ar_error *error) AR_MUST_USE;
void ar_partition_release(struct ar_partition *partition);

/* Rows of the lane with that number; 0 for one without rows. */
uint64_t ar_partition_rows(const struct ar_partition *partition, size_t lane);

/* Rows of the lanes that are not among the targets. */
uint64_t ar_partition_unknown_rows(const struct ar_partition *partition);

/*
 * Has the last line of the source a line end? Where not, the source may have been cut within its last cell, which nothing else
 * tells.
 */
bool ar_partition_last_line_ends(const struct ar_partition *partition);

/* The image-analysis method of a lane, or NULL. */
const char *ar_partition_method(const struct ar_partition *partition, size_t lane);

/* Writes the lane's part, header and rows, as an entry, and sets bytes and xxh3 of record. */
int ar_partition_emit(const struct ar_partition *partition, size_t lane, const char *lane_name, struct ar_emit *emit,
                      struct ar_record *record, struct ar_error *error) AR_MUST_USE;

#endif
