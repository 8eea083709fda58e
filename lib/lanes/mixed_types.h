/* SPDX-License-Identifier: MIT */
/*
 * Columns whose type differs from lane to lane, in the eyes of who reads each lane's rows alone and guesses types from them, as
 * pandas does: text in the set as a whole, and a number or a boolean in a lane, or nothing but empty cells.
 */
#ifndef AR_LANES_MIXED_TYPES_H
#define AR_LANES_MIXED_TYPES_H

#include "codecs/column_type.h"
#include "codecs/tree.h"

/* Zeroed, nothing was seen. */
struct ar_mixed_types {
    struct ar_mixed_set {
        char *name;
        struct ar_mixed_column {
            char *name;
            uint8_t seen;                      /* of all lanes: see codecs/column_type.h */
            int64_t lane[AR_COLUMN_OTHER + 1]; /* by type: the first lane in which it has that, or -1 */
        } *column;
        size_t n, room;
    } *set;
    size_t n, room;
};

/*
 * Looks at the n bytes of a lane's set (CSV with a header). is_text: is the column text whatever it looks like? Puts
 * column → type ("integer", …), of the columns that are no text, into the object types of tree. 0, or -1: AR_INPUT (the header), memory.
 */
typedef bool ar_mixed_is_text(void *arg, const char *set, const char *column);
int ar_mixed_types_add(struct ar_mixed_types *mixed, const char *set, int64_t lane, const char *csv, uint64_t n,
                       ar_mixed_is_text *is_text, void *arg, struct ar_tree *tree, struct ar_node *types,
                       struct ar_error *error) AR_MUST_USE;

/* A column that differs, with two lanes in which it does. */
struct ar_mixed_found {
    const char *set, *column;
    int64_t lane[2];
    enum ar_column_type type[2];
};

/* The next of them, from *at (0 at first) on. False at the end. */
bool ar_mixed_types_next(const struct ar_mixed_types *mixed, size_t *at, struct ar_mixed_found *found);

void ar_mixed_types_release(struct ar_mixed_types *mixed);

#endif
