/* SPDX-License-Identifier: MIT */
/*
 * The artifacts table: every picture and file of a run, as CSV with the columns path,data,sample,kind,image_type,bytes,xxh3.
 */
#ifndef AR_LANES_ARTIFACTS_H
#define AR_LANES_ARTIFACTS_H

#include "codecs/table.h"

struct ar_artifact {
    const char *path;       /* in the tar, or in the folder; never empty */
    const char *data;       /* data name of its lane, or NULL where it is the whole run's */
    const char *sample;     /* sample name of its lane, or NULL */
    const char *kind;       /* "image", "result", …; or NULL */
    const char *image_type; /* or NULL */
    uint64_t bytes;
    const char *xxh3;       /* XXH3-128 in hexadecimal, or NULL where it was not computed */
};

/* Appends the header row. */
void ar_artifacts_begin(struct ar_buf *out);

/* Appends a row. Texts are quoted where they would read as something else (see ar_value_add); NULL is an empty cell. */
void ar_artifacts_add(struct ar_buf *out, const struct ar_artifact *artifact);

/* ---- reading -------------------------------------------------------------------------------------------------------- */

#define AR_ARTIFACT_COLUMNS 7

struct ar_artifacts {
    struct ar_table table; /* table.rows: how many */
    size_t column[AR_ARTIFACT_COLUMNS];
};

/*
 * Reads the table in text, which must stay; columns may stand in any order, and others beside them. 0, or -1 (AR_INPUT):
 * no table, or a column is missing.
 */
int ar_artifacts_parse(struct ar_artifacts *artifacts, const char *text, size_t n, const char *what,
                       struct ar_error *error) AR_MUST_USE;
void ar_artifacts_release(struct ar_artifacts *artifacts);

/*
 * The artifact of a row, from 0. Its texts are kept in scratch (cleared first) and are valid until it changes. 0, or -1
 * (AR_INPUT): path is empty, or bytes is no number of bytes.
 */
int ar_artifacts_get(const struct ar_artifacts *artifacts, size_t row, struct ar_artifact *artifact, struct ar_buf *scratch,
                     struct ar_error *error) AR_MUST_USE;

#endif
