/* SPDX-License-Identifier: MIT */
#include "program/lane_child.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "bytes/file.h"
#include "methods/proc.h"

enum { LOG_LINES = 20, LOG_BYTES = 4096 };

/* What the child tells: it is told by the last thing that the child does. */
struct ar_lane_child_word {
    bool told;
    int result;            /* of writing the answer: 0 or -1 */
    struct ar_error error; /* then */
};

int ar_lane_child_init(struct ar_lane_child *child, int log, struct ar_error *error)
{
    *child = (struct ar_lane_child){ .log = log, .answer = ar_spool_open(error) };
    if (child->answer < 0)
        return -1;
    void *shared = mmap(NULL, sizeof *child->word, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return ar_fail_memory(error);
    child->word = shared;
    return 0;
}

void ar_lane_child_release(struct ar_lane_child *child)
{
    if (child->answer >= 0)
        close(child->answer);
    if (child->word)
        munmap(child->word, sizeof *child->word);
}

/* ---- the child ------------------------------------------------------------------------------------------------------ */

/* Writes the answer to the spool. */
static int write_answer(struct ar_lane_child *child, struct ar_lane *lane, bool one_lane, const struct ar_buf *params,
                        const struct ar_buf *rest, struct ar_ledger *ledger, struct ar_error *error)
{
    char name[256];
    struct ar_emit emit;
    struct ar_out *out = ar_out_new(child->answer, ar_spool_name(name), AR_FILTER_NONE, error);
    if (!out)
        return -1;
    ar_emit_init(&emit, out, one_lane);
    int result = ar_answer_write(lane, &emit, params, rest, ledger, error);
    ar_emit_release(&emit);
    if (result == 0)
        return ar_out_close(out, error);
    ar_out_abandon(out);
    return -1;
}

/* Where analyze calls exit: what the caller's program does at its end is not done in a fork of it. */
static void leave(int status, void *none)
{
    (void)none;
    fflush(stdout);
    _exit(status);
}

/* ---- the parent ----------------------------------------------------------------------------------------------------- */

/* Forks, empties the spool before. Returns the child's number, 0 in the child; -1. */
static pid_t start(struct ar_lane_child *child, struct ar_error *error)
{
    pid_t parent = getpid();
    child->word->told = false;
    if (lseek(child->answer, 0, SEEK_SET) != 0 || ftruncate(child->answer, 0) != 0)
        return ar_fail_errno(error, errno, "cannot make a temporary file");
    pid_t pid = fork();
    if (pid < 0)
        return ar_fail_errno(error, errno, "cannot start a process");
    if (pid == 0 && (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent || on_exit(leave, NULL) != 0))
        _exit(AR_SYSTEM);
    return pid;
}

static int wait_for(pid_t pid, int *status, struct ar_error *error)
{
    while (waitpid(pid, status, 0) < 0)
        if (errno != EINTR)
            return ar_fail_errno(error, errno, "cannot wait for a process");
    return 0;
}

/* The last lines that it printed. */
static int add_log(const struct ar_lane_child *child, struct ar_failure *failure, struct ar_error *error)
{
    struct ar_buf text;
    ar_buf_init(&text);
    int result = ar_log_tail(&text, child->log, 0, LOG_LINES, LOG_BYTES, error);
    if (result == 0 && text.len > 1) {
        ar_failure_detail(failure, "The end of its log:");
        ar_failure_detail(failure, "%.*s", (int)text.len - 1, text.data);
    }
    ar_buf_release(&text);
    return result;
}

/* It ended before it answered. */
static int blame(const struct ar_lane_child *child, struct ar_lane *lane, int status, struct ar_error *error)
{
    struct ar_proc_end end = { .how = WIFSIGNALED(status) ? AR_PROC_SIGNAL : AR_PROC_EXITED,
                               .value = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status) };
    struct ar_buf how;
    ar_buf_init(&how);
    ar_proc_describe(&end, &how);
    if (ar_proc_ok(&end))
        ar_failure_tell(&lane->failure, "'%s' ended without a result of this lane", lane->method->name);
    else
        ar_failure_tell(&lane->failure, "'%s' %s", lane->method->name, how.data);
    if (end.how == AR_PROC_EXITED)
        ar_failure_detail(&lane->failure, "%s called exit, and is to return instead.", "analyze");
    ar_buf_release(&how);
    return add_log(child, &lane->failure, error);
}

/* Sends the answer on. */
static int take_answer(const struct ar_lane_child *child, struct ar_out *out, struct ar_error *error)
{
    struct stat st;
    char name[256];
    if (child->word->result != 0) {
        *error = child->word->error;
        return -1;
    }
    if (fstat(child->answer, &st) != 0)
        return ar_fail_errno(error, errno, "cannot read a temporary file");
    return ar_out_copy(out, child->answer, 0, (uint64_t)st.st_size, ar_spool_name(name), error);
}

int ar_lane_child_analyze(struct ar_lane_child *child, struct ar_lane *lane, struct ar_emit *emit, const struct ar_buf *params,
                          const struct ar_buf *rest, struct ar_ledger *ledger, struct ar_error *error)
{
    int status;
    pid_t pid = start(child, error);
    if (pid == 0) {
        ar_lane_analyze(lane);
        child->word->result = write_answer(child, lane, emit->one_lane, params, rest, ledger, &child->word->error);
        child->word->told = true;
        _exit(AR_OK);
    }
    if (pid < 0 || wait_for(pid, &status, error) != 0)
        return -1;
    int result = child->word->told ? take_answer(child, emit->tar.out, error) : blame(child, lane, status, error);
    if (result == 0 && !child->word->told)
        result = ar_answer_write(lane, emit, params, rest, ledger, error);
    if (result == 0 && (ftruncate(child->log, 0) != 0 || lseek(child->log, 0, SEEK_SET) != 0))
        return ar_fail_errno(error, errno, "cannot make a temporary file");
    return result;
}
