/* SPDX-License-Identifier: MIT */
#include "methods/pool.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "methods/proc.h"
#include "methods/proc_sweep.h"

enum { PATIENCE = 5000 }; /* ms for a worker to end what it runs, which takes up to a second */

enum message_kind { REPLY, FAILED };

struct message {
    enum message_kind kind;
    char bytes[AR_POOL_MESSAGE];
};

#define MESSAGE_HEAD offsetof(struct message, bytes)

/* ---- in a worker ---------------------------------------------------------------------------------------------------- */

static void empty_standard_streams(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return;
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    close(null);
}

static bool send_message(int fd, struct message *message, enum message_kind kind, size_t n)
{
    message->kind = kind;
    return send(fd, message, MESSAGE_HEAD + n, MSG_NOSIGNAL) >= 0;
}

/* Works until the queue is closed. */
static void work_on(int jobs, int replies, pid_t parent, unsigned number, ar_pool_work *work, void *context)
{
    static char job[AR_POOL_MESSAGE];
    struct message *message = calloc(1, sizeof *message);
    struct ar_error error = { 0 };
    bool failed = !message || ar_proc_supervise(parent, &error) != 0;
    ssize_t n;
    while (!failed && (n = recv(jobs, job, sizeof job, 0)) > 0) {
        size_t reply = 0;
        failed = work(context, number, job, (size_t)n, message->bytes, &reply, &error) != 0;
        if (!failed && !send_message(replies, message, REPLY, reply))
            break;
    }
    if (failed && message) {
        size_t size = sizeof error < AR_POOL_MESSAGE ? sizeof error : AR_POOL_MESSAGE;
        memcpy(message->bytes, &error, size);
        send_message(replies, message, FAILED, size);
    }
    free(message);
}

/* ---- in the pool's process ------------------------------------------------------------------------------------------ */

_Static_assert(sizeof(struct ar_error) <= AR_POOL_MESSAGE, "an error must fit into a message");

static int start_worker(struct ar_pool *pool, int jobs, int replies, ar_pool_work *work, void *context, struct ar_error *error)
{
    struct ar_pool_worker *worker = &pool->worker[pool->n];
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid < 0)
        return ar_fail_errno(error, errno, "cannot start a worker");
    if (pid == 0) {
        close(pool->jobs);
        close(pool->replies);
        for (unsigned i = 0; i < pool->n; i++)
            close(pool->worker[i].pidfd);
        empty_standard_streams();
        work_on(jobs, replies, parent, pool->n, work, context);
        _exit(0);
    }
    *worker = (struct ar_pool_worker){ .pid = pid, .pidfd = (int)syscall(SYS_pidfd_open, pid, 0) };
    pool->n++;
    return worker->pidfd >= 0 ? 0 : ar_fail_errno(error, errno, "cannot watch a worker");
}

int ar_pool_start(struct ar_pool *pool, unsigned n, ar_pool_work *work, void *context, struct ar_error *error)
{
    int jobs[2] = { -1, -1 }, replies[2] = { -1, -1 };
    *pool = (struct ar_pool){ .jobs = -1, .replies = -1, .worker = calloc(n, sizeof *pool->worker) };
    pool->polled = calloc((size_t)n + 1, sizeof *pool->polled);
    if (!pool->worker || !pool->polled) {
        ar_pool_end(pool);
        return ar_fail_memory(error);
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, jobs) != 0 ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, replies) != 0) {
        if (jobs[0] >= 0) {
            close(jobs[0]);
            close(jobs[1]);
        }
        ar_fail_errno(error, errno, "cannot make a queue");
        ar_pool_end(pool);
        return -1;
    }
    pool->jobs = jobs[0];
    pool->replies = replies[0];
    int result = ar_proc_supervise(0, error); /* what a worker leaves that is killed comes here */
    while (result == 0 && pool->n < n)
        result = start_worker(pool, jobs[1], replies[1], work, context, error);
    close(jobs[1]);
    close(replies[1]);
    if (result != 0)
        ar_pool_end(pool);
    return result;
}

int ar_pool_send(struct ar_pool *pool, const void *job, size_t n, struct ar_error *error)
{
    if (send(pool->jobs, job, n, MSG_NOSIGNAL) < 0)
        return ar_fail_errno(error, errno, "cannot give a worker its job");
    pool->waiting++;
    return 0;
}

/* A worker that ended while jobs wait was killed. It is not reaped here: its number stays its own. */
static int fail_killed(const struct ar_pool_worker *worker, struct ar_error *error)
{
    siginfo_t info = { 0 };
    waitid(P_PID, (id_t)worker->pid, &info, WEXITED | WNOHANG | WNOWAIT);
    if (info.si_code == CLD_EXITED)
        return ar_fail(error, AR_SYSTEM, "a worker ended with status %d before its work was done", info.si_status);
    const char *name = sigabbrev_np(info.si_status);
    ar_fail(error, AR_SYSTEM, "a worker was killed by signal %d (%s)", info.si_status, name ? name : "?");
    return ar_hint(error, "Was memory short? Run it again, perhaps with fewer jobs (-j).");
}

/* Waits for the end of a worker, or before it, where messages is true, for a message. 0: one is there; -1: no. */
static int wait_for_word(struct ar_pool *pool, bool messages, struct ar_error *error)
{
    for (unsigned i = 0; i <= pool->n; i++)
        pool->polled[i] = (struct pollfd){ .fd = i < pool->n ? pool->worker[i].pidfd : pool->replies, .events = POLLIN };
    if (poll(pool->polled, messages ? pool->n + 1 : pool->n, -1) < 0)
        return ar_fail_errno(error, errno, "cannot wait for the workers");
    if (pool->polled[pool->n].revents)
        return 0; /* what a worker said before it ended counts */
    for (unsigned i = 0; i < pool->n; i++)
        if (pool->polled[i].revents)
            return fail_killed(&pool->worker[i], error);
    return 0;
}

/* Takes a message. 1: a reply, 0: none is there, -1: a failure. */
static int take_message(struct ar_pool *pool, void *reply, size_t *n, struct ar_error *error)
{
    struct message message;
    ssize_t got = recv(pool->replies, &message, sizeof message, MSG_DONTWAIT);
    if (got == 0)
        return wait_for_word(pool, false, error); /* no worker is left */
    if (got < (ssize_t)MESSAGE_HEAD)
        return got < 0 && errno == EAGAIN ? 0 : ar_fail_errno(error, got < 0 ? errno : EPROTO, "no word from the workers");
    size_t size = (size_t)got - MESSAGE_HEAD;
    pool->waiting--;
    if (message.kind == FAILED) {
        memcpy(error, message.bytes, sizeof *error < size ? sizeof *error : size);
        return -1;
    }
    memcpy(reply, message.bytes, size);
    *n = size;
    return 1;
}

int ar_pool_wait(struct ar_pool *pool, bool block, void *reply, size_t *n, struct ar_error *error)
{
    int result = 0;
    while (pool->waiting && (result = take_message(pool, reply, n, error)) == 0 && block)
        if (wait_for_word(pool, true, error) != 0)
            return -1;
    return result;
}

/* Waits for a worker that was asked to end, and kills it where it does not. True where it ended by itself. */
static bool reap(const struct ar_pool_worker *worker)
{
    int status = 0;
    struct pollfd ended = { .fd = worker->pidfd, .events = POLLIN };
    if (worker->pidfd < 0 || poll(&ended, 1, PATIENCE) <= 0)
        kill(worker->pid, SIGKILL);
    waitpid(worker->pid, &status, 0);
    if (worker->pidfd >= 0)
        close(worker->pidfd);
    return WIFEXITED(status);
}

void ar_pool_end(struct ar_pool *pool)
{
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before); /* nothing interrupts the waiting */
    if (pool->jobs >= 0)
        close(pool->jobs);
    for (unsigned i = 0; i < pool->n; i++)
        if (pool->waiting)
            kill(pool->worker[i].pid, SIGTERM);
    bool orphans = false;
    for (unsigned i = 0; i < pool->n; i++)
        orphans |= !reap(&pool->worker[i]);
    if (orphans) {
        struct ar_proc_end end = { .name = "a worker" };
        struct ar_error ignored;
        (void)!ar_proc_sweep(&end, &ignored); /* what a worker ran that was killed is a child of this process now */
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (pool->replies >= 0)
        close(pool->replies);
    free(pool->worker);
    free(pool->polled);
    *pool = (struct ar_pool){ .jobs = -1, .replies = -1 };
}
