/* SPDX-License-Identifier: MIT */
/*
 * The schema of a run tar, as the Python runner prints it (ANALYSISRUN_MODE=showschema): which entries it has, and what is in them.
 */
#ifndef AR_RUNS_SCHEMA_JSON_H
#define AR_RUNS_SCHEMA_JSON_H

#include "methods/manifest.h"

/* Appends it, as one line of JSON with a line end. 0, or -1 when memory ran out. */
int ar_run_schema(const struct ar_manifest *manifest, struct ar_buf *out, struct ar_error *error) AR_MUST_USE;

#endif
