/* SPDX-License-Identifier: MIT */
/*
 * ar-merge: puts the results of lanes together.
 *
 * Lanes come in one stream, or in files in any order; what is large waits in spools until all are there and the account
 * was checked.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "bytes/grow.h"
#include "cli/cli.h"
#include "cli/failures.h"
#include "lanes/folder.h"
#include "lanes/gather.h"

enum { OPT_LANES = CLI_LONG };

static const struct cli_option options[] = {
    { OPT_LANES, "lanes", "DIR",
      N_("the folder that ar-pack delivered into: it tells the lanes, their order and the\naccount of the source") },
    { 's', "samples", "FILE", N_("the samples table tells the lanes and their order") },
    { 'k', "incomplete", NULL, N_("go on although lanes are missing: they become failed ones") },
    CLI_OPTION_BRIEF,
    CLI_OPTION_OUTPUT,
    CLI_OPTION_COMPRESS,
    { 0 },
};

static const struct cli_tool tool = {
    .name = "ar-merge",
    .synopsis = N_("[options] RESULT.tar|FOLDER ...\n[options] < RESULTS.tar"),
    .summary = N_("Puts the results of lanes together: one table, a list of all pictures, one\n"
                  "ledger. Results come in any order; of a FOLDER, its *.tar are taken."),
    .options = options,
    .examples = "  ar-analyze -j 8 -- ./method < lanes.tar | ar-merge | ar-post > result.tar\n"
                "  ar-merge --lanes lanes results | ar-post -d result",
};

struct input {
    char *path;
    bool listed; /* it was found in a folder, not named: then it must be a file */
    bool later;  /* its turn is once the targets are known */
};

struct merge {
    const char *folder, *samples;
    bool keep_going, brief;
    struct cli_output output;
    struct ar_gather gather;
    struct input *input; /* none: standard input */
    size_t n, room;
};

static int parse_options(struct merge *merge, int argc, char **argv, int *first)
{
    const char *arg;
    int key;
    while ((key = cli_next(argc, argv, &arg, first)) >= 0) {
        switch (key) {
        case CLI_BRIEF:
            merge->brief = true;
            break;
        case OPT_LANES:
            merge->folder = arg;
            break;
        case 's':
            merge->samples = arg;
            break;
        case 'k':
            merge->keep_going = true;
            break;
        case 'o':
            merge->output.path = arg;
            break;
        case 'Z':
            if (!cli_filter(arg, &merge->output.filter))
                return CLI_WRONG;
            break;
        }
    }
    if (key == CLI_END && merge->folder && merge->samples) {
        cli_usage("both --lanes and -s tell the lanes: one is enough");
        return CLI_WRONG;
    }
    return key;
}

/* ---- operands ------------------------------------------------------------------------------------------------------- */

/* Takes the path over. */
static int add_path(struct merge *merge, char *path, bool listed, struct ar_error *error)
{
    if (path && merge->n == merge->room && !ar_grow(&merge->input, &merge->room, sizeof *merge->input)) {
        free(path);
        return ar_fail_memory(error);
    }
    if (!path)
        return ar_fail_memory(error);
    merge->input[merge->n++] = (struct input){ .path = path, .listed = listed };
    return 0;
}

static int by_bytes(const void *a, const void *b)
{
    const struct input *one = a, *other = b;
    return strcmp(one->path, other->path);
}

/* The tars of a folder, in byte order of their names. */
static int add_folder(struct merge *merge, const char *folder, struct ar_error *error)
{
    DIR *dir = opendir(folder);
    if (!dir)
        return ar_fail_open(error, errno, "cannot open the folder '%s'", folder);
    size_t from = merge->n, length = strlen(folder);
    const char *slash = length && folder[length - 1] == '/' ? "" : "/";
    int result = 0;
    struct dirent *entry;
    while (result == 0 && (errno = 0, entry = readdir(dir))) {
        const char *end = strrchr(entry->d_name, '.');
        char *path = NULL;
        if (entry->d_name[0] == '.' || !end || strcmp(end, ".tar") != 0)
            continue;
        if (asprintf(&path, "%s%s%s", folder, slash, entry->d_name) < 0)
            path = NULL;
        result = add_path(merge, path, true, error);
    }
    if (result == 0 && errno)
        result = ar_fail_errno(error, errno, "cannot read the folder '%s'", folder);
    closedir(dir);
    if (result == 0 && merge->n == from)
        return ar_fail(error, AR_INPUT, "the folder '%s' holds no *.tar", folder);
    qsort(merge->input + from, merge->n - from, sizeof *merge->input, by_bytes);
    return result;
}

static int add_operands(struct merge *merge, int n, char **operands, struct ar_error *error)
{
    for (int i = 0; i < n; i++) {
        struct stat st;
        bool folder = stat(operands[i], &st) == 0 && S_ISDIR(st.st_mode);
        if ((folder ? add_folder(merge, operands[i], error) : add_path(merge, strdup(operands[i]), false, error)) != 0)
            return -1;
    }
    return n > 0 ? 0 : add_path(merge, strdup("-"), false, error);
}

/* ---- inputs --------------------------------------------------------------------------------------------------------- */

static bool is_standard(const struct input *input)
{
    return !input->listed && strcmp(input->path, "-") == 0;
}

static int open_input(const struct input *input, struct ar_error *error)
{
    if (is_standard(input) && isatty(STDIN_FILENO)) {
        ar_fail(error, AR_INPUT, "standard input is a terminal, expected the results of lanes");
        return ar_hint(error, "Pipe ar-analyze into this tool, or name result tars or their folder.");
    }
    if (input->listed)
        return ar_folder_open_file(AT_FDCWD, input->path, error);
    int fd = is_standard(input) ? dup(STDIN_FILENO) : open(input->path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? ar_fail_open(error, errno, "cannot open '%s'", is_standard(input) ? ar_tr("standard input") : input->path) : fd;
}

/* Reads an input. Returns 1 where the targets must be known first. */
static int take_input(struct merge *merge, const struct input *input, struct ar_error *error)
{
    const char *name = is_standard(input) ? ar_tr("standard input") : input->path;
    int fd = open_input(input, error);
    if (fd < 0)
        return -1;
    int result = cli_output_differs(&merge->output, fd, name, error);
    struct ar_in *in = result == 0 ? ar_in_new(fd, name, error) : NULL;
    result = in ? ar_gather_take(&merge->gather, in, name, merge->n == 1, error) : -1;
    if (result != 0 && error->no_input && merge->n > 1) /* this one is empty, not all of the input */
        ar_fail(error, AR_INPUT, "'%s' is empty", name);
    ar_in_free(in);
    struct stat st;
    if (result > 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))) {
        ar_fail(error, AR_INPUT, "'%s' is one lane, and comes before the lanes of the run are known", name);
        result = ar_hint(error, "Name the folder that ar-pack made (--lanes DIR), or the samples table (-s).");
    }
    close(fd);
    return result;
}

static void step(void *arg, uint64_t done)
{
    const struct ar_gather *gather = arg;
    cli_progress(done, gather->targets.count, gather->failed);
}

/* Single lanes that come before the targets have their turn after the others. */
static int take_inputs(struct merge *merge, struct ar_error *error)
{
    for (size_t i = 0; i < merge->n; i++) {
        int result = take_input(merge, &merge->input[i], error);
        if (result < 0)
            return -1;
        merge->input[i].later = result > 0;
    }
    for (size_t i = 0; i < merge->n; i++) {
        if (!merge->input[i].later)
            continue;
        int result = take_input(merge, &merge->input[i], error);
        if (result < 0)
            return -1;
        if (result > 0) {
            ar_fail(error, AR_INPUT, "'%s' is one lane: which lanes the run has, and in what order, is not known",
                    merge->input[i].path);
            return ar_hint(error, "Name the folder that ar-pack made (--lanes DIR), or the samples table (-s).");
        }
    }
    return 0;
}

static int read_all(struct merge *merge, struct ar_error *error)
{
    struct ar_gather *gather = &merge->gather;
    if (merge->folder && ar_gather_folder(gather, merge->folder, error) != 0)
        return -1;
    if (merge->samples && ar_gather_samples(gather, merge->samples, error) != 0)
        return -1;
    gather->tick = (struct ar_tick){ .step = step, .arg = gather, .stop = &cli_stop };
    cli_progress_start("merging", N_("lanes"));
    if (take_inputs(merge, error) != 0 || ar_gather_end(gather, merge->keep_going, error) != 0)
        return -1;
    if (!gather->account.has_source)
        cli_info("there is no account of the source: that no row was lost before is not checked");
    return 0;
}

/* ---- output --------------------------------------------------------------------------------------------------------- */

static int write_all(struct merge *merge, struct ar_error *error)
{
    struct ar_emit emit;
    ar_emit_init(&emit, merge->output.out, false);
    int result = ar_gather_write(&merge->gather, &emit, error);
    if (result == 0)
        result = ar_emit_finish(&emit, error);
    ar_emit_release(&emit);
    return result;
}

static int run(struct merge *merge, int n, char **operands, struct ar_error *error)
{
    if (cli_output_open(&merge->output, error) != 0)
        return -1;
    if (add_operands(merge, n, operands, error) != 0 || read_all(merge, error) != 0 || write_all(merge, error) != 0) {
        cli_output_abandon(&merge->output);
        return -1;
    }
    return cli_output_close(&merge->output, false, error);
}

/* The account in one line, and last the lanes that failed. */
static void tell(const struct merge *merge)
{
    const struct ar_gather *gather = &merge->gather;
    struct ar_buf line;
    ar_buf_init(&line);
    ar_account_describe(&gather->account, &line);
    cli_info("%s", line.data);
    ar_buf_release(&line);
    if (merge->brief)
        return;
    struct cli_failures failures = { .how = CLI_FAILED };
    for (size_t i = 0; i < gather->targets.count; i++)
        if (gather->lane[i].outcome == AR_OUTCOME_FAILED)
            cli_failures_add(&failures, &gather->targets.entry[i], gather->causes.data + gather->lane[i].cause.start, "");
    cli_failures_tell(&failures);
    cli_failures_release(&failures);
}

int main(int argc, char **argv)
{
    struct merge merge = { 0 };
    struct ar_error error = { 0 };
    int first, status = AR_OK;
    cli_start(&tool);
    int key = parse_options(&merge, argc, argv, &first);
    if (key != CLI_END)
        return cli_end(key == CLI_DONE ? AR_OK : AR_INPUT);
    ar_gather_init(&merge.gather);
    if (run(&merge, argc - first, argv + first, &error) != 0)
        status = cli_fail(&error);
    else
        tell(&merge);
    ar_gather_release(&merge.gather);
    for (size_t i = 0; i < merge.n; i++)
        free(merge.input[i].path);
    free(merge.input);
    return cli_end(status);
}
