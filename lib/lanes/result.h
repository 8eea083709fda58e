/* SPDX-License-Identifier: MIT */
/*
 * Results: what a method answers, the merged table, what a postprocess answers.
 *
 * Tables here are canonical: comma, LF, no BOM, no blank line. Numbers are the text that they came in.
 */
#ifndef AR_LANES_RESULT_H
#define AR_LANES_RESULT_H

#include "codecs/value.h"
#include "lanes/targets.h"

/* ---- the answer of a method ----------------------------------------------------------------------------------------- */

/*
 * Makes the canonical analysis_result of a lane (CSV: header, one row) from what a method printed: one JSON object of
 * scalars, a CSV header with one row, or null. The columns data and sample_name are appended where they lack. Cells of a
 * CSV stay as they are. Appends to out, except for null, where *none is set.
 *
 * 0, or -1 (AR_CONTENT, with a hint for the method's author): nothing printed, another number of rows, more than one
 * object, an array or scalar, a value that is an array or object, a name that is empty or there twice, another data than
 * the lane's, NaN in JSON, a NUL, bytes that are not UTF-8.
 */
int ar_result_from_output(struct ar_buf *out, const char *text, size_t n, const char *data, const char *sample, bool *none,
                          struct ar_error *error) AR_MUST_USE;

/* The same for a CSV that comes from elsewhere than standard output; what names it. */
int ar_result_from_csv(struct ar_buf *out, const char *text, size_t n, const char *data, const char *sample, const char *what,
                       struct ar_error *error) AR_MUST_USE;

/* ---- the merged table ----------------------------------------------------------------------------------------------- */

struct ar_merge_row {
    uint64_t offset; /* in rows, of the row without its line end */
    uint32_t len;
    uint32_t header; /* number of its header + 1, 0 = the lane has no row */
};

/* What is known of a header that came before. */
struct ar_merge_header {
    size_t columns;
    size_t data; /* the number of its column data */
};

struct ar_merge_table {
    const struct ar_targets *targets;
    struct ar_merge_row *row;      /* by lane */
    struct ar_buf rows;            /* in order of arrival */
    struct ar_names headers;       /* the different header rows */
    struct ar_merge_header *known; /* by number of the header */
    size_t last;                   /* number of the header that came last */
    uint32_t *at;                  /* room to split the widest row */
    size_t at_room;
};

/* An empty table of the lanes of targets, which must stay. 0, or -1 when memory ran out. */
int ar_merge_table_init(struct ar_merge_table *merge, const struct ar_targets *targets, struct ar_error *error) AR_MUST_USE;
void ar_merge_table_release(struct ar_merge_table *merge);

/*
 * Takes the analysis_result of a lane, by its number in targets; lanes may come in any order. The text is copied. 0, or
 * -1 (AR_CONTENT): it is no CSV with one row, it is another lane's, or the lane has a row already.
 */
int ar_merge_table_add(struct ar_merge_table *merge, size_t lane, const char *text, size_t n, struct ar_error *error) AR_MUST_USE;

/*
 * Appends analysis_results to out: the rows in the order of targets; the columns of all of them in order of appearance,
 * a cell that a row lacks being empty (null). Without a row, the header data,sample_name. 0, or -1 (AR_CONTENT where it
 * would be 4 GiB or more).
 */
int ar_merge_table_write(const struct ar_merge_table *merge, struct ar_buf *out, struct ar_error *error) AR_MUST_USE;

/* ---- the result of a run -------------------------------------------------------------------------------------------- */

#define AR_NO_ROW SIZE_MAX

struct ar_post {
    struct ar_buf csv;     /* result_csv; table points into it, or into the caller's text after ar_post_from_table */
    struct ar_table table;
    size_t *row_of_lane;   /* by number of the lane in targets: its row in table, or AR_NO_ROW */
    const char *what;      /* what messages call it, while it is read */
};

/*
 * The result from what a postprocess printed (messages call it what): a CSV, or a JSON array of objects of scalars, at most one per lane, each
 * with data. Rows stay in their order; the columns of objects are those of all in order of appearance; sample_name is
 * appended where it lacks. 0, or -1 (AR_CONTENT, with a hint for its author): nothing printed, no data, a lane that is
 * not in targets or there twice, and what ar_result_from_output refuses in a value.
 */
int ar_post_from_output(struct ar_post *post, const char *text, size_t n, const struct ar_targets *targets, const char *what,
                        struct ar_error *error) AR_MUST_USE;

/*
 * The result where there is no postprocess: the merged table (canonical), which must stay; post->csv is empty. 0, or -1
 * (AR_INPUT).
 */
int ar_post_from_table(struct ar_post *post, const char *text, size_t n, const struct ar_targets *targets,
                       struct ar_error *error) AR_MUST_USE;

void ar_post_release(struct ar_post *post);

/*
 * Appends the typed values of a row as a JSON object in one line, without spaces and without a line end; members in the
 * order of the columns.
 */
void ar_result_json(struct ar_buf *out, const struct ar_table *table, size_t row);

#endif
