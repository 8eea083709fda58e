/* SPDX-License-Identifier: MIT */
/*
 * Results for the Python runner.
 */
#include "codecs/json.h"
#include "codecs/pickle_write.h"
#include "wire/result.h"
#include "wire/result_rewrite.h"

/* The type of a cell under the name that we have: the lane's is text. */
static enum ar_kind own_kind(void *arg, const struct ar_table *table, size_t row, size_t column, const struct ar_cell *cell)
{
    (void)arg, (void)row;
    return ar_cell_kind(cell, table->name[column]);
}

static const struct ar_wire_rewrite to_first = { .was = AR_WIRE_DATA, .is = AR_WIRE_DATA_NAME, .kind = own_kind };
static const struct ar_wire_rewrite to_present = { .was = AR_WIRE_DATA, .is = AR_WIRE_DATA, .kind = own_kind };

static const struct ar_wire_rewrite *rewrite_for(enum ar_dialect dialect)
{
    return dialect == AR_DIALECT_FIRST ? &to_first : &to_present;
}

/* Appends the canonical table with the lane's column named as in the first dialect. */
static int rename_lane(struct ar_buf *out, const char *text, size_t n, const char *what, struct ar_error *error)
{
    struct ar_table table;
    if (ar_table_parse(&table, text, n, what, error) != 0)
        return -1;
    ar_wire_rewrite(out, &to_first, &table);
    ar_table_release(&table);
    return ar_buf_check(out, error);
}

/* ---- pickles -------------------------------------------------------------------------------------------------------- */

static int pickle_row(struct ar_buf *out, const struct ar_buf *text, struct ar_error *error)
{
    struct ar_table table;
    if (ar_table_parse(&table, text->data, text->len, ar_tr("a result"), error) != 0)
        return -1;
    int result = table.rows == 1 ? ar_pickle_series(out, &table, 0, error)
                                 : ar_fail(error, AR_CONTENT, "a result has %zu rows, expected one", table.rows);
    ar_table_release(&table);
    return result;
}

int ar_wire_series(struct ar_buf *out, const char *text, size_t n, struct ar_error *error)
{
    struct ar_buf renamed;
    ar_buf_init(&renamed);
    int result = rename_lane(&renamed, text, n, ar_tr("a result"), error);
    if (result == 0)
        result = pickle_row(out, &renamed, error);
    ar_buf_release(&renamed);
    return result;
}

int ar_wire_series_none(struct ar_buf *out, const char *data, const char *sample, struct ar_error *error)
{
    struct ar_buf text;
    ar_buf_init(&text);
    ar_buf_add_text(&text, AR_WIRE_DATA_NAME ",sample_name\n");
    ar_csv_encode(&text, data, strlen(data), true);
    ar_buf_add_char(&text, ',');
    ar_csv_encode(&text, sample, strlen(sample), true);
    ar_buf_add_char(&text, '\n');
    int result = ar_buf_check(&text, error);
    if (result == 0)
        result = pickle_row(out, &text, error);
    ar_buf_release(&text);
    return result;
}

int ar_wire_table_frame(struct ar_buf *out, const char *text, size_t n, struct ar_error *error)
{
    struct ar_buf renamed;
    struct ar_table table;
    ar_buf_init(&renamed);
    int result = rename_lane(&renamed, text, n, ar_tr("entry 'analysis_results'"), error);
    if (result == 0)
        result = ar_table_parse(&table, renamed.data, renamed.len, ar_tr("entry 'analysis_results'"), error);
    if (result == 0) {
        result = ar_pickle_frame(out, &table, error);
        ar_table_release(&table);
    }
    ar_buf_release(&renamed);
    return result;
}

/* ---- texts ---------------------------------------------------------------------------------------------------------- */

/* Puts the value as pandas prints it into scratch: True, and nothing where it is missing. */
static enum ar_kind print_value(struct ar_buf *scratch, const struct ar_table *table, size_t row, size_t column)
{
    struct ar_cell cell = ar_table_cell(table, row, column);
    enum ar_kind kind = ar_cell_kind(&cell, table->name[column]);
    ar_buf_clear(scratch);
    if (kind == AR_KIND_TRUE || kind == AR_KIND_FALSE)
        ar_buf_add_text(scratch, kind == AR_KIND_TRUE ? "True" : "False");
    else if (kind != AR_KIND_NULL)
        ar_cell_add(scratch, &cell);
    return kind;
}

int ar_wire_table_csv(struct ar_buf *out, const struct ar_table *table, enum ar_dialect dialect, const char *missing,
                      struct ar_error *error)
{
    const struct ar_wire_rewrite *names = rewrite_for(dialect);
    struct ar_buf scratch;
    ar_buf_init(&scratch);
    for (size_t i = 0; i < table->columns; i++) {
        const char *name = ar_wire_column_name(names, table, i);
        ar_csv_encode(out, name, strlen(name), false);
        ar_buf_add_char(out, i + 1 < table->columns ? ',' : '\n');
    }
    for (size_t row = 0; row < table->rows; row++)
        for (size_t i = 0; i < table->columns; i++) {
            if (print_value(&scratch, table, row, i) == AR_KIND_NULL)
                ar_buf_add_text(&scratch, missing);
            out->failed |= scratch.failed;
            ar_csv_encode(out, scratch.data, scratch.len, table->columns == 1 && scratch.len == 0); /* else a blank line */
            ar_buf_add_char(out, i + 1 < table->columns ? ',' : '\n');
        }
    ar_buf_release(&scratch);
    return ar_buf_check(out, error);
}

/* Appends a value of the first dialect: typed. */
static void add_typed(struct ar_buf *out, enum ar_kind kind, const struct ar_buf *text)
{
    if (kind == AR_KIND_TEXT)
        ar_json_add_string(out, text->data, text->len);
    else if (kind == AR_KIND_NUMBER)
        ar_buf_add(out, text->data, text->len);
    else
        ar_buf_add_text(out, kind == AR_KIND_TRUE ? "true" : kind == AR_KIND_FALSE ? "false" : "null");
}

void ar_wire_json(struct ar_buf *out, const struct ar_table *table, size_t row, enum ar_dialect dialect)
{
    const struct ar_wire_rewrite *names = rewrite_for(dialect);
    struct ar_buf scratch;
    ar_buf_init(&scratch);
    ar_buf_add_char(out, '{');
    for (size_t i = 0; i < table->columns; i++) {
        const char *name = ar_wire_column_name(names, table, i);
        enum ar_kind kind = print_value(&scratch, table, row, i);
        out->failed |= scratch.failed;
        ar_buf_add_text(out, i ? "," : "");
        ar_json_add_string(out, name, strlen(name));
        ar_buf_add_char(out, ':');
        if (dialect == AR_DIALECT_FIRST)
            add_typed(out, kind, &scratch);
        else if (kind == AR_KIND_NULL)
            ar_buf_add_text(out, "\"" AR_WIRE_MISSING "\"");
        else
            ar_json_add_string(out, scratch.data, scratch.len);
    }
    ar_buf_add_char(out, '}');
    ar_buf_release(&scratch);
}
