/* SPDX-License-Identifier: MIT */
/* Errors, buffers, texts and digests. */
#include "bytes/digest.h"
#include "bytes/text.h"
#include "check.h"

/* ---- errors --------------------------------------------------------------------------------------------------------- */

static void test_error_texts(void)
{
    struct ar_error error = {0};
    CHECK(ar_fail(&error, AR_CONTENT, "row %d", 7) == -1);
    CHECK(error.status == AR_CONTENT && error.system_errno == 0 && !error.no_input);
    CHECK_TEXT(error.what, "row 7");
    CHECK_TEXT(error.hint, "");

    CHECK(ar_hint(&error, "Look at '%s'.", "x") == -1);
    CHECK_TEXT(error.hint, "Look at 'x'.");
    CHECK_TEXT(error.what, "row 7");

    CHECK(ar_fail_in(&error, "lane '%s'", "0000") == -1);
    CHECK_TEXT(error.what, "lane '0000': row 7");
    CHECK_TEXT(error.hint, "Look at 'x'.");
    CHECK(error.status == AR_CONTENT);

    CHECK(ar_fail_errno(&error, ENOSPC, "cannot write '%s'", "x") == -1);
    CHECK(error.status == AR_SYSTEM && error.system_errno == ENOSPC);
    CHECK_TEXT(error.what, "cannot write 'x': No space left on device");
    CHECK_TEXT(error.hint, "");

    CHECK(ar_fail_errno(&error, EINTR, "cannot read 'x'") == -1);
    CHECK_TEXT(error.what, "cannot read 'x': interrupted");
    CHECK(ar_fail_memory(&error) == -1);
    CHECK(error.status == AR_SYSTEM);
    CHECK_TEXT(error.what, "out of memory");

    /* What is formatted may stand in the error itself. */
    ar_fail(&error, AR_INPUT, "x");
    ar_fail(&error, AR_INPUT, "before %s", error.what);
    CHECK_TEXT(error.what, "before x");
}

static void test_error_status_of_open(void)
{
    static const int wrong_names[] = {ENOENT, EISDIR, EACCES, ENOTDIR, ELOOP, ENAMETOOLONG, EXDEV};
    static const int system_failures[] = {EIO, EMFILE, ENOMEM, ENOSPC, EROFS, EINTR};
    struct ar_error error;
    for (size_t i = 0; i < AR_COUNT(wrong_names); i++) {
        CHECK(ar_fail_open(&error, wrong_names[i], "x") == -1);
        CHECK(error.status == AR_INPUT && error.system_errno == wrong_names[i], "%s", error.what);
    }
    for (size_t i = 0; i < AR_COUNT(system_failures); i++) {
        CHECK(ar_fail_open(&error, system_failures[i], "x") == -1);
        CHECK(error.status == AR_SYSTEM, "%s", error.what);
    }
}

/* 視 is three bytes; 2047 fit. */
static void test_error_is_cut_at_a_character(void)
{
    struct ar_error error;
    char text[4000];
    for (size_t i = 0; i + 3 < sizeof(text); i += 3)
        memcpy(text + i, "視", 3);
    text[3999] = '\0';
    ar_fail(&error, AR_INPUT, "%s", text);
    CHECK(strlen(error.what) == 2046, "%zu", strlen(error.what));
    CHECK(ar_utf8_check(error.what, strlen(error.what)) == strlen(error.what));
    ar_fail(&error, AR_INPUT, "x%s", text);
    CHECK(strlen(error.what) == 2047);

    /* errno's text stays. */
    ar_fail_errno(&error, ENOSPC, "%s", text);
    const char *end = ": No space left on device";
    CHECK_TEXT(error.what + strlen(error.what) - strlen(end), end);
    CHECK(ar_utf8_check(error.what, strlen(error.what)) == strlen(error.what));
    ar_hint(&error, "%s", text);
    CHECK(strlen(error.hint) == 1023);
    ar_fail(&error, AR_INPUT, "end");
    ar_fail_in(&error, "%s", text);
    CHECK_TEXT(error.what + strlen(error.what) - 3, "end");
    CHECK(ar_utf8_check(error.what, strlen(error.what)) == strlen(error.what));
}

/* ---- buffers -------------------------------------------------------------------------------------------------------- */

static void test_buf(void)
{
    struct ar_buf buf;
    struct ar_error error;
    ar_buf_init(&buf);
    CHECK_BYTES(buf.data, buf.len, "", 0);
    CHECK(buf.data[0] == '\0');
    ar_buf_clear(&buf);
    ar_buf_truncate(&buf, 0);
    ar_buf_add(&buf, NULL, 0);
    CHECK(buf.cap == 0);
    ar_buf_add_text(&buf, "ab");
    ar_buf_add_char(&buf, '\0');
    ar_buf_add_format(&buf, "%05d", 42);
    CHECK_BYTES(buf.data, buf.len, "ab\00000042", 8);
    CHECK(buf.data[buf.len] == '\0');

    char *room = ar_buf_reserve(&buf, 1000);
    memset(room, 'x', 1000);
    ar_buf_grew(&buf, 1000);
    CHECK(buf.len == 1008 && buf.data[1007] == 'x' && buf.data[1008] == '\0');
    ar_buf_truncate(&buf, 2);
    CHECK_TEXT(buf.data, "ab");
    ar_buf_truncate(&buf, 5); /* it only cuts */
    CHECK(buf.len == 2);

    char large[3001];
    memset(large, 'y', 3000);
    large[3000] = '\0';
    ar_buf_add_format(&buf, "%s!", large);
    CHECK(buf.len == 3003 && buf.data[3002] == '!' && buf.data[3001] == 'y');
    CHECK(ar_buf_check(&buf, &error) == 0);
    ar_buf_release(&buf);
    CHECK(buf.len == 0 && buf.data != NULL);
}

static void test_buf_without_memory(void)
{
    struct ar_buf buf;
    struct ar_error error;
    ar_buf_init(&buf);
    ar_buf_add_text(&buf, "ab");
    CHECK(ar_buf_reserve(&buf, SIZE_MAX - 1) == NULL);
    CHECK(buf.failed);
    ar_buf_add_text(&buf, "cd"); /* does nothing any more */
    CHECK_TEXT(buf.data, "ab");
    CHECK(ar_buf_reserve(&buf, 1) == NULL);
    CHECK(ar_buf_check(&buf, &error) == -1 && error.status == AR_SYSTEM);
    ar_buf_clear(&buf);
    CHECK(ar_buf_check(&buf, &error) == 0 && buf.len == 0);
    ar_buf_add_text(&buf, "e");
    CHECK_TEXT(buf.data, "e");
    ar_buf_release(&buf);
}

/* ---- UTF-8 ---------------------------------------------------------------------------------------------------------- */

/* The borders of RFC 3629, section 4. */
static void test_utf8_check(void)
{
    static const struct {
        const char *text;
        size_t good;
    } cases[] = {
        {"", 0},
        {"abc", 3},
        {"\x7f", 1},
        {"\xc2\x80", 2},
        {"\xdf\xbf", 2},
        {"\xe0\xa0\x80", 3},
        {"\xed\x9f\xbf", 3},
        {"\xee\x80\x80", 3},
        {"\xef\xbf\xbf", 3},
        {"\xf0\x90\x80\x80", 4},
        {"\xf4\x8f\xbf\xbf", 4},
        {"a\x80", 1},
        {"a\xc1\xbf", 1},         /* overlong */
        {"a\xc0\x80", 1},
        {"ab\xe0\x9f\xbf", 2},    /* overlong */
        {"ab\xed\xa0\x80", 2},    /* a surrogate */
        {"ab\xed\xbf\xbf", 2},
        {"\xf0\x8f\xbf\xbf", 0},  /* overlong */
        {"\xf4\x90\x80\x80", 0},  /* above U+10FFFF */
        {"\xf5\x80\x80\x80", 0},
        {"\xff", 0},
        {"x\xe8\xa6", 1},         /* cut */
        {"x\xf0\x9f\x98", 1},
        {"x\xe8\xa6z", 1},
    };
    for (size_t i = 0; i < AR_COUNT(cases); i++) {
        size_t len = strlen(cases[i].text);
        CHECK(ar_utf8_check(cases[i].text, len) == cases[i].good, "case %zu: %zu", i, ar_utf8_check(cases[i].text, len));
    }
    CHECK(ar_utf8_check("a\0b", 3) == 3);
}

/* A bad byte is found wherever it stands in a long run. */
static void test_utf8_check_finds_the_place(void)
{
    char text[200];
    for (size_t at = 0; at < sizeof(text); at++) {
        memset(text, 'a', sizeof(text));
        text[at] = (char)0xff;
        CHECK(ar_utf8_check(text, sizeof(text)) == at, "at %zu", at);
        text[at] = 'a';
        if (at + 3 > sizeof(text))
            continue;
        memcpy(text + at, "視", 3);
        CHECK(ar_utf8_check(text, sizeof(text)) == sizeof(text), "at %zu", at);
        CHECK(ar_utf8_check(text, at + 2) == at, "at %zu", at);
    }
}

static void check_shown(const char *text, size_t n, const char *want)
{
    struct ar_buf out;
    ar_buf_init(&out);
    ar_text_show(&out, text, n);
    CHECK_TEXT(out.data, want);
    ar_buf_release(&out);
}

static void test_show(void)
{
    check_shown("", 0, "");
    check_shown("plain 視野 é \\n", 18, "plain 視野 é \\n");
    check_shown("a\nb\tc\r", 6, "a\\nb\\tc\\x0d");
    check_shown("\x1b[31m", 5, "\\x1b[31m");
    check_shown("\0\x7f", 2, "\\x00\\x7f");
    check_shown("\xc2\x85\xc2\x9b", 4, "\\u{0085}\\u{009b}");
    check_shown("a\xe2\x80\xae" "b\xe2\x81\xa6\xd8\x9c", 10, "a\\u{202e}b\\u{2066}\\u{061c}");
    check_shown("a\xef\xbb\xbf", 4, "a\\u{feff}");
    check_shown("\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\x8e\xe2\x80\x8f", 12, "\\u{2028}\\u{2029}\\u{200e}\\u{200f}");
    check_shown("\xe2\x80\xaf\xe2\x81\xaa", 6, "\xe2\x80\xaf\xe2\x81\xaa"); /* their neighbours U+202F and U+206A */
    check_shown("a\xff\xe8\xa6", 4, "a\\xff\\xe8\\xa6");
}

static void test_has_control(void)
{
    CHECK(!ar_text_has_control("", 0));
    CHECK(!ar_text_has_control("視野 \xff ~", 10));
    CHECK(ar_text_has_control("a\n", 2));
    CHECK(ar_text_has_control("\0", 1));
    CHECK(ar_text_has_control("\x7f", 1));
    CHECK(ar_text_has_control("a\xc2\x80", 3));
    CHECK(ar_text_has_control("a\xc2\x9f", 3));
    CHECK(!ar_text_has_control("\xc2\xa0", 2));
    CHECK(ar_text_has_control("\xff\x1b", 2));
}

/* The grammar of RFC 8259, section 6. */
static void test_json_number(void)
{
    static const char *const numbers[] = {"0",   "-0",    "7",    "10",     "0.5",                  "-12.50",
                                          "1e5", "1E+05", "0e-0", "1.0e10", "123456789012345678901"};
    static const char *const others[] = {"",   "-",   "+1", "01",  "00",   "-01", ".5",  "1.",  "1.e5", "1e",  "1e+",
                                         " 1", "1 ",  "1a", "0x1", "NaN",  "inf", "1,5", "--1", "1.5.5", "1e5.", "٣"};
    for (size_t i = 0; i < AR_COUNT(numbers); i++)
        CHECK(ar_text_is_json_number(numbers[i], strlen(numbers[i])), "%s", numbers[i]);
    for (size_t i = 0; i < AR_COUNT(others); i++)
        CHECK(!ar_text_is_json_number(others[i], strlen(others[i])), "%s", others[i]);
    CHECK(!ar_text_is_json_number("1\0", 2));
}

/* Widths by Unicode's EastAsianWidth.txt and by general category. */
static void test_width(void)
{
    static const struct {
        const char *text;
        size_t width;
    } cases[] = {
        {"", 0},           {"abc", 3},          {"é", 1},          {"e\xcc\x81", 1}, /* with U+0301 */
        {"視野", 4},       {"ｱ", 1},            {"Ａ", 2},         {"が", 2},        {"か\xe3\x82\x99", 2}, /* with U+3099 */
        {"한", 2},         {"😀", 2},           {"µm", 2},         {"α", 1},         {"𠀋", 2},
        {"\xe2\x80\x8b", 0}, {"\xff\xfe", 2},   {"、", 2},         {"€", 1},         {"□", 1},
    };
    for (size_t i = 0; i < AR_COUNT(cases); i++)
        CHECK(ar_text_width(cases[i].text, strlen(cases[i].text)) == cases[i].width, "%s: %zu", cases[i].text,
              ar_text_width(cases[i].text, strlen(cases[i].text)));
}

/* ---- digests -------------------------------------------------------------------------------------------------------- */

enum { PATTERN = 100003 };

/* Byte i is (7 i + i/251) mod 256; the digests are what xxhsum 0.8.1 -H2 printed for the first bytes of that. */
static const struct {
    size_t n;
    const char *hex;
} digests[] = {
    {0, "99aa06d3014798d86001c324468d497f"},    {1, "a6cd5e9392000f6ac44bdff4074eecdb"},
    {16, "ddf6c1254d70f76794eaa17b20756f46"},   {17, "263f67af63088041735fe434ded90c3c"},
    {128, "dd9e5aa9bd51cc9cc6bd21ecc865f29f"},  {129, "00433635cf8d872e7f4accb76587485b"},
    {240, "89e3a0a2ee355d25d10beb4e0599e4b3"},  {241, "75f4da43f23cce5a541b19226f0052e8"},
    {256, "d49510bd86c6d0acf2331523b74cf0a4"},  {257, "22b23a9516c3533133074291cf400551"},
    {1023, "05888e71eb63cb8e4e4c866306f8b848"}, {1024, "03de0c29e9f0bc7fba464919c6bb3ccd"},
    {1025, "7584e04fe3414e5a2aa0034e7827ee42"}, {4096, "cde3f47d2ed204cd5a73a95c9a8b3549"},
    {PATTERN, "971e75df1bebf10182e3698872464f8c"},
};

static void test_digest(void)
{
    static unsigned char bytes[PATTERN];
    static const size_t pieces[] = {1, 7, 255, 256, 1023, 1024, 5000, PATTERN};
    char hex[AR_DIGEST_HEX + 1];
    for (size_t i = 0; i < PATTERN; i++)
        bytes[i] = (unsigned char)(i * 7 + i / 251);
    for (size_t i = 0; i < AR_COUNT(digests); i++) {
        ar_digest_bytes(bytes, digests[i].n, hex);
        CHECK_TEXT(hex, digests[i].hex);
    }
    for (size_t p = 0; p < AR_COUNT(pieces); p++) {
        struct ar_digest digest;
        ar_digest_init(&digest);
        ar_digest_add(&digest, NULL, 0);
        for (size_t at = 0, known = 0; at <= PATTERN; at += pieces[p]) {
            while (known < AR_COUNT(digests) && digests[known].n < at)
                known++;
            if (known < AR_COUNT(digests) && digests[known].n == at) {
                ar_digest_hex(&digest, hex); /* adding goes on after it */
                CHECK_TEXT(hex, digests[known].hex);
            }
            ar_digest_add(&digest, bytes + at, at + pieces[p] <= PATTERN ? pieces[p] : PATTERN - at);
        }
        ar_digest_hex(&digest, hex);
        CHECK_TEXT(hex, digests[AR_COUNT(digests) - 1].hex);
    }
}

int main(void)
{
    test_error_texts();
    test_error_status_of_open();
    test_error_is_cut_at_a_character();
    test_buf();
    test_buf_without_memory();
    test_utf8_check();
    test_utf8_check_finds_the_place();
    test_show();
    test_has_control();
    test_json_number();
    test_width();
    test_digest();
    return check_done();
}
