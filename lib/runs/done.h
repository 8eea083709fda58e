/* SPDX-License-Identifier: MIT */
/*
 * What a run is made of, all of it, as one text: where the last whole run into a folder was made of the same, and its files are what
 * they were, there is nothing to do. No clock is compared: inputs are known by their paths and digests, the method's files by their
 * digests.
 */
#ifndef AR_RUNS_DONE_H
#define AR_RUNS_DONE_H

#include <signal.h>

#include "methods/method_files.h"
#include "runs/method.h"

struct ar_done {
    struct ar_buf text;
    struct ar_buf version; /* what the manifest's version command printed, where it has one */
    bool versioned;        /* and it was run */
    struct ar_method_parts step[2]; /* files of analyze, and of the postprocess */
};

struct ar_done_what {
    const struct ar_method_source *method;
    const json_t *inputs;          /* set → {"file":PATH,"bytes":N,"xxh3":HEX}, as in run.json */
    const json_t *samples, *params; /* likewise, or JSON null */
    const json_t *options;         /* those that change a result */
    const volatile sig_atomic_t *stop;
};

void ar_done_init(struct ar_done *done);
void ar_done_release(struct ar_done *done);

/*
 * Makes the text, with a line end. 1; 0 where it cannot be told: an input is no regular file; -1: the method's files cannot be read, its
 * version command failed.
 */
int ar_done_read(const struct ar_done_what *what, struct ar_done *done, struct ar_error *error) AR_MUST_USE;

/* Was a file of the method changed or replaced since it was read? Then the text may not be what the run was made of. */
bool ar_done_changed(struct ar_done *done);

#endif
