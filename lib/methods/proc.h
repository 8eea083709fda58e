/* SPDX-License-Identifier: MIT */
/*
 * Running a method's program: one at a time, with limits, and nothing of it left when the call returns.
 *
 * The calling process is a supervisor: single-threaded, a child subreaper (ar_proc_supervise), and with no children of its
 * own, for whatever is its child when the program is done is taken for something that the program left running, and is
 * killed.
 */
#ifndef AR_METHODS_PROC_H
#define AR_METHODS_PROC_H

#include <signal.h>
#include <sys/resource.h>
#include <time.h>

#include "bytes/buf.h"

#define AR_LOG_MAX (UINT64_C(16) << 20)       /* bytes of a log that is kept for people */
#define AR_LOG_MAX_UNKEPT (UINT64_C(1) << 20) /* of one of which only the end is shown */

/* ---- the supervisor ------------------------------------------------------------------------------------------------- */

/*
 * Makes the calling process a child subreaper: orphans below it, in whatever session, become its children. Once per
 * process. parent: the process that forked this one; when it dies, SIGTERM arrives here (its handler sets the stop flag of
 * struct ar_proc), and where it is dead already this call fails. 0: no such tie. 0, or -1 (AR_SYSTEM).
 */
int ar_proc_supervise(pid_t parent, struct ar_error *error) AR_MUST_USE;

/* The signals that this process handles, and those that it ignores. */
void ar_proc_signals(sigset_t *handled, sigset_t *ignored);

/*
 * In a child that shares its parent's memory or not, before execve: these signals get their default action, and none is blocked. Until
 * then all must be blocked: a handler of the parent's would run.
 */
void ar_proc_free_signals(const sigset_t *changed);

/* ---- the environment ------------------------------------------------------------------------------------------------ */

/* The environment of a program. Calls whose memory runs out turn it bad; ar_env_check says so. */
struct ar_env {
    char **entry; /* "NAME=VALUE" …, NULL: for execve */
    size_t n;
    size_t cap;
    bool failed;
};

/* A copy of the calling process's environment. */
void ar_env_init(struct ar_env *env);
void ar_env_release(struct ar_env *env);

/* Sets a variable, in place of one that is there. */
void ar_env_set(struct ar_env *env, const char *name, const char *value);

/* Sets a variable unless it is there. */
void ar_env_default(struct ar_env *env, const char *name, const char *value);

/* Removes a variable. */
void ar_env_unset(struct ar_env *env, const char *name);

/* Its value, or NULL; valid until the next change. */
const char *ar_env_get(const struct ar_env *env, const char *name);

/* 0 where everything is there; -1 where memory ran out. */
int ar_env_check(const struct ar_env *env, struct ar_error *error) AR_MUST_USE;

/* ---- a program ------------------------------------------------------------------------------------------------------ */

/*
 * Appends the absolute path of the program name: with a slash in it, as it stands or below the folder base (absolute:
 * where the tool was started, or the manifest's folder); without, the first executable file of that name in PATH, whose
 * relative folders count from base too. 0, or -1: AR_INPUT where there is no such file, it is a folder or may not be
 * executed, with a hint what to do.
 */
int ar_proc_find(struct ar_buf *path, const char *name, const char *base, struct ar_error *error) AR_MUST_USE;

struct ar_proc {
    const char *name;    /* what messages call it; NULL: argv[0] */
    const char *program; /* the file to execute, from ar_proc_find; NULL: argv[0], as it is with a slash in it, else by PATH */
    char *const *argv;   /* NULL at its end; argv[0] is best the absolute path where the user wrote a slash */
    char *const *env;    /* NULL: the caller's */
    int dirfd;           /* the folder to start in; AT_FDCWD: the caller's */
    int in;              /* its standard input, from where the descriptor stands; -1: empty */
    int out;             /* where its standard output goes, from where the descriptor stands; -1: nowhere */
    int log;             /* its standard error; -1: the caller's */
    uint64_t out_limit;  /* bytes of standard output that it may write, collected into out, which must be a file;
                            UINT64_MAX: no limit, out itself is its standard output */
    uint64_t log_limit;  /* bytes of standard error that log keeps, which must be an empty file, open for reading too and without
                            O_APPEND: the beginning and the end, and a line that says how much is left out between them;
                            UINT64_MAX: no limit, log itself is its standard error, best opened with O_APPEND */
    double seconds;      /* time limit; 0: none */
    double grace;        /* seconds between SIGTERM and SIGKILL at a limit */
    /*
     * Called when out has grown, with what is there by now, and the process; what it wrote to its standard error before is in log. 1
     * where the time limit begins anew, 0, or -1: everything is to end, and error says why. Or NULL.
     */
    int (*grew)(void *arg, pid_t pid, uint64_t out_bytes, struct ar_error *error);
    void *grew_arg;
    uint64_t memory;     /* limit in bytes for its data (RLIMIT_DATA), for each of its processes; 0: none */
    const volatile sig_atomic_t *stop; /* when not 0, everything is to end; or NULL */
    struct rlimit files; /* of descriptors, where this process was allowed more (ar_proc_allow_files); else rlim_cur is 0 */
    sigset_t changed;    /* signals that the program gets back with their default action: those that are handled or ignored here */
};

/*
 * Empty input, output nowhere and unlimited, no other limits, 10 s of grace; the rest is for the caller to fill in. Signals whose
 * handlers are installed later come to the program with their default action as well, unless one arrives just as it starts.
 */
void ar_proc_init(struct ar_proc *proc);

/*
 * Sees to it that this process may have so many descriptors open, or as many as the user may: its limit is raised, and proc has what it
 * was for the programs that are started.
 */
void ar_proc_allow_files(struct ar_proc *proc, uint64_t n);

enum ar_proc_how {
    AR_PROC_EXITED,  /* value: the exit status */
    AR_PROC_SIGNAL,  /* value: the number of the signal */
    AR_PROC_TIME,    /* ran past its time limit, and was ended */
    AR_PROC_OUTPUT,  /* wrote more than its limit, and was ended */
    AR_PROC_UNSTARTED, /* value: the errno of execve */
};

struct ar_proc_end {
    enum ar_proc_how how;
    int value;
    const char *name;  /* of the struct ar_proc: its name or argv[0] */
    const char *hint;  /* one sentence that says what to do, or ""; static text */
    double limit;      /* the time limit */
    uint64_t out_limit;
    uint64_t out_bytes; /* bytes collected into out */
    double seconds;     /* from start to end of the main process */
    double cpu;         /* seconds, user and system, of all its processes */
    uint64_t memory;    /* bytes: the greatest resident size of any of its processes, but never less than the caller's own */
};

/*
 * Starts the program and returns when it and everything that it left behind is gone. It is the leader of a session and
 * process group of its own, with default signal dispositions, an empty signal mask and no descriptors but 0, 1 and 2, and
 * is killed when the caller dies.
 *
 * At a limit its group gets SIGTERM, SIGCONT (else one that is stopped would not see that) and, after the grace, SIGKILL. When its main
 * process has ended, what it had written by then is collected (another process may hold the pipe open: its end is not waited for), and all that it left is killed.
 *
 * 0: it ran, or could not be started for a reason of its own, as end tells (see ar_proc_ok). -1 (AR_SYSTEM): the system
 * said no, or stop was set ("interrupted": SIGTERM, and after the grace, but 1 s at most, SIGKILL); end is then not to be
 * used. Signals are held back meanwhile but while it waits, so that a handler that sets stop is never missed; handlers
 * must be installed without SA_RESTART.
 */
int ar_proc_run(const struct ar_proc *proc, struct ar_proc_end *end, struct ar_error *error) AR_MUST_USE;

/*
 * Bytes: the greatest resident size of a process that runs, since it was started or that was forgotten; 0 where it has ended. Where it may
 * not be forgotten, it stays. Source: proc_pid_status(5), VmHWM, and proc_pid_clear_refs(5).
 */
uint64_t ar_proc_peak(pid_t pid);
void ar_proc_forget_peak(pid_t pid);

/* Did it exit with status 0? */
bool ar_proc_ok(const struct ar_proc_end *end);

/*
 * Appends how it ended, as words that follow the method's name: "exited with status 3", "was killed by signal 9 (KILL)",
 * "ran longer than * its limit of 5 s", "wrote more than 64 MiB to standard output", "could not be started: Permission
 * denied".
 */
void ar_proc_describe(const struct ar_proc_end *end, struct ar_buf *buf);

/*
 * Appends what it printed, of which n bytes were collected into the file out, from its start. failed is the message where that cannot be read. 0 or -1 (AR_SYSTEM).
 */
int ar_proc_output(struct ar_buf *buf, int out, uint64_t n, const char *failed, struct ar_error *error) AR_MUST_USE;

/* ---- its log -------------------------------------------------------------------------------------------------------- */

/*
 * Appends the end of the log fd (a file, open for reading too; its position stays): the last lines of the last bytes of
 * what stands behind offset start, each as ar_text_show has it and with an LF. Of a line that was overwritten with CR, its
 * last state counts. Blank lines at the end are left out; "… " stands before a line whose start was cut. 0, or -1
 * (AR_SYSTEM).
 */
int ar_log_tail(struct ar_buf *buf, int fd, uint64_t start, size_t lines, size_t bytes, struct ar_error *error) AR_MUST_USE;

/* Makes the last line of the log fd the error's hint, in the place of another, where there is one. */
void ar_log_hint(struct ar_error *error, int fd);

#endif
