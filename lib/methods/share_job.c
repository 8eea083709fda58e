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
    int out;                   /* where it stands: a file that another worker finds where this one is killed */
    int done_fd;               /* where it is noted which lanes were dealt with */
    bool blamed;               /* a lane was found to be the one that failed */
};

/* The name in the work folder of a share's own folder ("share"), its answer ("out"), the lanes that were dealt with ("done"). */
static void file_name(char name[32], const struct ar_share_job *job, const char *what)
{
    snprintf(name, 32, ".%" PRIu32 ".%s", job->first, what);
}

static int open_file(const struct share *share, const char *what, int flags, struct ar_error *error)
{
    char name[32];
    file_name(name, share->job, what);
    int fd = openat(share->jobs->root, name, flags | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    return fd >= 0 ? fd : ar_fail_errno(error, errno, "cannot write a temporary file in the work folder");
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

/* The CSV files of a set, of the n lanes that have it, from the work folder. */
static char **set_paths(const struct share *share, const char *set, size_t *n)
{
    char **path = calloc(share->job->n, sizeof *path);
    *n = 0;
    for (uint32_t i = 0; path && i < share->job->n; i++) {
        const struct ar_contract_lane *lane = &share->lane[i].lane;
        if (!ar_ledger_records(&lane->ledger, set))
            continue;
        if (asprintf(&path[*n], "%s/" AR_FILES_SETS "/%s.csv", lane->target.data, set) < 0) {
            free_paths(path, *n);
            return NULL;
        }
        ++*n;
    }
    return path;
}

static int put_set(struct ar_wire_tar *wire, const struct share *share, const char *set, struct ar_error *error)
{
    size_t n;
    char **path = set_paths(share, set, &n);
    if (!path)
        return ar_fail_memory(error);
    int result = ar_wire_tar_set(wire, set, share->jobs->root, path, n, share->jobs->manifest, error);
    free_paths(path, n);
    return result;
}

/* Has one of the first n lanes the set? */
static bool has_set(const struct share *share, uint32_t n, const char *set)
{
    for (uint32_t i = 0; i < n; i++)
        if (ar_ledger_records(&share->lane[i].lane.ledger, set))
            return true;
    return false;
}

static int put_sets(struct ar_wire_tar *wire, const struct share *share, struct ar_error *error)
{
    const char *set;
    json_t *records;
    for (uint32_t i = 0; i < share->job->n; i++)
        json_object_foreach (json_object_get(share->lane[i].lane.ledger.json, "sets"), set, records)
            if (!has_set(share, i, set) && put_set(wire, share, set, error) != 0)
                return -1;
    return 0;
}

/* There is one entry for the params of all. */
static int check_params(const struct share *share, struct ar_error *error)
{
    const struct ar_contract_lane *first = &share->lane[0].lane;
    for (uint32_t i = 1; i < share->job->n; i++) {
        const struct ar_contract_lane *lane = &share->lane[i].lane;
        if (lane->params.len == first->params.len && memcmp(lane->params.data, first->params.data, first->params.len) == 0)
            continue;
        ar_fail(error, AR_INPUT, "lane '%s' has other params than lane '%s'", lane->target.data, first->target.data);
        return ar_hint(error, "A method of the contract analyzeseq gets many lanes with one set of params: pack them together.");
    }
    return 0;
}

/* The tar for its standard input. A descriptor, or -1. */
static int ask(const struct share *share, struct ar_error *error)
{
    struct ar_wire_tar wire;
    const struct ar_buf *params = &share->lane[0].lane.params;
    if (check_params(share, error) != 0 || ar_wire_tar_open(&wire, error) != 0)
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
    struct progress progress = { .fd = share->out };
    ar_env_set(&jobs->env, "ANALYSISRUN_MODE", "analyzeseq");
    if (ar_env_check(&jobs->env, error) != 0)
        return -1;
    proc.dirfd = share->dirfd;
    proc.env = jobs->env.entry;
    proc.in = in;
    proc.log = share->lane[0].log;
    proc.log_limit = jobs->logs < 0 ? AR_LOG_MAX_UNKEPT : AR_LOG_MAX;
    proc.out = share->out;
    proc.out_limit = jobs->contract->out_max;
    proc.renews = renews;
    proc.renews_arg = &progress;
    return ar_proc_run(&proc, &share->end, error);
}

/* Runs it in a folder of its own. */
static int run_in_folder(struct share *share, int in, struct ar_error *error)
{
    struct ar_error left;
    file_name(share->name, share->job, "share");
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

/* Is it an entry of that lane? Returns its name behind the lane's folder, or NULL. */
static const char *of_lane(const struct ar_tar_item *item, const struct ar_target *target)
{
    size_t n = target->data_len;
    return strncmp(item->name, target->data, n) == 0 && item->name[n] == '/' ? item->name + n + 1 : NULL;
}

/* The process must not answer for lanes that it was not given. */
static void check_lanes(struct share *share)
{
    const struct ar_tar_map *answer = &share->answer;
    for (size_t i = 0; i < answer->n && share->fault.status == AR_OK; i++) {
        const char *name = answer->item[i].name;
        bool known = strchr(name, '/') == NULL;
        for (uint32_t k = 0; k < share->job->n && !known; k++)
            known = of_lane(&answer->item[i], &share->lane[k].lane.target) != NULL;
        if (known)
            continue;
        ar_fail(&share->fault, AR_CONTENT, "it answered with '%s', which is of no lane that it was given", name);
        ar_hint(&share->fault, "A lane's id is text, as it stands in targets: 0007 is not 7.");
    }
}

/* Reads as many entries as there are: a process that failed leaves a tar that is cut. */
static int read_answer(struct share *share, struct ar_error *error)
{
    uint64_t n = share->end.out_bytes;
    struct stat st;
    if (share->job->lost && fstat(share->out, &st) == 0)
        n = (uint64_t)st.st_size;
    if (ar_wire_tar_read(&share->answer, share->out, n, AR_DIALECT_PRESENT, AR_WIRE_SEQ_OUT, &share->fault) != 0 &&
        share->fault.status != AR_CONTENT) {
        *error = share->fault;
        return -1;
    }
    check_lanes(share);
    return 0;
}

/* Is an entry of the lane there twice? */
static bool has_twice(const struct ar_tar_map *answer, const struct ar_target *target)
{
    for (size_t i = 0; i < answer->n; i++)
        if (of_lane(&answer->item[i], target) && ar_tar_map_find(answer, answer->item[i].name) != &answer->item[i])
            return true;
    return false;
}

/* Did the process end well, with a whole answer? */
static bool is_whole(const struct share *share)
{
    return !share->job->lost && ar_proc_ok(&share->end) && share->fault.status == AR_OK;
}

/*
 * The result of a lane that was answered whole, or NULL. Where the process failed, pictures may be missing of the lane that it
 * was at: that of the last entry, unless this is the result, which comes last.
 */
static const struct ar_tar_item *find_result(const struct share *share, const struct ar_target *target)
{
    const struct ar_tar_map *answer = &share->answer;
    char name[AR_LANE_ID_MAX + sizeof AR_NAME_RESULT + 2];
    snprintf(name, sizeof name, "%s/" AR_NAME_RESULT, target->data);
    const struct ar_tar_item *result = ar_tar_map_find(answer, name);
    if (!result || is_whole(share))
        return result;
    size_t n = answer->n;
    while (n > 0 && strcmp(answer->item[n - 1].name, AR_NAME_ERROR) == 0)
        n--;
    const struct ar_tar_item *last = &answer->item[n - 1]; /* there is one: the result */
    return (last == result || !of_lane(last, target)) && !has_twice(answer, target) ? result : NULL;
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
        result = ar_wire_tar_images(&share->answer, prefix, &work->answer.images, error);
    if (result == 0)
        return ar_lane_work_write(work, done, error);
    return error->status == AR_SYSTEM ? -1 : ar_lane_work_blame(work, done, error);
}

/* Tells why the lane has no result. 1; -1. */
static int blame_end(struct share *share, struct ar_lane_work *work, struct ar_lane_done *done, struct ar_error *error)
{
    bool answered = share->fault.status == AR_CONTENT;
    if (!ar_proc_ok(&share->end))
        return ar_lane_work_fail_end(work, done, &share->end, share->out, error);
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
    const struct ar_tar_item *item = find_result(share, &work->lane.target);
    struct ar_lane_done done = { .number = share->job->lane[i], .spool = share->worker, .seconds = share->end.seconds,
                                 .memory = share->end.memory };
    if (i + 1 == share->job->n && !share->blamed && !is_whole(share))
        item = NULL; /* a failure is a failure, also behind the last result */
    if (!item && (share->blamed || share->job->lost)) {
        share->blamed = true;
        return 0; /* it is left for another process, or for who sent the job */
    }
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
    close(work->lane.dirfd);
    work->lane.dirfd = -1;
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
    if (share->out >= 0)
        close(share->out);
}

/* Has a process run. */
static int run_lanes(struct share *share, struct ar_error *error)
{
    if (ar_lane_work_log(&share->lane[0], error) != 0)
        return -1;
    int in = ask(share, error);
    if (in < 0)
        return -1;
    int result = run_in_folder(share, in, error);
    close(in);
    return result;
}

static int run_share(struct share *share, struct ar_error *error)
{
    share->done_fd = open_file(share, "done", O_WRONLY | O_EXCL, error);
    share->out = open_file(share, "out", share->job->lost ? O_RDWR : O_RDWR | O_EXCL, error);
    if (share->done_fd < 0 || share->out < 0 || open_lanes(share, error) != 0)
        return -1;
    int result = share->job->lost ? 0 : run_lanes(share, error);
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
    struct share share = { .jobs = context, .job = &job, .worker = worker, .dirfd = -1, .out = -1, .done_fd = -1 };
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
    file_name(name, job, "done");
    int fd = openat(jobs->root, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), result = 0;
    if (fd < 0)
        return errno == ENOENT ? 0 : ar_fail_errno(error, errno, "cannot read a temporary file");
    while (result == 0 && read(fd, &done, sizeof done) == (ssize_t)sizeof done)
        result = take(arg, &done, error);
    close(fd);
    unlinkat(jobs->root, name, 0);
    return result;
}

void ar_share_job_forget(const struct ar_lane_jobs *jobs, const struct ar_share_job *job)
{
    char name[32];
    file_name(name, job, "out");
    unlinkat(jobs->root, name, 0);
}
