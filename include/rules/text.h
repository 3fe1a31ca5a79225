/* Rules for text, by Unicode code point. All take valid UTF-8. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Code points in `length` bytes. */
size_t text_characters(const char *text, size_t length);

/* True when every character has Unicode's White_Space property; so also for empty text. */
bool text_is_blank(const char *text, size_t length);

/* True when some character has it. */
bool text_has_white_space(const char *text, size_t length);

/* True when some character is a control character (general category Cc). */
bool text_has_control(const char *text, size_t length);

/* Something on both sides of one `@`, no white space, at most 254 characters. */
bool text_is_email(const char *text, size_t length);

/* 1 to 2048 characters, neither white space nor control characters, and no scheme (RFC 3986, 3.1)
 * but http and https. A host with a port, `img.example:8080/1.jpg` or `localhost:8080/1.jpg`, is no
 * scheme. */
bool text_is_photo_url(const char *text, size_t length);
