/* SPDX-License-Identifier: MIT */
#include "methods/proc.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "bytes/io.h"
#include "methods/proc_keep.h"
#include "methods/proc_start.h"
#include "methods/proc_sweep.h"

#define NS_PER_S INT64_C(1000000000)
#define NEVER INT64_MAX
#define STOP_GRACE 1.0 /* seconds: whoever asked for a stop is waiting */
#define PAUSE 2000000  /* ns in which answers are left to gather: to be woken for each of them costs more than the answer */

enum { PIECE = 64 * 1024, PIPE_ROOM = 256 * 1024 }; /* a user has 64 MiB for pipes, in all processes */

/* ---- the supervisor ------------------------------------------------------------------------------------------------- */

int ar_proc_supervise(pid_t parent, struct ar_error *error)
{
    struct sigaction standard = {.sa_handler = SIG_DFL};

    sigaction(SIGCHLD, &standard, NULL); /* ignored, as some start us, it would leave nothing to wait for */
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
        return ar_fail_errno(error, errno, "cannot become the parent of orphans");
    if (parent == 0)
        return 0;
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0)
        return ar_fail_errno(error, errno, "cannot ask for a signal at the parent's death");
    if (getppid() != parent)
        return ar_fail(error, AR_SYSTEM, "the process that started this one has died");
    return 0;
}

/* ---- one run -------------------------------------------------------------------------------------------------------- */

struct run {
    const struct ar_proc *proc;
    struct ar_proc_end *end;
    sigset_t mask;   /* the caller's */
    pid_t pid;
    int pidfd;
    int pipe;        /* the read end of its standard output, or -1 */
    int log_pipe;    /* of its standard error */
    struct ar_log_keep log;
    int64_t started; /* by the monotonic clock, in nanoseconds */
    int64_t due;     /* when the next step of ending it is taken, or NEVER */
    int64_t quiet;   /* until when the pipes are not looked at; 0: they are */
    bool pauses;     /* there are such times */
    enum { RUNNING, TERMINATED, KILLED } ending;
    bool over_time;
    bool over_output;
    bool interrupted;
};

static int64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* That many seconds from now; NEVER for times beyond counting. */
static int64_t after(double seconds)
{
    if (!(seconds < 1e9)) /* 31 years, or not a number */
        return NEVER;
    return now() + (int64_t)((seconds > 0 ? seconds : 0) * (double)NS_PER_S);
}

/*
 * Signals its group, and the main process where that has left its group. It must not have been reaped, so that the numbers
 * are its own.
 */
static void signal_group(const struct run *run, int number)
{
    kill(-run->pid, number);
    if (getpgid(run->pid) != run->pid)
        kill(run->pid, number);
}

/* Asks it to end, also where it is stopped; what comes next is due after the grace. */
static void terminate(struct run *run, double grace)
{
    int64_t due = after(grace);

    if (run->ending == RUNNING) {
        run->ending = TERMINATED;
        run->due = NEVER;
        signal_group(run, SIGTERM);
        signal_group(run, SIGCONT);
    }
    if (run->ending == TERMINATED && due < run->due)
        run->due = due;
}

/* Takes the step that is due. */
static void take_step(struct run *run)
{
    if (run->ending == RUNNING) {
        run->over_time = true;
        terminate(run, run->proc->grace);
    } else {
        run->ending = KILLED;
        run->due = NEVER;
        signal_group(run, SIGKILL);
    }
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static int fail_read(const struct run *run, int pipe, int errnum, struct ar_error *error)
{
    return ar_fail_errno(error, errnum, pipe == run->pipe ? N_("cannot read the standard output of '%s'")
                                                          : N_("cannot read the standard error of '%s'"), run->end->name);
}

static int drain(struct run *run, int *pipe, struct ar_error *error);

/* Says how much output is there, once the log has what was written before it. */
static int tell_growth(struct run *run, struct ar_error *error)
{
    const struct ar_proc *proc = run->proc;
    int renewed = drain(run, &run->log_pipe, error);

    if (renewed == 0)
        renewed = proc->grew(proc->grew_arg, run->pid, run->end->out_bytes, error);
    if (renewed > 0 && run->due != NEVER)
        run->due = after(proc->seconds);
    return renewed < 0 ? -1 : 0;
}

static int take_output(struct run *run, const char *bytes, size_t n, struct ar_error *error)
{
    uint64_t *total = &run->end->out_bytes;

    if ((uint64_t)n > run->proc->out_limit - *total) {
        run->over_output = true;
        close_fd(&run->pipe);
        terminate(run, run->proc->grace);
        return 0;
    }
    *total += (uint64_t)n;
    if (ar_write_fd(run->proc->out, bytes, n, ar_tr("temporary file for standard output"), error) != 0)
        return -1;
    return run->proc->grew && run->ending == RUNNING ? tell_growth(run, error) : 0;
}

/* Takes up to max bytes from one of the pipes, which it closes at its end. Returns their number, 0 where there are none now. */
static ssize_t collect(struct run *run, int *pipe, size_t max, struct ar_error *error)
{
    static char bytes[PIECE]; /* a supervisor has one thread, and may have a small stack */
    ssize_t n = read(*pipe, bytes, max < sizeof bytes ? max : sizeof bytes);

    if (n < 0 && errno == EAGAIN)
        return 0;
    if (n < 0)
        return fail_read(run, *pipe, errno, error);
    if (n == 0) {
        close_fd(pipe);
        return 0;
    }
    int result = pipe == &run->pipe ? take_output(run, bytes, (size_t)n, error)
                                    : ar_log_keep_add(&run->log, bytes, (size_t)n, error);
    return result == 0 ? n : -1;
}

/* Takes what is in the pipe now, and not what others go on to write. */
static int drain(struct run *run, int *pipe, struct ar_error *error)
{
    int left = 0;

    if (*pipe >= 0 && ioctl(*pipe, FIONREAD, &left) != 0)
        return fail_read(run, *pipe, errno, error);
    while (*pipe >= 0 && left > 0) {
        ssize_t n = collect(run, pipe, (size_t)left, error);

        if (n < 0)
            return -1;
        if (n == 0)
            break;
        left -= (int)n;
    }
    return 0;
}

/* What it had written by now is all that counts. */
static int drain_both(struct run *run, struct ar_error *error)
{
    if (drain(run, &run->pipe, error) != 0 || drain(run, &run->log_pipe, error) != 0)
        return -1;
    return ar_log_keep_finish(&run->log, error);
}

static void check_stop(struct run *run)
{
    if (run->interrupted || !run->proc->stop || !*run->proc->stop)
        return;
    run->interrupted = true;
    terminate(run, run->proc->grace < STOP_GRACE ? run->proc->grace : STOP_GRACE);
}

/* Is so much in a pipe that it might have been full at the end of another pause? */
static bool is_filling(int pipe)
{
    int left = 0;
    return pipe >= 0 && ioctl(pipe, FIONREAD, &left) == 0 && left >= PIECE / 4;
}

/* Takes a piece from each pipe in which there is something, and leaves them alone for a while. */
static int take_pieces(struct run *run, bool out, bool log, struct ar_error *error)
{
    bool pause = run->pauses && !is_filling(run->pipe) && !is_filling(run->log_pipe);
    if ((out && collect(run, &run->pipe, SIZE_MAX, error) < 0) || (log && collect(run, &run->log_pipe, SIZE_MAX, error) < 0))
        return -1;
    run->quiet = pause && (out || log) ? now() + PAUSE : 0;
    return 0;
}

/* Waits for its end, and sees to its limits. */
static int watch(struct run *run, struct ar_error *error)
{
    for (;;) {
        struct pollfd fds[3] = {{.fd = run->pidfd, .events = POLLIN},
                                {.fd = run->pipe, .events = POLLIN},
                                {.fd = run->log_pipe, .events = POLLIN}};
        int64_t next = run->quiet && run->quiet < run->due ? run->quiet : run->due;
        int64_t left = next == NEVER ? 0 : next - now();
        struct timespec timeout = {.tv_sec = left > 0 ? left / NS_PER_S : 0, .tv_nsec = left > 0 ? left % NS_PER_S : 0};
        int n = ppoll(fds, run->quiet ? 1 : 3, next == NEVER ? NULL : &timeout, &run->mask);

        if (n < 0 && errno != EINTR)
            return ar_fail_errno(error, errno, "cannot wait for '%s'", run->end->name);
        check_stop(run);
        if (n > 0 && fds[0].revents)
            return drain_both(run, error);
        bool looked = !run->quiet;
        if (run->quiet)
            run->quiet = now() < next ? run->quiet : 0; /* before a limit counts, they are looked at: an answer puts it off */
        else if (n > 0 && take_pieces(run, fds[1].revents, fds[2].revents, error) != 0)
            return -1;
        if (looked && run->due != NEVER && now() >= run->due)
            take_step(run);
    }
}

/* The main process has ended, or is ended here; reaps it and all that is left. */
static int finish(struct run *run, struct ar_error *error)
{
    struct ar_proc_end *end = run->end;
    struct rusage usage;
    int status = 0;

    signal_group(run, SIGKILL);
    close_fd(&run->pipe); /* the search for what it left needs descriptors */
    close_fd(&run->log_pipe);
    close_fd(&run->pidfd);
    if (wait4(run->pid, &status, 0, &usage) < 0)
        return ar_fail_errno(error, errno, "cannot wait for '%s'", end->name);
    end->seconds = (double)(now() - run->started) / (double)NS_PER_S;
    ar_proc_account(end, &usage);
    end->how = WIFEXITED(status) ? AR_PROC_EXITED : AR_PROC_SIGNAL;
    end->value = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
    if (run->over_output)
        end->how = AR_PROC_OUTPUT;
    else if (run->over_time)
        end->how = AR_PROC_TIME;
    if (end->how == AR_PROC_SIGNAL && end->value == SIGKILL)
        end->hint = N_("where nobody killed it, memory ran out; fewer jobs at once need less");
    return ar_proc_sweep(end, error);
}

/* ---- from start to end ---------------------------------------------------------------------------------------------- */

/* A pipe from the program, of which it gets *program_end, in place of what would get everything: a limit has to be kept. */
static int open_pipe(const struct run *run, uint64_t limit, int *pipe, int *program_end, struct ar_error *error)
{
    int ends[2];

    if (*program_end == -1 || limit == UINT64_MAX)
        return 0;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return ar_fail_errno(error, errno, "cannot open a pipe to '%s'", run->end->name);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    *pipe = ends[0];
    *program_end = ends[1];
    return 0;
}

static int open_pipes(struct run *run, struct ar_proc_start *start, struct ar_error *error)
{
    const struct ar_proc *proc = run->proc;

    if (open_pipe(run, proc->out_limit, &run->pipe, &start->out, error) != 0)
        return -1;
    if (open_pipe(run, proc->log_limit, &run->log_pipe, &start->log, error) == 0)
        return 0;
    if (run->pipe >= 0)
        close(start->out);
    return -1;
}

/* Answers of many lanes may gather where the pipes have room for what comes meanwhile: a user who has many has small ones. */
static bool make_room(const struct run *run)
{
    if (!run->proc->grew || run->pipe < 0)
        return false;
    (void)fcntl(run->pipe, F_SETPIPE_SZ, PIPE_ROOM);
    return fcntl(run->pipe, F_GETPIPE_SZ) >= PIECE && (run->log_pipe < 0 || fcntl(run->log_pipe, F_GETPIPE_SZ) >= PIECE);
}

/* Starts it. Returns 1 where it runs, 0 where it could not be started for a reason of its own, -1 on failure. */
static int begin(struct run *run, const char *program, struct ar_error *error)
{
    struct ar_proc_end *end = run->end;
    struct ar_proc_start start = {.proc = run->proc, .program = program, .parent = getpid()};

    start.out = run->proc->out;
    start.log = run->proc->log;
    if (open_pipes(run, &start, error) != 0)
        return -1;
    run->pauses = make_room(run);
    run->started = now();
    run->due = run->proc->seconds > 0 ? after(run->proc->seconds) : NEVER;
    run->pid = ar_proc_spawn(&start);
    int errnum = errno;
    if (run->pipe >= 0)
        close(start.out);
    if (run->log_pipe >= 0)
        close(start.log);
    if (run->pid < 0)
        return ar_fail_errno(error, errnum, "cannot start '%s'", end->name);
    if (start.errnum == 0)
        return 1;

    while (waitpid(run->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    if (start.step)
        return ar_fail_errno(error, start.errnum, "cannot start '%s': %s", end->name, ar_tr(start.step));
    if (ar_proc_is_passing(start.errnum))
        return ar_fail_errno(error, start.errnum, "cannot start '%s'", end->name);
    end->how = AR_PROC_UNSTARTED;
    end->value = start.errnum;
    end->hint = ar_proc_exec_hint(run->proc, program, start.errnum);
    return 0;
}

/* Starts it, waits, ends all. */
static int run_program(struct run *run, const char *program, struct ar_error *error)
{
    struct ar_error second;
    int result = begin(run, program, error);

    if (result <= 0)
        return result;
    run->pidfd = pidfd_open(run->pid, 0);
    result = run->pidfd < 0 ? ar_fail_errno(error, errno, "cannot watch '%s'", run->end->name) : watch(run, error);
    if (finish(run, result == 0 ? error : &second) != 0)
        result = -1;
    if (result == 0 && run->interrupted)
        result = ar_fail(error, AR_SYSTEM, "interrupted");
    return result;
}

void ar_proc_signals(sigset_t *handled, sigset_t *ignored)
{
    struct sigaction action;

    sigemptyset(handled);
    sigemptyset(ignored);
    for (int number = 1; number < NSIG; number++) {
        if (sigaction(number, NULL, &action) != 0)
            continue; /* the C library's own */
        bool plain = !(action.sa_flags & SA_SIGINFO);
        if (plain && action.sa_handler == SIG_IGN)
            sigaddset(ignored, number);
        else if (!plain || action.sa_handler != SIG_DFL)
            sigaddset(handled, number);
    }
}

void ar_proc_init(struct ar_proc *proc)
{
    *proc = (struct ar_proc){.dirfd = AT_FDCWD, .in = -1, .out = -1, .log = -1, .out_limit = UINT64_MAX, .grace = 10};
    proc->log_limit = UINT64_MAX;
    sigset_t handled, ignored;
    ar_proc_signals(&handled, &ignored);
    sigorset(&proc->changed, &handled, &ignored);
}

/* The file to execute, by the rules of struct ar_proc; path keeps it. NULL on failure. */
static const char *program_of(const struct ar_proc *proc, struct ar_buf *path, struct ar_error *error)
{
    if (proc->program)
        return proc->program;
    if (strchr(proc->argv[0], '/'))
        return proc->argv[0];

    char *here = getcwd(NULL, 0);
    int result = here ? ar_proc_find(path, proc->argv[0], here, error)
                      : ar_fail_errno(error, errno, "cannot tell the current folder");

    free(here);
    return result == 0 ? path->data : NULL;
}

int ar_proc_run(const struct ar_proc *proc, struct ar_proc_end *end, struct ar_error *error)
{
    struct run run = {.proc = proc, .end = end, .pidfd = -1, .pipe = -1, .log_pipe = -1};
    struct ar_buf path;
    sigset_t all;
    int result = -1;

    *end = (struct ar_proc_end){.name = proc->name ? proc->name : proc->argv[0], .hint = ""};
    end->limit = proc->seconds;
    end->out_limit = proc->out_limit;
    run.log = (struct ar_log_keep){.fd = proc->log, .limit = proc->log_limit};
    ar_buf_init(&path);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &run.mask);

    const char *program = program_of(proc, &path, error);
    if (proc->stop && *proc->stop)
        ar_fail(error, AR_SYSTEM, "interrupted");
    else if (program)
        result = run_program(&run, program, error);

    close_fd(&run.pipe);
    close_fd(&run.log_pipe);
    close_fd(&run.pidfd);
    sigprocmask(SIG_SETMASK, &run.mask, NULL);
    ar_buf_release(&path);
    return result;
}
