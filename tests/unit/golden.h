/* SPDX-License-Identifier: MIT */
/*
 * For unit tests that read tests/data: it is found above the program, wherever that was built.
 */
#ifndef AR_TESTS_GOLDEN_H
#define AR_TESTS_GOLDEN_H

#include <fcntl.h>
#include <limits.h>

#include "bytes/base.h"

/* The descriptor of tests/data/NAME; the caller's. Ends the test where there is none. */
static inline int golden_open(const char *name)
{
    char path[PATH_MAX], file[PATH_MAX + 256];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
    for (path[n > 0 ? n : 0] = '\0'; strrchr(path, '/') != NULL; *strrchr(path, '/') = '\0') {
        snprintf(file, sizeof(file), "%.*s/tests/data/%s", (int)(strrchr(path, '/') - path), path, name);
        int fd = open(file, O_RDONLY | O_CLOEXEC);
        if (fd >= 0)
            return fd;
    }
    printf("tests/data/%s is not found above this program\n", name);
    exit(1);
}

#endif
