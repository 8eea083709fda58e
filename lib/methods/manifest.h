/* SPDX-License-Identifier: MIT */
/*
 * The manifest: a JSON file that says what a method is, and which sets it wants, cleansed how.
 *
 *     { "name": "spot-stats", "description": "…",
 *       "params": { "type": "object", "properties": { "threshold": { "type": "number", "default": 0.8 } } },
 *       "image_analysis_results": { "activity_spots": { "description": "…", "text": ["Plate"],
 *                                                       "cleansing": [ { "entity": ["Activity Spots"] },
 *                                                                      { "where": "Channel", "is": ["1", "2"] } ] } },
 *       "analyze": ["./analyze"], "files": ["analyze"], "postprocess": ["./judge"], "postprocess_files": ["judge"],
 *       "contract": "files", "fields": 12, "version": ["./analyze", "--version"] }
 *
 * folder may say, as an absolute path, what relative names in it count from, where that is not the folder that it lies in. name, image_analysis_results (one set at least) and analyze must be there. Members that are not known are refused.
 */
#ifndef AR_METHODS_MANIFEST_H
#define AR_METHODS_MANIFEST_H

#include "lanes/rules.h"
#include "methods/schema.h"

/* How a method is started and answers: DESIGN, "The method contract". */
enum ar_contract { AR_CONTRACT_FILES, AR_CONTRACT_LANES, AR_CONTRACT_FIRST, AR_CONTRACT_ANALYZESEQ };

/* "files", "lanes", "first", "analyzeseq". */
const char *ar_contract_name(enum ar_contract contract);

/* Finds a contract by its name. True where there is one. */
bool ar_contract_parse(const char *name, enum ar_contract *contract);

/*
 * A method in C that becomes ar-run names in this variable a descriptor from which its manifest can be read, so that it need not be
 * started once more to print it.
 */
#define AR_MANIFEST_DESCRIPTOR "AR_MANIFEST_DESCRIPTOR"

/* Is it one of ar-run's commands on the folder of a run, which need no method: status, verify, clean? */
bool ar_is_run_command(const char *word);

#define AR_FIELDS_DEFAULT 12
#define AR_FIELDS_MAX 10000 /* they are listed in an environment variable, which may have 128 KiB */

struct ar_manifest_set {
    char *name;
    char *description;     /* NULL: none */
    struct ar_rules rules; /* at least one, or none is true; "entity" is a rule for the column Entity */
    char **text;           /* columns that are text whatever they look like; NULL-terminated, NULL: none said */
};

/* All texts are UTF-8. Lists end with NULL; a list that is NULL was not given. */
struct ar_manifest {
    char *folder; /* absolute path of the folder that holds the manifest (or that it names), without a slash at its end (but "/") */
    char *name;
    char *description;           /* NULL: none */
    struct ar_schema *params;    /* NULL: any object */
    struct ar_manifest_set *set; /* in their order */
    size_t n_sets;
    char **analyze; /* program and arguments */
    char **files;   /* what it consists of: paths, from the folder */
    char **postprocess;
    char **postprocess_files;
    char **version; /* program and arguments */
    enum ar_contract contract;
    int fields; /* 1 to AR_FIELDS_MAX */
};

/*
 * Loads the manifest from the file path. 0, or -1 (AR_INPUT for a missing file and for every mistake in it, which is told with
 * its JSON Pointer and what was expected); manifest is then empty.
 */
int ar_manifest_load(struct ar_manifest *manifest, const char *path, struct ar_error *error) AR_MUST_USE;

/* As ar_manifest_load, from a text; folder is taken as it is (copied), what names it in messages. */
int ar_manifest_parse(struct ar_manifest *manifest, const char *text, size_t n, const char *folder, const char *what,
                      struct ar_error *error) AR_MUST_USE;

void ar_manifest_release(struct ar_manifest *manifest);

/* The set of that name, or NULL. */
const struct ar_manifest_set *ar_manifest_set(const struct ar_manifest *manifest, const char *name);

/*
 * Appends what to start for the program name argv0 (valid only until the buffer changes): without a slash it stays, for PATH;
 * with one, it is found from the manifest's folder.
 */
void ar_manifest_program(const struct ar_manifest *manifest, const char *argv0, struct ar_buf *buf);

/* Appends the path of a file that the manifest names: from its folder, unless it is absolute. */
void ar_manifest_path(const struct ar_manifest *manifest, const char *file, struct ar_buf *buf);

#endif
