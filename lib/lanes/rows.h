/* SPDX-License-Identifier: MIT */
/*
 * Writing the CSV of a lane's set: a header, and the rows that lie in extents of some bytes.
 */
#ifndef AR_LANES_ROWS_H
#define AR_LANES_ROWS_H

#include "bytes/digest.h"
#include "codecs/tar.h"
#include "lanes/extents.h"

struct ar_rows {
    const char *data; /* where all of it lies */
    bool stable;      /* data stays as it is until the process ends: large extents are handed over without a copy */
    uint64_t header_start, header_len;
    const struct ar_extents *extents; /* NULL: no rows */
};

/* Bytes that ar_rows_write writes: the header and each row with a LF behind it. */
uint64_t ar_rows_bytes(const struct ar_rows *rows);

/* Writes them as the body of the entry that was begun, and gives their digest. 0 or -1. */
int ar_rows_write(const struct ar_rows *rows, struct ar_tar_writer *tar, char xxh3[AR_DIGEST_HEX + 1],
                  struct ar_error *error) AR_MUST_USE;

#endif
