/* SPDX-License-Identifier: MIT */
#include "stats/select.h"

#define SMALL 16  /* so few values are sorted */
#define GROUP 5   /* values whose medians' median is a pivot */
#define LARGE 200 /* of so many the pivot is the median of nine, of less that of three */

static void swap(double *a, double *b)
{
    double value = *a;
    *a = *b;
    *b = value;
}

static void sort_few(double *x, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        double value = x[i];
        size_t j = i;
        for (; j > 0 && value < x[j - 1]; j--)
            x[j] = x[j - 1];
        x[j] = value;
    }
}

static double median_of_three(double a, double b, double c)
{
    if (a < b)
        return b < c ? b : a < c ? c : a;
    return a < c ? a : b < c ? c : b;
}

static double quick_pivot(const double *x, size_t n)
{
    if (n < LARGE)
        return median_of_three(x[0], x[n / 2], x[n - 1]);
    size_t step = n / 9;
    double three[3];
    for (size_t i = 0; i < 3; i++)
        three[i] = median_of_three(x[3 * i * step], x[(3 * i + 1) * step], x[(3 * i + 2) * step]);
    return median_of_three(three[0], three[1], three[2]);
}

/* Adds what it looked at to *looked. */
static double sure_pivot(double *x, size_t n, size_t *looked)
{
    size_t groups = n / GROUP;
    for (size_t i = 0; i < groups; i++) {
        sort_few(x + i * GROUP, GROUP);
        swap(x + i, x + i * GROUP + GROUP / 2);
    }
    *looked += n + ar_select(x, groups, groups / 2, 0);
    return x[groups / 2];
}

/*
 * Divides: x[0 … first - 1] are not greater than the pivot, x[second … n - 1] not smaller, and where there is one in between, it
 * equals the pivot. Values that equal the pivot go to both sides, so that many equal ones are no bad case. The pivot is one of
 * the values: neither scan runs out of the array.
 */
static void divide(double *x, size_t n, double pivot, size_t *first, size_t *second)
{
    size_t i = 0;
    size_t j = n - 1;
    for (;;) {
        while (x[i] < pivot)
            i++;
        while (pivot < x[j])
            j--;
        if (i >= j)
            break;
        swap(x + i++, x + j--);
    }
    *first = i == j ? i : j + 1;
    *second = i == j ? i + 1 : i;
}

size_t ar_select(double *x, size_t n, size_t k, unsigned patience)
{
    size_t looked = 0;
    while (n > SMALL) {
        size_t first;
        size_t second;
        size_t before = n;
        double pivot = patience > 0 ? quick_pivot(x, n) : sure_pivot(x, n, &looked);
        divide(x, n, pivot, &first, &second);
        looked += n;
        if (k < first) {
            n = first;
        } else if (k >= second) {
            x += second;
            k -= second;
            n -= second;
        } else {
            return looked;
        }
        if (patience > 0 && n > before - before / 4)
            patience--;
    }
    sort_few(x, n);
    return looked + n;
}
