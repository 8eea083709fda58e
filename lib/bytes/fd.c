/* SPDX-License-Identifier: MIT */
#include "bytes/fd.h"

#include <poll.h>
#include <sys/random.h>

bool ar_fd_wait(int fd, short events)
{
    if (errno != EAGAIN)
        return false;
    struct pollfd ready = {.fd = fd, .events = events};
    return poll(&ready, 1, -1) >= 0;
}

ssize_t ar_fd_read(int fd, void *bytes, size_t n)
{
    ssize_t got;
    do
        got = read(fd, bytes, n);
    while (got < 0 && ar_fd_wait(fd, POLLIN));
    return got;
}

ssize_t ar_fd_pread(int fd, void *bytes, size_t n, uint64_t offset)
{
    size_t done = 0;
    while (done < n) {
        ssize_t got = pread(fd, (char *)bytes + done, n - done, (off_t)(offset + done));
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

int ar_fd_write(int fd, struct iovec *pieces, int count)
{
    while (count > 0) {
        if (pieces->iov_len == 0) {
            pieces++;
            count--;
            continue;
        }
        ssize_t wrote = writev(fd, pieces, count);
        if (wrote < 0) {
            if (ar_fd_wait(fd, POLLOUT))
                continue;
            return -1;
        }
        for (size_t left = (size_t)wrote; left > 0;) {
            size_t n = left < pieces->iov_len ? left : pieces->iov_len;
            pieces->iov_base = (char *)pieces->iov_base + n;
            pieces->iov_len -= n;
            left -= n;
            if (pieces->iov_len == 0) {
                pieces++;
                count--;
            }
        }
    }
    return 0;
}

int ar_random_letters(char letters[AR_RANDOM_LETTERS + 1])
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
    if (getrandom(letters, AR_RANDOM_LETTERS, 0) != AR_RANDOM_LETTERS)
        return -1;
    for (size_t i = 0; i < AR_RANDOM_LETTERS; i++)
        letters[i] = digits[(unsigned char)letters[i] % 32];
    letters[AR_RANDOM_LETTERS] = '\0';
    return 0;
}
