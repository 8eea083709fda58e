/* SPDX-License-Identifier: MIT */
#include "methods/contract.h"

#include "bytes/file.h"
#include "lanes/result.h"

enum { PIECE = 256 * 1024 };

/* ---- files ---------------------------------------------------------------------------------------------------------- */

int ar_contract_take_file(struct ar_contract_input *input, struct ar_stream *stream, const struct ar_entry *entry,
                          struct ar_error *error)
{
    char name[256];
    const char *bytes;
    ssize_t n;
    int fd = ar_files_create_set(input->dirfd, entry->base, error), result = 0;
    if (fd < 0)
        return -1;
    ar_spool_name(name);
    while (result == 0 && (n = ar_stream_view(stream, &bytes, PIECE, error)) != 0)
        result = n < 0 ? -1 : ar_write_fd(fd, bytes, (size_t)n, name, error);
    if (close(fd) != 0 && result == 0)
        result = ar_fail_errno(error, errno, "cannot write '%s'", name);
    return result;
}

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
    int result = ar_proc_output(&printed, out, n, "cannot read what the method printed", error);
    if (result == 0)
        result = ar_result_from_output(&answer->result, printed.data, printed.len, lane->target.data, lane->target.sample,
                                       &answer->none, error);
    ar_buf_release(&printed);
    return result == 0 ? ar_files_images(lane->dirfd, &answer->images, error) : -1;
}

static const struct ar_contract_calls files = {
    .out_max = AR_RESULT_MAX, .take_set = ar_contract_take_file, .ask = files_ask, .answer = files_answer
};

/* Many lanes in one process: lib/methods/share_job.c. */
static const struct ar_contract_calls analyzeseq = {
    .shares = true, .out_max = UINT64_C(64) << 30, .take_set = ar_contract_take_file, .said = ar_wire_tar_said
};

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
