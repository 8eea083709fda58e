/* SPDX-License-Identifier: MIT */
/*
 * The lanes of an analysis on their way back: replies of workers, shares, and the output in the order of the lanes.
 */
#include <fcntl.h>
#include <linux/falloc.h>

#include "methods/analysis_work.h"

#define FREE_PIECE (UINT64_C(1) << 20)

/* ---- output, in order ----------------------------------------------------------------------------------------------- */

/*
 * Gives back the space in a spool before end: lanes lie there in their order, so nobody needs it any more. (Not so the lanes of
 * shares, the rest of which may go to another worker, nor those that may be run again.)
 */
static void free_spool(struct ar_analysis *a, unsigned spool, uint64_t end)
{
    if (a->what.contract->shares || a->what.retries)
        return;
    end -= end % FREE_PIECE;
    if (end <= a->freed[spool])
        return;
    fallocate(a->what.spools.spool[spool].fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)a->freed[spool],
              (off_t)(end - a->freed[spool])); /* some file systems cannot; then it takes its space to the end */
    a->freed[spool] = end;
}

static bool may_write(const struct ar_analysis *a)
{
    return a->next < a->n_lanes && a->lane[a->next].state == AR_ANALYSIS_DONE;
}

/* Copies the entries of lanes whose turn it is, those together that lie together, and hands them over: who reads them need not wait for more. */
int ar_analysis_write(struct ar_analysis *a, struct ar_error *error)
{
    char name[256];
    size_t first = a->next;
    while (may_write(a)) {
        unsigned spool = a->lane[a->next].spool;
        uint64_t start = a->lane[a->next].start, end = start;
        for (; may_write(a) && a->lane[a->next].spool == spool && a->lane[a->next].start == end; a->next++) {
            end = a->lane[a->next].end;
            a->lane[a->next].state = AR_ANALYSIS_WRITTEN;
        }
        if (ar_out_copy(a->out, a->what.spools.spool[spool].fd, start, end - start, ar_spool_name(name), error) != 0)
            return -1;
        free_spool(a, spool, end);
    }
    return a->next > first ? ar_out_flush(a->out, error) : 0;
}

void ar_analysis_unhold(struct ar_analysis_lane *lane)
{
    if (!lane->held)
        return;
    ar_buf_release(&lane->held->params);
    ar_buf_release(&lane->held->ledger);
    ar_buf_release(&lane->held->record);
    free(lane->held);
    lane->held = NULL;
}

/* A lane was dealt with. */
void ar_analysis_done(struct ar_analysis *a, const struct ar_lane_done *done)
{
    struct ar_analysis_lane *lane = &a->lane[done->number];
    lane->state = AR_ANALYSIS_DONE;
    lane->outcome = done->outcome;
    lane->spool = done->spool;
    lane->start = done->start;
    lane->end = done->end;
    ar_analysis_unhold(lane);
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

/* Has the cache keep what a method answered. */
static void keep_result(struct ar_analysis *a, const struct ar_lane_done *done)
{
    const struct ar_analysis_held *held = a->lane[done->number].held;
    if (!a->cache || !held || (done->outcome != AR_LANE_RESULT && done->outcome != AR_LANE_NO_RESULT))
        return;
    const struct ar_lane_entries entries = { .fd = a->what.spools.spool[done->spool].fd, .start = done->start, .end = done->end,
                                             .one_lane = a->what.one_lane, .target = &ar_stream_targets(a->stream)->entry[done->number],
                                             .params = &held->params };
    ar_lane_cache_keep(a->cache, held->key, &held->record, &entries);
}

/* The lane failed; true where it is to be run again. */
static bool take_again(struct ar_analysis *a, uint32_t number, const char *cause)
{
    if (!ar_lane_job_again(&a->what, number))
        return false;
    a->what.tries[number]++;
    if (a->again)
        a->again(a, number, cause);
    return true;
}

/* A lane was dealt with, by its worker or in its place, or is to be run again: then it stays queued. An ar_share_take. */
static int take_lane_done(void *arg, const struct ar_lane_done *done, struct ar_error *error)
{
    struct ar_analysis *a = arg;
    if (done->outcome == AR_LANE_FAILED && take_again(a, done->number, done->cause))
        return 0;
    keep_result(a, done);
    if (ar_analysis_record(a, done->number, ar_lane_outcome_name(done->outcome), done, error) != 0 ||
        take_texts(a, done, error) != 0 || (done->folder && ar_lane_folders_add(&a->input.folders, done->number, done->sets, error) != 0))
        return -1;
    ar_analysis_done(a, done);
    return a->what.contract->shares ? 0 : ar_analysis_write(a, error); /* of a share: all of it together */
}

/* A worker was killed over this lane; what is told of it goes to the spool of that number. */
static int take_lost(struct ar_analysis *a, unsigned spool, const char *why, uint32_t number, struct ar_error *error)
{
    struct ar_lane_done done = { .number = number };
    struct ar_error cause;
    ar_lane_job_fail_lost(why, &cause);
    if (take_again(a, number, cause.what))
        return ar_lane_spool_restart(&a->what.spools.spool[spool], error);
    const struct ar_analysis_held *held = a->lane[number].held;
    const struct ar_target *target = &ar_stream_targets(a->stream)->entry[number];
    if (ar_lane_job_lost(&a->what, &done, spool, why, target, &held->params, &held->ledger, error) != 0)
        return -1;
    return take_lane_done(a, &done, error);
}

/* Sends the lane to the workers. */
int ar_analysis_send_lane(struct ar_analysis *a, uint32_t number, struct ar_error *error)
{
    const struct ar_target *target = &ar_stream_targets(a->stream)->entry[number];
    struct ar_lane_job job = { .number = number, .rest = a->lane[number].rest };
    memcpy(job.lane, target->data, target->data_len + 1);
    return ar_pool_send(&a->pool, &job, sizeof job, error);
}

static int take_lane_reply(struct ar_analysis *a, const struct ar_pool_reply *reply, struct ar_error *error)
{
    struct ar_lane_job job;
    struct ar_lane_done done = { 0 };
    int result;
    if (reply->lost) {
        memcpy(&job, reply->bytes, sizeof job);
        done.number = job.number;
        result = take_lost(a, reply->worker, reply->why, job.number, error);
    } else {
        memcpy(&done, reply->bytes, reply->n < sizeof done ? reply->n : sizeof done);
        result = take_lane_done(a, &done, error);
    }
    if (result != 0)
        return -1;
    bool again = a->lane[done.number].state == AR_ANALYSIS_QUEUED;
    return again ? ar_analysis_send_lane(a, done.number, error) : 0;
}

/* ---- shares --------------------------------------------------------------------------------------------------------- */

/* Leaves out the lanes that were dealt with. */
static void keep_queued(const struct ar_analysis *a, struct ar_share_job *share)
{
    uint32_t n = share->n, now = share->now;
    share->n = share->now = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (a->lane[share->lane[i]].state != AR_ANALYSIS_QUEUED)
            continue;
        share->lane[share->n++] = share->lane[i];
        share->now += i < now;
    }
}

/* Sends what is left of a share to another process, which gets so many lanes at most, and one at least. */
static int send_rest(struct ar_analysis *a, struct ar_share_job *share, uint32_t most, struct ar_error *error)
{
    if (share->n == 0) {
        ar_share_job_end(share);
        return 0;
    }
    share->now = most == 0 ? 1 : most < share->n ? most : share->n;
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

/*
 * How many lanes the process behind one that had n may get: all that are left, once. A method that goes on to fail would be given
 * them again for each lane, so that it then gets half as many each time, and twice as many where it did well.
 */
static uint32_t next_size(struct ar_share_job *share, uint32_t n, bool failed)
{
    if (!failed)
        return 2 * n;
    return share->failures++ == 0 ? AR_SHARE_MAX : n / 2;
}

/* The worker of the first lane that is left was killed. */
static int take_lost_share(struct ar_analysis *a, const struct ar_share_job *share, const struct ar_pool_reply *reply,
                           struct ar_error *error)
{
    unsigned spool = reply->lost ? reply->worker : a->what.spools.n - 1; /* another worker writes to its own */
    if (!reply->lost && !ar_lane_spools_own(&a->what.spools, error))
        return -1;
    if (!ar_lane_job_again(&a->what, share->lane[0]) && ar_share_job_keep(&a->what, share, error) != 0)
        return -1;
    return take_lost(a, spool, share->why, share->lane[0], error);
}

/* Takes lanes of a share of which its worker tells before it replies. */
static int take_told(struct ar_analysis *a, const struct ar_pool_reply *told, struct ar_error *error)
{
    if (ar_share_job_told(told->bytes, told->n, take_lane_done, a, error) != 0)
        return -1;
    return ar_analysis_write(a, error);
}

/* Takes the lanes of a share that were dealt with; the first one that is left failed where a worker was killed. */
static int take_share(struct ar_analysis *a, const struct ar_pool_reply *reply, struct ar_error *error)
{
    struct ar_share_job share = { 0 };
    memcpy(&share, reply->bytes, reply->n < sizeof share ? reply->n : sizeof share);
    uint32_t had = share.now, last = share.lane[had - 1];
    if (ar_share_job_done(&a->what, &share, reply->bytes, reply->lost ? 0 : reply->n, take_lane_done, a, error) != 0 ||
        ar_analysis_write(a, error) != 0)
        return -1;
    keep_queued(a, &share);
    bool failed = share.now > 0 || a->lane[last].outcome == AR_LANE_FAILED;
    if (share.now && reply->lost && !share.lost)
        return send_lost(a, &share, reply, error);
    ar_share_job_forget(&a->what, &share);
    if (share.now && share.lost && (take_lost_share(a, &share, reply, error) != 0 || ar_analysis_write(a, error) != 0))
        return -1;
    keep_queued(a, &share);
    return send_rest(a, &share, next_size(&share, had, failed), error);
}

static int take_reply(struct ar_analysis *a, const struct ar_pool_reply *reply, struct ar_error *error)
{
    if (reply->told)
        return take_told(a, reply, error);
    return a->what.contract->shares ? take_share(a, reply, error) : take_lane_reply(a, reply, error);
}

/* Takes the replies that are there; block: at least one. */
int ar_analysis_replies(struct ar_analysis *a, bool block, struct ar_error *error)
{
    struct ar_pool_reply reply;
    int got;
    while ((got = ar_pool_wait(&a->pool, block, &reply, error)) > 0) {
        if (take_reply(a, &reply, error) != 0)
            return -1;
        block = false;
    }
    return got;
}

/* Hands the share that was gathered to the workers. */
int ar_analysis_send_share(struct ar_analysis *a, struct ar_error *error)
{
    struct ar_share_job *share = &a->share;
    share->file = -1;
    share->holder = getpid();
    if (a->input.share.fd >= 0 && (share->file = ar_share_file_close(&a->input.share, error)) < 0)
        return ar_lane_job_hint(error);
    if (share->n == 0) {
        ar_share_job_end(share);
        return 0;
    }
    while (ar_pool_full(&a->pool))
        if (ar_analysis_replies(a, true, error) < 0)
            return -1;
    share->all = share->n;
    share->failures = 0;
    int result = send_rest(a, share, AR_SHARE_MAX, error);
    share->n = 0;
    share->rest = false;
    return result == 0 && ar_analysis_replies(a, false, error) >= 0 ? 0 : -1;
}
