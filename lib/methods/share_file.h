/* SPDX-License-Identifier: MIT */
/*
 * What a process gets on standard input by the contract "lanes": a stream of lane inputs (ar-stream(5)) in a file without a name, in
 * memory as long as it is little, then in TMPDIR.
 *
 * A lane's entries are written once, while the lane is read. Targets stand before them, and which lanes there are is known when
 * the last one was read: room is left for them, and what they do not need of it is filled up with blanks.
 */
#ifndef AR_METHODS_SHARE_FILE_H
#define AR_METHODS_SHARE_FILE_H

#include "lanes/emit.h"

/* A file that is being written. Only what is said here is the caller's business. */
struct ar_share_file {
    int fd;                  /* -1: there is none */
    bool memory;             /* it is in memory */
    uint32_t n;              /* lanes that are in it */
    size_t room;             /* bytes of the entry targets */
    struct ar_buf targets;   /* their text so far, without its closing brace */
    struct ar_buf params;    /* those at the top */
    uint64_t base;           /* where out began in the file */
    uint64_t start;          /* where the lane begins that is written */
    struct ar_out *out;
    struct ar_emit emit;     /* for the lane's entries */
};

void ar_share_file_init(struct ar_share_file *file);

/* Closes it: nothing of it is left. */
void ar_share_file_release(struct ar_share_file *file);

/* Bytes that a lane takes of the room for targets. */
size_t ar_share_file_target(const struct ar_target *target);

/* Creates it, with room bytes for targets at least, and params (empty: {}) at the top. 0, or -1 (AR_SYSTEM). */
int ar_share_file_create(struct ar_share_file *file, size_t room, const struct ar_buf *params, struct ar_error *error) AR_MUST_USE;

/* So many bytes are to be written: where they are more than what may be in memory, it goes to TMPDIR. 0 or -1. */
int ar_share_file_need(struct ar_share_file *file, uint64_t n, struct ar_error *error) AR_MUST_USE;

/* Is there room for another lane? */
bool ar_share_file_fits(const struct ar_share_file *file, const struct ar_target *target);

/* A lane begins; its names are written. Its other entries are the caller's to write to file->emit, its ledger last. 0 or -1. */
int ar_share_file_begin(struct ar_share_file *file, const struct ar_target *target, struct ar_error *error) AR_MUST_USE;

/* All of it was written. 0 or -1. */
int ar_share_file_end(struct ar_share_file *file, const struct ar_target *target, struct ar_error *error) AR_MUST_USE;

/* The lane that was begun is not to be in it. 0 or -1. */
int ar_share_file_drop(struct ar_share_file *file, struct ar_error *error) AR_MUST_USE;

/* Bytes that were written so far. */
uint64_t ar_share_file_bytes(const struct ar_share_file *file);

/* Completes it: targets, and the end blocks. Its descriptor, the caller's, or -1; there is no file any more in both cases. */
int ar_share_file_close(struct ar_share_file *file, struct ar_error *error) AR_MUST_USE;

/*
 * What stands before the lanes: targets (a JSON object, n bytes of text, filled up to room), params, and a ledger with the
 * digests of both. Appends it to head. 0, or -1.
 */
int ar_share_head(struct ar_buf *head, const char *targets, size_t n, size_t room, const struct ar_buf *params,
                  struct ar_error *error) AR_MUST_USE;

#endif
