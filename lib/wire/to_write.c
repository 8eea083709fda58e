/* SPDX-License-Identifier: MIT */
/*
 * Writing their tars: each kind, and the error.
 */
#include "lanes/entries.h"
#include "lanes/params.h"
#include "wire/result.h"
#include "wire/to_parts.h"

/* ---- entries -------------------------------------------------------------------------------------------------------- */

int ar_to_broke(struct ar_to *s)
{
    s->broken = true;
    return -1;
}

static int open_output(struct ar_to *s)
{
    if (s->out)
        return 0;
    s->out = s->to->open(s->to->arg, s->to->kind, s->error);
    if (!s->out)
        return ar_to_broke(s);
    ar_tar_writer_init(&s->tar, s->out);
    return 0;
}

int ar_to_begin(struct ar_to *s, const char *name, uint64_t size)
{
    struct ar_tar_meta meta = { .name = name, .size = size, .is_file = true };
    if (open_output(s) != 0)
        return -1;
    return ar_tar_put(&s->tar, &meta, s->error) == 0 ? 0 : ar_to_broke(s);
}

int ar_to_put(struct ar_to *s, const char *name, bool is_file, const void *bytes, size_t n)
{
    struct ar_tar_meta meta = { .name = name, .size = n, .is_file = is_file };
    if (open_output(s) != 0)
        return -1;
    return ar_tar_put_whole(&s->tar, &meta, bytes, s->error) == 0 ? 0 : ar_to_broke(s);
}

int ar_to_send(struct ar_to *s, struct ar_waiting *waiting)
{
    if (ar_waiting_end(waiting) == 0)
        return 0;
    if (open_output(s) != 0)
        return -1;
    return ar_waiting_send(waiting, s->out, 0, ar_waiting_end(waiting), s->error) == 0 ? 0 : ar_to_broke(s);
}

/* An entry from a buffer, which is released; made: what making it gave. */
static int put_made(struct ar_to *s, const char *name, struct ar_buf *buf, int made)
{
    if (made == 0)
        made = ar_buf_check(buf, s->error);
    if (made == 0)
        made = ar_to_put(s, name, true, buf->data, buf->len);
    ar_buf_release(buf);
    return made;
}

/* ---- inputs --------------------------------------------------------------------------------------------------------- */

static int write_params(struct ar_to *s)
{
    const char *text = s->has_params ? s->params.data : AR_PARAMS_NONE;
    return ar_to_put(s, AR_NAME_PARAMS, false, text, strlen(text));
}

static int write_analyze_in(struct ar_to *s)
{
    const struct ar_target *target = ar_stream_targets(s->stream)->entry;
    if (ar_to_put(s, AR_NAME_DATA_NAME, false, target->data, target->data_len) != 0 ||
        ar_to_put(s, AR_NAME_SAMPLE_NAME, false, target->sample, target->sample_len) != 0)
        return -1;
    return write_params(s) != 0 ? -1 : ar_to_write_sets(s);
}

static int write_seq_in(struct ar_to *s)
{
    struct ar_buf targets;
    ar_buf_init(&targets);
    ar_targets_write(ar_stream_targets(s->stream), &targets);
    int result = ar_buf_check(&targets, s->error);
    if (result == 0)
        result = ar_to_put(s, AR_NAME_TARGETS, false, targets.data, targets.len);
    ar_buf_release(&targets);
    return result != 0 || write_params(s) != 0 ? -1 : ar_to_write_sets(s);
}

static int write_post_in(struct ar_to *s)
{
    struct ar_buf frame;
    ar_buf_init(&frame);
    int made = ar_wire_table_frame(&frame, s->result.data, s->result.len, s->error);
    return put_made(s, AR_NAME_ANALYSIS_RESULTS, &frame, made) != 0 ? -1 : write_params(s);
}

/* The entries of a run are all in the rest. What a run may lack with us, it must have with them. */
static int write_run_in(struct ar_to *s)
{
    if (ar_names_find(&s->rest_names, AR_NAME_SAMPLE_NAMES, strlen(AR_NAME_SAMPLE_NAMES)) < 0) {
        ar_fail(s->error, AR_INPUT, "the run has no entry 'sample_names'");
        return ar_hint(s->error, "Their runs must name the lanes: add a CSV with the columns data,sample.");
    }
    if (ar_names_find(&s->rest_names, AR_NAME_PARAMS, strlen(AR_NAME_PARAMS)) < 0 && write_params(s) != 0)
        return -1;
    return 0;
}

/* ---- outputs -------------------------------------------------------------------------------------------------------- */

static int write_analyze_out(struct ar_to *s)
{
    const struct ar_target *target = ar_stream_targets(s->stream)->entry;
    struct ar_buf series;
    ar_buf_init(&series);
    int made = s->has_result ? ar_wire_series(&series, s->result.data, s->result.len, s->error)
                             : ar_wire_series_none(&series, target->data, target->sample, s->error);
    s->to->results++;
    return put_made(s, AR_NAME_RESULT, &series, made) != 0 ? -1 : ar_to_send(s, &s->images);
}

/* Appends a table as they have it, with that text for what is missing. */
static int make_csv(struct ar_to *s, struct ar_buf *csv, const char *text, size_t n, const char *missing, const char *what)
{
    struct ar_table table;
    if (ar_table_parse(&table, text, n, what, s->error) != 0)
        return -1;
    int result = ar_wire_table_csv(csv, &table, s->to->dialect, missing, s->error);
    s->to->results += table.rows;
    ar_table_release(&table);
    return result;
}

/* The table of a lane without a result: its names. */
static void name_lane(struct ar_buf *table, const struct ar_target *target)
{
    ar_buf_clear(table);
    ar_buf_add_text(table, "data,sample_name\n");
    ar_value_add(table, AR_KIND_TEXT, target->data, target->data_len);
    ar_buf_add_char(table, ',');
    ar_value_add(table, AR_KIND_TEXT, target->sample, target->sample_len);
    ar_buf_add_char(table, '\n');
}

int ar_to_write_lane(struct ar_to *s, const struct ar_target *target)
{
    char name[AR_LANE_ID_MAX + sizeof "/" AR_NAME_RESULT];
    struct ar_buf csv;
    ar_buf_init(&csv);
    if (!s->has_result)
        name_lane(&s->result, target);
    snprintf(name, sizeof name, "%s/" AR_NAME_RESULT, target->data);
    int made = ar_buf_check(&s->result, s->error);
    if (made == 0)
        made = make_csv(s, &csv, s->result.data, s->result.len, "", name);
    if (made == 0)
        made = ar_to_send(s, &s->images);
    return put_made(s, name, &csv, made);
}

/* The JSON of each row, called as the dialect does. */
static int write_jsons(struct ar_to *s, const struct ar_table *table)
{
    ssize_t column = ar_table_find(table, "data");
    if (column < 0)
        return ar_csv_fail_column(&table->header, "data", ar_tr("entry 'result_csv'"), s->error);
    for (size_t row = 0; row < table->rows; row++) {
        struct ar_cell cell = ar_table_cell(table, row, (size_t)column);
        struct ar_buf name, json;
        ar_buf_init(&name);
        ar_cell_add(&name, &cell);
        if (ar_buf_check(&name, s->error) != 0 || ar_targets_find(ar_stream_targets(s->stream), name.data, name.len) < 0) {
            ar_fail(s->error, AR_INPUT, "entry 'result_csv': '%s' is no lane of this run", name.data);
            ar_buf_release(&name);
            return -1;
        }
        ar_buf_clear(&s->scratch);
        ar_buf_add_format(&s->scratch, s->to->dialect == AR_DIALECT_FIRST ? AR_FOLDER_RESULT_JSON "%s" : "%s/" AR_WIRE_LANE_JSON,
                          name.data);
        ar_buf_release(&name);
        ar_buf_init(&json);
        ar_wire_json(&json, table, row, s->to->dialect);
        if (put_made(s, s->scratch.data, &json, ar_buf_check(&s->scratch, s->error)) != 0)
            return -1;
    }
    return 0;
}

/* In the present dialect the pictures come first; in the first one there are none. */
static int write_result(struct ar_to *s)
{
    struct ar_table table;
    struct ar_buf csv;
    ar_buf_init(&csv);
    const char *missing = s->to->dialect == AR_DIALECT_PRESENT ? AR_WIRE_MISSING : "";
    int made = make_csv(s, &csv, s->result.data, s->result.len, missing, "entry 'result_csv'");
    if (made == 0)
        made = ar_to_send(s, &s->images);
    if (put_made(s, AR_NAME_RESULT_CSV, &csv, made) != 0 ||
        ar_table_parse(&table, s->result.data, s->result.len, ar_tr("entry 'result_csv'"), s->error) != 0)
        return -1;
    int result = write_jsons(s, &table);
    ar_table_release(&table);
    return result;
}

/* ---- the whole ------------------------------------------------------------------------------------------------------ */

/* Unknown entries go on in inputs; the other side's outputs have no place for them. */
static int write_rest(struct ar_to *s, bool input)
{
    if (input)
        return ar_to_send(s, &s->rest);
    for (size_t i = 0; i < s->rest_names.count; i++) {
        bool added;
        if (ar_names_add(&s->to->left_out, s->rest_names.name[i].text, s->rest_names.name[i].len, &added) < 0)
            return ar_fail_memory(s->error);
    }
    return 0;
}

static int finish(struct ar_to *s)
{
    if (open_output(s) != 0)
        return -1;
    return ar_tar_finish(&s->tar, s->error) == 0 ? 0 : ar_to_broke(s);
}

int ar_to_write_all(struct ar_to *s)
{
    static int (*const write[])(struct ar_to *) = {
        [AR_WIRE_ANALYZE_IN] = write_analyze_in, [AR_WIRE_ANALYZE_OUT] = write_analyze_out, [AR_WIRE_POST_IN] = write_post_in,
        [AR_WIRE_POST_OUT] = write_result,       [AR_WIRE_SEQ_IN] = write_seq_in,           [AR_WIRE_RUN_IN] = write_run_in,
        [AR_WIRE_RUN_OUT] = write_result,        [AR_WIRE_SEQ_OUT] = NULL, /* lane by lane, while they were read */
    };
    enum ar_wire_kind kind = s->to->kind;
    if (write[kind] && write[kind](s) != 0)
        return -1;
    bool input = kind == AR_WIRE_ANALYZE_IN || kind == AR_WIRE_SEQ_IN || kind == AR_WIRE_POST_IN || kind == AR_WIRE_RUN_IN;
    return write_rest(s, input) != 0 ? -1 : finish(s);
}

/* ---- the error ------------------------------------------------------------------------------------------------------ */

/* The Python runner's own sentences, and what they say in English. */
static const struct {
    const char *input, *analysis, *run;
} sentences[] = {
    [AR_JAPANESE] = { "入力データの読み込みに失敗しました。入力形式を確認してください。", "解析処理中にエラーが発生しました。",
                      "解析中にエラーが発生しました。" },
    [AR_ENGLISH] = { "The input could not be read: please check its format.", "An error occurred in the analysis.",
                     "An error occurred in the run." },
};

static void failed_target(struct ar_buf *text, const struct ar_target *target, enum ar_language language)
{
    ar_buf_add_format(text, language == AR_JAPANESE ? "ターゲット %s (%s) の解析処理中にエラーが発生しました。"
                                                    : "An error occurred in the analysis of the target %s (%s).",
                      target->data, target->sample);
}

/* What the other side says of a failure: each of its programs in its own way. */
static void error_text(const struct ar_to *s, struct ar_buf *text)
{
    enum ar_wire_kind kind = s->to->kind;
    enum ar_language language = s->to->language;
    bool seq = kind == AR_WIRE_SEQ_IN || kind == AR_WIRE_SEQ_OUT;
    if (s->to->status == AR_INPUT) {
        ar_buf_add_text(text, sentences[language].input);
    } else if (seq && s->first_failed >= 0) {
        failed_target(text, &ar_stream_targets(s->stream)->entry[s->first_failed], language);
    } else if (s->to->dialect == AR_DIALECT_FIRST || seq) {
        ar_buf_add_text(text, sentences[language].analysis);
    } else {
        ar_buf_add_text(text, sentences[language].run);
        ar_buf_add(text, s->failed_text.data, s->failed_text.len);
    }
}

/* The pictures that were there by then. */
static int write_done(struct ar_to *s)
{
    bool done = s->first_failed >= 0 && s->to->kind == AR_WIRE_RUN_OUT && s->to->cause.status == AR_OK;
    return done ? ar_to_send(s, &s->images) : 0;
}

int ar_to_write_error(struct ar_to *s)
{
    struct ar_buf text;
    if (write_done(s) != 0)
        return -1;
    bool alone = !s->out;
    ar_buf_init(&text);
    error_text(s, &text);
    int result = ar_buf_check(&text, s->error);
    if (result == 0)
        result = ar_to_put(s, AR_NAME_ERROR, false, text.data, text.len);
    ar_buf_release(&text);
    return result == 0 && alone ? finish(s) : result;
}

int ar_wire_to_error(const struct ar_wire_to *to, struct ar_out *out, const struct ar_error *cause, struct ar_error *error)
{
    struct ar_wire_to alone = { .dialect = to->dialect, .language = to->language, .kind = AR_WIRE_ERROR,
                                .status = cause->status };
    struct ar_to s = { .to = &alone, .error = error, .out = out, .first_failed = -1 };
    ar_buf_init(&s.failed_text);
    ar_tar_writer_init(&s.tar, out);
    return ar_to_write_error(&s) != 0 ? -1 : finish(&s);
}
