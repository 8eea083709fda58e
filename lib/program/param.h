/* SPDX-License-Identifier: MIT */
/*
 * Private to this room: parameters as the public header gives them.
 */
#ifndef AR_PROGRAM_PARAM_H
#define AR_PROGRAM_PARAM_H

#include "analysisrun.h"
#include "codecs/json.h"
#include "methods/schema.h"
#include "program/arena.h"
#include "program/failure.h"

struct ar_params {
    struct ar_buf given;        /* as they came; they are taken again only where they differ */
    struct ar_buf text;         /* with defaults */
    struct ar_json_doc doc;     /* of text */
    bool ready;
    struct ar_arena *texts;     /* where what is given to the method stands */
    struct ar_failure *failure; /* where mistakes are recorded */
};

void ar_params_init(struct ar_params *params, struct ar_arena *texts, struct ar_failure *failure);
void ar_params_release(struct ar_params *params);

/* Takes params, checked and completed by the schema (or NULL). 0, or -1 (AR_INPUT). */
int ar_params_take(struct ar_params *params, const char *text, size_t n, const struct ar_schema *schema, struct ar_error *error)
    AR_MUST_USE;

#endif
