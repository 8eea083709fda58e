/* SPDX-License-Identifier: MIT */
#include "methods/lane_cache.h"

void ar_lane_cache_init(struct ar_lane_cache *cache)
{
    *cache = (struct ar_lane_cache){ .cache.dirfd = -1 };
    ar_buf_init(&cache->run.params);
    ar_buf_init(&cache->run.canonical);
    ar_buf_init(&cache->parts.text);
    ar_buf_init(&cache->asked.record);
    ar_buf_init(&cache->asked.why);
    ar_cache_entry_init(&cache->entry);
    cache->run.method = &cache->parts.text;
}

void ar_lane_cache_release(struct ar_lane_cache *cache)
{
    ar_cache_release(&cache->cache);
    ar_buf_release(&cache->run.params);
    ar_buf_release(&cache->run.canonical);
    ar_method_parts_release(&cache->parts);
    ar_buf_release(&cache->asked.record);
    ar_buf_release(&cache->asked.why);
    ar_cache_entry_release(&cache->entry);
    ar_cache_history_release(&cache->history);
}

/* Says what of whom: a lane, or (NULL) the postprocess. */
static void say(const struct ar_lane_cache *cache, bool warning, const struct ar_target *target, const char *before, const char *what)
{
    struct ar_buf text;
    ar_buf_init(&text);
    if (target)
        ar_buf_add_tr(&text, "lane '%s': %s%s", target->data, before, what);
    else
        ar_buf_add_tr(&text, "postprocess: %s%s", before, what);
    cache->say(warning, text.data);
    ar_buf_release(&text);
}

/* ---- asking --------------------------------------------------------------------------------------------------------- */

static bool is_forced(const struct ar_lane_cache *cache, const char *lane)
{
    for (size_t i = 0; i < cache->n_forced; i++)
        if (strcmp(cache->forced[i], lane) == 0)
            return true;
    return cache->force_all;
}

/* Does what the method told of rows belong to the rows that the lane has by its ledger? */
static bool fits(const struct ar_cache_entry *entry, const struct ar_ledger *ledger)
{
    for (const struct ar_node *set = ar_node_members(ar_ledger_sets(&entry->ledger)); set; set = set->next) {
        struct ar_record last, record;
        if (!ar_ledger_last(ledger, set->name, &last) || !ar_ledger_first(&entry->ledger, set->name, &record) || record.rows_in != last.rows)
            return false;
    }
    return true;
}

/* Looks in the folder. Is a whole result there? */
static bool look_up(struct ar_lane_cache *cache, const struct ar_target *target, const struct ar_ledger *ledger, bool *damaged)
{
    struct ar_error why;
    int got = ar_cache_get(&cache->cache, cache->asked.key, &cache->entry, &why);
    if (got > 0 && ledger && !fits(&cache->entry, ledger)) {
        ar_fail(&why, AR_CONTENT, "its account is of other rows");
        got = -1;
    }
    *damaged = got < 0;
    if (got < 0)
        say(cache, true, target, ar_tr("its result in the cache does not count, and it is done again: "), why.what);
    return got > 0;
}

static int tell_why(struct ar_lane_cache *cache, bool forced, bool damaged, struct ar_error *error)
{
    struct ar_lane_asked *asked = &cache->asked;
    bool new = false;
    asked->state = AR_LANE_CHANGED;
    if (!cache->why)
        return 0;
    if (forced)
        ar_buf_add_text(&asked->why, ar_tr("forced"));
    else if (damaged)
        ar_buf_add_text(&asked->why, ar_tr("its result is damaged"));
    else if (ar_cache_why(&cache->history, &cache->cache, &asked->record, &asked->why, &new, error) != 0)
        return -1;
    if (new)
        asked->state = AR_LANE_NEW;
    return ar_buf_check(&asked->why, error);
}

int ar_lane_cache_ask(struct ar_lane_cache *cache, const struct ar_target *target, const struct ar_buf *params,
                      const struct ar_ledger *ledger, bool chosen, struct ar_error *error)
{
    struct ar_lane_asked *asked = &cache->asked;
    bool damaged = false, forced = chosen && is_forced(cache, target->data);
    ar_buf_clear(&asked->record);
    ar_buf_clear(&asked->why);
    if (ar_cache_record_lane(&cache->run, &asked->record, target, params, ledger, error) != 0)
        return -1;
    ar_cache_key(&asked->record, asked->key);
    asked->state = AR_LANE_DONE;
    if (!forced && look_up(cache, target, ledger, &damaged))
        return 0;
    if (!chosen) {
        asked->state = AR_LANE_CHANGED;
        return 0;
    }
    return tell_why(cache, forced, damaged, error);
}

void ar_lane_cache_tell(const struct ar_lane_cache *cache, const struct ar_target *target)
{
    if (cache->why && cache->asked.state != AR_LANE_DONE)
        say(cache, false, target, "", cache->asked.why.data);
}

/* ---- a postprocess -------------------------------------------------------------------------------------------------- */

/* Appends the digest of what waits, where anything does. */
static int add_waiting(struct ar_waiting *waiting, struct ar_buf *text, struct ar_error *error)
{
    char hex[AR_DIGEST_HEX + 1];
    if (ar_waiting_end(waiting) == 0)
        return 0;
    if (ar_waiting_digest(waiting, hex, error) != 0)
        return -1;
    ar_buf_add_text(text, hex);
    return ar_buf_check(text, error);
}

/* The record of what it gets. */
static int record_post(struct ar_lane_cache *cache, struct ar_merged *merged, struct ar_error *error)
{
    struct ar_buf errors, others;
    bool all = cache->run.contract == AR_CONTRACT_LANES;
    ar_buf_init(&errors);
    ar_buf_init(&others);
    int result = 0;
    if (all && (add_waiting(&merged->errors, &errors, error) != 0 || add_waiting(&merged->others, &others, error) != 0 ||
                add_waiting(&merged->rest, &others, error) != 0))
        result = -1;
    struct ar_cache_text texts[6] = { { "analysis_results", &merged->table }, { "artifacts", &merged->artifacts_text } };
    size_t n = 2;
    if (errors.len)
        texts[n++] = (struct ar_cache_text){ "errors", &errors };
    if (all)
        texts[n++] = (struct ar_cache_text){ "ledger", &merged->ledger };
    if (others.len)
        texts[n++] = (struct ar_cache_text){ "others", &others };
    texts[n++] = (struct ar_cache_text){ "targets", &merged->targets_text };
    if (result == 0)
        result = ar_cache_record_post(&cache->run, &cache->asked.record, &merged->params, texts, n, error);
    ar_buf_release(&errors);
    ar_buf_release(&others);
    return result;
}

int ar_post_cache_ask(struct ar_lane_cache *cache, struct ar_merged *merged, struct ar_buf *answer, bool *found, struct ar_error *error)
{
    struct ar_lane_asked *asked = &cache->asked;
    bool damaged = false;
    *found = false;
    ar_buf_clear(&asked->record);
    ar_buf_clear(&asked->why);
    if (record_post(cache, merged, error) != 0)
        return -1;
    ar_cache_key(&asked->record, asked->key);
    asked->state = AR_LANE_DONE;
    if (!cache->force_all && look_up(cache, NULL, NULL, &damaged)) {
        const struct ar_cache_item *item = ar_cache_entry_find(&cache->entry, AR_CACHE_ANSWER);
        *found = item && ar_cache_entry_read(&cache->entry, item, answer, error) == 0;
        if (*found)
            return 0;
        ar_buf_clear(answer);
    }
    if (tell_why(cache, cache->force_all, damaged, error) != 0)
        return -1;
    ar_lane_cache_tell(cache, NULL);
    return 0;
}
