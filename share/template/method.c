/* SPDX-License-Identifier: MIT */
/*
 * A method to start from: how many spots of a lane are brighter than a threshold, and, over all lanes, the rank of each. The pages of
 * section 3 tell what else there is: man libanalysisrun.
 */
#include <analysisrun.h>

/* What can be asked of the user: JSON Schema. */
static const char params[] = "{ \"type\": \"object\", \"properties\": {"
                             "  \"threshold\": { \"type\": \"number\", \"default\": 4000, \"description\": \"a spot is bright above it\" }"
                             "} }";

/* Which tables are wanted, and which of their rows. */
static const struct ar_method_set sets[] = {
    { .name = "activity_spots", .description = "a row for each spot", .entities = { "Activity Spots" } },
    { 0 },
};

/* One lane. */
static int analyze(struct ar_lane *lane)
{
    double threshold = ar_param_real(ar_lane_params(lane), "threshold");
    struct ar_set *spots = ar_lane_set(lane, "activity_spots");
    const double *value = ar_set_reals(spots, "Value");
    size_t rows = ar_set_rows(spots);
    int64_t bright = 0;

    if (!value)
        return -1; /* the library has recorded why */
    if (rows == 0)
        return ar_lane_fail(lane, "there is no spot: was the sample measured?");
    for (size_t i = 0; i < rows; i++)
        bright += value[i] > threshold; /* an empty cell is NAN, which is not above anything */
    ar_result_integer(lane, "spots", (int64_t)rows);
    ar_result_integer(lane, "bright", bright);
    ar_result_real(lane, "share", (double)bright / (double)rows);
    return 0;
}

/* All lanes together. Leave it out, here and below, where there is nothing to compare. */
static int postprocess(struct ar_results *results)
{
    struct ar_frame *table = ar_results_table(results);
    ptrdiff_t rank = ar_frame_add_column(table, "rank");
    size_t rows = ar_frame_rows(table);

    if (rows == 0)
        return 0; /* no lane has a result */
    const double *share = ar_frame_reals(table, "share");
    if (!share)
        return -1;
    for (size_t row = 0; row < rows; row++) {
        int64_t better = 0;
        for (size_t other = 0; other < rows; other++)
            better += share[other] > share[row];
        ar_frame_set_integer(table, row, (size_t)rank, better + 1);
    }
    return 0;
}

int main(int argc, char **argv)
{
    static const struct ar_method method = {
        .name = "bright-spots",
        .description = "How many spots are bright, and which lane has most of them.",
        .version = "0.1",
        .params = params,
        .sets = sets,
        .analyze = analyze,
        .postprocess = postprocess,
    };

    return ar_method_main(argc, argv, &method);
}
