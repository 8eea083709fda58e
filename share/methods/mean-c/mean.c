/* SPDX-License-Identifier: MIT */
/* The mean brightness of the spots of each lane. */
#include <analysisrun.h>

static int analyze(struct ar_lane *lane)
{
    struct ar_set *spots = ar_lane_set(lane, "activity_spots");
    const double *value = ar_set_reals(spots, "Value");

    if (!value)
        return -1; /* why is on record: the column is missing, or a cell is no number */
    return ar_result_real(lane, "mean", ar_mean(value, ar_set_rows(spots)));
}

static const struct ar_method_set sets[] = {
    { .name = "activity_spots", .entities = { "Activity Spots" } },
    { 0 },
};

int main(int argc, char **argv)
{
    static const struct ar_method method = { .name = "mean", .sets = sets, .analyze = analyze };

    return ar_method_main(argc, argv, &method);
}
