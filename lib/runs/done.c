/* SPDX-License-Identifier: MIT */
#include "runs/done.h"

#include <sys/stat.h>

#include "bytes/digest.h"
#include "methods/method_version.h"
#include "methods/proc.h"

/* A file by its path, which --again takes from the record of the run, and its content. False for what is no regular file. */
static bool add_input(struct ar_buf *text, const char *name, const json_t *input)
{
    const char *path = json_string_value(json_object_get(input, "file")), *xxh3 = json_string_value(json_object_get(input, "xxh3"));
    if (!path || !xxh3)
        return false;
    ar_json_add_string(text, name, strlen(name));
    ar_buf_add_char(text, ':');
    ar_json_add_string(text, path, strlen(path));
    ar_buf_add_format(text, " %s\n", xxh3);
    return true;
}

/* A program that PATH does not have: a file of that name beside the manifest is meant by another word there. Returns -1. */
static int hint_beside(const struct ar_manifest *manifest, const char *name, struct ar_error *error)
{
    struct ar_buf path;
    struct stat st;
    if (strchr(name, '/'))
        return -1;
    ar_buf_init(&path);
    ar_manifest_path(manifest, name, &path);
    if (!path.failed && stat(path.data, &st) == 0 && S_ISREG(st.st_mode))
        ar_hint(error, "write './%s' in the manifest for the file beside it", name);
    ar_buf_release(&path);
    return -1;
}

/* The parts of a step: its arguments, which count from the current folder as the tools' do, and its files. */
static int add_step(const struct ar_done_what *what, char *const *command, char *const *patterns, const struct ar_buf *version,
                    struct ar_method_parts *parts, struct ar_buf *text, struct ar_error *error)
{
    struct ar_buf program;
    const char *folder = what->method->manifest.folder;
    char **list = ar_method_command(what->method, command, error), *here = list ? getcwd(NULL, 0) : NULL;
    int result = here ? 0 : list ? ar_fail_errno(error, errno, "cannot tell the current folder") : -1;
    ar_buf_init(&program);
    if (result == 0 && ar_proc_find(&program, list[0], here, error) != 0)
        result = hint_beside(&what->method->manifest, list[0], error);
    if (result == 0) {
        const struct ar_method_what of = { .argv = list, .program = program.data, .start_dir = here, .patterns = patterns, .folder = folder,
                                           .version = version, .stop = what->stop };
        result = ar_method_parts_read(parts, &of, error);
        ar_buf_add(text, parts->text.data, parts->text.len);
        ar_buf_add_char(text, '\n');
    }
    ar_buf_release(&program);
    ar_method_command_free(list);
    free(here);
    return result;
}

static int add_method(const struct ar_done_what *what, struct ar_done *done, struct ar_error *error)
{
    const struct ar_manifest *manifest = &what->method->manifest;
    struct ar_buf *text = &done->text;
    char xxh3[AR_DIGEST_HEX + 1];
    ar_digest_bytes(what->method->text.data, what->method->text.len, xxh3);
    ar_buf_add_text(text, "manifest ");
    ar_buf_add_text(text, xxh3);
    ar_buf_add_char(text, '\n');
    int result = manifest->version ? ar_method_version(manifest, what->stop, &done->version, error) : 0;
    const struct ar_buf *told = manifest->version ? &done->version : NULL;
    done->versioned = told && result == 0;
    if (result == 0)
        result = add_step(what, manifest->analyze, manifest->files, told, &done->step[0], text, error);
    if (result == 0 && manifest->postprocess)
        result = add_step(what, manifest->postprocess, manifest->postprocess_files, told, &done->step[1], text, error);
    return result;
}

void ar_done_init(struct ar_done *done)
{
    *done = (struct ar_done){ 0 };
    ar_buf_init(&done->text);
    ar_buf_init(&done->version);
}

void ar_done_release(struct ar_done *done)
{
    ar_buf_release(&done->text);
    ar_buf_release(&done->version);
    for (size_t i = 0; i < AR_COUNT(done->step); i++)
        ar_method_parts_release(&done->step[i]);
    ar_done_init(done);
}

bool ar_done_changed(struct ar_done *done)
{
    for (size_t i = 0; i < AR_COUNT(done->step); i++)
        if (ar_method_parts_any_changed(&done->step[i]))
            return true;
    return false;
}

int ar_done_read(const struct ar_done_what *what, struct ar_done *done, struct ar_error *error)
{
    struct ar_buf *text = &done->text;
    const char *set;
    json_t *input;
    ar_buf_add_text(text, "analysisrun " AR_VERSION "\n");
    if (add_method(what, done, error) != 0)
        return -1;
    json_object_foreach ((json_t *)(uintptr_t)what->inputs, set, input)
        if (!add_input(text, set, input))
            return 0;
    if ((!json_is_null(what->samples) && !add_input(text, "samples", what->samples)) ||
        (!json_is_null(what->params) && !add_input(text, "params", what->params)))
        return 0;
    ar_json_dump(text, what->options);
    ar_buf_add_char(text, '\n');
    return ar_buf_check(text, error) == 0 ? 1 : -1;
}
