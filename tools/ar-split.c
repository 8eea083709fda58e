/* SPDX-License-Identifier: MIT */
/*
 * ar-split: cuts the sets of a run into lanes.
 *
 * Each set is mapped and scanned once, noting where the rows of each lane lie; then lane after lane is written.
 */
#include <fcntl.h>

#include "cli/cli.h"
#include "lanes/params.h"
#include "lanes/samples.h"
#include "lanes/partition_tell.h"
#include "lanes/split.h"

enum { OPT_LANE_KEY = CLI_LONG, OPT_KEEP_GOING };

static const struct cli_option options[] = {
    { 's', "samples", "FILE", N_("the samples table: CSV with the columns data,sample") },
    CLI_OPTION_PARAMS,
    { OPT_LANE_KEY, "lane-key", "[SET=]COLUMN[~REGEX]",
      N_("the column that tells the lane of a row, or its part that\nthe first group of REGEX (POSIX extended) matches") },
    CLI_OPTION_OUTPUT,
    CLI_OPTION_COMPRESS,
    { OPT_KEEP_GOING, "keep-going", NULL, N_("end with status 0 although lanes failed") },
    { 0 },
};

static const struct cli_tool tool = {
    .name = "ar-split",
    .synopsis = N_("[options] SET=FILE ...\n[options] RUN.tar\n[options] < RUN.tar"),
    .summary = N_("Cuts the result sets of a run into lanes, one for each sample, and writes them\n"
                  "as a tar stream. FILE is CSV, perhaps compressed; '-' is standard input."),
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
    struct ar_split lanes;
    uint64_t total, read; /* bytes, for the progress: of the sets, twice; those that were read */
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
        return ar_fail(error, AR_INPUT,
                       "nothing to read: expected SET=FILE operands, or a run tar on standard input; see 'ar-split --help'");
    size_t n = strlen(path);
    if (n > 4 && strcmp(path + n - 4, ".csv") == 0)
        return ar_fail(error, AR_INPUT, "operand '%s': expected SET=FILE, as in activity_spots=%s", path, path);
    int fd = open_input(split, path, error);
    if (fd < 0)
        return -1;
    int result = ar_run_read_tar(&split->lanes.run, fd, strcmp(path, "-") == 0 ? ar_tr("standard input") : path, error);
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
        int result = fd < 0 ? -1 : ar_run_add_file(&split->lanes.run, operands[i], fd, equals + 1, error);
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
    const struct ar_run *run = &split->lanes.run;
    struct ar_targets *targets = &split->lanes.targets;
    split->lanes.grow = !split->samples_path && !run->has_samples;
    if (split->lanes.grow)
        return 0;
    if (!split->samples_path)
        return ar_samples_parse(targets, run->samples.data, run->samples.len, ar_tr("entry 'sample_names'"), error);
    if (ar_samples_load(targets, split->samples_path, error) != 0)
        return -1;
    if (run->has_samples)
        cli_info("the samples table of the run tar is replaced by '%s'", split->samples_path);
    return 0;
}

static int read_params(struct split *split, struct ar_error *error)
{
    split->lanes.has_params = true;
    if (split->params_path)
        return ar_params_load(split->params_path, &split->lanes.params, error);
    split->lanes.has_params = split->lanes.run.has_params;
    if (!split->lanes.has_params)
        return 0;
    ar_buf_add(&split->lanes.params, split->lanes.run.params.data, split->lanes.run.params.len);
    return ar_params_check(split->lanes.params.data, split->lanes.params.len, ar_tr("entry 'params'"), error);
}

/* ---- the sets ------------------------------------------------------------------------------------------------------- */

/* Says what was detected, and what was dropped. */
static void tell_set(const struct split *split, const struct ar_run_set *set, const struct ar_partition *p)
{
    if (set->mapped && set->map.filter != AR_FILTER_NONE)
        cli_info("%s: %s undone", p->what, ar_filter_name(set->map.filter));
    if (p->header.bom)
        cli_info("%s: the byte order mark at its start is left out", p->what);
    if (p->seen.cr)
        cli_info("%s: CRLF and CR line ends are written as LF", p->what);
    if (p->seen.blank_lines)
        cli_info(ar_tr_n("%s: %" PRIu64 " blank line skipped", "%s: %" PRIu64 " blank lines skipped", p->seen.blank_lines), p->what,
                 p->seen.blank_lines);
    if (!ar_partition_last_line_ends(p))
        cli_warn("%s: its last line has no line end: was the file cut? Look at its last cell", p->what);
    if (p->no_lane)
        cli_warn("%s: rows without a lane are dropped: %" PRIu64 ", the first in line %" PRIu64, p->what, p->no_lane,
                 ar_csv_line(p->data, p->no_lane_offset));
    for (size_t i = 0; i < p->unknown.count && i < 10; i++) {
        const struct ar_name *name = &p->unknown.name[i];
        ssize_t form = ar_targets_find_form(&split->lanes.targets, name->text, name->len);
        cli_warn("%s: rows of the lane '%s', which the samples table does not name, are dropped: %" PRIu64 "%s", p->what,
                 name->text, p->unknown_rows[i], form >= 0 ? ar_tr(" (one that it names differs only in its Unicode form)") : "");
    }
    if (p->unknown.count > 10)
        cli_warn("%s: and those of %zu further lanes", p->what, p->unknown.count - 10);
}

/* Has the id, zeros at its start aside, rows in a set, though the samples table does not name it so? */
static const char *find_without_zeros(const struct split *split, const char *id)
{
    const char *found = NULL;
    for (size_t i = 0; i < split->lanes.run.n_sets && !found; i++)
        found = ar_partition_without_zeros(&split->lanes.part[i], id);
    return found;
}

/* Lanes that were found and may be meant to be one. */
static void tell_forms(const struct split *split)
{
    const struct ar_target *target = split->lanes.targets.entry;
    size_t a, b;
    if (split->lanes.grow && ar_targets_find_forms(&split->lanes.targets, &a, &b) > 0)
        cli_warn("the lanes '%s' and '%s' (%zu and %zu of %zu) differ only in their Unicode form: they are two, since ids "
                 "compare as bytes",
                 target[a].data, target[b].data, a + 1, b + 1, split->lanes.targets.count);
}

/* Lanes that the samples table names and no set has. */
static void tell_empty_lanes(const struct split *split)
{
    size_t shown = 0;
    for (size_t lane = 0; lane < split->lanes.targets.count && shown < 10; lane++) {
        const char *id = split->lanes.targets.entry[lane].data;
        uint64_t rows = 0;
        for (size_t i = 0; i < split->lanes.run.n_sets; i++)
            rows += ar_partition_rows(&split->lanes.part[i], lane);
        if (rows)
            continue;
        shown++;
        const char *zeros = find_without_zeros(split, id);
        if (zeros)
            cli_warn("lane '%s' of the samples table has no rows, but '%s' has: data names are text, and their zeros count", id,
                     zeros);
        else
            cli_warn("lane '%s' of the samples table has no rows", id);
    }
}

static void tell_reading(const struct split *split)
{
    const struct ar_run *run = &split->lanes.run;
    for (size_t i = 0; i < run->n_sets; i++)
        tell_set(split, &run->set[i], &split->lanes.part[i]);
    tell_forms(split);
    tell_empty_lanes(split);
    for (size_t i = 0; i < run->n_others; i++)
        cli_info("entry '%s' is not known: it is passed on", run->other[i].name);
}

/* The account, in one line, and last the lanes that failed. */
static void tell_account(const struct split *split)
{
    struct ar_buf line;
    ar_buf_init(&line);
    cli_number(&line, split->lanes.targets.count, "lane");
    for (size_t i = 0; i < split->lanes.run.n_sets; i++) {
        const struct ar_partition *p = &split->lanes.part[i];
        uint64_t dropped = p->no_lane + ar_partition_unknown_rows(p), failed = 0;
        for (size_t lane = 0; lane < split->lanes.targets.count; lane++)
            failed += split->lanes.error[lane] ? ar_partition_rows(p, lane) : 0;
        ar_buf_add_format(&line, "; %s: ", p->set);
        cli_number(&line, p->seen.rows, "row");
        ar_buf_add_tr(&line, ", %" PRIu64 " kept", p->seen.rows - dropped - failed);
        if (dropped)
            ar_buf_add_tr(&line, ", %" PRIu64 " dropped", dropped);
        if (failed)
            ar_buf_add_tr(&line, ", %" PRIu64 " in failed lanes", failed);
        ar_buf_add_text(&line, ar_tr(" (lane by "));
        ar_lane_rule_describe(&p->rule, &line);
        ar_buf_add_char(&line, ')');
    }
    cli_info("%s", line.data);
    ar_buf_release(&line);
    for (size_t i = 0; i < split->lanes.targets.count; i++)
        if (split->lanes.error[i])
            cli_warn("lane '%s' (%s) failed: %s", split->lanes.targets.entry[i].data, split->lanes.targets.entry[i].sample,
                     split->lanes.error[i]);
}

static void step(void *arg, uint64_t done)
{
    const struct split *split = arg;
    cli_progress(split->read + done, split->total, split->lanes.failed);
}

static int cut(struct split *split, struct ar_error *error)
{
    struct ar_tick tick = { .step = step, .arg = split, .stop = &cli_stop };
    uint64_t bytes = 0;
    for (size_t i = 0; i < split->lanes.run.n_sets; i++)
        bytes += split->lanes.run.set[i].n;
    split->total = 2 * bytes;
    cli_progress_start("cutting", "B");
    if (ar_split_read(&split->lanes, split->keys, split->n_keys, &tick, error) != 0)
        return -1;
    split->read = bytes;
    tell_reading(split);
    return ar_split_write(&split->lanes, split->output.out, &tick, error);
}

static int run(struct split *split, int n, char **operands, struct ar_error *error)
{
    split->lanes.run.keys = split->keys;
    split->lanes.run.n_keys = split->n_keys;
    if (read_operands(split, n, operands, error) != 0 || read_samples(split, error) != 0 || read_params(split, error) != 0)
        return -1;
    if (cli_output_differs_path(&split->output, split->samples_path, error) != 0 ||
        cli_output_differs_path(&split->output, split->params_path, error) != 0 || cli_output_open(&split->output, error) != 0)
        return -1;
    if (cut(split, error) == 0)
        return cli_output_close(&split->output, false, error);
    cli_output_abandon(&split->output);
    return -1;
}

int main(int argc, char **argv)
{
    struct split split = { 0 };
    struct ar_error error = { 0 };
    int first;
    cli_start(&tool);
    ar_split_init(&split.lanes);
    split.keys = calloc((size_t)argc, sizeof *split.keys);
    int key = split.keys ? parse_options(&split, argc, argv, &first) : CLI_WRONG;
    int status = key == CLI_DONE ? AR_OK : AR_INPUT;
    if (key == CLI_END && run(&split, argc - first, argv + first, &error) == 0) {
        tell_account(&split);
        status = split.lanes.failed && !split.keep_going ? AR_CONTENT : AR_OK;
    } else if (key == CLI_END) {
        status = cli_fail(&error);
    }
    ar_split_release(&split.lanes);
    for (size_t i = 0; i < split.n_keys; i++)
        ar_lane_key_release(&split.keys[i]);
    free(split.keys);
    return cli_end(status);
}
