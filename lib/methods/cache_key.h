/* SPDX-License-Identifier: MIT */
/*
 * The record of what a result depends on, and the key made of it.
 *
 * A record is one JSON object in one line without blanks, its members in this order:
 *
 *     {"cache":1,"step":"analyze","data":DATA,"sample":SAMPLE,"params":{NAME:VALUE,…},
 *      "sets":{SET:{"bytes":N,"xxh3":HEX[,"image_analysis_method":TEXT]},…},"text":{SET:[COLUMN,…],…},
 *      ["preprocessed":HEX,]"contract":NAME,"fields":N,"method":{"argv":[…],"files":{NAME:HEX,…}},"version":TEXT}
 *
 * Params, sets and columns are in byte order of their names; a param's value is the text that it came in, less blanks outside
 * strings. text is there by the contracts that hand over pickles, version where the manifest has a command for it (see
 * methods/method_files.h for these). A postprocess' has "step":"postprocess", no data, sample and text, and as sets what it
 * gets: analysis_results, artifacts, and targets; by the contract "lanes" also the ledger, and errors and others where there are any.
 *
 * The key is XXH3-128 of the whole text, as 32 hexadecimal digits. So it depends on these parts and nothing else: on no host, time,
 * folder, order of lanes or number of jobs.
 */
#ifndef AR_METHODS_CACHE_KEY_H
#define AR_METHODS_CACHE_KEY_H

#include "lanes/ledger.h"
#include "lanes/targets.h"
#include "methods/manifest.h"

/* What is the same for all lanes of a run. */
struct ar_cache_run {
    enum ar_contract contract;
    int fields;
    const struct ar_manifest *manifest; /* or NULL */
    const struct ar_buf *method;        /* the text of struct ar_method_parts */
    char preprocessed[AR_DIGEST_HEX + 1]; /* the digest of what the Python runner's preprocessing left, where processes get it; else "" */
    struct ar_buf params, canonical;    /* its own, to be initialised: the params that came last, and what a record has of them */
};

/* Appends the record of a lane, at whose ledger the stream stands. 0, or -1 when memory ran out or the params are no JSON object. */
int ar_cache_record_lane(struct ar_cache_run *run, struct ar_buf *record, const struct ar_target *target, const struct ar_buf *params,
                         const struct ar_ledger *ledger, struct ar_error *error) AR_MUST_USE;

/* Appends the record of a postprocess, which gets n texts of these names (in their byte order). 0 or -1. */
struct ar_cache_text {
    const char *name;
    const struct ar_buf *text;
};
int ar_cache_record_post(struct ar_cache_run *run, struct ar_buf *record, const struct ar_buf *params, const struct ar_cache_text *texts,
                         size_t n, struct ar_error *error) AR_MUST_USE;

/* The key of a record. */
void ar_cache_key(const struct ar_buf *record, char key[AR_DIGEST_HEX + 1]);

#endif
