/* SPDX-License-Identifier: MIT */
/*
 * The contract "analyzeseq": the process gets targets, params, and each set as one pickled frame of all its lanes' rows; it
 * answers with L/images/NAME and L/analysis_result.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "lanes/entries.h"
#include "methods/share_work.h"
#include "wire/result.h"

/* The answer. */
static struct ar_tar_map *map_of(const struct ar_share_work *share)
{
    return share->own;
}

static int open_share(struct ar_share_work *share, struct ar_error *error)
{
    share->own = calloc(1, sizeof(struct ar_tar_map));
    if (!share->own)
        return ar_fail_memory(error);
    for (uint32_t i = 0; i < share->n; i++) {
        if (ar_lane_work_open(&share->lane[i], error) != 0)
            return -1;
        close(share->lane[i].lane.dirfd); /* a share may have more lanes than a process may have open files */
        share->lane[i].lane.dirfd = -1;
    }
    return 0;
}

/* ---- what the process gets ------------------------------------------------------------------------------------------ */

static int put_targets(struct ar_wire_tar *wire, const struct ar_share_work *share, struct ar_error *error)
{
    struct ar_targets targets = { 0 };
    struct ar_buf text;
    int result = 0;
    ar_buf_init(&text);
    for (uint32_t i = 0; i < share->n && result == 0; i++) {
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
static char **set_paths(const struct ar_share_work *share, const char *set, size_t *n)
{
    char **path = calloc(share->n, sizeof *path);
    *n = 0;
    for (uint32_t i = 0; path && i < share->n; i++) {
        const struct ar_contract_lane *lane = &share->lane[i].lane;
        if (!ar_ledger_records(&lane->ledger, set))
            continue;
        if (asprintf(&path[*n], "%s/" AR_FILES_SETS "/%s" AR_FILES_SET_END, lane->target.data, set) < 0) {
            free_paths(path, *n);
            return NULL;
        }
        ++*n;
    }
    return path;
}

static int put_set(struct ar_wire_tar *wire, const struct ar_share_work *share, const char *set, struct ar_error *error)
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
static bool has_set(const struct ar_share_work *share, uint32_t n, const char *set)
{
    for (uint32_t i = 0; i < n; i++)
        if (ar_ledger_records(&share->lane[i].lane.ledger, set))
            return true;
    return false;
}

static int put_sets(struct ar_wire_tar *wire, const struct ar_share_work *share, struct ar_error *error)
{
    for (uint32_t i = 0; i < share->n; i++) {
        const struct ar_node *set = ar_node_members(ar_ledger_sets(&share->lane[i].lane.ledger));
        for (; set; set = set->next)
            if (!has_set(share, i, set->name) && put_set(wire, share, set->name, error) != 0)
                return -1;
    }
    return 0;
}

/* There is one entry for the params of all. */
static int check_params(const struct ar_share_work *share, struct ar_error *error)
{
    const struct ar_contract_lane *first = &share->lane[0].lane;
    for (uint32_t i = 1; i < share->n; i++) {
        const struct ar_contract_lane *lane = &share->lane[i].lane;
        if (lane->params.len == first->params.len && memcmp(lane->params.data, first->params.data, first->params.len) == 0)
            continue;
        ar_fail(error, AR_INPUT, "lane '%s' has other params than lane '%s'", lane->target.data, first->target.data);
        return ar_hint(error, "A method of the contract analyzeseq gets many lanes with one set of params: pack them together.");
    }
    return 0;
}

/* What the Python runner's preprocessing left, where the stream has it. */
static int put_preprocessed(struct ar_wire_tar *wire, const struct ar_share_work *share, struct ar_error *error)
{
    struct stat st;
    int fd = openat(share->jobs->root, AR_SHARE_PREPROCESSED, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), result;
    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0 || fstat(fd, &st) != 0)
        result = ar_fail_errno(error, errno, "cannot read a file of the work folder");
    else
        result = ar_out_copy(wire->out, fd, 0, (uint64_t)st.st_size, "a temporary file", error);
    if (fd >= 0)
        close(fd);
    return result;
}

static int ask(struct ar_share_work *share, struct ar_error *error)
{
    struct ar_wire_tar wire;
    const struct ar_buf *params = &share->lane[0].lane.params;
    if (check_params(share, error) != 0 || ar_wire_tar_open(&wire, error) != 0)
        return -1;
    if (put_targets(&wire, share, error) == 0 && ar_wire_tar_text(&wire, AR_NAME_PARAMS, params->data, params->len, error) == 0 &&
        put_sets(&wire, share, error) == 0 && put_preprocessed(&wire, share, error) == 0)
        return ar_wire_tar_close(&wire, error);
    ar_wire_tar_abandon(&wire);
    return -1;
}

/* ---- what it answered ----------------------------------------------------------------------------------------------- */

/* Is it an entry of that lane? Returns its name behind the lane's folder, or NULL. */
static const char *of_lane(const struct ar_tar_item *item, const struct ar_target *target)
{
    size_t n = target->data_len;
    return strncmp(item->name, target->data, n) == 0 && item->name[n] == '/' ? item->name + n + 1 : NULL;
}

/* The process must not answer for lanes that it was not given. */
static void check_lanes(struct ar_share_work *share)
{
    const struct ar_tar_map *answer = map_of(share);
    for (size_t i = 0; i < answer->n && share->fault.status == AR_OK; i++) {
        const char *name = answer->item[i].name;
        bool known = strchr(name, '/') == NULL;
        for (uint32_t k = 0; k < share->n && !known; k++)
            known = of_lane(&answer->item[i], &share->lane[k].lane.target) != NULL;
        if (known)
            continue;
        ar_fail(&share->fault, AR_CONTENT, "it answered with '%s', which is of no lane that it was given", name);
        ar_hint(&share->fault, "A lane's id is text, as it stands in targets: 0007 is not 7.");
    }
}

/* Is an entry of the lane there twice? */
static bool has_twice(const struct ar_tar_map *answer, const struct ar_target *target)
{
    for (size_t i = 0; i < answer->n; i++)
        if (of_lane(&answer->item[i], target) && ar_tar_map_find(answer, answer->item[i].name) != &answer->item[i])
            return true;
    return false;
}

/*
 * The result of a lane that was answered whole, or NULL. Where the process failed, pictures may be missing of the lane that it
 * was at: that of the last entry, unless this is the result, which comes last.
 */
static const struct ar_tar_item *find_result(const struct ar_share_work *share, const struct ar_target *target)
{
    const struct ar_tar_map *answer = map_of(share);
    char name[AR_LANE_ID_MAX + sizeof AR_NAME_RESULT + 2];
    snprintf(name, sizeof name, "%s/" AR_NAME_RESULT, target->data);
    const struct ar_tar_item *result = ar_tar_map_find(answer, name);
    if (!result || ar_share_is_whole(share))
        return result;
    size_t n = answer->n;
    while (n > 0 && strcmp(answer->item[n - 1].name, AR_NAME_ERROR) == 0)
        n--;
    const struct ar_tar_item *last = &answer->item[n - 1]; /* there is one: the result */
    return (last == result || !of_lane(last, target)) && !has_twice(answer, target) ? result : NULL;
}

/* Reads as many entries as there are: a process that failed leaves a tar that is cut. */
static int read_answer(struct ar_share_work *share, struct ar_error *error)
{
    if (ar_wire_tar_read(map_of(share), share->out, share->answered, AR_DIALECT_PRESENT, AR_WIRE_SEQ_OUT, &share->fault) != 0 &&
        share->fault.status != AR_CONTENT) {
        *error = share->fault;
        return -1;
    }
    check_lanes(share);
    return 0;
}

static bool answered(const struct ar_share_work *share, uint32_t i)
{
    return find_result(share, &share->lane[i].lane.target) != NULL;
}

/* Takes a lane's result and pictures. */
static int take(struct ar_share_work *share, uint32_t i, struct ar_lane_done *done, struct ar_error *error)
{
    char prefix[AR_LANE_ID_MAX + 2];
    struct ar_lane_work *work = &share->lane[i];
    const struct ar_target *target = &work->lane.target;
    const struct ar_tar_item *item = find_result(share, target);
    snprintf(prefix, sizeof prefix, "%s/", target->data);
    done->outcome = AR_LANE_RESULT;
    int result = ar_wire_result_from_csv(&work->answer.result, item->data, item->n, target->data, target->sample, NULL,
                                         item->name, error);
    if (result == 0)
        result = ar_wire_tar_images(map_of(share), prefix, &work->answer.images, error);
    if (result == 0)
        return ar_lane_work_write(work, done, error);
    return error->status == AR_SYSTEM ? -1 : ar_lane_work_blame(work, done, error);
}

/* ---- the end -------------------------------------------------------------------------------------------------------- */

static int close_lane(struct ar_share_work *share, uint32_t i, struct ar_lane_done *done, struct ar_error *error)
{
    struct ar_lane_work *work = &share->lane[i];
    work->lane.dirfd = ar_open_beneath(share->jobs->root, work->lane.target.data, O_RDONLY | O_DIRECTORY, 0);
    if (work->lane.dirfd < 0)
        return ar_fail_errno(error, errno, "cannot open the work folder of lane '%s'", work->lane.target.data);
    ar_lane_work_close(work, done);
    close(work->lane.dirfd);
    work->lane.dirfd = -1;
    return 0;
}

static void release(struct ar_share_work *share)
{
    if (map_of(share))
        ar_tar_map_release(map_of(share));
    free(share->own);
}

const struct ar_share_calls ar_share_seq = {
    .variable = "ANALYSISRUN_MODE", .value = "analyzeseq", .open = open_share, .ask = ask, .read = read_answer,
    .answered = answered, .take = take, .close = close_lane, .release = release
};
