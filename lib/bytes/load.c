/* SPDX-License-Identifier: MIT */
#include "bytes/load.h"

#include <dlfcn.h>

static int fail_load(const char *soname, const char *hint, struct ar_error *error)
{
    const char *why = dlerror();
    ar_fail(error, AR_SYSTEM, "cannot load %s: %s", soname, why ? why : "unknown failure");
    return ar_hint(error, "%s", ar_tr(hint));
}

int ar_load(void *calls, const char *const *names, const char *soname, const char *hint, struct ar_error *error)
{
    void *loaded = dlopen(soname, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!loaded)
        return fail_load(soname, hint, error);
    for (size_t i = 0; names[i]; i++) {
        void *call = dlsym(loaded, names[i]);
        if (!call)
            return fail_load(soname, hint, error);
        memcpy((char *)calls + i * sizeof call, &call, sizeof call); /* ISO C has no cast from an object's address to a function's */
    }
    return 0;
}
