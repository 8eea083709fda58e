/* SPDX-License-Identifier: MIT */
/*
 * Tables for people: columns of text that line up on a terminal, East Asian text included. What is in the cells is
 * shown harmlessly.
 */
#ifndef AR_TOOLS_CLI_GRID_H
#define AR_TOOLS_CLI_GRID_H

#include "bytes/buf.h"

enum { CLI_GRID_RIGHT = 1, CLI_GRID_CLOSE = 2, CLI_GRID_SHRINK = 4 };

struct cli_grid_column {
    unsigned flags; /* CLI_GRID_RIGHT: aligned to the right; CLI_GRID_CLOSE: one blank before it, else two;
                       CLI_GRID_SHRINK: its cells are cut, with "…", where a terminal is narrower than the grid */
    size_t width;
    bool used;      /* a cell that is not empty; columns without one are left out */
};

struct cli_grid {
    struct cli_grid_column *column;
    size_t n;
    struct ar_buf text;  /* of all cells, each with a NUL behind it */
    size_t cells;
    struct ar_buf heads; /* struct cli_grid_head */
};

/* Appends a column. */
void cli_grid_column(struct cli_grid *grid, unsigned flags);

void cli_grid_init(struct cli_grid *grid);
void cli_grid_release(struct cli_grid *grid);

/* A heading over the columns from first to last. In their order. */
void cli_grid_head(struct cli_grid *grid, size_t first, size_t last, const char *text);

/* The next cell, row by row; n bytes of text. Nothing of a grid is translated here. */
void cli_grid_cell(struct cli_grid *grid, const char *text, size_t n);
void cli_grid_text(struct cli_grid *grid, const char *text);
void cli_grid_format(struct cli_grid *grid, const char *format, ...) AR_PRINTF(2, 3);

/*
 * Prints headings (where there are any) and rows, each behind indent blanks, to standard output. Where that is a terminal, no
 * line of a grid with columns that shrink is longer than it is wide. 0, or -1 when memory ran out.
 */
int cli_grid_print(const struct cli_grid *grid, unsigned indent, struct ar_error *error) AR_MUST_USE;

#endif
