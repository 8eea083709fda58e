/* SPDX-License-Identifier: MIT */
#include "lanes/answer.h"

#include "bytes/text.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

void ar_answer_trim(const char **text, size_t *n)
{
    if (*n >= 3 && memcmp(*text, "\xef\xbb\xbf", 3) == 0) {
        *text += 3;
        *n -= 3;
    }
    while (*n > 0 && is_blank(**text)) {
        (*text)++;
        (*n)--;
    }
    while (*n > 0 && is_blank((*text)[*n - 1]))
        (*n)--;
}

int ar_answer_fault(struct ar_error *error)
{
    if (error->status == AR_INPUT)
        error->status = AR_CONTENT;
    return -1;
}

/* The length of the object or array at the start of text; n where it does not end. */
static size_t outermost_length(const char *text, size_t n)
{
    size_t depth = 0;
    for (size_t pos = 0; pos < n;) {
        char c = text[pos];
        if (c == '"') {
            pos = ar_json_behind_string(text, n, pos);
            continue;
        }
        pos++;
        depth += c == '{' || c == '[';
        if ((c == '}' || c == ']') && --depth == 0)
            return pos;
    }
    return n;
}

static int fail_behind(char opener, char next, const char *what, struct ar_error *error)
{
    bool object = opener == '{';
    if (next == opener)
        ar_fail(error, AR_CONTENT, object ? N_("%s holds more than one JSON object") : N_("%s holds more than one JSON array"), what);
    else
        ar_fail(error, AR_CONTENT, object ? N_("%s has more behind its JSON object") : N_("%s has more behind its JSON array"), what);
    return ar_hint(error, "Print the result once and nothing else; messages belong on standard error.");
}

int ar_answer_json(struct ar_json_doc *doc, const char *text, size_t n, const char *what, struct ar_error *error)
{
    size_t len = outermost_length(text, n);
    const char *rest = text + len;
    size_t rest_len = n - len;
    ar_answer_trim(&rest, &rest_len);
    if (rest_len > 0)
        return fail_behind(*text, *rest, what, error);
    if (ar_json_doc_parse(doc, text, len, what, error) == 0)
        return 0;
    return ar_answer_fault(error);
}

int ar_answer_name(struct ar_buf *name, const struct ar_json_value *key, bool first, const char *what, struct ar_error *error)
{
    ar_buf_clear(name);
    ar_json_decode(name, key);
    if (ar_buf_check(name, error) < 0)
        return -1;
    bool bom = first && name->len >= 3 && memcmp(name->data, "\xef\xbb\xbf", 3) == 0; /* it would be taken for the file's */
    if (name->len > 0 && !memchr(name->data, '\0', name->len) && !bom)
        return 0;
    if (bom)
        ar_fail(error, AR_CONTENT, "%s: a name begins with a byte order mark (\\ufeff)", what);
    else
        ar_fail(error, AR_CONTENT, "%s: a name is empty or holds \\u0000", what);
    return ar_hint(error, "Names become the columns of a table: each must be text.");
}

static int fail_nested(const struct ar_json_value *json, const char *column, const char *what, struct ar_error *error)
{
    if (json->type == AR_JSON_ARRAY)
        ar_fail(error, AR_CONTENT, "%s: the value of '%s' is an array", what, column);
    else
        ar_fail(error, AR_CONTENT, "%s: the value of '%s' is an object", what, column);
    return ar_hint(error, "Values become the cells of a table: print numbers, texts, true, false or null, each under its own "
                          "name.");
}

int ar_answer_value(struct ar_buf *value, enum ar_kind *kind, const struct ar_json_value *json, const char *column,
                    const char *what, struct ar_error *error)
{
    static const enum ar_kind kinds[] = {
        [AR_JSON_NULL] = AR_KIND_NULL,     [AR_JSON_TRUE] = AR_KIND_TRUE,   [AR_JSON_FALSE] = AR_KIND_FALSE,
        [AR_JSON_NUMBER] = AR_KIND_NUMBER, [AR_JSON_STRING] = AR_KIND_TEXT,
    };
    if (json->type == AR_JSON_ARRAY || json->type == AR_JSON_OBJECT)
        return fail_nested(json, column, what, error);
    ar_buf_clear(value);
    *kind = kinds[json->type];
    if (*kind == AR_KIND_TEXT)
        ar_json_decode(value, json);
    else if (*kind != AR_KIND_NULL)
        ar_buf_add(value, json->text, json->len);
    if (*kind == AR_KIND_NUMBER)
        *kind = ar_value_kind(value->data, value->len, false, column);
    if (ar_buf_check(value, error) < 0)
        return -1;
    if (!memchr(value->data, '\0', value->len))
        return 0;
    ar_fail(error, AR_CONTENT, "%s: the value of '%s' holds \\u0000", what, column);
    return ar_hint(error, "A text in a table cannot hold the character NUL.");
}
