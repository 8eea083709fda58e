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

#include <sys/mman.h>

#include "bytes/io.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Like assert, whatever NDEBUG says. */
#define FUZZ_CHECK(condition)                                                                                                  \
    do {                                                                                                                       \
        if (!(condition)) {                                                                                                    \
            fprintf(stderr, "%s:%d: broken promise: %s\n", __FILE__, __LINE__, #condition);                                    \
            abort();                                                                                                           \
        }                                                                                                                      \
    } while (0)

/* A file in memory with these bytes, at its start. */
static inline int fuzz_file(const void *data, size_t size)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    FUZZ_CHECK(fd >= 0);
    for (size_t done = 0; done < size;) {
        ssize_t n = pwrite(fd, (const char *)data + done, size - done, (off_t)done);
        FUZZ_CHECK(n > 0);
        done += (size_t)n;
    }
    return fd;
}

/* Is it compressed? Then it is no tar that a target would want to look into. */
static inline bool fuzz_is_compressed(int fd)
{
    struct ar_error error;
    struct ar_in *in = ar_in_new(fd, "input", &error);
    bool compressed = in == NULL || ar_in_filter(in) != AR_FILTER_NONE;
    ar_in_free(in);
    FUZZ_CHECK(lseek(fd, 0, SEEK_SET) == 0);
    return compressed;
}

/* A failure must be told, with the status of one that lies in the input. */
static inline void fuzz_check_error(const struct ar_error *error)
{
    FUZZ_CHECK(error->status == AR_INPUT || error->status == AR_CONTENT);
    FUZZ_CHECK(error->what[0] != '\0');
    FUZZ_CHECK(strlen(error->what) < sizeof(error->what) && strlen(error->hint) < sizeof(error->hint));
}

/* Gives each block that has tar's magic the checksum that it should have: chance would rarely find it. */
static inline void fuzz_repair_tar(uint8_t *data, size_t size)
{
    for (size_t at = 0; at + 512 <= size; at += 512) {
        uint8_t *block = data + at;
        if (memcmp(block + 257, "ustar", 5) != 0)
            continue;
        unsigned sum = 0;
        memset(block + 148, ' ', 8);
        for (size_t i = 0; i < 512; i++)
            sum += block[i];
        snprintf((char *)block + 148, 8, "%06o", sum);
    }
}

#endif
