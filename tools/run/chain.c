/* SPDX-License-Identifier: MIT */
/*
 * Putting the tools of a run together, and what they say.
 */
#include <fcntl.h>
#include <sys/wait.h>

#include "run/run.h"
#include "runs/record.h"

enum { TEXT_MAX = 1 << 22 };

int run_tool(struct ar_pipeline *pipeline, const char *name, bool quiet, struct ar_error *error)
{
    if (ar_pipeline_tool(pipeline, name, error) != 0)
        return -1;
    if (quiet)
        ar_pipeline_arg(pipeline, "-q");
    return 0;
}

void run_each(struct ar_pipeline *pipeline, const char *name, const struct run_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        ar_pipeline_option(pipeline, name, list->text[i]);
}

int run_command(struct ar_pipeline *pipeline, const struct ar_method_source *method, char *const *command, struct ar_error *error)
{
    char **list = ar_method_command(method, command, error);
    if (!list)
        return -1;
    ar_pipeline_arg(pipeline, "--");
    for (size_t i = 0; list[i]; i++)
        ar_pipeline_arg(pipeline, list[i]);
    ar_method_command_free(list);
    return 0;
}

int run_open_home(struct ar_home *home, const char *folder, struct ar_error *error)
{
    int result = ar_home_open(home, folder, false, error);
    if (result <= 0)
        return result;
    ar_fail(error, AR_INPUT, "'%s' is not the folder of a run", folder);
    return ar_hint(error, "It is the one that ar-run delivers into: see its option -d.");
}

void run_remove_temporary(struct ar_temporary *temporary, bool kept)
{
    struct ar_error error = { 0 };
    if (ar_temporary_remove(temporary, kept, &error) != 0)
        cli_warn("%s", error.what);
    ar_temporary_release(temporary);
}

int run_fail_output(struct run *run, const struct ar_error *error)
{
    run->nobody_reads = error->system_errno == EPIPE;
    return run->nobody_reads ? AR_SYSTEM : cli_fail(error);
}

void run_sweep(struct ar_home *home)
{
    static const char *const delivered[] = { AR_RUN_JSON, AR_FOLDER_SUMS, NULL }, *const kept[] = { AR_HOME_DONE, AR_HOME_MANIFEST, NULL };
    struct ar_error error = { 0 };
    const int folder = openat(home->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ar_file_sweep(home->fd, kept);
    if (folder >= 0) {
        ar_file_sweep(folder, delivered);
        close(folder);
    }
    if (ar_temporary_sweep(home, &error) != 0)
        cli_warn("%s", error.what);
}

/* Shows what it said. Is there anything? */
static bool pass_text(const struct ar_stage *stage)
{
    struct ar_buf text;
    struct ar_error error;
    ar_buf_init(&text);
    off_t n = lseek(stage->log, 0, SEEK_END);
    if (n > 0 && ar_proc_output(&text, stage->log, n < TEXT_MAX ? (uint64_t)n : TEXT_MAX, N_("cannot read a temporary file"), &error) == 0)
        cli_pass(text.data, text.len);
    ar_buf_release(&text);
    return n > 0;
}

/* Its log is empty, though it failed. */
static void tell_no_log(const struct ar_stage *stage)
{
    struct ar_error room = { .system_errno = ENOSPC };
    cli_warn("%s failed, and could not write why into its log: is the disk full?", stage->name);
    ar_hint_room(&room, stage->log);
    if (*room.hint)
        cli_more("%s", room.hint);
}

ssize_t run_tell_tools(const struct ar_pipeline *pipeline)
{
    ssize_t culprit = ar_pipeline_culprit(pipeline);
    bool said = true;
    for (size_t i = 0; i < pipeline->n && (culprit < 0 || i <= (size_t)culprit); i++)
        said = pass_text(&pipeline->stage[i]);
    const struct ar_stage *stage = culprit >= 0 ? &pipeline->stage[culprit] : NULL;
    if (!said && stage && (ar_stage_exited(stage, AR_INPUT) || ar_stage_exited(stage, AR_SYSTEM)))
        tell_no_log(stage);
    if (stage && WIFSIGNALED(stage->status))
        cli_warn("%s was killed by signal %d", stage->name, WTERMSIG(stage->status));
    else if (stage && WEXITSTATUS(stage->status) > AR_SYSTEM)
        cli_warn("%s could not be started", stage->name);
    return culprit;
}
