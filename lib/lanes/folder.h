/* SPDX-License-Identifier: MIT */
/*
 * A folder that a tool delivers into (-d DIR), and its index, ledger.json.
 *
 * The index is the run's ledger with two members more: "folder", the names of all files there, and "folder_kind". While a tool writes, the index of the run before is called
 * .ledger.json.old; the new one is written last. What the old index lists and the new one does not is deleted. A folder with other people's files is refused: files
 * that no index lists, hidden ones aside. Where a run was cut off (.ledger.json.old is there) its files are taken for our own.
 */
#ifndef AR_LANES_FOLDER_H
#define AR_LANES_FOLDER_H

#include "bytes/file.h"
#include "bytes/names.h"

#define AR_FOLDER_INDEX "ledger.json"
#define AR_FOLDER_INDEX_OLD ".ledger.json.old"

struct ar_folder {
    int fd;
    char *path;
    struct ar_names old;     /* what the index of the run before lists */
    struct ar_names written; /* by this run */
    const char *kind;        /* "lanes" or "result": a folder of the other kind is refused */
    bool sync;               /* files are on the disk before they appear */
    bool found, cut;         /* an index was there; one that was set aside */
    bool aside;              /* it was set aside by this run */
};

/* Could the folder be delivered into? Changes nothing; a folder that is not there will do. 0, or -1 as ar_folder_open. */
int ar_folder_probe(const char *path, const char *kind, struct ar_error *error) AR_MUST_USE;

/*
 * Opens the folder (made where it is missing), and checks who it belongs to. Its index is set aside with the first file: a run that writes
 * none leaves the folder as it is. sync: for final results. 0, or -1: AR_INPUT for a folder with other people's files (one is named); AR_SYSTEM while
 * another run delivers into it.
 */
int ar_folder_open(struct ar_folder *folder, const char *path, const char *kind, bool sync, struct ar_error *error) AR_MUST_USE;

/* Is the file that fd reads one of those that the index of the run before lists? */
bool ar_folder_holds(const struct ar_folder *folder, int fd);

/* Starts a file beneath the folder (its sub-folders are made). Finish it by ar_folder_commit, or ar_file_abandon. */
int ar_folder_create(struct ar_folder *folder, struct ar_file *file, const char *name, struct ar_error *error) AR_MUST_USE;

/* Makes the file appear; without sync, one with the same bytes that is there already stays untouched. */
int ar_folder_commit(struct ar_folder *folder, struct ar_file *file, struct ar_error *error) AR_MUST_USE;

/* A whole small file. */
int ar_folder_put(struct ar_folder *folder, const char *name, const void *bytes, size_t n, struct ar_error *error) AR_MUST_USE;

/*
 * Ends the delivery: deletes what an earlier run left and this one has not, writes the index from the text of the run's ledger (sealed or not), and deletes the
 * old one. 0 or -1.
 */
int ar_folder_finish(struct ar_folder *folder, const char *ledger, size_t n, struct ar_error *error) AR_MUST_USE;

/* Reads the index of a folder as a ledger again, as it was given to ar_folder_finish: appends its text, without "folder" and seal, to out. */
int ar_folder_read_ledger(int dirfd, const char *path, struct ar_buf *out, struct ar_error *error) AR_MUST_USE;

void ar_folder_release(struct ar_folder *folder);

#endif
