/* SPDX-License-Identifier: MIT */
#include "codecs/tar.h"

#include "bytes/text.h"
#include "codecs/tar_format.h"
#include "codecs/tar_pax.h"

#define LONG_NAME_MAX ((size_t)1 << 16)

struct ar_tar_reader {
    struct ar_in *in;
    struct ar_tar_block block;
    uint64_t block_offset;  /* where it stands in the stream */
    struct ar_tar_pax global; /* for all entries that follow */
    struct ar_tar_pax local;  /* for the next one */
    struct ar_buf long_name; /* GNU's, for the next one */
    bool has_long_name;
    struct ar_buf short_name; /* from the header block */
    struct ar_buf body;       /* of a pax header */
    struct ar_buf pass;       /* global and local records */
    const char *name;         /* of the entry, in one of the buffers above */
    uint64_t offset;          /* of the entry's first header block */
    uint64_t size;
    uint64_t left;            /* of its body */
    unsigned padding;         /* behind it */
    bool folder_name;         /* it ended with a slash */
    bool announced;           /* there was a header that belongs to the next entry */
    bool after_error;         /* the last entry was the top-level "error" */
    bool cut;
    bool done;
};

/* ---- life ----------------------------------------------------------------------------------------------------------- */

struct ar_tar_reader *ar_tar_reader_new(struct ar_in *in, struct ar_error *error)
{
    struct ar_tar_reader *reader = calloc(1, sizeof(*reader));
    if (reader == NULL) {
        ar_fail_memory(error);
        return NULL;
    }
    reader->in = in;
    ar_tar_pax_init(&reader->global, true);
    ar_tar_pax_init(&reader->local, false);
    ar_buf_init(&reader->long_name);
    ar_buf_init(&reader->short_name);
    ar_buf_init(&reader->body);
    ar_buf_init(&reader->pass);
    return reader;
}

void ar_tar_reader_free(struct ar_tar_reader *reader)
{
    if (reader == NULL)
        return;
    ar_tar_pax_release(&reader->global);
    ar_tar_pax_release(&reader->local);
    ar_buf_release(&reader->long_name);
    ar_buf_release(&reader->short_name);
    ar_buf_release(&reader->body);
    ar_buf_release(&reader->pass);
    free(reader);
}

bool ar_tar_reader_cut(const struct ar_tar_reader *reader)
{
    return reader->cut;
}

uint64_t ar_tar_left(const struct ar_tar_reader *reader)
{
    return reader->left;
}

/* ---- messages ------------------------------------------------------------------------------------------------------- */

#define HINT_CUT N_("It was cut on its way, or the program that wrote it failed; make it again.")
#define HINT_KIND N_("Pack it again without it: only regular files and folders are taken.")

/* A name for a message: its first 300 bytes. */
struct shown {
    char text[320];
};

static struct shown show(const char *name)
{
    struct shown shown;
    size_t len = strlen(name);
    size_t cut = len > 300 ? 300 : len;
    while (cut < len && cut > 0 && ((unsigned char)name[cut] & 0xc0) == 0x80)
        cut--;
    snprintf(shown.text, sizeof(shown.text), "%.*s%s", (int)cut, name, cut < len ? "…" : "");
    return shown;
}

/* "'in.tar': entry 'a/b' at byte 1024 PROBLEM" */
static int fail_entry(const struct ar_tar_reader *reader, const char *problem, const char *hint, struct ar_error *error)
{
    ar_fail(error, AR_INPUT, "'%s': entry '%s' at byte %" PRIu64 " %s", ar_in_name(reader->in), show(reader->name).text,
            reader->offset, ar_tr(problem));
    return ar_hint(error, "%s", ar_tr(hint));
}

static int fail_cut_body(const struct ar_tar_reader *reader, uint64_t left, struct ar_error *error)
{
    const char *input = ar_in_name(reader->in);
    struct shown name = show(reader->name);
    if (left == 0)
        ar_fail(error, AR_INPUT, "'%s' ends in the padding behind entry '%s'", input, name.text);
    else
        ar_fail(error, AR_INPUT, "'%s' ends inside entry '%s', after %" PRIu64 " of its %" PRIu64 " bytes", input, name.text,
                reader->size - left, reader->size);
    return ar_hint(error, HINT_CUT);
}

static int fail_cut_header(const struct ar_tar_reader *reader, struct ar_error *error)
{
    ar_fail(error, AR_INPUT, "'%s' ends inside the header of an entry at byte %" PRIu64, ar_in_name(reader->in), reader->offset);
    return ar_hint(error, HINT_CUT);
}

static int fail_no_end(const struct ar_tar_reader *reader, struct ar_error *error)
{
    ar_fail(error, AR_INPUT, "'%s' ends without the two blocks of zeros that end a tar archive", ar_in_name(reader->in));
    return ar_hint(error, HINT_CUT);
}

/* ---- what is no tar ------------------------------------------------------------------------------------------------- */

static bool looks_like_text(const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (((unsigned char)bytes[i] < ' ' && memchr("\t\n\r", bytes[i], 3) == NULL) || bytes[i] == 0x7f)
            return false;
    return n - ar_utf8_check(bytes, n) < 4; /* the block may have cut a character */
}

/* What the bytes look like, or NULL. */
static const char *recognise(const char *bytes, size_t n)
{
    static const struct {
        const char *magic, *what;
    } known[] = {
        {"PK\003\004", N_("a ZIP archive")},    {"7z\xbc\xaf", N_("a 7z archive")},        {"Rar!", N_("a RAR archive")},
        {"070701", N_("a cpio archive")},       {"\037\213", N_("gzip, compressed twice")}, {"BZh", N_("bzip2, compressed twice")},
        {"\xfd\067zXZ", N_("xz, compressed twice")}, {"\x28\xb5\x2f\xfd", N_("zstd, compressed twice")},
        {"\x89PNG\r\n", N_("a PNG picture")},   {"\xff\xd8\xff", N_("a JPEG picture")},    {"%PDF-", N_("a PDF document")},
        {"\x89HDF\r\n", N_("an HDF5 file")},    {"\x80\x02", N_("a Python pickle")},       {"\x80\x03", N_("a Python pickle")},
        {"\x80\x04", N_("a Python pickle")},    {"\x80\x05", N_("a Python pickle")},
    };
    for (size_t i = 0; i < AR_COUNT(known); i++) {
        size_t len = strlen(known[i].magic);
        if (n >= len && memcmp(bytes, known[i].magic, len) == 0)
            return known[i].what;
    }
    if (!looks_like_text(bytes, n))
        return NULL;
    if (bytes[0] == '{' || bytes[0] == '[')
        return N_("JSON text");
    return memchr(bytes, ',', n) != NULL ? N_("CSV text") : N_("text");
}

static int fail_no_tar(const struct ar_tar_reader *reader, size_t n, struct ar_error *error)
{
    ar_fail(error, AR_INPUT, "'%s' is not a tar archive", ar_in_name(reader->in));
    const char *what = recognise((const char *)&reader->block, n);
    if (what == NULL)
        return ar_hint(error, "Give a tar archive (ar-split makes one from CSV files).");
    return ar_hint(error, "It looks like %s; give a tar archive (ar-split makes one from CSV files).", ar_tr(what));
}

/* ---- numbers -------------------------------------------------------------------------------------------------------- */

/* A number in base 256, as GNU writes what octal cannot hold: big-endian, two's complement, but its first bit is set. */
static bool read_base256(const char *field, size_t width, uint64_t *value)
{
    uint64_t n = (unsigned char)field[0] & 0x7f;
    if (n != 0) /* negative, or 2^88 and more */
        return false;
    for (size_t i = 1; i < width; i++) {
        if (n >> (63 - 8) != 0)
            return false;
        n = n << 8 | (unsigned char)field[i];
    }
    *value = n;
    return true;
}

/* A number field. Blanks before the digits, a NUL or blanks behind them; no digit at all is 0, as other tars have it. */
static bool read_number(const char *field, size_t width, uint64_t *value)
{
    if ((unsigned char)field[0] & 0x80)
        return read_base256(field, width, value);
    size_t i = 0;
    while (i < width && field[i] == ' ')
        i++;
    uint64_t n = 0;
    for (; i < width && field[i] >= '0' && field[i] <= '7'; i++)
        n = n << 3 | (uint64_t)(field[i] - '0');
    while (i < width && field[i] == ' ')
        i++;
    *value = n;
    return i == width || field[i] == '\0';
}

/* ---- headers that belong to another one ----------------------------------------------------------------------------- */

/* Reads a header's body of at most max bytes into buf. */
static int read_header_body(struct ar_tar_reader *reader, struct ar_buf *buf, size_t max, struct ar_error *error)
{
    uint64_t size;
    if (!read_number(reader->block.size, sizeof(reader->block.size), &size) || size > max) {
        ar_fail(error, AR_INPUT, "'%s': the size of the extended header at byte %" PRIu64 " is not a number up to %zu",
                ar_in_name(reader->in), reader->block_offset, max);
        return ar_hint(error, AR_TAR_HINT_DAMAGED);
    }
    size_t whole = (size_t)size + ar_tar_padding(size);
    ar_buf_clear(buf);
    char *to = ar_buf_reserve(buf, whole);
    if (to == NULL)
        return ar_fail_memory(error);
    ssize_t got = ar_in_read(reader->in, to, whole, error);
    if (got < 0)
        return -1;
    if ((size_t)got < whole)
        return fail_cut_header(reader, error);
    ar_buf_grew(buf, (size_t)size);
    return 0;
}

static int read_pax(struct ar_tar_reader *reader, struct ar_tar_pax *to, struct ar_error *error)
{
    if (read_header_body(reader, &reader->body, AR_TAR_PAX_MAX, error) < 0)
        return -1;
    struct ar_tar_pax_header header = {
        .text = reader->body.data, .len = reader->body.len, .input = ar_in_name(reader->in), .offset = reader->block_offset,
    };
    return ar_tar_pax_take(to, &header, error);
}

static int read_long_name(struct ar_tar_reader *reader, struct ar_error *error)
{
    struct ar_buf *name = &reader->long_name;
    if (read_header_body(reader, name, LONG_NAME_MAX, error) < 0)
        return -1;
    ar_buf_truncate(name, strnlen(name->data, name->len));
    reader->has_long_name = true;
    return 0;
}

/* ---- header blocks -------------------------------------------------------------------------------------------------- */

static bool is_zero(const char *bytes, size_t n)
{
    return n == 0 || (bytes[0] == '\0' && memcmp(bytes, bytes + 1, n - 1) == 0);
}

/* POSIX' magic, or GNU's. */
static bool has_magic(const struct ar_tar_block *block)
{
    return memcmp(block->magic, "ustar", 5) == 0;
}

/* Behind the first block of zeros: there is a second one, and nothing but zeros to the end. 0 or -1. */
static int read_end(struct ar_tar_reader *reader, struct ar_error *error)
{
    ssize_t got = ar_in_read(reader->in, &reader->block, AR_TAR_BLOCK, error);
    if (got < 0)
        return -1;
    const char *bytes = (const char *)&reader->block;
    bool zero = is_zero(bytes, (size_t)got);
    if (zero && got < AR_TAR_BLOCK)
        return fail_no_end(reader, error);
    while (zero && (got = ar_in_view(reader->in, &bytes, (size_t)1 << 20, error)) > 0)
        zero = is_zero(bytes, (size_t)got);
    if (got < 0)
        return -1;
    if (!zero) {
        ar_fail(error, AR_INPUT, "'%s' goes on behind the end of the tar archive at byte %" PRIu64, ar_in_name(reader->in),
                reader->block_offset);
        return ar_hint(error, "It was damaged on its way, or is several archives in a row; give one at a time.");
    }
    reader->done = true;
    return 0;
}

/* The input ended with got bytes where a header block was due. 0 where that is the end of an error tar, else -1. */
static int end_of_input(struct ar_tar_reader *reader, size_t got, struct ar_error *error)
{
    if (reader->block_offset == 0 && got == 0) {
        ar_fail(error, AR_INPUT, "no input: '%s' is empty", ar_in_name(reader->in));
        error->no_input = true;
        return -1;
    }
    bool zero = is_zero((const char *)&reader->block, got);
    if (reader->block_offset == 0 && !zero && !has_magic(&reader->block))
        return fail_no_tar(reader, got, error);
    if (reader->announced || !zero)
        return fail_cut_header(reader, error);
    if (got > 0 || !reader->after_error)
        return fail_no_end(reader, error);
    reader->cut = true;
    reader->done = true;
    return 0;
}

static bool checksum_fits(const struct ar_tar_block *block)
{
    uint64_t want;
    if (!read_number(block->checksum, sizeof(block->checksum), &want))
        return false;
    unsigned sum = ar_tar_checksum(block);
    if (want == sum)
        return true;
    /* Some old tars added signed bytes. */
    const unsigned char *bytes = (const unsigned char *)block;
    size_t first = offsetof(struct ar_tar_block, checksum), behind = first + sizeof(block->checksum);
    for (size_t i = 0; i < AR_TAR_BLOCK; i++)
        if ((i < first || i >= behind) && bytes[i] >= 0x80)
            sum -= 256;
    return want == sum;
}

bool ar_tar_begins(const void *bytes, size_t n)
{
    return n >= AR_TAR_BLOCK && checksum_fits(bytes);
}

/* Reads the next header block. 1; 0 at the end; -1. */
static int read_block(struct ar_tar_reader *reader, struct ar_error *error)
{
    reader->block_offset = ar_in_offset(reader->in);
    if (!reader->announced)
        reader->offset = reader->block_offset;
    ssize_t got = ar_in_read(reader->in, &reader->block, AR_TAR_BLOCK, error);
    if (got < 0)
        return -1;
    if (got < AR_TAR_BLOCK)
        return end_of_input(reader, (size_t)got, error);
    if (AR_LIKELY(checksum_fits(&reader->block)))
        return 1;
    if (is_zero((const char *)&reader->block, AR_TAR_BLOCK))
        return reader->announced ? fail_cut_header(reader, error) : read_end(reader, error);
    if (reader->block_offset == 0 && !has_magic(&reader->block))
        return fail_no_tar(reader, AR_TAR_BLOCK, error);
    ar_fail(error, AR_INPUT, "'%s': the header at byte %" PRIu64 " has a wrong checksum", ar_in_name(reader->in),
            reader->block_offset);
    return ar_hint(error, AR_TAR_HINT_DAMAGED);
}

/* ---- entries -------------------------------------------------------------------------------------------------------- */

/* What is wrong with a name, or NULL; and what to do. */
static const char *name_problem(const char *name, const char **hint)
{
    size_t len = strlen(name);
    *hint = N_("Pack it again from within its folder, with plain relative names.");
    if (len == 0)
        return N_("has no name");
    if (name[0] == '/')
        return N_("has an absolute name");
    for (const char *part = name;; part++) {
        size_t part_len = strcspn(part, "/");
        if (part_len == 0)
            return N_("has an empty component in its name");
        if (part_len == 1 && part[0] == '.')
            return N_("has '.' in its name");
        if (part_len == 2 && part[0] == '.' && part[1] == '.')
            return N_("has '..' in its name");
        part += part_len;
        if (*part == '\0')
            break;
    }
    *hint = N_("Rename the file and pack it again.");
    if (len > AR_TAR_NAME_MAX)
        return N_("has a name of more than 4096 bytes");
    if (ar_utf8_check(name, len) != len)
        return N_("has a name that is not UTF-8");
    if (ar_text_has_control(name, len))
        return N_("has a control character in its name");
    return NULL;
}

/* Sets reader->name: from the pax header, GNU's long name, or the header block; without "./" before it. */
static int find_name(struct ar_tar_reader *reader, struct ar_error *error)
{
    const struct ar_tar_block *block = &reader->block;
    struct ar_buf *name = &reader->short_name;
    if (reader->local.has_path) {
        name = &reader->local.path;
    } else if (reader->has_long_name) {
        name = &reader->long_name;
    } else {
        ar_buf_clear(name);
        if (memcmp(block->magic, "ustar", sizeof(block->magic)) == 0 && block->prefix[0] != '\0') {
            ar_buf_add(name, block->prefix, strnlen(block->prefix, sizeof(block->prefix)));
            ar_buf_add_char(name, '/');
        }
        ar_buf_add(name, block->name, strnlen(block->name, sizeof(block->name)));
    }
    reader->folder_name = name->len > 0 && name->data[name->len - 1] == '/';
    reader->name = name->data;
    while (reader->name[0] == '.' && reader->name[1] == '/')
        reader->name += 2;
    if (reader->name > name->data && reader->name[0] == '/') /* ".//a" is no absolute name, but an odd one */
        reader->name = name->data;
    return ar_buf_check(name, error);
}

/* An entry that is neither file nor folder. */
static int fail_kind(const struct ar_tar_reader *reader, struct ar_error *error)
{
    static const struct {
        char kind;
        const char *problem, *hint;
    } known[] = {
        {'1', N_("is a hard link"), N_("Pack it again with tar's option --hard-dereference.")},
        {'2', N_("is a symbolic link"), N_("Pack it again with tar's option --dereference, which takes the file in its place.")},
        {'3', N_("is a character device"), HINT_KIND},
        {'4', N_("is a block device"), HINT_KIND},
        {'6', N_("is a FIFO"), HINT_KIND},
        {'S', N_("is a sparse file"), AR_TAR_HINT_SPARSE},
        {'M', N_("is the rest of a file from another volume"), AR_TAR_HINT_VOLUME},
        {'V', N_("is a volume label"), N_("Pack it again without tar's option --label.")},
        {'D', N_("is a folder of an incremental backup"), N_("Pack it again without tar's option --listed-incremental.")},
    };
    unsigned char kind = (unsigned char)reader->block.kind;
    for (size_t i = 0; i < AR_COUNT(known); i++)
        if (known[i].kind == reader->block.kind)
            return fail_entry(reader, known[i].problem, known[i].hint, error);
    char problem[160];
    bool visible = kind > ' ' && kind < 0x7f;
    snprintf(problem, sizeof(problem), visible ? ar_tr("is of the unknown kind '%c'") : ar_tr("is of the unknown kind 0x%02x"), kind);
    return fail_entry(reader, problem, HINT_KIND, error);
}

static void fill_entry(struct ar_tar_reader *reader, struct ar_tar_entry *entry)
{
    const struct ar_tar_pax *global = &reader->global, *local = &reader->local;
    const struct ar_tar_pax *files = local->has_is_file ? local : global;
    const struct ar_tar_pax *images = local->has_image_type ? local : global;
    ar_buf_clear(&reader->pass);
    ar_buf_add(&reader->pass, global->pass.data, global->pass.len);
    ar_buf_add(&reader->pass, local->pass.data, local->pass.len);
    *entry = (struct ar_tar_entry){
        .name = reader->name,
        .size = reader->size,
        .is_file = files->has_is_file && files->is_file,
        .image_type = images->has_image_type && images->image_type.len > 0 ? images->image_type.data : NULL,
        .pax = reader->pass.data,
        .pax_len = reader->pass.len,
        .offset = reader->offset,
        .body_offset = ar_in_offset(reader->in),
    };
}

/* The header block is that of an entry. 1 where it is a file, 0 where it is a folder, -1. */
static int take_entry(struct ar_tar_reader *reader, struct ar_tar_entry *entry, struct ar_error *error)
{
    if (find_name(reader, error) < 0)
        return -1;
    char kind = reader->block.kind;
    bool file = kind == '0' || kind == '\0' || kind == '7';
    if (!file && kind != '5')
        return fail_kind(reader, error);
    if (reader->local.has_size)
        reader->size = reader->local.size;
    else if (!read_number(reader->block.size, sizeof(reader->block.size), &reader->size))
        return fail_entry(reader, N_("has a size that is not a number from 0 to 2^63-1"), AR_TAR_HINT_DAMAGED, error);

    if (!file || reader->folder_name) { /* v7 has no kind for folders */
        if (reader->size > 0) /* some tars pass over such a body, others do not */
            return fail_entry(reader, N_("is a folder with a size"), AR_TAR_HINT_DAMAGED, error);
        return 0;
    }
    const char *hint;
    const char *problem = name_problem(reader->name, &hint);
    if (problem != NULL)
        return fail_entry(reader, problem, hint, error);
    fill_entry(reader, entry);
    reader->left = reader->size;
    reader->padding = ar_tar_padding(reader->size);
    reader->after_error = strcmp(reader->name, "error") == 0;
    if (reader->local.image_type.failed || reader->global.image_type.failed || reader->global.pass.failed)
        return ar_fail_memory(error);
    return ar_buf_check(&reader->pass, error) < 0 ? -1 : 1;
}

/* Forgets what was said about the entry before. */
static void start_entry(struct ar_tar_reader *reader)
{
    ar_tar_pax_clear(&reader->local);
    reader->has_long_name = false;
    reader->announced = false;
    reader->after_error = false;
}

/* Takes one header block. 1 where an entry begins, 0 where it goes on, -1. */
static int take_block(struct ar_tar_reader *reader, struct ar_tar_entry *entry, struct ar_error *error)
{
    int took;
    switch (reader->block.kind) {
    case 'g':
        return read_pax(reader, &reader->global, error);
    case 'x':
        reader->announced = true;
        return read_pax(reader, &reader->local, error);
    case 'L':
        reader->announced = true;
        return read_long_name(reader, error);
    case 'K': /* a long link name: the link itself is refused */
        reader->announced = true;
        return read_header_body(reader, &reader->body, LONG_NAME_MAX, error);
    default:
        took = take_entry(reader, entry, error);
        if (took == 0)
            start_entry(reader);
        return took;
    }
}

/* Passes over what is left of the body, and its padding. */
static int skip_body(struct ar_tar_reader *reader, struct ar_error *error)
{
    if (reader->left + reader->padding == 0)
        return 0;
    uint64_t left = reader->left, padding = reader->padding;
    reader->left = reader->padding = 0;
    uint64_t start = ar_in_offset(reader->in);
    int skipped = ar_in_skip(reader->in, left + padding, error);
    if (skipped <= 0)
        return skipped;
    uint64_t passed = ar_in_offset(reader->in) - start;
    return fail_cut_body(reader, passed < left ? left - passed : 0, error);
}

int ar_tar_next(struct ar_tar_reader *reader, struct ar_tar_entry *entry, struct ar_error *error)
{
    if (reader->done)
        return 0;
    bool after_error = reader->after_error;
    if (skip_body(reader, error) < 0)
        return -1;
    start_entry(reader);
    reader->after_error = after_error;
    for (;;) {
        int got = read_block(reader, error);
        if (got <= 0)
            return got;
        got = take_block(reader, entry, error);
        if (got != 0)
            return got;
    }
}

/* ---- bodies --------------------------------------------------------------------------------------------------------- */

/* got bytes of the body came, of want that it still has. */
static ssize_t count(struct ar_tar_reader *reader, ssize_t got, bool cut, struct ar_error *error)
{
    if (got < 0)
        return -1;
    reader->left -= (uint64_t)got;
    if (!cut)
        return got;
    uint64_t left = reader->left;
    reader->left = 0;
    return fail_cut_body(reader, left, error);
}

ssize_t ar_tar_read(struct ar_tar_reader *reader, void *bytes, size_t n, struct ar_error *error)
{
    if (n > reader->left)
        n = (size_t)reader->left;
    if (n == 0)
        return 0;
    ssize_t got = ar_in_read(reader->in, bytes, n, error);
    return count(reader, got, (size_t)got < n, error);
}

ssize_t ar_tar_view(struct ar_tar_reader *reader, const char **bytes, size_t max, struct ar_error *error)
{
    if (max > reader->left)
        max = (size_t)reader->left;
    if (max == 0)
        return 0;
    ssize_t got = ar_in_view(reader->in, bytes, max, error);
    return count(reader, got, got == 0, error);
}

int ar_tar_read_all(struct ar_tar_reader *reader, struct ar_buf *buf, uint64_t max, struct ar_error *error)
{
    if (reader->left > max) {
        char problem[200];
        snprintf(problem, sizeof(problem), ar_tr("has %" PRIu64 " bytes, but at most %" PRIu64 " are taken"), reader->size, max);
        return fail_entry(reader, problem, "", error);
    }
    for (size_t step = (size_t)1 << 20; reader->left > 0; step *= 2) {
        size_t want = reader->left < step ? (size_t)reader->left : step;
        char *to = ar_buf_reserve(buf, want);
        if (to == NULL)
            return ar_fail_memory(error);
        ssize_t got = ar_tar_read(reader, to, want, error);
        if (got < 0)
            return -1;
        ar_buf_grew(buf, (size_t)got);
    }
    return ar_buf_check(buf, error);
}
