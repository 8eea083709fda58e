/* SPDX-License-Identifier: MIT */
#include "bytes/grow.h"

#include "check.h"

static void test_growing(void)
{
    uint32_t *items = NULL;
    size_t room = 0;
    for (uint32_t i = 0; i < 100000; i++) {
        if (i == room)
            CHECK(ar_grow(&items, &room, sizeof *items));
        items[i] = i;
    }
    CHECK(room == 131072, "%zu", room);
    for (uint32_t i = 0; i < 100000; i++)
        if (items[i] != i)
            CHECK(items[i] == i, "%u", i);
    free(items);
}

/* More than the address space, and more than a size_t: nothing is changed. */
static void test_no_memory(void)
{
    char *items = NULL;
    static const size_t rooms[] = { SIZE_MAX / 4 + 1, SIZE_MAX / 2 + 1, SIZE_MAX };
    for (size_t i = 0; i < AR_COUNT(rooms); i++) {
        size_t room = rooms[i];
        CHECK(!ar_grow(&items, &room, 16) && !items && room == rooms[i]);
    }
}

int main(void)
{
    test_growing();
    test_no_memory();
    return check_done();
}
