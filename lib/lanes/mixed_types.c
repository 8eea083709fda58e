/* SPDX-License-Identifier: MIT */
#include "lanes/mixed_types.h"

#include "bytes/grow.h"

void ar_mixed_types_release(struct ar_mixed_types *mixed)
{
    for (size_t i = 0; i < mixed->n; i++) {
        for (size_t k = 0; k < mixed->set[i].n; k++)
            free(mixed->set[i].column[k].name);
        free(mixed->set[i].column);
        free(mixed->set[i].name);
    }
    free(mixed->set);
    *mixed = (struct ar_mixed_types){ 0 };
}

static struct ar_mixed_set *find_set(struct ar_mixed_types *mixed, const char *name)
{
    for (size_t i = 0; i < mixed->n; i++)
        if (strcmp(mixed->set[i].name, name) == 0)
            return &mixed->set[i];
    if (mixed->n == mixed->room && !ar_grow(&mixed->set, &mixed->room, sizeof *mixed->set))
        return NULL;
    struct ar_mixed_set *set = &mixed->set[mixed->n];
    *set = (struct ar_mixed_set){ .name = strdup(name) };
    mixed->n += set->name != NULL;
    return set->name ? set : NULL;
}

static struct ar_mixed_column *add_column(struct ar_mixed_set *set, const char *name)
{
    if (set->n == set->room && !ar_grow(&set->column, &set->room, sizeof *set->column))
        return NULL;
    struct ar_mixed_column *column = &set->column[set->n];
    *column = (struct ar_mixed_column){ .name = strdup(name) };
    for (size_t i = 0; i < AR_COUNT(column->lane); i++)
        column->lane[i] = -1;
    set->n += column->name != NULL;
    return column->name ? column : NULL;
}

/* number: where it stands in this lane; in another one it may stand elsewhere. */
static struct ar_mixed_column *find_column(struct ar_mixed_set *set, size_t number, const char *name)
{
    if (number < set->n && strcmp(set->column[number].name, name) == 0)
        return &set->column[number];
    for (size_t i = 0; i < set->n; i++)
        if (strcmp(set->column[i].name, name) == 0)
            return &set->column[i];
    return add_column(set, name);
}

static int note_column(struct ar_mixed_column *column, int64_t lane, uint8_t seen, struct ar_tree *tree, struct ar_node *types,
                       struct ar_error *error)
{
    enum ar_column_type type = ar_column_type(seen);
    if (!column)
        return ar_fail_memory(error);
    column->seen |= seen;
    if (column->lane[type] < 0)
        column->lane[type] = lane;
    if (type == AR_COLUMN_TEXT)
        return 0;
    ar_tree_put_text(tree, types, column->name, ar_column_type_name(type));
    return ar_tree_check(tree, error);
}

int ar_mixed_types_add(struct ar_mixed_types *mixed, const char *name, int64_t lane, const char *csv, uint64_t n,
                       ar_mixed_is_text *is_text, void *arg, struct ar_tree *tree, struct ar_node *types,
                       struct ar_error *error)
{
    struct ar_csv_header header = { 0 };
    if (ar_csv_header_read(&header, csv, n, name, error) != 0)
        return -1;
    struct ar_mixed_set *set = find_set(mixed, name);
    uint8_t *seen = calloc(header.cells, 1);
    int result = set && seen ? 0 : ar_fail_memory(error);
    for (size_t i = 0; i < header.cells && result == 0; i++)
        if (is_text(arg, name, header.name[i]))
            seen[i] = AR_CELL_TEXT; /* settled: nobody looks at it */
    if (result == 0)
        result = ar_column_scan(csv + header.next, n - header.next, header.cells, UINT64_MAX, seen, error);
    for (size_t i = 0; i < header.cells && result == 0; i++)
        if (!is_text(arg, name, header.name[i]))
            result = note_column(find_column(set, i, header.name[i]), lane, seen[i], tree, types, error);
    free(seen);
    ar_csv_header_release(&header);
    return result;
}

/* Text in the whole set; in some lane read as something else: where all cells are empty, as numbers that are missing. */
static bool is_mixed(const struct ar_mixed_column *column, struct ar_mixed_found *found)
{
    static const enum ar_column_type types[] = { AR_COLUMN_TEXT, AR_COLUMN_BOOLEAN, AR_COLUMN_INTEGER, AR_COLUMN_FLOAT,
                                                 AR_COLUMN_OTHER, AR_COLUMN_EMPTY };
    size_t n = 0;
    for (size_t i = 0; i < AR_COUNT(types) && n < 2; i++)
        if (column->lane[types[i]] >= 0) {
            found->type[n] = types[i];
            found->lane[n++] = column->lane[types[i]];
        }
    found->column = column->name;
    return n == 2 && ar_column_type(column->seen) == AR_COLUMN_TEXT;
}

bool ar_mixed_types_next(const struct ar_mixed_types *mixed, size_t *at, struct ar_mixed_found *found)
{
    size_t skipped = 0;
    for (size_t i = 0; i < mixed->n; skipped += mixed->set[i++].n)
        for (size_t k = *at > skipped ? *at - skipped : 0; k < mixed->set[i].n; k++) {
            found->set = mixed->set[i].name;
            if (!is_mixed(&mixed->set[i].column[k], found))
                continue;
            *at = skipped + k + 1;
            return true;
        }
    return false;
}
