/*
 * A request as a handler sees it, from its request line until its response has been sent.
 *
 * The server (http/server.h) owns it and hands it to the handler of its route. The handler responds
 * with one of the functions of http/response.h, at once or from a later callback; the request, and
 * all text that belongs to it, lives until then.
 */
#pragma once

#include "http/target.h"
#include "http/timing.h"

#include <stdint.h>
#include <sys/queue.h>

struct MHD_Connection;
struct unsent;
struct watch;
struct http_route;

enum { HTTP_BODY_LIMIT_BYTES = 64 * 1024 };

enum http_method {
    HTTP_GET = 1,
    HTTP_HEAD = 2,
    HTTP_POST = 4,
    HTTP_PUT = 8,
    HTTP_OPTIONS = 16,
    HTTP_DELETE = 32,
    HTTP_OTHER = 64 /* known to no route */
};

struct http_header {
    const char *name; /* NULL ends a list of them */
    const char *value;
};

/* What a response needs of the server. */
struct http_delivery {
    struct watch *run;                 /* activated when a suspended request has a response */
    bool close_connections;            /* while draining: no request follows on this connection */
    const struct http_header *headers; /* of each response that http_send() sends; NULL: none */
    bool shows_timing;                 /* by the header Server-Timing */
    struct unsent *unsent;             /* large bodies (http/unsent.h) */
};

struct http_request {
    const struct http_delivery *delivery;
    struct MHD_Connection *connection;
    void *app; /* what the routes' handlers work on, as given to http_server_new() */
    enum http_method method;
    const struct http_route *route; /* once matched */
    struct http_text parameter;     /* the path's `:name` segment, percent-decoded */
    int64_t subject; /* the handler's own: the id that its callback has to know again */
    bool has_total;  /* likewise: whether that has been looked up: */
    int64_t total;   /* how many elements its list has */
    TAILQ_ENTRY(http_request) queue; /* the handler's own: requests that wait for the same */

    char *body; /* owned; NUL-terminated when not NULL */
    size_t body_length;
    bool body_too_large; /* over HTTP_BODY_LIMIT_BYTES, and dropped */
    bool is_last;        /* its response, which is no shared one, closes the connection */

    bool suspended;
    bool responded;
    unsigned status; /* of the response */
    struct http_timing timing;

    struct http_target target;
    char text[]; /* that of the target, and what was decoded of it */
};

TAILQ_HEAD(http_request_queue, http_request);

/* Takes the first one out of a queue; NULL: it is empty. */
static inline struct http_request *http_request_take(struct http_request_queue *queue) {
    struct http_request *request = TAILQ_FIRST(queue);
    if (request) {
        TAILQ_REMOVE(queue, request, queue);
    }
    return request;
}

/* Parses a request target (RFC 9112, 3.2). http_request_free() releases it. */
struct http_request *http_request_new(const char *target);

void http_request_free(struct http_request *request);

enum http_method http_method_from_name(const char *name);

/* "other" for HTTP_OTHER. */
const char *http_method_name(enum http_method method);

/* Takes a piece of the body in; past the limit it only notes that. */
void http_request_add_body(struct http_request *request, const char *data, size_t length);

/* True for a token (RFC 9110, 5.6.2), and for none at all. */
bool http_is_token(const char *text, size_t length);

/* A header's value, or NULL: that of its first line. Names are compared without regard to case. */
const char *http_request_header(const struct http_request *request, const char *name);

/* A cookie's value, or NULL. */
const char *http_request_cookie(const struct http_request *request, const char *name);

/* The client's address, "" for a Unix socket. */
void http_request_peer(const struct http_request *request, char *address, size_t size);

/* X-Request-Id as NGINX passes it, for log lines; "" when there is none. */
const char *http_request_id(const struct http_request *request);

/* The trace that it is part of (http/traceparent.h), for log lines; NULL when it names none. */
const char *http_request_traceparent(const struct http_request *request);
