/* One line of text that says what is wrong. */
#include "ops/error_text.h"

#include <stdarg.h>
#include <stdio.h>

bool error_text(char *error, size_t size, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error, size, format, arguments);
    va_end(arguments);
    return false;
}
