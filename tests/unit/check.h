/* SPDX-License-Identifier: MIT */
/*
 * A unit test is a program: it runs its checks, prints each that fails with file and line, and ends with status 1 if any did.
 *
 *     int main(void) { test_this(); test_that(); return check_done(); }
 */
#ifndef AR_TESTS_CHECK_H
#define AR_TESTS_CHECK_H

#include "bytes/base.h"

/* So often is done what is done at random: with sanitizers, which take their time, a quarter of it. */
#ifdef __SANITIZE_ADDRESS__
#define CHECK_ROUNDS(n) ((n) / 4)
#else
#define CHECK_ROUNDS(n) (n)
#endif

static int check_failures;
static int check_count;

/* A condition that must hold; the rest are printf arguments that tell what was there instead. */
#define CHECK(condition, ...)                                                                                                  \
    do {                                                                                                                       \
        check_count++;                                                                                                         \
        if (!(condition)) {                                                                                                    \
            check_failures++;                                                                                                  \
            printf("%s:%d: %s:", __FILE__, __LINE__, #condition);                                                             \
            printf(" " __VA_ARGS__);                                                                                           \
            printf("\n");                                                                                                      \
        }                                                                                                                      \
    } while (0)

/* Two runs of bytes must be equal. */
#define CHECK_BYTES(got, got_len, want, want_len)                                                                              \
    CHECK((size_t)(got_len) == (size_t)(want_len) && memcmp((got), (want), (want_len)) == 0, "got '%.*s' (%zu), want '%.*s'",  \
          (int)(got_len), (const char *)(got), (size_t)(got_len), (int)(want_len), (const char *)(want))

/* Two C strings must be equal. */
#define CHECK_TEXT(got, want) CHECK_BYTES((got), strlen(got), (want), strlen(want))

static inline int check_done(void)
{
    printf("%d checks, %d failed\n", check_count, check_failures);
    return check_failures == 0 && check_count > 0 ? 0 : 1;
}

#endif
