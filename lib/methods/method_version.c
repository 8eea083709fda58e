/* SPDX-License-Identifier: MIT */
#include "methods/method_version.h"

#include <fcntl.h>

#include "bytes/file.h"
#include "methods/pool.h"

/* What the worker needs that runs it. */
struct task {
    struct ar_proc proc;
};

static int fail_end(const struct ar_proc_end *end, int log, struct ar_error *error)
{
    struct ar_buf how;
    ar_buf_init(&how);
    ar_proc_describe(end, &how);
    ar_fail(error, end->how == AR_PROC_UNSTARTED ? AR_INPUT : AR_CONTENT, "the manifest's version command '%s' %s", end->name, how.data);
    if (*end->hint)
        ar_hint(error, "%s", end->hint);
    else
        ar_log_hint(error, log);
    ar_buf_release(&how);
    return -1;
}

/* An ar_pool_work: the reply is the number of bytes that it printed. */
static int work(void *context, unsigned worker, const void *job, size_t job_len, void *reply, size_t *reply_len, struct ar_error *error)
{
    const struct task *task = context;
    struct ar_proc_end end;
    (void)worker, (void)job, (void)job_len;
    if (ar_proc_run(&task->proc, &end, error) != 0)
        return -1;
    if (!ar_proc_ok(&end))
        return fail_end(&end, task->proc.log, error);
    *reply_len = sizeof end.out_bytes;
    memcpy(reply, &end.out_bytes, sizeof end.out_bytes);
    return 0;
}

/* Has a worker run it. */
static int run(struct task *task, struct ar_buf *version, struct ar_error *error)
{
    const struct ar_pool_task pool_task = { .work = work, .context = task, .stop = task->proc.stop };
    struct ar_pool_reply reply;
    struct ar_pool pool;
    uint64_t bytes = 0;
    ar_pool_init(&pool);
    int result = ar_pool_start(&pool, 1, &pool_task, error);
    if (result == 0)
        result = ar_pool_send(&pool, "", 1, error);
    if (result == 0)
        result = ar_pool_wait(&pool, true, &reply, error) < 0 ? -1 : 0;
    ar_pool_end(&pool);
    if (result != 0)
        return -1;
    if (reply.lost)
        return ar_fail(error, AR_CONTENT, "the manifest's version command '%s': its worker %s", task->proc.name, reply.why);
    memcpy(&bytes, reply.bytes, sizeof bytes);
    return ar_proc_output(version, task->proc.out, bytes, N_("cannot read what the version command printed"), error);
}

static int run_found(const struct ar_manifest *manifest, const char *program, const volatile sig_atomic_t *stop, struct ar_buf *version,
                     struct ar_error *error)
{
    struct task task;
    ar_proc_init(&task.proc);
    task.proc.name = manifest->version[0];
    task.proc.program = program;
    task.proc.argv = manifest->version;
    task.proc.stop = stop;
    task.proc.out_limit = AR_VERSION_MAX;
    task.proc.dirfd = open(*manifest->folder ? manifest->folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (task.proc.dirfd < 0)
        return ar_fail_open(error, errno, "cannot open the manifest's folder '%s'", manifest->folder);
    task.proc.log_limit = AR_LOG_MAX_UNKEPT;
    task.proc.out = ar_spool_open(error);
    task.proc.log = task.proc.out >= 0 ? ar_spool_open(error) : -1;
    int result = task.proc.log >= 0 ? run(&task, version, error) : -1;
    if (task.proc.out >= 0)
        close(task.proc.out);
    if (task.proc.log >= 0)
        close(task.proc.log);
    close(task.proc.dirfd);
    return result;
}

int ar_method_version(const struct ar_manifest *manifest, const volatile sig_atomic_t *stop, struct ar_buf *version, struct ar_error *error)
{
    struct ar_buf path;
    ar_buf_init(&path);
    int result = ar_proc_find(&path, manifest->version[0], manifest->folder, error);
    if (result == 0)
        result = run_found(manifest, path.data, stop, version, error);
    else
        ar_fail_in(error, "the manifest's version command");
    ar_buf_release(&path);
    return result;
}
