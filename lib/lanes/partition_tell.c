/* SPDX-License-Identifier: MIT */
#include "lanes/partition_tell.h"

/* Id → rows of the lanes that are not among the targets; adds them up. */
static json_t *unknown_lanes(const struct ar_partition *p, uint64_t *rows)
{
    json_t *unknown = json_object();
    *rows = 0;
    for (size_t i = 0; i < p->unknown.count; i++) {
        *rows += p->unknown_rows[i];
        json_object_set_new(unknown, p->unknown.name[i].text, json_integer((json_int_t)p->unknown_rows[i]));
    }
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
    uint64_t unknown_rows;
    json_t *unknown = unknown_lanes(p, &unknown_rows);
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
                             "line_ends", p->seen.cr ? "CRLF or CR" : "LF",
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

bool ar_partition_lane_fault(const struct ar_partition *partition, size_t lane, struct ar_buf *text)
{
    const struct ar_partition *p = partition;
    if (lane >= p->n_lanes || p->lane[lane].other_method < 0)
        return false;
    const char *first = ar_partition_method(p, lane);
    ar_buf_add_format(text,
                      "the set '%s' holds rows of two image-analysis methods, '%s' and '%s' (first in line %" PRIu64 " of %s)",
                      p->set, first ? first : "", p->methods.name[p->lane[lane].other_method].text,
                      ar_csv_line(p->data, p->lane[lane].other_offset), p->what);
    return true;
}
