/* SPDX-License-Identifier: MIT */
/*
 * Sets as pickled frames: read into CSV, and written around the bytes of a CSV.
 */
#ifndef AR_WIRE_SET_H
#define AR_WIRE_SET_H

#include "bytes/file.h"

/* The CSV of a pickled set. Zeroed it holds nothing, and may be released. */
struct ar_wire_set {
    const char *csv; /* in the pickle where that holds the CSV itself, else in the text where it is short, or in the map */
    uint64_t n;
    struct ar_buf text;
    struct ar_map map; /* of a spool */
    bool mapped;
};

/*
 * Reads the pickle of n bytes at data, which must stay; what names it in messages. The CSV is that of pandas'
 * to_csv(index=False), in a temporary file unless it is short. 0, or -1: AR_INPUT (see codecs/pickle.h; a series is no set), AR_SYSTEM (memory,
 * the temporary file); set then holds nothing.
 */
int ar_wire_set_read(struct ar_wire_set *set, const char *data, uint64_t n, const char *what, struct ar_error *error) AR_MUST_USE;
void ar_wire_set_release(struct ar_wire_set *set);

/* Is the column read as text: Entity, Filename, data, sample_name, and those of text (NULL, or ends with NULL)? */
bool ar_wire_is_text(const char *column, char *const *text);

/* What stands around the bytes of a CSV so that the whole is a pickled frame. */
struct ar_wire_frame {
    struct ar_buf before, behind;
};

/*
 * Makes it for a CSV of csv_bytes whose header row is the n bytes at header. Read as text are Entity, Filename, data,
 * sample_name, and the columns of text (NULL, or ends with NULL), as far as the header has them. 0, or -1 (AR_INPUT: the
 * header; memory). To be released in both cases.
 */
int ar_wire_frame_init(struct ar_wire_frame *frame, const char *header, size_t n, uint64_t csv_bytes, char *const *text,
                       struct ar_error *error) AR_MUST_USE;
void ar_wire_frame_release(struct ar_wire_frame *frame);

/* Bytes of the whole pickle. */
uint64_t ar_wire_frame_bytes(const struct ar_wire_frame *frame, uint64_t csv_bytes);

#endif
