/* Prefer: preferences, separated by commas. */
#include "http/prefer.h"

#include <string.h>
#include <strings.h>

static struct http_text trimmed(struct http_text text) {
    text = http_text_after(text, http_text_span(text, " \t", true));
    while (text.length > 0 && strchr(" \t", text.data[text.length - 1])) {
        text.length--;
    }
    return text;
}

static struct http_text unquoted(struct http_text text) {
    bool is_quoted = text.length >= 2 && text.data[0] == '"' && text.data[text.length - 1] == '"';
    return is_quoted ? (struct http_text){text.data + 1, text.length - 2} : text;
}

/* Up to the first `end` that is not in a quoted string. */
static struct http_text take_until(struct http_text *rest, char end) {
    size_t length = 0;
    bool is_quoted = false;
    while (length < rest->length && (is_quoted || rest->data[length] != end)) {
        is_quoted ^= rest->data[length] == '"';
        length++;
    }
    const struct http_text taken = {rest->data, length};
    *rest = http_text_after(*rest, length);
    *rest = http_text_after(*rest, rest->length > 0);
    return taken;
}

bool prefer_has(struct http_text prefer, const char *name, const char *wanted) {
    const size_t name_length = strlen(name), wanted_length = strlen(wanted);
    struct http_text rest = prefer;
    while (rest.length > 0 && prefer.length <= PREFER_MAX) {
        struct http_text preference = take_until(&rest, ',');
        struct http_text value = take_until(&preference, ';'); /* without its parameters */
        const struct http_text its_name = trimmed(take_until(&value, '='));
        if (its_name.length == name_length && strncasecmp(its_name.data, name, name_length) == 0) {
            value = unquoted(trimmed(value));
            return value.length == wanted_length && memcmp(value.data, wanted, wanted_length) == 0;
        }
    }
    return false;
}
