/* SPDX-License-Identifier: MIT */
#include "bytes/archive.h"

#include <dlfcn.h>

#define SONAME "libarchive.so.13" /* of all that have the calls of archive.h 3.x */

_Static_assert(ARCHIVE_VERSION_NUMBER / 1000000 == 3, "another archive.h: which soname has it?");

static int fail_load(struct ar_error *error)
{
    const char *why = dlerror();
    ar_fail(error, AR_SYSTEM, "cannot load %s: %s", SONAME, why ? why : "unknown failure");
    return ar_hint(error, "zstd, xz, lz4 and bzip2 need it: install libarchive (libarchive13 in Debian), or take gzip.");
}

int ar_archive_load(struct ar_archive *lib, struct ar_error *error)
{
    void *loaded = dlopen(SONAME, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!loaded)
        return fail_load(error);
#define LOAD(name)                                                                                                             \
    void *at_##name = dlsym(loaded, #name);                                                                                    \
    if (!at_##name)                                                                                                            \
        return fail_load(error);                                                                                               \
    memcpy(&lib->name, &at_##name, sizeof lib->name); /* ISO C has no cast from an object's address to a function's */
    AR_ARCHIVE_CALLS(LOAD)
#undef LOAD
    return 0;
}
