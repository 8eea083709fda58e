/* SPDX-License-Identifier: MIT */
/*
 * The inside of the pickle reader, which works in three steps: pickle_machine.c runs the opcodes, which leaves a tree of plain
 * values; pickle_numpy.c, pickle_column.c and pickle_frame.c find in it the columns of a table, which point into the pickle's own
 * bytes as far as they can; pickle_csv.c writes their cells. Nothing walks a tree without a bound: what is looked for is at a known
 * place, and what is not there as it should be is refused. So a cycle, or a value that is shared a million times, is no danger.
 */
#ifndef AR_CODECS_PICKLE_VALUE_H
#define AR_CODECS_PICKLE_VALUE_H

#include "codecs/pickle.h"

/* ---- values --------------------------------------------------------------------------------------------------------- */

enum ar_pickle_type {
    AR_PICKLE_NONE,
    AR_PICKLE_BOOL,
    AR_PICKLE_INT,
    AR_PICKLE_UINT,    /* above INT64_MAX */
    AR_PICKLE_DIGITS,  /* an integer beyond both: its decimal text */
    AR_PICKLE_FLOAT,
    AR_PICKLE_FLOAT32, /* as a double; size is 1 where an old numpy wrote it */
    AR_PICKLE_FLOAT16,
    AR_PICKLE_MISSING, /* pandas' NA and NaT */
    AR_PICKLE_TEXT,    /* UTF-8, checked */
    AR_PICKLE_NO_TEXT, /* one that is not UTF-8: half a pair of surrogates, which Python's str may hold */
    AR_PICKLE_BYTES,
    AR_PICKLE_LIST,
    AR_PICKLE_TUPLE,
    AR_PICKLE_DICT,
    AR_PICKLE_SET,
    AR_PICKLE_NAME,    /* a class or function */
    AR_PICKLE_OBJECT,  /* what a call of one gives */
};

struct ar_pickle_value {
    uint64_t type : 8, size : 56; /* size: bytes of text */
    union {
        int64_t i;
        uint64_t u;
        double f;
        const char *text; /* in the pickle, or in the pool */
        struct ar_pickle_values *values;
        const struct ar_pickle_name *name;
        struct ar_pickle_object *object;
    };
};

/* The items of a list or tuple; key, value, key, value of a dict. */
struct ar_pickle_values {
    struct ar_pickle_value *at;
    size_t n;
    size_t cap;                    /* 0: at is the pool's, and does not grow */
    struct ar_pickle_values *next; /* of those that have grown, to be freed */
};

struct ar_pickle_object {
    struct ar_pickle_value callable; /* a name or another object */
    struct ar_pickle_value arguments; /* a tuple */
    struct ar_pickle_value keywords;  /* a dict, or none */
    struct ar_pickle_value state;     /* what BUILD gave */
    bool built;
};

/* ---- memory --------------------------------------------------------------------------------------------------------- */

/* All that a pickle takes, bounded by a multiple of its size. */
struct ar_pickle_pool {
    struct ar_pickle_chunk *chunks;
    char *free; /* the rest of the newest chunk */
    size_t left;
    uint64_t used;
    uint64_t limit;
    struct ar_pickle_values *grown;
    struct ar_error *error;
    /*
     * The first thing for which the pickle is refused although its opcodes can be run: a name that is not known, a text that is not
     * UTF-8. Who asks for a column that holds it can say more, and does so.
     */
    struct ar_error refusal;
};

void ar_pickle_pool_init(struct ar_pickle_pool *pool, uint64_t limit, struct ar_error *error);
void ar_pickle_pool_release(struct ar_pickle_pool *pool);

/* Zeroed memory for count things of a size. NULL, with the error filled in: memory, or beyond the limit. */
void *ar_pickle_pool_get(struct ar_pickle_pool *pool, size_t count, size_t size);

/* Appends count values; 0 or -1. */
int ar_pickle_values_add(struct ar_pickle_pool *pool, struct ar_pickle_values *to, const struct ar_pickle_value *from,
                         size_t count) AR_MUST_USE;

/* Frees the memory of values that have grown before the pool does. */
void ar_pickle_values_drop(struct ar_pickle_pool *pool, struct ar_pickle_values *values);

/* ---- names ---------------------------------------------------------------------------------------------------------- */

enum ar_pickle_id {
    AR_PICKLE_UNKNOWN, /* not in the closed list: the pickle is refused */
    AR_PICKLE_OTHER,   /* known to occur in tables, but a type that we do not carry */
    AR_PICKLE_DATA_FRAME,
    AR_PICKLE_DATA_SERIES,
    AR_PICKLE_BLOCK_MANAGER,
    AR_PICKLE_SINGLE_BLOCK_MANAGER,
    AR_PICKLE_UNPICKLE_BLOCK,
    AR_PICKLE_NEW_INDEX,
    AR_PICKLE_INDEX,
    AR_PICKLE_RANGE_INDEX,
    AR_PICKLE_RECONSTRUCT,
    AR_PICKLE_FROMBUFFER,
    AR_PICKLE_NDARRAY,
    AR_PICKLE_DTYPE,
    AR_PICKLE_SCALAR,
    AR_PICKLE_SLICE,
    AR_PICKLE_ENCODE,
    AR_PICKLE_BYTES_CLASS, /* bytes and bytearray */
    AR_PICKLE_STR_CLASS,
    AR_PICKLE_NA,
    AR_PICKLE_NAT,
    AR_PICKLE_NDARRAY_BACKED,
    AR_PICKLE_STRING_ARRAY,
    AR_PICKLE_ARROW_ARRAY,
    AR_PICKLE_MASKED_ARRAY,
    AR_PICKLE_RESTORE_ARRAY,
    AR_PICKLE_CHUNKED_ARRAY,
    AR_PICKLE_TYPE_FOR_ALIAS,
    AR_PICKLE_PY_BUFFER,
    AR_PICKLE_PARTIAL,
    AR_PICKLE_READ_CSV,
    AR_PICKLE_BYTES_IO,
};

struct ar_pickle_name {
    const char *module;
    const char *name;
    uint8_t module_len, name_len;
    bool old; /* the name before numpy 2 or pandas 3, where both are known */
    enum ar_pickle_id id;
};

/* NULL: not in the closed list. */
const struct ar_pickle_name *ar_pickle_name_find(const char *module, size_t module_len, const char *name, size_t name_len);

/* ---- steps ---------------------------------------------------------------------------------------------------------- */

/* Runs the opcodes. 0, and what they leave; or -1. */
int ar_pickle_run(struct ar_pickle_pool *pool, const char *data, size_t n, struct ar_pickle_value *result) AR_MUST_USE;

/* What a call gives: a value at once where it stands for plain data, else an object. 0 or -1. */
int ar_pickle_call(struct ar_pickle_pool *pool, const struct ar_pickle_value *callable, const struct ar_pickle_value *arguments,
                   const struct ar_pickle_value *keywords, struct ar_pickle_value *result) AR_MUST_USE;

/* ---- looking at values (pickle_look.c) ------------------------------------------------------------------------------ */

/* Is it an object that was made by the name? */
bool ar_pickle_is_made(const struct ar_pickle_value *value, enum ar_pickle_id id);
bool ar_pickle_is_name(const struct ar_pickle_value *value, enum ar_pickle_id id);
bool ar_pickle_is_text(const struct ar_pickle_value *value, const char *text);

/* An item of a list or tuple, an argument of an object; NULL where there is none. */
const struct ar_pickle_value *ar_pickle_item(const struct ar_pickle_value *values, size_t i);
const struct ar_pickle_value *ar_pickle_argument(const struct ar_pickle_value *object, size_t i);

/* The value of a dict's key; NULL where there is none, or the dict is too large for one that holds a state. */
const struct ar_pickle_value *ar_pickle_get(const struct ar_pickle_value *dict, const char *key);

/* An attribute that the object was given. */
const struct ar_pickle_value *ar_pickle_attribute(const struct ar_pickle_value *object, const char *key);

/* An integer from 0 on. */
bool ar_pickle_count(const struct ar_pickle_value *value, uint64_t *count);

#define AR_PICKLE_LABEL_MAX 160 /* bytes of what names a value in a message */

/* How the type of a value is called in a message: 'str', 'datetime.date'. Returns label. */
const char *ar_pickle_describe(const struct ar_pickle_value *value, char *label);

/* ---- columns -------------------------------------------------------------------------------------------------------- */

enum ar_pickle_cells {
    AR_CELLS_UNSET,
    AR_CELLS_INT,
    AR_CELLS_UINT,
    AR_CELLS_FLOAT,
    AR_CELLS_BOOL,
    AR_CELLS_VALUES, /* Python objects */
    AR_CELLS_ARROW,  /* texts behind one another, and where each begins */
    AR_CELLS_RANGE,
};

struct ar_pickle_column {
    uint8_t cells;     /* enum ar_pickle_cells */
    uint8_t width;     /* bytes of a number, or of an Arrow offset */
    bool swapped;      /* numbers are big-endian */
    bool old;          /* see struct ar_pickle_name: of the class or function that holds the values */
    bool nan_is_text;  /* a NaN is written: in nullable columns before pandas 3, whose mask alone tells what is missing */
    uint64_t rows;
    uint64_t step;     /* from a cell to the next one, in cells; of a range, in two's complement */
    const char *mask;  /* a byte for each row: not 0, the cell is missing; or NULL */
    union {
        const char *numbers;
        const struct ar_pickle_value *values;
        int64_t start; /* of a range */
        struct {
            const char *offsets;  /* rows + 1 */
            const char *texts;
            const char *validity; /* a bit for each row, from valid_from on: 0, the cell is missing; or NULL */
            uint64_t valid_from;
        } arrow;
    };
};

/*
 * The column that values of one dimension are: a numpy array, or one of pandas' and Arrow's own. 0; or -1, with an error that says
 * what is wrong with it ("is of the type …"), to be put behind the column's name.
 */
int ar_pickle_column_of(struct ar_pickle_pool *pool, const struct ar_pickle_value *values, struct ar_pickle_column *column)
    AR_MUST_USE;

/* ---- the table ------------------------------------------------------------------------------------------------------ */

struct ar_pickle {
    struct ar_pickle_pool pool;
    const char *data;
    size_t n;
    uint64_t text;  /* bytes of CSV that were counted so far */
    enum ar_pickle_kind kind;
    uint64_t rows;
    size_t columns;
    struct ar_pickle_column labels;  /* the names of the columns, as cells */
    struct ar_pickle_column *column; /* of a frame: columns of them */
    struct ar_pickle_column values;  /* of a series: its values, a row */
    const char *csv;
    size_t csv_len;
    uint64_t bad;   /* the last value that was refused: its row */
    bool told;      /* the error names the column, or label, that is refused */
};

/* Finds the table in what the pickle holds. 0 or -1. */
int ar_pickle_find_table(struct ar_pickle *pickle, const struct ar_pickle_value *root) AR_MUST_USE;

/* The text of a cell of texts by Arrow; NULL where it is missing. */
const char *ar_pickle_arrow_text(const struct ar_pickle_column *column, uint64_t row, size_t *n);

/* Appends a cell, quoted where its style needs it. */
void ar_pickle_add_cell(const struct ar_pickle_column *column, enum ar_pickle_style style, uint64_t row, struct ar_buf *out);

#endif
