/* SPDX-License-Identifier: MIT */
/*
 * A folder that a tool delivers into (-d DIR), and its index, ledger.json.
 *
 * The index is the run's ledger with members more: "folder", the names of all files there, "folder_kind", and, where they are
 * lanes, "folder_lanes", what is pinned of each. While a tool writes, the index of the run before is called .ledger.json.old, and
 * .ledger.json.names beside it has the name of each file before that appears: a JSON string a line. The new index is written
 * last. So a run that is ended at any moment leaves only files that the next one knows as ours: what the old index and the names
 * list, and the new index does not, is deleted; so are the two files that ar-run adds to a result, since they tell of what was there
 * before. A folder with other people's files is refused: files that nothing lists, at the top or in a folder of ours, aside from those that
 * file managers hide, or leave there (.DS_Store, Thumbs.db).
 */
#ifndef AR_LANES_FOLDER_H
#define AR_LANES_FOLDER_H

#include "bytes/file.h"
#include "bytes/names.h"
#include "codecs/tree.h"

#define AR_FOLDER_INDEX "ledger.json"
#define AR_FOLDER_INDEX_OLD ".ledger.json.old"
#define AR_FOLDER_NAMES ".ledger.json.names"
#define AR_FOLDER_RUN "run.json"             /* what ar-run adds to a result: see runs/record.h */
#define AR_FOLDER_SUMS "manifest-sha256.txt" /* likewise: runs/sums.h */
#define AR_FOLDER_MIXED "folder_mixed_types" /* in the index of lanes: SET → columns that differ, see lanes/mixed_types.h */

struct ar_folder {
    int fd;
    char *path;
    struct ar_names old;     /* files of ours that were there: by the index, or by the names of a run that was cut off */
    struct ar_names folders; /* in which those stand, and those of this run */
    struct ar_names written; /* by this run */
    const char *kind;        /* "lanes" or "result": a folder of the other kind is refused */
    bool sync;               /* files are on the disk before the index is */
    bool late;               /* and some are not yet */
    bool found, cut;         /* an index was there; one that was set aside */
    struct ar_tree lanes;    /* of a folder of lanes: its pins, see lanes/pins.h. Filled in by the caller */
    int names;               /* the list of names, once this run writes; else -1 */
};

/* A file of the folder while it is written. Zeroed, it is none. */
struct ar_folder_file {
    struct ar_out *out; /* takes its bytes */
    struct ar_file file;
    char *path; /* for messages: the folder's path as it was given, and the name */
};

/* Could the folder be delivered into? Changes nothing; a folder that is not there will do. 0, or -1 as ar_folder_open. */
int ar_folder_probe(const char *path, const char *kind, struct ar_error *error) AR_MUST_USE;

/*
 * Opens the folder (made where it is missing), and checks who it belongs to. Its index is set aside with the first file: a run
 * that writes none leaves the folder as it is. sync: for final results. 0, or -1: AR_INPUT for a folder with other people's
 * files (one is named); AR_SYSTEM while another run delivers into it.
 */
int ar_folder_open(struct ar_folder *folder, const char *path, const char *kind, bool sync, struct ar_error *error) AR_MUST_USE;

/* Is the file that fd reads one of ours, which this run would replace or delete? */
bool ar_folder_holds(const struct ar_folder *folder, int fd);

/*
 * Could a file of that name be made? What file managers hide is passed over when the folder is opened, and may stand in its place, or in
 * that of a folder in which it is to be. For who knows its names before the first file. 0, or -1 (AR_INPUT).
 */
int ar_folder_check_name(const struct ar_folder *folder, const char *name, struct ar_error *error) AR_MUST_USE;

/*
 * Starts a file beneath the folder (its sub-folders are made). Finish it by ar_folder_commit, or ar_folder_abandon. 0, or -1:
 * AR_INPUT for a second file of that name, and for what must not be replaced.
 */
int ar_folder_create(struct ar_folder *folder, struct ar_folder_file *file, const char *name, struct ar_error *error) AR_MUST_USE;

/*
 * Makes the file appear; without sync, one with the same bytes that is there already stays untouched. 0, or -1: then the file
 * is gone.
 */
int ar_folder_commit(struct ar_folder *folder, struct ar_folder_file *file, struct ar_error *error) AR_MUST_USE;

/* For an error path: the file is gone; keeps errno. Does nothing on one that is none, or was committed. */
void ar_folder_abandon(struct ar_folder_file *file);

/* A whole small file. */
int ar_folder_put(struct ar_folder *folder, const char *name, const void *bytes, size_t n, struct ar_error *error) AR_MUST_USE;

/*
 * Ends the delivery: deletes what an earlier run left and this one has not, writes the index from the text of the run's ledger
 * (sealed or not), and deletes the old one and the names. 0 or -1.
 */
int ar_folder_finish(struct ar_folder *folder, const char *ledger, size_t n, struct ar_error *error) AR_MUST_USE;

void ar_folder_release(struct ar_folder *folder);

/* ---- reading -------------------------------------------------------------------------------------------------------- */

/*
 * Reads the index of a folder as a ledger again, as it was given to ar_folder_finish: appends its text, without what makes it
 * an index and without seal, to out. Sets *lanes to its pins (the caller's reference) or NULL. 0 or -1.
 */
int ar_folder_read_ledger(int dirfd, const char *path, struct ar_buf *out, struct ar_tree *lanes, struct ar_error *error) AR_MUST_USE;

/*
 * Opens a file that stands in somebody's folder, to read it: a regular file, or a link to one. A descriptor, or -1: AR_INPUT
 * for anything else, which is not waited for (a pipe that nobody writes).
 */
int ar_folder_open_file(int dirfd, const char *path, struct ar_error *error) AR_MUST_USE;

/* The same beneath dirfd: links are not followed. */
int ar_folder_open_beneath(int dirfd, const char *path, struct ar_error *error) AR_MUST_USE;

/* As ar_read_file, of what ar_folder_open_file opens. */
int ar_folder_read_file(int dirfd, const char *path, struct ar_buf *buf, size_t max, struct ar_error *error) AR_MUST_USE;

/* In an error about a file of the folder, its name (or the last part of it) becomes the path as the user gave it. Returns -1. */
int ar_folder_fail_file(struct ar_error *error, const char *folder, const char *name);

#endif
