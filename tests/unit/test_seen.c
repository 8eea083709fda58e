/* SPDX-License-Identifier: MIT */
#include "lanes/seen.h"

#include "check.h"

static struct ar_error error;

static void add(struct ar_seen *seen, const char *name, uint64_t bytes, const char *xxh3, const char *type)
{
    CHECK(ar_seen_add(seen, name, bytes, xxh3, type, &error) == 0, "%s", error.what);
}

static void test_entries(void)
{
    struct ar_seen seen = { 0 };
    CHECK(ar_seen_find(&seen, "a") == NULL);
    add(&seen, "a", 7, "0123456789abcdef0123456789abcdef", "qc");
    add(&seen, "b", 8, "", NULL);
    const struct ar_seen_entry *a = ar_seen_find(&seen, "a"), *b = ar_seen_find(&seen, "b");
    CHECK(a && a->bytes == 7 && strcmp(a->xxh3, "0123456789abcdef0123456789abcdef") == 0 && strcmp(a->image_type, "qc") == 0);
    CHECK(b && b->bytes == 8 && !*b->xxh3 && !b->image_type);
    CHECK(ar_seen_find(&seen, "") == NULL && ar_seen_find(&seen, "ab") == NULL);
    add(&seen, "a", 9, "", NULL); /* in the place of the one before */
    a = ar_seen_find(&seen, "a");
    CHECK(seen.names.count == 2 && a && a->bytes == 9 && !*a->xxh3 && !a->image_type);
    ar_seen_release(&seen);
}

/* Few entries and many, one after the other: none of those before is left. */
static void test_clearing(void)
{
    struct ar_seen seen = { 0 };
    char name[24];
    static const size_t counts[] = { 3, 5, 1000, 2, 0, 4 };
    for (size_t k = 0; k < AR_COUNT(counts); k++) {
        for (size_t i = 0; i < counts[k]; i++) {
            snprintf(name, sizeof name, "%zu/%zu", k, i);
            CHECK(ar_seen_find(&seen, name) == NULL);
            add(&seen, name, i, "", i % 2 ? "type" : NULL);
        }
        CHECK(seen.names.count == counts[k]);
        for (size_t i = 0; i < counts[k]; i++) {
            snprintf(name, sizeof name, "%zu/%zu", k, i);
            const struct ar_seen_entry *entry = ar_seen_find(&seen, name);
            CHECK(entry && entry->bytes == i && !entry->image_type == !(i % 2));
        }
        ar_seen_clear(&seen);
        CHECK(seen.names.count == 0 && ar_seen_find(&seen, name) == NULL);
    }
    ar_seen_release(&seen);
}

int main(void)
{
    test_entries();
    test_clearing();
    return check_done();
}
