/* SPDX-License-Identifier: MIT */
#include "lanes/waiting.h"

#include "bytes/file.h"

void ar_waiting_release(struct ar_waiting *waiting)
{
    if (!waiting->out)
        return;
    ar_out_abandon(waiting->out);
    close(waiting->fd);
    *waiting = (struct ar_waiting){ 0 };
}

static int open_spool(struct ar_waiting *waiting, struct ar_error *error)
{
    if (waiting->out)
        return 0;
    char name[256];
    waiting->fd = ar_spool_open(error);
    if (waiting->fd < 0)
        return -1;
    waiting->out = ar_out_new(waiting->fd, ar_spool_name(name), AR_FILTER_NONE, error);
    if (!waiting->out) {
        close(waiting->fd);
        return -1;
    }
    ar_tar_writer_init(&waiting->tar, waiting->out);
    return 0;
}

int ar_waiting_add(struct ar_waiting *waiting, struct ar_stream *stream, const struct ar_entry *entry, const char *name,
                   uint64_t *body, struct ar_error *error)
{
    const struct ar_tar_entry *tar = entry->tar;
    struct ar_tar_meta meta = { .name = name, .size = tar->size, .is_file = tar->is_file || ar_entry_is_file(entry->kind),
                                .image_type = tar->image_type, .pax = tar->pax, .pax_len = tar->pax_len };
    if (open_spool(waiting, error) != 0 || ar_tar_put(&waiting->tar, &meta, error) != 0)
        return -1;
    if (body)
        *body = ar_out_offset(waiting->out);
    if (entry->text)
        return ar_tar_write(&waiting->tar, entry->text, entry->len, error);
    const char *bytes;
    ssize_t n;
    while ((n = ar_stream_view(stream, &bytes, (size_t)256 * 1024, error)) > 0)
        if (ar_tar_write(&waiting->tar, bytes, (size_t)n, error) != 0)
            return -1;
    return n < 0 ? -1 : 0;
}

int ar_waiting_put(struct ar_waiting *waiting, const struct ar_tar_meta *meta, const void *bytes, struct ar_error *error)
{
    return open_spool(waiting, error) != 0 ? -1 : ar_tar_put_whole(&waiting->tar, meta, bytes, error);
}

uint64_t ar_waiting_end(const struct ar_waiting *waiting)
{
    return waiting->out ? ar_out_offset(waiting->out) : 0;
}

int ar_waiting_send(struct ar_waiting *waiting, struct ar_out *out, uint64_t start, uint64_t end, struct ar_error *error)
{
    char name[256];
    if (start >= end)
        return 0;
    if (ar_out_flush(waiting->out, error) != 0)
        return -1;
    return ar_out_copy(out, waiting->fd, start, end - start, ar_spool_name(name), error);
}

int ar_waiting_read(struct ar_waiting *waiting, struct ar_buf *buf, uint64_t start, uint64_t end, struct ar_error *error)
{
    size_t n = end > start ? (size_t)(end - start) : 0;
    if (n == 0)
        return 0;
    if (ar_out_flush(waiting->out, error) != 0)
        return -1;
    return ar_read_all_at(buf, waiting->fd, start, n, N_("cannot read a temporary file"), error);
}

int ar_waiting_digest(struct ar_waiting *waiting, char xxh3[AR_DIGEST_HEX + 1], struct ar_error *error)
{
    uint64_t end = ar_waiting_end(waiting);
    if (end && ar_out_flush(waiting->out, error) != 0)
        return -1;
    return ar_digest_fd(waiting->fd, end, xxh3) == 0 ? 0 : ar_fail_errno(error, errno, "cannot read a temporary file");
}
