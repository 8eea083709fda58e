/* SPDX-License-Identifier: MIT */
#include "program/answer.h"

#include <fcntl.h>

#include "codecs/value.h"
#include "lanes/folder.h"

enum { PICTURE_MAX = 1 << 30 };

/* ---- pictures ------------------------------------------------------------------------------------------------------- */

/* Pictures in files are read before anything is written: one that cannot be read fails its lane. */
static void load_pictures(struct ar_lane *lane)
{
    for (size_t i = 0; i < lane->n_pictures && !lane->failure.failed; i++) {
        struct ar_picture *picture = &lane->picture[i];
        struct ar_error error = { 0 };
        struct ar_buf bytes;
        if (!picture->path)
            continue;
        ar_buf_init(&bytes);
        if (ar_folder_read_file(AT_FDCWD, picture->path, &bytes, PICTURE_MAX, &error) != 0) {
            const char *reason = error.system_errno ? ar_errno_text(error.system_errno) : error.what;
            ar_failure_tell(&lane->failure, "cannot read the picture '%s': %s", picture->name, reason);
            ar_failure_detail(&lane->failure, "%s", error.what);
            ar_buf_release(&bytes);
            return;
        }
        picture->n = bytes.len;
        picture->bytes = bytes.cap ? bytes.data : strdup("");
        if (!picture->bytes)
            ar_failure_tell(&lane->failure, "out of memory for the picture '%s'", picture->name);
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct ar_picture *)a)->name, ((const struct ar_picture *)b)->name);
}

static int put_picture(const struct ar_lane *lane, const struct ar_picture *picture, struct ar_emit *emit, struct ar_ledger *ledger,
                       struct ar_error *error)
{
    char name[300], hex[AR_DIGEST_HEX + 1];
    snprintf(name, sizeof name, AR_FOLDER_IMAGES "%s", picture->name);
    ar_digest_bytes(picture->bytes, picture->n, hex);
    if (ar_emit_begin(emit, lane->target->data, name, picture->n, true, picture->type, error) != 0 ||
        ar_tar_write(&emit->tar, picture->bytes, picture->n, error) != 0)
        return -1;
    return ar_ledger_set_image(ledger, name, picture->n, hex, picture->type, error);
}

/* ---- the ledger ----------------------------------------------------------------------------------------------------- */

/* What the method dropped of a set. */
static int note_dropped(const struct ar_set *set, uint64_t rows_in, struct ar_ledger *ledger, struct ar_error *error)
{
    uint64_t rows = set->index.rows;
    const char *reason = set->declared->dropped_as ? set->declared->dropped_as : "method";
    struct ar_record record = { .stage = AR_STAGE_METHOD, .rows_in = rows_in, .rows = rows };
    struct ar_tree dropped = { 0 };
    if (rows == rows_in)
        return 0;
    ar_tree_put_count(&dropped, ar_tree_put(&dropped, NULL, NULL, AR_NODE_OBJECT), reason, rows_in - rows);
    record.dropped = dropped.root;
    int result = ar_tree_check(&dropped, error) == 0 ? ar_ledger_append(ledger, set->name, &record, error) : -1;
    ar_tree_release(&dropped);
    return result;
}

static int note_rows(const struct ar_lane *lane, struct ar_ledger *ledger, struct ar_error *error)
{
    for (size_t i = 0; i < lane->n_sets; i++) {
        const struct ar_set *set = lane->set[i];
        struct ar_record before;
        if (!set->present || !ar_ledger_last(ledger, set->name, &before))
            continue;
        struct ar_record record = { .stage = "analyze", .rows_in = before.rows, .rows = before.rows };
        if (ar_ledger_append(ledger, set->name, &record, error) != 0)
            return -1;
        if (set->declared && set->declared->keep && note_dropped(set, before.rows, ledger, error) != 0)
            return -1;
    }
    return 0;
}

/* ---- the answer ----------------------------------------------------------------------------------------------------- */

static int put_names(const struct ar_lane *lane, struct ar_emit *emit, const struct ar_buf *params, struct ar_error *error)
{
    if (ar_emit_names(emit, lane->target, error) != 0)
        return -1;
    return params->len == 0 ? 0 : ar_emit_whole(emit, lane->target->data, AR_NAME_PARAMS, false, params->data, params->len, error);
}

static void add_column(struct ar_buf *table, bool first, const char *text, size_t n)
{
    if (!first)
        ar_buf_add_char(table, ',');
    ar_csv_encode(table, text, n, false);
}

/* The CSV of the result, with the columns that each has. */
static void finish_table(struct ar_lane *lane, struct ar_buf *table)
{
    const struct ar_target *target = lane->target;
    if (ar_names_find(&lane->values, "data", 4) < 0) {
        add_column(&lane->header, false, "data", 4);
        ar_buf_add_char(&lane->row, ',');
        ar_value_add(&lane->row, AR_KIND_TEXT, target->data, target->data_len);
    }
    if (ar_names_find(&lane->values, "sample_name", 11) < 0) {
        add_column(&lane->header, false, "sample_name", 11);
        ar_buf_add_char(&lane->row, ',');
        ar_value_add(&lane->row, AR_KIND_TEXT, target->sample, target->sample_len);
    }
    ar_buf_add(table, lane->header.data, lane->header.len);
    ar_buf_add_char(table, '\n');
    ar_buf_add(table, lane->row.data, lane->row.len);
    ar_buf_add_char(table, '\n');
    table->failed |= lane->header.failed || lane->row.failed;
}

static int put_result(struct ar_lane *lane, struct ar_emit *emit, struct ar_ledger *ledger, struct ar_error *error)
{
    struct ar_buf table;
    int result = 0;
    for (size_t i = 0; i < lane->n_pictures && result == 0; i++)
        result = put_picture(lane, &lane->picture[i], emit, ledger, error);
    if (result != 0 || lane->none)
        return result;
    ar_buf_init(&table);
    finish_table(lane, &table);
    result = ar_buf_check(&table, error);
    if (result == 0)
        result = ar_emit_whole(emit, lane->target->data, AR_NAME_RESULT, true, table.data, table.len, error);
    if (result == 0)
        result = ar_ledger_set_file_bytes(ledger, AR_NAME_RESULT, table.data, table.len, error);
    ar_buf_release(&table);
    return result;
}

static int put_failure(struct ar_lane *lane, struct ar_emit *emit, const struct ar_buf *params, struct ar_ledger *ledger,
                       struct ar_error *error)
{
    const struct ar_target *target = lane->target;
    struct ar_buf text;
    ar_buf_init(&text);
    ar_failure_text(&lane->failure, &text);
    ar_node_clear(ar_ledger_files(ledger));
    int result = ar_buf_check(&text, error);
    if (result == 0)
        result = ar_emit_whole(emit, target->data, AR_NAME_ERROR, false, text.data, text.len, error);
    if (result == 0 && (ar_ledger_set_file_bytes(ledger, AR_NAME_DATA_NAME, target->data, target->data_len, error) != 0 ||
                        ar_ledger_set_file_bytes(ledger, AR_NAME_SAMPLE_NAME, target->sample, target->sample_len, error) != 0 ||
                        (params->len > 0 && ar_ledger_set_file_bytes(ledger, AR_NAME_PARAMS, params->data, params->len, error) != 0) ||
                        ar_ledger_set_file_bytes(ledger, AR_NAME_ERROR, text.data, text.len, error) != 0))
        result = -1;
    ar_buf_release(&text);
    return result;
}

int ar_answer_write(struct ar_lane *lane, struct ar_emit *emit, const struct ar_buf *params, const struct ar_buf *rest,
                    struct ar_ledger *ledger, struct ar_error *error)
{
    load_pictures(lane);
    if (lane->n_pictures > 1)
        qsort(lane->picture, lane->n_pictures, sizeof *lane->picture, by_name);
    bool failed = lane->failure.failed;
    const char *outcome = failed ? "failed" : lane->none ? "no result" : "result";
    if (put_names(lane, emit, params, error) != 0)
        return -1;
    if (failed ? put_failure(lane, emit, params, ledger, error) != 0
               : put_result(lane, emit, ledger, error) != 0 || ar_out_write(emit->tar.out, rest->data, rest->len, error) != 0 ||
                     note_rows(lane, ledger, error) != 0)
        return -1;
    if (ar_ledger_set_outcome(ledger, outcome, error) != 0)
        return -1;
    return ar_emit_ledger(emit, lane->target->data, ledger, error);
}
