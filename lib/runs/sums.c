/* SPDX-License-Identifier: MIT */
#include "runs/sums.h"

#include <fcntl.h>
#include <nettle/sha2.h>

#include "bytes/names.h"
#include "bytes/tr.h"
#include "lanes/folder.h"
#include "lanes/folder_owner.h"
#include "lanes/ledger.h"

enum { HEX = 2 * SHA256_DIGEST_SIZE, PIECE = 1 << 18 };

/* The digest of an opened file. 0, or -1 with errno. */
static int digest_file(int fd, char hex[HEX + 1], const struct ar_tick *tick)
{
    struct sha256_ctx context;
    uint8_t digest[SHA256_DIGEST_SIZE];
    char *piece = malloc(PIECE);
    ssize_t n = piece ? 1 : -1;
    sha256_init(&context);
    while (n > 0 && (n = read(fd, piece, PIECE)) > 0) {
        sha256_update(&context, (size_t)n, (uint8_t *)piece);
        if (tick && tick->stop && *tick->stop) {
            errno = EINTR;
            n = -1;
        }
    }
    int saved = errno;
    free(piece);
    errno = saved;
    if (n < 0)
        return -1;
    sha256_digest(&context, sizeof digest, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    return 0;
}

static int add_name(struct ar_names *names, const char *name, struct ar_error *error)
{
    bool added;
    return ar_names_add(names, name, strlen(name), &added) >= 0 ? 0 : ar_fail_memory(error);
}

/* Is the text that of an index? */
static int check_index(const struct ar_buf *text, struct ar_error *error)
{
    struct ar_ledger ledger = { 0 };
    int result = ar_ledger_parse(&ledger, text->data, text->len, AR_FOLDER_INDEX, error);
    ar_ledger_release(&ledger);
    return result;
}

/* A list of names, and one at least? */
static bool is_list(const json_t *list)
{
    size_t i;
    json_t *name;
    bool all = json_array_size(list) > 0;
    json_array_foreach (list, i, name)
        all = all && json_is_string(name);
    return all;
}

static int read_index(struct ar_buf *index, int dirfd, struct ar_error *error)
{
    return ar_folder_read_file(dirfd, AR_FOLDER_INDEX, index, AR_LEDGER_MAX, error);
}

/* The files of the folder, by the text of its index, and the index. */
static int take_names(struct ar_names *names, const struct ar_buf *index, const char *dir, struct ar_error *error)
{
    struct ar_json_span list;
    json_t *json = NULL, *name;
    int result = 0;
    size_t i;
    if (ar_json_find_member(index->data, index->len, AR_FOLDER_MEMBER, &list))
        json = ar_json_load(list.text, list.len, false, AR_FOLDER_INDEX, error);
    if (!is_list(json))
        result = ar_fail(error, AR_INPUT, "'%s/" AR_FOLDER_INDEX "' lists no files", dir);
    json_array_foreach (json, i, name)
        if (result == 0)
            result = add_name(names, json_string_value(name), error);
    json_decref(json);
    return result == 0 ? add_name(names, AR_FOLDER_INDEX, error) : -1;
}

/* ---- writing -------------------------------------------------------------------------------------------------------- */

/* A line. A name with a line break or backslash is written with escapes, which a backslash before the digest tells. */
static void add_line(struct ar_buf *text, const char *hex, const char *name)
{
    bool escaped = strpbrk(name, "\n\r\\") != NULL;
    ar_buf_add_text(text, escaped ? "\\" : "");
    ar_buf_add_text(text, hex);
    ar_buf_add_text(text, "  ");
    for (; *name; name++) {
        if (*name == '\n')
            ar_buf_add_text(text, "\\n");
        else if (*name == '\r')
            ar_buf_add_text(text, "\\r");
        else if (*name == '\\')
            ar_buf_add_text(text, "\\\\");
        else
            ar_buf_add_char(text, *name);
    }
    ar_buf_add_char(text, '\n');
}

static int add_file(struct ar_buf *text, int dirfd, const char *dir, const char *name, bool optional, const struct ar_tick *tick,
                    struct ar_error *error)
{
    char hex[HEX + 1];
    int fd = ar_open_beneath(dirfd, name, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0 && errno == ENOENT && optional)
        return 0;
    int result = fd < 0 ? -1 : digest_file(fd, hex, tick);
    if (result != 0)
        ar_fail_errno(error, errno, "cannot read '%s/%s'", dir, name);
    else
        add_line(text, hex, name);
    if (fd >= 0)
        close(fd);
    return result;
}

int ar_sums_write(const char *dir, const struct ar_tick *tick, struct ar_error *error)
{
    struct ar_buf text, index;
    struct ar_names names = { 0 };
    int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dirfd < 0)
        return ar_fail_open(error, errno, "cannot open the folder '%s'", dir);
    ar_buf_init(&text);
    ar_buf_init(&index);
    int result = read_index(&index, dirfd, error) == 0 ? take_names(&names, &index, dir, error) : -1;
    ar_buf_release(&index);
    for (size_t i = 0; i < names.count && result == 0; i++)
        result = add_file(&text, dirfd, dir, names.name[i].text, false, tick, error);
    if (result == 0)
        result = add_file(&text, dirfd, dir, AR_FOLDER_RUN, true, tick, error);
    if (result == 0)
        result = ar_buf_check(&text, error);
    if (result == 0 && ar_file_put(dirfd, AR_SUMS_NAME, true, text.data, text.len, true, error) != 0)
        result = ar_folder_fail_file(error, dir, AR_SUMS_NAME);
    ar_names_release(&names);
    ar_buf_release(&text);
    close(dirfd);
    return result;
}

/* ---- checking ------------------------------------------------------------------------------------------------------- */

/* Takes a line apart: its digest, and its name, in which escapes are undone. False where it is none. */
static bool take_line(char *line, char **hex, char **name)
{
    bool escaped = *line == '\\';
    *hex = line + escaped;
    if (strspn(*hex, "0123456789abcdef") != HEX || strncmp(*hex + HEX, "  ", 2) != 0)
        return false;
    (*hex)[HEX] = '\0';
    *name = *hex + HEX + 2;
    char *to = *name;
    for (const char *from = *name; escaped && *from; from++) {
        if (*from == '\\') {
            from++;
            if (!*from || !strchr("nr\\", *from))
                return false;
            *to++ = *from == 'n' ? '\n' : *from == 'r' ? '\r' : '\\';
        } else {
            *to++ = *from;
        }
    }
    if (escaped)
        *to = '\0';
    return **name != '\0';
}

/* What is wrong with the file, or NULL. */
static const char *check_file(int dirfd, const char *name, const char *wanted, const struct ar_tick *tick)
{
    char hex[HEX + 1];
    int fd = ar_open_beneath(dirfd, name, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0 && (errno == ELOOP || errno == ENOTDIR || errno == EXDEV))
        return N_("a link, or outside the folder");
    if (fd < 0)
        return errno == ENOENT ? N_("missing") : ar_errno_text(errno);
    int result = digest_file(fd, hex, tick), why = errno;
    close(fd);
    if (result != 0)
        return ar_errno_text(why);
    return strcmp(hex, wanted) == 0 ? NULL : N_("changed");
}

struct check {
    const char *dir;
    int dirfd;
    struct ar_names listed;
    bool index_told; /* what is wrong with the index */
    void (*wrong)(void *arg, const char *name, const char *how);
    void *arg;
    const struct ar_tick *tick;
};

/* Each file of a line. */
static int check_lines(struct check *check, char *line, struct ar_error *error)
{
    char *end, *hex, *name;
    for (size_t i = 0; (end = strchr(line, '\n')); line = end + 1, i++) {
        *end = '\0';
        if (!take_line(line, &hex, &name))
            return ar_fail(error, AR_INPUT, "'%s/" AR_SUMS_NAME "', line %zu: expected a SHA-256 and a name", check->dir, i + 1);
        const char *how = check_file(check->dirfd, name, hex, check->tick);
        if (ar_tick(check->tick, i, error) != 0 || add_name(&check->listed, name, error) != 0)
            return -1;
        if (!how)
            continue;
        check->wrong(check->arg, name, how);
        check->index_told |= strcmp(name, AR_FOLDER_INDEX) == 0;
    }
    return *line || check->listed.count == 0 ? ar_fail(error, AR_INPUT, "'%s/" AR_SUMS_NAME "' is cut", check->dir) : 0;
}

/* Has the file its line? */
static bool check_listed(const struct check *check, const char *name)
{
    const bool listed = ar_names_find(&check->listed, name, strlen(name)) >= 0;
    if (!listed)
        check->wrong(check->arg, name, N_("not in " AR_SUMS_NAME ", which is cut or changed"));
    return listed;
}

/* Is there a line for each file that belongs there? The index tells these, and where it does not, one thing is told of it. */
static void check_names(const struct check *check)
{
    struct ar_names names = { 0 };
    struct ar_buf index;
    struct ar_error ignored;
    ar_buf_init(&index);
    if (read_index(&index, check->dirfd, &ignored) == 0 && check_index(&index, &ignored) == 0 &&
        take_names(&names, &index, check->dir, &ignored) == 0)
        for (size_t i = 0; i < names.count; i++)
            check_listed(check, names.name[i].text);
    else if (check_listed(check, AR_FOLDER_INDEX) && !check->index_told)
        check->wrong(check->arg, AR_FOLDER_INDEX, N_("does not list the files of the folder"));
    if (faccessat(check->dirfd, AR_FOLDER_RUN, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        check_listed(check, AR_FOLDER_RUN);
    ar_buf_release(&index);
    ar_names_release(&names);
}

int ar_sums_check(const char *dir, void (*wrong)(void *arg, const char *name, const char *how), void *arg, size_t *n,
                  const struct ar_tick *tick, struct ar_error *error)
{
    struct check check = { .dir = dir, .wrong = wrong, .arg = arg, .tick = tick };
    struct ar_buf text;
    int result = 0;
    *n = 0;
    check.dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (check.dirfd < 0)
        return ar_fail_open(error, errno, "cannot open the folder '%s'", dir);
    ar_buf_init(&text);
    if (ar_folder_read_file(check.dirfd, AR_SUMS_NAME, &text, AR_LEDGER_MAX, error) != 0)
        result = ar_folder_fail_file(error, dir, AR_SUMS_NAME);
    if (result == 0 && memchr(text.data, '\0', text.len))
        result = ar_fail(error, AR_INPUT, "'%s/" AR_SUMS_NAME "' has a NUL: it is cut or damaged", dir);
    if (result == 0)
        result = check_lines(&check, text.data, error);
    if (result == 0)
        check_names(&check);
    *n = check.listed.count;
    ar_names_release(&check.listed);
    ar_buf_release(&text);
    close(check.dirfd);
    return result;
}
