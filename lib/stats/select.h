/* SPDX-License-Identifier: MIT */
/*
 * The k-th smallest of n values in linear time.
 */
#ifndef AR_STATS_SELECT_H
#define AR_STATS_SELECT_H

#include <stddef.h>

#define AR_SELECT_PATIENCE 4

/*
 * Moves the values so that the k-th smallest, counted from 0, stands at x[k], none before it is greater, and none behind it
 * is smaller. No value is NaN; k < n.
 *
 * Divides by a pivot again and again (C. A. R. Hoare, Algorithm 65: Find, Communications of the ACM 4 (1961) 321-322,
 * doi:10.1145/366622.366647): the median of three or nine of the values. When that has left more than three quarters of the
 * values "patience" times, the pivots are medians of medians of five from then on, which leave about seven tenths at most (M.
 * Blum and others, Time bounds for selection, Journal of Computer and System Sciences 7 (1973) 448-461,
 * doi:10.1016/S0022-0000(73)80033-9).
 *
 * Returns how many values were looked at in all its steps: at most in proportion to n.
 */
size_t ar_select(double *x, size_t n, size_t k, unsigned patience);

#endif
