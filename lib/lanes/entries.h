/* SPDX-License-Identifier: MIT */
/*
 * The names of entries: ar-stream(5) has the table.
 */
#ifndef AR_LANES_ENTRIES_H
#define AR_LANES_ENTRIES_H

#include "lanes/stream.h"

#define AR_NAME_TARGETS "targets"
#define AR_NAME_PARAMS "params"
#define AR_NAME_LEDGER "ledger"
#define AR_NAME_ERROR "error"
#define AR_NAME_SAMPLE_NAMES "sample_names"
#define AR_NAME_ANALYSIS_RESULTS "analysis_results"
#define AR_NAME_ARTIFACTS "artifacts"
#define AR_NAME_RESULT_CSV "result_csv"
#define AR_NAME_DATA_NAME "data_name"
#define AR_NAME_SAMPLE_NAME "sample_name"
#define AR_NAME_RESULT "analysis_result"
#define AR_NAME_PREPROCESSED "preprocessed_data" /* of the Python runner: an unknown entry to all but its methods */
#define AR_FOLDER_SETS "image_analysis_results/"
#define AR_FOLDER_IMAGES "images/"
#define AR_FOLDER_RESULT_JSON "result_json/"

/*
 * The kind of the entry name: in a lane, or at the top (of a run, which holds sets, where run is true). *base becomes what
 * stands behind the folder, or name.
 */
enum ar_entry_kind ar_entry_kind_of(const char *name, bool in_lane, bool run, const char **base);

#define AR_SET_NAME_MAX 200 /* bytes: it becomes the name of a file */

/* Is name that of a set: [A-Za-z_][A-Za-z0-9_]*, and not too long? */
bool ar_set_name_ok(const char *name, size_t n);

/* Is the entry a file rather than a short string: does it carry is_file=true? Unknown ones are as they came. */
bool ar_entry_is_file(enum ar_entry_kind kind);

#endif
