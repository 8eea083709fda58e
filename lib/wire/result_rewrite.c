/* SPDX-License-Identifier: MIT */
#include "wire/result_rewrite.h"

const char *ar_wire_column_name(const struct ar_wire_rewrite *rewrite, const struct ar_table *table, size_t column)
{
    const char *name = table->name[column];
    return strcmp(name, rewrite->was) == 0 && ar_table_find(table, rewrite->is) < 0 ? rewrite->is : name;
}

static void add_header(struct ar_buf *out, const struct ar_wire_rewrite *rewrite, const struct ar_table *table)
{
    for (size_t i = 0; i < table->columns; i++) {
        const char *name = ar_wire_column_name(rewrite, table, i);
        if (i > 0)
            ar_buf_add_char(out, ',');
        ar_csv_encode(out, name, strlen(name), false);
    }
    ar_buf_add_char(out, '\n');
}

static void add_row(struct ar_buf *out, const struct ar_wire_rewrite *rewrite, const struct ar_table *table, size_t row,
                    struct ar_buf *scratch)
{
    for (size_t i = 0; i < table->columns; i++) {
        struct ar_cell cell = ar_table_cell(table, row, i);
        enum ar_kind kind = rewrite->kind ? rewrite->kind(rewrite->arg, table, row, i, &cell)
                                          : ar_cell_kind(&cell, ar_wire_column_name(rewrite, table, i));
        ar_buf_clear(scratch);
        ar_cell_add(scratch, &cell);
        out->failed |= scratch->failed;
        if (i > 0)
            ar_buf_add_char(out, ',');
        ar_value_add(out, kind, scratch->data, scratch->len);
    }
    ar_buf_add_char(out, '\n');
}

void ar_wire_rewrite(struct ar_buf *out, const struct ar_wire_rewrite *rewrite, const struct ar_table *table)
{
    struct ar_buf scratch;
    ar_buf_init(&scratch);
    add_header(out, rewrite, table);
    for (size_t row = 0; row < table->rows; row++)
        add_row(out, rewrite, table, row, &scratch);
    ar_buf_release(&scratch);
}
