/* SPDX-License-Identifier: MIT */
/*
 * Private to postprocess.c: the contract "first" of a postprocess (ar-stream(5), the first dialect).
 */
#ifndef AR_METHODS_POSTPROCESS_FIRST_H
#define AR_METHODS_POSTPROCESS_FIRST_H

#include "methods/postprocess.h"

/* The tar for its standard input. A descriptor, or -1. */
int ar_postprocess_first_ask(const struct ar_postprocess *post, struct ar_error *error) AR_MUST_USE;

/*
 * Reads the answer, the n bytes from the start of fd, and appends its table to out: CSV, typed, as one of the contract "files"
 * could have printed it. 0, or -1: AR_CONTENT where it is no such answer.
 */
int ar_postprocess_first_answer(int fd, uint64_t n, struct ar_buf *out, struct ar_error *error) AR_MUST_USE;

#endif
