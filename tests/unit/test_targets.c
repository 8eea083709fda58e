/* SPDX-License-Identifier: MIT */
/*
 * Targets and the samples table. Expected values are worked by hand; Unicode forms are those of Python's unicodedata.normalize.
 */
#include "check.h"
#include "codecs/table.h"
#include "lanes/samples.h"

/* Reads a samples table; n is without the literal's NUL. */
#define SAMPLES(targets, text, error) ar_samples_parse(targets, text, sizeof(text) - 1, "samples table 's.csv'", error)

#define CHECK_REFUSED(text, message)                                                                                           \
    do {                                                                                                                       \
        struct ar_targets refused_ = { 0 };                                                                                    \
        struct ar_error error_ = { 0 };                                                                                        \
        CHECK(SAMPLES(&refused_, text, &error_) == -1);                                                                        \
        CHECK(error_.status == AR_INPUT);                                                                                      \
        CHECK_TEXT(error_.what, "samples table 's.csv'" message);                                                              \
        CHECK(error_.hint[0] || strstr(error_.what, "not found"), "no hint: %s", error_.what);                                 \
        ar_targets_release(&refused_);                                                                                         \
    } while (0)

static void check_entry(const struct ar_targets *targets, size_t i, const char *data, const char *sample, uint64_t line)
{
    CHECK(i < targets->count, "%zu entries", targets->count);
    if (i >= targets->count)
        return;
    CHECK_TEXT(targets->entry[i].data, data);
    CHECK_TEXT(targets->entry[i].sample, sample);
    CHECK(targets->entry[i].line == line, "line %" PRIu64 ", want %" PRIu64, targets->entry[i].line, line);
    CHECK(ar_targets_find(targets, data, strlen(data)) == (ssize_t)i);
}

static void test_samples_are_read_untouched(void)
{
    struct ar_targets targets = { 0 };
    struct ar_error error = { 0 };
    CHECK(SAMPLES(&targets,
                  "\xef\xbb\xbfsample,x,data\r\n"
                  "\r\n"
                  " A ,1,0000\r\n"
                  "\"two\r\nlines, one \"\"quote\"\"\",,0001\r"
                  "\n"
                  "\r"
                  "陽性 #2,,01 \n"
                  ",y, 02",
                  &error) == 0,
          "%s", error.what);
    CHECK(targets.count == 4);
    check_entry(&targets, 0, "0000", " A ", 3);
    check_entry(&targets, 1, "0001", "two\r\nlines, one \"quote\"", 4);
    check_entry(&targets, 2, "01 ", "陽性 #2", 7);
    check_entry(&targets, 3, " 02", "", 8);
    CHECK(ar_targets_find(&targets, "01", 2) == -1);
    CHECK(ar_targets_find(&targets, "0", 1) == -1);
    ar_targets_release(&targets);
}

static void test_samples_refuse_with_their_line(void)
{
    CHECK_REFUSED("", " has no rows");
    CHECK_REFUSED("data,sample\n\n", " has no rows");
    CHECK_REFUSED("data,Sample\n1,a\n", ": column 'sample' not found; columns are 'data', 'Sample'");
    CHECK_REFUSED("data, sample\n1,a\n", ": column 'sample' not found; columns are 'data', ' sample'");
    CHECK_REFUSED("data,sample,data\n1,a,b\n", ", line 1: column 'data' is there twice");
    CHECK_REFUSED("\ndata,,sample\n1,a,b\n", ", line 2: column 2 has no name");
    CHECK_REFUSED("data,sample\n1,a\n\n2\n", ", line 4: 1 cell, expected 2 as in the header");
    CHECK_REFUSED("data,sample\n1,a,b\n", ", line 2: 3 cells, expected 2 as in the header");
    CHECK_REFUSED("data,sample\n1,a\"b\n", ", line 2: a quote out of place");
    CHECK_REFUSED("data,sample\n1,\"a\"b\n", ", line 2: a quote out of place");
    CHECK_REFUSED("data,sample\n1,\"a\nb\n", ", line 2: a quote that opens a cell is never closed");
    CHECK_REFUSED("data,sample\n1,\"a\n\nb\"\n2,b\n1,c\n", ", line 6: data name '1' is there twice, first in line 2");
    CHECK_REFUSED("data,sample\n1,a\n2,\0b\n", ", line 3, column 3: a NUL byte, expected text");
    CHECK_REFUSED("data,sample\n1,\x83\x41\n", ", line 2, column 3: byte 0x83 is not UTF-8");
    CHECK_REFUSED("data,sample\n,a\n", ", line 2: data name '' is empty");
    CHECK_REFUSED("data,sample\na/b,a\n", ", line 2: data name 'a/b' holds '/'");
    CHECK_REFUSED("data,sample\n0,a\nimages,a\n", ", line 3: data name 'images' is a reserved name");
}

static void check_id(const char *id, size_t n, const char *want)
{
    const char *why;
    int status = ar_lane_id_check(id, n, &why);
    CHECK(status == (want ? -1 : 0), "'%s'", id);
    CHECK_TEXT(why ? why : "good", want ? want : "good");
}

static void test_ids(void)
{
    char longest[AR_LANE_ID_MAX + 2];
    memset(longest, 'x', sizeof longest);
    check_id(longest, AR_LANE_ID_MAX, NULL);
    check_id(longest, AR_LANE_ID_MAX + 1, "is longer than 200 bytes");
    check_id("0000", 4, NULL);
    check_id("血清 #2", strlen("血清 #2"), NULL);
    check_id("Targets", 7, NULL);
    check_id("a.b", 3, NULL);
    check_id("", 0, "is empty");
    check_id(".a", 2, "starts with '.'");
    check_id("..", 2, "starts with '.'");
    check_id("a/b", 3, "holds '/'");
    check_id("a\0b", 3, "holds a control character");
    check_id("a\nb", 3, "holds a control character");
    check_id("a\x7f", 2, "holds a control character");
    check_id("a\xc2\x85", 3, "holds a control character");
    check_id("a\xff", 2, "is not UTF-8");
    check_id("result_json", 11, "is a reserved name");
    check_id("preprocessed_data", 17, "is a reserved name");
}

static void test_forms(void)
{
    struct ar_targets targets = { 0 };
    struct ar_error error;
    CHECK(ar_lane_id_same_form("caf\xc3\xa9", 5, "cafe\xcc\x81", 6));
    CHECK(ar_lane_id_same_form("\xe3\x81\x8b\xe3\x82\x99", 6, "\xe3\x81\x8c", 3)); /* か + dakuten, が */
    CHECK(!ar_lane_id_same_form("cafe", 4, "cafe", 4));
    CHECK(!ar_lane_id_same_form("cafe", 4, "caf\xc3\xa9", 5));
    CHECK(!ar_lane_id_same_form("\xef\xbd\xb6", 3, "\xe3\x82\xab", 3)); /* half-width カ: NFKC only */
    CHECK(!ar_lane_id_same_form("\xff", 1, "\xfe", 1));
    CHECK(ar_targets_add(&targets, "a", 1, "b\0c", 3, &error) == -1 && strstr(error.what, "sample name of 'a' has a NUL"), "%s", error.what);
    CHECK(ar_targets_add(&targets, "a", 1, "b\xff", 2, &error) == -1 && strstr(error.what, "is not UTF-8"), "%s", error.what);
    CHECK(ar_targets_add(&targets, "a", 1, "", 0, &error) == 0);
    CHECK(ar_targets_add(&targets, "cafe\xcc\x81", 6, "", 0, &error) == 0);
    CHECK(ar_targets_find_form(&targets, "caf\xc3\xa9", 5) == 1);
    CHECK(ar_targets_find_form(&targets, "a", 1) == -1);
    CHECK(ar_targets_find_form(&targets, "b", 1) == -1);
    ar_targets_release(&targets);
}

static void check_json_refused(const char *json, const char *want)
{
    struct ar_targets targets = { 0 };
    struct ar_error error = { 0 };
    CHECK(ar_targets_parse(&targets, json, strlen(json), "entry 'targets'", &error) == -1, "%s", json);
    CHECK(error.status == AR_INPUT);
    CHECK(strstr(error.what, want), "'%s' lacks '%s'", error.what, want);
    ar_targets_release(&targets);
}

static void test_json_keeps_order(void)
{
    static const char json[] = " {\"10\": \"b\\\"\\n\", \"9\": \"\\u967d\", \"09\": \"\"}\n";
    static const char want[] = "{\"10\":\"b\\\"\\n\",\"9\":\"陽\",\"09\":\"\"}";
    struct ar_targets targets = { 0 };
    struct ar_error error = { 0 };
    struct ar_buf out;
    ar_buf_init(&out);
    CHECK(ar_targets_parse(&targets, json, strlen(json), "entry 'targets'", &error) == 0, "%s", error.what);
    check_entry(&targets, 0, "10", "b\"\n", 0);
    check_entry(&targets, 1, "9", "陽", 0);
    check_entry(&targets, 2, "09", "", 0);
    ar_targets_write(&targets, &out);
    CHECK_BYTES(out.data, out.len, want, strlen(want));
    ar_buf_clear(&out);
    ar_targets_release(&targets);
    ar_targets_write(&targets, &out);
    CHECK_BYTES(out.data, out.len, "{}", 2);
    ar_buf_release(&out);

    check_json_refused("[]", "entry 'targets': no JSON object");
    check_json_refused("{\"a\": 1}", "the sample name of 'a' is not a text");
    check_json_refused("{\"a\": \"\", \"a\": \"\"}", "twice");
    check_json_refused("{\"a\": \"\", \"..\": \"\"}", "entry 'targets': data name '..' starts with '.'");
    check_json_refused("{\"a\": \"\"", "entry 'targets'");
}

static void test_many_lanes(void)
{
    struct ar_targets targets = { 0 };
    struct ar_error error;
    char id[16];
    for (int i = 0; i < 100000; i++) {
        int n = snprintf(id, sizeof id, "%05d", i);
        if (ar_targets_add(&targets, id, (size_t)n, id, (size_t)n, &error) < 0)
            break;
    }
    CHECK(targets.count == 100000);
    size_t found = 0;
    for (int i = 0; i < 100000; i++) {
        int n = snprintf(id, sizeof id, "%05d", i);
        found += ar_targets_find(&targets, id, (size_t)n) == i;
    }
    CHECK(found == 100000, "%zu", found);
    CHECK(ar_targets_find(&targets, "0", 1) == -1);
    CHECK(ar_targets_add(&targets, "00000", 5, "", 0, &error) == -1);
    CHECK_TEXT(error.what, "data name '00000' is there twice");
    ar_targets_release(&targets);
}

/* libcsv and our own codec must agree wherever both apply. */
static void test_agrees_with_the_table(void)
{
    static const char text[] = "data,sample\r\n\"a\",\"x, \"\"y\"\"\"\n\n b ,\"\"\rc,\"p\rq\"\n\"d\ne\",z";
    struct ar_targets targets = { 0 };
    struct ar_table table;
    struct ar_error error = { 0 };
    /* a line break in an id is refused, so the last row is left out for the targets */
    CHECK(ar_samples_parse(&targets, text, sizeof text - 1 - 7, "t", &error) == 0, "%s", error.what);
    CHECK(ar_table_parse(&table, text, sizeof text - 1 - 7, "t", &error) == 0, "%s", error.what);
    CHECK(table.rows == targets.count && table.rows == 3, "%zu, %zu", table.rows, targets.count);
    for (size_t row = 0; row < table.rows && row < targets.count; row++) {
        struct ar_cell data = ar_table_cell(&table, row, 0), sample = ar_table_cell(&table, row, 1);
        CHECK(ar_cell_is(&data, targets.entry[row].data, targets.entry[row].data_len));
        CHECK(ar_cell_is(&sample, targets.entry[row].sample, targets.entry[row].sample_len));
        CHECK(ar_table_line(&table, row) == targets.entry[row].line);
    }
    ar_table_release(&table);
    ar_targets_release(&targets);
}

int main(void)
{
    test_samples_are_read_untouched();
    test_samples_refuse_with_their_line();
    test_ids();
    test_forms();
    test_json_keeps_order();
    test_many_lanes();
    test_agrees_with_the_table();
    return check_done();
}
