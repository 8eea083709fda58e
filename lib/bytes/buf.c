/* SPDX-License-Identifier: MIT */
#include "bytes/buf.h"

/* What the data of a buffer without memory points to; never written, since cap is 0 then. */
static char shared_empty[1];

void ar_buf_init(struct ar_buf *buf)
{
    *buf = (struct ar_buf){.data = shared_empty};
}

void ar_buf_release(struct ar_buf *buf)
{
    if (buf->cap > 0)
        free(buf->data);
    ar_buf_init(buf);
}

void ar_buf_clear(struct ar_buf *buf)
{
    ar_buf_truncate(buf, 0);
    buf->failed = false;
}

/* Makes room for n bytes behind len and a NUL. */
static bool grow(struct ar_buf *buf, size_t n)
{
    size_t need;
    if (__builtin_add_overflow(buf->len, n, &need) || __builtin_add_overflow(need, 1, &need) || need > PTRDIFF_MAX)
        return false;
    size_t cap = buf->cap + buf->cap / 2;
    if (cap < 64)
        cap = 64;
    if (cap < need || cap > PTRDIFF_MAX)
        cap = need;
    char *data = realloc(buf->cap > 0 ? buf->data : NULL, cap);
    if (data == NULL)
        return false;
    buf->data = data;
    buf->cap = cap;
    buf->data[buf->len] = '\0';
    return true;
}

char *ar_buf_reserve_more(struct ar_buf *buf, size_t n)
{
    if (buf->failed)
        return NULL;
    if (n >= buf->cap - buf->len && !grow(buf, n)) {
        buf->failed = true;
        return NULL;
    }
    return buf->data + buf->len;
}

void ar_buf_add_digits(struct ar_buf *buf, uint64_t value)
{
    char digits[24], *at = digits + sizeof digits;
    do
        *--at = (char)('0' + value % 10);
    while ((value /= 10) > 0);
    ar_buf_add(buf, at, (size_t)(digits + sizeof digits - at));
}

void ar_buf_add_args(struct ar_buf *buf, const char *format, va_list args)
{
    char small[256];
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(small, sizeof(small), format, args);
    char *to = len >= 0 && (size_t)len >= sizeof(small) ? ar_buf_reserve(buf, (size_t)len) : NULL;
    if (len < 0) {
        buf->failed = true;
    } else if ((size_t)len < sizeof(small)) {
        ar_buf_add(buf, small, (size_t)len);
    } else if (to != NULL) {
        vsnprintf(to, (size_t)len + 1, format, again);
        ar_buf_grew(buf, (size_t)len);
    }
    va_end(again);
}

void ar_buf_add_format(struct ar_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    ar_buf_add_args(buf, format, args);
    va_end(args);
}

int ar_buf_check(const struct ar_buf *buf, struct ar_error *error)
{
    return buf->failed ? ar_fail_memory(error) : 0;
}

void ar_buf_truncate(struct ar_buf *buf, size_t len)
{
    if (buf->cap == 0 || len > buf->len)
        return;
    buf->len = len;
    buf->data[len] = '\0';
}
