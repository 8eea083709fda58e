/* SPDX-License-Identifier: MIT */
/*
 * Private to this room: a method's declaration as a manifest.
 */
#ifndef AR_PROGRAM_DECLARE_H
#define AR_PROGRAM_DECLARE_H

#include "analysisrun.h"
#include "methods/manifest.h"

/* Appends the manifest, in which the method's program is called name. */
void ar_declare(const struct ar_method *method, const char *name, struct ar_buf *out);

/*
 * The manifest of the method, checked. 0, or -1 (AR_INPUT): a mistake in the declaration. To be released by ar_manifest_release after
 * 0.
 */
int ar_declare_check(struct ar_manifest *manifest, const struct ar_method *method, const char *name, struct ar_error *error) AR_MUST_USE;

#endif
