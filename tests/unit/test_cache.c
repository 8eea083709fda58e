/* SPDX-License-Identifier: MIT */
/*
 * Kept results: what a record and its key are, that nothing damaged is taken for a result, and what a method consists of. The
 * records are written by hand; their keys are what xxh128sum(1) prints for them.
 */
#include "methods/cache_why.h"

#include "bytes/file.h"
#include "methods/cache_key.h"
#include "methods/method_files.h"

#include "check.h"
#include "scratch.h"

#define HEX_A "0123456789abcdef0123456789abcdef"
#define HEX_B "00000000000000000000000000000001"

/* ---- records -------------------------------------------------------------------------------------------------------- */

static const char ledger_text[] =
    "{\"sets\":{\"spots\":[{\"stage\":\"split\",\"rows_in\":2,\"rows\":2,\"bytes\":9,\"xxh3\":\"" HEX_B "\"},"
    "{\"stage\":\"cleanse\",\"rows_in\":2,\"rows\":1,\"bytes\":7,\"xxh3\":\"" HEX_A "\"}],"
    "\"around\":[{\"stage\":\"split\",\"rows_in\":0,\"rows\":0,\"bytes\":4,\"xxh3\":\"" HEX_B "\"}]},\"files\":{}}";

#define METHOD "\"method\":{\"argv\":[\"m\"]}"

/* The record of lane 0000 with these params, by this contract. */
static char *record_of(const char *params, enum ar_contract contract, const struct ar_manifest *manifest)
{
    struct ar_error error = { 0 };
    struct ar_ledger ledger = { 0 };
    struct ar_buf record, method, text;
    struct ar_target target = { .data = "0000", .data_len = 4, .sample = (char[]){ "a \"b\"" }, .sample_len = 5 };
    ar_buf_init(&record);
    ar_buf_init(&method);
    ar_buf_init(&text);
    ar_buf_add_text(&method, METHOD);
    ar_buf_add_text(&text, params);
    struct ar_cache_run run = { .contract = contract, .fields = 12, .manifest = manifest, .method = &method };
    ar_buf_init(&run.params);
    ar_buf_init(&run.canonical);
    CHECK(ar_ledger_parse(&ledger, ledger_text, strlen(ledger_text), "ledger", &error) == 0, "%s", error.what);
    for (int i = 0; i < 2; i++) { /* the second time from what it remembers */
        ar_buf_clear(&record);
        CHECK(ar_cache_record_lane(&run, &record, &target, &text, &ledger, &error) == 0, "%s", error.what);
    }
    ar_ledger_release(&ledger);
    ar_buf_release(&run.params);
    ar_buf_release(&run.canonical);
    ar_buf_release(&method);
    ar_buf_release(&text);
    char *copy = strdup(record.data);
    ar_buf_release(&record);
    return copy;
}

static void test_record(void)
{
    char *record = record_of(" {\"b\" : 0.80 , \"a b\":[1, 2 ,{\"x\" :\" y \\\" \"}],\n \"\\u0041\":null}", AR_CONTRACT_FILES, NULL);
    CHECK_TEXT(record, "{\"cache\":1,\"step\":\"analyze\",\"data\":\"0000\",\"sample\":\"a \\\"b\\\"\","
                       "\"params\":{\"A\":null,\"a b\":[1,2,{\"x\":\" y \\\" \"}],\"b\":0.80},"
                       "\"sets\":{\"around\":{\"bytes\":4,\"xxh3\":\"" HEX_B "\"},\"spots\":{\"bytes\":7,\"xxh3\":\"" HEX_A "\"}},"
                       "\"contract\":\"files\",\"fields\":12," METHOD "}");
    free(record);
}

static void test_params(void)
{
    char *one = record_of("{\"a\":1,\"b\":2.50}", AR_CONTRACT_FILES, NULL), *other = record_of("{ \"b\":2.50,\n\"a\" :1}", AR_CONTRACT_FILES, NULL);
    CHECK_TEXT(one, other);
    free(other);
    static const char *const different[] = { "{\"a\":1,\"b\":2.5}", "{\"a\":1}", "{\"a\":1,\"b\":\"2.50\"}", "{\"a\":2.50,\"b\":1}", "{}" };
    for (size_t i = 0; i < AR_COUNT(different); i++) {
        other = record_of(different[i], AR_CONTRACT_FILES, NULL);
        CHECK(strcmp(one, other) != 0, "%s", different[i]);
        free(other);
    }
    free(one);
    char *digits = record_of("{\"big\":123456789012345678901234567890}", AR_CONTRACT_FILES, NULL);
    CHECK(strstr(digits, "{\"big\":123456789012345678901234567890}") != NULL, "%s", digits);
    free(digits);
}

/* A manifest's text columns count where pickles are handed over, and nowhere else. */
static void test_text_columns(void)
{
    static const char text[] = "{\"name\":\"m\",\"analyze\":[\"./m\"],\"image_analysis_results\":{"
                               "\"spots\":{\"cleansing\":\"none\",\"text\":[\"Z\",\"Plate\"]},\"other\":{\"cleansing\":\"none\",\"text\":[\"X\"]}}}";
    struct ar_error error = { 0 };
    struct ar_manifest manifest;
    CHECK(ar_manifest_parse(&manifest, text, strlen(text), "/", "manifest", &error) == 0, "%s", error.what);
    char *files = record_of("{}", AR_CONTRACT_FILES, &manifest), *first = record_of("{}", AR_CONTRACT_FIRST, &manifest);
    CHECK(strstr(files, "\"text\"") == NULL, "%s", files);
    CHECK(strstr(first, ",\"text\":{\"spots\":[\"Plate\",\"Z\"]},\"contract\":\"first\"") != NULL, "%s", first);
    free(files);
    free(first);
    ar_manifest_release(&manifest);
}

static void test_key(void)
{
    struct ar_buf record;
    char key[AR_DIGEST_HEX + 1];
    ar_buf_init(&record);
    ar_buf_add_text(&record, "{\"cache\":1}");
    ar_cache_key(&record, key);
    CHECK_TEXT(key, "8126dd6cc7da659d5cd2b305464a20f8");
    ar_buf_release(&record);
}

/* ---- differences ---------------------------------------------------------------------------------------------------- */

#define BEFORE                                                                                                                 \
    "{\"cache\":1,\"step\":\"analyze\",\"data\":\"L\",\"sample\":\"A\",\"params\":{\"old\":1,\"t\":0.8},\"sets\":{\"s\":{\"bytes\":1,"   \
    "\"xxh3\":\"1\"}},\"text\":{\"s\":[\"A\"]},\"contract\":\"files\",\"fields\":12,\"method\":{\"argv\":[{\"file\":\"m\",\"xxh3\":\"1\"}," \
    "\"-x\"],\"files\":{\"m\":\"1\",\"n\":\"2\"}},\"version\":\"1\"}"

static void differs(const char *from, const char *to, int n, const char *want)
{
    struct ar_error error = { 0 };
    struct ar_buf before, after, why;
    const char *at = strstr(BEFORE, from);
    ar_buf_init(&before);
    ar_buf_init(&after);
    ar_buf_init(&why);
    ar_buf_add_text(&before, BEFORE);
    ar_buf_add(&after, BEFORE, (size_t)(at - BEFORE));
    ar_buf_add_format(&after, "%s%s", to, at + strlen(from));
    int got = ar_cache_compare(&before, &after, &why, &error);
    CHECK(got == n, "%d differences: %s %s", got, why.data, error.what);
    CHECK_TEXT(why.data, want);
    ar_buf_release(&before);
    ar_buf_release(&after);
    ar_buf_release(&why);
}

static void test_differences(void)
{
    differs("", "", 0, "");
    differs("\"t\":0.8", "\"t\":0.9", 1, "params: t 0.8 → 0.9");
    differs("\"old\":1,\"t\":0.8", "\"new\":[1],\"t\":0.8", 2, "params: new [1] is new; params: old 1 is gone");
    differs("\"t\":0.8", "\"t\":\"0123456789012345678901234567890123456789\"", 1,
            "params: t 0.8 → \"012345678901234567890123456789012345678…");
    differs("\"s\":{\"bytes\":1,\"xxh3\":\"1\"}", "\"s\":{\"bytes\":1,\"xxh3\":\"2\"}", 1, "set s changed");
    differs("\"s\":{\"bytes\":1,\"xxh3\":\"1\"}", "\"s\":{\"bytes\":1,\"xxh3\":\"1\"},\"z\":{}", 1, "set z is new");
    differs("\"sample\":\"A\"", "\"sample\":\"B\"", 1, "sample name changed: \"A\" → \"B\"");
    differs("[\"A\"]", "[]", 1, "text columns of s changed");
    differs("\"contract\":\"files\"", "\"contract\":\"lanes\"", 1, "contract \"files\" → \"lanes\"");
    differs("\"fields\":12", "\"fields\":6", 1, "fields 12 → 6");
    differs("\"version\":\"1\"", "\"version\":\"2\"", 1, "version changed");
    differs(",\"version\":\"1\"", "", 1, "version changed");
    differs("\"-x\"", "\"-y\"", 1, "method: \"-x\" → \"-y\"");
    differs(",\"-x\"", "", 1, "method: \"-x\" is gone");
    differs("\"-x\"", "\"-x\",{\"file\":\"a.csv\",\"xxh3\":\"1\"}", 1, "method: \"a.csv\" is new");
    differs("\"xxh3\":\"1\"},\"-x\"],\"files\":{\"m\":\"1\"", "\"xxh3\":\"2\"},\"-x\"],\"files\":{\"m\":\"2\"", 1, "file m changed");
    differs("\"m\":\"1\",\"n\":\"2\"", "\"m\":\"1\"", 1, "file n is gone");
    differs("{\"m\":\"1\",\"n\":\"2\"}", "{\"bytes\":7,\"xxh3\":\"2\"}", 1, "files of the method changed");
    differs("\"cache\":1", "\"cache\":2", 1, "kept by another version of the tools");
}

/* ---- results -------------------------------------------------------------------------------------------------------- */

static const char picture[] = "\x89PNG\0 a picture";

static void put(const struct ar_cache *cache, const char *key, const char *record_text, const char *body, size_t n)
{
    struct ar_error error = { 0 };
    struct ar_buf record;
    const struct ar_cache_source sources[] = {
        { .name = "data_name", .bytes = "L", .n = 1 },
        { .name = "images/a.png", .bytes = body, .n = n, .image_type = "png" },
        { .name = "analysis_result", .bytes = "n\n1\n", .n = 4 },
    };
    static const char given[] = "{\"s\":[{\"stage\":\"method\",\"rows_in\":2,\"rows\":1}]}";
    struct ar_tree sets = { 0 };
    CHECK(ar_tree_parse(&sets, given, sizeof given - 1, "sets", &error) == 0, "%s", error.what);
    ar_buf_init(&record);
    ar_buf_add_text(&record, record_text);
    CHECK(ar_cache_put(cache, key, &record, sources, AR_COUNT(sources), "result", sets.root, &error) == 0, "%s", error.what);
    ar_tree_release(&sets);
    ar_buf_release(&record);
}

/* What is kept comes back, from memory and, where it is large, from the file. */
static void test_results(const struct ar_cache *cache, const char *key, const char *body, size_t n)
{
    struct ar_error error = { 0 };
    struct ar_cache_entry entry;
    struct ar_buf read;
    ar_cache_entry_init(&entry);
    ar_buf_init(&read);
    put(cache, key, "{}", body, n);
    CHECK(ar_cache_get(cache, key, &entry, &error) == 1, "%s", error.what);
    CHECK_TEXT(ar_cache_entry_outcome(&entry), "result");
    const struct ar_cache_item *image = ar_cache_entry_find(&entry, "images/a.png"), *result = ar_cache_entry_find(&entry, "analysis_result");
    CHECK(entry.n == 2 && image && result && ar_cache_entry_find(&entry, "data_name") == NULL, "%zu", entry.n);
    if (image) {
        CHECK_TEXT(image->image_type, "png");
        CHECK(ar_cache_entry_read(&entry, image, &read, &error) == 0, "%s", error.what);
        CHECK(read.len == n && memcmp(read.data, body, n) == 0, "another picture");
    }
    struct ar_record method = { 0 };
    CHECK(ar_ledger_first(&entry.ledger, "s", &method) && method.rows_in == 2 && method.rows == 1, "%s", "no record");
    ar_cache_entry_release(&entry);
    ar_buf_release(&read);
}

/* Not one byte of it can be another, and none be missing or too many. */
static void test_damage(const struct ar_cache *cache, const char *key)
{
    struct ar_error error = { 0 };
    struct ar_cache_entry entry;
    char name[64];
    size_t n = 0;
    snprintf(name, sizeof name, "cache/%s.tar", key);
    char *whole = scratch_get(name, &n);
    size_t taken = 0;
    ar_cache_entry_init(&entry);
    int fd = open(scratch_path(name), O_RDWR | O_CLOEXEC);
    for (size_t i = 0; i < n; i++) {
        char other = (char)(whole[i] ^ 1 << i % 8);
        CHECK(pwrite(fd, &other, 1, (off_t)i) == 1, "%zu", i);
        taken += ar_cache_get(cache, key, &entry, &error) != -1;
        CHECK(pwrite(fd, &whole[i], 1, (off_t)i) == 1, "%zu", i);
    }
    CHECK(taken == 0, "%zu", taken);
    for (size_t i = n; i-- > 0;) {
        CHECK(ftruncate(fd, (off_t)i) == 0, "%zu", i);
        taken += ar_cache_get(cache, key, &entry, &error) != -1;
    }
    CHECK(taken == 0, "%zu", taken);
    close(fd);
    char *longer = calloc(1, n + 512);
    memcpy(longer, whole, n);
    scratch_put(name, longer, n + 512);
    CHECK(ar_cache_get(cache, key, &entry, &error) == -1, "longer");
    scratch_put(name, whole, n);
    CHECK(ar_cache_get(cache, key, &entry, &error) == 1, "%s", error.what);
    scratch_put("cache/" HEX_B ".tar", whole, n);
    CHECK(ar_cache_get(cache, HEX_B, &entry, &error) == -1, "under another key");
    CHECK_TEXT(error.what, "it is damaged: it is the result of another key");
    ar_cache_entry_release(&entry);
    free(longer);
    free(whole);
}

/* ---- what a method consists of -------------------------------------------------------------------------------------- */

/* The names that patterns (with blanks between them) give, each with a blank behind it. */
static void lists(const char *text, const char *want)
{
    char *copy = strdup(text), *rest = copy, *patterns[8] = { NULL };
    for (size_t i = 0; i < 7 && rest; i++)
        patterns[i] = strsep(&rest, " ");
    struct ar_error error = { 0 };
    struct ar_method_files files = { 0 };
    struct ar_buf names;
    ar_buf_init(&names);
    if (ar_method_files_list(&files, patterns, scratch_path("m[1]"), &error) != 0)
        ar_buf_add_text(&names, error.what);
    else
        for (size_t i = 0; i < files.n; i++)
            ar_buf_add_format(&names, "%s ", files.file[i].name);
    CHECK_TEXT(names.data, want);
    ar_buf_release(&names);
    ar_method_files_release(&files);
    free(copy);
}

#define LIST(...) ((char *[]){ __VA_ARGS__, NULL })

static void test_files(void)
{
    static const char *const folders[] = { "m[1]", "m[1]/lib", "m[1]/lib/__pycache__", "m[1]/lib/deep", "m[1]/.git", "m[1]/empty" };
    static const char *const names[] = { "m[1]/run", "m[1]/a.awk", "m[1]/b.awk", "m[1]/.hidden", "m[1]/lib/x.py", "m[1]/lib/deep/y.py",
                                         "m[1]/lib/__pycache__/x.pyc", "m[1]/.git/config" };
    for (size_t i = 0; i < AR_COUNT(folders); i++)
        CHECK(mkdir(scratch_path(folders[i]), 0700) == 0, "%s", folders[i]);
    for (size_t i = 0; i < AR_COUNT(names); i++)
        scratch_put(names[i], names[i], strlen(names[i]));
    CHECK(symlink("../run", scratch_path("m[1]/lib/link")) == 0 && symlink("..", scratch_path("m[1]/lib/up")) == 0, "links");
    char absolute[PATH_MAX];
    snprintf(absolute, sizeof absolute, "%s b.awk", scratch_path("m?1]/a.awk"));
    lists("run", "run ");
    lists("./run *.awk", "a.awk b.awk run ");
    lists("[ab].awk a.awk run", "a.awk b.awk run ");
    lists("lib", "deep/y.py link x.py ");
    lists("lib/ run", "lib/deep/y.py lib/link lib/x.py run ");
    lists(".", "a.awk b.awk lib/deep/y.py lib/link lib/x.py run ");
    lists(absolute, "a.awk b.awk ");
    lists("run *.gp", "manifest: no file is found by '*.gp', of which the method consists");
    lists("empty", "manifest: no file is found by 'empty', of which the method consists");
}

/* A method's text does not tell where it lies. */
static void test_parts(void)
{
    struct ar_error error = { 0 };
    struct ar_method_parts parts;
    char program[PATH_MAX], folder[PATH_MAX];
    snprintf(program, sizeof program, "%s", scratch_path("m[1]/run"));
    snprintf(folder, sizeof folder, "%s", scratch_path("m[1]"));
    struct ar_method_what what = { .argv = LIST((char[]){ "some/run" }, (char[]){ "b.awk" }, (char[]){ "-x" }, (char[]){ "/etc" }),
                                   .program = program, .start_dir = folder };
    CHECK(ar_method_parts_read(&parts, &what, &error) == 0, "%s", error.what);
    char run[AR_DIGEST_HEX + 1], awk[AR_DIGEST_HEX + 1], want[500];
    ar_digest_bytes("m[1]/run", 8, run);
    ar_digest_bytes("m[1]/b.awk", 10, awk);
    snprintf(want, sizeof want, "\"method\":{\"argv\":[{\"file\":\"run\",\"xxh3\":\"%s\"},{\"file\":\"b.awk\",\"xxh3\":\"%s\"},\"-x\",\"/etc\"]}", run, awk);
    CHECK_TEXT(parts.text.data, want);
    CHECK(ar_method_parts_changed(&parts) == NULL, "changed");
    scratch_put("m[1]/new", "n", 1);
    CHECK(rename(scratch_path("m[1]/new"), scratch_path("m[1]/b.awk")) == 0, "rename");
    CHECK(ar_method_parts_changed(&parts) != NULL, "not changed");
    ar_method_parts_release(&parts);
    what.argv = LIST((char[]){ "run" });
    what.patterns = LIST((char[]){ "a.awk" });
    what.folder = folder;
    CHECK(ar_method_parts_read(&parts, &what, &error) == 0, "%s", error.what);
    ar_digest_bytes("m[1]/a.awk", 10, awk);
    snprintf(want, sizeof want, "\"method\":{\"argv\":[\"run\"],\"files\":{\"a.awk\":\"%s\"}}", awk);
    CHECK_TEXT(parts.text.data, want);
    ar_method_parts_release(&parts);
    /* Lists may be long: their reading can be stopped. */
    volatile sig_atomic_t stop = 1;
    what.stop = &stop;
    CHECK(ar_method_parts_read(&parts, &what, &error) != 0 && error.system_errno == EINTR, "not stopped");
    ar_method_parts_release(&parts);
}

int main(void)
{
    struct ar_error error = { 0 };
    struct ar_cache cache;
    scratch_begin();
    test_record();
    test_params();
    test_text_columns();
    test_key();
    test_differences();
    CHECK(ar_cache_open(&cache, scratch_path("cache"), true, &error) == 0, "%s", error.what);
    test_results(&cache, HEX_A, picture, sizeof picture);
    test_damage(&cache, HEX_A);
    char *large = malloc(5000001);
    memset(large, 'l', 5000001);
    test_results(&cache, HEX_A, large, 5000001);
    free(large);
    ar_cache_release(&cache);
    test_files();
    test_parts();
    return check_done();
}
