/* SPDX-License-Identifier: MIT */
/*
 * Arrays that grow by doubling.
 */
#ifndef AR_BYTES_GROW_H
#define AR_BYTES_GROW_H

#include "bytes/base.h"

/*
 * Doubles the room of an array with memory for *room items of size bytes (of one without any, to 16). array: the address of the pointer to
 * the first item, which moves. False where memory ran out: all is then as it was.
 */
bool ar_grow(void *array, size_t *room, size_t size) AR_MUST_USE;

#endif
