/* SPDX-License-Identifier: MIT */
#include "methods/postprocess.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "bytes/file.h"
#include "methods/files.h"

static int put_files(const struct ar_postprocess *post, int dirfd, struct ar_error *error)
{
    if (ar_files_put(dirfd, AR_FILES_RESULTS, post->results->data, post->results->len, error) != 0 ||
        ar_files_put(dirfd, AR_FILES_ARTIFACTS, post->artifacts->data, post->artifacts->len, error) != 0)
        return -1;
    return ar_files_put(dirfd, AR_FILES_PARAMS, post->params->data, post->params->len, error);
}

/* Reads what was collected, from the file's start. */
static int read_output(int fd, uint64_t bytes, struct ar_buf *out, struct ar_error *error)
{
    char *room = ar_buf_reserve(out, (size_t)bytes);
    size_t done = 0;
    if (!room)
        return ar_fail_memory(error);
    while (done < bytes) {
        ssize_t n = pread(fd, room + done, (size_t)bytes - done, (off_t)done);
        if (n <= 0)
            return ar_fail_errno(error, n < 0 ? errno : EIO, "cannot read the output of the postprocess");
        done += (size_t)n;
    }
    ar_buf_grew(out, done);
    return 0;
}

/* Starts it in its folder. */
static int run_in(const struct ar_postprocess *post, const char *program, char *const *argv, int dirfd, const struct ar_env *env,
                  struct ar_buf *out, struct ar_error *error)
{
    struct ar_proc proc;
    struct ar_proc_end end;
    struct stat log;
    int spool = ar_spool_open(error);
    if (spool < 0)
        return -1;
    ar_proc_init(&proc);
    proc.name = post->argv[0];
    proc.program = program;
    proc.argv = argv;
    proc.env = env->entry;
    proc.dirfd = dirfd;
    proc.out = spool;
    proc.log = post->log;
    if (fstat(post->log, &log) == 0 && S_ISREG(log.st_mode))
        proc.log_limit = AR_LOG_MAX;
    proc.out_limit = AR_POSTPROCESS_OUTPUT_MAX;
    proc.seconds = post->seconds;
    proc.stop = post->stop;
    int result = ar_proc_run(&proc, &end, error);
    if (result == 0 && !ar_proc_ok(&end)) {
        struct ar_buf how;
        ar_buf_init(&how);
        ar_proc_describe(&end, &how);
        /* One that cannot be started is a mistake in the command. */
        result = ar_fail(error, end.how == AR_PROC_UNSTARTED ? AR_INPUT : AR_CONTENT, "the postprocess '%s' %s", post->argv[0],
                         how.data);
        if (*end.hint)
            ar_hint(error, "%s", end.hint);
        ar_buf_release(&how);
    }
    if (result == 0)
        result = read_output(spool, end.out_bytes, out, error);
    close(spool);
    return result;
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

static int run_found(const struct ar_postprocess *post, const char *program, char *const *argv, struct ar_buf *out,
                     struct ar_error *error)
{
    struct ar_buf folder;
    struct ar_env env;
    ar_buf_init(&folder);
    int dirfd = ar_tmpdir_make(&folder, error);
    if (dirfd < 0) {
        ar_buf_release(&folder);
        return -1;
    }
    ar_env_init(&env);
    ar_files_env(&env, post->start_dir, post->fields);
    int result = ar_env_check(&env, error);
    if (result == 0)
        result = put_files(post, dirfd, error);
    if (result == 0)
        result = run_in(post, program, argv, dirfd, &env, out, error);
    ar_env_release(&env);
    close(dirfd);
    struct ar_error left;
    if (ar_dir_remove(AT_FDCWD, folder.data, result == 0 ? error : &left) != 0)
        result = -1;
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
