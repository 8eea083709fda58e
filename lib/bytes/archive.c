/* SPDX-License-Identifier: MIT */
#include "bytes/archive.h"

_Static_assert(ARCHIVE_VERSION_NUMBER / 1000000 == 3, "another archive.h: which soname has it?");

int ar_archive_load(struct ar_archive *lib, struct ar_error *error)
{
    static const char *const names[] = { AR_ARCHIVE_CALLS(AR_LOAD_NAME) NULL };
    return ar_load(lib, names, "libarchive.so.13", /* of all that have the calls of archive.h 3.x */
                   N_("zstd, xz, lz4 and bzip2 need it: install libarchive (libarchive13 in Debian), or take gzip."), error);
}
