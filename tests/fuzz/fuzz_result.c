/* SPDX-License-Identifier: MIT */
/*
 * Whatever a method or a postprocess prints: it is refused with a reason, or the result reads back as the same values, through CSV, the
 * merged table and JSON. A NUL in the input splits it in two: what the methods of two lanes print. The same bytes are tried as a samples
 * table and as a table of artifacts.
 */
#include "fuzz.h"
#include "codecs/json.h"
#include "lanes/artifacts.h"
#include "lanes/result.h"
#include "lanes/samples.h"

static const char *const lanes[][2] = { { "0007", "sample \"C\"" }, { "0010", "007" } };

enum { LANES = AR_COUNT(lanes) };

static bool same_text(const struct ar_buf *a, const struct ar_buf *b)
{
    return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static void make_targets(struct ar_targets *targets)
{
    struct ar_error error;
    *targets = (struct ar_targets){ 0 };
    for (size_t i = 0; i < LANES; i++)
        FUZZ_CHECK(ar_targets_add(targets, lanes[i][0], strlen(lanes[i][0]), lanes[i][1], strlen(lanes[i][1]), &error) == 0);
}

/* ---- a lane --------------------------------------------------------------------------------------------------------- */

/* The values of a row, as a JSON object that must be one. */
static void row_json(struct ar_buf *out, const char *csv, size_t n, size_t row)
{
    struct ar_table table;
    struct ar_json_doc doc;
    struct ar_error error = { 0 };
    FUZZ_CHECK(ar_table_parse(&table, csv, n, "table", &error) == 0);
    FUZZ_CHECK(row < table.rows);
    ar_result_json(out, &table, row);
    FUZZ_CHECK(!out->failed && ar_json_doc_parse(&doc, out->data, out->len, "row", &error) == 0);
    ar_json_doc_release(&doc);
    ar_table_release(&table);
}

/* What was taken is canonical; its values survive the way to JSON and back. */
static void check_result(const struct ar_buf *csv, size_t lane)
{
    struct ar_buf again, json, json_again;
    struct ar_error error = { 0 };
    bool none = false;
    ar_buf_init(&again);
    ar_buf_init(&json);
    ar_buf_init(&json_again);
    FUZZ_CHECK(ar_result_from_csv(&again, csv->data, csv->len, lanes[lane][0], lanes[lane][1], "result", &error) == 0);
    FUZZ_CHECK(same_text(csv, &again));
    row_json(&json, csv->data, csv->len, 0);
    ar_buf_clear(&again);
    FUZZ_CHECK(ar_result_from_output(&again, json.data, json.len, lanes[lane][0], lanes[lane][1], &none, &error) == 0 && !none);
    row_json(&json_again, again.data, again.len, 0);
    FUZZ_CHECK(same_text(&json, &json_again));
    ar_buf_release(&again);
    ar_buf_release(&json);
    ar_buf_release(&json_again);
}

/* True where there is a row. */
static bool take_result(struct ar_buf *csv, const char *text, size_t n, size_t lane)
{
    struct ar_error error = { 0 };
    bool none = false;
    if (ar_result_from_output(csv, text, n, lanes[lane][0], lanes[lane][1], &none, &error) != 0) {
        FUZZ_CHECK(error.status == AR_CONTENT);
        fuzz_check_error(&error);
        FUZZ_CHECK(csv->len == 0);
        return false;
    }
    FUZZ_CHECK(none == (csv->len == 0));
    if (!none)
        check_result(csv, lane);
    return !none;
}

/* ---- the merged table ----------------------------------------------------------------------------------------------- */

/* Each value of the lane's row is in the merged one; what the lane does not have is null there. */
static void compare_rows(const struct ar_table *merged, size_t row, const struct ar_buf *csv)
{
    struct ar_table lane;
    struct ar_error error = { 0 };
    struct ar_buf a, b;
    FUZZ_CHECK(ar_table_parse(&lane, csv->data, csv->len, "lane", &error) == 0);
    ar_buf_init(&a);
    ar_buf_init(&b);
    size_t found = 0;
    for (size_t i = 0; i < merged->columns; i++) {
        ssize_t from = ar_table_find(&lane, merged->name[i]);
        struct ar_cell cell = ar_table_cell(merged, row, i);
        if (from < 0) {
            FUZZ_CHECK(ar_cell_kind(&cell, merged->name[i]) == AR_KIND_NULL);
            continue;
        }
        struct ar_cell own = ar_table_cell(&lane, 0, (size_t)from);
        ar_buf_clear(&a);
        ar_buf_clear(&b);
        ar_cell_add(&a, &cell);
        ar_cell_add(&b, &own);
        FUZZ_CHECK(same_text(&a, &b) && ar_cell_kind(&cell, merged->name[i]) == ar_cell_kind(&own, merged->name[i]));
        found++;
    }
    FUZZ_CHECK(found == lane.columns);
    ar_buf_release(&a);
    ar_buf_release(&b);
    ar_table_release(&lane);
}

static void check_merged(const struct ar_buf csv[LANES], const bool has[LANES], const struct ar_targets *targets)
{
    struct ar_merge_table merge;
    struct ar_table table;
    struct ar_post post;
    struct ar_buf text;
    struct ar_error error = { 0 };
    size_t row = 0;
    FUZZ_CHECK(ar_merge_table_init(&merge, targets, &error) == 0);
    for (size_t i = LANES; i-- > 0;)
        FUZZ_CHECK(!has[i] || ar_merge_table_add(&merge, i, csv[i].data, csv[i].len, &error) == 0);
    ar_buf_init(&text);
    FUZZ_CHECK(ar_merge_table_write(&merge, &text, &error) == 0);
    FUZZ_CHECK(ar_table_parse(&table, text.data, text.len, "merged", &error) == 0);
    for (size_t i = 0; i < LANES; i++)
        if (has[i])
            compare_rows(&table, row++, &csv[i]);
    FUZZ_CHECK(table.rows == row);
    FUZZ_CHECK(ar_post_from_table(&post, text.data, text.len, targets, &error) == 0);
    for (size_t i = 0; i < LANES; i++)
        FUZZ_CHECK((post.row_of_lane[i] != AR_NO_ROW) == has[i]);
    ar_post_release(&post);
    ar_table_release(&table);
    ar_buf_release(&text);
    ar_merge_table_release(&merge);
}

static void check_methods(const char *text, size_t n, const struct ar_targets *targets)
{
    const char *nul = n > 0 ? memchr(text, '\0', n) : NULL;
    size_t first = nul ? (size_t)(nul - text) : n;
    struct ar_buf csv[LANES];
    bool has[LANES];
    for (size_t i = 0; i < LANES; i++)
        ar_buf_init(&csv[i]);
    has[0] = take_result(&csv[0], text, first, 0);
    has[1] = nul && take_result(&csv[1], nul + 1, n - first - 1, 1);
    check_merged(csv, has, targets);
    for (size_t i = 0; i < LANES; i++)
        ar_buf_release(&csv[i]);
}

/* ---- a postprocess -------------------------------------------------------------------------------------------------- */

static void check_post(const char *text, size_t n, const struct ar_targets *targets)
{
    struct ar_post post, again;
    struct ar_error error = { 0 };
    if (ar_post_from_output(&post, text, n, targets, "the output", &error) != 0) {
        FUZZ_CHECK(error.status == AR_CONTENT);
        fuzz_check_error(&error);
        return;
    }
    FUZZ_CHECK(ar_post_from_output(&again, post.csv.data, post.csv.len, targets, "the output", &error) == 0);
    FUZZ_CHECK(same_text(&post.csv, &again.csv));
    size_t rows = 0;
    for (size_t i = 0; i < LANES; i++) {
        struct ar_buf json;
        FUZZ_CHECK(post.row_of_lane[i] == again.row_of_lane[i]);
        if (post.row_of_lane[i] == AR_NO_ROW)
            continue;
        rows++;
        ar_buf_init(&json);
        row_json(&json, post.csv.data, post.csv.len, post.row_of_lane[i]);
        ar_buf_release(&json);
    }
    FUZZ_CHECK(rows == post.table.rows);
    ar_post_release(&again);
    ar_post_release(&post);
}

/* ---- side tables ---------------------------------------------------------------------------------------------------- */

static void check_samples(const char *text, size_t n)
{
    struct ar_targets targets = { 0 };
    struct ar_error error = { 0 };
    const char *why;
    if (ar_samples_parse(&targets, text, n, "samples", &error) == 0) {
        FUZZ_CHECK(targets.count > 0);
        for (size_t i = 0; i < targets.count; i++)
            FUZZ_CHECK(ar_lane_id_check(targets.entry[i].data, targets.entry[i].data_len, &why) == 0 && targets.entry[i].line > 1);
    } else {
        fuzz_check_error(&error);
    }
    ar_targets_release(&targets);
}

/* Appends all rows again. False where one is refused. */
static bool copy_artifacts(struct ar_buf *out, const struct ar_artifacts *artifacts)
{
    struct ar_buf scratch;
    struct ar_error error = { 0 };
    struct ar_artifact artifact;
    bool good = true;
    ar_buf_init(&scratch);
    ar_artifacts_begin(out);
    for (size_t i = 0; i < artifacts->table.rows && good; i++) {
        good = ar_artifacts_get(artifacts, i, &artifact, &scratch, &error) == 0;
        if (good)
            ar_artifacts_add(out, &artifact);
        else
            fuzz_check_error(&error);
    }
    ar_buf_release(&scratch);
    return good;
}

static void check_artifacts(const char *text, size_t n)
{
    struct ar_artifacts artifacts, again;
    struct ar_buf copy, copy_again;
    struct ar_error error = { 0 };
    if (ar_artifacts_parse(&artifacts, text, n, "artifacts", &error) != 0) {
        fuzz_check_error(&error);
        return;
    }
    ar_buf_init(&copy);
    ar_buf_init(&copy_again);
    if (copy_artifacts(&copy, &artifacts)) {
        FUZZ_CHECK(ar_artifacts_parse(&again, copy.data, copy.len, "artifacts", &error) == 0);
        FUZZ_CHECK(copy_artifacts(&copy_again, &again) && same_text(&copy, &copy_again));
        ar_artifacts_release(&again);
    }
    ar_buf_release(&copy);
    ar_buf_release(&copy_again);
    ar_artifacts_release(&artifacts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct ar_targets targets;
    make_targets(&targets);
    check_methods(text, size, &targets);
    check_post(text, size, &targets);
    check_samples(text, size);
    check_artifacts(text, size);
    ar_targets_release(&targets);
    return 0;
}
