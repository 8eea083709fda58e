/* SPDX-License-Identifier: MIT */
#include "lanes/cleanse.h"

#include <ctype.h>

#include "bytes/text.h"

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
    bool may_be_near[256]; /* by the first byte of a cell: may it differ from a value in case or blanks alone? */
};

/* The bytes of the blank at text, at its end (behind: text is where it ends) or 0: also a no-break space and the ideographic one. */
static size_t blank_at(const char *text, size_t n, bool behind)
{
    static const char *const blanks[] = { " ", "\t", "\xc2\xa0", "\xe3\x80\x80" };
    for (size_t i = 0; i < AR_COUNT(blanks); i++) {
        size_t len = strlen(blanks[i]);
        if (n >= len && memcmp(behind ? text - len : text, blanks[i], len) == 0)
            return len;
    }
    return 0;
}

static void trim(const char **text, size_t *n)
{
    size_t blank;
    for (; (blank = blank_at(*text, *n, false)); *n -= blank)
        *text += blank;
    while ((blank = blank_at(*text + *n, *n, true)))
        *n -= blank;
}

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
    for (const char *start = "\" \t\xc2\xe3"; *start; start++)
        to->may_be_near[(unsigned char)*start] = true;
    for (size_t i = 0; i < rule->n_values; i++) {
        struct wanted *value = &to->value[i];
        const char *text = rule->values[i];
        ar_buf_init(&value->plain);
        ar_buf_init(&value->quoted);
        ar_buf_add_text(&value->plain, text);
        ar_csv_encode(&value->quoted, text, strlen(text), true);
        value->no_plain = text[0] == '"';
        size_t n = strlen(text);
        trim(&text, &n);
        to->may_be_near[tolower((unsigned char)*text)] = to->may_be_near[toupper((unsigned char)*text)] = true;
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
    _Alignas(64) struct ar_digest digest; /* of the first digested bytes that were kept */
    uint64_t digested;
    struct ar_cleansed *cleansed;
    struct ar_cleansing_room *room;
    struct ar_region_ahead *ahead; /* for a large set */
    const struct ar_rules *rules;
    const char *what;
    uint64_t header_need; /* bytes with which the header is tried */
    struct ar_csv_header header;
    uint64_t first_line;  /* of the rows */
    struct compiled compiled;
    uint64_t rows;            /* where in the window the rows begin; before they are there, the header */
    struct ar_csv_scan *scan; /* behind the header, once that is read */
};

enum { PIECE = 256 * 1024 }; /* bytes that are taken at a time */

struct ar_cleansing *ar_cleansing_new(struct ar_cleansed *cleansed, struct ar_cleansing_room *room, uint64_t size,
                                      const struct ar_rules *rules, const char *what, struct ar_error *error)
{
    struct ar_cleansing *c = aligned_alloc(64, sizeof *c);
    *cleansed = (struct ar_cleansed){ .bytes = room->kept.data, .dropped = calloc(rules->n + 1, sizeof *cleansed->dropped) };
    if (!c || !cleansed->dropped) {
        free(c);
        ar_fail_memory(error);
        return NULL;
    }
    memset(c, 0, sizeof *c);
    c->cleansed = cleansed;
    c->room = room;
    c->ahead = size >= AR_CLEANSING_LARGE ? ar_region_ahead_new(&room->kept) : NULL;
    c->rules = rules;
    c->what = what;
    c->header_need = PIECE;
    ar_digest_init(&c->digest);
    ar_buf_clear(&room->window);
    return c;
}

void ar_cleansing_free(struct ar_cleansing *c)
{
    if (!c)
        return;
    ar_region_ahead_free(c->ahead);
    ar_csv_scan_free(c->scan);
    release_compiled(&c->compiled);
    ar_csv_header_release(&c->header);
    free(c);
}

/* ---- what is kept --------------------------------------------------------------------------------------------------- */

static void keep(struct ar_cleansing *c, const char *bytes, uint64_t n)
{
    struct ar_cleansed *cleansed = c->cleansed;
    memcpy(c->room->kept.data + cleansed->n, bytes, n);
    cleansed->n += n;
}

/* Rows that lie together are kept at once. A row whose line end is not a LF is one alone, and gets one. */
struct run {
    const char *start, *end;
};

static void end_run(struct ar_cleansing *c, struct run *run)
{
    if (run->start < run->end)
        keep(c, run->start, (uint64_t)(run->end - run->start));
    run->start = run->end = NULL;
}

static void keep_row(struct ar_cleansing *c, struct run *run, const char *rows, const struct ar_csv_row *row)
{
    bool lf = row->next == row->end + 1 && rows[row->end] == '\n';
    if (run->end != rows + row->start) {
        end_run(c, run);
        run->start = rows + row->start;
    }
    run->end = rows + (lf ? row->next : row->end);
    c->cleansed->rows++;
    if (lf)
        return;
    end_run(c, run);
    keep(c, "\n", 1);
}

/* ---- reading -------------------------------------------------------------------------------------------------------- */

/* Reads the header, once it is there as a whole: c->scan tells. */
static int read_header(struct ar_cleansing *c, bool whole, struct ar_error *error)
{
    const char *data = c->room->window.data + c->rows;
    uint64_t n = c->room->window.len - c->rows;
    if (!whole && n < c->header_need)
        return 0;
    if (ar_csv_header_read(&c->header, data, n, c->what, error) != 0) {
        c->header_need *= 2;
        return whole ? -1 : 0;
    }
    if (!whole && c->header.next == n) {
        c->header_need *= 2;
        ar_csv_header_release(&c->header);
        return 0;
    }
    if (compile(&c->compiled, c->rules, &c->header, c->what, error) != 0)
        return -1;
    keep(c, data + c->header.start, c->header.end - c->header.start);
    keep(c, "\n", 1);
    c->first_line = ar_csv_line_ends(data, c->header.next) + 1;
    c->rows += c->header.next;
    c->scan = ar_csv_scan_new(data + c->header.next, n - c->header.next, c->header.cells, c->compiled.column, c->compiled.n_columns, AR_CSV_BEST);
    return c->scan ? 0 : ar_fail_memory(error);
}

/* ---- what is not quite what was wanted ------------------------------------------------------------------------------ */

static bool is_near(const char *cell, size_t n, const char *value)
{
    size_t len = strlen(value);
    trim(&cell, &n);
    trim(&value, &len);
    return n == len && strncasecmp(cell, value, n) == 0;
}

/* Notes a cell that was refused, where it is near to a value of the rule. */
static void note_near(struct ar_cleansing *c, size_t refusal, const char *cell, size_t n)
{
    struct ar_near *near = &c->cleansed->near;
    const struct ar_rule *rule = &c->rules->rule[refusal];
    if (n >= 2 && cell[0] == '"') {
        cell++;
        n -= 2;
        if (n == 0 || !c->compiled.rule[refusal].may_be_near[(unsigned char)*cell])
            return;
    }
    for (size_t i = 0; i < rule->n_values; i++) {
        if (!is_near(cell, n, rule->values[i]))
            continue;
        if (near->rows++ > 0)
            return;
        near->rule = rule;
        near->wanted = rule->values[i];
        struct ar_buf shown;
        ar_buf_init(&shown);
        ar_text_show(&shown, cell, n);
        snprintf(near->found, sizeof near->found, "%s", shown.data ? shown.data : "");
        ar_buf_release(&shown);
        return;
    }
}

/* Keeps or drops some rows. */
static void take_rows(struct ar_cleansing *c, const struct ar_csv_row *row, ssize_t n)
{
    const char *rows = c->room->window.data + c->rows;
    struct run run = { 0 };
    for (ssize_t i = 0; i < n; i++) {
        size_t refusal = first_refusal(&c->compiled, rows, &row[i]);
        if (refusal == c->compiled.n) {
            keep_row(c, &run, rows, &row[i]);
            continue;
        }
        const uint64_t *cell = row[i].cell + 2 * c->compiled.rule[refusal].track;
        c->cleansed->dropped[refusal]++;
        if (cell[1] > cell[0] && c->compiled.rule[refusal].may_be_near[(unsigned char)rows[cell[0]]])
            note_near(c, refusal, rows + cell[0], (size_t)(cell[1] - cell[0]));
    }
    end_run(c, &run);
}

/* How far from its start n bytes are put into the window, so that what is read behind them comes to where a page begins (AR_PAGE). */
static size_t gap(const struct ar_buf *window, size_t n)
{
    return -((uintptr_t)window->data + n) % AR_PAGE;
}

char *ar_cleansing_room(struct ar_cleansing *c, size_t *n, struct ar_error *error)
{
    struct ar_buf *window = &c->room->window;
    const char *before = window->data;
    char *to = ar_buf_reserve(window, PIECE + AR_PAGE);
    if (!to) {
        ar_fail_memory(error);
        return NULL;
    }
    if (c->scan && window->data != before)
        ar_csv_scan_drop(c->scan, 0, window->data + c->rows);
    if (window->len == 0) {
        c->rows = gap(window, 0);
        ar_buf_grew(window, c->rows);
        to += c->rows;
    }
    *n = PIECE;
    return to;
}

/* Drops what has been seen from the window, where it is more than what has to be moved for that. */
static void slide(struct ar_cleansing *c)
{
    struct ar_buf *window = &c->room->window;
    uint64_t spent = ar_csv_scan_spent(c->scan), from = c->rows + spent, left = window->len - from, to = gap(window, left);
    if (from <= to + left)
        return;
    ar_csv_scan_drop(c->scan, spent, window->data + to);
    memmove(window->data + to, window->data + from, left);
    ar_buf_truncate(window, to + left);
    c->rows = to;
}

static int fail_rows(const struct ar_cleansing *c, struct ar_error *error)
{
    const struct ar_csv_seen *seen = ar_csv_scan_seen(c->scan);
    const struct ar_buf *window = &c->room->window;
    return ar_csv_fail(seen, window->data + c->rows, window->len - c->rows, c->first_line + seen->lines_dropped, c->what, error);
}

int ar_cleansing_arrived(struct ar_cleansing *c, size_t n, bool whole, struct ar_error *error)
{
    struct ar_cleansed *cleansed = c->cleansed;
    ar_buf_grew(&c->room->window, n);
    if (!c->scan && read_header(c, whole, error) != 0)
        return -1;
    if (!c->scan)
        return 0;
    const struct ar_csv_row *row;
    ssize_t got;
    if (!c->ahead)
        ar_region_touch(&c->room->kept, cleansed->n + n); /* as much as can be kept of it */
    ar_csv_scan_arrived(c->scan, c->room->window.len - c->rows, whole);
    while ((got = ar_csv_scan_rows(c->scan, &row)) > 0)
        take_rows(c, row, got);
    cleansed->rows_in = ar_csv_scan_seen(c->scan)->rows;
    if (got < 0)
        return fail_rows(c, error);
    ar_digest_add(&c->digest, cleansed->bytes + c->digested, cleansed->n - c->digested);
    c->digested = cleansed->n;
    ar_region_ahead_filled(c->ahead, (size_t)cleansed->n);
    if (!whole) {
        slide(c);
        return 0;
    }
    ar_digest_hex(&c->digest, cleansed->xxh3);
    ar_region_ahead_free(c->ahead); /* the room is the caller's now */
    c->ahead = NULL;
    return 0;
}

void ar_cleansing_room_release(struct ar_cleansing_room *room)
{
    ar_region_release(&room->kept);
    ar_buf_release(&room->window);
}

void ar_cleansed_release(struct ar_cleansed *cleansed)
{
    free(cleansed->dropped);
    cleansed->dropped = NULL;
}

/* A value that is no UTF-8 cannot be told in JSON, and is left out. */
static void put_rule(struct ar_tree *tree, struct ar_node *rules, const struct ar_rule *rule, uint64_t dropped)
{
    bool entity = strcmp(rule->column, COLUMN_ENTITY) == 0;
    struct ar_node *node = ar_tree_put(tree, rules, NULL, AR_NODE_OBJECT);
    if (!entity)
        ar_tree_put_text(tree, node, "where", rule->column);
    struct ar_node *values = ar_tree_put(tree, node, entity ? "entity" : "is", AR_NODE_ARRAY);
    for (size_t i = 0; i < rule->n_values; i++)
        if (ar_utf8_check(rule->values[i], strlen(rule->values[i])) == strlen(rule->values[i]))
            ar_tree_put_text(tree, values, NULL, rule->values[i]);
    ar_tree_put_count(tree, node, "dropped", dropped);
}

int ar_cleansed_record(const struct ar_cleansed *cleansed, const struct ar_rules *rules, struct ar_tree *values, struct ar_record *record,
                       struct ar_error *error)
{
    struct ar_node *all = ar_tree_root(values, AR_NODE_ARRAY);
    struct ar_node *dropped = ar_tree_put(values, all, NULL, AR_NODE_OBJECT);
    struct ar_node *list = rules->n ? ar_tree_put(values, all, NULL, AR_NODE_ARRAY) : ar_tree_put_text(values, all, NULL, "none");
    for (size_t i = 0; i < rules->n; i++) {
        const char *column = rules->rule[i].column;
        ar_tree_put_count(values, dropped, column, ar_node_count_of(dropped, column) + cleansed->dropped[i]);
        put_rule(values, list, &rules->rule[i], cleansed->dropped[i]);
    }
    record->dropped = dropped;
    record->rules = list;
    return ar_tree_check(values, error);
}
