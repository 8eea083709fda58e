/* SPDX-License-Identifier: MIT */
/*
 * Options: the table of a tool drives both the parsing and --help, so that they cannot disagree.
 */
#include <ctype.h>
#include <getopt.h>
#include <limits.h>
#include <math.h>

#include "bytes/text.h"
#include "cli/cli.h"
#include "cli/state.h"

enum { MAX_OPTIONS = 32, HELP_COLUMN = 26 };

static const struct cli_option common[] = {
    { 'q', "quiet", NULL, N_("only warnings and errors on standard error") },
    { 'h', "help", NULL, N_("print this help") },
    { 'V', "version", NULL, N_("print the version") },
    { 0 },
};

/* "[LANE]", but not "[SET=]COLUMN". */
static bool may_lack(const char *arg)
{
    const char *end = *arg == '[' ? strchr(arg, ']') : NULL;
    return end && !end[1];
}

static void print_option(const struct cli_option *option)
{
    char left[80];
    bool letter = option->key < CLI_LONG;
    int n = snprintf(left, sizeof left, "  %s%c%s", letter ? "-" : "  ", letter ? option->key : ' ',
                     option->name ? (letter ? ", --" : " --") : "");
    const char *arg = option->arg ? option->arg : "", *between = option->name ? "=" : " ";
    if (may_lack(arg))
        n += snprintf(left + n, sizeof left - (size_t)n, "%s[=%s", option->name, arg + 1);
    else
        n += snprintf(left + n, sizeof left - (size_t)n, "%s%s%s", option->name ? option->name : "", *arg ? between : "", arg);
    if (n > HELP_COLUMN - 2) {
        puts(left);
        printf("%*s", HELP_COLUMN, "");
    } else {
        printf("%-*s", HELP_COLUMN, left);
    }
    for (const char *line = ar_tr(option->help);;) {
        size_t len = strcspn(line, "\n");
        printf("%.*s\n", (int)len, line);
        if (!line[len])
            break;
        line += len + 1;
        printf("%*s", HELP_COLUMN, "");
    }
}

static void print_help(void)
{
    const char *usage = ar_tr("usage:");
    printf("%s", usage);
    for (const char *line = ar_tr(cli.tool->synopsis);;) {
        size_t len = strcspn(line, "\n");
        printf(" %s %.*s\n", cli.name, (int)len, line);
        if (!line[len])
            break;
        line += len + 1;
        printf("%*s", (int)ar_text_width(usage, strlen(usage)), "");
    }
    printf("\n%s\n\n", ar_tr(cli.tool->summary));
    for (const struct cli_option *option = cli.tool->options; option->key; option++)
        print_option(option);
    for (const struct cli_option *option = common; option->key; option++)
        print_option(option);
    if (cli.tool->examples)
        printf("\n%s\n%s\n", ar_tr("Examples:"), cli.tool->examples);
    printf("\n");
    printf(ar_tr("The manual has more: man %s, man analysisrun."), cli.name);
    printf("\n");
}

/* The table as getopt_long wants it. */
struct getopt_table {
    char letters[2 * MAX_OPTIONS + 3];
    struct option longs[MAX_OPTIONS + 1];
    size_t n_letters, n_longs;
};

static int argument_of(const struct cli_option *option)
{
    if (!option->arg)
        return no_argument;
    return may_lack(option->arg) ? optional_argument : required_argument;
}

static void add_options(struct getopt_table *table, const struct cli_option *options)
{
    for (const struct cli_option *o = options; o->key && table->n_longs < MAX_OPTIONS; o++) {
        if (o->key < CLI_LONG) {
            table->letters[table->n_letters++] = (char)o->key;
            if (o->arg)
                table->letters[table->n_letters++] = ':';
        }
        if (o->name)
            table->longs[table->n_longs++] = (struct option){ o->name, argument_of(o), NULL, o->key };
    }
}

int cli_next(int argc, char **argv, const char **arg, int *first)
{
    struct getopt_table table = { .letters = ":", .n_letters = 1 };
    if (cli.tool->command)
        table = (struct getopt_table){ .letters = "+:", .n_letters = 2 };
    add_options(&table, cli.tool->options);
    add_options(&table, common);
    opterr = 0;
    int before = optind ? optind : 1;
    int key = getopt_long(argc, argv, table.letters, table.longs, NULL);
    *arg = optarg;
    switch (key) {
    case -1:
        *first = optind;
        return CLI_END;
    case 'q':
        cli.quiet = true;
        return cli_next(argc, argv, arg, first);
    case 'h':
        print_help();
        return CLI_DONE;
    case 'V':
        printf("%s (analysisrun) %s\n", cli.name, AR_VERSION);
        return CLI_DONE;
    case ':':
        cli_usage("option '%s' needs an argument", argv[optind - 1]);
        return CLI_WRONG;
    case '?':
        if (optopt && optopt < CLI_LONG && strncmp(argv[before], "--", 2) != 0)
            cli_usage("unknown option '-%c'", optopt);
        else
            cli_usage("unknown option '%s', or an argument that it does not take", argv[before < argc ? before : argc - 1]);
        return CLI_WRONG;
    default:
        return key;
    }
}

bool cli_count(const char *option, const char *text, unsigned long min, unsigned long max, unsigned long *value)
{
    char *end;
    errno = 0;
    *value = strtoul(text, &end, 10);
    if (isdigit((unsigned char)*text) && !*end && errno == 0 && *value >= min && *value <= max)
        return true;
    if (max == ULONG_MAX)
        cli_usage("%s '%s': expected a number of at least %lu", option, text, min);
    else
        cli_usage("%s '%s': expected a number from %lu to %lu", option, text, min, max);
    return false;
}

bool cli_seconds(const char *option, const char *text, double *value)
{
    char *end;
    errno = 0;
    *value = strtod(text, &end);
    if (ar_text_is_json_number(text, strlen(text)) && !*end && errno == 0 && *value >= 0 && *value < 1e9)
        return true;
    cli_usage("%s '%s': expected a number of seconds", option, text);
    return false;
}

bool cli_size(const char *option, const char *text, uint64_t *bytes)
{
    char *end;
    errno = 0;
    unsigned long long n = strtoull(text, &end, 10);
    const char *units = "KMGT";
    const char *unit = *end ? strchr(units, toupper((unsigned char)*end)) : NULL;
    unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
    if (isdigit((unsigned char)*text) && errno == 0 && (!*end || (unit && !end[1])) && n > 0 && n <= (UINT64_MAX >> shift)) {
        *bytes = (uint64_t)n << shift;
        return true;
    }
    cli_usage("%s '%s': expected a size such as 512M or 4G", option, text);
    return false;
}

bool cli_is_tar(const char *operand)
{
    const char *tar = strstr(operand, ".tar");
    return tar && (!tar[4] || (tar[4] == '.' && !strchr(tar + 5, '/')));
}

bool cli_filter(const char *text, enum ar_filter *filter)
{
    if (strcmp(text, "gzip") == 0)
        *filter = AR_FILTER_GZIP;
    else if (strcmp(text, "zstd") == 0)
        *filter = AR_FILTER_ZSTD;
    else if (strcmp(text, "none") == 0)
        *filter = AR_FILTER_NONE;
    else {
        cli_usage("-Z '%s': expected gzip or zstd", text);
        return false;
    }
    return true;
}
