/* SPDX-License-Identifier: MIT */
/*
 * The parameters that the schema of a method has at its top.
 */
#include "lanes/params.h"
#include "run/ask.h"

static bool is_required(const struct ar_json_doc *doc, const struct ar_json_value *root, const char *name)
{
    struct ar_json_value list, item;
    int at = 0;
    if (!ar_json_member(doc, root, "required", &list) || list.type != AR_JSON_ARRAY)
        return false;
    while (ar_json_each(doc, &list, &at, NULL, &item))
        if (item.type == AR_JSON_STRING && ar_json_equals(&item, name, strlen(name)))
            return true;
    return false;
}

/* The text of a string member, or "". */
static char *text_member(const struct ar_json_doc *doc, const struct ar_json_value *of, const char *name, struct ar_error *error)
{
    struct ar_json_value value;
    if (of->type != AR_JSON_OBJECT || !ar_json_member(doc, of, name, &value) || value.type != AR_JSON_STRING)
        return strdup("");
    return ar_json_decoded(&value, error);
}

static void add_choice(struct ar_buf *text, size_t i, size_t n, const struct ar_json_value *value)
{
    ar_buf_add_or(text, i, n);
    if (value->type == AR_JSON_STRING)
        ar_json_decode(text, value);
    else
        ar_buf_add(text, value->text, value->len);
}

/* What an answer may be, in words: the values of enum, or what the type takes. */
static char *expected(const struct ar_json_doc *doc, const struct ar_json_value *of, const char *type, struct ar_error *error)
{
    static const struct {
        const char *type, *words;
    } words[] = {
        { "number", N_("a number") },    { "integer", N_("an integer") }, { "boolean", N_("true or false") },
        { "array", N_("a JSON array") }, { "object", N_("a JSON object") },
    };
    struct ar_json_value choices, value;
    struct ar_buf text;
    size_t n = 0, i = 0;
    int at = 0;
    ar_buf_init(&text);
    if (of->type == AR_JSON_OBJECT && ar_json_member(doc, of, "enum", &choices) && choices.type == AR_JSON_ARRAY) {
        while (ar_json_each(doc, &choices, &at, NULL, &value))
            n++;
        for (at = 0; ar_json_each(doc, &choices, &at, NULL, &value); i++)
            add_choice(&text, i, n, &value);
    }
    for (i = 0; n == 0 && i < AR_COUNT(words); i++)
        if (strcmp(type, words[i].type) == 0)
            ar_buf_add_text(&text, ar_tr(words[i].words));
    char *copy = ar_buf_check(&text, error) == 0 ? strdup(text.data) : NULL;
    ar_buf_release(&text);
    return copy;
}

static int take_param(struct run_params *params, const struct ar_json_doc *doc, const struct ar_json_value *key,
                      const struct ar_json_value *value, const struct ar_json_value *root, struct ar_error *error)
{
    struct ar_json_value fallback;
    struct run_param *grown = reallocarray(params->param, params->n + 1, sizeof *grown);
    if (!grown)
        return ar_fail_memory(error);
    params->param = grown;
    struct run_param *param = &params->param[params->n++];
    *param = (struct run_param){ .name = ar_json_decoded(key, error), .type = text_member(doc, value, "type", error),
                                 .description = text_member(doc, value, "description", error) };
    if (param->description && !*param->description) {
        free(param->description);
        param->description = text_member(doc, value, "title", error);
    }
    if (!param->name || !param->type || !param->description || !(param->expected = expected(doc, value, param->type, error)))
        return ar_fail_memory(error);
    param->required = is_required(doc, root, param->name);
    if (value->type == AR_JSON_OBJECT && ar_json_member(doc, value, "default", &fallback) &&
        !(param->fallback = strndup(fallback.text, fallback.len)))
        return ar_fail_memory(error);
    return 0;
}

static int read_schema(struct run_params *params, const struct ar_schema *schema, struct ar_error *error)
{
    struct ar_json_doc doc;
    struct ar_json_value properties, key, value;
    size_t n;
    const char *text = ar_schema_text(schema, &n);
    int at = 0, result = ar_json_doc_parse(&doc, text, n, "params", error);
    if (result != 0)
        return -1;
    const struct ar_json_value root = ar_json_root(&doc);
    if (root.type == AR_JSON_OBJECT && ar_json_member(&doc, &root, "properties", &properties))
        while (result == 0 && ar_json_each(&doc, &properties, &at, &key, &value))
            result = take_param(params, &doc, &key, &value, &root, error);
    ar_json_doc_release(&doc);
    return result;
}

/* What -p and -P say, and which of the parameters are in it. */
static int read_given(struct run_params *params, const struct run_options *o, struct ar_error *error)
{
    struct ar_json_doc doc;
    struct ar_json_value value;
    if (o->params && ar_params_load(o->params, &params->given, error) != 0)
        return -1;
    for (size_t i = 0; i < o->param.n; i++)
        if (ar_params_set(&params->given, o->param.text[i], error) != 0)
            return -1;
    if (params->given.len == 0)
        ar_buf_add_text(&params->given, AR_PARAMS_NONE);
    if (ar_buf_check(&params->given, error) != 0 || ar_json_doc_parse(&doc, params->given.data, params->given.len, "params", error) != 0)
        return -1;
    const struct ar_json_value root = ar_json_root(&doc);
    for (size_t i = 0; i < params->n; i++)
        params->param[i].given = ar_json_member(&doc, &root, params->param[i].name, &value);
    ar_json_doc_release(&doc);
    return 0;
}

int run_params_read(struct run_params *params, const struct run *run, struct ar_error *error)
{
    const struct ar_schema *schema = run->method.loaded ? run->method.manifest.params : NULL;
    *params = (struct run_params){ 0 };
    ar_buf_init(&params->given);
    if (schema && read_schema(params, schema, error) != 0)
        return -1;
    return read_given(params, &run->options, error);
}

void run_params_release(struct run_params *params)
{
    for (size_t i = 0; i < params->n; i++) {
        free(params->param[i].name);
        free(params->param[i].type);
        free(params->param[i].description);
        free(params->param[i].expected);
        free(params->param[i].fallback);
    }
    free(params->param);
    ar_buf_release(&params->given);
    *params = (struct run_params){ 0 };
}

bool run_param_missing(const struct run_param *param)
{
    return param->required && !param->given && !param->fallback;
}

/* Appends the answer as JSON. Text need not be quoted where text may be meant. */
static int add_json(const struct run_param *param, const char *answer, struct ar_buf *to, struct ar_error *error)
{
    struct ar_json_doc doc;
    const bool text = strcmp(param->type, "string") == 0, any = !*param->type;
    if ((!text || *answer == '"') && ar_json_doc_parse(&doc, answer, strlen(answer), "answer", error) == 0) {
        ar_json_doc_release(&doc);
        ar_buf_add_text(to, answer);
    } else if (text || any) {
        ar_json_add_string(to, answer, strlen(answer));
    } else {
        return ar_fail(error, AR_INPUT, "'%s' is not %s", answer, *param->expected ? param->expected : param->type);
    }
    return 0;
}

int run_param_answer(const struct run *run, struct run_params *params, struct run_param *param, const char *answer, struct ar_buf *assignment,
                     struct ar_error *error)
{
    struct ar_buf trial;
    const size_t start = assignment->len, value = start + strlen(param->name) + 1;
    ar_buf_add_format(assignment, "%s=", param->name);
    if (add_json(param, answer, assignment, error) != 0) {
        ar_buf_truncate(assignment, start);
        return -1;
    }
    ar_buf_init(&trial);
    ar_buf_add(&trial, params->given.data, params->given.len);
    int result = ar_buf_check(assignment, error) == 0 ? ar_params_set(&trial, assignment->data + start, error) : -1;
    if (result == 0)
        result = ar_schema_check_property(run->method.manifest.params, param->name, assignment->data + value, assignment->len - value, "params", error);
    if (result == 0) {
        ar_buf_clear(&params->given);
        ar_buf_add(&params->given, trial.data, trial.len);
        param->given = true;
        result = ar_buf_check(&params->given, error);
    } else {
        ar_buf_truncate(assignment, start);
    }
    ar_buf_release(&trial);
    return result;
}
