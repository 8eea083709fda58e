/* SPDX-License-Identifier: MIT */
#include "wire/set.h"

#include <sys/mman.h>

#include "codecs/csv.h"
#include "codecs/pickle.h"
#include "codecs/pickle_write.h"

enum {
    ROWS_AT_ONCE = 256, /* a row may be large */
    PIECE = 1 << 20,    /* bytes that are written at once */
};

/* ---- reading -------------------------------------------------------------------------------------------------------- */

/* Writes what was gathered to the spool, and adds its bytes. */
static int flush(struct ar_wire_set *set, struct ar_error *error)
{
    char name[256];
    if (!set->mapped) {
        set->map = (struct ar_map){ .data = "", .spooled = true, .fd = ar_spool_open(error) };
        if (set->map.fd < 0)
            return -1;
        set->mapped = true;
    }
    if (ar_buf_check(&set->text, error) != 0 || ar_write_fd(set->map.fd, set->text.data, set->text.len, ar_spool_name(name), error) != 0)
        return -1;
    set->n += set->text.len;
    ar_buf_clear(&set->text);
    return 0;
}

/* Maps the spool; not through an input, which would look for a compression. */
static int map_spool(struct ar_wire_set *set, struct ar_error *error)
{
    void *base = mmap(NULL, (size_t)set->n, PROT_READ, MAP_PRIVATE, set->map.fd, 0);
    if (base == MAP_FAILED)
        return ar_fail_errno(error, errno, "cannot map a temporary file");
    set->map.base = base;
    set->map.base_len = (size_t)set->n;
    set->map.data = set->csv = base;
    set->map.len = set->n;
    return 0;
}

/* Writes the frame as CSV: to a spool, unless it is shorter than a piece. */
static int write_frame(struct ar_wire_set *set, const struct ar_pickle *pickle, struct ar_error *error)
{
    if (ar_pickle_header(pickle, AR_PICKLE_PANDAS, &set->text, error) != 0)
        return -1;
    for (uint64_t row = 0, rows = ar_pickle_rows(pickle); row < rows; row += ROWS_AT_ONCE) {
        if (ar_pickle_add_rows(pickle, AR_PICKLE_PANDAS, row, ROWS_AT_ONCE, &set->text, error) != 0)
            return -1;
        if (set->text.len >= PIECE && flush(set, error) != 0)
            return -1;
    }
    if (set->mapped)
        return flush(set, error) == 0 ? map_spool(set, error) : -1;
    set->csv = set->text.data;
    set->n = set->text.len;
    return ar_buf_check(&set->text, error);
}

int ar_wire_set_read(struct ar_wire_set *set, const char *data, uint64_t n, const char *what, struct ar_error *error)
{
    *set = (struct ar_wire_set){ 0 };
    ar_buf_init(&set->text);
    struct ar_pickle *pickle = ar_pickle_read(data, (size_t)n, what, error);
    if (!pickle)
        return -1;
    int result = 0;
    size_t csv_n;
    switch (ar_pickle_kind(pickle)) {
    case AR_PICKLE_CSV:
        set->csv = ar_pickle_csv(pickle, &csv_n);
        set->n = csv_n;
        break;
    case AR_PICKLE_FRAME:
        result = write_frame(set, pickle, error);
        break;
    case AR_PICKLE_SERIES:
        ar_fail(error, AR_INPUT, "%s is a series, expected a frame", what);
        result = ar_hint(error, "A set is a table of rows: a pickled DataFrame.");
        break;
    }
    ar_pickle_free(pickle);
    if (result != 0)
        ar_wire_set_release(set);
    return result;
}

void ar_wire_set_release(struct ar_wire_set *set)
{
    if (set->mapped)
        ar_map_release(&set->map);
    ar_buf_release(&set->text);
    *set = (struct ar_wire_set){ 0 };
}

/* ---- writing -------------------------------------------------------------------------------------------------------- */

bool ar_wire_is_text(const char *column, char *const *text)
{
    static const char *const always[] = { "Entity", "Filename", "data", "sample_name" };
    for (size_t i = 0; i < AR_COUNT(always); i++)
        if (strcmp(column, always[i]) == 0)
            return true;
    for (; text && *text; text++)
        if (strcmp(column, *text) == 0)
            return true;
    return false;
}

/* The columns of the header that are text. Returns their number. */
static size_t choose_text(const struct ar_csv_header *header, char *const *text, const char **chosen)
{
    size_t n = 0;
    for (size_t i = 0; i < header->cells; i++)
        if (ar_wire_is_text(header->name[i], text))
            chosen[n++] = header->name[i];
    return n;
}

int ar_wire_frame_init(struct ar_wire_frame *frame, const char *header, size_t n, uint64_t csv_bytes, char *const *text,
                       struct ar_error *error)
{
    struct ar_csv_header parsed;
    ar_buf_init(&frame->before);
    ar_buf_init(&frame->behind);
    if (ar_csv_header_read(&parsed, header, n, ar_tr("the header of a set"), error) != 0)
        return -1;
    const char **chosen = calloc(parsed.cells + 1, sizeof *chosen);
    int result = chosen ? 0 : ar_fail_memory(error);
    if (result == 0)
        result = ar_pickle_frame_ends(&frame->before, &frame->behind, csv_bytes, chosen, choose_text(&parsed, text, chosen),
                                      error);
    free(chosen);
    ar_csv_header_release(&parsed);
    return result;
}

void ar_wire_frame_release(struct ar_wire_frame *frame)
{
    ar_buf_release(&frame->before);
    ar_buf_release(&frame->behind);
}

uint64_t ar_wire_frame_bytes(const struct ar_wire_frame *frame, uint64_t csv_bytes)
{
    return frame->before.len + csv_bytes + frame->behind.len;
}
