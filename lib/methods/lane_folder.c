/* SPDX-License-Identifier: MIT */
#include "methods/lane_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "bytes/file.h"
#include "bytes/grow.h"
#include "bytes/io.h"
#include "methods/files.h"

enum { LARGEST = 64 * 1024 }; /* bytes of a folder itself; one that held thousands of names stays large; and of a file that is used again */

static const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

static void waiting_name(char name[32], uint32_t number)
{
    snprintf(name, 32, ".%" PRIu32 ".free", number);
}

void ar_lane_folders_release(struct ar_lane_folders *folders, int root)
{
    struct ar_error ignored;
    for (size_t i = 0; i < folders->n; i++) {
        char waiting[32];
        waiting_name(waiting, folders->waiting[i].number);
        (void)!ar_dir_remove(root, waiting, &ignored);
    }
    free(folders->waiting);
    *folders = (struct ar_lane_folders){ 0 };
}

int ar_lane_folders_add(struct ar_lane_folders *folders, uint32_t number, uint32_t sets, struct ar_error *error)
{
    if (folders->n == folders->room && !ar_grow(&folders->waiting, &folders->room, sizeof *folders->waiting))
        return ar_fail_memory(error);
    folders->waiting[folders->n++] = (struct ar_lane_folder){ .number = number, .sets = sets };
    return 0;
}

int ar_lane_folder_open(struct ar_lane_folders *folders, int root, const char *lane, uint32_t *sets, struct ar_error *error)
{
    char waiting[32];
    bool new = folders->n == 0;
    *sets = 0;
    if (!new) {
        const struct ar_lane_folder *last = &folders->waiting[--folders->n];
        waiting_name(waiting, last->number);
        *sets = last->sets;
    }
    int fd = -1;
    if ((new ? mkdirat(root, lane, 0700) : renameat(root, waiting, root, lane)) == 0)
        fd = openat(root, lane, flags);
    if (fd >= 0 && (!new || mkdirat(fd, AR_FILES_SETS, 0700) == 0))
        return fd;
    ar_fail_errno(error, errno, "cannot make a folder in '%s' (TMPDIR)", ar_tmpdir());
    if (fd >= 0)
        close(fd);
    return -1;
}

/* What cannot be written over or deleted, and what something else was put in the place of. */
#define ODD (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND | STATX_ATTR_MOUNT_ROOT)

/* Is the folder as it was made, whatever is in it? */
static bool is_as_made(int fd)
{
    struct statx st;
    return statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &st) == 0 && !(st.stx_attributes & ODD) && (st.stx_mode & 07777) == 0700 &&
           st.stx_uid == geteuid() && st.stx_size <= LARGEST && flistxattr(fd, NULL, 0) <= 0;
}

/* The rights of a file that is made. */
static mode_t made_mode(void)
{
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

/* Is it a file that each lane has? */
static bool is_of_each(const char *name)
{
    static const char *const names[] = { AR_FILES_DATA_NAME, AR_FILES_SAMPLE_NAME, AR_FILES_PARAMS, AR_FILES_LEDGER };
    for (size_t i = 0; i < AR_COUNT(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* Is it the file of a set of the ledger? */
static bool is_of_set(const char *name, const struct ar_ledger *ledger)
{
    size_t n = strlen(name), end = strlen(AR_FILES_SET_END);
    if (n <= end || strcmp(name + n - end, AR_FILES_SET_END) != 0)
        return false;
    char *set = strndup(name, n - end);
    bool is = set && ar_ledger_records(ledger, set);
    free(set);
    return is;
}

/*
 * Is the file still as it was made, whatever is in it? Then the next lane's is written over it: that costs a file system less than
 * one that goes and one that comes.
 */
static bool is_used_again(int dirfd, const char *name, mode_t made)
{
    struct statx st;
    if (statx(dirfd, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &st) != 0 || (st.stx_attributes & ODD) || !S_ISREG(st.stx_mode))
        return false;
    if ((st.stx_mode & 07777) != made || st.stx_nlink != 1 || st.stx_uid != geteuid() || st.stx_gid != getegid() || st.stx_size > LARGEST)
        return false;
    int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    bool plain = fd >= 0 && flistxattr(fd, NULL, 0) <= 0;
    if (fd >= 0)
        close(fd);
    return plain;
}

/* May a file or folder of the folder stay? */
struct stays {
    bool (*ask)(const struct stays *stays, int dirfd, const char *name); /* NULL: none may */
    const struct ar_ledger *ledger;
    const struct ar_buf *names;
    mode_t made; /* the rights of a file that was made */
    uint32_t n;  /* so many do */
};

static bool stays_in_lane(const struct stays *stays, int dirfd, const char *name)
{
    return strcmp(name, AR_FILES_SETS) == 0 || (is_of_each(name) && is_used_again(dirfd, name, stays->made));
}

static bool stays_in_sets(const struct stays *stays, int dirfd, const char *name)
{
    return is_of_set(name, stays->ledger) && is_used_again(dirfd, name, stays->made);
}

static bool stays_named(const struct stays *stays, int dirfd, const char *name)
{
    (void)dirfd;
    for (size_t at = 0; at < stays->names->len; at += strlen(stays->names->data + at) + 1)
        if (strcmp(stays->names->data + at, name) == 0)
            return true;
    return false;
}

/* Deletes all that is in the folder but what stays. 0 or -1. */
static int empty(int dirfd, struct stays *stays, struct ar_error *error)
{
    int copy = openat(dirfd, ".", flags);
    DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
    if (!dir) {
        ar_fail_errno(error, errno, "cannot read a folder in the work folder");
        if (copy >= 0)
            close(copy);
        return -1;
    }
    int result = 0;
    struct dirent *entry;
    while (result == 0 && (errno = 0, entry = readdir(dir)) != NULL) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
            continue;
        if (stays->ask && stays->ask(stays, dirfd, name))
            stays->n++;
        else
            result = ar_dir_remove(dirfd, name, error);
    }
    if (result == 0 && errno != 0)
        result = ar_fail_errno(error, errno, "cannot read a folder in the work folder");
    closedir(dir);
    return result;
}

int ar_lane_folder_keep_sets(int dirfd, const struct ar_buf *names, struct ar_error *error)
{
    struct stays stays = { .ask = stays_named, .names = names };
    int sets = openat(dirfd, AR_FILES_SETS, flags);
    if (sets < 0)
        return ar_fail_errno(error, errno, "cannot read a folder in the work folder");
    int result = empty(sets, &stays, error);
    close(sets);
    return result;
}

/* Is it the folder of that name, and as it was made? */
static bool is_still(int root, const char *name, int dirfd, struct stat *st)
{
    struct stat named;
    return fstat(dirfd, st) == 0 && fstatat(root, name, &named, AT_SYMLINK_NOFOLLOW) == 0 && st->st_dev == named.st_dev &&
           st->st_ino == named.st_ino && is_as_made(dirfd);
}

int ar_lane_folder_empty(int dirfd, struct ar_error *error)
{
    struct stays none = { 0 };
    return empty(dirfd, &none, error);
}

bool ar_lane_folder_clear(int root, const char *name, int dirfd)
{
    struct stat st;
    struct ar_error ignored;
    return is_still(root, name, dirfd, &st) && ar_lane_folder_empty(dirfd, &ignored) == 0;
}

/* Empties a folder and the one for sets in it. False where they are not what they were, or cannot be emptied. */
static bool empty_both(int root, const char *lane, int dirfd, const struct ar_ledger *ledger, uint32_t *left)
{
    struct stat st, named;
    struct ar_error ignored;
    mode_t made = made_mode();
    struct stays in_lane = { .ask = stays_in_lane, .made = made }, in_sets = { .ask = stays_in_sets, .ledger = ledger, .made = made };
    if (!is_still(root, lane, dirfd, &st))
        return false;
    int sets = openat(dirfd, AR_FILES_SETS, flags);
    if (sets < 0)
        return false;
    bool done = fstat(sets, &named) == 0 && named.st_dev == st.st_dev && is_as_made(sets) &&
                empty(sets, &in_sets, &ignored) == 0 && empty(dirfd, &in_lane, &ignored) == 0;
    close(sets);
    *left = in_sets.n;
    return done;
}

int ar_lane_folder_close(int root, const char *lane, uint32_t number, int dirfd, const struct ar_ledger *ledger, bool *again, uint32_t *sets,
                         struct ar_error *error)
{
    char waiting[32];
    waiting_name(waiting, number);
    *sets = 0;
    *again = empty_both(root, lane, dirfd, ledger, sets) && renameat(root, lane, root, waiting) == 0;
    return *again ? 0 : ar_dir_remove(root, lane, error);
}

/* ---- a copy --------------------------------------------------------------------------------------------------------- */

static int copy_file(int from, int to, const char *name, struct ar_error *error)
{
    struct stat st;
    int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    int fd = in < 0 ? -1 : openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    int result = -1;
    if (fd < 0 || fstat(in, &st) != 0)
        ar_fail_errno(error, errno, "cannot copy '%s' in the work folder", name);
    else
        result = ar_copy_fd(fd, name, in, (uint64_t)st.st_size, name, error);
    if (in >= 0)
        close(in);
    if (fd >= 0)
        close(fd);
    return result;
}

/* Copies the files in a folder; what is no file is passed over. */
static int copy_files(int from, int to, struct ar_error *error)
{
    int copy = openat(from, ".", flags);
    DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
    if (!dir) {
        ar_fail_errno(error, errno, "cannot read a folder in the work folder");
        if (copy >= 0)
            close(copy);
        return -1;
    }
    int result = 0;
    struct dirent *entry;
    struct stat st;
    while (result == 0 && (errno = 0, entry = readdir(dir)) != NULL)
        if (fstatat(from, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
            result = copy_file(from, to, entry->d_name, error);
    if (result == 0 && errno != 0)
        result = ar_fail_errno(error, errno, "cannot read a folder in the work folder");
    closedir(dir);
    return result;
}

static int copy_both(int from, int to, struct ar_error *error)
{
    int sets = openat(from, AR_FILES_SETS, flags), copy = -1;
    if (mkdirat(to, AR_FILES_SETS, 0700) == 0)
        copy = openat(to, AR_FILES_SETS, flags);
    int result = sets >= 0 && copy >= 0 ? copy_files(from, to, error) : ar_fail_errno(error, errno, "cannot copy a work folder");
    if (result == 0)
        result = copy_files(sets, copy, error);
    if (sets >= 0)
        close(sets);
    if (copy >= 0)
        close(copy);
    return result;
}

int ar_lane_folder_copy(int root, int dirfd, const char *copy, struct ar_error *error)
{
    int fd = -1;
    if (ar_dir_remove(root, copy, error) != 0)
        return -1;
    if (mkdirat(root, copy, 0700) == 0)
        fd = openat(root, copy, flags);
    if (fd < 0)
        return ar_fail_errno(error, errno, "cannot make a folder in '%s' (TMPDIR)", ar_tmpdir());
    if (copy_both(dirfd, fd, error) == 0)
        return fd;
    close(fd);
    return -1;
}

/* ---- the work folder ------------------------------------------------------------------------------------------------ */

void ar_work_remove(const char *path)
{
    struct ar_error ignored;
    int turn = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (turn >= 0)
        flock(turn, LOCK_EX);
    (void)!ar_dir_remove(AT_FDCWD, path, &ignored);
    if (turn >= 0)
        close(turn);
}
