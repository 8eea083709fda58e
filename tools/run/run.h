/* SPDX-License-Identifier: MIT */
/*
 * The parts of ar-run: what the command line says, and what is done with it.
 */
#ifndef AR_TOOLS_RUN_RUN_H
#define AR_TOOLS_RUN_RUN_H

#include "cli/cli.h"
#include "methods/manifest.h"
#include "runs/home.h"
#include "runs/method.h"
#include "runs/pipeline.h"
#include "runs/temporary.h"

/* A growing list of texts, with NULL at its end; the texts are its own. */
struct run_list {
    char **text;
    size_t n, room;
};

/* What was said on the command line, in an earlier run (--again), or in answer to questions. NULL and empty: not said. */
struct run_options {
    char *method;            /* -m */
    char *folder;            /* -d */
    char *samples, *params;  /* -s, -p */
    char *jobs, *timeout, *mem, *retries; /* -j, -t, --mem, --retries; checked */
    struct run_list sets;    /* SET=FILE */
    struct run_list param;   /* -P */
    struct run_list lane_key;
    struct run_list lane;    /* --lane */
    struct run_list force;   /* --force LANE */
    bool force_all, incomplete, keep_work;
    /* of this run only: */
    bool dry, why, sequential, wait; /* -n, --why, --sequential, --wait */
    char *again;             /* --again */
    char *run_tar;           /* an operand that is a run tar */
    char *output;            /* -o */
    char *compress;          /* -Z; checked */
    enum ar_filter filter;   /* what that says */
};

struct run {
    struct run_options options;
    struct ar_method_source method; /* once it was loaded: its manifest */
    bool nobody_reads;              /* who read standard output is gone: once all is tidy, it dies of that */
};

/* Adds a copy. False where memory ran out. */
bool run_list_add(struct run_list *list, const char *text) AR_MUST_USE;

bool run_list_has(const struct run_list *list, const char *text);

/* Takes the last one out again. */
void run_list_drop(struct run_list *list);
void run_list_release(struct run_list *list);

/* Takes a copy of text (NULL: none) in the place of *field. False where memory ran out. */
bool run_set(char **field, const char *text) AR_MUST_USE;

void run_options_release(struct run_options *options);

/* The FILE of the set in SET=FILE operands, or NULL. */
const char *run_set_file(const struct run_options *options, const char *set);

/* chain.c: adds a tool; an option for each text of a list; behind the options, "--" and the method's command. 0 or -1. */
int run_tool(struct ar_pipeline *pipeline, const char *name, bool quiet, struct ar_error *error) AR_MUST_USE;
void run_each(struct ar_pipeline *pipeline, const char *name, const struct run_list *list);
int run_command(struct ar_pipeline *pipeline, const struct ar_method_source *method, char *const *command,
                struct ar_error *error) AR_MUST_USE;

/* As what a tool opens the manifest that a program printed, where that is in a file in memory: its stage's extra. */
#define RUN_MANIFEST_GIVEN "/dev/fd/3"

/*
 * chain.c: for what fails with standard output: tells it, but where nobody reads that any more, which is kept in nobody_reads (SIGPIPE
 * is ignored: it would leave temporary files). Returns the exit status.
 */
int run_fail_output(struct run *run, const struct ar_error *error);

/* At the end: removes the folder for temporary files; kept: unless something was to stay in it. What cannot be removed is told. */
void run_remove_temporary(struct ar_temporary *temporary, bool kept);

/* At the beginning, once the lock is held: removes what an earlier run has left that was killed. What cannot be removed is told. */
void run_sweep(struct ar_home *home);

/* Opens the one of the folder of a run; in it what is not one is refused. 0 or -1. To be released in all cases. */
int run_open_home(struct ar_home *home, const char *folder, struct ar_error *error) AR_MUST_USE;

/* Shows what the tools have said, in their order; where one failed, only what those before it and it said. Returns that one, or -1. */
ssize_t run_tell_tools(const struct ar_pipeline *pipeline);

/*
 * options.c: the options as run.json has them (an object; paths absolute), and back: what options do not say already is taken
 * from it. 0, or -1 (AR_INPUT: a member that is not known, or of another type).
 */
json_t *run_options_json(const struct run_options *options, struct ar_error *error) AR_MUST_USE;
int run_options_take(struct run_options *options, json_t *json, const char *what, struct ar_error *error) AR_MUST_USE;

/* Fills in what an earlier run's run.json says (--again). 0 or -1. */
int run_again(struct run_options *options, struct ar_error *error) AR_MUST_USE;

/*
 * Where no sets and no run tar are named, and standard input is a file (which is read more than once, by its name), that is the run tar;
 * with --again, which names others, only one that is called .tar, .tar.gz, …. 0 or -1.
 */
int run_take_input(struct run_options *options, struct ar_error *error) AR_MUST_USE;

/*
 * ask.c: asks for what is missing, on the terminal: the method, sets of its manifest, the samples table, params that are required
 * or have a default, the folder. The method is loaded by then, or by it. 0; -1: AR_INPUT (the answers ended), or cli_stop was set.
 */
int run_ask(struct run *run, struct ar_error *error) AR_MUST_USE;

/*
 * Where nothing may be asked: tells all that is missing. Returns AR_INPUT, or AR_OK where nothing is.
 */
int run_missing(const struct run *run);

/*
 * check.c: the folder of the result where none is given (appended): by the Python runner's rule results/ beside the first set, where that
 * is a file. 0 or -1.
 */
int run_default_folder(const struct run_options *options, struct ar_buf *folder, struct ar_error *error) AR_MUST_USE;

/* local.c: the whole run in a folder. Returns the exit status. */
int run_local(struct run *run);

/*
 * wire.c: behind the wrapper, as ANALYSISRUN_METHOD, ANALYSISRUN_MODE or a run tar on standard input say. Returns the exit status.
 */
int run_wire(struct run *run);

/* There, what is wrong with the command line was told (cli_usage): it goes into an error tar, too. The same. */
int run_wire_usage(struct run *run);

/* Is this how it was started? */
bool run_is_wire(const struct run_options *options);

/* The subcommands; their operand is the folder of a run. Each returns the exit status. */
int run_status(const char *folder, bool json);
int run_verify(const char *folder);
int run_clean(const char *folder);

#endif
