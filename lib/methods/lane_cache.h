/* SPDX-License-Identifier: MIT */
/*
 * What an analysis asks its cache: is the result of this lane there, and if not, why? And what it has it keep.
 */
#ifndef AR_METHODS_LANE_CACHE_H
#define AR_METHODS_LANE_CACHE_H

#include "lanes/merged.h"
#include "methods/cache.h"
#include "methods/cache_key.h"
#include "methods/cache_why.h"
#include "methods/method_files.h"

enum ar_lane_state { AR_LANE_DONE, AR_LANE_NEW, AR_LANE_CHANGED };

/* The answer. */
struct ar_lane_asked {
    enum ar_lane_state state;
    char key[AR_DIGEST_HEX + 1];
    struct ar_buf record;
    struct ar_buf why; /* where it is not done, and that was asked for: one line */
};

struct ar_lane_cache {
    struct ar_cache cache;        /* the caller opens it */
    struct ar_cache_run run;      /* the caller fills it in */
    struct ar_method_parts parts; /* likewise; run.method points to its text */
    const char **forced;          /* lanes that are done again whatever is there */
    size_t n_forced;
    bool force_all;
    bool known;   /* lanes that were not chosen have the result that is there, too */
    bool why;     /* ask why */
    void (*say)(bool warning, const char *text); /* told in one line; never NULL */

    /* its own: */
    struct ar_lane_asked asked;   /* the last answer */
    struct ar_cache_entry entry;  /* the result that it found, where that was AR_LANE_DONE */
    struct ar_cache_history history;
    bool told;    /* that something cannot be kept */
    bool changed; /* the method was: nothing is kept any more */
};

/* Before anything is filled in. */
void ar_lane_cache_init(struct ar_lane_cache *cache);
void ar_lane_cache_release(struct ar_lane_cache *cache);

/*
 * Asks for the lane at whose ledger the stream stands; the answer is in asked. A result that is damaged is said, and does not count.
 * chosen: by --lane. 0, or -1 (AR_SYSTEM).
 */
int ar_lane_cache_ask(struct ar_lane_cache *cache, const struct ar_target *target, const struct ar_buf *params,
                      const struct ar_ledger *ledger, bool chosen, struct ar_error *error) AR_MUST_USE;

/* Says why the lane runs that was asked for last, where that was asked. */
void ar_lane_cache_tell(const struct ar_lane_cache *cache, const struct ar_target *target);

/* The entries of a lane as they stand in a stream: from start to end in the file fd. */
struct ar_lane_entries {
    int fd;
    uint64_t start, end;
    bool one_lane; /* without the lane's folder */
    const struct ar_target *target;
    const struct ar_buf *params; /* empty: there are none */
};

/* Has it keep a result, or that there is none. What goes wrong is said once, and is no failure. */
void ar_lane_cache_keep(struct ar_lane_cache *cache, const char *key, const struct ar_buf *record, const struct ar_lane_entries *entries);

/* ---- a postprocess -------------------------------------------------------------------------------------------------- */

/*
 * The same for a postprocess, which gets what was merged: appends its answer where that is there. By the contract "lanes" the
 * ledger, the errors of lanes and unknown entries count, too, which a method by another does not see. A damaged one, and (where
 * asked for) why it runs, is said. 0, or -1 (AR_SYSTEM).
 */
int ar_post_cache_ask(struct ar_lane_cache *cache, struct ar_merged *merged, struct ar_buf *answer, bool *found,
                      struct ar_error *error) AR_MUST_USE;

/* Has it keep the answer to what was asked last. */
void ar_post_cache_keep(struct ar_lane_cache *cache, const struct ar_buf *answer);

#endif
