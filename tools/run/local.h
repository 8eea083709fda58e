/* SPDX-License-Identifier: MIT */
/*
 * Private to the local run: what its parts share.
 */
#ifndef AR_TOOLS_RUN_LOCAL_H
#define AR_TOOLS_RUN_LOCAL_H

#include <sys/wait.h>
#include <time.h>

#include "run/run.h"
#include "runs/done.h"
#include "runs/record.h"
#include "runs/states.h"
#include "runs/temporary.h"

struct run_local {
    struct run *run;
    struct ar_pipeline pipeline;
    struct ar_home home;
    struct ar_temporary temporary; /* what the tools have for TMPDIR */
    const char *folder;          /* that is delivered into */
    struct ar_buf chosen;        /* where it was not said */
    const char *manifest;        /* as the tools get it */
    struct ar_buf manifest_path;
    int given;                   /* of a dry run: the manifest that a program printed; else -1 */
    int version;                 /* a file in memory with what the version command printed, or -1 */
    bool quiet;
    bool begun;                   /* tools were started, or tried to be */
    time_t started, told;        /* told: when the last line of progress was written */
    struct timespec before;      /* of the index that was there before */
    ino_t before_ino;
    struct ar_lane_states states; /* at the end */
    json_t *inputs, *samples, *params; /* what was read: for run.json */
    struct ar_done done;         /* what the run is made of; its text is empty where it cannot be told */
    struct ar_buf seen;          /* which files were read: that they were not changed meanwhile */
};

/*
 * prepare.c: chooses the folder, takes it, with what an earlier run left in it, and sees to the manifest that the tools get; of a dry run
 * nothing is made. 0 or -1.
 */
int run_prepare(struct run_local *local, struct ar_error *error) AR_MUST_USE;

/* Warns where the folder has the result of another method. */
void run_tell_replaced(const struct run_local *local);

/* keep.c: notes what the inputs are, while the tools read them, unless that was done. 0 or -1. */
int run_keep_inputs(struct run_local *local, struct ar_error *error) AR_MUST_USE;

/*
 * Is there nothing to do: was the last whole run made of the same, and are its files what they were? 1, 0 or -1. Fills in done where it
 * can.
 */
int run_is_done(struct run_local *local, struct ar_error *error) AR_MUST_USE;

/* Is a file of that name in the folder? So it is, too, where memory ran out. */
bool run_has_file(const struct run_local *local, const char *name);

/* Writes run.json and the digests of all that was delivered. 0 or -1. */
int run_keep_record(struct run_local *local, int status, bool delivered, struct ar_error *error) AR_MUST_USE;

/*
 * For a run that was stopped, or failed as a whole: writes run.json into a folder into which none has delivered yet, so that --again can take its options. It is
 * noted as a file of a delivery that was cut off, which it is: the next run replaces it. What goes wrong with that is no matter.
 */
void run_keep_undelivered(struct run_local *local, int status);

/* Prints result.csv to standard output (--sequential). 0 or -1. */
int run_print_result(struct run_local *local, struct ar_error *error) AR_MUST_USE;

/* Last on the screen: where the result is, and each lane that failed, with its cause, its log, and how to run it again. */
void run_tell(struct run_local *local, bool delivered);

#endif
