/* SPDX-License-Identifier: MIT */
/*
 * The account of a run: how its lanes ended, and where the rows of each set went. For each set:
 *
 *     rows of the source = analysed + dropped + in failed lanes + of lanes not chosen
 */
#ifndef AR_LANES_ACCOUNT_H
#define AR_LANES_ACCOUNT_H

#include "lanes/ledger.h"

/* How a lane ended. */
enum ar_outcome {
    AR_OUTCOME_NONE, /* it goes on: it was not analysed yet */
    AR_OUTCOME_RESULT,
    AR_OUTCOME_NO_RESULT,
    AR_OUTCOME_FAILED,
    AR_OUTCOME_NOT_CHOSEN,
    AR_OUTCOMES,
};

/* The outcome that a lane's ledger says. */
enum ar_outcome ar_ledger_ended(const struct ar_ledger *ledger);

/* Bytes of the first line of an error text that is not blank, cut to what a list has room for; *text moves to it. */
size_t ar_error_first_line(const char **text, size_t n);

struct ar_account_set {
    char *name;
    uint64_t source; /* rows of the source, where it is known */
    uint64_t dropped, analysed, failed, not_chosen;
};

/* A zeroed struct is the account of a run of which no source is known. */
struct ar_account {
    struct ar_account_set *set;
    size_t n_sets;
    bool has_source;
    struct ar_tree sets; /* of the ledger at the top */
    size_t lanes[AR_OUTCOMES];
};

/*
 * Adds the sources, from the ledger at the top: best before the lanes, whose rows are then held against them one by
 * one. 0 or -1.
 */
int ar_account_source(struct ar_account *account, const struct ar_ledger *top, struct ar_error *error) AR_MUST_USE;
void ar_account_release(struct ar_account *account);

/*
 * Adds a lane that has ended (its outcome may be another than its ledger says yet). 0, or -1 (AR_INPUT): its records do
 * not follow from one another, or from the source.
 */
int ar_account_add(struct ar_account *account, const char *lane, enum ar_outcome outcome, const struct ar_ledger *ledger,
                   struct ar_error *error) AR_MUST_USE;

/*
 * Does the account close, once all lanes are added? 0, or -1 (AR_INPUT) with the set and its numbers. Without a source
 * nothing is checked.
 */
int ar_account_check(const struct ar_account *account, struct ar_error *error) AR_MUST_USE;

/* Appends the account for people: "96 lanes; as: 100 rows, 90 analysed, 10 dropped; 2 lanes failed". */
void ar_account_describe(const struct ar_account *account, struct ar_buf *out);

#endif
