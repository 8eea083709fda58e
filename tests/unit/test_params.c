/* SPDX-License-Identifier: MIT */
/* Params: one JSON object, and single members set with no other byte changed. */
#include "check.h"

#include <fcntl.h>

#include "bytes/io.h"
#include "lanes/params.h"

static struct ar_error error;

static void check_set(const char *params, const char *assignment, const char *want)
{
    struct ar_buf buf;
    ar_buf_init(&buf);
    ar_buf_add_text(&buf, params);
    error = (struct ar_error){ 0 };
    CHECK(ar_params_set(&buf, assignment, &error) == 0, "%s", error.what);
    CHECK_TEXT(buf.data, want);
    ar_buf_release(&buf);
}

static void check_refused(const char *params, const char *assignment, const char *what, const char *hint)
{
    struct ar_buf buf;
    ar_buf_init(&buf);
    ar_buf_add_text(&buf, params);
    error = (struct ar_error){ 0 };
    CHECK(ar_params_set(&buf, assignment, &error) == -1 && error.status == AR_INPUT, "%s", assignment);
    CHECK(strstr(error.what, what) != NULL, "%s: %s", assignment, error.what);
    CHECK(strstr(error.hint, hint) != NULL, "%s: %s", assignment, error.hint);
    CHECK_TEXT(buf.data, params);
    ar_buf_release(&buf);
}

static void test_setting(void)
{
    check_set("", "a=1", "{\"a\": 1}");
    check_set("{}", "a=0.80", "{\"a\": 0.80}");
    check_set(" { }\n", "a=1e400", " {\"a\": 1e400 }\n");
    check_set("{\n  \"b\": 1.10\n}\n", "a=[1,  2]", "{\n  \"b\": 1.10, \"a\": [1,  2]\n}\n");
    check_set("{\"a\" : 1.0,\"b\":2.50 }", "a= \"x=y\" ", "{\"a\" : \"x=y\",\"b\":2.50 }");
    check_set("{\"b\":{\"a\":1},\"a\":{\"b\":2}}", "a=null", "{\"b\":{\"a\":1},\"a\":null}");
    check_set("{\"\\u0061\": 1}", "a=2", "{\"\\u0061\": 2}");
    check_set("{}", "a\"b\\=true", "{\"a\\\"b\\\\\": true}");
    check_set("{}", "視野 1={\"x\": {}}", "{\"視野 1\": {\"x\": {}}}");
    check_set("{}", "a.b=1", "{\"a.b\": 1}");
}

static void test_refusals(void)
{
    check_refused("{}", "a", "-P 'a': expected NAME=JSON", "-P 'note=\"abc\"'");
    check_refused("{}", "=1", "expected NAME=JSON", "-P");
    check_refused("{}", "\xff=1", "not UTF-8", "");
    check_refused("{}", "note=abc", "'note'", "a text needs quotes: -P 'note=\"abc\"'.");
    check_refused("{}", "note=", "is empty", "-P 'note=\"\"'");
    check_refused("{}", "id=007", "no JSON", "-P 'id=\"007\"'");
    check_refused("{}", "note=\"abc", "no JSON", "-P 'note=\"abc\"'");
    check_refused("{}", "x=NaN", "NaN", "null");
    check_refused("{}", "x=1 2", "no JSON", "quotes");
    check_refused("{}", "x={\"a\":1,\"a\":2}", "'a' is there twice", "");
    check_refused("[]", "x=1", "params: expected a JSON object, found an array", "");
    check_refused("{", "x=1", "params, line 1", "");
    struct ar_buf deep;
    ar_buf_init(&deep);
    ar_buf_add_text(&deep, "x=");
    for (int i = 0; i < 512; i++)
        ar_buf_add_char(&deep, '[');
    for (int i = 0; i < 512; i++)
        ar_buf_add_char(&deep, ']');
    check_refused("{}", deep.data, "nested deeper than 512", "");
    ar_buf_release(&deep);
}

static void test_checking(void)
{
    struct ar_buf buf;
    ar_buf_init(&buf);
    ar_buf_add(&buf, "{}\0x", 4);
    CHECK(ar_params_set(&buf, "a=1", &error) == -1 && strstr(error.what, "NUL byte"), "%s", error.what);
    CHECK_BYTES(buf.data, buf.len, "{}\0x", 4);
    ar_buf_release(&buf);
    CHECK(ar_params_check("{}", 2, "params", &error) == 0);
    CHECK(ar_params_check(" {\"a\": 1e999}\n", 14, "params", &error) == 0, "%s", error.what);
    CHECK(ar_params_check("5", 1, "params 'p'", &error) == -1);
    CHECK_TEXT(error.what, "params 'p': expected a JSON object, found 5");
    CHECK(ar_params_check("", 0, "params 'p'", &error) == -1);
    CHECK_TEXT(error.what, "params 'p' is empty, JSON was expected");
}

static void test_files(void)
{
    const char *tmp = getenv("TMPDIR");
    char folder[4096], path[4200];
    snprintf(folder, sizeof folder, "%s/ar-params-XXXXXX", tmp ? tmp : "/tmp");
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/params.json", folder);
    struct ar_buf buf;
    ar_buf_init(&buf);
    CHECK(ar_params_load(path, &buf, &error) == -1 && error.status == AR_INPUT && strstr(error.what, "No such file"), "%s",
          error.what);
    static const char text[] = "\n{\"t\": 0.80}\r\n \n";
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    CHECK(ar_params_load(path, &buf, &error) == 0, "%s", error.what);
    CHECK_TEXT(buf.data, text);
    CHECK(ftruncate(fd, 4) == 0);
    ar_buf_clear(&buf);
    CHECK(ar_params_load(path, &buf, &error) == -1 && strstr(error.what, "params '/") == error.what, "%s", error.what);
    close(fd);
    unlink(path);
    rmdir(folder);
    ar_buf_release(&buf);
}

int main(void)
{
    test_setting();
    test_refusals();
    test_checking();
    test_files();
    return check_done();
}
