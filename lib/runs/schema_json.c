/* SPDX-License-Identifier: MIT */
#include "runs/schema_json.h"

#include "lanes/entries.h"

#define PARAMS_TEXT "解析全体に関わるパラメータ"
#define SAMPLES_TEXT "サンプル名CSVファイル（サンプル名とレーン番号の対応表）"

static void begin_entry(struct ar_buf *out, const char *path, const char *type, const char *description, bool is_file)
{
    ar_buf_add_text(out, "{\"path\": ");
    ar_json_add_string(out, path, strlen(path));
    ar_buf_add_format(out, ", \"required\": true, \"content_type\": \"%s\", \"description\": ", type);
    ar_json_add_string(out, description, strlen(description));
    ar_buf_add_format(out, ", \"pax_headers\": {%s}", is_file ? "\"is_file\": \"true\"" : "");
}

int ar_run_schema(const struct ar_manifest *manifest, struct ar_buf *out, struct ar_error *error)
{
    size_t n = 0;
    const char *schema = manifest->params ? ar_schema_text(manifest->params, &n) : NULL;
    ar_buf_add_text(out, "{\"schema_version\": \"1\", \"transport\": {\"type\": \"tar\", \"compression\": [\"tar\", \"tar.gz\"], "
                         "\"path_separator\": \"/\"}, \"tar_entries\": [");
    begin_entry(out, AR_NAME_PARAMS, "application/json", PARAMS_TEXT, false);
    ar_buf_add_text(out, ", \"json_schema\": ");
    if (schema)
        ar_buf_add(out, schema, n);
    else
        ar_buf_add_text(out, "{\"type\": \"object\"}");
    ar_buf_add_text(out, "}, ");
    begin_entry(out, AR_NAME_SAMPLE_NAMES, "text/csv", SAMPLES_TEXT, true);
    ar_buf_add_char(out, '}');
    for (size_t i = 0; i < manifest->n_sets; i++) {
        char *path;
        if (asprintf(&path, AR_FOLDER_SETS "%s", manifest->set[i].name) < 0)
            return ar_fail_memory(error);
        ar_buf_add_text(out, ", ");
        begin_entry(out, path, "text/csv", manifest->set[i].description ? manifest->set[i].description : "", true);
        ar_buf_add_char(out, '}');
        free(path);
    }
    ar_buf_add_text(out, "]}\n");
    return ar_buf_check(out, error);
}
