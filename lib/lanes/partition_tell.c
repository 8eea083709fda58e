/* SPDX-License-Identifier: MIT */
#include "lanes/partition_tell.h"

enum { CELL_SHOWN = 100 }; /* bytes of a cell in a message */

/* Id → rows of the lanes that are not among the targets. */
static json_t *unknown_lanes(const struct ar_partition *p)
{
    json_t *unknown = json_object();
    for (size_t i = 0; i < p->unknown.count; i++)
        json_object_set_new(unknown, p->unknown.name[i].text, json_integer((json_int_t)p->unknown_rows[i]));
    return unknown;
}

static json_t *lane_rows(const struct ar_partition *p, const struct ar_targets *targets)
{
    json_t *by_lane = json_object();
    for (size_t i = 0; i < targets->count; i++)
        json_object_set_new(by_lane, targets->entry[i].data, json_integer((json_int_t)ar_partition_rows(p, i)));
    return by_lane;
}

json_t *ar_partition_account(const struct ar_partition *partition, const struct ar_run_set *set, const struct ar_targets *targets)
{
    const struct ar_partition *p = partition;
    struct ar_buf rule;
    ar_buf_init(&rule);
    ar_lane_rule_describe(&p->rule, &rule);
    uint64_t unknown_rows = ar_partition_unknown_rows(p);
    json_t *unknown = unknown_lanes(p);
    json_t *dropped = json_object();
    if (p->no_lane)
        json_object_set_new(dropped, "no_lane", json_integer((json_int_t)p->no_lane));
    if (unknown_rows)
        json_object_set_new(dropped, "not_in_samples", json_integer((json_int_t)unknown_rows));
    uint64_t bytes = set->mapped ? set->map.source_bytes : set->n;
    const char *filter = set->mapped ? ar_filter_name(set->map.filter) : "none";
    json_t *json = json_pack("{sssIsssIsIsbsssIsbsssoso}",
                             "source", set->source,
                             "bytes", (json_int_t)bytes,
                             "compression", filter,
                             "rows", (json_int_t)p->seen.rows,
                             "columns", (json_int_t)p->header.cells,
                             "bom", p->header.bom,
                             "line_ends", p->seen.cr ? N_("CRLF or CR") : "LF",
                             "blank_lines", (json_int_t)p->seen.blank_lines,
                             "last_line_ends", ar_partition_last_line_ends(p),
                             "lane_by", rule.data,
                             "rows_by_lane", lane_rows(p, targets),
                             "dropped", dropped);
    if (json && p->no_lane)
        json_object_set_new(json, "no_lane_line", json_integer((json_int_t)ar_csv_line(p->data, p->no_lane_offset)));
    if (json && json_object_size(unknown))
        json_object_set(json, "not_in_samples", unknown);
    json_decref(unknown);
    ar_buf_release(&rule);
    return json;
}

void ar_partition_show_no_lane(const struct ar_partition *partition, struct ar_buf *text)
{
    const struct ar_partition *p = partition;
    const struct ar_csv_row *row;
    const char *start = p->data + p->no_lane_offset;
    struct ar_csv_scan *scan = p->no_lane ? ar_csv_scan_new(start, p->n - p->no_lane_offset, 0, p->rule.column, p->rule.n_columns,
                                                            AR_CSV_BEST)
                                          : NULL;
    if (scan && ar_csv_scan_rows(scan, &row) > 0) {
        ar_buf_add_tr(text, "line %" PRIu64 " of %s has", ar_csv_line(p->data, p->no_lane_offset), p->what);
        for (size_t i = 0; i < p->rule.n_columns; i++) {
            uint64_t len = row->cell[2 * i + 1] - row->cell[2 * i];
            ar_buf_add_tr(text, i ? N_(" and '%.*s%s' in the column '%s'") : N_(" '%.*s%s' in the column '%s'"), (int)(len < CELL_SHOWN ? len : CELL_SHOWN),
                              start + row->cell[2 * i], len < CELL_SHOWN ? "" : "…", p->header.name[p->rule.column[i]]);
        }
    }
    ar_csv_scan_free(scan);
}

const char *ar_partition_without_zeros(const struct ar_partition *partition, const char *id)
{
    for (size_t i = 0; i < partition->unknown.count; i++) {
        const char *found = partition->unknown.name[i].text;
        if (strcmp(found + strspn(found, "0"), id + strspn(id, "0")) == 0)
            return found;
    }
    return NULL;
}

bool ar_partition_lane_fault(const struct ar_partition *partition, size_t lane, struct ar_buf *text)
{
    const struct ar_partition *p = partition;
    if (lane >= p->n_lanes || p->lane[lane].other_method < 0)
        return false;
    const char *first = ar_partition_method(p, lane);
    ar_buf_add_tr(text,
                      "the set '%s' holds rows of two image-analysis methods, '%s' and '%s' (first in line %" PRIu64 " of %s)",
                      p->set, first ? first : "", p->methods.name[p->lane[lane].other_method].text,
                      ar_csv_line(p->data, p->lane[lane].other_offset), p->what);
    return true;
}
