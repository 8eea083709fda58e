/* SPDX-License-Identifier: MIT */
/*
 * The quick way from text to a tree, for plain texts: names and texts are where they stand in one copy of it, each closing quote
 * becomes their NUL.
 */
#include "bytes/text.h"
#include "codecs/tree.h"

enum { DEPTH_MAX = 64, DIGITS_MAX = 18 }; /* the reading of each level is a call within that of the one before */

/* at stands in the copy, behind whose last byte is a NUL: no loop runs beyond that. */
struct plain {
    struct ar_tree *tree;
    char *at, *end;
    int depth;
};

static bool read_value(struct plain *p, struct ar_node *node);

static void skip_blanks(struct plain *p)
{
    while (AR_UNLIKELY(*p->at == ' ' || *p->at == '\n' || *p->at == '\r' || *p->at == '\t'))
        p->at++;
}

/* Takes c, and the blanks before and behind it. */
static bool take(struct plain *p, char c)
{
    skip_blanks(p);
    if (*p->at != c)
        return false;
    p->at++;
    skip_blanks(p);
    return true;
}

/* Takes a string without escapes. */
static bool take_string(struct plain *p, const char **text, size_t *n)
{
    if (*p->at != '"')
        return false;
    *text = p->at + 1;
    *n = ar_json_plain_run(*text, (size_t)(p->end - *text));
    char *at = p->at + 1 + *n;
    p->at = at + 1;
    if (*at != '"')
        return false;
    *at = '\0';
    return true;
}

static bool read_text(struct plain *p, struct ar_node *node)
{
    size_t n;
    node->type = AR_NODE_TEXT;
    if (!take_string(p, &node->text, &n))
        return false;
    node->n = (uint32_t)n;
    node->plain_text = true;
    return true;
}

static bool read_integer(struct plain *p, struct ar_node *node)
{
    bool negative = *p->at == '-';
    const char *first = p->at += negative;
    int64_t value = 0;
    for (; *p->at >= '0' && *p->at <= '9' && p->at - first < DIGITS_MAX; p->at++)
        value = 10 * value + (*p->at - '0');
    size_t digits = (size_t)(p->at - first);
    if (digits == 0 || (digits > 1 && *first == '0') || (*p->at && strchr(".eE0123456789", *p->at)))
        return false;
    node->type = AR_NODE_INTEGER;
    node->integer = negative ? -value : value;
    return true;
}

static bool read_word(struct plain *p, struct ar_node *node, const char *word, enum ar_node_type type)
{
    size_t n = strlen(word);
    if (strncmp(p->at, word, n) != 0)
        return false;
    p->at += n;
    node->type = type;
    return true;
}

static bool read_member(struct plain *p, struct ar_node *object)
{
    const char *name;
    size_t n;
    if (!take_string(p, &name, &n) || !take(p, ':'))
        return false;
    struct ar_node *node = ar_tree_add(p->tree, object, name, n);
    if (!node)
        return false;
    node->plain_name = true;
    return read_value(p, node);
}

static bool read_item(struct plain *p, struct ar_node *array)
{
    struct ar_node *node = ar_tree_add(p->tree, array, NULL, 0);
    return node && read_value(p, node);
}

static bool read_all(struct plain *p, struct ar_node *node)
{
    bool object = *p->at == '{', good = p->depth++ < DEPTH_MAX;
    char close = object ? '}' : ']';
    node->type = object ? AR_NODE_OBJECT : AR_NODE_ARRAY;
    p->at++;
    skip_blanks(p);
    if (good && !take(p, close)) {
        do
            good = object ? read_member(p, node) : read_item(p, node);
        while (good && take(p, ','));
        good = good && take(p, close);
    }
    p->depth--;
    return good;
}

static bool read_value(struct plain *p, struct ar_node *node)
{
    switch (*p->at) {
    case '{':
    case '[':
        return read_all(p, node);
    case '"':
        return read_text(p, node);
    case 't':
        return read_word(p, node, "true", AR_NODE_TRUE);
    case 'f':
        return read_word(p, node, "false", AR_NODE_FALSE);
    case 'n':
        return read_word(p, node, "null", AR_NODE_NULL);
    default:
        return read_integer(p, node);
    }
}

bool ar_tree_parse_plain(struct ar_tree *tree, const char *text, size_t n)
{
    if (n > AR_JSON_TEXT_MAX || ar_utf8_check(text, n) < n)
        return false;
    ar_tree_reserve(tree, n);
    char *copy = ar_tree_memory(tree, n + 1);
    struct ar_node *root = copy ? ar_tree_add(tree, NULL, NULL, 0) : NULL;
    if (!root)
        return false;
    if (n > 0)
        memcpy(copy, text, n);
    copy[n] = '\0';
    struct plain p = { .tree = tree, .at = copy, .end = copy + n };
    skip_blanks(&p);
    if (!read_value(&p, root))
        return false;
    skip_blanks(&p);
    if (p.at != copy + n)
        return false;
    tree->root = root;
    return true;
}
