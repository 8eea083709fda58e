/* SPDX-License-Identifier: MIT */
/*
 * ar-split: cuts the sets of a run into lanes.
 *
 * Each set is mapped and scanned once, noting where the rows of each lane lie; then lane after lane is written.
 */
#include <fcntl.h>

#include "cli/cli.h"
#include "lanes/params.h"
#include "lanes/partition.h"
#include "lanes/run.h"
#include "lanes/samples.h"

enum { OPT_LANE_KEY = CLI_LONG, OPT_KEEP_GOING };

static const struct cli_option options[] = {
    { 's', "samples", "FILE", "the samples table: CSV with the columns data,sample" },
    CLI_OPTION_PARAMS,
    { OPT_LANE_KEY, "lane-key", "[SET=]COLUMN[~REGEX]",
      "the column that tells the lane of a row, or its part that\nthe first group of REGEX (POSIX extended) matches" },
    CLI_OPTION_OUTPUT,
    CLI_OPTION_COMPRESS,
    { OPT_KEEP_GOING, "keep-going", NULL, "end with status 0 although lanes failed" },
    { 0 },
};

static const struct cli_tool tool = {
    .name = "ar-split",
    .synopsis = "[options] SET=FILE ...\n[options] RUN.tar\n[options] < RUN.tar",
    .summary = "Cuts the result sets of a run into lanes, one for each sample, and writes them\n"
               "as a tar stream. FILE is CSV, perhaps compressed; '-' is standard input.",
    .options = options,
    .examples = "  ar-split -s samples.csv activity_spots=as.csv surrounding_spots=ss.csv |\n"
                "    ar-cleanse -e 'activity_spots=Activity Spots' --none surrounding_spots |\n"
                "    ar-pack -p params.json -d lanes",
};

struct split {
    const char *samples_path, *params_path;
    struct ar_lane_key *keys;
    size_t n_keys;
    bool keep_going;
    struct cli_output output;
    struct ar_run run;
    struct ar_targets targets;
    bool grow; /* no samples table: the lanes are those that are found */
    struct ar_buf params;
    bool has_params;
    struct ar_partition *part; /* one per set of the run */
    uint64_t done, total;      /* bytes, for the progress */
    size_t failed;
};

static int parse_options(struct split *split, int argc, char **argv, int *first)
{
    const char *arg;
    struct ar_error error;
    int key;
    while ((key = cli_next(argc, argv, &arg, first)) >= 0) {
        switch (key) {
        case 's':
            split->samples_path = arg;
            break;
        case 'p':
            split->params_path = arg;
            break;
        case 'o':
            split->output.path = arg;
            break;
        case 'Z':
            if (!cli_filter(arg, &split->output.filter))
                return CLI_WRONG;
            break;
        case OPT_KEEP_GOING:
            split->keep_going = true;
            break;
        case OPT_LANE_KEY:
            split->keys = reallocarray(split->keys, split->n_keys + 1, sizeof *split->keys);
            if (!split->keys)
                abort();
            if (ar_lane_key_parse(&split->keys[split->n_keys], arg, &error) != 0) {
                cli_fail(&error);
                return CLI_WRONG;
            }
            split->n_keys++;
            break;
        }
    }
    return key;
}

/* ---- input ---------------------------------------------------------------------------------------------------------- */

static int open_input(const struct split *split, const char *path, struct ar_error *error)
{
    int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ar_fail_open(error, errno, "cannot open '%s'", path);
    if (cli_output_differs(&split->output, fd, path, error) == 0)
        return fd;
    close(fd);
    return -1;
}

static int read_run_tar(struct split *split, const char *path, struct ar_error *error)
{
    if (strcmp(path, "-") == 0 && isatty(STDIN_FILENO))
        return ar_fail(error, AR_INPUT, "nothing to read: expected SET=FILE operands, or a run tar on standard input; see 'ar-split --help'");
    int fd = open_input(split, path, error);
    if (fd < 0)
        return -1;
    int result = ar_run_read_tar(&split->run, fd, strcmp(path, "-") == 0 ? "standard input" : path, error);
    close(fd);
    return result;
}

static int read_operands(struct split *split, int n, char **operands, struct ar_error *error)
{
    if (n == 0 || (n == 1 && !strchr(operands[0], '=')))
        return read_run_tar(split, n ? operands[0] : "-", error);
    bool standard_input = false;
    for (int i = 0; i < n; i++) {
        char *equals = strchr(operands[i], '=');
        if (!equals)
            return ar_fail(error, AR_INPUT, "operand '%s': expected SET=FILE, as in activity_spots=%s", operands[i], operands[i]);
        if (strcmp(equals + 1, "-") == 0) {
            if (standard_input)
                return ar_fail(error, AR_INPUT, "operand '%s': standard input can be only one set", operands[i]);
            standard_input = true;
        }
        *equals = '\0';
        int fd = open_input(split, equals + 1, error);
        int result = fd < 0 ? -1 : ar_run_add_file(&split->run, operands[i], fd, equals + 1, error);
        *equals = '=';
        if (fd >= 0)
            close(fd);
        if (result != 0)
            return -1;
    }
    return 0;
}

/* The samples table of -s, else of the run tar, else none. */
static int read_samples(struct split *split, struct ar_error *error)
{
    struct ar_buf text;
    ar_buf_init(&text);
    int result = 0;
    if (split->samples_path) {
        char what[512];
        snprintf(what, sizeof what, "samples table '%s'", split->samples_path);
        result = ar_read_file(AT_FDCWD, split->samples_path, &text, SIZE_MAX / 2, error);
        if (result == 0)
            result = ar_samples_parse(&split->targets, text.data, text.len, what, error);
        if (result == 0 && split->run.has_samples)
            cli_info("the samples table of the run tar is replaced by '%s'", split->samples_path);
    } else if (split->run.has_samples) {
        result = ar_samples_parse(&split->targets, split->run.samples.data, split->run.samples.len, "entry 'sample_names'", error);
    } else {
        split->grow = true;
    }
    ar_buf_release(&text);
    return result;
}

static int read_params(struct split *split, struct ar_error *error)
{
    split->has_params = true;
    if (split->params_path)
        return ar_params_load(split->params_path, &split->params, error);
    split->has_params = split->run.has_params;
    if (!split->has_params)
        return 0;
    ar_buf_add(&split->params, split->run.params.data, split->run.params.len);
    return ar_params_check(split->params.data, split->params.len, "entry 'params'", error);
}

/* ---- the sets ------------------------------------------------------------------------------------------------------- */

/* Shows ids of the samples table and of the set, which have none in common. */
static int fail_no_lane(const struct split *split, const struct ar_partition *p, struct ar_error *error)
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
    ar_fail(error, AR_CONTENT, "%s: no row is of a lane that the samples table names: it names %s%s; the rows (by %s) are of %s%s", p->what,
            named.data, split->targets.count > 5 ? ", …" : "", rule.data, found.len ? found.data : "no lane",
            p->unknown.count > 5 ? ", …" : "");
    for (size_t i = 0; i < p->unknown.count; i++)
        if (ar_targets_find_form(&split->targets, p->unknown.name[i].text, p->unknown.name[i].len) >= 0) {
            ar_hint(error, "'%s' differs only in its Unicode form: write both in the same one (NFC).", p->unknown.name[i].text);
            break;
        }
    if (!*error->hint)
        ar_hint(error, "Is it the samples table of this run? Another column may tell the lane: --lane-key.");
    ar_buf_release(&named);
    ar_buf_release(&found);
    ar_buf_release(&rule);
    return -1;
}

/* Says what was detected, and what was dropped. */
static void tell_set(const struct split *split, const struct ar_run_set *set, const struct ar_partition *p)
{
    struct ar_buf rule;
    ar_buf_init(&rule);
    ar_lane_rule_describe(&p->rule, &rule);
    cli_debug("%s: lane by %s", p->what, rule.data);
    ar_buf_release(&rule);
    if (set->mapped && set->map.filter != AR_FILTER_NONE)
        cli_info("%s: %s undone", p->what, ar_filter_name(set->map.filter));
    if (p->header.bom)
        cli_info("%s: the byte order mark at its start is left out", p->what);
    if (p->seen.cr)
        cli_info("%s: CRLF and CR line ends are written as LF", p->what);
    if (p->seen.blank_lines)
        cli_info("%s: %" PRIu64 " blank lines are skipped", p->what, p->seen.blank_lines);
    if (p->no_lane)
        cli_warn("%s: %" PRIu64 " rows without a lane are dropped, the first in line %" PRIu64, p->what, p->no_lane,
                 ar_csv_line(p->data, p->no_lane_offset));
    for (size_t i = 0; i < p->unknown.count && i < 10; i++) {
        const struct ar_name *name = &p->unknown.name[i];
        ssize_t form = ar_targets_find_form(&split->targets, name->text, name->len);
        cli_warn("%s: %" PRIu64 " rows of the lane '%s' are dropped: the samples table does not name it%s", p->what, p->unknown_rows[i],
                 name->text, form >= 0 ? " (one that it names differs only in its Unicode form)" : "");
    }
    if (p->unknown.count > 10)
        cli_warn("%s: and those of %zu further lanes", p->what, p->unknown.count - 10);
}

static void step(void *arg, uint64_t done)
{
    struct split *split = arg;
    cli_progress(split->done + done, split->total, 0);
}

static int read_sets(struct split *split, struct ar_error *error)
{
    struct ar_tick tick = { .step = step, .arg = split, .stop = &cli_stop };
    split->part = calloc(split->run.n_sets, sizeof *split->part);
    if (!split->part)
        return ar_fail_memory(error);
    for (size_t i = 0; i < split->run.n_sets; i++)
        split->total += 2 * split->run.set[i].n;
    for (size_t i = 0; i < split->run.n_sets; i++) {
        const struct ar_run_set *set = &split->run.set[i];
        struct ar_partition *p = &split->part[i];
        if (ar_partition_read(p, set->name, set->what, set->data, set->n, split->keys, split->n_keys, &split->targets, split->grow, &tick,
                              error) != 0)
            return -1;
        split->done += set->n;
        uint64_t kept = 0;
        for (size_t lane = 0; lane < p->n_lanes; lane++)
            kept += ar_partition_rows(p, lane);
        if (!split->grow && p->seen.rows && !kept)
            return fail_no_lane(split, p, error);
        tell_set(split, set, p);
    }
    if (split->targets.count > 0)
        return 0;
    ar_fail(error, AR_CONTENT, "no lane was found");
    return ar_hint(error, "No set has a row with a lane: name the lanes in a samples table (-s), or their column (--lane-key).");
}

/* ---- output --------------------------------------------------------------------------------------------------------- */

/* The account of one set, for the ledger at the top. */
static json_t *account(const struct split *split, const struct ar_run_set *set, const struct ar_partition *p)
{
    struct ar_buf rule;
    ar_buf_init(&rule);
    ar_lane_rule_describe(&p->rule, &rule);
    json_t *by_lane = json_object();
    for (size_t i = 0; i < split->targets.count; i++)
        json_object_set_new(by_lane, split->targets.entry[i].data, json_integer((json_int_t)ar_partition_rows(p, i)));
    json_t *dropped = json_object();
    json_t *unknown = json_object();
    uint64_t unknown_rows = 0;
    for (size_t i = 0; i < p->unknown.count; i++) {
        unknown_rows += p->unknown_rows[i];
        json_object_set_new(unknown, p->unknown.name[i].text, json_integer((json_int_t)p->unknown_rows[i]));
    }
    if (p->no_lane)
        json_object_set_new(dropped, "no_lane", json_integer((json_int_t)p->no_lane));
    if (unknown_rows)
        json_object_set_new(dropped, "not_in_samples", json_integer((json_int_t)unknown_rows));
    uint64_t bytes = set->mapped ? set->map.source_bytes : set->n;
    const char *filter = set->mapped ? ar_filter_name(set->map.filter) : "none";
    json_t *json = json_pack("{sssIsssIsIsbsssIsssoso}", "source", set->source, "bytes", (json_int_t)bytes, "compression", filter, "rows",
                             (json_int_t)p->seen.rows, "columns", (json_int_t)p->header.cells, "bom", p->header.bom, "line_ends",
                             p->seen.cr ? "CRLF or CR" : "LF", "blank_lines", (json_int_t)p->seen.blank_lines, "lane_by", rule.data,
                             "rows_by_lane", by_lane, "dropped", dropped);
    if (json && p->no_lane)
        json_object_set_new(json, "no_lane_line", json_integer((json_int_t)ar_csv_line(p->data, p->no_lane_offset)));
    if (json && json_object_size(unknown))
        json_object_set(json, "not_in_samples", unknown);
    json_decref(unknown);
    ar_buf_release(&rule);
    return json;
}

static int write_top(const struct split *split, struct ar_emit *emit, struct ar_error *error)
{
    struct ar_ledger ledger;
    struct ar_buf text;
    ar_buf_init(&text);
    ar_targets_write(&split->targets, &text);
    int result = ar_ledger_init(&ledger, error);
    for (size_t i = 0; i < split->run.n_sets && result == 0; i++)
        if (json_object_set_new(json_object_get(ledger.json, "sets"), split->run.set[i].name,
                                account(split, &split->run.set[i], &split->part[i])) != 0)
            result = ar_fail_memory(error);
    if (result == 0)
        result = ar_buf_check(&text, error);
    if (result == 0)
        result = ar_ledger_set_file_bytes(&ledger, AR_NAME_TARGETS, text.data, text.len, error);
    if (result == 0)
        result = ar_emit_whole(emit, NULL, AR_NAME_TARGETS, false, text.data, text.len, error);
    if (result == 0 && split->has_params)
        result = ar_ledger_set_file_bytes(&ledger, AR_NAME_PARAMS, split->params.data, split->params.len, error);
    if (result == 0 && split->has_params)
        result = ar_emit_whole(emit, NULL, AR_NAME_PARAMS, false, split->params.data, split->params.len, error);
    for (size_t i = 0; i < split->run.n_others && result == 0; i++)
        result = ar_ledger_set_file_bytes(&ledger, split->run.other[i].name, split->run.other[i].data, split->run.other[i].n, error);
    if (result == 0)
        result = ar_emit_ledger(emit, NULL, &ledger, error);
    ar_ledger_release(&ledger);
    ar_buf_release(&text);
    return result;
}

static int write_others(const struct split *split, struct ar_emit *emit, struct ar_error *error)
{
    for (size_t i = 0; i < split->run.n_others; i++) {
        const struct ar_run_other *other = &split->run.other[i];
        size_t first = strcspn(other->name, "/");
        if (other->name[first] && ar_targets_find(&split->targets, other->name, first) >= 0)
            return ar_fail(error, AR_INPUT, "entry '%s' of the run stands in the folder of a lane", other->name);
        struct ar_tar_meta meta = { .name = other->name, .size = other->n, .is_file = other->is_file, .image_type = other->image_type,
                                    .pax = other->pax, .pax_len = other->pax_len };
        cli_info("entry '%s' is not known: it is passed on", other->name);
        if (ar_tar_put(&emit->tar, &meta, error) != 0 || ar_tar_write_stable(&emit->tar, other->data, other->n, error) != 0)
            return -1;
    }
    return 0;
}

/* Why the lane is in error, or NULL: more than one image-analysis method in a set. */
static char *lane_error(const struct split *split, size_t lane)
{
    for (size_t i = 0; i < split->run.n_sets; i++) {
        const struct ar_partition *p = &split->part[i];
        if (lane >= p->n_lanes || p->lane[lane].other_method < 0)
            continue;
        char *text;
        const char *first = ar_partition_method(p, lane);
        if (asprintf(&text, "the set '%s' holds rows of two image-analysis methods, '%s' and '%s' (first in line %" PRIu64 " of %s)",
                     p->set, first ? first : "", p->methods.name[p->lane[lane].other_method].text,
                     ar_csv_line(p->data, p->lane[lane].other_offset), p->what) < 0)
            abort();
        return text;
    }
    return NULL;
}

static int write_lane(struct split *split, struct ar_emit *emit, size_t lane, struct ar_error *error)
{
    const struct ar_target *target = &split->targets.entry[lane];
    struct ar_ledger ledger;
    char *why = lane_error(split, lane);
    int result = ar_ledger_init(&ledger, error);
    if (result == 0)
        result = ar_ledger_set_file_bytes(&ledger, AR_NAME_DATA_NAME, target->data, target->data_len, error);
    if (result == 0)
        result = ar_ledger_set_file_bytes(&ledger, AR_NAME_SAMPLE_NAME, target->sample, target->sample_len, error);
    if (result == 0)
        result = ar_emit_names(emit, target, error);
    for (size_t i = 0; i < split->run.n_sets && result == 0; i++) {
        const struct ar_partition *p = &split->part[i];
        struct ar_record record = { .stage = "split", .rows_in = ar_partition_rows(p, lane), .rows = ar_partition_rows(p, lane),
                                    .method = ar_partition_method(p, lane) };
        if (!why)
            result = ar_partition_emit(p, lane, target->data, emit, &record, error);
        if (result == 0)
            result = ar_ledger_append(&ledger, p->set, &record, error);
        split->done += record.bytes;
    }
    if (result == 0 && why) {
        split->failed++;
        cli_warn("lane '%s' (%s) failed: %s", target->data, target->sample, why);
        result = ar_ledger_set_file_bytes(&ledger, AR_NAME_ERROR, why, strlen(why), error);
        if (result == 0)
            result = ar_ledger_set_outcome(&ledger, "failed", error);
        if (result == 0)
            result = ar_emit_whole(emit, target->data, AR_NAME_ERROR, false, why, strlen(why), error);
    }
    if (result == 0)
        result = ar_emit_ledger(emit, target->data, &ledger, error);
    ar_ledger_release(&ledger);
    free(why);
    return result;
}

static int write_stream(struct split *split, struct ar_error *error)
{
    struct ar_emit emit;
    ar_emit_init(&emit, split->output.out, false);
    int result = write_top(split, &emit, error);
    if (result == 0)
        result = write_others(split, &emit, error);
    for (size_t lane = 0; lane < split->targets.count && result == 0; lane++) {
        result = write_lane(split, &emit, lane, error);
        cli_progress(split->done, split->total, split->failed);
        if (cli_stop)
            result = ar_fail_errno(error, EINTR, "stopped");
    }
    if (result == 0)
        result = ar_run_check(&split->run, error);
    if (result == 0)
        result = ar_emit_finish(&emit, error);
    ar_emit_release(&emit);
    return result;
}

/* The account, in one line. */
static void tell_account(const struct split *split)
{
    struct ar_buf line;
    ar_buf_init(&line);
    ar_buf_add_format(&line, "%zu lanes", split->targets.count);
    for (size_t i = 0; i < split->run.n_sets; i++) {
        const struct ar_partition *p = &split->part[i];
        uint64_t unknown = 0, failed = 0, kept = 0;
        for (size_t k = 0; k < p->unknown.count; k++)
            unknown += p->unknown_rows[k];
        for (size_t lane = 0; lane < p->n_lanes; lane++)
            *(p->lane[lane].other_method >= 0 ? &failed : &kept) += ar_partition_rows(p, lane);
        ar_buf_add_format(&line, "; %s: %" PRIu64 " rows, %" PRIu64 " kept", p->set, p->seen.rows, kept);
        if (p->no_lane + unknown)
            ar_buf_add_format(&line, ", %" PRIu64 " dropped", p->no_lane + unknown);
        if (failed)
            ar_buf_add_format(&line, ", %" PRIu64 " in failed lanes", failed);
    }
    if (split->failed)
        ar_buf_add_format(&line, "; %zu lanes failed", split->failed);
    cli_info("%s", line.data);
    ar_buf_release(&line);
}

static int run(struct split *split, int n, char **operands, struct ar_error *error)
{
    if (read_operands(split, n, operands, error) != 0 || read_samples(split, error) != 0 || read_params(split, error) != 0)
        return -1;
    if (cli_output_open(&split->output, error) != 0)
        return -1;
    cli_progress_start("cutting", "B");
    if (read_sets(split, error) != 0 || write_stream(split, error) != 0) {
        cli_output_abandon(&split->output);
        return -1;
    }
    return cli_output_close(&split->output, false, error);
}

int main(int argc, char **argv)
{
    struct split split = { 0 };
    struct ar_error error = { 0 };
    int first;
    cli_start(&tool);
    int key = parse_options(&split, argc, argv, &first);
    if (key != CLI_END)
        return cli_end(key == CLI_DONE ? AR_OK : AR_INPUT);
    ar_run_init(&split.run);
    ar_buf_init(&split.params);
    int status = AR_OK;
    if (run(&split, argc - first, argv + first, &error) != 0)
        status = cli_fail(&error);
    else
        tell_account(&split);
    if (status == AR_OK && split.failed && !split.keep_going)
        status = AR_CONTENT;
    for (size_t i = 0; split.part && i < split.run.n_sets; i++)
        ar_partition_release(&split.part[i]);
    free(split.part);
    ar_run_release(&split.run);
    ar_targets_release(&split.targets);
    ar_buf_release(&split.params);
    for (size_t i = 0; i < split.n_keys; i++)
        ar_lane_key_release(&split.keys[i]);
    free(split.keys);
    return cli_end(status);
}
