/* SPDX-License-Identifier: MIT */
#include "run/within.h"

#include "run/run.h"

static const struct {
    const char *name;
    ar_stage_call *main;
} tools[] = {
    { "ar-split", ar_split_main },     { "ar-convert", ar_convert_main }, { "ar-cleanse", ar_cleanse_main }, { "ar-pack", ar_pack_main },
    { "ar-analyze", ar_analyze_main }, { "ar-merge", ar_merge_main },     { "ar-post", ar_post_main },
};

int run_within(struct ar_pipeline *pipeline, const char *name, struct ar_error *error)
{
    for (size_t i = 0; i < AR_COUNT(tools); i++)
        if (strcmp(tools[i].name, name) == 0) {
            ar_pipeline_call(pipeline, tools[i].name, tools[i].main, -1);
            ar_pipeline_arg(pipeline, "-q");
            return 0;
        }
    return ar_fail(error, AR_SYSTEM, "the tool '%s' is not within ar-run", name);
}
