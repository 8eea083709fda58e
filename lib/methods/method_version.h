/* SPDX-License-Identifier: MIT */
/*
 * The version of what a method needs, as a command of its manifest prints it: "version": ["python3", "-m", "pip", "freeze"].
 */
#ifndef AR_METHODS_METHOD_VERSION_H
#define AR_METHODS_METHOD_VERSION_H

#include "methods/manifest.h"
#include "methods/proc.h"

/* The variable by which ar-run tells the tools that it starts a file that has what the command printed: it is run once. */
#define AR_VERSION_TOLD "AR_VERSION_TOLD"

#define AR_VERSION_MAX (UINT64_C(1) << 20) /* bytes that it may print */

/*
 * Runs the manifest's command in the manifest's folder, with empty standard input, and appends what it prints on standard output;
 * its standard error is the caller's. 0, or -1: AR_INPUT where it is not found or cannot be started, AR_CONTENT where it failed,
 * AR_SYSTEM where the system said no or stop was set. What it left running is ended.
 */
int ar_method_version(const struct ar_manifest *manifest, const volatile sig_atomic_t *stop, struct ar_buf *version,
                      struct ar_error *error) AR_MUST_USE;

#endif
