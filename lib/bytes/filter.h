/* SPDX-License-Identifier: MIT */
/*
 * Private to this room: compression between a struct ar_in or ar_out and its descriptor.
 */
#ifndef AR_BYTES_FILTER_H
#define AR_BYTES_FILTER_H

#include "bytes/io.h"

/* Tells the filter from the first bytes of a stream; AR_FILTER_MAGIC of them are enough. */
#define AR_FILTER_MAGIC 10
enum ar_filter ar_filter_detect(const unsigned char *bytes, size_t n);

/* ---- undoing it ----------------------------------------------------------------------------------------------------- */

/* Gives the next compressed bytes, valid until the next call: their number, 0 at the end, -1 with error filled in. */
typedef ssize_t ar_pull(void *from, const char **bytes, struct ar_error *error);

struct ar_decoder;

/* name is said in messages and must outlive it. NULL on failure. */
struct ar_decoder *ar_decoder_new(enum ar_filter filter, const char *name, ar_pull *pull, void *from, struct ar_error *error)
    AR_MUST_USE;

/*
 * The next bytes, valid until the next call: their number; 0 when all was decompressed and checked, and nothing is behind it;
 * -1 on failure: what pull recorded, or AR_INPUT (damaged, cut, something else behind it).
 */
ssize_t ar_decoder_next(struct ar_decoder *decoder, const char **bytes, struct ar_error *error) AR_MUST_USE;

void ar_decoder_free(struct ar_decoder *decoder);

/* ---- applying it ---------------------------------------------------------------------------------------------------- */

/* Takes compressed bytes. 0, or -1 with error filled in. */
typedef int ar_push(void *to, const void *bytes, size_t n, struct ar_error *error);

struct ar_encoder;

/* filter: gzip or zstd, others are AR_INPUT. name as above. NULL on failure. */
struct ar_encoder *ar_encoder_new(enum ar_filter filter, const char *name, ar_push *push, void *to, struct ar_error *error)
    AR_MUST_USE;
int ar_encoder_write(struct ar_encoder *encoder, const void *bytes, size_t n, struct ar_error *error) AR_MUST_USE;

/* Pushes all that was written so far, where the filter can (gzip). */
int ar_encoder_flush(struct ar_encoder *encoder, struct ar_error *error) AR_MUST_USE;

/* Pushes what is left, and the trailer. */
int ar_encoder_finish(struct ar_encoder *encoder, struct ar_error *error) AR_MUST_USE;

/* Pushes nothing more. */
void ar_encoder_free(struct ar_encoder *encoder);

#endif
