/* SPDX-License-Identifier: MIT */
#include "program/declare.h"

#include "bytes/text.h"

static void add_text(struct ar_buf *out, const char *text)
{
    ar_json_add_string(out, text, strlen(text));
}

/* A member of an object, behind another one. */
static void add_member(struct ar_buf *out, const char *indent, const char *name, const char *text)
{
    if (!text)
        return;
    ar_buf_add_format(out, ",\n%s\"%s\": ", indent, name);
    add_text(out, text);
}

/* An array of texts up to the first NULL, of max at most. */
static void add_list(struct ar_buf *out, const char *const *text, size_t max)
{
    ar_buf_add_char(out, '[');
    for (size_t i = 0; i < max && text[i]; i++) {
        if (i > 0)
            ar_buf_add_text(out, ", ");
        add_text(out, text[i]);
    }
    ar_buf_add_char(out, ']');
}

static void add_rules(struct ar_buf *out, const struct ar_method_set *set)
{
    const char *between = "";
    ar_buf_add_char(out, '[');
    if (set->entities[0]) {
        ar_buf_add_text(out, "{\"entity\": ");
        add_list(out, set->entities, AR_COUNT(set->entities));
        ar_buf_add_char(out, '}');
        between = ", ";
    }
    for (size_t i = 0; i < AR_COUNT(set->rules) && set->rules[i].column; i++) {
        ar_buf_add_format(out, "%s{\"where\": ", between);
        add_text(out, set->rules[i].column);
        ar_buf_add_text(out, ", \"is\": ");
        add_list(out, set->rules[i].values, AR_COUNT(set->rules[i].values));
        ar_buf_add_char(out, '}');
        between = ", ";
    }
    ar_buf_add_char(out, ']');
}

static void add_set(struct ar_buf *out, const struct ar_method_set *set)
{
    ar_buf_add_text(out, "    ");
    add_text(out, set->name);
    ar_buf_add_text(out, ": {\n      \"cleansing\": ");
    if (set->all_rows)
        ar_buf_add_text(out, "\"none\"");
    else
        add_rules(out, set);
    add_member(out, "      ", "description", set->description);
    if (set->text[0]) {
        ar_buf_add_text(out, ",\n      \"text\": ");
        add_list(out, set->text, AR_COUNT(set->text));
    }
    ar_buf_add_text(out, "\n    }");
}

static void add_program(struct ar_buf *out, const struct ar_method *method, const char *step, const char *files, const char *name)
{
    ar_buf_add_format(out, ",\n  \"%s\": [", step);
    struct ar_buf path;
    ar_buf_init(&path);
    ar_buf_add_format(&path, "./%s", name);
    out->failed |= path.failed;
    add_text(out, path.data);
    ar_buf_release(&path);
    ar_buf_add_format(out, "],\n  \"%s\": [", files);
    add_text(out, name);
    for (size_t i = 0; i < AR_COUNT(method->files) && method->files[i]; i++) {
        ar_buf_add_text(out, ", ");
        add_text(out, method->files[i]);
    }
    ar_buf_add_char(out, ']');
}

void ar_declare(const struct ar_method *method, const char *name, struct ar_buf *out)
{
    ar_buf_add_text(out, "{\n  \"name\": ");
    add_text(out, method->name ? method->name : "");
    add_member(out, "  ", "description", method->description);
    if (method->params)
        ar_buf_add_format(out, ",\n  \"params\": %s", method->params);
    ar_buf_add_text(out, ",\n  \"image_analysis_results\": {\n");
    for (const struct ar_method_set *set = method->sets; set && set->name; set++) {
        if (set != method->sets)
            ar_buf_add_text(out, ",\n");
        add_set(out, set);
    }
    ar_buf_add_text(out, "\n  }");
    add_program(out, method, "analyze", "files", name);
    if (method->postprocess)
        add_program(out, method, "postprocess", "postprocess_files", name);
    ar_buf_add_text(out, ",\n  \"contract\": \"lanes\"");
    if (method->fields != 0)
        ar_buf_add_format(out, ",\n  \"fields\": %d", method->fields);
    ar_buf_add_text(out, "\n}\n");
}

char *ar_method_manifest(const struct ar_method *method, const char *name)
{
    struct ar_buf text;
    ar_buf_init(&text);
    ar_declare(method, name ? name : method->name ? method->name : "", &text);
    char *copy = text.failed ? NULL : strndup(text.data, text.len);
    ar_buf_release(&text);
    return copy;
}

/* What is told in the words of the declaration, not of the manifest that is made of it. */
static int check_sets(const struct ar_method *method, struct ar_error *error)
{
    if (!method->sets || !method->sets->name) {
        ar_fail(error, AR_INPUT, "the declaration: there is no set");
        return ar_hint(error, "The array sets has an element for each one that is wanted, and ends with an element that has no name.");
    }
    for (const struct ar_method_set *set = method->sets; set->name; set++) {
        bool rules = set->entities[0] || set->rules[0].column;
        for (size_t i = 0; i < AR_COUNT(set->rules); i++)
            if (!set->rules[i].column && set->rules[i].values[0])
                return ar_fail(error, AR_INPUT, "the declaration: the set '%s': a rule has values, and no column", set->name);
        if (set->all_rows && rules)
            return ar_fail(error, AR_INPUT, "the declaration: the set '%s' has rules, and all_rows as well", set->name);
        if (!set->all_rows && !rules) {
            ar_fail(error, AR_INPUT, "the declaration: the set '%s' has neither entities nor rules", set->name);
            return ar_hint(error, "Where all of its rows are wanted, say so: .all_rows = true.");
        }
        if (set->dropped_as && ar_utf8_check(set->dropped_as, strlen(set->dropped_as)) < strlen(set->dropped_as))
            return ar_fail(error, AR_INPUT, "the declaration: the set '%s': dropped_as is not UTF-8", set->name);
    }
    return method->analyze ? 0 : ar_fail(error, AR_INPUT, "the declaration: there is no analyze");
}

/* Is the schema JSON? The line and the column are then those of its own text. */
static int check_params(const struct ar_method *method, struct ar_error *error)
{
    struct ar_json_doc doc;
    const char *text = method->params;
    if (!text)
        return 0;
    int result = ar_json_doc_parse(&doc, text, strlen(text), ar_tr("the declaration: params"), error);
    ar_json_doc_release(&doc);
    return result;
}

int ar_declare_check(struct ar_manifest *manifest, const struct ar_method *method, const char *name, struct ar_error *error)
{
    struct ar_buf text;
    ar_buf_init(&text);
    ar_declare(method, name, &text);
    int result = ar_buf_check(&text, error);
    if (result == 0)
        result = check_sets(method, error);
    if (result == 0)
        result = check_params(method, error);
    if (result == 0)
        result = ar_manifest_parse(manifest, text.data, text.len, "/", ar_tr("the declaration"), error);
    ar_buf_release(&text);
    return result;
}
