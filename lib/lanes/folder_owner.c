/* SPDX-License-Identifier: MIT */
#include "lanes/folder_owner.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "lanes/ledger.h"


/* ---- what the run before has noted ---------------------------------------------------------------------------------- */

/* Is it the name of a file beneath the folder: relative, each part of it neither empty nor "." or ".."? */
static bool is_inside(const char *name, size_t n)
{
    if (n == 0 || memchr(name, '\0', n))
        return false;
    for (size_t at = 0; at <= n;) {
        size_t len = strcspn(name + at, "/");
        if (len == 0 || (len == 1 && name[at] == '.') || (len == 2 && memcmp(name + at, "..", 2) == 0))
            return false;
        at += len + 1;
    }
    return true;
}

/* Adds the folders in which a file of ours stands. */
static int add_folders(struct ar_folder *folder, const char *name, struct ar_error *error)
{
    bool added;
    for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/'))
        if (ar_names_add(&folder->folders, name, (size_t)(slash - name), &added) < 0)
            return ar_fail_memory(error);
    return 0;
}

/* Adds a file of ours, and the folders in which it stands. */
static int add_old(struct ar_folder *folder, const char *file, const char *name, size_t n, struct ar_error *error)
{
    bool added;
    if (!is_inside(name, n)) {
        ar_fail(error, AR_INPUT, "'%s/%s' lists '%s', which is no file of that folder", folder->path, file, name);
        return ar_hint(error, "Deliver into another folder.");
    }
    return ar_names_add(&folder->old, name, n, &added) < 0 ? ar_fail_memory(error) : add_folders(folder, name, error);
}

static int add_listed(struct ar_folder *folder, const char *file, const struct ar_json_span *list, struct ar_error *error)
{
    char what[64];
    snprintf(what, sizeof what, "'%s', '" AR_FOLDER_MEMBER "'", file);
    json_t *names = ar_json_load(list->text, list->len, false, what, error);
    if (!names)
        return -1;
    size_t i;
    json_t *name;
    int result = json_is_array(names) ? 0 : ar_fail(error, AR_INPUT, "%s: expected an array of names", what);
    json_array_foreach (names, i, name) {
        if (result == 0 && !json_is_string(name))
            result = ar_fail(error, AR_INPUT, "%s: expected an array of names", what);
        if (result == 0)
            result = add_old(folder, file, json_string_value(name), json_string_length(name), error);
    }
    json_decref(names);
    return result;
}

/* Takes an index that is there, whole or set aside. */
static int take_index(struct ar_folder *folder, const char *file, const struct ar_buf *text, struct ar_error *error)
{
    struct ar_json_span list, kind;
    if (ar_ledger_check_seal(text->data, text->len, file, error) != 0)
        return ar_hint(error, "Deliver into another folder.");
    if (ar_json_find_member(text->data, text->len, AR_FOLDER_KIND, &kind) &&
        (kind.len != strlen(folder->kind) + 2 || memcmp(kind.text + 1, folder->kind, kind.len - 2) != 0)) {
        ar_fail(error, AR_INPUT, "the folder '%s' holds %.*s, and not %s", folder->path, (int)kind.len, kind.text, folder->kind);
        return ar_hint(error, "Deliver into another folder: its files would be deleted.");
    }
    if (ar_json_find_member(text->data, text->len, AR_FOLDER_MEMBER, &list))
        return add_listed(folder, file, &list, error);
    ar_fail(error, AR_INPUT, "'%s' holds a %s of another program", folder->path, file);
    return ar_hint(error, "Deliver into another folder.");
}

/* Sets *found where it is there. */
static int read_index(struct ar_folder *folder, const char *file, bool *found, struct ar_error *error)
{
    struct ar_buf text;
    struct stat st;
    *found = fstatat(folder->fd, file, &st, AT_SYMLINK_NOFOLLOW) == 0;
    if (!*found)
        return 0;
    ar_buf_init(&text);
    int result = ar_folder_read_file(folder->fd, file, &text, AR_LEDGER_MAX, error);
    if (result == 0)
        result = take_index(folder, file, &text, error);
    ar_buf_release(&text);
    return result;
}

/* The names that a run noted which was cut off: its last line may be a part of one, whose file never came to be. */
static int read_names(struct ar_folder *folder, struct ar_error *error)
{
    struct ar_buf text;
    struct stat st;
    if (fstatat(folder->fd, AR_FOLDER_NAMES, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return 0;
    ar_buf_init(&text);
    int result = ar_folder_read_file(folder->fd, AR_FOLDER_NAMES, &text, AR_LEDGER_MAX, error);
    const char *line = text.data, *end;
    for (; result == 0 && (end = strchr(line, '\n')); line = end + 1) {
        struct ar_error ignored;
        json_t *name = ar_json_load(line, (size_t)(end - line), false, AR_FOLDER_NAMES, &ignored);
        if (json_is_string(name))
            result = add_old(folder, AR_FOLDER_NAMES, json_string_value(name), json_string_length(name), error);
        json_decref(name);
    }
    ar_buf_release(&text);
    return result;
}

/* ---- what is there -------------------------------------------------------------------------------------------------- */

/*
 * Is base, of n bytes, what a file manager hides: a name with a dot at its start (.DS_Store), one of those that Windows leaves where
 * somebody has looked at pictures, or that of a spreadsheet's program as long as a table is open in it (~$result.csv)?
 */
static bool is_hidden(const char *base, size_t n)
{
    static const char *const names[] = { "Thumbs.db", "ehthumbs.db", "desktop.ini" };
    for (size_t i = 0; i < AR_COUNT(names); i++)
        if (strlen(names[i]) == n && strncasecmp(base, names[i], n) == 0)
            return true;
    return n > 0 && (base[0] == '.' || (n > 1 && base[0] == '~' && base[1] == '$'));
}

/* A walk through the folder and those in it that are ours. */
struct walk {
    struct ar_folder *folder;
    bool sweep; /* deletes what is left of a renaming */
    struct ar_buf path; /* of the folder at hand, with a slash behind it; empty at the top */
};

/*
 * Is the hidden file base, in the folder at hand, what a file of ours is called until it is renamed? Its name may be cut there,
 * and that of the index is another one.
 */
static bool is_temporary(struct walk *walk, const char *base, struct ar_error *error)
{
    const size_t start = walk->path.len, len = strlen(base), n = ar_file_temporary(base);
    if (n == 0)
        return false;
    ar_buf_add(&walk->path, base + 1, n);
    const char *name = walk->path.data;
    bool ours = strcmp(name, AR_FOLDER_INDEX) == 0 || strcmp(name, AR_FOLDER_INDEX_OLD) == 0;
    const struct ar_names *old = &walk->folder->old;
    ours = ours || ar_names_find(old, name, walk->path.len) >= 0;
    for (size_t i = 0; i < old->count && !ours && len + 3 >= NAME_MAX; i++)
        ours = old->name[i].len > walk->path.len && memcmp(old->name[i].text, name, walk->path.len) == 0;
    ours = ours && ar_buf_check(&walk->path, error) == 0;
    ar_buf_truncate(&walk->path, start);
    return ours;
}

static int walk_folder(struct walk *walk, int fd, struct ar_error *error);

enum { LEVELS = 2 }; /* images/L */

/* Is it a folder in which all is hidden, as one that a file manager has kept from being deleted with its last picture? */
static bool all_is_hidden(int dirfd, const char *base, unsigned levels)
{
    const int fd = levels ? openat(dirfd, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    const struct dirent *entry;
    bool found = false, all = true;
    while (all && (entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        found = true;
        all = is_hidden(entry->d_name, strlen(entry->d_name)) || all_is_hidden(fd, entry->d_name, levels - 1);
    }
    closedir(dir);
    return found && all;
}

static int refuse(const struct walk *walk, const char *path, struct ar_error *error)
{
    ar_fail(error, AR_INPUT, "the folder '%s' holds other files, such as '%s'", walk->folder->path, path);
    return ar_hint(error, walk->folder->old.count
                              ? N_("An earlier run has delivered here, and what is not of it is not touched: move it elsewhere, or deliver into another folder.")
                              : N_("Deliver into an empty folder, or one that an earlier run has made."));
}

/* What is hidden is no matter, unless a renaming has left it. */
static int see_hidden(struct walk *walk, int dirfd, const char *base, struct ar_error *error)
{
    if (walk->sweep && is_temporary(walk, base, error) && unlinkat(dirfd, base, 0) != 0 && errno != ENOENT)
        return ar_fail_errno(error, errno, "cannot delete '%s/%s%s'", walk->folder->path, walk->path.data, base);
    return 0;
}

static int see_entry(struct walk *walk, int dirfd, const char *base, struct ar_error *error)
{
    const struct ar_folder *folder = walk->folder;
    const size_t start = walk->path.len;
    ar_buf_add_text(&walk->path, base);
    int result = ar_buf_check(&walk->path, error);
    const char *path = walk->path.data;
    const bool ours = result == 0 && ar_names_find(&folder->folders, path, walk->path.len) >= 0;
    if (result == 0 && !ours && is_hidden(base, strlen(base))) {
        ar_buf_truncate(&walk->path, start);
        return see_hidden(walk, dirfd, base, error);
    }
    if (ours) {
        int fd = openat(dirfd, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0) {
            result = ar_folder_fail_led_out(folder, path, errno, error);
        } else {
            ar_buf_add_char(&walk->path, '/');
            result = walk_folder(walk, fd, error);
        }
    } else if (result == 0 && strcmp(path, AR_FOLDER_INDEX) != 0 && ar_names_find(&folder->old, path, walk->path.len) < 0 &&
               !all_is_hidden(dirfd, base, LEVELS)) {
        result = refuse(walk, path, error);
    }
    ar_buf_truncate(&walk->path, start);
    return result;
}

/* Everything in it, hidden files aside, must be ours. Takes fd over. */
static int walk_folder(struct walk *walk, int fd, struct ar_error *error)
{
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        int saved = errno;
        if (fd >= 0)
            close(fd);
        return ar_fail_errno(error, saved, "cannot read the folder '%s/%s'", walk->folder->path, walk->path.data);
    }
    int result = 0;
    struct dirent *entry;
    while (result == 0 && (errno = 0, entry = readdir(dir))) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
            result = see_entry(walk, fd, name, error);
    }
    if (result == 0 && errno != 0)
        result = ar_fail_errno(error, errno, "cannot read the folder '%s/%s'", walk->folder->path, walk->path.data);
    closedir(dir);
    return result;
}

static int walk_all(struct ar_folder *folder, bool sweep, struct ar_error *error)
{
    struct walk walk = { .folder = folder, .sweep = sweep };
    ar_buf_init(&walk.path);
    int result = walk_folder(&walk, openat(folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), error);
    ar_buf_release(&walk.path);
    return result;
}

/* What ar-run has added to the result of an earlier run. */
static int add_added(struct ar_folder *folder, struct ar_error *error)
{
    static const char *const names[] = { AR_FOLDER_RUN, AR_FOLDER_SUMS };
    if ((!folder->found && !folder->cut) || strcmp(folder->kind, "result") != 0)
        return 0;
    for (size_t i = 0; i < AR_COUNT(names); i++)
        if (add_old(folder, AR_FOLDER_INDEX, names[i], strlen(names[i]), error) != 0)
            return -1;
    return 0;
}

int ar_folder_check_owner(struct ar_folder *folder, struct ar_error *error)
{
    if (read_index(folder, AR_FOLDER_INDEX, &folder->found, error) != 0 ||
        read_index(folder, AR_FOLDER_INDEX_OLD, &folder->cut, error) != 0 || read_names(folder, error) != 0 ||
        add_added(folder, error) != 0)
        return -1;
    return walk_all(folder, false, error);
}

/* ---- notes for the next run ----------------------------------------------------------------------------------------- */

static int set_index_aside(struct ar_folder *folder, struct ar_error *error)
{
    char empty[64];
    int n = snprintf(empty, sizeof empty, "{\"" AR_FOLDER_MEMBER "\":[],\"" AR_FOLDER_KIND "\":\"%s\"}\n", folder->kind);
    if (folder->found && renameat(folder->fd, AR_FOLDER_INDEX, folder->fd, AR_FOLDER_INDEX_OLD) != 0)
        return ar_fail_errno(error, errno, "cannot rename '%s/%s'", folder->path, AR_FOLDER_INDEX);
    if (!folder->found && !folder->cut &&
        ar_file_put(folder->fd, AR_FOLDER_INDEX_OLD, true, empty, (size_t)n, false, error) != 0)
        return ar_folder_fail_file(error, folder->path, AR_FOLDER_INDEX_OLD);
    return 0;
}

/* What an earlier run noted stays, since its files may be there. */
static int begin_names(struct ar_folder *folder, struct ar_error *error)
{
    folder->names = ar_open_beneath(folder->fd, AR_FOLDER_NAMES, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK, 0666);
    if (folder->names < 0)
        return ar_fail_open(error, errno, "cannot create '%s/%s'", folder->path, AR_FOLDER_NAMES);
    if (lseek(folder->names, 0, SEEK_END) <= 0)
        return 0;
    if (ar_write_fd(folder->names, "\n", 1, AR_FOLDER_NAMES, error) != 0) /* its last line may be cut */
        return ar_folder_fail_file(error, folder->path, AR_FOLDER_NAMES);
    return 0;
}

int ar_folder_begin_notes(struct ar_folder *folder, struct ar_error *error)
{
    if ((folder->cut || !folder->found) && walk_all(folder, true, error) != 0)
        return -1;
    return set_index_aside(folder, error) != 0 ? -1 : begin_names(folder, error);
}

/* Is something of others there, by the first n bytes of the name of a file of ours? */
static bool is_taken(const struct ar_folder *folder, const char *name, size_t n)
{
    struct stat st;
    if (ar_names_find(name[n] ? &folder->folders : &folder->old, name, n) >= 0)
        return false;
    char *path = strndup(name, n);
    bool taken = path && fstatat(folder->fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
    free(path);
    return taken;
}

int ar_folder_check_name(const struct ar_folder *folder, const char *name, struct ar_error *error)
{
    for (size_t at = 0, end; name[at]; at = end + (name[end] == '/')) {
        end = at + strcspn(name + at, "/");
        if (!is_hidden(name + at, end - at) || !is_taken(folder, name, end))
            continue;
        ar_fail(error, AR_INPUT, "the folder '%s' holds another file '%.*s'", folder->path, (int)end, name);
        return ar_hint(error, "Deliver into an empty folder, or one that an earlier run has made.");
    }
    return 0;
}

int ar_folder_note(struct ar_folder *folder, const char *name, struct ar_error *error)
{
    struct ar_buf line;
    bool added;
    if (ar_folder_check_name(folder, name, error) != 0 || add_folders(folder, name, error) != 0)
        return -1;
    if (ar_names_add(&folder->written, name, strlen(name), &added) < 0)
        return ar_fail_memory(error);
    if (!added)
        return ar_fail(error, AR_INPUT, "two files of one name, '%s', for the folder '%s'", name, folder->path);
    ar_buf_init(&line);
    ar_json_add_string(&line, name, strlen(name));
    ar_buf_add_char(&line, '\n');
    int result = ar_buf_check(&line, error);
    if (result == 0 && ar_write_fd(folder->names, line.data, line.len, AR_FOLDER_NAMES, error) != 0)
        result = ar_folder_fail_file(error, folder->path, AR_FOLDER_NAMES);
    ar_buf_release(&line);
    return result;
}

int ar_folder_end_notes(struct ar_folder *folder, struct ar_error *error)
{
    static const char *const names[] = { AR_FOLDER_NAMES, AR_FOLDER_INDEX_OLD };
    for (size_t i = 0; i < AR_COUNT(names); i++)
        if (unlinkat(folder->fd, names[i], 0) != 0 && errno != ENOENT)
            return ar_fail_errno(error, errno, "cannot delete '%s/%s'", folder->path, names[i]);
    return 0;
}

/* ---- failures ------------------------------------------------------------------------------------------------------- */

int ar_folder_fail_led_out(const struct ar_folder *folder, const char *path, int errnum, struct ar_error *error)
{
    if (errnum != ELOOP && errnum != ENOTDIR && errnum != EXDEV)
        return ar_fail_errno(error, errnum, "cannot open '%s/%s'", folder->path, path);
    ar_fail(error, AR_INPUT, "'%s/%s' is no folder any more", folder->path, path);
    return ar_hint(error, "No part of what is delivered may be a link: take it away, and deliver again.");
}

int ar_folder_fail_file(struct ar_error *error, const char *folder, const char *name)
{
    const struct ar_error was = *error;
    const char *slash = strrchr(name, '/');
    const char *const called[] = { name, slash ? slash + 1 : name };
    for (size_t i = 0; i < AR_COUNT(called); i++) {
        const size_t n = strlen(called[i]);
        const char *at = was.what;
        while ((at = strstr(at, called[i])) && (at == was.what || at[-1] != '\'' || at[n] != '\''))
            at++;
        if (!at)
            continue;
        ar_fail(error, was.status, "%.*s%s/%s%s", (int)(at - was.what), was.what, folder, name, at + n);
        error->system_errno = was.system_errno;
        return *was.hint ? ar_hint(error, "%s", was.hint) : -1;
    }
    return -1;
}
