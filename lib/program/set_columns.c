/* SPDX-License-Identifier: MIT */
/*
 * Sets: whole columns as arrays, and the rows of a field.
 */
#include <math.h>

#include "bytes/region.h"
#include "codecs/real.h"
#include "program/set.h"

#define FIELD_COLUMN "MultiPointIndex"

enum { TOUCH_ROWS = 1 << 16 }; /* from so many on, memory is taken at once */

/* Where the rows of a piece end. */
static size_t piece_end(const struct ar_csv_index *index, size_t piece)
{
    return piece + 1 < index->n_pieces ? index->piece[piece + 1].row : index->rows;
}

/* An array for a value of each row; never of no bytes. NULL, recorded. */
static void *new_array(struct ar_set *set, size_t count, size_t size)
{
    void *array = reallocarray(NULL, count + 1, size);
    if (array && count >= TOUCH_ROWS)
        ar_memory_touch(array, count * size);
    if (!array)
        ar_failure_tell(set->failure, "out of memory for %zu rows of %s", count, set->name);
    return array;
}

/* ---- numbers -------------------------------------------------------------------------------------------------------- */

/* Takes a row's cell as an element of value. False where it is none. */
typedef bool take_cell(void *value, size_t row, const char *cell, size_t n);

static bool take_real(void *value, size_t row, const char *cell, size_t n)
{
    double *real = (double *)value + row;
    if (n > 0)
        return ar_real_parse(cell, n, real);
    *real = NAN;
    return true;
}

static bool take_integer(void *value, size_t row, const char *cell, size_t n)
{
    return ar_integer_parse(cell, n, (int64_t *)value + row);
}

/* All of a column, in elements of this size; what says what a cell should be. NULL: why is on record. */
static inline void *read_column(struct ar_set *set, size_t column, size_t size, take_cell *take, const char *what)
{
    const struct ar_csv_index *index = &set->index;
    void *value = new_array(set, index->rows, size);
    for (size_t p = 0; value && p < index->n_pieces; p++) {
        const struct ar_csv_piece *piece = &index->piece[p];
        for (size_t row = piece->row, end = piece_end(index, p); row < end; row++) {
            size_t n;
            const char *cell = ar_set_raw(set, piece, row, column, &n);
            if (AR_LIKELY(take(value, row, cell, n)))
                continue;
            ar_set_fail_cell(set, row, column, what);
            free(value);
            return NULL;
        }
    }
    return value;
}

const double *ar_set_reals(struct ar_set *set, const char *column)
{
    ptrdiff_t number = ar_set_need(set, column);
    if (number < 0)
        return NULL;
    struct ar_set_cache *cache = &set->cache[number];
    if (!cache->reals)
        cache->reals = read_column(set, (size_t)number, sizeof *cache->reals, take_real, N_("a number"));
    return cache->reals;
}

const int64_t *ar_set_integers(struct ar_set *set, const char *column)
{
    ptrdiff_t number = ar_set_need(set, column);
    if (number < 0)
        return NULL;
    struct ar_set_cache *cache = &set->cache[number];
    if (!cache->integers)
        cache->integers = read_column(set, (size_t)number, sizeof *cache->integers, take_integer, N_("a whole number"));
    return cache->integers;
}

/* ---- texts ---------------------------------------------------------------------------------------------------------- */

/* Copies a cell without its quotes, with a NUL behind it. Returns what is behind that. */
static char *put_text(char *to, const char *cell, size_t n, bool quotes)
{
    if (!quotes || !memchr(cell, '"', n)) {
        memcpy(to, cell, n);
        to += n;
    } else if (cell[-1] != '"' || cell[n] != '"') { /* quotes within a cell that has none around it */
        memcpy(to, cell, n);
        to += n;
    } else {
        for (size_t i = 0; i < n; i++) {
            *to++ = cell[i];
            i += cell[i] == '"';
        }
    }
    *to = '\0';
    return to + 1;
}

/* Goes over all cells: adds up their bytes with the NULs, or, where text is not NULL, puts them behind one another. */
static size_t walk_texts(const struct ar_set *set, size_t column, const char **text, char *to)
{
    const struct ar_csv_index *index = &set->index;
    size_t total = 0;
    for (size_t p = 0; p < index->n_pieces; p++) {
        const struct ar_csv_piece *piece = &index->piece[p];
        for (size_t row = piece->row, end = piece_end(index, p); row < end; row++) {
            size_t n;
            const char *cell = ar_set_raw(set, piece, row, column, &n);
            total += n + 1;
            if (!text)
                continue;
            text[row] = to;
            to = put_text(to, cell, n, index->quotes);
        }
    }
    return total;
}

const char *const *ar_set_texts(struct ar_set *set, const char *column)
{
    ptrdiff_t number = ar_set_need(set, column);
    if (number < 0)
        return NULL;
    struct ar_set_cache *cache = &set->cache[number];
    if (cache->texts)
        return cache->texts;
    size_t pointers = (set->index.rows + 1) * sizeof *cache->texts;
    const char **text = malloc(pointers + walk_texts(set, (size_t)number, NULL, NULL));
    if (!text)
        ar_failure_tell(set->failure, "out of memory for the texts of %s in %s", column, set->name);
    else
        walk_texts(set, (size_t)number, text, (char *)text + pointers);
    return cache->texts = text;
}

/* ---- fields --------------------------------------------------------------------------------------------------------- */

/* The field of a row by its number; 0: none. */
static size_t field_of(const struct ar_set *set, double number)
{
    return number >= 1 && number <= set->fields && number == floor(number) ? (size_t)number : 0;
}

/* Sorts the row numbers by their fields: counts them, and puts each to its place. */
static bool sort_by_field(struct ar_set *set)
{
    const double *number = ar_set_reals(set, FIELD_COLUMN);
    if (!number)
        return false;
    size_t rows = set->index.rows, fields = (size_t)set->fields;
    size_t *sorted = new_array(set, rows, sizeof *sorted), *start = calloc(fields + 3, sizeof *start);
    if (!sorted || !start) {
        free(sorted);
        free(start);
        ar_failure_tell(set->failure, "out of memory for the fields of %s", set->name);
        return false;
    }
    for (size_t row = 0; row < rows; row++)
        start[field_of(set, number[row]) + 2]++;
    for (size_t field = 2; field < fields + 3; field++)
        start[field] += start[field - 1];
    for (size_t row = 0; row < rows; row++)
        sorted[start[field_of(set, number[row]) + 1]++] = row;
    set->field_rows = sorted;
    set->field_start = start;
    return true;
}

const size_t *ar_set_field(struct ar_set *set, int field, size_t *n)
{
    size_t unasked;
    if (!n)
        n = &unasked;
    *n = 0;
    if (!ar_set_ready(set))
        return NULL;
    if (field < 0 || field > set->fields) {
        ar_failure_tell(set->failure, "there is no field %d: fields are 1 to %d", field, set->fields);
        return NULL;
    }
    if (!set->field_rows && !sort_by_field(set))
        return NULL;
    const size_t *start = set->field_start + field;
    *n = start[1] - start[0];
    return set->field_rows + start[0];
}
