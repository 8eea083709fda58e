/* SPDX-License-Identifier: MIT */
#include "runs/scratch.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "bytes/file.h"
#include "bytes/io.h"

static const char prefix[] = "ar-run-";

enum { DIGITS = 16, TRIES = 100 };

/* Has it the form of a name that a run gave? */
static bool is_ours(const char *name)
{
    size_t n = sizeof prefix - 1;
    return strncmp(name, prefix, n) == 0 && strlen(name) == n + DIGITS && strspn(name + n, "0123456789abcdef") == DIGITS;
}

/* Removes a folder of that path: a run's, and this user's. 0, also where it is not there; -1. */
static int remove_folder(const char *path)
{
    struct ar_error error;
    struct stat st;
    const char *slash = strrchr(path, '/');
    if (path[0] != '/' || !is_ours(slash + 1))
        return 0;
    char *parent = strndup(path, (size_t)(slash + 1 - path));
    int fd = parent ? open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1, result = fd < 0 && errno != ENOENT ? -1 : 0;
    free(parent);
    if (fd < 0)
        return result;
    if (fstatat(fd, slash + 1, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid())
        result = ar_dir_remove(fd, slash + 1, &error);
    close(fd);
    return result;
}

/* What an earlier run has noted: its folder goes, if it is still there. */
static void sweep(int note)
{
    struct ar_buf path;
    struct ar_error error;
    ar_buf_init(&path);
    if (ar_read_file(note, AR_SCRATCH_NOTE, &path, PATH_MAX, &error) == 0 && path.len > 0 && !memchr(path.data, '\0', path.len) &&
        remove_folder(path.data) == 0)
        unlinkat(note, AR_SCRATCH_NOTE, 0);
    ar_buf_release(&path);
}

static char *make_path(void)
{
    uint64_t number;
    char *path, *folder = realpath(ar_tmpdir(), NULL);
    if (getrandom(&number, sizeof number, 0) != sizeof number)
        number = (uint64_t)getpid();
    if (folder && asprintf(&path, "%s/%s%016" PRIx64, folder, prefix, number) < 0)
        path = NULL;
    else if (!folder)
        path = NULL;
    free(folder);
    return path;
}

int ar_scratch_make(struct ar_scratch *scratch, struct ar_error *error)
{
    if (scratch->note >= 0)
        sweep(scratch->note);
    for (int i = 0; i < TRIES; i++) {
        scratch->path = make_path();
        /* The note comes first: a run that is killed between the two has noted a folder that is not there. */
        if (scratch->path && scratch->note >= 0 &&
            ar_file_put(scratch->note, AR_SCRATCH_NOTE, true, scratch->path, strlen(scratch->path), false, error) != 0)
            break;
        if (scratch->path && mkdir(scratch->path, 0700) == 0)
            return 0;
        int errnum = errno;
        free(scratch->path);
        scratch->path = NULL;
        if (errnum == EEXIST)
            continue;
        ar_fail_open(error, errnum, "cannot make a temporary folder in '%s' (TMPDIR)", ar_tmpdir());
        ar_hint(error, "Set TMPDIR to a folder with room for temporary files.");
        break;
    }
    free(scratch->path);
    scratch->path = NULL;
    return -1;
}

void ar_scratch_remove(struct ar_scratch *scratch)
{
    if (!scratch->path)
        return;
    if (remove_folder(scratch->path) == 0 && scratch->note >= 0)
        unlinkat(scratch->note, AR_SCRATCH_NOTE, 0);
    free(scratch->path);
    scratch->path = NULL;
}
