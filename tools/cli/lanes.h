/* SPDX-License-Identifier: MIT */
/*
 * The frame of a tool that reads a stream of lanes: opening, progress, the records of a lane's sets until its ledger comes.
 */
#ifndef AR_TOOLS_CLI_LANES_H
#define AR_TOOLS_CLI_LANES_H

#include "cli/cli.h"
#include "lanes/stream.h"

struct cli_lanes {
    int fd; /* its own, or standard input */
    struct ar_in *in;
    struct ar_stream *stream;
    size_t lanes, failed; /* whose ledgers were read */
    struct {
        char *set;
        struct ar_record record;
    } *note;              /* of the lane that is read */
    size_t n_notes, room;
    struct ar_tree values; /* of the notes: those in dropped and rules; an array, or empty */
};

/*
 * Opens the stream (path NULL: standard input; a terminal is refused) for reading lanes, and output (may be NULL) for writing;
 * doing is for the progress ("cleansing").
 */
int cli_lanes_open(struct cli_lanes *lanes, const char *path, struct cli_output *output, const char *doing,
                   struct ar_error *error) AR_MUST_USE;
void cli_lanes_release(struct cli_lanes *lanes);

/*
 * The next entry, as ar_stream_next. An error entry at the top of many lanes is a failure (AR_CONTENT): the whole stream failed.
 * A request to stop is one, too.
 */
int cli_lanes_next(struct cli_lanes *lanes, struct ar_entry *entry, struct ar_error *error) AR_MUST_USE;

/* The lane of an entry. */
const struct ar_target *cli_lanes_target(const struct cli_lanes *lanes, const struct ar_entry *entry);

/* Keeps a record of a set until cli_lanes_close; what it holds in dropped and rules is in lanes->values, or stays till then. */
int cli_lanes_note(struct cli_lanes *lanes, const char *set, const struct ar_record *record, struct ar_error *error) AR_MUST_USE;

/*
 * At the ledger of a lane: checks that each noted record read as many rows as the record before it left, and appends them all to
 * the lane's ledger.
 */
int cli_lanes_close(struct cli_lanes *lanes, const struct ar_entry *entry, struct ar_error *error) AR_MUST_USE;

#endif
