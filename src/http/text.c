/* Text with a length. */
#include "http/text.h"

#include <stdbool.h>
#include <string.h>

struct http_text http_text_of(const char *string) {
    return (struct http_text){string, string ? strlen(string) : 0};
}

struct http_text http_text_after(struct http_text text, size_t count) {
    return count == 0 ? text : (struct http_text){text.data + count, text.length - count};
}

size_t http_text_until(struct http_text text, char end) {
    const char *found = text.length > 0 ? memchr(text.data, end, text.length) : NULL;
    return found ? (size_t)(found - text.data) : text.length;
}

static size_t span(struct http_text text, const char *set, bool is_in) {
    size_t length = 0;
    while (length < text.length && (text.data[length] && strchr(set, text.data[length])) == is_in) {
        length++;
    }
    return length;
}

size_t http_text_span(struct http_text text, const char *set) {
    return span(text, set, true);
}

size_t http_text_span_not(struct http_text text, const char *set) {
    return span(text, set, false);
}
