/* SPDX-License-Identifier: MIT */
/*
 * Pickles as they are written: byte for byte what protocol 4 says. Expected bytes are worked by hand from CPython's
 * Lib/pickletools.py; those of integers and floats are what CPython's pickle.encode_long and struct.pack('>d') give. That pandas
 * reads them is for tests/interop.
 */
#include "codecs/pickle_write.h"
#include "tests/unit/check.h"

#define PARTIAL \
    "\x80\x04\x8c\x09" "functools\x8c\x07partial\x93\x8c\x06pandas\x8c\x08read_csv\x93\x85R" \
    "(\x8c\x06pandas\x8c\x08read_csv\x93)}\x8c\x05" "dtype}("
#define BYTES_IO "usNtb\x8c\x02io\x8c\x07" "BytesIO\x93\x8e"
#define SERIES "\x80\x04\x8c\x06pandas\x8c\x06Series\x93](%s"
#define BYTES(text) text, sizeof(text) - 1

/* A frame's two ends, with want as the first of them. */
static void check_ends(uint64_t csv_bytes, const char *const *columns, size_t n, const char *want, size_t want_len)
{
    struct ar_error error = { 0 };
    struct ar_buf before, behind;
    ar_buf_init(&before);
    ar_buf_init(&behind);
    CHECK(ar_pickle_frame_ends(&before, &behind, csv_bytes, columns, n, &error) == 0, "%s", error.what);
    CHECK_BYTES(before.data, before.len, want, want_len);
    CHECK_BYTES(behind.data, behind.len, "\x85R\x85R.", 5);
    ar_buf_release(&before);
    ar_buf_release(&behind);
}

static void test_a_frame_calls_read_csv_on_its_bytes(void)
{
    check_ends(0, NULL, 0, BYTES(PARTIAL BYTES_IO "\0\0\0\0\0\0\0\0"));
    check_ends(0x0102030405060708, NULL, 0, BYTES(PARTIAL BYTES_IO "\x08\x07\x06\x05\x04\x03\x02\x01"));
}

static void test_text_columns_are_named_as_str(void)
{
    static const char *const columns[] = { "Note", "データ" };
    check_ends(10, columns, 2, BYTES(PARTIAL "\x8c\x04Note\x8c\x03str\x8c\x09データ\x8c\x03str" BYTES_IO "\x0a\0\0\0\0\0\0\0"));
}

static void test_a_long_name_has_a_longer_length(void)
{
    char name[257] = { 0 };
    memset(name, 'n', 256);
    const char *const columns[] = { name };
    struct ar_buf want;
    ar_buf_init(&want);
    ar_buf_add(&want, BYTES(PARTIAL "X\0\1\0\0"));
    ar_buf_add(&want, name, 256);
    ar_buf_add(&want, BYTES("\x8c\x03str" BYTES_IO "\1\0\0\0\0\0\0\0"));
    check_ends(1, columns, 1, want.data, want.len);
    ar_buf_release(&want);
}

/* The series of the first row of a CSV: 0 or -1. */
static int series(const char *csv, struct ar_buf *out, struct ar_error *error)
{
    struct ar_table table;
    if (ar_table_parse(&table, csv, strlen(csv), "test", error) != 0)
        return -1;
    int status = ar_pickle_series(out, &table, 0, error);
    ar_table_release(&table);
    return status;
}

/* The pickle of the one column x (or data) with this cell holds this value. */
static void check_value(const char *column, const char *cell, const char *want, size_t want_len)
{
    struct ar_error error = { 0 };
    struct ar_buf csv, out, expected;
    ar_buf_init(&csv);
    ar_buf_init(&out);
    ar_buf_init(&expected);
    ar_buf_add_format(&csv, "other,%s\n,%s\n", column, cell);
    ar_buf_add_format(&expected, SERIES, "N");
    ar_buf_add(&expected, want, want_len);
    ar_buf_add_format(&expected, "e](\x8c\x05other\x8c%c%se\x8c\x06object\x87R.", (int)strlen(column), column);
    CHECK(series(csv.data, &out, &error) == 0, "%s", error.what);
    CHECK_BYTES(out.data, out.len, expected.data, expected.len);
    ar_buf_release(&csv);
    ar_buf_release(&out);
    ar_buf_release(&expected);
}

static void test_values_keep_their_types(void)
{
    check_value("x", "", BYTES("N"));
    check_value("x", "null", BYTES("N"));
    check_value("x", "true", BYTES("\x88"));
    check_value("x", "false", BYTES("\x89"));
    check_value("x", "True", BYTES("\x8c\x04True"));
    check_value("x", "nan", BYTES("G\x7f\xf8\0\0\0\0\0\0"));
    check_value("x", "NaN", BYTES("G\x7f\xf8\0\0\0\0\0\0"));
    check_value("x", "007", BYTES("\x8c\x03" "007"));
    check_value("x", "+1", BYTES("\x8c\x02+1"));
    check_value("x", "\"12\"", BYTES("\x8c\x02" "12"));
    check_value("x", "\"\"", BYTES("\x8c\0"));
    check_value("x", "\"null\"", BYTES("\x8c\x04null"));
    check_value("x", "\"say \"\"hi\"\",\n輝点\"", BYTES("\x8c\x10say \"hi\",\n輝点"));
}

static void test_names_of_lanes_are_texts(void)
{
    check_value("data", "10", BYTES("\x8c\x02" "10"));
    check_value("data", "true", BYTES("\x8c\x04true"));
    check_value("sample_name", "", BYTES("\x8c\0"));
    check_value("data2", "10", BYTES("J\x0a\0\0\0"));
}

static void test_integers_of_any_size(void)
{
    check_value("x", "0", BYTES("J\0\0\0\0"));
    check_value("x", "-0", BYTES("J\0\0\0\0"));
    check_value("x", "-2", BYTES("J\xfe\xff\xff\xff"));
    check_value("x", "2147483647", BYTES("J\xff\xff\xff\x7f"));
    check_value("x", "-2147483648", BYTES("J\0\0\0\x80"));
    check_value("x", "2147483648", BYTES("\x8a\x05\0\0\0\x80\0"));
    check_value("x", "-2147483649", BYTES("\x8a\x05\xff\xff\xff\x7f\xff"));
    check_value("x", "9223372036854775808", BYTES("\x8a\x09\0\0\0\0\0\0\0\x80\0"));
    check_value("x", "-9223372036854775808", BYTES("\x8a\x08\0\0\0\0\0\0\0\x80"));
    check_value("x", "12345678901234567890", BYTES("\x8a\x09\xd2\x0a\x1f\xeb\x8c\xa9\x54\xab\0"));
    check_value("x", "4558916353692287109375", BYTES("\x8a\x0a\xff\x08\xdc\x53\x82\x7d\xac\x23\xf7\0"));
    check_value("x", "-18446744073709551616", BYTES("\x8a\x09\0\0\0\0\0\0\0\0\xff"));
    check_value("x", "-2361183241434822606848", BYTES("\x8a\x09\0\0\0\0\0\0\0\0\x80"));
}

static void test_floats(void)
{
    check_value("x", "0.1", BYTES("G\x3f\xb9\x99\x99\x99\x99\x99\x9a"));
    check_value("x", "2593.1739273024823", BYTES("G\x40\xa4\x42\x59\x0c\xff\xd8\x16"));
    check_value("x", "-0.0", BYTES("G\x80\0\0\0\0\0\0\0"));
    check_value("x", "1E5", BYTES("G\x40\xf8\x6a\0\0\0\0\0"));
    check_value("x", "5e-324", BYTES("G\0\0\0\0\0\0\0\1"));
    check_value("x", "1e999", BYTES("G\x7f\xf0\0\0\0\0\0\0"));
}

/* 10^(digits-1), or its negative, as the only cell. */
static int power_of_ten(size_t digits, bool negative, struct ar_buf *out, struct ar_error *error)
{
    struct ar_buf csv;
    ar_buf_init(&csv);
    ar_buf_add_text(&csv, negative ? "x\n-1" : "x\n1");
    for (size_t i = 1; i < digits; i++)
        ar_buf_add_char(&csv, '0');
    int status = series(csv.data, out, error);
    ar_buf_release(&csv);
    return status;
}

static void test_the_longest_integer(void)
{
    enum { BEGIN = 21, LONG = 1786 }; /* bytes of "…Series\x93](", and of 10^4299 in two's complement */
    struct ar_error error = { 0 };
    struct ar_buf out;
    ar_buf_init(&out);
    CHECK(power_of_ten(4300, false, &out, &error) == 0, "%s", error.what);
    CHECK_BYTES(out.data + BEGIN, 5, "\x8b\xfa\x06\0\0", 5);
    CHECK_BYTES(out.data + BEGIN + 5 + 536, 5, "\0\xe8\xbe\xe8\x23", 5);
    CHECK_BYTES(out.data + BEGIN + 5 + LONG - 8, 9, "\x6d\xaa\x02\xd1\xf2\x12\xf5\x01" "e", 9);

    ar_buf_clear(&out);
    CHECK(power_of_ten(4300, true, &out, &error) == 0, "%s", error.what);
    CHECK_BYTES(out.data + BEGIN + 5 + LONG - 8, 9, "\x92\x55\xfd\x2e\x0d\xed\x0a\xfe" "e", 9);

    ar_buf_clear(&out);
    CHECK(power_of_ten(4301, false, &out, &error) == -1, "no failure");
    CHECK(error.status == AR_CONTENT, "%d", (int)error.status);
    CHECK_TEXT(error.what, "column 'x': an integer of 4301 digits");
    ar_buf_release(&out);
}

static void test_a_frame_of_values_is_a_list_of_its_rows(void)
{
    static const char csv[] = "n,text,data\n1,\"5\",01\n,NA,2\n";
    static const char want[] = "\x80\x04\x8c\x06pandas\x8c\x09" "DataFrame\x93](](J\1\0\0\0\x8c\x01" "5\x8c\x02" "01e"
                               "](N\x8c\x02NA\x8c\x01" "2eeN](\x8c\x01n\x8c\x04text\x8c\x04" "datae\x87R.";
    struct ar_error error = { 0 };
    struct ar_table table;
    struct ar_buf out;
    ar_buf_init(&out);
    CHECK(ar_table_parse(&table, csv, sizeof csv - 1, "test", &error) == 0, "%s", error.what);
    CHECK(ar_pickle_frame(&out, &table, &error) == 0, "%s", error.what);
    CHECK_BYTES(out.data, out.len, want, sizeof want - 1);
    ar_table_release(&table);
    ar_buf_release(&out);
}

int main(void)
{
    test_a_frame_calls_read_csv_on_its_bytes();
    test_text_columns_are_named_as_str();
    test_a_long_name_has_a_longer_length();
    test_values_keep_their_types();
    test_names_of_lanes_are_texts();
    test_integers_of_any_size();
    test_floats();
    test_the_longest_integer();
    test_a_frame_of_values_is_a_list_of_its_rows();
    return check_done();
}
