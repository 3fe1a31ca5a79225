/* Accept-Encoding: whether gzip is welcome. */
#include "http/accept_encoding.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

/* True when the parameters of a coding say that it is not acceptable: a weight of zero. */
static bool weighs_nothing(const char *parameters, size_t length) {
    const char *weight = memchr(parameters, '=', length);
    if (!weight) {
        return false;
    }
    size_t digits = length - (size_t)(weight + 1 - parameters);
    return strspn(weight + 1, " \t0.") >= digits;
}

bool http_accepts_gzip(const char *accept_encoding) {
    const char *rest = accept_encoding ? accept_encoding : "";
    while (*(rest += strspn(rest, " \t,"))) {
        size_t length = strcspn(rest, ",");
        size_t name_length = strcspn(rest, " \t;,");
        if ((name_length == 4 && strncasecmp(rest, "gzip", 4) == 0) ||
            (name_length == 6 && strncasecmp(rest, "x-gzip", 6) == 0)) {
            return !weighs_nothing(rest + name_length, length - name_length);
        }
        rest += length;
    }
    return false;
}
