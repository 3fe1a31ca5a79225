/* Why an import cannot go on: one line, told once, at the end. */
#pragma once

#include <stdbool.h>

struct failure {
    char text[512]; /* empty while all is well */
};

/* Notes the reason, unless there is one already. Always false. */
__attribute__((format(printf, 2, 3))) bool failure_set(struct failure *failure, const char *format,
                                                       ...);
