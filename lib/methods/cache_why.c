/* SPDX-License-Identifier: MIT */
#include "methods/cache_why.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "bytes/grow.h"
#include "bytes/io.h"
#include "codecs/json.h"
#include "methods/cache_key.h"

#define RECORD_MAX ((size_t)64 << 20)

void ar_cache_history_release(struct ar_cache_history *history)
{
    for (size_t i = 0; i < history->n; i++)
        free(history->past[i].text);
    free(history->past);
    ar_names_release(&history->who);
    *history = (struct ar_cache_history){ 0 };
}

/* ---- the records that are there ------------------------------------------------------------------------------------- */

/* Appends what tells whose record it is. False where it is none. */
static bool find_who(const char *text, size_t n, struct ar_buf *who)
{
    struct ar_json_span step, data;
    if (!ar_json_find_member(text, n, "step", &step))
        return false;
    ar_buf_add(who, step.text, step.len);
    if (ar_json_find_member(text, n, "data", &data))
        ar_buf_add(who, data.text, data.len);
    return !who->failed;
}

static int add_past(struct ar_cache_history *history, const struct ar_buf *text, size_t who, const struct stat *st, struct ar_error *error)
{
    if (history->n == history->room && !ar_grow(&history->past, &history->room, sizeof *history->past))
        return ar_fail_memory(error);
    struct ar_cache_past *past = &history->past[history->n];
    *past = (struct ar_cache_past){ .who = who, .text = malloc(text->len + 1), .len = text->len, .made = st->st_mtim };
    if (!past->text)
        return ar_fail_memory(error);
    memcpy(past->text, text->data, text->len + 1);
    history->n++;
    return 0;
}

static bool is_record_name(const char *name)
{
    return strspn(name, "0123456789abcdef") == AR_DIGEST_HEX && strcmp(name + AR_DIGEST_HEX, ".json") == 0;
}

/* Takes the record that has this name. One that cannot be read, or is another text than its name says, does not count. */
static int take_record(struct ar_cache_history *history, int dirfd, const char *name, struct ar_buf *text, struct ar_buf *who,
                       struct ar_error *error)
{
    struct ar_error why;
    struct stat st;
    char key[AR_DIGEST_HEX + 1];
    bool added;
    ar_buf_clear(text);
    ar_buf_clear(who);
    if (fstatat(dirfd, name, &st, 0) != 0 || !S_ISREG(st.st_mode) || ar_read_file(dirfd, name, text, RECORD_MAX, &why) != 0)
        return 0;
    ar_cache_key(text, key);
    if (memcmp(key, name, AR_DIGEST_HEX) != 0 || !find_who(text->data, text->len, who))
        return 0;
    ssize_t number = ar_names_add(&history->who, who->data, who->len, &added);
    return number < 0 ? ar_fail_memory(error) : add_past(history, text, (size_t)number, &st, error);
}

static int read_history(struct ar_cache_history *history, const struct ar_cache *cache, struct ar_error *error)
{
    history->read = true;
    if (cache->dirfd < 0)
        return 0;
    int copy = openat(cache->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
    if (!dir) {
        ar_fail_errno(error, errno, "cannot read the folder '%s'", cache->path);
        if (copy >= 0)
            close(copy);
        return -1;
    }
    struct ar_buf text, who;
    struct dirent *entry;
    int result = 0;
    ar_buf_init(&text);
    ar_buf_init(&who);
    while (result == 0 && (entry = readdir(dir)) != NULL)
        if (is_record_name(entry->d_name))
            result = take_record(history, cache->dirfd, entry->d_name, &text, &who, error);
    ar_buf_release(&text);
    ar_buf_release(&who);
    closedir(dir);
    return result;
}

/* ---- the nearest ---------------------------------------------------------------------------------------------------- */

static bool is_newer(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

/* Takes over how the record differs from this one, where that is less than from the ones before. */
static int try_past(const struct ar_cache_past *past, const struct ar_buf *record, struct ar_buf *text, struct ar_buf *best, int *least,
                    const struct ar_cache_past **nearest, struct ar_error *error)
{
    struct ar_buf before = { .data = past->text, .len = past->len };
    ar_buf_clear(text);
    int n = ar_cache_compare(&before, record, text, error);
    if (n < 0)
        return -1;
    if (*nearest && (n > *least || (n == *least && !is_newer(&past->made, &(*nearest)->made))))
        return 0;
    struct ar_buf other = *best;
    *best = *text;
    *text = other;
    *least = n;
    *nearest = past;
    return 0;
}

int ar_cache_why(struct ar_cache_history *history, const struct ar_cache *cache, const struct ar_buf *record, struct ar_buf *why,
                 bool *new, struct ar_error *error)
{
    struct ar_buf who, text, best;
    const struct ar_cache_past *nearest = NULL;
    int least = 0, result = history->read ? 0 : read_history(history, cache, error);
    ar_buf_init(&who);
    ar_buf_init(&text);
    ar_buf_init(&best);
    ssize_t number = find_who(record->data, record->len, &who) ? ar_names_find(&history->who, who.data, who.len) : -1;
    for (size_t i = 0; i < history->n && result == 0; i++)
        if ((ssize_t)history->past[i].who == number)
            result = try_past(&history->past[i], record, &text, &best, &least, &nearest, error);
    *new = !nearest;
    if (result == 0 && !nearest)
        ar_buf_add_text(why, ar_tr("no result is known of it yet"));
    else if (result == 0 && least == 0)
        ar_buf_add_text(why, ar_tr("its result is not there any more"));
    else if (result == 0)
        ar_buf_add(why, best.data, best.len);
    ar_buf_release(&who);
    ar_buf_release(&text);
    ar_buf_release(&best);
    return result == 0 ? ar_buf_check(why, error) : -1;
}
