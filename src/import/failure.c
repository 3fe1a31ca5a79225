/* The first reason why an import cannot go on. */
#include "import/failure.h"

#include <stdarg.h>
#include <stdio.h>

bool fail(struct failure *failure, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    if (failure->text[0] == '\0') {
        /* A false alarm of clang-tidy 14, which it raises only when it is given several files.
         * NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
        vsnprintf(failure->text, sizeof failure->text, format, arguments);
    }
    va_end(arguments);
    return false;
}
