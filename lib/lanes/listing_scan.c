/* SPDX-License-Identifier: MIT */
/*
 * Reading the CSV of a set: columns, rows, entities.
 */
#include "lanes/listing_note.h"

#define COLUMN_ENTITY "Entity"

/* Where the row before had its entity: often the next one's, too. */
struct last_entity {
    const char *raw;
    size_t len;
    size_t name;
};

static int grow_tally(struct ar_listed_tally *tally, struct ar_error *error)
{
    if (tally->names.count < tally->room)
        return 0;
    size_t room = tally->room ? 2 * tally->room : 16;
    uint64_t *rows = reallocarray(tally->rows, room, sizeof *rows);
    if (rows)
        tally->rows = rows;
    uint64_t *here = reallocarray(tally->here, room, sizeof *here);
    if (here)
        tally->here = here;
    size_t *met = reallocarray(tally->met, room, sizeof *met);
    if (met)
        tally->met = met;
    if (!rows || !here || !met)
        return ar_fail_memory(error);
    memset(rows + tally->room, 0, (room - tally->room) * sizeof *rows);
    memset(here + tally->room, 0, (room - tally->room) * sizeof *here);
    tally->room = room;
    return 0;
}

/* Counts a row with the raw cell of its entity. */
static int count_entity(struct ar_listed_tally *tally, struct last_entity *last, const char *raw, size_t len,
                        struct ar_buf *scratch, struct ar_error *error)
{
    if (!last->raw || len != last->len || memcmp(raw, last->raw, len) != 0) {
        bool added;
        ar_buf_clear(scratch);
        ar_csv_decode(scratch, raw, len);
        if (ar_buf_check(scratch, error) != 0 || grow_tally(tally, error) != 0)
            return -1;
        ssize_t name = ar_names_add(&tally->names, scratch->data, scratch->len, &added);
        if (name < 0)
            return ar_fail_memory(error);
        *last = (struct last_entity){ raw, len, (size_t)name };
    }
    if (tally->here[last->name]++ == 0)
        tally->met[tally->n_met++] = last->name;
    return 0;
}

/* Where the counts of a lane go, with room for all that were met. */
static struct ar_listed_entities *entities_of(struct ar_listed_set *set, size_t lane, struct ar_error *error)
{
    if (lane >= set->n_by_lane) {
        size_t room = lane + 1 > set->n_parts ? lane + 1 : set->n_parts;
        struct ar_listed_entities *grown = reallocarray(set->by_lane, room, sizeof *grown);
        if (!grown) {
            ar_fail_memory(error);
            return NULL;
        }
        memset(grown + set->n_by_lane, 0, (room - set->n_by_lane) * sizeof *grown);
        set->by_lane = grown;
        set->n_by_lane = room;
    }
    struct ar_listed_entities *of = &set->by_lane[lane];
    free(of->count);
    *of = (struct ar_listed_entities){ .count = calloc(set->entities.n_met + 1, sizeof *of->count) };
    if (of->count)
        return of;
    ar_fail_memory(error);
    return NULL;
}

/* Moves what was counted here to the lane, where there is one, and into the sums of the set. */
static int close_tally(struct ar_listed_set *set, ssize_t lane, struct ar_error *error)
{
    struct ar_listed_tally *tally = &set->entities;
    struct ar_listed_entities *of = lane < 0 ? NULL : entities_of(set, (size_t)lane, error);
    if (!of && lane >= 0)
        return -1;
    for (size_t i = 0; i < tally->n_met; i++) {
        size_t name = tally->met[i];
        if (of)
            of->count[of->n++] = (struct ar_listed_count){ name, tally->here[name] };
        tally->rows[name] += tally->here[name];
        tally->here[name] = 0;
    }
    tally->n_met = 0;
    return 0;
}

int ar_listing_columns(json_t **columns, const struct ar_csv_header *header, struct ar_error *error)
{
    if (*columns)
        return 0;
    json_t *names = json_array();
    for (size_t i = 0; i < header->cells; i++)
        if (json_array_append_new(names, json_string(header->name[i])) != 0) {
            json_decref(names);
            return ar_fail_memory(error);
        }
    *columns = names;
    return 0;
}

/* Reads all rows; entity: number of the column, or -1. */
static int scan_rows(struct ar_listed_tally *tally, ssize_t entity, const char *data, uint64_t n,
                     const struct ar_csv_header *header, struct ar_csv_seen *seen, struct ar_error *error)
{
    const char *rows = data + header->next;
    size_t track = entity < 0 ? 0 : (size_t)entity;
    struct ar_csv_scan *scan = ar_csv_scan_new(rows, n - header->next, header->cells, &track, entity >= 0, AR_CSV_BEST);
    if (!scan)
        return ar_fail_memory(error);
    struct ar_buf scratch;
    struct last_entity last = { 0 };
    const struct ar_csv_row *row;
    ssize_t got;
    int result = 0;
    ar_buf_init(&scratch);
    while (result == 0 && (got = ar_csv_scan_rows(scan, &row)) > 0)
        for (ssize_t i = 0; entity >= 0 && i < got && result == 0; i++) {
            const uint64_t *cell = row[i].cell;
            result = count_entity(tally, &last, rows + cell[0], (size_t)(cell[1] - cell[0]), &scratch, error);
        }
    *seen = *ar_csv_scan_seen(scan);
    ar_csv_scan_free(scan);
    ar_buf_release(&scratch);
    return result;
}

int ar_listing_scan(struct ar_listing *listing, size_t set, ssize_t lane, const char *data, uint64_t n, const char *what,
                    struct ar_error *error)
{
    struct ar_listed_set *of = &listing->set[set];
    struct ar_csv_header header;
    struct ar_csv_seen seen;
    if (ar_csv_header_read(&header, data, n, what, error) != 0)
        return -1;
    ssize_t entity = listing->entities ? ar_csv_header_find(&header, COLUMN_ENTITY) : -1;
    of->no_entity |= listing->entities && entity < 0;
    int result = ar_listing_columns(&of->columns, &header, error);
    if (result == 0)
        result = scan_rows(&of->entities, entity, data, n, &header, &seen, error);
    if (result == 0 && seen.fault != AR_CSV_OK)
        result = ar_csv_fail(&seen, data + header.next, n - header.next, ar_csv_line(data, header.next), what, error);
    if (result == 0 && listing->entities)
        result = close_tally(of, lane, error);
    of->scanned = result == 0;
    of->counted = result == 0 ? seen.rows : 0;
    ar_csv_header_release(&header);
    return result;
}
