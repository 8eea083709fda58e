/* SPDX-License-Identifier: MIT */
/*
 * Reading what stands in a folder: regular files only, so that nothing there is waited for.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "lanes/folder_owner.h"
#include "lanes/ledger.h"

static int refuse(const char *path, mode_t mode, struct ar_error *error)
{
    ar_fail(error, AR_INPUT,
            S_ISFIFO(mode)   ? N_("'%s' is a named pipe, expected a file")
            : S_ISSOCK(mode) ? N_("'%s' is a socket, expected a file")
            : S_ISDIR(mode)  ? N_("'%s' is a folder, expected a file")
                             : N_("'%s' is a device, expected a file"),
            path);
    return ar_hint(error, "Of what stands in a folder only files are read: take it away.");
}

/* Gives fd back, or closes it. */
static int take_file(int fd, const char *path, struct ar_error *error)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        ar_fail_errno(error, errno, "cannot read '%s'", path);
    else if (S_ISREG(st.st_mode))
        return fd;
    else
        refuse(path, st.st_mode, error);
    close(fd);
    return -1;
}

int ar_folder_open_file(int dirfd, const char *path, struct ar_error *error)
{
    struct stat st;
    if (fstatat(dirfd, path, &st, 0) == 0 && !S_ISREG(st.st_mode)) /* opening a device may do something */
        return refuse(path, st.st_mode, error);
    int fd = openat(dirfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return fd < 0 ? ar_fail_open(error, errno, "cannot open '%s'", path) : take_file(fd, path, error);
}

int ar_folder_open_beneath(int dirfd, const char *path, struct ar_error *error)
{
    struct stat st;
    int place = ar_open_beneath(dirfd, path, O_PATH, 0);
    bool other = place >= 0 && fstat(place, &st) == 0 && !S_ISREG(st.st_mode);
    if (place >= 0)
        close(place);
    if (other)
        return refuse(path, st.st_mode, error);
    int fd = place < 0 ? -1 : ar_open_beneath(dirfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    return fd < 0 ? ar_fail_open(error, errno, "cannot open '%s'", path) : take_file(fd, path, error);
}

int ar_folder_read_file(int dirfd, const char *path, struct ar_buf *buf, size_t max, struct ar_error *error)
{
    int fd = ar_folder_open_file(dirfd, path, error);
    size_t total = 0;
    ssize_t n = 1;
    while (fd >= 0 && n > 0 && total <= max) {
        char *to = ar_buf_reserve(buf, (size_t)64 * 1024);
        n = to ? read(fd, to, (size_t)64 * 1024) : 0;
        ar_buf_grew(buf, n > 0 ? (size_t)n : 0);
        total += n > 0 ? (size_t)n : 0;
    }
    if (n < 0)
        ar_fail_errno(error, errno, "cannot read '%s'", path);
    else if (total > max)
        n = ar_fail(error, AR_INPUT, "'%s' is larger than %zu MiB", path, max >> 20);
    if (fd >= 0)
        close(fd);
    return fd < 0 || n < 0 ? -1 : ar_buf_check(buf, error);
}

int ar_folder_read_ledger(int dirfd, const char *path, struct ar_buf *out, struct ar_tree *lanes, struct ar_error *error)
{
    struct ar_buf text;
    struct ar_ledger ledger = { 0 };
    *lanes = (struct ar_tree){ 0 };
    ar_buf_init(&text);
    int result = ar_folder_read_file(dirfd, path, &text, AR_LEDGER_MAX, error);
    if (result == 0)
        result = ar_ledger_parse(&ledger, text.data, text.len, path, error);
    if (result == 0) {
        static const char *const own[] = { AR_FOLDER_LANES, AR_FOLDER_MIXED, AR_FOLDER_MEMBER, AR_FOLDER_KIND };
        const struct ar_node *pins = ar_node_get(ledger.tree.root, AR_FOLDER_LANES);
        if (pins)
            ar_tree_put_copy(lanes, NULL, NULL, pins);
        for (size_t i = 0; i < AR_COUNT(own); i++)
            ar_node_drop(ledger.tree.root, own[i]);
        ar_node_dump(out, ledger.tree.root);
        result = ar_tree_check(lanes, error) == 0 ? ar_buf_check(out, error) : -1;
    }
    ar_ledger_release(&ledger);
    ar_buf_release(&text);
    return result;
}
