/* SPDX-License-Identifier: MIT */
/*
 * Cleansing: the rows of a set that pass the rules.
 */
#ifndef AR_LANES_CLEANSE_H
#define AR_LANES_CLEANSE_H

#include "codecs/csv.h"
#include "lanes/extents.h"
#include "lanes/ledger.h"
#include "lanes/rules.h"

/* What is left of one set of one lane. */
struct ar_cleansed {
    uint64_t header_start, header_len;
    struct ar_extents kept; /* in the set's bytes */
    uint64_t rows_in;
    uint64_t *dropped;      /* by rule */
};

struct ar_cleansing;

/*
 * Starts to find the rows of the CSV at data that pass all the rules; data is read only, and must stay where it is. what names
 * it in messages. All must stay. NULL when memory ran out.
 */
struct ar_cleansing *ar_cleansing_new(struct ar_cleansed *cleansed, const char *data, const struct ar_rules *rules,
                                      const char *what, struct ar_error *error) AR_MUST_USE;
void ar_cleansing_free(struct ar_cleansing *cleansing);

/*
 * Takes what has arrived: n bytes at data so far; whole: that is all. 0, or -1 (AR_INPUT): a column of a rule is missing, or the
 * CSV is not as it should be.
 */
int ar_cleansing_arrived(struct ar_cleansing *cleansing, uint64_t n, bool whole, struct ar_error *error) AR_MUST_USE;

void ar_cleansed_release(struct ar_cleansed *cleansed);

/*
 * Sets rules and dropped of a ledger's record: the rules as a manifest writes them, each with its count (or "none"), and the
 * rows dropped by column. 0, or -1 when memory ran out.
 */
int ar_cleansed_record(const struct ar_cleansed *cleansed, const struct ar_rules *rules, struct ar_record *record,
                       struct ar_error *error) AR_MUST_USE;

#endif
