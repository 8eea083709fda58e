/* SPDX-License-Identifier: MIT */
/*
 * The folder for temporary files of a run: one of its own in TMPDIR, in which its tools make theirs. When it is removed, nothing is left
 * of a tool that was killed and could not clear up.
 *
 * Where ar-run itself is killed, the next run removes it: a link in DIR/.analysisrun, of the name AR_HOME_TMP and the host's, leads
 * to it. That is there before the folder is, and goes after it.
 */
#ifndef AR_RUNS_TEMPORARY_H
#define AR_RUNS_TEMPORARY_H

#include "runs/home.h"

struct ar_temporary {
    struct ar_buf path;   /* absolute; empty: there is none */
    int fd;               /* of the folder, locked (flock) while its run lives; -1: none */
    struct ar_home *home; /* in which it is noted, or NULL */
};

/* None; ar_temporary_remove and ar_temporary_release are allowed. */
void ar_temporary_init(struct ar_temporary *temporary);

/* Makes it, and notes it in home, whose lock is held (NULL: it is not noted). 0 or -1. */
int ar_temporary_make(struct ar_temporary *temporary, struct ar_home *home, struct ar_error *error) AR_MUST_USE;

/* Removes it, with all that is in it; kept: only where it is empty. 0, or -1: something of it is left. */
int ar_temporary_remove(struct ar_temporary *temporary, bool kept, struct ar_error *error) AR_MUST_USE;

void ar_temporary_release(struct ar_temporary *temporary);

/*
 * Removes the one that a run has left in home, whose lock is held: if it is a folder "ar-XXXXXX", private, of this user and on this
 * host, and no living run has it (as where the folder of a run is copied while the run goes on). 0, or -1: it could not be removed.
 */
int ar_temporary_sweep(struct ar_home *home, struct ar_error *error) AR_MUST_USE;

#endif
