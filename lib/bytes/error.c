/* SPDX-License-Identifier: MIT */
#include "bytes/error.h"

/* Where to cut text so that at most max bytes stay and no UTF-8 sequence is split. */
static size_t cut_at_character(const char *text, size_t len, size_t max)
{
    if (len <= max)
        return len;
    size_t cut = max;
    while (cut > 0 && max - cut < 3 && ((unsigned char)text[cut] & 0xc0) == 0x80)
        cut--;
    /* Four continuation bytes in a row are no UTF-8 anyway. */
    return ((unsigned char)text[cut] & 0xc0) == 0x80 ? max : cut;
}

/* to = first + second, cut where it does not fit; the second goes in whole, unless it is longer than all of to. */
static void join(char *to, size_t size, const char *first, const char *second)
{
    size_t second_len = cut_at_character(second, strlen(second), size - 1);
    size_t first_len = cut_at_character(first, strlen(first), size - 1 - second_len);
    memmove(to + first_len, second, second_len);
    memmove(to, first, first_len);
    to[first_len + second_len] = '\0';
}

/*
 * A text before it goes into an error: what the caller formats may stand in that very error. It holds a little more than fits
 * there, so that join sees where a character ends.
 */
struct draft {
    char text[sizeof(((struct ar_error *)NULL)->what) + 4];
};

AR_PRINTF(2, 0) static void format_draft(struct draft *draft, const char *format, va_list args)
{
    if (vsnprintf(draft->text, sizeof(draft->text), ar_tr(format), args) < 0)
        draft->text[0] = '\0';
}

const char *ar_errno_text(int errnum)
{
    const char *text = errnum == EINTR ? N_("interrupted") : strerrordesc_np(errnum);
    return ar_tr(text != NULL ? text : N_("an error that the system does not name"));
}

static void record(struct ar_error *error, enum ar_status status, int errnum, const struct draft *draft)
{
    char meaning[128] = "";
    if (errnum != 0)
        snprintf(meaning, sizeof(meaning), ": %s", ar_errno_text(errnum));
    error->status = status;
    error->system_errno = errnum;
    error->no_input = false;
    error->hint[0] = '\0';
    join(error->what, sizeof(error->what), draft->text, meaning);
}

int ar_fail(struct ar_error *error, enum ar_status status, const char *format, ...)
{
    struct draft draft;
    va_list args;
    va_start(args, format);
    format_draft(&draft, format, args);
    va_end(args);
    record(error, status, 0, &draft);
    return -1;
}

int ar_fail_errno(struct ar_error *error, int errnum, const char *format, ...)
{
    struct draft draft;
    va_list args;
    va_start(args, format);
    format_draft(&draft, format, args);
    va_end(args);
    record(error, AR_SYSTEM, errnum, &draft);
    return -1;
}

static bool is_wrong_name(int errnum)
{
    switch (errnum) {
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
    case EACCES:
    case EPERM:
    case ELOOP:
    case ENAMETOOLONG:
    case EINVAL:
    case ENXIO:
    case ENODEV:
    case EXDEV: /* openat2: it leads out of its folder */
        return true;
    default:
        return false;
    }
}

int ar_fail_open(struct ar_error *error, int errnum, const char *format, ...)
{
    struct draft draft;
    va_list args;
    va_start(args, format);
    format_draft(&draft, format, args);
    va_end(args);
    record(error, is_wrong_name(errnum) ? AR_INPUT : AR_SYSTEM, errnum, &draft);
    return -1;
}

int ar_fail_memory(struct ar_error *error)
{
    ar_fail(error, AR_SYSTEM, "out of memory");
    error->system_errno = ENOMEM;
    return -1;
}

int ar_hint(struct ar_error *error, const char *format, ...)
{
    struct draft draft;
    va_list args;
    va_start(args, format);
    format_draft(&draft, format, args);
    va_end(args);
    join(error->hint, sizeof(error->hint), draft.text, "");
    return -1;
}

int ar_fail_in(struct ar_error *error, const char *format, ...)
{
    struct draft draft;
    va_list args;
    va_start(args, format);
    format_draft(&draft, format, args);
    va_end(args);
    size_t len = strlen(draft.text);
    snprintf(draft.text + len, sizeof(draft.text) - len, ": ");
    char what[sizeof(error->what)];
    join(what, sizeof(what), draft.text, error->what);
    memcpy(error->what, what, sizeof(what));
    return -1;
}

#ifdef AR_EXTRACT
/* What strerrordesc_np says, for the catalogue: the errors that a person may meet. */
N_("Argument list too long") N_("Bad address") N_("Bad file descriptor") N_("Broken pipe") N_("Cannot allocate memory")
N_("Connection refused") N_("Connection reset by peer") N_("Connection timed out") N_("Device or resource busy") N_("Directory not empty")
N_("Disk quota exceeded") N_("Exec format error") N_("File exists") N_("File name too long") N_("File too large") N_("Input/output error")
N_("Invalid argument") N_("Invalid cross-device link") N_("Is a directory") N_("No child processes") N_("No locks available")
N_("No space left on device") N_("No such device") N_("No such device or address") N_("No such file or directory") N_("No such process")
N_("Not a directory") N_("Operation not permitted") N_("Operation not supported") N_("Permission denied") N_("Read-only file system")
N_("Resource temporarily unavailable") N_("Stale file handle") N_("Text file busy") N_("Too many levels of symbolic links")
N_("Too many open files") N_("Too many open files in system") N_("Too many links") N_("Function not implemented")
N_("Value too large for defined data type") N_("Transport endpoint is not connected") N_("Remote I/O error")
#endif
