/* SPDX-License-Identifier: MIT */
/*
 * What is told of a program that ended: how it did, what it printed, and the end of its log.
 */
#include <sys/stat.h>

#include "bytes/file.h"
#include "bytes/text.h"
#include "methods/proc.h"

enum { MIB = 1 << 20 };

/* ---- telling -------------------------------------------------------------------------------------------------------- */

bool ar_proc_ok(const struct ar_proc_end *end)
{
    return end->how == AR_PROC_EXITED && end->value == 0;
}

void ar_proc_describe(const struct ar_proc_end *end, struct ar_buf *buf)
{
    const char *abbreviation = end->how == AR_PROC_SIGNAL ? sigabbrev_np(end->value) : NULL;

    switch (end->how) {
    case AR_PROC_EXITED:
        ar_buf_add_tr(buf, "exited with status %d", end->value);
        break;
    case AR_PROC_SIGNAL:
        if (abbreviation)
            ar_buf_add_tr(buf, "was killed by signal %d (%s)", end->value, abbreviation);
        else
            ar_buf_add_tr(buf, "was killed by signal %d", end->value);
        break;
    case AR_PROC_TIME:
        ar_buf_add_tr(buf, "ran longer than its limit of %g s", end->limit);
        break;
    case AR_PROC_OUTPUT:
        if (end->out_limit >= MIB && end->out_limit % MIB == 0)
            ar_buf_add_tr(buf, "wrote more than %" PRIu64 " MiB to standard output", end->out_limit / MIB);
        else
            ar_buf_add_tr(buf, "wrote more than %" PRIu64 " bytes to standard output", end->out_limit);
        break;
    case AR_PROC_UNSTARTED:
        ar_buf_add_tr(buf, "could not be started: %s", ar_errno_text(end->value));
        break;
    }
}

/* ---- what it printed ------------------------------------------------------------------------------------------------ */

int ar_proc_output(struct ar_buf *buf, int out, uint64_t n, const char *failed, struct ar_error *error)
{
    return ar_read_all_at(buf, out, 0, (size_t)n, failed, error);
}

/* ---- its log -------------------------------------------------------------------------------------------------------- */

/* The start of the last lines of the text up to end, at most that many. */
static size_t last_lines(const char *text, size_t end, size_t lines)
{
    while (end > 0)
        if (text[end - 1] == '\n' && --lines == 0)
            break;
        else
            end--;
    return end;
}

/* Shows a line: of what CRs separate, what stands last. */
static void show_line(struct ar_buf *buf, const char *line, size_t n)
{
    while (n > 0 && line[n - 1] == '\r')
        n--;

    const char *cr = memrchr(line, '\r', n);
    size_t skip = cr ? (size_t)(cr + 1 - line) : 0;

    ar_text_show(buf, line + skip, n - skip);
    ar_buf_add_char(buf, '\n');
}

/* Shows the lines of a piece of the log; cut: there is something before it. */
static void show_lines(struct ar_buf *buf, const char *text, size_t n, size_t lines, bool cut)
{
    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
        n--;

    size_t at = lines > 0 ? last_lines(text, n, lines) : n;
    const char *lf = memchr(text, '\n', n);

    if (at == 0 && cut && lf) {
        at = (size_t)(lf + 1 - text);
    } else if (at == 0 && cut && n > 0) {
        while (at < n && ((unsigned char)text[at] & 0xC0) == 0x80) /* the rest of a character */
            at++;
        ar_buf_add_text(buf, "… ");
    }
    while (at < n) {
        const char *end = memchr(text + at, '\n', n - at);
        size_t len = end ? (size_t)(end - text) - at : n - at;

        show_line(buf, text + at, len);
        at += len + 1;
    }
}

int ar_log_tail(struct ar_buf *buf, int fd, uint64_t start, size_t lines, size_t bytes, struct ar_error *error)
{
    struct ar_buf piece;
    struct stat st;

    if (fstat(fd, &st) != 0)
        return ar_fail_errno(error, errno, "cannot read the log");

    uint64_t size = (uint64_t)st.st_size, from = start;
    if (from > size)
        from = size;
    if (size - from > bytes)
        from = size - bytes;

    ar_buf_init(&piece);
    int result = ar_read_at(&piece, fd, from, (size_t)(size - from), N_("cannot read the log"), error) < 0 ? -1 : 0;
    if (result == 0)
        show_lines(buf, piece.data, piece.len, lines, from > start);
    ar_buf_release(&piece);
    return result == 0 ? ar_buf_check(buf, error) : -1;
}

void ar_log_hint(struct ar_error *error, int fd)
{
    enum { SAID_MAX = 512 };
    struct ar_error ignored;
    struct ar_buf said;

    ar_buf_init(&said);
    if (ar_log_tail(&said, fd, 0, 1, SAID_MAX, &ignored) == 0 && said.len > 1) {
        error->hint[0] = '\0';
        ar_hint(error, "The last that it said: %.*s", (int)said.len - 1, said.data);
    }
    ar_buf_release(&said);
}
