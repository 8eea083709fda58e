/* SPDX-License-Identifier: MIT */
/*
 * numpy's objects, by what their __reduce__ gives: dtype('f8', False, True) with a state (version, byte order, …);
 * _reconstruct(ndarray, (0,), b'b') with (version, shape, dtype, Fortran order?, data); _frombuffer(data, dtype, shape, order);
 * scalar(dtype, data).
 */
#include <endian.h>

#include "codecs/pickle_array.h"
#include "codecs/pickle_number.h"

#define FAIL(pool, ...) ar_fail((pool)->error, AR_INPUT, __VA_ARGS__)

enum { LATIN1_MAX = 0x100 };

/* ---- element types -------------------------------------------------------------------------------------------------- */

struct element {
    char kind;
    uint8_t width;
    bool swapped;
    char text[16]; /* as numpy writes it: for messages */
};

/* False: no dtype at all. What we do not carry has the kind '?'. */
static bool read_element(const struct ar_pickle_value *dtype, struct element *element)
{
    static const char *const carried[] = { "b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8" };
    const struct ar_pickle_value *text = ar_pickle_argument(dtype, 0);
    if (!ar_pickle_is_made(dtype, AR_PICKLE_DTYPE) || text == NULL || text->type != AR_PICKLE_TEXT)
        return false;
    *element = (struct element){ .kind = '?' };
    snprintf(element->text, sizeof(element->text), "%.*s", (int)(text->size < 8 ? text->size : 8), text->text);
    for (size_t i = 0; i < AR_COUNT(carried); i++)
        if (ar_pickle_is_text(text, carried[i])) {
            element->kind = carried[i][0];
            element->width = (uint8_t)(carried[i][1] - '0');
        }
    if (ar_pickle_is_text(text, "O8") || ar_pickle_is_text(text, "O4") || ar_pickle_is_text(text, "O"))
        element->kind = 'O';
    const struct ar_pickle_value *order = ar_pickle_item(&dtype->object->state, 1);
    element->swapped = ar_pickle_is_text(order, ">");
    return true;
}

static int fail_element(struct ar_pickle_pool *pool, const struct element *element)
{
    const char *name = element->text[0] == 'M' ? "datetime64" : element->text[0] == 'm' ? "timedelta64" :
                       element->text[0] == 'c' ? "complex" : element->text[0] == 'f' ? "longdouble" : element->text;
    return FAIL(pool, "is of the type '%s', which is not carried", name);
}

uint64_t ar_pickle_load(const char *bytes, unsigned width, bool swapped)
{
    uint64_t number = 0;
    if (!swapped) {
        memcpy(&number, bytes, width);
        return le64toh(number);
    }
    for (unsigned i = 0; i < width; i++)
        number = number << 8 | (uint8_t)bytes[i];
    return number;
}

/* ---- single numbers ------------------------------------------------------------------------------------------------- */

static double load_float(const char *bytes, const struct element *element)
{
    uint64_t bits = ar_pickle_load(bytes, element->width, element->swapped);
    if (element->width == 2)
        return ar_number_half((uint16_t)bits);
    if (element->width == 4) {
        uint32_t half = (uint32_t)bits;
        float value;
        memcpy(&value, &half, sizeof(value));
        return (double)value;
    }
    double value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static void load_value(const char *bytes, const struct element *element, bool old, struct ar_pickle_value *value)
{
    uint64_t bits = ar_pickle_load(bytes, element->width, element->swapped);
    unsigned unused = 64 - 8u * element->width;
    *value = (struct ar_pickle_value){ .type = AR_PICKLE_BOOL, .i = bits != 0 };
    if (element->kind == 'i')
        *value = (struct ar_pickle_value){ .type = AR_PICKLE_INT, .i = (int64_t)(bits << unused) >> unused };
    else if (element->kind == 'u')
        *value = (struct ar_pickle_value){ .type = bits > INT64_MAX ? AR_PICKLE_UINT : AR_PICKLE_INT, .u = bits };
    else if (element->kind == 'f')
        *value = (struct ar_pickle_value){ .type = element->width == 8 ? AR_PICKLE_FLOAT :
                                                   element->width == 4 ? AR_PICKLE_FLOAT32 : AR_PICKLE_FLOAT16,
                                           .size = old, .f = load_float(bytes, element) };
}

/* The UTF-8 of a character; the number of its bytes, 0 where there is no such character. */
static size_t put_utf8(char *to, uint64_t c)
{
    if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    size_t more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const uint8_t lead[] = { 0, 0xc0, 0xe0, 0xf0 };
    to[0] = (char)(lead[more] | c >> 6 * more);
    for (size_t i = 1; i <= more; i++)
        to[i] = (char)(0x80 | (c >> 6 * (more - i) & 0x3f));
    return more + 1;
}

/* numpy's str_: 4 bytes for each character, and zeros behind them. */
static int read_wide_text(struct ar_pickle_pool *pool, const struct ar_pickle_value *data, bool swapped,
                          struct ar_pickle_value *value)
{
    char *text = ar_pickle_pool_get(pool, data->size, 1);
    size_t n = 0, end = data->size - data->size % 4;
    if (text == NULL)
        return -1;
    while (end > 0 && ar_pickle_load(data->text + end - 4, 4, swapped) == 0)
        end -= 4;
    for (size_t i = 0; i < end; i += 4) {
        size_t added = put_utf8(text + n, ar_pickle_load(data->text + i, 4, swapped));
        if (added == 0)
            return FAIL(pool, "holds a text of numpy that is not Unicode");
        n += added;
    }
    *value = (struct ar_pickle_value){ .type = AR_PICKLE_TEXT, .size = n, .text = text };
    return 1;
}

/* scalar(dtype, data). 1; 0 where it is not carried: it stays an object, which is refused where it is a cell. */
static int read_scalar(struct ar_pickle_pool *pool, const struct ar_pickle_value *callable,
                       const struct ar_pickle_value *arguments, struct ar_pickle_value *value)
{
    struct element element;
    const struct ar_pickle_value *data = ar_pickle_item(arguments, 1);
    if (!read_element(ar_pickle_item(arguments, 0), &element) || data == NULL || data->type != AR_PICKLE_BYTES)
        return 0;
    if (element.text[0] == 'U')
        return read_wide_text(pool, data, element.swapped, value);
    if (element.width == 0 || data->size != element.width)
        return 0;
    load_value(data->text, &element, callable->name->old, value);
    return 1;
}

/* ---- calls that stand for plain data -------------------------------------------------------------------------------- */

/* encode(text, 'latin1'): the bytes of protocol 2. */
static int decode_latin1(struct ar_pickle_pool *pool, const struct ar_pickle_value *text, struct ar_pickle_value *value)
{
    char *bytes = ar_pickle_pool_get(pool, text->size, 1);
    if (bytes == NULL)
        return -1;
    size_t n = 0;
    for (size_t i = 0; i < text->size; i++) {
        uint8_t c = (uint8_t)text->text[i];
        if (c >= 0x80) { /* it was checked: a byte follows */
            unsigned code = (c & 0x1fu) << 6 | ((uint8_t)text->text[++i] & 0x3fu);
            if (c >= 0xe0 || code >= LATIN1_MAX)
                return FAIL(pool, "is damaged: it holds bytes above 255");
            c = (uint8_t)code;
        }
        bytes[n++] = (char)c;
    }
    *value = (struct ar_pickle_value){ .type = AR_PICKLE_BYTES, .size = n, .text = bytes };
    return 1;
}

/* bytes() and bytearray(b'…') */
static int read_bytes(const struct ar_pickle_value *arguments, struct ar_pickle_value *value)
{
    const struct ar_pickle_value *data = ar_pickle_item(arguments, 0);
    if (data && data->type != AR_PICKLE_BYTES)
        return 0;
    *value = data ? *data : (struct ar_pickle_value){ .type = AR_PICKLE_BYTES, .text = "" };
    return 1;
}

/* 1 where value is set. */
static int evaluate(struct ar_pickle_pool *pool, const struct ar_pickle_value *callable, const struct ar_pickle_value *arguments,
                    struct ar_pickle_value *value)
{
    if (callable->type != AR_PICKLE_NAME)
        return 0;
    const struct ar_pickle_value *first = ar_pickle_item(arguments, 0);
    switch (callable->name->id) {
    case AR_PICKLE_ENCODE:
        return first && first->type == AR_PICKLE_TEXT && ar_pickle_is_text(ar_pickle_item(arguments, 1), "latin1") ?
                   decode_latin1(pool, first, value) : 0;
    case AR_PICKLE_BYTES_CLASS:
    case AR_PICKLE_PY_BUFFER:
        return read_bytes(arguments, value);
    case AR_PICKLE_SCALAR:
        return read_scalar(pool, callable, arguments, value);
    case AR_PICKLE_NAT:
        *value = (struct ar_pickle_value){ .type = AR_PICKLE_MISSING };
        return 1;
    default:
        return 0;
    }
}

int ar_pickle_call(struct ar_pickle_pool *pool, const struct ar_pickle_value *callable, const struct ar_pickle_value *arguments,
                   const struct ar_pickle_value *keywords, struct ar_pickle_value *result)
{
    int done = evaluate(pool, callable, arguments, result);
    if (done != 0)
        return done > 0 ? 0 : -1;
    struct ar_pickle_object *object = ar_pickle_pool_get(pool, 1, sizeof(*object));
    if (object == NULL)
        return -1;
    *object = (struct ar_pickle_object){ .callable = *callable, .arguments = *arguments, .keywords = *keywords };
    *result = (struct ar_pickle_value){ .type = AR_PICKLE_OBJECT, .object = object };
    return 0;
}

/* ---- arrays --------------------------------------------------------------------------------------------------------- */

/* Where the two ways to write an array have its parts. */
struct parts {
    const struct ar_pickle_value *shape, *dtype, *data;
};

/* 1; 0: it is no array, or not written so. */
static int find_parts(const struct ar_pickle_value *value, struct ar_pickle_array *array, struct parts *parts)
{
    if (ar_pickle_is_made(value, AR_PICKLE_RECONSTRUCT)) {
        const struct ar_pickle_value *state = &value->object->state, *fortran = ar_pickle_item(state, 3);
        *parts = (struct parts){ ar_pickle_item(state, 1), ar_pickle_item(state, 2), ar_pickle_item(state, 4) };
        array->fortran = fortran && fortran->type == AR_PICKLE_BOOL && fortran->i;
    } else if (ar_pickle_is_made(value, AR_PICKLE_FROMBUFFER)) {
        const struct ar_pickle_value *order = ar_pickle_argument(value, 3);
        *parts = (struct parts){ ar_pickle_argument(value, 2), ar_pickle_argument(value, 1), ar_pickle_argument(value, 0) };
        array->fortran = ar_pickle_is_text(order, "F");
        if (!array->fortran && !ar_pickle_is_text(order, "C"))
            return 0;
    } else {
        return 0;
    }
    array->old = value->object->callable.name->old;
    return 1;
}

/* The dimensions, and the number of all elements. */
static bool read_shape(const struct ar_pickle_value *shape, struct ar_pickle_array *array, uint64_t *elements)
{
    *elements = 1;
    array->shape[1] = 1;
    if (shape == NULL || shape->type != AR_PICKLE_TUPLE || shape->values->n < 1 || shape->values->n > 2)
        return false;
    array->dimensions = (int)shape->values->n;
    for (int i = 0; i < array->dimensions; i++)
        if (!ar_pickle_count(ar_pickle_item(shape, (size_t)i), &array->shape[i]) ||
            __builtin_mul_overflow(*elements, array->shape[i], elements))
            return false;
    return true;
}

int ar_pickle_array_read(struct ar_pickle_pool *pool, const struct ar_pickle_value *value, struct ar_pickle_array *array)
{
    struct parts parts;
    struct element element;
    uint64_t elements, bytes;
    *array = (struct ar_pickle_array){ 0 };
    if (find_parts(value, array, &parts) == 0)
        return 0;
    if (!read_element(parts.dtype, &element) || !read_shape(parts.shape, array, &elements) || parts.data == NULL)
        return FAIL(pool, "is damaged: a numpy array without its type, shape or data");
    if (element.kind == '?')
        return fail_element(pool, &element);
    array->kind = element.kind;
    array->width = element.width;
    array->swapped = element.swapped;
    if (element.kind == 'O') {
        if (parts.data->type != AR_PICKLE_LIST || parts.data->values->n != elements)
            return FAIL(pool, "is damaged: a numpy array that does not have as many objects as its shape says");
        array->values = parts.data->values->at;
        return 1;
    }
    if (parts.data->type != AR_PICKLE_BYTES || __builtin_mul_overflow(elements, element.width, &bytes) ||
        parts.data->size != bytes)
        return FAIL(pool, "is damaged: a numpy array that does not have as many bytes as its shape says");
    array->bytes = parts.data->text;
    return 1;
}

void ar_pickle_array_row(const struct ar_pickle_array *array, uint64_t i, struct ar_pickle_column *column)
{
    static const struct {
        char kind;
        enum ar_pickle_cells cells;
    } kinds[] = {
        { 'i', AR_CELLS_INT }, { 'u', AR_CELLS_UINT }, { 'f', AR_CELLS_FLOAT }, { 'b', AR_CELLS_BOOL }, { 'O', AR_CELLS_VALUES },
    };
    bool rows = array->dimensions == 2; /* it has rows, of which one is meant; else it is that row */
    uint64_t first = !rows ? 0 : array->fortran ? i : i * array->shape[1];
    *column = (struct ar_pickle_column){ .width = array->width, .swapped = array->swapped, .old = array->old };
    for (size_t k = 0; k < AR_COUNT(kinds); k++)
        if (kinds[k].kind == array->kind)
            column->cells = (uint8_t)kinds[k].cells;
    column->rows = rows ? array->shape[1] : array->shape[0];
    column->step = rows && array->fortran ? array->shape[0] : 1;
    if (column->rows == 0)
        return;
    if (array->kind == 'O')
        column->values = array->values + first;
    else
        column->numbers = array->bytes + first * array->width;
}
