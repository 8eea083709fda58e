/* SPDX-License-Identifier: MIT */
/*
 * ar-pack: completes lanes into lane inputs: with the params, checked and with their defaults; as a stream, or as a tar per lane
 * in a folder.
 */
#include "cli/cli.h"
#include "cli/lanes.h"
#include "cli/params.h"
#include "lanes/packing.h"
#include "wire/set.h"

enum { MIXED_SHOWN = 10 }; /* warnings of one kind */

static const struct cli_option options[] = {
    CLI_OPTION_PARAMS,
    CLI_OPTION_PARAM,
    { 'm', "manifest", "FILE", N_("the method's manifest: params are checked against its schema, and\ndefaults filled in") },
    { 'c', "contract", "NAME", N_("the contract of the method, where no manifest says it; by first and\n"
                                  "analyzeseq, columns whose type differs from lane to lane are told") },
    { 'd', "directory", "DIR",
      N_("write DIR/LANE.tar for each lane instead of a stream; files whose\nbytes do not change stay untouched") },
    CLI_OPTION_OUTPUT,
    CLI_OPTION_COMPRESS,
    { 0 },
};

static const struct cli_tool tool = {
    .name = "ar-pack",
    .synopsis = N_("[options] < LANES > LANES\n[options] -d DIR < LANES"),
    .summary = N_("Completes cleansed lanes into the inputs of a method: params are put into each lane.\n"
                  "A set that was not cleansed is refused."),
    .options = options,
    .examples = "  ar-pack -p params.json -P threshold=0.9 -d lanes\n"
                "  ar-pack -m method/manifest.json | ar-analyze -- method/analyze | ar-merge | ar-post",
};

struct pack {
    const char *folder_path;
    struct cli_params params;
    struct ar_manifest manifest;
    bool has_manifest, has_contract;
    enum ar_contract contract;
    struct cli_output output;
    struct ar_folder folder;
    struct cli_lanes in;
    struct ar_packing packing;
};

/* The params that are packed. */
static int make_params(void *arg, struct ar_buf *params, struct ar_error *error)
{
    const struct pack *pack = arg;
    return cli_params_make(&pack->params, pack->has_manifest ? pack->manifest.params : NULL, true, params, error);
}

static int pack_stream(struct pack *pack, struct ar_error *error)
{
    struct ar_entry entry;
    int got;
    while ((got = cli_lanes_next(&pack->in, &entry, error)) > 0)
        if (ar_packing_take(&pack->packing, &entry, error) != 0)
            return -1;
    return got == 0 ? ar_packing_finish(&pack->packing, error) : -1;
}

/* Is the column read as text from a pickled frame? An ar_mixed_is_text. */
static bool is_text(void *arg, const char *set, const char *column)
{
    const struct pack *pack = arg;
    const struct ar_manifest_set *declared = pack->has_manifest ? ar_manifest_set(&pack->manifest, set) : NULL;
    return ar_wire_is_text(column, declared ? declared->text : NULL);
}

/* The columns of which a pickled frame of a lane alone would have another type than that of all lanes. */
static void tell_mixed(const struct pack *pack)
{
    const struct ar_targets *targets = ar_stream_targets(pack->in.stream);
    struct ar_mixed_found found;
    size_t n = 0;
    for (size_t at = 0; ar_mixed_types_next(&pack->packing.mixed, &at, &found); n++) {
        if (n >= MIXED_SHOWN)
            continue;
        cli_warn("column '%s' of '%s' is %s in lane '%s' and %s in lane '%s': a pickled frame reads it so", found.column,
                 found.set, ar_tr(ar_column_type_name(found.type[0])), targets->entry[found.lane[0]].data,
                 ar_tr(ar_column_type_name(found.type[1])), targets->entry[found.lane[1]].data);
        cli_more("\"text\": [\"%s\"] in the manifest's set settles it", found.column);
    }
    if (n > MIXED_SHOWN)
        cli_warn("%zu more columns differ so; the types are in the lanes' ledgers", n - MIXED_SHOWN);
}

static void tell_account(const struct pack *pack)
{
    struct ar_buf line;
    ar_buf_init(&line);
    cli_number(&line, pack->in.lanes, "lane");
    ar_buf_add_count(&line, pack->packing.rows, ", %" PRIu64 " row packed", ", %" PRIu64 " rows packed");
    if (pack->folder_path)
        ar_buf_add_tr(&line, " into '%s'", pack->folder_path);
    if (pack->in.failed)
        ar_buf_add_tr(&line, ", %zu of the lanes failed before", pack->in.failed);
    cli_info("%s", line.data);
    ar_buf_release(&line);
}

static int run(struct pack *pack, struct ar_error *error)
{
    struct cli_output *output = pack->folder_path ? NULL : &pack->output;
    if ((output && cli_output_differs_path(output, pack->params.path, error) != 0) ||
        cli_lanes_open(&pack->in, NULL, output, "packing", error) != 0)
        return -1;
    int result = pack->folder_path ? ar_folder_open(&pack->folder, pack->folder_path, "lanes", false, error) : 0;
    if (result == 0 && pack->folder_path && ar_folder_holds(&pack->folder, STDIN_FILENO)) {
        ar_fail(error, AR_INPUT, "the input is a file of the folder '%s', which would be replaced", pack->folder_path);
        result = ar_hint(error, "Deliver into another folder.");
    }
    if (result == 0) {
        ar_packing_init(&pack->packing, pack->in.stream, output ? output->out : NULL, output ? NULL : &pack->folder);
        result = pack_stream(pack, error);
        if (result == 0)
            tell_mixed(pack);
        ar_packing_release(&pack->packing);
    }
    if (pack->folder_path)
        ar_folder_release(&pack->folder);
    if (output && result == 0)
        result = cli_output_close(output, false, error);
    else if (output)
        cli_output_abandon(output);
    if (result == 0)
        tell_account(pack);
    cli_lanes_release(&pack->in);
    return result;
}

static bool take_manifest(struct pack *pack, const char *path)
{
    struct ar_error error;
    pack->has_manifest = ar_manifest_load(&pack->manifest, path, &error) == 0;
    if (!pack->has_manifest) {
        cli_fail(&error);
        return false;
    }
    pack->packing.wanted = calloc(pack->manifest.n_sets, sizeof *pack->packing.wanted);
    for (size_t i = 0; pack->packing.wanted && i < pack->manifest.n_sets; i++)
        pack->packing.wanted[pack->packing.n_wanted++] = pack->manifest.set[i].name;
    return pack->packing.wanted != NULL;
}

static int parse_options(struct pack *pack, int argc, char **argv)
{
    const char *arg;
    int key, first;
    while ((key = cli_next(argc, argv, &arg, &first)) >= 0) {
        switch (key) {
        case 'p':
            pack->params.path = arg;
            break;
        case 'P':
            pack->params.assignment[pack->params.n++] = arg;
            break;
        case 'm':
            if (!take_manifest(pack, arg))
                return CLI_WRONG;
            break;
        case 'c':
            pack->has_contract = ar_contract_parse(arg, &pack->contract);
            if (!pack->has_contract)
                return cli_usage("-c '%s': expected files, lanes, first or analyzeseq", arg), CLI_WRONG;
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
    if (pack->has_manifest && !pack->has_contract)
        pack->contract = pack->manifest.contract;
    if (pack->contract == AR_CONTRACT_FIRST || pack->contract == AR_CONTRACT_ANALYZESEQ)
        pack->packing.is_text = is_text;
    if (key == CLI_END && pack->folder_path && (pack->output.path || pack->output.filter))
        return cli_usage("-d writes a folder: -o and -Z do not go with it"), CLI_WRONG;
    return key;
}

int main(int argc, char **argv)
{
    struct pack pack = { 0 };
    struct ar_error error = { 0 };
    cli_start(&tool);
    pack.packing = (struct ar_packing){ .make_params = make_params, .arg = &pack };
    int key = cli_params_init(&pack.params, argc) ? parse_options(&pack, argc, argv) : CLI_WRONG;
    int status = key == CLI_DONE ? AR_OK : AR_INPUT;
    if (key == CLI_END)
        status = run(&pack, &error) == 0 ? AR_OK : cli_fail(&error);
    if (pack.has_manifest)
        ar_manifest_release(&pack.manifest);
    free(pack.packing.wanted);
    cli_params_release(&pack.params);
    return cli_end(status);
}
