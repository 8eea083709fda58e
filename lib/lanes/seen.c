/* SPDX-License-Identifier: MIT */
#include "lanes/seen.h"

#include "bytes/grow.h"

static void free_types(struct ar_seen *seen)
{
    for (size_t i = 0; i < seen->names.count; i++)
        free(seen->entry[i].image_type);
}

void ar_seen_release(struct ar_seen *seen)
{
    free_types(seen);
    free(seen->entry);
    ar_names_release(&seen->names);
    *seen = (struct ar_seen){ 0 };
}

void ar_seen_clear(struct ar_seen *seen)
{
    free_types(seen);
    ar_names_clear(&seen->names);
}

int ar_seen_add(struct ar_seen *seen, const char *name, uint64_t bytes, const char *xxh3, const char *image_type,
                struct ar_error *error)
{
    bool added = false;
    char *type = image_type ? strdup(image_type) : NULL;
    bool room = seen->names.count < seen->room || ar_grow(&seen->entry, &seen->room, sizeof *seen->entry);
    ssize_t number = (image_type && !type) || !room ? -1 : ar_names_add(&seen->names, name, strlen(name), &added);
    if (number < 0) {
        free(type);
        return ar_fail_memory(error);
    }
    struct ar_seen_entry *entry = &seen->entry[number];
    if (!added)
        free(entry->image_type);
    *entry = (struct ar_seen_entry){ .bytes = bytes, .image_type = type };
    memcpy(entry->xxh3, xxh3, strnlen(xxh3, AR_DIGEST_HEX));
    return 0;
}

const struct ar_seen_entry *ar_seen_find(const struct ar_seen *seen, const char *name)
{
    ssize_t number = ar_names_find(&seen->names, name, strlen(name));
    return number < 0 ? NULL : &seen->entry[number];
}
