/* A short piece of text in a fixed buffer. */
#include "data/snippet.h"

#include <assert.h>
#include <string.h>

void snippet_append_bytes(struct snippet *snippet, const char *bytes, size_t length) {
    assert(length <= SNIPPET_CAPACITY - snippet->length);
    memcpy(snippet->bytes + snippet->length, bytes, length);
    snippet->length += length;
}

void snippet_append(struct snippet *snippet, const char *string) {
    snippet_append_bytes(snippet, string, strlen(string));
}

void snippet_append_number(struct snippet *snippet, uint64_t number) {
    char digits[NUMBER_DIGITS];
    snippet_append_bytes(snippet, digits, format_number(digits, number));
}

size_t format_number(char *out, uint64_t number) {
    char reversed[NUMBER_DIGITS];
    size_t count = 0;
    do {
        reversed[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    for (size_t i = 0; i < count; i++) {
        out[i] = reversed[count - 1 - i];
    }
    return count;
}
