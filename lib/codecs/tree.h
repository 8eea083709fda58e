/* SPDX-License-Identifier: MIT */
/*
 * struct ar_tree: a small JSON document of our own (a ledger) as a tree that is cheap to read, to change and to write, since there is
 * one of them for each lane. Its nodes and their texts are in a few pieces of memory, which are freed at once. Documents of others
 * (manifests, schemas) are jansson's: see codecs/json.h.
 *
 * A zeroed tree is empty, and so has no root. Memory that runs out does not have to be checked at each call: the tree then turns
 * bad, what was to be put into it is not there (NULL), and ar_tree_check says so once, at the end.
 */
#ifndef AR_CODECS_TREE_H
#define AR_CODECS_TREE_H

#include "codecs/json.h"

enum ar_node_type {
    AR_NODE_NULL, AR_NODE_FALSE, AR_NODE_TRUE, AR_NODE_INTEGER, AR_NODE_REAL, AR_NODE_TEXT, AR_NODE_ARRAY, AR_NODE_OBJECT
};

/* A value: a member of an object, an item of an array, or the root. To be read only; what changes it is below. */
struct ar_node {
    const char *name; /* of a member: UTF-8, NUL-terminated, without NULs in it; else NULL */
    struct ar_node *next;   /* the member or item behind it, or NULL */
    struct ar_node *before; /* the one before it; of the first, the last */
    union {
        const char *text; /* as name */
        int64_t integer;
        double real;
        struct {
            struct ar_node *first;
            struct ar_tree_index *index; /* of an object of many members */
        } in;
    };
    uint32_t name_len;
    uint32_t n;    /* bytes of the text; members, items */
    uint32_t hash; /* of the name, where there is an index */
    enum ar_node_type type : 16;
    bool plain_name, plain_text; /* nothing in it needs an escape */
};

struct ar_tree {
    struct ar_node *root; /* or NULL */
    struct ar_tree_piece *piece;
    char *at;    /* what is free of that piece */
    size_t left; /* bytes */
    bool failed; /* memory ran out: the tree is not whole */
};

void ar_tree_release(struct ar_tree *tree);

/* Makes it empty, and keeps some of its memory, for trees that come one after the other. */
void ar_tree_clear(struct ar_tree *tree);

/* 0 where everything is there; -1 with error filled in where memory ran out. */
int ar_tree_check(const struct ar_tree *tree, struct ar_error *error) AR_MUST_USE;

/*
 * Reads text into an empty tree, by the rules and with the messages of ar_json_load. 0, or -1 (AR_INPUT; the tree is then empty,
 * releasing it is no matter).
 */
int ar_tree_parse(struct ar_tree *tree, const char *text, size_t n, const char *what, struct ar_error *error) AR_MUST_USE;

/*
 * The same for what most texts are: without escapes, reals and integers of more than 18 digits, and at most 64 levels deep. False
 * where the text is another one, or is no JSON, or memory ran out; the tree is then as it was but for its memory. In
 * codecs/tree_parse.c; for ar_tree_parse and the tests.
 */
bool ar_tree_parse_plain(struct ar_tree *tree, const char *text, size_t n);

/* ---- reading: NULL stands for a value that is not there, and nothing is found in it --------------------------------- */

/* The first member of an object, the first item of an array; NULL where it is none, or empty. */
static inline struct ar_node *ar_node_members(const struct ar_node *object)
{
    return object && object->type == AR_NODE_OBJECT ? object->in.first : NULL;
}

static inline struct ar_node *ar_node_items(const struct ar_node *array)
{
    return array && array->type == AR_NODE_ARRAY ? array->in.first : NULL;
}

/* The last item of an array, or NULL. */
static inline struct ar_node *ar_node_last(const struct ar_node *array)
{
    struct ar_node *first = ar_node_items(array);
    return first ? first->before : NULL;
}

/* How many members an object has, or items an array. */
static inline size_t ar_node_size(const struct ar_node *in)
{
    return in && in->type >= AR_NODE_ARRAY ? in->n : 0;
}

/* The member of an object (which it is) by the n bytes of its name, or NULL. It takes the same time however many there are. */
struct ar_node *ar_node_find(const struct ar_node *object, const char *name, size_t n);

/* The member of an object, or NULL. */
static inline struct ar_node *ar_node_get(const struct ar_node *object, const char *name)
{
    return object && object->type == AR_NODE_OBJECT ? ar_node_find(object, name, strlen(name)) : NULL;
}

static inline bool ar_node_is(const struct ar_node *node, enum ar_node_type type)
{
    return node && node->type == type;
}

/* Its text, or NULL where it is none. */
static inline const char *ar_node_text(const struct ar_node *node)
{
    return ar_node_is(node, AR_NODE_TEXT) ? node->text : NULL;
}

/* That of a member. */
static inline const char *ar_node_text_of(const struct ar_node *object, const char *name)
{
    return ar_node_text(ar_node_get(object, name));
}

/* The value as a count, 0 where it is none. */
static inline uint64_t ar_node_count(const struct ar_node *node)
{
    return ar_node_is(node, AR_NODE_INTEGER) && node->integer > 0 ? (uint64_t)node->integer : 0;
}

/* The member as a count. */
static inline uint64_t ar_node_count_of(const struct ar_node *object, const char *name)
{
    return ar_node_count(ar_node_get(object, name));
}

/* Are they the same, whatever the order of members? */
bool ar_node_equal(const struct ar_node *a, const struct ar_node *b);

/* Appends it in one line, members in their order, nothing escaped that need not be: as ar_json_dump does. */
void ar_node_dump(struct ar_buf *buf, const struct ar_node *node);

/* It as jansson's; a new reference, or NULL (memory; node is NULL). */
json_t *ar_node_json(const struct ar_node *node) AR_MUST_USE;

/* ---- changing ------------------------------------------------------------------------------------------------------- */

/*
 * Puts a value into an object, where one of that name keeps its place and gives way; or, with the name NULL, behind the items of an
 * array; or, with in NULL as well, as the root of a tree that has none. Name and text are copied. Returns the value, NULL where the
 * tree is bad; it turns so where in is neither, and where name or text is no UTF-8.
 */
struct ar_node *ar_tree_put(struct ar_tree *tree, struct ar_node *in, const char *name, enum ar_node_type type);
struct ar_node *ar_tree_put_text(struct ar_tree *tree, struct ar_node *in, const char *name, const char *text);
struct ar_node *ar_tree_put_count(struct ar_tree *tree, struct ar_node *in, const char *name, uint64_t count);

/* The root, which is put into a tree that has none. */
static inline struct ar_node *ar_tree_root(struct ar_tree *tree, enum ar_node_type type)
{
    return tree->root ? tree->root : ar_tree_put(tree, NULL, NULL, type);
}

/* The same as ar_tree_put with a copy of all that is in a value, which may be of another tree, or jansson's. */
struct ar_node *ar_tree_put_copy(struct ar_tree *tree, struct ar_node *in, const char *name, const struct ar_node *value);
struct ar_node *ar_tree_put_json(struct ar_tree *tree, struct ar_node *in, const char *name, const json_t *value);

/* Takes a member out of an object, where it has it; or all that is in an object or array. */
void ar_node_drop(struct ar_node *object, const char *name);
void ar_node_clear(struct ar_node *in);

/* ---- for codecs/tree_parse.c ---------------------------------------------------------------------------------------- */

/* n bytes of the tree's memory; NULL when memory ran out. */
char *ar_tree_memory(struct ar_tree *tree, size_t n);

/* A member or item more, its name (not copied) included; NULL where the object has it, or memory ran out. */
struct ar_node *ar_tree_add(struct ar_tree *tree, struct ar_node *in, const char *name, size_t name_len);

/* Room for a document of n bytes and what is put into it later, where little is there. */
void ar_tree_reserve(struct ar_tree *tree, size_t n);

#endif
