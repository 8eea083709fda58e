/* SPDX-License-Identifier: MIT */
#include "methods/postprocess_first.h"

#include "lanes/entries.h"
#include "methods/wire_tar.h"
#include "wire/result.h"

int ar_postprocess_first_ask(const struct ar_postprocess *post, struct ar_error *error)
{
    struct ar_wire_tar wire;
    struct ar_buf frame;
    if (ar_wire_tar_open(&wire, error) != 0)
        return -1;
    ar_buf_init(&frame);
    int result = ar_wire_table_frame(&frame, post->merged->table.data, post->merged->table.len, error);
    struct ar_tar_meta meta = { .name = AR_NAME_ANALYSIS_RESULTS, .size = frame.len, .is_file = true };
    if (result == 0)
        result = ar_tar_put_whole(&wire.tar, &meta, frame.data, error);
    if (result == 0)
        result = ar_wire_tar_text(&wire, AR_NAME_PARAMS, post->merged->params.data, post->merged->params.len, error);
    ar_buf_release(&frame);
    if (result == 0)
        return ar_wire_tar_close(&wire, error);
    ar_wire_tar_abandon(&wire);
    return -1;
}

/* The result_json of a lane. An ar_wire_json_of. */
static bool find_json(void *arg, const char *data, const char **text, size_t *n)
{
    char name[sizeof AR_FOLDER_RESULT_JSON + AR_LANE_ID_MAX];
    if ((size_t)snprintf(name, sizeof name, AR_FOLDER_RESULT_JSON "%s", data) >= sizeof name)
        return false;
    const struct ar_tar_item *item = ar_tar_map_find(arg, name);
    if (!item)
        return false;
    *text = item->data;
    *n = item->n;
    return true;
}

int ar_postprocess_first_answer(int fd, uint64_t n, struct ar_buf *out, struct ar_error *error)
{
    struct ar_tar_map map = { 0 };
    int result = ar_wire_tar_read(&map, fd, n, AR_DIALECT_FIRST, AR_WIRE_POST_OUT, error);
    if (result == 0) {
        const struct ar_tar_item *csv = ar_tar_map_find(&map, AR_NAME_RESULT_CSV);
        result = csv ? ar_wire_table_from_csv(out, csv->data, csv->n, find_json, &map, ar_tr("its " AR_NAME_RESULT_CSV), error)
                     : ar_fail(error, AR_CONTENT, "its tar has no entry '" AR_NAME_RESULT_CSV "'");
    }
    if (result != 0 && error->status == AR_INPUT)
        error->status = AR_CONTENT;
    ar_tar_map_release(&map);
    return result;
}
