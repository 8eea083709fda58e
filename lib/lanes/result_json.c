/* SPDX-License-Identifier: MIT */
#include "codecs/json.h"
#include "lanes/result.h"

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
