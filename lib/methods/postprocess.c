/* SPDX-License-Identifier: MIT */
#include "methods/postprocess.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "bytes/file.h"
#include "methods/files.h"
#include "methods/lane_folder.h"
#include "methods/pool.h"
#include "methods/postprocess_first.h"
#include "methods/postprocess_lanes.h"
#include "methods/wire_tar.h"

/* What it gets: files in its folder, or a tar on standard input. */
static int put_inputs(const struct ar_postprocess *post, int dirfd, int *in, struct ar_error *error)
{
    if (post->contract != AR_CONTRACT_FILES) {
        *in = post->contract == AR_CONTRACT_FIRST ? ar_postprocess_first_ask(post, error) : ar_postprocess_lanes_ask(post, error);
        return *in < 0 ? -1 : 0;
    }
    if (ar_files_put(dirfd, AR_FILES_RESULTS, post->merged->table.data, post->merged->table.len, error) != 0 ||
        ar_files_put(dirfd, AR_FILES_ARTIFACTS, post->merged->artifacts_text.data, post->merged->artifacts_text.len, error) != 0)
        return -1;
    return ar_files_put(dirfd, AR_FILES_PARAMS, post->merged->params.data, post->merged->params.len, error);
}

/* What the worker needs that runs it. */
struct task {
    const struct ar_postprocess *post;
    const char *program, *folder;
    char *const *argv;
    struct ar_env env;
    int dirfd; /* of folder */
    int in;    /* its standard input, or -1 */
    int spool; /* its standard output */
};

static int fail_end(const struct task *task, const struct ar_proc_end *end, struct ar_error *error)
{
    struct ar_buf how;
    ar_buf_init(&how);
    ar_proc_describe(end, &how);
    if (task->post->contract != AR_CONTRACT_FILES && end->out_bytes) {
        struct ar_buf said;
        ar_buf_init(&said);
        ar_wire_tar_said(task->spool, end->out_bytes, &said);
        ar_buf_add_format(&how, "%s%.*s", said.len ? ": " : "", (int)strcspn(said.data, "\n"), said.data);
        ar_buf_release(&said);
    }
    /* One that cannot be started is a mistake in the command. */
    ar_fail(error, end->how == AR_PROC_UNSTARTED ? AR_INPUT : AR_CONTENT, "the postprocess '%s' %s", task->post->argv[0],
            how.data);
    if (*end->hint)
        ar_hint(error, "%s", ar_tr(end->hint));
    ar_buf_release(&how);
    return -1;
}

/* An ar_pool_work: the reply is the number of bytes that it printed. */
static int work(void *context, unsigned worker, const void *job, size_t job_len, void *reply, size_t *reply_len,
                struct ar_error *error)
{
    const struct task *task = context;
    const struct ar_postprocess *post = task->post;
    struct ar_proc proc;
    struct ar_proc_end end;
    struct stat log;
    (void)worker, (void)job, (void)job_len;
    ar_proc_init(&proc);
    proc.name = post->argv[0];
    proc.program = task->program;
    proc.argv = task->argv;
    proc.env = task->env.entry;
    proc.dirfd = task->dirfd;
    proc.in = task->in;
    proc.out = task->spool;
    proc.log = post->log;
    if (fstat(post->log, &log) == 0 && S_ISREG(log.st_mode))
        proc.log_limit = AR_LOG_MAX;
    proc.out_limit = AR_POSTPROCESS_OUTPUT_MAX;
    proc.seconds = post->seconds;
    proc.memory = post->memory;
    proc.stop = post->stop;
    if (ar_proc_run(&proc, &end, error) != 0)
        return -1;
    if (!ar_proc_ok(&end))
        return fail_end(task, &end, error);
    *reply_len = sizeof end.out_bytes;
    memcpy(reply, &end.out_bytes, sizeof end.out_bytes);
    return 0;
}

static void orphaned(void *context)
{
    const struct task *task = context;
    ar_work_remove(task->folder);
}

/* Has the worker run it. */
static int await(const struct task *task, struct ar_pool *pool, struct ar_buf *out, struct ar_error *error)
{
    struct ar_pool_reply reply;
    uint64_t bytes = 0;
    if (ar_pool_send(pool, "", 1, error) != 0 || ar_pool_wait(pool, true, &reply, error) < 0)
        return -1;
    if (reply.lost)
        return ar_fail(error, AR_CONTENT, "the postprocess '%s': its worker %s", task->post->argv[0], reply.why);
    memcpy(&bytes, reply.bytes, sizeof bytes);
    if (task->post->contract == AR_CONTRACT_FILES) {
        if (ar_proc_output(out, task->spool, bytes, N_("cannot read the output of the postprocess"), error) != 0)
            return -1;
        if (!ar_wire_tar_like(out->data, out->len))
            return 0;
        return ar_fail(error, AR_CONTENT, "the postprocess '%s': it answered with a tar, as those of the Python runner's first "
                                          "dialect do: start it by -c first", task->post->argv[0]);
    }
    bool first = task->post->contract == AR_CONTRACT_FIRST;
    if ((first ? ar_postprocess_first_answer : ar_postprocess_lanes_answer)(task->spool, bytes, out, error) == 0)
        return 0;
    return ar_fail_in(error, "the postprocess '%s'", task->post->argv[0]);
}

/* argv with the program's absolute path where the user wrote a slash. */
static char **make_argv(const struct ar_postprocess *post, char *path)
{
    size_t n = 0;
    while (post->argv[n])
        n++;
    char **argv = calloc(n + 1, sizeof *argv);
    for (size_t i = 0; argv && i < n; i++)
        argv[i] = post->argv[i];
    if (argv && strchr(argv[0], '/'))
        argv[0] = path;
    return argv;
}

/* Runs it in a worker: where this process is killed, that one ends what runs, and deletes the folder. */
static int run_task(struct task *task, struct ar_buf *out, struct ar_error *error)
{
    const struct ar_postprocess *post = task->post;
    const struct ar_pool_task pool_task = { .work = work, .orphaned = orphaned, .context = task, .stop = post->stop };
    struct ar_pool pool;
    task->spool = ar_spool_open(error);
    if (task->spool < 0)
        return -1;
    ar_env_init(&task->env);
    ar_files_env(&task->env, post->start_dir, post->fields);
    if (post->contract == AR_CONTRACT_FIRST)
        ar_env_set(&task->env, "ANALYSISRUN_METHOD", "postprocess");
    if (post->contract == AR_CONTRACT_LANES)
        ar_env_set(&task->env, "AR_STEP", "postprocess");
    int result = ar_env_check(&task->env, error);
    if (result == 0)
        result = put_inputs(post, task->dirfd, &task->in, error);
    if (result == 0)
        result = ar_pool_start(&pool, 1, &pool_task, error);
    if (result == 0) {
        result = await(task, &pool, out, error);
        ar_pool_end(&pool);
    }
    ar_env_release(&task->env);
    if (task->in >= 0)
        close(task->in);
    close(task->spool);
    return result;
}

static int run_found(const struct ar_postprocess *post, const char *program, char *const *argv, struct ar_buf *out,
                     struct ar_error *error)
{
    struct ar_buf folder;
    ar_buf_init(&folder);
    struct task task = { .post = post, .program = program, .argv = argv, .in = -1, .dirfd = ar_tmpdir_make(&folder, error) };
    if (task.dirfd < 0) {
        ar_buf_release(&folder);
        return -1;
    }
    task.folder = folder.data;
    int result = run_task(&task, out, error);
    close(task.dirfd);
    if (ar_dir_remove(AT_FDCWD, folder.data, post->left) != 0)
        ar_fail_in(post->left, "'%s'", folder.data);
    ar_buf_release(&folder);
    return result;
}

int ar_postprocess_run(const struct ar_postprocess *post, struct ar_buf *out, struct ar_error *error)
{
    struct ar_buf path;
    ar_buf_init(&path);
    int result = ar_proc_find(&path, post->argv[0], post->start_dir, error);
    char **argv = result == 0 ? make_argv(post, path.data) : NULL;
    if (result == 0)
        result = argv ? run_found(post, path.data, argv, out, error) : ar_fail_memory(error);
    free(argv);
    ar_buf_release(&path);
    return result;
}
