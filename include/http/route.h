/*
 * Routes: which handler serves which method and path.
 *
 * Patterns are those of http/target.h. A table of routes ends with a row without a pattern. HEAD
 * fits where GET does.
 */
#pragma once

#include "http/request.h"

struct http_route {
    enum http_method method;
    const char *pattern;
    void (*handle)(struct http_request *request);
    /* When set, the route exists only where this says so: for paths that depend on settings. */
    bool (*exists)(const struct http_request *request);
};

/*
 * Finds the route of request->method and its path, and sets request->route and
 * request->parameter. NULL when none fits; `allowed` then is the set of methods (enum http_method)
 * that the path has, 0 when there is no such path.
 */
const struct http_route *http_route_match(const struct http_route *routes,
                                          struct http_request *request, unsigned *allowed);

/* The Allow header for a set of methods, HEAD included; at most `size` bytes. */
void http_allow_header(unsigned allowed, char *buffer, size_t size);
