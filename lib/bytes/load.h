/* SPDX-License-Identifier: MIT */
/*
 * Private to this room: libraries that are loaded when a stream is met that needs them. Each library that a program is linked with
 * costs it at every start, and most streams need none of these.
 */
#ifndef AR_BYTES_LOAD_H
#define AR_BYTES_LOAD_H

#include "bytes/error.h"

/*
 * Loads a library, which stays until the process ends, and finds the functions of these names (NULL at the end): calls is a struct of
 * pointers to them, in the same order. hint says what to install. 0, or -1 (AR_SYSTEM): it is not there, or another than expected.
 */
int ar_load(void *calls, const char *const *names, const char *soname, const char *hint, struct ar_error *error) AR_MUST_USE;

/* For a list of names as a macro that applies another to each: a member of such a struct, and its name. */
#define AR_LOAD_MEMBER(name) __typeof__(&name) name;
#define AR_LOAD_NAME(name) #name,

#endif
