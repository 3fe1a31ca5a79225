/* A pass over JSON text before jansson's. */
#include "qa/json_text.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { ESCAPE_LENGTH = 6 /* \uXXXX */, PAIR_LENGTH = 12 /* of two surrogates */ };

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Passes digits; false: there are none. */
static bool pass_digits(const char **at, const char *end) {
    const char *first = *at;
    while (*at < end && is_digit(**at)) {
        (*at)++;
    }
    return *at > first;
}

static bool has_leading_zero(const char *at, const char *end) {
    return end - at > 1 && at[0] == '0' && is_digit(at[1]);
}

/* Passes the number that begins at `*at` (RFC 8259, 6). False where it is none: `*at` is then as
 * far as it was read, and no number begins before that, so every body is read once. `*is_real`
 * tells whether the number has a fraction or an exponent. */
static bool pass_number(const char **at, const char *end, bool *is_real) {
    *is_real = false;
    *at += *at < end && **at == '-';
    if (has_leading_zero(*at, end)) {
        (*at)++;
        return false;
    }
    if (!pass_digits(at, end)) {
        return false;
    }
    if (*at < end && **at == '.') {
        *is_real = true;
        (*at)++;
        if (!pass_digits(at, end)) {
            return false;
        }
    }
    if (*at < end && (**at == 'e' || **at == 'E')) {
        *is_real = true;
        (*at)++;
        *at += *at < end && (**at == '+' || **at == '-');
        return pass_digits(at, end);
    }
    return true;
}

/* The text is followed by a NUL, so that strtod() and strtoll() stop. */
static bool is_too_large(const char *number, bool is_real) {
    errno = 0;
    if (is_real) {
        return isinf(strtod(number, NULL));
    }
    (void)strtoll(number, NULL, 10);
    return errno == ERANGE;
}

/* Returns where the number, or what looks like one, ends. Its sign stays, or -- would become -. */
static char *soften_number(char *at, const char *end) {
    static const char large[] = "1e308"; /* no longer than what is too large */
    bool is_real;
    const char *after = at;
    bool is_number = pass_number(&after, end, &is_real);
    char *digits = at + (*at == '-');
    size_t length = (size_t)(after - digits);
    if (is_number && length >= sizeof large - 1 && is_too_large(at, is_real)) {
        memset(digits, ' ', length);
        memcpy(digits, large, sizeof large - 1);
    }
    return digits + length;
}

/* The code unit of the escape at `at`; -1 where there is none. */
static int escaped_unit(const char *at, const char *end) {
    if (end - at < ESCAPE_LENGTH || at[0] != '\\' || at[1] != 'u') {
        return -1;
    }
    int unit = 0;
    for (int i = 2; i < ESCAPE_LENGTH; i++) {
        unsigned char c = (unsigned char)at[i];
        if (!isxdigit(c)) {
            return -1;
        }
        unit = unit * 16 + (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return unit;
}

static bool is_high(int unit) {
    return unit >= 0xD800 && unit <= 0xDBFF;
}

static bool is_low(int unit) {
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

/* The quotation mark that closes the string whose text begins at `at`, or `end`. */
static const char *string_end(const char *at, const char *end) {
    while (at < end && *at != '"') {
        at += *at == '\\' && end - at > 1 ? 2 : 1;
    }
    return at;
}

static bool is_name(const char *closing, const char *end) {
    const char *at = closing + (closing < end);
    while (at < end && strchr(" \t\r\n", *at) && *at) {
        at++;
    }
    return at < end && *at == ':';
}

/* Returns the mark that closes the string. */
static char *soften_string(char *at, char *end) {
    char *closing = at + (string_end(at, end) - at);
    const char *replacement = is_name(closing, end) ? "\\ufffd" : "\\u0000";
    while (at < closing) {
        int unit = escaped_unit(at, closing);
        if (is_high(unit) && is_low(escaped_unit(at + ESCAPE_LENGTH, closing))) {
            at += PAIR_LENGTH;
            continue;
        }
        if (is_high(unit) || is_low(unit) || unit == 0) {
            memcpy(at, replacement, ESCAPE_LENGTH);
        }
        at += unit >= 0 ? ESCAPE_LENGTH : *at == '\\' ? 2 : 1;
    }
    return closing;
}

void json_text_soften(char *text, size_t length) {
    char *end = text + length;
    for (char *at = text; at < end;) {
        if (*at == '"') {
            at = soften_string(at + 1, end);
            at += at < end;
        } else if (*at == '-' || is_digit(*at)) {
            at = soften_number(at, end);
        } else {
            at++;
        }
    }
}
