/* SPDX-License-Identifier: MIT */
#include "bytes/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "bytes/fd.h"
#include "bytes/text.h"

enum { TRIES = 100 }; /* names tried before giving up */

static void forget(struct ar_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    if (file->dirfd >= 0)
        close(file->dirfd);
    free(file->name);
    free(file->temporary);
    *file = (struct ar_file){.fd = -1, .dirfd = -1};
}

void ar_file_abandon(struct ar_file *file)
{
    int kept = errno;
    if (file->fd >= 0 || file->dirfd >= 0) {
        if (file->temporary != NULL)
            unlinkat(file->dirfd, file->temporary, 0);
        forget(file);
    }
    errno = kept;
}

/* ---- names ---------------------------------------------------------------------------------------------------------- */

/* ".NAME.XXXXXX.tmp", where NAME is cut (at a character) so that all of it is a file name. The caller frees it. NULL: errno. */
static char *temporary_name(const char *name)
{
    char random[AR_RANDOM_LETTERS + 1];
    if (ar_random_letters(random) < 0)
        return NULL;
    size_t len = strlen(name);
    size_t max = NAME_MAX - strlen("..XXXXXX.tmp");
    if (len > max)
        for (len = max; len > 0 && ((unsigned char)name[len] & 0xc0) == 0x80;)
            len--;
    char *temporary;
    return asprintf(&temporary, ".%.*s.%s.tmp", (int)len, name, random) < 0 ? NULL : temporary;
}

size_t ar_file_temporary(const char *base)
{
    const size_t behind = strlen("..tmp") + AR_RANDOM_LETTERS, len = strlen(base);
    if (len <= behind + 1 || base[0] != '.' || base[len - behind] != '.' || strcmp(base + len - strlen(".tmp"), ".tmp") != 0)
        return 0;
    return len - behind - 1;
}

void ar_file_sweep(int dirfd, const char *const *names)
{
    const int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL && fd >= 0)
        close(fd);
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        const size_t n = ar_file_temporary(entry->d_name);
        for (const char *const *name = names; n > 0 && *name != NULL; name++)
            if (ar_text_is(entry->d_name + 1, n, *name))
                unlinkat(dirfd, entry->d_name, 0);
    }
    if (dir != NULL)
        closedir(dir);
}

/* The length of path's folder: without the last component and the slashes before it; 0 where there is none. */
static size_t folder_len(const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash != NULL ? (size_t)(slash - path) : 0;
    while (len > 1 && path[len - 1] == '/')
        len--;
    return len == 0 && slash != NULL ? 1 : len; /* "/" itself */
}

/* Is there a component ".."? */
static bool leads_up(const char *path)
{
    for (const char *at = path; at != NULL; at = strchr(at, '/')) {
        at += strspn(at, "/");
        if (strncmp(at, "..", 2) == 0 && (at[2] == '/' || at[2] == '\0'))
            return true;
    }
    return false;
}

/* Opens the folder path beneath dirfd, making what is missing. -1 with errno. */
static int make_beneath(int dirfd, const char *path)
{
    const int flags = O_RDONLY | O_DIRECTORY;
    int at = ar_open_beneath(dirfd, ".", flags, 0);
    char component[NAME_MAX + 1];
    while (at >= 0 && *(path += strspn(path, "/")) != '\0') {
        size_t len = strcspn(path, "/");
        int next = -1;
        if (len > NAME_MAX) {
            errno = ENAMETOOLONG;
        } else {
            memcpy(component, path, len);
            component[len] = '\0';
            next = ar_open_beneath(at, component, flags, 0);
            if (next < 0 && errno == ENOENT && (mkdirat(at, component, 0777) == 0 || errno == EEXIST))
                next = ar_open_beneath(at, component, flags, 0);
        }
        int kept = errno;
        close(at);
        errno = kept;
        at = next;
        path += len;
    }
    return at;
}

static int open_folder(int dirfd, const char *path, bool beneath)
{
    if (!beneath)
        return openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (path[0] == '/' || leads_up(path)) {
        errno = EXDEV;
        return -1;
    }
    int fd = ar_open_beneath(dirfd, path, O_RDONLY | O_DIRECTORY, 0);
    return fd >= 0 || errno != ENOENT ? fd : make_beneath(dirfd, path);
}

/* ---- creation ------------------------------------------------------------------------------------------------------- */

/* Sets dirfd and name. */
static int find_place(struct ar_file *file, int dirfd, const char *path, bool beneath, struct ar_error *error)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    if (path[0] == '\0')
        return ar_fail_open(error, ENOENT, "cannot create '%s'", path);
    if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return ar_fail_open(error, EISDIR, "cannot create '%s'", path);
    if (strlen(name) > NAME_MAX)
        return ar_fail_open(error, ENAMETOOLONG, "cannot create '%s'", path);
    size_t len = folder_len(path);
    char *folder = len > 0 ? strndup(path, len) : strdup(".");
    file->name = strdup(name);
    if (folder == NULL || file->name == NULL) {
        free(folder);
        return ar_fail_memory(error);
    }
    file->dirfd = open_folder(dirfd, folder, beneath);
    int errnum = errno;
    free(folder);
    if (file->dirfd < 0) {
        ar_fail_open(error, errnum, "cannot create '%s'", path);
        if (beneath && (errnum == EXDEV || errnum == ELOOP))
            ar_hint(error, "No part of the name may be a link or lead out of the folder.");
        return -1;
    }
    return 0;
}

/* A folder cannot be replaced, and a device or pipe must not be. */
static int check_target(const struct ar_file *file, const char *path, bool beneath, struct ar_error *error)
{
    struct stat status;
    if (fstatat(file->dirfd, file->name, &status, beneath ? AT_SYMLINK_NOFOLLOW : 0) < 0 || S_ISREG(status.st_mode) ||
        S_ISLNK(status.st_mode))
        return 0;
    if (S_ISDIR(status.st_mode))
        return ar_fail_open(error, EISDIR, "cannot create '%s'", path);
    ar_fail(error, AR_INPUT, "cannot create '%s': there is something that is not a file", path);
    return ar_hint(error, "Write to standard output to reach a device or a pipe.");
}

static bool has_no_tmpfile(int errnum)
{
    return errnum == EOPNOTSUPP || errnum == EISDIR || errnum == EINVAL || errnum == ENOENT || errnum == ENOSYS;
}

/* Opens a file without a name, or one beside. */
static int open_file(struct ar_file *file)
{
    file->fd = openat(file->dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
    if (file->fd >= 0 || !has_no_tmpfile(errno))
        return file->fd;
    for (int i = 0; i < TRIES && file->fd < 0; i++) {
        file->temporary = temporary_name(file->name);
        if (file->temporary == NULL)
            return -1;
        file->fd = openat(file->dirfd, file->temporary, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (file->fd < 0) {
            int kept = errno;
            free(file->temporary);
            file->temporary = NULL;
            errno = kept;
            if (kept != EEXIST)
                return -1;
        }
    }
    return file->fd;
}

int ar_file_create(struct ar_file *file, int dirfd, const char *path, bool beneath, struct ar_error *error)
{
    *file = (struct ar_file){.fd = -1, .dirfd = -1};
    if (find_place(file, dirfd, path, beneath, error) < 0 || check_target(file, path, beneath, error) < 0) {
        forget(file);
        return -1;
    }
    if (open_file(file) < 0) {
        ar_fail_open(error, errno, "cannot create '%s'", path);
        forget(file);
        return -1;
    }
    return 0;
}

/* ---- room ----------------------------------------------------------------------------------------------------------- */

int ar_hint_room(struct ar_error *error, int fd)
{
    char proc[64], path[PATH_MAX];
    struct stat st;
    if (error->system_errno != ENOSPC && error->system_errno != EDQUOT)
        return -1;
    snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
    ssize_t n = readlink(proc, path, sizeof path - 1);
    path[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(path, '/');
    if (!slash || fstat(fd, &st) != 0 || st.st_nlink == 0)
        return -1;
    if (!S_ISDIR(st.st_mode))
        slash[slash == path] = '\0';
    return ar_hint(error, "Make room in '%s'.", path);
}

/* ---- appearance ----------------------------------------------------------------------------------------------------- */

/* Gives the file without a name the name to, which must be free. 0 or -1 with errno. */
static int link_as(const struct ar_file *file, const char *to)
{
    char proc[64];
    snprintf(proc, sizeof(proc), "/proc/self/fd/%d", file->fd);
    if (linkat(AT_FDCWD, proc, file->dirfd, to, AT_SYMLINK_FOLLOW) == 0)
        return 0;
    if (errno != ENOENT && errno != ENOTDIR)
        return -1;
    /* Without /proc; older kernels want a capability for it. */
    return linkat(file->fd, "", file->dirfd, to, AT_EMPTY_PATH);
}

/* Brings the file under its name, in one step for whoever looks. 0 or -1 with errno. */
static int appear(struct ar_file *file)
{
    if (file->temporary == NULL) {
        if (link_as(file, file->name) == 0)
            return 0;
        if (errno != EEXIST)
            return -1;
    }
    for (int i = 0; i < TRIES && file->temporary == NULL; i++) {
        char *temporary = temporary_name(file->name);
        if (temporary == NULL)
            return -1;
        if (link_as(file, temporary) == 0) {
            file->temporary = temporary;
        } else {
            int kept = errno;
            free(temporary);
            errno = kept;
            if (kept != EEXIST)
                return -1;
        }
    }
    if (file->temporary == NULL)
        return -1;
    /* Network file systems report a failed write only here. */
    int closed = close(file->fd);
    file->fd = -1;
    return closed < 0 ? -1 : renameat(file->dirfd, file->temporary, file->dirfd, file->name);
}

int ar_file_commit(struct ar_file *file, bool sync, struct ar_error *error)
{
    int result = 0;
    if ((sync && fsync(file->fd) < 0) || appear(file) < 0) {
        result = ar_fail_errno(error, errno, "cannot write '%s'", file->name);
        ar_file_abandon(file);
        return result;
    }
    /* EINVAL: a file system that cannot sync folders. */
    if (sync && fsync(file->dirfd) < 0 && errno != EINVAL)
        result = ar_fail_errno(error, errno, "cannot write the folder of '%s'", file->name);
    forget(file);
    return result;
}

/* 1 where both hold the same n bytes, 0 where not, -1 with errno. */
static int same_bytes(int a, int b, uint64_t n)
{
    enum { PIECE = 1 << 13 };
    char bytes_a[PIECE], bytes_b[PIECE];
    for (uint64_t at = 0; at < n; at += PIECE) {
        ssize_t got_a = ar_fd_pread(a, bytes_a, PIECE, at);
        ssize_t got_b = ar_fd_pread(b, bytes_b, PIECE, at);
        if (got_a < 0 || got_b < 0)
            return -1;
        if (got_a != got_b || memcmp(bytes_a, bytes_b, (size_t)got_a) != 0)
            return 0;
    }
    return 1;
}

/* Is what stands under the name a regular file with these bytes? Where that cannot be read, it is not. -1 where ours cannot. */
static int is_unchanged(const struct ar_file *file)
{
    struct stat ours, theirs;
    if (fstat(file->fd, &ours) < 0)
        return -1;
    int fd = openat(file->dirfd, file->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return 0;
    int same = 0;
    if (fstat(fd, &theirs) == 0 && S_ISREG(theirs.st_mode) && ours.st_size == theirs.st_size)
        same = same_bytes(file->fd, fd, (uint64_t)ours.st_size);
    int kept = errno;
    close(fd);
    errno = kept;
    return same;
}

int ar_file_commit_if_changed(struct ar_file *file, bool *changed, struct ar_error *error)
{
    int same = is_unchanged(file);
    *changed = same <= 0;
    if (same == 0)
        return ar_file_commit(file, false, error);
    if (same < 0)
        ar_fail_errno(error, errno, "cannot read '%s'", file->name);
    ar_file_abandon(file);
    return same < 0 ? -1 : 0;
}

int ar_file_put(int dirfd, const char *path, bool beneath, const void *bytes, size_t n, bool sync, struct ar_error *error)
{
    struct ar_file file;
    if (ar_file_create(&file, dirfd, path, beneath, error) < 0)
        return -1;
    if (ar_write_fd(file.fd, bytes, n, path, error) < 0) {
        ar_file_abandon(&file);
        return -1;
    }
    return ar_file_commit(&file, sync, error);
}

ssize_t ar_read_at(struct ar_buf *buf, int fd, uint64_t offset, size_t n, const char *failed, struct ar_error *error)
{
    char *room = ar_buf_reserve(buf, n);
    if (!room)
        return ar_fail_memory(error);
    ssize_t got = ar_fd_pread(fd, room, n, offset);
    if (got < 0)
        return ar_fail_errno(error, errno, "%s", ar_tr(failed));
    ar_buf_grew(buf, (size_t)got);
    return got;
}

int ar_read_all_at(struct ar_buf *buf, int fd, uint64_t offset, size_t n, const char *failed, struct ar_error *error)
{
    ssize_t got = ar_read_at(buf, fd, offset, n, failed, error);
    if (got < 0)
        return -1;
    return (size_t)got == n ? 0 : ar_fail_errno(error, EIO, "%s", ar_tr(failed));
}

bool ar_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}
