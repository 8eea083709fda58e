/* SPDX-License-Identifier: MIT */
#include "cli/listing.h"

#include "cli/cli.h"
#include "cli/grid.h"
#include "cli/listing_sets.h"

/* ---- what it is ----------------------------------------------------------------------------------------------------- */

static void add_kind(const struct ar_listing *listing, struct ar_buf *out)
{
    int cleansed = ar_listing_cleansed(listing);
    if (listing->one_lane && listing->n_lanes == 1 && listing->lane[0].state == AR_LISTED_FAILED) {
        ar_buf_add_text(out, ar_tr("one lane, failed"));
        return;
    }
    switch (listing->kind) {
    case AR_LISTED_NOTHING:
        ar_buf_add_text(out, ar_tr("an error: the whole stream failed"));
        return;
    case AR_LISTED_FILES:
        ar_buf_add_text(out, ar_tr("CSV files, before a run"));
        return;
    case AR_LISTED_LANES:
        ar_buf_add_text(out, listing->one_lane ? ar_tr("one lane") : ar_tr("lanes"));
        ar_buf_add_text(out, ar_tr(cleansed == 0 ? N_(", not cleansed yet") : cleansed > 0 ? N_(", cleansed") : N_(", cleansed in part")));
        return;
    case AR_LISTED_INPUTS:
        ar_buf_add_text(out, listing->one_lane ? ar_tr("one lane, ready for the analysis") : ar_tr("lane inputs"));
        return;
    case AR_LISTED_RESULTS:
        ar_buf_add_text(out, listing->one_lane ? ar_tr("one lane, analysed") : ar_tr("lane results"));
        return;
    default:
        break;
    }
    const char *name = ar_tr(ar_listing_kind_name(listing));
    if (!ar_listing_without(listing))
        ar_buf_add_text(out, name);
    else if (ar_listing_withheld(listing))
        ar_buf_add_tr(out, "%s withheld", name);
    else
        ar_buf_add_tr(out, "%s incomplete", name);
}

static void add_state(struct ar_buf *out, size_t n, enum ar_listed_state state)
{
    if (state == AR_LISTED_FAILED)
        ar_buf_add_count(out, n, "%" PRIu64 " lane failed", "%" PRIu64 " lanes failed");
    else if (state == AR_LISTED_NOT_CHOSEN)
        ar_buf_add_count(out, n, "%" PRIu64 " lane not chosen", "%" PRIu64 " lanes not chosen");
    else if (state == AR_LISTED_OPEN)
        ar_buf_add_count(out, n, "%" PRIu64 " lane open", "%" PRIu64 " lanes open");
    else
        ar_buf_add_count(out, n, "%" PRIu64 " lane missing", "%" PRIu64 " lanes missing");
}

/* Why a result was withheld or is incomplete. */
static void add_without(const struct ar_listing *listing, struct ar_buf *out)
{
    static const enum ar_listed_state states[] = { AR_LISTED_FAILED, AR_LISTED_NOT_CHOSEN, AR_LISTED_OPEN, AR_LISTED_MISSING };
    const char *before = ": ";
    if (!ar_listing_without(listing))
        return;
    for (size_t i = 0; i < AR_COUNT(states); i++) {
        size_t n = 0;
        for (size_t lane = 0; lane < listing->n_lanes; lane++)
            n += listing->lane[lane].state == states[i];
        if (n == 0)
            continue;
        ar_buf_add_text(out, before);
        add_state(out, n, states[i]);
        before = ", ";
    }
}

static void print_title(const struct ar_listing *listing, const char *input)
{
    struct ar_buf line;
    ar_buf_init(&line);
    if (input)
        ar_buf_add_format(&line, "%s: ", input);
    add_kind(listing, &line);
    if (listing->folder && listing->parts)
        ar_buf_add_count(&line, listing->part.count, ", in a folder of %" PRIu64 " tar", ", in a folder of %" PRIu64 " tars");
    else if (listing->folder)
        ar_buf_add_text(&line, ar_tr(", in a folder"));
    else if (listing->parts)
        ar_buf_add_count(&line, listing->part.count, ", in %" PRIu64 " tar", ", in %" PRIu64 " tars");
    add_without(listing, &line);
    cli_say("%s", line.data);
    ar_buf_clear(&line);
    cli_number(&line, listing->n_lanes, "lane");
    ar_buf_add_text(&line, ", ");
    cli_number(&line, listing->n_sets, "set");
    ar_buf_add_text(&line, listing->entries ? ", " : "");
    if (listing->kind == AR_LISTED_FILES)
        cli_number(&line, listing->entries, "file");
    else if (listing->entries)
        ar_buf_add_count(&line, listing->entries, "%" PRIu64 " entry", "%" PRIu64 " entries");
    ar_buf_add_text(&line, listing->entries ? ", " : "");
    if (listing->entries)
        cli_bytes(&line, listing->bytes);
    if (listing->filter != AR_FILTER_NONE)
        ar_buf_add_tr(&line, ", compressed with %s", ar_filter_name(listing->filter));
    cli_say("%s", line.data);
    ar_buf_release(&line);
}

/* ---- lanes × sets --------------------------------------------------------------------------------------------------- */

/* A cell is empty where there is no number. */
static void add_number_cell(struct cli_grid *grid, bool there, uint64_t number)
{
    if (there)
        cli_grid_format(grid, "%" PRIu64, number);
    else
        cli_grid_text(grid, "");
}

static void add_bytes_cell(struct cli_grid *grid, bool there, uint64_t bytes)
{
    struct ar_buf text;
    ar_buf_init(&text);
    if (there)
        cli_bytes(&text, bytes);
    cli_grid_cell(grid, text.data, text.len);
    ar_buf_release(&text);
}

/* Rows of the source and, where some lane lost any, an arrow and the rows that are left. */
static void add_rows_cells(struct cli_grid *grid, bool there, bool fewer, uint64_t rows_in, uint64_t rows)
{
    add_number_cell(grid, there, rows_in);
    cli_grid_text(grid, there && fewer ? "→" : "");
    add_number_cell(grid, there && fewer, rows);
}

static void add_state_cell(struct cli_grid *grid, const struct ar_listed_lane *lane)
{
    const char *text = lane->error ? lane->error : "";
    size_t n = ar_error_first_line(&text, strlen(text));
    if (n > 0)
        cli_grid_format(grid, "%s: %.*s", ar_tr(ar_listing_state_name(lane->state)), (int)n, text);
    else
        cli_grid_text(grid, ar_tr(ar_listing_state_name(lane->state)));
}

static void add_lane(struct cli_grid *grid, const struct ar_listing *listing, size_t lane, const bool *fewer)
{
    const struct ar_target *target = &listing->targets.entry[lane];
    const struct ar_listed_lane *of = &listing->lane[lane];
    bool named = strcmp(target->data, target->sample) != 0;
    cli_grid_cell(grid, target->data, target->data_len);
    cli_grid_cell(grid, target->sample, named ? target->sample_len : 0);
    for (size_t i = 0; i < listing->n_sets; i++) {
        const struct ar_listed_part *part = ar_listing_part(listing, lane, i);
        add_rows_cells(grid, part && part->known, fewer[i], part ? part->rows_in : 0, part ? part->rows : 0);
        add_bytes_cell(grid, part && part->held, part ? part->bytes : 0);
    }
    add_number_cell(grid, of->images > 0, of->images);
    add_state_cell(grid, of);
}

static void add_sums(struct cli_grid *grid, const struct ar_listing *listing, const bool *fewer)
{
    uint64_t images = 0;
    for (size_t i = 0; i < listing->n_lanes; i++)
        images += listing->lane[i].images;
    cli_grid_format(grid, ar_tr("%zu lanes"), listing->n_lanes);
    cli_grid_text(grid, "");
    for (size_t i = 0; i < listing->n_sets; i++) {
        struct ar_listed_sum sum = ar_listing_sum(listing, i);
        add_rows_cells(grid, sum.lanes > 0, fewer[i], sum.rows_in, sum.rows);
        add_bytes_cell(grid, sum.held, sum.bytes);
    }
    add_number_cell(grid, images > 0, images);
    cli_grid_text(grid, "");
}

static void add_heads(struct cli_grid *grid, const struct ar_listing *listing)
{
    cli_grid_column(grid, 0);
    cli_grid_column(grid, CLI_GRID_SHRINK);
    cli_grid_head(grid, 0, 0, ar_tr("data"));
    cli_grid_head(grid, 1, 1, ar_tr("sample"));
    for (size_t i = 0; i < listing->n_sets; i++) {
        cli_grid_column(grid, CLI_GRID_RIGHT);
        cli_grid_column(grid, CLI_GRID_CLOSE);
        cli_grid_column(grid, CLI_GRID_RIGHT | CLI_GRID_CLOSE);
        cli_grid_column(grid, CLI_GRID_RIGHT);
        cli_grid_head(grid, 2 + 4 * i, 5 + 4 * i, listing->set[i].name);
    }
    size_t next = 2 + 4 * listing->n_sets;
    cli_grid_column(grid, CLI_GRID_RIGHT);
    cli_grid_column(grid, CLI_GRID_SHRINK);
    cli_grid_head(grid, next, next, ar_tr("images"));
    cli_grid_head(grid, next + 1, next + 1, ar_tr("state"));
}

static int print_lanes(const struct ar_listing *listing, struct ar_error *error)
{
    if (listing->n_lanes == 0)
        return 0;
    bool *fewer = calloc(listing->n_sets + 1, sizeof *fewer);
    if (!fewer)
        return ar_fail_memory(error);
    for (size_t i = 0; i < listing->n_sets; i++) {
        struct ar_listed_sum sum = ar_listing_sum(listing, i);
        fewer[i] = sum.rows != sum.rows_in;
    }
    struct cli_grid grid;
    cli_grid_init(&grid);
    add_heads(&grid, listing);
    for (size_t i = 0; i < listing->n_lanes; i++)
        add_lane(&grid, listing, i, fewer);
    if (listing->n_lanes > 1)
        add_sums(&grid, listing, fewer);
    puts("");
    int result = cli_grid_print(&grid, 0, error);
    cli_grid_release(&grid);
    free(fewer);
    return result;
}

/* ---- the rest ------------------------------------------------------------------------------------------------------- */

static void print_table(const struct ar_listed_table *table, const char *name)
{
    if (!table->there)
        return;
    struct ar_buf line;
    ar_buf_init(&line);
    ar_buf_add_format(&line, "%s: ", name);
    cli_number(&line, table->rows, "row");
    ar_buf_add_text(&line, ", ");
    cli_bytes(&line, table->bytes);
    puts("");
    cli_say("%s", line.data);
    cli_print_columns(table->columns);
    ar_buf_release(&line);
}

static void print_artifacts(const struct ar_listing *listing)
{
    struct ar_buf line;
    const char *kind;
    json_t *counts;
    bool first = true;
    ar_buf_init(&line);
    json_object_foreach (listing->artifacts, kind, counts) {
        ar_buf_add_format(&line, "%s %s %" PRIu64 " (", first ? "" : ",", *kind ? kind : ar_tr("other"), ar_json_count(counts, "count"));
        cli_bytes(&line, ar_json_count(counts, "bytes"));
        ar_buf_add_char(&line, ')');
        first = false;
    }
    if (line.len) {
        puts("");
        cli_say("artifacts:%s", line.data);
    }
    if (listing->n_others) {
        ar_buf_clear(&line);
        for (size_t i = 0; i < listing->others.count; i++)
            ar_buf_add_format(&line, "%s%s", i ? ", " : "", listing->others.name[i].text);
        puts("");
        cli_say("entries that are not known, and passed on: %s%s", line.data,
            listing->n_others > listing->others.count ? ", …" : "");
    }
    ar_buf_release(&line);
}

static void print_verified(const struct ar_listing *listing)
{
    if (!listing->verified)
        return;
    struct ar_buf line;
    ar_buf_init(&line);
    ar_buf_add_count(&line, listing->entries, "verified: %" PRIu64 " entry", "verified: %" PRIu64 " entries");
    ar_buf_add_count(&line, listing->bytes, ", %" PRIu64 " byte", ", %" PRIu64 " bytes");
    puts("");
    cli_say("%s", line.data);
    ar_buf_release(&line);
}

int cli_listing_print(const struct ar_listing *listing, const char *input, struct ar_error *error)
{
    print_title(listing, input);
    if (print_lanes(listing, error) != 0 || cli_print_sets(listing, error) != 0)
        return -1;
    print_table(&listing->merged, "analysis_results");
    print_table(&listing->result, "result_csv");
    if (listing->result_json)
        cli_say("result_json: %" PRIu64, listing->result_json);
    print_artifacts(listing);
    cli_print_errors(listing);
    print_verified(listing);
    return 0;
}

/* The lanes go out one by one, a line each. */
int cli_listing_print_json(const struct ar_listing *listing, const char *input, const char *damaged, struct ar_error *error)
{
    struct ar_buf text;
    ar_buf_init(&text);
    int result = ar_listing_json_top(listing, input, damaged, &text, error);
    if (result == 0)
        printf("%.*s,\"lanes\":[", (int)text.len - 1, text.data); /* its closing brace comes last */
    for (size_t i = 0; i < listing->n_lanes && result == 0; i++) {
        ar_buf_clear(&text);
        result = ar_listing_json_lane(listing, i, &text, error);
        printf("%s\n%s", i ? "," : "", text.data);
    }
    if (result == 0)
        puts("]}");
    ar_buf_release(&text);
    return result;
}
