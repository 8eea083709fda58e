/* SPDX-License-Identifier: MIT */
#include "codecs/tree.h"

#include <sys/auxv.h>
#include <xxhash.h>

#include "bytes/text.h"

enum {
    ALIGN = 8,
    PIECE = 4096,         /* bytes of the smallest piece */
    PIECE_MAX = 1 << 20,  /* of one that is made since the one before is full */
    PIECE_KEPT = 1 << 16, /* of the largest that ar_tree_clear keeps */
    FEW = 16,             /* members that are looked at one after the other */
};

/* ---- memory --------------------------------------------------------------------------------------------------------- */

struct ar_tree_piece {
    struct ar_tree_piece *before;
    size_t n;
};

void ar_tree_release(struct ar_tree *tree)
{
    for (struct ar_tree_piece *piece = tree->piece, *before; piece; piece = before) {
        before = piece->before;
        free(piece);
    }
    *tree = (struct ar_tree){ 0 };
}

void ar_tree_clear(struct ar_tree *tree)
{
    struct ar_tree_piece *kept = tree->piece;
    struct ar_tree rest = { .piece = kept && kept->n <= PIECE_KEPT ? kept->before : kept };
    if (rest.piece == kept)
        kept = NULL;
    ar_tree_release(&rest);
    *tree = (struct ar_tree){ .piece = kept };
    if (kept) {
        kept->before = NULL;
        tree->at = (char *)(kept + 1);
        tree->left = kept->n;
    }
}

int ar_tree_check(const struct ar_tree *tree, struct ar_error *error)
{
    return tree->failed ? ar_fail_memory(error) : 0;
}

static bool add_piece(struct ar_tree *tree, size_t n)
{
    struct ar_tree_piece *piece = tree->failed ? NULL : malloc(sizeof *piece + n);
    if (!piece) {
        tree->failed = true;
        return false;
    }
    *piece = (struct ar_tree_piece){ .before = tree->piece, .n = n };
    tree->piece = piece;
    tree->at = (char *)(piece + 1);
    tree->left = n;
    return true;
}

void ar_tree_reserve(struct ar_tree *tree, size_t n)
{
    size_t nodes = 4 * n < PIECE_MAX ? 4 * n : PIECE_MAX;
    if (tree->left < n + nodes + PIECE)
        add_piece(tree, (n + nodes + PIECE + ALIGN - 1) / ALIGN * ALIGN);
}

static bool add_room(struct ar_tree *tree, size_t n)
{
    size_t piece = tree->piece ? 2 * tree->piece->n : PIECE;
    if (piece > PIECE_MAX)
        piece = PIECE_MAX;
    return add_piece(tree, n > piece ? n : piece);
}

static inline char *take(struct ar_tree *tree, size_t n)
{
    n = (n + ALIGN - 1) / ALIGN * ALIGN;
    if (AR_UNLIKELY(n > tree->left || tree->failed) && !add_room(tree, n))
        return NULL;
    char *memory = tree->at;
    tree->at += n;
    tree->left -= n;
    return memory;
}

char *ar_tree_memory(struct ar_tree *tree, size_t n)
{
    return take(tree, n);
}

/* ---- members by their names ----------------------------------------------------------------------------------------- */

/* Open addressing, at most half of the slots taken; in the tree's memory. */
struct ar_tree_index {
    uint64_t seed;
    uint32_t mask; /* slots less one; those are a power of two */
    struct ar_node *slot[];
};

/* Who writes a document cannot choose names that fall into one slot. */
static uint64_t new_seed(void)
{
    uint64_t seed = 0;
    const void *random = (const void *)getauxval(AT_RANDOM);
    if (random)
        memcpy(&seed, random, sizeof seed);
    return seed;
}

static uint32_t hash_of(const struct ar_tree_index *index, const char *name, size_t n)
{
    return (uint32_t)XXH3_64bits_withSeed(name, n, index->seed);
}

static bool has_name(const struct ar_node *node, const char *name, size_t n)
{
    return node->name_len == n && *node->name == *name && memcmp(node->name, name, n) == 0;
}

/* The slot in which the name stands, or the free one where it belongs. */
static uint32_t slot_of(const struct ar_tree_index *index, const char *name, size_t n, uint32_t hash)
{
    uint32_t slot = hash & index->mask;
    while (index->slot[slot] && !(index->slot[slot]->hash == hash && has_name(index->slot[slot], name, n)))
        slot = (slot + 1) & index->mask;
    return slot;
}

struct ar_node *ar_node_find(const struct ar_node *object, const char *name, size_t n)
{
    const struct ar_tree_index *index = object->in.index;
    if (index)
        return index->slot[slot_of(index, name, n, hash_of(index, name, n))];
    struct ar_node *node = object->in.first;
    while (node && !has_name(node, name, n))
        node = node->next;
    return node;
}

/* An index with room for twice the members. */
static bool make_index(struct ar_tree *tree, struct ar_node *object)
{
    size_t slots = 4 * FEW;
    while (slots < 4 * (size_t)object->n)
        slots *= 2;
    struct ar_tree_index *index = (void *)take(tree, sizeof *index + slots * sizeof *index->slot);
    if (!index)
        return false;
    index->seed = object->in.index ? object->in.index->seed : new_seed();
    index->mask = (uint32_t)(slots - 1);
    memset(index->slot, 0, slots * sizeof *index->slot);
    for (struct ar_node *node = object->in.first; node; node = node->next) {
        node->hash = object->in.index ? node->hash : hash_of(index, node->name, node->name_len);
        index->slot[slot_of(index, node->name, node->name_len, node->hash)] = node;
    }
    object->in.index = index;
    return true;
}

/* Takes the slot's node out, and closes the gap: those behind it that would not be found any more move into it. */
static void free_slot(struct ar_tree_index *index, uint32_t slot)
{
    for (uint32_t next = (slot + 1) & index->mask; index->slot[next]; next = (next + 1) & index->mask) {
        uint32_t wanted = index->slot[next]->hash & index->mask;
        if (((next - wanted) & index->mask) < ((next - slot) & index->mask))
            continue;
        index->slot[slot] = index->slot[next];
        slot = next;
    }
    index->slot[slot] = NULL;
}

/* ---- changing ------------------------------------------------------------------------------------------------------- */

static struct ar_node *new_node(struct ar_tree *tree)
{
    struct ar_node *node = (void *)take(tree, sizeof *node);
    if (node)
        *node = (struct ar_node){ .type = AR_NODE_NULL };
    return node;
}

static void append(struct ar_node *in, struct ar_node *node)
{
    struct ar_node *first = in->in.first;
    if (first) {
        node->before = first->before;
        first->before->next = node;
        first->before = node;
    } else {
        node->before = in->in.first = node;
    }
    in->n++;
}

/* A member, of which it is known that the object has it not. */
static struct ar_node *add_new(struct ar_tree *tree, struct ar_node *object, const char *name, size_t name_len)
{
    bool many = object->n >= FEW && (!object->in.index || 2 * object->n > object->in.index->mask);
    struct ar_node *node = many && !make_index(tree, object) ? NULL : new_node(tree);
    if (!node)
        return NULL;
    node->name = name;
    node->name_len = (uint32_t)name_len;
    if (object->in.index) {
        node->hash = hash_of(object->in.index, name, name_len);
        object->in.index->slot[slot_of(object->in.index, name, name_len, node->hash)] = node;
    }
    append(object, node);
    return node;
}

struct ar_node *ar_tree_add(struct ar_tree *tree, struct ar_node *in, const char *name, size_t name_len)
{
    if (in && name)
        return ar_node_find(in, name, name_len) ? NULL : add_new(tree, in, name, name_len);
    struct ar_node *node = new_node(tree);
    if (node && in)
        append(in, node);
    return node;
}

static const char *copy_text(struct ar_tree *tree, const char *text, size_t n)
{
    bool good = ar_utf8_check(text, n) == n && n < UINT32_MAX;
    char *copy = good ? take(tree, n + 1) : NULL;
    tree->failed |= !good;
    if (copy)
        memcpy(copy, text, n + 1);
    return copy;
}

static struct ar_node *put_member(struct ar_tree *tree, struct ar_node *object, const char *name)
{
    size_t n = strlen(name);
    struct ar_node *node = ar_node_find(object, name, n);
    if (node)
        return node;
    const char *copy = copy_text(tree, name, n);
    node = copy ? add_new(tree, object, copy, n) : NULL;
    if (node)
        node->plain_name = ar_json_plain_run(name, n) == n;
    return node;
}

/* The place for a value: its type and what belongs to that are to be set. */
static struct ar_node *put(struct ar_tree *tree, struct ar_node *in, const char *name)
{
    if (tree->failed)
        return NULL;
    struct ar_node *node = NULL;
    if (in && name && in->type == AR_NODE_OBJECT)
        node = put_member(tree, in, name);
    else if (!name && (in ? in->type == AR_NODE_ARRAY : !tree->root))
        node = ar_tree_add(tree, in, NULL, 0);
    tree->failed |= !node;
    if (!in && node)
        tree->root = node;
    return node;
}

struct ar_node *ar_tree_put(struct ar_tree *tree, struct ar_node *in, const char *name, enum ar_node_type type)
{
    struct ar_node *node = put(tree, in, name);
    if (node) {
        node->type = type;
        ar_node_clear(node);
    }
    return node;
}

struct ar_node *ar_tree_put_text(struct ar_tree *tree, struct ar_node *in, const char *name, const char *text)
{
    size_t n = strlen(text);
    const char *copy = copy_text(tree, text, n);
    struct ar_node *node = copy ? put(tree, in, name) : NULL;
    if (node) {
        node->type = AR_NODE_TEXT;
        node->text = copy;
        node->n = (uint32_t)n;
        node->plain_text = ar_json_plain_run(text, n) == n;
    }
    return node;
}

struct ar_node *ar_tree_put_count(struct ar_tree *tree, struct ar_node *in, const char *name, uint64_t count)
{
    struct ar_node *node = put(tree, in, name);
    if (node) {
        node->type = AR_NODE_INTEGER;
        node->integer = (int64_t)count;
    }
    return node;
}

struct ar_node *ar_tree_put_copy(struct ar_tree *tree, struct ar_node *in, const char *name, const struct ar_node *value)
{
    if (value->type == AR_NODE_TEXT)
        return ar_tree_put_text(tree, in, name, value->text);
    struct ar_node *node = ar_tree_put(tree, in, name, value->type);
    if (node && value->type == AR_NODE_INTEGER)
        node->integer = value->integer;
    else if (node && value->type == AR_NODE_REAL)
        node->real = value->real;
    else if (node && value->type >= AR_NODE_ARRAY)
        for (const struct ar_node *item = value->in.first; item; item = item->next)
            ar_tree_put_copy(tree, node, item->name, item);
    return node;
}

void ar_node_drop(struct ar_node *object, const char *name)
{
    struct ar_node *node = ar_node_get(object, name);
    if (!node)
        return;
    if (object->in.index)
        free_slot(object->in.index, slot_of(object->in.index, node->name, node->name_len, node->hash));
    if (node == object->in.first)
        object->in.first = node->next;
    else
        node->before->next = node->next;
    if (node->next)
        node->next->before = node->before;
    else if (object->in.first)
        object->in.first->before = node->before;
    object->n--;
}

void ar_node_clear(struct ar_node *in)
{
    if (in && in->type >= AR_NODE_ARRAY) {
        in->in.first = NULL;
        in->in.index = NULL;
        in->n = 0;
    }
}

/* ---- comparing ------------------------------------------------------------------------------------------------------ */

static bool equal_in(const struct ar_node *a, const struct ar_node *b)
{
    const struct ar_node *there = b->in.first;
    for (const struct ar_node *here = a->in.first; here; here = here->next) {
        const struct ar_node *other = a->type == AR_NODE_ARRAY ? there : ar_node_find(b, here->name, here->name_len);
        if (!other || !ar_node_equal(here, other))
            return false;
        there = there->next;
    }
    return true;
}

bool ar_node_equal(const struct ar_node *a, const struct ar_node *b)
{
    if (!a || !b || a->type != b->type)
        return false;
    switch (a->type) {
    case AR_NODE_INTEGER:
        return a->integer == b->integer;
    case AR_NODE_REAL:
        return !(a->real < b->real) && !(a->real > b->real);
    case AR_NODE_TEXT:
        return a->n == b->n && memcmp(a->text, b->text, a->n) == 0;
    case AR_NODE_ARRAY:
    case AR_NODE_OBJECT:
        return a->n == b->n && equal_in(a, b);
    default:
        return true;
    }
}
