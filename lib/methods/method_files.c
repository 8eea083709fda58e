/* SPDX-License-Identifier: MIT */
#include "methods/method_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <glob.h>

#include "bytes/file.h"
#include "bytes/grow.h"
#include "bytes/text.h"
#include "codecs/json.h"

enum {
    PIECE = 256 * 1024,
    DEPTH = 40,        /* of folders below one of the list */
    LOOKED_AT = 64,    /* files in a call of ar_method_files_changed */
    LISTED_MAX = 200,  /* files of which the record tells each by its name */
    TEXT_MAX = 4096,
};

/* ---- one file ------------------------------------------------------------------------------------------------------- */

static int digest_file(struct ar_method_file *file, const volatile sig_atomic_t *stop, struct ar_error *error)
{
    struct ar_digest digest;
    ssize_t n = -1;
    int fd = open(file->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    char *piece = malloc(PIECE);
    ar_digest_init(&digest);
    if (fd >= 0 && piece && fstat(fd, &file->was) == 0)
        while (!(stop && *stop) && (n = read(fd, piece, PIECE)) > 0)
            ar_digest_add(&digest, piece, (size_t)n);
    int errnum = errno;
    ar_digest_hex(&digest, file->xxh3);
    free(piece);
    if (fd >= 0)
        close(fd);
    if (stop && *stop)
        return ar_fail_errno(error, EINTR, "the work was stopped");
    return n == 0 ? 0 : ar_fail_open(error, errnum, "cannot read '%s', of which the method consists", file->path);
}

int ar_method_files_add(struct ar_method_files *files, const char *path, struct ar_error *error)
{
    if (files->n == files->room && !ar_grow(&files->file, &files->room, sizeof *files->file))
        return ar_fail_memory(error);
    struct ar_method_file *file = &files->file[files->n];
    *file = (struct ar_method_file){ .path = strdup(path) };
    if (!file->path)
        return ar_fail_memory(error);
    files->n++;
    const char *slash = strrchr(file->path, '/');
    file->name = slash ? slash + 1 : file->path;
    return digest_file(file, files->stop, error);
}

/* Looks at n of the files, one after the other. */
static const char *find_changed(struct ar_method_files *files, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct ar_method_file *file = &files->file[files->next++ % files->n];
        struct stat is;
        if (stat(file->path, &is) != 0 || !ar_same_file(&file->was, &is))
            return file->path;
    }
    return NULL;
}

const char *ar_method_files_changed(struct ar_method_files *files)
{
    return find_changed(files, files->n < LOOKED_AT ? files->n : LOOKED_AT);
}

void ar_method_files_release(struct ar_method_files *files)
{
    for (size_t i = 0; i < files->n; i++)
        free(files->file[i].path);
    free(files->file);
    *files = (struct ar_method_files){ 0 };
}

/* ---- a list --------------------------------------------------------------------------------------------------------- */

static bool is_left_out(const char *name)
{
    return strcmp(name, "__pycache__") == 0;
}

static int add_below(struct ar_method_files *files, const char *path, int depth, struct ar_error *error);

/* Adds what the name in the folder path stands for; what is neither file nor folder is left out. */
static int add_inside(struct ar_method_files *files, const char *path, const char *name, int depth, struct ar_error *error)
{
    struct stat st;
    char *inner;
    if (*name == '.' || is_left_out(name))
        return 0;
    if (asprintf(&inner, "%s/%s", path, name) < 0)
        return ar_fail_memory(error);
    int result = 0;
    if (lstat(inner, &st) == 0 && S_ISDIR(st.st_mode))
        result = add_below(files, inner, depth + 1, error);
    else if (stat(inner, &st) == 0 && S_ISREG(st.st_mode))
        result = ar_method_files_add(files, inner, error);
    free(inner);
    return result;
}

static int add_below(struct ar_method_files *files, const char *path, int depth, struct ar_error *error)
{
    DIR *dir = depth < DEPTH ? opendir(path) : (errno = ELOOP, NULL);
    if (!dir)
        return ar_fail_open(error, errno, "cannot read the folder '%s', of which the method consists", path);
    int result = 0;
    struct dirent *entry;
    while (result == 0 && (errno = 0, entry = readdir(dir)) != NULL)
        result = add_inside(files, path, entry->d_name, depth, error);
    if (result == 0 && errno != 0)
        result = ar_fail_errno(error, errno, "cannot read the folder '%s'", path);
    closedir(dir);
    return result;
}

static int add_found(struct ar_method_files *files, const char *path, struct ar_error *error)
{
    struct stat st;
    const char *slash = strrchr(path, '/');
    if (is_left_out(slash ? slash + 1 : path))
        return 0;
    if (stat(path, &st) != 0)
        return ar_fail_open(error, errno, "cannot read '%s', of which the method consists", path);
    if (S_ISDIR(st.st_mode))
        return add_below(files, path, 0, error);
    if (S_ISREG(st.st_mode))
        return ar_method_files_add(files, path, error);
    return ar_fail(error, AR_INPUT, "'%s', of which the method consists, is neither a file nor a folder", path);
}

/* Appends the pattern's whole path. What glob(3) would take for its own in the folder's name is escaped. */
static void add_pattern(struct ar_buf *whole, const char *folder, const char *pattern)
{
    if (*pattern != '/') {
        for (; *folder; folder++) {
            if (strchr("*?[]\\", *folder))
                ar_buf_add_char(whole, '\\');
            ar_buf_add_char(whole, *folder);
        }
        ar_buf_add_char(whole, '/');
        while (strncmp(pattern, "./", 2) == 0)
            pattern += 2;
    }
    ar_buf_add_text(whole, pattern);
    while (whole->len > 1 && whole->data[whole->len - 1] == '/')
        ar_buf_truncate(whole, whole->len - 1);
}

static int fail_nothing(const char *pattern, const char *folder, struct ar_error *error)
{
    ar_fail(error, AR_INPUT, "manifest: no file is found by '%s', of which the method consists", pattern);
    if (*pattern == '/')
        return -1;
    return ar_hint(error, "It is looked for from '%s', where the manifest is: keep that beside the method's files.", folder);
}

static int add_matches(struct ar_method_files *files, const char *pattern, const char *folder, struct ar_error *error)
{
    struct ar_buf whole;
    glob_t found;
    size_t before = files->n;
    ar_buf_init(&whole);
    add_pattern(&whole, folder, pattern);
    int result = ar_buf_check(&whole, error);
    int got = result == 0 ? glob(whole.data, 0, NULL, &found) : GLOB_NOSPACE;
    for (size_t i = 0; got == 0 && result == 0 && i < found.gl_pathc; i++)
        result = add_found(files, found.gl_pathv[i], error);
    if (got == 0)
        globfree(&found);
    ar_buf_release(&whole);
    if (got == GLOB_NOSPACE)
        return ar_fail_memory(error);
    return result == 0 && files->n == before ? fail_nothing(pattern, folder, error) : result;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct ar_method_file *)a)->path, ((const struct ar_method_file *)b)->path);
}

/* Leaves out what came twice, by two patterns. */
static void leave_out_doubles(struct ar_method_files *files)
{
    size_t n = 0;
    for (size_t i = 0; i < files->n; i++) {
        if (n && strcmp(files->file[n - 1].path, files->file[i].path) == 0)
            free(files->file[i].path);
        else
            files->file[n++] = files->file[i];
    }
    files->n = n;
}

/* The length of what all paths begin with: a folder with its slash. */
static size_t common_folder(const struct ar_method_files *files)
{
    const char *first = files->file[0].path;
    size_t n = strlen(first);
    for (size_t i = 1; i < files->n; i++) {
        size_t same = 0;
        while (same < n && first[same] == files->file[i].path[same])
            same++;
        n = same;
    }
    while (n > 0 && first[n - 1] != '/')
        n--;
    return n;
}

int ar_method_files_list(struct ar_method_files *files, char *const *patterns, const char *folder, struct ar_error *error)
{
    for (; *patterns; patterns++)
        if (add_matches(files, *patterns, folder, error) != 0)
            return -1;
    if (files->n == 0)
        return 0;
    qsort(files->file, files->n, sizeof *files->file, by_path);
    leave_out_doubles(files);
    size_t common = common_folder(files);
    for (size_t i = 0; i < files->n; i++)
        files->file[i].name = files->file[i].path + common;
    return 0;
}

/* ---- the whole ------------------------------------------------------------------------------------------------------ */

/* What stands for a long text. */
static void add_digest(struct ar_buf *buf, const char *text, size_t n)
{
    char hex[AR_DIGEST_HEX + 1];
    ar_digest_bytes(text, n, hex);
    ar_buf_add_format(buf, "{\"bytes\":%zu,\"xxh3\":\"%s\"}", n, hex);
}

void ar_method_add_text(struct ar_buf *buf, const char *text, size_t n)
{
    if (n > TEXT_MAX || ar_utf8_check(text, n) != n)
        add_digest(buf, text, n);
    else
        ar_json_add_string(buf, text, n);
}

static void add_file(struct ar_buf *buf, const struct ar_method_file *file)
{
    ar_buf_add_text(buf, "{\"file\":");
    ar_method_add_text(buf, file->name, strlen(file->name));
    ar_buf_add_format(buf, ",\"xxh3\":\"%s\"}", file->xxh3);
}

/* The file that an argument names, if it does. */
static bool names_file(const char *arg, const char *start_dir, struct ar_buf *path)
{
    struct stat st;
    ar_buf_clear(path);
    if (*arg != '/')
        ar_buf_add_format(path, "%s/", start_dir);
    ar_buf_add_text(path, arg);
    return *arg && !path->failed && stat(path->data, &st) == 0 && S_ISREG(st.st_mode);
}

static int add_program(struct ar_method_parts *parts, const struct ar_method_what *what, struct ar_error *error)
{
    const char *slash = strrchr(what->argv[0], '/'), *name = slash ? slash + 1 : what->argv[0];
    if (!slash && what->patterns) {
        ar_method_add_text(&parts->text, name, strlen(name));
        return 0;
    }
    if (ar_method_files_add(&parts->named, what->program, error) != 0)
        return -1;
    add_file(&parts->text, &parts->named.file[parts->named.n - 1]);
    return 0;
}

static int add_arguments(struct ar_method_parts *parts, const struct ar_method_what *what, struct ar_error *error)
{
    struct ar_buf path;
    int result = 0;
    ar_buf_init(&path);
    for (char *const *arg = what->argv + 1; *arg && result == 0; arg++) {
        ar_buf_add_char(&parts->text, ',');
        if (!names_file(*arg, what->start_dir, &path)) {
            ar_method_add_text(&parts->text, *arg, strlen(*arg));
            continue;
        }
        result = ar_method_files_add(&parts->named, path.data, error);
        if (result == 0)
            add_file(&parts->text, &parts->named.file[parts->named.n - 1]);
    }
    ar_buf_release(&path);
    return result;
}

/* The list: each file by its name, or, where they are many, all of them together. */
static void add_list(struct ar_buf *buf, const struct ar_method_files *files)
{
    struct ar_buf list;
    ar_buf_init(&list);
    for (size_t i = 0; i < files->n; i++) {
        const struct ar_method_file *file = &files->file[i];
        bool plain = strlen(file->name) <= TEXT_MAX && ar_utf8_check(file->name, strlen(file->name)) == strlen(file->name);
        char hex[AR_DIGEST_HEX + 1];
        ar_digest_bytes(file->name, strlen(file->name), hex);
        ar_buf_add_text(&list, i ? "," : "");
        ar_json_add_string(&list, plain ? file->name : hex, plain ? strlen(file->name) : AR_DIGEST_HEX);
        ar_buf_add_format(&list, ":\"%s\"", file->xxh3);
    }
    buf->failed |= list.failed;
    if (files->n <= LISTED_MAX)
        ar_buf_add_format(buf, "{%s}", list.data);
    else
        add_digest(buf, list.data, list.len);
    ar_buf_release(&list);
}

int ar_method_parts_read(struct ar_method_parts *parts, const struct ar_method_what *what, struct ar_error *error)
{
    *parts = (struct ar_method_parts){ 0 };
    parts->listed.stop = parts->named.stop = what->stop;
    ar_buf_init(&parts->text);
    ar_buf_add_text(&parts->text, "\"method\":{\"argv\":[");
    if (add_program(parts, what, error) != 0 || add_arguments(parts, what, error) != 0)
        return -1;
    ar_buf_add_char(&parts->text, ']');
    if (what->patterns) {
        if (ar_method_files_list(&parts->listed, what->patterns, what->folder, error) != 0)
            return -1;
        ar_buf_add_text(&parts->text, ",\"files\":");
        add_list(&parts->text, &parts->listed);
    }
    ar_buf_add_char(&parts->text, '}');
    if (what->version) {
        ar_buf_add_text(&parts->text, ",\"version\":");
        ar_method_add_text(&parts->text, what->version->data, what->version->len);
    }
    return ar_buf_check(&parts->text, error);
}

const char *ar_method_parts_changed(struct ar_method_parts *parts)
{
    const char *changed = ar_method_files_changed(&parts->listed);
    return changed ? changed : ar_method_files_changed(&parts->named);
}

const char *ar_method_parts_any_changed(struct ar_method_parts *parts)
{
    const char *changed = find_changed(&parts->listed, parts->listed.n);
    return changed ? changed : find_changed(&parts->named, parts->named.n);
}

void ar_method_parts_release(struct ar_method_parts *parts)
{
    ar_buf_release(&parts->text);
    ar_method_files_release(&parts->listed);
    ar_method_files_release(&parts->named);
}
