/* SPDX-License-Identifier: MIT */
#include "bytes/grow.h"

enum { FIRST_ROOM = 16 };

bool ar_grow(void *array, size_t *room, size_t size)
{
    void *items;
    memcpy(&items, array, sizeof items); /* the pointer may be one of any type */
    size_t bytes, more = *room ? 2 * *room : FIRST_ROOM;
    bool too_much = more <= *room || __builtin_mul_overflow(more, size, &bytes) || bytes > PTRDIFF_MAX;
    void *grown = too_much ? NULL : realloc(items, bytes);
    if (!grown)
        return false;
    memcpy(array, &grown, sizeof grown);
    *room = more;
    return true;
}
