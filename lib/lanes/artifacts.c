/* SPDX-License-Identifier: MIT */
#include "lanes/artifacts.h"

#include "lanes/result.h"

enum { PATH, DATA, SAMPLE, KIND, IMAGE_TYPE, BYTES, XXH3 };

static const char *const names[AR_ARTIFACT_COLUMNS] = { "path", "data", "sample", "kind", "image_type", "bytes", "xxh3" };

void ar_artifacts_begin(struct ar_buf *out)
{
    for (size_t i = 0; i < AR_COUNT(names); i++) {
        ar_buf_add_text(out, names[i]);
        ar_buf_add_char(out, i + 1 < AR_COUNT(names) ? ',' : '\n');
    }
}

static void add_text(struct ar_buf *out, const char *text)
{
    if (text)
        ar_value_add(out, AR_KIND_TEXT, text, strlen(text));
    ar_buf_add_char(out, ',');
}

void ar_artifacts_add(struct ar_buf *out, const struct ar_artifact *artifact)
{
    add_text(out, artifact->path);
    add_text(out, artifact->data);
    add_text(out, artifact->sample);
    add_text(out, artifact->kind);
    add_text(out, artifact->image_type);
    ar_buf_add_format(out, "%" PRIu64 ",", artifact->bytes);
    if (artifact->xxh3)
        ar_value_add(out, AR_KIND_TEXT, artifact->xxh3, strlen(artifact->xxh3));
    ar_buf_add_char(out, '\n');
}

/* ---- reading -------------------------------------------------------------------------------------------------------- */

int ar_artifacts_parse(struct ar_artifacts *artifacts, const char *text, size_t n, const char *what, struct ar_error *error)
{
    if (ar_table_parse(&artifacts->table, text, n, what, error) < 0)
        return -1;
    for (size_t i = 0; i < AR_COUNT(names); i++) {
        ssize_t column = ar_table_find(&artifacts->table, names[i]);
        if (column < 0) {
            ar_csv_fail_column(&artifacts->table.header, names[i], what, error);
            ar_artifacts_release(artifacts);
            return -1;
        }
        artifacts->column[i] = (size_t)column;
    }
    return 0;
}

void ar_artifacts_release(struct ar_artifacts *artifacts)
{
    ar_table_release(&artifacts->table);
}

static bool read_bytes(const char *text, uint64_t *bytes)
{
    uint64_t value = 0;
    if (!*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
            return false;
    }
    *bytes = value;
    return true;
}

int ar_artifacts_get(const struct ar_artifacts *artifacts, size_t row, struct ar_artifact *artifact, struct ar_buf *scratch,
                     struct ar_error *error)
{
    size_t offset[AR_ARTIFACT_COLUMNS];
    bool missing[AR_ARTIFACT_COLUMNS];
    ar_buf_clear(scratch);
    for (size_t i = 0; i < AR_COUNT(names); i++) {
        struct ar_cell cell = ar_table_cell(&artifacts->table, row, artifacts->column[i]);
        offset[i] = scratch->len;
        missing[i] = cell.len == 0 && !cell.quoted;
        ar_cell_add(scratch, &cell);
        ar_buf_add_char(scratch, '\0');
    }
    if (ar_buf_check(scratch, error) < 0)
        return -1;
    const char *text[AR_ARTIFACT_COLUMNS];
    for (size_t i = 0; i < AR_COUNT(names); i++)
        text[i] = missing[i] ? NULL : scratch->data + offset[i];
    *artifact = (struct ar_artifact){ .path = text[PATH], .data = text[DATA], .sample = text[SAMPLE], .kind = text[KIND],
                                      .image_type = text[IMAGE_TYPE], .xxh3 = text[XXH3] };
    if (!text[PATH] || !*text[PATH])
        return ar_fail(error, AR_INPUT, "artifacts, row %zu: no path", row + 1);
    if (!text[BYTES] || !read_bytes(text[BYTES], &artifact->bytes))
        return ar_fail(error, AR_INPUT, "artifacts, row %zu: '%s' is no number of bytes", row + 1,
                       text[BYTES] ? text[BYTES] : "");
    return 0;
}
