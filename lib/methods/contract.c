/* SPDX-License-Identifier: MIT */
#include "methods/contract.h"

#include "lanes/result.h"
#include "methods/share_work.h"

static int files_ask(const struct ar_contract_lane *lane, struct ar_env *env, struct ar_proc *proc, struct ar_error *error)
{
    (void)proc;
    (void)error;
    ar_files_env_lane(env, lane->target.data, lane->target.sample);
    return 0;
}

static int files_answer(const struct ar_contract_lane *lane, int out, uint64_t n, struct ar_contract_answer *answer,
                        struct ar_error *error)
{
    struct ar_buf printed;
    ar_buf_init(&printed);
    int result = ar_proc_output(&printed, out, n, N_("cannot read what the method printed"), error);
    if (result == 0)
        result = ar_wire_tar_refuse(printed.data, printed.len, error);
    if (result == 0)
        result = ar_result_from_output(&answer->result, printed.data, printed.len, lane->target.data, lane->target.sample,
                                       &answer->none, error);
    ar_buf_release(&printed);
    return result == 0 ? ar_files_images(lane->dirfd, &answer->images, error) : -1;
}

/* A method of the Python runner finds no input by this contract, and fails with an answer of its own. */
static void files_said(int out, uint64_t n, struct ar_buf *said)
{
    char start[512];
    ssize_t got = n ? pread(out, start, n < sizeof start ? (size_t)n : sizeof start, 0) : 0;
    if (got > 0 && ar_wire_tar_like(start, (size_t)got))
        ar_buf_add_text(said, "it answered with a tar, as " AR_WIRE_TAR_METHODS);
}

static const struct ar_contract_calls files = {
    .out_max = AR_RESULT_MAX, .begin = ar_contract_begin_folder, .take_set = ar_contract_take_file,
    .end = ar_contract_end_folder, .drop = ar_contract_drop_folder, .ask = files_ask, .answer = files_answer,
    .said = files_said
};

/* ---- many lanes in one process -------------------------------------------------------------------------------------- */

#define SHARE_ANSWER_MAX (UINT64_C(64) << 30) /* bytes */

static const struct ar_contract_calls lanes = {
    .shares = &ar_share_lanes, .out_max = SHARE_ANSWER_MAX, .take_set = ar_contract_take_share, .end = ar_contract_end_share,
    .drop = ar_contract_drop_share, .said = ar_wire_tar_said
};

static const struct ar_contract_calls analyzeseq = {
    .shares = &ar_share_seq, .out_max = SHARE_ANSWER_MAX, .begin = ar_contract_begin_folder, .take_set = ar_contract_take_file,
    .end = ar_contract_end_folder, .drop = ar_contract_drop_folder, .said = ar_wire_tar_said
};

/* ---- all of them ---------------------------------------------------------------------------------------------------- */

const struct ar_contract_calls *ar_contract_calls(enum ar_contract contract)
{
    switch (contract) {
    case AR_CONTRACT_FILES:
        return &files;
    case AR_CONTRACT_LANES:
        return &lanes;
    case AR_CONTRACT_FIRST:
        return &ar_contract_first;
    case AR_CONTRACT_ANALYZESEQ:
        return &analyzeseq;
    }
    return NULL;
}
