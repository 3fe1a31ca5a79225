/* Route matching: a few patterns. */
#include "http/route.h"

#include <stdio.h>

static bool matches(const struct http_route *route, struct http_request *request) {
    return http_target_matches(&request->target, route->pattern, &request->parameter) &&
           (!route->exists || route->exists(request));
}

const struct http_route *http_route_match(const struct http_route *routes,
                                          struct http_request *request, unsigned *allowed) {
    enum http_method method = request->method == HTTP_HEAD ? HTTP_GET : request->method;
    *allowed = 0;
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
    static const struct {
        unsigned method;
        const char *names;
    } methods[] = {
        {HTTP_GET, "GET, HEAD"}, {HTTP_POST, "POST"},       {HTTP_PUT, "PUT"},
        {HTTP_DELETE, "DELETE"}, {HTTP_OPTIONS, "OPTIONS"},
    };
    size_t length = 0;
    *buffer = '\0';
    for (size_t i = 0; i < sizeof methods / sizeof *methods && length < size; i++) {
        if (allowed & methods[i].method) {
            length += (size_t)snprintf(buffer + length, size - length, "%s%s",
                                       length > 0 ? ", " : "", methods[i].names);
        }
    }
}
