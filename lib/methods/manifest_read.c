/* SPDX-License-Identifier: MIT */
#include "methods/manifest_read.h"

#include "bytes/text.h"

/* ---- places and members --------------------------------------------------------------------------------------------- */

int manifest_expected(struct manifest_reader *r, const char *wanted, const struct ar_json_value *value)
{
    return ar_json_fail_expected(r->error, r->what, &r->pointer, wanted, value);
}

int manifest_mistake(struct manifest_reader *r, const char *text)
{
    ar_fail(r->error, AR_INPUT, "%s", ar_tr(text));
    return ar_json_fail_at(r->error, r->what, &r->pointer);
}

size_t manifest_enter(struct manifest_reader *r, const char *name)
{
    size_t before = r->pointer.len;
    ar_json_pointer_add(&r->pointer, name, strlen(name));
    return before;
}

size_t manifest_enter_item(struct manifest_reader *r, int index)
{
    size_t before = r->pointer.len;
    ar_buf_add_format(&r->pointer, "/%d", index);
    return before;
}

void manifest_leave(struct manifest_reader *r, size_t before)
{
    ar_buf_truncate(&r->pointer, before);
}

static int unknown_member(struct manifest_reader *r, const struct manifest_member *members, size_t n)
{
    manifest_mistake(r, N_("a member that is not known"));
    struct ar_buf names;
    ar_buf_init(&names);
    for (size_t i = 0; i < n; i++)
        ar_buf_add_format(&names, "%s\"%s\"", i ? ", " : "", members[i].name);
    ar_hint(r->error, "What can stand here is %s.", names.data);
    ar_buf_release(&names);
    return -1;
}

/* Reads one member of an object. */
static int read_member(struct manifest_reader *r, const struct ar_json_value *key, const struct ar_json_value *value,
                       const struct manifest_member *members, size_t n, void *into)
{
    char *name = ar_json_decoded(key, r->error);
    if (!name)
        return -1;
    size_t before = manifest_enter(r, name), i = 0;
    while (i < n && strcmp(name, members[i].name) != 0)
        i++;
    free(name);
    if (i == n)
        return unknown_member(r, members, n);
    if (members[i].read(r, into, value, members[i].offset) < 0)
        return -1;
    manifest_leave(r, before);
    return 0;
}

int manifest_read_object(struct manifest_reader *r, const struct ar_json_value *object, const char *wanted,
                         const struct manifest_member *members,
                       size_t n, void *into)
{
    struct ar_json_value key, value;
    if (object->type != AR_JSON_OBJECT)
        return manifest_expected(r, wanted, object);
    for (int position = 0; ar_json_each(&r->doc, object, &position, &key, &value);)
        if (read_member(r, &key, &value, members, n, into) < 0)
            return -1;
    for (size_t i = 0; i < n; i++)
        if (members[i].needed && !ar_json_member(&r->doc, object, members[i].name, &value)) {
            manifest_enter(r, members[i].name);
            return manifest_mistake(r, N_("is missing"));
        }
    return 0;
}

/* ---- texts and lists of texts --------------------------------------------------------------------------------------- */

int manifest_read_text(struct manifest_reader *r, void *into, const struct ar_json_value *value, size_t offset)
{
    if (value->type != AR_JSON_STRING)
        return manifest_expected(r, N_("a string"), value);
    char **text = (char **)(void *)((char *)into + offset);
    *text = ar_json_decoded(value, r->error);
    return *text ? 0 : -1;
}

int manifest_read_name(struct manifest_reader *r, void *into, const struct ar_json_value *value, size_t offset)
{
    if (manifest_read_text(r, into, value, offset) < 0)
        return -1;
    const char *name = *(char **)(void *)((char *)into + offset);
    if (!*name || ar_text_has_control(name, strlen(name)))
        return manifest_expected(r, N_("a name, not empty and in one line"), value);
    return 0;
}

void manifest_free_list(char **list)
{
    for (size_t i = 0; list && list[i]; i++)
        free(list[i]);
    free(list);
}

int manifest_read_list(struct manifest_reader *r, char ***list, const struct ar_json_value *value, int least, bool empty_item)
{
    struct ar_json_value item;
    int n = 0;
    for (int position = 0; value->type == AR_JSON_ARRAY && ar_json_each(&r->doc, value, &position, NULL, &item);)
        n++;
    if (value->type != AR_JSON_ARRAY || n < least)
        return manifest_expected(r, least ? N_("a list of strings, one at least") : N_("a list of strings"), value);
    *list = calloc((size_t)n + 1, sizeof **list);
    if (!*list)
        return ar_fail_memory(r->error);
    n = 0;
    for (int position = 0; ar_json_each(&r->doc, value, &position, NULL, &item); n++) {
        size_t before = manifest_enter_item(r, n);
        if (item.type != AR_JSON_STRING || (!empty_item && item.len == strlen("\"\"")))
            return manifest_expected(r, empty_item ? N_("a string") : N_("a string that is not empty"), &item);
        (*list)[n] = ar_json_decoded(&item, r->error);
        if (!(*list)[n])
            return -1;
        manifest_leave(r, before);
    }
    return 0;
}

int manifest_read_names(struct manifest_reader *r, void *into, const struct ar_json_value *value, size_t offset)
{
    return manifest_read_list(r, (char ***)(void *)((char *)into + offset), value, 0, false);
}

int manifest_read_command(struct manifest_reader *r, void *into, const struct ar_json_value *value, size_t offset)
{
    char ***command = (char ***)(void *)((char *)into + offset);
    if (manifest_read_list(r, command, value, 1, true) < 0)
        return -1;
    if (***command)
        return 0;
    manifest_enter_item(r, 0);
    return manifest_mistake(r, N_("expected the name of a program, found ''"));
}
