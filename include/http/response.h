/*
 * Responses to a request. Each function that takes the request responds once and for good, at once
 * or, when the request has been suspended, from any later callback; afterwards the request must not
 * be touched.
 *
 * Errors are application/problem+json (RFC 9457). For successful responses to GET see
 * http/content.h.
 */
#pragma once

#include "http/request.h"

struct MHD_Response;

/* Bytes of a body; release(owner) is called when they are no longer needed, unless it is NULL. */
struct http_body {
    const void *data;
    size_t length;
    void (*release)(void *owner);
    void *owner;
};

/* libmicrohttpd's response of a body, which is handed over; for 201 and 202, with the new element
 * as JSON; for 204. */
struct MHD_Response *http_body_response(struct http_body body);
struct MHD_Response *http_created_response(const char *location, struct http_body body);
struct MHD_Response *http_no_content_response(void);

/* An error (RFC 9457), with Retry-After for 503; `field` is the name to blame, or NULL. */
struct MHD_Response *http_problem_response(unsigned status, const char *field, const char *detail);

void http_add_header(struct MHD_Response *response, const char *name, const char *value);

/* Sends a response, which is handed over, with the headers that all responses of the server have.
 */
void http_send(struct http_request *request, unsigned status, struct MHD_Response *response);

/* Sends a response that stays the caller's, as it is. */
void http_send_shared(struct http_request *request, unsigned status, struct MHD_Response *response);

#define HTTP_HTML "text/html; charset=utf-8"

/* Sends a page that is neither kept nor tagged, with headers of its own, ended by one without a
 * name. */
void http_respond_page(struct http_request *request, unsigned status, const char *type,
                       const struct http_header *headers, struct http_body body);

/* Responds with an error of the request itself. */
void http_respond_problem(struct http_request *request, unsigned status, const char *field,
                          const char *detail);

/* 415 for the content coding of the body, with the Accept-Encoding header (RFC 9110, 15.5.16). */
void http_respond_wrong_coding(struct http_request *request, const char *detail);

/* 405 with the Allow header for a set of methods. */
void http_respond_not_allowed(struct http_request *request, unsigned allowed);
