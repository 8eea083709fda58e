/* SPDX-License-Identifier: MIT */
#include "methods/cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "bytes/file.h"
#include "bytes/text.h"

#define SWEPT ".swept"

enum { DAY = 24 * 60 * 60 };

/* ---- left-over files ------------------------------------------------------------------------------------------------ */

/* One that ar_file_create has made here: .KEY.tar.XXXXXX.tmp, .KEY.json.XXXXXX.tmp. Other people's are none of ours. */
static bool is_temporary(const char *name)
{
    size_t n = ar_file_temporary(name);
    if (n <= AR_DIGEST_HEX || strspn(name + 1, "0123456789abcdef") != AR_DIGEST_HEX)
        return false;
    const char *kind = name + 1 + AR_DIGEST_HEX;
    n -= AR_DIGEST_HEX;
    return ar_text_is(kind, n, ".tar") || ar_text_is(kind, n, ".json");
}

/* Deletes temporary files that nobody can be writing any more. What cannot be deleted stays: it is in nobody's way. */
static void sweep(int dirfd, time_t now)
{
    int copy = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
    if (!dir && copy >= 0)
        close(copy);
    struct dirent *entry;
    struct stat st;
    while (dir && (entry = readdir(dir)) != NULL)
        if (is_temporary(entry->d_name) && fstatat(dirfd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
            st.st_mtime < now - DAY)
            unlinkat(dirfd, entry->d_name, 0);
    if (dir)
        closedir(dir);
}

/* Large folders take long to look through: once a day is enough. */
static void sweep_daily(int dirfd)
{
    struct stat st;
    time_t now = time(NULL);
    if (fstatat(dirfd, SWEPT, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_mtime >= now - DAY && st.st_mtime <= now + DAY)
        return;
    sweep(dirfd, now);
    int fd = openat(dirfd, SWEPT, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
    if (fd >= 0) {
        futimens(fd, NULL);
        close(fd);
    }
}

/* ---- the folder ----------------------------------------------------------------------------------------------------- */

/* Can a file be made there? */
static int probe(const struct ar_cache *cache, struct ar_error *error)
{
    struct ar_file file;
    if (ar_file_create(&file, cache->dirfd, ".probe", false, error) == 0) {
        ar_file_abandon(&file);
        return 0;
    }
    ar_fail_in(error, "the folder '%s' of --cache", cache->path);
    error->status = AR_INPUT;
    return ar_hint(error, "Results are kept there: give a folder in which you may write.");
}

int ar_cache_open(struct ar_cache *cache, const char *path, bool write, struct ar_error *error)
{
    *cache = (struct ar_cache){ .dirfd = -1, .path = strdup(path) };
    if (!cache->path)
        return ar_fail_memory(error);
    if (!write) {
        cache->dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return cache->dirfd >= 0 || errno == ENOENT ? 0 : ar_fail_open(error, errno, "cannot open the folder '%s'", path);
    }
    cache->dirfd = ar_dir_open(path, error);
    if (cache->dirfd < 0 || probe(cache, error) != 0)
        return -1;
    sweep_daily(cache->dirfd);
    return 0;
}

void ar_cache_release(struct ar_cache *cache)
{
    if (cache->path && cache->dirfd >= 0)
        close(cache->dirfd);
    free(cache->path);
    *cache = (struct ar_cache){ .dirfd = -1 };
}
