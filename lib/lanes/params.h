/* SPDX-License-Identifier: MIT */
/*
 * Params: the text of one JSON object. It is kept to the byte wherever it goes; where single members are set, all other bytes
 * stay.
 */
#ifndef AR_LANES_PARAMS_H
#define AR_LANES_PARAMS_H

#include "bytes/buf.h"

#define AR_PARAMS_NONE "{}"                      /* what params are where none are given */
#define AR_PARAMS_MAX ((size_t)64 * 1024 * 1024) /* bytes */

/* Is text a JSON object, and nothing else but blanks? 0, or -1 (AR_INPUT); what names it in messages ("params 'params.json'"). */
int ar_params_check(const char *text, size_t n, const char *what, struct ar_error *error) AR_MUST_USE;

/* Appends the content of the file path, as it is (blanks and line ends around the object too), after ar_params_check. 0 or -1. */
int ar_params_load(const char *path, struct ar_buf *params, struct ar_error *error) AR_MUST_USE;

/*
 * Sets a member of params, as the option -P says it: assignment is NAME=JSON, NAME all before the first '=' (taken as it is),
 * JSON any JSON value. The value's text takes the place of the member's; a member that is not there is added at the end. params
 * must be an object; a buffer that is empty counts as {}. 0, or -1 (AR_INPUT) with params unchanged.
 */
int ar_params_set(struct ar_buf *params, const char *assignment, struct ar_error *error) AR_MUST_USE;

#endif
