/* SPDX-License-Identifier: MIT */
/*
 * What a method answers, as its lane's analysis_result.
 */
#include "lanes/result.h"

#include "bytes/text.h"
#include "lanes/answer.h"

/* A result being made: its two rows, and which of the two columns that every result has are there. */
struct draft {
    const char *what;
    const char *data;
    const char *sample;
    struct ar_buf header;
    struct ar_buf row;
    bool has_data;
    bool has_sample;
};

static void release(struct draft *draft)
{
    ar_buf_release(&draft->header);
    ar_buf_release(&draft->row);
}

static void append(struct draft *draft, const char *name, enum ar_kind kind, const char *text, size_t n)
{
    if (draft->header.len > 0) {
        ar_buf_add_char(&draft->header, ',');
        ar_buf_add_char(&draft->row, ',');
    }
    ar_csv_encode(&draft->header, name, strlen(name), false);
    ar_value_add(&draft->row, kind, text, n);
}

static int finish(struct draft *draft, struct ar_buf *out, struct ar_error *error)
{
    if (!draft->has_data)
        append(draft, "data", AR_KIND_TEXT, draft->data, strlen(draft->data));
    if (!draft->has_sample)
        append(draft, "sample_name", AR_KIND_TEXT, draft->sample, strlen(draft->sample));
    if (ar_buf_check(&draft->header, error) < 0 || ar_buf_check(&draft->row, error) < 0)
        return -1;
    ar_buf_add(out, draft->header.data, draft->header.len);
    ar_buf_add_char(out, '\n');
    ar_buf_add(out, draft->row.data, draft->row.len);
    ar_buf_add_char(out, '\n');
    return ar_buf_check(out, error);
}

static int fail_data(const struct draft *draft, const char *got, size_t n, struct ar_error *error)
{
    ar_fail(error, AR_CONTENT, "%s: 'data' is '%.*s', but the lane is '%s'", draft->what,
            (int)(n < 200 ? n : 200), got, draft->data);
    return ar_hint(error, "Leave the column 'data' out, or give the data name as it is: it is text, and its zeros count.");
}

/* ---- an object ------------------------------------------------------------------------------------------------------ */

static int add_member(struct draft *draft, const char *name, const struct ar_json_value *json, struct ar_error *error)
{
    struct ar_buf value;
    enum ar_kind kind;
    ar_buf_init(&value);
    int status = ar_answer_value(&value, &kind, json, name, draft->what, error);
    bool is_data = strcmp(name, "data") == 0;
    if (status == 0 && is_data && (kind == AR_KIND_NULL || strcmp(value.data, draft->data) != 0))
        status = fail_data(draft, value.data, value.len, error);
    if (status == 0)
        append(draft, name, kind, value.data, value.len);
    draft->has_data |= is_data;
    draft->has_sample |= strcmp(name, "sample_name") == 0;
    ar_buf_release(&value);
    return status;
}

static int add_members(struct draft *draft, const struct ar_json_doc *doc, struct ar_error *error)
{
    struct ar_json_value root = ar_json_root(doc), key, value;
    struct ar_buf name;
    int status = 0, position = 0;
    ar_buf_init(&name);
    while (status == 0 && ar_json_each(doc, &root, &position, &key, &value)) {
        status = ar_answer_name(&name, &key, draft->header.len == 0, draft->what, error);
        if (status == 0)
            status = add_member(draft, name.data, &value, error);
    }
    ar_buf_release(&name);
    return status;
}

static int from_object(struct ar_buf *out, const char *text, size_t n, struct draft *draft, struct ar_error *error)
{
    struct ar_json_doc doc;
    if (ar_answer_json(&doc, text, n, draft->what, error) < 0)
        return -1;
    int status = add_members(draft, &doc, error);
    if (status == 0)
        status = finish(draft, out, error);
    ar_json_doc_release(&doc);
    return status;
}

/* ---- a CSV ---------------------------------------------------------------------------------------------------------- */

/* Does a line behind the first begin a JSON object that goes on to the end? */
static bool has_object_behind(const char *text, size_t n)
{
    while (n > 0 && strchr(" \t\r\n", text[n - 1]))
        n--;
    return n > 0 && text[n - 1] == '}' && memmem(text, n, "\n{", 2) != NULL;
}

static int fail_text(const char *text, size_t n, const char *what, struct ar_error *error)
{
    size_t line = 0;
    while (line < n && line < 100 && text[line] != '\n')
        line++;
    ar_fail(error, AR_CONTENT, "%s has text before its JSON object: '%.*s'", what, (int)line, text);
    return ar_hint(error, "Print the result alone on standard output; messages belong on standard error.");
}

static int hint_result(struct ar_error *error)
{
    return ar_hint(error, "A result is one JSON object, a CSV header with one row, or null where the lane has none; messages "
                          "belong on standard error.");
}

static int fail_rows(const struct ar_table *table, const char *what, struct ar_error *error)
{
    size_t len;
    const char *header = ar_table_row(table, AR_TABLE_HEADER, &len);
    if (table->rows == 0)
        ar_fail(error, AR_CONTENT, "%s has no row behind its first line, '%.*s'", what, (int)(len < 100 ? len : 100), header);
    else
        ar_fail(error, AR_CONTENT, "%s has %zu rows, expected one", what, table->rows);
    return hint_result(error);
}

static int take_row(struct draft *draft, const struct ar_table *table, struct ar_error *error)
{
    if (table->rows != 1)
        return fail_rows(table, draft->what, error);
    ssize_t data = ar_table_find(table, "data");
    if (data >= 0) {
        struct ar_cell cell = ar_table_cell(table, 0, (size_t)data);
        if (!ar_cell_is(&cell, draft->data, strlen(draft->data)))
            return fail_data(draft, cell.text, cell.len, error);
    }
    size_t header_len, row_len;
    const char *header = ar_table_row(table, AR_TABLE_HEADER, &header_len);
    const char *row = ar_table_row(table, 0, &row_len);
    ar_buf_add(&draft->header, header, header_len);
    ar_buf_add(&draft->row, row, row_len);
    draft->has_data = data >= 0;
    draft->has_sample = ar_table_find(table, "sample_name") >= 0;
    return 0;
}

static int from_csv(struct ar_buf *out, const char *text, size_t n, struct draft *draft, struct ar_error *error)
{
    struct ar_table table;
    if (has_object_behind(text, n))
        return fail_text(text, n, draft->what, error);
    if (ar_table_parse(&table, text, n, draft->what, error) < 0) {
        if (error->status != AR_SYSTEM)
            hint_result(error);
        return ar_answer_fault(error);
    }
    int status = take_row(draft, &table, error);
    if (status == 0)
        status = finish(draft, out, error);
    ar_table_release(&table);
    return status;
}

int ar_result_from_csv(struct ar_buf *out, const char *text, size_t n, const char *data, const char *sample, const char *what,
                       struct ar_error *error)
{
    struct draft draft = { .what = what, .data = data, .sample = sample };
    ar_buf_init(&draft.header);
    ar_buf_init(&draft.row);
    int status = from_csv(out, text, n, &draft, error);
    release(&draft);
    return status;
}

/* ---- standard output ------------------------------------------------------------------------------------------------ */

#define OUTPUT ar_tr("standard output")

static int from_json(struct ar_buf *out, const char *text, size_t n, const char *data, const char *sample, struct ar_error *error)
{
    struct draft draft = { .what = OUTPUT, .data = data, .sample = sample };
    ar_buf_init(&draft.header);
    ar_buf_init(&draft.row);
    int status = from_object(out, text, n, &draft, error);
    release(&draft);
    return status;
}

/* What is printed instead of an object, or NULL. */
static const char *wrong_kind(const char *text, size_t n)
{
    if (n == 0)
        return N_("is empty");
    if (text[0] == '[')
        return N_("is a JSON array, expected one object");
    if (ar_text_is(text, n, "true") || ar_text_is(text, n, "false") || ar_text_is_json_number(text, n))
        return N_("is a single value, expected an object that names it");
    return NULL;
}

int ar_result_from_output(struct ar_buf *out, const char *text, size_t n, const char *data, const char *sample, bool *none,
                          struct ar_error *error)
{
    const char *core = text;
    size_t len = n;
    ar_answer_trim(&core, &len);
    *none = ar_text_is(core, len, "null");
    if (*none)
        return 0;
    const char *wrong = wrong_kind(core, len);
    if (wrong) {
        ar_fail(error, AR_CONTENT, "%s %s", OUTPUT, ar_tr(wrong));
        return ar_hint(error, "Print the result of the lane there: one JSON object such as {\"mean\": 1.5}, a CSV header "
                              "with one row, or null where the lane has none.");
    }
    if (core[0] == '{')
        return from_json(out, core, len, data, sample, error);
    return ar_result_from_csv(out, text, n, data, sample, OUTPUT, error);
}
