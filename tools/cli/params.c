/* SPDX-License-Identifier: MIT */
#include "cli/params.h"

#include "lanes/params.h"

bool cli_params_init(struct cli_params *options, int argc)
{
    *options = (struct cli_params){ .assignment = calloc((size_t)argc, sizeof *options->assignment) };
    return options->assignment != NULL;
}

void cli_params_release(struct cli_params *options)
{
    free(options->assignment);
    *options = (struct cli_params){ 0 };
}

/* Parameters that the method does not know may be misspelt. */
static int tell_unknown(const struct ar_schema *schema, const struct ar_buf *params, struct ar_error *error)
{
    struct ar_buf unknown, known;
    ar_buf_init(&unknown);
    ar_buf_init(&known);
    int result = ar_schema_unknown(schema, params->data, params->len, &unknown, &known, error);
    if (unknown.len) {
        cli_warn("not among the method's parameters: %s", unknown.data);
        cli_more("they are %s; what is not among them is handed over as it is", known.data);
    }
    ar_buf_release(&unknown);
    ar_buf_release(&known);
    return result;
}

/* Those of -p, else those of the stream. */
static int choose(const struct cli_params *options, struct ar_buf *params, struct ar_error *error)
{
    if (options->path) {
        ar_buf_clear(params);
        return ar_params_load(options->path, params, error);
    }
    if (params->len > 0)
        return ar_params_check(params->data, params->len, ar_tr("entry 'params'"), error);
    ar_buf_add_text(params, AR_PARAMS_NONE);
    return 0;
}

int cli_params_make(const struct cli_params *options, const struct ar_schema *schema, bool tell, struct ar_buf *params,
                    struct ar_error *error)
{
    if (choose(options, params, error) != 0)
        return -1;
    for (size_t i = 0; i < options->n; i++)
        if (ar_params_set(params, options->assignment[i], error) != 0)
            return -1;
    if (!schema)
        return ar_buf_check(params, error);
    struct ar_buf whole;
    ar_buf_init(&whole);
    if (ar_schema_apply(schema, params->data, params->len, &whole, ar_tr("params"), error) != 0) {
        ar_buf_release(&whole);
        return -1;
    }
    ar_buf_release(params);
    *params = whole;
    if (ar_buf_check(params, error) != 0)
        return -1;
    return tell ? tell_unknown(schema, params, error) : 0;
}
