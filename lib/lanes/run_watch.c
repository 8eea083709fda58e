/* SPDX-License-Identifier: MIT */
#include "lanes/run_watch.h"

#include "codecs/tar.h"

enum { HEAD = 64 * 1024 }; /* bytes that are looked at closely */

/* Can lanes be told by a table with the header that ends at n? */
static bool has_lanes(const struct ar_run_watch *watch, const char *data, uint64_t n)
{
    struct ar_csv_header header;
    struct ar_lane_rule rule;
    struct ar_error error;
    if (ar_csv_header_read(&header, data, n, watch->set, &error) != 0)
        return false;
    bool has = ar_lane_rule_choose(&rule, watch->keys, watch->n_keys, watch->set, &header, watch->set, &error) == 0;
    ar_csv_header_release(&header);
    return has;
}

/* Is the table, of which the first n bytes are there, at fault? */
static bool has_fault(const struct ar_run_watch *watch, const char *data, uint64_t n)
{
    struct ar_csv_scan *scan = ar_csv_scan_new(data, 0, 0, NULL, 0, AR_CSV_BEST);
    if (!scan)
        return false;
    ar_csv_scan_arrived(scan, n, false);
    const struct ar_csv_row *row;
    ssize_t rows = ar_csv_scan_rows(scan, &row);
    bool fault = rows > 0 && !has_lanes(watch, data, row->next);
    while (rows > 0 && !fault)
        rows = ar_csv_scan_rows(scan, &row);
    ar_csv_scan_free(scan);
    return fault || rows < 0;
}

static bool enough(void *arg, const char *bytes, size_t n)
{
    struct ar_run_watch *watch = arg;
    if (watch->set && memchr(bytes, '\0', n))
        return true;
    if (watch->looked)
        return false;
    ar_buf_add(&watch->head, bytes, n);
    if (watch->head.len < HEAD)
        return false;
    watch->looked = true;
    const struct ar_buf *head = &watch->head;
    bool fault = watch->set ? has_fault(watch, head->data, head->len) : !ar_tar_begins(head->data, head->len);
    ar_buf_release(&watch->head);
    return fault;
}

void ar_run_watch_init(struct ar_run_watch *watch, const char *set, const struct ar_lane_key *keys, size_t n_keys,
                       struct ar_map_watch *map)
{
    *watch = (struct ar_run_watch){ .set = set, .keys = keys, .n_keys = n_keys };
    ar_buf_init(&watch->head);
    *map = (struct ar_map_watch){ .enough = enough, .arg = watch };
}

void ar_run_watch_release(struct ar_run_watch *watch)
{
    ar_buf_release(&watch->head);
}
