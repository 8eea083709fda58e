/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target over inputs: fuzz_NAME FILE|FOLDER...
 * A folder stands for all files in it. Prints their number; status 1 where there is none, or one cannot be read.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "fuzz.h"
#include "bytes/io.h"

static unsigned long inputs;

static int run_file(const char *path)
{
    struct ar_buf content;
    struct ar_error error;
    ar_buf_init(&content);
    if (ar_read_file(AT_FDCWD, path, &content, (size_t)1 << 30, &error) < 0) {
        fprintf(stderr, "%s: %s\n", path, error.what);
        ar_buf_release(&content);
        return -1;
    }
    /* A copy of the exact size, so that a sanitizer sees a byte too far; said first, so that a crash has a name. */
    uint8_t *copy = malloc(content.len + 1);
    if (copy == NULL)
        abort();
    uint8_t *data = content.len > 0 ? realloc(copy, content.len) : copy;
    memcpy(data, content.data, content.len);
    fprintf(stderr, "%s\n", path);
    LLVMFuzzerTestOneInput(data, content.len);
    free(data);
    ar_buf_release(&content);
    inputs++;
    return 0;
}

static int is_input(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int run(const char *path)
{
    struct stat st;
    if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
        return run_file(path);
    struct dirent **entries;
    int count = scandir(path, &entries, is_input, alphasort);
    if (count < 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return -1;
    }
    int done = 0;
    for (int i = 0; i < count; i++) {
        char *file;
        if (asprintf(&file, "%s/%s", path, entries[i]->d_name) < 0)
            abort();
        if (run_file(file) < 0)
            done = -1;
        free(file);
        free(entries[i]);
    }
    free(entries);
    return done;
}

int main(int argc, char **argv)
{
    int status = 0;
    for (int i = 1; i < argc; i++)
        if (run(argv[i]) < 0)
            status = 1;
    printf("%lu inputs\n", inputs);
    return inputs > 0 ? status : 1;
}
