/* SPDX-License-Identifier: MIT */
/*
 * Private to proc: a log of a limited size, whatever is written to it. The first half of the limit keeps the beginning, the other
 * half the end: of what comes between, only its number of bytes is left.
 */
#ifndef AR_METHODS_PROC_KEEP_H
#define AR_METHODS_PROC_KEEP_H

#include "bytes/error.h"

struct ar_log_keep {
    int fd; /* a regular file, empty, readable, without O_APPEND */
    uint64_t limit;
    uint64_t total; /* bytes that came */
};

/* 0, or -1 (AR_SYSTEM). */
int ar_log_keep_add(struct ar_log_keep *keep, const char *bytes, size_t n, struct ar_error *error) AR_MUST_USE;

/*
 * Puts the file in order: where something was left out, a line says how much, and the end begins with a whole line (unless that
 * is very long). 0, or -1 (AR_SYSTEM).
 */
int ar_log_keep_finish(struct ar_log_keep *keep, struct ar_error *error) AR_MUST_USE;

#endif
