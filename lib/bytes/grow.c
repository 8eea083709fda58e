/* SPDX-License-Identifier: MIT */
#include "bytes/grow.h"

enum { FIRST_ROOM = 16 };

bool ar_grow(void *array, size_t *room, size_t size)
{
    void *items;
    memcpy(&items, array, sizeof items); /* the pointer may be one of any type */
    size_t more = *room ? 2 * *room : FIRST_ROOM;
    void *grown = more > *room ? reallocarray(items, more, size) : NULL;
    if (!grown)
        return false;
    memcpy(array, &grown, sizeof grown);
    *room = more;
    return true;
}
