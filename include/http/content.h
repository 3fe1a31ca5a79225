/*
 * 200 responses to GET, with a strong ETag, Cache-Control and Vary, and what they are without a
 * body: 304, and the responses to HEAD.
 */
#pragma once

#include "http/entity_tag.h"
#include "http/response.h"

/* One form of a body, plain or compressed, and the response with it, which any number of requests
 * can get without a copy: libmicrohttpd counts the references to it. */
struct http_content {
    const char *type;        /* not owned */
    struct entity_hash hash; /* of the plain form */
    size_t length;
    bool is_gzip;
    const struct http_header *more; /* headers beside; not owned; NULL: none */
    struct MHD_Response *whole;     /* NULL: it has no body yet */
};

/* Gives a body, which is handed over, to a content that has none. */
void http_content_take_body(struct http_content *content, struct http_body body);

void http_content_release(struct http_content *content);

/* Whether the gzip form of a plain body is worth its making, and the request takes it. */
bool http_content_wants_gzip(const struct http_request *request, size_t plain_length);

/* The gzip form of a body, to be released with free(); NULL where it would not be shorter. */
void *http_content_compress(const void *body, size_t length, size_t *compressed_length);

/* Whether If-None-Match allows a 304. */
bool http_content_is_known(const struct http_request *request, const struct http_content *content);

/* Responds where no body is needed: 304 where it `is_known`, and to HEAD. Else false. */
__attribute__((warn_unused_result)) bool
http_respond_without_body(struct http_request *request, const struct http_content *content,
                          bool is_known);

/* Responds 200 with the body that the content has. */
void http_respond_whole(struct http_request *request, const struct http_content *content);

/* Likewise with a copy of it, which counts as unsent, for headers that are this request's own. */
void http_respond_copy(struct http_request *request, struct http_content content, const void *body);

/* Responds with a plain body that is sent once, or 304. The body is handed over. */
void http_respond_content(struct http_request *request, const char *type, struct http_body body);
