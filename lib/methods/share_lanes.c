/* SPDX-License-Identifier: MIT */
/*
 * The contract "lanes": the process gets the share's file (methods/share_file.h), or the part of it that was left by another; it
 * answers with the entries of lane results (methods/lane_answer.h).
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "bytes/text.h"
#include "codecs/tar_format.h"
#include "lanes/account.h"
#include "lanes/entries.h"
#include "lanes/result.h"
#include "methods/lane_answer.h"
#include "methods/share_file.h"
#include "methods/share_work.h"

enum { ERROR_MAX = 64 * 1024 }; /* bytes that are taken of what a method says of a lane's failure */

/* Where a lane's entries stand in the file. */
struct place {
    uint64_t start, end;
};

struct own {
    int file;             /* of the inputs */
    struct ar_buf params; /* those at the top of it */
    struct place *place;  /* by lane of the share */
    struct ar_lane_answers answers;
};

static struct own *own_of(const struct ar_share_work *share)
{
    return share->own;
}

/* ---- what the process gets ------------------------------------------------------------------------------------------ */

/* Opens the file, to be read from its start whoever else reads it. */
static int open_file(const struct ar_share_job *job, struct ar_error *error)
{
    char name[64];
    snprintf(name, sizeof name, "/proc/%d/fd/%d", (int)job->holder, job->file);
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    return fd >= 0 ? fd : ar_fail_errno(error, errno, "cannot read '%s'", name);
}

/* The end of the entry that was read last. */
static uint64_t end_of(const struct ar_tar_entry *entry)
{
    return entry->body_offset + entry->size + ar_tar_padding(entry->size);
}

static int read_ledger(struct ar_tar_reader *tar, struct ar_contract_lane *lane, struct ar_error *error)
{
    struct ar_buf text;
    ar_buf_init(&text);
    int result = ar_tar_read_all(tar, &text, AR_LEDGER_MAX, error);
    if (result == 0)
        result = ar_ledger_parse(&lane->ledger, text.data, text.len, "the lane's ledger", error);
    ar_buf_release(&text);
    return result;
}

/* Finds the next lane of the share in the file, and reads what is needed of it. 0, or -1. */
static int read_lane(struct ar_tar_reader *tar, struct ar_contract_lane *lane, struct place *place, struct ar_buf *top_params,
                     struct ar_error *error)
{
    struct ar_tar_entry entry;
    const struct ar_target *target = &lane->target;
    int got;
    while ((got = ar_tar_next(tar, &entry, error)) > 0) {
        if (strcmp(entry.name, AR_NAME_PARAMS) == 0 && ar_tar_read_all(tar, top_params, SIZE_MAX / 2, error) != 0)
            return -1;
        if (strncmp(entry.name, target->data, target->data_len) != 0 || entry.name[target->data_len] != '/')
            continue;
        const char *base = entry.name + target->data_len + 1;
        if (place->start == 0)
            place->start = entry.offset;
        if (strcmp(base, AR_NAME_PARAMS) == 0 && ar_tar_read_all(tar, &lane->params, SIZE_MAX / 2, error) != 0)
            return -1;
        if (strcmp(base, AR_NAME_LEDGER) != 0)
            continue;
        place->end = end_of(&entry);
        return read_ledger(tar, lane, error);
    }
    return got < 0 ? -1 : ar_fail(error, AR_SYSTEM, "lane '%s' is not in its temporary file", target->data);
}

static int read_lanes(struct ar_share_work *share, struct ar_error *error)
{
    struct own *own = own_of(share);
    struct ar_in *in = ar_in_new(own->file, ar_tr("a temporary file"), error);
    struct ar_tar_reader *tar = in ? ar_tar_reader_new(in, error) : NULL;
    int result = tar ? 0 : -1;
    for (uint32_t i = 0; i < share->n && result == 0; i++) {
        result = read_lane(tar, &share->lane[i].lane, &own->place[i], &own->params, error);
        if (result == 0)
            result = ar_lane_answers_add(&own->answers, &share->lane[i].lane.target, error);
    }
    ar_tar_reader_free(tar);
    ar_in_free(in);
    return result;
}

static int open_share(struct ar_share_work *share, struct ar_error *error)
{
    struct own *own = share->own = calloc(1, sizeof *own);
    if (!own)
        return ar_fail_memory(error);
    ar_buf_init(&own->params);
    own->place = calloc(share->n, sizeof *own->place);
    own->file = open_file(share->job, error);
    if (own->file < 0)
        return -1;
    return own->place ? read_lanes(share, error) : ar_fail_memory(error);
}

/* Writes a stream of the lanes first … first + n - 1 of the share, copied from their file. */
static int put_part(struct ar_out *out, const struct ar_share_work *share, uint32_t first, uint32_t n, struct ar_error *error)
{
    const struct own *own = own_of(share);
    struct ar_targets targets = { 0 };
    struct ar_buf text, head;
    int result = 0;
    ar_buf_init(&text);
    ar_buf_init(&head);
    for (uint32_t i = first; i < first + n && result == 0; i++) {
        const struct ar_target *target = &share->lane[i].lane.target;
        result = ar_targets_add(&targets, target->data, target->data_len, target->sample, target->sample_len, error);
    }
    ar_targets_write(&targets, &text);
    if (result == 0)
        result = ar_share_head(&head, text.data, text.len, text.len, &own->params, error);
    if (result == 0)
        result = ar_out_write(out, head.data, head.len, error);
    for (uint32_t i = first; i < first + n && result == 0; i++)
        result = ar_out_copy(out, own->file, own->place[i].start, own->place[i].end - own->place[i].start,
                             ar_tr("a temporary file"), error);
    struct ar_tar_writer tar;
    ar_tar_writer_init(&tar, out);
    ar_targets_release(&targets);
    ar_buf_release(&text);
    ar_buf_release(&head);
    return result == 0 ? ar_tar_finish(&tar, error) : -1;
}

/* The same to a file, which is then at its start. */
static int write_part(int fd, const struct ar_share_work *share, uint32_t first, uint32_t n, struct ar_error *error)
{
    char name[256];
    struct ar_out *out = ar_out_new(fd, ar_spool_name(name), AR_FILTER_NONE, error);
    if (!out)
        return -1;
    if (put_part(out, share, first, n, error) != 0) {
        ar_out_abandon(out);
        return -1;
    }
    if (ar_out_close(out, error) != 0)
        return -1;
    return lseek(fd, 0, SEEK_SET) == 0 ? 0 : ar_fail_errno(error, errno, "cannot read a temporary file");
}

static int ask(struct ar_share_work *share, struct ar_error *error)
{
    if (share->n == share->job->all)
        return open_file(share->job, error);
    int fd = ar_spool_open(error);
    if (fd < 0 || write_part(fd, share, 0, share->n, error) == 0)
        return fd;
    close(fd);
    return -1;
}

/* ---- what it answered ----------------------------------------------------------------------------------------------- */

static ssize_t read_part(struct ar_share_work *share, struct ar_error *error)
{
    return ar_lane_answers_part(&own_of(share)->answers, share->out, error);
}

static int read_answer(struct ar_share_work *share, struct ar_error *error)
{
    return ar_lane_answers_read(&own_of(share)->answers, share->out, share->answered, &share->fault, error);
}

static bool answered(const struct ar_share_work *share, uint32_t i)
{
    const struct ar_lane_answer *answer = &own_of(share)->answers.lane[i];
    return answer->whole || answer->fault;
}

/* The method says that the lane failed, and its text is the lane's error, made harmless line by line. 1; -1. */
static int take_error(struct ar_lane_work *work, struct ar_lane_done *done, const struct ar_lane_text *said,
                      struct ar_error *error)
{
    struct ar_buf *text = &work->error_text;
    const char *line = said->text;
    size_t n = said->n < ERROR_MAX ? said->n : ERROR_MAX;
    for (size_t at = 0, len; at < n; at += len + 1) {
        const char *end = memchr(said->text + at, '\n', n - at);
        len = end ? (size_t)(end - said->text) - at : n - at;
        ar_text_show(text, said->text + at, len);
        ar_buf_add_text(text, end ? "\n" : n < said->n ? "…\n" : "");
    }
    size_t first = ar_error_first_line(&line, n);
    if (first == 0) {
        ar_fail(error, AR_CONTENT, "it answered with an error that has no text");
        return ar_lane_work_blame(work, done, error);
    }
    snprintf(done->cause, sizeof done->cause, "%.*s", (int)first, line);
    return ar_buf_check(text, error) == 0 ? 1 : -1;
}

/* What the method says in the lane's ledger must be so. */
static int check_outcome(const struct ar_node *ledger, const struct ar_lane_answer *answer, const char *lane, struct ar_error *error)
{
    const struct ar_node *outcome = ar_node_get(ledger, "outcome");
    const char *said = ar_node_text(outcome);
    const char *is = ar_lane_outcome_name(answer->error.text    ? AR_LANE_FAILED
                                          : answer->result.text ? AR_LANE_RESULT
                                                                : AR_LANE_NO_RESULT);
    if (!outcome || (said && strcmp(said, is) == 0))
        return 0;
    ar_fail(error, AR_CONTENT, "'%s/" AR_NAME_LEDGER "' says the outcome '%s', and what the method answered is '%s'", lane,
            said ? said : "", is);
    return ar_hint(error, "The outcome is 'result' with an analysis_result, 'failed' with an error, else 'no result'; it may be left out.");
}

/* The lane's rows that the method dropped by itself, as its ledger tells them. */
static int take_records(struct ar_lane_work *work, const struct ar_node *ledger, struct ar_error *error)
{
    for (const struct ar_node *set = ar_node_members(ar_node_get(ledger, "sets")); set; set = set->next)
        for (const struct ar_node *record = ar_node_items(set); record; record = record->next) {
            const char *stage = ar_node_text_of(record, "stage");
            if (stage && strcmp(stage, AR_STAGE_METHOD) == 0 &&
                ar_contract_add_rows(&work->answer, &work->lane, set->name, record, error) != 0)
                return -1;
        }
    return 0;
}

static int take_answer(struct ar_lane_work *work, struct ar_lane_done *done, struct ar_lane_answer *answer,
                       const struct ar_node *ledger, struct ar_error *error)
{
    const struct ar_target *target = &work->lane.target;
    char what[AR_LANE_ID_MAX + sizeof AR_NAME_RESULT + 2];
    snprintf(what, sizeof what, "%s/" AR_NAME_RESULT, target->data);
    if (check_outcome(ledger, answer, target->data, error) != 0)
        return -1;
    if (answer->error.text)
        return take_error(work, done, &answer->error, error);
    if (take_records(work, ledger, error) != 0 || ar_images_complete(&answer->images, error) != 0)
        return -1;
    work->answer.images = answer->images;
    answer->images = AR_IMAGES_NONE;
    done->outcome = answer->result.text ? AR_LANE_RESULT : AR_LANE_NO_RESULT;
    if (!answer->result.text)
        return 0;
    return ar_result_from_csv(&work->answer.result, answer->result.text, answer->result.n, target->data, target->sample, what,
                              error);
}

/* Reads the lane's ledger, which is a small one at most. */
static int open_answer(struct ar_lane_work *work, struct ar_lane_done *done, struct ar_lane_answer *answer, struct ar_error *error)
{
    char what[AR_LANE_ID_MAX + sizeof AR_NAME_LEDGER + 4];
    snprintf(what, sizeof what, "'%s/" AR_NAME_LEDGER "'", work->lane.target.data);
    if (answer->fault) {
        *error = *answer->fault;
        return -1;
    }
    struct ar_tree ledger = { 0 };
    int result = ar_tree_parse(&ledger, answer->ledger.text, answer->ledger.n, what, error);
    if (result == 0 && !ar_node_is(ledger.root, AR_NODE_OBJECT))
        result = ar_fail(error, AR_CONTENT, "%s is no JSON object", what);
    if (result == 0)
        result = take_answer(work, done, answer, ledger.root, error);
    ar_tree_release(&ledger);
    return result;
}

static int take(struct ar_share_work *share, uint32_t i, struct ar_lane_done *done, struct ar_error *error)
{
    struct ar_lane_work *work = &share->lane[i];
    int result = open_answer(work, done, &own_of(share)->answers.lane[i], error);
    if (result < 0)
        return error->status == AR_SYSTEM ? -1 : ar_lane_work_blame(work, done, error);
    return result == 0 ? ar_lane_work_write(work, done, error) : result;
}

/* ---- the end -------------------------------------------------------------------------------------------------------- */

/* Keeps the lane's inputs as a stream, for the method to be run by hand. */
static int keep_input(const struct ar_share_work *share, uint32_t i, struct ar_error *error)
{
    const char *lane = share->lane[i].lane.target.data;
    char name[AR_LANE_ID_MAX + sizeof "/" AR_SHARE_KEPT];
    snprintf(name, sizeof name, "%s/" AR_SHARE_KEPT, lane);
    int fd = -1;
    if (mkdirat(share->jobs->root, lane, 0700) == 0)
        fd = openat(share->jobs->root, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return ar_fail_errno(error, errno, "cannot make a folder in '%s' (TMPDIR)", ar_tmpdir());
    int result = write_part(fd, share, i, 1, error);
    close(fd);
    return result;
}

static int close_lane(struct ar_share_work *share, uint32_t i, struct ar_lane_done *done, struct ar_error *error)
{
    bool failed = done->outcome == AR_LANE_FAILED && !ar_lane_job_again(share->jobs, done->number);
    return failed && share->jobs->keep_work ? keep_input(share, i, error) : 0;
}

static void release(struct ar_share_work *share)
{
    struct own *own = own_of(share);
    if (!own)
        return;
    if (own->file >= 0)
        close(own->file);
    ar_buf_release(&own->params);
    ar_lane_answers_release(&own->answers);
    free(own->place);
    free(own);
}

/* For who sent the job, which has no share at work. */
static int keep(const struct ar_lane_jobs *jobs, const struct ar_share_job *job, uint32_t i, struct ar_error *error)
{
    struct ar_share_job one = { .n = 1, .now = 1, .holder = job->holder, .file = job->file, .all = job->all, .lane = { job->lane[i] } };
    struct ar_lane_work work;
    struct ar_lane_jobs copy = *jobs;
    struct ar_share_work share = { .jobs = &copy, .job = &one, .n = 1, .lane = &work, .out = -1, .done_fd = -1 };
    ar_lane_work_init(&work, &copy, 0);
    work.lane.target = jobs->targets->entry[job->lane[i]];
    int result = open_share(&share, error);
    if (result == 0)
        result = keep_input(&share, 0, error);
    release(&share);
    ar_lane_work_release(&work);
    return result;
}

const struct ar_share_calls ar_share_lanes = {
    .variable = "AR_STEP", .value = "analyze", .open = open_share, .ask = ask, .part = read_part, .read = read_answer,
    .answered = answered, .take = take, .close = close_lane, .keep = keep, .release = release
};
