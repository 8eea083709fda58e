/* SPDX-License-Identifier: MIT */
/*
 * Ledgers whose members are of other types than ar-stream(5) says: each is refused, and the message says where.
 */
#include "lanes/ledger.h"

#include "check.h"

#define HEX "0123456789abcdef0123456789abcdef"

static const char good[] =
    "{\"sets\":{\"as\":{\"source\":\"a.csv\",\"bytes\":40,\"compression\":\"none\",\"rows\":2,\"columns\":2,\"bom\":false,"
    "\"rows_by_lane\":{\"0000\":1},\"dropped\":{\"no_lane\":1},\"no_lane_line\":3,\"mine\":[1.5]}},"
    "\"files\":{\"targets\":{\"bytes\":16,\"xxh3\":\"" HEX "\"}},\"post\":{\"rows_in\":1,\"rows\":1,\"postprocess\":true},"
    "\"incomplete\":[\"0000\"],\"folder\":[\"a.tar\"],\"folder_kind\":\"lanes\",\"other\":null}";

static const char good_lane[] =
    "{\"sets\":{\"as\":[{\"stage\":\"split\",\"rows_in\":2,\"rows\":2,\"image_analysis_method\":\"V\",\"bytes\":1,"
    "\"xxh3\":\"" HEX "\"},"
    "{\"stage\":\"cleanse\",\"rows_in\":2,\"rows\":1,\"dropped\":{\"Entity\":1},\"rules\":[{}]},"
    "{\"stage\":\"x\",\"rows_in\":1,\"rows\":1,\"rules\":\"none\"}]},\"outcome\":\"no result\"}";

/* The ledger, in which from became to; the caller frees it. */
static char *changed(const char *text, const char *from, const char *to)
{
    char *out;
    const char *at = strstr(text, from);
    CHECK(at != NULL, "'%s' is not in the ledger", from);
    if (!at || asprintf(&out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) < 0)
        return NULL;
    return out;
}

static void refused(const char *text, const char *from, const char *to, const char *why)
{
    struct ar_error error = { 0 };
    struct ar_ledger ledger;
    char *bad = changed(text, from, to);
    int result = ar_ledger_parse(&ledger, bad, strlen(bad), "entry 'ledger'", &error);
    CHECK(result == -1 && error.status == AR_INPUT, "%s for %s", to, from);
    CHECK_TEXT(error.what, why);
    CHECK_TEXT(error.hint, "The format is in ar-stream(5).");
    if (result == 0)
        ar_ledger_release(&ledger);
    free(bad);
}

static void accepted(const char *text)
{
    struct ar_error error = { 0 };
    struct ar_ledger ledger;
    CHECK(ar_ledger_parse(&ledger, text, strlen(text), "entry 'ledger'", &error) == 0, "%s", error.what);
    ar_ledger_release(&ledger);
}

#define SAYS(where, expected, found) "entry 'ledger' " where ": expected " expected ", found " found

int main(void)
{
    accepted("{}");
    accepted(good);
    accepted(good_lane);
    refused(good, "\"rows\":2", "\"rows\":[]", SAYS("/sets/as/rows", "a count", "an array"));
    refused(good, "\"rows\":2", "\"rows\":-5", SAYS("/sets/as/rows", "a count", "-5"));
    refused(good, "\"rows\":2", "\"rows\":2.0", SAYS("/sets/as/rows", "a count", "2.0"));
    refused(good, "\"rows\":2,", "", "entry 'ledger' /sets/as: the member 'rows' is missing");
    refused(good, "\"bytes\":40", "\"bytes\":\"40\"", SAYS("/sets/as/bytes", "a count", "'40'"));
    refused(good, "\"bom\":false", "\"bom\":0", SAYS("/sets/as/bom", "true or false", "0"));
    refused(good, "\"source\":\"a.csv\"", "\"source\":null", SAYS("/sets/as/source", "a text", "null"));
    refused(good, "{\"0000\":1}", "{\"a/~b\":true}", SAYS("/sets/as/rows_by_lane/a~1~0b", "a count", "true"));
    refused(good, "{\"0000\":1}", "7", SAYS("/sets/as/rows_by_lane", "an object", "7"));
    refused(good, "{\"no_lane\":1}", "[1]", SAYS("/sets/as/dropped", "an object", "an array"));
    refused(good, "{\"bytes\":16,\"xxh3\":\"" HEX "\"}", "16", SAYS("/files/targets", "an object", "16"));
    refused(good, "\"" HEX "\"", "\"" HEX "0\"", SAYS("/files/targets/xxh3", "32 hexadecimal digits", "'" HEX "0'"));
    refused(good, "\"bytes\":16,", "", "entry 'ledger' /files/targets: the member 'bytes' is missing");
    refused(good, "\"rows\":1,\"postprocess\"", "\"rows\":\"1\",\"postprocess\"", SAYS("/post/rows", "a count", "'1'"));
    refused(good, "[\"0000\"]", "\"0000\"", SAYS("/incomplete", "an array", "'0000'"));
    refused(good, "[\"a.tar\"]", "[\"a.tar\",5]", SAYS("/folder/1", "a text", "5"));
    refused("{\"sets\":3}", "3", "3", SAYS("/sets", "an object", "3"));
    refused("{\"sets\":{\"as\":3}}", "3", "3", SAYS("/sets/as", "an object", "3"));
    refused("{\"files\":[]}", "[]", "[]", SAYS("/files", "an object", "an array"));
    refused("[]", "[]", "[]", "entry 'ledger': expected an object, found an array");
    refused(good_lane, "\"rows_in\":2,\"rows\":1", "\"rows_in\":2,\"rows\":{}", SAYS("/sets/as/1/rows", "a count", "an object"));
    refused(good_lane, "\"rows_in\":2,\"rows\":1", "\"rows\":1", "entry 'ledger' /sets/as/1: the member 'rows_in' is missing");
    refused(good_lane, "{\"Entity\":1}", "{\"Entity\":-1}", SAYS("/sets/as/1/dropped/Entity", "a count", "-1"));
    refused(good_lane, "\"none\"", "\"some\"", SAYS("/sets/as/2/rules", "an array of rules or 'none'", "'some'"));
    refused(good_lane, "\"stage\":\"x\"", "\"stage\":1", SAYS("/sets/as/2/stage", "a text", "1"));
    refused(good_lane, "\"no result\"", "5", SAYS("/outcome", "'result', 'no result', 'failed' or 'not chosen'", "5"));
    refused(good_lane, "\"no result\"", "\"done\"",
            SAYS("/outcome", "'result', 'no result', 'failed' or 'not chosen'", "'done'"));
    return check_done();
}
