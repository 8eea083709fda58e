/* SPDX-License-Identifier: MIT */
/*
 * Tables of many lanes: the input of a postprocess becomes a merged stream, its output and that of a run a result stream.
 */
#include "wire/from_parts.h"

#include "lanes/deliver.h"
#include "lanes/merged.h"
#include "wire/result.h"
#include "wire/result_rewrite.h"

/* A merged stream is put together as if it had been read; the rest is done by those who write such. */
struct merging {
    struct ar_wire_from *from;
    struct ar_from_lanes lanes; /* in folders: of the output of a run */
    struct ar_names entries;    /* names of the tar's entries, by their numbers */
    struct ar_merged merged;
    struct ar_post post;        /* the table */
    bool has_table;
};

static void begin(struct merging *m, struct ar_wire_from *from)
{
    *m = (struct merging){ .from = from };
    ar_merged_init(&m->merged);
}

static void release(struct merging *m)
{
    if (m->has_table)
        ar_post_release(&m->post);
    ar_merged_release(&m->merged);
    ar_names_release(&m->entries);
    ar_from_lanes_release(&m->lanes);
}

static int index_entries(struct merging *m, struct ar_error *error)
{
    bool added;
    for (size_t i = 0; i < m->from->tar->n; i++)
        if (ar_names_add(&m->entries, m->from->tar->item[i].name, strlen(m->from->tar->item[i].name), &added) < 0)
            return ar_fail_memory(error);
    return ar_from_lanes_find(&m->lanes, m->from->tar, error);
}

/* ---- the table and its lanes ---------------------------------------------------------------------------------------- */

/* Adds the lanes of the table, in its order. */
static int add_targets(struct ar_targets *targets, const struct ar_table *table, const char *what, struct ar_error *error)
{
    ssize_t data = ar_table_find(table, AR_WIRE_DATA), sample = ar_table_find(table, "sample_name");
    if (data < 0)
        return ar_csv_fail_column(&table->header, AR_WIRE_DATA_NAME, what, error);
    struct ar_buf text;
    int result = 0;
    ar_buf_init(&text);
    for (size_t row = 0; row < table->rows && result == 0; row++) {
        struct ar_cell cell = ar_table_cell(table, row, (size_t)data);
        ar_buf_clear(&text);
        ar_cell_add(&text, &cell);
        size_t n = text.len;
        if (sample >= 0)
            cell = ar_table_cell(table, row, (size_t)sample);
        ar_cell_add(&text, &cell);
        result = ar_buf_check(&text, error);
        if (result == 0 && ar_targets_add(targets, text.data, n, text.data + n, text.len - n, error) != 0)
            result = ar_fail_in(error, "%s, row %zu", what, row + 1);
    }
    ar_buf_release(&text);
    return result;
}

/* Lanes that have pictures, and no row. */
static int add_other_lanes(struct merging *m, struct ar_error *error)
{
    struct ar_targets *targets = &m->merged.targets;
    for (size_t i = 0; i < m->lanes.ids.count; i++) {
        const struct ar_name *id = &m->lanes.ids.name[i];
        if (ar_targets_find(targets, id->text, id->len) < 0 &&
            ar_targets_add(targets, id->text, id->len, id->text, id->len, error) != 0)
            return -1;
    }
    return 0;
}

/* Takes the canonical table; text is emptied, or kept as the table. */
static int take_table(struct merging *m, const struct ar_buf *text, const char *what, struct ar_error *error)
{
    struct ar_table table;
    if (ar_table_parse(&table, text->data, text->len, what, error) != 0)
        return -1;
    int result = add_targets(&m->merged.targets, &table, what, error);
    ar_table_release(&table);
    if (result == 0)
        result = add_other_lanes(m, error);
    if (result == 0)
        result = ar_post_from_output(&m->post, text->data, text->len, &m->merged.targets, what, error);
    m->has_table = result == 0;
    return result;
}

/* The JSON of a lane in the first dialect: its values have types. */
static bool find_json(void *arg, const char *data, const char **text, size_t *n)
{
    const struct merging *m = arg;
    char name[sizeof AR_FOLDER_RESULT_JSON + AR_LANE_ID_MAX];
    int len = snprintf(name, sizeof name, AR_FOLDER_RESULT_JSON "%s", data);
    ssize_t i = len > 0 && (size_t)len < sizeof name ? ar_names_find(&m->entries, name, (size_t)len) : -1;
    if (i < 0)
        return false;
    *text = m->from->tar->item[i].data;
    *n = (size_t)m->from->tar->item[i].n;
    return true;
}

/* Reads the table of the entry name: a pickle, or CSV. */
static int read_table(struct merging *m, const char *name, struct ar_error *error)
{
    const struct ar_tar_item *item = ar_from_need(m->from, name, error);
    if (!item)
        return -1;
    bool first = m->from->dialect == AR_DIALECT_FIRST;
    struct ar_buf what, text;
    ar_buf_init(&what);
    ar_buf_init(&text);
    ar_from_what(m->from, name, &what);
    int result;
    if (m->from->kind == AR_WIRE_POST_IN)
        result = ar_wire_table_from_pickle(&text, item->data, (size_t)item->n, what.data, error);
    else
        result = ar_wire_table_from_csv(&text, item->data, (size_t)item->n, first ? find_json : NULL, m, what.data, error);
    if (result == 0)
        result = take_table(m, &text, what.data, error);
    ar_buf_release(&text);
    ar_buf_release(&what);
    return result;
}

/* ---- entries -------------------------------------------------------------------------------------------------------- */

/* It is made anew from the table; but what is no JSON object was damaged. */
static int check_object(const struct merging *m, const struct ar_tar_item *item, struct ar_error *error)
{
    struct ar_json_doc doc = { 0 };
    struct ar_buf what;
    ar_buf_init(&what);
    ar_from_what(m->from, item->name, &what);
    int result = ar_buf_check(&what, error);
    if (result == 0)
        result = ar_json_doc_parse(&doc, item->data, (size_t)item->n, what.data, error);
    if (result == 0 && ar_json_root(&doc).type != AR_JSON_OBJECT)
        result = ar_fail(error, AR_INPUT, "%s: expected a JSON object, the row of the lane", what.data);
    ar_json_doc_release(&doc);
    ar_buf_release(&what);
    return result;
}

/* The lane of a JSON result, which must have a row. */
static int check_json(const struct merging *m, const struct ar_tar_item *item, const char *id, size_t n, struct ar_error *error)
{
    ssize_t lane = ar_targets_find(&m->merged.targets, id, n);
    if (lane >= 0 && m->has_table && m->post.row_of_lane[lane] != AR_NO_ROW)
        return check_object(m, item, error);
    return ar_fail(error, AR_INPUT, "%s: entry '%s' is of a lane that has no row in '" AR_NAME_RESULT_CSV "'", m->from->tar->what,
                   item->name);
}

static int add_file(struct merging *m, const struct ar_tar_item *item, const struct ar_target *target, struct ar_ledger *ledger,
                    struct ar_error *error)
{
    const char *base, *name = item->name + target->data_len + 1;
    enum ar_entry_kind kind = ar_entry_kind_of(name, true, false, &base);
    if (strcmp(name, AR_WIRE_LANE_JSON) == 0)
        return check_json(m, item, target->data, target->data_len, error);
    if (kind != AR_ENTRY_IMAGE && kind != AR_ENTRY_OTHER)
        return ar_from_fail_place(m->from, item, error);
    struct ar_tar_meta meta = ar_from_meta(item, item->name, kind == AR_ENTRY_IMAGE);
    char xxh3[AR_DIGEST_HEX + 1];
    ar_digest_bytes(item->data, (size_t)item->n, xxh3);
    struct ar_artifact artifact = { .path = item->name, .data = target->data, .sample = target->sample,
                                    .kind = kind == AR_ENTRY_IMAGE ? "image" : "file", .image_type = item->image_type,
                                    .bytes = item->n, .xxh3 = xxh3 };
    if (meta.is_file)
        ar_artifacts_add(&m->merged.artifacts_text, &artifact);
    if (ar_ledger_set_image(ledger, name, item->n, xxh3, item->image_type, error) != 0)
        return -1;
    return ar_waiting_put(kind == AR_ENTRY_IMAGE ? &m->merged.images : &m->merged.others, &meta, item->data, error);
}

/* Adds the ledger of a lane, and its files. */
static int add_lane(struct merging *m, size_t number, struct ar_error *error)
{
    const struct ar_target *target = &m->merged.targets.entry[number];
    ssize_t folder = ar_names_find(&m->lanes.ids, target->data, target->data_len);
    struct ar_ledger ledger;
    int result = ar_ledger_init(&ledger, error);
    if (folder >= 0)
        for (size_t i = m->lanes.first[folder]; i < m->lanes.first[folder + 1] && result == 0; i++)
            result = add_file(m, &m->from->tar->item[m->lanes.entry[i]], target, &ledger, error);
    if (result == 0 && m->has_table)
        result = ar_ledger_set_outcome(&ledger, "result", error);
    ar_buf_add_text(&m->merged.ledger, number ? "," : "");
    ar_json_add_string(&m->merged.ledger, target->data, target->data_len);
    ar_buf_add_char(&m->merged.ledger, ':');
    if (result == 0)
        ar_node_dump(&m->merged.ledger, ledger.tree.root);
    ar_ledger_release(&ledger);
    return result;
}

/* All that stands at the top: what is known of this kind was read already, or is made anew. */
static int add_top(struct merging *m, struct ar_error *error)
{
    bool input = m->from->kind == AR_WIRE_POST_IN, first = m->from->dialect == AR_DIALECT_FIRST;
    for (size_t i = 0; i < m->from->tar->n; i++) {
        const struct ar_tar_item *item = &m->from->tar->item[i];
        const char *base;
        enum ar_entry_kind kind = ar_entry_kind_of(item->name, false, true, &base);
        if (m->lanes.lane_of[i] >= 0 || kind == AR_ENTRY_ERROR)
            continue;
        if (input ? kind == AR_ENTRY_PARAMS || kind == AR_ENTRY_ANALYSIS_RESULTS : kind == AR_ENTRY_RESULT_CSV)
            continue;
        if (kind == AR_ENTRY_RESULT_JSON && first && !input) {
            if (check_json(m, item, base, strlen(base), error) != 0)
                return -1;
            continue;
        }
        if (kind != AR_ENTRY_OTHER)
            return ar_from_fail_place(m->from, item, error);
        struct ar_tar_meta meta = ar_from_meta(item, item->name, false);
        if (ar_from_note(&m->merged.top, item->name, item, error) != 0 ||
            ar_waiting_put(&m->merged.rest, &meta, item->data, error) != 0)
            return -1;
    }
    return 0;
}

/* ---- the merged stream ---------------------------------------------------------------------------------------------- */

static int note(struct ar_merged *merged, const char *name, const struct ar_buf *text, struct ar_error *error)
{
    return ar_buf_check(text, error) != 0 ? -1 : ar_ledger_set_file_bytes(&merged->top, name, text->data, text->len, error);
}

/* Fills in all but the table: targets, artifacts, ledger. */
static int fill(struct merging *m, const char *const *made, struct ar_error *error)
{
    struct ar_merged *merged = &m->merged;
    if (ar_from_ledger(m->from, &merged->top, made, error) != 0 ||
        ar_from_params(m->from, m->from->kind == AR_WIRE_POST_IN, &merged->params, error) != 0)
        return -1;
    ar_targets_write(&merged->targets, &merged->targets_text);
    ar_artifacts_begin(&merged->artifacts_text);
    ar_buf_add_char(&merged->ledger, '{');
    for (size_t i = 0; i < merged->targets.count; i++)
        if (add_lane(m, i, error) != 0)
            return -1;
    ar_buf_add_char(&merged->ledger, '}');
    merged->outcome = calloc(merged->targets.count + 1, sizeof *merged->outcome);
    if (!merged->outcome)
        return ar_fail_memory(error);
    for (size_t i = 0; i < merged->targets.count; i++)
        merged->outcome[i] = m->has_table ? AR_OUTCOME_RESULT : AR_OUTCOME_NONE;
    merged->account.lanes[AR_OUTCOME_RESULT] = m->has_table ? merged->targets.count : 0;
    m->from->lanes = merged->targets.count;
    if (ar_buf_check(&merged->ledger, error) != 0 || note(merged, AR_NAME_TARGETS, &merged->targets_text, error) != 0 ||
        note(merged, AR_NAME_PARAMS, &merged->params, error) != 0 || ar_buf_check(&merged->artifacts_text, error) != 0)
        return -1;
    merged->lanes = (struct ar_json_span){ merged->ledger.data, merged->ledger.len };
    if (add_top(m, error) != 0)
        return -1;
    return ar_artifacts_parse(&merged->artifacts, merged->artifacts_text.data, merged->artifacts_text.len, AR_NAME_ARTIFACTS,
                              error);
}

static int write_ledger(const struct ar_merged *merged, struct ar_emit *emit, struct ar_error *error)
{
    struct ar_buf text;
    ar_buf_init(&text);
    int result = ar_merged_add_ledger(&merged->top, merged->lanes, &text, error);
    if (result == 0)
        result = ar_emit_whole(emit, NULL, AR_NAME_LEDGER, false, text.data, text.len, error);
    ar_buf_release(&text);
    return result;
}

static int write_merged(struct merging *m, struct ar_emit *emit, struct ar_error *error)
{
    struct ar_merged *merged = &m->merged;
    const struct ar_buf *table = &m->post.csv, *targets = &merged->targets_text, *params = &merged->params;
    if (ar_emit_whole(emit, NULL, AR_NAME_TARGETS, false, targets->data, targets->len, error) != 0 ||
        ar_emit_whole(emit, NULL, AR_NAME_PARAMS, false, params->data, params->len, error) != 0 ||
        ar_from_put(emit, &merged->top, NULL, AR_NAME_ANALYSIS_RESULTS, true, table->data, table->len, error) != 0 ||
        ar_from_put(emit, &merged->top, NULL, AR_NAME_ARTIFACTS, true, merged->artifacts_text.data, merged->artifacts_text.len,
                    error) != 0)
        return -1;
    if (ar_waiting_send(&merged->rest, emit->tar.out, 0, ar_waiting_end(&merged->rest), error) != 0)
        return -1;
    return write_ledger(merged, emit, error);
}

static int convert(struct merging *m, struct ar_emit *emit, struct ar_error *error)
{
    static const char *const made_in[] = { AR_NAME_TARGETS, AR_NAME_ARTIFACTS, AR_NAME_LEDGER, NULL };
    static const char *const made_out[] = { AR_NAME_TARGETS, AR_NAME_PARAMS, AR_NAME_ARTIFACTS, AR_NAME_LEDGER, NULL };
    bool input = m->from->kind == AR_WIRE_POST_IN;
    const char *name = input ? AR_NAME_ANALYSIS_RESULTS : AR_NAME_RESULT_CSV;
    bool failed = ar_tar_map_find(m->from->tar, AR_NAME_ERROR) != NULL;
    if (index_entries(m, error) != 0)
        return -1;
    if (failed && !ar_tar_map_find(m->from->tar, name)) { /* it did not get that far */
        if (add_other_lanes(m, error) != 0)
            return -1;
    } else if (read_table(m, name, error) != 0)
        return -1;
    if (fill(m, input ? made_in : made_out, error) != 0)
        return -1;
    if (input)
        return write_merged(m, emit, error);
    struct ar_delivery delivery = { .merged = &m->merged, .post = m->has_table ? &m->post : NULL, .postprocessed = true };
    return ar_deliver_stream(&delivery, emit, error);
}

int ar_from_merged(struct ar_wire_from *from, struct ar_out *out, struct ar_error *error)
{
    struct merging m;
    struct ar_emit emit;
    begin(&m, from);
    ar_emit_init(&emit, out, false);
    int result = convert(&m, &emit, error);
    if (result == 0)
        result = ar_from_finish(from, &emit, error);
    ar_emit_release(&emit);
    release(&m);
    return result;
}
