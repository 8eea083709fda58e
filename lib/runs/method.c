/* SPDX-License-Identifier: MIT */
#include "runs/method.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "bytes/io.h"
#include "runs/pipeline.h"

#define MANIFEST_MAX ((size_t)16 * 1024 * 1024)

enum { MOMENT_MS = 100 };

/* ---- a program ------------------------------------------------------------------------------------------------------ */

/* Does the file begin as JSON does? Blanks before it are no matter. */
static bool is_json(const char *path)
{
    char text[512];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (fd >= 0)
        close(fd);
    if (n < 0)
        return true; /* reading it tells why not */
    text[n] = '\0';
    return text[strspn(text, " \t\r\n")] == '{';
}

static int fail_manifest(struct ar_error *error, const char *path, const char *how)
{
    ar_fail(error, AR_INPUT, "'%s --manifest' %s", path, ar_tr(how));
    return ar_hint(error, "A method is a manifest, a JSON file, or a program that prints one for --manifest, as methods in C do.");
}

/* Waits for its end; one that writes more than it may, or is to stop, is killed. */
static int wait_for_end(const struct ar_method_source *method, struct ar_pipeline *pipeline, int out, int log, struct ar_error *error)
{
    bool fits = true, stop = false;
    struct stat st;
    while (fits && !stop && ar_pipeline_runs(pipeline)) {
        ar_pipeline_wait(pipeline, MOMENT_MS);
        fits = fstat(out, &st) == 0 && st.st_size <= (off_t)MANIFEST_MAX && fstat(log, &st) == 0 && st.st_size <= (off_t)MANIFEST_MAX;
        stop = method->stop && *method->stop;
    }
    if (ar_pipeline_runs(pipeline))
        kill(pipeline->stage[0].pid, SIGKILL);
    ar_pipeline_end(pipeline);
    if (stop)
        return ar_fail_errno(error, EINTR, "the work was stopped");
    return fits ? 0 : fail_manifest(error, method->path, N_("prints more than a manifest"));
}

/* Runs PROGRAM --manifest, and takes what it prints as the text. */
static int print_manifest(struct ar_method_source *method, const char *program, struct ar_error *error)
{
    struct ar_pipeline pipeline;
    int out = memfd_create("manifest", MFD_CLOEXEC), log = memfd_create("log", MFD_CLOEXEC), result = -1;
    if (ar_pipeline_init(&pipeline, error) != 0) {
        /* told */
    } else if (out < 0 || log < 0) {
        ar_fail_errno(error, errno, "cannot make a temporary file");
    } else {
        pipeline.stage[pipeline.n++] = (struct ar_stage){ .name = program, .log = log, .extra = -1 };
        ar_pipeline_arg(&pipeline, program);
        ar_pipeline_arg(&pipeline, "--manifest");
        pipeline.out = out;
        ar_env_unset(&pipeline.env, "ANALYSISRUN_METHOD");
        ar_env_unset(&pipeline.env, "ANALYSISRUN_MODE");
        ar_env_unset(&pipeline.env, "AR_STEP");
        result = ar_pipeline_start(&pipeline, error);
    }
    if (result == 0)
        result = wait_for_end(method, &pipeline, out, log, error);
    if (result == 0 && ar_stage_killed(&pipeline.stage[0]))
        result = ar_fail(error, AR_SYSTEM, "'%s --manifest' was killed by signal %d", method->path, ar_stage_killed(&pipeline.stage[0]));
    if (result == 0 && !ar_stage_exited(&pipeline.stage[0], 0)) {
        result = fail_manifest(error, method->path, N_("ends with a failure"));
        ar_log_hint(error, log); /* what it said last tells why */
    }
    if (result == 0)
        result = ar_proc_output(&method->text, out, (uint64_t)lseek(out, 0, SEEK_END), N_("cannot read the manifest"), error);
    ar_pipeline_release(&pipeline);
    if (out >= 0)
        close(out);
    if (log >= 0)
        close(log);
    return result;
}

/* Reads the manifest that the method has left, if it did. 1 where it did not; 0 or -1. */
static int read_left(struct ar_buf *text, struct ar_error *error)
{
    const char *number = getenv(AR_MANIFEST_DESCRIPTOR);
    char *end = NULL;
    long fd = number ? strtol(number, &end, 10) : -1;
    unsetenv(AR_MANIFEST_DESCRIPTOR);
    /* Only such a file can be sealed: nothing else that happens to have the number is taken for it. */
    if (fd <= STDERR_FILENO || fd > INT_MAX || *end || fcntl((int)fd, F_GET_SEALS) < 0)
        return 1;
    off_t n = lseek((int)fd, 0, SEEK_END);
    int result = n < 0 || n > (off_t)MANIFEST_MAX ? 1 : ar_proc_output(text, (int)fd, (uint64_t)n, N_("cannot read the manifest"), error);
    close((int)fd);
    return result;
}

/* Puts the member "folder" first, so that the manifest means the same wherever it lies. */
static int insert_folder(struct ar_buf *text, const char *program, size_t folder_len, struct ar_error *error)
{
    struct ar_buf whole;
    const char *brace = memchr(text->data, '{', text->len);
    if (!brace)
        return 0; /* parsing it tells what it is */
    ar_buf_init(&whole);
    ar_buf_add_text(&whole, "{\"folder\":");
    ar_json_add_string(&whole, program, folder_len);
    bool empty = brace[1 + strspn(brace + 1, " \t\r\n")] == '}';
    ar_buf_add_text(&whole, empty ? "" : ",");
    ar_buf_add(&whole, brace + 1, (size_t)(text->data + text->len - (brace + 1)));
    ar_buf_release(text);
    *text = whole;
    return ar_buf_check(text, error);
}

static int load_program(struct ar_method_source *method, struct ar_error *error)
{
    char *program = realpath(method->path, NULL);
    if (!program)
        return ar_fail_open(error, errno, "cannot open '%s'", method->path);
    size_t folder = (size_t)(strrchr(program, '/') - program);
    int result = read_left(&method->text, error);
    if (result == 1)
        result = print_manifest(method, program, error);
    if (result == 0)
        result = insert_folder(&method->text, program, folder ? folder : 1, error);
    if (result == 0) {
        char *what;
        program[folder ? folder : 1] = '\0';
        if (asprintf(&what, ar_tr("manifest printed by '%s'"), method->path) < 0) {
            result = ar_fail_memory(error);
        } else {
            result = ar_manifest_parse(&method->manifest, method->text.data, method->text.len, program, what, error);
            free(what);
        }
    }
    free(program);
    return result;
}

/* ---- either --------------------------------------------------------------------------------------------------------- */

int ar_method_load(struct ar_method_source *method, const char *path, struct ar_error *error)
{
    struct stat st;
    *method = (struct ar_method_source){ .path = strdup(path), .stop = method->stop };
    ar_buf_init(&method->text);
    int result = method->path ? 0 : ar_fail_memory(error);
    if (result == 0 && stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
        bool folder = S_ISDIR(st.st_mode);
        ar_fail(error, AR_INPUT, folder ? N_("'%s' is a folder") : N_("'%s' is no regular file"), path);
        result = folder ? ar_hint(error, "Name the manifest in it, such as '%s/manifest.json'.", path)
                        : ar_hint(error, "The manifest is read by several tools, and by the next run: put it into a file.");
    }
    if (result == 0) {
        method->program = access(path, X_OK) == 0 && !is_json(path);
        result = method->program ? load_program(method, error) : ar_manifest_load(&method->manifest, path, error);
    }
    if (result == 0 && !method->program)
        result = ar_read_file(AT_FDCWD, path, &method->text, MANIFEST_MAX, error);
    method->loaded = result == 0;
    if (result != 0)
        ar_method_release(method);
    return result;
}

void ar_method_release(struct ar_method_source *method)
{
    if (!method->path)
        return;
    free(method->path);
    method->path = NULL;
    ar_buf_release(&method->text);
    ar_manifest_release(&method->manifest);
    method->loaded = false;
}

/* ---- what is started ------------------------------------------------------------------------------------------------ */

/* An argument that names a file of the method, as its path; else as it is. */
static char *argument(const struct ar_method_source *method, const char *arg, bool program)
{
    struct ar_buf path;
    struct stat st;
    if (*arg == '/' || *arg == '-' || *arg == '\0')
        return strdup(arg);
    ar_buf_init(&path);
    ar_manifest_path(&method->manifest, arg, &path);
    bool named = program ? strchr(arg, '/') != NULL : stat(path.data, &st) == 0 && S_ISREG(st.st_mode);
    char *result = path.failed ? NULL : strdup(named ? path.data : arg);
    ar_buf_release(&path);
    return result;
}

char **ar_method_command(const struct ar_method_source *method, char *const *command, struct ar_error *error)
{
    size_t n = 0;
    while (command[n])
        n++;
    char **list = calloc(n + 1, sizeof *list);
    for (size_t i = 0; list && i < n; i++) {
        list[i] = argument(method, command[i], i == 0);
        if (!list[i]) {
            ar_method_command_free(list);
            list = NULL;
        }
    }
    if (!list)
        ar_fail_memory(error);
    return list;
}

void ar_method_command_free(char **command)
{
    for (size_t i = 0; command && command[i]; i++)
        free(command[i]);
    free(command);
}
