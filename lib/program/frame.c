/* SPDX-License-Identifier: MIT */
#include "program/frame.h"

#include <math.h>

#include "bytes/text.h"
#include "codecs/real.h"

/* ---- reading and writing -------------------------------------------------------------------------------------------- */

void ar_frame_free(struct ar_frame *frame)
{
    if (!frame)
        return;
    for (size_t i = 0; i < frame->columns; i++)
        free(frame->column[i].cell);
    free(frame->column);
    ar_arena_release(&frame->texts);
    free(frame);
}

static int read_column(struct ar_frame *frame, const struct ar_table *table, size_t number, struct ar_buf *value)
{
    struct ar_frame_column *column = &frame->column[number];
    column->name = ar_arena_copy(&frame->texts, table->name[number], strlen(table->name[number]));
    column->cell = calloc(table->rows + 1, sizeof *column->cell);
    frame->columns++;
    if (!column->name || !column->cell)
        return -1;
    for (size_t row = 0; row < table->rows; row++) {
        struct ar_cell cell = ar_table_cell(table, row, number);
        struct ar_frame_cell *to = &column->cell[row];
        ar_buf_clear(value);
        ar_cell_add(value, &cell);
        *to = (struct ar_frame_cell){ .text = ar_arena_copy(&frame->texts, value->data, value->len), .len = value->len,
                                      .kind = ar_cell_kind(&cell, column->name), .as_it_came = true, .quoted = cell.quoted };
        if (!to->text || value->failed)
            return -1;
    }
    return 0;
}

static int read_table(struct ar_frame *frame, const struct ar_table *table)
{
    struct ar_buf value;
    int result = 0;
    ar_buf_init(&value);
    frame->rows = table->rows;
    frame->column = calloc(table->columns + 1, sizeof *frame->column);
    for (size_t i = 0; i < table->columns && result == 0; i++)
        result = frame->column ? read_column(frame, table, i, &value) : -1;
    ar_buf_release(&value);
    return result;
}

struct ar_frame *ar_frame_read(const char *text, size_t n, const char *what, struct ar_error *error)
{
    struct ar_table table;
    if (ar_table_parse(&table, text, n, what, error) != 0)
        return NULL;
    struct ar_frame *frame = calloc(1, sizeof *frame);
    if (!frame || read_table(frame, &table) != 0) {
        ar_frame_free(frame);
        frame = NULL;
        ar_fail_memory(error);
    }
    ar_table_release(&table);
    return frame;
}

void ar_frame_write(const struct ar_frame *frame, struct ar_buf *out)
{
    for (size_t i = 0; i < frame->columns; i++) {
        if (i > 0)
            ar_buf_add_char(out, ',');
        ar_csv_encode(out, frame->column[i].name, strlen(frame->column[i].name), false);
    }
    ar_buf_add_char(out, '\n');
    for (size_t row = 0; row < frame->rows; row++) {
        size_t start = out->len;
        for (size_t i = 0; i < frame->columns; i++) {
            const struct ar_frame_cell *cell = &frame->column[i].cell[row];
            if (i > 0)
                ar_buf_add_char(out, ',');
            if (!cell->as_it_came)
                ar_value_add(out, cell->kind, cell->text, cell->len);
            else if (cell->quoted)
                ar_csv_encode(out, cell->text, cell->len, true);
            else
                ar_buf_add(out, cell->text, cell->len);
        }
        if (out->len == start) /* a blank line would be no row */
            ar_buf_add_text(out, "null");
        ar_buf_add_char(out, '\n');
    }
}

char *ar_frame_csv(const struct ar_frame *frame)
{
    struct ar_buf out;
    ar_buf_init(&out);
    ar_frame_write(frame, &out);
    char *text = out.failed ? NULL : strndup(out.data, out.len);
    ar_buf_release(&out);
    return text;
}

/* ---- looking -------------------------------------------------------------------------------------------------------- */

size_t ar_frame_rows(const struct ar_frame *frame)
{
    return frame->rows;
}

size_t ar_frame_columns(const struct ar_frame *frame)
{
    return frame->columns;
}

const char *ar_frame_column_name(const struct ar_frame *frame, size_t column)
{
    return column < frame->columns ? frame->column[column].name : NULL;
}

ptrdiff_t ar_frame_column(const struct ar_frame *frame, const char *name)
{
    for (size_t i = 0; name && i < frame->columns; i++)
        if (strcmp(frame->column[i].name, name) == 0)
            return (ptrdiff_t)i;
    return -1;
}

ptrdiff_t ar_frame_row(const struct ar_frame *frame, const char *data_name)
{
    ptrdiff_t column = ar_frame_column(frame, "data");
    for (size_t row = 0; data_name && column >= 0 && row < frame->rows; row++)
        if (strcmp(frame->column[column].cell[row].text, data_name) == 0)
            return (ptrdiff_t)row;
    return -1;
}

AR_PRINTF(2, 3)
static int fail_frame(const struct ar_frame *frame, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (frame->failure)
        ar_failure_tell_list(frame->failure, ar_tr(format), arguments);
    va_end(arguments);
    return -1;
}

/* Records that there is no column of this name, or, where it is NULL, of this number. Returns -1. */
static int fail_column(const struct ar_frame *frame, const char *name, size_t column)
{
    struct ar_buf list;
    if (!frame->failure)
        return -1;
    ar_buf_init(&list);
    for (size_t i = 0; i < frame->columns && list.len < 800; i++)
        ar_buf_add_format(&list, "%s'%s'", i ? ", " : "", frame->column[i].name);
    if (list.len >= 800)
        ar_buf_add_text(&list, ", …");
    if (name) {
        ar_failure_tell(frame->failure, "the table has no column '%s'; columns are %s", name, list.data);
    } else {
        ar_failure_tell(frame->failure, "the table has no column %zd (counted from 0); columns are %s", (ssize_t)column, list.data);
        ar_failure_detail(frame->failure, "ar_frame_column gives -1 for a name that no column has.");
    }
    ar_buf_release(&list);
    return -1;
}

static int fail_row(const struct ar_frame *frame, size_t row)
{
    if (!frame->failure)
        return -1;
    ar_failure_tell(frame->failure, "the table has no row %zd: it has %zu, counted from 0", (ssize_t)row, frame->rows);
    return ar_failure_detail(frame->failure, "ar_frame_row gives -1 for a lane that has no row.");
}

/* The cell, or NULL where there is none. */
static struct ar_frame_cell *cell_at(const struct ar_frame *frame, size_t row, size_t column)
{
    if (row < frame->rows && column < frame->columns)
        return &frame->column[column].cell[row];
    (void)(column < frame->columns ? fail_row(frame, row) : fail_column(frame, NULL, column));
    return NULL;
}

enum ar_value ar_frame_type(const struct ar_frame *frame, size_t row, size_t column)
{
    static const enum ar_value type[] = { [AR_KIND_TEXT] = AR_VALUE_TEXT, [AR_KIND_NUMBER] = AR_VALUE_NUMBER,
                                          [AR_KIND_TRUE] = AR_VALUE_BOOLEAN, [AR_KIND_FALSE] = AR_VALUE_BOOLEAN,
                                          [AR_KIND_NULL] = AR_VALUE_NULL };
    const struct ar_frame_cell *cell = cell_at(frame, row, column);
    return cell ? type[cell->kind] : AR_VALUE_NULL;
}

const char *ar_frame_text(const struct ar_frame *frame, size_t row, size_t column)
{
    const struct ar_frame_cell *cell = cell_at(frame, row, column);
    if (!cell || cell->kind == AR_KIND_NULL)
        return "";
    return cell->text;
}

double ar_frame_real(const struct ar_frame *frame, size_t row, size_t column)
{
    const struct ar_frame_cell *cell = cell_at(frame, row, column);
    double value;
    return cell && cell->kind == AR_KIND_NUMBER && ar_real_parse(cell->text, cell->len, &value) ? value : NAN;
}

const double *ar_frame_reals(struct ar_frame *frame, const char *column)
{
    ptrdiff_t number = ar_frame_column(frame, column);
    if (number < 0) {
        fail_column(frame, column ? column : "", 0);
        return NULL;
    }
    char *memory = ar_arena_take(&frame->texts, (frame->rows + 1) * sizeof(double) + _Alignof(double));
    if (!memory) {
        fail_frame(frame, "out of memory");
        return NULL;
    }
    double *value = (double *)(void *)(memory + -(uintptr_t)memory % _Alignof(double));
    for (size_t row = 0; row < frame->rows; row++)
        value[row] = ar_frame_real(frame, row, (size_t)number);
    return value;
}

bool ar_frame_integer(const struct ar_frame *frame, size_t row, size_t column, int64_t *value)
{
    const struct ar_frame_cell *cell = cell_at(frame, row, column);
    int64_t unasked;
    return cell && cell->kind == AR_KIND_NUMBER && ar_integer_parse(cell->text, cell->len, value ? value : &unasked);
}

bool ar_frame_boolean(const struct ar_frame *frame, size_t row, size_t column)
{
    const struct ar_frame_cell *cell = cell_at(frame, row, column);
    return cell && cell->kind == AR_KIND_TRUE;
}

/* ---- changing ------------------------------------------------------------------------------------------------------- */

static int set_cell(struct ar_frame *frame, size_t row, size_t column, enum ar_kind kind, const char *text)
{
    struct ar_frame_cell *cell = cell_at(frame, row, column);
    if (!cell)
        return -1;
    const char *copy = ar_arena_copy(&frame->texts, text, strlen(text));
    if (!copy)
        return fail_frame(frame, "out of memory");
    *cell = (struct ar_frame_cell){ .text = copy, .len = strlen(text), .kind = kind };
    return 0;
}

int ar_frame_set_integer(struct ar_frame *frame, size_t row, size_t column, int64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, value);
    return set_cell(frame, row, column, AR_KIND_NUMBER, text);
}

int ar_frame_set_real(struct ar_frame *frame, size_t row, size_t column, double value)
{
    char text[AR_REAL_TEXT] = "";
    if (isinf(value))
        return fail_frame(frame, "'%s' is infinite", column < frame->columns ? frame->column[column].name : "");
    if (!isnan(value))
        ar_real_write(text, value);
    return set_cell(frame, row, column, isnan(value) ? AR_KIND_NULL : AR_KIND_NUMBER, text);
}

int ar_frame_set_text(struct ar_frame *frame, size_t row, size_t column, const char *value)
{
    if (!value)
        return ar_frame_set_null(frame, row, column);
    size_t n = strlen(value);
    if (ar_utf8_check(value, n) != n)
        return fail_frame(frame, "the text '%s' is not UTF-8", value);
    return set_cell(frame, row, column, AR_KIND_TEXT, value);
}

int ar_frame_set_boolean(struct ar_frame *frame, size_t row, size_t column, bool value)
{
    return set_cell(frame, row, column, value ? AR_KIND_TRUE : AR_KIND_FALSE, value ? "true" : "false");
}

int ar_frame_set_null(struct ar_frame *frame, size_t row, size_t column)
{
    return set_cell(frame, row, column, AR_KIND_NULL, "");
}

/* A copy of a name that a column may have, or NULL. */
static const char *new_name(struct ar_frame *frame, const char *name)
{
    size_t n = name ? strlen(name) : 0;
    if (n == 0 || ar_utf8_check(name, n) != n) {
        fail_frame(frame, "'%s' cannot be the name of a column", name ? name : "");
        return NULL;
    }
    if (ar_frame_column(frame, name) >= 0) {
        fail_frame(frame, "the table has a column '%s' already", name);
        return NULL;
    }
    const char *copy = ar_arena_copy(&frame->texts, name, n);
    if (!copy)
        fail_frame(frame, "out of memory");
    return copy;
}

ptrdiff_t ar_frame_add_column(struct ar_frame *frame, const char *name)
{
    const char *copy = new_name(frame, name);
    if (!copy)
        return -1;
    struct ar_frame_cell *cell = calloc(frame->rows + 1, sizeof *cell);
    struct ar_frame_column *grown = reallocarray(frame->column, frame->columns + 1, sizeof *grown);
    if (grown)
        frame->column = grown;
    if (!cell || !grown) {
        free(cell);
        return fail_frame(frame, "out of memory");
    }
    for (size_t row = 0; row < frame->rows; row++)
        cell[row] = (struct ar_frame_cell){ .text = "", .kind = AR_KIND_NULL };
    grown[frame->columns] = (struct ar_frame_column){ copy, cell };
    return (ptrdiff_t)frame->columns++;
}

int ar_frame_rename_column(struct ar_frame *frame, size_t column, const char *name)
{
    if (column >= frame->columns)
        return fail_column(frame, NULL, column);
    const char *copy = new_name(frame, name);
    if (!copy)
        return -1;
    frame->column[column].name = copy;
    return 0;
}

void ar_frame_drop_column(struct ar_frame *frame, size_t column)
{
    if (column >= frame->columns) {
        fail_column(frame, NULL, column);
        return;
    }
    free(frame->column[column].cell);
    memmove(frame->column + column, frame->column + column + 1, (frame->columns - column - 1) * sizeof *frame->column);
    frame->columns--;
}

void ar_frame_drop_row(struct ar_frame *frame, size_t row)
{
    if (row >= frame->rows) {
        fail_row(frame, row);
        return;
    }
    for (size_t i = 0; i < frame->columns; i++) {
        struct ar_frame_cell *cell = frame->column[i].cell;
        memmove(cell + row, cell + row + 1, (frame->rows - row - 1) * sizeof *cell);
    }
    frame->rows--;
}
