/* SPDX-License-Identifier: MIT */
/*
 * The contract "first": a process for each lane, with the lane as a tar on standard input and its result as a tar on standard output,
 * sets and result pickled (ar-stream(5), the first dialect).
 */
#include "lanes/entries.h"
#include "methods/contract.h"
#include "methods/wire_tar.h"
#include "wire/result.h"

#define ANSWER_MAX (UINT64_C(4) << 30) /* bytes of a result with its pictures */

/* The path of a set's CSV, from the lane's folder. */
static void csv_path(char path[static sizeof AR_FILES_SETS + AR_SET_NAME_MAX + 8], const char *set)
{
    snprintf(path, sizeof AR_FILES_SETS + AR_SET_NAME_MAX + 8, AR_FILES_SETS "/%s.csv", set);
}

static int put_lane(struct ar_wire_tar *wire, const struct ar_contract_lane *lane, struct ar_error *error)
{
    const struct ar_target *target = &lane->target;
    if (ar_wire_tar_text(wire, AR_NAME_DATA_NAME, target->data, target->data_len, error) != 0 ||
        ar_wire_tar_text(wire, AR_NAME_SAMPLE_NAME, target->sample, target->sample_len, error) != 0 ||
        ar_wire_tar_text(wire, AR_NAME_PARAMS, lane->params.data, lane->params.len, error) != 0)
        return -1;
    const char *set;
    json_t *records;
    json_object_foreach (json_object_get(lane->ledger.json, "sets"), set, records) {
        char path[sizeof AR_FILES_SETS + AR_SET_NAME_MAX + 8];
        csv_path(path, set);
        if (ar_wire_tar_set(wire, set, lane->dirfd, (char *[]){ path }, 1, lane->manifest, error) != 0)
            return -1;
    }
    return 0;
}

static int ask(const struct ar_contract_lane *lane, struct ar_env *env, struct ar_proc *proc, struct ar_error *error)
{
    struct ar_wire_tar wire;
    ar_files_env_lane(env, lane->target.data, lane->target.sample);
    ar_env_set(env, "ANALYSISRUN_METHOD", "analyze");
    if (ar_wire_tar_open(&wire, error) != 0)
        return -1;
    if (put_lane(&wire, lane, error) != 0) {
        ar_wire_tar_abandon(&wire);
        return -1;
    }
    proc->in = ar_wire_tar_close(&wire, error);
    return proc->in >= 0 ? 0 : -1;
}

static int take(const struct ar_contract_lane *lane, const struct ar_tar_map *map, struct ar_contract_answer *answer, struct ar_error *error)
{
    const struct ar_tar_item *result = ar_tar_map_find(map, AR_NAME_RESULT);
    if (!result) {
        ar_fail(error, AR_CONTENT, "its tar has no entry '" AR_NAME_RESULT "'");
        return ar_hint(error, "A method of this contract answers with " AR_NAME_RESULT " and images/NAME.");
    }
    if (ar_wire_result_from_pickle(&answer->result, result->data, result->n, lane->target.data, lane->target.sample, NULL,
                                   "its " AR_NAME_RESULT, error) != 0) {
        error->status = error->status == AR_SYSTEM ? AR_SYSTEM : AR_CONTENT;
        return -1;
    }
    return ar_wire_tar_images(map, "", lane->dirfd, &answer->images, error);
}

static int answer(const struct ar_contract_lane *lane, int out, uint64_t n, struct ar_contract_answer *answer, struct ar_error *error)
{
    struct ar_tar_map map = { 0 };
    int result = ar_wire_tar_read(&map, out, n, AR_DIALECT_FIRST, AR_WIRE_ANALYZE_OUT, error);
    if (result == 0)
        result = take(lane, &map, answer, error);
    ar_tar_map_release(&map);
    return result;
}

const struct ar_contract_calls ar_contract_first = { .out_max = ANSWER_MAX, .ask = ask, .answer = answer };
