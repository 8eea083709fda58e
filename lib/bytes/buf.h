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

/* What ar_buf_reserve does where the memory at hand is too little. */
char *ar_buf_reserve_more(struct ar_buf *buf, size_t n);

/* Room for at least n more bytes behind len; the caller writes there and adds to len (data[len] is then its to set to NUL with
 * ar_buf_grew). Returns the first free byte, or NULL when memory ran out. */
static inline char *ar_buf_reserve(struct ar_buf *buf, size_t n)
{
    bool fits = !buf->failed && n < buf->cap - buf->len; /* len < cap, or both are 0 */
    return fits ? buf->data + buf->len : ar_buf_reserve_more(buf, n);
}

/* Says that n bytes were written to what ar_buf_reserve gave. */
static inline void ar_buf_grew(struct ar_buf *buf, size_t n)
{
    if (buf->failed || buf->cap == 0)
        return;
    buf->len += n;
    buf->data[buf->len] = '\0';
}

static inline void ar_buf_add(struct ar_buf *buf, const void *bytes, size_t n)
{
    char *to = n > 0 ? ar_buf_reserve(buf, n) : NULL;
    if (to == NULL)
        return;
    memcpy(to, bytes, n);
    ar_buf_grew(buf, n);
}

static inline void ar_buf_add_text(struct ar_buf *buf, const char *text)
{
    ar_buf_add(buf, text, strlen(text));
}

static inline void ar_buf_add_char(struct ar_buf *buf, char c)
{
    ar_buf_add(buf, &c, 1);
}

/* Appends the digits of a number: what ar_buf_add_format takes ten times as long for. */
void ar_buf_add_digits(struct ar_buf *buf, uint64_t value);

void ar_buf_add_format(struct ar_buf *buf, const char *format, ...) AR_PRINTF(2, 3);
void ar_buf_add_args(struct ar_buf *buf, const char *format, va_list args) AR_PRINTF(2, 0);

/* 0 where everything is there; -1 with error filled in where memory ran out. */
int ar_buf_check(const struct ar_buf *buf, struct ar_error *error) AR_MUST_USE;

/* Cuts to the first len bytes. */
void ar_buf_truncate(struct ar_buf *buf, size_t len);

#endif
