/* SPDX-License-Identifier: MIT */
/*
 * What is kept and told of a local run: run.json, the digests of its files, and, last on the screen, what failed.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "bytes/digest.h"
#include "bytes/text.h"
#include "cli/failures.h"
#include "lanes/folder.h"
#include "run/local.h"
#include "runs/sums.h"

enum { LOG_LINES = 5, LOG_BYTES = 1024 };

static const struct ar_tick tick = { .stop = &cli_stop };

/* ---- run.json ------------------------------------------------------------------------------------------------------- */

/* A side table, or JSON null. */
static json_t *side_json(const char *path, struct ar_error *error)
{
    return path ? ar_input_json(path, &tick, error) : json_null();
}

static int keep_input(struct run_local *local, const char *name, size_t n, const char *path, struct ar_error *error)
{
    json_t *input = ar_input_json(path, &tick, error);
    return input && json_object_setn_new_nocheck(local->inputs, name, n, input) == 0 ? 0 : -1;
}

int run_keep_inputs(struct run_local *local, struct ar_error *error)
{
    const struct run_options *o = &local->run->options;
    if (local->inputs)
        return 0;
    local->inputs = json_object();
    if (!local->inputs)
        return ar_fail_memory(error);
    for (size_t i = 0; i < o->sets.n; i++) {
        const char *equals = strchr(o->sets.text[i], '=');
        if (keep_input(local, o->sets.text[i], (size_t)(equals - o->sets.text[i]), equals + 1, error) != 0)
            return -1;
    }
    if (o->run_tar && keep_input(local, "run", strlen("run"), o->run_tar, error) != 0)
        return -1;
    local->samples = side_json(o->samples, error);
    local->params = local->samples ? side_json(o->params, error) : NULL;
    return local->params ? 0 : -1;
}

/* ---- nothing to do -------------------------------------------------------------------------------------------------- */

static void note_wrong(void *arg, const char *name, const char *how)
{
    (void)name;
    (void)how;
    *(bool *)arg = true;
}

/* Appends which files are read, each a struct stat. */
static void see_files(const struct run_local *local, struct ar_buf *seen)
{
    const struct run_options *o = &local->run->options;
    const char *side[] = { o->run_tar, o->samples, o->params, local->run->method.path };
    for (size_t i = 0; i < o->sets.n + AR_COUNT(side); i++) {
        const char *path = i < o->sets.n ? strchr(o->sets.text[i], '=') + 1 : side[i - o->sets.n];
        struct stat st = { .st_size = 0 };
        if (path && stat(path, &st) != 0)
            st = (struct stat){ .st_size = -1 };
        ar_buf_add(seen, &st, sizeof st);
    }
}

/* Was one of them changed or replaced since, or a file of the method? */
static bool were_changed(struct run_local *local)
{
    struct ar_buf now;
    ar_buf_init(&now);
    see_files(local, &now);
    bool changed = now.failed || now.len != local->seen.len;
    const struct stat *is = (const struct stat *)(const void *)now.data, *was = (const struct stat *)(const void *)local->seen.data;
    for (size_t i = 0; !changed && i < now.len / sizeof *is; i++)
        changed = !ar_same_file(&is[i], &was[i]);
    ar_buf_release(&now);
    return changed || ar_done_changed(&local->done);
}

/* What was delivered, by the digest of the list of its digests: a folder that was put back to an earlier state is another one. */
static void add_delivered(const struct run_local *local, struct ar_buf *text)
{
    struct ar_buf path, sums;
    struct ar_error ignored;
    char xxh3[AR_DIGEST_HEX + 1] = "nothing";
    ar_buf_init(&path);
    ar_buf_init(&sums);
    ar_buf_add_format(&path, "%s/" AR_FOLDER_SUMS, local->folder);
    if (ar_folder_read_file(AT_FDCWD, path.data, &sums, AR_RUN_JSON_MAX, &ignored) == 0)
        ar_digest_bytes(sums.data, sums.len, xxh3);
    ar_buf_add_text(text, "delivered ");
    ar_buf_add_text(text, xxh3);
    ar_buf_add_char(text, '\n');
    ar_buf_release(&path);
    ar_buf_release(&sums);
}

/* Is what the folder holds what was delivered? */
static bool is_intact(const struct run_local *local)
{
    struct ar_error ignored;
    size_t n;
    bool wrong = false;
    return ar_sums_check(local->folder, note_wrong, &wrong, &n, &tick, &ignored) == 0 && !wrong;
}

/* The options that change a result. */
static json_t *result_options(const struct run_options *o)
{
    struct run_options some = { .param = o->param, .lane_key = o->lane_key, .incomplete = o->incomplete };
    struct ar_error ignored;
    json_t *json = run_options_json(&some, &ignored), *lanes = json_array();
    for (size_t i = 0; i < o->lane.n; i++)
        json_array_append_new(lanes, json_string(o->lane.text[i]));
    json_object_set_new(json, "lane", lanes);
    return json;
}

int run_is_done(struct run_local *local, struct ar_error *error)
{
    const struct run_options *o = &local->run->options;
    struct ar_buf before, now;
    struct ar_error none;
    see_files(local, &local->seen);
    if (run_keep_inputs(local, error) != 0)
        return -1;
    struct ar_done_what what = { .method = &local->run->method, .inputs = local->inputs, .samples = local->samples, .params = local->params,
                                 .options = result_options(o), .stop = &cli_stop };
    int told = ar_done_read(&what, &local->done, error);
    json_decref((json_t *)(uintptr_t)what.options);
    if (told <= 0)
        ar_buf_clear(&local->done.text);
    if (told <= 0 || o->force_all || o->force.n)
        return told < 0 ? -1 : 0;
    ar_buf_init(&before);
    ar_buf_init(&now);
    ar_buf_add(&now, local->done.text.data, local->done.text.len);
    add_delivered(local, &now);
    bool same = ar_folder_read_file(local->home.fd, AR_HOME_DONE, &before, AR_RUN_JSON_MAX, &none) == 0 && !now.failed &&
                before.len == now.len && memcmp(before.data, now.data, now.len) == 0;
    ar_buf_release(&before);
    ar_buf_release(&now);
    return same && is_intact(local);
}

/* Appends a member to the text of an object, the params that the lanes got, as they stand in the folder: no digit of them is another. */
static int add_params(const struct run_local *local, struct ar_buf *text, struct ar_error *error)
{
    struct ar_buf path, params;
    struct ar_json_doc doc;
    struct ar_error none;
    ar_buf_init(&path);
    ar_buf_init(&params);
    ar_buf_add_format(&path, "%s/params.json", local->folder);
    bool there = ar_folder_read_file(AT_FDCWD, path.data, &params, AR_RUN_JSON_MAX, &none) == 0 &&
                 ar_json_doc_parse(&doc, params.data, params.len, "params", &none) == 0;
    if (there) {
        const struct ar_json_value root = ar_json_root(&doc);
        ar_buf_truncate(text, text->len - 1); /* the brace */
        ar_buf_add_text(text, ",\"params\":");
        ar_buf_add(text, root.text, root.len);
        ar_buf_add_char(text, '}');
        ar_json_doc_release(&doc);
    }
    ar_buf_release(&path);
    ar_buf_release(&params);
    return ar_buf_check(text, error);
}

/* Sets a member; a value that is NULL means that memory ran out, and is found at the end. */
static void set(json_t *object, const char *name, json_t *value)
{
    if (!value || json_object_set_new(object, name, value) != 0)
        json_object_set_new(object, "", json_false());
}

static json_t *text_json(const char *text)
{
    json_t *json = json_string(text);
    return json ? json : json_null(); /* a path that is not UTF-8 */
}

/* Sets what a step of the method is made of, as it was when the run began, and what the version command printed. */
static void set_step(json_t *json, const char *name, const struct ar_method_parts *parts)
{
    struct ar_buf text;
    struct ar_error ignored;
    if (parts->text.len == 0)
        return;
    ar_buf_init(&text);
    ar_buf_add_char(&text, '{');
    ar_buf_add(&text, parts->text.data, parts->text.len);
    ar_buf_add_char(&text, '}');
    json_t *members = text.failed ? NULL : ar_json_load(text.data, text.len, false, "method", &ignored);
    set(json, name, json_incref(json_object_get(members, "method")));
    if (json_object_get(members, "version"))
        set(json, "version", json_incref(json_object_get(members, "version")));
    json_decref(members);
    ar_buf_release(&text);
}

static json_t *method_json(const struct run_local *local)
{
    const struct ar_method_source *method = &local->run->method;
    char *path = realpath(method->path, NULL);
    char xxh3[AR_DIGEST_HEX + 1];
    json_t *json = json_object();
    ar_digest_bytes(method->text.data, method->text.len, xxh3);
    set(json, "name", json_string(method->manifest.name));
    set(json, "manifest", text_json(path ? path : method->path));
    set(json, "manifest_xxh3", json_string(xxh3));
    set(json, "contract", json_string(ar_contract_name(method->manifest.contract)));
    set_step(json, "analyze", &local->done.step[0]);
    set_step(json, "postprocess", &local->done.step[1]);
    set(json, "git", ar_git_state(method->manifest.folder));
    free(path);
    return json;
}

static int make_record(const struct run_local *local, int status, json_t *json, struct ar_error *error)
{
    const struct run_options *o = &local->run->options;
    char host[256];
    ar_host_name(host);
    set(json, "analysisrun", json_string(AR_VERSION));
    set(json, "status", json_integer(status));
    set(json, "started", ar_time_json(local->started));
    set(json, "ended", ar_time_json(time(NULL)));
    set(json, "host", text_json(host));
    set(json, "options", run_options_json(o, error));
    set(json, "method", method_json(local));
    set(json, "inputs", json_incref(local->inputs));
    set(json, "samples", json_incref(local->samples));
    set(json, "counts", ar_states_counts(&local->states));
    set(json, "lanes", ar_states_lanes(&local->states));
    if (local->states.post_key)
        set(json, "postprocess", json_pack("{ss}", "key", local->states.post_key));
    return json_object_get(json, "") ? ar_fail_memory(error) : 0;
}

/* Appends the text of run.json. */
static int add_record(const struct run_local *local, int status, struct ar_buf *text, struct ar_error *error)
{
    json_t *json = json_object();
    int result = json ? make_record(local, status, json, error) : ar_fail_memory(error);
    ar_json_dump(text, json);
    if (result == 0)
        result = ar_buf_check(text, error) == 0 ? add_params(local, text, error) : -1;
    ar_buf_add_char(text, '\n');
    json_decref(json);
    return result == 0 ? ar_buf_check(text, error) : -1;
}

bool run_has_file(const struct run_local *local, const char *name)
{
    char *path;
    if (asprintf(&path, "%s/%s", local->folder, name) < 0)
        return true;
    bool there = access(path, F_OK) == 0;
    free(path);
    return there;
}

void run_keep_undelivered(struct run_local *local, int status)
{
    struct ar_folder folder;
    struct ar_buf text;
    struct ar_error ignored;
    if (run_has_file(local, AR_FOLDER_INDEX) || run_has_file(local, AR_FOLDER_SUMS))
        return;
    ar_lane_states_release(&local->states);
    if (ar_lane_states_read(&local->states, ar_home_path(&local->home, AR_HOME_LANES), &ignored) < 0 ||
        ar_folder_open(&folder, local->folder, "result", true, &ignored) != 0)
        return;
    ar_lane_states_stop(&local->states);
    ar_buf_init(&text);
    if (add_record(local, status, &text, &ignored) == 0)
        (void)!ar_folder_put(&folder, AR_RUN_JSON, text.data, text.len, &ignored);
    ar_buf_release(&text);
    ar_folder_release(&folder);
}

/* Of a run that delivered nothing, the one before stays as it is: its files are there. */
int run_keep_record(struct run_local *local, int status, bool delivered, struct ar_error *error)
{
    struct ar_buf path, text;
    if (!delivered)
        return 0;
    ar_buf_init(&path);
    ar_buf_init(&text);
    ar_buf_add_format(&path, "%s/" AR_RUN_JSON, local->folder);
    int result = ar_buf_check(&path, error) == 0 ? add_record(local, status, &text, error) : -1;
    if (result == 0)
        result = ar_file_put(AT_FDCWD, path.data, false, text.data, text.len, true, error);
    ar_buf_release(&path);
    ar_buf_release(&text);
    if (result == 0)
        result = ar_sums_write(local->folder, &tick, error);
    if (result != 0 || status != AR_OK || !local->done.text.len || were_changed(local))
        return result;
    add_delivered(local, &local->done.text);
    return ar_file_put(local->home.fd, AR_HOME_DONE, true, local->done.text.data, local->done.text.len, false, error);
}

/* ---- what is told --------------------------------------------------------------------------------------------------- */

int run_print_result(struct run_local *local, struct ar_error *error)
{
    struct ar_buf path;
    struct stat st;
    ar_buf_init(&path);
    ar_buf_add_format(&path, "%s/result.csv", local->folder);
    int fd = open(path.data, O_RDONLY | O_CLOEXEC), result;
    if (fd < 0 && errno == ENOENT) {
        ar_buf_release(&path);
        return 0; /* there is none, and that was told */
    }
    if (fd < 0 || fstat(fd, &st) != 0)
        result = ar_fail_open(error, errno, "cannot open '%s'", path.data);
    else
        result = ar_copy_fd(STDOUT_FILENO, ar_tr("standard output"), fd, (uint64_t)st.st_size, path.data, error);
    if (fd >= 0)
        close(fd);
    ar_buf_release(&path);
    return result;
}

/* The last lines of a lane's log; empty where there is none. */
static void read_log(const struct run_local *local, const char *lane, struct ar_buf *text)
{
    struct ar_error error;
    char *path;
    if (asprintf(&path, "%s/%s.log", local->home.log.data, lane) < 0)
        return;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0 && ar_log_tail(text, fd, 0, LOG_LINES, LOG_BYTES, &error) != 0)
        ar_buf_clear(text);
    if (fd >= 0)
        close(fd);
    free(path);
}

static void add_option(struct ar_buf *command, const char *option, const char *lane)
{
    ar_buf_add_text(command, option);
    ar_text_add_word(command, lane);
}

/*
 * The command that runs them again. It has --lane only where the run had: once the method was mended, nothing is known of the others, which
 * would then be missing. What was to be done whatever is kept of it has to be asked for again.
 */
static void add_again(const struct run_local *local, struct ar_buf *command)
{
    const struct run_options *o = &local->run->options;
    const struct ar_lane_states *states = &local->states;
    const bool few = states->count[AR_STATE_FAILED] <= CLI_FAILURES_TOLD;
    struct ar_buf record;
    ar_buf_init(&record);
    ar_buf_add_format(&record, "%s/" AR_RUN_JSON, local->folder);
    add_option(command, "ar-run --again=", record.data);
    ar_buf_release(&record);
    for (size_t i = 0; i < o->lane.n; i++)
        add_option(command, " --lane=", o->lane.text[i]);
    if (o->force_all && !few)
        ar_buf_add_text(command, " --force");
    for (size_t i = 0; (o->force.n || (o->force_all && few)) && i < states->lanes.count; i++)
        if (states->lane[i].state == AR_STATE_FAILED && (o->force_all || run_list_has(&o->force, states->lanes.name[i].text)))
            add_option(command, " --force=", states->lanes.name[i].text);
}

/* Each lane that failed, with its cause, the end of its log, and how to run it again. */
static void tell_failures(struct run_local *local)
{
    const struct ar_lane_states *states = &local->states;
    struct ar_target *target = calloc(states->count[AR_STATE_FAILED] + 1, sizeof *target);
    struct ar_buf *log = calloc(states->count[AR_STATE_FAILED] + 1, sizeof *log);
    struct ar_buf again, listing;
    size_t n = 0;
    ar_buf_init(&again);
    add_again(local, &again);
    ar_buf_init(&listing);
    ar_buf_add_text(&listing, "ar-run ");
    add_option(&listing, "status ", local->folder);
    struct cli_failures failures = { .how = CLI_FAILED, .logs = local->home.log.data, .listing = listing.data, .command = again.data };
    for (size_t i = 0; target && log && i < states->lanes.count; i++) {
        const struct ar_lane_entry *lane = &states->lane[i];
        if (lane->state != AR_STATE_FAILED)
            continue;
        ar_buf_init(&log[n]);
        read_log(local, states->lanes.name[i].text, &log[n]);
        target[n] = (struct ar_target){ .data = states->lanes.name[i].text, .sample = (char *)(uintptr_t)(lane->sample ? lane->sample : "") };
        cli_failures_add(&failures, &target[n], lane->cause ? lane->cause : ar_tr("it failed before it was analysed"), log[n].data);
        n++;
    }
    cli_failures_tell(&failures);
    cli_failures_release(&failures);
    for (size_t i = 0; log && i < n; i++)
        ar_buf_release(&log[i]);
    free(log);
    free(target);
    ar_buf_release(&again);
    ar_buf_release(&listing);
}

static void tell_result(const struct ar_lane_states *states, const char *path)
{
    size_t before = states->count[AR_STATE_CACHED];
    struct ar_buf line;
    ar_buf_init(&line);
    ar_buf_add_tr(&line, "the result is in '%s'", path);
    ar_buf_add_count(&line, ar_lane_states_done(states) - before - states->count[AR_STATE_NOT_CHOSEN], "; %" PRIu64 " lane ran",
                     "; %" PRIu64 " lanes ran");
    ar_buf_add_count(&line, before, ", %" PRIu64 " was done before", ", %" PRIu64 " were done before");
    cli_info("%s", line.data);
    ar_buf_release(&line);
}

static void tell_lacking(const char *path, size_t lacking, size_t lanes)
{
    if (lacking < lanes)
        cli_warn("there is no '%s' now: lanes without a result: %zu of %zu; -k makes one of the others", path, lacking, lanes);
    else
        cli_warn("there is no '%s' now: lanes without a result: %zu of %zu", path, lacking, lanes);
}

void run_tell(struct run_local *local, bool delivered)
{
    const struct ar_lane_states *states = &local->states;
    struct stat st;
    char *path;
    if (asprintf(&path, "%s/result.csv", local->folder) < 0)
        return;
    bool made = stat(path, &st) == 0;
    size_t lacking = states->count[AR_STATE_FAILED] + states->count[AR_STATE_NOT_CHOSEN] + states->count[AR_STATE_WAITING];
    if (delivered && made)
        tell_result(states, path);
    else if (delivered && lacking)
        tell_lacking(path, lacking, states->lanes.count);
    free(path);
    tell_failures(local);
}
