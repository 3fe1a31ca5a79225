/* Decimal integers as text: ASCII digits, no sign, no blanks. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NUMBER_DIGITS = 20 }; /* the most that a 64-bit number has */

/* True, and *number set, when all of the text is digits of a number from `least` to `most`. */
__attribute__((warn_unused_result)) bool
number_parse(const char *text, size_t length, uint64_t least, uint64_t most, uint64_t *number);

/* Writes the digits to `out` (room for NUMBER_DIGITS), without a NUL; returns how many. */
size_t number_format(char *out, uint64_t number);
