/* SPDX-License-Identifier: MIT */
/*
 * A merged stream, read whole and checked before anything is made of it: every picture and file against the artifacts
 * table, every entry and the rows of the table against the ledgers, and the account of the rows. Bodies wait in spools; the
 * lanes' ledgers are taken apart one by one.
 */
#ifndef AR_LANES_MERGED_H
#define AR_LANES_MERGED_H

#include "bytes/tick.h"
#include "lanes/account.h"
#include "lanes/artifacts.h"
#include "lanes/waiting.h"

/* A body in a spool. */
struct ar_merged_body {
    size_t lane;   /* its number in targets */
    size_t name;   /* of a picture, in names */
    size_t cause;  /* of an error: its first line, in names */
    uint64_t start, end;
};

struct ar_merged_bodies {
    struct ar_merged_body *body;
    size_t n, room;
};

struct ar_merged {
    struct ar_targets targets;
    struct ar_buf targets_text, params, table, artifacts_text, ledger;
    struct ar_artifacts artifacts;   /* points into artifacts_text */
    struct ar_ledger top;            /* the ledger but for "lanes" */
    struct ar_json_span lanes;       /* that member, in ledger */
    enum ar_outcome *outcome;        /* by lane */
    struct ar_account account;
    struct ar_waiting images, others, errors, rest;
    struct ar_merged_bodies image, error; /* as they came */
    struct ar_buf names;
    struct ar_tick tick; /* told the bytes that were read; may be set by the caller */
};

/* Before anything else. */
void ar_merged_init(struct ar_merged *merged);
void ar_merged_release(struct ar_merged *merged);

/*
 * Reads and checks the stream. 0, or -1: AR_INPUT for what is not as it should be (a result is no merged stream);
 * AR_CONTENT for a stream that failed as a whole.
 */
int ar_merged_read(struct ar_merged *merged, struct ar_in *in, struct ar_error *error) AR_MUST_USE;

/* Appends the ledger that is made of those two parts, with its xxh3. 0, or -1 when memory ran out. */
int ar_merged_add_ledger(const struct ar_ledger *top, struct ar_json_span lanes, struct ar_buf *text, struct ar_error *error) AR_MUST_USE;

/* Takes a copy of params in the place of those that were read: the ledger is of them then. 0, or -1 when memory ran out. */
int ar_merged_set_params(struct ar_merged *merged, const struct ar_buf *params, struct ar_error *error) AR_MUST_USE;

/* Lanes that have no result because they failed, or were not chosen. */
size_t ar_merged_missing(const struct ar_merged *merged);

#endif
