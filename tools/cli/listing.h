/* SPDX-License-Identifier: MIT */
/*
 * A listing for people.
 */
#ifndef AR_TOOLS_CLI_LISTING_H
#define AR_TOOLS_CLI_LISTING_H

#include "lanes/listing.h"

/* Prints it to standard output; input is its name, or NULL. 0, or -1 when memory ran out. */
int cli_listing_print(const struct ar_listing *listing, const char *input, struct ar_error *error) AR_MUST_USE;

#endif
