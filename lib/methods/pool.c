/* SPDX-License-Identifier: MIT */
#include "methods/pool.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "methods/proc.h"
#include "methods/proc_sweep.h"

enum message_kind { STARTED, REPLY, FAILED };

struct message {
    enum message_kind kind;
    pid_t pid;
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
    message->pid = getpid();
    return send(fd, message, MESSAGE_HEAD + n, MSG_NOSIGNAL) >= 0;
}

/* Works until the queue is closed. */
static void work_on(int jobs, int replies, pid_t parent, ar_pool_work *work, void *context)
{
    static char job[AR_POOL_MESSAGE];
    struct message *message = calloc(1, sizeof *message);
    struct ar_error error = { 0 };
    bool failed = !message || ar_proc_supervise(parent, &error) != 0;
    ssize_t n;
    while (!failed && (n = recv(jobs, job, sizeof job, 0)) > 0) {
        size_t reply = 0;
        if (!send_message(replies, message, STARTED, 0))
            break;
        failed = work(context, job, (size_t)n, message->bytes, &reply, &error) != 0;
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
        work_on(jobs, replies, parent, work, context);
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
    if (!pool->worker)
        return ar_fail_memory(error);
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

static struct ar_pool_worker *find_worker(struct ar_pool *pool, pid_t pid)
{
    for (unsigned i = 0; i < pool->n; i++)
        if (pool->worker[i].pid == pid)
            return &pool->worker[i];
    return NULL;
}

/* Takes a message that is there. 1: a reply, 0: another one, -1: a failure. */
static int take_message(struct ar_pool *pool, void *reply, size_t *n, struct ar_error *error)
{
    struct message message;
    ssize_t got = recv(pool->replies, &message, sizeof message, MSG_DONTWAIT);
    if (got < (ssize_t)MESSAGE_HEAD)
        return got < 0 && errno == EAGAIN ? 0 : ar_fail_errno(error, got < 0 ? errno : EPIPE, "no word from the workers");
    struct ar_pool_worker *worker = find_worker(pool, message.pid);
    size_t size = (size_t)got - MESSAGE_HEAD;
    if (worker)
        worker->busy = message.kind == STARTED;
    if (message.kind == STARTED)
        return 0;
    pool->waiting--;
    if (message.kind == FAILED) {
        memcpy(error, message.bytes, sizeof *error < size ? sizeof *error : size);
        return -1;
    }
    memcpy(reply, message.bytes, size);
    *n = size;
    return 1;
}

/* A worker that ended while jobs wait was killed. */
static int fail_killed(const struct ar_pool_worker *worker, struct ar_error *error)
{
    int status = 0;
    waitpid(worker->pid, &status, 0);
    ar_fail(error, AR_SYSTEM, "a worker was killed%s", WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? " by signal 9 (KILL)" : "");
    return ar_hint(error, "Was memory short? Run it again, perhaps with fewer jobs (-j).");
}

int ar_pool_wait(struct ar_pool *pool, bool block, void *reply, size_t *n, struct ar_error *error)
{
    struct pollfd *fds = calloc(pool->n + 1, sizeof *fds);
    if (!fds)
        return ar_fail_memory(error);
    fds[0] = (struct pollfd){ .fd = pool->replies, .events = POLLIN };
    for (unsigned i = 0; i < pool->n; i++)
        fds[i + 1] = (struct pollfd){ .fd = pool->worker[i].pidfd, .events = POLLIN };
    int result = 0;
    while (result == 0 && pool->waiting) {
        int ready = poll(fds, pool->n + 1, block ? -1 : 0);
        if (ready < 0)
            result = ar_fail_errno(error, errno, "cannot wait for the workers");
        if (ready <= 0)
            break;
        if (fds[0].revents) {
            result = take_message(pool, reply, n, error);
            continue;
        }
        for (unsigned i = 0; i < pool->n && result == 0; i++)
            if (fds[i + 1].revents)
                result = fail_killed(&pool->worker[i], error);
    }
    free(fds);
    return result;
}

void ar_pool_end(struct ar_pool *pool)
{
    if (pool->jobs >= 0)
        close(pool->jobs);
    for (unsigned i = 0; i < pool->n; i++)
        if (pool->waiting)
            kill(pool->worker[i].pid, SIGTERM);
    for (unsigned i = 0; i < pool->n; i++) {
        waitpid(pool->worker[i].pid, NULL, 0);
        if (pool->worker[i].pidfd >= 0)
            close(pool->worker[i].pidfd);
    }
    if (pool->waiting) {
        struct ar_proc_end end = { 0 };
        struct ar_error ignored;
        (void)!ar_proc_sweep(&end, &ignored); /* what a worker left that was killed */
    }
    if (pool->replies >= 0)
        close(pool->replies);
    free(pool->worker);
    *pool = (struct ar_pool){ .jobs = -1, .replies = -1 };
}
