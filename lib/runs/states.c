/* SPDX-License-Identifier: MIT */
#include "runs/states.h"

#include <fcntl.h>

#include "bytes/grow.h"
#include "bytes/io.h"
#include "bytes/tr.h"
#include "lanes/folder.h"

#define FILE_MAX ((size_t)1 << 30)

enum { FIELDS = 7, SECONDS_MAX = 1000000000 };

const char *ar_run_state_name(enum ar_run_state state)
{
    static const char *const names[] = { N_("waiting"),   N_("running"), N_("interrupted"), N_("result"),
                                         N_("no result"), N_("cached"),  N_("failed"),      N_("not chosen") };
    return names[state];
}

static bool find_state(const char *text, enum ar_run_state *state)
{
    *state = AR_STATE_RUNNING;
    if (strcmp(text, "started") == 0)
        return true;
    for (int i = 0; i < AR_STATES; i++) {
        *state = (enum ar_run_state)i;
        if (strcmp(text, ar_run_state_name(*state)) == 0)
            return true;
    }
    return false;
}

static struct ar_lane_entry *entry_of(struct ar_lane_states *states, const char *lane)
{
    bool added;
    ssize_t at = ar_names_add(&states->lanes, lane, strlen(lane), &added);
    if (at >= 0 && states->lanes.count > states->room && !ar_grow(&states->lane, &states->room, sizeof *states->lane))
        return NULL;
    if (at < 0)
        return NULL;
    if (added)
        states->count[AR_STATE_WAITING]++;
    if (added)
        states->lane[at] = (struct ar_lane_entry){ .state = AR_STATE_WAITING, .seconds = -1 };
    return &states->lane[at];
}

static const char *or_null(const char *field)
{
    return strcmp(field, "-") == 0 ? NULL : field;
}

/* Takes a line, which is cut into its fields. 0; 1: it is none; -1. */
static int take_line(struct ar_lane_states *states, char *line, struct ar_error *error)
{
    char *field[FIELDS];
    enum ar_run_state state;
    for (int i = 0; i < FIELDS; i++) {
        field[i] = line;
        char *tab = i + 1 < FIELDS ? strchr(line, '\t') : NULL;
        if (i + 1 < FIELDS && !tab)
            return 1;
        if (tab)
            *tab = '\0';
        line = tab ? tab + 1 : line;
    }
    if (!find_state(field[1], &state))
        return strcmp(field[1], "state") == 0 ? 0 : 1;
    if (!*field[0]) {
        states->post_key = or_null(field[4]);
        return 0;
    }
    struct ar_lane_entry *entry = entry_of(states, field[0]);
    if (!entry)
        return ar_fail_memory(error);
    states->count[entry->state]--;
    states->count[state]++;
    entry->state = state;
    double seconds = or_null(field[2]) ? strtod(field[2], NULL) : -1;
    if (seconds >= 0 && seconds < SECONDS_MAX) {
        states->seconds += seconds;
        entry->seconds = seconds;
    }
    entry->memory = or_null(field[3]) && *field[3] != '-' ? strtoull(field[3], NULL, 10) : entry->memory;
    entry->key = or_null(field[4]) ? field[4] : entry->key;
    entry->cause = or_null(field[5]);
    entry->sample = field[6];
    return 0;
}

int ar_lane_states_read(struct ar_lane_states *states, const char *path, struct ar_error *error)
{
    *states = (struct ar_lane_states){ 0 };
    ar_buf_init(&states->text);
    if (access(path, F_OK) != 0)
        return errno == ENOENT ? 1 : ar_fail_open(error, errno, "cannot open '%s'", path);
    if (ar_folder_read_file(AT_FDCWD, path, &states->text, FILE_MAX, error) != 0)
        return -1;
    size_t number = 1;
    char *line = strchr(states->text.data, '\n');
    line = line ? line + 1 : states->text.data + states->text.len;
    for (char *end; (end = strchr(line, '\n')); line = end + 1) {
        number++;
        *end = '\0';
        int result = take_line(states, line, error);
        if (result == 1)
            return ar_fail(error, AR_INPUT, "'%s', line %zu: expected LANE, STATE, SECONDS, BYTES, KEY, CAUSE and SAMPLE", path, number);
        if (result != 0)
            return -1;
    }
    return 0;
}

void ar_lane_states_release(struct ar_lane_states *states)
{
    ar_names_release(&states->lanes);
    free(states->lane);
    ar_buf_release(&states->text);
    *states = (struct ar_lane_states){ 0 };
}

void ar_lane_states_stop(struct ar_lane_states *states)
{
    for (size_t i = 0; i < states->lanes.count; i++)
        if (states->lane[i].state == AR_STATE_RUNNING)
            states->lane[i].state = AR_STATE_INTERRUPTED;
    states->count[AR_STATE_INTERRUPTED] += states->count[AR_STATE_RUNNING];
    states->count[AR_STATE_RUNNING] = 0;
}

size_t ar_lane_states_done(const struct ar_lane_states *states)
{
    return states->lanes.count - states->count[AR_STATE_WAITING] - states->count[AR_STATE_RUNNING] - states->count[AR_STATE_INTERRUPTED];
}
