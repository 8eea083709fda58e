/* SPDX-License-Identifier: MIT */
/*
 * The line that shows how far the work is.
 */
#include <sys/stat.h>

#include "bytes/text.h"
#include "cli/state.h"

static double seconds_between(const struct timespec *from, const struct timespec *to)
{
    return (double)(to->tv_sec - from->tv_sec) + 1e-9 * (double)(to->tv_nsec - from->tv_nsec);
}

void cli_bytes(struct ar_buf *buf, uint64_t bytes)
{
    static const char *const units[] = { "kB", "MB", "GB", "TB", "PB" };
    if (bytes < 1000) {
        ar_buf_add_tr(buf, "%" PRIu64 " B", bytes);
        return;
    }
    double value = (double)bytes / 1000;
    size_t unit = 0;
    for (; value >= 999.95 && unit + 1 < AR_COUNT(units); unit++)
        value /= 1000;
    ar_buf_add_format(buf, "%.1f %s", value, units[unit]);
}

void cli_progress_start(const char *doing, const char *unit)
{
    struct stat out;
    bool pipe = fstat(STDOUT_FILENO, &out) == 0 && S_ISFIFO(out.st_mode);
    cli.progress_wanted = !cli.quiet && cli.level >= CLI_INFO && isatty(STDERR_FILENO) && !pipe;
    cli.doing = doing;
    cli.unit = unit;
    clock_gettime(CLOCK_MONOTONIC, &cli.started);
    cli.last = cli.started;
}

void cli_rate(struct ar_buf *buf, double rate)
{
    ar_buf_add_format(buf, rate < 0.995 ? "%.2g" : rate < 9.95 ? "%.1f" : "%.0f", rate);
}

/* "1.5 MB of 3.0 MB", "2 of 4 lanes"; without a total, "2 lanes". */
static void add_amount(struct ar_buf *line, uint64_t done, uint64_t total)
{
    bool bytes = strcmp(cli.unit, "B") == 0;
    if (bytes)
        cli_bytes(line, done);
    else
        ar_buf_add_digits(line, done);
    if (total)
        ar_buf_add_text(line, ar_tr(" of "));
    if (total && bytes)
        cli_bytes(line, total);
    else if (total)
        ar_buf_add_digits(line, total);
    if (!bytes)
        ar_buf_add_format(line, " %s", ar_tr(cli.unit));
}

/* Nothing where it is too little to tell. */
static void add_rate(struct ar_buf *line, double rate)
{
    bool bytes = strcmp(cli.unit, "B") == 0;
    if (rate < (bytes ? 1 : 0.001))
        return;
    ar_buf_add_text(line, ", ");
    if (bytes)
        cli_bytes(line, (uint64_t)rate);
    else
        cli_rate(line, rate);
    ar_buf_add_text(line, ar_tr("/s"));
}

void cli_progress(uint64_t done, uint64_t total, uint64_t failed)
{
    if (!cli.progress_wanted)
        return;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    double elapsed = seconds_between(&cli.started, &now);
    if (elapsed < 1 || (cli.progress_shown && seconds_between(&cli.last, &now) < 0.25))
        return;
    cli.last = now;
    struct ar_buf line;
    ar_buf_init(&line);
    ar_buf_add_format(&line, "\r%s: %s ", cli.name, ar_tr(cli.doing));
    add_amount(&line, done, total);
    if (failed)
        ar_buf_add_tr(&line, ", %" PRIu64 " failed", failed);
    add_rate(&line, (double)done / elapsed);
    if (total && done > 0 && total >= done) {
        unsigned long left = (unsigned long)(elapsed * (double)(total - done) / (double)done + 0.5);
        ar_buf_add_tr(&line, ", %lu:%02lu left", left / 60, left % 60);
    }
    ar_buf_add_text(&line, "\033[K");
    (void)!write(STDERR_FILENO, line.data, line.len);
    ar_buf_release(&line);
    cli.progress_shown = true;
}

void cli_progress_end(void)
{
    if (cli.progress_shown)
        (void)!write(STDERR_FILENO, "\r\033[K", 4);
    cli.progress_shown = false;
    cli.progress_wanted = false;
}
