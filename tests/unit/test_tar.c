/* SPDX-License-Identifier: MIT */
/*
 * Tar archives here are laid out by hand, block by block, after POSIX.1-2017 (pax) and the GNU tar manual; only test_round_trip
 * reads what the writer wrote.
 */
#include <fcntl.h>
#include <sys/mman.h>

#include "check.h"
#include "codecs/tar.h"

/* ---- archives by hand ----------------------------------------------------------------------------------------------- */

static void zeros(struct ar_buf *tar, size_t n)
{
    while (n-- > 0)
        ar_buf_add_char(tar, '\0');
}

static void set_checksum(char *block, bool is_signed)
{
    long sum = 0;
    memset(block + 148, ' ', 8);
    for (int i = 0; i < 512; i++)
        sum += is_signed ? (long)(signed char)block[i] : (long)(unsigned char)block[i];
    snprintf(block + 148, 8, "%06lo", sum);
}

/* A ustar header whose size field is as given; returns where it stands, for changes (then set_checksum). */
static char *raw_header(struct ar_buf *tar, const char *name, char kind, const char *size)
{
    zeros(tar, 512);
    char *block = tar->data + tar->len - 512;
    memcpy(block, name, strlen(name) < 100 ? strlen(name) : 100);
    memcpy(block + 100, "0000644", 8);
    memcpy(block + 124, size, strlen(size) < 12 ? strlen(size) + 1 : 12);
    block[156] = kind;
    memcpy(block + 257, "ustar\0" "00", 8);
    set_checksum(block, false);
    return block;
}

static char *header(struct ar_buf *tar, const char *name, char kind, uint64_t size)
{
    char octal[24];
    snprintf(octal, sizeof(octal), "%011" PRIo64, size);
    return raw_header(tar, name, kind, octal);
}

static void body(struct ar_buf *tar, const char *bytes, size_t n)
{
    ar_buf_add(tar, bytes, n);
    zeros(tar, (512 - n % 512) % 512);
}

static void file(struct ar_buf *tar, const char *name, const char *text)
{
    header(tar, name, '0', strlen(text));
    body(tar, text, strlen(text));
}

static void pax(struct ar_buf *tar, char kind, const char *records, size_t n)
{
    header(tar, "pax", kind, n);
    body(tar, records, n);
}

/* A pax header of "KEY=VALUE" texts, up to NULL; each record's length is found by trying. */
static void pax_of(struct ar_buf *tar, int kind, ...)
{
    struct ar_buf records;
    ar_buf_init(&records);
    va_list texts;
    va_start(texts, kind);
    for (const char *text; (text = va_arg(texts, const char *)) != NULL;) {
        char number[24];
        size_t len = 0;
        while ((size_t)snprintf(number, sizeof(number), "%zu ", len) + strlen(text) + 1 != len)
            len++;
        ar_buf_add_format(&records, "%s%s\n", number, text);
    }
    va_end(texts);
    pax(tar, (char)kind, records.data, records.len);
    ar_buf_release(&records);
}

/* One whose body stands there as it is, NULs and all. */
#define RAW_PAX(tar, kind, records) pax(tar, kind, records, sizeof(records) - 1)

/* ---- reading them --------------------------------------------------------------------------------------------------- */

struct listing {
    struct ar_buf text; /* a line per entry: NAME SIZE[ is_file][ image_type=…][ pax{…}]: BODY */
    struct ar_error error;
    int result; /* of the last ar_tar_next or read */
    bool cut;
    uint64_t offset, body_offset; /* of the last entry */
};

static int list_entry(struct ar_tar_reader *reader, const struct ar_tar_entry *entry, bool bodies, struct listing *listing)
{
    struct ar_buf *text = &listing->text;
    ar_buf_add_format(text, "%s %" PRIu64, entry->name, entry->size);
    if (entry->is_file)
        ar_buf_add_text(text, " is_file");
    if (entry->image_type != NULL)
        ar_buf_add_format(text, " image_type=%s", entry->image_type);
    if (entry->pax_len > 0) {
        ar_buf_add_text(text, " pax{");
        ar_buf_add(text, entry->pax, entry->pax_len);
        ar_buf_add_text(text, "}");
    }
    listing->offset = entry->offset;
    listing->body_offset = entry->body_offset;
    if (bodies) {
        ar_buf_add_text(text, ": ");
        if (ar_tar_read_all(reader, text, 1 << 20, &listing->error) < 0)
            return -1;
    }
    ar_buf_add_char(text, '\n');
    return 1;
}

static void list_in(struct ar_in *in, bool bodies, struct listing *listing)
{
    struct ar_tar_entry entry;
    struct ar_tar_reader *reader = ar_tar_reader_new(in, &listing->error);
    if (reader == NULL)
        abort();
    do {
        listing->result = ar_tar_next(reader, &entry, &listing->error);
        if (listing->result == 1)
            listing->result = list_entry(reader, &entry, bodies, listing);
    } while (listing->result == 1);
    listing->cut = ar_tar_reader_cut(reader);
    ar_tar_reader_free(reader);
}

static int file_with(const char *bytes, size_t n)
{
    int fd = memfd_create("test", MFD_CLOEXEC);
    if (fd < 0 || write(fd, bytes, n) != (ssize_t)n || lseek(fd, 0, SEEK_SET) != 0)
        abort();
    return fd;
}

static void list(const struct ar_buf *tar, bool bodies, struct listing *listing)
{
    memset(listing, 0, sizeof(*listing));
    ar_buf_init(&listing->text);
    int fd = file_with(tar->data, tar->len);
    struct ar_in *in = ar_in_new(fd, "in.tar", &listing->error);
    if (in == NULL)
        abort();
    list_in(in, bodies, listing);
    ar_in_free(in);
    close(fd);
}

/* Adds the end blocks and expects these entries. */
#define EXPECT(tar, want)                                                                                                      \
    do {                                                                                                                       \
        struct listing got_;                                                                                                   \
        zeros(tar, 1024);                                                                                                      \
        list(tar, true, &got_);                                                                                                \
        CHECK(got_.result == 0, "%s", got_.error.what);                                                                        \
        CHECK(!got_.cut, "cut");                                                                                               \
        CHECK_TEXT(got_.text.data, want);                                                                                      \
        ar_buf_release(&got_.text);                                                                                            \
        ar_buf_release(tar);                                                                                                   \
    } while (0)

/* Expects an error whose message is this one, when bodies are read and when they are passed over. */
#define EXPECT_ERROR(tar, want)                                                                                                \
    do {                                                                                                                       \
        for (int bodies_ = 0; bodies_ < 2; bodies_++) {                                                                        \
            struct listing got_;                                                                                               \
            list(tar, bodies_, &got_);                                                                                         \
            CHECK(got_.result == -1, "%d", got_.result);                                                                       \
            CHECK(got_.error.status == AR_INPUT, "%d", got_.error.status);                                                     \
            CHECK_TEXT(got_.error.what, want);                                                                                 \
            CHECK(got_.error.no_input || got_.error.hint[0] != '\0', "no hint");                                               \
            ar_buf_release(&got_.text);                                                                                        \
        }                                                                                                                      \
        ar_buf_release(tar);                                                                                                   \
    } while (0)

/* The same with end blocks behind. */
#define EXPECT_REFUSED(tar, want)                                                                                              \
    do {                                                                                                                       \
        zeros(tar, 1024);                                                                                                      \
        EXPECT_ERROR(tar, want);                                                                                               \
    } while (0)

/* ---- what is read --------------------------------------------------------------------------------------------------- */

static void test_files(void)
{
    struct ar_buf tar;
    ar_buf_init(&tar);
    EXPECT(&tar, "");

    file(&tar, "params", "{}");
    file(&tar, "./a/data_name", "0000");
    file(&tar, "././b", "");
    header(&tar, "./", '5', 0);
    header(&tar, "a/", '5', 0);
    header(&tar, "old/", '\0', 0);
    header(&tar, "old/./", '0', 0);
    header(&tar, "v7", '\0', 1);
    body(&tar, "x", 1);
    header(&tar, "contiguous", '7', 1);
    body(&tar, "y", 1);
    EXPECT(&tar, "params 2: {}\na/data_name 4: 0000\nb 0: \nv7 1: x\ncontiguous 1: y\n");

    /* A lot of zeros behind the end, no whole number of blocks. */
    file(&tar, "a", "1");
    zeros(&tar, 100001);
    EXPECT(&tar, "a 1: 1\n");
}

static void test_prefix(void)
{
    struct ar_buf tar;
    ar_buf_init(&tar);
    char *block = header(&tar, "name", '0', 0);
    memcpy(block + 345, "some/folder", 11);
    set_checksum(block, false);
    EXPECT(&tar, "some/folder/name 0: \n");

    /* In GNU's old format other things stand there. */
    block = header(&tar, "name", '0', 0);
    memcpy(block + 257, "ustar  ", 8);
    memcpy(block + 345, "14000000000", 11);
    set_checksum(block, false);
    EXPECT(&tar, "name 0: \n");

    /* Both fields full to the last byte. */
    block = header(&tar, "", '0', 0);
    memset(block, 'n', 100);
    memset(block + 345, 'p', 155);
    set_checksum(block, false);
    char want[300];
    memset(want, 'p', 155);
    want[155] = '/';
    memset(want + 156, 'n', 100);
    memcpy(want + 256, " 0: \n", 6);
    EXPECT(&tar, want);
}

static void test_gnu_long_names(void)
{
    struct ar_buf tar;
    ar_buf_init(&tar);
    header(&tar, "././@LongLink", 'L', 11);
    body(&tar, "./long/name", 11);
    file(&tar, "short", "1");
    header(&tar, "././@LongLink", 'L', 6);
    body(&tar, "other\0", 6);
    RAW_PAX(&tar, 'x', "13 path=pax!\n");
    file(&tar, "short", "2");
    file(&tar, "third", "3");
    EXPECT(&tar, "long/name 1: 1\npax! 1: 2\nthird 1: 3\n");
}

static void test_numbers(void)
{
    static const char *const good[] = {"3", "00000000003", "          3", "3          ", " 3 ", "000000000003", "3\0xyz"};
    struct ar_buf tar;
    ar_buf_init(&tar);
    for (size_t i = 0; i < AR_COUNT(good); i++) {
        raw_header(&tar, "a", '0', good[i]);
        body(&tar, "abc", 3);
        EXPECT(&tar, "a 3: abc\n");
    }
    char *block = header(&tar, "a", '0', 0); /* base 256 */
    memcpy(block + 124, "\200\0\0\0\0\0\0\0\0\0\0\003", 12);
    set_checksum(block, false);
    body(&tar, "abc", 3);
    EXPECT(&tar, "a 3: abc\n");

    raw_header(&tar, "empty", '0', "           ");
    EXPECT(&tar, "empty 0: \n");

    block = header(&tar, "\xc3\xa9", '0', 0); /* a checksum of signed bytes */
    set_checksum(block, true);
    EXPECT(&tar, "\xc3\xa9 0: \n");
}

static void test_bad_numbers(void)
{
    static const char *const bad[] = {"8", "3x", "-1", "0x1", "3 3", "\377\377\377\377\377\377\377\377\377\377\377\375",
                                      "\200\0\0\0\200\0\0\0\0\0\0\0", "\200\0\0\1\0\0\0\0\0\0\0\0", "\201\0\0\0\0\0\0\0\0\0\0\0"};
    struct ar_buf tar;
    ar_buf_init(&tar);
    for (size_t i = 0; i < AR_COUNT(bad); i++) {
        char *block = header(&tar, "a", '0', 0);
        memset(block + 124, 0, 12);
        memcpy(block + 124, bad[i], (unsigned char)bad[i][0] >= 0x80 ? 12 : strlen(bad[i]));
        set_checksum(block, false);
        EXPECT_REFUSED(&tar, "'in.tar': entry 'a' at byte 0 has a size that is not a number from 0 to 2^63-1");
    }
    /* 2^63-1 is a number, and nothing is made of it. */
    char *block = header(&tar, "a", '0', 0);
    memcpy(block + 124, "\200\0\0\0\177\377\377\377\377\377\377\377", 12);
    set_checksum(block, false);
    body(&tar, "abc", 3);
    struct listing got;
    list(&tar, false, &got);
    CHECK(got.result == -1, "%d", got.result);
    CHECK_TEXT(got.text.data, "a 9223372036854775807\n");
    CHECK_TEXT(got.error.what, "'in.tar' ends inside entry 'a', after 512 of its 9223372036854775807 bytes");
    ar_buf_release(&got.text);
    ar_buf_release(&tar);
}

/* ---- pax ------------------------------------------------------------------------------------------------------------ */

static void test_pax(void)
{
    struct ar_buf tar;
    ar_buf_init(&tar);
    RAW_PAX(&tar, 'x', "16 is_file=true\n19 image_type=line\n");
    file(&tar, "a.png", "1");
    file(&tar, "plain", "2");
    pax_of(&tar, 'x', "is_file=True", "image_type=", NULL);
    file(&tar, "no", "3");
    pax_of(&tar, 'x', "mtime=1700000000.125", "path=./\xe6\x97\xa5/\xc3\xa9.csv", "size=3", NULL);
    header(&tar, "short", '0', 7);
    body(&tar, "abc", 3);
    pax_of(&tar, 'x', "path=first", "path=second", NULL); /* the last one counts, in a header and of several */
    pax_of(&tar, 'x', "path=third", "is_file=true", NULL);
    file(&tar, "short", "4");
    pax_of(&tar, 'x', "path=first", "path=", NULL); /* nothing takes back */
    file(&tar, "short", "5");
    EXPECT(&tar, "a.png 1 is_file image_type=line: 1\nplain 1: 2\nno 1: 3\n\xe6\x97\xa5/\xc3\xa9.csv 3: abc\n"
                 "third 1 is_file: 4\nshort 1: 5\n");
}

static void test_vendor_keywords(void)
{
    struct ar_buf tar;
    ar_buf_init(&tar);
    pax_of(&tar, 'x', "LAB.dye=A=B", "is_file=true", "gid=100", "uid=1", "uname=me", "gname=us", "atime=1", "ctime=1",
           "comment=c", "charset=c", "hdrcharset=BINARY", "linkpath=l", "SCHILY.xattr.user.x=1", "LIBARCHIVE.creationtime=1",
           "RHT.security.selinux=s", "GNU.volume.label=v", "LAB.x=1\n2", "pathology=P", NULL);
    file(&tar, "a", "1");
    file(&tar, "b", "2");
    EXPECT(&tar, "a 1 is_file pax{15 LAB.dye=A=B\n13 LAB.x=1\n2\n15 pathology=P\n}: 1\nb 1: 2\n");
}

static void test_global_keywords(void)
{
    struct ar_buf tar;
    ar_buf_init(&tar);
    pax_of(&tar, 'g', "comment=0123456789abcdef", "is_file=true", "image_type=bar", "LAB.run=1", "LAB.day=2", NULL);
    file(&tar, "a", "1");
    pax_of(&tar, 'x', "is_file=false", "image_type=pie", "LAB.run=9", NULL);
    file(&tar, "b", "2");
    pax_of(&tar, 'x', "image_type=", NULL);
    file(&tar, "c", "3");
    pax_of(&tar, 'g', "LAB.run=7", "LAB.day=", "is_file=", NULL);
    file(&tar, "d", "4");
    EXPECT(&tar, "a 1 is_file image_type=bar pax{13 LAB.run=1\n13 LAB.day=2\n}: 1\n"
                 "b 1 image_type=pie pax{13 LAB.run=1\n13 LAB.day=2\n13 LAB.run=9\n}: 2\n"
                 "c 1 is_file pax{13 LAB.run=1\n13 LAB.day=2\n}: 3\n"
                 "d 1 image_type=bar pax{13 LAB.run=7\n}: 4\n");

    pax_of(&tar, 'g', "path=a", NULL);
    file(&tar, "a", "1");
    EXPECT_REFUSED(&tar, "'in.tar': the pax header at byte 0 gives a 'path' to all entries");
    pax_of(&tar, 'g', "size=1", NULL);
    file(&tar, "a", "1");
    EXPECT_REFUSED(&tar, "'in.tar': the pax header at byte 0 gives a 'size' to all entries");
}

static void test_malformed_pax(void)
{
    static const struct {
        const char *records;
        size_t len;
    } bad[] = {
#define BAD(text) {text, sizeof(text) - 1}
        BAD("15 is_file=true\n"), BAD("17 is_file=true\n"), BAD("16 is_file=true "), BAD("017 is_file=true\n"), BAD("0 a=b\n"),
        BAD("16is_file=true\n\n"), BAD("12 is_fileXX\n"), BAD("8 =true\n"), BAD("is_file=true\n"), BAD("16 is_file=true\n\0"),
        BAD("99999999999999999999999999999 a=b\n"), BAD("18446744073709551617 a=b\n"), BAD("16 is_file=true\n5"), BAD("2 \n"),
        BAD("1"), BAD("-6 a=b\n"), BAD(" 7 a=b\n"), BAD("3 a=b\n"), BAD("\n"),
#undef BAD
    };
    struct ar_buf tar;
    ar_buf_init(&tar);
    for (size_t i = 0; i < AR_COUNT(bad); i++) {
        file(&tar, "before", "");
        pax(&tar, 'x', bad[i].records, bad[i].len);
        file(&tar, "a", "1");
        EXPECT_REFUSED(&tar, "'in.tar': the pax header at byte 512 has a malformed record");
    }
    RAW_PAX(&tar, 'x', "12 path=a\0b\n");
    EXPECT_REFUSED(&tar, "'in.tar': the pax header at byte 0 has a 'path' with a NUL in it");
    static const char *const sizes[] = {"size=-1", "size=1.0", "size=9223372036854775808", "size=99999999999999999999999"};
    for (size_t i = 0; i < AR_COUNT(sizes); i++) {
        pax_of(&tar, 'x', sizes[i], NULL);
        EXPECT_REFUSED(&tar, "'in.tar': the pax header at byte 0 has a 'size' that is not a number of bytes");
    }
    static const char *const types[] = {"image_type=a\tb", "image_type=\xff", "image_type=\xc2\x9b"};
    for (size_t i = 0; i < AR_COUNT(types); i++) {
        pax_of(&tar, 'x', types[i], NULL);
        EXPECT_REFUSED(&tar, "'in.tar': the pax header at byte 0 has an 'image_type' that is not a short UTF-8 text without "
                             "control characters");
    }
}

static void test_limits(void)
{
    struct ar_buf tar, text;
    ar_buf_init(&tar);
    ar_buf_init(&text);
    header(&tar, "pax", 'x', (1 << 20) + 1);
    zeros(&tar, 1 << 21);
    EXPECT_REFUSED(&tar, "'in.tar': the size of the extended header at byte 0 is not a number up to 1048576");
    header(&tar, "long", 'L', 65537);
    zeros(&tar, 1 << 17);
    EXPECT_REFUSED(&tar, "'in.tar': the size of the extended header at byte 0 is not a number up to 65536");

    ar_buf_add_text(&text, "path=");
    for (int i = 0; i < 4096; i++)
        ar_buf_add_char(&text, 'n');
    pax_of(&tar, 'x', text.data, NULL);
    file(&tar, "a", "1");
    zeros(&tar, 1024);
    struct listing got;
    list(&tar, true, &got);
    CHECK(got.result == 0 && got.text.len == 4096 + 6, "%zu", got.text.len);
    ar_buf_release(&got.text);
    ar_buf_release(&tar);

    ar_buf_add_char(&text, 'n');
    pax_of(&tar, 'x', text.data, NULL);
    file(&tar, "a", "1");
    zeros(&tar, 1024);
    list(&tar, true, &got);
    CHECK(got.result == -1 && strstr(got.error.what, "has a name of more than 4096 bytes") != NULL, "%s", got.error.what);
    ar_buf_release(&got.text);
    ar_buf_release(&tar);

    ar_buf_clear(&text);
    ar_buf_add_text(&text, "image_type=");
    for (int i = 0; i < 201; i++)
        ar_buf_add_char(&text, 't');
    pax_of(&tar, 'x', text.data, NULL);
    EXPECT_REFUSED(&tar, "'in.tar': the pax header at byte 0 has an 'image_type' that is not a short UTF-8 text without control "
                         "characters");
    ar_buf_release(&text);
}

/* ---- what is refused ------------------------------------------------------------------------------------------------ */

static void test_names(void)
{
    static const struct {
        const char *name, *what;
    } bad[] = {
        {"/etc/passwd", "has an absolute name"},
        {"//a", "has an absolute name"},
        {"../a", "has '..' in its name"},
        {"./../a", "has '..' in its name"},
        {"a/../b", "has '..' in its name"},
        {"a/..", "has '..' in its name"},
        {"..", "has '..' in its name"},
        {"a//b", "has an empty component in its name"},
        {"a/./b", "has '.' in its name"},
        {"a/.", "has '.' in its name"},
        {".", "has '.' in its name"},
        {"a\nb", "has a control character in its name"},
        {"\033[2J", "has a control character in its name"},
        {"a\177", "has a control character in its name"},
        {"a\xc2\x85", "has a control character in its name"},
        {"a\x80", "has a name that is not UTF-8"},
        {"\xed\xa0\x80", "has a name that is not UTF-8"},
        {"\xc0\xae\xc0\xae/a", "has a name that is not UTF-8"},
        {"", "has no name"},
    };
    struct ar_buf tar;
    ar_buf_init(&tar);
    for (size_t i = 0; i < AR_COUNT(bad); i++) {
        char want[200];
        const char *shown = strncmp(bad[i].name, "./", 2) == 0 ? bad[i].name + 2 : bad[i].name;
        snprintf(want, sizeof(want), "'in.tar': entry '%s' at byte 0 %s", shown, bad[i].what);
        file(&tar, bad[i].name, "1");
        EXPECT_REFUSED(&tar, want);
    }
    file(&tar, "...", "1");
    file(&tar, "a/..b/.c", "2");
    file(&tar, "a\\b", "3");
    EXPECT(&tar, "... 1: 1\na/..b/.c 1: 2\na\\b 1: 3\n");
}

static void test_kinds(void)
{
    static const struct {
        char kind;
        const char *what;
    } bad[] = {
        {'1', "is a hard link"},
        {'2', "is a symbolic link"},
        {'3', "is a character device"},
        {'4', "is a block device"},
        {'6', "is a FIFO"},
        {'S', "is a sparse file"},
        {'V', "is a volume label"},
        {'D', "is a folder of an incremental backup"},
        {'M', "is the rest of a file from another volume"},
        {'Z', "is of the unknown kind 'Z'"},
        {'\001', "is of the unknown kind 0x01"},
    };
    struct ar_buf tar;
    ar_buf_init(&tar);
    for (size_t i = 0; i < AR_COUNT(bad); i++) {
        char want[200];
        snprintf(want, sizeof(want), "'in.tar': entry 'odd' at byte 1024 %s", bad[i].what);
        file(&tar, "a", "1");
        header(&tar, "odd", bad[i].kind, 0);
        EXPECT_REFUSED(&tar, want);
    }
    header(&tar, "././@LongLink", 'K', 8);
    body(&tar, "target\0", 8);
    header(&tar, "link", '2', 0);
    EXPECT_REFUSED(&tar, "'in.tar': entry 'link' at byte 0 is a symbolic link");

    header(&tar, "folder", '5', 1);
    body(&tar, "x", 1);
    EXPECT_REFUSED(&tar, "'in.tar': entry 'folder' at byte 0 is a folder with a size");
    pax_of(&tar, 'x', "GNU.sparse.major=1", "GNU.sparse.minor=0", NULL);
    EXPECT_REFUSED(&tar, "'in.tar': the pax header at byte 0 announces a sparse file");
    pax_of(&tar, 'x', "SCHILY.realsize=1", NULL);
    EXPECT_REFUSED(&tar, "'in.tar': the pax header at byte 0 announces a sparse file");
    pax_of(&tar, 'g', "GNU.volume.filename=a", NULL);
    EXPECT_REFUSED(&tar, "'in.tar': the pax header at byte 0 announces the rest of a file from another volume");
}

static void test_damage(void)
{
    struct ar_buf tar;
    ar_buf_init(&tar);
    header(&tar, "a", '0', 0)[0] = 'b';
    EXPECT_REFUSED(&tar, "'in.tar': the header at byte 0 has a wrong checksum");
    file(&tar, "a", "1");
    header(&tar, "b", '0', 0)[0] = 'c';
    EXPECT_REFUSED(&tar, "'in.tar': the header at byte 1024 has a wrong checksum");
    file(&tar, "a", "1");
    zeros(&tar, 1024);
    file(&tar, "b", "1");
    EXPECT_REFUSED(&tar, "'in.tar' goes on behind the end of the tar archive at byte 1024");
    file(&tar, "a", "1");
    zeros(&tar, 512);
    file(&tar, "b", "1");
    EXPECT_REFUSED(&tar, "'in.tar' goes on behind the end of the tar archive at byte 1024");
    file(&tar, "a", "1");
    zeros(&tar, 300000);
    ar_buf_add_char(&tar, '\n');
    EXPECT_ERROR(&tar, "'in.tar' goes on behind the end of the tar archive at byte 1024");
}

#define NO_END "'in.tar' ends without the two blocks of zeros that end a tar archive"

/* Cuts the archive to n bytes. */
static struct ar_buf cut(size_t n)
{
    struct ar_buf tar;
    ar_buf_init(&tar);
    file(&tar, "a", "12345");
    RAW_PAX(&tar, 'x', "16 is_file=true\n");
    file(&tar, "b", "1");
    zeros(&tar, 1024);
    ar_buf_truncate(&tar, n);
    return tar;
}

static void test_cuts(void)
{
    static const struct {
        size_t len;
        const char *what;
    } cuts[] = {
        {100, "'in.tar' is not a tar archive"},
        {262, "'in.tar' ends inside the header of an entry at byte 0"},
        {512, "'in.tar' ends inside entry 'a', after 0 of its 5 bytes"},
        {516, "'in.tar' ends inside entry 'a', after 4 of its 5 bytes"},
        {517, "'in.tar' ends in the padding behind entry 'a'"},
        {1023, "'in.tar' ends in the padding behind entry 'a'"},
        {1024, NO_END},
        {1025, "'in.tar' ends inside the header of an entry at byte 1024"},
        {1536, "'in.tar' ends inside the header of an entry at byte 1024"},
        {1600, "'in.tar' ends inside the header of an entry at byte 1024"},
        {2048, "'in.tar' ends inside the header of an entry at byte 1024"},
        {2560, "'in.tar' ends inside entry 'b', after 0 of its 1 bytes"},
        {3072, NO_END},
        {3200, NO_END},
        {3584, NO_END},
        {4095, NO_END},
    };
    for (size_t i = 0; i < AR_COUNT(cuts); i++) {
        struct ar_buf tar = cut(cuts[i].len);
        EXPECT_ERROR(&tar, cuts[i].what);
    }
    struct ar_buf tar = cut(2048); /* a header for nothing */
    EXPECT_REFUSED(&tar, "'in.tar' ends inside the header of an entry at byte 1024");
}

static void test_error_without_end(void)
{
    struct ar_buf tar;
    struct listing got;
    ar_buf_init(&tar);
    file(&tar, "a", "1");
    file(&tar, "error", "it failed");
    for (int bodies = 0; bodies < 2; bodies++) {
        list(&tar, bodies, &got);
        CHECK(got.result == 0 && got.cut, "%d %d", got.result, got.cut);
        CHECK_TEXT(got.text.data, bodies ? "a 1: 1\nerror 9: it failed\n" : "a 1\nerror 9\n");
        ar_buf_release(&got.text);
    }
    ar_buf_add_char(&tar, '\0');
    EXPECT_ERROR(&tar, NO_END);
    file(&tar, "error", "it failed");
    tar.len--;
    EXPECT_ERROR(&tar, "'in.tar' ends in the padding behind entry 'error'");
    file(&tar, "error", "it failed");
    file(&tar, "a", "1");
    EXPECT_ERROR(&tar, NO_END);
    file(&tar, "error", "it failed");
    header(&tar, "a/", '5', 0);
    EXPECT_ERROR(&tar, NO_END);
    file(&tar, "0000/error", "it failed");
    EXPECT_ERROR(&tar, NO_END);
    file(&tar, "error", "it failed");
    RAW_PAX(&tar, 'x', "16 is_file=true\n");
    EXPECT_ERROR(&tar, "'in.tar' ends inside the header of an entry at byte 1024");
    file(&tar, "error", "whole");
    EXPECT(&tar, "error 5: whole\n");
}

static void test_no_tar(void)
{
    static const struct {
        const char *text, *hint;
    } others[] = {
        {"a,b\n1,2\n", "CSV text"}, {"{\"a\": 1}", "JSON text"}, {"hello", "looks like text"}, {"PK\003\004....", "ZIP"},
        {"\x89PNG\r\n\032\n", "PNG"}, {"\x80\x04\x95", "pickle"}, {"\001\002\003", "Give a tar archive"},
    };
    struct ar_buf tar;
    ar_buf_init(&tar);
    for (size_t i = 0; i < AR_COUNT(others); i++) {
        for (size_t repeat = 1; repeat < 1000; repeat += 900) { /* less and more than a block */
            struct listing got;
            for (size_t n = 0; n < repeat; n++)
                ar_buf_add_text(&tar, others[i].text);
            list(&tar, true, &got);
            CHECK(got.result == -1 && got.error.status == AR_INPUT && !got.error.no_input, "%d", got.result);
            CHECK_TEXT(got.error.what, "'in.tar' is not a tar archive");
            CHECK(strstr(got.error.hint, others[i].hint) != NULL, "%s", got.error.hint);
            ar_buf_release(&got.text);
            ar_buf_clear(&tar);
        }
    }
    zeros(&tar, 100);
    EXPECT_ERROR(&tar, NO_END);

    struct listing got;
    list(&tar, true, &got);
    CHECK(got.result == -1 && got.error.status == AR_INPUT && got.error.no_input, "%d", got.result);
    CHECK_TEXT(got.error.what, "no input: 'in.tar' is empty");
    ar_buf_release(&got.text);
}

/* ---- bodies --------------------------------------------------------------------------------------------------------- */

static void test_bodies_in_pieces(void)
{
    struct ar_buf tar;
    struct ar_error error = {0};
    struct ar_tar_entry entry;
    ar_buf_init(&tar);
    file(&tar, "a", "0123456789");
    RAW_PAX(&tar, 'x', "16 is_file=true\n");
    file(&tar, "b", "abcdef");
    zeros(&tar, 1024);
    int fd = file_with(tar.data, tar.len);
    struct ar_in *in = ar_in_new(fd, "in.tar", &error);
    struct ar_tar_reader *reader = in != NULL ? ar_tar_reader_new(in, &error) : NULL;
    if (reader == NULL)
        abort();

    char bytes[32];
    const char *view;
    CHECK(ar_tar_next(reader, &entry, &error) == 1, "%s", error.what);
    CHECK(entry.offset == 0 && entry.body_offset == 512, "%" PRIu64 " %" PRIu64, entry.offset, entry.body_offset);
    CHECK(ar_tar_left(reader) == 10, "%" PRIu64, ar_tar_left(reader));
    CHECK(ar_tar_read(reader, bytes, 4, &error) == 4 && memcmp(bytes, "0123", 4) == 0, "%s", error.what);
    CHECK(ar_tar_view(reader, &view, 1, &error) == 1 && view[0] == '4', "%s", error.what);
    CHECK(ar_tar_read(reader, bytes, sizeof(bytes), &error) == 5 && memcmp(bytes, "56789", 5) == 0, "%s", error.what);
    CHECK(ar_tar_read(reader, bytes, sizeof(bytes), &error) == 0 && ar_tar_view(reader, &view, 9, &error) == 0, "%s", error.what);

    CHECK(ar_tar_next(reader, &entry, &error) == 1 && entry.is_file, "%s", error.what);
    CHECK(entry.offset == 1024 && entry.body_offset == 2560, "%" PRIu64 " %" PRIu64, entry.offset, entry.body_offset);
    ar_buf_clear(&tar);
    CHECK(ar_tar_read_all(reader, &tar, 5, &error) == -1 && error.status == AR_INPUT, "%s", error.what);
    CHECK_TEXT(error.what, "'in.tar': entry 'b' at byte 1024 has 6 bytes, but at most 5 are taken");
    CHECK(ar_tar_read(reader, bytes, 2, &error) == 2, "%s", error.what); /* the rest is passed over */
    CHECK(ar_tar_next(reader, &entry, &error) == 0 && ar_tar_next(reader, &entry, &error) == 0, "%s", error.what);

    ar_tar_reader_free(reader);
    ar_in_free(in);
    close(fd);
    ar_buf_release(&tar);
}

/* Memory is taken for what is there, not for the 8 EiB that a header promises. */
static void test_promised_body(void)
{
    struct ar_buf tar, body_read;
    struct ar_error error = {0};
    struct ar_tar_entry entry;
    ar_buf_init(&tar);
    ar_buf_init(&body_read);
    pax_of(&tar, 'x', "size=9223372036854775807", NULL);
    file(&tar, "a", "1");
    int fd = file_with(tar.data, tar.len);
    struct ar_in *in = ar_in_new(fd, "in.tar", &error);
    struct ar_tar_reader *reader = in != NULL ? ar_tar_reader_new(in, &error) : NULL;
    if (reader == NULL)
        abort();
    CHECK(ar_tar_next(reader, &entry, &error) == 1 && entry.size == INT64_MAX, "%s", error.what);
    CHECK(ar_tar_read_all(reader, &body_read, UINT64_MAX, &error) == -1 && error.status == AR_INPUT, "%d", error.status);
    CHECK_TEXT(error.what, "'in.tar' ends inside entry 'a', after 512 of its 9223372036854775807 bytes");
    CHECK(body_read.cap < 1 << 22, "%zu", body_read.cap);
    ar_tar_reader_free(reader);
    ar_in_free(in);
    close(fd);
    ar_buf_release(&tar);
    ar_buf_release(&body_read);
}

/* ---- writing -------------------------------------------------------------------------------------------------------- */

static const struct ar_tar_meta plain = {.name = "a/b", .size = 3};

/* The header block that Python 3.11's tarfile writes for TarInfo('a/b'), size 3, in its format USTAR. */
static void test_header_bytes(void)
{
    struct ar_buf head;
    char want[512] = "a/b";
    memcpy(want + 100, "0000644\0" "0000000\0" "0000000\0" "00000000003\0" "00000000000\0" "006322\0 " "0", 57);
    memcpy(want + 257, "ustar\0" "00", 8);
    ar_buf_init(&head);
    ar_tar_header(&head, &plain);
    CHECK_BYTES(head.data, head.len, want, 512);
    ar_buf_release(&head);
}

static void test_pax_bytes(void)
{
    static const char vendor[] = "13 LAB.run=1\n";
    const struct ar_tar_meta meta = {.name = "\xe6\x97\xa5/x", .size = (uint64_t)1 << 33, .is_file = true, .image_type = "line",
                                     .pax = vendor, .pax_len = sizeof(vendor) - 1};
    static const char records[] = "14 path=\xe6\x97\xa5/x\n19 size=8589934592\n16 is_file=true\n19 image_type=line\n"
                                  "13 LAB.run=1\n";
    struct ar_buf head;
    ar_buf_init(&head);
    ar_tar_header(&head, &meta);
    CHECK(head.len == 3 * 512, "%zu", head.len);
    CHECK_TEXT(head.data, "././@PaxHeader");
    CHECK(head.data[156] == 'x' && head.data[1024 + 156] == '0', "%c", head.data[156]);
    CHECK_TEXT(head.data + 124, "00000000121"); /* 81 */
    CHECK_BYTES(head.data + 512, 81, records, sizeof(records) - 1);
    CHECK_TEXT(head.data + 1024, "_/x");
    CHECK_TEXT(head.data + 1024 + 124, "00000000000");

    ar_buf_clear(&head);
    const struct ar_tar_meta largest = {.name = "a", .size = ((uint64_t)1 << 33) - 1};
    ar_tar_header(&head, &largest);
    CHECK(head.len == 512, "%zu", head.len);
    CHECK_TEXT(head.data + 124, "77777777777");
    ar_buf_release(&head);
}

/* A name of len bytes with a slash at each multiple of step. */
static const char *long_name(char name[512], size_t len, size_t step)
{
    for (size_t i = 0; i < len; i++)
        name[i] = i > 0 && i % step == 0 ? '/' : 'n';
    name[len] = '\0';
    return name;
}

static void test_name_split(void)
{
    static const struct {
        size_t len, step, prefix; /* prefix: where it is cut; 0: not; 1: into a pax header */
    } names[] = {
        {100, 1000, 0}, {101, 1000, 1}, {101, 1, 99}, {256, 155, 155}, {257, 155, 1}, {256, 156, 1}, {200, 110, 110},
        {200, 90, 1}, {155, 54, 108},
    };
    struct ar_buf head;
    char name[512];
    ar_buf_init(&head);
    for (size_t i = 0; i < AR_COUNT(names); i++) {
        const struct ar_tar_meta meta = {.name = long_name(name, names[i].len, names[i].step == 1 ? 99 : names[i].step)};
        ar_buf_clear(&head);
        ar_tar_header(&head, &meta);
        CHECK(head.len == (names[i].prefix == 1 ? 1536u : 512u), "%zu: %zu", i, head.len);
        if (names[i].prefix > 1) {
            size_t rest = names[i].len - names[i].prefix - 1;
            CHECK(strncmp(head.data, name + names[i].prefix + 1, rest) == 0, "%zu", i);
            CHECK(rest == 100 || head.data[rest] == '\0', "%zu", i);
            CHECK(strncmp(head.data + 345, name, names[i].prefix) == 0 && head.data[345 + names[i].prefix] == '\0', "%zu", i);
        }
    }
    /* The name for programs that do not know pax is not that of a folder. */
    const struct ar_tar_meta folder = {.name = long_name(name, 300, 99)};
    ar_buf_clear(&head);
    ar_tar_header(&head, &folder);
    CHECK(head.data[1024 + 99] == '_', "%c", head.data[1024 + 99]);
    ar_buf_release(&head);
}

static struct ar_out *out_of(int fd)
{
    struct ar_error error;
    struct ar_out *out = ar_out_new(fd, "out.tar", AR_FILTER_NONE, &error);
    if (out == NULL)
        abort();
    return out;
}

static void write_all(struct ar_tar_writer *writer, char *big, size_t n)
{
    static const char vendor[] = "13 LAB.run=1\n";
    struct ar_error error;
    const struct ar_tar_meta picture = {.name = "images/\xe7\xb5\xb5.png", .size = 513, .is_file = true, .image_type = "line",
                                        .pax = vendor, .pax_len = sizeof(vendor) - 1};
    const struct ar_tar_meta large = {.name = "large", .size = n, .is_file = true};
    const struct ar_tar_meta empty = {.name = "empty", .size = 0};
    CHECK(ar_tar_put_whole(writer, &plain, "abc", &error) == 0, "%s", error.what);
    CHECK(ar_tar_put(writer, &picture, &error) == 0, "%s", error.what);
    CHECK(ar_tar_write(writer, big, 500, &error) == 0, "%s", error.what);
    CHECK(ar_tar_write_stable(writer, big + 500, 13, &error) == 0, "%s", error.what);
    CHECK(ar_tar_put(writer, &empty, &error) == 0, "%s", error.what);
    CHECK(ar_tar_put_whole(writer, &large, big, &error) == 0, "%s", error.what);
    int fd = file_with("..copied", 8);
    CHECK(ar_tar_put(writer, &(struct ar_tar_meta){.name = "copy", .size = 6}, &error) == 0, "%s", error.what);
    CHECK(ar_tar_write_copy(writer, fd, 2, 6, "source", &error) == 0, "%s", error.what);
    close(fd);
    CHECK(ar_tar_finish(writer, &error) == 0, "%s", error.what);
}

static void test_round_trip(void)
{
    size_t n = 1 << 18;
    char *big = malloc(n);
    if (big == NULL)
        abort();
    memset(big, 'x', n);
    struct ar_error error;
    struct ar_tar_writer writer;
    int fd = file_with("", 0);
    struct ar_out *out = out_of(fd);
    ar_tar_writer_init(&writer, out);
    write_all(&writer, big, n);
    uint64_t size = ar_out_offset(out);
    CHECK(size == 1024 + (1024 + 512 + 1024) + 512 + (1024 + 512 + n) + 1024 + 1024, "%" PRIu64, size);
    CHECK(ar_out_close(out, &error) == 0, "%s", error.what);

    struct listing got = {0};
    ar_buf_init(&got.text);
    CHECK(lseek(fd, 0, SEEK_SET) == 0, "seek");
    struct ar_in *in = ar_in_new(fd, "out.tar", &error);
    if (in == NULL)
        abort();
    list_in(in, true, &got);
    CHECK(got.result == 0, "%s", got.error.what);
    struct ar_buf want;
    ar_buf_init(&want);
    ar_buf_add_format(&want, "a/b 3: abc\nimages/\xe7\xb5\xb5.png 513 is_file image_type=line pax{13 LAB.run=1\n}: %.513s\n"
                             "empty 0: \nlarge 262144 is_file: ", big);
    ar_buf_add(&want, big, n);
    ar_buf_add_text(&want, "\ncopy 6: copied\n");
    CHECK(got.text.len == want.len && memcmp(got.text.data, want.data, want.len) == 0, "%.200s", got.text.data);
    ar_in_free(in);
    close(fd);
    ar_buf_release(&got.text);
    ar_buf_release(&want);
    free(big);
}

static void test_writer_counts(void)
{
    struct ar_error error = {0};
    struct ar_tar_writer writer;
    int fd = file_with("", 0);
    struct ar_out *out = out_of(fd);
    ar_tar_writer_init(&writer, out);
    CHECK(ar_tar_put(&writer, &plain, &error) == 0, "%s", error.what);
    CHECK(ar_tar_write(&writer, "abcd", 4, &error) == -1 && error.status == AR_SYSTEM, "%d", error.status);
    CHECK(ar_tar_write(&writer, "ab", 2, &error) == 0, "%s", error.what);
    CHECK(ar_tar_finish(&writer, &error) == -1 && error.status == AR_SYSTEM, "%d", error.status);
    CHECK(ar_tar_put(&writer, &plain, &error) == -1, "%d", error.status);
    CHECK(ar_tar_put_whole(&writer, &plain, "abc", &error) == -1, "%d", error.status);
    CHECK(ar_tar_write(&writer, "c", 1, &error) == 0 && ar_tar_finish(&writer, &error) == 0, "%s", error.what);
    CHECK(ar_out_offset(out) == 2048, "%" PRIu64, ar_out_offset(out));
    ar_out_abandon(out);
    close(fd);
}

int main(void)
{
    test_files();
    test_prefix();
    test_gnu_long_names();
    test_numbers();
    test_bad_numbers();
    test_pax();
    test_vendor_keywords();
    test_global_keywords();
    test_malformed_pax();
    test_limits();
    test_names();
    test_kinds();
    test_damage();
    test_cuts();
    test_error_without_end();
    test_no_tar();
    test_bodies_in_pieces();
    test_promised_body();
    test_header_bytes();
    test_pax_bytes();
    test_name_split();
    test_round_trip();
    test_writer_counts();
    return check_done();
}
