/* SPDX-License-Identifier: MIT */
/*
 * What is in a stream, a run or a folder of lanes: what ar-ls shows.
 *
 * A listing is filled by one of the readers below and stays true to what was read where one fails half-way. It holds
 * a few dozen bytes per lane and set, no body.
 */
#ifndef AR_LANES_LISTING_H
#define AR_LANES_LISTING_H

#include "bytes/tick.h"
#include "lanes/account.h"
#include "lanes/lane_key.h"
#include "lanes/run.h"
#include "lanes/stream.h"

enum ar_listed_kind {
    AR_LISTED_NOTHING, /* nothing was read that tells it, or only an error */
    AR_LISTED_FILES,   /* CSV files before a run */
    AR_LISTED_RUN,
    AR_LISTED_LANES,
    AR_LISTED_INPUTS,
    AR_LISTED_RESULTS,
    AR_LISTED_MERGED,
    AR_LISTED_RESULT,
};

enum ar_listed_state {
    AR_LISTED_MISSING, /* its end was not read (yet) */
    AR_LISTED_OPEN,    /* on its way to the analysis */
    AR_LISTED_DONE,
    AR_LISTED_NO_RESULT,
    AR_LISTED_FAILED,
    AR_LISTED_NOT_CHOSEN,
};

struct ar_listed_count {
    size_t name; /* number in the set's entity names */
    uint64_t rows;
};

/* A set in a lane. */
struct ar_listed_part {
    uint64_t rows_in; /* of the source */
    uint64_t rows;    /* that are left */
    uint64_t bytes;   /* of the CSV, where held */
    int32_t method;   /* number in the set's methods, or -1 */
    bool known;       /* the lane's ledger tells of it */
    bool held;        /* its CSV is there */
};

/* The entities of a set in a lane, in order of appearance. */
struct ar_listed_entities {
    struct ar_listed_count *count;
    size_t n;
};

struct ar_listed_lane {
    enum ar_listed_state state;
    char *error; /* text of its error, or NULL */
    uint64_t images, image_bytes;
    size_t part; /* number of the part that it came with, from 1; 0 where there are no parts */
};

/* Rows by the value of a column. */
struct ar_listed_tally {
    struct ar_names names;
    uint64_t *rows; /* by number of the name */
    uint64_t *here; /* the same, of the lane at hand */
    size_t *met;    /* names of the lane at hand */
    size_t n_met, room;
};

struct ar_listed_set {
    char *name;
    json_t *account; /* its account in the ledger at the top, without rows_by_lane; or NULL */
    json_t *columns; /* array of names, or NULL where it was not seen */
    json_t *rules;   /* as in the ledger, without counts; or NULL */
    json_t *dropped; /* object: reason → rows that a stage dropped */
    json_t *by_method; /* the same, of what the method itself dropped of them */
    size_t lanes, cleansed; /* lanes whose ledger tells of it, and those where it was cleansed */
    struct ar_names methods;
    struct ar_listed_tally entities;
    bool no_entity; /* a CSV lacks the column Entity */
    struct ar_listed_part *part; /* by lane; n_parts of them, perhaps fewer than there are lanes */
    size_t n_parts;
    struct ar_listed_entities *by_lane; /* the same; n_by_lane of them, none where entities are not counted */
    size_t n_by_lane;
    bool scanned;     /* the rows of the lane at hand were counted */
    uint64_t counted; /* so many they are */
};

/* A result table. */
struct ar_listed_table {
    bool there;
    uint64_t rows, bytes;
    json_t *columns;
};

struct ar_listing {
    /* what is wished; set by the caller after ar_listing_init */
    bool entities;                     /* count them */
    bool verify;                       /* check every digest, and the account of rows */
    const struct ar_lane_key *keys;    /* for CSV files and runs */
    size_t n_keys;
    const struct ar_targets *samples;  /* the same; NULL: the run's own, or each lane that is found */
    const struct ar_tick *tick;        /* told the bytes of input that were taken */
    bool parts;                        /* several streams are read, and are parts of one: see ar_listing_read_parts */

    /* what was found */
    enum ar_listed_kind kind;
    bool one_lane, folder;
    struct ar_names part; /* names of the parts that were read */
    enum ar_filter filter;
    uint64_t total; /* bytes of the input, 0 where that is not known */
    uint64_t entries, bytes; /* of the archive; bytes of their bodies */
    struct ar_targets targets;
    struct ar_listed_lane *lane; /* by number in targets */
    size_t n_lanes, lane_room;
    struct ar_listed_set *set;
    size_t n_sets;
    struct ar_names errors; /* of the whole, not of a lane */
    struct ar_names others; /* entries that are not known */
    size_t n_others;        /* all of them; others holds the first few */
    bool has_params;
    struct ar_listed_table merged, result;
    uint64_t result_json;
    json_t *artifacts; /* object: kind → {"count":N,"bytes":N}, by the table of artifacts; or NULL where there is none */
    struct ar_account account; /* where verify is set */
    bool verified;             /* all of it was checked, and is as it should be */
};

void ar_listing_init(struct ar_listing *listing);
void ar_listing_release(struct ar_listing *listing);

/*
 * Reads a stream of any kind from fd, from where it stands; path is what the user called it. 0, or -1: not such a
 * stream, or damaged; reading failed.
 */
int ar_listing_read_stream(struct ar_listing *listing, int fd, const char *path, struct ar_error *error) AR_MUST_USE;

/*
 * Reads streams as parts of one, such as the results of single lanes: their lanes are listed together, and all parts are
 * read, also behind one that fails. 0, or -1 with the first failure: what ar_listing_read_stream refuses; a stream that is
 * not one of lanes; one of another run; a lane that is in two of them (being not chosen in one does not count). Whether the
 * account of rows closes is not checked: parts need not be all.
 */
int ar_listing_read_parts(struct ar_listing *listing, const char *const *path, size_t n, struct ar_error *error) AR_MUST_USE;

/*
 * Reads the sets of a run. 0, or -1: the CSV is not as it should be, or its lanes cannot be told; the sets are in the
 * listing as far as they were read.
 */
int ar_listing_read_run(struct ar_listing *listing, const struct ar_run *run, struct ar_error *error) AR_MUST_USE;

/*
 * Reads a folder of lane tars (ar-pack -d, or results) by its index, where it has one, else all *.tar in it by their
 * names. 0, or -1: no such folder, a lane of the index is missing or differs, and what ar_listing_read_stream
 * refuses.
 */
int ar_listing_read_folder(struct ar_listing *listing, int fd, const char *path, struct ar_error *error) AR_MUST_USE;

/*
 * Lanes of a result that have none in it, because they failed, were not chosen, or are missing: where the listing is a result
 * that was withheld, or is incomplete, on their account. 0 for all other listings, and for a whole result.
 */
size_t ar_listing_without(const struct ar_listing *listing);

/* Was the result withheld, since lanes are without one? */
bool ar_listing_withheld(const struct ar_listing *listing);

/* Does it hold errors: a failed lane, or one of the whole? */
bool ar_listing_failed(const struct ar_listing *listing);

/* "lanes", "lane inputs", "lane results", "merged", "result", "run", "files", "error"; "nothing". */
const char *ar_listing_kind_name(const struct ar_listing *listing);

/* "", "done", "no result", "failed", "not chosen", "missing". */
const char *ar_listing_state_name(enum ar_listed_state state);

/* Sums over the lanes. */
struct ar_listed_sum {
    uint64_t rows_in, rows, bytes;
    uint64_t failed, not_chosen; /* of rows, those in such lanes */
    size_t lanes;                /* that have it */
    bool held;                   /* some lane has its CSV */
};
struct ar_listed_sum ar_listing_sum(const struct ar_listing *listing, size_t set);

/* The part of a lane, or NULL. */
const struct ar_listed_part *ar_listing_part(const struct ar_listing *listing, size_t lane, size_t set);

/* Was every set of every lane cleansed (1), none (0), or some of them (-1)? */
int ar_listing_cleansed(const struct ar_listing *listing);

/*
 * The members of a listing as JSON. N: a number; "?" where it may be null.
 *
 *     input?, kind (ar_listing_kind_name), one_lane, folder, parts (N tars), compression, entries, bytes, verified,
 *     damaged? (why reading failed)
 *     cleansed?            of lanes and lane inputs: all of their sets
 *     sets                 SET → { account? (of the ledger at the top, less rows_by_lane), lanes, rows_in, rows, bytes?, columns? [NAME…],
 *                          dropped {REASON: N} (by stages), rules?, cleansed, image_analysis_methods [NAME…],
 *                          entities? {VALUE: N}, rows_in_failed_lanes, rows_not_chosen }
 *     states               STATE → N lanes; STATE as in lanes
 *     errors               [{ data?, sample?, error? }…]: of the whole (no lane), then of lanes
 *     params               are they there?
 *     analysis_results?, result_csv?   { rows, bytes, columns }
 *     withheld             is there no result because lanes have none?
 *     result_json          N
 *     images               { count, bytes }
 *     artifacts?           KIND → { count, bytes }, by the table of artifacts
 *     other_entries        N entries that are not known
 *     lanes                [{ data, sample, state (open, done, no result, failed, not chosen, missing), error?, images, image_bytes,
 *                          sets: SET → { rows_in, rows, bytes?, image_analysis_method?, entities {VALUE: N} where counted } }…]
 *
 * It comes in pieces, so that it need not be in memory at once: ar_listing_json_top appends one object with all but "lanes",
 * ar_listing_json_lane the object of a lane. input is its name; damaged says why reading failed, or is NULL. 0, or -1 when
 * memory ran out.
 */
int ar_listing_json_top(const struct ar_listing *listing, const char *input, const char *damaged, struct ar_buf *out,
                        struct ar_error *error) AR_MUST_USE;
int ar_listing_json_lane(const struct ar_listing *listing, size_t lane, struct ar_buf *out, struct ar_error *error) AR_MUST_USE;

#endif
