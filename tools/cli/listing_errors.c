/* SPDX-License-Identifier: MIT */
/*
 * What failed in a listing, and why.
 */
#include "cli/listing_sets.h"

enum { ERRORS_MAX = 20, LIKE_MAX = 8 }; /* errors that are printed as a whole; lanes that are named for one */

/* An error's text, line by line. */
static void print_error(const char *text)
{
    while (*text) {
        size_t n = strcspn(text, "\n");
        cli_say("%s%.*s", n ? "    " : "", (int)n, text);
        text += n + (text[n] != '\0');
    }
}

static bool same_error(const struct ar_listed_lane *a, const struct ar_listed_lane *b)
{
    return a->state == b->state && (a->error && b->error ? strcmp(a->error, b->error) == 0 : a->error == b->error);
}

/* Is the lane's error that of one of n lanes, which were printed? */
static bool is_printed(const struct ar_listing *listing, const size_t *printed, size_t n, size_t lane)
{
    for (size_t i = 0; i < n; i++)
        if (same_error(&listing->lane[printed[i]], &listing->lane[lane]))
            return true;
    return false;
}

/* The lane, and those behind it that have the same error. */
static void print_like(const struct ar_listing *listing, size_t lane)
{
    struct ar_buf line;
    size_t count = 0;
    ar_buf_init(&line);
    for (size_t i = lane; i < listing->n_lanes; i++) {
        const struct ar_target *target = &listing->targets.entry[i];
        if (!same_error(&listing->lane[i], &listing->lane[lane]) || count++ >= LIKE_MAX)
            continue;
        ar_buf_add_format(&line, "%s%s", count > 1 ? ", " : "", target->data);
        if (target->sample_len && strcmp(target->data, target->sample) != 0)
            ar_buf_add_format(&line, " (%s)", target->sample);
    }
    if (count > LIKE_MAX)
        ar_buf_add_tr(&line, ", … (%zu lanes)", count);
    cli_say("  %s", line.data);
    ar_buf_release(&line);
}

void cli_print_errors(const struct ar_listing *listing)
{
    size_t printed[ERRORS_MAX], count = 0;
    bool more = false;
    for (size_t i = 0; i < listing->errors.count; i++) {
        puts("");
        cli_say("error:");
        print_error(listing->errors.name[i].text);
    }
    for (size_t i = 0; i < listing->n_lanes; i++) {
        const struct ar_listed_lane *lane = &listing->lane[i];
        if (lane->state != AR_LISTED_FAILED || is_printed(listing, printed, count, i))
            continue;
        more = count == ERRORS_MAX;
        if (more)
            break;
        if (count == 0) {
            puts("");
            cli_say("lanes that failed:");
        }
        printed[count++] = i;
        print_like(listing, i);
        print_error(lane->error ? lane->error : ar_tr("(its error is not in the stream)"));
    }
    if (more)
        cli_say("  … (and others: the first line of each is in the table)");
}
