/* SPDX-License-Identifier: MIT */
/* The words for what does not fit. */
#include "methods/schema_check.h"

void schema_add_kinds(struct ar_buf *buf, unsigned kinds)
{
    static const struct {
        unsigned kinds;
        const char *name;
    } names[] = {
        { KIND_NUMBER, N_("a number") }, { KIND_INTEGER, N_("an integer") },
        { KIND_STRING, N_("a string") }, { KIND_BOOLEAN, N_("true or false") },
        { KIND_ARRAY, N_("an array") },  { KIND_OBJECT, N_("an object") },
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
        ar_buf_add_or(buf, i, n);
        ar_buf_add_text(buf, ar_tr(chosen[i]));
    }
}

static void add_pointer(struct ar_buf *buf, const struct schema_place *place)
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

struct ar_buf *schema_start_problem(struct schema_check *c, const struct schema_place *place, const struct ar_json_value *value)
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

bool schema_problem(struct schema_check *c, const struct schema_place *place, const struct ar_json_value *value,
                    const char *format, ...)
{
    struct ar_buf *buf = schema_start_problem(c, place, value);
    if (!buf)
        return false;
    va_list arguments;
    va_start(arguments, format);
    ar_buf_add_args(buf, ar_tr(format), arguments);
    va_end(arguments);
    return false;
}

bool schema_wrong_kind(struct schema_check *c, const struct schema_place *place, const struct ar_json_value *value,
                       unsigned kinds)
{
    struct ar_buf names;
    ar_buf_init(&names);
    schema_add_kinds(&names, kinds);
    schema_problem(c, place, value, value && value->type == AR_JSON_STRING ? N_(" is a text, not %s") : N_(" is not %s"), names.data);
    ar_buf_release(&names);
    return false;
}

bool schema_stop(struct schema_check *c, const char *why)
{
    if (!c->stopped) {
        if (why)
            ar_fail(c->error, AR_INPUT, "%s%s%s: %s", c->what, *c->base ? " " : "", c->base, ar_tr(why));
        else
            ar_fail_memory(c->error);
    }
    c->stopped = true;
    return false;
}
