/* SPDX-License-Identifier: MIT */
/*
 * A whole analysis from a program of the caller's: the tools and a fork of the program as one pipeline, whose end is read here.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "bytes/file.h"
#include "bytes/text.h"
#include "lanes/params.h"
#include "program/declare.h"
#include "program/lanes_step.h"
#include "program/results.h"

enum { STAGES = 5, SAID_MAX = 16000 };

/* One process of the pipeline. */
struct stage {
    char **argv; /* NULL: analyze, in a fork of this process */
    pid_t pid;   /* 0: not running */
    int said;    /* its standard error: a file in memory */
    int status;
};

struct pipeline {
    const struct ar_method *method;
    const struct ar_analysis_options *options;
    struct ar_manifest manifest;
    int manifest_fd, params_fd; /* files in memory, or -1 */
    char manifest_path[32], params_path[32];
    struct stage stage[STAGES];
    int held[3], n_held; /* descriptors in the place of standard ones that the caller has closed */
    struct sigaction on_child; /* what the caller does at a child's end */
    int end; /* where the merged stream comes out, or -1 */
};

/* ---- what is given -------------------------------------------------------------------------------------------------- */

static bool is_input(const struct ar_analysis_options *options, const char *set)
{
    for (const struct ar_input *input = options->inputs; input && input->set; input++)
        if (strcmp(input->set, set) == 0)
            return true;
    return false;
}

/* The inputs are the sets of the method, all of them and no others. */
static int check_inputs(const struct pipeline *p, struct ar_error *error)
{
    struct ar_buf names;
    int result = 0;
    ar_buf_init(&names);
    for (const struct ar_method_set *set = p->method->sets; set->name; set++) {
        ar_buf_add_format(&names, "%s'%s'", names.len ? ", " : "", set->name);
        if (result == 0 && !is_input(p->options, set->name))
            result = ar_fail(error, AR_INPUT, "the inputs lack the set '%s' of the method", set->name);
    }
    for (const struct ar_input *input = p->options->inputs; result == 0 && input && input->set; input++) {
        const struct ar_method_set *set = p->method->sets;
        while (set->name && strcmp(set->name, input->set) != 0)
            set++;
        if (!set->name)
            result = ar_fail(error, AR_INPUT, "the method has no set '%s'; its sets are %s", input->set, names.data);
    }
    ar_buf_release(&names);
    return result;
}

/* ---- the commands --------------------------------------------------------------------------------------------------- */

/* A list of words that grows; a NULL word makes it bad. */
static void add_word(char ***argv, char *word)
{
    size_t n = 0;
    while (*argv && (*argv)[n])
        n++;
    char **grown = *argv && word ? reallocarray(*argv, n + 2, sizeof *grown) : NULL;
    if (!grown) {
        free(word);
        for (size_t i = 0; *argv && i < n; i++)
            free((*argv)[i]);
        free(*argv);
        *argv = NULL;
        return;
    }
    grown[n] = word;
    grown[n + 1] = NULL;
    *argv = grown;
}

static void add_option(char ***argv, const char *option, const char *value)
{
    if (!value)
        return;
    add_word(argv, strdup(option));
    add_word(argv, strdup(value));
}

static char **new_command(const struct pipeline *p, const char *tool)
{
    char *path;
    char **argv = calloc(1, sizeof *argv);
    const char *folder = p->options->tools;
    if (asprintf(&path, "%s%s%s", folder ? folder : "", folder ? "/" : "", tool) < 0)
        path = NULL;
    add_word(&argv, path);
    add_word(&argv, strdup("-q"));
    return argv;
}

static int make_commands(struct pipeline *p, struct ar_error *error)
{
    static const char *const tool[STAGES] = { "ar-split", "ar-cleanse", "ar-pack", NULL, "ar-merge" };
    for (int i = 0; i < STAGES; i++)
        if (tool[i])
            p->stage[i].argv = new_command(p, tool[i]);
    add_option(&p->stage[0].argv, "-s", p->options->samples);
    add_option(&p->stage[0].argv, "--lane-key", p->options->lane_key);
    add_word(&p->stage[0].argv, strdup("--keep-going")); /* a status of 1 is then a failure of the whole */
    add_word(&p->stage[0].argv, strdup("--"));
    for (const struct ar_input *input = p->options->inputs; input && input->set; input++) {
        char *word;
        add_word(&p->stage[0].argv, asprintf(&word, "%s=%s", input->set, input->path ? input->path : "") < 0 ? NULL : word);
    }
    add_option(&p->stage[1].argv, "-m", p->manifest_path);
    add_option(&p->stage[2].argv, "-m", p->manifest_path);
    add_option(&p->stage[2].argv, "-p", p->params_fd >= 0 ? p->params_path : NULL);
    for (int i = 0; i < STAGES; i++)
        if (tool[i] && !p->stage[i].argv)
            return ar_fail_memory(error);
    return 0;
}

/* A file in memory with a text, which the tools open by the path. */
static int make_file(const char *text, size_t n, char path[32], struct ar_error *error)
{
    int fd = ar_memory_file(text, n, error);
    snprintf(path, 32, "/proc/self/fd/%d", fd);
    return fd;
}

static int make_files(struct pipeline *p, struct ar_error *error)
{
    const char *params = p->options->params;
    struct ar_buf text;
    ar_buf_init(&text);
    ar_declare(p->method, "method", &text);
    if (ar_buf_check(&text, error) == 0)
        p->manifest_fd = make_file(text.data, text.len, p->manifest_path, error);
    ar_buf_release(&text);
    if (p->manifest_fd < 0)
        return -1;
    if (params && ar_params_check(params, strlen(params), ar_tr("params"), error) != 0)
        return -1;
    if (params)
        p->params_fd = make_file(params, strlen(params), p->params_path, error);
    return params && p->params_fd < 0 ? -1 : 0;
}

/* ---- what is found -------------------------------------------------------------------------------------------------- */

static bool loses_children(const struct sigaction *on_child)
{
    return on_child->sa_handler == SIG_IGN || (on_child->sa_flags & SA_NOCLDWAIT);
}

/*
 * No descriptor of the pipeline takes the place of a standard one that the caller has closed, and how processes end is not lost where it
 * ignores that. 0 or -1.
 */
static int hold(struct pipeline *p, struct ar_error *error)
{
    struct sigaction usual = { .sa_handler = SIG_DFL };
    int fd;
    while ((fd = open("/dev/null", O_RDWR | O_CLOEXEC)) >= 0 && fd <= STDERR_FILENO)
        p->held[p->n_held++] = fd;
    if (fd < 0)
        return ar_fail_errno(error, errno, "cannot open '/dev/null'");
    close(fd);
    if (loses_children(&p->on_child) && sigaction(SIGCHLD, &usual, NULL) != 0)
        return ar_fail_errno(error, errno, "cannot wait for a process");
    return 0;
}

/* All is as it was found. */
static void let_go(struct pipeline *p)
{
    if (loses_children(&p->on_child))
        (void)sigaction(SIGCHLD, &p->on_child, NULL);
    while (p->n_held > 0)
        close(p->held[--p->n_held]);
}

/* ---- the processes -------------------------------------------------------------------------------------------------- */

/* Says that a tool cannot be started. Does not return. */
static _Noreturn void tell_unstarted(const char *path, int errnum)
{
    struct ar_error error = { 0 };
    ar_fail_errno(&error, errnum, "cannot start '%s'", path);
    if (errnum == ENOENT)
        ar_hint(&error, "The tools are looked for in the folder that the options name as tools, or, where it is NULL, in PATH.");
    dprintf(STDERR_FILENO, "%s\n%s%s", error.what, error.hint, *error.hint ? "\n" : "");
    _exit(errnum == ENOENT ? AR_INPUT : AR_SYSTEM);
}

/* Reads lanes, and has each analyzed by a fork of this process. Does not return. */
static _Noreturn void be_analyze(const struct pipeline *p)
{
    struct ar_error error = { 0 };
    struct ar_lane_child child;
    int to = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3), from = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (to < 0 || from < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        _exit(AR_SYSTEM);
    int result = ar_lane_child_init(&child, STDERR_FILENO, &error);
    if (result == 0)
        result = ar_lanes_step(p->method, p->manifest.params, from, to, -1, &child, &error);
    ar_lane_child_release(&child);
    if (result != 0)
        dprintf(STDERR_FILENO, "%s: %s\n%s%s", p->method->name, error.what, error.hint, *error.hint ? "\n" : "");
    _exit(result == 0 ? AR_OK : error.status ? (int)error.status : AR_SYSTEM);
}

/* The forked process: a tool, or analyze. Signals are as a program finds them. Does not return. */
static _Noreturn void be_stage(const struct pipeline *p, const struct stage *stage, int in, int out)
{
    signal(SIGPIPE, SIG_DFL);
    signal(SIGCHLD, SIG_DFL);
    if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(stage->said, STDERR_FILENO) < 0)
        _exit(AR_SYSTEM);
    if (!stage->argv)
        be_analyze(p);
    (void)fcntl(p->manifest_fd, F_SETFD, 0);
    if (p->params_fd >= 0)
        (void)fcntl(p->params_fd, F_SETFD, 0);
    execvp(stage->argv[0], stage->argv);
    tell_unstarted(stage->argv[0], errno);
}

/* Starts a stage that reads from in, which it closes. Returns where its output is read, or -1. */
static int start_stage(struct pipeline *p, struct stage *stage, int in, struct ar_error *error)
{
    int ends[2];
    stage->said = memfd_create("analysisrun", MFD_CLOEXEC);
    if (stage->said < 0 || pipe2(ends, O_CLOEXEC) < 0) {
        close(in);
        return ar_fail_errno(error, errno, "cannot make a pipe");
    }
    pid_t pid = fork();
    if (pid == 0)
        be_stage(p, stage, in, ends[1]);
    int errnum = errno;
    close(in);
    close(ends[1]);
    if (pid > 0) {
        stage->pid = pid;
        return ends[0];
    }
    close(ends[0]);
    return ar_fail_errno(error, errnum, "cannot start a process");
}

static int start(struct pipeline *p, struct ar_error *error)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ar_fail_errno(error, errno, "cannot open '/dev/null'");
    fflush(NULL); /* what is buffered would be in the fork, too */
    for (int i = 0; i < STAGES; i++) {
        fd = start_stage(p, &p->stage[i], fd, error);
        if (fd < 0)
            return -1;
    }
    p->end = fd;
    return 0;
}

/* Waits for all processes; nobody reads what they write any more. */
static void finish(struct pipeline *p)
{
    if (p->end >= 0)
        close(p->end);
    p->end = -1;
    for (int i = 0; i < STAGES; i++) {
        struct stage *stage = &p->stage[i];
        while (stage->pid > 0 && waitpid(stage->pid, &stage->status, 0) < 0 && errno == EINTR)
            continue;
        stage->pid = 0;
    }
}

/* ---- what went wrong ------------------------------------------------------------------------------------------------ */

static void set_problem(struct ar_problem *problem, const struct ar_error *error)
{
    *problem = (struct ar_problem){ .status = error->status ? (int)error->status : AR_SYSTEM };
    snprintf(problem->message, sizeof problem->message, "%s", error->what);
    snprintf(problem->detail, sizeof problem->detail, "%s%s", error->hint, *error->hint ? "\n" : "");
}

/* As many whole lines as there is room for; "…" stands for those that are left out. */
static void set_detail(struct ar_problem *problem, const char *text)
{
    static const char more[] = "…\n";
    size_t n = strlen(text), room = sizeof problem->detail - sizeof more;
    if (n < sizeof problem->detail) {
        memcpy(problem->detail, text, n + 1);
        return;
    }
    const char *end = memrchr(text, '\n', room);
    n = end ? (size_t)(end + 1 - text) : 0;
    memcpy(problem->detail, text, n);
    memcpy(problem->detail + n, more, sizeof more);
}

/* Puts what a process said into the problem: its first line is the message. True where it said something. */
static bool take_said(const struct stage *stage, struct ar_problem *problem)
{
    char text[SAID_MAX + 1];
    ssize_t n = pread(stage->said, text, SAID_MAX, 0);
    if (n <= 0)
        return false;
    text[n] = '\0';
    size_t line = strcspn(text, "\n");
    snprintf(problem->message, sizeof problem->message, "%.*s", (int)line, text);
    set_detail(problem, text + line + (text[line] == '\n'));
    return true;
}

/* The first process that failed by itself is the cause; those behind it had no whole input, those before it nobody to write to. */
static void blame(const struct pipeline *p, const struct ar_error *error, struct ar_problem *problem)
{
    set_problem(problem, error);
    for (int i = 0; i < STAGES; i++) {
        const struct stage *stage = &p->stage[i];
        bool exited = WIFEXITED(stage->status);
        if (stage->status == 0 || (WIFSIGNALED(stage->status) && WTERMSIG(stage->status) == SIGPIPE))
            continue;
        problem->status = exited ? WEXITSTATUS(stage->status) : AR_CONTENT;
        bool said = take_said(stage, problem);
        if (!exited)
            snprintf(problem->message, sizeof problem->message, ar_tr("%s was ended by signal %d (%s)"),
                     stage->argv ? stage->argv[0] : "analyze", WTERMSIG(stage->status), strsignal(WTERMSIG(stage->status)));
        else if (!said)
            snprintf(problem->message, sizeof problem->message, ar_tr("%s failed"), stage->argv ? stage->argv[0] : "analyze");
        return;
    }
}

/* Appends the lines below the cause in the error of a lane, under the lane's name, where there are some. */
static int add_further(struct ar_merged *merged, const struct ar_merged_body *body, struct ar_buf *text, struct ar_error *error)
{
    uint64_t end = body->end - body->start > SAID_MAX ? body->start + SAID_MAX : body->end;
    struct ar_buf said;
    ar_buf_init(&said);
    int result = ar_waiting_read(&merged->errors, &said, body->start, end, error);
    const char *at = said.data, *last = said.data + said.len;
    size_t cause = ar_error_first_line(&at, said.len);
    at = memchr(at + cause, '\n', (size_t)(last - at) - cause);
    while (at && at < last && *at == '\n')
        at++;
    if (at && at < last)
        ar_buf_add_tr(text, "\nlane '%s':\n", merged->targets.entry[body->lane].data);
    while (at && at < last) {
        const char *line = at, *lf = memchr(at, '\n', (size_t)(last - at));
        at = lf ? lf + 1 : last;
        ar_text_show(text, line, (size_t)((lf ? lf : last) - line));
        ar_buf_add_char(text, '\n');
    }
    ar_buf_release(&said);
    return result;
}

/* Lanes failed: each with its cause, and what else was said of it below all of them. */
static int tell_lanes(struct ar_merged *merged, struct ar_problem *problem, struct ar_error *error)
{
    struct ar_buf text;
    ar_buf_init(&text);
    size_t n = merged->error.n, missing = ar_merged_missing(merged);
    for (size_t i = 0; i < n; i++) {
        const struct ar_merged_body *body = &merged->error.body[i];
        ar_buf_add_tr(&text, "lane '%s': %s\n", merged->targets.entry[body->lane].data, merged->names.data + body->cause);
    }
    *problem = (struct ar_problem){ .status = AR_CONTENT };
    snprintf(problem->message, sizeof problem->message, ar_tr("%zu of %zu lanes failed; %.*s"), missing, merged->targets.count,
             (int)strcspn(text.data, "\n"), text.data);
    int result = 0;
    for (size_t i = 0; i < n && result == 0 && text.len < sizeof problem->detail; i++)
        result = add_further(merged, &merged->error.body[i], &text, error);
    set_detail(problem, text.data);
    if (result == 0)
        result = ar_buf_check(&text, error);
    ar_buf_release(&text);
    return result;
}

/* ---- the whole ------------------------------------------------------------------------------------------------------ */

/* The result's table; where lanes failed, problem tells of them in any case. */
static struct ar_frame *make_table(struct pipeline *p, struct ar_merged *merged, struct ar_problem *problem)
{
    struct ar_error error = { 0 };
    struct ar_frame *table = NULL;
    struct ar_buf csv;
    bool missing = ar_merged_missing(merged) > 0;
    int result = missing ? tell_lanes(merged, problem, &error) : 0;
    if (result == 0 && missing && !p->options->keep_going)
        return NULL;
    ar_buf_init(&csv);
    if (result == 0 && ar_results_judge(p->method, p->manifest.params, merged, &csv, &error) == 0)
        table = ar_frame_read(csv.data, csv.len, ar_tr("the result"), &error);
    if (!table)
        set_problem(problem, &error);
    ar_buf_release(&csv);
    return table;
}

static struct ar_frame *run(struct pipeline *p, struct ar_problem *problem)
{
    struct ar_error error = { 0 };
    struct ar_frame *table = NULL;
    struct ar_merged merged;
    if (check_inputs(p, &error) != 0 || make_files(p, &error) != 0 || make_commands(p, &error) != 0 || start(p, &error) != 0) {
        finish(p);
        set_problem(problem, &error);
        return NULL;
    }
    ar_merged_init(&merged);
    struct ar_in *in = ar_in_new(p->end, ar_tr("the merged lanes"), &error);
    int result = in ? ar_merged_read(&merged, in, &error) : -1;
    ar_in_free(in);
    finish(p);
    if (result == 0)
        table = make_table(p, &merged, problem);
    else
        blame(p, &error, problem);
    ar_merged_release(&merged);
    return table;
}

static void release(struct pipeline *p)
{
    for (int i = 0; i < STAGES; i++) {
        for (size_t n = 0; p->stage[i].argv && p->stage[i].argv[n]; n++)
            free(p->stage[i].argv[n]);
        free(p->stage[i].argv);
        if (p->stage[i].said >= 0)
            close(p->stage[i].said);
    }
    if (p->manifest_fd >= 0)
        close(p->manifest_fd);
    if (p->params_fd >= 0)
        close(p->params_fd);
    ar_manifest_release(&p->manifest);
}

struct ar_frame *ar_run_analysis(const struct ar_method *method, const struct ar_analysis_options *options, struct ar_problem *problem)
{
    struct pipeline p = { .method = method, .options = options, .manifest_fd = -1, .params_fd = -1, .end = -1 };
    struct ar_error error = { 0 };
    for (int i = 0; i < STAGES; i++)
        p.stage[i].said = -1;
    struct ar_problem unasked;
    if (!problem)
        problem = &unasked;
    *problem = (struct ar_problem){ 0 };
    ar_tr_choose_once();
    (void)sigaction(SIGCHLD, NULL, &p.on_child);
    struct ar_frame *table = NULL;
    if (ar_declare_check(&p.manifest, method, "method", &error) == 0 && hold(&p, &error) == 0)
        table = run(&p, problem);
    else
        set_problem(problem, &error);
    release(&p);
    let_go(&p);
    return table;
}
