/* The response with a page, byte for byte as a worker's comes through NGINX. */
#pragma once

#include "http/entity_tag.h"
#include "http/text.h"
#include "pages/ring.h"

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <stdbool.h>

struct qa_pages_response {
    struct entity_hash hash; /* of the plain form */
    enum ring_form form;
    size_t length;          /* of the form */
    bool is_not_modified;   /* 304 */
    bool length_may_change; /* NGINX compresses the form for this client */
    struct http_text links; /* the header Link, which lives as long as the request; empty: none */
    ngx_buf_t *body;        /* NULL for 304 and HEAD */
};

/* The result is one for ngx_http_finalize_request(). */
ngx_int_t qa_pages_respond(ngx_http_request_t *request, const struct qa_pages_response *response);
