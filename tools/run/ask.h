/* SPDX-License-Identifier: MIT */
/*
 * Private to what is asked: parameters of the schema, and what an answer must be.
 */
#ifndef AR_TOOLS_RUN_ASK_H
#define AR_TOOLS_RUN_ASK_H

#include "run/run.h"

/* A parameter at the top of the schema. */
struct run_param {
    char *name;
    char *type;        /* "number", …, or "" */
    char *description; /* its title where it has none, or "" */
    char *expected;    /* what an answer may be, in words: "a number", "fast or slow"; or "" */
    char *fallback;    /* the text of its default, or NULL */
    bool required, given;
};

struct run_params {
    struct run_param *param; /* in the schema's order */
    size_t n;
    struct ar_buf given;     /* the params that were said (-p, -P): a JSON object */
};

/* Those of the method, and which of them are given. 0, or -1 (AR_INPUT: params that are none). To be released in both cases. */
int run_params_read(struct run_params *params, const struct run *run, struct ar_error *error) AR_MUST_USE;
void run_params_release(struct run_params *params);

/* Is it missing: required, not given, and without a default? */
bool run_param_missing(const struct run_param *param);

/*
 * Checks an answer for the parameter against the schema, and appends the assignment for -P. Text need not be quoted where the schema
 * wants text. 0, or -1 (AR_INPUT).
 */
int run_param_answer(const struct run *run, struct run_params *params, struct run_param *param, const char *answer, struct ar_buf *assignment,
                     struct ar_error *error) AR_MUST_USE;

/* check.c: can the file be the set? It can be read, is CSV, and has the columns that tell lanes and that the rules name. 0 or -1. */
int run_check_set(const struct run *run, const char *set, const char *path, struct ar_error *error) AR_MUST_USE;

/* Does it have the column that tells the lane of a row? 0 or -1. */
int run_check_lanes(const struct run *run, const char *set, const char *path, struct ar_error *error) AR_MUST_USE;

/* Can it be read, and has columns, but none that is known to tell the lane? Then that may be asked for. */
bool run_lacks_lanes(const struct run *run, const char *set, const char *path);

/* The sets that are given are among the method's, where it is loaded. 0, or -1 (AR_INPUT). */
int run_check_names(const struct run *run, struct ar_error *error) AR_MUST_USE;

/* No input is a pipe. 0, or -1 (AR_INPUT). */
int run_check_files(const struct run *run, struct ar_error *error) AR_MUST_USE;

/* Can the result be delivered into the folder, which may not be there yet? 0 or -1. */
int run_check_folder(const char *folder, struct ar_error *error) AR_MUST_USE;

/* What was given (sets, samples table, folder), as answers are checked: before anything is asked. 0 or -1. */
int run_check_given(const struct run *run, struct ar_error *error) AR_MUST_USE;

/*
 * names.c: appends the name of a file as somebody typed or dragged it in: blanks around it are taken off; where there is none of the name that
 * is left ("~" expanded, where needed), it is read as a word of a shell: quotes, backslashes. A quote that is not closed is one where there is
 * such a file then; else it is an apostrophe, but at the start.
 */
void run_clean_name(struct ar_buf *path, const char *answer);

/* Completion for the line editor: what is on the line with the names of files that it may become, typed so that run_clean_name reads them. */
char **run_complete_name(const char *line, int start, int end);

#endif
