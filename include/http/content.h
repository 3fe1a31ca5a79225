/*
 * A ready 200 response to GET, with a strong ETag, Cache-Control and Vary, that any number of
 * requests can get without a copy: libmicrohttpd counts the references to a response. Its forms are
 * made when they are first asked for: plain, compressed (so that compression is paid once), and 304
 * for each.
 */
#pragma once

#include "http/response.h"

struct http_content;

/* The body is handed over. One reference, the caller's. */
struct http_content *http_content_new(const char *content_type, struct http_body body);

struct http_content *http_content_retain(struct http_content *content);
void http_content_release(struct http_content *content);

/* The memory that it takes, about. */
size_t http_content_bytes(const struct http_content *content);

/* From now on a compressed form is offered to clients that take gzip: worth it for what is kept. */
void http_content_offer_gzip(struct http_content *content);

/* Responds 200 in the form that fits Accept-Encoding, or 304 where If-None-Match allows it. */
void http_respond_with(struct http_request *request, struct http_content *content);

/* The same for a body that is sent once and not kept. The body is handed over. */
void http_respond_content(struct http_request *request, const char *content_type,
                          struct http_body body);
