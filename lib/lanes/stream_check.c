/* SPDX-License-Identifier: MIT */
#include "lanes/stream_check.h"

#include "lanes/targets.h"

/* An image_type in the ledger must be there. */
static bool same_type(const struct ar_node *said, const struct ar_seen_entry *seen)
{
    const char *type = ar_node_text_of(said, "image_type");
    return !type || (seen->image_type && strcmp(type, seen->image_type) == 0);
}

static bool same_digest(const struct ar_node *said, const struct ar_seen_entry *seen)
{
    if (!seen || !said || ar_node_count_of(said, "bytes") != seen->bytes || !same_type(said, seen))
        return false;
    const char *said_xxh3 = ar_node_text_of(said, "xxh3");
    return !*seen->xxh3 || (said_xxh3 && strcmp(seen->xxh3, said_xxh3) == 0);
}

/* Says how an entry differs from what the ledger says. lane may be NULL. */
static int fail_digest(const char *lane, const char *name, const struct ar_node *said, const struct ar_seen_entry *seen, struct ar_error *error)
{
    if (!seen)
        ar_fail(error, AR_INPUT, "entry '%s' is missing, and the ledger has it", name);
    else if (!said)
        ar_fail(error, AR_INPUT, "entry '%s' is not in the ledger", name);
    else if (ar_node_count_of(said, "bytes") != seen->bytes)
        ar_fail(error, AR_INPUT, "entry '%s' has %" PRIu64 " bytes, and %" PRIu64 " by the ledger", name,
                seen->bytes, ar_node_count_of(said, "bytes"));
    else if (!same_type(said, seen))
        ar_fail(error, AR_INPUT, "entry '%s' has another image_type than by the ledger", name);
    else
        ar_fail(error, AR_INPUT, "entry '%s' has the digest %s, and %s by the ledger", name,
                seen->xxh3, ar_node_text_of(said, "xxh3"));
    if (lane)
        ar_fail_in(error, "lane '%s'", lane);
    return ar_hint(error, "The stream was damaged or changed on its way: make it again from its source.");
}

static int check_files(const struct ar_stream_check *c, struct ar_error *error)
{
    const struct ar_node *said = ar_ledger_files(c->ledger);
    const struct ar_seen *seen = c->files;
    for (const struct ar_node *file = ar_node_members(said); file; file = file->next)
        if (!same_digest(file, ar_seen_find(seen, file->name)))
            return fail_digest(c->lane, file->name, file, ar_seen_find(seen, file->name), error);
    if (seen->names.count == ar_node_size(said))
        return 0;
    for (size_t i = 0; i < seen->names.count; i++)
        if (!ar_node_get(said, seen->names.name[i].text))
            return fail_digest(c->lane, seen->names.name[i].text, NULL, &seen->entry[i], error);
    return 0;
}

static int check_rows(const struct ar_stream_check *c, const char *set, struct ar_error *error)
{
    uint64_t source;
    const struct ar_node *first = ar_node_items(ar_ledger_records(c->ledger, set));
    if (!c->top->tree.root || !ar_ledger_source_rows(c->top, set, c->lane, &source) || !first ||
        source == ar_node_count_of(first, "rows_in"))
        return 0;
    ar_fail(error, AR_INPUT, "lane '%s': its ledger has %" PRIu64 " rows of '%s', and the one at the top %" PRIu64, c->lane,
            ar_node_count_of(first, "rows_in"), set, source);
    return ar_hint(error, "The stream was put together from different runs: make it again from its source.");
}

static bool is_recorded(const struct ar_record *record, const struct ar_seen_entry *seen)
{
    return seen && seen->bytes == record->bytes && (!*seen->xxh3 || strcmp(seen->xxh3, record->xxh3) == 0);
}

static int fail_set(const char *lane, const char *set, const struct ar_record *record, const struct ar_seen_entry *seen,
                    struct ar_error *error)
{
    struct ar_tree said = { 0 };
    struct ar_node *root = ar_tree_put(&said, NULL, NULL, AR_NODE_OBJECT);
    ar_tree_put_count(&said, root, "bytes", record->bytes);
    ar_tree_put_text(&said, root, "xxh3", record->xxh3);
    fail_digest(lane, set, root, seen, error);
    ar_tree_release(&said);
    return -1;
}

/* Every set that the ledger has must be there, unless the lane has ended, and no other. */
static int check_sets(const struct ar_stream_check *c, struct ar_error *error)
{
    bool held = !ar_ledger_outcome(c->ledger);
    const char *set;
    size_t described = 0;
    for (const struct ar_node *records = ar_node_members(ar_ledger_sets(c->ledger)); records; records = records->next) {
        set = records->name;
        struct ar_record record;
        const struct ar_seen_entry *seen = ar_seen_find(c->sets, set);
        if (check_rows(c, set, error) != 0)
            return -1;
        if (!held || !ar_ledger_described(c->ledger, set, &record))
            continue;
        described++;
        if (!is_recorded(&record, seen))
            return fail_set(c->lane, set, &record, seen, error);
    }
    if (c->sets->names.count == described)
        return 0;
    for (size_t i = 0; i < c->sets->names.count; i++) {
        struct ar_record record;
        set = c->sets->names.name[i].text;
        if (!held || !ar_ledger_described(c->ledger, set, &record))
            return fail_digest(c->lane, set, NULL, &c->sets->entry[i], error);
    }
    return 0;
}

/* Every set of the account at the top must be in the ledger of each lane. */
static int check_account(const struct ar_stream_check *c, struct ar_error *error)
{
    for (const struct ar_node *set = ar_node_members(ar_ledger_sets(c->top)); set; set = set->next)
        if (!ar_ledger_records(c->ledger, set->name)) {
            ar_fail(error, AR_INPUT, "lane '%s': the set '%s' is missing, and the ledger at the top has it", c->lane, set->name);
            return ar_hint(error, "The stream was damaged or changed on its way: make it again from its source.");
        }
    return 0;
}

int ar_stream_check_lane(const struct ar_stream_check *c, struct ar_error *error)
{
    return check_files(c, error) == 0 && check_sets(c, error) == 0 && check_account(c, error) == 0 ? 0 : -1;
}

int ar_stream_check_top(const struct ar_ledger *top, const struct ar_seen *files, struct ar_error *error)
{
    for (const struct ar_node *file = ar_node_members(ar_ledger_files(top)); file; file = file->next) {
        const struct ar_seen_entry *seen = ar_seen_find(files, file->name);
        if (!same_digest(file, seen))
            return fail_digest(NULL, file->name, file, seen, error);
    }
    return 0;
}
