/* SPDX-License-Identifier: MIT */
/*
 * The index of a CSV: against the scanner, which other tests hold against libcsv, on random tables, with pieces of a few bytes.
 */
#include "check.h"
#include "codecs/csv_index.h"
#include "random_csv.h"

/* All cells by the scanner, which tells each row's; a line for each. */
static bool by_scanner(const struct ar_buf *table, size_t cells, struct ar_buf *out, struct ar_error *error)
{
    size_t track[8];
    for (size_t c = 0; c < cells; c++)
        track[c] = c;
    struct ar_csv_scan *scan = ar_csv_scan_new(table->data, table->len, cells, track, cells, AR_CSV_BEST);
    const struct ar_csv_row *row;
    ssize_t n;
    ar_buf_clear(out);
    while ((n = ar_csv_scan_rows(scan, &row)) > 0)
        for (ssize_t r = 0; r < n; r++)
            for (size_t c = 0; c < cells; c++)
                ar_buf_add_format(out, "%zu+%zu\n", (size_t)row[r].cell[2 * c], (size_t)(row[r].cell[2 * c + 1] - row[r].cell[2 * c]));
    if (n < 0)
        ar_csv_fail(ar_csv_scan_seen(scan), table->data, table->len, 2, "table", error);
    ar_csv_scan_free(scan);
    return n == 0;
}

static void by_index(const struct ar_csv_index *index, struct ar_buf *out)
{
    ar_buf_clear(out);
    for (size_t r = 0; r < index->rows; r++)
        for (size_t c = 0; c < index->cells; c++) {
            size_t n;
            const char *cell = ar_csv_index_cell(index, ar_csv_index_piece(index, r), r, c, &n);
            ar_buf_add_format(out, "%zu+%zu\n", (size_t)(cell - index->data), n);
        }
}

static bool every_third(void *arg, size_t row)
{
    unsigned *calls = arg;
    ++*calls;
    return row % 3 != 1;
}

/* The lines of the rows that every_third keeps. */
static void keep_thirds(struct ar_buf *lines, size_t cells)
{
    size_t line = 0, kept = 0;
    for (size_t at = 0; at < lines->len; line++) {
        size_t n = (size_t)((char *)memchr(lines->data + at, '\n', lines->len - at) - (lines->data + at)) + 1;
        if (line / cells % 3 != 1) {
            memmove(lines->data + kept, lines->data + at, n);
            kept += n;
        }
        at += n;
    }
    ar_buf_truncate(lines, kept);
}

static void compare(struct ar_csv_index *index, const struct ar_buf *table, size_t cells, uint64_t piece_max, enum ar_csv_twin twin)
{
    struct ar_buf want, got;
    struct ar_error error = { 0 }, other = { 0 };
    ar_buf_init(&want);
    ar_buf_init(&got);
    bool good = by_scanner(table, cells, &want, &error);
    int result = ar_csv_index_make(index, table->data, table->len, cells, piece_max, twin, 2, "table", &other);
    if (result != 0 && strstr(other.what, "larger than 4 GiB")) {
        CHECK(piece_max < AR_CSV_PIECE_MAX);
    } else {
        CHECK((result == 0) == good, "%s / %s", other.what, error.what);
        CHECK_TEXT(other.what, error.what);
    }
    if (result == 0 && good) {
        by_index(index, &got);
        CHECK_BYTES(got.data, got.len, want.data, want.len);
        unsigned calls = 0;
        size_t rows = index->rows;
        CHECK(ar_csv_index_select(index, every_third, &calls, &error) == 0 && calls == rows);
        by_index(index, &got);
        keep_thirds(&want, cells);
        CHECK_BYTES(got.data, got.len, want.data, want.len);
    }
    ar_buf_release(&want);
    ar_buf_release(&got);
}

static void test_random_tables(void)
{
    struct ar_csv_index index = { 0 };
    struct ar_buf table;
    ar_buf_init(&table);
    for (int i = 0; i < 4000; i++) {
        size_t cells = 1 + below(5);
        make_table(&table, cells, i % 4 == 3);
        char *copy = malloc(table.len + 1); /* so that a read behind it is seen by the sanitizers */
        memcpy(copy, table.data, table.len);
        struct ar_buf exact = { .data = copy, .len = table.len };
        compare(&index, &exact, cells, i % 2 ? AR_CSV_PIECE_MAX : 300 + below(2000), i % 3 ? AR_CSV_BEST : AR_CSV_PORTABLE);
        free(copy);
    }
    ar_buf_release(&table);
    ar_csv_index_release(&index);
}

static void test_pieces_are_cut(void)
{
    struct ar_csv_index index = { 0 };
    struct ar_error error;
    struct ar_buf table;
    ar_buf_init(&table);
    for (int i = 0; i < 100000; i++)
        ar_buf_add_format(&table, "%d,abc,%d\n", i, i * 7);
    CHECK(ar_csv_index_make(&index, table.data, table.len, 3, 10000, AR_CSV_BEST, 2, "table", &error) == 0);
    CHECK(index.rows == 100000 && index.n_pieces > 50, "%zu", index.n_pieces);
    size_t wrong = 0;
    for (size_t r = 0; r < index.rows; r++) {
        size_t n;
        const char *cell = ar_csv_index_cell(&index, ar_csv_index_piece(&index, r), r, 2, &n);
        wrong += strtoul(cell, NULL, 10) != r * 7;
        cell = ar_csv_index_cell(&index, ar_csv_index_piece(&index, r), r, 0, &n);
        wrong += strtoul(cell, NULL, 10) != r;
    }
    CHECK(wrong == 0, "%zu", wrong);
    ar_csv_index_release(&index);
    ar_buf_release(&table);
}

int main(void)
{
    test_random_tables();
    test_pieces_are_cut();
    return check_done();
}
