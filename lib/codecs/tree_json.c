/* SPDX-License-Identifier: MIT */
/*
 * Trees from jansson's, and the other way round.
 */
#include "codecs/tree.h"

static void put_all(struct ar_tree *tree, struct ar_node *node, const json_t *value)
{
    size_t i;
    const char *name;
    json_t *member;
    json_array_foreach (value, i, member) {
        ar_tree_put_json(tree, node, NULL, member);
    }
    json_object_foreach ((json_t *)(uintptr_t)value, name, member) {
        ar_tree_put_json(tree, node, name, member);
    }
}

struct ar_node *ar_tree_put_json(struct ar_tree *tree, struct ar_node *in, const char *name, const json_t *value)
{
    static const enum ar_node_type types[] = {
        [JSON_OBJECT] = AR_NODE_OBJECT,   [JSON_ARRAY] = AR_NODE_ARRAY, [JSON_STRING] = AR_NODE_TEXT, [JSON_INTEGER] = AR_NODE_INTEGER,
        [JSON_REAL] = AR_NODE_REAL,       [JSON_TRUE] = AR_NODE_TRUE,   [JSON_FALSE] = AR_NODE_FALSE, [JSON_NULL] = AR_NODE_NULL,
    };
    if (!value) {
        tree->failed = true;
        return NULL;
    }
    if (json_is_string(value))
        return ar_tree_put_text(tree, in, name, json_string_value(value));
    struct ar_node *node = ar_tree_put(tree, in, name, types[json_typeof(value)]);
    if (node && json_is_integer(value))
        node->integer = json_integer_value(value);
    else if (node && json_is_real(value))
        node->real = json_real_value(value);
    else if (node)
        put_all(tree, node, value);
    return node;
}

int ar_tree_parse(struct ar_tree *tree, const char *text, size_t n, const char *what, struct ar_error *error)
{
    if (ar_tree_parse_plain(tree, text, n))
        return 0;
    ar_tree_release(tree);
    json_t *json = ar_json_load(text, n, false, what, error);
    if (!json)
        return -1;
    ar_tree_put_json(tree, NULL, NULL, json);
    json_decref(json);
    if (ar_tree_check(tree, error) == 0)
        return 0;
    ar_tree_release(tree);
    return -1;
}

static json_t *json_of_all(const struct ar_node *node)
{
    bool object = node->type == AR_NODE_OBJECT;
    json_t *json = object ? json_object() : json_array();
    for (const struct ar_node *item = node->in.first; item && json; item = item->next) {
        json_t *value = ar_node_json(item);
        if ((object ? json_object_set_new(json, item->name, value) : json_array_append_new(json, value)) == 0)
            continue;
        json_decref(json);
        return NULL;
    }
    return json;
}

json_t *ar_node_json(const struct ar_node *node)
{
    switch (node ? (int)node->type : -1) {
    case AR_NODE_NULL:
        return json_null();
    case AR_NODE_FALSE:
    case AR_NODE_TRUE:
        return json_boolean(node->type == AR_NODE_TRUE);
    case AR_NODE_INTEGER:
        return json_integer(node->integer);
    case AR_NODE_REAL:
        return json_real(node->real);
    case AR_NODE_TEXT:
        return json_stringn_nocheck(node->text, node->n);
    case AR_NODE_ARRAY:
    case AR_NODE_OBJECT:
        return json_of_all(node);
    default:
        return NULL;
    }
}
