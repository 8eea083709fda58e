/* SPDX-License-Identifier: MIT */
/*
 * Private to listings for people: what their files share.
 */
#ifndef AR_TOOLS_CLI_LISTING_SETS_H
#define AR_TOOLS_CLI_LISTING_SETS_H

#include "lanes/listing.h"

/* Prints a line to standard output, harmlessly. The format is translated. */
void cli_say(const char *format, ...) AR_PRINTF(1, 2);

/* Prints "  columns: A, B, …", wrapped; nothing where there are none. */
void cli_print_columns(const json_t *columns);

/* Prints each set: source, where the rows went, rules, columns, entities. 0, or -1 when memory ran out. */
int cli_print_sets(const struct ar_listing *listing, struct ar_error *error) AR_MUST_USE;

/* Prints the errors of the whole, and those of lanes: each once, with the lanes that have it. */
void cli_print_errors(const struct ar_listing *listing);

#endif
