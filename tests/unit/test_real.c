/* SPDX-License-Identifier: MIT */
/*
 * Numbers: reading against strtod in the C locale (glibc's is exact), and as a filter for Python, which is the judge of both:
 * tests/library.bats. With an argument: "read" prints the bits of each line's number, "write" the text of each line's bits.
 */
#include <locale.h>
#include <math.h>

#include "check.h"
#include "codecs/real.h"

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static double of_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void reads(const char *text)
{
    double value, want = strtod(text, NULL);
    CHECK(ar_real_parse(text, strlen(text), &value) && (bits_of(value) == bits_of(want) || (isnan(value) && isnan(want))),
          "'%s': %a, want %a", text, value, want);
}

static void test_reading(void)
{
    static const char *const good[] = {
        "0", "-0", "+0", "5.80", ".5", "5.", "1e3", "1E+3", "-1e-3", "007", "123456789012345678", "9007199254740993", "9007199254740992.5",
        "9007199254740993.00000000000000000000000000001", "0.1", "0.30000000000000004", "1e22", "1e23", "8.5e27", "1e-27", "1e28", "1e308",
        "1.7976931348623157e308", "1.7976931348623159e308", "1e309", "-1e999", "5e-324", "2e-324", "2.2250738585072011e-308",
        "1e-99999999999999999999", "1e99999999999999999999", "0e99999999999", "0.000000000000000000000000000000000000000001",
        "18446744073709551615", "18446744073709551616", "1844674407370955161.5e1", "inf", "-Infinity", "NaN", "+nan",
    };
    static const char *const bad[] = { "", "-", "+", ".", "e5", "5e", "5e+", "5.8.0", "1,5", " 5", "5 ", "0x10", "1_0", "4OOO", "--5", "infinit",
                                       "na", "nan()", "5\n" };
    for (size_t i = 0; i < AR_COUNT(good); i++)
        reads(good[i]);
    for (size_t i = 0; i < AR_COUNT(bad); i++) {
        double value;
        CHECK(!ar_real_parse(bad[i], strlen(bad[i]), &value), "'%s' is %g", bad[i], value);
    }
    double value;
    CHECK(!ar_real_parse("5\0" "5", 3, &value));
    CHECK(ar_real_parse("12345", 2, &value) && value == 12); /* the text ends where it is said */
}

static uint64_t state = 42;

static uint64_t next_random(void)
{
    uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void test_random(void)
{
    char text[64];
    for (int i = 0; i < 300000; i++) {
        uint64_t digits = next_random() >> next_random() % 64;
        snprintf(text, sizeof text, "%" PRIu64 "e%d", digits, (int)(next_random() % 80) - 40);
        reads(text);
        double value = of_bits(next_random());
        if (!isfinite(value))
            continue;
        snprintf(text, sizeof text, "%.17g", value);
        reads(text);
        double again;
        size_t n = ar_real_write(text, value);
        CHECK(n == strlen(text) && ar_real_parse(text, n, &again) && bits_of(again) == bits_of(value), "%s is not %a", text, value);
    }
    /* Halves between two doubles, and a little beside: where rounding is decided. */
    for (int i = 0; i < 100000; i++) {
        uint64_t odd = (UINT64_C(1) << 53 | next_random() >> 11) << 1 | 1;
        snprintf(text, sizeof text, "%" PRIu64 "%s", odd, i % 3 == 0 ? "" : i % 3 == 1 ? ".0000" : ".0001");
        reads(text);
    }
}

static void integer(const char *text, bool good, int64_t want)
{
    int64_t value = 0;
    CHECK(ar_integer_parse(text, strlen(text), &value) == good && (!good || value == want), "'%s': %" PRId64, text, value);
}

static void test_integers(void)
{
    integer("7", true, 7);
    integer("+007", true, 7);
    integer("-0", true, 0);
    integer("7.000", true, 7);
    integer("70e-1", true, 7);
    integer("1.5e1", true, 15);
    integer("0e99999", true, 0);
    integer("9223372036854775807", true, INT64_MAX);
    integer("-9223372036854775808", true, INT64_MIN);
    integer("9223372036854775807.000000000000", true, INT64_MAX);
    integer("9223372036854775808", false, 0);
    integer("-9223372036854775809", false, 0);
    integer("99999999999999999999", false, 0);
    integer("1e19", false, 0);
    integer("7.5", false, 0);
    integer("7.0000000000000000000000001", false, 0);
    integer("", false, 0);
    integer("7 ", false, 0);
    integer("nan", false, 0);
    integer("1e-99999", false, 0);
}

/* In a locale in which the point is a comma, nothing is different. */
static void test_locale(void)
{
    char text[AR_REAL_TEXT];
    if (!setlocale(LC_ALL, "de_DE.UTF-8"))
        return;
    double value;
    CHECK(ar_real_parse("0.123456789012345678901234567890", 32, &value) && value == 0.12345678901234568);
    ar_real_write(text, 1.5);
    CHECK_TEXT(text, "1.5");
    setlocale(LC_ALL, "C");
}

static int filter(bool reading)
{
    char line[4096];
    while (fgets(line, sizeof line, stdin)) {
        size_t n = strcspn(line, "\n");
        char text[AR_REAL_TEXT];
        double value = 0;
        if (reading) {
            printf("%016" PRIx64 "\n", ar_real_parse(line, n, &value) ? bits_of(value) : UINT64_C(0xbad));
        } else {
            ar_real_write(text, of_bits(strtoull(line, NULL, 16)));
            puts(text);
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return filter(strcmp(argv[1], "read") == 0);
    test_reading();
    test_random();
    test_integers();
    test_locale();
    return check_done();
}
