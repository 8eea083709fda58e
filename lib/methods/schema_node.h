/* SPDX-License-Identifier: MIT */
/*
 * What a schema is compiled to; for schema.c, which makes it, and those that use it (methods/schema_check.h) only.
 */
#ifndef AR_METHODS_SCHEMA_NODE_H
#define AR_METHODS_SCHEMA_NODE_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "methods/schema.h"

/* Kinds of values, as bits. */
enum {
    KIND_NULL = 1,
    KIND_BOOLEAN = 2,
    KIND_INTEGER = 4,
    KIND_FRACTION = 8, /* a number that is not whole */
    KIND_NUMBER = KIND_INTEGER | KIND_FRACTION,
    KIND_STRING = 16,
    KIND_ARRAY = 32,
    KIND_OBJECT = 64,
    KIND_ANY = 127,
};

enum limit { LIMIT_MINIMUM, LIMIT_MAXIMUM, LIMIT_ABOVE, LIMIT_BELOW, LIMITS };

struct schema_property {
    struct ar_json_value key; /* as written, for adding it */
    char *name;
    size_t len;
    struct schema_node *node; /* NULL where it is only required */
    bool required;
};

/* One schema among the schemas. A value whose text is NULL was not given; values stand in the schema's own text. */
struct schema_node {
    struct schema_node *next; /* all of a schema's hang on one another */
    char *pointer;            /* its place, for messages */
    unsigned kinds;           /* that type lets in */
    unsigned accepted;        /* that type, $ref and anyOf let in together */
    int state;                /* see settle() in schema.c */
    bool never;               /* the schema false */
    struct schema_property *property;
    size_t n_properties;
    struct ar_json_value needed;    /* the array of required */
    struct schema_node *additional; /* NULL: whatever */
    struct schema_node *items;      /* NULL: whatever */
    struct schema_node **any_of;
    size_t n_any_of;
    struct ar_json_value ref;
    struct schema_node *target;  /* of ref */
    struct ar_json_value choice; /* the array of enum */
    struct ar_json_value limit[LIMITS];
    int64_t min_length, max_length; /* code points, -1: no limit */
    struct ar_json_value pattern;
    pcre2_code *regex;
    struct ar_json_value fallback; /* the default */
};

struct ar_schema {
    char *text;
    size_t len;
    struct ar_json_doc doc;
    struct schema_node *root;
    struct schema_node *nodes;
};

/*
 * ar_schema_apply for any node of the schema, and any kind of value. base goes before the pointers in messages. Several
 * problems make one message.
 */
int schema_apply_node(const struct ar_schema *schema, const struct schema_node *node, const char *text, size_t n,
                      struct ar_buf *out, const char *what, const char *base, struct ar_error *error) AR_MUST_USE;

/* Appends names of kinds: "a number or null". */
void schema_add_kinds(struct ar_buf *buf, unsigned kinds);

#endif
