/* SPDX-License-Identifier: MIT */
/*
 * The private folders of methods, below one work folder. One that was emptied is used again: to make and delete folders is what
 * takes file systems longest.
 */
#ifndef AR_METHODS_LANE_FOLDER_H
#define AR_METHODS_LANE_FOLDER_H

#include "lanes/ledger.h"

/* The variable that tells a process of many lanes that the folder in which it starts, DEVICE:INODE, is nobody else's, and is to be emptied between lanes. */
#define AR_OWN_FOLDER "AR_OWN_FOLDER"

/* The folders that wait to be used again, each known by the number of its last lane. Zeroed, there are none. */
struct ar_lane_folders {
    struct ar_lane_folder {
        uint32_t number;
        uint32_t sets; /* files in its folder for sets */
    } *waiting;
    size_t n, room;
};

/* Deletes the folders that wait. */
void ar_lane_folders_release(struct ar_lane_folders *folders, int root);

/*
 * The folder called lane below root, mode 0700, in it the folder for sets and nothing else, but files of an earlier lane, which are the
 * caller's to write over: those that each lane has (data_name, sample_name, params.json, ledger.json) by ar_files_put, and so many of
 * sets by ar_files_open_set. Where the lane does not have them all, ar_lane_folder_keep_sets ends them. A descriptor, or -1 (AR_SYSTEM).
 */
int ar_lane_folder_open(struct ar_lane_folders *folders, int root, const char *lane, uint32_t *sets, struct ar_error *error) AR_MUST_USE;

/* Deletes what is in the folder for sets, apart from the files of these names, one behind the other with their NULs. 0 or -1. */
int ar_lane_folder_keep_sets(int dirfd, const struct ar_buf *names, struct ar_error *error) AR_MUST_USE;

/*
 * Empties the folder of a lane whose method has ended, but for files to be written over, and lays it aside under the lane's number:
 * then *again is true, and *sets says how many files of the ledger's sets are left; where the method changed more of it than what is
 * in it (its rights, attributes, place), it is deleted. dirfd: of the folder. 0 or -1.
 */
int ar_lane_folder_close(int root, const char *lane, uint32_t number, int dirfd, const struct ar_ledger *ledger, bool *again, uint32_t *sets,
                         struct ar_error *error) AR_MUST_USE;

/* Deletes all that is in a folder. 0 or -1 (AR_SYSTEM). */
int ar_lane_folder_empty(int dirfd, struct ar_error *error) AR_MUST_USE;

/* Empties the folder called name below root, dirfd being of it. False where it is not what it was (0700, and that folder), or cannot be emptied. */
bool ar_lane_folder_clear(int root, const char *name, int dirfd) AR_MUST_USE;

/*
 * Makes a copy of the folder of a lane (its descriptor), of files and the folder for sets with files, under the name copy below root,
 * in the place of one that is there. A descriptor, or -1.
 */
int ar_lane_folder_copy(int root, int dirfd, const char *copy, struct ar_error *error) AR_MUST_USE;

/* A folder was laid aside. 0, or -1 when memory ran out. */
int ar_lane_folders_add(struct ar_lane_folders *folders, uint32_t number, uint32_t sets, struct ar_error *error) AR_MUST_USE;

/*
 * Deletes the folder path with all that is in it, one process after the other where several do so at a time: the last one finds
 * what is left of it. What cannot be deleted stays.
 */
void ar_work_remove(const char *path);

#endif
