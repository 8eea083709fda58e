/* SPDX-License-Identifier: MIT */
/*
 * CSV, as DESIGN's rules have it (RFC 4180, with LF, CRLF or CR as line end): comma, UTF-8, a quote counts only at the start of
 * a cell, nothing is trimmed, blank lines are skipped, every row has the header's number of cells.
 *
 * The scanner finds where rows and a few chosen cells begin and end, and checks all the rest on the way; it copies nothing. It
 * has two twins that give the same results, one with AVX2, one portable.
 */
#ifndef AR_CODECS_CSV_H
#define AR_CODECS_CSV_H

#include "bytes/buf.h"

/*
 * A row, by offsets into the scanned bytes. cell[2 * i], cell[2 * i + 1]: start and end of the i-th tracked cell, quotes and
 * all.
 */
struct ar_csv_row {
    uint64_t start; /* of its first byte */
    uint64_t end;   /* behind its last byte, without the line end */
    uint64_t next;  /* behind its line end: end where the last line lacks one, end + 1 for LF or CR, end + 2 for CRLF */
    const uint64_t *cell;
};

enum ar_csv_fault {
    AR_CSV_OK,
    AR_CSV_RAGGED,       /* more or fewer cells than the header */
    AR_CSV_UNTERMINATED, /* a quoted cell without its closing quote */
    AR_CSV_AFTER_QUOTE,  /* text between a closing quote and the next comma or line end */
    AR_CSV_NUL,
    AR_CSV_UTF8,
};

enum ar_csv_twin { AR_CSV_BEST, AR_CSV_PORTABLE, AR_CSV_AVX2 };

struct ar_csv_scan; /* see ar_csv_scan_new */

/*
 * A scanner over the n bytes at data, which stay the caller's and must not change. cells: how many cells each row must have, 0 =
 * as many as the first row. track: column numbers, ascending, from 0, of the cells that rows shall tell; a number beyond the
 * row's last is the caller's mistake. NULL when memory ran out.
 */
struct ar_csv_scan *ar_csv_scan_new(const char *data, uint64_t n, uint64_t cells, const size_t *track, size_t n_track,
                                    enum ar_csv_twin twin) AR_MUST_USE;
void ar_csv_scan_free(struct ar_csv_scan *scan);

/*
 * For data that is still arriving behind what was scanned, at the same address: n bytes of it are there now; whole: that is all
 * of them. A scanner that was made for n bytes takes them for all until this is called. While not whole, ar_csv_scan_rows gives
 * 0 where it has to wait for more.
 */
void ar_csv_scan_arrived(struct ar_csv_scan *scan, uint64_t n, bool whole);

/*
 * For data of which not all is kept: bytes from its start that no row to come has a part in, as long as not all of it has arrived.
 * It may be a few less.
 */
uint64_t ar_csv_scan_spent(const struct ar_csv_scan *scan);

/*
 * Call before the first n bytes (as ar_csv_scan_spent told) are dropped and those behind them moved to data: all offsets count from
 * there from now on; rows that were given are no longer valid. n may be 0: then all of it lies at data already.
 */
void ar_csv_scan_drop(struct ar_csv_scan *scan, uint64_t n, const char *data);

/*
 * The next rows, as many as were found at once. Sets *rows, valid until the next call. Returns their number, 0 at the end, -1 at
 * a fault; the rows before it were given already. Blank lines are not given.
 */
ssize_t ar_csv_scan_rows(struct ar_csv_scan *scan, const struct ar_csv_row **rows);

/* What was met so far: all of it is there after the end. */
struct ar_csv_seen {
    enum ar_csv_fault fault;
    uint64_t fault_offset;  /* of the row's start where it is ragged, of the quote that is never closed, else of the byte */
    uint64_t fault_row;     /* of the start of the row in which the fault is; not told for NUL and UTF-8 */
    uint64_t fault_cells;   /* cells of the ragged row */
    uint64_t cells;         /* cells that each row must have */
    uint64_t rows;
    uint64_t blank_lines;
    uint64_t lines_dropped; /* lines that ended in bytes that were dropped */
    bool cr;                /* a line end that was CR or CRLF */
};
const struct ar_csv_seen *ar_csv_scan_seen(const struct ar_csv_scan *scan);

/*
 * Fills in the error (AR_INPUT) of a fault: file (or entry), line, what was expected, and what to do. data and n are the bytes
 * that were scanned, first_line is the number of their first line.
 */
int ar_csv_fail(const struct ar_csv_seen *seen, const char *data, uint64_t n, uint64_t first_line, const char *what,
                struct ar_error *error);

/* The number of the line (from 1; lines within quoted cells count) in which offset stands. */
uint64_t ar_csv_line(const char *data, uint64_t offset);

/* The number of lines that end in the n bytes at data. */
uint64_t ar_csv_line_ends(const char *data, uint64_t n);

/* ---- a header ------------------------------------------------------------------------------------------------------- */

struct ar_csv_header {
    size_t cells;
    char **name;      /* decoded, NUL-terminated */
    uint64_t start;   /* of the header row, behind blank lines and a BOM */
    uint64_t end;     /* behind its last byte, without the line end */
    uint64_t next;    /* where the first row behind it begins */
    bool bom;
    bool cr;          /* its line end was CR or CRLF */
    uint64_t blank_lines; /* before it */
    size_t wider;     /* see ar_csv_header_look_below; 0: not looked for, or not there */
};

/*
 * Reads the header, the first row that is not blank. what names the table in messages. 0, or -1 (AR_INPUT): nothing there ("is
 * empty"), a cell that is empty or there twice, a byte order mark before the first name that is not the text's first, and all
 * that a scanner finds.
 */
int ar_csv_header_read(struct ar_csv_header *header, const char *data, uint64_t n, const char *what,
                       struct ar_error *error) AR_MUST_USE;
void ar_csv_header_release(struct ar_csv_header *header);

#define AR_CSV_BOM "\xef\xbb\xbf"

/* -1 (AR_INPUT) where the name of the first column begins with a byte order mark, which was not the first thing in the file. */
int ar_csv_check_bom(const char *name, const char *what, struct ar_error *error) AR_MUST_USE;

/*
 * Looks for rows behind the header that seem to be a table under lines of another kind, as instruments write them: wider is the line of the
 * first of them. For files as somebody gave them, before a column is looked for.
 */
void ar_csv_header_look_below(struct ar_csv_header *header, const char *data, uint64_t n);

/* The column's number, or -1. */
ssize_t ar_csv_header_find(const struct ar_csv_header *header, const char *name);

/*
 * Records that a column is missing: "WHAT: column 'NAME' not found; columns are …" (AR_INPUT), with a hint where the header seems to be
 * no row of names, or to be separated by something else than commas. Returns -1.
 */
int ar_csv_fail_column(const struct ar_csv_header *header, const char *name, const char *what, struct ar_error *error);

/* ---- cells ---------------------------------------------------------------------------------------------------------- */

/* Appends the value of a raw cell: its text without the quotes around it and with "" as ". */
void ar_csv_decode(struct ar_buf *out, const char *raw, size_t n);

/* Appends text as a cell: quoted where it has a comma, quote, CR or LF, or where quote is set. */
void ar_csv_encode(struct ar_buf *out, const char *text, size_t n, bool quote);

#endif
