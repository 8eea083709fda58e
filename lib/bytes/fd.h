/* SPDX-License-Identifier: MIT */
/*
 * Private to this room: reading and writing descriptors to the end. Failures are in errno, EINTR among them; a descriptor that
 * somebody made non-blocking (terminals and sockets are shared) is waited for.
 */
#ifndef AR_BYTES_FD_H
#define AR_BYTES_FD_H

#include <sys/uio.h>

#include "bytes/base.h"

/* As read(2). */
ssize_t ar_fd_read(int fd, void *bytes, size_t n) AR_MUST_USE;

/* As pread(2), but gives fewer than n only at the file's end. */
ssize_t ar_fd_pread(int fd, void *bytes, size_t n, uint64_t offset) AR_MUST_USE;

/* Writes all of the pieces, which it changes. 0 or -1. */
int ar_fd_write(int fd, struct iovec *pieces, int count) AR_MUST_USE;

/* True where errno says "not now" and fd has become ready since: the call is to be made again. events: POLLIN or POLLOUT. */
bool ar_fd_wait(int fd, short events);

/* Letters and digits that nobody foresees, for the name of a temporary file. 0, or -1 with errno. */
#define AR_RANDOM_LETTERS 6
int ar_random_letters(char letters[AR_RANDOM_LETTERS + 1]) AR_MUST_USE;

#endif
