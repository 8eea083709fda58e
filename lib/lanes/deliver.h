/* SPDX-License-Identifier: MIT */
/*
 * The result of a run, as a stream or as a folder for people: the merged stream, with the result in the place of its table.
 */
#ifndef AR_LANES_DELIVER_H
#define AR_LANES_DELIVER_H

#include "lanes/folder.h"
#include "lanes/merged.h"
#include "lanes/result.h"

/* The caller's parts; all must stay. */
struct ar_delivery {
    struct ar_merged *merged;
    const struct ar_post *post; /* NULL: there is no result */
    bool postprocessed;         /* it is a postprocess' */
};

/* Writes the merged stream again, as ar-merge writes it, without its end blocks. 0 or -1. */
int ar_deliver_merged(struct ar_merged *merged, struct ar_emit *emit, struct ar_error *error) AR_MUST_USE;

/* Writes the result stream, without its end blocks. */
int ar_deliver_stream(const struct ar_delivery *delivery, struct ar_emit *emit, struct ar_error *error) AR_MUST_USE;

/*
 * Delivers into the folder path: result.csv, result_json/L.json, images/L/NAME, errors/L.txt, artifacts.csv,
 * params.json, rest.tar where there are unknown entries, and ledger.json as the index; its "files" are those of the
 * folder. They are on the disk when it returns. 0, or -1: AR_INPUT for a folder with other people's files.
 */
int ar_deliver_folder(const struct ar_delivery *delivery, const char *path, struct ar_error *error) AR_MUST_USE;

#endif
