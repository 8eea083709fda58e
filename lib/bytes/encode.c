/* SPDX-License-Identifier: MIT */
#include "bytes/filter.h"

#include <zlib.h>

#include "bytes/archive.h"

enum { DEFLATE_ROOM = 64 * 1024, GZIP_LEVEL = 6 };

struct ar_encoder {
    enum ar_filter filter;
    const char *name;
    ar_push *push;
    void *to;

    /* gzip */
    z_stream deflate;
    char *room; /* DEFLATE_ROOM bytes */

    /* zstd */
    struct ar_archive lib;
    struct archive *archive;
    struct ar_error *error; /* of the call at hand, for the callback */
    bool push_failed;       /* and it is filled in */
    bool dropping;          /* nothing is pushed any more */
};

static int gzip_open(struct ar_encoder *encoder, struct ar_error *error)
{
    encoder->room = malloc(DEFLATE_ROOM);
    /* 16: a gzip wrapper; zlib's own header has no name and no time. */
    if (encoder->room == NULL ||
        deflateInit2(&encoder->deflate, GZIP_LEVEL, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(encoder->room);
        encoder->room = NULL;
        return ar_fail_memory(error);
    }
    return 0;
}

/* Deflates what next_in holds; flush: Z_NO_FLUSH, Z_SYNC_FLUSH, or Z_FINISH at the end. */
static int gzip_deflate(struct ar_encoder *encoder, int flush, struct ar_error *error)
{
    z_stream *z = &encoder->deflate;
    do {
        z->next_out = (Bytef *)encoder->room;
        z->avail_out = DEFLATE_ROOM;
        deflate(z, flush); /* cannot fail with room to write to */
        size_t n = DEFLATE_ROOM - z->avail_out;
        if (n > 0 && encoder->push(encoder->to, encoder->room, n, error) < 0)
            return -1;
    } while (z->avail_out == 0);
    return 0;
}

static int gzip_write(struct ar_encoder *encoder, const void *bytes, size_t n, struct ar_error *error)
{
    const size_t piece = 1u << 30; /* zlib counts in 32 bits */
    for (size_t at = 0; at < n; at += piece) {
        encoder->deflate.next_in = (Bytef *)(uintptr_t)bytes + at; /* zlib does not write there, but does not say so */
        encoder->deflate.avail_in = (uInt)(n - at < piece ? n - at : piece);
        if (gzip_deflate(encoder, Z_NO_FLUSH, error) < 0)
            return -1;
    }
    return 0;
}

static la_ssize_t archive_push(struct archive *archive, void *of, const void *bytes, size_t n)
{
    struct ar_encoder *encoder = of;
    if (!encoder->dropping && encoder->push(encoder->to, bytes, n, encoder->error) < 0) {
        encoder->push_failed = true;
        encoder->dropping = true;
        encoder->lib.archive_set_error(archive, EIO, "the output failed");
        return ARCHIVE_FATAL;
    }
    return (la_ssize_t)n;
}

static int archive_failure(struct ar_encoder *encoder, struct ar_error *error)
{
    if (encoder->push_failed)
        return -1;
    if (encoder->lib.archive_errno(encoder->archive) == ENOMEM)
        return ar_fail_memory(error);
    const char *why = encoder->lib.archive_error_string(encoder->archive);
    return ar_fail(error, AR_SYSTEM, "cannot compress '%s': %s", encoder->name, why != NULL ? why : ar_tr("unknown failure"));
}

static int archive_open(struct ar_encoder *encoder, struct ar_error *error)
{
    if (ar_archive_load(&encoder->lib, error) < 0)
        return -1;
    struct archive *archive = encoder->archive = encoder->lib.archive_write_new();
    struct archive_entry *entry = encoder->lib.archive_entry_new();
    int result = -1;
    encoder->error = error;
    if (archive == NULL || entry == NULL) {
        ar_fail_memory(error);
    } else if (encoder->lib.archive_write_add_filter_zstd(archive) != ARCHIVE_OK) {
        /* ARCHIVE_WARN among them: a helper program would do it. */
        ar_fail(error, AR_INPUT, "cannot compress '%s': this libarchive was built without zstd", encoder->name);
        ar_hint(error, "Take gzip, or no compression.");
    } else {
        encoder->lib.archive_entry_set_filetype(entry, AE_IFREG);
        encoder->lib.archive_write_set_format_raw(archive);
        encoder->lib.archive_write_set_bytes_per_block(archive, DEFLATE_ROOM);
        encoder->lib.archive_write_set_bytes_in_last_block(archive, 1); /* no padding */
        if (encoder->lib.archive_write_open(archive, encoder, NULL, archive_push, NULL) == ARCHIVE_OK &&
            encoder->lib.archive_write_header(archive, entry) == ARCHIVE_OK)
            result = 0;
        else
            archive_failure(encoder, error);
    }
    encoder->lib.archive_entry_free(entry);
    return result;
}

static int archive_add(struct ar_encoder *encoder, const void *bytes, size_t n, struct ar_error *error)
{
    encoder->error = error;
    for (size_t at = 0; at < n;) {
        la_ssize_t wrote = encoder->lib.archive_write_data(encoder->archive, (const char *)bytes + at, n - at);
        if (wrote <= 0)
            return archive_failure(encoder, error);
        at += (size_t)wrote;
    }
    return 0;
}

struct ar_encoder *ar_encoder_new(enum ar_filter filter, const char *name, ar_push *push, void *to, struct ar_error *error)
{
    if (filter != AR_FILTER_GZIP && filter != AR_FILTER_ZSTD) {
        ar_fail(error, AR_INPUT, "cannot compress '%s': %s is not a filter for writing", name, ar_filter_name(filter));
        ar_hint(error, "The filters are none, gzip and zstd.");
        return NULL;
    }
    struct ar_encoder *encoder = calloc(1, sizeof(*encoder));
    if (encoder == NULL) {
        ar_fail_memory(error);
        return NULL;
    }
    encoder->filter = filter;
    encoder->name = name;
    encoder->push = push;
    encoder->to = to;
    if ((filter == AR_FILTER_GZIP ? gzip_open(encoder, error) : archive_open(encoder, error)) < 0) {
        ar_encoder_free(encoder);
        return NULL;
    }
    return encoder;
}

int ar_encoder_write(struct ar_encoder *encoder, const void *bytes, size_t n, struct ar_error *error)
{
    if (encoder->filter == AR_FILTER_GZIP)
        return gzip_write(encoder, bytes, n, error);
    return archive_add(encoder, bytes, n, error);
}

int ar_encoder_flush(struct ar_encoder *encoder, struct ar_error *error)
{
    encoder->deflate.avail_in = 0;
    return encoder->filter == AR_FILTER_GZIP ? gzip_deflate(encoder, Z_SYNC_FLUSH, error) : 0;
}

int ar_encoder_finish(struct ar_encoder *encoder, struct ar_error *error)
{
    if (encoder->filter == AR_FILTER_GZIP) {
        encoder->deflate.avail_in = 0;
        return gzip_deflate(encoder, Z_FINISH, error);
    }
    encoder->error = error;
    return encoder->lib.archive_write_close(encoder->archive) == ARCHIVE_OK ? 0 : archive_failure(encoder, error);
}

void ar_encoder_free(struct ar_encoder *encoder)
{
    if (encoder == NULL)
        return;
    encoder->dropping = true; /* libarchive ends its stream even where it is only freed */
    if (encoder->room != NULL)
        deflateEnd(&encoder->deflate);
    free(encoder->room);
    if (encoder->archive != NULL)
        encoder->lib.archive_write_free(encoder->archive);
    free(encoder);
}
