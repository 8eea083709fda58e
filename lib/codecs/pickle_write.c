/* SPDX-License-Identifier: MIT */
/*
 * Opcodes and their meaning: Lib/pickletools.py of CPython, PEP 3154 (protocol 4).
 */
#include <locale.h>
#include <math.h>

#include "bytes/text.h"
#include "codecs/decimal.h"
#include "codecs/pickle_write.h"
#include "codecs/value.h"

enum {
    OP_MARK = '(',
    OP_STOP = '.',
    OP_FLOAT = 'G',        /* BINFLOAT */
    OP_INT = 'J',          /* BININT */
    OP_NONE = 'N',
    OP_REDUCE = 'R',       /* call */
    OP_TEXT = 'X',         /* BINUNICODE */
    OP_LIST = ']',
    OP_BUILD = 'b',        /* __setstate__ */
    OP_APPENDS = 'e',
    OP_NO_ARGUMENTS = ')', /* EMPTY_TUPLE */
    OP_TUPLE = 't',
    OP_SETITEM = 's',
    OP_SETITEMS = 'u',
    OP_DICT = '}',
    OP_PROTOCOL = 0x80,
    OP_TUPLE1 = 0x85,
    OP_TUPLE3 = 0x87,
    OP_TRUE = 0x88,
    OP_FALSE = 0x89,
    OP_LONG1 = 0x8a,
    OP_LONG4 = 0x8b,
    OP_SHORT_TEXT = 0x8c,  /* SHORT_BINUNICODE */
    OP_TEXT8 = 0x8d,       /* BINUNICODE8 */
    OP_BYTES8 = 0x8e,      /* BINBYTES8 */
    OP_GLOBAL = 0x93,      /* STACK_GLOBAL */
};

enum {
    PROTOCOL = 4,
    DIGITS_MAX = 4300, /* of an int, by Python's default: sys.int_info.default_max_str_digits */
    LIMBS_MAX = 448,   /* 32 bits each: more than DIGITS_MAX × log2(10) / 32 */
    CHUNK = 9,         /* decimal digits that fit in a limb */
};

/* ---- opcodes -------------------------------------------------------------------------------------------------------- */

static void add_op(struct ar_buf *out, int op)
{
    ar_buf_add_char(out, (char)op);
}

/* The lowest bytes of value, little-endian. */
static void add_size(struct ar_buf *out, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        add_op(out, (int)(value >> 8 * i & 0xff));
}

static void add_text(struct ar_buf *out, const char *text, size_t n)
{
    if (n <= UINT8_MAX) {
        add_op(out, OP_SHORT_TEXT);
        add_size(out, n, 1);
    } else if (n <= UINT32_MAX) {
        add_op(out, OP_TEXT);
        add_size(out, n, 4);
    } else {
        add_op(out, OP_TEXT8);
        add_size(out, n, 8);
    }
    ar_buf_add(out, text, n);
}

static void add_string(struct ar_buf *out, const char *text)
{
    add_text(out, text, strlen(text));
}

static void add_global(struct ar_buf *out, const char *module, const char *name)
{
    add_string(out, module);
    add_string(out, name);
    add_op(out, OP_GLOBAL);
}

/* Calls the function before the last thing with that thing. */
static void add_call(struct ar_buf *out)
{
    add_op(out, OP_TUPLE1);
    add_op(out, OP_REDUCE);
}

static void begin_pickle(struct ar_buf *out)
{
    add_op(out, OP_PROTOCOL);
    add_op(out, PROTOCOL);
}

/* ---- a frame -------------------------------------------------------------------------------------------------------- */

/* {'dtype': {'COLUMN': 'str', …}} */
static void add_keywords(struct ar_buf *out, const char *const *text_columns, size_t n_text)
{
    add_op(out, OP_DICT);
    add_string(out, "dtype");
    add_op(out, OP_DICT);
    add_op(out, OP_MARK);
    for (size_t i = 0; i < n_text; i++) {
        add_string(out, text_columns[i]);
        add_string(out, "str");
    }
    add_op(out, OP_SETITEMS);
    add_op(out, OP_SETITEM);
}

/*
 * The function with its keywords, as pickle itself writes a partial: it is made without them, and then given its state, the tuple
 * of function, arguments, keywords and attributes.
 */
static void add_partial(struct ar_buf *out, const char *const *text_columns, size_t n_text)
{
    add_global(out, "functools", "partial");
    add_global(out, "pandas", "read_csv");
    add_call(out);
    add_op(out, OP_MARK);
    add_global(out, "pandas", "read_csv");
    add_op(out, OP_NO_ARGUMENTS);
    add_keywords(out, text_columns, n_text);
    add_op(out, OP_NONE);
    add_op(out, OP_TUPLE);
    add_op(out, OP_BUILD);
}

int ar_pickle_frame_ends(struct ar_buf *before, struct ar_buf *behind, uint64_t csv_bytes, const char *const *text_columns,
                         size_t n_text, struct ar_error *error)
{
    begin_pickle(before);
    add_partial(before, text_columns, n_text);
    add_global(before, "io", "BytesIO");
    add_op(before, OP_BYTES8);
    add_size(before, csv_bytes, 8);

    add_call(behind);
    add_call(behind);
    add_op(behind, OP_STOP);
    return ar_buf_check(before, error) || ar_buf_check(behind, error) ? -1 : 0;
}

/* ---- series, and frames of values ----------------------------------------------------------------------------------- */

/* The whole number of these decimal digits, in limbs from the lowest. Returns how many. */
static size_t read_digits(uint32_t limb[LIMBS_MAX], const char *digits, size_t n)
{
    size_t used = 0;
    for (size_t i = 0; i < n;) {
        uint32_t scale = 1;
        uint64_t carry = 0;
        for (int k = 0; k < CHUNK && i < n; k++, i++) {
            carry = carry * 10 + (uint64_t)(digits[i] - '0');
            scale *= 10;
        }
        for (size_t j = 0; j < used; j++) {
            carry += (uint64_t)limb[j] * scale;
            limb[j] = (uint32_t)carry;
            carry >>= 32;
        }
        if (carry > 0)
            limb[used++] = (uint32_t)carry;
    }
    return used;
}

/* In two's complement, little-endian, in as few bytes as keep the sign: as Python's own encode_long. */
static void add_long(struct ar_buf *out, const char *digits, size_t n, bool negative)
{
    uint32_t limb[LIMBS_MAX];
    uint8_t bytes[LIMBS_MAX * 4 + 1];
    size_t len = read_digits(limb, digits, n) * 4 + 1;
    unsigned carry = negative;
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = i + 1 < len ? (uint8_t)(limb[i / 4] >> i % 4 * 8) : 0;
        carry += negative ? (uint8_t)~byte : byte;
        bytes[i] = (uint8_t)carry;
        carry >>= 8;
    }
    uint8_t sign = negative ? 0xff : 0;
    while (len > 1 && bytes[len - 1] == sign && (bytes[len - 2] & 0x80) == (sign & 0x80))
        len--;
    add_op(out, len <= UINT8_MAX ? OP_LONG1 : OP_LONG4);
    add_size(out, len, len <= UINT8_MAX ? 1 : 4);
    ar_buf_add(out, bytes, len);
}

static int add_integer(struct ar_buf *out, const char *text, size_t n, const char *column, struct ar_error *error)
{
    int64_t value;
    if (ar_decimal_to_integer(text, n, &value) && value >= INT32_MIN && value <= INT32_MAX) {
        add_op(out, OP_INT);
        add_size(out, (uint64_t)value, 4);
        return 0;
    }
    bool negative = *text == '-';
    size_t digits = n - negative;
    if (digits > DIGITS_MAX) {
        ar_fail(error, AR_CONTENT, "column '%s': an integer of %zu digits", column, digits);
        return ar_hint(error, "Python reads integers of at most %d digits; write it as a text, in quotes.", DIGITS_MAX);
    }
    add_long(out, text + negative, digits, negative);
    return 0;
}

/* IEEE 754, big-endian. */
static void add_float(struct ar_buf *out, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    add_op(out, OP_FLOAT);
    add_size(out, __builtin_bswap64(bits), 8);
}

/* What the values of a row need that is made once. */
struct values {
    struct ar_buf *out;
    struct ar_buf text; /* room for a cell's value */
    locale_t locale;    /* "C": the program's may have another decimal point */
};

static int add_number(struct values *values, const struct ar_cell *cell, const char *column, struct ar_error *error)
{
    if (!memchr(cell->text, '.', cell->len) && !memchr(cell->text, 'e', cell->len) && !memchr(cell->text, 'E', cell->len))
        return add_integer(values->out, cell->text, cell->len, column, error);
    ar_buf_clear(&values->text);
    ar_buf_add(&values->text, cell->text, cell->len);
    if (ar_buf_check(&values->text, error) != 0)
        return -1;
    add_float(values->out, strtod_l(values->text.data, NULL, values->locale));
    return 0;
}

static int add_value(struct values *values, const struct ar_cell *cell, const char *column, struct ar_error *error)
{
    switch (ar_cell_kind(cell, column)) {
    case AR_KIND_NULL:
        if (cell->len == 3) /* nan, NaN */
            add_float(values->out, NAN);
        else
            add_op(values->out, OP_NONE);
        return 0;
    case AR_KIND_TRUE:
        add_op(values->out, OP_TRUE);
        return 0;
    case AR_KIND_FALSE:
        add_op(values->out, OP_FALSE);
        return 0;
    case AR_KIND_NUMBER:
        return add_number(values, cell, column, error);
    case AR_KIND_TEXT:
        break;
    }
    ar_buf_clear(&values->text);
    ar_cell_add(&values->text, cell);
    if (ar_buf_check(&values->text, error) != 0)
        return -1;
    add_text(values->out, values->text.data, values->text.len);
    return 0;
}

/* The list of a row's values. */
static int add_values(struct values *values, const struct ar_table *table, size_t row, struct ar_error *error)
{
    add_op(values->out, OP_LIST);
    add_op(values->out, OP_MARK);
    for (size_t i = 0; i < table->columns; i++) {
        struct ar_cell cell = ar_table_cell(table, row, i);
        if (add_value(values, &cell, table->name[i], error) != 0)
            return -1;
    }
    add_op(values->out, OP_APPENDS);
    return 0;
}

static void add_labels(struct ar_buf *out, const struct ar_table *table)
{
    add_op(out, OP_LIST);
    add_op(out, OP_MARK);
    for (size_t i = 0; i < table->columns; i++)
        add_string(out, table->name[i]);
    add_op(out, OP_APPENDS);
}

/* Begins the call of a class of pandas. 0, or -1: then there is nothing to end. */
static int begin_call(struct values *values, struct ar_buf *out, const char *class, struct ar_error *error)
{
    *values = (struct values){ .out = out, .locale = newlocale(LC_ALL_MASK, "C", (locale_t)0) };
    if (values->locale == (locale_t)0)
        return ar_fail_memory(error);
    ar_buf_init(&values->text);
    begin_pickle(out);
    add_global(out, "pandas", class);
    return 0;
}

/* Ends it, behind three arguments; status: what writing them gave. */
static int end_call(struct values *values, int status, struct ar_error *error)
{
    add_op(values->out, OP_TUPLE3);
    add_op(values->out, OP_REDUCE);
    add_op(values->out, OP_STOP);
    ar_buf_release(&values->text);
    freelocale(values->locale);
    return status == 0 ? ar_buf_check(values->out, error) : -1;
}

int ar_pickle_series(struct ar_buf *out, const struct ar_table *table, size_t row, struct ar_error *error)
{
    struct values values;
    if (begin_call(&values, out, "Series", error) != 0)
        return -1;
    int status = add_values(&values, table, row, error);
    add_labels(out, table);
    add_string(out, "object"); /* without a dtype, whole numbers beside fractions would become floats */
    return end_call(&values, status, error);
}

int ar_pickle_frame(struct ar_buf *out, const struct ar_table *table, struct ar_error *error)
{
    struct values values;
    int status = 0;
    if (begin_call(&values, out, "DataFrame", error) != 0)
        return -1;
    add_op(out, OP_LIST);
    add_op(out, OP_MARK);
    for (size_t row = 0; row < table->rows && status == 0; row++)
        status = add_values(&values, table, row, error);
    add_op(out, OP_APPENDS);
    add_op(out, OP_NONE); /* rows have no names */
    add_labels(out, table);
    return end_call(&values, status, error);
}
