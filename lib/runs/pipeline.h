/* SPDX-License-Identifier: MIT */
/*
 * A chain of programs, each reading what the one before it writes: the tools of a run.
 *
 * They end with the process that started them, however it ends, and are asked to end (SIGTERM) first, so that each clears up. Their
 * standard errors go to files, since what a tool says whose neighbour failed is no news: who started them shows what counts. Where one
 * is killed that cannot clear up, what it had started is ended, too: the calling process becomes a child subreaper.
 */
#ifndef AR_RUNS_PIPELINE_H
#define AR_RUNS_PIPELINE_H

#include "methods/proc.h"

#define AR_STAGES_MAX 12
#define AR_STAGE_EXTRA 3

/* The main function of a tool, or one like it: returns the exit status. */
typedef int ar_stage_call(int argc, char **argv);

/* A program of the chain. */
struct ar_stage {
    const char *name; /* of the tool: "ar-split" */
    char **argv;      /* NULL at its end; argv[0] is its path */
    size_t n_args;
    size_t room;
    ar_stage_call *call; /* what runs in its place, in a process of its own; NULL: the program */
    int extra;        /* becomes its descriptor AR_STAGE_EXTRA; -1: none */
    int log;          /* its standard error, a file of this process's, open for reading too; -1: the caller's standard error */
    pid_t pid;        /* 0: not started, or waited for */
    bool ended;
    int status;       /* as of waitpid, once it has ended */
};

/* Zeroed, there is nothing to release. Zeroed by ar_pipeline_init, too, then filled in by the calls below. */
struct ar_pipeline {
    struct ar_stage stage[AR_STAGES_MAX];
    size_t n;
    int in;            /* standard input of the first; -1: empty */
    int out;           /* standard output of the last; -1: nowhere */
    struct ar_env env; /* of all: the caller's, to be changed before the start */
    struct ar_buf folder; /* where the tools are: that of the running program, with a slash at its end; empty: PATH */
    bool failed;       /* memory ran out while arguments were added */
    struct ar_buf children; /* pid_t: that this process had before the start */
};

/* An empty chain. 0 or -1; to be released in both cases. */
int ar_pipeline_init(struct ar_pipeline *pipeline, struct ar_error *error) AR_MUST_USE;

/* Adds a tool, without arguments: one beside the running program, else of PATH. 0, or -1 (AR_INPUT: it is not there). */
int ar_pipeline_tool(struct ar_pipeline *pipeline, const char *name, struct ar_error *error) AR_MUST_USE;

/*
 * Adds a function, which reads standard input and writes standard output as a tool does, and has the environment and arguments of one:
 * to start it takes half of the time. name is argv[0], and for messages.
 */
void ar_pipeline_call(struct ar_pipeline *pipeline, const char *name, ar_stage_call *call, int extra);

/* Adds an argument to the last one (copied); one of the form NAME=VALUE, where there is a value. What fails is told at the start. */
void ar_pipeline_arg(struct ar_pipeline *pipeline, const char *arg);
void ar_pipeline_option(struct ar_pipeline *pipeline, const char *name, const char *value);

/*
 * Starts all of them. What does not get a file of its own for its standard error (log) writes to the caller's. 0, or -1: none is
 * left running.
 */
int ar_pipeline_start(struct ar_pipeline *pipeline, struct ar_error *error) AR_MUST_USE;

/*
 * Waits until one ends, at most milliseconds (-1: as long as it takes; a signal that was handled ends the waiting, too). Returns
 * the number of the one that ended, or -1.
 */
ssize_t ar_pipeline_wait(struct ar_pipeline *pipeline, int milliseconds);

/* Are some running still? */
bool ar_pipeline_runs(const struct ar_pipeline *pipeline);

/* Asks those that run still to end, and waits for them; what was left by one that was killed is killed. To be called in any case. */
void ar_pipeline_end(struct ar_pipeline *pipeline);

/*
 * Once all have ended: the first one in their order that failed (any status but 0, or a signal), or -1. One that died because its
 * reader had ended is not it, and those behind it failed because their input was not whole: so a tool of the chain is to
 * say 0 where it has written a whole stream (--keep-going), whatever is in it.
 */
ssize_t ar_pipeline_culprit(const struct ar_pipeline *pipeline);

/* The exit status that one ended with, as of a tool; AR_SYSTEM where it ended otherwise. */
int ar_stage_status(const struct ar_stage *stage);

/* The signal that ended it, or 0. */
int ar_stage_killed(const struct ar_stage *stage);

/* Did it end with this exit status? */
bool ar_stage_exited(const struct ar_stage *stage, int status);

void ar_pipeline_release(struct ar_pipeline *pipeline);

#endif
