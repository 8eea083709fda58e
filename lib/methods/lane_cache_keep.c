/* SPDX-License-Identifier: MIT */
#include "bytes/file.h"
#include "codecs/tar_format.h"
#include "lanes/entries.h"
#include "methods/lane_cache.h"

enum { SMALL = 1 << 20, TAIL = 64 * 1024 };

/* ---- keeping -------------------------------------------------------------------------------------------------------- */

/* A lane's entries, and where in them they are. */
struct keep {
    const struct ar_lane_entries *entries;
    struct ar_buf bytes;       /* all of them where they are few, else the last */
    struct ar_ledger ledger;
    struct ar_buf name, header; /* of an entry, for its length */
    uint64_t at;
    struct ar_cache_source *source;
    size_t n;
};

/* Reads the last n bytes. */
static int read_last(struct keep *keep, uint64_t n, struct ar_error *error)
{
    ar_buf_clear(&keep->bytes);
    return ar_read_all_at(&keep->bytes, keep->entries->fd, keep->entries->end - n, (size_t)n, N_("cannot read a temporary file"), error);
}

/* The ledger is the last entry: the last block that is a header is its. */
static int read_ledger(struct keep *keep, struct ar_error *error)
{
    uint64_t size = keep->entries->end - keep->entries->start;
    for (uint64_t n = size <= SMALL ? size : TAIL;; n = 4 * n < size ? 4 * n : size) {
        if (read_last(keep, n, error) != 0)
            return -1;
        for (size_t at = keep->bytes.len; at >= 2 * AR_TAR_BLOCK; at -= AR_TAR_BLOCK) {
            const char *block = keep->bytes.data + at - 2 * AR_TAR_BLOCK;
            if (!ar_tar_begins(block, AR_TAR_BLOCK))
                continue;
            const char *text = block + AR_TAR_BLOCK;
            size_t len = keep->bytes.len - (size_t)(text - keep->bytes.data);
            return ar_ledger_parse(&keep->ledger, text, strnlen(text, len), ar_tr("the lane's ledger"), error);
        }
        if (n == size)
            return ar_fail(error, AR_SYSTEM, "its entries have no ledger");
    }
}

/* Passes over an entry, and tells where its body is. */
static uint64_t pass(struct keep *keep, const char *name, uint64_t n, bool is_file, const char *image_type)
{
    ar_buf_clear(&keep->name);
    ar_buf_clear(&keep->header);
    if (!keep->entries->one_lane)
        ar_buf_add_format(&keep->name, "%s/", keep->entries->target->data);
    ar_buf_add_text(&keep->name, name);
    ar_tar_header(&keep->header, &(struct ar_tar_meta){ .name = keep->name.data, .size = n, .is_file = is_file, .image_type = image_type });
    uint64_t body = keep->at + keep->header.len;
    keep->at = body + n + ar_tar_padding(n);
    return body;
}

static void add_text(struct keep *keep, const char *name, const char *text, size_t n)
{
    pass(keep, name, n, false, NULL);
    keep->source[keep->n++] = (struct ar_cache_source){ .name = name, .bytes = text, .n = n };
}

/* A picture or the result, where the ledger says that they are. */
static void add_entry(struct keep *keep, const struct ar_node *file)
{
    const char *name = file->name, *type = ar_node_text_of(file, "image_type");
    uint64_t n = ar_node_count_of(file, "bytes"), first = keep->entries->end - keep->bytes.len;
    uint64_t body = pass(keep, name, n, true, type);
    bool here = body >= first && body + n <= keep->entries->end;
    keep->source[keep->n++] = (struct ar_cache_source){ .name = name, .image_type = type, .n = n, .fd = keep->entries->fd, .offset = body,
                                                        .bytes = here ? keep->bytes.data + (body - first) : NULL,
                                                        .xxh3 = ar_node_text_of(file, "xxh3") };
}

/* What is to be stored, in the order in which it stands there: names, params, pictures, result. */
static int find_sources(struct keep *keep, struct ar_error *error)
{
    const struct ar_lane_entries *entries = keep->entries;
    const struct ar_node *files = ar_ledger_files(&keep->ledger), *result = ar_node_get(files, AR_NAME_RESULT);
    keep->source = calloc(ar_node_size(files) + 4, sizeof *keep->source);
    if (!keep->source)
        return ar_fail_memory(error);
    keep->at = entries->start;
    add_text(keep, AR_NAME_DATA_NAME, entries->target->data, entries->target->data_len);
    add_text(keep, AR_NAME_SAMPLE_NAME, entries->target->sample, entries->target->sample_len);
    if (entries->params->len)
        pass(keep, AR_NAME_PARAMS, entries->params->len, false, NULL);
    for (const struct ar_node *file = ar_node_members(files); file; file = file->next)
        if (strncmp(file->name, AR_FOLDER_IMAGES, strlen(AR_FOLDER_IMAGES)) == 0)
            add_entry(keep, file);
    if (result)
        add_entry(keep, result);
    return keep->name.failed || keep->header.failed ? ar_fail_memory(error) : 0;
}

/* Puts the records that the method gave into sets: those behind the one of this step. */
static void put_records(struct ar_tree *sets, const struct ar_node *records)
{
    struct ar_node *root = ar_tree_root(sets, AR_NODE_OBJECT), *after = NULL;
    bool behind = false;
    for (const struct ar_node *record = ar_node_items(records); record; record = record->next) {
        const char *stage = ar_node_text_of(record, "stage");
        if (behind && !after)
            after = ar_tree_put(sets, root, records->name, AR_NODE_ARRAY);
        if (behind)
            ar_tree_put_copy(sets, after, NULL, record);
        behind = behind || (stage && strcmp(stage, "analyze") == 0);
    }
}

static int keep_entries(struct keep *keep, const struct ar_cache *cache, const char *key, const struct ar_buf *record, struct ar_error *error)
{
    if (read_ledger(keep, error) != 0 || find_sources(keep, error) != 0)
        return -1;
    struct ar_tree sets = { 0 };
    for (const struct ar_node *records = ar_node_members(ar_ledger_sets(&keep->ledger)); records; records = records->next)
        put_records(&sets, records);
    int result = ar_tree_check(&sets, error);
    if (result == 0)
        result = ar_cache_put(cache, key, record, keep->source, keep->n, ar_ledger_outcome(&keep->ledger), sets.root, error);
    ar_tree_release(&sets);
    return result;
}

static void say_once(struct ar_lane_cache *cache, const struct ar_error *error)
{
    struct ar_buf text;
    if (cache->told)
        return;
    cache->told = true;
    ar_buf_init(&text);
    ar_buf_add_tr(&text, "results cannot be kept in '%s', and the run goes on without: %s", cache->cache.path, error->what);
    cache->say(true, text.data);
    ar_buf_release(&text);
}

/* A method that was changed meanwhile: nobody knows which of the two gave a result. */
static bool method_changed(struct ar_lane_cache *cache)
{
    const char *path = cache->changed ? NULL : ar_method_parts_changed(&cache->parts);
    struct ar_buf text;
    if (!path)
        return cache->changed;
    cache->changed = true;
    ar_buf_init(&text);
    ar_buf_add_tr(&text, "'%s' was changed while it was at work: results are not kept from here on", path);
    cache->say(true, text.data);
    ar_buf_release(&text);
    return true;
}

void ar_post_cache_keep(struct ar_lane_cache *cache, const struct ar_buf *answer)
{
    struct ar_error error;
    const struct ar_cache_source source = { .name = AR_CACHE_ANSWER, .bytes = answer->data, .n = answer->len };
    if (!method_changed(cache) && ar_cache_put(&cache->cache, cache->asked.key, &cache->asked.record, &source, 1, "result", NULL, &error) != 0)
        say_once(cache, &error);
}

void ar_lane_cache_keep(struct ar_lane_cache *cache, const char *key, const struct ar_buf *record, const struct ar_lane_entries *entries)
{
    struct ar_error error;
    struct keep keep = { .entries = entries };
    if (method_changed(cache))
        return;
    ar_buf_init(&keep.bytes);
    ar_buf_init(&keep.name);
    ar_buf_init(&keep.header);
    if (keep_entries(&keep, &cache->cache, key, record, &error) != 0)
        say_once(cache, &error);
    ar_ledger_release(&keep.ledger);
    ar_buf_release(&keep.bytes);
    ar_buf_release(&keep.name);
    ar_buf_release(&keep.header);
    free(keep.source);
}
