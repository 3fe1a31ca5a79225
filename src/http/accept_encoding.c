/* Accept-Encoding: whether gzip is welcome. */
#include "http/accept_encoding.h"

#include <string.h>
#include <strings.h>

/* True when the parameters of a coding say that it is not acceptable: a weight of zero. */
static bool weighs_nothing(struct http_text parameters) {
    size_t before = http_text_until(parameters, '=');
    if (before == parameters.length) {
        return false;
    }
    struct http_text weight = http_text_after(parameters, before + 1);
    return http_text_span(weight, " \t0.", true) == weight.length;
}

bool accept_encoding_has_gzip(struct http_text accept_encoding) {
    struct http_text rest = accept_encoding;
    if (rest.length > ACCEPT_ENCODING_MAX) {
        return false;
    }
    while (rest.length > 0) {
        rest = http_text_after(rest, http_text_span(rest, " \t,", true));
        const struct http_text coding = {rest.data, http_text_until(rest, ',')};
        size_t name_length = http_text_span(coding, " \t;", false);
        if ((name_length == 4 && strncasecmp(coding.data, "gzip", 4) == 0) ||
            (name_length == 6 && strncasecmp(coding.data, "x-gzip", 6) == 0)) {
            return !weighs_nothing(http_text_after(coding, name_length));
        }
        rest = http_text_after(rest, coding.length);
    }
    return false;
}
