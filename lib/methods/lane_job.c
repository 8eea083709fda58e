/* SPDX-License-Identifier: MIT */
#include "methods/lane_job.h"

#include <fcntl.h>

#include "bytes/file.h"
#include "methods/lane_folder.h"
#include "methods/lane_record.h"
#include "methods/lane_work.h"

uint32_t ar_lane_done_size(const struct ar_lane_done *done)
{
    return done->outcome == AR_LANE_FAILED || *done->left ? sizeof *done : offsetof(struct ar_lane_done, cause);
}

const char *ar_lane_outcome_name(enum ar_lane_outcome outcome)
{
    static const char *const names[] = { "result", "no result", "failed", "not chosen" };
    return names[outcome];
}

void ar_lane_job_rest(char name[32], uint32_t number)
{
    snprintf(name, 32, ".%" PRIu32 ".rest", number);
}

int ar_lane_job_hint(struct ar_error *error)
{
    if (!*error->hint && (error->system_errno == ENOSPC || error->system_errno == EDQUOT))
        ar_hint(error, "Make room in '%s', or set TMPDIR to a folder with more of it.", ar_tmpdir());
    return -1;
}

bool ar_lane_job_again(const struct ar_lane_jobs *jobs, uint32_t number)
{
    return jobs->tries && jobs->tries[number] < jobs->retries;
}

void ar_lane_job_started(const struct ar_lane_jobs *jobs, const struct ar_target *target)
{
    struct ar_error ignored;
    const struct ar_lane_event event = { .target = target, .state = "started" };
    if (jobs->record >= 0)
        (void)!ar_lane_record_add(jobs->record, &event, &ignored);
}

/* ---- running it ----------------------------------------------------------------------------------------------------- */

/* Takes its answer. 0 with the outcome; 1: it is none, and error_text says why; -1. */
static int take_answer(struct ar_lane_work *work, struct ar_lane_done *done, const struct ar_proc_end *end, struct ar_error *error)
{
    struct ar_lane_jobs *jobs = work->jobs;
    int result = jobs->contract->answer(&work->lane, jobs->printed, end->out_bytes, &work->answer, error);
    done->outcome = work->answer.none ? AR_LANE_NO_RESULT : AR_LANE_RESULT;
    return result == 0 || error->status != AR_CONTENT ? result : ar_lane_work_blame(work, done, error);
}

/* Runs the method. 0: it went well; 1: it failed, and error_text says how; -1. */
static int run_method(struct ar_lane_work *work, struct ar_lane_done *done, struct ar_error *error)
{
    struct ar_lane_jobs *jobs = work->jobs;
    struct ar_proc proc = jobs->proc;
    struct ar_proc_end end;
    proc.dirfd = work->lane.dirfd;
    proc.log = work->log;
    proc.log_limit = jobs->logs < 0 ? AR_LOG_MAX_UNKEPT : AR_LOG_MAX;
    proc.out_limit = jobs->contract->out_max;
    proc.out = ar_lane_work_printed(jobs, error);
    if (proc.out < 0 || jobs->contract->ask(&work->lane, &jobs->env, &proc, error) != 0)
        return -1;
    proc.env = jobs->env.entry;
    int result = ar_env_check(&jobs->env, error);
    if (result == 0)
        result = ar_proc_run(&proc, &end, error);
    if (proc.in >= 0)
        close(proc.in);
    if (result != 0)
        return -1;
    done->seconds = end.seconds;
    done->memory = end.memory;
    return ar_proc_ok(&end) ? take_answer(work, done, &end, error) : ar_lane_work_fail_end(work, done, &end, proc.out, error);
}

/* ---- a job ---------------------------------------------------------------------------------------------------------- */

static int run_once(struct ar_lane_work *work, struct ar_lane_done *done, struct ar_error *error)
{
    int result = run_method(work, done, error);
    return result == 0 ? ar_lane_work_write(work, done, error) : result;
}

/* Runs it in a copy of its folder, which is as it was afterwards. */
static int run_in_copy(struct ar_lane_work *work, struct ar_lane_done *done, struct ar_error *error)
{
    char copy[32];
    struct ar_error left;
    int folder = work->lane.dirfd;
    snprintf(copy, sizeof copy, ".%" PRIu32 ".try", done->number);
    work->lane.dirfd = ar_lane_folder_copy(work->jobs->root, folder, copy, error);
    int result = work->lane.dirfd < 0 ? -1 : run_once(work, done, error);
    if (work->lane.dirfd >= 0)
        close(work->lane.dirfd);
    work->lane.dirfd = folder;
    if (ar_dir_remove(work->jobs->root, copy, &left) != 0)
        ar_lane_work_left(done, &left);
    return result;
}

static int run_work(struct ar_lane_work *work, struct ar_lane_done *done, struct ar_error *error)
{
    bool again = ar_lane_job_again(work->jobs, done->number);
    if (ar_lane_work_open(work, error) != 0 || ar_lane_work_log(work, error) != 0)
        return -1;
    ar_lane_job_started(work->jobs, &work->lane.target);
    int result = again ? run_in_copy(work, done, error) : run_once(work, done, error);
    if (result == 1)
        return ar_lane_work_failed(work, done, error);
    return result;
}

int ar_lane_job_run(void *context, unsigned worker, const void *message, size_t message_len, void *reply, size_t *reply_len,
                    struct ar_error *error)
{
    struct ar_lane_jobs *jobs = context; /* the worker's own copy */
    struct ar_lane_job what = { 0 };
    memcpy(&what, message, message_len < sizeof what ? message_len : sizeof what);
    struct ar_lane_done done = { .number = what.number, .spool = worker };
    struct ar_lane_work work;
    ar_lane_work_init(&work, jobs, worker);
    work.lane.target.data = what.lane;
    work.lane.target.data_len = strlen(what.lane);
    if (!what.rest)
        work.writer.root = -1;
    int result = run_work(&work, &done, error);
    if (result == 0)
        ar_lane_work_close(&work, &done);
    if (result != 0 && error->status != AR_INPUT) {
        ar_fail_in(error, "lane '%s'", what.lane);
        ar_lane_job_hint(error);
    }
    ar_lane_work_release(&work);
    *reply_len = ar_lane_done_size(&done);
    memcpy(reply, &done, *reply_len);
    return result;
}

void ar_lane_job_orphaned(void *context)
{
    const struct ar_lane_jobs *jobs = context;
    ar_work_remove(jobs->work);
}

void ar_lane_job_fail_lost(const char *why, struct ar_error *error)
{
    ar_fail(error, AR_CONTENT, "its worker %s", why);
    ar_hint(error, "a method may not end the process that started it; where nobody did, memory ran out, and fewer jobs at once (-j) need less");
}

/* As run_work, of which only the end is left to do. */
static int run_lost(struct ar_lane_work *work, struct ar_lane_done *done, const char *why, const struct ar_buf *params, const struct ar_buf *ledger,
                    struct ar_error *error)
{
    char name[AR_LANE_ID_MAX + 32];
    snprintf(name, sizeof name, "%s.log", work->lane.target.data);
    if (work->jobs->logs >= 0)
        work->log = openat(work->jobs->logs, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    ar_buf_add(&work->lane.params, params->data, params->len);
    if (ar_buf_check(&work->lane.params, error) != 0 ||
        ar_ledger_parse(&work->lane.ledger, ledger->data, ledger->len, ar_tr("the lane's ledger"), error) != 0 ||
        ar_lane_spool_restart(work->writer.spool, error) != 0)
        return -1;
    ar_lane_job_fail_lost(why, error);
    return ar_lane_work_blame(work, done, error) == 1 ? ar_lane_write_failure(&work->writer, done, &work->error_text, error) : -1;
}

int ar_lane_job_lost(struct ar_lane_jobs *jobs, struct ar_lane_done *done, unsigned worker, const char *why, const struct ar_target *target,
                     const struct ar_buf *params, const struct ar_buf *ledger, struct ar_error *error)
{
    struct ar_lane_work work;
    done->spool = worker;
    ar_lane_work_init(&work, jobs, worker);
    work.lane.target = *target;
    int result = run_lost(&work, done, why, params, ledger, error);
    if (result == 0 && !jobs->keep_work) {
        struct ar_error left;
        if (ar_dir_remove(jobs->root, target->data, &left) != 0)
            ar_lane_work_left(done, &left);
    }
    ar_lane_work_release(&work);
    return result == 0 ? 0 : ar_lane_job_hint(error);
}

static struct ar_lane_writer writer_of(const struct ar_lane_jobs *jobs, struct ar_lane_done *done, const struct ar_lane_passed *lane,
                                       struct ar_lane_spool *spool)
{
    done->spool = jobs->spools.n - 1;
    return (struct ar_lane_writer){ .root = jobs->root, .rest = lane->rest, .spool = spool,
                                    .one_lane = jobs->one_lane, .target = lane->target, .params = lane->params, .ledger = lane->ledger };
}

int ar_lane_job_skip(struct ar_lane_jobs *jobs, struct ar_lane_done *done, const struct ar_lane_passed *lane, const char *text, size_t n,
                     struct ar_error *error)
{
    struct ar_lane_spool *own = ar_lane_spools_own(&jobs->spools, error);
    struct ar_lane_writer writer = writer_of(jobs, done, lane, own);
    return own && ar_lane_write_skipped(&writer, done, text, n, error) == 0 ? 0 : ar_lane_job_hint(error);
}

int ar_lane_job_kept(struct ar_lane_jobs *jobs, struct ar_lane_done *done, const struct ar_lane_passed *lane,
                     const struct ar_cache_entry *kept, struct ar_out *now, struct ar_error *error)
{
    struct ar_lane_spool straight = { .fd = -1, .out = now };
    struct ar_lane_spool *spool = now ? &straight : ar_lane_spools_own(&jobs->spools, error);
    struct ar_lane_writer writer = writer_of(jobs, done, lane, spool);
    return spool && ar_lane_write_kept(&writer, done, kept, error) == 0 ? 0 : ar_lane_job_hint(error);
}
