/* SPDX-License-Identifier: MIT */
/*
 * Entries that wait for their turn in the stream: in a spool, as the blocks of tar that they will be, so that a run of
 * them is sent by one copy.
 */
#ifndef AR_LANES_WAITING_H
#define AR_LANES_WAITING_H

#include "lanes/emit.h"

/* Zeroed, nothing waits; the spool is made with the first entry. */
struct ar_waiting {
    struct ar_out *out;
    int fd; /* of the spool, where out is not NULL */
    struct ar_tar_writer tar;
};

void ar_waiting_release(struct ar_waiting *waiting);

/*
 * Adds an entry with the body, keywords and size of one that was just read from stream, under another name. *body,
 * unless NULL, becomes where the body stands in the spool. 0 or -1.
 */
int ar_waiting_add(struct ar_waiting *waiting, struct ar_stream *stream, const struct ar_entry *entry, const char *name,
                   uint64_t *body, struct ar_error *error) AR_MUST_USE;

/* Adds an entry at hand. */
int ar_waiting_put(struct ar_waiting *waiting, const struct ar_tar_meta *meta, const void *bytes,
                   struct ar_error *error) AR_MUST_USE;

/* Where the next entry begins: the end of the last one. */
uint64_t ar_waiting_end(const struct ar_waiting *waiting);

/* Copies the bytes from start to end to out: whole entries for a stream, or a body for a file. */
int ar_waiting_send(struct ar_waiting *waiting, struct ar_out *out, uint64_t start, uint64_t end,
                    struct ar_error *error) AR_MUST_USE;

/* Appends the bytes from start to end, of a body. 0 or -1 (AR_SYSTEM). */
int ar_waiting_read(struct ar_waiting *waiting, struct ar_buf *buf, uint64_t start, uint64_t end, struct ar_error *error) AR_MUST_USE;

/* The digest of all that waits. 0, or -1 (AR_SYSTEM). */
int ar_waiting_digest(struct ar_waiting *waiting, char xxh3[AR_DIGEST_HEX + 1], struct ar_error *error) AR_MUST_USE;

#endif
