/* SPDX-License-Identifier: MIT */
/* Applying: params are checked, and what they lack is added to their text, until nothing is lacking. */
#include "codecs/decimal.h"
#include "methods/schema_node.h"

#define PROBLEMS_MAX 10     /* that are told; the others are counted */
#define NAMES_MAX 12        /* names or choices listed in a message */
#define DEPTH_MAX 2000      /* nodes within nodes: values may be 512 deep, references come on top */
#define ROUNDS_MAX 64       /* defaults that hold objects that lack defaults that … */
#define GROWTH_FREE 1048576 /* defaults may add so many bytes, */
#define GROWTH_RATIO 64     /* and this many times those of the text and the schema */
#define MATCH_STEPS 1000000
#define MATCH_HEAP_KIB 65536

/* Where a value stands: the way back to the top. */
struct place {
    const struct place *parent;
    const struct ar_json_value *key; /* NULL: an item */
    int index;
};

/* A member to be added to the text. */
struct insertion {
    size_t at;
    size_t order; /* in which they were found */
    bool first;   /* of its object */
    const struct schema_property *property;
};

struct check {
    const struct ar_schema *schema;
    const struct ar_json_doc *doc; /* of what is checked */
    const char *what, *base;
    struct insertion *insertion;
    size_t n_insertions;
    size_t room;
    struct ar_buf problems;
    size_t n_problems;
    int quiet; /* above 0: whether it fits is all that is asked */
    int depth;
    int64_t steps; /* that are left */
    bool stopped;  /* it could not be finished; error says why */
    pcre2_match_context *match;
    struct ar_error *error;
};

static bool check_value(struct check *c, const struct schema_node *node, const struct ar_json_value *value,
                        const struct place *place);

/* ---- messages ------------------------------------------------------------------------------------------------------- */

/* Appends "a, b or c" as it is called for the i-th of n. */
static void add_separator(struct ar_buf *buf, size_t i, size_t n)
{
    if (i > 0)
        ar_buf_add_text(buf, i + 1 < n ? ", " : " or ");
}

void schema_add_kinds(struct ar_buf *buf, unsigned kinds)
{
    static const struct {
        unsigned kinds;
        const char *name;
    } names[] = {
        { KIND_NUMBER, "a number" }, { KIND_INTEGER, "an integer" },
        { KIND_STRING, "a string" }, { KIND_BOOLEAN, "true or false" },
        { KIND_ARRAY, "an array" },  { KIND_OBJECT, "an object" },
        { KIND_NULL, "null" },
    };
    const char *chosen[AR_COUNT(names)];
    size_t n = 0;
    for (size_t i = 0; i < AR_COUNT(names); i++)
        if ((kinds & names[i].kinds) == names[i].kinds) {
            chosen[n++] = names[i].name;
            kinds &= ~names[i].kinds;
        }
    for (size_t i = 0; i < n; i++) {
        add_separator(buf, i, n);
        ar_buf_add_text(buf, chosen[i]);
    }
}

static void add_pointer(struct ar_buf *buf, const struct place *place)
{
    if (!place->parent)
        return;
    add_pointer(buf, place->parent);
    struct ar_buf name;
    ar_buf_init(&name);
    if (place->key)
        ar_json_decode(&name, place->key);
    else
        ar_buf_add_format(&name, "%d", place->index);
    ar_json_pointer_add(buf, name.data, name.len);
    ar_buf_release(&name);
}

/*
 * Starts the message of a problem: the caller appends the rest to what it gives. NULL where nobody listens. The value is
 * shown first, unless it is NULL.
 */
static struct ar_buf *start_problem(struct check *c, const struct place *place, const struct ar_json_value *value)
{
    if (c->quiet > 0 || c->n_problems++ >= PROBLEMS_MAX)
        return NULL;
    struct ar_buf *buf = &c->problems;
    if (c->n_problems > 1)
        ar_buf_add_text(buf, ";");
    if (place->parent || *c->base) {
        ar_buf_add_format(buf, " %s", c->base);
        add_pointer(buf, place);
    }
    ar_buf_add_text(buf, c->n_problems == 1 || buf->data[buf->len - 1] != ';' ? ": " : " ");
    if (value)
        ar_json_show(buf, value);
    return buf;
}

/* A problem that is said in one go, behind the value. Returns false. */
static bool problem(struct check *c, const struct place *place, const struct ar_json_value *value, const char *format, ...)
    AR_PRINTF(4, 5);

static bool problem(struct check *c, const struct place *place, const struct ar_json_value *value, const char *format, ...)
{
    struct ar_buf *buf = start_problem(c, place, value);
    if (!buf)
        return false;
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    ar_buf_add_text(buf, text);
    return false;
}

static bool wrong_kind(struct check *c, const struct place *place, const struct ar_json_value *value, unsigned kinds)
{
    struct ar_buf *buf = start_problem(c, place, value);
    if (!buf)
        return false;
    ar_buf_add_text(buf, " is not ");
    schema_add_kinds(buf, kinds);
    return false;
}

/* Ends the check, whose outcome is an error of its own. Returns false. */
static bool stop(struct check *c, const char *why)
{
    if (!c->stopped) {
        if (why)
            ar_fail(c->error, AR_INPUT, "%s%s%s: %s", c->what, *c->base ? " " : "", c->base, why);
        else
            ar_fail_memory(c->error);
    }
    c->stopped = true;
    return false;
}

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
static struct ar_buf text_of(struct check *c, const struct ar_json_value *string)
{
    struct ar_buf text;
    ar_buf_init(&text);
    ar_json_decode(&text, string);
    if (text.failed)
        stop(c, NULL);
    return text;
}

static bool same(struct check *c, const struct ar_json_value *a, const struct ar_json_value *b);

static int count_members(const struct ar_json_doc *doc, const struct ar_json_value *value)
{
    int n = 0;
    struct ar_json_value member;
    for (int position = 0; ar_json_each(doc, value, &position, NULL, &member);)
        n++;
    return n;
}

static bool same_members(struct check *c, const struct ar_json_value *a, const struct ar_json_value *b)
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
static bool same(struct check *c, const struct ar_json_value *a, const struct ar_json_value *b)
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

static bool check_choice(struct check *c, const struct schema_node *node, const struct ar_json_value *value,
                         const struct place *place)
{
    struct ar_json_value item;
    const struct ar_json_doc *doc = &c->schema->doc;
    for (int position = 0; ar_json_each(doc, &node->choice, &position, NULL, &item);)
        if (same(c, value, &item))
            return true;
    struct ar_buf *buf = start_problem(c, place, value);
    if (!buf)
        return false;
    size_t n = (size_t)count_members(doc, &node->choice), i = 0;
    ar_buf_add_text(buf, n > 1 ? " is not one of " : " is not ");
    for (int position = 0; i < NAMES_MAX && ar_json_each(doc, &node->choice, &position, NULL, &item); i++) {
        add_separator(buf, i, n);
        ar_json_show(buf, &item);
    }
    if (n > i)
        ar_buf_add_format(buf, " and %zu more", n - i);
    return false;
}

static bool check_number(struct check *c, const struct schema_node *node, const struct ar_json_value *value,
                         const struct place *place)
{
    static const char *const complaints[LIMITS] = { " is less than ", " is greater than ", " is not greater than ",
                                                    " is not less than " };
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
        struct ar_buf *buf = start_problem(c, place, value);
        if (buf) {
            ar_buf_add_text(buf, complaints[i]);
            ar_json_show(buf, limit);
        }
    }
    return fits;
}

static bool check_length(struct check *c, const struct schema_node *node, const struct ar_json_value *value,
                         const struct place *place, const struct ar_buf *text)
{
    int64_t n = 0;
    for (size_t i = 0; i < text->len; i++)
        n += (text->data[i] & 0xC0) != 0x80;
    const char *s = n == 1 ? "" : "s";
    if (node->min_length >= 0 && n < node->min_length)
        return problem(c, place, value, " has %" PRId64 " character%s, at least %" PRId64 " are required", n, s,
                       node->min_length);
    if (node->max_length >= 0 && n > node->max_length)
        return problem(c, place, value, " has %" PRId64 " character%s, at most %" PRId64 " are allowed", n, s, node->max_length);
    return true;
}

/* 1 where the pattern is found, 0 where not, -1 where the search was given up or memory ran out. */
static int find_pattern(struct check *c, const pcre2_code *regex, const struct ar_buf *text)
{
    if (!c->match)
        c->match = pcre2_match_context_create(NULL);
    pcre2_match_data *data = c->match ? pcre2_match_data_create_from_pattern(regex, NULL) : NULL;
    if (!data) {
        stop(c, NULL);
        return -1;
    }
    pcre2_set_match_limit(c->match, MATCH_STEPS);
    pcre2_set_heap_limit(c->match, MATCH_HEAP_KIB);
    int found = pcre2_match(regex, (PCRE2_SPTR)text->data, text->len, 0, PCRE2_NO_UTF_CHECK, data, c->match);
    pcre2_match_data_free(data);
    return found >= 0 ? 1 : found == PCRE2_ERROR_NOMATCH ? 0 : -1;
}

static bool check_pattern(struct check *c, const struct schema_node *node, const struct ar_json_value *value,
                          const struct place *place, const struct ar_buf *text)
{
    int found = find_pattern(c, node->regex, text);
    if (found == 1)
        return true;
    struct ar_buf *buf = c->stopped ? NULL : start_problem(c, place, value);
    if (buf) {
        ar_buf_add_text(buf, found == 0 ? " does not match the pattern " : " takes too long to match with the pattern ");
        ar_json_show(buf, &node->pattern);
    }
    return false;
}

static bool check_string(struct check *c, const struct schema_node *node, const struct ar_json_value *value,
                         const struct place *place)
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

static bool check_items(struct check *c, const struct schema_node *node, const struct ar_json_value *value,
                        const struct place *place)
{
    struct place inner = { .parent = place };
    struct ar_json_value item;
    bool fits = true;
    for (int position = 0; ar_json_each(c->doc, value, &position, NULL, &item); inner.index++) {
        fits &= check_value(c, node->items, &item, &inner);
        if (c->stopped || (!fits && c->quiet > 0))
            return false;
    }
    return fits;
}

/* ---- objects -------------------------------------------------------------------------------------------------------- */

/* The default of a property: its own, or that of what it refers to. */
static const struct ar_json_value *fallback_of(const struct schema_property *property)
{
    const struct schema_node *node = property->node;
    while (node && !node->fallback.text)
        node = node->target;
    return node ? &node->fallback : NULL;
}

static bool insert(struct check *c, const struct ar_json_value *object, const struct schema_property *property)
{
    if (c->n_insertions == c->room) {
        size_t room = c->room ? 2 * c->room : 16;
        struct insertion *grown = reallocarray(c->insertion, room, sizeof *grown);
        if (!grown)
            return stop(c, NULL);
        c->insertion = grown;
        c->room = room;
    }
    struct insertion *one = &c->insertion[c->n_insertions];
    *one = (struct insertion){ .order = c->n_insertions, .property = property };
    one->at = ar_json_append_at(c->doc, object, &one->first);
    c->n_insertions++;
    return true;
}

static bool unknown_property(struct check *c, const struct schema_node *node, const struct place *place)
{
    struct ar_buf *buf = start_problem(c, place, NULL);
    if (!buf)
        return false;
    ar_buf_add_text(buf, "is not known, ");
    ar_buf_add_text(buf, node->n_properties == 0 ? "there is nothing to be set here" : "what can be set is ");
    for (size_t i = 0; i < node->n_properties && i < NAMES_MAX; i++)
        ar_buf_add_format(buf, "%s'%s'", i ? ", " : "", node->property[i].name);
    if (node->n_properties > NAMES_MAX)
        ar_buf_add_format(buf, " and %zu more", node->n_properties - NAMES_MAX);
    return false;
}

static bool missing_property(struct check *c, const struct schema_property *property, const struct place *place)
{
    struct ar_buf *buf = start_problem(c, place, NULL);
    if (!buf)
        return false;
    ar_buf_add_text(buf, "is missing");
    if (property->node && property->node->accepted != KIND_ANY && property->node->accepted != 0) {
        ar_buf_add_text(buf, ", it must be ");
        schema_add_kinds(buf, property->node->accepted);
    }
    return false;
}

/* The members that are there; those that are properties are marked in seen. */
static bool check_members(struct check *c, const struct schema_node *node, const struct ar_json_value *object,
                          const struct place *place, bool *seen)
{
    struct ar_json_value key, value;
    struct place inner = { .parent = place, .key = &key };
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
            fits &= check_value(c, rule, &value, &inner);
        c->steps -= (int64_t)i / 16;
        if (c->stopped || (!fits && c->quiet > 0))
            return false;
    }
    return fits;
}

static bool check_missing(struct check *c, const struct schema_node *node, const struct ar_json_value *object,
                          const struct place *place, const bool *seen)
{
    bool fits = true;
    for (size_t i = 0; i < node->n_properties && !c->stopped; i++) {
        const struct schema_property *property = &node->property[i];
        struct place inner = { .parent = place, .key = &property->key };
        if (seen[i])
            continue;
        if (fallback_of(property))
            fits &= insert(c, object, property);
        else if (property->required)
            fits = missing_property(c, property, &inner);
    }
    return fits;
}

static bool check_object(struct check *c, const struct schema_node *node, const struct ar_json_value *value,
                         const struct place *place)
{
    if (node->n_properties == 0 && !node->additional)
        return true;
    bool *seen = calloc(node->n_properties + 1, sizeof *seen);
    if (!seen)
        return stop(c, NULL);
    bool fits = check_members(c, node, value, place, seen);
    if (!c->stopped && (fits || c->quiet == 0))
        fits &= check_missing(c, node, value, place, seen);
    free(seen);
    return fits;
}

/* ---- nodes ---------------------------------------------------------------------------------------------------------- */

/* None fits: says what is wrong with the one that may have been meant, or else what kinds there might have been. */
static bool explain_any_of(struct check *c, const struct schema_node *node, const struct ar_json_value *value,
                           const struct place *place)
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
        return wrong_kind(c, place, value, kinds);
    if (candidates == 1)
        return check_value(c, meant, value, place);
    return problem(c, place, value, " fits none of the %zu schemas of anyOf", node->n_any_of);
}

static bool check_any_of(struct check *c, const struct schema_node *node, const struct ar_json_value *value,
                         const struct place *place)
{
    size_t before = c->n_insertions;
    for (size_t i = 0; i < node->n_any_of; i++) {
        c->quiet++;
        bool fits = check_value(c, node->any_of[i], value, place);
        c->quiet--;
        if (fits || c->stopped)
            return fits;
        c->n_insertions = before;
    }
    return c->quiet == 0 && explain_any_of(c, node, value, place);
}

/* The keywords of one node, for a value of a kind that it lets in. */
static bool check_keywords(struct check *c, const struct schema_node *node, const struct ar_json_value *value,
                           const struct place *place)
{
    bool fits = !node->target || check_value(c, node->target, value, place);
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

static bool check_value(struct check *c, const struct schema_node *node, const struct ar_json_value *value,
                        const struct place *place)
{
    if (c->depth >= DEPTH_MAX)
        return stop(c, "the schema leads too deep (does a '$ref' in it lead back to itself?)");
    if (c->steps-- <= 0)
        return stop(c, "the schema has too many alternatives (anyOf) within alternatives");
    if (node->never)
        return problem(c, place, value, " is not allowed, as nothing is here");
    if (!(node->kinds & kind_of(value)))
        return wrong_kind(c, place, value, node->kinds);
    c->depth++;
    bool fits = check_keywords(c, node, value, place);
    c->depth--;
    return fits;
}

/* ---- filling in ----------------------------------------------------------------------------------------------------- */

static int by_place(const void *a, const void *b)
{
    const struct insertion *x = a, *y = b;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

/* Was the property added to the same object already (by another schema for the same value)? start: the first of the object. */
static bool is_repeated(const struct insertion *insertion, size_t start, size_t i)
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
static void fill_in(struct check *c, struct ar_buf *out)
{
    const char *text = c->doc->text;
    size_t done = 0, start = 0;
    qsort(c->insertion, c->n_insertions, sizeof *c->insertion, by_place);
    for (size_t i = 0; i < c->n_insertions; i++) {
        const struct insertion *one = &c->insertion[i];
        if (i == 0 || one->at != c->insertion[start].at)
            start = i;
        if (is_repeated(c->insertion, start, i))
            continue;
        const struct ar_json_value *fallback = fallback_of(one->property);
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

static int fail_problems(struct check *c)
{
    if (c->stopped)
        return -1;
    if (c->n_problems > PROBLEMS_MAX)
        ar_buf_add_format(&c->problems, "; and %zu more", c->n_problems - PROBLEMS_MAX);
    return ar_fail(c->error, AR_INPUT, "%s%s", c->what, c->problems.data);
}

/* One look at the text: 0 nothing to be added, 1 with the longer text in next, -1 not as it should be. */
static int apply_once(struct check *c, const struct schema_node *node, const char *text, size_t n, struct ar_buf *next)
{
    struct ar_json_doc doc;
    if (ar_json_doc_parse(&doc, text, n, c->what, c->error) < 0)
        return -1;
    struct ar_json_value root = ar_json_root(&doc);
    struct place top = { 0 };
    c->doc = &doc;
    c->n_insertions = 0;
    c->steps = 1000000 + 1000 * (int64_t)doc.count;
    int result = check_value(c, node, &root, &top) ? c->n_insertions > 0 : fail_problems(c);
    if (result == 1) {
        fill_in(c, next);
        if (ar_buf_check(next, c->error) < 0)
            result = -1;
    }
    ar_json_doc_release(&doc);
    c->doc = NULL;
    return result;
}

static int apply(struct check *c, const struct schema_node *node, const char *text, size_t n, struct ar_buf *filled)
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
            stop(c, "filling in defaults comes to no end (does a default lack itself?)");
            result = -1;
        }
    }
    ar_buf_release(&next);
    return result;
}

int schema_apply_node(const struct ar_schema *schema, const struct schema_node *node, const char *text, size_t n,
                      struct ar_buf *out, const char *what, const char *base, struct ar_error *error)
{
    struct check c = { .schema = schema, .what = what, .base = base, .error = error };
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
