/* SPDX-License-Identifier: MIT */
#include "bytes/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* Maps len bytes of map->fd from position on. 0 or -1 with errno. */
static int map_bytes(struct ar_map *map, uint64_t position, uint64_t len)
{
    struct stat status;
    if (fstat(map->fd, &status) < 0)
        return -1;
    map->mtime = status.st_mtim;
    map->file_size = (uint64_t)status.st_size;
    map->position = position;
    if (len == 0)
        return 0;
    uint64_t before = position % (uint64_t)sysconf(_SC_PAGESIZE);
    if (len > SIZE_MAX - before) {
        errno = EFBIG;
        return -1;
    }
    size_t base_len = (size_t)(before + len);
    void *base = mmap(NULL, base_len, PROT_READ, MAP_PRIVATE, map->fd, (off_t)(position - before));
    if (base == MAP_FAILED)
        return -1;
    (void)madvise(base, base_len, MADV_SEQUENTIAL); /* a matter of speed only */
    map->base = base;
    map->base_len = base_len;
    map->data = (const char *)base + before;
    map->len = len;
    return 0;
}

/* Maps the file behind in as it is. 1, 0 where that does not work and the input is to be spooled, -1 on failure. */
static int map_place(struct ar_map *map, struct ar_in *in, uint64_t max, struct ar_error *error)
{
    int fd;
    uint64_t position;
    struct stat status;
    /* A file without a size may be one of the kernel's, which give more than they say. */
    if (!ar_in_place(in, &fd, &position) || fstat(fd, &status) < 0 || status.st_size == 0)
        return 0;
    uint64_t size = (uint64_t)status.st_size;
    uint64_t len = size > position ? size - position : 0;
    if (len > max)
        len = max;
    map->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (map->fd < 0)
        return ar_fail_errno(error, errno, "cannot map '%s'", ar_in_name(in));
    if (map_bytes(map, position, len) < 0) {
        int errnum = errno;
        ar_map_release(map);
        return errnum == ENODEV ? 0 : ar_fail_errno(error, errnum, "cannot map '%s'", ar_in_name(in));
    }
    map->source_bytes = len;
    if (ar_in_skip(in, len, error) < 0) {
        ar_map_release(map);
        return -1;
    }
    return 1;
}

/* Writes the input to the spool map->fd. Sets *len. */
static int fill_spool(struct ar_map *map, struct ar_in *in, uint64_t max, const struct ar_map_watch *watch, uint64_t *len,
                      struct ar_error *error)
{
    char name[256];
    ar_spool_name(name);
    *len = 0;
    while (*len < max) {
        const char *bytes;
        uint64_t want = max - *len;
        ssize_t got = ar_in_view(in, &bytes, want < (1u << 20) ? (size_t)want : 1u << 20, error);
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        if (ar_write_fd(map->fd, bytes, (size_t)got, name, error) < 0)
            return -1;
        *len += (uint64_t)got;
        if (watch && watch->enough(watch->arg, bytes, (size_t)got))
            break;
    }
    return 0;
}

static int map_spool(struct ar_map *map, struct ar_in *in, uint64_t max, const struct ar_map_watch *watch, struct ar_error *error)
{
    uint64_t len;
    map->spooled = true;
    map->fd = ar_spool_open(error);
    if (map->fd < 0)
        return -1;
    if (fill_spool(map, in, max, watch, &len, error) < 0)
        return -1;
    if (map_bytes(map, 0, len) < 0)
        return ar_fail_errno(error, errno, "cannot map '%s'", ar_in_name(in));
    map->source_bytes = ar_in_taken(in);
    return 0;
}

int ar_map_in(struct ar_map *map, struct ar_in *in, uint64_t max, struct ar_error *error)
{
    return ar_map_in_watched(map, in, max, NULL, error);
}

int ar_map_in_watched(struct ar_map *map, struct ar_in *in, uint64_t max, const struct ar_map_watch *watch,
                      struct ar_error *error)
{
    *map = (struct ar_map){.data = "", .fd = -1, .filter = ar_in_filter(in)};
    int placed = map_place(map, in, max, error);
    if (placed != 0)
        return placed < 0 ? -1 : 0;
    map->filter = ar_in_filter(in);
    if (map_spool(map, in, max, watch, error) < 0) {
        ar_map_release(map);
        return -1;
    }
    return 0;
}

struct ar_in *ar_map_again(const struct ar_map *map, const char *name, struct ar_error *error)
{
    if (lseek(map->fd, (off_t)map->position, SEEK_SET) >= 0)
        return ar_in_new(map->fd, name, error);
    ar_fail_errno(error, errno, "cannot read '%s'", name);
    return NULL;
}

int ar_map_check(const struct ar_map *map, const char *name, struct ar_error *error)
{
    struct stat status;
    if (map->fd < 0 || map->spooled)
        return 0;
    if (fstat(map->fd, &status) < 0)
        return ar_fail_errno(error, errno, "cannot look at '%s'", name);
    if ((uint64_t)status.st_size == map->file_size && status.st_mtim.tv_sec == map->mtime.tv_sec &&
        status.st_mtim.tv_nsec == map->mtime.tv_nsec)
        return 0;
    ar_fail(error, AR_INPUT, "'%s' was changed while it was read", name);
    return ar_hint(error, "Run it again when nothing writes to the file any more.");
}

void ar_map_release(struct ar_map *map)
{
    if (map->base != NULL)
        munmap(map->base, map->base_len);
    if (map->fd >= 0)
        close(map->fd);
    *map = (struct ar_map){.data = "", .fd = -1};
}
