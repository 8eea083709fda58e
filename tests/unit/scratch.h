/* SPDX-License-Identifier: MIT */
/*
 * For unit tests that need files: a private folder that goes when the test ends, and descriptors that hold given bytes.
 */
#ifndef AR_TESTS_SCRATCH_H
#define AR_TESTS_SCRATCH_H

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "bytes/base.h"

static char scratch_folder[PATH_MAX];

static int scratch_remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status, (void)type, (void)where;
    return remove(path);
}

static inline void scratch_end(void)
{
    nftw(scratch_folder, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Makes the folder; it is removed at exit. Ends the test where that fails. */
static inline void scratch_begin(void)
{
    const char *folder = getenv("TMPDIR");
    snprintf(scratch_folder, sizeof(scratch_folder), "%s/ar-test-XXXXXX", folder != NULL && folder[0] != '\0' ? folder : "/tmp");
    if (mkdtemp(scratch_folder) == NULL || atexit(scratch_end) != 0) {
        perror("scratch folder");
        exit(1);
    }
}

/* The folder's descriptor; the caller's. */
static inline int scratch_open(void)
{
    return open(scratch_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* name in the folder; valid until the fourth call after. */
static inline const char *scratch_path(const char *name)
{
    static char paths[4][PATH_MAX + 256];
    static unsigned int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof(paths[0]), "%s/%s", scratch_folder, name);
    return path;
}

static inline void scratch_write(int fd, const void *bytes, size_t n)
{
    for (size_t at = 0; at < n;) {
        ssize_t wrote = write(fd, (const char *)bytes + at, n - at);
        if (wrote <= 0) {
            perror("scratch");
            exit(1);
        }
        at += (size_t)wrote;
    }
}

/* Writes a file; name may not exist yet. */
static inline void scratch_put(const char *name, const void *bytes, size_t n)
{
    int fd = open(scratch_path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    scratch_write(fd, bytes, n);
    close(fd);
}

/* The content of a file, with a NUL behind it; the caller frees it. NULL where there is none. */
static inline char *scratch_get(const char *name, size_t *n)
{
    int fd = open(scratch_path(name), O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) < 0)
        return NULL;
    char *bytes = calloc(1, (size_t)status.st_size + 1);
    ssize_t got = read(fd, bytes, (size_t)status.st_size);
    *n = got < 0 ? 0 : (size_t)got;
    close(fd);
    return bytes;
}

/* A regular file without a name that holds the bytes, at its start. */
static inline int scratch_memory(const void *bytes, size_t n)
{
    int fd = memfd_create("test", MFD_CLOEXEC);
    scratch_write(fd, bytes, n);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

/* The reading end of a pipe that holds the bytes (at most 60000) and ends after them. */
static inline int scratch_pipe(const void *bytes, size_t n)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) {
        perror("pipe");
        exit(1);
    }
    scratch_write(ends[1], bytes, n);
    close(ends[1]);
    return ends[0];
}

#endif
