/* SPDX-License-Identifier: MIT */
/*
 * How far each lane is, for whoever wants to know while it goes on: a line per event.
 */
#include "bytes/text.h"
#include "methods/analysis_work.h"

#define HEADER "lane\tstate\tseconds\tbytes\tkey\tcause\tsample\n"

/* Behind a lane's state: what is known of how it went. */
static void add_done(struct ar_buf *line, const struct ar_lane_done *done, const char *key)
{
    if (done && done->seconds > 0)
        ar_buf_add_format(line, "\t%.3f", done->seconds);
    else
        ar_buf_add_text(line, "\t-");
    if (done && done->memory)
        ar_buf_add_format(line, "\t%" PRIu64, done->memory);
    else
        ar_buf_add_text(line, "\t-");
    ar_buf_add_format(line, "\t%s\t", key && *key ? key : "-");
    if (done && *done->cause)
        ar_text_show(line, done->cause, strlen(done->cause));
    else
        ar_buf_add_char(line, '-');
}

static void add_line(const struct ar_analysis *a, struct ar_buf *line, size_t lane, const char *state, const struct ar_lane_done *done,
                     const char *key)
{
    const struct ar_target *target = &ar_stream_targets(a->stream)->entry[lane];
    ar_buf_add_format(line, "%s\t%s", target->data, state);
    add_done(line, done, key);
    ar_buf_add_char(line, '\t');
    ar_text_show(line, target->sample, target->sample_len);
    ar_buf_add_char(line, '\n');
}

/* In one write, so that what stands in the file ends with a line end whoever reads it when. */
static int write_lines(const struct ar_analysis *a, struct ar_buf *lines, struct ar_error *error)
{
    int result = ar_buf_check(lines, error);
    if (result == 0)
        result = ar_write_fd(a->record, lines->data, lines->len, ar_tr("the record of the lanes"), error);
    ar_buf_release(lines);
    return result;
}

int ar_analysis_record_lanes(const struct ar_analysis *a, struct ar_error *error)
{
    struct ar_buf lines;
    if (a->record < 0)
        return 0;
    ar_buf_init(&lines);
    ar_buf_add_text(&lines, HEADER);
    for (size_t i = 0; i < a->n_lanes; i++)
        add_line(a, &lines, i, "waiting", NULL, NULL);
    return write_lines(a, &lines, error);
}

int ar_analysis_record(const struct ar_analysis *a, size_t lane, const char *state, const struct ar_lane_done *done, struct ar_error *error)
{
    struct ar_buf line;
    const struct ar_analysis_held *held = a->lane[lane].held;
    if (a->record < 0)
        return 0;
    ar_buf_init(&line);
    add_line(a, &line, lane, state, done, a->lane[lane].cached ? a->cache->asked.key : held && a->cache ? held->key : NULL);
    return write_lines(a, &line, error);
}
