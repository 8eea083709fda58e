/* SPDX-License-Identifier: MIT */
#include "lanes/cleanse.h"

#define COLUMN_ENTITY "Entity"

/* A value in the two ways in which a cell can hold it, so that no cell has to be decoded. */
struct wanted {
    struct ar_buf plain, quoted;
    bool no_plain; /* a text that begins with a quote is never a cell without quotes */
};

struct compiled_rule {
    size_t track;  /* which of the tracked columns */
    size_t n;
    size_t last;   /* the value that was met last: often the next one, too */
    struct wanted *value;
};

struct compiled {
    struct compiled_rule *rule;
    size_t n;
    size_t *column; /* the tracked columns, ascending */
    size_t n_columns;
};

static void release_compiled(struct compiled *c)
{
    for (size_t i = 0; c->rule && i < c->n; i++) {
        for (size_t k = 0; c->rule[i].value && k < c->rule[i].n; k++) {
            ar_buf_release(&c->rule[i].value[k].plain);
            ar_buf_release(&c->rule[i].value[k].quoted);
        }
        free(c->rule[i].value);
    }
    free(c->rule);
    free(c->column);
}

static int compare_columns(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

static int compile_values(struct compiled_rule *to, const struct ar_rule *rule, struct ar_error *error)
{
    to->n = rule->n_values;
    to->value = calloc(rule->n_values + 1, sizeof *to->value);
    if (!to->value)
        return ar_fail_memory(error);
    for (size_t i = 0; i < rule->n_values; i++) {
        struct wanted *value = &to->value[i];
        const char *text = rule->values[i];
        ar_buf_init(&value->plain);
        ar_buf_init(&value->quoted);
        ar_buf_add_text(&value->plain, text);
        ar_csv_encode(&value->quoted, text, strlen(text), true);
        value->no_plain = text[0] == '"';
        if (ar_buf_check(&value->plain, error) != 0 || ar_buf_check(&value->quoted, error) != 0)
            return -1;
    }
    return 0;
}

/* Finds the columns of the rules, and brings their values into the form that is compared. */
static int compile(struct compiled *c, const struct ar_rules *rules, const struct ar_csv_header *header, const char *what,
                   struct ar_error *error)
{
    *c = (struct compiled){ .n = rules->n };
    c->rule = calloc(rules->n + 1, sizeof *c->rule);
    c->column = calloc(rules->n + 1, sizeof *c->column);
    if (!c->rule || !c->column)
        return ar_fail_memory(error);
    for (size_t i = 0; i < rules->n; i++) {
        ssize_t column = ar_csv_header_find(header, rules->rule[i].column);
        if (column < 0)
            return ar_csv_fail_column(header, rules->rule[i].column, what, error);
        c->column[i] = (size_t)column;
        if (compile_values(&c->rule[i], &rules->rule[i], error) != 0)
            return -1;
    }
    qsort(c->column, rules->n, sizeof *c->column, compare_columns);
    for (size_t i = 0; i < rules->n; i++)
        if (i == 0 || c->column[i] != c->column[c->n_columns - 1])
            c->column[c->n_columns++] = c->column[i];
    for (size_t i = 0; i < rules->n; i++) {
        size_t column = (size_t)ar_csv_header_find(header, rules->rule[i].column);
        while (c->column[c->rule[i].track] != column)
            c->rule[i].track++;
    }
    return 0;
}

static inline bool is_wanted(const struct wanted *value, const char *cell, size_t n)
{
    if (n == value->plain.len && memcmp(cell, value->plain.data, n) == 0)
        return !value->no_plain;
    return n == value->quoted.len && memcmp(cell, value->quoted.data, n) == 0;
}

static inline bool passes(struct compiled_rule *rule, const char *cell, size_t n)
{
    if (rule->n && is_wanted(&rule->value[rule->last], cell, n))
        return true;
    for (size_t i = 0; i < rule->n; i++) {
        if (is_wanted(&rule->value[i], cell, n)) {
            rule->last = i;
            return true;
        }
    }
    return false;
}

/* The number of the first rule that the row does not pass, or the number of rules. */
static inline size_t first_refusal(struct compiled *c, const char *rows, const struct ar_csv_row *row)
{
    for (size_t i = 0; i < c->n; i++) {
        const uint64_t *cell = row->cell + 2 * c->rule[i].track;
        if (!passes(&c->rule[i], rows + cell[0], (size_t)(cell[1] - cell[0])))
            return i;
    }
    return c->n;
}

struct ar_cleansing {
    struct ar_cleansed *cleansed;
    const char *data;
    const struct ar_rules *rules;
    const char *what;
    uint64_t header_need; /* bytes with which the header is tried */
    struct ar_csv_header header;
    struct compiled compiled;
    struct ar_csv_scan *scan; /* behind the header, once that is read */
};

enum { HEADER_NEED = 256 * 1024 };

struct ar_cleansing *ar_cleansing_new(struct ar_cleansed *cleansed, const char *data, const struct ar_rules *rules,
                                      const char *what, struct ar_error *error)
{
    struct ar_cleansing *c = calloc(1, sizeof *c);
    *cleansed = (struct ar_cleansed){ .dropped = calloc(rules->n + 1, sizeof *cleansed->dropped) };
    if (!c || !cleansed->dropped) {
        free(c);
        ar_fail_memory(error);
        return NULL;
    }
    *c = (struct ar_cleansing){ .cleansed = cleansed, .data = data, .rules = rules, .what = what, .header_need = HEADER_NEED };
    return c;
}

void ar_cleansing_free(struct ar_cleansing *c)
{
    if (!c)
        return;
    ar_csv_scan_free(c->scan);
    release_compiled(&c->compiled);
    ar_csv_header_release(&c->header);
    free(c);
}

/* Reads the header, once it is there as a whole: c->scan tells. */
static int read_header(struct ar_cleansing *c, uint64_t n, bool whole, struct ar_error *error)
{
    if (!whole && n < c->header_need)
        return 0;
    if (ar_csv_header_read(&c->header, c->data, n, c->what, error) != 0) {
        c->header_need *= 2;
        return whole ? -1 : 0;
    }
    if (!whole && c->header.next == n) {
        c->header_need *= 2;
        ar_csv_header_release(&c->header);
        return 0;
    }
    c->cleansed->header_start = c->header.start;
    c->cleansed->header_len = c->header.end - c->header.start;
    if (compile(&c->compiled, c->rules, &c->header, c->what, error) != 0)
        return -1;
    c->scan = ar_csv_scan_new(c->data + c->header.next, n - c->header.next, c->header.cells, c->compiled.column,
                              c->compiled.n_columns, AR_CSV_BEST);
    return c->scan ? 0 : ar_fail_memory(error);
}

/* Keeps or drops some rows. */
static int take_rows(struct ar_cleansing *c, const struct ar_csv_row *row, ssize_t n, struct ar_error *error)
{
    uint64_t base = c->header.next;
    const char *rows = c->data + base;
    for (ssize_t i = 0; i < n; i++) {
        size_t refusal = first_refusal(&c->compiled, rows, &row[i]);
        if (refusal < c->compiled.n) {
            c->cleansed->dropped[refusal]++;
            continue;
        }
        bool lf = row[i].next == row[i].end + 1 && rows[row[i].end] == '\n';
        if (ar_extents_add(&c->cleansed->kept, base + row[i].start, base + row[i].end, base + row[i].next, lf) != 0)
            return ar_fail_memory(error);
    }
    return 0;
}

int ar_cleansing_arrived(struct ar_cleansing *c, uint64_t n, bool whole, struct ar_error *error)
{
    if (!c->scan && read_header(c, n, whole, error) != 0)
        return -1;
    if (!c->scan)
        return 0;
    const struct ar_csv_row *row;
    ssize_t got;
    ar_csv_scan_arrived(c->scan, n - c->header.next, whole);
    while ((got = ar_csv_scan_rows(c->scan, &row)) > 0)
        if (take_rows(c, row, got, error) != 0)
            return -1;
    const struct ar_csv_seen *seen = ar_csv_scan_seen(c->scan);
    c->cleansed->rows_in = seen->rows;
    if (got < 0)
        return ar_csv_fail(seen, c->data + c->header.next, n - c->header.next, ar_csv_line(c->data, c->header.next), c->what,
                           error);
    return 0;
}

void ar_cleansed_release(struct ar_cleansed *cleansed)
{
    ar_extents_release(&cleansed->kept);
    free(cleansed->dropped);
    cleansed->dropped = NULL;
}

static json_t *rule_json(const struct ar_rule *rule, uint64_t dropped)
{
    json_t *values = json_array();
    for (size_t i = 0; i < rule->n_values; i++)
        json_array_append_new(values, json_string(rule->values[i]));
    if (strcmp(rule->column, COLUMN_ENTITY) == 0)
        return json_pack("{sosI}", "entity", values, "dropped", (json_int_t)dropped);
    return json_pack("{sssosI}", "where", rule->column, "is", values, "dropped", (json_int_t)dropped);
}

int ar_cleansed_record(const struct ar_cleansed *cleansed, const struct ar_rules *rules, struct ar_record *record,
                       struct ar_error *error)
{
    record->dropped = json_object();
    record->rules = rules->n ? json_array() : json_string("none");
    for (size_t i = 0; i < rules->n; i++) {
        const char *column = rules->rule[i].column;
        json_int_t before = json_integer_value(json_object_get(record->dropped, column));
        if (json_array_append_new(record->rules, rule_json(&rules->rule[i], cleansed->dropped[i])) != 0 ||
            json_object_set_new(record->dropped, column, json_integer(before + (json_int_t)cleansed->dropped[i])) != 0)
            return ar_fail_memory(error);
    }
    return record->dropped && record->rules ? 0 : ar_fail_memory(error);
}
