/* SPDX-License-Identifier: MIT */
#include "bytes/text.h"

/* Is it a byte inside of a sequence? */
static inline bool follows(unsigned char byte)
{
    return (byte & 0xc0) == 0x80;
}

/*
 * Decodes one character. Returns its length, 1 to 4, or 0 where no well-formed sequence starts at text (n > 0 bytes are there).
 */
static inline size_t decode(const unsigned char *text, size_t n, uint32_t *character)
{
    unsigned char first = text[0];
    if (first < 0x80) {
        *character = first;
        return 1;
    }
    if (first < 0xc2 || first > 0xf4)
        return 0;
    if (first < 0xe0) {
        if (n < 2 || !follows(text[1]))
            return 0;
        *character = (first & 0x1fu) << 6 | (text[1] & 0x3fu);
        return 2;
    }
    if (first < 0xf0) {
        if (n < 3 || !follows(text[1]) || !follows(text[2]))
            return 0;
        uint32_t c = (first & 0x0fu) << 12 | (text[1] & 0x3fu) << 6 | (text[2] & 0x3fu);
        *character = c;
        return c < 0x800 || (c & 0xf800) == 0xd800 ? 0 : 3; /* overlong, or a surrogate */
    }
    if (n < 4 || !follows(text[1]) || !follows(text[2]) || !follows(text[3]))
        return 0;
    uint32_t c = (first & 0x07u) << 18 | (text[1] & 0x3fu) << 12 | (text[2] & 0x3fu) << 6 | (text[3] & 0x3fu);
    *character = c;
    return c < 0x10000 || c > 0x10ffff ? 0 : 4;
}

/* The number of leading ASCII bytes, rounded down to what is quick to find; the rest is for the caller. */
static size_t skip_ascii(const char *text, size_t n)
{
    size_t at = 0;
    while (n - at >= 32) {
        uint64_t words[4];
        memcpy(words, text + at, sizeof(words));
        if (((words[0] | words[1] | words[2] | words[3]) & UINT64_C(0x8080808080808080)) != 0)
            break;
        at += 32;
    }
    return at;
}

size_t ar_utf8_check(const char *text, size_t n)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t at = 0;
    while (at < n) {
        at += skip_ascii(text + at, n - at);
        /* What follows is not ASCII, or near it: no new look ahead before it is behind us. */
        size_t until = n - at > 32 ? at + 32 : n;
        while (at < until) {
            uint32_t character;
            size_t len = decode(bytes + at, n - at, &character);
            if (len == 0)
                return at;
            at += len;
        }
    }
    return n;
}

static bool is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c <= 0x9f);
}

static bool is_hidden(uint32_t c)
{
    return is_control(c) || c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

static void show_hidden(struct ar_buf *out, uint32_t c)
{
    if (c == '\n')
        ar_buf_add_text(out, "\\n");
    else if (c == '\t')
        ar_buf_add_text(out, "\\t");
    else if (c < 0x80)
        ar_buf_add_format(out, "\\x%02" PRIx32, c);
    else
        ar_buf_add_format(out, "\\u{%04" PRIx32 "}", c);
}

void ar_text_show(struct ar_buf *out, const char *text, size_t n)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t at = 0;
    while (at < n) {
        size_t start = at;
        uint32_t c = 0;
        size_t len = 0;
        while (at < n && (len = decode(bytes + at, n - at, &c)) > 0 && !is_hidden(c))
            at += len;
        ar_buf_add(out, text + start, at - start);
        if (at == n)
            break;
        if (len == 0) {
            ar_buf_add_format(out, "\\x%02x", bytes[at]);
            len = 1;
        } else {
            show_hidden(out, c);
        }
        at += len;
    }
}

bool ar_text_has_control(const char *text, size_t n)
{
    const unsigned char *bytes = (const unsigned char *)text;
    for (size_t at = 0; at < n;) {
        uint32_t c = bytes[at];
        size_t len = c >= 0x20 && c < 0x7f ? 1 : decode(bytes + at, n - at, &c);
        if (len > 0 && is_control(c))
            return true;
        at += len > 0 ? len : 1;
    }
    return false;
}

static size_t skip_digits(const char *text, size_t n, size_t at)
{
    while (at < n && text[at] >= '0' && text[at] <= '9')
        at++;
    return at;
}

bool ar_text_is_json_number(const char *text, size_t n)
{
    size_t at = n > 0 && text[0] == '-' ? 1 : 0;
    size_t end = skip_digits(text, n, at);
    if (end == at || (text[at] == '0' && end > at + 1))
        return false;
    at = end;
    if (at < n && text[at] == '.') {
        end = skip_digits(text, n, at + 1);
        if (end == at + 1)
            return false;
        at = end;
    }
    if (at < n && (text[at] == 'e' || text[at] == 'E')) {
        at++;
        if (at < n && (text[at] == '+' || text[at] == '-'))
            at++;
        end = skip_digits(text, n, at);
        if (end == at)
            return false;
        at = end;
    }
    return at == n;
}

struct range {
    uint32_t first, last;
};

/* East Asian Width W and F of Unicode 14 (EastAsianWidth.txt), joined across what is not assigned. */
static const struct range wide[] = {
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x2329, 0x232a},   {0x23e9, 0x23ec},   {0x23f0, 0x23f0},   {0x23f3, 0x23f3},
    {0x25fd, 0x25fe},   {0x2614, 0x2615},   {0x2648, 0x2653},   {0x267f, 0x267f},   {0x2693, 0x2693},   {0x26a1, 0x26a1},
    {0x26aa, 0x26ab},   {0x26bd, 0x26be},   {0x26c4, 0x26c5},   {0x26ce, 0x26ce},   {0x26d4, 0x26d4},   {0x26ea, 0x26ea},
    {0x26f2, 0x26f3},   {0x26f5, 0x26f5},   {0x26fa, 0x26fa},   {0x26fd, 0x26fd},   {0x2705, 0x2705},   {0x270a, 0x270b},
    {0x2728, 0x2728},   {0x274c, 0x274c},   {0x274e, 0x274e},   {0x2753, 0x2755},   {0x2757, 0x2757},   {0x2795, 0x2797},
    {0x27b0, 0x27b0},   {0x27bf, 0x27bf},   {0x2b1b, 0x2b1c},   {0x2b50, 0x2b50},   {0x2b55, 0x2b55},   {0x2e80, 0x303e},
    {0x3041, 0x3247},   {0x3250, 0x4dbf},   {0x4e00, 0xa4c6},   {0xa960, 0xa97c},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},
    {0xfe10, 0xfe19},   {0xfe30, 0xfe6b},   {0xff01, 0xff60},   {0xffe0, 0xffe6},   {0x16fe0, 0x1b2fb}, {0x1f004, 0x1f004},
    {0x1f0cf, 0x1f0cf}, {0x1f18e, 0x1f18e}, {0x1f191, 0x1f19a}, {0x1f200, 0x1f320}, {0x1f32d, 0x1f335}, {0x1f337, 0x1f37c},
    {0x1f37e, 0x1f393}, {0x1f3a0, 0x1f3ca}, {0x1f3cf, 0x1f3d3}, {0x1f3e0, 0x1f3f0}, {0x1f3f4, 0x1f3f4}, {0x1f3f8, 0x1f43e},
    {0x1f440, 0x1f440}, {0x1f442, 0x1f4fc}, {0x1f4ff, 0x1f53d}, {0x1f54b, 0x1f54e}, {0x1f550, 0x1f567}, {0x1f57a, 0x1f57a},
    {0x1f595, 0x1f596}, {0x1f5a4, 0x1f5a4}, {0x1f5fb, 0x1f64f}, {0x1f680, 0x1f6c5}, {0x1f6cc, 0x1f6cc}, {0x1f6d0, 0x1f6d2},
    {0x1f6d5, 0x1f6df}, {0x1f6eb, 0x1f6ec}, {0x1f6f4, 0x1f6fc}, {0x1f7e0, 0x1f7f0}, {0x1f90c, 0x1f93a}, {0x1f93c, 0x1f945},
    {0x1f947, 0x1f9ff}, {0x1fa70, 0x1faf6}, {0x20000, 0x3fffd},
};

/* The combining marks (categories Mn and Me) and zero-width characters that names are likely to hold; not all there are. */
static const struct range combining[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x05bf, 0x05bf}, {0x05c1, 0x05c2}, {0x05c4, 0x05c5}, {0x05c7, 0x05c7},
    {0x0610, 0x061a}, {0x064b, 0x065f}, {0x0670, 0x0670}, {0x06d6, 0x06dc}, {0x06df, 0x06e4}, {0x06e7, 0x06e8}, {0x06ea, 0x06ed},
    {0x0900, 0x0902}, {0x093a, 0x093a}, {0x093c, 0x093c}, {0x0941, 0x0948}, {0x094d, 0x094d}, {0x0951, 0x0957}, {0x0962, 0x0963},
    {0x0e31, 0x0e31}, {0x0e34, 0x0e3a}, {0x0e47, 0x0e4e}, {0x0eb1, 0x0eb1}, {0x0eb4, 0x0ebc}, {0x0ec8, 0x0ecd}, {0x135d, 0x135f},
    {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200f}, {0x2060, 0x2064}, {0x20d0, 0x20f0}, {0x302a, 0x302d}, {0x3099, 0x309a},
    {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xfeff, 0xfeff}, {0xe0100, 0xe01ef},
};

static bool is_in(uint32_t c, const struct range *ranges, size_t count)
{
    size_t low = 0;
    while (count > low) {
        size_t middle = low + (count - low) / 2;
        if (c > ranges[middle].last)
            low = middle + 1;
        else if (c < ranges[middle].first)
            count = middle;
        else
            return true;
    }
    return false;
}

size_t ar_text_width(const char *text, size_t n)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t width = 0;
    for (size_t at = 0; at < n;) {
        uint32_t c = 0;
        size_t len = decode(bytes + at, n - at, &c);
        if (len == 0 || c < 0x300)
            width++;
        else if (!is_in(c, combining, AR_COUNT(combining)))
            width += is_in(c, wide, AR_COUNT(wide)) ? 2 : 1;
        at += len > 0 ? len : 1;
    }
    return width;
}

void ar_text_add_word(struct ar_buf *text, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=,:+@%";
    if (*word && strspn(word, plain) == strlen(word)) {
        ar_buf_add_text(text, word);
        return;
    }
    ar_buf_add_char(text, '\'');
    for (; *word; word++)
        ar_buf_add_text(text, *word == '\'' ? "'\\''" : (char[2]){ *word, '\0' });
    ar_buf_add_char(text, '\'');
}
