/* SPDX-License-Identifier: MIT */
/*
 * run.json: what a run was, for people, for scripts, and for running it again.
 *
 *     {"analysisrun":VERSION,"status":N,"started":TIME,"ended":TIME,"host":NAME,"options":{…},
 *      "method":{"name":…,"manifest":PATH,"manifest_xxh3":…,"contract":…,"analyze":{"argv":[…],"files":{NAME:XXH3,…}}
 *                [,"postprocess":{…}][,"version":…],"git":{"commit":…,"clean":BOOL}|null},
 *      "inputs":{SET:{"file":PATH,"bytes":N,"xxh3":…},…},"samples":{…}|null,"params":{…},
 *      "counts":{"lanes":N,"result":N,…},
 *      "lanes":{L:{"sample":…,"state":…,"key":…,"seconds":S,"memory":BYTES[,"cause":…]},…}}
 */
#ifndef AR_RUNS_RECORD_H
#define AR_RUNS_RECORD_H

#include <time.h>

#include "bytes/tick.h"
#include "codecs/json.h"
#include "lanes/folder.h"
#include "runs/method.h"
#include "runs/states.h"

#define AR_RUN_JSON AR_FOLDER_RUN
#define AR_RUN_JSON_MAX ((size_t)256 << 20) /* bytes of one that is read */

/*
 * The members of the names (the last is NULL) of the text of a run.json, as an object that is the caller's; those that it lacks are missing
 * there, too. Others may hold numbers of any size. what names it in messages. NULL: AR_INPUT where it is none.
 */
json_t *ar_run_json_parse(const struct ar_buf *text, const char *const *names, const char *what, struct ar_error *error) AR_MUST_USE;

/* The same of the one in a folder, whose other members must be among those that are shown above, too. */
json_t *ar_run_json_read(const char *folder, const char *const *names, struct ar_error *error) AR_MUST_USE;

/* Has it members that are not shown above? -1 (AR_INPUT), else 0. */
int ar_run_json_check(const struct ar_buf *text, const char *what, struct ar_error *error) AR_MUST_USE;

/*
 * The git commit that the folder is at, and whether it is clean itself: {"commit":HEX,"clean":BOOL}; JSON null where it is in none, or git
 * is not installed.
 */
json_t *ar_git_state(const char *folder);

/* {"file":PATH,"bytes":N,"xxh3":HEX} of a regular file, JSON null for another one. NULL on failure. */
json_t *ar_input_json(const char *path, const struct ar_tick *tick, struct ar_error *error) AR_MUST_USE;

/* The members counts and lanes. NULL when memory ran out. */
json_t *ar_states_counts(const struct ar_lane_states *states);
json_t *ar_states_lanes(const struct ar_lane_states *states);

/* Appends a time of day as JSON has it. */
json_t *ar_time_json(time_t time);

#endif
