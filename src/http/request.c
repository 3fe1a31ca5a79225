/* A request as a handler sees it: target, query, headers, body. */
#include "http/request.h"

#include "ops/memory.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-decodes `length` bytes into `to`, with a NUL after them. Returns the decoded length, or
 * SIZE_MAX for a malformed escape. */
static size_t percent_decode(char *to, const char *from, size_t length, bool plus_is_blank) {
    size_t used = 0;
    for (size_t i = 0; i < length; i++) {
        char c = from[i];
        if (c == '%') {
            int high = i + 2 < length ? hex_digit(from[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(from[i + 2]) : -1;
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
    to[used] = '\0';
    return used;
}

/* Splits the path at its slashes, then decodes each segment in place: an escaped slash does not
 * separate. A segment that cannot be decoded stays as it came. */
static void split_path(struct http_request *request, char *path, size_t length) {
    if (length > 1 && path[length - 1] == '/') {
        length--; /* one trailing slash */
    }
    path[length] = '\0';
    if (*path != '/') {
        return; /* asterisk-form and the like: no path of ours */
    }
    char *rest = path + 1;
    for (char *segment; (segment = strsep(&rest, "/"));) {
        if (request->segment_count == HTTP_SEGMENTS_MAX) {
            request->segment_count++;
            return;
        }
        size_t segment_length = strlen(segment);
        size_t decoded = percent_decode(request->scratch, segment, segment_length, false);
        if (decoded == SIZE_MAX) {
            decoded = segment_length;
        } else {
            memcpy(segment, request->scratch, decoded + 1);
        }
        request->segments[request->segment_count++] = (struct http_text){segment, decoded};
    }
}

struct http_request *http_request_new(const char *target) {
    size_t length = strlen(target);
    struct http_request *request = memory_calloc(1, sizeof *request + 2 * (length + 1));
    memcpy(request->target, target, length + 1);
    request->scratch = request->target + length + 1;
    char *question_mark = strchr(request->target, '?');
    size_t path_length = question_mark ? (size_t)(question_mark - request->target) : length;
    request->query = question_mark ? question_mark + 1 : "";
    split_path(request, request->target, path_length);
    return request;
}

void http_request_free(struct http_request *request) {
    free(request->body);
    free(request);
}

enum http_method http_method_from_name(const char *name) {
    static const struct {
        const char *name;
        enum http_method method;
    } methods[] = {
        {MHD_HTTP_METHOD_GET, HTTP_GET},         {MHD_HTTP_METHOD_HEAD, HTTP_HEAD},
        {MHD_HTTP_METHOD_POST, HTTP_POST},       {MHD_HTTP_METHOD_PUT, HTTP_PUT},
        {MHD_HTTP_METHOD_OPTIONS, HTTP_OPTIONS},
    };
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (strcmp(name, methods[i].name) == 0) {
            return methods[i].method;
        }
    }
    return HTTP_OTHER;
}

void http_request_add_body(struct http_request *request, const char *data, size_t length) {
    if (request->body_too_large || length > HTTP_BODY_LIMIT_BYTES - request->body_length) {
        request->body_too_large = true;
        return;
    }
    request->body = memory_realloc(request->body, request->body_length + length + 1);
    memcpy(request->body + request->body_length, data, length);
    request->body_length += length;
    request->body[request->body_length] = '\0';
}

enum http_query_result http_request_query(struct http_request *request, const char *name,
                                          struct http_text *value) {
    const char *rest = request->query;
    size_t name_length = strlen(name);
    while (*rest) {
        size_t length = strcspn(rest, "&");
        size_t key_length = strcspn(rest, "=&");
        size_t decoded = percent_decode(request->scratch, rest, key_length, true);
        if (decoded == name_length && memcmp(request->scratch, name, name_length) == 0) {
            const char *text = rest + key_length + (key_length < length);
            value->data = request->scratch;
            value->length =
                percent_decode(request->scratch, text, length - (size_t)(text - rest), true);
            return value->length == SIZE_MAX ? HTTP_QUERY_MALFORMED : HTTP_QUERY_FOUND;
        }
        rest += length + (rest[length] == '&');
    }
    return HTTP_QUERY_ABSENT;
}

/* RFC 9110, 5.6.2: tchar; each name of a header is looked at, most often letters and hyphens. */
static bool is_token_character(char character) {
    return (character >= 'a' && character <= 'z') || character == '-' ||
           (character >= 'A' && character <= 'Z') || (character >= '0' && character <= '9') ||
           (character && strchr("!#$%&'*+.^_`|~", character));
}

bool http_is_token(const char *text, size_t length) {
    while (length > 0 && is_token_character(*text)) {
        text++;
        length--;
    }
    return length == 0;
}

const char *http_request_header(const struct http_request *request, const char *name) {
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *http_request_id(const struct http_request *request) {
    const char *id = http_request_header(request, "X-Request-Id");
    return id ? id : "";
}
