/* SPDX-License-Identifier: MIT */
/*
 * Reading lane results into a gathering. What comes of a lane is kept once its ledger, the last of its entries, has
 * told how it ended.
 */
#include "lanes/gather_lane.h"

#include "lanes/artifacts.h"
#include "lanes/pins.h"

/* What is read. */
struct taking {
    struct ar_gather *gather;
    struct ar_stream *stream;
    const char *what;
    uint32_t place;
    bool alone;
    ssize_t lane; /* its number in the gathering's targets; -1 between lanes */
    struct ar_gather_lane now;
    bool has_result, has_images, has_error, has_params;
};

static const char *place_of(const struct ar_gather *gather, const struct ar_gather_lane *lane)
{
    return gather->places.name[lane->place].text;
}

/* ---- the lane ------------------------------------------------------------------------------------------------------- */

static int find_lane(struct taking *t, const struct ar_entry *entry, struct ar_error *error)
{
    struct ar_gather *gather = t->gather;
    const struct ar_target *target = &ar_stream_targets(t->stream)->entry[entry->lane];
    t->lane = ar_targets_find(&gather->targets, target->data, target->data_len);
    if (t->lane < 0) {
        ar_fail(error, AR_INPUT, "'%s' holds the lane '%s', which is not among the targets of '%s'", t->what, target->data,
                gather->targets_place);
        if (ar_targets_find_form(&gather->targets, target->data, target->data_len) >= 0)
            return ar_hint(error, "One that differs only in its Unicode form is: write both in the same one (NFC).");
        return ar_hint(error, "Take away what is of another run, or name the targets of this one.");
    }
    const char *sample = gather->targets.entry[t->lane].sample;
    if (strcmp(target->sample, sample) == 0)
        return 0;
    return ar_fail(error, AR_INPUT, "'%s': the sample name of lane '%s' is '%s', and '%s' by '%s'", t->what, target->data,
                   target->sample, sample, gather->targets_place);
}

/* The first entry of a lane that tells its number. */
static int begin_lane(struct taking *t, const struct ar_entry *entry, struct ar_error *error)
{
    struct ar_gather *gather = t->gather;
    if (find_lane(t, entry, error) != 0)
        return -1;
    t->now = (struct ar_gather_lane){ .place = t->place };
    t->now.images.start = ar_waiting_end(&gather->images);
    t->now.others.start = ar_waiting_end(&gather->others);
    t->now.error.start = ar_waiting_end(&gather->errors);
    t->now.artifacts.start = gather->artifacts.len;
    t->now.cause.start = gather->causes.len;
    t->has_result = t->has_images = t->has_error = t->has_params = false;
    return 0;
}

static int fail_unanalysed(const struct taking *t, const char *lane, struct ar_error *error)
{
    ar_fail(error, AR_INPUT, "'%s': lane '%s' has not been analysed", t->what, lane);
    return ar_hint(error, "Analyse the lanes first: ar-analyze -- METHOD < LANES | ar-merge.");
}

/* Do the entries that came fit the outcome? */
static int check_outcome(struct taking *t, const char *lane, struct ar_error *error)
{
    const char *fault = NULL;
    bool ended = t->now.outcome == AR_OUTCOME_RESULT || t->now.outcome == AR_OUTCOME_NO_RESULT;
    if (t->now.outcome == AR_OUTCOME_RESULT && !t->has_result)
        fault = N_("has a result by its ledger, but no entry 'analysis_result'");
    else if (t->now.outcome != AR_OUTCOME_RESULT && t->has_result)
        fault = N_("has an entry 'analysis_result', but no result by its ledger");
    else if (t->now.outcome == AR_OUTCOME_FAILED && !t->has_error)
        fault = N_("failed by its ledger, but has no entry 'error'");
    else if (t->now.outcome != AR_OUTCOME_FAILED && t->has_error)
        fault = N_("has an entry 'error', but did not fail by its ledger");
    else if (!ended && t->has_images)
        fault = N_("has pictures, but did not end well by its ledger");
    else if (ended && !t->has_params)
        fault = N_("has no entry 'params'");
    return fault ? ar_fail(error, AR_INPUT, "'%s': lane '%s' %s", t->what, lane, ar_tr(fault)) : 0;
}

/* What a lane that came before, and this one, make together. Returns 1 where this one is to be kept, 0 where it is not. */
static int choose(const struct taking *t, const char *lane, struct ar_error *error)
{
    const struct ar_gather_lane *before = &t->gather->lane[t->lane];
    if (before->outcome == AR_OUTCOME_NONE)
        return 1;
    if (before->outcome == AR_OUTCOME_NOT_CHOSEN)
        return t->now.outcome != AR_OUTCOME_NOT_CHOSEN;
    if (t->now.outcome == AR_OUTCOME_NOT_CHOSEN)
        return 0;
    ar_fail(error, AR_INPUT, "lane '%s' is there twice: in '%s' and in '%s'", lane, place_of(t->gather, before), t->what);
    return ar_hint(error, "It cannot be told which of the two is meant: take one away.");
}

static int keep_lane(struct taking *t, const char *lane, const struct ar_ledger *ledger, struct ar_error *error)
{
    struct ar_gather *gather = t->gather;
    if (t->has_result && ar_merge_table_add(&gather->table, (size_t)t->lane, gather->result.data, gather->result.len, error) != 0)
        return ar_fail_in(error, "'%s'", t->what);
    t->now.images.end = ar_waiting_end(&gather->images);
    t->now.others.end = ar_waiting_end(&gather->others);
    t->now.error.end = ar_waiting_end(&gather->errors);
    t->now.artifacts.end = gather->artifacts.len;
    t->now.cause.end = gather->causes.len;
    t->now.ledger.start = gather->ledgers.len;
    ar_node_dump(&gather->ledgers, ledger->tree.root);
    t->now.ledger.end = gather->ledgers.len;
    gather->failed += t->now.outcome == AR_OUTCOME_FAILED;
    gather->done += gather->lane[t->lane].outcome == AR_OUTCOME_NONE;
    gather->lane[t->lane] = t->now;
    if (ar_buf_check(&gather->ledgers, error) != 0 || ar_buf_check(&gather->artifacts, error) != 0)
        return -1;
    if (t->now.outcome == AR_OUTCOME_NOT_CHOSEN) /* another part may have it: its rows are added at the end */
        return 0;
    if (ar_account_add(&gather->account, lane, t->now.outcome, ledger, error) != 0)
        return ar_fail_in(error, "'%s'", t->what);
    return 0;
}

static int end_lane(struct taking *t, struct ar_error *error)
{
    struct ar_ledger *ledger = ar_stream_lane_ledger(t->stream);
    const char *lane = t->gather->targets.entry[t->lane].data;
    t->now.outcome = ar_ledger_ended(ledger);
    if (t->now.outcome == AR_OUTCOME_NONE) {
        if (!t->has_error)
            return fail_unanalysed(t, lane, error);
        t->now.outcome = AR_OUTCOME_FAILED;
        if (ar_ledger_set_outcome(ledger, "failed", error) != 0)
            return -1;
    }
    if (check_outcome(t, lane, error) != 0)
        return -1;
    if (ar_pins_check_result(&t->gather->pins, lane, ledger, t->gather->targets_place, error) != 0)
        return ar_fail_in(error, "'%s'", t->what);
    int chosen = choose(t, lane, error);
    if (chosen > 0 && keep_lane(t, lane, ledger, error) != 0)
        return -1;
    if (chosen == 0)
        ar_buf_truncate(&t->gather->artifacts, t->now.artifacts.start);
    t->lane = -1;
    return chosen < 0 ? -1 : ar_tick(&t->gather->tick, t->gather->done, error);
}

/* ---- its entries ---------------------------------------------------------------------------------------------------- */

/* The entry's name in a stream of many lanes, whatever its shape was here. */
static const char *full_name(struct taking *t, const struct ar_entry *entry)
{
    struct ar_buf *name = &t->gather->name;
    ar_buf_clear(name);
    ar_buf_add_text(name, t->gather->targets.entry[t->lane].data);
    ar_buf_add_char(name, '/');
    ar_buf_add_text(name, entry->name);
    return name->data;
}

static int take_file(struct taking *t, const struct ar_entry *entry, struct ar_waiting *where, const char *kind,
                     struct ar_error *error)
{
    struct ar_gather *gather = t->gather;
    const struct ar_target *target = &gather->targets.entry[t->lane];
    const char *name = full_name(t, entry);
    if (ar_buf_check(&gather->name, error) != 0 || ar_waiting_add(where, t->stream, entry, name, NULL, error) != 0)
        return -1;
    if (!kind)
        return 0;
    char xxh3[AR_DIGEST_HEX + 1];
    ar_stream_digest(t->stream, xxh3);
    struct ar_artifact artifact = { .path = name, .data = target->data, .sample = target->sample, .kind = kind,
                                    .image_type = entry->tar->image_type, .bytes = entry->tar->size, .xxh3 = xxh3 };
    ar_artifacts_add(&gather->artifacts, &artifact);
    return 0;
}

static int take_error(struct taking *t, const struct ar_entry *entry, struct ar_error *error)
{
    const char *line = entry->text;
    size_t n = ar_error_first_line(&line, entry->len);
    t->has_error = true;
    ar_buf_add(&t->gather->causes, line, n);
    ar_buf_add_char(&t->gather->causes, '\0');
    return take_file(t, entry, &t->gather->errors, NULL, error);
}

static int take_lane_entry(struct taking *t, const struct ar_entry *entry, struct ar_error *error)
{
    struct ar_gather *gather = t->gather;
    if (t->lane < 0 && begin_lane(t, entry, error) != 0)
        return -1;
    switch (entry->kind) {
    case AR_ENTRY_DATA_NAME:
    case AR_ENTRY_SAMPLE_NAME:
        return 0;
    case AR_ENTRY_PARAMS:
        t->has_params = true;
        return ar_gather_params(gather, entry->text, entry->len, t->what, error);
    case AR_ENTRY_SET:
        return fail_unanalysed(t, gather->targets.entry[t->lane].data, error);
    case AR_ENTRY_IMAGE:
        t->has_images = true;
        return take_file(t, entry, &gather->images, "image", error);
    case AR_ENTRY_RESULT:
        t->has_result = true;
        ar_buf_clear(&gather->result);
        ar_buf_add(&gather->result, entry->text, entry->len);
        return ar_buf_check(&gather->result, error);
    case AR_ENTRY_ERROR:
        return take_error(t, entry, error);
    case AR_ENTRY_LEDGER:
        return end_lane(t, error);
    default:
        return take_file(t, entry, &gather->others, entry->tar->is_file ? "file" : NULL, error);
    }
}

/* An unknown entry at the top. It is read whole: its digest tells whether it is there already. */
static int take_rest(struct taking *t, const struct ar_entry *entry, struct ar_error *error)
{
    struct ar_buf body;
    char xxh3[AR_DIGEST_HEX + 1];
    ar_buf_init(&body);
    int result = entry->text ? 0 : ar_stream_read_all(t->stream, &body, error);
    if (result == 0) {
        ar_stream_digest(t->stream, xxh3);
        result = ar_gather_rest(t->gather, entry->tar, entry->text ? entry->text : body.data, xxh3, t->what, error);
    }
    ar_buf_release(&body);
    return result;
}

/* ---- the stream ----------------------------------------------------------------------------------------------------- */

/* Returns 1 where the targets are missing. */
static int take_entry(struct taking *t, const struct ar_entry *entry, struct ar_error *error)
{
    struct ar_gather *gather = t->gather;
    if (entry->lane != AR_NO_LANE) {
        if (gather->targets_place)
            return take_lane_entry(t, entry, error);
        if (!t->alone)
            return 1;
        if (ar_gather_targets(gather, ar_stream_targets(t->stream), t->what, error) != 0)
            return -1;
        return take_lane_entry(t, entry, error);
    }
    switch (entry->kind) {
    case AR_ENTRY_TARGETS:
        return ar_gather_targets(gather, ar_stream_targets(t->stream), t->what, error);
    case AR_ENTRY_PARAMS:
        return ar_gather_params(gather, entry->text, entry->len, t->what, error);
    case AR_ENTRY_LEDGER:
        return ar_gather_top(gather, ar_stream_top_ledger(t->stream), t->what, error);
    case AR_ENTRY_ERROR:
        return ar_fail(error, AR_CONTENT, "'%s' says that it failed as a whole: %s", t->what, entry->text);
    case AR_ENTRY_DATA_NAME: /* one lane: its number is known with its sample name */
        return 0;
    default:
        return take_rest(t, entry, error);
    }
}

/* Where there are several inputs, a message says which one it is about. */
static void name_input(const struct taking *t, struct ar_error *error)
{
    if (!t->alone && error->status != AR_SYSTEM && !strstr(error->what, t->what))
        ar_fail_in(error, "'%s'", t->what);
}

int ar_gather_take(struct ar_gather *gather, struct ar_in *in, const char *what, bool alone, struct ar_error *error)
{
    bool added;
    ssize_t place = ar_names_add(&gather->places, what, strlen(what), &added);
    if (place < 0)
        return ar_fail_memory(error);
    struct taking t = { .gather = gather, .what = what, .place = (uint32_t)place, .alone = alone, .lane = -1 };
    t.stream = ar_stream_new(in, AR_STREAM_LANES, error);
    if (!t.stream)
        return -1;
    struct ar_entry entry;
    int got, result = 0;
    while (result == 0 && (got = ar_stream_next(t.stream, &entry, error)) != 0)
        result = got < 0 ? -1 : take_entry(&t, &entry, error);
    ar_stream_free(t.stream);
    if (result < 0)
        name_input(&t, error);
    return result;
}
