/* SPDX-License-Identifier: MIT */
/*
 * How far each lane is, for whoever wants to know while it goes on. That its method is started is recorded by its worker.
 */
#include "methods/analysis_work.h"
#include "methods/lane_record.h"

int ar_analysis_record_lanes(const struct ar_analysis *a, struct ar_error *error)
{
    struct ar_buf lines;
    if (a->what.record < 0)
        return 0;
    ar_buf_init(&lines);
    for (size_t i = 0; i < a->n_lanes; i++)
        ar_lane_record_line(&lines, &(struct ar_lane_event){ .target = &ar_stream_targets(a->stream)->entry[i], .state = "waiting" });
    int result = ar_lane_record_write(a->what.record, &lines, error);
    ar_buf_release(&lines);
    return result;
}

int ar_analysis_record(const struct ar_analysis *a, size_t number, const char *state, const struct ar_lane_done *done,
                       struct ar_error *error)
{
    const struct ar_analysis_lane *lane = &a->lane[number];
    struct ar_lane_event event = { .target = &ar_stream_targets(a->stream)->entry[number], .state = state };
    if (a->what.record < 0)
        return 0;
    if (done) {
        event.seconds = done->seconds;
        event.memory = done->memory;
        event.cause = done->cause;
    }
    if (a->cache)
        event.key = lane->cached ? a->cache->asked.key : lane->held ? lane->held->key : NULL;
    return ar_lane_record_add(a->what.record, &event, error);
}
