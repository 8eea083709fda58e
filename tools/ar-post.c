/* SPDX-License-Identifier: MIT */
/*
 * ar-post: judges the merged results together, and delivers the result.
 *
 * The whole stream is read and checked before the postprocess is started; what is large waits in spools meanwhile.
 */
#include "cli/failures.h"
#include "post/post.h"

enum { OPT_LOG = CLI_LONG, OPT_RECORD, OPT_MEM };

static const struct cli_option options[] = {
    { 'd', "directory", "DIR", N_("deliver into a folder for people, instead of a stream") },
    { 'k', "incomplete", NULL, N_("make a result although lanes failed, or were not chosen") },
    { 'c', "contract", "NAME", N_("how METHOD is started and answers: files (default), lanes or first") },
    { 't', "timeout", "SECONDS", N_("the postprocess may take no longer") },
    CLI_OPTION_MANIFEST,
    CLI_OPTION_PARAMS,
    CLI_OPTION_PARAM,
    { OPT_MEM, "mem", "SIZE", N_("limit the memory of the postprocess, as in 2G") },
    { OPT_LOG, "log", "FILE", N_("where the postprocess' standard error goes") },
    { OPT_RECORD, "record", "FILE", N_("with --cache: append to FILE under which key the answer is kept") },
    CLI_OPTION_BRIEF,
    CLI_OPTION_CACHE,
    CLI_OPTION_WHY,
    CLI_OPTION_FORCE_ALL,
    CLI_OPTION_OUTPUT,
    CLI_OPTION_COMPRESS,
    { 0 },
};

static const struct cli_tool tool = {
    .name = "ar-post",
    .synopsis = N_("[options] [-- METHOD [ARG ...]] < MERGED.tar"),
    .summary = N_("Judges the merged results of all lanes together: METHOD finds\n"
                  "analysis_results.csv, artifacts.csv and params.json, and prints a CSV or a JSON\n"
                  "array of objects. Without METHOD, the merged table is the result."),
    .options = options,
    .command = true,
    .examples = "  ar-merge --lanes lanes results | ar-post -- ./judge > result.tar\n"
                "  ar-merge < results.tar | ar-post -k -d result -- ./judge",
};

static int parse_options(struct post *post, int argc, char **argv, int *first)
{
    const char *arg;
    int key;
    while ((key = cli_next(argc, argv, &arg, first)) >= 0) {
        switch (key) {
        case 'd':
            post->folder = arg;
            break;
        case 'k':
            post->keep_going = true;
            break;
        case 'c':
            post->has_contract = ar_contract_parse(arg, &post->contract);
            if (!post->has_contract || post->contract == AR_CONTRACT_ANALYZESEQ)
                return cli_usage("-c '%s': expected files, lanes or first", arg), CLI_WRONG;
            break;
        case 't':
            if (!cli_seconds("-t", arg, &post->seconds))
                return CLI_WRONG;
            break;
        case 'm':
            post->manifest_path = arg;
            break;
        case 'p':
            post->params.path = arg;
            break;
        case 'P':
            post->params.assignment[post->params.n++] = arg;
            break;
        case OPT_MEM:
            if (!cli_size("--mem", arg, &post->memory))
                return CLI_WRONG;
            break;
        case OPT_RECORD:
            post->record_path = arg;
            break;
        case OPT_LOG:
            post->log_path = arg;
            break;
        case CLI_BRIEF:
            post->brief = true;
            break;
        case 'o':
            post->output.path = arg;
            break;
        case 'Z':
            if (!cli_filter(arg, &post->output.filter))
                return CLI_WRONG;
            break;
        default:
            cli_cache_option(&post->cache, key, arg);
        }
    }
    if (key == CLI_END && !cli_cache_check(&post->cache))
        return CLI_WRONG;
    if (key == CLI_END && post->folder && (post->output.path || post->output.filter != AR_FILTER_NONE)) {
        cli_usage("with -d the result goes into a folder: -o and -Z are for a stream");
        return CLI_WRONG;
    }
    return key;
}

/* ---- input ---------------------------------------------------------------------------------------------------------- */

static void step(void *arg, uint64_t done)
{
    const struct post *post = arg;
    cli_progress(done, ar_in_size(post->in), post->merged.error.n);
}

static int read_input(struct post *post, struct ar_error *error)
{
    const char *name = ar_tr("standard input");
    if (isatty(STDIN_FILENO)) {
        ar_fail(error, AR_INPUT, "standard input is a terminal, expected a merged stream");
        return ar_hint(error, "Pipe ar-merge into this tool; --help has an example.");
    }
    if (!post->folder && (cli_output_differs(&post->output, STDIN_FILENO, name, error) != 0 ||
                          cli_output_differs_path(&post->output, post->params.path, error) != 0))
        return -1;
    post->in = ar_in_new(STDIN_FILENO, name, error);
    if (!post->in)
        return -1;
    post->merged.tick = (struct ar_tick){ .step = step, .arg = post, .stop = &cli_stop };
    cli_progress_start("reading", "B");
    int result = ar_merged_read(&post->merged, post->in, error);
    cli_progress_end();
    ar_in_free(post->in);
    return result;
}

/* The params must fit the manifest. Those that ar-pack has completed stay as they are; which others there are, it has told. */
static int make_params(struct post *post, struct ar_error *error)
{
    struct ar_merged *merged = &post->merged;
    struct ar_buf params;
    ar_buf_init(&params);
    ar_buf_add(&params, merged->params.data, merged->params.len);
    int result = cli_params_make(&post->params, post->manifest.params, post->params.path || post->params.n, &params, error);
    if (result == 0)
        result = ar_merged_set_params(merged, &params, error);
    ar_buf_release(&params);
    return result;
}

/* ---- the result ----------------------------------------------------------------------------------------------------- */

/* Makes the result, unless lanes are missing and that was not allowed. Returns the status. */
static int make_result(struct post *post)
{
    struct ar_error error = { 0 };
    post->withheld = ar_merged_missing(&post->merged) > 0 && !post->keep_going;
    if (post->withheld)
        return AR_CONTENT;
    if (post_judge(post, &error) == 0) {
        post->has_result = true;
        return AR_OK;
    }
    int status = cli_fail(&error);
    if (post->method[0] && status == AR_CONTENT)
        post_tell_failure(post, &error);
    return status;
}

/* ---- output --------------------------------------------------------------------------------------------------------- */

static int deliver(struct post *post, struct ar_error *error)
{
    struct ar_delivery delivery = { .merged = &post->merged, .post = post->has_result ? &post->result : NULL,
                                    .postprocessed = post->method[0] != NULL };
    if (post->folder)
        return ar_deliver_folder(&delivery, post->folder, error);
    struct ar_emit emit;
    ar_emit_init(&emit, post->output.out, false);
    int result = ar_deliver_stream(&delivery, &emit, error);
    if (result == 0)
        result = ar_emit_finish(&emit, error);
    ar_emit_release(&emit);
    return result == 0 ? cli_output_close(&post->output, true, error) : -1;
}

/* The lanes with a result of which the postprocess has no row, as it may. */
static void add_left_out(const struct post *post, struct ar_buf *line)
{
    const struct ar_merged *merged = &post->merged;
    size_t n = 0, first = 0;
    for (size_t i = 0; post->has_result && i < merged->targets.count; i++)
        if (merged->outcome[i] == AR_OUTCOME_RESULT && post->result.row_of_lane[i] == AR_NO_ROW && n++ == 0)
            first = i;
    if (n == 0)
        return;
    struct ar_buf number;
    ar_buf_init(&number);
    cli_number(&number, n, "lane");
    ar_buf_add_tr(line, "; left out by the postprocess: %s, first '%s'", number.data, merged->targets.entry[first].data);
    ar_buf_release(&number);
}

/* The account in one line, and last the lanes that are missing. */
static void tell(const struct post *post)
{
    const struct ar_merged *merged = &post->merged;
    struct ar_buf line;
    ar_buf_init(&line);
    ar_account_describe(&merged->account, &line);
    if (post->withheld)
        ar_buf_add_text(&line, ar_tr("; no result"));
    else if (ar_merged_missing(merged) > 0)
        ar_buf_add_count(&line, post->result.table.rows, "; %" PRIu64 " row in the result, which is incomplete",
                         "; %" PRIu64 " rows in the result, which is incomplete");
    else
        ar_buf_add_count(&line, post->result.table.rows, "; %" PRIu64 " row in the result", "; %" PRIu64 " rows in the result");
    if (post->cached)
        ar_buf_add_text(&line, ar_tr(", from the cache"));
    add_left_out(post, &line);
    cli_info("%s", line.data);
    ar_buf_release(&line);
    if (post->brief)
        return;
    struct cli_failures others = { .how = CLI_MISSING };
    for (size_t i = 0; i < merged->targets.count; i++)
        if (merged->outcome[i] == AR_OUTCOME_NOT_CHOSEN)
            cli_failures_add(&others, &merged->targets.entry[i], ar_tr("not chosen"), "");
    cli_failures_tell(&others);
    cli_failures_release(&others);
    struct cli_failures failures = { .how = CLI_MISSING_FAILED };
    for (size_t i = 0; i < merged->error.n; i++)
        cli_failures_add(&failures, &merged->targets.entry[merged->error.body[i].lane],
                         merged->names.data + merged->error.body[i].cause, "");
    cli_failures_tell(&failures);
    cli_failures_release(&failures);
    if (post->withheld)
        cli_more("no result is made of a part of the lanes, unless asked for: -k");
}

static int run(struct post *post)
{
    struct ar_error error = { 0 };
    if (post_prepare(post, &error) != 0 ||
        (post->folder ? ar_folder_probe(post->folder, "result", &error) : cli_output_open(&post->output, &error)) != 0)
        return cli_fail(&error);
    int status = AR_OK;
    if (read_input(post, &error) != 0 || make_params(post, &error) != 0)
        status = cli_fail(&error);
    else
        status = make_result(post);
    bool whole = post->has_result || post->withheld;
    if (whole && !(whole = deliver(post, &error) == 0))
        status = cli_fail(&error);
    if (!whole && !post->folder)
        cli_output_abandon(&post->output);
    if (!whole)
        return status;
    tell(post);
    return status == AR_OK && post->merged.account.lanes[AR_OUTCOME_FAILED] > 0 ? AR_CONTENT : status;
}

int main(int argc, char **argv)
{
    struct post post = { .log = -1 };
    int first;
    cli_start(&tool);
    cli_cache_init(&post.cache);
    int key = cli_params_init(&post.params, argc) ? parse_options(&post, argc, argv, &first) : CLI_WRONG;
    if (key != CLI_END) {
        cli_params_release(&post.params);
        return cli_end(key == CLI_DONE ? AR_OK : AR_INPUT);
    }
    post.method = argv + first;
    ar_merged_init(&post.merged);
    ar_buf_init(&post.answer);
    ar_buf_init(&post.program);
    int status = run(&post);
    ar_post_release(&post.result);
    ar_manifest_release(&post.manifest);
    if (post.log >= 0)
        close(post.log);
    ar_merged_release(&post.merged);
    ar_buf_release(&post.answer);
    ar_buf_release(&post.program);
    cli_cache_release(&post.cache);
    cli_params_release(&post.params);
    return cli_end(status);
}
