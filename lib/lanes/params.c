/* SPDX-License-Identifier: MIT */
#include "lanes/params.h"

#include <fcntl.h>

#include "bytes/io.h"
#include "bytes/text.h"
#include "codecs/json.h"

/* Parses params, which must be an object. 0 or -1; doc is to be released after 0. */
static int parse_object(struct ar_json_doc *doc, const char *text, size_t n, const char *what, struct ar_error *error)
{
    if (ar_json_doc_parse(doc, text, n, what, error) < 0)
        return -1;
    struct ar_json_value root = ar_json_root(doc);
    if (root.type == AR_JSON_OBJECT)
        return 0;
    struct ar_buf shown;
    ar_buf_init(&shown);
    ar_json_show(&shown, &root);
    ar_fail(error, AR_INPUT, "%s: expected a JSON object, found %s", what, shown.data);
    ar_hint(error, "Params have names: {\"threshold\": 0.8}; none are {}.");
    ar_buf_release(&shown);
    ar_json_doc_release(doc);
    return -1;
}

int ar_params_check(const char *text, size_t n, const char *what, struct ar_error *error)
{
    struct ar_json_doc doc;
    if (parse_object(&doc, text, n, what, error) < 0)
        return -1;
    ar_json_doc_release(&doc);
    return 0;
}

int ar_params_load(const char *path, struct ar_buf *params, struct ar_error *error)
{
    size_t before = params->len;
    if (ar_read_file(AT_FDCWD, path, params, AR_PARAMS_MAX, error) < 0)
        return ar_fail_in(error, "params");
    struct ar_buf what;
    ar_buf_init(&what);
    ar_buf_add_tr(&what, "params '%s'", path);
    int result = ar_params_check(params->data + before, params->len - before, what.data, error);
    ar_buf_release(&what);
    return result;
}

/* ---- setting a member ----------------------------------------------------------------------------------------------- */

/* Parses what stands behind the '='; a text without quotes is the usual mistake. */
static int parse_value(struct ar_json_doc *doc, const char *name, size_t name_len, const char *text, struct ar_error *error)
{
    struct ar_buf what;
    ar_buf_init(&what);
    ar_buf_add_tr(&what, "the value of '%.*s' (-P)", (int)name_len, name);
    int result = ar_json_doc_parse(doc, text, strlen(text), what.data, error);
    ar_buf_release(&what);
    if (result == 0 || error->hint[0] || error->status != AR_INPUT)
        return result;
    if (strpbrk(text, "\"\\{[\n"))
        return ar_hint(error, "Write NAME=JSON; a text stands in double quotes: -P 'note=\"abc\"'.");
    return ar_hint(error, "A number is written as 3 or 0.5, and a text needs quotes: -P '%.*s=\"%s\"'.", (int)name_len, name, text);
}

/* Appends text with the value set. */
static void add_with_member(struct ar_buf *out, const struct ar_json_doc *doc, const char *name,
                            const struct ar_json_value *value)
{
    struct ar_json_value root = ar_json_root(doc), old;
    if (ar_json_member(doc, &root, name, &old)) {
        ar_buf_add(out, doc->text, (size_t)(old.text - doc->text));
        ar_buf_add(out, value->text, value->len);
        const char *behind = old.text + old.len;
        ar_buf_add(out, behind, (size_t)(doc->text + doc->len - behind));
        return;
    }
    bool first;
    size_t at = ar_json_append_at(doc, &root, &first);
    ar_buf_add(out, doc->text, at);
    if (!first)
        ar_buf_add_text(out, ", ");
    ar_json_add_string(out, name, strlen(name));
    ar_buf_add_text(out, ": ");
    ar_buf_add(out, value->text, value->len);
    ar_buf_add(out, doc->text + at, doc->len - at);
}

static int set_member(struct ar_buf *params, const char *name, const struct ar_json_value *value, struct ar_error *error)
{
    struct ar_json_doc doc;
    struct ar_buf changed;
    bool none = params->len == 0;
    if (parse_object(&doc, none ? AR_PARAMS_NONE : params->data, none ? strlen(AR_PARAMS_NONE) : params->len, ar_tr("params"),
                     error) < 0)
        return -1;
    ar_buf_init(&changed);
    add_with_member(&changed, &doc, name, value);
    ar_json_doc_release(&doc);
    int result = ar_buf_check(&changed, error);
    if (result == 0)
        result = ar_params_check(changed.data, changed.len, ar_tr("params"), error); /* it may be nested too deep now */
    if (result < 0) {
        ar_buf_release(&changed);
        return -1;
    }
    ar_buf_release(params);
    *params = changed;
    return 0;
}

int ar_params_set(struct ar_buf *params, const char *assignment, struct ar_error *error)
{
    const char *equals = strchr(assignment, '=');
    if (!equals || equals == assignment) {
        ar_fail(error, AR_INPUT, "-P '%s': expected NAME=JSON", assignment);
        return ar_hint(error, "Write for instance -P threshold=0.8 or -P 'note=\"abc\"'.");
    }
    size_t name_len = (size_t)(equals - assignment);
    if (ar_utf8_check(assignment, name_len) < name_len)
        return ar_fail(error, AR_INPUT, "-P '%s': the name is not UTF-8", assignment);
    struct ar_json_doc doc;
    if (parse_value(&doc, assignment, name_len, equals + 1, error) < 0)
        return -1;
    struct ar_json_value value = ar_json_root(&doc);
    char *name = strndup(assignment, name_len);
    int result = name ? set_member(params, name, &value, error) : ar_fail_memory(error);
    free(name);
    ar_json_doc_release(&doc);
    return result;
}
