/* One line of text that says what is wrong, for whoever can show it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Formats it; false, for the caller to return. */
__attribute__((format(printf, 3, 4))) bool error_text(char *error, size_t size, const char *format,
                                                      ...);
