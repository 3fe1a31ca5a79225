/*
 * Valid JSON text that jansson refuses: numbers that no double or 64-bit integer holds, halves of
 * surrogate pairs, U+0000 in names. RFC 8259 allows all of them.
 */
#pragma once

#include <stddef.h>

/*
 * Replaces them in place, each by something as long that jansson takes and no field of ours: a
 * number by 1e308 and blanks, half a pair by U+0000, in a name by U+FFFD. All else stays, malformed
 * text too.
 */
void json_text_soften(char *text, size_t length);
