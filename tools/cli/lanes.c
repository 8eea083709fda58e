/* SPDX-License-Identifier: MIT */
#include "cli/lanes.h"

#include <fcntl.h>

#include "bytes/grow.h"

int cli_lanes_open(struct cli_lanes *lanes, const char *path, struct cli_output *output, const char *doing,
                   struct ar_error *error)
{
    *lanes = (struct cli_lanes){ .fd = STDIN_FILENO };
    const char *name = path ? path : ar_tr("standard input");
    if (path && (lanes->fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
        return ar_fail_open(error, errno, "cannot open '%s'", path);
    if (!path && isatty(STDIN_FILENO)) {
        ar_fail(error, AR_INPUT, "standard input is a terminal, expected a stream of lanes");
        return ar_hint(error, "Pipe the tool before it into this one; --help has an example.");
    }
    if (output && (cli_output_open(output, error) != 0 || cli_output_differs(output, lanes->fd, name, error) != 0))
        goto failed;
    lanes->in = ar_in_new(lanes->fd, name, error);
    if (!lanes->in)
        goto failed;
    lanes->stream = ar_stream_new(lanes->in, AR_STREAM_LANES, error);
    if (!lanes->stream)
        goto failed;
    cli_progress_start(doing, "B");
    return 0;
failed:
    cli_lanes_release(lanes);
    if (output)
        cli_output_abandon(output);
    return -1;
}

void cli_lanes_release(struct cli_lanes *lanes)
{
    ar_stream_free(lanes->stream);
    ar_in_free(lanes->in);
    if (lanes->fd != STDIN_FILENO && lanes->fd >= 0)
        close(lanes->fd);
    for (size_t i = 0; i < lanes->n_notes; i++)
        free(lanes->note[i].set);
    free(lanes->note);
    ar_tree_release(&lanes->values);
    *lanes = (struct cli_lanes){ .fd = -1 };
}

/* A message about the stream says which one, where it does not say so already. */
static void name_stream(const struct cli_lanes *lanes, struct ar_error *error)
{
    const char *name = ar_in_name(lanes->in);
    if (error->status == AR_INPUT && !strstr(error->what, name))
        ar_fail_in(error, "'%s'", name);
}

int cli_lanes_next(struct cli_lanes *lanes, struct ar_entry *entry, struct ar_error *error)
{
    if (cli_stop)
        return ar_fail_errno(error, EINTR, "stopped");
    cli_progress(ar_in_taken(lanes->in), ar_in_size(lanes->in), lanes->failed);
    int got = ar_stream_next(lanes->stream, entry, error);
    if (got < 0)
        name_stream(lanes, error);
    if (got <= 0)
        return got;
    if (entry->kind == AR_ENTRY_ERROR && entry->lane == AR_NO_LANE)
        return ar_fail(error, AR_CONTENT, "the input says that it failed: %s", entry->text);
    lanes->failed += entry->kind == AR_ENTRY_ERROR;
    lanes->lanes += entry->kind == AR_ENTRY_LEDGER && entry->lane != AR_NO_LANE;
    return got;
}

const struct ar_target *cli_lanes_target(const struct cli_lanes *lanes, const struct ar_entry *entry)
{
    return &ar_stream_targets(lanes->stream)->entry[entry->lane];
}

int cli_lanes_note(struct cli_lanes *lanes, const char *set, const struct ar_record *record, struct ar_error *error)
{
    if (lanes->n_notes == lanes->room && !ar_grow(&lanes->note, &lanes->room, sizeof *lanes->note))
        return ar_fail_memory(error);
    lanes->note[lanes->n_notes].set = strdup(set);
    lanes->note[lanes->n_notes].record = *record;
    return lanes->note[lanes->n_notes++].set ? 0 : ar_fail_memory(error);
}

int cli_lanes_close(struct cli_lanes *lanes, const struct ar_entry *entry, struct ar_error *error)
{
    struct ar_ledger *ledger = ar_stream_lane_ledger(lanes->stream);
    const char *lane = cli_lanes_target(lanes, entry)->data;
    int result = ar_ledger_refuse_analyzed(ledger, lane, error);
    for (size_t i = 0; i < lanes->n_notes; i++) {
        struct ar_record *record = &lanes->note[i].record;
        struct ar_record before;
        if (result == 0 && ar_ledger_last(ledger, lanes->note[i].set, &before) && before.rows != record->rows_in) {
            ar_fail(error, AR_INPUT, "lane '%s': the set '%s' has %" PRIu64 " rows, and %" PRIu64 " by its ledger", lane,
                    lanes->note[i].set, record->rows_in, before.rows);
            result = ar_hint(error, "The stream was damaged or changed on its way: make it again from its source.");
        }
        if (result == 0)
            result = ar_ledger_append(ledger, lanes->note[i].set, record, error);
        free(lanes->note[i].set);
    }
    lanes->n_notes = 0;
    ar_tree_release(&lanes->values);
    return result;
}
