/* SPDX-License-Identifier: MIT */
/*
 * A listing on standard output.
 */
#ifndef AR_TOOLS_CLI_LISTING_H
#define AR_TOOLS_CLI_LISTING_H

#include "lanes/listing.h"

/* Prints it for people; input is its name, or NULL. 0, or -1 when memory ran out. */
int cli_listing_print(const struct ar_listing *listing, const char *input, struct ar_error *error) AR_MUST_USE;

/* Prints it as one JSON object (see lanes/listing.h); damaged: why reading failed, or NULL. 0, or -1 when memory ran out. */
int cli_listing_print_json(const struct ar_listing *listing, const char *input, const char *damaged,
                           struct ar_error *error) AR_MUST_USE;

#endif
