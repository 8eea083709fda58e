/* SPDX-License-Identifier: MIT */
/*
 * manifest-sha256.txt: the SHA-256 of every file that was delivered, in the form of sha256sum(1), which can check it. It guards against
 * attackers, too, where it is kept elsewhere.
 */
#ifndef AR_RUNS_SUMS_H
#define AR_RUNS_SUMS_H

#include "bytes/tick.h"
#include "lanes/folder.h"

#define AR_SUMS_NAME AR_FOLDER_SUMS

/*
 * Writes it into the folder dir, for the files that the index of the folder (ledger.json) lists, for the index, and for run.json, where
 * that is there. It is on the disk when it appears. 0 or -1.
 */
int ar_sums_write(const char *dir, const struct ar_tick *tick, struct ar_error *error) AR_MUST_USE;

/*
 * Checks the files that it lists. Calls wrong for each that is not what it says ("changed", "missing", or why it cannot be read), and for
 * each of those above that it does not list; *n becomes the number of files listed. 0 (whatever was called), or -1: it is not there, or
 * is none.
 */
int ar_sums_check(const char *dir, void (*wrong)(void *arg, const char *name, const char *how), void *arg, size_t *n,
                  const struct ar_tick *tick, struct ar_error *error) AR_MUST_USE;

#endif
