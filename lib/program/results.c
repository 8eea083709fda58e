/* SPDX-License-Identifier: MIT */
#include "program/results.h"

#include "lanes/emit.h"

struct ar_frame *ar_results_table(struct ar_results *results)
{
    return results->table;
}

const struct ar_frame *ar_results_artifacts(struct ar_results *results)
{
    return results->artifacts;
}

const struct ar_params *ar_results_params(struct ar_results *results)
{
    return &results->params;
}

void *ar_results_user(const struct ar_results *results)
{
    return results->method->user;
}

int ar_results_fail(struct ar_results *results, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    ar_failure_tell_list(&results->failure, format, arguments);
    va_end(arguments);
    return -1;
}

int ar_results_fail_detail(struct ar_results *results, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    ar_failure_detail_list(&results->failure, format, arguments);
    va_end(arguments);
    return -1;
}

/* ---- the step ------------------------------------------------------------------------------------------------------- */

static int load(struct ar_results *results, const struct ar_schema *schema, const struct ar_merged *merged, struct ar_error *error)
{
    results->table = ar_frame_read(merged->table.data, merged->table.len, ar_tr("entry 'analysis_results'"), error);
    if (!results->table)
        return -1;
    results->artifacts = ar_frame_read(merged->artifacts_text.data, merged->artifacts_text.len, ar_tr("entry 'artifacts'"), error);
    if (!results->artifacts)
        return -1;
    results->table->failure = &results->failure;
    return ar_params_take(&results->params, merged->params.data, merged->params.len, schema, error);
}

static int run(struct ar_results *results, struct ar_error *error)
{
    static const char mute[] = N_("the postprocess failed, and does not say why");
    const struct ar_method *method = results->method;
    pid_t self = ar_begin_function("postprocess");
    int status = method->postprocess ? method->postprocess(results) : 0;
    ar_end_forked(self, "postprocess");
    if (status != 0 && !results->failure.failed) {
        ar_failure_tell(&results->failure, mute);
        ar_failure_detail(&results->failure, "postprocess returned %d; ar_results_fail tells the reason.", status);
    }
    if (!results->failure.failed)
        return 0;
    ar_fail(error, AR_CONTENT, "%s", results->failure.message.len ? results->failure.message.data : ar_tr(mute));
    size_t n = results->failure.detail.len;
    return ar_hint(error, "%.*s", n > 0 ? (int)(n - 1) : 0, results->failure.detail.data);
}

static int take_table(const struct ar_results *results, const struct ar_merged *merged, struct ar_buf *csv, struct ar_error *error)
{
    struct ar_buf text;
    struct ar_post post = { 0 };
    ar_buf_init(&text);
    ar_frame_write(results->table, &text);
    int result = ar_buf_check(&text, error);
    if (result == 0 && (result = ar_post_from_output(&post, text.data, text.len, &merged->targets, ar_tr("its table"), error)) == 0) {
        ar_buf_add(csv, post.csv.data, post.csv.len);
        result = ar_buf_check(csv, error);
        ar_post_release(&post);
    } else if (result != 0) {
        ar_fail_in(error, "the postprocess of '%s'", results->method->name);
    }
    ar_buf_release(&text);
    return result;
}

int ar_results_judge(const struct ar_method *method, const struct ar_schema *schema, const struct ar_merged *merged, struct ar_buf *csv,
                     struct ar_error *error)
{
    struct ar_results results = { .method = method };
    ar_failure_init(&results.failure);
    ar_params_init(&results.params, &results.texts, &results.failure);
    int result = load(&results, schema, merged, error);
    if (result == 0)
        result = run(&results, error);
    if (result == 0)
        result = take_table(&results, merged, csv, error);
    ar_frame_free(results.table);
    ar_frame_free(results.artifacts);
    ar_params_release(&results.params);
    ar_failure_release(&results.failure);
    ar_arena_release(&results.texts);
    return result;
}

static int write_result(const struct ar_merged *merged, const struct ar_buf *csv, int fd, struct ar_error *error)
{
    struct ar_out *out = ar_out_new(fd, ar_tr("standard output"), AR_FILTER_NONE, error);
    struct ar_emit emit;
    if (!out)
        return -1;
    ar_emit_init(&emit, out, false);
    int result = 0;
    if (ar_emit_whole(&emit, NULL, AR_NAME_TARGETS, false, merged->targets_text.data, merged->targets_text.len, error) != 0 ||
        ar_emit_whole(&emit, NULL, AR_NAME_PARAMS, false, merged->params.data, merged->params.len, error) != 0 ||
        ar_emit_whole(&emit, NULL, AR_NAME_RESULT_CSV, true, csv->data, csv->len, error) != 0 || ar_emit_finish(&emit, error) != 0)
        result = -1;
    ar_emit_release(&emit);
    if (result == 0)
        return ar_out_close(out, error);
    ar_out_abandon(out);
    return -1;
}

int ar_results_step(const struct ar_method *method, const struct ar_schema *schema, int in_fd, int out_fd, struct ar_error *error)
{
    struct ar_merged merged;
    struct ar_buf csv;
    ar_merged_init(&merged);
    ar_buf_init(&csv);
    struct ar_in *in = ar_in_new(in_fd, ar_tr("standard input"), error);
    int result = in ? ar_merged_read(&merged, in, error) : -1;
    if (result == 0)
        result = ar_results_judge(method, schema, &merged, &csv, error);
    if (result == 0)
        result = write_result(&merged, &csv, out_fd, error);
    ar_in_free(in);
    ar_merged_release(&merged);
    ar_buf_release(&csv);
    return result;
}
