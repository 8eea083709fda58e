/* SPDX-License-Identifier: MIT */
#include "methods/manifest.h"

#include <fcntl.h>

#include "bytes/io.h"
#include "codecs/decimal.h"
#include "methods/manifest_read.h"

#define MANIFEST_MAX ((size_t)16 * 1024 * 1024)
#define ENTITY_COLUMN "Entity"

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

/* ---- commands ------------------------------------------------------------------------------------------------------- */

bool ar_is_run_command(const char *word)
{
    return strcmp(word, "status") == 0 || strcmp(word, "verify") == 0 || strcmp(word, "clean") == 0;
}

/* ---- cleansing ------------------------------------------------------------------------------------------------------ */

struct rule_draft {
    char *where;
    char **is;
    char **entity;
};

static int read_values(struct manifest_reader *r, void *into, const struct ar_json_value *value, size_t offset)
{
    if (manifest_read_list(r, (char ***)(void *)((char *)into + offset), value, 1, true) == 0)
        return 0;
    struct ar_json_value item;
    int position = 0;
    if (value->type == AR_JSON_ARRAY && ar_json_each(&r->doc, value, &position, NULL, &item))
        ar_hint(r->error, "Cells are compared as text; write numbers in quotes.");
    return -1;
}

static int add_rule(struct manifest_reader *r, struct ar_rules *rules, const char *column, char *const *values)
{
    struct ar_rule *rule = ar_rules_add(rules, column);
    if (!rule)
        return ar_fail_memory(r->error);
    for (; *values; values++)
        if (ar_rule_add_value(rule, *values) < 0)
            return ar_fail_memory(r->error);
    return 0;
}

static int take_draft(struct manifest_reader *r, struct ar_rules *rules, const struct rule_draft *draft)
{
    if (draft->entity && !draft->where && !draft->is)
        return add_rule(r, rules, ENTITY_COLUMN, draft->entity);
    if (!draft->entity && draft->where && draft->is)
        return add_rule(r, rules, draft->where, draft->is);
    return manifest_mistake(r, N_("expected either \"entity\", or \"where\" together with \"is\""));
}

static int read_rule(struct manifest_reader *r, struct ar_rules *rules, const struct ar_json_value *value)
{
    static const struct manifest_member members[] = {
        { "entity", read_values, offsetof(struct rule_draft, entity), false },
        { "where", manifest_read_name, offsetof(struct rule_draft, where), false },
        { "is", read_values, offsetof(struct rule_draft, is), false },
    };
    struct rule_draft draft = { 0 };
    int result = manifest_read_object(r, value, N_("a rule: {\"entity\": [...]} or {\"where\": COLUMN, \"is\": [...]}"), members,
                             AR_COUNT(members), &draft);
    if (result == 0)
        result = take_draft(r, rules, &draft);
    free(draft.where);
    manifest_free_list(draft.is);
    manifest_free_list(draft.entity);
    return result;
}

static int read_cleansing(struct manifest_reader *r, void *into, const struct ar_json_value *value, size_t offset)
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
        size_t before = manifest_enter_item(r, index);
        if (read_rule(r, rules, &item) < 0)
            return -1;
        manifest_leave(r, before);
    }
    if (index > 0)
        return 0;
    manifest_expected(r, N_("a list of rules, one at least, or \"none\""), value);
    return ar_hint(r->error, "Every set says how it is cleansed; where all rows are wanted, write \"cleansing\": \"none\".");
}

/* ---- sets ----------------------------------------------------------------------------------------------------------- */

static bool is_set_name(const char *name)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
    return *name && !(*name >= '0' && *name <= '9') && name[strspn(name, letters)] == '\0';
}

/* Appends a set; it belongs to the manifest whatever comes. */
static int read_set(struct manifest_reader *r, struct ar_manifest *manifest, char *name, const struct ar_json_value *value)
{
    static const struct manifest_member members[] = {
        { "cleansing", read_cleansing, 0, true },
        { "description", manifest_read_text, offsetof(struct ar_manifest_set, description), false },
        { "text", manifest_read_names, offsetof(struct ar_manifest_set, text), false },
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
        manifest_mistake(r, N_("no name for a set"));
        return ar_hint(r->error,
                       "Names of sets are made of the letters A to Z and a to z, digits and _, and start with no digit.");
    }
    return manifest_read_object(r, value, N_("a set: an object with \"cleansing\""), members, AR_COUNT(members), set);
}

static int read_sets(struct manifest_reader *r, void *into, const struct ar_json_value *value, size_t offset)
{
    (void)offset;
    struct ar_manifest *manifest = into;
    struct ar_json_value key, member;
    for (int position = 0; value->type == AR_JSON_OBJECT && ar_json_each(&r->doc, value, &position, &key, &member);) {
        char *name = ar_json_decoded(&key, r->error);
        if (!name)
            return -1;
        size_t before = manifest_enter(r, name);
        if (read_set(r, manifest, name, &member) < 0)
            return -1;
        manifest_leave(r, before);
    }
    return manifest->n_sets > 0 ? 0 : manifest_expected(r, N_("an object of sets by name, one at least"), value);
}

/* ---- the whole ------------------------------------------------------------------------------------------------------ */

static int read_params(struct manifest_reader *r, void *into, const struct ar_json_value *value, size_t offset)
{
    (void)offset;
    struct ar_manifest *manifest = into;
    if (value->type != AR_JSON_OBJECT)
        return manifest_expected(r, N_("a JSON Schema (an object)"), value);
    manifest->params = ar_schema_compile_value(value, r->pointer.data, r->what, r->error);
    return manifest->params ? 0 : -1;
}

static int read_contract(struct manifest_reader *r, void *into, const struct ar_json_value *value, size_t offset)
{
    (void)offset;
    struct ar_manifest *manifest = into;
    for (size_t i = 0; value->type == AR_JSON_STRING && i < AR_COUNT(contract_names); i++)
        if (ar_json_equals(value, contract_names[i], strlen(contract_names[i]))) {
            manifest->contract = (enum ar_contract)i;
            return 0;
        }
    return manifest_expected(r, N_("\"files\", \"lanes\", \"first\" or \"analyzeseq\""), value);
}

static int read_fields(struct manifest_reader *r, void *into, const struct ar_json_value *value, size_t offset)
{
    (void)offset;
    struct ar_manifest *manifest = into;
    int64_t fields;
    if (value->type != AR_JSON_NUMBER || !ar_decimal_to_integer(value->text, value->len, &fields) || fields < 1 ||
        fields > AR_FIELDS_MAX) {
        char wanted[128];
        snprintf(wanted, sizeof wanted, ar_tr("a whole number from 1 to %d"), AR_FIELDS_MAX);
        return manifest_expected(r, wanted, value);
    }
    manifest->fields = (int)fields;
    return 0;
}

static int read_folder(struct manifest_reader *r, void *into, const struct ar_json_value *value, size_t offset)
{
    struct ar_manifest *manifest = into;
    if (manifest_read_name(r, into, value, offset) < 0)
        return -1;
    return *manifest->folder == '/' ? 0 : manifest_expected(r, N_("an absolute path"), value);
}

static int read_manifest(struct manifest_reader *r, struct ar_manifest *manifest)
{
    static const struct manifest_member members[] = {
        { "name", manifest_read_name, offsetof(struct ar_manifest, name), true },
        { "description", manifest_read_text, offsetof(struct ar_manifest, description), false },
        { "params", read_params, 0, false },
        { "image_analysis_results", read_sets, 0, true },
        { "analyze", manifest_read_command, offsetof(struct ar_manifest, analyze), true },
        { "files", manifest_read_names, offsetof(struct ar_manifest, files), false },
        { "postprocess", manifest_read_command, offsetof(struct ar_manifest, postprocess), false },
        { "postprocess_files", manifest_read_names, offsetof(struct ar_manifest, postprocess_files), false },
        { "contract", read_contract, 0, false },
        { "fields", read_fields, 0, false },
        { "version", manifest_read_command, offsetof(struct ar_manifest, version), false },
        { "folder", read_folder, offsetof(struct ar_manifest, folder), false },
    };
    struct ar_json_value root = ar_json_root(&r->doc);
    if (manifest_read_object(r, &root, N_("a manifest (an object)"), members, AR_COUNT(members), manifest) < 0)
        return -1;
    if (manifest->postprocess_files && !manifest->postprocess) {
        manifest_enter(r, "postprocess_files");
        return manifest_mistake(r, N_("files of a postprocess, but \"postprocess\" is missing"));
    }
    return 0;
}

int ar_manifest_parse(struct ar_manifest *manifest, const char *text, size_t n, const char *folder, const char *what,
                      struct ar_error *error)
{
    struct manifest_reader r = { .what = what, .error = error };
    *manifest = (struct ar_manifest){ .fields = AR_FIELDS_DEFAULT, .contract = AR_CONTRACT_FILES };
    ar_buf_init(&r.pointer);
    int result = ar_json_doc_parse(&r.doc, text, n, what, error);
    if (result == 0)
        result = read_manifest(&r, manifest);
    if (result == 0 && !manifest->folder && !(manifest->folder = strdup(folder)))
        result = ar_fail_memory(error);
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
    ar_buf_add_tr(&what, "manifest '%s'", path);
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
        manifest_free_list(set->text);
    }
    free(manifest->set);
    free(manifest->folder);
    free(manifest->name);
    free(manifest->description);
    ar_schema_free(manifest->params);
    manifest_free_list(manifest->analyze);
    manifest_free_list(manifest->files);
    manifest_free_list(manifest->postprocess);
    manifest_free_list(manifest->postprocess_files);
    manifest_free_list(manifest->version);
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
