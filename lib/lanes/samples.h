/* SPDX-License-Identifier: MIT */
/*
 * The samples table: CSV with the columns data and sample, others are ignored. It is the one table that is read strictly
 * (a stray quote is refused), by libcsv.
 */
#ifndef AR_LANES_SAMPLES_H
#define AR_LANES_SAMPLES_H

#include "lanes/targets.h"

#define AR_SAMPLES_MAX ((size_t)64 * 1024 * 1024) /* bytes of a samples table */

/*
 * Appends the rows of the table in text to targets, in their order, each with its line. what names the table in messages
 * ("samples table 's.csv'"), which say the line. Nothing is trimmed; blank lines are skipped; LF, CRLF and CR end a row;
 * a BOM is no matter. 0, or -1 (AR_INPUT): no such columns, no row, a row with more or fewer cells than the header,
 * quotes out of place, a NUL, bytes that are not UTF-8, or what ar_targets_add refuses; targets then holds a part of
 * them.
 */
int ar_samples_parse(struct ar_targets *targets, const char *text, size_t n, const char *what,
                     struct ar_error *error) AR_MUST_USE;

/* The same for the file path, of at most AR_SAMPLES_MAX bytes. 0, or -1: reading it failed, too. */
int ar_samples_load(struct ar_targets *targets, const char *path, struct ar_error *error) AR_MUST_USE;

#endif
