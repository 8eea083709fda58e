/* SPDX-License-Identifier: MIT */
/*
 * The types of cells and columns: expected values are what pandas 1.5.3, 2.2.3 and 3.1.1 said of the same cells.
 */
#include "codecs/column_type.h"
#include "tests/unit/check.h"

/* Each of the texts, up to a NULL, is of this kind, quoted or not. */
static void check_cells(uint8_t want, const char *const *cell)
{
    for (; *cell; cell++) {
        char quoted[64];
        int n = snprintf(quoted, sizeof(quoted), "\"%s\"", *cell);
        uint8_t bit = ar_cell_bit(*cell, strlen(*cell));
        uint8_t quoted_bit = ar_cell_bit(quoted, (size_t)n);
        CHECK(bit == want, "'%s' is %d", *cell, bit);
        CHECK(quoted_bit == want, "'%s' is %d", quoted, quoted_bit);
    }
}

#define CELLS(want, ...) check_cells(want, (const char *const[]) { __VA_ARGS__, NULL })

static void test_cells(void)
{
    CELLS(AR_CELL_MISSING, "", "NA", "nan", "NaN", "null", "NULL", "N/A", "n/a", "None", "<NA>", "#N/A", "#NA", "#N/A N/A", "-nan",
          "-NaN", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN");
    CELLS(AR_CELL_BOOLEAN, "true", "True", "TRUE", "tRue", "false", "False");
    CELLS(AR_CELL_INTEGER, "0", "-0", "7", "+7", "-7", "007", " 7", "7 ", "\t7", "\v7", "\f7", "9223372036854775807",
          "-9223372036854775808", "0000000000000000000000000000007");
    CELLS(AR_CELL_FLOAT, "1.5", ".5", "5.", "1e5", "1E5", "1.e5", "1e+05", "1e-999", "+1.5", " 1.5", "1.5 ", "5.80", "inf", "INF",
          "-inf", "+Infinity", "infinity", "iNf");
    CELLS(AR_CELL_HUGE, "9223372036854775808", "-9223372036854775809", "18446744073709551616", "1e999", "-1e999", "1.79e309");
    CELLS(AR_CELL_TEXT, "x", "- 7", "+", "-", ".", "1e", "1e+", "e5", "1d5", "1 5", " inf", "0x10", "1_000", "１２", "T", "yes",
          " True", "NAN", "none", "Null", " ", "-NA", "+nan", "2001-01-01", "12%", "++7", "1e5.5", "1.5.5", "1-", "1\u00a0",
          "a long text without anything", "1e5e5", "輝点");
    CHECK(ar_cell_bit("1\0", 2) == AR_CELL_TEXT && ar_cell_bit("NA\0", 3) == AR_CELL_TEXT, "NUL");
    CHECK(ar_cell_bit("\"1\"\"2\"", 6) == AR_CELL_TEXT, "a quote in a number");
}

/* The type of a column of these cells. */
static enum ar_column_type type(const char *const *cell)
{
    uint8_t seen = 0;
    for (; *cell; cell++)
        seen |= ar_cell_bit(*cell, strlen(*cell));
    return ar_column_type(seen);
}

#define TYPE(want, ...) CHECK_TEXT(ar_column_type_name(type((const char *const[]) { __VA_ARGS__, NULL })), want)

static void test_columns(void)
{
    TYPE("no rows", NULL);
    TYPE("empty", "", "NA");
    TYPE("boolean", "true", "FALSE");
    TYPE("other", "True", "");
    TYPE("text", "True", "1");
    TYPE("text", "True", "", "1.5");
    TYPE("integer", "1", "-0", "007");
    TYPE("float", "1", "");
    TYPE("float", "1", "1.5");
    TYPE("float", "", "inf");
    TYPE("text", "1", "", "x");
    TYPE("text", "x");
    TYPE("other", "9223372036854775808", "1");
    TYPE("text", "9223372036854775808", "x");
}

static void check_scan(const char *csv, size_t columns, uint64_t rows, const char *want)
{
    struct ar_error error = { 0 };
    uint8_t seen[8] = { 0 };
    char got[256] = "";
    CHECK(ar_column_scan(csv, strlen(csv), columns, rows, seen, &error) == 0, "%s", error.what);
    for (size_t i = 0; i < columns; i++) {
        size_t len = strlen(got);
        snprintf(got + len, sizeof(got) - len, "%s%s", i ? " " : "", ar_column_type_name(ar_column_type(seen[i])));
    }
    CHECK_TEXT(got, want);
}

static void test_a_table(void)
{
    check_scan("", 2, UINT64_MAX, "no rows no rows");
    check_scan("1,ab,2.5,\n2,\"c,d\n\",,\n", 4, UINT64_MAX, "integer text float empty");
    check_scan("1,x\n2,3\n,4\n", 2, UINT64_MAX, "float text");
    check_scan("1,x\n2,3\n,4\n", 2, 2, "integer text");
    check_scan("1,x\n2,3\n,4\n", 2, 0, "no rows no rows");
    check_scan("x,y\r\n\r\n1,2\r\n", 2, UINT64_MAX, "text text");
    check_scan("1,2\n3\nx,x\n", 2, UINT64_MAX, "integer integer"); /* a ragged row */
}

/* Text that comes late, behind other columns that have settled and behind many batches of rows. */
static void test_late_text(void)
{
    enum { ROWS = 3000 };
    struct ar_buf csv;
    ar_buf_init(&csv);
    for (int i = 0; i < ROWS; i++) {
        bool last = i == ROWS - 1;
        ar_buf_add_format(&csv, "%d,%s,%s,", i, i < 2 ? "1" : "a", i < 700 ? "" : "b");
        ar_buf_add_format(&csv, "%s,%s\n", last ? "late" : "12", last ? "" : "7");
    }
    check_scan(csv.data, 5, UINT64_MAX, "integer text text text float");
    check_scan(csv.data, 5, 700, "integer text empty integer integer");
    check_scan(csv.data, 5, 701, "integer text text integer integer");
    ar_buf_release(&csv);
}

int main(void)
{
    test_cells();
    test_columns();
    test_a_table();
    test_late_text();
    return check_done();
}
