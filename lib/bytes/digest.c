/* SPDX-License-Identifier: MIT */
#include "bytes/digest_kernel.h"

#include <endian.h>

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

/* Eight digits at once: each has a byte of its own, the first the highest. */
static void put_hex8(char *hex, uint32_t value)
{
    uint64_t digits = value;
    digits = (digits | digits << 16) & UINT64_C(0x0000ffff0000ffff);
    digits = (digits | digits << 8) & UINT64_C(0x00ff00ff00ff00ff);
    digits = (digits | digits << 4) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    uint64_t letters = (digits + UINT64_C(0x0606060606060606)) >> 4 & UINT64_C(0x0101010101010101); /* ten and more */
    digits = htobe64(digits + UINT64_C(0x3030303030303030) + letters * ('a' - '0' - 10));
    memcpy(hex, &digits, sizeof digits);
}

static void put_hex(char *hex, uint64_t value)
{
    put_hex8(hex, (uint32_t)(value >> 32));
    put_hex8(hex + 8, (uint32_t)value);
}

/* By hand: there is one for each entry of a stream, and snprintf takes as long as the digest of a small one. */
static void show(XXH128_hash_t hash, char hex[AR_DIGEST_HEX + 1])
{
    put_hex(hex, hash.high64);
    put_hex(hex + AR_DIGEST_HEX / 2, hash.low64);
    hex[AR_DIGEST_HEX] = '\0';
}

void ar_digest_hex(const struct ar_digest *digest, char hex[AR_DIGEST_HEX + 1])
{
    show(XXH3_128bits_digest((const void *)digest->state), hex);
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
    if (n < 1024) {
        show(XXH3_128bits(bytes, n), hex);
        return;
    }
    ar_digest_init(&digest);
    ar_digest_add(&digest, bytes, n);
    ar_digest_hex(&digest, hex);
}
