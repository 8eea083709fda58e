/* SPDX-License-Identifier: MIT */
/*
 * Whatever the bytes are: the reader fails with a message or gives entries that keep its promises, finds the same entries whether
 * bodies are read or passed over, and what it gives can be written and reads back the same.
 */
#include "fuzz.h"
#include "bytes/text.h"
#include "codecs/tar.h"

#define BODY_MAX ((uint64_t)1 << 22)

static void check_entry(const struct ar_tar_entry *entry)
{
    size_t len = strlen(entry->name);
    FUZZ_CHECK(len > 0 && len <= 4096);
    FUZZ_CHECK(entry->name[0] != '/' && entry->name[len - 1] != '/');
    FUZZ_CHECK(strncmp(entry->name, "./", 2) != 0 && strncmp(entry->name, "../", 3) != 0);
    FUZZ_CHECK(strstr(entry->name, "//") == NULL && strstr(entry->name, "/../") == NULL && strstr(entry->name, "/./") == NULL);
    FUZZ_CHECK(ar_utf8_check(entry->name, len) == len && !ar_text_has_control(entry->name, len));
    FUZZ_CHECK(entry->size <= INT64_MAX);
    FUZZ_CHECK(entry->body_offset > entry->offset && entry->body_offset % 512 == 0 && entry->offset % 512 == 0);
    if (entry->image_type != NULL)
        FUZZ_CHECK(entry->image_type[0] != '\0' && strlen(entry->image_type) <= 200);
    FUZZ_CHECK(entry->pax_len == 0 || entry->pax[entry->pax_len - 1] == '\n');
}

static void account_for(const struct ar_tar_entry *entry, struct ar_buf *account)
{
    ar_buf_add_format(account, "%s %" PRIu64 " %d %s ", entry->name, entry->size, entry->is_file,
                      entry->image_type != NULL ? entry->image_type : "-");
    ar_buf_add(account, entry->pax, entry->pax_len);
    ar_buf_add_char(account, '\n');
}

static int take_body(struct ar_tar_reader *reader, const struct ar_tar_entry *entry, struct ar_tar_writer *copy,
                     struct ar_error *error)
{
    struct ar_buf body;
    struct ar_error write_error;
    ar_buf_init(&body);
    int done = ar_tar_read_all(reader, &body, BODY_MAX, error);
    if (done == 0) {
        FUZZ_CHECK(body.len == entry->size && ar_tar_left(reader) == 0);
        const struct ar_tar_meta meta = {.name = entry->name, .size = entry->size, .is_file = entry->is_file,
                                         .image_type = entry->image_type, .pax = entry->pax, .pax_len = entry->pax_len};
        if (copy != NULL)
            FUZZ_CHECK(ar_tar_put_whole(copy, &meta, body.data, &write_error) == 0);
    }
    ar_buf_release(&body);
    return done;
}

/* Adds a line for each entry to account, and copies them where copy is not NULL. Returns what the last ar_tar_next did. */
static int list(int fd, bool bodies, struct ar_tar_writer *copy, struct ar_buf *account)
{
    struct ar_error error = {0};
    struct ar_tar_entry entry;
    FUZZ_CHECK(lseek(fd, 0, SEEK_SET) == 0);
    struct ar_in *in = ar_in_new(fd, "input", &error);
    FUZZ_CHECK(in != NULL);
    struct ar_tar_reader *reader = ar_tar_reader_new(in, &error);
    FUZZ_CHECK(reader != NULL);
    int got;
    while ((got = ar_tar_next(reader, &entry, &error)) == 1) {
        check_entry(&entry);
        account_for(&entry, account);
        if (bodies && take_body(reader, &entry, copy, &error) < 0) {
            got = -1;
            break;
        }
    }
    if (got < 0)
        fuzz_check_error(&error);
    ar_tar_reader_free(reader);
    ar_in_free(in);
    return got;
}

static void run(const void *data, size_t size)
{
    struct ar_error error;
    int fd = fuzz_file(data, size);
    if (fuzz_is_compressed(fd)) {
        close(fd);
        return;
    }
    struct ar_buf read, passed, again;
    ar_buf_init(&read);
    ar_buf_init(&passed);
    ar_buf_init(&again);

    int copy_fd = fuzz_file("", 0);
    struct ar_out *out = ar_out_new(copy_fd, "copy", AR_FILTER_NONE, &error);
    FUZZ_CHECK(out != NULL);
    struct ar_tar_writer copy;
    ar_tar_writer_init(&copy, out);
    int got = list(fd, true, &copy, &read);
    FUZZ_CHECK(ar_tar_finish(&copy, &error) == 0);
    FUZZ_CHECK(ar_out_close(out, &error) == 0);

    FUZZ_CHECK(list(fd, false, NULL, &passed) == got);
    FUZZ_CHECK(got < 0 || (read.len == passed.len && memcmp(read.data, passed.data, read.len) == 0));
    if (got == 0) {
        FUZZ_CHECK(list(copy_fd, true, NULL, &again) == 0);
        FUZZ_CHECK(read.len == again.len && memcmp(read.data, again.data, read.len) == 0);
    }
    close(copy_fd);
    close(fd);
    ar_buf_release(&read);
    ar_buf_release(&passed);
    ar_buf_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    run(data, size);
    uint8_t *repaired = malloc(size + 1);
    FUZZ_CHECK(repaired != NULL);
    if (size > 0)
        memcpy(repaired, data, size);
    fuzz_repair_tar(repaired, size);
    if (size > 0 && memcmp(repaired, data, size) != 0)
        run(repaired, size);
    free(repaired);
    return 0;
}
