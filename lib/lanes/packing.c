/* SPDX-License-Identifier: MIT */
#include "lanes/packing.h"

#include "lanes/pins.h"

static const struct ar_target *target_of(const struct ar_packing *pack, const struct ar_entry *entry)
{
    return &ar_stream_targets(pack->stream)->entry[entry->lane];
}

/* Once the params of the stream are known: what is packed. */
static int ready_params(struct ar_packing *pack, struct ar_error *error)
{
    if (pack->ready)
        return 0;
    pack->ready = true;
    return pack->make_params(pack->arg, &pack->params, error);
}

/* ---- where entries go ----------------------------------------------------------------------------------------------- */

#define REST "rest"

/* A lane whose file would be that of unknown entries. */
static int fail_rest(const struct ar_packing *pack, struct ar_error *error)
{
    ar_fail(error, AR_INPUT, "the lane '" REST "', and the unknown entries at the top of the input, would both be '%s/" REST
            ".tar'", pack->folder->path);
    return ar_hint(error, "Take these entries out of the input, give the lane another id, or pack into a stream: without -d.");
}

/* Starts the file of a lane. */
static int open_lane(struct ar_packing *pack, const struct ar_target *target, struct ar_error *error)
{
    char name[AR_LANE_ID_MAX + 8];
    if (pack->rest_file.out && strcmp(target->data, REST) == 0)
        return fail_rest(pack, error);
    snprintf(name, sizeof name, "%s.tar", target->data);
    if (ar_folder_create(pack->folder, &pack->lane_file, name, error) != 0)
        return -1;
    ar_emit_init(&pack->lane, pack->lane_file.out, true);
    return 0;
}

static int close_lane(struct ar_packing *pack, struct ar_error *error)
{
    int result = ar_emit_finish(&pack->lane, error);
    ar_emit_release(&pack->lane);
    return result == 0 ? ar_folder_commit(pack->folder, &pack->lane_file, error) : -1;
}

/* The writer for unknown entries at the top: the stream, or rest.tar. */
static struct ar_emit *rest_of(struct ar_packing *pack, struct ar_error *error)
{
    if (!pack->folder)
        return &pack->emit;
    if (pack->rest_file.out)
        return &pack->rest;
    if (ar_targets_find(ar_stream_targets(pack->stream), REST, strlen(REST)) >= 0) {
        fail_rest(pack, error);
        return NULL;
    }
    if (ar_folder_create(pack->folder, &pack->rest_file, REST ".tar", error) != 0)
        return NULL;
    ar_emit_init(&pack->rest, pack->rest_file.out, false);
    return &pack->rest;
}

static int close_rest(struct ar_packing *pack, struct ar_error *error)
{
    if (!pack->rest_file.out)
        return 0;
    if (ar_emit_finish(&pack->rest, error) != 0)
        return -1;
    return ar_folder_commit(pack->folder, &pack->rest_file, error);
}

/* A small entry at the top: of the stream, or a file of the folder. */
static int put_top(struct ar_packing *pack, const char *name, const void *bytes, size_t n, struct ar_error *error)
{
    if (!pack->folder)
        return ar_emit_whole(&pack->emit, NULL, name, false, bytes, n, error);
    char file[32];
    snprintf(file, sizeof file, "%s.json", name);
    return ar_folder_put(pack->folder, file, bytes, n, error);
}

/* ---- entries -------------------------------------------------------------------------------------------------------- */

/* The ledger at the top comes behind the params of the stream, and before the lanes. */
static int take_top_ledger(struct ar_packing *pack, struct ar_error *error)
{
    struct ar_ledger *ledger = ar_stream_top_ledger(pack->stream);
    if (ready_params(pack, error) != 0 ||
        put_top(pack, AR_NAME_PARAMS, pack->params.data, pack->params.len, error) != 0)
        return -1;
    /* The stream is held against this ledger at its end, with the params that it had. */
    struct ar_ledger packed;
    int result = ar_ledger_copy(&packed, ledger, error);
    if (result == 0)
        result = ar_ledger_set_file_bytes(&packed, AR_NAME_PARAMS, pack->params.data, pack->params.len, error);
    if (result == 0)
        ar_ledger_write(&packed, &pack->ledger);
    if (result == 0)
        result = ar_buf_check(&pack->ledger, error);
    if (result == 0 && !pack->folder)
        result = ar_emit_whole(&pack->emit, NULL, AR_NAME_LEDGER, false, pack->ledger.data, pack->ledger.len, error);
    ar_ledger_release(&packed);
    return result;
}

/* ---- types of columns ----------------------------------------------------------------------------------------------- */

static int note_types(struct ar_packing *pack, const struct ar_entry *entry, const struct ar_buf *csv, struct ar_error *error)
{
    struct ar_tree *tree = &pack->types;
    struct ar_node *sets = ar_tree_root(tree, AR_NODE_OBJECT);
    struct ar_node *types = ar_tree_put(tree, sets, entry->base, AR_NODE_OBJECT);
    if (ar_tree_check(tree, error) != 0)
        return -1;
    return ar_mixed_types_add(&pack->mixed, entry->base, entry->lane, csv->data, csv->len, pack->is_text, pack->arg, tree, types, error);
}

/* Passes a set on, and looks at its columns on the way. */
static int take_set(struct ar_packing *pack, struct ar_emit *emit, struct ar_entry *entry, struct ar_error *error)
{
    struct ar_buf csv;
    ar_buf_init(&csv);
    int result = ar_stream_read_all(pack->stream, &csv, error);
    if (result == 0)
        result = note_types(pack, entry, &csv, error);
    entry->text = csv.data;
    entry->len = csv.len;
    if (result == 0)
        result = ar_emit_pass(emit, pack->stream, entry, error);
    ar_buf_release(&csv);
    return result;
}

/* Puts the types of a set into its record of this stage, the last one. */
static int put_types(const struct ar_packing *pack, struct ar_ledger *ledger, const struct ar_node *records, struct ar_error *error)
{
    const struct ar_node *types = ar_node_get(pack->types.root, records->name);
    if (types)
        ar_tree_put_copy(&ledger->tree, ar_node_last(records), "types", types);
    return ar_tree_check(&ledger->tree, error);
}

/* SET → names of the columns that differ, a member of the folder's index; the lanes' records have all of it. */
static int put_mixed(struct ar_packing *pack, struct ar_error *error)
{
    json_t *sets = json_object();
    struct ar_mixed_found found;
    bool done = sets != NULL;
    for (size_t at = 0; done && ar_mixed_types_next(&pack->mixed, &at, &found);) {
        json_t *columns = json_object_get(sets, found.set);
        if (!columns && json_object_set_new(sets, found.set, json_array()) == 0)
            columns = json_object_get(sets, found.set);
        done = json_array_append_new(columns, json_string(found.column)) == 0;
    }
    if (done && json_object_size(sets)) {
        ar_buf_truncate(&pack->ledger, pack->ledger.len - 1); /* the closing brace */
        ar_buf_add_text(&pack->ledger, ",\"" AR_FOLDER_MIXED "\":");
        ar_json_dump(&pack->ledger, sets);
        ar_buf_add_char(&pack->ledger, '}');
    }
    json_decref(sets);
    return done ? ar_buf_check(&pack->ledger, error) : ar_fail_memory(error);
}

/* ---- lanes ---------------------------------------------------------------------------------------------------------- */

/* Every set must have been cleansed, and every wanted one must be there. */
static int check_sets(struct ar_packing *pack, const char *lane, struct ar_error *error)
{
    const struct ar_ledger *ledger = ar_stream_lane_ledger(pack->stream);
    for (const struct ar_node *set = ar_node_members(ar_ledger_sets(ledger)); set; set = set->next) {
        if (ar_ledger_cleansed(ledger, set->name))
            continue;
        ar_fail(error, AR_INPUT, "lane '%s': the set '%s' was not cleansed", lane, set->name);
        return ar_hint(error, "Run ar-cleanse before, with a rule for the set, or with --none %s to keep all of its rows.", set->name);
    }
    for (size_t i = 0; i < pack->n_wanted; i++) {
        if (ar_ledger_records(ledger, pack->wanted[i]))
            continue;
        ar_fail(error, AR_INPUT, "lane '%s': the set '%s' is missing, and the manifest wants it", lane, pack->wanted[i]);
        return ar_hint(error, "Give the set to ar-split: %s=FILE.", pack->wanted[i]);
    }
    return 0;
}

/* Writes the lane's ledger, and pins it in the folder's index. */
static int put_ledger(struct ar_packing *pack, struct ar_emit *emit, const char *lane, const struct ar_ledger *ledger,
                      struct ar_error *error)
{
    struct ar_buf text;
    if (!pack->folder)
        return ar_emit_ledger(emit, lane, ledger, error);
    ar_buf_init(&text);
    ar_ledger_write(ledger, &text);
    int result = ar_buf_check(&text, error);
    if (result == 0)
        result = ar_pins_add(&pack->folder->lanes, lane, ledger, &text, error);
    if (result == 0)
        result = ar_emit_whole(emit, lane, AR_NAME_LEDGER, false, text.data, text.len, error);
    ar_buf_release(&text);
    return result == 0 ? close_lane(pack, error) : -1;
}

/* Adds this stage to the lane's ledger, and writes it. */
static int take_lane_ledger(struct ar_packing *pack, struct ar_emit *emit, const struct ar_entry *entry, struct ar_error *error)
{
    struct ar_ledger *ledger = ar_stream_lane_ledger(pack->stream);
    const struct ar_target *target = target_of(pack, entry);
    bool failed = ar_ledger_outcome(ledger) != NULL;
    if (ar_ledger_refuse_analyzed(ledger, target->data, error) != 0)
        return -1;
    if (!failed && check_sets(pack, target->data, error) != 0)
        return -1;
    for (const struct ar_node *records = ar_node_members(ar_ledger_sets(ledger)); records; records = records->next) {
        struct ar_record record;
        if (failed || !ar_ledger_described(ledger, records->name, &record))
            continue;
        struct ar_record packed = { .stage = "pack", .rows_in = record.rows, .rows = record.rows, .digested = true,
                                    .bytes = record.bytes };
        memcpy(packed.xxh3, record.xxh3, sizeof packed.xxh3);
        pack->rows += record.rows;
        if (ar_ledger_append(ledger, records->name, &packed, error) != 0 || put_types(pack, ledger, records, error) != 0)
            return -1;
    }
    ar_tree_release(&pack->types);
    if (ar_ledger_set_file_bytes(ledger, AR_NAME_PARAMS, pack->params.data, pack->params.len, error) != 0 ||
        put_ledger(pack, emit, target->data, ledger, error) != 0)
        return -1;
    pack->lane_params = false;
    return 0;
}

/* In the shape of one lane its params may come behind its names, and go out there. */
static int put_lane_params(struct ar_packing *pack, struct ar_emit *emit, const struct ar_entry *entry, struct ar_error *error)
{
    if (pack->lane_params)
        return 0;
    pack->lane_params = true;
    if (entry->kind == AR_ENTRY_PARAMS && !pack->ready)
        ar_buf_add(&pack->params, entry->text, entry->len);
    if (ready_params(pack, error) != 0)
        return -1;
    return ar_emit_whole(emit, target_of(pack, entry)->data, AR_NAME_PARAMS, false, pack->params.data, pack->params.len, error);
}

static int take_lane_entry(struct ar_packing *pack, const struct ar_entry *entry, struct ar_error *error)
{
    struct ar_emit *emit = pack->folder ? &pack->lane : &pack->emit;
    const struct ar_target *target = target_of(pack, entry);
    if (entry->kind == AR_ENTRY_DATA_NAME)
        return 0; /* goes out with the sample name */
    if (entry->kind == AR_ENTRY_SAMPLE_NAME) {
        if (pack->folder && open_lane(pack, target, error) != 0)
            return -1;
        return ar_emit_names(emit, target, error);
    }
    if (put_lane_params(pack, emit, entry, error) != 0)
        return -1;
    if (entry->kind == AR_ENTRY_PARAMS)
        return 0;
    if (entry->kind == AR_ENTRY_LEDGER)
        return take_lane_ledger(pack, emit, entry, error);
    struct ar_tar_entry tar = *entry->tar;
    struct ar_entry moved = *entry;
    moved.tar = &tar;
    if (pack->folder)
        tar.name = entry->name;
    if (pack->is_text && entry->kind == AR_ENTRY_SET)
        return take_set(pack, emit, &moved, error);
    return ar_emit_pass(emit, pack->stream, &moved, error);
}

/* An unknown entry at the top. */
static int pass_rest(struct ar_packing *pack, const struct ar_entry *entry, struct ar_error *error)
{
    struct ar_emit *rest = rest_of(pack, error);
    return rest ? ar_emit_pass(rest, pack->stream, entry, error) : -1;
}

int ar_packing_take(struct ar_packing *pack, const struct ar_entry *entry, struct ar_error *error)
{
    pack->emit.one_lane = ar_stream_shape(pack->stream) == AR_SHAPE_ONE;
    if (entry->lane != AR_NO_LANE)
        return take_lane_entry(pack, entry, error);
    switch (entry->kind) {
    case AR_ENTRY_DATA_NAME: /* one lane: its sample name is still to come */
        return 0;
    case AR_ENTRY_TARGETS:
        return put_top(pack, AR_NAME_TARGETS, entry->text, entry->len, error);
    case AR_ENTRY_PARAMS:
        ar_buf_add(&pack->params, entry->text, entry->len);
        return 0;
    case AR_ENTRY_LEDGER:
        return take_top_ledger(pack, error);
    default:
        return pass_rest(pack, entry, error);
    }
}

/* A lane that came alone has no targets, and no ledger at the top. */
static int finish_folder(struct ar_packing *pack, struct ar_error *error)
{
    if (ar_stream_shape(pack->stream) == AR_SHAPE_ONE) {
        struct ar_buf targets;
        ar_buf_init(&targets);
        ar_targets_write(ar_stream_targets(pack->stream), &targets);
        int result = put_top(pack, AR_NAME_TARGETS, targets.data, targets.len, error);
        ar_buf_release(&targets);
        if (result != 0 || put_top(pack, AR_NAME_PARAMS, pack->params.data, pack->params.len, error) != 0)
            return -1;
        ar_buf_add_text(&pack->ledger, "{\"sets\":{},\"files\":{}}");
    }
    if (close_rest(pack, error) != 0 || put_mixed(pack, error) != 0)
        return -1;
    return ar_folder_finish(pack->folder, pack->ledger.data, pack->ledger.len, error);
}

int ar_packing_finish(struct ar_packing *pack, struct ar_error *error)
{
    return pack->folder ? finish_folder(pack, error) : ar_emit_finish(&pack->emit, error);
}

void ar_packing_init(struct ar_packing *pack, struct ar_stream *stream, struct ar_out *out, struct ar_folder *folder)
{
    pack->stream = stream;
    pack->folder = folder;
    ar_buf_init(&pack->params);
    ar_buf_init(&pack->ledger);
    ar_emit_init(&pack->emit, out, false);
}

void ar_packing_release(struct ar_packing *pack)
{
    ar_folder_abandon(&pack->lane_file);
    ar_folder_abandon(&pack->rest_file);
    ar_emit_release(&pack->emit);
    ar_emit_release(&pack->lane);
    ar_emit_release(&pack->rest);
    ar_buf_release(&pack->params);
    ar_buf_release(&pack->ledger);
    ar_tree_release(&pack->types);
    ar_mixed_types_release(&pack->mixed);
}
