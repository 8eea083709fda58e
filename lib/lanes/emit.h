/* SPDX-License-Identifier: MIT */
/*
 * Writing the streams of ar-stream(5): entries by the lane that they belong to, in either shape.
 */
#ifndef AR_LANES_EMIT_H
#define AR_LANES_EMIT_H

#include "lanes/entries.h"

struct ar_emit {
    struct ar_tar_writer tar;
    bool one_lane;      /* the shape of one lane: its folder is left out */
    struct ar_buf name; /* of the entry */
    struct ar_buf text; /* of a ledger */
};

/* Writes to out, which stays the caller's. */
void ar_emit_init(struct ar_emit *emit, struct ar_out *out, bool one_lane);
void ar_emit_release(struct ar_emit *emit);

/* Starts an entry of a lane (its data name; NULL: at the top): size bytes follow by ar_tar_write and the like on &emit->tar. */
int ar_emit_begin(struct ar_emit *emit, const char *lane, const char *name, uint64_t size, bool is_file, const char *image_type,
                  struct ar_error *error) AR_MUST_USE;

/* A whole entry. */
int ar_emit_whole(struct ar_emit *emit, const char *lane, const char *name, bool is_file, const void *bytes, size_t n,
                  struct ar_error *error) AR_MUST_USE;

/* The names that a lane begins with. */
int ar_emit_names(struct ar_emit *emit, const struct ar_target *target, struct ar_error *error) AR_MUST_USE;

/* A ledger; lane NULL: the one at the top. */
int ar_emit_ledger(struct ar_emit *emit, const char *lane, const struct ar_ledger *ledger, struct ar_error *error) AR_MUST_USE;

/* An entry as it was read, keywords and all, with its body as far as that was not read by the caller already. */
int ar_emit_pass(struct ar_emit *emit, struct ar_stream *stream, const struct ar_entry *entry,
                 struct ar_error *error) AR_MUST_USE;

/* The end blocks. */
int ar_emit_finish(struct ar_emit *emit, struct ar_error *error) AR_MUST_USE;

#endif
