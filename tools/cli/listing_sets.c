/* SPDX-License-Identifier: MIT */
/*
 * The sets of a listing: where they came from, where their rows went.
 */
#include "bytes/text.h"
#include "cli/cli.h"
#include "cli/grid.h"
#include "cli/listing_sets.h"

enum {
    WIDTH = 80,        /* of the lines that are wrapped */
    COLUMNS_MAX = 100, /* names that are printed; --json has all */
    IDS_MAX = 8,       /* lanes that are named where they were dropped */
    ENTITIES_MAX = 100,
};

void cli_say(const char *format, ...)
{
    char *text;
    va_list args;
    va_start(args, format);
    int n = vasprintf(&text, ar_tr(format), args);
    va_end(args);
    if (n < 0)
        return;
    struct ar_buf shown;
    ar_buf_init(&shown);
    ar_text_show(&shown, text, (size_t)n);
    puts(shown.data);
    ar_buf_release(&shown);
    free(text);
}

/* A word of a list that is wrapped; *width is that of the line so far. */
static void print_word(const char *word, bool last, size_t *width)
{
    struct ar_buf shown;
    ar_buf_init(&shown);
    ar_text_show(&shown, word, strlen(word));
    size_t n = ar_text_width(shown.data, shown.len) + !last;
    if (*width + 1 + n > WIDTH) {
        printf("\n   ");
        *width = 3;
    }
    printf(" %s%s", shown.data, last ? "" : ",");
    *width += 1 + n;
    ar_buf_release(&shown);
}

void cli_print_columns(const json_t *columns)
{
    size_t count = json_array_size(columns), i;
    json_t *name;
    if (count == 0)
        return;
    const char *head = ar_tr("  columns:");
    size_t width = ar_text_width(head, strlen(head));
    printf("%s", head);
    json_array_foreach ((json_t *)(uintptr_t)columns, i, name) {
        if (i == COLUMNS_MAX) {
            printf(" … (%zu)", count);
            break;
        }
        print_word(json_string_value(name), i + 1 == count, &width);
    }
    puts("");
}

/* ---- a set ---------------------------------------------------------------------------------------------------------- */

/* Where it came from, and what was peculiar about its file. */
static void print_source(const struct ar_listed_set *set, enum ar_listed_kind kind)
{
    const json_t *account = set->account;
    struct ar_buf line;
    ar_buf_init(&line);
    ar_buf_add_format(&line, "%s", set->name);
    const char *source = json_string_value(json_object_get(account, "source"));
    if (!account)
        ar_buf_add_text(&line, kind == AR_LISTED_FILES ? ar_tr(": cannot be read") : ar_tr(": its source is not told"));
    if (account) {
        ar_buf_add_format(&line, ": %s, ", source ? source : ar_tr("unknown source"));
        cli_bytes(&line, ar_json_count(account, "bytes"));
        const char *filter = json_string_value(json_object_get(account, "compression"));
        if (filter && strcmp(filter, "none") != 0)
            ar_buf_add_tr(&line, " of %s", filter);
        ar_buf_add_text(&line, ", ");
        cli_number(&line, ar_json_count(account, "rows"), "row");
        const char *ends = json_string_value(json_object_get(account, "line_ends"));
        if (ends && *ends && strcmp(ends, "LF") != 0)
            ar_buf_add_tr(&line, ", line ends %s", ar_tr(ends));
        if (json_is_true(json_object_get(account, "bom")))
            ar_buf_add_text(&line, ar_tr(", byte order mark"));
        if (ar_json_count(account, "blank_lines")) {
            ar_buf_add_text(&line, ", ");
            cli_number(&line, ar_json_count(account, "blank_lines"), "blank line");
        }
    }
    puts("");
    cli_say("%s", line.data);
    const char *by = json_string_value(json_object_get(account, "lane_by"));
    if (by)
        cli_say("  lane by %s", by);
    ar_buf_release(&line);
}

static void add_account(struct cli_grid *grid, uint64_t rows, const char *what)
{
    if (rows == 0)
        return;
    cli_grid_format(grid, "%" PRIu64, rows);
    cli_grid_text(grid, what);
}

/* Ids of lanes that nobody named: "9999 (1), …" */
static void add_unknown(struct ar_buf *out, json_t *unknown)
{
    const char *id;
    json_t *rows;
    size_t i = 0;
    json_object_foreach (unknown, id, rows) {
        if (i == IDS_MAX)
            break;
        ar_buf_add_format(out, "%s%s (%" JSON_INTEGER_FORMAT ")", i ? ", " : ": ", id, json_integer_value(rows));
        i++;
    }
    if (json_object_size(unknown) > IDS_MAX)
        ar_buf_add_tr(out, ", … (%zu lanes)", json_object_size(unknown));
}

/* Rows that had no lane, by the account at the top. */
static void add_laneless(struct cli_grid *grid, const json_t *account, struct ar_buf *text)
{
    const char *reason;
    json_t *rows;
    json_object_foreach (json_object_get(account, "dropped"), reason, rows) {
        ar_buf_clear(text);
        if (strcmp(reason, "no_lane") == 0)
            ar_buf_add_tr(text, "dropped: without a lane, the first in line %" PRIu64,
                              ar_json_count(account, "no_lane_line"));
        else if (strcmp(reason, "not_in_samples") == 0)
            ar_buf_add_text(text, ar_tr("dropped: not in the samples table"));
        else
            ar_buf_add_tr(text, "dropped: %s", reason);
        if (strcmp(reason, "not_in_samples") == 0)
            add_unknown(text, json_object_get(account, "not_in_samples"));
        add_account(grid, (uint64_t)json_integer_value(rows), text->data);
    }
}

/* Rows that stages dropped for a reason: a column of their rules, or what the method calls it. */
static void add_dropped(struct cli_grid *grid, const char *reason, json_int_t rows, json_int_t by_method, struct ar_buf *text)
{
    ar_buf_clear(text);
    if (strcmp(reason, "other_lanes") == 0) /* of a set of the Python runner's, which had those of all lanes */
        ar_buf_add_text(text, ar_tr("of other lanes"));
    else
        ar_buf_add_tr(text, "dropped by the rules on %s", reason);
    add_account(grid, (uint64_t)(rows - by_method), text->data);
    ar_buf_clear(text);
    ar_buf_add_tr(text, "dropped by the method: %s", reason);
    add_account(grid, (uint64_t)by_method, text->data);
}

/* Where the rows of the source went. */
static int print_account(const struct ar_listing *listing, size_t i, struct ar_error *error)
{
    const struct ar_listed_set *set = &listing->set[i];
    struct ar_listed_sum sum = ar_listing_sum(listing, i);
    struct cli_grid grid;
    struct ar_buf text;
    const char *reason;
    json_t *rows;
    ar_buf_init(&text);
    cli_grid_init(&grid);
    cli_grid_column(&grid, CLI_GRID_RIGHT);
    cli_grid_column(&grid, 0);
    add_account(&grid, sum.rows - sum.failed - sum.not_chosen, listing->kind < AR_LISTED_RESULTS ? ar_tr("in lanes") : ar_tr("analysed"));
    add_account(&grid, sum.failed, ar_tr("in failed lanes"));
    add_account(&grid, sum.not_chosen, ar_tr("of lanes that were not chosen"));
    json_object_foreach (set->dropped, reason, rows) {
        add_dropped(&grid, reason, json_integer_value(rows), json_integer_value(json_object_get(set->by_method, reason)), &text);
    }
    add_laneless(&grid, set->account, &text);
    int result = ar_buf_check(&text, error);
    if (result == 0 && grid.cells)
        result = cli_grid_print(&grid, 4, error);
    cli_grid_release(&grid);
    ar_buf_release(&text);
    return result;
}

/* "Entity is 'A' or 'B'" */
static void add_rule(struct ar_buf *out, const json_t *rule)
{
    const json_t *values = json_object_get(rule, "entity");
    const char *column = values ? "Entity" : json_string_value(json_object_get(rule, "where"));
    if (!values)
        values = json_object_get(rule, "is");
    ar_buf_add_tr(out, "%s is", column ? column : "?");
    size_t i;
    json_t *value;
    json_array_foreach ((json_t *)(uintptr_t)values, i, value) {
        ar_buf_add_format(out, "%s '%s'", i ? ar_tr(" or") : "", json_string_value(value) ? json_string_value(value) : "?");
    }
}

static void print_rules(const json_t *rules)
{
    struct ar_buf text;
    size_t i;
    json_t *rule;
    if (json_is_string(rules))
        cli_say("  rules: %s, as was asked for", json_string_value(rules));
    ar_buf_init(&text);
    json_array_foreach ((json_t *)(uintptr_t)rules, i, rule) {
        ar_buf_add_text(&text, i ? ar_tr(", and ") : "");
        add_rule(&text, rule);
    }
    if (text.len)
        cli_say("  rules: %s", text.data);
    ar_buf_release(&text);
}

static int print_entities(const struct ar_listing *listing, const struct ar_listed_set *set, struct ar_error *error)
{
    const struct ar_names *names = &set->entities.names;
    if (!listing->entities)
        return 0;
    if (set->no_entity)
        cli_say(names->count ? N_("  entities: a lane has no column Entity") : N_("  entities: the set has no column Entity"));
    if (names->count == 0)
        return 0;
    struct cli_grid grid;
    cli_grid_init(&grid);
    cli_grid_column(&grid, CLI_GRID_RIGHT);
    cli_grid_column(&grid, 0);
    for (size_t i = 0; i < names->count && i < ENTITIES_MAX; i++) {
        cli_grid_format(&grid, "%" PRIu64, set->entities.rows[i]);
        cli_grid_text(&grid, names->name[i].len ? names->name[i].text : ar_tr("(empty)"));
    }
    cli_say("  entities:");
    int result = cli_grid_print(&grid, 4, error);
    if (names->count > ENTITIES_MAX)
        cli_say("    … (%zu)", names->count);
    cli_grid_release(&grid);
    return result;
}

int cli_print_sets(const struct ar_listing *listing, struct ar_error *error)
{
    for (size_t i = 0; i < listing->n_sets; i++) {
        const struct ar_listed_set *set = &listing->set[i];
        print_source(set, listing->kind);
        if (print_account(listing, i, error) != 0)
            return -1;
        print_rules(set->rules);
        cli_print_columns(set->columns);
        if (print_entities(listing, set, error) != 0)
            return -1;
    }
    return 0;
}
