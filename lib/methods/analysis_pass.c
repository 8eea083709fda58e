/* SPDX-License-Identifier: MIT */
/*
 * The lanes of an analysis that do not run: those that failed before or were not chosen, and those whose result is in the cache.
 */
#include "methods/analysis_work.h"

/* Nobody needs what was put down of the lane that is read. */
static int forget_lane(struct ar_analysis *a, struct ar_error *error)
{
    if (!a->put_down)
        return 0;
    a->put_down = false;
    return a->what.contract->drop(&a->input, error);
}

/* The lane that is read does not run. */
static struct ar_lane_passed passed(struct ar_analysis *a, const struct ar_target *target)
{
    return (struct ar_lane_passed){ .target = target, .params = &a->params, .ledger = ar_stream_lane_ledger(a->stream), .rest = a->rest_fd };
}

/* Passes on a lane that does not run: it failed before, or was not chosen. */
int ar_analysis_skip(struct ar_analysis *a, const struct ar_target *target, uint32_t number, struct ar_error *error)
{
    struct ar_lane_done done = { .number = number };
    struct ar_lane_passed lane = passed(a, target);
    if (forget_lane(a, error) != 0 ||
        ar_lane_job_skip(&a->what, &done, &lane, a->earlier_failure ? a->error_text.data : NULL, a->error_text.len, error) != 0)
        return -1;
    snprintf(done.cause, sizeof done.cause, "%s", a->earlier_failure ? a->error_text.data : "");
    if (ar_analysis_record(a, number, ar_lane_outcome_name(done.outcome), &done, error) != 0)
        return -1;
    ar_analysis_done(a, &done);
    return ar_analysis_write(a, error);
}

/* Takes the lane's result from the cache. It needs not wait where its turn has come. */
int ar_analysis_take_kept(struct ar_analysis *a, const struct ar_target *target, uint32_t number, struct ar_error *error)
{
    struct ar_lane_done done = { .number = number };
    struct ar_lane_passed lane = passed(a, target);
    bool now = a->next == number;
    if (forget_lane(a, error) != 0 ||
        ar_lane_job_kept(&a->what, &done, &lane, &a->cache->entry, now ? a->out : NULL, error) != 0)
        return -1;
    a->cached++;
    a->lane[number].cached = true;
    if (ar_analysis_record(a, number, "cached", NULL, error) != 0)
        return -1;
    ar_analysis_done(a, &done);
    if (now) {
        a->lane[number].state = AR_ANALYSIS_WRITTEN;
        a->next++;
    }
    return ar_analysis_write(a, error);
}

/* Is the lane's result in the cache? 1, 0, -1. */
int ar_analysis_ask_cache(struct ar_analysis *a, const struct ar_target *target, struct ar_error *error)
{
    bool chosen = a->input.wanted;
    if (!a->cache || a->earlier_failure || (!chosen && !a->cache->known))
        return 0;
    if (ar_lane_cache_ask(a->cache, target, &a->params, ar_stream_lane_ledger(a->stream), chosen, error) != 0)
        return -1;
    if (chosen)
        ar_lane_cache_tell(a->cache, target);
    return a->cache->asked.state == AR_LANE_DONE;
}
