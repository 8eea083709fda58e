/* SPDX-License-Identifier: MIT */
#include "codecs/json_plain.h"

#include "bytes/text.h"

enum { DEPTH_MAX = 64 }; /* levels; the reading of each is a call within that of the one before */

struct plain {
    const char *at, *end;
    int depth;
};

static json_t *read_value(struct plain *p);

static void skip_blanks(struct plain *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\n' || *p->at == '\r' || *p->at == '\t'))
        p->at++;
}

/* Takes c, and the blanks before and behind it. */
static bool take(struct plain *p, char c)
{
    skip_blanks(p);
    if (p->at == p->end || *p->at != c)
        return false;
    p->at++;
    skip_blanks(p);
    return true;
}

/* Takes a string without escapes. */
static bool take_string(struct plain *p, const char **text, size_t *n)
{
    if (p->at == p->end || *p->at != '"')
        return false;
    const char *at = *text = p->at + 1;
    while (at < p->end && *at != '"' && *at != '\\' && (unsigned char)*at >= 0x20)
        at++;
    *n = (size_t)(at - *text);
    p->at = at + 1;
    return at < p->end && *at == '"';
}

static json_t *read_string(struct plain *p)
{
    const char *text;
    size_t n;
    return take_string(p, &text, &n) ? json_stringn_nocheck(text, n) : NULL;
}

static json_t *read_integer(struct plain *p)
{
    bool negative = *p->at == '-';
    const char *first = p->at += negative;
    json_int_t value = 0;
    for (; p->at < p->end && *p->at >= '0' && *p->at <= '9' && p->at - first < 18; p->at++)
        value = 10 * value + (*p->at - '0');
    size_t digits = (size_t)(p->at - first);
    if (digits == 0 || (digits > 1 && *first == '0') || (p->at < p->end && strchr(".eE0123456789", *p->at)))
        return NULL;
    return json_integer(negative ? -value : value);
}

static bool take_word(struct plain *p, const char *word)
{
    size_t n = strlen(word);
    bool there = (size_t)(p->end - p->at) >= n && memcmp(p->at, word, n) == 0;
    p->at += there ? n : 0;
    return there;
}

/* A member that is there already does not make the object larger. */
static bool add_member(struct plain *p, json_t *object)
{
    const char *key;
    size_t n, before = json_object_size(object);
    if (!take_string(p, &key, &n) || !take(p, ':'))
        return false;
    json_t *value = read_value(p);
    return value && json_object_setn_new_nocheck(object, key, n, value) == 0 && json_object_size(object) > before;
}

static bool add_item(struct plain *p, json_t *array)
{
    json_t *value = read_value(p);
    return value && json_array_append_new(array, value) == 0;
}

static json_t *read_all(struct plain *p, json_t *into, char close, bool (*add)(struct plain *p, json_t *into))
{
    bool good = into != NULL && p->depth++ < DEPTH_MAX;
    p->at++;
    skip_blanks(p);
    if (good && !take(p, close)) {
        do
            good = add(p, into);
        while (good && take(p, ','));
        good = good && take(p, close);
    }
    p->depth--;
    if (good)
        return into;
    json_decref(into);
    return NULL;
}

static json_t *read_value(struct plain *p)
{
    if (p->at == p->end)
        return NULL;
    switch (*p->at) {
    case '{':
        return read_all(p, json_object(), '}', add_member);
    case '[':
        return read_all(p, json_array(), ']', add_item);
    case '"':
        return read_string(p);
    case 't':
        return take_word(p, "true") ? json_true() : NULL;
    case 'f':
        return take_word(p, "false") ? json_false() : NULL;
    case 'n':
        return take_word(p, "null") ? json_null() : NULL;
    default:
        return read_integer(p);
    }
}

json_t *ar_json_load_plain(const char *text, size_t n)
{
    struct plain p = { .at = text, .end = text + n };
    if (ar_utf8_check(text, n) < n)
        return NULL;
    skip_blanks(&p);
    json_t *json = read_value(&p);
    skip_blanks(&p);
    if (json && p.at == p.end)
        return json;
    json_decref(json);
    return NULL;
}
