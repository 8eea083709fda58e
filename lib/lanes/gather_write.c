/* SPDX-License-Identifier: MIT */
/*
 * The end of a gathering, and its merged stream.
 */
#include "lanes/artifacts.h"
#include "lanes/gather.h"
#include "lanes/params.h"

/* ---- lanes that did not come ---------------------------------------------------------------------------------------- */

static int fail_missing(const struct ar_gather *gather, struct ar_error *error)
{
    struct ar_buf names;
    size_t missing = 0;
    ar_buf_init(&names);
    for (size_t i = 0; i < gather->targets.count; i++)
        if (gather->lane[i].outcome == AR_OUTCOME_NONE && missing++ < 10)
            ar_buf_add_format(&names, "%s'%s'", missing > 1 ? ", " : "", gather->targets.entry[i].data);
    ar_fail(error, AR_INPUT, "%zu of the %zu lanes of '%s' are missing: %s%s", missing, gather->targets.count,
            gather->targets_place, names.data, missing > 10 ? ", …" : "");
    ar_buf_release(&names);
    return ar_hint(error, "Analyse them and merge again, or go on without them: -k.");
}

/* All rows that the source has of the lane were lost with it. */
static int lose_rows(struct ar_ledger *ledger, const struct ar_gather *gather, const char *lane, struct ar_error *error)
{
    for (const struct ar_node *set = ar_node_members(ar_ledger_sets(&gather->top)); set; set = set->next) {
        struct ar_record record = { .stage = "merge" };
        if (ar_ledger_source_rows(&gather->top, set->name, lane, &record.rows_in))
            record.rows = record.rows_in;
        if (ar_ledger_append(ledger, set->name, &record, error) != 0)
            return -1;
    }
    return 0;
}

static int replace_missing(struct ar_gather *gather, size_t number, struct ar_error *error)
{
    const char *missing = ar_tr("no result of this lane was given");
    size_t length = strlen(missing);
    const struct ar_target *target = &gather->targets.entry[number];
    struct ar_gather_lane *lane = &gather->lane[number];
    struct ar_ledger ledger;
    int result = ar_ledger_init(&ledger, error);
    if (result == 0)
        result = lose_rows(&ledger, gather, target->data, error);
    if (result == 0)
        result = ar_ledger_set_file_bytes(&ledger, AR_NAME_ERROR, missing, length, error);
    if (result == 0)
        result = ar_ledger_set_outcome(&ledger, "failed", error);
    *lane = (struct ar_gather_lane){ .outcome = AR_OUTCOME_FAILED };
    lane->cause = (struct ar_gather_span){ gather->causes.len, gather->causes.len + length + 1 };
    ar_buf_add(&gather->causes, missing, length + 1);
    lane->ledger.start = gather->ledgers.len;
    if (result == 0)
        ar_node_dump(&gather->ledgers, ledger.tree.root);
    lane->ledger.end = gather->ledgers.len;
    ar_buf_clear(&gather->name);
    ar_buf_add_format(&gather->name, "%s/" AR_NAME_ERROR, target->data);
    struct ar_tar_meta meta = { .name = gather->name.data, .size = length };
    lane->error.start = ar_waiting_end(&gather->errors);
    if (result == 0)
        result = ar_waiting_put(&gather->errors, &meta, missing, error);
    lane->error.end = ar_waiting_end(&gather->errors);
    if (result == 0)
        result = ar_account_add(&gather->account, target->data, AR_OUTCOME_FAILED, &ledger, error);
    ar_ledger_release(&ledger);
    gather->done++;
    gather->failed++;
    return result;
}

/* Not chosen by any part. */
static int account_not_chosen(struct ar_gather *gather, size_t number, struct ar_error *error)
{
    const struct ar_gather_lane *lane = &gather->lane[number];
    const char *name = gather->targets.entry[number].data;
    struct ar_ledger ledger;
    if (ar_ledger_parse(&ledger, gather->ledgers.data + lane->ledger.start, lane->ledger.end - lane->ledger.start, name,
                        error) != 0)
        return -1;
    int result = ar_account_add(&gather->account, name, lane->outcome, &ledger, error);
    ar_ledger_release(&ledger);
    return result;
}

int ar_gather_end(struct ar_gather *gather, bool keep_going, struct ar_error *error)
{
    if (!gather->targets_place)
        return ar_fail(error, AR_INPUT, "no lane was given");
    if (gather->done < gather->targets.count && !keep_going)
        return fail_missing(gather, error);
    for (size_t i = 0; i < gather->targets.count; i++) {
        enum ar_outcome outcome = gather->lane[i].outcome;
        if (outcome == AR_OUTCOME_NONE && replace_missing(gather, i, error) != 0)
            return -1;
        if (outcome == AR_OUTCOME_NOT_CHOSEN && account_not_chosen(gather, i, error) != 0)
            return -1;
    }
    return ar_account_check(&gather->account, error);
}

/* ---- the stream ----------------------------------------------------------------------------------------------------- */

/*
 * Sends what lanes left in a spool, in the order of the targets: neighbours in one copy. member: offset of the span in
 * struct ar_gather_lane.
 */
static int send_lanes(struct ar_gather *gather, struct ar_waiting *waiting, size_t member, struct ar_emit *emit,
                      struct ar_error *error)
{
    struct ar_gather_span run = { 0 };
    for (size_t i = 0; i < gather->targets.count; i++) {
        const struct ar_gather_span *span = (const void *)((const char *)&gather->lane[i] + member);
        if (span->start == span->end)
            continue;
        if (span->start != run.end) {
            if (ar_waiting_send(waiting, emit->tar.out, run.start, run.end, error) != 0)
                return -1;
            run.start = span->start;
        }
        run.end = span->end;
    }
    return ar_waiting_send(waiting, emit->tar.out, run.start, run.end, error);
}

/* An entry at the top, of which the ledger takes note. */
static int put_top(struct ar_ledger *ledger, struct ar_emit *emit, const char *name, bool is_file, const char *bytes, size_t n,
                   struct ar_error *error)
{
    if (ar_ledger_set_file_bytes(ledger, name, bytes, n, error) != 0)
        return -1;
    return ar_emit_whole(emit, NULL, name, is_file, bytes, n, error);
}

static int write_tables(struct ar_gather *gather, struct ar_ledger *ledger, struct ar_emit *emit, struct ar_error *error)
{
    struct ar_buf text;
    ar_buf_init(&text);
    int result = ar_merge_table_write(&gather->table, &text, error);
    if (result == 0)
        result = put_top(ledger, emit, AR_NAME_ANALYSIS_RESULTS, true, text.data, text.len, error);
    ar_buf_clear(&text);
    ar_artifacts_begin(&text);
    for (size_t i = 0; i < gather->targets.count; i++) {
        const struct ar_gather_span *rows = &gather->lane[i].artifacts;
        ar_buf_add(&text, gather->artifacts.data + rows->start, rows->end - rows->start);
    }
    if (result == 0)
        result = ar_buf_check(&text, error);
    if (result == 0)
        result = put_top(ledger, emit, AR_NAME_ARTIFACTS, true, text.data, text.len, error);
    ar_buf_release(&text);
    return result;
}

static int write_begin(struct ar_gather *gather, struct ar_ledger *ledger, struct ar_emit *emit, struct ar_error *error)
{
    struct ar_buf text;
    ar_buf_init(&text);
    ar_targets_write(&gather->targets, &text);
    int result = ar_buf_check(&text, error);
    if (result == 0)
        result = put_top(ledger, emit, AR_NAME_TARGETS, false, text.data, text.len, error);
    ar_buf_clear(&text);
    if (gather->params_place)
        ar_buf_add(&text, gather->params.data, gather->params.len);
    else
        ar_buf_add_text(&text, AR_PARAMS_NONE);
    if (result == 0)
        result = ar_buf_check(&text, error);
    if (result == 0)
        result = put_top(ledger, emit, AR_NAME_PARAMS, false, text.data, text.len, error);
    ar_buf_release(&text);
    return result == 0 ? write_tables(gather, ledger, emit, error) : -1;
}

/* The ledger at the top with those of the lanes. */
static int write_ledger(struct ar_gather *gather, const struct ar_ledger *ledger, struct ar_emit *emit, struct ar_error *error)
{
    struct ar_buf text;
    ar_buf_init(&text);
    ar_node_dump(&text, ledger->tree.root);
    ar_buf_reserve(&text, gather->ledgers.len + 32 * gather->targets.count);
    ar_buf_truncate(&text, text.len ? text.len - 1 : 0); /* the closing brace */
    ar_buf_add_text(&text, ",\"lanes\":{");
    for (size_t i = 0; i < gather->targets.count; i++) {
        const struct ar_target *target = &gather->targets.entry[i];
        const struct ar_gather_span *span = &gather->lane[i].ledger;
        ar_buf_add_text(&text, i ? "," : "");
        ar_json_add_string(&text, target->data, target->data_len);
        ar_buf_add_char(&text, ':');
        ar_buf_add(&text, gather->ledgers.data + span->start, span->end - span->start);
    }
    ar_buf_add_char(&text, '}');
    ar_ledger_seal(&text, 0);
    int result = ar_buf_check(&text, error);
    if (result == 0)
        result = ar_emit_whole(emit, NULL, AR_NAME_LEDGER, false, text.data, text.len, error);
    ar_buf_release(&text);
    return result;
}

int ar_gather_write(struct ar_gather *gather, struct ar_emit *emit, struct ar_error *error)
{
    struct ar_ledger ledger;
    int result = ar_ledger_copy(&ledger, &gather->top, error);
    if (result == 0)
        result = write_begin(gather, &ledger, emit, error);
    if (result == 0)
        result = send_lanes(gather, &gather->images, offsetof(struct ar_gather_lane, images), emit, error);
    if (result == 0)
        result = send_lanes(gather, &gather->others, offsetof(struct ar_gather_lane, others), emit, error);
    if (result == 0)
        result = send_lanes(gather, &gather->errors, offsetof(struct ar_gather_lane, error), emit, error);
    for (size_t i = 0; i < gather->rest_names.count && result == 0; i++)
        result = ar_ledger_set_file(&ledger, gather->rest_names.name[i].text, gather->rest_bytes[i], gather->rest_xxh3[i], error);
    if (result == 0)
        result = ar_waiting_send(&gather->rest, emit->tar.out, 0, ar_waiting_end(&gather->rest), error);
    if (result == 0)
        result = write_ledger(gather, &ledger, emit, error);
    ar_ledger_release(&ledger);
    return result;
}
