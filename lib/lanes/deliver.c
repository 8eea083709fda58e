/* SPDX-License-Identifier: MIT */
#include "lanes/deliver.h"

#define KIND_TABLE "table"
#define KIND_JSON "json"
#define KIND_FILE "file"
#define REST "rest.tar"

/* How things are called: in a stream, or in a folder. */
struct names {
    const char *table, *artifacts, *params;
    const char *json_end; /* behind the lane's name */
    const char *line_end; /* behind a JSON object */
};

static const struct names stream_names = { AR_NAME_RESULT_CSV, AR_NAME_ARTIFACTS, AR_NAME_PARAMS, "", "" };
static const struct names folder_names = { "result.csv", "artifacts.csv", "params.json", ".json", "\n" };

/* The text of the result's table: the merged one, where there was no postprocess. */
static const struct ar_buf *csv_of(const struct ar_delivery *d)
{
    return d->post->csv.len ? &d->post->csv : &d->merged->table;
}

/* ---- the artifacts -------------------------------------------------------------------------------------------------- */

/* What is done with the JSON object of a lane: arg is the caller's. */
typedef int put_json(void *arg, const struct ar_target *lane, const char *name, const struct ar_buf *json,
                     struct ar_error *error);

/* Makes the JSON objects of the result, in the order of the lanes, and puts each. */
static int each_json(const struct ar_delivery *d, const struct names *names, put_json *put, void *arg, struct ar_error *error)
{
    struct ar_buf name, json;
    ar_buf_init(&name);
    ar_buf_init(&json);
    int result = 0;
    for (size_t i = 0; i < d->merged->targets.count && result == 0; i++) {
        const struct ar_target *lane = &d->merged->targets.entry[i];
        if (d->post->row_of_lane[i] == AR_NO_ROW)
            continue;
        ar_buf_clear(&name);
        ar_buf_clear(&json);
        ar_buf_add_format(&name, AR_FOLDER_RESULT_JSON "%s%s", lane->data, names->json_end);
        ar_result_json(&json, &d->post->table, d->post->row_of_lane[i]);
        ar_buf_add_text(&json, names->line_end);
        bool made = ar_buf_check(&name, error) == 0 && ar_buf_check(&json, error) == 0;
        result = made ? put(arg, lane, name.data, &json, error) : -1;
    }
    ar_buf_release(&name);
    ar_buf_release(&json);
    return result;
}

static void add_artifact(struct ar_buf *out, const char *path, const char *kind, const struct ar_target *lane,
                         const char *bytes, size_t n)
{
    char xxh3[AR_DIGEST_HEX + 1];
    ar_digest_bytes(bytes, n, xxh3);
    struct ar_artifact artifact = { .path = path, .data = lane ? lane->data : NULL, .sample = lane ? lane->sample : NULL,
                                    .kind = kind,
                                    .bytes = n, .xxh3 = xxh3 };
    ar_artifacts_add(out, &artifact);
}

static int list_json(void *arg, const struct ar_target *lane, const char *name, const struct ar_buf *json, struct ar_error *error)
{
    (void)error; /* the table's buffer tells at its end */
    add_artifact(arg, name, KIND_JSON, lane, json->data, json->len);
    return 0;
}

/* The result's own files. */
static int add_results(const struct ar_delivery *d, const struct names *names, struct ar_buf *out, struct ar_error *error)
{
    add_artifact(out, names->table, KIND_TABLE, NULL, csv_of(d)->data, csv_of(d)->len);
    return each_json(d, names, list_json, out, error);
}

/* Turns L/images/NAME to images/L/NAME. False for another path: its file is in rest.tar. */
static bool path_in_folder(const struct ar_artifact *artifact, struct ar_buf *path)
{
    const char *slash = strchr(artifact->path, '/');
    if (!slash || strncmp(slash + 1, AR_FOLDER_IMAGES, strlen(AR_FOLDER_IMAGES)) != 0)
        return false;
    ar_buf_clear(path);
    ar_buf_add_text(path, AR_FOLDER_IMAGES);
    ar_buf_add(path, artifact->path, (size_t)(slash + 1 - artifact->path));
    ar_buf_add_text(path, slash + 1 + strlen(AR_FOLDER_IMAGES));
    return true;
}

/* The rows of the merged table. */
static int add_files(const struct ar_delivery *d, const struct names *names, struct ar_buf *out, struct ar_error *error)
{
    struct ar_buf scratch, path;
    ar_buf_init(&scratch);
    ar_buf_init(&path);
    int result = 0;
    for (size_t i = 0; i < d->merged->artifacts.table.rows && result == 0; i++) {
        struct ar_artifact artifact;
        result = ar_artifacts_get(&d->merged->artifacts, i, &artifact, &scratch, error);
        if (result != 0 || (names == &folder_names && !path_in_folder(&artifact, &path)))
            continue;
        if (names == &folder_names)
            artifact.path = path.data;
        ar_artifacts_add(out, &artifact);
    }
    ar_buf_release(&scratch);
    ar_buf_release(&path);
    return result;
}

static int make_artifacts(const struct ar_delivery *d, const struct names *names, struct ar_buf *out, struct ar_error *error)
{
    ar_artifacts_begin(out);
    if (d->post && add_results(d, names, out, error) != 0)
        return -1;
    return add_files(d, names, out, error) != 0 ? -1 : ar_buf_check(out, error);
}

/* ---- the ledger ----------------------------------------------------------------------------------------------------- */

/* The lanes that are missing in a result. */
static void list_missing(const struct ar_merged *merged, struct ar_ledger *ledger)
{
    struct ar_node *list = ar_tree_put(&ledger->tree, ledger->tree.root, "incomplete", AR_NODE_ARRAY);
    for (size_t i = 0; i < merged->targets.count; i++)
        if (merged->outcome[i] == AR_OUTCOME_FAILED || merged->outcome[i] == AR_OUTCOME_NOT_CHOSEN)
            ar_tree_put_text(&ledger->tree, list, NULL, merged->targets.entry[i].data);
}

/* The ledger at the top, less its lanes, as it is behind the result. */
static int begin_ledger(const struct ar_delivery *d, const struct names *names, struct ar_ledger *ledger, struct ar_error *error)
{
    struct ar_merged *merged = d->merged;
    struct ar_tree *tree = &ledger->tree;
    if (ar_ledger_copy(ledger, &merged->top, error) != 0)
        return -1;
    ar_ledger_drop_file(ledger, AR_NAME_ANALYSIS_RESULTS);
    if (names == &folder_names) { /* unknown entries are in rest.tar */
        ar_node_clear(ar_ledger_files(ledger));
        if (ar_ledger_set_file_bytes(ledger, names->params, merged->params.data, merged->params.len, error) != 0)
            return -1;
    }
    if (!d->post)
        return 0;
    struct ar_node *post = ar_tree_put(tree, tree->root, "post", AR_NODE_OBJECT);
    ar_tree_put_count(tree, post, "rows_in", merged->account.lanes[AR_OUTCOME_RESULT]);
    ar_tree_put_count(tree, post, "rows", d->post->table.rows);
    ar_tree_put(tree, post, "postprocess", d->postprocessed ? AR_NODE_TRUE : AR_NODE_FALSE);
    if (ar_merged_missing(merged) > 0)
        list_missing(merged, ledger);
    return ar_ledger_set_file_bytes(ledger, names->table, csv_of(d)->data, csv_of(d)->len, error);
}

/* ---- the stream ----------------------------------------------------------------------------------------------------- */

static int write_json(void *arg, const struct ar_target *lane, const char *name, const struct ar_buf *json,
                      struct ar_error *error)
{
    (void)lane;
    return ar_emit_whole(arg, NULL, name, true, json->data, json->len, error);
}

static int send_all(struct ar_waiting *waiting, struct ar_out *out, struct ar_error *error)
{
    return ar_waiting_send(waiting, out, 0, ar_waiting_end(waiting), error);
}

/* Pictures and all else that waits, in the order of a merged stream. */
static int send_waiting(struct ar_merged *m, struct ar_out *out, struct ar_error *error)
{
    if (send_all(&m->images, out, error) != 0 || send_all(&m->others, out, error) != 0 || send_all(&m->errors, out, error) != 0)
        return -1;
    return send_all(&m->rest, out, error);
}

int ar_deliver_merged(struct ar_merged *m, struct ar_emit *emit, struct ar_error *error)
{
    const struct {
        const char *name;
        bool is_file;
        const struct ar_buf *text;
    } entries[] = { { AR_NAME_TARGETS, false, &m->targets_text }, { AR_NAME_PARAMS, false, &m->params },
                    { AR_NAME_ANALYSIS_RESULTS, true, &m->table }, { AR_NAME_ARTIFACTS, true, &m->artifacts_text } };
    for (size_t i = 0; i < AR_COUNT(entries); i++)
        if (ar_emit_whole(emit, NULL, entries[i].name, entries[i].is_file, entries[i].text->data, entries[i].text->len, error) != 0)
            return -1;
    if (send_waiting(m, emit->tar.out, error) != 0)
        return -1;
    return ar_emit_whole(emit, NULL, AR_NAME_LEDGER, false, m->ledger.data, m->ledger.len, error);
}

static int write_stream(const struct ar_delivery *d, struct ar_emit *emit, struct ar_ledger *ledger, struct ar_buf *text,
                        struct ar_error *error)
{
    struct ar_merged *m = d->merged;
    if (ar_emit_whole(emit, NULL, AR_NAME_TARGETS, false, m->targets_text.data, m->targets_text.len, error) != 0 ||
        ar_emit_whole(emit, NULL, AR_NAME_PARAMS, false, m->params.data, m->params.len, error) != 0)
        return -1;
    if (d->post && (ar_emit_whole(emit, NULL, AR_NAME_RESULT_CSV, true, csv_of(d)->data, csv_of(d)->len, error) != 0 ||
                    each_json(d, &stream_names, write_json, emit, error) != 0))
        return -1;
    if (make_artifacts(d, &stream_names, text, error) != 0 || begin_ledger(d, &stream_names, ledger, error) != 0 ||
        ar_ledger_set_file_bytes(ledger, AR_NAME_ARTIFACTS, text->data, text->len, error) != 0 ||
        ar_emit_whole(emit, NULL, AR_NAME_ARTIFACTS, true, text->data, text->len, error) != 0)
        return -1;
    if (send_waiting(m, emit->tar.out, error) != 0)
        return -1;
    ar_buf_clear(text);
    if (ar_merged_add_ledger(ledger, d->merged->lanes, text, error) != 0)
        return -1;
    return ar_emit_whole(emit, NULL, AR_NAME_LEDGER, false, text->data, text->len, error);
}

int ar_deliver_stream(const struct ar_delivery *delivery, struct ar_emit *emit, struct ar_error *error)
{
    struct ar_ledger ledger = { 0 };
    struct ar_buf text;
    ar_buf_init(&text);
    int result = write_stream(delivery, emit, &ledger, &text, error);
    ar_buf_release(&text);
    ar_ledger_release(&ledger);
    return result;
}

/* ---- the folder ----------------------------------------------------------------------------------------------------- */

static int put_file(void *arg, const struct ar_target *lane, const char *name, const struct ar_buf *json, struct ar_error *error)
{
    (void)lane;
    return ar_folder_put(arg, name, json->data, json->len, error);
}

/* A file of the folder from a body in a spool. */
static int put_body(struct ar_folder *folder, const char *name, struct ar_waiting *waiting, const struct ar_merged_body *body,
                    struct ar_error *error)
{
    struct ar_folder_file file;
    if (ar_folder_create(folder, &file, name, error) != 0)
        return -1;
    if (ar_waiting_send(waiting, file.out, body->start, body->end, error) == 0)
        return ar_folder_commit(folder, &file, error);
    ar_folder_abandon(&file);
    return -1;
}

/* Only looks whether the file could be made. */
static int check_body(struct ar_folder *folder, const char *name, struct ar_waiting *waiting, const struct ar_merged_body *body,
                      struct ar_error *error)
{
    (void)waiting, (void)body;
    return ar_folder_check_name(folder, name, error);
}

typedef int do_body(struct ar_folder *folder, const char *name, struct ar_waiting *waiting, const struct ar_merged_body *body,
                    struct ar_error *error);

/* Pictures, and the errors of lanes. */
static int each_body(const struct ar_delivery *d, struct ar_folder *folder, do_body *act, struct ar_error *error)
{
    struct ar_merged *m = d->merged;
    struct ar_buf name;
    ar_buf_init(&name);
    int result = 0;
    for (size_t i = 0; i < m->image.n && result == 0; i++) {
        const struct ar_merged_body *body = &m->image.body[i];
        ar_buf_clear(&name);
        ar_buf_add_format(&name, AR_FOLDER_IMAGES "%s/%s", m->targets.entry[body->lane].data, m->names.data + body->name);
        result = ar_buf_check(&name, error) != 0 ? -1 : act(folder, name.data, &m->images, body, error);
    }
    for (size_t i = 0; i < m->error.n && result == 0; i++) {
        const struct ar_merged_body *body = &m->error.body[i];
        ar_buf_clear(&name);
        ar_buf_add_format(&name, "errors/%s.txt", m->targets.entry[body->lane].data);
        result = ar_buf_check(&name, error) != 0 ? -1 : act(folder, name.data, &m->errors, body, error);
    }
    ar_buf_release(&name);
    return result;
}

/* Writes unknown entries as a tar; tells its bytes and its digest. */
static int write_rest(struct ar_merged *m, struct ar_folder_file *file, uint64_t *bytes, char xxh3[AR_DIGEST_HEX + 1],
                      struct ar_error *error)
{
    struct ar_tar_writer tar;
    ar_tar_writer_init(&tar, file->out);
    if (send_all(&m->others, file->out, error) != 0 || send_all(&m->rest, file->out, error) != 0 ||
        ar_tar_finish(&tar, error) != 0 || ar_out_flush(file->out, error) != 0)
        return -1;
    *bytes = ar_out_offset(file->out);
    return ar_digest_fd(file->file.fd, *bytes, xxh3) == 0 ? 0 : ar_fail_errno(error, errno, "cannot read '" REST "' again");
}

/* Unknown entries, as a tar; with its row of the artifacts, and its place in the ledger. */
static int put_rest(const struct ar_delivery *d, struct ar_folder *folder, struct ar_ledger *ledger, struct ar_buf *artifacts,
                    struct ar_error *error)
{
    struct ar_merged *m = d->merged;
    struct ar_folder_file file;
    char xxh3[AR_DIGEST_HEX + 1];
    uint64_t bytes;
    if (ar_waiting_end(&m->others) + ar_waiting_end(&m->rest) == 0)
        return 0;
    if (ar_folder_create(folder, &file, REST, error) != 0)
        return -1;
    if (write_rest(m, &file, &bytes, xxh3, error) != 0 || ar_ledger_set_file(ledger, REST, bytes, xxh3, error) != 0) {
        ar_folder_abandon(&file);
        return -1;
    }
    struct ar_artifact artifact = { .path = REST, .kind = KIND_FILE, .bytes = bytes, .xxh3 = xxh3 };
    ar_artifacts_add(artifacts, &artifact);
    return ar_folder_commit(folder, &file, error);
}

static int fill_folder(const struct ar_delivery *d, struct ar_folder *folder, struct ar_ledger *ledger, struct ar_buf *text,
                       struct ar_error *error)
{
    struct ar_merged *m = d->merged;
    if (each_body(d, folder, check_body, error) != 0)
        return -1;
    if (d->post && (ar_folder_put(folder, folder_names.table, csv_of(d)->data, csv_of(d)->len, error) != 0 ||
                    each_json(d, &folder_names, put_file, folder, error) != 0))
        return -1;
    if (each_body(d, folder, put_body, error) != 0 ||
        ar_folder_put(folder, folder_names.params, m->params.data, m->params.len, error) != 0)
        return -1;
    if (make_artifacts(d, &folder_names, text, error) != 0 || begin_ledger(d, &folder_names, ledger, error) != 0 ||
        put_rest(d, folder, ledger, text, error) != 0 || ar_buf_check(text, error) != 0 ||
        ar_ledger_set_file_bytes(ledger, folder_names.artifacts, text->data, text->len, error) != 0 ||
        ar_folder_put(folder, folder_names.artifacts, text->data, text->len, error) != 0)
        return -1;
    ar_buf_clear(text);
    if (ar_merged_add_ledger(ledger, d->merged->lanes, text, error) != 0)
        return -1;
    return ar_folder_finish(folder, text->data, text->len, error);
}

int ar_deliver_folder(const struct ar_delivery *delivery, const char *path, struct ar_error *error)
{
    struct ar_folder folder;
    struct ar_ledger ledger = { 0 };
    struct ar_buf text;
    if (ar_folder_open(&folder, path, "result", true, error) != 0)
        return -1;
    ar_buf_init(&text);
    int result = fill_folder(delivery, &folder, &ledger, &text, error);
    ar_buf_release(&text);
    ar_ledger_release(&ledger);
    ar_folder_release(&folder);
    return result;
}
