/* SPDX-License-Identifier: MIT */
#include "program/failure.h"

#include "bytes/text.h"

void ar_failure_init(struct ar_failure *failure)
{
    *failure = (struct ar_failure){ 0 };
    ar_buf_init(&failure->message);
    ar_buf_init(&failure->detail);
}

void ar_failure_release(struct ar_failure *failure)
{
    ar_buf_release(&failure->message);
    ar_buf_release(&failure->detail);
}

void ar_failure_clear(struct ar_failure *failure)
{
    ar_buf_clear(&failure->message);
    ar_buf_clear(&failure->detail);
    failure->failed = failure->taken = false;
}

/* Appends a text as it can be shown anywhere; line ends stay where they may. */
AR_PRINTF(3, 0)
static void add_shown(struct ar_buf *out, bool lines, const char *format, va_list arguments)
{
    char *text;
    int n = vasprintf(&text, format, arguments);
    if (n < 0) {
        out->failed = true;
        return;
    }
    for (char *at = text;; at++) {
        size_t len = lines ? strcspn(at, "\n") : strlen(at);
        ar_text_show(out, at, len);
        at += len;
        if (!*at)
            break;
        ar_buf_add_char(out, '\n');
    }
    free(text);
}

int ar_failure_tell_list(struct ar_failure *failure, const char *format, va_list arguments)
{
    failure->taken = !failure->failed;
    if (failure->failed)
        return -1;
    failure->failed = true;
    if (format)
        add_shown(&failure->message, false, format, arguments);
    return -1;
}

int ar_failure_tell(struct ar_failure *failure, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    ar_failure_tell_list(failure, ar_tr(format), arguments);
    va_end(arguments);
    return -1;
}

int ar_failure_detail_list(struct ar_failure *failure, const char *format, va_list arguments)
{
    if (!failure->taken || !format)
        return -1;
    add_shown(&failure->detail, true, format, arguments);
    ar_buf_add_char(&failure->detail, '\n');
    return -1;
}

int ar_failure_detail(struct ar_failure *failure, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    ar_failure_detail_list(failure, ar_tr(format), arguments);
    va_end(arguments);
    return -1;
}

int ar_failure_error(struct ar_failure *failure, const struct ar_error *error)
{
    ar_failure_tell(failure, "%s", error->what);
    if (*error->hint)
        ar_failure_detail(failure, "%s", error->hint);
    return -1;
}

void ar_failure_text(const struct ar_failure *failure, struct ar_buf *out)
{
    const char *why = failure->message.failed ? ar_tr("out of memory") : ar_tr("the method failed, and does not say why");
    ar_buf_add_text(out, failure->message.len ? failure->message.data : why);
    ar_buf_add_char(out, '\n');
    if (failure->detail.len) {
        ar_buf_add_char(out, '\n');
        ar_buf_add(out, failure->detail.data, failure->detail.len);
    }
}

static const char *running; /* a function of the method's */
static pid_t runs_in;

pid_t ar_begin_function(const char *function)
{
    running = function;
    return runs_in = getpid();
}

static void tell_exit(void)
{
    struct ar_buf text;
    if (!running || getpid() != runs_in)
        return;
    ar_buf_init(&text);
    ar_buf_add_tr(&text, "%s called exit, and is to return instead.", running);
    ar_buf_add_char(&text, '\n');
    (void)!write(STDERR_FILENO, text.data, text.len);
    ar_buf_release(&text);
}

void ar_tell_exit(void)
{
    (void)atexit(tell_exit);
}

void ar_end_forked(pid_t self, const char *function)
{
    struct ar_buf text;
    running = NULL;
    if (getpid() == self)
        return;
    ar_buf_init(&text);
    ar_buf_add_tr(&text, "a process that %s forked came back from it: it is ended here; let it end by _exit()", function);
    ar_buf_add_char(&text, '\n');
    (void)!write(STDERR_FILENO, text.data, text.len);
    _exit(AR_CONTENT);
}
