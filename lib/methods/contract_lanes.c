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
    if (input->share.fd < 0 && ar_share_file_create(&input->share, input->share_room, top, error) != 0)
        return -1;
    if (ar_share_file_need(&input->share, input->params->len, error) != 0 || ar_share_file_begin(&input->share, input->target, error) != 0)
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
    if (begin(input, error) != 0 || ar_share_file_need(&input->share, entry->tar->size, error) != 0 ||
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
    if (ar_share_file_need(share, ledger->len, error) != 0 ||
        ar_emit_whole(&share->emit, input->target->data, AR_NAME_LEDGER, false, ledger->text, ledger->len, error) != 0)
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
    ar_share_file_release(&input->share);
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
static int read_record(const struct ar_node *told, struct ar_record *record, struct ar_error *error)
{
    struct ar_tree whole = { 0 };
    struct ar_node *root = ar_tree_put(&whole, NULL, NULL, AR_NODE_OBJECT);
    struct ar_node *sets = ar_tree_put(&whole, root, "sets", AR_NODE_OBJECT);
    ar_tree_put_copy(&whole, ar_tree_put(&whole, sets, "", AR_NODE_ARRAY), NULL, told);
    int result = ar_tree_check(&whole, error);
    if (result == 0 && ar_ledger_check_form(root, ar_tr("its record"), error) != 0) {
        error->status = AR_CONTENT;
        result = -1;
    }
    ar_tree_release(&whole);
    if (result != 0)
        return -1;
    *record = (struct ar_record){ .stage = AR_STAGE_METHOD, .rows_in = ar_node_count_of(told, "rows_in"),
                                  .rows = ar_node_count_of(told, "rows"), .dropped = ar_node_get(told, "dropped") };
    return 0;
}

static int keep_record(struct ar_tree *rows, const char *set, const struct ar_node *record, struct ar_error *error)
{
    struct ar_node *all = ar_tree_root(rows, AR_NODE_OBJECT);
    ar_tree_put_copy(rows, all, set, record);
    return ar_tree_check(rows, error);
}

int ar_contract_add_rows(struct ar_contract_answer *answer, const struct ar_contract_lane *lane, const char *set,
                         const struct ar_node *record, struct ar_error *error)
{
    struct ar_record given, told = { 0 };
    if (read_record(record, &told, error) != 0)
        return fail_record(set, error);
    uint64_t rows = told.rows;
    for (const struct ar_node *n = ar_node_members(told.dropped); n; n = n->next)
        rows = rows <= told.rows_in ? rows + ar_node_count(n) : rows; /* enough to see that it is too much */
    bool known = ar_ledger_last(&lane->ledger, set, &given);
    if (!known)
        ar_fail(error, AR_CONTENT, "the lane has no such set");
    else if (told.rows_in != given.rows)
        ar_fail(error, AR_CONTENT, "the method says that it got %" PRIu64 " rows, and it was given %" PRIu64, told.rows_in,
                given.rows);
    else if (rows != told.rows_in)
        ar_fail(error, AR_CONTENT, "the method accounts for %" PRIu64 " rows of %" PRIu64, rows, told.rows_in);
    else if (ar_node_get(answer->rows.root, set))
        ar_fail(error, AR_CONTENT, "there are two records of the method's");
    else
        return keep_record(&answer->rows, set, record, error);
    return fail_record(set, error);
}
