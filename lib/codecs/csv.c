/* SPDX-License-Identifier: MIT */
/*
 * CSV beyond the scanner: what a fault is called, headers, single cells.
 */
#include "codecs/csv.h"

#include "bytes/text.h"

uint64_t ar_csv_line_ends(const char *data, uint64_t n)
{
    uint64_t lines = 0;
    for (uint64_t i = 0; i < n; i++) {
        if (data[i] == '\n')
            lines += !(i > 0 && data[i - 1] == '\r');
        else if (data[i] == '\r')
            lines++;
    }
    return lines;
}

uint64_t ar_csv_line(const char *data, uint64_t offset)
{
    /* The LF of a CRLF is still in the line that its CR ended. */
    uint64_t lines = ar_csv_line_ends(data, offset);
    if (offset > 0 && data[offset] == '\n' && data[offset - 1] == '\r')
        lines--;
    return lines + 1;
}

/* The number of the cell (from 1) of the row from start in which offset stands, and where that cell begins. */
static uint64_t cell_number(const char *data, uint64_t start, uint64_t offset, uint64_t *begins)
{
    uint64_t cells = 1;
    *begins = start;
    bool inside = false;
    bool cell_start = true;
    for (uint64_t i = start; i < offset; i++) {
        if (data[i] == '"' && (inside || cell_start))
            inside = !inside;
        if (data[i] == ',' && !inside) {
            cells++;
            *begins = i + 1;
        }
        cell_start = data[i] == ',' && !inside;
    }
    return cells;
}

/* Characters between the start of the line of offset and offset, from 1. */
static uint64_t column_in_line(const char *data, uint64_t offset)
{
    uint64_t column = 1;
    for (uint64_t i = offset; i > 0 && data[i - 1] != '\n' && data[i - 1] != '\r'; i--)
        column += ((unsigned char)data[i - 1] & 0xc0) != 0x80;
    return column;
}

/* "UTF-16" or "UTF-32", by a byte order mark or by where the NULs of its first characters are; else NULL. */
static const char *looks_like(const char *data, uint64_t n)
{
    if (n >= 4 && (memcmp(data, "\xff\xfe\0\0", 4) == 0 || memcmp(data, "\0\0\xfe\xff", 4) == 0))
        return "UTF-32";
    if (n >= 2 && (memcmp(data, "\xff\xfe", 2) == 0 || memcmp(data, "\xfe\xff", 2) == 0))
        return "UTF-16";
    if (n < 4 || (!data[0] && !data[1] && !data[3]))
        return NULL;
    if ((!data[1] && !data[2] && !data[3]) || (!data[0] && !data[1] && !data[2]))
        return "UTF-32";
    return (data[0] && !data[1] && data[2] && !data[3]) || (!data[0] && data[1] && !data[2] && data[3]) ? "UTF-16" : NULL;
}

/* .xlsx and .ods are zip archives, .xls is an OLE2 file: by their first bytes. */
static bool looks_like_workbook(const char *data, uint64_t n)
{
    return n >= 8 && (memcmp(data, "PK\3\4", 4) == 0 || memcmp(data, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8) == 0);
}

/* A pickle of protocol 2 to 5 begins so; no text does. */
static bool looks_pickled(const char *data, uint64_t n)
{
    return n >= 2 && data[0] == '\x80' && data[1] >= 2 && data[1] <= 5;
}

static int fail_encoding(const struct ar_csv_seen *seen, const char *data, uint64_t n, uint64_t line, const char *what,
                         struct ar_error *error)
{
    uint64_t at = seen->fault_offset;
    const char *encoding = looks_like(data, n);
    if (encoding) {
        ar_fail(error, AR_INPUT, "%s, line %" PRIu64 ": is %s, expected UTF-8", what, line, encoding);
        return ar_hint(error, "Convert the file first: iconv -f %s -t UTF-8 FILE > NEW.", encoding);
    }
    if (looks_pickled(data, n)) {
        ar_fail(error, AR_INPUT, "%s is a Python pickle, expected CSV", what);
        return ar_hint(error, "Turn a tar of the Python runner into lanes first: ar-convert --from first, or --from present. Of "
                              "another table pandas makes CSV: to_csv(index=False).");
    }
    if (looks_like_workbook(data, n)) {
        ar_fail(error, AR_INPUT, "%s is a workbook of a spreadsheet, or a zip archive, expected CSV", what);
        return ar_hint(error, "Save the sheet as CSV in UTF-8; an archive is to be unpacked first.");
    }
    if (seen->fault == AR_CSV_NUL) {
        ar_fail(error, AR_INPUT, "%s, line %" PRIu64 ", column %" PRIu64 ": a NUL byte, expected text", what, line,
                column_in_line(data, at));
        return ar_hint(error, "The file is damaged or not CSV: export it again.");
    }
    ar_fail(error, AR_INPUT, "%s, line %" PRIu64 ", column %" PRIu64 ": byte 0x%02x is not UTF-8", what, line,
            column_in_line(data, at), (unsigned char)data[at]);
    return ar_hint(error, "Only UTF-8 is read: convert a file in CP932 (Shift_JIS) or UTF-16 first, as in "
                          "iconv -f CP932 -t UTF-8 FILE > NEW.");
}

int ar_csv_fail(const struct ar_csv_seen *seen, const char *data, uint64_t n, uint64_t first_line, const char *what,
                struct ar_error *error)
{
    uint64_t line = first_line - 1 + ar_csv_line(data, seen->fault_offset);
    uint64_t begins = 0, cell = seen->fault < AR_CSV_NUL ? cell_number(data, seen->fault_row, seen->fault_offset, &begins) : 0;
    uint64_t first = first_line - 1 + ar_csv_line(data, begins); /* of that cell */
    switch (seen->fault) {
    case AR_CSV_RAGGED:
        ar_fail(error, AR_INPUT,
                ar_tr_n("%s, line %" PRIu64 ": %" PRIu64 " cell, expected %" PRIu64 " as in the header",
                        "%s, line %" PRIu64 ": %" PRIu64 " cells, expected %" PRIu64 " as in the header", seen->fault_cells),
                what, line, seen->fault_cells, seen->cells);
        return ar_hint(error,
                       "The row is cut or damaged, or a cell with a comma lacks its quotes: correct it, or export the file "
                       "again.");
    case AR_CSV_UNTERMINATED:
        ar_fail(error, AR_INPUT, "%s, line %" PRIu64 ": the quote that opens cell %" PRIu64 " is never closed", what, line, cell);
        return ar_hint(error,
                       "The file is cut, or a quote at the start of a cell is not doubled: correct it or export the file again.");
    case AR_CSV_AFTER_QUOTE:
        ar_fail(error, AR_INPUT,
                "%s, line %" PRIu64 ": text after the closing quote of cell %" PRIu64 ", expected a comma or the line's end",
                what, line, cell);
        if (first < line)
            return ar_hint(error,
                           "That cell begins in line %" PRIu64 ": is its quote not closed there? A quote within a quoted cell must be doubled.",
                           first);
        return ar_hint(error,
                       "Within a quoted cell each quote must be doubled, and the closing quote must be the cell's last "
                       "character.");
    case AR_CSV_NUL:
    case AR_CSV_UTF8:
        return fail_encoding(seen, data, n, line, what, error);
    case AR_CSV_OK:
        break;
    }
    return ar_fail_memory(error);
}

/* ---- a header ------------------------------------------------------------------------------------------------------- */

static int check_names(const struct ar_csv_header *header, const char *what, struct ar_error *error);

/* Where the cell from at ends, in a row that ends at end and was found good. */
static uint64_t cell_end(const char *data, uint64_t at, uint64_t end)
{
    if (at == end || data[at] != '"') {
        const char *comma = memchr(data + at, ',', (size_t)(end - at));
        return comma ? (uint64_t)(comma - data) : end;
    }
    for (uint64_t i = at + 1; i < end; i++)
        if (data[i] == '"' && (++i == end || data[i] != '"'))
            return i;
    return end;
}

/* Splits the header row into its names. */
static int split_names(struct ar_csv_header *header, const char *data, struct ar_error *error)
{
    struct ar_buf name;
    ar_buf_init(&name);
    header->name = calloc(header->cells, sizeof *header->name);
    uint64_t at = header->start;
    size_t i = 0;
    while (header->name && i < header->cells) {
        uint64_t end = cell_end(data, at, header->end);
        ar_buf_clear(&name);
        ar_csv_decode(&name, data + at, (size_t)(end - at));
        if (name.failed || !(header->name[i] = strdup(name.data)))
            break;
        i++;
        at = end + 1;
    }
    ar_buf_release(&name);
    return header->name && i == header->cells ? 0 : ar_fail_memory(error);
}

/* The commas of a line that are not quoted; 0 where it holds what else separates cells. Sets end, to behind the line. */
static size_t count_commas(const char *data, uint64_t at, uint64_t n, uint64_t *end)
{
    const char *newline = memchr(data + at, '\n', (size_t)(n - at));
    size_t commas = 0;
    bool quoted = false;
    *end = newline ? (uint64_t)(newline - data) + 1 : n;
    for (uint64_t i = at; i < *end; i++) {
        if (data[i] == ';' || data[i] == '\t')
            return 0;
        quoted ^= data[i] == '"';
        commas += data[i] == ',' && !quoted;
    }
    return commas;
}

/*
 * What an instrument writes above its table has one cell a line, or two, as in "Instrument,X". The line among the next ones where two
 * rows of more cells follow each other, or one that is the last; 0 where there is none.
 */
static size_t find_wider(const struct ar_csv_header *header, const char *data, uint64_t n)
{
    enum { LINES = 50, BYTES = 65536 };
    const size_t enough = header->cells == 1 ? 1 : 3; /* a comma at the end of each row makes no table */
    size_t before = 0, line = 1;
    if (header->cells > 2)
        return 0;
    for (uint64_t i = 0; i < header->next; i++)
        line += data[i] == '\n';
    if (n - header->next > BYTES)
        n = header->next + BYTES;
    for (uint64_t at = header->next, end; at < n && line <= LINES; at = end, line++) {
        size_t commas = count_commas(data, at, n, &end);
        if (commas >= enough && (commas == before || (end == n && !before)))
            return before ? line - 1 : line;
        before = commas >= enough ? commas : 0;
    }
    return 0;
}

int ar_csv_header_read(struct ar_csv_header *header, const char *data, uint64_t n, const char *what, struct ar_error *error)
{
    *header = (struct ar_csv_header){ 0 };
    header->bom = n >= 3 && memcmp(data, AR_CSV_BOM, 3) == 0;
    uint64_t skip = header->bom ? 3 : 0;
    struct ar_csv_scan *scan = ar_csv_scan_new(data + skip, n - skip, 0, NULL, 0, AR_CSV_BEST);
    if (!scan)
        return ar_fail_memory(error);
    const struct ar_csv_row *row;
    ssize_t rows = 0;
    /* No more is looked at than the header takes: the rows behind it are scanned by who reads them. */
    for (uint64_t some = 1024, there = 0; rows == 0 && there < n - skip; some *= 4) {
        there = some < n - skip ? some : n - skip;
        ar_csv_scan_arrived(scan, there, there == n - skip);
        rows = ar_csv_scan_rows(scan, &row);
    }
    struct ar_csv_seen seen = *ar_csv_scan_seen(scan);
    if (rows > 0) {
        header->start = row->start + skip;
        header->end = row->end + skip;
        header->next = row->next + skip;
        header->cells = seen.cells;
        header->cr = row->next > row->end && data[header->end] == '\r';
    }
    ar_csv_scan_free(scan);
    if (rows < 0)
        return ar_csv_fail(&seen, data + skip, n - skip, 1, what, error);
    if (rows == 0) {
        ar_fail(error, AR_INPUT, "%s is empty, expected CSV with a header line", what);
        return ar_hint(error, "Export the file again, or leave it out.");
    }
    for (uint64_t i = skip; i < header->start; i++)
        header->blank_lines += data[i] == '\n' ? !(i > skip && data[i - 1] == '\r') : 1;
    if (split_names(header, data, error) != 0 || check_names(header, what, error) != 0) {
        ar_csv_header_release(header);
        return -1;
    }
    return 0;
}

void ar_csv_header_release(struct ar_csv_header *header)
{
    for (size_t i = 0; header->name && i < header->cells; i++)
        free(header->name[i]);
    free(header->name);
    *header = (struct ar_csv_header){ 0 };
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Is there a byte order mark left? It would be taken off when the header comes first in a file. */
int ar_csv_check_bom(const char *name, const char *what, struct ar_error *error)
{
    if (strncmp(name, AR_CSV_BOM, strlen(AR_CSV_BOM)) != 0)
        return 0;
    ar_fail(error, AR_INPUT,
            "%s: a byte order mark stands before the name of the first column, and not at the start of the file", what);
    return ar_hint(error, "Take it away: a file has at most one, and nothing before it.");
}

/* Refuses a name that is empty or there twice. */
static int check_names(const struct ar_csv_header *header, const char *what, struct ar_error *error)
{
    const char **sorted = calloc(header->cells, sizeof *sorted);
    if (!sorted)
        return ar_fail_memory(error);
    int result = ar_csv_check_bom(header->name[0], what, error);
    for (size_t i = 0; i < header->cells && result == 0; i++) {
        sorted[i] = header->name[i];
        if (!*header->name[i]) {
            ar_fail(error, AR_INPUT, "%s: column %zu of %zu has no name", what, i + 1, header->cells);
            result = ar_hint(error, "Each cell of the header line must name its column.");
        }
    }
    if (result == 0)
        qsort(sorted, header->cells, sizeof *sorted, compare_names);
    for (size_t i = 1; i < header->cells && result == 0; i++) {
        if (strcmp(sorted[i - 1], sorted[i]) == 0) {
            ar_fail(error, AR_INPUT, "%s: column '%s' is there twice", what, sorted[i]);
            result = ar_hint(error, "Give each column a name of its own.");
        }
    }
    free(sorted);
    return result;
}

void ar_csv_header_look_below(struct ar_csv_header *header, const char *data, uint64_t n)
{
    header->wider = find_wider(header, data, n);
}

ssize_t ar_csv_header_find(const struct ar_csv_header *header, const char *name)
{
    for (size_t i = 0; i < header->cells; i++)
        if (strcmp(header->name[i], name) == 0)
            return (ssize_t)i;
    return -1;
}

int ar_csv_fail_column(const struct ar_csv_header *header, const char *name, const char *what, struct ar_error *error)
{
    struct ar_buf list;
    ar_buf_init(&list);
    for (size_t i = 0; i < header->cells && list.len < 800; i++)
        ar_buf_add_format(&list, "%s'%s'", i ? ", " : "", header->name[i]);
    ar_fail(error, AR_INPUT, "%s: column '%s' not found; columns are %s%s", what, name, list.data, list.len < 800 ? "" : ", …");
    ar_buf_release(&list);
    if (header->cells == 1 && strpbrk(header->name[0], ";\t"))
        ar_hint(error,
                "The cells seem to be separated by %s: only commas are read, so convert the file first: python3 -c \"import csv, sys; "
                "csv.writer(sys.stdout).writerows(csv.reader(sys.stdin, delimiter='%s'))\" < FILE > NEW.",
                strchr(header->name[0], ';') ? "';'" : ar_tr("tabs"), strchr(header->name[0], ';') ? ";" : "\\t");
    if (header->wider)
        ar_hint(error, "Lines seem to stand above the header, which is line %zu: take them off first, as 'tail -n +%zu' does.",
                header->wider, header->wider);
    return -1;
}

/* ---- cells ---------------------------------------------------------------------------------------------------------- */

void ar_csv_decode(struct ar_buf *out, const char *raw, size_t n)
{
    if (n == 0 || raw[0] != '"') {
        ar_buf_add(out, raw, n);
        return;
    }
    const char *at = raw + 1;
    const char *end = raw + n - (n > 1 && raw[n - 1] == '"');
    while (at < end) {
        const char *quote = memchr(at, '"', (size_t)(end - at));
        if (!quote) {
            ar_buf_add(out, at, (size_t)(end - at));
            return;
        }
        ar_buf_add(out, at, (size_t)(quote + 1 - at));
        at = quote + 2;
    }
}

void ar_csv_encode(struct ar_buf *out, const char *text, size_t n, bool quote)
{
    for (size_t i = 0; i < n && !quote; i++)
        quote = text[i] == ',' || text[i] == '"' || text[i] == '\n' || text[i] == '\r';
    if (!quote) {
        ar_buf_add(out, text, n);
        return;
    }
    ar_buf_add_char(out, '"');
    for (const char *end = text + n; text < end;) {
        const char *stop = memchr(text, '"', (size_t)(end - text));
        size_t piece = stop ? (size_t)(stop + 1 - text) : (size_t)(end - text);
        ar_buf_add(out, text, piece);
        if (stop)
            ar_buf_add_char(out, '"');
        text += piece;
    }
    ar_buf_add_char(out, '"');
}
