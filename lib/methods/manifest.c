/* SPDX-License-Identifier: MIT */
#include "methods/manifest.h"

#include <fcntl.h>

#include "bytes/io.h"
#include "bytes/text.h"
#include "codecs/decimal.h"

#define MANIFEST_MAX ((size_t)16 * 1024 * 1024)
#define ENTITY_COLUMN "Entity"

/* What is being read, and where. */
struct reader {
    struct ar_json_doc doc;
    struct ar_buf pointer;
    const char *what;
    struct ar_error *error;
};

/* A member that an object may have, and what reads it into the struct for the object. */
struct member {
    const char *name;
    int (*read)(struct reader *r, void *into, const struct ar_json_value *value, size_t offset);
    size_t offset; /* of its place in the struct, for readers of more than one member */
    bool needed;
};

/* ---- contracts ------------------------------------------------------------------------------------------------------ */

static const char *const contract_names[] = {
    [AR_CONTRACT_FILES] = "files",
    [AR_CONTRACT_LANES] = "lanes",
    [AR_CONTRACT_FIRST] = "first",
    [AR_CONTRACT_ANALYZESEQ] = "analyzeseq",
};

const char *ar_contract_name(enum ar_contract contract)
{
    return contract_names[contract];
}

bool ar_contract_parse(const char *name, enum ar_contract *contract)
{
    for (size_t i = 0; i < AR_COUNT(contract_names); i++)
        if (strcmp(name, contract_names[i]) == 0) {
            *contract = (enum ar_contract)i;
            return true;
        }
    return false;
}

/* ---- helpers -------------------------------------------------------------------------------------------------------- */

static int expected(struct reader *r, const char *wanted, const struct ar_json_value *value)
{
    return ar_json_fail_expected(r->error, r->what, &r->pointer, wanted, value);
}

/* Records a mistake at the place that is being read. */
static int mistake(struct reader *r, const char *text)
{
    ar_fail(r->error, AR_INPUT, "%s", text);
    return ar_json_fail_at(r->error, r->what, &r->pointer);
}

static size_t enter(struct reader *r, const char *name)
{
    size_t before = r->pointer.len;
    ar_json_pointer_add(&r->pointer, name, strlen(name));
    return before;
}

static size_t enter_item(struct reader *r, int index)
{
    size_t before = r->pointer.len;
    ar_buf_add_format(&r->pointer, "/%d", index);
    return before;
}

static void leave(struct reader *r, size_t before)
{
    ar_buf_truncate(&r->pointer, before);
}

static int unknown_member(struct reader *r, const struct member *members, size_t n)
{
    mistake(r, "a member that is not known");
    struct ar_buf names;
    ar_buf_init(&names);
    for (size_t i = 0; i < n; i++)
        ar_buf_add_format(&names, "%s\"%s\"", i ? ", " : "", members[i].name);
    ar_hint(r->error, "What can stand here is %s.", names.data);
    ar_buf_release(&names);
    return -1;
}

/* Reads one member of an object. */
static int read_member(struct reader *r, const struct ar_json_value *key, const struct ar_json_value *value,
                       const struct member *members, size_t n, void *into)
{
    char *name = ar_json_decoded(key, r->error);
    if (!name)
        return -1;
    size_t before = enter(r, name), i = 0;
    while (i < n && strcmp(name, members[i].name) != 0)
        i++;
    free(name);
    if (i == n)
        return unknown_member(r, members, n);
    if (members[i].read(r, into, value, members[i].offset) < 0)
        return -1;
    leave(r, before);
    return 0;
}

/* Reads all members of an object, each with its own reader; members that are needed must be there. */
static int read_object(struct reader *r, const struct ar_json_value *object, const char *wanted, const struct member *members,
                       size_t n, void *into)
{
    struct ar_json_value key, value;
    if (object->type != AR_JSON_OBJECT)
        return expected(r, wanted, object);
    for (int position = 0; ar_json_each(&r->doc, object, &position, &key, &value);)
        if (read_member(r, &key, &value, members, n, into) < 0)
            return -1;
    for (size_t i = 0; i < n; i++)
        if (members[i].needed && !ar_json_member(&r->doc, object, members[i].name, &value)) {
            enter(r, members[i].name);
            return mistake(r, "is missing");
        }
    return 0;
}

/* ---- texts and lists of texts --------------------------------------------------------------------------------------- */

static int read_text(struct reader *r, void *into, const struct ar_json_value *value, size_t offset)
{
    if (value->type != AR_JSON_STRING)
        return expected(r, "a string", value);
    char **text = (char **)(void *)((char *)into + offset);
    *text = ar_json_decoded(value, r->error);
    return *text ? 0 : -1;
}

static int read_name(struct reader *r, void *into, const struct ar_json_value *value, size_t offset)
{
    if (read_text(r, into, value, offset) < 0)
        return -1;
    const char *name = *(char **)(void *)((char *)into + offset);
    if (!*name || ar_text_has_control(name, strlen(name)))
        return expected(r, "a name, not empty and in one line", value);
    return 0;
}

static void free_list(char **list)
{
    for (size_t i = 0; list && list[i]; i++)
        free(list[i]);
    free(list);
}

/* A list of strings; empty_item: they may be empty. At least least of them, 0 or 1. */
static int read_list(struct reader *r, char ***list, const struct ar_json_value *value, int least, bool empty_item)
{
    struct ar_json_value item;
    int n = 0;
    for (int position = 0; value->type == AR_JSON_ARRAY && ar_json_each(&r->doc, value, &position, NULL, &item);)
        n++;
    if (value->type != AR_JSON_ARRAY || n < least)
        return expected(r, least ? "a list of strings, one at least" : "a list of strings", value);
    *list = calloc((size_t)n + 1, sizeof **list);
    if (!*list)
        return ar_fail_memory(r->error);
    n = 0;
    for (int position = 0; ar_json_each(&r->doc, value, &position, NULL, &item); n++) {
        size_t before = enter_item(r, n);
        if (item.type != AR_JSON_STRING || (!empty_item && item.len == strlen("\"\"")))
            return expected(r, empty_item ? "a string" : "a string that is not empty", &item);
        (*list)[n] = ar_json_decoded(&item, r->error);
        if (!(*list)[n])
            return -1;
        leave(r, before);
    }
    return 0;
}

static int read_names(struct reader *r, void *into, const struct ar_json_value *value, size_t offset)
{
    return read_list(r, (char ***)(void *)((char *)into + offset), value, 0, false);
}

/* A program and its arguments, which may be empty. */
static int read_command(struct reader *r, void *into, const struct ar_json_value *value, size_t offset)
{
    char ***command = (char ***)(void *)((char *)into + offset);
    if (read_list(r, command, value, 1, true) < 0)
        return -1;
    if (***command)
        return 0;
    enter_item(r, 0);
    return mistake(r, "expected the name of a program, found ''");
}

/* ---- cleansing ------------------------------------------------------------------------------------------------------ */

struct rule_draft {
    char *where;
    char **is;
    char **entity;
};

static int read_values(struct reader *r, void *into, const struct ar_json_value *value, size_t offset)
{
    if (read_list(r, (char ***)(void *)((char *)into + offset), value, 1, true) == 0)
        return 0;
    struct ar_json_value item;
    int position = 0;
    if (value->type == AR_JSON_ARRAY && ar_json_each(&r->doc, value, &position, NULL, &item))
        ar_hint(r->error, "Cells are compared as text; write numbers in quotes.");
    return -1;
}

static int add_rule(struct reader *r, struct ar_rules *rules, const char *column, char *const *values)
{
    struct ar_rule *rule = ar_rules_add(rules, column);
    if (!rule)
        return ar_fail_memory(r->error);
    for (; *values; values++)
        if (ar_rule_add_value(rule, *values) < 0)
            return ar_fail_memory(r->error);
    return 0;
}

static int take_draft(struct reader *r, struct ar_rules *rules, const struct rule_draft *draft)
{
    if (draft->entity && !draft->where && !draft->is)
        return add_rule(r, rules, ENTITY_COLUMN, draft->entity);
    if (!draft->entity && draft->where && draft->is)
        return add_rule(r, rules, draft->where, draft->is);
    return mistake(r, "expected either \"entity\", or \"where\" together with \"is\"");
}

static int read_rule(struct reader *r, struct ar_rules *rules, const struct ar_json_value *value)
{
    static const struct member members[] = {
        { "entity", read_values, offsetof(struct rule_draft, entity), false },
        { "where", read_name, offsetof(struct rule_draft, where), false },
        { "is", read_values, offsetof(struct rule_draft, is), false },
    };
    struct rule_draft draft = { 0 };
    int result = read_object(r, value, "a rule: {\"entity\": [...]} or {\"where\": COLUMN, \"is\": [...]}", members,
                             AR_COUNT(members), &draft);
    if (result == 0)
        result = take_draft(r, rules, &draft);
    free(draft.where);
    free_list(draft.is);
    free_list(draft.entity);
    return result;
}

static int read_cleansing(struct reader *r, void *into, const struct ar_json_value *value, size_t offset)
{
    (void)offset;
    struct ar_rules *rules = &((struct ar_manifest_set *)into)->rules;
    if (value->type == AR_JSON_STRING && ar_json_equals(value, "none", strlen("none"))) {
        rules->none = true;
        return 0;
    }
    struct ar_json_value item;
    int index = 0;
    for (int position = 0; value->type == AR_JSON_ARRAY && ar_json_each(&r->doc, value, &position, NULL, &item); index++) {
        size_t before = enter_item(r, index);
        if (read_rule(r, rules, &item) < 0)
            return -1;
        leave(r, before);
    }
    if (index > 0)
        return 0;
    expected(r, "a list of rules, one at least, or \"none\"", value);
    return ar_hint(r->error, "Every set says how it is cleansed; where all rows are wanted, write \"cleansing\": \"none\".");
}

/* ---- sets ----------------------------------------------------------------------------------------------------------- */

static bool is_set_name(const char *name)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
    return *name && !(*name >= '0' && *name <= '9') && name[strspn(name, letters)] == '\0';
}

/* Appends a set; it belongs to the manifest whatever comes. */
static int read_set(struct reader *r, struct ar_manifest *manifest, char *name, const struct ar_json_value *value)
{
    static const struct member members[] = {
        { "cleansing", read_cleansing, 0, true },
        { "description", read_text, offsetof(struct ar_manifest_set, description), false },
        { "text", read_names, offsetof(struct ar_manifest_set, text), false },
    };
    struct ar_manifest_set *grown = reallocarray(manifest->set, manifest->n_sets + 1, sizeof *grown);
    if (!grown) {
        free(name);
        return ar_fail_memory(r->error);
    }
    manifest->set = grown;
    struct ar_manifest_set *set = &grown[manifest->n_sets++];
    *set = (struct ar_manifest_set){ .name = name };
    if (!is_set_name(name)) {
        mistake(r, "no name for a set");
        return ar_hint(r->error,
                       "Names of sets are made of the letters A to Z and a to z, digits and _, and start with no digit.");
    }
    return read_object(r, value, "a set: an object with \"cleansing\"", members, AR_COUNT(members), set);
}

static int read_sets(struct reader *r, void *into, const struct ar_json_value *value, size_t offset)
{
    (void)offset;
    struct ar_manifest *manifest = into;
    struct ar_json_value key, member;
    for (int position = 0; value->type == AR_JSON_OBJECT && ar_json_each(&r->doc, value, &position, &key, &member);) {
        char *name = ar_json_decoded(&key, r->error);
        if (!name)
            return -1;
        size_t before = enter(r, name);
        if (read_set(r, manifest, name, &member) < 0)
            return -1;
        leave(r, before);
    }
    return manifest->n_sets > 0 ? 0 : expected(r, "an object of sets by name, one at least", value);
}

/* ---- the whole ------------------------------------------------------------------------------------------------------ */

static int read_params(struct reader *r, void *into, const struct ar_json_value *value, size_t offset)
{
    (void)offset;
    struct ar_manifest *manifest = into;
    if (value->type != AR_JSON_OBJECT)
        return expected(r, "a JSON Schema (an object)", value);
    manifest->params = ar_schema_compile_value(value, r->pointer.data, r->what, r->error);
    return manifest->params ? 0 : -1;
}

static int read_contract(struct reader *r, void *into, const struct ar_json_value *value, size_t offset)
{
    (void)offset;
    struct ar_manifest *manifest = into;
    for (size_t i = 0; value->type == AR_JSON_STRING && i < AR_COUNT(contract_names); i++)
        if (ar_json_equals(value, contract_names[i], strlen(contract_names[i]))) {
            manifest->contract = (enum ar_contract)i;
            return 0;
        }
    return expected(r, "\"files\", \"lanes\", \"first\" or \"analyzeseq\"", value);
}

static int read_fields(struct reader *r, void *into, const struct ar_json_value *value, size_t offset)
{
    (void)offset;
    struct ar_manifest *manifest = into;
    int64_t fields;
    if (value->type != AR_JSON_NUMBER || !ar_decimal_to_integer(value->text, value->len, &fields) || fields < 1 ||
        fields > AR_FIELDS_MAX) {
        char wanted[64];
        snprintf(wanted, sizeof wanted, "a whole number from 1 to %d", AR_FIELDS_MAX);
        return expected(r, wanted, value);
    }
    manifest->fields = (int)fields;
    return 0;
}

static int read_manifest(struct reader *r, struct ar_manifest *manifest)
{
    static const struct member members[] = {
        { "name", read_name, offsetof(struct ar_manifest, name), true },
        { "description", read_text, offsetof(struct ar_manifest, description), false },
        { "params", read_params, 0, false },
        { "image_analysis_results", read_sets, 0, true },
        { "analyze", read_command, offsetof(struct ar_manifest, analyze), true },
        { "files", read_names, offsetof(struct ar_manifest, files), false },
        { "postprocess", read_command, offsetof(struct ar_manifest, postprocess), false },
        { "postprocess_files", read_names, offsetof(struct ar_manifest, postprocess_files), false },
        { "contract", read_contract, 0, false },
        { "fields", read_fields, 0, false },
        { "version", read_command, offsetof(struct ar_manifest, version), false },
    };
    struct ar_json_value root = ar_json_root(&r->doc);
    if (read_object(r, &root, "a manifest (an object)", members, AR_COUNT(members), manifest) < 0)
        return -1;
    if (manifest->postprocess_files && !manifest->postprocess) {
        enter(r, "postprocess_files");
        return mistake(r, "files of a postprocess, but \"postprocess\" is missing");
    }
    return 0;
}

int ar_manifest_parse(struct ar_manifest *manifest, const char *text, size_t n, const char *folder, const char *what,
                      struct ar_error *error)
{
    struct reader r = { .what = what, .error = error };
    *manifest = (struct ar_manifest){ .fields = AR_FIELDS_DEFAULT, .contract = AR_CONTRACT_FILES, .folder = strdup(folder) };
    ar_buf_init(&r.pointer);
    int result = manifest->folder ? ar_json_doc_parse(&r.doc, text, n, what, error) : ar_fail_memory(error);
    if (result == 0)
        result = read_manifest(&r, manifest);
    ar_json_doc_release(&r.doc);
    ar_buf_release(&r.pointer);
    if (result < 0)
        ar_manifest_release(manifest);
    return result;
}

/* Appends the absolute path of the folder that path is in; links stay as they are. */
static int add_folder(struct ar_buf *folder, const char *path, struct ar_error *error)
{
    while (strncmp(path, "./", 2) == 0)
        path += 2;
    if (*path != '/') {
        char *here = getcwd(NULL, 0);
        if (!here)
            return ar_fail_errno(error, errno, "cannot find out the current folder");
        ar_buf_add_text(folder, here);
        free(here);
    }
    const char *slash = strrchr(path, '/');
    if (slash && *path != '/' && folder->data[folder->len - 1] != '/')
        ar_buf_add_char(folder, '/');
    if (slash)
        ar_buf_add(folder, path, slash > path ? (size_t)(slash - path) : 1);
    return ar_buf_check(folder, error);
}

static int load(struct ar_manifest *manifest, const char *path, const char *what, struct ar_buf *text, struct ar_buf *folder,
                struct ar_error *error)
{
    if (ar_read_file(AT_FDCWD, path, text, MANIFEST_MAX, error) < 0)
        return ar_fail_in(error, "manifest");
    if (add_folder(folder, path, error) < 0)
        return -1;
    return ar_manifest_parse(manifest, text->data, text->len, folder->data, what, error);
}

int ar_manifest_load(struct ar_manifest *manifest, const char *path, struct ar_error *error)
{
    struct ar_buf text, folder, what;
    *manifest = (struct ar_manifest){ 0 };
    ar_buf_init(&text);
    ar_buf_init(&folder);
    ar_buf_init(&what);
    ar_buf_add_format(&what, "manifest '%s'", path);
    int result = load(manifest, path, what.data, &text, &folder, error);
    ar_buf_release(&text);
    ar_buf_release(&folder);
    ar_buf_release(&what);
    return result;
}

void ar_manifest_release(struct ar_manifest *manifest)
{
    for (size_t i = 0; i < manifest->n_sets; i++) {
        struct ar_manifest_set *set = &manifest->set[i];
        free(set->name);
        free(set->description);
        ar_rules_release(&set->rules);
        free_list(set->text);
    }
    free(manifest->set);
    free(manifest->folder);
    free(manifest->name);
    free(manifest->description);
    ar_schema_free(manifest->params);
    free_list(manifest->analyze);
    free_list(manifest->files);
    free_list(manifest->postprocess);
    free_list(manifest->postprocess_files);
    free_list(manifest->version);
    *manifest = (struct ar_manifest){ 0 };
}

const struct ar_manifest_set *ar_manifest_set(const struct ar_manifest *manifest, const char *name)
{
    for (size_t i = 0; i < manifest->n_sets; i++)
        if (strcmp(manifest->set[i].name, name) == 0)
            return &manifest->set[i];
    return NULL;
}

void ar_manifest_program(const struct ar_manifest *manifest, const char *argv0, struct ar_buf *buf)
{
    if (strchr(argv0, '/'))
        ar_manifest_path(manifest, argv0, buf);
    else
        ar_buf_add_text(buf, argv0);
}

void ar_manifest_path(const struct ar_manifest *manifest, const char *file, struct ar_buf *buf)
{
    if (*file != '/') {
        size_t n = strlen(manifest->folder);
        ar_buf_add(buf, manifest->folder, n);
        if (n == 0 || manifest->folder[n - 1] != '/')
            ar_buf_add_char(buf, '/');
        while (strncmp(file, "./", 2) == 0)
            file += 2;
    }
    ar_buf_add_text(buf, file);
}
