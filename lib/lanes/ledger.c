/* SPDX-License-Identifier: MIT */
#include "lanes/ledger.h"

#include "lanes/ledger_form.h"

enum { ROOM = 2048 }; /* bytes that the ledger of a lane takes, mostly */

#define SEAL_LEN (sizeof ",\"xxh3\":\"\"}" - 1 + AR_DIGEST_HEX)

int ar_ledger_init(struct ar_ledger *ledger, struct ar_error *error)
{
    ledger->json = json_pack("{s{}s{}}", "sets", "files");
    return ledger->json ? 0 : ar_fail_memory(error);
}

void ar_ledger_release(struct ar_ledger *ledger)
{
    json_decref(ledger->json);
    ledger->json = NULL;
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
    ledger->json = NULL;
    if (ar_ledger_check_seal(text, n, what, error) != 0)
        return -1;
    json_t *json = ar_json_load(text, n, false, what, error);
    if (!json)
        return -1;
    json_object_del(json, "xxh3");
    if (ar_ledger_check_form(json, what, error) != 0) {
        json_decref(json);
        return -1;
    }
    static const char *const parts[] = { "sets", "files" };
    for (size_t i = 0; i < AR_COUNT(parts); i++)
        if (!json_object_get(json, parts[i]) && json_object_set_new(json, parts[i], json_object()) != 0) {
            json_decref(json);
            return ar_fail_memory(error);
        }
    ledger->json = json;
    return 0;
}

void ar_ledger_seal(struct ar_buf *out, size_t start)
{
    char hex[AR_DIGEST_HEX + 1];
    ar_digest_bytes(out->data + start, out->len - start, hex);
    ar_buf_add_format(out, ",\"xxh3\":\"%s\"}", hex);
}

void ar_ledger_write(const struct ar_ledger *ledger, struct ar_buf *out)
{
    size_t start = out->len;
    ar_buf_reserve(out, ROOM);
    ar_json_dump(out, ledger->json);
    if (out->failed)
        return;
    ar_buf_truncate(out, out->len - 1); /* the closing brace */
    ar_ledger_seal(out, start);
}

/* Adds a member whose name is one of ours. False when memory ran out, also for the value. */
static bool add_member(json_t *object, const char *name, json_t *value)
{
    return json_object_set_new_nocheck(object, name, value) == 0;
}

static bool add_count(json_t *object, const char *name, uint64_t count)
{
    return add_member(object, name, json_integer((json_int_t)count));
}

int ar_ledger_append(struct ar_ledger *ledger, const char *set, const struct ar_record *record, struct ar_error *error)
{
    json_t *sets = json_object_get(ledger->json, "sets");
    json_t *records = json_object_get(sets, set);
    if (!records && json_object_set_new(sets, set, json_array()) == 0)
        records = json_object_get(sets, set);
    json_t *json = json_object();
    bool good = records && add_member(json, "stage", json_string_nocheck(record->stage)) &&
                add_count(json, "rows_in", record->rows_in) && add_count(json, "rows", record->rows);
    if (record->dropped)
        good &= add_member(json, "dropped", record->dropped);
    if (record->rules)
        good &= add_member(json, "rules", record->rules);
    if (record->method)
        good &= add_member(json, "image_analysis_method", json_string(record->method));
    if (record->digested)
        good = good && add_count(json, "bytes", record->bytes) && add_member(json, "xxh3", json_string_nocheck(record->xxh3));
    if (!good) {
        json_decref(json);
        return ar_fail_memory(error);
    }
    return json_array_append_new(records, json) == 0 ? 0 : ar_fail_memory(error);
}

json_t *ar_ledger_records(const struct ar_ledger *ledger, const char *set)
{
    json_t *records = json_object_get(json_object_get(ledger->json, "sets"), set);
    return json_is_array(records) ? records : NULL;
}

uint64_t ar_json_count(const json_t *object, const char *name)
{
    json_int_t n = json_integer_value(json_object_get(object, name));
    return n > 0 ? (uint64_t)n : 0;
}

static bool read_record(const json_t *json, struct ar_record *record)
{
    if (!json)
        return false;
    const char *xxh3 = json_string_value(json_object_get(json, "xxh3"));
    *record = (struct ar_record){
        .stage = json_string_value(json_object_get(json, "stage")),
        .rows_in = ar_json_count(json, "rows_in"),
        .rows = ar_json_count(json, "rows"),
        .dropped = json_object_get(json, "dropped"),
        .rules = json_object_get(json, "rules"),
        .method = json_string_value(json_object_get(json, "image_analysis_method")),
        .digested = xxh3 && json_is_integer(json_object_get(json, "bytes")),
        .bytes = ar_json_count(json, "bytes"),
    };
    if (xxh3)
        memcpy(record->xxh3, xxh3, strnlen(xxh3, AR_DIGEST_HEX));
    return true;
}

bool ar_ledger_first(const struct ar_ledger *ledger, const char *set, struct ar_record *record)
{
    return read_record(json_array_get(ar_ledger_records(ledger, set), 0), record);
}

bool ar_ledger_last(const struct ar_ledger *ledger, const char *set, struct ar_record *record)
{
    json_t *records = ar_ledger_records(ledger, set);
    size_t n = json_array_size(records);
    return n > 0 && read_record(json_array_get(records, n - 1), record);
}

bool ar_ledger_described(const struct ar_ledger *ledger, const char *set, struct ar_record *record)
{
    json_t *records = ar_ledger_records(ledger, set);
    for (size_t n = json_array_size(records); n > 0; n--)
        if (read_record(json_array_get(records, n - 1), record) && record->digested)
            return true;
    return false;
}

bool ar_ledger_cleansed(const struct ar_ledger *ledger, const char *set)
{
    size_t i;
    json_t *record;
    json_array_foreach (ar_ledger_records(ledger, set), i, record)
        if (json_object_get(record, "rules"))
            return true;
    return false;
}

int ar_ledger_set_file(struct ar_ledger *ledger, const char *name, uint64_t bytes, const char *xxh3, struct ar_error *error)
{
    return ar_ledger_set_image(ledger, name, bytes, xxh3, NULL, error);
}

int ar_ledger_set_image(struct ar_ledger *ledger, const char *name, uint64_t bytes, const char *xxh3, const char *image_type,
                        struct ar_error *error)
{
    json_t *value = json_object();
    if (add_count(value, "bytes", bytes) && add_member(value, "xxh3", json_string(xxh3)) &&
        (!image_type || add_member(value, "image_type", json_string(image_type))))
        return json_object_set_new(json_object_get(ledger->json, "files"), name, value) == 0 ? 0 : ar_fail_memory(error);
    json_decref(value);
    return ar_fail_memory(error);
}

int ar_ledger_set_file_bytes(struct ar_ledger *ledger, const char *name, const void *bytes, size_t n, struct ar_error *error)
{
    char hex[AR_DIGEST_HEX + 1];
    ar_digest_bytes(bytes, n, hex);
    return ar_ledger_set_file(ledger, name, n, hex, error);
}

void ar_ledger_drop_file(struct ar_ledger *ledger, const char *name)
{
    json_object_del(json_object_get(ledger->json, "files"), name);
}

const char *ar_ledger_outcome(const struct ar_ledger *ledger)
{
    return json_string_value(json_object_get(ledger->json, "outcome"));
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
    return json_object_set_new(ledger->json, "outcome", json_string(outcome)) == 0 ? 0 : ar_fail_memory(error);
}

bool ar_ledger_source_rows(const struct ar_ledger *top, const char *set, const char *lane, uint64_t *rows)
{
    json_t *by_lane = json_object_get(json_object_get(json_object_get(top->json, "sets"), set), "rows_by_lane");
    if (!json_is_object(by_lane))
        return false;
    *rows = ar_json_count(by_lane, lane);
    return true;
}
