/* SPDX-License-Identifier: MIT */
#include "cli/grid.h"

#include <sys/ioctl.h>

#include "bytes/text.h"

enum { SHRUNK = 12, SHRUNK_MORE = 6 }; /* columns that shrink get so narrow, and where that is not enough, so narrow */

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
    size_t limit; /* what is wider is cut */
};

/* The columns of the terminal that is standard output; SIZE_MAX where it is none. */
static size_t terminal_width(void)
{
    struct winsize size;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : SIZE_MAX;
}

/* How many bytes of a text fit into a width. */
static size_t fitting(const char *text, size_t n, size_t width)
{
    size_t used = 0;
    for (size_t i = 0; i < n;) {
        size_t next = i + 1;
        while (next < n && ((unsigned char)text[next] & 0xC0) == 0x80)
            next++;
        used += ar_text_width(text + i, next - i);
        if (used > width)
            return i;
        i = next;
    }
    return n;
}

static void pad_to(struct line *line, size_t width)
{
    for (; line->width < width; line->width++)
        ar_buf_add_char(&line->text, ' ');
}

/* Adds a text that takes up to room columns. */
static void add_text(struct line *line, size_t at, const char *text, size_t n, size_t room)
{
    if (n == 0)
        return;
    bool cut = ar_text_width(text, n) > room;
    if (cut)
        n = fitting(text, n, room - 1);
    pad_to(line, at);
    ar_buf_add(&line->text, text, n);
    ar_buf_add_text(&line->text, cut ? "…" : "");
    line->width += ar_text_width(text, n) + cut;
}

static void end_line(struct line *line)
{
    if (line->width > line->limit) {
        ar_buf_truncate(&line->text, fitting(line->text.data, line->text.len, line->limit - 1));
        ar_buf_add_text(&line->text, "…");
    }
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
            add_text(line, grid->column[last].flags & CLI_GRID_RIGHT ? end - width : begin, text, head.len, SIZE_MAX);
        else if (end - begin < width)
            grid->column[first].width += width - (end - begin);
    }
}

/* Makes a column up to excess narrower, where it may shrink, but not narrower than least. Returns what is left of the excess. */
static size_t shrink_column(struct cli_grid_column *column, size_t excess, size_t least)
{
    if (!(column->flags & CLI_GRID_SHRINK) || !column->used || column->width <= least)
        return excess;
    size_t less = excess < column->width - least ? excess : column->width - least;
    column->width -= less;
    return excess - less;
}

/* What the last columns say is mostly said again elsewhere; but in few words it should stay. */
static void shrink(const struct cli_grid *grid, unsigned indent, size_t limit)
{
    size_t width = column_at(grid, grid->n - 1, indent) + grid->column[grid->n - 1].width;
    size_t excess = width > limit ? width - limit : 0;
    for (size_t i = grid->n; i-- > 0;)
        excess = shrink_column(&grid->column[i], excess, SHRUNK);
    for (size_t i = 0; i < grid->n; i++)
        excess = shrink_column(&grid->column[i], excess, SHRUNK_MORE);
}

static bool may_shrink(const struct cli_grid *grid)
{
    unsigned flags = 0;
    for (size_t i = 0; i < grid->n; i++)
        flags |= grid->column[i].flags;
    return flags & CLI_GRID_SHRINK;
}

int cli_grid_print(const struct cli_grid *grid, unsigned indent, struct ar_error *error)
{
    struct line line = { .limit = may_shrink(grid) ? terminal_width() : SIZE_MAX };
    if (ar_buf_check(&grid->text, error) != 0 || ar_buf_check(&grid->heads, error) != 0)
        return -1;
    ar_buf_init(&line.text);
    if (grid->heads.len) {
        walk_heads(grid, indent, NULL);
        shrink(grid, indent, line.limit);
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
        add_text(&line, at[i % grid->n] + before, cell, n, column->width);
        if (i % grid->n == grid->n - 1)
            end_line(&line);
        cell += n + 1;
    }
    bool failed = !at || line.text.failed;
    free(at);
    ar_buf_release(&line.text);
    return failed ? ar_fail_memory(error) : 0;
}
