/* SPDX-License-Identifier: MIT */
/*
 * The cells of a pickled table as CSV, and what pickle.h promises.
 */
#include "codecs/pickle_array.h"
#include "codecs/pickle_number.h"
#include "codecs/value.h"

enum {
    MEMORY_FACTOR = 100,    /* bytes that a pickle's values may take for each of its own: one of None takes 16 to 40 */
    MEMORY_LEAST = 1 << 16,
};

/* ---- cells ---------------------------------------------------------------------------------------------------------- */

static void add_text(struct ar_buf *out, enum ar_pickle_style style, const char *text, size_t n)
{
    if (style == AR_PICKLE_TYPED)
        ar_value_add(out, AR_KIND_TEXT, text, n);
    else
        ar_csv_encode(out, text, n, false);
}

static void add_bool(struct ar_buf *out, enum ar_pickle_style style, bool truth)
{
    if (style == AR_PICKLE_TYPED)
        ar_buf_add_text(out, truth ? "true" : "false");
    else
        ar_buf_add_text(out, truth ? "True" : "False");
}

static void add_signed(struct ar_buf *out, int64_t value)
{
    char *to = ar_buf_reserve(out, AR_NUMBER_MAX);
    if (to)
        ar_buf_grew(out, ar_number_signed(to, value));
}

static void add_unsigned(struct ar_buf *out, uint64_t value)
{
    char *to = ar_buf_reserve(out, AR_NUMBER_MAX);
    if (to)
        ar_buf_grew(out, ar_number_unsigned(to, value));
}

static void add_float(struct ar_buf *out, double value, enum ar_float_width width, bool old)
{
    char *to = ar_buf_reserve(out, AR_NUMBER_MAX);
    if (to)
        ar_buf_grew(out, ar_number_float(to, value, width, old));
}

/* A Python object; NaN is missing. */
static void add_value(struct ar_buf *out, enum ar_pickle_style style, const struct ar_pickle_value *value)
{
    switch ((enum ar_pickle_type)value->type) {
    case AR_PICKLE_BOOL:
        add_bool(out, style, value->i != 0);
        break;
    case AR_PICKLE_INT:
        add_signed(out, value->i);
        break;
    case AR_PICKLE_UINT:
        add_unsigned(out, value->u);
        break;
    case AR_PICKLE_DIGITS:
        ar_buf_add(out, value->text, value->size);
        break;
    case AR_PICKLE_FLOAT:
    case AR_PICKLE_FLOAT32:
    case AR_PICKLE_FLOAT16:
        if (value->f == value->f)
            add_float(out, value->f, value->type == AR_PICKLE_FLOAT ? AR_FLOAT64 :
                      value->type == AR_PICKLE_FLOAT32 ? AR_FLOAT32 : AR_FLOAT16, value->size != 0);
        break;
    case AR_PICKLE_TEXT:
        add_text(out, style, value->text, value->size);
        break;
    default:
        break;
    }
}

static void add_number(struct ar_buf *out, enum ar_pickle_style style, const struct ar_pickle_column *column, uint64_t row)
{
    uint64_t bits = ar_pickle_load(column->numbers + row * column->step * column->width, column->width, column->swapped);
    unsigned unused = 64 - 8u * column->width;
    double value;
    uint32_t single = (uint32_t)bits;
    float narrow;
    enum ar_float_width width = AR_FLOAT64;
    if (column->cells == AR_CELLS_INT) {
        add_signed(out, (int64_t)(bits << unused) >> unused);
        return;
    }
    if (column->cells == AR_CELLS_UINT) {
        add_unsigned(out, bits);
        return;
    }
    memcpy(&value, &bits, sizeof(value));
    if (column->width == sizeof(narrow)) {
        memcpy(&narrow, &single, sizeof(narrow));
        value = (double)narrow;
        width = AR_FLOAT32;
    } else if (column->width == 2) {
        value = ar_number_half((uint16_t)bits);
        width = AR_FLOAT16;
    }
    if (value == value || (column->nan_is_text && style == AR_PICKLE_PANDAS))
        add_float(out, value, width, column->old);
}

void ar_pickle_add_cell(const struct ar_pickle_column *column, enum ar_pickle_style style, uint64_t row, struct ar_buf *out)
{
    const char *text;
    size_t n;
    if (column->mask && column->mask[row])
        return;
    switch ((enum ar_pickle_cells)column->cells) {
    case AR_CELLS_INT:
    case AR_CELLS_UINT:
    case AR_CELLS_FLOAT:
        add_number(out, style, column, row);
        break;
    case AR_CELLS_BOOL:
        add_bool(out, style, column->numbers[row * column->step] != 0);
        break;
    case AR_CELLS_VALUES:
        add_value(out, style, &column->values[row * column->step]);
        break;
    case AR_CELLS_ARROW:
        text = ar_pickle_arrow_text(column, row, &n);
        if (text)
            add_text(out, style, text, n);
        break;
    case AR_CELLS_RANGE:
        add_signed(out, (int64_t)((uint64_t)column->start + row * column->step));
        break;
    case AR_CELLS_UNSET:
        break;
    }
}

/* ---- rows ----------------------------------------------------------------------------------------------------------- */

/* A row of one cell that is empty would be a blank line: it is quoted, as Python's csv module does. */
static void end_row(struct ar_buf *out, size_t start, size_t cells)
{
    if (cells == 1 && out->len == start)
        ar_buf_add(out, "\"\"", 2);
    ar_buf_add_char(out, '\n');
}

/* A row that lies in one column: the names, or a series. */
static void add_across(const struct ar_pickle_column *column, enum ar_pickle_style style, struct ar_buf *out)
{
    size_t start = out->len;
    for (uint64_t i = 0; i < column->rows && !out->failed; i++) {
        if (i > 0)
            ar_buf_add_char(out, ',');
        ar_pickle_add_cell(column, style, i, out);
    }
    end_row(out, start, (size_t)column->rows);
}

static void add_down(const struct ar_pickle *pickle, enum ar_pickle_style style, uint64_t row, struct ar_buf *out)
{
    size_t start = out->len;
    for (size_t i = 0; i < pickle->columns; i++) {
        if (i > 0)
            ar_buf_add_char(out, ',');
        ar_pickle_add_cell(&pickle->column[i], style, row, out);
    }
    end_row(out, start, pickle->columns);
}

/* ---- what pickle.h promises ----------------------------------------------------------------------------------------- */

struct ar_pickle *ar_pickle_read(const char *data, size_t n, const char *what, struct ar_error *error)
{
    struct ar_pickle_value root;
    struct ar_pickle *pickle = calloc(1, sizeof(*pickle));
    if (pickle == NULL) {
        ar_fail_memory(error);
        return NULL;
    }
    ar_pickle_pool_init(&pickle->pool, MEMORY_LEAST + (uint64_t)n * MEMORY_FACTOR, error);
    pickle->data = data;
    pickle->n = n;
    int result = ar_pickle_run(&pickle->pool, data, n, &root) == 0 ? ar_pickle_find_table(pickle, &root) : -1;
    if (pickle->pool.refusal.status != AR_OK && (result == 0 || (error->status == AR_INPUT && !pickle->told))) {
        *error = pickle->pool.refusal;
        result = -1;
    }
    if (result != 0) {
        if (error->status == AR_INPUT)
            ar_fail_in(error, "%s", what);
        ar_pickle_free(pickle);
        return NULL;
    }
    pickle->pool.error = NULL; /* the caller's, of this call only */
    return pickle;
}

void ar_pickle_free(struct ar_pickle *pickle)
{
    if (pickle == NULL)
        return;
    ar_pickle_pool_release(&pickle->pool);
    free(pickle);
}

enum ar_pickle_kind ar_pickle_kind(const struct ar_pickle *pickle)
{
    return pickle->kind;
}

uint64_t ar_pickle_rows(const struct ar_pickle *pickle)
{
    return pickle->rows;
}

size_t ar_pickle_columns(const struct ar_pickle *pickle)
{
    return pickle->columns;
}

const char *ar_pickle_csv(const struct ar_pickle *pickle, size_t *n)
{
    *n = pickle->csv_len;
    return pickle->csv;
}

int ar_pickle_header(const struct ar_pickle *pickle, enum ar_pickle_style style, struct ar_buf *out, struct ar_error *error)
{
    (void)style; /* names are text, however they look */
    if (pickle->kind == AR_PICKLE_CSV)
        return ar_fail(error, AR_INPUT, "a pickled CSV has its header in its own bytes");
    add_across(&pickle->labels, AR_PICKLE_PANDAS, out);
    return ar_buf_check(out, error);
}

int ar_pickle_add_rows(const struct ar_pickle *pickle, enum ar_pickle_style style, uint64_t from, uint64_t count,
                       struct ar_buf *out, struct ar_error *error)
{
    if (pickle->kind == AR_PICKLE_CSV)
        return ar_fail(error, AR_INPUT, "a pickled CSV has its rows in its own bytes");
    for (uint64_t row = from; row < pickle->rows && count > 0 && !out->failed; row++, count--) {
        if (pickle->kind == AR_PICKLE_SERIES)
            add_across(&pickle->values, style, out);
        else
            add_down(pickle, style, row, out);
    }
    return ar_buf_check(out, error);
}
