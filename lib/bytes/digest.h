/* SPDX-License-Identifier: MIT */
/*
 * XXH3-128, the digest of streams and folders (https://github.com/Cyan4973/xxHash, seed 0): 32 lower-case hexadecimal digits,
 * high half first, as `xxhsum -H2` prints it. It guards against accidents, not against attackers.
 */
#ifndef AR_BYTES_DIGEST_H
#define AR_BYTES_DIGEST_H

#include "bytes/base.h"

#define AR_DIGEST_HEX 32 /* digits, without the NUL */

struct ar_digest {
    _Alignas(64) unsigned char state[640]; /* an XXH3 state; what is in it is digest.c's alone */
};

void ar_digest_init(struct ar_digest *digest);
void ar_digest_add(struct ar_digest *digest, const void *bytes, size_t n);

/* The digest of all that was added so far; adding may go on. */
void ar_digest_hex(const struct ar_digest *digest, char hex[AR_DIGEST_HEX + 1]);

/* The digest of the first n bytes of a file, whose position does not matter. 0, or -1 with errno: EIO where it ends before. */
int ar_digest_fd(int fd, uint64_t n, char hex[AR_DIGEST_HEX + 1]) AR_MUST_USE;

/* The digest of one run of bytes. */
void ar_digest_bytes(const void *bytes, size_t n, char hex[AR_DIGEST_HEX + 1]);

#endif
