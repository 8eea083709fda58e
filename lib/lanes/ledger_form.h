/* SPDX-License-Identifier: MIT */
/*
 * The form of a ledger: which types its members have.
 */
#ifndef AR_LANES_LEDGER_FORM_H
#define AR_LANES_LEDGER_FORM_H

#include "codecs/tree.h"

/*
 * Are the members of a ledger, of a lane or at the top, of the types that ar-stream(5) says? Others than those pass, and so do
 * the ledgers of lanes in one at the top, which are checked one by one. 0, or -1 (AR_INPUT): "WHAT /sets/as/rows: expected …,
 * found …".
 */
int ar_ledger_check_form(const struct ar_node *ledger, const char *what, struct ar_error *error) AR_MUST_USE;

#endif
