/* SPDX-License-Identifier: MIT */
/*
 * Reading our stream: what it is, what of it waits, which lanes failed.
 */
#include "wire/to.h"

#include "lanes/entries.h"
#include "wire/to_parts.h"

void ar_wire_to_release(struct ar_wire_to *to)
{
    ar_names_release(&to->failed);
    ar_names_release(&to->left_out);
}

/* ---- which kind ----------------------------------------------------------------------------------------------------- */

/* Does the dialect have it? */
static int check_kind(struct ar_to *s, enum ar_wire_kind kind)
{
    bool first = s->to->dialect == AR_DIALECT_FIRST;
    if (kind == AR_WIRE_POST_IN && !first) {
        ar_fail(s->error, AR_INPUT, "the input is a merged stream, and the present dialect has no tar for it");
        return ar_hint(s->error, "Its runs merge and judge by themselves: convert a run, or the result of one.");
    }
    if (kind == AR_WIRE_RUN_IN && first) {
        ar_fail(s->error, AR_INPUT, "the input is a run, and the first dialect has no tar for it");
        return ar_hint(s->error, "Cut it into lanes first, and convert each: ar-split | ar-cleanse | ar-pack -d DIR.");
    }
    return 0;
}

int ar_to_is(struct ar_to *s, enum ar_wire_kind kind)
{
    if (s->kind_known && s->to->kind == kind)
        return 0;
    if (s->kind_known) {
        ar_fail(s->error, AR_INPUT, "some lanes of the input were analyzed, and others were not");
        return ar_hint(s->error, "The stream was put together from different ones: make it again from its source.");
    }
    s->kind_known = true;
    s->to->kind = kind;
    return check_kind(s, kind);
}

static int is_input(struct ar_to *s)
{
    return ar_to_is(s, s->to->dialect == AR_DIALECT_FIRST ? AR_WIRE_ANALYZE_IN : AR_WIRE_SEQ_IN);
}

static int is_output(struct ar_to *s)
{
    return ar_to_is(s, s->to->dialect == AR_DIALECT_FIRST ? AR_WIRE_ANALYZE_OUT : AR_WIRE_SEQ_OUT);
}

/* The first dialect has one lane in a tar, unless they are merged. */
static int check_lanes(struct ar_to *s)
{
    size_t n = ar_stream_targets(s->stream)->count;
    if (s->in_lanes || s->to->dialect != AR_DIALECT_FIRST || ar_stream_shape(s->stream) == AR_SHAPE_MERGED || n == 1)
        return 0;
    ar_fail(s->error, AR_INPUT, "the input has %zu lanes, and the first dialect has one in a tar", n);
    return ar_hint(s->error, "Deliver each lane into a tar of its own: ar-pack -d DIR.");
}

/* ---- entries -------------------------------------------------------------------------------------------------------- */

static int keep(struct ar_to *s, struct ar_buf *buf, const struct ar_entry *entry)
{
    ar_buf_clear(buf);
    ar_buf_add(buf, entry->text, entry->len);
    return ar_buf_check(buf, s->error);
}

static int take_params(struct ar_to *s, const struct ar_entry *entry)
{
    if (s->has_params)
        return 0; /* those of the lanes are the same */
    s->has_params = true;
    return keep(s, &s->params, entry);
}

static int note_name(struct ar_to *s, struct ar_names *names, const char *name)
{
    bool added;
    return ar_names_add(names, name, strlen(name), &added) < 0 ? ar_fail_memory(s->error) : 0;
}

/* An unknown entry, under the name that it would have on the other side. */
static int take_rest(struct ar_to *s, const struct ar_entry *entry, const char *name)
{
    if (note_name(s, &s->rest_names, entry->tar->name) != 0)
        return -1;
    return ar_waiting_add(&s->rest, s->stream, entry, name, NULL, s->error);
}

static int keep_image(struct ar_to *s, const struct ar_entry *entry)
{
    struct ar_tar_entry tar = *entry->tar;
    struct ar_entry image = *entry;
    image.tar = &tar;
    ar_buf_clear(&s->scratch);
    if (s->to->dialect == AR_DIALECT_FIRST)
        tar.image_type = NULL; /* it does not know the keyword */
    else
        ar_buf_add_format(&s->scratch, "%s/", ar_stream_targets(s->stream)->entry[entry->lane].data);
    ar_buf_add_text(&s->scratch, entry->name);
    if (ar_buf_check(&s->scratch, s->error) != 0)
        return -1;
    return ar_waiting_add(&s->images, s->stream, &image, s->scratch.data, NULL, s->error);
}

/* A picture waits where the other side takes pictures. */
static int take_image(struct ar_to *s, const struct ar_entry *entry)
{
    bool merged = ar_stream_shape(s->stream) == AR_SHAPE_MERGED;
    if (!merged && is_output(s) != 0)
        return -1;
    if (merged && s->to->dialect == AR_DIALECT_FIRST)
        return note_name(s, &s->to->left_out, entry->tar->name);
    if (merged && s->pictures_done)
        return 0; /* reading it holds it against the ledger all the same */
    return keep_image(s, entry);
}

/* A lane failed: its text for us, and its line for the other side. */
static int take_failed(struct ar_to *s, const struct ar_entry *entry)
{
    const struct ar_target *target = &ar_stream_targets(s->stream)->entry[entry->lane];
    if (s->first_failed < 0)
        s->first_failed = entry->lane;
    ar_wire_error_lane(&s->failed_text, target->data, target->sample);
    ar_buf_clear(&s->scratch);
    ar_buf_add_format(&s->scratch, "%s (%s): %s", target->data, target->sample, entry->text);
    if (ar_buf_check(&s->failed_text, s->error) != 0 || ar_buf_check(&s->scratch, s->error) != 0)
        return -1;
    return note_name(s, &s->to->failed, s->scratch.data);
}

/* The rows of the lane's sets, as they are in the stream. */
static uint64_t count_rows(const struct ar_ledger *ledger)
{
    uint64_t rows = 0;
    struct ar_record record;
    for (const struct ar_node *set = ar_node_members(ar_ledger_sets(ledger)); set; set = set->next)
        if (ar_ledger_described(ledger, set->name, &record))
            rows += record.rows;
    return rows;
}

/* All of a lane was read, and checked. */
static int end_lane(struct ar_to *s, const struct ar_entry *entry)
{
    const struct ar_ledger *ledger = ar_stream_lane_ledger(s->stream);
    const struct ar_target *target = &ar_stream_targets(s->stream)->entry[entry->lane];
    enum ar_outcome outcome = ar_ledger_ended(ledger);
    int result = 0;
    s->to->lanes++;
    if (outcome != AR_OUTCOME_NONE && outcome != AR_OUTCOME_FAILED)
        result = is_output(s);
    if (outcome == AR_OUTCOME_NOT_CHOSEN && s->to->dialect == AR_DIALECT_FIRST && result == 0)
        result = ar_fail(s->error, AR_CONTENT, "lane '%s' was not chosen, and has no result", target->data);
    if (outcome == AR_OUTCOME_NONE)
        s->to->rows += count_rows(ledger);
    if (result == 0 && s->kind_known && s->to->kind == AR_WIRE_SEQ_OUT && s->first_failed < 0 && outcome != AR_OUTCOME_NOT_CHOSEN)
        result = ar_to_write_lane(s, target);
    if (s->to->dialect != AR_DIALECT_FIRST) {
        ar_waiting_release(&s->images);
        s->has_result = false;
    }
    return result;
}

static int take_lane_entry(struct ar_to *s, const struct ar_entry *entry)
{
    bool merged = ar_stream_shape(s->stream) == AR_SHAPE_MERGED;
    if (check_lanes(s) != 0)
        return -1;
    s->in_lanes = true;
    switch (entry->kind) {
    case AR_ENTRY_PARAMS:
        return take_params(s, entry);
    case AR_ENTRY_SET:
        return is_input(s) != 0 ? -1 : ar_to_take_set(s, entry);
    case AR_ENTRY_IMAGE:
        return take_image(s, entry);
    case AR_ENTRY_RESULT:
        s->has_result = true;
        return is_output(s) != 0 ? -1 : keep(s, &s->result, entry);
    case AR_ENTRY_ERROR:
        return take_failed(s, entry);
    case AR_ENTRY_LEDGER:
        return end_lane(s, entry);
    case AR_ENTRY_OTHER:
        if (s->to->dialect == AR_DIALECT_FIRST && !merged)
            return take_rest(s, entry, entry->name);
        return note_name(s, &s->to->left_out, entry->tar->name);
    default:
        return 0;
    }
}

/* The whole stream failed. */
static int take_whole_error(struct ar_to *s, const struct ar_entry *entry)
{
    return ar_fail(s->error, AR_CONTENT, "the input says that it failed: %s", entry->text);
}

static int take_top_entry(struct ar_to *s, const struct ar_entry *entry)
{
    if (entry->kind == AR_ENTRY_ERROR)
        return take_whole_error(s, entry);
    if (ar_stream_shape(s->stream) == AR_SHAPE_RUN)
        return ar_to_is(s, AR_WIRE_RUN_IN) != 0 ? -1 : take_rest(s, entry, entry->tar->name);
    switch (entry->kind) {
    case AR_ENTRY_PARAMS:
        return take_params(s, entry);
    case AR_ENTRY_OTHER:
        return take_rest(s, entry, entry->tar->name);
    default:
        return ar_stream_shape(s->stream) == AR_SHAPE_MERGED ? ar_to_take_merged(s, entry) : 0;
    }
}

/* ---- the whole ------------------------------------------------------------------------------------------------------ */

static int read_all(struct ar_to *s)
{
    struct ar_entry entry;
    int got;
    while ((got = ar_stream_next(s->stream, &entry, s->error)) > 0) {
        if (ar_tick(&s->to->tick, ar_in_taken(s->in), s->error) != 0)
            return -1;
        if ((entry.lane == AR_NO_LANE ? take_top_entry(s, &entry) : take_lane_entry(s, &entry)) != 0)
            return -1;
    }
    if (got < 0)
        return -1;
    if (ar_stream_shape(s->stream) == AR_SHAPE_MERGED)
        return ar_to_check_merged(s);
    if (s->kind_known || s->first_failed >= 0)
        return 0;
    return is_input(s);
}

/* Everything was read, or error says why not. */
static int write_what_is_right(struct ar_to *s, int result)
{
    struct ar_wire_to *to = s->to;
    const bool failed = s->first_failed >= 0;
    if (result == 0 && (!failed || (to->incomplete && s->has_result))) {
        to->status = failed ? AR_CONTENT : AR_OK;
        if (ar_to_write_all(s) == 0)
            return 0;
        result = -1;
    }
    if (s->broken || (to->tick.stop && *to->tick.stop))
        return -1;
    if (result != 0)
        to->cause = *s->error;
    to->status = result != 0 ? to->cause.status : AR_CONTENT;
    if (result != 0 && to->ask && to->ask(to->arg) == AR_SYSTEM && to->status == AR_INPUT)
        to->status = AR_SYSTEM;
    return ar_to_write_error(s);
}

static void begin(struct ar_to *s)
{
    struct ar_buf *buffers[] = { &s->params, &s->result, &s->artifacts, &s->scratch, &s->failed_text };
    for (size_t i = 0; i < AR_COUNT(buffers); i++)
        ar_buf_init(buffers[i]);
    ar_listing_init(&s->listing);
    s->listing.verify = true;
    s->first_failed = -1;
    s->to->kind = AR_WIRE_ERROR;
}

static void release(struct ar_to *s)
{
    struct ar_buf *buffers[] = { &s->params, &s->result, &s->artifacts, &s->scratch, &s->failed_text };
    for (size_t i = 0; i < AR_COUNT(buffers); i++)
        ar_buf_release(buffers[i]);
    ar_stream_free(s->stream);
    ar_to_release_sets(s);
    ar_waiting_release(&s->images);
    ar_waiting_release(&s->rest);
    ar_names_release(&s->rest_names);
    ar_listing_release(&s->listing);
}

/* ---- the pictures first --------------------------------------------------------------------------------------------- */

/* Writes the pictures of each lane that ended well, once it was read. 0; 1: the rest cannot be read; -1: writing failed. */
static int write_pictures(struct ar_to *s)
{
    struct ar_entry entry;
    int got;
    while ((got = ar_stream_next(s->stream, &entry, s->error)) > 0) {
        if (s->to->tick.stop && *s->to->tick.stop)
            return -1;
        int result = 0;
        if (entry.lane != AR_NO_LANE && entry.kind == AR_ENTRY_IMAGE)
            result = keep_image(s, &entry);
        if (entry.lane != AR_NO_LANE && entry.kind == AR_ENTRY_LEDGER) {
            bool some = ar_waiting_end(&s->images) > 0;
            result = ar_to_send(s, &s->images);
            ar_waiting_release(&s->images);
            if (result == 0 && some)
                result = ar_out_hand_over(s->out, s->error) == 0 ? 0 : ar_to_broke(s);
        }
        if (result != 0)
            return s->broken ? -1 : 1;
    }
    return got < 0;
}

/* Whoever writes the stream is not to wait for us, who have given it up. */
static void drain(struct ar_in *in)
{
    struct ar_error ignored;
    const char *bytes;
    while (ar_in_view(in, &bytes, SIZE_MAX / 2, &ignored) > 0)
        ;
}

static int read_pictures(struct ar_to *s, struct ar_in *lanes)
{
    s->to->kind = AR_WIRE_RUN_OUT; /* for opening the output */
    s->stream = ar_stream_new(lanes, AR_STREAM_LANES, s->error);
    int result = s->stream ? write_pictures(s) : -1;
    if (result == 1)
        drain(lanes);
    ar_stream_free(s->stream);
    s->stream = NULL;
    ar_waiting_release(&s->images);
    s->pictures_done = true;
    if (!s->out)
        s->to->kind = AR_WIRE_ERROR;
    return result < 0 ? -1 : 0;
}

/* ---- the two ways --------------------------------------------------------------------------------------------------- */

/* Reads the stream, and writes the tar. */
static int write_tar(struct ar_to *s)
{
    s->stream = ar_stream_new(s->in, AR_STREAM_RUN | AR_STREAM_MERGED | AR_STREAM_LANES, s->error);
    return write_what_is_right(s, s->stream ? read_all(s) : -1);
}

int ar_wire_to_write_run(struct ar_wire_to *to, struct ar_in *lanes, int result, struct ar_error *error)
{
    struct ar_to s = { .to = to, .error = error };
    begin(&s);
    int written = read_pictures(&s, lanes);
    if (written == 0) {
        s.in = ar_in_new(result, ar_tr("the result"), error);
        written = s.in ? write_tar(&s) : write_what_is_right(&s, -1);
    }
    release(&s);
    ar_in_free(s.in);
    return written;
}

int ar_wire_to_write(struct ar_wire_to *to, struct ar_in *in, struct ar_error *error)
{
    struct ar_to s = { .to = to, .in = in, .error = error };
    begin(&s);
    int written = write_tar(&s);
    release(&s);
    return written;
}
