/* SPDX-License-Identifier: MIT */
/*
 * UTF-8 and numbers in texts.
 */
#ifndef AR_BYTES_TEXT_H
#define AR_BYTES_TEXT_H

#include "bytes/buf.h"

/*
 * The offset of the first byte that is not part of well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing
 * above U+10FFFF; a sequence that the end cuts is not well-formed), or n where all of it is.
 */
size_t ar_utf8_check(const char *text, size_t n);

/*
 * Appends text so that a terminal shows it and does nothing else: control characters (C0, DEL, C1), bidirectional controls
 * (U+061C, U+200E, U+200F, U+202A..202E, U+2066..2069), line and paragraph separators, byte order marks (U+FEFF), and bytes that
 * are not UTF-8 appear as \n, \t, \xHH (below U+0080, and bytes that are not UTF-8) or \u{HHHH}, with lower-case digits; a
 * backslash stays as it is.
 */
void ar_text_show(struct ar_buf *out, const char *text, size_t n);

/* Appends a word as a POSIX shell takes it: in single quotes where it needs them. */
void ar_text_add_word(struct ar_buf *text, const char *word);

/* True where text holds a control character (C0, DEL or C1 as UTF-8). */
bool ar_text_has_control(const char *text, size_t n);

/* Does text read as a number by JSON's grammar (RFC 8259, section 6), from its first to its last byte? */
bool ar_text_is_json_number(const char *text, size_t n);

/*
 * The columns that text takes on a terminal: one for each character, two for wide East Asian ones, none for combining ones.
 * Bytes that are not UTF-8 count one.
 */
size_t ar_text_width(const char *text, size_t n);

/* Is the text of n bytes this word? */
static inline bool ar_text_is(const char *text, size_t n, const char *word)
{
    return n == strlen(word) && memcmp(text, word, n) == 0;
}

#endif
