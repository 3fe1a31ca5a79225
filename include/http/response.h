/*
 * Answers to a request. Each function answers once and for good, at once or, when the request has
 * been suspended, from any later callback; afterwards the request must not be touched.
 *
 * A successful answer to GET carries a strong ETag, Cache-Control and Vary, and becomes 304 where
 * If-None-Match allows it. Errors are application/problem+json (RFC 9457).
 */
#pragma once

#include "http/request.h"

/* Bytes of a body; release(owner) is called when they are no longer needed, unless it is NULL. */
struct http_body {
    const void *data;
    size_t length;
    void (*release)(void *owner);
    void *owner;
};

/* 200 to GET and HEAD. The body is handed over. */
void http_respond_content(struct http_request *request, const char *content_type,
                          struct http_body body);

/* 201 with the new element as JSON. The body is handed over. */
void http_respond_created(struct http_request *request, const char *location,
                          struct http_body body);

/* 204. */
void http_respond_no_content(struct http_request *request);

/* An error of the request itself; `field` is the name to blame, or NULL. */
void http_respond_problem(struct http_request *request, unsigned status, const char *field,
                          const char *detail);

/* 405 with the Allow header for a set of methods. */
void http_respond_not_allowed(struct http_request *request, unsigned allowed);
