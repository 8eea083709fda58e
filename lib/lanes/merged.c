/* SPDX-License-Identifier: MIT */
#include "lanes/merged.h"

#include "bytes/grow.h"
#include "lanes/merged_check.h"
#include "lanes/params.h"

void ar_merged_init(struct ar_merged *merged)
{
    *merged = (struct ar_merged){ 0 };
    struct ar_buf *all[] = { &merged->targets_text, &merged->params, &merged->table, &merged->artifacts_text, &merged->ledger,
                             &merged->names };
    for (size_t i = 0; i < AR_COUNT(all); i++)
        ar_buf_init(all[i]);
}

void ar_merged_release(struct ar_merged *merged)
{
    struct ar_buf *buffers[] = { &merged->targets_text, &merged->params, &merged->table, &merged->artifacts_text, &merged->ledger,
                                 &merged->names };
    for (size_t i = 0; i < AR_COUNT(buffers); i++)
        ar_buf_release(buffers[i]);
    struct ar_waiting *spools[] = { &merged->images, &merged->others, &merged->errors, &merged->rest };
    for (size_t i = 0; i < AR_COUNT(spools); i++)
        ar_waiting_release(spools[i]);
    if (merged->artifacts.table.columns)
        ar_artifacts_release(&merged->artifacts);
    ar_targets_release(&merged->targets);
    ar_ledger_release(&merged->top);
    ar_account_release(&merged->account);
    free(merged->outcome);
    free(merged->image.body);
    free(merged->error.body);
    *merged = (struct ar_merged){ 0 };
}

int ar_merged_add_ledger(const struct ar_ledger *top, struct ar_json_span lanes, struct ar_buf *text, struct ar_error *error)
{
    ar_node_dump(text, top->tree.root);
    if (ar_buf_check(text, error) != 0)
        return -1;
    ar_buf_truncate(text, text->len - 1); /* the closing brace */
    ar_buf_reserve(text, lanes.len + 64);
    ar_buf_add_text(text, ",\"lanes\":");
    ar_buf_add(text, lanes.text, lanes.len);
    ar_ledger_seal(text, 0);
    return ar_buf_check(text, error);
}

int ar_merged_set_params(struct ar_merged *merged, const struct ar_buf *params, struct ar_error *error)
{
    struct ar_buf ledger;
    if (params->len == merged->params.len && memcmp(params->data, merged->params.data, params->len) == 0)
        return 0;
    ar_buf_clear(&merged->params);
    ar_buf_add(&merged->params, params->data, params->len);
    ar_buf_init(&ledger);
    if (ar_buf_check(&merged->params, error) != 0 ||
        ar_ledger_set_file_bytes(&merged->top, AR_NAME_PARAMS, params->data, params->len, error) != 0 ||
        ar_merged_add_ledger(&merged->top, merged->lanes, &ledger, error) != 0) {
        ar_buf_release(&ledger);
        return -1;
    }
    (void)ar_json_find_member(ledger.data, ledger.len, "lanes", &merged->lanes); /* it is there */
    ar_buf_release(&merged->ledger);
    merged->ledger = ledger;
    return 0;
}

size_t ar_merged_missing(const struct ar_merged *merged)
{
    return merged->account.lanes[AR_OUTCOME_FAILED] + merged->account.lanes[AR_OUTCOME_NOT_CHOSEN];
}

/* ---- files, and what the artifacts table says of them --------------------------------------------------------------- */

static int index_artifacts(struct ar_merged_reader *r, struct ar_error *error)
{
    struct ar_merged *merged = r->merged;
    if (ar_artifacts_parse(&merged->artifacts, merged->artifacts_text.data, merged->artifacts_text.len, ar_tr("entry 'artifacts'"),
                           error) != 0)
        return -1;
    size_t rows = merged->artifacts.table.rows;
    r->met = calloc(rows + 1, 1);
    if (!r->met)
        return ar_fail_memory(error);
    for (size_t i = 0; i < rows; i++) {
        struct ar_artifact artifact;
        bool added;
        if (ar_artifacts_get(&merged->artifacts, i, &artifact, &r->scratch, error) != 0)
            return -1;
        if (ar_names_add(&r->paths, artifact.path, strlen(artifact.path), &added) < 0)
            return ar_fail_memory(error);
        if (!added)
            return ar_fail(error, AR_INPUT, "entry 'artifacts' lists '%s' twice", artifact.path);
    }
    return 0;
}

/* The entry that was just read must be as its row says. Entries that are no files need none. */
static int check_artifact(struct ar_merged_reader *r, const struct ar_entry *entry, struct ar_error *error)
{
    const char *path = entry->tar->name;
    ssize_t row = ar_names_find(&r->paths, path, strlen(path));
    if (row < 0 && entry->kind != AR_ENTRY_IMAGE && !entry->tar->is_file)
        return 0;
    struct ar_artifact artifact;
    char xxh3[AR_DIGEST_HEX + 1];
    if (row < 0)
        return ar_merged_fail_damaged(error, "entry '%s' is not listed in 'artifacts'", path);
    r->met[row] = 1;
    if (ar_artifacts_get(&r->merged->artifacts, (size_t)row, &artifact, &r->scratch, error) != 0)
        return -1;
    ar_stream_digest(r->stream, xxh3);
    if (artifact.bytes != entry->tar->size)
        return ar_merged_fail_damaged(error, "entry '%s' has %" PRIu64 " bytes, and %" PRIu64 " by 'artifacts'", path,
                                      entry->tar->size, artifact.bytes);
    if (artifact.xxh3 && strcmp(artifact.xxh3, xxh3) != 0)
        return ar_merged_fail_damaged(error, "entry '%s' has the digest %s, and %s by 'artifacts'", path, xxh3, artifact.xxh3);
    const char *type = entry->tar->image_type ? entry->tar->image_type : "";
    if (strcmp(artifact.image_type ? artifact.image_type : "", type) != 0)
        return ar_merged_fail_damaged(error, "entry '%s' has the image type '%s', and '%s' by 'artifacts'", path, type,
                                      artifact.image_type ? artifact.image_type : "");
    return 0;
}

static int check_all_met(struct ar_merged_reader *r, struct ar_error *error)
{
    for (size_t i = 0; i < r->paths.count; i++)
        if (!r->met[i])
            return ar_merged_fail_damaged(error, "entry '%s' is missing, and 'artifacts' lists it", r->paths.name[i].text);
    return 0;
}

/* ---- entries -------------------------------------------------------------------------------------------------------- */

static int note_body(struct ar_merged_bodies *list, const struct ar_merged_body *body, struct ar_error *error)
{
    if (list->n == list->room && !ar_grow(&list->body, &list->room, sizeof *list->body))
        return ar_fail_memory(error);
    list->body[list->n++] = *body;
    return 0;
}

static int take_image(struct ar_merged_reader *r, const struct ar_entry *entry, struct ar_error *error)
{
    struct ar_merged *merged = r->merged;
    struct ar_merged_body body = { .lane = (size_t)entry->lane, .name = merged->names.len };
    ar_buf_add(&merged->names, entry->base, strlen(entry->base) + 1);
    if (ar_waiting_add(&merged->images, r->stream, entry, entry->tar->name, &body.start, error) != 0)
        return -1;
    body.end = body.start + entry->tar->size;
    return check_artifact(r, entry, error) != 0 ? -1 : note_body(&merged->image, &body, error);
}

static int take_error(struct ar_merged_reader *r, const struct ar_entry *entry, struct ar_error *error)
{
    struct ar_merged *merged = r->merged;
    struct ar_merged_body body = { .lane = (size_t)entry->lane, .cause = merged->names.len };
    const char *line = entry->text;
    size_t n = ar_error_first_line(&line, entry->len);
    ar_buf_add(&merged->names, line, n);
    ar_buf_add_char(&merged->names, '\0');
    if (ar_waiting_add(&merged->errors, r->stream, entry, entry->tar->name, &body.start, error) != 0)
        return -1;
    body.end = body.start + entry->len;
    return note_body(&merged->error, &body, error);
}

static int take_lane_entry(struct ar_merged_reader *r, const struct ar_entry *entry, struct ar_error *error)
{
    r->entries[entry->lane]++;
    if (!r->met && entry->kind != AR_ENTRY_ERROR)
        return ar_fail(error, AR_INPUT, "entry '%s' stands before 'artifacts'", entry->tar->name);
    switch (entry->kind) {
    case AR_ENTRY_IMAGE:
        return take_image(r, entry, error);
    case AR_ENTRY_ERROR:
        return take_error(r, entry, error);
    case AR_ENTRY_OTHER:
        if (ar_waiting_add(&r->merged->others, r->stream, entry, entry->tar->name, NULL, error) != 0)
            return -1;
        return check_artifact(r, entry, error);
    default:
        return ar_fail(error, AR_INPUT, "entry '%s' does not belong into a merged stream", entry->tar->name);
    }
}

static int take_targets(struct ar_merged_reader *r, const struct ar_entry *entry, struct ar_error *error)
{
    struct ar_merged *merged = r->merged;
    ar_buf_add(&merged->targets_text, entry->text, entry->len);
    if (ar_targets_parse(&merged->targets, entry->text, entry->len, ar_tr("entry 'targets'"), error) != 0)
        return -1;
    merged->outcome = calloc(merged->targets.count + 1, sizeof *merged->outcome);
    r->entries = calloc(merged->targets.count + 1, sizeof *r->entries);
    if (!merged->outcome || !r->entries)
        return ar_fail_memory(error);
    return ar_buf_check(&merged->targets_text, error);
}

static int keep_text(struct ar_buf *buf, const struct ar_entry *entry, struct ar_error *error)
{
    ar_buf_add(buf, entry->text, entry->len);
    return ar_buf_check(buf, error);
}

static int take_top_entry(struct ar_merged_reader *r, const struct ar_entry *entry, struct ar_error *error)
{
    struct ar_merged *merged = r->merged;
    switch (entry->kind) {
    case AR_ENTRY_TARGETS:
        return take_targets(r, entry, error);
    case AR_ENTRY_PARAMS:
        if (ar_params_check(entry->text, entry->len, ar_tr("entry 'params'"), error) != 0)
            return -1;
        return keep_text(&merged->params, entry, error);
    case AR_ENTRY_ANALYSIS_RESULTS:
        r->has_table = true;
        return keep_text(&merged->table, entry, error);
    case AR_ENTRY_ARTIFACTS:
        return keep_text(&merged->artifacts_text, entry, error) != 0 ? -1 : index_artifacts(r, error);
    case AR_ENTRY_LEDGER:
        return keep_text(&merged->ledger, entry, error);
    case AR_ENTRY_ERROR:
        return ar_fail(error, AR_CONTENT, "the input says that it failed: %s", entry->text);
    case AR_ENTRY_RESULT_CSV:
    case AR_ENTRY_RESULT_JSON:
        ar_fail(error, AR_INPUT, "the input is a result already");
        return ar_hint(error, "ar-post takes what ar-merge writes; ar-ls shows what is in a result.");
    case AR_ENTRY_OTHER:
        return ar_waiting_add(&merged->rest, r->stream, entry, entry->tar->name, NULL, error);
    default:
        return ar_fail(error, AR_INPUT, "entry '%s' does not belong into a merged stream", entry->tar->name);
    }
}

/* A stream that is no merged one gives itself away by its second or third entry. */
static int check_merged(const struct ar_merged_reader *r, const struct ar_entry *entry, struct ar_error *error)
{
    bool early = entry->kind == AR_ENTRY_TARGETS || entry->kind == AR_ENTRY_PARAMS || entry->kind == AR_ENTRY_OTHER ||
                 (entry->kind == AR_ENTRY_ERROR && entry->lane == AR_NO_LANE);
    if (ar_stream_shape(r->stream) == AR_SHAPE_MERGED || early)
        return 0;
    ar_fail(error, AR_INPUT, "the lanes of the input are not merged yet");
    return ar_hint(error, "Merge them first: ar-merge | ar-post.");
}

static int read_entries(struct ar_merged_reader *r, struct ar_in *in, struct ar_error *error)
{
    struct ar_entry entry;
    int got, result = 0;
    while (result == 0 && (got = ar_stream_next(r->stream, &entry, error)) != 0) {
        if (got < 0 || check_merged(r, &entry, error) != 0)
            return -1;
        result = entry.lane == AR_NO_LANE ? take_top_entry(r, &entry, error) : take_lane_entry(r, &entry, error);
        if (result == 0)
            result = ar_tick(&r->merged->tick, ar_in_taken(in), error);
    }
    return result;
}

static int read_and_check(struct ar_merged_reader *r, struct ar_in *in, struct ar_error *error)
{
    struct ar_merged *merged = r->merged;
    if (read_entries(r, in, error) != 0)
        return -1;
    bool whole = r->has_table && r->met && merged->ledger.len > 0;
    if (!whole || merged->params.len == 0)
        return ar_merged_fail_damaged(error, "entry '%s' is missing", !r->has_table ? AR_NAME_ANALYSIS_RESULTS
                                                                      : !r->met     ? AR_NAME_ARTIFACTS
                                                                      : !whole      ? AR_NAME_LEDGER
                                                                                    : AR_NAME_PARAMS);
    if (ar_buf_check(&merged->names, error) != 0 || check_all_met(r, error) != 0)
        return -1;
    return ar_merged_check_ledger(r, error);
}

int ar_merged_read(struct ar_merged *merged, struct ar_in *in, struct ar_error *error)
{
    struct ar_merged_reader r = { .merged = merged };
    ar_buf_init(&r.scratch);
    r.stream = ar_stream_new(in, AR_STREAM_LANES | AR_STREAM_MERGED, error);
    int result = r.stream ? read_and_check(&r, in, error) : -1;
    ar_stream_free(r.stream);
    ar_names_release(&r.paths);
    ar_buf_release(&r.scratch);
    free(r.met);
    free(r.entries);
    return result;
}
