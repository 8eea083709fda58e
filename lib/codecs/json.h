/* SPDX-License-Identifier: MIT */
/*
 * JSON (RFC 8259), strict: UTF-8, one value, no duplicate keys, no NaN, no comments.
 *
 * Two views of it. jansson's tree is for manifests, schemas and records; ledgers have a cheaper one (codecs/tree.h). Where a value
 * must keep the text it came in (params, results), struct ar_json_doc points into the text: no number passes through a double.
 */
#ifndef AR_CODECS_JSON_H
#define AR_CODECS_JSON_H

#include <jansson.h>

#include "bytes/buf.h"

#define AR_JSON_TEXT_MAX ((size_t)1 << 30) /* bytes of a document: offsets are ints, here and in jansson */

/*
 * Parses text into jansson's tree; the caller owns the reference. what names the document in messages ("manifest 'm.json'"),
 * which say line and column and, for a duplicate key, the key. reals: integers become reals, so that none is too big (for
 * validation); a number beyond the range of a double, or, without reals, of 64 bits, is refused here (but not by
 * ar_json_doc_parse). Refused as well: a byte order mark, NUL in any form, more than 512 levels, more than 1 GiB. NULL on failure
 * (AR_INPUT).
 */
json_t *ar_json_load(const char *text, size_t n, bool reals, const char *what, struct ar_error *error) AR_MUST_USE;

/* The member as a count, 0 where it is not there. */
uint64_t ar_json_count(const json_t *object, const char *name);

/* Appends a tree in one line, members in their order, nothing escaped that need not be, a real with as few digits as read back. */
void ar_json_dump(struct ar_buf *buf, const json_t *json);

void ar_json_add_integer(struct ar_buf *buf, int64_t value);
void ar_json_add_real(struct ar_buf *buf, double value); /* finite; with as few digits as read back */

/*
 * How many bytes of text come before the first that has to be escaped in a JSON string (a quote, a backslash, a control character);
 * n where none has.
 */
size_t ar_json_plain_run(const char *text, size_t n);

/* Appends text (UTF-8) as a JSON string with its quotes. */
void ar_json_add_string(struct ar_buf *buf, const char *text, size_t n);

enum ar_json_type { AR_JSON_NULL, AR_JSON_TRUE, AR_JSON_FALSE, AR_JSON_NUMBER, AR_JSON_STRING, AR_JSON_ARRAY, AR_JSON_OBJECT };

/* A value of a document: where it stands. */
struct ar_json_value {
    enum ar_json_type type;
    const char *text; /* its own text; of a string with its quotes */
    size_t len;
    int token; /* for the functions below */
};

struct ar_json_doc {
    const char *text; /* the caller's; it must stay */
    size_t len;
    void *tokens; /* of the tokenizer */
    int count;
};

/*
 * Checks the text as ar_json_load does, and finds its values. No number is refused for its size, since its text is what counts.
 * 0, or -1 (AR_INPUT; doc is then empty, releasing it is no matter).
 */
int ar_json_doc_parse(struct ar_json_doc *doc, const char *text, size_t n, const char *what, struct ar_error *error) AR_MUST_USE;
void ar_json_doc_release(struct ar_json_doc *doc);

/* The outermost value. */
struct ar_json_value ar_json_root(const struct ar_json_doc *doc);

/*
 * Walks the members of an object or the items of an array, in their order: start with *position 0. Sets key (objects only; may be
 * NULL) and value. Returns 1, 0 at the end. A step takes the same time however much is in the value.
 */
int ar_json_each(const struct ar_json_doc *doc, const struct ar_json_value *parent, int *position, struct ar_json_value *key,
                 struct ar_json_value *value);

/* The member of an object by its (decoded) name; looks at one after the other. True where it is there. */
bool ar_json_member(const struct ar_json_doc *doc, const struct ar_json_value *object, const char *name,
                    struct ar_json_value *value);

/*
 * Walks the members of the object in text without taking it apart: for large documents whose members are parsed one by one. Start
 * with *pos 0. key: the name's text with its quotes; value: the member's text. Only nesting and strings are looked at: what a
 * member holds is checked by who parses it. Returns 1; 0 behind the last member; -1 where text is not an object of members.
 */
struct ar_json_span {
    const char *text;
    size_t len;
};
int ar_json_next_member(const char *text, size_t n, size_t *pos, struct ar_json_span *key, struct ar_json_span *value);

/* The member of the object in text by its name (which needs no escapes), found by ar_json_next_member. True where it is there. */
bool ar_json_find_member(const char *text, size_t n, const char *name, struct ar_json_span *value);

/* A string value with its escapes undone, NUL-terminated; the caller frees it. NULL when memory ran out. */
char *ar_json_decoded(const struct ar_json_value *string, struct ar_error *error) AR_MUST_USE;

/* The offset behind the string whose opening quote stands at pos of text, or n where it does not end. */
size_t ar_json_behind_string(const char *text, size_t n, size_t pos);

/* Appends a string value with its escapes undone, as UTF-8. */
void ar_json_decode(struct ar_buf *buf, const struct ar_json_value *string);

/* Is a string value, its escapes undone, equal to the n bytes of text? */
bool ar_json_equals(const struct ar_json_value *string, const char *text, size_t n);

/*
 * Where a further member of an object goes: the offset in the document's text behind its last member, or, where it has none,
 * behind its brace. Sets *first where it has none (no comma is needed then).
 */
size_t ar_json_append_at(const struct ar_json_doc *doc, const struct ar_json_value *object, bool *first);

/* Appends a step of a JSON Pointer (RFC 6901): "/" and the name (or index), with ~ and / in it written ~0 and ~1. */
void ar_json_pointer_add(struct ar_buf *pointer, const char *name, size_t n);

/* Appends what a message calls a value: 'text' (cut after some 40 characters), 0.80, true, null, "an array", "an object". */
void ar_json_show(struct ar_buf *buf, const struct ar_json_value *value);

/*
 * For mistakes inside a document: puts "WHAT POINTER: " before an error that was recorded ("WHAT: " where the pointer is empty).
 * Returns -1.
 */
int ar_json_fail_at(struct ar_error *error, const char *what, const struct ar_buf *pointer);

/* Records AR_INPUT: "WHAT POINTER: expected EXPECTED, found VALUE". Returns -1. */
int ar_json_fail_expected(struct ar_error *error, const char *what, const struct ar_buf *pointer, const char *expected,
                          const struct ar_json_value *value);

#endif
