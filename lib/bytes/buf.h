/* SPDX-License-Identifier: MIT */
/*
 * struct ar_buf: a growing run of bytes.
 *
 * data is never NULL after ar_buf_init, and data[len] is always a NUL, so that text needs no copy; bytes may hold NULs.
 * Memory that runs out does not have to be checked at each call: the buffer then turns bad, further calls do nothing, and
 * ar_buf_check says so once, at the end.
 */
#ifndef AR_BYTES_BUF_H
#define AR_BYTES_BUF_H

#include "bytes/error.h"

struct ar_buf {
    char *data;
    size_t len;
    size_t cap;  /* bytes allocated, 0 while data points to a shared empty string */
    bool failed; /* memory ran out: the content is not whole */
};

/* An empty buffer; it owns nothing yet. */
void ar_buf_init(struct ar_buf *buf);

/* Frees what it owns and leaves it empty. */
void ar_buf_release(struct ar_buf *buf);

/* Makes it empty, keeps its memory, forgets a failure. */
void ar_buf_clear(struct ar_buf *buf);

/* Room for at least n more bytes behind len; the caller writes there and adds to len (data[len] is then its to set to NUL with
 * ar_buf_grew). Returns the first free byte, or NULL when memory ran out. */
char *ar_buf_reserve(struct ar_buf *buf, size_t n);

/* Says that n bytes were written to what ar_buf_reserve gave. */
void ar_buf_grew(struct ar_buf *buf, size_t n);

void ar_buf_add(struct ar_buf *buf, const void *bytes, size_t n);
void ar_buf_add_text(struct ar_buf *buf, const char *text);
void ar_buf_add_char(struct ar_buf *buf, char c);
void ar_buf_add_format(struct ar_buf *buf, const char *format, ...) AR_PRINTF(2, 3);
void ar_buf_add_args(struct ar_buf *buf, const char *format, va_list args) AR_PRINTF(2, 0);

/* 0 where everything is there; -1 with error filled in where memory ran out. */
int ar_buf_check(const struct ar_buf *buf, struct ar_error *error) AR_MUST_USE;

/* Cuts to the first len bytes. */
void ar_buf_truncate(struct ar_buf *buf, size_t len);

#endif
