/* SPDX-License-Identifier: MIT */
/*
 * ar-run: a whole analysis with one command: from the files of a run to the result, in a folder, and only what changed is done again.
 *
 * How it is started decides what it does: in a folder, on the terminal or not, or behind a wrapper that talks through tars.
 */
#include <limits.h>
#include <signal.h>

#include "cli/wire.h"
#include "run/run.h"

enum {
    OPT_LANE_KEY = CLI_LONG,
    OPT_LANE,
    OPT_WHY,
    OPT_FORCE,
    OPT_RETRIES,
    OPT_AGAIN,
    OPT_SEQUENTIAL,
    OPT_WAIT,
    OPT_MEM,
    OPT_KEEP_WORK,
    OPT_JSON,
};

enum { MAX_JOBS = 4096, MAX_RETRIES = 1000 };

static const struct cli_option options[] = {
    { 'm', "manifest", "METHOD", N_("the method: its manifest, or a program that prints one") },
    { 's', "samples", "FILE", N_("the samples table: CSV with the columns data,sample") },
    CLI_OPTION_PARAMS,
    CLI_OPTION_PARAM,
    { 'd', "directory", "DIR", N_("the folder of the run (default: results/ beside the first set)") },
    { 'j', "jobs", "N", N_("run N methods at a time (default: the processors)") },
    { 't', "timeout", "SECONDS", N_("end a method that runs longer on a lane") },
    { 'k', "incomplete", NULL, N_("make a result although lanes failed, or were not chosen") },
    { 'n', "dry-run", NULL, N_("list what would be done for each lane, and why; run nothing") },
    { OPT_WHY, "why", NULL, N_("say of each lane that runs why it does") },
    { OPT_LANE, "lane", "LANE", N_("start only this lane; may be repeated; what is known of the others counts") },
    { OPT_FORCE, "force", "[LANE]", N_("do this lane again (without LANE: all), whatever is known") },
    { OPT_RETRIES, "retries", "N", N_("try a lane that failed again, up to N times") },
    { OPT_AGAIN, "again", "RUN.json", N_("the options of an earlier run; those given here count more") },
    { OPT_SEQUENTIAL, "sequential", NULL, N_("one lane after the other, nothing asked; the result on standard output") },
    { OPT_WAIT, "wait", NULL, N_("wait while another run has the folder") },
    { OPT_LANE_KEY, "lane-key", "[SET=]COLUMN[~REGEX]", N_("the column that tells the lane of a row, as in ar-split") },
    { OPT_MEM, "mem", "SIZE", N_("limit the memory of each method's processes, as in 2G") },
    { OPT_KEEP_WORK, "keep-work", NULL, N_("the folders of failed lanes stay, and are named") },
    { 'o', "output", "FILE", N_("for a run tar on standard input: write the result tar to FILE") },
    { 'Z', "compress", "FILTER", N_("likewise: compress it with gzip (default) or zstd, or not (none)") },
    { OPT_JSON, "json", NULL, N_("of status: print JSON") },
    { 0 },
};

static const struct cli_tool tool = {
    .name = "ar-run",
    .synopsis = N_("[options] -m METHOD SET=FILE ...\n[options] -m METHOD RUN.tar\n[options] -m METHOD < RUN.tar > RESULT.tar\n"
                   "status [--json] DIR\nverify DIR\nclean DIR"),
    .summary = N_("Runs a whole analysis: cuts the sets into lanes, cleanses them, runs METHOD on each,\n"
                  "judges the results together, and delivers them into a folder. What an earlier run has\n"
                  "done there, and what did not change since, is not done again."),
    .options = options,
    .examples = "  ar-run -m manifest.json -s samples.csv activity_spots=as.csv surrounding_spots=ss.csv\n"
                "  ar-run --again results/run.json -P threshold=0.9 --why\n"
                "  ar-run status results",
};

static bool take(char **field, const char *text)
{
    return run_set(field, text);
}

/* Options with a number: checked here, passed on as they are. */
static bool take_checked(struct run_options *o, int key, const char *arg)
{
    unsigned long n;
    double seconds;
    uint64_t bytes;
    switch (key) {
    case 'j':
        return cli_count("-j", arg, 1, MAX_JOBS, &n) && take(&o->jobs, arg);
    case 't':
        return cli_seconds("-t", arg, &seconds) && take(&o->timeout, arg);
    case OPT_RETRIES:
        return cli_count("--retries", arg, 0, MAX_RETRIES, &n) && take(&o->retries, arg);
    default:
        return cli_size("--mem", arg, &bytes) && take(&o->mem, arg);
    }
}

static bool take_option(struct run_options *o, int key, const char *arg, bool *json)
{
    switch (key) {
    case 'm':
        return take(&o->method, arg);
    case 's':
        return take(&o->samples, arg);
    case 'p':
        return take(&o->params, arg);
    case 'd':
        return take(&o->folder, arg);
    case 'o':
        return take(&o->output, arg);
    case 'Z':
        return cli_filter(arg, &o->filter) && take(&o->compress, arg);
    case OPT_AGAIN:
        return take(&o->again, arg);
    case 'P':
        return run_list_add(&o->param, arg);
    case OPT_LANE:
        return run_list_add(&o->lane, arg);
    case OPT_LANE_KEY:
        return run_list_add(&o->lane_key, arg);
    case OPT_FORCE:
        o->force_all |= !arg;
        return !arg || run_list_add(&o->force, arg);
    case 'k':
        return o->incomplete = true;
    case 'n':
        return o->dry = true;
    case OPT_WHY:
        return o->why = true;
    case OPT_SEQUENTIAL:
        return o->sequential = true;
    case OPT_WAIT:
        return o->wait = true;
    case OPT_KEEP_WORK:
        return o->keep_work = true;
    case OPT_JSON:
        return *json = true;
    default:
        return take_checked(o, key, arg);
    }
}

/* What run.json has of them may have been edited. */
static bool check_again(struct run_options *o)
{
    const struct {
        int key;
        const char *text;
    } given[] = { { 'j', o->jobs }, { 't', o->timeout }, { OPT_RETRIES, o->retries }, { OPT_MEM, o->mem } };
    for (size_t i = 0; i < AR_COUNT(given); i++)
        if (given[i].text && !take_checked(o, given[i].key, given[i].text))
            return false;
    return true;
}

/*
 * The lane of --force where it is a word of its own, as in --force 0007, or NULL. Nothing else can be meant by what is no option, no SET=FILE
 * and no run tar.
 */
static const char *take_lane(int argc, char **argv)
{
    const char *word = optind < argc ? argv[optind] : NULL;
    if (!word || !*word || *word == '-' || strchr(word, '=') || cli_is_tar(word))
        return NULL;
    optind++;
    return word;
}

/* A first one that is a bare word may be meant as a command. */
static void refuse_operand(const char *operand, bool first)
{
    if (first && !operand[strcspn(operand, "./=")])
        cli_usage("operand '%s': expected SET=FILE, as in activity_spots=as.csv, or a command: status, verify, clean", operand);
    else
        cli_usage("operand '%s': expected SET=FILE, as in activity_spots=as.csv", operand);
}

/* What stands behind the options: sets, or a run tar. */
static bool take_operands(struct run_options *o, char **operand, int n)
{
    for (int i = 0; i < n; i++) {
        const char *equals = strchr(operand[i], '=');
        if (equals && equals != operand[i]) {
            if (!run_list_add(&o->sets, operand[i]))
                return false;
        } else if (n == 1 && cli_is_tar(operand[i])) {
            return take(&o->run_tar, operand[i]);
        } else {
            refuse_operand(operand[i], i == 0);
            return false;
        }
    }
    return true;
}

/* ---- main ----------------------------------------------------------------------------------------------------------- */

/* The subcommands. */
static int run_subcommand(const char *name, char **operand, int n, bool json)
{
    if (n != 1) {
        cli_usage("%s: expected one folder of a run", name);
        return AR_INPUT;
    }
    if (strcmp(name, "status") == 0)
        return run_status(operand[0], json);
    return strcmp(name, "verify") == 0 ? run_verify(operand[0]) : run_clean(operand[0]);
}

/* Of the options of a run a command takes none: -n would not keep clean from deleting. */
static bool fits_command(const char *command, int key)
{
    const bool status = command && strcmp(command, "status") == 0;
    if (key == OPT_JSON ? status : !command)
        return true;
    if (command)
        cli_usage("%s: takes none of the options of a run", command);
    else
        cli_usage("--json: it is of ar-run status, and stands behind that: ar-run status --json DIR");
    return false;
}

/* Two options that say two things. */
static bool check_jobs(const struct run_options *o)
{
    if (o->sequential && o->jobs && strcmp(o->jobs, "1") != 0) {
        cli_usage("-j: with --sequential one lane runs after the other");
        return false;
    }
    return true;
}

static bool check_force(const struct run_options *o)
{
    for (size_t i = 0; o->lane.n && i < o->force.n; i++)
        if (!run_list_has(&o->lane, o->force.text[i])) {
            cli_usage("--force: the lane '%s' is not among those of --lane", o->force.text[i]);
            return false;
        }
    return true;
}

static int run_here(struct run *run)
{
    struct ar_error error = { 0 };
    struct run_options *o = &run->options;
    bool ask = isatty(STDIN_FILENO) && isatty(STDERR_FILENO) && !o->sequential && !o->dry;
    if (o->output || o->compress) {
        cli_usage("%s: a run from files is delivered into a folder (-d)", o->output ? "-o" : "-Z");
        return AR_INPUT;
    }
    if (run_take_input(o, &error) != 0 || (o->again && run_again(o, &error) != 0))
        return cli_fail(&error);
    if (o->again && !check_again(o))
        return AR_INPUT;
    if (o->method && ar_method_load(&run->method, o->method, &error) != 0)
        return cli_fail(&error);
    if (ask && run_ask(run, &error) != 0)
        return cli_fail(&error);
    int missing = run_missing(run);
    return missing == AR_OK ? run_local(run) : missing;
}

/* Who reads its messages or its result may go away: the run is finished, and tidied up, all the same. */
static int run_whole(struct run *run)
{
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);
    int status = run_is_wire(&run->options) ? run_wire(run) : run_here(run);
    signal(SIGPIPE, before);
    return status;
}

int main(int argc, char **argv)
{
    struct run run = { .method.stop = &cli_stop };
    const char *arg, *command = argc > 1 && ar_is_run_command(argv[1]) ? argv[1] : NULL;
    bool json = false;
    int first, key, status = AR_INPUT;
    cli_start(&tool);
    if (ar_wire_is_asked())
        ar_wire_default_language(); /* also of what is wrong with the command line */
    if (command) {
        argc--;
        argv++;
    }
    while ((key = cli_next(argc, argv, &arg, &first)) >= 0) {
        if (key == OPT_FORCE && !arg && !command)
            arg = take_lane(argc, argv);
        if (!fits_command(command, key) || !take_option(&run.options, key, arg, &json)) {
            key = CLI_WRONG;
            break;
        }
    }
    if (key == CLI_DONE)
        status = AR_OK;
    else if (key == CLI_END && command)
        status = run_subcommand(command, argv + first, argc - first, json);
    else if (key == CLI_END && check_jobs(&run.options) && check_force(&run.options) && take_operands(&run.options, argv + first, argc - first))
        status = run_whole(&run);
    else if (ar_wire_is_asked())
        status = run_wire_usage(&run);
    ar_method_release(&run.method);
    run_options_release(&run.options);
    if (run.nobody_reads)
        cli_die_of_pipe();
    return cli_end(status);
}
