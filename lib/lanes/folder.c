/* SPDX-License-Identifier: MIT */
#include "lanes/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "lanes/ledger.h"

#define MEMBER "folder"
#define KIND "folder_kind"

/* ---- the index of the run before ------------------------------------------------------------------------------------ */

/* Reads an index, where there is one. Sets *found. */
static int read_index(struct ar_folder *folder, const char *name, bool *found, struct ar_error *error)
{
    struct ar_buf text;
    struct stat st;
    *found = fstatat(folder->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
    if (!*found)
        return 0;
    ar_buf_init(&text);
    int result = ar_read_file(folder->fd, name, &text, AR_LEDGER_MAX, error);
    struct ar_json_span list, kind;
    if (result == 0 && ar_json_find_member(text.data, text.len, KIND, &kind) &&
        (kind.len != strlen(folder->kind) + 2 || memcmp(kind.text + 1, folder->kind, kind.len - 2) != 0)) {
        ar_fail(error, AR_INPUT, "the folder '%s' holds %.*s, and not %s", folder->path, (int)kind.len, kind.text, folder->kind);
        result = ar_hint(error, "Deliver into another folder: its files would be deleted.");
    } else if (result == 0 && ar_json_find_member(text.data, text.len, MEMBER, &list)) {
        json_t *names = ar_json_load(list.text, list.len, false, name, error);
        size_t i;
        json_t *value;
        bool added;
        result = names ? 0 : -1;
        json_array_foreach (names, i, value)
            if (json_is_string(value) &&
                ar_names_add(&folder->old, json_string_value(value), json_string_length(value), &added) < 0)
                result = ar_fail_memory(error);
        json_decref(names);
    } else if (result == 0) {
        ar_fail(error, AR_INPUT, "'%s' holds a %s of another program", folder->path, name);
        result = ar_hint(error, "Deliver into another folder.");
    }
    ar_buf_release(&text);
    return result;
}

/* Is there something in the old index that stands in the folder name? */
static bool is_folder_of_ours(const struct ar_folder *folder, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < folder->old.count; i++)
        if (strncmp(folder->old.name[i].text, name, n) == 0 && folder->old.name[i].text[n] == '/')
            return true;
    return false;
}

/* Everything at the folder's top, hidden files aside, must be in the index. */
static int refuse_others(const struct ar_folder *folder, struct ar_error *error)
{
    int fd = openat(folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        int saved = errno;
        if (fd >= 0)
            close(fd);
        return ar_fail_errno(error, saved, "cannot read the folder '%s'", folder->path);
    }
    int result = 0;
    struct dirent *entry;
    while (result == 0 && (entry = readdir(dir))) {
        const char *name = entry->d_name;
        if (name[0] == '.' || strcmp(name, AR_FOLDER_INDEX) == 0 || ar_names_find(&folder->old, name, strlen(name)) >= 0 ||
            is_folder_of_ours(folder, name))
            continue;
        ar_fail(error, AR_INPUT, "the folder '%s' holds other files, such as '%s'", folder->path, name);
        result = ar_hint(error, "Deliver into an empty folder, or one that an earlier run has made.");
    }
    closedir(dir);
    return result;
}

/* Sets the index aside; a folder that has none gets an empty one, so that a run that is cut off is seen. */
static int set_index_aside(struct ar_folder *folder, struct ar_error *error)
{
    char empty[64];
    int n = snprintf(empty, sizeof empty, "{\"" MEMBER "\":[],\"" KIND "\":\"%s\"}\n", folder->kind);
    int result = 0;
    if (folder->found && renameat(folder->fd, AR_FOLDER_INDEX, folder->fd, AR_FOLDER_INDEX_OLD) != 0)
        result = ar_fail_errno(error, errno, "cannot rename '%s/%s'", folder->path, AR_FOLDER_INDEX);
    else if (!folder->found && !folder->cut)
        result = ar_file_put(folder->fd, AR_FOLDER_INDEX_OLD, true, empty, (size_t)n, false, error);
    folder->aside = result == 0;
    return result;
}

/* Reads the index of the opened folder, whole or set aside, and refuses one that is somebody else's. */
static int check_owner(struct ar_folder *folder, struct ar_error *error)
{
    if (read_index(folder, AR_FOLDER_INDEX, &folder->found, error) != 0 ||
        read_index(folder, AR_FOLDER_INDEX_OLD, &folder->cut, error) != 0)
        return -1;
    return folder->cut ? 0 : refuse_others(folder, error);
}

static int begin(struct ar_folder *folder, const char *path, const char *kind, bool sync, struct ar_error *error)
{
    *folder = (struct ar_folder){ .fd = -1, .kind = kind, .sync = sync, .path = strdup(path) };
    return folder->path ? 0 : ar_fail_memory(error);
}

int ar_folder_probe(const char *path, const char *kind, struct ar_error *error)
{
    struct ar_folder folder;
    if (begin(&folder, path, kind, false, error) != 0)
        return -1;
    int result = 0;
    folder.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder.fd >= 0)
        result = check_owner(&folder, error);
    else if (errno != ENOENT)
        result = ar_fail_open(error, errno, "cannot open the folder '%s'", path);
    ar_folder_release(&folder);
    return result;
}

/* One run at a time delivers into a folder. The lock goes with the descriptor, however its holder ends. */
static int lock(const struct ar_folder *folder, struct ar_error *error)
{
    if (flock(folder->fd, LOCK_EX | LOCK_NB) == 0 || errno == ENOSYS || errno == EOPNOTSUPP)
        return 0;
    if (errno != EWOULDBLOCK)
        return ar_fail_errno(error, errno, "cannot lock the folder '%s'", folder->path);
    ar_fail(error, AR_SYSTEM, "another run delivers into the folder '%s' now", folder->path);
    return ar_hint(error, "Wait until it has ended, or deliver into another folder.");
}

int ar_folder_open(struct ar_folder *folder, const char *path, const char *kind, bool sync, struct ar_error *error)
{
    if (begin(folder, path, kind, sync, error) != 0)
        return -1;
    folder->fd = ar_dir_open(path, error);
    if (folder->fd >= 0 && lock(folder, error) == 0 && check_owner(folder, error) == 0)
        return 0;
    ar_folder_release(folder);
    return -1;
}

bool ar_folder_holds(const struct ar_folder *folder, int fd)
{
    struct stat input, file;
    if (fstat(fd, &input) != 0 || !S_ISREG(input.st_mode))
        return false;
    for (size_t i = 0; i < folder->old.count; i++)
        if (fstatat(folder->fd, folder->old.name[i].text, &file, AT_SYMLINK_NOFOLLOW) == 0 && file.st_dev == input.st_dev &&
            file.st_ino == input.st_ino)
            return true;
    return false;
}

void ar_folder_release(struct ar_folder *folder)
{
    if (folder->fd >= 0)
        close(folder->fd);
    folder->fd = -1;
    free(folder->path);
    folder->path = NULL;
    ar_names_release(&folder->old);
    ar_names_release(&folder->written);
}

/* ---- files ---------------------------------------------------------------------------------------------------------- */

static int note_written(struct ar_folder *folder, const char *name, struct ar_error *error)
{
    bool added;
    if (ar_names_add(&folder->written, name, strlen(name), &added) < 0)
        return ar_fail_memory(error);
    return added ? 0 : ar_fail(error, AR_INPUT, "two files of one name, '%s', for the folder '%s'", name, folder->path);
}

int ar_folder_create(struct ar_folder *folder, struct ar_file *file, const char *name, struct ar_error *error)
{
    if ((!folder->aside && set_index_aside(folder, error) != 0) || note_written(folder, name, error) != 0)
        return -1;
    return ar_file_create(file, folder->fd, name, true, error);
}

int ar_folder_commit(struct ar_folder *folder, struct ar_file *file, struct ar_error *error)
{
    bool changed;
    return folder->sync ? ar_file_commit(file, true, error) : ar_file_commit_if_changed(file, &changed, error);
}

int ar_folder_put(struct ar_folder *folder, const char *name, const void *bytes, size_t n, struct ar_error *error)
{
    struct ar_file file;
    if (ar_folder_create(folder, &file, name, error) != 0)
        return -1;
    if (ar_write_fd(file.fd, bytes, n, name, error) != 0) {
        ar_file_abandon(&file);
        return -1;
    }
    return ar_folder_commit(folder, &file, error);
}

/* ---- the end -------------------------------------------------------------------------------------------------------- */

/* A folder of ours has become a link, or a file. */
static int fail_led_out(const struct ar_folder *folder, const char *path, int errnum, struct ar_error *error)
{
    if (errnum != ELOOP && errnum != ENOTDIR && errnum != EXDEV)
        return ar_fail_errno(error, errnum, "cannot open '%s/%s'", folder->path, path);
    ar_fail(error, AR_INPUT, "'%s/%s' is no folder any more", folder->path, path);
    return ar_hint(error, "No part of what is delivered may be a link: take it away, and deliver again.");
}

/* Deletes a file of the run before, and the folders that it leaves empty. */
static int delete_old(const struct ar_folder *folder, const char *name, struct ar_error *error)
{
    char *path = strdup(name);
    if (!path)
        return ar_fail_memory(error);
    int result = 0;
    char *slash = strrchr(path, '/');
    if (slash)
        *slash = '\0';
    int parent = slash ? ar_open_beneath(folder->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0) : dup(folder->fd);
    if (parent < 0 && errno != ENOENT)
        result = fail_led_out(folder, path, errno, error);
    else if (parent >= 0 && unlinkat(parent, slash ? slash + 1 : path, 0) != 0 && errno != ENOENT)
        result = ar_fail_errno(error, errno, "cannot delete '%s/%s'", folder->path, name);
    if (parent >= 0)
        close(parent);
    while (slash && unlinkat(folder->fd, path, AT_REMOVEDIR) == 0) {
        slash = strrchr(path, '/');
        if (slash)
            *slash = '\0';
    }
    free(path);
    return result;
}

/* The ledger's text with the list of files, sealed. */
static void write_index(const struct ar_folder *folder, const char *ledger, size_t n, struct ar_buf *out)
{
    size_t pos = 0;
    struct ar_json_span key, value;
    ar_buf_add_char(out, '{');
    while (ar_json_next_member(ledger, n, &pos, &key, &value) > 0) {
        if (key.len == 6 && memcmp(key.text, "\"xxh3\"", 6) == 0)
            continue;
        ar_buf_add(out, key.text, key.len);
        ar_buf_add_char(out, ':');
        ar_buf_add(out, value.text, value.len);
        ar_buf_add_char(out, ',');
    }
    ar_buf_add_text(out, "\"" MEMBER "\":[");
    for (size_t i = 0; i < folder->written.count; i++) {
        ar_buf_add_text(out, i ? "," : "");
        ar_json_add_string(out, folder->written.name[i].text, folder->written.name[i].len);
    }
    ar_buf_add_format(out, "],\"" KIND "\":\"%s\"", folder->kind);
    ar_ledger_seal(out, 0);
    ar_buf_add_char(out, '\n');
}

int ar_folder_finish(struct ar_folder *folder, const char *ledger, size_t n, struct ar_error *error)
{
    for (size_t i = 0; i < folder->old.count; i++) {
        const struct ar_name *name = &folder->old.name[i];
        if (ar_names_find(&folder->written, name->text, name->len) < 0 && delete_old(folder, name->text, error) != 0)
            return -1;
    }
    struct ar_buf text;
    ar_buf_init(&text);
    write_index(folder, ledger, n, &text);
    int result = ar_buf_check(&text, error);
    if (result == 0)
        result = ar_file_put(folder->fd, AR_FOLDER_INDEX, true, text.data, text.len, folder->sync, error);
    ar_buf_release(&text);
    if (result == 0 && unlinkat(folder->fd, AR_FOLDER_INDEX_OLD, 0) != 0 && errno != ENOENT)
        result = ar_fail_errno(error, errno, "cannot delete '%s/%s'", folder->path, AR_FOLDER_INDEX_OLD);
    return result;
}

int ar_folder_read_ledger(int dirfd, const char *path, struct ar_buf *out, struct ar_error *error)
{
    struct ar_buf text;
    struct ar_ledger ledger = { 0 };
    ar_buf_init(&text);
    int result = ar_read_file(dirfd, path, &text, AR_LEDGER_MAX, error);
    if (result == 0)
        result = ar_ledger_parse(&ledger, text.data, text.len, path, error);
    if (result == 0) {
        json_object_del(ledger.json, MEMBER);
        json_object_del(ledger.json, KIND);
        ar_json_dump(out, ledger.json);
        result = ar_buf_check(out, error);
    }
    ar_ledger_release(&ledger);
    ar_buf_release(&text);
    return result;
}
