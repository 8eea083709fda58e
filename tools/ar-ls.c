/* SPDX-License-Identifier: MIT */
/*
 * ar-ls: shows what is in a stream, in the parts of one, in a folder of lanes, or in CSV files before a run.
 *
 * The input is read to its end, bodies are passed over; then the listing is printed, for people or as JSON.
 */
#include <fcntl.h>
#include <stdio_ext.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "cli/listing.h"
#include "lanes/entries.h"
#include "lanes/samples.h"
#include "wire/wire.h"

enum { OPT_LANE_KEY = CLI_LONG, OPT_JSON, OPT_ENTITIES, OPT_VERIFY };

static const struct cli_option options[] = {
    { OPT_ENTITIES, "entities", NULL, N_("count the values of the column Entity") },
    { OPT_VERIFY, "verify", NULL, N_("check every digest, and the account of rows") },
    { OPT_JSON, "json", NULL, N_("print one JSON object, for jq") },
    { 's', "samples", "FILE", N_("CSV files, runs: the samples table (data,sample)") },
    { OPT_LANE_KEY, "lane-key", "[SET=]COLUMN[~REGEX]",
      N_("CSV files, runs: the column that tells the lane of a row, or\n"
         "its part that the first group of REGEX (POSIX extended) matches") },
    { 0 },
};

static const struct cli_tool tool = {
    .name = "ar-ls",
    .synopsis = N_("[options] [STREAM | FOLDER]\n[options] STREAM STREAM ...\n[options] SET=FILE ..."),
    .summary = N_("Shows what is in a stream (a run, lanes, results), in a folder of lanes, or in the\n"
                  "CSV files of a run to be: lanes, sets, rows, what was dropped and why, errors.\n"
                  "The status is 1 where lanes failed, 2 where the input is damaged."),
    .options = options,
    .examples = "  ar-ls --entities activity_spots=as.csv\n"
                "  ar-split … | ar-cleanse … | ar-ls --verify\n"
                "  ar-ls results/*.tar\n"
                "  ar-ls --json result.tar | jq -r '.lanes[] | select(.state == \"failed\").data'",
};

struct ls {
    const char *samples_path;
    struct ar_lane_key *keys;
    size_t n_keys;
    bool json;
    const char *input; /* what the listing is called */
    struct ar_run run; /* CSV files */
    struct ar_targets samples;
    struct ar_listing listing;
};

static bool add_key(struct ls *ls, const char *text)
{
    struct ar_error error;
    ls->keys = reallocarray(ls->keys, ls->n_keys + 1, sizeof *ls->keys);
    if (!ls->keys)
        abort();
    if (ar_lane_key_parse(&ls->keys[ls->n_keys], text, &error) == 0) {
        ls->n_keys++;
        return true;
    }
    cli_fail(&error);
    return false;
}

static int parse_options(struct ls *ls, int argc, char **argv, int *first)
{
    const char *arg;
    int key;
    while ((key = cli_next(argc, argv, &arg, first)) >= 0) {
        switch (key) {
        case 's':
            ls->samples_path = arg;
            break;
        case OPT_JSON:
            ls->json = true;
            ar_tr_english(); /* its texts are for programs */
            break;
        case OPT_ENTITIES:
            ls->listing.entities = true;
            break;
        case OPT_VERIFY:
            ls->listing.verify = true;
            break;
        case OPT_LANE_KEY:
            if (!add_key(ls, arg))
                return CLI_WRONG;
            break;
        }
    }
    return key;
}

/* ---- input ---------------------------------------------------------------------------------------------------------- */

/* Where the name of a set ends in an operand SET=FILE, or NULL. */
static const char *set_end(const char *operand)
{
    const char *equals = strchr(operand, '=');
    return equals && ar_set_name_ok(operand, (size_t)(equals - operand)) ? equals : NULL;
}

/* Is the path that of a CSV, perhaps compressed? Then *stem is the length of its name before the first dot. */
static bool is_csv(const char *path, size_t *stem)
{
    static const char *const endings[] = { ".csv", ".csv.gz", ".csv.zst", ".csv.xz", ".csv.lz4", ".csv.bz2" };
    const char *slash = strrchr(path, '/');
    *stem = strcspn(slash ? slash + 1 : path, ".");
    for (size_t i = 0; i < AR_COUNT(endings); i++) {
        size_t n = strlen(path), end = strlen(endings[i]);
        if (n > end && strcasecmp(path + n - end, endings[i]) == 0)
            return true;
    }
    return false;
}

static bool is_set(const char *operand)
{
    size_t stem;
    return set_end(operand) || is_csv(operand, &stem);
}

/* The set of an operand: what stands before its '=', or the file's base name, underscores for what no set may be called. */
static char *set_name(const char *operand, const char **path)
{
    const char *equals = set_end(operand), *slash = strrchr(operand, '/');
    const char *base = slash ? slash + 1 : operand;
    size_t stem;
    *path = equals ? equals + 1 : operand;
    if (equals)
        return strndup(operand, (size_t)(equals - operand));
    char *name;
    (void)is_csv(operand, &stem);
    if (asprintf(&name, "%s%.*s", *base >= '0' && *base <= '9' ? "_" : "", (int)stem, base) < 0)
        return NULL;
    for (char *c = name; *c; c++)
        if (!ar_set_name_ok(c, 1) && (*c < '0' || *c > '9'))
            *c = '_';
    return name;
}

static int add_file(struct ls *ls, const char *operand, struct ar_error *error)
{
    const char *path;
    char *set = set_name(operand, &path);
    if (!set)
        return ar_fail_memory(error);
    int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    int result = fd < 0 ? ar_fail_open(error, errno, "cannot open '%s'", path) : ar_run_add_file(&ls->run, set, fd, path, error);
    if (fd >= 0)
        close(fd);
    free(set);
    return result;
}

static int read_files(struct ls *ls, int n, char **operands, struct ar_error *error)
{
    for (int i = 0; i < n; i++) {
        if (!is_set(operands[i]))
            return ar_fail(error, AR_INPUT, "operand '%s': expected SET=FILE, as in activity_spots=%s", operands[i], operands[i]);
        if (add_file(ls, operands[i], error) != 0)
            return -1;
    }
    ls->input = NULL;
    return ar_listing_read_run(&ls->listing, &ls->run, error);
}

/* Says so where the tar, which is no stream of ours, is one of the Python runner. Only files can be read once more. */
static void hint_runner(int fd, const char *what, struct ar_error *error)
{
    struct ar_tar_map tar = { 0 };
    struct ar_error ignored;
    enum ar_wire_kind kind;
    if (lseek(fd, 0, SEEK_SET) == 0 && ar_tar_map_read(&tar, fd, what, &ignored) == 0)
        for (enum ar_dialect dialect = AR_DIALECT_FIRST; dialect <= AR_DIALECT_PRESENT; dialect++)
            if (ar_wire_tell(&tar, dialect, &kind, &ignored) == 0 && kind != AR_WIRE_ERROR) {
                ar_hint(error, "It looks like %s of the Python runner: 'ar-convert --from %s' makes a stream of it.",
                        ar_wire_kind_name(kind), ar_dialect_name(dialect));
                break;
            }
    ar_tar_map_release(&tar);
}

static int read_stream(struct ls *ls, const char *path, struct ar_error *error)
{
    struct stat status;
    bool standard = strcmp(path, "-") == 0;
    ls->input = standard ? ar_tr("standard input") : path;
    if (standard && isatty(STDIN_FILENO))
        return ar_fail(error, AR_INPUT, "nothing to look into: expected a stream, a folder or SET=FILE; see 'ar-ls --help'");
    int fd = standard ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ar_fail_open(error, errno, "cannot open '%s'", path);
    bool folder = fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
    int result = folder ? ar_listing_read_folder(&ls->listing, fd, path, error)
                        : ar_listing_read_stream(&ls->listing, fd, ls->input, error);
    if (result != 0 && !folder && error->status == AR_INPUT && !error->no_input)
        hint_runner(fd, ls->input, error);
    close(fd);
    if (result != 0 && ls->listing.kind == AR_LISTED_NOTHING && !*error->hint && error->status == AR_INPUT)
        ar_hint(error, "Expected a stream of ar-stream(5); a CSV file is listed as SET=FILE.");
    return result;
}

static int read_samples(struct ls *ls, struct ar_error *error)
{
    if (!ls->samples_path)
        return 0;
    struct ar_buf text;
    char what[512];
    ar_buf_init(&text);
    snprintf(what, sizeof what, ar_tr("samples table '%s'"), ls->samples_path);
    int result = ar_read_file(AT_FDCWD, ls->samples_path, &text, SIZE_MAX / 2, error);
    if (result == 0)
        result = ar_samples_parse(&ls->samples, text.data, text.len, what, error);
    ar_buf_release(&text);
    ls->listing.samples = &ls->samples;
    return result;
}

static int read_input(struct ls *ls, int n, char **operands, struct ar_error *error)
{
    bool sets = false;
    for (int i = 0; i < n; i++)
        sets |= is_set(operands[i]);
    if (read_samples(ls, error) != 0)
        return -1;
    ls->listing.keys = ls->keys;
    ls->listing.n_keys = ls->n_keys;
    if (sets)
        return read_files(ls, n, operands, error);
    int result = n > 1 ? ar_listing_read_parts(&ls->listing, (const char *const *)operands, (size_t)n, error)
                       : read_stream(ls, n ? operands[0] : "-", error);
    enum ar_listed_kind kind = ls->listing.kind;
    if ((ls->samples_path || ls->n_keys) && kind != AR_LISTED_RUN && kind != AR_LISTED_NOTHING)
        cli_warn("-s and --lane-key are for CSV files and runs: the lanes of this stream are cut already");
    return result;
}

/* ---- output --------------------------------------------------------------------------------------------------------- */

static void step(void *arg, uint64_t done)
{
    const struct ls *ls = arg;
    cli_progress(done, ls->listing.total, 0);
}

/* Messages come behind what was printed. What cannot be written is dropped, so that it is told once. */
static int flush_output(struct ar_error *error)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return 0;
    ar_fail_errno(error, errno ? errno : EIO, "cannot write standard output");
    __fpurge(stdout);
    clearerr(stdout);
    return -1;
}

/* Reads and prints. What was read before something failed is printed all the same. */
static int list(struct ls *ls, int n, char **operands)
{
    struct ar_error error = { 0 }, print_error = { 0 };
    struct ar_tick tick = { .step = step, .arg = ls, .stop = &cli_stop };
    ls->listing.tick = &tick;
    cli_progress_start("reading", "B");
    bool failed = read_input(ls, n, operands, &error) != 0;
    cli_progress_end();
    if (cli_stop)
        return AR_SYSTEM;
    bool anything = ls->listing.kind != AR_LISTED_NOTHING || ls->listing.errors.count;
    int printed = 0;
    if (ls->json && (anything || !failed))
        printed = cli_listing_print_json(&ls->listing, ls->input, failed ? error.what : NULL, &print_error);
    else if (anything)
        printed = cli_listing_print(&ls->listing, ls->input, &print_error);
    if (printed == 0)
        printed = flush_output(&print_error);
    int status = failed ? cli_fail(&error) : AR_OK;
    if (printed != 0) {
        int unprinted = cli_fail(&print_error);
        status = failed ? status : unprinted;
    }
    if (status != AR_OK)
        return status;
    return ar_listing_failed(&ls->listing) ? AR_CONTENT : AR_OK;
}

int main(int argc, char **argv)
{
    struct ls ls = { 0 };
    int first;
    cli_start(&tool);
    ar_listing_init(&ls.listing);
    ar_run_init(&ls.run);
    int key = parse_options(&ls, argc, argv, &first);
    if (key != CLI_END)
        return cli_end(key == CLI_DONE ? AR_OK : AR_INPUT);
    int status = list(&ls, argc - first, argv + first);
    ar_listing_release(&ls.listing);
    ar_run_release(&ls.run);
    ar_targets_release(&ls.samples);
    for (size_t i = 0; i < ls.n_keys; i++)
        ar_lane_key_release(&ls.keys[i]);
    free(ls.keys);
    return cli_end(status);
}
