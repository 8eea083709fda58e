/* SPDX-License-Identifier: MIT */
#include "lanes/listing_note.h"

void ar_listing_init(struct ar_listing *listing)
{
    *listing = (struct ar_listing){ 0 };
}

static void release_set(struct ar_listed_set *set)
{
    free(set->name);
    json_decref(set->account);
    json_decref(set->columns);
    json_decref(set->rules);
    json_decref(set->dropped);
    json_decref(set->by_method);
    ar_names_release(&set->methods);
    ar_names_release(&set->entities.names);
    free(set->entities.rows);
    free(set->entities.here);
    free(set->entities.met);
    for (size_t i = 0; i < set->n_by_lane; i++)
        free(set->by_lane[i].count);
    free(set->by_lane);
    free(set->part);
}

void ar_listing_release(struct ar_listing *listing)
{
    for (size_t i = 0; i < listing->n_lanes; i++)
        free(listing->lane[i].error);
    free(listing->lane);
    for (size_t i = 0; i < listing->n_sets; i++)
        release_set(&listing->set[i]);
    free(listing->set);
    ar_targets_release(&listing->targets);
    ar_names_release(&listing->errors);
    ar_names_release(&listing->others);
    ar_names_release(&listing->part);
    json_decref(listing->merged.columns);
    json_decref(listing->result.columns);
    json_decref(listing->artifacts);
    ar_account_release(&listing->account);
    ar_listing_init(listing);
}

/* ---- lanes, sets, parts --------------------------------------------------------------------------------------------- */

int ar_listing_lanes(struct ar_listing *listing, struct ar_error *error)
{
    size_t need = listing->targets.count;
    if (need > listing->lane_room) {
        size_t room = need > 2 * listing->lane_room ? need : 2 * listing->lane_room;
        struct ar_listed_lane *grown = reallocarray(listing->lane, room, sizeof *grown);
        if (!grown)
            return ar_fail_memory(error);
        listing->lane = grown;
        listing->lane_room = room;
    }
    for (; listing->n_lanes < need; listing->n_lanes++)
        listing->lane[listing->n_lanes] = (struct ar_listed_lane){ .state = AR_LISTED_MISSING };
    return 0;
}

ssize_t ar_listing_lane(struct ar_listing *listing, const struct ar_target *target, struct ar_error *error)
{
    ssize_t found = ar_targets_find(&listing->targets, target->data, target->data_len);
    if (found >= 0)
        return found;
    if (ar_targets_add(&listing->targets, target->data, target->data_len, target->sample, target->sample_len, error) != 0 ||
        ar_listing_lanes(listing, error) != 0)
        return -1;
    return (ssize_t)listing->targets.count - 1;
}

ssize_t ar_listing_set(struct ar_listing *listing, const char *name, struct ar_error *error)
{
    for (size_t i = 0; i < listing->n_sets; i++)
        if (strcmp(listing->set[i].name, name) == 0)
            return (ssize_t)i;
    struct ar_listed_set *grown = reallocarray(listing->set, listing->n_sets + 1, sizeof *grown);
    if (!grown)
        return ar_fail_memory(error);
    listing->set = grown;
    struct ar_listed_set *set = &grown[listing->n_sets];
    *set = (struct ar_listed_set){ .name = strdup(name), .dropped = json_object(), .by_method = json_object() };
    if (set->name && set->dropped && set->by_method)
        return (ssize_t)listing->n_sets++;
    release_set(set);
    return ar_fail_memory(error);
}

struct ar_listed_part *ar_listing_part_new(struct ar_listing *listing, size_t lane, size_t set, struct ar_error *error)
{
    struct ar_listed_set *to = &listing->set[set];
    if (lane < to->n_parts)
        return &to->part[lane];
    struct ar_listed_part *grown = reallocarray(to->part, listing->lane_room, sizeof *grown);
    if (!grown) {
        ar_fail_memory(error);
        return NULL;
    }
    to->part = grown;
    for (; to->n_parts < listing->lane_room; to->n_parts++)
        to->part[to->n_parts] = (struct ar_listed_part){ .method = -1 };
    return &to->part[lane];
}

const struct ar_listed_part *ar_listing_part(const struct ar_listing *listing, size_t lane, size_t set)
{
    const struct ar_listed_set *of = &listing->set[set];
    return lane < of->n_parts && (of->part[lane].known || of->part[lane].held) ? &of->part[lane] : NULL;
}

void ar_listing_at_least(struct ar_listing *listing, enum ar_listed_kind kind)
{
    if (listing->kind < kind)
        listing->kind = kind;
}

/* ---- errors --------------------------------------------------------------------------------------------------------- */

int ar_listing_fail_lane(struct ar_listing *listing, size_t lane, const char *text, size_t n, struct ar_error *error)
{
    struct ar_listed_lane *failed = &listing->lane[lane];
    failed->state = AR_LISTED_FAILED;
    free(failed->error);
    failed->error = strndup(text, n);
    return failed->error ? 0 : ar_fail_memory(error);
}

int ar_listing_error(struct ar_listing *listing, const char *text, size_t n, struct ar_error *error)
{
    bool added;
    return ar_names_add(&listing->errors, text, n, &added) < 0 ? ar_fail_memory(error) : 0;
}

bool ar_listing_failed(const struct ar_listing *listing)
{
    for (size_t i = 0; i < listing->n_lanes; i++)
        if (listing->lane[i].state == AR_LISTED_FAILED)
            return true;
    return listing->errors.count > 0;
}

/* ---- ledgers -------------------------------------------------------------------------------------------------------- */

/* What the ledger at the top tells of a set, less its rows by lane. NULL when memory ran out. */
static json_t *account_json(const struct ar_node *account)
{
    json_t *json = json_object();
    if (!ar_node_is(account, AR_NODE_OBJECT)) {
        json_decref(json);
        return ar_node_json(account);
    }
    for (const struct ar_node *member = ar_node_members(account); member && json; member = member->next) {
        if (strcmp(member->name, "rows_by_lane") == 0 || json_object_set_new(json, member->name, ar_node_json(member)) == 0)
            continue;
        json_decref(json);
        json = NULL;
    }
    return json;
}

int ar_listing_top(struct ar_listing *listing, const struct ar_ledger *top, struct ar_error *error)
{
    for (const struct ar_node *account = ar_node_members(ar_ledger_sets(top)); account; account = account->next) {
        ssize_t set = ar_listing_set(listing, account->name, error);
        if (set < 0)
            return -1;
        json_t *copy = account_json(account);
        if (!copy)
            return ar_fail_memory(error);
        bool other = listing->parts && listing->set[set].account && !json_equal(listing->set[set].account, copy);
        json_decref(listing->set[set].account);
        listing->set[set].account = copy;
        if (other)
            return ar_listing_part_refuse(listing, N_("of another run than those before"), error);
    }
    return listing->verify && !listing->parts ? ar_account_source(&listing->account, top, error) : 0;
}

/* Adds the rows that a record dropped to those of the set. */
static int add_dropped(json_t *sums, const struct ar_node *dropped, struct ar_error *error)
{
    for (const struct ar_node *rows = ar_node_members(dropped); rows; rows = rows->next) {
        json_int_t sum = json_integer_value(json_object_get(sums, rows->name)) + (json_int_t)ar_node_count(rows);
        if (json_object_set_new(sums, rows->name, json_integer(sum)) != 0)
            return ar_fail_memory(error);
    }
    return 0;
}

static int note_dropped(struct ar_listed_set *set, const struct ar_node *record, struct ar_error *error)
{
    const struct ar_node *dropped = ar_node_get(record, "dropped");
    const char *stage = ar_node_text_of(record, "stage");
    if (stage && strcmp(stage, AR_STAGE_METHOD) == 0 && add_dropped(set->by_method, dropped, error) != 0)
        return -1;
    return add_dropped(set->dropped, dropped, error);
}

/* Keeps the rules of a record, without the rows that they dropped in this lane. */
static int keep_rules(struct ar_listed_set *set, const struct ar_node *rules, struct ar_error *error)
{
    if (set->rules || !rules)
        return 0;
    set->rules = ar_node_json(rules);
    if (!set->rules)
        return ar_fail_memory(error);
    size_t i;
    json_t *rule;
    json_array_foreach (set->rules, i, rule) {
        json_object_del(rule, "dropped");
    }
    return 0;
}

/* Rows that were counted must be those of the ledger. */
static int check_counted(const struct ar_listing *listing, size_t lane, struct ar_listed_set *set,
                         const struct ar_listed_part *part, struct ar_error *error)
{
    bool scanned = set->scanned;
    set->scanned = false;
    if (!scanned || !part->held || set->counted == part->rows)
        return 0;
    ar_fail(error, AR_INPUT, "lane '%s': the set '%s' holds %" PRIu64 " rows, and %" PRIu64 " by its ledger",
            listing->targets.entry[lane].data, set->name, set->counted, part->rows);
    return ar_hint(error, "The stream was changed on its way: make it again from its source.");
}

/* The records of one set of a lane, first to last. */
static int note_records(struct ar_listing *listing, size_t lane, const char *name, const struct ar_ledger *ledger,
                        struct ar_error *error)
{
    struct ar_record first, last;
    ssize_t number = ar_listing_set(listing, name, error);
    struct ar_listed_part *part = number < 0 ? NULL : ar_listing_part_new(listing, lane, (size_t)number, error);
    if (!part)
        return -1;
    if (!ar_ledger_first(ledger, name, &first) || !ar_ledger_last(ledger, name, &last))
        return 0;
    struct ar_listed_set *set = &listing->set[number];
    bool again = part->known; /* in an earlier part, where it was not chosen */
    part->known = true;
    part->rows_in = first.rows_in;
    part->rows = last.rows;
    if (first.method) {
        bool added;
        ssize_t method = ar_names_add(&set->methods, first.method, strlen(first.method), &added);
        if (method < 0)
            return ar_fail_memory(error);
        part->method = (int32_t)method;
    }
    set->lanes += !again;
    set->cleansed += !again && ar_ledger_cleansed(ledger, name);
    if (last.stage && strcmp(last.stage, "analyze") == 0)
        ar_listing_at_least(listing, AR_LISTED_RESULTS);
    const struct ar_node *record = again ? NULL : ar_node_items(ar_ledger_records(ledger, name));
    for (; record; record = record->next)
        if (note_dropped(set, record, error) != 0 || keep_rules(set, ar_node_get(record, "rules"), error) != 0)
            return -1;
    return check_counted(listing, lane, set, part, error);
}

static void note_outcome(struct ar_listing *listing, struct ar_listed_lane *lane, enum ar_outcome outcome)
{
    static const enum ar_listed_state states[AR_OUTCOMES] = { [AR_OUTCOME_NONE] = AR_LISTED_OPEN,
                                                              [AR_OUTCOME_RESULT] = AR_LISTED_DONE,
                                                              [AR_OUTCOME_NO_RESULT] = AR_LISTED_NO_RESULT,
                                                              [AR_OUTCOME_FAILED] = AR_LISTED_FAILED,
                                                              [AR_OUTCOME_NOT_CHOSEN] = AR_LISTED_NOT_CHOSEN };
    if (outcome != AR_OUTCOME_NONE || lane->state == AR_LISTED_MISSING)
        lane->state = states[outcome];
    if (outcome != AR_OUTCOME_NONE && outcome != AR_OUTCOME_FAILED)
        ar_listing_at_least(listing, AR_LISTED_RESULTS);
}

int ar_listing_ledger(struct ar_listing *listing, size_t lane, const struct ar_ledger *ledger, struct ar_error *error)
{
    for (const struct ar_node *set = ar_node_members(ar_ledger_sets(ledger)); set; set = set->next)
        if (ar_node_is(set, AR_NODE_ARRAY) && note_records(listing, lane, set->name, ledger, error) != 0)
            return -1;
    enum ar_outcome outcome = ar_ledger_ended(ledger);
    note_outcome(listing, &listing->lane[lane], outcome);
    return listing->verify ? ar_account_add(&listing->account, listing->targets.entry[lane].data, outcome, ledger, error) : 0;
}

/* While lanes are on their way, it closes where the rows that they began with and those without a lane are all of the source. */
static int check_open(const struct ar_listing *listing, struct ar_error *error)
{
    for (size_t i = 0; i < listing->n_sets; i++) {
        const struct ar_listed_set *set = &listing->set[i];
        if (!set->account)
            continue;
        uint64_t found = ar_listing_sum(listing, i).rows_in;
        const char *reason;
        json_t *value;
        json_object_foreach (json_object_get(set->account, "dropped"), reason, value)
            found += (uint64_t)json_integer_value(value);
        if (found == ar_json_count(set->account, "rows"))
            continue;
        ar_fail(error, AR_INPUT,
                "the account of the set '%s' does not close: its source has %" PRIu64
                " rows, and the lanes and what was dropped %" PRIu64,
                set->name, ar_json_count(set->account, "rows"), found);
        return ar_hint(error, "The ledger was changed on its way: make the stream again from its source.");
    }
    return 0;
}

int ar_listing_check(struct ar_listing *listing, struct ar_error *error)
{
    if (!listing->verify)
        return 0;
    bool open = listing->account.lanes[AR_OUTCOME_NONE] > 0;
    if (!listing->parts && (open ? check_open(listing, error) : ar_account_check(&listing->account, error)) != 0)
        return -1;
    listing->verified = true;
    return 0;
}

/* ---- sums ----------------------------------------------------------------------------------------------------------- */

struct ar_listed_sum ar_listing_sum(const struct ar_listing *listing, size_t set)
{
    struct ar_listed_sum sum = { 0 };
    for (size_t i = 0; i < listing->n_lanes; i++) {
        const struct ar_listed_part *part = ar_listing_part(listing, i, set);
        if (!part)
            continue;
        sum.lanes++;
        sum.rows_in += part->rows_in;
        sum.rows += part->rows;
        sum.bytes += part->bytes;
        sum.held |= part->held;
        if (listing->lane[i].state == AR_LISTED_FAILED)
            sum.failed += part->rows;
        else if (listing->lane[i].state == AR_LISTED_NOT_CHOSEN)
            sum.not_chosen += part->rows;
    }
    return sum;
}

int ar_listing_cleansed(const struct ar_listing *listing)
{
    size_t lanes = 0, cleansed = 0;
    for (size_t i = 0; i < listing->n_sets; i++) {
        lanes += listing->set[i].lanes;
        cleansed += listing->set[i].cleansed;
    }
    return cleansed == 0 ? 0 : cleansed == lanes ? 1 : -1;
}

size_t ar_listing_without(const struct ar_listing *listing)
{
    size_t n = 0;
    for (size_t i = 0; listing->kind == AR_LISTED_RESULT && i < listing->n_lanes; i++)
        n += listing->lane[i].state != AR_LISTED_DONE && listing->lane[i].state != AR_LISTED_NO_RESULT;
    return n;
}

bool ar_listing_withheld(const struct ar_listing *listing)
{
    return !listing->result.there && ar_listing_without(listing) > 0;
}

const char *ar_listing_state_name(enum ar_listed_state state)
{
    static const char *const names[] = { N_("missing"), "", N_("done"), N_("no result"), N_("failed"), N_("not chosen") };
    return names[state];
}

const char *ar_listing_kind_name(const struct ar_listing *listing)
{
    static const char *const names[] = { "nothing", "files", N_("run"),    "lanes", "lane inputs",
                                         "lane results", N_("merged"), N_("result") };
    if (listing->kind == AR_LISTED_NOTHING && listing->errors.count)
        return "error";
    return names[listing->kind];
}
