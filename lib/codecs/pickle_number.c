/* SPDX-License-Identifier: MIT */
#include "codecs/pickle_number.h"

#include <endian.h>
#include <math.h>

enum {
    LIMB_DIGITS = 9,     /* decimal digits that fit in a limb of 32 bits */
    EXACT_DIGITS = 15,   /* a decimal of so many digits stands for one double, and comes back from it */
    SIGNIFICANT_MAX = 17,
};

/* ---- integers ------------------------------------------------------------------------------------------------------- */

static const char pairs[] =
    "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
    "5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

/* Writes the lowest digits of value, count of them, with leading zeros. */
static void put_digits(char *to, uint64_t value, size_t count)
{
    for (; count >= 2; count -= 2, value /= 100)
        memcpy(to + count - 2, pairs + 2 * (value % 100), 2);
    if (count == 1)
        *to = (char)('0' + value % 10);
}

static size_t count_digits(uint64_t value)
{
    size_t count = 1;
    for (; value >= 10000; value /= 10000)
        count += 4;
    return count + (value >= 10) + (value >= 100) + (value >= 1000);
}

size_t ar_number_unsigned(char *to, uint64_t value)
{
    size_t count = count_digits(value);
    put_digits(to, value, count);
    return count;
}

size_t ar_number_signed(char *to, int64_t value)
{
    if (value >= 0)
        return ar_number_unsigned(to, (uint64_t)value);
    *to = '-';
    return 1 + ar_number_unsigned(to + 1, -(uint64_t)value);
}

/* ---- integers of any size ------------------------------------------------------------------------------------------- */

enum { LIMBS_MAX = 448 }; /* of 32 bits: more than AR_DIGITS_MAX digits need */

size_t ar_number_big_room(size_t n)
{
    return (n < 4 * LIMBS_MAX ? n : 4 * LIMBS_MAX) * 5 / 2 + 2 * LIMB_DIGITS;
}

/* The value's size without its sign, least significant limb first. */
static size_t read_limbs(uint32_t *limb, const unsigned char *bytes, size_t n, bool negative)
{
    size_t limbs = 0;
    uint64_t carry = negative; /* two's complement: all bits turned, and one added */
    for (size_t i = 0; i < n; i += 4) {
        uint32_t word = 0;
        for (size_t j = 0; j < 4; j++)
            word |= (uint32_t)(i + j < n ? bytes[i + j] : negative ? 0xff : 0) << 8 * j;
        carry += negative ? (uint32_t)~word : word;
        limb[limbs++] = (uint32_t)carry;
        carry >>= 32;
    }
    while (limbs > 0 && limb[limbs - 1] == 0)
        limbs--;
    return limbs;
}

/* Divides by 10^LIMB_DIGITS; returns the rest. */
static uint32_t divide(uint32_t *limb, size_t *limbs)
{
    uint64_t rest = 0;
    for (size_t i = *limbs; i-- > 0;) {
        rest = rest << 32 | limb[i];
        limb[i] = (uint32_t)(rest / 1000000000);
        rest %= 1000000000;
    }
    while (*limbs > 0 && limb[*limbs - 1] == 0)
        (*limbs)--;
    return (uint32_t)rest;
}

size_t ar_number_big(char *to, const char *bytes, size_t n)
{
    uint32_t limb[LIMBS_MAX];
    const unsigned char *raw = (const unsigned char *)bytes;
    bool negative = n > 0 && raw[n - 1] & 0x80;
    while (n > 1 && raw[n - 1] == (negative ? 0xff : 0) && (raw[n - 2] & 0x80) == (negative ? 0x80 : 0))
        n--;
    if (n > 4 * LIMBS_MAX)
        return 0;
    size_t limbs = read_limbs(limb, raw, n, negative), room = ar_number_big_room(n), at = room;
    while (limbs > 0) {
        at -= LIMB_DIGITS;
        put_digits(to + at, divide(limb, &limbs), LIMB_DIGITS);
    }
    while (at < room && to[at] == '0')
        at++;
    if (at == room)
        to[--at] = '0';
    if (room - at > AR_DIGITS_MAX)
        return 0;
    if (negative)
        to[--at] = '-';
    memmove(to, to + at, room - at);
    return room - at;
}

/* ---- floats --------------------------------------------------------------------------------------------------------- */

/* d.ddd × 10^exponent */
struct decimal {
    char digit[SIGNIFICANT_MAX + 1];
    int digits;
    int exponent;
};

double ar_number_half(uint16_t bits)
{
    int exponent = bits >> 10 & 0x1f, fraction = bits & 0x3ff;
    double value;
    if (exponent == 0x1f)
        value = fraction ? (double)NAN : (double)INFINITY;
    else
        value = exponent ? ldexp(fraction + 0x400, exponent - 25) : ldexp(fraction, -24);
    return bits & 0x8000 ? -value : value;
}

/* The nearest decimal of so many digits; glibc rounds correctly, to even where two are as near. */
static void round_to(struct decimal *decimal, double value, int digits)
{
    char text[64];
    snprintf(text, sizeof(text), "%.*e", digits - 1, value);
    decimal->digits = 0;
    char *c = text;
    for (; *c != 'e'; c++) /* the point is the locale's, and left out */
        if (*c >= '0' && *c <= '9')
            decimal->digit[decimal->digits++] = *c;
    decimal->exponent = (int)strtol(c + 1, NULL, 10);
}

/* The next decimal of as many digits. */
static void step_up(struct decimal *decimal)
{
    int i = decimal->digits;
    while (i > 0 && decimal->digit[i - 1] == '9')
        decimal->digit[--i] = '0';
    if (i > 0) {
        decimal->digit[i - 1]++;
        return;
    }
    decimal->digit[0] = '1';
    decimal->exponent++;
}

/* The double's nearest neighbour of the width: 5 digits and fewer cannot be rounded twice to another half. */
static double to_half(double value)
{
    int exponent;
    frexp(value, &exponent);
    int unit = exponent < -13 ? -24 : exponent - 11;
    return ldexp(ldexp(value, -unit) + 0x1p52 - 0x1p52, unit); /* which is rounded to a whole number, a half to an even one */
}

/* Does it read back as value? */
static bool reads_back(const struct decimal *decimal, double value, enum ar_float_width width)
{
    char text[64];
    snprintf(text, sizeof(text), "%.*se%d", decimal->digits, decimal->digit, decimal->exponent - decimal->digits + 1);
    if (width == AR_FLOAT32)
        return strtof(text, NULL) == (float)value;
    double read = strtod(text, NULL);
    return width == AR_FLOAT64 ? read == value : to_half(read) == value;
}

/*
 * The shortest decimal that reads back as value, which is positive. The nearest one of a length may not read back where the next
 * one does: below a power of two numbers lie closer together than above it.
 */
static void shorten(struct decimal *decimal, double value, enum ar_float_width width)
{
    /* So many digits come back from each normal number, so many tell it in any case; the smallest normal number. */
    static const struct {
        int sure, most;
        double normal;
    } widths[] = { { 3, 5, 0x1p-14 }, { 6, 9, 0x1p-126 }, { EXACT_DIGITS, SIGNIFICANT_MAX, 0x1p-1022 } };
    int exponent;
    bool power_of_two = frexp(value, &exponent) == 0.5;
    for (int digits = value < widths[width].normal ? 1 : widths[width].sure; digits <= widths[width].most; digits++) {
        round_to(decimal, value, digits);
        if (reads_back(decimal, value, width))
            break;
        if (!power_of_two || digits == widths[width].most)
            continue;
        struct decimal above = *decimal;
        step_up(&above);
        if (reads_back(&above, value, width)) {
            *decimal = above;
            break;
        }
    }
}

#ifdef __SIZEOF_INT128__
__extension__ typedef unsigned __int128 wide;

/* A multiple of the unit near a number: quotient × unit; the rest and the unit are in a finer one, the same as the margin's. */
struct near {
    uint64_t quotient;
    wide rest, unit;
};

/* Makes it the nearest multiple, the even one of two. Is that within the margin? What lies on it is read as the even number. */
static bool is_within(struct near *near, wide margin, bool even)
{
    wide up = near->unit - near->rest;
    bool upper = near->rest > up || (near->rest == up && near->quotient % 2 != 0);
    near->quotient += upper;
    return (upper ? up : near->rest) < margin + even;
}

/*
 * The same as shorten, for doubles from 1e-4 to 1e15, in exact integers. Such a value is m / 2^s, and 10^k, with 2 ≤ k < s, makes 17
 * digits of it: m × 5^k / 2^(s - k), where the product has less than 100 bits. Powers of two are none of its matters: those in this
 * range have few digits.
 */
static bool shorten_exactly(struct decimal *decimal, double value)
{
    int exponent;
    uint64_t m = (uint64_t)ldexp(frexp(value, &exponent), 53), fives = 1;
    decimal->exponent = value >= 1 ? (int)count_digits((uint64_t)value) - 1 :
                        value >= 0.1 ? -1 : value >= 0.01 ? -2 : value >= 0.001 ? -3 : -4;
    int k = SIGNIFICANT_MAX - 1 - decimal->exponent, shift = 53 - exponent - k;
    for (int i = 0; i < k; i++)
        fives *= 5;
    wide number = (wide)m * fives;
    uint64_t whole = (uint64_t)(number >> shift);
    wide fraction = 2 * (number & (((wide)1 << shift) - 1)); /* doubled, as the margin is half of the distance to the next number */
    for (uint64_t unit = 100; unit > 0; unit /= 10) {
        struct near near = { whole / unit, ((wide)(whole % unit) << (shift + 1)) + fraction, (wide)unit << (shift + 1) };
        if (!is_within(&near, fives, m % 2 == 0))
            continue;
        decimal->digits = (int)count_digits(near.quotient);
        if (near.quotient * unit >= 100000000000000000) /* 9.99… became 10 */
            decimal->exponent++;
        put_digits(decimal->digit, near.quotient, (size_t)decimal->digits);
        return true;
    }
    return false;
}
#else
static bool shorten_exactly(struct decimal *decimal, double value)
{
    (void)decimal;
    (void)value;
    return false;
}
#endif

static size_t put_exponent(char *to, int exponent)
{
    char *at = to;
    unsigned size = (unsigned)abs(exponent);
    *at++ = 'e';
    *at++ = exponent < 0 ? '-' : '+';
    size_t digits = size >= 100 ? 3 : 2;
    put_digits(at, size, digits);
    return 2 + digits;
}

/* d.ddde+XX, without a point where there is one digit. */
static size_t put_scientific(char *to, const struct decimal *decimal)
{
    size_t n = 0;
    to[n++] = decimal->digit[0];
    if (decimal->digits > 1) {
        to[n++] = '.';
        memcpy(to + n, decimal->digit + 1, (size_t)decimal->digits - 1);
        n += (size_t)decimal->digits - 1;
    }
    return n + put_exponent(to + n, decimal->exponent);
}

/* 0.0ddd, dd.dd or dd00.0; the exponent is from -4 to 16. */
static size_t put_positional(char *to, const struct decimal *decimal)
{
    size_t n = 0;
    int whole = decimal->exponent + 1; /* digits before the point */
    if (whole <= 0)
        to[n++] = '0';
    for (int i = 0; i < whole; i++)
        to[n++] = i < decimal->digits ? decimal->digit[i] : '0';
    to[n++] = '.';
    for (int i = whole; i < 0; i++)
        to[n++] = '0';
    for (int i = whole > 0 ? whole : 0; i < decimal->digits; i++)
        to[n++] = decimal->digit[i];
    if (whole >= decimal->digits)
        to[n++] = '0';
    return n;
}

static const double powers[] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15 };

/*
 * The short way for numbers that were typed or computed with few digits: m / 10^k, where m is below 10^15. Both are exact doubles
 * and a division is rounded correctly, so that the decimal reads back as value; no other of at most 15 digits does. 0: not such.
 */
static size_t put_short(char *to, double value)
{
    for (size_t k = 0; k < AR_COUNT(powers); k++) {
        double scaled = value * powers[k];
        if (scaled >= powers[EXACT_DIGITS])
            return 0;
        uint64_t whole = (uint64_t)(scaled + 0.5);
        if ((double)whole / powers[k] != value)
            continue;
        size_t fraction = k > 0 ? k : 1;
        if (k == 0)
            whole *= 10;
        size_t count = count_digits(whole);
        if (count <= fraction)
            count = fraction + 1;
        put_digits(to, whole, count);
        memmove(to + count - fraction + 1, to + count - fraction, fraction);
        to[count - fraction] = '.';
        return count + 1;
    }
    return 0;
}

static size_t put_text(char *to, const char *text)
{
    size_t n = strlen(text);
    memcpy(to, text, n);
    return n;
}

size_t ar_number_float(char *to, double value, enum ar_float_width width, bool large)
{
    if (isnan(value))
        return put_text(to, "nan");
    size_t sign = signbit(value) ? 1 : 0;
    if (sign > 0) {
        *to++ = '-';
        value = -value;
    }
    if (isinf(value))
        return sign + put_text(to, "inf");
    if (value == 0)
        return sign + put_text(to, "0.0");

    double limit = width == AR_FLOAT64 || large ? 1e16 : width == AR_FLOAT32 ? 1e6 : 1e3;
    bool positional = value >= 1e-4 && value < limit;
    if (positional && width == AR_FLOAT64) {
        size_t n = put_short(to, value);
        if (n > 0)
            return sign + n;
    }
    struct decimal decimal;
    if (width != AR_FLOAT64 || value < 1e-4 || value >= 1e15 || !shorten_exactly(&decimal, value))
        shorten(&decimal, value, width);
    while (decimal.digits > 1 && decimal.digit[decimal.digits - 1] == '0')
        decimal.digits--;
    return sign + (positional ? put_positional(to, &decimal) : put_scientific(to, &decimal));
}
