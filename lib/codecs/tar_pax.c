/* SPDX-License-Identifier: MIT */
#include "codecs/tar_pax.h"

#include "bytes/text.h"
#include "codecs/tar.h"

#define GLOBAL_PASS_MAX ((size_t)1 << 13)

void ar_tar_pax_init(struct ar_tar_pax *pax, bool global)
{
    *pax = (struct ar_tar_pax){ .global = global };
    ar_buf_init(&pax->path);
    ar_buf_init(&pax->image_type);
    ar_buf_init(&pax->pass);
}

void ar_tar_pax_release(struct ar_tar_pax *pax)
{
    ar_buf_release(&pax->path);
    ar_buf_release(&pax->image_type);
    ar_buf_release(&pax->pass);
}

void ar_tar_pax_clear(struct ar_tar_pax *pax)
{
    pax->has_path = pax->has_size = pax->has_is_file = pax->has_image_type = false;
    ar_buf_clear(&pax->path);
    ar_buf_clear(&pax->image_type);
    ar_buf_clear(&pax->pass);
}

/* "'in.tar': the pax header at byte 1024 PROBLEM" */
static int fail_pax(const struct ar_tar_pax_header *header, const char *problem, struct ar_error *error)
{
    ar_fail(error, AR_INPUT, "'%s': the pax header at byte %" PRIu64 " %s", header->input, header->offset, ar_tr(problem));
    return ar_hint(error, AR_TAR_HINT_DAMAGED);
}

/* ---- records -------------------------------------------------------------------------------------------------------- */

enum meaning { PASS, DROP, PATH, SIZE, IS_FILE, IMAGE_TYPE, SPARSE, VOLUME };

struct record {
    const char *text; /* all of it */
    size_t len;
    const char *key;
    size_t key_len;
    const char *value;
    size_t value_len;
};

/* What a keyword means to us. One that ends with a dot stands for all that begin so; the first that fits counts. */
static enum meaning find_meaning(const char *key, size_t len)
{
    static const struct {
        const char *key;
        unsigned char len;
        unsigned char meaning;
    } known[] = {
#define KEYWORD(key, meaning) {key, sizeof(key) - 1, meaning}
        KEYWORD("is_file", IS_FILE), KEYWORD("image_type", IMAGE_TYPE), KEYWORD("path", PATH), KEYWORD("size", SIZE),
        KEYWORD("atime", DROP), KEYWORD("charset", DROP), KEYWORD("comment", DROP), KEYWORD("ctime", DROP),
        KEYWORD("gid", DROP), KEYWORD("gname", DROP), KEYWORD("hdrcharset", DROP), KEYWORD("linkpath", DROP),
        KEYWORD("mtime", DROP), KEYWORD("uid", DROP), KEYWORD("uname", DROP),
        KEYWORD("GNU.sparse.", SPARSE), KEYWORD("SCHILY.realsize", SPARSE),
        KEYWORD("GNU.volume.label", DROP), KEYWORD("GNU.volume.", VOLUME),
        KEYWORD("SCHILY.", DROP), KEYWORD("LIBARCHIVE.", DROP), KEYWORD("RHT.security.selinux", DROP),
#undef KEYWORD
    };
    for (size_t i = 0; i < AR_COUNT(known); i++) {
        bool prefix = known[i].key[known[i].len - 1] == '.';
        if ((prefix ? len > known[i].len : len == known[i].len) && memcmp(key, known[i].key, known[i].len) == 0)
            return (enum meaning)known[i].meaning;
    }
    return PASS;
}

/* Takes the record at the start of the n bytes at text apart. False where it is malformed. */
static bool split_record(struct record *record, const char *text, size_t n)
{
    size_t len = 0, i = 0;
    if (text[0] == '0') /* no length, or leading zeros */
        return false;
    for (; i < n && text[i] >= '0' && text[i] <= '9' && len <= n; i++)
        len = len * 10 + (size_t)(text[i] - '0');
    if (i == n || text[i] != ' ' || len > n || len < i + 3 || text[len - 1] != '\n')
        return false;
    const char *key = text + i + 1;
    const char *equals = memchr(key, '=', len - 1 - (i + 1));
    if (equals == NULL || equals == key)
        return false;
    *record = (struct record){.text = text, .len = len, .key = key, .key_len = (size_t)(equals - key), .value = equals + 1};
    record->value_len = (size_t)(text + len - 1 - record->value);
    return true;
}

/* ---- keywords ------------------------------------------------------------------------------------------------------- */

/* A global vendor keyword takes the place of an earlier one; an empty value only takes that away. */
static int replace_global(struct ar_tar_pax *to, const struct ar_tar_pax_header *header, const struct record *record,
                          struct ar_error *error)
{
    struct ar_buf *pass = &to->pass;
    struct record old;
    for (size_t at = 0; at < pass->len && split_record(&old, pass->data + at, pass->len - at); at += old.len) {
        if (old.key_len != record->key_len || memcmp(old.key, record->key, old.key_len) != 0)
            continue;
        memmove(pass->data + at, pass->data + at + old.len, pass->len - at - old.len);
        ar_buf_truncate(pass, pass->len - old.len);
        break;
    }
    if (record->value_len == 0)
        return 0;
    if (pass->len + record->len > GLOBAL_PASS_MAX)
        return fail_pax(header, N_("has more than 8 KiB of global vendor keywords"), error);
    ar_buf_add(pass, record->text, record->len);
    return 0;
}

static int take_vendor(struct ar_tar_pax *to, const struct ar_tar_pax_header *header, const struct record *record,
                       struct ar_error *error)
{
    if (to->global)
        return replace_global(to, header, record, error);
    if (to->pass.len + record->len > AR_TAR_PASS_MAX - GLOBAL_PASS_MAX)
        return fail_pax(header, N_("has too many vendor keywords"), error);
    ar_buf_add(&to->pass, record->text, record->len);
    return 0;
}

static int take_image_type(struct ar_tar_pax *to, const struct ar_tar_pax_header *header, const struct record *record,
                           struct ar_error *error)
{
    if (record->value_len > AR_TAR_IMAGE_TYPE_MAX || ar_utf8_check(record->value, record->value_len) != record->value_len ||
        ar_text_has_control(record->value, record->value_len))
        return fail_pax(header, N_("has an 'image_type' that is not a short UTF-8 text without control characters"), error);
    to->has_image_type = true;
    ar_buf_clear(&to->image_type);
    ar_buf_add(&to->image_type, record->value, record->value_len);
    return 0;
}

static int take_path(struct ar_tar_pax *to, const struct ar_tar_pax_header *header, const struct record *record,
                     struct ar_error *error)
{
    if (to->global)
        return fail_pax(header, N_("gives a 'path' to all entries"), error);
    if (memchr(record->value, '\0', record->value_len) != NULL)
        return fail_pax(header, N_("has a 'path' with a NUL in it"), error);
    to->has_path = record->value_len > 0;
    ar_buf_clear(&to->path);
    ar_buf_add(&to->path, record->value, record->value_len);
    return 0;
}

/* A value of decimal digits, less than 2^63. */
static bool read_decimal(const char *text, size_t len, uint64_t *value)
{
    uint64_t n = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned digit = (unsigned char)text[i] - (unsigned)'0';
        if (digit > 9 || __builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, digit, &n))
            return false;
    }
    *value = n;
    return len > 0 && n <= INT64_MAX;
}

static int take_size(struct ar_tar_pax *to, const struct ar_tar_pax_header *header, const struct record *record,
                     struct ar_error *error)
{
    if (to->global)
        return fail_pax(header, N_("gives a 'size' to all entries"), error);
    to->has_size = record->value_len > 0;
    if (to->has_size && !read_decimal(record->value, record->value_len, &to->size))
        return fail_pax(header, N_("has a 'size' that is not a number of bytes"), error);
    return 0;
}

static int take_record(struct ar_tar_pax *to, const struct ar_tar_pax_header *header, const struct record *record,
                       struct ar_error *error)
{
    switch (find_meaning(record->key, record->key_len)) {
    case DROP:
        return 0;
    case PATH:
        return take_path(to, header, record, error);
    case SIZE:
        return take_size(to, header, record, error);
    case IS_FILE:
        to->has_is_file = true;
        to->is_file = record->value_len == 4 && memcmp(record->value, "true", 4) == 0;
        return 0;
    case IMAGE_TYPE:
        return take_image_type(to, header, record, error);
    case SPARSE:
        fail_pax(header, N_("announces a sparse file"), error);
        return ar_hint(error, AR_TAR_HINT_SPARSE);
    case VOLUME:
        fail_pax(header, N_("announces the rest of a file from another volume"), error);
        return ar_hint(error, AR_TAR_HINT_VOLUME);
    case PASS:
        break;
    }
    return take_vendor(to, header, record, error);
}

int ar_tar_pax_take(struct ar_tar_pax *pax, const struct ar_tar_pax_header *header, struct ar_error *error)
{
    struct record record;
    for (size_t at = 0; at < header->len; at += record.len) {
        if (!split_record(&record, header->text + at, header->len - at))
            return fail_pax(header, N_("has a malformed record"), error);
        if (take_record(pax, header, &record, error) < 0)
            return -1;
    }
    return 0;
}
