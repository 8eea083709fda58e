/* SPDX-License-Identifier: MIT */
/*
 * The folder in which a method of many lanes runs: each lane finds it empty, and itself in it, whatever the one before did.
 */
#ifndef AR_PROGRAM_OWN_FOLDER_H
#define AR_PROGRAM_OWN_FOLDER_H

#include <sys/stat.h>

#include "bytes/error.h"

struct ar_own_folder {
    int fd; /* -1: the folder is somebody's, and stays as it is */
    dev_t dev;
    ino_t ino;
    struct timespec emptied; /* its modification time when nothing was in it; 0: not known */
};

/* It is the process' own where who started it said so, of this very folder (AR_OWN_FOLDER, which what the method starts does not get). */
void ar_own_folder_init(struct ar_own_folder *folder);
void ar_own_folder_release(struct ar_own_folder *folder);

/* Behind a lane: goes back into it, and deletes what is in it. 0, or -1 (AR_SYSTEM). */
int ar_own_folder_renew(struct ar_own_folder *folder, struct ar_error *error) AR_MUST_USE;

#endif
