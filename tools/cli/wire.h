/* SPDX-License-Identifier: MIT */
/*
 * What is said of the tars of the Python runner, on the way from them and to them.
 */
#ifndef AR_TOOLS_CLI_WIRE_H
#define AR_TOOLS_CLI_WIRE_H

#include "wire/from.h"
#include "wire/to.h"

/* The language of texts for the other side: AR_LANG, else the locale. */
enum ar_language cli_wire_language(void);

/*
 * Reads a tar of the Python runner from fd (name says what it is), writes it to out as from says (less its tar), and tells in one
 * line what came in and where its rows went. *status becomes AR_CONTENT where it is an error, which was told. 0 or -1.
 */
int cli_wire_take(struct ar_wire_from *from, int fd, const char *name, struct ar_out *out, enum ar_status *status,
                  struct ar_error *error) AR_MUST_USE;

/* What went out, in one line. */
void cli_wire_to(const struct ar_wire_to *to);

/* Why an error went out: the lanes that failed, each with the end of its log. Returns the exit status. */
int cli_wire_error(const struct ar_wire_to *to);

#endif
