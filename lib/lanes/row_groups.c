/* SPDX-License-Identifier: MIT */
#include "lanes/row_groups.h"

#include <pthread.h>
#include <sched.h>

#include "bytes/thread.h"

enum {
    PIECE = 256 * 1024,
    WORKERS_MAX = 8, /* more are not faster than memory is */
    AHEAD = 2,       /* pieces that are scanned for each worker before those ahead of them are taken */
    FEW = 16,        /* pieces for which no worker is started */
    GROUPS_MAX = 16384, /* of a piece: with more, rows are so short that memory would be what counts */
};

/* What was found in one piece; the next piece but so many has its place, and its memory. */
struct found {
    bool done, good;
    struct ar_row_group *group;
    size_t n, room;
    struct ar_csv_seen seen;
};

struct ar_row_groups {
    const char *data;
    uint64_t n, cells, piece, n_pieces;
    size_t column[AR_GROUP_COLUMNS], n_columns;

    /* where it stands */
    uint64_t at;              /* the piece that is given next */
    struct ar_csv_scan *scan; /* once a piece did not count: of all from base on */
    uint64_t base;
    struct found alone; /* what that one found */
    struct ar_csv_seen seen;

    /* between the workers */
    pthread_t thread[WORKERS_MAX];
    unsigned n_threads, n_found;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    uint64_t taken; /* pieces that were begun */
    uint64_t spent; /* pieces whose groups nobody looks at any more */
    bool stop;
    struct found *found;
};

/* ---- groups of rows ------------------------------------------------------------------------------------------------- */

/* Has the row of the data the same bytes in the columns as the first of the group? */
static inline bool is_alike(const struct ar_row_groups *g, const char *data, const struct ar_row_group *group, const struct ar_csv_row *row)
{
    for (size_t i = 0; i < 2 * g->n_columns; i += 2) {
        uint64_t len = row->cell[i + 1] - row->cell[i];
        if (len != group->cell[i + 1] - group->cell[i] || memcmp(data + row->cell[i], g->data + group->cell[i], len) != 0)
            return false;
    }
    return true;
}

/* 0; -1 where there are too many, or memory ran out. */
static int add_group(const struct ar_row_groups *g, uint64_t from, struct found *found, const struct ar_csv_row *row, bool lf)
{
    if (found->n == found->room) {
        size_t room = found->room ? 2 * found->room : 64;
        struct ar_row_group *grown = room > GROUPS_MAX ? NULL : reallocarray(found->group, room, sizeof *grown);
        if (!grown)
            return -1;
        found->group = grown;
        found->room = room;
    }
    struct ar_row_group *group = &found->group[found->n++];
    group->start = from + row->start;
    group->end = from + row->end;
    group->next = from + row->next;
    group->rows = 1;
    group->lf = lf;
    for (size_t i = 0; i < 2 * g->n_columns; i++)
        group->cell[i] = from + row->cell[i];
    return 0;
}

/* Adds rows, whose offsets count from from, to what was found. */
static int add_rows(const struct ar_row_groups *g, uint64_t from, struct found *found, const struct ar_csv_row *row, ssize_t n)
{
    const char *data = g->data + from;
    for (; n > 0; n--, row++) {
        bool lf = row->next == row->end + 1 && data[row->end] == '\n';
        struct ar_row_group *last = found->n ? &found->group[found->n - 1] : NULL;
        if (AR_LIKELY(last && lf && last->lf && last->next == from + row->start && is_alike(g, data, last, row))) {
            last->end = from + row->end;
            last->next = from + row->next;
            last->rows++;
        } else if (add_group(g, from, found, row, lf) != 0) {
            return -1;
        }
    }
    return 0;
}

/* ---- a piece -------------------------------------------------------------------------------------------------------- */

/* Where a piece begins: behind the first LF from its place on, which is looked for as far as one piece. False where there is none. */
static bool begin_of(const struct ar_row_groups *g, uint64_t number, uint64_t *begin)
{
    if (number == 0 || number == g->n_pieces) {
        *begin = number ? g->n : 0;
        return true;
    }
    uint64_t place = number * g->piece - 1, left = g->n - place;
    const char *lf = memchr(g->data + place, '\n', left < g->piece ? left : g->piece);
    *begin = lf ? (uint64_t)(lf + 1 - g->data) : g->n;
    return lf != NULL;
}

static bool scan_piece(const struct ar_row_groups *g, uint64_t number, struct found *found)
{
    uint64_t begin, end;
    const struct ar_csv_row *row;
    ssize_t n = 0;
    found->n = 0;
    found->seen = (struct ar_csv_seen){ 0 };
    if (!begin_of(g, number, &begin) || !begin_of(g, number + 1, &end))
        return false;
    if (begin == end)
        return true;
    struct ar_csv_scan *scan = ar_csv_scan_new(g->data + begin, end - begin, g->cells, g->column, g->n_columns, AR_CSV_BEST);
    if (!scan)
        return false;
    bool good = true;
    while (good && (n = ar_csv_scan_rows(scan, &row)) > 0)
        good = add_rows(g, begin, found, row, n) == 0;
    found->seen = *ar_csv_scan_seen(scan);
    ar_csv_scan_free(scan);
    return good && n == 0;
}

/* Scans the piece that is next, without the lock. */
static void take_piece(struct ar_row_groups *g)
{
    uint64_t number = g->taken++;
    struct found *found = &g->found[number % g->n_found];
    pthread_mutex_unlock(&g->lock);
    bool good = scan_piece(g, number, found);
    pthread_mutex_lock(&g->lock);
    found->good = good;
    found->done = true;
    pthread_cond_broadcast(&g->changed);
}

/* Is there a piece to be taken, and a place for what is found in it? */
static bool may_take(const struct ar_row_groups *g)
{
    return g->taken < g->n_pieces && g->taken < g->spent + g->n_found;
}

static void *work(void *arg)
{
    struct ar_row_groups *g = arg;
    pthread_mutex_lock(&g->lock);
    while (!g->stop && g->taken < g->n_pieces)
        if (may_take(g))
            take_piece(g);
        else
            pthread_cond_wait(&g->changed, &g->lock);
    pthread_mutex_unlock(&g->lock);
    return NULL;
}

static void end_workers(struct ar_row_groups *g)
{
    pthread_mutex_lock(&g->lock);
    g->stop = true;
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->lock);
    while (g->n_threads > 0)
        pthread_join(g->thread[--g->n_threads], NULL);
}

/* ---- all of them, in order ------------------------------------------------------------------------------------------ */

static unsigned processors(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n < 1 ? 1 : n > WORKERS_MAX ? WORKERS_MAX : (unsigned)n;
}

struct ar_row_groups *ar_row_groups_new(const char *data, uint64_t n, uint64_t cells, const size_t *column, size_t n_columns,
                                        unsigned workers, uint64_t piece)
{
    struct ar_row_groups *g = calloc(1, sizeof *g);
    if (!g)
        return NULL;
    g->data = data;
    g->n = n;
    g->cells = cells;
    g->n_columns = n_columns;
    memcpy(g->column, column, n_columns * sizeof *column);
    g->piece = piece ? piece : PIECE;
    g->n_pieces = (n + g->piece - 1) / g->piece;
    pthread_mutex_init(&g->lock, NULL);
    pthread_cond_init(&g->changed, NULL);
    if (workers == 0)
        workers = g->n_pieces < FEW ? 1 : processors();
    g->n_found = AHEAD * workers + 1;
    g->found = calloc(g->n_found, sizeof *g->found);
    if (!g->found) {
        ar_row_groups_free(g);
        return NULL;
    }
    while (g->n_threads + 1 < workers && ar_thread_start(&g->thread[g->n_threads], work, g))
        g->n_threads++;
    return g;
}

void ar_row_groups_free(struct ar_row_groups *g)
{
    if (!g)
        return;
    end_workers(g);
    for (unsigned i = 0; g->found && i < g->n_found; i++)
        free(g->found[i].group);
    free(g->found);
    free(g->alone.group);
    ar_csv_scan_free(g->scan);
    pthread_cond_destroy(&g->changed);
    pthread_mutex_destroy(&g->lock);
    free(g);
}

/* Waits until the piece at hand is scanned, and scans pieces meanwhile. */
static struct found *await_piece(struct ar_row_groups *g)
{
    struct found *found = &g->found[g->at % g->n_found];
    pthread_mutex_lock(&g->lock);
    if (g->spent < g->at)
        pthread_cond_broadcast(&g->changed); /* a place is free */
    g->spent = g->at;
    while (!(g->taken > g->at && found->done))
        if (may_take(g))
            take_piece(g);
        else
            pthread_cond_wait(&g->changed, &g->lock);
    found->done = false;
    pthread_mutex_unlock(&g->lock);
    return found;
}

static void add_seen(struct ar_csv_seen *sum, const struct ar_csv_seen *seen)
{
    sum->rows += seen->rows;
    sum->blank_lines += seen->blank_lines;
    sum->cr |= seen->cr;
}

/* From the piece at hand on, one scanner goes on. Where that begins was found when the one before it ended there. */
static int go_alone(struct ar_row_groups *g)
{
    end_workers(g);
    if (!begin_of(g, g->at, &g->base))
        return -1;
    g->scan = ar_csv_scan_new(g->data + g->base, g->n - g->base, g->cells, g->column, g->n_columns, AR_CSV_BEST);
    return g->scan ? 0 : -1;
}

static ssize_t next_alone(struct ar_row_groups *g, const struct ar_row_group **group)
{
    const struct ar_csv_row *row;
    ssize_t n = ar_csv_scan_rows(g->scan, &row);
    if (n <= 0) {
        struct ar_csv_seen before = g->seen;
        g->seen = *ar_csv_scan_seen(g->scan);
        add_seen(&g->seen, &before);
        return n;
    }
    g->alone.n = 0;
    if (add_rows(g, g->base, &g->alone, row, n) != 0)
        return -1;
    *group = g->alone.group;
    return (ssize_t)g->alone.n;
}

ssize_t ar_row_groups_next(struct ar_row_groups *g, const struct ar_row_group **group)
{
    while (!g->scan && g->at < g->n_pieces) {
        struct found *found = await_piece(g);
        if (!found->good) {
            if (go_alone(g) != 0)
                return -1;
            break;
        }
        add_seen(&g->seen, &found->seen);
        g->at++;
        *group = found->group;
        if (found->n)
            return (ssize_t)found->n;
    }
    return g->scan ? next_alone(g, group) : 0;
}

const struct ar_csv_seen *ar_row_groups_seen(const struct ar_row_groups *g, uint64_t *base)
{
    *base = g->base;
    return &g->seen;
}
