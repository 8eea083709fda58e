/* SPDX-License-Identifier: MIT */
#include "codecs/json.h"

#include <endian.h>

#include "bytes/text.h"
#include "codecs/real.h"

#define JSMN_STATIC
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#include <jsmn.h>

#define DEPTH_MAX 512
#define SHOWN_MAX 40               /* characters of a value in a message */
#define SAFE_DIGITS 300            /* a number of no more bytes, and without an exponent, is in the range of a double */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

size_t ar_json_behind_string(const char *text, size_t n, size_t i)
{
    i++;
    while (i < n && (i += ar_json_plain_run(text + i, n - i)) < n && text[i] != '"')
        i += text[i] == '\\' ? 2 : 1;
    return i < n ? i + 1 : n;
}

/* ---- checking ------------------------------------------------------------------------------------------------------- */

static bool is_too_deep(const char *text, size_t n)
{
    int depth = 0;
    for (size_t i = 0; i < n;) {
        if (text[i] == '"') {
            i = ar_json_behind_string(text, n, i);
            continue;
        }
        if (text[i] == '[' || text[i] == '{')
            depth++;
        else if (text[i] == ']' || text[i] == '}')
            depth--;
        if (depth > DEPTH_MAX)
            return true;
        i++;
    }
    return false;
}

/* What jansson does not say, or not well. */
static int check_before(const char *text, size_t n, const char *what, struct ar_error *error)
{
    size_t blanks = 0;
    while (blanks < n && is_blank(text[blanks]))
        blanks++;
    if (blanks == n)
        return ar_fail(error, AR_INPUT, "%s is empty, JSON was expected", what);
    if (n > AR_JSON_TEXT_MAX)
        return ar_fail(error, AR_INPUT, "%s has more than 1 GiB of JSON", what);
    if (n >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        ar_fail(error, AR_INPUT, "%s starts with a byte order mark (BOM), which is no JSON", what);
        return ar_hint(error, "Save it as UTF-8 without BOM.");
    }
    if (memchr(text, 0, n)) {
        ar_fail(error, AR_INPUT, "%s holds a NUL byte, which is no JSON", what);
        return ar_hint(error, "JSON is UTF-8; if it was saved as UTF-16, save it as UTF-8.");
    }
    if (is_too_deep(text, n))
        return ar_fail(error, AR_INPUT, "%s is nested deeper than %d levels", what, DEPTH_MAX);
    return 0;
}

/* The word that jansson stopped at: NaN or Infinity in any spelling that programs write? */
static bool stopped_at_nan(const char *text, size_t n, const json_error_t *why)
{
    if (strncmp(why->text, "invalid token", strlen("invalid token")) != 0)
        return false;
    size_t start = (size_t)why->position;
    while (start > 0 && is_letter(text[start - 1]))
        start--;
    size_t end = start;
    while (end < n && is_letter(text[end]))
        end++;
    static const char *const words[] = { "nan", "inf", "infinity" };
    for (size_t i = 0; i < AR_COUNT(words); i++)
        if (end - start == strlen(words[i]) && strncasecmp(text + start, words[i], end - start) == 0)
            return true;
    return false;
}

/* jansson stopped behind the closing quote of a key that was there before. */
static void show_key_before(struct ar_buf *shown, const char *text, size_t end)
{
    size_t start = end - 1;
    bool escaped = true;
    while (escaped && start > 0) {
        start--;
        if (text[start] != '"')
            continue;
        size_t slashes = 0;
        while (slashes < start && text[start - slashes - 1] == '\\')
            slashes++;
        escaped = slashes % 2 != 0;
    }
    struct ar_json_value key = { .type = AR_JSON_STRING, .text = text + start, .len = end - start };
    ar_json_show(shown, &key);
}

static int fail_duplicate(struct ar_error *error, const char *text, const char *what, const json_error_t *why)
{
    struct ar_buf shown;
    ar_buf_init(&shown);
    show_key_before(&shown, text, (size_t)why->position);
    ar_fail(error, AR_INPUT, "%s, line %d: the member %s is there twice", what, why->line, shown.data);
    ar_buf_release(&shown);
    return ar_hint(error, "Keep one of the two.");
}

/* "WHAT, line 3, column 4"; jansson counts no column at the start of a line. */
static void show_place(struct ar_buf *place, const char *what, const json_error_t *why)
{
    ar_buf_add_tr(place, "%s, line %d", what, why->line);
    if (why->column > 0)
        ar_buf_add_tr(place, ", column %d", why->column);
}

static int fail_nan(struct ar_error *error, const char *place)
{
    ar_fail(error, AR_INPUT, "%s: NaN and Infinity are no JSON", place);
    return ar_hint(error, "A value that is missing is null in JSON (Python's json.dumps writes NaN, though).");
}

#ifdef AR_EXTRACT
/* What jansson says. */
N_("invalid token") N_("unexpected token") N_("unexpected newline") N_("invalid escape") N_("premature end of input")
N_("string or '}' expected") N_("'}' expected") N_("']' expected") N_("':' expected") N_("'[' or '{' expected") N_("end of file expected")
#endif

/* jansson's words: "WORDS near 'TEXT'", or "WORDS near end of file". */
static void show_why(struct ar_buf *shown, const char *why)
{
    char words[JSON_ERROR_TEXT_LENGTH];
    const char *near = strstr(why, " near ");
    snprintf(words, sizeof words, "%.*s", (int)(near ? near - why : (ptrdiff_t)strlen(why)), why);
    if (near && strcmp(near, " near end of file") == 0)
        ar_buf_add_tr(shown, "%s near end of file", ar_tr(words));
    else if (near)
        ar_buf_add_tr(shown, "%s near %s", ar_tr(words), near + strlen(" near "));
    else
        ar_buf_add_text(shown, ar_tr(words));
}

/* Says in our words why jansson refused the text. */
static int fail_jansson(struct ar_error *error, const char *text, size_t n, const char *what, const json_error_t *why)
{
    enum json_error_code code = json_error_code(why);
    if (code == json_error_out_of_memory || why->text[0] == '\0')
        return ar_fail_memory(error);
    if (code == json_error_duplicate_key)
        return fail_duplicate(error, text, what, why);
    if (code == json_error_null_character || code == json_error_null_byte_in_key)
        return ar_fail(error, AR_INPUT, "%s, line %d: a string holds the character NUL (\\u0000), which is refused", what,
                       why->line);
    struct ar_buf place, shown;
    ar_buf_init(&place);
    ar_buf_init(&shown);
    show_place(&place, what, why);
    show_why(&shown, why->text);
    if (code == json_error_numeric_overflow)
        ar_fail(error, AR_INPUT, "%s: a number is too large", place.data);
    else if (stopped_at_nan(text, n, why))
        fail_nan(error, place.data);
    else
        ar_fail(error, AR_INPUT, "%s: no JSON: %s", place.data, shown.data);
    ar_buf_release(&place);
    ar_buf_release(&shown);
    return code == json_error_invalid_utf8 ? ar_hint(error, "Save it as UTF-8.") : -1;
}

static json_t *load(const char *text, size_t n, bool reals, json_error_t *why)
{
    *why = (json_error_t){ .line = -1 };
    return json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | (reals ? JSON_DECODE_INT_AS_REAL : 0), why);
}

json_t *ar_json_load(const char *text, size_t n, bool reals, const char *what, struct ar_error *error)
{
    if (check_before(text, n, what, error) < 0)
        return NULL;
    json_error_t why;
    json_t *json = load(text, n, reals, &why);
    if (!json)
        fail_jansson(error, text, n, what, &why);
    return json;
}

uint64_t ar_json_count(const json_t *object, const char *name)
{
    json_int_t n = json_integer_value(json_object_get(object, name));
    return n > 0 ? (uint64_t)n : 0;
}

static bool is_number_char(char c)
{
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

/*
 * Writes 0 and blanks over each number that a double might not hold. Places stay where they were, and what is no number by JSON's
 * grammar stays as it is, to be refused.
 */
static void tame_numbers(char *text, size_t n)
{
    for (size_t i = 0; i < n;) {
        if (text[i] == '"') {
            i = ar_json_behind_string(text, n, i);
            continue;
        }
        size_t end = i;
        while (end < n && is_number_char(text[end]))
            end++;
        size_t len = end - i;
        bool risky = len > SAFE_DIGITS || (len > 0 && (memchr(text + i, 'e', len) || memchr(text + i, 'E', len)));
        if (risky && ar_text_is_json_number(text + i, len)) {
            text[i] = '0';
            memset(text + i + 1, ' ', len - 1);
        }
        i = len > 0 ? end : i + 1;
    }
}

/* As ar_json_load, but the tree is of no interest, and no number is too large. */
static int check_text(const char *text, size_t n, const char *what, struct ar_error *error)
{
    if (check_before(text, n, what, error) < 0)
        return -1;
    json_error_t why;
    json_t *json = load(text, n, true, &why);
    if (!json && json_error_code(&why) == json_error_numeric_overflow) {
        char *tamed = malloc(n);
        if (!tamed)
            return ar_fail_memory(error);
        memcpy(tamed, text, n);
        tame_numbers(tamed, n);
        json = load(tamed, n, true, &why);
        free(tamed);
    }
    if (!json)
        return fail_jansson(error, text, n, what, &why);
    json_decref(json);
    return 0;
}

/* ---- writing -------------------------------------------------------------------------------------------------------- */

/* Takes a number as jansson writes it. */
static int add_dumped(const char *bytes, size_t n, void *buf)
{
    ar_buf_add(buf, bytes, n);
    return 0;
}

static void dump_object(struct ar_buf *buf, const json_t *json)
{
    json_t *object = (json_t *)(uintptr_t)json; /* jansson's iterators want it so */
    void *first = json_object_iter(object);
    ar_buf_add_char(buf, '{');
    for (void *member = first; member; member = json_object_iter_next(object, member)) {
        if (member != first)
            ar_buf_add_char(buf, ',');
        ar_json_add_string(buf, json_object_iter_key(member), json_object_iter_key_len(member));
        ar_buf_add_char(buf, ':');
        ar_json_dump(buf, json_object_iter_value(member));
    }
    ar_buf_add_char(buf, '}');
}

static void dump_array(struct ar_buf *buf, const json_t *json)
{
    ar_buf_add_char(buf, '[');
    for (size_t i = 0; i < json_array_size(json); i++) {
        if (i > 0)
            ar_buf_add_char(buf, ',');
        ar_json_dump(buf, json_array_get(json, i));
    }
    ar_buf_add_char(buf, ']');
}

void ar_json_add_integer(struct ar_buf *buf, int64_t value)
{
    if (value < 0)
        ar_buf_add_char(buf, '-');
    ar_buf_add_digits(buf, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

void ar_json_add_real(struct ar_buf *buf, double value)
{
    char text[AR_REAL_TEXT];
    size_t n = ar_real_write(text, value);
    ar_buf_add(buf, text, n);
}

/* By hand, since jansson's way takes several times as long, and writes a real with 17 digits. */
void ar_json_dump(struct ar_buf *buf, const json_t *json)
{
    switch (json ? json_typeof(json) : JSON_NULL) {
    case JSON_OBJECT:
        dump_object(buf, json);
        break;
    case JSON_ARRAY:
        dump_array(buf, json);
        break;
    case JSON_STRING:
        ar_json_add_string(buf, json_string_value(json), json_string_length(json));
        break;
    case JSON_INTEGER:
        ar_json_add_integer(buf, json_integer_value(json));
        break;
    case JSON_REAL:
        ar_json_add_real(buf, json_real_value(json));
        break;
    default:
        if (!json || json_dump_callback(json, add_dumped, buf, JSON_COMPACT | JSON_ENCODE_ANY) < 0)
            buf->failed = true;
    }
}

/* The letter that stands for c behind a backslash, or 0. */
static char short_escape(char c)
{
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    const char *at = c ? strchr(from, c) : NULL;
    return at ? to[at - from] : 0;
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* The highest bit of each byte that is below 0x20, a quote or a backslash; above the first such byte, also of others. */
static uint64_t mark_special(uint64_t bytes)
{
    uint64_t quote = bytes ^ EACH('"'), slash = bytes ^ EACH('\\');
    uint64_t marks = ((bytes - EACH(0x20)) & ~bytes) | ((quote - EACH(1)) & ~quote) | ((slash - EACH(1)) & ~slash);
    return marks & EACH(0x80);
}

size_t ar_json_plain_run(const char *text, size_t n)
{
    size_t i = 0;
    for (; n - i >= sizeof(uint64_t); i += sizeof(uint64_t)) {
        uint64_t bytes;
        memcpy(&bytes, text + i, sizeof bytes);
        uint64_t marks = mark_special(le64toh(bytes));
        if (marks)
            return i + (size_t)__builtin_ctzll(marks) / 8;
    }
    while (i < n && (unsigned char)text[i] >= 0x20 && text[i] != '"' && text[i] != '\\')
        i++;
    return i;
}

void ar_json_add_string(struct ar_buf *buf, const char *text, size_t n)
{
    ar_buf_add_char(buf, '"');
    for (size_t done = 0;;) {
        size_t run = ar_json_plain_run(text + done, n - done);
        ar_buf_add(buf, text + done, run);
        done += run;
        if (done == n)
            break;
        char c = text[done++], letter = short_escape(c);
        if (letter)
            ar_buf_add(buf, (const char[]){ '\\', letter }, 2);
        else
            ar_buf_add_format(buf, "\\u%04x", (unsigned)c);
    }
    ar_buf_add_char(buf, '"');
}

/* ---- the view of the text ------------------------------------------------------------------------------------------- */

/*
 * Tokens stand in the order of the text, a value's own before those of what is in it. A key's token is followed by its value's.
 * Once all are found, size says how many tokens a value takes, itself included, so that one step leads behind it.
 */
static void count_tokens(jsmntok_t *token, int count)
{
    for (int i = 0; i < count; i++)
        token[i].size = 1;
    for (int i = count - 1; i > 0; i--)
        token[token[i].parent].size += token[i].size;
}

/* jsmn in strict mode wants something behind a number, true, false or null, also where it is all that there is. */
static int find_lone_token(struct ar_json_doc *doc, size_t start, struct ar_error *error)
{
    size_t end = doc->len;
    while (is_blank(doc->text[end - 1]))
        end--;
    jsmntok_t *token = malloc(sizeof *token);
    if (!token)
        return ar_fail_memory(error);
    *token = (jsmntok_t){ .type = JSMN_PRIMITIVE, .start = (int)start, .end = (int)end, .size = 1, .parent = -1 };
    doc->tokens = token;
    doc->count = 1;
    return 0;
}

static int find_tokens(struct ar_json_doc *doc, const char *what, struct ar_error *error)
{
    size_t start = 0;
    while (is_blank(doc->text[start]))
        start++;
    if (!strchr("{[\"", doc->text[start]))
        return find_lone_token(doc, start, error);
    jsmn_parser parser;
    jsmn_init(&parser);
    int count = jsmn_parse(&parser, doc->text, doc->len, NULL, 0);
    if (count <= 0)
        return ar_fail(error, AR_INPUT, "%s is no JSON", what);
    jsmntok_t *token = calloc((size_t)count, sizeof *token);
    if (!token)
        return ar_fail_memory(error);
    doc->tokens = token;
    jsmn_init(&parser);
    if (jsmn_parse(&parser, doc->text, doc->len, token, (unsigned)count) != count)
        return ar_fail(error, AR_INPUT, "%s is no JSON", what);
    doc->count = count;
    count_tokens(token, count);
    return 0;
}

int ar_json_doc_parse(struct ar_json_doc *doc, const char *text, size_t n, const char *what, struct ar_error *error)
{
    *doc = (struct ar_json_doc){ 0 };
    if (check_text(text, n, what, error) < 0)
        return -1;
    doc->text = text;
    doc->len = n;
    if (find_tokens(doc, what, error) == 0)
        return 0;
    ar_json_doc_release(doc);
    return -1;
}

void ar_json_doc_release(struct ar_json_doc *doc)
{
    free(doc->tokens);
    *doc = (struct ar_json_doc){ 0 };
}

static enum ar_json_type type_of(char first)
{
    switch (first) {
    case '{':
        return AR_JSON_OBJECT;
    case '[':
        return AR_JSON_ARRAY;
    case '"':
        return AR_JSON_STRING;
    case 't':
        return AR_JSON_TRUE;
    case 'f':
        return AR_JSON_FALSE;
    case 'n':
        return AR_JSON_NULL;
    default:
        return AR_JSON_NUMBER;
    }
}

static struct ar_json_value value_at(const struct ar_json_doc *doc, int i)
{
    const jsmntok_t *token = (const jsmntok_t *)doc->tokens + i;
    int quote = token->type == JSMN_STRING; /* jsmn leaves the quotes out */
    struct ar_json_value value = { .text = doc->text + token->start - quote, .token = i };
    value.len = (size_t)(token->end - token->start + 2 * quote);
    value.type = type_of(*value.text);
    return value;
}

struct ar_json_value ar_json_root(const struct ar_json_doc *doc)
{
    return value_at(doc, 0);
}

int ar_json_each(const struct ar_json_doc *doc, const struct ar_json_value *parent, int *position, struct ar_json_value *key,
                 struct ar_json_value *value)
{
    const jsmntok_t *token = doc->tokens;
    int i = *position > 0 ? *position : parent->token + 1;
    if ((parent->type != AR_JSON_OBJECT && parent->type != AR_JSON_ARRAY) || i >= parent->token + token[parent->token].size)
        return 0;
    *position = i + token[i].size;
    if (parent->type == AR_JSON_OBJECT) {
        if (key)
            *key = value_at(doc, i);
        i++;
    }
    *value = value_at(doc, i);
    return 1;
}

bool ar_json_member(const struct ar_json_doc *doc, const struct ar_json_value *object, const char *name,
                    struct ar_json_value *value)
{
    size_t n = strlen(name);
    struct ar_json_value key, found;
    for (int position = 0; object->type == AR_JSON_OBJECT && ar_json_each(doc, object, &position, &key, &found);) {
        if (!ar_json_equals(&key, name, n))
            continue;
        *value = found;
        return true;
    }
    return false;
}

size_t ar_json_append_at(const struct ar_json_doc *doc, const struct ar_json_value *object, bool *first)
{
    struct ar_json_value value;
    const char *end = object->text + 1;
    *first = true;
    for (int position = 0; ar_json_each(doc, object, &position, NULL, &value);) {
        end = value.text + value.len;
        *first = false;
    }
    return (size_t)(end - doc->text);
}

/* ---- strings -------------------------------------------------------------------------------------------------------- */

static unsigned hex4(const char *digits)
{
    unsigned value = 0;
    for (int i = 0; i < 4; i++) {
        char c = digits[i];
        value = value * 16 + (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return value;
}

static size_t put_utf8(char out[4], unsigned code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3F));
    out[0] = (char)((0xF00 >> n & 0xFF) | code);
    return n;
}

/* Undoes the escape at *at (a backslash) and goes behind it. The text was checked: surrogates come in pairs. */
static size_t undo_escape(const char **at, char out[4])
{
    const char *escape = *at;
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    if (escape[1] != 'u') {
        const char *letter = strchr(from, escape[1]);
        out[0] = letter ? to[letter - from] : escape[1];
        *at += 2;
        return 1;
    }
    unsigned code = hex4(escape + 2);
    *at += 6;
    if (code >= 0xD800 && code < 0xDC00) {
        code = 0x10000 + ((code - 0xD800) << 10) + (hex4(escape + 8) - 0xDC00);
        *at += 6;
    }
    return put_utf8(out, code);
}

void ar_json_decode(struct ar_buf *buf, const struct ar_json_value *string)
{
    const char *end = string->text + string->len - 1;
    for (const char *at = string->text + 1; at < end;) {
        const char *escape = memchr(at, '\\', (size_t)(end - at));
        ar_buf_add(buf, at, (size_t)((escape ? escape : end) - at));
        if (!escape)
            return;
        at = escape;
        char plain[4];
        size_t n = undo_escape(&at, plain);
        ar_buf_add(buf, plain, n);
    }
}

bool ar_json_equals(const struct ar_json_value *string, const char *text, size_t n)
{
    const char *end = string->text + string->len - 1;
    for (const char *at = string->text + 1; at < end;) {
        char plain[4] = { *at };
        size_t len = 1;
        if (*at == '\\')
            len = undo_escape(&at, plain);
        else
            at++;
        if (len > n || memcmp(plain, text, len) != 0)
            return false;
        text += len;
        n -= len;
    }
    return n == 0;
}

void ar_json_pointer_add(struct ar_buf *pointer, const char *name, size_t n)
{
    ar_buf_add_char(pointer, '/');
    for (size_t i = 0; i < n; i++) {
        if (name[i] == '~')
            ar_buf_add_text(pointer, "~0");
        else if (name[i] == '/')
            ar_buf_add_text(pointer, "~1");
        else
            ar_buf_add_char(pointer, name[i]);
    }
}

/* Cuts what stands in buf from start on after SHOWN_MAX characters. */
static void cut_shown(struct ar_buf *buf, size_t start)
{
    size_t characters = 0;
    for (size_t i = start; i < buf->len; i++) {
        if ((buf->data[i] & 0xC0) == 0x80 || characters++ < SHOWN_MAX)
            continue;
        ar_buf_truncate(buf, i);
        ar_buf_add_text(buf, "…");
        return;
    }
}

void ar_json_show(struct ar_buf *buf, const struct ar_json_value *value)
{
    if (value->type == AR_JSON_ARRAY || value->type == AR_JSON_OBJECT) {
        ar_buf_add_text(buf, value->type == AR_JSON_ARRAY ? ar_tr("an array") : ar_tr("an object"));
        return;
    }
    bool string = value->type == AR_JSON_STRING;
    if (string)
        ar_buf_add_char(buf, '\'');
    size_t start = buf->len;
    if (string)
        ar_json_decode(buf, value);
    else
        ar_buf_add(buf, value->text, value->len);
    cut_shown(buf, start);
    if (string)
        ar_buf_add_char(buf, '\'');
}

int ar_json_fail_at(struct ar_error *error, const char *what, const struct ar_buf *pointer)
{
    if (pointer->len == 0)
        return ar_fail_in(error, "%s", what);
    return ar_fail_in(error, "%s %s", what, pointer->data);
}

int ar_json_fail_expected(struct ar_error *error, const char *what, const struct ar_buf *pointer, const char *expected,
                          const struct ar_json_value *value)
{
    struct ar_buf shown;
    ar_buf_init(&shown);
    ar_json_show(&shown, value);
    ar_fail(error, AR_INPUT, "expected %s, found %s", ar_tr(expected), shown.data);
    ar_buf_release(&shown);
    return ar_json_fail_at(error, what, pointer);
}

char *ar_json_decoded(const struct ar_json_value *string, struct ar_error *error)
{
    struct ar_buf text;
    ar_buf_init(&text);
    ar_json_decode(&text, string);
    char *copy = text.failed ? NULL : strdup(text.data);
    ar_buf_release(&text);
    if (!copy)
        ar_fail_memory(error);
    return copy;
}
