/* SPDX-License-Identifier: MIT */
#include "runs/pipeline.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "bytes/grow.h"
#include "methods/proc_sweep.h"

enum { PATIENCE = 3000 }; /* ms for what a killed tool had started to clear up */

/* ---- the chain ------------------------------------------------------------------------------------------------------ */

int ar_pipeline_init(struct ar_pipeline *pipeline, struct ar_error *error)
{
    char path[PATH_MAX];
    *pipeline = (struct ar_pipeline){ .in = -1, .out = -1 };
    ar_buf_init(&pipeline->folder);
    ar_buf_init(&pipeline->children);
    ar_env_init(&pipeline->env);
    ssize_t n = readlink("/proc/self/exe", path, sizeof path);
    if (n > 0 && n < (ssize_t)sizeof path) {
        const char *slash = memrchr(path, '/', (size_t)n);
        ar_buf_add(&pipeline->folder, path, slash ? (size_t)(slash + 1 - path) : 0);
    }
    return ar_buf_check(&pipeline->folder, error);
}

int ar_pipeline_tool(struct ar_pipeline *pipeline, const char *name, struct ar_error *error)
{
    struct ar_buf path;
    struct ar_error missing;
    ar_buf_init(&path);
    ar_buf_add(&path, pipeline->folder.data, pipeline->folder.len);
    ar_buf_add_text(&path, name);
    int result = ar_buf_check(&path, error);
    if (result == 0 && (pipeline->folder.len == 0 || access(path.data, X_OK) != 0)) {
        ar_buf_clear(&path);
        result = ar_proc_find(&path, name, "/", &missing);
        if (result != 0) {
            ar_fail(error, AR_INPUT, "the tool '%s' is neither in '%s' nor in PATH", name, pipeline->folder.data);
            ar_hint(error, "The tools belong in one folder: install all of them.");
        }
    }
    if (result == 0) {
        struct ar_stage *stage = &pipeline->stage[pipeline->n++];
        *stage = (struct ar_stage){ .name = name, .log = -1, .extra = -1 };
        ar_pipeline_arg(pipeline, path.data);
    }
    ar_buf_release(&path);
    return result;
}

void ar_pipeline_call(struct ar_pipeline *pipeline, const char *name, ar_stage_call *call, int extra)
{
    pipeline->stage[pipeline->n++] = (struct ar_stage){ .name = name, .call = call, .log = -1, .extra = extra };
    ar_pipeline_arg(pipeline, name);
}

void ar_pipeline_arg(struct ar_pipeline *pipeline, const char *arg)
{
    struct ar_stage *stage = &pipeline->stage[pipeline->n - 1];
    if (stage->n_args + 2 > stage->room && !ar_grow(&stage->argv, &stage->room, sizeof *stage->argv)) {
        pipeline->failed = true;
        return;
    }
    char *copy = strdup(arg);
    pipeline->failed |= !copy;
    stage->argv[stage->n_args] = copy;
    stage->n_args += copy != NULL;
    stage->argv[stage->n_args] = NULL;
}

void ar_pipeline_option(struct ar_pipeline *pipeline, const char *name, const char *value)
{
    char *both;
    if (!value)
        return;
    if (asprintf(&both, "%s=%s", name, value) < 0) {
        pipeline->failed = true;
        return;
    }
    ar_pipeline_arg(pipeline, both);
    free(both);
}

void ar_pipeline_release(struct ar_pipeline *pipeline)
{
    for (size_t i = 0; i < pipeline->n; i++) {
        for (size_t k = 0; k < pipeline->stage[i].n_args; k++)
            free(pipeline->stage[i].argv[k]);
        free(pipeline->stage[i].argv);
    }
    pipeline->n = 0;
    ar_env_release(&pipeline->env);
    ar_buf_release(&pipeline->folder);
    ar_buf_release(&pipeline->children);
}

/* ---- the start ------------------------------------------------------------------------------------------------------ */

/* Puts fd into the place of a standard stream; -1: nothing is read from it, or goes there. */
static bool take_place(int fd, int standard)
{
    if (fd < 0)
        fd = open("/dev/null", standard == STDIN_FILENO ? O_RDONLY : O_WRONLY);
    if (fd == standard)
        return fcntl(fd, F_SETFD, 0) == 0;
    return fd >= 0 && dup2(fd, standard) == standard;
}

/* The child, which shares the parent's memory unless it goes on by a call. What nohup has the tools ignore, they ignore. */
static _Noreturn void child(const struct ar_pipeline *pipeline, const struct ar_stage *stage, const sigset_t *changed, int in, int out, pid_t parent)
{
    ar_proc_free_signals(changed);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(127);
    /* The three are above the standard streams, or these themselves in their places: see start_stage. */
    if (!take_place(in, STDIN_FILENO) || !take_place(out, STDOUT_FILENO) ||
        (stage->log >= 0 && dup2(stage->log, STDERR_FILENO) < 0))
        _exit(127);
    if (stage->extra >= 0 && !take_place(stage->extra, AR_STAGE_EXTRA))
        _exit(127);
    close_range(stage->extra < 0 ? STDERR_FILENO + 1 : AR_STAGE_EXTRA + 1, ~0U, 0);
    if (stage->call) {
        prctl(PR_SET_NAME, stage->name);
        environ = pipeline->env.entry;
        _exit(stage->call((int)stage->n_args, stage->argv));
    }
    execve(stage->argv[0], stage->argv, pipeline->env.entry);
    _exit(127);
}

static int start_stage(struct ar_pipeline *pipeline, size_t i, const sigset_t *changed, int in, int out, struct ar_error *error)
{
    struct ar_stage *stage = &pipeline->stage[i];
    pid_t parent = getpid(), pid = stage->call ? fork() : vfork();
    if (pid == 0)
        child(pipeline, stage, changed, in, out, parent);
    if (pid < 0)
        return ar_fail_errno(error, errno, "cannot start '%s'", stage->name);
    stage->pid = pid;
    return 0;
}

static int start_stages(struct ar_pipeline *pipeline, const sigset_t *changed, struct ar_error *error)
{
    int in = pipeline->in, result = 0;
    for (size_t i = 0; i < pipeline->n && result == 0; i++) {
        int ends[2] = { -1, -1 };
        bool last = i + 1 == pipeline->n;
        if (!last && pipe2(ends, O_CLOEXEC) != 0)
            result = ar_fail_errno(error, errno, "cannot make a pipe");
        if (result == 0)
            result = start_stage(pipeline, i, changed, in, last ? pipeline->out : ends[1], error);
        if (in >= 0 && in != pipeline->in)
            close(in);
        if (ends[1] >= 0)
            close(ends[1]);
        in = ends[0];
    }
    if (in >= 0 && in != pipeline->in)
        close(in);
    return result;
}

int ar_pipeline_start(struct ar_pipeline *pipeline, struct ar_error *error)
{
    if (pipeline->failed)
        return ar_fail_memory(error);
    if (ar_env_check(&pipeline->env, error) != 0 || ar_proc_supervise(0, error) != 0 || ar_proc_children(&pipeline->children, error) != 0)
        return -1;
    sigset_t changed, ignored, all, before;
    ar_proc_signals(&changed, &ignored);
    sigaddset(&changed, SIGPIPE);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    int result = start_stages(pipeline, &changed, error);
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (result != 0)
        ar_pipeline_end(pipeline);
    return result;
}

/* ---- the end -------------------------------------------------------------------------------------------------------- */

static bool reap(struct ar_stage *stage, int flags)
{
    pid_t got = stage->pid ? waitpid(stage->pid, &stage->status, flags) : 0;
    if (got == 0 || (got < 0 && errno == EINTR))
        return false;
    if (got < 0)
        stage->status = AR_SYSTEM << 8;
    stage->pid = 0;
    stage->ended = true;
    return true;
}

bool ar_pipeline_runs(const struct ar_pipeline *pipeline)
{
    for (size_t i = 0; i < pipeline->n; i++)
        if (pipeline->stage[i].pid)
            return true;
    return false;
}

static ssize_t reap_one(struct ar_pipeline *pipeline)
{
    for (size_t i = 0; i < pipeline->n; i++)
        if (pipeline->stage[i].pid && reap(&pipeline->stage[i], WNOHANG))
            return (ssize_t)i;
    return -1;
}

ssize_t ar_pipeline_wait(struct ar_pipeline *pipeline, int milliseconds)
{
    struct pollfd polled[AR_STAGES_MAX];
    nfds_t n = 0;
    ssize_t ended = reap_one(pipeline);
    if (ended >= 0)
        return ended;
    for (size_t i = 0; i < pipeline->n; i++) {
        int fd = pipeline->stage[i].pid ? pidfd_open(pipeline->stage[i].pid, 0) : -1;
        if (fd >= 0)
            polled[n++] = (struct pollfd){ .fd = fd, .events = POLLIN };
    }
    if (n > 0)
        poll(polled, n, milliseconds);
    for (nfds_t i = 0; i < n; i++)
        close(polled[i].fd);
    return reap_one(pipeline);
}

/*
 * Was one killed, with no time to end what it had started? That has become this process's. It knows that it is to end, and clears up:
 * it gets the time for that.
 */
static void end_strays(const struct ar_pipeline *pipeline)
{
    struct ar_error ignored;
    bool killed = false;
    const pid_t *known = (const pid_t *)(const void *)pipeline->children.data;
    size_t n = pipeline->children.len / sizeof(pid_t);
    for (size_t i = 0; i < pipeline->n; i++)
        killed |= pipeline->stage[i].ended && WIFSIGNALED(pipeline->stage[i].status);
    if (killed && ar_proc_await_others(known, n, PATIENCE, &ignored) == 0)
        (void)!ar_proc_sweep_others(known, n, &ignored);
}

void ar_pipeline_end(struct ar_pipeline *pipeline)
{
    for (size_t i = 0; i < pipeline->n; i++)
        if (pipeline->stage[i].pid)
            kill(pipeline->stage[i].pid, SIGTERM);
    for (size_t i = 0; i < pipeline->n; i++)
        while (pipeline->stage[i].pid && !reap(&pipeline->stage[i], 0))
            ;
    end_strays(pipeline);
}

int ar_stage_status(const struct ar_stage *stage)
{
    return WIFEXITED(stage->status) && WEXITSTATUS(stage->status) <= AR_SYSTEM ? WEXITSTATUS(stage->status) : AR_SYSTEM;
}

int ar_stage_killed(const struct ar_stage *stage)
{
    return stage->ended && WIFSIGNALED(stage->status) ? WTERMSIG(stage->status) : 0;
}

bool ar_stage_exited(const struct ar_stage *stage, int status)
{
    return stage->ended && WIFEXITED(stage->status) && WEXITSTATUS(stage->status) == status;
}

/* Did it end badly by itself? One whose reader has ended dies of it. */
static bool failed(const struct ar_stage *stage)
{
    bool pipe = WIFSIGNALED(stage->status) && WTERMSIG(stage->status) == SIGPIPE;
    return stage->ended && stage->status != 0 && !pipe;
}

ssize_t ar_pipeline_culprit(const struct ar_pipeline *pipeline)
{
    for (size_t i = 0; i < pipeline->n; i++)
        if (failed(&pipeline->stage[i]))
            return (ssize_t)i;
    return -1;
}
