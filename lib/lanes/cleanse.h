/* SPDX-License-Identifier: MIT */
/*
 * Cleansing: the rows of a set that pass the rules.
 */
#ifndef AR_LANES_CLEANSE_H
#define AR_LANES_CLEANSE_H

#include "bytes/digest.h"
#include "bytes/region.h"
#include "codecs/csv.h"
#include "lanes/ledger.h"
#include "lanes/rules.h"

/* Rows that were dropped though their cell is as a value of the rule, but for the case of Latin letters and blanks around it. */
struct ar_near {
    uint64_t rows;
    const struct ar_rule *rule; /* of the first of them: the rule, */
    const char *wanted;         /* the value, which is the rule's, */
    char found[64];             /* and the cell, shown as ar_text_show has it and cut */
};

/* What is left of one set of one lane. */
struct ar_cleansed {
    const char *bytes; /* the CSV of what is kept, in the room: the header and each row with a LF behind it */
    uint64_t n;
    char xxh3[AR_DIGEST_HEX + 1];
    uint64_t rows_in, rows;
    uint64_t *dropped; /* by rule */
    struct ar_near near;
};

/* Where the bytes of a set are, one set after the other. Zeroed, but for ar_buf_init of the window. */
struct ar_cleansing_room {
    struct ar_buf window;  /* what was read last */
    struct ar_region kept; /* for the size of a set and one byte */
};

enum { AR_CLEANSING_LARGE = 64 << 20 }; /* bytes of a set that is taken to be large */

void ar_cleansing_room_release(struct ar_cleansing_room *room);

struct ar_cleansing;

/*
 * Starts to keep the rows of a CSV of size bytes that pass all the rules. They are decided on while they arrive, so that no more than
 * what is kept has to be held. room->kept must have room for size + 1 bytes: the last row may lack its line end. what names the set in
 * messages. All must stay. NULL when memory ran out.
 */
struct ar_cleansing *ar_cleansing_new(struct ar_cleansed *cleansed, struct ar_cleansing_room *room, uint64_t size,
                                      const struct ar_rules *rules, const char *what, struct ar_error *error) AR_MUST_USE;
void ar_cleansing_free(struct ar_cleansing *cleansing);

/* Where the bytes are to be put that come next, and how many at most. NULL when memory ran out. */
char *ar_cleansing_room(struct ar_cleansing *cleansing, size_t *n, struct ar_error *error) AR_MUST_USE;

/*
 * Takes n bytes that were put there; whole: they are the last ones. 0, or -1 (AR_INPUT): a column of a rule is missing, or the CSV is
 * not as it should be.
 */
int ar_cleansing_arrived(struct ar_cleansing *cleansing, size_t n, bool whole, struct ar_error *error) AR_MUST_USE;

void ar_cleansed_release(struct ar_cleansed *cleansed);

/*
 * Sets rules and dropped of a ledger's record: the rules as a manifest writes them, each with its count (or "none"), and the
 * rows dropped by column. They are put into values, an array or empty. 0, or -1 when memory ran out.
 */
int ar_cleansed_record(const struct ar_cleansed *cleansed, const struct ar_rules *rules, struct ar_tree *values, struct ar_record *record,
                       struct ar_error *error) AR_MUST_USE;

#endif
