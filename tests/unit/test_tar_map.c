/* SPDX-License-Identifier: MIT */
#include "codecs/tar_map.h"

#include "check.h"
#include "golden.h"
#include "scratch.h"

static struct ar_error error;

/* Writes a tar of entries "NAME=BODY" to a descriptor; ends: with its end blocks. */
static int make_tar(const char *const *entries, size_t n, bool ends)
{
    int fd = memfd_create("tar", MFD_CLOEXEC);
    struct ar_out *out = ar_out_new(fd, "tar", AR_FILTER_NONE, &error);
    struct ar_tar_writer tar;
    char name[64];
    ar_tar_writer_init(&tar, out);
    for (size_t i = 0; i < n; i++) {
        const char *body = strchr(entries[i], '=') + 1;
        snprintf(name, sizeof name, "%.*s", (int)(body - entries[i] - 1), entries[i]);
        struct ar_tar_meta meta = { .name = name, .size = strlen(body), .is_file = i == 0 };
        CHECK(ar_tar_put_whole(&tar, &meta, body, &error) == 0, "%s", error.what);
    }
    if (ends)
        CHECK(ar_tar_finish(&tar, &error) == 0, "%s", error.what);
    CHECK(ar_out_close(out, &error) == 0, "%s", error.what);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

static int read_map(struct ar_tar_map *map, int fd)
{
    int result = ar_tar_map_read(map, fd, "'x.tar'", &error);
    close(fd);
    return result;
}

static void check_item(const struct ar_tar_map *map, const char *name, const char *body, bool is_file)
{
    const struct ar_tar_item *item = ar_tar_map_find(map, name);
    CHECK(item != NULL, "%s", name);
    if (item == NULL)
        return;
    CHECK_BYTES(item->data, item->n, body, strlen(body));
    CHECK(item->is_file == is_file, "%s", name);
}

static void test_finds_entries(void)
{
    static const char *const entries[] = { "b/one=first", "a=", "z=last\n" };
    struct ar_tar_map map;
    CHECK(read_map(&map, make_tar(entries, 3, true)) == 0, "%s", error.what);
    CHECK(map.n == 3 && !map.cut, "%zu", map.n);
    check_item(&map, "b/one", "first", true);
    check_item(&map, "a", "", false);
    check_item(&map, "z", "last\n", false);
    CHECK(ar_tar_map_find(&map, "b") == NULL, " ");
    CHECK(ar_tar_map_find(&map, "b/") == NULL, " ");
    CHECK(ar_tar_map_check(&map, &error) == 0, "%s", error.what);
    ar_tar_map_release(&map);
    ar_tar_map_release(&map);
}

static void test_reads_pipes_and_compressed_tars(void)
{
    struct ar_tar_map map;
    CHECK(read_map(&map, golden_open("golden/present/run.in.tar.gz")) == 0, "%s", error.what);
    CHECK(map.n == 4, "%zu", map.n);
    check_item(&map, "params", "{\"threshold\": 4000, \"note\": \"しきい値\"}", false);
    ar_tar_map_release(&map);

    static char bytes[20480];
    int fd = golden_open("golden/first/analyze-0001.in.tar");
    CHECK(read(fd, bytes, sizeof bytes) == sizeof bytes, " ");
    close(fd);
    CHECK(read_map(&map, scratch_pipe(bytes, sizeof bytes)) == 0, "%s", error.what);
    check_item(&map, "data_name", "0001", false);
    check_item(&map, "sample_name", "血清 #2, 1:100", false);
    ar_tar_map_release(&map);
}

static void test_starts_where_the_descriptor_stands(void)
{
    static const char *const entries[] = { "a=1", "b=2" };
    struct ar_tar_map map;
    int fd = make_tar(entries, 2, true);
    lseek(fd, 2 * 1024 - 512, SEEK_SET); /* the first entry has a pax header: four blocks, less one that is no header */
    CHECK(read_map(&map, fd) == -1, " ");
    ar_tar_map_release(&map);
    fd = make_tar(entries, 2, true);
    lseek(fd, 4 * 512, SEEK_SET);
    CHECK(read_map(&map, fd) == 0, "%s", error.what);
    CHECK(map.n == 1, "%zu", map.n);
    check_item(&map, "b", "2", false);
    ar_tar_map_release(&map);
}

static void test_refuses_an_entry_that_is_there_twice(void)
{
    static const char *const entries[] = { "a=1", "b=2", "a=1" };
    struct ar_tar_map map;
    CHECK(read_map(&map, make_tar(entries, 3, true)) == -1, " ");
    CHECK(error.status == AR_INPUT, "%d", error.status);
    CHECK_TEXT(error.what, "'x.tar': entry 'a' is there twice");
    ar_tar_map_release(&map);
}

static void test_refuses_a_tar_that_is_cut_anywhere(void)
{
    static const char *const entries[] = { "a=1", "b/c=22" };
    static char bytes[8192];
    struct ar_tar_map map;
    int fd = make_tar(entries, 2, true);
    size_t whole = (size_t)read(fd, bytes, sizeof bytes);
    close(fd);
    CHECK(whole == 4 * 512 + 2 * 512 + 1024, "%zu", whole);
    for (size_t n = 0; n < whole; n++) {
        int result = read_map(&map, scratch_memory(bytes, n));
        CHECK(result == -1 && error.status == AR_INPUT, "%zu bytes: %s", n, error.what);
        ar_tar_map_release(&map);
    }
}

static void test_takes_an_error_without_end_blocks(void)
{
    static const char *const entries[] = { "a=1", "error=why" }, *const others[] = { "error=why", "a=1" };
    struct ar_tar_map map;
    CHECK(read_map(&map, make_tar(entries, 2, false)) == 0, "%s", error.what);
    CHECK(map.cut && map.n == 2, "%zu", map.n);
    check_item(&map, "error", "why", false);
    ar_tar_map_release(&map);
    CHECK(read_map(&map, make_tar(entries, 2, true)) == 0, "%s", error.what);
    CHECK(!map.cut, " ");
    ar_tar_map_release(&map);
    CHECK(read_map(&map, make_tar(others, 2, false)) == -1, " ");
    ar_tar_map_release(&map);
    CHECK(read_map(&map, golden_open("golden/present/run-one-lane-fails.out.tar.gz")) == 0, "%s", error.what);
    CHECK(map.cut && map.n == 4, "%zu", map.n);
    CHECK_TEXT(map.item[0].image_type, "line");
    ar_tar_map_release(&map);
}

static void test_notices_a_file_that_changes(void)
{
    static const char *const entries[] = { "a=1" };
    struct ar_tar_map map;
    int fd = make_tar(entries, 1, true);
    CHECK(ar_tar_map_read(&map, fd, "'x.tar'", &error) == 0, "%s", error.what);
    CHECK(ar_tar_map_check(&map, &error) == 0, "%s", error.what);
    CHECK(ftruncate(fd, 1 << 20) == 0, " ");
    CHECK(ar_tar_map_check(&map, &error) == -1 && error.status == AR_INPUT, "%s", error.what);
    ar_tar_map_release(&map);
    close(fd);
}

int main(void)
{
    test_finds_entries();
    test_reads_pipes_and_compressed_tars();
    test_starts_where_the_descriptor_stands();
    test_refuses_an_entry_that_is_there_twice();
    test_refuses_a_tar_that_is_cut_anywhere();
    test_takes_an_error_without_end_blocks();
    test_notices_a_file_that_changes();
    return check_done();
}
