/* Why something may be reported. */
#include "rules/reason.h"

#include <stddef.h>
#include <string.h>

static const char *const reasons[] = {"spam", "offensive", "personal-data", "wrong-product",
                                      "other"};

bool reason_is_known(const char *text) {
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        if (strcmp(text, reasons[i]) == 0) {
            return true;
        }
    }
    return false;
}
