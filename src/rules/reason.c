/* Why something may be reported. */
#include "rules/reason.h"

#include "ops/words.h"

#include <stddef.h>

const char *const reason_words[] = {"spam",          "offensive", "personal-data",
                                    "wrong-product", "other",     NULL};

bool reason_is_known(const char *text) {
    return words_have(reason_words, text);
}
