/* SPDX-License-Identifier: MIT */
#include "methods/contract.h"

#include "lanes/result.h"

/* ---- files ---------------------------------------------------------------------------------------------------------- */

static int files_ask(const struct ar_contract_lane *lane, struct ar_env *env, struct ar_proc *proc, struct ar_error *error)
{
    (void)proc;
    (void)error;
    ar_files_env_lane(env, lane->target.data, lane->target.sample);
    return 0;
}

static int read_printed(struct ar_buf *printed, int fd, uint64_t n, struct ar_error *error)
{
    char *to = ar_buf_reserve(printed, n);
    if (!to)
        return ar_fail_memory(error);
    ssize_t got = pread(fd, to, n, 0);
    if (got < 0 || (uint64_t)got != n)
        return ar_fail_errno(error, got < 0 ? errno : EIO, "cannot read what the method printed");
    ar_buf_grew(printed, n);
    return 0;
}

static int files_answer(const struct ar_contract_lane *lane, int out, uint64_t n, struct ar_contract_answer *answer,
                        struct ar_error *error)
{
    struct ar_buf printed;
    ar_buf_init(&printed);
    int result = read_printed(&printed, out, n, error);
    if (result == 0)
        result = ar_result_from_output(&answer->result, printed.data, printed.len, lane->target.data, lane->target.sample,
                                       &answer->none, error);
    ar_buf_release(&printed);
    return result == 0 ? ar_files_images(lane->dirfd, &answer->images, error) : -1;
}

static const struct ar_contract_calls files = { .out_max = AR_RESULT_MAX, .ask = files_ask, .answer = files_answer };

/* Many lanes in one process: lib/methods/share_job.c. */
static const struct ar_contract_calls analyzeseq = { .shares = true, .out_max = UINT64_C(64) << 30 };

/* ---- all of them ---------------------------------------------------------------------------------------------------- */

const struct ar_contract_calls *ar_contract_calls(enum ar_contract contract)
{
    switch (contract) {
    case AR_CONTRACT_FILES:
        return &files;
    case AR_CONTRACT_FIRST:
        return &ar_contract_first;
    case AR_CONTRACT_ANALYZESEQ:
        return &analyzeseq;
    default:
        return NULL;
    }
}
