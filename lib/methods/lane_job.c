/* SPDX-License-Identifier: MIT */
#include "methods/lane_job.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "bytes/file.h"
#include "bytes/text.h"
#include "lanes/result.h"
#include "methods/lane_folder.h"

enum { LOG_SHOWN = 5, LOG_LINES = 20, LOG_BYTES = 4096, PIECE = 256 * 1024 };

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

int ar_lane_spools_open(struct ar_lane_jobs *jobs, unsigned n, struct ar_error *error)
{
    char name[256];
    jobs->spool = calloc((size_t)n + 1, sizeof *jobs->spool);
    if (!jobs->spool)
        return ar_fail_memory(error);
    for (; jobs->n_spools <= n; jobs->n_spools++) {
        struct ar_lane_spool *spool = &jobs->spool[jobs->n_spools];
        spool->fd = ar_spool_open(error);
        if (spool->fd < 0)
            return -1;
        spool->out = ar_out_new(spool->fd, ar_spool_name(name), AR_FILTER_NONE, error);
        if (!spool->out) {
            close(spool->fd);
            return -1;
        }
    }
    return 0;
}

void ar_lane_spools_release(struct ar_lane_jobs *jobs)
{
    for (unsigned i = 0; i < jobs->n_spools; i++) {
        ar_out_abandon(jobs->spool[i].out);
        close(jobs->spool[i].fd);
    }
    free(jobs->spool);
    jobs->spool = NULL;
    jobs->n_spools = 0;
}

/* A lane that is at work. */
struct job {
    struct ar_lane_jobs *jobs;
    int dirfd, log;
    struct ar_target target;
    struct ar_buf sample, params, printed, result, error_text;
    struct ar_ledger ledger;
    struct ar_images images;
    struct ar_out *out; /* its spool */
    struct ar_emit emit;
};

/* ---- what the method gets ------------------------------------------------------------------------------------------- */

/* Reads what is needed later, before the method can change it. */
static int read_inputs(struct job *job, struct ar_error *error)
{
    struct ar_buf ledger;
    ar_buf_init(&ledger);
    int result = ar_read_file(job->dirfd, AR_FILES_SAMPLE_NAME, &job->sample, SIZE_MAX / 2, error);
    if (result == 0)
        result = ar_read_file(job->dirfd, AR_FILES_PARAMS, &job->params, SIZE_MAX / 2, error);
    if (result == 0)
        result = ar_read_file(job->dirfd, AR_FILES_LEDGER, &ledger, AR_LEDGER_MAX, error);
    if (result == 0)
        result = ar_ledger_parse(&job->ledger, ledger.data, ledger.len, "the lane's ledger", error);
    ar_buf_release(&ledger);
    job->target.sample = job->sample.data;
    job->target.sample_len = job->sample.len;
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
        fcntl(jobs->log, F_SETFL, O_APPEND);
    }
    if (fstat(jobs->log, &st) != 0 || (st.st_size > 0 && ftruncate(jobs->log, 0) != 0))
        return ar_fail_errno(error, errno, "cannot empty a temporary file");
    return jobs->log;
}

/* The log that is kept of a lane. */
static int open_log(const struct job *job, struct ar_error *error)
{
    char name[AR_LANE_ID_MAX + 32];
    snprintf(name, sizeof name, "%s.log", job->target.data);
    int fd = openat(job->jobs->logs, name, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0666);
    return fd >= 0 ? fd : ar_fail_errno(error, errno, "cannot write the log '%s'", name);
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
    if (ar_log_tail(&job->error_text, job->log, 0, LOG_LINES, LOG_BYTES, error) != 0)
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

static int read_printed(struct job *job, int fd, uint64_t n, struct ar_error *error)
{
    char *to = ar_buf_reserve(&job->printed, n);
    if (!to)
        return ar_fail_memory(error);
    ssize_t got = pread(fd, to, n, 0);
    if (got < 0 || (uint64_t)got != n)
        return ar_fail_errno(error, got < 0 ? errno : EIO, "cannot read what the method printed");
    ar_buf_grew(&job->printed, n);
    return 0;
}

/* Runs the method. 0: it went well; 1: it failed, and error_text says how; -1. */
static int run_method(struct job *job, struct ar_lane_done *done, struct ar_error *error)
{
    struct ar_lane_jobs *jobs = job->jobs;
    struct ar_proc proc = jobs->proc;
    struct ar_proc_end end;
    ar_files_env_lane(&jobs->env, job->target.data, job->target.sample);
    if (ar_env_check(&jobs->env, error) != 0)
        return -1;
    proc.env = jobs->env.entry;
    proc.dirfd = job->dirfd;
    proc.log = job->log;
    proc.out_limit = AR_RESULT_MAX;
    if (jobs->printed < 0)
        jobs->printed = memfd_create("result", MFD_CLOEXEC);
    proc.out = jobs->printed;
    if (proc.out < 0 || lseek(proc.out, 0, SEEK_SET) != 0)
        return ar_fail_errno(error, errno, "cannot make a temporary file");
    if (ar_proc_run(&proc, &end, error) != 0)
        return -1;
    done->seconds = end.seconds;
    done->memory = end.memory;
    if (ar_proc_ok(&end))
        return read_printed(job, proc.out, end.out_bytes, error);

    /* What cannot be started now cannot be for any lane: that is a mistake in the command, and no lane's. */
    bool started = end.how != AR_PROC_UNSTARTED;
    struct ar_buf how;
    ar_buf_init(&how);
    ar_proc_describe(&end, &how);
    ar_fail(error, started ? AR_CONTENT : AR_INPUT, "'%s' %s", end.name, how.data);
    ar_hint(error, "%s", end.hint);
    ar_buf_release(&how);
    return started ? blame(job, done, error) : -1;
}

/* Takes what it printed and left. 0 with the outcome; 1: it is no result, and error_text says why; -1. */
static int take_result(struct job *job, struct ar_lane_done *done, struct ar_error *error)
{
    bool none = false;
    done->outcome = AR_LANE_RESULT;
    int result = ar_result_from_output(&job->result, job->printed.data, job->printed.len, job->target.data, job->target.sample, &none, error);
    if (result == 0)
        result = ar_files_images(job->dirfd, &job->images, error);
    if (none)
        done->outcome = AR_LANE_NO_RESULT;
    return result == 0 || error->status != AR_CONTENT ? result : blame(job, done, error);
}

/* ---- writing its entries -------------------------------------------------------------------------------------------- */

/* The lane's entries begin here; what stands before is no matter any more. */
static void start_entries(struct job *job, struct ar_lane_done *done)
{
    done->start = ar_out_offset(job->out);
    ar_emit_release(&job->emit);
    ar_emit_init(&job->emit, job->out, job->jobs->one_lane);
}

static int put_names(struct job *job, struct ar_error *error)
{
    if (ar_emit_names(&job->emit, &job->target, error) != 0)
        return -1;
    return ar_emit_whole(&job->emit, job->target.data, AR_NAME_PARAMS, false, job->params.data, job->params.len, error);
}

/* Copies a picture, and notes its digest. */
static int put_image(struct job *job, size_t i, struct ar_error *error)
{
    const struct ar_image *image = &job->images.image[i];
    struct ar_digest digest;
    char name[300], hex[AR_DIGEST_HEX + 1], *piece = malloc(PIECE);
    snprintf(name, sizeof name, AR_FOLDER_IMAGES "%s", image->name);
    int fd = piece ? ar_images_open(&job->images, i, error) : ar_fail_memory(error);
    int result = fd < 0 ? -1
                        : ar_emit_begin(&job->emit, job->target.data, name, image->size, true, *image->type ? image->type : NULL, error);
    ar_digest_init(&digest);
    for (uint64_t left = image->size; left && result == 0;) {
        ssize_t n = read(fd, piece, left < PIECE ? left : PIECE);
        if (n <= 0) {
            result = ar_fail_errno(error, n < 0 ? errno : EIO, "cannot read the picture '%s'", image->name);
            break;
        }
        ar_digest_add(&digest, piece, (size_t)n);
        result = ar_tar_write(&job->emit.tar, piece, (size_t)n, error);
        left -= (uint64_t)n;
    }
    ar_digest_hex(&digest, hex);
    if (fd >= 0)
        close(fd);
    free(piece);
    return result == 0 ? ar_ledger_set_image(&job->ledger, name, image->size, hex, *image->type ? image->type : NULL, error) : -1;
}

/* Appends the lane's unknown entries, where there are any: whole blocks of a tar. */
static int put_rest(struct job *job, uint32_t number, struct ar_error *error)
{
    char name[32];
    struct stat st;
    ar_lane_job_rest(name, number);
    int fd = openat(job->jobs->root, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : ar_fail_errno(error, errno, "cannot read a temporary file");
    int result = fstat(fd, &st) == 0 ? ar_out_copy(job->out, fd, 0, (uint64_t)st.st_size, name, error)
                                     : ar_fail_errno(error, errno, "cannot read a temporary file");
    close(fd);
    unlinkat(job->jobs->root, name, 0);
    return result;
}

/* Adds the record of this stage to each set. */
static int note_rows(struct job *job, struct ar_error *error)
{
    const char *set;
    json_t *records;
    json_object_foreach (json_object_get(job->ledger.json, "sets"), set, records) {
        struct ar_record before;
        if (!ar_ledger_last(&job->ledger, set, &before))
            continue;
        struct ar_record record = { .stage = "analyze", .rows_in = before.rows, .rows = before.rows };
        if (ar_ledger_append(&job->ledger, set, &record, error) != 0)
            return -1;
    }
    return 0;
}

static int end_entries(struct job *job, struct ar_lane_done *done, struct ar_error *error)
{
    if (ar_ledger_set_outcome(&job->ledger, ar_lane_outcome_name(done->outcome), error) != 0 ||
        ar_emit_ledger(&job->emit, job->target.data, &job->ledger, error) != 0)
        return -1;
    done->end = ar_out_offset(job->out);
    return ar_out_flush(job->out, error);
}

/* 0; 1: a picture is not what it should be, and error_text says why; -1. */
static int write_result(struct job *job, struct ar_lane_done *done, struct ar_error *error)
{
    start_entries(job, done);
    if (put_names(job, error) != 0)
        return -1;
    for (size_t i = 0; i < job->images.n; i++)
        if (put_image(job, i, error) != 0)
            return error->status == AR_CONTENT ? blame(job, done, error) : -1;
    if (done->outcome == AR_LANE_RESULT &&
        (ar_emit_whole(&job->emit, job->target.data, AR_NAME_RESULT, true, job->result.data, job->result.len, error) != 0 ||
         ar_ledger_set_file_bytes(&job->ledger, AR_NAME_RESULT, job->result.data, job->result.len, error) != 0))
        return -1;
    if (put_rest(job, done->number, error) != 0 || note_rows(job, error) != 0)
        return -1;
    return end_entries(job, done, error);
}

/* A lane that failed keeps its names and params, and nothing else. */
static int write_failure(struct job *job, struct ar_lane_done *done, struct ar_error *error)
{
    const struct ar_target *target = &job->target;
    char name[32];
    done->outcome = AR_LANE_FAILED;
    json_object_clear(json_object_get(job->ledger.json, "files"));
    ar_lane_job_rest(name, done->number);
    unlinkat(job->jobs->root, name, 0);
    start_entries(job, done);
    if (put_names(job, error) != 0 ||
        ar_ledger_set_file_bytes(&job->ledger, AR_NAME_DATA_NAME, target->data, target->data_len, error) != 0 ||
        ar_ledger_set_file_bytes(&job->ledger, AR_NAME_SAMPLE_NAME, target->sample, target->sample_len, error) != 0 ||
        ar_ledger_set_file_bytes(&job->ledger, AR_NAME_PARAMS, job->params.data, job->params.len, error) != 0 ||
        ar_ledger_set_file_bytes(&job->ledger, AR_NAME_ERROR, job->error_text.data, job->error_text.len, error) != 0 ||
        ar_emit_whole(&job->emit, target->data, AR_NAME_ERROR, false, job->error_text.data, job->error_text.len, error) != 0)
        return -1;
    return end_entries(job, done, error);
}

/* ---- a job ---------------------------------------------------------------------------------------------------------- */

static void init_job(struct job *job, struct ar_lane_jobs *jobs, unsigned spool)
{
    *job = (struct job){ .jobs = jobs, .dirfd = -1, .log = -1, .images = { .dirfd = -1 }, .out = jobs->spool[spool].out };
    struct ar_buf *bufs[] = { &job->sample, &job->params, &job->printed, &job->result, &job->error_text };
    for (size_t i = 0; i < AR_COUNT(bufs); i++)
        ar_buf_init(bufs[i]);
    ar_emit_init(&job->emit, job->out, jobs->one_lane);
}

static void release_job(struct job *job)
{
    struct ar_buf *bufs[] = { &job->sample, &job->params, &job->printed, &job->result, &job->error_text };
    for (size_t i = 0; i < AR_COUNT(bufs); i++)
        ar_buf_release(bufs[i]);
    ar_ledger_release(&job->ledger);
    ar_images_release(&job->images);
    ar_emit_release(&job->emit);
    if (job->dirfd >= 0)
        close(job->dirfd);
    if (job->log >= 0 && job->log != job->jobs->log)
        close(job->log);
}

static int run_job(struct job *job, struct ar_lane_done *done, struct ar_error *error)
{
    job->dirfd = ar_open_beneath(job->jobs->root, job->target.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (job->dirfd < 0)
        return ar_fail_errno(error, errno, "cannot open the work folder of lane '%s'", job->target.data);
    if (read_inputs(job, error) != 0)
        return -1;
    job->log = job->jobs->logs < 0 ? take_log(job->jobs, error) : open_log(job, error);
    if (job->log < 0)
        return -1;
    int result = run_method(job, done, error);
    if (result == 0)
        result = take_result(job, done, error);
    if (result == 0)
        result = write_result(job, done, error);
    return result == 1 ? write_failure(job, done, error) : result;
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
    job.target.data = what.lane;
    job.target.data_len = strlen(what.lane);
    int result = run_job(&job, &done, error);
    if (result == 0 && !(jobs->keep_work && done.outcome == AR_LANE_FAILED))
        result = ar_lane_folder_close(jobs->root, what.lane, what.number, job.dirfd, &done.folder, error);
    if (result != 0 && error->status != AR_INPUT) {
        ar_fail_in(error, "lane '%s'", what.lane);
        if (jobs->logs < 0 || job.log >= 0)
            ar_lane_job_hint(error);
    }
    release_job(&job);
    *reply_len = done.outcome == AR_LANE_FAILED ? sizeof done : offsetof(struct ar_lane_done, cause);
    memcpy(reply, &done, *reply_len);
    return result;
}

int ar_lane_job_skip(struct ar_lane_jobs *jobs, struct ar_lane_done *done, const struct ar_target *target, const struct ar_buf *params,
                     const char *text, size_t n, struct ar_ledger *ledger, struct ar_error *error)
{
    struct job job;
    done->spool = jobs->n_spools - 1;
    done->outcome = text ? AR_LANE_FAILED : AR_LANE_NOT_CHOSEN;
    init_job(&job, jobs, done->spool);
    job.target = *target;
    job.ledger.json = json_incref(ledger->json);
    start_entries(&job, done);
    int result = ar_emit_names(&job.emit, target, error);
    if (result == 0 && params->len)
        result = ar_emit_whole(&job.emit, target->data, AR_NAME_PARAMS, false, params->data, params->len, error);
    if (result == 0 && text)
        result = ar_emit_whole(&job.emit, target->data, AR_NAME_ERROR, false, text, n, error);
    if (result == 0)
        result = put_rest(&job, done->number, error);
    if (result == 0)
        result = end_entries(&job, done, error);
    release_job(&job);
    return result == 0 ? 0 : ar_lane_job_hint(error);
}
