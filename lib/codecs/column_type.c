/* SPDX-License-Identifier: MIT */
#include "codecs/column_type.h"

enum {
    INTEGER_DIGITS = 19, /* of 2^63 */
    FLOAT_DIGITS = 300,  /* before the point: well within a double's range */
    EXPONENT_MAX = 9999,
    WORD_MAX = 9,        /* bytes of the longest word below */
};

/* ---- a cell --------------------------------------------------------------------------------------------------------- */

/* Words that mean something to read_csv; the first ones in this case of letters only. */
static const char *const missing[] = { "NA",   "nan",  "NaN",  "null", "NULL",     "N/A",    "n/a",     "None",    "<NA>",
                                       "#N/A", "#NA",  "-nan", "-NaN", "#N/A N/A", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN" };
static const char *const booleans[] = { "true", "false" };
static const char *const infinite[] = { "inf", "infinity" };

static uint8_t word_bit(const char *text, size_t n)
{
    char word[WORD_MAX + 1] = "";
    if (n > WORD_MAX)
        return AR_CELL_TEXT;
    memcpy(word, text, n);
    if (strlen(word) != n)
        return AR_CELL_TEXT;
    for (size_t i = 0; i < AR_COUNT(missing); i++)
        if (strcmp(word, missing[i]) == 0)
            return AR_CELL_MISSING;
    for (size_t i = 0; i < AR_COUNT(booleans); i++)
        if (strcasecmp(word, booleans[i]) == 0)
            return AR_CELL_BOOLEAN;
    const char *unsigned_word = word + (*word == '+' || *word == '-');
    for (size_t i = 0; i < AR_COUNT(infinite); i++)
        if (strcasecmp(unsigned_word, infinite[i]) == 0)
            return AR_CELL_FLOAT;
    return AR_CELL_TEXT;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* As isspace has it in the C locale. */
static const char *skip_space(const char *text, const char *end)
{
    while (text < end && (*text == ' ' || (*text >= '\t' && *text <= '\r')))
        text++;
    return text;
}

static const char *skip_digits(const char *text, const char *end)
{
    while (text < end && is_digit(*text))
        text++;
    return text;
}

/* Reads an exponent's digits; its sign counts, for only one that is large makes a number huge. */
static int read_exponent(const char **text, const char *end)
{
    bool negative = *text < end && **text == '-';
    *text += *text < end && (**text == '-' || **text == '+');
    int exponent = 0;
    for (; *text < end && is_digit(**text); ++*text)
        if (exponent <= EXPONENT_MAX)
            exponent = exponent * 10 + (**text - '0');
    return negative ? -exponent : exponent;
}

/* Does it lie within ±2^63? The digits have no leading zero. */
static bool fits(const char *digits, size_t n, bool negative)
{
    if (n != INTEGER_DIGITS)
        return n < INTEGER_DIGITS;
    return memcmp(digits, negative ? "9223372036854775808" : "9223372036854775807", INTEGER_DIGITS) <= 0;
}

/* INTEGER, FLOAT or HUGE; 0 where it is no number. */
static uint8_t number_bit(const char *text, const char *end)
{
    text = skip_space(text, end);
    bool negative = text < end && *text == '-';
    text += text < end && (*text == '-' || *text == '+');

    const char *start = text;
    text = skip_digits(text, end);
    size_t digits = (size_t)(text - start);
    const char *whole_end = text;
    bool point = text < end && *text == '.';
    if (point) {
        text = skip_digits(text + 1, end);
        digits += (size_t)(text - whole_end) - 1;
    }
    if (digits == 0)
        return 0;
    int exponent = 0;
    bool has_exponent = text < end && (*text == 'e' || *text == 'E');
    if (has_exponent) {
        text++;
        exponent = read_exponent(&text, end);
        if (!is_digit(text[-1]))
            return 0;
    }
    if (skip_space(text, end) != end)
        return 0;

    while (start < whole_end && *start == '0')
        start++;
    size_t whole = (size_t)(whole_end - start);
    if (!point && !has_exponent)
        return fits(start, whole, negative) ? AR_CELL_INTEGER : AR_CELL_HUGE;
    return whole > FLOAT_DIGITS || (int)whole + exponent > FLOAT_DIGITS ? AR_CELL_HUGE : AR_CELL_FLOAT;
}

uint8_t ar_cell_bit(const char *raw, size_t n)
{
    if (n >= 2 && *raw == '"') { /* a quote inside is no part of any number or word */
        raw++;
        n -= 2;
    }
    if (n == 0)
        return AR_CELL_MISSING;
    uint8_t bit = number_bit(raw, raw + n);
    return bit != 0 ? bit : word_bit(raw, n);
}

/* ---- a column ------------------------------------------------------------------------------------------------------- */

enum ar_column_type ar_column_type(uint8_t seen)
{
    static const enum ar_column_type single[] = {
        [0] = AR_COLUMN_NO_ROWS,
        [AR_CELL_MISSING] = AR_COLUMN_EMPTY,
        [AR_CELL_BOOLEAN] = AR_COLUMN_BOOLEAN,
        [AR_CELL_BOOLEAN | AR_CELL_MISSING] = AR_COLUMN_OTHER,
        [AR_CELL_INTEGER] = AR_COLUMN_INTEGER,
    };
    if (ar_column_settled(seen))
        return AR_COLUMN_TEXT;
    if (seen & AR_CELL_HUGE)
        return AR_COLUMN_OTHER;
    return seen < AR_COUNT(single) ? single[seen] : AR_COLUMN_FLOAT;
}

const char *ar_column_type_name(enum ar_column_type type)
{
    static const char *const name[] = { N_("no rows"), N_("empty"), N_("boolean"), N_("integer"), N_("float"), N_("text"), N_("other") };
    return name[type];
}

bool ar_column_settled(uint8_t seen)
{
    /* Booleans among numbers are texts, all of them. */
    return (seen & AR_CELL_TEXT) || ((seen & AR_CELL_BOOLEAN) && (seen & (AR_CELL_INTEGER | AR_CELL_FLOAT | AR_CELL_HUGE)));
}

void ar_column_look(const struct ar_csv_row *rows, size_t n_rows, const char *data, size_t n_tracked, uint8_t *seen)
{
    for (size_t i = 0; i < n_tracked; i++) {
        uint8_t bits = seen[i];
        for (size_t r = 0; r < n_rows && !ar_column_settled(bits); r++) {
            const uint64_t *cell = rows[r].cell + 2 * i;
            bits |= ar_cell_bit(data + cell[0], (size_t)(cell[1] - cell[0]));
        }
        seen[i] = bits;
    }
}

/* ---- a table -------------------------------------------------------------------------------------------------------- */

/* The columns that are not settled. */
struct open_columns {
    size_t *number;
    uint8_t *seen;
    size_t n;
};

static void find_open(struct open_columns *open, size_t columns, const uint8_t *seen)
{
    open->n = 0;
    for (size_t i = 0; i < columns; i++) {
        if (ar_column_settled(seen[i]))
            continue;
        open->number[open->n] = i;
        open->seen[open->n++] = seen[i];
    }
}

/* Has a column settled of those that are open? */
static bool one_settled(const struct open_columns *open)
{
    for (size_t i = 0; i < open->n; i++)
        if (ar_column_settled(open->seen[i]))
            return true;
    return false;
}

/*
 * Looks at rows from data on until a column settles, the rows end, or *max_rows were seen. Returns the bytes that were dealt
 * with, 0 where it is done, -1 (memory).
 */
static int64_t look_on(struct open_columns *open, const char *data, uint64_t n, size_t columns, uint64_t *max_rows)
{
    struct ar_csv_scan *scan = ar_csv_scan_new(data, n, columns, open->number, open->n, AR_CSV_BEST);
    if (!scan)
        return -1;
    int64_t done = 0;
    const struct ar_csv_row *rows;
    ssize_t n_rows;
    while (*max_rows > 0 && (n_rows = ar_csv_scan_rows(scan, &rows)) > 0) {
        size_t wanted = (uint64_t)n_rows < *max_rows ? (size_t)n_rows : (size_t)*max_rows;
        ar_column_look(rows, wanted, data, open->n, open->seen);
        *max_rows -= wanted;
        if (one_settled(open)) {
            done = (int64_t)rows[n_rows - 1].next;
            break;
        }
    }
    ar_csv_scan_free(scan);
    return done;
}

int ar_column_scan(const char *data, uint64_t n, size_t columns, uint64_t max_rows, uint8_t *seen, struct ar_error *error)
{
    struct open_columns open = { .number = malloc(columns * sizeof(*open.number)), .seen = malloc(columns) };
    int64_t done = open.number && open.seen ? 1 : -1;
    uint64_t at = 0;
    while (done > 0 && max_rows > 0 && at < n) {
        find_open(&open, columns, seen);
        if (open.n == 0)
            break;
        done = look_on(&open, data + at, n - at, columns, &max_rows);
        for (size_t i = 0; i < open.n; i++)
            seen[open.number[i]] = open.seen[i];
        if (done > 0)
            at += (uint64_t)done;
    }
    free(open.number);
    free(open.seen);
    return done < 0 ? ar_fail_memory(error) : 0;
}
