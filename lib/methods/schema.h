/* SPDX-License-Identifier: MIT */
/*
 * The schema of a method's params: a subset of JSON Schema (draft 2020-12, https://json-schema.org/draft/2020-12/schema), enough
 * for what pydantic's model_json_schema() gives for plain models.
 *
 * Keywords: type (a name or a list), properties, required, additionalProperties, items, enum, minimum, maximum, exclusiveMinimum,
 * exclusiveMaximum, minLength, maxLength (in code points), pattern (PCRE2, found anywhere in the text), anyOf, $ref (to
 * "#/$defs/NAME" only), $defs (at the top only), default; and, kept but without effect, title, description, $schema, examples,
 * deprecated. true and false are schemas as well. Any other keyword is refused, since a constraint that is not understood would
 * be a promise not kept.
 *
 * Numbers are compared by their text, exactly. integer accepts 5.0; a boolean is no number.
 */
#ifndef AR_METHODS_SCHEMA_H
#define AR_METHODS_SCHEMA_H

#include "codecs/json.h"

struct ar_schema;

/*
 * Compiles a schema from its text (copied). what names the document in messages, which say the place of a mistake as a JSON
 * Pointer. Every default in it must fit its own schema. NULL on failure (AR_INPUT; AR_SYSTEM where memory ran out).
 */
struct ar_schema *ar_schema_compile(const char *text, size_t n, const char *what, struct ar_error *error) AR_MUST_USE;

/* As ar_schema_compile, for a value inside a document of which pointer is the place there ("/params"). */
struct ar_schema *ar_schema_compile_value(const struct ar_json_value *value, const char *pointer, const char *what,
                                          struct ar_error *error) AR_MUST_USE;
void ar_schema_free(struct ar_schema *schema);

/* The schema as it was written; it is the schema's. */
const char *ar_schema_text(const struct ar_schema *schema, size_t *n);

/*
 * Checks params, a JSON object of n bytes, and appends it to out with defaults filled in: an object that lacks a property whose
 * schema has a default (its own, or that of what it refers to) gets it at its end, in the schema's order, at every level, in
 * defaults too; of anyOf, the first that fits counts. A required property with a default may be missing. Nothing else changes:
 * where nothing is missing, the same bytes come out. Applying it to what it gave changes nothing.
 *
 * 0, or -1 with nothing appended: AR_INPUT where params do not fit, with all mistakes, up to ten, in one message, each with its
 * JSON Pointer: "params /threshold: 'high' is not a number; /n: 0 is less than 1". what names params in messages.
 */
int ar_schema_apply(const struct ar_schema *schema, const char *params, size_t n, struct ar_buf *out, const char *what,
                    struct ar_error *error) AR_MUST_USE;

/*
 * Checks the value of the text for the property of the name at the top of the schema by itself, whatever else is missing. Messages are
 * those of ar_schema_apply. 0, or -1 (AR_INPUT); 0 as well where there is no such property.
 */
int ar_schema_check_property(const struct ar_schema *schema, const char *name, const char *text, size_t n, const char *what,
                             struct ar_error *error) AR_MUST_USE;

/*
 * The members of params (which fit) that the schema neither names nor forbids: they may be misspelt. Appends "'a', 'b'" of them to
 * unknown, and the names that it has to known. 0, or -1 when memory ran out.
 */
int ar_schema_unknown(const struct ar_schema *schema, const char *params, size_t n, struct ar_buf *unknown, struct ar_buf *known,
                      struct ar_error *error) AR_MUST_USE;

/* The same for params that were completed before. 0, or -1 (AR_INPUT): they do not fit, or lack a default. */
int ar_schema_check_whole(const struct ar_schema *schema, const char *params, size_t n, const char *what,
                          struct ar_error *error) AR_MUST_USE;

#endif
