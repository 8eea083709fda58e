/* SPDX-License-Identifier: MIT */
/*
 * The account of a run. The run here was made by hand: 20 rows in the source, 2 without a lane; lane a: 6 rows, 1
 * cleansed away, 5 analysed; lane b: 7 rows, 3 cleansed away, failed; lane c: 5 rows, not chosen.
 * 20 = 5 + (2 + 1 + 3) + 4 + 5.
 */
#include "check.h"

#include "lanes/account.h"

#define TOP(rows, of_c)                                                                                                        \
    "{\"sets\":{\"s\":{\"rows\":" rows ",\"rows_by_lane\":{\"a\":6,\"b\":7,\"c\":" of_c "},\"dropped\":{\"no_lane\":2}}}}"
#define A "{\"sets\":{\"s\":[{\"stage\":\"split\",\"rows_in\":6,\"rows\":6},"                                                  \
          "{\"stage\":\"cleanse\",\"rows_in\":6,\"rows\":5,\"dropped\":{\"Entity\":1}},"                                       \
          "{\"stage\":\"analyze\",\"rows_in\":5,\"rows\":5}]},\"outcome\":\"result\"}"
#define B "{\"sets\":{\"s\":[{\"stage\":\"split\",\"rows_in\":7,\"rows\":7},"                                                  \
          "{\"stage\":\"cleanse\",\"rows_in\":7,\"rows\":4,\"dropped\":{\"Entity\":1,\"Plate\":2}}]},\"outcome\":\"failed\"}"
#define GAP "{\"sets\":{\"s\":[{\"stage\":\"split\",\"rows_in\":6,\"rows\":6},{\"stage\":\"pack\",\"rows_in\":5,\"rows\":5}]}}"
#define C "{\"sets\":{\"s\":[{\"stage\":\"split\",\"rows_in\":5,\"rows\":5}]},\"outcome\":\"not chosen\"}"

static struct ar_error error;

static struct ar_ledger parse(const char *text)
{
    struct ar_ledger ledger;
    CHECK(ar_ledger_parse(&ledger, text, strlen(text), "ledger", &error) == 0, "%s", error.what);
    return ledger;
}

static int add(struct ar_account *account, const char *lane, const char *text)
{
    struct ar_ledger ledger = parse(text);
    int result = ar_account_add(account, lane, ar_ledger_ended(&ledger), &ledger, &error);
    ar_ledger_release(&ledger);
    return result;
}

static void begin(struct ar_account *account, const char *top)
{
    struct ar_ledger ledger = parse(top);
    *account = (struct ar_account){ 0 };
    CHECK(ar_account_source(account, &ledger, &error) == 0, "%s", error.what);
    ar_ledger_release(&ledger);
}

static void test_closes(void)
{
    struct ar_account account;
    struct ar_buf text;
    ar_buf_init(&text);
    begin(&account, TOP("20", "5"));
    CHECK(add(&account, "c", C) == 0 && add(&account, "a", A) == 0 && add(&account, "b", B) == 0, "%s", error.what);
    CHECK(ar_account_check(&account, &error) == 0, "%s", error.what);
    ar_account_describe(&account, &text);
    CHECK_TEXT(text.data,
               "3 lanes; s: 20 rows, 5 analysed, 6 dropped, 4 in failed lanes, 5 of lanes not chosen; 1 lane failed; "
               "1 lane not chosen");
    ar_account_release(&account);
    ar_buf_release(&text);
}

static void test_a_row_is_missing(void)
{
    struct ar_account account;
    begin(&account, TOP("21", "5"));
    CHECK(add(&account, "a", A) == 0 && add(&account, "b", B) == 0 && add(&account, "c", C) == 0, "%s", error.what);
    CHECK(ar_account_check(&account, &error) == -1 && error.status == AR_INPUT, "21 rows closed");
    CHECK(strstr(error.what, "'s'") && strstr(error.what, "21 rows") && strstr(error.what, "are 20"), "%s", error.what);
    ar_account_release(&account);
}

static void test_records_follow_from_one_another(void)
{
    struct ar_account account;
    begin(&account, TOP("20", "4"));
    CHECK(add(&account, "c", C) == -1 && strstr(error.what, "the source for 4"), "%s", error.what);
    CHECK(add(&account, "a", GAP) == -1 && strstr(error.what, "split for 6"), "%s", error.what);
    CHECK(add(&account, "a", "{\"sets\":{\"s\":[{\"stage\":\"split\",\"rows_in\":6,\"rows\":5}]}}") == -1, "a row was lost");
    CHECK(add(&account, "a", "{\"sets\":{\"other\":[]}}") == -1 && strstr(error.what, "'other'"), "%s", error.what);
    ar_account_release(&account);
}

static void test_no_source(void)
{
    struct ar_account account = { 0 };
    CHECK(add(&account, "a", A) == 0 && add(&account, "b", B) == 0 && !account.has_source, "%s", error.what);
    CHECK(ar_account_check(&account, &error) == 0, "%s", error.what);
    CHECK(account.n_sets == 1 && account.set[0].analysed == 5 && account.set[0].dropped == 4 && account.set[0].failed == 4,
          "wrong sums");
    ar_account_release(&account);
}

static void test_first_line(void)
{
    const char *text = "\n \nit failed\nlog: x";
    size_t n = ar_error_first_line(&text, strlen(text));
    CHECK_BYTES(text, n, "it failed", 9);
    char line[400];
    for (size_t i = 0; i < sizeof line; i += 2)
        memcpy(line + i, "é", 2);
    line[0] = 'x'; /* so that the cut would fall into a character */
    line[1] = 'x';
    memmove(line + 1, line + 2, sizeof line - 2);
    text = line;
    n = ar_error_first_line(&text, sizeof line - 1);
    CHECK(n < 301 && n % 2 == 1, "cut at %zu", n);
    text = "";
    CHECK(ar_error_first_line(&text, 0) == 0, "an empty text has a line");
}

int main(void)
{
    test_closes();
    test_a_row_is_missing();
    test_records_follow_from_one_another();
    test_no_source();
    test_first_line();
    return check_done();
}
