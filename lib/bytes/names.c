/* SPDX-License-Identifier: MIT */
#include "bytes/names.h"

#include <xxhash.h>

#include "bytes/grow.h"

enum { SLOTS_KEPT = 256 }; /* more are not worth to be emptied again and again */

void ar_names_release(struct ar_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->name[i].text);
    free(names->name);
    free(names->slot);
    *names = (struct ar_names){ 0 };
}

void ar_names_clear(struct ar_names *names)
{
    if (names->slots > SLOTS_KEPT) {
        ar_names_release(names);
        return;
    }
    for (size_t i = 0; i < names->count; i++)
        free(names->name[i].text);
    if (names->count)
        memset(names->slot, 0, names->slots * sizeof *names->slot);
    names->count = 0;
}

/* The slot in which the text stands, or the free one where it belongs. */
static size_t slot_of(const struct ar_names *names, const char *text, size_t n)
{
    size_t slot = (size_t)XXH3_64bits(text, n) & (names->slots - 1);
    while (names->slot[slot]) {
        const struct ar_name *name = &names->name[names->slot[slot] - 1];
        if (name->len == n && memcmp(name->text, text, n) == 0)
            break;
        slot = (slot + 1) & (names->slots - 1);
    }
    return slot;
}

/* Makes room for one more name, at most half of the slots taken. */
static int grow(struct ar_names *names)
{
    if (names->count >= UINT32_MAX / 4)
        return -1;
    if (names->count == names->room && !ar_grow(&names->name, &names->room, sizeof *names->name))
        return -1;
    if (names->slots >= 2 * (names->count + 1))
        return 0;
    size_t slots = names->slots ? names->slots * 2 : 32;
    uint32_t *slot = calloc(slots, sizeof *slot);
    if (!slot)
        return -1;
    free(names->slot);
    names->slot = slot;
    names->slots = slots;
    for (size_t i = 0; i < names->count; i++)
        slot[slot_of(names, names->name[i].text, names->name[i].len)] = (uint32_t)(i + 1);
    return 0;
}

ssize_t ar_names_find(const struct ar_names *names, const char *text, size_t n)
{
    if (!names->slots)
        return -1;
    return (ssize_t)names->slot[slot_of(names, text, n)] - 1;
}

ssize_t ar_names_add(struct ar_names *names, const char *text, size_t n, bool *added)
{
    *added = false;
    ssize_t found = ar_names_find(names, text, n);
    if (found >= 0)
        return found;
    if (grow(names) < 0)
        return -1;
    char *copy = malloc(n + 1);
    if (!copy)
        return -1;
    memcpy(copy, text, n);
    copy[n] = '\0';
    names->slot[slot_of(names, text, n)] = (uint32_t)(names->count + 1);
    names->name[names->count] = (struct ar_name){ .text = copy, .len = n };
    *added = true;
    return (ssize_t)names->count++;
}
