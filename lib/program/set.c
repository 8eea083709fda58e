/* SPDX-License-Identifier: MIT */
/*
 * Sets: reading them, and single cells.
 */
#include "program/set.h"

#include <math.h>
#include <sys/mman.h>

#include "bytes/text.h"
#include "codecs/real.h"
#include "codecs/table.h"

enum { SHOWN = 60 }; /* bytes of a cell in a message */

void ar_set_forget(struct ar_set *set)
{
    for (size_t i = 0; set->cache && i < set->header.cells; i++) {
        free(set->cache[i].reals);
        free(set->cache[i].integers);
        free(set->cache[i].texts);
        set->cache[i] = (struct ar_set_cache){ 0 };
    }
    free(set->field_rows);
    free(set->field_start);
    set->field_rows = set->field_start = NULL;
}

void ar_set_clear(struct ar_set *set)
{
    ar_set_forget(set);
    free(set->cache);
    free(set->method);
    ar_csv_header_release(&set->header);
    set->cache = NULL;
    set->method = NULL;
    set->header = (struct ar_csv_header){ 0 };
    set->present = false;
    set->state = AR_SET_UNREAD;
    set->index.rows = 0;
}

void ar_set_release(struct ar_set *set)
{
    ar_set_clear(set);
    ar_csv_index_release(&set->index);
    ar_region_release(&set->body);
    free(set->name);
}

/* ---- reading -------------------------------------------------------------------------------------------------------- */

/* A set whose rows the method is asked about, and the process in which it is. */
struct keeping {
    struct ar_set *set;
    pid_t self;
    char *here; /* 1; 0 in a process that this one forked: so the system need not be asked at each row */
};

static int begin_keeping(struct keeping *keeping, struct ar_set *set, struct ar_error *error)
{
    char *here = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (here == MAP_FAILED)
        return ar_fail_memory(error);
    *here = madvise(here, 1, MADV_WIPEONFORK) == 0;
    *keeping = (struct keeping){ .set = set, .self = getpid(), .here = here };
    return 0;
}

static bool keep_row(void *arg, size_t row)
{
    const struct keeping *keeping = arg;
    bool kept = keeping->set->declared->keep(keeping->set, row);
    if (AR_UNLIKELY(!*keeping->here))
        ar_end_forked(keeping->self, "keep");
    return kept;
}

/* Drops the rows that the method does not keep. */
static int select_rows(struct ar_set *set, struct ar_error *error)
{
    struct keeping keeping;
    if (begin_keeping(&keeping, set, error) != 0)
        return -1;
    int result = ar_csv_index_select(&set->index, keep_row, &keeping, error);
    munmap(keeping.here, 1);
    return result;
}

static int make_index(struct ar_set *set, struct ar_error *error)
{
    if (ar_csv_header_read(&set->header, set->data, set->n, set->name, error) != 0)
        return -1;
    const char *body = set->data + set->header.next;
    uint64_t line = ar_csv_line(set->data, set->header.next);
    set->cache = calloc(set->header.cells, sizeof *set->cache);
    if (!set->cache)
        return ar_fail_memory(error);
    if (ar_csv_index_make(&set->index, body, set->n - set->header.next, set->header.cells, AR_CSV_PIECE_MAX, AR_CSV_BEST, line, set->name,
                          error) != 0)
        return -1;
    if (set->index.rows == set->rows_in)
        return 0;
    return ar_fail(error, AR_INPUT, "%s has %zu rows, and %" PRIu64 " by the lane's ledger", set->name, set->index.rows, set->rows_in);
}

bool ar_set_ready(struct ar_set *set)
{
    struct ar_error error = { 0 };
    if (!set || set->state != AR_SET_UNREAD) /* one that the lane has not is on record already */
        return set && set->state == AR_SET_READY;
    set->state = AR_SET_BROKEN;
    if (make_index(set, &error) != 0) {
        set->index.rows = 0;
        ar_failure_error(set->failure, &error);
        return false;
    }
    set->state = AR_SET_READY; /* the method may look at it while it is asked */
    if (set->declared && set->declared->keep) {
        if (select_rows(set, &error) != 0) {
            set->state = AR_SET_BROKEN;
            ar_failure_error(set->failure, &error);
        }
        ar_set_forget(set);
    }
    return set->state == AR_SET_READY;
}

size_t ar_set_rows(struct ar_set *set)
{
    return ar_set_ready(set) ? set->index.rows : 0;
}

size_t ar_set_columns(struct ar_set *set)
{
    return ar_set_ready(set) ? set->header.cells : 0;
}

const char *ar_set_column_name(struct ar_set *set, size_t column)
{
    return column < ar_set_columns(set) ? set->header.name[column] : NULL;
}

const char *ar_set_name(const struct ar_set *set)
{
    return set ? set->name : "";
}

const char *ar_set_method(const struct ar_set *set)
{
    return set ? set->method : NULL;
}

struct ar_lane *ar_set_lane(const struct ar_set *set)
{
    return set ? set->lane : NULL;
}

bool ar_set_has(struct ar_set *set, const char *column)
{
    return column && ar_set_ready(set) && ar_csv_header_find(&set->header, column) >= 0;
}

ptrdiff_t ar_set_need(struct ar_set *set, const char *column)
{
    struct ar_error error = { 0 };
    if (!ar_set_ready(set))
        return -1;
    if (!column)
        column = ""; /* no column is called so */
    ssize_t found = ar_csv_header_find(&set->header, column);
    if (found >= 0)
        return found;
    ar_csv_fail_column(&set->header, column, set->name, &error);
    return ar_failure_error(set->failure, &error);
}

ptrdiff_t ar_set_column(struct ar_set *set, const char *column)
{
    return ar_set_need(set, column);
}

/* ---- single cells --------------------------------------------------------------------------------------------------- */

int ar_set_fail_cell(struct ar_set *set, size_t row, size_t column, const char *wanted)
{
    size_t n;
    const char *cell = ar_set_raw(set, ar_csv_index_piece(&set->index, row), row, column, &n);
    size_t shown = n < SHOWN ? n : SHOWN;
    while (shown < n && shown > 0 && ((unsigned char)cell[shown] & 0xc0) == 0x80)
        shown--;
    return ar_failure_tell(set->failure, "%s: %s must be %s, found '%.*s'%s (row %zu of the lane)", set->name, set->header.name[column],
                           ar_tr(wanted), (int)shown, cell, shown < n ? "..." : "", row + 1);
}

/* Is there such a cell? Else that is on record: it is a mistake of the method's. */
static bool check_place(struct ar_set *set, size_t row, size_t column)
{
    if (!ar_set_ready(set))
        return false;
    if (row < set->index.rows && column < set->header.cells)
        return true;
    ar_failure_tell(set->failure, "%s: there is no row %zu with a column %zu (counted from 0)", set->name, row, column);
    return false;
}

static struct ar_cell cell_at(const struct ar_set *set, size_t row, size_t column)
{
    size_t n;
    const char *text = ar_csv_index_cell(&set->index, ar_csv_index_piece(&set->index, row), row, column, &n);
    if (n < 2 || *text != '"')
        return (struct ar_cell){ .text = text, .len = n };
    return (struct ar_cell){ .text = text + 1, .len = n - 2, .quoted = true, .doubled = memchr(text + 1, '"', n - 2) };
}

/* Puts the value of a cell, as long as it is at most, where there is room for it. Returns its length. */
static size_t put_value(char *to, const struct ar_cell *cell)
{
    if (!cell->doubled) {
        memcpy(to, cell->text, cell->len);
        return cell->len;
    }
    size_t n = 0;
    for (size_t i = 0; i < cell->len; i++) {
        to[n++] = cell->text[i];
        i += cell->text[i] == '"'; /* the second of the two */
    }
    return n;
}

static const char *copy_value(struct ar_set *set, const struct ar_cell *cell, size_t *len)
{
    char *copy = ar_arena_take(set->texts, cell->len + 1);
    *len = 0;
    if (!copy) {
        ar_failure_tell(set->failure, "out of memory");
        return "";
    }
    *len = put_value(copy, cell);
    copy[*len] = '\0';
    return copy;
}

const char *ar_set_cell(struct ar_set *set, size_t row, size_t column, size_t *len)
{
    size_t unasked;
    if (!len)
        len = &unasked;
    *len = 0;
    if (!check_place(set, row, column))
        return "";
    struct ar_cell cell = cell_at(set, row, column);
    if (cell.doubled)
        return copy_value(set, &cell, len);
    *len = cell.len;
    return cell.text;
}

const char *ar_set_text(struct ar_set *set, size_t row, size_t column)
{
    size_t len;
    if (!check_place(set, row, column))
        return "";
    struct ar_cell cell = cell_at(set, row, column);
    return copy_value(set, &cell, &len);
}

bool ar_set_is(struct ar_set *set, size_t row, size_t column, const char *value)
{
    if (!check_place(set, row, column))
        return false;
    if (!value) {
        ar_failure_tell(set->failure, "%s: no value was given to compare a cell with", set->name);
        return false;
    }
    struct ar_cell cell = cell_at(set, row, column);
    return ar_cell_is(&cell, value, strlen(value));
}

double ar_set_real(struct ar_set *set, size_t row, size_t column)
{
    double value = NAN;
    if (!check_place(set, row, column))
        return value;
    struct ar_cell cell = cell_at(set, row, column);
    if (cell.len > 0 && !ar_real_parse(cell.text, cell.len, &value))
        ar_set_fail_cell(set, row, column, N_("a number"));
    return value;
}

int64_t ar_set_integer(struct ar_set *set, size_t row, size_t column)
{
    int64_t value = 0;
    if (!check_place(set, row, column))
        return value;
    struct ar_cell cell = cell_at(set, row, column);
    if (!ar_integer_parse(cell.text, cell.len, &value))
        ar_set_fail_cell(set, row, column, N_("a whole number"));
    return value;
}
