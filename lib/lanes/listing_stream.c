/* SPDX-License-Identifier: MIT */
#include <sys/stat.h>

#include "bytes/file.h"
#include "lanes/entries.h"
#include "lanes/listing_note.h"

enum { OTHERS_MAX = 10, HEAD_MIN = 4096 };

struct reading {
    struct ar_listing *listing;
    int fd;
    const char *path;
    struct ar_in *in;
    struct ar_stream *stream;
    struct ar_buf body;      /* of the entry at hand */
    struct ar_buf artifacts; /* the table, until the end, when all that it names was read */
    struct ar_run run;       /* its sets, where the input cannot be read again */
};

/* ---- a run ---------------------------------------------------------------------------------------------------------- */

/* Sets of a run come in any order with its samples: from a pipe they wait in temporary files. */
static int spool_set(struct reading *r, const struct ar_entry *entry, struct ar_error *error)
{
    int fd = ar_spool_open(error);
    if (fd < 0)
        return -1;
    char name[256];
    const char *bytes;
    ssize_t n;
    while ((n = ar_stream_view(r->stream, &bytes, (size_t)1 << 20, error)) > 0)
        if (ar_write_fd(fd, bytes, (size_t)n, ar_spool_name(name), error) != 0) {
            n = -1;
            break;
        }
    if (n == 0 && lseek(fd, 0, SEEK_SET) != 0)
        n = ar_fail_errno(error, errno, "cannot read the %s", ar_spool_name(name));
    int result = n < 0 ? -1 : ar_run_add_file(&r->run, entry->base, fd, entry->tar->name, error);
    close(fd);
    return result;
}

static int take_run_entry(struct reading *r, const struct ar_entry *entry, struct ar_error *error)
{
    switch (entry->kind) {
    case AR_ENTRY_SET:
        return spool_set(r, entry, error);
    case AR_ENTRY_SAMPLE_NAMES:
        ar_buf_add(&r->run.samples, entry->text, entry->len);
        r->run.has_samples = true;
        return ar_buf_check(&r->run.samples, error);
    case AR_ENTRY_PARAMS:
        r->run.has_params = true;
        return 0;
    default:
        return 0;
    }
}

/* Reads a run again from where it began. */
static int read_run_file(struct ar_listing *listing, int fd, const char *path, struct ar_error *error)
{
    struct ar_run run;
    ar_run_init(&run);
    int result = ar_run_read_tar(&run, fd, path, error);
    listing->entries = run.n_sets + run.n_others + run.has_samples + run.has_params;
    listing->bytes = run.samples.len + run.params.len;
    for (size_t i = 0; i < run.n_sets; i++)
        listing->bytes += run.set[i].n;
    for (size_t i = 0; i < run.n_others; i++)
        listing->bytes += run.other[i].n;
    if (result == 0)
        result = ar_listing_read_run(listing, &run, error);
    ar_run_release(&run);
    return result;
}

/* ---- lanes ---------------------------------------------------------------------------------------------------------- */

static int take_targets(struct reading *r, struct ar_error *error)
{
    const struct ar_targets *targets = ar_stream_targets(r->stream);
    if (r->listing->parts)
        return 0; /* each lane comes with the part that has it */
    for (size_t i = 0; i < targets->count; i++)
        if (ar_listing_lane(r->listing, &targets->entry[i], error) < 0)
            return -1;
    return 0;
}

/* Reads as much of a CSV as its header needs. */
static int read_head(struct reading *r, struct ar_listed_set *set, const char *what, struct ar_error *error)
{
    struct ar_csv_header header;
    size_t enough = HEAD_MIN;
    const char *bytes;
    ssize_t n;
    do {
        n = ar_stream_view(r->stream, &bytes, HEAD_MIN, error);
        if (n < 0)
            return -1;
        ar_buf_add(&r->body, bytes, (size_t)n);
        if (ar_buf_check(&r->body, error) != 0)
            return -1;
        if (n > 0 && r->body.len < enough)
            continue;
        enough = 2 * r->body.len;
        if (ar_csv_header_read(&header, r->body.data, r->body.len, what, error) != 0)
            continue; /* the rest may be still to come */
        bool whole = n == 0 || header.next < r->body.len;
        int result = whole ? ar_listing_columns(&set->columns, &header, error) : 0;
        ar_csv_header_release(&header);
        if (whole)
            return result;
    } while (n > 0);
    return -1;
}

static int take_set(struct reading *r, size_t lane, const struct ar_entry *entry, struct ar_error *error)
{
    struct ar_listing *listing = r->listing;
    ssize_t set = ar_listing_set(listing, entry->base, error);
    struct ar_listed_part *part = set < 0 ? NULL : ar_listing_part_new(listing, lane, (size_t)set, error);
    if (!part)
        return -1;
    part->held = true;
    part->bytes = entry->tar->size;
    if (!listing->entities && !listing->verify && listing->set[set].columns)
        return 0;
    char *what;
    if (asprintf(&what, ar_tr("entry '%s'"), entry->tar->name) < 0)
        return ar_fail_memory(error);
    ar_buf_clear(&r->body);
    int result;
    if (listing->entities || listing->verify) {
        result = ar_stream_read_all(r->stream, &r->body, error);
        if (result == 0)
            result = ar_listing_scan(listing, (size_t)set, (ssize_t)lane, r->body.data, r->body.len, what, error);
    } else {
        result = read_head(r, &listing->set[set], what, error);
    }
    free(what);
    return result;
}

static int take_other(struct ar_listing *listing, const char *name, struct ar_error *error)
{
    bool added;
    if (listing->n_others++ < OTHERS_MAX && ar_names_add(&listing->others, name, strlen(name), &added) < 0)
        return ar_fail_memory(error);
    return 0;
}

/* 1 where the entry is to be passed over. */
static int join_part(struct reading *r, size_t lane, const struct ar_entry *entry, struct ar_error *error)
{
    struct ar_listing *listing = r->listing;
    if (!ar_listing_part_has(listing, lane)) {
        ar_listing_part_take(listing, lane);
        return 0;
    }
    if (entry->kind != AR_ENTRY_LEDGER)
        return 1;
    return ar_listing_part_twice(listing, lane, ar_stream_lane_ledger(r->stream), error) != 0 ? -1 : 1;
}

static int take_lane_entry(struct reading *r, const struct ar_entry *entry, struct ar_error *error)
{
    struct ar_listing *listing = r->listing;
    ssize_t lane = ar_listing_lane(listing, &ar_stream_targets(r->stream)->entry[entry->lane], error);
    if (lane < 0)
        return -1;
    int over = join_part(r, (size_t)lane, entry, error);
    if (over != 0)
        return over < 0 ? -1 : 0;
    switch (entry->kind) {
    case AR_ENTRY_SET:
        return take_set(r, (size_t)lane, entry, error);
    case AR_ENTRY_IMAGE:
        listing->lane[lane].images++;
        listing->lane[lane].image_bytes += entry->tar->size;
        return 0;
    case AR_ENTRY_RESULT:
        ar_listing_at_least(listing, AR_LISTED_RESULTS);
        return 0;
    case AR_ENTRY_PARAMS:
        listing->has_params = true;
        ar_listing_at_least(listing, AR_LISTED_INPUTS);
        return 0;
    case AR_ENTRY_ERROR:
        return ar_listing_fail_lane(listing, (size_t)lane, entry->text, entry->len, error);
    case AR_ENTRY_LEDGER:
        return ar_listing_ledger(listing, (size_t)lane, ar_stream_lane_ledger(r->stream), error);
    case AR_ENTRY_OTHER:
        return take_other(listing, entry->tar->name, error);
    default:
        return 0;
    }
}

/* ---- the top -------------------------------------------------------------------------------------------------------- */

static int take_top_ledger(struct reading *r, const struct ar_entry *entry, struct ar_error *error)
{
    if (ar_stream_shape(r->stream) != AR_SHAPE_MERGED)
        return ar_listing_top(r->listing, ar_stream_top_ledger(r->stream), error);
    const struct ar_seen *seen = r->listing->verify ? ar_stream_seen(r->stream) : NULL;
    return ar_listing_merged_ledger(r->listing, entry->text, entry->len, seen, ar_tr("entry 'ledger'"), error);
}

/* Of parts it is said which one failed. */
static int take_top_error(struct reading *r, const struct ar_entry *entry, struct ar_error *error)
{
    struct ar_buf text;
    ar_buf_init(&text);
    if (r->listing->parts)
        ar_buf_add_format(&text, "%s: ", r->path);
    ar_buf_add(&text, entry->text, entry->len);
    int result = ar_buf_check(&text, error);
    if (result == 0)
        result = ar_listing_error(r->listing, text.data, text.len, error);
    ar_buf_release(&text);
    return result;
}

static int take_top_entry(struct reading *r, const struct ar_entry *entry, struct ar_error *error)
{
    struct ar_listing *listing = r->listing;
    switch (entry->kind) {
    case AR_ENTRY_TARGETS:
        return take_targets(r, error);
    case AR_ENTRY_PARAMS:
        listing->has_params = true;
        return 0;
    case AR_ENTRY_LEDGER:
        return take_top_ledger(r, entry, error);
    case AR_ENTRY_ERROR:
        return take_top_error(r, entry, error);
    case AR_ENTRY_ANALYSIS_RESULTS:
        return ar_listing_table(&listing->merged, entry->text, entry->len, ar_tr("entry 'analysis_results'"), error);
    case AR_ENTRY_RESULT_CSV:
        return ar_listing_table(&listing->result, entry->text, entry->len, ar_tr("entry 'result_csv'"), error);
    case AR_ENTRY_RESULT_JSON:
        listing->result_json++;
        return 0;
    case AR_ENTRY_ARTIFACTS:
        if (listing->verify)
            ar_buf_add(&r->artifacts, entry->text, entry->len);
        return ar_listing_artifacts(listing, entry->text, entry->len, NULL, ar_tr("entry 'artifacts'"), error);
    case AR_ENTRY_OTHER:
        return take_other(listing, entry->tar->name, error);
    default:
        return 0;
    }
}

/* ---- the whole ------------------------------------------------------------------------------------------------------ */

/* The kind as far as the shape tells it. */
static void note_shape(struct reading *r)
{
    struct ar_listing *listing = r->listing;
    switch (ar_stream_shape(r->stream)) {
    case AR_SHAPE_ONE:
        listing->one_lane = true;
        ar_listing_at_least(listing, AR_LISTED_LANES);
        break;
    case AR_SHAPE_LANES:
        ar_listing_at_least(listing, AR_LISTED_LANES);
        break;
    case AR_SHAPE_MERGED:
        ar_listing_at_least(listing, AR_LISTED_MERGED);
        if (!listing->merged.there && (listing->result.there || listing->result_json || listing->artifacts))
            listing->kind = AR_LISTED_RESULT;
        break;
    case AR_SHAPE_RUN:
        listing->kind = AR_LISTED_RUN;
        break;
    case AR_SHAPE_UNKNOWN:
        break;
    }
}

/* All entries: 0; 1 where it is a run that can be read again; -1. */
static int read_entries(struct reading *r, bool again, struct ar_error *error)
{
    struct ar_listing *listing = r->listing;
    struct ar_entry entry;
    int got;
    while ((got = ar_stream_next(r->stream, &entry, error)) > 0) {
        if (ar_tick(listing->tick, ar_in_taken(r->in), error) != 0)
            return -1;
        listing->entries++;
        listing->bytes += entry.tar->size;
        enum ar_shape shape = ar_stream_shape(r->stream);
        bool run = shape == AR_SHAPE_RUN;
        if (listing->parts && (run || shape == AR_SHAPE_MERGED))
            return ar_listing_part_refuse(listing, run ? N_("a run") : N_("a stream of merged lanes"), error);
        note_shape(r);
        if (run && again)
            return 1;
        int result = run && entry.kind != AR_ENTRY_ERROR ? take_run_entry(r, &entry, error)
                     : entry.lane == AR_NO_LANE          ? take_top_entry(r, &entry, error)
                                                         : take_lane_entry(r, &entry, error);
        note_shape(r);
        if (result != 0)
            return -1;
    }
    return got;
}

/* What can be checked only when all was read. */
static int finish(struct reading *r, struct ar_error *error)
{
    struct ar_listing *listing = r->listing;
    if (listing->kind == AR_LISTED_RUN)
        return ar_listing_read_run(listing, &r->run, error);
    bool nothing = listing->parts ? ar_stream_shape(r->stream) == AR_SHAPE_UNKNOWN : listing->kind == AR_LISTED_NOTHING;
    if (nothing && !listing->errors.count)
        return ar_fail(error, AR_INPUT, "'%s' holds none of the streams of ar-stream(5)", r->path);
    const struct ar_buf *artifacts = &r->artifacts;
    if (artifacts->len && ar_listing_artifacts(listing, artifacts->data, artifacts->len, ar_stream_seen(r->stream),
                                               ar_tr("entry 'artifacts'"), error) != 0)
        return -1;
    return listing->folder || listing->parts ? 0 : ar_listing_check(listing, error);
}

/* A file without a byte is what a shell leaves of a command that failed. */
static int check_not_empty(int fd, const char *path, struct ar_error *error)
{
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size > 0)
        return 0;
    ar_fail(error, AR_INPUT, "'%s' is empty", path);
    return ar_hint(error, "The command that was to write it has failed: run it again.");
}

int ar_listing_read_stream(struct ar_listing *listing, int fd, const char *path, struct ar_error *error)
{
    off_t start = lseek(fd, 0, SEEK_CUR);
    struct reading r = { .listing = listing, .fd = fd, .path = path };
    ar_buf_init(&r.body);
    ar_buf_init(&r.artifacts);
    ar_run_init(&r.run);
    if (check_not_empty(fd, path, error) != 0 || (listing->parts && ar_listing_part_begin(listing, path, error) != 0))
        return -1;
    unsigned flags = AR_STREAM_RUN | AR_STREAM_MERGED | AR_STREAM_LANES | (listing->verify ? 0 : AR_STREAM_SKIP);
    int result = -1;
    r.in = ar_in_new(fd, path, error);
    r.stream = r.in ? ar_stream_new(r.in, flags, error) : NULL;
    if (r.stream) {
        listing->filter = ar_in_filter(r.in);
        listing->total = ar_in_size(r.in);
        result = read_entries(&r, start >= 0, error);
    }
    if (result == 0)
        result = finish(&r, error);
    ar_stream_free(r.stream);
    ar_in_free(r.in);
    ar_run_release(&r.run);
    ar_buf_release(&r.body);
    ar_buf_release(&r.artifacts);
    if (result == 1)
        result = lseek(fd, start, SEEK_SET) < 0 ? ar_fail_errno(error, errno, "cannot read '%s'", path)
                                                : read_run_file(listing, fd, path, error);
    return result;
}
