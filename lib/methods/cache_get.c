/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <sys/stat.h>

#include "bytes/file.h"
#include "bytes/grow.h"
#include "codecs/tar_format.h"
#include "lanes/entries.h"
#include "methods/cache.h"

enum {
    END = 2 * AR_TAR_BLOCK,
    SMALL = 1 << 20,     /* a file that is read whole */
    TAIL = 64 * 1024,    /* what is read at first of a larger one */
    PIECE = 256 * 1024,
};

#define LEDGER_MAX ((size_t)256 << 20) /* bytes of a ledger, which has some hundred for each picture */

void ar_cache_entry_init(struct ar_cache_entry *entry)
{
    *entry = (struct ar_cache_entry){ .fd = -1 };
    ar_buf_init(&entry->bytes);
}

/* Makes it ready for the next one; its memory stays. */
static void clear(struct ar_cache_entry *entry)
{
    if (entry->fd >= 0)
        close(entry->fd);
    entry->fd = -1;
    entry->n = 0;
    ar_ledger_release(&entry->ledger);
    ar_buf_clear(&entry->bytes);
}

void ar_cache_entry_release(struct ar_cache_entry *entry)
{
    clear(entry);
    ar_buf_release(&entry->bytes);
    free(entry->item);
    entry->item = NULL;
    entry->room = 0;
}

static int fail_damaged(struct ar_error *error, const char *what)
{
    return ar_fail(error, AR_CONTENT, "it is damaged: %s", ar_tr(what));
}

/* ---- reading -------------------------------------------------------------------------------------------------------- */

/* Appends n bytes at offset. */
static int read_at(const struct ar_cache_entry *entry, struct ar_buf *buf, uint64_t offset, uint64_t n, struct ar_error *error)
{
    ssize_t got = ar_read_at(buf, entry->fd, offset, (size_t)n, N_("cannot read it"), error);
    if (got < 0)
        return -1;
    return (uint64_t)got == n ? 0 : fail_damaged(error, N_("it ends too early"));
}

/* Where in the bytes that were read the header of the ledger stands, or -1. No block of a ledger's text can be taken for it. */
static int64_t find_ledger(const struct ar_buf *bytes)
{
    static const char name[] = AR_NAME_LEDGER;
    for (int64_t at = (int64_t)bytes->len - END - 2 * AR_TAR_BLOCK; at >= 0; at -= AR_TAR_BLOCK)
        if (memcmp(bytes->data + at, name, sizeof name) == 0)
            return at;
    return -1;
}

/* Reads all of a small file, else as much of its end as has the ledger. Returns where in bytes its header is, or -1. */
static int64_t read_end(struct ar_cache_entry *entry, struct ar_error *error)
{
    for (uint64_t n = entry->size <= SMALL ? entry->size : TAIL;; n *= 4) {
        if (n > entry->size)
            n = entry->size;
        ar_buf_clear(&entry->bytes);
        if (read_at(entry, &entry->bytes, entry->size - n, n, error) != 0)
            return -1;
        int64_t at = find_ledger(&entry->bytes);
        if (at >= 0)
            return at;
        if (n == entry->size || n > LEDGER_MAX)
            return fail_damaged(error, N_("it has no ledger"));
    }
}

/* ---- checking ------------------------------------------------------------------------------------------------------- */

static bool all_zero(const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i])
            return false;
    return true;
}

/* From the ledger's header at that place in bytes to the end of the file, all must be as it was written. */
static int check_end(struct ar_cache_entry *entry, size_t at, struct ar_error *error)
{
    const char *text = entry->bytes.data + at + AR_TAR_BLOCK;
    size_t room = entry->bytes.len - at - AR_TAR_BLOCK - END, n = room;
    while (n > 0 && text[n - 1] == '\0')
        n--;
    struct ar_buf header;
    ar_buf_init(&header);
    ar_tar_header(&header, &(struct ar_tar_meta){ .name = AR_NAME_LEDGER, .size = n });
    bool same = header.len == AR_TAR_BLOCK && memcmp(header.data, entry->bytes.data + at, AR_TAR_BLOCK) == 0 &&
                n + ar_tar_padding(n) == room && all_zero(text + room, END);
    ar_buf_release(&header);
    if (!same)
        return fail_damaged(error, N_("its end is not as it was written"));
    struct ar_error why;
    if (ar_ledger_parse(&entry->ledger, text, n, ar_tr("its ledger"), &why) == 0)
        return 0;
    return fail_damaged(error, why.what);
}

/* The digest of the first n bytes of the file. */
static int digest_head(struct ar_cache_entry *entry, uint64_t n, char hex[AR_DIGEST_HEX + 1], struct ar_error *error)
{
    if (entry->bytes.len == entry->size) {
        ar_digest_bytes(entry->bytes.data, (size_t)n, hex);
        return 0;
    }
    struct ar_digest digest;
    struct ar_buf piece;
    int result = 0;
    ar_digest_init(&digest);
    ar_buf_init(&piece);
    for (uint64_t at = 0; at < n && result == 0; at += piece.len) {
        ar_buf_clear(&piece);
        result = read_at(entry, &piece, at, n - at < PIECE ? n - at : PIECE, error);
        ar_digest_add(&digest, piece.data, piece.len);
    }
    ar_buf_release(&piece);
    ar_digest_hex(&digest, hex);
    return result;
}

/* All before the ledger, which has head bytes, must have the digest that the ledger says, and be the result of this key. */
static int check_head(struct ar_cache_entry *entry, uint64_t head, const char *key, struct ar_error *error)
{
    const struct ar_node *cache = ar_node_get(entry->ledger.tree.root, "cache");
    const char *said = ar_node_text_of(cache, "xxh3"), *said_key = ar_node_text_of(cache, "key");
    char hex[AR_DIGEST_HEX + 1];
    if (!said || !said_key || ar_node_count_of(cache, "bytes") != head)
        return fail_damaged(error, N_("its ledger does not describe it"));
    if (strcmp(key, said_key) != 0)
        return fail_damaged(error, N_("it is the result of another key"));
    if (digest_head(entry, head, hex, error) != 0)
        return -1;
    return strcmp(hex, said) == 0 ? 0 : fail_damaged(error, N_("its digest is another than its ledger says"));
}

/* ---- entries -------------------------------------------------------------------------------------------------------- */

static int add_item(struct ar_cache_entry *entry, const struct ar_cache_item *item, struct ar_error *error)
{
    if (entry->n == entry->room && !ar_grow(&entry->item, &entry->room, sizeof *entry->item))
        return ar_fail_memory(error);
    entry->item[entry->n++] = *item;
    return 0;
}

static bool is_name(const char *name)
{
    return strcmp(name, AR_NAME_DATA_NAME) == 0 || strcmp(name, AR_NAME_SAMPLE_NAME) == 0;
}

/* Where the entries are follows from what the ledger says of them: they were written in its order. */
static int find_items(struct ar_cache_entry *entry, uint64_t head, struct ar_error *error)
{
    struct ar_buf header;
    uint64_t at = 0;
    int result = 0;
    ar_buf_init(&header);
    for (const struct ar_node *file = ar_node_members(ar_ledger_files(&entry->ledger)); file; file = file->next) {
        const char *name = file->name;
        struct ar_cache_item item = { .name = name, .n = ar_node_count_of(file, "bytes"),
                                      .image_type = ar_node_text_of(file, "image_type") };
        ar_buf_clear(&header);
        ar_tar_header(&header, &(struct ar_tar_meta){ .name = name, .size = item.n, .is_file = !is_name(name), .image_type = item.image_type });
        item.offset = at + header.len;
        at = item.offset + item.n + ar_tar_padding(item.n);
        if (result == 0 && !is_name(name))
            result = add_item(entry, &item, error);
    }
    if (header.failed)
        result = ar_fail_memory(error);
    ar_buf_release(&header);
    return result != 0 || at == head ? result : fail_damaged(error, N_("its ledger does not describe it"));
}

/* ---- the whole ------------------------------------------------------------------------------------------------------ */

static int read_entry(struct ar_cache_entry *entry, const char *key, struct ar_error *error)
{
    struct stat st;
    if (fstat(entry->fd, &st) != 0)
        return ar_fail_errno(error, errno, "cannot read it");
    entry->size = (uint64_t)st.st_size;
    if (!S_ISREG(st.st_mode) || entry->size % AR_TAR_BLOCK || entry->size < END + 2 * AR_TAR_BLOCK)
        return fail_damaged(error, N_("it is cut"));
    int64_t at = read_end(entry, error);
    if (at < 0)
        return -1;
    uint64_t head = entry->size - entry->bytes.len + (uint64_t)at;
    if (check_end(entry, (size_t)at, error) != 0 || check_head(entry, head, key, error) != 0)
        return -1;
    return find_items(entry, head, error);
}

int ar_cache_get(const struct ar_cache *cache, const char *key, struct ar_cache_entry *entry, struct ar_error *error)
{
    char name[AR_DIGEST_HEX + sizeof ".tar"];
    clear(entry);
    if (cache->dirfd < 0)
        return 0;
    snprintf(name, sizeof name, "%s.tar", key);
    entry->fd = openat(cache->dirfd, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (entry->fd < 0)
        return errno == ENOENT ? 0 : ar_fail_errno(error, errno, "cannot read it");
    return read_entry(entry, key, error) == 0 ? 1 : -1;
}

const char *ar_cache_entry_outcome(const struct ar_cache_entry *entry)
{
    return ar_ledger_outcome(&entry->ledger);
}

const struct ar_cache_item *ar_cache_entry_find(const struct ar_cache_entry *entry, const char *name)
{
    for (size_t i = 0; i < entry->n; i++)
        if (strcmp(entry->item[i].name, name) == 0)
            return &entry->item[i];
    return NULL;
}

int ar_cache_entry_write(const struct ar_cache_entry *entry, const struct ar_cache_item *item, struct ar_tar_writer *tar,
                         struct ar_error *error)
{
    if (entry->bytes.len == entry->size)
        return ar_tar_write(tar, entry->bytes.data + item->offset, (size_t)item->n, error);
    return ar_tar_write_copy(tar, entry->fd, item->offset, item->n, ar_tr("a result in the cache"), error);
}

int ar_cache_entry_read(const struct ar_cache_entry *entry, const struct ar_cache_item *item, struct ar_buf *buf, struct ar_error *error)
{
    return read_at(entry, buf, item->offset, item->n, error);
}
