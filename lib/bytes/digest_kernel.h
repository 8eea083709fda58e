/* SPDX-License-Identifier: MIT */
/*
 * Private to the digest: its inner loop, compiled once for every processor and once for those with AVX2.
 */
#ifndef AR_BYTES_DIGEST_KERNEL_H
#define AR_BYTES_DIGEST_KERNEL_H

#include "bytes/digest.h"

/* As ar_digest_add, with AVX2 instructions; the states of both are the same. There only on x86-64. */
void ar_digest_add_avx2(struct ar_digest *digest, const void *bytes, size_t n);

#endif
