/* SPDX-License-Identifier: MIT */
/*
 * How the lane of a row is told.
 *
 * Where a set has the columns ImageAnalysisMethod and Data, they say it. Else its column Filename is cut at the first "_000_":
 * left of it the image-analysis method, right of it up to the first "." the data name. A key of the user's takes another column,
 * or the first capture group of a POSIX extended regular expression in it.
 */
#ifndef AR_LANES_LANE_KEY_H
#define AR_LANES_LANE_KEY_H

#include <regex.h>

#include "codecs/csv.h"

/* A key as the user gave it: [SET=]COLUMN[~REGEX]. */
struct ar_lane_key {
    char *set;    /* NULL: for every set that has none of its own */
    char *column;
    char *pattern; /* NULL: the whole cell */
    regex_t regex; /* compiled, where there is a pattern */
};

/*
 * Reads a key. What stands before the first '=' is a set where it is the name of one and the '=' comes before any '~'. 0, or -1
 * (AR_INPUT): no column, or an expression that does not compile or has no capture group.
 */
int ar_lane_key_parse(struct ar_lane_key *key, const char *text, struct ar_error *error) AR_MUST_USE;
void ar_lane_key_release(struct ar_lane_key *key);

/* How the rows of one set tell their lane. */
struct ar_lane_rule {
    enum { AR_LANE_BY_COLUMNS, AR_LANE_BY_FILENAME, AR_LANE_BY_KEY } kind;
    const struct ar_lane_key *key; /* AR_LANE_BY_KEY */
    size_t n_columns;              /* 1 or 2 */
    size_t column[2];              /* ascending */
    bool swapped;                  /* by columns: the column Data stands before ImageAnalysisMethod */
};

/* Decides for a set; what names it in messages. 0, or -1 (AR_INPUT): the columns are not there. */
int ar_lane_rule_choose(struct ar_lane_rule *rule, const struct ar_lane_key *keys, size_t n_keys, const char *set,
                        const struct ar_csv_header *header, const char *what, struct ar_error *error) AR_MUST_USE;

/* Appends how the rule reads, for people and for the ledger: "ImageAnalysisMethod, Data", "Filename", "filename~Well(…)". */
void ar_lane_rule_describe(const struct ar_lane_rule *rule, struct ar_buf *out);

/* The lane that the raw cells of a row tell: data name and image-analysis method, as runs of bytes in scratch. */
struct ar_lane_told {
    const char *data;
    size_t data_len;
    const char *method; /* NULL: not told */
    size_t method_len;
};

/*
 * Applies the rule to the raw cells of a row (the rule's columns, in their order), decoding them into scratch, which is cleared
 * first and must stay while told is used. True where the row has a lane.
 */
bool ar_lane_rule_apply(const struct ar_lane_rule *rule, const char *const *raw, const size_t *raw_len, struct ar_buf *scratch,
                        struct ar_lane_told *told);

#endif
