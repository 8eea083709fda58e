/* SPDX-License-Identifier: MIT */
/*
 * The contract "lanes": what is put down of a lane, its entries in the file of its share; and the rows that a method dropped.
 */
#include "lanes/ledger_form.h"
#include "methods/contract.h"

enum { PIECE = 256 * 1024 };

/* ---- what is put down ----------------------------------------------------------------------------------------------- */

static int put_params(struct ar_contract_input *input, struct ar_error *error)
{
    input->params_put = true;
    const char *params = input->params->len ? input->params->data : "{}";
    return ar_emit_whole(&input->share.emit, input->target->data, AR_NAME_PARAMS, false, params, strlen(params), error);
}

/* Begins the lane, unless that was done. The params stand before the sets where the stream has them there. */
static int begin(struct ar_contract_input *input, struct ar_error *error)
{
    const struct ar_buf *top = input->top_params->len ? input->top_params : input->params;
    if (input->begun)
        return 0;
    if (input->share.fd < 0 &&
        ar_share_file_create(&input->share, input->root, input->number, input->share_room, top, error) != 0)
        return -1;
    if (ar_share_file_begin(&input->share, input->target, error) != 0)
        return -1;
    input->begun = true;
    input->params_put = false;
    return input->params->len ? put_params(input, error) : 0;
}

int ar_contract_take_share(struct ar_contract_input *input, struct ar_stream *stream, const struct ar_entry *entry,
                           struct ar_error *error)
{
    const char *bytes;
    ssize_t n;
    if (begin(input, error) != 0 ||
        ar_emit_begin(&input->share.emit, input->target->data, entry->name, entry->tar->size, true, NULL, error) != 0)
        return -1;
    while ((n = ar_stream_view(stream, &bytes, PIECE, error)) > 0)
        if (ar_tar_write(&input->share.emit.tar, bytes, (size_t)n, error) != 0)
            return -1;
    return n < 0 ? -1 : 0;
}

int ar_contract_end_share(struct ar_contract_input *input, const struct ar_entry *ledger, struct ar_error *error)
{
    struct ar_share_file *share = &input->share;
    if (begin(input, error) != 0 || (!input->params_put && put_params(input, error) != 0))
        return -1;
    input->begun = false;
    if (ar_emit_whole(&share->emit, input->target->data, AR_NAME_LEDGER, false, ledger->text, ledger->len, error) != 0)
        return -1;
    return ar_share_file_end(share, input->target, error);
}

int ar_contract_drop_share(struct ar_contract_input *input, struct ar_error *error)
{
    if (!input->begun)
        return 0;
    input->begun = false;
    if (input->share.n > 0)
        return ar_share_file_drop(&input->share, error);
    char name[32];
    ar_share_file_name(name, input->share.first);
    ar_share_file_release(&input->share);
    unlinkat(input->root, name, 0);
    return 0;
}

/* ---- rows ----------------------------------------------------------------------------------------------------------- */

static int fail_record(const char *set, struct ar_error *error)
{
    ar_hint(error, "A record of the stage '" AR_STAGE_METHOD "' has rows_in, the rows that the method was given; rows, those that "
                   "it used; and dropped, the others by reason.");
    return ar_fail_in(error, "in its ledger, the set '%s'", set);
}

/* The counts of a record, which must have the form of any. */
static int read_record(json_t *json, struct ar_record *record, struct ar_error *error)
{
    json_t *whole = json_pack("{s{s[O]}}", "sets", "", json);
    if (!whole)
        return ar_fail_memory(error);
    int result = ar_ledger_check_form(whole, ar_tr("its record"), error);
    json_decref(whole);
    if (result != 0) {
        error->status = AR_CONTENT;
        return -1;
    }
    *record = (struct ar_record){ .stage = AR_STAGE_METHOD, .rows_in = ar_json_count(json, "rows_in"),
                                  .rows = ar_json_count(json, "rows"), .dropped = json_object_get(json, "dropped") };
    return 0;
}

int ar_contract_add_rows(struct ar_contract_answer *answer, const struct ar_contract_lane *lane, const char *set, json_t *record,
                         struct ar_error *error)
{
    struct ar_record given, told = { 0 };
    if (read_record(record, &told, error) != 0)
        return fail_record(set, error);
    const char *reason;
    json_t *n;
    uint64_t rows = told.rows;
    json_object_foreach (told.dropped, reason, n)
        rows = rows <= told.rows_in ? rows + ar_json_count(told.dropped, reason) : rows; /* enough to see that it is too much */
    bool known = ar_ledger_last(&lane->ledger, set, &given);
    if (!known)
        ar_fail(error, AR_CONTENT, "the lane has no such set");
    else if (told.rows_in != given.rows)
        ar_fail(error, AR_CONTENT, "the method says that it got %" PRIu64 " rows, and it was given %" PRIu64, told.rows_in,
                given.rows);
    else if (rows != told.rows_in)
        ar_fail(error, AR_CONTENT, "the method accounts for %" PRIu64 " rows of %" PRIu64, rows, told.rows_in);
    else if (json_object_get(answer->rows, set))
        ar_fail(error, AR_CONTENT, "there are two records of the method's");
    else if ((answer->rows || (answer->rows = json_object())) && json_object_set(answer->rows, set, record) == 0)
        return 0;
    else
        return ar_fail_memory(error);
    return fail_record(set, error);
}
