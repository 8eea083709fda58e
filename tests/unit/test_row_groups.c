/* SPDX-License-Identifier: MIT */
/*
 * Groups of rows, found by several workers in small pieces: row by row, and word by word of what is wrong, what one scanner tells that
 * goes through all of the table.
 */
#include "check.h"
#include "lanes/row_groups.h"
#include "random_csv.h"

struct table {
    const char *data;
    uint64_t n;
    size_t cells, column[AR_GROUP_COLUMNS], n_columns;
    unsigned groups, longest; /* what was met */
};

static bool same_cells(const struct table *t, const uint64_t *a, const uint64_t *b)
{
    for (size_t i = 0; i < 2 * t->n_columns; i += 2)
        if (a[i + 1] - a[i] != b[i + 1] - b[i] || memcmp(t->data + a[i], t->data + b[i], a[i + 1] - a[i]) != 0)
            return false;
    return true;
}

/* Takes the next row of the group at hand; a group begins where left is 0. */
static void check_row(struct table *t, const struct ar_row_group *group, uint64_t *left, const struct ar_csv_row *row)
{
    static uint64_t next;
    bool first = *left == group->rows, last = *left == 1, lf = row->next == row->end + 1 && t->data[row->end] == '\n';
    CHECK(row->start == (first ? group->start : next), "%zu", (size_t)row->start);
    CHECK(!first || memcmp(row->cell, group->cell, 2 * t->n_columns * sizeof *row->cell) == 0, "%zu", (size_t)row->start);
    CHECK(same_cells(t, group->cell, row->cell), "%zu", (size_t)row->start);
    CHECK(last ? row->end == group->end && row->next == group->next && lf == group->lf : lf, "%zu", (size_t)row->start);
    next = row->next;
    --*left;
}

/* Both go through the table together. */
static void compare(struct table *t, unsigned workers, uint64_t piece)
{
    struct ar_row_groups *groups = ar_row_groups_new(t->data, t->n, t->cells, t->column, t->n_columns, workers, piece);
    struct ar_csv_scan *scan = ar_csv_scan_new(t->data, t->n, t->cells, t->column, t->n_columns, AR_CSV_BEST);
    const struct ar_row_group *group = NULL;
    const struct ar_csv_row *row;
    ssize_t rows, n = 0;
    uint64_t left = 0, base;
    while ((rows = ar_csv_scan_rows(scan, &row)) > 0) {
        for (ssize_t r = 0; r < rows; r++) {
            if (left == 0 && (n == 0 || --n == 0)) {
                n = ar_row_groups_next(groups, &group);
                CHECK(n > 0, "%zd", n);
                if (n <= 0)
                    goto end;
                left = group->rows;
            } else if (left == 0) {
                left = (++group)->rows;
            }
            t->groups++;
            t->longest = t->longest > left ? t->longest : (unsigned)left;
            check_row(t, group, &left, &row[r]);
        }
    }
    CHECK(left == 0 && n <= 1, "%zu", (size_t)left);
    CHECK(ar_row_groups_next(groups, &group) == rows, "%zd", rows);
    const struct ar_csv_seen *all = ar_csv_scan_seen(scan), *seen = ar_row_groups_seen(groups, &base);
    CHECK(seen->rows == all->rows && seen->fault == all->fault, "%zu rows", (size_t)all->rows);
    if (rows == 0) {
        CHECK(seen->blank_lines == all->blank_lines && seen->cr == all->cr, "%zu rows", (size_t)all->rows);
    } else {
        struct ar_error expected = { 0 }, error = { 0 };
        ar_csv_fail(all, t->data, t->n, 2, "table", &expected);
        ar_csv_fail(seen, t->data + base, t->n - base, 1 + ar_csv_line(t->data, base), "table", &error);
        CHECK_TEXT(error.what, expected.what);
    }
end:
    ar_csv_scan_free(scan);
    ar_row_groups_free(groups);
}

static void test_random_tables(void)
{
    struct ar_buf table;
    unsigned rows = 0, longest = 0;
    ar_buf_init(&table);
    for (int i = 0; i < 3000; i++) {
        struct table t = { .cells = 1 + below(4) };
        t.n_columns = t.cells == 1 ? 1 : 1 + below(2);
        t.column[0] = below((unsigned)(t.cells - t.n_columns + 1));
        t.column[1] = t.cells - 1;
        make_table(&table, t.cells, (unsigned)(i % 3 == 0));
        t.data = table.data;
        t.n = table.len;
        compare(&t, 1 + below(3), 1 + below(300));
        rows += t.groups;
        longest = longest > t.longest ? longest : t.longest;
    }
    CHECK(rows > 50000 && longest > 1, "%u rows, %u", rows, longest);
    ar_buf_release(&table);
}

/* As most tables are: many pieces, few groups. A quoted line end where a piece is thought to begin changes nothing. */
static void test_lane_order(void)
{
    struct ar_buf table;
    const struct ar_row_group *group;
    ar_buf_init(&table);
    for (unsigned row = 0; row < 30000; row++)
        ar_buf_add_format(&table, "%u,lane %u,1.5\n", row, row / 10000);
    for (unsigned turn = 0; turn < 2; turn++) {
        struct table t = { .data = table.data, .n = table.len, .cells = 3, .column = { 1 }, .n_columns = 1 };
        struct ar_row_groups *groups = ar_row_groups_new(t.data, t.n, t.cells, t.column, t.n_columns, 3, 4096);
        size_t n = 0, rows = 0;
        for (ssize_t got; (got = ar_row_groups_next(groups, &group)) > 0; n += (size_t)got)
            for (ssize_t i = 0; i < got; i++)
                rows += group[i].rows;
        ar_row_groups_free(groups);
        CHECK(rows == 30000 && n < 300 + turn * 1000, "%zu rows in %zu groups", rows, n);
        compare(&t, 3, 4096);
        memcpy(strstr(table.data + table.len / 2, ",1.5\n") + 1, "\"\n\"", 3);
    }
    ar_buf_release(&table);
}

int main(void)
{
    test_random_tables();
    test_lane_order();
    return check_done();
}
