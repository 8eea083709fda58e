/* SPDX-License-Identifier: MIT */
/*
 * Why a result is not in the cache: in what its record differs from those that are kept of the same lane and step.
 */
#ifndef AR_METHODS_CACHE_WHY_H
#define AR_METHODS_CACHE_WHY_H

#include <time.h>

#include "bytes/names.h"
#include "methods/cache.h"

/* The records that a cache has. Zeroed, they were not read yet. */
struct ar_cache_history {
    bool read;
    struct ar_names who; /* steps and lanes: the text of "step" and of "data" */
    struct ar_cache_past {
        size_t who;
        char *text;
        size_t len;
        struct timespec made;
    } *past;
    size_t n, room;
};

void ar_cache_history_release(struct ar_cache_history *history);

/*
 * Appends how the record differs from the one of the same step and lane that differs least, of several the newest:
 *
 *     params: threshold 0.8 → 0.9; set activity_spots changed; file analyze changed; sample name changed: "A" → "B"
 *
 * in one line; "no result is known of it yet" where there is none, and then *new is true. All records of the cache are read at
 * the first call; those that are damaged do not count. 0, or -1 (AR_SYSTEM).
 */
int ar_cache_why(struct ar_cache_history *history, const struct ar_cache *cache, const struct ar_buf *record, struct ar_buf *why,
                 bool *new, struct ar_error *error) AR_MUST_USE;

/*
 * Appends how the record after differs from before, both of which are whole records. Returns the number of differences, or -1
 * (memory).
 */
int ar_cache_compare(const struct ar_buf *before, const struct ar_buf *after, struct ar_buf *why, struct ar_error *error) AR_MUST_USE;

#endif
