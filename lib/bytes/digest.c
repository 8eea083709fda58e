/* SPDX-License-Identifier: MIT */
#include "bytes/digest_kernel.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

_Static_assert(sizeof(XXH3_state_t) <= sizeof(((struct ar_digest *)NULL)->state), "an XXH3 state fits");
_Static_assert(_Alignof(XXH3_state_t) <= _Alignof(struct ar_digest), "an XXH3 state is aligned");

void ar_digest_init(struct ar_digest *digest)
{
    XXH3_state_t *state = (void *)digest->state;
    XXH3_INITSTATE(state);
    XXH3_128bits_reset(state);
}

void ar_digest_add(struct ar_digest *digest, const void *bytes, size_t n)
{
#if defined(__x86_64__)
    if (n >= 1024 && __builtin_cpu_supports("avx2")) {
        ar_digest_add_avx2(digest, bytes, n);
        return;
    }
#endif
    if (n > 0)
        XXH3_128bits_update((void *)digest->state, bytes, n);
}

void ar_digest_hex(const struct ar_digest *digest, char hex[AR_DIGEST_HEX + 1])
{
    XXH128_hash_t hash = XXH3_128bits_digest((const void *)digest->state);
    snprintf(hex, AR_DIGEST_HEX + 1, "%016" PRIx64 "%016" PRIx64, (uint64_t)hash.high64, (uint64_t)hash.low64);
}

int ar_digest_fd(int fd, uint64_t n, char hex[AR_DIGEST_HEX + 1])
{
    enum { PIECE = 32 * 1024 };
    struct ar_digest digest;
    char piece[PIECE];
    ar_digest_init(&digest);
    for (uint64_t at = 0; at < n;) {
        ssize_t got = pread(fd, piece, n - at < PIECE ? (size_t)(n - at) : PIECE, (off_t)at);
        if (got <= 0) {
            errno = got < 0 ? errno : EIO;
            return -1;
        }
        ar_digest_add(&digest, piece, (size_t)got);
        at += (uint64_t)got;
    }
    ar_digest_hex(&digest, hex);
    return 0;
}

void ar_digest_bytes(const void *bytes, size_t n, char hex[AR_DIGEST_HEX + 1])
{
    struct ar_digest digest;
    ar_digest_init(&digest);
    ar_digest_add(&digest, bytes, n);
    ar_digest_hex(&digest, hex);
}
