/* A short piece of text in a fixed buffer. */
#include "generate/snippet.h"

#include "ops/number.h"

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
    snippet_append_bytes(snippet, digits, number_format(digits, number));
}
