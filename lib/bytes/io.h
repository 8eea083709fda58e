/* SPDX-License-Identifier: MIT */
/*
 * Input and output as streams of bytes over file descriptors, with compression found and undone, or applied, on the way.
 *
 * A system call that a signal interrupts is not tried again but reported as a failure (errno EINTR): tools install their
 * handlers without SA_RESTART, so that a call is interrupted only when the tool is to end.
 */
#ifndef AR_BYTES_IO_H
#define AR_BYTES_IO_H

#include "bytes/buf.h"

enum ar_filter {
    AR_FILTER_NONE,
    AR_FILTER_GZIP,  /* RFC 1952, several members; read through ISA-L, CRC and length checked */
    AR_FILTER_ZSTD,  /* this and the following: through libarchive */
    AR_FILTER_XZ,
    AR_FILTER_LZ4,
    AR_FILTER_BZIP2,
};

/* "gzip", …; "none". */
const char *ar_filter_name(enum ar_filter filter);

/* ---- input ---------------------------------------------------------------------------------------------------------- */

struct ar_in;

/*
 * Reads from fd, which stays the caller's and is read from where it stands. name is said in messages (copied). The first bytes
 * tell the filter; only one level of compression is undone, and no helper program is started. Compressed input that grows beyond
 * 1 GiB and 250 times its compressed size is refused as a decompression bomb (AR_INPUT; the hint says to decompress it into a
 * pipe). NULL on failure (reading failed, memory).
 */
struct ar_in *ar_in_new(int fd, const char *name, struct ar_error *error) AR_MUST_USE;
void ar_in_free(struct ar_in *in);

const char *ar_in_name(const struct ar_in *in);
enum ar_filter ar_in_filter(const struct ar_in *in);

/* Bytes delivered so far, after decompression. */
uint64_t ar_in_offset(const struct ar_in *in);

/* Bytes taken from fd so far, and fd's size where it is a regular file (else 0): for showing progress. */
uint64_t ar_in_taken(const struct ar_in *in);
uint64_t ar_in_size(const struct ar_in *in);

/* True where in is a regular file that is read as it is; then sets *fd, and *position to where in it the next byte stands. */
bool ar_in_place(const struct ar_in *in, int *fd, uint64_t *position);

/*
 * Fills bytes with the next n bytes. Returns the number read, which is less than n only at the end of the input; -1 on failure
 * (AR_SYSTEM: reading failed; AR_INPUT: the compressed data is damaged, cut or has something else behind it). Large reads go
 * straight into bytes.
 */
ssize_t ar_in_read(struct ar_in *in, void *bytes, size_t n, struct ar_error *error) AR_MUST_USE;

/*
 * The next bytes without a copy: sets *bytes to at least one and at most max of them, valid until the next call on in, and
 * consumes them. Returns their number, 0 at the end, -1 on failure.
 */
ssize_t ar_in_view(struct ar_in *in, const char **bytes, size_t max, struct ar_error *error) AR_MUST_USE;

/*
 * As ar_in_view, but consumes nothing; gives fewer than n only at the end of the input. n is at most 4096.
 */
ssize_t ar_in_peek(struct ar_in *in, const char **bytes, size_t n, struct ar_error *error) AR_MUST_USE;

/*
 * Passes over n bytes, by seeking where fd is a regular file that is not compressed. Returns 0; 1 where the input ended before;
 * -1 on failure.
 */
int ar_in_skip(struct ar_in *in, uint64_t n, struct ar_error *error) AR_MUST_USE;

/* ---- output --------------------------------------------------------------------------------------------------------- */

struct ar_out;

/*
 * Writes to fd, which stays the caller's. name is said in messages (copied). filter: none, gzip (the same bytes each time: no
 * name, no time) or zstd; others are AR_INPUT. NULL on failure.
 */
struct ar_out *ar_out_new(int fd, const char *name, enum ar_filter filter, struct ar_error *error) AR_MUST_USE;

/*
 * From now on a thread writes to fd (once there is much to write), up to 16 MiB behind the caller, who so goes on while the reader of a pipe takes
 * its time. For one that writes in bursts. A failure is told by a later call, at the latest by ar_out_flush or ar_out_close.
 */
void ar_out_write_behind(struct ar_out *out);

/* Small writes are gathered, large ones go out at once, together with what was gathered. 0, or -1 (AR_SYSTEM). */
int ar_out_write(struct ar_out *out, const void *bytes, size_t n, struct ar_error *error) AR_MUST_USE;

/*
 * As ar_out_write, for bytes in memory of their own (a mapped input, an ar_region) that is not written to any more, but unmapped: where
 * fd is a pipe they are handed over without a copy, and whoever reads them may do so after the unmapping, too.
 */
int ar_out_write_stable(struct ar_out *out, const void *bytes, size_t n, struct ar_error *error) AR_MUST_USE;

/*
 * Copies n bytes from from_fd at offset (which does not move its position), from file to file inside the kernel. A source that
 * ends before is AR_SYSTEM, and from_name is said.
 */
int ar_out_copy(struct ar_out *out, int from_fd, uint64_t offset, uint64_t n, const char *from_name, struct ar_error *error)
    AR_MUST_USE;

/* Copies the first n bytes of from to the descriptor fd, whole; name and from_name are said. 0 or -1. Both stay open. */
int ar_copy_fd(int fd, const char *name, int from, uint64_t n, const char *from_name, struct ar_error *error) AR_MUST_USE;

/* Sends what was gathered to fd now. */
int ar_out_flush(struct ar_out *out, struct ar_error *error) AR_MUST_USE;

/* The same, and what a filter (gzip) holds back goes too: whoever reads has all by now. It costs some compression. */
int ar_out_hand_over(struct ar_out *out, struct ar_error *error) AR_MUST_USE;

/* Bytes written so far, before compression. */
uint64_t ar_out_offset(const struct ar_out *out);

/* Ends the stream (a compressed one gets its trailer), flushes, frees. 0, or -1 with the reason; out is gone in both cases. */
int ar_out_close(struct ar_out *out, struct ar_error *error) AR_MUST_USE;

/* For an error path: frees, writes nothing more (what was gathered is dropped), keeps errno. NULL is no matter. */
void ar_out_abandon(struct ar_out *out);

/* ---- whole files ---------------------------------------------------------------------------------------------------- */

/* Appends all that is left of in to buf, at most max bytes: more is AR_INPUT. 0 or -1. */
int ar_in_read_all(struct ar_in *in, struct ar_buf *buf, size_t max, struct ar_error *error) AR_MUST_USE;

/*
 * Appends the content of the file path (below dirfd; AT_FDCWD; "-" is not special) to buf as it is, without decompression; at
 * most max bytes: more is AR_INPUT. 0 or -1.
 */
int ar_read_file(int dirfd, const char *path, struct ar_buf *buf, size_t max, struct ar_error *error) AR_MUST_USE;

/* Writes all n bytes to fd. 0 or -1; name is said in messages. */
int ar_write_fd(int fd, const void *bytes, size_t n, const char *name, struct ar_error *error) AR_MUST_USE;

#endif
