/* SPDX-License-Identifier: MIT */
#include "cli/wire.h"

#include "cli/cli.h"
#include "lanes/partition_tell.h"

enum ar_language cli_wire_language(void)
{
    return ar_wire_language(getenv("AR_LANG"), ar_locale_name());
}

/* One of the formats of ", 3 lanes"; nothing where there are none. */
AR_PRINTF(3, 0) AR_PRINTF(4, 0) static void add_number(struct ar_buf *line, uint64_t n, const char *one, const char *many)
{
    if (n != 0)
        ar_buf_add_count(line, n, one, many);
}

enum { LANES_SHOWN = 5 };

/* Nothing of a set was taken: which lanes do its rows name? That is right for a lane without rows, and wrong for most others. */
static void warn_nothing_taken(const struct ar_wire_from *from, const struct ar_partition *part)
{
    const struct ar_targets *targets = &from->split.targets;
    const char *zeros = NULL;
    struct ar_buf line;
    ar_buf_init(&line);
    ar_buf_add_tr(&line, "no row of the set '%s' is of the lane '%s'", part->set, targets->entry[0].data);
    if (targets->count > 1)
        ar_buf_add_tr(&line, ", or of another of the %zu lanes", targets->count);
    ar_buf_add_text(&line, part->unknown.count ? ar_tr("; its rows are of ") : ar_tr("; its rows name no lane"));
    for (size_t i = 0; i < part->unknown.count && i < LANES_SHOWN; i++)
        ar_buf_add_format(&line, "%s'%s'", i ? ", " : "", part->unknown.name[i].text);
    ar_buf_add_text(&line, part->unknown.count > LANES_SHOWN ? ar_tr(" and others") : "");
    cli_warn("%s", line.data);
    for (size_t i = 0; i < targets->count && !zeros; i++)
        zeros = ar_partition_without_zeros(part, targets->entry[i].data);
    if (zeros)
        cli_more("Data names are text, and their zeros count: those of '%s' were lost where it was read as a number.", zeros);
    ar_buf_release(&line);
}

/* What came in, and where its rows went. */
static void tell_from(const struct ar_wire_from *from)
{
    struct ar_buf line;
    ar_buf_init(&line);
    ar_buf_add_tr(&line, "from the %s dialect: %s", ar_dialect_name(from->dialect), ar_tr(ar_wire_kind_name(from->kind)));
    add_number(&line, from->lanes, ", %" PRIu64 " lane", ", %" PRIu64 " lanes");
    for (size_t i = 0; from->split.part && i < from->split.run.n_sets; i++) {
        const struct ar_partition *part = &from->split.part[i];
        uint64_t taken = 0;
        for (size_t lane = 0; lane < from->split.targets.count; lane++)
            taken += ar_partition_rows(part, lane);
        ar_buf_add_format(&line, "; %s: ", part->set);
        cli_number(&line, part->seen.rows, "row");
        ar_buf_add_tr(&line, ", %" PRIu64 " taken, %" PRIu64 " of other lanes", taken,
                          part->seen.rows - taken - part->no_lane);
        if (part->no_lane)
            ar_buf_add_tr(&line, ", %" PRIu64 " of none", part->no_lane);
        if (taken == 0 && part->seen.rows > 0)
            warn_nothing_taken(from, part);
    }
    cli_info("%s", line.data);
    ar_buf_release(&line);
}

int cli_wire_take(struct ar_wire_from *from, int fd, const char *name, struct ar_out *out, enum ar_status *status,
                  struct ar_error *error)
{
    struct ar_tar_map tar = { 0 };
    int result = ar_tar_map_read(&tar, fd, name, error);
    from->tar = &tar; /* cppcheck-suppress autoVariables // until the end of this function */
    if (result == 0) {
        result = ar_wire_from_write(from, out, error);
        if (result == 0)
            result = ar_tar_map_check(&tar, error);
        if (result == 0)
            tell_from(from);
        *status = from->error_text.len > 0 ? AR_CONTENT : AR_OK;
        if (result == 0 && *status != AR_OK)
            cli_warn("the input says that it failed: %s", from->error_text.data);
        ar_wire_from_release(from);
    }
    ar_tar_map_release(&tar);
    from->tar = NULL;
    return result;
}

void cli_wire_to(const struct ar_wire_to *to)
{
    struct ar_buf line;
    ar_buf_init(&line);
    ar_buf_add_tr(&line, "to the %s dialect: %s", ar_dialect_name(to->dialect), ar_tr(ar_wire_kind_name(to->kind)));
    add_number(&line, to->lanes, ", %" PRIu64 " lane", ", %" PRIu64 " lanes");
    add_number(&line, to->rows, ", %" PRIu64 " row", ", %" PRIu64 " rows");
    add_number(&line, to->results, ", %" PRIu64 " result", ", %" PRIu64 " results");
    if (to->left_out.count)
        ar_buf_add_tr(&line, "; without '%s'%s, for which it has no place", to->left_out.name[0].text,
                      to->left_out.count > 1 ? ar_tr(" and others") : "");
    cli_info("%s", line.data);
    ar_buf_release(&line);
}

/* The lines of a text, the last of which may lack its line end. Blank ones around it are left out. */
static void tell_lines(const char *text)
{
    struct ar_buf lines;
    text += strspn(text, "\n");
    size_t n = strlen(text);
    while (n > 0 && text[n - 1] == '\n')
        n--;
    if (n == 0)
        return;
    ar_buf_init(&lines);
    ar_buf_add_format(&lines, "%.*s\n", (int)n, text);
    cli_more_lines(lines.data);
    ar_buf_release(&lines);
}

int cli_wire_error(const struct ar_wire_to *to)
{
    for (size_t i = 0; i < to->failed.count; i++) {
        const char *text = to->failed.name[i].text, *end = strchr(text, '\n');
        cli_warn("lane %.*s", end ? (int)(end - text) : (int)strlen(text), text);
        if (end)
            tell_lines(end + 1);
    }
    if (to->cause.status == AR_OK)
        return (int)to->status;
    int status = cli_fail(&to->cause);
    if (status == AR_INPUT && to->kind == AR_WIRE_ERROR && !to->cause.no_input)
        cli_more("What comes from the Python runner is taken by --from first, or --from present.");
    return status;
}
