/* SPDX-License-Identifier: MIT */
/*
 * The main of a method: a step of a run, what it says of itself, or handing over to ar-run.
 */
#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "bytes/file.h"
#include "bytes/text.h"
#include "program/declare.h"
#include "program/lanes_step.h"
#include "program/results.h"
#include "wire/wire.h"

/* ---- messages ------------------------------------------------------------------------------------------------------- */

static void say(const char *name, const char *text)
{
    struct ar_buf line;
    ar_buf_init(&line);
    ar_buf_add_format(&line, "%s%s", name, *name ? ": " : "  ");
    for (const char *at = text;; at++) {
        size_t n = strcspn(at, "\n");
        ar_text_show(&line, at, n);
        ar_buf_add_char(&line, '\n');
        at += n;
        if (!*at)
            break;
        ar_buf_add_text(&line, "  ");
    }
    (void)!write(STDERR_FILENO, line.data, line.len);
    ar_buf_release(&line);
}

/* Tells what failed. Returns the exit status. */
static int fail(const struct ar_method *method, const struct ar_error *error)
{
    say(method->name ? method->name : "method", error->no_input ? ar_tr("no input (did the command before it fail?)") : error->what);
    if (*error->hint && !error->no_input)
        say("", error->hint);
    return error->status ? (int)error->status : AR_SYSTEM;
}

/* ---- a step --------------------------------------------------------------------------------------------------------- */

/* The streams of the step, apart from what the method reads and prints. */
static int take_streams(int *in, int *out, struct ar_error *error)
{
    if (isatty(STDIN_FILENO)) {
        ar_fail(error, AR_INPUT, "standard input is a terminal, expected a stream");
        return ar_hint(error, "AR_STEP is set, which is for the tools: unset it to run the method by hand.");
    }
    *in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    *out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (*in < 0 || *out < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        return ar_fail_errno(error, errno, "cannot take standard input and output");
    close(null);
    return 0;
}

static int run_step(const struct ar_method *method, const char *name, const char *step, struct ar_error *error)
{
    bool lanes = strcmp(step, "analyze") == 0;
    struct ar_manifest manifest;
    int in = -1, out = -1;
    if (!lanes && strcmp(step, "postprocess") != 0)
        return ar_fail(error, AR_INPUT, "AR_STEP is '%s', expected analyze or postprocess", step);
    if (!lanes && !method->postprocess)
        return ar_fail(error, AR_INPUT, "AR_STEP is 'postprocess', and the method has none");
    if (ar_declare_check(&manifest, method, name, error) != 0)
        return -1;
    int result = take_streams(&in, &out, error);
    ar_tell_exit();
    if (result == 0)
        result = lanes ? ar_lanes_step(method, manifest.params, in, out, STDERR_FILENO, NULL, error)
                       : ar_results_step(method, manifest.params, in, out, error);
    ar_manifest_release(&manifest);
    return result;
}

/* ---- what it says of itself ----------------------------------------------------------------------------------------- */

/* Writes all to standard output. */
static int print(const struct ar_buf *text, struct ar_error *error)
{
    if (ar_buf_check(text, error) != 0)
        return -1;
    if (fwrite(text->data, 1, text->len, stdout) == text->len && fflush(stdout) == 0)
        return 0;
    return ar_fail_errno(error, errno, "cannot write standard output");
}

/* The parameters, each with its default and description. */
static void add_params(struct ar_buf *out, const char *schema, struct ar_error *error)
{
    struct ar_json_doc doc;
    struct ar_json_value properties, key, value, part;
    if (!schema || ar_json_doc_parse(&doc, schema, strlen(schema), "params", error) != 0)
        return;
    struct ar_json_value root = ar_json_root(&doc);
    int position = 0;
    if (ar_json_member(&doc, &root, "properties", &properties) && properties.type == AR_JSON_OBJECT) {
        ar_buf_add_text(out, ar_tr("\nParameters (-P NAME=JSON):\n"));
        while (ar_json_each(&doc, &properties, &position, &key, &value)) {
            ar_buf_add_text(out, "  ");
            ar_json_decode(out, &key);
            if (value.type == AR_JSON_OBJECT && ar_json_member(&doc, &value, "default", &part))
                ar_buf_add_tr(out, " (default %.*s)", (int)part.len, part.text);
            if (value.type == AR_JSON_OBJECT && ar_json_member(&doc, &value, "description", &part) && part.type == AR_JSON_STRING) {
                ar_buf_add_text(out, ": ");
                ar_json_decode(out, &part);
            }
            ar_buf_add_char(out, '\n');
        }
    }
    ar_json_doc_release(&doc);
}

static void add_help(struct ar_buf *out, const struct ar_method *method, const char *name, struct ar_error *error)
{
    ar_buf_add_tr(out, "usage: %s [options of ar-run] [SET=FILE ...]\n"
                       "       %s status|verify|clean DIR\n", name, name);
    if (method->description)
        ar_buf_add_format(out, "%s\n", method->description);
    ar_buf_add_text(out, ar_tr("\nSets:\n"));
    for (const struct ar_method_set *set = method->sets; set && set->name; set++)
        ar_buf_add_format(out, "  %s%s%s\n", set->name, set->description ? ": " : "", set->description ? set->description : "");
    add_params(out, method->params, error);
    ar_buf_add_text(out, ar_tr("\nRuns the whole analysis, by ar-run (see ar-run --help for its options);\n"
                               "status, verify and clean are ar-run's, too, on the folder of a run.\n"
                               "  --manifest     print what the method is and wants, for the other tools\n"
                               "  -h, --help     print this\n"
                               "  -V, --version  print the version\n"));
}

/* Prints what an option asks for. 1 where it is another one; 0 or -1. */
static int answer(const struct ar_method *method, const char *name, const char *option, struct ar_error *error)
{
    struct ar_manifest manifest;
    struct ar_buf text;
    int result = 0;
    ar_buf_init(&text);
    if (strcmp(option, "--manifest") == 0) {
        result = ar_declare_check(&manifest, method, name, error);
        if (result == 0)
            ar_manifest_release(&manifest);
        ar_declare(method, name, &text);
    } else if (strcmp(option, "--help") == 0 || strcmp(option, "-h") == 0) {
        add_help(&text, method, name, error);
    } else if (strcmp(option, "--version") == 0 || strcmp(option, "-V") == 0) {
        ar_buf_add_format(&text, "%s%s%s", method->name ? method->name : name, method->version ? " " : "", method->version ? method->version : "");
        ar_buf_add_text(&text, " (analysisrun " AR_VERSION ")\n");
    } else {
        result = 1;
    }
    if (result == 0)
        result = print(&text, error);
    ar_buf_release(&text);
    return result;
}

/* ---- handing over --------------------------------------------------------------------------------------------------- */

/*
 * Leaves the manifest for ar-run, where that is possible: else it starts the method once more to print it. 0, or -1: a mistake in the
 * declaration.
 */
static int leave_manifest(const struct ar_method *method, const char *name, struct ar_error *error)
{
    struct ar_manifest manifest;
    struct ar_error ignored = { 0 };
    struct ar_buf text;
    char number[16];
    if (ar_declare_check(&manifest, method, name, error) != 0)
        return -1;
    ar_manifest_release(&manifest);
    ar_buf_init(&text);
    ar_declare(method, name, &text);
    int fd = memfd_create("manifest", 0);
    snprintf(number, sizeof number, "%d", fd);
    if (fd >= 0 && (ar_buf_check(&text, &ignored) != 0 || ar_write_fd(fd, text.data, text.len, "manifest", &ignored) != 0 ||
                    setenv(AR_MANIFEST_DESCRIPTOR, number, 1) != 0))
        close(fd);
    ar_buf_release(&text);
    return 0;
}

/* Becomes ar-run, that beside the method or the one in PATH; with this method, unless it is a command. Returns only on failure. */
static int hand_over(int argc, char **argv, const char *self, bool command, struct ar_error *error)
{
    char **words = calloc((size_t)argc + 4, sizeof *words);
    const char *slash = strrchr(self, '/');
    char *beside = NULL;
    if (!words || asprintf(&beside, "%.*sar-run", slash ? (int)(slash - self) + 1 : 0, self) < 0) {
        free(words);
        return ar_fail_memory(error);
    }
    int n = 0;
    words[n++] = (char *)(uintptr_t)"ar-run";
    if (!command) {
        words[n++] = (char *)(uintptr_t)"-m";
        words[n++] = (char *)(uintptr_t)self;
    }
    for (int i = 1; i < argc; i++)
        words[n++] = argv[i];
    if (slash)
        execv(beside, words);
    if (!slash || errno == ENOENT)
        execvp("ar-run", words);
    int errnum = errno;
    free(words);
    free(beside);
    if (errnum != ENOENT)
        return ar_fail_errno(error, errnum, "cannot start 'ar-run'");
    ar_fail(error, AR_INPUT, "'ar-run' not found, which runs the whole analysis");
    return ar_hint(error, "Install the analysisrun tools, or put the folder that they are in into PATH.");
}

/* Was it started by the contract files: for a lane in a folder, with nothing to read? */
static bool is_by_files(int argc)
{
    struct stat input, null;
    return argc < 2 && getenv("AR_START_DIR") && fstat(STDIN_FILENO, &input) == 0 && stat("/dev/null", &null) == 0 &&
           S_ISCHR(input.st_mode) && input.st_rdev == null.st_rdev;
}

static int refuse_files(struct ar_error *error)
{
    ar_fail(error, AR_INPUT, "it was started by the contract files, and is a method of the contract lanes");
    return ar_hint(error, "Start it by -c lanes, or with -m and the manifest that it prints for --manifest.");
}

/* The path of the running program: argv[0] where the system does not tell. */
static const char *find_self(char path[PATH_MAX], const char *name)
{
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
    if (n <= 0)
        return name;
    path[n] = '\0';
    return path;
}

int ar_method_main(int argc, char **argv, const struct ar_method *method)
{
    char path[PATH_MAX];
    struct ar_error error = { 0 };
    const char *self = find_self(path, argc > 0 ? argv[0] : "method");
    const char *slash = strrchr(self, '/'), *name = slash ? slash + 1 : self;
    ar_tr_choose_once();
    if (ar_wire_is_asked())
        ar_wire_default_language();
    int result = argc == 2 ? answer(method, name, argv[1], &error) : 1;
    const char *step = getenv("AR_STEP");
    if (result == 1 && step && *step) {
        char *copy = strdup(step); /* what the method starts is no step of the run */
        unsetenv("AR_STEP");
        result = copy ? run_step(method, name, copy, &error) : ar_fail_memory(&error);
        free(copy);
    }
    if (result == 1 && is_by_files(argc))
        result = refuse_files(&error);
    if (result == 1) {
        const bool command = argc > 1 && ar_is_run_command(argv[1]);
        result = command ? 0 : leave_manifest(method, name, &error);
        if (result == 0 || (argc < 2 && !isatty(STDIN_FILENO))) /* a wrapper is answered by a tar */
            result = hand_over(argc, argv, self, command, &error);
    }
    return result == 0 ? AR_OK : fail(method, &error);
}
