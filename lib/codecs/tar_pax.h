/* SPDX-License-Identifier: MIT */
/*
 * Private to the tar reader: what pax headers say, as far as it counts (POSIX.1-2017, "pax Extended Header").
 */
#ifndef AR_CODECS_TAR_PAX_H
#define AR_CODECS_TAR_PAX_H

#include "bytes/buf.h"
#include "codecs/tar_format.h"

#define AR_TAR_HINT_DAMAGED N_("It was damaged on its way, or written by a program at fault; make it again.")
#define AR_TAR_HINT_SPARSE N_("Pack it again without tar's option --sparse.")
#define AR_TAR_HINT_VOLUME N_("Pack it again without tar's option --multi-volume.")

/* The keywords that hold. An empty value takes back what was said before. */
struct ar_tar_pax {
    bool global; /* for all entries that follow; else for the next one */
    bool has_path, has_size, has_is_file, has_image_type;
    bool is_file;
    uint64_t size;
    struct ar_buf path;
    struct ar_buf image_type;
    struct ar_buf pass; /* records of vendor keywords, as they stood */
};

/* The body of a pax header. */
struct ar_tar_pax_header {
    const char *text;
    size_t len;
    const char *input; /* whose it is, and where it stands there: for messages */
    uint64_t offset;
};

void ar_tar_pax_init(struct ar_tar_pax *pax, bool global);
void ar_tar_pax_release(struct ar_tar_pax *pax);

/* Forgets all keywords. */
void ar_tar_pax_clear(struct ar_tar_pax *pax);

/*
 * Takes the records of a header. 0, or -1 (AR_INPUT): a record is malformed, a value not of its kind, there are too many vendor
 * keywords, or they announce what is not read. Where memory ran out a buffer is failed.
 */
int ar_tar_pax_take(struct ar_tar_pax *pax, const struct ar_tar_pax_header *header, struct ar_error *error) AR_MUST_USE;

#endif
