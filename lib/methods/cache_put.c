/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <sys/stat.h>

#include "bytes/file.h"
#include "codecs/tar_format.h"
#include "lanes/entries.h"
#include "methods/cache.h"

enum { PIECE = 256 * 1024 };

static const char zeros[2 * AR_TAR_BLOCK];

/* A file that is being written. */
struct put {
    struct ar_file file;
    struct ar_buf bytes; /* that were not written yet: of a small one, all of it */
    uint64_t written;
    struct ar_digest digest; /* of all that was added */
    struct ar_ledger ledger;
};

static int flush(struct put *put, struct ar_error *error)
{
    if (ar_buf_check(&put->bytes, error) != 0 || ar_write_fd(put->file.fd, put->bytes.data, put->bytes.len, put->file.name, error) != 0)
        return -1;
    put->written += put->bytes.len;
    ar_buf_clear(&put->bytes);
    return 0;
}

static int add(struct put *put, const void *bytes, size_t n, struct ar_error *error)
{
    ar_digest_add(&put->digest, bytes, n);
    ar_buf_add(&put->bytes, bytes, n);
    return put->bytes.len < PIECE ? 0 : flush(put, error);
}

static int add_header(struct put *put, const char *name, uint64_t n, bool is_file, const char *image_type, struct ar_error *error)
{
    struct ar_buf header;
    ar_buf_init(&header);
    ar_tar_header(&header, &(struct ar_tar_meta){ .name = name, .size = n, .is_file = is_file, .image_type = image_type });
    int result = ar_buf_check(&header, error);
    if (result == 0)
        result = add(put, header.data, header.len, error);
    ar_buf_release(&header);
    return result;
}

/* Copies a body from its file, and finds its digest. */
static int add_from_file(struct put *put, const struct ar_cache_source *source, struct ar_digest *digest, struct ar_error *error)
{
    struct ar_buf piece;
    int result = 0;
    ar_buf_init(&piece);
    for (uint64_t done = 0; done < source->n && result == 0; done += piece.len) {
        uint64_t left = source->n - done;
        ar_buf_clear(&piece);
        result = ar_read_all_at(&piece, source->fd, source->offset + done, left < PIECE ? (size_t)left : PIECE,
                                N_("cannot read a temporary file"), error);
        if (result == 0) {
            ar_digest_add(digest, piece.data, piece.len);
            result = add(put, piece.data, piece.len, error);
        }
    }
    ar_buf_release(&piece);
    return result;
}

static int add_source(struct put *put, const struct ar_cache_source *source, struct ar_error *error)
{
    bool is_file = strcmp(source->name, AR_NAME_DATA_NAME) != 0 && strcmp(source->name, AR_NAME_SAMPLE_NAME) != 0;
    struct ar_digest digest;
    char hex[AR_DIGEST_HEX + 1];
    ar_digest_init(&digest);
    int result = add_header(put, source->name, source->n, is_file, source->image_type, error);
    if (result == 0 && source->bytes) {
        ar_digest_add(&digest, source->bytes, (size_t)source->n);
        result = add(put, source->bytes, (size_t)source->n, error);
    } else if (result == 0) {
        result = add_from_file(put, source, &digest, error);
    }
    if (result != 0 || add(put, zeros, ar_tar_padding(source->n), error) != 0)
        return -1;
    ar_digest_hex(&digest, hex);
    if (source->xxh3 && strcmp(source->xxh3, hex) != 0)
        return ar_fail(error, AR_SYSTEM, "'%s' has another digest than its ledger says", source->name);
    return ar_ledger_set_image(&put->ledger, source->name, source->n, hex, source->image_type, error);
}

/* The ledger, with the digest of all before it, and the end blocks. */
static int add_end(struct put *put, const char *key, struct ar_error *error)
{
    char hex[AR_DIGEST_HEX + 1];
    struct ar_buf text;
    ar_digest_hex(&put->digest, hex);
    struct ar_tree *tree = &put->ledger.tree;
    struct ar_node *cache = ar_tree_put(tree, tree->root, "cache", AR_NODE_OBJECT);
    ar_tree_put_text(tree, cache, "key", key);
    ar_tree_put_count(tree, cache, "bytes", put->written + put->bytes.len);
    ar_tree_put_text(tree, cache, "xxh3", hex);
    if (ar_tree_check(tree, error) != 0)
        return -1;
    ar_buf_init(&text);
    ar_ledger_write(&put->ledger, &text);
    int result = ar_buf_check(&text, error);
    if (result == 0)
        result = add_header(put, AR_NAME_LEDGER, text.len, false, NULL, error);
    if (result == 0)
        result = add(put, text.data, text.len, error);
    if (result == 0)
        result = add(put, zeros, ar_tar_padding(text.len), error);
    ar_buf_release(&text);
    return result == 0 && add(put, zeros, sizeof zeros, error) == 0 ? flush(put, error) : -1;
}

static int write_all(struct put *put, const char *key, const struct ar_cache_source *sources, size_t n, const char *outcome,
                     const struct ar_node *sets, struct ar_error *error)
{
    if (ar_ledger_init(&put->ledger, error) != 0)
        return -1;
    for (const struct ar_node *set = ar_node_members(sets); set; set = set->next)
        ar_tree_put_copy(&put->ledger.tree, ar_ledger_sets(&put->ledger), set->name, set);
    if (ar_tree_check(&put->ledger.tree, error) != 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (add_source(put, &sources[i], error) != 0)
            return -1;
    return ar_ledger_set_outcome(&put->ledger, outcome, error) == 0 ? add_end(put, key, error) : -1;
}

/*
 * The record is the same whoever writes it, and nothing depends on it but what is told. So it is written in its place; one that is
 * cut, where that was interrupted, is replaced.
 */
static int put_record(const struct ar_cache *cache, const char *key, const struct ar_buf *record, struct ar_error *error)
{
    char name[AR_DIGEST_HEX + sizeof ".json"];
    struct stat st;
    snprintf(name, sizeof name, "%s.json", key);
    int fd = openat(cache->dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0 && errno != EEXIST)
        return ar_fail_errno(error, errno, "cannot write '%s'", name);
    if (fd < 0) {
        if (fstatat(cache->dirfd, name, &st, 0) == 0 && (uint64_t)st.st_size == record->len)
            return 0;
        return ar_file_put(cache->dirfd, name, false, record->data, record->len, false, error);
    }
    int result = ar_write_fd(fd, record->data, record->len, name, error);
    if (close(fd) != 0 && result == 0)
        result = ar_fail_errno(error, errno, "cannot write '%s'", name);
    if (result != 0)
        unlinkat(cache->dirfd, name, 0);
    return result;
}

int ar_cache_put(const struct ar_cache *cache, const char *key, const struct ar_buf *record, const struct ar_cache_source *sources,
                 size_t n, const char *outcome, const struct ar_node *sets, struct ar_error *error)
{
    char name[AR_DIGEST_HEX + sizeof ".tar"];
    struct put put = { .file.fd = -1 };
    snprintf(name, sizeof name, "%s.tar", key);
    if (put_record(cache, key, record, error) != 0 || ar_file_create(&put.file, cache->dirfd, name, false, error) != 0)
        return -1;
    ar_buf_init(&put.bytes);
    ar_digest_init(&put.digest);
    int result = write_all(&put, key, sources, n, outcome, sets, error);
    if (result == 0)
        result = ar_file_commit(&put.file, false, error);
    else
        ar_file_abandon(&put.file);
    ar_ledger_release(&put.ledger);
    ar_buf_release(&put.bytes);
    return result;
}
