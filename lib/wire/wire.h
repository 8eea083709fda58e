/* SPDX-License-Identifier: MIT */
/*
 * The tars of the Python runner, in its two dialects: which there are, and how they are told apart. ar-stream(5) has the table.
 *
 *     first    input of an analyze      data_name, sample_name, params, image_analysis_results/SET (pickled frames)
 *              output of an analyze     analysis_result (pickled series), images/NAME
 *              input of a postprocess   analysis_results (pickled frame), params
 *              output of a postprocess  result_csv, result_json/L
 *     present  input of an analyzeseq   targets, params, image_analysis_results/SET (pickled frames), perhaps preprocessed_data
 *              output of an analyzeseq  L/images/NAME, L/analysis_result (CSV)
 *              a run                    params, sample_names, image_analysis_results/SET (CSV)
 *              output of a run          L/images/NAME, result_csv, L/result_json
 *     either   an error                 error, behind whatever was done by then
 *
 * Entries may come in any order.
 */
#ifndef AR_WIRE_WIRE_H
#define AR_WIRE_WIRE_H

#include "codecs/tar_map.h"

#define AR_WIRE_LANE_JSON "result_json" /* of a lane, in the output of a run */
#define AR_WIRE_MISSING "nan"           /* what is missing in the results there, in CSV and JSON */

enum ar_dialect { AR_DIALECT_NATIVE, AR_DIALECT_FIRST, AR_DIALECT_PRESENT };

/* "native", "first", "present". */
const char *ar_dialect_name(enum ar_dialect dialect);

/* True where name is that of a dialect. */
bool ar_dialect_parse(const char *name, enum ar_dialect *dialect);

enum ar_wire_kind {
    AR_WIRE_ANALYZE_IN,
    AR_WIRE_ANALYZE_OUT,
    AR_WIRE_POST_IN,
    AR_WIRE_POST_OUT,
    AR_WIRE_SEQ_IN,
    AR_WIRE_SEQ_OUT,
    AR_WIRE_RUN_IN,
    AR_WIRE_RUN_OUT,
    AR_WIRE_ERROR, /* an error, and nothing that was done by then */
};

/* "the input of an analyze", …: as in the table above. */
const char *ar_wire_kind_name(enum ar_wire_kind kind);

/*
 * Tells from its entries what a tar of that dialect (not native) is. 0, or -1 (AR_INPUT): it is of the other dialect, or one
 * of our own streams (the message says which, and what to do), or of two kinds at once, or holds nothing of what it should.
 * Whether all is there is not looked at.
 */
int ar_wire_tell(const struct ar_tar_map *tar, enum ar_dialect dialect, enum ar_wire_kind *kind, struct ar_error *error)
    AR_MUST_USE;

/* ---- texts for the other side --------------------------------------------------------------------------------------- */

enum ar_language { AR_JAPANESE, AR_ENGLISH };

/*
 * The language of error entries: ar_lang (AR_LANG) names it, else the locale does ("en_US.UTF-8"); Japanese where neither names
 * another, as "C" does not. Both may be NULL.
 */
enum ar_language ar_wire_language(const char *ar_lang, const char *locale);

/* Does a wrapper say by the environment (ANALYSISRUN_METHOD, ANALYSISRUN_MODE) what this process is to do? */
bool ar_wire_is_asked(void);

/*
 * Behind the wrapper Japanese is the default: where by that rule neither AR_LANG nor the locale names a language, AR_LANG becomes "ja",
 * for this process and for those that it starts. To be called after ar_tr_choose, before there are threads.
 */
void ar_wire_default_language(void);

/* Appends the line of a lane that failed behind the sentence of a run's error. */
void ar_wire_error_lane(struct ar_buf *text, const char *data, const char *sample);

#endif
