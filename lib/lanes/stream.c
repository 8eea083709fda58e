/* SPDX-License-Identifier: MIT */
#include "lanes/stream.h"

#include "lanes/entries.h"
#include "lanes/stream_check.h"

struct ar_stream {
    struct ar_in *in;
    struct ar_tar_reader *tar;
    unsigned flags;
    enum ar_shape shape;
    struct ar_targets targets;
    struct ar_ledger top;
    struct ar_ledger ledger; /* of the lane */
    ssize_t lane;            /* whose entries come now */
    bool lane_named, lane_sample, lane_ended;
    struct ar_seen seen_sets;  /* of the lane, by the set's name */
    struct ar_seen seen_files; /* of the lane */
    struct ar_seen seen_top;   /* at the top, or of a merged stream */
    struct ar_digest digest; /* of the entry */
    struct ar_buf text;      /* the body of a small entry */
    struct ar_buf lane_name; /* one-lane shape: its data name, until its sample name comes */
    struct ar_tar_entry tar_entry;
    struct ar_entry entry;
    bool in_entry, failed_whole, skipped, has_top_ledger;
    struct {
        const char *bytes; /* NULL: none */
        size_t left;
    } replay;
};

struct ar_stream *ar_stream_new(struct ar_in *in, unsigned flags, struct ar_error *error)
{
    struct ar_stream *stream = aligned_alloc(64, (sizeof *stream + 63) / 64 * 64);
    if (!stream) {
        ar_fail_memory(error);
        return NULL;
    }
    *stream = (struct ar_stream){ .in = in, .flags = flags, .lane = AR_NO_LANE };
    ar_buf_init(&stream->text);
    ar_buf_init(&stream->lane_name);
    stream->tar = ar_tar_reader_new(in, error);
    if (stream->tar)
        return stream;
    ar_fail_memory(error);
    ar_stream_free(stream);
    return NULL;
}

void ar_stream_free(struct ar_stream *stream)
{
    if (!stream)
        return;
    ar_tar_reader_free(stream->tar);
    ar_targets_release(&stream->targets);
    ar_ledger_release(&stream->top);
    ar_ledger_release(&stream->ledger);
    ar_seen_release(&stream->seen_sets);
    ar_seen_release(&stream->seen_files);
    ar_seen_release(&stream->seen_top);
    ar_buf_release(&stream->text);
    ar_buf_release(&stream->lane_name);
    free(stream);
}

enum ar_shape ar_stream_shape(const struct ar_stream *stream)
{
    return stream->shape;
}

const struct ar_targets *ar_stream_targets(const struct ar_stream *stream)
{
    return &stream->targets;
}

struct ar_ledger *ar_stream_lane_ledger(struct ar_stream *stream)
{
    return &stream->ledger;
}

struct ar_ledger *ar_stream_top_ledger(struct ar_stream *stream)
{
    return &stream->top;
}

const struct ar_seen *ar_stream_seen(const struct ar_stream *stream)
{
    return &stream->seen_top;
}

/* ---- bodies --------------------------------------------------------------------------------------------------------- */

void ar_stream_replay(struct ar_stream *stream, const char *bytes, size_t n)
{
    stream->replay.bytes = bytes;
    stream->replay.left = n;
}

static ssize_t view_again(struct ar_stream *stream, const char **bytes, size_t max)
{
    size_t n = stream->replay.left < max ? stream->replay.left : max;
    *bytes = stream->replay.bytes;
    stream->replay.bytes += n;
    stream->replay.left -= n;
    return (ssize_t)n;
}

ssize_t ar_stream_view(struct ar_stream *stream, const char **bytes, size_t max, struct ar_error *error)
{
    if (stream->replay.bytes)
        return view_again(stream, bytes, max);
    ssize_t n = ar_tar_view(stream->tar, bytes, max, error);
    if (n > 0)
        ar_digest_add(&stream->digest, *bytes, (size_t)n);
    return n;
}

ssize_t ar_stream_read(struct ar_stream *stream, void *bytes, size_t n, struct ar_error *error)
{
    ssize_t got = ar_tar_read(stream->tar, bytes, n, error);
    if (got > 0)
        ar_digest_add(&stream->digest, bytes, (size_t)got);
    return got;
}

int ar_stream_read_all(struct ar_stream *stream, struct ar_buf *buf, struct ar_error *error)
{
    size_t start = buf->len;
    if (ar_tar_read_all(stream->tar, buf, UINT64_MAX, error) != 0)
        return -1;
    ar_digest_add(&stream->digest, buf->data + start, buf->len - start);
    return 0;
}

void ar_stream_digest(const struct ar_stream *stream, char xxh3[AR_DIGEST_HEX + 1])
{
    ar_digest_hex(&stream->digest, xxh3);
}

/* What entries are noted in: sets of a lane, files of a lane, the top. */
static struct ar_seen *seen_of(struct ar_stream *stream, const struct ar_entry *entry)
{
    if (stream->shape != AR_SHAPE_ONE && (entry->lane == AR_NO_LANE || stream->shape == AR_SHAPE_MERGED))
        return &stream->seen_top;
    return entry->kind == AR_ENTRY_SET ? &stream->seen_sets : &stream->seen_files;
}

static const char *seen_name(struct ar_stream *stream, const struct ar_entry *entry)
{
    if (stream->shape == AR_SHAPE_MERGED)
        return entry->tar->name;
    return entry->kind == AR_ENTRY_SET ? entry->base : entry->name;
}

/* Takes what is left of the entry, and notes its size and digest. */
static int finish_entry(struct ar_stream *stream, struct ar_error *error)
{
    if (!stream->in_entry)
        return 0;
    const struct ar_entry *entry = &stream->entry;
    bool skip = (stream->flags & AR_STREAM_SKIP) && !entry->text && ar_tar_left(stream->tar) == entry->tar->size;
    const char *bytes;
    ssize_t n = 1;
    while (!skip && !entry->text && (n = ar_stream_view(stream, &bytes, (size_t)1 << 20, error)) > 0)
        ;
    if (n < 0)
        return -1;
    stream->in_entry = false;
    if (entry->kind == AR_ENTRY_LEDGER)
        return 0;
    char xxh3[AR_DIGEST_HEX + 1];
    ar_digest_hex(&stream->digest, xxh3);
    stream->skipped |= skip;
    return ar_seen_add(seen_of(stream, entry), seen_name(stream, entry), entry->tar->size, skip ? "" : xxh3,
                       entry->tar->image_type, error);
}

/* All of the lane was read: holds it against its ledger. */
static int check_lane(struct ar_stream *stream, struct ar_error *error)
{
    struct ar_stream_check check = {
        .lane = stream->targets.entry[stream->lane].data, .top = &stream->top, .ledger = &stream->ledger,
        .sets = &stream->seen_sets, .files = &stream->seen_files,
    };
    if (ar_stream_check_lane(&check, error) != 0)
        return -1;
    ar_seen_clear(&stream->seen_files);
    ar_seen_clear(&stream->seen_sets);
    stream->lane_ended = true;
    return 0;
}

/* ---- lanes one after the other -------------------------------------------------------------------------------------- */

static int fail_order(const struct ar_entry *entry, const char *expected, struct ar_error *error)
{
    ar_fail(error, AR_INPUT, "entry '%s' is out of order: expected %s", entry->tar->name, ar_tr(expected));
    return ar_hint(error, "The order of entries is in ar-stream(5); a stream that was unpacked and packed again must keep it.");
}

static int fail_twice(const struct ar_entry *entry, struct ar_error *error)
{
    ar_fail(error, AR_INPUT, "entry '%s' is there twice", entry->tar->name);
    return ar_hint(error, "It cannot be told which of the two is meant: make the stream again from its source.");
}

/* To what is missing: a stream in which no ledger was met may be no stream of ours. */
static int hint_made_again(const struct ar_stream *stream, struct ar_error *error)
{
    if (!stream->has_top_ledger && !stream->ledger.tree.root)
        return ar_hint(error, "A tar of the Python runner goes through ar-convert first; a stream without any ledger was changed "
                              "on its way.");
    return ar_hint(error, "The stream was damaged or changed on its way: make it again from its source.");
}

/* The lane that went on until now must have had its ledger. */
static int end_lane(struct ar_stream *stream, struct ar_error *error)
{
    if (stream->lane == AR_NO_LANE || stream->lane_ended)
        return 0;
    ar_fail(error, AR_INPUT, "lane '%s' ends without its ledger", stream->targets.entry[stream->lane].data);
    return hint_made_again(stream, error);
}

static int fail_missing(const struct ar_stream *stream, size_t lane, struct ar_error *error)
{
    ar_fail(error, AR_INPUT, "lane '%s' is missing (%zu of %zu of the targets)", stream->targets.entry[lane].data, lane + 1,
            stream->targets.count);
    return hint_made_again(stream, error);
}

/* Enters the lane of an entry. */
static int enter_lane(struct ar_stream *stream, const struct ar_entry *entry, struct ar_error *error)
{
    if (stream->shape == AR_SHAPE_MERGED || entry->lane == AR_NO_LANE || entry->lane == stream->lane) {
        if (entry->lane != AR_NO_LANE && stream->shape != AR_SHAPE_MERGED && stream->lane_ended)
            return fail_order(entry, N_("nothing behind a lane's ledger"), error);
        return 0;
    }
    if (end_lane(stream, error) != 0)
        return -1;
    if (entry->lane < stream->lane)
        return fail_order(entry, N_("each lane once, in the order of the targets"), error);
    if (entry->lane > stream->lane + 1)
        return fail_missing(stream, (size_t)(stream->lane + 1), error);
    stream->lane = entry->lane;
    stream->lane_named = stream->lane_sample = stream->lane_ended = false;
    ar_ledger_clear(&stream->ledger);
    return 0;
}

/* ---- entries that are read at once ---------------------------------------------------------------------------------- */

static int take_targets(struct ar_stream *stream, const struct ar_entry *entry, struct ar_error *error)
{
    if (stream->shape != AR_SHAPE_UNKNOWN)
        return fail_order(entry, N_("targets once, before all else"), error);
    stream->shape = AR_SHAPE_LANES;
    return ar_targets_parse(&stream->targets, entry->text, entry->len, ar_tr("entry 'targets'"), error);
}

static int take_data_name(struct ar_stream *stream, const struct ar_entry *entry, struct ar_error *error)
{
    if (stream->shape == AR_SHAPE_UNKNOWN) {
        stream->shape = AR_SHAPE_ONE;
        ar_buf_add(&stream->lane_name, entry->text, entry->len);
        const char *why;
        if (ar_lane_id_check(entry->text, entry->len, &why) != 0)
            return ar_fail(error, AR_INPUT, "entry 'data_name': the data name '%s' %s", entry->text, ar_tr(why));
        return ar_buf_check(&stream->lane_name, error);
    }
    const struct ar_target *target = stream->lane == AR_NO_LANE ? NULL : &stream->targets.entry[stream->lane];
    if (stream->shape == AR_SHAPE_ONE || !target)
        return fail_order(entry, N_("one data_name in a lane"), error);
    stream->lane_named = true;
    if (entry->len == target->data_len && memcmp(entry->text, target->data, entry->len) == 0)
        return 0;
    return ar_fail(error, AR_INPUT, "entry '%s' is '%s', expected '%s'", entry->tar->name, entry->text, target->data);
}

static int take_sample_name(struct ar_stream *stream, const struct ar_entry *entry, struct ar_error *error)
{
    if (stream->shape == AR_SHAPE_ONE) {
        stream->lane = 0;
        stream->lane_named = stream->lane_sample = true;
        return ar_targets_add(&stream->targets, stream->lane_name.data, stream->lane_name.len, entry->text, entry->len, error);
    }
    const struct ar_target *target = &stream->targets.entry[stream->lane];
    stream->lane_sample = true;
    if (entry->len == target->sample_len && memcmp(entry->text, target->sample, entry->len) == 0)
        return 0;
    return ar_fail(error, AR_INPUT, "entry '%s' is '%s', and '%s' by the targets", entry->tar->name, entry->text, target->sample);
}

/* A ledger at the top of lanes is kept; that of merged lanes is the caller's, who need not take it apart as a whole. */
static int take_ledger(struct ar_stream *stream, const struct ar_entry *entry, struct ar_error *error)
{
    char what[AR_LANE_ID_MAX + 64];
    if (entry->lane == AR_NO_LANE) {
        if (stream->has_top_ledger)
            return fail_twice(entry, error);
        stream->has_top_ledger = true;
        if (stream->shape == AR_SHAPE_RUN)
            return fail_order(entry, N_("targets first, where there is a ledger"), error);
        if (stream->shape == AR_SHAPE_MERGED)
            return 0;
        return ar_ledger_parse(&stream->top, entry->text, entry->len, ar_tr("entry 'ledger'"), error);
    }
    snprintf(what, sizeof what, ar_tr("entry '%s'"), entry->tar->name);
    if (!stream->lane_sample)
        return fail_order(entry, N_("data_name and sample_name before a lane's ledger"), error);
    ar_ledger_clear(&stream->ledger);
    if (ar_ledger_parse_next(&stream->ledger, entry->text, entry->len, what, error) != 0)
        return -1;
    return check_lane(stream, error);
}

/* The largest body of an entry that is read at once; 0 for those that are not. */
static uint64_t whole_limit(const struct ar_entry *entry)
{
    switch (entry->kind) {
    case AR_ENTRY_DATA_NAME:
    case AR_ENTRY_SAMPLE_NAME:
        return AR_SAMPLE_NAME_MAX;
    case AR_ENTRY_TARGETS:
    case AR_ENTRY_PARAMS:
    case AR_ENTRY_SAMPLE_NAMES:
    case AR_ENTRY_LEDGER:
    case AR_ENTRY_ERROR:
    case AR_ENTRY_RESULT:
    case AR_ENTRY_ANALYSIS_RESULTS:
    case AR_ENTRY_ARTIFACTS:
    case AR_ENTRY_RESULT_CSV:
        return AR_LEDGER_MAX;
    default:
        return 0;
    }
}

static int take_whole(struct ar_stream *stream, struct ar_entry *entry, struct ar_error *error)
{
    ar_buf_clear(&stream->text);
    if (ar_tar_read_all(stream->tar, &stream->text, whole_limit(entry), error) != 0)
        return -1;
    ar_digest_add(&stream->digest, stream->text.data, stream->text.len);
    entry->text = stream->text.data;
    entry->len = stream->text.len;
    switch (entry->kind) {
    case AR_ENTRY_TARGETS:
        return take_targets(stream, entry, error);
    case AR_ENTRY_DATA_NAME:
        return take_data_name(stream, entry, error);
    case AR_ENTRY_SAMPLE_NAME:
        return take_sample_name(stream, entry, error);
    case AR_ENTRY_LEDGER:
        return take_ledger(stream, entry, error);
    case AR_ENTRY_ERROR:
        stream->failed_whole |= entry->lane == AR_NO_LANE;
        return 0;
    default:
        return 0;
    }
}

/* ---- the shape ------------------------------------------------------------------------------------------------------ */

static int fail_shape(const char *what, const char *hint, struct ar_error *error)
{
    ar_fail(error, AR_INPUT, "%s", ar_tr(what));
    return ar_hint(error, "%s", ar_tr(hint));
}

/* Tells the shape from an entry at the top, where it does. */
static void see_shape(struct ar_stream *stream, const struct ar_entry *entry)
{
    switch (entry->kind) {
    case AR_ENTRY_PARAMS:
    case AR_ENTRY_SAMPLE_NAMES:
    case AR_ENTRY_SET:
        if (stream->shape == AR_SHAPE_UNKNOWN)
            stream->shape = AR_SHAPE_RUN;
        break;
    case AR_ENTRY_ANALYSIS_RESULTS:
    case AR_ENTRY_ARTIFACTS:
    case AR_ENTRY_RESULT_CSV:
    case AR_ENTRY_RESULT_JSON:
        if (stream->shape == AR_SHAPE_LANES && stream->lane == AR_NO_LANE)
            stream->shape = AR_SHAPE_MERGED;
        break;
    default:
        break;
    }
}

static int check_shape(const struct ar_stream *stream, struct ar_error *error)
{
    if (stream->shape == AR_SHAPE_RUN && !(stream->flags & AR_STREAM_RUN))
        return fail_shape(N_("the input is a run (params, sample_names, image_analysis_results), expected lanes"),
                          N_("Cut it into lanes first: ar-split < RUN."), error);
    if (stream->shape == AR_SHAPE_MERGED && !(stream->flags & AR_STREAM_MERGED))
        return fail_shape(N_("the lanes of the input were merged already"), N_("This step comes before ar-merge."), error);
    return 0;
}

/* Fills in the kind of the entry, its lane and its place in it. */
static void see_entry(struct ar_stream *stream, struct ar_entry *entry)
{
    const char *name = entry->tar->name;
    entry->lane = AR_NO_LANE;
    entry->name = entry->base = name;
    entry->text = NULL;
    entry->len = 0;
    if (stream->shape == AR_SHAPE_LANES || stream->shape == AR_SHAPE_MERGED) {
        const char *slash = strchr(name, '/');
        if (slash) {
            entry->lane = ar_targets_find(&stream->targets, name, (size_t)(slash - name));
            if (entry->lane != AR_NO_LANE)
                entry->name = slash + 1;
        }
    } else if (stream->shape == AR_SHAPE_ONE) {
        entry->lane = stream->targets.count ? 0 : AR_NO_LANE;
    }
    bool run = stream->shape == AR_SHAPE_UNKNOWN || stream->shape == AR_SHAPE_RUN;
    entry->kind = ar_entry_kind_of(entry->name, entry->lane != AR_NO_LANE, run, &entry->base);
    if (stream->shape == AR_SHAPE_ONE && entry->kind == AR_ENTRY_SAMPLE_NAME)
        entry->lane = 0;
}

/* A lane begins with its names, and nothing stands between lanes but entries at the top. */
static int check_place(const struct ar_stream *stream, const struct ar_entry *entry, struct ar_error *error)
{
    if (stream->shape == AR_SHAPE_UNKNOWN && entry->kind != AR_ENTRY_TARGETS && entry->kind != AR_ENTRY_DATA_NAME &&
        entry->kind != AR_ENTRY_OTHER && entry->kind != AR_ENTRY_ERROR) {
        fail_order(entry, N_("targets or data_name first"), error);
        return ar_hint(error, "A tar of the Python runner goes through ar-convert first; of a stream that was unpacked and packed "
                              "again the order is in ar-stream(5).");
    }
    if (entry->kind == AR_ENTRY_SET && !ar_set_name_ok(entry->base, strlen(entry->base))) {
        ar_fail(error, AR_INPUT, "entry '%s': '%.*s' cannot be the name of a set", entry->tar->name, 200, entry->base);
        return ar_hint(error, "A set's name has letters, digits and underscores, at most 200, and does not start with a digit.");
    }
    if (entry->lane == AR_NO_LANE || stream->shape == AR_SHAPE_MERGED || stream->shape == AR_SHAPE_ONE)
        return 0;
    if (!stream->lane_named && entry->kind != AR_ENTRY_DATA_NAME)
        return fail_order(entry, N_("data_name first in a lane"), error);
    if (stream->lane_named && !stream->lane_sample && entry->kind != AR_ENTRY_SAMPLE_NAME)
        return fail_order(entry, N_("sample_name behind data_name"), error);
    return 0;
}

static int check_end(struct ar_stream *stream, struct ar_error *error);

int ar_stream_next(struct ar_stream *stream, struct ar_entry *out, struct ar_error *error)
{
    ar_stream_replay(stream, NULL, 0);
    if (finish_entry(stream, error) != 0)
        return -1;
    int got = ar_tar_next(stream->tar, &stream->tar_entry, error);
    if (got <= 0)
        return got < 0 ? -1 : check_end(stream, error);
    struct ar_entry *entry = &stream->entry;
    entry->tar = &stream->tar_entry;
    see_entry(stream, entry);
    see_shape(stream, entry);
    if (check_shape(stream, error) != 0 || enter_lane(stream, entry, error) != 0 || check_place(stream, entry, error) != 0)
        return -1;
    if (ar_seen_find(seen_of(stream, entry), seen_name(stream, entry)))
        return fail_twice(entry, error);
    ar_digest_init(&stream->digest);
    stream->in_entry = true;
    if (whole_limit(entry) && take_whole(stream, entry, error) != 0)
        return -1;
    *out = *entry;
    return 1;
}

/* ---- the end -------------------------------------------------------------------------------------------------------- */

static int check_end(struct ar_stream *stream, struct ar_error *error)
{
    if (stream->shape == AR_SHAPE_MERGED && !stream->failed_whole && !stream->has_top_ledger) {
        ar_fail(error, AR_INPUT, "entry 'ledger' is missing: lanes that were merged have it at their end");
        return ar_hint(error, "The stream was damaged or changed on its way: make it again from its source.");
    }
    if (stream->failed_whole || stream->shape == AR_SHAPE_RUN || stream->shape == AR_SHAPE_MERGED)
        return 0;
    if (stream->shape == AR_SHAPE_UNKNOWN || (stream->shape == AR_SHAPE_ONE && stream->targets.count == 0)) {
        ar_fail(error, AR_INPUT, "'%s' holds no lanes", ar_in_name(stream->in));
        return ar_hint(error, "Expected what ar-split, ar-cleanse, ar-pack or ar-analyze writes: see ar-stream(5). A tar of the "
                              "Python runner goes through ar-convert first.");
    }
    if (end_lane(stream, error) != 0)
        return -1;
    if (stream->shape == AR_SHAPE_LANES && (size_t)(stream->lane + 1) < stream->targets.count)
        return fail_missing(stream, (size_t)(stream->lane + 1), error);
    return ar_stream_check_top(&stream->top, &stream->seen_top, error);
}
