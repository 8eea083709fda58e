/* SPDX-License-Identifier: MIT */
/*
 * What a postprocess answers, as the result of the run.
 */
#include "bytes/text.h"
#include "lanes/answer.h"

void ar_post_release(struct ar_post *post)
{
    ar_table_release(&post->table);
    ar_buf_release(&post->csv);
    free(post->row_of_lane);
    post->row_of_lane = NULL;
}

/* ---- which row is whose --------------------------------------------------------------------------------------------- */

static int fail_unknown(const struct ar_targets *targets, const struct ar_buf *data, size_t row, const char *what,
                        struct ar_error *error)
{
    ar_fail(error, AR_CONTENT, "%s, row %zu: '%s' is no lane of this run", what, row + 1, data->data);
    ssize_t like = ar_targets_find_form(targets, data->data, data->len);
    if (like >= 0)
        return ar_hint(error, "There is the lane '%s': it looks the same, but is written in another Unicode form.",
                       targets->entry[like].data);
    struct ar_buf list;
    ar_buf_init(&list);
    for (size_t i = 0; i < targets->count && i < 5; i++)
        ar_buf_add_format(&list, "%s'%s'", i ? ", " : "", targets->entry[i].data);
    ar_hint(error, "Its lanes are %s%s: data names are text, and their zeros count.", targets->count ? list.data : ar_tr("none"),
            targets->count > 5 ? ", …" : "");
    ar_buf_release(&list);
    return -1;
}

/* Fills in row_of_lane from the column data. */
static int find_lanes(struct ar_post *post, const struct ar_table *table, const struct ar_targets *targets, const char *what,
                      struct ar_error *error)
{
    ssize_t column = ar_table_find(table, "data");
    if (column < 0) {
        ar_csv_fail_column(&table->header, "data", what, error);
        return ar_hint(error, "Each row must say in the column 'data' which lane it is about.");
    }
    post->row_of_lane = malloc((targets->count + 1) * sizeof *post->row_of_lane);
    if (!post->row_of_lane)
        return ar_fail_memory(error);
    for (size_t i = 0; i < targets->count; i++)
        post->row_of_lane[i] = AR_NO_ROW;
    struct ar_buf data;
    ar_buf_init(&data);
    int status = 0;
    for (size_t row = 0; row < table->rows && status == 0; row++) {
        struct ar_cell cell = ar_table_cell(table, row, (size_t)column);
        ar_buf_clear(&data);
        ar_cell_add(&data, &cell);
        ssize_t lane = ar_targets_find(targets, data.data, data.len);
        if (ar_buf_check(&data, error) < 0)
            status = -1;
        else if (lane < 0)
            status = fail_unknown(targets, &data, row, what, error);
        else if (post->row_of_lane[lane] != AR_NO_ROW)
            status = ar_fail(error, AR_CONTENT, "%s, row %zu: lane '%s' has a row already, row %zu", what, row + 1, data.data,
                             post->row_of_lane[lane] + 1);
        else
            post->row_of_lane[lane] = row;
    }
    ar_buf_release(&data);
    return status;
}

/* ---- a CSV ---------------------------------------------------------------------------------------------------------- */

/* Writes the table canonically into post->csv; sample: with the column sample_name behind its own. */
static int copy_rows(struct ar_post *post, const struct ar_table *table, const struct ar_targets *targets, bool sample,
                     struct ar_error *error)
{
    size_t len, *lane_of_row = calloc(table->rows + 1, sizeof *lane_of_row);
    if (!lane_of_row)
        return ar_fail_memory(error);
    for (size_t i = 0; i < targets->count; i++)
        if (post->row_of_lane[i] != AR_NO_ROW)
            lane_of_row[post->row_of_lane[i]] = i;
    const char *header = ar_table_row(table, AR_TABLE_HEADER, &len);
    ar_buf_add(&post->csv, header, len);
    ar_buf_add_text(&post->csv, sample ? ",sample_name\n" : "\n");
    for (size_t row = 0; row < table->rows; row++) {
        const char *text = ar_table_row(table, row, &len);
        const struct ar_target *target = &targets->entry[lane_of_row[row]];
        ar_buf_add(&post->csv, text, len);
        if (sample) {
            ar_buf_add_char(&post->csv, ',');
            ar_value_add(&post->csv, AR_KIND_TEXT, target->sample, target->sample_len);
        }
        ar_buf_add_char(&post->csv, '\n');
    }
    free(lane_of_row);
    return ar_buf_check(&post->csv, error);
}

static int from_csv(struct ar_post *post, const char *text, size_t n, const struct ar_targets *targets, struct ar_error *error)
{
    struct ar_table table;
    if (ar_table_parse(&table, text, n, post->what, error) < 0)
        return -1;
    int status = find_lanes(post, &table, targets, post->what, error);
    bool has_sample = ar_table_find(&table, "sample_name") >= 0;
    if (status == 0)
        status = copy_rows(post, &table, targets, !has_sample, error);
    ar_table_release(&table);
    if (status < 0)
        return -1;
    return ar_table_parse(&post->table, post->csv.data, post->csv.len, post->what, error);
}

/* ---- an array of objects -------------------------------------------------------------------------------------------- */

/* An array while it is made a table. */
struct rows {
    const char *what; /* what messages call it */
    const struct ar_json_doc *doc;
    const struct ar_targets *targets;
    struct ar_names columns;
    ssize_t data_column;
    ssize_t sample_column;
    struct ar_json_value *value; /* of the row at hand, by column; text NULL where it lacks one */
    struct ar_buf scratch;
};

static int add_columns(struct rows *rows, const struct ar_json_value *item, size_t number, struct ar_error *error)
{
    struct ar_json_value key, value;
    int position = 0;
    bool added;
    if (item->type != AR_JSON_OBJECT)
        return ar_fail(error, AR_CONTENT, "%s: item %zu of the array is no object", rows->what, number);
    while (ar_json_each(rows->doc, item, &position, &key, &value)) {
        if (ar_answer_name(&rows->scratch, &key, rows->columns.count == 0, rows->what, error) < 0)
            return -1;
        if (ar_names_add(&rows->columns, rows->scratch.data, rows->scratch.len, &added) < 0)
            return ar_fail_memory(error);
    }
    return 0;
}

/* Finds all columns, and writes the header. */
static int write_header(struct rows *rows, struct ar_buf *out, struct ar_error *error)
{
    struct ar_json_value root = ar_json_root(rows->doc), item;
    int position = 0;
    bool added;
    for (size_t number = 1; ar_json_each(rows->doc, &root, &position, NULL, &item); number++)
        if (add_columns(rows, &item, number, error) < 0)
            return -1;
    if (rows->columns.count == 0 && ar_names_add(&rows->columns, "data", 4, &added) < 0)
        return ar_fail_memory(error);
    rows->data_column = ar_names_find(&rows->columns, "data", 4);
    rows->sample_column = ar_names_add(&rows->columns, "sample_name", 11, &added);
    rows->value = calloc(rows->columns.count + 1, sizeof *rows->value);
    if (rows->sample_column < 0 || !rows->value)
        return ar_fail_memory(error);
    for (size_t i = 0; i < rows->columns.count; i++) {
        const struct ar_name *name = &rows->columns.name[i];
        if (i > 0)
            ar_buf_add_char(out, ',');
        ar_csv_encode(out, name->text, name->len, false);
    }
    ar_buf_add_char(out, '\n');
    return 0;
}

/* The lane that the row at hand is about; -1 where it does not say, or says something strange. */
static ssize_t lane_of(struct rows *rows, size_t number, struct ar_error *error)
{
    const struct ar_json_value *data = rows->data_column < 0 ? NULL : &rows->value[rows->data_column];
    enum ar_kind kind;
    if (!data || !data->text || data->type == AR_JSON_NULL) {
        ar_fail(error, AR_CONTENT, "%s: item %zu of the array has no 'data'", rows->what, number);
        return ar_hint(error, "Each object must say under \"data\" which lane it is about.");
    }
    if (ar_answer_value(&rows->scratch, &kind, data, "data", rows->what, error) < 0)
        return -1;
    ssize_t lane = ar_targets_find(rows->targets, rows->scratch.data, rows->scratch.len);
    return lane >= 0 ? lane : fail_unknown(rows->targets, &rows->scratch, number - 1, rows->what, error);
}

static int write_row(struct rows *rows, struct ar_buf *out, size_t number, struct ar_error *error)
{
    ssize_t lane = lane_of(rows, number, error);
    if (lane < 0)
        return -1;
    const struct ar_target *target = &rows->targets->entry[lane];
    for (size_t i = 0; i < rows->columns.count; i++) {
        enum ar_kind kind = AR_KIND_NULL;
        if (i > 0)
            ar_buf_add_char(out, ',');
        if (rows->value[i].text) {
            if (ar_answer_value(&rows->scratch, &kind, &rows->value[i], rows->columns.name[i].text, rows->what, error) < 0)
                return -1;
            ar_value_add(out, kind, rows->scratch.data, rows->scratch.len);
        } else if ((ssize_t)i == rows->sample_column) {
            ar_value_add(out, AR_KIND_TEXT, target->sample, target->sample_len);
        }
    }
    ar_buf_add_char(out, '\n');
    return 0;
}

static int write_rows(struct rows *rows, struct ar_buf *out, struct ar_error *error)
{
    struct ar_json_value root = ar_json_root(rows->doc), item, key, value;
    int position = 0;
    for (size_t number = 1; ar_json_each(rows->doc, &root, &position, NULL, &item); number++) {
        int member = 0;
        memset(rows->value, 0, rows->columns.count * sizeof *rows->value);
        while (ar_json_each(rows->doc, &item, &member, &key, &value)) {
            ar_buf_clear(&rows->scratch);
            ar_json_decode(&rows->scratch, &key);
            ssize_t column = ar_names_find(&rows->columns, rows->scratch.data, rows->scratch.len);
            if (column >= 0)
                rows->value[column] = value;
        }
        if (write_row(rows, out, number, error) < 0)
            return -1;
    }
    return ar_buf_check(out, error);
}

static int from_array(struct ar_post *post, const char *text, size_t n, const struct ar_targets *targets, struct ar_error *error)
{
    struct ar_json_doc doc;
    if (ar_answer_json(&doc, text, n, post->what, error) < 0)
        return -1;
    struct rows rows = { .what = post->what, .doc = &doc, .targets = targets };
    ar_buf_init(&rows.scratch);
    int status = write_header(&rows, &post->csv, error);
    if (status == 0)
        status = write_rows(&rows, &post->csv, error);
    ar_buf_release(&rows.scratch);
    ar_names_release(&rows.columns);
    free(rows.value);
    ar_json_doc_release(&doc);
    if (status < 0 || ar_table_parse(&post->table, post->csv.data, post->csv.len, post->what, error) < 0)
        return -1;
    return find_lanes(post, &post->table, targets, post->what, error);
}

/* ---- the result ----------------------------------------------------------------------------------------------------- */

/* What is printed instead of a table, or NULL. */
static const char *wrong_kind(const char *text, size_t n)
{
    if (n == 0)
        return N_("is empty");
    if (text[0] == '{')
        return N_("is a JSON object, expected an array of objects");
    if (ar_text_is(text, n, "null") || ar_text_is(text, n, "true") || ar_text_is(text, n, "false") ||
        ar_text_is_json_number(text, n))
        return N_("is a single value, expected a table");
    return NULL;
}

int ar_post_from_output(struct ar_post *post, const char *text, size_t n, const struct ar_targets *targets, const char *what,
                        struct ar_error *error)
{
    *post = (struct ar_post){ .what = what };
    ar_buf_init(&post->csv);
    const char *core = text;
    size_t len = n;
    ar_answer_trim(&core, &len);
    const char *wrong = wrong_kind(core, len);
    if (wrong) {
        ar_fail(error, AR_CONTENT, "%s %s", post->what, ar_tr(wrong));
        return ar_hint(error, "Print the result of the run there: a CSV with the column 'data' and at most one row for each "
                              "lane, or a JSON array of such objects.");
    }
    int status = core[0] == '[' ? from_array(post, core, len, targets, error) : from_csv(post, text, n, targets, error);
    if (status == 0)
        return 0;
    ar_post_release(post);
    return ar_answer_fault(error);
}

int ar_post_from_table(struct ar_post *post, const char *text, size_t n, const struct ar_targets *targets, struct ar_error *error)
{
    *post = (struct ar_post){ 0 };
    ar_buf_init(&post->csv);
    if (ar_table_parse(&post->table, text, n, "analysis_results", error) == 0 &&
        find_lanes(post, &post->table, targets, "analysis_results", error) == 0)
        return 0;
    ar_post_release(post);
    if (error->status == AR_CONTENT)
        error->status = AR_INPUT; /* what is wrong in a stream is not its reader's method */
    return -1;
}
