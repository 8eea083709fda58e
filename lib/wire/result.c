/* SPDX-License-Identifier: MIT */
/*
 * Results from the Python runner.
 */
#include "wire/result.h"

#include "codecs/json.h"
#include "codecs/pickle.h"
#include "wire/result_rewrite.h"

/* ---- the types of cells --------------------------------------------------------------------------------------------- */

static bool is_word(const struct ar_cell *cell, const char *word)
{
    return !cell->quoted && ar_cell_is(cell, word, strlen(word));
}

/* As pandas writes and reads them. */
static enum ar_kind pandas_kind(void *arg, const struct ar_table *table, size_t row, size_t column, const struct ar_cell *cell)
{
    (void)arg, (void)row;
    const char *name = table->name[column];
    enum ar_kind kind = ar_cell_kind(cell, strcmp(name, AR_WIRE_DATA_NAME) == 0 ? AR_WIRE_DATA : name);
    if (kind != AR_KIND_TEXT || strcmp(name, AR_WIRE_DATA) == 0 || strcmp(name, "sample_name") == 0)
        return kind;
    return is_word(cell, "True") ? AR_KIND_TRUE : is_word(cell, "False") ? AR_KIND_FALSE : AR_KIND_TEXT;
}

/* The result_json of the row at hand. */
struct by_json {
    ar_wire_json_of *json;
    void *arg;
    size_t data; /* the lane's column */
    struct ar_buf scratch;
    struct ar_json_doc doc;
    struct ar_json_value root;
    bool there;  /* the lane has one */
    size_t row;  /* its row + 1 */
    int position;
    int result;  /* -1: one of them is no JSON */
    struct ar_error *error;
};

static void next_row(struct by_json *by, const struct ar_table *table, size_t row)
{
    struct ar_cell cell = ar_table_cell(table, row, by->data);
    const char *text;
    size_t n;
    ar_json_doc_release(&by->doc);
    by->doc = (struct ar_json_doc){ 0 };
    by->row = row + 1;
    by->position = 0;
    ar_buf_clear(&by->scratch);
    ar_cell_add(&by->scratch, &cell);
    by->there = by->json(by->arg, by->scratch.data, &text, &n);
    if (!by->there)
        return;
    char what[AR_LANE_ID_MAX + 96];
    snprintf(what, sizeof what, ar_tr("the JSON result of lane '%.*s'"), AR_LANE_ID_MAX, by->scratch.data);
    if (ar_json_doc_parse(&by->doc, text, n, what, by->error) != 0) {
        by->result = -1;
        by->there = false;
        return;
    }
    by->root = ar_json_root(&by->doc);
    by->there = by->root.type == AR_JSON_OBJECT;
}

/* The value of a column: members are nearly always in the order of the columns. */
static bool find_value(struct by_json *by, const char *name, struct ar_json_value *value)
{
    struct ar_json_value key;
    int position = by->position;
    if (ar_json_each(&by->doc, &by->root, &position, &key, value) && ar_json_equals(&key, name, strlen(name))) {
        by->position = position;
        return true;
    }
    return ar_json_member(&by->doc, &by->root, name, value);
}

/* A value of the JSON tells the type where the cell is that value. */
static enum ar_kind json_kind(void *arg, const struct ar_table *table, size_t row, size_t column, const struct ar_cell *cell)
{
    struct by_json *by = arg;
    enum ar_kind kind = pandas_kind(NULL, table, row, column, cell);
    struct ar_json_value value;
    if (by->row != row + 1 && by->result == 0)
        next_row(by, table, row);
    if (!by->there || !find_value(by, table->name[column], &value))
        return kind;
    if (value.type != AR_JSON_STRING || kind == AR_KIND_TEXT)
        return kind;
    ar_buf_clear(&by->scratch);
    ar_cell_add(&by->scratch, cell);
    return ar_json_equals(&value, by->scratch.data, by->scratch.len) ? AR_KIND_TEXT : kind;
}

/* ---- a lane's result ------------------------------------------------------------------------------------------------ */

static const struct ar_wire_rewrite typed = { .was = AR_WIRE_DATA_NAME, .is = AR_WIRE_DATA };
static const struct ar_wire_rewrite as_pandas = { .was = AR_WIRE_DATA_NAME, .is = AR_WIRE_DATA, .kind = pandas_kind };

static int fail_no_lane(const char *what, struct ar_error *error)
{
    ar_fail(error, AR_CONTENT, "%s does not tell its lane: it has no '" AR_WIRE_DATA_NAME "' and no '" AR_WIRE_DATA "'", what);
    return ar_hint(error, "The Python runner adds them to a result; a method that speaks for itself has to.");
}

/* Appends the names that the only row of a table tells. */
static int tell_names(struct ar_wire_names *names, const struct ar_table *table, const char *what, struct ar_error *error)
{
    ssize_t data = ar_table_find(table, AR_WIRE_DATA), sample = ar_table_find(table, "sample_name");
    if (data < 0)
        return fail_no_lane(what, error);
    struct ar_cell cell = ar_table_cell(table, 0, (size_t)data);
    ar_cell_add(&names->data, &cell);
    if (sample >= 0)
        cell = ar_table_cell(table, 0, (size_t)sample);
    ar_cell_add(&names->sample, &cell);
    return ar_buf_check(&names->data, error) != 0 ? -1 : ar_buf_check(&names->sample, error);
}

/* A table may have both columns: then both say the lane. */
static int check_data_name(const struct ar_table *table, const char *data, const char *what, struct ar_error *error)
{
    ssize_t column = ar_table_find(table, AR_WIRE_DATA_NAME);
    if (column < 0)
        return 0;
    struct ar_cell cell = ar_table_cell(table, 0, (size_t)column);
    if (ar_cell_is(&cell, data, strlen(data)))
        return 0;
    return ar_fail(error, AR_CONTENT, "%s: '" AR_WIRE_DATA_NAME "' is '%.*s', but the lane is '%s'", what,
                   (int)(cell.len < 200 ? cell.len : 200), cell.text, data);
}

/* Appends the result from a table that was written anew. */
static int finish(struct ar_buf *out, const struct ar_buf *text, bool both, const char *data, const char *sample,
                  struct ar_wire_names *names, const char *what, struct ar_error *error)
{
    struct ar_table table;
    if (ar_table_parse(&table, text->data, text->len, what, error) != 0)
        return -1;
    int result = 0;
    size_t start_data = names ? names->data.len : 0, start_sample = names ? names->sample.len : 0;
    if (table.rows == 1 && !data) {
        result = tell_names(names, &table, what, error);
        data = names->data.data + start_data;
        sample = names->sample.data + start_sample;
    }
    if (result == 0 && table.rows == 1 && both)
        result = check_data_name(&table, data, what, error);
    ar_table_release(&table);
    if (result != 0)
        return -1;
    return ar_result_from_csv(out, text->data, text->len, data ? data : "", sample ? sample : "", what, error);
}

/* Parses a text and writes it anew: appends to out. */
static int rewrite(struct ar_buf *out, const struct ar_wire_rewrite *how, const char *text, size_t n, const char *what,
                   struct ar_error *error)
{
    struct ar_table table;
    if (ar_table_parse(&table, text, n, what, error) != 0)
        return -1;
    ar_wire_rewrite(out, how, &table);
    ar_table_release(&table);
    return ar_buf_check(out, error);
}

/* Appends the pickle's table, typed, its columns' names as they are. */
static int print_pickle(struct ar_buf *out, const struct ar_pickle *pickle, const char *what, struct ar_error *error)
{
    size_t n;
    const char *csv = ar_pickle_csv(pickle, &n);
    if (csv) /* a set of ours: its cells are as they came */
        ar_buf_add(out, csv, n);
    else if (ar_pickle_columns(pickle) == 0 && ar_pickle_kind(pickle) == AR_PICKLE_SERIES)
        return ar_fail(error, AR_CONTENT, "%s has no value", what);
    else if (ar_pickle_columns(pickle) == 0) /* no lane has a row */
        ar_buf_add_text(out, AR_WIRE_DATA ",sample_name\n");
    else if (ar_pickle_header(pickle, AR_PICKLE_TYPED, out, error) != 0 ||
             ar_pickle_add_rows(pickle, AR_PICKLE_TYPED, 0, UINT64_MAX, out, error) != 0)
        return -1;
    return ar_buf_check(out, error);
}

/* Appends the canonical table of a pickle, which must be a series or must be none. */
static int read_pickle(struct ar_buf *out, const char *bytes, size_t n, bool series, const char *what, struct ar_error *error)
{
    struct ar_pickle *pickle = ar_pickle_read(bytes, n, what, error);
    if (!pickle)
        return -1;
    struct ar_buf text;
    ar_buf_init(&text);
    int result = 0;
    if ((ar_pickle_kind(pickle) == AR_PICKLE_SERIES) != series)
        result = ar_fail(error, AR_CONTENT, series ? N_("%s is a frame, expected a series") : N_("%s is a series, expected a frame"), what);
    if (result == 0)
        result = print_pickle(&text, pickle, what, error);
    ar_pickle_free(pickle);
    if (result == 0)
        result = rewrite(out, &typed, text.data, text.len, what, error);
    ar_buf_release(&text);
    return result;
}

int ar_wire_result_from_pickle(struct ar_buf *out, const char *bytes, size_t n, const char *data, const char *sample,
                               struct ar_wire_names *names, const char *what, struct ar_error *error)
{
    struct ar_buf text;
    ar_buf_init(&text);
    int result = read_pickle(&text, bytes, n, true, what, error);
    if (result == 0)
        result = finish(out, &text, true, data, sample, names, what, error);
    ar_buf_release(&text);
    return result;
}

int ar_wire_result_from_csv(struct ar_buf *out, const char *text, size_t n, const char *data, const char *sample,
                            struct ar_wire_names *names, const char *what, struct ar_error *error)
{
    struct ar_buf canonical;
    ar_buf_init(&canonical);
    int result = rewrite(&canonical, &as_pandas, text, n, what, error);
    if (result != 0 && error->status == AR_INPUT)
        error->status = AR_CONTENT;
    if (result == 0)
        result = finish(out, &canonical, false, data, sample, names, what, error);
    ar_buf_release(&canonical);
    return result;
}

/* ---- tables --------------------------------------------------------------------------------------------------------- */

int ar_wire_table_from_pickle(struct ar_buf *out, const char *bytes, size_t n, const char *what, struct ar_error *error)
{
    return read_pickle(out, bytes, n, false, what, error);
}

/* The lane's column, under either name, or -1. */
static ssize_t find_lane_column(const struct ar_table *table)
{
    ssize_t data = ar_table_find(table, AR_WIRE_DATA);
    return data >= 0 ? data : ar_table_find(table, AR_WIRE_DATA_NAME);
}

static int rewrite_by_json(struct ar_buf *out, const struct ar_table *table, size_t data, ar_wire_json_of *json, void *arg,
                           struct ar_error *error)
{
    struct by_json by = { .json = json, .arg = arg, .data = data, .error = error };
    struct ar_wire_rewrite how = typed;
    how.kind = json_kind;
    how.arg = &by;
    ar_buf_init(&by.scratch);
    ar_wire_rewrite(out, &how, table);
    ar_json_doc_release(&by.doc);
    ar_buf_release(&by.scratch);
    return by.result == 0 ? ar_buf_check(out, error) : -1;
}

int ar_wire_table_from_csv(struct ar_buf *out, const char *text, size_t n, ar_wire_json_of *json, void *arg, const char *what,
                           struct ar_error *error)
{
    struct ar_table table;
    if (ar_table_parse(&table, text, n, what, error) != 0)
        return -1;
    ssize_t data = find_lane_column(&table);
    int result = 0;
    if (json && data >= 0) {
        result = rewrite_by_json(out, &table, (size_t)data, json, arg, error);
    } else {
        ar_wire_rewrite(out, &as_pandas, &table);
        result = ar_buf_check(out, error);
    }
    ar_table_release(&table);
    return result;
}
