/* SPDX-License-Identifier: MIT */
/*
 * The tars in tests/data/golden are what the Python runner itself reads and writes; result.csv there is what it returns when
 * it is run by hand. What our own ar-split makes of the same run is held against what the runner's inputs hold.
 */
#include "wire/from.h"

#include "bytes/text.h"
#include "check.h"
#include "codecs/decimal.h"
#include "codecs/pickle_write.h"
#include "golden.h"
#include "lanes/emit.h"
#include "lanes/gather.h"
#include "lanes/merged.h"
#include "lanes/samples.h"
#include "scratch.h"
#include "wire/result.h"
#include "wire/set.h"

static struct ar_error error;

/* ---- reading and converting ----------------------------------------------------------------------------------------- */

static struct ar_tar_map golden_tar(const char *name)
{
    struct ar_tar_map map;
    int fd = golden_open(name);
    CHECK(ar_tar_map_read(&map, fd, "'in.tar'", &error) == 0, "%s: %s", name, error.what);
    close(fd);
    return map;
}

static void golden_text(const char *name, struct ar_buf *text)
{
    int fd = golden_open(name);
    struct ar_in *in = ar_in_new(fd, name, &error);
    ar_buf_init(text);
    CHECK(in && ar_in_read_all(in, text, 1 << 20, &error) == 0, "%s", error.what);
    ar_in_free(in);
    close(fd);
}

struct told {
    enum ar_wire_kind kind;
    size_t lanes, failed;
    char error_text[256];
};

/* Converts; out is to be released. told may be NULL. */
static int convert(const struct ar_tar_map *map, enum ar_dialect dialect, struct ar_buf *out, struct told *told)
{
    struct ar_wire_from from = { .tar = map, .dialect = dialect };
    int fd = memfd_create("out", MFD_CLOEXEC);
    struct ar_out *stream = ar_out_new(fd, "out", AR_FILTER_NONE, &error);
    ar_buf_init(out);
    int result = ar_wire_from_write(&from, stream, &error);
    if (result == 0) {
        CHECK(ar_out_close(stream, &error) == 0, "%s", error.what);
        off_t size = lseek(fd, 0, SEEK_END);
        char *bytes = ar_buf_reserve(out, (size_t)size);
        CHECK(pread(fd, bytes, (size_t)size, 0) == size, " ");
        ar_buf_grew(out, (size_t)size);
    } else {
        ar_out_abandon(stream);
    }
    if (told) {
        *told = (struct told){ .kind = from.kind, .lanes = from.lanes, .failed = from.failed };
        snprintf(told->error_text, sizeof told->error_text, "%s", from.error_text.data);
    }
    close(fd);
    ar_wire_from_release(&from);
    return result;
}

static void convert_golden(const char *name, enum ar_dialect dialect, struct ar_buf *out, struct told *told)
{
    struct ar_tar_map map = golden_tar(name);
    CHECK(convert(&map, dialect, out, told) == 0, "%s: %s", name, error.what);
    ar_tar_map_release(&map);
}

/* What was made, as a tar. */
static struct ar_tar_map map_of(const struct ar_buf *bytes)
{
    struct ar_tar_map map;
    int fd = scratch_memory(bytes->data, bytes->len);
    CHECK(ar_tar_map_read(&map, fd, "'out.tar'", &error) == 0, "%s", error.what);
    close(fd);
    return map;
}

static const struct ar_tar_item *item_of(const struct ar_tar_map *map, const char *name)
{
    static const struct ar_tar_item none = { .data = "" };
    const struct ar_tar_item *item = ar_tar_map_find(map, name);
    CHECK(item != NULL, "entry '%s' is missing", name);
    return item ? item : &none;
}

/* Reads the stream as the tools do, which check the digests of all entries, their order and the lanes. */
static void check_stream(const struct ar_buf *bytes, const char *what)
{
    int fd = scratch_memory(bytes->data, bytes->len);
    struct ar_in *in = ar_in_new(fd, what, &error);
    struct ar_stream *stream = ar_stream_new(in, AR_STREAM_LANES | AR_STREAM_MERGED | AR_STREAM_RUN, &error);
    struct ar_entry entry;
    int got;
    while ((got = ar_stream_next(stream, &entry, &error)) > 0)
        ;
    CHECK(got == 0, "%s: %s", what, error.what);
    ar_stream_free(stream);
    ar_in_free(in);
    close(fd);
}

/* A tar made of those of map's entries whose bits are set in chosen, the last first where reversed, and of one more. */
static struct ar_tar_map remake(const struct ar_tar_map *map, unsigned chosen, bool reversed, const char *name, const char *body)
{
    int fd = memfd_create("tar", MFD_CLOEXEC);
    struct ar_out *out = ar_out_new(fd, "tar", AR_FILTER_NONE, &error);
    struct ar_tar_writer tar;
    ar_tar_writer_init(&tar, out);
    for (size_t i = 0; i < map->n; i++) {
        size_t number = reversed ? map->n - 1 - i : i;
        const struct ar_tar_item *item = &map->item[number];
        struct ar_tar_meta meta = { .name = item->name, .size = item->n, .is_file = item->is_file,
                                    .image_type = item->image_type };
        if (chosen & 1u << number)
            CHECK(ar_tar_put_whole(&tar, &meta, item->data, &error) == 0, "%s", error.what);
    }
    struct ar_tar_meta meta = { .name = name, .size = body ? strlen(body) : 0 };
    if (name)
        CHECK(ar_tar_put_whole(&tar, &meta, body, &error) == 0, "%s", error.what);
    CHECK(ar_tar_finish(&tar, &error) == 0 && ar_out_close(out, &error) == 0, "%s", error.what);
    lseek(fd, 0, SEEK_SET);
    struct ar_tar_map made;
    CHECK(ar_tar_map_read(&made, fd, "'in.tar'", &error) == 0, "%s", error.what);
    close(fd);
    return made;
}

#define ALL UINT32_MAX

/* ---- kinds ---------------------------------------------------------------------------------------------------------- */

static const struct golden {
    const char *name;
    enum ar_dialect dialect;
    enum ar_wire_kind kind;
    bool alone; /* by no entry told as of that dialect */
} goldens[] = {
    { "golden/first/analyze-0000.in.tar", AR_DIALECT_FIRST, AR_WIRE_ANALYZE_IN, false },
    { "golden/first/analyze-0007.out.tar", AR_DIALECT_FIRST, AR_WIRE_ANALYZE_OUT, false },
    { "golden/first/postprocess.in.tar", AR_DIALECT_FIRST, AR_WIRE_POST_IN, false },
    { "golden/first/postprocess.out.tar", AR_DIALECT_FIRST, AR_WIRE_POST_OUT, false },
    { "golden/first/error-in-method.out.tar", AR_DIALECT_FIRST, AR_WIRE_ERROR, true },
    { "golden/first/error-not-a-tar.out.tar", AR_DIALECT_FIRST, AR_WIRE_ERROR, true },
    { "golden/present/analyzeseq.in.tar.gz", AR_DIALECT_PRESENT, AR_WIRE_SEQ_IN, false },
    { "golden/present/analyzeseq.out.tar", AR_DIALECT_PRESENT, AR_WIRE_SEQ_OUT, false },
    { "golden/present/analyzeseq-second-lane-fails.out.tar", AR_DIALECT_PRESENT, AR_WIRE_SEQ_OUT, false },
    { "golden/present/run.in.tar.gz", AR_DIALECT_PRESENT, AR_WIRE_RUN_IN, false },
    { "golden/present/run.out.tar.gz", AR_DIALECT_PRESENT, AR_WIRE_RUN_OUT, false },
    { "golden/present/run-one-lane-fails.out.tar.gz", AR_DIALECT_PRESENT, AR_WIRE_RUN_OUT, false },
    { "golden/present/run-not-a-tar.out.tar.gz", AR_DIALECT_PRESENT, AR_WIRE_ERROR, true },
};

static void test_tells_the_kind_from_the_entries_in_any_order(void)
{
    for (size_t i = 0; i < AR_COUNT(goldens); i++) {
        const struct golden *g = &goldens[i];
        struct ar_tar_map map = golden_tar(g->name);
        struct ar_tar_map turned = remake(&map, ALL, true, NULL, NULL);
        enum ar_dialect other = g->dialect == AR_DIALECT_FIRST ? AR_DIALECT_PRESENT : AR_DIALECT_FIRST;
        enum ar_wire_kind kind = AR_WIRE_ERROR;
        CHECK(ar_wire_tell(&map, g->dialect, &kind, &error) == 0 && kind == g->kind, "%s: %s", g->name, ar_wire_kind_name(kind));
        CHECK(ar_wire_tell(&turned, g->dialect, &kind, &error) == 0 && kind == g->kind, "%s: %s", g->name,
              ar_wire_kind_name(kind));
        int result = ar_wire_tell(&map, other, &kind, &error);
        CHECK(result == (g->alone ? 0 : -1), "%s: %s", g->name, error.what);
        if (result != 0)
            CHECK(error.status == AR_INPUT && strstr(error.what, ar_dialect_name(g->dialect)), "%s: %s", g->name, error.what);
        ar_tar_map_release(&turned);
        ar_tar_map_release(&map);
    }
}

static void test_knows_our_own_streams(void)
{
    for (size_t i = 0; i < AR_COUNT(goldens); i++) {
        struct ar_buf out;
        enum ar_wire_kind kind;
        if (goldens[i].alone || goldens[i].kind == AR_WIRE_RUN_IN) /* a run is a run */
            continue;
        convert_golden(goldens[i].name, goldens[i].dialect, &out, NULL);
        struct ar_tar_map map = map_of(&out);
        for (enum ar_dialect dialect = AR_DIALECT_FIRST; dialect <= AR_DIALECT_PRESENT; dialect++) {
            CHECK(ar_wire_tell(&map, dialect, &kind, &error) == -1, "%s", goldens[i].name);
            CHECK(strstr(error.what, "our own"), "%s: %s", goldens[i].name, error.what);
        }
        ar_tar_map_release(&map);
        ar_buf_release(&out);
    }
}

static void test_converts_each_kind_to_a_stream_that_is_whole(void)
{
    for (size_t i = 0; i < AR_COUNT(goldens); i++) {
        struct ar_buf out, again;
        struct told told;
        convert_golden(goldens[i].name, goldens[i].dialect, &out, &told);
        CHECK(told.kind == goldens[i].kind && told.failed == 0, "%s", goldens[i].name);
        check_stream(&out, goldens[i].name);
        convert_golden(goldens[i].name, goldens[i].dialect, &again, NULL);
        CHECK(again.len == out.len && memcmp(again.data, out.data, out.len) == 0, "%s: other bytes", goldens[i].name);
        ar_buf_release(&again);
        ar_buf_release(&out);
    }
}

/* ---- entries that are missing, doubled, unknown --------------------------------------------------------------------- */

static void test_misses_every_entry_of_an_input(void)
{
    static const size_t inputs[] = { 0, 2, 6, 9 };
    for (size_t i = 0; i < AR_COUNT(inputs); i++) {
        const struct golden *g = &goldens[inputs[i]];
        struct ar_tar_map map = golden_tar(g->name);
        size_t sets = 0;
        for (size_t j = 0; j < map.n; j++)
            sets += strncmp(map.item[j].name, "image_", 6) == 0;
        for (size_t j = 0; j < map.n; j++) {
            bool set = strncmp(map.item[j].name, "image_", 6) == 0;
            unsigned mask = set ? ALL & ~(0xffffffu << (map.n - sets)) : ALL & ~(1u << j);
            struct ar_tar_map less = remake(&map, mask, false, NULL, NULL);
            struct ar_buf out;
            int result = convert(&less, g->dialect, &out, NULL);
            CHECK(result == -1 && error.status == AR_INPUT, "%s without %s: %d", g->name, map.item[j].name, result);
            const char *expected = set ? "holds no set" : map.item[j].name;
            if (strcmp(map.item[j].name, "sample_names") == 0)
                expected = "'targets' is missing"; /* nothing else tells it from the input of an analyzeseq */
            if (strcmp(map.item[j].name, "analysis_results") == 0)
                expected = "holds no entry";
            CHECK(strstr(error.what, expected), "%s without %s: %s", g->name, map.item[j].name, error.what);
            ar_tar_map_release(&less);
            ar_buf_release(&out);
        }
        ar_tar_map_release(&map);
    }
}

/* An entry that is not known goes through as it is; preprocessed_data is one. */
static void test_passes_on_what_is_not_known(void)
{
    static const struct {
        const char *name, *in, *out;
    } cases[] = {
        { "golden/first/analyze-0000.in.tar", "preprocessed_data", "preprocessed_data" },
        { "golden/first/analyze-0000.out.tar", "more", "more" },
        { "golden/first/postprocess.in.tar", "more", "more" },
        { "golden/present/analyzeseq.in.tar.gz", "preprocessed_data", "preprocessed_data" },
        { "golden/present/analyzeseq.out.tar", "0007/more", "0007/more" },
        { "golden/present/analyzeseq.out.tar", "more/x", "more/x" },
        { "golden/present/run.out.tar.gz", "0007/more", "0007/more" },
        { "golden/present/run.in.tar.gz", "more", "more" },
    };
    for (size_t i = 0; i < AR_COUNT(cases); i++) {
        struct ar_tar_map map = golden_tar(cases[i].name);
        struct ar_tar_map more = remake(&map, ALL, false, cases[i].in, "\x80\x04.any bytes");
        enum ar_dialect dialect = strstr(cases[i].name, "first/") ? AR_DIALECT_FIRST : AR_DIALECT_PRESENT;
        struct ar_buf out;
        CHECK(convert(&more, dialect, &out, NULL) == 0, "%s: %s", cases[i].name, error.what);
        check_stream(&out, cases[i].name);
        struct ar_tar_map made = map_of(&out);
        const struct ar_tar_item *item = item_of(&made, cases[i].out);
        CHECK_BYTES(item->data, item->n, "\x80\x04.any bytes", 12);
        ar_tar_map_release(&made);
        ar_buf_release(&out);
        ar_tar_map_release(&more);
        ar_tar_map_release(&map);
    }
}

/* Entries of two kinds in one tar; params that are no JSON; a pickle that is none. */
static void test_refuses_what_does_not_go_together(void)
{
    static const struct {
        const char *name, *in, *body, *what;
    } cases[] = {
        { "golden/first/analyze-0000.in.tar", "analysis_results", "", "holds entries of the input of an analyze and of" },
        { "golden/first/analyze-0000.in.tar", "targets", "{}", "analyze and of the input of an analyzeseq" },
        { "golden/first/analyze-0000.in.tar", "result_csv", "a\n", "'result_csv' does not belong into the input of an analyze" },
        { "golden/present/analyzeseq.out.tar", "params", "{}", "'params' does not belong into the output of an analyzeseq" },
        { "golden/present/analyzeseq.out.tar", "0000/params", "{}", "entry '0000/params' does not belong into the output" },
        { "golden/present/analyzeseq.out.tar", "1/images/x", "x", "lane '1' has no entry 'analysis_result'" },
        { "golden/first/postprocess.out.tar", "result_json/9", "{}", "entry 'result_json/9' is of a lane that has no row in" },
        { "golden/present/run.out.tar.gz", "9/result_json", "{}", "entry '9/result_json' is of a lane that has no row in" },
        { "golden/first/analyze-0000.in.tar", "image_analysis_results/9", "x", "'9' cannot be the name of a set" },
        { "golden/first/analyze-0000.in.tar", "image_analysis_results/x", "x", "entry 'image_analysis_results/x'" },
    };
    for (size_t i = 0; i < AR_COUNT(cases); i++) {
        struct ar_tar_map map = golden_tar(cases[i].name);
        struct ar_tar_map more = remake(&map, ALL, false, cases[i].in, cases[i].body);
        struct ar_buf out;
        enum ar_dialect dialect = strstr(cases[i].name, "first/") ? AR_DIALECT_FIRST : AR_DIALECT_PRESENT;
        CHECK(convert(&more, dialect, &out, NULL) == -1, "%s", cases[i].in);
        CHECK(error.status == AR_INPUT && strstr(error.what, cases[i].what), "%s: %s", cases[i].in, error.what);
        ar_tar_map_release(&more);
        ar_tar_map_release(&map);
        ar_buf_release(&out);
    }
}

static void test_refuses_params_that_are_no_object(void)
{
    static const size_t inputs[] = { 0, 2, 6, 9 };
    for (size_t i = 0; i < AR_COUNT(inputs); i++) {
        const struct golden *g = &goldens[inputs[i]];
        struct ar_tar_map map = golden_tar(g->name);
        unsigned mask = 0;
        for (size_t j = 0; j < map.n; j++)
            mask |= strcmp(map.item[j].name, "params") != 0 ? 1u << j : 0;
        static const char *const bodies[] = { "{'threshold': 4000}", "[]", "", "{} {}", "\xff" };
        for (size_t j = 0; j < AR_COUNT(bodies); j++) {
            struct ar_tar_map bad = remake(&map, mask, false, "params", bodies[j]);
            struct ar_buf out;
            CHECK(convert(&bad, g->dialect, &out, NULL) == -1 && error.status == AR_INPUT, "%s: %s", g->name, bodies[j]);
            CHECK(strstr(error.what, "entry 'params'"), "%s", error.what);
            ar_buf_release(&out);
            ar_tar_map_release(&bad);
        }
        ar_tar_map_release(&map);
    }
}

/* ---- lanes ---------------------------------------------------------------------------------------------------------- */

/* Cuts the small run into lanes, as ar-split does. */
static struct ar_tar_map split_small(void)
{
    struct ar_split split;
    ar_split_init(&split);
    int samples = golden_open("run-small/samples.csv"), as = golden_open("run-small/activity_spots.csv"),
        ss = golden_open("run-small/surrounding_spots.csv"), fd = memfd_create("split", MFD_CLOEXEC);
    struct ar_in *in = ar_in_new(samples, "samples.csv", &error);
    struct ar_buf text, bytes;
    ar_buf_init(&text);
    ar_buf_init(&bytes);
    struct ar_out *out = ar_out_new(fd, "split", AR_FILTER_NONE, &error);
    CHECK(ar_in_read_all(in, &text, 1 << 20, &error) == 0 &&
              ar_samples_parse(&split.targets, text.data, text.len, "samples.csv", &error) == 0 &&
              ar_run_add_file(&split.run, "activity_spots", as, "as.csv", &error) == 0 &&
              ar_run_add_file(&split.run, "surrounding_spots", ss, "ss.csv", &error) == 0 &&
              ar_split_read(&split, NULL, 0, NULL, &error) == 0 && ar_split_write(&split, out, NULL, &error) == 0 &&
              ar_out_close(out, &error) == 0,
          "%s", error.what);
    lseek(fd, 0, SEEK_SET);
    struct ar_tar_map map;
    CHECK(ar_tar_map_read(&map, fd, "'split.tar'", &error) == 0, "%s", error.what);
    ar_in_free(in);
    ar_buf_release(&text);
    ar_split_release(&split);
    close(fd);
    close(samples);
    close(as);
    close(ss);
    return map;
}

/* Two cells are equal, as values: pandas writes 5.8 for 5.80. */
static bool same_cell(const struct ar_table *a, size_t row_a, const struct ar_table *b, size_t row_b, size_t column)
{
    struct ar_cell x = ar_table_cell(a, row_a, column), y = ar_table_cell(b, row_b, column);
    if (ar_text_is_json_number(x.text, x.len) && ar_text_is_json_number(y.text, y.len))
        return ar_decimal_compare(x.text, x.len, y.text, y.len) == 0;
    struct ar_buf value;
    ar_buf_init(&value);
    ar_cell_add(&value, &x);
    bool same = ar_cell_is(&y, value.data, value.len);
    ar_buf_release(&value);
    return same;
}

/* Rows of want (only those of the entity, unless that is NULL) are those of got, in their order. Returns their number. */
static size_t check_rows(const struct ar_tar_item *want, const struct ar_tar_item *got, const char *entity)
{
    struct ar_table a, b;
    size_t next = 0;
    if (ar_table_parse(&a, want->data, (size_t)want->n, "want", &error) != 0 ||
        ar_table_parse(&b, got->data, (size_t)got->n, "got", &error) != 0) {
        CHECK(false, "%s", error.what);
        return 0;
    }
    CHECK(a.columns == b.columns, "%zu and %zu columns", a.columns, b.columns);
    for (size_t row = 0; row < a.rows; row++) {
        struct ar_cell cell = ar_table_cell(&a, row, (size_t)ar_table_find(&a, "Entity"));
        if (entity && !ar_cell_is(&cell, entity, strlen(entity)))
            continue;
        for (size_t i = 0; i < a.columns && next < b.rows; i++)
            CHECK(strcmp(a.name[i], b.name[i]) == 0 && same_cell(&a, row, &b, next, i), "%s: row %zu, column '%s'", want->name,
                  row, a.name[i]);
        next++;
    }
    CHECK(next == b.rows, "%s: %zu rows, expected %zu", want->name, b.rows, next);
    ar_table_release(&a);
    ar_table_release(&b);
    return next;
}

static void test_a_lane_has_the_rows_that_our_own_split_gives_it(void)
{
    struct ar_tar_map split = split_small();
    static const char *const lanes[] = { "0000", "0001" };
    for (size_t i = 0; i < AR_COUNT(lanes); i++) {
        char name[64], from[64];
        struct ar_buf out;
        snprintf(name, sizeof name, "golden/first/analyze-%s.in.tar", lanes[i]);
        convert_golden(name, AR_DIALECT_FIRST, &out, NULL);
        struct ar_tar_map made = map_of(&out);
        static const char *const sets[] = { "image_analysis_results/activity_spots", "image_analysis_results/surrounding_spots" };
        for (size_t j = 0; j < AR_COUNT(sets); j++) {
            snprintf(from, sizeof from, "%s/%s", lanes[i], sets[j]);
            CHECK(check_rows(item_of(&split, from), item_of(&made, sets[j]), NULL) > 10, " ");
        }
        ar_tar_map_release(&made);
        ar_buf_release(&out);
    }
    ar_tar_map_release(&split);
}

/* The runner cleansed the sets of this one. */
static void test_lanes_have_the_rows_that_our_own_split_gives_them(void)
{
    struct ar_tar_map split = split_small();
    struct ar_buf out;
    convert_golden("golden/present/analyzeseq.in.tar.gz", AR_DIALECT_PRESENT, &out, NULL);
    struct ar_tar_map made = map_of(&out);
    static const char *const lanes[] = { "0000", "0001", "0007", "0010" };
    static const size_t rows[4][2] = { { 30, 26 }, { 36, 33 }, { 6, 4 }, { 39, 27 } }; /* n, n_surrounding in result.csv */
    for (size_t i = 0; i < AR_COUNT(lanes); i++) {
        char name[64];
        snprintf(name, sizeof name, "%s/image_analysis_results/activity_spots", lanes[i]);
        CHECK(check_rows(item_of(&split, name), item_of(&made, name), "Activity Spots") == rows[i][0], "%s", lanes[i]);
        snprintf(name, sizeof name, "%s/image_analysis_results/surrounding_spots", lanes[i]);
        CHECK(check_rows(item_of(&split, name), item_of(&made, name), "Surrounding Spots") == rows[i][1], "%s", lanes[i]);
        snprintf(name, sizeof name, "%s/sample_name", lanes[i]);
        const struct ar_tar_item *want = item_of(&split, name), *got = item_of(&made, name);
        CHECK_BYTES(got->data, got->n, want->data, want->n);
    }
    ar_tar_map_release(&made);
    ar_buf_release(&out);
    ar_tar_map_release(&split);
}

/* Parses the ledger of a stream; NULL where it is none. The caller's. */
static json_t *ledger_of(const struct ar_tar_map *map, const char *name)
{
    const struct ar_tar_item *item = item_of(map, name);
    struct ar_ledger ledger = { 0 };
    CHECK(ar_ledger_parse(&ledger, item->data, (size_t)item->n, name, &error) == 0, "%s", error.what);
    json_t *json = ar_node_json(ledger.tree.root);
    ar_ledger_release(&ledger);
    return json;
}

/* Looks up "a.b.0.c". */
static const json_t *at(const json_t *json, const char *path)
{
    char step[64];
    for (const char *rest = path; *rest && json; rest += strcspn(rest, ".") + (rest[strcspn(rest, ".")] != '\0')) {
        snprintf(step, sizeof step, "%.*s", (int)strcspn(rest, "."), rest);
        json = json_is_array(json) ? json_array_get(json, (size_t)strtoul(step, NULL, 10)) : json_object_get(json, step);
    }
    return json;
}

static void check_member(const json_t *json, const char *path, json_int_t want)
{
    const json_t *value = at(json, path);
    CHECK(json_is_integer(value) && json_integer_value(value) == want, "%s: %d", path, (int)json_integer_value(value));
}

/* 118 rows of the set less the 33 of the lane: by awk on the CSV. */
static void test_rows_of_other_lanes_are_counted_as_dropped(void)
{
    struct ar_buf out;
    convert_golden("golden/first/analyze-0000.in.tar", AR_DIALECT_FIRST, &out, NULL);
    struct ar_tar_map made = map_of(&out);
    json_t *ledger = ledger_of(&made, "ledger");
    check_member(ledger, "sets.activity_spots.0.rows_in", 118);
    check_member(ledger, "sets.activity_spots.0.rows", 33);
    check_member(ledger, "sets.activity_spots.0.dropped.other_lanes", 85);
    const char *from = json_string_value(at(ledger, "converted.from")), *kind = json_string_value(at(ledger, "converted.kind"));
    CHECK_TEXT(from ? from : "", "first");
    CHECK_TEXT(kind ? kind : "", "the input of an analyze");
    CHECK(json_array_size(at(ledger, "converted.made")) == 1, " ");
    json_decref(ledger);
    ar_tar_map_release(&made);
    ar_buf_release(&out);
}

static void test_a_lane_without_rows_is_no_error(void)
{
    struct ar_tar_map map = golden_tar("golden/first/analyze-0000.in.tar");
    struct ar_tar_map other = remake(&map, ALL & ~1u, false, "data_name", "0042");
    struct ar_buf out;
    struct told told;
    CHECK(convert(&other, AR_DIALECT_FIRST, &out, &told) == 0 && told.failed == 0, "%s", error.what);
    check_stream(&out, "an empty lane");
    struct ar_tar_map made = map_of(&out);
    const struct ar_tar_item *set = item_of(&made, "image_analysis_results/activity_spots");
    static const char header[] = "MultiPointIndex,Entity,Value,Area,X,Note,Filename\n";
    CHECK_BYTES(set->data, set->n, header, sizeof header - 1);
    json_t *ledger = ledger_of(&made, "ledger");
    check_member(ledger, "sets.activity_spots.0.dropped.other_lanes", 118);
    json_decref(ledger);
    ar_tar_map_release(&made);
    ar_buf_release(&out);
    ar_tar_map_release(&other);
    ar_tar_map_release(&map);

    map = golden_tar("golden/present/analyzeseq.in.tar.gz");
    other = remake(&map, ALL & ~1u, false, "targets", "{\"0042\":\"x\",\"0007\":\"y\"}");
    CHECK(convert(&other, AR_DIALECT_PRESENT, &out, &told) == 0 && told.lanes == 2, "%s", error.what);
    check_stream(&out, "an empty lane of two");
    made = map_of(&out);
    set = item_of(&made, "0042/image_analysis_results/activity_spots");
    CHECK_BYTES(set->data, set->n, header, sizeof header - 1);
    ledger = ledger_of(&made, "ledger");
    check_member(ledger, "sets.activity_spots.rows_by_lane.0042", 0);
    check_member(ledger, "sets.activity_spots.rows_by_lane.0007", 6);
    check_member(ledger, "sets.activity_spots.dropped.not_in_samples", 105);
    json_decref(ledger);
    ar_tar_map_release(&made);
    ar_buf_release(&out);
    ar_tar_map_release(&other);
    ar_tar_map_release(&map);
}

static void test_a_set_that_does_not_tell_the_lane_is_refused(void)
{
    struct ar_tar_map map = golden_tar("golden/first/analyze-0000.in.tar");
    struct ar_buf pickle, behind, out;
    static const char csv[] = "Entity,Value\na,1\n";
    static const char *const text[] = { "Entity" };
    ar_buf_init(&pickle);
    ar_buf_init(&behind);
    CHECK(ar_pickle_frame_ends(&pickle, &behind, sizeof csv - 1, text, 1, &error) == 0, "%s", error.what);
    ar_buf_add(&pickle, csv, sizeof csv - 1);
    ar_buf_add(&pickle, behind.data, behind.len);
    int fd = memfd_create("tar", MFD_CLOEXEC);
    struct ar_out *file = ar_out_new(fd, "tar", AR_FILTER_NONE, &error);
    struct ar_emit emit;
    ar_emit_init(&emit, file, true);
    for (size_t i = 0; i < 3; i++)
        CHECK(ar_emit_whole(&emit, NULL, map.item[i].name, false, map.item[i].data, (size_t)map.item[i].n, &error) == 0, " ");
    CHECK(ar_emit_whole(&emit, NULL, "image_analysis_results/x", true, pickle.data, pickle.len, &error) == 0 &&
              ar_emit_finish(&emit, &error) == 0 && ar_out_close(file, &error) == 0, "%s", error.what);
    lseek(fd, 0, SEEK_SET);
    struct ar_tar_map bad;
    CHECK(ar_tar_map_read(&bad, fd, "'in.tar'", &error) == 0, "%s", error.what);
    CHECK(convert(&bad, AR_DIALECT_FIRST, &out, NULL) == -1 && error.status == AR_INPUT, " ");
    CHECK(strstr(error.what, "column 'Filename' not found") && strstr(error.what, "image_analysis_results/x"), "%s", error.what);
    close(fd);
    ar_emit_release(&emit);
    ar_buf_release(&out);
    ar_buf_release(&pickle);
    ar_buf_release(&behind);
    ar_tar_map_release(&bad);
    ar_tar_map_release(&map);
}

/* ---- results -------------------------------------------------------------------------------------------------------- */

/* A row of ours has the values of the runner's table, as far as it has its columns; False is false, and no digit is lost. */
static void check_row(const struct ar_table *ours, size_t row, const struct ar_table *runner, size_t runner_row)
{
    for (size_t i = 0; i < ours->columns; i++) {
        const char *name = ours->name[i];
        ssize_t column = ar_table_find(runner, name);
        if (column < 0 && strcmp(name, "data") == 0)
            column = ar_table_find(runner, "data_name");
        CHECK(column >= 0, "column '%s'", name);
        if (column < 0)
            continue;
        struct ar_cell got = ar_table_cell(ours, row, i), want = ar_table_cell(runner, runner_row, (size_t)column);
        struct ar_buf value;
        ar_buf_init(&value);
        ar_cell_add(&value, &want);
        if (strcmp(value.data, "True") == 0 || strcmp(value.data, "False") == 0)
            value.data[0] |= 0x20;
        CHECK(ar_cell_is(&got, value.data, value.len), "'%s' is '%.*s', expected '%s'", name, (int)got.len, got.text, value.data);
        ar_buf_release(&value);
    }
}

static struct ar_table runner_table(const char *name, struct ar_buf *text)
{
    struct ar_table table;
    golden_text(name, text);
    CHECK(ar_table_parse(&table, text->data, text->len, name, &error) == 0, "%s", error.what);
    return table;
}

static const char *const lane_ids[] = { "0000", "0001", "0007", "0010" }; /* the rows of result.csv */

static void check_results(const struct ar_buf *out, const char *entry, size_t row, const struct ar_table *runner, size_t rows)
{
    struct ar_tar_map made = map_of(out);
    const struct ar_tar_item *item = item_of(&made, entry);
    struct ar_table table;
    CHECK(ar_table_parse(&table, item->data, (size_t)item->n, entry, &error) == 0 && table.rows == rows, "%s", error.what);
    for (size_t i = 0; i < rows; i++)
        check_row(&table, i, runner, row + i);
    ar_table_release(&table);
    ar_tar_map_release(&made);
}

static void test_results_are_the_runners(void)
{
    struct ar_buf text, out;
    struct ar_table runner = runner_table("golden/first/result.csv", &text);
    char name[64];
    for (size_t i = 0; i < AR_COUNT(lane_ids); i++) {
        snprintf(name, sizeof name, "golden/first/analyze-%s.out.tar", lane_ids[i]);
        convert_golden(name, AR_DIALECT_FIRST, &out, NULL);
        check_results(&out, "analysis_result", i, &runner, 1);
        ar_buf_release(&out);
    }
    convert_golden("golden/first/postprocess.in.tar", AR_DIALECT_FIRST, &out, NULL);
    check_results(&out, "analysis_results", 0, &runner, 4);
    ar_buf_release(&out);
    convert_golden("golden/first/postprocess.out.tar", AR_DIALECT_FIRST, &out, NULL);
    check_results(&out, "result_csv", 0, &runner, 4);
    ar_buf_release(&out);
    ar_table_release(&runner);
    ar_buf_release(&text);

    runner = runner_table("golden/present/result.csv", &text);
    convert_golden("golden/present/analyzeseq.out.tar", AR_DIALECT_PRESENT, &out, NULL);
    for (size_t i = 0; i < AR_COUNT(lane_ids); i++) {
        snprintf(name, sizeof name, "%s/analysis_result", lane_ids[i]);
        check_results(&out, name, i, &runner, 1);
    }
    ar_buf_release(&out);
    convert_golden("golden/present/run.out.tar.gz", AR_DIALECT_PRESENT, &out, NULL);
    check_results(&out, "result_csv", 0, &runner, 4);
    ar_buf_release(&out);
    ar_table_release(&runner);
    ar_buf_release(&text);
}

/* Pictures to the byte, with their types where they have one. */
static void test_pictures_stay_as_they_are(void)
{
    static const char *const names[][2] = {
        { "golden/first/analyze-0007.out.tar", "images/0007_curve.png" },
        { "golden/present/analyzeseq.out.tar", "0007/images/0007_curve.png" },
        { "golden/present/run.out.tar.gz", "0007/images/0007_curve.png" },
    };
    for (size_t i = 0; i < AR_COUNT(names); i++) {
        struct ar_tar_map map = golden_tar(names[i][0]);
        struct ar_buf out;
        convert_golden(names[i][0], i ? AR_DIALECT_PRESENT : AR_DIALECT_FIRST, &out, NULL);
        struct ar_tar_map made = map_of(&out);
        const struct ar_tar_item *want = item_of(&map, names[i][1]), *got = item_of(&made, names[i][1]);
        CHECK(want->n == 2192, " ");
        CHECK(got->n == want->n && memcmp(got->data, want->data, want->n) == 0 && got->is_file, "%s", names[i][0]);
        CHECK_TEXT(got->image_type ? got->image_type : "", i ? "line" : "");
        ar_tar_map_release(&made);
        ar_tar_map_release(&map);
        ar_buf_release(&out);
    }
}

/* An orchestrator stores what 'artifacts' lists. */
static void test_pictures_of_a_result_are_listed(void)
{
    struct ar_buf out;
    convert_golden("golden/present/run.out.tar.gz", AR_DIALECT_PRESENT, &out, NULL);
    struct ar_tar_map made = map_of(&out);
    const struct ar_tar_item *item = item_of(&made, "artifacts");
    static const char row[] = "\n0001/images/0001_curve.png,0001,\"血清 #2, 1:100\",image,line,2192,";
    CHECK(memmem(item->data, item->n, row, sizeof row - 1), "%.*s", (int)item->n, item->data);
    ar_tar_map_release(&made);
    ar_buf_release(&out);
}

static void test_a_result_of_another_lane_is_refused(void)
{
    struct ar_tar_map map = golden_tar("golden/present/analyzeseq.out.tar");
    struct ar_tar_map more = remake(&map, ALL, false, "0042/analysis_result", "a,data,sample_name\n1,0041,x\n");
    struct ar_buf out;
    CHECK(convert(&more, AR_DIALECT_PRESENT, &out, NULL) == -1 && error.status == AR_CONTENT, " ");
    CHECK(strstr(error.what, "'data' is '0041', but the lane is '0042'"), "%s", error.what);
    ar_buf_release(&out);
    ar_tar_map_release(&more);
    ar_tar_map_release(&map);
}

/* The lane results of both dialects merge, as ar-merge does it. */
static void test_lane_results_can_be_merged(void)
{
    struct ar_gather gather;
    struct ar_buf out, merged;
    ar_gather_init(&gather);
    convert_golden("golden/present/analyzeseq.out.tar", AR_DIALECT_PRESENT, &out, NULL);
    int fd = scratch_memory(out.data, out.len), to = memfd_create("merged", MFD_CLOEXEC);
    struct ar_in *in = ar_in_new(fd, "in", &error);
    CHECK(ar_gather_take(&gather, in, "in", true, &error) == 0 && ar_gather_end(&gather, false, &error) == 0, "%s", error.what);
    ar_in_free(in);
    close(fd);
    struct ar_out *file = ar_out_new(to, "merged", AR_FILTER_NONE, &error);
    struct ar_emit emit;
    ar_emit_init(&emit, file, false);
    CHECK(ar_gather_write(&gather, &emit, &error) == 0 && ar_emit_finish(&emit, &error) == 0 && ar_out_close(file, &error) == 0,
          "%s", error.what);
    ar_emit_release(&emit);
    ar_gather_release(&gather);
    ar_buf_release(&out);
    lseek(to, 0, SEEK_SET);
    in = ar_in_new(to, "merged", &error);
    ar_buf_init(&merged);
    CHECK(ar_in_read_all(in, &merged, 1 << 20, &error) == 0, "%s", error.what);
    struct ar_tar_map map = map_of(&merged);
    json_t *ledger = ledger_of(&map, "ledger");
    CHECK_TEXT(json_string_value(at(ledger, "converted.from")), "present");
    json_decref(ledger);
    ar_tar_map_release(&map);
    ar_buf_release(&merged);
    ar_in_free(in);
    close(to);
}

/* What a postprocess' input becomes is read by what ar-post reads with. */
static void test_the_input_of_a_postprocess_becomes_a_merged_stream(void)
{
    struct ar_merged merged;
    struct ar_buf out;
    convert_golden("golden/first/postprocess.in.tar", AR_DIALECT_FIRST, &out, NULL);
    int fd = scratch_memory(out.data, out.len);
    struct ar_in *in = ar_in_new(fd, "merged", &error);
    ar_merged_init(&merged);
    CHECK(ar_merged_read(&merged, in, &error) == 0, "%s", error.what);
    CHECK(merged.targets.count == 4 && ar_merged_missing(&merged) == 0, "%zu", merged.targets.count);
    CHECK_TEXT(merged.targets.entry[1].sample, "血清 #2, 1:100");
    CHECK_TEXT(merged.params.data, "{\"threshold\": 4000, \"note\": \"しきい値\"}");
    ar_merged_release(&merged);
    ar_in_free(in);
    close(fd);
    ar_buf_release(&out);
}

/* ---- errors --------------------------------------------------------------------------------------------------------- */

static void test_an_error_follows_what_was_done_without_end_blocks(void)
{
    static const struct {
        const char *name;
        size_t lanes;
        const char *text, *holds;
    } cases[] = {
        { "golden/first/error-in-method.out.tar", 0, "解析処理中にエラーが発生しました。", NULL },
        { "golden/present/run-not-a-tar.out.tar.gz", 0, "入力データの読み込みに失敗しました。入力形式を確認してください。", NULL },
        { "golden/present/analyzeseq-second-lane-fails.out.tar", 1,
          "ターゲット 0001 (血清 #2, 1:100) の解析処理中にエラーが発生しました。", "0000/analysis_result" },
        { "golden/present/run-one-lane-fails.out.tar.gz", 3, "解析中にエラーが発生しました。\n- 0001 (血清 #2, 1:100)",
          "0010/images/0010_curve.png" },
    };
    for (size_t i = 0; i < AR_COUNT(cases); i++) {
        struct ar_buf out;
        struct told told;
        convert_golden(cases[i].name, strstr(cases[i].name, "first/") ? AR_DIALECT_FIRST : AR_DIALECT_PRESENT, &out, &told);
        struct ar_tar_map made = map_of(&out);
        CHECK(made.cut, "%s has end blocks", cases[i].name);
        CHECK(told.lanes == cases[i].lanes, "%zu", told.lanes);
        CHECK_TEXT(told.error_text, cases[i].text);
        CHECK_TEXT(made.item[made.n - 1].name, "error");
        CHECK_BYTES(made.item[made.n - 1].data, made.item[made.n - 1].n, cases[i].text, strlen(cases[i].text));
        CHECK(!cases[i].holds || ar_tar_map_find(&made, cases[i].holds), "%s", cases[i].holds);
        ar_tar_map_release(&made);
        ar_buf_release(&out);
    }
}

/* An input that is an error: nothing was done yet. A result with an error behind it is one all the same. */
static void test_an_error_in_any_tar_is_an_error(void)
{
    for (size_t i = 0; i < AR_COUNT(goldens); i++) {
        struct ar_buf out;
        struct told told;
        struct ar_tar_map map = golden_tar(goldens[i].name);
        if (!ar_tar_map_find(&map, "error")) {
            struct ar_tar_map bad = remake(&map, ALL, false, "error", "why");
            CHECK(convert(&bad, goldens[i].dialect, &out, &told) == 0, "%s: %s", goldens[i].name, error.what);
            CHECK_TEXT(told.error_text, "why");
            struct ar_tar_map made = map_of(&out);
            CHECK(made.cut, "%s", goldens[i].name);
            ar_tar_map_release(&made);
            ar_tar_map_release(&bad);
            ar_buf_release(&out);
        }
        ar_tar_map_release(&map);
    }
}

static void test_texts_follow_the_language(void)
{
    CHECK(ar_wire_language(NULL, NULL) == AR_JAPANESE, " ");
    CHECK(ar_wire_language("", "C.UTF-8") == AR_JAPANESE, " ");
    CHECK(ar_wire_language(NULL, "POSIX") == AR_JAPANESE, " ");
    CHECK(ar_wire_language(NULL, "ja_JP.UTF-8") == AR_JAPANESE, " ");
    CHECK(ar_wire_language(NULL, "en_US.UTF-8") == AR_ENGLISH, " ");
    CHECK(ar_wire_language(NULL, "de_DE@euro") == AR_ENGLISH, " ");
    CHECK(ar_wire_language("ja", "en_US.UTF-8") == AR_JAPANESE, " ");
    CHECK(ar_wire_language("en", "ja_JP.UTF-8") == AR_ENGLISH, " ");
    CHECK(ar_wire_language("en", NULL) == AR_ENGLISH, " ");
    struct ar_buf text;
    ar_buf_init(&text);
    ar_wire_error_lane(&text, "0001", "血清 #2, 1:100");
    CHECK_TEXT(text.data, "\n- 0001 (血清 #2, 1:100)");
    ar_buf_release(&text);
}

/* ---- single results ------------------------------------------------------------------------------------------------- */

static void add_series(struct ar_buf *pickle, const char *csv)
{
    struct ar_table table;
    CHECK(ar_table_parse(&table, csv, strlen(csv), "series", &error) == 0, "%s", error.what);
    CHECK(ar_pickle_series(pickle, &table, 0, &error) == 0, "%s", error.what);
    ar_table_release(&table);
}

/* want NULL: refused, with a text in the message. */
static void check_series(const char *csv, const char *data, const char *want, const char *what)
{
    struct ar_buf pickle, out;
    struct ar_wire_names names;
    ar_buf_init(&pickle);
    ar_buf_init(&out);
    ar_buf_init(&names.data);
    ar_buf_init(&names.sample);
    add_series(&pickle, csv);
    int result = ar_wire_result_from_pickle(&out, pickle.data, pickle.len, data, data ? "S" : NULL, &names, "the result", &error);
    CHECK(result == (want ? 0 : -1), "%s: %s", csv, error.what);
    if (want)
        CHECK_TEXT(out.data, want);
    else
        CHECK(error.status == AR_CONTENT && strstr(error.what, what), "%s", error.what);
    ar_buf_release(&pickle);
    ar_buf_release(&out);
    ar_buf_release(&names.data);
    ar_buf_release(&names.sample);
}

static void test_a_series_becomes_a_typed_row(void)
{
    check_series("a,data_name,sample_name\n1,\"007\",\"8\"\n", NULL, "a,data,sample_name\n1,007,\"8\"\n", NULL);
    check_series("a,b,c,d,e,f\n1.5,true,False,\"12\",,nan\n", "007",
                 "a,b,c,d,e,f,data,sample_name\n1.5,true,False,\"12\",,,007,S\n", NULL);
    check_series("a,data\n\"\",\"007\"\n", "007", "a,data,sample_name\n\"\",007,S\n", NULL);
    check_series("a,data\n1,\"007\"\n", NULL, "a,data,sample_name\n1,007,007\n", NULL);
    check_series("data,data_name\n\"007\",\"007\"\n", "007", "data,data_name,sample_name\n007,007,S\n", NULL);
    check_series("a,data_name\n1,\"7\"\n", "007", NULL, "'data' is '7', but the lane is '007'");
    check_series("a,data\n1,\"8\"\n", "007", NULL, "'data' is '8', but the lane is '007'");
    check_series("data,data_name\n\"007\",\"8\"\n", "007", NULL, "'data_name' is '8', but the lane is '007'");
    check_series("a\n1\n", NULL, NULL, "does not tell its lane");
}

static void test_a_frame_is_no_lane_result_and_a_series_no_table(void)
{
    struct ar_tar_map map = golden_tar("golden/first/postprocess.in.tar"), one = golden_tar("golden/first/analyze-0000.out.tar");
    const struct ar_tar_item *frame = item_of(&map, "analysis_results"), *series = item_of(&one, "analysis_result");
    struct ar_buf out;
    struct ar_wire_set set;
    ar_buf_init(&out);
    CHECK(ar_wire_result_from_pickle(&out, frame->data, frame->n, "0000", "S", NULL, "x", &error) == -1, " ");
    CHECK_TEXT(error.what, "x is a frame, expected a series");
    CHECK(ar_wire_table_from_pickle(&out, series->data, series->n, "x", &error) == -1, " ");
    CHECK_TEXT(error.what, "x is a series, expected a frame");
    CHECK(ar_wire_set_read(&set, series->data, series->n, "x", &error) == -1 && error.status == AR_INPUT, " ");
    CHECK_TEXT(error.what, "x is a series, expected a frame");
    ar_wire_set_release(&set);
    ar_buf_release(&out);
    ar_tar_map_release(&map);
    ar_tar_map_release(&one);
}

static void check_csv_result(const char *csv, const char *want, const char *what)
{
    struct ar_buf out;
    ar_buf_init(&out);
    int result = ar_wire_result_from_csv(&out, csv, strlen(csv), "007", "S", NULL, "the result", &error);
    CHECK(result == (want ? 0 : -1), "%s: %s", csv, error.what);
    if (want)
        CHECK_TEXT(out.data, want);
    else
        CHECK(error.status == AR_CONTENT && strstr(error.what, what), "%s", error.what);
    ar_buf_release(&out);
}

static void test_a_csv_of_pandas_becomes_a_typed_row(void)
{
    check_csv_result("a,b,c,d,e,data,sample_name\r\n1.50,True,False,,\"x,y\",007,S\r\n",
                     "a,b,c,d,e,data,sample_name\n1.50,true,false,,\"x,y\",007,S\n", NULL);
    check_csv_result("data_name,sample_name\n007,True\n", "data,sample_name\n007,True\n", NULL);
    check_csv_result("a\nTRUE\n", "a,data,sample_name\nTRUE,007,S\n", NULL);
    check_csv_result("a,data\n1,7\n", NULL, "'data' is '7', but the lane is '007'");
    check_csv_result("a,data\n1,007\n2,007\n", NULL, "has 2 rows");
    check_csv_result("a,data\n", NULL, "has no row");
    check_csv_result("a,a\n1,2\n", NULL, "the result");
    check_csv_result("", NULL, "the result");
    check_csv_result("a\n\"1\n", NULL, "the result");
}

static bool json_of(void *arg, const char *data, const char **text, size_t *n)
{
    const char *const *pairs = arg;
    for (; *pairs; pairs += 2)
        if (strcmp(pairs[0], data) == 0) {
            *text = pairs[1];
            *n = strlen(pairs[1]);
            return true;
        }
    return false;
}

static void test_json_beside_a_table_tells_its_types(void)
{
    static const char csv[] = "data_name,a,b,c,d\n01,1,True,,x\n02,1,True,,y\n03,1.0,False,,z\n";
    static const char *const json[] = {
        "01", "{\"data_name\":\"01\",\"a\":\"1\",\"b\":\"True\",\"c\":\"\",\"d\":\"x\"}",
        "02", "{\"d\":\"y\",\"c\":null,\"b\":true,\"a\":1,\"data_name\":\"02\"}", NULL };
    static const char *const bad[] = { "02", "{\"a\":NaN}", NULL };
    struct ar_buf out;
    ar_buf_init(&out);
    int result = ar_wire_table_from_csv(&out, csv, sizeof csv - 1, json_of, (void *)(uintptr_t)json, "x", &error);
    CHECK(result == 0, "%s", error.what);
    CHECK_TEXT(out.data, "data,a,b,c,d\n01,\"1\",True,\"\",x\n02,1,true,,y\n03,1.0,false,,z\n");
    ar_buf_clear(&out);
    CHECK(ar_wire_table_from_csv(&out, csv, sizeof csv - 1, NULL, NULL, "x", &error) == 0, "%s", error.what);
    CHECK_TEXT(out.data, "data,a,b,c,d\n01,1,true,,x\n02,1,true,,y\n03,1.0,false,,z\n");
    ar_buf_clear(&out);
    CHECK(ar_wire_table_from_csv(&out, csv, sizeof csv - 1, json_of, (void *)(uintptr_t)bad, "x", &error) == -1, " ");
    CHECK(error.status == AR_INPUT && strstr(error.what, "lane '02'"), "%s", error.what);
    ar_buf_release(&out);
}

/* ---- to them -------------------------------------------------------------------------------------------------------- */

/* Their result, to our form and back, is the same bytes. */
static void test_a_table_goes_back_to_the_runners_bytes(void)
{
    static const char *const names[][2] = { { "golden/first/result.csv", "golden/first/postprocess.out.tar" },
                                            { "golden/present/result.csv", "golden/present/run.out.tar.gz" } };
    for (int i = 0; i < 2; i++) {
        enum ar_dialect dialect = i ? AR_DIALECT_PRESENT : AR_DIALECT_FIRST;
        struct ar_buf text, ours, back;
        struct ar_table table;
        golden_text(names[i][0], &text);
        ar_buf_init(&ours);
        ar_buf_init(&back);
        CHECK(ar_wire_table_from_csv(&ours, text.data, text.len, NULL, NULL, "x", &error) == 0, "%s", error.what);
        CHECK(ar_table_parse(&table, ours.data, ours.len, "x", &error) == 0, "%s", error.what);
        CHECK(ar_wire_table_csv(&back, &table, dialect, "", &error) == 0, "%s", error.what);
        CHECK_TEXT(back.data, text.data);
        struct ar_tar_map map = golden_tar(names[i][1]);
        for (size_t row = 0; row < AR_COUNT(lane_ids); row++) {
            char name[64];
            snprintf(name, sizeof name, i ? "%s/result_json" : "result_json/%s", lane_ids[row]);
            const struct ar_tar_item *item = item_of(&map, name);
            ar_buf_clear(&back);
            ar_wire_json(&back, &table, row, dialect);
            json_t *got = ar_json_load(back.data, back.len, true, "got", &error);
            json_t *want = ar_json_load(item->data, item->n, true, "want", &error);
            const char *key;
            json_t *value;
            CHECK(got && want && json_object_size(got) == json_object_size(want), "%s", back.data);
            json_object_foreach (want, key, value) {
                json_t *member = json_object_get(got, key); /* the first dialect rounds to ten digits */
                double gap = json_number_value(member) - json_number_value(value);
                bool same = json_is_real(value) ? json_is_real(member) && gap < 1e-9 && gap > -1e-9 : json_equal(member, value);
                CHECK(same, "%s: %s: %s", name, key, back.data);
            }
            json_decref(got);
            json_decref(want);
        }
        ar_tar_map_release(&map);
        ar_table_release(&table);
        ar_buf_release(&text);
        ar_buf_release(&ours);
        ar_buf_release(&back);
    }
}

static void test_results_survive_the_way_there_and_back(void)
{
    static const char result[] = "a,b,c,d,e,data,sample_name\n1.50,true,\"12\",,\"x\"\"y\",0010,\"7\"\n";
    static const char same[] = "a,b,c,d,e,data,sample_name\n1.5,true,\"12\",,\"x\"\"y\",0010,\"7\"\n";
    static const char table[] = "a,data,b,sample_name,c\n1,0010,\"5\",\"7\",True\n,0011,x,y,\"a,b\"\n";
    struct ar_buf pickle, out;
    ar_buf_init(&pickle);
    ar_buf_init(&out);
    CHECK(ar_wire_series(&pickle, result, sizeof result - 1, &error) == 0, "%s", error.what);
    CHECK(memmem(pickle.data, pickle.len, "data_name", 9) != NULL, " ");
    CHECK(ar_wire_result_from_pickle(&out, pickle.data, pickle.len, "0010", "7", NULL, "x", &error) == 0, "%s", error.what);
    CHECK_TEXT(out.data, same);
    ar_buf_clear(&pickle);
    ar_buf_clear(&out);
    CHECK(ar_wire_series_none(&pickle, "0010", "7", &error) == 0, "%s", error.what);
    CHECK(ar_wire_result_from_pickle(&out, pickle.data, pickle.len, "0010", "7", NULL, "x", &error) == 0, "%s", error.what);
    CHECK_TEXT(out.data, "data,sample_name\n0010,\"7\"\n");
    ar_buf_clear(&pickle);
    ar_buf_clear(&out);
    CHECK(ar_wire_table_frame(&pickle, table, sizeof table - 1, &error) == 0, "%s", error.what);
    CHECK(ar_wire_table_from_pickle(&out, pickle.data, pickle.len, "x", &error) == 0, "%s", error.what);
    CHECK_TEXT(out.data, table);
    ar_buf_release(&pickle);
    ar_buf_release(&out);
}

static void test_texts_of_a_table_stay_texts(void)
{
    static const char table[] = "a,b,data,sample_name\n1,\"5\",01,NA\n2,\"true\",\"2\",\"\"\n";
    struct ar_buf pickle, out;
    ar_buf_init(&pickle);
    ar_buf_init(&out);
    CHECK(ar_wire_table_frame(&pickle, table, sizeof table - 1, &error) == 0, "%s", error.what);
    CHECK(ar_wire_table_from_pickle(&out, pickle.data, pickle.len, "x", &error) == 0, "%s", error.what);
    CHECK_TEXT(out.data, table);
    ar_buf_release(&pickle);
    ar_buf_release(&out);
}

static void test_a_set_survives_the_way_there_and_back(void)
{
    struct ar_buf csv, pickle;
    struct ar_wire_frame frame;
    struct ar_wire_set set;
    static char note[] = "Note";
    static char *const text[] = { note, NULL };
    golden_text("run-small/activity_spots.csv", &csv);
    size_t header = (size_t)(strchr(csv.data, '\n') - csv.data) + 1;
    CHECK(ar_wire_frame_init(&frame, csv.data, header, csv.len, text, &error) == 0, "%s", error.what);
    ar_buf_init(&pickle);
    ar_buf_add(&pickle, frame.before.data, frame.before.len);
    ar_buf_add(&pickle, csv.data, csv.len);
    ar_buf_add(&pickle, frame.behind.data, frame.behind.len);
    CHECK(pickle.len == ar_wire_frame_bytes(&frame, csv.len), "%zu", pickle.len);
    CHECK(memmem(frame.before.data, frame.before.len, "Note", 4) != NULL, " ");
    CHECK(memmem(frame.before.data, frame.before.len, "Entity", 6) != NULL, " ");
    CHECK(!memmem(frame.before.data, frame.before.len, "sample_name", 11), " ");
    CHECK(ar_wire_set_read(&set, pickle.data, pickle.len, "x", &error) == 0, "%s", error.what);
    CHECK_BYTES(set.csv, set.n, csv.data, csv.len);
    CHECK(set.csv >= pickle.data && set.csv < pickle.data + pickle.len, "copied");
    ar_wire_set_release(&set);
    ar_wire_frame_release(&frame);
    ar_buf_release(&pickle);
    ar_buf_release(&csv);
}

int main(void)
{
    test_tells_the_kind_from_the_entries_in_any_order();
    test_knows_our_own_streams();
    test_converts_each_kind_to_a_stream_that_is_whole();
    test_misses_every_entry_of_an_input();
    test_passes_on_what_is_not_known();
    test_refuses_what_does_not_go_together();
    test_refuses_params_that_are_no_object();
    test_a_lane_has_the_rows_that_our_own_split_gives_it();
    test_lanes_have_the_rows_that_our_own_split_gives_them();
    test_rows_of_other_lanes_are_counted_as_dropped();
    test_a_lane_without_rows_is_no_error();
    test_a_set_that_does_not_tell_the_lane_is_refused();
    test_results_are_the_runners();
    test_pictures_stay_as_they_are();
    test_pictures_of_a_result_are_listed();
    test_a_result_of_another_lane_is_refused();
    test_lane_results_can_be_merged();
    test_the_input_of_a_postprocess_becomes_a_merged_stream();
    test_an_error_follows_what_was_done_without_end_blocks();
    test_an_error_in_any_tar_is_an_error();
    test_texts_follow_the_language();
    test_a_series_becomes_a_typed_row();
    test_a_frame_is_no_lane_result_and_a_series_no_table();
    test_a_csv_of_pandas_becomes_a_typed_row();
    test_json_beside_a_table_tells_its_types();
    test_a_table_goes_back_to_the_runners_bytes();
    test_results_survive_the_way_there_and_back();
    test_texts_of_a_table_stay_texts();
    test_a_set_survives_the_way_there_and_back();
    return check_done();
}
