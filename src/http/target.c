/* A request target taken apart: path, query, percent-encoding. */
#include "http/target.h"

#include <stdint.h>
#include <string.h>

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-decodes into `to`, which has room for as many bytes as the text. Returns the decoded
 * length, or SIZE_MAX for a malformed escape. */
static size_t percent_decode(char *to, struct http_text text, bool plus_is_blank) {
    size_t used = 0;
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (c == '%') {
            int high = text.length - i > 2 ? hex_digit(text.data[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(text.data[i + 2]) : -1;
            if (low < 0) {
                return SIZE_MAX;
            }
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus_is_blank) {
            c = ' ';
        }
        to[used++] = c;
    }
    return used;
}

static struct http_text start_of(struct http_text text, size_t length) {
    return (struct http_text){text.data, length};
}

/* Splits the path at its slashes, then decodes each segment: an escaped slash does not separate.
 * Returns how many bytes of the buffer it has used, at most as many as the path has. */
static size_t split_path(struct http_target *target, struct http_text path, char *buffer) {
    if (path.length > 1 && path.data[path.length - 1] == '/') {
        path.length--; /* one trailing slash */
    }
    size_t used = 0;
    while (path.length > 0 && *path.data == '/') {
        path = http_text_after(path, 1);
        if (target->segment_count == HTTP_SEGMENTS_MAX) {
            target->segment_count++;
            break;
        }
        struct http_text segment = start_of(path, http_text_until(path, '/'));
        path = http_text_after(path, segment.length);
        size_t decoded = percent_decode(buffer + used, segment, false);
        if (decoded != SIZE_MAX) {
            segment = (struct http_text){buffer + used, decoded};
            used += decoded;
        }
        target->segments[target->segment_count++] = segment;
    }
    return used;
}

void http_target_parse(struct http_target *target, struct http_text text, char *buffer) {
    const struct http_text path = start_of(text, http_text_until(text, '?'));
    target->segment_count = 0;
    target->query = http_text_after(text, path.length);
    target->query = http_text_after(target->query, target->query.length > 0); /* the `?` */
    target->scratch = buffer + split_path(target, path, buffer);
}

bool http_target_matches(const struct http_target *target, const char *pattern,
                         struct http_text *parameter) {
    *parameter = http_text_of("");
    if (target->segment_count > HTTP_SEGMENTS_MAX) {
        return false;
    }
    for (size_t i = 0; i < target->segment_count; i++) {
        const struct http_text segment = target->segments[i];
        if (*pattern != '/') {
            return false;
        }
        pattern++;
        size_t length = strcspn(pattern, "/");
        if (*pattern == ':') {
            if (segment.length == 0) {
                return false;
            }
            *parameter = segment;
        } else if (length != segment.length || memcmp(pattern, segment.data, length) != 0) {
            return false;
        }
        pattern += length;
    }
    return *pattern == '\0';
}

struct http_text http_target_take_pair(struct http_text *rest) {
    const struct http_text pair = start_of(*rest, http_text_until(*rest, '&'));
    *rest = http_text_after(*rest, pair.length);
    *rest = http_text_after(*rest, rest->length > 0); /* the `&` */
    return pair;
}

bool http_target_has_name(const struct http_target *target, struct http_text pair,
                          const char *name) {
    const struct http_text before = start_of(pair, http_text_until(pair, '='));
    const size_t length = strlen(name);
    size_t decoded = percent_decode(target->scratch, before, true);
    return decoded == length && memcmp(target->scratch, name, length) == 0;
}

enum http_query_result http_target_query(const struct http_target *target, const char *name,
                                         struct http_text *value) {
    struct http_text rest = target->query;
    while (rest.length > 0) {
        const struct http_text pair = http_target_take_pair(&rest);
        if (http_target_has_name(target, pair, name)) {
            *value = http_text_after(pair, http_text_until(pair, '='));
            *value = http_text_after(*value, value->length > 0); /* the `=` */
            value->length = percent_decode(target->scratch, *value, true);
            value->data = target->scratch;
            return value->length == SIZE_MAX ? HTTP_QUERY_MALFORMED : HTTP_QUERY_FOUND;
        }
    }
    return HTTP_QUERY_ABSENT;
}
