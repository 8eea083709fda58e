/* SPDX-License-Identifier: MIT */
/*
 * The text of a tree.
 */
#include "codecs/tree.h"

/* A string, and the character that comes behind it (NUL: none). */
static void dump_string(struct ar_buf *buf, const char *text, uint32_t n, bool plain, char behind)
{
    char *to = plain ? ar_buf_reserve(buf, (size_t)n + 3) : NULL;
    if (!to) {
        ar_json_add_string(buf, text, n);
        if (behind)
            ar_buf_add_char(buf, behind);
        return;
    }
    to[0] = '"';
    memcpy(to + 1, text, n);
    to[n + 1] = '"';
    to[n + 2] = behind;
    ar_buf_grew(buf, (size_t)n + 2 + (behind != '\0'));
}

static void dump_in(struct ar_buf *buf, const struct ar_node *in)
{
    bool object = in->type == AR_NODE_OBJECT;
    ar_buf_add_char(buf, object ? '{' : '[');
    for (const struct ar_node *node = in->in.first; node; node = node->next) {
        if (node != in->in.first)
            ar_buf_add_char(buf, ',');
        if (object)
            dump_string(buf, node->name, node->name_len, node->plain_name, ':');
        ar_node_dump(buf, node);
    }
    ar_buf_add_char(buf, object ? '}' : ']');
}

void ar_node_dump(struct ar_buf *buf, const struct ar_node *node)
{
    static const char *const words[] = { [AR_NODE_NULL] = "null", [AR_NODE_FALSE] = "false", [AR_NODE_TRUE] = "true" };
    switch (node->type) {
    case AR_NODE_INTEGER:
        ar_json_add_integer(buf, node->integer);
        break;
    case AR_NODE_REAL:
        ar_json_add_real(buf, node->real);
        break;
    case AR_NODE_TEXT:
        dump_string(buf, node->text, node->n, node->plain_text, '\0');
        break;
    case AR_NODE_ARRAY:
    case AR_NODE_OBJECT:
        dump_in(buf, node);
        break;
    default:
        ar_buf_add_text(buf, words[node->type]);
    }
}
