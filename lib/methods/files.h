/* SPDX-License-Identifier: MIT */
/*
 * The "files" contract of methods: a private folder with a lane's files goes in; the standard output, and the pictures in
 * images/, come back.
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

/* … and of a postprocess, which finds params.json too. */
#define AR_FILES_RESULTS "analysis_results.csv"
#define AR_FILES_ARTIFACTS "artifacts.csv"

/* What a method may leave. */
#define AR_FILES_IMAGES "images"
#define AR_FILES_IMAGE_TYPES "images.csv"

/*
 * Makes the folder of the sets. Neither images/ nor the files: the one is the method's to make, the others the caller's. 0
 * or -1.
 */
int ar_files_prepare(int dirfd, struct ar_error *error) AR_MUST_USE;

/* Writes a file of the folder, which must not be there yet. 0 or -1 (AR_SYSTEM). */
int ar_files_put(int dirfd, const char *name, const void *bytes, size_t n, struct ar_error *error) AR_MUST_USE;

/* Creates the CSV of a set, which must not be there yet. A descriptor for writing, or -1 (AR_SYSTEM). */
int ar_files_create_set(int dirfd, const char *set, struct ar_error *error) AR_MUST_USE;

/*
 * Adds to an environment what is the same for all lanes: AR_START_DIR, AR_FIELDS ("1 2 … fields"), and 1 for
 * OMP_NUM_THREADS and the like, unless they are set. What tells other contracts apart (AR_STEP, ANALYSISRUN_METHOD,
 * ANALYSISRUN_MODE) is removed, as are the lane's variables. Ask ar_env_check afterwards.
 */
void ar_files_env(struct ar_env *env, const char *start_dir, unsigned fields);

/* Sets the two variables of a lane, AR_DATA_NAME and AR_SAMPLE_NAME. */
void ar_files_env_lane(struct ar_env *env, const char *data_name, const char *sample_name);

/* ---- what the method leaves ----------------------------------------------------------------------------------------- */

struct ar_image {
    char *name; /* in images/: UTF-8, no control character, no '/', no '.' before it, at most 255 bytes */
    char *type; /* from images.csv, else the extension in lower case ("Curve.PNG": "png"), else "" */
    uint64_t size;
    dev_t dev;
    ino_t ino;
};

struct ar_images {
    int dirfd; /* the folder images/, or -1 where there is none */
    struct ar_image *image; /* in byte order of their names */
    size_t n;
};

/*
 * Lists what the method left in images/; without that folder there is no picture. To be called when all its processes are
 * gone. No link is followed. Errors of the method's making are AR_CONTENT and name the culprit: images is no real folder;
 * an entry is no regular file (a link, folder, FIFO, …), has a second name (a hard link may lead to a file of somebody
 * else), or a name that is not as said above (a hidden file, too: what nobody would see is not delivered, and nothing is
 * left out in silence); images.csv is no regular file, no table with the columns name and image_type, names a picture
 * twice or one that is not there, or a type with a control character. An empty image_type in it is no type. 0, or -1;
 * images is to be released in both cases.
 */
int ar_files_images(int dirfd, struct ar_images *images, struct ar_error *error) AR_MUST_USE;

/*
 * Opens the i-th picture for reading. -1 where it cannot be read, or (AR_CONTENT) is not the file any more that was listed, or is
 * large (over 64 MiB) and sparse: by far the most of its size (15 of 16 parts) was never written. To copy it would take room and
 * time for nothing, without end if the method wants it.
 */
int ar_images_open(const struct ar_images *images, size_t i, struct ar_error *error) AR_MUST_USE;

void ar_images_release(struct ar_images *images);

#endif
