/* SPDX-License-Identifier: MIT */
/*
 * What a method consists of: its files, known by their digests and by names that stay when its folder is moved.
 *
 * These are the files of the manifest's list, or, without one, the program; and every argument that names a regular file. Names are
 * relative to the deepest folder that holds all files of the list, and base names elsewhere.
 */
#ifndef AR_METHODS_METHOD_FILES_H
#define AR_METHODS_METHOD_FILES_H

#include <signal.h>
#include <sys/stat.h>

#include "bytes/digest.h"
#include "methods/manifest.h"

struct ar_method_file {
    char *path;
    const char *name; /* in path */
    char xxh3[AR_DIGEST_HEX + 1];
    struct stat was;  /* when it was read */
};

/* Zeroed, there are none. */
struct ar_method_files {
    struct ar_method_file *file;
    size_t n, room;
    size_t next; /* whose turn it is to be looked at */
    const volatile sig_atomic_t *stop; /* not 0: reading them is to end; or NULL */
};

/*
 * Finds the files that patterns (NULL at its end) name, and reads their digests; they come in the order of their names. A pattern is
 * that of glob(3), and counts from folder unless it is absolute; a folder stands for all regular files below it. Left out are names
 * below it that begin with a dot, and folders called __pycache__, which Python makes when it likes. 0, or -1 (AR_INPUT): a pattern
 * that gives no file, or names something that is neither file nor folder; what cannot be read.
 */
int ar_method_files_list(struct ar_method_files *files, char *const *patterns, const char *folder, struct ar_error *error) AR_MUST_USE;

/* Adds the file path, known by its base name. 0 or -1. */
int ar_method_files_add(struct ar_method_files *files, const char *path, struct ar_error *error) AR_MUST_USE;

/*
 * The path of a file that was changed or replaced since it was read, or NULL. Of long lists, some files are looked at in each call,
 * one after the other.
 */
const char *ar_method_files_changed(struct ar_method_files *files);

void ar_method_files_release(struct ar_method_files *files);

/* ---- the whole ------------------------------------------------------------------------------------------------------ */

struct ar_method_parts {
    struct ar_buf text; /* members of a JSON object: "method":{"argv":[…],"files":{…}} and, where there is one, ,"version":… */
    struct ar_method_files listed, named; /* the list's; program and arguments */
};

/* What is asked for. */
struct ar_method_what {
    char *const *argv;     /* NULL at its end; argv[0] as the user wrote it, or the program's path */
    const char *program;   /* its path, from ar_proc_find */
    const char *start_dir; /* from where arguments count */
    char *const *patterns; /* the manifest's list, or NULL */
    const char *folder;    /* then: from where they count */
    const struct ar_buf *version; /* what the manifest's version command printed, or NULL */
    const volatile sig_atomic_t *stop; /* not 0: reading is to end (AR_SYSTEM); or NULL */
};

/*
 * Reads all of it. In argv, a file is {"file":NAME,"xxh3":HEX}: an argument that names a regular file, and the program, unless it
 * was found in PATH and there is a list. Texts that are long or not UTF-8 are {"bytes":N,"xxh3":HEX}. 0 or -1; to be released in
 * both cases.
 */
int ar_method_parts_read(struct ar_method_parts *parts, const struct ar_method_what *what, struct ar_error *error) AR_MUST_USE;

/* As ar_method_files_changed, of all of them. */
const char *ar_method_parts_changed(struct ar_method_parts *parts);

/* The same, and all files are looked at, however long the lists are. */
const char *ar_method_parts_any_changed(struct ar_method_parts *parts);

void ar_method_parts_release(struct ar_method_parts *parts);

/* Appends a text as a JSON string, or, where it is longer than 4096 bytes or not UTF-8, what stands for it. */
void ar_method_add_text(struct ar_buf *buf, const char *text, size_t n);

#endif
