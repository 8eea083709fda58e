/* SPDX-License-Identifier: MIT */
#include "methods/lane_work.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "bytes/io.h"
#include "bytes/text.h"
#include "methods/lane_folder.h"

enum { LOG_SHOWN = 5, LOG_LINES = 20, LOG_BYTES = 4096, SAID_SHOWN = 500 };

void ar_lane_work_init(struct ar_lane_work *work, struct ar_lane_jobs *jobs, unsigned spool)
{
    *work = (struct ar_lane_work){ .jobs = jobs, .log = -1, .lane = { .dirfd = -1, .manifest = jobs->manifest }, .answer.images = AR_IMAGES_NONE };
    ar_buf_init(&work->sample);
    ar_buf_init(&work->error_text);
    ar_buf_init(&work->lane.params);
    ar_buf_init(&work->answer.result);
    work->writer = (struct ar_lane_writer){ .root = jobs->root, .rest = -1, .spool = &jobs->spools.spool[spool], .one_lane = jobs->one_lane,
                                           .target = &work->lane.target, .params = &work->lane.params, .ledger = &work->lane.ledger };
}

void ar_lane_work_release(struct ar_lane_work *work)
{
    ar_buf_release(&work->sample);
    ar_buf_release(&work->error_text);
    ar_buf_release(&work->lane.params);
    ar_buf_release(&work->answer.result);
    ar_ledger_release(&work->lane.ledger);
    ar_images_release(&work->answer.images);
    ar_tar_map_release(&work->answer.map);
    ar_tree_release(&work->answer.rows);
    if (work->lane.dirfd >= 0)
        close(work->lane.dirfd);
    if (work->log >= 0 && work->log != work->jobs->log)
        close(work->log);
}

/* ---- what the method gets ------------------------------------------------------------------------------------------- */

/* Reads what is needed later, before the method can change it. */
static int read_inputs(struct ar_lane_work *work, struct ar_error *error)
{
    struct ar_contract_lane *lane = &work->lane;
    struct ar_buf ledger;
    ar_buf_init(&ledger);
    int result = ar_read_file(lane->dirfd, AR_FILES_SAMPLE_NAME, &work->sample, SIZE_MAX / 2, error);
    if (result == 0)
        result = ar_read_file(lane->dirfd, AR_FILES_PARAMS, &lane->params, SIZE_MAX / 2, error);
    if (result == 0)
        result = ar_read_file(lane->dirfd, AR_FILES_LEDGER, &ledger, AR_LEDGER_MAX, error);
    if (result == 0)
        result = ar_ledger_parse(&lane->ledger, ledger.data, ledger.len, ar_tr("the lane's ledger"), error);
    ar_buf_release(&ledger);
    lane->target.sample = work->sample.data;
    lane->target.sample_len = work->sample.len;
    return result;
}

/* A file of this worker's, empty, for the method's standard error. */
static int take_log(struct ar_lane_jobs *jobs, struct ar_error *error)
{
    struct stat st;
    if (jobs->log < 0)
        jobs->log = memfd_create("log", MFD_CLOEXEC); /* of AR_LOG_MAX_UNKEPT bytes at most */
    if (jobs->log < 0 || fstat(jobs->log, &st) != 0 || (st.st_size > 0 && ftruncate(jobs->log, 0) != 0))
        return ar_fail_errno(error, errno, "cannot make a temporary file");
    return jobs->log;
}

int ar_lane_work_open_log(const struct ar_lane_work *work, struct ar_error *error)
{
    char name[AR_LANE_ID_MAX + 32];
    snprintf(name, sizeof name, "%s.log", work->lane.target.data);
    int fd = openat(work->jobs->logs, name, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd >= 0)
        return fd;
    ar_fail_errno(error, errno, "cannot write the log '%s'", name);
    return ar_hint_room(error, work->jobs->logs);
}

/* This worker's file for what the method prints, which is held in memory where it can be little only. */
int ar_lane_work_printed(struct ar_lane_jobs *jobs, struct ar_error *error)
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

int ar_lane_work_open(struct ar_lane_work *work, struct ar_error *error)
{
    const char *name = work->lane.target.data;
    work->lane.dirfd = ar_open_beneath(work->jobs->root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (work->lane.dirfd < 0)
        return ar_fail_errno(error, errno, "cannot open the work folder of lane '%s'", name);
    return read_inputs(work, error);
}

int ar_lane_work_log(struct ar_lane_work *work, struct ar_error *error)
{
    work->log = work->jobs->logs < 0 ? take_log(work->jobs, error) : ar_lane_work_open_log(work, error);
    return work->log < 0 ? -1 : 0;
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
static int describe_failure(struct ar_lane_work *work, struct ar_lane_done *done, const char *hint, struct ar_error *error)
{
    const char *cause = done->cause;
    add_shown(&work->error_text, cause);
    if (*hint)
        add_shown(&work->error_text, hint);
    size_t start = work->error_text.len;
    ar_buf_add_char(&work->error_text, '\n');
    ar_buf_add_text(&work->error_text, ar_tr("The end of its log:"));
    ar_buf_add_char(&work->error_text, '\n');
    size_t log = work->error_text.len;
    if (work->log >= 0 && ar_log_tail(&work->error_text, work->log, 0, LOG_LINES, LOG_BYTES, error) != 0)
        return -1;
    if (work->error_text.len == log)
        ar_buf_truncate(&work->error_text, start);
    else
        keep_last_lines(done, work->error_text.data + log);
    return ar_buf_check(&work->error_text, error);
}

/* The lane failed by what stands in error. 1 with error_text; -1. */
int ar_lane_work_blame(struct ar_lane_work *work, struct ar_lane_done *done, struct ar_error *error)
{
    char hint[sizeof error->hint];
    memcpy(done->cause, error->what, sizeof done->cause);
    memcpy(hint, error->hint, sizeof hint);
    return describe_failure(work, done, hint, error) == 0 ? 1 : -1;
}

/* What the method says of its failure: the first line goes to the cause, all of it to error_text where it has several. */
static void add_said(struct ar_lane_work *work, int out, uint64_t bytes, struct ar_buf *how)
{
    struct ar_buf said;
    ar_buf_init(&said);
    if (work->jobs->contract->said)
        work->jobs->contract->said(out, bytes, &said);
    size_t line = strcspn(said.data, "\n");
    if (line)
        ar_buf_add_format(how, ": %.*s", line < SAID_SHOWN ? (int)line : SAID_SHOWN, said.data);
    for (size_t at = 0, n; line + 1 < said.len && at < said.len; at += n + 1) {
        n = strcspn(said.data + at, "\n");
        ar_text_show(&work->error_text, said.data + at, n);
        ar_buf_add_char(&work->error_text, '\n');
    }
    ar_buf_release(&said);
}

/* It ended otherwise than with status 0. 1: by its own doing, and error_text says how; -1. */
int ar_lane_work_fail_end(struct ar_lane_work *work, struct ar_lane_done *done, const struct ar_proc_end *end, int out,
                          struct ar_error *error)
{
    /* What cannot be started now cannot be for any lane: that is a mistake in the command, and no lane's. */
    bool started = end->how != AR_PROC_UNSTARTED;
    struct ar_buf how;
    ar_buf_init(&how);
    ar_proc_describe(end, &how);
    if (started)
        add_said(work, out, end->out_bytes, &how);
    ar_fail(error, started ? AR_CONTENT : AR_INPUT, "'%s' %s", end->name, how.data);
    ar_hint(error, "%s", ar_tr(end->hint));
    ar_buf_release(&how);
    return started ? ar_lane_work_blame(work, done, error) : -1;
}

/* ---- the end -------------------------------------------------------------------------------------------------------- */

/* 0; 1: a picture is not what it should be, and error_text says why; -1. */
int ar_lane_work_write(struct ar_lane_work *work, struct ar_lane_done *done, struct ar_error *error)
{
    int result = ar_lane_write_result(&work->writer, done, &work->answer, error);
    return result == 0 || error->status != AR_CONTENT ? result : ar_lane_work_blame(work, done, error);
}

void ar_lane_work_left(struct ar_lane_done *done, const struct ar_error *error)
{
    snprintf(done->left, sizeof done->left, "%.*s", (int)sizeof done->left - 1, error->what);
}

int ar_lane_work_failed(struct ar_lane_work *work, struct ar_lane_done *done, struct ar_error *error)
{
    done->outcome = AR_LANE_FAILED;
    if (ar_lane_job_again(work->jobs, done->number))
        return 0;
    return ar_lane_write_failure(&work->writer, done, &work->error_text, error);
}

/* Empties the lane's folder, or deletes it. What cannot be deleted stays: it is the method's doing, and its lane is none the worse. */
void ar_lane_work_close(struct ar_lane_work *work, struct ar_lane_done *done)
{
    struct ar_error error;
    if (done->outcome == AR_LANE_FAILED && (work->jobs->keep_work || ar_lane_job_again(work->jobs, done->number)))
        return;
    if (ar_lane_folder_close(work->jobs->root, work->lane.target.data, done->number, work->lane.dirfd, &work->lane.ledger, &done->folder,
                             &done->sets, &error) != 0)
        ar_lane_work_left(done, &error);
}

