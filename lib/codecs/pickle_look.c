/* SPDX-License-Identifier: MIT */
/*
 * Looking at the values of a pickle.
 */
#include "codecs/pickle_value.h"

enum { STATE_MAX = 64 }; /* attributes of an object, or arguments by name, at most */

bool ar_pickle_is_name(const struct ar_pickle_value *value, enum ar_pickle_id id)
{
    return value && value->type == AR_PICKLE_NAME && value->name->id == id;
}

bool ar_pickle_is_made(const struct ar_pickle_value *value, enum ar_pickle_id id)
{
    return value && value->type == AR_PICKLE_OBJECT && ar_pickle_is_name(&value->object->callable, id);
}

bool ar_pickle_is_text(const struct ar_pickle_value *value, const char *text)
{
    return value && value->type == AR_PICKLE_TEXT && value->size == strlen(text) && memcmp(value->text, text, value->size) == 0;
}

const struct ar_pickle_value *ar_pickle_item(const struct ar_pickle_value *values, size_t i)
{
    if (values == NULL || (values->type != AR_PICKLE_LIST && values->type != AR_PICKLE_TUPLE) || i >= values->values->n)
        return NULL;
    return &values->values->at[i];
}

const struct ar_pickle_value *ar_pickle_argument(const struct ar_pickle_value *object, size_t i)
{
    return object && object->type == AR_PICKLE_OBJECT ? ar_pickle_item(&object->object->arguments, i) : NULL;
}

const struct ar_pickle_value *ar_pickle_get(const struct ar_pickle_value *dict, const char *key)
{
    if (dict == NULL || dict->type != AR_PICKLE_DICT || dict->values->n > 2 * STATE_MAX)
        return NULL;
    for (size_t i = dict->values->n; i >= 2; i -= 2) /* the last one counts, as in Python */
        if (ar_pickle_is_text(&dict->values->at[i - 2], key))
            return &dict->values->at[i - 1];
    return NULL;
}

const struct ar_pickle_value *ar_pickle_attribute(const struct ar_pickle_value *object, const char *key)
{
    return object && object->type == AR_PICKLE_OBJECT ? ar_pickle_get(&object->object->state, key) : NULL;
}

bool ar_pickle_count(const struct ar_pickle_value *value, uint64_t *count)
{
    if (value == NULL || value->type != AR_PICKLE_INT || value->i < 0)
        return false;
    *count = (uint64_t)value->i;
    return true;
}

/* Of a name, or of what makes an object: the class where a helper with an underscore gets it as its first argument. */
static const char *describe_name(const struct ar_pickle_value *value, char *label)
{
    const struct ar_pickle_value *name = value->type == AR_PICKLE_OBJECT ? &value->object->callable : value;
    const struct ar_pickle_value *class = ar_pickle_argument(value, 0);
    if (name->type != AR_PICKLE_NAME)
        return ar_tr("object");
    const struct ar_pickle_value *element = ar_pickle_argument(class, 0);
    if (name->name->id == AR_PICKLE_SCALAR && ar_pickle_is_made(class, AR_PICKLE_DTYPE) && element &&
        element->type == AR_PICKLE_TEXT) {
        snprintf(label, AR_PICKLE_LABEL_MAX, ar_tr("numpy scalar (%.*s)"), (int)(element->size < 8 ? element->size : 8), element->text);
        return label;
    }
    if (name->name->name[0] == '_' && class && class->type == AR_PICKLE_NAME)
        name = class;
    snprintf(label, AR_PICKLE_LABEL_MAX, "%s.%s", name->name->module, name->name->name);
    return label;
}

const char *ar_pickle_describe(const struct ar_pickle_value *value, char *label)
{
    static const char *const types[] = {
        [AR_PICKLE_NONE] = "None",      [AR_PICKLE_BOOL] = "bool",        [AR_PICKLE_INT] = "int",
        [AR_PICKLE_UINT] = "int",       [AR_PICKLE_DIGITS] = "int",       [AR_PICKLE_FLOAT] = "float",
        [AR_PICKLE_FLOAT32] = "float32", [AR_PICKLE_FLOAT16] = "float16", [AR_PICKLE_MISSING] = "NA",
        [AR_PICKLE_TEXT] = "str",       [AR_PICKLE_NO_TEXT] = N_("str that is not UTF-8"),
        [AR_PICKLE_BYTES] = "bytes",      [AR_PICKLE_LIST] = "list",
        [AR_PICKLE_TUPLE] = "tuple",    [AR_PICKLE_DICT] = "dict",
        [AR_PICKLE_SET] = "set",
    };
    if (value == NULL)
        return ar_tr("nothing");
    if (value->type == AR_PICKLE_NAME || value->type == AR_PICKLE_OBJECT)
        return describe_name(value, label);
    return ar_tr(types[value->type]);
}
