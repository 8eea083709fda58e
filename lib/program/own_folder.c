/* SPDX-License-Identifier: MIT */
#include "program/own_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <time.h>

#include "methods/lane_folder.h"

/* Is it still that folder? A method may have closed the descriptor, and have opened another folder since. */
static bool is_own(const struct ar_own_folder *folder)
{
    struct stat st;
    return fstat(folder->fd, &st) == 0 && st.st_dev == folder->dev && st.st_ino == folder->ino;
}

void ar_own_folder_init(struct ar_own_folder *folder)
{
    const char *told = getenv(AR_OWN_FOLDER);
    uintmax_t dev, ino;
    *folder = (struct ar_own_folder){ .fd = -1 };
    if (told && sscanf(told, "%ju:%ju", &dev, &ino) == 2) {
        folder->dev = (dev_t)dev;
        folder->ino = (ino_t)ino;
        folder->fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    unsetenv(AR_OWN_FOLDER);
    if (folder->fd >= 0 && !is_own(folder))
        ar_own_folder_release(folder);
}

void ar_own_folder_release(struct ar_own_folder *folder)
{
    if (folder->fd >= 0)
        close(folder->fd);
    folder->fd = -1;
}

/*
 * Is the process in it, and was nothing made in it since it was empty? A file system's clock has steps of some milliseconds: a time that
 * is that young may be that of a later change, too.
 */
static bool is_untouched(const struct ar_own_folder *folder)
{
    enum { STEP_NS = 20000000 };
    struct timespec now;
    struct stat st;
    const struct timespec *was = &folder->emptied;
    if (stat(".", &st) != 0 || st.st_dev != folder->dev || st.st_ino != folder->ino || st.st_mtim.tv_sec != was->tv_sec ||
        st.st_mtim.tv_nsec != was->tv_nsec || clock_gettime(CLOCK_REALTIME, &now) != 0)
        return false;
    return now.tv_sec - was->tv_sec > 1 || (now.tv_sec - was->tv_sec) * 1000000000L + now.tv_nsec - was->tv_nsec > STEP_NS;
}

/* Is nothing in it but itself and the folder above? As each lane of most methods leaves it. */
static bool is_empty(int fd)
{
    _Alignas(struct dirent64) char entries[512];
    size_t n = 0;
    ssize_t got = lseek(fd, 0, SEEK_SET) == 0 ? getdents64(fd, entries, sizeof entries) : -1;
    for (ssize_t at = 0; at < got; n++)
        at += ((const struct dirent64 *)(const void *)(entries + at))->d_reclen;
    return got > 0 && n == 2;
}

int ar_own_folder_renew(struct ar_own_folder *folder, struct ar_error *error)
{
    struct stat st;
    if (folder->fd < 0 || is_untouched(folder))
        return 0;
    if (!is_own(folder) || fchdir(folder->fd) != 0)
        return ar_fail(error, AR_SYSTEM, "the method closed a descriptor that is not its own");
    if (!is_empty(folder->fd) && ar_lane_folder_empty(folder->fd, error) != 0)
        return -1;
    if (fstat(folder->fd, &st) == 0)
        folder->emptied = st.st_mtim;
    return 0;
}
