/*
 * Text with a length, as headers and targets come from libmicrohttpd and from NGINX. It may hold
 * U+0000, need not end with one, and is not owned.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct http_text {
    const char *data; /* NULL: there is none; its length then is 0 */
    size_t length;
};

/* `string` may be NULL. */
static inline struct http_text http_text_of(const char *string) {
    return (struct http_text){string, string ? strlen(string) : 0};
}

/* What is left without the first `count` bytes, of which it has at least as many. */
static inline struct http_text http_text_after(struct http_text text, size_t count) {
    return count == 0 ? text : (struct http_text){text.data + count, text.length - count};
}

/* How many bytes are before the first `end`, or all. */
static inline size_t http_text_until(struct http_text text, char end) {
    const char *found = text.length > 0 ? memchr(text.data, end, text.length) : NULL;
    return found ? (size_t)(found - text.data) : text.length;
}

/* How many bytes at the start are of `set`, or else none of it. U+0000 is in no set. */
static inline size_t http_text_span(struct http_text text, const char *set, bool is_in) {
    size_t length = 0;
    while (length < text.length && (text.data[length] && strchr(set, text.data[length])) == is_in) {
        length++;
    }
    return length;
}
