/* SPDX-License-Identifier: MIT */
/*
 * Our pickles for the tests against pandas, from standard input to standard output:
 *
 *     pickle-tool frame [COLUMN]…   CSV to a frame's pickle, these columns as text
 *     pickle-tool series            CSV to the pickle of its first row
 *     pickle-tool table             CSV to the pickle of its rows' values
 *     pickle-tool types             CSV to the type of each column, a line each
 *     pickle-tool pandas | typed    a pickle to CSV, in this style
 */
#include "bytes/io.h"
#include "codecs/column_type.h"
#include "codecs/pickle.h"
#include "codecs/pickle_write.h"

#define ROWS_AT_ONCE 1000 /* small: so that a large table takes several steps */

static int to_frame(const struct ar_buf *in, struct ar_buf *out, const char *const *columns, size_t n, struct ar_error *error)
{
    struct ar_buf behind;
    ar_buf_init(&behind);
    int status = ar_pickle_frame_ends(out, &behind, in->len, columns, n, error);
    ar_buf_add(out, in->data, in->len);
    ar_buf_add(out, behind.data, behind.len);
    ar_buf_release(&behind);
    return status;
}

static int to_values(const struct ar_buf *in, struct ar_buf *out, bool series, struct ar_error *error)
{
    struct ar_table table;
    if (ar_table_parse(&table, in->data, in->len, "standard input", error) != 0)
        return -1;
    int status = series ? ar_pickle_series(out, &table, 0, error) : ar_pickle_frame(out, &table, error);
    ar_table_release(&table);
    return status;
}

static int to_types(const struct ar_buf *in, struct ar_buf *out, struct ar_error *error)
{
    struct ar_csv_header header;
    if (ar_csv_header_read(&header, in->data, in->len, "standard input", error) != 0)
        return -1;
    uint8_t *seen = calloc(header.cells, 1);
    int status = !seen ? ar_fail_memory(error)
                       : ar_column_scan(in->data + header.next, in->len - header.next, header.cells, UINT64_MAX, seen, error);
    for (size_t i = 0; status == 0 && i < header.cells; i++)
        ar_buf_add_format(out, "%s\n", ar_column_type_name(ar_column_type(seen[i])));
    free(seen);
    ar_csv_header_release(&header);
    return status;
}

static int add_table(const struct ar_pickle *pickle, enum ar_pickle_style style, struct ar_buf *out, struct ar_error *error)
{
    if (ar_pickle_kind(pickle) == AR_PICKLE_CSV) {
        size_t n;
        const char *csv = ar_pickle_csv(pickle, &n);
        ar_buf_add(out, csv, n);
        return 0;
    }
    int status = ar_pickle_header(pickle, style, out, error);
    for (uint64_t row = 0; status == 0 && row < ar_pickle_rows(pickle); row += ROWS_AT_ONCE)
        status = ar_pickle_add_rows(pickle, style, row, ROWS_AT_ONCE, out, error);
    return status;
}

static int from_pickle(const struct ar_buf *in, struct ar_buf *out, enum ar_pickle_style style, struct ar_error *error)
{
    struct ar_pickle *pickle = ar_pickle_read(in->data, in->len, "standard input", error);
    int status = pickle ? add_table(pickle, style, out, error) : -1;
    ar_pickle_free(pickle);
    return status;
}

static int convert(int argc, char **argv, const struct ar_buf *in, struct ar_buf *out, struct ar_error *error)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "frame") == 0)
        return to_frame(in, out, (const char *const *)(argv + 2), (size_t)argc - 2, error);
    if (strcmp(what, "series") == 0 || strcmp(what, "table") == 0)
        return to_values(in, out, *what == 's', error);
    if (strcmp(what, "types") == 0)
        return to_types(in, out, error);
    if (strcmp(what, "pandas") == 0 || strcmp(what, "typed") == 0)
        return from_pickle(in, out, *what == 'p' ? AR_PICKLE_PANDAS : AR_PICKLE_TYPED, error);
    return ar_fail(error, AR_INPUT, "what to do? frame, series, table, types, pandas or typed");
}

int main(int argc, char **argv)
{
    struct ar_error error = { 0 };
    struct ar_buf in, out;
    ar_buf_init(&in);
    ar_buf_init(&out);
    struct ar_in *input = ar_in_new(STDIN_FILENO, "standard input", &error);
    int status = input ? ar_in_read_all(input, &in, SIZE_MAX / 2, &error) : -1;
    ar_in_free(input);
    if (status == 0)
        status = convert(argc, argv, &in, &out, &error);
    if (status == 0)
        status = ar_buf_check(&out, &error);
    if (status == 0)
        status = ar_write_fd(STDOUT_FILENO, out.data, out.len, "standard output", &error);
    if (status != 0)
        fprintf(stderr, "pickle-tool: %s\n", error.what);
    ar_buf_release(&in);
    ar_buf_release(&out);
    return status == 0 ? AR_OK : (int)error.status;
}
