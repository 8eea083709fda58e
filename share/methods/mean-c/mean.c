/* SPDX-License-Identifier: MIT */
/* The mean brightness of the spots of each lane. */
#include <analysisrun.h>

static int analyze(struct ar_lane *lane)
{
    struct ar_set *spots = ar_lane_set(lane, "activity_spots");
    const double *value = ar_set_reals(spots, "Value");
    double sum = 0, n = 0;

    if (!value)
        return -1;
    for (size_t i = 0; i < ar_set_rows(spots); i++)
        if (value[i] >= ar_param_real(ar_lane_params(lane), "at_least")) {
            sum += value[i];
            n++;
        }
    ar_result_real(lane, "mean", sum / n); /* of nothing, it is null */
    return 0;
}

static const struct ar_method_set sets[] = {
    { .name = "activity_spots", .description = "a row for each spot", .entities = { "Activity Spots" } },
    { 0 },
};

int main(int argc, char **argv)
{
    static const struct ar_method method = {
        .name = "mean",
        .params = "{\"properties\": {\"at_least\": {\"type\": \"number\", \"default\": 0}}}",
        .sets = sets,
        .analyze = analyze,
    };
    return ar_method_main(argc, argv, &method);
}
