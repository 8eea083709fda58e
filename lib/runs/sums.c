/* SPDX-License-Identifier: MIT */
#include "runs/sums.h"

#include <fcntl.h>
#include <nettle/sha2.h>

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

static int add_listed(struct ar_buf *text, int dirfd, const char *dir, const struct ar_tick *tick, struct ar_error *error)
{
    struct ar_buf index;
    struct ar_json_span list;
    ar_buf_init(&index);
    int result = ar_folder_read_file(dirfd, AR_FOLDER_INDEX, &index, AR_LEDGER_MAX, error);
    json_t *names = NULL;
    if (result == 0 && ar_json_find_member(index.data, index.len, AR_FOLDER_MEMBER, &list))
        names = ar_json_load(list.text, list.len, false, AR_FOLDER_INDEX, error);
    else if (result == 0)
        ar_fail(error, AR_INPUT, "'%s/" AR_FOLDER_INDEX "' lists no files", dir);
    result = names ? 0 : -1;
    size_t i;
    json_t *name;
    json_array_foreach (names, i, name)
        if (result == 0 && json_is_string(name))
            result = add_file(text, dirfd, dir, json_string_value(name), false, tick, error);
    json_decref(names);
    ar_buf_release(&index);
    return result == 0 ? add_file(text, dirfd, dir, AR_FOLDER_INDEX, false, tick, error) : -1;
}

int ar_sums_write(const char *dir, const char *const *more, const struct ar_tick *tick, struct ar_error *error)
{
    struct ar_buf text;
    int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dirfd < 0)
        return ar_fail_open(error, errno, "cannot open the folder '%s'", dir);
    ar_buf_init(&text);
    int result = add_listed(&text, dirfd, dir, tick, error);
    for (; result == 0 && *more; more++)
        result = add_file(&text, dirfd, dir, *more, true, tick, error);
    if (result == 0)
        result = ar_buf_check(&text, error);
    if (result == 0 && ar_file_put(dirfd, AR_SUMS_NAME, true, text.data, text.len, true, error) != 0)
        result = ar_folder_fail_file(error, dir, AR_SUMS_NAME);
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

int ar_sums_check(const char *dir, void (*wrong)(void *arg, const char *name, const char *how), void *arg, size_t *n,
                  const struct ar_tick *tick, struct ar_error *error)
{
    struct ar_buf text;
    int result = 0, dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dirfd < 0)
        return ar_fail_open(error, errno, "cannot open the folder '%s'", dir);
    ar_buf_init(&text);
    *n = 0;
    if (ar_folder_read_file(dirfd, AR_SUMS_NAME, &text, AR_LEDGER_MAX, error) != 0)
        result = ar_folder_fail_file(error, dir, AR_SUMS_NAME);
    char *line = text.data, *end, *hex, *name;
    for (; result == 0 && (end = strchr(line, '\n')); line = end + 1, ++*n) {
        *end = '\0';
        if (!take_line(line, &hex, &name)) {
            result = ar_fail(error, AR_INPUT, "'%s/" AR_SUMS_NAME "', line %zu: expected a SHA-256 and a name", dir, *n + 1);
            break;
        }
        const char *how = check_file(dirfd, name, hex, tick);
        result = ar_tick(tick, *n, error);
        if (how && result == 0)
            wrong(arg, name, how);
    }
    if (result == 0 && (*line || *n == 0))
        result = ar_fail(error, AR_INPUT, "'%s/" AR_SUMS_NAME "' is cut", dir);
    ar_buf_release(&text);
    close(dirfd);
    return result;
}
