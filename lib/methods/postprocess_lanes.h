/* SPDX-License-Identifier: MIT */
/*
 * Private to the postprocess: the contract "lanes", by which a merged stream goes in, and a result stream comes back.
 */
#ifndef AR_METHODS_POSTPROCESS_LANES_H
#define AR_METHODS_POSTPROCESS_LANES_H

#include "methods/postprocess.h"

/* The stream for its standard input: a descriptor at its start, the caller's, or -1 (AR_SYSTEM). */
int ar_postprocess_lanes_ask(const struct ar_postprocess *post, struct ar_error *error) AR_MUST_USE;

/*
 * Appends the result_csv of what it answered, n bytes from the start of the file fd, to out. 0, or -1: AR_CONTENT where there is
 * none, or something else that would be lost.
 */
int ar_postprocess_lanes_answer(int fd, uint64_t n, struct ar_buf *out, struct ar_error *error) AR_MUST_USE;

#endif
