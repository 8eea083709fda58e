/* SPDX-License-Identifier: MIT */
/*
 * Folders of lanes, and folders that hold a result.
 */
#include <dirent.h>
#include <fcntl.h>

#include "bytes/file.h"
#include "lanes/artifacts.h"
#include "lanes/folder.h"
#include "lanes/listing_note.h"
#include "lanes/pins.h"

#define TAR ".tar"

struct folder {
    struct ar_listing *listing;
    int fd;
    const char *path;
    struct ar_tree pins;    /* of its lanes, by the index; or empty */
    int result;             /* -1: something failed, and the first failure was told */
    struct ar_error *error; /* the first failure */
};

/* Keeps the first failure; the other files are read all the same. */
static void failed(struct folder *folder, const struct ar_error *error)
{
    if (folder->result == 0)
        *folder->error = *error;
    folder->result = -1;
}

/* Passes over all but the ledger of the lane in the tar: is it that lane, and as the index pins it? */
static int check_pin(const struct folder *folder, const char *lane, int fd, const char *path, struct ar_error *error)
{
    struct ar_in *in = ar_in_new(fd, path, error);
    struct ar_stream *stream = in ? ar_stream_new(in, AR_STREAM_LANES | AR_STREAM_SKIP, error) : NULL;
    struct ar_entry entry;
    int got = stream ? 1 : -1;
    while (got > 0 && (got = ar_stream_next(stream, &entry, error)) > 0) {
        if (entry.kind != AR_ENTRY_LEDGER || entry.lane == AR_NO_LANE)
            continue;
        const char *found = ar_stream_targets(stream)->entry[entry.lane].data;
        if ((strcmp(found, lane) == 0 ? ar_pins_check_lane(&folder->pins, lane, entry.text, entry.len, error)
                                      : ar_fail(error, AR_INPUT, "expected the lane '%s', found '%s'", lane, found)) != 0)
            got = -1;
    }
    ar_stream_free(stream);
    ar_in_free(in);
    if (got == 0 && lseek(fd, 0, SEEK_SET) != 0)
        return ar_fail_errno(error, errno, "cannot read again");
    return got;
}

/* lane: which one it is, where the index tells; else NULL. */
static void read_tar(struct folder *folder, const char *name, const char *lane)
{
    struct ar_error error = { 0 };
    struct ar_buf path;
    ar_buf_init(&path);
    ar_buf_add_format(&path, "%s/%s", folder->path, name);
    int fd = ar_folder_open_file(folder->fd, name, &error);
    bool pinned = lane && folder->pins.root && folder->listing->verify;
    if (fd < 0 || (pinned && check_pin(folder, lane, fd, path.data, &error) != 0) ||
        ar_listing_read_stream(folder->listing, fd, path.data, &error) != 0) {
        if (fd < 0)
            ar_folder_fail_file(&error, folder->path, name);
        else
            ar_fail_in(&error, "'%s'", path.data);
        failed(folder, &error);
    }
    if (fd >= 0)
        close(fd);
    ar_buf_release(&path);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Without an index: all tars, by their names. */
static int read_all_tars(struct folder *folder, struct ar_error *error)
{
    int copy = openat(folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = copy < 0 ? NULL : fdopendir(copy);
    if (!dir)
        return ar_fail_errno(error, errno, "cannot read the folder '%s'", folder->path);
    struct ar_names names = { 0 };
    struct dirent *entry;
    folder->listing->parts = true;
    bool added;
    int result = 0;
    while (result == 0 && (entry = readdir(dir))) {
        size_t n = strlen(entry->d_name);
        bool tar = entry->d_name[0] != '.' && n > strlen(TAR) && strcmp(entry->d_name + n - strlen(TAR), TAR) == 0;
        if (tar && ar_names_add(&names, entry->d_name, n, &added) < 0)
            result = ar_fail_memory(error);
    }
    closedir(dir);
    const char **sorted = calloc(names.count + 1, sizeof *sorted);
    for (size_t i = 0; sorted && i < names.count; i++)
        sorted[i] = names.name[i].text;
    if (!sorted)
        result = ar_fail_memory(error);
    else
        qsort(sorted, names.count, sizeof *sorted, compare_texts);
    if (result == 0 && names.count == 0) {
        ar_fail(error, AR_INPUT, "the folder '%s' holds no lanes and no result", folder->path);
        result = ar_hint(error, "Expected a folder that 'ar-pack -d' or 'ar-post -d' has made, or one with the tars of lanes.");
    }
    for (size_t i = 0; result == 0 && i < names.count && ar_tick(folder->listing->tick, 0, error) == 0; i++)
        read_tar(folder, sorted[i], NULL);
    free(sorted);
    ar_names_release(&names);
    return result;
}

/* Appends a file of the folder; one that is not there is no failure, and sets nothing. */
static int read_part(struct folder *folder, const char *name, struct ar_buf *text, bool *there, struct ar_error *error)
{
    *there = faccessat(folder->fd, name, F_OK, 0) == 0;
    if (!*there || ar_folder_read_file(folder->fd, name, text, AR_LEDGER_MAX, error) == 0)
        return 0;
    return ar_folder_fail_file(error, folder->path, name);
}

/* ---- files that stand for entries ----------------------------------------------------------------------------------- */

/* Notes bytes and digest of a file under its name; one that is not there is not noted. */
static int digest_file(struct folder *folder, const char *name, struct ar_seen *seen, struct ar_error *error)
{
    int fd = ar_folder_open_beneath(folder->fd, name, error);
    if (fd < 0)
        return error->system_errno == ENOENT ? 0 : ar_folder_fail_file(error, folder->path, name);
    struct ar_digest digest;
    char bytes[1 << 14], hex[AR_DIGEST_HEX + 1];
    uint64_t total = 0;
    ssize_t n;
    ar_digest_init(&digest);
    while ((n = read(fd, bytes, sizeof bytes)) > 0) {
        ar_digest_add(&digest, bytes, (size_t)n);
        total += (uint64_t)n;
    }
    if (n < 0)
        ar_fail_errno(error, errno, "cannot read '%s/%s'", folder->path, name);
    close(fd);
    ar_digest_hex(&digest, hex);
    folder->listing->entries++;
    folder->listing->bytes += total;
    return n < 0 ? -1 : ar_seen_add(seen, name, total, hex, NULL, error);
}

/* The files at the top of a folder of lanes, against the ledger. */
static int check_top_files(struct folder *folder, const struct ar_ledger *top, struct ar_error *error)
{
    static const char *const names[][2] = { { "targets", "targets.json" }, { "params", "params.json" } };
    struct ar_seen seen = { 0 };
    int result = 0;
    for (size_t i = 0; i < AR_COUNT(names) && result == 0; i++) {
        const struct ar_node *said = ar_node_get(ar_ledger_files(top), names[i][0]);
        if (!said)
            continue;
        result = digest_file(folder, names[i][1], &seen, error);
        if (result == 0)
            result = ar_listing_check_entry(&seen, names[i][1], ar_node_count_of(said, "bytes"), ar_node_text_of(said, "xxh3"),
                                            "'ledger.json'", error);
    }
    ar_seen_release(&seen);
    return result;
}

/* Counts the pictures of the lanes, and digests all files that the table names where that is wished. */
static int walk_artifacts(struct folder *folder, const struct ar_buf *text, struct ar_seen *seen, struct ar_error *error)
{
    struct ar_artifacts table;
    struct ar_artifact artifact;
    struct ar_buf scratch;
    struct ar_listing *listing = folder->listing;
    if (ar_artifacts_parse(&table, text->data, text->len, "'artifacts.csv'", error) != 0)
        return -1;
    int result = 0;
    ar_buf_init(&scratch);
    for (size_t i = 0; i < table.table.rows && result == 0; i++) {
        result = ar_artifacts_get(&table, i, &artifact, &scratch, error);
        if (result != 0)
            break;
        ssize_t lane = artifact.data ? ar_targets_find(&listing->targets, artifact.data, strlen(artifact.data)) : -1;
        if (lane >= 0 && artifact.kind && strcmp(artifact.kind, "image") == 0) {
            listing->lane[lane].images++;
            listing->lane[lane].image_bytes += artifact.bytes;
        }
        if (listing->verify)
            result = digest_file(folder, artifact.path, seen, error);
    }
    ar_buf_release(&scratch);
    ar_artifacts_release(&table);
    return result;
}

static int read_artifacts(struct folder *folder, const struct ar_buf *text, struct ar_error *error)
{
    static const char what[] = "'artifacts.csv'";
    struct ar_seen seen = { 0 };
    int result = walk_artifacts(folder, text, &seen, error);
    if (result == 0)
        result = ar_listing_artifacts(folder->listing, text->data, text->len, NULL, what, error);
    if (result == 0 && folder->listing->verify)
        result = ar_listing_artifacts(folder->listing, text->data, text->len, &seen, what, error);
    ar_seen_release(&seen);
    return result;
}

/* ---- by the index --------------------------------------------------------------------------------------------------- */

/* What ar-pack has left: the index is the ledger at the top, and each target has its tar. */
static int read_lanes(struct folder *folder, const struct ar_buf *ledger, const struct ar_buf *targets, struct ar_error *error)
{
    struct ar_listing *listing = folder->listing;
    struct ar_ledger top;
    if (ar_targets_parse(&listing->targets, targets->data, targets->len, "'targets.json'", error) != 0 ||
        ar_listing_lanes(listing, error) != 0 || ar_ledger_parse(&top, ledger->data, ledger->len, "'ledger.json'", error) != 0)
        return -1;
    int result = ar_listing_top(listing, &top, error);
    if (result == 0 && listing->verify)
        result = check_top_files(folder, &top, error);
    ar_ledger_release(&top);
    listing->kind = AR_LISTED_LANES;
    for (size_t i = 0; i < listing->n_lanes && result == 0; i++) {
        char name[AR_LANE_ID_MAX + sizeof TAR];
        snprintf(name, sizeof name, "%s" TAR, listing->targets.entry[i].data);
        result = ar_tick(listing->tick, 0, error);
        if (result == 0)
            read_tar(folder, name, listing->targets.entry[i].data);
    }
    return result;
}

/* What ar-post has left: tables, artifacts, and the ledger of all lanes; errors are files. */
static int read_result(struct folder *folder, const struct ar_buf *ledger, struct ar_error *error)
{
    struct ar_listing *listing = folder->listing;
    struct ar_buf text;
    bool there;
    listing->kind = AR_LISTED_RESULT;
    ar_buf_init(&text);
    int result = ar_listing_merged_ledger(listing, ledger->data, ledger->len, NULL, "'ledger.json'", error);
    if (result == 0)
        result = read_part(folder, "result.csv", &text, &there, error);
    if (result == 0 && there)
        result = ar_listing_table(&listing->result, text.data, text.len, "'result.csv'", error);
    ar_buf_clear(&text);
    if (result == 0)
        result = read_part(folder, "artifacts.csv", &text, &there, error);
    if (result == 0 && there)
        result = read_artifacts(folder, &text, error);
    for (size_t i = 0; i < listing->n_lanes && result == 0; i++) {
        char name[AR_LANE_ID_MAX + 16];
        if (listing->lane[i].state != AR_LISTED_FAILED)
            continue;
        snprintf(name, sizeof name, "errors/%s.txt", listing->targets.entry[i].data);
        ar_buf_clear(&text);
        result = read_part(folder, name, &text, &there, error);
        if (result == 0 && there)
            result = ar_listing_fail_lane(listing, i, text.data, text.len, error);
    }
    ar_buf_release(&text);
    return result;
}

/* Reads by the index. */
static int read_index(struct folder *folder, const struct ar_buf *ledger, struct ar_error *error)
{
    struct ar_json_span lanes;
    struct ar_buf targets;
    bool there;
    if (ar_json_find_member(ledger->data, ledger->len, "lanes", &lanes))
        return read_result(folder, ledger, error);
    ar_buf_init(&targets);
    int result = read_part(folder, "targets.json", &targets, &there, error);
    if (result == 0 && !there)
        result = ar_fail(error, AR_INPUT, "the folder '%s' holds a ledger.json, but no targets.json", folder->path);
    if (result == 0)
        result = read_lanes(folder, ledger, &targets, error);
    ar_buf_release(&targets);
    return result;
}

int ar_listing_read_folder(struct ar_listing *listing, int fd, const char *path, struct ar_error *error)
{
    struct folder folder = { .listing = listing, .fd = fd, .path = path, .error = error };
    struct ar_error own;
    struct ar_buf ledger;
    listing->folder = true;
    ar_buf_init(&ledger);
    int result;
    if (faccessat(fd, AR_FOLDER_INDEX, F_OK, 0) != 0) {
        result = read_all_tars(&folder, &own);
    } else {
        result = ar_folder_read_ledger(fd, AR_FOLDER_INDEX, &ledger, &folder.pins, &own);
        if (result == 0)
            result = read_index(&folder, &ledger, &own);
    }
    if (result == 0 && folder.result == 0)
        result = ar_listing_check(listing, &own);
    ar_buf_release(&ledger);
    ar_tree_release(&folder.pins);
    if (result != 0)
        failed(&folder, &own);
    listing->one_lane = false;
    return folder.result;
}
