/* SPDX-License-Identifier: MIT */
/*
 * The "files" contract of methods: a private folder with a lane's files goes in; the standard output, and the pictures in
 * images/ (methods/images.h), come back.
 *
 * The folder is fresh for each lane (ar_tmpdir_make) and goes afterwards (ar_dir_remove). What a method leaves in it is
 * not trusted.
 */
#ifndef AR_METHODS_FILES_H
#define AR_METHODS_FILES_H

#include "methods/proc.h"

/* ---- what the method finds ------------------------------------------------------------------------------------------ */

/* Names in the folder of an analyze … */
#define AR_FILES_DATA_NAME "data_name"     /* text without a line end */
#define AR_FILES_SAMPLE_NAME "sample_name" /* likewise */
#define AR_FILES_PARAMS "params.json"
#define AR_FILES_LEDGER "ledger.json"
#define AR_FILES_SETS "image_analysis_results" /* a folder; in it SET.csv */
#define AR_FILES_SET_END ".csv"

/* … and of a postprocess, which finds params.json too. */
#define AR_FILES_RESULTS "analysis_results.csv"
#define AR_FILES_ARTIFACTS "artifacts.csv"

/*
 * Makes the folder of the sets. Neither images/ nor the files: the one is the method's to make, the others the caller's. 0
 * or -1.
 */
int ar_files_prepare(int dirfd, struct ar_error *error) AR_MUST_USE;

/* Writes a file of the folder, which is not there yet, or is one that a lane before had (methods/lane_folder.h). 0 or -1 (AR_SYSTEM). */
int ar_files_put(int dirfd, const char *name, const void *bytes, size_t n, struct ar_error *error) AR_MUST_USE;

/*
 * Opens the CSV of a set for writing. It must not be there yet; but where *old is not 0, there are so many of an earlier lane, and if it
 * is one of those, it is to be written over, and there is one less. ar_files_cut ends it. A descriptor, or -1 (AR_SYSTEM).
 */
int ar_files_open_set(int dirfd, const char *set, uint32_t *old, struct ar_error *error) AR_MUST_USE;

/* Cuts off what an earlier lane's file had behind the first n bytes. 0 or -1. */
int ar_files_cut(int fd, const char *name, uint64_t n, struct ar_error *error) AR_MUST_USE;

/*
 * Adds to an environment what is the same for all lanes: AR_START_DIR, AR_FIELDS ("1 2 … fields"), and 1 for
 * OMP_NUM_THREADS and the like, unless they are set. What tells other contracts apart (AR_STEP, ANALYSISRUN_METHOD,
 * ANALYSISRUN_MODE) is removed, as are the lane's variables. Ask ar_env_check afterwards.
 */
void ar_files_env(struct ar_env *env, const char *start_dir, unsigned fields);

/* Sets the two variables of a lane, AR_DATA_NAME and AR_SAMPLE_NAME. */
void ar_files_env_lane(struct ar_env *env, const char *data_name, const char *sample_name);

#endif
