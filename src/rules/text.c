/* Rules for text; libunistring knows UTF-8 and the properties of characters. */
#include "rules/text.h"

#include "rules/limits.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <unictype.h>
#include <unistr.h>

static const uint8_t *bytes_of(const char *text) {
    return (const uint8_t *)text;
}

bool text_is_utf8(const char *text, size_t length) {
    return u8_check(bytes_of(text), length) == NULL;
}

/* Whether some character has, or lacks, a property. */
static bool any(const char *text, size_t length, bool (*has)(ucs4_t), bool wanted) {
    for (size_t at = 0; at < length;) {
        ucs4_t character;
        at += (size_t)u8_mbtouc_unsafe(&character, bytes_of(text) + at, length - at);
        if (has(character) == wanted) {
            return true;
        }
    }
    return false;
}

/* A text has no more characters than bytes. */
static bool has_at_most(const char *text, size_t length, size_t characters) {
    return length <= characters || u8_mbsnlen(bytes_of(text), length) <= characters;
}

bool text_is_blank(const char *text, size_t length) {
    return !any(text, length, uc_is_property_white_space, false);
}

bool text_has_white_space(const char *text, size_t length) {
    return any(text, length, uc_is_property_white_space, true);
}

bool text_has_control(const char *text, size_t length) {
    return any(text, length, uc_is_property_iso_control, true);
}

bool text_is_filled(const char *text, size_t length, size_t most) {
    return has_at_most(text, length, most) && !text_is_blank(text, length);
}

static size_t count_words(const char *text, size_t length) {
    size_t words = 0;
    bool was_white = true;
    for (size_t at = 0; at < length;) {
        ucs4_t character;
        at += (size_t)u8_mbtouc_unsafe(&character, bytes_of(text) + at, length - at);
        bool is_white = uc_is_property_white_space(character);
        words += was_white && !is_white;
        was_white = is_white;
    }
    return words;
}

bool text_is_search(const char *text, size_t length) {
    return !memchr(text, '\0', length) && text_is_utf8(text, length) &&
           has_at_most(text, length, SEARCH_CHARACTERS_MAX) &&
           count_words(text, length) <= SEARCH_WORDS_MAX;
}

bool text_is_email(const char *text, size_t length) {
    const char *at = memchr(text, '@', length);
    size_t before = at ? (size_t)(at - text) : 0;
    return at && before > 0 && before + 1 < length && !memchr(at + 1, '@', length - before - 1) &&
           has_at_most(text, length, EMAIL_CHARACTERS_MAX) && !text_has_white_space(text, length);
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
    return length >= 1 && has_at_most(text, length, PHOTO_URL_CHARACTERS_MAX) &&
           !text_has_white_space(text, length) && !text_has_control(text, length) &&
           (scheme == 0 || (scheme == 4 && strncasecmp(text, "http", 4) == 0) ||
            (scheme == 5 && strncasecmp(text, "https", 5) == 0) ||
            is_host_with_port(text, scheme, length));
}
