/* SPDX-License-Identifier: MIT */
#include "runs/temporary.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>

#define PREFIX "ar-"
#define MARK ".run" /* a file in it: it is one of a run */

enum { NOTE_MAX = 300 };

/* What the link is called: of each host its own, since TMPDIR is. */
static const char *note_name(char name[NOTE_MAX])
{
    char host[256];
    ar_host_name(host);
    for (char *at = host; *at; at++)
        if (*at == '/')
            *at = '_';
    snprintf(name, NOTE_MAX, AR_HOME_TMP "%s", host);
    return name;
}

void ar_temporary_init(struct ar_temporary *temporary)
{
    *temporary = (struct ar_temporary){ .fd = -1 };
    ar_buf_init(&temporary->path);
}

void ar_temporary_release(struct ar_temporary *temporary)
{
    if (temporary->fd >= 0)
        close(temporary->fd);
    ar_buf_release(&temporary->path);
    ar_temporary_init(temporary);
}

static int note(struct ar_temporary *temporary, struct ar_error *error)
{
    char name[NOTE_MAX];
    note_name(name);
    unlinkat(temporary->home->fd, name, 0);
    if (symlinkat(temporary->path.data, temporary->home->fd, name) == 0 || errno == EPERM || errno == EOPNOTSUPP)
        return 0; /* some file systems have no links: there the folder of a run that is killed stays */
    return ar_fail_errno(error, errno, "cannot make the link '%s'", ar_home_path(temporary->home, name));
}

static void forget(const struct ar_temporary *temporary)
{
    char name[NOTE_MAX];
    if (temporary->home)
        unlinkat(temporary->home->fd, note_name(name), 0);
}

int ar_temporary_make(struct ar_temporary *temporary, struct ar_home *home, struct ar_error *error)
{
    temporary->home = home;
    if (ar_tmpdir_name(&temporary->path, error) != 0)
        return -1;
    if (home && note(temporary, error) != 0)
        return -1;
    temporary->fd = ar_tmpdir_make_as(temporary->path.data, error);
    if (temporary->fd >= 0) {
        int mark = openat(temporary->fd, MARK, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (mark >= 0) /* without it, what is in it would not be removed by a later run */
            close(mark);
    }
    if (temporary->fd >= 0 && (flock(temporary->fd, LOCK_EX | LOCK_NB) == 0 || errno == ENOSYS || errno == EOPNOTSUPP || errno == ENOLCK))
        return 0;
    if (temporary->fd >= 0) {
        ar_fail_errno(error, errno, "cannot lock the folder '%s'", temporary->path.data);
        unlinkat(temporary->fd, MARK, 0);
        rmdir(temporary->path.data);
        close(temporary->fd);
        temporary->fd = -1;
    }
    forget(temporary);
    return -1;
}

int ar_temporary_remove(struct ar_temporary *temporary, bool kept, struct ar_error *error)
{
    int result = 0;
    if (temporary->fd < 0)
        return 0;
    if (!kept && ar_dir_remove(AT_FDCWD, temporary->path.data, error) != 0)
        result = ar_fail_in(error, "'%s'", temporary->path.data);
    else if (kept && unlinkat(temporary->fd, MARK, 0) == 0)
        rmdir(temporary->path.data); /* what is in it was asked for */
    close(temporary->fd);
    temporary->fd = -1;
    forget(temporary);
    return result;
}

/* ---- what a run has left that was killed ---------------------------------------------------------------------------- */

/* Is it the name of such a folder? */
static bool is_named_so(const char *base)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    const size_t n = strlen(PREFIX);
    return strncmp(base, PREFIX, n) == 0 && strlen(base) == n + 6 && strspn(base + n, letters) == 6;
}

/* Opens it, if it is one of this user's that no run has. */
static int open_left(int parent, const char *base)
{
    struct stat st;
    int fd = openat(parent, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -1;
    if (fstat(fd, &st) == 0 && st.st_uid == geteuid() && (st.st_mode & 0777) == 0700 && (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK))
        return fd;
    close(fd);
    return -1;
}

static int remove_left(char *path, struct ar_error *error)
{
    char *slash = strrchr(path, '/');
    if (path[0] != '/' || !is_named_so(slash + 1))
        return 0;
    *slash = '\0';
    int parent = open(*path ? path : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = parent < 0 ? -1 : open_left(parent, slash + 1), result = 0;
    *slash = '/';
    if (fd >= 0 && faccessat(fd, MARK, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
        unlinkat(parent, slash + 1, AT_REMOVEDIR); /* killed at its very beginning: it is empty; or it is none of ours */
    else if (fd >= 0 && ar_dir_remove(parent, slash + 1, error) != 0)
        result = ar_fail_in(error, "'%s'", path);
    if (fd >= 0)
        close(fd);
    if (parent >= 0)
        close(parent);
    return result;
}

int ar_temporary_sweep(struct ar_home *home, struct ar_error *error)
{
    char name[NOTE_MAX], path[PATH_MAX];
    ssize_t n = readlinkat(home->fd, note_name(name), path, sizeof path - 1);
    if (n <= 0)
        return 0;
    path[n] = '\0';
    int result = remove_left(path, error);
    unlinkat(home->fd, name, 0);
    return result;
}
