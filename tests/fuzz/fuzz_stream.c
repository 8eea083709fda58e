/* SPDX-License-Identifier: MIT */
/*
 * Whatever the bytes are: each reader of streams refuses them with a reason or comes to their end, and what it accepts can be written, and
 * is accepted again: entries passed on, a run cut into lanes, lane results merged, merged results delivered.
 *
 * Digests guard all of it, and chance does not find them. So each input is tried three times: as it is, with the checksums of its headers
 * mended, and with the digests in its ledgers mended, too.
 */
#include "fuzz.h"
#include "lanes/deliver.h"
#include "lanes/emit.h"
#include "lanes/gather.h"
#include "lanes/listing.h"
#include "lanes/samples.h"
#include "lanes/split.h"

#define BODY_MAX ((uint64_t)1 << 22)

/* ---- input and output ----------------------------------------------------------------------------------------------- */

static struct ar_in *open_in(int fd)
{
    struct ar_error error;
    FUZZ_CHECK(lseek(fd, 0, SEEK_SET) == 0);
    struct ar_in *in = ar_in_new(fd, "input", &error);
    FUZZ_CHECK(in);
    return in;
}

/* A file to write to. */
struct copy {
    int fd;
    struct ar_out *out;
    struct ar_emit emit;
};

static void open_copy(struct copy *copy, bool one_lane)
{
    struct ar_error error;
    copy->fd = fuzz_file("", 0);
    copy->out = ar_out_new(copy->fd, "copy", AR_FILTER_NONE, &error);
    FUZZ_CHECK(copy->out);
    ar_emit_init(&copy->emit, copy->out, one_lane);
}

static void finish_copy(struct copy *copy)
{
    struct ar_error error;
    FUZZ_CHECK(ar_emit_finish(&copy->emit, &error) == 0 && ar_out_close(copy->out, &error) == 0);
    ar_emit_release(&copy->emit);
}

static void abandon_copy(struct copy *copy)
{
    ar_out_abandon(copy->out);
    ar_emit_release(&copy->emit);
}

/* ---- entry by entry ------------------------------------------------------------------------------------------------- */

/*
 * Reads a stream to its end. account: gets a line for each entry, with its digest; or NULL, then bodies are left to the reader. emit: copies it;
 * or NULL. Returns what the last ar_stream_next did.
 */
static int read_stream(int fd, unsigned flags, struct ar_buf *account, struct ar_emit *emit)
{
    struct ar_error error = { 0 };
    struct ar_entry entry;
    struct ar_buf body;
    char xxh3[AR_DIGEST_HEX + 1];
    struct ar_in *in = open_in(fd);
    struct ar_stream *stream = ar_stream_new(in, flags, &error);
    FUZZ_CHECK(stream);
    ar_buf_init(&body);
    int got, result = 0;
    while (result == 0 && (got = ar_stream_next(stream, &entry, &error)) == 1) {
        FUZZ_CHECK(entry.lane == AR_NO_LANE || (size_t)entry.lane < ar_stream_targets(stream)->count || entry.kind == AR_ENTRY_SAMPLE_NAME);
        FUZZ_CHECK(!entry.text || (entry.len == entry.tar->size && entry.text[entry.len] == '\0'));
        ar_buf_clear(&body);
        if (emit)
            result = ar_emit_pass(emit, stream, &entry, &error);
        else if (account && !entry.text)
            result = ar_stream_read_all(stream, &body, &error);
        if (!account || result != 0)
            continue;
        FUZZ_CHECK(emit || entry.text || body.len == entry.tar->size);
        ar_stream_digest(stream, xxh3);
        ar_buf_add_format(account, "%d %zd %s %" PRIu64 " %s %s\n", (int)entry.kind, entry.lane, entry.tar->name, entry.tar->size,
                          entry.tar->image_type ? entry.tar->image_type : "-", xxh3);
    }
    if (result != 0)
        got = -1;
    if (got < 0)
        fuzz_check_error(&error);
    ar_buf_release(&body);
    ar_stream_free(stream);
    ar_in_free(in);
    return got;
}

/* True where the stream is accepted as flags have it. Then it is accepted however it is read, and its copy is the same. */
static bool check_stream(int fd, unsigned flags)
{
    struct ar_buf read, copied, again;
    struct copy copy;
    ar_buf_init(&read);
    ar_buf_init(&copied);
    ar_buf_init(&again);
    open_copy(&copy, false);
    bool good = read_stream(fd, flags, &read, NULL) == 0;
    FUZZ_CHECK((read_stream(fd, flags, &copied, &copy.emit) == 0) == good);
    FUZZ_CHECK((read_stream(fd, flags, NULL, NULL) == 0) == good);
    if (good) {
        finish_copy(&copy);
        FUZZ_CHECK(read.len == copied.len && memcmp(read.data, copied.data, read.len) == 0);
        FUZZ_CHECK(read_stream(fd, flags | AR_STREAM_SKIP, NULL, NULL) == 0);
        FUZZ_CHECK(read_stream(copy.fd, flags, &again, NULL) == 0);
        FUZZ_CHECK(read.len == again.len && memcmp(read.data, again.data, read.len) == 0);
    } else {
        abandon_copy(&copy);
    }
    close(copy.fd);
    ar_buf_release(&read);
    ar_buf_release(&copied);
    ar_buf_release(&again);
    return good;
}

/* ---- what tools make of it ------------------------------------------------------------------------------------------ */

static void check_listing(int fd, bool good)
{
    struct ar_listing listing;
    struct ar_buf json;
    struct ar_error error = { 0 };
    ar_listing_init(&listing);
    ar_buf_init(&json);
    listing.entities = listing.verify = true;
    FUZZ_CHECK(lseek(fd, 0, SEEK_SET) == 0);
    int result = ar_listing_read_stream(&listing, fd, "input", &error);
    FUZZ_CHECK(!good || result == 0);
    if (result != 0)
        fuzz_check_error(&error);
    FUZZ_CHECK(ar_listing_json_top(&listing, "input", NULL, &json, &error) == 0);
    for (size_t i = 0; i < listing.n_lanes; i++)
        FUZZ_CHECK(ar_listing_json_lane(&listing, i, &json, &error) == 0);
    ar_buf_release(&json);
    ar_listing_release(&listing);
}

/* Cuts a run into lanes. */
static void check_run(int fd)
{
    struct ar_split split;
    struct copy copy;
    struct ar_error error = { 0 };
    ar_split_init(&split);
    open_copy(&copy, false);
    FUZZ_CHECK(lseek(fd, 0, SEEK_SET) == 0);
    int result = ar_run_read_tar(&split.run, fd, "input", &error);
    split.grow = result == 0 && !split.run.has_samples;
    if (result == 0 && split.run.has_samples)
        result = ar_samples_parse(&split.targets, split.run.samples.data, split.run.samples.len, "samples", &error);
    if (result == 0)
        result = ar_split_read(&split, NULL, 0, NULL, &error);
    if (result == 0)
        result = ar_split_write(&split, copy.out, NULL, &error); /* end blocks and all */
    if (result == 0) {
        FUZZ_CHECK(ar_out_close(copy.out, &error) == 0);
        ar_emit_release(&copy.emit);
        FUZZ_CHECK(check_stream(copy.fd, AR_STREAM_LANES));
    } else {
        fuzz_check_error(&error);
        abandon_copy(&copy);
    }
    close(copy.fd);
    ar_split_release(&split);
}

/* Delivers a merged stream without a postprocess. */
static void check_delivery(struct ar_merged *merged)
{
    struct ar_post post;
    struct copy copy;
    struct ar_error error = { 0 };
    if (ar_post_from_table(&post, merged->table.data, merged->table.len, &merged->targets, &error) != 0) {
        fuzz_check_error(&error);
        return;
    }
    struct ar_delivery delivery = { .merged = merged, .post = &post };
    open_copy(&copy, false);
    FUZZ_CHECK(ar_deliver_stream(&delivery, &copy.emit, &error) == 0);
    finish_copy(&copy);
    FUZZ_CHECK(check_stream(copy.fd, AR_STREAM_LANES | AR_STREAM_MERGED));
    check_listing(copy.fd, true);
    close(copy.fd);
    ar_post_release(&post);
}

/* Reads it as merged lanes. True where it is accepted. */
static bool check_merged(int fd)
{
    struct ar_merged merged;
    struct ar_error error = { 0 };
    struct ar_in *in = open_in(fd);
    ar_merged_init(&merged);
    int result = ar_merged_read(&merged, in, &error);
    if (result == 0)
        check_delivery(&merged);
    else
        fuzz_check_error(&error);
    ar_merged_release(&merged);
    ar_in_free(in);
    return result == 0;
}

/* Merges lane results. */
static void check_results(int fd)
{
    struct ar_gather gather;
    struct copy copy;
    struct ar_error error = { 0 };
    struct ar_in *in = open_in(fd);
    ar_gather_init(&gather);
    open_copy(&copy, false);
    int result = ar_gather_take(&gather, in, "input", true, &error);
    FUZZ_CHECK(result <= 0);
    if (result == 0)
        result = ar_gather_end(&gather, true, &error);
    if (result == 0)
        result = ar_gather_write(&gather, &copy.emit, &error);
    if (result == 0) {
        finish_copy(&copy);
        FUZZ_CHECK(check_merged(copy.fd));
    } else {
        fuzz_check_error(&error);
        abandon_copy(&copy);
    }
    close(copy.fd);
    ar_gather_release(&gather);
    ar_in_free(in);
}

/* ---- mending digests ------------------------------------------------------------------------------------------------ */

struct member {
    struct ar_tar_meta meta;
    struct ar_buf body;
    char xxh3[AR_DIGEST_HEX + 1];
};

struct archive {
    struct member *member;
    size_t n;
};

/* False where it is no whole tar. */
static bool read_archive(struct archive *archive, int fd)
{
    struct ar_error error;
    struct ar_tar_entry entry;
    struct ar_in *in = open_in(fd);
    struct ar_tar_reader *reader = ar_tar_reader_new(in, &error);
    int got, result = 0;
    *archive = (struct archive){ 0 };
    FUZZ_CHECK(reader);
    while (result == 0 && (got = ar_tar_next(reader, &entry, &error)) == 1) {
        archive->member = realloc(archive->member, (archive->n + 1) * sizeof *archive->member);
        FUZZ_CHECK(archive->member);
        struct member *member = &archive->member[archive->n++];
        *member = (struct member){ .meta = { .name = strdup(entry.name), .is_file = entry.is_file,
                                             .image_type = entry.image_type ? strdup(entry.image_type) : NULL } };
        ar_buf_init(&member->body);
        result = ar_tar_read_all(reader, &member->body, BODY_MAX, &error);
        ar_digest_bytes(member->body.data, member->body.len, member->xxh3);
    }
    ar_tar_reader_free(reader);
    ar_in_free(in);
    return result == 0 && got == 0;
}

static void release_archive(struct archive *archive)
{
    for (size_t i = 0; i < archive->n; i++) {
        free((char *)(uintptr_t)archive->member[i].meta.name);
        free((char *)(uintptr_t)archive->member[i].meta.image_type);
        ar_buf_release(&archive->member[i].body);
    }
    free(archive->member);
}

/* Sets size and digest to those of the entry FOLDER/PREFIX/NAME, where there is one. */
static void mend_one(const struct archive *archive, json_t *json, const char *folder, const char *prefix, const char *name)
{
    struct ar_buf path;
    ar_buf_init(&path);
    ar_buf_add_format(&path, "%s%s%s", folder, prefix, name);
    for (size_t i = 0; i < archive->n; i++) {
        const struct member *member = &archive->member[i];
        if (!json_is_object(json) || strcmp(member->meta.name, path.data) != 0)
            continue;
        json_object_set_new(json, "bytes", json_integer((json_int_t)member->body.len));
        json_object_set_new(json, "xxh3", json_string(member->xxh3));
        break;
    }
    ar_buf_release(&path);
}

/* Mends the ledger of what stands in folder ("" or "L/"), and those of the lanes that are gathered in it. */
static void mend_ledger(const struct archive *archive, json_t *ledger, const char *folder)
{
    const char *name;
    json_t *value, *record;
    size_t i;
    json_object_del(ledger, "xxh3");
    json_object_foreach (json_object_get(ledger, "files"), name, value)
        mend_one(archive, value, folder, "", name);
    json_object_foreach (json_object_get(ledger, "sets"), name, value)
        json_array_foreach (value, i, record)
            if (json_object_get(record, "xxh3"))
                mend_one(archive, record, folder, AR_FOLDER_SETS, name);
    json_object_foreach (json_object_get(ledger, "lanes"), name, value) {
        struct ar_buf lane;
        ar_buf_init(&lane);
        ar_buf_add_format(&lane, "%s/", name);
        if (json_is_object(value) && !json_object_get(value, "lanes"))
            mend_ledger(archive, value, lane.data);
        ar_buf_release(&lane);
    }
}

/* A lane's ledger is mended before the one at the top is: that one has no digest of it. */
static void mend_member(const struct archive *archive, struct member *member)
{
    struct ar_error error;
    const char *name = member->meta.name, *slash = strrchr(name, '/');
    if (strcmp(slash ? slash + 1 : name, AR_NAME_LEDGER) != 0)
        return;
    json_t *json = ar_json_load(member->body.data, member->body.len, false, "ledger", &error);
    if (json_is_object(json)) {
        char *folder = strndup(name, slash ? (size_t)(slash + 1 - name) : 0);
        FUZZ_CHECK(folder);
        mend_ledger(archive, json, folder);
        ar_buf_clear(&member->body);
        ar_json_dump(&member->body, json);
        free(folder);
    }
    json_decref(json);
}

/* The tar with ledgers that say what is there; -1 where it is no whole tar. */
static int mended(int fd)
{
    struct archive archive;
    struct copy copy;
    struct ar_error error;
    bool whole = read_archive(&archive, fd);
    if (whole) {
        open_copy(&copy, false);
        for (size_t i = 0; i < archive.n; i++) {
            struct member *member = &archive.member[i];
            mend_member(&archive, member);
            member->meta.size = member->body.len;
            FUZZ_CHECK(ar_tar_put_whole(&copy.emit.tar, &member->meta, member->body.data, &error) == 0);
        }
        finish_copy(&copy);
    }
    release_archive(&archive);
    return whole ? copy.fd : -1;
}

/* ---- the whole ------------------------------------------------------------------------------------------------------ */

static void check(int fd)
{
    check_stream(fd, AR_STREAM_LANES);
    check_stream(fd, AR_STREAM_LANES | AR_STREAM_MERGED | AR_STREAM_RUN);
    check_listing(fd, false);
    check_run(fd);
    check_results(fd);
    check_merged(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = fuzz_file(data, size);
    if (fuzz_is_compressed(fd)) {
        close(fd);
        return 0;
    }
    check(fd);
    close(fd);
    uint8_t *repaired = malloc(size + 1);
    FUZZ_CHECK(repaired);
    if (size > 0)
        memcpy(repaired, data, size);
    fuzz_repair_tar(repaired, size);
    fd = fuzz_file(repaired, size);
    if (size > 0 && memcmp(repaired, data, size) != 0 && !fuzz_is_compressed(fd))
        check(fd);
    int mended_fd = fuzz_is_compressed(fd) ? -1 : mended(fd);
    if (mended_fd >= 0) {
        check(mended_fd);
        close(mended_fd);
    }
    close(fd);
    free(repaired);
    return 0;
}
