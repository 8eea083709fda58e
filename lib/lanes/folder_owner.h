/* SPDX-License-Identifier: MIT */
/*
 * Private to folder: whose files a folder holds, and the notes by which the next run knows.
 */
#ifndef AR_LANES_FOLDER_OWNER_H
#define AR_LANES_FOLDER_OWNER_H

#include "lanes/folder.h"

#define AR_FOLDER_MEMBER "folder"
#define AR_FOLDER_KIND "folder_kind"
#define AR_FOLDER_LANES "folder_lanes"

/*
 * Reads the indexes of the opened folder and the names of a run that was cut off, into old and folders. 0, or -1 (AR_INPUT): it
 * is another program's, of another kind, or holds other people's files.
 */
int ar_folder_check_owner(struct ar_folder *folder, struct ar_error *error) AR_MUST_USE;

/*
 * Before the first file: sweeps what a run left that was ended while it renamed, sets the index aside (a folder that has none
 * gets an empty one, so that a run that is cut off is seen), and begins the list of names.
 */
int ar_folder_begin_notes(struct ar_folder *folder, struct ar_error *error) AR_MUST_USE;

/* Before a file: notes its name, in written and in the list. -1 (AR_INPUT) for one that is there already. */
int ar_folder_note(struct ar_folder *folder, const char *name, struct ar_error *error) AR_MUST_USE;

/* Once the new index is there: deletes the list and the old index. */
int ar_folder_end_notes(struct ar_folder *folder, struct ar_error *error) AR_MUST_USE;

/* A folder of ours, path, could not be opened, by errnum: it has become a link, or a file. Returns -1. */
int ar_folder_fail_led_out(const struct ar_folder *folder, const char *path, int errnum, struct ar_error *error);

#endif
