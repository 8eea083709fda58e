/* SPDX-License-Identifier: MIT */
/*
 * What is missing for a run: asked for on a terminal, else told, all of it at once.
 */
#include "run/ask.h"

#include <editline/readline.h>
#include <langinfo.h>
#include <locale.h>

#include "bytes/text.h"
#include "lanes/samples.h"

/* ---- a question ----------------------------------------------------------------------------------------------------- */

static void print(const char *text)
{
    struct ar_buf line;
    ar_buf_init(&line);
    ar_text_show(&line, text, strlen(text));
    fprintf(stderr, "%s\n", line.data);
    ar_buf_release(&line);
}

/* Names and answers are UTF-8 whatever the locale is: the line editor could not read them in another one. */
static void take_utf8(void)
{
    if (!setlocale(LC_CTYPE, "") || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
        setlocale(LC_CTYPE, "C.UTF-8");
}

/*
 * What was typed behind the prompt (the caller's to free), or NULL: the answers have ended, or the tool is to stop. The question stands on a
 * line of its own: it may be wider than the editor's line.
 */
static char *question(const char *prompt, bool files, struct ar_error *error)
{
    print(prompt);
    rl_outstream = stderr;
    rl_attempted_completion_function = files ? run_complete_name : NULL;
    rl_basic_word_break_characters = ""; /* the whole line is one name */
    rl_completion_append_character = '\0';
    char *answer = cli_stop ? NULL : readline("> ");
    if (cli_stop) {
        free(answer);
        ar_fail_errno(error, EINTR, "the questions were not answered");
        return NULL;
    }
    if (!answer) {
        fputc('\n', stderr);
        ar_fail(error, AR_INPUT, "the answers ended before all was asked");
    }
    return answer;
}

/* Takes an answer. 0; 1 where it will not do, for the reason in error: it is asked again. */
typedef int take_answer(struct run *run, const void *about, const char *answer, struct ar_error *error);

static int ask(struct run *run, const char *prompt, bool files, take_answer *take, const void *about, struct ar_error *error)
{
    for (;;) {
        char *answer = question(prompt, files, error);
        if (!answer)
            return -1;
        struct ar_buf name;
        ar_buf_init(&name);
        if (files)
            run_clean_name(&name, answer);
        int result = take(run, about, files ? name.data : answer, error);
        ar_buf_release(&name);
        free(answer);
        if (result == 0)
            return 0;
        cli_fail(error);
    }
}

/* ---- what is asked -------------------------------------------------------------------------------------------------- */

static int take_method(struct run *run, const void *about, const char *answer, struct ar_error *error)
{
    (void)about;
    if (!*answer)
        return ar_fail(error, AR_INPUT, "a method is needed: the name of its manifest, or of its program");
    if (ar_method_load(&run->method, answer, error) != 0)
        return -1;
    return run_set(&run->options.method, answer) ? 0 : ar_fail_memory(error);
}

static int take_set(struct run *run, const void *about, const char *answer, struct ar_error *error)
{
    const struct ar_manifest_set *set = about;
    char *operand;
    if (!*answer)
        return ar_fail(error, AR_INPUT, "a file is needed for '%s'", set->name);
    if (run_check_set(run, set->name, answer, error) != 0) {
        if (!run_lacks_lanes(run, set->name, answer))
            return -1;
        cli_fail(error); /* what is missing is asked for next */
    }
    if (asprintf(&operand, "%s=%s", set->name, answer) < 0)
        return ar_fail_memory(error);
    bool added = run_list_add(&run->options.sets, operand);
    free(operand);
    return added ? 0 : ar_fail_memory(error);
}

/* Nothing is no mistake: another file was meant. */
static int take_lane_key(struct run *run, const void *about, const char *answer, struct ar_error *error)
{
    const struct ar_manifest_set *set = about;
    struct run_options *o = &run->options;
    char *key;
    if (!*answer)
        return 0;
    if (asprintf(&key, "%s=%s", set->name, answer) < 0)
        return ar_fail_memory(error);
    bool added = run_list_add(&o->lane_key, key);
    free(key);
    if (!added)
        return ar_fail_memory(error);
    int result = run_check_lanes(run, set->name, run_set_file(o, set->name), error);
    if (result == 0)
        return 0;
    run_list_drop(&o->lane_key);
    return access(answer, F_OK) == 0 ? ar_hint(error, "That is a file: where another one was meant, give an empty answer first.") : -1;
}

static int take_samples(struct run *run, const void *about, const char *answer, struct ar_error *error)
{
    struct ar_targets targets = { 0 };
    (void)about;
    if (!*answer)
        return 0;
    int result = ar_samples_load(&targets, answer, error);
    ar_targets_release(&targets);
    if (result != 0)
        return -1;
    return run_set(&run->options.samples, answer) ? 0 : ar_fail_memory(error);
}

static int take_folder(struct run *run, const void *about, const char *answer, struct ar_error *error)
{
    struct ar_buf fallback;
    (void)about;
    ar_buf_init(&fallback);
    int result = *answer ? 0 : run_default_folder(&run->options, &fallback, error);
    if (result == 0)
        result = run_check_folder(*answer ? answer : fallback.data, error);
    ar_buf_release(&fallback);
    if (result != 0 || !*answer)
        return result;
    return run_set(&run->options.folder, answer) ? 0 : ar_fail_memory(error);
}

/* A parameter that is asked for. */
struct asked {
    struct run_params *params;
    struct run_param *param;
};

static int take_param(struct run *run, const void *about, const char *answer, struct ar_error *error)
{
    const struct asked *asked = about;
    struct ar_buf assignment;
    if (!*answer && asked->param->fallback)
        return 0;
    if (!*answer)
        return ar_fail(error, AR_INPUT, "'%s' has no default: a value is needed", asked->param->name);
    ar_buf_init(&assignment);
    int result = run_param_answer(run, asked->params, asked->param, answer, &assignment, error);
    if (result == 0 && !run_list_add(&run->options.param, assignment.data))
        result = ar_fail_memory(error);
    ar_buf_release(&assignment);
    return result;
}

/* ---- the questions -------------------------------------------------------------------------------------------------- */

/* Asks which column of its file tells the lane. 1 where the answer is that it is another file; 0; -1. */
static int ask_lanes(struct run *run, const struct ar_manifest_set *set, struct ar_error *error)
{
    struct run_options *o = &run->options;
    const size_t before = o->lane_key.n;
    struct ar_buf prompt;
    ar_buf_init(&prompt);
    ar_buf_add_tr(&prompt, "column of '%s' that tells the lane of a row, or COLUMN~REGEX for a part of it [it is another file]",
                  run_set_file(o, set->name));
    int result = ask(run, prompt.data, false, take_lane_key, set, error);
    ar_buf_release(&prompt);
    if (result != 0)
        return -1;
    if (o->lane_key.n > before) {
        if (run_check_set(run, set->name, run_set_file(o, set->name), error) == 0)
            return 0;
        cli_fail(error); /* a column of its rules */
        run_list_drop(&o->lane_key);
    }
    run_list_drop(&o->sets);
    return 1;
}

static int ask_set(struct run *run, const struct ar_manifest_set *set, struct ar_error *error)
{
    struct ar_buf prompt;
    int result;
    ar_buf_init(&prompt);
    ar_buf_add_format(&prompt, "%s%s%s%s", set->name, set->description ? " (" : "", set->description ? set->description : "",
                      set->description ? ")" : "");
    do {
        result = ask(run, prompt.data, true, take_set, set, error);
        if (result == 0 && run_lacks_lanes(run, set->name, run_set_file(&run->options, set->name)))
            result = ask_lanes(run, set, error);
    } while (result > 0);
    ar_buf_release(&prompt);
    return result;
}

static int ask_sets(struct run *run, struct ar_error *error)
{
    for (size_t i = 0; i < run->method.manifest.n_sets; i++) {
        const struct ar_manifest_set *set = &run->method.manifest.set[i];
        if (!run_set_file(&run->options, set->name) && ask_set(run, set, error) != 0)
            return -1;
    }
    return 0;
}

static int ask_params(struct run *run, struct ar_error *error)
{
    struct run_params params;
    int result = run_params_read(&params, run, error);
    for (size_t i = 0; result == 0 && i < params.n; i++) {
        struct run_param *param = &params.param[i];
        const struct asked asked = { &params, param };
        struct ar_buf prompt;
        if (param->given || (!param->required && !param->fallback))
            continue;
        ar_buf_init(&prompt);
        ar_buf_add_format(&prompt, "%s%s%s%s", param->name, *param->description ? " (" : "", param->description, *param->description ? ")" : "");
        if (*param->expected)
            ar_buf_add_format(&prompt, ": %s", param->expected);
        if (param->fallback)
            ar_buf_add_format(&prompt, " [%s]", param->fallback);
        result = ask(run, prompt.data, false, take_param, &asked, error);
        ar_buf_release(&prompt);
    }
    run_params_release(&params);
    return result;
}

/* Params that the schema does not allow are told before a large input is read. Those of a run tar are in it. */
static int check_params(const struct run *run, const struct run_params *params, struct ar_error *error)
{
    struct ar_buf whole;
    const struct ar_schema *schema = run->method.loaded && !run->options.run_tar ? run->method.manifest.params : NULL;
    if (!schema)
        return 0;
    ar_buf_init(&whole);
    int result = ar_schema_apply(schema, params->given.data, params->given.len, &whole, ar_tr("params"), error);
    ar_buf_release(&whole);
    return result;
}

/* The names of all that is missing; empty where nothing is. */
static int list_missing(const struct run *run, struct ar_buf *list, struct ar_error *error)
{
    const struct run_options *o = &run->options;
    struct run_params params;
    if (!o->method)
        ar_buf_add_text(list, ar_tr("the method (-m METHOD)"));
    if (!o->method && o->sets.n == 0 && !o->run_tar)
        ar_buf_add_text(list, ar_tr(", its sets (SET=FILE)"));
    for (size_t i = 0; run->method.loaded && !o->run_tar && i < run->method.manifest.n_sets; i++) {
        const char *set = run->method.manifest.set[i].name;
        if (!run_set_file(o, set))
            ar_buf_add_tr(list, list->len ? N_(", the set %s (%s=FILE)") : N_("the set %s (%s=FILE)"), set, set);
    }
    int result = run_params_read(&params, run, error);
    for (size_t i = 0; result == 0 && !o->run_tar && i < params.n; i++)
        if (run_param_missing(&params.param[i]))
            ar_buf_add_tr(list, list->len ? N_(", the parameter %s (-P %s=JSON)") : N_("the parameter %s (-P %s=JSON)"),
                          params.param[i].name, params.param[i].name);
    if (result == 0 && list->len == 0)
        result = check_params(run, &params, error);
    run_params_release(&params);
    return result == 0 ? ar_buf_check(list, error) : -1;
}

int run_ask(struct run *run, struct ar_error *error)
{
    struct run_options *o = &run->options;
    struct ar_buf missing;
    ar_buf_init(&missing);
    int result = list_missing(run, &missing, error);
    bool some = missing.len > 0;
    ar_buf_release(&missing);
    if (result != 0 || !some)
        return result;
    if (run_check_given(run, error) != 0)
        return -1;
    take_utf8();
    print(ar_tr("What is missing is asked for; Tab completes names of files, Ctrl-C gives up."));
    if (!o->method && (ask(run, ar_tr("method (its manifest, or its program)"), true, take_method, NULL, error) != 0 ||
                       run_check_given(run, error) != 0))
        return -1;
    if (!o->run_tar && ask_sets(run, error) != 0)
        return -1;
    if (!o->samples && !o->run_tar &&
        ask(run, ar_tr("samples table with the columns data,sample [none: every lane that is found]"), true, take_samples, NULL, error) != 0)
        return -1;
    if (ask_params(run, error) != 0)
        return -1;
    return o->folder ? 0 : ask(run, ar_tr("folder for the results [results, beside the first set]"), true, take_folder, NULL, error);
}

/* A run tar may have been meant, for which a file on standard input would do (run_take_input). */
static void tell_of_pipe(const struct run_options *o)
{
    struct stat in;
    if (o->sets.n == 0 && !o->run_tar && fstat(STDIN_FILENO, &in) == 0 && S_ISFIFO(in.st_mode))
        cli_more("a run tar is read more than once here: name it as an operand, or give it by '<' and not through a pipe");
}

int run_missing(const struct run *run)
{
    struct ar_error error = { 0 };
    struct ar_buf list;
    int status = AR_OK;
    ar_buf_init(&list);
    if (run_check_names(run, &error) != 0 || run_check_files(run, &error) != 0 || list_missing(run, &list, &error) != 0)
        status = cli_fail(&error);
    else if (list.len) {
        status = cli_usage("missing: %s", list.data);
        tell_of_pipe(&run->options);
    }
    ar_buf_release(&list);
    return status;
}
