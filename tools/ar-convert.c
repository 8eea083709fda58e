/* SPDX-License-Identifier: MIT */
/*
 * ar-convert: from the tars of the Python runner to our streams, and back.
 *
 * From one of its dialects to the other the way leads over a stream of our own, in a spool.
 */
#include <fcntl.h>

#include "cli/cli.h"
#include "cli/wire.h"
#include "lanes/params.h"
#include "methods/manifest.h"

enum { OPT_FROM = CLI_LONG, OPT_TO, OPT_LANE_KEY };

static const struct cli_option options[] = {
    { OPT_FROM, "from", "FROM", N_("what comes in: native (default), first or present") },
    { OPT_TO, "to", "TO", N_("what goes out, likewise") },
    { OPT_LANE_KEY, "lane-key", "[SET=]COLUMN[~REGEX]",
      N_("the lane of a row is in COLUMN, or in its first capture group;\nwhere rows come from the Python runner") },
    CLI_OPTION_PARAMS,
    { 'm', "manifest", "FILE", N_("the method's manifest tells which columns of a set are text") },
    CLI_OPTION_OUTPUT,
    { 'Z', "compress", "FILTER",
      N_("compress the output: gzip, zstd or none; gzip, where it is that of a\nrun in the present dialect") },
    { 0 },
};

static const struct cli_tool tool = {
    .name = "ar-convert",
    .synopsis = N_("[options] --from FROM [TAR]\n[options] --to TO [TAR]"),
    .summary = N_("Turns a tar of the Python runner, in its first or present dialect, into a stream\n"
                  "of these tools (native), or the other way round. What it is, is seen from its\n"
               "entries, and said."),
    .options = options,
    .examples = "  ar-convert --from first | ar-cleanse -e 'Activity Spots' | ar-pack |\n"
                "      ar-analyze -- ./method | ar-convert --to first\n"
                "  ar-convert --to present result.tar > run.out.tar.gz",
};

struct convert {
    enum ar_dialect from, to;
    bool has_filter;
    const char *params_path, *manifest_path;
    const char *path; /* of the input; NULL: standard input */
    const char *name; /* of the input, in messages */
    struct ar_lane_key *key;
    size_t n_keys;
    struct ar_buf params;
    struct ar_manifest manifest;
    struct ar_wire_text *text;
    struct ar_wire_to wire;
    struct ar_in *in;
    struct cli_output output;
};

/* ---- options -------------------------------------------------------------------------------------------------------- */

static bool take_dialect(const char *option, const char *name, enum ar_dialect *dialect)
{
    if (ar_dialect_parse(name, dialect))
        return true;
    cli_usage("%s: '%s' is none of native, first and present", option, name);
    return false;
}

static bool take_option(struct convert *c, int key, const char *arg)
{
    struct ar_error error;
    switch (key) {
    case OPT_FROM:
        return take_dialect("--from", arg, &c->from);
    case OPT_TO:
        return take_dialect("--to", arg, &c->to);
    case OPT_LANE_KEY:
        if (ar_lane_key_parse(&c->key[c->n_keys], arg, &error) == 0)
            return ++c->n_keys > 0;
        cli_fail(&error);
        return false;
    case 'p':
        c->params_path = arg;
        return true;
    case 'm':
        c->manifest_path = arg;
        return true;
    case 'o':
        c->output.path = arg;
        return true;
    default: /* 'Z' */
        c->has_filter = true;
        return strcmp(arg, "none") == 0 || cli_filter(arg, &c->output.filter);
    }
}

/* True where the options go together. */
static bool check_options(const struct convert *c)
{
    if (c->from == AR_DIALECT_NATIVE && c->to == AR_DIALECT_NATIVE)
        cli_usage("from native to native there is nothing to convert: say --from or --to first or present");
    else if (c->from == AR_DIALECT_NATIVE && (c->params_path || c->n_keys))
        cli_usage("%s is for what comes from the Python runner: a native stream tells it", c->n_keys ? "--lane-key" : "-p");
    else if (c->to == AR_DIALECT_NATIVE && c->manifest_path)
        cli_usage("-m is for what goes to the Python runner: a native stream has texts only");
    else
        return true;
    return false;
}

static int parse_options(struct convert *c, int argc, char **argv)
{
    const char *arg;
    int key, first;
    while ((key = cli_next(argc, argv, &arg, &first)) >= 0)
        if (!take_option(c, key, arg))
            return CLI_WRONG;
    if (key != CLI_END)
        return key;
    if (argc - first > 1)
        return cli_usage("operand '%s': there is one input", argv[first + 1]), CLI_WRONG;
    if (first < argc && strcmp(argv[first], "-") != 0)
        c->path = argv[first];
    c->name = c->path ? c->path : ar_tr("standard input");
    return check_options(c) ? CLI_END : CLI_WRONG;
}

/* Reads what the options name, before the input. */
static int load(struct convert *c, struct ar_error *error)
{
    if (c->params_path && ar_params_load(c->params_path, &c->params, error) != 0)
        return -1;
    if (!c->manifest_path)
        return 0;
    if (ar_manifest_load(&c->manifest, c->manifest_path, error) != 0)
        return -1;
    c->text = calloc(c->manifest.n_sets + 1, sizeof *c->text);
    if (!c->text)
        return ar_fail_memory(error);
    for (size_t i = 0; i < c->manifest.n_sets; i++)
        if (c->manifest.set[i].text)
            c->text[c->wire.n_text++] = (struct ar_wire_text){ c->manifest.set[i].name, c->manifest.set[i].text };
    c->wire.text = c->text;
    return 0;
}

/* ---- from the Python runner ----------------------------------------------------------------------------------------- */

static int convert_from(const struct convert *c, int fd, struct ar_out *out, enum ar_status *status, struct ar_error *error)
{
    struct ar_wire_from from = { .dialect = c->from, .keys = c->key, .n_keys = c->n_keys,
                                 .params = c->params_path ? c->params.data : NULL, .tick.stop = &cli_stop };
    return cli_wire_take(&from, fd, c->name, out, status, error);
}

static int to_native(struct convert *c, int fd, struct ar_error *error)
{
    enum ar_status status = AR_OK;
    if (cli_output_open(&c->output, error) != 0)
        return cli_fail(error);
    int result = convert_from(c, fd, c->output.out, &status, error);
    if (result == 0)
        result = cli_output_close(&c->output, false, error);
    else
        cli_output_abandon(&c->output);
    return result == 0 ? (int)status : cli_fail(error);
}

/* The native stream in a spool. A descriptor that stands at its start, or -1. */
static int spool_native(struct convert *c, int fd, struct ar_error *error)
{
    char name[256];
    enum ar_status ignored; /* the stream tells it, too */
    int spool = ar_spool_open(error);
    struct ar_out *out = spool < 0 ? NULL : ar_out_new(spool, ar_spool_name(name), AR_FILTER_NONE, error);
    int result = out ? convert_from(c, fd, out, &ignored, error) : -1;
    if (result == 0)
        result = ar_out_close(out, error);
    else
        ar_out_abandon(out);
    if (result == 0 && lseek(spool, 0, SEEK_SET) != 0)
        result = ar_fail_errno(error, errno, "cannot read the %s", name);
    if (result == 0)
        return spool;
    if (spool >= 0)
        close(spool);
    return -1;
}

/* ---- to the Python runner ------------------------------------------------------------------------------------------- */

/* A run's output is compressed, and so is its error, unless the method was started as an analyzeseq. */
static struct ar_out *open_output(void *arg, enum ar_wire_kind kind, struct ar_error *error)
{
    struct convert *c = arg;
    bool run = kind == AR_WIRE_RUN_OUT || (kind == AR_WIRE_ERROR && !getenv("ANALYSISRUN_MODE"));
    if (!c->has_filter && c->to == AR_DIALECT_PRESENT && run)
        c->output.filter = AR_FILTER_GZIP;
    return cli_output_open(&c->output, error) == 0 ? c->output.out : NULL;
}

static void step(void *arg, uint64_t done)
{
    const struct convert *c = arg;
    cli_progress(done, ar_in_size(c->in), c->wire.failed.count);
}

/* An error tar, where there is nothing else to write. */
static int write_cause(struct convert *c, const struct ar_error *cause)
{
    struct ar_error error = { 0 };
    int status = cli_fail(cause);
    if (cli_stop)
        return status;
    struct ar_out *out = open_output(c, AR_WIRE_ERROR, &error);
    if (out && ar_wire_to_error(&c->wire, out, cause, &error) == 0 && cli_output_close(&c->output, false, &error) == 0)
        return status;
    if (out)
        cli_output_abandon(&c->output);
    return cli_fail(&error);
}

static int to_theirs(struct convert *c, int fd, struct ar_error *error)
{
    c->in = ar_in_new(fd, c->name, error);
    if (!c->in)
        return write_cause(c, error);
    cli_progress_start("converting", "B");
    int result = ar_wire_to_write(&c->wire, c->in, error);
    cli_progress_end();
    ar_in_free(c->in);
    if (result == 0)
        result = cli_output_close(&c->output, false, error);
    else
        cli_output_abandon(&c->output);
    if (result != 0)
        return cli_fail(error);
    if (c->wire.status != AR_OK)
        return cli_wire_error(&c->wire);
    cli_wire_to(&c->wire);
    return AR_OK;
}

/* ---- main ----------------------------------------------------------------------------------------------------------- */

static int convert(struct convert *c, int fd, struct ar_error *error)
{
    if (c->to == AR_DIALECT_NATIVE)
        return to_native(c, fd, error);
    if (c->from == AR_DIALECT_NATIVE)
        return to_theirs(c, fd, error);
    int spool = spool_native(c, fd, error);
    if (spool < 0)
        return write_cause(c, error);
    int status = to_theirs(c, spool, error);
    close(spool);
    return status;
}

static int run(struct convert *c)
{
    struct ar_error error = { 0 };
    if (load(c, &error) != 0)
        return cli_fail(&error);
    if (!c->path && isatty(STDIN_FILENO)) {
        ar_fail(&error, AR_INPUT, "standard input is a terminal, expected a tar");
        ar_hint(&error, "Pipe it into this tool, or name it; --help has an example.");
        return cli_fail(&error);
    }
    if (!c->output.path && isatty(STDOUT_FILENO) && cli_output_open(&c->output, &error) != 0)
        return cli_fail(&error);
    c->wire.dialect = c->to;
    c->wire.language = cli_wire_language();
    c->wire.tick = (struct ar_tick){ .step = step, .arg = c, .stop = &cli_stop };
    c->wire.open = open_output;
    c->wire.arg = c;
    int fd = c->path ? open(c->path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
    if (fd < 0) {
        ar_fail_open(&error, errno, "cannot open '%s'", c->path);
        return c->to == AR_DIALECT_NATIVE ? cli_fail(&error) : write_cause(c, &error);
    }
    if (cli_output_differs(&c->output, fd, c->name, &error) != 0)
        return cli_fail(&error);
    int status = convert(c, fd, &error);
    if (c->path)
        close(fd);
    return status;
}

int main(int argc, char **argv)
{
    struct convert c = { 0 };
    cli_start(&tool);
    ar_buf_init(&c.params);
    c.key = calloc((size_t)argc, sizeof *c.key);
    int key = c.key ? parse_options(&c, argc, argv) : CLI_WRONG;
    int status = key == CLI_DONE ? AR_OK : AR_INPUT;
    if (key == CLI_END)
        status = run(&c);
    for (size_t i = 0; i < c.n_keys; i++)
        ar_lane_key_release(&c.key[i]);
    free(c.key);
    free(c.text);
    if (c.manifest_path)
        ar_manifest_release(&c.manifest);
    ar_buf_release(&c.params);
    ar_wire_to_release(&c.wire);
    return cli_end(status);
}
