/* SPDX-License-Identifier: MIT */
/*
 * Results of lanes: the outputs of an analyze and of an analyzeseq.
 */
#include "wire/from_parts.h"
#include "wire/result.h"

/* A lane that is written. */
struct lane {
    const struct ar_target *target;
    const struct ar_buf *params;
    const struct ar_buf *result; /* NULL: the tar ended in an error before */
    const char *const *made;     /* of its ledger's mark, or NULL */
    const size_t *entry;         /* numbers in the tar */
    size_t n;
    size_t prefix;               /* bytes of an entry's name before its name in the lane */
};

/* ---- one lane ------------------------------------------------------------------------------------------------------- */

/* Writes the lane's entries of that kind, each under its name in out's shape. */
static int pass_kind(const struct ar_wire_from *from, const struct lane *lane, enum ar_entry_kind kind, struct ar_emit *emit,
                     struct ar_ledger *ledger, struct ar_error *error)
{
    for (size_t i = 0; i < lane->n; i++) {
        const struct ar_tar_item *item = &from->tar->item[lane->entry[i]];
        const char *name = item->name + lane->prefix, *base;
        if (ar_entry_kind_of(name, true, false, &base) != kind)
            continue;
        if (ar_from_note(ledger, name, item, error) != 0 ||
            ar_from_pass(emit, item, item->name, kind == AR_ENTRY_IMAGE, error) != 0)
            return -1;
    }
    return 0;
}

static int write_entries(const struct ar_wire_from *from, const struct lane *lane, struct ar_emit *emit, struct ar_ledger *ledger,
                         struct ar_error *error)
{
    const struct ar_target *target = lane->target;
    const char *id = target->data;
    if (ar_from_put(emit, ledger, id, AR_NAME_DATA_NAME, false, target->data, target->data_len, error) != 0 ||
        ar_from_put(emit, ledger, id, AR_NAME_SAMPLE_NAME, false, target->sample, target->sample_len, error) != 0 ||
        ar_from_put(emit, ledger, id, AR_NAME_PARAMS, false, lane->params->data, lane->params->len, error) != 0 ||
        pass_kind(from, lane, AR_ENTRY_IMAGE, emit, ledger, error) != 0)
        return -1;
    if (lane->result && (ar_from_put(emit, ledger, id, AR_NAME_RESULT, true, lane->result->data, lane->result->len, error) != 0 ||
                         ar_ledger_set_outcome(ledger, "result", error) != 0))
        return -1;
    return pass_kind(from, lane, AR_ENTRY_OTHER, emit, ledger, error);
}

static int write_lane(const struct ar_wire_from *from, const struct lane *lane, struct ar_emit *emit, struct ar_error *error)
{
    struct ar_ledger ledger = { 0 };
    int result = ar_from_ledger(from, &ledger, lane->made, error);
    if (result == 0)
        result = write_entries(from, lane, emit, &ledger, error);
    if (result == 0)
        result = ar_emit_ledger(emit, lane->target->data, &ledger, error);
    ar_ledger_release(&ledger);
    return result;
}

/* A lane has pictures, a result, and what is not known; nothing else. */
static int check_entries(const struct ar_wire_from *from, const size_t *entry, size_t n, size_t prefix, struct ar_error *error)
{
    for (size_t i = 0; i < n; i++) {
        const struct ar_tar_item *item = &from->tar->item[entry[i]];
        const char *base;
        enum ar_entry_kind kind = ar_entry_kind_of(item->name + prefix, true, false, &base);
        if (kind != AR_ENTRY_IMAGE && kind != AR_ENTRY_RESULT && kind != AR_ENTRY_OTHER)
            return ar_from_fail_place(from, item, error);
    }
    return 0;
}

/* Adds the lane that a result told to targets. */
static int add_target(struct ar_targets *targets, const struct ar_wire_names *names, const char *what, struct ar_error *error)
{
    if (ar_targets_add(targets, names->data.data, names->data.len, names->sample.data, names->sample.len, error) == 0)
        return 0;
    return ar_fail_in(error, "%s", what);
}

static void init_names(struct ar_wire_names *names)
{
    ar_buf_init(&names->data);
    ar_buf_init(&names->sample);
}

static void release_names(struct ar_wire_names *names)
{
    ar_buf_release(&names->data);
    ar_buf_release(&names->sample);
}

/* ---- the output of an analyze --------------------------------------------------------------------------------------- */

/* Reads its pickled series, which names the lane. */
static int read_series(const struct ar_wire_from *from, struct ar_buf *table, struct ar_targets *targets, struct ar_error *error)
{
    const struct ar_tar_item *item = ar_from_need(from, AR_NAME_RESULT, error);
    if (!item)
        return -1;
    struct ar_wire_names names;
    struct ar_buf what;
    init_names(&names);
    ar_buf_init(&what);
    ar_from_what(from, AR_NAME_RESULT, &what);
    int result = ar_wire_result_from_pickle(table, item->data, (size_t)item->n, NULL, NULL, &names, what.data, error);
    if (result == 0)
        result = add_target(targets, &names, what.data, error);
    ar_buf_release(&what);
    release_names(&names);
    return result;
}

/* Numbers of all entries but an error. */
static size_t all_entries(const struct ar_tar_map *tar, size_t *entry)
{
    size_t n = 0;
    for (size_t i = 0; i < tar->n; i++)
        if (strcmp(tar->item[i].name, AR_NAME_ERROR) != 0)
            entry[n++] = i;
    return n;
}

static int write_one(struct ar_wire_from *from, struct ar_emit *emit, struct ar_buf *params, struct ar_buf *table, size_t *entry,
                     struct ar_error *error)
{
    static const char *const made[] = { AR_NAME_DATA_NAME, AR_NAME_SAMPLE_NAME, AR_NAME_PARAMS, AR_NAME_LEDGER, NULL };
    struct ar_targets targets = { 0 };
    size_t n = all_entries(from->tar, entry);
    int result = check_entries(from, entry, n, 0, error);
    if (result == 0)
        result = ar_from_params(from, false, params, error);
    if (result == 0)
        result = read_series(from, table, &targets, error);
    if (result == 0) {
        struct lane lane = { .target = targets.entry, .params = params, .result = table, .made = made, .entry = entry, .n = n };
        from->lanes = 1;
        result = write_lane(from, &lane, emit, error);
    }
    ar_targets_release(&targets);
    return result;
}

int ar_from_lane_result(struct ar_wire_from *from, struct ar_out *out, struct ar_error *error)
{
    struct ar_emit emit;
    struct ar_buf params, table;
    ar_emit_init(&emit, out, true);
    ar_buf_init(&params);
    ar_buf_init(&table);
    size_t *entry = calloc(from->tar->n + 1, sizeof *entry);
    int result = entry ? 0 : ar_fail_memory(error);
    bool failed = ar_tar_map_find(from->tar, AR_NAME_ERROR) != NULL;
    if (result == 0 && (!failed || ar_tar_map_find(from->tar, AR_NAME_RESULT))) /* nothing else tells the lane */
        result = write_one(from, &emit, &params, &table, entry, error);
    if (result == 0)
        result = ar_from_finish(from, &emit, error);
    free(entry);
    ar_buf_release(&params);
    ar_buf_release(&table);
    ar_emit_release(&emit);
    return result;
}

/* ---- the output of an analyzeseq ------------------------------------------------------------------------------------ */

struct results {
    struct ar_wire_from *from;
    struct ar_from_lanes lanes;
    struct ar_targets targets; /* numbers as in lanes */
    struct ar_buf *result;     /* by lane */
    bool *has;
    struct ar_buf params;
};

static const char *id_of(const struct results *r, size_t lane)
{
    return r->lanes.ids.name[lane].text;
}

/* Reads the result of a lane; its sample name is known by it, or is the id. */
static int read_result(struct results *r, size_t lane, const struct ar_tar_item *item, struct ar_error *error)
{
    const char *id = id_of(r, lane);
    struct ar_wire_names names;
    struct ar_buf what;
    init_names(&names);
    ar_buf_init(&what);
    ar_from_what(r->from, item->name, &what);
    int result = ar_wire_result_from_csv(&r->result[lane], item->data, (size_t)item->n, NULL, NULL, &names, what.data, error);
    if (result == 0 && strcmp(names.data.data, id) != 0)
        result = ar_fail(error, AR_CONTENT, "%s: 'data' is '%s', but the lane is '%s'", what.data, names.data.data, id);
    if (result == 0)
        result = add_target(&r->targets, &names, what.data, error);
    r->has[lane] = true;
    ar_buf_release(&what);
    release_names(&names);
    return result;
}

static int read_lane(struct results *r, size_t lane, bool failed, struct ar_error *error)
{
    const struct ar_from_lanes *lanes = &r->lanes;
    const size_t *entry = lanes->entry + lanes->first[lane];
    size_t n = lanes->first[lane + 1] - lanes->first[lane], prefix = lanes->ids.name[lane].len + 1;
    if (check_entries(r->from, entry, n, prefix, error) != 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (strcmp(r->from->tar->item[entry[i]].name + prefix, AR_NAME_RESULT) == 0)
            return read_result(r, lane, &r->from->tar->item[entry[i]], error);
    const char *id = id_of(r, lane);
    if (!failed)
        return ar_fail(error, AR_INPUT, "%s: lane '%s' has no entry '" AR_NAME_RESULT "'", r->from->tar->what, id);
    return ar_targets_add(&r->targets, id, strlen(id), id, strlen(id), error);
}

static int read_lanes(struct results *r, struct ar_error *error)
{
    bool failed = ar_tar_map_find(r->from->tar, AR_NAME_ERROR) != NULL;
    if (ar_from_params(r->from, false, &r->params, error) != 0 || ar_from_lanes_find(&r->lanes, r->from->tar, error) != 0)
        return -1;
    r->result = calloc(r->lanes.ids.count + 1, sizeof *r->result);
    r->has = calloc(r->lanes.ids.count + 1, sizeof *r->has);
    if (!r->result || !r->has)
        return ar_fail_memory(error);
    for (size_t lane = 0; lane < r->lanes.ids.count; lane++)
        ar_buf_init(&r->result[lane]);
    for (size_t lane = 0; lane < r->lanes.ids.count; lane++)
        if (read_lane(r, lane, failed, error) != 0)
            return -1;
    r->from->lanes = r->lanes.ids.count;
    return 0;
}

/* Entries at the top: notes them in the ledger, or, without one, writes them. */
static int each_other(struct results *r, struct ar_emit *emit, struct ar_ledger *ledger, struct ar_error *error)
{
    for (size_t i = 0; i < r->from->tar->n; i++) {
        const struct ar_tar_item *item = &r->from->tar->item[i];
        const char *base;
        if (r->lanes.lane_of[i] >= 0 || strcmp(item->name, AR_NAME_ERROR) == 0)
            continue;
        if (ar_entry_kind_of(item->name, false, true, &base) != AR_ENTRY_OTHER)
            return ar_from_fail_place(r->from, item, error);
        if ((ledger ? ar_from_note(ledger, item->name, item, error) : ar_from_pass(emit, item, item->name, false, error)) != 0)
            return -1;
    }
    return 0;
}

static int write_top(struct results *r, struct ar_emit *emit, struct ar_error *error)
{
    static const char *const made[] = { AR_NAME_TARGETS, AR_NAME_PARAMS, AR_NAME_LEDGER, NULL };
    struct ar_ledger ledger = { 0 };
    struct ar_buf text;
    ar_buf_init(&text);
    ar_targets_write(&r->targets, &text);
    int result = ar_buf_check(&text, error);
    if (result == 0)
        result = ar_from_ledger(r->from, &ledger, made, error);
    if (result == 0)
        result = ar_from_put(emit, &ledger, NULL, AR_NAME_TARGETS, false, text.data, text.len, error);
    if (result == 0)
        result = ar_from_put(emit, &ledger, NULL, AR_NAME_PARAMS, false, r->params.data, r->params.len, error);
    if (result == 0)
        result = each_other(r, emit, &ledger, error);
    if (result == 0)
        result = ar_emit_ledger(emit, NULL, &ledger, error);
    ar_ledger_release(&ledger);
    ar_buf_release(&text);
    return result == 0 ? each_other(r, emit, NULL, error) : -1;
}

static int write_lanes(struct results *r, struct ar_emit *emit, struct ar_error *error)
{
    const struct ar_from_lanes *lanes = &r->lanes;
    for (size_t i = 0; i < r->targets.count; i++) {
        struct lane lane = { .target = &r->targets.entry[i], .params = &r->params, .result = r->has[i] ? &r->result[i] : NULL,
                             .entry = lanes->entry + lanes->first[i], .n = lanes->first[i + 1] - lanes->first[i],
                             .prefix = lanes->ids.name[i].len + 1 };
        if (write_lane(r->from, &lane, emit, error) != 0)
            return -1;
    }
    return 0;
}

int ar_from_lane_results(struct ar_wire_from *from, struct ar_out *out, struct ar_error *error)
{
    struct results r = { .from = from };
    struct ar_emit emit;
    ar_emit_init(&emit, out, false);
    ar_buf_init(&r.params);
    int result = read_lanes(&r, error);
    if (result == 0)
        result = write_top(&r, &emit, error);
    if (result == 0)
        result = write_lanes(&r, &emit, error);
    if (result == 0)
        result = ar_from_finish(from, &emit, error);
    for (size_t lane = 0; r.result && r.has && lane < r.lanes.ids.count; lane++)
        ar_buf_release(&r.result[lane]);
    free(r.result);
    free(r.has);
    ar_buf_release(&r.params);
    ar_from_lanes_release(&r.lanes);
    ar_targets_release(&r.targets);
    ar_emit_release(&emit);
    return result;
}
