/* SPDX-License-Identifier: MIT */
#include "bytes/digest_kernel.h"

#if defined(__x86_64__)

#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC target("avx2")
#endif

#define XXH_VECTOR 2 /* XXH_AVX2, whatever the flags of the build say */
#define XXH_INLINE_ALL
#include <xxhash.h>

void ar_digest_add_avx2(struct ar_digest *digest, const void *bytes, size_t n)
{
    XXH3_128bits_update((void *)digest->state, bytes, n);
}

#if defined(__clang__)
#pragma clang attribute pop
#endif

#endif
