/* SPDX-License-Identifier: MIT */
/*
 * The whole run in a folder: ar-split | ar-cleanse | ar-pack | ar-analyze --cache | ar-merge | ar-post, and what is kept of it.
 */
#include <fcntl.h>
#include <libgen.h>
#include <sys/stat.h>

#include "cli/failures.h"
#include "lanes/folder.h"
#include "methods/method_version.h"
#include "run/local.h"
#include "runs/sums.h"

enum { POLL_MS = 250, LINE_SECONDS = 30 };

/* ---- what is started ------------------------------------------------------------------------------------------------ */

static int tool(struct run_local *local, const char *name, struct ar_error *error)
{
    return run_tool(&local->pipeline, name, local->quiet, error);
}

static void option(struct run_local *local, const char *name, const char *value)
{
    ar_pipeline_option(&local->pipeline, name, value);
}

static void options(struct run_local *local, const char *name, const struct run_list *list)
{
    run_each(&local->pipeline, name, list);
}

static int add_command(struct run_local *local, char *const *command, struct ar_error *error)
{
    return run_command(&local->pipeline, &local->run->method, command, error);
}

static int add_split(struct run_local *local, struct ar_error *error)
{
    const struct run_options *o = &local->run->options;
    if (tool(local, "ar-split", error) != 0)
        return -1;
    option(local, "--samples", o->samples);
    options(local, "--lane-key", &o->lane_key);
    ar_pipeline_arg(&local->pipeline, "--keep-going");
    ar_pipeline_arg(&local->pipeline, "--");
    for (size_t i = 0; i < o->sets.n; i++)
        ar_pipeline_arg(&local->pipeline, o->sets.text[i]);
    if (o->run_tar)
        ar_pipeline_arg(&local->pipeline, o->run_tar);
    return 0;
}

static int add_cleanse_pack(struct run_local *local, struct ar_error *error)
{
    const struct run_options *o = &local->run->options;
    if (tool(local, "ar-cleanse", error) != 0)
        return -1;
    option(local, "--manifest", local->manifest);
    if (tool(local, "ar-pack", error) != 0)
        return -1;
    option(local, "--manifest", local->manifest);
    option(local, "--params", o->params);
    options(local, "--param", &o->param);
    return 0;
}

static int add_analyze(struct run_local *local, struct ar_error *error)
{
    const struct run_options *o = &local->run->options;
    if (tool(local, "ar-analyze", error) != 0)
        return -1;
    option(local, "--manifest", local->manifest);
    option(local, "--jobs", o->sequential ? "1" : o->jobs);
    option(local, "--timeout", o->timeout);
    option(local, "--mem", o->mem);
    option(local, "--cache", ar_home_path(&local->home, AR_HOME_CACHE));
    options(local, "--lane", &o->lane);
    if (o->lane.n)
        ar_pipeline_arg(&local->pipeline, "--known");
    options(local, "--force", &o->force);
    if (o->force_all)
        ar_pipeline_arg(&local->pipeline, "--force-all");
    if (o->dry) {
        ar_pipeline_arg(&local->pipeline, "--dry-run");
        return add_command(local, local->run->method.manifest.analyze, error);
    }
    if (o->why)
        ar_pipeline_arg(&local->pipeline, "--why");
    if (o->keep_work)
        ar_pipeline_arg(&local->pipeline, "--keep-work");
    else
        ar_pipeline_arg(&local->pipeline, "--brief"); /* who failed is told here; where its folder is, there */
    option(local, "--log", local->home.log.data);
    option(local, "--record", ar_home_path(&local->home, AR_HOME_LANES));
    ar_pipeline_arg(&local->pipeline, "--keep-going");
    return add_command(local, local->run->method.manifest.analyze, error);
}

static int add_merge_post(struct run_local *local, struct ar_error *error)
{
    const struct run_options *o = &local->run->options;
    const struct ar_manifest *manifest = &local->run->method.manifest;
    if (tool(local, "ar-merge", error) != 0)
        return -1;
    ar_pipeline_arg(&local->pipeline, "--brief");
    if (tool(local, "ar-post", error) != 0)
        return -1;
    option(local, "--manifest", local->manifest);
    option(local, "--directory", local->folder);
    option(local, "--timeout", o->timeout);
    option(local, "--mem", o->mem);
    ar_pipeline_arg(&local->pipeline, "--brief");
    if (o->incomplete)
        ar_pipeline_arg(&local->pipeline, "--incomplete");
    if (!manifest->postprocess)
        return 0;
    option(local, "--cache", ar_home_path(&local->home, AR_HOME_CACHE));
    option(local, "--record", ar_home_path(&local->home, AR_HOME_LANES));
    if (o->force_all)
        ar_pipeline_arg(&local->pipeline, "--force-all");
    if (o->why)
        ar_pipeline_arg(&local->pipeline, "--why");
    struct ar_buf log;
    ar_buf_init(&log);
    ar_buf_add_format(&log, "%s/" AR_HOME_TOOLS "/postprocess.log", local->home.log.data);
    option(local, "--log", log.data);
    ar_buf_release(&log);
    return add_command(local, manifest->postprocess, error);
}

static int build(struct run_local *local, struct ar_error *error)
{
    if (add_split(local, error) != 0 || add_cleanse_pack(local, error) != 0 || add_analyze(local, error) != 0)
        return -1;
    return local->run->options.dry ? 0 : add_merge_post(local, error);
}

static int open_logs(struct run_local *local, struct ar_error *error)
{
    for (size_t i = 0; i < local->pipeline.n; i++) {
        struct ar_stage *stage = &local->pipeline.stage[i];
        char *path;
        stage->extra = local->home.lock; /* the folder is taken until the last one has ended */
        if (local->run->options.dry) {
            stage->extra = local->given;
            stage->log = ar_spool_open(error);
            if (stage->log < 0)
                return -1;
            continue;
        }
        if (asprintf(&path, "%s/" AR_HOME_TOOLS "/%s.log", local->home.log.data, stage->name) < 0)
            return ar_fail_memory(error);
        stage->log = open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
        if (stage->log < 0)
            ar_fail_open(error, errno, "cannot write '%s'", path);
        free(path);
        if (stage->log < 0)
            return -1;
    }
    return 0;
}

/* ---- while it runs -------------------------------------------------------------------------------------------------- */

static void show_progress(struct run_local *local)
{
    struct ar_lane_states states;
    struct ar_error error;
    if (ar_lane_states_read(&states, ar_home_path(&local->home, AR_HOME_LANES), &error) == 0) {
        size_t done = ar_lane_states_done(&states);
        cli_progress(done, states.lanes.count, states.count[AR_STATE_FAILED]);
        time_t now = time(NULL);
        if (!local->quiet && !isatty(STDERR_FILENO) && now - local->told >= LINE_SECONDS) {
            cli_info("%zu of %zu lanes, %zu failed", done, states.lanes.count, states.count[AR_STATE_FAILED]);
            local->told = now;
        }
    }
    ar_lane_states_release(&states);
}

static int start_and_wait(struct run_local *local, struct ar_error *error)
{
    if (local->run->options.dry)
        local->pipeline.out = STDOUT_FILENO;
    if (ar_pipeline_start(&local->pipeline, error) != 0)
        return -1;
    cli_progress_start("analyzing", "lanes");
    while (ar_pipeline_runs(&local->pipeline) && !cli_stop) {
        ar_pipeline_wait(&local->pipeline, POLL_MS);
        if (!local->run->options.dry)
            show_progress(local);
    }
    cli_progress_end();
    ar_pipeline_end(&local->pipeline);
    return cli_stop ? ar_fail_errno(error, EINTR, "the run was stopped") : 0;
}

/* ---- what is said of it --------------------------------------------------------------------------------------------- */

/* What the tools have said. Returns the exit status. */
static int tell_tools(struct run_local *local)
{
    const struct ar_pipeline *pipeline = &local->pipeline;
    ssize_t culprit = run_tell_tools(pipeline);
    if (culprit < 0)
        return AR_OK;
    return ar_stage_status(&pipeline->stage[culprit]);
}

/* Was the result delivered? ar-post says 1 where lanes failed, and where its postprocess did: its index is there in the first case. */
static bool was_delivered(const struct run_local *local, int status)
{
    const struct ar_stage *post = &local->pipeline.stage[local->pipeline.n - 1];
    struct stat st;
    char *path;
    if (status != AR_OK && !ar_stage_exited(post, AR_CONTENT))
        return false;
    if (asprintf(&path, "%s/" AR_FOLDER_INDEX, local->folder) < 0)
        return false;
    bool delivered = stat(path, &st) == 0 && (st.st_mtim.tv_sec != local->before.tv_sec || st.st_mtim.tv_nsec != local->before.tv_nsec ||
                                              st.st_ino != local->before_ino);
    free(path);
    return delivered;
}

static void note_index(struct run_local *local)
{
    struct stat st;
    char *path;
    if (asprintf(&path, "%s/" AR_FOLDER_INDEX, local->folder) < 0)
        return;
    if (stat(path, &st) == 0) {
        local->before = st.st_mtim;
        local->before_ino = st.st_ino;
    }
    free(path);
}

/* ---- the run -------------------------------------------------------------------------------------------------------- */

/* What is known of the lanes of the run before counts until this one knows its own. */
static int set_states_aside(struct run_local *local, struct ar_error *error)
{
    if (renameat(local->home.fd, AR_HOME_LANES, local->home.fd, AR_HOME_LANES_OLD) != 0 && errno != ENOENT)
        return ar_fail_errno(error, errno, "cannot rename '%s'", ar_home_path(&local->home, AR_HOME_LANES));
    return 0;
}

/* It came to no lane: those of the run before are as they were. */
static void put_states_back(struct run_local *local)
{
    struct ar_lane_states states = { 0 };
    struct ar_error ignored;
    bool some = ar_lane_states_read(&states, ar_home_path(&local->home, AR_HOME_LANES), &ignored) == 0 && states.lanes.count > 0;
    ar_lane_states_release(&states);
    if (some)
        unlinkat(local->home.fd, AR_HOME_LANES_OLD, 0);
    else
        (void)!renameat(local->home.fd, AR_HOME_LANES_OLD, local->home.fd, AR_HOME_LANES);
}

static void release_pipeline(struct run_local *local)
{
    for (size_t i = 0; i < local->pipeline.n; i++)
        if (local->pipeline.stage[i].log >= 0)
            close(local->pipeline.stage[i].log);
    ar_pipeline_release(&local->pipeline);
}

/* The version command was run: what it printed is in a file in memory, which the tools open. */
static int tell_version(struct run_local *local, struct ar_error *error)
{
    char path[64];
    if (!local->done.versioned)
        return 0;
    if (local->version < 0)
        local->version = ar_memory_file(local->done.version.data, local->done.version.len, error);
    if (local->version < 0)
        return -1;
    snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)getpid(), local->version);
    ar_env_set(&local->pipeline.env, AR_VERSION_TOLD, path);
    return 0;
}

/* Has the tools run, once. *status becomes the exit status. 0 or -1. */
static int attempt(struct run_local *local, int *status, struct ar_error *error)
{
    release_pipeline(local);
    if (ar_pipeline_init(&local->pipeline, error) != 0 || build(local, error) != 0)
        return -1;
    if (local->temporary.fd >= 0)
        ar_env_set(&local->pipeline.env, "TMPDIR", local->temporary.path.data);
    if (tell_version(local, error) != 0)
        return -1;
    note_index(local);
    if (open_logs(local, error) != 0 || start_and_wait(local, error) != 0)
        return -1;
    *status = tell_tools(local);
    if (local->run->options.dry)
        return 0;
    ar_lane_states_release(&local->states);
    return ar_lane_states_read(&local->states, ar_home_path(&local->home, AR_HOME_LANES), error) < 0 ? -1 : 0;
}

/* Tries again what failed, as often as was asked for: what is done is in the cache. */
static int run_tools(struct run_local *local, int *status, struct ar_error *error)
{
    unsigned long retries = local->run->options.retries ? strtoul(local->run->options.retries, NULL, 10) : 0;
    if (!local->run->options.dry) {
        ar_home_begun(&local->home);
        local->begun = true;
        if (set_states_aside(local, error) != 0 || ar_temporary_make(&local->temporary, &local->home, error) != 0)
            return -1;
    }
    for (unsigned long i = 1;; i++) {
        if (attempt(local, status, error) != 0)
            return -1;
        size_t failed = local->states.count[AR_STATE_FAILED];
        if (failed == 0 || i > retries || local->run->options.dry || !was_delivered(local, *status))
            return 0;
        cli_info("lanes that failed: %zu; they are tried again (%lu of %lu)", failed, i, retries);
    }
}

static int finish(struct run_local *local, int status, struct ar_error *error)
{
    if (local->run->options.dry)
        return status;
    bool delivered = was_delivered(local, status);
    if (run_keep_record(local, status, delivered, error) != 0)
        return cli_fail(error);
    if (delivered && local->run->options.sequential && run_print_result(local, error) != 0)
        return run_fail_output(local->run, error);
    if (!delivered && local->states.lanes.count > 0)
        run_keep_undelivered(local, status);
    run_tell(local, delivered);
    if (!delivered && run_has_file(local, AR_FOLDER_INDEX_OLD)) /* the index of what was there is set aside while a delivery goes on */
        cli_warn("what is in '%s' is not whole, and may be of different runs: a run was stopped, or failed, while it wrote there", local->folder);
    else if (!delivered && local->before_ino)
        cli_warn("this run has delivered nothing: what is in '%s' is of an earlier one", local->folder);
    return status;
}

/* The files are there already. */
static int finish_done(struct run_local *local, struct ar_error *error)
{
    cli_info("nothing to do: what is in '%s' was made of the same, and is as it was delivered", local->folder);
    return local->run->options.sequential && run_print_result(local, error) != 0 ? run_fail_output(local->run, error) : AR_OK;
}

/* Did the last run end well? Where it was cut off, or failed, what is known of the lanes is not of what was delivered. */
static bool ended_well(const struct run_local *local)
{
    int status;
    char when[32];
    return ar_home_last(&local->home, &status, when) && status == AR_OK;
}

static int run_all(struct run_local *local)
{
    struct ar_error error = { 0 };
    int status = AR_OK;
    int done = run_prepare(local, &error);
    if (done == 0 && !local->run->options.dry)
        done = run_is_done(local, &error);
    if (done > 0 && ended_well(local))
        return finish_done(local, &error);
    if (done >= 0 && !local->run->options.dry) {
        run_tell_replaced(local);
        unlinkat(local->home.fd, AR_HOME_DONE, 0); /* until this run is whole */
    }
    int ran = done >= 0 ? run_tools(local, &status, &error) : -1;
    if (local->home.lock >= 0)
        put_states_back(local);
    return ran == 0 ? finish(local, status, &error) : cli_fail(&error);
}

int run_local(struct run *run)
{
    struct run_local local = { .run = run, .home = { .fd = -1, .lock = -1 }, .given = -1, .version = -1, .started = time(NULL),
                               .quiet = cli_is_quiet() };
    struct ar_buf *buffers[] = { &local.manifest_path, &local.home.path, &local.home.log, &local.home.text, &local.seen, &local.chosen };
    for (size_t i = 0; i < AR_COUNT(buffers); i++)
        ar_buf_init(buffers[i]);
    ar_done_init(&local.done);
    local.told = local.started;
    ar_temporary_init(&local.temporary);
    int status = run_all(&local);
    const int ended = cli_stop ? 128 + cli_stop : status; /* as a shell has it of what a signal ended */
    if (local.begun && cli_stop) {
        run_keep_undelivered(&local, ended);
        cli_info("interrupted; lanes that were done are kept, and the same command goes on with the others");
    }
    if (local.begun)
        ar_home_ended(&local.home, ended);
    run_remove_temporary(&local.temporary, run->options.keep_work);
    release_pipeline(&local);
    if (local.given >= 0)
        close(local.given);
    if (local.version >= 0)
        close(local.version);
    ar_home_release(&local.home);
    ar_lane_states_release(&local.states);
    json_decref(local.inputs);
    json_decref(local.samples);
    json_decref(local.params);
    ar_buf_release(&local.chosen);
    ar_done_release(&local.done);
    ar_buf_release(&local.seen);
    ar_buf_release(&local.manifest_path);
    return status;
}
