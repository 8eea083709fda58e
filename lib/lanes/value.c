/* SPDX-License-Identifier: MIT */
/*
 * Values: how JSON's types survive in CSV cells.
 */
#include "bytes/text.h"
#include "lanes/answer.h"

enum ar_kind ar_value_kind(const char *text, size_t n, bool quoted, const char *column)
{
    if (quoted || (column && (strcmp(column, "data") == 0 || strcmp(column, "sample_name") == 0)))
        return AR_KIND_TEXT;
    if (n == 0 || ar_answer_is(text, n, "null") || ar_answer_is(text, n, "nan") || ar_answer_is(text, n, "NaN"))
        return AR_KIND_NULL;
    if (ar_answer_is(text, n, "true"))
        return AR_KIND_TRUE;
    if (ar_answer_is(text, n, "false"))
        return AR_KIND_FALSE;
    return ar_text_is_json_number(text, n) ? AR_KIND_NUMBER : AR_KIND_TEXT;
}

enum ar_kind ar_cell_kind(const struct ar_cell *cell, const char *column)
{
    return ar_value_kind(cell->text, cell->len, cell->quoted, column);
}

void ar_value_add(struct ar_buf *out, enum ar_kind kind, const char *text, size_t n)
{
    switch (kind) {
    case AR_KIND_TEXT:
        ar_csv_encode(out, text, n, ar_value_kind(text, n, false, NULL) != AR_KIND_TEXT);
        break;
    case AR_KIND_NUMBER:
        ar_buf_add(out, text, n);
        break;
    case AR_KIND_TRUE:
        ar_buf_add_text(out, "true");
        break;
    case AR_KIND_FALSE:
        ar_buf_add_text(out, "false");
        break;
    case AR_KIND_NULL:
        break;
    }
}

/* Appends the value of a cell as JSON. scratch is room to work in. */
static void add_json(struct ar_buf *out, const struct ar_cell *cell, enum ar_kind kind, struct ar_buf *scratch)
{
    switch (kind) {
    case AR_KIND_TEXT:
        ar_buf_clear(scratch);
        ar_cell_add(scratch, cell);
        out->failed = out->failed || scratch->failed;
        ar_json_add_string(out, scratch->data, scratch->len);
        break;
    case AR_KIND_NUMBER:
    case AR_KIND_TRUE:
    case AR_KIND_FALSE:
        ar_buf_add(out, cell->text, cell->len);
        break;
    case AR_KIND_NULL:
        ar_buf_add_text(out, "null");
        break;
    }
}

void ar_result_json(struct ar_buf *out, const struct ar_table *table, size_t row)
{
    struct ar_buf scratch;
    ar_buf_init(&scratch);
    ar_buf_add_char(out, '{');
    for (size_t i = 0; i < table->columns; i++) {
        struct ar_cell cell = ar_table_cell(table, row, i);
        if (i > 0)
            ar_buf_add_char(out, ',');
        ar_json_add_string(out, table->name[i], strlen(table->name[i]));
        ar_buf_add_char(out, ':');
        add_json(out, &cell, ar_cell_kind(&cell, table->name[i]), &scratch);
    }
    ar_buf_add_char(out, '}');
    ar_buf_release(&scratch);
}
