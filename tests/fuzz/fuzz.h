/* SPDX-License-Identifier: MIT */
/*
 * A fuzz target is a file fuzz_NAME.c that defines LLVMFuzzerTestOneInput. Linked with regression.c it is a plain program that
 * runs the inputs given to it; built by clang with -fsanitize=fuzzer, instead of regression.c, it makes up its own:
 *
 *     mkdir -p found && ./fuzz_NAME found tests/fuzz/corpus/NAME
 *
 * A target aborts where a promise is broken; a crash or a sanitizer's report counts as well.
 */
#ifndef AR_TESTS_FUZZ_H
#define AR_TESTS_FUZZ_H

#include "bytes/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Like assert, whatever NDEBUG says. */
#define FUZZ_CHECK(condition)                                                                                                  \
    do {                                                                                                                       \
        if (!(condition)) {                                                                                                    \
            fprintf(stderr, "%s:%d: broken promise: %s\n", __FILE__, __LINE__, #condition);                                    \
            abort();                                                                                                           \
        }                                                                                                                      \
    } while (0)

#endif
