/* SPDX-License-Identifier: MIT */
#include "codecs/value.h"

#include "bytes/text.h"

enum ar_kind ar_value_kind(const char *text, size_t n, bool quoted, const char *column)
{
    if (quoted || (column && (strcmp(column, "data") == 0 || strcmp(column, "sample_name") == 0)))
        return AR_KIND_TEXT;
    if (n == 0 || ar_text_is(text, n, "null") || ar_text_is(text, n, "nan") || ar_text_is(text, n, "NaN"))
        return AR_KIND_NULL;
    if (ar_text_is(text, n, "true"))
        return AR_KIND_TRUE;
    if (ar_text_is(text, n, "false"))
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
