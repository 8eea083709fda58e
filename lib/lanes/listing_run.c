/* SPDX-License-Identifier: MIT */
/*
 * CSV files before a run, and runs: which lanes they would give.
 */
#include "lanes/listing_note.h"
#include "lanes/partition_tell.h"
#include "lanes/samples.h"

/* The lanes: those of the samples table, or, where there is none, those that are found. */
static int take_samples(struct ar_listing *listing, const struct ar_run *run, bool *grow, struct ar_error *error)
{
    *grow = !listing->samples && !run->has_samples;
    for (size_t i = 0; listing->samples && i < listing->samples->count; i++)
        if (ar_listing_lane(listing, &listing->samples->entry[i], error) < 0)
            return -1;
    if (listing->samples || !run->has_samples)
        return 0;
    if (ar_samples_parse(&listing->targets, run->samples.data, run->samples.len, ar_tr("entry 'sample_names'"), error) != 0)
        return -1;
    return ar_listing_lanes(listing, error);
}

static int note_part(struct ar_listing *listing, size_t lane, size_t number, const struct ar_partition *p, struct ar_error *error)
{
    struct ar_listed_part *part = ar_listing_part_new(listing, lane, number, error);
    if (!part)
        return -1;
    const char *method = ar_partition_method(p, lane);
    *part = (struct ar_listed_part){ .known = true, .held = true, .method = -1, .rows = ar_partition_rows(p, lane) };
    part->rows_in = part->rows;
    part->bytes = p->header.end - p->header.start + 1 + (lane < p->n_lanes ? p->lane[lane].extents.bytes : 0);
    if (listing->lane[lane].state == AR_LISTED_MISSING)
        listing->lane[lane].state = AR_LISTED_OPEN;
    bool added;
    if (method) {
        part->method = (int32_t)ar_names_add(&listing->set[number].methods, method, strlen(method), &added);
        if (part->method < 0)
            return ar_fail_memory(error);
    }
    struct ar_buf fault;
    ar_buf_init(&fault);
    int result = 0;
    if (ar_partition_lane_fault(p, lane, &fault))
        result = ar_listing_fail_lane(listing, lane, fault.data, fault.len, error);
    ar_buf_release(&fault);
    return result;
}

/* A samples table of which no lane has a row is that of another run. */
static int check_any(struct ar_listing *listing, const struct ar_partition *p, bool grow, struct ar_error *error)
{
    uint64_t kept = 0;
    for (size_t lane = 0; lane < p->n_lanes; lane++)
        kept += ar_partition_rows(p, lane);
    if (grow || kept || !p->seen.rows)
        return 0;
    struct ar_buf text;
    ar_buf_init(&text);
    ar_buf_add_tr(&text, "%s: no row is of a lane that the samples table names", p->what);
    int result = ar_listing_error(listing, text.data, text.len, error);
    ar_buf_release(&text);
    return result;
}

static int note_partition(struct ar_listing *listing, size_t number, const struct ar_run_set *set, const struct ar_partition *p,
                          bool grow, struct ar_error *error)
{
    json_t *account = ar_partition_account(p, set, &listing->targets);
    if (!account)
        return ar_fail_memory(error);
    json_object_del(account, "rows_by_lane");
    listing->set[number].account = account;
    for (size_t lane = 0; lane < listing->n_lanes; lane++)
        if (note_part(listing, lane, number, p, error) != 0)
            return -1;
    return check_any(listing, p, grow, error);
}

/* A set whose lanes cannot be told still has columns and rows. */
static int note_bare(struct ar_listing *listing, size_t number, const struct ar_run_set *set, struct ar_error *error)
{
    if (ar_listing_scan(listing, number, AR_NO_LANE, set->data, set->n, set->what, error) != 0)
        return -1;
    uint64_t bytes = set->mapped ? set->map.source_bytes : set->n;
    listing->set[number].account = json_pack("{sssIsI}", "source", set->source, "bytes", (json_int_t)bytes, "rows",
                                             (json_int_t)listing->set[number].counted);
    return listing->set[number].account ? 0 : ar_fail_memory(error);
}

static int read_set(struct ar_listing *listing, const struct ar_run_set *set, bool grow, struct ar_error *error)
{
    struct ar_partition p;
    struct ar_error second;
    ssize_t number = ar_listing_set(listing, set->name, error);
    if (number < 0)
        return -1;
    int result = ar_partition_read(&p, set->name, set->what, set->data, set->n, listing->keys, listing->n_keys, &listing->targets,
                                   grow, listing->tick, error);
    if (ar_listing_lanes(listing, &second) != 0)
        return ar_fail_memory(error);
    if (result == 0)
        result = note_partition(listing, (size_t)number, set, &p, grow, error);
    else if (note_bare(listing, (size_t)number, set, &second) != 0 && p.header.cells)
        (void)!ar_listing_columns(&listing->set[number].columns, &p.header, &second); /* what failed first is what counts */
    if (result == 0 && listing->entities)
        result = ar_listing_scan(listing, (size_t)number, AR_NO_LANE, set->data, set->n, set->what, error);
    if (result == 0)
        result = ar_listing_columns(&listing->set[number].columns, &p.header, error);
    ar_partition_release(&p);
    return result;
}

int ar_listing_read_run(struct ar_listing *listing, const struct ar_run *run, struct ar_error *error)
{
    bool grow;
    ar_listing_at_least(listing, AR_LISTED_FILES);
    listing->has_params |= run->has_params;
    if (take_samples(listing, run, &grow, error) != 0)
        return -1;
    for (size_t i = 0; i < run->n_sets; i++) {
        listing->bytes += listing->kind == AR_LISTED_FILES ? run->set[i].n : 0;
        listing->entries += listing->kind == AR_LISTED_FILES;
    }
    struct ar_error later;
    int result = 0;
    for (size_t i = 0; i < run->n_sets; i++)
        if (read_set(listing, &run->set[i], grow, result == 0 ? error : &later) != 0)
            result = -1;
    if (result == 0)
        result = ar_run_check(run, error);
    listing->verified = result == 0 && listing->verify;
    return result;
}
