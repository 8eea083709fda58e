/* SPDX-License-Identifier: MIT */
#include "lanes/gather.h"

#include "lanes/artifacts.h"
#include "lanes/gather_lane.h"
#include "lanes/params.h"

void ar_gather_init(struct ar_gather *gather)
{
    *gather = (struct ar_gather){ 0 };
    struct ar_buf *all[] = { &gather->params, &gather->artifacts, &gather->ledgers, &gather->causes, &gather->name,
                             &gather->result, &gather->table.rows };
    for (size_t i = 0; i < AR_COUNT(all); i++)
        ar_buf_init(all[i]);
    ar_artifacts_begin(&gather->artifacts);
}

void ar_gather_release(struct ar_gather *gather)
{
    struct ar_buf *buffers[] = { &gather->params, &gather->artifacts, &gather->ledgers, &gather->causes, &gather->name,
                                 &gather->result };
    for (size_t i = 0; i < AR_COUNT(buffers); i++)
        ar_buf_release(buffers[i]);
    struct ar_waiting *spools[] = { &gather->images, &gather->others, &gather->errors, &gather->rest };
    for (size_t i = 0; i < AR_COUNT(spools); i++)
        ar_waiting_release(spools[i]);
    ar_merge_table_release(&gather->table);
    ar_account_release(&gather->account);
    ar_targets_release(&gather->targets);
    ar_ledger_release(&gather->top);
    ar_names_release(&gather->places);
    ar_names_release(&gather->rest_names);
    free(gather->rest_xxh3);
    free(gather->rest_bytes);
    free(gather->targets_place);
    free(gather->params_place);
    free(gather->top_place);
    free(gather->lane);
    ar_tree_release(&gather->pins);
}

/* ---- what all inputs must have in common ---------------------------------------------------------------------------- */

static int keep_place(char **place, const char *what, struct ar_error *error)
{
    *place = strdup(what);
    return *place ? 0 : ar_fail_memory(error);
}

static int fail_differ(const char *thing, const char *what, const char *before, struct ar_error *error)
{
    ar_fail(error, AR_INPUT, "'%s' has other %s than '%s'", what, ar_tr(thing), before);
    return ar_hint(error, "Only results of one run can be merged: analyse the lanes again that are of another.");
}

int ar_gather_begin(struct ar_gather *gather, const char *what, struct ar_error *error)
{
    gather->lane = calloc(gather->targets.count + 1, sizeof *gather->lane);
    if (!gather->lane)
        return ar_fail_memory(error);
    if (ar_merge_table_init(&gather->table, &gather->targets, error) != 0)
        return -1;
    return keep_place(&gather->targets_place, what, error);
}

int ar_gather_targets(struct ar_gather *gather, const struct ar_targets *targets, const char *what, struct ar_error *error)
{
    if (!gather->targets_place) {
        for (size_t i = 0; i < targets->count; i++) {
            const struct ar_target *target = &targets->entry[i];
            if (ar_targets_add(&gather->targets, target->data, target->data_len, target->sample, target->sample_len, error) != 0)
                return -1;
        }
        return ar_gather_begin(gather, what, error);
    }
    bool same = targets->count == gather->targets.count;
    for (size_t i = 0; same && i < targets->count; i++)
        same = strcmp(targets->entry[i].data, gather->targets.entry[i].data) == 0 &&
               strcmp(targets->entry[i].sample, gather->targets.entry[i].sample) == 0;
    return same ? 0 : fail_differ(N_("targets"), what, gather->targets_place, error);
}

int ar_gather_params(struct ar_gather *gather, const char *text, size_t n, const char *what, struct ar_error *error)
{
    if (gather->params_place) {
        bool same = n == gather->params.len && memcmp(text, gather->params.data, n) == 0;
        return same ? 0 : fail_differ(N_("params"), what, gather->params_place, error);
    }
    if (ar_params_check(text, n, ar_tr("entry 'params'"), error) != 0)
        return ar_fail_in(error, "'%s'", what);
    ar_buf_add(&gather->params, text, n);
    if (ar_buf_check(&gather->params, error) != 0)
        return -1;
    return keep_place(&gather->params_place, what, error);
}

int ar_gather_top(struct ar_gather *gather, const struct ar_ledger *top, const char *what, struct ar_error *error)
{
    if (gather->top.tree.root)
        return ar_node_equal(gather->top.tree.root, top->tree.root)
                   ? 0
                   : fail_differ(N_("accounts of the source (ledger)"), what, gather->top_place, error);
    if (ar_ledger_copy(&gather->top, top, error) != 0 || ar_account_source(&gather->account, &gather->top, error) != 0)
        return -1;
    return keep_place(&gather->top_place, what, error);
}

/* Notes an unknown entry at the top. Returns 1 where it is to be kept, 0 where it is there already, -1 on failure. */
static int note_rest(struct ar_gather *gather, const char *name, uint64_t bytes, const char *xxh3, const char *what,
                     struct ar_error *error)
{
    bool added;
    ssize_t number = ar_names_add(&gather->rest_names, name, strlen(name), &added);
    if (number < 0)
        return ar_fail_memory(error);
    if (!added) {
        if (gather->rest_bytes[number] == bytes && strcmp(gather->rest_xxh3[number], xxh3) == 0)
            return 0;
        return ar_fail(error, AR_INPUT, "'%s' has another entry '%s' than the inputs before it", what, name);
    }
    char (*grown)[AR_DIGEST_HEX + 1] = reallocarray(gather->rest_xxh3, (size_t)number + 1, sizeof *grown);
    if (grown)
        gather->rest_xxh3 = grown;
    uint64_t *sizes = reallocarray(gather->rest_bytes, (size_t)number + 1, sizeof *sizes);
    if (sizes)
        gather->rest_bytes = sizes;
    if (!grown || !sizes)
        return ar_fail_memory(error);
    snprintf(gather->rest_xxh3[number], sizeof *grown, "%s", xxh3);
    gather->rest_bytes[number] = bytes;
    return 1;
}

int ar_gather_rest(struct ar_gather *gather, const struct ar_tar_entry *entry, const char *body, const char *xxh3,
                   const char *what, struct ar_error *error)
{
    struct ar_tar_meta meta = { .name = entry->name, .size = entry->size, .is_file = entry->is_file,
                                .image_type = entry->image_type, .pax = entry->pax, .pax_len = entry->pax_len };
    int result = note_rest(gather, entry->name, entry->size, xxh3, what, error);
    return result > 0 ? ar_waiting_put(&gather->rest, &meta, body, error) : result;
}
