/* SPDX-License-Identifier: MIT */
#include "cli/grid.h"

#include "bytes/text.h"

struct cli_grid_head {
    size_t first, last;
    size_t at, len; /* in text */
};

void cli_grid_init(struct cli_grid *grid)
{
    *grid = (struct cli_grid){ 0 };
    ar_buf_init(&grid->text);
    ar_buf_init(&grid->heads);
}

void cli_grid_release(struct cli_grid *grid)
{
    free(grid->column);
    ar_buf_release(&grid->text);
    ar_buf_release(&grid->heads);
    cli_grid_init(grid);
}

void cli_grid_column(struct cli_grid *grid, unsigned flags)
{
    struct cli_grid_column *grown = reallocarray(grid->column, grid->n + 1, sizeof *grown);
    if (!grown) {
        grid->text.failed = true;
        return;
    }
    grid->column = grown;
    grown[grid->n++] = (struct cli_grid_column){ .flags = flags };
}

void cli_grid_head(struct cli_grid *grid, size_t first, size_t last, const char *text)
{
    struct cli_grid_head head = { .first = first, .last = last, .at = grid->heads.len };
    struct ar_buf shown;
    ar_buf_init(&shown);
    ar_text_show(&shown, text, strlen(text));
    head.len = shown.len;
    ar_buf_add(&grid->heads, &head, sizeof head);
    ar_buf_add(&grid->heads, shown.data, shown.len);
    grid->heads.failed |= shown.failed;
    ar_buf_release(&shown);
}

void cli_grid_cell(struct cli_grid *grid, const char *text, size_t n)
{
    size_t start = grid->text.len;
    struct cli_grid_column *column = &grid->column[grid->cells++ % grid->n];
    ar_text_show(&grid->text, text, n);
    size_t width = ar_text_width(grid->text.data + start, grid->text.len - start);
    if (width > column->width)
        column->width = width;
    column->used |= n > 0;
    ar_buf_add_char(&grid->text, '\0');
}

void cli_grid_text(struct cli_grid *grid, const char *text)
{
    cli_grid_cell(grid, text, strlen(text));
}

void cli_grid_format(struct cli_grid *grid, const char *format, ...)
{
    char *text;
    va_list args;
    va_start(args, format);
    int n = vasprintf(&text, format, args);
    va_end(args);
    if (n < 0) {
        grid->text.failed = true;
        return;
    }
    cli_grid_cell(grid, text, (size_t)n);
    free(text);
}

/* ---- printing ------------------------------------------------------------------------------------------------------- */

/* A line that grows: what is missing in width is made up when something follows. */
struct line {
    struct ar_buf text;
    size_t width;
};

static void pad_to(struct line *line, size_t width)
{
    for (; line->width < width; line->width++)
        ar_buf_add_char(&line->text, ' ');
}

static void add_text(struct line *line, size_t at, const char *text, size_t n)
{
    if (n == 0)
        return;
    pad_to(line, at);
    ar_buf_add(&line->text, text, n);
    line->width += ar_text_width(text, n);
}

static void end_line(struct line *line)
{
    ar_buf_add_char(&line->text, '\n');
    fwrite(line->text.data, 1, line->text.len, stdout);
    ar_buf_clear(&line->text);
    line->width = 0;
}

/* Where the column begins. */
static size_t column_at(const struct cli_grid *grid, size_t column, unsigned indent)
{
    size_t at = indent;
    bool first = true;
    for (size_t i = 0; i <= column; i++) {
        if (!grid->column[i].used && i < column)
            continue;
        at += first ? 0 : grid->column[i].flags & CLI_GRID_CLOSE ? 1 : 2;
        first = false;
        if (i < column)
            at += grid->column[i].width;
    }
    return at;
}

/* The heads one after the other; columns below a wide one grow. */
static void walk_heads(const struct cli_grid *grid, unsigned indent, struct line *line)
{
    for (size_t at = 0; at < grid->heads.len;) {
        struct cli_grid_head head;
        memcpy(&head, grid->heads.data + at, sizeof head);
        const char *text = grid->heads.data + at + sizeof head;
        size_t width = ar_text_width(text, head.len);
        at += sizeof head + head.len;
        bool used = false;
        for (size_t i = head.first; i <= head.last; i++)
            used |= grid->column[i].used;
        if (!used)
            continue;
        size_t first = head.first;
        while (!grid->column[first].used)
            first++;
        size_t last = head.last;
        while (!grid->column[last].used)
            last--;
        size_t begin = column_at(grid, first, indent), end = column_at(grid, last, indent) + grid->column[last].width;
        if (line) /* one that stands over right-aligned columns ends with them */
            add_text(line, grid->column[last].flags & CLI_GRID_RIGHT ? end - width : begin, text, head.len);
        else if (end - begin < width)
            grid->column[first].width += width - (end - begin);
    }
}

int cli_grid_print(const struct cli_grid *grid, unsigned indent, struct ar_error *error)
{
    struct line line = { 0 };
    if (ar_buf_check(&grid->text, error) != 0 || ar_buf_check(&grid->heads, error) != 0)
        return -1;
    ar_buf_init(&line.text);
    if (grid->heads.len) {
        walk_heads(grid, indent, NULL);
        walk_heads(grid, indent, &line);
        end_line(&line);
    }
    size_t *at = calloc(grid->n + 1, sizeof *at);
    for (size_t i = 0; at && i < grid->n; i++)
        at[i] = column_at(grid, i, indent);
    const char *cell = grid->text.data;
    for (size_t i = 0; at && i < grid->cells; i++) {
        const struct cli_grid_column *column = &grid->column[i % grid->n];
        size_t n = strlen(cell);
        size_t before = column->flags & CLI_GRID_RIGHT ? column->width - ar_text_width(cell, n) : 0;
        add_text(&line, at[i % grid->n] + before, cell, n);
        if (i % grid->n == grid->n - 1)
            end_line(&line);
        cell += n + 1;
    }
    bool failed = !at || line.text.failed;
    free(at);
    ar_buf_release(&line.text);
    return failed ? ar_fail_memory(error) : 0;
}
