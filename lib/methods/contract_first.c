/* SPDX-License-Identifier: MIT */
/*
 * The contract "first": a process for each lane, with the lane as a tar on standard input and its result as a tar on standard
 * output, sets and result pickled (ar-stream(5), the first dialect). The tar is written while the lane is read, so that its rows
 * are copied once.
 */
#include <fcntl.h>

#include "lanes/entries.h"
#include "methods/contract.h"
#include "wire/result.h"

#define ANSWER_MAX (UINT64_C(4) << 30) /* bytes of a result with its pictures */

#define INPUT "input.tar" /* in the lane's folder: what the method gets on standard input */

/* ---- what it gets --------------------------------------------------------------------------------------------------- */

static int put_params(struct ar_contract_input *input, struct ar_error *error)
{
    input->params_put = true;
    return ar_wire_tar_text(&input->wire, AR_NAME_PARAMS, input->params->data, input->params->len, error);
}

/* Begins the tar, unless that was done. The params stand before the sets where the stream has them there. */
static int begin(struct ar_contract_input *input, struct ar_error *error)
{
    const struct ar_target *target = input->target;
    if (input->wire.fd >= 0)
        return 0;
    input->params_put = false;
    if (ar_wire_tar_create(&input->wire, input->dirfd, INPUT, error) != 0 ||
        ar_wire_tar_text(&input->wire, AR_NAME_DATA_NAME, target->data, target->data_len, error) != 0 ||
        ar_wire_tar_text(&input->wire, AR_NAME_SAMPLE_NAME, target->sample, target->sample_len, error) != 0)
        return -1;
    return input->params->len ? put_params(input, error) : 0;
}

static int take_set(struct ar_contract_input *input, struct ar_stream *stream, const struct ar_entry *entry,
                    struct ar_error *error)
{
    return begin(input, error) == 0 ? ar_wire_tar_stream(&input->wire, stream, entry, input->manifest, error) : -1;
}

static int end(struct ar_contract_input *input, const struct ar_entry *ledger, struct ar_error *error)
{
    if (begin(input, error) != 0 || (!input->params_put && put_params(input, error) != 0))
        return -1;
    int fd = ar_wire_tar_close(&input->wire, error);
    if (fd >= 0)
        close(fd);
    return fd >= 0 ? ar_contract_end_folder(input, ledger, error) : -1;
}

static int ask(const struct ar_contract_lane *lane, struct ar_env *env, struct ar_proc *proc, struct ar_error *error)
{
    ar_files_env_lane(env, lane->target.data, lane->target.sample);
    ar_env_set(env, "ANALYSISRUN_METHOD", "analyze");
    proc->in = ar_open_beneath(lane->dirfd, INPUT, O_RDONLY, 0);
    return proc->in >= 0 ? 0 : ar_fail_errno(error, errno, "cannot read '" INPUT "' in the work folder");
}

/* ---- what it answers ------------------------------------------------------------------------------------------------ */

static int take(const struct ar_contract_lane *lane, const struct ar_tar_map *map, struct ar_contract_answer *answer,
                struct ar_error *error)
{
    const struct ar_tar_item *result = ar_tar_map_find(map, AR_NAME_RESULT);
    if (!result) {
        ar_fail(error, AR_CONTENT, "its tar has no entry '" AR_NAME_RESULT "'");
        return ar_hint(error, "A method of this contract answers with " AR_NAME_RESULT " and images/NAME.");
    }
    if (ar_wire_result_from_pickle(&answer->result, result->data, result->n, lane->target.data, lane->target.sample, NULL,
                                   ar_tr("its " AR_NAME_RESULT), error) != 0) {
        error->status = error->status == AR_SYSTEM ? AR_SYSTEM : AR_CONTENT;
        return -1;
    }
    return ar_wire_tar_images(map, "", &answer->images, error);
}

static int answer(const struct ar_contract_lane *lane, int out, uint64_t n, struct ar_contract_answer *answer,
                  struct ar_error *error)
{
    if (ar_wire_tar_read(&answer->map, out, n, AR_DIALECT_FIRST, AR_WIRE_ANALYZE_OUT, error) != 0)
        return -1;
    return take(lane, &answer->map, answer, error);
}

/* An answer that is compressed is one of the present dialect, a method of which takes this input for that of a whole run. */
static void said(int out, uint64_t n, struct ar_buf *said)
{
    char start[2];
    ar_wire_tar_said(out, n, said);
    if (n < sizeof start || pread(out, start, sizeof start, 0) != sizeof start || memcmp(start, "\x1f\x8b", sizeof start) != 0)
        return;
    ar_buf_truncate(said, strcspn(said->data, "\n"));
    ar_buf_add_text(said, ar_tr(" (compressed, as the present dialect answers: such a method is started by -c analyzeseq)"));
}

const struct ar_contract_calls ar_contract_first = {
    .out_max = ANSWER_MAX, .begin = ar_contract_begin_folder, .take_set = take_set, .end = end, .drop = ar_contract_drop_folder,
    .ask = ask, .answer = answer, .said = said
};
