/* SPDX-License-Identifier: MIT */
/*
 * What a gathering is told beforehand: by a folder that ar-pack delivered into, or by a samples table.
 */
#include <fcntl.h>

#include "bytes/file.h"
#include "lanes/folder.h"
#include "lanes/gather_lane.h"
#include "lanes/params.h"
#include "lanes/samples.h"

#define REST "rest.tar"

/* ---- the folder's files --------------------------------------------------------------------------------------------- */

/*
 * The bytes of a file, or of an entry in rest.tar, must be those that the ledger describes under that name. The folder of a
 * lane that came alone has a ledger that describes none.
 */
static int check_bytes(const struct ar_gather *gather, const char *file, const char *name, const struct ar_buf *bytes,
                       struct ar_error *error)
{
    char xxh3[AR_DIGEST_HEX + 1];
    const struct ar_node *files = ar_ledger_files(&gather->top);
    const char *expected = ar_node_text_of(ar_node_get(files, name), "xxh3");
    ar_digest_bytes(bytes->data, bytes->len, xxh3);
    if (ar_node_size(files) == 0 || (expected && strcmp(expected, xxh3) == 0))
        return 0;
    if (expected)
        ar_fail(error, AR_INPUT, "'%s': '%s' has the digest %s, and %s by the folder's ledger", file, name, xxh3, expected);
    else
        ar_fail(error, AR_INPUT, "'%s': the folder's ledger does not know '%s'", file, name);
    return ar_hint(error, "The file was changed since ar-pack wrote it: pack the lanes again.");
}

static int read_ledger(struct ar_gather *gather, int fd, const char *path, struct ar_buf *text, struct ar_error *error)
{
    struct ar_ledger top = { 0 };
    int result = ar_folder_read_ledger(fd, AR_FOLDER_INDEX, text, &gather->pins, error);
    if (result == 0)
        result = ar_ledger_parse(&top, text->data, text->len, AR_FOLDER_INDEX, error);
    if (result == 0)
        result = ar_gather_top(gather, &top, path, error);
    ar_ledger_release(&top);
    return result;
}

/* Reads a file that the ledger describes under another name. */
static int read_described(const struct ar_gather *gather, int fd, const char *file, const char *name, uint64_t max,
                          struct ar_buf *text, struct ar_error *error)
{
    ar_buf_clear(text);
    return ar_folder_read_file(fd, file, text, max, error) != 0 ? -1 : check_bytes(gather, file, name, text, error);
}

static int read_files(struct ar_gather *gather, int fd, const char *path, struct ar_buf *text, struct ar_error *error)
{
    if (read_ledger(gather, fd, path, text, error) != 0 ||
        read_described(gather, fd, "targets.json", AR_NAME_TARGETS, AR_LEDGER_MAX, text, error) != 0 ||
        ar_targets_parse(&gather->targets, text->data, text->len, "'targets.json'", error) != 0 ||
        ar_gather_begin(gather, path, error) != 0 ||
        read_described(gather, fd, "params.json", AR_NAME_PARAMS, AR_PARAMS_MAX, text, error) != 0)
        return -1;
    return ar_gather_params(gather, text->data, text->len, path, error);
}

/* ---- unknown entries ------------------------------------------------------------------------------------------------ */

static int read_rest_entry(struct ar_gather *gather, struct ar_tar_reader *tar, const struct ar_tar_entry *entry,
                           const char *path, struct ar_buf *body, struct ar_error *error)
{
    const char *base;
    char xxh3[AR_DIGEST_HEX + 1];
    if (ar_entry_kind_of(entry->name, false, false, &base) != AR_ENTRY_OTHER ||
        ar_targets_find(&gather->targets, entry->name, strcspn(entry->name, "/")) >= 0)
        return ar_fail(error, AR_INPUT, "'" REST "' holds the entry '%s', which is no unknown one", entry->name);
    ar_buf_clear(body);
    if (ar_tar_read_all(tar, body, UINT64_MAX, error) != 0 || check_bytes(gather, REST, entry->name, body, error) != 0)
        return -1;
    ar_digest_bytes(body->data, body->len, xxh3);
    return ar_gather_rest(gather, entry, body->data, xxh3, path, error);
}

static int read_rest(struct ar_gather *gather, int fd, const char *path, struct ar_error *error)
{
    struct ar_in *in = ar_in_new(fd, REST, error);
    struct ar_tar_reader *tar = in ? ar_tar_reader_new(in, error) : NULL;
    struct ar_tar_entry entry;
    struct ar_buf body;
    int got = tar ? 1 : -1;
    ar_buf_init(&body);
    while (got > 0 && (got = ar_tar_next(tar, &entry, error)) > 0)
        if (read_rest_entry(gather, tar, &entry, path, &body, error) != 0)
            got = -1;
    ar_buf_release(&body);
    ar_tar_reader_free(tar);
    ar_in_free(in);
    return got;
}

/* All entries that the ledger knows must be there. */
static int check_rest_whole(const struct ar_gather *gather, struct ar_error *error)
{
    for (const struct ar_node *file = ar_node_members(ar_ledger_files(&gather->top)); file; file = file->next) {
        const char *name = file->name;
        if (strcmp(name, AR_NAME_TARGETS) == 0 || strcmp(name, AR_NAME_PARAMS) == 0 ||
            ar_names_find(&gather->rest_names, name, file->name_len) >= 0)
            continue;
        ar_fail(error, AR_INPUT, "'" REST "' lacks the entry '%s', which the ledger has", name);
        return ar_hint(error, "The folder is not as ar-pack left it: pack the lanes again.");
    }
    return 0;
}

static int take_rest(struct ar_gather *gather, int folder, const char *path, struct ar_error *error)
{
    if (faccessat(folder, REST, F_OK, 0) == 0) {
        int fd = ar_folder_open_file(folder, REST, error);
        int result = fd < 0 ? -1 : read_rest(gather, fd, path, error);
        if (fd >= 0)
            close(fd);
        if (result != 0)
            return -1;
    }
    return check_rest_whole(gather, error);
}

/* ---- the two ways --------------------------------------------------------------------------------------------------- */

int ar_gather_folder(struct ar_gather *gather, const char *path, struct ar_error *error)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return ar_fail_open(error, errno, "cannot open the folder '%s'", path);
    struct ar_buf text;
    ar_buf_init(&text);
    int result = read_files(gather, fd, path, &text, error);
    if (result == 0)
        result = take_rest(gather, fd, path, error);
    ar_buf_release(&text);
    close(fd);
    if (result == 0)
        return 0;
    if (!*error->hint)
        ar_hint(error, "Expected a folder that 'ar-pack -d' has finished: targets.json, params.json, ledger.json.");
    return ar_fail_in(error, "folder '%s'", path);
}

int ar_gather_samples(struct ar_gather *gather, const char *path, struct ar_error *error)
{
    struct ar_buf text, what;
    ar_buf_init(&text);
    ar_buf_init(&what);
    ar_buf_add_tr(&what, "samples table '%s'", path);
    int result = ar_read_file(AT_FDCWD, path, &text, AR_LEDGER_MAX, error);
    if (result == 0)
        result = ar_samples_parse(&gather->targets, text.data, text.len, what.data, error);
    ar_buf_release(&text);
    ar_buf_release(&what);
    return result == 0 ? ar_gather_begin(gather, path, error) : -1;
}
