/* Route matching: a few patterns, segment by segment. */
#include "http/route.h"

#include <stdio.h>
#include <string.h>

static bool matches(const struct http_route *route, struct http_request *request) {
    const char *pattern = route->pattern;
    request->parameter = (struct http_text){"", 0};
    for (size_t i = 0; i < request->segment_count; i++) {
        const struct http_text segment = request->segments[i];
        if (*pattern != '/') {
            return false;
        }
        pattern++;
        size_t length = strcspn(pattern, "/");
        if (*pattern == ':') {
            if (segment.length == 0) {
                return false;
            }
            request->parameter = segment;
        } else if (length != segment.length || memcmp(pattern, segment.data, length) != 0) {
            return false;
        }
        pattern += length;
    }
    return *pattern == '\0' && (!route->exists || route->exists(request));
}

const struct http_route *http_route_match(const struct http_route *routes,
                                          struct http_request *request, unsigned *allowed) {
    enum http_method method = request->method == HTTP_HEAD ? HTTP_GET : request->method;
    *allowed = 0;
    if (request->segment_count > HTTP_SEGMENTS_MAX) {
        return NULL;
    }
    for (const struct http_route *route = routes; route->pattern; route++) {
        if (matches(route, request)) {
            *allowed |= route->method;
            if (route->method == method) {
                request->route = route;
                return route;
            }
        }
    }
    return NULL;
}

void http_allow_header(unsigned allowed, char *buffer, size_t size) {
    snprintf(buffer, size, "%s%s%sOPTIONS", allowed & HTTP_GET ? "GET, HEAD, " : "",
             allowed & HTTP_POST ? "POST, " : "", allowed & HTTP_PUT ? "PUT, " : "");
}
