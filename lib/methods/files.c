/* SPDX-License-Identifier: MIT */
#include "methods/files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "bytes/io.h"

/* ---- what the method finds ------------------------------------------------------------------------------------------ */

int ar_files_prepare(int dirfd, struct ar_error *error)
{
    if (mkdirat(dirfd, AR_FILES_SETS, 0777) != 0)
        return ar_fail_errno(error, errno, "cannot make the method's folder '" AR_FILES_SETS "'");
    return 0;
}

/* Emptying it before it is written would have some file systems write it to the disk at once. */
int ar_files_cut(int fd, const char *name, uint64_t n, struct ar_error *error)
{
    struct stat st;
    if (fstat(fd, &st) == 0 && ((uint64_t)st.st_size <= n || ftruncate(fd, (off_t)n) == 0))
        return 0;
    return ar_fail_errno(error, errno, "cannot write '%s'", name);
}

int ar_files_put(int dirfd, const char *name, const void *bytes, size_t n, struct ar_error *error)
{
    int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
    if (fd < 0)
        return ar_fail_errno(error, errno, "cannot write '%s'", name);
    int result = ar_write_fd(fd, bytes, n, name, error);
    if (result == 0)
        result = ar_files_cut(fd, name, n, error);
    if (close(fd) != 0 && result == 0)
        result = ar_fail_errno(error, errno, "cannot write '%s'", name);
    return result;
}

/* Opens a set's file that is there, or creates it. */
static int open_set(int dirfd, const char *name, uint32_t *old, struct ar_error *error)
{
    int fd = -1;
    errno = ENOENT;
    if (*old)
        fd = openat(dirfd, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    *old -= fd >= 0;
    if (fd < 0 && errno == ENOENT)
        fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    return fd >= 0 ? fd : ar_fail_errno(error, errno, "cannot create the method's '%s'", name);
}

int ar_files_open_set(int dirfd, const char *set, uint32_t *old, struct ar_error *error)
{
    struct ar_buf name;

    ar_buf_init(&name);
    ar_buf_add_format(&name, AR_FILES_SETS "/%s" AR_FILES_SET_END, set);
    int fd = ar_buf_check(&name, error) == 0 ? open_set(dirfd, name.data, old, error) : -1;
    ar_buf_release(&name);
    return fd;
}

static const char *const thread_variables[] = {"OMP_NUM_THREADS",     "OPENBLAS_NUM_THREADS",   "MKL_NUM_THREADS",
                                               "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "BLIS_NUM_THREADS"};
static const char *const foreign_variables[] = {"AR_STEP", "ANALYSISRUN_METHOD", "ANALYSISRUN_MODE", "AR_DATA_NAME",
                                                "AR_SAMPLE_NAME"};

void ar_files_env(struct ar_env *env, const char *start_dir, unsigned fields)
{
    struct ar_buf list;

    ar_buf_init(&list);
    for (unsigned field = 1; field <= fields; field++)
        ar_buf_add_format(&list, field == 1 ? "%u" : " %u", field);
    env->failed |= list.failed;
    ar_env_set(env, "AR_FIELDS", list.data);
    ar_buf_release(&list);
    ar_env_set(env, "AR_START_DIR", start_dir);
    for (size_t i = 0; i < AR_COUNT(foreign_variables); i++)
        ar_env_unset(env, foreign_variables[i]);
    for (size_t i = 0; i < AR_COUNT(thread_variables); i++)
        ar_env_default(env, thread_variables[i], "1");
}

void ar_files_env_lane(struct ar_env *env, const char *data_name, const char *sample_name)
{
    ar_env_set(env, "AR_DATA_NAME", data_name);
    ar_env_set(env, "AR_SAMPLE_NAME", sample_name);
}
