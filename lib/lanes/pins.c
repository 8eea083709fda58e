/* SPDX-License-Identifier: MIT */
#include "lanes/pins.h"

#define LEDGER "ledger"
#define SETS "sets"

/* Is it a record of a stage behind ar-pack? */
static bool is_later(const json_t *record)
{
    const char *stage = json_string_value(json_object_get(record, "stage"));
    return stage && (strcmp(stage, "analyze") == 0 || strcmp(stage, AR_STAGE_METHOD) == 0 || strcmp(stage, "merge") == 0);
}

static int digest_sets(const struct ar_ledger *ledger, char xxh3[AR_DIGEST_HEX + 1], struct ar_error *error)
{
    json_t *sets = json_deep_copy(json_object_get(ledger->json, SETS)), *records;
    const char *set;
    struct ar_buf text;
    if (!sets)
        return ar_fail_memory(error);
    json_object_foreach (sets, set, records)
        for (size_t i = json_array_size(records); i > 0; i--)
            if (is_later(json_array_get(records, i - 1)))
                json_array_remove(records, i - 1);
    ar_buf_init(&text);
    ar_json_dump(&text, sets);
    json_decref(sets);
    ar_digest_bytes(text.data, text.len, xxh3);
    int result = ar_buf_check(&text, error);
    ar_buf_release(&text);
    return result;
}

int ar_pins_add(json_t *pins, const char *lane, const struct ar_ledger *ledger, const struct ar_buf *text, struct ar_error *error)
{
    char of_ledger[AR_DIGEST_HEX + 1], of_sets[AR_DIGEST_HEX + 1];
    if (digest_sets(ledger, of_sets, error) != 0)
        return -1;
    ar_digest_bytes(text->data, text->len, of_ledger);
    json_t *pin = json_pack("{ssss}", LEDGER, of_ledger, SETS, of_sets);
    return pin && json_object_set_new(pins, lane, pin) == 0 ? 0 : ar_fail_memory(error);
}

/* Is that what is pinned? */
static bool is_pinned(const json_t *pins, const char *lane, const char *what, const char *xxh3)
{
    const char *pinned = json_string_value(json_object_get(json_object_get(pins, lane), what));
    return pinned && strcmp(pinned, xxh3) == 0;
}

int ar_pins_check_lane(const json_t *pins, const char *lane, const char *text, size_t n, struct ar_error *error)
{
    char xxh3[AR_DIGEST_HEX + 1];
    ar_digest_bytes(text, n, xxh3);
    if (!pins || is_pinned(pins, lane, LEDGER, xxh3))
        return 0;
    ar_fail(error, AR_INPUT, "lane '%s' is not the one that was packed: its ledger has the digest %s", lane, xxh3);
    return ar_hint(error, "It is of another run, or was changed since: pack the lanes again.");
}

int ar_pins_check_result(const json_t *pins, const char *lane, const struct ar_ledger *ledger, const char *folder,
                         struct ar_error *error)
{
    char xxh3[AR_DIGEST_HEX + 1];
    if (!pins)
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
