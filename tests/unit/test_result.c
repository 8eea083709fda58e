/* SPDX-License-Identifier: MIT */
/*
 * Results. Expected tables are worked by hand from DESIGN's "Values" and "The method contract".
 */
#include "check.h"
#include "codecs/json.h"
#include "lanes/result.h"

/* ---- values --------------------------------------------------------------------------------------------------------- */

static void check_kind(const char *text, enum ar_kind want)
{
    enum ar_kind got = ar_value_kind(text, strlen(text), false, "x");
    CHECK(got == want, "'%s': %d", text, (int)got);
    CHECK(ar_value_kind(text, strlen(text), true, "x") == AR_KIND_TEXT, "'%s' quoted", text);
    CHECK(ar_value_kind(text, strlen(text), false, "data") == AR_KIND_TEXT, "'%s' in data", text);
    CHECK(ar_value_kind(text, strlen(text), false, "sample_name") == AR_KIND_TEXT, "'%s' in sample_name", text);
}

static const char *const odd_texts[] = {
    "",   "0",  "-0", "1e5", "12345678901234567890.50", "true", "false", "null",  "nan", "NaN", "NAN",
    "True", "007", "+1", ".5", "1.", " 1", "1 ", "-", "Infinity", "a,b", "a\"b", "\"1\"", "\n", "\r",
    " ", "輝点", "=1", "0x1", "1_000",
};

static void test_kinds(void)
{
    check_kind("0", AR_KIND_NUMBER);
    check_kind("-1.50e+300", AR_KIND_NUMBER);
    check_kind("123456789012345678901234567890", AR_KIND_NUMBER);
    check_kind("true", AR_KIND_TRUE);
    check_kind("false", AR_KIND_FALSE);
    check_kind("", AR_KIND_NULL);
    check_kind("nan", AR_KIND_NULL);
    check_kind("NaN", AR_KIND_NULL);
    check_kind("null", AR_KIND_NULL);
    check_kind("007", AR_KIND_TEXT);
    check_kind("True", AR_KIND_TEXT);
    check_kind("NAN", AR_KIND_TEXT);
    check_kind("inf", AR_KIND_TEXT);
    check_kind("+1", AR_KIND_TEXT);
    check_kind(".5", AR_KIND_TEXT);
    check_kind(" 1", AR_KIND_TEXT);
}

/* Each text, written as a cell and read again, is that text. */
static void test_texts_come_back(void)
{
    struct ar_buf csv, value;
    ar_buf_init(&csv);
    ar_buf_init(&value);
    for (size_t i = 0; i < AR_COUNT(odd_texts); i++) {
        struct ar_table table;
        struct ar_error error = { 0 };
        ar_buf_clear(&csv);
        ar_buf_clear(&value);
        ar_buf_add_text(&csv, "x,y\n");
        ar_value_add(&csv, AR_KIND_TEXT, odd_texts[i], strlen(odd_texts[i]));
        ar_buf_add_text(&csv, ",\n");
        CHECK(ar_table_parse(&table, csv.data, csv.len, "t", &error) == 0, "%s", error.what);
        CHECK(table.rows == 1, "'%s'", odd_texts[i]);
        struct ar_cell cell = ar_table_cell(&table, 0, 0), null = ar_table_cell(&table, 0, 1);
        ar_cell_add(&value, &cell);
        CHECK_TEXT(value.data, odd_texts[i]);
        CHECK(ar_cell_kind(&cell, "x") == AR_KIND_TEXT, "'%s'", odd_texts[i]);
        CHECK(ar_cell_kind(&null, "y") == AR_KIND_NULL);
        ar_table_release(&table);
    }
    ar_buf_release(&csv);
    ar_buf_release(&value);
}

/* ---- one lane's answer ---------------------------------------------------------------------------------------------- */

static void check_result_n(const char *output, size_t n, const char *want)
{
    struct ar_buf out;
    struct ar_error error = { 0 };
    bool none = true;
    ar_buf_init(&out);
    CHECK(ar_result_from_output(&out, output, n, "0012", "A, 1", &none, &error) == 0, "%s: %s", output, error.what);
    CHECK(none == !want, "%s", output);
    CHECK_TEXT(out.data, want ? want : "");
    ar_buf_release(&out);
}

static void check_result(const char *output, const char *want)
{
    check_result_n(output, strlen(output), want);
}

static void test_objects(void)
{
    check_result("{}", "data,sample_name\n0012,\"A, 1\"\n");
    check_result("\xef\xbb\xbf\n {\"n\": 1.50, \"ok\":true,\"no\":false , \"x\":null}\r\n\n",
                 "n,ok,no,x,data,sample_name\n1.50,true,false,,0012,\"A, 1\"\n");
    check_result("{\"a\":12345678901234567890123,\"b\":1E400,\"c\":-0.0}",
                 "a,b,c,data,sample_name\n12345678901234567890123,1E400,-0.0,0012,\"A, 1\"\n");
    check_result("{\"a\":\"1\",\"b\":\"\",\"c\":\"nan\",\"d\":\"007\",\"e\":\"null\"}",
                 "a,b,c,d,e,data,sample_name\n\"1\",\"\",\"nan\",007,\"null\",0012,\"A, 1\"\n");
    check_result("{\"a,b\":\"x\\n\\\"y\\\"\",\"\\u8f1d\":\"\\ud83d\\ude00\"}",
                 "\"a,b\",輝,data,sample_name\n\"x\n\"\"y\"\"\",😀,0012,\"A, 1\"\n");
    check_result("{\"sample_name\":null,\"a\":1,\"data\":\"0012\"}", "sample_name,a,data\n,1,0012\n");
    check_result("{\"sample_name\":5}", "sample_name,data\n\"5\",0012\n");
    check_result("null", NULL);
    check_result(" \n null\r\n", NULL);
}

static void test_csvs(void)
{
    check_result("n,ok\n1.50,true\n", "n,ok,data,sample_name\n1.50,true,0012,\"A, 1\"\n");
    check_result("\xef\xbb\xbf\r\n\"n\",\"o\"\"k\"\r\n\r\n\"1\",5\" disk",
                 "\"n\",\"o\"\"k\",data,sample_name\n\"1\",5\" disk,0012,\"A, 1\"\n");
    check_result("n\r\"x\r\ny\"\r", "n,data,sample_name\n\"x\r\ny\",0012,\"A, 1\"\n");
    check_result("sample_name,\"data\"\nB,\"0012\"\n", "sample_name,\"data\"\nB,\"0012\"\n");
    check_result("n\nNaN\n", "n,data,sample_name\nNaN,0012,\"A, 1\"\n");
    check_result(" n \n 1 \n", " n ,data,sample_name\n 1 ,0012,\"A, 1\"\n");
    check_result("n\n\"\"\n", "n,data,sample_name\n\"\",0012,\"A, 1\"\n");
}

/* A data name that reads as a number is quoted, and a method may give it as one. */
static void test_data_that_is_a_number(void)
{
    struct ar_buf out;
    struct ar_error error = { 0 };
    bool none;
    ar_buf_init(&out);
    CHECK(ar_result_from_output(&out, "{\"a\":1}", 7, "12", "", &none, &error) == 0, "%s", error.what);
    CHECK_TEXT(out.data, "a,data,sample_name\n1,\"12\",\"\"\n");
    ar_buf_clear(&out);
    CHECK(ar_result_from_output(&out, "{\"data\":12}", 11, "12", "", &none, &error) == 0, "%s", error.what);
    CHECK_TEXT(out.data, "data,sample_name\n\"12\",\"\"\n");
    ar_buf_clear(&out);
    CHECK(ar_result_from_output(&out, "data\n12\n", 8, "12", "", &none, &error) == 0, "%s", error.what);
    CHECK_TEXT(out.data, "data,sample_name\n12,\"\"\n");
    ar_buf_release(&out);
}

static void check_no_result_n(const char *output, size_t n, const char *want)
{
    struct ar_buf out;
    struct ar_error error = { 0 };
    bool none;
    ar_buf_init(&out);
    CHECK(ar_result_from_output(&out, output, n, "0012", "A", &none, &error) == -1, "'%s' gave '%s'", output, out.data);
    CHECK(error.status == AR_CONTENT, "'%s': status %d", output, (int)error.status);
    CHECK(!strncmp(error.what, "standard output", 15) && strstr(error.what, want), "'%s': '%s' lacks '%s'", output,
          error.what, want);
    CHECK(error.hint[0] || strstr(error.what, "no JSON") || strstr(error.what, "NUL"), "no hint: %s", error.what);
    CHECK(out.len == 0);
    ar_buf_release(&out);
}

static void check_no_result(const char *output, const char *want)
{
    check_no_result_n(output, strlen(output), want);
}

static void test_what_is_no_result(void)
{
    check_no_result("", "is empty");
    check_no_result(" \r\n\t", "is empty");
    check_no_result("[{\"a\":1}]", "array");
    check_no_result("42\n", "single value");
    check_no_result("true", "single value");
    check_no_result("{\"a\":1}\n{\"a\":2}\n", "more than one JSON object");
    check_no_result("{\"a\":\"}{\"} done", "more behind its JSON object");
    check_no_result("{\"a\":1}}", "more behind its JSON object");
    check_no_result("{\"a\":[1]}", "the value of 'a' is an array");
    check_no_result("{\"a\":{\"b\":1}}", "the value of 'a' is an object");
    check_no_result("{\"a\":NaN}", "NaN");
    check_no_result("{\"a\":-Infinity}", "");
    check_no_result("{\"a\":1,\"a\":2}", "twice");
    check_no_result("{\"a\":1,\"\\u0061\":2}", "twice");
    check_no_result("{\"\":1}", "a name is empty");
    check_no_result("{\"a\":\"\\u0000\"}", "NUL");
    check_no_result("{\"a\":1", "");
    check_no_result("{\"a\":\"\xff\"}", "");
    check_no_result("{\"data\":\"12\"}", "'data' is '12', but the lane is '0012'");
    check_no_result("{\"data\":12}", "'data' is '12', but the lane is '0012'");
    check_no_result("{\"data\":null}", "'data' is ''");
    check_no_result("a,b\n", "no row");
    check_no_result("done\n", "no row behind its first line, 'done'");
    check_no_result("a\n1\n2\n", "2 rows");
    check_no_result("a,b\n1\n", "line 2: 1 cell");
    check_no_result("a,a\n1,2\n", "twice");
    check_no_result("a,\n1,2\n", "column 2");
    check_no_result("a,data\n1,12\n", "'data' is '12'");
    check_no_result("a\n\"1\n", "line 2");
    check_no_result("a\n\xff\n", "line 2");
    check_no_result_n("a\n\0\n", 4, "line 2");
}

/* ---- the merged table ----------------------------------------------------------------------------------------------- */

static struct ar_targets make_targets(const char *json)
{
    struct ar_targets targets = { 0 };
    struct ar_error error = { 0 };
    CHECK(ar_targets_parse(&targets, json, strlen(json), "targets", &error) == 0, "%s", error.what);
    return targets;
}

static void check_merged(const struct ar_merge_table *merge, const char *want)
{
    struct ar_buf out;
    struct ar_error error = { 0 };
    ar_buf_init(&out);
    CHECK(ar_merge_table_write(merge, &out, &error) == 0, "%s", error.what);
    CHECK_TEXT(out.data, want);
    CHECK(out.len < 64 || out.cap == out.len + 1, "%zu bytes of memory for %zu", out.cap, out.len);
    ar_buf_release(&out);
}

static int merge_add(struct ar_merge_table *merge, size_t lane, const char *text, struct ar_error *error)
{
    *error = (struct ar_error){ 0 };
    return ar_merge_table_add(merge, lane, text, strlen(text), error);
}

static void test_merging(void)
{
    struct ar_targets targets = make_targets("{\"0\":\"A\",\"1\":\"B, b\",\"2\":\"C\",\"3\":\"D\",\"4\":\"E\"}");
    struct ar_merge_table merge;
    struct ar_error error;
    CHECK(ar_merge_table_init(&merge, &targets, &error) == 0);
    check_merged(&merge, "data,sample_name\n");
    CHECK(merge_add(&merge, 3, "n,data,sample_name\n\"1\",\"3\",D\n", &error) == 0, "%s", error.what);
    CHECK(merge_add(&merge, 1, "n,data,sample_name\n2.50,\"1\",\"B, b\"\n", &error) == 0, "%s", error.what);
    check_merged(&merge, "n,data,sample_name\n2.50,\"1\",\"B, b\"\n\"1\",\"3\",D\n");

    /* other columns: in order of the lanes, not of arrival */
    CHECK(merge_add(&merge, 4, "z,data,\"n\",sample_name\n\"x,\ny\",4,7,E\n", &error) == 0, "%s", error.what);
    check_merged(&merge, "n,data,sample_name,z\n2.50,\"1\",\"B, b\",\n\"1\",\"3\",D,\n7,4,E,\"x,\ny\"\n");
    CHECK(merge_add(&merge, 0, "\"q\"\"\",data,sample_name\n\"\",\"0\",A\n", &error) == 0, "%s", error.what);
    check_merged(&merge, "\"q\"\"\",data,sample_name,n,z\n\"\",\"0\",A,,\n,\"1\",\"B, b\",2.50,\n,\"3\",D,\"1\",\n"
                         ",4,E,7,\"x,\ny\"\n");

    CHECK(merge_add(&merge, 0, "n,data,sample_name\n1,\"0\",A\n", &error) == -1);
    CHECK_TEXT(error.what, "lane '0' has two results");
    CHECK(merge_add(&merge, 2, "n,data,sample_name\n1,\"0\",A\n", &error) == -1);
    CHECK_TEXT(error.what, "analysis_result of lane '2': 'data' is '0', but the lane is '2'");
    CHECK(merge_add(&merge, 2, "n,data,sample_name\n1,2\n", &error) == -1);
    CHECK(merge_add(&merge, 2, "n,data,sample_name\n1,2,C\n2,2,C\n", &error) == -1);
    CHECK(merge_add(&merge, 2, "n,data,sample_name\n\xff,2,C\n", &error) == -1);
    CHECK(merge_add(&merge, 2, "n,data,sample_name\n\"1,2,C\n", &error) == -1);
    CHECK(merge_add(&merge, 2, "n,data,sample_name\n", &error) == -1);
    CHECK(error.status == AR_CONTENT);
    /* what others wrote is made canonical */
    CHECK(merge_add(&merge, 2, "n\r\n3\r\n", &error) == 0, "%s", error.what);
    check_merged(&merge, "\"q\"\"\",data,sample_name,n,z\n\"\",\"0\",A,,\n,\"1\",\"B, b\",2.50,\n,\"2\",C,3,\n,\"3\",D,\"1\",\n"
                         ",4,E,7,\"x,\ny\"\n");
    ar_merge_table_release(&merge);
    ar_targets_release(&targets);
}

/* ---- the result of a run -------------------------------------------------------------------------------------------- */

static void check_post(const char *output, const char *want, size_t row_a, size_t row_b, size_t row_c)
{
    struct ar_targets targets = make_targets("{\"0\":\"A\",\"01\":\"B, b\",\"caf\\u00e9\":\"C\"}");
    const size_t rows[] = { row_a, row_b, row_c };
    struct ar_post post;
    struct ar_error error = { 0 };
    CHECK(ar_post_from_output(&post, output, strlen(output), &targets, "standard output", &error) == 0, "%s: %s", output, error.what);
    if (error.status == AR_OK) {
        CHECK_TEXT(post.csv.data, want);
        for (size_t i = 0; i < 3; i++)
            CHECK(post.row_of_lane[i] == rows[i], "%s: lane %zu: row %zu", output, i, post.row_of_lane[i]);
        CHECK(post.table.text == post.csv.data);
        ar_post_release(&post);
    }
    ar_targets_release(&targets);
}

static void test_postprocess_answers(void)
{
    check_post("data,judge\r\n01,true\r\n\r\n0,\"1\"\r\n",
               "data,judge,sample_name\n01,true,\"B, b\"\n0,\"1\",A\n", 1, 0, AR_NO_ROW);
    check_post("sample_name,data\n,café", "sample_name,data\n,café\n", AR_NO_ROW, AR_NO_ROW, 0);
    check_post("data\n", "data,sample_name\n", AR_NO_ROW, AR_NO_ROW, AR_NO_ROW);
    check_post(" []\n", "data,sample_name\n", AR_NO_ROW, AR_NO_ROW, AR_NO_ROW);
    check_post("[{\"data\":\"01\",\"x\":1.0},\n {\"y\":\"1.0\",\"data\":0,\"sample_name\":\"a\"}]",
               "data,x,y,sample_name\n01,1.0,,\"B, b\"\n\"0\",,\"1.0\",a\n", 1, 0, AR_NO_ROW);
    check_post("[{\"x\":null,\"data\":\"caf\\u00e9\"}]", "x,data,sample_name\n,café,C\n", AR_NO_ROW, AR_NO_ROW, 0);
}

static void check_no_post(const char *output, const char *want, const char *hint)
{
    struct ar_targets targets = make_targets("{\"0\":\"A\",\"01\":\"B, b\",\"caf\\u00e9\":\"C\"}");
    struct ar_post post;
    struct ar_error error = { 0 };
    CHECK(ar_post_from_output(&post, output, strlen(output), &targets, "standard output", &error) == -1, "%s", output);
    CHECK(error.status == AR_CONTENT, "%s: %d", output, (int)error.status);
    CHECK(strstr(error.what, want), "'%s': '%s' lacks '%s'", output, error.what, want);
    CHECK(strstr(error.hint, hint), "'%s' lacks '%s'", error.hint, hint);
    ar_targets_release(&targets);
}

static void test_what_is_no_postprocess_answer(void)
{
    check_no_post("", "is empty", "JSON array");
    check_no_post("null", "single value", "");
    check_no_post("{\"data\":\"0\"}", "JSON object, expected an array", "");
    check_no_post("[1]", "item 1 of the array is no object", "");
    check_no_post("[{\"data\":\"0\"},{\"x\":1}]", "item 2 of the array has no 'data'", "which lane");
    check_no_post("[{\"data\":null}]", "item 1 of the array has no 'data'", "");
    check_no_post("[{}]", "item 1 of the array has no 'data'", "");
    check_no_post("[{\"data\":[]}]", "the value of 'data' is an array", "");
    check_no_post("[{\"data\":\"0\",\"x\":{}}]", "the value of 'x' is an object", "");
    check_no_post("[{\"data\":\"0\"}][]", "more than one JSON array", "");
    check_no_post("[{\"data\":\"0\"},{\"data\":\"0\"}]", "row 2: lane '0' has a row already, row 1", "");
    check_no_post("[{\"data\":\"0\"},{\"data\":\"1\"}]", "row 2: '1' is no lane of this run", "'0', '01', 'café'");
    check_no_post("data\n01\n\n1\n", "row 2: '1' is no lane of this run", "zeros count");
    check_no_post("data\n01\n\"01\"\n", "row 2: lane '01' has a row already", "");
    check_no_post("data\ncafe\xcc\x81\n", "is no lane of this run", "another Unicode form");
    check_no_post("Data,x\n0,1\n", "column 'data' not found; columns are 'Data', 'x'", "which lane");
    check_no_post("data,x\n0\n", "line 2: 1 cell", "");
    check_no_post("done\n", "column 'data' not found", "");
}

static void test_json_of_rows(void)
{
    static const char text[] = "n,ok,t,z,\"k\"\"e\",nan,data,sample_name\n"
                               "1.50,true,007,,\"5\"\" \n\",nan,12,true\n"
                               "\"1\",false,\"\",NaN,null,\"nan\",0,\n";
    static const char *const want[] = {
        "{\"n\":1.50,\"ok\":true,\"t\":\"007\",\"z\":null,\"k\\\"e\":\"5\\\" \\n\",\"nan\":null,"
        "\"data\":\"12\",\"sample_name\":\"true\"}",
        "{\"n\":\"1\",\"ok\":false,\"t\":\"\",\"z\":null,\"k\\\"e\":null,\"nan\":\"nan\",\"data\":\"0\",\"sample_name\":\"\"}",
    };
    struct ar_targets targets = make_targets("{\"0\":\"\",\"x\":\"\",\"12\":\"true\"}");
    struct ar_post post;
    struct ar_error error = { 0 };
    struct ar_buf out;
    ar_buf_init(&out);
    CHECK(ar_post_from_table(&post, text, sizeof text - 1, &targets, &error) == 0, "%s", error.what);
    CHECK(post.row_of_lane[0] == 1 && post.row_of_lane[1] == AR_NO_ROW && post.row_of_lane[2] == 0);
    for (size_t row = 0; row < AR_COUNT(want); row++) {
        ar_buf_clear(&out);
        ar_result_json(&out, &post.table, row);
        CHECK_TEXT(out.data, want[row]);
    }
    ar_post_release(&post);
    CHECK(ar_post_from_table(&post, "data\n9\n", 7, &targets, &error) == -1 && error.status == AR_INPUT);
    ar_buf_release(&out);
    ar_targets_release(&targets);
}

/* An object, its table, and the object of its row: the same values, to the digit. */
static void test_values_survive_the_round(void)
{
    static const char json[] = "{\"a\":1.10,\"b\":\"1.10\",\"c\":true,\"d\":\"true\",\"e\":null,\"f\":\"\",\"g\":\"NaN\","
                               "\"h\":-0,"
                               "\"i\":1e-400,\"j\":\"a,\\\"b\\\"\\r\\n\",\"data\":\"0\",\"sample_name\":\"1\"}";
    struct ar_buf csv, out;
    struct ar_table table;
    struct ar_error error = { 0 };
    bool none;
    ar_buf_init(&csv);
    ar_buf_init(&out);
    CHECK(ar_result_from_output(&csv, json, sizeof json - 1, "0", "1", &none, &error) == 0, "%s", error.what);
    CHECK(ar_table_parse(&table, csv.data, csv.len, "t", &error) == 0, "%s", error.what);
    ar_result_json(&out, &table, 0);
    CHECK_TEXT(out.data, json);
    ar_table_release(&table);
    ar_buf_release(&csv);
    ar_buf_release(&out);
}

int main(void)
{
    test_kinds();
    test_texts_come_back();
    test_objects();
    test_csvs();
    test_data_that_is_a_number();
    test_what_is_no_result();
    test_merging();
    test_postprocess_answers();
    test_what_is_no_postprocess_answer();
    test_json_of_rows();
    test_values_survive_the_round();
    return check_done();
}
