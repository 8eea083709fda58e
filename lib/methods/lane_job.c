/* SPDX-License-Identifier: MIT */
#include "methods/lane_job.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "bytes/io.h"
#include "bytes/text.h"
#include "methods/lane_folder.h"
#include "methods/lane_write.h"

enum { LOG_SHOWN = 5, LOG_LINES = 20, LOG_BYTES = 4096 };

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
    if (error->system_errno == ENOSPC || error->system_errno == EDQUOT)
        ar_hint(error, "Make room in '%s', or set TMPDIR to a folder with more of it.", ar_tmpdir());
    return -1;
}

/* A lane that is at work. */
struct job {
    struct ar_lane_jobs *jobs;
    int log;
    struct ar_contract_lane lane;
    struct ar_contract_answer answer;
    struct ar_buf sample, error_text;
    struct ar_lane_writer writer;
};

/* ---- what the method gets ------------------------------------------------------------------------------------------- */

/* Reads what is needed later, before the method can change it. */
static int read_inputs(struct job *job, struct ar_error *error)
{
    struct ar_contract_lane *lane = &job->lane;
    struct ar_buf ledger;
    ar_buf_init(&ledger);
    int result = ar_read_file(lane->dirfd, AR_FILES_SAMPLE_NAME, &job->sample, SIZE_MAX / 2, error);
    if (result == 0)
        result = ar_read_file(lane->dirfd, AR_FILES_PARAMS, &lane->params, SIZE_MAX / 2, error);
    if (result == 0)
        result = ar_read_file(lane->dirfd, AR_FILES_LEDGER, &ledger, AR_LEDGER_MAX, error);
    if (result == 0)
        result = ar_ledger_parse(&lane->ledger, ledger.data, ledger.len, "the lane's ledger", error);
    ar_buf_release(&ledger);
    lane->target.sample = job->sample.data;
    lane->target.sample_len = job->sample.len;
    return result;
}

/* A file of this worker's, empty, for the method's standard error. */
static int take_log(struct ar_lane_jobs *jobs, struct ar_error *error)
{
    struct stat st;
    if (jobs->log < 0) {
        jobs->log = ar_spool_open(error);
        if (jobs->log < 0)
            return -1;
    }
    if (fstat(jobs->log, &st) != 0 || (st.st_size > 0 && ftruncate(jobs->log, 0) != 0))
        return ar_fail_errno(error, errno, "cannot empty a temporary file");
    return jobs->log;
}

/* The log that is kept of a lane. */
static int open_log(const struct job *job, struct ar_error *error)
{
    char name[AR_LANE_ID_MAX + 32];
    snprintf(name, sizeof name, "%s.log", job->lane.target.data);
    int fd = openat(job->jobs->logs, name, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
    return fd >= 0 ? fd : ar_fail_errno(error, errno, "cannot write the log '%s'", name);
}

/* This worker's file for what the method prints, which is held in memory where it can be little only. */
static int take_printed(struct ar_lane_jobs *jobs, struct ar_error *error)
{
    bool small = jobs->contract->out_max <= AR_RESULT_MAX;
    if (jobs->printed < 0)
        jobs->printed = small ? memfd_create("result", MFD_CLOEXEC) : ar_spool_open(error);
    if (jobs->printed < 0 && !small)
        return -1;
    if (jobs->printed < 0 || lseek(jobs->printed, 0, SEEK_SET) != 0)
        return ar_fail_errno(error, errno, "cannot make a temporary file");
    return jobs->printed;
}

/* ---- how it failed -------------------------------------------------------------------------------------------------- */

static void add_shown(struct ar_buf *text, const char *line)
{
    ar_text_show(text, line, strlen(line));
    ar_buf_add_char(text, '\n');
}

/* Keeps the last lines of the log that fit. */
static void keep_last_lines(struct ar_lane_done *done, const char *log)
{
    const char *start = log + strlen(log);
    for (int lines = 0; start > log && lines < LOG_SHOWN; lines++) {
        const char *line = start - 1;
        while (line > log && line[-1] != '\n')
            line--;
        if (strlen(line) >= sizeof done->log)
            break;
        start = line;
    }
    snprintf(done->log, sizeof done->log, "%s", start);
}

/* Puts the cause, the hint and the end of the log together to the text of the lane's error, all of it harmless on a terminal. */
static int describe_failure(struct job *job, struct ar_lane_done *done, const char *hint, struct ar_error *error)
{
    const char *cause = done->cause;
    add_shown(&job->error_text, cause);
    if (*hint)
        add_shown(&job->error_text, hint);
    size_t start = job->error_text.len;
    ar_buf_add_text(&job->error_text, "\nThe end of its log:\n");
    size_t log = job->error_text.len;
    if (job->log >= 0 && ar_log_tail(&job->error_text, job->log, 0, LOG_LINES, LOG_BYTES, error) != 0)
        return -1;
    if (job->error_text.len == log)
        ar_buf_truncate(&job->error_text, start);
    else
        keep_last_lines(done, job->error_text.data + log);
    return ar_buf_check(&job->error_text, error);
}

/* The lane failed by what stands in error. 1 with error_text; -1. */
static int blame(struct job *job, struct ar_lane_done *done, struct ar_error *error)
{
    char hint[sizeof error->hint];
    memcpy(done->cause, error->what, sizeof done->cause);
    memcpy(hint, error->hint, sizeof hint);
    return describe_failure(job, done, hint, error) == 0 ? 1 : -1;
}

/* ---- running it ----------------------------------------------------------------------------------------------------- */

/* It ended otherwise than with status 0. 1: by its own doing, and error_text says how; -1. */
static int take_failure(struct job *job, struct ar_lane_done *done, const struct ar_proc_end *end, struct ar_error *error)
{
    /* What cannot be started now cannot be for any lane: that is a mistake in the command, and no lane's. */
    bool started = end->how != AR_PROC_UNSTARTED;
    struct ar_buf how;
    ar_buf_init(&how);
    ar_proc_describe(end, &how);
    ar_fail(error, started ? AR_CONTENT : AR_INPUT, "'%s' %s", end->name, how.data);
    ar_hint(error, "%s", end->hint);
    ar_buf_release(&how);
    return started ? blame(job, done, error) : -1;
}

/* Takes its answer. 0 with the outcome; 1: it is none, and error_text says why; -1. */
static int take_answer(struct job *job, struct ar_lane_done *done, const struct ar_proc_end *end, struct ar_error *error)
{
    struct ar_lane_jobs *jobs = job->jobs;
    int result = jobs->contract->answer(&job->lane, jobs->printed, end->out_bytes, &job->answer, error);
    done->outcome = job->answer.none ? AR_LANE_NO_RESULT : AR_LANE_RESULT;
    return result == 0 || error->status != AR_CONTENT ? result : blame(job, done, error);
}

/* Runs the method. 0: it went well; 1: it failed, and error_text says how; -1. */
static int run_method(struct job *job, struct ar_lane_done *done, struct ar_error *error)
{
    struct ar_lane_jobs *jobs = job->jobs;
    struct ar_proc proc = jobs->proc;
    struct ar_proc_end end;
    proc.dirfd = job->lane.dirfd;
    proc.log = job->log;
    proc.log_limit = jobs->logs < 0 ? AR_LOG_MAX_UNKEPT : AR_LOG_MAX;
    proc.out_limit = jobs->contract->out_max;
    proc.out = take_printed(jobs, error);
    if (proc.out < 0 || jobs->contract->ask(&job->lane, &jobs->env, &proc, error) != 0)
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
    return ar_proc_ok(&end) ? take_answer(job, done, &end, error) : take_failure(job, done, &end, error);
}

/* ---- a job ---------------------------------------------------------------------------------------------------------- */

static void init_job(struct job *job, struct ar_lane_jobs *jobs, unsigned spool)
{
    *job = (struct job){ .jobs = jobs, .log = -1, .lane = { .dirfd = -1, .manifest = jobs->manifest }, .answer.images.dirfd = -1 };
    ar_buf_init(&job->sample);
    ar_buf_init(&job->error_text);
    ar_buf_init(&job->lane.params);
    ar_buf_init(&job->answer.result);
    job->writer = (struct ar_lane_writer){ .root = jobs->root, .spool = &jobs->spools.spool[spool], .one_lane = jobs->one_lane,
                                           .target = &job->lane.target, .params = &job->lane.params, .ledger = &job->lane.ledger };
}

static void release_job(struct job *job)
{
    ar_buf_release(&job->sample);
    ar_buf_release(&job->error_text);
    ar_buf_release(&job->lane.params);
    ar_buf_release(&job->answer.result);
    ar_ledger_release(&job->lane.ledger);
    ar_images_release(&job->answer.images);
    if (job->lane.dirfd >= 0)
        close(job->lane.dirfd);
    if (job->log >= 0 && job->log != job->jobs->log)
        close(job->log);
}

/* 0; 1: a picture is not what it should be, and error_text says why; -1. */
static int write_result(struct job *job, struct ar_lane_done *done, struct ar_error *error)
{
    int result = ar_lane_write_result(&job->writer, done, &job->answer, error);
    return result == 0 || error->status != AR_CONTENT ? result : blame(job, done, error);
}

static int run_job(struct job *job, struct ar_lane_done *done, struct ar_error *error)
{
    const char *name = job->lane.target.data;
    job->lane.dirfd = ar_open_beneath(job->jobs->root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (job->lane.dirfd < 0)
        return ar_fail_errno(error, errno, "cannot open the work folder of lane '%s'", name);
    if (read_inputs(job, error) != 0)
        return -1;
    job->log = job->jobs->logs < 0 ? take_log(job->jobs, error) : open_log(job, error);
    if (job->log < 0)
        return -1;
    int result = run_method(job, done, error);
    if (result == 0)
        result = write_result(job, done, error);
    return result == 1 ? ar_lane_write_failure(&job->writer, done, &job->error_text, error) : result;
}

static void note_left(struct ar_lane_done *done, const struct ar_error *error)
{
    snprintf(done->left, sizeof done->left, "%.*s", (int)sizeof done->left - 1, error->what);
}

/* Empties the lane's folder, or deletes it. What cannot be deleted stays: it is the method's doing, and its lane is none the worse. */
static void close_folder(struct job *job, struct ar_lane_done *done)
{
    struct ar_error error;
    if (job->jobs->keep_work && done->outcome == AR_LANE_FAILED)
        return;
    if (ar_lane_folder_close(job->jobs->root, job->lane.target.data, done->number, job->lane.dirfd, &done->folder, &error) != 0)
        note_left(done, &error);
}

int ar_lane_job_run(void *context, unsigned worker, const void *message, size_t message_len, void *reply, size_t *reply_len,
                    struct ar_error *error)
{
    struct ar_lane_jobs *jobs = context; /* the worker's own copy */
    struct ar_lane_job what = { 0 };
    memcpy(&what, message, message_len < sizeof what ? message_len : sizeof what);
    struct ar_lane_done done = { .number = what.number, .spool = worker };
    struct job job;
    init_job(&job, jobs, worker);
    job.lane.target.data = what.lane;
    job.lane.target.data_len = strlen(what.lane);
    int result = run_job(&job, &done, error);
    if (result == 0)
        close_folder(&job, &done);
    if (result != 0 && error->status != AR_INPUT) {
        ar_fail_in(error, "lane '%s'", what.lane);
        if (jobs->logs < 0 || job.log >= 0)
            ar_lane_job_hint(error);
    }
    release_job(&job);
    *reply_len = done.outcome == AR_LANE_FAILED || *done.left ? sizeof done : AR_LANE_DONE_SHORT;
    memcpy(reply, &done, *reply_len);
    return result;
}

void ar_lane_job_orphaned(void *context)
{
    const struct ar_lane_jobs *jobs = context;
    ar_work_remove(jobs->work);
}

/* As run_job, of which only the end is left to do. */
static int run_lost(struct job *job, struct ar_lane_done *done, const char *why, const struct ar_buf *params, const struct ar_buf *ledger,
                    struct ar_error *error)
{
    char name[AR_LANE_ID_MAX + 32];
    snprintf(name, sizeof name, "%s.log", job->lane.target.data);
    if (job->jobs->logs >= 0)
        job->log = openat(job->jobs->logs, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    ar_buf_add(&job->lane.params, params->data, params->len);
    if (ar_buf_check(&job->lane.params, error) != 0 ||
        ar_ledger_parse(&job->lane.ledger, ledger->data, ledger->len, "the lane's ledger", error) != 0 ||
        ar_lane_spool_restart(job->writer.spool, error) != 0)
        return -1;
    ar_fail(error, AR_CONTENT, "its worker %s", why);
    ar_hint(error, "a method may not end the process that started it; where nobody did, memory ran out, and fewer jobs at once (-j) need less");
    return blame(job, done, error) == 1 ? ar_lane_write_failure(&job->writer, done, &job->error_text, error) : -1;
}

int ar_lane_job_lost(struct ar_lane_jobs *jobs, struct ar_lane_done *done, unsigned worker, const char *why, const struct ar_target *target,
                     const struct ar_buf *params, const struct ar_buf *ledger, struct ar_error *error)
{
    struct job job;
    done->spool = worker;
    init_job(&job, jobs, worker);
    job.lane.target = *target;
    int result = run_lost(&job, done, why, params, ledger, error);
    if (result == 0 && !jobs->keep_work) {
        struct ar_error left;
        if (ar_dir_remove(jobs->root, target->data, &left) != 0)
            note_left(done, &left);
    }
    release_job(&job);
    return result == 0 ? 0 : ar_lane_job_hint(error);
}

int ar_lane_job_skip(struct ar_lane_jobs *jobs, struct ar_lane_done *done, const struct ar_target *target, const struct ar_buf *params,
                     const char *text, size_t n, struct ar_ledger *ledger, struct ar_error *error)
{
    done->spool = jobs->spools.n - 1;
    struct ar_lane_writer writer = { .root = jobs->root, .spool = &jobs->spools.spool[done->spool], .one_lane = jobs->one_lane,
                                     .target = target, .params = params, .ledger = ledger };
    return ar_lane_write_skipped(&writer, done, text, n, error) == 0 ? 0 : ar_lane_job_hint(error);
}
