/* SPDX-License-Identifier: MIT */
/*
 * The ledger: the account of where every row went. Its format is in ar-stream(5).
 *
 * A lane's ledger holds, for each set, one record per stage, and the digests of the lane's other entries:
 *
 *     {"sets":{SET:[{"stage":"split","rows_in":N,"rows":N,"image_analysis_method":M,"bytes":N,"xxh3":HEX},
 *                   {"stage":"cleanse","rows_in":N,"rows":N,"dropped":{COLUMN:N},"rules":[RULE…]|"none",
 *                    "bytes":N,"xxh3":HEX},…]},
 *      "files":{NAME:{"bytes":N,"xxh3":HEX[,"image_type":TYPE]},…},
 *      "outcome":"result"|"no result"|"failed"|"not chosen","xxh3":HEX}
 *
 * The one at the top holds what ar-split saw, the digests of the other entries at the top, and, once the lanes are merged, their
 * ledgers:
 *
 *     {"sets":{SET:{"source":NAME,"bytes":N,"rows":N,…,"rows_by_lane":{L:N,…},"dropped":{REASON:N,…}}},
 *      "files":{…},"lanes":{L:{…},…},"xxh3":HEX}
 *
 * The member xxh3 at the end of either is the digest of the text before it (less the comma): a ledger that was damaged is not
 * believed. One without it, written by another program, is.
 */
#ifndef AR_LANES_LEDGER_H
#define AR_LANES_LEDGER_H

#include "bytes/digest.h"
#include "codecs/tree.h"

#define AR_STAGE_METHOD "method" /* of the rows that a method dropped by itself */

#define AR_LEDGER_MAX (UINT64_C(1) << 30) /* bytes of a ledger that is read */

struct ar_ledger {
    struct ar_tree tree; /* its root is an object, or NULL while there is none */
};

/* What one stage did with one set of a lane. */
struct ar_record {
    const char *stage; /* "split", "cleanse", "pack", "analyze" */
    uint64_t rows_in;
    uint64_t rows;
    const struct ar_node *dropped; /* object: reason → rows; or NULL where none were. ar_ledger_append copies it */
    const struct ar_node *rules;   /* array, or the text "none"; or NULL where the stage has no rules. The same */
    const char *method;            /* image-analysis method, or NULL */
    bool digested;      /* the stream holds the set: bytes and xxh3 are known */
    uint64_t bytes;
    char xxh3[AR_DIGEST_HEX + 1];
};

/* A ledger with nothing in it. 0, or -1 when memory ran out. */
int ar_ledger_init(struct ar_ledger *ledger, struct ar_error *error) AR_MUST_USE;
void ar_ledger_release(struct ar_ledger *ledger);

/* A copy of one, or, where there is nothing in that, one with nothing in it. The same. */
int ar_ledger_copy(struct ar_ledger *ledger, const struct ar_ledger *from, struct ar_error *error) AR_MUST_USE;

/* There is nothing in it then; memory is kept for the next that is read by ar_ledger_parse_next. */
void ar_ledger_clear(struct ar_ledger *ledger);

/*
 * Reads one; what names it in messages ("ledger of lane '0000'"). 0, or -1 (AR_INPUT): no JSON, a member of another type (see
 * lanes/ledger_form.h), or another text than its xxh3 says.
 */
int ar_ledger_parse(struct ar_ledger *ledger, const char *text, size_t n, const char *what, struct ar_error *error) AR_MUST_USE;

/* The same into a ledger that is cleared, or zeroed. */
int ar_ledger_parse_next(struct ar_ledger *ledger, const char *text, size_t n, const char *what, struct ar_error *error) AR_MUST_USE;

/* Appends its text, its xxh3 included, without a line end. */
void ar_ledger_write(const struct ar_ledger *ledger, struct ar_buf *out);

/*
 * -1 (AR_INPUT) where the text of a ledger has the member xxh3 at its end, and is another text than that says. ar_ledger_parse
 * does so, too.
 */
int ar_ledger_check_seal(const char *text, size_t n, const char *what, struct ar_error *error) AR_MUST_USE;

/* Appends the member xxh3 and the closing brace to the text of a ledger that begins at out->data + start and lacks them. */
void ar_ledger_seal(struct ar_buf *out, size_t start);

/* Its sets, an object: of a lane, SET → array of records, else SET → account. */
static inline struct ar_node *ar_ledger_sets(const struct ar_ledger *ledger)
{
    return ar_node_get(ledger->tree.root, "sets");
}

/* Its files, an object: NAME → {"bytes":N,"xxh3":HEX,…}. */
static inline struct ar_node *ar_ledger_files(const struct ar_ledger *ledger)
{
    return ar_node_get(ledger->tree.root, "files");
}

/* Appends a record to a set's. 0, or -1 when memory ran out. */
int ar_ledger_append(struct ar_ledger *ledger, const char *set, const struct ar_record *record,
                     struct ar_error *error) AR_MUST_USE;

/* The records of a set, an array, or NULL. */
struct ar_node *ar_ledger_records(const struct ar_ledger *ledger, const char *set);

/*
 * The first and the last record, and the last one with a digest; texts point into the ledger. False where there is none.
 */
bool ar_ledger_first(const struct ar_ledger *ledger, const char *set, struct ar_record *record);
bool ar_ledger_last(const struct ar_ledger *ledger, const char *set, struct ar_record *record);
bool ar_ledger_described(const struct ar_ledger *ledger, const char *set, struct ar_record *record);

/* Was the set cleansed, by rules or by the wish that there be none? */
bool ar_ledger_cleansed(const struct ar_ledger *ledger, const char *set);

/* Notes the digest of an entry, in the place of an earlier one. 0, or -1 when memory ran out. */
int ar_ledger_set_file(struct ar_ledger *ledger, const char *name, uint64_t bytes, const char *xxh3,
                       struct ar_error *error) AR_MUST_USE;

/* The same for a picture with its image_type (or NULL), which stands outside its bytes. */
int ar_ledger_set_image(struct ar_ledger *ledger, const char *name, uint64_t bytes, const char *xxh3, const char *image_type,
                        struct ar_error *error) AR_MUST_USE;

/* The same for bytes at hand. */
int ar_ledger_set_file_bytes(struct ar_ledger *ledger, const char *name, const void *bytes, size_t n,
                             struct ar_error *error) AR_MUST_USE;

/* Forgets an entry's digest. */
void ar_ledger_drop_file(struct ar_ledger *ledger, const char *name);

/* -1 (AR_INPUT) where the lane was analyzed already: for the steps before that. A lane that failed passes. */
int ar_ledger_refuse_analyzed(const struct ar_ledger *ledger, const char *lane, struct ar_error *error) AR_MUST_USE;

/* How the lane ended ("result", "no result", "failed", "not chosen"), or NULL while it goes on. */
const char *ar_ledger_outcome(const struct ar_ledger *ledger);
int ar_ledger_set_outcome(struct ar_ledger *ledger, const char *outcome, struct ar_error *error) AR_MUST_USE;

/* Rows of the source that are the lane's, by the account at the top; false where it does not tell. */
bool ar_ledger_source_rows(const struct ar_ledger *top, const char *set, const char *lane, uint64_t *rows);

#endif
