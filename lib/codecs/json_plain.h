/* SPDX-License-Identifier: MIT */
/*
 * Private to the JSON reader: plain text into a tree, several times as fast as jansson.
 */
#ifndef AR_CODECS_JSON_PLAIN_H
#define AR_CODECS_JSON_PLAIN_H

#include "codecs/json.h"

/*
 * The tree of a text whose strings have no escapes, whose numbers are integers of at most 18 digits, and that is nested at most 64
 * levels deep, as ledgers mostly are. NULL where the text has anything else, or a fault, or memory ran out: jansson is to have a
 * look at it then. A new reference.
 */
json_t *ar_json_load_plain(const char *text, size_t n);

#endif
