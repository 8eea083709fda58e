/* SPDX-License-Identifier: MIT */
/*
 * CSV tables in memory. Cells are worked by hand; the values of test_cells are also what Python 3's csv.reader
 * (strict=True) gives.
 */
#include "check.h"
#include "codecs/table.h"
#include "lanes/artifacts.h"

static void check_cell(const struct ar_table *table, size_t row, size_t column, const char *want, bool quoted)
{
    struct ar_cell cell = ar_table_cell(table, row, column);
    struct ar_buf value;
    ar_buf_init(&value);
    ar_cell_add(&value, &cell);
    CHECK_BYTES(value.data, value.len, want, strlen(want));
    CHECK(cell.quoted == quoted, "%s", want);
    CHECK(ar_cell_is(&cell, want, strlen(want)), "%s", want);
    CHECK(!ar_cell_is(&cell, "?", 1));
    ar_buf_add_char(&value, '"');
    CHECK(!ar_cell_is(&cell, value.data, value.len), "%s", value.data);
    if (value.len > 1)
        CHECK(!ar_cell_is(&cell, want, strlen(want) - 1), "%s", want);
    ar_buf_release(&value);
}

static void test_cells(void)
{
    static const char text[] = "\xef\xbb\xbf\n"
                               "a,\"b\",\"c \"\"c\"\"\"\r\n"
                               "1,\"2\",\"\"\n"
                               "\r\n"
                               " ,\"x,\r\ny\",\"\"\"\"\r"
                               "5\" disk,\"\"\"\"\"\",,";
    struct ar_table table;
    struct ar_error error = { 0 };
    size_t n = sizeof text - 2, len; /* without the last comma */
    CHECK(ar_table_parse(&table, text, n, "t", &error) == 0, "%s", error.what);
    CHECK(table.columns == 3 && table.rows == 3, "%zu columns, %zu rows", table.columns, table.rows);
    CHECK_TEXT(table.name[2], "c \"c\"");
    CHECK(ar_table_find(&table, "b") == 1 && ar_table_find(&table, "B") == -1);
    check_cell(&table, AR_TABLE_HEADER, 0, "a", false);
    check_cell(&table, AR_TABLE_HEADER, 1, "b", true);
    check_cell(&table, AR_TABLE_HEADER, 2, "c \"c\"", true);
    check_cell(&table, 0, 0, "1", false);
    check_cell(&table, 0, 1, "2", true);
    check_cell(&table, 0, 2, "", true);
    check_cell(&table, 1, 0, " ", false);
    check_cell(&table, 1, 1, "x,\r\ny", true);
    check_cell(&table, 1, 2, "\"", true);
    check_cell(&table, 2, 0, "5\" disk", false);
    check_cell(&table, 2, 1, "\"\"", true);
    check_cell(&table, 2, 2, "", false);
    const char *row = ar_table_row(&table, AR_TABLE_HEADER, &len);
    CHECK_BYTES(row, len, "a,\"b\",\"c \"\"c\"\"\"", 15);
    row = ar_table_row(&table, 1, &len);
    CHECK_BYTES(row, len, " ,\"x,\r\ny\",\"\"\"\"", 14);
    row = ar_table_row(&table, 2, &len);
    CHECK_BYTES(row, len, "5\" disk,\"\"\"\"\"\",", 15);
    CHECK(ar_table_line(&table, 1) == 5, "%" PRIu64, ar_table_line(&table, 1));
    CHECK(ar_table_line(&table, 2) == 7, "%" PRIu64, ar_table_line(&table, 2));
    ar_table_release(&table);
}

static void test_sizes(void)
{
    struct ar_table table;
    struct ar_error error;
    CHECK(ar_table_parse(&table, "a", 1, "t", &error) == 0 && table.rows == 0 && table.columns == 1);
    ar_table_release(&table);
    CHECK(ar_table_parse(&table, "a\n\"\"", 4, "t", &error) == 0 && table.rows == 1);
    check_cell(&table, 0, 0, "", true);
    ar_table_release(&table);

    struct ar_buf big;
    ar_buf_init(&big);
    ar_buf_add_text(&big, "a,b\n");
    for (int i = 0; i < 200000; i++)
        ar_buf_add_format(&big, "%d,\"%d\"\n", i, -i);
    CHECK(ar_table_parse(&table, big.data, big.len, "t", &error) == 0 && table.rows == 200000);
    check_cell(&table, 199999, 0, "199999", false);
    check_cell(&table, 199999, 1, "-199999", true);
    CHECK(ar_table_line(&table, 199999) == 200001);
    ar_table_release(&table);
    ar_buf_release(&big);
}

static void check_refused(const char *text, size_t n, const char *want)
{
    struct ar_table table;
    struct ar_error error = { 0 };
    CHECK(ar_table_parse(&table, text, n, "t", &error) == -1, "%s", text);
    CHECK(error.status == AR_INPUT);
    CHECK(strstr(error.what, want), "'%s' lacks '%s'", error.what, want);
}

static void test_faults_name_their_line(void)
{
    check_refused("", 0, "t is empty");
    check_refused("\n\n", 2, "t is empty");
    check_refused("a,a\n", 4, "'a' is there twice");
    check_refused("a,\n", 3, "column 2");
    check_refused("a,b\n\n1\n", 7, "t, line 3: 1 cell");
    check_refused("a,b\n1,2,3\n", 10, "t, line 2: 3 cells");
    check_refused("a\n\"1\"x\n", 7, "t, line 2:");
    check_refused("a\n1\n\"x\n", 7, "t, line 3:");
    check_refused("a\n\"x\"\"", 6, "t, line 2:");
    check_refused("a\n1\n\0\n", 6, "t, line 3");
    check_refused("a\n1\n\xff\n", 6, "t, line 3");
}

static void check_split(const char *text, ssize_t cells, size_t behind)
{
    uint32_t at[3];
    size_t pos = 0;
    ssize_t got = ar_row_split(text, strlen(text), &pos, at, 2);
    CHECK(got == cells, "%s: %zd cells", text, got);
    if (got >= 0)
        CHECK(pos == behind, "%s: %zu", text, pos);
}

static void test_split(void)
{
    check_split("", 1, 0);
    check_split("a", 1, 1);
    check_split("a\nb", 1, 2);
    check_split("a\rb", 1, 2);
    check_split("a\r\nb", 1, 3);
    check_split(",\n", 2, 2);
    check_split("a,b,c,d", 4, 7);
    check_split("\"\"", 1, 2);
    check_split("\"a,\n\"\"\",b\nc", 2, 10);
    check_split("\"", -1, 0);
    check_split("\"\"\"", -1, 0);
    check_split("\"a\"\"", -1, 0);
    check_split("a,\"b", -1, 0);
    check_split("\"a\"b", -1, 0);
    check_split("\"a\" ,b", -1, 0);
}

static void test_artifacts(void)
{
    static const char want[] = "path,data,sample,kind,image_type,bytes,xxh3\n"
                               "0000/images/a.png,0000,\"A, b\",image,png,18446744073709551615,0123456789abcdef0123456789abcdef\n"
                               "result_csv,,,result,,0,\"12345678901234567890123456789012\"\n"
                               "x,\"12\",\"\",,\"true\",7,\n";
    static const struct ar_artifact items[] = {
        { "0000/images/a.png", "0000", "A, b", "image", "png", UINT64_MAX, "0123456789abcdef0123456789abcdef" },
        { "result_csv", NULL, NULL, "result", NULL, 0, "12345678901234567890123456789012" },
        { "x", "12", "", NULL, "true", 7, NULL },
    };
    struct ar_buf out, scratch;
    struct ar_artifacts artifacts;
    struct ar_error error = { 0 };
    ar_buf_init(&out);
    ar_buf_init(&scratch);
    ar_artifacts_begin(&out);
    for (size_t i = 0; i < AR_COUNT(items); i++)
        ar_artifacts_add(&out, &items[i]);
    CHECK_BYTES(out.data, out.len, want, sizeof want - 1);
    CHECK(ar_artifacts_parse(&artifacts, out.data, out.len, "artifacts", &error) == 0, "%s", error.what);
    CHECK(artifacts.table.rows == 3);
    for (size_t i = 0; i < AR_COUNT(items); i++) {
        struct ar_artifact got;
        CHECK(ar_artifacts_get(&artifacts, i, &got, &scratch, &error) == 0, "%s", error.what);
        const char *const a[] = { got.path, got.data, got.sample, got.kind, got.image_type, got.xxh3 };
        const char *const b[] = { items[i].path, items[i].data,       items[i].sample,
                                  items[i].kind, items[i].image_type, items[i].xxh3 };
        for (size_t k = 0; k < AR_COUNT(a); k++)
            CHECK_TEXT(a[k] ? a[k] : "NULL", b[k] ? b[k] : "NULL");
        CHECK(got.bytes == items[i].bytes);
    }
    ar_artifacts_release(&artifacts);
    ar_buf_release(&out);
    ar_buf_release(&scratch);
}

static void check_artifact_refused(const char *row, const char *want)
{
    struct ar_buf text, scratch;
    struct ar_artifacts artifacts;
    struct ar_artifact got;
    struct ar_error error = { 0 };
    ar_buf_init(&text);
    ar_buf_init(&scratch);
    ar_artifacts_begin(&text);
    ar_buf_add_text(&text, row);
    CHECK(ar_artifacts_parse(&artifacts, text.data, text.len, "artifacts", &error) == 0, "%s", error.what);
    CHECK(ar_artifacts_get(&artifacts, 0, &got, &scratch, &error) == -1);
    CHECK_TEXT(error.what, want);
    ar_artifacts_release(&artifacts);
    ar_buf_release(&text);
    ar_buf_release(&scratch);
}

static void test_artifacts_refuse(void)
{
    struct ar_artifacts artifacts;
    struct ar_error error;
    static const char text[] = "path,data,sample,kind,bytes,xxh3\n";
    CHECK(ar_artifacts_parse(&artifacts, text, sizeof text - 1, "artifacts", &error) == -1);
    CHECK(strstr(error.what, "column 'image_type' not found"), "%s", error.what);
    check_artifact_refused("p,,,,,18446744073709551616,\n", "artifacts, row 1: '18446744073709551616' is no number of bytes");
    check_artifact_refused("p,,,,,-1,\n", "artifacts, row 1: '-1' is no number of bytes");
    check_artifact_refused("p,,,,,,\n", "artifacts, row 1: '' is no number of bytes");
    check_artifact_refused(",,,,,1,\n", "artifacts, row 1: no path");
}

int main(void)
{
    test_cells();
    test_sizes();
    test_faults_name_their_line();
    test_split();
    test_artifacts();
    test_artifacts_refuse();
    return check_done();
}
