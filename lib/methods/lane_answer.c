/* SPDX-License-Identifier: MIT */
#include "methods/lane_answer.h"

#include <fcntl.h>

#include "bytes/text.h"
#include "codecs/tar_format.h"
#include "lanes/entries.h"
#include "methods/wire_tar.h"

static const char output[] = N_("its standard output");

static void release_map(struct ar_lane_answers *answers)
{
    if (answers->mapped)
        ar_map_release(&answers->map);
    answers->mapped = false;
}

static void forget_lane(struct ar_lane_answer *lane)
{
    ar_images_release(&lane->images);
    free(lane->fault);
    *lane = (struct ar_lane_answer){ .images = AR_IMAGES_NONE };
}

void ar_lane_answers_release(struct ar_lane_answers *answers)
{
    for (size_t i = 0; i < answers->names.count; i++)
        forget_lane(&answers->lane[i]);
    free(answers->lane);
    free(answers->target);
    ar_names_release(&answers->names);
    release_map(answers);
    *answers = (struct ar_lane_answers){ 0 };
}

int ar_lane_answers_add(struct ar_lane_answers *answers, const struct ar_target *target, struct ar_error *error)
{
    size_t i = answers->names.count;
    bool added;
    if (i == answers->room) {
        size_t room = i ? 2 * i : 64;
        struct ar_lane_answer *lane = reallocarray(answers->lane, room, sizeof *lane);
        if (lane)
            answers->lane = lane;
        const struct ar_target **targets = lane ? reallocarray(answers->target, room, sizeof *targets) : NULL;
        if (!targets)
            return ar_fail_memory(error);
        answers->target = targets;
        answers->room = room;
    }
    answers->lane[i] = (struct ar_lane_answer){ .images = AR_IMAGES_NONE };
    answers->target[i] = target;
    return ar_names_add(&answers->names, target->data, target->data_len, &added) < 0 ? ar_fail_memory(error) : 0;
}

/* ---- faults --------------------------------------------------------------------------------------------------------- */

static void name_entries(struct ar_error *error)
{
    ar_hint(error, "By this contract a method answers, for each of its lanes, with L/images/NAME, L/analysis_result or L/error, "
                   "and L/ledger behind them.");
}

static void set_fault(struct ar_error *fault, const char *name, const char *what)
{
    ar_fail(fault, AR_CONTENT, "it answered with '%s', which %s", name, ar_tr(what));
    name_entries(fault);
}

/* The lane's first fault: "'L/NAME' what". */
static int fail_lane(struct ar_lane_answer *lane, const char *name, const char *what, struct ar_error *error)
{
    if (lane->fault)
        return 0;
    lane->fault = calloc(1, sizeof *lane->fault);
    if (!lane->fault)
        return ar_fail_memory(error);
    set_fault(lane->fault, name, what);
    return 0;
}

/* ---- entries -------------------------------------------------------------------------------------------------------- */

static int put_text(struct ar_lane_answer *lane, struct ar_lane_text *where, const char *name, const struct ar_lane_text *body,
                    struct ar_error *error)
{
    if (where->text)
        return fail_lane(lane, name, N_("is there twice"), error);
    *where = *body;
    return 0;
}

/* A name that the lane was given, and may say again. */
static int check_name(struct ar_lane_answer *lane, const char *name, const struct ar_lane_text *body, const char *given,
                      struct ar_error *error)
{
    return ar_text_is(body->text, body->n, given) ? 0 : fail_lane(lane, name, N_("is not as it was given"), error);
}

static int add_image(struct ar_lane_answer *lane, const struct ar_tar_entry *entry, const char *name,
                     const struct ar_lane_text *body, struct ar_error *error)
{
    struct ar_error fault;
    if (ar_images_add(&lane->images, name, entry->image_type, body->text, body->n, &fault) == 0)
        return 0;
    if (fault.status != AR_CONTENT) {
        *error = fault;
        return -1;
    }
    if (!lane->fault && (lane->fault = malloc(sizeof *lane->fault)) != NULL)
        *lane->fault = fault;
    return lane->fault ? 0 : ar_fail_memory(error);
}

/* An entry of a lane; base: its name below the lane's folder. */
static int take_lane_entry(struct ar_lane_answer *lane, const struct ar_target *target, const struct ar_tar_entry *entry,
                           const char *base, const struct ar_lane_text *body, struct ar_error *error)
{
    const char *name;
    switch (ar_entry_kind_of(base, true, false, &name)) {
    case AR_ENTRY_DATA_NAME:
        return check_name(lane, entry->name, body, target->data, error);
    case AR_ENTRY_SAMPLE_NAME:
        return check_name(lane, entry->name, body, target->sample, error);
    case AR_ENTRY_PARAMS:
        return 0;
    case AR_ENTRY_IMAGE:
        return add_image(lane, entry, name, body, error);
    case AR_ENTRY_RESULT:
        return put_text(lane, &lane->result, entry->name, body, error);
    case AR_ENTRY_ERROR:
        return put_text(lane, &lane->error, entry->name, body, error);
    case AR_ENTRY_LEDGER:
        lane->whole = true;
        return put_text(lane, &lane->ledger, entry->name, body, error);
    default:
        return fail_lane(lane, entry->name, N_("is nothing that a method may answer"), error);
    }
}

/* An entry at the top, or of no lane. */
static void take_other(const struct ar_tar_entry *entry, const struct ar_lane_text *body, struct ar_error *fault)
{
    if (fault->status != AR_OK)
        return;
    if (strcmp(entry->name, AR_NAME_ERROR) == 0) {
        size_t n = 0;
        while (n < body->n && n < 500 && body->text[n] != '\n')
            n++;
        ar_fail(fault, AR_CONTENT, "it answered with an error: %.*s", (int)n, body->text);
    } else if (strchr(entry->name, '/')) {
        ar_fail(fault, AR_CONTENT, "it answered with '%s', which is of no lane that it was given", entry->name);
        ar_hint(fault, "A lane's id is text, as it stands in targets: 0007 is not 7.");
    } else if (strcmp(entry->name, AR_NAME_TARGETS) != 0 && strcmp(entry->name, AR_NAME_PARAMS) != 0 &&
               strcmp(entry->name, AR_NAME_LEDGER) != 0) {
        ar_fail(fault, AR_CONTENT, "it answered with '%s', which is of no lane", entry->name);
        name_entries(fault);
    }
}

static int take_entry(struct ar_lane_answers *answers, const struct ar_tar_entry *entry, struct ar_error *fault,
                      struct ar_error *error)
{
    const struct ar_map *map = &answers->map;
    if (entry->body_offset > map->len || entry->size > map->len - entry->body_offset)
        return 0; /* cut: the reader says so when it passes over the body */
    const struct ar_lane_text body = { .text = map->data + entry->body_offset, .n = entry->size };
    const char *slash = strchr(entry->name, '/');
    ssize_t i = slash ? ar_names_find(&answers->names, entry->name, (size_t)(slash - entry->name)) : -1;
    if (i < 0)
        take_other(entry, &body, fault);
    else if (!answers->lane[i].whole)
        return take_lane_entry(&answers->lane[i], answers->target[i], entry, slash + 1, &body, error);
    else if (fault->status == AR_OK) /* the lane may have been taken: it is the process' fault */
        set_fault(fault, entry->name, N_("stands behind that lane's ledger, its last entry"));
    return 0;
}

/* ---- the tar -------------------------------------------------------------------------------------------------------- */

/* Do two blocks of zeros stand at the end? Then it was ended as a tar is, and an entry that reaches over them says a wrong size. */
static bool has_end(const struct ar_map *map)
{
    static const char zeros[2 * AR_TAR_BLOCK];
    return map->len >= sizeof zeros && map->len % AR_TAR_BLOCK == 0 && memcmp(map->data + map->len - sizeof zeros, zeros, sizeof zeros) == 0;
}

/*
 * Is a missing end all that is wrong with the tar: was everything read, and lanes are left? Then the process ended in one of them, as by an
 * exit(0) of the method's.
 */
static bool ended_early(const struct ar_lane_answers *answers, struct ar_in *in)
{
    const char *bytes;
    struct ar_error ignored;
    size_t lanes = answers->names.count;
    return lanes > 0 && !answers->lane[lanes - 1].whole && !has_end(&answers->map) && ar_in_view(in, &bytes, 1, &ignored) == 0;
}

static void fail_early(struct ar_error *fault)
{
    ar_fail(fault, AR_CONTENT, "it ended with status 0 before it had answered this lane"); /* another status is told before this */
    ar_hint(fault, "A method may not call exit() while it is at a lane: it answers each one, and then ends its tar.");
}

/* Returns 1 where an entry was read, 0 at the end, -1. A tar that is none ends there, with a fault. */
static int next(const struct ar_lane_answers *answers, struct ar_tar_reader *tar, struct ar_in *in, struct ar_tar_entry *entry,
                size_t n_read, int out, uint64_t n, struct ar_error *fault, struct ar_error *error)
{
    struct ar_error found;
    int got = ar_tar_next(tar, entry, &found);
    if (got >= 0)
        return got;
    if (found.status == AR_SYSTEM) {
        *error = found;
        return -1;
    }
    found.status = AR_CONTENT;
    if (n_read == 0)
        ar_wire_tar_fail_none(out, n, &found);
    else if (ended_early(answers, in))
        fail_early(&found);
    if (fault->status == AR_OK)
        *fault = found;
    return 0;
}

static int read_entries(struct ar_lane_answers *answers, struct ar_in *in, int out, uint64_t n, struct ar_error *fault,
                        struct ar_error *error)
{
    struct ar_tar_entry entry;
    struct ar_tar_reader *tar = ar_tar_reader_new(in, error);
    if (!tar)
        return -1;
    int got;
    for (size_t n_read = 0; (got = next(answers, tar, in, &entry, n_read, out, n, fault, error)) > 0; n_read++)
        if (take_entry(answers, &entry, fault, error) != 0) {
            got = -1;
            break;
        }
    ar_tar_reader_free(tar);
    return got;
}

static int map_output(struct ar_lane_answers *answers, int out, uint64_t n, struct ar_error *error)
{
    if (ftruncate(out, (off_t)n) != 0 || lseek(out, (off_t)answers->from, SEEK_SET) < 0)
        return ar_fail_errno(error, errno, "cannot read what the method printed");
    struct ar_in *in = ar_in_new(out, ar_tr(output), error);
    if (!in)
        return -1;
    int result = ar_map_in(&answers->map, in, UINT64_MAX, error);
    answers->mapped = result == 0;
    ar_in_free(in);
    return result;
}

int ar_lane_answers_read(struct ar_lane_answers *answers, int out, uint64_t n, struct ar_error *fault, struct ar_error *error)
{
    release_map(answers);
    if (answers->n_parted)
        forget_lane(&answers->lane[answers->n_parted - 1]); /* it is there once more */
    if (map_output(answers, out, n, error) != 0) {
        if (error->status == AR_SYSTEM)
            return -1;
        *fault = *error; /* damaged compression */
        fault->status = AR_CONTENT;
        return 0;
    }
    struct ar_in *in = ar_map_again(&answers->map, ar_tr(output), error);
    if (!in)
        return -1;
    int result = read_entries(answers, in, out, n, fault, error);
    ar_in_free(in);
    return result;
}

/* ---- piece by piece ------------------------------------------------------------------------------------------------- */

/* Maps what is there now, and leaves the place where out is written to as it is. 1; 0 where it cannot be read piece by piece; -1. */
static int map_part(struct ar_lane_answers *answers, int out, struct ar_error *error)
{
    char name[32];
    struct ar_error fault;
    snprintf(name, sizeof name, "/proc/self/fd/%d", out);
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || lseek(fd, (off_t)answers->from, SEEK_SET) < 0) {
        ar_fail_errno(error, errno, "cannot read what the method printed");
        if (fd >= 0)
            close(fd);
        return -1;
    }
    struct ar_in *in = ar_in_new(fd, ar_tr(output), &fault);
    bool mapped = in && ar_map_in(&answers->map, in, UINT64_MAX, &fault) == 0;
    ar_in_free(in);
    close(fd);
    if (mapped && answers->map.filter == AR_FILTER_NONE) {
        answers->mapped = true;
        return 1;
    }
    if (mapped)
        ar_map_release(&answers->map);
    return 0;
}

/* Is the entry all there? */
static bool is_whole(const struct ar_lane_answers *answers, const struct ar_tar_entry *entry)
{
    uint64_t len = answers->map.len, body = entry->size + ar_tar_padding(entry->size);
    return entry->body_offset <= len && entry->size <= len && body <= len - entry->body_offset;
}

/* Takes the entry of the lane at, where it is one, or one at the top; false where the piece ends before it. */
static bool take_part(struct ar_lane_answers *answers, const struct ar_tar_entry *entry, size_t at, struct ar_error *error)
{
    struct ar_error fault = { 0 };
    const struct ar_target *target = answers->target[at];
    bool top = !strchr(entry->name, '/');
    bool its = strncmp(entry->name, target->data, target->data_len) == 0 && entry->name[target->data_len] == '/';
    if ((!top && !its) || take_entry(answers, entry, &fault, error) != 0)
        return false;
    return fault.status == AR_OK && !answers->lane[at].fault;
}

/* Reads on from the lane that was read last, which is there once more. Returns where the entries of the last whole lane begin. */
static uint64_t read_part(struct ar_lane_answers *answers, struct ar_tar_reader *tar, size_t *at, struct ar_error *error)
{
    struct ar_tar_entry entry;
    uint64_t start = 0, found = answers->from;
    bool begun = false;
    while (*at + 1 < answers->names.count && ar_tar_next(tar, &entry, error) > 0 && is_whole(answers, &entry) &&
           take_part(answers, &entry, *at, error)) {
        if (!strchr(entry.name, '/'))
            continue;
        if (!begun)
            start = answers->from + entry.offset;
        begun = !answers->lane[*at].whole;
        if (begun)
            continue;
        found = start;
        ++*at;
    }
    return found;
}

ssize_t ar_lane_answers_part(struct ar_lane_answers *answers, int out, struct ar_error *error)
{
    size_t before = answers->n_parted, at = before ? before - 1 : 0;
    struct ar_error ended = { 0 };
    release_map(answers);
    for (size_t i = at; i < answers->names.count && i <= before; i++)
        forget_lane(&answers->lane[i]);
    int mapped = map_part(answers, out, error);
    if (mapped <= 0)
        return mapped;
    struct ar_in *in = ar_map_again(&answers->map, ar_tr(output), error);
    struct ar_tar_reader *tar = in ? ar_tar_reader_new(in, error) : NULL;
    if (tar)
        answers->from = read_part(answers, tar, &at, &ended);
    ar_tar_reader_free(tar);
    ar_in_free(in);
    if (!tar)
        return -1;
    if (at < answers->names.count)
        forget_lane(&answers->lane[at]); /* of which not all is there */
    answers->n_parted = at > before ? at : before;
    return (ssize_t)(answers->n_parted - before);
}
