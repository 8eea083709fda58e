/* SPDX-License-Identifier: MIT */
/*
 * What merged lanes leave: one ledger of them all, the table of artifacts, result tables.
 */
#include "lanes/artifacts.h"
#include "lanes/entries.h"
#include "lanes/ledger_form.h"
#include "lanes/listing_note.h"

/* ---- digests -------------------------------------------------------------------------------------------------------- */

int ar_listing_check_entry(const struct ar_seen *seen, const char *name, uint64_t bytes, const char *xxh3, const char *what,
                           struct ar_error *error)
{
    const struct ar_seen_entry *entry = ar_seen_find(seen, name);
    if (!entry)
        ar_fail(error, AR_INPUT, "entry '%s' is missing, and %s has it", name, what);
    else if (entry->bytes != bytes)
        ar_fail(error, AR_INPUT, "entry '%s' has %" PRIu64 " bytes, and %" PRIu64 " by %s", name, entry->bytes, bytes, what);
    else if (xxh3 && strcmp(entry->xxh3, xxh3) != 0)
        ar_fail(error, AR_INPUT, "entry '%s' has the digest %s, and %s by %s", name, entry->xxh3, xxh3, what);
    else
        return 0;
    return ar_hint(error, "The stream was damaged or changed on its way: make it again from its source.");
}

/* The member files of a ledger: those that merging leaves in the stream. lane: its data name, or NULL at the top. */
static int check_files(const struct ar_node *files, const char *lane, const struct ar_seen *seen, const char *what, struct ar_error *error)
{
    struct ar_buf path;
    int result = 0;
    ar_buf_init(&path);
    for (const struct ar_node *said = ar_node_members(files); said; said = said->next) {
        const char *name = said->name;
        bool stays = !lane || strncmp(name, AR_FOLDER_IMAGES, strlen(AR_FOLDER_IMAGES)) == 0 || strcmp(name, AR_NAME_ERROR) == 0;
        if (!stays)
            continue;
        ar_buf_clear(&path);
        ar_buf_add_format(&path, "%s%s%s", lane ? lane : "", lane ? "/" : "", name);
        result = ar_buf_check(&path, error);
        if (result == 0)
            result = ar_listing_check_entry(seen, path.data, ar_node_count_of(said, "bytes"), ar_node_text_of(said, "xxh3"), what, error);
        if (result != 0)
            break;
    }
    ar_buf_release(&path);
    return result;
}

/* ---- the ledger ----------------------------------------------------------------------------------------------------- */

/* Decodes the name of a member. */
static int decode_key(struct ar_buf *out, const struct ar_json_span *key, const char *what, struct ar_error *error)
{
    struct ar_json_doc doc;
    if (ar_json_doc_parse(&doc, key->text, key->len, what, error) != 0)
        return -1;
    struct ar_json_value name = ar_json_root(&doc);
    ar_buf_clear(out);
    ar_json_decode(out, &name);
    ar_json_doc_release(&doc);
    return ar_buf_check(out, error);
}

static int take_lane(struct ar_listing *listing, const struct ar_buf *name, const struct ar_json_span *text, const struct ar_seen *seen,
                     struct ar_error *error)
{
    struct ar_ledger ledger;
    char what[AR_LANE_ID_MAX + 64];
    ssize_t lane = ar_targets_find(&listing->targets, name->data, name->len);
    if (lane < 0 && listing->folder) {
        char no_sample[] = "";
        struct ar_target target = { .data = name->data, .data_len = name->len, .sample = no_sample };
        lane = ar_listing_lane(listing, &target, error);
        if (lane < 0)
            return -1;
    }
    if (lane < 0)
        return ar_fail(error, AR_INPUT, "the ledger has the lane '%s', and 'targets' does not name it", name->data);
    snprintf(what, sizeof what, ar_tr("the ledger of lane '%s'"), listing->targets.entry[lane].data);
    if (ar_ledger_parse(&ledger, text->text, text->len, what, error) != 0)
        return -1;
    int result = ar_listing_ledger(listing, (size_t)lane, &ledger, error);
    if (result == 0 && seen)
        result = check_files(ar_ledger_files(&ledger), listing->targets.entry[lane].data, seen, what, error);
    ar_ledger_release(&ledger);
    return result;
}

static int take_lanes(struct ar_listing *listing, const struct ar_json_span *lanes, const struct ar_seen *seen, const char *what,
                      struct ar_error *error)
{
    struct ar_buf name;
    struct ar_json_span key, value;
    size_t pos = 0;
    int got;
    ar_buf_init(&name);
    while ((got = ar_json_next_member(lanes->text, lanes->len, &pos, &key, &value)) > 0)
        if (decode_key(&name, &key, what, error) != 0 || take_lane(listing, &name, &value, seen, error) != 0)
            break;
    ar_buf_release(&name);
    if (got < 0)
        return ar_fail(error, AR_INPUT, "%s: expected an object 'lanes'", what);
    return got == 0 ? 0 : -1;
}

/* The ledger without its lanes, parsed. */
static int take_rest(struct ar_listing *listing, const char *text, size_t n, const struct ar_seen *seen, const char *what,
                     struct ar_error *error)
{
    static const char *const members[] = { "sets", "files", "post", "incomplete" };
    struct ar_ledger top = { 0 };
    struct ar_node *root = ar_tree_put(&top.tree, NULL, NULL, AR_NODE_OBJECT);
    int result = ar_tree_check(&top.tree, error);
    for (size_t i = 0; i < AR_COUNT(members) && result == 0; i++) {
        struct ar_json_span span;
        if (!ar_json_find_member(text, n, members[i], &span))
            continue;
        struct ar_tree member = { 0 };
        result = ar_tree_parse(&member, span.text, span.len, what, error);
        if (result == 0)
            ar_tree_put_copy(&top.tree, root, members[i], member.root);
        if (result == 0)
            result = ar_tree_check(&top.tree, error);
        ar_tree_release(&member);
    }
    if (result == 0)
        result = ar_ledger_check_form(root, what, error);
    if (result == 0)
        result = ar_listing_top(listing, &top, error);
    if (result == 0 && seen)
        result = check_files(ar_ledger_files(&top), NULL, seen, what, error);
    ar_ledger_release(&top);
    return result;
}

int ar_listing_merged_ledger(struct ar_listing *listing, const char *text, size_t n, const struct ar_seen *seen, const char *what,
                             struct ar_error *error)
{
    struct ar_json_span lanes;
    if (ar_ledger_check_seal(text, n, what, error) != 0 || take_rest(listing, text, n, seen, what, error) != 0)
        return -1;
    if (!ar_json_find_member(text, n, "lanes", &lanes))
        return ar_fail(error, AR_INPUT, "%s: expected an object 'lanes'", what);
    return take_lanes(listing, &lanes, seen, what, error);
}

/* ---- tables --------------------------------------------------------------------------------------------------------- */

/* Counts one artifact under its kind. */
static int count_artifact(json_t *kinds, const struct ar_artifact *artifact, struct ar_error *error)
{
    const char *kind = artifact->kind ? artifact->kind : "";
    const json_t *before = json_object_get(kinds, kind);
    json_t *now = json_pack("{sIsI}", "count", (json_int_t)(ar_json_count(before, "count") + 1), "bytes",
                            (json_int_t)(ar_json_count(before, "bytes") + artifact->bytes));
    return now && json_object_set_new(kinds, kind, now) == 0 ? 0 : ar_fail_memory(error);
}

/* A folder that holds a result has no other place where names of samples stand. */
static int name_sample(struct ar_listing *listing, const struct ar_artifact *artifact, struct ar_error *error)
{
    bool named = artifact->data && artifact->sample;
    ssize_t lane = named ? ar_targets_find(&listing->targets, artifact->data, strlen(artifact->data)) : -1;
    struct ar_target *target = lane < 0 ? NULL : &listing->targets.entry[lane];
    if (!target || target->sample_len)
        return 0;
    char *sample = strdup(artifact->sample);
    if (!sample)
        return ar_fail_memory(error);
    free(target->sample);
    target->sample = sample;
    target->sample_len = strlen(sample);
    return 0;
}

int ar_listing_artifacts(struct ar_listing *listing, const char *text, size_t n, const struct ar_seen *seen, const char *what,
                         struct ar_error *error)
{
    struct ar_artifacts table;
    struct ar_artifact artifact;
    struct ar_buf scratch;
    if (ar_artifacts_parse(&table, text, n, what, error) != 0)
        return -1;
    if (!listing->artifacts)
        listing->artifacts = json_object();
    int result = listing->artifacts ? 0 : ar_fail_memory(error);
    ar_buf_init(&scratch);
    for (size_t i = 0; i < table.table.rows && result == 0; i++) {
        result = ar_artifacts_get(&table, i, &artifact, &scratch, error);
        if (result == 0)
            result = seen ? ar_listing_check_entry(seen, artifact.path, artifact.bytes, artifact.xxh3, what, error)
                          : count_artifact(listing->artifacts, &artifact, error);
        if (result == 0 && listing->folder)
            result = name_sample(listing, &artifact, error);
    }
    ar_buf_release(&scratch);
    ar_artifacts_release(&table);
    return result;
}

int ar_listing_table(struct ar_listed_table *table, const char *text, size_t n, const char *what, struct ar_error *error)
{
    struct ar_table parsed;
    if (ar_table_parse(&parsed, text, n, what, error) != 0)
        return -1;
    table->there = true;
    table->rows = parsed.rows;
    table->bytes = n;
    int result = ar_listing_columns(&table->columns, &parsed.header, error);
    ar_table_release(&parsed);
    return result;
}
