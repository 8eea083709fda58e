/* SPDX-License-Identifier: MIT */
#include "bytes/thread.h"

#include <signal.h>

bool ar_thread_start(pthread_t *thread, void *(*run)(void *), void *arg)
{
    static const int own[] = { SIGPIPE, SIGBUS, SIGSEGV, SIGFPE, SIGILL };
    sigset_t all, before;
    sigfillset(&all);
    for (size_t i = 0; i < AR_COUNT(own); i++)
        sigdelset(&all, own[i]);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int errnum = pthread_create(thread, NULL, run, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return errnum == 0;
}
