/* SPDX-License-Identifier: MIT */
/*
 * Whatever the bytes are: both twins of the scanner find the same, and libcsv (strict, nothing trimmed) reads the same rows or refuses as
 * well. Where the two differ by design, the rows before that place are the same: we refuse NUL, bytes that are not UTF-8 and rows that are
 * not of the header's length, which libcsv takes; it refuses a quote within an unquoted cell, which we take.
 */
#include <csv.h>

#include "fuzz.h"
#include "bytes/text.h"
#include "codecs/csv_index.h"
#include "codecs/table.h"

#define COLUMNS_MAX 64 /* cells of a row that are compared */

/* Rows as one text: the cells of each with their lengths, so that the same text means the same rows. */
struct rows {
    struct ar_buf text;
    size_t n;
};

static void add_cell(struct ar_buf *out, const char *text, size_t n)
{
    ar_buf_add_format(out, "%zu:", n);
    ar_buf_add(out, text, n);
}

static void end_row(struct rows *rows)
{
    ar_buf_add_char(&rows->text, '\n');
    rows->n++;
}

static bool same_text(const struct ar_buf *a, const struct ar_buf *b)
{
    return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

/* ---- our scanner ---------------------------------------------------------------------------------------------------- */

struct scanned {
    struct rows rows;
    struct ar_csv_seen seen;
    bool stray;        /* a quote within an unquoted cell */
    size_t stray_text; /* length of rows.text before the first row that has one */
};

static void take_row(struct scanned *found, const char *data, const struct ar_csv_row *row, size_t cells)
{
    struct ar_buf value;
    size_t before = found->rows.text.len;
    ar_buf_init(&value);
    for (size_t i = 0; i < cells; i++) {
        const char *raw = data + row->cell[2 * i];
        size_t n = row->cell[2 * i + 1] - row->cell[2 * i];
        FUZZ_CHECK(row->cell[2 * i] >= row->start && row->cell[2 * i + 1] <= row->end && row->cell[2 * i] <= row->cell[2 * i + 1]);
        ar_buf_clear(&value);
        ar_csv_decode(&value, raw, n);
        add_cell(&found->rows.text, value.data, value.len);
        if (!found->stray && n > 0 && raw[0] != '"' && memchr(raw, '"', n)) {
            found->stray = true;
            found->stray_text = before;
        }
    }
    ar_buf_release(&value);
    end_row(&found->rows);
}

/* Scans with the first columns tracked, as many as cells says (0: none). */
static void scan(struct scanned *found, const char *data, size_t n, uint64_t cells, enum ar_csv_twin twin)
{
    size_t track[COLUMNS_MAX], tracked = cells < COLUMNS_MAX ? cells : COLUMNS_MAX;
    uint64_t end = 0;
    const struct ar_csv_row *row;
    ssize_t got;
    *found = (struct scanned){ 0 };
    ar_buf_init(&found->rows.text);
    for (size_t i = 0; i < tracked; i++)
        track[i] = i;
    struct ar_csv_scan *scanner = ar_csv_scan_new(data, n, cells, track, tracked, twin);
    FUZZ_CHECK(scanner);
    while ((got = ar_csv_scan_rows(scanner, &row)) > 0)
        for (ssize_t i = 0; i < got; i++) {
            FUZZ_CHECK(row[i].start >= end && row[i].end > row[i].start && row[i].next <= n && row[i].next - row[i].end <= 2);
            FUZZ_CHECK(ar_utf8_check(data + row[i].start, row[i].end - row[i].start) == row[i].end - row[i].start);
            end = row[i].next;
            take_row(found, data, &row[i], tracked);
        }
    found->seen = *ar_csv_scan_seen(scanner);
    FUZZ_CHECK((got == 0) == (found->seen.fault == AR_CSV_OK));
    FUZZ_CHECK(found->seen.rows == found->rows.n);
    FUZZ_CHECK(found->seen.fault == AR_CSV_OK || end <= found->seen.fault_offset);
    ar_csv_scan_free(scanner);
}

static void check_same_seen(const struct ar_csv_seen *a, const struct ar_csv_seen *b)
{
    FUZZ_CHECK(a->fault == b->fault && a->rows == b->rows && a->blank_lines == b->blank_lines && a->cr == b->cr && a->cells == b->cells);
    if (a->fault == AR_CSV_OK)
        return;
    FUZZ_CHECK(a->fault_offset == b->fault_offset);
    if (a->fault != AR_CSV_NUL && a->fault != AR_CSV_UTF8)
        FUZZ_CHECK(a->fault_row == b->fault_row);
    if (a->fault == AR_CSV_RAGGED)
        FUZZ_CHECK(a->fault_cells == b->fault_cells && a->fault_cells != a->cells);
}

/* ---- libcsv --------------------------------------------------------------------------------------------------------- */

struct libcsv {
    struct rows rows;
    struct ar_buf row; /* that is not complete */
    bool refused;
};

static void on_cell(void *text, size_t n, void *context)
{
    struct libcsv *other = context;
    add_cell(&other->row, text ? text : "", n);
}

static void on_row(int end, void *context)
{
    struct libcsv *other = context;
    (void)end;
    ar_buf_add(&other->rows.text, other->row.data, other->row.len);
    ar_buf_clear(&other->row);
    end_row(&other->rows);
}

static int is_space(unsigned char c)
{
    (void)c;
    return 0;
}

static void read_by_libcsv(struct libcsv *other, const char *data, size_t n)
{
    struct csv_parser parser;
    *other = (struct libcsv){ 0 };
    ar_buf_init(&other->rows.text);
    ar_buf_init(&other->row);
    FUZZ_CHECK(csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) == 0);
    csv_set_space_func(&parser, is_space);
    other->refused = csv_parse(&parser, data, n, on_cell, on_row, other) != n;
    if (!other->refused)
        other->refused = csv_fini(&parser, on_cell, on_row, other) != 0;
    csv_free(&parser);
}

static void compare_with_libcsv(const struct scanned *ours, const char *data, size_t n)
{
    struct libcsv other;
    const struct ar_buf *text = &ours->rows.text;
    size_t common = ours->stray ? ours->stray_text : text->len;
    read_by_libcsv(&other, data, n);
    FUZZ_CHECK(other.rows.text.len >= common && memcmp(other.rows.text.data, text->data, common) == 0);
    if (ours->stray) {
        FUZZ_CHECK(other.refused && other.rows.text.len == common);
    } else if (ours->seen.fault == AR_CSV_OK) {
        FUZZ_CHECK(!other.refused && other.rows.text.len == common);
    } else if (ours->seen.fault == AR_CSV_UNTERMINATED || ours->seen.fault == AR_CSV_AFTER_QUOTE) {
        FUZZ_CHECK(other.refused && other.rows.text.len == common);
    } else if (ours->seen.fault == AR_CSV_RAGGED) {
        FUZZ_CHECK(other.refused || other.rows.n > ours->rows.n);
    }
    ar_buf_release(&other.rows.text);
    ar_buf_release(&other.row);
}

/* ---- tables --------------------------------------------------------------------------------------------------------- */

static void add_table_row(struct rows *rows, struct ar_buf *encoded, const struct ar_table *table, size_t row)
{
    struct ar_buf value;
    ar_buf_init(&value);
    for (size_t i = 0; i < table->columns; i++) {
        struct ar_cell cell = ar_table_cell(table, row, i);
        ar_buf_clear(&value);
        ar_cell_add(&value, &cell);
        FUZZ_CHECK(ar_cell_is(&cell, value.data, value.len));
        if (i < COLUMNS_MAX)
            add_cell(&rows->text, value.data, value.len);
        ar_csv_encode(encoded, value.data, value.len, cell.quoted);
        ar_buf_add_char(encoded, i + 1 < table->columns ? ',' : '\n');
    }
    ar_buf_release(&value);
    end_row(rows);
}

/* A table has the scanner's rows, and what is encoded reads back the same. */
static void check_table(const struct scanned *ours, const char *data, size_t n)
{
    struct ar_table table;
    struct ar_error error = { 0 };
    bool bom = n >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0;
    if (ar_table_parse(&table, data, n, "input", &error) != 0) {
        FUZZ_CHECK(error.status == AR_INPUT && error.what[0]);
        return;
    }
    struct rows rows = { 0 };
    struct ar_buf encoded;
    struct scanned again;
    ar_buf_init(&rows.text);
    ar_buf_init(&encoded);
    add_table_row(&rows, &encoded, &table, AR_TABLE_HEADER);
    for (size_t i = 0; i < table.rows; i++)
        add_table_row(&rows, &encoded, &table, i);
    FUZZ_CHECK(bom || (ours->seen.fault == AR_CSV_OK && same_text(&rows.text, &ours->rows.text)));
    scan(&again, encoded.data, encoded.len, table.columns, AR_CSV_BEST);
    FUZZ_CHECK(again.seen.fault == AR_CSV_OK && same_text(&rows.text, &again.rows.text));
    ar_buf_release(&again.rows.text);
    ar_buf_release(&rows.text);
    ar_buf_release(&encoded);
    ar_table_release(&table);
}

/* ---- the index of cells --------------------------------------------------------------------------------------------- */

/* The index has the scanner's rows, or refuses with the same words, whichever the twin and however it is cut into pieces. */
static void check_index(const struct scanned *ours, const char *data, size_t n, uint64_t piece_max, enum ar_csv_twin twin)
{
    struct ar_csv_index index = { 0 };
    struct ar_error error = { 0 }, expected = { 0 };
    struct rows rows = { 0 };
    struct ar_buf value;
    size_t cells = ours->seen.cells;
    if (cells == 0 || cells > COLUMNS_MAX)
        return;
    if (ar_csv_index_make(&index, data, n, cells, piece_max, twin, 1, "input", &error) != 0) {
        bool fault = ours->seen.fault != AR_CSV_OK;
        FUZZ_CHECK(fault || strstr(error.what, "larger than"));
        FUZZ_CHECK(!fault || ar_csv_fail(&ours->seen, data, n, 1, "input", &expected) == -1);
        FUZZ_CHECK(!fault || piece_max < AR_CSV_PIECE_MAX || strcmp(error.what, expected.what) == 0);
        ar_csv_index_release(&index);
        return;
    }
    ar_buf_init(&rows.text);
    ar_buf_init(&value);
    for (size_t row = 0; row < index.rows; row++) {
        const struct ar_csv_piece *piece = ar_csv_index_piece(&index, row);
        for (size_t i = 0; i < cells; i++) {
            size_t len;
            const char *cell = ar_csv_index_cell(&index, piece, row, i, &len);
            FUZZ_CHECK(cell >= data && len <= n && cell + len <= data + n);
            ar_buf_clear(&value);
            ar_csv_decode(&value, cell, len);
            add_cell(&rows.text, value.data, value.len);
        }
        end_row(&rows);
    }
    FUZZ_CHECK(ours->seen.fault == AR_CSV_OK && rows.n == ours->rows.n && same_text(&rows.text, &ours->rows.text));
    ar_buf_release(&rows.text);
    ar_buf_release(&value);
    ar_csv_index_release(&index);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct scanned plain, portable, best;
    scan(&plain, text, size, 0, AR_CSV_BEST);
    scan(&portable, text, size, plain.seen.cells, AR_CSV_PORTABLE);
    scan(&best, text, size, plain.seen.cells, AR_CSV_BEST);
    check_same_seen(&plain.seen, &portable.seen);
    check_same_seen(&best.seen, &portable.seen);
    FUZZ_CHECK(same_text(&best.rows.text, &portable.rows.text));
    if (best.seen.cells <= COLUMNS_MAX)
        compare_with_libcsv(&best, text, size);
    check_table(&best, text, size);
    check_index(&best, text, size, AR_CSV_PIECE_MAX, AR_CSV_BEST);
    check_index(&best, text, size, AR_CSV_PIECE_MAX, AR_CSV_PORTABLE);
    check_index(&best, text, size, 300, AR_CSV_BEST);
    if (best.seen.fault != AR_CSV_OK) {
        struct ar_error error = { 0 };
        FUZZ_CHECK(ar_csv_fail(&best.seen, text, size, 1, "input", &error) == -1);
        fuzz_check_error(&error);
    }
    ar_buf_release(&plain.rows.text);
    ar_buf_release(&portable.rows.text);
    ar_buf_release(&best.rows.text);
    return 0;
}
