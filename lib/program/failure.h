/* SPDX-License-Identifier: MIT */
/*
 * Private to this room: why a lane, or a postprocess, failed, in the words of the library or of the method. The first failure
 * counts.
 */
#ifndef AR_PROGRAM_FAILURE_H
#define AR_PROGRAM_FAILURE_H

#include "bytes/buf.h"

struct ar_failure {
    struct ar_buf message; /* one line for the scientist */
    struct ar_buf detail;  /* lines for the developer */
    bool failed;
    bool taken;            /* the last one that was told is the one on record: details are its */
};

void ar_failure_init(struct ar_failure *failure);
void ar_failure_release(struct ar_failure *failure);
void ar_failure_clear(struct ar_failure *failure);

/*
 * Records a failure, unless there is one. Returns -1, as the following do. The text is one of ours, and looked up; that of the list is a
 * method's, and is not.
 */
int ar_failure_tell(struct ar_failure *failure, const char *format, ...) AR_PRINTF(2, 3);
int ar_failure_tell_list(struct ar_failure *failure, const char *format, va_list arguments) AR_PRINTF(2, 0);

/* Adds a line to the failure that was told last. */
int ar_failure_detail(struct ar_failure *failure, const char *format, ...) AR_PRINTF(2, 3);
int ar_failure_detail_list(struct ar_failure *failure, const char *format, va_list arguments) AR_PRINTF(2, 0);

/* Records what the library says, its hint as a detail. */
int ar_failure_error(struct ar_failure *failure, const struct ar_error *error);

/* Appends the text of an error entry: the message, and below it the details. */
void ar_failure_text(const struct ar_failure *failure, struct ar_buf *out);

/* Before a function of the method's, of that name. Returns the process that calls it, for ar_end_forked. */
pid_t ar_begin_function(const char *function);

/* In a process that ends by itself: an exit() in such a function is told on standard error, as the mistake that it is. */
void ar_tell_exit(void);

/*
 * Behind a function of the method's, of that name: ends the process where it is another than self, one that the function forked and that
 * came back from it. It would go on with the lanes as this one does, and its answers would stand between this one's.
 */
void ar_end_forked(pid_t self, const char *function);

#endif
