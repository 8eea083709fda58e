/* SPDX-License-Identifier: MIT */
/* Applying: params are checked, and what they lack is added to their text, until nothing is lacking. */
#include "methods/schema_check.h"

#define ROUNDS_MAX 64       /* defaults that hold objects that lack defaults that … */
#define GROWTH_FREE 1048576 /* defaults may add so many bytes, */
#define GROWTH_RATIO 64     /* and this many times those of the text and the schema */

static int by_place(const void *a, const void *b)
{
    const struct schema_insertion *x = a, *y = b;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

/* Was the property added to the same object already (by another schema for the same value)? start: the first of the object. */
static bool is_repeated(const struct schema_insertion *insertion, size_t start, size_t i)
{
    const struct schema_property *one = insertion[i].property;
    for (size_t k = start; k < i; k++) {
        const struct schema_property *old = insertion[k].property;
        if (old == one || (old->len == one->len && memcmp(old->name, one->name, one->len) == 0))
            return true;
    }
    return false;
}

/* Appends the text with what is to be inserted. */
static void fill_in(struct schema_check *c, struct ar_buf *out)
{
    const char *text = c->doc->text;
    size_t done = 0, start = 0;
    qsort(c->insertion, c->n_insertions, sizeof *c->insertion, by_place);
    for (size_t i = 0; i < c->n_insertions; i++) {
        const struct schema_insertion *one = &c->insertion[i];
        if (i == 0 || one->at != c->insertion[start].at)
            start = i;
        if (is_repeated(c->insertion, start, i))
            continue;
        const struct ar_json_value *fallback = schema_fallback_of(one->property);
        ar_buf_add(out, text + done, one->at - done);
        done = one->at;
        if (!one->first || i > start)
            ar_buf_add_text(out, ", ");
        ar_buf_add(out, one->property->key.text, one->property->key.len);
        ar_buf_add_text(out, ": ");
        ar_buf_add(out, fallback->text, fallback->len);
    }
    ar_buf_add(out, text + done, c->doc->len - done);
}

static int fail_problems(struct schema_check *c)
{
    if (c->stopped)
        return -1;
    if (c->n_problems > PROBLEMS_MAX)
        ar_buf_add_tr(&c->problems, "; and %zu more", c->n_problems - PROBLEMS_MAX);
    return ar_fail(c->error, AR_INPUT, "%s%s", c->what, c->problems.data);
}

/* One look at the text: 0 nothing to be added, 1 with the longer text in next, -1 not as it should be. */
static int apply_once(struct schema_check *c, const struct schema_node *node, const char *text, size_t n, struct ar_buf *next)
{
    struct ar_json_doc doc;
    if (ar_json_doc_parse(&doc, text, n, c->what, c->error) < 0)
        return -1;
    struct ar_json_value root = ar_json_root(&doc);
    struct schema_place top = { 0 };
    c->doc = &doc;
    c->n_insertions = 0;
    c->steps = 1000000 + 1000 * (int64_t)doc.count;
    int result = schema_check_value(c, node, &root, &top) ? c->n_insertions > 0 : fail_problems(c);
    if (result == 1) {
        fill_in(c, next);
        if (ar_buf_check(next, c->error) < 0)
            result = -1;
    }
    ar_json_doc_release(&doc);
    c->doc = NULL;
    return result;
}

static int apply(struct schema_check *c, const struct schema_node *node, const char *text, size_t n, struct ar_buf *filled)
{
    struct ar_buf next;
    ar_buf_init(&next);
    ar_buf_add(filled, text, n);
    size_t room = GROWTH_FREE + GROWTH_RATIO * (n + c->schema->len);
    int result = ar_buf_check(filled, c->error) < 0 ? -1 : 1;
    for (int round = 0; result == 1; round++) {
        ar_buf_clear(&next);
        result = apply_once(c, node, filled->data, filled->len, &next);
        if (result != 1)
            break;
        struct ar_buf swap = *filled;
        *filled = next;
        next = swap;
        if (round >= ROUNDS_MAX || filled->len > n + room) {
            schema_stop(c, N_("filling in defaults comes to no end (does a default lack itself?)"));
            result = -1;
        }
    }
    ar_buf_release(&next);
    return result;
}

int schema_apply_node(const struct ar_schema *schema, const struct schema_node *node, const char *text, size_t n,
                      struct ar_buf *out, const char *what, const char *base, struct ar_error *error)
{
    struct schema_check c = { .schema = schema, .what = what, .base = base, .error = error };
    struct ar_buf filled;
    ar_buf_init(&c.problems);
    ar_buf_init(&filled);
    int result = apply(&c, node, text, n, &filled);
    if (result == 0) {
        ar_buf_add(out, filled.data, filled.len);
        result = ar_buf_check(out, error);
    }
    ar_buf_release(&filled);
    ar_buf_release(&c.problems);
    free(c.insertion);
    pcre2_match_context_free(c.match);
    return result;
}

int ar_schema_apply(const struct ar_schema *schema, const char *params, size_t n, struct ar_buf *out, const char *what,
                    struct ar_error *error)
{
    return schema_apply_node(schema, schema->root, params, n, out, what, "", error);
}

int ar_schema_check_property(const struct ar_schema *schema, const char *name, const char *text, size_t n, const char *what, struct ar_error *error)
{
    struct ar_buf whole, base;
    int result = 0;
    ar_buf_init(&whole);
    ar_buf_init(&base);
    ar_json_pointer_add(&base, name, strlen(name));
    for (size_t i = 0; result == 0 && i < schema->root->n_properties; i++) {
        const struct schema_property *property = &schema->root->property[i];
        if (property->node && property->len == strlen(name) && memcmp(property->name, name, property->len) == 0)
            result = ar_buf_check(&base, error) == 0 ? schema_apply_node(schema, property->node, text, n, &whole, what, base.data, error) : -1;
    }
    ar_buf_release(&whole);
    ar_buf_release(&base);
    return result;
}

static bool names_property(const struct schema_node *node, const struct ar_json_value *key)
{
    for (size_t i = 0; i < node->n_properties; i++)
        if (ar_json_equals(key, node->property[i].name, node->property[i].len))
            return true;
    return false;
}

/* Members of the kind that the schema has a rule for, or that one of several schemas may name, are known. */
int ar_schema_unknown(const struct ar_schema *schema, const char *params, size_t n, struct ar_buf *unknown, struct ar_buf *known,
                      struct ar_error *error)
{
    const struct schema_node *node = schema->root;
    struct ar_json_doc doc;
    struct ar_json_value key, value;
    if (node->n_properties == 0 || node->additional || node->n_any_of || node->target)
        return 0;
    if (ar_json_doc_parse(&doc, params, n, "params", error) != 0)
        return -1;
    const struct ar_json_value root = ar_json_root(&doc);
    for (int position = 0; ar_json_each(&doc, &root, &position, &key, &value);) {
        if (names_property(node, &key))
            continue;
        ar_buf_add_text(unknown, unknown->len ? ", '" : "'");
        ar_json_decode(unknown, &key);
        ar_buf_add_char(unknown, '\'');
    }
    ar_json_doc_release(&doc);
    for (size_t i = 0; i < node->n_properties && unknown->len; i++)
        ar_buf_add_format(known, "%s'%s'", i ? ", " : "", node->property[i].name);
    return ar_buf_check(unknown, error) == 0 ? ar_buf_check(known, error) : -1;
}

int ar_schema_check_whole(const struct ar_schema *schema, const char *params, size_t n, const char *what, struct ar_error *error)
{
    struct ar_buf whole;
    ar_buf_init(&whole);
    int result = ar_schema_apply(schema, params, n, &whole, what, error);
    if (result == 0 && (whole.len != n || memcmp(whole.data, params, n) != 0)) {
        ar_fail(error, AR_INPUT, "the params lack defaults of the manifest");
        result = ar_hint(error, "Give the manifest to ar-pack, too: ar-pack -m MANIFEST.");
    }
    ar_buf_release(&whole);
    return result;
}
