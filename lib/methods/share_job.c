/* SPDX-License-Identifier: MIT */
#include "methods/share_job.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "codecs/tar_format.h"
#include "methods/share_work.h"

enum { NOTES = 64 }; /* lanes whose entries are gathered before they are written */

#define PART_SECONDS 0.01 /* so long what was answered may wait to be taken: as much is lost at most where the run is killed */

size_t ar_share_job_size(uint32_t n)
{
    return offsetof(struct ar_share_job, lane) + n * sizeof(uint32_t);
}

bool ar_share_is_whole(const struct ar_share_work *share)
{
    return !share->job->lost && ar_proc_ok(&share->end) && share->fault.status == AR_OK;
}

/* The name in the work folder of a share's answer ("out"), the lanes that were dealt with ("done"). */
static void file_name(char name[32], const struct ar_share_job *job, const char *what)
{
    snprintf(name, 32, ".%" PRIu32 ".%s", job->first, what);
}

static int open_file(const struct ar_share_work *share, const char *what, int flags, struct ar_error *error)
{
    char name[32];
    file_name(name, share->job, what);
    int fd = openat(share->jobs->root, name, flags | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    return fd >= 0 ? fd : ar_fail_errno(error, errno, "cannot write a temporary file in the work folder");
}

/* ---- running it ----------------------------------------------------------------------------------------------------- */

/* Up to where the answer was looked at. */
struct progress {
    struct ar_share_work *share;
    uint64_t next;      /* offset of a header */
    double start, last; /* when it was started, and when lanes were taken last */
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Has another entry been answered whole? */
static bool see_entries(struct progress *progress, uint64_t bytes)
{
    struct ar_tar_block block;
    bool renewed = false;
    while (progress->next + AR_TAR_BLOCK <= bytes &&
           pread(progress->share->out, &block, sizeof block, (off_t)progress->next) == (ssize_t)sizeof block) {
        char size[sizeof block.size + 1] = "";
        memcpy(size, block.size, sizeof block.size);
        uint64_t body = strtoull(size, NULL, 8);
        uint64_t end = progress->next + AR_TAR_BLOCK + body + ar_tar_padding(body);
        if (body > bytes || end > bytes)
            break;
        progress->next = end;
        renewed |= block.kind == '0' || block.kind == '\0';
    }
    return renewed;
}

static int take_part(struct ar_share_work *share, pid_t pid, double seconds, struct ar_error *error);

/* The time limit, which is for one lane, begins anew with each entry. Lanes are taken as they come. An ar_proc's grew. */
static int see_growth(void *arg, pid_t pid, uint64_t bytes, struct ar_error *error)
{
    struct progress *progress = arg;
    struct ar_share_work *share = progress->share;
    bool renewed = see_entries(progress, bytes);
    double time = now();
    if (renewed && share->jobs->contract->shares->part && time - progress->last >= PART_SECONDS) {
        int got = take_part(share, pid, time - progress->start, error);
        if (got < 0)
            return -1;
        progress->last = got ? time : progress->last;
    }
    return renewed;
}

static int run_process(struct ar_share_work *share, int in, int dirfd, struct ar_error *error)
{
    struct ar_lane_jobs *jobs = share->jobs;
    const struct ar_share_calls *calls = jobs->contract->shares;
    struct ar_proc proc = jobs->proc;
    struct progress progress = { .share = share, .start = now() };
    progress.last = progress.start;
    ar_env_set(&jobs->env, calls->variable, calls->value);
    if (ar_env_check(&jobs->env, error) != 0)
        return -1;
    proc.dirfd = dirfd;
    proc.env = jobs->env.entry;
    proc.in = in;
    proc.log = share->lane[0].log;
    proc.log_limit = jobs->logs < 0 ? AR_LOG_MAX_UNKEPT : AR_LOG_MAX;
    proc.out = share->out;
    proc.out_limit = jobs->contract->out_max;
    proc.grew = see_growth;
    proc.grew_arg = &progress;
    return ar_proc_run(&proc, &share->end, error);
}

static void folder_name(char name[32], unsigned worker)
{
    snprintf(name, 32, ".%u.share", worker);
}

/* The worker's folder for such processes, new unless there is one. One that a killed worker had under the same number goes. */
static int open_folder(struct ar_lane_jobs *jobs, const char *name, struct ar_error *error)
{
    if (jobs->folder >= 0)
        return 0;
    if (ar_dir_remove(jobs->root, name, error) != 0)
        return -1;
    if (mkdirat(jobs->root, name, 0700) == 0)
        jobs->folder = ar_open_beneath(jobs->root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    return jobs->folder >= 0 ? 0 : ar_fail_errno(error, errno, "cannot make a work folder");
}

/* Runs it in a folder in which there is nothing. */
static int run_in_folder(struct ar_share_work *share, int in, struct ar_error *error)
{
    struct ar_lane_jobs *jobs = share->jobs;
    struct ar_error left;
    char name[32];
    folder_name(name, share->worker);
    if (open_folder(jobs, name, error) != 0)
        return -1;
    int result = run_process(share, in, jobs->folder, error);
    if (!ar_lane_folder_clear(jobs->root, name, jobs->folder)) {
        close(jobs->folder);
        jobs->folder = -1;
        (void)!ar_dir_remove(jobs->root, name, &left); /* what stays goes, or is told, with the work folder */
    }
    share->answered = share->end.out_bytes;
    return result;
}

/* ---- what it answered ----------------------------------------------------------------------------------------------- */

/* Tells why the lane has no result. 1; -1. */
static int blame_end(struct ar_share_work *share, struct ar_lane_work *work, struct ar_lane_done *done, struct ar_error *error)
{
    if (!ar_proc_ok(&share->end))
        return ar_lane_work_fail_end(work, done, &share->end, share->out, error);
    if (share->fault.status == AR_CONTENT)
        *error = share->fault;
    else
        ar_fail(error, AR_CONTENT, "'%s' ended without a result of this lane", share->end.name);
    return ar_lane_work_blame(work, done, error);
}

/* The share's log is called after its first lane; the lane that failed gets it under its own name, too. 0 or -1. */
static int keep_log(const struct ar_share_work *share, const struct ar_lane_work *work, struct ar_error *error)
{
    char name[AR_LANE_ID_MAX + 32];
    struct stat st;
    if (share->jobs->logs < 0 || work == share->lane)
        return 0;
    snprintf(name, sizeof name, "%s.log", work->lane.target.data);
    int fd = openat(share->jobs->logs, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
    int result = -1;
    if (fd < 0 || fstat(work->log, &st) != 0)
        ar_fail_errno(error, errno, "cannot write the log '%s'", name);
    else
        result = ar_copy_fd(fd, name, work->log, (uint64_t)st.st_size, ar_tr("the log"), error);
    if (fd >= 0)
        close(fd);
    return result;
}

/* The entries of lanes are there, before it is said so. */
static int end_notes(struct ar_share_work *share, struct ar_error *error)
{
    return ar_buf_check(&share->notes, error) == 0 ? ar_out_flush(share->jobs->spools.spool[share->worker].out, error) : -1;
}

/* Writes what was gathered to a file. */
static int write_notes(struct ar_share_work *share, struct ar_error *error)
{
    if (share->n_notes == 0)
        return 0;
    if (share->done_fd < 0)
        share->done_fd = open_file(share, "done", O_WRONLY | O_EXCL, error);
    if (share->done_fd < 0 || end_notes(share, error) != 0 ||
        ar_write_fd(share->done_fd, share->notes.data, share->notes.len, ar_tr("temporary file"), error) != 0)
        return -1;
    ar_buf_clear(&share->notes);
    share->n_notes = 0;
    return 0;
}

/* Where the notes end that one message holds, of those from at on; *n: how many they are. */
static size_t end_of_message(const struct ar_buf *notes, size_t at, uint32_t *n)
{
    size_t end = at;
    uint32_t size;
    for (*n = 0; end < notes->len; ++*n) {
        memcpy(&size, notes->data + end, sizeof size);
        if (end + sizeof size + size - at > AR_POOL_MESSAGE)
            break;
        end += sizeof size + size;
    }
    return end;
}

/* Says what was noted. What there is no room for now is said later. */
static int tell_notes(struct ar_share_work *share, struct ar_error *error)
{
    struct ar_buf *notes = &share->notes;
    size_t at = 0;
    int told = end_notes(share, error) == 0 ? 1 : -1;
    while (told > 0 && at < notes->len) {
        uint32_t n;
        size_t end = end_of_message(notes, at, &n);
        told = ar_pool_tell(share->jobs->pool, share->worker, notes->data + at, end - at, error);
        at = told > 0 ? end : at;
        share->n_notes -= told > 0 ? n : 0;
    }
    memmove(notes->data, notes->data + at, notes->len - at);
    ar_buf_truncate(notes, notes->len - at);
    return told < 0 ? -1 : 0;
}

/*
 * Notes that the lane was dealt with. A worker that takes the answer of one that was killed writes that at once: if it is killed over the
 * next one, it must be known over which.
 */
static int note_done(struct ar_share_work *share, const struct ar_lane_done *done, struct ar_error *error)
{
    uint32_t n = ar_lane_done_size(done);
    ar_buf_add(&share->notes, &n, sizeof n);
    ar_buf_add(&share->notes, done, n);
    share->n_notes++;
    if (share->n_notes < NOTES && !share->job->lost)
        return 0;
    return share->running ? tell_notes(share, error) : write_notes(share, error);
}

/* Notes that it is at the lanes before end, one after the other, or at all of them. */
static void start_lanes(struct ar_share_work *share, uint32_t end)
{
    for (; share->started < end; share->started++)
        ar_lane_job_started(share->jobs, &share->lane[share->started].lane.target);
}

static int take_lane(struct ar_share_work *share, uint32_t i, double seconds, uint64_t memory, struct ar_error *error)
{
    const struct ar_share_calls *calls = share->jobs->contract->shares;
    struct ar_lane_work *work = &share->lane[i];
    struct ar_lane_done done = { .number = ar_share_number(share, i), .spool = share->worker, .seconds = seconds, .memory = memory };
    bool answered = calls->answered(share, i);
    if (i + 1 == share->n && !share->blamed && !ar_share_is_whole(share))
        answered = false; /* a failure is a failure, also behind the last result */
    if (!answered && (share->blamed || share->job->lost)) {
        share->blamed = true;
        return 0; /* it is left for another process, or for who sent the job */
    }
    start_lanes(share, i + 1);
    work->log = share->lane[0].log;
    share->blamed |= !answered;
    int result = answered ? calls->take(share, i, &done, error) : blame_end(share, work, &done, error);
    if (result == 1 && (result = keep_log(share, work, error)) == 0)
        result = ar_lane_work_failed(work, &done, error);
    if (result == 0)
        result = calls->close(share, i, &done, error);
    if (i > 0)
        work->log = -1;
    return result == 0 ? note_done(share, &done, error) : -1;
}

/* ---- while it runs -------------------------------------------------------------------------------------------------- */

/* Takes the lanes that were answered since, seconds after the process was started. 1; 0 where there are none; -1. */
static int take_part(struct ar_share_work *share, pid_t pid, double seconds, struct ar_error *error)
{
    uint64_t memory = ar_proc_peak(pid);
    ssize_t n = memory ? share->jobs->contract->shares->part(share, error) : 0;
    if (n <= 0)
        return (int)n;
    ar_proc_forget_peak(pid);
    double each = (seconds - share->spent) / (double)n;
    share->spent = seconds;
    int result = 0;
    share->running = true;
    for (; n > 0 && result == 0; n--)
        result = take_lane(share, share->taken++, each, memory, error);
    share->running = false;
    if (result == 0)
        result = tell_notes(share, error);
    if (result == 0)
        start_lanes(share, share->taken + 1);
    return result == 0 ? 1 : -1;
}

/* ---- a job ---------------------------------------------------------------------------------------------------------- */

static void release(struct ar_share_work *share)
{
    for (uint32_t i = 0; share->lane && i < share->n; i++)
        ar_lane_work_release(&share->lane[i]);
    free(share->lane);
    share->jobs->contract->shares->release(share);
    ar_buf_release(&share->notes);
    if (share->done_fd >= 0)
        close(share->done_fd);
    if (share->out >= 0)
        close(share->out);
}

static int open_lanes(struct ar_share_work *share, struct ar_error *error)
{
    share->lane = calloc(share->n, sizeof *share->lane);
    if (!share->lane)
        return ar_fail_memory(error);
    for (uint32_t i = 0; i < share->n; i++) {
        ar_lane_work_init(&share->lane[i], share->jobs, share->worker);
        share->lane[i].lane.target = share->jobs->targets->entry[ar_share_number(share, i)];
        share->lane[i].writer.gathers = true;
        if (!share->job->rest)
            share->lane[i].writer.root = -1;
    }
    return share->jobs->contract->shares->open(share, error);
}

/* Has a process run. */
static int run_lanes(struct ar_share_work *share, struct ar_error *error)
{
    if (ar_lane_work_log(&share->lane[0], error) != 0)
        return -1;
    int in = share->jobs->contract->shares->ask(share, error);
    if (in < 0)
        return -1;
    start_lanes(share, share->jobs->contract->shares->part ? 1 : share->n);
    int result = run_in_folder(share, in, error);
    close(in);
    return result;
}

/* The process ran, and its worker was killed: its answer is all that is there. */
static int find_lost(struct ar_share_work *share, struct ar_error *error)
{
    struct stat st;
    if (fstat(share->out, &st) != 0)
        return ar_fail_errno(error, errno, "cannot read a temporary file in the work folder");
    share->answered = (uint64_t)st.st_size;
    return 0;
}

static int run_share(struct ar_share_work *share, struct ar_error *error)
{
    share->out = open_file(share, "out", share->job->lost ? O_RDWR : O_RDWR | O_EXCL, error);
    if (share->out < 0 || open_lanes(share, error) != 0)
        return -1;
    share->started = share->job->lost ? share->n : 0;
    int result = share->job->lost ? find_lost(share, error) : run_lanes(share, error);
    if (result == 0)
        result = share->jobs->contract->shares->read(share, error);
    double each = (share->end.seconds - share->spent) / (share->n - share->taken);
    while (share->taken < share->n && result == 0)
        result = take_lane(share, share->taken++, each, share->end.memory, error);
    return result;
}

/* What is left of what was gathered, which is all of it in most shares, goes along with the reply where it has room there. */
static int reply_notes(struct ar_share_work *share, void *reply, size_t *reply_len, struct ar_error *error)
{
    if (share->done_fd >= 0 || share->notes.len > AR_POOL_MESSAGE - *reply_len)
        return write_notes(share, error);
    if (end_notes(share, error) != 0)
        return -1;
    memcpy((char *)reply + *reply_len, share->notes.data, share->notes.len);
    *reply_len += share->notes.len;
    return 0;
}

int ar_share_job_run(void *context, unsigned worker, const void *message, size_t message_len, void *reply, size_t *reply_len,
                     struct ar_error *error)
{
    struct ar_share_job job = { 0 };
    memcpy(&job, message, message_len < sizeof job ? message_len : sizeof job);
    struct ar_share_work share = { .jobs = context, .job = &job, .n = job.now, .worker = worker, .out = -1, .done_fd = -1 };
    ar_buf_init(&share.notes);
    memcpy(reply, message, message_len);
    *reply_len = message_len;
    int result = run_share(&share, error);
    if (result == 0)
        result = reply_notes(&share, reply, reply_len, error);
    release(&share);
    return result == 0 ? 0 : ar_lane_job_hint(error);
}

/* ---- for who sent it ------------------------------------------------------------------------------------------------ */

static int take_notes(const char *notes, size_t len, ar_share_take *take, void *arg, struct ar_error *error)
{
    int result = 0;
    uint32_t n;
    for (size_t at = 0; result == 0 && len - at >= sizeof n; at += sizeof n + n) {
        struct ar_lane_done done = { 0 };
        memcpy(&n, notes + at, sizeof n);
        if (n > sizeof done || n > len - at - sizeof n)
            break; /* whoever wrote it was killed */
        memcpy(&done, notes + at + sizeof n, n);
        result = take(arg, &done, error);
    }
    return result;
}

int ar_share_job_told(const void *told, size_t n, ar_share_take *take, void *arg, struct ar_error *error)
{
    return take_notes(told, n, take, arg, error);
}

int ar_share_job_done(const struct ar_lane_jobs *jobs, const struct ar_share_job *job, const void *reply, size_t n, ar_share_take *take,
                      void *arg, struct ar_error *error)
{
    char name[32];
    struct ar_buf notes;
    size_t size = ar_share_job_size(job->n);
    if (n > size)
        return take_notes((const char *)reply + size, n - size, take, arg, error);
    file_name(name, job, "done");
    ar_buf_init(&notes);
    int result = ar_read_file(jobs->root, name, &notes, SIZE_MAX / 2, error);
    if (result == 0)
        result = take_notes(notes.data, notes.len, take, arg, error);
    else if (error->system_errno == ENOENT)
        result = 0;
    ar_buf_release(&notes);
    unlinkat(jobs->root, name, 0);
    return result;
}

void ar_share_job_forget(const struct ar_lane_jobs *jobs, const struct ar_share_job *job)
{
    char name[32];
    file_name(name, job, "out");
    unlinkat(jobs->root, name, 0);
}

int ar_share_job_keep(const struct ar_lane_jobs *jobs, const struct ar_share_job *job, struct ar_error *error)
{
    const struct ar_share_calls *calls = jobs->contract->shares;
    return jobs->keep_work && calls->keep ? calls->keep(jobs, job, 0, error) : 0;
}

void ar_share_job_end(const struct ar_share_job *job)
{
    if (job->file >= 0)
        close(job->file);
}

void ar_share_folders_remove(const struct ar_lane_jobs *jobs, unsigned n)
{
    struct ar_error ignored;
    char name[32];
    for (unsigned i = 0; i < n; i++) {
        folder_name(name, i);
        (void)!ar_dir_remove(jobs->root, name, &ignored);
    }
}
