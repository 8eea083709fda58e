/* SPDX-License-Identifier: MIT */
/* Compiling: from the text to nodes. What is done with them is in schema_apply.c. */
#include "methods/schema.h"

#include "codecs/decimal.h"
#include "methods/schema_node.h"

#define REFERENCES_MAX 500 /* that follow on one another without a value between */

struct definition {
    char *name;
    struct schema_node *node;
};

struct compiler {
    struct ar_schema *schema;
    struct schema_node **last; /* where the next node is hung */
    struct definition *definition;
    size_t n_definitions;
    struct ar_buf pointer; /* of what is being read */
    const char *what;
    struct ar_error *error;
};

typedef int (*compile_fn)(struct compiler *c, struct schema_node *node, const struct ar_json_value *value, int which);

static struct schema_node *compile_node(struct compiler *c, const struct ar_json_value *value);

/* ---- helpers -------------------------------------------------------------------------------------------------------- */

static int expected(struct compiler *c, const char *wanted, const struct ar_json_value *value)
{
    return ar_json_fail_expected(c->error, c->what, &c->pointer, wanted, value);
}

/* Places the error that was just recorded. */
static int here(struct compiler *c)
{
    return ar_json_fail_at(c->error, c->what, &c->pointer);
}

/* Goes to a member; ar_buf_truncate(&c->pointer, what this returns) goes back. */
static size_t enter(struct compiler *c, const struct ar_json_value *key)
{
    size_t before = c->pointer.len;
    struct ar_buf name;
    ar_buf_init(&name);
    ar_json_decode(&name, key);
    ar_json_pointer_add(&c->pointer, name.data, name.len);
    ar_buf_release(&name);
    return before;
}

/* Makes room for one more in an array of n. NULL when memory ran out, with the error recorded. */
static void *one_more(struct compiler *c, void *array, size_t n, size_t size)
{
    void *grown = reallocarray(array, n + 1, size);
    if (!grown)
        ar_fail_memory(c->error);
    return grown;
}

/* ---- keywords ------------------------------------------------------------------------------------------------------- */

static unsigned kind_by_name(const struct ar_json_value *name)
{
    static const struct {
        const char *name;
        unsigned kind;
    } kinds[] = {
        { "null", KIND_NULL },     { "boolean", KIND_BOOLEAN }, { "integer", KIND_INTEGER }, { "number", KIND_NUMBER },
        { "string", KIND_STRING }, { "array", KIND_ARRAY },     { "object", KIND_OBJECT },
    };
    for (size_t i = 0; name->type == AR_JSON_STRING && i < AR_COUNT(kinds); i++)
        if (ar_json_equals(name, kinds[i].name, strlen(kinds[i].name)))
            return kinds[i].kind;
    return 0;
}

static int compile_type(struct compiler *c, struct schema_node *node, const struct ar_json_value *value, int which)
{
    (void)which;
    static const char *const names = N_("'null', 'boolean', 'integer', 'number', 'string', 'array' or 'object', or a list of them");
    node->kinds = 0;
    if (value->type != AR_JSON_ARRAY) {
        node->kinds = kind_by_name(value);
        return node->kinds ? 0 : expected(c, names, value);
    }
    struct ar_json_value name;
    for (int position = 0; ar_json_each(&c->schema->doc, value, &position, NULL, &name);) {
        unsigned kind = kind_by_name(&name);
        if (!kind)
            return expected(c, names, &name);
        node->kinds |= kind;
    }
    return node->kinds ? 0 : expected(c, names, value);
}

static struct schema_property *find_property(struct schema_node *node, const struct ar_json_value *key)
{
    for (size_t i = 0; i < node->n_properties; i++)
        if (ar_json_equals(key, node->property[i].name, node->property[i].len))
            return &node->property[i];
    return NULL;
}

/* The property of that name, made where it is missing. */
static struct schema_property *property(struct compiler *c, struct schema_node *node, const struct ar_json_value *key)
{
    struct schema_property *found = find_property(node, key);
    if (found)
        return found;
    struct schema_property *grown = one_more(c, node->property, node->n_properties, sizeof *grown);
    if (!grown)
        return NULL;
    node->property = grown;
    char *name = ar_json_decoded(key, c->error);
    if (!name)
        return NULL;
    found = &grown[node->n_properties++];
    *found = (struct schema_property){ .key = *key, .name = name, .len = strlen(name) };
    return found;
}

static int compile_properties(struct compiler *c, struct schema_node *node, const struct ar_json_value *value, int which)
{
    (void)which;
    if (value->type != AR_JSON_OBJECT)
        return expected(c, N_("an object of schemas by name"), value);
    struct ar_json_value key, member;
    for (int position = 0; ar_json_each(&c->schema->doc, value, &position, &key, &member);) {
        struct schema_property *one = property(c, node, &key);
        if (!one)
            return -1;
        size_t before = enter(c, &key);
        one->node = compile_node(c, &member);
        if (!one->node)
            return -1;
        ar_buf_truncate(&c->pointer, before);
    }
    return 0;
}

static int compile_required(struct compiler *c, struct schema_node *node, const struct ar_json_value *value, int which)
{
    (void)which;
    if (value->type != AR_JSON_ARRAY)
        return expected(c, N_("a list of names"), value);
    node->needed = *value;
    return 0;
}

/* Last of all keywords, so that properties keep the order in which they are described. */
static int add_required(struct compiler *c, struct schema_node *node)
{
    struct ar_json_value name;
    int index = 0;
    size_t before = c->pointer.len;
    for (int position = 0; node->needed.text && ar_json_each(&c->schema->doc, &node->needed, &position, NULL, &name); index++) {
        ar_buf_add_format(&c->pointer, "/required/%d", index);
        if (name.type != AR_JSON_STRING)
            return expected(c, N_("a name"), &name);
        struct schema_property *one = property(c, node, &name);
        if (!one)
            return -1;
        one->required = true;
        ar_buf_truncate(&c->pointer, before);
    }
    return 0;
}

static int compile_additional(struct compiler *c, struct schema_node *node, const struct ar_json_value *value, int which)
{
    (void)which;
    node->additional = compile_node(c, value);
    return node->additional ? 0 : -1;
}

static int compile_items(struct compiler *c, struct schema_node *node, const struct ar_json_value *value, int which)
{
    (void)which;
    node->items = compile_node(c, value);
    return node->items ? 0 : -1;
}

static int compile_any_of(struct compiler *c, struct schema_node *node, const struct ar_json_value *value, int which)
{
    (void)which;
    struct ar_json_value item;
    int index = 0;
    for (int position = 0; ar_json_each(&c->schema->doc, value, &position, NULL, &item); index++) {
        if (value->type != AR_JSON_ARRAY)
            break;
        struct schema_node **grown = one_more(c, node->any_of, node->n_any_of, sizeof(struct schema_node *));
        if (!grown)
            return -1;
        node->any_of = grown;
        size_t before = c->pointer.len;
        ar_buf_add_format(&c->pointer, "/%d", index);
        grown[node->n_any_of] = compile_node(c, &item);
        if (!grown[node->n_any_of])
            return -1;
        node->n_any_of++;
        ar_buf_truncate(&c->pointer, before);
    }
    return index > 0 ? 0 : expected(c, N_("a list of schemas, one at least"), value);
}

static int compile_enum(struct compiler *c, struct schema_node *node, const struct ar_json_value *value, int which)
{
    (void)which;
    struct ar_json_value item;
    int position = 0;
    if (value->type != AR_JSON_ARRAY || !ar_json_each(&c->schema->doc, value, &position, NULL, &item))
        return expected(c, N_("a list of values, one at least"), value);
    node->choice = *value;
    return 0;
}

static int compile_limit(struct compiler *c, struct schema_node *node, const struct ar_json_value *value, int which)
{
    if (value->type != AR_JSON_NUMBER)
        return expected(c, N_("a number"), value);
    node->limit[which] = *value;
    return 0;
}

static int compile_length(struct compiler *c, struct schema_node *node, const struct ar_json_value *value, int which)
{
    int64_t length;
    if (value->type != AR_JSON_NUMBER || !ar_decimal_to_integer(value->text, value->len, &length) || length < 0)
        return expected(c, N_("a whole number, 0 or more"), value);
    *(which == LIMIT_MINIMUM ? &node->min_length : &node->max_length) = length;
    return 0;
}

static int compile_pattern(struct compiler *c, struct schema_node *node, const struct ar_json_value *value, int which)
{
    (void)which;
    if (value->type != AR_JSON_STRING)
        return expected(c, N_("a string with a regular expression"), value);
    char *pattern = ar_json_decoded(value, c->error);
    if (!pattern)
        return -1;
    /* \uHHHH and $ as in ECMAScript, which JSON Schema refers to. */
    uint32_t options = PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_ALT_BSUX | PCRE2_NEVER_BACKSLASH_C;
    int code;
    size_t offset;
    node->pattern = *value;
    node->regex = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, options, &code, &offset, NULL);
    free(pattern);
    if (node->regex)
        return 0;
    char why[256] = "";
    pcre2_get_error_message(code, (PCRE2_UCHAR *)why, sizeof why);
    ar_fail(c->error, AR_INPUT, "no regular expression: %s (at byte %zu)", why, offset);
    return here(c);
}

static int compile_ref(struct compiler *c, struct schema_node *node, const struct ar_json_value *value, int which)
{
    (void)which;
    if (value->type != AR_JSON_STRING)
        return expected(c, N_("\"#/$defs/NAME\""), value);
    node->ref = *value;
    return 0;
}

static int compile_definitions(struct compiler *c, struct schema_node *node, const struct ar_json_value *value, int which)
{
    (void)which;
    if (node != c->schema->root) {
        ar_fail(c->error, AR_INPUT, "definitions are looked for at the top of the schema only");
        return here(c);
    }
    if (value->type != AR_JSON_OBJECT)
        return expected(c, N_("an object of schemas by name"), value);
    struct ar_json_value key, member;
    for (int position = 0; ar_json_each(&c->schema->doc, value, &position, &key, &member);) {
        struct definition *grown = one_more(c, c->definition, c->n_definitions, sizeof *grown);
        if (!grown)
            return -1;
        c->definition = grown;
        struct definition *one = &grown[c->n_definitions];
        *one = (struct definition){ .name = ar_json_decoded(&key, c->error) };
        if (!one->name)
            return -1;
        c->n_definitions++;
        size_t before = enter(c, &key);
        struct schema_node *compiled = compile_node(c, &member);
        if (!compiled)
            return -1;
        one->node = compiled;
        ar_buf_truncate(&c->pointer, before);
    }
    return 0;
}

static int compile_default(struct compiler *c, struct schema_node *node, const struct ar_json_value *value, int which)
{
    (void)c, (void)which;
    node->fallback = *value;
    return 0;
}

static int compile_text(struct compiler *c, struct schema_node *node, const struct ar_json_value *value, int which)
{
    (void)node, (void)which;
    return value->type == AR_JSON_STRING ? 0 : expected(c, N_("a string"), value);
}

static int compile_anything(struct compiler *c, struct schema_node *node, const struct ar_json_value *value, int which)
{
    (void)c, (void)node, (void)value, (void)which;
    return 0;
}

static const struct keyword {
    const char *name;
    compile_fn compile;
    int which;
} keywords[] = {
    { "type", compile_type, 0 },
    { "properties", compile_properties, 0 },
    { "required", compile_required, 0 },
    { "additionalProperties", compile_additional, 0 },
    { "items", compile_items, 0 },
    { "enum", compile_enum, 0 },
    { "minimum", compile_limit, LIMIT_MINIMUM },
    { "maximum", compile_limit, LIMIT_MAXIMUM },
    { "exclusiveMinimum", compile_limit, LIMIT_ABOVE },
    { "exclusiveMaximum", compile_limit, LIMIT_BELOW },
    { "minLength", compile_length, LIMIT_MINIMUM },
    { "maxLength", compile_length, LIMIT_MAXIMUM },
    { "pattern", compile_pattern, 0 },
    { "anyOf", compile_any_of, 0 },
    { "$ref", compile_ref, 0 },
    { "$defs", compile_definitions, 0 },
    { "default", compile_default, 0 },
    { "title", compile_text, 0 },
    { "description", compile_text, 0 },
    { "$schema", compile_text, 0 },
    { "examples", compile_anything, 0 },
    { "deprecated", compile_anything, 0 },
};

static int unknown_keyword(struct compiler *c, const struct ar_json_value *key)
{
    ar_fail(c->error, AR_INPUT, "a keyword that is not known here");
    here(c);
    if (ar_json_equals(key, "const", strlen("const")))
        return ar_hint(c->error, "Write \"enum\" with one value instead.");
    struct ar_buf names;
    ar_buf_init(&names);
    for (size_t i = 0; i < AR_COUNT(keywords); i++)
        ar_buf_add_format(&names, "%s%s", i ? ", " : "", keywords[i].name);
    ar_hint(c->error, "Of JSON Schema, these are understood: %s.", names.data);
    ar_buf_release(&names);
    return -1;
}

static int compile_keyword(struct compiler *c, struct schema_node *node, const struct ar_json_value *key,
                           const struct ar_json_value *value)
{
    for (size_t i = 0; i < AR_COUNT(keywords); i++)
        if (ar_json_equals(key, keywords[i].name, strlen(keywords[i].name)))
            return keywords[i].compile(c, node, value, keywords[i].which);
    return unknown_keyword(c, key);
}

/* ---- nodes ---------------------------------------------------------------------------------------------------------- */

/* Hangs a new node on the schema, which frees it in any case. */
static struct schema_node *new_node(struct compiler *c)
{
    struct schema_node *node = calloc(1, sizeof *node);
    if (node) {
        *c->last = node;
        c->last = &node->next;
        node->kinds = KIND_ANY;
        node->min_length = node->max_length = -1;
        node->pointer = strdup(c->pointer.data);
    }
    if (node && node->pointer && !c->pointer.failed)
        return node;
    ar_fail_memory(c->error);
    return NULL;
}

static struct schema_node *compile_node(struct compiler *c, const struct ar_json_value *value)
{
    struct schema_node *node = new_node(c);
    if (!node)
        return NULL;
    if (!c->schema->root)
        c->schema->root = node;
    if (value->type == AR_JSON_TRUE || value->type == AR_JSON_FALSE) {
        node->never = value->type == AR_JSON_FALSE;
        return node;
    }
    if (value->type != AR_JSON_OBJECT) {
        expected(c, N_("a schema (an object, true or false)"), value);
        return NULL;
    }
    struct ar_json_value key, member;
    for (int position = 0; ar_json_each(&c->schema->doc, value, &position, &key, &member);) {
        size_t before = enter(c, &key);
        if (compile_keyword(c, node, &key, &member) < 0)
            return NULL;
        ar_buf_truncate(&c->pointer, before);
    }
    return add_required(c, node) == 0 ? node : NULL;
}

/* Does ref read "#/$defs/NAME", with the name written as in a JSON Pointer? */
static bool refers_to(const struct ar_json_value *ref, const char *name)
{
    struct ar_buf wanted;
    ar_buf_init(&wanted);
    ar_buf_add_text(&wanted, "#/$defs");
    ar_json_pointer_add(&wanted, name, strlen(name));
    bool same = ar_json_equals(ref, wanted.data, wanted.len);
    ar_buf_release(&wanted);
    return same;
}

/* Goes to a node that was read before. */
static void go_to(struct compiler *c, const struct schema_node *node, const char *keyword)
{
    ar_buf_clear(&c->pointer);
    ar_buf_add_text(&c->pointer, node->pointer);
    ar_buf_add_text(&c->pointer, keyword);
}

static int resolve(struct compiler *c, struct schema_node *node)
{
    for (size_t i = 0; i < c->n_definitions && !node->target; i++)
        if (refers_to(&node->ref, c->definition[i].name))
            node->target = c->definition[i].node;
    if (node->target)
        return 0;
    go_to(c, node, "/$ref");
    expected(c, N_("\"#/$defs/NAME\" with a NAME that is in \"$defs\""), &node->ref);
    struct ar_buf names;
    ar_buf_init(&names);
    for (size_t i = 0; i < c->n_definitions; i++)
        ar_buf_add_format(&names, "%s'%s'", i ? ", " : "", c->definition[i].name);
    ar_hint(c->error, "Names in \"$defs\" are: %s.", c->n_definitions ? names.data : ar_tr("none"));
    ar_buf_release(&names);
    return -1;
}

enum { STATE_NEW, STATE_OPEN, STATE_DONE };

/*
 * Finds what a node accepts, with what it refers to; a schema that leads back to itself with no value between, and so would
 * never come to an end, is found on the way.
 */
static int settle(struct compiler *c, struct schema_node *node, int depth)
{
    if (node->state == STATE_DONE)
        return 0;
    if (node->state == STATE_OPEN || depth > REFERENCES_MAX) {
        go_to(c, node, "");
        ar_fail(c->error, AR_INPUT,
                node->state == STATE_OPEN ? N_("the schema refers to itself, with no property or item between")
                                          : N_("too many references follow on one another"));
        return here(c);
    }
    node->state = STATE_OPEN;
    node->accepted = node->never ? 0 : node->kinds;
    if (node->target) {
        if (settle(c, node->target, depth + 1) < 0)
            return -1;
        node->accepted &= node->target->accepted;
    }
    unsigned any = node->n_any_of > 0 ? 0 : KIND_ANY;
    for (size_t i = 0; i < node->n_any_of; i++) {
        if (settle(c, node->any_of[i], depth + 1) < 0)
            return -1;
        any |= node->any_of[i]->accepted;
    }
    node->accepted &= any;
    node->state = STATE_DONE;
    return 0;
}

/* A default must be what its schema asks for, and, filled in, come to an end. */
static int check_default(struct compiler *c, const struct schema_node *node)
{
    if (!node->fallback.text)
        return 0;
    go_to(c, node, "/default");
    struct ar_buf out;
    ar_buf_init(&out);
    int result =
        schema_apply_node(c->schema, node, node->fallback.text, node->fallback.len, &out, c->what, c->pointer.data, c->error);
    ar_buf_release(&out);
    return result;
}

static int link_nodes(struct compiler *c)
{
    for (struct schema_node *node = c->schema->nodes; node; node = node->next)
        if (node->ref.text && resolve(c, node) < 0)
            return -1;
    for (struct schema_node *node = c->schema->nodes; node; node = node->next)
        if (settle(c, node, 0) < 0)
            return -1;
    if (!(c->schema->root->accepted & KIND_OBJECT)) {
        go_to(c, c->schema->root, "");
        ar_fail(c->error, AR_INPUT, "params are an object, which this schema does not let in");
        here(c);
        return ar_hint(c->error, "Write \"type\": \"object\" at its top.");
    }
    c->schema->root->kinds = KIND_OBJECT;
    for (const struct schema_node *node = c->schema->nodes; node; node = node->next)
        if (check_default(c, node) < 0)
            return -1;
    return 0;
}

/* ---- the whole ------------------------------------------------------------------------------------------------------ */

static int compile(struct compiler *c, const char *text, size_t n)
{
    struct ar_schema *schema = c->schema;
    schema->text = malloc(n + 1);
    if (!schema->text)
        return ar_fail_memory(c->error);
    memcpy(schema->text, text, n);
    schema->text[n] = '\0';
    schema->len = n;
    if (ar_json_doc_parse(&schema->doc, schema->text, n, c->what, c->error) < 0)
        return -1;
    struct ar_json_value root = ar_json_root(&schema->doc);
    if (root.type != AR_JSON_OBJECT)
        return expected(c, N_("a schema (an object)"), &root);
    return compile_node(c, &root) ? link_nodes(c) : -1;
}

static struct ar_schema *compile_at(const char *text, size_t n, const char *pointer, const char *what, struct ar_error *error)
{
    struct ar_schema *schema = calloc(1, sizeof *schema);
    if (!schema) {
        ar_fail_memory(error);
        return NULL;
    }
    struct compiler c = { .schema = schema, .last = &schema->nodes, .what = what, .error = error };
    ar_buf_init(&c.pointer);
    ar_buf_add_text(&c.pointer, pointer);
    int result = compile(&c, text, n);
    for (size_t i = 0; i < c.n_definitions; i++)
        free(c.definition[i].name);
    free(c.definition);
    ar_buf_release(&c.pointer);
    if (result == 0)
        return schema;
    ar_schema_free(schema);
    return NULL;
}

struct ar_schema *ar_schema_compile(const char *text, size_t n, const char *what, struct ar_error *error)
{
    return compile_at(text, n, "", what, error);
}

struct ar_schema *ar_schema_compile_value(const struct ar_json_value *value, const char *pointer, const char *what,
                                          struct ar_error *error)
{
    return compile_at(value->text, value->len, pointer, what, error);
}

static void free_node(struct schema_node *node)
{
    for (size_t i = 0; i < node->n_properties; i++)
        free(node->property[i].name);
    free(node->property);
    free(node->any_of);
    pcre2_code_free(node->regex);
    free(node->pointer);
    free(node);
}

void ar_schema_free(struct ar_schema *schema)
{
    if (!schema)
        return;
    for (struct schema_node *node = schema->nodes, *next; node; node = next) {
        next = node->next;
        free_node(node);
    }
    ar_json_doc_release(&schema->doc);
    free(schema->text);
    free(schema);
}

const char *ar_schema_text(const struct ar_schema *schema, size_t *n)
{
    *n = schema->len;
    return schema->text;
}
