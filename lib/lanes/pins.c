/* SPDX-License-Identifier: MIT */
#include "lanes/pins.h"

#define LEDGER "ledger"
#define SETS "sets"

/* Is it a record of a stage behind ar-pack? */
static bool is_later(const struct ar_node *record)
{
    const char *stage = ar_node_text_of(record, "stage");
    return stage && (strcmp(stage, "analyze") == 0 || strcmp(stage, AR_STAGE_METHOD) == 0 || strcmp(stage, "merge") == 0);
}

static void add_records(struct ar_buf *text, const struct ar_node *records)
{
    bool first = true;
    ar_buf_add_char(text, '[');
    for (const struct ar_node *record = ar_node_items(records); record; record = record->next) {
        if (is_later(record))
            continue;
        ar_buf_add_text(text, first ? "" : ",");
        ar_node_dump(text, record);
        first = false;
    }
    ar_buf_add_char(text, ']');
}

static int digest_sets(const struct ar_ledger *ledger, char xxh3[AR_DIGEST_HEX + 1], struct ar_error *error)
{
    const struct ar_node *sets = ar_ledger_sets(ledger);
    struct ar_buf text;
    ar_buf_init(&text);
    ar_buf_add_char(&text, '{');
    for (const struct ar_node *set = ar_node_members(sets); set; set = set->next) {
        ar_buf_add_text(&text, set == ar_node_members(sets) ? "" : ",");
        ar_json_add_string(&text, set->name, set->name_len);
        ar_buf_add_char(&text, ':');
        if (ar_node_is(set, AR_NODE_ARRAY))
            add_records(&text, set);
        else
            ar_node_dump(&text, set);
    }
    ar_buf_add_char(&text, '}');
    ar_digest_bytes(text.data, text.len, xxh3);
    int result = ar_buf_check(&text, error);
    ar_buf_release(&text);
    return result;
}

int ar_pins_add(struct ar_tree *pins, const char *lane, const struct ar_ledger *ledger, const struct ar_buf *text,
                struct ar_error *error)
{
    char of_ledger[AR_DIGEST_HEX + 1], of_sets[AR_DIGEST_HEX + 1];
    if (digest_sets(ledger, of_sets, error) != 0)
        return -1;
    ar_digest_bytes(text->data, text->len, of_ledger);
    struct ar_node *all = ar_tree_root(pins, AR_NODE_OBJECT);
    struct ar_node *pin = ar_tree_put(pins, all, lane, AR_NODE_OBJECT);
    ar_tree_put_text(pins, pin, LEDGER, of_ledger);
    ar_tree_put_text(pins, pin, SETS, of_sets);
    return ar_tree_check(pins, error);
}

/* Is that what is pinned? */
static bool is_pinned(const struct ar_tree *pins, const char *lane, const char *what, const char *xxh3)
{
    const char *pinned = ar_node_text_of(ar_node_get(pins->root, lane), what);
    return pinned && strcmp(pinned, xxh3) == 0;
}

int ar_pins_check_lane(const struct ar_tree *pins, const char *lane, const char *text, size_t n, struct ar_error *error)
{
    char xxh3[AR_DIGEST_HEX + 1];
    ar_digest_bytes(text, n, xxh3);
    if (!pins->root || is_pinned(pins, lane, LEDGER, xxh3))
        return 0;
    ar_fail(error, AR_INPUT, "lane '%s' is not the one that was packed: its ledger has the digest %s", lane, xxh3);
    return ar_hint(error, "It is of another run, or was changed since: pack the lanes again.");
}

int ar_pins_check_result(const struct ar_tree *pins, const char *lane, const struct ar_ledger *ledger, const char *folder,
                         struct ar_error *error)
{
    char xxh3[AR_DIGEST_HEX + 1];
    if (!pins->root)
        return 0;
    if (digest_sets(ledger, xxh3, error) != 0)
        return -1;
    if (is_pinned(pins, lane, SETS, xxh3))
        return 0;
    ar_fail(error, AR_INPUT, "lane '%s' does not continue the one in the folder '%s': its ledger has other records", lane,
            folder);
    return ar_hint(error, "It is of another run, or of a lane that was changed: analyse '%s/%s.tar' again, and pack the lanes "
                          "again where that does not help.", folder, lane);
}
