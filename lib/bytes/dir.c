/* SPDX-License-Identifier: MIT */
#include "bytes/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* ---- opening -------------------------------------------------------------------------------------------------------- */

/* Makes path and its parents. 0 or -1 with errno; on failure path is cut behind what could not be made. */
static int make_folders(char *path)
{
    for (char *at = path + strspn(path, "/"); *at != '\0';) {
        at += strcspn(at, "/");
        char cut = *at;
        *at = '\0';
        if (mkdir(path, 0777) < 0 && errno != EEXIST)
            return -1;
        *at = cut;
        at += strspn(at, "/");
    }
    return 0;
}

int ar_dir_open(const char *path, struct ar_error *error)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        return fd;
    if (errno == ENOENT && path[0] != '\0') {
        char *copy = strdup(path);
        if (copy == NULL)
            return ar_fail_memory(error);
        int made = make_folders(copy);
        if (made < 0)
            ar_fail_open(error, errno, "cannot make the folder '%s'", copy);
        free(copy);
        if (made < 0)
            return -1;
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    return fd >= 0 ? fd : ar_fail_open(error, errno, "cannot open the folder '%s'", path);
}

/* Opens one component of a path, which must not be a link. -1 with errno. */
static int open_component(int dirfd, const char *name, int flags, mode_t mode)
{
    int fd = openat(dirfd, name, flags | O_NOFOLLOW | O_CLOEXEC, mode);
    struct stat status;
    /* With O_PATH, a link is opened itself. */
    if (fd >= 0 && (flags & (O_PATH | O_NOFOLLOW)) == O_PATH && fstat(fd, &status) == 0 && S_ISLNK(status.st_mode)) {
        close(fd);
        errno = ELOOP;
        return -1;
    }
    return fd;
}

/* What openat2 would do, for systems without it. */
static int open_by_steps(int dirfd, const char *path, int flags, mode_t mode)
{
    int at = dirfd;
    char component[NAME_MAX + 1];
    if (path[0] == '\0' || path[0] == '/') {
        errno = path[0] == '\0' ? ENOENT : EXDEV;
        return -1;
    }
    for (;;) {
        size_t len = strcspn(path, "/");
        const char *rest = path + len + strspn(path + len, "/");
        bool last = *rest == '\0';
        int next = -1;
        if (len > NAME_MAX) {
            errno = ENAMETOOLONG;
        } else if (len == 2 && memcmp(path, "..", 2) == 0) {
            errno = EXDEV;
        } else {
            memcpy(component, path, len);
            component[len] = '\0';
            int folder = path[len] == '/' ? O_DIRECTORY : 0;
            next = open_component(at, component, last ? flags | folder : O_PATH | O_DIRECTORY, last ? mode : 0);
        }
        int kept = errno;
        if (at != dirfd)
            close(at);
        errno = kept;
        if (next < 0 || last)
            return next;
        at = next;
        path = rest;
    }
}

int ar_open_beneath(int dirfd, const char *path, int flags, mode_t mode)
{
    bool creates = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
    struct open_how how = {
        .flags = (uint64_t)(unsigned int)flags | O_CLOEXEC,
        .mode = creates ? mode & 07777 : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
    };
    long fd;
    int tries = 0;
    do
        fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
    while (fd < 0 && errno == EAGAIN && ++tries < 100); /* something on the way was just renamed */
    /* EPERM: what some sandboxes say instead of ENOSYS; where it was meant, it comes again. */
    if (fd < 0 && (errno == ENOSYS || errno == EPERM))
        return open_by_steps(dirfd, path, flags, creates ? mode : 0);
    return (int)fd;
}

/* ---- links ---------------------------------------------------------------------------------------------------------- */

char *ar_link_target(const char *path, struct ar_error *error)
{
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_MAGICLINKS};
    struct stat status;
    char *target = NULL;
    if (lstat(path, &status) < 0 || !S_ISLNK(status.st_mode)) {
        target = strdup(path);
        if (target == NULL)
            ar_fail_memory(error);
        return target;
    }
    long fd = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
    int errnum = fd < 0 ? errno : 0;
    if (fd >= 0)
        close((int)fd);
    if (errnum == ELOOP && stat(path, &status) == 0) {
        ar_fail(error, AR_INPUT, "cannot create '%s': it is a link to what a process has open", path);
        ar_hint(error, "Write to standard output to reach a device or a pipe.");
    } else if ((target = realpath(path, NULL)) == NULL) {
        ar_fail_open(error, errno, "cannot follow the link '%s'", path);
    }
    return target;
}

/* ---- removing ------------------------------------------------------------------------------------------------------- */

/* A folder on the way down. Only the deepest is open, so that no depth is too deep. */
struct level {
    char *name;         /* in the folder above */
    dev_t device;       /* what it is, to know it again on the way up */
    ino_t inode;
    struct ar_buf left; /* names of the folders in it that are still to be removed, each with its NUL */
};

struct removal {
    int fd;     /* the folder at hand; the caller's dirfd while depth is 0 */
    int dirfd;
    struct level *levels;
    size_t depth, room;
    bool failed;
    struct ar_error *error; /* the first failure */
};

static void note_failure(struct removal *removal, int errnum, const char *name)
{
    if (!removal->failed)
        ar_fail_errno(removal->error, errnum, "cannot remove '%s'", name);
    removal->failed = true;
}

/* Removes what is not a folder. 1 where it is one, 0 where it is gone, -1 with errno. */
static int remove_file(int dirfd, const char *name)
{
    if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
        return 0;
    int errnum = errno;
    struct stat status;
    /* EISDIR is what a folder gives, but not where nothing in dirfd may be removed at all. */
    if (errnum == EISDIR || (fstatat(dirfd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode)))
        return 1;
    errno = errnum;
    return -1;
}

/* Notes the folders in the folder at hand, and removes everything else. */
static void remove_files(struct removal *removal, struct level *level)
{
    int copy = fcntl(removal->fd, F_DUPFD_CLOEXEC, 0);
    DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
    if (dir == NULL) {
        note_failure(removal, errno, level->name);
        if (copy >= 0)
            close(copy);
        return;
    }
    struct dirent *entry;
    while (errno = 0, (entry = readdir(dir)) != NULL) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
            continue;
        int folder = entry->d_type == DT_DIR ? 1 : remove_file(removal->fd, name);
        if (folder < 0)
            note_failure(removal, errno, name);
        else if (folder > 0)
            ar_buf_add(&level->left, name, strlen(name) + 1);
    }
    if (errno != 0)
        note_failure(removal, errno, level->name);
    closedir(dir);
    if (level->left.failed)
        note_failure(removal, ENOMEM, level->name);
}

/* Is it what something was mounted on? Not always is that another file system. */
static bool is_mounted(int fd)
{
    struct statx status;
    return statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &status) == 0 && (status.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

/* Opens the folder name in the folder at hand for reading, with a change of its mode where it needs one. -1 with errno. */
static int open_to_remove(int dirfd, const char *name, struct stat *status)
{
    int path = openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (path < 0)
        return -1;
    if (is_mounted(path)) {
        close(path);
        errno = EBUSY;
        return -1;
    }
    if (fstat(path, status) == 0 && (status->st_mode & 0700) != 0700) {
        char proc[64];
        snprintf(proc, sizeof(proc), "/proc/self/fd/%d", path);
        (void)chmod(proc, 0700); /* where it fails, what follows does too */
    }
    close(path);
    int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, status) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Goes down into the folder name of the folder at hand. */
static void enter(struct removal *removal, const char *name)
{
    struct stat status;
    if (removal->depth == removal->room) {
        size_t room = removal->room * 2 + 8;
        struct level *levels = realloc(removal->levels, room * sizeof(*levels));
        if (levels == NULL) {
            note_failure(removal, ENOMEM, name);
            return;
        }
        removal->levels = levels;
        removal->room = room;
    }
    char *copy = strdup(name);
    int fd = copy != NULL ? open_to_remove(removal->fd, name, &status) : -1;
    if (fd >= 0 && removal->depth > 0 && status.st_dev != removal->levels[0].device) {
        close(fd);
        fd = -1;
        errno = EXDEV; /* another file system is mounted there */
    }
    if (fd < 0) {
        if (errno != ENOENT)
            note_failure(removal, errno, name);
        free(copy);
        return;
    }
    if (removal->depth > 0)
        close(removal->fd);
    removal->fd = fd;
    struct level *level = &removal->levels[removal->depth++];
    *level = (struct level){.name = copy, .device = status.st_dev, .inode = status.st_ino};
    ar_buf_init(&level->left);
    remove_files(removal, level);
}

/* Opens the folder above the one at hand, if it is still the one that we came from. -1 with errno. */
static int open_above(const struct removal *removal)
{
    if (removal->depth == 1)
        return removal->dirfd;
    const struct level *above = &removal->levels[removal->depth - 2];
    struct stat status;
    int fd = openat(removal->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && (fstat(fd, &status) < 0 || status.st_dev != above->device || status.st_ino != above->inode)) {
        close(fd);
        errno = EBUSY; /* somebody moved it */
        return -1;
    }
    return fd;
}

static void pop_level(struct removal *removal)
{
    struct level *level = &removal->levels[--removal->depth];
    ar_buf_release(&level->left);
    free(level->name);
}

/* Goes up again and removes the folder that was left. false where there is no way up. */
static bool leave(struct removal *removal)
{
    struct level *level = &removal->levels[removal->depth - 1];
    int above = open_above(removal);
    bool found = above >= 0 || removal->depth == 1; /* AT_FDCWD is negative */
    if (!found)
        note_failure(removal, errno, level->name);
    close(removal->fd);
    removal->fd = above;
    if (found && unlinkat(above, level->name, AT_REMOVEDIR) < 0 && errno != ENOENT)
        note_failure(removal, errno, level->name);
    pop_level(removal);
    return found;
}

/* The last of the names still to be removed, taken off the list. NULL at the end; the caller frees it. */
static char *take_name(struct ar_buf *left)
{
    if (left->len == 0)
        return NULL;
    size_t start = left->len - 1;
    while (start > 0 && left->data[start - 1] != '\0')
        start--;
    char *name = strdup(left->data + start);
    ar_buf_truncate(left, start);
    return name;
}

int ar_dir_remove(int dirfd, const char *name, struct ar_error *error)
{
    int folder = remove_file(dirfd, name);
    if (folder <= 0)
        return folder < 0 ? ar_fail_errno(error, errno, "cannot remove '%s'", name) : 0;
    struct removal removal = {.fd = dirfd, .dirfd = dirfd, .error = error};
    enter(&removal, name);
    while (removal.depth > 0) {
        char *next = take_name(&removal.levels[removal.depth - 1].left);
        if (next != NULL)
            enter(&removal, next);
        else if (!leave(&removal))
            break;
        free(next);
    }
    while (removal.depth > 0)
        pop_level(&removal);
    free(removal.levels);
    return removal.failed ? -1 : 0;
}
