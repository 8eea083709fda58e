/* SPDX-License-Identifier: MIT */
/*
 * Tables as Python pickles (protocol 4) that need nothing but pandas, 1.5 or newer, to be loaded.
 *
 * A frame's pickle holds the table's CSV as it is and calls pandas on it when it is loaded:
 *
 *     functools.partial(pandas.read_csv, dtype={'COLUMN': 'str', …})(io.BytesIO(CSV))
 *
 * so that the cells become what pandas makes of these bytes, in every version, and writing costs a copy. A result's pickle, and
 * that of a table of results, hold values that have their types, and pandas finds those of the columns as from any list:
 *
 *     pandas.Series([VALUE, …], ['LABEL', …], 'object')
 *     pandas.DataFrame([[VALUE, …], …], None, ['LABEL', …])
 *
 * Globals are named as they stand here. There is no memo and there are no frames; the CSV is a BINBYTES8.
 */
#ifndef AR_CODECS_PICKLE_WRITE_H
#define AR_CODECS_PICKLE_WRITE_H

#include "codecs/table.h"

/*
 * Appends what stands before and behind the csv_bytes bytes of a CSV (UTF-8, with a header) in a frame's pickle. text_columns:
 * names (decoded), each once, of columns that are read as text however their cells look: 0007 stays '0007'. A cell that is empty,
 * or that pandas takes for missing (NA, null, …), is NaN there as in any other column. Names that the table does not have are no
 * matter. 0, or -1 (memory, or a name of 4 GiB).
 */
int ar_pickle_frame_ends(struct ar_buf *before, struct ar_buf *behind, uint64_t csv_bytes, const char *const *text_columns,
                         size_t n_text, struct ar_error *error) AR_MUST_USE;

/*
 * Appends the pickle of a row as a Series: the labels are the table's columns, the values those of the cells by DESIGN's rules.
 * A quoted cell, and any of the columns data and sample_name, is a str; an unquoted one an int (of any size; -0 is 0), a float
 * (where it has a fraction or an exponent; inf beyond a double's range), a bool, None (empty, null), NaN (nan, NaN), else a str.
 * 0, or -1: memory, or an integer of more than 4300 digits (AR_CONTENT), which Python itself refuses to read.
 */
int ar_pickle_series(struct ar_buf *out, const struct ar_table *table, size_t row, struct ar_error *error) AR_MUST_USE;

/*
 * Appends the pickle of all rows as a DataFrame, with values as above: in each version of pandas it is the frame that a list of such
 * Series gives. 0, or -1 as above.
 */
int ar_pickle_frame(struct ar_buf *out, const struct ar_table *table, struct ar_error *error) AR_MUST_USE;

#endif
