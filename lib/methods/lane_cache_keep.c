/* SPDX-License-Identifier: MIT */
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
    char *to = ar_buf_reserve(&keep->bytes, (size_t)n);
    if (!to)
        return ar_fail_memory(error);
    for (uint64_t done = 0; done < n;) {
        ssize_t got = pread(keep->entries->fd, to + done, (size_t)(n - done), (off_t)(keep->entries->end - n + done));
        if (got <= 0)
            return ar_fail_errno(error, got < 0 ? errno : EIO, "cannot read a temporary file");
        done += (uint64_t)got;
    }
    ar_buf_grew(&keep->bytes, (size_t)n);
    return 0;
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
static void add_entry(struct keep *keep, const char *name, const json_t *file)
{
    const char *type = json_string_value(json_object_get(file, "image_type"));
    uint64_t n = ar_json_count(file, "bytes"), first = keep->entries->end - keep->bytes.len;
    uint64_t body = pass(keep, name, n, true, type);
    bool here = body >= first && body + n <= keep->entries->end;
    keep->source[keep->n++] = (struct ar_cache_source){ .name = name, .image_type = type, .n = n, .fd = keep->entries->fd, .offset = body,
                                                        .bytes = here ? keep->bytes.data + (body - first) : NULL,
                                                        .xxh3 = json_string_value(json_object_get(file, "xxh3")) };
}

/* What is to be stored, in the order in which it stands there: names, params, pictures, result. */
static int find_sources(struct keep *keep, struct ar_error *error)
{
    const struct ar_lane_entries *entries = keep->entries;
    json_t *files = json_object_get(keep->ledger.json, "files"), *file;
    const char *name;
    keep->source = calloc(json_object_size(files) + 4, sizeof *keep->source);
    if (!keep->source)
        return ar_fail_memory(error);
    keep->at = entries->start;
    add_text(keep, AR_NAME_DATA_NAME, entries->target->data, entries->target->data_len);
    add_text(keep, AR_NAME_SAMPLE_NAME, entries->target->sample, entries->target->sample_len);
    if (entries->params->len)
        pass(keep, AR_NAME_PARAMS, entries->params->len, false, NULL);
    json_object_foreach (files, name, file)
        if (strncmp(name, AR_FOLDER_IMAGES, strlen(AR_FOLDER_IMAGES)) == 0)
            add_entry(keep, name, file);
    if ((file = json_object_get(files, AR_NAME_RESULT)) != NULL)
        add_entry(keep, AR_NAME_RESULT, file);
    return keep->name.failed || keep->header.failed ? ar_fail_memory(error) : 0;
}

/* The records that the method gave: those behind the one of this step. NULL when memory ran out. */
static json_t *method_records(const struct ar_ledger *ledger)
{
    json_t *sets = json_object(), *records, *record;
    const char *set;
    json_object_foreach (json_object_get(ledger->json, "sets"), set, records) {
        json_t *after = NULL;
        size_t i;
        json_array_foreach (records, i, record) {
            const char *stage = json_string_value(json_object_get(record, "stage"));
            if (after)
                json_array_append(after, record);
            else if (stage && strcmp(stage, "analyze") == 0)
                after = json_array();
        }
        if (json_array_size(after) && json_object_set(sets, set, after) != 0) {
            json_decref(sets);
            sets = NULL;
        }
        json_decref(after);
    }
    return sets;
}

static int keep_entries(struct keep *keep, const struct ar_cache *cache, const char *key, const struct ar_buf *record, struct ar_error *error)
{
    if (read_ledger(keep, error) != 0 || find_sources(keep, error) != 0)
        return -1;
    json_t *sets = method_records(&keep->ledger);
    int result = sets ? ar_cache_put(cache, key, record, keep->source, keep->n, ar_ledger_outcome(&keep->ledger), sets, error)
                      : ar_fail_memory(error);
    json_decref(sets);
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
