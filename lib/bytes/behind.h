/* SPDX-License-Identifier: MIT */
/*
 * Private to this room: writing behind the caller's back. A thread writes to a descriptor what the caller has put into a ring of
 * blocks, so that the caller goes on while the descriptor takes its time.
 *
 * The thread blocks all signals but SIGPIPE: they come to the caller, whose waiting they interrupt (EINTR).
 */
#ifndef AR_BYTES_BEHIND_H
#define AR_BYTES_BEHIND_H

#include <sys/uio.h>

#include "bytes/base.h"

#define AR_BEHIND_ROOM ((size_t)16 << 20) /* bytes of the ring */

struct ar_behind;

/* Starts it; fd stays the caller's. NULL where the system has no thread or no memory for it: then the caller writes itself. */
struct ar_behind *ar_behind_new(int fd) AR_MUST_USE;

/* Puts all of the pieces into the ring, and waits for room. 0; -1 with errno: what the thread met, or EINTR. */
int ar_behind_write(struct ar_behind *behind, const struct iovec *pieces, int count) AR_MUST_USE;

/* Waits until everything is written. 0 or -1 with errno, as above. */
int ar_behind_drain(struct ar_behind *behind) AR_MUST_USE;

/* Ends the thread, whatever it is at, and frees; what was not written is dropped. NULL is no matter. */
void ar_behind_free(struct ar_behind *behind);

#endif
