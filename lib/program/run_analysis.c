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
#include "lanes/params.h"
#include "methods/proc.h"
#include "methods/share_log.h"
#include "program/declare.h"
#include "program/lanes_step.h"
#include "program/results.h"

enum { ANALYZE = 3, STAGES = 5, SAID_MAX = 8000 };

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

/* The forked process: a tool, or analyze. Does not return. */
static void be_stage(const struct pipeline *p, const struct stage *stage, int in, int out)
{
    struct ar_error error = { 0 };
    signal(SIGPIPE, SIG_DFL);
    if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(stage->said, STDERR_FILENO) < 0)
        _exit(AR_SYSTEM);
    if (stage->argv) {
        (void)fcntl(p->manifest_fd, F_SETFD, 0);
        if (p->params_fd >= 0)
            (void)fcntl(p->params_fd, F_SETFD, 0);
        execvp(stage->argv[0], stage->argv);
        tell_unstarted(stage->argv[0], errno);
    }
    int to = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3), from = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (to < 0 || from < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        _exit(AR_SYSTEM);
    int result = setenv(AR_LOG_LANES, "1", 1) == 0 ? ar_lanes_step(p->method, p->manifest.params, from, to, STDERR_FILENO, &error)
                                                   : ar_fail_memory(&error);
    (void)fflush(stdout);
    dprintf(STDERR_FILENO, "%c\n", AR_LOG_MARK); /* what follows is of no lane */
    if (result != 0)
        dprintf(STDERR_FILENO, "%s: %s\n%s%s", p->method->name, error.what, error.hint, *error.hint ? "\n" : "");
    _exit(result == 0 ? AR_OK : error.status ? (int)error.status : AR_SYSTEM);
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

/* Reads the end of what a process said. Returns its length. */
static size_t read_said(const struct stage *stage, char text[SAID_MAX + 1])
{
    struct stat st;
    off_t start = fstat(stage->said, &st) == 0 && st.st_size > SAID_MAX ? st.st_size - SAID_MAX : 0;
    ssize_t n = pread(stage->said, text, SAID_MAX, start);
    text[n > 0 ? n : 0] = '\0';
    return n > 0 ? (size_t)n : 0;
}

/* What analyze said behind its last mark; *lane is the mark's name, "" where it was at no lane. NULL where it was at none yet. */
static char *behind_mark(char *text, size_t n, const char **lane)
{
    char *mark = memrchr(text, AR_LOG_MARK, n), *lf = mark ? strchr(mark, '\n') : NULL;
    if (!lf)
        return NULL;
    *lf = '\0';
    *lane = mark + 1;
    return lf + 1;
}

/* Did analyze end within a lane, in whatever way? Then that is the problem. */
static bool blame_lane(const struct stage *stage, struct ar_problem *problem)
{
    char text[SAID_MAX + 1];
    const char *lane, *said = behind_mark(text, read_said(stage, text), &lane);
    if (stage->argv || !said || !*lane)
        return false;
    const struct ar_proc_end end = { .how = WIFEXITED(stage->status) ? AR_PROC_EXITED : AR_PROC_SIGNAL,
                                     .value = WIFEXITED(stage->status) ? WEXITSTATUS(stage->status) : WTERMSIG(stage->status) };
    struct ar_buf how;
    ar_buf_init(&how);
    ar_proc_describe(&end, &how);
    problem->status = AR_CONTENT;
    snprintf(problem->message, sizeof problem->message, ar_tr("lane '%s': %s %s"), lane, "analyze", how.data);
    snprintf(problem->detail, sizeof problem->detail, "%s", said);
    ar_buf_release(&how);
    return true;
}

/* Puts what a process said into the problem: its first line is the message. True where it said something. */
static bool take_said(const struct stage *stage, struct ar_problem *problem)
{
    char whole[SAID_MAX + 1];
    const char *lane, *text = whole;
    size_t n = read_said(stage, whole);
    if (!stage->argv && !(text = behind_mark(whole, n, &lane)))
        text = whole;
    if (!*text)
        return false;
    size_t line = strcspn(text, "\n");
    snprintf(problem->message, sizeof problem->message, "%.*s", (int)line, text);
    snprintf(problem->detail, sizeof problem->detail, "%s", text + line + (text[line] == '\n'));
    return true;
}

/* The first process that failed by itself is the cause; those behind it had no whole input, those before it nobody to write to. */
static void blame(const struct pipeline *p, const struct ar_error *error, struct ar_problem *problem)
{
    set_problem(problem, error);
    for (int i = 0; i < STAGES; i++) {
        const struct stage *stage = &p->stage[i];
        bool exited = WIFEXITED(stage->status);
        if (!(WIFSIGNALED(stage->status) && WTERMSIG(stage->status) == SIGPIPE) && blame_lane(stage, problem))
            return;
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

/* Appends what analyze said, of all lanes: what a method says for the developer is there. */
static void add_said(struct ar_buf *detail, const struct stage *stage)
{
    char text[SAID_MAX + 1];
    size_t n = read_said(stage, text);
    for (size_t at = 0, len; at < n; at += len) {
        const char *lf = memchr(text + at, '\n', n - at);
        len = lf ? (size_t)(lf - text) + 1 - at : n - at;
        if (text[at] != AR_LOG_MARK)
            ar_buf_add(detail, text + at, len);
    }
}

/* Lanes failed: each with its cause. */
static int fail_lanes(const struct pipeline *p, const struct ar_merged *merged, struct ar_problem *problem)
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
    add_said(&text, &p->stage[ANALYZE]);
    snprintf(problem->detail, sizeof problem->detail, "%s", text.data);
    ar_buf_release(&text);
    return -1;
}

/* ---- the whole ------------------------------------------------------------------------------------------------------ */

static struct ar_frame *make_table(struct pipeline *p, const struct ar_merged *merged, struct ar_problem *problem)
{
    struct ar_error error = { 0 };
    struct ar_frame *table = NULL;
    struct ar_buf csv;
    if (ar_merged_missing(merged) > 0 && !p->options->keep_going) {
        fail_lanes(p, merged, problem);
        return NULL;
    }
    ar_buf_init(&csv);
    if (ar_results_judge(p->method, p->manifest.params, merged, &csv, &error) == 0)
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

/* Takes the place of standard streams that are closed, which no pipe and no file must get here. Returns how many. */
static size_t hold_standard(int held[3])
{
    size_t n = 0;
    for (int fd = open("/dev/null", O_RDWR | O_CLOEXEC); fd >= 0; fd = open("/dev/null", O_RDWR | O_CLOEXEC)) {
        if (fd > STDERR_FILENO) {
            close(fd);
            break;
        }
        held[n++] = fd;
    }
    return n;
}

struct ar_frame *ar_run_analysis(const struct ar_method *method, const struct ar_analysis_options *options, struct ar_problem *problem)
{
    struct pipeline p = { .method = method, .options = options, .manifest_fd = -1, .params_fd = -1, .end = -1 };
    struct ar_error error = { 0 };
    struct ar_problem unread;
    int held[3];
    size_t n_held = hold_standard(held);
    if (!problem)
        problem = &unread;
    for (int i = 0; i < STAGES; i++)
        p.stage[i].said = -1;
    *problem = (struct ar_problem){ 0 };
    ar_tr_choose_once();
    struct ar_frame *table = NULL;
    if (ar_declare_check(&p.manifest, method, "method", &error) == 0)
        table = run(&p, problem);
    else
        set_problem(problem, &error);
    release(&p);
    while (n_held > 0)
        close(held[--n_held]);
    return table;
}
