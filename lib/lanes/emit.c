/* SPDX-License-Identifier: MIT */
#include "lanes/emit.h"

void ar_emit_init(struct ar_emit *emit, struct ar_out *out, bool one_lane)
{
    ar_tar_writer_init(&emit->tar, out);
    ar_buf_init(&emit->name);
    ar_buf_init(&emit->text);
    emit->one_lane = one_lane;
}

void ar_emit_release(struct ar_emit *emit)
{
    ar_buf_release(&emit->name);
    ar_buf_release(&emit->text);
}

static int set_name(struct ar_emit *emit, const char *lane, const char *name, struct ar_error *error)
{
    ar_buf_clear(&emit->name);
    if (lane && !emit->one_lane) {
        ar_buf_add_text(&emit->name, lane);
        ar_buf_add_char(&emit->name, '/');
    }
    ar_buf_add_text(&emit->name, name);
    return ar_buf_check(&emit->name, error);
}

int ar_emit_begin(struct ar_emit *emit, const char *lane, const char *name, uint64_t size, bool is_file, const char *image_type,
                  struct ar_error *error)
{
    if (set_name(emit, lane, name, error) != 0)
        return -1;
    struct ar_tar_meta meta = { .name = emit->name.data, .size = size, .is_file = is_file, .image_type = image_type };
    return ar_tar_put(&emit->tar, &meta, error);
}

int ar_emit_whole(struct ar_emit *emit, const char *lane, const char *name, bool is_file, const void *bytes, size_t n,
                  struct ar_error *error)
{
    if (set_name(emit, lane, name, error) != 0)
        return -1;
    struct ar_tar_meta meta = { .name = emit->name.data, .size = n, .is_file = is_file };
    return ar_tar_put_whole(&emit->tar, &meta, bytes, error);
}

int ar_emit_names(struct ar_emit *emit, const struct ar_target *target, struct ar_error *error)
{
    if (ar_emit_whole(emit, target->data, AR_NAME_DATA_NAME, false, target->data, target->data_len, error) != 0)
        return -1;
    return ar_emit_whole(emit, target->data, AR_NAME_SAMPLE_NAME, false, target->sample, target->sample_len, error);
}

int ar_emit_ledger(struct ar_emit *emit, const char *lane, const struct ar_ledger *ledger, struct ar_error *error)
{
    ar_buf_clear(&emit->text);
    ar_ledger_write(ledger, &emit->text);
    if (ar_buf_check(&emit->text, error) != 0)
        return -1;
    return ar_emit_whole(emit, lane, AR_NAME_LEDGER, false, emit->text.data, emit->text.len, error);
}

int ar_emit_pass(struct ar_emit *emit, struct ar_stream *stream, const struct ar_entry *entry, struct ar_error *error)
{
    const struct ar_tar_entry *tar = entry->tar;
    struct ar_tar_meta meta = { .name = tar->name, .size = tar->size, .is_file = tar->is_file || ar_entry_is_file(entry->kind),
                                .image_type = tar->image_type, .pax = tar->pax, .pax_len = tar->pax_len };
    if (entry->text)
        return ar_tar_put_whole(&emit->tar, &meta, entry->text, error);
    if (ar_tar_put(&emit->tar, &meta, error) != 0)
        return -1;
    const char *bytes;
    ssize_t n;
    while ((n = ar_stream_view(stream, &bytes, (size_t)256 * 1024, error)) > 0)
        if (ar_tar_write(&emit->tar, bytes, (size_t)n, error) != 0)
            return -1;
    return n < 0 ? -1 : 0;
}

int ar_emit_finish(struct ar_emit *emit, struct ar_error *error)
{
    return ar_tar_finish(&emit->tar, error);
}
