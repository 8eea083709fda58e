/* SPDX-License-Identifier: MIT */
/*
 * Private to this room: ISA-L, which decompresses gzip.
 */
#ifndef AR_BYTES_ISAL_H
#define AR_BYTES_ISAL_H

#include <isa-l/igzip_lib.h>

#include "bytes/load.h"

#define AR_ISAL_CALLS(CALL) CALL(isal_inflate) CALL(isal_inflate_init) CALL(isal_inflate_reset)

/* Its functions, by their names. */
struct ar_isal {
    AR_ISAL_CALLS(AR_LOAD_MEMBER)
};

/* Loads it; it stays until the process ends. 0, or -1 (AR_SYSTEM): it is not installed. */
int ar_isal_load(struct ar_isal *lib, struct ar_error *error) AR_MUST_USE;

#endif
