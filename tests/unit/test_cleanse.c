/* SPDX-License-Identifier: MIT */
/*
 * Cleansing a set that arrives in pieces: against tables of which it is known, when they are made, what is kept of them.
 */
#include "lanes/cleanse.h"
#include "tests/unit/check.h"

static uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Cleanses text, handing over at most piece bytes at a time. What is kept lies in room. */
static int cleanse(struct ar_cleansing_room *room, const struct ar_buf *text, size_t piece, const struct ar_rules *rules,
                   struct ar_cleansed *cleansed, struct ar_error *error)
{
    CHECK(ar_region_reserve(&room->kept, text->len + 1) != NULL);
    struct ar_cleansing *c = ar_cleansing_new(cleansed, room, text->len, rules, "'x.csv'", error);
    size_t at = 0;
    int result = 0;
    do {
        size_t n;
        char *to = ar_cleansing_room(c, &n, error);
        CHECK(to != NULL && n > 0);
        n = n < piece ? n : piece;
        n = n < text->len - at ? n : text->len - at;
        memcpy(to, text->data + at, n);
        at += n;
        result = ar_cleansing_arrived(c, n, at == text->len, error);
    } while (result == 0 && at < text->len);
    ar_cleansing_free(c);
    return result;
}

static void check_kept(const struct ar_buf *text, const struct ar_buf *want, uint64_t rows_in, uint64_t rows, const struct ar_rules *rules)
{
    static const size_t pieces[] = { 1, 63, 64, 1000, 1 << 20 };
    for (size_t i = text->len > 100000 ? 3 : 0; i < AR_COUNT(pieces); i++) {
        struct ar_cleansing_room room = { 0 };
        struct ar_cleansed cleansed;
        struct ar_error error;
        char digest[AR_DIGEST_HEX + 1];
        ar_buf_init(&room.window);
        CHECK(cleanse(&room, text, pieces[i], rules, &cleansed, &error) == 0, "%s", error.what);
        CHECK_BYTES(cleansed.bytes, cleansed.n, want->data, want->len);
        CHECK(cleansed.rows_in == rows_in && cleansed.rows == rows && cleansed.dropped[0] == rows_in - rows);
        ar_digest_bytes(want->data, want->len, digest);
        CHECK_TEXT(cleansed.xxh3, digest);
        ar_cleansed_release(&cleansed);
        ar_cleansing_room_release(&room);
    }
}

static const char *const ends[] = { "\n", "\r\n", "\r" };

/* Random rows, some with a cell over many lines, some kept; the last one may lack its line end. */
static void make_table(uint64_t *state, unsigned rows, struct ar_buf *text, struct ar_buf *want, uint64_t *kept)
{
    static const char *const cells[] = { "", "1", "\"a,b\"", "\"x\r\ny\"", "\"\n\"", "\xe8\xbc\x9d", "\"say \"\"hi\"\"\"",
                                         "a cell that is as long as a block of the scanner's bytes and more" };
    const char *end = ends[random_next(state) % AR_COUNT(ends)];
    ar_buf_add_format(text, "%sEntity,cell%s", random_next(state) % 2 ? end : "", end);
    ar_buf_add_text(want, "Entity,cell\n");
    *kept = 0;
    for (unsigned r = 0; r < rows; r++) {
        bool keep = random_next(state) % 4 > 0;
        size_t start = text->len;
        ar_buf_add_text(text, keep ? random_next(state) % 2 ? "A" : "\"A\"" : "B");
        ar_buf_add_format(text, ",%s", cells[random_next(state) % AR_COUNT(cells)]);
        if (keep) {
            ++*kept;
            ar_buf_add(want, text->data + start, text->len - start);
            ar_buf_add_char(want, '\n');
        }
        ar_buf_add_text(text, r + 1 < rows || random_next(state) % 2 ? end : "");
    }
}

static void test_tables(const struct ar_rules *rules)
{
    uint64_t state = 1;
    for (int round = 0; round < 120; round++) {
        unsigned rows = (unsigned)(random_next(&state) % (round % 10 ? 50 : 20000));
        struct ar_buf text, want;
        uint64_t kept;
        ar_buf_init(&text);
        ar_buf_init(&want);
        make_table(&state, rows, &text, &want, &kept);
        check_kept(&text, &want, rows, kept, rules);
        ar_buf_release(&text);
        ar_buf_release(&want);
    }
}

/* A row that is longer than what is looked at at once. */
static void test_long_row(const struct ar_rules *rules)
{
    struct ar_buf text, want;
    ar_buf_init(&text);
    ar_buf_init(&want);
    ar_buf_add_text(&text, "Entity,cell\n");
    for (int r = 0; r < 3; r++) {
        ar_buf_add_text(&text, r == 1 ? "B,\"" : "A,\"");
        for (int i = 0; i < 1000000; i++)
            ar_buf_add_char(&text, i % 100 ? 'x' : '\n');
        ar_buf_add_text(&text, "\"\n");
    }
    size_t row = (text.len - strlen("Entity,cell\n")) / 3;
    ar_buf_add(&want, text.data, text.len - 2 * row);
    ar_buf_add(&want, text.data + text.len - row, row);
    check_kept(&text, &want, 3, 2, rules);
    ar_buf_release(&text);
    ar_buf_release(&want);
}

/* A fault is told with its line, wherever the window stands. */
static void check_line(const char *end, unsigned rows, const char *bad, const char *what, size_t piece, const struct ar_rules *rules)
{
    struct ar_buf text;
    ar_buf_init(&text);
    ar_buf_add_format(&text, "%sEntity,cell%s", end, end);
    for (unsigned r = 0; r < rows; r++)
        ar_buf_add_format(&text, "A,\"some text%sand more\"%s%s", end, end, r % 3 ? "" : end);
    ar_buf_add_format(&text, "%s%sA,1%s", bad, end, end);
    unsigned line = 3 + 2 * rows + (rows + 2) / 3; /* two lines a row, and a blank one behind every third */
    struct ar_cleansing_room room = { 0 };
    struct ar_cleansed cleansed;
    struct ar_error error;
    char message[200];
    snprintf(message, sizeof message, "'x.csv', line %u%s", line, what);
    ar_buf_init(&room.window);
    CHECK(cleanse(&room, &text, piece, rules, &cleansed, &error) == -1 && error.status == AR_INPUT);
    CHECK(strncmp(error.what, message, strlen(message)) == 0, "'%s', expected '%s'", error.what, message);
    ar_cleansed_release(&cleansed);
    ar_cleansing_room_release(&room);
    ar_buf_release(&text);
}

static void test_lines(const struct ar_rules *rules)
{
    static const size_t pieces[] = { 100, 1000, 1 << 20 };
    for (size_t e = 0; e < AR_COUNT(ends); e++)
        for (size_t i = 0; i < AR_COUNT(pieces); i++)
            for (unsigned rows = 0; rows < 60000; rows += rows < 40 ? 1 : 19997) {
                check_line(ends[e], rows, "A,1,2", ": 3 cells, expected 2", pieces[i], rules);
                check_line(ends[e], rows, "A,\xe8\xbc\x9d\xff", ", column 4: byte 0xff is not UTF-8", pieces[i], rules);
                check_line(ends[e], rows, "A,\"1\"2", ": text after the closing quote of cell 2", pieces[i], rules);
            }
}

int main(void)
{
    struct ar_rules rules = { 0 };
    struct ar_rule *rule = ar_rules_add(&rules, "Entity");
    CHECK(rule && ar_rule_add_value(rule, "A") == 0);
    test_tables(&rules);
    test_long_row(&rules);
    test_lines(&rules);
    ar_rules_release(&rules);
    return check_done();
}
