/* SPDX-License-Identifier: MIT */
/*
 * Reading: up to 19 digits with a power of ten up to 27 are one division or multiplication of integers, rounded once; all else is
 * left to strtod. Writing: the fewest of up to 17 digits that read back (David Gay's mode 0 gives the same digits).
 */
#include "codecs/real.h"

#include <float.h>
#include <locale.h>
#include <math.h>

#include "codecs/decimal.h"

enum {
    DIGITS_MAX = 19,   /* fit into 64 bits */
    POWER_MAX = 27,    /* 5^27 fits into 63 bits */
    POWER_EXACT = 22,  /* 10^22 is a double */
    EXPONENT_MAX = 100000,
};

#define MANTISSA_EXACT (UINT64_C(1) << 53)

/* ---- reading -------------------------------------------------------------------------------------------------------- */

/* ±digits × 10^exponent; more digits than fit are not in digits. */
struct scanned {
    uint64_t digits;
    int significant; /* digits without leading zeros */
    int exponent;
    bool negative;
};

static inline bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

static inline const char *scan_digits(const char *text, const char *end, struct scanned *s)
{
    for (; text < end && is_digit(*text); text++) {
        if (s->significant < DIGITS_MAX)
            s->digits = s->digits * 10 + (uint64_t)(*text - '0');
        s->significant += s->significant > 0 || *text != '0';
    }
    return text;
}

/* Reads the digits of an exponent, with its sign. NULL where there are none. */
static const char *scan_exponent(const char *text, const char *end, int *exponent)
{
    bool negative = text < end && *text == '-';
    text += text < end && (*text == '-' || *text == '+');
    if (text == end || !is_digit(*text))
        return NULL;
    int value = 0;
    for (; text < end && is_digit(*text); text++)
        if (value < EXPONENT_MAX)
            value = value * 10 + (*text - '0');
    *exponent += negative ? -value : value;
    return text;
}

/* False where the text is no number in digits. */
__attribute__((always_inline)) static inline bool scan(const char *text, const char *end, struct scanned *s)
{
    *s = (struct scanned){ .negative = text < end && *text == '-' };
    text += text < end && (*text == '-' || *text == '+');
    const char *start = text;
    text = scan_digits(text, end, s);
    size_t digits = (size_t)(text - start);
    if (text < end && *text == '.') {
        const char *fraction = ++text;
        text = scan_digits(text, end, s);
        digits += (size_t)(text - fraction);
        s->exponent = (int)(fraction - text); /* only where there are few digits does it count */
    }
    if (digits == 0)
        return false;
    if (text < end && (*text == 'e' || *text == 'E')) {
        text = scan_exponent(text + 1, end, &s->exponent);
        if (!text)
            return false;
    }
    return text == end;
}

static bool parse_word(const char *text, size_t n, double *value)
{
    size_t sign = n > 0 && (*text == '-' || *text == '+');
    const char *word = text + sign;
    size_t len = n - sign;
    if ((len == 3 && strncasecmp(word, "inf", 3) == 0) || (len == 8 && strncasecmp(word, "infinity", 8) == 0))
        *value = *text == '-' ? -INFINITY : INFINITY;
    else if (len == 3 && strncasecmp(word, "nan", 3) == 0)
        *value = NAN;
    else
        return false;
    return true;
}

/* What strtod makes of it in the C locale. */
static bool parse_slowly(const char *text, size_t n, double *value)
{
    char small[128], *copy = n < sizeof small ? small : malloc(n + 1);
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    bool good = copy && c;
    if (good) {
        memcpy(copy, text, n);
        copy[n] = '\0';
        *value = strtod_l(copy, NULL, c);
    }
    if (c)
        freelocale(c);
    if (copy != small)
        free(copy);
    return good;
}

#ifdef __SIZEOF_INT128__
typedef unsigned __int128 wide;

static const uint64_t power_of_5[POWER_MAX + 1] = {
    UINT64_C(1), UINT64_C(5), UINT64_C(25), UINT64_C(125), UINT64_C(625), UINT64_C(3125), UINT64_C(15625), UINT64_C(78125),
    UINT64_C(390625), UINT64_C(1953125), UINT64_C(9765625), UINT64_C(48828125), UINT64_C(244140625), UINT64_C(1220703125),
    UINT64_C(6103515625), UINT64_C(30517578125), UINT64_C(152587890625), UINT64_C(762939453125), UINT64_C(3814697265625),
    UINT64_C(19073486328125), UINT64_C(95367431640625), UINT64_C(476837158203125), UINT64_C(2384185791015625),
    UINT64_C(11920928955078125), UINT64_C(59604644775390625), UINT64_C(298023223876953125), UINT64_C(1490116119384765625),
    UINT64_C(7450580596923828125),
};

/* bits × 2^exponent, and a little more where sticky, as the nearest double; well within its range. bits is not 0. */
static double round_to_double(uint64_t bits, bool sticky, int exponent)
{
    int zeros = __builtin_clzll(bits);
    bits <<= zeros;
    exponent += 11 - zeros;
    uint64_t mantissa = bits >> 11, rest = bits & 0x7ff;
    if (rest > 0x400 || (rest == 0x400 && (sticky || (mantissa & 1))))
        mantissa++;
    if (mantissa == MANTISSA_EXACT) {
        mantissa >>= 1;
        exponent++;
    }
    uint64_t raw = (uint64_t)(exponent + 52 + 1023) << 52 | (mantissa & (MANTISSA_EXACT / 2 - 1));
    double value;
    memcpy(&value, &raw, sizeof value);
    return value;
}

/* digits / 10^power, digits not 0. */
static double divided(uint64_t digits, int power)
{
    uint64_t divisor = power_of_5[power];
    int up = __builtin_clzll(digits), divisor_up = __builtin_clzll(divisor);
    divisor <<= divisor_up;
    wide dividend = (wide)(digits << up) << 63;
    uint64_t quotient = (uint64_t)(dividend / divisor); /* at least 2^62 */
    bool sticky = (wide)quotient * divisor != dividend;
    return round_to_double(quotient, sticky, divisor_up - up - power - 63);
}

/* digits × 10^power, digits not 0. */
static double multiplied(uint64_t digits, int power)
{
    wide product = (wide)digits * power_of_5[power];
    uint64_t high = (uint64_t)(product >> 64), low = (uint64_t)product;
    if (high == 0)
        return round_to_double(low, false, power);
    int up = __builtin_clzll(high);
    uint64_t bits = up ? high << up | low >> (64 - up) : high;
    return round_to_double(bits, (up ? low << up : low) != 0, power + 64 - up);
}
#endif

static const double power_of_10[POWER_EXACT + 1] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                                     1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };

/* Is it one operation whose result is rounded once? Then *value is it, without the sign. */
static inline bool parse_exactly(const struct scanned *s, double *value)
{
    int power = s->exponent < 0 ? -s->exponent : s->exponent;
    if (s->significant > DIGITS_MAX)
        return false;
#if FLT_EVAL_METHOD == 0
    if (s->digits <= MANTISSA_EXACT && power <= POWER_EXACT) {
        double digits = (double)s->digits;
        *value = s->exponent < 0 ? digits / power_of_10[power] : digits * power_of_10[power];
        return true;
    }
#endif
    if (s->digits == 0) {
        *value = 0;
        return true;
    }
#ifdef __SIZEOF_INT128__
    if (power <= POWER_MAX) {
        *value = s->exponent < 0 ? divided(s->digits, power) : multiplied(s->digits, power);
        return true;
    }
#endif
    return false;
}

bool ar_real_parse(const char *text, size_t n, double *value)
{
    struct scanned s;
    if (AR_UNLIKELY(n > INT32_MAX / 2 || !scan(text, text + n, &s)))
        return parse_word(text, n, value);
    if (AR_UNLIKELY(!parse_exactly(&s, value)))
        return parse_slowly(text, n, value);
    if (s.negative)
        *value = -*value;
    return true;
}

bool ar_integer_parse(const char *text, size_t n, int64_t *value)
{
    struct scanned s;
    if (n > INT32_MAX / 2 || !scan(text, text + n, &s))
        return false;
    int exponent = s.exponent;
    uint64_t digits = s.digits;
    if (s.significant > DIGITS_MAX) {
        /* Zeros behind the point are no digits that count; the rest is beyond 64 bits, or not whole. */
        const char *point = memchr(text, '.', n);
        size_t end = n;
        if (!point || memchr(text, 'e', n) || memchr(text, 'E', n))
            return false;
        while (end > (size_t)(point - text) && text[end - 1] == '0')
            end--;
        return end < n && ar_integer_parse(text, end, value);
    }
    for (; exponent < 0 && digits != 0; exponent++) {
        if (digits % 10 != 0)
            return false;
        digits /= 10;
    }
    for (; exponent > 0 && digits != 0; exponent--)
        if (__builtin_mul_overflow(digits, 10, &digits))
            return false;
    if (digits > (uint64_t)INT64_MAX + s.negative)
        return false;
    *value = s.negative ? (int64_t)(0 - digits) : (int64_t)digits;
    return true;
}

/* ---- writing -------------------------------------------------------------------------------------------------------- */

/* The digits of a number rounded to so many of them, without a point, and its decimal exponent. */
static int digits_of(double value, int count, char digits[32])
{
    char text[64];
    snprintf(text, sizeof text, "%.*e", count - 1, value); /* the point may be another character here */
    int n = 0;
    const char *at = text;
    for (; *at && *at != 'e'; at++)
        if (is_digit(*at))
            digits[n++] = *at;
    digits[n] = '\0';
    return (int)strtol(at + 1, NULL, 10);
}

static bool reads_back(const char *digits, int exponent, double value)
{
    char text[64];
    double again;
    int n = snprintf(text, sizeof text, "%se%d", digits, exponent - (int)strlen(digits) + 1);
    return ar_real_parse(text, (size_t)n, &again) && again == value;
}

/* The next larger number with so many digits. */
static void next_digits(char *digits, int *exponent)
{
    size_t i = strlen(digits);
    while (i > 0 && digits[i - 1] == '9')
        digits[--i] = '0';
    if (i > 0) {
        digits[i - 1]++;
    } else {
        digits[0] = '1';
        ++*exponent;
    }
}

/*
 * The fewest digits that read back, of several the nearest. Below a power of two doubles are twice as dense as above it: a number
 * above it may read back where the nearest, below, does not.
 */
static int shortest_digits(double value, char digits[32])
{
    int unused;
    bool power = frexp(value, &unused) == 0.5;
    for (int count = value < DBL_MIN ? 1 : DBL_DIG; count < DBL_DECIMAL_DIG; count++) {
        int exponent = digits_of(value, count, digits);
        if (reads_back(digits, exponent, value))
            return exponent;
        if (power) {
            next_digits(digits, &exponent);
            if (reads_back(digits, exponent, value))
                return exponent;
        }
    }
    return digits_of(value, DBL_DECIMAL_DIG, digits);
}

/* Fixed from 1e-4 to 1e16, else with an exponent: Python's float_repr_style "short". */
static size_t lay_out(char *text, const char *digits, int exponent)
{
    int n = (int)strlen(digits);
    if (exponent < -4 || exponent >= 16)
        return (size_t)snprintf(text, AR_REAL_TEXT, "%c%s%se%c%02d", digits[0], n > 1 ? "." : "", digits + 1, exponent < 0 ? '-' : '+',
                                exponent < 0 ? -exponent : exponent);
    if (exponent < 0)
        return (size_t)snprintf(text, AR_REAL_TEXT, "0.%.*s%s", -exponent - 1, "000", digits);
    if (n <= exponent + 1)
        return (size_t)snprintf(text, AR_REAL_TEXT, "%s%.*s.0", digits, exponent + 1 - n, "0000000000000000");
    return (size_t)snprintf(text, AR_REAL_TEXT, "%.*s.%s", exponent + 1, digits, digits + exponent + 1);
}

size_t ar_real_write(char text[AR_REAL_TEXT], double value)
{
    char digits[32] = "0";
    int exponent = 0;
    size_t sign = signbit(value) ? 1 : 0;
    text[0] = '-';
    value = fabs(value);
    if (value != 0)
        exponent = shortest_digits(value, digits);
    size_t n = strlen(digits);
    while (n > 1 && digits[n - 1] == '0')
        n--;
    digits[n] = '\0';
    return sign + lay_out(text + sign, digits, exponent);
}
