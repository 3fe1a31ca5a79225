/* Lists of words. */
#include "ops/words.h"

#include <string.h>

int words_find(const char *const *words, const char *text, size_t length) {
    for (int i = 0; words[i]; i++) {
        if (strlen(words[i]) == length && memcmp(words[i], text, length) == 0) {
            return i;
        }
    }
    return -1;
}

bool words_have(const char *const *words, const char *text) {
    return words_find(words, text, strlen(text)) >= 0;
}
