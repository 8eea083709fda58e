/* SPDX-License-Identifier: MIT */
/*
 * The merged table: the rows of all lanes, under the union of their columns.
 */
#include "bytes/text.h"
#include "lanes/result.h"

int ar_merge_table_init(struct ar_merge_table *merge, const struct ar_targets *targets, struct ar_error *error)
{
    *merge = (struct ar_merge_table){ .targets = targets };
    ar_buf_init(&merge->rows);
    merge->row = calloc(targets->count + 1, sizeof *merge->row);
    return merge->row ? 0 : ar_fail_memory(error);
}

void ar_merge_table_release(struct ar_merge_table *merge)
{
    free(merge->row);
    free(merge->known);
    free(merge->at);
    ar_buf_release(&merge->rows);
    ar_names_release(&merge->headers);
    *merge = (struct ar_merge_table){ 0 };
    ar_buf_init(&merge->rows);
}

/* ---- taking rows ---------------------------------------------------------------------------------------------------- */

/* Is text, behind a header that is known, one good row of the lane, as we write it? */
static bool is_plain_row(struct ar_merge_table *merge, const struct ar_target *lane, const char *text, size_t n)
{
    const struct ar_merge_header *header = &merge->known[merge->last];
    size_t columns = header->columns, pos = 0;
    if (ar_row_split(text, n, &pos, merge->at, columns) != (ssize_t)columns)
        return false;
    if (pos != n || merge->at[columns] + 1 != n || text[n - 1] != '\n')
        return false;
    struct ar_cell data = ar_row_cell(text, merge->at, header->data);
    return ar_cell_is(&data, lane->data, lane->data_len) && !memchr(text, '\0', n) && ar_utf8_check(text, n) == n;
}

/* Does text begin with a header that is known? Then it is merge->last; *len: its bytes, without the line end. */
static bool find_header(struct ar_merge_table *merge, const char *text, size_t n, size_t *len)
{
    if (merge->headers.count == 0 || n >= UINT32_MAX)
        return false;
    const struct ar_name *last = &merge->headers.name[merge->last];
    *len = last->len;
    if (n > last->len && text[last->len] == '\n' && memcmp(text, last->text, last->len) == 0)
        return true;
    size_t pos = 0;
    uint32_t start;
    if (ar_row_split(text, n, &pos, &start, 0) < 0 || pos == 0 || text[pos - 1] != '\n')
        return false;
    *len = pos - 1;
    ssize_t found = ar_names_find(&merge->headers, text, *len);
    if (found >= 0)
        merge->last = (size_t)found;
    return found >= 0;
}

/* The usual case, a result of ours with the columns of one before it: nothing is parsed but its row. */
static bool take_quickly(struct ar_merge_table *merge, size_t lane, const char *text, size_t n)
{
    size_t len;
    if (!find_header(merge, text, n, &len))
        return false;
    text += len + 1;
    n -= len + 1;
    if (!is_plain_row(merge, &merge->targets->entry[lane], text, n))
        return false;
    merge->row[lane] =
        (struct ar_merge_row){ .offset = merge->rows.len, .len = (uint32_t)(n - 1), .header = (uint32_t)merge->last + 1 };
    ar_buf_add(&merge->rows, text, n - 1);
    return true;
}

/* Makes room for what is known of a header with the number n, and for its row. */
static int make_room(struct ar_merge_table *merge, size_t n, size_t columns, struct ar_error *error)
{
    if (n % 64 == 0) {
        struct ar_merge_header *known = reallocarray(merge->known, n + 64, sizeof *known);
        if (!known)
            return ar_fail_memory(error);
        merge->known = known;
    }
    if (columns >= merge->at_room) {
        uint32_t *at = reallocarray(merge->at, columns + 1, sizeof *at);
        if (!at)
            return ar_fail_memory(error);
        merge->at = at;
        merge->at_room = columns + 1;
    }
    return 0;
}

/* Makes the header of a canonical result one that is known. */
static int learn_header(struct ar_merge_table *merge, const struct ar_buf *text, struct ar_error *error)
{
    struct ar_table table;
    if (ar_table_parse(&table, text->data, text->len, "result", error) < 0)
        return -1;
    size_t len, columns = table.columns, data = (size_t)ar_table_find(&table, "data");
    const char *header = ar_table_row(&table, AR_TABLE_HEADER, &len);
    int status = make_room(merge, merge->headers.count, columns, error);
    bool added;
    ssize_t number = status < 0 ? -1 : ar_names_add(&merge->headers, header, len, &added);
    if (status == 0 && number < 0)
        status = ar_fail_memory(error);
    ar_table_release(&table);
    if (status == 0)
        merge->known[number] = (struct ar_merge_header){ .columns = columns, .data = data };
    return status;
}

static int take_slowly(struct ar_merge_table *merge, size_t lane, const char *text, size_t n, struct ar_error *error)
{
    const struct ar_target *target = &merge->targets->entry[lane];
    struct ar_buf what, canonical;
    ar_buf_init(&what);
    ar_buf_init(&canonical);
    ar_buf_add_tr(&what, "analysis_result of lane '%s'", target->data);
    int status = ar_result_from_csv(&canonical, text, n, target->data, target->sample, what.data, error);
    if (status == 0)
        status = learn_header(merge, &canonical, error);
    if (status == 0 && !take_quickly(merge, lane, canonical.data, canonical.len))
        status = ar_fail(error, AR_CONTENT, "%s: cannot be made a row", what.data);
    ar_buf_release(&what);
    ar_buf_release(&canonical);
    return status;
}

int ar_merge_table_add(struct ar_merge_table *merge, size_t lane, const char *text, size_t n, struct ar_error *error)
{
    if (merge->row[lane].header)
        return ar_fail(error, AR_CONTENT, "lane '%s' has two results", merge->targets->entry[lane].data);
    if (!take_quickly(merge, lane, text, n) && take_slowly(merge, lane, text, n, error) < 0)
        return -1;
    return ar_buf_check(&merge->rows, error);
}

/* ---- writing -------------------------------------------------------------------------------------------------------- */

/* Where the cells of rows with one header go. */
struct layout {
    size_t columns;
    uint32_t *column; /* by its own number: the number in the merged table */
    bool prefix;      /* the merged table begins with just these */
};

struct plan {
    struct layout *layout;   /* by header; columns 0 = not met yet */
    struct ar_names columns; /* of the merged table */
    struct ar_buf header;    /* of the merged table */
    uint32_t *at;            /* room to split the widest row */
    struct ar_cell *cell;    /* a row of the merged table: raw cells, text NULL where it lacks one */
    size_t size;             /* of the merged table in bytes */
};

static void plan_release(struct plan *plan, size_t headers)
{
    for (size_t i = 0; plan->layout && i < headers; i++)
        free(plan->layout[i].column);
    free(plan->layout);
    free(plan->at);
    free(plan->cell);
    ar_names_release(&plan->columns);
    ar_buf_release(&plan->header);
}

/* Gives the columns of a header their places in the merged table. at was filled in by splitting it. */
static int place_columns(struct plan *plan, struct layout *layout, const char *header, struct ar_error *error)
{
    struct ar_buf name;
    ar_buf_init(&name);
    int status = 0;
    layout->prefix = true;
    for (size_t i = 0; i < layout->columns && status == 0; i++) {
        struct ar_cell cell = ar_row_cell(header, plan->at, i);
        ar_buf_clear(&name);
        ar_cell_add(&name, &cell);
        bool added = false;
        ssize_t number = name.failed ? -1 : ar_names_add(&plan->columns, name.data, name.len, &added);
        status = number < 0 ? ar_fail_memory(error) : 0;
        if (added && number > 0)
            ar_buf_add_char(&plan->header, ',');
        if (added)
            ar_buf_add(&plan->header, cell.text - cell.quoted, cell.len + 2 * cell.quoted);
        layout->column[i] = (uint32_t)number;
        layout->prefix = layout->prefix && (size_t)number == i;
    }
    ar_buf_release(&name);
    return status;
}

static int plan_header(struct plan *plan, struct layout *layout, const struct ar_name *header, struct ar_error *error)
{
    size_t pos = 0;
    layout->columns = (size_t)ar_row_split(header->text, header->len, &pos, (uint32_t[1]){ 0 }, 0);
    layout->column = calloc(layout->columns, sizeof *layout->column);
    uint32_t *at = reallocarray(plan->at, layout->columns + 1, sizeof *at);
    if (at)
        plan->at = at;
    if (!at || !layout->column)
        return ar_fail_memory(error);
    pos = 0;
    ar_row_split(header->text, header->len, &pos, plan->at, layout->columns);
    return place_columns(plan, layout, header->text, error);
}

/* Lays out the headers in the order of the lanes, and counts the bytes of the rows. */
static int plan_rows(const struct ar_merge_table *merge, struct plan *plan, struct ar_error *error)
{
    size_t rows = 0, commas_there = 0, widest = 0;
    plan->layout = calloc(merge->headers.count + 1, sizeof *plan->layout);
    if (!plan->layout)
        return ar_fail_memory(error);
    for (size_t i = 0; i < merge->targets->count; i++) {
        const struct ar_merge_row *row = &merge->row[i];
        if (!row->header)
            continue;
        struct layout *layout = &plan->layout[row->header - 1];
        if (!layout->columns && plan_header(plan, layout, &merge->headers.name[row->header - 1], error) < 0)
            return -1;
        rows++;
        widest = layout->columns > widest ? layout->columns : widest;
        commas_there += layout->columns - 1;
        plan->size += row->len;
    }
    size_t commas;
    if (__builtin_mul_overflow(rows, plan->columns.count, &commas))
        commas = SIZE_MAX / 2;
    plan->size += plan->header.len + 1 + commas - commas_there; /* one line end for each row's missing comma */
    uint32_t *at = reallocarray(plan->at, widest + 1, sizeof *at);
    if (at)
        plan->at = at;
    plan->cell = calloc(plan->columns.count + 1, sizeof *plan->cell);
    return at && plan->cell ? ar_buf_check(&plan->header, error) : ar_fail_memory(error);
}

/* A row whose columns are not the first ones of the merged table in their order. */
static void write_moved(struct plan *plan, const struct layout *layout, const char *row, size_t n, struct ar_buf *out)
{
    size_t pos = 0;
    ar_row_split(row, n, &pos, plan->at, layout->columns);
    for (size_t i = 0; i < layout->columns; i++)
        plan->cell[layout->column[i]] = ar_row_cell(row, plan->at, i);
    for (size_t i = 0; i < plan->columns.count; i++) {
        const struct ar_cell *cell = &plan->cell[i];
        if (i > 0)
            ar_buf_add_char(out, ',');
        if (cell->text)
            ar_buf_add(out, cell->text - cell->quoted, cell->len + 2 * cell->quoted);
    }
    for (size_t i = 0; i < layout->columns; i++)
        plan->cell[layout->column[i]] = (struct ar_cell){ 0 };
}

static void write_row(struct plan *plan, const struct layout *layout, const char *row, size_t n, struct ar_buf *out)
{
    if (layout->prefix) {
        ar_buf_add(out, row, n);
        for (size_t i = layout->columns; i < plan->columns.count; i++)
            ar_buf_add_char(out, ',');
    } else {
        write_moved(plan, layout, row, n, out);
    }
    ar_buf_add_char(out, '\n');
}

static int write_plan(const struct ar_merge_table *merge, struct plan *plan, struct ar_buf *out, struct ar_error *error)
{
    if (plan->size >= UINT32_MAX) {
        ar_fail(error, AR_CONTENT, "the merged table would be larger than 4 GiB: %zu columns", plan->columns.count);
        return ar_hint(error, "Let the results of all lanes have the same columns.");
    }
    ar_buf_reserve(out, plan->size);
    ar_buf_add(out, plan->header.data, plan->header.len);
    ar_buf_add_char(out, '\n');
    for (size_t i = 0; i < merge->targets->count; i++) {
        const struct ar_merge_row *row = &merge->row[i];
        if (row->header)
            write_row(plan, &plan->layout[row->header - 1], merge->rows.data + row->offset, row->len, out);
    }
    return ar_buf_check(out, error);
}

int ar_merge_table_write(const struct ar_merge_table *merge, struct ar_buf *out, struct ar_error *error)
{
    struct plan plan = { 0 };
    ar_buf_init(&plan.header);
    int status = plan_rows(merge, &plan, error);
    if (status == 0 && plan.columns.count == 0)
        ar_buf_add_text(&plan.header, "data,sample_name");
    if (status == 0)
        status = write_plan(merge, &plan, out, error);
    plan_release(&plan, merge->headers.count);
    return status;
}
