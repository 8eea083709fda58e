/* SPDX-License-Identifier: MIT */
/*
 * What a run was made of, all of it, as one text: where the last whole run into a folder was made of the same, and its files are what
 * they were, there is nothing to do. No clock is compared: inputs and the method's files are known by their digests.
 */
#ifndef AR_RUNS_DONE_H
#define AR_RUNS_DONE_H

#include <signal.h>

#include "runs/method.h"

struct ar_done_what {
    const struct ar_method_source *method;
    const json_t *inputs;          /* set → {"file":PATH,"bytes":N,"xxh3":HEX}, as in run.json */
    const json_t *samples, *params; /* likewise, or JSON null */
    const json_t *options;         /* those that change a result */
    const volatile sig_atomic_t *stop;
};

/*
 * Appends the text, with a line end. 1; 0 where it cannot be told: an input is no regular file; -1: the method's files cannot be read, its
 * version command failed.
 */
int ar_done_text(const struct ar_done_what *what, struct ar_buf *text, struct ar_error *error) AR_MUST_USE;

#endif
