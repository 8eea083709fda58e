/* SPDX-License-Identifier: MIT */
#include "lanes/partition.h"

#include "lanes/row_groups.h"
#include "lanes/rows.h"

enum {
    CACHE_MAX = 1 << 18, /* different cells whose lanes are remembered */
    TICK_BYTES = 1 << 24,
};

enum { NOWHERE = -1 }; /* the lane of a row without one; unknown ids count down from there */

/* What a row's raw cells tell: remembered by their bytes. */
struct told_lane {
    ssize_t lane;   /* number in the targets; NOWHERE; or NOWHERE - 1 - number in unknown */
    ssize_t method; /* or -1 */
};

struct reader {
    struct ar_partition *p;
    struct ar_targets *targets;
    bool grow;
    struct ar_names cache; /* raw cells, of two columns joined by a NUL */
    struct told_lane *told;
    size_t told_room;
    struct ar_buf scratch, key;
    uint64_t last_cell, last_len; /* the raw cell of the row before, where the rule has one column */
    struct told_lane last;
    struct ar_error *error;
};

static int grow_array(void **array, size_t *room, size_t need, size_t size)
{
    if (need <= *room)
        return 0;
    size_t more = *room ? 2 * *room : 64;
    while (more < need)
        more *= 2;
    void *grown = reallocarray(*array, more, size);
    if (!grown)
        return -1;
    memset((char *)grown + *room * size, 0, (more - *room) * size);
    *array = grown;
    *room = more;
    return 0;
}

/* Room for the lane with that number. */
static struct ar_partition_lane *lane_at(struct ar_partition *p, size_t lane)
{
    size_t before = p->n_lanes;
    if (lane < before)
        return &p->lane[lane];
    if (grow_array((void **)&p->lane, &p->n_lanes, lane + 1, sizeof *p->lane) != 0)
        return NULL;
    for (size_t i = before; i < p->n_lanes; i++)
        p->lane[i].method = p->lane[i].other_method = -1;
    return &p->lane[lane];
}

static int fail_row(const struct ar_partition *p, uint64_t offset, const struct ar_lane_told *told, const char *why,
                    struct ar_error *error)
{
    int shown = told->data_len < AR_LANE_ID_MAX ? (int)told->data_len : AR_LANE_ID_MAX;
    ar_fail(error, AR_CONTENT, "%s, line %" PRIu64 ": the data name '%.*s' %s", p->what, ar_csv_line(p->data, offset), shown,
            told->data, ar_tr(why));
    return ar_hint(error,
                   "A data name becomes the name of a folder: choose another column or part of it by --lane-key, or name the "
                          "lanes that are wanted in a samples table.");
}

/* Finds the lane of an id that was not met before. */
static int find_lane(struct reader *r, const struct ar_lane_told *told, uint64_t row, ssize_t *lane)
{
    struct ar_partition *p = r->p;
    *lane = ar_targets_find(r->targets, told->data, told->data_len);
    if (*lane >= 0)
        return 0;
    if (r->grow) {
        const char *why;
        if (ar_lane_id_check(told->data, told->data_len, &why) != 0)
            return fail_row(p, row, told, why, r->error);
        *lane = (ssize_t)r->targets->count;
        return ar_targets_add(r->targets, told->data, told->data_len, told->data, told->data_len, r->error);
    }
    bool added;
    ssize_t unknown = ar_names_add(&p->unknown, told->data, told->data_len, &added);
    if (unknown < 0 || grow_array((void **)&p->unknown_rows, &p->unknown_room, p->unknown.count, sizeof *p->unknown_rows) != 0)
        return ar_fail_memory(r->error);
    *lane = NOWHERE - 1 - unknown;
    return 0;
}

/* Applies the rule to cells that are not remembered. */
static int tell(struct reader *r, const char *const *raw, const size_t *len, uint64_t row, struct told_lane *out)
{
    struct ar_lane_told told;
    *out = (struct told_lane){ NOWHERE, -1 };
    if (!ar_lane_rule_apply(&r->p->rule, raw, len, &r->scratch, &told))
        return r->scratch.failed ? ar_fail_memory(r->error) : 0;
    if (find_lane(r, &told, row, &out->lane) != 0)
        return -1;
    bool added;
    if (told.method && (out->method = ar_names_add(&r->p->methods, told.method, told.method_len, &added)) < 0)
        return ar_fail_memory(r->error);
    return 0;
}

/* Looks the cells up that its rows have, or tells their lane and remembers it. */
static int look_up(struct reader *r, const struct ar_row_group *group, struct told_lane *out)
{
    const char *raw[2] = { NULL, NULL };
    size_t len[2] = { 0, 0 };
    size_t n = r->p->rule.n_columns;
    for (size_t i = 0; i < n; i++) {
        raw[i] = r->p->data + r->p->header.next + group->cell[2 * i];
        len[i] = (size_t)(group->cell[2 * i + 1] - group->cell[2 * i]);
    }
    const char *key = raw[0];
    size_t key_len = len[0];
    if (n == 2) {
        ar_buf_clear(&r->key);
        ar_buf_add(&r->key, raw[0], len[0]);
        ar_buf_add_char(&r->key, '\0');
        ar_buf_add(&r->key, raw[1], len[1]);
        if (ar_buf_check(&r->key, r->error) != 0)
            return -1;
        key = r->key.data;
        key_len = r->key.len;
    }
    bool added;
    if (r->cache.count == CACHE_MAX)
        ar_names_release(&r->cache);
    ssize_t found = ar_names_add(&r->cache, key, key_len, &added);
    if (found < 0 || grow_array((void **)&r->told, &r->told_room, (size_t)found + 1, sizeof *r->told) != 0)
        return ar_fail_memory(r->error);
    if (added && tell(r, raw, len, r->p->header.next + group->start, &r->told[found]) != 0)
        return -1;
    *out = r->told[found];
    return 0;
}

/* The lane of a group: often that of the one before, where rows of other lanes or blank lines stand between pieces of one. */
static inline int lane_of(struct reader *r, const struct ar_row_group *group, struct told_lane *out)
{
    uint64_t len = group->cell[1] - group->cell[0];
    const char *rows = r->p->data + r->p->header.next;
    if (r->p->rule.n_columns == 1 && len == r->last_len && memcmp(rows + group->cell[0], rows + r->last_cell, len) == 0) {
        *out = r->last;
        return 0;
    }
    if (look_up(r, group, &r->last) != 0)
        return -1;
    r->last_cell = group->cell[0];
    r->last_len = len;
    *out = r->last;
    return 0;
}

static int add_group(struct reader *r, const struct ar_row_group *group)
{
    struct ar_partition *p = r->p;
    struct told_lane told;
    if (lane_of(r, group, &told) != 0)
        return -1;
    uint64_t start = p->header.next + group->start;
    if (AR_UNLIKELY(told.lane < 0)) {
        if (told.lane < NOWHERE)
            p->unknown_rows[NOWHERE - 1 - told.lane] += group->rows;
        else if (p->no_lane == 0)
            p->no_lane_offset = start;
        p->no_lane += told.lane == NOWHERE ? group->rows : 0;
        return 0;
    }
    struct ar_partition_lane *lane = lane_at(p, (size_t)told.lane);
    if (!lane)
        return ar_fail_memory(r->error);
    if (AR_UNLIKELY(told.method != lane->method)) {
        if (lane->extents.rows == 0) {
            lane->method = told.method;
        } else if (lane->other_method < 0) {
            lane->other_method = told.method;
            lane->other_offset = start;
        }
    }
    uint64_t end = p->header.next + group->end, next = p->header.next + group->next;
    return ar_extents_add(&lane->extents, group->rows, start, end, next, group->lf) == 0 ? 0 : ar_fail_memory(r->error);
}

/* Looks at all rows. 0; 1 at a fault of the CSV; -1. */
static int read_groups(struct reader *r, struct ar_row_groups *groups, const struct ar_tick *tick)
{
    const uint64_t base = r->p->header.next;
    const struct ar_row_group *group;
    uint64_t mark = 0;
    ssize_t n;
    while ((n = ar_row_groups_next(groups, &group)) > 0) {
        for (ssize_t i = 0; i < n; i++)
            if (add_group(r, &group[i]) != 0)
                return -1;
        if (group[n - 1].next < mark)
            continue;
        mark = group[n - 1].next + TICK_BYTES;
        if (ar_tick(tick, base + mark - TICK_BYTES, r->error) != 0)
            return -1;
    }
    return n < 0;
}

static int read_rows(struct reader *r, const struct ar_tick *tick)
{
    struct ar_partition *p = r->p;
    const uint64_t base = p->header.next;
    uint64_t faulty;
    struct ar_row_groups *groups =
        ar_row_groups_new(p->data + base, p->n - base, p->header.cells, p->rule.column, p->rule.n_columns, 0, 0);
    if (!groups)
        return ar_fail_memory(r->error);
    int result = read_groups(r, groups, tick);
    p->seen = *ar_row_groups_seen(groups, &faulty);
    ar_row_groups_free(groups);
    faulty += base;
    if (result > 0)
        return ar_csv_fail(&p->seen, p->data + faulty, p->n - faulty, ar_csv_line(p->data, faulty), p->what, r->error);
    p->seen.blank_lines += p->header.blank_lines;
    p->seen.cr |= p->header.cr;
    return result;
}

int ar_partition_read(struct ar_partition *partition, const char *set, const char *what, const char *data, uint64_t n,
                      const struct ar_lane_key *keys, size_t n_keys, struct ar_targets *targets, bool grow,
                      const struct ar_tick *tick, struct ar_error *error)
{
    *partition = (struct ar_partition){ .set = set, .what = what, .data = data, .n = n };
    if (ar_csv_header_read(&partition->header, data, n, what, error) != 0)
        return -1;
    ar_csv_header_look_below(&partition->header, data, n);
    if (ar_lane_rule_choose(&partition->rule, keys, n_keys, set, &partition->header, what, error) != 0)
        return -1;
    struct reader reader = { .p = partition, .targets = targets, .grow = grow, .last_len = UINT64_MAX, .error = error };
    ar_buf_init(&reader.scratch);
    ar_buf_init(&reader.key);
    int result = read_rows(&reader, tick);
    ar_buf_release(&reader.scratch);
    ar_buf_release(&reader.key);
    ar_names_release(&reader.cache);
    free(reader.told);
    return result;
}

void ar_partition_release(struct ar_partition *partition)
{
    for (size_t i = 0; i < partition->n_lanes; i++)
        ar_extents_release(&partition->lane[i].extents);
    free(partition->lane);
    free(partition->unknown_rows);
    ar_names_release(&partition->methods);
    ar_names_release(&partition->unknown);
    ar_csv_header_release(&partition->header);
    *partition = (struct ar_partition){ 0 };
}

uint64_t ar_partition_rows(const struct ar_partition *partition, size_t lane)
{
    return lane < partition->n_lanes ? partition->lane[lane].extents.rows : 0;
}

uint64_t ar_partition_unknown_rows(const struct ar_partition *partition)
{
    uint64_t rows = 0;
    for (size_t i = 0; i < partition->unknown.count; i++)
        rows += partition->unknown_rows[i];
    return rows;
}

bool ar_partition_last_line_ends(const struct ar_partition *partition)
{
    char last = partition->n ? partition->data[partition->n - 1] : '\n';
    return last == '\n' || last == '\r';
}

const char *ar_partition_method(const struct ar_partition *partition, size_t lane)
{
    ssize_t method = lane < partition->n_lanes ? partition->lane[lane].method : -1;
    return method < 0 ? NULL : partition->methods.name[method].text;
}

int ar_partition_emit(const struct ar_partition *partition, size_t lane, const char *lane_name, struct ar_emit *emit,
                      struct ar_record *record, struct ar_error *error)
{
    struct ar_rows rows = { .data = partition->data, .stable = true, .header_start = partition->header.start,
                            .header_len = partition->header.end - partition->header.start,
                            .extents = lane < partition->n_lanes ? &partition->lane[lane].extents : NULL };
    struct ar_buf name;
    ar_buf_init(&name);
    ar_buf_add_format(&name, AR_FOLDER_SETS "%s", partition->set);
    record->bytes = ar_rows_bytes(&rows);
    record->digested = true;
    int result = ar_buf_check(&name, error);
    if (result == 0)
        result = ar_emit_begin(emit, lane_name, name.data, record->bytes, true, NULL, error);
    if (result == 0)
        result = ar_rows_write(&rows, &emit->tar, record->xxh3, error);
    ar_buf_release(&name);
    return result;
}
