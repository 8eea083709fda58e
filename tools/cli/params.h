/* SPDX-License-Identifier: MIT */
/*
 * The options -p and -P: which params a tool takes.
 */
#ifndef AR_TOOLS_CLI_PARAMS_H
#define AR_TOOLS_CLI_PARAMS_H

#include "cli/cli.h"
#include "methods/manifest.h"

/* What the options say. */
struct cli_params {
    const char *path;        /* of -p, or NULL */
    const char **assignment; /* of -P: room for as many as there are arguments */
    size_t n;
};

/* Makes the room. False where memory ran out. */
bool cli_params_init(struct cli_params *options, int argc);
void cli_params_release(struct cli_params *options);

/*
 * Makes of the params of a stream (empty: it has none) those that are taken: those of -p in their place; changed by -P; checked and
 * completed by the schema, where there is one. A parameter that it does not have is told, where tell. 0 or -1.
 */
int cli_params_make(const struct cli_params *options, const struct ar_schema *schema, bool tell, struct ar_buf *params,
                    struct ar_error *error) AR_MUST_USE;

#endif
