/* SPDX-License-Identifier: MIT */
#include "bytes/fd.h"
#include "bytes/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

const char *ar_tmpdir(void)
{
    const char *folder = getenv("TMPDIR");
    return folder != NULL && folder[0] != '\0' ? folder : "/tmp";
}

const char *ar_spool_name(char name[256])
{
    snprintf(name, 256, ar_tr("temporary file in %.200s (TMPDIR)"), ar_tmpdir());
    return name;
}

static int fail_tmpdir(struct ar_error *error, int errnum, bool folder)
{
    if (folder)
        ar_fail_open(error, errnum, "cannot make a temporary folder in '%s' (TMPDIR)", ar_tmpdir());
    else
        ar_fail_open(error, errnum, "cannot make a temporary file in '%s' (TMPDIR)", ar_tmpdir());
    return ar_hint(error, "Set TMPDIR to a folder with room for temporary files.");
}

/* A file with a name that is gone at once, for file systems without O_TMPFILE. -1 with errno. */
static int open_named(const char *folder)
{
    char *path;
    if (asprintf(&path, "%s/ar-XXXXXX", folder) < 0)
        return -1;
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    int kept = errno;
    free(path);
    errno = kept;
    return fd;
}

int ar_spool_open(struct ar_error *error)
{
    const char *folder = ar_tmpdir();
    int fd = open(folder, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        fd = open_named(folder);
    return fd >= 0 ? fd : fail_tmpdir(error, errno, false);
}

int ar_memory_file(const char *text, size_t n, struct ar_error *error)
{
    int fd = memfd_create("analysisrun", MFD_CLOEXEC);
    if (fd < 0)
        return ar_fail_errno(error, errno, "cannot make a file in memory");
    if (ar_write_fd(fd, text, n, ar_tr("a file in memory"), error) == 0)
        return fd;
    close(fd);
    return -1;
}

/* Opens the folder that was made; where it cannot be, it goes again. */
static int open_made(const char *path, struct ar_error *error)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        fail_tmpdir(error, errno, true);
        rmdir(path);
    }
    return fd;
}

int ar_tmpdir_make(struct ar_buf *path, struct ar_error *error)
{
    size_t start = path->len;
    ar_buf_add_format(path, "%s/ar-XXXXXX", ar_tmpdir());
    if (ar_buf_check(path, error) < 0)
        return -1;
    char *made = path->data + start;
    int fd = mkdtemp(made) != NULL ? open_made(made, error) : fail_tmpdir(error, errno, true);
    if (fd < 0)
        ar_buf_truncate(path, start);
    return fd;
}

int ar_tmpdir_name(struct ar_buf *path, struct ar_error *error)
{
    const size_t start = path->len;
    struct stat status;
    char random[AR_RANDOM_LETTERS + 1];
    char *folder = realpath(ar_tmpdir(), NULL);
    if (folder == NULL)
        return fail_tmpdir(error, errno, true);
    do {
        if (ar_random_letters(random) < 0) {
            free(folder);
            return fail_tmpdir(error, errno, true);
        }
        ar_buf_truncate(path, start);
        ar_buf_add_format(path, "%s/ar-%s", folder, random);
    } while (!path->failed && lstat(path->data + start, &status) == 0);
    free(folder);
    return ar_buf_check(path, error);
}

int ar_tmpdir_make_as(const char *path, struct ar_error *error)
{
    return mkdir(path, 0700) == 0 ? open_made(path, error) : fail_tmpdir(error, errno, true);
}
