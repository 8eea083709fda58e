/* SPDX-License-Identifier: MIT */
/*
 * Sets: the rows of all lanes behind one header, then that CSV as a pickled frame.
 */
#include "bytes/file.h"
#include "codecs/csv.h"
#include "wire/set.h"
#include "wire/to_parts.h"

enum { PIECE = 256 * 1024 };

void ar_to_release_sets(struct ar_to *s)
{
    for (size_t i = 0; i < s->n_sets; i++) {
        free(s->set[i].name);
        free(s->set[i].header);
        ar_out_abandon(s->set[i].spool);
        if (s->set[i].fd >= 0)
            close(s->set[i].fd);
    }
    free(s->set);
    s->set = NULL;
    s->n_sets = 0;
}

/* The set of that name, made where it is new. */
static struct ar_to_set *find_set(struct ar_to *s, const char *name)
{
    for (size_t i = 0; i < s->n_sets; i++)
        if (strcmp(s->set[i].name, name) == 0)
            return &s->set[i];
    struct ar_to_set *grown = reallocarray(s->set, s->n_sets + 1, sizeof *grown);
    if (!grown) {
        ar_fail_memory(s->error);
        return NULL;
    }
    s->set = grown;
    struct ar_to_set *set = &grown[s->n_sets++];
    char spool[256];
    *set = (struct ar_to_set){ .name = strdup(name), .fd = ar_spool_open(s->error) };
    if (set->fd >= 0)
        set->spool = ar_out_new(set->fd, ar_spool_name(spool), AR_FILTER_NONE, s->error);
    if (set->name && set->spool)
        return set;
    if (set->fd >= 0 && !set->name)
        ar_fail_memory(s->error);
    return NULL;
}

/*
 * Reads as much of the set into scratch as its header needs. A header that cannot be read yet may be cut: it is tried again with
 * twice as much.
 */
static int read_header(struct ar_to *s, struct ar_csv_header *header, const char *what)
{
    size_t enough = 1;
    ssize_t n;
    ar_buf_clear(&s->scratch);
    do {
        const char *bytes;
        n = ar_stream_view(s->stream, &bytes, PIECE, s->error);
        if (n < 0)
            return -1;
        ar_buf_add(&s->scratch, bytes, (size_t)n);
        if (ar_buf_check(&s->scratch, s->error) != 0)
            return -1;
        if (n > 0 && s->scratch.len < enough)
            continue;
        enough = 2 * s->scratch.len;
        if (ar_csv_header_read(header, s->scratch.data, s->scratch.len, what, s->error) != 0)
            continue;
        if (n == 0 || header->next < s->scratch.len)
            return 0;
        ar_csv_header_release(header);
    } while (n > 0);
    return -1;
}

/* The first lane's header is written, that of others must be the same. */
static int take_header(struct ar_to *s, struct ar_to_set *set, const struct ar_csv_header *header, const char *what)
{
    const char *row = s->scratch.data + header->start;
    size_t n = (size_t)(header->end - header->start);
    if (!set->header) {
        set->header = malloc(n + 1);
        if (!set->header)
            return ar_fail_memory(s->error);
        memcpy(set->header, row, n);
        set->header_len = n;
        set->open_line = true;
        return ar_out_write(set->spool, row, n, s->error);
    }
    if (n == set->header_len && memcmp(row, set->header, n) == 0)
        return 0;
    ar_fail(s->error, AR_INPUT, "%s has another header than in the lanes before", what);
    return ar_hint(s->error, "The lanes of a stream are parts of the same sets: make the stream again from its source.");
}

/* Rows; the line before them is ended only now, since a last row may come without its line end. */
static int add_rows(struct ar_to *s, struct ar_to_set *set, const char *bytes, size_t n)
{
    if (n == 0)
        return 0;
    if (set->open_line && ar_out_write(set->spool, "\n", 1, s->error) != 0)
        return -1;
    set->open_line = false;
    return ar_out_write(set->spool, bytes, n, s->error);
}

static int copy_rows(struct ar_to *s, struct ar_to_set *set, uint64_t from)
{
    const char *bytes = s->scratch.data + from;
    size_t n = s->scratch.len - (size_t)from;
    char last = n > 0 ? bytes[n - 1] : '\n';
    bool any = n > 0;
    if (add_rows(s, set, bytes, n) != 0)
        return -1;
    ssize_t got;
    while ((got = ar_stream_view(s->stream, &bytes, PIECE, s->error)) > 0) {
        if (add_rows(s, set, bytes, (size_t)got) != 0)
            return -1;
        last = bytes[got - 1];
        any = true;
    }
    if (any)
        set->open_line = last != '\n';
    return got < 0 ? -1 : 0;
}

int ar_to_take_set(struct ar_to *s, const struct ar_entry *entry)
{
    struct ar_to_set *set = find_set(s, entry->base);
    struct ar_csv_header header;
    char *what;
    if (!set)
        return -1;
    if (asprintf(&what, ar_tr("entry '%s'"), entry->tar->name) < 0)
        return ar_fail_memory(s->error);
    int result = read_header(s, &header, what);
    if (result == 0) {
        result = take_header(s, set, &header, what);
        if (result == 0)
            result = copy_rows(s, set, header.next);
        ar_csv_header_release(&header);
    }
    free(what);
    return result;
}

/* ---- writing -------------------------------------------------------------------------------------------------------- */

/* The columns of the set that are text. */
static char *const *text_of(const struct ar_wire_to *to, const char *set)
{
    for (size_t i = 0; i < to->n_text; i++)
        if (strcmp(to->text[i].set, set) == 0)
            return to->text[i].columns;
    return NULL;
}

static int write_frame(struct ar_to *s, const struct ar_to_set *set, const struct ar_wire_frame *frame, uint64_t bytes)
{
    char name[sizeof AR_FOLDER_SETS + AR_SET_NAME_MAX], spool[256];
    snprintf(name, sizeof name, AR_FOLDER_SETS "%s", set->name);
    if (ar_to_begin(s, name, ar_wire_frame_bytes(frame, bytes)) != 0)
        return -1;
    if (ar_tar_write(&s->tar, frame->before.data, frame->before.len, s->error) != 0 ||
        ar_tar_write_copy(&s->tar, set->fd, 0, bytes, ar_spool_name(spool), s->error) != 0 ||
        ar_tar_write(&s->tar, frame->behind.data, frame->behind.len, s->error) != 0)
        return ar_to_broke(s);
    return 0;
}

int ar_to_write_sets(struct ar_to *s)
{
    for (size_t i = 0; i < s->n_sets; i++) {
        struct ar_to_set *set = &s->set[i];
        struct ar_wire_frame frame;
        if ((set->open_line && ar_out_write(set->spool, "\n", 1, s->error) != 0) || ar_out_flush(set->spool, s->error) != 0)
            return -1;
        set->open_line = false;
        uint64_t bytes = ar_out_offset(set->spool);
        int result = ar_wire_frame_init(&frame, set->header, set->header_len, bytes, text_of(s->to, set->name), s->error);
        if (result == 0)
            result = write_frame(s, set, &frame, bytes);
        ar_wire_frame_release(&frame);
        if (result != 0)
            return -1;
    }
    return 0;
}
