/* SPDX-License-Identifier: MIT */
#include "bytes/isal.h"

int ar_isal_load(struct ar_isal *lib, struct ar_error *error)
{
    static const char *const names[] = { AR_ISAL_CALLS(AR_LOAD_NAME) NULL };
    return ar_load(lib, names, "libisal.so.2", N_("gzip needs it: install ISA-L (libisal2 in Debian)."), error);
}
