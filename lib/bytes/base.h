/* SPDX-License-Identifier: MIT */
/*
 * What every file of the project includes first: the C headers that everybody needs, and the ban on unsafe functions.
 */
#ifndef AR_BYTES_BASE_H
#define AR_BYTES_BASE_H

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/types.h>
#include <unistd.h>

#define AR_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * Memory into or from which much is copied through a descriptor begins at multiples of this. What comes through a pipe comes by pages,
 * and a processor copies a page at a third of its speed to an address that is a few bytes behind the page's own, counted in pages (AMD
 * Zen: glibc's bug 30994).
 */
#define AR_PAGE ((size_t)4096)

#define AR_MUST_USE __attribute__((warn_unused_result))
#define AR_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define AR_LIKELY(x) __builtin_expect(!!(x), 1)
#define AR_UNLIKELY(x) __builtin_expect(!!(x), 0)

#pragma GCC poison strcpy strncpy strcat strncat sprintf vsprintf strtok atoi atol atoll atof gets mktemp tmpnam

#endif
