/* SPDX-License-Identifier: MIT */
/*
 * The machine whose program a pickle is: a stack, marks on it, and a memo. It knows what Python's pickle module writes by the
 * protocols 2 to 5, but for what is shared by persistent ids, extension codes and buffers beside the pickle, and for
 * things that hold themselves. Calls are noted, not made.
 */
#include "codecs/pickle_value.h"

#include <endian.h>

#include "bytes/text.h"
#include "codecs/pickle_number.h"

enum {
    MARKS_MAX = 64,      /* things within things: tables have less than ten */
    PROTOCOL_MOST = 5,
    NAME_SHOWN = 100,    /* bytes of an unknown name in a message */
    STOP = '.',
};

struct machine {
    const char *data;
    size_t n;
    size_t at;
    struct ar_pickle_pool *pool;
    struct ar_pickle_values stack;
    struct ar_pickle_values memo;
    size_t mark[MARKS_MAX]; /* sizes of the stack */
    size_t marks;
};

#define FAIL(machine, ...) ar_fail((machine)->pool->error, AR_INPUT, __VA_ARGS__)

/* ---- bytes and the stack -------------------------------------------------------------------------------------------- */

/* The next n bytes; NULL where there are not so many. */
static const char *take(struct machine *m, uint64_t n)
{
    if (n > m->n - m->at) {
        FAIL(m, "ends in the middle, at byte %zu", m->n);
        return NULL;
    }
    const char *bytes = m->data + m->at;
    m->at += n;
    return bytes;
}

/* A little-endian number of so many bytes. */
static int take_number(struct machine *m, unsigned width, uint64_t *number)
{
    const char *bytes = take(m, width);
    if (bytes == NULL)
        return -1;
    *number = 0;
    memcpy(number, bytes, width);
    *number = le64toh(*number);
    return 0;
}

static int push(struct machine *m, struct ar_pickle_value value)
{
    return ar_pickle_values_add(m->pool, &m->stack, &value, 1);
}

/* Values above the last mark: what an opcode may take that takes no mark. */
static size_t depth(const struct machine *m)
{
    return m->stack.n - (m->marks > 0 ? m->mark[m->marks - 1] : 0);
}

/* The highest count values, which leave the stack, but stay where they are until something is pushed. */
static struct ar_pickle_value *pop(struct machine *m, size_t count)
{
    if (count > depth(m)) {
        FAIL(m, "is damaged: at byte %zu something is missing", m->at);
        return NULL;
    }
    m->stack.n -= count;
    return m->stack.at + m->stack.n;
}

/* All above the last mark, which goes. */
static struct ar_pickle_value *pop_mark(struct machine *m, size_t *count)
{
    if (m->marks == 0) {
        FAIL(m, "is damaged: at byte %zu something is missing", m->at);
        return NULL;
    }
    *count = depth(m);
    m->stack.n = m->mark[--m->marks];
    return m->stack.at + m->stack.n;
}

/* The highest value where it is of the type, else NULL. */
static struct ar_pickle_value *top(struct machine *m, enum ar_pickle_type type)
{
    struct ar_pickle_value *value = depth(m) > 0 ? &m->stack.at[m->stack.n - 1] : NULL;
    if (value && value->type == type)
        return value;
    FAIL(m, "is damaged: at byte %zu something is added to what cannot hold it", m->at);
    return NULL;
}

/* ---- plain values --------------------------------------------------------------------------------------------------- */

static int op_none(struct machine *m, unsigned unused)
{
    (void)unused;
    return push(m, (struct ar_pickle_value){ .type = AR_PICKLE_NONE });
}

static int op_bool(struct machine *m, unsigned truth)
{
    return push(m, (struct ar_pickle_value){ .type = AR_PICKLE_BOOL, .i = (int64_t)truth });
}

/* An integer of 1, 2 or 4 bytes, of which only the last has a sign. */
static int op_int(struct machine *m, unsigned width)
{
    uint64_t number;
    if (take_number(m, width, &number) != 0)
        return -1;
    return push(m, (struct ar_pickle_value){ .type = AR_PICKLE_INT, .i = width == 4 ? (int32_t)number : (int64_t)number });
}

/* More than 8 bytes: its decimal text, made here once, however often it is referred to. */
static int push_digits(struct machine *m, const char *bytes, uint64_t n)
{
    size_t room = ar_number_big_room(n);
    char *text = ar_pickle_pool_get(m->pool, room, 1);
    if (text == NULL)
        return -1;
    size_t len = ar_number_big(text, bytes, n);
    if (len == 0)
        return FAIL(m, "holds an integer of more than %d digits", AR_DIGITS_MAX);
    return push(m, (struct ar_pickle_value){ .type = AR_PICKLE_DIGITS, .size = len, .text = text });
}

static int op_long(struct machine *m, unsigned width)
{
    uint64_t n, number;
    const char *bytes;
    if (take_number(m, width, &n) != 0 || (bytes = take(m, n)) == NULL)
        return -1;
    if (n > sizeof(number))
        return push_digits(m, bytes, n);
    number = n > 0 && bytes[n - 1] & 0x80 ? UINT64_MAX : 0;
    number = htole64(number);
    memcpy(&number, bytes, n);
    return push(m, (struct ar_pickle_value){ .type = AR_PICKLE_INT, .i = (int64_t)le64toh(number) });
}

static int op_float(struct machine *m, unsigned unused)
{
    (void)unused;
    const char *bytes = take(m, 8);
    if (bytes == NULL)
        return -1;
    uint64_t bits;
    struct ar_pickle_value value = { .type = AR_PICKLE_FLOAT };
    memcpy(&bits, bytes, sizeof(bits));
    bits = be64toh(bits);
    memcpy(&value.f, &bits, sizeof(bits));
    return push(m, value);
}

/* Bytes behind their length. */
static int op_bytes(struct machine *m, unsigned width)
{
    uint64_t n;
    const char *bytes;
    if (take_number(m, width, &n) != 0 || (bytes = take(m, n)) == NULL)
        return -1;
    return push(m, (struct ar_pickle_value){ .type = AR_PICKLE_BYTES, .size = n, .text = bytes });
}

static int op_text(struct machine *m, unsigned width)
{
    uint64_t n;
    const char *text;
    if (take_number(m, width, &n) != 0 || (text = take(m, n)) == NULL)
        return -1;
    if (ar_utf8_check(text, n) == n)
        return push(m, (struct ar_pickle_value){ .type = AR_PICKLE_TEXT, .size = n, .text = text });
    if (m->pool->refusal.status == AR_OK)
        ar_fail(&m->pool->refusal, AR_INPUT, "holds a text that is not UTF-8, before byte %zu", m->at);
    return push(m, (struct ar_pickle_value){ .type = AR_PICKLE_NO_TEXT });
}

/* ---- lists, tuples, dicts ------------------------------------------------------------------------------------------- */

static int op_mark(struct machine *m, unsigned unused)
{
    (void)unused;
    if (m->marks == MARKS_MAX)
        return FAIL(m, "is nested more than %d deep", MARKS_MAX);
    m->mark[m->marks++] = m->stack.n;
    return 0;
}

static int op_empty(struct machine *m, unsigned type)
{
    struct ar_pickle_value value = { .type = type };
    value.values = ar_pickle_pool_get(m->pool, 1, sizeof(*value.values));
    return value.values ? push(m, value) : -1;
}

/* A tuple, or a frozen set. */
static int push_tuple(struct machine *m, enum ar_pickle_type type, const struct ar_pickle_value *items, size_t n)
{
    struct ar_pickle_value value = { .type = type };
    value.values = ar_pickle_pool_get(m->pool, 1, sizeof(*value.values));
    if (value.values == NULL || (n > 0 && (value.values->at = ar_pickle_pool_get(m->pool, n, sizeof(*items))) == NULL))
        return -1;
    if (n > 0)
        memcpy(value.values->at, items, n * sizeof(*items));
    value.values->n = n;
    return push(m, value);
}

static int op_tuple(struct machine *m, unsigned count)
{
    const struct ar_pickle_value *items = pop(m, count);
    return items ? push_tuple(m, AR_PICKLE_TUPLE, items, count) : -1;
}

static int op_tuple_mark(struct machine *m, unsigned type)
{
    size_t n;
    const struct ar_pickle_value *items = pop_mark(m, &n);
    return items ? push_tuple(m, type, items, n) : -1;
}

/* Adds items to the list or dict below them. */
static int extend(struct machine *m, enum ar_pickle_type type, const struct ar_pickle_value *items, size_t n)
{
    const struct ar_pickle_value *value = top(m, type);
    if (value == NULL)
        return -1;
    if (type == AR_PICKLE_DICT && n % 2 != 0)
        return FAIL(m, "is damaged: at byte %zu a key has no value", m->at);
    return ar_pickle_values_add(m->pool, value->values, items, n);
}

/* One item, or a key with its value. */
static int op_add(struct machine *m, unsigned type)
{
    size_t n = type == AR_PICKLE_DICT ? 2 : 1;
    const struct ar_pickle_value *items = pop(m, n);
    return items ? extend(m, type, items, n) : -1;
}

static int op_add_mark(struct machine *m, unsigned type)
{
    size_t n;
    const struct ar_pickle_value *items = pop_mark(m, &n);
    return items ? extend(m, type, items, n) : -1;
}

/* ---- the memo ------------------------------------------------------------------------------------------------------- */

/* Under the next number, which is not written. */
static int op_memoize(struct machine *m, unsigned unused)
{
    (void)unused;
    if (depth(m) == 0)
        return FAIL(m, "is damaged: at byte %zu something is missing", m->at);
    return ar_pickle_values_add(m->pool, &m->memo, &m->stack.at[m->stack.n - 1], 1);
}

/* Under a number: Python counts up, so that the next one is the only one that can come. */
static int op_put(struct machine *m, unsigned width)
{
    uint64_t number;
    if (take_number(m, width, &number) != 0)
        return -1;
    if (number != m->memo.n)
        return FAIL(m, "is damaged: its memo has no place %" PRIu64 " at byte %zu", number, m->at);
    return op_memoize(m, 0);
}

static int op_get(struct machine *m, unsigned width)
{
    uint64_t number;
    if (take_number(m, width, &number) != 0)
        return -1;
    if (number >= m->memo.n)
        return FAIL(m, "is damaged: its memo has no place %" PRIu64 " at byte %zu", number, m->at);
    return push(m, m->memo.at[number]);
}

/* ---- names and calls ------------------------------------------------------------------------------------------------ */

/* A name that is not in the closed list. The machine goes on, so that the column that holds it can be named; it is refused anyway. */
static int push_unknown(struct machine *m, const char *module, size_t module_len, const char *name, size_t name_len)
{
    uint8_t module_shown = module_len < NAME_SHOWN ? (uint8_t)module_len : NAME_SHOWN;
    uint8_t name_shown = name_len < NAME_SHOWN ? (uint8_t)name_len : NAME_SHOWN;
    struct ar_pickle_name *unknown = ar_pickle_pool_get(m->pool, 1, sizeof(*unknown));
    char *text = unknown ? ar_pickle_pool_get(m->pool, module_shown + name_shown + 2u, 1) : NULL;
    if (text == NULL)
        return -1;
    memcpy(text, module, module_shown);
    memcpy(text + module_shown + 1, name, name_shown);
    *unknown = (struct ar_pickle_name){ .module = text, .name = text + module_shown + 1, .module_len = module_shown,
                                        .name_len = name_shown, .id = AR_PICKLE_UNKNOWN };
    if (m->pool->refusal.status == AR_OK) {
        ar_fail(&m->pool->refusal, AR_INPUT, "refers to '%s.%s', which a table does not need", unknown->module, unknown->name);
        ar_hint(&m->pool->refusal, "A pickle is read, not executed: give a DataFrame or Series of numbers and texts.");
    }
    return push(m, (struct ar_pickle_value){ .type = AR_PICKLE_NAME, .name = unknown });
}

static int push_name(struct machine *m, const char *module, size_t module_len, const char *name, size_t name_len)
{
    const struct ar_pickle_name *found = ar_pickle_name_find(module, module_len, name, name_len);
    if (found == NULL)
        return push_unknown(m, module, module_len, name, name_len);
    if (found->id == AR_PICKLE_NA)
        return push(m, (struct ar_pickle_value){ .type = AR_PICKLE_MISSING });
    return push(m, (struct ar_pickle_value){ .type = AR_PICKLE_NAME, .name = found });
}

/* A line, without its end. */
static const char *take_line(struct machine *m, size_t *n)
{
    const char *line = m->data + m->at;
    const char *end = m->at < m->n ? memchr(line, '\n', m->n - m->at) : NULL;
    if (end == NULL) {
        FAIL(m, "ends in the middle, at byte %zu", m->n);
        return NULL;
    }
    *n = (size_t)(end - line);
    m->at += *n + 1;
    return line;
}

static int op_name_lines(struct machine *m, unsigned unused)
{
    (void)unused;
    size_t module_len, name_len;
    const char *module = take_line(m, &module_len);
    const char *name = module ? take_line(m, &name_len) : NULL;
    return name ? push_name(m, module, module_len, name, name_len) : -1;
}

static int op_name(struct machine *m, unsigned unused)
{
    (void)unused;
    const struct ar_pickle_value *names = pop(m, 2);
    if (names == NULL)
        return -1;
    if (names[0].type != AR_PICKLE_TEXT || names[1].type != AR_PICKLE_TEXT)
        return FAIL(m, "is damaged: at byte %zu a name is no text", m->at);
    return push_name(m, names[0].text, names[0].size, names[1].text, names[1].size);
}

/* INST of protocol 0 makes an instance: of what, is told. */
static int op_instance(struct machine *m, unsigned unused)
{
    size_t at = m->at - 1;
    return op_name_lines(m, unused) == 0 ? FAIL(m, "has the opcode INST at byte %zu, which no table has", at) : -1;
}

/* A call: what is called, its arguments, and for 3 also those with names. */
static int op_call(struct machine *m, unsigned count)
{
    const struct ar_pickle_value none = { .type = AR_PICKLE_NONE };
    struct ar_pickle_value result;
    const struct ar_pickle_value *call = pop(m, count);
    if (call == NULL)
        return -1;
    if ((call[0].type != AR_PICKLE_NAME && call[0].type != AR_PICKLE_OBJECT) || call[1].type != AR_PICKLE_TUPLE)
        return FAIL(m, "is damaged: at byte %zu something is called that is no function", m->at);
    if (ar_pickle_call(m->pool, &call[0], &call[1], count > 2 ? &call[2] : &none, &result) != 0)
        return -1;
    return push(m, result);
}

static int op_build(struct machine *m, unsigned unused)
{
    (void)unused;
    const struct ar_pickle_value *state = pop(m, 1);
    struct ar_pickle_value *value = state ? top(m, AR_PICKLE_OBJECT) : NULL;
    if (value == NULL)
        return -1;
    if (value->object->built)
        return FAIL(m, "is damaged: at byte %zu an object gets a second state", m->at);
    value->object->state = *state;
    value->object->built = true;
    return 0;
}

/* ---- the rest ------------------------------------------------------------------------------------------------------- */

/* Nothing to do: the buffer on the stack is read-only, as all are here. */
static int op_pass(struct machine *m, unsigned unused)
{
    (void)m;
    (void)unused;
    return 0;
}

/* How many bytes follow, at least. */
static int op_frame(struct machine *m, unsigned width)
{
    uint64_t n;
    if (take_number(m, width, &n) != 0)
        return -1;
    return n > m->n - m->at ? FAIL(m, "ends in the middle, at byte %zu", m->n) : 0;
}

static int op_persistent(struct machine *m, unsigned unused)
{
    (void)unused;
    return FAIL(m, "refers to something outside of it (a persistent id)");
}

static int op_extension(struct machine *m, unsigned unused)
{
    (void)unused;
    return FAIL(m, "refers to an extension code");
}

static int op_outside(struct machine *m, unsigned unused)
{
    (void)unused;
    FAIL(m, "keeps its buffers outside of it (out-of-band)");
    return ar_hint(m->pool->error, "Write it without buffer_callback.");
}

struct op {
    int (*run)(struct machine *m, unsigned argument);
    uint8_t argument;
};

static const struct op ops[256] = {
    ['N'] = { op_none, 0 },
    [0x88] = { op_bool, 1 },
    [0x89] = { op_bool, 0 },
    ['K'] = { op_int, 1 },
    ['M'] = { op_int, 2 },
    ['J'] = { op_int, 4 },
    [0x8a] = { op_long, 1 },
    [0x8b] = { op_long, 4 },
    ['G'] = { op_float, 0 },
    ['C'] = { op_bytes, 1 },
    ['B'] = { op_bytes, 4 },
    [0x8e] = { op_bytes, 8 },
    [0x96] = { op_bytes, 8 }, /* a bytearray */
    [0x8c] = { op_text, 1 },
    ['X'] = { op_text, 4 },
    [0x8d] = { op_text, 8 },
    ['('] = { op_mark, 0 },
    [']'] = { op_empty, AR_PICKLE_LIST },
    ['}'] = { op_empty, AR_PICKLE_DICT },
    [')'] = { op_tuple, 0 },
    [0x85] = { op_tuple, 1 },
    [0x86] = { op_tuple, 2 },
    [0x87] = { op_tuple, 3 },
    ['t'] = { op_tuple_mark, AR_PICKLE_TUPLE },
    [0x8f] = { op_empty, AR_PICKLE_SET },
    [0x90] = { op_add_mark, AR_PICKLE_SET },
    [0x91] = { op_tuple_mark, AR_PICKLE_SET },
    ['a'] = { op_add, AR_PICKLE_LIST },
    ['s'] = { op_add, AR_PICKLE_DICT },
    ['e'] = { op_add_mark, AR_PICKLE_LIST },
    ['u'] = { op_add_mark, AR_PICKLE_DICT },
    [0x94] = { op_memoize, 0 },
    ['q'] = { op_put, 1 },
    ['r'] = { op_put, 4 },
    ['h'] = { op_get, 1 },
    ['j'] = { op_get, 4 },
    ['c'] = { op_name_lines, 0 },
    [0x93] = { op_name, 0 },
    ['i'] = { op_instance, 0 },
    ['R'] = { op_call, 2 },
    [0x81] = { op_call, 2 }, /* NEWOBJ */
    [0x92] = { op_call, 3 }, /* NEWOBJ_EX */
    ['b'] = { op_build, 0 },
    [0x98] = { op_pass, 0 }, /* READONLY_BUFFER */
    [0x95] = { op_frame, 8 },
    ['P'] = { op_persistent, 0 },
    ['Q'] = { op_persistent, 0 },
    [0x82] = { op_extension, 0 },
    [0x83] = { op_extension, 0 },
    [0x84] = { op_extension, 0 },
    [0x97] = { op_outside, 0 },
};

static int run(struct machine *m)
{
    uint8_t op;
    while ((op = (uint8_t)m->data[m->at]) != STOP) {
        m->at++;
        if (ops[op].run == NULL)
            return FAIL(m, "has the opcode 0x%02x at byte %zu, which no table has", op, m->at - 1);
        if (ops[op].run(m, ops[op].argument) != 0)
            return -1;
        if (m->at == m->n)
            return FAIL(m, "ends in the middle, at byte %zu", m->n);
    }
    m->at++;
    if (m->at != m->n)
        return FAIL(m, "has %zu bytes behind its end", m->n - m->at);
    if (m->marks > 0 || m->stack.n != 1)
        return FAIL(m, "is damaged: its end comes too early");
    return 0;
}

/* Checks the beginning, and gives the stack its memory, so that a place on it is never NULL. */
static int begin(struct machine *m)
{
    const struct ar_pickle_value none = { .type = AR_PICKLE_NONE };
    if (m->n == 0)
        return FAIL(m, "is empty, expected a pickle");
    if (m->n < 3 || (uint8_t)m->data[0] != 0x80) {
        FAIL(m, "is no pickle of protocol 2 to %d", PROTOCOL_MOST);
        return ar_hint(m->pool->error, "Tables come as pandas' to_pickle writes them, without compression.");
    }
    if (m->data[1] < 2 || m->data[1] > PROTOCOL_MOST)
        return FAIL(m, "is a pickle of protocol %u; 2 to %d can be read", (unsigned)(uint8_t)m->data[1], PROTOCOL_MOST);
    if (push(m, none) != 0)
        return -1;
    m->stack.n = 0;
    m->at = 2;
    return 0;
}

int ar_pickle_run(struct ar_pickle_pool *pool, const char *data, size_t n, struct ar_pickle_value *result)
{
    struct machine m = { .data = data, .n = n, .pool = pool };
    int status = begin(&m) == 0 ? run(&m) : -1;
    if (status == 0)
        *result = m.stack.at[0];
    ar_pickle_values_drop(pool, &m.stack);
    ar_pickle_values_drop(pool, &m.memo);
    return status;
}
