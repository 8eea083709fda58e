/* SPDX-License-Identifier: MIT */
/*
 * The start of a program: what is done between vfork and execve, and why it could not be executed.
 */
#include "methods/proc_start.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* ---- in the child --------------------------------------------------------------------------------------------------- */

static _Noreturn void child_fail(struct ar_proc_start *start, const char *step)
{
    start->errnum = errno;
    start->step = step;
    _exit(127);
}

void ar_proc_free_signals(const sigset_t *changed)
{
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigset_t none;

    for (int number = 1; number < NSIG; number++)
        if (sigismember(changed, number) == 1)
            sigaction(number, &standard, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* A descriptor above 2 of the same file: the caller's own may have been closed, and others have their numbers. */
static int above_standard(struct ar_proc_start *start, int fd, int flags)
{
    if (fd == -1)
        fd = open("/dev/null", flags);
    if (fd >= 0 && fd <= STDERR_FILENO)
        fd = fcntl(fd, F_DUPFD, STDERR_FILENO + 1);
    if (fd < 0)
        child_fail(start, N_("standard input and output"));
    return fd;
}

static void child_descriptors(struct ar_proc_start *start)
{
    const struct ar_proc *proc = start->proc;
    int in = above_standard(start, proc->in, O_RDONLY);
    int out = above_standard(start, start->out, O_WRONLY);
    int log = above_standard(start, start->log == -1 ? STDERR_FILENO : start->log, O_WRONLY);

    if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(log, STDERR_FILENO) < 0)
        child_fail(start, N_("standard input and output"));
    if (close_range(STDERR_FILENO + 1, ~0U, 0) != 0)
        child_fail(start, "close_range");
}

static void child_limit(struct ar_proc_start *start, uint64_t bytes)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_DATA, &limit) != 0)
        child_fail(start, N_("memory limit"));
    if (limit.rlim_max > bytes) /* RLIM_INFINITY is the greatest */
        limit.rlim_max = bytes;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_DATA, &limit) != 0)
        child_fail(start, N_("memory limit"));
}

/* The child, which shares the parent's memory: system calls only, and nothing of the parent's is changed but *start. */
static _Noreturn void child(struct ar_proc_start *start)
{
    const struct ar_proc *proc = start->proc;

    if (setsid() < 0) /* a group of its own, and no terminal to be stopped by */
        child_fail(start, "setsid");
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
        child_fail(start, "prctl");
    if (getppid() != start->parent) /* it died before the line above */
        _exit(127);
    if (proc->dirfd != AT_FDCWD && fchdir(proc->dirfd) != 0)
        child_fail(start, "fchdir");
    ar_proc_free_signals(&proc->changed); /* whatever the tool was started with (nohup, for one) */
    child_descriptors(start);
    if (proc->files.rlim_cur > 0 && setrlimit(RLIMIT_NOFILE, &proc->files) != 0)
        child_fail(start, N_("limit of descriptors"));
    if (proc->memory > 0)
        child_limit(start, proc->memory);
    execve(start->program, proc->argv, proc->env ? proc->env : environ);
    child_fail(start, NULL);
}

/* ---- before -------------------------------------------------------------------------------------------------------- */

void ar_proc_allow_files(struct ar_proc *proc, uint64_t n)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || n <= limit.rlim_cur)
        return;
    proc->files = limit;
    limit.rlim_cur = n < limit.rlim_max ? n : limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        proc->files.rlim_cur = 0; /* it stays as it was: what needs more tells so */
}

/* ---- in the parent -------------------------------------------------------------------------------------------------- */

pid_t ar_proc_spawn(struct ar_proc_start *start)
{
    pid_t pid = vfork();

    if (pid == 0)
        child(start);
    return pid;
}

/* Does the script's first line end with a CR, as editors on Windows leave it? */
static bool has_cr(int dirfd, const char *program)
{
    char line[128];
    int fd = openat(dirfd, program, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = fd >= 0 ? read(fd, line, sizeof line) : -1;

    if (fd >= 0)
        close(fd);
    if (n < 2 || memcmp(line, "#!", 2) != 0)
        return false;

    const char *lf = memchr(line, '\n', (size_t)n);
    return lf && lf[-1] == '\r';
}

const char *ar_proc_exec_hint(const struct ar_proc *proc, const char *program, int errnum)
{
    switch (errnum) {
    case EACCES:
        return N_("make it executable (chmod +x); the interpreter that its first line names must be executable too");
    case ENOEXEC:
        return N_("its first line must name its interpreter, such as #!/bin/sh; a compiled program must be made for this machine");
    case ENOENT:
        if (faccessat(proc->dirfd, program, F_OK, 0) != 0)
            return "";
        if (has_cr(proc->dirfd, program))
            return N_("its lines end as on Windows (CRLF), so that its interpreter is not found; remove the CRs");
        return N_("it is there, but the interpreter that its first line names is not installed");
    default:
        return "";
    }
}

bool ar_proc_is_passing(int errnum)
{
    return errnum == ENOMEM || errnum == EAGAIN || errnum == EMFILE || errnum == ENFILE || errnum == EIO || errnum == ETXTBSY;
}
