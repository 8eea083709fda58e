/* SPDX-License-Identifier: MIT */
#include "lanes/account.h"

#define FIRST_LINE_MAX 300 /* bytes */

enum ar_outcome ar_ledger_ended(const struct ar_ledger *ledger)
{
    static const char *const names[AR_OUTCOMES] = { [AR_OUTCOME_RESULT] = "result",
                                                    [AR_OUTCOME_NO_RESULT] = "no result", [AR_OUTCOME_FAILED] = "failed",
                                                    [AR_OUTCOME_NOT_CHOSEN] = "not chosen" };
    const char *said = ar_ledger_outcome(ledger);
    for (int i = AR_OUTCOME_RESULT; said && i < AR_OUTCOMES; i++)
        if (strcmp(names[i], said) == 0)
            return (enum ar_outcome)i;
    return AR_OUTCOME_NONE;
}

size_t ar_error_first_line(const char **text, size_t n)
{
    while (n > 0 && (**text == '\n' || **text == '\r' || **text == ' ')) {
        (*text)++;
        n--;
    }
    const char *end = memchr(*text, '\n', n);
    size_t len = end ? (size_t)(end - *text) : n;
    if (len <= FIRST_LINE_MAX)
        return len;
    for (len = FIRST_LINE_MAX; len > 0 && ((unsigned char)(*text)[len] & 0xc0) == 0x80; len--)
        ; /* not within a character */
    return len;
}

/* ---- adding up ------------------------------------------------------------------------------------------------------ */

static uint64_t sum(const struct ar_node *counts)
{
    uint64_t total = 0;
    for (const struct ar_node *count = ar_node_members(counts); count; count = count->next)
        total += ar_node_count(count);
    return total;
}

static struct ar_account_set *add_set(struct ar_account *account, const char *name)
{
    struct ar_account_set *grown = reallocarray(account->set, account->n_sets + 1, sizeof *grown);
    if (!grown)
        return NULL;
    account->set = grown;
    grown[account->n_sets] = (struct ar_account_set){ .name = strdup(name) };
    return grown[account->n_sets].name ? &grown[account->n_sets++] : NULL;
}

static struct ar_account_set *find_known(const struct ar_account *account, const char *name)
{
    for (size_t i = 0; i < account->n_sets; i++)
        if (strcmp(account->set[i].name, name) == 0)
            return &account->set[i];
    return NULL;
}

int ar_account_source(struct ar_account *account, const struct ar_ledger *top, struct ar_error *error)
{
    const struct ar_node *sets = ar_ledger_sets(top);
    for (const struct ar_node *told = ar_node_members(sets); told; told = told->next) {
        struct ar_account_set *set = find_known(account, told->name);
        if (!set && !(set = add_set(account, told->name)))
            return ar_fail_memory(error);
        set->source = ar_node_count_of(told, "rows");
        set->dropped += sum(ar_node_get(told, "dropped"));
        account->has_source = true;
    }
    if (!account->has_source)
        return 0;
    ar_tree_release(&account->sets);
    if (sets)
        ar_tree_put_copy(&account->sets, NULL, NULL, sets);
    return ar_tree_check(&account->sets, error);
}

void ar_account_release(struct ar_account *account)
{
    for (size_t i = 0; i < account->n_sets; i++)
        free(account->set[i].name);
    free(account->set);
    ar_tree_release(&account->sets);
    *account = (struct ar_account){ 0 };
}

static struct ar_account_set *find_set(struct ar_account *account, const char *lane, const char *name, struct ar_error *error)
{
    struct ar_account_set *set = find_known(account, name);
    if (set)
        return set;
    if (account->has_source) {
        ar_fail(error, AR_INPUT, "lane '%s': its ledger has the set '%s', and the one at the top has not", lane, name);
        ar_hint(error, "The lane is of another run: make it again from its source.");
        return NULL;
    }
    set = add_set(account, name);
    if (!set)
        ar_fail_memory(error);
    return set;
}

static int fail_rows(const char *lane, const char *set, const char *stage, uint64_t rows, const char *before, uint64_t expected,
                     struct ar_error *error)
{
    ar_fail(error, AR_INPUT, "lane '%s': %s accounts for %" PRIu64 " rows of '%s', and %s for %" PRIu64, lane, stage, rows,
            set, before, expected);
    return ar_hint(error, "The ledger was changed on its way, or is of another run: make the lane again from its source.");
}

/* The records of a set, each of which must take in what the one before left. */
static int add_records(struct ar_account *account, const char *lane, const struct ar_node *records, enum ar_outcome outcome,
                       struct ar_error *error)
{
    const char *name = records->name, *before = ar_tr("the source");
    struct ar_account_set *set = find_set(account, lane, name, error);
    if (!set)
        return -1;
    const struct ar_node *by_lane = ar_node_get(ar_node_get(account->sets.root, name), "rows_by_lane");
    bool known = ar_node_is(by_lane, AR_NODE_OBJECT);
    uint64_t rows = known ? ar_node_count_of(by_lane, lane) : 0, analysed = 0;
    for (const struct ar_node *record = ar_node_items(records); record; record = record->next) {
        const char *stage = ar_node_text_of(record, "stage");
        uint64_t rows_in = ar_node_count_of(record, "rows_in"), dropped = sum(ar_node_get(record, "dropped"));
        if (known && rows_in != rows)
            return fail_rows(lane, name, stage, rows_in, before, rows, error);
        rows = ar_node_count_of(record, "rows");
        if (rows_in != rows + dropped)
            return fail_rows(lane, name, ar_tr("what is kept and dropped"), rows + dropped, stage, rows_in, error);
        set->dropped += dropped;
        if (strcmp(stage, "analyze") == 0 || strcmp(stage, AR_STAGE_METHOD) == 0) /* what a method dropped of it was not */
            analysed = rows;
        known = true;
        before = stage;
    }
    if (outcome == AR_OUTCOME_FAILED)
        set->failed += rows;
    else if (outcome == AR_OUTCOME_NOT_CHOSEN)
        set->not_chosen += rows;
    else
        set->analysed += analysed;
    return 0;
}

int ar_account_add(struct ar_account *account, const char *lane, enum ar_outcome outcome, const struct ar_ledger *ledger,
                   struct ar_error *error)
{
    for (const struct ar_node *records = ar_node_members(ar_ledger_sets(ledger)); records; records = records->next)
        if (add_records(account, lane, records, outcome, error) != 0)
            return -1;
    account->lanes[outcome]++;
    return 0;
}

int ar_account_check(const struct ar_account *account, struct ar_error *error)
{
    for (size_t i = 0; account->has_source && i < account->n_sets; i++) {
        const struct ar_account_set *set = &account->set[i];
        uint64_t found = set->analysed + set->dropped + set->failed + set->not_chosen;
        if (found == set->source)
            continue;
        ar_fail(error, AR_INPUT,
                "the account of the set '%s' does not close: its source has %" PRIu64 " rows, accounted for are %" PRIu64
                ": %" PRIu64 " analysed, %" PRIu64 " dropped, %" PRIu64 " in failed lanes, %" PRIu64 " of lanes not chosen",
                set->name, set->source, found, set->analysed, set->dropped, set->failed, set->not_chosen);
        return ar_hint(error, "A stage lost rows, or added some: look at the lanes' ledgers with ar-ls.");
    }
    return 0;
}

/* ---- for people ----------------------------------------------------------------------------------------------------- */

AR_PRINTF(3, 0) AR_PRINTF(4, 0) static void add_lanes(struct ar_buf *out, uint64_t n, const char *one, const char *many)
{
    if (n)
        ar_buf_add_count(out, n, one, many);
}

static void describe_set(const struct ar_account *account, const struct ar_account_set *set, struct ar_buf *out)
{
    ar_buf_add_format(out, "; %s: ", set->name);
    if (account->has_source)
        ar_buf_add_count(out, set->source, "%" PRIu64 " row, ", "%" PRIu64 " rows, ");
    ar_buf_add_tr(out, "%" PRIu64 " analysed", set->analysed);
    if (set->dropped)
        ar_buf_add_tr(out, ", %" PRIu64 " dropped", set->dropped);
    if (set->failed)
        ar_buf_add_tr(out, ", %" PRIu64 " in failed lanes", set->failed);
    if (set->not_chosen)
        ar_buf_add_tr(out, ", %" PRIu64 " of lanes not chosen", set->not_chosen);
}

void ar_account_describe(const struct ar_account *account, struct ar_buf *out)
{
    size_t lanes = 0;
    for (int i = 0; i < AR_OUTCOMES; i++)
        lanes += account->lanes[i];
    ar_buf_add_count(out, lanes, "%" PRIu64 " lane", "%" PRIu64 " lanes");
    for (size_t i = 0; i < account->n_sets; i++)
        describe_set(account, &account->set[i], out);
    add_lanes(out, account->lanes[AR_OUTCOME_NO_RESULT], "; %" PRIu64 " lane without a result",
              "; %" PRIu64 " lanes without a result");
    add_lanes(out, account->lanes[AR_OUTCOME_FAILED], "; %" PRIu64 " lane failed", "; %" PRIu64 " lanes failed");
    add_lanes(out, account->lanes[AR_OUTCOME_NOT_CHOSEN], "; %" PRIu64 " lane not chosen", "; %" PRIu64 " lanes not chosen");
}
