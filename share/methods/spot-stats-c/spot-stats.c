/* SPDX-License-Identifier: MIT */
/*
 * Spot statistics of a lane: how many spots, the sum, mean and standard deviation of their Value, whether all are above a threshold, in
 * how many fields they were found, their area and notes; and a picture of the values by field, drawn with cairo.
 *
 * An empty Value is in no sum and not above the threshold; a mean of nothing, and a deviation of one value, are null; of no rows at
 * all, all are above. Then, over all lanes: rel is a lane's total as a share of the greatest total, judge is whether its mean is above
 * the threshold.
 */
#include <analysisrun.h>
#include <cairo.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 800, HEIGHT = 480, LEFT = 70, RIGHT = 790, TOP = 40, BOTTOM = 430, DOTS = 500 };

static const char params_schema[] =
    "{\n"
    "    \"title\": \"Params\", \"type\": \"object\",\n"
    "    \"properties\": {\n"
    "      \"threshold\": { \"title\": \"Threshold\", \"type\": \"number\", \"default\": 4000,\n"
    "                     \"description\": \"輝点の輝度のしきい値: a spot is bright above this Value\" },\n"
    "      \"note\": { \"title\": \"Note\", \"type\": \"string\", \"default\": \"\",\n"
    "                \"description\": \"備考: a remark, handed on into the result\" }\n"
    "    }\n"
    "  }";

/* ---- numbers -------------------------------------------------------------------------------------------------------- */

/* What there is to say of a column. */
struct numbers {
    size_t n;
    double total, mean, sd, smallest;
    bool whole; /* all values are */
};

static struct numbers numbers_of(const double *x, size_t rows)
{
    struct numbers s = { .n = ar_count(x, rows), .total = ar_sum(x, rows), .mean = ar_mean(x, rows), .sd = ar_sd(x, rows, 1),
                         .smallest = ar_min(x, rows), .whole = true };
    for (size_t i = 0; i < rows && s.whole; i++)
        s.whole = isnan(x[i]) || x[i] == floor(x[i]);
    s.whole = s.whole && fabs(s.total) < 9e15;
    return s;
}

/* A sum of whole numbers is one. */
static void give_total(struct ar_lane *lane, const char *name, const struct numbers *s)
{
    if (s->whole)
        ar_result_integer(lane, name, (int64_t)s->total);
    else
        ar_result_real(lane, name, s->total);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The different notes, sorted, with | between them. */
static int give_notes(struct ar_lane *lane, struct ar_set *spots)
{
    const char *const *note = ar_set_texts(spots, "Note");
    size_t rows = ar_set_rows(spots), bytes = 1;
    if (!note)
        return -1;
    for (size_t i = 0; i < rows; i++)
        bytes += strlen(note[i]) + 1;
    const char **sorted = malloc((rows + 1) * sizeof *sorted);
    char *joined = malloc(bytes), *at = joined;
    if (!sorted || !joined) {
        free(sorted);
        free(joined);
        return ar_lane_fail(lane, "out of memory");
    }
    memcpy(sorted, note, rows * sizeof *sorted);
    qsort(sorted, rows, sizeof *sorted, by_text);
    for (size_t i = 0; i < rows; i++)
        if (*sorted[i] && (i == 0 || strcmp(sorted[i], sorted[i - 1]) != 0))
            at += sprintf(at, "%s%s", at == joined ? "" : "|", sorted[i]);
    *at = '\0';
    ar_result_text(lane, "notes", joined);
    free(sorted);
    free(joined);
    return 0;
}

/* ---- the picture ---------------------------------------------------------------------------------------------------- */

struct plot {
    cairo_t *c;
    double low, high, slot;
};

static double down(const struct plot *p, double y)
{
    return BOTTOM - (y - p->low) / (p->high - p->low) * (BOTTOM - TOP);
}

static void line(const struct plot *p, double x1, double y1, double x2, double y2)
{
    cairo_move_to(p->c, x1, y1);
    cairo_line_to(p->c, x2, y2);
    cairo_stroke(p->c);
}

static void label(const struct plot *p, double x, double y, const char *text)
{
    cairo_move_to(p->c, x, y);
    cairo_show_text(p->c, text);
}

/* The values of a field: at most DOTS dots, evenly picked, spread over its slot; mean and standard deviation. */
static void draw_field(const struct plot *p, int field, const double *x, const size_t *rows, size_t n)
{
    double middle = LEFT + (field - 0.5) * p->slot, *value = malloc((n + 1) * sizeof *value);
    size_t step = n / DOTS + 1;
    char text[16];
    snprintf(text, sizeof text, "%d", field);
    cairo_set_source_rgb(p->c, 0, 0, 0);
    label(p, middle - 4, BOTTOM + 18, text);
    cairo_set_source_rgb(p->c, 0.54, 0.66, 0.79);
    for (size_t i = 0; value && i < n; i++) {
        value[i] = x[rows[i]];
        if (i % step == 0 && !isnan(value[i])) {
            cairo_arc(p->c, middle + (fmod(i / step * 0.6180339887, 1) - 0.5) * 0.6 * p->slot, down(p, value[i]), 2, 0, 6.2831853);
            cairo_fill(p->c);
        }
    }
    double mean = value ? ar_mean(value, n) : NAN, sd = value ? ar_sd(value, n, 1) : NAN;
    cairo_set_source_rgb(p->c, 0.12, 0.24, 0.36);
    if (!isnan(sd))
        line(p, middle, down(p, fmin(mean + sd, p->high)), middle, down(p, fmax(mean - sd, p->low)));
    if (!isnan(mean)) {
        cairo_rectangle(p->c, middle - 3, down(p, mean) - 3, 6, 6);
        cairo_fill(p->c);
    }
    free(value);
}

static void draw_axes(const struct plot *p, struct ar_lane *lane, double threshold)
{
    char text[512];
    double length = p->high - p->low, step = pow(10, floor(log10(length / 4)));
    step *= length / step >= 40 ? 10 : length / step >= 20 ? 5 : length / step >= 8 ? 2 : 1;
    for (double y = ceil(p->low / step) * step; y <= p->high; y += step) {
        cairo_set_source_rgb(p->c, 0.82, 0.82, 0.82);
        line(p, LEFT, down(p, y), RIGHT, down(p, y));
        cairo_set_source_rgb(p->c, 0, 0, 0);
        snprintf(text, sizeof text, "%7.6g", y);
        label(p, 10, down(p, y) + 4, text);
    }
    cairo_set_source_rgb(p->c, 0.75, 0.22, 0.17);
    line(p, LEFT, down(p, threshold), RIGHT, down(p, threshold));
    cairo_set_source_rgb(p->c, 0, 0, 0);
    cairo_rectangle(p->c, LEFT, TOP, RIGHT - LEFT, BOTTOM - TOP);
    cairo_stroke(p->c);
    snprintf(text, sizeof text, "%s  %s", ar_lane_data_name(lane), ar_lane_sample_name(lane));
    label(p, LEFT + 60, 24, text);
    label(p, (LEFT + RIGHT) / 2.0 - 15, BOTTOM + 38, "field");
    label(p, LEFT - 20, 24, "Value");
}

/* Gathers the bytes of the PNG. */
struct png {
    unsigned char *bytes;
    size_t n;
};

static cairo_status_t gather(void *closure, const unsigned char *data, unsigned int n)
{
    struct png *png = closure;
    unsigned char *grown = realloc(png->bytes, png->n + n);
    if (!grown)
        return CAIRO_STATUS_NO_MEMORY;
    memcpy(grown + png->n, data, n);
    png->bytes = grown;
    png->n += n;
    return CAIRO_STATUS_SUCCESS;
}

static void give_picture(struct ar_lane *lane, struct ar_set *spots, const double *value, double threshold)
{
    size_t n, all = ar_set_rows(spots);
    double low = ar_min(value, all), high = ar_max(value, all); /* NAN of nothing, which fmin and fmax pass over */
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, WIDTH, HEIGHT);
    struct plot p = { cairo_create(surface), fmin(fmin(low, threshold), 0), fmax(fmax(high, threshold), 0) * 1.05,
                      (RIGHT - LEFT) / (double)ar_lane_fields(lane) };
    struct png png = { 0 };
    char name[300];
    if (p.high <= p.low)
        p.high = p.low + 1;
    cairo_set_source_rgb(p.c, 1, 1, 1);
    cairo_paint(p.c);
    cairo_set_line_width(p.c, 1);
    /* A font that knows Japanese; where it is not there, it is another one. */
    cairo_select_font_face(p.c, "IPAGothic", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(p.c, 12);
    draw_axes(&p, lane, threshold);
    for (int field = 1; field <= ar_lane_fields(lane); field++) {
        const size_t *rows = ar_set_field(spots, field, &n);
        if (rows)
            draw_field(&p, field, value, rows, n);
    }
    cairo_destroy(p.c);
    snprintf(name, sizeof name, "%s_curve.png", ar_lane_data_name(lane));
    if (cairo_surface_write_to_png_stream(surface, gather, &png) == CAIRO_STATUS_SUCCESS)
        ar_picture_bytes(lane, name, "distribution", png.bytes, png.n);
    else
        ar_lane_fail(lane, "the picture could not be drawn");
    free(png.bytes);
    cairo_surface_destroy(surface);
}

/* ---- the method ----------------------------------------------------------------------------------------------------- */

static int analyze(struct ar_lane *lane)
{
    const struct ar_params *params = ar_lane_params(lane);
    struct ar_set *spots = ar_lane_set(lane, "activity_spots"), *around = ar_lane_set(lane, "surrounding_spots");
    const double *value = ar_set_reals(spots, "Value"), *area = ar_set_reals(spots, "Area");
    double threshold = ar_param_real(params, "threshold");
    size_t rows = ar_set_rows(spots), n;
    int fields = 0;
    if (!value || !area)
        return -1;
    struct numbers values = numbers_of(value, rows), areas = numbers_of(area, rows);
    for (int field = 1; field <= ar_lane_fields(lane); field++)
        if (ar_set_field(spots, field, &n) && n > 0)
            fields++;

    ar_result_integer(lane, "n", (int64_t)rows);
    give_total(lane, "total", &values);
    ar_result_real(lane, "mean", values.mean);
    ar_result_real(lane, "sd", values.sd);
    ar_result_boolean(lane, "above", rows == 0 || (values.n == rows && values.smallest > threshold));
    ar_result_integer(lane, "fields", fields);
    ar_result_integer(lane, "n_surrounding", (int64_t)ar_set_rows(around));
    give_total(lane, "area", &areas);
    if (give_notes(lane, spots) != 0)
        return -1;
    ar_result_text(lane, "note", ar_param_text(params, "note"));
    ar_result_null(lane, "missing");
    give_picture(lane, spots, value, threshold);
    return 0;
}

static int judge(struct ar_results *results)
{
    struct ar_frame *table = ar_results_table(results);
    double threshold = ar_param_real(ar_results_params(results), "threshold"), greatest = 0;
    ptrdiff_t total = ar_frame_column(table, "total"), mean = ar_frame_column(table, "mean");
    size_t rows = ar_frame_rows(table);
    if (rows > 0 && (total < 0 || mean < 0))
        return ar_results_fail(results, "the lanes have no column 'total', or no 'mean'");
    ptrdiff_t rel = ar_frame_add_column(table, "rel"), verdict = ar_frame_add_column(table, "judge");
    if (rel < 0 || verdict < 0)
        return -1;
    for (size_t row = 0; row < rows; row++)
        if (ar_frame_real(table, row, (size_t)total) > greatest)
            greatest = ar_frame_real(table, row, (size_t)total);
    for (size_t row = 0; row < rows; row++) {
        double share = ar_frame_real(table, row, (size_t)total) / greatest;
        ar_frame_set_real(table, row, (size_t)rel, greatest != 0 ? share : NAN);
        ar_frame_set_boolean(table, row, (size_t)verdict, ar_frame_real(table, row, (size_t)mean) > threshold);
    }
    return 0;
}

static const struct ar_method_set sets[] = {
    { .name = "activity_spots", .description = "輝点情報の画像解析結果csv", .entities = { "Activity Spots" } },
    { .name = "surrounding_spots", .description = "輝点の周辺情報の画像解析結果csv", .entities = { "Surrounding Spots" } },
    { 0 },
};

int main(int argc, char **argv)
{
    static const struct ar_method method = {
        .name = "spot-stats",
        .params = params_schema,
        .sets = sets,
        .fields = 12,
        .analyze = analyze,
        .postprocess = judge,
    };
    return ar_method_main(argc, argv, &method);
}
