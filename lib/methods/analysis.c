/* SPDX-License-Identifier: MIT */
#include "methods/analysis.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include "bytes/file.h"
#include "lanes/params.h"

#define FREE_PIECE (UINT64_C(1) << 20)

static const struct ar_target *target_of(const struct ar_analysis *a, const struct ar_entry *entry)
{
    return &ar_stream_targets(a->stream)->entry[entry->lane];
}

/* ---- output, in order ----------------------------------------------------------------------------------------------- */

/*
 * Gives back the space in a spool before end: lanes lie there in their order, so nobody needs it any more. (Not so the lanes of
 * shares, the rest of which may go to another worker.)
 */
static void free_spool(struct ar_analysis *a, unsigned spool, uint64_t end)
{
    if (a->what.contract->shares)
        return;
    end -= end % FREE_PIECE;
    if (end <= a->freed[spool])
        return;
    fallocate(a->what.spools.spool[spool].fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)a->freed[spool],
              (off_t)(end - a->freed[spool])); /* some file systems cannot; then it takes its space to the end */
    a->freed[spool] = end;
}

/* Copies the entries of lanes whose turn it is. */
static int write_ready(struct ar_analysis *a, struct ar_error *error)
{
    char name[256];
    for (; a->next < a->n_lanes && a->lane[a->next].state == AR_ANALYSIS_DONE; a->next++) {
        struct ar_analysis_lane *lane = &a->lane[a->next];
        if (ar_out_copy(a->out, a->what.spools.spool[lane->spool].fd, lane->start, lane->end - lane->start, ar_spool_name(name),
                        error) != 0)
            return -1;
        free_spool(a, lane->spool, lane->end);
        lane->state = AR_ANALYSIS_WRITTEN;
    }
    return 0;
}

static void release_held(struct ar_analysis_lane *lane)
{
    if (!lane->held)
        return;
    ar_buf_release(&lane->held->params);
    ar_buf_release(&lane->held->ledger);
    free(lane->held);
    lane->held = NULL;
}

/* A lane was dealt with. */
static void take_done(struct ar_analysis *a, const struct ar_lane_done *done)
{
    struct ar_analysis_lane *lane = &a->lane[done->number];
    lane->state = AR_ANALYSIS_DONE;
    lane->outcome = done->outcome;
    lane->spool = done->spool;
    lane->start = done->start;
    lane->end = done->end;
    release_held(lane);
    a->done++;
    a->results += lane->outcome == AR_LANE_RESULT;
    if (a->progress)
        a->progress(a);
}

/* Keeps the texts of a lane, where there are any. */
static int take_texts(struct ar_analysis *a, const struct ar_lane_done *done, struct ar_error *error)
{
    struct ar_analysis_lane *lane = &a->lane[done->number];
    if (*done->left && !(lane->left = strdup(done->left)))
        return ar_fail_memory(error);
    if (done->outcome != AR_LANE_FAILED)
        return 0;
    a->failed++;
    lane->cause = strdup(done->cause);
    lane->log = strdup(done->log);
    return lane->cause && lane->log ? 0 : ar_fail_memory(error);
}

/* A lane was dealt with, by its worker or in its place. An ar_share_take. */
static int take_lane_done(void *arg, const struct ar_lane_done *done, struct ar_error *error)
{
    struct ar_analysis *a = arg;
    if (take_texts(a, done, error) != 0 || (done->folder && ar_lane_folders_add(&a->folders, done->number, error) != 0))
        return -1;
    take_done(a, done);
    return write_ready(a, error);
}

/* A worker was killed over this lane; what is told of it goes to the spool of that number. */
static int take_lost(struct ar_analysis *a, unsigned spool, const char *why, uint32_t number, struct ar_error *error)
{
    struct ar_lane_done done = { .number = number };
    const struct ar_analysis_held *held = a->lane[number].held;
    const struct ar_target *target = &ar_stream_targets(a->stream)->entry[number];
    if (ar_lane_job_lost(&a->what, &done, spool, why, target, &held->params, &held->ledger, error) != 0)
        return -1;
    return take_lane_done(a, &done, error);
}

static int take_lane_reply(struct ar_analysis *a, const struct ar_pool_reply *reply, struct ar_error *error)
{
    struct ar_lane_job job;
    struct ar_lane_done done = { 0 };
    if (reply->lost) {
        memcpy(&job, reply->bytes, sizeof job);
        return take_lost(a, reply->worker, reply->why, job.number, error);
    }
    memcpy(&done, reply->bytes, reply->n < sizeof done ? reply->n : sizeof done);
    return take_lane_done(a, &done, error);
}

/* ---- shares --------------------------------------------------------------------------------------------------------- */

/* Leaves out the lanes that were dealt with. */
static void keep_queued(const struct ar_analysis *a, struct ar_share_job *share)
{
    uint32_t n = share->n;
    share->n = 0;
    for (uint32_t i = 0; i < n; i++)
        if (a->lane[share->lane[i]].state == AR_ANALYSIS_QUEUED)
            share->lane[share->n++] = share->lane[i];
}

/* Sends what is left of a share to another process. */
static int send_share(struct ar_analysis *a, struct ar_share_job *share, struct ar_error *error)
{
    keep_queued(a, share);
    if (share->n == 0)
        return 0;
    share->first = share->lane[0];
    share->lost = false;
    return ar_pool_send(&a->pool, share, ar_share_job_size(share->n), error);
}

/* The share's worker was killed: what its process has answered is for another worker to take. */
static int send_lost(struct ar_analysis *a, struct ar_share_job *share, const struct ar_pool_reply *reply, struct ar_error *error)
{
    share->lost = true;
    snprintf(share->why, sizeof share->why, "%s", reply->why);
    if (ar_lane_spool_restart(&a->what.spools.spool[reply->worker], error) != 0)
        return -1;
    return ar_pool_send(&a->pool, share, ar_share_job_size(share->n), error);
}

/* Takes the lanes of a share that were dealt with; the first one that is left failed where a worker was killed. */
static int take_share(struct ar_analysis *a, const struct ar_pool_reply *reply, struct ar_error *error)
{
    struct ar_share_job share = { 0 };
    memcpy(&share, reply->bytes, reply->n < sizeof share ? reply->n : sizeof share);
    if (ar_share_job_done(&a->what, &share, take_lane_done, a, error) != 0)
        return -1;
    keep_queued(a, &share);
    if (share.n && reply->lost && !share.lost)
        return send_lost(a, &share, reply, error);
    ar_share_job_forget(&a->what, &share);
    unsigned spool = reply->lost ? reply->worker : a->what.spools.n - 1; /* another worker writes to its own */
    if (share.n && share.lost && take_lost(a, spool, share.why, share.lane[0], error) != 0)
        return -1;
    return send_share(a, &share, error);
}

/* Takes the replies that are there; block: at least one. */
static int take_replies(struct ar_analysis *a, bool block, struct ar_error *error)
{
    struct ar_pool_reply reply;
    int got;
    while ((got = ar_pool_wait(&a->pool, block, &reply, error)) > 0) {
        if ((a->what.contract->shares ? take_share(a, &reply, error) : take_lane_reply(a, &reply, error)) != 0)
            return -1;
        block = false;
    }
    return got;
}

/* ---- input: a folder for each lane ---------------------------------------------------------------------------------- */

static bool is_chosen(const struct ar_analysis *a, const char *lane)
{
    for (size_t i = 0; i < a->n_chosen; i++)
        if (strcmp(a->chosen[i], lane) == 0)
            return true;
    return a->n_chosen == 0;
}

/* The chosen lanes must be among those of the stream. */
static int check_chosen(const struct ar_analysis *a, const struct ar_targets *targets, struct ar_error *error)
{
    for (size_t i = 0; i < a->n_chosen; i++) {
        if (ar_targets_find(targets, a->chosen[i], strlen(a->chosen[i])) >= 0 || ar_stream_shape(a->stream) == AR_SHAPE_ONE)
            continue;
        struct ar_buf ids;
        ar_buf_init(&ids);
        for (size_t k = 0; k < targets->count && k < 20; k++)
            ar_buf_add_format(&ids, "%s'%s'", k ? ", " : "", targets->entry[k].data);
        ar_fail(error, AR_INPUT, "lane '%s' not found; lanes are %s%s", a->chosen[i], ids.data,
                targets->count > 20 ? ", …" : "");
        ar_buf_release(&ids);
        return -1;
    }
    return 0;
}

/*
 * Asks the file system to put the folders in root far from each other. Where thousands of files are made and deleted in a second,
 * ext4 would spend most of the time on finding inodes that were not deleted just now. Others do not know the flag, and have no
 * need of it.
 */
static void spread_folders(int root)
{
    int flags;
    if (ioctl(root, FS_IOC_GETFLAGS, &flags) == 0) {
        flags |= FS_TOPDIR_FL;
        ioctl(root, FS_IOC_SETFLAGS, &flags);
    }
}

/* The work folder, and the workers, which delete it where this process is killed. */
static int start_workers(struct ar_analysis *a, unsigned jobs, struct ar_error *error)
{
    const struct ar_pool_task task = { .work = a->what.contract->shares ? ar_share_job_run : ar_lane_job_run,
                                       .orphaned = ar_lane_job_orphaned, .context = &a->what, .stop = a->what.proc.stop };
    a->what.root = ar_tmpdir_make(&a->work, error);
    if (a->what.root < 0)
        return -1;
    a->what.work = a->work.data;
    a->what.targets = ar_stream_targets(a->stream);
    spread_folders(a->what.root);
    return ar_pool_start(&a->pool, jobs, &task, error);
}

/* The lanes are known: the workers can start. */
static int see_targets(struct ar_analysis *a, struct ar_error *error)
{
    const struct ar_targets *targets = ar_stream_targets(a->stream);
    a->n_lanes = targets->count;
    a->lane = calloc(targets->count + 1, sizeof *a->lane);
    if (!a->lane)
        return ar_fail_memory(error);
    if (check_chosen(a, targets, error) != 0)
        return -1;
    size_t most = a->n_chosen && a->n_chosen < targets->count ? a->n_chosen : targets->count;
    unsigned jobs = a->jobs < most ? a->jobs : (unsigned)most;
    size_t share = jobs ? (most + jobs - 1) / jobs : 1;
    a->share_size = share < AR_SHARE_MAX ? (uint32_t)share : AR_SHARE_MAX;
    a->freed = calloc((size_t)jobs + 1, sizeof *a->freed);
    if (!a->freed)
        return ar_fail_memory(error);
    if (ar_lane_spools_open(&a->what.spools, jobs, error) != 0)
        return -1;
    return jobs ? start_workers(a, jobs, error) : 0;
}

/* Begins a lane: a folder with its names. */
static int open_lane(struct ar_analysis *a, const struct ar_target *target, struct ar_error *error)
{
    a->earlier_failure = false;
    ar_buf_clear(&a->params);
    ar_buf_clear(&a->error_text);
    if (!is_chosen(a, target->data))
        return 0;
    a->input.target = target;
    a->input.params = &a->params;
    a->input.manifest = a->what.manifest;
    a->input.dirfd = ar_lane_folder_open(&a->folders, a->what.root, target->data, error);
    if (a->input.dirfd < 0)
        return -1;
    if (ar_files_put(a->input.dirfd, AR_FILES_DATA_NAME, target->data, target->data_len, error) != 0 ||
        ar_files_put(a->input.dirfd, AR_FILES_SAMPLE_NAME, target->sample, target->sample_len, error) != 0)
        return ar_lane_job_hint(error);
    return 0;
}

static int take_set(struct ar_analysis *a, const struct ar_entry *entry, struct ar_error *error)
{
    if (a->input.dirfd < 0 || a->what.contract->take_set(&a->input, a->stream, entry, error) == 0)
        return 0;
    return ar_lane_job_hint(error);
}

/* Unknown entries wait as blocks of a tar, in a file of the lane (or, at the top, until the lanes are written). */
static int put_aside(struct ar_out **out, int *fd, int opened, struct ar_stream *stream, const struct ar_entry *entry,
                     struct ar_error *error)
{
    if (!*out) {
        char name[256];
        *fd = opened;
        *out = ar_out_new(*fd, ar_spool_name(name), AR_FILTER_NONE, error);
        if (!*out)
            return -1;
    }
    struct ar_emit emit;
    ar_emit_init(&emit, *out, false);
    int result = ar_emit_pass(&emit, stream, entry, error);
    ar_emit_release(&emit);
    return result;
}

static int take_rest(struct ar_analysis *a, const struct ar_entry *entry, struct ar_error *error)
{
    char name[32];
    int fd = -1;
    ar_lane_job_rest(name, (uint32_t)entry->lane);
    if (!a->rest_out && (fd = openat(a->what.root, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) < 0)
        return ar_fail_errno(error, errno, "cannot write a file in '%s' (TMPDIR)", a->work.data);
    return put_aside(&a->rest_out, &a->rest_fd, fd, a->stream, entry, error);
}

/* What stands at the top behind the first lanes comes behind the last one, whatever is done by now. */
static int take_late(struct ar_analysis *a, const struct ar_entry *entry, struct ar_error *error)
{
    int fd = -1;
    if (!a->late_out && (fd = ar_spool_open(error)) < 0)
        return -1;
    return put_aside(&a->late_out, &a->late_fd, fd, a->stream, entry, error);
}

static int close_rest(struct ar_analysis *a, struct ar_error *error)
{
    if (!a->rest_out)
        return 0;
    int result = ar_out_close(a->rest_out, error);
    a->rest_out = NULL;
    close(a->rest_fd);
    a->rest_fd = -1;
    return result;
}

/* Keeps what a lane's failure takes where its worker cannot write it. */
static int hold(struct ar_analysis *a, const struct ar_entry *ledger, struct ar_error *error)
{
    struct ar_analysis_held *held = malloc(sizeof *held);
    if (!held)
        return ar_fail_memory(error);
    ar_buf_init(&held->params);
    ar_buf_init(&held->ledger);
    a->lane[ledger->lane].held = held;
    ar_buf_add(&held->params, a->params.data, a->params.len);
    ar_buf_add(&held->ledger, ledger->text, ledger->len);
    return ar_buf_check(&held->params, error) == 0 ? ar_buf_check(&held->ledger, error) : -1;
}

/* Hands the share that was gathered to the workers. */
static int close_share(struct ar_analysis *a, struct ar_error *error)
{
    while (ar_pool_full(&a->pool))
        if (take_replies(a, true, error) < 0)
            return -1;
    int result = send_share(a, &a->share, error);
    a->share.n = 0;
    return result == 0 && take_replies(a, false, error) >= 0 ? 0 : -1;
}

static int add_to_share(struct ar_analysis *a, uint32_t number, struct ar_error *error)
{
    a->share.lane[a->share.n++] = number;
    return a->share.n < a->share_size ? 0 : close_share(a, error);
}

/* Hands the lane to the workers. */
static int send_lane(struct ar_analysis *a, const struct ar_target *target, const struct ar_entry *ledger, struct ar_error *error)
{
    struct ar_lane_job job = { .number = (uint32_t)ledger->lane };
    memcpy(job.lane, target->data, target->data_len + 1);
    if (hold(a, ledger, error) != 0)
        return -1;
    const char *params = a->params.len ? a->params.data : "{}";
    if (ar_files_put(a->input.dirfd, AR_FILES_PARAMS, params, strlen(params), error) != 0 ||
        ar_files_put(a->input.dirfd, AR_FILES_LEDGER, ledger->text, ledger->len, error) != 0)
        return ar_lane_job_hint(error);
    if (a->what.contract->take_end && a->what.contract->take_end(&a->input, error) != 0)
        return ar_lane_job_hint(error);
    close(a->input.dirfd);
    a->input.dirfd = -1;
    a->lane[job.number].state = AR_ANALYSIS_QUEUED;
    if (a->what.contract->shares)
        return add_to_share(a, job.number, error);
    while (ar_pool_full(&a->pool))
        if (take_replies(a, true, error) < 0)
            return -1;
    return ar_pool_send(&a->pool, &job, sizeof job, error) == 0 ? take_replies(a, false, error) : -1;
}

/* Passes on a lane that does not run: it failed before, or was not chosen. */
static int skip_lane(struct ar_analysis *a, const struct ar_target *target, uint32_t number, struct ar_error *error)
{
    if (a->input.dirfd >= 0) {
        ar_wire_tar_abandon(&a->input.wire);
        close(a->input.dirfd);
        a->input.dirfd = -1;
        if (ar_dir_remove(a->what.root, target->data, error) != 0)
            return -1;
    }
    struct ar_lane_done done = { .number = number };
    if (ar_lane_job_skip(&a->what, &done, target, &a->params, a->earlier_failure ? a->error_text.data : NULL, a->error_text.len,
                         ar_stream_lane_ledger(a->stream), error) != 0)
        return -1;
    take_done(a, &done);
    return write_ready(a, error);
}

/* All of the lane was read. */
static int close_lane(struct ar_analysis *a, const struct ar_entry *entry, struct ar_error *error)
{
    const struct ar_target *target = target_of(a, entry);
    const char *outcome = ar_ledger_outcome(ar_stream_lane_ledger(a->stream));
    if (close_rest(a, error) != 0)
        return ar_lane_job_hint(error);
    if (ar_ledger_refuse_analyzed(ar_stream_lane_ledger(a->stream), target->data, error) != 0)
        return -1;
    if (!outcome && a->params.len == 0) {
        ar_fail(error, AR_INPUT, "lane '%s' has no params: it was not packed", target->data);
        return ar_hint(error, "Run ar-cleanse and ar-pack before this step.");
    }
    if (a->input.dirfd >= 0 && !a->earlier_failure)
        return send_lane(a, target, entry, error);
    return skip_lane(a, target, (uint32_t)entry->lane, error);
}

static int take_lane_entry(struct ar_analysis *a, const struct ar_entry *entry, struct ar_error *error)
{
    switch (entry->kind) {
    case AR_ENTRY_DATA_NAME:
        return 0;
    case AR_ENTRY_SAMPLE_NAME:
        if (!a->lane && see_targets(a, error) != 0)
            return -1;
        return open_lane(a, target_of(a, entry), error);
    case AR_ENTRY_PARAMS:
        if (ar_params_check(entry->text, entry->len, entry->tar->name, error) != 0)
            return -1;
        ar_buf_add(&a->params, entry->text, entry->len);
        return ar_buf_check(&a->params, error);
    case AR_ENTRY_ERROR:
        a->earlier_failure = true;
        ar_buf_add(&a->error_text, entry->text, entry->len);
        return ar_buf_check(&a->error_text, error);
    case AR_ENTRY_SET:
        return take_set(a, entry, error);
    case AR_ENTRY_LEDGER:
        return close_lane(a, entry, error);
    default:
        return take_rest(a, entry, error);
    }
}

int ar_analysis_take(struct ar_analysis *a, const struct ar_entry *entry, struct ar_error *error)
{
    a->what.one_lane = a->emit.one_lane = ar_stream_shape(a->stream) == AR_SHAPE_ONE;
    if (entry->lane != AR_NO_LANE)
        return take_lane_entry(a, entry, error);
    if (entry->kind == AR_ENTRY_DATA_NAME)
        return 0;
    if (entry->kind == AR_ENTRY_TARGETS && see_targets(a, error) != 0)
        return -1;
    if (a->n_lanes == 0 || a->lane[0].state == AR_ANALYSIS_UNREAD)
        return ar_emit_pass(&a->emit, a->stream, entry, error);
    return take_late(a, entry, error);
}

int ar_analysis_finish(struct ar_analysis *a, struct ar_error *error)
{
    if (a->share.n && close_share(a, error) != 0)
        return -1;
    while (a->pool.waiting)
        if (take_replies(a, true, error) < 0)
            return -1;
    if (a->late_out) {
        uint64_t n = ar_out_offset(a->late_out);
        if (ar_out_flush(a->late_out, error) != 0 || ar_out_copy(a->out, a->late_fd, 0, n, "a temporary file", error) != 0)
            return -1;
    }
    a->keep = a->what.keep_work && a->failed > 0;
    return ar_emit_finish(&a->emit, error);
}

void ar_analysis_init(struct ar_analysis *a, struct ar_stream *stream, struct ar_out *out)
{
    a->stream = stream;
    a->out = out;
    a->rest_fd = a->late_fd = -1;
    a->input = (struct ar_contract_input){ .dirfd = -1, .wire = AR_WIRE_TAR_NONE };
    ar_pool_init(&a->pool);
    a->what.printed = a->what.log = -1;
    ar_buf_init(&a->work);
    ar_buf_init(&a->params);
    ar_buf_init(&a->error_text);
    ar_emit_init(&a->emit, out, false);
}

/* Deletes the work folder, unless all is done and it holds what was to be kept. */
static void remove_work(struct ar_analysis *a)
{
    if (a->what.root < 0)
        return;
    ar_lane_folders_release(&a->folders, a->what.root);
    close(a->what.root);
    a->what.root = -1;
    if (!a->keep)
        ar_work_remove(a->work.data);
}

void ar_analysis_release(struct ar_analysis *a)
{
    ar_pool_end(&a->pool);
    ar_out_abandon(a->rest_out);
    ar_out_abandon(a->late_out);
    ar_wire_tar_abandon(&a->input.wire);
    int *fds[] = { &a->input.dirfd, &a->rest_fd, &a->late_fd };
    for (size_t i = 0; i < AR_COUNT(fds); i++)
        if (*fds[i] >= 0)
            close(*fds[i]);
    ar_lane_spools_release(&a->what.spools);
    remove_work(a); /* last: it needs descriptors */
    free(a->freed);
    a->freed = NULL;
    for (size_t i = 0; a->lane && i < a->n_lanes; i++) {
        release_held(&a->lane[i]);
        free(a->lane[i].cause);
        free(a->lane[i].log);
        free(a->lane[i].left);
    }
    free(a->lane);
    a->lane = NULL;
    ar_buf_release(&a->work);
    ar_buf_release(&a->params);
    ar_buf_release(&a->error_text);
    ar_emit_release(&a->emit);
}
