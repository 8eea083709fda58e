/* SPDX-License-Identifier: MIT */
/*
 * The pickle reader: numbers by what Python 3.11 and numpy 2.4 print, small pickles by hand (opcodes: Lib/pickletools.py), and
 * what codecs/pickle_write.h writes. With arguments it is a tool for pickle.bats:
 *
 *     test_pickle read FILE [typed]    the table as CSV
 *     test_pickle mangle FILE STEP     each beginning of the file is refused; no change of a byte (each STEP-th) does harm
 */
#include <fcntl.h>
#include <math.h>

#include "bytes/io.h"
#include "codecs/pickle.h"
#include "codecs/pickle_number.h"
#include "codecs/pickle_write.h"
#include "tests/unit/check.h"

/* ---- numbers -------------------------------------------------------------------------------------------------------- */

static void check_float(double value, enum ar_float_width width, bool large, const char *want)
{
    char text[AR_NUMBER_MAX];
    size_t n = ar_number_float(text, value, width, large);
    CHECK_BYTES(text, n, want, strlen(want));
}

static void test_floats(void)
{
    check_float(0.1, AR_FLOAT64, false, "0.1");
    check_float(-0.0, AR_FLOAT64, false, "-0.0");
    check_float(5, AR_FLOAT64, false, "5.0");
    check_float(1180.8401, AR_FLOAT64, false, "1180.8401");
    check_float(1e15, AR_FLOAT64, false, "1000000000000000.0");
    check_float(1e16, AR_FLOAT64, false, "1e+16");
    check_float(1.0 / 3, AR_FLOAT64, false, "0.3333333333333333");
    check_float(2.0 / 3, AR_FLOAT64, false, "0.6666666666666666");
    check_float(0.1 + 0.2, AR_FLOAT64, false, "0.30000000000000004");
    check_float(0.0001, AR_FLOAT64, false, "0.0001");
    check_float(0.00001, AR_FLOAT64, false, "1e-05");
    check_float(1e300, AR_FLOAT64, false, "1e+300");
    check_float(5e-324, AR_FLOAT64, false, "5e-324");
    check_float(0x1p-44, AR_FLOAT64, false, "5.684341886080802e-14"); /* the nearest of 16 digits reads back as another */
    check_float(0x1p-25, AR_FLOAT64, false, "2.9802322387695312e-08");
    check_float(9007199254740993.0, AR_FLOAT64, false, "9007199254740992.0");
    check_float(1.7976931348623157e308, AR_FLOAT64, false, "1.7976931348623157e+308");
    check_float((double)INFINITY, AR_FLOAT64, false, "inf");
    check_float(-(double)INFINITY, AR_FLOAT64, false, "-inf");
    check_float((double)NAN, AR_FLOAT64, false, "nan");
    check_float((double)1.1f, AR_FLOAT32, false, "1.1");
    check_float(16777216, AR_FLOAT32, false, "1.6777216e+07");
    check_float(16777216, AR_FLOAT32, true, "16777216.0");
    check_float((double)0.0001f, AR_FLOAT32, false, "1e-04");
    check_float(ar_number_half(0x3c66), AR_FLOAT16, false, "1.1");
    check_float(ar_number_half(0x7bff), AR_FLOAT16, false, "6.55e+04");
    check_float(ar_number_half(0x2400), AR_FLOAT16, false, "0.01563");
}

static void check_big(const char *bytes, size_t n, const char *want)
{
    char text[256];
    CHECK(ar_number_big_room(n) <= sizeof(text), "room %zu", ar_number_big_room(n));
    size_t len = ar_number_big(text, bytes, n);
    CHECK_BYTES(text, len, want, strlen(want));
}

static void test_integers(void)
{
    char text[AR_NUMBER_MAX];
    size_t n = ar_number_signed(text, INT64_MIN);
    CHECK_BYTES(text, n, "-9223372036854775808", 20);
    n = ar_number_unsigned(text, UINT64_MAX);
    CHECK_BYTES(text, n, "18446744073709551615", 20);
    n = ar_number_signed(text, 1000);
    CHECK_BYTES(text, n, "1000", 4);
    check_big("\0\0\0\0\0\0\0\0\1", 9, "18446744073709551616");
    check_big("\0\0\0\0\0\0\0\0\xff", 9, "-18446744073709551616");
    check_big("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 10, "-1");
    check_big("\0\0\0\0\0\0\0\0\0\0", 10, "0");
    check_big("\xd2\x0a\x1f\xeb\x8c\xa9\x54\xab\x00", 9, "12345678901234567890");
}

/* ---- pickles -------------------------------------------------------------------------------------------------------- */

static void add_table(const struct ar_pickle *pickle, enum ar_pickle_style style, struct ar_buf *out)
{
    struct ar_error error;
    size_t n;
    if (ar_pickle_kind(pickle) == AR_PICKLE_CSV) {
        const char *csv = ar_pickle_csv(pickle, &n);
        ar_buf_add(out, csv, n);
        return;
    }
    CHECK(ar_pickle_header(pickle, style, out, &error) == 0, "%s", error.what);
    for (uint64_t row = 0; row < ar_pickle_rows(pickle); row += 3) /* piece by piece */
        CHECK(ar_pickle_add_rows(pickle, style, row, 3, out, &error) == 0, "%s", error.what);
}

static void check_read(const char *bytes, size_t n, enum ar_pickle_style style, const char *want)
{
    struct ar_error error = { 0 };
    struct ar_buf got;
    struct ar_pickle *pickle = ar_pickle_read(bytes, n, "input", &error);
    CHECK(pickle, "%s", error.what);
    if (pickle == NULL)
        return;
    ar_buf_init(&got);
    add_table(pickle, style, &got);
    CHECK_BYTES(got.data, got.len, want, strlen(want));
    ar_buf_release(&got);
    ar_pickle_free(pickle);
}

static void check_refused(const char *bytes, size_t n, const char *part)
{
    struct ar_error error = { 0 };
    struct ar_pickle *pickle = ar_pickle_read(bytes, n, "input", &error);
    CHECK(pickle == NULL && error.status == AR_INPUT, "%s", part);
    CHECK(strncmp(error.what, "input: ", 7) == 0 && strstr(error.what, part), "'%s' is not in '%s'", part, error.what);
    ar_pickle_free(pickle);
}

#define REFUSED(bytes, part) check_refused(bytes, sizeof(bytes) - 1, part)
#define HEAD "\x80\x04"
#define SERIES HEAD "\x8c\x06pandas\x8c\x06Series\x93"

static void test_values(void)
{
    /* Series([7, 'a,"b', True, None, nan, '', '007', '5.80', 2**64, -1, 'nan', 1.5], ['i', … ], 'object') */
    static const char pickle[] = SERIES "](K\x07\x8c\x04" "a,\"b\x88NG\x7f\xf8\0\0\0\0\0\0\x8c\0\x8c\x03" "007\x8c\x04" "5.80"
                                 "\x8a\x09\0\0\0\0\0\0\0\0\1J\xff\xff\xff\xff\x8c\x03nanG\x3f\xf8\0\0\0\0\0\0\x89" "e"
                                 "](\x8c\x01i\x8c\x03t 1\x8c\x01" "b\x8c\x01n\x8c\x01m\x8c\x01" "e"
                                 "\x8c\x01z\x8c\x02,qK\x03\x8c\x01j\x8c\x01kN\x8c\x01" "fe"
                                 "\x8c\x06object\x87R.";
    check_read(pickle, sizeof(pickle) - 1, AR_PICKLE_PANDAS,
               "i,t 1,b,n,m,e,z,\",q\",3,j,k,,f\n"
               "7,\"a,\"\"b\",True,,,,007,5.80,18446744073709551616,-1,nan,1.5,False\n");
    check_read(pickle, sizeof(pickle) - 1, AR_PICKLE_TYPED,
               "i,t 1,b,n,m,e,z,\",q\",3,j,k,,f\n"
               "7,\"a,\"\"b\",true,,,\"\",007,\"5.80\",18446744073709551616,-1,\"nan\",1.5,false\n");
}

/* A lone CR is quoted, as by CPython since 3.13: unquoted it would end the row. */
static void test_carriage_return(void)
{
    static const char pickle[] = SERIES "]\x8c\x03x\ry" "a]\x8c\x01" "a" "a\x8c\x06object\x87R.";
    check_read(pickle, sizeof(pickle) - 1, AR_PICKLE_PANDAS, "a\n\"x\ry\"\n");
}

/* A row of one empty cell is no blank line, as by Python's csv module. */
static void test_lone_cell(void)
{
    static const char pickle[] = SERIES "]Na]\x8c\x01" "a" "a\x8c\x06object\x87R.";
    check_read(pickle, sizeof(pickle) - 1, AR_PICKLE_PANDAS, "a\n\"\"\n");
    check_read(pickle, sizeof(pickle) - 1, AR_PICKLE_TYPED, "a\n\"\"\n");
}

static void test_refusals(void)
{
    REFUSED("", "is empty");
    REFUSED("a,b\n1,2\n", "no pickle");
    REFUSED("(lp0\n.", "no pickle");
    REFUSED("\x80\x06N.", "protocol 6");
    REFUSED(HEAD, "no pickle");
    REFUSED(HEAD "N", "ends in the middle");
    REFUSED(HEAD "N.", "holds a 'None'");
    REFUSED(HEAD "N.N", "1 bytes behind its end");
    REFUSED(HEAD "NN.", "its end comes too early");
    REFUSED(HEAD "(N.", "its end comes too early");
    REFUSED(HEAD ".", "its end comes too early");
    REFUSED(HEAD "cos\nsystem\n(\x8c\x02lstR.", "refers to 'os.system', which a table does not need");
    REFUSED(HEAD "\x8c\x02os\x8c\x06system\x93.", "refers to 'os.system'");
    REFUSED(HEAD "\x8c\x08" "builtins\x8c\x04" "eval\x93.", "refers to 'builtins.eval'");
    REFUSED(HEAD "P1\n.", "persistent id");
    REFUSED(HEAD "NQ.", "persistent id");
    REFUSED(HEAD "\x82\x01.", "extension code");
    REFUSED(HEAD "\x97.", "out-of-band");
    REFUSED(HEAD "(ios\nsystem\n.", "os.system");
    REFUSED(HEAD "(co\nx\no.", "refers to 'o.x'");
    REFUSED(HEAD "h\x00.", "memo has no place 0");
    REFUSED(HEAD "Nr\xff\xff\xff\x7f.", "memo has no place 2147483647");
    REFUSED(HEAD "\x8d\xff\xff\xff\xff\xff\xff\xff\xff.", "ends in the middle");
    REFUSED(HEAD "\x95\xff\0\0\0\0\0\0\0N.", "ends in the middle");
    REFUSED(HEAD "\x8c\x02\xc3\x28.", "not UTF-8");
    REFUSED(HEAD "R.", "something is missing");
    REFUSED(HEAD "NNR.", "is no function");
    REFUSED(HEAD "Ne.", "something is missing");
    REFUSED(HEAD "N(Ne.", "cannot hold it");
    REFUSED(HEAD "}(Nu.", "a key has no value");
    REFUSED(HEAD "Nb.", "cannot hold it");
    REFUSED(SERIES "](](Ne", "ends in the middle");
    REFUSED(SERIES "]]a]\x8c\x01" "a" "a\x8c\x06object\x87R.", "holds a 'list' (row 0)");
    REFUSED(SERIES "]]\x8c\x01" "a" "a\x8c\x06object\x87R.", "0 values and 1 labels");
    REFUSED(SERIES ")\x81.", "not as pandas");
    REFUSED(SERIES ".", "which is no pandas DataFrame");
    /* A list in itself, as a cell, and a frame whose manager is the frame. */
    REFUSED(SERIES "]\x94h\x00" "a]\x8c\x01" "a" "a\x8c\x06object\x87R.", "holds a 'list'");
    REFUSED(HEAD "\x8c\x06pandas\x8c\x09" "DataFrame\x93)\x81\x94}\x8c\x04_mgrh\x00sb.", "not as pandas");
}

static void test_deep(void)
{
    struct ar_buf pickle;
    ar_buf_init(&pickle);
    ar_buf_add_text(&pickle, HEAD);
    for (int i = 0; i < 100; i++)
        ar_buf_add_char(&pickle, '(');
    ar_buf_add_text(&pickle, ".");
    check_refused(pickle.data, pickle.len, "nested more than 64 deep");
    ar_buf_release(&pickle);
}

/* Lists of a thousand references to the list before it: nothing walks them, but a copy of each would be refused as well. */
static void test_bomb(void)
{
    struct ar_buf pickle;
    ar_buf_init(&pickle);
    ar_buf_add_text(&pickle, HEAD "]\x94");
    for (int i = 0; i < 50; i++) {
        ar_buf_add_text(&pickle, "](");
        for (int k = 0; k < 1000; k++) {
            ar_buf_add_char(&pickle, 'h');
            ar_buf_add_char(&pickle, (char)i);
        }
        ar_buf_add_text(&pickle, "e\x94");
    }
    ar_buf_add(&pickle, "0.", 2);
    check_refused(pickle.data, pickle.len, "opcode 0x30");
    pickle.data[pickle.len - 2] = '.';
    check_refused(pickle.data, pickle.len - 1, "its end comes too early");
    ar_buf_release(&pickle);
}

/* ---- what pickle_write.h writes ------------------------------------------------------------------------------------- */

static void test_own_frame(void)
{
    static const char csv[] = "data,n\n0000,1.50\n\"a\nb\",\n";
    static const char *const texts[] = { "data" };
    struct ar_error error;
    struct ar_buf pickle, behind;
    ar_buf_init(&pickle);
    ar_buf_init(&behind);
    for (size_t n_texts = 0; n_texts <= 1; n_texts++) {
        ar_buf_clear(&pickle);
        ar_buf_clear(&behind);
        CHECK(ar_pickle_frame_ends(&pickle, &behind, sizeof(csv) - 1, texts, n_texts, &error) == 0, "%s", error.what);
        ar_buf_add(&pickle, csv, sizeof(csv) - 1);
        ar_buf_add(&pickle, behind.data, behind.len);
        check_read(pickle.data, pickle.len, AR_PICKLE_PANDAS, csv);
        check_read(pickle.data, pickle.len, AR_PICKLE_TYPED, csv);
    }
    ar_buf_release(&pickle);
    ar_buf_release(&behind);
}

static void test_own_series(void)
{
    static const char csv[] = "n,mean,name,ok,none,big,data\n3,0.5,\"12\",true,,12345678901234567890,007\n";
    struct ar_error error;
    struct ar_table table;
    struct ar_buf pickle;
    ar_buf_init(&pickle);
    CHECK(ar_table_parse(&table, csv, sizeof(csv) - 1, "table", &error) == 0, "%s", error.what);
    CHECK(ar_pickle_series(&pickle, &table, 0, &error) == 0, "%s", error.what);
    check_read(pickle.data, pickle.len, AR_PICKLE_TYPED, csv);
    ar_table_release(&table);
    ar_buf_release(&pickle);
}

static void test_own_frame_of_values(void)
{
    static const char *const tables[] = {
        "n,text,ok,data\n3,\"12\",true,007\n,NA,,\"5\"\n0.5,\"\",false,x\n",
        "data,sample_name\n",
        "a\n\"\"\n",
    };
    struct ar_error error;
    struct ar_buf pickle;
    ar_buf_init(&pickle);
    for (size_t i = 0; i < AR_COUNT(tables); i++) {
        struct ar_table table;
        ar_buf_clear(&pickle);
        CHECK(ar_table_parse(&table, tables[i], strlen(tables[i]), "table", &error) == 0, "%s", error.what);
        CHECK(ar_pickle_frame(&pickle, &table, &error) == 0, "%s", error.what);
        check_read(pickle.data, pickle.len, AR_PICKLE_TYPED, tables[i]);
        ar_table_release(&table);
    }
    ar_buf_release(&pickle);
}

/* Rows of another length, what is no row, a row that is the list of rows, other arguments. */
static void test_frames_of_values_that_are_none(void)
{
#define FRAME HEAD "\x8c\x06pandas\x8c\x09" "DataFrame\x93"
#define NAMES "](\x8c\x01" "a\x8c\x01" "be"
    static const char as_pandas[] = "is not as pandas 1.5 to 3.1 write it";
    REFUSED(FRAME "](](NeeN" NAMES "\x87R.", as_pandas);
    REFUSED(FRAME "](](NNe](NNNeeN" NAMES "\x87R.", as_pandas);
    REFUSED(FRAME "](NeN" NAMES "\x87R.", as_pandas);
    REFUSED(FRAME "]\x94(h\0h\0eN" NAMES "\x87R.", "holds a 'list'");
    REFUSED(FRAME "](](NNee" NAMES NAMES "\x87R.", as_pandas);
    REFUSED(FRAME "](](NNeeNN\x87R.", as_pandas);
    REFUSED(FRAME "](](NNee\x85R.", as_pandas);
    REFUSED(FRAME "(](](NNeeN" NAMES "\x8c\x05" "int64tR.", as_pandas);
    REFUSED(FRAME "](](N]eeN" NAMES "\x87R.", "column 'b': holds a 'list'");
    REFUSED(FRAME "](](NNeeN" NAMES "\x87R}b.", as_pandas);
#undef FRAME
#undef NAMES
}

/* A read_csv that would read its bytes in another way is none of ours. */
static void test_other_calls(void)
{
    REFUSED(HEAD "\x8c\x09" "functools\x8c\x07partial\x93\x8c\x06pandas\x8c\x08read_csv\x93\x85}\x8c\x03sep\x8c\x01;s\x92"
            "\x8c\x02io\x8c\x07" "BytesIO\x93" "C\x02" "a\n\x85R\x85R.", "which is no pandas DataFrame");
    REFUSED(HEAD "\x8c\x06pandas\x8c\x08read_csv\x93\x8c\x0b/etc/passwd\x85R.", "which is no pandas DataFrame");
}

/* ---- as a tool ------------------------------------------------------------------------------------------------------ */

static void load(const char *path, struct ar_buf *bytes)
{
    struct ar_error error;
    ar_buf_init(bytes);
    if (ar_read_file(AT_FDCWD, path, bytes, (size_t)1 << 32, &error) != 0) {
        fprintf(stderr, "%s\n", error.what);
        exit(3);
    }
}

static int read_pickle(const char *path, enum ar_pickle_style style)
{
    struct ar_error error = { 0 };
    struct ar_buf bytes, out;
    load(path, &bytes);
    ar_buf_init(&out);
    struct ar_pickle *pickle = ar_pickle_read(bytes.data, bytes.len, "input", &error);
    if (pickle) {
        add_table(pickle, style, &out);
        fwrite(out.data, 1, out.len, stdout);
    } else {
        fprintf(stderr, "%s\n%s\n", error.what, error.hint);
    }
    ar_pickle_free(pickle);
    ar_buf_release(&bytes);
    ar_buf_release(&out);
    return (int)error.status;
}

/* A copy of its exact size, so that a sanitizer sees a byte too far. */
static void try_read(const char *bytes, size_t n, bool may_be_whole)
{
    struct ar_error error = { 0 };
    char *copy = malloc(n > 0 ? n : 1);
    memcpy(copy, bytes, n);
    struct ar_pickle *pickle = ar_pickle_read(copy, n, "input", &error);
    CHECK(pickle ? may_be_whole : error.status == AR_INPUT && error.what[0], "%zu bytes: %s", n, error.what);
    if (pickle && ar_pickle_rows(pickle) <= 1000000 && ar_pickle_columns(pickle) <= 1000) {
        struct ar_buf out;
        ar_buf_init(&out);
        if (ar_pickle_kind(pickle) != AR_PICKLE_CSV) {
            CHECK(ar_pickle_header(pickle, AR_PICKLE_TYPED, &out, &error) == 0, "%s", error.what);
            CHECK(ar_pickle_add_rows(pickle, AR_PICKLE_PANDAS, 0, 1000, &out, &error) == 0, "%s", error.what);
        }
        ar_buf_release(&out);
    }
    ar_pickle_free(pickle);
    free(copy);
}

static int mangle(const char *path, size_t step)
{
    static const unsigned char changes[] = { 0x01, 0x80, 0xff };
    struct ar_buf bytes;
    load(path, &bytes);
    for (size_t n = 0; n < bytes.len; n++)
        try_read(bytes.data, n, false);
    for (size_t at = 0; at < bytes.len; at += step)
        for (size_t i = 0; i < AR_COUNT(changes); i++) {
            bytes.data[at] = (char)((unsigned char)bytes.data[at] ^ changes[i]);
            try_read(bytes.data, bytes.len, true);
            bytes.data[at] = (char)((unsigned char)bytes.data[at] ^ changes[i]);
        }
    ar_buf_release(&bytes);
    return check_done();
}

int main(int argc, char **argv)
{
    if (argc >= 3 && strcmp(argv[1], "read") == 0)
        return read_pickle(argv[2], argc > 3 ? AR_PICKLE_TYPED : AR_PICKLE_PANDAS);
    if (argc == 4 && strcmp(argv[1], "mangle") == 0)
        return mangle(argv[2], (size_t)strtoul(argv[3], NULL, 10));
    test_floats();
    test_integers();
    test_values();
    test_carriage_return();
    test_lone_cell();
    test_refusals();
    test_deep();
    test_bomb();
    test_own_frame();
    test_own_series();
    test_own_frame_of_values();
    test_frames_of_values_that_are_none();
    test_other_calls();
    return check_done();
}
