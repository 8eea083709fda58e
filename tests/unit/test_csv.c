/* SPDX-License-Identifier: MIT */
/*
 * The CSV scanner: both twins against a plain state machine, at every alignment, and the faults by hand.
 */
#include "codecs/csv.h"
#include "tests/unit/check.h"

/* What a table reads as: cells joined by US, rows by RS, or the fault: a machine that looks at one byte at a time. */
static void read_plainly(const char *data, size_t n, struct ar_buf *out, enum ar_csv_fault *fault)
{
    enum { START, PLAIN, QUOTED, CLOSED } state = START;
    uint64_t cells = 1, want = 0;
    size_t row = 0, row_text = 0;
    *fault = AR_CSV_OK;
    for (size_t i = 0; i <= n; i++) {
        int c = i < n ? (unsigned char)data[i] : -1;
        if (state == QUOTED && c == -1) {
            *fault = AR_CSV_UNTERMINATED;
            ar_buf_truncate(out, row_text);
            return;
        }
        if (state == QUOTED) {
            state = c == '"' ? CLOSED : QUOTED;
            if (state == QUOTED)
                ar_buf_add_char(out, (char)c);
        } else if (c == '\n' || c == '\r' || c == -1) {
            if (i > row) {
                if (want && cells != want) {
                    *fault = AR_CSV_RAGGED;
                    ar_buf_truncate(out, row_text);
                    return;
                }
                want = cells;
                ar_buf_add_char(out, '\x1e');
            }
            if (c == '\r' && i + 1 < n && data[i + 1] == '\n')
                i++;
            row = i + 1;
            row_text = out->len;
            cells = 1;
            state = START;
        } else if (c == ',') {
            cells++;
            ar_buf_add_char(out, '\x1f');
            state = START;
        } else if (c == '"' && state != PLAIN) {
            if (state == CLOSED)
                ar_buf_add_char(out, '"');
            state = QUOTED;
        } else if (state == CLOSED) {
            *fault = AR_CSV_AFTER_QUOTE;
            ar_buf_truncate(out, row_text);
            return;
        } else {
            ar_buf_add_char(out, (char)c);
            state = PLAIN;
        }
    }
}

/* Drops what the scanner needs no more: the rest is moved to memory of its own. Returns how much is left. */
static size_t drop(struct ar_csv_scan *scan, char **window, size_t there)
{
    size_t spent = ar_csv_scan_spent(scan);
    CHECK(spent <= there, "%zu of %zu", spent, there);
    char *moved = malloc(there - spent + 1);
    ar_csv_scan_drop(scan, spent, moved);
    memcpy(moved, *window + spent, there - spent);
    free(*window);
    *window = moved;
    return there - spent;
}

static void add_row(struct ar_buf *out, const char *data, const struct ar_csv_row *row, size_t cells)
{
    for (size_t i = 0; i < cells; i++) {
        if (i)
            ar_buf_add_char(out, '\x1f');
        uint64_t start = row->cell[2 * i];
        ar_csv_decode(out, data + start, (size_t)(row->cell[2 * i + 1] - start));
    }
    ar_buf_add_char(out, '\x1e');
}

/*
 * The same by a scanner that tracks all of its columns. piece: so many bytes arrive at a time, and what was seen is dropped; 0: all are
 * there.
 */
static void read_scanned(const char *data, size_t n, size_t piece, enum ar_csv_twin twin, struct ar_buf *out, enum ar_csv_fault *fault)
{
    struct ar_csv_scan *probe = ar_csv_scan_new(data, n, 0, NULL, 0, twin);
    const struct ar_csv_row *row;
    ar_csv_scan_rows(probe, &row);
    size_t cells = ar_csv_scan_seen(probe)->cells;
    ar_csv_scan_free(probe);
    size_t track[64];
    for (size_t i = 0; i < cells; i++)
        track[i] = i;
    size_t arrived = piece && piece < n ? piece : n, there = arrived;
    char *window = malloc(n + 1);
    memcpy(window, data, arrived);
    struct ar_csv_scan *scan = ar_csv_scan_new(window, arrived, cells, track, cells, twin);
    ssize_t rows;
    ar_csv_scan_arrived(scan, arrived, arrived == n);
    while ((rows = ar_csv_scan_rows(scan, &row)) > 0 || (rows == 0 && arrived < n)) {
        for (ssize_t r = 0; r < rows; r++)
            add_row(out, window, &row[r], cells);
        if (rows > 0)
            continue;
        there = drop(scan, &window, there);
        size_t more = n - arrived < piece ? n - arrived : piece;
        window = realloc(window, there + more + 1);
        ar_csv_scan_drop(scan, 0, window);
        memcpy(window + there, data + arrived, more);
        arrived += more;
        there += more;
        ar_csv_scan_arrived(scan, there, arrived == n);
    }
    const struct ar_csv_seen *seen = ar_csv_scan_seen(scan);
    *fault = seen->fault;
    CHECK(seen->lines_dropped + ar_csv_line_ends(window, there) == ar_csv_line_ends(data, arrived));
    free(window);
    ar_csv_scan_free(scan);
}

static void compare(const char *data, size_t n)
{
    struct ar_buf want, got;
    enum ar_csv_fault want_fault, got_fault;
    ar_buf_init(&want);
    ar_buf_init(&got);
    read_plainly(data, n, &want, &want_fault);
    for (enum ar_csv_twin twin = AR_CSV_PORTABLE; twin <= AR_CSV_AVX2; twin++) {
        static const size_t pieces[] = { 0, 1, 64, 100 };
        for (size_t i = 0; i < AR_COUNT(pieces); i++) {
            ar_buf_clear(&got);
            read_scanned(data, n, pieces[i], twin, &got, &got_fault);
            CHECK(got_fault == want_fault, "twin %d, pieces of %zu: fault %d, want %d in '%.*s'", twin, pieces[i], got_fault, want_fault,
                  (int)n, data);
            CHECK_BYTES(got.data, got.len, want.data, want.len);
        }
    }
    ar_buf_release(&want);
    ar_buf_release(&got);
}

static uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Random soup of the bytes that matter: mostly faults, found at all places. */
static void test_soup(void)
{
    uint64_t state = 1;
    static const char bytes[] = "\",,\n\raab\"c\n";
    for (int round = 0; round < CHECK_ROUNDS(8000); round++) {
        char data[200];
        size_t n = random_next(&state) % sizeof data;
        for (size_t i = 0; i < n; i++)
            data[i] = bytes[random_next(&state) % (sizeof bytes - 1)];
        compare(data, n);
    }
}

/* Random good tables, with every kind of cell and line end. */
static void test_tables(void)
{
    static const char *const cells[] = { "", "a", "5.80", "\"\"", "\"a,b\"", "\"x\r\ny\"", "\"\"\"\"", "say \"hi\"", "\"say \"\"hi\"\"\"",
                                         "\xe8\xbc\x9d\xe7\x82\xb9", "\"\xe8\xbc\x9d,\"", "a long cell that takes more than a block of bytes" };
    static const char *const ends[] = { "\n", "\r\n", "\r", "\n\n" };
    uint64_t state = 2;
    for (int round = 0; round < CHECK_ROUNDS(1200); round++) {
        struct ar_buf data;
        ar_buf_init(&data);
        unsigned columns = 1 + (unsigned)(random_next(&state) % 6), rows = (unsigned)(random_next(&state) % (round % 10 ? 40 : 2000));
        const char *end = ends[random_next(&state) % AR_COUNT(ends)];
        for (unsigned r = 0; r < rows; r++) {
            for (unsigned c = 0; c < columns; c++) {
                const char *cell = cells[random_next(&state) % AR_COUNT(cells)];
                ar_buf_add_text(&data, c ? "," : "");
                ar_buf_add_text(&data, columns == 1 && !*cell ? "\"\"" : cell);
            }
            if (r + 1 < rows || random_next(&state) % 2)
                ar_buf_add_text(&data, end);
        }
        compare(data.data, data.len);
        ar_buf_release(&data);
    }
}

static void check_fault(const char *data, size_t n, enum ar_csv_fault fault, uint64_t offset, const char *text)
{
    for (enum ar_csv_twin twin = AR_CSV_PORTABLE; twin <= AR_CSV_AVX2; twin++) {
        struct ar_csv_scan *scan = ar_csv_scan_new(data, n, 0, NULL, 0, twin);
        const struct ar_csv_row *row;
        while (ar_csv_scan_rows(scan, &row) > 0)
            ;
        const struct ar_csv_seen *seen = ar_csv_scan_seen(scan);
        CHECK(seen->fault == fault, "%d in '%s'", seen->fault, data);
        CHECK(seen->fault_offset == offset, "%" PRIu64 " in '%s'", seen->fault_offset, data);
        struct ar_error error;
        ar_csv_fail(seen, data, n, 1, "'x.csv'", &error);
        CHECK(error.status == AR_INPUT);
        CHECK(strstr(error.what, text) != NULL, "'%s' lacks '%s'", error.what, text);
        ar_csv_scan_free(scan);
    }
}

static void test_faults(void)
{
    check_fault("a,b\n1,2\n3\n", 10, AR_CSV_RAGGED, 8, "'x.csv', line 3: 1 cell, expected 2");
    check_fault("a,b\r\n\r\n1,2,3\r\n", 14, AR_CSV_RAGGED, 7, "line 3: 3 cells, expected 2");
    check_fault("a,b\n\"x\ny\",\"2\n3,4", 16, AR_CSV_UNTERMINATED, 10, "line 3: the quote that opens cell 2");
    check_fault("a,b\n1,\"2\"3\n", 11, AR_CSV_AFTER_QUOTE, 9, "line 2: text after the closing quote of cell 2");
    check_fault("a,b\n1,\0\n", 8, AR_CSV_NUL, 6, "line 2, column 3: a NUL");
    check_fault("a,b\n\xe8\xbc\x9d,\x83\x5c\n", 11, AR_CSV_UTF8, 8, "line 2, column 3: byte 0x83");
    check_fault("a\n\xe8\xbc", 4, AR_CSV_UTF8, 2, "line 2, column 1: byte 0xe8");
    check_fault("a\0b\0\n\0", 6, AR_CSV_NUL, 1, "UTF-16");
}

/* A sequence on the border between two blocks, and between two fills, is whole all the same. */
static void test_borders(void)
{
    char data[40000];
    for (size_t shift = 0; shift < 70; shift++) {
        size_t n = 0;
        while (n < shift)
            data[n++] = 'a';
        while (n + 4 < sizeof data) {
            memcpy(data + n, n % 50 == 7 ? "\n" : "\xf0\x9f\x94\xac", n % 50 == 7 ? 1 : 4);
            n += n % 50 == 7 ? 1 : 4;
        }
        struct ar_csv_scan *scan = ar_csv_scan_new(data, n, 1, NULL, 0, AR_CSV_BEST);
        const struct ar_csv_row *row;
        while (ar_csv_scan_rows(scan, &row) > 0)
            ;
        CHECK(ar_csv_scan_seen(scan)->fault == AR_CSV_OK, "shift %zu, offset %" PRIu64, shift, ar_csv_scan_seen(scan)->fault_offset);
        ar_csv_scan_free(scan);
    }
}

static void check_header_refused(const char *data, const char *text)
{
    struct ar_csv_header header;
    struct ar_error error;
    CHECK(ar_csv_header_read(&header, data, strlen(data), "'x.csv'", &error) == -1);
    CHECK(strstr(error.what, text) != NULL, "'%s' lacks '%s'", error.what, text);
}

static void test_header(void)
{
    static const char data[] = "\xef\xbb\xbf\r\n\"a \"\"b\"\"\",c,\"d,\ne\"\r\n1,2,3\r\n";
    struct ar_csv_header header;
    struct ar_error error;
    CHECK(ar_csv_header_read(&header, data, sizeof data - 1, "'x.csv'", &error) == 0);
    CHECK(header.cells == 3 && header.bom && header.cr && header.blank_lines == 1);
    CHECK_TEXT(header.name[0], "a \"b\"");
    CHECK_TEXT(header.name[2], "d,\ne");
    CHECK(header.start == 5 && header.end == 23 && header.next == 25, "%" PRIu64 " %" PRIu64, header.end, header.next);
    CHECK(ar_csv_header_find(&header, "c") == 1 && ar_csv_header_find(&header, "C") == -1);
    ar_csv_fail_column(&header, "C", "'x.csv'", &error);
    CHECK(strstr(error.what, "column 'C' not found; columns are 'a \"b\"', 'c', ") != NULL);
    ar_csv_header_release(&header);
    check_header_refused("", "'x.csv' is empty");
    check_header_refused("\n\n", "'x.csv' is empty");
    check_header_refused("a,b,a\n", "column 'a' is there twice");
    check_header_refused("a,,c\n", "column 2 of 3 has no name");
    check_header_refused("a,\"\",c\n", "column 2 of 3 has no name");
}

static void test_cells(void)
{
    static const char *const texts[] = { "", "a", "\"", "a\"b\"", "a,b", "x\ny", "\r" };
    static const char *const cells[] = { "", "a", "\"\"\"\"", "\"a\"\"b\"\"\"", "\"a,b\"", "\"x\ny\"", "\"\r\"" };
    struct ar_buf out;
    ar_buf_init(&out);
    for (size_t i = 0; i < AR_COUNT(texts); i++) {
        ar_buf_clear(&out);
        ar_csv_encode(&out, texts[i], strlen(texts[i]), false);
        CHECK_TEXT(out.data, cells[i]);
        ar_buf_clear(&out);
        ar_csv_decode(&out, cells[i], strlen(cells[i]));
        CHECK_TEXT(out.data, texts[i]);
    }
    ar_buf_clear(&out);
    ar_csv_encode(&out, "1", 1, true);
    CHECK_TEXT(out.data, "\"1\"");
    ar_buf_release(&out);
}

int main(void)
{
    test_soup();
    test_tables();
    test_faults();
    test_borders();
    test_header();
    test_cells();
    return check_done();
}
