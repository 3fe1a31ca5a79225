/* What a text may be. All but text_is_utf8() take valid UTF-8. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* True for UTF-8 as PostgreSQL accepts it: no surrogate, nothing past U+10FFFF, no longer form than
 * needed. U+0000 is UTF-8 too. */
__attribute__((warn_unused_result)) bool text_is_utf8(const char *text, size_t length);

/* True when every character has Unicode's White_Space property; so also for empty text. */
bool text_is_blank(const char *text, size_t length);

/* True when some character has it. */
bool text_has_white_space(const char *text, size_t length);

/* True when some character is a control character (general category Cc). */
bool text_has_control(const char *text, size_t length);

/* What can be searched for: UTF-8 without U+0000, at most SEARCH_CHARACTERS_MAX characters, at most
 * SEARCH_WORDS_MAX words; white space separates them. */
bool text_is_search(const char *text, size_t length);

/* At most `most` characters, and not all of them white space. */
bool text_is_filled(const char *text, size_t length, size_t most);

/* Something on both sides of one `@`, no white space, at most EMAIL_CHARACTERS_MAX characters. */
bool text_is_email(const char *text, size_t length);

/* 1 to PHOTO_URL_CHARACTERS_MAX characters, neither white space nor control characters, and no
 * scheme (RFC 3986, 3.1) but http and https. A host with a port, `img.example:8080/1.jpg` or
 * `localhost:8080/1.jpg`, is no scheme. */
bool text_is_photo_url(const char *text, size_t length);
