/* SPDX-License-Identifier: MIT */
/*
 * Cleansing rules: which rows of a set are kept.
 */
#ifndef AR_LANES_RULES_H
#define AR_LANES_RULES_H

#include "bytes/buf.h"

/* A row passes where its cell of the column equals one of the values (bytes, quotes around the cell aside). */
struct ar_rule {
    char *column;
    char **values;
    size_t n_values;
};

/* Rules in their order; a row is kept where it passes all. none: no rule, because that was asked for. */
struct ar_rules {
    struct ar_rule *rule;
    size_t n;
    bool none;
};

void ar_rules_release(struct ar_rules *rules);

/* Appends a rule with no values yet (column is copied). NULL when memory ran out; the pointer is valid until the next call. */
struct ar_rule *ar_rules_add(struct ar_rules *rules, const char *column) AR_MUST_USE;

/* Appends a value (copied). 0, or -1 when memory ran out. */
int ar_rule_add_value(struct ar_rule *rule, const char *value) AR_MUST_USE;

#endif
