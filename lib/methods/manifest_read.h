/* SPDX-License-Identifier: MIT */
/*
 * Private to manifests: reading the members of JSON objects into structs, with mistakes told by their JSON Pointer and what was
 * expected.
 *
 * Where a call fails, the reader's pointer stays at the place of the mistake: nothing is read after it.
 */
#ifndef AR_METHODS_MANIFEST_READ_H
#define AR_METHODS_MANIFEST_READ_H

#include "codecs/json.h"

/* What is being read, and where. */
struct manifest_reader {
    struct ar_json_doc doc;
    struct ar_buf pointer;
    const char *what;
    struct ar_error *error;
};

/* A member that an object may have, and what reads it into the struct for the object. */
struct manifest_member {
    const char *name;
    int (*read)(struct manifest_reader *r, void *into, const struct ar_json_value *value, size_t offset);
    size_t offset; /* of its place in the struct, for readers of more than one member */
    bool needed;
};

/* Records that something else was expected than the value at the place that is being read. Returns -1. */
int manifest_expected(struct manifest_reader *r, const char *wanted, const struct ar_json_value *value);

/* Records a mistake at the place that is being read. Returns -1. */
int manifest_mistake(struct manifest_reader *r, const char *text);

/* Goes down to a member, or an item. Returns what manifest_leave takes to go up again. */
size_t manifest_enter(struct manifest_reader *r, const char *name);
size_t manifest_enter_item(struct manifest_reader *r, int index);
void manifest_leave(struct manifest_reader *r, size_t before);

/*
 * Reads all n members of an object into a struct, each with its own reader; those that are needed must be there, and no others.
 * wanted: what is expected where the value is no object. 0 or -1, as all that follow.
 */
int manifest_read_object(struct manifest_reader *r, const struct ar_json_value *object, const char *wanted,
                         const struct manifest_member *members, size_t n, void *into) AR_MUST_USE;

/* Readers of members: a string; one that is not empty and in one line. Into a char *, which is the caller's to free. */
int manifest_read_text(struct manifest_reader *r, void *into, const struct ar_json_value *value, size_t offset) AR_MUST_USE;
int manifest_read_name(struct manifest_reader *r, void *into, const struct ar_json_value *value, size_t offset) AR_MUST_USE;

/* A list of strings that are not empty; a program and its arguments, which may be empty. Into a char **, with NULL at its end. */
int manifest_read_names(struct manifest_reader *r, void *into, const struct ar_json_value *value, size_t offset) AR_MUST_USE;
int manifest_read_command(struct manifest_reader *r, void *into, const struct ar_json_value *value, size_t offset) AR_MUST_USE;

/*
 * A list of strings; empty_item: they may be empty. At least least of them, 0 or 1. What it gives is to be freed on failure, too.
 */
int manifest_read_list(struct manifest_reader *r, char ***list, const struct ar_json_value *value, int least, bool empty_item)
    AR_MUST_USE;
void manifest_free_list(char **list);

#endif
