/* Why something may be reported. */
#include "rules/reason.h"

#include <stddef.h>
#include <string.h>

const char *const reason_words[] = {"spam",          "offensive", "personal-data",
                                    "wrong-product", "other",     NULL};

bool reason_is_known(const char *text) {
    for (size_t i = 0; reason_words[i]; i++) {
        if (strcmp(text, reason_words[i]) == 0) {
            return true;
        }
    }
    return false;
}
