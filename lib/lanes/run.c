/* SPDX-License-Identifier: MIT */
#include "lanes/run.h"

#include "bytes/text.h"
#include "lanes/entries.h"
#include "lanes/params.h"
#include "lanes/run_watch.h"
#include "lanes/samples.h"

void ar_run_init(struct ar_run *run)
{
    *run = (struct ar_run){ 0 };
    ar_buf_init(&run->samples);
    ar_buf_init(&run->params);
}

void ar_run_release(struct ar_run *run)
{
    for (size_t i = 0; i < run->n_sets; i++) {
        struct ar_run_set *set = &run->set[i];
        if (set->mapped)
            ar_map_release(&set->map);
        free(set->name);
        free(set->source);
        free(set->what);
    }
    for (size_t i = 0; i < run->n_others; i++) {
        free(run->other[i].name);
        free(run->other[i].image_type);
        free(run->other[i].pax);
    }
    free(run->set);
    free(run->other);
    ar_buf_release(&run->samples);
    ar_buf_release(&run->params);
    if (run->from_tar)
        ar_map_release(&run->tar);
    free(run->tar_name);
    ar_run_init(run);
}

static char *format_text(const char *format, ...) AR_PRINTF(1, 2);
static char *format_text(const char *format, ...)
{
    va_list args;
    char *text;
    va_start(args, format);
    int n = vasprintf(&text, format, args);
    va_end(args);
    return n < 0 ? NULL : text;
}

/* A file's name as the ledger has it, which is text: bytes that are not UTF-8 are shown as \xHH. The caller frees it. */
static char *name_text(const char *name)
{
    struct ar_buf shown;
    size_t n = strlen(name);
    if (ar_utf8_check(name, n) == n)
        return strdup(name);
    ar_buf_init(&shown);
    ar_text_show(&shown, name, n);
    char *text = shown.failed ? NULL : strdup(shown.data);
    ar_buf_release(&shown);
    return text;
}

/* A new set with its texts; what is taken over. */
static struct ar_run_set *add_set(struct ar_run *run, const char *name, const char *source, char *what, struct ar_error *error)
{
    for (size_t i = 0; i < run->n_sets; i++) {
        if (strcmp(run->set[i].name, name) == 0) {
            ar_fail(error, AR_INPUT, "the set '%s' is there twice: %s and %s", name, run->set[i].what, what ? what : source);
            ar_hint(error, "Each set needs a name of its own.");
            free(what);
            return NULL;
        }
    }
    struct ar_run_set *grown = reallocarray(run->set, run->n_sets + 1, sizeof *grown);
    if (grown)
        run->set = grown;
    struct ar_run_set set = { .name = strdup(name), .source = name_text(source), .what = what };
    if (!grown || !set.name || !set.source || !what) {
        free(set.name);
        free(set.source);
        free(what);
        ar_fail_memory(error);
        return NULL;
    }
    grown[run->n_sets] = set;
    return &grown[run->n_sets++];
}

static int fail_set_name(const char *name, struct ar_error *error)
{
    ar_fail(error, AR_INPUT, "'%s' cannot be the name of a set", name);
    return ar_hint(error,
                   "A set's name has letters, digits and underscores, and does not start with a digit, as in activity_spots.");
}

int ar_run_add_file(struct ar_run *run, const char *set, int fd, const char *path, struct ar_error *error)
{
    if (!ar_set_name_ok(set, strlen(set)))
        return fail_set_name(set, error);
    const char *slash = strrchr(path, '/');
    bool standard = strcmp(path, "-") == 0;
    const char *source = standard ? "standard input" /* in the ledger */ : slash && slash[1] ? slash + 1 : path;
    struct ar_run_set *added = add_set(run, set, source, standard ? strdup(ar_tr("standard input")) : format_text("'%s'", path), error);
    if (!added)
        return -1;
    struct ar_in *in = ar_in_new(fd, standard ? ar_tr("standard input") : path, error);
    if (!in)
        return -1;
    struct ar_run_watch watch;
    struct ar_map_watch map_watch;
    ar_run_watch_init(&watch, set, run->keys, run->n_keys, &map_watch);
    int result = ar_map_in_watched(&added->map, in, UINT64_MAX, &map_watch, error);
    ar_run_watch_release(&watch);
    added->mapped = result == 0;
    added->data = added->map.data;
    added->n = added->map.len;
    ar_in_free(in);
    return result;
}

static int add_other(struct ar_run *run, const struct ar_tar_entry *entry, const char *data, struct ar_error *error)
{
    struct ar_run_other *grown = reallocarray(run->other, run->n_others + 1, sizeof *grown);
    if (!grown)
        return ar_fail_memory(error);
    run->other = grown;
    struct ar_run_other *other = &grown[run->n_others];
    *other = (struct ar_run_other){ .name = strdup(entry->name),
                                    .image_type = entry->image_type ? strdup(entry->image_type) : NULL,
                                    .pax = malloc(entry->pax_len + 1), .pax_len = entry->pax_len, .is_file = entry->is_file,
                                    .data = data, .n = entry->size };
    run->n_others++;
    if (!other->name || !other->pax || (entry->image_type && !other->image_type))
        return ar_fail_memory(error);
    if (entry->pax_len)
        memcpy(other->pax, entry->pax, entry->pax_len);
    return 0;
}

static int take_text(struct ar_tar_reader *tar, const struct ar_tar_entry *entry, struct ar_buf *text, size_t max, bool *has,
                     struct ar_error *error)
{
    if (*has) {
        ar_fail(error, AR_INPUT, "entry '%s' is there twice", entry->name);
        return ar_hint(error, "It cannot be told which of the two is meant.");
    }
    *has = true;
    return ar_tar_read_all(tar, text, max, error);
}

static int take_entry(struct ar_run *run, struct ar_tar_reader *tar, const struct ar_tar_entry *entry, struct ar_error *error)
{
    const char *base;
    if (entry->body_offset > run->tar.len || entry->size > run->tar.len - entry->body_offset)
        return 0; /* cut: the reader says so when it passes over the body */
    const char *data = run->tar.data + entry->body_offset;
    switch (ar_entry_kind_of(entry->name, false, true, &base)) {
    case AR_ENTRY_PARAMS:
        return take_text(tar, entry, &run->params, AR_PARAMS_MAX, &run->has_params, error);
    case AR_ENTRY_SAMPLE_NAMES:
        return take_text(tar, entry, &run->samples, AR_SAMPLES_MAX, &run->has_samples, error);
    case AR_ENTRY_SET:
        if (!ar_set_name_ok(base, strlen(base)))
            return fail_set_name(base, error);
        struct ar_run_set *set = add_set(run, base, base, format_text(ar_tr("'%s': entry '%s'"), run->tar_name, entry->name), error);
        if (!set)
            return -1;
        set->data = data;
        set->n = entry->size;
        return 0;
    case AR_ENTRY_OTHER:
        for (size_t i = 0; i < run->n_others; i++)
            if (strcmp(run->other[i].name, entry->name) == 0)
                return ar_fail(error, AR_INPUT, "entry '%s' is there twice", entry->name);
        return add_other(run, entry, data, error);
    default:
        ar_fail(error, AR_INPUT, "entry '%s' does not belong into a run", entry->name);
        return ar_hint(error,
                       "A run holds params, sample_names and image_analysis_results/SET; streams of lanes go to the tools behind "
                       "ar-split.");
    }
}

static int read_entries(struct ar_run *run, struct ar_in *in, struct ar_error *error)
{
    struct ar_tar_reader *tar = ar_tar_reader_new(in, error);
    if (!tar)
        return -1;
    struct ar_tar_entry entry;
    int got;
    while ((got = ar_tar_next(tar, &entry, error)) > 0) {
        if (strcmp(entry.name, AR_NAME_ERROR) == 0) {
            struct ar_buf text;
            ar_buf_init(&text);
            if (ar_tar_read_all(tar, &text, 1 << 20, error) == 0)
                ar_fail(error, AR_CONTENT, "the input is an error: %s", text.data);
            ar_buf_release(&text);
            got = -1;
            break;
        }
        if (take_entry(run, tar, &entry, error) != 0) {
            got = -1;
            break;
        }
    }
    ar_tar_reader_free(tar);
    return got;
}

int ar_run_read_tar(struct ar_run *run, int fd, const char *path, struct ar_error *error)
{
    run->tar_name = strdup(path);
    struct ar_in *in = ar_in_new(fd, path, error);
    if (!run->tar_name || !in) {
        ar_in_free(in);
        return run->tar_name ? -1 : ar_fail_memory(error);
    }
    struct ar_run_watch watch;
    struct ar_map_watch map_watch;
    ar_run_watch_init(&watch, NULL, NULL, 0, &map_watch);
    int result = ar_map_in_watched(&run->tar, in, UINT64_MAX, &map_watch, error);
    ar_run_watch_release(&watch);
    run->from_tar = result == 0;
    ar_in_free(in);
    if (result != 0)
        return -1;
    in = ar_map_again(&run->tar, path, error);
    if (!in)
        return -1;
    result = read_entries(run, in, error);
    ar_in_free(in);
    if (result == 0 && run->n_sets == 0) {
        ar_fail(error, AR_INPUT, "'%s' holds no set", path);
        return ar_hint(error, "A run holds params, sample_names and image_analysis_results/SET.");
    }
    return result;
}

int ar_run_check(const struct ar_run *run, struct ar_error *error)
{
    if (run->from_tar && ar_map_check(&run->tar, run->tar_name, error) != 0)
        return -1;
    for (size_t i = 0; i < run->n_sets; i++)
        if (run->set[i].mapped && ar_map_check(&run->set[i].map, run->set[i].source, error) != 0)
            return -1;
    return 0;
}
