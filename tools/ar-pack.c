/* SPDX-License-Identifier: MIT */
/*
 * ar-pack: completes lanes into lane inputs: with the params, checked and with their defaults; as a stream, or as a tar per lane in a folder.
 *
 * Sets pass through in pieces; nothing is held in memory but small entries.
 */
#include "cli/cli.h"
#include "cli/lanes.h"
#include "lanes/emit.h"
#include "lanes/folder.h"
#include "lanes/params.h"
#include "methods/manifest.h"

static const struct cli_option options[] = {
    CLI_OPTION_PARAMS,
    CLI_OPTION_PARAM,
    { 'm', "manifest", "FILE", "the method's manifest: params are checked against its schema, and\ndefaults filled in" },
    { 'd', "directory", "DIR", "write DIR/LANE.tar for each lane instead of a stream; files whose\nbytes do not change stay untouched" },
    CLI_OPTION_OUTPUT,
    CLI_OPTION_COMPRESS,
    { 0 },
};

static const struct cli_tool tool = {
    .name = "ar-pack",
    .synopsis = "[options] < LANES > LANES\n[options] -d DIR < LANES",
    .summary = "Completes cleansed lanes into the inputs of a method: params are put into each lane.\n"
               "A set that was not cleansed is refused.",
    .options = options,
    .examples = "  ar-pack -p params.json -P threshold=0.9 -d lanes\n"
                "  ar-pack -m method/manifest.json | ar-analyze -- method/analyze | ar-merge | ar-post",
};

struct pack {
    const char *params_path, *folder_path;
    const char **assignments;
    size_t n_assignments;
    struct ar_manifest manifest;
    bool has_manifest;
    struct cli_output output;
    struct cli_lanes in;
    struct ar_buf params; /* as they were given, then as they are packed */
    bool params_ready;
    struct ar_emit stream;         /* where lanes go without -d */
    struct ar_folder folder;       /* with -d: */
    struct ar_file lane_file;      /* the lane that is written */
    struct ar_out *lane_out;
    struct ar_emit lane;
    struct ar_file rest_file;      /* unknown entries at the top */
    struct ar_out *rest_out;
    struct ar_emit rest;
    struct ar_buf ledger;          /* text of the one at the top */
    bool lane_params;              /* the lane that is read has its params already */
    uint64_t rows;
};

/* ---- params --------------------------------------------------------------------------------------------------------- */

/* Makes the params that are packed: those of -p, else those of the stream; changed by -P; checked and completed by the manifest. */
static int make_params(struct pack *pack, struct ar_error *error)
{
    if (pack->params_ready)
        return 0;
    pack->params_ready = true;
    if (pack->params_path) {
        ar_buf_clear(&pack->params);
        if (ar_params_load(pack->params_path, &pack->params, error) != 0)
            return -1;
    } else if (pack->params.len == 0) {
        ar_buf_add_text(&pack->params, AR_PARAMS_NONE);
    } else if (ar_params_check(pack->params.data, pack->params.len, "entry 'params'", error) != 0) {
        return -1;
    }
    for (size_t i = 0; i < pack->n_assignments; i++)
        if (ar_params_set(&pack->params, pack->assignments[i], error) != 0)
            return -1;
    if (!pack->has_manifest || !pack->manifest.params)
        return ar_buf_check(&pack->params, error);
    struct ar_buf whole;
    ar_buf_init(&whole);
    int result = ar_schema_apply(pack->manifest.params, pack->params.data, pack->params.len, &whole, "params", error);
    if (result == 0) {
        ar_buf_release(&pack->params);
        pack->params = whole;
        return ar_buf_check(&pack->params, error);
    }
    ar_buf_release(&whole);
    return -1;
}

/* ---- where entries go ----------------------------------------------------------------------------------------------- */

/* Starts the file of a lane. */
static int open_lane(struct pack *pack, const struct ar_target *target, struct ar_error *error)
{
    char name[AR_LANE_ID_MAX + 8];
    snprintf(name, sizeof name, "%s.tar", target->data);
    if (ar_folder_create(&pack->folder, &pack->lane_file, name, error) != 0)
        return -1;
    pack->lane_out = ar_out_new(pack->lane_file.fd, name, AR_FILTER_NONE, error);
    ar_emit_init(&pack->lane, pack->lane_out, true);
    return pack->lane_out ? 0 : -1;
}

static int close_lane(struct pack *pack, struct ar_error *error)
{
    int result = ar_emit_finish(&pack->lane, error);
    ar_emit_release(&pack->lane);
    if (result == 0)
        result = ar_out_close(pack->lane_out, error);
    else
        ar_out_abandon(pack->lane_out);
    pack->lane_out = NULL;
    return result == 0 ? ar_folder_commit(&pack->folder, &pack->lane_file, error) : -1;
}

/* The writer for unknown entries at the top: the stream, or rest.tar. */
static struct ar_emit *rest_of(struct pack *pack, struct ar_error *error)
{
    if (!pack->folder_path)
        return &pack->stream;
    if (pack->rest_out)
        return &pack->rest;
    if (ar_folder_create(&pack->folder, &pack->rest_file, "rest.tar", error) != 0)
        return NULL;
    pack->rest_out = ar_out_new(pack->rest_file.fd, "rest.tar", AR_FILTER_NONE, error);
    ar_emit_init(&pack->rest, pack->rest_out, false);
    return pack->rest_out ? &pack->rest : NULL;
}

static int close_rest(struct pack *pack, struct ar_error *error)
{
    if (!pack->rest_out)
        return 0;
    int result = ar_emit_finish(&pack->rest, error);
    ar_emit_release(&pack->rest);
    if (result == 0)
        result = ar_out_close(pack->rest_out, error);
    else
        ar_out_abandon(pack->rest_out);
    pack->rest_out = NULL;
    return result == 0 ? ar_folder_commit(&pack->folder, &pack->rest_file, error) : -1;
}

/* A small entry at the top: of the stream, or a file of the folder. */
static int put_top(struct pack *pack, const char *name, const void *bytes, size_t n, struct ar_error *error)
{
    if (!pack->folder_path)
        return ar_emit_whole(&pack->stream, NULL, name, false, bytes, n, error);
    char file[32];
    snprintf(file, sizeof file, "%s.json", name);
    return ar_folder_put(&pack->folder, file, bytes, n, error);
}

/* ---- entries -------------------------------------------------------------------------------------------------------- */

/* The ledger at the top comes behind the params of the stream, and before the lanes. */
static int take_top_ledger(struct pack *pack, struct ar_error *error)
{
    struct ar_ledger *ledger = ar_stream_top_ledger(pack->in.stream);
    if (make_params(pack, error) != 0 ||
        put_top(pack, AR_NAME_PARAMS, pack->params.data, pack->params.len, error) != 0)
        return -1;
    /* The stream is held against this ledger at its end, with the params that it had. */
    struct ar_ledger packed = { .json = json_deep_copy(ledger->json) };
    if (!packed.json)
        return ar_fail_memory(error);
    int result = ar_ledger_set_file_bytes(&packed, AR_NAME_PARAMS, pack->params.data, pack->params.len, error);
    if (result == 0)
        ar_ledger_write(&packed, &pack->ledger);
    if (result == 0)
        result = ar_buf_check(&pack->ledger, error);
    if (result == 0 && !pack->folder_path)
        result = ar_emit_whole(&pack->stream, NULL, AR_NAME_LEDGER, false, pack->ledger.data, pack->ledger.len, error);
    ar_ledger_release(&packed);
    return result;
}

/* Every set must have been cleansed, and every set of the manifest must be there. */
static int check_sets(struct pack *pack, const char *lane, struct ar_error *error)
{
    const struct ar_ledger *ledger = ar_stream_lane_ledger(pack->in.stream);
    const char *set;
    json_t *records;
    json_object_foreach (json_object_get(ledger->json, "sets"), set, records) {
        if (ar_ledger_cleansed(ledger, set))
            continue;
        ar_fail(error, AR_INPUT, "lane '%s': the set '%s' was not cleansed", lane, set);
        return ar_hint(error, "Run ar-cleanse before, with a rule for the set, or with --none %s to keep all of its rows.", set);
    }
    for (size_t i = 0; pack->has_manifest && i < pack->manifest.n_sets; i++) {
        if (ar_ledger_records(ledger, pack->manifest.set[i].name))
            continue;
        ar_fail(error, AR_INPUT, "lane '%s': the set '%s' is missing, and the manifest of '%s' wants it", lane, pack->manifest.set[i].name,
                pack->manifest.name);
        return ar_hint(error, "Give the set to ar-split: %s=FILE.", pack->manifest.set[i].name);
    }
    return 0;
}

/* Adds this stage to the lane's ledger, and writes it. */
static int take_lane_ledger(struct pack *pack, struct ar_emit *emit, const struct ar_entry *entry, struct ar_error *error)
{
    struct ar_ledger *ledger = ar_stream_lane_ledger(pack->in.stream);
    const struct ar_target *target = cli_lanes_target(&pack->in, entry);
    bool failed = ar_ledger_outcome(ledger) != NULL;
    if (!failed && check_sets(pack, target->data, error) != 0)
        return -1;
    const char *set;
    json_t *records;
    json_object_foreach (json_object_get(ledger->json, "sets"), set, records) {
        struct ar_record record;
        if (failed || !ar_ledger_described(ledger, set, &record))
            continue;
        struct ar_record packed = { .stage = "pack", .rows_in = record.rows, .rows = record.rows, .digested = true, .bytes = record.bytes };
        memcpy(packed.xxh3, record.xxh3, sizeof packed.xxh3);
        pack->rows += record.rows;
        if (ar_ledger_append(ledger, set, &packed, error) != 0)
            return -1;
    }
    if (ar_ledger_set_file_bytes(ledger, AR_NAME_PARAMS, pack->params.data, pack->params.len, error) != 0 ||
        ar_emit_ledger(emit, target->data, ledger, error) != 0)
        return -1;
    pack->lane_params = false;
    return pack->folder_path ? close_lane(pack, error) : 0;
}

/* In the shape of one lane its params may come behind its names, and go out there. */
static int put_lane_params(struct pack *pack, struct ar_emit *emit, const struct ar_entry *entry, struct ar_error *error)
{
    if (pack->lane_params)
        return 0;
    pack->lane_params = true;
    if (entry->kind == AR_ENTRY_PARAMS && !pack->params_ready)
        ar_buf_add(&pack->params, entry->text, entry->len);
    if (make_params(pack, error) != 0)
        return -1;
    return ar_emit_whole(emit, cli_lanes_target(&pack->in, entry)->data, AR_NAME_PARAMS, false, pack->params.data, pack->params.len, error);
}

static int take_lane_entry(struct pack *pack, const struct ar_entry *entry, struct ar_error *error)
{
    struct ar_emit *emit = pack->folder_path ? &pack->lane : &pack->stream;
    const struct ar_target *target = cli_lanes_target(&pack->in, entry);
    if (entry->kind == AR_ENTRY_DATA_NAME)
        return 0; /* goes out with the sample name */
    if (entry->kind == AR_ENTRY_SAMPLE_NAME) {
        if (pack->folder_path && open_lane(pack, target, error) != 0)
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
    if (pack->folder_path)
        tar.name = entry->name;
    return ar_emit_pass(emit, pack->in.stream, &moved, error);
}

static int take_entry(struct pack *pack, const struct ar_entry *entry, struct ar_error *error)
{
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
        if (!rest_of(pack, error))
            return -1;
        return ar_emit_pass(rest_of(pack, error), pack->in.stream, entry, error);
    }
}

/* A lane that came alone has no targets, and no ledger at the top. */
static int finish_folder(struct pack *pack, struct ar_error *error)
{
    if (ar_stream_shape(pack->in.stream) == AR_SHAPE_ONE) {
        struct ar_buf targets;
        ar_buf_init(&targets);
        ar_targets_write(ar_stream_targets(pack->in.stream), &targets);
        int result = put_top(pack, AR_NAME_TARGETS, targets.data, targets.len, error);
        ar_buf_release(&targets);
        if (result != 0 || put_top(pack, AR_NAME_PARAMS, pack->params.data, pack->params.len, error) != 0)
            return -1;
        ar_buf_add_text(&pack->ledger, "{\"sets\":{},\"files\":{}}");
    }
    if (close_rest(pack, error) != 0)
        return -1;
    return ar_folder_finish(&pack->folder, pack->ledger.data, pack->ledger.len, error);
}

static int pack_stream(struct pack *pack, struct ar_error *error)
{
    struct ar_entry entry;
    int got;
    while ((got = cli_lanes_next(&pack->in, &entry, error)) > 0) {
        pack->stream.one_lane = ar_stream_shape(pack->in.stream) == AR_SHAPE_ONE;
        if (take_entry(pack, &entry, error) != 0)
            return -1;
    }
    if (got < 0)
        return -1;
    return pack->folder_path ? finish_folder(pack, error) : ar_emit_finish(&pack->stream, error);
}

static int run(struct pack *pack, struct ar_error *error)
{
    struct cli_output *output = pack->folder_path ? NULL : &pack->output;
    pack->folder.fd = pack->lane_file.fd = pack->rest_file.fd = -1;
    if (cli_lanes_open(&pack->in, NULL, output, "packing", error) != 0)
        return -1;
    ar_emit_init(&pack->stream, pack->output.out, false);
    int result = pack->folder_path ? ar_folder_open(&pack->folder, pack->folder_path, false, error) : 0;
    if (result == 0)
        result = pack_stream(pack, error);
    if (result != 0) {
        ar_out_abandon(pack->lane_out);
        ar_out_abandon(pack->rest_out);
        ar_file_abandon(&pack->lane_file);
        ar_file_abandon(&pack->rest_file);
    }
    ar_emit_release(&pack->stream);
    if (result == 0)
        cli_info("%zu lanes, %" PRIu64 " rows packed%s%s", pack->in.lanes, pack->rows, pack->folder_path ? " into " : "",
                 pack->folder_path ? pack->folder_path : "");
    ar_folder_release(&pack->folder);
    cli_lanes_release(&pack->in);
    if (output && result == 0)
        return cli_output_close(output, false, error);
    if (output)
        cli_output_abandon(output);
    return result;
}

static int parse_options(struct pack *pack, int argc, char **argv)
{
    const char *arg;
    struct ar_error error;
    int key, first;
    while ((key = cli_next(argc, argv, &arg, &first)) >= 0) {
        switch (key) {
        case 'p':
            pack->params_path = arg;
            break;
        case 'P':
            pack->assignments[pack->n_assignments++] = arg;
            break;
        case 'm':
            if (ar_manifest_load(&pack->manifest, arg, &error) != 0) {
                cli_fail(&error);
                return CLI_WRONG;
            }
            pack->has_manifest = true;
            break;
        case 'd':
            pack->folder_path = arg;
            break;
        case 'o':
            pack->output.path = arg;
            break;
        case 'Z':
            if (!cli_filter(arg, &pack->output.filter))
                return CLI_WRONG;
            break;
        }
    }
    if (key == CLI_END && first < argc)
        return cli_usage("operand '%s': lanes are read from standard input", argv[first]), CLI_WRONG;
    if (key == CLI_END && pack->folder_path && (pack->output.path || pack->output.filter))
        return cli_usage("-d writes a folder: -o and -Z do not go with it"), CLI_WRONG;
    return key;
}

int main(int argc, char **argv)
{
    struct pack pack = { 0 };
    struct ar_error error = { 0 };
    cli_start(&tool);
    ar_buf_init(&pack.params);
    ar_buf_init(&pack.ledger);
    pack.assignments = calloc((size_t)argc, sizeof *pack.assignments);
    int key = pack.assignments ? parse_options(&pack, argc, argv) : CLI_WRONG;
    int status = key == CLI_DONE ? AR_OK : AR_INPUT;
    if (key == CLI_END)
        status = run(&pack, &error) == 0 ? AR_OK : cli_fail(&error);
    if (pack.has_manifest)
        ar_manifest_release(&pack.manifest);
    ar_buf_release(&pack.params);
    ar_buf_release(&pack.ledger);
    free(pack.assignments);
    return cli_end(status);
}
