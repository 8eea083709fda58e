/* SPDX-License-Identifier: MIT */
/*
 * ar-run status DIR: how far a run is, from any shell, at any time.
 */
#include <inttypes.h>
#include <sys/stat.h>

#include "bytes/text.h"
#include "cli/grid.h"
#include "run/run.h"
#include "runs/record.h"
#include "runs/states.h"

/* What is known of the run. */
struct status {
    struct ar_home home;
    struct ar_buf holder;          /* who runs; empty: nobody does */
    struct ar_lane_states states;
    double elapsed;                /* seconds since it began, where it goes on */
    bool ended;                    /* where none goes on: is it known how the last one ended? */
    int exit_status;               /* then, when and how */
    char when[32];
};

/* Lanes that are done by now, those that were done before aside: by them the time that is left is told. */
static size_t ran(const struct ar_lane_states *states)
{
    return states->count[AR_STATE_RESULT] + states->count[AR_STATE_NO_RESULT] + states->count[AR_STATE_FAILED];
}

static double rate_of(const struct status *status)
{
    return status->elapsed > 0 ? (double)ran(&status->states) / status->elapsed : 0;
}

static size_t left_of(const struct ar_lane_states *states)
{
    return states->count[AR_STATE_WAITING] + states->count[AR_STATE_RUNNING];
}

/* What a state is called for people. */
static const char *called(enum ar_run_state state)
{
    static const char *const names[] = { N_("waiting"),         N_("running"),     N_("interrupted"), N_("done"),
                                         N_("done, no result"), N_("done before"), N_("failed"),      N_("not chosen") };
    return ar_tr(names[state]);
}

/* ---- for people ----------------------------------------------------------------------------------------------------- */

static void print_counts(const struct status *status)
{
    const struct ar_lane_states *states = &status->states;
    struct ar_buf line;
    ar_buf_init(&line);
    cli_number(&line, states->lanes.count, "lane");
    for (int i = 0; i < AR_STATES; i++)
        if (states->count[i])
            ar_buf_add_format(&line, ", %zu %s", states->count[i], called((enum ar_run_state)i));
    double rate = rate_of(status);
    if (status->holder.len && rate > 0) {
        unsigned long left = (unsigned long)((double)left_of(states) / rate + 0.5);
        struct ar_buf number;
        ar_buf_init(&number);
        cli_rate(&number, rate);
        ar_buf_add_tr(&line, "; %s lanes/s, %lu:%02lu left", number.data, left / 60, left % 60);
        ar_buf_release(&number);
    }
    puts(line.data);
    ar_buf_release(&line);
}

static void add_lane(struct cli_grid *grid, const struct ar_lane_states *states, size_t i)
{
    const struct ar_lane_entry *lane = &states->lane[i];
    struct ar_buf text;
    ar_buf_init(&text);
    cli_grid_text(grid, states->lanes.name[i].text);
    cli_grid_text(grid, lane->sample ? lane->sample : "");
    cli_grid_text(grid, called(lane->state));
    if (lane->seconds >= 0)
        cli_grid_format(grid, "%.2f s", lane->seconds);
    else
        cli_grid_text(grid, "");
    if (lane->memory)
        cli_bytes(&text, lane->memory);
    cli_grid_text(grid, text.data);
    cli_grid_text(grid, lane->cause ? lane->cause : "");
    ar_buf_release(&text);
}

static int print_lanes(const struct ar_lane_states *states, struct ar_error *error)
{
    static const unsigned flags[] = { 0, CLI_GRID_SHRINK, 0, CLI_GRID_RIGHT, CLI_GRID_RIGHT, CLI_GRID_SHRINK };
    static const char *const heads[] = { N_("data"), N_("sample"), N_("state"), N_("seconds"), N_("memory"), N_("cause") };
    struct cli_grid grid;
    cli_grid_init(&grid);
    for (size_t i = 0; i < AR_COUNT(flags); i++)
        cli_grid_column(&grid, flags[i]);
    for (size_t i = 0; i < AR_COUNT(heads); i++)
        cli_grid_head(&grid, i, i, ar_tr(heads[i]));
    for (size_t i = 0; i < states->lanes.count; i++)
        add_lane(&grid, states, i);
    int result = cli_grid_print(&grid, 0, error);
    cli_grid_release(&grid);
    return result;
}

/* ---- as JSON -------------------------------------------------------------------------------------------------------- */

static int print_json(const struct status *status, struct ar_error *error)
{
    const struct ar_lane_states *states = &status->states;
    struct ar_buf text;
    double rate = rate_of(status);
    ar_buf_init(&text);
    json_t *counts = json_object(), *json = json_object();
    for (int i = 0; i < AR_STATES; i++)
        json_object_set_new(counts, ar_run_state_name((enum ar_run_state)i), json_integer((json_int_t)states->count[i]));
    json_object_set_new(json, "running", json_boolean(status->holder.len > 0));
    json_object_set_new(json, "holder", status->holder.len ? json_string(status->holder.data) : json_null());
    json_object_set_new(json, "ended", status->ended ? json_string(status->when) : json_null());
    json_object_set_new(json, "exit_status", status->ended ? json_integer(status->exit_status) : json_null());
    json_object_set_new(json, "lanes_total", json_integer((json_int_t)states->lanes.count));
    json_object_set_new(json, "counts", counts);
    json_object_set_new(json, "lanes_per_second", status->holder.len && rate > 0 ? json_real(rate) : json_null());
    json_object_set_new(json, "seconds_left",
                        status->holder.len && rate > 0 ? json_real((double)left_of(states) / rate) : json_null());
    json_object_set_new(json, "lanes", ar_states_lanes(states));
    ar_json_dump(&text, json);
    int result = ar_buf_check(&text, error);
    if (result == 0)
        puts(text.data);
    json_decref(json);
    ar_buf_release(&text);
    return result;
}

/* ---- the command ---------------------------------------------------------------------------------------------------- */

/* Seconds since the lock was taken, which is when its text was written. */
static double elapsed_of(struct status *status)
{
    struct stat st;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (stat(ar_home_path(&status->home, AR_HOME_LOCK), &st) != 0)
        return 0;
    return (double)(now.tv_sec - st.st_mtim.tv_sec) + 1e-9 * (double)(now.tv_nsec - st.st_mtim.tv_nsec);
}

/*
 * What is known of the run; as ar_lane_states_read. Who has the folder is asked before its lanes are read: those of a run that ends in between
 * are all told.
 */
static int look(struct status *status, struct ar_error *error)
{
    if (ar_home_holder(&status->home, &status->holder))
        status->elapsed = elapsed_of(status);
    else
        status->ended = ar_home_last(&status->home, &status->exit_status, status->when);
    int found = ar_lane_states_read(&status->states, ar_home_path(&status->home, AR_HOME_LANES), error);
    if (found == 0 && status->holder.len == 0)
        ar_lane_states_stop(&status->states); /* the next run does them */
    return found;
}

/* A run that failed as a whole has no lane that says why: its tools did. */
static void print_log(struct status *status)
{
    if (!status->ended || status->exit_status == AR_OK || status->states.count[AR_STATE_FAILED] > 0)
        return;
    const char *log = ar_home_path(&status->home, AR_HOME_LATEST "/" AR_HOME_TOOLS);
    if (access(log, F_OK) != 0)
        return;
    struct ar_buf path, line;
    ar_buf_init(&path);
    ar_buf_init(&line);
    ar_text_show(&path, log, strlen(log));
    ar_buf_add_tr(&line, "what its tools said is in '%s'", path.data);
    puts(line.data);
    ar_buf_release(&path);
    ar_buf_release(&line);
}

static int print(struct status *status, const char *folder, bool json, struct ar_error *error)
{
    int found = look(status, error);
    if (found < 0)
        return -1;
    if (json)
        return print_json(status, error);
    struct ar_buf line;
    ar_buf_init(&line);
    ar_text_show(&line, folder, strlen(folder));
    ar_buf_add_text(&line, ": ");
    struct ar_buf who;
    ar_buf_init(&who);
    if (status->holder.len)
        ar_home_show_holder(status->holder.data, &who);
    else if (status->ended)
        ar_buf_add_tr(&who, "no run goes on; the last one ended at %s with status %d", status->when, status->exit_status);
    else
        ar_buf_add_text(&who, found == 1 ? ar_tr("no run goes on") : ar_tr("no run goes on; the last one was cut off"));
    ar_text_show(&line, who.data, who.len);
    puts(line.data);
    ar_buf_release(&who);
    ar_buf_release(&line);
    print_log(status);
    if (found == 1) {
        puts(status->holder.len ? ar_tr("the sets are read: no lane is known yet") : ar_tr("no lane was started yet"));
        return 0;
    }
    print_counts(status);
    putchar('\n');
    return print_lanes(&status->states, error);
}

int run_status(const char *folder, bool json)
{
    struct status status = { 0 };
    struct ar_error error = { 0 };
    ar_buf_init(&status.holder);
    int result = run_open_home(&status.home, folder, &error);
    if (result == 0)
        result = print(&status, folder, json, &error);
    ar_lane_states_release(&status.states);
    ar_buf_release(&status.holder);
    ar_home_release(&status.home);
    return result == 0 ? AR_OK : cli_fail(&error);
}
