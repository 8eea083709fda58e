/* SPDX-License-Identifier: MIT */
/*
 * A method as a run gets it: a manifest, or a program that prints one.
 */
#ifndef AR_RUNS_METHOD_H
#define AR_RUNS_METHOD_H

#include <signal.h>

#include "methods/manifest.h"

/* Zeroed, none. */
struct ar_method_source {
    char *path;                  /* as the user wrote it */
    bool program;                /* it is a program: the manifest is what it printed */
    struct ar_buf text;          /* of the manifest, as it is; of a program's, with the member "folder" before the others */
    struct ar_manifest manifest; /* of a program, its folder is that of the program */
    bool loaded;
    const volatile sig_atomic_t *stop; /* not 0: the program is to be ended; or NULL. The caller's, before it is loaded */
};

/*
 * Loads it: a file that may be executed and does not begin with a brace is a program, which is run with the argument --manifest
 * and must print its manifest. 0, or -1: AR_INPUT for what is neither, for a program that fails, and for a mistake in the manifest.
 */
int ar_method_load(struct ar_method_source *method, const char *path, struct ar_error *error) AR_MUST_USE;
void ar_method_release(struct ar_method_source *method);

/*
 * The command of a step as the tools take it, in a list that ends with NULL, of texts that are the caller's to free: a program with a
 * slash, and each argument that names a file in the manifest's folder, as an absolute path. NULL when memory ran out.
 */
char **ar_method_command(const struct ar_method_source *method, char *const *command, struct ar_error *error) AR_MUST_USE;
void ar_method_command_free(char **command);

#endif
