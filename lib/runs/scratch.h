/* SPDX-License-Identifier: MIT */
/*
 * A folder in TMPDIR for all that the programs of a run put there: a program that is killed leaves what it had, and it goes with
 * the folder.
 */
#ifndef AR_RUNS_SCRATCH_H
#define AR_RUNS_SCRATCH_H

#include "bytes/buf.h"

#define AR_SCRATCH_NOTE "tmp"

/* Zeroed but for note: none. */
struct ar_scratch {
    char *path;
    int note; /* a folder in which a file AR_SCRATCH_NOTE tells the path, for the next run; -1: nowhere */
};

/*
 * Makes the folder in TMPDIR. With a note, one that an earlier run left is removed first; the caller holds the lock of note, so that its
 * owner is dead. 0, or -1 (AR_SYSTEM).
 */
int ar_scratch_make(struct ar_scratch *scratch, struct ar_error *error) AR_MUST_USE;

/* Removes it, with all that is in it, and the note. What cannot be removed stays, and so does the note. */
void ar_scratch_remove(struct ar_scratch *scratch);

#endif
