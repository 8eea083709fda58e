/* SPDX-License-Identifier: MIT */
#include "lanes/ledger.h"

#include "lanes/ledger_form.h"

enum { ROOM = 2048 }; /* bytes that the ledger of a lane takes, mostly */

#define SEAL_LEN (sizeof ",\"xxh3\":\"\"}" - 1 + AR_DIGEST_HEX)

int ar_ledger_init(struct ar_ledger *ledger, struct ar_error *error)
{
    ledger->tree = (struct ar_tree){ 0 };
    struct ar_node *root = ar_tree_put(&ledger->tree, NULL, NULL, AR_NODE_OBJECT);
    ar_tree_put(&ledger->tree, root, "sets", AR_NODE_OBJECT);
    ar_tree_put(&ledger->tree, root, "files", AR_NODE_OBJECT);
    return ar_tree_check(&ledger->tree, error);
}

void ar_ledger_release(struct ar_ledger *ledger)
{
    ar_tree_release(&ledger->tree);
}

void ar_ledger_clear(struct ar_ledger *ledger)
{
    ar_tree_clear(&ledger->tree);
}

int ar_ledger_copy(struct ar_ledger *ledger, const struct ar_ledger *from, struct ar_error *error)
{
    if (!from->tree.root)
        return ar_ledger_init(ledger, error);
    ledger->tree = (struct ar_tree){ 0 };
    ar_tree_put_copy(&ledger->tree, NULL, NULL, from->tree.root);
    return ar_tree_check(&ledger->tree, error);
}

/* Where the seal begins in a text that has one, else SIZE_MAX. A damaged name of its member does not make it none. */
static size_t find_seal(const char *text, size_t n)
{
    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
        n--;
    if (n <= SEAL_LEN)
        return SIZE_MAX;
    const char *seal = text + n - SEAL_LEN;
    if (memcmp(seal, ",\"", 2) == 0 && memcmp(seal + 6, "\":\"", 3) == 0 && memcmp(text + n - 2, "\"}", 2) == 0)
        return n - SEAL_LEN;
    return SIZE_MAX;
}

int ar_ledger_check_seal(const char *text, size_t n, const char *what, struct ar_error *error)
{
    size_t seal = find_seal(text, n);
    if (seal == SIZE_MAX)
        return 0;
    char hex[AR_DIGEST_HEX + 1];
    ar_digest_bytes(text, seal, hex);
    if (memcmp(text + seal + 2, "xxh3", 4) == 0 && memcmp(hex, text + seal + 9, AR_DIGEST_HEX) == 0)
        return 0;
    ar_fail(error, AR_INPUT, "%s is damaged: its digest is %s, and it says %.32s", what, hex, text + seal + 9);
    return ar_hint(error, "Make the stream again from its source.");
}

int ar_ledger_parse(struct ar_ledger *ledger, const char *text, size_t n, const char *what, struct ar_error *error)
{
    ledger->tree = (struct ar_tree){ 0 };
    return ar_ledger_parse_next(ledger, text, n, what, error);
}

int ar_ledger_parse_next(struct ar_ledger *ledger, const char *text, size_t n, const char *what, struct ar_error *error)
{
    struct ar_tree *tree = &ledger->tree;
    if (ar_ledger_check_seal(text, n, what, error) != 0 || ar_tree_parse(tree, text, n, what, error) != 0)
        return -1;
    ar_node_drop(tree->root, "xxh3");
    int result = ar_ledger_check_form(tree->root, what, error);
    static const char *const parts[] = { "sets", "files" };
    for (size_t i = 0; i < AR_COUNT(parts) && result == 0; i++)
        if (!ar_node_get(tree->root, parts[i]))
            ar_tree_put(tree, tree->root, parts[i], AR_NODE_OBJECT);
    if (result == 0)
        result = ar_tree_check(tree, error);
    if (result != 0)
        ar_tree_release(tree);
    return result;
}

void ar_ledger_seal(struct ar_buf *out, size_t start)
{
    char hex[AR_DIGEST_HEX + 1];
    ar_digest_bytes(out->data + start, out->len - start, hex);
    ar_buf_add_text(out, ",\"xxh3\":\"");
    ar_buf_add_text(out, hex);
    ar_buf_add_text(out, "\"}");
}

void ar_ledger_write(const struct ar_ledger *ledger, struct ar_buf *out)
{
    size_t start = out->len;
    ar_buf_reserve(out, ROOM);
    ar_node_dump(out, ledger->tree.root);
    if (out->failed)
        return;
    ar_buf_truncate(out, out->len - 1); /* the closing brace */
    ar_ledger_seal(out, start);
}

int ar_ledger_append(struct ar_ledger *ledger, const char *set, const struct ar_record *record, struct ar_error *error)
{
    struct ar_tree *tree = &ledger->tree;
    struct ar_node *sets = ar_ledger_sets(ledger), *records = ar_node_get(sets, set);
    if (!records)
        records = ar_tree_put(tree, sets, set, AR_NODE_ARRAY);
    struct ar_node *node = ar_tree_put(tree, records, NULL, AR_NODE_OBJECT);
    ar_tree_put_text(tree, node, "stage", record->stage);
    ar_tree_put_count(tree, node, "rows_in", record->rows_in);
    ar_tree_put_count(tree, node, "rows", record->rows);
    if (record->dropped)
        ar_tree_put_copy(tree, node, "dropped", record->dropped);
    if (record->rules)
        ar_tree_put_copy(tree, node, "rules", record->rules);
    if (record->method)
        ar_tree_put_text(tree, node, "image_analysis_method", record->method);
    if (record->digested) {
        ar_tree_put_count(tree, node, "bytes", record->bytes);
        ar_tree_put_text(tree, node, "xxh3", record->xxh3);
    }
    return ar_tree_check(tree, error);
}

struct ar_node *ar_ledger_records(const struct ar_ledger *ledger, const char *set)
{
    struct ar_node *records = ar_node_get(ar_ledger_sets(ledger), set);
    return ar_node_is(records, AR_NODE_ARRAY) ? records : NULL;
}

static bool read_record(const struct ar_node *node, struct ar_record *record)
{
    if (!node)
        return false;
    const char *xxh3 = ar_node_text_of(node, "xxh3");
    const struct ar_node *bytes = ar_node_get(node, "bytes");
    *record = (struct ar_record){
        .stage = ar_node_text_of(node, "stage"),
        .rows_in = ar_node_count_of(node, "rows_in"),
        .rows = ar_node_count_of(node, "rows"),
        .dropped = ar_node_get(node, "dropped"),
        .rules = ar_node_get(node, "rules"),
        .method = ar_node_text_of(node, "image_analysis_method"),
        .digested = xxh3 && ar_node_is(bytes, AR_NODE_INTEGER),
        .bytes = ar_node_count(bytes),
    };
    if (xxh3)
        memcpy(record->xxh3, xxh3, strnlen(xxh3, AR_DIGEST_HEX));
    return true;
}

bool ar_ledger_first(const struct ar_ledger *ledger, const char *set, struct ar_record *record)
{
    return read_record(ar_node_items(ar_ledger_records(ledger, set)), record);
}

bool ar_ledger_last(const struct ar_ledger *ledger, const char *set, struct ar_record *record)
{
    return read_record(ar_node_last(ar_ledger_records(ledger, set)), record);
}

bool ar_ledger_described(const struct ar_ledger *ledger, const char *set, struct ar_record *record)
{
    const struct ar_node *first = ar_node_items(ar_ledger_records(ledger, set)), *node = first ? first->before : NULL;
    while (node && (!read_record(node, record) || !record->digested))
        node = node == first ? NULL : node->before;
    return node != NULL;
}

bool ar_ledger_cleansed(const struct ar_ledger *ledger, const char *set)
{
    const struct ar_node *record = ar_node_items(ar_ledger_records(ledger, set));
    while (record && !ar_node_get(record, "rules"))
        record = record->next;
    return record != NULL;
}

int ar_ledger_set_file(struct ar_ledger *ledger, const char *name, uint64_t bytes, const char *xxh3, struct ar_error *error)
{
    return ar_ledger_set_image(ledger, name, bytes, xxh3, NULL, error);
}

int ar_ledger_set_image(struct ar_ledger *ledger, const char *name, uint64_t bytes, const char *xxh3, const char *image_type,
                        struct ar_error *error)
{
    struct ar_tree *tree = &ledger->tree;
    struct ar_node *file = ar_tree_put(tree, ar_ledger_files(ledger), name, AR_NODE_OBJECT);
    ar_tree_put_count(tree, file, "bytes", bytes);
    ar_tree_put_text(tree, file, "xxh3", xxh3);
    if (image_type)
        ar_tree_put_text(tree, file, "image_type", image_type);
    return ar_tree_check(tree, error);
}

int ar_ledger_set_file_bytes(struct ar_ledger *ledger, const char *name, const void *bytes, size_t n, struct ar_error *error)
{
    char hex[AR_DIGEST_HEX + 1];
    ar_digest_bytes(bytes, n, hex);
    return ar_ledger_set_file(ledger, name, n, hex, error);
}

void ar_ledger_drop_file(struct ar_ledger *ledger, const char *name)
{
    ar_node_drop(ar_ledger_files(ledger), name);
}

const char *ar_ledger_outcome(const struct ar_ledger *ledger)
{
    return ar_node_text_of(ledger->tree.root, "outcome");
}

int ar_ledger_refuse_analyzed(const struct ar_ledger *ledger, const char *lane, struct ar_error *error)
{
    const char *outcome = ar_ledger_outcome(ledger);
    if (!outcome || strcmp(outcome, "failed") == 0)
        return 0;
    ar_fail(error, AR_INPUT, "lane '%s' was analyzed already: its outcome is '%s'", lane, outcome);
    return ar_hint(error, "This step comes before ar-analyze; what follows it is ar-merge.");
}

int ar_ledger_set_outcome(struct ar_ledger *ledger, const char *outcome, struct ar_error *error)
{
    ar_tree_put_text(&ledger->tree, ledger->tree.root, "outcome", outcome);
    return ar_tree_check(&ledger->tree, error);
}

bool ar_ledger_source_rows(const struct ar_ledger *top, const char *set, const char *lane, uint64_t *rows)
{
    const struct ar_node *by_lane = ar_node_get(ar_node_get(ar_ledger_sets(top), set), "rows_by_lane");
    if (!ar_node_is(by_lane, AR_NODE_OBJECT))
        return false;
    *rows = ar_node_count_of(by_lane, lane);
    return true;
}
