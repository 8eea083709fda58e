/* SPDX-License-Identifier: MIT */
#include "methods/analysis_work.h"

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "bytes/file.h"
#include "lanes/entries.h"
#include "lanes/params.h"

/* Bytes at which a share is sent by the contract "lanes": little at first, that all workers have something to do soon. */
#define SHARE_BYTES_FIRST (UINT64_C(2) << 20)
#define SHARE_BYTES_MAX (UINT64_C(64) << 20)

static const struct ar_target *target_of(const struct ar_analysis *a, const struct ar_entry *entry)
{
    return &ar_stream_targets(a->stream)->entry[entry->lane];
}

/* ---- which lanes ---------------------------------------------------------------------------------------------------- */

static bool is_chosen(const struct ar_analysis *a, const char *lane)
{
    for (size_t i = 0; i < a->n_chosen; i++)
        if (strcmp(a->chosen[i], lane) == 0)
            return true;
    return a->n_chosen == 0;
}

/* The lanes that options name must be among those of the stream, unless that is of one lane: then the options may be the same for others. */
static int check_named(const struct ar_analysis *a, const struct ar_targets *targets, struct ar_error *error)
{
    if (ar_stream_shape(a->stream) == AR_SHAPE_ONE)
        return 0;
    if (a->cache && ar_targets_check_named(targets, a->cache->forced, a->cache->n_forced, error) != 0)
        return -1;
    return ar_targets_check_named(targets, a->chosen, a->n_chosen, error);
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

/* Where it is counted how often a lane was run again. */
static int make_tries(struct ar_analysis *a, struct ar_error *error)
{
    if (!a->what.retries)
        return 0;
    void *shared = mmap(NULL, a->n_lanes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return ar_fail_memory(error);
    a->what.tries = shared;
    return 0;
}

/* The work folder, and the workers, which delete it where this process is killed; unless that was done. */
static int start_workers(struct ar_analysis *a, struct ar_error *error)
{
    if (a->what.root >= 0)
        return 0;
    const struct ar_pool_task task = { .work = a->what.contract->shares ? ar_share_job_run : ar_lane_job_run,
                                       .orphaned = ar_lane_job_orphaned, .context = &a->what, .stop = a->what.proc.stop };
    a->what.root = ar_tmpdir_make(&a->work, error);
    if (a->what.root < 0)
        return -1;
    a->what.work = a->work.data;
    a->input.root = a->what.root;
    a->what.targets = ar_stream_targets(a->stream);
    a->what.pool = &a->pool;
    spread_folders(a->what.root);
    if (make_tries(a, error) != 0)
        return -1;
    return ar_pool_start(&a->pool, a->workers, &task, error);
}

/* The lanes are known: the workers can start. Where there is a cache, it may be that they are not needed. */
static int see_targets(struct ar_analysis *a, struct ar_error *error)
{
    const struct ar_targets *targets = ar_stream_targets(a->stream);
    a->n_lanes = targets->count;
    a->lane = calloc(targets->count + 1, sizeof *a->lane);
    if (!a->lane)
        return ar_fail_memory(error);
    if (check_named(a, targets, error) != 0 || ar_analysis_record_lanes(a, error) != 0)
        return -1;
    size_t most = a->n_chosen && a->n_chosen < targets->count ? a->n_chosen : targets->count;
    unsigned jobs = a->jobs < most ? a->jobs : (unsigned)most;
    size_t share = jobs ? (most + jobs - 1) / jobs : 1;
    a->share_size = share < AR_SHARE_MAX ? (uint32_t)share : AR_SHARE_MAX;
    a->freed = calloc((size_t)jobs + 1, sizeof *a->freed);
    if (!a->freed)
        return ar_fail_memory(error);
    /* For each a worker and its spool, a share that it has and one that waits for it; and what there is besides. */
    uint64_t files = (a->what.contract->shares ? 4 : 2) * (uint64_t)jobs + 32;
    ar_proc_allow_files(&a->what.proc, files);
    if (ar_lane_spools_open(&a->what.spools, jobs, error) != 0)
        return -1;
    a->workers = jobs;
    return jobs && !a->cache ? start_workers(a, error) : 0;
}

/* ---- a lane --------------------------------------------------------------------------------------------------------- */

/* Bytes that the targets of the share may take which begins with the lane: those of the next lanes. */
static size_t room_for_targets(const struct ar_analysis *a, size_t lane)
{
    const struct ar_targets *targets = ar_stream_targets(a->stream);
    size_t room = 0;
    for (uint32_t n = 0; lane < targets->count && n < a->share_size; lane++) {
        if (!is_chosen(a, targets->entry[lane].data))
            continue;
        room += ar_share_file_target(&targets->entry[lane]);
        n++;
    }
    return room;
}

/* An ar_held_take. */
static int put_set(void *arg, const struct ar_entry *entry, struct ar_error *error)
{
    struct ar_analysis *a = arg;
    return a->what.contract->take_set(&a->input, a->stream, entry, error);
}

/* What the contract makes of the lane that is read: its names, and the sets that came so far. */
static int put_down(struct ar_analysis *a, struct ar_error *error)
{
    const struct ar_contract_calls *contract = a->what.contract;
    struct ar_contract_input *input = &a->input;
    if (start_workers(a, error) != 0)
        return -1;
    if (input->share.fd >= 0 && !ar_share_file_fits(&input->share, input->target) && ar_analysis_send_share(a, error) != 0)
        return -1;
    if (contract->shares && input->share.fd < 0)
        input->share_room = room_for_targets(a, input->number);
    a->put_down = true;
    if ((contract->begin && contract->begin(input, error) != 0) || ar_held_sets_replay(&a->held, a->stream, put_set, a, error) != 0)
        return ar_lane_job_hint(error);
    ar_held_sets_clear(&a->held);
    return 0;
}

/* A lane begins. Where there is a cache, nothing is made of it before it is known to run. */
static int open_lane(struct ar_analysis *a, const struct ar_target *target, uint32_t number, struct ar_error *error)
{
    a->earlier_failure = a->put_down = false;
    ar_buf_clear(&a->params);
    ar_buf_clear(&a->error_text);
    ar_held_sets_clear(&a->held);
    a->input.wanted = is_chosen(a, target->data);
    a->input.target = target;
    a->input.number = number;
    return a->input.wanted && !a->cache ? put_down(a, error) : 0;
}

/* Puts a set down, or holds it in memory where it is not known yet whether it is needed, and it has room there. */
static int take_set(struct ar_analysis *a, const struct ar_entry *entry, struct ar_error *error)
{
    if (!a->input.wanted)
        return 0;
    if (!a->put_down) {
        int got = ar_held_sets_take(&a->held, a->stream, entry, error);
        if (got != 0)
            return got < 0 ? -1 : 0;
        if (put_down(a, error) != 0)
            return -1;
    }
    return put_set(a, entry, error) == 0 ? 0 : ar_lane_job_hint(error);
}

/* Keeps what a lane's failure takes where its worker cannot write it. */
static int hold(struct ar_analysis *a, const struct ar_entry *ledger, struct ar_error *error)
{
    struct ar_analysis_held *held = malloc(sizeof *held);
    if (!held)
        return ar_fail_memory(error);
    ar_buf_init(&held->params);
    ar_buf_init(&held->ledger);
    ar_buf_init(&held->record);
    a->lane[ledger->lane].held = held;
    if (a->cache) {
        memcpy(held->key, a->cache->asked.key, sizeof held->key);
        ar_buf_add(&held->record, a->cache->asked.record.data, a->cache->asked.record.len);
    }
    ar_buf_add(&held->params, a->params.data, a->params.len);
    ar_buf_add(&held->ledger, ledger->text, ledger->len);
    if (ar_buf_check(&held->params, error) != 0 || ar_buf_check(&held->record, error) != 0)
        return -1;
    return ar_buf_check(&held->ledger, error);
}

/* Adds the lane to the share, which is sent when it is large enough. */
static int add_to_share(struct ar_analysis *a, uint32_t number, struct ar_error *error)
{
    a->share.lane[a->share.n++] = number;
    a->share.rest |= a->lane[number].rest;
    uint64_t bytes = a->input.share.fd < 0 ? 0 : ar_share_file_bytes(&a->input.share);
    if (a->share.n < a->share_size && bytes < a->share_bytes)
        return 0;
    if (bytes >= a->share_bytes && a->share_bytes < SHARE_BYTES_MAX)
        a->share_bytes *= 2;
    return ar_analysis_send_share(a, error);
}

/* Hands the lane to the workers. */
static int send_lane(struct ar_analysis *a, const struct ar_entry *ledger, struct ar_error *error)
{
    uint32_t number = (uint32_t)ledger->lane;
    if (!a->put_down && put_down(a, error) != 0)
        return -1;
    if (hold(a, ledger, error) != 0 || ar_analysis_send_rest(a, number, error) != 0)
        return -1;
    if (a->what.contract->end(&a->input, ledger, error) != 0)
        return ar_lane_job_hint(error);
    a->lane[number].state = AR_ANALYSIS_QUEUED;
    if (a->what.contract->shares)
        return add_to_share(a, number, error);
    while (ar_pool_full(&a->pool))
        if (ar_analysis_replies(a, true, error) < 0)
            return -1;
    return ar_analysis_send_lane(a, number, error) == 0 ? ar_analysis_replies(a, false, error) : -1;
}

/* All of the lane was read. */
static int close_lane(struct ar_analysis *a, const struct ar_entry *entry, struct ar_error *error)
{
    const struct ar_target *target = target_of(a, entry);
    const char *outcome = ar_ledger_outcome(ar_stream_lane_ledger(a->stream));
    if (ar_analysis_close_rest(a, error) != 0)
        return ar_lane_job_hint(error);
    if (ar_ledger_refuse_analyzed(ar_stream_lane_ledger(a->stream), target->data, error) != 0)
        return -1;
    if (!outcome && a->params.len == 0) {
        ar_fail(error, AR_INPUT, "lane '%s' has no params: it was not packed", target->data);
        return ar_hint(error, "Run ar-cleanse and ar-pack before this step.");
    }
    int kept = ar_analysis_ask_cache(a, target, error), result;
    if (kept < 0)
        return -1;
    if (kept)
        result = ar_analysis_take_kept(a, target, (uint32_t)entry->lane, error);
    else if (a->input.wanted && !a->earlier_failure)
        result = send_lane(a, entry, error);
    else
        result = ar_analysis_skip(a, target, (uint32_t)entry->lane, error);
    ar_analysis_forget_rest(a);
    return result;
}

static int take_lane_entry(struct ar_analysis *a, const struct ar_entry *entry, struct ar_error *error)
{
    switch (entry->kind) {
    case AR_ENTRY_DATA_NAME:
        return 0;
    case AR_ENTRY_SAMPLE_NAME:
        if (!a->lane && see_targets(a, error) != 0)
            return -1;
        return open_lane(a, target_of(a, entry), (uint32_t)entry->lane, error);
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
        return ar_analysis_take_rest(a, entry, error);
    }
}

int ar_analysis_check_params(const void *manifest, const struct ar_entry *entry, struct ar_error *error)
{
    const struct ar_manifest *m = manifest;
    bool checked = m && m->params && entry->kind == AR_ENTRY_PARAMS;
    return !checked ? 0 : ar_schema_check_whole(m->params, entry->text, entry->len, ar_tr("params"), error);
}

int ar_analysis_take(struct ar_analysis *a, const struct ar_entry *entry, struct ar_error *error)
{
    if (ar_analysis_check_params(a->what.manifest, entry, error) != 0)
        return -1;
    a->what.one_lane = a->emit.one_lane = ar_stream_shape(a->stream) == AR_SHAPE_ONE;
    if (entry->lane != AR_NO_LANE)
        return take_lane_entry(a, entry, error);
    if (entry->kind == AR_ENTRY_DATA_NAME)
        return 0;
    if (entry->kind == AR_ENTRY_TARGETS && see_targets(a, error) != 0)
        return -1;
    if (entry->kind == AR_ENTRY_PARAMS)
        ar_buf_add(&a->top_params, entry->text, entry->len);
    if (ar_buf_check(&a->top_params, error) != 0)
        return -1;
    bool early = a->n_lanes == 0 || a->lane[0].state == AR_ANALYSIS_UNREAD;
    if (early && a->what.contract->shares && a->workers && strcmp(entry->name, AR_NAME_PREPROCESSED) == 0)
        return start_workers(a, error) == 0 ? ar_analysis_take_preprocessed(a, entry, error) : -1;
    if (early)
        return ar_emit_pass(&a->emit, a->stream, entry, error);
    return ar_analysis_take_late(a, entry, error);
}

int ar_analysis_finish(struct ar_analysis *a, struct ar_error *error)
{
    if (ar_analysis_send_share(a, error) != 0)
        return -1;
    while (a->pool.waiting)
        if (ar_analysis_replies(a, true, error) < 0)
            return -1;
    if (ar_analysis_write_late(a, error) != 0)
        return -1;
    a->keep = a->what.keep_work && a->failed > 0;
    return ar_emit_finish(&a->emit, error);
}

void ar_analysis_init(struct ar_analysis *a, struct ar_stream *stream, struct ar_out *out)
{
    a->stream = stream;
    a->out = out;
    a->rest_fd = a->late_fd = -1;
    a->input = (struct ar_contract_input){ .root = -1, .manifest = a->what.manifest, .params = &a->params,
                                           .top_params = &a->top_params, .dirfd = -1, .wire = AR_WIRE_TAR_NONE };
    ar_buf_init(&a->input.sets);
    ar_share_file_init(&a->input.share);
    a->share_bytes = SHARE_BYTES_FIRST;
    ar_pool_init(&a->pool);
    a->what.printed = a->what.log = a->what.folder = -1;
    ar_buf_init(&a->work);
    ar_buf_init(&a->params);
    ar_buf_init(&a->top_params);
    ar_buf_init(&a->error_text);
    ar_emit_init(&a->emit, out, false);
}

/* Deletes the work folder, unless all is done and it holds what was to be kept. */
static void remove_work(struct ar_analysis *a)
{
    if (a->what.root < 0)
        return;
    ar_lane_folders_release(&a->input.folders, a->what.root);
    if (a->keep && a->what.contract->shares)
        ar_share_folders_remove(&a->what, a->workers);
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
    ar_share_file_release(&a->input.share);
    ar_buf_release(&a->input.sets);
    int *fds[] = { &a->input.dirfd, &a->rest_fd, &a->late_fd };
    for (size_t i = 0; i < AR_COUNT(fds); i++)
        if (*fds[i] >= 0)
            close(*fds[i]);
    ar_lane_spools_release(&a->what.spools);
    ar_held_sets_release(&a->held);
    remove_work(a); /* last: it needs descriptors */
    free(a->freed);
    a->freed = NULL;
    if (a->what.tries)
        munmap((void *)(uintptr_t)a->what.tries, a->n_lanes);
    a->what.tries = NULL;
    for (size_t i = 0; a->lane && i < a->n_lanes; i++) {
        ar_analysis_unhold(&a->lane[i]);
        free(a->lane[i].cause);
        free(a->lane[i].log);
        free(a->lane[i].left);
    }
    free(a->lane);
    a->lane = NULL;
    ar_buf_release(&a->work);
    ar_buf_release(&a->params);
    ar_buf_release(&a->top_params);
    ar_buf_release(&a->error_text);
    ar_emit_release(&a->emit);
}
