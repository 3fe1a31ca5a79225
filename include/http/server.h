/*
 * libmicrohttpd inside a libevent loop: one thread, no blocking.
 *
 * libmicrohttpd keeps its sockets in an epoll set of its own, whose descriptor is one event of the
 * loop. That set is edge-triggered: after each MHD_run() its next time-out must be asked for and
 * armed, or requests hang. A request whose handler has not responded yet is suspended and resumed
 * by its response.
 */
#pragma once

#include "http/route.h"
#include "ops/log.h"

#include <event2/event.h>

struct http_server;
struct metrics;

struct http_server_settings {
    int listening_socket;    /* taken over: closed by http_server_drain() or _free() */
    unsigned max_clients;    /* connections at a time; more wait in the backlog */
    unsigned idle_timeout_s; /* a connection on which nothing happens is closed after it */
    bool shows_timing;       /* by Server-Timing (http/timing.h) */
    int64_t slow_ms;         /* requests that take so long are logged; 0: none */
    const struct http_route *routes;
    void *app;               /* for the handlers: request->app */
    struct metrics *metrics; /* where it counts (ops/metrics.h); NULL: nowhere */
    unsigned other_methods;  /* that somebody in front of this server responds to, on every path */
    /* Unless NULL, asked before a route is looked for; false: it has responded. */
    bool (*admit)(struct http_request *request);
    const struct http_header *headers; /* as in struct http_delivery; must outlive the server */
};

/* Starts to accept connections. NULL, logged, when libmicrohttpd cannot be started. */
struct http_server *http_server_new(struct event_base *base, const struct logger *logger,
                                    const struct http_server_settings *settings);

/*
 * Accepts no more connections, responds to what still comes on the open ones with `Connection:
 * close`, and tells on_drained once when the last is gone. Idle connections are left for the other
 * side to close: cutting one could cost a request that is on its way.
 */
void http_server_drain(struct http_server *server, void (*on_drained)(void *owner), void *owner);

/* Sends what can be sent without waiting and closes everything. Each request must have been
 * responded to. */
void http_server_free(struct http_server *server);
