/*
 * One request, given to both that may respond to it: a worker, and the module of NGINX. Each side
 * is the code of the service, with the functions of libmicrohttpd and of NGINX replaced.
 */
#pragma once

#include "http/text.h"
#include "pages/ring.h"
#include "pages/shared_memory.h"
#include "pages/versions.h"
#include "qa/list_links.h"

#include <stdint.h>

/* As NGINX has parsed it. No text has a NUL behind it. */
struct given {
    struct http_text method;
    struct http_text target;
    struct http_text accept_encoding; /* of the first line of that name */
    struct http_text if_none_match;
};

enum response_header {
    ETAG,
    CACHE_CONTROL,
    VARY,
    CONTENT_TYPE,
    CONTENT_ENCODING,
    LINK,
    RESPONSE_HEADERS
};

struct response {
    unsigned status; /* 0: there is none: the page is not there, or NGINX passes the request on */
    char headers[RESPONSE_HEADERS][LIST_LINKS_SIZE]; /* "": none */
    int64_t content_length;                          /* -1: none */
    char *body;                                      /* owned; NULL: none */
    size_t body_length;
};

/* The names of headers, as both sides send them. */
extern const char *const response_header_names[RESPONSE_HEADERS];

/* The shared memory, and its parts; it outlives the sides. */
struct pages {
    const struct shared_memory *shared;
    struct versions *versions;
    struct ring *ring;
};

void worker_side_begin(const struct pages *pages);
struct response worker_side_respond(const struct given *given);

void nginx_side_begin(const struct pages *pages);
struct response nginx_side_respond(const struct given *given);
