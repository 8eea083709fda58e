/* SPDX-License-Identifier: MIT */
/*
 * Watching an input of a run that is spooled, so that one that is at fault from its start, and perhaps endless, is not read on.
 * What is at fault, and where, is told by who reads the spool.
 */
#ifndef AR_LANES_RUN_WATCH_H
#define AR_LANES_RUN_WATCH_H

#include "bytes/file.h"
#include "lanes/lane_key.h"

struct ar_run_watch {
    const char *set; /* whose CSV it is; NULL: a run tar */
    const struct ar_lane_key *keys;
    size_t n_keys;
    struct ar_buf head; /* the beginning, as long as that is too short to tell */
    bool looked;
};

/* Sets map to call the watch, which must stay. set, keys: see struct ar_run_watch. */
void ar_run_watch_init(struct ar_run_watch *watch, const char *set, const struct ar_lane_key *keys, size_t n_keys,
                       struct ar_map_watch *map);
void ar_run_watch_release(struct ar_run_watch *watch);

#endif
