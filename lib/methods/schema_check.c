/* SPDX-License-Identifier: MIT */
/* Going through a value: does it fit, and what does it lack? */
#include "bytes/grow.h"
#include "codecs/decimal.h"
#include "methods/schema_check.h"

#define NAMES_MAX 12   /* names or choices listed in a message */
#define DEPTH_MAX 2000 /* nodes within nodes: values may be 512 deep, references come on top */
#define MATCH_STEPS 1000000
#define MATCH_HEAP_KIB 65536

/* ---- values --------------------------------------------------------------------------------------------------------- */

static unsigned kind_of(const struct ar_json_value *value)
{
    switch (value->type) {
    case AR_JSON_NULL:
        return KIND_NULL;
    case AR_JSON_TRUE:
    case AR_JSON_FALSE:
        return KIND_BOOLEAN;
    case AR_JSON_NUMBER:
        return ar_decimal_is_integer(value->text, value->len) ? KIND_INTEGER : KIND_FRACTION;
    case AR_JSON_STRING:
        return KIND_STRING;
    case AR_JSON_ARRAY:
        return KIND_ARRAY;
    default:
        return KIND_OBJECT;
    }
}

/* The text of a string, decoded; to be released. */
static struct ar_buf text_of(struct schema_check *c, const struct ar_json_value *string)
{
    struct ar_buf text;
    ar_buf_init(&text);
    ar_json_decode(&text, string);
    if (text.failed)
        schema_stop(c, NULL);
    return text;
}

static bool same(struct schema_check *c, const struct ar_json_value *a, const struct ar_json_value *b);

static int count_members(const struct ar_json_doc *doc, const struct ar_json_value *value)
{
    int n = 0;
    struct ar_json_value member;
    for (int position = 0; ar_json_each(doc, value, &position, NULL, &member);)
        n++;
    return n;
}

static bool same_members(struct schema_check *c, const struct ar_json_value *a, const struct ar_json_value *b)
{
    struct ar_json_value key, in_a, in_b;
    bool equal = true;
    for (int position = 0; equal && ar_json_each(&c->schema->doc, b, &position, &key, &in_b);) {
        struct ar_buf name = text_of(c, &key);
        equal = ar_json_member(c->doc, a, name.data, &in_a) && same(c, &in_a, &in_b);
        ar_buf_release(&name);
    }
    return equal;
}

/* Is a, of what is checked, the same value as b, of the schema? 1 and 1.0 are; the order of members does not matter. */
static bool same(struct schema_check *c, const struct ar_json_value *a, const struct ar_json_value *b)
{
    if (a->type != b->type)
        return false;
    if (a->type == AR_JSON_NUMBER)
        return ar_decimal_compare(a->text, a->len, b->text, b->len) == 0;
    if (a->type == AR_JSON_STRING) {
        struct ar_buf text = text_of(c, b);
        bool equal = ar_json_equals(a, text.data, text.len);
        ar_buf_release(&text);
        return equal;
    }
    if (a->type != AR_JSON_ARRAY && a->type != AR_JSON_OBJECT)
        return true;
    if (count_members(c->doc, a) != count_members(&c->schema->doc, b))
        return false;
    if (a->type == AR_JSON_OBJECT)
        return same_members(c, a, b);
    struct ar_json_value in_a, in_b;
    int at_a = 0, at_b = 0;
    while (ar_json_each(c->doc, a, &at_a, NULL, &in_a) && ar_json_each(&c->schema->doc, b, &at_b, NULL, &in_b))
        if (!same(c, &in_a, &in_b))
            return false;
    return true;
}

static bool check_choice(struct schema_check *c, const struct schema_node *node, const struct ar_json_value *value,
                         const struct schema_place *place)
{
    struct ar_json_value item;
    const struct ar_json_doc *doc = &c->schema->doc;
    for (int position = 0; ar_json_each(doc, &node->choice, &position, NULL, &item);)
        if (same(c, value, &item))
            return true;
    struct ar_buf choices;
    ar_buf_init(&choices);
    size_t n = (size_t)count_members(doc, &node->choice), i = 0;
    for (int position = 0; i < NAMES_MAX && ar_json_each(doc, &node->choice, &position, NULL, &item); i++) {
        ar_buf_add_or(&choices, i, n);
        ar_json_show(&choices, &item);
    }
    if (n > i)
        ar_buf_add_tr(&choices, " and %zu more", n - i);
    schema_problem(c, place, value, n > 1 ? N_(" is not one of %s") : N_(" is not %s"), choices.data);
    ar_buf_release(&choices);
    return false;
}

static bool check_number(struct schema_check *c, const struct schema_node *node, const struct ar_json_value *value,
                         const struct schema_place *place)
{
    bool fits = true;
    for (int i = 0; i < LIMITS; i++) {
        const struct ar_json_value *limit = &node->limit[i];
        if (!limit->text)
            continue;
        int order = ar_decimal_compare(value->text, value->len, limit->text, limit->len);
        bool good = i == LIMIT_MINIMUM ? order >= 0 : i == LIMIT_MAXIMUM ? order <= 0 : i == LIMIT_ABOVE ? order > 0 : order < 0;
        if (good)
            continue;
        fits = false;
        struct ar_buf shown;
        ar_buf_init(&shown);
        ar_json_show(&shown, limit);
        schema_problem(c, place, value,
                       i == LIMIT_MINIMUM   ? N_(" is less than %s")
                       : i == LIMIT_MAXIMUM ? N_(" is greater than %s")
                       : i == LIMIT_ABOVE   ? N_(" is not greater than %s")
                                            : N_(" is not less than %s"),
                       shown.data);
        ar_buf_release(&shown);
    }
    return fits;
}

static bool check_length(struct schema_check *c, const struct schema_node *node, const struct ar_json_value *value,
                         const struct schema_place *place, const struct ar_buf *text)
{
    int64_t n = 0;
    for (size_t i = 0; i < text->len; i++)
        n += (text->data[i] & 0xC0) != 0x80;
    if (node->min_length >= 0 && n < node->min_length)
        return schema_problem(c, place, value,
                              ar_tr_n(" has %" PRId64 " character, at least %" PRId64 " are required",
                                      " has %" PRId64 " characters, at least %" PRId64 " are required", (uint64_t)n),
                              n, node->min_length);
    if (node->max_length >= 0 && n > node->max_length)
        return schema_problem(c, place, value,
                              ar_tr_n(" has %" PRId64 " character, at most %" PRId64 " are allowed",
                                      " has %" PRId64 " characters, at most %" PRId64 " are allowed", (uint64_t)n),
                              n, node->max_length);
    return true;
}

/* 1 where the pattern is found, 0 where not, -1 where the search was given up or memory ran out. */
static int find_pattern(struct schema_check *c, const pcre2_code *regex, const struct ar_buf *text)
{
    if (!c->match)
        c->match = pcre2_match_context_create(NULL);
    pcre2_match_data *data = c->match ? pcre2_match_data_create_from_pattern(regex, NULL) : NULL;
    if (!data) {
        schema_stop(c, NULL);
        return -1;
    }
    pcre2_set_match_limit(c->match, MATCH_STEPS);
    pcre2_set_heap_limit(c->match, MATCH_HEAP_KIB);
    int found = pcre2_match(regex, (PCRE2_SPTR)text->data, text->len, 0, PCRE2_NO_UTF_CHECK, data, c->match);
    pcre2_match_data_free(data);
    return found >= 0 ? 1 : found == PCRE2_ERROR_NOMATCH ? 0 : -1;
}

static bool check_pattern(struct schema_check *c, const struct schema_node *node, const struct ar_json_value *value,
                          const struct schema_place *place, const struct ar_buf *text)
{
    int found = find_pattern(c, node->regex, text);
    if (found == 1)
        return true;
    if (c->stopped)
        return false;
    struct ar_buf shown;
    ar_buf_init(&shown);
    ar_json_show(&shown, &node->pattern);
    schema_problem(c, place, value,
                   found == 0 ? N_(" does not match the pattern %s") : N_(" takes too long to match with the pattern %s"), shown.data);
    ar_buf_release(&shown);
    return false;
}

static bool check_string(struct schema_check *c, const struct schema_node *node, const struct ar_json_value *value,
                         const struct schema_place *place)
{
    if (node->min_length < 0 && node->max_length < 0 && !node->regex)
        return true;
    struct ar_buf text = text_of(c, value);
    bool fits = check_length(c, node, value, place, &text);
    if (node->regex && !c->stopped)
        fits &= check_pattern(c, node, value, place, &text);
    ar_buf_release(&text);
    return fits;
}

static bool check_items(struct schema_check *c, const struct schema_node *node, const struct ar_json_value *value,
                        const struct schema_place *place)
{
    struct schema_place inner = { .parent = place };
    struct ar_json_value item;
    bool fits = true;
    for (int position = 0; ar_json_each(c->doc, value, &position, NULL, &item); inner.index++) {
        fits &= schema_check_value(c, node->items, &item, &inner);
        if (c->stopped || (!fits && c->quiet > 0))
            return false;
    }
    return fits;
}

/* ---- objects -------------------------------------------------------------------------------------------------------- */

const struct ar_json_value *schema_fallback_of(const struct schema_property *property)
{
    const struct schema_node *node = property->node;
    while (node && !node->fallback.text)
        node = node->target;
    return node ? &node->fallback : NULL;
}

static bool insert(struct schema_check *c, const struct ar_json_value *object, const struct schema_property *property)
{
    if (c->n_insertions == c->room && !ar_grow(&c->insertion, &c->room, sizeof *c->insertion))
        return schema_stop(c, NULL);
    struct schema_insertion *one = &c->insertion[c->n_insertions];
    *one = (struct schema_insertion){ .order = c->n_insertions, .property = property };
    one->at = ar_json_append_at(c->doc, object, &one->first);
    c->n_insertions++;
    return true;
}

static bool unknown_property(struct schema_check *c, const struct schema_node *node, const struct schema_place *place)
{
    struct ar_buf *buf = schema_start_problem(c, place, NULL);
    if (!buf)
        return false;
    struct ar_buf names;
    ar_buf_init(&names);
    for (size_t i = 0; i < node->n_properties && i < NAMES_MAX; i++)
        ar_buf_add_format(&names, "%s'%s'", i ? ", " : "", node->property[i].name);
    if (node->n_properties > NAMES_MAX)
        ar_buf_add_tr(&names, " and %zu more", node->n_properties - NAMES_MAX);
    if (names.len)
        ar_buf_add_tr(buf, "is not known, what can be set is %s", names.data);
    else
        ar_buf_add_text(buf, ar_tr("is not known, there is nothing to be set here"));
    ar_buf_release(&names);
    return false;
}

static bool missing_property(struct schema_check *c, const struct schema_property *property, const struct schema_place *place)
{
    struct ar_buf *buf = schema_start_problem(c, place, NULL);
    if (!buf)
        return false;
    if (!property->node || property->node->accepted == KIND_ANY || property->node->accepted == 0) {
        ar_buf_add_text(buf, ar_tr("is missing"));
        return false;
    }
    struct ar_buf kinds;
    ar_buf_init(&kinds);
    schema_add_kinds(&kinds, property->node->accepted);
    ar_buf_add_tr(buf, "is missing, it must be %s", kinds.data);
    ar_buf_release(&kinds);
    return false;
}

/* The members that are there; those that are properties are marked in seen. */
static bool check_members(struct schema_check *c, const struct schema_node *node, const struct ar_json_value *object,
                          const struct schema_place *place, bool *seen)
{
    struct ar_json_value key, value;
    struct schema_place inner = { .parent = place, .key = &key };
    bool fits = true;
    for (int position = 0; ar_json_each(c->doc, object, &position, &key, &value);) {
        size_t i = 0;
        while (i < node->n_properties && !ar_json_equals(&key, node->property[i].name, node->property[i].len))
            i++;
        const struct schema_node *rule = node->additional;
        if (i < node->n_properties) {
            seen[i] = true;
            if (node->property[i].node)
                rule = node->property[i].node;
        }
        if (rule && rule->never && rule == node->additional)
            fits = unknown_property(c, node, &inner);
        else if (rule)
            fits &= schema_check_value(c, rule, &value, &inner);
        c->steps -= (int64_t)i / 16;
        if (c->stopped || (!fits && c->quiet > 0))
            return false;
    }
    return fits;
}

static bool check_missing(struct schema_check *c, const struct schema_node *node, const struct ar_json_value *object,
                          const struct schema_place *place, const bool *seen)
{
    bool fits = true;
    for (size_t i = 0; i < node->n_properties && !c->stopped; i++) {
        const struct schema_property *property = &node->property[i];
        struct schema_place inner = { .parent = place, .key = &property->key };
        if (seen[i])
            continue;
        if (schema_fallback_of(property))
            fits &= insert(c, object, property);
        else if (property->required)
            fits = missing_property(c, property, &inner);
    }
    return fits;
}

static bool check_object(struct schema_check *c, const struct schema_node *node, const struct ar_json_value *value,
                         const struct schema_place *place)
{
    if (node->n_properties == 0 && !node->additional)
        return true;
    bool *seen = calloc(node->n_properties + 1, sizeof *seen);
    if (!seen)
        return schema_stop(c, NULL);
    bool fits = check_members(c, node, value, place, seen);
    if (!c->stopped && (fits || c->quiet == 0))
        fits &= check_missing(c, node, value, place, seen);
    free(seen);
    return fits;
}

/* ---- nodes ---------------------------------------------------------------------------------------------------------- */

/* None fits: says what is wrong with the one that may have been meant, or else what kinds there might have been. */
static bool explain_any_of(struct schema_check *c, const struct schema_node *node, const struct ar_json_value *value,
                           const struct schema_place *place)
{
    const struct schema_node *meant = NULL;
    unsigned kinds = 0;
    size_t candidates = 0;
    for (size_t i = 0; i < node->n_any_of; i++) {
        kinds |= node->any_of[i]->accepted;
        if (node->any_of[i]->accepted & kind_of(value)) {
            meant = node->any_of[i];
            candidates++;
        }
    }
    if (candidates == 0)
        return schema_wrong_kind(c, place, value, kinds);
    if (candidates == 1)
        return schema_check_value(c, meant, value, place);
    return schema_problem(c, place, value, " fits none of the %zu schemas of anyOf", node->n_any_of);
}

static bool check_any_of(struct schema_check *c, const struct schema_node *node, const struct ar_json_value *value,
                         const struct schema_place *place)
{
    size_t before = c->n_insertions;
    for (size_t i = 0; i < node->n_any_of; i++) {
        c->quiet++;
        bool fits = schema_check_value(c, node->any_of[i], value, place);
        c->quiet--;
        if (fits || c->stopped)
            return fits;
        c->n_insertions = before;
    }
    return c->quiet == 0 && explain_any_of(c, node, value, place);
}

/* The keywords of one node, for a value of a kind that it lets in. */
static bool check_keywords(struct schema_check *c, const struct schema_node *node, const struct ar_json_value *value,
                           const struct schema_place *place)
{
    bool fits = !node->target || schema_check_value(c, node->target, value, place);
    if (node->n_any_of > 0 && !c->stopped)
        fits &= check_any_of(c, node, value, place);
    if (c->stopped || (!fits && c->quiet > 0))
        return false;
    if (node->choice.text)
        fits &= check_choice(c, node, value, place);
    if (value->type == AR_JSON_NUMBER)
        fits &= check_number(c, node, value, place);
    else if (value->type == AR_JSON_STRING)
        fits &= check_string(c, node, value, place);
    else if (value->type == AR_JSON_ARRAY && node->items)
        fits &= check_items(c, node, value, place);
    else if (value->type == AR_JSON_OBJECT)
        fits &= check_object(c, node, value, place);
    return fits && !c->stopped;
}

bool schema_check_value(struct schema_check *c, const struct schema_node *node, const struct ar_json_value *value,
                        const struct schema_place *place)
{
    if (c->depth >= DEPTH_MAX)
        return schema_stop(c, N_("the schema leads too deep (does a '$ref' in it lead back to itself?)"));
    if (c->steps-- <= 0)
        return schema_stop(c, N_("the schema has too many alternatives (anyOf) within alternatives"));
    if (node->never)
        return schema_problem(c, place, value, " is not allowed, as nothing is here");
    if (!(node->kinds & kind_of(value)))
        return schema_wrong_kind(c, place, value, node->kinds);
    c->depth++;
    bool fits = check_keywords(c, node, value, place);
    c->depth--;
    return fits;
}
