/* SPDX-License-Identifier: MIT */
#include "methods/pool.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "methods/proc.h"
#include "methods/proc_sweep.h"

enum { PATIENCE = 5000 }; /* ms for a worker to end what it runs, which takes up to a second */

enum message_kind { JOB, REPLY, TOLD, FAILED };

struct message {
    enum message_kind kind;
    unsigned slot, worker;
    _Alignas(max_align_t) char bytes[AR_POOL_MESSAGE];
};

#define MESSAGE_HEAD offsetof(struct message, bytes)

_Static_assert(sizeof(struct ar_error) <= AR_POOL_MESSAGE, "an error must fit into a message");

static int send_message(int fd, const struct message *message, size_t n, int flags)
{
    return send(fd, message, MESSAGE_HEAD + n, MSG_NOSIGNAL | flags) >= 0 ? 0 : -1;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

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

static bool is_stopped(const struct ar_pool *pool)
{
    return pool->task.stop && *pool->task.stop;
}

/* Works until the queue is closed, or it is to stop. */
static void work_on(struct ar_pool *pool, pid_t parent, unsigned number)
{
    static struct message job, reply;
    struct ar_error error = { 0 };
    bool failed = ar_proc_supervise(parent, &error) != 0;
    ssize_t got;
    reply.worker = number;
    while (!failed && !is_stopped(pool) && (got = recv(pool->jobs[1], &job, sizeof job, 0)) > (ssize_t)MESSAGE_HEAD) {
        size_t n = 0;
        atomic_store(&pool->taker[job.slot], number + 1);
        failed = pool->task.work(pool->task.context, number, job.bytes, (size_t)got - MESSAGE_HEAD, reply.bytes, &n, &error) != 0;
        reply.kind = REPLY;
        reply.slot = job.slot;
        if (!failed && send_message(pool->replies[1], &reply, n, 0) != 0)
            break;
    }
    if (!failed || is_stopped(pool))
        return;
    reply.kind = FAILED;
    memcpy(reply.bytes, &error, sizeof error);
    send_message(pool->replies[1], &reply, sizeof error, 0);
}

int ar_pool_tell(const struct ar_pool *pool, unsigned worker, const void *bytes, size_t n, struct ar_error *error)
{
    struct message message = { .kind = TOLD, .worker = worker };
    memcpy(message.bytes, bytes, n);
    if (send_message(pool->replies[1], &message, n, MSG_DONTWAIT) == 0)
        return 1;
    return errno == EAGAIN ? 0 : ar_fail_errno(error, errno, "cannot say what a worker has done");
}

/* Ends as the signal would have it that asked it to stop: its job, if it had one, is lost. */
static _Noreturn void end_worker(struct ar_pool *pool, pid_t parent)
{
    struct sigaction standard = { .sa_handler = SIG_DFL };
    sigset_t one;
    if (getppid() != parent) {
        if (pool->task.orphaned)
            pool->task.orphaned(pool->task.context);
    } else if (is_stopped(pool)) {
        sigaction(*pool->task.stop, &standard, NULL);
        sigemptyset(&one);
        sigaddset(&one, *pool->task.stop);
        sigprocmask(SIG_UNBLOCK, &one, NULL);
        raise(*pool->task.stop);
    }
    _exit(0);
}

/* ---- starting workers ----------------------------------------------------------------------------------------------- */

static int start_worker(struct ar_pool *pool, unsigned number, struct ar_error *error)
{
    struct ar_pool_worker *worker = &pool->worker[number];
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid < 0)
        return ar_fail_errno(error, errno, "cannot start a worker");
    if (pid == 0) {
        close(pool->jobs[0]);
        close(pool->replies[0]);
        for (unsigned i = 0; i < pool->n; i++)
            close_fd(&pool->worker[i].pidfd);
        empty_standard_streams();
        work_on(pool, parent, number);
        end_worker(pool, parent);
    }
    *worker = (struct ar_pool_worker){ .pid = pid, .pidfd = pidfd_open(pid, 0) };
    return worker->pidfd >= 0 ? 0 : ar_fail_errno(error, errno, "cannot watch a worker");
}

void ar_pool_init(struct ar_pool *pool)
{
    *pool = (struct ar_pool){ .jobs = { -1, -1 }, .replies = { -1, -1 } };
    ar_buf_init(&pool->children);
}

static int make_tables(struct ar_pool *pool, unsigned n, struct ar_error *error)
{
    pool->n_slots = 2 * n;
    pool->worker = calloc(n, sizeof *pool->worker);
    pool->polled = calloc((size_t)n + 1, sizeof *pool->polled);
    pool->slot = calloc(pool->n_slots, sizeof *pool->slot);
    void *shared = mmap(NULL, pool->n_slots * sizeof *pool->taker, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pool->taker = shared == MAP_FAILED ? NULL : shared;
    if (!pool->worker || !pool->polled || !pool->slot || !pool->taker)
        return ar_fail_memory(error);
    for (unsigned i = 0; i < n; i++)
        pool->worker[i].pidfd = -1;
    pool->n = n;
    return 0;
}

int ar_pool_start(struct ar_pool *pool, unsigned n, const struct ar_pool_task *task, struct ar_error *error)
{
    ar_pool_init(pool);
    pool->task = *task;
    int result = make_tables(pool, n, error);
    if (result == 0 && (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pool->jobs) != 0 ||
                        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pool->replies) != 0))
        result = ar_fail_errno(error, errno, "cannot make a queue");
    if (result == 0)
        result = ar_proc_supervise(0, error); /* what a worker leaves that is killed comes here */
    if (result == 0)
        result = ar_proc_children(&pool->children, error);
    for (unsigned i = 0; i < n && result == 0; i++)
        result = start_worker(pool, i, error);
    if (result != 0)
        ar_pool_end(pool);
    return result;
}

/* ---- jobs ----------------------------------------------------------------------------------------------------------- */

bool ar_pool_full(const struct ar_pool *pool)
{
    return pool->waiting == pool->n_slots;
}

int ar_pool_send(struct ar_pool *pool, const void *job, size_t n, struct ar_error *error)
{
    struct message message = { .kind = JOB };
    while (message.slot < pool->n_slots && pool->slot[message.slot].job)
        message.slot++;
    if (message.slot == pool->n_slots || n > AR_POOL_MESSAGE)
        return ar_fail(error, AR_SYSTEM, "cannot give a worker its job: no room");
    struct ar_pool_slot *slot = &pool->slot[message.slot];
    memcpy(message.bytes, job, n);
    slot->job = malloc(n ? n : 1);
    if (!slot->job)
        return ar_fail_memory(error);
    memcpy(slot->job, job, n);
    slot->len = n;
    atomic_store(&pool->taker[message.slot], 0);
    pool->waiting++;
    return send_message(pool->jobs[0], &message, n, 0) == 0 ? 0 : ar_fail_errno(error, errno, "cannot give a worker its job");
}

static void free_slot(struct ar_pool *pool, unsigned slot)
{
    free(pool->slot[slot].job);
    pool->slot[slot].job = NULL;
    pool->waiting--;
}

/* ---- workers that ended --------------------------------------------------------------------------------------------- */

/* A slot that the worker has taken and not replied to, or n_slots. */
static unsigned slot_of(const struct ar_pool *pool, unsigned worker)
{
    unsigned slot = 0;
    while (slot < pool->n_slots && !(pool->slot[slot].job && atomic_load(&pool->taker[slot]) == worker + 1))
        slot++;
    return slot;
}

/* Ends what workers ran that ended before it: it has become this process's. The living, and others' children, are spared. */
static int end_strays(struct ar_pool *pool, struct ar_error *error)
{
    struct ar_buf known;
    ar_buf_init(&known);
    ar_buf_add(&known, pool->children.data, pool->children.len);
    for (unsigned i = 0; i < pool->n; i++)
        if (pool->worker[i].pid)
            ar_buf_add(&known, &pool->worker[i].pid, sizeof(pid_t));
    int result = ar_buf_check(&known, error);
    pid_t *pids = (pid_t *)(void *)known.data;
    if (result == 0)
        result = ar_proc_sweep_others(pids, known.len / sizeof(pid_t), error);
    ar_buf_release(&known);
    return result;
}

/* A worker has ended. Where it had no job, it may have died with one that it was about to take. */
static int bury(struct ar_pool *pool, unsigned number, struct ar_error *error)
{
    struct ar_pool_worker *worker = &pool->worker[number];
    int status = 0;
    while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR)
        ;
    struct ar_buf words;
    struct ar_proc_end end = { .how = WIFEXITED(status) ? AR_PROC_EXITED : AR_PROC_SIGNAL,
                               .value = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status) };
    ar_buf_init(&words);
    ar_proc_describe(&end, &words);
    snprintf(worker->why, sizeof worker->why, "%s", words.data);
    ar_buf_release(&words);
    worker->pid = 0;
    close_fd(&worker->pidfd);
    if (end_strays(pool, error) != 0)
        return -1;
    if (slot_of(pool, number) < pool->n_slots)
        return 0;
    ar_fail(error, AR_SYSTEM, "a worker %s", worker->why);
    return ar_hint(error, "Was memory short? Run it again, perhaps with fewer jobs (-j).");
}

/* Takes a lost job, or puts another in the place of a worker that has none left. 1, 0 where there is no lost job, -1. */
static int take_lost(struct ar_pool *pool, struct ar_pool_reply *reply, struct ar_error *error)
{
    for (unsigned i = 0; i < pool->n; i++) {
        if (pool->worker[i].pid)
            continue;
        unsigned slot = slot_of(pool, i);
        if (slot == pool->n_slots) {
            if (start_worker(pool, i, error) != 0)
                return -1;
            continue;
        }
        reply->worker = i;
        reply->lost = true;
        reply->told = false;
        memcpy(reply->why, pool->worker[i].why, sizeof reply->why);
        reply->n = pool->slot[slot].len;
        memcpy(reply->bytes, pool->slot[slot].job, reply->n);
        free_slot(pool, slot);
        return 1;
    }
    return 0;
}

/* ---- replies -------------------------------------------------------------------------------------------------------- */

/* Waits for a message, or for the end of a worker, which is buried. What a worker said before it ended is taken first. */
static int wait_for_word(struct ar_pool *pool, struct ar_error *error)
{
    for (unsigned i = 0; i < pool->n; i++)
        pool->polled[i] = (struct pollfd){ .fd = pool->worker[i].pidfd, .events = POLLIN };
    pool->polled[pool->n] = (struct pollfd){ .fd = pool->replies[0], .events = POLLIN };
    if (poll(pool->polled, pool->n + 1, -1) < 0)
        return ar_fail_errno(error, errno, "cannot wait for the workers");
    if (pool->polled[pool->n].revents)
        return 0;
    for (unsigned i = 0; i < pool->n; i++)
        if (pool->polled[i].revents && bury(pool, i, error) != 0)
            return -1;
    return 0;
}

/* Takes a message. 1: a reply, 0: none is there, -1: a failure. */
static int take_message(struct ar_pool *pool, struct ar_pool_reply *reply, struct ar_error *error)
{
    struct message message;
    ssize_t got = recv(pool->replies[0], &message, sizeof message, MSG_DONTWAIT);
    if (got < (ssize_t)MESSAGE_HEAD)
        return got < 0 && errno == EAGAIN ? 0 : ar_fail_errno(error, got < 0 ? errno : EPROTO, "no word from the workers");
    if (message.kind == FAILED) {
        memcpy(error, message.bytes, sizeof *error);
        return -1;
    }
    reply->worker = message.worker;
    reply->lost = false;
    reply->told = message.kind == TOLD;
    reply->n = (size_t)got - MESSAGE_HEAD;
    memcpy(reply->bytes, message.bytes, reply->n);
    if (!reply->told)
        free_slot(pool, message.slot);
    return 1;
}

int ar_pool_wait(struct ar_pool *pool, bool block, struct ar_pool_reply *reply, struct ar_error *error)
{
    while (pool->waiting) {
        int got = take_lost(pool, reply, error);
        if (got == 0)
            got = take_message(pool, reply, error);
        if (got != 0 || !block)
            return got;
        if (wait_for_word(pool, error) != 0)
            return -1;
    }
    return 0;
}

/* ---- the end -------------------------------------------------------------------------------------------------------- */

/* Waits for a worker that was asked to end, and kills it where it does not. True where it ended by itself. */
static bool reap(struct ar_pool_worker *worker)
{
    int status = 0;
    struct pollfd ended = { .fd = worker->pidfd, .events = POLLIN };
    if (worker->pidfd < 0 || poll(&ended, 1, PATIENCE) <= 0)
        kill(worker->pid, SIGKILL);
    waitpid(worker->pid, &status, 0);
    close_fd(&worker->pidfd);
    worker->pid = 0;
    return WIFEXITED(status);
}

static void end_workers(struct ar_pool *pool)
{
    struct ar_error ignored;
    bool strays = false;
    for (unsigned i = 0; i < pool->n; i++)
        if (pool->waiting && pool->worker[i].pid)
            kill(pool->worker[i].pid, SIGTERM);
    for (unsigned i = 0; i < pool->n; i++)
        if (pool->worker[i].pid)
            strays |= !reap(&pool->worker[i]);
    if (strays)
        (void)!end_strays(pool, &ignored);
}

void ar_pool_end(struct ar_pool *pool)
{
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before); /* nothing interrupts the waiting */
    close_fd(&pool->jobs[0]);
    close_fd(&pool->jobs[1]);
    close_fd(&pool->replies[0]);
    close_fd(&pool->replies[1]);
    end_workers(pool);
    sigprocmask(SIG_SETMASK, &before, NULL);
    for (unsigned i = 0; pool->slot && i < pool->n_slots; i++)
        free(pool->slot[i].job);
    if (pool->taker)
        munmap(pool->taker, pool->n_slots * sizeof *pool->taker);
    free(pool->slot);
    free(pool->worker);
    free(pool->polled);
    ar_buf_release(&pool->children);
    ar_pool_init(pool);
}
