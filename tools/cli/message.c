/* SPDX-License-Identifier: MIT */
/*
 * Messages, and the end of a tool.
 */
#include <fcntl.h>
#include <time.h>

#include "bytes/io.h"
#include "bytes/text.h"
#include "cli/cli.h"
#include "cli/state.h"

volatile sig_atomic_t cli_stop;
#define AT_FIRST { .name = "analysisrun", .level = CLI_INFO }
struct cli_state cli = AT_FIRST;

static void handle_stop(int sig)
{
    cli_stop = sig;
    alarm(1); /* a call that began in the meantime is interrupted by the next one */
}

static void handle_alarm(int sig)
{
    (void)sig;
    if (cli_stop)
        alarm(1);
}

static void handle_bus(int sig)
{
    (void)!write(STDERR_FILENO, cli.name, strlen(cli.name));
    (void)!write(STDERR_FILENO, ": ", 2);
    (void)!write(STDERR_FILENO, cli.shrank, strlen(cli.shrank));
    (void)sig;
    _exit(AR_SYSTEM);
}

/*
 * A standard stream that was closed would be given to the next file that is opened, and that file be written over: its place is
 * held by what cannot be used.
 */
static void hold_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

static void read_level(void)
{
    static const char *const levels[] = { "ERROR", "WARNING", "INFO", "DEBUG" }; /* in the order of enum cli_level */
    const char *level = getenv("LOGLEVEL");
    if (!level || !*level)
        return;
    for (size_t i = 0; i < AR_COUNT(levels); i++)
        if (strcmp(level, levels[i]) == 0) {
            cli.level = (enum cli_level)i;
            return;
        }
    cli_warn("LOGLEVEL '%s' is not known: expected ERROR, WARNING, INFO or DEBUG; INFO is taken", level);
}

void cli_start(const struct cli_tool *tool)
{
    cli = (struct cli_state)AT_FIRST; /* nothing is left of another tool in whose process this one runs */
    cli_stop = 0;
    optind = 0;
    hold_standard_streams();
    ar_tr_choose();
    cli.name = tool->name;
    cli.tool = tool;
    cli.shrank = ar_tr("an input file shrank while it was read\n"
                       "  Run it again once nothing writes to the file any more.\n");
    read_level();
    struct sigaction action = { .sa_handler = handle_stop };
    sigemptyset(&action.sa_mask);
    static const int stops[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGXCPU };
    for (size_t i = 0; i < AR_COUNT(stops); i++) {
        struct sigaction old;
        if (sigaction(stops[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(stops[i], &action, NULL);
    }
    action.sa_handler = handle_alarm;
    sigaction(SIGALRM, &action, NULL);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is a write that fails, and told as one */
    action.sa_handler = handle_bus;
    sigaction(SIGBUS, &action, NULL);
}

/* Prints "PREFIX TEXT\n" in one write, harmlessly. */
static void print_line(const char *prefix, const char *separator, const char *text, size_t n)
{
    struct ar_buf line;
    ar_buf_init(&line);
    if (cli.progress_shown)
        ar_buf_add_text(&line, "\r\033[K");
    cli.progress_shown = false;
    ar_buf_add_text(&line, prefix);
    ar_buf_add_text(&line, separator);
    ar_text_show(&line, text, n);
    ar_buf_add_char(&line, '\n');
    (void)!write(STDERR_FILENO, line.data, line.len);
    ar_buf_release(&line);
}

AR_PRINTF(3, 0)
static void print_format(const char *prefix, const char *separator, const char *format, va_list args)
{
    char *text;
    int n = vasprintf(&text, ar_tr(format), args);
    if (n < 0)
        return;
    print_line(prefix, separator, text, (size_t)n);
    free(text);
}

#define PRINT(prefix, separator)                                                                                               \
    do {                                                                                                                       \
        va_list args;                                                                                                          \
        va_start(args, format);                                                                                                \
        print_format(prefix, separator, format, args);                                                                         \
        va_end(args);                                                                                                          \
    } while (0)

void cli_warn(const char *format, ...)
{
    if (cli.level >= CLI_WARNING)
        PRINT(cli.name, ar_tr(": warning: "));
}

void cli_warn_failed(const char *format, ...)
{
    PRINT(cli.name, cli.level >= CLI_WARNING ? ar_tr(": warning: ") : ": ");
}

void cli_info(const char *format, ...)
{
    if (cli.level >= CLI_INFO && !cli.quiet)
        PRINT(cli.name, ": ");
}

void cli_answer(const char *format, ...)
{
    if (cli.level >= CLI_INFO)
        PRINT(cli.name, ": ");
}

void cli_debug(const char *format, ...)
{
    if (cli.level >= CLI_DEBUG)
        PRINT(cli.name, ": ");
}

void cli_more(const char *format, ...)
{
    PRINT("", "  ");
}

void cli_more_lines(const char *text)
{
    for (const char *end; (end = strchr(text, '\n')); text = end + 1)
        cli_more("| %.*s", (int)(end - text), text);
}

bool cli_is_quiet(void)
{
    return cli.quiet;
}

void cli_pass(const char *text, size_t n)
{
    struct ar_error error;
    if (n && cli.progress_shown)
        (void)!write(STDERR_FILENO, "\r\033[K", 4);
    cli.progress_shown = cli.progress_shown && !n;
    (void)!ar_write_fd(STDERR_FILENO, text, n, ar_tr("standard error"), &error);
}

int cli_usage(const char *format, ...)
{
    struct ar_buf text;
    char *line;
    va_list args;
    va_start(args, format);
    int n = vasprintf(&line, ar_tr(format), args);
    va_end(args);
    ar_buf_init(&text);
    ar_buf_add_tr(&text, "%s; see '%s --help'", n < 0 ? "" : line, cli.name);
    print_line(cli.name, ": ", text.data, text.len);
    snprintf(cli.usage, sizeof cli.usage, "%s", text.data);
    ar_buf_release(&text);
    if (n >= 0)
        free(line);
    return AR_INPUT;
}

const char *cli_usage_text(void)
{
    return cli.usage;
}

int cli_fail(const struct ar_error *error)
{
    if (cli_stop)
        return AR_SYSTEM; /* what failed is that it was asked to stop */
    if (error->no_input) {
        const char *text = ar_tr("no input (did the command before it fail?)");
        print_line(cli.name, ": ", text, strlen(text));
        return AR_INPUT;
    }
    print_line(cli.name, ": ", error->what, strlen(error->what));
    if (*error->hint)
        print_line("", "  ", error->hint, strlen(error->hint));
    return error->status ? (int)error->status : AR_SYSTEM;
}

void cli_die_of_pipe(void)
{
    sigset_t pipe;
    cli_progress_end();
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_UNBLOCK, &pipe, NULL);
    raise(SIGPIPE);
}

int cli_end(int status)
{
    cli_progress_end();
    if (cli_stop) {
        alarm(0);
        signal(cli_stop, SIG_DFL);
        raise(cli_stop);
    }
    return cli_close_output(status);
}

int cli_close_output(int status)
{
    if (ferror(stdout) || fflush(stdout) != 0 || (close(STDOUT_FILENO) != 0 && errno != EBADF)) {
        int saved = errno;
        struct ar_error error;
        if (status == AR_SYSTEM)
            return status; /* that it failed was told, by who wrote */
        ar_fail_errno(&error, saved, "cannot write standard output");
        int failed = cli_fail(&error);
        return status ? status : failed;
    }
    return status;
}
