/* SPDX-License-Identifier: MIT */
/*
 * Tar: ustar with pax extended headers (POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended Header").
 *
 * The reader also takes v7 and GNU tars (long names, base-256 sizes) where their content is regular files. The writer is
 * deterministic: mtime 0, owner 0, mode 0644, and a pax header only where a name, size or keyword needs it.
 */
#ifndef AR_CODECS_TAR_H
#define AR_CODECS_TAR_H

#include "bytes/io.h"

/* ---- reading -------------------------------------------------------------------------------------------------------- */

#define AR_TAR_IMAGE_TYPE_MAX 200 /* bytes of an image_type */

struct ar_tar_entry {
    const char *name;       /* UTF-8, relative, up to 4096 bytes; no component is empty, "." or ".."; no control character */
    uint64_t size;          /* bytes of the body */
    bool is_file;           /* pax keyword is_file=true */
    const char *image_type; /* pax keyword image_type: UTF-8, up to 200 bytes, no control character; or NULL */
    const char *pax;        /* the records of other vendor keywords, as they stood ("LEN KEY=VALUE\n"…), global ones first */
    size_t pax_len;
    uint64_t offset;        /* of its first header block, in the stream: for messages */
    uint64_t body_offset;   /* of its body, in the stream */
};

/* Can an archive that has an entry begin with these bytes? They begin with a header block whose checksum is right. */
bool ar_tar_begins(const void *bytes, size_t n);

struct ar_tar_reader;

/*
 * Reads in, which stays the caller's. NULL when memory ran out. An empty input is an error of the first ar_tar_next (no_input is
 * set).
 */
struct ar_tar_reader *ar_tar_reader_new(struct ar_in *in, struct ar_error *error) AR_MUST_USE;
void ar_tar_reader_free(struct ar_tar_reader *reader);

/*
 * The next regular file; what is left of the body before it is passed over. Folders are passed over too. entry's texts are valid
 * until the next call. Returns 1; 0 at the end, when everything up to the end of in was read and checked; -1 on failure, after
 * which only ar_tar_reader_free makes sense. Failures are AR_INPUT, but for those of reading and memory:
 *  - no tar at all, a header with a wrong checksum or size, a malformed pax record, more than 1 MiB of them (64 KiB in GNU's
 *    header of a long name);
 *  - a name that is not as ar_tar_entry has it ("./" before it is taken off; nothing else is changed);
 *  - a link, device, FIFO, sparse file, part of a file, or an entry of an unknown kind; a folder with a size;
 *  - an archive that ends inside an entry, without its two end-of-archive blocks, or that has anything but zeros behind them.
 *
 * Of pax keywords path and size count, from a header of the entry's own only; of several the last, and before GNU's long name.
 * What an empty value takes back is taken back. POSIX' other keywords, SCHILY.*, LIBARCHIVE.* and RHT.security.selinux are
 * dropped: they tell of the file system that the file came from.
 *
 * One exception, a fact of the wire: an archive that ends between two entries, the last of which is "error", ends there (see
 * ar_tar_reader_cut).
 */
int ar_tar_next(struct ar_tar_reader *reader, struct ar_tar_entry *entry, struct ar_error *error) AR_MUST_USE;

/* After the end: did the archive lack its end blocks, by the exception for "error"? */
bool ar_tar_reader_cut(const struct ar_tar_reader *reader);

/* Reads up to n bytes of the entry's body. Fewer come only at its end. -1 on failure (a body that is cut is AR_INPUT). */
ssize_t ar_tar_read(struct ar_tar_reader *reader, void *bytes, size_t n, struct ar_error *error) AR_MUST_USE;

/*
 * The next bytes of the body without a copy, at most max: see ar_in_view. Returns their number, 0 at the body's end, -1 on
 * failure.
 */
ssize_t ar_tar_view(struct ar_tar_reader *reader, const char **bytes, size_t max, struct ar_error *error) AR_MUST_USE;

/*
 * Appends the rest of the body to buf. Memory grows with what is really there, not with what the header promises. A rest of more
 * than max bytes is refused (AR_INPUT), and stays to be read.
 */
int ar_tar_read_all(struct ar_tar_reader *reader, struct ar_buf *buf, uint64_t max, struct ar_error *error) AR_MUST_USE;

/* Bytes of the body that were not read yet. */
uint64_t ar_tar_left(const struct ar_tar_reader *reader);

/* ---- writing -------------------------------------------------------------------------------------------------------- */

struct ar_tar_meta {
    const char *name;       /* as in ar_tar_entry */
    uint64_t size;
    bool is_file;
    const char *image_type; /* or NULL */
    const char *pax;        /* further records, as ar_tar_entry gives them, or NULL */
    size_t pax_len;
};

/* A writer over out, which stays the caller's. */
struct ar_tar_writer {
    struct ar_out *out;
    uint64_t left;    /* bytes of the body that are still owed */
    unsigned padding; /* zeros that follow it */
};

void ar_tar_writer_init(struct ar_tar_writer *writer, struct ar_out *out);

/*
 * Appends the header blocks of an entry to buf: what ar_tar_put writes. A name outside ASCII, or longer than ustar holds, a size
 * of 8 GiB or more and the keywords make a pax header, in this order: path, size, is_file, image_type, meta->pax. The ustar
 * header then has the beginning of the name, in ASCII, or the size 0.
 */
void ar_tar_header(struct ar_buf *buf, const struct ar_tar_meta *meta);

/* Starts an entry. meta->size bytes must follow by the next calls. 0 or -1. */
int ar_tar_put(struct ar_tar_writer *writer, const struct ar_tar_meta *meta, struct ar_error *error) AR_MUST_USE;

/* Bytes of the body; as ar_out_write, ar_out_write_stable, ar_out_copy. More than was promised is an error (AR_SYSTEM). */
int ar_tar_write(struct ar_tar_writer *writer, const void *bytes, size_t n, struct ar_error *error) AR_MUST_USE;
int ar_tar_write_stable(struct ar_tar_writer *writer, const void *bytes, size_t n, struct ar_error *error) AR_MUST_USE;
int ar_tar_write_copy(struct ar_tar_writer *writer, int fd, uint64_t offset, uint64_t n, const char *from_name,
                      struct ar_error *error) AR_MUST_USE;

/* An entry and its body at once. */
int ar_tar_put_whole(struct ar_tar_writer *writer, const struct ar_tar_meta *meta, const void *bytes,
                     struct ar_error *error) AR_MUST_USE;

/* Writes the two end-of-archive blocks. Only a whole, successful stream gets them. A body that is not complete is an error. */
int ar_tar_finish(struct ar_tar_writer *writer, struct ar_error *error) AR_MUST_USE;

#endif
