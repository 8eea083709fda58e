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

static int create(int dirfd, const char *name, struct ar_error *error)
{
    int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);

    if (fd < 0)
        return ar_fail_errno(error, errno, "cannot create the method's '%s'", name);
    return fd;
}

int ar_files_put(int dirfd, const char *name, const void *bytes, size_t n, struct ar_error *error)
{
    struct stat st;
    int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
    if (fd < 0 || fstat(fd, &st) != 0) {
        ar_fail_errno(error, errno, "cannot write '%s'", name);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    int result = ar_write_fd(fd, bytes, n, name, error);
    /* Emptying it first would have some file systems write it to the disk at once. */
    if (result == 0 && st.st_size > (off_t)n && ftruncate(fd, (off_t)n) != 0)
        result = ar_fail_errno(error, errno, "cannot write '%s'", name);
    if (close(fd) != 0 && result == 0)
        result = ar_fail_errno(error, errno, "cannot write '%s'", name);
    return result;
}

int ar_files_create_set(int dirfd, const char *set, struct ar_error *error)
{
    struct ar_buf name;

    ar_buf_init(&name);
    ar_buf_add_format(&name, AR_FILES_SETS "/%s.csv", set);
    int fd = ar_buf_check(&name, error) == 0 ? create(dirfd, name.data, error) : -1;
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
