/* SPDX-License-Identifier: MIT */
/*
 * Private to schemas: one check of a value by a schema. schema_apply.c starts it and fills in what it finds lacking,
 * schema_check.c goes through the value, schema_problem.c words what does not fit.
 */
#ifndef AR_METHODS_SCHEMA_CHECK_H
#define AR_METHODS_SCHEMA_CHECK_H

#include "methods/schema_node.h"

#define PROBLEMS_MAX 10 /* that are told; the others are counted */

/* Where a value stands: the way back to the top. */
struct schema_place {
    const struct schema_place *parent;
    const struct ar_json_value *key; /* NULL: an item */
    int index;
};

/* A member to be added to the text. */
struct schema_insertion {
    size_t at;
    size_t order; /* in which they were found */
    bool first;   /* of its object */
    const struct schema_property *property;
};

struct schema_check {
    const struct ar_schema *schema;
    const struct ar_json_doc *doc; /* of what is checked */
    const char *what, *base;
    struct schema_insertion *insertion;
    size_t n_insertions;
    size_t room;
    struct ar_buf problems;
    size_t n_problems;
    int quiet; /* above 0: whether it fits is all that is asked */
    int depth;
    int64_t steps; /* that are left */
    bool stopped;  /* it could not be finished; error says why */
    pcre2_match_context *match;
    struct ar_error *error;
};

/* ---- schema_check.c ------------------------------------------------------------------------------------------------- */

/* Does the value fit the node? Problems are told, unless the check is quiet; what is lacking is noted. */
bool schema_check_value(struct schema_check *c, const struct schema_node *node, const struct ar_json_value *value,
                        const struct schema_place *place);

/* The default of a property: its own, or that of what it refers to; NULL: it has none. */
const struct ar_json_value *schema_fallback_of(const struct schema_property *property);

/* ---- schema_problem.c ----------------------------------------------------------------------------------------------- */

/*
 * Starts the message of a problem: the caller appends the rest to what it gives. NULL where nobody listens. The value is
 * shown first, unless it is NULL.
 */
struct ar_buf *schema_start_problem(struct schema_check *c, const struct schema_place *place, const struct ar_json_value *value);

/* A problem that is said in one go, behind the value. Returns false. */
bool schema_problem(struct schema_check *c, const struct schema_place *place, const struct ar_json_value *value,
                    const char *format, ...)
    AR_PRINTF(4, 5);

/* The value is of none of the kinds. Returns false. */
bool schema_wrong_kind(struct schema_check *c, const struct schema_place *place, const struct ar_json_value *value,
                       unsigned kinds);

/* Ends the check, whose outcome is an error of its own (why NULL: memory ran out). Returns false. */
bool schema_stop(struct schema_check *c, const char *why);

#endif
