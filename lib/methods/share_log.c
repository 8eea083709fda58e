/* SPDX-License-Identifier: MIT */
#include "methods/share_log.h"

#include "bytes/file.h"

int ar_share_log_init(struct ar_share_log *log, uint32_t n, struct ar_error *error)
{
    *log = (struct ar_share_log){ .part = calloc(n, sizeof *log->part), .n = n };
    return log->part ? 0 : ar_fail_memory(error);
}

void ar_share_log_release(struct ar_share_log *log)
{
    free(log->part);
    *log = (struct ar_share_log){ 0 };
}

/* Appends what stands from an offset on up to another, or up to the end of the file. */
static int read_part(int fd, uint64_t from, uint64_t to, struct ar_buf *text, struct ar_error *error)
{
    return to > from && ar_read_at(text, fd, from, (size_t)(to - from), N_("cannot read the log"), error) < 0 ? -1 : 0;
}

/* The lane, not before the one of which text comes, that is called so; n where there is none. */
static uint32_t find_lane(const struct ar_share_log *log, const char *name, size_t n, ar_share_log_name *name_of, const void *arg)
{
    uint32_t lane = log->at;
    for (; lane < log->n; lane++) {
        const struct ar_target *target = name_of(arg, lane);
        if (target->data_len == n && memcmp(target->data, name, n) == 0)
            break;
    }
    return lane;
}

/* Is a mark's name, of n bytes, that of a lane? Then its text comes now; the mark stands at that offset of the file. */
static bool take_mark(struct ar_share_log *log, uint64_t offset, const char *name, size_t n, ar_share_log_name *name_of, const void *arg)
{
    uint64_t behind = offset + n + 2;
    uint32_t lane = find_lane(log, name, n, name_of, arg);
    if (lane == log->n)
        return false;
    if (lane > log->at) {
        log->part[log->at].to = offset;
        log->part[lane].from = behind;
    } else if (!log->marked) {
        log->first = (struct ar_log_part){ .from = offset, .to = behind };
    }
    log->at = lane;
    log->marked = true;
    return true;
}

int ar_share_log_read(struct ar_share_log *log, int fd, uint64_t end, ar_share_log_name *name_of, const void *arg,
                      struct ar_error *error)
{
    struct ar_buf text;
    if (end <= log->seen)
        return 0;
    ar_buf_init(&text);
    int result = read_part(fd, log->seen, end, &text, error);
    size_t at = 0;
    while (result == 0 && at < text.len) {
        const char *mark = memchr(text.data + at, AR_LOG_MARK, text.len - at);
        size_t start = mark ? (size_t)(mark - text.data) : text.len;
        const char *lf = mark ? memchr(mark, '\n', text.len - start) : NULL;
        size_t n = lf ? (size_t)(lf - mark) - 1 : 0;
        at = start;
        if (!lf)
            break; /* the rest of it comes later */
        at += take_mark(log, log->seen + start, mark + 1, n, name_of, arg) ? n + 2 : 1;
    }
    if (result == 0) {
        log->part[log->at].to = log->seen + text.len;
        log->seen += at;
    }
    ar_buf_release(&text);
    return result;
}

int ar_share_log_text(const struct ar_share_log *log, int fd, uint32_t lane, struct ar_buf *text, struct ar_error *error)
{
    const struct ar_log_part *part = &log->part[lane];
    if (lane > 0)
        return read_part(fd, part->from, part->to, text, error);
    if (read_part(fd, part->from, log->first.from, text, error) != 0)
        return -1;
    return read_part(fd, log->first.to, part->to, text, error);
}
