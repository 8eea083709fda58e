/* SPDX-License-Identifier: MIT */
/*
 * ar-cleanse: keeps the rows of each lane's sets that pass the rules, and records the rules in the ledgers.
 *
 * A set is held in memory as long as it takes to find its rows; nothing else is.
 */
#include "cli/cli.h"
#include "cli/lanes.h"
#include "lanes/cleanse.h"
#include "lanes/emit.h"
#include "lanes/rows.h"
#include "methods/manifest.h"

enum { OPT_NONE = CLI_LONG };

#define COLUMN_ENTITY "Entity"

static const struct cli_option options[] = {
    { 'e', "entity", "[SET=]ENTITY", "keep the rows of this entity; repeated: of any of them" },
    { 'w', "where", "[SET=]COLUMN==VALUE",
      "keep the rows whose cell equals VALUE; repeated for a\ncolumn: any of the values; other columns: all of them" },
    { OPT_NONE, "none", "SET", "keep all rows of the set, and record that this was asked for" },
    { 'm', "manifest", "FILE", "take the rules of the method's manifest; options add to them" },
    CLI_OPTION_OUTPUT,
    CLI_OPTION_COMPRESS,
    { 0 },
};

static const struct cli_tool tool = {
    .name = "ar-cleanse",
    .synopsis = "[options] < LANES > LANES",
    .summary = "Keeps the rows of each set that pass the rules, and says in the ledger which they\n"
               "were and what they dropped. Without SET= a rule is for every set.",
    .options = options,
    .examples = "  ar-cleanse -e activity_spots='Activity Spots' -e surrounding_spots='Surrounding Spots'\n"
                "  ar-cleanse -e 'Spots' -w Channel==1 -w Channel==2\n"
                "  ar-cleanse -m method/manifest.json",
};

/* The rules of one set, or (set NULL) those for every set. */
struct set_rules {
    char *set;
    struct ar_rules rules;
    uint64_t rows_in, rows; /* of all lanes: for the account */
    bool met;
};

struct cleanse {
    struct set_rules *given; /* by options */
    size_t n_given;
    struct ar_manifest manifest;
    bool has_manifest;
    struct set_rules *set; /* what holds for the sets that were met */
    size_t n_sets;
    struct cli_output output;
    struct cli_lanes in;
    struct ar_emit emit;
    struct ar_buf body;
    size_t lanes;
};

/* ---- rules ---------------------------------------------------------------------------------------------------------- */

static struct set_rules *find_rules(struct set_rules **list, size_t *n, const char *set, size_t len)
{
    for (size_t i = 0; i < *n; i++) {
        const char *name = (*list)[i].set;
        if (set ? name && strlen(name) == len && memcmp(name, set, len) == 0 : !name)
            return &(*list)[i];
    }
    struct set_rules *grown = reallocarray(*list, *n + 1, sizeof *grown);
    if (!grown)
        return NULL;
    *list = grown;
    grown[*n] = (struct set_rules){ .set = set ? strndup(set, len) : NULL };
    return set && !grown[*n].set ? NULL : &grown[(*n)++];
}

/* Adds a value to the rule for the column, which is made where it is missing. */
static int add_value(struct ar_rules *rules, const char *column, const char *value)
{
    struct ar_rule *rule = NULL;
    for (size_t i = 0; i < rules->n; i++)
        if (strcmp(rules->rule[i].column, column) == 0)
            rule = &rules->rule[i];
    if (!rule)
        rule = ar_rules_add(rules, column);
    return rule ? ar_rule_add_value(rule, value) : -1;
}

/* Splits "SET=REST": the length of SET, or 0 where there is none. */
static size_t set_prefix(const char *text)
{
    size_t n = strcspn(text, "=");
    return text[n] == '=' && text[n + 1] != '=' && ar_set_name_ok(text, n) ? n : 0;
}

/* Takes -e, -w or --none. */
static bool take_rule(struct cleanse *c, int key, const char *arg)
{
    size_t n = key == OPT_NONE ? strlen(arg) : set_prefix(arg);
    struct set_rules *rules = find_rules(&c->given, &c->n_given, n ? arg : NULL, n);
    const char *rest = n ? arg + n + 1 : arg;
    if (!rules)
        abort();
    if (key == OPT_NONE) {
        if (!ar_set_name_ok(arg, n)) {
            cli_usage("--none '%s': expected the name of a set", arg);
            return false;
        }
        rules->rules.none = true;
        return true;
    }
    if (key == 'e')
        return add_value(&rules->rules, COLUMN_ENTITY, rest) == 0;
    const char *equals = strstr(rest, "==");
    if (!equals || equals == rest) {
        cli_usage("-w '%s': expected [SET=]COLUMN==VALUE", arg);
        return false;
    }
    char *column = strndup(rest, (size_t)(equals - rest));
    bool ok = column && add_value(&rules->rules, column, equals + 2) == 0;
    free(column);
    return ok;
}

static int add_rules(struct ar_rules *to, const struct ar_rules *from, struct ar_error *error)
{
    for (size_t i = 0; i < from->n; i++) {
        struct ar_rule *rule = ar_rules_add(to, from->rule[i].column);
        for (size_t k = 0; rule && k < from->rule[i].n_values; k++)
            if (ar_rule_add_value(rule, from->rule[i].values[k]) != 0)
                return ar_fail_memory(error);
        if (!rule)
            return ar_fail_memory(error);
    }
    to->none |= from->none;
    return 0;
}

/* Adds the rules of options for set (NULL: for every set), values of one column together. */
static int add_given(struct cleanse *c, struct ar_rules *to, const char *set, struct ar_error *error)
{
    for (size_t g = 0; g < c->n_given; g++) {
        const struct set_rules *given = &c->given[g];
        if (set ? !given->set || strcmp(given->set, set) != 0 : given->set != NULL)
            continue;
        c->given[g].met = true;
        to->none |= given->rules.none;
        for (size_t i = 0; i < given->rules.n; i++)
            for (size_t k = 0; k < given->rules.rule[i].n_values; k++)
                if (add_value(to, given->rules.rule[i].column, given->rules.rule[i].values[k]) != 0)
                    return ar_fail_memory(error);
    }
    return 0;
}

/* What holds for a set: the manifest's rules, then those of the options for it and for every set. */
static struct set_rules *rules_of(struct cleanse *c, const char *set, struct ar_error *error)
{
    size_t before = c->n_sets;
    struct set_rules *rules = find_rules(&c->set, &c->n_sets, set, strlen(set));
    if (!rules) {
        ar_fail_memory(error);
        return NULL;
    }
    if (c->n_sets == before)
        return rules;
    struct ar_rules given = { 0 };
    const struct ar_manifest_set *declared = c->has_manifest ? ar_manifest_set(&c->manifest, set) : NULL;
    int result = declared ? add_rules(&rules->rules, &declared->rules, error) : 0;
    if (result == 0)
        result = add_given(c, &given, set, error);
    if (result == 0 && !given.none)
        result = add_given(c, &given, NULL, error);
    if (result == 0)
        result = add_rules(&rules->rules, &given, error);
    ar_rules_release(&given);
    if (result == 0 && rules->rules.n == 0 && !rules->rules.none)
        cli_warn("no rule for the set '%s': it is passed on uncleansed, and ar-pack will refuse it (--none %s keeps it as it is)", set, set);
    return result == 0 ? rules : NULL;
}

/* Every set of an option must be there: a wrong name shows the right ones. */
static int check_sets(struct cleanse *c, struct ar_error *error)
{
    struct ar_buf names;
    ar_buf_init(&names);
    for (size_t i = 0; i < c->n_sets; i++)
        ar_buf_add_format(&names, "%s'%s'", i ? ", " : "", c->set[i].set);
    int result = 0;
    for (size_t i = 0; i < c->n_given && result == 0 && c->n_sets; i++)
        if (c->given[i].set && !c->given[i].met)
            result = ar_fail(error, AR_INPUT, "set '%s' not found; sets are %s", c->given[i].set, names.data);
    ar_buf_release(&names);
    return result;
}

/* ---- lanes ---------------------------------------------------------------------------------------------------------- */

/* Writes the rows of a set that pass, and notes the record for the lane's ledger. */
static int cleanse_set(struct cleanse *c, const struct ar_entry *entry, struct ar_error *error)
{
    struct set_rules *rules = rules_of(c, entry->base, error);
    if (!rules)
        return -1;
    if (rules->rules.n == 0 && !rules->rules.none)
        return ar_emit_pass(&c->emit, c->in.stream, entry, error);
    const struct ar_target *target = cli_lanes_target(&c->in, entry);
    struct ar_cleansed cleansed;
    char what[512];
    snprintf(what, sizeof what, "lane '%s', entry '%s'", target->data, entry->tar->name);
    ar_buf_clear(&c->body);
    if (ar_stream_read_all(c->in.stream, &c->body, error) != 0)
        return -1;
    int result = ar_cleanse(&cleansed, c->body.data, c->body.len, &rules->rules, what, error);
    struct ar_rows rows = { .data = c->body.data, .header_start = cleansed.header_start, .header_len = cleansed.header_len,
                            .extents = &cleansed.kept };
    struct ar_record record = { .stage = "cleanse", .rows_in = cleansed.rows_in, .rows = cleansed.kept.rows, .digested = true,
                                .bytes = ar_rows_bytes(&rows) };
    if (result == 0)
        result = ar_emit_begin(&c->emit, target->data, entry->name, record.bytes, true, NULL, error);
    if (result == 0)
        result = ar_rows_write(&rows, &c->emit.tar, record.xxh3, error);
    if (result == 0)
        result = ar_cleansed_record(&cleansed, &rules->rules, &record, error);
    rules->rows_in += cleansed.rows_in;
    rules->rows += cleansed.kept.rows;
    ar_cleansed_release(&cleansed);
    return result == 0 ? cli_lanes_note(&c->in, entry->base, &record, error) : -1;
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
    ar_emit_init(&c->emit, c->output.out, false);
    int result = pass_stream(c, error);
    ar_emit_release(&c->emit);
    cli_lanes_release(&c->in);
    if (result == 0)
        return cli_output_close(&c->output, false, error);
    cli_output_abandon(&c->output);
    return -1;
}

static void tell_account(const struct cleanse *c)
{
    struct ar_buf line;
    ar_buf_init(&line);
    ar_buf_add_format(&line, "%zu lane%s", c->lanes, c->lanes == 1 ? "" : "s");
    for (size_t i = 0; i < c->n_sets; i++) {
        const struct set_rules *set = &c->set[i];
        if (set->rules.n == 0 && !set->rules.none)
            ar_buf_add_format(&line, "; %s: not cleansed", set->set);
        else
            ar_buf_add_format(&line, "; %s: %" PRIu64 " rows, %" PRIu64 " kept, %" PRIu64 " dropped", set->set, set->rows_in, set->rows,
                              set->rows_in - set->rows);
    }
    cli_info("%s", line.data);
    ar_buf_release(&line);
}

static void release_rules(struct set_rules *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ar_rules_release(&list[i].rules);
        free(list[i].set);
    }
    free(list);
}

static int parse_options(struct cleanse *c, int argc, char **argv)
{
    const char *arg;
    struct ar_error error;
    int key, first;
    while ((key = cli_next(argc, argv, &arg, &first)) >= 0) {
        if (key == 'o')
            c->output.path = arg;
        else if (key == 'Z') {
            if (!cli_filter(arg, &c->output.filter))
                return CLI_WRONG;
        } else if (key == 'm') {
            if (ar_manifest_load(&c->manifest, arg, &error) != 0) {
                cli_fail(&error);
                return CLI_WRONG;
            }
            c->has_manifest = true;
        } else if (!take_rule(c, key, arg)) {
            return CLI_WRONG;
        }
    }
    if (key == CLI_END && first < argc) {
        cli_usage("operand '%s': lanes are read from standard input", argv[first]);
        return CLI_WRONG;
    }
    if (key == CLI_END && !c->n_given && !c->has_manifest) {
        cli_usage("no rule: expected -e, -w, -m or --none");
        return CLI_WRONG;
    }
    return key;
}

int main(int argc, char **argv)
{
    struct cleanse c = { 0 };
    struct ar_error error = { 0 };
    cli_start(&tool);
    ar_buf_init(&c.body);
    int key = parse_options(&c, argc, argv);
    int status = key == CLI_DONE ? AR_OK : AR_INPUT;
    if (key == CLI_END) {
        status = AR_OK;
        if (run(&c, &error) != 0)
            status = cli_fail(&error);
        else
            tell_account(&c);
    }
    release_rules(c.given, c.n_given);
    release_rules(c.set, c.n_sets);
    if (c.has_manifest)
        ar_manifest_release(&c.manifest);
    ar_buf_release(&c.body);
    return cli_end(status);
}
