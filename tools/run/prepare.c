/* SPDX-License-Identifier: MIT */
/*
 * The folder of a local run, before it begins.
 */
#include "bytes/text.h"
#include "lanes/folder.h"
#include "run/local.h"

static int choose_folder(struct run_local *local, struct ar_error *error)
{
    const struct run_options *o = &local->run->options;
    for (size_t n = o->folder ? strlen(o->folder) : 0; n > 1 && o->folder[n - 1] == '/'; n--)
        o->folder[n - 1] = '\0'; /* as completion of names leaves it */
    local->folder = o->folder;
    if (o->folder)
        return 0;
    int result = run_default_folder(o, &local->chosen, error);
    local->folder = local->chosen.data;
    return result;
}

/* The manifest as the tools get it: the user's file, or, of a program, what it printed. */
static int put_manifest(struct run_local *local, struct ar_error *error)
{
    const struct ar_method_source *method = &local->run->method;
    local->manifest = method->path;
    if (!method->program)
        return 0;
    if (local->run->options.dry) { /* which writes nothing into the folder */
        local->manifest = RUN_MANIFEST_GIVEN;
        local->given = ar_memory_file(method->text.data, method->text.len, error);
        return local->given < 0 ? -1 : 0;
    }
    if (ar_file_put(local->home.fd, AR_HOME_MANIFEST, true, method->text.data, method->text.len, false, error) != 0)
        return ar_folder_fail_file(error, local->home.path.data, AR_HOME_MANIFEST);
    ar_buf_add_text(&local->manifest_path, ar_home_path(&local->home, AR_HOME_MANIFEST));
    local->manifest = local->manifest_path.data;
    return ar_buf_check(&local->manifest_path, error);
}

/* Takes the folder. Who waits is told for whom. */
static int lock(struct run_local *local, struct ar_error *error)
{
    if (ar_home_lock(&local->home, false, &cli_stop, error) == 0)
        return 0;
    if (!local->run->options.wait || cli_stop || error->system_errno)
        return -1;
    cli_info("%s; this run waits", error->what);
    *error = (struct ar_error){ 0 };
    return ar_home_lock(&local->home, true, &cli_stop, error);
}

int run_prepare(struct run_local *local, struct ar_error *error)
{
    struct run *run = local->run;
    if (choose_folder(local, error) != 0 || ar_folder_probe(local->folder, "result", error) != 0 ||
        ar_home_open(&local->home, local->folder, !run->options.dry, error) < 0)
        return -1;
    if (!run->options.dry && (lock(local, error) != 0 || ar_home_begin_log(&local->home, error) != 0))
        return -1;
    if (!run->options.dry)
        run_sweep(&local->home);
    return put_manifest(local, error);
}

void run_tell_replaced(const struct run_local *local)
{
    static const char *const names[] = { "method", NULL };
    struct ar_error none;
    json_t *record = ar_run_json_read(local->folder, names, &none);
    const char *before = json_string_value(json_object_get(json_object_get(record, "method"), "name"));
    const char *now = local->run->method.manifest.name;
    if (before && strcmp(before, now) != 0 && run_has_file(local, AR_FOLDER_INDEX)) {
        struct ar_buf shown;
        ar_buf_init(&shown);
        ar_text_show(&shown, before, strlen(before));
        cli_warn("'%s' has the result of the method '%s', whose place that of '%s' takes; -d names another folder", local->folder, shown.data, now);
        ar_buf_release(&shown);
    }
    json_decref(record);
}
