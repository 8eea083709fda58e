/* SPDX-License-Identifier: MIT */
/*
 * What a run is asked to do: kept for the next one (run.json), and taken from there again.
 */
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "bytes/grow.h"
#include "run/run.h"
#include "runs/record.h"

/* ---- lists ---------------------------------------------------------------------------------------------------------- */

bool run_list_add(struct run_list *list, const char *text)
{
    if (list->n + 2 > list->room && !ar_grow(&list->text, &list->room, sizeof *list->text))
        return false;
    char *copy = strdup(text);
    list->text[list->n] = copy;
    list->n += copy != NULL;
    list->text[list->n] = NULL;
    return copy != NULL;
}

bool run_list_has(const struct run_list *list, const char *text)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->text[i], text) == 0)
            return true;
    return false;
}

void run_list_drop(struct run_list *list)
{
    free(list->text[--list->n]);
    list->text[list->n] = NULL;
}

void run_list_release(struct run_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->text[i]);
    free(list->text);
    *list = (struct run_list){ 0 };
}

bool run_set(char **field, const char *text)
{
    char *copy = text ? strdup(text) : NULL;
    if (text && !copy)
        return false;
    free(*field);
    *field = copy;
    return true;
}

/* ---- the options ---------------------------------------------------------------------------------------------------- */

/* Those that an earlier run hands on, by their names in run.json. */
enum form { TEXT, PATH, LIST, PARAMS, SETS, FLAG };

static const struct option_form {
    const char *name;
    enum form form;
    size_t offset;
} forms[] = {
    { "manifest", PATH, offsetof(struct run_options, method) },
    { "directory", PATH, offsetof(struct run_options, folder) },
    { "sets", SETS, offsetof(struct run_options, sets) },
    { "run", PATH, offsetof(struct run_options, run_tar) },
    { "samples", PATH, offsetof(struct run_options, samples) },
    { "params", PATH, offsetof(struct run_options, params) },
    { "param", PARAMS, offsetof(struct run_options, param) },
    { "lane-key", LIST, offsetof(struct run_options, lane_key) },
    { "jobs", TEXT, offsetof(struct run_options, jobs) },
    { "timeout", TEXT, offsetof(struct run_options, timeout) },
    { "mem", TEXT, offsetof(struct run_options, mem) },
    { "retries", TEXT, offsetof(struct run_options, retries) },
    { "incomplete", FLAG, offsetof(struct run_options, incomplete) },
};

#define FIELD(type, options, form) ((type *)(void *)((char *)(options) + (form)->offset))
#define FIELD_CONST(type, options, form) ((type const *)(const void *)((const char *)(options) + (form)->offset))

void run_options_release(struct run_options *options)
{
    char **texts[] = { &options->method, &options->folder, &options->samples, &options->params, &options->jobs, &options->timeout,
                       &options->mem, &options->retries, &options->again, &options->run_tar, &options->output,
                       &options->compress };
    struct run_list *lists[] = { &options->sets, &options->param, &options->lane_key, &options->lane, &options->force };
    for (size_t i = 0; i < AR_COUNT(texts); i++)
        free(*texts[i]);
    for (size_t i = 0; i < AR_COUNT(lists); i++)
        run_list_release(lists[i]);
    *options = (struct run_options){ 0 };
}

const char *run_set_file(const struct run_options *options, const char *set)
{
    size_t n = strlen(set);
    for (size_t i = 0; i < options->sets.n; i++)
        if (strncmp(options->sets.text[i], set, n) == 0 && options->sets.text[i][n] == '=')
            return options->sets.text[i] + n + 1;
    return NULL;
}

/* ---- to run.json ---------------------------------------------------------------------------------------------------- */

/* The path so that it means the same from every folder; what is no file stays as it is. */
static json_t *path_json(const char *path)
{
    char *whole = realpath(path, NULL);
    json_t *json = json_string(whole ? whole : path);
    free(whole);
    return json;
}

static json_t *sets_json(const struct run_list *sets)
{
    json_t *json = json_object();
    for (size_t i = 0; i < sets->n; i++) {
        const char *equals = strchr(sets->text[i], '=');
        char *name = strndup(sets->text[i], (size_t)(equals - sets->text[i]));
        if (name)
            json_object_set_new(json, name, path_json(equals + 1));
        free(name);
    }
    return json;
}

static json_t *list_json(const struct run_list *list)
{
    json_t *json = json_array();
    for (size_t i = 0; i < list->n; i++)
        json_array_append_new(json, json_string(list->text[i]));
    return json;
}

static json_t *form_json(const struct run_options *options, const struct option_form *form)
{
    const char *text = form->form == TEXT || form->form == PATH ? *FIELD_CONST(char *, options, form) : NULL;
    const struct run_list *list = form->form >= LIST && form->form <= SETS ? FIELD_CONST(struct run_list, options, form) : NULL;
    switch (form->form) {
    case TEXT:
        return text ? json_string(text) : NULL;
    case PATH:
        return text ? path_json(text) : NULL;
    case LIST:
    case PARAMS:
        return list->n ? list_json(list) : NULL;
    case SETS:
        return list->n ? sets_json(list) : NULL;
    case FLAG:
        return *FIELD_CONST(bool, options, form) ? json_true() : NULL;
    }
    return NULL;
}

json_t *run_options_json(const struct run_options *options, struct ar_error *error)
{
    json_t *json = json_object();
    for (size_t i = 0; i < AR_COUNT(forms) && json; i++) {
        json_t *value = form_json(options, &forms[i]);
        if (value)
            json_object_set_new(json, forms[i].name, value);
    }
    if (!json)
        ar_fail_memory(error);
    return json;
}

/* ---- and back ------------------------------------------------------------------------------------------------------- */

static int expected(const char *what, const char *name, const char *type, struct ar_error *error)
{
    return ar_fail(error, AR_INPUT, "%s: expected %s at /options/%s", what, ar_tr(type), name);
}

static int take_list(struct run_list *list, const json_t *value, const char *what, const char *name, struct ar_error *error)
{
    size_t i;
    json_t *item;
    if (!json_is_array(value))
        return expected(what, name, N_("an array of texts"), error);
    if (list->n)
        return 0; /* the command line wins */
    json_array_foreach (value, i, item)
        if (!json_is_string(item))
            return expected(what, name, N_("an array of texts"), error);
        else if (!run_list_add(list, json_string_value(item)))
            return ar_fail_memory(error);
    return 0;
}

/* Does the list have a param NAME=JSON of the same name? */
static bool has_param(const struct run_list *list, const char *param)
{
    size_t n = strcspn(param, "=");
    for (size_t i = 0; i < list->n; i++)
        if (strncmp(list->text[i], param, n) == 0 && list->text[i][n] == '=')
            return true;
    return false;
}

/* Those of the command line win, name by name. */
static int take_params(struct run_list *list, const json_t *value, const char *what, const char *name, struct ar_error *error)
{
    struct run_list earlier = { 0 }, given = *list;
    int result = take_list(&earlier, value, what, name, error);
    *list = (struct run_list){ 0 };
    for (size_t i = 0; i < earlier.n && result == 0; i++)
        if (!has_param(&given, earlier.text[i]) && !run_list_add(list, earlier.text[i]))
            result = ar_fail_memory(error);
    for (size_t i = 0; i < given.n && result == 0; i++)
        if (!run_list_add(list, given.text[i]))
            result = ar_fail_memory(error);
    run_list_release(&earlier);
    run_list_release(&given);
    return result;
}

static int take_sets(struct run_options *options, json_t *value, const char *what, struct ar_error *error)
{
    const char *set;
    json_t *file;
    if (!json_is_object(value))
        return expected(what, "sets", N_("an object of file names"), error);
    json_object_foreach (value, set, file) {
        char *operand;
        if (!json_is_string(file))
            return expected(what, "sets", N_("an object of file names"), error);
        if (run_set_file(options, set) || options->run_tar)
            continue;
        if (asprintf(&operand, "%s=%s", set, json_string_value(file)) < 0)
            return ar_fail_memory(error);
        bool added = run_list_add(&options->sets, operand);
        free(operand);
        if (!added)
            return ar_fail_memory(error);
    }
    return 0;
}

static int take_form(struct run_options *options, const struct option_form *form, json_t *value, const char *what,
                     struct ar_error *error)
{
    switch (form->form) {
    case LIST:
        return take_list(FIELD(struct run_list, options, form), value, what, form->name, error);
    case PARAMS:
        return take_params(FIELD(struct run_list, options, form), value, what, form->name, error);
    case SETS:
        return take_sets(options, value, what, error);
    case FLAG:
        if (!json_is_boolean(value))
            return expected(what, form->name, N_("true or false"), error);
        *FIELD(bool, options, form) |= json_is_true(value);
        return 0;
    default:
        break;
    }
    if (!json_is_string(value))
        return expected(what, form->name, N_("a text"), error);
    char **text = FIELD(char *, options, form);
    if (*text || (text == &options->run_tar && options->sets.n))
        return 0;
    return run_set(text, json_string_value(value)) ? 0 : ar_fail_memory(error);
}

int run_options_take(struct run_options *options, json_t *json, const char *what, struct ar_error *error)
{
    const char *name;
    json_t *value;
    const bool replaced = options->params; /* by -p: with them goes what -P made of them */
    if (!json_is_object(json))
        return ar_fail(error, AR_INPUT, "%s: expected an object at /options", what);
    json_object_foreach (json, name, value) {
        const struct option_form *form = NULL;
        for (size_t i = 0; i < AR_COUNT(forms) && !form; i++)
            form = strcmp(forms[i].name, name) == 0 ? &forms[i] : NULL;
        if (!form) {
            ar_fail(error, AR_INPUT, "%s: '/options/%s' is not known", what, name);
            return ar_hint(error, "It may be of a later version of ar-run, or misspelt: take it out, or say what you mean on the command line.");
        }
        if (!(replaced && form->form == PARAMS) && take_form(options, form, value, what, error) != 0)
            return -1;
    }
    return 0;
}

/* Of a folder of a run, the file in it. */
static int find_again(struct run_options *options, struct ar_error *error)
{
    char *file;
    struct stat st;
    if (stat(options->again, &st) != 0 || !S_ISDIR(st.st_mode))
        return 0;
    if (asprintf(&file, "%s/" AR_RUN_JSON, options->again) < 0)
        return ar_fail_memory(error);
    free(options->again);
    options->again = file;
    return 0;
}

/* The folder in which the file lies, where that is one of a run, wherever it was when the run was made. 0 or -1. */
static int take_folder(struct run_options *options, struct ar_error *error)
{
    const char *slash = strrchr(options->again, '/');
    char *folder = slash ? strndup(options->again, slash > options->again ? (size_t)(slash - options->again) : 1) : strdup(".");
    char *home = NULL;
    if (!folder || asprintf(&home, "%s/" AR_HOME, folder) < 0) {
        free(folder);
        return ar_fail_memory(error);
    }
    bool is_home = access(home, F_OK) == 0;
    free(home);
    if (is_home && !options->folder)
        options->folder = folder;
    else
        free(folder);
    return 0;
}

int run_again(struct run_options *options, struct ar_error *error)
{
    static const char *const names[] = { "options", NULL };
    struct ar_buf text, what;
    if (find_again(options, error) != 0 || take_folder(options, error) != 0)
        return -1;
    ar_buf_init(&text);
    ar_buf_init(&what);
    ar_buf_add_format(&what, "'%s'", options->again);
    int result = ar_read_file(AT_FDCWD, options->again, &text, AR_RUN_JSON_MAX, error);
    json_t *json = result == 0 ? ar_run_json_parse(&text, names, what.data, error) : NULL;
    result = json ? run_options_take(options, json_object_get(json, "options"), what.data, error) : -1;
    if (result == 0)
        result = ar_run_json_check(&text, what.data, error);
    if (result != 0 && !*error->hint)
        ar_hint(error, "--again takes the file run.json, which a run leaves in its folder.");
    json_decref(json);
    ar_buf_release(&text);
    ar_buf_release(&what);
    return result;
}

/* ---- from standard input -------------------------------------------------------------------------------------------- */

/* The name of the file on standard input; the system says of one that is gone that it is. NULL where memory ran out. */
static char *input_name(bool gone)
{
    static const char deleted[] = " (deleted)";
    char name[PATH_MAX];
    ssize_t n = readlink("/proc/self/fd/0", name, sizeof name), end = n - (ssize_t)strlen(deleted);
    if (gone && end > 0 && memcmp(name + end, deleted, strlen(deleted)) == 0)
        n = end;
    return n < 0 ? strdup("-") : strndup(name, (size_t)n);
}

/* Takes the file's name where the name is good for it: that of the descriptor in. */
static int take_input(struct run_options *options, const char *name, const struct stat *in, struct ar_error *error)
{
    struct stat found;
    if (stat(name, &found) != 0 || found.st_dev != in->st_dev || found.st_ino != in->st_ino) {
        ar_fail(error, AR_INPUT, "the file on standard input is not there any more: '%s'", name);
        return ar_hint(error, "A run in a folder reads it more than once, by its name.");
    }
    if (strchr(name, '=')) {
        ar_fail(error, AR_INPUT, "the run tar on standard input cannot be named, for the '=' in '%s'", name);
        return ar_hint(error, "Where a run tar is named, SET=FILE is a set: rename it, or the folder in which it is.");
    }
    return run_set(&options->run_tar, name) ? 0 : ar_fail_memory(error);
}

int run_take_input(struct run_options *options, struct ar_error *error)
{
    struct stat in;
    if (options->sets.n || options->run_tar || fstat(STDIN_FILENO, &in) != 0 || !S_ISREG(in.st_mode))
        return 0;
    char *name = input_name(in.st_nlink == 0);
    if (!name)
        return ar_fail_memory(error);
    int result = options->again && !cli_is_tar(name) ? 0 : take_input(options, name, &in, error);
    free(name);
    return result;
}
