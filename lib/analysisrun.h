/* SPDX-License-Identifier: MIT */
/*
 * libanalysisrun: methods written in C. A method is one file: a declaration, a function that analyzes a lane, perhaps one that
 * looks at the results of all lanes, and a main of one line. The pages of section 3 say it at length: libanalysisrun(3).
 *
 * Texts are UTF-8 and end with a NUL. Rows, columns and pictures are counted from 0, fields from 1. What a function gives is its
 * lane's (or its table's) and goes with it, unless its comment says otherwise. Nothing here prints to standard output, or keeps
 * global state but for the language of messages, which AR_LANG and the locale say when it is first used; numbers are read and
 * written as in the C locale, whatever locale the program is in. A lane, and a table, is used by one thread at a time.
 *
 * NULL: a set may be, as ar_lane_set gives it. A name, a value, a text or a path that is NULL is one that is not there, and is told as
 * that. Where a length, a number of rows, a value or a problem is put by a pointer, NULL says that it is not asked for. A lane, params,
 * results, a frame, a method, options and an argv that are NULL are mistakes that nothing looks for.
 *
 * Failing: what cannot be done is recorded in the lane, the first of several. A lane with a failure on record has no result,
 * whatever analyze returns; so a call need not be checked at once, but where it gives NULL.
 *
 * All that is exported is declared here, and listed in lib/analysisrun.map.
 */
#ifndef ANALYSISRUN_H
#define ANALYSISRUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __GNUC__
#pragma GCC visibility push(default)
#define AR_FORMAT(text, arguments) __attribute__((__format__(__printf__, text, arguments)))
#else
#define AR_FORMAT(text, arguments)
#endif

struct ar_lane;    /* one sample: its names, parameters, sets and result */
struct ar_set;     /* one set of a lane: a table of rows, to be read */
struct ar_params;  /* the parameters of the whole analysis */
struct ar_frame;   /* a table of results, to be read and changed */
struct ar_results; /* the results of all lanes, before a postprocess */

/* The version of the library, such as "0.1.0"; static text. */
const char *ar_version(void);

/* ---- the declaration ------------------------------------------------------------------------------------------------ */

/* A cleansing rule: a row is kept where its cell of the column is one of the values. Lists end with their first NULL. */
struct ar_method_rule {
    const char *column;
    const char *values[16];
};

/* A set that the method wants. A row is kept where it passes everything. */
struct ar_method_set {
    const char *name;              /* as activity_spots */
    const char *description;       /* for people, or NULL */
    const char *entities[16];      /* rows of one of these in the column Entity; none: no such rule */
    struct ar_method_rule rules[8]; /* further ones; their list ends with the first that has no column */
    bool all_rows;                 /* wanted as it is: must be set where there is neither entity nor rule */
    const char *text[16];          /* columns that are text whatever they look like */
    /*
     * Keeps (true) or drops a row, after the rules; or NULL. It gets the rows in their order, before analyze, and may look at the
     * set as it is then. dropped_as says in the ledger what the dropped ones are ("method" where NULL).
     */
    bool (*keep)(struct ar_set *set, size_t row);
    const char *dropped_as;
};

struct ar_method {
    const char *name;        /* one line: spot-stats */
    const char *description; /* for people, or NULL */
    const char *version;     /* of the method, or NULL */
    const char *params;      /* JSON Schema of the parameters, as ar-stream(5) has it; NULL: any object */
    const struct ar_method_set *sets; /* one at least; the list ends with the first that has no name */
    int fields;              /* 1 to 10000; 0: as the runner says, else 12 */
    /* Looks at a lane and gives its result, by ar_result_ and ar_picture_ calls. Returns 0; anything else fails the lane. */
    int (*analyze)(struct ar_lane *lane);
    /* Looks at the results of all lanes, and may change their table; or NULL. Returns 0; anything else is a failure. */
    int (*postprocess)(struct ar_results *results);
    void *user; /* the program's own, see ar_lane_user */
    /* Files on which results depend, beside the program, such as a table of calibration; from its folder, globs allowed. */
    const char *files[16];
};

/*
 * The main of a method: returns the exit status of the process. Started by one of the tools (AR_STEP=analyze or postprocess) it does
 * that step, standard input to standard output, and what the functions above print goes to standard error. --manifest, --help and
 * --version print that. All else is handed over to ar-run, with this method.
 */
int ar_method_main(int argc, char **argv, const struct ar_method *method);

/*
 * The text of the method's manifest, in which its program is called name (NULL: as the method); the caller frees it. NULL when memory
 * ran out.
 */
char *ar_method_manifest(const struct ar_method *method, const char *name);

/* ---- a lane --------------------------------------------------------------------------------------------------------- */

const char *ar_lane_data_name(const struct ar_lane *lane);
const char *ar_lane_sample_name(const struct ar_lane *lane);

/* How many fields there are: they are 1 to this. */
int ar_lane_fields(const struct ar_lane *lane);

const struct ar_params *ar_lane_params(struct ar_lane *lane);

/* The set of that name; NULL, recorded, where the lane has none: a set without rows and columns, for the functions below. */
struct ar_set *ar_lane_set(struct ar_lane *lane, const char *name);

/* What the declaration has as user. */
void *ar_lane_user(const struct ar_lane *lane);

/*
 * Records that the lane failed, with a message for the scientist (one line: what is wrong, in words of the data). Returns -1, for
 * return ar_lane_fail(...).
 */
int ar_lane_fail(struct ar_lane *lane, const char *format, ...) AR_FORMAT(2, 3);

/* Adds a line for the developer to a failure that is on record: it stands below the message. Returns -1. */
int ar_lane_fail_detail(struct ar_lane *lane, const char *format, ...) AR_FORMAT(2, 3);

/* The message of the failure on record, or NULL. */
const char *ar_lane_failure(const struct ar_lane *lane);

/* ---- parameters ----------------------------------------------------------------------------------------------------- */

/*
 * A parameter by its name, or, where name begins with '/', by its JSON Pointer ("/limits/low"). Defaults of the schema are filled
 * in. One that is missing, or has another type, is recorded, and NAN, 0, false, "" given.
 */
double ar_param_real(const struct ar_params *params, const char *name);
int64_t ar_param_integer(const struct ar_params *params, const char *name);
bool ar_param_boolean(const struct ar_params *params, const char *name);
const char *ar_param_text(const struct ar_params *params, const char *name);

/* Is it there, and not null? */
bool ar_param_given(const struct ar_params *params, const char *name);

/* Its JSON text, for what has none of these types; NULL where it is not there. name NULL: all of them. */
const char *ar_param_json(const struct ar_params *params, const char *name);

/* ---- sets ----------------------------------------------------------------------------------------------------------- */

/* Rows and columns. Where the set is no CSV, that is recorded, and both are 0. */
size_t ar_set_rows(struct ar_set *set);
size_t ar_set_columns(struct ar_set *set);

/*
 * The name of a column, NULL where there is none; of the set, "" where the lane has none; the image-analysis method of its rows, or NULL
 * where it is not told; its lane, or NULL.
 */
const char *ar_set_column_name(struct ar_set *set, size_t column);
const char *ar_set_name(const struct ar_set *set);
const char *ar_set_method(const struct ar_set *set);
struct ar_lane *ar_set_lane(const struct ar_set *set);

/* Is there a column of that name? */
bool ar_set_has(struct ar_set *set, const char *column);

/* The number of a column, or -1, recorded, where there is none of that name. */
ptrdiff_t ar_set_column(struct ar_set *set, const char *column);

/*
 * A whole column, one value for each row, in their order, as an array that the set keeps until the lane's end (asking again costs
 * nothing). NULL, recorded, where the column is not there, or a cell is not what is asked for: what is told of that, to scientists,
 * counts the rows that cleansing left of the lane, from 1. Never NULL otherwise, also where there is no row.
 *
 * Numbers are as Python's float() reads them, but in ASCII digits, and without blanks and underscores: a cell with one is refused. reals:
 * an empty cell is NAN. integers: whole numbers of 64 bits; an empty cell is refused. texts: the cells' values, without quotes.
 */
const double *ar_set_reals(struct ar_set *set, const char *column);
const int64_t *ar_set_integers(struct ar_set *set, const char *column);
const char *const *ar_set_texts(struct ar_set *set, const char *column);

/*
 * A single cell, by the numbers of its row and column, which must be there. cell: its value as *len bytes without a NUL behind them,
 * not copied where that can be avoided. text: a copy with a NUL, kept until the lane's end.
 */
const char *ar_set_cell(struct ar_set *set, size_t row, size_t column, size_t *len);
const char *ar_set_text(struct ar_set *set, size_t row, size_t column);
double ar_set_real(struct ar_set *set, size_t row, size_t column);
int64_t ar_set_integer(struct ar_set *set, size_t row, size_t column);

/* Does the cell have this value? */
bool ar_set_is(struct ar_set *set, size_t row, size_t column, const char *value);

/*
 * The rows of a field (by the column MultiPointIndex), as *n row numbers in their order; *n is 0 for a field that was seen and has
 * none. field 0: the rows of no field, those with an empty or another MultiPointIndex. NULL, recorded, where the column is not there
 * or a cell of it is no number, or field is not one of the lane's.
 */
const size_t *ar_set_field(struct ar_set *set, int field, size_t *n);

/* ---- the result of a lane ------------------------------------------------------------------------------------------- */

/*
 * A value of the result, under a name that no other has; they stand in the table in the order in which they are given. data and
 * sample_name are the lane's, and may only be given as they are. A real is written with the fewest digits that read back as it; NAN,
 * and a text that is NULL, is null; an infinity is refused. Return 0, or -1, recorded.
 */
int ar_result_integer(struct ar_lane *lane, const char *name, int64_t value);
int ar_result_real(struct ar_lane *lane, const char *name, double value);
int ar_result_text(struct ar_lane *lane, const char *name, const char *value);
int ar_result_boolean(struct ar_lane *lane, const char *name, bool value);
int ar_result_null(struct ar_lane *lane, const char *name);

/* The lane has no result, and that is no failure. Values that were given are dropped; one that is given afterwards fails the lane. */
void ar_result_none(struct ar_lane *lane);

/*
 * A picture, from n bytes (copied) or from a regular file of at most 1024 MiB, which is read when analyze has returned. name: that of a
 * file, without folders; image_type: what kind of picture it is, NULL: what follows the last '.' of the name. Return 0, or -1, recorded.
 */
int ar_picture_bytes(struct ar_lane *lane, const char *name, const char *image_type, const void *bytes, size_t n);
int ar_picture_file(struct ar_lane *lane, const char *name, const char *image_type, const char *path);

/* ---- tables of results ---------------------------------------------------------------------------------------------- */

enum ar_value { AR_VALUE_NULL, AR_VALUE_BOOLEAN, AR_VALUE_NUMBER, AR_VALUE_TEXT };

size_t ar_frame_rows(const struct ar_frame *frame);
size_t ar_frame_columns(const struct ar_frame *frame);
const char *ar_frame_column_name(const struct ar_frame *frame, size_t column);

/* The number of the column of that name, or -1. */
ptrdiff_t ar_frame_column(const struct ar_frame *frame, const char *name);

/* The number of the row of the lane with this data name, or -1. */
ptrdiff_t ar_frame_row(const struct ar_frame *frame, const char *data_name);

/*
 * A cell. text: as it stands, a number with all its digits, "true", "false", "" for null. real: NAN where it is no number. integer:
 * false where it is no whole number of 64 bits, else *value. boolean: is it true?
 */
enum ar_value ar_frame_type(const struct ar_frame *frame, size_t row, size_t column);
const char *ar_frame_text(const struct ar_frame *frame, size_t row, size_t column);
double ar_frame_real(const struct ar_frame *frame, size_t row, size_t column);
bool ar_frame_integer(const struct ar_frame *frame, size_t row, size_t column, int64_t *value);
bool ar_frame_boolean(const struct ar_frame *frame, size_t row, size_t column);

/*
 * A whole column, one number for each row, in their order, as they are now: NAN where a cell is no number. An array that stays until
 * the table is freed. NULL where there is no such column; never NULL otherwise but for memory, also where there is no row.
 */
const double *ar_frame_reals(struct ar_frame *frame, const char *column);

/* Change a cell; values are as in a result. Return 0, or -1: memory ran out, an infinity, a text that is not UTF-8. */
int ar_frame_set_integer(struct ar_frame *frame, size_t row, size_t column, int64_t value);
int ar_frame_set_real(struct ar_frame *frame, size_t row, size_t column, double value);
int ar_frame_set_text(struct ar_frame *frame, size_t row, size_t column, const char *value);
int ar_frame_set_boolean(struct ar_frame *frame, size_t row, size_t column, bool value);
int ar_frame_set_null(struct ar_frame *frame, size_t row, size_t column);

/* Appends a column, all null. Its number, or -1: memory ran out, no name, or one that is there. */
ptrdiff_t ar_frame_add_column(struct ar_frame *frame, const char *name);

/* Gives a column another name. 0, or -1: as ar_frame_add_column. */
int ar_frame_rename_column(struct ar_frame *frame, size_t column, const char *name);

/* Take away a column, a row; those behind it move up. In a postprocess one that is not there is a failure, here as in all of these. */
void ar_frame_drop_column(struct ar_frame *frame, size_t column);
void ar_frame_drop_row(struct ar_frame *frame, size_t row);

/* The table as CSV, types and all; the caller frees it. NULL when memory ran out. */
char *ar_frame_csv(const struct ar_frame *frame);

/* Frees a table that ar_run_analysis gave. NULL is no matter. */
void ar_frame_free(struct ar_frame *frame);

/* ---- the results of all lanes --------------------------------------------------------------------------------------- */

/* The merged table, a row for each lane that has a result; what the postprocess makes of it is the result of the run. */
struct ar_frame *ar_results_table(struct ar_results *results);

/* Pictures and files: path, data, sample, kind, image_type, bytes, xxh3. To be read. */
const struct ar_frame *ar_results_artifacts(struct ar_results *results);

const struct ar_params *ar_results_params(struct ar_results *results);
void *ar_results_user(const struct ar_results *results);

/* As ar_lane_fail and ar_lane_fail_detail. */
int ar_results_fail(struct ar_results *results, const char *format, ...) AR_FORMAT(2, 3);
int ar_results_fail_detail(struct ar_results *results, const char *format, ...) AR_FORMAT(2, 3);

/* ---- statistics ----------------------------------------------------------------------------------------------------- */

#include "stats/stats.h"

/* ---- a whole analysis ----------------------------------------------------------------------------------------------- */

struct ar_input {
    const char *set;
    const char *path; /* of its CSV */
};

/* What ar_run_analysis works on. Zeroed members are not given. */
struct ar_analysis_options {
    const struct ar_input *inputs; /* the list ends with the first that has no set */
    const char *samples;           /* path of the samples table; NULL: every lane that is found */
    const char *params;            /* JSON object; NULL: {} */
    const char *lane_key;          /* as ar-split's --lane-key */
    const char *tools;             /* folder of the tools; NULL: they are found by PATH */
    bool keep_going;               /* a table is made although lanes failed, and *problem tells of them */
};

/* Why it failed, or lanes did. */
struct ar_problem {
    int status;         /* as a tool's exit status: 0 nothing failed, 1 content, 2 input, 3 system */
    char message[2048]; /* one line for the scientist */
    /*
     * What else was said: lines, each with its line feed; or empty. Where lanes failed, a line for each with its cause, and below them,
     * under each lane's name, what is for the developer: that of ar_lane_fail_detail, the end of what it printed before it crashed.
     * What finds no room is left out, and the last line then is "…".
     */
    char detail[8192];
};

/*
 * Runs the whole analysis from a program of the caller's: ar-split | ar-cleanse | ar-pack | analyze | ar-merge | postprocess, the
 * tools and analyze in processes of their own, which end before it returns. analyze runs in a fork of the caller for each lane, one
 * after the other: call it before the program starts threads, have ready by then what all lanes need, and expect nothing of what
 * analyze changes in memory, in the program or at the next lane. A lane whose analyze crashes, or calls exit, fails as one whose analyze
 * returns an error. postprocess runs in the caller. Pictures are in the table of artifacts that postprocess gets, and are not delivered.
 * Returns the table, the caller's to free by ar_frame_free; NULL with *problem filled in. Where lanes failed, there is a table with
 * keep_going only.
 */
struct ar_frame *ar_run_analysis(const struct ar_method *method, const struct ar_analysis_options *options, struct ar_problem *problem);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
