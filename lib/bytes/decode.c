/* SPDX-License-Identifier: MIT */
#include "bytes/filter.h"

#include "bytes/archive.h"
#include "bytes/isal.h"

enum { INFLATE_ROOM = 256 * 1024 };

/* Where the gzip reader stands. */
enum gzip_state {
    GZIP_MEMBER,  /* inside a member */
    GZIP_BETWEEN, /* behind a member: another, zeros, or the end */
    GZIP_PADDING, /* in zeros: only zeros, or the end */
};

struct ar_decoder {
    enum ar_filter filter;
    const char *name;
    ar_pull *pull;
    void *from;

    /* gzip */
    struct ar_isal isal;
    struct inflate_state *inflate;
    enum gzip_state gzip_state;
    char *room; /* INFLATE_ROOM bytes */

    /* the others */
    struct ar_archive lib;
    struct archive *archive;
    uint64_t pulled;        /* compressed bytes that libarchive was given */
    bool begun;             /* the header was read */
    struct ar_error *error; /* of the call at hand, for the callback */
    bool pull_failed;       /* and it is filled in */
};

const char *ar_filter_name(enum ar_filter filter)
{
    static const char *const names[] = {
        [AR_FILTER_NONE] = "none", [AR_FILTER_GZIP] = "gzip", [AR_FILTER_ZSTD] = "zstd",
        [AR_FILTER_XZ] = "xz",     [AR_FILTER_LZ4] = "lz4",   [AR_FILTER_BZIP2] = "bzip2",
    };
    return (size_t)filter < AR_COUNT(names) ? names[filter] : "unknown";
}

static bool starts_with(const unsigned char *bytes, size_t n, const char *magic, size_t magic_len)
{
    return n >= magic_len && memcmp(bytes, magic, magic_len) == 0;
}

enum ar_filter ar_filter_detect(const unsigned char *bytes, size_t n)
{
    if (starts_with(bytes, n, "\x1f\x8b", 2))
        return AR_FILTER_GZIP;
    if (starts_with(bytes, n, "\x28\xb5\x2f\xfd", 4))
        return AR_FILTER_ZSTD;
    /* A skippable frame, of which lz4 has the same; pzstd starts with one. */
    if (n >= 4 && (bytes[0] & 0xf0) == 0x50 && memcmp(bytes + 1, "\x2a\x4d\x18", 3) == 0)
        return AR_FILTER_ZSTD;
    if (starts_with(bytes, n, "\xfd" "7zXZ\0", 6))
        return AR_FILTER_XZ;
    if (starts_with(bytes, n, "\x04\x22\x4d\x18", 4))
        return AR_FILTER_LZ4;
    /* Text may well start with "BZh1", so what follows is looked at: the magic of a block, or of the end where there is none. */
    if (n >= 10 && memcmp(bytes, "BZh", 3) == 0 && bytes[3] >= '1' && bytes[3] <= '9' &&
        (memcmp(bytes + 4, "\x31\x41\x59\x26\x53\x59", 6) == 0 || memcmp(bytes + 4, "\x17\x72\x45\x38\x50\x90", 6) == 0))
        return AR_FILTER_BZIP2;
    return AR_FILTER_NONE;
}

/* ---- failures ------------------------------------------------------------------------------------------------------- */

static int fail_cut(const struct ar_decoder *decoder, struct ar_error *error)
{
    ar_fail(error, AR_INPUT, "'%s' is cut: its %s data ends too early", decoder->name, ar_filter_name(decoder->filter));
    return ar_hint(error, "It was probably not copied or written whole; fetch it again.");
}

static int fail_damaged(const struct ar_decoder *decoder, const char *why, struct ar_error *error)
{
    ar_fail(error, AR_INPUT, "the %s data of '%s' is damaged: %s", ar_filter_name(decoder->filter), decoder->name, why);
    return ar_hint(error, "It was probably damaged on its way; fetch it again.");
}

static int fail_behind(const struct ar_decoder *decoder, struct ar_error *error)
{
    return ar_fail(error, AR_INPUT, "'%s' has something else behind its %s data", decoder->name, ar_filter_name(decoder->filter));
}

/* ---- gzip ----------------------------------------------------------------------------------------------------------- */

static int gzip_open(struct ar_decoder *decoder, struct ar_error *error)
{
    if (ar_isal_load(&decoder->isal, error) < 0)
        return -1;
    decoder->room = aligned_alloc(AR_PAGE, INFLATE_ROOM);
    decoder->inflate = malloc(sizeof *decoder->inflate);
    if (decoder->room == NULL || decoder->inflate == NULL)
        return ar_fail_memory(error);
    decoder->isal.isal_inflate_init(decoder->inflate);
    decoder->inflate->crc_flag = ISAL_GZIP; /* CRC and length are checked */
    decoder->gzip_state = GZIP_MEMBER;
    return 0;
}

/* Looks at what is behind a member. 1: go on, 0: more bytes are needed, -1: something else. */
static int gzip_between(struct ar_decoder *decoder, struct ar_error *error)
{
    struct inflate_state *z = decoder->inflate;
    if (decoder->gzip_state == GZIP_BETWEEN && z->avail_in > 0) {
        if (*z->next_in == 0x1f) {
            decoder->isal.isal_inflate_reset(z);
            decoder->gzip_state = GZIP_MEMBER;
            return 1;
        }
        decoder->gzip_state = GZIP_PADDING;
    }
    for (; z->avail_in > 0; z->avail_in--, z->next_in++)
        if (*z->next_in != 0)
            return fail_behind(decoder, error);
    return 0;
}

/* Gets more compressed bytes. 1, 0 at the end, -1 on failure. */
static int gzip_pull(struct ar_decoder *decoder, struct ar_error *error)
{
    const char *bytes;
    ssize_t got = decoder->pull(decoder->from, &bytes, error);
    if (got <= 0)
        return (int)got;
    decoder->inflate->next_in = (uint8_t *)(uintptr_t)bytes; /* ISA-L does not write there, but does not say so */
    decoder->inflate->avail_in = (uint32_t)got;
    return 1;
}

static const char *gzip_problem(int code)
{
    switch (code) {
    case ISAL_INVALID_WRAPPER:
        return N_("its header is wrong");
    case ISAL_UNSUPPORTED_METHOD:
        return N_("its method of compression is unknown");
    case ISAL_INCORRECT_CHECKSUM:
        return N_("its checksum or length does not fit what was decompressed");
    default:
        return N_("it cannot be decompressed");
    }
}

static int gzip_inflate(struct ar_decoder *decoder, struct ar_error *error)
{
    int code = decoder->isal.isal_inflate(decoder->inflate);
    if (code < 0)
        return fail_damaged(decoder, ar_tr(gzip_problem(code)), error);
    if (decoder->inflate->block_state == ISAL_BLOCK_FINISH)
        decoder->gzip_state = GZIP_BETWEEN;
    return 0;
}

/* Has it decompressed more than there was room for? */
static bool gzip_waits(const struct ar_decoder *decoder)
{
    const struct inflate_state *z = decoder->inflate;
    return decoder->gzip_state == GZIP_MEMBER && z->tmp_out_valid > z->tmp_out_processed;
}

static ssize_t gzip_next(struct ar_decoder *decoder, const char **bytes, struct ar_error *error)
{
    struct inflate_state *z = decoder->inflate;
    z->next_out = (uint8_t *)decoder->room;
    z->avail_out = INFLATE_ROOM;
    *bytes = decoder->room;
    bool ended = false;
    while (z->avail_out > 0 && !ended) {
        if (z->avail_in == 0 && !gzip_waits(decoder)) {
            if (z->avail_out < INFLATE_ROOM)
                break; /* what is there need not wait for what comes */
            int got = gzip_pull(decoder, error);
            if (got < 0)
                return -1;
            ended = got == 0;
        }
        int step = decoder->gzip_state == GZIP_MEMBER ? 1 : gzip_between(decoder, error);
        if (step < 0 || (step > 0 && gzip_inflate(decoder, error) < 0))
            return -1;
    }
    size_t got = INFLATE_ROOM - z->avail_out;
    if (got == 0 && decoder->gzip_state == GZIP_MEMBER)
        return fail_cut(decoder, error);
    return (ssize_t)got;
}

/* ---- the others, through libarchive --------------------------------------------------------------------------------- */

static la_ssize_t archive_pull(struct archive *archive, void *of, const void **bytes)
{
    struct ar_decoder *decoder = of;
    const char *from = NULL;
    ssize_t got = decoder->pull(decoder->from, &from, decoder->error);
    if (got < 0) {
        decoder->pull_failed = true;
        decoder->lib.archive_set_error(archive, EIO, "the input failed");
        return ARCHIVE_FATAL;
    }
    decoder->pulled += (uint64_t)got;
    *bytes = from;
    return got;
}

/* Turns libarchive's failure into ours. */
static int archive_failure(struct ar_decoder *decoder, struct ar_error *error)
{
    if (decoder->pull_failed)
        return -1;
    if (decoder->lib.archive_errno(decoder->archive) == ENOMEM)
        return ar_fail_memory(error);
    const char *why = decoder->lib.archive_error_string(decoder->archive);
    if (why == NULL)
        why = ar_tr("it cannot be decompressed");
    /* liblzma says that it got no further. */
    if (strcasestr(why, "truncated") != NULL || strstr(why, "No progress is possible") != NULL)
        return fail_cut(decoder, error);
    return fail_damaged(decoder, why, error);
}

/* The one filter, without the guessing that would undo several levels, and never by a helper program. */
static int add_filter(struct ar_decoder *decoder)
{
    static const int codes[] = {
        [AR_FILTER_ZSTD] = ARCHIVE_FILTER_ZSTD,
        [AR_FILTER_XZ] = ARCHIVE_FILTER_XZ,
        [AR_FILTER_LZ4] = ARCHIVE_FILTER_LZ4,
        [AR_FILTER_BZIP2] = ARCHIVE_FILTER_BZIP2,
    };
    enum ar_filter filter = decoder->filter;
    if ((size_t)filter >= AR_COUNT(codes) || codes[filter] == 0)
        return ARCHIVE_FATAL;
    /* ARCHIVE_WARN says that a program would do it; append would start it, so the question comes before. */
    int supported = decoder->lib.archive_read_support_filter_by_code(decoder->archive, codes[filter]);
    return supported != ARCHIVE_OK ? supported : decoder->lib.archive_read_append_filter(decoder->archive, codes[filter]);
}

static int archive_open(struct ar_decoder *decoder, struct ar_error *error)
{
    if (ar_archive_load(&decoder->lib, error) < 0)
        return -1;
    decoder->archive = decoder->lib.archive_read_new();
    if (decoder->archive == NULL)
        return ar_fail_memory(error);
    if (add_filter(decoder) != ARCHIVE_OK) {
        const char *name = ar_filter_name(decoder->filter);
        ar_fail(error, AR_INPUT, "cannot read '%s': this libarchive was built without %s", decoder->name, name);
        return ar_hint(error, "Decompress it first.");
    }
    decoder->lib.archive_read_support_format_raw(decoder->archive);
    decoder->lib.archive_read_support_format_empty(decoder->archive);
    return 0;
}

/* Opening decompresses the first bytes, so it waits until they are asked for. 1, 0 where nothing is inside, -1 on failure. */
static int archive_begin(struct ar_decoder *decoder, struct ar_error *error)
{
    struct archive_entry *entry;
    decoder->begun = true;
    /* Damage at the very start looks like an empty stream: only the error's text tells. */
    if (decoder->lib.archive_read_open2(decoder->archive, decoder, NULL, archive_pull, NULL, NULL) != ARCHIVE_OK ||
        decoder->lib.archive_error_string(decoder->archive) != NULL)
        return archive_failure(decoder, error);
    switch (decoder->lib.archive_read_next_header(decoder->archive, &entry)) {
    case ARCHIVE_OK:
        return 1;
    case ARCHIVE_EOF:
        return decoder->lib.archive_error_string(decoder->archive) != NULL ? archive_failure(decoder, error) : 0;
    default:
        return archive_failure(decoder, error);
    }
}

/* Some filters end quietly where they do not know what follows: all that was pulled must have been used, and no more be there. */
static ssize_t archive_end(struct ar_decoder *decoder, struct ar_error *error)
{
    const char *bytes;
    uint64_t used = (uint64_t)decoder->lib.archive_filter_bytes(decoder->archive, -1);
    if (used == 0)
        return fail_cut(decoder, error);
    if (used < decoder->pulled)
        return fail_behind(decoder, error);
    ssize_t got = decoder->pull(decoder->from, &bytes, error);
    return got > 0 ? fail_behind(decoder, error) : got;
}

static ssize_t archive_next(struct ar_decoder *decoder, const char **bytes, struct ar_error *error)
{
    decoder->error = error;
    if (!decoder->begun) {
        int begun = archive_begin(decoder, error);
        if (begun <= 0)
            return begun < 0 ? -1 : archive_end(decoder, error);
    }
    const void *block = NULL;
    size_t n = 0;
    la_int64_t offset;
    int result;
    do
        result = decoder->lib.archive_read_data_block(decoder->archive, &block, &n, &offset);
    while (result == ARCHIVE_OK && n == 0);
    if (result == ARCHIVE_EOF)
        return archive_end(decoder, error);
    if (result != ARCHIVE_OK)
        return archive_failure(decoder, error);
    *bytes = block;
    return (ssize_t)n;
}

/* ---- both ----------------------------------------------------------------------------------------------------------- */

struct ar_decoder *ar_decoder_new(enum ar_filter filter, const char *name, ar_pull *pull, void *from, struct ar_error *error)
{
    struct ar_decoder *decoder = calloc(1, sizeof(*decoder));
    if (decoder == NULL) {
        ar_fail_memory(error);
        return NULL;
    }
    decoder->filter = filter;
    decoder->name = name;
    decoder->pull = pull;
    decoder->from = from;
    if ((filter == AR_FILTER_GZIP ? gzip_open(decoder, error) : archive_open(decoder, error)) < 0) {
        ar_decoder_free(decoder);
        return NULL;
    }
    return decoder;
}

ssize_t ar_decoder_next(struct ar_decoder *decoder, const char **bytes, struct ar_error *error)
{
    return decoder->filter == AR_FILTER_GZIP ? gzip_next(decoder, bytes, error) : archive_next(decoder, bytes, error);
}

void ar_decoder_free(struct ar_decoder *decoder)
{
    if (decoder == NULL)
        return;
    free(decoder->inflate);
    free(decoder->room);
    if (decoder->archive != NULL)
        decoder->lib.archive_read_free(decoder->archive);
    free(decoder);
}
