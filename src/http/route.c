/* Route matching: a few patterns. */
#include "http/route.h"

#include <stdio.h>
#include <string.h>

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
    snprintf(buffer, size, "%s%s%sOPTIONS", allowed & HTTP_GET ? "GET, HEAD, " : "",
             allowed & HTTP_POST ? "POST, " : "", allowed & HTTP_PUT ? "PUT, " : "");
}
