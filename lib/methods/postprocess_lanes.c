/* SPDX-License-Identifier: MIT */
#include "methods/postprocess_lanes.h"

#include "lanes/deliver.h"
#include "lanes/entries.h"
#include "methods/wire_tar.h"

int ar_postprocess_lanes_ask(const struct ar_postprocess *post, struct ar_error *error)
{
    struct ar_wire_tar wire;
    struct ar_emit emit;
    if (ar_wire_tar_open(&wire, error) != 0)
        return -1;
    ar_emit_init(&emit, wire.out, false);
    int result = ar_deliver_merged(post->merged, &emit, error);
    ar_emit_release(&emit);
    if (result == 0)
        return ar_wire_tar_close(&wire, error);
    ar_wire_tar_abandon(&wire);
    return -1;
}

/* Is it an entry of a result stream that is made anew from result_csv, or from what was read? */
static bool is_known(const char *name)
{
    static const char *const names[] = { AR_NAME_TARGETS, AR_NAME_PARAMS, AR_NAME_RESULT_CSV, AR_NAME_ARTIFACTS, AR_NAME_LEDGER };
    for (size_t i = 0; i < AR_COUNT(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return strncmp(name, AR_FOLDER_RESULT_JSON, sizeof AR_FOLDER_RESULT_JSON - 1) == 0;
}

static int take(const struct ar_tar_map *map, struct ar_buf *out, struct ar_error *error)
{
    for (size_t i = 0; i < map->n; i++)
        if (!is_known(map->item[i].name)) {
            ar_fail(error, AR_CONTENT, "it answered with '%s', which would be lost", map->item[i].name);
            return ar_hint(error, "By this contract a postprocess answers with " AR_NAME_RESULT_CSV "; pictures are a lane's.");
        }
    const struct ar_tar_item *csv = ar_tar_map_find(map, AR_NAME_RESULT_CSV);
    if (!csv)
        return ar_fail(error, AR_CONTENT, "its tar has no entry '" AR_NAME_RESULT_CSV "'");
    ar_buf_add(out, csv->data, csv->n);
    return ar_buf_check(out, error);
}

int ar_postprocess_lanes_answer(int fd, uint64_t n, struct ar_buf *out, struct ar_error *error)
{
    struct ar_tar_map map = { 0 };
    int result = ar_wire_tar_take(&map, fd, n, error);
    if (result == 0)
        result = take(&map, out, error);
    ar_tar_map_release(&map);
    return result;
}
