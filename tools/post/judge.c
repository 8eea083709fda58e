/* SPDX-License-Identifier: MIT */
#include <fcntl.h>

#include "cli/failures.h"
#include "methods/lane_record.h"
#include "post/post.h"

enum { LOG_LINES = 20, LOG_BYTES = 4096 };

/* ---- before anything is read ---------------------------------------------------------------------------------------- */

static int open_log(struct post *post, struct ar_error *error)
{
    if (!post->log_path) {
        post->log = ar_spool_open(error);
        return post->log < 0 ? -1 : 0;
    }
    post->log = open(post->log_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return post->log < 0 ? ar_fail_open(error, errno, "cannot open the log '%s'", post->log_path) : 0;
}

/* The contract of -c, else of the manifest. Methods of "analyzeseq" have a postprocess by the contract "files". */
static enum ar_contract contract_of(const struct post *post)
{
    if (post->has_contract || !post->manifest_path)
        return post->contract;
    return post->manifest.contract == AR_CONTRACT_ANALYZESEQ ? AR_CONTRACT_FILES : post->manifest.contract;
}

int post_prepare(struct post *post, struct ar_error *error)
{
    if (post->manifest_path && ar_manifest_load(&post->manifest, post->manifest_path, error) != 0)
        return -1;
    if (!post->method[0])
        return 0;
    if (!getcwd(post->start_dir, sizeof post->start_dir))
        return ar_fail_errno(error, errno, "cannot tell the current directory");
    if (ar_proc_find(&post->program, post->method[0], post->start_dir, error) != 0 || open_log(post, error) != 0)
        return -1;
    const struct cli_cache_method method = { .argv = post->method, .program = post->program.data, .start_dir = post->start_dir,
                                             .manifest = post->manifest_path ? &post->manifest : NULL,
                                             .contract = contract_of(post), .post = true };
    return cli_cache_open(&post->cache, &method, error);
}

/* ---- judging ------------------------------------------------------------------------------------------------------- */

/* Has it judge. */
static int run_postprocess(struct post *post, struct ar_error *error)
{
    struct ar_merged *merged = &post->merged;
    unsigned fields = post->manifest_path ? (unsigned)post->manifest.fields : AR_FIELDS_DEFAULT;
    struct ar_error left = { 0 };
    struct ar_postprocess run = { .contract = contract_of(post), .argv = post->method, .start_dir = post->start_dir,
                                  .fields = fields, .seconds = post->seconds, .memory = post->memory, .log = post->log, .stop = &cli_stop,
                                  .merged = merged, .left = &left };
    int result = ar_postprocess_run(&run, &post->answer, error);
    if (left.status != AR_OK)
        cli_warn("what the postprocess left stays: %s", left.what);
    return result;
}

/* Tells under which key the answer is kept, as ar-analyze does of lanes: in a line without a lane. 0 or -1. */
static int record_key(const struct post *post, struct ar_error *error)
{
    static char empty[] = "";
    static const struct ar_target none = { .data = empty, .sample = empty };
    if (!post->record_path || !post->cache.path)
        return 0;
    const struct ar_lane_event event = { .target = &none, .state = post->cached ? "cached" : "result", .key = post->cache.lanes.asked.key };
    int fd = ar_lane_record_open(post->record_path, error);
    int result = fd >= 0 ? ar_lane_record_add(fd, &event, error) : -1;
    if (fd >= 0)
        close(fd);
    return result;
}

int post_judge(struct post *post, struct ar_error *error)
{
    struct ar_merged *merged = &post->merged;
    if (!post->method[0])
        return ar_post_from_table(&post->result, merged->table.data, merged->table.len, &merged->targets, error);
    if (post->cache.path && ar_post_cache_ask(&post->cache.lanes, merged, &post->answer, &post->cached, error) != 0)
        return -1;
    if (!post->cached && run_postprocess(post, error) != 0)
        return -1;
    const char *what = contract_of(post) == AR_CONTRACT_FILES ? ar_tr("standard output") : AR_NAME_RESULT_CSV;
    if (ar_post_from_output(&post->result, post->answer.data, post->answer.len, &merged->targets, what, error) == 0) {
        if (post->cache.path && !post->cached)
            ar_post_cache_keep(&post->cache.lanes, &post->answer);
        return record_key(post, error);
    }
    return ar_fail_in(error, "the postprocess '%s'", post->method[0]);
}

/* The end of the postprocess' log, below the message that it failed. */
static void show_log(const struct post *post)
{
    struct ar_buf tail;
    struct ar_error error;
    ar_buf_init(&tail);
    if (ar_log_tail(&tail, post->log, 0, LOG_LINES, LOG_BYTES, &error) == 0 && tail.len > 0) {
        cli_more("its log ends:");
        cli_more_lines(tail.data);
    }
    if (post->log_path)
        cli_more("its log is '%s'", post->log_path);
    ar_buf_release(&tail);
}

/* Who reads standard output is told by the stream that the postprocess failed. A file does not appear. */
static void pass_failure(struct post *post, const struct ar_error *cause)
{
    struct ar_error error = { 0 };
    struct ar_emit emit;
    if (post->folder || post->output.is_file)
        return;
    ar_emit_init(&emit, post->output.out, false);
    int result = ar_emit_whole(&emit, NULL, AR_NAME_ERROR, false, cause->what, strlen(cause->what), &error);
    ar_emit_release(&emit);
    if (result != 0 || cli_output_close(&post->output, false, &error) != 0)
        cli_fail(&error);
}

void post_tell_failure(struct post *post, const struct ar_error *cause)
{
    show_log(post);
    cli_failures_argument(post->method);
    pass_failure(post, cause);
}
