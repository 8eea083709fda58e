/* SPDX-License-Identifier: MIT */
#include "methods/cache_key.h"

#include "codecs/json.h"
#include "methods/method_files.h"

/* ---- params --------------------------------------------------------------------------------------------------------- */

enum { VALUE_MAX = 4096 }; /* bytes of a value that a record has as it is */

struct param {
    char *name;
    struct ar_json_value value;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct param *)a)->name, ((const struct param *)b)->name);
}

/* Appends a value's text without the blanks between its parts. */
static void add_compact(struct ar_buf *buf, const struct ar_json_value *value)
{
    struct ar_buf text;
    ar_buf_init(&text);
    for (size_t i = 0; i < value->len;) {
        size_t next = value->text[i] == '"' ? ar_json_behind_string(value->text, value->len, i) : i + 1;
        if (!strchr(" \t\r\n", value->text[i]))
            ar_buf_add(&text, value->text + i, next - i);
        i = next;
    }
    buf->failed |= text.failed;
    if (text.len > VALUE_MAX)
        ar_method_add_text(buf, text.data, text.len);
    else
        ar_buf_add(buf, text.data, text.len);
    ar_buf_release(&text);
}

static void add_params(struct ar_buf *buf, struct param *list, size_t n)
{
    qsort(list, n, sizeof *list, by_name);
    ar_buf_add_char(buf, '{');
    for (size_t i = 0; i < n; i++) {
        ar_buf_add_text(buf, i ? "," : "");
        ar_json_add_string(buf, list[i].name, strlen(list[i].name));
        ar_buf_add_char(buf, ':');
        add_compact(buf, &list[i].value);
    }
    ar_buf_add_char(buf, '}');
}

/* What a record has of these params. */
static int make_canonical(struct ar_buf *buf, const struct ar_buf *params, struct ar_error *error)
{
    struct ar_json_doc doc;
    struct ar_json_value key, value;
    if (ar_json_doc_parse(&doc, params->data, params->len, "params", error) != 0)
        return -1;
    struct ar_json_value root = ar_json_root(&doc);
    struct param *list = calloc((size_t)doc.count + 1, sizeof *list);
    size_t n = 0;
    bool whole = list != NULL;
    for (int at = 0; whole && root.type == AR_JSON_OBJECT && ar_json_each(&doc, &root, &at, &key, &value); n++) {
        list[n] = (struct param){ .name = ar_json_decoded(&key, error), .value = value };
        whole = list[n].name != NULL;
    }
    if (whole)
        add_params(buf, list, n);
    for (size_t i = 0; i < n; i++)
        free(list[i].name);
    free(list);
    ar_json_doc_release(&doc);
    return whole ? ar_buf_check(buf, error) : ar_fail_memory(error);
}

/* Lanes mostly have the params of the lane before. */
static int put_params(struct ar_cache_run *run, struct ar_buf *record, const struct ar_buf *params, struct ar_error *error)
{
    bool same = run->canonical.len && run->params.len == params->len && memcmp(run->params.data, params->data, params->len) == 0;
    if (!same) {
        ar_buf_clear(&run->params);
        ar_buf_clear(&run->canonical);
        ar_buf_add(&run->params, params->data, params->len);
        if (ar_buf_check(&run->params, error) != 0 || make_canonical(&run->canonical, params, error) != 0) {
            ar_buf_clear(&run->canonical);
            return -1;
        }
    }
    ar_buf_add_text(record, "\"params\":");
    ar_buf_add(record, run->canonical.data, run->canonical.len);
    return 0;
}

/* ---- sets ----------------------------------------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names of the lane's sets in their byte order, *n of them; the caller frees the array. NULL when memory ran out. */
static const char **sorted_sets(const struct ar_ledger *ledger, size_t *n)
{
    const struct ar_node *sets = ar_ledger_sets(ledger);
    const char **name = calloc(ar_node_size(sets) + 1, sizeof *name);
    struct ar_record record;
    *n = 0;
    if (!name)
        return NULL;
    for (const struct ar_node *set = ar_node_members(sets); set; set = set->next)
        if (ar_ledger_described(ledger, set->name, &record))
            name[(*n)++] = set->name;
    qsort(name, *n, sizeof *name, by_text);
    return name;
}

/* The columns that are text in a pickle of the set, where the manifest has some. */
static int add_columns(struct ar_buf *record, const struct ar_manifest_set *set, bool first)
{
    size_t n = 0;
    while (set->text[n])
        n++;
    const char **column = calloc(n + 1, sizeof *column);
    if (!column)
        return -1;
    for (size_t i = 0; i < n; i++)
        column[i] = set->text[i];
    qsort(column, n, sizeof *column, by_text);
    ar_buf_add_text(record, first ? "" : ",");
    ar_json_add_string(record, set->name, strlen(set->name));
    for (size_t i = 0; i < n; i++) {
        ar_buf_add_text(record, i ? "," : ":[");
        ar_json_add_string(record, column[i], strlen(column[i]));
    }
    ar_buf_add_text(record, n ? "]" : ":[]");
    free(column);
    return 0;
}

static int add_text(const struct ar_cache_run *run, struct ar_buf *record, const char **name, size_t n)
{
    bool first = true;
    ar_buf_add_text(record, ",\"text\":{");
    for (size_t i = 0; i < n; i++) {
        const struct ar_manifest_set *set = run->manifest ? ar_manifest_set(run->manifest, name[i]) : NULL;
        if (!set || !set->text)
            continue;
        if (add_columns(record, set, first) != 0)
            return -1;
        first = false;
    }
    ar_buf_add_char(record, '}');
    return 0;
}

static int add_sets(const struct ar_cache_run *run, struct ar_buf *record, const struct ar_ledger *ledger)
{
    size_t n;
    const char **name = sorted_sets(ledger, &n);
    if (!name)
        return -1;
    ar_buf_add_text(record, ",\"sets\":{");
    for (size_t i = 0; i < n; i++) {
        struct ar_record set;
        ar_ledger_described(ledger, name[i], &set); /* it is: see sorted_sets */
        ar_buf_add_text(record, i ? "," : "");
        ar_json_add_string(record, name[i], strlen(name[i]));
        ar_buf_add_format(record, ":{\"bytes\":%" PRIu64 ",\"xxh3\":\"%s\"", set.bytes, set.xxh3);
        if (ar_ledger_first(ledger, name[i], &set) && set.method) {
            ar_buf_add_text(record, ",\"image_analysis_method\":");
            ar_json_add_string(record, set.method, strlen(set.method));
        }
        ar_buf_add_char(record, '}');
    }
    ar_buf_add_char(record, '}');
    bool pickled = run->contract == AR_CONTRACT_FIRST || run->contract == AR_CONTRACT_ANALYZESEQ;
    int result = pickled ? add_text(run, record, name, n) : 0;
    free(name);
    return result;
}

/* ---- records -------------------------------------------------------------------------------------------------------- */

/* What is the same for all. */
static int end_record(const struct ar_cache_run *run, struct ar_buf *record, struct ar_error *error)
{
    if (*run->preprocessed)
        ar_buf_add_format(record, ",\"preprocessed\":\"%s\"", run->preprocessed);
    ar_buf_add_format(record, ",\"contract\":\"%s\",\"fields\":%d,", ar_contract_name(run->contract), run->fields);
    ar_buf_add(record, run->method->data, run->method->len);
    ar_buf_add_char(record, '}');
    return ar_buf_check(record, error);
}

int ar_cache_record_lane(struct ar_cache_run *run, struct ar_buf *record, const struct ar_target *target, const struct ar_buf *params,
                         const struct ar_ledger *ledger, struct ar_error *error)
{
    ar_buf_add_text(record, "{\"cache\":1,\"step\":\"analyze\",\"data\":");
    ar_json_add_string(record, target->data, target->data_len);
    ar_buf_add_text(record, ",\"sample\":");
    ar_json_add_string(record, target->sample, target->sample_len);
    ar_buf_add_char(record, ',');
    if (put_params(run, record, params, error) != 0)
        return -1;
    return add_sets(run, record, ledger) == 0 ? end_record(run, record, error) : ar_fail_memory(error);
}

int ar_cache_record_post(struct ar_cache_run *run, struct ar_buf *record, const struct ar_buf *params, const struct ar_cache_text *texts,
                         size_t n, struct ar_error *error)
{
    ar_buf_add_text(record, "{\"cache\":1,\"step\":\"postprocess\",");
    if (put_params(run, record, params, error) != 0)
        return -1;
    ar_buf_add_text(record, ",\"sets\":{");
    for (size_t i = 0; i < n; i++) {
        char hex[AR_DIGEST_HEX + 1];
        ar_digest_bytes(texts[i].text->data, texts[i].text->len, hex);
        ar_buf_add_format(record, "%s\"%s\":{\"bytes\":%zu,\"xxh3\":\"%s\"}", i ? "," : "", texts[i].name, texts[i].text->len, hex);
    }
    ar_buf_add_char(record, '}');
    return end_record(run, record, error);
}

void ar_cache_key(const struct ar_buf *record, char key[AR_DIGEST_HEX + 1])
{
    ar_digest_bytes(record->data, record->len, key);
}
