/* SPDX-License-Identifier: MIT */
#include "program/lanes_step.h"

#include "bytes/file.h"
#include "methods/share_log.h"
#include "program/own_folder.h"

struct lanes_step {
    const struct ar_schema *schema;
    int log;
    bool marks;                /* the log says of which lane what follows is */
    struct ar_own_folder folder;
    struct ar_lane_child *child; /* that analyzes; NULL: this process does */
    struct ar_in *in;
    struct ar_map map;
    bool mapped;
    struct ar_stream *stream;
    struct ar_out *out;
    struct ar_emit emit;
    struct ar_lane lane;
    struct ar_buf top_params;  /* for lanes that have none of their own */
    struct ar_buf params, error_text;
    struct ar_buf rest;        /* unknown entries of the lane: blocks of a tar */
    bool failed_before;        /* the lane came with an error */
};

/* ---- the input ------------------------------------------------------------------------------------------------------ */

/* A regular file that is not compressed is mapped, and only its headers are read. */
static int open_input(struct lanes_step *s, int fd, struct ar_error *error)
{
    const char *name = ar_tr("standard input");
    int same;
    uint64_t position;
    s->in = ar_in_new(fd, name, error);
    if (!s->in)
        return -1;
    if (ar_in_place(s->in, &same, &position)) {
        if (ar_map_in(&s->map, s->in, UINT64_MAX, error) != 0)
            return -1;
        s->mapped = true;
        ar_in_free(s->in);
        s->in = ar_map_again(&s->map, name, error);
        if (!s->in)
            return -1;
    }
    s->stream = ar_stream_new(s->in, AR_STREAM_LANES | (s->mapped ? AR_STREAM_SKIP : 0), error);
    return s->stream ? 0 : -1;
}

static int read_body(struct lanes_step *s, struct ar_set *set, struct ar_error *error)
{
    char *body = ar_region_reserve(&set->body, set->n + 1);
    if (!body)
        return ar_fail_memory(error);
    ssize_t got = ar_stream_read(s->stream, body, set->n, error);
    set->data = body;
    if (got >= 0 && (uint64_t)got < set->n)
        return ar_fail(error, AR_INPUT, "the set '%s' is cut", set->name);
    return got < 0 ? -1 : 0;
}

static int take_set(struct lanes_step *s, const struct ar_entry *entry, struct ar_error *error)
{
    struct ar_set *set = ar_lane_add_set(&s->lane, entry->base);
    if (!set)
        return ar_fail_memory(error);
    set->n = entry->tar->size;
    if (!s->mapped)
        return read_body(s, set, error);
    uint64_t offset = entry->tar->body_offset;
    if (offset > s->map.len || set->n > s->map.len - offset)
        return ar_fail(error, AR_INPUT, "entry '%s' is cut: the input ends in it", entry->tar->name);
    set->data = s->map.data + offset;
    return 0;
}

/* Keeps an unknown entry of a lane. */
static int take_rest(struct lanes_step *s, const struct ar_entry *entry, struct ar_error *error)
{
    static const char zeros[512];
    const struct ar_tar_entry *tar = entry->tar;
    const struct ar_tar_meta meta = { .name = tar->name, .size = tar->size, .is_file = tar->is_file, .image_type = tar->image_type,
                                      .pax = tar->pax, .pax_len = tar->pax_len };
    ar_tar_header(&s->rest, &meta);
    if (ar_stream_read_all(s->stream, &s->rest, error) != 0)
        return -1;
    ar_buf_add(&s->rest, zeros, (size_t)(-tar->size & 511));
    return ar_buf_check(&s->rest, error);
}

/* ---- a lane --------------------------------------------------------------------------------------------------------- */

/* What the ledger tells of the sets. */
static int see_sets(struct lanes_step *s, const struct ar_ledger *ledger, struct ar_error *error)
{
    for (size_t i = 0; i < s->lane.n_sets; i++) {
        struct ar_set *set = s->lane.set[i];
        struct ar_record first, last;
        if (!set->present || !ar_ledger_first(ledger, set->name, &first) || !ar_ledger_last(ledger, set->name, &last))
            continue;
        set->rows_in = last.rows;
        if (first.method && !(set->method = strdup(first.method)))
            return ar_fail_memory(error);
    }
    return 0;
}

static void tell(const struct lanes_step *s)
{
    struct ar_buf text;
    if (s->log < 0 || !s->lane.failure.failed)
        return;
    ar_buf_init(&text);
    ar_buf_add_tr(&text, "%s: lane '%s': ", s->lane.method->name, s->lane.target->data);
    ar_failure_text(&s->lane.failure, &text);
    (void)!write(s->log, text.data, text.len); /* a log that is full is no reason to stop */
    ar_buf_release(&text);
}

static int analyze(struct lanes_step *s, struct ar_ledger *ledger, struct ar_error *error)
{
    const struct ar_buf *params = s->params.len > 0 ? &s->params : &s->top_params;
    struct ar_error fault = { 0 };
    if (ar_ledger_refuse_analyzed(ledger, s->lane.target->data, error) != 0 || see_sets(s, ledger, error) != 0)
        return -1;
    if (ar_params_take(&s->lane.params, params->len > 0 ? params->data : "{}", params->len > 0 ? params->len : 2, s->schema, &fault) != 0)
        ar_failure_error(&s->lane.failure, &fault);
    else if (s->child)
        return ar_lane_child_analyze(s->child, &s->lane, &s->emit, &s->params, &s->rest, ledger, error);
    else
        ar_lane_analyze(&s->lane);
    tell(s);
    return ar_answer_write(&s->lane, &s->emit, &s->params, &s->rest, ledger, error);
}

/* A lane that does not run: it failed before, or was not chosen. */
static int pass(struct lanes_step *s, const struct ar_ledger *ledger, struct ar_error *error)
{
    const char *name = s->lane.target->data;
    if (ar_emit_names(&s->emit, s->lane.target, error) != 0)
        return -1;
    if (s->params.len > 0 && ar_emit_whole(&s->emit, name, AR_NAME_PARAMS, false, s->params.data, s->params.len, error) != 0)
        return -1;
    if (s->failed_before && ar_emit_whole(&s->emit, name, AR_NAME_ERROR, false, s->error_text.data, s->error_text.len, error) != 0)
        return -1;
    if (ar_out_write(s->out, s->rest.data, s->rest.len, error) != 0)
        return -1;
    return ar_emit_ledger(&s->emit, name, ledger, error);
}

static int end_lane(struct lanes_step *s, struct ar_error *error)
{
    struct ar_ledger *ledger = ar_stream_lane_ledger(s->stream);
    const char *outcome = ar_ledger_outcome(ledger);
    bool passes = s->failed_before || (outcome && strcmp(outcome, "not chosen") == 0);
    int result = passes ? pass(s, ledger, error) : analyze(s, ledger, error);
    if (result == 0)
        result = ar_out_flush(s->out, error);
    return result == 0 && !passes ? ar_own_folder_renew(&s->folder, error) : result;
}

/* ---- the stream ----------------------------------------------------------------------------------------------------- */

static int keep_text(struct ar_buf *buf, const struct ar_entry *entry, struct ar_error *error)
{
    ar_buf_clear(buf);
    ar_buf_add(buf, entry->text, entry->len);
    return ar_buf_check(buf, error);
}

/* Says that what is written to standard error from now on is of the lane. */
static void mark_log(const struct lanes_step *s, const struct ar_target *target)
{
    char mark[AR_LANE_ID_MAX + 3];
    if (!s->marks)
        return;
    (void)fflush(stdout); /* goes there as well, and is of the lane before */
    int n = snprintf(mark, sizeof mark, "%c%s\n", AR_LOG_MARK, target->data);
    (void)!write(s->log, mark, (size_t)n);
}

static void begin_lane(struct lanes_step *s, const struct ar_entry *entry)
{
    const struct ar_target *target = &ar_stream_targets(s->stream)->entry[entry->lane];
    mark_log(s, target);
    ar_lane_begin(&s->lane, target);
    ar_buf_clear(&s->params);
    ar_buf_clear(&s->error_text);
    ar_buf_clear(&s->rest);
    s->failed_before = false;
}

static int take_lane_entry(struct lanes_step *s, const struct ar_entry *entry, struct ar_error *error)
{
    switch (entry->kind) {
    case AR_ENTRY_DATA_NAME:
        return 0;
    case AR_ENTRY_SAMPLE_NAME:
        begin_lane(s, entry);
        return 0;
    case AR_ENTRY_PARAMS:
        return keep_text(&s->params, entry, error);
    case AR_ENTRY_SET:
        return take_set(s, entry, error);
    case AR_ENTRY_ERROR:
        s->failed_before = true;
        return keep_text(&s->error_text, entry, error);
    case AR_ENTRY_LEDGER:
        return end_lane(s, error);
    case AR_ENTRY_IMAGE:
    case AR_ENTRY_RESULT:
        return ar_fail(error, AR_INPUT, "entry '%s': the lane was analyzed already", entry->tar->name);
    default:
        return take_rest(s, entry, error);
    }
}

static int take_entry(struct lanes_step *s, const struct ar_entry *entry, struct ar_error *error)
{
    s->emit.one_lane = ar_stream_shape(s->stream) == AR_SHAPE_ONE;
    if (entry->lane != AR_NO_LANE || entry->kind == AR_ENTRY_DATA_NAME)
        return take_lane_entry(s, entry, error);
    if (entry->kind == AR_ENTRY_ERROR)
        return ar_fail(error, AR_CONTENT, "the input says that it failed: %s", entry->text);
    if (entry->kind == AR_ENTRY_PARAMS && keep_text(&s->top_params, entry, error) != 0)
        return -1;
    return ar_emit_pass(&s->emit, s->stream, entry, error);
}

static int run(struct lanes_step *s, int in, int out, struct ar_error *error)
{
    struct ar_entry entry;
    int got;
    if (open_input(s, in, error) != 0)
        return -1;
    s->out = ar_out_new(out, ar_tr("standard output"), AR_FILTER_NONE, error);
    if (!s->out)
        return -1;
    ar_emit_init(&s->emit, s->out, false);
    while ((got = ar_stream_next(s->stream, &entry, error)) > 0)
        if (take_entry(s, &entry, error) != 0)
            return -1;
    if (got < 0 || ar_emit_finish(&s->emit, error) != 0)
        return -1;
    struct ar_out *done = s->out;
    s->out = NULL;
    return ar_out_close(done, error);
}

int ar_lanes_step(const struct ar_method *method, const struct ar_schema *schema, int in, int out, int log, struct ar_lane_child *child,
                  struct ar_error *error)
{
    struct lanes_step s = { .schema = schema, .log = log, .marks = log >= 0 && getenv(AR_LOG_LANES), .child = child,
                            .map = { .data = "", .fd = -1 } };
    ar_own_folder_init(&s.folder);
    ar_lane_init(&s.lane, method, ar_lane_fields_of(method));
    ar_buf_init(&s.top_params);
    ar_buf_init(&s.params);
    ar_buf_init(&s.error_text);
    ar_buf_init(&s.rest);
    ar_buf_init(&s.emit.name);
    int result = run(&s, in, out, error);
    ar_out_abandon(s.out);
    ar_emit_release(&s.emit);
    ar_stream_free(s.stream);
    ar_in_free(s.in);
    ar_map_release(&s.map);
    ar_lane_release(&s.lane);
    ar_own_folder_release(&s.folder);
    ar_buf_release(&s.top_params);
    ar_buf_release(&s.params);
    ar_buf_release(&s.error_text);
    ar_buf_release(&s.rest);
    return result;
}
