/* SPDX-License-Identifier: MIT */
/*
 * The members of a large object, one by one.
 */
#include "codecs/json.h"

static void skip_blanks(const char *text, size_t n, size_t *pos)
{
    while (*pos < n && (text[*pos] == ' ' || text[*pos] == '\n' || text[*pos] == '\r' || text[*pos] == '\t'))
        (*pos)++;
}

/* Passes over a string that begins at *pos. One that does not end, or ends the text, leaves nothing behind it: no object ends so. */
static bool skip_string(const char *text, size_t n, size_t *pos)
{
    *pos = ar_json_behind_string(text, n, *pos);
    return *pos < n;
}

/* Passes over a value: up to the comma or bracket that ends it. */
static bool skip_value(const char *text, size_t n, size_t *pos)
{
    size_t depth = 0;
    while (*pos < n) {
        char c = text[*pos];
        if (c == '"') {
            if (!skip_string(text, n, pos))
                return false;
            continue;
        }
        if (depth == 0 && (c == ',' || c == '}' || c == ']'))
            return true;
        depth += c == '{' || c == '[';
        depth -= c == '}' || c == ']';
        (*pos)++;
    }
    return false;
}

int ar_json_next_member(const char *text, size_t n, size_t *pos, struct ar_json_span *key, struct ar_json_span *value)
{
    bool first = *pos == 0;
    skip_blanks(text, n, pos);
    if (*pos >= n || text[*pos] != (first ? '{' : ',')) {
        if (first || *pos >= n || text[*pos] != '}')
            return -1;
        (*pos)++;
        skip_blanks(text, n, pos);
        return *pos == n ? 0 : -1;
    }
    (*pos)++;
    skip_blanks(text, n, pos);
    if (first && *pos < n && text[*pos] == '}') {
        (*pos)++;
        skip_blanks(text, n, pos);
        return *pos == n ? 0 : -1;
    }
    size_t start = *pos;
    if (start >= n || text[start] != '"' || !skip_string(text, n, pos))
        return -1;
    *key = (struct ar_json_span){ text + start, *pos - start };
    skip_blanks(text, n, pos);
    if (*pos >= n || text[(*pos)++] != ':')
        return -1;
    skip_blanks(text, n, pos);
    start = *pos;
    if (!skip_value(text, n, pos) || *pos == start)
        return -1;
    size_t end = *pos;
    while (end > start && strchr(" \n\r\t", text[end - 1]))
        end--;
    *value = (struct ar_json_span){ text + start, end - start };
    return 1;
}

bool ar_json_find_member(const char *text, size_t n, const char *name, struct ar_json_span *value)
{
    size_t pos = 0, len = strlen(name);
    struct ar_json_span key;
    while (ar_json_next_member(text, n, &pos, &key, value) > 0)
        if (key.len == len + 2 && memcmp(key.text + 1, name, len) == 0)
            return true;
    return false;
}
