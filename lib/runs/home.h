/* SPDX-License-Identifier: MIT */
/*
 * What a run keeps for the next one, in the folder that it delivers into: DIR/.analysisrun, with
 *
 *     cache/             results, by what they depend on (methods/cache.h)
 *     lanes.tsv          how far each lane of the last run is (ar-analyze --record)
 *     log/RUN/           of each run: LANE.log, tools/TOOL.log of each tool, and tools/postprocess.log; log/latest is a link to the last one
 *     lock               held (flock) by the run that goes on, and by all of its tools; its text says by whom
 *     manifest.json      of a method that printed it
 *     tmp-HOST           a link to the folder for temporary files of the run that goes on there (runs/temporary.h)
 *     done               what the last run whose results are whole was made of (runs/done.h)
 */
#ifndef AR_RUNS_HOME_H
#define AR_RUNS_HOME_H

#include <signal.h>
#include <time.h>

#include "bytes/file.h"

#define AR_HOME ".analysisrun"
#define AR_HOME_CACHE "cache"
#define AR_HOME_LANES "lanes.tsv"
#define AR_HOME_LANES_OLD "lanes.tsv.old"
#define AR_HOME_LOG "log"
#define AR_HOME_LATEST "log/latest"
#define AR_HOME_TOOLS "tools" /* in the folder of a run's logs */
#define AR_HOME_LOCK "lock"
#define AR_HOME_MANIFEST "manifest.json"
#define AR_HOME_DONE "done"
#define AR_HOME_ENDED "ended"
#define AR_HOME_TMP "tmp-"

struct ar_home {
    int fd;             /* of DIR/.analysisrun */
    int lock;           /* -1: not held */
    struct ar_buf path; /* of DIR/.analysisrun, without a slash at its end */
    struct ar_buf log;  /* path of log/RUN of this run, once there is one */
    struct ar_buf text; /* private: of the path that ar_home_path gave last */
};

/* The one of the folder dir, which is made where make is true. 0; 1 where it is not there; -1. To be released in all cases. */
int ar_home_open(struct ar_home *home, const char *dir, bool make, struct ar_error *error) AR_MUST_USE;
void ar_home_release(struct ar_home *home);

/* The path of a file in it; valid until the next call. */
const char *ar_home_path(struct ar_home *home, const char *name);

/*
 * Takes the lock; wait: until who holds it has ended (or stop is set). Whoever holds it may die in any way: it is free once its tools have
 * ended, too, which is waited for. 0, or -1: AR_SYSTEM where it is held, with the words of ar_home_show_holder.
 */
int ar_home_lock(struct ar_home *home, bool wait, const volatile sig_atomic_t *stop, struct ar_error *error) AR_MUST_USE;

/*
 * Is a run going on? Then appends who holds the lock: "ar-run on HOST, process 12, since 2026-11-20T16:32:27Z", in every language;
 * "another run" where that one has not signed yet.
 */
bool ar_home_holder(const struct ar_home *home, struct ar_buf *who);

/* Appends that in the language of the texts. */
void ar_home_show_holder(const char *who, struct ar_buf *shown);

/* For who holds the lock: notes that its run has begun, and with which status it has ended. What goes wrong with that is no matter. */
void ar_home_begun(const struct ar_home *home);
void ar_home_ended(const struct ar_home *home, int status);

/* How the last run ended: sets *status, and time as ar_add_time has it. False where that is not known: it was killed, for one. */
bool ar_home_last(const struct ar_home *home, int *status, char time[32]);

/* Makes the folder of this run's logs, and the link to it. 0 or -1. */
int ar_home_begin_log(struct ar_home *home, struct ar_error *error) AR_MUST_USE;

/* Appends the time of day in UTC, as 2026-11-20T16:32:27Z. */
void ar_add_time(struct ar_buf *text, time_t time);

/* The name of this machine; at most 255 bytes. */
void ar_host_name(char name[256]);

#endif
