/* SPDX-License-Identifier: MIT */
/*
 * Files that appear whole or not at all, folders that nothing leaves, and temporary files.
 */
#ifndef AR_BYTES_FILE_H
#define AR_BYTES_FILE_H

#include <sys/stat.h>
#include <time.h>

#include "bytes/io.h"

/* ---- a file that appears whole -------------------------------------------------------------------------------------- */

struct ar_file {
    int fd;          /* open for writing and reading; -1 once committed or abandoned */
    int dirfd;       /* the folder that it will appear in; its own descriptor */
    char *name;      /* its last component */
    char *temporary; /* name of the file beside it, or NULL while it has none (O_TMPFILE) */
};

/*
 * Starts a file that will be called path: beneath the folder dirfd where beneath is true (no component may be a link or "..";
 * folders that are missing on the way are made, mode 0777 less the umask), else as open(2) resolves path from dirfd (the folder
 * must exist). Until ar_file_commit nothing changes under that name; without O_TMPFILE on the file system, there is a hidden file
 * beside it. 0, or -1: AR_INPUT where the name is wrong, or stands for something that is not to be replaced (a folder, device,
 * pipe or socket), else AR_SYSTEM.
 */
int ar_file_create(struct ar_file *file, int dirfd, const char *path, bool beneath, struct ar_error *error) AR_MUST_USE;

/*
 * Makes it appear under its name, mode 0666 less the umask, in place of what was there (a link is replaced, not followed); sync:
 * it is on the disk first, and its name after. 0, or -1 (AR_SYSTEM). The descriptor is closed in both cases; where it failed, the
 * file is gone.
 */
int ar_file_commit(struct ar_file *file, bool sync, struct ar_error *error) AR_MUST_USE;

/*
 * As ar_file_commit without sync, but where a regular file of that name with the same bytes is there already, that one stays
 * untouched. Sets *changed accordingly.
 */
int ar_file_commit_if_changed(struct ar_file *file, bool *changed, struct ar_error *error) AR_MUST_USE;

/* For an error path: the file is gone; keeps errno. Does nothing on one that was committed or abandoned. */
void ar_file_abandon(struct ar_file *file);

/*
 * The length of NAME where base is ".NAME.XXXXXX.tmp", as files beside their place are called; NAME may be cut there, where it is long.
 * 0 where it is something else.
 */
size_t ar_file_temporary(const char *base);

/* Deletes what is left in the folder dirfd of files of these names (the last is NULL) that were killed before they appeared. */
void ar_file_sweep(int dirfd, const char *const *names);

/* A whole small file at once, in the manner of ar_file_create and ar_file_commit. */
int ar_file_put(int dirfd, const char *path, bool beneath, const void *bytes, size_t n, bool sync, struct ar_error *error)
    AR_MUST_USE;

/* ---- folders -------------------------------------------------------------------------------------------------------- */

/* Opens the folder path, made (with its parents) where it is missing. A descriptor for *at calls, or -1. */
int ar_dir_open(const char *path, struct ar_error *error) AR_MUST_USE;

/*
 * Opens path beneath the folder dirfd with openat2's RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS (flags as for open(2), O_CLOEXEC is
 * added). Where the system has no openat2, or forbids it, component by component, and then no ".." is allowed. A descriptor, or
 * -1 with errno set (ELOOP or ENOTDIR: a link; EXDEV: it leads out) and nothing recorded. mode counts only with O_CREAT.
 */
int ar_open_beneath(int dirfd, const char *path, int flags, mode_t mode);

/*
 * The path of the file that path leads to where it is a link, else path; the caller frees it. NULL, recorded, where the link leads nowhere,
 * or to a descriptor of a process (/dev/stdout, /proc/self/fd/1): another file put in that one's place would be read by nobody.
 */
char *ar_link_target(const char *path, struct ar_error *error) AR_MUST_USE;

/*
 * Deletes the folder name in dirfd (or the file or link of that name) with all that is in it, following no link and leaving what
 * is mounted there. 0, or -1 with the first failure (it goes on after one). A name that is not there is no failure.
 */
int ar_dir_remove(int dirfd, const char *name, struct ar_error *error) AR_MUST_USE;

/*
 * To an error of the system's that was just recorded, where space ran out: names the folder in which room is needed, that of the file, or fd
 * itself. A file that has no name is none. Returns -1.
 */
int ar_hint_room(struct ar_error *error, int fd);

/* ---- temporary files ------------------------------------------------------------------------------------------------ */

/* The folder for temporary files: TMPDIR, or /tmp. Valid until the environment changes. */
const char *ar_tmpdir(void);

/* What messages call a spool: "temporary file in /tmp (TMPDIR)", without quotes, for between quotes. */
const char *ar_spool_name(char name[256]);

/* A file without a name in ar_tmpdir(), for reading and writing; it goes with its last descriptor. -1 on failure. */
int ar_spool_open(struct ar_error *error) AR_MUST_USE;

/*
 * Appends up to n bytes of fd from offset on (its position stays); fewer only where the file ends before. failed is the message where
 * that cannot be read. How many, or -1 (AR_SYSTEM).
 */
ssize_t ar_read_at(struct ar_buf *buf, int fd, uint64_t offset, size_t n, const char *failed, struct ar_error *error) AR_MUST_USE;

/* The same, all n bytes: a file that ends before cannot be read. 0 or -1. */
int ar_read_all_at(struct ar_buf *buf, int fd, uint64_t offset, size_t n, const char *failed, struct ar_error *error) AR_MUST_USE;

/* Are both the same file, which was not written to or replaced in between? */
bool ar_same_file(const struct stat *a, const struct stat *b);

/* A file in memory that holds the text, for others to open by its descriptor's path; closed on exec. A descriptor, or -1. */
int ar_memory_file(const char *text, size_t n, struct ar_error *error) AR_MUST_USE;

/* Makes a private folder (mode 0700) "ar-XXXXXX" in ar_tmpdir(); appends its path to path. A descriptor, or -1 on failure. */
int ar_tmpdir_make(struct ar_buf *path, struct ar_error *error) AR_MUST_USE;

/*
 * The same in two steps, for who notes where it is before it is there: appends the absolute path of one that is not there, 0 or -1; and
 * makes it, a descriptor or -1.
 */
int ar_tmpdir_name(struct ar_buf *path, struct ar_error *error) AR_MUST_USE;
int ar_tmpdir_make_as(const char *path, struct ar_error *error) AR_MUST_USE;

/* ---- mapped inputs -------------------------------------------------------------------------------------------------- */

/*
 * The bytes of an input, all at one address. A regular file is mapped as it is; anything else, and what is compressed, is written
 * to a spool first, and that is mapped.
 */
struct ar_map {
    const char *data; /* never NULL */
    uint64_t len;
    enum ar_filter filter; /* what was undone */
    uint64_t source_bytes; /* bytes of the source, before decompression */
    bool spooled;
    int fd;                /* its own descriptor of what is mapped; -1 once released */
    uint64_t position;     /* where in fd the data begins */
    void *base;            /* what was mapped: page-aligned, or NULL */
    size_t base_len;
    struct timespec mtime; /* of the file when it was mapped */
    uint64_t file_size;    /* likewise */
};

/*
 * Maps what in still holds, and consumes it; the data stays valid after ar_in_free. in must be fresh (nothing consumed) or stand
 * at the start of what is wanted. max: no more than these bytes are taken (UINT64_MAX: all); fewer are no failure. 0 or -1.
 */
int ar_map_in(struct ar_map *map, struct ar_in *in, uint64_t max, struct ar_error *error) AR_MUST_USE;

/*
 * Looks at what goes to a spool as it comes: n bytes behind those of the calls before. True ends the spool behind them: the rest
 * does not matter, since what is there is at fault already. (An input need not have an end.)
 */
struct ar_map_watch {
    bool (*enough)(void *arg, const char *bytes, size_t n);
    void *arg;
};

/* As ar_map_in, watched; what is mapped as it is need not be looked at. */
int ar_map_in_watched(struct ar_map *map, struct ar_in *in, uint64_t max, const struct ar_map_watch *watch,
                      struct ar_error *error)
    AR_MUST_USE;

/*
 * Reads once more what was mapped, from its start and as it stands in the map; map must stay. name is said in messages. NULL on failure.
 */
struct ar_in *ar_map_again(const struct ar_map *map, const char *name, struct ar_error *error) AR_MUST_USE;

/* -1 (AR_INPUT) where the mapped file was changed since (size or modification time); name is said. */
int ar_map_check(const struct ar_map *map, const char *name, struct ar_error *error) AR_MUST_USE;

void ar_map_release(struct ar_map *map);

#endif
