/* SPDX-License-Identifier: MIT */
/*
 * Results in the forms of the Python runner, and back.
 *
 * Our tables name the lane in the column data, those of the first dialect in data_name. Where a table has only the one, it is
 * renamed. Values in our CSV have types (DESIGN, "Values"); pandas' CSV writes True and False, quotes only where it must, and
 * leaves missing values empty.
 */
#ifndef AR_WIRE_RESULT_H
#define AR_WIRE_RESULT_H

#include "lanes/result.h"
#include "wire/wire.h"

/* ---- from them ------------------------------------------------------------------------------------------------------ */

/* Names of a lane that a result told. */
struct ar_wire_names {
    struct ar_buf data, sample;
};

/*
 * Appends the canonical analysis_result (CSV, header and one row, typed) of a pickled series. data, sample: the lane's names,
 * which the result must not contradict; NULL: the result tells them (data_name or data must then be there; a sample name that
 * is missing is the data name), and they are appended to names, else not looked at. what names it in messages. 0, or -1:
 * AR_INPUT for a pickle that cannot be read or holds what is no scalar (see codecs/pickle.h), AR_CONTENT for one that is no
 * result: a frame, a series without a value, of another lane, of none.
 */
int ar_wire_result_from_pickle(struct ar_buf *out, const char *bytes, size_t n, const char *data, const char *sample,
                               struct ar_wire_names *names, const char *what, struct ar_error *error) AR_MUST_USE;

/*
 * The same for the CSV of one row that the present dialect has: unquoted True and False are booleans, as pandas reads them.
 * Whatever is wrong with it is AR_CONTENT.
 */
int ar_wire_result_from_csv(struct ar_buf *out, const char *text, size_t n, const char *data, const char *sample,
                            struct ar_wire_names *names, const char *what, struct ar_error *error) AR_MUST_USE;

/* Appends the canonical, typed table (a row per lane) of a pickled frame of results. 0, or -1: as above. */
int ar_wire_table_from_pickle(struct ar_buf *out, const char *bytes, size_t n, const char *what, struct ar_error *error)
    AR_MUST_USE;

/*
 * Appends the canonical, typed table of a result_csv as pandas writes it. json: gives the result_json of a lane (data name),
 * or false: where the value there is a text, so is that of the table, though it reads as a number or a boolean. Without one,
 * unquoted True and False are booleans, and what reads as a number is one. json may be NULL. 0, or -1 (AR_INPUT): no CSV, or
 * no JSON.
 */
typedef bool ar_wire_json_of(void *arg, const char *data, const char **text, size_t *n);
int ar_wire_table_from_csv(struct ar_buf *out, const char *text, size_t n, ar_wire_json_of *json, void *arg, const char *what,
                           struct ar_error *error) AR_MUST_USE;

/* ---- to them -------------------------------------------------------------------------------------------------------- */

/* Appends the pickled series of a canonical analysis_result (text, header and one row). 0, or -1: see ar_pickle_series. */
int ar_wire_series(struct ar_buf *out, const char *text, size_t n, struct ar_error *error) AR_MUST_USE;

/* The same for a lane without a result: its names alone. */
int ar_wire_series_none(struct ar_buf *out, const char *data, const char *sample, struct ar_error *error) AR_MUST_USE;

/* Appends the pickled frame of a merged table: what pandas makes of the lanes' series. 0, or -1: see ar_pickle_frame. */
int ar_wire_table_frame(struct ar_buf *out, const char *text, size_t n, struct ar_error *error) AR_MUST_USE;

/*
 * Appends a table as pandas writes one: the lane's column named as in the dialect, True and False, quotes only where needed. missing
 * stands for what is missing.
 */
int ar_wire_table_csv(struct ar_buf *out, const struct ar_table *table, enum ar_dialect dialect, const char *missing,
                      struct ar_error *error) AR_MUST_USE;

/*
 * Appends the result_json of a row: in the first dialect typed values with missing ones null, in the present one texts, with
 * missing ones "nan"; no digit is lost in either.
 */
void ar_wire_json(struct ar_buf *out, const struct ar_table *table, size_t row, enum ar_dialect dialect);

#endif
