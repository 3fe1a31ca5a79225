/* Rules for text, by Unicode code point. */
#include "rules/text.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

/* The code point at text[*at], which moves past it. */
static uint32_t next_character(const char *text, size_t length, size_t *at) {
    unsigned char first = (unsigned char)text[(*at)++];
    if (first < 0x80) {
        return first;
    }
    int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
    uint32_t character = first & (0x3FU >> more);
    for (; more > 0 && *at < length; more--) {
        character = character << 6 | ((unsigned char)text[(*at)++] & 0x3FU);
    }
    return character;
}

/* Unicode 15, PropList.txt, White_Space. The database's twin is white_space() in
 * sql/migrations/0001_questions_and_answers.sql. */
static bool is_white_space(uint32_t c) {
    return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
           c == 0x205F || c == 0x3000;
}

static bool is_control(uint32_t c) {
    return c < 0x20 || (c >= 0x7F && c <= 0x9F);
}

static bool any(const char *text, size_t length, bool (*is)(uint32_t), bool wanted) {
    for (size_t at = 0; at < length;) {
        if (is(next_character(text, length, &at)) == wanted) {
            return true;
        }
    }
    return false;
}

size_t text_characters(const char *text, size_t length) {
    size_t count = 0;
    for (size_t i = 0; i < length; i++) {
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    }
    return count;
}

bool text_is_blank(const char *text, size_t length) {
    return !any(text, length, is_white_space, false);
}

bool text_has_white_space(const char *text, size_t length) {
    return any(text, length, is_white_space, true);
}

bool text_has_control(const char *text, size_t length) {
    return any(text, length, is_control, true);
}

bool text_is_email(const char *text, size_t length) {
    const char *at = memchr(text, '@', length);
    size_t before = at ? (size_t)(at - text) : 0;
    return at && before > 0 && before + 1 < length && !memchr(at + 1, '@', length - before - 1) &&
           text_characters(text, length) <= 254 && !text_has_white_space(text, length);
}

/* Bytes of the scheme that a URL reference begins with, 0 when it has none. */
static size_t scheme_length(const char *text, size_t length) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (size_t i = 0; i < length; i++) {
        bool is_letter = text[i] != '\0' && strchr(letters, text[i]);
        if (text[i] == ':') {
            return i;
        }
        if (!is_letter && (i == 0 || text[i] == '\0' || !strchr("0123456789+-.", text[i]))) {
            return 0;
        }
    }
    return 0;
}

/* Whether a host, and not a scheme, is before the colon: a name with a point, or localhost, and
 * then a port. Without the point `javascript:1/x` would be one. The database's twin is in
 * sql/migrations/0010_hosts_with_ports.sql. */
static bool is_host_with_port(const char *text, size_t host, size_t length) {
    static const char local[] = "localhost";
    bool is_name = (memchr(text, '.', host) && !memchr(text, '+', host)) ||
                   (host == sizeof local - 1 && strncasecmp(text, local, host) == 0);
    size_t end = host + 1;
    while (end < length && text[end] >= '0' && text[end] <= '9') {
        end++;
    }
    size_t digits = end - host - 1;
    return is_name && digits >= 1 && digits <= 5 && (end == length || strchr("/?#", text[end]));
}

bool text_is_photo_url(const char *text, size_t length) {
    size_t scheme = scheme_length(text, length);
    size_t characters = text_characters(text, length);
    return characters >= 1 && characters <= 2048 && !text_has_white_space(text, length) &&
           !text_has_control(text, length) &&
           (scheme == 0 || (scheme == 4 && strncasecmp(text, "http", 4) == 0) ||
            (scheme == 5 && strncasecmp(text, "https", 5) == 0) ||
            is_host_with_port(text, scheme, length));
}
