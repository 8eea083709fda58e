/* SPDX-License-Identifier: MIT */
/*
 * What the answers of a method and of a postprocess have in common; for result.c and post.c. Failures here are
 * AR_CONTENT, but for memory.
 */
#ifndef AR_LANES_ANSWER_H
#define AR_LANES_ANSWER_H

#include "codecs/json.h"
#include "lanes/result.h"

/* Passes over a BOM and the blanks around the text. */
void ar_answer_trim(const char **text, size_t *n);

/* A failure that lies in what the user's program printed. Returns -1. */
int ar_answer_fault(struct ar_error *error);

/* Parses one JSON object or array (the first byte tells), of which text is all. */
int ar_answer_json(struct ar_json_doc *doc, const char *text, size_t n, const char *what, struct ar_error *error) AR_MUST_USE;

/* Puts the name of an object's member into name: not empty, no NUL; that of a table's first column begins with no byte order mark. */
int ar_answer_name(struct ar_buf *name, const struct ar_json_value *key, bool first, const char *what,
                   struct ar_error *error) AR_MUST_USE;

/*
 * Puts a scalar into value and tells its kind; a number is text where the column is always text. An array or object, and
 * a text with a NUL, is refused.
 */
int ar_answer_value(struct ar_buf *value, enum ar_kind *kind, const struct ar_json_value *json, const char *column,
                    const char *what, struct ar_error *error) AR_MUST_USE;

#endif
