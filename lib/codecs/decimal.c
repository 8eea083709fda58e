/* SPDX-License-Identifier: MIT */
#include "codecs/decimal.h"

#define EXPONENT_MAX 1000000000000000 /* 10^15 */
#define INTEGER_DIGITS 18             /* so many fit in an int64_t */

/* 0.d1d2d3… × 10^magnitude, d1 and the last digit not 0; the digits stand in the text, perhaps with a point among them. */
struct decimal {
    int sign; /* -1, 0, 1; the rest counts where it is not 0 */
    const char *digit;
    const char *end;
    int64_t digits; /* without the point */
    int64_t magnitude;
};

static int64_t parse_exponent(const char *text, const char *end)
{
    bool negative = text < end && *text == '-';
    int64_t exponent = 0;
    for (; text < end; text++)
        if (*text >= '0' && *text <= '9' && exponent < EXPONENT_MAX)
            exponent = exponent * 10 + (*text - '0');
    if (exponent > EXPONENT_MAX)
        exponent = EXPONENT_MAX;
    return negative ? -exponent : exponent;
}

static struct decimal parse(const char *text, size_t n)
{
    const char *end = text + n;
    const char *mantissa_end = text;
    while (mantissa_end < end && *mantissa_end != 'e' && *mantissa_end != 'E')
        mantissa_end++;
    const char *point = memchr(text, '.', (size_t)(mantissa_end - text));

    struct decimal number = { .digit = text, .end = mantissa_end };
    while (number.digit < number.end && (*number.digit < '1' || *number.digit > '9'))
        number.digit++;
    while (number.end > number.digit && (number.end[-1] < '1' || number.end[-1] > '9'))
        number.end--;
    if (number.digit == number.end)
        return number;
    bool point_inside = point && point > number.digit && point < number.end;
    number.sign = *text == '-' ? -1 : 1;
    number.digits = number.end - number.digit - point_inside;
    number.magnitude = (point ? point : mantissa_end) - number.digit;
    if (point && point < number.digit)
        number.magnitude++; /* the point itself is no digit */
    if (mantissa_end < end)
        number.magnitude += parse_exponent(mantissa_end + 1, end);
    return number;
}

/* The next digit and one further; '0' behind the last. */
static char next_digit(struct decimal *number)
{
    if (number->digit < number->end && *number->digit == '.')
        number->digit++;
    return number->digit < number->end ? *number->digit++ : '0';
}

int ar_decimal_compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
    struct decimal x = parse(a, a_len), y = parse(b, b_len);
    if (x.sign != y.sign)
        return x.sign < y.sign ? -1 : 1;
    if (x.sign == 0)
        return 0;
    if (x.magnitude != y.magnitude)
        return x.magnitude < y.magnitude ? -x.sign : x.sign;
    int64_t digits = x.digits > y.digits ? x.digits : y.digits;
    for (int64_t i = 0; i < digits; i++) {
        char p = next_digit(&x), q = next_digit(&y);
        if (p != q)
            return p < q ? -x.sign : x.sign;
    }
    return 0;
}

bool ar_decimal_is_integer(const char *text, size_t n)
{
    struct decimal number = parse(text, n);
    return number.sign == 0 || number.magnitude >= number.digits;
}

bool ar_decimal_to_integer(const char *text, size_t n, int64_t *value)
{
    struct decimal number = parse(text, n);
    *value = 0;
    if (number.sign == 0)
        return true;
    if (number.magnitude < number.digits || number.magnitude > INTEGER_DIGITS)
        return false;
    for (int64_t i = 0; i < number.magnitude; i++)
        *value = *value * 10 + (next_digit(&number) - '0');
    *value *= number.sign;
    return true;
}
