/* SPDX-License-Identifier: MIT */
/*
 * A listing as JSON. The members are documented in ar-ls(1).
 */
#include "lanes/listing.h"

#include "bytes/text.h"

/* Paths and errors need not be UTF-8, as JSON is: such a text goes in as it would be shown. */
static json_t *text_or_null(const char *text)
{
    if (!text)
        return json_null();
    size_t n = strlen(text);
    if (ar_utf8_check(text, n) == n)
        return json_string(text);
    struct ar_buf shown;
    ar_buf_init(&shown);
    ar_text_show(&shown, text, n);
    json_t *json = shown.failed ? NULL : json_string(shown.data);
    ar_buf_release(&shown);
    return json;
}

static json_t *json_or_null(json_t *json)
{
    return json ? json_incref(json) : json_null();
}

/* What was built, or NULL where a part of it failed: json_pack then fails, too. */
static json_t *unless(bool failed, json_t *json)
{
    if (!failed)
        return json;
    json_decref(json);
    return NULL;
}

static json_t *names_json(const struct ar_names *names)
{
    json_t *array = json_array();
    bool failed = false;
    for (size_t i = 0; i < names->count; i++)
        failed |= json_array_append_new(array, json_stringn(names->name[i].text, names->name[i].len)) != 0;
    return unless(failed, array);
}

/* Entity → rows over all lanes; null where they were not counted. */
static json_t *entities_json(const struct ar_listing *listing, const struct ar_listed_set *set)
{
    const struct ar_names *names = &set->entities.names;
    if (!listing->entities || (set->no_entity && !names->count))
        return json_null();
    json_t *object = json_object();
    bool failed = false;
    for (size_t i = 0; i < names->count; i++)
        failed |= json_object_set_new(object, names->name[i].text, json_integer((json_int_t)set->entities.rows[i])) != 0;
    return unless(failed, object);
}

static json_t *set_json(const struct ar_listing *listing, size_t i)
{
    const struct ar_listed_set *set = &listing->set[i];
    struct ar_listed_sum sum = ar_listing_sum(listing, i);
    json_t *bytes = sum.held ? json_integer((json_int_t)sum.bytes) : json_null();
    bool cleansed = set->lanes > 0 && set->cleansed == set->lanes;
    json_t *json = json_pack("{sosIsIsIsososososbsoso}",
                             "account", json_or_null(set->account),
                             "lanes", (json_int_t)sum.lanes,
                             "rows_in", (json_int_t)sum.rows_in,
                             "rows", (json_int_t)sum.rows,
                             "bytes", bytes,
                             "columns", json_or_null(set->columns),
                             "dropped", json_incref(set->dropped),
                             "rules", json_or_null(set->rules),
                             "cleansed", cleansed,
                             "image_analysis_methods", names_json(&set->methods),
                             "entities", entities_json(listing, set));
    bool failed = json_object_set_new(json, "rows_in_failed_lanes", json_integer((json_int_t)sum.failed)) != 0 ||
                  json_object_set_new(json, "rows_not_chosen", json_integer((json_int_t)sum.not_chosen)) != 0;
    return unless(failed, json);
}

static json_t *table_json(const struct ar_listed_table *table)
{
    if (!table->there)
        return json_null();
    return json_pack("{sIsIso}", "rows", (json_int_t)table->rows, "bytes", (json_int_t)table->bytes, "columns",
                     json_or_null(table->columns));
}

/* Errors of the whole have no lane. */
static json_t *error_json(const struct ar_target *lane, const char *text)
{
    return json_pack("{sososo}",
                     "data", text_or_null(lane ? lane->data : NULL),
                     "sample", text_or_null(lane ? lane->sample : NULL),
                     "error", text_or_null(text));
}

static json_t *errors_json(const struct ar_listing *listing)
{
    json_t *array = json_array();
    bool failed = false;
    for (size_t i = 0; i < listing->errors.count; i++)
        failed |= json_array_append_new(array, error_json(NULL, listing->errors.name[i].text)) != 0;
    for (size_t i = 0; i < listing->n_lanes; i++)
        if (listing->lane[i].state == AR_LISTED_FAILED)
            failed |= json_array_append_new(array, error_json(&listing->targets.entry[i], listing->lane[i].error)) != 0;
    return unless(failed, array);
}

static const char *state_name(enum ar_listed_state state)
{
    return state == AR_LISTED_OPEN ? "open" : ar_listing_state_name(state);
}

/* How many lanes are in which state. */
static json_t *states_json(const struct ar_listing *listing)
{
    size_t count[AR_LISTED_NOT_CHOSEN + 1] = { 0 };
    json_t *object = json_object();
    bool failed = false;
    for (size_t i = 0; i < listing->n_lanes; i++)
        count[listing->lane[i].state]++;
    for (size_t i = 0; i < AR_COUNT(count); i++)
        if (count[i])
            failed |= json_object_set_new(object, state_name((enum ar_listed_state)i), json_integer((json_int_t)count[i])) != 0;
    return unless(failed, object);
}

static int add_json(struct ar_buf *out, json_t *json, struct ar_error *error)
{
    if (!json)
        return ar_fail_memory(error);
    ar_json_dump(out, json);
    json_decref(json);
    return ar_buf_check(out, error);
}

/* What is in the archive beside sets and lanes. */
static json_t *contents_json(const struct ar_listing *listing)
{
    uint64_t images = 0, bytes = 0;
    for (size_t i = 0; i < listing->n_lanes; i++) {
        images += listing->lane[i].images;
        bytes += listing->lane[i].image_bytes;
    }
    return json_pack("{sbsososbsIs{sIsI}sosI}",
                     "params", listing->has_params,
                     "analysis_results", table_json(&listing->merged),
                     "result_csv", table_json(&listing->result),
                     "withheld", ar_listing_withheld(listing),
                     "result_json", (json_int_t)listing->result_json,
                     "images", "count", (json_int_t)images, "bytes", (json_int_t)bytes,
                     "artifacts", json_or_null(listing->artifacts),
                     "other_entries", (json_int_t)listing->n_others);
}

int ar_listing_json_top(const struct ar_listing *listing, const char *input, const char *damaged, struct ar_buf *out,
                        struct ar_error *error)
{
    bool open = listing->kind == AR_LISTED_LANES || listing->kind == AR_LISTED_INPUTS, failed = false;
    json_t *sets = json_object();
    for (size_t i = 0; i < listing->n_sets; i++)
        failed |= json_object_set_new(sets, listing->set[i].name, set_json(listing, i)) != 0;
    json_t *json = json_pack("{sosssbsbsIsssIsIsososososbso}",
                             "input", text_or_null(input),
                             "kind", ar_listing_kind_name(listing),
                             "one_lane", listing->one_lane,
                             "folder", listing->folder,
                             "parts", (json_int_t)listing->part.count,
                             "compression", ar_filter_name(listing->filter),
                             "entries", (json_int_t)listing->entries,
                             "bytes", (json_int_t)listing->bytes,
                             "cleansed", open ? json_boolean(ar_listing_cleansed(listing) == 1) : json_null(),
                             "sets", unless(failed, sets),
                             "states", states_json(listing),
                             "errors", errors_json(listing),
                             "verified", listing->verified,
                             "damaged", text_or_null(damaged));
    json_t *contents = contents_json(listing);
    failed = !contents || json_object_update(json, contents) != 0;
    json_decref(contents);
    return add_json(out, unless(failed, json), error);
}

static json_t *part_json(const struct ar_listed_set *set, const struct ar_listed_part *part,
                         const struct ar_listed_entities *entities)
{
    json_t *json = json_pack("{sIsIsoso}", "rows_in", (json_int_t)part->rows_in, "rows", (json_int_t)part->rows, "bytes",
                             part->held ? json_integer((json_int_t)part->bytes) : json_null(), "image_analysis_method",
                             part->method < 0 ? json_null() : text_or_null(set->methods.name[part->method].text));
    if (!json || !entities)
        return json;
    json_t *counts = json_object();
    bool failed = false;
    for (size_t i = 0; i < entities->n; i++) {
        const struct ar_listed_count *count = &entities->count[i];
        const char *name = set->entities.names.name[count->name].text;
        failed |= json_object_set_new(counts, name, json_integer((json_int_t)count->rows)) != 0;
    }
    failed |= json_object_set_new(json, "entities", counts) != 0;
    return unless(failed, json);
}

int ar_listing_json_lane(const struct ar_listing *listing, size_t lane, struct ar_buf *out, struct ar_error *error)
{
    const struct ar_target *target = &listing->targets.entry[lane];
    const struct ar_listed_lane *of = &listing->lane[lane];
    json_t *sets = json_object();
    bool failed = false;
    for (size_t i = 0; i < listing->n_sets; i++) {
        const struct ar_listed_set *set = &listing->set[i];
        const struct ar_listed_part *part = ar_listing_part(listing, lane, i);
        const struct ar_listed_entities *entities = lane < set->n_by_lane && part && part->held ? &set->by_lane[lane] : NULL;
        if (part)
            failed |= json_object_set_new(sets, set->name, part_json(set, part, entities)) != 0;
    }
    json_t *json = json_pack("{sssssssosIsIso}",
                             "data", target->data,
                             "sample", target->sample,
                             "state", state_name(of->state),
                             "error", text_or_null(of->error),
                             "images", (json_int_t)of->images,
                             "image_bytes", (json_int_t)of->image_bytes,
                             "sets", unless(failed, sets));
    return add_json(out, json, error);
}
