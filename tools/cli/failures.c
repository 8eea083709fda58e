/* SPDX-License-Identifier: MIT */
#include "cli/failures.h"

#include <sys/stat.h>

#include "bytes/grow.h"
#include "bytes/text.h"

enum { MANY = 4 };

/* Does the line of n bytes say no more than the cause? As a method in C logs it: "METHOD: lane 'LANE': CAUSE". */
static bool repeats_cause(const char *line, size_t n, const struct cli_failure *failure)
{
    size_t cause = strlen(failure->cause), lane = strlen(failure->target->data);
    if (n < cause || memcmp(line + n - cause, failure->cause, cause) != 0)
        return false;
    n -= cause;
    return n == 0 || (n >= lane + 4 && line[n - lane - 4] == '\'' && memcmp(line + n - lane - 3, failure->target->data, lane) == 0 &&
                      memcmp(line + n - 3, "': ", 3) == 0);
}

/* Takes from the log what the cause does not say. */
static void keep_log(struct cli_failure *failure, const char *log)
{
    ar_buf_init(&failure->log);
    for (size_t n; *log; log += n) {
        size_t line = strcspn(log, "\n");
        n = line + (log[line] == '\n');
        bool gap = line == 0 && failure->log.len == 0;
        if (!gap && !repeats_cause(log, line, failure))
            ar_buf_add(&failure->log, log, n);
    }
}

void cli_failures_add(struct cli_failures *failures, const struct ar_target *target, const char *cause, const char *log)
{
    if (failures->n == failures->room && !ar_grow(&failures->failure, &failures->room, sizeof *failures->failure)) {
        failures->left_out++;
        return;
    }
    struct cli_failure *failure = &failures->failure[failures->n++];
    *failure = (struct cli_failure){ .target = target, .cause = cause };
    keep_log(failure, log);
}

void cli_failures_release(struct cli_failures *failures)
{
    for (size_t i = 0; i < failures->n; i++)
        ar_buf_release(&failures->failure[i].log);
    free(failures->failure);
    failures->failure = NULL;
    failures->n = failures->room = 0;
}

/* Does the text stand at a folder of that name: "/NAME/"? Then its length, else 0. */
static size_t at_folder(const char *text, const char *name)
{
    size_t n = strlen(name);
    return text[0] == '/' && strncmp(text + 1, name, n) == 0 && text[n + 1] == '/' ? n + 1 : 0;
}

/* Are two lanes' texts the same, but for the lanes' own folders, of which a method may tell? */
static bool same_text(const char *a, const char *name_a, const char *b, const char *name_b)
{
    while (*a || *b) {
        size_t skip_a = at_folder(a, name_a), skip_b = at_folder(b, name_b);
        if (!(skip_a && skip_b) && *a != *b)
            return false;
        a += skip_a && skip_b ? skip_a : 1;
        b += skip_a && skip_b ? skip_b : 1;
    }
    return true;
}

static bool alike(const struct cli_failure *a, const struct cli_failure *b)
{
    return !b->told && strcmp(a->cause, b->cause) == 0 && same_text(a->log.data, a->target->data, b->log.data, b->target->data);
}

/* How many lanes failed as the first did, itself included. */
static size_t count_alike(const struct cli_failures *failures, size_t first)
{
    size_t n = 0;
    for (size_t i = first; i < failures->n; i++)
        n += alike(&failures->failure[first], &failures->failure[i]);
    return n;
}

static const char *listing(const struct cli_failures *failures)
{
    return failures->listing ? failures->listing : "ar-ls";
}

/* Names those, and marks them as told. */
static void name_alike(struct cli_failures *failures, size_t first, struct ar_buf *names)
{
    const struct cli_failure like = failures->failure[first];
    size_t n = 0;
    for (size_t i = first; i < failures->n; i++) {
        struct cli_failure *failure = &failures->failure[i];
        if (!alike(&like, failure))
            continue;
        failure->told = true;
        if (n++ < CLI_FAILURES_TOLD)
            ar_buf_add_format(names, "%s'%s'", n > 1 ? ", " : "", failure->target->data);
    }
    if (n > CLI_FAILURES_TOLD)
        ar_buf_add_tr(names, " and %zu more; %s lists them all", n - CLI_FAILURES_TOLD, listing(failures));
}

static void tell_cause(enum cli_failed how, const struct ar_target *target, const char *cause)
{
    if (how == CLI_FAILED)
        cli_warn_failed("lane '%s' (%s) failed: %s", target->data, target->sample, cause);
    else if (how == CLI_MISSING)
        cli_warn_failed("lane '%s' (%s) is missing: %s", target->data, target->sample, cause);
    else
        cli_warn_failed("lane '%s' (%s) is missing: it failed: %s", target->data, target->sample, cause);
}

/* The path of its log, where something is in it; else NULL. */
static char *log_of(const struct cli_failures *failures, const char *lane)
{
    char *path;
    struct stat st;
    if (!failures->logs || asprintf(&path, "%s/%s.log", failures->logs, lane) < 0)
        return NULL;
    if (stat(path, &st) == 0 && st.st_size > 0)
        return path;
    free(path);
    return NULL;
}

static void tell_one(const struct cli_failures *failures, const struct cli_failure *failure)
{
    const struct ar_target *target = failure->target;
    char *log = log_of(failures, target->data);
    struct ar_buf lane;
    ar_buf_init(&lane);
    ar_text_add_word(&lane, target->data);
    tell_cause(failures->how, target, failure->cause);
    cli_more_lines(failure->log.data);
    if (log)
        cli_more("log: %s", log);
    if (failures->work)
        cli_more("its folder: %s/%s", failures->work, target->data);
    if (failures->command)
        cli_more("run it again: %s", failures->command);
    if (failures->again)
        cli_more("run it again: the same command with --lane=%s", lane.data);
    ar_buf_release(&lane);
    free(log);
}

/* The same of n lanes, of which failure is the first one's. */
static void tell_alike(const struct cli_failures *failures, const struct cli_failure *failure, size_t n, const char *names)
{
    const char *lane = failure->target->data;
    char *log = log_of(failures, lane);
    struct ar_buf word;
    ar_buf_init(&word);
    ar_text_add_word(&word, lane);
    if (failures->how == CLI_FAILED)
        cli_warn_failed("%zu lanes failed alike: %s", n, failure->cause);
    else if (failures->how == CLI_MISSING)
        cli_warn_failed("%zu lanes are missing: %s", n, failure->cause);
    else
        cli_warn_failed("%zu lanes are missing: they failed alike: %s", n, failure->cause);
    cli_more_lines(failure->log.data);
    cli_more("lanes: %s", names);
    if (log)
        cli_more("the first one's log: %s", log);
    if (failures->work)
        cli_more("the first one's folder: %s/%s", failures->work, lane);
    if (failures->command)
        cli_more("run them again: %s", failures->command);
    if (failures->again)
        cli_more("run one again: the same command with --lane=%s", word.data);
    ar_buf_release(&word);
    free(log);
}

void cli_failures_tell(struct cli_failures *failures)
{
    struct ar_buf names;
    ar_buf_init(&names);
    size_t shown = 0, lanes = 0;
    for (size_t i = 0; i < failures->n && shown < CLI_FAILURES_TOLD; i++) {
        struct cli_failure *failure = &failures->failure[i];
        if (failure->told)
            continue;
        size_t n = count_alike(failures, i);
        ar_buf_clear(&names);
        if (n >= MANY)
            name_alike(failures, i, &names);
        else
            n = 1;
        failure->told = true;
        if (n == 1)
            tell_one(failures, failure);
        else
            tell_alike(failures, failure, n, names.data);
        shown++;
        lanes += n;
    }
    if (failures->n + failures->left_out > lanes)
        cli_more("and %zu more; %s lists them all", failures->n + failures->left_out - lanes, listing(failures));
    ar_buf_release(&names);
}

void cli_failures_argument(char *const *method)
{
    for (size_t i = 1; method[0] && method[i]; i++) {
        struct stat st;
        const char *name = method[i];
        if (name[0] == '/' || name[0] == '-' || stat(name, &st) != 0 || !S_ISREG(st.st_mode))
            continue;
        cli_more("'%s' is a file here, but the method runs in a folder of its own: write \"$PWD/%s\"", name, name);
        return;
    }
}
