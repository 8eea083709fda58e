/* SPDX-License-Identifier: MIT */
/* Input, output, and compression between. */
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <zlib.h>

#include "bytes/io.h"
#include "check.h"
#include "scratch.h"

/* "hello\n" as gzip 1.12, zstd 1.5.4, xz 5.4.1, lz4 1.9.4 and bzip2 1.0.8 wrote it. */
#define HELLO "hello\n"
static const char hello_gzip[] = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\xe7\x02\x00"
                                 "\x20\x30\x3a\x36\x06\x00\x00\x00";
static const char hello_zstd[] = "\x28\xb5\x2f\xfd\x04\x58\x31\x00\x00\x68\x65\x6c\x6c\x6f\x0a\x53\x88\xbd\x91";
static const char hello_xz[] = "\xfd\x37\x7a\x58\x5a\x00\x00\x04\xe6\xd6\xb4\x46\x02\x00\x21\x01\x16\x00\x00\x00\x74\x2f\xe5\xa3"
                               "\x01\x00\x05\x68\x65\x6c\x6c\x6f\x0a\x00\x00\x00\xa5\x60\x97\xf1\x94\xf6\xfd\xe0\x00\x01\x1e\x06"
                               "\xc1\x2f\xa4\x1d\x1f\xb6\xf3\x7d\x01\x00\x00\x00\x00\x04\x59\x5a";
static const char hello_lz4[] = "\x04\x22\x4d\x18\x64\x40\xa7\x06\x00\x00\x80\x68\x65\x6c\x6c\x6f\x0a\x00\x00\x00\x00\xf9\x5b\x6b"
                                "\x94";
static const char hello_bzip2[] = "\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\xc1\xc0\x80\xe2\x00\x00\x01\x41\x00\x00\x10\x02\x44"
                                  "\xa0\x00\x30\xcd\x00\xc3\x46\x29\x97\x17\x72\x45\x38\x50\x90\xc1\xc0\x80\xe2";

static const struct sample {
    enum ar_filter filter;
    const char *name;
    const char *bytes;
    size_t n;
} samples[] = {
    {AR_FILTER_NONE, "none", HELLO, 6},
    {AR_FILTER_GZIP, "gzip", hello_gzip, sizeof(hello_gzip) - 1},
    {AR_FILTER_ZSTD, "zstd", hello_zstd, sizeof(hello_zstd) - 1},
    {AR_FILTER_XZ, "xz", hello_xz, sizeof(hello_xz) - 1},
    {AR_FILTER_LZ4, "lz4", hello_lz4, sizeof(hello_lz4) - 1},
    {AR_FILTER_BZIP2, "bzip2", hello_bzip2, sizeof(hello_bzip2) - 1},
};

/* Many different bytes that compress badly but not at all times. */
static char *make_pattern(size_t n)
{
    char *bytes = malloc(n);
    uint32_t x = 1;
    for (size_t i = 0; i < n; i++) {
        x = x * 1664525 + 1013904223;
        bytes[i] = (i / 1000) % 2 ? 'a' : (char)(x >> 24);
    }
    return bytes;
}

/* Reads all of fd into buf. As ar_in_read_all; closes fd. */
static int read_fd(int fd, struct ar_buf *buf, struct ar_error *error)
{
    struct ar_in *in = ar_in_new(fd, "it", error);
    int result = in != NULL ? ar_in_read_all(in, buf, SIZE_MAX, error) : -1;
    ar_in_free(in);
    close(fd);
    return result;
}

static void check_reads(int fd, const void *want, size_t n)
{
    struct ar_error error = {0};
    struct ar_buf buf;
    ar_buf_init(&buf);
    int result = read_fd(fd, &buf, &error);
    CHECK(result == 0, "%s", error.what);
    CHECK(buf.len == n && memcmp(buf.data, want, n) == 0, "%zu bytes instead of %zu", buf.len, n);
    ar_buf_release(&buf);
}

/* Bytes that are refused, as a file and as a pipe; what: a part of the message. */
static void check_refused(const char *name, const void *bytes, size_t n, const char *what)
{
    for (int piped = 0; piped < 2; piped++) {
        struct ar_error error = {0};
        struct ar_buf buf;
        ar_buf_init(&buf);
        int result = read_fd(piped ? scratch_pipe(bytes, n) : scratch_memory(bytes, n), &buf, &error);
        CHECK(result == -1 && error.status == AR_INPUT, "%s, %zu bytes: %d", name, n, (int)error.status);
        CHECK(strstr(error.what, what) != NULL, "%s, %zu bytes: %s", name, n, error.what);
        CHECK(strstr(error.what, "'it'") != NULL, "%s", error.what);
        ar_buf_release(&buf);
    }
}

/* The bytes of a, then those of b; the caller frees them. */
static char *join(const void *a, size_t a_len, const void *b, size_t b_len)
{
    char *both = malloc(a_len + b_len + 1);
    memcpy(both, a, a_len);
    memcpy(both + a_len, b, b_len);
    return both;
}

/* gzip by zlib itself. The caller frees *bytes. */
static size_t gzip_bytes(const void *from, size_t n, char **bytes)
{
    z_stream z = {0};
    size_t room = n + n / 1000 + 1000;
    *bytes = malloc(room);
    deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
    z.next_in = (Bytef *)(uintptr_t)from;
    z.avail_in = (uInt)n;
    z.next_out = (Bytef *)*bytes;
    z.avail_out = (uInt)room;
    deflate(&z, Z_FINISH);
    deflateEnd(&z);
    return room - z.avail_out;
}

/* ---- input ---------------------------------------------------------------------------------------------------------- */

static void test_filters_are_found_and_undone(void)
{
    for (size_t i = 0; i < AR_COUNT(samples); i++) {
        struct ar_error error;
        struct ar_in *in = ar_in_new(scratch_memory(samples[i].bytes, samples[i].n), "it", &error);
        char bytes[100];
        CHECK(in != NULL && ar_in_filter(in) == samples[i].filter);
        CHECK_TEXT(ar_filter_name(ar_in_filter(in)), samples[i].name);
        CHECK_TEXT(ar_in_name(in), "it");
        CHECK(ar_in_size(in) == samples[i].n);
        ssize_t got = ar_in_read(in, bytes, sizeof(bytes), &error);
        CHECK_BYTES(bytes, got, HELLO, 6);
        CHECK(ar_in_read(in, bytes, sizeof(bytes), &error) == 0);
        CHECK(ar_in_read(in, bytes, sizeof(bytes), &error) == 0);
        CHECK(ar_in_offset(in) == 6 && ar_in_taken(in) == samples[i].n);
        ar_in_free(in);
        check_reads(scratch_pipe(samples[i].bytes, samples[i].n), HELLO, 6);
    }
}

/* What gives one byte at a time is found out all the same. */
static void test_slow_pipe(void)
{
    for (size_t i = 0; i < AR_COUNT(samples); i++) {
        int ends[2];
        CHECK(pipe(ends) == 0);
        pid_t pid = fork();
        if (pid == 0) {
            for (size_t at = 0; at < samples[i].n; at++) {
                struct timespec pause = {.tv_nsec = 300000};
                scratch_write(ends[1], samples[i].bytes + at, 1);
                nanosleep(&pause, NULL);
            }
            _exit(0);
        }
        close(ends[1]);
        check_reads(ends[0], HELLO, 6);
        waitpid(pid, NULL, 0);
    }
}

/* A read that could go straight into the caller's memory begins with what was read to find the filter. */
static void test_large_read_from_a_pipe(void)
{
    const size_t n = 50000;
    struct ar_error error;
    char *want = make_pattern(n), *got = malloc(2 * n);
    int fd = scratch_pipe(want, n);
    struct ar_in *in = ar_in_new(fd, "it", &error);
    CHECK(ar_in_read(in, got, 2 * n, &error) == (ssize_t)n && memcmp(got, want, n) == 0);
    CHECK(ar_in_offset(in) == n && ar_in_taken(in) == n);
    ar_in_free(in);
    close(fd);
    free(want);
    free(got);
}

static void test_what_only_looks_compressed(void)
{
    check_reads(scratch_memory("BZh1,text", 9), "BZh1,text", 9);
    check_reads(scratch_memory("BZh9 is no block", 16), "BZh9 is no block", 16);
    check_reads(scratch_memory("\x1f", 1), "\x1f", 1);
    check_reads(scratch_memory("\xfd" "7zXZ", 5), "\xfd" "7zXZ", 5);
    check_reads(scratch_pipe("\x28\xb5\x2f", 3), "\x28\xb5\x2f", 3);
}

static void test_empty_input(void)
{
    check_reads(scratch_memory("", 0), "", 0);
    check_reads(scratch_pipe("", 0), "", 0);
    char *bytes;
    size_t n = gzip_bytes("", 0, &bytes);
    check_reads(scratch_memory(bytes, n), "", 0);
    free(bytes);
    /* zstd and bzip2 of nothing, as the tools wrote it; and a zstd skippable frame alone */
    check_reads(scratch_memory("\x28\xb5\x2f\xfd\x24\x00\x01\x00\x00\x99\xe9\xd8\x51", 13), "", 0);
    check_reads(scratch_memory("BZh9\x17\x72\x45\x38\x50\x90\x00\x00\x00\x00", 14), "", 0);
    check_reads(scratch_memory("\x50\x2a\x4d\x18\x02\x00\x00\x00xy", 10), "", 0);
}

static void test_several_members(void)
{
    for (size_t i = 1; i < AR_COUNT(samples); i++) {
        char *twice = join(samples[i].bytes, samples[i].n, samples[i].bytes, samples[i].n);
        check_reads(scratch_memory(twice, 2 * samples[i].n), HELLO HELLO, 12);
        check_reads(scratch_pipe(twice, 2 * samples[i].n), HELLO HELLO, 12);
        /* A second member that is cut is no end. */
        CHECK(samples[i].n > 15);
        check_refused(samples[i].name, twice, samples[i].n + 15, "'it'");
        free(twice);
    }
    char *skip = join("\x5f\x2a\x4d\x18\x02\x00\x00\x00xy", 10, hello_zstd, sizeof(hello_zstd) - 1);
    check_reads(scratch_memory(skip, 10 + sizeof(hello_zstd) - 1), HELLO, 6);
    free(skip);
}

static void test_cut_anywhere(void)
{
    for (size_t i = 1; i < AR_COUNT(samples); i++)
        for (size_t n = samples[i].filter == AR_FILTER_GZIP ? 2 : 10; n < samples[i].n; n++)
            check_refused(samples[i].name, samples[i].bytes, n, "is cut");
}

static void test_something_behind(void)
{
    static const char behind[] = "something that is no other member";
    for (size_t i = 1; i < AR_COUNT(samples); i++) {
        char *both = join(samples[i].bytes, samples[i].n, behind, sizeof(behind));
        check_refused(samples[i].name, both, samples[i].n + sizeof(behind), "'it'");
        check_refused(samples[i].name, both, samples[i].n + 1, "'it'");
        free(both);
    }
    /* What comes long after, when libarchive has stopped asking. */
    char *zeros = calloc(1, 1 << 20);
    for (size_t i = 1; i < AR_COUNT(samples); i++) {
        char *both = join(samples[i].bytes, samples[i].n, zeros, 1 << 20);
        int fd = scratch_memory(both, samples[i].n + (1 << 20));
        struct ar_error error;
        struct ar_buf buf;
        ar_buf_init(&buf);
        int result = read_fd(fd, &buf, &error);
        /* gzip and xz allow zeros behind them */
        bool allowed = samples[i].filter == AR_FILTER_GZIP || samples[i].filter == AR_FILTER_XZ;
        CHECK(result == (allowed ? 0 : -1), "%s", samples[i].name);
        ar_buf_release(&buf);
        free(both);
    }
    memcpy(zeros, hello_gzip, sizeof(hello_gzip) - 1);
    zeros[1000] = 'x';
    check_refused("gzip", zeros, 1001, "something else behind");
    free(zeros);
}

/* A wrong bit anywhere in checked data is found; gzip's checks are its CRC-32 and its length. */
static void test_damage(void)
{
    char bytes[64];
    size_t n = sizeof(hello_gzip) - 1;
    for (size_t at = 10; at < n; at++) {
        if (at == 17)
            continue; /* the unused bits behind the last block */
        memcpy(bytes, hello_gzip, n);
        bytes[at] ^= 4;
        check_refused("gzip", bytes, n, "'it'");
    }
    memcpy(bytes, hello_gzip, n);
    bytes[n - 8] ^= 1;
    check_refused("gzip", bytes, n, "damaged: its checksum or length");
    memcpy(bytes, hello_gzip, n);
    bytes[n - 1] ^= 1;
    check_refused("gzip", bytes, n, "damaged: its checksum or length");
    for (size_t i = 2; i < AR_COUNT(samples); i++) {
        memcpy(bytes, samples[i].bytes, samples[i].n);
        size_t letter = 0;
        while (letter < samples[i].n && bytes[letter] != 'e')
            letter++;
        bytes[letter < samples[i].n ? letter : 20] ^= 1; /* bzip2 has no letters */
        check_refused(samples[i].name, bytes, samples[i].n, "damaged");
    }
}

static void test_only_one_level(void)
{
    char *bytes;
    for (size_t i = 1; i < AR_COUNT(samples); i++) {
        size_t n = gzip_bytes(samples[i].bytes, samples[i].n, &bytes);
        check_reads(scratch_memory(bytes, n), samples[i].bytes, samples[i].n);
        free(bytes);
    }
    /* hello_gzip in zstd, as zstd 1.5.4 wrote it (a raw block; magic, frame header, block header, bytes). */
    char zstd[64] = "\x28\xb5\x2f\xfd\x20";
    size_t n = sizeof(hello_gzip) - 1;
    zstd[5] = (char)n;
    zstd[6] = (char)(n << 3 | 1);
    memcpy(zstd + 9, hello_gzip, n);
    check_reads(scratch_memory(zstd, 9 + n), hello_gzip, n);
}

/* More than 1 GiB from less than a 250th of it is refused, less is not. */
static void test_decompression_bomb(void)
{
    const size_t piece = 1 << 20;
    char *zeros = calloc(1, piece), *bytes;
    size_t n = gzip_bytes(zeros, piece, &bytes);
    int fd = scratch_memory("", 0);
    for (int i = 0; i < 1025; i++)
        scratch_write(fd, bytes, n);
    lseek(fd, 0, SEEK_SET);
    struct ar_error error = {0};
    struct ar_in *in = ar_in_new(fd, "bomb", &error);
    CHECK(in != NULL && ar_in_skip(in, (UINT64_C(1) << 30) - piece, &error) == 0, "%s", error.what);
    CHECK(ar_in_skip(in, 2 * piece, &error) == -1 && error.status == AR_INPUT);
    CHECK(strstr(error.what, "'bomb' grows beyond 250 times") != NULL, "%s", error.what);
    CHECK(strstr(error.hint, "pipe") != NULL, "%s", error.hint);
    ar_in_free(in);
    close(fd);
    free(bytes);
    free(zeros);
}

static void test_all_ways_of_reading_agree(void)
{
    const size_t n = 1000003;
    char *want = make_pattern(n), *bytes, *got = malloc(n + 1);
    size_t gz = gzip_bytes(want, n, &bytes);
    for (int way = 0; way < 4; way++) {
        int fd = way % 2 ? scratch_memory(bytes, gz) : scratch_memory(want, n);
        struct ar_error error;
        struct ar_in *in = ar_in_new(fd, "it", &error);
        size_t done = 0;
        const char *view;
        for (size_t step = 1; done < n; step = step * 7 % 300007) {
            ssize_t piece = ar_in_peek(in, &view, step % 4097, &error);
            size_t left = n - done, ask = step % 4097;
            CHECK(piece >= 0 && (size_t)piece == (ask < left ? ask : left));
            CHECK(memcmp(view, want + done, (size_t)piece) == 0);
            CHECK(ar_in_offset(in) == done);
            if (way / 2 == 0) {
                piece = ar_in_read(in, got + done, step, &error);
                CHECK((size_t)piece == (step < left ? step : left));
            } else if (step % 3 == 0) {
                size_t skip = step < left ? step : left;
                CHECK(ar_in_skip(in, skip, &error) == 0);
                memcpy(got + done, want + done, skip);
                piece = (ssize_t)skip;
            } else {
                piece = ar_in_view(in, &view, step, &error);
                CHECK(piece > 0 && (size_t)piece <= step);
                memcpy(got + done, view, (size_t)piece);
            }
            done += (size_t)piece;
        }
        CHECK(done == n && memcmp(got, want, n) == 0, "way %d", way);
        CHECK(ar_in_peek(in, &view, 10, &error) == 0 && ar_in_view(in, &view, 10, &error) == 0);
        CHECK(ar_in_offset(in) == n);
        CHECK(ar_in_skip(in, 1, &error) == 1);
        ar_in_free(in);
        close(fd);
    }
    free(want);
    free(bytes);
    free(got);
}

static void test_reading_starts_where_fd_stands(void)
{
    int fd = scratch_memory("0123456789", 10);
    lseek(fd, 4, SEEK_SET);
    struct ar_error error;
    struct ar_in *in = ar_in_new(fd, "it", &error);
    int place;
    uint64_t position;
    const char *view;
    CHECK(ar_in_place(in, &place, &position) && place == fd && position == 4);
    CHECK(ar_in_peek(in, &view, 2, &error) == 2 && memcmp(view, "45", 2) == 0);
    CHECK(ar_in_skip(in, 3, &error) == 0);
    CHECK(ar_in_place(in, &place, &position) && position == 7);
    CHECK(ar_in_skip(in, 3, &error) == 0 && ar_in_offset(in) == 6);
    CHECK(ar_in_skip(in, 0, &error) == 0);
    CHECK(ar_in_skip(in, 1, &error) == 1);
    ar_in_free(in);
    close(fd);
}

static void test_skip_never_goes_beyond_the_file(void)
{
    struct ar_error error;
    int fd = scratch_memory("0123456789", 10);
    struct ar_in *in = ar_in_new(fd, "it", &error);
    CHECK(ar_in_skip(in, 11, &error) == 1);
    CHECK(ar_in_offset(in) == 10 && lseek(fd, 0, SEEK_CUR) == 10);
    ar_in_free(in);
    lseek(fd, 0, SEEK_SET);
    in = ar_in_new(fd, "it", &error);
    CHECK(ar_in_skip(in, UINT64_MAX, &error) == 1);
    ar_in_free(in);
    close(fd);
    in = ar_in_new(fd = scratch_pipe("0123456789", 10), "it", &error);
    int place;
    uint64_t position;
    CHECK(!ar_in_place(in, &place, &position) && ar_in_size(in) == 0);
    CHECK(ar_in_skip(in, 10, &error) == 0 && ar_in_skip(in, 1, &error) == 1);
    ar_in_free(in);
    close(fd);
}

static void test_reading_fails(void)
{
    struct ar_error error = {0};
    CHECK(ar_in_new(-1, "it", &error) == NULL && error.status == AR_SYSTEM && error.system_errno == EBADF);
    CHECK_TEXT(error.what, "cannot read 'it': Bad file descriptor");
    int fd = open("/", O_RDONLY | O_DIRECTORY);
    CHECK(ar_in_new(fd, "it", &error) == NULL && error.status == AR_INPUT);
    CHECK_TEXT(error.what, "cannot read 'it': Is a directory");
    close(fd);
}

static void on_alarm(int number)
{
    (void)number;
}

/* Interrupts the calls that follow, until the timer is stopped with 0. */
static void set_alarm(long milliseconds)
{
    struct itimerval timer = {.it_value.tv_usec = milliseconds * 1000, .it_interval.tv_usec = milliseconds * 1000};
    struct sigaction action = {.sa_handler = on_alarm};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
}

static void test_interrupted_calls_are_reported(void)
{
    int ends[2];
    struct ar_error error = {0};
    char *bytes = calloc(1, 4 << 20);
    CHECK(pipe(ends) == 0);
    set_alarm(20);
    CHECK(ar_in_new(ends[0], "it", &error) == NULL);
    CHECK(error.system_errno == EINTR && error.status == AR_SYSTEM);
    CHECK_TEXT(error.what, "cannot read 'it': interrupted");
    struct ar_out *out = ar_out_new(ends[1], "it", AR_FILTER_NONE, &error);
    CHECK(ar_out_write(out, bytes, 4 << 20, &error) == -1 && error.system_errno == EINTR);
    CHECK_TEXT(error.what, "cannot write 'it': interrupted");
    CHECK(ar_out_write_stable(out, bytes, 4 << 20, &error) == -1 && error.system_errno == EINTR);
    ar_out_abandon(out);
    set_alarm(0);
    close(ends[0]);
    close(ends[1]);
    free(bytes);
}

static void test_non_blocking_descriptors_are_waited_for(void)
{
    int ends[2];
    struct ar_error error;
    char *want = make_pattern(3000000);
    CHECK(pipe2(ends, O_NONBLOCK) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        struct timespec pause = {.tv_nsec = 20000000};
        nanosleep(&pause, NULL);
        struct ar_out *out = ar_out_new(ends[1], "it", AR_FILTER_NONE, &error);
        bool good = ar_out_write(out, want, 2000000, &error) == 0;
        good = good && ar_out_write_stable(out, want + 2000000, 1000000, &error) == 0;
        _exit(good && ar_out_close(out, &error) == 0 ? 0 : 1);
    }
    close(ends[1]);
    check_reads(ends[0], want, 3000000);
    int status;
    waitpid(pid, &status, 0);
    CHECK(status == 0);
    free(want);
}

/* ---- output --------------------------------------------------------------------------------------------------------- */

/* Writes n bytes in pieces of growing size to fd. */
static int write_in_pieces(int fd, enum ar_filter filter, const char *bytes, size_t n, bool stable, struct ar_error *error)
{
    struct ar_out *out = ar_out_new(fd, "out", filter, error);
    if (out == NULL)
        return -1;
    size_t at = 0;
    for (size_t step = 0; at < n; step = (step * 3 + 1) % 200003) {
        size_t piece = step < n - at ? step : n - at;
        if ((stable ? ar_out_write_stable : ar_out_write)(out, bytes + at, piece, error) < 0) {
            ar_out_abandon(out);
            return -1;
        }
        at += piece;
        CHECK(ar_out_offset(out) == at);
    }
    return ar_out_close(out, error);
}

static void test_writing_to_a_file(void)
{
    const size_t n = 1000003;
    char *want = make_pattern(n);
    for (int stable = 0; stable < 2; stable++) {
        struct ar_error error;
        int fd = scratch_memory("", 0);
        CHECK(write_in_pieces(fd, AR_FILTER_NONE, want, n, stable, &error) == 0);
        lseek(fd, 0, SEEK_SET);
        check_reads(fd, want, n);
    }
    free(want);
}

static void test_writing_to_a_pipe(void)
{
    const size_t n = 3000003;
    char *want = make_pattern(n);
    for (int stable = 0; stable < 2; stable++) {
        int ends[2], status;
        CHECK(pipe(ends) == 0);
        pid_t pid = fork();
        if (pid == 0) {
            struct ar_error error;
            close(ends[0]);
            _exit(write_in_pieces(ends[1], AR_FILTER_NONE, want, n, stable, &error) == 0 ? 0 : 1);
        }
        close(ends[1]);
        check_reads(ends[0], want, n);
        waitpid(pid, &status, 0);
        CHECK(status == 0);
    }
    free(want);
}

/* Writes the pattern behind the caller's back, in pieces of all kinds: small, large, stable, and from a file. */
static int write_behind(int fd, const char *bytes, size_t n, struct ar_error *error)
{
    struct ar_out *out = ar_out_new(fd, "out", AR_FILTER_NONE, error);
    int from = scratch_memory(bytes, n);
    size_t done = 0;
    int result = 0;
    ar_out_write_behind(out);
    for (unsigned turn = 0; result == 0 && done < n; turn++) {
        size_t piece = (size_t[]){ 1, 100000, 77, 300000, 131072, 512 }[turn % 6];
        piece = piece < n - done ? piece : n - done;
        if (turn % 13 == 12)
            result = ar_out_copy(out, from, done, piece, "from", error);
        else
            result = turn % 3 == 1 ? ar_out_write_stable(out, bytes + done, piece, error) : ar_out_write(out, bytes + done, piece, error);
        if (result == 0 && turn % 29 == 28)
            result = ar_out_flush(out, error);
        done += piece;
    }
    close(from);
    if (result != 0) {
        ar_out_abandon(out);
        return -1;
    }
    CHECK(ar_out_offset(out) == n);
    return ar_out_close(out, error);
}

static void test_writing_behind(void)
{
    const size_t n = 40000003; /* more than twice the ring */
    char *want = make_pattern(n);
    struct ar_error error = { 0 };
    int fd = scratch_memory("", 0), ends[2], status;
    CHECK(write_behind(fd, want, n, &error) == 0);
    lseek(fd, 0, SEEK_SET);
    check_reads(fd, want, n);
    CHECK(pipe(ends) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        _exit(write_behind(ends[1], want, n, &error) == 0 ? 0 : 1);
    }
    close(ends[1]);
    check_reads(ends[0], want, n);
    waitpid(pid, &status, 0);
    CHECK(status == 0);
    free(want);
}

/* What the thread meets is told, and a writer that is given up ends although its reader reads nothing. */
static void test_writing_behind_fails(void)
{
    const size_t n = 40000003;
    char *bytes = make_pattern(n);
    struct ar_error error = { 0 };
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC), ends[2];
    CHECK(write_behind(fd, bytes, n, &error) == -1 && error.system_errno == ENOSPC);
    CHECK(write_behind(fd, bytes, 1500000, &error) == -1 && error.system_errno == ENOSPC); /* told at the end */
    CHECK_TEXT(error.what, "cannot write 'out': No space left on device");
    close(fd);
    CHECK(pipe(ends) == 0);
    close(ends[0]);
    CHECK(write_behind(ends[1], bytes, n, &error) == -1 && error.system_errno == EPIPE);
    close(ends[1]);
    CHECK(pipe(ends) == 0);
    struct ar_out *out = ar_out_new(ends[1], "out", AR_FILTER_NONE, &error);
    ar_out_write_behind(out);
    CHECK(ar_out_write(out, bytes, 1000000, &error) == 0); /* fits into the pipe */
    CHECK(ar_out_write(out, bytes, 60000, &error) == 0);   /* is gathered */
    CHECK(ar_out_write(out, bytes, 100000, &error) == 0);  /* is the thread's, for whom the pipe is full */
    ar_out_abandon(out);
    close(ends[0]);
    close(ends[1]);
    free(bytes);
}

/* What is gathered comes out at once with what is large, in order, and with a flush. */
static void test_order_and_flush(void)
{
    struct ar_error error;
    int fd = scratch_memory("", 0);
    struct ar_out *out = ar_out_new(fd, "out", AR_FILTER_NONE, &error);
    char *large = make_pattern(100000);
    CHECK(ar_out_write(out, "small", 5, &error) == 0);
    CHECK(lseek(fd, 0, SEEK_END) == 0);
    CHECK(ar_out_write(out, large, 100000, &error) == 0);
    CHECK(lseek(fd, 0, SEEK_END) == 100005);
    CHECK(ar_out_write(out, "after", 5, &error) == 0 && ar_out_flush(out, &error) == 0);
    CHECK(lseek(fd, 0, SEEK_END) == 100010);
    CHECK(ar_out_write(out, "dropped", 7, &error) == 0);
    errno = ENOTTY;
    ar_out_abandon(out);
    CHECK(errno == ENOTTY);
    CHECK(lseek(fd, 0, SEEK_END) == 100010);
    ar_out_abandon(NULL);
    char *want = join("small", 5, large, 100000), *all = join(want, 100005, "after", 5);
    lseek(fd, 0, SEEK_SET);
    check_reads(fd, all, 100010);
    free(large);
    free(want);
    free(all);
}

/* Through the filter and back; the same bytes each time, however they were cut. gzip is read by zlib here. */
static void test_compressed_output(void)
{
    static const enum ar_filter filters[] = {AR_FILTER_GZIP, AR_FILTER_ZSTD};
    static const size_t sizes[] = {0, 1, 1000003};
    char *want = make_pattern(1000003);
    for (size_t f = 0; f < AR_COUNT(filters); f++)
        for (size_t s = 0; s < AR_COUNT(sizes); s++) {
            struct ar_error error = {0};
            int fd = scratch_memory("", 0), again = scratch_memory("", 0);
            struct ar_buf first, second;
            CHECK(write_in_pieces(fd, filters[f], want, sizes[s], false, &error) == 0, "%s", error.what);
            struct ar_out *out = ar_out_new(again, "out", filters[f], &error);
            CHECK(ar_out_write(out, want, sizes[s], &error) == 0 && ar_out_close(out, &error) == 0);
            ar_buf_init(&first);
            ar_buf_init(&second);
            char path[2][64];
            snprintf(path[0], sizeof(path[0]), "/proc/self/fd/%d", fd);
            snprintf(path[1], sizeof(path[1]), "/proc/self/fd/%d", again);
            CHECK(ar_read_file(AT_FDCWD, path[0], &first, SIZE_MAX, &error) == 0, "%s", error.what);
            CHECK(ar_read_file(AT_FDCWD, path[1], &second, SIZE_MAX, &error) == 0);
            CHECK(first.len > 8 && first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
            CHECK(sizes[s] < 1000 || first.len < sizes[s] * 6 / 10, "%zu", first.len);
            if (filters[f] == AR_FILTER_GZIP) {
                CHECK_BYTES(first.data, 8, "\x1f\x8b\x08\0\0\0\0\0", 8); /* no flags, no time */
                gzFile gz = gzopen(path[0], "rb");
                char *got = malloc(sizes[s] + 1);
                CHECK(gzread(gz, got, (unsigned int)sizes[s] + 1) == (int)sizes[s]);
                CHECK(memcmp(got, want, sizes[s]) == 0);
                gzclose(gz);
                free(got);
            }
            lseek(fd, 0, SEEK_SET);
            check_reads(fd, want, sizes[s]);
            ar_buf_release(&first);
            ar_buf_release(&second);
            close(again);
        }
    free(want);
}

static void test_abandoned_compression_writes_nothing(void)
{
    static const enum ar_filter filters[] = {AR_FILTER_GZIP, AR_FILTER_ZSTD};
    char bytes[100000]; /* that do not get smaller, and are more than what is gathered */
    uint32_t x = 1;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)((x = x * 1664525 + 1013904223) >> 24);
    for (size_t f = 0; f < AR_COUNT(filters); f++) {
        struct ar_error error;
        int fd = scratch_memory("", 0);
        struct ar_out *out = ar_out_new(fd, "out", filters[f], &error);
        CHECK(ar_out_write(out, bytes, sizeof(bytes), &error) == 0);
        off_t before = lseek(fd, 0, SEEK_END);
        ar_out_abandon(out);
        CHECK(lseek(fd, 0, SEEK_END) == before);
        close(fd);
    }
}

static void test_filters_that_cannot_be_written(void)
{
    static const enum ar_filter filters[] = {AR_FILTER_XZ, AR_FILTER_LZ4, AR_FILTER_BZIP2};
    for (size_t f = 0; f < AR_COUNT(filters); f++) {
        struct ar_error error = {0};
        CHECK(ar_out_new(1, "out", filters[f], &error) == NULL && error.status == AR_INPUT);
        CHECK(strstr(error.hint, "gzip and zstd") != NULL);
    }
}

static void test_full_device(void)
{
    static const enum ar_filter filters[] = {AR_FILTER_NONE, AR_FILTER_GZIP, AR_FILTER_ZSTD};
    const char *want = "cannot write 'out': No space left on device";
    char *bytes = make_pattern(1000000);
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    for (size_t f = 0; f < AR_COUNT(filters); f++) {
        struct ar_error error = {0};
        CHECK(write_in_pieces(fd, filters[f], bytes, 1000000, false, &error) == -1);
        CHECK(error.status == AR_SYSTEM && error.system_errno == ENOSPC);
        CHECK_TEXT(error.what, want);
        /* Little is gathered, and fails at the end. */
        memset(&error, 0, sizeof(error));
        CHECK(write_in_pieces(fd, filters[f], bytes, 100, false, &error) == -1);
        CHECK_TEXT(error.what, want);
    }
    struct ar_error error = {0};
    struct ar_out *out = ar_out_new(fd, "out", AR_FILTER_NONE, &error);
    int from = scratch_memory(bytes, 1000000);
    CHECK(ar_out_copy(out, from, 0, 1000000, "from", &error) == -1);
    CHECK_TEXT(error.what, want);
    ar_out_abandon(out);
    CHECK(ar_write_fd(fd, "x", 1, "out", &error) == -1);
    CHECK_TEXT(error.what, want);
    close(from);
    close(fd);
    free(bytes);
}

static void test_broken_pipe(void)
{
    char *bytes = make_pattern(100000);
    for (int stable = 0; stable < 2; stable++) {
        struct ar_error error = {0};
        int ends[2];
        CHECK(pipe(ends) == 0);
        close(ends[0]);
        CHECK(write_in_pieces(ends[1], AR_FILTER_NONE, bytes, 100000, stable, &error) == -1 && error.system_errno == EPIPE);
        CHECK_TEXT(error.what, "cannot write 'out': Broken pipe");
        close(ends[1]);
    }
    free(bytes);
}

/* Where copies go: a file, a file opened for appending, a pipe, a socket, compression. */
static void check_copy(int to, int back, enum ar_filter filter, const char *bytes, size_t n)
{
    int from = scratch_memory(bytes, n);
    pid_t pid = fork();
    if (pid == 0) {
        struct ar_error error = {0};
        if (back != to)
            close(back);
        struct ar_out *out = ar_out_new(to, "out", filter, &error);
        bool good = ar_out_write(out, "begin", 5, &error) == 0;
        good = good && ar_out_copy(out, from, 10, n - 10, "from", &error) == 0;
        good = good && ar_out_copy(out, from, 3, 5, "from", &error) == 0 && ar_out_copy(out, from, 0, 0, "from", &error) == 0;
        good = good && lseek(from, 0, SEEK_CUR) == 0 && ar_out_offset(out) == n;
        good = good && ar_out_close(out, &error) == 0;
        _exit(good ? 0 : 1);
    }
    if (back != to)
        close(to);
    char *first = join("begin", 5, bytes + 10, n - 10), *want = join(first, n - 5, bytes + 3, 5);
    int status;
    if (back == to) {
        waitpid(pid, &status, 0);
        lseek(back, 0, SEEK_SET);
        check_reads(back, want, n);
    } else {
        check_reads(back, want, n);
        waitpid(pid, &status, 0);
    }
    CHECK(status == 0);
    close(from);
    free(first);
    free(want);
}

static void test_copy(void)
{
    static const size_t sizes[] = {100, 70000, 2000003};
    char *bytes = make_pattern(2000003);
    for (size_t s = 0; s < AR_COUNT(sizes); s++) {
        int ends[2];
        int fd = scratch_memory("", 0);
        check_copy(fd, fd, AR_FILTER_NONE, bytes, sizes[s]);
        fd = open(scratch_path("copy"), O_RDWR | O_CREAT | O_TRUNC, 0644);
        check_copy(fd, fd, AR_FILTER_NONE, bytes, sizes[s]);
        fd = open(scratch_path("append"), O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0644);
        check_copy(fd, fd, AR_FILTER_NONE, bytes, sizes[s]);
        fd = scratch_memory("", 0);
        check_copy(fd, fd, AR_FILTER_ZSTD, bytes, sizes[s]);
        CHECK(pipe(ends) == 0);
        check_copy(ends[1], ends[0], AR_FILTER_NONE, bytes, sizes[s]);
        CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
        check_copy(ends[1], ends[0], AR_FILTER_NONE, bytes, sizes[s]);
    }
    free(bytes);
}

static void test_copy_of_a_source_that_is_too_short(void)
{
    static const size_t sizes[] = {100, 200000};
    char *bytes = make_pattern(200000);
    for (size_t s = 0; s < AR_COUNT(sizes); s++) {
        struct ar_error error = {0};
        int from = scratch_memory(bytes, sizes[s]), fd = scratch_memory("", 0);
        struct ar_out *out = ar_out_new(fd, "out", AR_FILTER_NONE, &error);
        CHECK(ar_out_copy(out, from, 0, sizes[s] + 7, "from", &error) == -1 && error.status == AR_SYSTEM);
        CHECK_TEXT(error.what, "cannot read 'from': it ends 7 bytes too early");
        CHECK(ar_out_copy(out, -1, 0, 1, "from", &error) == -1);
        CHECK_TEXT(error.what, "cannot read 'from': Bad file descriptor");
        ar_out_abandon(out);
        close(from);
        close(fd);
    }
    free(bytes);
}

/* A spool that is written anew must not change what is on its way. */
static void test_copy_to_a_pipe_is_a_copy(void)
{
    struct ar_error error;
    int ends[2];
    char *bytes = calloc(1, 200000), *other = malloc(200000);
    memset(other, 'x', 200000);
    int from = scratch_memory(bytes, 200000);
    CHECK(pipe(ends) == 0);
    struct ar_out *out = ar_out_new(ends[1], "out", AR_FILTER_NONE, &error);
    if (fcntl(ends[1], F_GETPIPE_SZ) >= 1 << 20) {
        CHECK(ar_out_copy(out, from, 0, 200000, "from", &error) == 0);
        CHECK(ar_out_close(out, &error) == 0);
        close(ends[1]);
        CHECK(pwrite(from, other, 200000, 0) == 200000);
        check_reads(ends[0], bytes, 200000);
    }
    close(from);
    free(bytes);
    free(other);
}

/* ---- whole files ---------------------------------------------------------------------------------------------------- */

static void test_whole_files(void)
{
    struct ar_error error = {0};
    struct ar_buf buf;
    int dir = scratch_open();
    ar_buf_init(&buf);
    scratch_put("small", "0123456789", 10);
    ar_buf_add_text(&buf, "before ");
    CHECK(ar_read_file(dir, "small", &buf, 10, &error) == 0);
    CHECK_TEXT(buf.data, "before 0123456789");
    CHECK(ar_read_file(dir, "small", &buf, 9, &error) == -1 && error.status == AR_INPUT);
    CHECK_TEXT(error.what, "'small' is larger than 9 bytes");
    CHECK(ar_read_file(dir, "missing", &buf, 10, &error) == -1 && error.status == AR_INPUT);
    CHECK_TEXT(error.what, "cannot open 'missing': No such file or directory");
    CHECK(ar_read_file(dir, ".", &buf, 10, &error) == -1 && error.status == AR_INPUT);
    CHECK_TEXT(error.what, "cannot read '.': Is a directory");

    scratch_put("gz", hello_gzip, sizeof(hello_gzip) - 1);
    ar_buf_clear(&buf);
    CHECK(ar_read_file(dir, "gz", &buf, 1000, &error) == 0);
    CHECK(buf.len == sizeof(hello_gzip) - 1 && memcmp(buf.data, hello_gzip, buf.len) == 0);

    /* A file that does not know its size. */
    ar_buf_clear(&buf);
    CHECK(ar_read_file(AT_FDCWD, "/proc/self/status", &buf, 1 << 20, &error) == 0 && buf.len > 100);
    CHECK(ar_read_file(AT_FDCWD, "/proc/self/status", &buf, 100, &error) == -1 && error.status == AR_INPUT);

    ar_buf_clear(&buf);
    struct ar_in *in = ar_in_new(scratch_memory("0123456789", 10), "it", &error);
    CHECK(ar_in_read_all(in, &buf, 9, &error) == -1 && error.status == AR_INPUT);
    CHECK_TEXT(error.what, "'it' is larger than 9 bytes");
    ar_in_free(in);
    ar_buf_release(&buf);

    int fd = scratch_memory("", 0);
    CHECK(ar_write_fd(fd, "abc", 3, "it", &error) == 0 && ar_write_fd(fd, "", 0, "it", &error) == 0);
    lseek(fd, 0, SEEK_SET);
    check_reads(fd, "abc", 3);
    close(dir);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    scratch_begin();
    test_filters_are_found_and_undone();
    test_slow_pipe();
    test_large_read_from_a_pipe();
    test_what_only_looks_compressed();
    test_empty_input();
    test_several_members();
    test_cut_anywhere();
    test_something_behind();
    test_damage();
    test_only_one_level();
    test_decompression_bomb();
    test_all_ways_of_reading_agree();
    test_reading_starts_where_fd_stands();
    test_skip_never_goes_beyond_the_file();
    test_reading_fails();
    test_interrupted_calls_are_reported();
    test_non_blocking_descriptors_are_waited_for();
    test_writing_to_a_file();
    test_writing_to_a_pipe();
    test_writing_behind();
    test_writing_behind_fails();
    test_order_and_flush();
    test_compressed_output();
    test_abandoned_compression_writes_nothing();
    test_filters_that_cannot_be_written();
    test_full_device();
    test_broken_pipe();
    test_copy();
    test_copy_of_a_source_that_is_too_short();
    test_copy_to_a_pipe_is_a_copy();
    test_whole_files();
    return check_done();
}
