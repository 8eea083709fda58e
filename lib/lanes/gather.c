/* SPDX-License-Identifier: MIT */
#include "lanes/gather.h"

#include <fcntl.h>

#include "bytes/file.h"
#include "lanes/artifacts.h"
#include "lanes/folder.h"
#include "lanes/gather_lane.h"
#include "lanes/params.h"
#include "lanes/samples.h"

void ar_gather_init(struct ar_gather *gather)
{
    *gather = (struct ar_gather){ 0 };
    struct ar_buf *all[] = { &gather->params, &gather->artifacts, &gather->ledgers, &gather->causes, &gather->name,
                             &gather->result, &gather->table.rows };
    for (size_t i = 0; i < AR_COUNT(all); i++)
        ar_buf_init(all[i]);
    ar_artifacts_begin(&gather->artifacts);
}

void ar_gather_release(struct ar_gather *gather)
{
    struct ar_buf *buffers[] = { &gather->params, &gather->artifacts, &gather->ledgers, &gather->causes, &gather->name,
                                 &gather->result };
    for (size_t i = 0; i < AR_COUNT(buffers); i++)
        ar_buf_release(buffers[i]);
    struct ar_waiting *spools[] = { &gather->images, &gather->others, &gather->errors, &gather->rest };
    for (size_t i = 0; i < AR_COUNT(spools); i++)
        ar_waiting_release(spools[i]);
    ar_merge_table_release(&gather->table);
    ar_account_release(&gather->account);
    ar_targets_release(&gather->targets);
    ar_ledger_release(&gather->top);
    ar_names_release(&gather->places);
    ar_names_release(&gather->rest_names);
    free(gather->rest_xxh3);
    free(gather->rest_bytes);
    free(gather->targets_place);
    free(gather->params_place);
    free(gather->top_place);
    free(gather->lane);
}

/* ---- what all inputs must have in common ---------------------------------------------------------------------------- */

static int keep_place(char **place, const char *what, struct ar_error *error)
{
    *place = strdup(what);
    return *place ? 0 : ar_fail_memory(error);
}

static int fail_differ(const char *thing, const char *what, const char *before, struct ar_error *error)
{
    ar_fail(error, AR_INPUT, "'%s' has other %s than '%s'", what, thing, before);
    return ar_hint(error, "Only results of one run can be merged: analyse the lanes again that are of another.");
}

/* The lanes of the run are known: makes room for them. */
static int begin_lanes(struct ar_gather *gather, const char *what, struct ar_error *error)
{
    gather->lane = calloc(gather->targets.count + 1, sizeof *gather->lane);
    if (!gather->lane)
        return ar_fail_memory(error);
    if (ar_merge_table_init(&gather->table, &gather->targets, error) != 0)
        return -1;
    return keep_place(&gather->targets_place, what, error);
}

int ar_gather_targets(struct ar_gather *gather, const struct ar_targets *targets, const char *what, struct ar_error *error)
{
    if (!gather->targets_place) {
        for (size_t i = 0; i < targets->count; i++) {
            const struct ar_target *target = &targets->entry[i];
            if (ar_targets_add(&gather->targets, target->data, target->data_len, target->sample, target->sample_len, error) != 0)
                return -1;
        }
        return begin_lanes(gather, what, error);
    }
    bool same = targets->count == gather->targets.count;
    for (size_t i = 0; same && i < targets->count; i++)
        same = strcmp(targets->entry[i].data, gather->targets.entry[i].data) == 0 &&
               strcmp(targets->entry[i].sample, gather->targets.entry[i].sample) == 0;
    return same ? 0 : fail_differ("targets", what, gather->targets_place, error);
}

int ar_gather_params(struct ar_gather *gather, const char *text, size_t n, const char *what, struct ar_error *error)
{
    if (gather->params_place) {
        bool same = n == gather->params.len && memcmp(text, gather->params.data, n) == 0;
        return same ? 0 : fail_differ("params", what, gather->params_place, error);
    }
    if (ar_params_check(text, n, "entry 'params'", error) != 0)
        return ar_fail_in(error, "'%s'", what);
    ar_buf_add(&gather->params, text, n);
    if (ar_buf_check(&gather->params, error) != 0)
        return -1;
    return keep_place(&gather->params_place, what, error);
}

int ar_gather_top(struct ar_gather *gather, const struct ar_ledger *top, const char *what, struct ar_error *error)
{
    if (gather->top.json)
        return json_equal(gather->top.json, top->json) ? 0 : fail_differ("accounts of the source (ledger)", what,
                                                                         gather->top_place, error);
    gather->top.json = json_deep_copy(top->json);
    if (!gather->top.json)
        return ar_fail_memory(error);
    if (ar_account_source(&gather->account, &gather->top, error) != 0)
        return -1;
    return keep_place(&gather->top_place, what, error);
}

/* Notes an unknown entry at the top. Returns 1 where it is to be kept, 0 where it is there already, -1 on failure. */
static int note_rest(struct ar_gather *gather, const char *name, uint64_t bytes, const char *xxh3, const char *what,
                     struct ar_error *error)
{
    bool added;
    ssize_t number = ar_names_add(&gather->rest_names, name, strlen(name), &added);
    if (number < 0)
        return ar_fail_memory(error);
    if (!added) {
        if (gather->rest_bytes[number] == bytes && strcmp(gather->rest_xxh3[number], xxh3) == 0)
            return 0;
        return ar_fail(error, AR_INPUT, "'%s' has another entry '%s' than the inputs before it", what, name);
    }
    char (*grown)[AR_DIGEST_HEX + 1] = reallocarray(gather->rest_xxh3, (size_t)number + 1, sizeof *grown);
    if (grown)
        gather->rest_xxh3 = grown;
    uint64_t *sizes = reallocarray(gather->rest_bytes, (size_t)number + 1, sizeof *sizes);
    if (sizes)
        gather->rest_bytes = sizes;
    if (!grown || !sizes)
        return ar_fail_memory(error);
    snprintf(gather->rest_xxh3[number], sizeof *grown, "%s", xxh3);
    gather->rest_bytes[number] = bytes;
    return 1;
}

/* Such an entry is read as a whole: its digest tells whether it is there already. */
int ar_gather_rest(struct ar_gather *gather, struct ar_stream *stream, const struct ar_entry *entry, const char *what,
                   struct ar_error *error)
{
    struct ar_buf body;
    char xxh3[AR_DIGEST_HEX + 1];
    ar_buf_init(&body);
    const char *bytes = entry->text;
    int result = entry->text ? 0 : ar_stream_read_all(stream, &body, error);
    if (!bytes)
        bytes = body.data;
    if (result == 0) {
        ar_stream_digest(stream, xxh3);
        result = note_rest(gather, entry->tar->name, entry->tar->size, xxh3, what, error);
    }
    if (result > 0) {
        const struct ar_tar_entry *tar = entry->tar;
        struct ar_tar_meta meta = { .name = tar->name, .size = tar->size, .is_file = tar->is_file, .image_type = tar->image_type,
                                    .pax = tar->pax, .pax_len = tar->pax_len };
        result = ar_waiting_put(&gather->rest, &meta, bytes, error);
    }
    ar_buf_release(&body);
    return result;
}

/* ---- what is known beforehand --------------------------------------------------------------------------------------- */

static int read_rest(struct ar_gather *gather, int fd, const char *what, struct ar_error *error)
{
    struct ar_in *in = ar_in_new(fd, what, error);
    struct ar_tar_reader *tar = in ? ar_tar_reader_new(in, error) : NULL;
    struct ar_tar_entry entry;
    struct ar_buf body;
    int got = tar ? 1 : -1;
    ar_buf_init(&body);
    while (got > 0 && (got = ar_tar_next(tar, &entry, error)) > 0) {
        const char *base;
        char xxh3[AR_DIGEST_HEX + 1];
        if (ar_entry_kind_of(entry.name, false, false, &base) != AR_ENTRY_OTHER ||
            ar_targets_find(&gather->targets, entry.name, strcspn(entry.name, "/")) >= 0) {
            got = ar_fail(error, AR_INPUT, "'%s' holds the entry '%s', which is no unknown one", what, entry.name);
            break;
        }
        struct ar_tar_meta meta = { .name = entry.name, .size = entry.size, .is_file = entry.is_file,
                                    .image_type = entry.image_type,
                                    .pax = entry.pax, .pax_len = entry.pax_len };
        ar_buf_clear(&body);
        if (ar_tar_read_all(tar, &body, UINT64_MAX, error) != 0) {
            got = -1;
            break;
        }
        ar_digest_bytes(body.data, body.len, xxh3);
        int kept = note_rest(gather, entry.name, entry.size, xxh3, what, error);
        if (kept < 0 || (kept > 0 && ar_waiting_put(&gather->rest, &meta, body.data, error) != 0))
            got = -1;
    }
    ar_buf_release(&body);
    ar_tar_reader_free(tar);
    ar_in_free(in);
    return got;
}

/* The files of the folder must be those that its ledger describes. */
static int check_file(const struct ar_gather *gather, const char *path, const char *name, const struct ar_buf *text,
                      struct ar_error *error)
{
    char xxh3[AR_DIGEST_HEX + 1];
    json_t *said = json_object_get(json_object_get(gather->top.json, "files"), name);
    ar_digest_bytes(text->data, text->len, xxh3);
    const char *expected = json_string_value(json_object_get(said, "xxh3"));
    if (!expected || strcmp(expected, xxh3) == 0)
        return 0;
    ar_fail(error, AR_INPUT, "'%s/%s.json' has the digest %s, and %s by the folder's ledger", path, name, xxh3, expected);
    return ar_hint(error, "The file was changed since ar-pack wrote it: pack the lanes again.");
}

static int read_folder(struct ar_gather *gather, int fd, const char *path, struct ar_buf *text, struct ar_error *error)
{
    struct ar_ledger top = { 0 };
    int result = ar_folder_read_ledger(fd, AR_FOLDER_INDEX, text, error);
    if (result == 0)
        result = ar_ledger_parse(&top, text->data, text->len, AR_FOLDER_INDEX, error);
    if (result == 0)
        result = ar_gather_top(gather, &top, path, error);
    ar_ledger_release(&top);
    ar_buf_clear(text);
    if (result == 0)
        result = ar_read_file(fd, "targets.json", text, AR_LEDGER_MAX, error);
    if (result == 0)
        result = check_file(gather, path, AR_NAME_TARGETS, text, error);
    if (result == 0)
        result = ar_targets_parse(&gather->targets, text->data, text->len, "'targets.json'", error);
    if (result == 0)
        result = begin_lanes(gather, path, error);
    ar_buf_clear(text);
    if (result == 0)
        result = ar_read_file(fd, "params.json", text, AR_PARAMS_MAX, error);
    if (result == 0)
        result = check_file(gather, path, AR_NAME_PARAMS, text, error);
    return result == 0 ? ar_gather_params(gather, text->data, text->len, path, error) : -1;
}

int ar_gather_folder(struct ar_gather *gather, const char *path, struct ar_error *error)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return ar_fail_open(error, errno, "cannot open the folder '%s'", path);
    struct ar_buf text;
    ar_buf_init(&text);
    int result = read_folder(gather, fd, path, &text, error);
    if (result != 0) {
        ar_fail_in(error, "folder '%s'", path);
        if (!*error->hint)
            ar_hint(error, "Expected a folder that 'ar-pack -d' has finished: targets.json, params.json, ledger.json.");
    }
    int rest = result == 0 ? openat(fd, "rest.tar", O_RDONLY | O_CLOEXEC) : -1;
    if (rest >= 0) {
        char what[512];
        snprintf(what, sizeof what, "%s/rest.tar", path);
        result = read_rest(gather, rest, what, error);
        close(rest);
    }
    ar_buf_release(&text);
    close(fd);
    return result;
}

int ar_gather_samples(struct ar_gather *gather, const char *path, struct ar_error *error)
{
    struct ar_buf text, what;
    ar_buf_init(&text);
    ar_buf_init(&what);
    ar_buf_add_format(&what, "samples table '%s'", path);
    int result = ar_read_file(AT_FDCWD, path, &text, AR_LEDGER_MAX, error);
    if (result == 0)
        result = ar_samples_parse(&gather->targets, text.data, text.len, what.data, error);
    ar_buf_release(&text);
    ar_buf_release(&what);
    return result == 0 ? begin_lanes(gather, path, error) : -1;
}
