/* SPDX-License-Identifier: MIT */
/*
 * Threads that work for the caller and are seen by nobody else.
 */
#ifndef AR_BYTES_THREAD_H
#define AR_BYTES_THREAD_H

#include <pthread.h>

#include "bytes/base.h"

/*
 * Starts one that gets no signals but those that it causes itself: SIGPIPE, of which who writes dies, and SIGBUS, where a mapped file
 * has shrunk, and the like. All others come to the caller. False where there is none.
 */
bool ar_thread_start(pthread_t *thread, void *(*run)(void *), void *arg) AR_MUST_USE;

#endif
