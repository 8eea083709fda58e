/* SPDX-License-Identifier: MIT */
#include "lanes/split.h"

#include "lanes/partition_tell.h"

void ar_split_init(struct ar_split *split)
{
    *split = (struct ar_split){ 0 };
    ar_run_init(&split->run);
    ar_buf_init(&split->params);
}

void ar_split_release(struct ar_split *split)
{
    for (size_t i = 0; split->part && i < split->run.n_sets; i++)
        ar_partition_release(&split->part[i]);
    free(split->part);
    for (size_t i = 0; split->error && i < split->targets.count; i++)
        free(split->error[i]);
    free(split->error);
    ar_targets_release(&split->targets);
    ar_run_release(&split->run);
    ar_buf_release(&split->params);
    ar_split_init(split);
}

/* ---- reading -------------------------------------------------------------------------------------------------------- */

/* Shows ids of the samples table and of the set, which have none in common. */
static int fail_no_lane(const struct ar_split *split, const struct ar_partition *p, struct ar_error *error)
{
    struct ar_buf named, found;
    ar_buf_init(&named);
    ar_buf_init(&found);
    for (size_t i = 0; i < split->targets.count && i < 5; i++)
        ar_buf_add_format(&named, "%s'%s'", i ? ", " : "", split->targets.entry[i].data);
    for (size_t i = 0; i < p->unknown.count && i < 5; i++)
        ar_buf_add_format(&found, "%s'%s'", i ? ", " : "", p->unknown.name[i].text);
    struct ar_buf rule;
    ar_buf_init(&rule);
    ar_lane_rule_describe(&p->rule, &rule);
    ar_fail(error, AR_CONTENT,
            "%s: no row is of a lane that the samples table names: it names %s%s; the rows (by %s) are of %s%s", p->what,
            named.data, split->targets.count > 5 ? ", …" : "", rule.data, found.len ? found.data : ar_tr("no lane"),
            p->unknown.count > 5 ? ", …" : "");
    for (size_t i = 0; i < p->unknown.count; i++)
        if (ar_targets_find_form(&split->targets, p->unknown.name[i].text, p->unknown.name[i].len) >= 0) {
            ar_hint(error, "'%s' differs only in its Unicode form: write both in the same one (NFC).", p->unknown.name[i].text);
            break;
        }
    for (size_t i = 0; i < split->targets.count && !*error->hint; i++) {
        const char *zeros = ar_partition_without_zeros(p, split->targets.entry[i].data);
        if (zeros)
            ar_hint(error, "Data names are text, and their zeros count: those of '%s' were lost where it was read as a number.", zeros);
    }
    if (!*error->hint)
        ar_hint(error, "Is it the samples table of this run? Another column may tell the lane: --lane-key.");
    ar_buf_release(&named);
    ar_buf_release(&found);
    ar_buf_release(&rule);
    return -1;
}

/* Why the lane is in error: it stays NULL where it is not. */
static int tell_error(const struct ar_split *split, size_t lane, char **text, struct ar_error *error)
{
    struct ar_buf fault;
    int result = 0;
    ar_buf_init(&fault);
    for (size_t i = 0; i < split->run.n_sets && result == 0 && !*text; i++) {
        if (!ar_partition_lane_fault(&split->part[i], lane, &fault))
            continue;
        *text = fault.failed ? NULL : strdup(fault.data);
        result = *text ? 0 : ar_fail_memory(error);
    }
    ar_buf_release(&fault);
    return result;
}

static int find_errors(struct ar_split *split, struct ar_error *error)
{
    split->error = calloc(split->targets.count + 1, sizeof *split->error);
    if (!split->error)
        return ar_fail_memory(error);
    for (size_t lane = 0; lane < split->targets.count; lane++) {
        if (tell_error(split, lane, &split->error[lane], error) != 0)
            return -1;
        split->failed += split->error[lane] != NULL;
    }
    return 0;
}

/* A tick of a set, moved on by the bytes of the sets before it. */
struct moved_tick {
    const struct ar_tick *tick;
    uint64_t before;
};

static void step(void *arg, uint64_t done)
{
    const struct moved_tick *moved = arg;
    moved->tick->step(moved->tick->arg, moved->before + done);
}

static bool has_set(const struct ar_run *run, const char *name)
{
    for (size_t i = 0; i < run->n_sets; i++)
        if (strcmp(run->set[i].name, name) == 0)
            return true;
    return false;
}

/* Every set of a key must be there: a wrong name shows the right ones. */
static int check_keys(const struct ar_split *split, const struct ar_lane_key *keys, size_t n_keys, struct ar_error *error)
{
    for (size_t i = 0; i < n_keys; i++) {
        if (!keys[i].set || has_set(&split->run, keys[i].set))
            continue;
        struct ar_buf names;
        ar_buf_init(&names);
        for (size_t j = 0; j < split->run.n_sets; j++)
            ar_buf_add_format(&names, "%s'%s'", j ? ", " : "", split->run.set[j].name);
        ar_fail(error, AR_INPUT, "--lane-key: set '%s' not found; sets are %s", keys[i].set, names.data);
        ar_buf_release(&names);
        return -1;
    }
    return 0;
}

/* A fault in a file that was changed meanwhile is none of the file's. Returns -1. */
static int tell_change(const struct ar_split *split, struct ar_error *error)
{
    struct ar_error changed;
    if (ar_run_check(&split->run, &changed) != 0)
        *error = changed;
    return -1;
}

static int fail_nothing(const struct ar_split *split, struct ar_error *error)
{
    struct ar_buf shown;
    ar_buf_init(&shown);
    for (size_t i = 0; i < split->run.n_sets && !shown.len; i++)
        ar_partition_show_no_lane(&split->part[i], &shown);
    ar_fail(error, AR_CONTENT, "no lane was found%s%s", shown.len ? ": " : "", shown.data);
    if (shown.len)
        ar_hint(error,
                "Another column, or a part of it, may tell the lane: --lane-key 'COLUMN~REGEX'. In a Filename it stands between "
                       "_000_ and the first dot.");
    else
        ar_hint(error, "No set has a row: name the lanes in a samples table (-s), if they are to be empty.");
    ar_buf_release(&shown);
    return -1;
}

int ar_split_read(struct ar_split *split, const struct ar_lane_key *keys, size_t n_keys, const struct ar_tick *tick,
                  struct ar_error *error)
{
    struct moved_tick moved = { .tick = tick };
    struct ar_tick each = { .step = tick && tick->step ? step : NULL, .arg = &moved, .stop = tick ? tick->stop : NULL };
    split->part = calloc(split->run.n_sets, sizeof *split->part);
    if (!split->part)
        return ar_fail_memory(error);
    if (check_keys(split, keys, n_keys, error) != 0)
        return -1;
    for (size_t i = 0; i < split->run.n_sets; i++) {
        const struct ar_run_set *set = &split->run.set[i];
        struct ar_partition *p = &split->part[i];
        if (ar_partition_read(p, set->name, set->what, set->data, set->n, keys, n_keys, &split->targets, split->grow, &each,
                              error) != 0)
            return tell_change(split, error);
        moved.before += set->n;
        if (!split->grow && !split->lenient && p->seen.rows && p->seen.rows == p->no_lane + ar_partition_unknown_rows(p))
            return fail_no_lane(split, p, error);
    }
    if (split->targets.count > 0)
        return find_errors(split, error);
    return fail_nothing(split, error);
}

/* ---- writing -------------------------------------------------------------------------------------------------------- */

/* A ledger; marked, where it is one that says how the stream was made. */
static int init_ledger(const struct ar_split *split, struct ar_ledger *ledger, bool marked, struct ar_error *error)
{
    if (ar_ledger_init(ledger, error) != 0)
        return -1;
    if (marked && split->converted)
        ar_tree_put_json(&ledger->tree, ledger->tree.root, "converted", split->converted);
    return ar_tree_check(&ledger->tree, error);
}

static int write_params(const struct ar_split *split, struct ar_emit *emit, const char *lane, struct ar_ledger *ledger,
                        struct ar_error *error)
{
    if (!split->has_params)
        return 0;
    if (ar_ledger_set_file_bytes(ledger, AR_NAME_PARAMS, split->params.data, split->params.len, error) != 0)
        return -1;
    return ar_emit_whole(emit, lane, AR_NAME_PARAMS, false, split->params.data, split->params.len, error);
}

static int note_others(const struct ar_split *split, struct ar_ledger *ledger, struct ar_error *error)
{
    for (size_t i = 0; i < split->run.n_others; i++)
        if (ar_ledger_set_file_bytes(ledger, split->run.other[i].name, split->run.other[i].data, split->run.other[i].n,
                                     error) != 0)
            return -1;
    return 0;
}

static int write_top(const struct ar_split *split, struct ar_emit *emit, struct ar_error *error)
{
    struct ar_ledger ledger;
    struct ar_buf text;
    ar_buf_init(&text);
    ar_targets_write(&split->targets, &text);
    int result = init_ledger(split, &ledger, true, error);
    for (size_t i = 0; i < split->run.n_sets && result == 0; i++) {
        json_t *account = ar_partition_account(&split->part[i], &split->run.set[i], &split->targets);
        ar_tree_put_json(&ledger.tree, ar_ledger_sets(&ledger), split->run.set[i].name, account);
        json_decref(account);
        result = ar_tree_check(&ledger.tree, error);
    }
    if (result == 0)
        result = ar_buf_check(&text, error);
    if (result == 0)
        result = ar_ledger_set_file_bytes(&ledger, AR_NAME_TARGETS, text.data, text.len, error);
    if (result == 0)
        result = ar_emit_whole(emit, NULL, AR_NAME_TARGETS, false, text.data, text.len, error);
    if (result == 0)
        result = write_params(split, emit, NULL, &ledger, error);
    if (result == 0)
        result = note_others(split, &ledger, error);
    if (result == 0)
        result = ar_emit_ledger(emit, NULL, &ledger, error);
    ar_ledger_release(&ledger);
    ar_buf_release(&text);
    return result;
}

static int write_others(const struct ar_split *split, struct ar_emit *emit, struct ar_error *error)
{
    for (size_t i = 0; i < split->run.n_others; i++) {
        const struct ar_run_other *other = &split->run.other[i];
        size_t first = strcspn(other->name, "/");
        if (other->name[first] && ar_targets_find(&split->targets, other->name, first) >= 0)
            return ar_fail(error, AR_INPUT, "entry '%s' of the run stands in the folder of a lane", other->name);
        struct ar_tar_meta meta = { .name = other->name, .size = other->n, .is_file = other->is_file,
                                    .image_type = other->image_type, .pax = other->pax, .pax_len = other->pax_len };
        if (ar_tar_put(&emit->tar, &meta, error) != 0 || ar_tar_write_stable(&emit->tar, other->data, other->n, error) != 0)
            return -1;
    }
    return 0;
}

/* The record of a set that is all there is of it, the rows of others dropped: these are put into values, an array or empty. */
static int record_all(const struct ar_partition *p, struct ar_tree *values, struct ar_record *record, struct ar_error *error)
{
    uint64_t others = ar_partition_unknown_rows(p);
    record->rows_in = p->seen.rows;
    if (others + p->no_lane == 0)
        return 0;
    struct ar_node *all = ar_tree_root(values, AR_NODE_ARRAY);
    struct ar_node *dropped = ar_tree_put(values, all, NULL, AR_NODE_OBJECT);
    if (others)
        ar_tree_put_count(values, dropped, "other_lanes", others);
    if (p->no_lane)
        ar_tree_put_count(values, dropped, "no_lane", p->no_lane);
    record->dropped = dropped;
    return ar_tree_check(values, error);
}

/* What the shape of one lane has at the top. */
static int write_one_top(const struct ar_split *split, struct ar_emit *emit, struct ar_ledger *ledger, struct ar_error *error)
{
    if (write_params(split, emit, NULL, ledger, error) != 0)
        return -1;
    if (split->failed) /* it keeps its names and params */
        return 0;
    return note_others(split, ledger, error) != 0 ? -1 : write_others(split, emit, error);
}

static int write_lane(const struct ar_split *split, struct ar_emit *emit, size_t lane, struct ar_error *error)
{
    const struct ar_target *target = &split->targets.entry[lane];
    struct ar_ledger ledger;
    struct ar_tree values = { 0 };
    const char *why = split->error[lane];
    int result = init_ledger(split, &ledger, split->one_lane, error);
    if (result == 0)
        result = ar_ledger_set_file_bytes(&ledger, AR_NAME_DATA_NAME, target->data, target->data_len, error);
    if (result == 0)
        result = ar_ledger_set_file_bytes(&ledger, AR_NAME_SAMPLE_NAME, target->sample, target->sample_len, error);
    if (result == 0)
        result = ar_emit_names(emit, target, error);
    if (result == 0 && split->one_lane)
        result = write_one_top(split, emit, &ledger, error);
    for (size_t i = 0; i < split->run.n_sets && result == 0; i++) {
        const struct ar_partition *p = &split->part[i];
        struct ar_record record = { .stage = "split", .rows_in = ar_partition_rows(p, lane), .rows = ar_partition_rows(p, lane),
                                    .method = ar_partition_method(p, lane) };
        if (split->one_lane)
            result = record_all(p, &values, &record, error);
        if (result == 0 && !why)
            result = ar_partition_emit(p, lane, target->data, emit, &record, error);
        if (result == 0)
            result = ar_ledger_append(&ledger, p->set, &record, error);
    }
    ar_tree_release(&values);
    if (result == 0 && why) {
        result = ar_ledger_set_file_bytes(&ledger, AR_NAME_ERROR, why, strlen(why), error);
        if (result == 0)
            result = ar_ledger_set_outcome(&ledger, "failed", error);
        if (result == 0)
            result = ar_emit_whole(emit, target->data, AR_NAME_ERROR, false, why, strlen(why), error);
    }
    if (result == 0)
        result = ar_emit_ledger(emit, target->data, &ledger, error);
    ar_ledger_release(&ledger);
    return result;
}

int ar_split_write(struct ar_split *split, struct ar_out *out, const struct ar_tick *tick, struct ar_error *error)
{
    struct ar_emit emit;
    ar_emit_init(&emit, out, split->one_lane);
    int result = split->one_lane ? 0 : write_top(split, &emit, error);
    if (result == 0 && !split->one_lane)
        result = write_others(split, &emit, error);
    for (size_t lane = 0; lane < split->targets.count && result == 0; lane++) {
        result = write_lane(split, &emit, lane, error);
        if (result == 0)
            result = ar_tick(tick, ar_out_offset(out), error);
    }
    if (result == 0)
        result = ar_run_check(&split->run, error);
    if (result == 0)
        result = ar_emit_finish(&emit, error);
    ar_emit_release(&emit);
    return result;
}
