/* SPDX-License-Identifier: MIT */
/*
 * Columns of pandas' own arrays: nullable numbers (_data and _mask), texts as Python objects (StringArray), texts by Arrow
 * (https://arrow.apache.org/docs/format/Columnar.html: validity, offsets and texts of a "string" or "large_string").
 */
#include "bytes/text.h"
#include "codecs/pickle_array.h"

#define FAIL(pool, ...) ar_fail((pool)->error, AR_INPUT, __VA_ARGS__)

static int fail_type(struct ar_pickle_pool *pool, const struct ar_pickle_value *value)
{
    char label[AR_PICKLE_LABEL_MAX];
    FAIL(pool, "is of the type '%s', which is not carried", ar_pickle_describe(value, label));
    return ar_hint(pool->error, "Turn it into numbers or text first, by astype(str) for example.");
}

/* ---- nullable numbers ----------------------------------------------------------------------------------------------- */

static int masked_column(struct ar_pickle_pool *pool, const struct ar_pickle_value *value, struct ar_pickle_column *column)
{
    struct ar_pickle_array data, mask;
    int have_data = ar_pickle_array_read(pool, ar_pickle_attribute(value, "_data"), &data);
    int have_mask = have_data > 0 ? ar_pickle_array_read(pool, ar_pickle_attribute(value, "_mask"), &mask) : 0;
    if (have_data < 0 || have_mask < 0)
        return -1;
    if (have_data == 0 || have_mask == 0 || data.dimensions != 1 || mask.dimensions != 1 || data.kind == 'O' ||
        mask.kind != 'b' || data.shape[0] != mask.shape[0])
        return FAIL(pool, "is damaged: values and mask do not go together");
    ar_pickle_array_row(&data, 0, column);
    column->mask = mask.bytes;
    column->nan_is_text = value->object->callable.name->old;
    return 0;
}

/* ---- texts as objects ----------------------------------------------------------------------------------------------- */

static int backed_column(struct ar_pickle_pool *pool, const struct ar_pickle_value *value, struct ar_pickle_column *column)
{
    struct ar_pickle_array array;
    const struct ar_pickle_value *state = &value->object->state;
    if (!ar_pickle_is_name(ar_pickle_argument(value, 0), AR_PICKLE_STRING_ARRAY))
        return fail_type(pool, value);
    int have = ar_pickle_array_read(pool, ar_pickle_item(state, 1), &array);
    if (have == 0)
        have = ar_pickle_array_read(pool, ar_pickle_item(state, 0), &array);
    if (have < 0)
        return -1;
    if (have == 0 || array.kind != 'O' || array.dimensions != 1)
        return FAIL(pool, "is damaged: texts without their array");
    ar_pickle_array_row(&array, 0, column);
    return 0;
}

/* ---- texts by Arrow ------------------------------------------------------------------------------------------------- */

/* The bytes of a buffer; none is one without bytes. */
static bool read_buffer(const struct ar_pickle_value *buffers, size_t i, const char **bytes, uint64_t *n)
{
    const struct ar_pickle_value *buffer = ar_pickle_item(buffers, i);
    *bytes = NULL;
    *n = 0;
    if (buffer == NULL || (buffer->type != AR_PICKLE_BYTES && buffer->type != AR_PICKLE_NONE))
        return false;
    if (buffer->type == AR_PICKLE_BYTES) {
        *bytes = buffer->text;
        *n = buffer->size;
    }
    return true;
}

/* The bytes of an offset: 4 of string, 8 of large_string; 0: another type. */
static uint8_t offset_width(const struct ar_pickle_value *type)
{
    if (!ar_pickle_is_made(type, AR_PICKLE_TYPE_FOR_ALIAS))
        return 0;
    const struct ar_pickle_value *alias = ar_pickle_argument(type, 0);
    if (ar_pickle_is_text(alias, "string") || ar_pickle_is_text(alias, "utf8"))
        return 4;
    return ar_pickle_is_text(alias, "large_string") || ar_pickle_is_text(alias, "large_utf8") ? 8 : 0;
}

static int fail_arrow_type(struct ar_pickle_pool *pool, const struct ar_pickle_value *type)
{
    const struct ar_pickle_value *alias = ar_pickle_is_made(type, AR_PICKLE_TYPE_FOR_ALIAS) ? ar_pickle_argument(type, 0) : NULL;
    if (alias == NULL || alias->type != AR_PICKLE_TEXT)
        return fail_type(pool, type);
    FAIL(pool, "is of the type '%.*s[pyarrow]', which is not carried", (int)(alias->size < 40 ? alias->size : 40), alias->text);
    return ar_hint(pool->error, "Turn it into numbers or text of pandas or numpy first.");
}

static uint64_t arrow_offset(const struct ar_pickle_column *column, uint64_t row)
{
    return ar_pickle_load(column->arrow.offsets + row * column->width, column->width, false);
}

const char *ar_pickle_arrow_text(const struct ar_pickle_column *column, uint64_t row, size_t *n)
{
    uint64_t bit = column->arrow.valid_from + row;
    if (column->arrow.validity && (column->arrow.validity[bit / 8] >> bit % 8 & 1) == 0)
        return NULL;
    uint64_t start = arrow_offset(column, row);
    *n = (size_t)(arrow_offset(column, row + 1) - start);
    return *n > 0 ? column->arrow.texts + start : "";
}

/* Offsets that never fall and stay within the texts, and cells that are UTF-8. */
static bool texts_are_sound(const struct ar_pickle_column *column, uint64_t n_texts)
{
    for (uint64_t row = 0; row < column->rows; row++)
        if (arrow_offset(column, row) > arrow_offset(column, row + 1))
            return false;
    if (column->rows > 0 && arrow_offset(column, column->rows) > n_texts)
        return false;
    for (uint64_t row = 0; row < column->rows; row++) {
        size_t n;
        const char *text = ar_pickle_arrow_text(column, row, &n);
        if (text && ar_utf8_check(text, n) != n)
            return false;
    }
    return true;
}

/* _restore_array((type, length, nulls, offset, buffers, children, dictionary)) */
static int restored_column(struct ar_pickle_pool *pool, const struct ar_pickle_value *array, struct ar_pickle_column *column)
{
    const struct ar_pickle_value *parts = ar_pickle_argument(array, 0), *buffers = ar_pickle_item(parts, 4);
    const char *offsets;
    uint64_t offset, n_validity, n_offsets, n_texts, end;
    column->cells = AR_CELLS_ARROW;
    column->width = offset_width(ar_pickle_item(parts, 0));
    if (column->width == 0)
        return fail_arrow_type(pool, ar_pickle_item(parts, 0));
    if (!ar_pickle_count(ar_pickle_item(parts, 1), &column->rows) || !ar_pickle_count(ar_pickle_item(parts, 3), &offset) ||
        !read_buffer(buffers, 0, &column->arrow.validity, &n_validity) || !read_buffer(buffers, 1, &offsets, &n_offsets) ||
        !read_buffer(buffers, 2, &column->arrow.texts, &n_texts) || __builtin_add_overflow(column->rows, offset, &end))
        return FAIL(pool, "is damaged: an Arrow array without its parts");
    if (column->rows == 0)
        return 0;
    if (end >= n_offsets / column->width || (column->arrow.validity && n_validity < end / 8 + (end % 8 > 0)))
        return FAIL(pool, "is damaged: an Arrow array that does not have as many texts as it says");
    column->arrow.offsets = offsets + offset * column->width;
    column->arrow.valid_from = offset;
    if (!texts_are_sound(column, n_texts))
        return FAIL(pool, "is damaged: an Arrow array with texts that are not UTF-8, or lie beyond its end");
    return 0;
}

static int arrow_column(struct ar_pickle_pool *pool, const struct ar_pickle_value *value, struct ar_pickle_column *column)
{
    const struct ar_pickle_value *array = ar_pickle_attribute(value, "_pa_array");
    if (array == NULL)
        array = ar_pickle_attribute(value, "_data"); /* pandas 1.5 */
    *column = (struct ar_pickle_column){ 0 };
    if (ar_pickle_is_made(array, AR_PICKLE_CHUNKED_ARRAY)) {
        const struct ar_pickle_value *chunks = ar_pickle_argument(array, 0);
        if (ar_pickle_item(chunks, 1) || !ar_pickle_item(chunks, 0))
            return FAIL(pool, "is an Arrow array of several pieces, or of none, which is not carried");
        array = ar_pickle_item(chunks, 0);
    }
    if (!ar_pickle_is_made(array, AR_PICKLE_RESTORE_ARRAY))
        return fail_type(pool, value);
    return restored_column(pool, array, column);
}

int ar_pickle_column_of(struct ar_pickle_pool *pool, const struct ar_pickle_value *values, struct ar_pickle_column *column)
{
    struct ar_pickle_array array;
    int have = ar_pickle_array_read(pool, values, &array);
    if (have < 0)
        return -1;
    if (have > 0) {
        if (array.dimensions != 1)
            return FAIL(pool, "is damaged: it has two dimensions");
        ar_pickle_array_row(&array, 0, column);
        return 0;
    }
    if (ar_pickle_is_made(values, AR_PICKLE_MASKED_ARRAY))
        return masked_column(pool, values, column);
    if (ar_pickle_is_made(values, AR_PICKLE_NDARRAY_BACKED))
        return backed_column(pool, values, column);
    if (ar_pickle_is_made(values, AR_PICKLE_ARROW_ARRAY))
        return arrow_column(pool, values, column);
    return fail_type(pool, values);
}
