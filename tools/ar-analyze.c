/* SPDX-License-Identifier: MIT */
/*
 * ar-analyze: runs a method on each lane, several at a time, and writes the lane results in the order of the lanes.
 */
#include "cli/cache.h"
#include "cli/cli.h"
#include "cli/failures.h"
#include "cli/lanes.h"
#include "methods/analysis.h"
#include "methods/lane_record.h"
#include "methods/manifest.h"

enum { OPT_LOG = CLI_LONG, OPT_LANE, OPT_KEEP_GOING, OPT_KEEP_WORK, OPT_MEM, OPT_FORCE, OPT_KNOWN, OPT_RECORD, OPT_RETRIES };

enum { MAX_JOBS = 4096, MAX_RETRIES = 100 };

static const struct cli_option options[] = {
    { 'j', "jobs", "N", N_("run N methods at a time (default: the processors)") },
    { 'c', "contract", "NAME", N_("how METHOD is started and answers: files (default), lanes, first, analyzeseq") },
    { 't', "timeout", "SECONDS", N_("end a method that runs longer: TERM, 10 s later KILL") },
    { 'm', "manifest", "FILE", N_("the method's manifest: its fields, and params are checked against it") },
    { OPT_LOG, "log", "DIR", N_("keep the standard error of each lane's method in DIR/LANE.log") },
    { OPT_LANE, "lane", "LANE", N_("analyze only this lane; may be repeated; the others are 'not chosen'") },
    { OPT_KEEP_GOING, "keep-going", NULL, N_("end with status 0 although lanes failed") },
    { OPT_KEEP_WORK, "keep-work", NULL, N_("the folders of failed lanes stay, and are named") },
    { OPT_RETRIES, "retries", "N", N_("run a lane that failed again, up to N times") },
    { OPT_RECORD, "record", "FILE", N_("append to FILE how far each lane is: a line when something happens") },
    CLI_OPTION_BRIEF,
    { OPT_MEM, "mem", "SIZE", N_("limit the memory of each method's processes, as in 2G") },
    CLI_OPTION_CACHE,
    { 'n', "dry-run", NULL, N_("with --cache: run nothing, print which lanes would run, and why") },
    CLI_OPTION_WHY,
    { OPT_FORCE, "force", "LANE", N_("with --cache: do this lane again whatever is kept; may be repeated") },
    CLI_OPTION_FORCE_ALL,
    { OPT_KNOWN, "known", NULL, N_("with --cache: lanes that are not chosen have the result that is kept") },
    CLI_OPTION_OUTPUT,
    CLI_OPTION_COMPRESS,
    { 0 },
};

static const struct cli_tool tool = {
    .name = "ar-analyze",
    .synopsis = N_("[options] -- METHOD [ARG ...] < LANES > RESULTS"),
    .summary = N_("Runs METHOD for each lane, in a private folder with the lane's files, and collects\n"
                  "what it prints (one JSON object, or a CSV header with one row) and its pictures."),
    .options = options,
    .command = true,
    .examples = "  ar-analyze -j 8 -- ./method\n"
                "  parallel 'ar-analyze -o results/{/} -- ./method < {}' ::: lanes/*.tar",
};

struct analyze {
    struct ar_analysis analysis;
    const char *log_path, *record_path;
    bool keep_going, brief;
    struct cli_cache cache;
    struct ar_manifest manifest;
    bool has_manifest, has_contract;
    enum ar_contract contract; /* of -c */
    struct cli_output output;
    struct cli_lanes in;
    struct ar_buf program, start_dir; /* paths */
};

static void progress(const struct ar_analysis *analysis)
{
    cli_progress(analysis->done, analysis->n_lanes, analysis->failed);
}

static void tell_again(const struct ar_analysis *analysis, size_t lane, const char *cause)
{
    cli_info("lane '%s' failed and is run again (%u of %u): %s", analysis->what.targets->entry[lane].data, analysis->what.tries[lane],
             analysis->what.retries, cause);
}

/* Finds the method, opens the cache, and makes the method's environment. */
static int prepare_method(struct analyze *a, char **method, struct ar_error *error)
{
    struct ar_proc *proc = &a->analysis.what.proc;
    char *cwd = getcwd(NULL, 0);
    if (!cwd)
        return ar_fail_errno(error, errno, "cannot tell the current folder");
    ar_buf_add_text(&a->start_dir, cwd);
    free(cwd);
    if (ar_buf_check(&a->start_dir, error) != 0 || ar_proc_find(&a->program, method[0], a->start_dir.data, error) != 0)
        return -1;
    proc->name = method[0];
    proc->program = a->program.data;
    if (strchr(method[0], '/'))
        method[0] = a->program.data; /* the method starts in another folder */
    proc->argv = method;
    proc->stop = &cli_stop;
    const struct cli_cache_method kept = { .argv = method, .program = a->program.data, .start_dir = a->start_dir.data,
                                           .manifest = a->analysis.what.manifest, .contract = a->contract };
    if (cli_cache_open(&a->cache, &kept, error) != 0)
        return -1;
    a->analysis.cache = a->cache.path ? &a->cache.lanes : NULL;
    ar_env_init(&a->analysis.what.env);
    ar_files_env(&a->analysis.what.env, a->start_dir.data, a->has_manifest ? (unsigned)a->manifest.fields : AR_FIELDS_DEFAULT);
    return ar_env_check(&a->analysis.what.env, error);
}

static int open_logs(struct analyze *a, struct ar_error *error)
{
    a->analysis.what.logs = -1;
    if (a->log_path)
        a->analysis.what.logs = ar_dir_open(a->log_path, error);
    if (a->log_path && a->analysis.what.logs < 0)
        return -1;
    if (a->record_path)
        a->analysis.what.record = ar_lane_record_open(a->record_path, error);
    return a->record_path && a->analysis.what.record < 0 ? -1 : 0;
}

static int analyze_stream(struct analyze *a, struct ar_error *error)
{
    struct ar_entry entry;
    int got;
    while ((got = cli_lanes_next(&a->in, &entry, error)) > 0)
        if (ar_analysis_take(&a->analysis, &entry, error) != 0)
            return -1;
    return got == 0 ? ar_analysis_finish(&a->analysis, error) : -1;
}

/* What methods have left that cannot be deleted. */
static void tell_left(const struct analyze *a)
{
    const struct ar_analysis *analysis = &a->analysis;
    for (size_t i = 0; analysis->lane && i < analysis->n_lanes; i++) {
        if (!analysis->lane[i].left)
            continue;
        const char *lane = ar_stream_targets(a->in.stream)->entry[i].data;
        cli_warn("what the method left of lane '%s' stays: %s", lane, analysis->lane[i].left);
        cli_more("its folder: %s/%s", analysis->work.data, lane);
    }
}

/* Last on the screen: each lane that failed, with its cause, its log and how to run it again. */
static void tell_failures(const struct analyze *a)
{
    const struct ar_analysis *analysis = &a->analysis;
    struct cli_failures failures = { .how = CLI_FAILED, .logs = a->log_path, .again = true,
                                     .work = analysis->what.keep_work ? analysis->work.data : NULL };
    for (size_t i = 0; i < analysis->n_lanes; i++)
        if (analysis->lane[i].cause)
            cli_failures_add(&failures, &ar_stream_targets(a->in.stream)->entry[i], analysis->lane[i].cause, analysis->lane[i].log);
    cli_failures_tell(&failures);
    cli_failures_release(&failures);
}

/* The account, and last the lanes that failed. */
static void tell(const struct analyze *a)
{
    const struct ar_analysis *analysis = &a->analysis;
    size_t none = 0, not_chosen = 0, earlier = 0;
    for (size_t i = 0; i < analysis->n_lanes; i++) {
        none += analysis->lane[i].outcome == AR_LANE_NO_RESULT;
        not_chosen += analysis->lane[i].outcome == AR_LANE_NOT_CHOSEN;
        earlier += analysis->lane[i].outcome == AR_LANE_FAILED && !analysis->lane[i].cause;
    }
    struct ar_buf line;
    ar_buf_init(&line);
    cli_number(&line, analysis->n_lanes, "lane");
    ar_buf_add_tr(&line, ", %zu with a result", analysis->results);
    if (analysis->cache)
        ar_buf_add_tr(&line, ", %zu from the cache", analysis->cached);
    if (none)
        ar_buf_add_tr(&line, ", %zu without one", none);
    if (not_chosen)
        ar_buf_add_tr(&line, ", %zu not chosen", not_chosen);
    if (earlier)
        ar_buf_add_tr(&line, ", %zu failed before", earlier);
    if (analysis->failed)
        ar_buf_add_tr(&line, ", %zu failed", analysis->failed);
    cli_info("%s", line.data);
    ar_buf_release(&line);
    if (!a->brief)
        tell_failures(a);
}

/* Runs nothing, and prints what would run. */
static int run_dry(struct analyze *a, char **method, struct ar_error *error)
{
    const struct cli_cache_plan plan = { .chosen = a->analysis.chosen, .n_chosen = a->analysis.n_chosen,
                                         .check = ar_analysis_check_params, .arg = a->analysis.what.manifest };
    if (prepare_method(a, method, error) != 0 || cli_lanes_open(&a->in, NULL, NULL, "reading", error) != 0)
        return -1;
    return cli_cache_print(&a->cache, &a->in, &plan, error);
}

static int run(struct analyze *a, char **method, struct ar_error *error)
{
    if (a->cache.dry)
        return run_dry(a, method, error);
    if (prepare_method(a, method, error) != 0 || open_logs(a, error) != 0 ||
        cli_lanes_open(&a->in, NULL, &a->output, "analyzing", error) != 0)
        return -1;
    cli_progress_start("analyzing", N_("lanes"));
    ar_analysis_init(&a->analysis, a->in.stream, a->output.out);
    int result = analyze_stream(a, error);
    if (result != 0 && error->system_errno == EMFILE)
        ar_hint(error, "Take fewer jobs (-j), or have the limit raised (ulimit -Hn).");
    if (result == 0)
        result = cli_output_close(&a->output, false, error);
    else
        cli_output_abandon(&a->output);
    tell_left(a);
    if (result == 0)
        tell(a);
    if (result == 0 && a->analysis.failed && !a->brief)
        cli_failures_argument(method);
    return result;
}

static int parse_options(struct analyze *a, int argc, char **argv, int *first)
{
    const char *arg;
    struct ar_error error;
    unsigned long n;
    int key;
    while ((key = cli_next(argc, argv, &arg, first)) >= 0) {
        bool ok = true;
        switch (key) {
        case 'j':
            ok = cli_count("-j", arg, 1, MAX_JOBS, &n);
            a->analysis.jobs = (unsigned)n;
            break;
        case 'c':
            ok = ar_contract_parse(arg, &a->contract) && ar_contract_calls(a->contract);
            a->has_contract = ok;
            if (!ok)
                cli_usage("-c '%s': expected files, lanes, first or analyzeseq", arg);
            break;
        case 't':
            ok = cli_seconds("-t", arg, &a->analysis.what.proc.seconds);
            break;
        case 'm':
            ok = a->has_manifest = ar_manifest_load(&a->manifest, arg, &error) == 0;
            if (!ok)
                cli_fail(&error);
            break;
        case OPT_LOG:
            a->log_path = arg;
            break;
        case OPT_LANE:
            a->analysis.chosen[a->analysis.n_chosen++] = arg;
            break;
        case OPT_KEEP_GOING:
            a->keep_going = true;
            break;
        case OPT_RETRIES:
            ok = cli_count("--retries", arg, 0, MAX_RETRIES, &n);
            a->analysis.what.retries = (unsigned)n;
            break;
        case OPT_RECORD:
            a->record_path = arg;
            break;
        case CLI_BRIEF:
            a->brief = true;
            break;
        case OPT_KEEP_WORK:
            a->analysis.what.keep_work = true;
            break;
        case OPT_MEM:
            ok = cli_size("--mem", arg, &a->analysis.what.proc.memory);
            break;
        case 'o':
            a->output.path = arg;
            break;
        case 'Z':
            ok = cli_filter(arg, &a->output.filter);
            break;
        case 'n':
            a->cache.dry = true;
            a->cache.other = "-n";
            break;
        case OPT_FORCE:
            a->cache.lanes.forced[a->cache.lanes.n_forced++] = arg;
            a->cache.other = "--force";
            break;
        case OPT_KNOWN:
            a->cache.lanes.known = true;
            a->cache.other = "--known";
            break;
        default:
            cli_cache_option(&a->cache, key, arg);
        }
        if (!ok)
            return CLI_WRONG;
    }
    if (key == CLI_END && *first < argc && cli_is_tar(argv[*first]))
        return cli_usage("operand '%s': the stream is read from standard input, as in < %s", argv[*first],
                         argv[*first]), CLI_WRONG;
    if (key == CLI_END && *first == argc)
        return cli_usage("no method: expected -- METHOD [ARG ...]"), CLI_WRONG;
    if (key == CLI_END && !cli_cache_check(&a->cache))
        return CLI_WRONG;
    a->analysis.what.manifest = a->has_manifest ? &a->manifest : NULL;
    if (a->has_manifest && !a->has_contract)
        a->contract = a->manifest.contract;
    a->analysis.what.contract = ar_contract_calls(a->contract);
    if (key == CLI_END && !a->analysis.what.contract)
        return cli_usage("the contract '%s' of the manifest is not known here",
                         ar_contract_name(a->manifest.contract)), CLI_WRONG;
    return key;
}

int main(int argc, char **argv)
{
    struct analyze a = { 0 };
    struct ar_error error = { 0 };
    int first;
    cli_start(&tool);
    signal(SIGPIPE, SIG_IGN); /* its children are to be ended before it is */
    ar_buf_init(&a.program);
    ar_buf_init(&a.start_dir);
    ar_proc_init(&a.analysis.what.proc);
    a.analysis.what.root = a.analysis.what.record = -1;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    a.analysis.jobs = processors > 0 ? (unsigned)processors : 1;
    a.analysis.progress = progress;
    a.analysis.again = tell_again;
    a.analysis.chosen = calloc((size_t)argc, sizeof *a.analysis.chosen);
    cli_cache_init(&a.cache);
    a.cache.lanes.forced = calloc((size_t)argc, sizeof *a.cache.lanes.forced);
    int key = a.analysis.chosen && a.cache.lanes.forced ? parse_options(&a, argc, argv, &first) : CLI_WRONG;
    int status = key == CLI_DONE ? AR_OK : AR_INPUT;
    if (key == CLI_END)
        status = run(&a, argv + first, &error) == 0 ? AR_OK : error.system_errno == EPIPE ? AR_SYSTEM : cli_fail(&error);
    if (status == AR_OK && a.analysis.failed && !a.keep_going)
        status = AR_CONTENT;
    status = cli_close_output(status); /* who reads it need not wait until all is put away */
    ar_analysis_release(&a.analysis);
    cli_lanes_release(&a.in);
    ar_env_release(&a.analysis.what.env);
    if (a.has_manifest)
        ar_manifest_release(&a.manifest);
    free(a.analysis.chosen);
    free(a.cache.lanes.forced);
    cli_cache_release(&a.cache);
    ar_buf_release(&a.program);
    ar_buf_release(&a.start_dir);
    if (status == AR_SYSTEM && error.system_errno == EPIPE)
        cli_die_of_pipe(); /* now that all is ended, as others do at once */
    return cli_end(status);
}
