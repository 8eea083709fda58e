/* SPDX-License-Identifier: MIT */
/*
 * Behind a wrapper that talks through tars: in the Python runner's place. There is always an answer: where the work fails, an error tar.
 */
#include <fcntl.h>
#include <sys/mman.h>

#include "cli/wire.h"
#include "run/run.h"
#include "run/within.h"
#include "runs/schema_json.h"

/* How it was started. */
struct wire {
    struct run *run;
    enum ar_dialect dialect;
    struct ar_pipeline pipeline;
    struct ar_temporary temporary; /* what the tools have for TMPDIR, unless it is one lane */
    struct cli_output output;
    bool gzip;
    int copy[2], result[2]; /* pipes: of a run, its lane results once more; what the tools have made */
};

bool run_is_wire(const struct run_options *o)
{
    if (ar_wire_is_asked())
        return true;
    return o->sets.n == 0 && !o->run_tar && !o->again && !o->folder && !o->sequential && !o->dry && !isatty(STDIN_FILENO);
}

/* ---- what is started ------------------------------------------------------------------------------------------------ */

static void tool(struct wire *wire, const char *name, ar_stage_call *call)
{
    ar_pipeline_call(&wire->pipeline, name, call, -1);
    ar_pipeline_arg(&wire->pipeline, "-q");
}

static void option(struct wire *wire, const char *name, const char *value)
{
    ar_pipeline_option(&wire->pipeline, name, value);
}

static int add_command(struct wire *wire, char *const *command, struct ar_error *error)
{
    return run_command(&wire->pipeline, &wire->run->method, command, error);
}

static void add_from(struct wire *wire)
{
    tool(wire, "ar-convert", ar_convert_main);
    option(wire, "--from", ar_dialect_name(wire->dialect));
    run_each(&wire->pipeline, "--lane-key", &wire->run->options.lane_key);
}

static void add_split(struct wire *wire)
{
    const struct run_options *o = &wire->run->options;
    tool(wire, "ar-split", ar_split_main);
    option(wire, "--samples", o->samples);
    run_each(&wire->pipeline, "--lane-key", &o->lane_key);
    ar_pipeline_arg(&wire->pipeline, "--keep-going");
}

/* From lanes to lane results. */
static int add_analysis(struct wire *wire, struct ar_error *error)
{
    const struct run_options *o = &wire->run->options;
    const char *manifest = wire->run->method.program ? RUN_MANIFEST_GIVEN : wire->run->method.path;
    tool(wire, "ar-cleanse", ar_cleanse_main);
    option(wire, "--manifest", manifest);
    tool(wire, "ar-pack", ar_pack_main);
    option(wire, "--manifest", manifest);
    option(wire, "--params", o->params);
    run_each(&wire->pipeline, "--param", &o->param);
    tool(wire, "ar-analyze", ar_analyze_main);
    option(wire, "--manifest", manifest);
    option(wire, "--jobs", o->sequential ? "1" : o->jobs);
    option(wire, "--timeout", o->timeout);
    option(wire, "--mem", o->mem);
    option(wire, "--retries", o->retries);
    run_each(&wire->pipeline, "--lane", &o->lane);
    ar_pipeline_arg(&wire->pipeline, "--keep-going");
    ar_pipeline_arg(&wire->pipeline, "--brief");
    return add_command(wire, wire->run->method.manifest.analyze, error);
}

/* own_params: those of its stream are not those of ar-pack. */
static int add_post(struct wire *wire, bool own_params, struct ar_error *error)
{
    const struct run_options *o = &wire->run->options;
    const struct ar_manifest *manifest = &wire->run->method.manifest;
    tool(wire, "ar-post", ar_post_main);
    option(wire, "--manifest", wire->run->method.program ? RUN_MANIFEST_GIVEN : wire->run->method.path);
    option(wire, "--timeout", o->timeout);
    option(wire, "--mem", o->mem);
    if (own_params) {
        option(wire, "--params", o->params);
        run_each(&wire->pipeline, "--param", &o->param);
    }
    if (o->incomplete)
        ar_pipeline_arg(&wire->pipeline, "--incomplete");
    ar_pipeline_arg(&wire->pipeline, "--brief");
    return manifest->postprocess ? add_command(wire, manifest->postprocess, error) : 0;
}

/* Copies standard input to standard output, and to AR_STAGE_EXTRA as long as somebody reads that. */
static int copy_twice(int argc, char **argv)
{
    (void)argc, (void)argv;
    struct ar_error error;
    size_t room = (size_t)1 << 18;
    char *bytes = malloc(room);
    bool second = true;
    ssize_t n = -1;
    while (bytes && (n = read(STDIN_FILENO, bytes, room)) > 0) {
        if (ar_write_fd(STDOUT_FILENO, bytes, (size_t)n, ar_tr("standard output"), &error) != 0)
            return AR_SYSTEM;
        signal(SIGPIPE, SIG_IGN);
        second = second && ar_write_fd(AR_STAGE_EXTRA, bytes, (size_t)n, ar_tr("pipe"), &error) == 0;
        signal(SIGPIPE, SIG_DFL);
    }
    free(bytes);
    return n == 0 ? AR_OK : AR_SYSTEM;
}

/* A whole run: its lane results are read here too, since its pictures go out before it is judged. */
static int add_run(struct wire *wire, struct ar_error *error)
{
    if (pipe2(wire->copy, O_CLOEXEC) != 0)
        return ar_fail_errno(error, errno, "cannot make a pipe");
    add_split(wire);
    if (add_analysis(wire, error) != 0)
        return -1;
    ar_pipeline_call(&wire->pipeline, "copy", copy_twice, wire->copy[1]);
    tool(wire, "ar-merge", ar_merge_main);
    ar_pipeline_arg(&wire->pipeline, "--brief");
    return add_post(wire, false, error);
}

enum mode { ANALYZE, POSTPROCESS, ANALYZESEQ, RUN, SHOW_SCHEMA };

static int build(struct wire *wire, enum mode mode, struct ar_error *error)
{
    if (pipe2(wire->result, O_CLOEXEC) != 0)
        return ar_fail_errno(error, errno, "cannot make a pipe");
    wire->pipeline.out = wire->result[1];
    if (mode == RUN)
        return add_run(wire, error);
    add_from(wire);
    return mode == POSTPROCESS ? add_post(wire, true, error) : add_analysis(wire, error);
}

/* What the tools get: the input, the manifest that a program printed, a file each for what they say. */
static int give(struct wire *wire, struct ar_error *error)
{
    const struct ar_method_source *method = &wire->run->method;
    int manifest = -1;
    wire->pipeline.in = STDIN_FILENO;
    if (method->program) {
        manifest = ar_memory_file(method->text.data, method->text.len, error);
        if (manifest < 0)
            return -1;
    }
    for (size_t i = 0; i < wire->pipeline.n; i++) {
        struct ar_stage *stage = &wire->pipeline.stage[i];
        if (stage->extra < 0)
            stage->extra = manifest;
        stage->log = memfd_create("log", MFD_CLOEXEC); /* a tool's own words, which are few */
        if (stage->log < 0)
            return ar_fail_errno(error, errno, "cannot make a temporary file");
    }
    return 0;
}

/* ---- the answer ----------------------------------------------------------------------------------------------------- */

static struct ar_out *open_output(void *arg, enum ar_wire_kind kind, struct ar_error *error)
{
    struct wire *wire = arg;
    (void)kind;
    wire->output.path = wire->run->options.output;
    wire->output.filter = wire->run->options.compress ? wire->run->options.filter : wire->gzip ? AR_FILTER_GZIP : AR_FILTER_NONE;
    return cli_output_open(&wire->output, error) == 0 ? wire->output.out : NULL;
}

/* Nothing could be started: the answer is an error tar. Returns the status, or that of what fails here. */
static int write_error(struct wire *wire, const struct ar_error *cause, int status)
{
    struct ar_error error = { 0 };
    struct ar_wire_to to = { .dialect = wire->dialect, .language = cli_wire_language() };
    struct ar_out *out = open_output(wire, AR_WIRE_ERROR, &error);
    if (out && ar_wire_to_error(&to, out, cause, &error) == 0 && cli_output_close(&wire->output, false, &error) == 0)
        return status;
    if (out)
        cli_output_abandon(&wire->output);
    return run_fail_output(wire->run, &error);
}

static int answer_error(struct wire *wire, const struct ar_error *cause)
{
    int status = cli_fail(cause);
    return cli_stop ? status : write_error(wire, cause, status);
}

/*
 * What the tools have made is no answer: was it the system, and not the input? The first of them that failed says so, once all have ended.
 * What is left in the pipe keeps none of them.
 */
static enum ar_status ask_tools(void *arg)
{
    struct wire *wire = arg;
    char ignored[4096];
    ssize_t n = 1, culprit;
    while (n > 0 || (n < 0 && errno == EINTR && !cli_stop))
        n = read(wire->result[0], ignored, sizeof ignored);
    while (ar_pipeline_runs(&wire->pipeline) && !cli_stop)
        ar_pipeline_wait(&wire->pipeline, -1);
    culprit = ar_pipeline_culprit(&wire->pipeline);
    return culprit < 0 ? AR_OK : (enum ar_status)ar_stage_status(&wire->pipeline.stage[culprit]);
}

/* Reads what comes back, and writes it as an answer. */
static int write_answer(struct wire *wire, enum mode mode, struct ar_wire_to *to, struct ar_error *error)
{
    const bool run = mode == RUN;
    struct ar_in *in = run ? ar_in_new(wire->copy[0], ar_tr("the lane results"), error)
                           : ar_in_new(wire->result[0], ar_tr("the result"), error);
    int written = !in ? -1 : run ? ar_wire_to_write_run(to, in, wire->result[0], error) : ar_wire_to_write(to, in, error);
    ar_in_free(in);
    return written;
}

/* Returns the exit status. A tool that failed tells why itself. */
static int answer(struct wire *wire, enum mode mode)
{
    struct ar_error error = { 0 };
    struct ar_wire_to to = { .dialect = wire->dialect, .language = cli_wire_language(), .open = open_output, .ask = ask_tools, .arg = wire,
                             .incomplete = wire->run->options.incomplete, .tick.stop = &cli_stop };
    int written = write_answer(wire, mode, &to, &error), status = (int)to.status;
    if (written == 0)
        written = cli_output_close(&wire->output, false, &error);
    else
        cli_output_abandon(&wire->output);
    if (written != 0)
        status = run_fail_output(wire->run, &error);
    else if (to.failed.count || to.withheld || (to.cause.status != AR_OK && ar_pipeline_culprit(&wire->pipeline) < 0))
        status = cli_wire_error(&to);
    ar_wire_to_release(&to);
    return status;
}

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* What is left of a tool that is killed goes with the folder of all; one lane is not worth it, whose one worker clears up for ar-analyze. */
static int start(struct wire *wire, enum mode mode, struct ar_error *error)
{
    bool many = mode == RUN || mode == ANALYZESEQ;
    if (many && ar_temporary_make(&wire->temporary, NULL, error) != 0)
        return -1;
    if (many)
        ar_env_set(&wire->pipeline.env, "TMPDIR", wire->temporary.path.data);
    return ar_pipeline_start(&wire->pipeline, error);
}

static int run_tools(struct wire *wire, enum mode mode)
{
    struct ar_error error = { 0 };
    if (ar_pipeline_init(&wire->pipeline, &error) != 0 || build(wire, mode, &error) != 0 || give(wire, &error) != 0 ||
        start(wire, mode, &error) != 0)
        return answer_error(wire, &error);
    close_end(&wire->copy[1]);
    close_end(&wire->result[1]);
    int status = answer(wire, mode);
    close_end(&wire->copy[0]);
    close_end(&wire->result[0]);
    while (ar_pipeline_runs(&wire->pipeline) && !cli_stop)
        ar_pipeline_wait(&wire->pipeline, -1);
    ar_pipeline_end(&wire->pipeline);
    if (cli_stop)
        return AR_SYSTEM;
    run_tell_tools(&wire->pipeline);
    return status;
}

/* ---- how it was started --------------------------------------------------------------------------------------------- */

static int find_mode(struct wire *wire, enum mode *mode, struct ar_error *error)
{
    const char *first = getenv("ANALYSISRUN_METHOD"), *present = getenv("ANALYSISRUN_MODE");
    wire->dialect = first ? AR_DIALECT_FIRST : AR_DIALECT_PRESENT;
    wire->gzip = !first && !present;
    *mode = RUN;
    if (first && strcmp(first, "analyze") == 0)
        *mode = ANALYZE;
    else if (first && strcmp(first, "postprocess") == 0)
        *mode = POSTPROCESS;
    else if (first)
        return ar_fail(error, AR_INPUT, "ANALYSISRUN_METHOD is '%s': expected analyze or postprocess", first);
    else if (present && strcmp(present, "analyzeseq") == 0)
        *mode = ANALYZESEQ;
    else if (present && strcmp(present, "showschema") == 0)
        *mode = SHOW_SCHEMA;
    else if (present)
        return ar_fail(error, AR_INPUT, "ANALYSISRUN_MODE is '%s': expected analyzeseq or showschema", present);
    return 0;
}

/* How it was started, as it is asked for. */
static void add_way(struct ar_buf *text, enum mode mode)
{
    const char *first = getenv("ANALYSISRUN_METHOD"), *present = getenv("ANALYSISRUN_MODE");
    if (mode == RUN)
        ar_buf_add_text(text, ar_tr("a run tar on standard input"));
    else
        ar_buf_add_format(text, "%s=%s", first ? "ANALYSISRUN_METHOD" : "ANALYSISRUN_MODE", first ? first : present);
}

/*
 * What was asked for and cannot be done here is refused. How a method runs (-p, -P, -j, -t, --mem, --retries, --sequential, --lane-key)
 * may always be said, so that one command line serves all ways, those too in which nothing of it runs.
 */
static int check_options(const struct run_options *o, enum mode mode, struct ar_error *error)
{
    const bool lanes = mode != POSTPROCESS && mode != SHOW_SCHEMA, answers = mode != SHOW_SCHEMA;
    const struct {
        const char *name;
        bool given, fits;
    } all[] = {
        { "SET=FILE", o->sets.n > 0, false },
        { "RUN.tar", o->run_tar, false },
        { "-d", o->folder, false },
        { "-n", o->dry, false },
        { "--why", o->why, false },
        { "--force", o->force_all || o->force.n > 0, false },
        { "--again", o->again, false },
        { "--wait", o->wait, false },
        { "--keep-work", o->keep_work, false },
        { "-s", o->samples, mode == RUN },
        { "-k", o->incomplete, mode == RUN || mode == POSTPROCESS },
        { "--lane", o->lane.n > 0, lanes },
        { "-o", o->output, answers },
        { "-Z", o->compress, answers },
    };
    for (size_t i = 0; i < AR_COUNT(all); i++) {
        if (!all[i].given || all[i].fits)
            continue;
        struct ar_buf way;
        ar_buf_init(&way);
        add_way(&way, mode);
        ar_fail(error, AR_INPUT, "%s does not go with %s", all[i].name, way.data);
        ar_buf_release(&way);
        if (mode == RUN)
            return ar_hint(error, "It is for a run in a folder: name the sets (SET=FILE), or the run tar (RUN.tar), as operands.");
        return ar_hint(error, "Each way of starting has its own options: see ar-run(1).");
    }
    return 0;
}

static int show_schema(const struct ar_manifest *manifest)
{
    struct ar_error error = { 0 };
    struct ar_buf text;
    ar_buf_init(&text);
    int result = ar_run_schema(manifest, &text, &error);
    if (result == 0)
        fwrite(text.data, 1, text.len, stdout);
    ar_buf_release(&text);
    return result == 0 ? AR_OK : cli_fail(&error);
}

static int load_method(struct run *run, struct ar_error *error)
{
    if (run->options.method)
        return ar_method_load(&run->method, run->options.method, error);
    ar_fail(error, AR_INPUT, "missing: the method (-m METHOD)");
    return ar_hint(error, "It is a manifest, or a program that prints one; see 'ar-run --help'.");
}

int run_wire_usage(struct run *run)
{
    struct wire wire = { .run = run, .copy = { -1, -1 }, .result = { -1, -1 } };
    struct ar_error error = { 0 }, asked;
    enum mode mode;
    ar_temporary_init(&wire.temporary);
    (void)!find_mode(&wire, &mode, &asked); /* what is wrong with that, too, is told when the first is mended */
    ar_fail(&error, AR_INPUT, "%s", cli_usage_text());
    return write_error(&wire, &error, AR_INPUT);
}

int run_wire(struct run *run)
{
    struct wire wire = { .run = run, .copy = { -1, -1 }, .result = { -1, -1 } };
    struct ar_error error = { 0 };
    enum mode mode;
    int status;
    ar_temporary_init(&wire.temporary);
    ar_wire_default_language();
    if (find_mode(&wire, &mode, &error) != 0 || check_options(&run->options, mode, &error) != 0 || load_method(run, &error) != 0)
        status = answer_error(&wire, &error);
    else if (mode == SHOW_SCHEMA)
        status = show_schema(&run->method.manifest);
    else
        status = run_tools(&wire, mode);
    run_remove_temporary(&wire.temporary, false);
    for (size_t i = 0; i < wire.pipeline.n; i++)
        close_end(&wire.pipeline.stage[i].log);
    ar_pipeline_release(&wire.pipeline);
    return status;
}
