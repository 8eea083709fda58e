/* SPDX-License-Identifier: MIT */
#include "program/lane.h"

#include "methods/manifest.h"

void ar_lane_init(struct ar_lane *lane, const struct ar_method *method, int fields)
{
    *lane = (struct ar_lane){ .method = method, .fields = fields };
    ar_failure_init(&lane->failure);
    ar_params_init(&lane->params, &lane->texts, &lane->failure);
    ar_buf_init(&lane->header);
    ar_buf_init(&lane->row);
}

static void drop_pictures(struct ar_lane *lane)
{
    for (size_t i = 0; i < lane->n_pictures; i++) {
        struct ar_picture *picture = &lane->picture[i];
        free(picture->name);
        free(picture->type);
        free(picture->bytes);
        free(picture->path);
    }
    lane->n_pictures = 0;
}

static void drop_result(struct ar_lane *lane)
{
    ar_names_release(&lane->values);
    ar_buf_clear(&lane->header);
    ar_buf_clear(&lane->row);
}

void ar_lane_release(struct ar_lane *lane)
{
    drop_pictures(lane);
    free(lane->picture);
    drop_result(lane);
    ar_buf_release(&lane->header);
    ar_buf_release(&lane->row);
    for (size_t i = 0; i < lane->n_sets; i++) {
        ar_set_release(lane->set[i]);
        free(lane->set[i]);
    }
    free(lane->set);
    ar_params_release(&lane->params);
    ar_failure_release(&lane->failure);
    ar_arena_release(&lane->texts);
}

void ar_lane_begin(struct ar_lane *lane, const struct ar_target *target)
{
    drop_pictures(lane);
    drop_result(lane);
    for (size_t i = 0; i < lane->n_sets; i++)
        ar_set_clear(lane->set[i]);
    ar_failure_clear(&lane->failure);
    ar_arena_release(&lane->texts);
    lane->none = false;
    lane->target = target;
}

/* ---- sets ----------------------------------------------------------------------------------------------------------- */

static const struct ar_method_set *find_declared(const struct ar_method *method, const char *name)
{
    for (const struct ar_method_set *set = method->sets; set && set->name; set++)
        if (strcmp(set->name, name) == 0)
            return set;
    return NULL;
}

static struct ar_set *find_set(const struct ar_lane *lane, const char *name)
{
    for (size_t i = 0; i < lane->n_sets; i++)
        if (strcmp(lane->set[i]->name, name) == 0)
            return lane->set[i];
    return NULL;
}

static struct ar_set *new_set(struct ar_lane *lane, const char *name)
{
    struct ar_set *set = calloc(1, sizeof *set);
    struct ar_set **grown = reallocarray(lane->set, lane->n_sets + 1, sizeof *grown);
    if (grown)
        lane->set = grown;
    char *copy = strdup(name);
    if (!set || !grown || !copy) {
        free(set);
        free(copy);
        return NULL;
    }
    *set = (struct ar_set){ .lane = lane, .name = copy, .failure = &lane->failure, .texts = &lane->texts, .fields = lane->fields,
                            .declared = find_declared(lane->method, name) };
    lane->set[lane->n_sets++] = set;
    return set;
}

struct ar_set *ar_lane_add_set(struct ar_lane *lane, const char *name)
{
    struct ar_set *set = find_set(lane, name);
    if (!set)
        set = new_set(lane, name);
    if (set)
        set->present = true;
    return set;
}

struct ar_set *ar_lane_set(struct ar_lane *lane, const char *name)
{
    struct ar_set *set = name ? find_set(lane, name) : NULL;
    if (set && set->present)
        return set;
    ar_failure_tell(&lane->failure, "the set '%s' is missing", name ? name : "");
    struct ar_buf names;
    ar_buf_init(&names);
    for (size_t i = 0; i < lane->n_sets; i++)
        if (lane->set[i]->present)
            ar_buf_add_format(&names, "%s%s", names.len ? ", " : "", lane->set[i]->name);
    ar_failure_detail(&lane->failure, "The lane has %s.", names.len ? names.data : ar_tr("no set"));
    ar_buf_release(&names);
    return NULL;
}

/* ---- analyzing ------------------------------------------------------------------------------------------------------ */

/* The sets that the method declares must be there; rows that it drops are dropped whether it looks at them or not. */
static void prepare(struct ar_lane *lane)
{
    for (const struct ar_method_set *declared = lane->method->sets; declared && declared->name; declared++) {
        struct ar_set *set = ar_lane_set(lane, declared->name);
        if (set && declared->keep)
            (void)ar_set_ready(set);
    }
}

void ar_lane_analyze(struct ar_lane *lane)
{
    prepare(lane);
    pid_t self = ar_begin_function("analyze");
    int status = lane->failure.failed ? 0 : lane->method->analyze(lane);
    ar_end_forked(self, "analyze");
    if (status != 0 && !lane->failure.failed) {
        ar_failure_tell(&lane->failure, "the method failed, and does not say why");
        ar_failure_detail(&lane->failure, "analyze returned %d; ar_lane_fail tells the reason.", status);
    }
    if (lane->failure.failed || lane->none)
        drop_result(lane);
    else if (lane->values.count == 0) {
        ar_failure_tell(&lane->failure, "the method gave no result");
        ar_failure_detail(&lane->failure, "Where a lane has none, analyze calls ar_result_none.");
    }
    if (lane->failure.failed)
        drop_pictures(lane);
}

int ar_lane_fields_of(const struct ar_method *method)
{
    const char *listed = getenv("AR_FIELDS");
    if (method->fields > 0)
        return method->fields;
    const char *last = listed ? strrchr(listed, ' ') : NULL;
    long fields = listed ? strtol(last ? last + 1 : listed, NULL, 10) : 0;
    return fields >= 1 && fields <= AR_FIELDS_MAX ? (int)fields : AR_FIELDS_DEFAULT;
}

const char *ar_lane_data_name(const struct ar_lane *lane)
{
    return lane->target->data;
}

const char *ar_lane_sample_name(const struct ar_lane *lane)
{
    return lane->target->sample;
}

int ar_lane_fields(const struct ar_lane *lane)
{
    return lane->fields;
}

const struct ar_params *ar_lane_params(struct ar_lane *lane)
{
    return &lane->params;
}

void *ar_lane_user(const struct ar_lane *lane)
{
    return lane->method->user;
}

int ar_lane_fail(struct ar_lane *lane, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    ar_failure_tell_list(&lane->failure, format, arguments);
    va_end(arguments);
    return -1;
}

int ar_lane_fail_detail(struct ar_lane *lane, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    ar_failure_detail_list(&lane->failure, format, arguments);
    va_end(arguments);
    return -1;
}

const char *ar_lane_failure(const struct ar_lane *lane)
{
    return lane->failure.failed ? lane->failure.message.data : NULL;
}
