/* SPDX-License-Identifier: MIT */
/*
 * The parts of ar-post: see tools/ar-post.c.
 */
#ifndef AR_POST_POST_H
#define AR_POST_POST_H

#include <limits.h>

#include "cli/cache.h"
#include "cli/cli.h"
#include "cli/params.h"
#include "lanes/deliver.h"
#include "methods/manifest.h"
#include "methods/postprocess.h"

struct post {
    const char *folder, *log_path, *record_path, *manifest_path;
    bool keep_going, has_contract, brief;
    enum ar_contract contract;
    double seconds;
    uint64_t memory; /* of --mem; 0: no limit */
    struct cli_params params;
    char **method; /* NULL at its end; empty: the merged table is the result */
    char start_dir[PATH_MAX];
    struct ar_buf program; /* path */
    int log;
    struct cli_cache cache;
    bool cached;           /* the answer came from there */
    struct cli_output output;
    struct ar_manifest manifest;
    struct ar_merged merged;
    struct ar_in *in;
    struct ar_post result;
    bool has_result, withheld; /* withheld: lanes are missing, and -k was not said */
    struct ar_buf answer; /* what the postprocess printed */
};

/* ---- judge.c: the postprocess --------------------------------------------------------------------------------------- */

/* Finds it, its cache, and where its log goes: what is missing is told at once, not when all the work before it is done. */
int post_prepare(struct post *post, struct ar_error *error);

/* Has it judge what was merged, or finds its answer in the cache; without one, the merged table is the result. */
int post_judge(struct post *post, struct ar_error *error);

/* Tells a failure: the end of its log to the user, and the cause to who reads standard output; a file does not appear. */
void post_tell_failure(struct post *post, const struct ar_error *cause);

#endif
