/* SPDX-License-Identifier: MIT */
#include "lanes/folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "lanes/folder_owner.h"
#include "lanes/ledger.h"

/* ---- opening -------------------------------------------------------------------------------------------------------- */

static int begin(struct ar_folder *folder, const char *path, const char *kind, bool sync, struct ar_error *error)
{
    *folder = (struct ar_folder){ .fd = -1, .names = -1, .kind = kind, .sync = sync, .path = strdup(path) };
    if (!folder->path)
        return ar_fail_memory(error);
    for (size_t n = strlen(path); n > 1 && path[n - 1] == '/'; n--)
        folder->path[n - 1] = '\0';
    return 0;
}

int ar_folder_probe(const char *path, const char *kind, struct ar_error *error)
{
    struct ar_folder folder;
    if (begin(&folder, path, kind, false, error) != 0)
        return -1;
    int result = 0;
    folder.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder.fd >= 0)
        result = ar_folder_check_owner(&folder, error);
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
    if (folder->fd >= 0 && lock(folder, error) == 0 && ar_folder_check_owner(folder, error) == 0)
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
    if (folder->names >= 0)
        close(folder->names);
    folder->fd = folder->names = -1;
    free(folder->path);
    folder->path = NULL;
    ar_tree_release(&folder->lanes);
    ar_names_release(&folder->old);
    ar_names_release(&folder->folders);
    ar_names_release(&folder->written);
}

/*
 * So many files are synchronized one by one. That costs a commit of the file system each, so behind them all of it is synchronized
 * once, before the index says that they are there.
 */
enum { SYNCED_ALONE = 16 };

/* ---- files ---------------------------------------------------------------------------------------------------------- */

int ar_folder_create(struct ar_folder *folder, struct ar_folder_file *file, const char *name, struct ar_error *error)
{
    *file = (struct ar_folder_file){ .file = { .fd = -1, .dirfd = -1 } };
    if ((folder->names < 0 && ar_folder_begin_notes(folder, error) != 0) || ar_folder_note(folder, name, error) != 0)
        return -1;
    if (asprintf(&file->path, "%s/%s", folder->path, name) < 0) {
        file->path = NULL;
        return ar_fail_memory(error);
    }
    if (ar_file_create(&file->file, folder->fd, name, true, error) != 0)
        ar_folder_fail_file(error, folder->path, name);
    else
        file->out = ar_out_new(file->file.fd, file->path, AR_FILTER_NONE, error);
    if (file->out)
        return 0;
    ar_folder_abandon(file);
    return -1;
}

int ar_folder_commit(struct ar_folder *folder, struct ar_folder_file *file, struct ar_error *error)
{
    bool changed;
    int result = ar_out_close(file->out, error);
    file->out = NULL;
    if (result == 0) {
        bool now = folder->sync && folder->written.count <= SYNCED_ALONE;
        folder->late |= folder->sync && !now;
        result = folder->sync ? ar_file_commit(&file->file, now, error)
                              : ar_file_commit_if_changed(&file->file, &changed, error);
        if (result != 0)
            ar_folder_fail_file(error, folder->path, file->path + strlen(folder->path) + 1);
    }
    ar_folder_abandon(file);
    return result;
}

void ar_folder_abandon(struct ar_folder_file *file)
{
    if (!file->path)
        return;
    ar_out_abandon(file->out);
    ar_file_abandon(&file->file);
    free(file->path);
    *file = (struct ar_folder_file){ .file = { .fd = -1, .dirfd = -1 } };
}

int ar_folder_put(struct ar_folder *folder, const char *name, const void *bytes, size_t n, struct ar_error *error)
{
    struct ar_folder_file file;
    if (ar_folder_create(folder, &file, name, error) != 0)
        return -1;
    if (ar_out_write(file.out, bytes, n, error) == 0)
        return ar_folder_commit(folder, &file, error);
    ar_folder_abandon(&file);
    return -1;
}

/* ---- the end -------------------------------------------------------------------------------------------------------- */

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
        result = ar_folder_fail_led_out(folder, path, errno, error);
    else if (parent >= 0 && unlinkat(parent, slash ? slash + 1 : path, 0) != 0 && errno != ENOENT)
        result = ar_fail_errno(error, errno, "cannot delete '%s/%s'", folder->path, name);
    if (parent >= 0)
        close(parent);
    while (result == 0 && slash && (unlinkat(folder->fd, path, AT_REMOVEDIR) == 0 || errno == ENOENT)) {
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
    ar_buf_add_text(out, "\"" AR_FOLDER_MEMBER "\":[");
    for (size_t i = 0; i < folder->written.count; i++) {
        ar_buf_add_text(out, i ? "," : "");
        ar_json_add_string(out, folder->written.name[i].text, folder->written.name[i].len);
    }
    ar_buf_add_format(out, "],\"" AR_FOLDER_KIND "\":\"%s\"", folder->kind);
    if (folder->lanes.root) {
        ar_buf_add_text(out, ",\"" AR_FOLDER_LANES "\":");
        ar_node_dump(out, folder->lanes.root);
    }
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
    if (folder->late && syncfs(folder->fd) != 0)
        return ar_fail_errno(error, errno, "cannot write '%s'", folder->path);
    struct ar_buf text;
    ar_buf_init(&text);
    write_index(folder, ledger, n, &text);
    int result = ar_buf_check(&text, error);
    if (result == 0 && ar_file_put(folder->fd, AR_FOLDER_INDEX, true, text.data, text.len, folder->sync, error) != 0)
        result = ar_folder_fail_file(error, folder->path, AR_FOLDER_INDEX);
    ar_buf_release(&text);
    return result == 0 ? ar_folder_end_notes(folder, error) : -1;
}
