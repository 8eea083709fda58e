/* SPDX-License-Identifier: MIT */
#include "program/param.h"

#include <math.h>

#include "codecs/real.h"
#include "lanes/params.h"

void ar_params_init(struct ar_params *params, struct ar_arena *texts, struct ar_failure *failure)
{
    *params = (struct ar_params){ .texts = texts, .failure = failure };
    ar_buf_init(&params->given);
    ar_buf_init(&params->text);
}

void ar_params_release(struct ar_params *params)
{
    if (params->ready)
        ar_json_doc_release(&params->doc);
    params->ready = false;
    ar_buf_release(&params->given);
    ar_buf_release(&params->text);
}

static int complete(struct ar_params *params, const struct ar_schema *schema, struct ar_error *error)
{
    const struct ar_buf *given = &params->given;
    if (ar_params_check(given->data, given->len, "params", error) != 0)
        return -1;
    if (schema && ar_schema_apply(schema, given->data, given->len, &params->text, "params", error) != 0)
        return -1;
    if (!schema)
        ar_buf_add(&params->text, given->data, given->len);
    if (ar_buf_check(&params->text, error) != 0)
        return -1;
    return ar_json_doc_parse(&params->doc, params->text.data, params->text.len, "params", error);
}

int ar_params_take(struct ar_params *params, const char *text, size_t n, const struct ar_schema *schema, struct ar_error *error)
{
    if (params->ready && params->given.len == n && memcmp(params->given.data, text, n) == 0)
        return 0;
    if (params->ready)
        ar_json_doc_release(&params->doc);
    params->ready = false;
    ar_buf_clear(&params->given);
    ar_buf_clear(&params->text);
    ar_buf_add(&params->given, text, n);
    if (ar_buf_check(&params->given, error) != 0 || complete(params, schema, error) != 0)
        return -1;
    params->ready = true;
    return 0;
}

/* ---- looking up ----------------------------------------------------------------------------------------------------- */

/* The item of an array with the number that is written in text. */
static bool find_item(const struct ar_json_doc *doc, const struct ar_json_value *array, const char *text, struct ar_json_value *item)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    int position = 0;
    if (*text < '0' || *text > '9' || *end || (*text == '0' && text[1]))
        return false;
    while (ar_json_each(doc, array, &position, NULL, item))
        if (number-- == 0)
            return true;
    return false;
}

/* Undoes ~0 and ~1 in a step of a pointer. */
static void unescape(char *step)
{
    char *to = step;
    for (const char *from = step; *from; from++, to++) {
        *to = *from;
        if (*from == '~' && (from[1] == '0' || from[1] == '1'))
            *to = *++from == '0' ? '~' : '/';
    }
    *to = '\0';
}

/* Goes from one value into the next by each step of a JSON Pointer (RFC 6901), which is not empty. */
static bool follow(const struct ar_json_doc *doc, const char *pointer, struct ar_json_value *value)
{
    char *steps = strdup(pointer), *step = steps;
    bool found = steps != NULL;
    while (found && step) {
        char *name = step + 1;
        step = strchr(name, '/');
        if (step)
            *step = '\0';
        struct ar_json_value parent = *value;
        unescape(name);
        if (parent.type == AR_JSON_OBJECT)
            found = ar_json_member(doc, &parent, name, value);
        else
            found = parent.type == AR_JSON_ARRAY && find_item(doc, &parent, name, value);
    }
    free(steps);
    return found;
}

static bool find(const struct ar_params *params, const char *name, struct ar_json_value *value)
{
    if (!params->ready)
        return false;
    struct ar_json_value root = ar_json_root(&params->doc);
    if (!name || !*name) {
        *value = root;
        return !name;
    }
    if (*name != '/')
        return ar_json_member(&params->doc, &root, name, value);
    *value = root;
    return follow(&params->doc, name, value);
}

/* Finds a parameter that must be there; what: the type that is wanted, for the failure. */
static bool need(const struct ar_params *params, const char *name, const char *what, struct ar_json_value *value)
{
    if (!name) {
        ar_failure_tell(params->failure, "no name of a parameter was given");
        return false;
    }
    if (find(params, name, value))
        return true;
    ar_failure_tell(params->failure, "the parameter '%s' is missing, expected %s", name, ar_tr(what));
    ar_failure_detail(params->failure, "Give it a default in the schema, or require it there, so that it is asked for.");
    return false;
}

static void fail_type(const struct ar_params *params, const char *name, const char *what, const struct ar_json_value *value)
{
    struct ar_buf shown;
    ar_buf_init(&shown);
    ar_json_show(&shown, value);
    ar_failure_tell(params->failure, "the parameter '%s' must be %s, found %s", name, ar_tr(what), shown.data);
    ar_buf_release(&shown);
}

double ar_param_real(const struct ar_params *params, const char *name)
{
    struct ar_json_value value;
    double number = NAN;
    if (need(params, name, N_("a number"), &value) && (value.type != AR_JSON_NUMBER || !ar_real_parse(value.text, value.len, &number)))
        fail_type(params, name, N_("a number"), &value);
    return number;
}

int64_t ar_param_integer(const struct ar_params *params, const char *name)
{
    struct ar_json_value value;
    int64_t number = 0;
    if (need(params, name, N_("a whole number"), &value) &&
        (value.type != AR_JSON_NUMBER || !ar_integer_parse(value.text, value.len, &number)))
        fail_type(params, name, N_("a whole number of 64 bits"), &value);
    return number;
}

bool ar_param_boolean(const struct ar_params *params, const char *name)
{
    struct ar_json_value value;
    if (need(params, name, N_("true or false"), &value) && value.type != AR_JSON_TRUE && value.type != AR_JSON_FALSE)
        fail_type(params, name, N_("true or false"), &value);
    return find(params, name, &value) && value.type == AR_JSON_TRUE;
}

const char *ar_param_text(const struct ar_params *params, const char *name)
{
    struct ar_json_value value;
    if (!need(params, name, N_("a text"), &value))
        return "";
    if (value.type != AR_JSON_STRING) {
        fail_type(params, name, N_("a text"), &value);
        return "";
    }
    struct ar_error error;
    char *decoded = ar_json_decoded(&value, &error);
    const char *text = decoded ? ar_arena_copy(params->texts, decoded, strlen(decoded)) : NULL;
    free(decoded);
    if (!text)
        ar_failure_tell(params->failure, "out of memory");
    return text ? text : "";
}

bool ar_param_given(const struct ar_params *params, const char *name)
{
    struct ar_json_value value;
    return name && find(params, name, &value) && value.type != AR_JSON_NULL;
}

const char *ar_param_json(const struct ar_params *params, const char *name)
{
    struct ar_json_value value;
    if (!find(params, name, &value))
        return NULL;
    const char *text = ar_arena_copy(params->texts, value.text, value.len);
    if (!text)
        ar_failure_tell(params->failure, "out of memory");
    return text;
}
