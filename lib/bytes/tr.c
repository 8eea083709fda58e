/* SPDX-License-Identifier: MIT */
/*
 * The format of a catalogue (GNU gettext manual, "The Format of GNU MO Files"): seven 32-bit numbers: magic, revision, number of
 * texts, where the table of the originals lies, that of the translations, and a hash table, which is not used here. A table has
 * length and place of each text, which a NUL ends. The originals are sorted as strcmp has it. Of a text with a number, the forms follow
 * one another, each with its NUL; the first one of the originals is what is looked for.
 */
#include "bytes/buf.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { MAGIC = 0, REVISION, COUNT, ORIGINALS, TRANSLATIONS, HEADER, NAME_LONGEST = 16, CATALOGUE_MAX = 16 << 20 };

static const uint32_t magic = 0x950412de;

/* Set once, by ar_tr_choose; n is 0 where all is English. */
static struct {
    const char *data;
    size_t size;
    uint32_t n, originals, translations;
} catalogue;

/* ---- reading -------------------------------------------------------------------------------------------------------- */

static uint32_t number_at(const char *data, size_t at)
{
    uint32_t number;
    memcpy(&number, data + at, sizeof number);
    return number;
}

/* The i-th text of a table; *len without the NUL that ends it. NULL where it does not lie in the catalogue, or has no such end. */
static const char *text_of(uint32_t table, uint32_t i, size_t *len)
{
    size_t entry = table + 8 * (size_t)i, at = number_at(catalogue.data, entry + 4);
    *len = number_at(catalogue.data, entry);
    if (at >= catalogue.size || *len >= catalogue.size - at || catalogue.data[at + *len] != '\0')
        return NULL;
    return catalogue.data + at;
}

static bool is_table(size_t size, uint32_t table, uint32_t n)
{
    return table <= size && n <= (size - table) / 8;
}

/* Takes a catalogue, which has to stay. */
static bool take(const char *data, size_t size)
{
    if (size < HEADER * sizeof(uint32_t) || number_at(data, 0) != magic || number_at(data, 4 * REVISION) >> 16 != 0)
        return false;
    uint32_t n = number_at(data, 4 * COUNT), originals = number_at(data, 4 * ORIGINALS);
    uint32_t translations = number_at(data, 4 * TRANSLATIONS);
    if (!is_table(size, originals, n) || !is_table(size, translations, n))
        return false;
    catalogue.data = data;
    catalogue.size = size;
    catalogue.originals = originals;
    catalogue.translations = translations;
    catalogue.n = n;
    return true;
}

/* It is mapped, since a program mostly looks up a text or two. */
static bool load(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0)
        return false;
    size_t size = fstat(fd, &st) == 0 && st.st_size > 0 && st.st_size <= CATALOGUE_MAX ? (size_t)st.st_size : 0;
    void *data = size ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    close(fd);
    if (data == MAP_FAILED)
        return false;
    bool taken = take(data, size);
    if (!taken)
        munmap(data, size);
    return taken;
}

/* ---- choosing ------------------------------------------------------------------------------------------------------- */

/* The folder of this program, "" where it cannot be told. */
static void own_folder(char folder[PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", folder, PATH_MAX - 1);
    folder[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(folder, '/');
    if (slash)
        *slash = '\0';
}

/* The folder of the tools by PATH, "" where they are in none of it. */
static void tools_folder(char folder[PATH_MAX])
{
    char path[PATH_MAX + 16];
    const char *list = getenv("PATH");
    for (size_t n; list && *list; list += n + (list[n] == ':')) {
        n = strcspn(list, ":");
        if (n == 0 || n >= PATH_MAX || *list != '/')
            continue;
        snprintf(path, sizeof path, "%.*s/ar-run", (int)n, list);
        if (access(path, X_OK) != 0)
            continue;
        snprintf(folder, PATH_MAX, "%.*s", (int)n, list);
        return;
    }
    *folder = '\0';
}

static bool find_in(const char *folder, const char *place, const char *language, size_t n)
{
    char path[PATH_MAX + 100];
    snprintf(path, sizeof path, "%s%s/%.*s/LC_MESSAGES/analysisrun.mo", folder, place, (int)n, language);
    return load(path);
}

static bool find_beside(const char *folder, const char *language, size_t n)
{
    return *folder && (find_in(folder, "/../share/locale", language, n) || find_in(folder, "/../locale", language, n));
}

/* Looks for the catalogue of a language that is named by n bytes ("ja", "pt_BR"). */
static bool find(const char *language, size_t n)
{
    char folder[PATH_MAX];
    own_folder(folder);
    if (find_beside(folder, language, n))
        return true;
    tools_folder(folder);
    return find_beside(folder, language, n) || find_in("/usr/local", "/share/locale", language, n) ||
           find_in("/usr", "/share/locale", language, n);
}

/* Takes the language that n bytes name, as "ja", "ja_JP.UTF-8", "japanese". true where that is settled: it was taken, or is English. */
static bool take_language(const char *name, size_t n)
{
    size_t full = 0, language = 0;
    while (full < n && (isalnum((unsigned char)name[full]) || name[full] == '_'))
        full++;
    while (language < full && name[language] != '_')
        language++;
    if (language == 0 || full > NAME_LONGEST)
        return false;
    if ((language == 2 && strncasecmp(name, "en", 2) == 0) || (language == 1 && name[0] == 'C') ||
        (language == 5 && strncmp(name, "POSIX", 5) == 0))
        return true;
    if (language == 8 && strncasecmp(name, "japanese", 8) == 0)
        return find("ja", 2);
    return (full > language && find(name, full)) || find(name, language);
}

const char *ar_locale_name(void)
{
    static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };
    for (size_t i = 0; i < AR_COUNT(names); i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return value;
    }
    return NULL;
}

static bool is_utf8(const char *locale)
{
    const char *set = strchr(locale, '.');
    return !set || strncasecmp(set + 1, "utf8", 4) == 0 || strncasecmp(set + 1, "utf-8", 5) == 0;
}

void ar_tr_choose(void)
{
    const char *asked = getenv("AR_LANG"), *locale = ar_locale_name();
    if (asked && *asked) {
        take_language(asked, strlen(asked));
        return;
    }
    size_t n = locale ? strcspn(locale, ".@") : 0;
    if (n == 0 || (n == 1 && *locale == 'C') || (n == 5 && strncmp(locale, "POSIX", 5) == 0) || !is_utf8(locale))
        return;
    const char *list = getenv("LANGUAGE");
    for (size_t part; list && *list; list += part + (list[part] == ':')) {
        part = strcspn(list, ":");
        if (take_language(list, part))
            return;
    }
    take_language(locale, n);
}

void ar_tr_choose_once(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, ar_tr_choose);
}

void ar_tr_english(void)
{
    catalogue.n = 0;
}

/* ---- looking up ----------------------------------------------------------------------------------------------------- */

/* The translation of a text, with its length over all forms; NULL where there is none. */
static const char *look_up(const char *text, size_t *len)
{
    uint32_t low = 0, high = catalogue.n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        size_t ignored;
        const char *original = text_of(catalogue.originals, middle, &ignored);
        if (!original)
            return NULL;
        int order = strcmp(text, original);
        if (order == 0)
            return *text ? text_of(catalogue.translations, middle, len) : NULL; /* that of "" is about the catalogue */
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const char *ar_tr(const char *text)
{
    size_t len;
    const char *found = AR_UNLIKELY(catalogue.n) ? look_up(text, &len) : NULL;
    return found ? found : text;
}

const char *ar_tr_n(const char *one, const char *many, uint64_t n)
{
    size_t len;
    const char *found = AR_UNLIKELY(catalogue.n) ? look_up(one, &len) : NULL;
    if (!found)
        return n == 1 ? one : many;
    size_t first = strlen(found);
    return n != 1 && first < len ? found + first + 1 : found;
}

void ar_buf_add_tr(struct ar_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    ar_buf_add_args(buf, ar_tr(format), args);
    va_end(args);
}

void ar_buf_add_or(struct ar_buf *buf, size_t i, size_t n)
{
    if (i > 0)
        ar_buf_add_text(buf, i + 1 < n ? ", " : ar_tr(" or "));
}

void ar_buf_add_count(struct ar_buf *buf, uint64_t n, const char *one, const char *many)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the caller's are checked */
    ar_buf_add_format(buf, ar_tr_n(one, many, n), n);
#pragma GCC diagnostic pop
}
