/* SPDX-License-Identifier: MIT */
/*
 * The ledger of merged lanes. It is large: its members are found in the text, and the lanes' ledgers parsed one by one.
 */
#include "lanes/merged_check.h"

#include "lanes/result.h"

int ar_merged_fail_damaged(struct ar_error *error, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, ar_tr(format), args);
    va_end(args);
    ar_fail(error, AR_INPUT, "%s", text);
    return ar_hint(error, "The stream was damaged or changed on its way: make it again from its source.");
}

static bool is_key(const struct ar_json_span *key, const char *name)
{
    size_t n = strlen(name);
    return key->len == n + 2 && memcmp(key->text + 1, name, n) == 0;
}

/* Finds the member "lanes", and parses the rest as a ledger. */
static int take_apart(struct ar_merged *merged, struct ar_buf *rest, struct ar_error *error)
{
    struct ar_json_span key, value;
    size_t pos = 0;
    int got;
    if (ar_ledger_check_seal(merged->ledger.data, merged->ledger.len, ar_tr("entry 'ledger'"), error) != 0)
        return -1;
    ar_buf_add_char(rest, '{');
    while ((got = ar_json_next_member(merged->ledger.data, merged->ledger.len, &pos, &key, &value)) > 0) {
        if (is_key(&key, "xxh3"))
            continue;
        if (is_key(&key, "lanes")) {
            if (merged->lanes.text)
                return ar_fail(error, AR_INPUT, "entry 'ledger' has the member 'lanes' twice");
            merged->lanes = value;
        } else {
            ar_buf_add_text(rest, rest->len > 1 ? "," : "");
            ar_buf_add(rest, key.text, (size_t)(value.text + value.len - key.text));
        }
    }
    ar_buf_add_char(rest, '}');
    if (got < 0 || !merged->lanes.text) {
        ar_fail(error, AR_INPUT, "entry 'ledger' is no ledger of merged lanes");
        return ar_hint(error, "The format is in ar-stream(5).");
    }
    return ar_buf_check(rest, error) != 0 ? -1 : ar_ledger_parse(&merged->top, rest->data, rest->len, ar_tr("entry 'ledger'"), error);
}

/* An entry that came must be as the ledger's "files" has it. name: in the stream. */
static int check_file(const struct ar_merged_reader *r, const char *name, const struct ar_node *said, struct ar_error *error)
{
    const struct ar_seen_entry *seen = ar_seen_find(ar_stream_seen(r->stream), name);
    if (!seen)
        return ar_merged_fail_damaged(error, "entry '%s' is missing, and the ledger has it", name);
    const char *said_xxh3 = ar_node_text_of(said, "xxh3");
    if (said_xxh3 && strcmp(said_xxh3, seen->xxh3) == 0 && ar_node_count_of(said, "bytes") == seen->bytes)
        return 0;
    return ar_merged_fail_damaged(error, "entry '%s' is not as the ledger has it (%" PRIu64 " bytes, digest %s)", name,
                                  ar_node_count_of(said, "bytes"), said_xxh3 ? said_xxh3 : ar_tr("missing"));
}

/* Files of a lane that went into the tables, or are the same for all, are not in the stream any more. */
static bool is_merged_away(const char *name)
{
    static const char *const names[] = { AR_NAME_DATA_NAME, AR_NAME_SAMPLE_NAME, AR_NAME_PARAMS, AR_NAME_RESULT };
    for (size_t i = 0; i < AR_COUNT(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static int check_lane_files(struct ar_merged_reader *r, size_t lane, const struct ar_ledger *ledger, struct ar_error *error)
{
    const char *id = r->merged->targets.entry[lane].data;
    size_t found = 0;
    for (const struct ar_node *file = ar_node_members(ar_ledger_files(ledger)); file; file = file->next) {
        if (is_merged_away(file->name))
            continue;
        ar_buf_clear(&r->scratch);
        ar_buf_add_format(&r->scratch, "%s/%s", id, file->name);
        if (ar_buf_check(&r->scratch, error) != 0 || check_file(r, r->scratch.data, file, error) != 0)
            return -1;
        found++;
    }
    if (found == r->entries[lane])
        return 0;
    return ar_merged_fail_damaged(error, "lane '%s' has %zu entries, and %zu by its ledger", id, r->entries[lane], found);
}

static int check_lane(struct ar_merged_reader *r, size_t lane, const struct ar_json_span *text, struct ar_error *error)
{
    struct ar_merged *merged = r->merged;
    const char *id = merged->targets.entry[lane].data;
    char what[AR_LANE_ID_MAX + 64];
    struct ar_ledger ledger;
    snprintf(what, sizeof what, ar_tr("ledger of lane '%s'"), id);
    if (ar_ledger_parse(&ledger, text->text, text->len, what, error) != 0)
        return -1;
    merged->outcome[lane] = ar_ledger_ended(&ledger);
    int result = 0;
    if (merged->outcome[lane] == AR_OUTCOME_NONE)
        result = ar_fail(error, AR_INPUT, "%s does not say how the lane ended", what);
    if (result == 0)
        result = check_lane_files(r, lane, &ledger, error);
    bool failed = ar_node_get(ar_ledger_files(&ledger), AR_NAME_ERROR) != NULL;
    if (result == 0 && failed != (merged->outcome[lane] == AR_OUTCOME_FAILED))
        result = ar_fail(error, AR_INPUT, "%s: a lane that failed has an entry 'error', and no other has", what);
    if (result == 0)
        result = ar_account_add(&merged->account, id, merged->outcome[lane], &ledger, error);
    ar_ledger_release(&ledger);
    return result;
}

/* The number of the lane that a key names. A key with escapes is checked by parsing it, the others are as they stand. */
static ssize_t find_lane(struct ar_merged_reader *r, const struct ar_json_span *key)
{
    if (!memchr(key->text, '\\', key->len))
        return ar_targets_find(&r->merged->targets, key->text + 1, key->len - 2);
    struct ar_json_doc doc;
    struct ar_error ignored;
    if (ar_json_doc_parse(&doc, key->text, key->len, "key", &ignored) != 0)
        return -1;
    struct ar_json_value string = ar_json_root(&doc);
    ar_buf_clear(&r->scratch);
    ar_json_decode(&r->scratch, &string);
    ar_json_doc_release(&doc);
    return r->scratch.failed ? -1 : ar_targets_find(&r->merged->targets, r->scratch.data, r->scratch.len);
}

static int check_lanes(struct ar_merged_reader *r, struct ar_error *error)
{
    struct ar_merged *merged = r->merged;
    struct ar_json_span key, value;
    size_t pos = 0, done = 0;
    int got;
    while ((got = ar_json_next_member(merged->lanes.text, merged->lanes.len, &pos, &key, &value)) > 0) {
        ssize_t lane = find_lane(r, &key);
        if (lane < 0 || merged->outcome[lane] != AR_OUTCOME_NONE)
            return ar_fail(error, AR_INPUT, lane < 0 ? N_("entry 'ledger': the lane %.*s is not among the targets")
                                    : N_("entry 'ledger': the lane %.*s is there twice"), (int)(key.len < 300 ? key.len : 300),
                           key.text);
        if (check_lane(r, (size_t)lane, &value, error) != 0)
            return -1;
        done++;
    }
    if (got < 0)
        return ar_fail(error, AR_INPUT, "entry 'ledger': 'lanes' is no object");
    for (size_t i = 0; done < merged->targets.count && i < merged->targets.count; i++)
        if (merged->outcome[i] == AR_OUTCOME_NONE)
            return ar_merged_fail_damaged(error, "entry 'ledger': the lane '%s' is missing", merged->targets.entry[i].data);
    return 0;
}

/* The table has a row for each lane with a result, and for no other. */
static int check_table(const struct ar_merged_reader *r, struct ar_error *error)
{
    const struct ar_merged *merged = r->merged;
    struct ar_post post;
    int result = 0;
    if (ar_post_from_table(&post, merged->table.data, merged->table.len, &merged->targets, error) != 0)
        return -1;
    for (size_t i = 0; i < merged->targets.count && result == 0; i++) {
        bool row = post.row_of_lane[i] != AR_NO_ROW;
        if (row != (merged->outcome[i] == AR_OUTCOME_RESULT))
            result = ar_merged_fail_damaged(error, row ? N_("lane '%s' has a row in 'analysis_results', and no result by its ledger")
                                                       : N_("lane '%s' has no row in 'analysis_results', and a result by its ledger"),
                                            merged->targets.entry[i].data);
    }
    ar_post_release(&post);
    return result;
}

/* Every entry at the top must be in the ledger, and the other way round. */
static int check_top(const struct ar_merged_reader *r, struct ar_error *error)
{
    const struct ar_node *files = ar_ledger_files(&r->merged->top);
    for (const struct ar_node *file = ar_node_members(files); file; file = file->next)
        if (check_file(r, file->name, file, error) != 0)
            return -1;
    const struct ar_names *seen = &ar_stream_seen(r->stream)->names;
    for (size_t i = 0; i < seen->count; i++) {
        const char *name = seen->name[i].text;
        size_t first = strcspn(name, "/");
        bool lane = name[first] && ar_targets_find(&r->merged->targets, name, first) >= 0;
        if (!lane && !ar_node_get(files, name))
            return ar_merged_fail_damaged(error, "entry '%s' is not in the ledger", name);
    }
    return 0;
}

int ar_merged_check_ledger(struct ar_merged_reader *r, struct ar_error *error)
{
    struct ar_buf rest;
    ar_buf_init(&rest);
    int result = take_apart(r->merged, &rest, error);
    ar_buf_release(&rest);
    if (result != 0 || check_top(r, error) != 0)
        return -1;
    if (ar_account_source(&r->merged->account, &r->merged->top, error) != 0 || check_lanes(r, error) != 0 ||
        check_table(r, error) != 0)
        return -1;
    return ar_account_check(&r->merged->account, error);
}
