/* SPDX-License-Identifier: MIT */
/*
 * pandas' objects: DataFrame and Series, their managers, blocks and indexes, by what their __reduce__ and __getstate__ give,
 *
 *     DataFrame with {'_mgr': BlockManager((_unpickle_block(values, columns, 2), …), [index of columns, index of rows])}
 *     Series with {'_mgr': SingleBlockManager with (…, …, …, {'0.14.1': {'axes': [index], 'blocks': [{'values': …}]}})}
 *
 * and what codecs/pickle_write.h writes.
 */
#include "codecs/pickle_array.h"

#define FAIL(pickle, ...) ar_fail((pickle)->pool.error, AR_INPUT, __VA_ARGS__)

enum {
    EXPANSION_MAX = 250,       /* how much larger than the pickle the CSV may get, */
    EXPANSION_FROM = 1 << 30,  /* from this many bytes on: as the bomb of bytes/io.h */
};

static int fail_shape(struct ar_pickle *pickle)
{
    return FAIL(pickle, "is damaged: a pandas object that is not as pandas 1.5 to 3.1 write it");
}

/* ---- how much text -------------------------------------------------------------------------------------------------- */

/* Counts bytes of CSV: one for each cell, and its text. A text that a million cells refer to is fine, a large one is not. */
static int count_text(struct ar_pickle *pickle, uint64_t bytes)
{
    if (__builtin_add_overflow(pickle->text, bytes, &pickle->text))
        pickle->text = UINT64_MAX;
    if (pickle->text <= EXPANSION_FROM || pickle->text / EXPANSION_MAX <= pickle->n)
        return 0;
    return FAIL(pickle, "would grow to more than %d times its size as CSV", EXPANSION_MAX);
}

static bool is_cell(enum ar_pickle_type type)
{
    return type <= AR_PICKLE_TEXT;
}

/* Python objects of a column: numbers, texts or nothing. */
static int check_values(struct ar_pickle *pickle, const struct ar_pickle_column *column)
{
    char label[AR_PICKLE_LABEL_MAX];
    for (uint64_t row = 0; row < column->rows; row++) {
        const struct ar_pickle_value *value = &column->values[row * column->step];
        if (!is_cell(value->type)) {
            pickle->bad = row;
            FAIL(pickle, "holds a '%s' (row %" PRIu64 "), which is not carried", ar_pickle_describe(value, label), row);
            if (value->type == AR_PICKLE_NO_TEXT)
                return ar_hint(pickle->pool.error, "It holds half of a character (a lone surrogate): take it out first.");
            return ar_hint(pickle->pool.error, "Turn it into a number or text first, by str() for example.");
        }
        if (value->type >= AR_PICKLE_DIGITS && value->size > 0 && count_text(pickle, value->size) != 0)
            return -1;
    }
    return 0;
}

/* What a column takes as text, as far as it can be told; and are its cells such as can be carried? */
static int check_cells(struct ar_pickle *pickle, const struct ar_pickle_column *column)
{
    if (count_text(pickle, column->rows) != 0)
        return -1;
    if (column->cells == AR_CELLS_VALUES)
        return check_values(pickle, column);
    if (column->cells != AR_CELLS_ARROW || column->rows == 0)
        return 0;
    uint64_t first = ar_pickle_load(column->arrow.offsets, column->width, false);
    return count_text(pickle, ar_pickle_load(column->arrow.offsets + column->rows * column->width, column->width, false) - first);
}

/* ---- indexes -------------------------------------------------------------------------------------------------------- */

/* As many numbers as Python's range(start, stop, step) has; false where one is not as it should be. */
static bool range_length(const struct ar_pickle_value *start, const struct ar_pickle_value *stop,
                         const struct ar_pickle_value *step, uint64_t *n)
{
    if (start == NULL || stop == NULL || step == NULL || start->type != AR_PICKLE_INT || stop->type != AR_PICKLE_INT ||
        step->type != AR_PICKLE_INT || step->i == 0)
        return false;
    uint64_t stride = step->i > 0 ? (uint64_t)step->i : -(uint64_t)step->i;
    bool any = step->i > 0 ? start->i < stop->i : start->i > stop->i;
    uint64_t span = step->i > 0 ? (uint64_t)stop->i - (uint64_t)start->i : (uint64_t)start->i - (uint64_t)stop->i;
    *n = any ? (span - 1) / stride + 1 : 0;
    return true;
}

/* 1: the index as a column of labels; 0: one of another type. */
static int read_index(struct ar_pickle *pickle, const struct ar_pickle_value *index, struct ar_pickle_column *labels)
{
    const struct ar_pickle_value *class = ar_pickle_argument(index, 0), *about = ar_pickle_argument(index, 1);
    *labels = (struct ar_pickle_column){ 0 };
    if (!ar_pickle_is_made(index, AR_PICKLE_NEW_INDEX))
        return 0;
    if (ar_pickle_is_name(class, AR_PICKLE_RANGE_INDEX)) {
        const struct ar_pickle_value *start = ar_pickle_get(about, "start"), *step = ar_pickle_get(about, "step");
        if (!range_length(start, ar_pickle_get(about, "stop"), step, &labels->rows))
            return fail_shape(pickle);
        labels->cells = AR_CELLS_RANGE;
        labels->start = start->i;
        labels->step = (uint64_t)step->i;
        return 1;
    }
    if (!ar_pickle_is_name(class, AR_PICKLE_INDEX))
        return 0;
    return ar_pickle_column_of(&pickle->pool, ar_pickle_get(about, "data"), labels) == 0 ? 1 : -1;
}

/* The index whose labels are the names of the columns. */
static int read_labels(struct ar_pickle *pickle, const struct ar_pickle_value *index)
{
    char label[AR_PICKLE_LABEL_MAX];
    int have = read_index(pickle, index, &pickle->labels);
    if (have == 0) {
        FAIL(pickle, "has names of columns of the type '%s', which is not carried", ar_pickle_describe(index, label));
        return ar_hint(pickle->pool.error, "Give its columns plain names: df.columns = ['a', 'b'].");
    }
    if (have < 0 || check_cells(pickle, &pickle->labels) != 0) {
        pickle->told = true;
        return ar_fail_in(pickle->pool.error, "the index of its columns");
    }
    if (pickle->labels.rows > SIZE_MAX / sizeof(struct ar_pickle_column))
        return fail_shape(pickle);
    pickle->columns = (size_t)pickle->labels.rows;
    return 0;
}

/* Puts "column 'NAME'" before what is wrong with it, or "label 'NAME'" of a series. */
static int fail_named(struct ar_pickle *pickle, const char *what, uint64_t number)
{
    struct ar_buf name;
    ar_buf_init(&name);
    ar_pickle_add_cell(&pickle->labels, AR_PICKLE_PANDAS, number, &name);
    ar_fail_in(pickle->pool.error, "%s '%.200s'", what, name.data);
    ar_buf_release(&name);
    pickle->told = true;
    return -1;
}

static int fail_column(struct ar_pickle *pickle, uint64_t number)
{
    return fail_named(pickle, "column", number);
}

/* ---- frames --------------------------------------------------------------------------------------------------------- */

/* The numbers of a block's columns: a slice, or an array. */
struct placement {
    uint64_t n;
    struct ar_pickle_column at;
};

static int read_placement(struct ar_pickle *pickle, const struct ar_pickle_value *value, struct placement *placement)
{
    if (!ar_pickle_is_made(value, AR_PICKLE_SLICE)) {
        if (ar_pickle_column_of(&pickle->pool, value, &placement->at) != 0)
            return -1;
        placement->n = placement->at.rows;
        return placement->at.cells == AR_CELLS_INT ? 0 : fail_shape(pickle);
    }
    const struct ar_pickle_value *start = ar_pickle_argument(value, 0), *step = ar_pickle_argument(value, 2);
    const struct ar_pickle_value *stop = ar_pickle_argument(value, 1), before_first = { .type = AR_PICKLE_INT, .i = -1 };
    if (stop && stop->type == AR_PICKLE_NONE && step && step->type == AR_PICKLE_INT && step->i < 0)
        stop = &before_first;
    if (!range_length(start, stop, step, &placement->n))
        return fail_shape(pickle);
    placement->at = (struct ar_pickle_column){ .cells = AR_CELLS_RANGE, .start = start->i, .step = (uint64_t)step->i };
    return 0;
}

static uint64_t placed_at(const struct placement *placement, uint64_t i)
{
    const struct ar_pickle_column *at = &placement->at;
    if (at->cells == AR_CELLS_RANGE)
        return (uint64_t)at->start + i * at->step;
    return ar_pickle_load(at->numbers + i * at->step * at->width, at->width, at->swapped);
}

/* The place in the frame of a block's column number i, which nothing else has filled; NULL where there is none. */
static struct ar_pickle_column *place(struct ar_pickle *pickle, const struct placement *placement, uint64_t i)
{
    uint64_t number = placed_at(placement, i);
    if (number >= pickle->columns || pickle->column[number].cells != AR_CELLS_UNSET) {
        FAIL(pickle, "is damaged: its blocks do not fit its columns");
        return NULL;
    }
    return &pickle->column[number];
}

static int take_column(struct ar_pickle *pickle, struct ar_pickle_column *column, bool *have_rows)
{
    if (!*have_rows)
        pickle->rows = column->rows;
    *have_rows = true;
    if (column->rows != pickle->rows)
        return FAIL(pickle, "is damaged: it has %" PRIu64 " values in a table of %" PRIu64 " rows", column->rows, pickle->rows);
    return check_cells(pickle, column);
}

/* _unpickle_block(values, placement, dimensions) */
static int read_block(struct ar_pickle *pickle, const struct ar_pickle_value *block, bool *have_rows)
{
    struct placement placement;
    struct ar_pickle_array array;
    struct ar_pickle_column only;
    const struct ar_pickle_value *values = ar_pickle_argument(block, 0);
    if (!ar_pickle_is_made(block, AR_PICKLE_UNPICKLE_BLOCK))
        return fail_shape(pickle);
    if (read_placement(pickle, ar_pickle_argument(block, 1), &placement) != 0)
        return -1;
    int have = ar_pickle_array_read(&pickle->pool, values, &array);
    if (have == 0 && ar_pickle_column_of(&pickle->pool, values, &only) != 0) /* one of pandas' own: times may be several columns */
        have = -1;
    if (have < 0 && placement.n > 0 && place(pickle, &placement, 0))
        return fail_column(pickle, placed_at(&placement, 0));
    if (have < 0)
        return -1;
    bool fits = have > 0 ? array.dimensions == 2 && array.shape[0] == placement.n : placement.n == 1;
    if (!fits)
        return FAIL(pickle, "is damaged: a block does not have as many columns as it says");
    for (uint64_t i = 0; i < placement.n; i++) {
        struct ar_pickle_column *column = place(pickle, &placement, i);
        if (column == NULL)
            return -1;
        if (have > 0)
            ar_pickle_array_row(&array, i, column);
        else
            *column = only;
        if (take_column(pickle, column, have_rows) != 0)
            return fail_column(pickle, placed_at(&placement, i));
    }
    return 0;
}

static int read_frame(struct ar_pickle *pickle, const struct ar_pickle_value *root)
{
    const struct ar_pickle_value *manager = ar_pickle_attribute(root, "_mgr");
    const struct ar_pickle_value *blocks = ar_pickle_argument(manager, 0), *axes = ar_pickle_argument(manager, 1);
    struct ar_pickle_column rows;
    if (!ar_pickle_is_made(manager, AR_PICKLE_BLOCK_MANAGER) || blocks == NULL || blocks->type != AR_PICKLE_TUPLE)
        return fail_shape(pickle);
    pickle->kind = AR_PICKLE_FRAME;
    if (read_labels(pickle, ar_pickle_item(axes, 0)) != 0)
        return -1;
    pickle->column = ar_pickle_pool_get(&pickle->pool, pickle->columns, sizeof(*pickle->column));
    if (pickle->column == NULL)
        return -1;
    /* Of the rows' index only its length is of interest; one of a type that we do not know may have any. */
    int have = read_index(pickle, ar_pickle_item(axes, 1), &rows);
    bool have_rows = have > 0;
    pickle->rows = have_rows ? rows.rows : 0;
    if (have < 0)
        return ar_fail_in(pickle->pool.error, "the index of its rows");
    if (count_text(pickle, pickle->rows) != 0)
        return -1;
    for (size_t i = 0; i < blocks->values->n; i++)
        if (read_block(pickle, ar_pickle_item(blocks, i), &have_rows) != 0)
            return -1;
    for (size_t i = 0; i < pickle->columns; i++)
        if (pickle->column[i].cells == AR_CELLS_UNSET) {
            FAIL(pickle, "has no values");
            return fail_column(pickle, i);
        }
    return 0;
}

/* ---- series --------------------------------------------------------------------------------------------------------- */

static int finish_series(struct ar_pickle *pickle)
{
    pickle->kind = AR_PICKLE_SERIES;
    pickle->rows = 1;
    if (pickle->values.rows != pickle->labels.rows)
        return FAIL(pickle, "is damaged: a series with %" PRIu64 " values and %" PRIu64 " labels", pickle->values.rows,
                    pickle->labels.rows);
    pickle->bad = pickle->values.rows;
    if (check_cells(pickle, &pickle->values) == 0)
        return 0;
    return pickle->bad < pickle->values.rows ? fail_named(pickle, "label", pickle->bad) : -1;
}

static int read_series(struct ar_pickle *pickle, const struct ar_pickle_value *root)
{
    const struct ar_pickle_value *manager = ar_pickle_attribute(root, "_mgr");
    if (!ar_pickle_is_made(manager, AR_PICKLE_SINGLE_BLOCK_MANAGER))
        return fail_shape(pickle);
    const struct ar_pickle_value *state = ar_pickle_get(ar_pickle_item(&manager->object->state, 3), "0.14.1");
    const struct ar_pickle_value *block = ar_pickle_item(ar_pickle_get(state, "blocks"), 0);
    if (state == NULL || block == NULL)
        return fail_shape(pickle);
    if (read_labels(pickle, ar_pickle_item(ar_pickle_get(state, "axes"), 0)) != 0)
        return -1;
    if (ar_pickle_column_of(&pickle->pool, ar_pickle_get(block, "values"), &pickle->values) != 0) {
        pickle->told = true;
        return ar_fail_in(pickle->pool.error, "the series");
    }
    return finish_series(pickle);
}

static void list_column(const struct ar_pickle_value *list, struct ar_pickle_column *column)
{
    *column = (struct ar_pickle_column){ .cells = AR_CELLS_VALUES, .rows = list->values->n, .step = 1 };
    column->values = list->values->at;
}

static int list_labels(struct ar_pickle *pickle, const struct ar_pickle_value *labels)
{
    list_column(labels, &pickle->labels);
    pickle->columns = labels->values->n;
    return check_cells(pickle, &pickle->labels);
}

/* Series([VALUE, …], ['LABEL', …], 'object') */
static int read_made_series(struct ar_pickle *pickle, const struct ar_pickle_value *root)
{
    const struct ar_pickle_value *values = ar_pickle_argument(root, 0), *labels = ar_pickle_argument(root, 1);
    if (values->type != AR_PICKLE_LIST || labels == NULL || labels->type != AR_PICKLE_LIST ||
        !ar_pickle_is_text(ar_pickle_argument(root, 2), "object") || ar_pickle_argument(root, 3))
        return fail_shape(pickle);
    list_column(values, &pickle->values);
    return list_labels(pickle, labels) == 0 ? finish_series(pickle) : -1;
}

/* ---- frames of lists ------------------------------------------------------------------------------------------------ */

/* The rows' values, one row behind the other: the columns point into them. NULL where they are not as they should be. */
static struct ar_pickle_value *copy_rows(struct ar_pickle *pickle, const struct ar_pickle_value *rows)
{
    size_t columns = pickle->columns, width = columns * sizeof(struct ar_pickle_value);
    struct ar_pickle_value *values = ar_pickle_pool_get(&pickle->pool, rows->values->n, width);
    for (size_t i = 0; values && i < rows->values->n; i++) {
        const struct ar_pickle_value *row = &rows->values->at[i];
        if (row->type != AR_PICKLE_LIST || row->values->n != columns) {
            fail_shape(pickle);
            return NULL;
        }
        if (columns > 0)
            memcpy(&values[i * columns], row->values->at, width);
    }
    return values;
}

/* DataFrame([[VALUE, …], …], None, ['LABEL', …]) */
static int read_made_frame(struct ar_pickle *pickle, const struct ar_pickle_value *root)
{
    const struct ar_pickle_value *rows = ar_pickle_argument(root, 0), *names = ar_pickle_argument(root, 1);
    const struct ar_pickle_value *labels = ar_pickle_argument(root, 2);
    if (rows->type != AR_PICKLE_LIST || names == NULL || names->type != AR_PICKLE_NONE || labels == NULL ||
        labels->type != AR_PICKLE_LIST || ar_pickle_argument(root, 3) || root->object->built)
        return fail_shape(pickle);
    if (list_labels(pickle, labels) != 0)
        return -1;
    pickle->kind = AR_PICKLE_FRAME;
    pickle->rows = rows->values->n;
    struct ar_pickle_value *values = copy_rows(pickle, rows);
    pickle->column = values ? ar_pickle_pool_get(&pickle->pool, pickle->columns, sizeof(*pickle->column)) : NULL;
    if (pickle->column == NULL)
        return -1;
    for (size_t i = 0; i < pickle->columns; i++) {
        pickle->column[i] = (struct ar_pickle_column){ .cells = AR_CELLS_VALUES, .rows = pickle->rows, .step = pickle->columns };
        pickle->column[i].values = values + i;
        if (check_cells(pickle, &pickle->column[i]) != 0)
            return fail_column(pickle, i);
    }
    return 0;
}

/* ---- a CSV that pandas is to read ----------------------------------------------------------------------------------- */

/* {'dtype': {…}}: nothing that would make it read the bytes in another way. */
static bool are_types(const struct ar_pickle_value *keywords)
{
    if (keywords && keywords->type == AR_PICKLE_NONE)
        return true;
    const struct ar_pickle_value *types = ar_pickle_get(keywords, "dtype");
    return types && types->type == AR_PICKLE_DICT && keywords->values->n == 2;
}

/* read_csv, or partial(read_csv, dtype={…}), which has its keywords from BUILD or from the call that made it. */
static bool is_read_csv(const struct ar_pickle_value *function)
{
    if (function->type == AR_PICKLE_NAME)
        return function->name->id == AR_PICKLE_READ_CSV;
    if (!ar_pickle_is_made(function, AR_PICKLE_PARTIAL) ||
        !ar_pickle_is_name(ar_pickle_argument(function, 0), AR_PICKLE_READ_CSV) || ar_pickle_argument(function, 1))
        return false;
    const struct ar_pickle_object *partial = function->object;
    if (!partial->built)
        return are_types(&partial->keywords);
    const struct ar_pickle_value *state = &partial->state, *arguments = ar_pickle_item(state, 1);
    return partial->keywords.type == AR_PICKLE_NONE && ar_pickle_is_name(ar_pickle_item(state, 0), AR_PICKLE_READ_CSV) &&
           arguments && arguments->type == AR_PICKLE_TUPLE && arguments->values->n == 0 && are_types(ar_pickle_item(state, 2));
}

static bool is_csv(const struct ar_pickle_value *root)
{
    if (root->type != AR_PICKLE_OBJECT || root->object->built || !is_read_csv(&root->object->callable) ||
        ar_pickle_argument(root, 1))
        return false;
    const struct ar_pickle_value *file = ar_pickle_argument(root, 0);
    return ar_pickle_is_made(file, AR_PICKLE_BYTES_IO) && !file->object->built && !ar_pickle_argument(file, 1) &&
           are_types(&root->object->keywords);
}

static int read_csv(struct ar_pickle *pickle, const struct ar_pickle_value *root)
{
    const struct ar_pickle_value *bytes = ar_pickle_argument(ar_pickle_argument(root, 0), 0);
    if (bytes == NULL || bytes->type != AR_PICKLE_BYTES)
        return fail_shape(pickle);
    pickle->kind = AR_PICKLE_CSV;
    pickle->csv = bytes->text;
    pickle->csv_len = bytes->size;
    return 0;
}

int ar_pickle_find_table(struct ar_pickle *pickle, const struct ar_pickle_value *root)
{
    char label[AR_PICKLE_LABEL_MAX];
    if (ar_pickle_is_made(root, AR_PICKLE_DATA_FRAME))
        return ar_pickle_argument(root, 0) ? read_made_frame(pickle, root) : read_frame(pickle, root);
    if (ar_pickle_is_made(root, AR_PICKLE_DATA_SERIES))
        return ar_pickle_argument(root, 0) ? read_made_series(pickle, root) : read_series(pickle, root);
    if (is_csv(root))
        return read_csv(pickle, root);
    FAIL(pickle, "holds a '%s', which is no pandas DataFrame or Series", ar_pickle_describe(root, label));
    return -1;
}
