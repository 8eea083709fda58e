/* SPDX-License-Identifier: MIT */
/*
 * What reader and writer of tar share: the header block, as POSIX.1-2017 (pax, "ustar Interchange Format") lays it out.
 */
#ifndef AR_CODECS_TAR_FORMAT_H
#define AR_CODECS_TAR_FORMAT_H

#include "bytes/base.h"

#define AR_TAR_BLOCK 512

/* Texts end with a NUL only where there is room for one; numbers are octal digits that a blank or NUL ends. */
struct ar_tar_block {
    char name[100];
    char mode[8];
    char uid[8];
    char gid[8];
    char size[12];
    char mtime[12];
    char checksum[8];
    char kind;
    char link_name[100];
    char magic[6]; /* "ustar" and NUL; in old GNU tars "ustar " with " " and NUL for the version; nothing in v7 */
    char version[2];
    char user[32];
    char group[32];
    char device_major[8];
    char device_minor[8];
    char prefix[155]; /* with POSIX' magic: the name's part before a slash */
    char unused[12];
};

_Static_assert(sizeof(struct ar_tar_block) == AR_TAR_BLOCK, "a header is one block");

/* What a pax header body may hold, here: 1 MiB. Records that pass through leave room in it for ours. */
#define AR_TAR_PAX_MAX ((size_t)1 << 20)
#define AR_TAR_PASS_MAX (AR_TAR_PAX_MAX - ((size_t)1 << 14))

#define AR_TAR_NAME_MAX 4096

/* The sum of the block's bytes, as numbers from 0 to 255, blanks in place of the checksum. */
static inline unsigned ar_tar_checksum(const struct ar_tar_block *block)
{
    const unsigned char *bytes = (const unsigned char *)block;
    unsigned sum = ' ' * sizeof(block->checksum);
    typedef uint16_t vector __attribute__((vector_size(16)));
    vector sums = { 0 }, pairs;
    for (size_t i = 0; i < AR_TAR_BLOCK; i += sizeof(pairs)) {
        memcpy(&pairs, bytes + i, sizeof(pairs));
        sums += (pairs & 0xff) + (pairs >> 8);
    }
    for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
        sum += sums[i];
    for (size_t i = 0; i < sizeof(block->checksum); i++)
        sum -= (unsigned char)block->checksum[i];
    return sum;
}

/* Zeros that fill the last block of a body of size bytes. */
static inline unsigned ar_tar_padding(uint64_t size)
{
    return (unsigned)(-size & (AR_TAR_BLOCK - 1));
}

#endif
