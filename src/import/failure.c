/* The first reason why an import cannot go on. */
#include "import/failure.h"

#include <stdarg.h>
#include <stdio.h>

bool failure_set(struct failure *failure, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    if (failure->text[0] == '\0') {
        vsnprintf(failure->text, sizeof failure->text, format, arguments);
    }
    va_end(arguments);
    return false;
}
