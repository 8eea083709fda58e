/* SPDX-License-Identifier: MIT */
#include "wire/from.h"

#include "wire/from_parts.h"

/* ---- sets ----------------------------------------------------------------------------------------------------------- */

/* Reads a pickled set, and adds its CSV to the run that is split. */
static int add_set(struct ar_wire_from *from, const struct ar_tar_item *item, const char *name, struct ar_error *error)
{
    struct ar_run *run = &from->split.run;
    struct ar_buf what;
    ar_buf_init(&what);
    ar_from_what(from, item->name, &what);
    struct ar_wire_set *set = &from->set[from->n_sets];
    int result = ar_buf_check(&what, error);
    if (result == 0 && !ar_set_name_ok(name, strlen(name)))
        result = ar_fail(error, AR_INPUT, "%s: '%.*s' cannot be the name of a set", what.data, 200, name);
    if (result == 0)
        result = ar_wire_set_read(set, item->data, item->n, what.data, error);
    if (result == 0) {
        from->n_sets++;
        struct ar_run_set *added = &run->set[run->n_sets++];
        *added = (struct ar_run_set){ .name = strdup(name), .source = strdup(name), .what = strdup(what.data),
                                       .data = set->csv, .n = set->n };
        if (!added->name || !added->source || !added->what)
            result = ar_fail_memory(error);
    }
    ar_buf_release(&what);
    return result;
}

/* Adds an entry that is not known. */
static int add_other(struct ar_wire_from *from, const struct ar_tar_item *item, struct ar_error *error)
{
    struct ar_run_other *other = &from->split.run.other[from->split.run.n_others++];
    *other = (struct ar_run_other){ .name = strdup(item->name), .is_file = item->is_file, .data = item->data, .n = item->n,
                                    .image_type = item->image_type ? strdup(item->image_type) : NULL,
                                    .pax = item->pax_len ? malloc(item->pax_len) : NULL, .pax_len = item->pax_len };
    if (!other->name || (item->image_type && !other->image_type) || (item->pax_len && !other->pax))
        return ar_fail_memory(error);
    if (item->pax_len)
        memcpy(other->pax, item->pax, item->pax_len);
    return 0;
}

/* Takes all entries but those whose names are in taken, which were read already. */
static int add_entries(struct ar_wire_from *from, const char *const *taken, struct ar_error *error)
{
    const struct ar_tar_map *tar = from->tar;
    from->set = calloc(tar->n + 1, sizeof *from->set);
    from->split.run.set = calloc(tar->n + 1, sizeof *from->split.run.set);
    from->split.run.other = calloc(tar->n + 1, sizeof *from->split.run.other);
    if (!from->set || !from->split.run.set || !from->split.run.other)
        return ar_fail_memory(error);
    for (size_t i = 0; i < tar->n; i++) {
        const struct ar_tar_item *item = &tar->item[i];
        const char *base;
        enum ar_entry_kind kind = ar_entry_kind_of(item->name, false, true, &base);
        bool known = false;
        for (const char *const *name = taken; *name; name++)
            known |= strcmp(*name, item->name) == 0;
        if (known)
            continue;
        if (kind != AR_ENTRY_SET && kind != AR_ENTRY_OTHER)
            return ar_from_fail_place(from, item, error);
        if ((kind == AR_ENTRY_SET ? add_set(from, item, base, error) : add_other(from, item, error)) != 0)
            return -1;
    }
    if (from->n_sets > 0)
        return 0;
    ar_fail(error, AR_INPUT, "%s holds no set", tar->what);
    return ar_hint(error, "Each set is an entry '" AR_FOLDER_SETS "SET'.");
}

/* ---- the inputs of an analyze and an analyzeseq --------------------------------------------------------------------- */

static int read_one_target(struct ar_wire_from *from, struct ar_error *error)
{
    const struct ar_tar_item *data = ar_from_need(from, AR_NAME_DATA_NAME, error);
    const struct ar_tar_item *sample = data ? ar_from_need(from, AR_NAME_SAMPLE_NAME, error) : NULL;
    if (!sample)
        return -1;
    if (sample->n > AR_SAMPLE_NAME_MAX || data->n > AR_SAMPLE_NAME_MAX)
        return ar_fail(error, AR_INPUT, "%s: the name of the lane or of its sample has more than %d bytes", from->tar->what,
                       AR_SAMPLE_NAME_MAX);
    if (ar_targets_add(&from->split.targets, data->data, (size_t)data->n, sample->data, (size_t)sample->n, error) != 0)
        return ar_fail_in(error, "%s", from->tar->what);
    return 0;
}

static int read_targets(struct ar_wire_from *from, struct ar_error *error)
{
    const struct ar_tar_item *item = ar_from_need(from, AR_NAME_TARGETS, error);
    if (!item)
        return -1;
    struct ar_buf what;
    ar_buf_init(&what);
    ar_from_what(from, AR_NAME_TARGETS, &what);
    int result = ar_targets_parse(&from->split.targets, item->data, (size_t)item->n, what.data, error);
    if (result == 0 && from->split.targets.count == 0)
        result = ar_fail(error, AR_INPUT, "%s names no lane", what.data);
    ar_buf_release(&what);
    return result;
}

static int split_input(struct ar_wire_from *from, struct ar_out *out, struct ar_error *error)
{
    static const char *const taken_one[] = { AR_NAME_DATA_NAME, AR_NAME_SAMPLE_NAME, AR_NAME_PARAMS, NULL };
    static const char *const taken_many[] = { AR_NAME_TARGETS, AR_NAME_PARAMS, NULL };
    static const char *const made[] = { AR_NAME_LEDGER, NULL };
    struct ar_split *split = &from->split;
    split->one_lane = from->kind == AR_WIRE_ANALYZE_IN;
    split->lenient = split->has_params = true;
    if ((split->one_lane ? read_one_target(from, error) : read_targets(from, error)) != 0 ||
        ar_from_params(from, true, &split->params, error) != 0 ||
        add_entries(from, split->one_lane ? taken_one : taken_many, error) != 0)
        return -1;
    split->converted = ar_from_mark(from, made, error);
    if (!split->converted || ar_split_read(split, from->keys, from->n_keys, &from->tick, error) != 0)
        return -1;
    from->lanes = split->targets.count;
    from->failed = split->failed;
    return ar_tar_map_check(from->tar, error) != 0 ? -1 : ar_split_write(split, out, NULL, error);
}

/* ---- a run, and an error -------------------------------------------------------------------------------------------- */

/* A run is one of ours, but for a compression that was undone. */
static int pass_run(struct ar_wire_from *from, struct ar_emit *emit, struct ar_error *error)
{
    struct ar_buf params;
    ar_buf_init(&params);
    int result = ar_from_params(from, true, &params, error);
    ar_buf_release(&params);
    size_t sets = 0;
    if (result != 0 || !ar_from_need(from, AR_NAME_SAMPLE_NAMES, error))
        return -1;
    for (size_t i = 0; i < from->tar->n; i++) {
        const struct ar_tar_item *item = &from->tar->item[i];
        const char *base;
        enum ar_entry_kind kind = ar_entry_kind_of(item->name, false, true, &base);
        if (kind != AR_ENTRY_PARAMS && kind != AR_ENTRY_SAMPLE_NAMES && kind != AR_ENTRY_SET && kind != AR_ENTRY_OTHER)
            return ar_from_fail_place(from, item, error);
        if (ar_from_pass(emit, item, item->name, ar_entry_is_file(kind), error) != 0)
            return -1;
        sets += kind == AR_ENTRY_SET;
    }
    return sets ? 0 : ar_fail(error, AR_INPUT, "%s holds no set", from->tar->what);
}

static int pass_run_or_error(struct ar_wire_from *from, struct ar_out *out, struct ar_error *error)
{
    struct ar_emit emit;
    ar_emit_init(&emit, out, false);
    int result = from->kind == AR_WIRE_RUN_IN ? pass_run(from, &emit, error) : 0;
    if (result == 0)
        result = ar_from_finish(from, &emit, error);
    ar_emit_release(&emit);
    return result;
}

int ar_wire_from_write(struct ar_wire_from *from, struct ar_out *out, struct ar_error *error)
{
    from->begun = true;
    ar_split_init(&from->split);
    ar_buf_init(&from->error_text);
    if (ar_wire_tell(from->tar, from->dialect, &from->kind, error) != 0)
        return -1;
    switch (from->kind) {
    case AR_WIRE_ANALYZE_IN:
    case AR_WIRE_SEQ_IN:
        return split_input(from, out, error);
    case AR_WIRE_ANALYZE_OUT:
        return ar_from_lane_result(from, out, error);
    case AR_WIRE_SEQ_OUT:
        return ar_from_lane_results(from, out, error);
    case AR_WIRE_POST_IN:
    case AR_WIRE_POST_OUT:
    case AR_WIRE_RUN_OUT:
        return ar_from_merged(from, out, error);
    case AR_WIRE_RUN_IN:
    case AR_WIRE_ERROR:
        break;
    }
    return pass_run_or_error(from, out, error);
}

void ar_wire_from_release(struct ar_wire_from *from)
{
    if (!from->begun)
        return;
    json_decref(from->split.converted);
    ar_split_release(&from->split);
    for (size_t i = 0; i < from->n_sets; i++)
        ar_wire_set_release(&from->set[i]);
    free(from->set);
    from->set = NULL;
    from->n_sets = 0;
    ar_buf_release(&from->error_text);
    from->begun = false;
}
