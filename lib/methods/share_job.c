/* SPDX-License-Identifier: MIT */
#include "methods/share_job.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "codecs/tar_format.h"
#include "lanes/entries.h"
#include "methods/lane_folder.h"
#include "methods/lane_work.h"
#include "methods/wire_tar.h"
#include "wire/result.h"

size_t ar_share_job_size(uint32_t n)
{
    return offsetof(struct ar_share_job, lane) + n * sizeof(uint32_t);
}

/* A share at work. */
struct share {
    struct ar_lane_jobs *jobs;
    const struct ar_share_job *job;
    struct ar_lane_work *lane; /* one for each of the job's */
    unsigned worker;
    char name[32];             /* of its folder, in which the process runs */
    int dirfd;
    struct ar_proc_end end;
    struct ar_tar_map answer;
    struct ar_error fault;     /* of an answer that is not whole */
    int done_fd;               /* where it is noted which lanes were dealt with */
    bool blamed;               /* a lane was found to be the one that failed */
};

static void folder_name(char name[32], uint32_t first)
{
    snprintf(name, 32, ".%" PRIu32 ".share", first);
}

static void done_name(char name[32], uint32_t first)
{
    snprintf(name, 32, ".%" PRIu32 ".done", first);
}

/* ---- what the process gets ------------------------------------------------------------------------------------------ */

static int open_lanes(struct share *share, struct ar_error *error)
{
    share->lane = calloc(share->job->n, sizeof *share->lane);
    if (!share->lane)
        return ar_fail_memory(error);
    for (uint32_t i = 0; i < share->job->n; i++) {
        const struct ar_target *target = &share->jobs->targets->entry[share->job->lane[i]];
        ar_lane_work_init(&share->lane[i], share->jobs, share->worker);
        share->lane[i].lane.target = *target;
    }
    for (uint32_t i = 0; i < share->job->n; i++) {
        if (ar_lane_work_open(&share->lane[i], error) != 0)
            return -1;
        close(share->lane[i].lane.dirfd); /* a share may have more lanes than a process may have open files */
        share->lane[i].lane.dirfd = -1;
    }
    return 0;
}

static int put_targets(struct ar_wire_tar *wire, const struct share *share, struct ar_error *error)
{
    struct ar_targets targets = { 0 };
    struct ar_buf text;
    int result = 0;
    ar_buf_init(&text);
    for (uint32_t i = 0; i < share->job->n && result == 0; i++) {
        const struct ar_target *target = &share->lane[i].lane.target;
        result = ar_targets_add(&targets, target->data, target->data_len, target->sample, target->sample_len, error);
    }
    ar_targets_write(&targets, &text);
    if (result == 0)
        result = ar_buf_check(&text, error);
    if (result == 0)
        result = ar_wire_tar_text(wire, AR_NAME_TARGETS, text.data, text.len, error);
    ar_buf_release(&text);
    ar_targets_release(&targets);
    return result;
}

static void free_paths(char **path, size_t n)
{
    for (size_t i = 0; path && i < n; i++)
        free(path[i]);
    free(path);
}

/* The CSV files of a set, of all lanes, from the work folder. */
static char **set_paths(const struct share *share, const char *set)
{
    char **path = calloc(share->job->n, sizeof *path);
    for (uint32_t i = 0; path && i < share->job->n; i++)
        if (asprintf(&path[i], "%s/" AR_FILES_SETS "/%s.csv", share->lane[i].lane.target.data, set) < 0) {
            path[i] = NULL;
            free_paths(path, i);
            return NULL;
        }
    return path;
}

static int put_sets(struct ar_wire_tar *wire, const struct share *share, struct ar_error *error)
{
    const char *set;
    json_t *records;
    json_object_foreach (json_object_get(share->lane[0].lane.ledger.json, "sets"), set, records) {
        char **path = set_paths(share, set);
        if (!path)
            return ar_fail_memory(error);
        int result = ar_wire_tar_set(wire, set, share->jobs->root, path, share->job->n, share->jobs->manifest, error);
        free_paths(path, share->job->n);
        if (result != 0)
            return -1;
    }
    return 0;
}

/* The tar for its standard input. A descriptor, or -1. */
static int ask(const struct share *share, struct ar_error *error)
{
    struct ar_wire_tar wire;
    const struct ar_buf *params = &share->lane[0].lane.params;
    if (ar_wire_tar_open(&wire, error) != 0)
        return -1;
    if (put_targets(&wire, share, error) == 0 && ar_wire_tar_text(&wire, AR_NAME_PARAMS, params->data, params->len, error) == 0 &&
        put_sets(&wire, share, error) == 0)
        return ar_wire_tar_close(&wire, error);
    ar_wire_tar_abandon(&wire);
    return -1;
}

/* ---- running it ----------------------------------------------------------------------------------------------------- */

/* Up to where the answer was looked at. */
struct progress {
    int fd;
    uint64_t next; /* offset of a header */
};

/* Has another entry been answered whole? Then the time limit, which is for one lane, begins anew. */
static bool renews(void *arg, uint64_t bytes)
{
    struct progress *progress = arg;
    struct ar_tar_block block;
    bool renewed = false;
    while (progress->next + AR_TAR_BLOCK <= bytes &&
           pread(progress->fd, &block, sizeof block, (off_t)progress->next) == (ssize_t)sizeof block) {
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

static int run_process(struct share *share, int in, struct ar_error *error)
{
    struct ar_lane_jobs *jobs = share->jobs;
    struct ar_proc proc = jobs->proc;
    struct progress progress = { .fd = ar_lane_work_printed(jobs, error) };
    ar_files_env_lane(&jobs->env, "", "");
    ar_env_unset(&jobs->env, "AR_DATA_NAME");
    ar_env_unset(&jobs->env, "AR_SAMPLE_NAME");
    ar_env_set(&jobs->env, "ANALYSISRUN_MODE", "analyzeseq");
    if (progress.fd < 0 || ar_env_check(&jobs->env, error) != 0)
        return -1;
    proc.dirfd = share->dirfd;
    proc.env = jobs->env.entry;
    proc.in = in;
    proc.log = share->lane[0].log;
    proc.log_limit = jobs->logs < 0 ? AR_LOG_MAX_UNKEPT : AR_LOG_MAX;
    proc.out = progress.fd;
    proc.out_limit = jobs->contract->out_max;
    proc.renews = renews;
    proc.renews_arg = &progress;
    return ar_proc_run(&proc, &share->end, error);
}

/* Runs it in a folder of its own. */
static int run_in_folder(struct share *share, int in, struct ar_error *error)
{
    struct ar_error left;
    folder_name(share->name, share->job->lane[0]);
    if (mkdirat(share->jobs->root, share->name, 0700) == 0)
        share->dirfd = ar_open_beneath(share->jobs->root, share->name, O_RDONLY | O_DIRECTORY, 0);
    if (share->dirfd < 0)
        return ar_fail_errno(error, errno, "cannot make a work folder");
    int result = run_process(share, in, error);
    close(share->dirfd);
    share->dirfd = -1;
    (void)!ar_dir_remove(share->jobs->root, share->name, &left); /* what stays goes, or is told, with the work folder */
    return result;
}

/* ---- what it answered ----------------------------------------------------------------------------------------------- */

/* Reads as many entries as there are: a process that failed leaves a tar that is cut. */
static int read_answer(struct share *share, struct ar_error *error)
{
    int out = share->jobs->printed;
    if (ftruncate(out, (off_t)share->end.out_bytes) != 0 || lseek(out, 0, SEEK_SET) != 0)
        return ar_fail_errno(error, errno, "cannot read what the method printed");
    if (ar_wire_tar_read(&share->answer, out, share->end.out_bytes, AR_DIALECT_PRESENT, AR_WIRE_SEQ_OUT, &share->fault) == 0 ||
        share->fault.status == AR_CONTENT)
        return 0;
    *error = share->fault;
    return -1;
}

static const struct ar_tar_item *find_result(const struct share *share, const char *lane)
{
    char name[AR_LANE_ID_MAX + sizeof AR_NAME_RESULT + 2];
    snprintf(name, sizeof name, "%s/" AR_NAME_RESULT, lane);
    return ar_tar_map_find(&share->answer, name);
}

/* Takes a lane's result and pictures. 0; 1: it is none, and error_text says why; -1. */
static int take_result(const struct share *share, struct ar_lane_work *work, const struct ar_tar_item *item,
                       struct ar_lane_done *done, struct ar_error *error)
{
    char prefix[AR_LANE_ID_MAX + 2];
    const struct ar_target *target = &work->lane.target;
    snprintf(prefix, sizeof prefix, "%s/", target->data);
    done->outcome = AR_LANE_RESULT;
    int result = ar_wire_result_from_csv(&work->answer.result, item->data, item->n, target->data, target->sample, NULL,
                                         item->name, error);
    if (result == 0)
        result = ar_wire_tar_images(&share->answer, prefix, work->lane.dirfd, &work->answer.images, error);
    if (result == 0)
        return ar_lane_work_write(work, done, error);
    return error->status == AR_SYSTEM ? -1 : ar_lane_work_blame(work, done, error);
}

/* Tells why the lane has no result. 1; -1. */
static int blame_end(struct share *share, struct ar_lane_work *work, struct ar_lane_done *done, struct ar_error *error)
{
    bool answered = share->fault.status == AR_CONTENT;
    if (!ar_proc_ok(&share->end)) {
        const struct ar_tar_item *said = ar_tar_map_find(&share->answer, AR_NAME_ERROR);
        if (said)
            ar_buf_add_format(&work->error_text, "%.*s\n", said->n < 2000 ? (int)said->n : 2000, said->data);
        return ar_lane_work_fail_end(work, done, &share->end, error);
    }
    if (answered)
        *error = share->fault;
    else
        ar_fail(error, AR_CONTENT, "'%s' ended without a result of this lane", share->end.name);
    return ar_lane_work_blame(work, done, error);
}

/* The share's log is called after its first lane; the lane that failed gets it under its own name, too. 0 or -1. */
static int keep_log(const struct share *share, const struct ar_lane_work *work, struct ar_error *error)
{
    char name[AR_LANE_ID_MAX + 32];
    struct stat st;
    if (share->jobs->logs < 0 || work == share->lane)
        return 0;
    snprintf(name, sizeof name, "%s.log", work->lane.target.data);
    int fd = openat(share->jobs->logs, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
    struct ar_out *out = fd < 0 ? NULL : ar_out_new(fd, name, AR_FILTER_NONE, error);
    int result = -1;
    if (fd < 0)
        ar_fail_errno(error, errno, "cannot write the log '%s'", name);
    else if (out && fstat(work->log, &st) == 0)
        result = ar_out_copy(out, work->log, 0, (uint64_t)st.st_size, "the log", error);
    if (result == 0)
        result = ar_out_close(out, error);
    else
        ar_out_abandon(out);
    if (fd >= 0)
        close(fd);
    return result;
}

/* Notes that the lane was dealt with. */
static int note_done(const struct share *share, const struct ar_lane_done *done, struct ar_error *error)
{
    return ar_write_fd(share->done_fd, done, sizeof *done, "temporary file", error);
}

static int take_lane(struct share *share, uint32_t i, struct ar_error *error)
{
    struct ar_lane_work *work = &share->lane[i];
    const struct ar_tar_item *item = find_result(share, work->lane.target.data);
    struct ar_lane_done done = { .number = share->job->lane[i], .spool = share->worker, .seconds = share->end.seconds,
                                 .memory = share->end.memory };
    if (!item && share->blamed)
        return 0; /* it is left for another process */
    work->lane.dirfd = ar_open_beneath(share->jobs->root, work->lane.target.data, O_RDONLY | O_DIRECTORY, 0);
    if (work->lane.dirfd < 0)
        return ar_fail_errno(error, errno, "cannot open the work folder of lane '%s'", work->lane.target.data);
    work->log = share->lane[0].log;
    share->blamed |= !item;
    int result = item ? take_result(share, work, item, &done, error) : blame_end(share, work, &done, error);
    if (result == 1 && (result = keep_log(share, work, error)) == 0)
        result = ar_lane_write_failure(&work->writer, &done, &work->error_text, error);
    if (result == 0)
        ar_lane_work_close(work, &done);
    if (i > 0)
        work->log = -1;
    return result == 0 ? note_done(share, &done, error) : -1;
}

/* ---- a job ---------------------------------------------------------------------------------------------------------- */

static void release(struct share *share)
{
    for (uint32_t i = 0; share->lane && i < share->job->n; i++)
        ar_lane_work_release(&share->lane[i]);
    free(share->lane);
    ar_tar_map_release(&share->answer);
    if (share->done_fd >= 0)
        close(share->done_fd);
}

static int run_share(struct share *share, struct ar_error *error)
{
    char name[32];
    done_name(name, share->job->lane[0]);
    share->done_fd = openat(share->jobs->root, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (share->done_fd < 0)
        return ar_fail_errno(error, errno, "cannot write a temporary file");
    if (open_lanes(share, error) != 0 || ar_lane_work_log(&share->lane[0], error) != 0)
        return -1;
    int in = ask(share, error);
    if (in < 0)
        return -1;
    int result = run_in_folder(share, in, error);
    close(in);
    if (result == 0)
        result = read_answer(share, error);
    for (uint32_t i = 0; i < share->job->n && result == 0; i++)
        result = take_lane(share, i, error);
    return result;
}

int ar_share_job_run(void *context, unsigned worker, const void *message, size_t message_len, void *reply, size_t *reply_len,
                     struct ar_error *error)
{
    struct ar_share_job job = { 0 };
    memcpy(&job, message, message_len < sizeof job ? message_len : sizeof job);
    struct share share = { .jobs = context, .job = &job, .worker = worker, .dirfd = -1, .done_fd = -1 };
    memcpy(reply, message, message_len);
    *reply_len = message_len;
    int result = run_share(&share, error);
    release(&share);
    return result == 0 ? 0 : ar_lane_job_hint(error);
}

int ar_share_job_done(const struct ar_lane_jobs *jobs, const struct ar_share_job *job, ar_share_take *take, void *arg,
                      struct ar_error *error)
{
    char name[32];
    struct ar_lane_done done;
    done_name(name, job->lane[0]);
    int fd = openat(jobs->root, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), result = 0;
    if (fd < 0)
        return errno == ENOENT ? 0 : ar_fail_errno(error, errno, "cannot read a temporary file");
    while (result == 0 && read(fd, &done, sizeof done) == (ssize_t)sizeof done)
        result = take(arg, &done, error);
    close(fd);
    unlinkat(jobs->root, name, 0);
    return result;
}
