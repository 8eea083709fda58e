/* SPDX-License-Identifier: MIT */
#include "methods/share_job.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "bytes/file.h"
#include "codecs/tar_format.h"
#include "methods/share_work.h"

enum { PIECE = 64 * 1024 }; /* of an answer that is looked through */

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

int ar_share_open_file(const struct ar_share_work *share, const char *what, int flags, struct ar_error *error)
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
    uint64_t next;       /* offset of a header */
    struct ar_buf piece; /* of the answer, from there on */
    double start, last;  /* when it was started, and when lanes were taken last */
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Reads a piece of the answer, of which so many bytes are there, from the next header on. False where there is none, or not all of it. */
static bool read_piece(struct progress *progress, uint64_t bytes)
{
    struct ar_error ignored;
    uint64_t n = bytes - progress->next;
    ar_buf_clear(&progress->piece);
    if (n < AR_TAR_BLOCK)
        return false;
    ssize_t got = ar_read_at(&progress->piece, progress->share->out, progress->next, n < PIECE ? (size_t)n : PIECE, "", &ignored);
    return got >= AR_TAR_BLOCK;
}

/* Has another entry been answered whole? */
static bool see_entries(struct progress *progress, uint64_t bytes)
{
    bool renewed = false;
    while (read_piece(progress, bytes)) {
        uint64_t start = progress->next, at = 0;
        for (; at + AR_TAR_BLOCK <= progress->piece.len; at = progress->next - start) {
            struct ar_tar_block block;
            char size[sizeof block.size + 1] = "";
            memcpy(&block, progress->piece.data + at, sizeof block);
            memcpy(size, block.size, sizeof block.size);
            uint64_t body = strtoull(size, NULL, 8);
            uint64_t end = progress->next + AR_TAR_BLOCK + body + ar_tar_padding(body);
            if (body > bytes || end > bytes)
                return renewed;
            progress->next = end;
            renewed |= block.kind == '0' || block.kind == '\0';
        }
    }
    return renewed;
}

/* The time limit, which is for one lane, begins anew with each entry. Lanes are taken as they come. An ar_proc's grew. */
static int see_growth(void *arg, pid_t pid, uint64_t bytes, struct ar_error *error)
{
    struct progress *progress = arg;
    struct ar_share_work *share = progress->share;
    bool renewed = see_entries(progress, bytes);
    double time = now();
    if (renewed && share->jobs->contract->shares->part && time - progress->last >= PART_SECONDS) {
        int got = ar_share_take_part(share, pid, time - progress->start, error);
        if (got < 0)
            return -1;
        progress->last = got ? time : progress->last;
    }
    return renewed;
}

/* Says which folder is its own. */
static int tell_folder(struct ar_env *env, int dirfd, struct ar_error *error)
{
    struct stat st;
    char text[64];
    if (fstat(dirfd, &st) != 0)
        return ar_fail_errno(error, errno, "cannot read a folder in the work folder");
    snprintf(text, sizeof text, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    ar_env_set(env, AR_OWN_FOLDER, text);
    return ar_env_check(env, error);
}

static int run_process(struct ar_share_work *share, int in, int dirfd, struct ar_error *error)
{
    struct ar_lane_jobs *jobs = share->jobs;
    const struct ar_share_calls *calls = jobs->contract->shares;
    struct ar_proc proc = jobs->proc;
    struct progress progress = { .share = share, .start = now() };
    progress.last = progress.start;
    ar_env_set(&jobs->env, calls->variable, calls->value);
    if (calls->part && share->n > 1)
        ar_env_set(&jobs->env, AR_LOG_LANES, "1");
    else
        ar_env_unset(&jobs->env, AR_LOG_LANES);
    if (tell_folder(&jobs->env, dirfd, error) != 0)
        return -1;
    ar_buf_init(&progress.piece);
    proc.dirfd = dirfd;
    proc.env = jobs->env.entry;
    proc.in = in;
    proc.log = share->lane[0].log;
    proc.log_limit = ar_share_log_limit(share);
    proc.out = share->out;
    proc.out_limit = jobs->contract->out_max;
    proc.grew = see_growth;
    proc.grew_arg = &progress;
    int result = ar_proc_run(&proc, &share->end, error);
    ar_buf_release(&progress.piece);
    return result;
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

/* ---- a job ---------------------------------------------------------------------------------------------------------- */

static void release(struct ar_share_work *share)
{
    for (uint32_t i = 0; share->lane && i < share->n; i++)
        ar_lane_work_release(&share->lane[i]);
    free(share->lane);
    share->jobs->contract->shares->release(share);
    ar_buf_release(&share->notes);
    ar_share_log_release(&share->log);
    if (share->done_fd >= 0)
        close(share->done_fd);
    if (share->out >= 0)
        close(share->out);
}

static int open_lanes(struct ar_share_work *share, struct ar_error *error)
{
    share->lane = calloc(share->n, sizeof *share->lane);
    if (!share->lane || ar_share_log_init(&share->log, share->n, error) != 0)
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
    ar_share_start_lanes(share, share->jobs->contract->shares->part ? 1 : share->n);
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
    share->out = ar_share_open_file(share, "out", share->job->lost ? O_RDWR : O_RDWR | O_EXCL, error);
    if (share->out < 0 || open_lanes(share, error) != 0)
        return -1;
    share->started = share->job->lost ? share->n : 0;
    int result = share->job->lost ? find_lost(share, error) : run_lanes(share, error);
    if (result == 0)
        result = share->jobs->contract->shares->read(share, error);
    return result == 0 ? ar_share_take_rest(share, error) : -1;
}

/* What is left of what was gathered, which is all of it in most shares, goes along with the reply where it has room there. */
static int reply_notes(struct ar_share_work *share, void *reply, size_t *reply_len, struct ar_error *error)
{
    if (share->done_fd >= 0 || share->notes.len > AR_POOL_MESSAGE - *reply_len)
        return ar_share_write_notes(share, error);
    if (ar_share_end_notes(share, error) != 0)
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

int ar_share_job_told(const void *told, size_t len, ar_share_take *take, void *arg, struct ar_error *error)
{
    const char *notes = told;
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

int ar_share_job_done(const struct ar_lane_jobs *jobs, const struct ar_share_job *job, const void *reply, size_t n, ar_share_take *take,
                      void *arg, struct ar_error *error)
{
    char name[32];
    struct ar_buf notes;
    size_t size = ar_share_job_size(job->n);
    if (n > size)
        return ar_share_job_told((const char *)reply + size, n - size, take, arg, error);
    file_name(name, job, "done");
    ar_buf_init(&notes);
    int result = ar_read_file(jobs->root, name, &notes, SIZE_MAX / 2, error);
    if (result == 0)
        result = ar_share_job_told(notes.data, notes.len, take, arg, error);
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
