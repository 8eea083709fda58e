/* SPDX-License-Identifier: MIT */
#include "runs/record.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "bytes/digest.h"
#include "bytes/io.h"
#include "bytes/text.h"
#include "runs/home.h"
#include "runs/pipeline.h"

enum { GIT_OUTPUT_MAX = 1 << 20, PIECE = 1 << 22 };

/* ---- git ------------------------------------------------------------------------------------------------------------ */

/* Runs git -C FOLDER with the arguments, the last of which may be NULL; appends what it prints. False where it fails. */
static bool run_git(const char *folder, const char *verb, const char *arg, const char *path, struct ar_buf *printed)
{
    static const char *const hidden[] = { "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE" };
    struct ar_pipeline pipeline;
    struct ar_error error;
    int out = memfd_create("git", MFD_CLOEXEC);
    bool ok = out >= 0 && ar_pipeline_init(&pipeline, &error) == 0;
    if (!ok) {
        if (out >= 0)
            close(out);
        return false;
    }
    ar_buf_clear(&pipeline.folder); /* it is none of ours */
    ok = ar_pipeline_tool(&pipeline, "git", &error) == 0;
    if (ok) {
        const char *const args[] = { "-C", folder, verb, arg, path };
        for (size_t i = 0; i < AR_COUNT(args) && args[i]; i++)
            ar_pipeline_arg(&pipeline, args[i]);
        for (size_t i = 0; i < AR_COUNT(hidden); i++)
            ar_env_unset(&pipeline.env, hidden[i]);
        pipeline.out = out;
        pipeline.stage[0].log = open("/dev/null", O_WRONLY | O_CLOEXEC);
        ok = ar_pipeline_start(&pipeline, &error) == 0;
        while (ok && ar_pipeline_runs(&pipeline))
            ar_pipeline_wait(&pipeline, -1);
        ok = ok && ar_stage_exited(&pipeline.stage[0], 0);
        if (pipeline.stage[0].log >= 0)
            close(pipeline.stage[0].log);
    }
    off_t n = lseek(out, 0, SEEK_END);
    ok = ok && ar_proc_output(printed, out, n < GIT_OUTPUT_MAX ? (uint64_t)n : GIT_OUTPUT_MAX, N_("cannot read a temporary file"), &error) == 0;
    ar_pipeline_release(&pipeline);
    close(out);
    return ok;
}

json_t *ar_git_state(const char *folder)
{
    struct ar_buf commit, changes;
    json_t *json = NULL;
    ar_buf_init(&commit);
    ar_buf_init(&changes);
    if (run_git(folder, "rev-parse", "HEAD", NULL, &commit) && run_git(folder, "status", "--porcelain", ".", &changes)) {
        ar_buf_truncate(&commit, strcspn(commit.data, "\n"));
        json = json_pack("{sssb}", "commit", commit.data, "clean", changes.len == 0);
    }
    ar_buf_release(&commit);
    ar_buf_release(&changes);
    return json ? json : json_null();
}

/* ---- inputs --------------------------------------------------------------------------------------------------------- */

static int digest_map(const char *bytes, size_t n, char hex[AR_DIGEST_HEX + 1], const struct ar_tick *tick, struct ar_error *error)
{
    struct ar_digest digest;
    ar_digest_init(&digest);
    for (size_t at = 0; at < n; at += PIECE) {
        ar_digest_add(&digest, bytes + at, n - at < PIECE ? n - at : PIECE);
        if (ar_tick(tick, at, error) != 0)
            return -1;
    }
    ar_digest_hex(&digest, hex);
    return 0;
}

json_t *ar_input_json(const char *path, const struct ar_tick *tick, struct ar_error *error)
{
    char hex[AR_DIGEST_HEX + 1];
    struct stat st;
    if (strcmp(path, "-") == 0)
        return json_null();
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0) {
        ar_fail_open(error, errno, "cannot open '%s'", path);
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    json_t *json = S_ISREG(st.st_mode) ? NULL : json_null();
    size_t n = (size_t)st.st_size;
    void *map = !json && n ? mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
    close(fd);
    if (map == MAP_FAILED) {
        ar_fail_errno(error, errno, "cannot map '%s'", path);
        return NULL;
    }
    if (!json && digest_map(map, n, hex, tick, error) == 0) {
        char *whole = realpath(path, NULL);
        json = json_pack("{sssIss}", "file", whole ? whole : path, "bytes", (json_int_t)n, "xxh3", hex);
        free(whole);
        if (!json) /* a name that is no UTF-8 */
            json = json_pack("{sosIss}", "file", json_null(), "bytes", (json_int_t)n, "xxh3", hex);
        if (!json)
            ar_fail_memory(error);
    }
    if (map)
        munmap(map, n);
    return json;
}

/* ---- lanes ---------------------------------------------------------------------------------------------------------- */

json_t *ar_states_counts(const struct ar_lane_states *states)
{
    json_t *json = json_pack("{sI}", "lanes", (json_int_t)states->lanes.count);
    for (int i = 0; i < AR_STATES; i++)
        if (states->count[i] || (i != AR_STATE_WAITING && i != AR_STATE_RUNNING && i != AR_STATE_INTERRUPTED))
            json_object_set_new(json, ar_run_state_name((enum ar_run_state)i), json_integer((json_int_t)states->count[i]));
    return json;
}

static json_t *lane_json(const struct ar_lane_entry *lane)
{
    json_t *json = json_pack("{ssss}", "sample", lane->sample ? lane->sample : "", "state", ar_run_state_name(lane->state));
    if (lane->key)
        json_object_set_new(json, "key", json_string(lane->key));
    if (lane->seconds >= 0)
        json_object_set_new(json, "seconds", json_real(lane->seconds));
    if (lane->memory)
        json_object_set_new(json, "memory", json_integer((json_int_t)lane->memory));
    if (lane->cause)
        json_object_set_new(json, "cause", json_string(lane->cause));
    return json;
}

json_t *ar_states_lanes(const struct ar_lane_states *states)
{
    json_t *json = json_object();
    for (size_t i = 0; i < states->lanes.count; i++)
        json_object_set_new(json, states->lanes.name[i].text, lane_json(&states->lane[i]));
    return json;
}

json_t *ar_time_json(time_t time)
{
    struct ar_buf text;
    ar_buf_init(&text);
    ar_add_time(&text, time);
    json_t *json = json_string(text.data);
    ar_buf_release(&text);
    return json;
}

/* ---- reading it again ----------------------------------------------------------------------------------------------- */

static json_t *load_members(const struct ar_json_doc *doc, const char *const *names, const char *what, struct ar_error *error)
{
    const struct ar_json_value root = ar_json_root(doc);
    struct ar_json_value value;
    json_t *json = root.type == AR_JSON_OBJECT ? json_object() : NULL;
    if (!json && root.type == AR_JSON_OBJECT)
        ar_fail_memory(error);
    else if (!json)
        ar_fail(error, AR_INPUT, "%s: expected an object", what);
    for (; json && *names; names++) {
        if (!ar_json_member(doc, &root, *names, &value))
            continue;
        json_t *member = ar_json_load(value.text, value.len, false, what, error);
        if (member && json_object_set_new(json, *names, member) == 0)
            continue;
        if (member)
            ar_fail_memory(error);
        json_decref(json);
        json = NULL;
    }
    return json;
}

int ar_run_json_check(const struct ar_buf *text, const char *what, struct ar_error *error)
{
    static const char *const known[] = { "analysisrun", "status", "started", "ended", "host", "options", "method", "inputs", "samples",
                                         "params", "counts", "lanes", "postprocess" };
    struct ar_json_span name, value;
    size_t at = 0;
    while (ar_json_next_member(text->data, text->len, &at, &name, &value) > 0) {
        size_t i = 0, n = name.len - 2; /* its quotes */
        while (i < AR_COUNT(known) && !ar_text_is(name.text + 1, n, known[i]))
            i++;
        if (i < AR_COUNT(known))
            continue;
        ar_fail(error, AR_INPUT, "%s: '/%.*s' is not known", what, (int)n, name.text + 1);
        return ar_hint(error, "It may be of a later version of ar-run, or misspelt: take it out, or say what you mean on the command line.");
    }
    return 0;
}

json_t *ar_run_json_parse(const struct ar_buf *text, const char *const *names, const char *what, struct ar_error *error)
{
    struct ar_json_doc doc;
    if (ar_json_doc_parse(&doc, text->data, text->len, what, error) != 0)
        return NULL;
    json_t *json = load_members(&doc, names, what, error);
    ar_json_doc_release(&doc);
    return json;
}

json_t *ar_run_json_read(const char *folder, const char *const *names, struct ar_error *error)
{
    struct ar_buf path, what, text;
    json_t *json = NULL;
    ar_buf_init(&path);
    ar_buf_init(&what);
    ar_buf_init(&text);
    ar_buf_add_format(&path, "%s/" AR_RUN_JSON, folder);
    ar_buf_add_format(&what, "'%s/" AR_RUN_JSON "'", folder);
    if (ar_buf_check(&path, error) == 0 && ar_buf_check(&what, error) == 0 &&
        ar_folder_read_file(AT_FDCWD, path.data, &text, AR_RUN_JSON_MAX, error) == 0 && ar_run_json_check(&text, what.data, error) == 0)
        json = ar_run_json_parse(&text, names, what.data, error);
    ar_buf_release(&path);
    ar_buf_release(&what);
    ar_buf_release(&text);
    return json;
}
