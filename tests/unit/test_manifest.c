/* SPDX-License-Identifier: MIT */
/* The manifest: what it says is found again, and each mistake is told with its place. */
#include "check.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "bytes/io.h"
#include "methods/manifest.h"

static struct ar_error error;

static int parse(struct ar_manifest *manifest, const char *text)
{
    char *json = strdup(text); /* ' for ", to be read more easily */
    for (char *at = json; *at; at++)
        if (*at == '\'')
            *at = '"';
    error = (struct ar_error){ 0 };
    int result = ar_manifest_parse(manifest, json, strlen(json), "/m", "manifest 'x'", &error);
    free(json);
    return result;
}

static void check_list(char *const *list, const char *const *want, size_t n)
{
    CHECK(list != NULL);
    for (size_t i = 0; list && i < n; i++)
        CHECK_TEXT(list[i] ? list[i] : "(end)", want[i]);
    CHECK(list && list[n] == NULL);
}
#define CHECK_LIST(list, ...)                                                                                                    \
    check_list((list), (const char *const[]){ __VA_ARGS__ }, AR_COUNT(((const char *const[]){ __VA_ARGS__ })))

static void test_whole(void)
{
    struct ar_manifest m;
    CHECK(parse(&m,
                "{'name': 'spot-stats', 'description': '輝点', 'params': {'properties': {'t': {'default': 0.80}}}, "
                "'image_analysis_results': {'spots': {'description': 'd', 'text': ['Plate', 'W'], 'cleansing': [{'entity': ['A', "
                "'B']}, "
                "{'where': 'Channel', 'is': ['1', '']}]}, '_all2': {'cleansing': 'none'}}, 'analyze': ['./analyze', '-x', ''], "
                "'files': ['analyze', 'lib.R'], 'postprocess': ['judge'], 'postprocess_files': [], 'contract': 'first', "
                "'fields': 9.0, "
                "'version': ['R', '--version']}") == 0,
          "%s", error.what);
    CHECK_TEXT(m.name, "spot-stats");
    CHECK_TEXT(m.description, "輝点");
    CHECK(m.n_sets == 2 && m.contract == AR_CONTRACT_FIRST && m.fields == 9);
    CHECK_LIST(m.analyze, "./analyze", "-x", "");
    CHECK_LIST(m.files, "analyze", "lib.R");
    CHECK_LIST(m.postprocess, "judge");
    CHECK_LIST(m.version, "R", "--version");
    CHECK(m.postprocess_files && !m.postprocess_files[0]);

    const struct ar_manifest_set *set = ar_manifest_set(&m, "spots");
    CHECK(set == &m.set[0] && !set->rules.none && set->rules.n == 2);
    CHECK_TEXT(set->description, "d");
    CHECK_LIST(set->text, "Plate", "W");
    CHECK_TEXT(set->rules.rule[0].column, "Entity");
    CHECK(set->rules.rule[0].n_values == 2);
    CHECK_TEXT(set->rules.rule[0].values[1], "B");
    CHECK_TEXT(set->rules.rule[1].column, "Channel");
    CHECK_TEXT(set->rules.rule[1].values[0], "1");
    CHECK_TEXT(set->rules.rule[1].values[1], "");
    set = ar_manifest_set(&m, "_all2");
    CHECK(set && set->rules.none && set->rules.n == 0 && !set->text && !set->description);
    CHECK(!ar_manifest_set(&m, "Spots"));

    struct ar_buf out;
    ar_buf_init(&out);
    CHECK(ar_schema_apply(m.params, "{}", 2, &out, "params", &error) == 0, "%s", error.what);
    CHECK_TEXT(out.data, "{\"t\": 0.80}");
    ar_buf_clear(&out);
    ar_manifest_program(&m, m.analyze[0], &out);
    CHECK_TEXT(out.data, "/m/analyze");
    ar_buf_clear(&out);
    ar_manifest_program(&m, m.postprocess[0], &out);
    CHECK_TEXT(out.data, "judge");
    ar_buf_clear(&out);
    ar_manifest_program(&m, "/usr/bin/R", &out);
    CHECK_TEXT(out.data, "/usr/bin/R");
    ar_buf_clear(&out);
    ar_manifest_path(&m, m.files[1], &out);
    CHECK_TEXT(out.data, "/m/lib.R");
    ar_buf_release(&out);
    ar_manifest_release(&m);
}

#define SETS "'image_analysis_results': {'s': {'cleansing': 'none'}}"
#define REST "'name': 'n', 'analyze': ['a']"

static void test_least(void)
{
    struct ar_manifest m;
    CHECK(parse(&m, "{" REST ", " SETS "}") == 0, "%s", error.what);
    CHECK(!m.params && !m.files && !m.postprocess && !m.postprocess_files && !m.version && !m.description);
    CHECK(m.contract == AR_CONTRACT_FILES && m.fields == 12);
    ar_manifest_release(&m);
    enum ar_contract contract;
    CHECK(ar_contract_parse("analyzeseq", &contract) && contract == AR_CONTRACT_ANALYZESEQ);
    CHECK(!ar_contract_parse("file", &contract));
    CHECK_TEXT(ar_contract_name(AR_CONTRACT_LANES), "lanes");
}

static void check_mistake(const char *text, const char *what, const char *hint)
{
    struct ar_manifest m;
    CHECK(parse(&m, text) == -1 && error.status == AR_INPUT, "%s", text);
    CHECK(strncmp(error.what, "manifest 'x'", 12) == 0 && strstr(error.what + 12, what) == error.what + 12, "%s: %s", text,
          error.what);
    CHECK(strstr(error.hint, hint) != NULL, "%s: %s", text, error.hint);
    CHECK(!m.name && !m.folder && m.n_sets == 0);
}

/* A mistake in the one set of a manifest that is good otherwise. */
static void check_set_mistake(const char *set, const char *what, const char *hint)
{
    char text[512], where[512];
    snprintf(text, sizeof text, "{" REST ", 'image_analysis_results': {'s': %s}}", set);
    snprintf(where, sizeof where, " /image_analysis_results/s%s", what);
    check_mistake(text, where, hint);
}

static void test_mistakes(void)
{
    check_mistake("{", ", line 1", "");
    check_mistake("", " is empty", "");
    check_mistake("[]", ": expected a manifest", "");
    check_mistake("{'name': 'a', 'name': 'b'}", ", line 1: the member 'name' is there twice", "");
    check_mistake("{" REST "}", " /image_analysis_results: is missing", "");
    check_mistake("{'name': 'n', " SETS "}", " /analyze: is missing", "");
    check_mistake("{'analyze': ['a'], " SETS "}", " /name: is missing", "");
    check_mistake("{" REST ", " SETS ", 'analyse': []}", " /analyse: a member that is not known", "\"analyze\"");
    check_mistake("{'name': 5}", " /name: expected a string, found 5", "");
    check_mistake("{'name': ''}", " /name: expected a name", "");
    check_mistake("{'name': 'a\\nb'}", " /name: expected a name", "");
    check_mistake("{'analyze': './a'}", " /analyze: expected a list of strings, one at least, found './a'", "");
    check_mistake("{'analyze': []}", " /analyze: expected a list of strings, one at least", "");
    check_mistake("{'analyze': ['']}", " /analyze/0: expected the name of a program", "");
    check_mistake("{'analyze': ['a', 1]}", " /analyze/1: expected a string, found 1", "");
    check_mistake("{'files': ['a', '']}", " /files/1: expected a string that is not empty", "");
    check_mistake("{'postprocess': null}", " /postprocess: expected a list of strings", "");
    check_mistake("{" REST ", " SETS ", 'postprocess_files': ['a']}", " /postprocess_files: ", "");
    check_mistake("{'contract': 'file'}", " /contract: expected \"files\", \"lanes\", \"first\" or \"analyzeseq\", found 'file'",
                  "");
    check_mistake("{'fields': 0}", " /fields: expected a whole number from 1", "");
    check_mistake("{'fields': 1.5}", " /fields: expected a whole number from 1", "");
    check_mistake("{'fields': '12'}", " /fields: expected a whole number from 1", "");
    check_mistake("{'fields': 1e99}", " /fields: expected a whole number from 1", "");
    check_mistake("{'params': true}", " /params: expected a JSON Schema", "");
    check_mistake("{'params': {'properties': {'x': {'type': 'float'}}}}", " /params/properties/x/type: expected 'null'", "");
    check_mistake("{'params': {'properties': {'x': {'type': 'string', 'default': 1}}}}",
                  " /params/properties/x/default: 1 is not a string", "");
    check_mistake("{'image_analysis_results': {}}", " /image_analysis_results: expected an object of sets", "");
    check_mistake("{'image_analysis_results': []}", " /image_analysis_results: expected an object of sets", "");
    check_mistake("{'image_analysis_results': {'1a': {}}}", " /image_analysis_results/1a: no name for a set", "letters");
    check_mistake("{'image_analysis_results': {'a/b': {}}}", " /image_analysis_results/a~1b: no name for a set", "");
    check_mistake("{'image_analysis_results': {'é': {}}}", " /image_analysis_results/é: no name for a set", "");
    check_mistake("{'image_analysis_results': {'': {}}}", " /image_analysis_results/: no name for a set", "");
}

static void test_mistakes_in_sets(void)
{
    check_set_mistake("[]", ": expected a set", "");
    check_set_mistake("{}", "/cleansing: is missing", "");
    check_set_mistake("{'cleansing': []}", "/cleansing: expected a list of rules", "none");
    check_set_mistake("{'cleansing': 'None'}", "/cleansing: expected a list of rules", "none");
    check_set_mistake("{'cleansing': null}", "/cleansing: expected a list of rules", "none");
    check_set_mistake("{'cleansing': ['none']}", "/cleansing/0: expected a rule", "");
    check_set_mistake("{'cleansing': [{}]}", "/cleansing/0: expected either", "");
    check_set_mistake("{'cleansing': [{'entity': []}]}", "/cleansing/0/entity: expected a list of strings, one at least", "");
    check_set_mistake("{'cleansing': [{'entity': 'A'}]}", "/cleansing/0/entity: expected a list of strings", "");
    check_set_mistake("{'cleansing': [{'entity': ['A']}, {'where': 'C'}]}", "/cleansing/1: expected either", "");
    check_set_mistake("{'cleansing': [{'entity': ['A'], 'where': 'C', 'is': ['1']}]}", "/cleansing/0: expected either", "");
    check_set_mistake("{'cleansing': [{'where': '', 'is': ['1']}]}", "/cleansing/0/where: expected a name", "");
    check_set_mistake("{'cleansing': [{'where': 'C', 'is': ['1', 2]}]}", "/cleansing/0/is/1: expected a string, found 2",
                      "quotes");
    check_set_mistake("{'cleansing': [{'where': 'C', 'are': ['1']}]}", "/cleansing/0/are: a member that is not known", "\"is\"");
    check_set_mistake("{'cleansing': 'none', 'text': 'a'}", "/text: expected a list", "");
    check_set_mistake("{'cleansing': 'none', 'text': ['']}", "/text/0: expected a string that is not empty", "");
    check_set_mistake("{'cleansing': 'none', 'description': []}", "/description: expected a string", "");
    check_set_mistake("{'cleansing': 'none', 'descr': ''}", "/descr: a member", "\"description\"");
}

static void test_file(void)
{
    const char *tmp = getenv("TMPDIR");
    char top[PATH_MAX], path[PATH_MAX + 64];
    snprintf(top, sizeof top, "%s/ar-manifest-XXXXXX", tmp ? tmp : "/tmp");
    CHECK(mkdtemp(top) != NULL && chdir(top) == 0 && mkdir("sub", 0700) == 0);
    char *here = getcwd(NULL, 0);
    struct ar_manifest m;
    error = (struct ar_error){ 0 };
    CHECK(ar_manifest_load(&m, "sub/m.json", &error) == -1 && error.status == AR_INPUT, "%s", error.what);
    CHECK_TEXT(error.what, "manifest: cannot open 'sub/m.json': No such file or directory");
    CHECK(m.name == NULL);
    static const char text[] =
        "{\"name\": \"n\", \"analyze\": [\"./a\"], \"image_analysis_results\": {\"s\": {\"cleansing\": \"none\"}}}\n";
    int fd = open("sub/m.json", O_WRONLY | O_CREAT, 0600);
    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    CHECK(ar_manifest_load(&m, "./sub/m.json", &error) == 0, "%s", error.what);
    snprintf(path, sizeof path, "%s/sub", here);
    CHECK_TEXT(m.folder, path);
    ar_manifest_release(&m);
    CHECK(chdir("sub") == 0 && ar_manifest_load(&m, "m.json", &error) == 0, "%s", error.what);
    CHECK_TEXT(m.folder, path);
    ar_manifest_release(&m);
    char file[PATH_MAX + 64];
    snprintf(file, sizeof file, "%s/sub/m.json", here);
    CHECK(chdir("/") == 0 && ar_manifest_load(&m, file, &error) == 0, "%s", error.what);
    CHECK_TEXT(m.folder, path);
    ar_manifest_release(&m);
    CHECK(truncate(file, 5) == 0);
    CHECK(ar_manifest_load(&m, file, &error) == -1 && strstr(error.what, "manifest '/") == error.what, "%s", error.what);
    unlink(file);
    rmdir(path);
    rmdir(here);
    free(here);
}

int main(void)
{
    test_whole();
    test_least();
    test_mistakes();
    test_mistakes_in_sets();
    test_file();
    return check_done();
}
