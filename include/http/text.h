/*
 * Text with a length, as headers and targets are given to both libmicrohttpd's side and NGINX's.
 * It may hold U+0000, need not end with one, and is not owned.
 */
#pragma once

#include <stddef.h>

struct http_text {
    const char *data; /* NULL: there is none; its length then is 0 */
    size_t length;
};

/* `string` may be NULL. */
struct http_text http_text_of(const char *string);

/* What is left without the first `count` bytes, of which it has at least as many. */
struct http_text http_text_after(struct http_text text, size_t count);

/* How many bytes are before the first `end`, or all. */
size_t http_text_until(struct http_text text, char end);

/* How many bytes at the start are of `set`, or none of it. U+0000 is in no set. */
size_t http_text_span(struct http_text text, const char *set);
size_t http_text_span_not(struct http_text text, const char *set);
