/* SPDX-License-Identifier: MIT */
#include "wire/from_parts.h"

#include "lanes/params.h"

/* ---- entries of the tar --------------------------------------------------------------------------------------------- */

const struct ar_tar_item *ar_from_need(const struct ar_wire_from *from, const char *name, struct ar_error *error)
{
    const struct ar_tar_item *item = ar_tar_map_find(from->tar, name);
    if (item)
        return item;
    ar_fail(error, AR_INPUT, "%s: entry '%s' is missing", from->tar->what, name);
    ar_hint(error, "The tar looks like %s in the %s dialect: ar-stream(5) has the entries of each.",
            ar_tr(ar_wire_kind_name(from->kind)), ar_dialect_name(from->dialect));
    return NULL;
}

int ar_from_fail_place(const struct ar_wire_from *from, const struct ar_tar_item *item, struct ar_error *error)
{
    ar_fail(error, AR_INPUT, "%s: entry '%s' does not belong into %s", from->tar->what, item->name,
            ar_tr(ar_wire_kind_name(from->kind)));
    return ar_hint(error, "The entries of each kind are in ar-stream(5).");
}

void ar_from_what(const struct ar_wire_from *from, const char *name, struct ar_buf *what)
{
    ar_buf_add_tr(what, "%s: entry '%s'", from->tar->what, name);
}

int ar_from_params(const struct ar_wire_from *from, bool has, struct ar_buf *params, struct ar_error *error)
{
    const struct ar_tar_item *item = has ? ar_from_need(from, AR_NAME_PARAMS, error) : NULL;
    if (has && !item)
        return -1;
    struct ar_buf what;
    ar_buf_init(&what);
    if (item) {
        ar_buf_add(params, item->data, (size_t)item->n);
        ar_from_what(from, AR_NAME_PARAMS, &what);
    } else {
        ar_buf_add_text(params, from->params ? from->params : AR_PARAMS_NONE);
        ar_buf_add_text(&what, AR_NAME_PARAMS);
    }
    int result = ar_buf_check(params, error);
    if (result == 0)
        result = ar_params_check(params->data, params->len, what.data, error);
    ar_buf_release(&what);
    return result;
}

/* ---- lanes in folders ----------------------------------------------------------------------------------------------- */

/* Is it an entry by which a lane is known? Sets *id_len. */
static bool is_lane_entry(const char *name, size_t *id_len)
{
    const char *base;
    *id_len = strcspn(name, "/");
    if (!name[*id_len])
        return false;
    const char *rest = name + *id_len + 1;
    enum ar_entry_kind kind = ar_entry_kind_of(rest, true, false, &base);
    return kind == AR_ENTRY_RESULT || kind == AR_ENTRY_IMAGE || strcmp(rest, AR_WIRE_LANE_JSON) == 0;
}

/* Puts the entries in the order of their lanes. */
static void sort_entries(struct ar_from_lanes *lanes, size_t n)
{
    size_t *next = lanes->first + 1; /* while they are put: where the next one of a lane goes */
    for (size_t i = 0; i < n; i++)
        if (lanes->lane_of[i] >= 0 && (size_t)lanes->lane_of[i] + 2 <= lanes->ids.count)
            next[lanes->lane_of[i] + 1]++;
    for (size_t i = 1; i < lanes->ids.count; i++)
        next[i] += next[i - 1];
    for (size_t i = 0; i < n; i++)
        if (lanes->lane_of[i] >= 0)
            lanes->entry[next[lanes->lane_of[i]]++] = i;
}

int ar_from_lanes_find(struct ar_from_lanes *lanes, const struct ar_tar_map *tar, struct ar_error *error)
{
    size_t n;
    bool added;
    for (size_t i = 0; i < tar->n; i++)
        if (is_lane_entry(tar->item[i].name, &n) && ar_names_add(&lanes->ids, tar->item[i].name, n, &added) < 0)
            return ar_fail_memory(error);
    lanes->lane_of = calloc(tar->n + 1, sizeof *lanes->lane_of);
    lanes->entry = calloc(tar->n + 1, sizeof *lanes->entry);
    lanes->first = calloc(lanes->ids.count + 2, sizeof *lanes->first);
    if (!lanes->lane_of || !lanes->entry || !lanes->first)
        return ar_fail_memory(error);
    for (size_t i = 0; i < tar->n; i++) {
        n = strcspn(tar->item[i].name, "/");
        lanes->lane_of[i] = tar->item[i].name[n] ? ar_names_find(&lanes->ids, tar->item[i].name, n) : -1;
    }
    sort_entries(lanes, tar->n);
    return 0;
}

void ar_from_lanes_release(struct ar_from_lanes *lanes)
{
    ar_names_release(&lanes->ids);
    free(lanes->lane_of);
    free(lanes->entry);
    free(lanes->first);
    *lanes = (struct ar_from_lanes){ 0 };
}

/* ---- what is written ------------------------------------------------------------------------------------------------ */

json_t *ar_from_mark(const struct ar_wire_from *from, const char *const *made, struct ar_error *error)
{
    json_t *list = json_array();
    bool whole = list;
    for (size_t i = 0; made[i] && whole; i++)
        whole = json_array_append_new(list, json_string(made[i])) == 0;
    json_t *mark = json_pack("{sssssO*}", "from", ar_dialect_name(from->dialect), "kind",
                             ar_wire_kind_name(from->kind), "made", list);
    json_decref(list);
    if (whole && mark)
        return mark;
    json_decref(mark);
    ar_fail_memory(error);
    return NULL;
}

int ar_from_ledger(const struct ar_wire_from *from, struct ar_ledger *ledger, const char *const *made, struct ar_error *error)
{
    if (ar_ledger_init(ledger, error) != 0)
        return -1;
    json_t *mark = made ? ar_from_mark(from, made, error) : NULL;
    if (!made)
        return 0;
    if (!mark)
        return -1;
    ar_tree_put_json(&ledger->tree, ledger->tree.root, "converted", mark);
    json_decref(mark);
    return ar_tree_check(&ledger->tree, error);
}

int ar_from_put(struct ar_emit *emit, struct ar_ledger *ledger, const char *lane, const char *name, bool is_file,
                const char *bytes, size_t n, struct ar_error *error)
{
    if (ar_ledger_set_file_bytes(ledger, name, bytes, n, error) != 0)
        return -1;
    return ar_emit_whole(emit, lane, name, is_file, bytes, n, error);
}

int ar_from_note(struct ar_ledger *ledger, const char *name, const struct ar_tar_item *item, struct ar_error *error)
{
    char xxh3[AR_DIGEST_HEX + 1];
    ar_digest_bytes(item->data, (size_t)item->n, xxh3);
    return ar_ledger_set_image(ledger, name, item->n, xxh3, item->image_type, error);
}

struct ar_tar_meta ar_from_meta(const struct ar_tar_item *item, const char *name, bool is_file)
{
    return (struct ar_tar_meta){ .name = name, .size = item->n, .is_file = is_file || item->is_file,
                                 .image_type = item->image_type, .pax = item->pax, .pax_len = item->pax_len };
}

int ar_from_pass(struct ar_emit *emit, const struct ar_tar_item *item, const char *name, bool is_file, struct ar_error *error)
{
    struct ar_tar_meta meta = ar_from_meta(item, name, is_file);
    if (ar_tar_put(&emit->tar, &meta, error) != 0)
        return -1;
    return ar_tar_write_stable(&emit->tar, item->data, (size_t)item->n, error);
}

int ar_from_finish(struct ar_wire_from *from, struct ar_emit *emit, struct ar_error *error)
{
    const struct ar_tar_item *item = ar_tar_map_find(from->tar, AR_NAME_ERROR);
    if (ar_tar_map_check(from->tar, error) != 0)
        return -1;
    if (!item)
        return ar_emit_finish(emit, error);
    ar_buf_add(&from->error_text, item->data, (size_t)item->n);
    if (ar_buf_check(&from->error_text, error) != 0)
        return -1;
    return ar_emit_whole(emit, NULL, AR_NAME_ERROR, false, item->data, (size_t)item->n, error);
}
