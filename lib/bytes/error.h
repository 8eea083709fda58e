/* SPDX-License-Identifier: MIT */
/*
 * struct ar_error: why a call failed, in words for a person, with the exit status that the tool should end with.
 *
 * The library never prints. A function that can fail for a reason worth telling takes a struct ar_error * as its last
 * parameter, fills it in, and returns -1 (or NULL). The caller owns the struct; no memory hangs on it.
 * Text from the input may stand in it as it came: whoever prints it makes control characters harmless.
 *
 * Formats are looked up in the catalogue of the chosen language (bytes/tr.h): they are written in English, as literals. A word or phrase
 * of ours that fills a %s is looked up by the caller (ar_tr).
 */
#ifndef AR_BYTES_ERROR_H
#define AR_BYTES_ERROR_H

#include "bytes/tr.h"

/* The exit statuses of every tool. */
enum ar_status {
    AR_OK = 0,
    AR_CONTENT = 1, /* the content said no: a row, a lane, a method failed */
    AR_INPUT = 2,   /* wrong usage, or input that is not what it should be */
    AR_SYSTEM = 3,  /* the system said no: I/O, memory; worth a retry */
};

struct ar_error {
    enum ar_status status; /* AR_OK: no error was recorded */
    int system_errno;      /* errno where the system said no, else 0 */
    bool no_input;         /* the input ended before its first byte */
    char what[2048];       /* one line without full stop: what failed, subject in single quotes, errno's text last */
    char hint[1024];       /* one sentence that says what to do, or empty */
};

/* Records an error and an empty hint. A text that is too long is cut at a character's border. Returns -1. */
int ar_fail(struct ar_error *error, enum ar_status status, const char *format, ...) AR_PRINTF(3, 4);

/*
 * Records a failed system call: the text, then ": " and what errnum (an errno value) means. The status is AR_SYSTEM.
 * EINTR reads "interrupted": no call is tried again after it (see bytes/io.h). Returns -1.
 */
int ar_fail_errno(struct ar_error *error, int errnum, const char *format, ...) AR_PRINTF(3, 4);

/*
 * As ar_fail_errno, for the opening of something that the user named: AR_INPUT where the name is wrong (it does not exist, is a
 * folder, may not be read), else AR_SYSTEM. Returns -1.
 */
int ar_fail_open(struct ar_error *error, int errnum, const char *format, ...) AR_PRINTF(3, 4);

/* Records that memory ran out (AR_SYSTEM). Returns -1. */
int ar_fail_memory(struct ar_error *error);

/* What an errno value means, in the language of the texts. */
const char *ar_errno_text(int errnum);

/* Adds the sentence that says what to do to an error that was just recorded. Returns -1. */
int ar_hint(struct ar_error *error, const char *format, ...) AR_PRINTF(2, 3);

/* Puts a text and ": " before an error that was recorded, to say where it happened. Returns -1. */
int ar_fail_in(struct ar_error *error, const char *format, ...) AR_PRINTF(2, 3);

#endif
