/*
 * What a server holds of large bodies until they are sent. NGINX takes no more of a response than
 * its buffers hold (deploy/nginx.conf) before its client reads, so clients that do not read would
 * make a worker hold a body for each connection.
 *
 * Bodies count from when a response has them until it is released; smaller ones, which NGINX takes
 * as a whole, do not. Beyond a bound a request that needs one more gets 503.
 */
#pragma once

#include "http/response.h"

enum {
    UNSENT_COUNTED_FROM_BYTES = 64 * 1024,
    UNSENT_LIMIT_BYTES = 128 * 1024 * 1024 /* 16 of the longest pages */
};

struct metrics;

/* Of a server, and kept in it; see struct http_delivery. */
struct unsent {
    size_t bytes;
    struct metrics *metrics; /* not NULL */
};

/* Whether a body of this length may be held beside the others; else it has responded. */
__attribute__((warn_unused_result)) bool unsent_admits(struct http_request *request, size_t length);

/* The same body, which counts until it is released. */
struct http_body unsent_hold(const struct http_request *request, struct http_body body);
