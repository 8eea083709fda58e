/* SPDX-License-Identifier: MIT */
/* JSON: what is refused and how that is told, values that keep their text, numbers compared exactly; by RFC 8259. */
#include "check.h"

#include <time.h>

#include "codecs/decimal.h"
#include "codecs/json.h"

static struct ar_error error;

static bool said(const char *part)
{
    return strstr(error.what, part) || strstr(error.hint, part);
}

/* Both ways to read it refuse the text with a message that holds part. */
static void check_refused_bytes(const char *text, size_t n, const char *part)
{
    error = (struct ar_error){ 0 };
    json_t *json = ar_json_load(text, n, true, "x 'y'", &error);
    CHECK(!json && error.status == AR_INPUT && strstr(error.what, "x 'y'") && said(part), "load of '%s': %s (%s)", text,
          error.what, error.hint);
    json_decref(json);
    struct ar_json_doc doc;
    error = (struct ar_error){ 0 };
    int result = ar_json_doc_parse(&doc, text, n, "x 'y'", &error);
    CHECK(result == -1 && error.status == AR_INPUT && said(part), "doc of '%s': %s (%s)", text, error.what, error.hint);
    CHECK(doc.tokens == NULL && doc.count == 0);
    ar_json_doc_release(&doc);
}

static void check_refused(const char *text, const char *part)
{
    check_refused_bytes(text, strlen(text), part);
}

static void test_refusals(void)
{
    check_refused("", "empty");
    check_refused(" \n\t ", "empty");
    check_refused("\xEF\xBB\xBF{}", "without BOM");
    check_refused_bytes("{\0}", 3, "NUL byte");
    check_refused("{\"a\": \"x\\u0000\"}", "NUL");
    check_refused("{\"\\u0000\": 1}", "NUL");
    check_refused("[\"\xff\"]", "Save it as UTF-8");
    check_refused("[\"\xed\xa0\x80\"]", "UTF-8");
    check_refused("[\"\\ud800\"]", "line 1");
    check_refused("[NaN]", "null");
    check_refused("{\"a\": NaN, \"b\": 1}", "null");
    check_refused("[1,\n -Infinity]", "line 2");
    check_refused("[1,\n -Infinity]", "null");
    check_refused("Infinity", "null");
    check_refused("nan", "null");
    check_refused("[nanx]", "no JSON");
    check_refused("{\"a\": 1, \"a\": 2}", "'a' is there twice");
    check_refused("{\"a\": 1,\n\"a rather long name that jansson does not show\": 1, "
                  "\"a rather long name that jansson does not show\": 2}",
                  "line 2: the member 'a rather long name");
    check_refused("{\"a\\\"b\": 1, \"a\\u0022b\": 2}", "'a\"b' is there twice");
    check_refused("{\"x\": {\"\": 1, \"\": 2}}", "the member '' is there twice");
    static const char *const wrong[] = { "{",         "[1",        "[1,]",      "{'a': 1}", "{a: 1}",  "[01]",      "[1.]",
                                         "[.5]",      "[+1]",      "[1 2]",     "1 2",      "{} {}",   "tru",       "[\"a\nb\"]",
                                         "[\"\\x\"]", "// x\n{}",  "[1e400 x]", "[0x10]",   "{\"a\"}", "{\"a\": }", "]",
                                         "\"a",       "[1e400.5]", "[1e400-5]", "[1e400,]" };
    for (size_t i = 0; i < AR_COUNT(wrong); i++)
        check_refused(wrong[i], "line");
}

static char *nested(size_t depth)
{
    char *text = malloc(2 * depth);
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    return text;
}

static void test_depth(void)
{
    char *text = nested(513);
    check_refused_bytes(text, 1026, "512");
    free(text);
    text = nested(512);
    struct ar_json_doc doc;
    CHECK(ar_json_doc_parse(&doc, text, 1024, "x", &error) == 0, "%s", error.what);
    CHECK(doc.count == 512);
    ar_json_doc_release(&doc);
    free(text);
    CHECK(ar_json_doc_parse(&doc, "\"[[[[\"", 6, "x", &error) == 0);
    ar_json_doc_release(&doc);
    for (size_t depth = 62; depth <= 512; depth += depth < 67 ? 1 : 445) { /* about where the quick reader gives up, and at the end */
        text = nested(depth);
        json_t *json = ar_json_load(text, 2 * depth, false, "x", &error);
        size_t met = 0;
        for (const json_t *at = json; json_is_array(at); at = json_array_get(at, 0))
            met++;
        CHECK(met == depth, "%zu of %zu", met, depth);
        json_decref(json);
        free(text);
    }
    text = nested(1000000);
    check_refused_bytes(text, 2000000, "512");
    free(text);
}

static void test_numbers_keep_their_text(void)
{
    static const char text[] = "[0.80, 1e400, -1E+9999, 123456789012345678901234567890, \"1e400\", 1e-400]";
    struct ar_json_doc doc;
    CHECK(ar_json_doc_parse(&doc, text, strlen(text), "x", &error) == 0, "%s", error.what);
    static const char *const want[] = { "0.80", "1e400", "-1E+9999", "123456789012345678901234567890", "\"1e400\"", "1e-400" };
    struct ar_json_value root = ar_json_root(&doc), value;
    size_t i = 0;
    for (int position = 0; ar_json_each(&doc, &root, &position, NULL, &value); i++)
        CHECK_BYTES(value.text, value.len, want[i], strlen(want[i]));
    CHECK(i == AR_COUNT(want));
    ar_json_doc_release(&doc);

    char huge[1001]; /* 10^1000, an integer beyond any double */
    memset(huge, '0', sizeof huge);
    huge[0] = '1';
    CHECK(ar_json_doc_parse(&doc, huge, sizeof huge, "x", &error) == 0, "%s", error.what);
    root = ar_json_root(&doc);
    CHECK(root.type == AR_JSON_NUMBER && root.len == sizeof huge);
    ar_json_doc_release(&doc);
    CHECK(ar_json_load("1e400", 5, true, "x", &error) == NULL && strstr(error.what, "too large"), "%s", error.what);
    CHECK(ar_json_load("123456789012345678901", 21, false, "x", &error) == NULL && strstr(error.what, "too large"), "%s",
          error.what);
    json_t *json = ar_json_load("123456789012345678901", 21, true, "x", &error);
    CHECK(json_is_real(json));
    json_decref(json);
}

static void test_walking(void)
{
    static const char text[] =
        " {\"a\" : [1, {\"x\": [ ]}, [[]] ], \"\\u00e9\\\"\": {}, \"\": \"v\", \"n\":null, \"t\":true,\"f\":false}\n";
    struct ar_json_doc doc;
    CHECK(ar_json_doc_parse(&doc, text, strlen(text), "x", &error) == 0, "%s", error.what);
    struct ar_json_value root = ar_json_root(&doc), key, value, item;
    CHECK(root.type == AR_JSON_OBJECT && root.text == text + 1 && root.len == strlen(text) - 2);
    static const char *const keys[] = { "\"a\"", "\"\\u00e9\\\"\"", "\"\"", "\"n\"", "\"t\"", "\"f\"" };
    static const enum ar_json_type types[] = { AR_JSON_ARRAY, AR_JSON_OBJECT, AR_JSON_STRING,
                                               AR_JSON_NULL,  AR_JSON_TRUE,   AR_JSON_FALSE };
    size_t i = 0;
    for (int position = 0; ar_json_each(&doc, &root, &position, &key, &value); i++) {
        CHECK_BYTES(key.text, key.len, keys[i], strlen(keys[i]));
        CHECK(value.type == types[i]);
    }
    CHECK(i == 6);
    CHECK(ar_json_member(&doc, &root, "é\"", &value) && value.type == AR_JSON_OBJECT);
    int position = 0;
    CHECK(ar_json_each(&doc, &value, &position, &key, &item) == 0);
    CHECK(ar_json_member(&doc, &root, "", &value) && value.type == AR_JSON_STRING && value.len == 3);
    CHECK(ar_json_each(&doc, &value, &position, &key, &item) == 0);
    CHECK(!ar_json_member(&doc, &value, "a", &item) && !ar_json_member(&doc, &root, "b", &item));
    CHECK(ar_json_member(&doc, &root, "a", &value));
    position = 0;
    CHECK(ar_json_each(&doc, &value, &position, NULL, &item) == 1);
    CHECK_BYTES(item.text, item.len, "1", 1);
    CHECK(ar_json_each(&doc, &value, &position, NULL, &item) == 1);
    CHECK_BYTES(item.text, item.len, "{\"x\": [ ]}", 10);
    CHECK(ar_json_each(&doc, &value, &position, NULL, &item) == 1);
    CHECK_BYTES(item.text, item.len, "[[]]", 4);
    CHECK(ar_json_each(&doc, &value, &position, NULL, &item) == 0);
    ar_json_doc_release(&doc);
}

static void test_lone_values(void)
{
    static const struct {
        const char *text, *own;
        enum ar_json_type type;
    } lone[] = {
        { " -5.0e3\n", "-5.0e3", AR_JSON_NUMBER },      { "true", "true", AR_JSON_TRUE }, { "\tnull ", "null", AR_JSON_NULL },
        { " \"a\\\"\" ", "\"a\\\"\"", AR_JSON_STRING }, { "[]", "[]", AR_JSON_ARRAY },    { "{ } ", "{ }", AR_JSON_OBJECT }
    };
    for (size_t i = 0; i < AR_COUNT(lone); i++) {
        struct ar_json_doc doc;
        CHECK(ar_json_doc_parse(&doc, lone[i].text, strlen(lone[i].text), "x", &error) == 0, "%s", error.what);
        struct ar_json_value root = ar_json_root(&doc);
        CHECK(root.type == lone[i].type);
        CHECK_BYTES(root.text, root.len, lone[i].own, strlen(lone[i].own));
        ar_json_doc_release(&doc);
    }
}

static void check_append_at(const char *text, size_t want, bool want_first)
{
    struct ar_json_doc doc;
    CHECK(ar_json_doc_parse(&doc, text, strlen(text), "x", &error) == 0, "%s", error.what);
    struct ar_json_value root = ar_json_root(&doc);
    bool first;
    size_t at = ar_json_append_at(&doc, &root, &first);
    CHECK(at == want && first == want_first, "%zu %d", at, first);
    ar_json_doc_release(&doc);
}

static void test_strings(void)
{
    static const char text[] = "\"\\u00e9\\u20AC\\ud83d\\ude00 \\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041é\"";
    static const char want[] = "é€😀 \"\\/\b\f\n\r\tAé";
    struct ar_json_doc doc;
    CHECK(ar_json_doc_parse(&doc, text, strlen(text), "x", &error) == 0, "%s", error.what);
    struct ar_json_value root = ar_json_root(&doc);
    struct ar_buf buf;
    ar_buf_init(&buf);
    ar_json_decode(&buf, &root);
    CHECK_TEXT(buf.data, want);
    CHECK(ar_json_equals(&root, want, strlen(want)));
    CHECK(!ar_json_equals(&root, want, strlen(want) - 1) && !ar_json_equals(&root, "é", 2) && !ar_json_equals(&root, "", 0));
    ar_json_doc_release(&doc);

    ar_buf_clear(&buf);
    ar_json_add_string(&buf, "a\"\\\n\t\x01\x7f/é", strlen("a\"\\\n\t\x01\x7f/é"));
    CHECK_TEXT(buf.data, "\"a\\\"\\\\\\n\\t\\u0001\x7f/é\"");
    ar_buf_clear(&buf);
    ar_json_pointer_add(&buf, "a/b~c", 5);
    CHECK_TEXT(buf.data, "/a~1b~0c");
    ar_buf_clear(&buf);
    static const char tree[] = "{\"b\": [1, true, \"é/\\u0001\"],\n\"a\": {}}";
    json_t *json = ar_json_load(tree, strlen(tree), false, "x", &error);
    CHECK(json != NULL, "%s", error.what);
    ar_json_dump(&buf, json);
    CHECK_TEXT(buf.data, "{\"b\":[1,true,\"é/\\u0001\"],\"a\":{}}");
    json_decref(json);
    ar_buf_release(&buf);
    check_append_at("{ }", 1, true);
    check_append_at(" {\"a\": [1] }", 10, false);
}

/* A text in the form that is written comes out as it went in. */
static void test_dump(void)
{
    static const char *const texts[] = {
        "{}", "[]", "0", "-1", "9223372036854775807", "-9223372036854775808", "0.5", "-2.25", "0.037", "0.1", "1234.001", "5e-324", "\"\"", "null", "true", "false",
        "{\"\":{\"b\":[[],[{}],[1,-20,\"x\"]],\"a\":null},\"z\\n\":[0.5,false]}", "[\"\\\\\\\"\\u001f\\b/é輝\"]",
    };
    for (size_t i = 0; i < AR_COUNT(texts); i++) {
        struct ar_buf buf;
        ar_buf_init(&buf);
        json_t *json = ar_json_load(texts[i], strlen(texts[i]), false, "x", &error);
        CHECK(json != NULL, "%s", error.what);
        ar_json_dump(&buf, json);
        CHECK_TEXT(buf.data, texts[i]);
        json_decref(json);
        ar_buf_release(&buf);
    }
    struct ar_buf none;
    ar_buf_init(&none);
    ar_json_dump(&none, NULL);
    CHECK(ar_buf_check(&none, &error) == -1);
    ar_buf_release(&none);
}

static void check_shown(const char *text, const char *want)
{
    struct ar_json_doc doc;
    CHECK(ar_json_doc_parse(&doc, text, strlen(text), "x", &error) == 0, "%s", error.what);
    struct ar_json_value root = ar_json_root(&doc);
    struct ar_buf buf;
    ar_buf_init(&buf);
    ar_json_show(&buf, &root);
    CHECK_TEXT(buf.data, want);
    ar_buf_release(&buf);
    ar_json_doc_release(&doc);
}

static void test_showing(void)
{
    check_shown("\"h\\u0069gh\"", "'high'");
    check_shown("0.80", "0.80");
    check_shown("{\"a\":1}", "an object");
    check_shown("[]", "an array");
    check_shown("null", "null");
    check_shown("\"éééééééééééééééééééééééééééééééééééééééé\"", "'éééééééééééééééééééééééééééééééééééééééé'");
    check_shown("\"ééééééééééééééééééééééééééééééééééééééééx\"", "'éééééééééééééééééééééééééééééééééééééééé…'");
}

/* 100,000 members, each with something in it, in well under a second: a step does not look at what it passes. */
static void test_many_members(void)
{
    struct ar_buf text;
    ar_buf_init(&text);
    for (int i = 0; i < 100000; i++)
        ar_buf_add_format(&text, "%s\"k%d\":[%d,[]]", i ? "," : "{", i, i);
    ar_buf_add_char(&text, '}');
    struct ar_json_doc doc;
    clock_t start = clock();
    CHECK(ar_json_doc_parse(&doc, text.data, text.len, "x", &error) == 0, "%s", error.what);
    struct ar_json_value root = ar_json_root(&doc), key, value;
    int n = 0;
    for (int position = 0; ar_json_each(&doc, &root, &position, &key, &value);)
        n++;
    CHECK(n == 100000);
    CHECK_BYTES(value.text, value.len, "[99999,[]]", 10);
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    CHECK(seconds < 5, "%g s", seconds);
    ar_json_doc_release(&doc);
    ar_buf_release(&text);
}

static int compare(const char *a, const char *b)
{
    return ar_decimal_compare(a, strlen(a), b, strlen(b));
}

static void test_decimals(void)
{
    /* Ascending; those in one line are equal. */
    static const char *const order[][4] = {
        { "-1e400", "-10e399" },
        { "-123456789012345678901234567890.5" },
        { "-10", "-10.0", "-1e1", "-100E-1" },
        { "-9.99" },
        { "-0.05", "-5e-2" },
        { "-1e-400" },
        { "0", "-0", "0.000", "0e99999999999999999999" },
        { "1e-400" },
        { "0.05", "0.050", "5e-2", "0.5e-1" },
        { "0.051" },
        { "0.5" },
        { "1", "1.0", "10e-1", "0.001e3" },
        { "9007199254740992" },
        { "9007199254740993", "9007199254740993.000" },
        { "1e400", "1E+400", "0.01e402" },
        { "1.1e400" },
    };
    for (size_t i = 0; i < AR_COUNT(order); i++)
        for (size_t k = 0; k < 4 && order[i][k]; k++) {
            CHECK(compare(order[i][k], order[i][0]) == 0, "%s = %s", order[i][k], order[i][0]);
            for (size_t other = 0; other < i; other++)
                CHECK(compare(order[i][k], order[other][0]) > 0 && compare(order[other][0], order[i][k]) < 0, "%s > %s",
                      order[i][k], order[other][0]);
        }
    static const char *const whole[] = { "5", "5.0", "-0.0", "1.5e1", "1e400", "120e-1", "0e-5", "100" };
    for (size_t i = 0; i < AR_COUNT(whole); i++)
        CHECK(ar_decimal_is_integer(whole[i], strlen(whole[i])), "%s", whole[i]);
    static const char *const broken[] = { "5.1", "1e-1", "0.05", "1e-400", "121e-1", "9007199254740993.5" };
    for (size_t i = 0; i < AR_COUNT(broken); i++)
        CHECK(!ar_decimal_is_integer(broken[i], strlen(broken[i])), "%s", broken[i]);
    int64_t value;
    CHECK(ar_decimal_to_integer("-1.20e2", 7, &value) && value == -120);
    CHECK(ar_decimal_to_integer("0.0", 3, &value) && value == 0);
    CHECK(!ar_decimal_to_integer("1e30", 4, &value) && !ar_decimal_to_integer("0.5", 3, &value));
    CHECK(ar_decimal_to_integer("123456789012345678", 18, &value) && value == 123456789012345678);
}

int main(void)
{
    test_refusals();
    test_depth();
    test_numbers_keep_their_text();
    test_walking();
    test_lone_values();
    test_strings();
    test_showing();
    test_dump();
    test_many_members();
    test_decimals();
    return check_done();
}
