/* SPDX-License-Identifier: MIT */
#include "lanes/samples.h"

#include <csv.h>
#include <fcntl.h>

#include "bytes/io.h"
#include "bytes/text.h"
#include "codecs/csv.h"

struct reader {
    struct ar_targets *targets;
    const char *what;
    struct ar_error *error;
    struct ar_names columns; /* of the header */
    bool have_header;
    ssize_t data_column;
    ssize_t sample_column;
    struct ar_buf data;      /* of the row at hand */
    struct ar_buf sample;
    size_t cells;            /* of the row at hand, so far */
    uint64_t line;           /* where the row at hand begins */
    bool in_row;
    bool failed;
};

static int keep_blanks(unsigned char c)
{
    (void)c;
    return 0;
}

/* ---- what libcsv calls ---------------------------------------------------------------------------------------------- */

static int add_column(struct reader *reader, const char *name, size_t n)
{
    bool added;
    if (reader->cells == 0 && ar_csv_check_bom(name, reader->what, reader->error) != 0)
        return -1;
    if (n == 0) {
        ar_fail(reader->error, AR_INPUT, "%s, line %" PRIu64 ": column %zu has no name", reader->what, reader->line,
                reader->cells + 1);
        return ar_hint(reader->error, "Each cell of the header line must name its column.");
    }
    if (ar_names_add(&reader->columns, name, n, &added) < 0)
        return ar_fail_memory(reader->error);
    if (!added) {
        ar_fail(reader->error, AR_INPUT, "%s, line %" PRIu64 ": column '%.*s' is there twice", reader->what, reader->line,
                (int)n, name);
        return ar_hint(reader->error, "Give each column a name of its own.");
    }
    return 0;
}

static void on_cell(void *text, size_t n, void *user)
{
    struct reader *reader = user;
    if (reader->failed)
        return;
    if (!reader->have_header)
        reader->failed = add_column(reader, text, n) < 0;
    else if (reader->cells == (size_t)reader->data_column)
        ar_buf_add(&reader->data, text, n);
    else if (reader->cells == (size_t)reader->sample_column)
        ar_buf_add(&reader->sample, text, n);
    reader->cells++;
}

static int fail_column(struct reader *reader, const char *name)
{
    struct ar_csv_header header = { .cells = reader->columns.count };
    header.name = calloc(header.cells, sizeof *header.name);
    if (!header.name)
        return ar_fail_memory(reader->error);
    for (size_t i = 0; i < header.cells; i++)
        header.name[i] = reader->columns.name[i].text;
    ar_csv_fail_column(&header, name, reader->what, reader->error);
    free(header.name);
    if (*reader->error->hint)
        return -1;
    return ar_hint(reader->error, "A samples table has the columns 'data' (a lane's data name) and 'sample' (its sample name).");
}

static int take_header(struct reader *reader)
{
    reader->have_header = true;
    reader->data_column = ar_names_find(&reader->columns, "data", 4);
    reader->sample_column = ar_names_find(&reader->columns, "sample", 6);
    if (reader->data_column < 0)
        return fail_column(reader, "data");
    if (reader->sample_column < 0)
        return fail_column(reader, "sample");
    return 0;
}

static int take_row(struct reader *reader)
{
    struct ar_error *error = reader->error;
    size_t expected = reader->columns.count;
    if (reader->cells != expected) {
        ar_fail(error, AR_INPUT,
                ar_tr_n("%s, line %" PRIu64 ": %zu cell, expected %zu as in the header",
                        "%s, line %" PRIu64 ": %zu cells, expected %zu as in the header", reader->cells),
                reader->what, reader->line, reader->cells, expected);
        return ar_hint(error, "A cell with a comma must stand in quotes.");
    }
    if (ar_buf_check(&reader->data, error) < 0 || ar_buf_check(&reader->sample, error) < 0)
        return -1;
    if (ar_targets_add(reader->targets, reader->data.data, reader->data.len, reader->sample.data, reader->sample.len, error) < 0)
        return ar_fail_in(error, "%s, line %" PRIu64, reader->what, reader->line);
    reader->targets->entry[reader->targets->count - 1].line = reader->line;
    return 0;
}

static void on_row(int end, void *user)
{
    (void)end;
    struct reader *reader = user;
    if (!reader->failed)
        reader->failed = (reader->have_header ? take_row(reader) : take_header(reader)) < 0;
    ar_buf_clear(&reader->data);
    ar_buf_clear(&reader->sample);
    reader->cells = 0;
    reader->in_row = false;
}

/* ---- feeding it ----------------------------------------------------------------------------------------------------- */

static int fail_parser(struct reader *reader, struct csv_parser *parser, bool at_end)
{
    if (csv_error(parser) != CSV_EPARSE)
        return ar_fail_memory(reader->error);
    ar_fail(reader->error, AR_INPUT, at_end ? N_("%s, line %" PRIu64 ": a quote that opens a cell is never closed")
                                            : N_("%s, line %" PRIu64 ": a quote out of place"), reader->what, reader->line);
    return ar_hint(reader->error, "A cell that holds a quote stands in quotes, and each quote in it is doubled: \"5\"\" tube\".");
}

/* The length of the line at text, with its line end. */
static size_t line_length(const char *text, size_t n)
{
    size_t len = 0;
    while (len < n && text[len] != '\n' && text[len] != '\r')
        len++;
    if (len < n)
        len += len + 1 < n && text[len] == '\r' && text[len + 1] == '\n' ? 2 : 1;
    return len;
}

/* Line by line, since libcsv does not tell where a row begins. */
static int feed(struct reader *reader, struct csv_parser *parser, const char *text, size_t n)
{
    uint64_t line = 1;
    for (size_t pos = 0; pos < n; line++) {
        size_t len = line_length(text + pos, n - pos);
        bool blank = text[pos] == '\n' || text[pos] == '\r';
        if (!reader->in_row && !blank) {
            reader->in_row = true;
            reader->line = line;
        }
        size_t taken = csv_parse(parser, text + pos, len, on_cell, on_row, reader);
        if (reader->failed)
            return -1;
        if (taken < len)
            return fail_parser(reader, parser, false);
        pos += len;
    }
    if (csv_fini(parser, on_cell, on_row, reader) != 0 && !reader->failed)
        return fail_parser(reader, parser, true);
    return reader->failed ? -1 : 0;
}

/* Refuses what is not text, with its line. */
static int check_text(const char *text, size_t n, const char *what, struct ar_error *error)
{
    const char *nul = memchr(text, '\0', n);
    size_t bad = ar_utf8_check(text, n);
    size_t at = nul && (size_t)(nul - text) < bad ? (size_t)(nul - text) : bad;
    if (at == n)
        return 0;
    struct ar_csv_seen seen = { .fault = at < bad ? AR_CSV_NUL : AR_CSV_UTF8, .fault_offset = at };
    return ar_csv_fail(&seen, text, n, 1, what, error);
}

int ar_samples_parse(struct ar_targets *targets, const char *text, size_t n, const char *what, struct ar_error *error)
{
    if (check_text(text, n, what, error) < 0)
        return -1;
    if (n >= 3 && memcmp(text, AR_CSV_BOM, 3) == 0) {
        text += 3;
        n -= 3;
    }
    struct csv_parser parser;
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL) != 0)
        return ar_fail_memory(error);
    csv_set_space_func(&parser, keep_blanks);
    struct reader reader = { .targets = targets, .what = what, .error = error };
    ar_buf_init(&reader.data);
    ar_buf_init(&reader.sample);
    size_t before = targets->count;
    int status = feed(&reader, &parser, text, n);
    if (status == 0 && targets->count == before) {
        status = ar_fail(error, AR_INPUT, "%s has no rows", what);
        ar_hint(error, "A samples table has a header line with the columns 'data' and 'sample', and a row for each lane.");
    }
    csv_free(&parser);
    ar_names_release(&reader.columns);
    ar_buf_release(&reader.data);
    ar_buf_release(&reader.sample);
    return status;
}

int ar_samples_load(struct ar_targets *targets, const char *path, struct ar_error *error)
{
    struct ar_buf text, what;
    ar_buf_init(&text);
    ar_buf_init(&what);
    ar_buf_add_tr(&what, "samples table '%s'", path);
    int result = ar_read_file(AT_FDCWD, path, &text, AR_SAMPLES_MAX, error);
    if (result < 0)
        ar_fail_in(error, "samples table");
    else
        result = ar_samples_parse(targets, text.data, text.len, what.data, error);
    ar_buf_release(&text);
    ar_buf_release(&what);
    return result;
}
