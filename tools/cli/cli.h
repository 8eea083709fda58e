/* SPDX-License-Identifier: MIT */
/*
 * What all tools share towards their user: messages, options, output, progress, signals. The only part of the project that
 * prints or keeps global state (the tool's name, its level of messages, the signal that asked it to stop).
 *
 * Messages and help are in the language of the user (bytes/tr.h): formats are written in English, as literals, and looked up here. The texts
 * of tables are marked by N_().
 */
#ifndef AR_TOOLS_CLI_H
#define AR_TOOLS_CLI_H

#include <signal.h>

#include "bytes/file.h"

/* ---- options -------------------------------------------------------------------------------------------------------- */

/* One option. A table of them ends with a zeroed one; --help, --version and --quiet are in every tool and not listed. */
struct cli_option {
    int key;          /* its letter, or a number from CLI_LONG on where it has none */
    const char *name; /* long name, or NULL */
    const char *arg;  /* what its argument is called, or NULL where it takes none; "[LANE]": it may be left out (long options only) */
    const char *help; /* one line, or several separated by \n; N_() */
};

enum { CLI_LONG = 256, CLI_END = -1, CLI_WRONG = -2, CLI_DONE = -3, CLI_BRIEF = CLI_LONG + 90 };

struct cli_tool {
    const char *name;     /* "ar-split" */
    const char *synopsis; /* one form a line, without the name: N_("[options] SET=FILE ...") */
    const char *summary;  /* what it does: a sentence or two; N_() */
    const struct cli_option *options;
    const char *examples; /* lines, or NULL */
    bool command;         /* the operands are a command: what follows the first one is its own */
};

/* Options that mean the same in every tool, for the tables. */
#define CLI_OPTION_OUTPUT \
    { 'o', "output", "FILE", N_("write to FILE (it appears when it is whole) instead of standard output") }
#define CLI_OPTION_COMPRESS { 'Z', "compress", "FILTER", N_("compress the output: gzip or zstd") }
#define CLI_OPTION_PARAMS { 'p', "params", "FILE", N_("parameters of the analysis: a JSON object") }
#define CLI_OPTION_PARAM { 'P', "param", "NAME=JSON", N_("set one parameter; may be repeated") }
#define CLI_OPTION_BRIEF { CLI_BRIEF, "brief", NULL, N_("lanes that failed or are missing are counted, not listed") }
#define CLI_OPTION_MANIFEST { 'm', "manifest", "FILE", N_("the method's manifest") }

/*
 * Starts a tool: chooses the language, remembers its name, reads LOGLEVEL, installs handlers (SIGINT, SIGTERM and others that end a program ask to
 * stop, see cli_stop; SIGBUS says that a mapped file shrank). Call first.
 */
void cli_start(const struct cli_tool *tool);

/*
 * The next option of the command line, which may stand behind operands unless they are a command: its key, with *arg set;
 * CLI_END when only operands are left (their first is *first); CLI_WRONG after a mistake was told (end with status 2); CLI_DONE
 * when --help or --version was printed (end with status 0).
 */
int cli_next(int argc, char **argv, const char **arg, int *first);

/* Tells a usage mistake in one line that points to --help. Returns AR_INPUT. */
int cli_usage(const char *format, ...) AR_PRINTF(1, 2);

/* The last that was told so, or "". */
const char *cli_usage_text(void);

/* Checked numbers: true where text is one; else the mistake was told, with the option's name ("-j"). */
bool cli_count(const char *option, const char *text, unsigned long min, unsigned long max, unsigned long *value);
bool cli_seconds(const char *option, const char *text, double *value);
bool cli_size(const char *option, const char *text, uint64_t *bytes); /* 100, 64K, 2M, 1G: powers of 1024 */
bool cli_filter(const char *text, enum ar_filter *filter);

/* ---- messages ------------------------------------------------------------------------------------------------------- */

/* Every message is one line "NAME: TEXT"; control and bidirectional characters in it are shown, not sent. */
void cli_warn(const char *format, ...) AR_PRINTF(1, 2);

/* The same for what a run failed in, though it goes on: at each LOGLEVEL. */
void cli_warn_failed(const char *format, ...) AR_PRINTF(1, 2);
void cli_info(const char *format, ...) AR_PRINTF(1, 2);
void cli_debug(const char *format, ...) AR_PRINTF(1, 2);

/* As cli_info, for what an option asks for: --quiet does not take it away. */
void cli_answer(const char *format, ...) AR_PRINTF(1, 2);

/* Prints what failed, and below what to do. Returns the exit status. */
int cli_fail(const struct ar_error *error);

/* A line of a message that goes on: two blanks and TEXT. */
void cli_more(const char *format, ...) AR_PRINTF(1, 2);

/* Was --quiet given? */
bool cli_is_quiet(void);

/* Passes on what another tool has said, as it is. */
void cli_pass(const char *text, size_t n);

/* The same for each line of text. */
void cli_more_lines(const char *text);

/* Does an operand look like the file of a stream (.tar, .tar.gz, …) that was to be standard input? */
bool cli_is_tar(const char *operand);

/* ---- the end -------------------------------------------------------------------------------------------------------- */

/* The signal that asked the tool to stop, or 0. */
extern volatile sig_atomic_t cli_stop;

/* Closes and checks standard output, as the end of a tool does, before that. Returns the status, or AR_SYSTEM where it failed. */
int cli_close_output(int status);

/*
 * Ends a tool: standard output is closed and checked (a failure makes the status AR_SYSTEM), and where a signal asked it to stop
 * it dies by that signal. Returns the status for main to return.
 */
int cli_end(int status);

/* For a tool that ignores SIGPIPE while it has something to end first, once that is done: dies of it. Where it cannot, returns. */
void cli_die_of_pipe(void);

/* ---- output --------------------------------------------------------------------------------------------------------- */

/* Where a tool's stream goes: standard output, or a file that appears when it is whole. */
struct cli_output {
    const char *path; /* -o, or NULL for standard output ("-" too) */
    enum ar_filter filter;
    struct ar_out *out;
    struct ar_file file;
    bool is_file;
};

/* Opens it. A terminal is refused (AR_INPUT). */
int cli_output_open(struct cli_output *output, struct ar_error *error) AR_MUST_USE;

/* -1 (AR_INPUT) where the output is the regular file that fd reads. */
int cli_output_differs(const struct cli_output *output, int fd, const char *name, struct ar_error *error) AR_MUST_USE;

/* The same for an input that is read by its path (NULL: there is none). */
int cli_output_differs_path(const struct cli_output *output, const char *path, struct ar_error *error) AR_MUST_USE;

/* Finishes it: flushes, and makes a file appear; sync: on the disk first. */
int cli_output_close(struct cli_output *output, bool sync, struct ar_error *error) AR_MUST_USE;

/* For an error path: what was written to a file is gone. */
void cli_output_abandon(struct cli_output *output);

/* ---- progress ------------------------------------------------------------------------------------------------------- */

/*
 * A line on the terminal that is updated once the work takes over a second: shown where standard error is a terminal and
 * standard output is no pipe, and not with --quiet. doing: N_("cutting"). unit: "B" for bytes, else a word (N_("lanes")).
 */
void cli_progress_start(const char *doing, const char *unit);

/* done of total (0: unknown) units; failed: how many of them failed. Cheap: may be called for every piece of work. */
void cli_progress(uint64_t done, uint64_t total, uint64_t failed);

/* Appends how many a second, for people: two significant digits, and all before the point: "0.67", "3.4", "12", "345". */
void cli_rate(struct ar_buf *buf, double rate);

/* Takes the line away. Messages do so by themselves. */
void cli_progress_end(void);

/* Appends a number of things, named by a literal: "1 lane", "3 lanes". */
#define cli_number(buf, n, thing) ar_buf_add_count(buf, n, "%" PRIu64 " " thing, "%" PRIu64 " " thing "s")

/* Appends a number of bytes for people: "512 B", "1.5 MB" (powers of 1000). */
void cli_bytes(struct ar_buf *buf, uint64_t bytes);

#endif
