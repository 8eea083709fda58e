/* SPDX-License-Identifier: MIT */
/*
 * Names of files as people type them, or drag them into a terminal, which quotes them as a shell wants them; and their completion.
 */
#include <editline/readline.h>
#include <pwd.h>
#include <sys/stat.h>

#include "run/ask.h"

static const char blanks[] = " \t\r\n";

/* "~" and "~NAME", where a name starts with one. Returns what is left of it. */
static const char *expand_home(struct ar_buf *path, const char *name, const char *end)
{
    if (name == end || *name != '~')
        return name;
    const char *slash = memchr(name, '/', (size_t)(end - name)), *rest = slash ? slash : end;
    char *user = strndup(name + 1, (size_t)(rest - name - 1));
    const char *home = NULL;
    if (user && *user) {
        const struct passwd *entry = getpwnam(user);
        home = entry ? entry->pw_dir : NULL;
    } else if (user) {
        home = getenv("HOME");
    }
    free(user);
    if (!home)
        return name;
    ar_buf_add_text(path, home);
    return rest;
}

/* Does a backslash take the meaning of the character behind it, in such quotes, or in none ('\0')? */
static bool escapes(char quote, char next)
{
    return quote == '\0' || (quote == '"' && strchr("\"\\$`", next));
}

/* Adds what stands in the quotes at start, of which an escape may stand in double ones. Returns what is behind them. */
static const char *add_quoted(struct ar_buf *path, const char *start, const char *close)
{
    char quote = *start++;
    for (; start < close; start++) {
        start += *start == '\\' && start + 1 < close && escapes(quote, start[1]);
        ar_buf_add_char(path, *start);
    }
    return close + 1;
}

/* The quote that closes the one at start, or NULL. */
static const char *closing(const char *start, const char *end)
{
    for (const char *at = start + 1; at < end; at++)
        if (*start == '"' && *at == '\\' && at + 1 < end)
            at++;
        else if (*at == *start)
            return at;
    return NULL;
}

/*
 * Adds what a shell reads as a word: so terminals write a name that was dragged in. Blanks in it need no quotes. A quote that nothing closes,
 * which is returned ('\0': there is none), is one; apostrophe: only where it begins the word.
 */
static char add_word(struct ar_buf *path, const char *start, const char *end, bool apostrophe)
{
    const char *at = expand_home(path, start, end);
    char open = '\0';
    while (at < end) {
        bool quote = *at == '\'' || *at == '"';
        const char *close = quote ? closing(at, end) : NULL;
        if (close) {
            at = add_quoted(path, at, close);
        } else if (quote && (at == start || !apostrophe)) {
            open = *at;
            at = add_quoted(path, at, end);
        } else {
            at += *at == '\\' && at + 1 < end;
            ar_buf_add_char(path, *at++);
        }
    }
    return open;
}

/* As it stands. */
static void add_plain(struct ar_buf *path, const char *start, const char *end)
{
    const char *rest = expand_home(path, start, end);
    ar_buf_add(path, rest, (size_t)(end - rest));
}

static bool is_there(const struct ar_buf *path)
{
    return path->len && !path->failed && access(path->data, F_OK) == 0;
}

void run_clean_name(struct ar_buf *path, const char *answer)
{
    const char *start = answer + strspn(answer, blanks), *end = start + strlen(start);
    while (end > start && strchr(blanks, end[-1]))
        end--;
    ar_buf_add(path, start, (size_t)(end - start));
    if (is_there(path))
        return;
    ar_buf_clear(path);
    add_plain(path, start, end);
    if (is_there(path))
        return;
    ar_buf_clear(path);
    if (!add_word(path, start, end, false) || is_there(path))
        return;
    ar_buf_clear(path);
    add_word(path, start, end, true);
}

/* ---- completion ----------------------------------------------------------------------------------------------------- */

/* Appends the text as it has to be typed where such a quote is open, or none. */
static void add_typed(struct ar_buf *line, const char *text, size_t n, char quote)
{
    static const char special[] = " \t'\"\\~";
    for (size_t i = 0; i < n; i++) {
        if (quote == '\'' && text[i] == '\'')
            ar_buf_add_text(line, "'\\'"); /* the quote ends, a quote, and it begins again */
        else if (quote == '"' ? escapes(quote, text[i]) : !quote && strchr(special, text[i]))
            ar_buf_add_char(line, '\\');
        ar_buf_add_char(line, text[i]);
    }
}

/* What stands on the line, and how it is read: as a word with this quote open, or, where plain, as it stands. */
struct typed {
    const char *line;
    size_t n; /* bytes of the name that it is read as */
    char quote;
    bool plain;
};

/* The line as it is once the name is typed: to its end, or, where one of those that begin with it is given, so far (the caller's to free). */
static char *complete(const struct typed *typed, const char *name, const char *longer)
{
    struct ar_buf line;
    struct stat st;
    size_t n = strlen(name);
    ar_buf_init(&line);
    ar_buf_add_text(&line, typed->line);
    while (longer && n > typed->n && ((unsigned char)longer[n] & 0xc0) == 0x80)
        n--; /* no half of a character */
    if (typed->plain)
        ar_buf_add(&line, name + typed->n, n - typed->n);
    else
        add_typed(&line, name + typed->n, n - typed->n, typed->quote);
    if (!longer && stat(name, &st) == 0 && S_ISDIR(st.st_mode))
        ar_buf_add_char(&line, '/');
    else if (!longer && typed->quote)
        ar_buf_add_char(&line, typed->quote);
    char *text = line.failed ? NULL : strdup(line.data);
    ar_buf_release(&line);
    return text;
}

/* The files whose names begin so, as the library lists them; typed is told how the line is read. */
static char **names_of(struct typed *typed, struct ar_buf *name)
{
    const char *start = typed->line + strspn(typed->line, blanks), *end = start + strlen(start);
    typed->quote = add_word(name, start, end, false);
    typed->n = name->len;
    char **names = name->failed ? NULL : rl_completion_matches(name->data, rl_filename_completion_function);
    if (names)
        return names;
    ar_buf_clear(name);
    add_plain(name, start, end);
    *typed = (struct typed){ .line = typed->line, .n = name->len, .plain = true };
    return name->failed ? NULL : rl_completion_matches(name->data, rl_filename_completion_function);
}

/* Puts the lines in the place of the names, the first of which is what all of them begin with. */
static void take_lines(const struct typed *typed, char **names)
{
    const bool one = !names[1] || !names[2];
    for (size_t i = 0; names[i]; i++) {
        char *line = complete(typed, names[i], one || i > 0 ? NULL : names[1]);
        free(names[i]);
        names[i] = line; /* NULL, where memory ran out: the list ends there */
        if (!line)
            break;
    }
}

char **run_complete_name(const char *line, int start, int end)
{
    struct typed typed = { .line = line };
    struct ar_buf name;
    (void)start;
    (void)end;
    ar_buf_init(&name);
    char **names = names_of(&typed, &name);
    ar_buf_release(&name);
    rl_attempted_completion_over = 1;
    if (names)
        take_lines(&typed, names);
    if (names && names[0])
        return names;
    free(names);
    return NULL;
}
