/* SPDX-License-Identifier: MIT */
/*
 * ar-cleanse: keeps the rows of each lane's sets that pass the rules, and records the rules in the ledgers.
 *
 * What is kept of a set is held in memory until its size is known; nothing else is.
 */
#include "cli/cli.h"
#include "cli/lanes.h"
#include "lanes/cleanse.h"
#include "lanes/emit.h"
#include "lanes/rule_book.h"
#include "methods/manifest.h"

enum { OPT_NONE = CLI_LONG };

enum {
    PIECE = 256 * 1024,       /* bytes that are passed over at a time */
    HAND_OVER_MIN = 48 << 20, /* bytes of what is kept of a set that are handed over instead of copied */
    HAND_OVER = 8 << 20,      /* at a time */
};

static const struct cli_option options[] = {
    { 'e', "entity", "[SET=]ENTITY", N_("keep the rows of this entity; repeated: of any of them") },
    { 'w', "where", "[SET=]COLUMN==VALUE",
      N_("keep the rows whose cell equals VALUE; repeated for a\ncolumn: any of the values; other columns: all of them") },
    { OPT_NONE, "none", "SET", N_("keep all rows of the set, and record that this was asked for") },
    { 'm', "manifest", "FILE", N_("take the rules of the method's manifest; options add to them") },
    CLI_OPTION_OUTPUT,
    CLI_OPTION_COMPRESS,
    { 0 },
};

static const struct cli_tool tool = {
    .name = "ar-cleanse",
    .synopsis = N_("[options] < LANES > LANES"),
    .summary = N_("Keeps the rows of each set that pass the rules, and says in the ledger which they\n"
                  "were and what they dropped. Without SET= a rule is for every set."),
    .options = options,
    .examples = "  ar-cleanse -e activity_spots='Activity Spots' -e surrounding_spots='Surrounding Spots'\n"
                "  ar-cleanse -e 'Spots' -w Channel==1 -w Channel==2\n"
                "  ar-cleanse -m method/manifest.json",
};

/* A set that was met. */
struct set {
    char *name;
    struct ar_rules rules;
    bool cleansed;
    uint64_t rows_in, rows; /* of all lanes: for the account */
    size_t emptied;         /* lanes that had rows, of which none passed */
    char first[AR_LANE_ID_MAX + 1];
    struct ar_near near;     /* of all lanes */
};

struct cleanse {
    struct ar_rule_book book; /* what the options say */
    struct ar_manifest manifest;
    bool has_manifest;
    struct set *set;
    size_t n_sets;
    struct cli_output output;
    struct cli_lanes in;
    struct ar_emit emit;
    struct ar_cleansing_room room; /* of the set at hand */
    size_t lanes;
};

/* ---- rules ---------------------------------------------------------------------------------------------------------- */

/* What holds for a set: found when it is met first. */
static struct set *set_of(struct cleanse *c, const char *name, struct ar_error *error)
{
    for (size_t i = 0; i < c->n_sets; i++)
        if (strcmp(c->set[i].name, name) == 0)
            return &c->set[i];
    struct set *grown = reallocarray(c->set, c->n_sets + 1, sizeof *grown);
    if (grown)
        c->set = grown;
    char *copy = grown ? strdup(name) : NULL;
    if (!copy) {
        ar_fail_memory(error);
        return NULL;
    }
    struct set *set = &grown[c->n_sets++];
    *set = (struct set){ .name = copy };
    const struct ar_manifest_set *declared = c->has_manifest ? ar_manifest_set(&c->manifest, name) : NULL;
    if (ar_rule_book_collect(&c->book, name, declared ? &declared->rules : NULL, &set->rules, error) != 0)
        return NULL;
    set->cleansed = set->rules.n || set->rules.none;
    if (!set->cleansed)
        cli_warn("no rule for the set '%s': it is passed on uncleansed, and ar-pack will refuse it (--none %s keeps it as it is)",
                 name, name);
    return set;
}

/* Every set of an option must be there: a wrong name shows the right ones. */
static int check_sets(const struct cleanse *c, struct ar_error *error)
{
    const char *unused = ar_rule_book_unused(&c->book);
    if (!unused || c->n_sets == 0)
        return 0;
    struct ar_buf names;
    ar_buf_init(&names);
    for (size_t i = 0; i < c->n_sets; i++)
        ar_buf_add_format(&names, "%s'%s'", i ? ", " : "", c->set[i].name);
    ar_fail(error, AR_INPUT, "set '%s' not found; sets are %s", unused, names.data);
    ar_buf_release(&names);
    return -1;
}

/* ---- lanes ---------------------------------------------------------------------------------------------------------- */

/* A size for which there is no room: mostly, the entry is cut long before. */
static int fail_size(struct cleanse *c, const struct ar_entry *entry, struct ar_error *error)
{
    const char *bytes;
    ssize_t n;
    while ((n = ar_stream_view(c->in.stream, &bytes, PIECE, error)) > 0)
        ;
    if (n < 0)
        return -1;
    return ar_fail(error, AR_SYSTEM, "entry '%s' of %" PRIu64 " bytes does not fit into memory", entry->tar->name,
                   entry->tar->size);
}

/* Reads the set, looking at its rows as they come. */
static int read_set(struct cleanse *c, const struct ar_entry *entry, struct ar_cleansing *cleansing, struct ar_error *error)
{
    uint64_t left = entry->tar->size;
    do {
        size_t room;
        char *to = ar_cleansing_room(cleansing, &room, error);
        ssize_t n = to ? ar_stream_read(c->in.stream, to, left < room ? (size_t)left : room, error) : -1;
        if (n < 0)
            return -1;
        left -= (uint64_t)n;
        if (ar_cleansing_arrived(cleansing, (size_t)n, left == 0, error) != 0)
            return -1;
    } while (left > 0);
    return 0;
}

/* What is kept of a large set is handed over, and given back piece by piece: the reader has it all the same. */
static int write_kept(struct cleanse *c, const struct ar_cleansed *cleansed, struct ar_error *error)
{
    if (cleansed->n < HAND_OVER_MIN)
        return ar_tar_write(&c->emit.tar, cleansed->bytes, cleansed->n, error);
    for (size_t at = 0; at < cleansed->n; at += HAND_OVER) {
        size_t n = cleansed->n - at < HAND_OVER ? (size_t)cleansed->n - at : HAND_OVER;
        if (ar_tar_write_stable(&c->emit.tar, cleansed->bytes + at, n, error) != 0)
            return -1;
        ar_region_drop(&c->room.kept, at, n);
    }
    ar_region_release(&c->room.kept);
    return 0;
}

/* For the account, and for what is said of the set behind it. */
static void note_set(struct set *set, const char *lane, const struct ar_cleansed *cleansed)
{
    set->rows_in += cleansed->rows_in;
    set->rows += cleansed->rows;
    if (cleansed->rows_in && !cleansed->rows && set->emptied++ == 0)
        snprintf(set->first, sizeof set->first, "%s", lane);
    if (set->near.rows)
        set->near.rows += cleansed->near.rows;
    else
        set->near = cleansed->near;
}

/* Writes the rows that passed, and keeps the record for the lane's ledger. */
static int write_set(struct cleanse *c, const struct ar_entry *entry, struct set *set, const struct ar_cleansed *cleansed,
                     struct ar_error *error)
{
    struct ar_record record = { .stage = "cleanse", .rows_in = cleansed->rows_in, .rows = cleansed->rows, .digested = true,
                                .bytes = cleansed->n };
    memcpy(record.xxh3, cleansed->xxh3, sizeof record.xxh3);
    const char *lane = cli_lanes_target(&c->in, entry)->data;
    if (ar_emit_begin(&c->emit, lane, entry->name, cleansed->n, true, NULL, error) != 0)
        return -1;
    if (write_kept(c, cleansed, error) != 0 || ar_cleansed_record(cleansed, &set->rules, &c->in.values, &record, error) != 0)
        return -1;
    note_set(set, lane, cleansed);
    return cli_lanes_note(&c->in, entry->base, &record, error);
}

static int cleanse_set(struct cleanse *c, const struct ar_entry *entry, struct ar_error *error)
{
    struct set *set = set_of(c, entry->base, error);
    if (!set)
        return -1;
    if (!set->cleansed)
        return ar_emit_pass(&c->emit, c->in.stream, entry, error);
    if (entry->tar->size == UINT64_MAX || !ar_region_reserve(&c->room.kept, entry->tar->size + 1))
        return fail_size(c, entry, error);
    char what[2 * AR_LANE_ID_MAX + 256];
    struct ar_cleansed cleansed;
    snprintf(what, sizeof what, ar_tr("lane '%s', entry '%s'"), cli_lanes_target(&c->in, entry)->data, entry->tar->name);
    struct ar_cleansing *cleansing = ar_cleansing_new(&cleansed, &c->room, entry->tar->size, &set->rules, what, error);
    int result = cleansing ? read_set(c, entry, cleansing, error) : -1;
    if (result == 0)
        result = write_set(c, entry, set, &cleansed, error);
    ar_cleansing_free(cleansing);
    ar_cleansed_release(&cleansed);
    return result;
}

static int pass_entry(struct cleanse *c, const struct ar_entry *entry, struct ar_error *error)
{
    switch (entry->kind) {
    case AR_ENTRY_SET:
        return cleanse_set(c, entry, error);
    case AR_ENTRY_LEDGER:
        if (entry->lane == AR_NO_LANE)
            return ar_emit_pass(&c->emit, c->in.stream, entry, error);
        c->lanes++;
        if (cli_lanes_close(&c->in, entry, error) != 0)
            return -1;
        return ar_emit_ledger(&c->emit, cli_lanes_target(&c->in, entry)->data, ar_stream_lane_ledger(c->in.stream), error);
    default:
        return ar_emit_pass(&c->emit, c->in.stream, entry, error);
    }
}

static int pass_stream(struct cleanse *c, struct ar_error *error)
{
    struct ar_entry entry;
    int got;
    while ((got = cli_lanes_next(&c->in, &entry, error)) > 0) {
        c->emit.one_lane = ar_stream_shape(c->in.stream) == AR_SHAPE_ONE;
        if (pass_entry(c, &entry, error) != 0)
            return -1;
    }
    if (got < 0 || check_sets(c, error) != 0)
        return -1;
    return ar_emit_finish(&c->emit, error);
}

static int run(struct cleanse *c, struct ar_error *error)
{
    if (cli_lanes_open(&c->in, NULL, &c->output, "cleansing", error) != 0)
        return -1;
    ar_out_write_behind(c->output.out); /* a set is read whole before it is written */
    ar_emit_init(&c->emit, c->output.out, false);
    int result = pass_stream(c, error);
    ar_emit_release(&c->emit);
    cli_lanes_release(&c->in);
    if (result == 0)
        return cli_output_close(&c->output, false, error);
    cli_output_abandon(&c->output);
    return -1;
}

/* What may have been dropped by mistake. */
static void tell_dropped(const struct set *set)
{
    const struct ar_near *near = &set->near;
    struct ar_buf number;
    ar_buf_init(&number);
    if (set->rows_in && !set->rows) {
        cli_warn("no row of the set '%s' passes its rules; ar-ls --entities shows the entities that are there", set->name);
    } else if (set->emptied) {
        cli_number(&number, set->emptied, "lane");
        cli_info("left without a row of the set '%s' by its rules: %s, first '%s'", set->name, number.data, set->first);
    }
    if (near->rows) {
        ar_buf_clear(&number);
        cli_number(&number, near->rows, "row");
        cli_warn("dropped for case or blanks alone: %s of the set '%s', with the %s '%s' instead of '%s'", number.data, set->name,
                 near->rule->column, near->found, near->wanted);
    }
    ar_buf_release(&number);
}

static void tell_account(const struct cleanse *c)
{
    struct ar_buf line;
    ar_buf_init(&line);
    cli_number(&line, c->lanes, "lane");
    for (size_t i = 0; i < c->n_sets; i++) {
        const struct set *set = &c->set[i];
        ar_buf_add_format(&line, "; %s: ", set->name);
        if (!set->cleansed) {
            ar_buf_add_text(&line, ar_tr("not cleansed"));
            continue;
        }
        cli_number(&line, set->rows_in, "row");
        ar_buf_add_tr(&line, ", %" PRIu64 " kept, %" PRIu64 " dropped", set->rows, set->rows_in - set->rows);
    }
    cli_info("%s", line.data);
    ar_buf_release(&line);
    for (size_t i = 0; i < c->n_sets; i++)
        if (c->set[i].cleansed)
            tell_dropped(&c->set[i]);
}

static int take_option(struct cleanse *c, int key, const char *arg, struct ar_error *error)
{
    switch (key) {
    case 'e':
        return ar_rule_book_add_entity(&c->book, arg, error);
    case 'w':
        return ar_rule_book_add_where(&c->book, arg, error);
    case OPT_NONE:
        return ar_rule_book_add_none(&c->book, arg, error);
    case 'm':
        c->has_manifest = ar_manifest_load(&c->manifest, arg, error) == 0;
        return c->has_manifest ? 0 : -1;
    case 'o':
        c->output.path = arg;
        return 0;
    default:
        return 0;
    }
}

static int parse_options(struct cleanse *c, int argc, char **argv)
{
    const char *arg;
    struct ar_error error;
    int key, first;
    while ((key = cli_next(argc, argv, &arg, &first)) >= 0) {
        if (key == 'Z' && !cli_filter(arg, &c->output.filter))
            return CLI_WRONG;
        if (take_option(c, key, arg, &error) != 0)
            return cli_fail(&error), CLI_WRONG;
    }
    if (key == CLI_END && first < argc)
        return cli_usage("operand '%s': lanes are read from standard input", argv[first]), CLI_WRONG;
    if (key == CLI_END && !c->book.n && !c->has_manifest)
        return cli_usage("no rule: expected -e, -w, -m or --none"), CLI_WRONG;
    return key;
}

int main(int argc, char **argv)
{
    struct cleanse c = { 0 };
    struct ar_error error = { 0 };
    cli_start(&tool);
    ar_buf_init(&c.room.window);
    int key = parse_options(&c, argc, argv);
    int status = key == CLI_DONE ? AR_OK : AR_INPUT;
    if (key == CLI_END)
        status = run(&c, &error) == 0 ? AR_OK : cli_fail(&error);
    if (key == CLI_END && status == AR_OK)
        tell_account(&c);
    for (size_t i = 0; i < c.n_sets; i++) {
        ar_rules_release(&c.set[i].rules);
        free(c.set[i].name);
    }
    free(c.set);
    ar_rule_book_release(&c.book);
    if (c.has_manifest)
        ar_manifest_release(&c.manifest);
    ar_cleansing_room_release(&c.room);
    return cli_end(status);
}
