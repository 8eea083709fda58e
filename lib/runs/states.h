/* SPDX-License-Identifier: MIT */
/*
 * How far the lanes of a run are, as ar-analyze --record writes it: a line per event, LANE STATE SECONDS BYTES KEY CAUSE SAMPLE, separated
 * by tabs, behind a header (several, where it was begun anew: what comes last counts); ar-post's has no lane. The file may be read while it is written: what stands behind the last line end does not count yet.
 */
#ifndef AR_RUNS_STATES_H
#define AR_RUNS_STATES_H

#include "bytes/buf.h"
#include "bytes/names.h"

enum ar_run_state {
    AR_STATE_WAITING,
    AR_STATE_RUNNING,
    AR_STATE_INTERRUPTED, /* it was running when its run was cut off */
    AR_STATE_RESULT,
    AR_STATE_NO_RESULT,
    AR_STATE_CACHED,
    AR_STATE_FAILED,
    AR_STATE_NOT_CHOSEN,
    AR_STATES,
};

/* "waiting", "running", "interrupted", "result", "no result", "cached", "failed", "not chosen". */
const char *ar_run_state_name(enum ar_run_state state);

struct ar_lane_entry {
    enum ar_run_state state;
    double seconds;    /* that the method ran; negative: not known */
    uint64_t memory;   /* its peak in bytes; 0: not known */
    const char *key;   /* of the cache, or NULL */
    const char *cause; /* of a failure, or NULL */
    const char *sample; /* its sample name, as far as it was told; or NULL */
};

/* Zeroed, there are none. */
struct ar_lane_states {
    struct ar_names lanes;      /* in the order in which they were first told of */
    struct ar_lane_entry *lane; /* by their numbers; texts point into text */
    size_t room;
    size_t count[AR_STATES];
    const char *post_key;       /* of the postprocess' answer in the cache, or NULL */
    double seconds;             /* of all lanes whose method ran, together */
    struct ar_buf text;
};

/* Reads the file path. 0; 1 where it is not there; -1: AR_INPUT for a line that is none of these. To be released in all cases. */
int ar_lane_states_read(struct ar_lane_states *states, const char *path, struct ar_error *error) AR_MUST_USE;
void ar_lane_states_release(struct ar_lane_states *states);

/* No run goes on: lanes that were running when it was cut off are interrupted, and wait for the next one. */
void ar_lane_states_stop(struct ar_lane_states *states);

/* Lanes that have ended, in whatever way. */
size_t ar_lane_states_done(const struct ar_lane_states *states);

#endif
