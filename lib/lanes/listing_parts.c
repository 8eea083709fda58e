/* SPDX-License-Identifier: MIT */
/*
 * Streams that are parts of one: the results of single lanes, or of some of the lanes.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "bytes/file.h"
#include "lanes/listing_note.h"

static const char *name_of(const struct ar_listing *listing, size_t part)
{
    return part > 0 && part <= listing->part.count ? listing->part.name[part - 1].text : "?";
}

int ar_listing_part_begin(struct ar_listing *listing, const char *path, struct ar_error *error)
{
    bool added;
    if (ar_names_add(&listing->part, path, strlen(path), &added) < 0)
        return ar_fail_memory(error);
    return added ? 0 : ar_fail(error, AR_INPUT, "'%s' is named twice", path);
}

bool ar_listing_part_has(const struct ar_listing *listing, size_t lane)
{
    const struct ar_listed_lane *of = &listing->lane[lane];
    return listing->parts && of->part > 0 && of->part != listing->part.count && of->state != AR_LISTED_NOT_CHOSEN;
}

void ar_listing_part_take(struct ar_listing *listing, size_t lane)
{
    listing->lane[lane].part = listing->part.count;
}

int ar_listing_part_twice(const struct ar_listing *listing, size_t lane, const struct ar_ledger *ledger, struct ar_error *error)
{
    if (ar_ledger_ended(ledger) == AR_OUTCOME_NOT_CHOSEN)
        return 0;
    ar_fail(error, AR_INPUT, "lane '%s' is there twice: in '%s' and in '%s'", listing->targets.entry[lane].data,
            name_of(listing, listing->lane[lane].part), name_of(listing, listing->part.count));
    return ar_hint(error, "Look at each of the two for itself, and take the one away that is not meant.");
}

int ar_listing_part_refuse(const struct ar_listing *listing, const char *kind, struct ar_error *error)
{
    const char *name = name_of(listing, listing->part.count);
    ar_fail(error, AR_INPUT, "'%s' is %s: only lanes are listed together", name, ar_tr(kind));
    return ar_hint(error, "Look at it for itself: ar-ls '%s'.", name);
}

static int read_part(struct ar_listing *listing, const char *path, struct ar_error *error)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ar_fail_open(error, errno, "cannot open '%s'", path);
    int result;
    if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
        ar_fail(error, AR_INPUT, "'%s' is a folder", path);
        result = ar_hint(error, "Look at it for itself: ar-ls '%s'.", path);
    } else {
        result = ar_listing_read_stream(listing, fd, path, error);
    }
    close(fd);
    return result;
}

int ar_listing_read_parts(struct ar_listing *listing, const char *const *path, size_t n, struct ar_error *error)
{
    struct ar_error later;
    int result = 0;
    listing->parts = true;
    for (size_t i = 0; i < n && ar_tick(listing->tick, 0, &later) == 0; i++)
        if (read_part(listing, path[i], result == 0 ? error : &later) != 0)
            result = -1;
    listing->one_lane = false;
    if (result != 0 && listing->n_lanes == 0)
        listing->kind = AR_LISTED_NOTHING;
    return result == 0 ? ar_listing_check(listing, error) : -1;
}
