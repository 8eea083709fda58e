/* SPDX-License-Identifier: MIT */
/*
 * A record of how far the lanes of an analysis are: lines of text that several processes append to one file, each by one write, and that
 * anybody may read at any time. Fields are separated by tabs, and "-" where they are not known:
 *
 *     lane  state  seconds  bytes  key  cause  sample
 *
 * state is "waiting", "started", or how the lane ended: "result", "no result", "failed", "cached", "not chosen". A lane's last line
 * counts.
 */
#ifndef AR_METHODS_LANE_RECORD_H
#define AR_METHODS_LANE_RECORD_H

#include "lanes/targets.h"

struct ar_lane_event {
    const struct ar_target *target;
    const char *state;
    double seconds;    /* that its method ran; by a process of several lanes, its part of the time */
    uint64_t memory;   /* peak of the method's memory in bytes; 0: it did not run, or it is not known, and seconds neither */
    const char *key;   /* of the cache, or NULL */
    const char *cause; /* of a failure, or NULL; its first line counts, and is made harmless, as is the sample name */
};

/* Opens the file path for appending; where it is empty, it gets a header. A descriptor, or -1 (AR_INPUT, AR_SYSTEM). */
int ar_lane_record_open(const char *path, struct ar_error *error) AR_MUST_USE;

/* Adds an event's line to lines. */
void ar_lane_record_line(struct ar_buf *lines, const struct ar_lane_event *event);

/* Appends lines to the record, in one write. 0 or -1 (AR_SYSTEM). */
int ar_lane_record_write(int fd, const struct ar_buf *lines, struct ar_error *error) AR_MUST_USE;

/* Both at once. */
int ar_lane_record_add(int fd, const struct ar_lane_event *event, struct ar_error *error) AR_MUST_USE;

#endif
