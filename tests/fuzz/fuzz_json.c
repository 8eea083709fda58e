/* SPDX-License-Identifier: MIT */
/*
 * Whatever the text is: the tree and the document with its texts agree on whether it is JSON and on what is in it; a member that is set is
 * found again and all else stays; what a schema completes it takes as it is; ledgers and targets that are read are written, and read again
 * the same. A NUL in the input splits it in two: a document (or schema, or params), and what is set in it (or params for the schema).
 */
#include <math.h>

#include "fuzz.h"
#include "lanes/ledger.h"
#include "lanes/params.h"
#include "lanes/targets.h"
#include "methods/manifest.h"

struct text {
    const char *bytes;
    size_t n;
};

/* ---- the two views -------------------------------------------------------------------------------------------------- */

/* Is the number beyond what the tree can hold? */
static bool too_large(const struct ar_json_value *number, bool reals)
{
    char *text = strndup(number->text, number->len), *end;
    FUZZ_CHECK(text);
    bool real = reals || strpbrk(text, ".eE");
    errno = 0;
    if (real)
        real = isinf(strtod(text, &end));
    else
        (void)strtoll(text, &end, 10);
    bool too = real || (!reals && errno == ERANGE && !strpbrk(text, ".eE"));
    FUZZ_CHECK(*end == '\0');
    free(text);
    return too;
}

static bool holds_too_large(const struct ar_json_doc *doc, const struct ar_json_value *value, bool reals)
{
    struct ar_json_value item;
    int position = 0;
    if (value->type == AR_JSON_NUMBER)
        return too_large(value, reals);
    while ((value->type == AR_JSON_ARRAY || value->type == AR_JSON_OBJECT) && ar_json_each(doc, value, &position, NULL, &item))
        if (holds_too_large(doc, &item, reals))
            return true;
    return false;
}

static void compare_number(const struct ar_json_value *value, const json_t *json)
{
    char *text = strndup(value->text, value->len);
    FUZZ_CHECK(text && json_is_number(json));
    if (json_is_integer(json))
        FUZZ_CHECK(strtoll(text, NULL, 10) == json_integer_value(json));
    else
        FUZZ_CHECK(fabs(strtod(text, NULL) - json_real_value(json)) == 0);
    free(text);
}

static void compare_text(const struct ar_json_value *value, const char *text, size_t n)
{
    struct ar_buf decoded;
    ar_buf_init(&decoded);
    ar_json_decode(&decoded, value);
    FUZZ_CHECK(!decoded.failed && decoded.len == n && memcmp(decoded.data, text, n) == 0);
    FUZZ_CHECK(ar_json_equals(value, text, n));
    ar_buf_release(&decoded);
}

static void compare(const struct ar_json_doc *doc, const struct ar_json_value *value, json_t *json)
{
    struct ar_json_value key, item;
    int position = 0;
    size_t n = 0;
    FUZZ_CHECK(value->text >= doc->text && value->text + value->len <= doc->text + doc->len);
    switch (value->type) {
    case AR_JSON_NULL:
        FUZZ_CHECK(json_is_null(json));
        break;
    case AR_JSON_TRUE:
    case AR_JSON_FALSE:
        FUZZ_CHECK(json_is_boolean(json) && json_is_true(json) == (value->type == AR_JSON_TRUE));
        break;
    case AR_JSON_NUMBER:
        compare_number(value, json);
        break;
    case AR_JSON_STRING:
        FUZZ_CHECK(json_is_string(json));
        compare_text(value, json_string_value(json), json_string_length(json));
        break;
    case AR_JSON_ARRAY:
        for (; ar_json_each(doc, value, &position, NULL, &item); n++)
            compare(doc, &item, json_array_get(json, n));
        FUZZ_CHECK(json_is_array(json) && n == json_array_size(json));
        break;
    case AR_JSON_OBJECT:
        FUZZ_CHECK(json_is_object(json));
        for (void *at = json_object_iter(json); ar_json_each(doc, value, &position, &key, &item); n++, at = json_object_iter_next(json, at)) {
            FUZZ_CHECK(at);
            compare_text(&key, json_object_iter_key(at), strlen(json_object_iter_key(at)));
            compare(doc, &item, json_object_iter_value(at));
        }
        FUZZ_CHECK(n == json_object_size(json));
        break;
    }
}

/* The members of an object, walked without taking it apart, are the same. */
static void compare_members(const struct ar_json_doc *doc, const struct ar_json_value *root)
{
    struct ar_json_value key, item;
    struct ar_json_span name, value;
    int position = 0, got;
    size_t pos = 0;
    while ((got = ar_json_next_member(doc->text, doc->len, &pos, &name, &value)) > 0) {
        FUZZ_CHECK(ar_json_each(doc, root, &position, &key, &item));
        FUZZ_CHECK(name.text == key.text && name.len == key.len && value.text == item.text && value.len == item.len);
    }
    FUZZ_CHECK(got == 0 && !ar_json_each(doc, root, &position, &key, &item));
}

static void check_dump(json_t *json)
{
    struct ar_buf text;
    struct ar_error error = { 0 };
    ar_buf_init(&text);
    ar_json_dump(&text, json);
    FUZZ_CHECK(!text.failed);
    json_t *again = ar_json_load(text.data, text.len, false, "dump", &error);
    FUZZ_CHECK(again && json_equal(json, again));
    json_decref(again);
    ar_buf_release(&text);
}

/* A tree of our own is made of what jansson takes, and of nothing else, and is the same. */
static void check_tree(const struct text *text, const json_t *json)
{
    struct ar_tree tree = { 0 }, plain = { 0 };
    struct ar_error error = { 0 };
    struct ar_buf ours, theirs;
    FUZZ_CHECK((ar_tree_parse(&tree, text->bytes, text->n, "input", &error) == 0) == (json != NULL));
    if (!json)
        fuzz_check_error(&error);
    FUZZ_CHECK(!ar_tree_parse_plain(&plain, text->bytes, text->n) || (json && ar_node_equal(plain.root, tree.root)));
    if (json) {
        json_t *back = ar_node_json(tree.root);
        ar_buf_init(&ours);
        ar_buf_init(&theirs);
        ar_node_dump(&ours, tree.root);
        ar_json_dump(&theirs, json);
        FUZZ_CHECK(json_equal(json, back) && ours.len == theirs.len && memcmp(ours.data, theirs.data, ours.len) == 0);
        json_decref(back);
        ar_buf_release(&ours);
        ar_buf_release(&theirs);
    }
    ar_tree_release(&tree);
    ar_tree_release(&plain);
}

static void check_views(const struct text *text)
{
    struct ar_json_doc doc;
    struct ar_error error = { 0 };
    bool is_json = ar_json_doc_parse(&doc, text->bytes, text->n, "input", &error) == 0;
    struct ar_json_value root = { 0 };
    if (is_json)
        root = ar_json_root(&doc);
    else
        fuzz_check_error(&error);
    for (int reals = 0; reals < 2; reals++) {
        json_t *json = ar_json_load(text->bytes, text->n, reals, "input", &error);
        FUZZ_CHECK((json != NULL) == (is_json && !holds_too_large(&doc, &root, reals)));
        if (json)
            compare(&doc, &root, json);
        if (json && !reals)
            check_dump(json);
        if (!reals)
            check_tree(text, json);
        json_decref(json);
    }
    struct ar_json_span name, value;
    size_t pos = 0;
    if (is_json && root.type == AR_JSON_OBJECT)
        compare_members(&doc, &root);
    else /* must end, whatever it finds */
        while (ar_json_next_member(text->bytes, text->n, &pos, &name, &value) > 0)
            ;
    ar_json_doc_release(&doc);
}

/* ---- params --------------------------------------------------------------------------------------------------------- */

/* The member has the value that was set. */
static void check_member(const struct ar_buf *params, const char *assignment)
{
    struct ar_json_doc doc, set;
    struct ar_json_value root, member, value;
    struct ar_error error = { 0 };
    const char *equals = strchr(assignment, '=');
    char *name = strndup(assignment, (size_t)(equals - assignment));
    FUZZ_CHECK(name && ar_json_doc_parse(&doc, params->data, params->len, "params", &error) == 0);
    FUZZ_CHECK(ar_json_doc_parse(&set, equals + 1, strlen(equals + 1), "value", &error) == 0);
    root = ar_json_root(&doc);
    value = ar_json_root(&set);
    FUZZ_CHECK(ar_json_member(&doc, &root, name, &member));
    FUZZ_CHECK(member.len == value.len && memcmp(member.text, value.text, value.len) == 0);
    free(name);
    ar_json_doc_release(&doc);
    ar_json_doc_release(&set);
}

static void check_params(const struct text *text, const char *assignment)
{
    struct ar_buf params, again;
    struct ar_error error = { 0 };
    if (ar_params_check(text->bytes, text->n, "params", &error) != 0)
        return;
    ar_buf_init(&params);
    ar_buf_init(&again);
    ar_buf_add(&params, text->bytes, text->n);
    if (ar_params_set(&params, assignment, &error) == 0) {
        check_member(&params, assignment);
        ar_buf_add(&again, params.data, params.len);
        FUZZ_CHECK(ar_params_set(&again, assignment, &error) == 0);
        FUZZ_CHECK(again.len == params.len && memcmp(again.data, params.data, params.len) == 0);
    } else {
        fuzz_check_error(&error);
        FUZZ_CHECK(params.len == text->n && memcmp(params.data, text->bytes, text->n) == 0);
    }
    ar_buf_release(&params);
    ar_buf_release(&again);
}

/* ---- schema --------------------------------------------------------------------------------------------------------- */

static void check_applied(const struct ar_schema *schema, const struct text *params)
{
    struct ar_buf whole, again;
    struct ar_error error = { 0 };
    ar_buf_init(&whole);
    ar_buf_init(&again);
    if (ar_schema_apply(schema, params->bytes, params->n, &whole, "params", &error) == 0) {
        FUZZ_CHECK(ar_params_check(whole.data, whole.len, "params", &error) == 0);
        FUZZ_CHECK(ar_schema_apply(schema, whole.data, whole.len, &again, "params", &error) == 0);
        FUZZ_CHECK(again.len == whole.len && memcmp(again.data, whole.data, whole.len) == 0);
    } else {
        FUZZ_CHECK(whole.len == 0);
        fuzz_check_error(&error);
    }
    ar_buf_release(&whole);
    ar_buf_release(&again);
}

static void check_schema(const struct text *text, const struct text *params)
{
    struct ar_error error = { 0 };
    struct ar_schema *schema = ar_schema_compile(text->bytes, text->n, "schema", &error);
    if (!schema) {
        fuzz_check_error(&error);
        return;
    }
    size_t n;
    const char *kept = ar_schema_text(schema, &n);
    struct ar_schema *again = ar_schema_compile(kept, n, "schema", &error);
    FUZZ_CHECK(again);
    ar_schema_free(again);
    check_applied(schema, params);
    ar_schema_free(schema);
}

/* ---- documents of our own ------------------------------------------------------------------------------------------- */

static void check_manifest(const struct text *text)
{
    struct ar_manifest manifest;
    struct ar_error error = { 0 };
    if (ar_manifest_parse(&manifest, text->bytes, text->n, "/methods", "manifest", &error) != 0) {
        fuzz_check_error(&error);
        return;
    }
    FUZZ_CHECK(manifest.name && *manifest.name && manifest.n_sets > 0 && manifest.analyze && manifest.analyze[0]);
    FUZZ_CHECK(manifest.fields >= 1 && manifest.fields <= AR_FIELDS_MAX);
    for (size_t i = 0; i < manifest.n_sets; i++) {
        FUZZ_CHECK((manifest.set[i].rules.n > 0) != manifest.set[i].rules.none);
        FUZZ_CHECK(ar_manifest_set(&manifest, manifest.set[i].name) == &manifest.set[i]);
    }
    ar_manifest_release(&manifest);
}

static void check_ledger(const struct text *text)
{
    struct ar_ledger ledger, again;
    struct ar_buf written;
    struct ar_error error = { 0 };
    if (ar_ledger_parse(&ledger, text->bytes, text->n, "ledger", &error) != 0)
        return;
    ar_buf_init(&written);
    ar_ledger_write(&ledger, &written);
    FUZZ_CHECK(ar_ledger_parse(&again, written.data, written.len, "ledger", &error) == 0);
    FUZZ_CHECK(ar_node_equal(ledger.tree.root, again.tree.root));
    ar_buf_release(&written);
    ar_ledger_release(&ledger);
    ar_ledger_release(&again);
}

static void check_targets(const struct text *text)
{
    struct ar_targets targets = { 0 }, again = { 0 };
    struct ar_buf written;
    struct ar_error error = { 0 };
    ar_buf_init(&written);
    if (ar_targets_parse(&targets, text->bytes, text->n, "targets", &error) == 0) {
        ar_targets_write(&targets, &written);
        FUZZ_CHECK(ar_targets_parse(&again, written.data, written.len, "targets", &error) == 0 && again.count == targets.count);
        for (size_t i = 0; i < targets.count; i++) {
            FUZZ_CHECK(strcmp(targets.entry[i].data, again.entry[i].data) == 0);
            FUZZ_CHECK(strcmp(targets.entry[i].sample, again.entry[i].sample) == 0);
            FUZZ_CHECK(ar_targets_find(&targets, again.entry[i].data, again.entry[i].data_len) == (ssize_t)i);
        }
    } else {
        fuzz_check_error(&error);
    }
    ar_targets_release(&targets);
    ar_targets_release(&again);
    ar_buf_release(&written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text first = { (const char *)data, size };
    const char *nul = size > 0 ? memchr(data, '\0', size) : NULL;
    check_views(&first); /* a NUL in it is refused */
    if (nul)
        first.n = (size_t)(nul - first.bytes);
    struct text second = nul ? (struct text){ nul + 1, size - first.n - 1 } : first;
    char *assignment = strndup(second.bytes, second.n);
    FUZZ_CHECK(assignment);
    if (nul)
        check_views(&first);
    check_params(&first, assignment);
    check_schema(&first, &second);
    check_manifest(&first);
    check_ledger(&first);
    check_targets(&first);
    free(assignment);
    return 0;
}
