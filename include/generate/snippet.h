/* A short piece of text in a fixed buffer: no allocation, no terminating NUL. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { SNIPPET_CAPACITY = 1024 }; /* bytes; more than any template of the vocabulary can grow to */

struct snippet {
    size_t length;
    char bytes[SNIPPET_CAPACITY];
};

/* Appends; the caller sees to it that everything fits (asserted). */
void snippet_append(struct snippet *snippet, const char *string);
void snippet_append_bytes(struct snippet *snippet, const char *bytes, size_t length);
void snippet_append_number(struct snippet *snippet, uint64_t number);
