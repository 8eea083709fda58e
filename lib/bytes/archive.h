/* SPDX-License-Identifier: MIT */
/*
 * Private to this room: libarchive. It brings fifteen other libraries along, and loading them takes each tool longer than all else that
 * it does until it reads.
 */
#ifndef AR_BYTES_ARCHIVE_H
#define AR_BYTES_ARCHIVE_H

#include <archive.h>
#include <archive_entry.h>

#include "bytes/load.h"

/* What is called of it. */
#define AR_ARCHIVE_CALLS(CALL)                                                                                                 \
    CALL(archive_entry_free) CALL(archive_entry_new) CALL(archive_entry_set_filetype) CALL(archive_errno)                      \
    CALL(archive_error_string) CALL(archive_filter_bytes) CALL(archive_set_error)                                              \
    CALL(archive_read_append_filter) CALL(archive_read_data_block) CALL(archive_read_free) CALL(archive_read_new)              \
    CALL(archive_read_next_header) CALL(archive_read_open2) CALL(archive_read_support_filter_by_code)                          \
    CALL(archive_read_support_format_empty) CALL(archive_read_support_format_raw)                                              \
    CALL(archive_write_add_filter_zstd) CALL(archive_write_close) CALL(archive_write_data) CALL(archive_write_free)            \
    CALL(archive_write_header) CALL(archive_write_new) CALL(archive_write_open)                                                \
    CALL(archive_write_set_bytes_in_last_block) CALL(archive_write_set_bytes_per_block) CALL(archive_write_set_format_raw)

/* Its functions, by their names. Zeroed: it is not loaded. */
struct ar_archive {
    AR_ARCHIVE_CALLS(AR_LOAD_MEMBER)
};

/* Loads it; it stays until the process ends. 0, or -1 (AR_SYSTEM): it is not installed, or another one than this was built for. */
int ar_archive_load(struct ar_archive *lib, struct ar_error *error) AR_MUST_USE;

#endif
