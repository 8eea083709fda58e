/* SPDX-License-Identifier: MIT */
#include "codecs/table.h"

/* Where the quoted cell with the opening quote before pos ends. */
static size_t quoted_end(const char *text, size_t n, size_t pos)
{
    for (;;) {
        const char *quote = pos < n ? memchr(text + pos, '"', n - pos) : NULL;
        if (!quote)
            return n + 1;
        pos = (size_t)(quote - text) + 1;
        if (pos == n || text[pos] != '"')
            break;
        pos++; /* a doubled one */
    }
    return pos == n || text[pos] == ',' || text[pos] == '\n' || text[pos] == '\r' ? pos : n + 1;
}

/* Where the cell from pos ends; n + 1 where its quotes are wrong. */
static size_t cell_end(const char *text, size_t n, size_t pos)
{
    if (pos < n && text[pos] == '"')
        return quoted_end(text, n, pos + 1);
    while (pos < n && text[pos] != ',' && text[pos] != '\n' && text[pos] != '\r')
        pos++;
    return pos;
}

ssize_t ar_row_split(const char *text, size_t n, size_t *pos, uint32_t *at, size_t max)
{
    size_t cells = 0, start = *pos;
    at[0] = (uint32_t)start;
    for (;;) {
        size_t end = cell_end(text, n, start);
        if (end > n)
            return -1;
        if (++cells <= max)
            at[cells] = (uint32_t)end;
        start = end + 1;
        if (end < n && text[end] == ',')
            continue;
        bool crlf = end + 1 < n && text[end] == '\r' && text[end + 1] == '\n';
        *pos = end == n ? n : start + crlf;
        return (ssize_t)cells;
    }
}

struct ar_cell ar_row_cell(const char *text, const uint32_t *at, size_t column)
{
    const char *start = text + at[column] + (column > 0); /* behind the comma */
    size_t len = (size_t)(text + at[column + 1] - start);
    if (len < 2 || *start != '"')
        return (struct ar_cell){ .text = start, .len = len };
    return (struct ar_cell){ .text = start + 1, .len = len - 2, .quoted = true, .doubled = memchr(start + 1, '"', len - 2) };
}

void ar_cell_add(struct ar_buf *out, const struct ar_cell *cell)
{
    if (cell->doubled)
        ar_csv_decode(out, cell->text - 1, cell->len + 2);
    else
        ar_buf_add(out, cell->text, cell->len);
}

bool ar_cell_is(const struct ar_cell *cell, const char *text, size_t n)
{
    if (!cell->doubled)
        return cell->len == n && memcmp(cell->text, text, n) == 0;
    size_t k = 0;
    for (size_t i = 0; i < cell->len; i++, k++) {
        if (k == n || cell->text[i] != text[k])
            return false;
        i += cell->text[i] == '"'; /* the second of the two */
    }
    return k == n;
}

/* ---- the table ------------------------------------------------------------------------------------------------------ */

/* Checks all rows behind the header and counts them. */
static int check_rows(struct ar_table *table, size_t n, const char *what, struct ar_error *error)
{
    const char *body = table->text + table->header.next;
    size_t len = n - (size_t)table->header.next;
    struct ar_csv_scan *scan = ar_csv_scan_new(body, len, table->columns, NULL, 0, AR_CSV_BEST);
    if (!scan)
        return ar_fail_memory(error);
    const struct ar_csv_row *rows;
    ssize_t got;
    while ((got = ar_csv_scan_rows(scan, &rows)) > 0)
        continue;
    const struct ar_csv_seen *seen = ar_csv_scan_seen(scan);
    table->rows = (size_t)seen->rows;
    if (got < 0)
        ar_csv_fail(seen, body, len, ar_csv_line(table->text, table->header.next), what, error);
    ar_csv_scan_free(scan);
    return (int)got;
}

/* Notes where the cells of rows that were checked begin and end. */
static int find_cells(struct ar_table *table, size_t n, const char *what, struct ar_error *error)
{
    size_t stride = table->columns + 1, pos = (size_t)table->header.start;
    if (table->rows >= SIZE_MAX / sizeof *table->at / stride - 1)
        return ar_fail_memory(error);
    table->at = malloc((table->rows + 1) * stride * sizeof *table->at);
    if (!table->at)
        return ar_fail_memory(error);
    for (size_t row = 0; row <= table->rows; row++) {
        while (pos < n && (table->text[pos] == '\n' || table->text[pos] == '\r'))
            pos++;
        if (ar_row_split(table->text, n, &pos, table->at + row * stride, table->columns) != (ssize_t)table->columns)
            return ar_fail(error, AR_INPUT, "%s, line %" PRIu64 ": is no CSV row", what, ar_csv_line(table->text, pos));
    }
    return 0;
}

int ar_table_parse(struct ar_table *table, const char *text, size_t n, const char *what, struct ar_error *error)
{
    *table = (struct ar_table){ .text = text };
    if (n >= UINT32_MAX) {
        ar_fail(error, AR_INPUT, "%s is larger than 4 GiB", what);
        return ar_hint(error, "A table of results is held in memory: leave out what is not a result.");
    }
    if (ar_csv_header_read(&table->header, text, n, what, error) < 0)
        return -1;
    table->columns = table->header.cells;
    table->name = table->header.name;
    if (check_rows(table, n, what, error) < 0 || find_cells(table, n, what, error) < 0) {
        ar_table_release(table);
        return -1;
    }
    return 0;
}

void ar_table_release(struct ar_table *table)
{
    ar_csv_header_release(&table->header);
    free(table->at);
    *table = (struct ar_table){ 0 };
}

ssize_t ar_table_find(const struct ar_table *table, const char *name)
{
    return ar_csv_header_find(&table->header, name);
}

static const uint32_t *row_at(const struct ar_table *table, size_t row)
{
    return table->at + (row + 1) * (table->columns + 1); /* the header, SIZE_MAX, is row 0 here */
}

struct ar_cell ar_table_cell(const struct ar_table *table, size_t row, size_t column)
{
    return ar_row_cell(table->text, row_at(table, row), column);
}

const char *ar_table_row(const struct ar_table *table, size_t row, size_t *len)
{
    const uint32_t *at = row_at(table, row);
    *len = at[table->columns] - at[0];
    return table->text + at[0];
}

uint64_t ar_table_line(const struct ar_table *table, size_t row)
{
    return ar_csv_line(table->text, row_at(table, row)[0]);
}
