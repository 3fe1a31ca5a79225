/* libmicrohttpd inside a libevent loop. */
#include "http/server.h"

#include "http/measure.h"
#include "http/response.h"
#include "http/slow_log.h"
#include "http/unsent.h"
#include "ops/clock.h"
#include "ops/memory.h"
#include "ops/timer.h"
#include "ops/watch.h"

#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum {
    /* Headers and response headers of one connection. libmicrohttpd clears it for each request, so
     * more than what deploy/nginx.conf lets through (13 KiB) would only cost time. */
    CONNECTION_MEMORY_BYTES = 20 * 1024,
    LAST_RUNS = 8 /* to send the last responses before closing */
};

struct http_server {
    const struct logger *logger;
    struct http_server_settings settings;
    struct metrics *metrics;
    struct MHD_Daemon *daemon;
    struct watch
        run; /* libmicrohttpd's epoll set is readable, or a suspended request has a response */
    struct timer timer; /* when it wants to run again by itself */
    struct unsent unsent;
    struct http_delivery delivery;
    struct slow_log slow_log;
    void (*on_drained)(void *owner);
    void *owner;
};

/* Ends the query string before it begins. libmicrohttpd would list the parameters, which nobody
 * asks it for, in the connection's memory, and a request that has some 300 of them would hang. */
static void hide_parameters(const char *target) {
    char *question_mark = strchr(target, '?'); /* in libmicrohttpd's own buffer */
    if (question_mark && question_mark[1]) {
        question_mark[1] = '\0';
    }
}

/* Called with the first line of a request, whose target has not been parsed yet; what it returns is
 * the request's context. */
static void *on_request_line(void *argument, const char *target,
                             struct MHD_Connection *connection) {
    struct http_server *server = argument;
    struct http_request *request = http_request_new(target);
    hide_parameters(target);
    request->connection = connection;
    request->app = server->settings.app;
    request->delivery = &server->delivery;
    measure_begin(server->metrics);
    return request;
}

static void on_completed(void *argument, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode reason) {
    (void)connection;
    (void)reason;
    struct http_server *server = argument;
    struct http_request *request = *context;
    if (!request) {
        return;
    }
    if (server->logger->level <= LOG_LEVEL_DEBUG) {
        log_write(server->logger, LOG_LEVEL_DEBUG, "request", "{s:s, s:s*, s:s, s:i}", "request_id",
                  http_request_id(request), "traceparent", http_request_traceparent(request),
                  "route", request->route ? request->route->pattern : "none", "status",
                  (int)request->status);
    }
    int64_t now_us = clock_us();
    slow_log_note(&server->slow_log, server->logger, request, now_us);
    measure_end(server->metrics, server->settings.routes, request, now_us);
    http_request_free(request);
    *context = NULL;
}

/* A client has connected, or its connection is closed. */
static void on_connection(void *argument, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode what) {
    (void)connection;
    (void)context;
    struct metrics *metrics = ((const struct http_server *)argument)->metrics;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        metrics_add(&metrics->accepted_connections, 1);
        metrics_add(&metrics->gauges.client_connections, 1);
    } else {
        metrics_subtract(&metrics->gauges.client_connections, 1);
    }
}

static void dispatch(const struct http_server *server, struct http_request *request) {
    unsigned allowed = 0;
    if (server->settings.admit && !server->settings.admit(request)) {
        return;
    }
    const struct http_route *route = http_route_match(server->settings.routes, request, &allowed);
    if (route) {
        route->handle(request);
    } else if (allowed != 0) {
        http_respond_not_allowed(request, allowed | server->settings.other_methods);
    } else {
        http_respond_problem(request, MHD_HTTP_NOT_FOUND, NULL, "there is no such path");
    }
}

/* How a request says where it ends. */
struct framing {
    unsigned lengths; /* headers that give it */
    unsigned codings;
    bool is_unclear;
};

static enum MHD_Result look_at_header(void *argument, enum MHD_ValueKind kind, const char *name,
                                      const char *value) {
    (void)kind;
    struct framing *framing = argument;
    framing->lengths += strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0;
    if (strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) {
        framing->codings++;
        framing->is_unclear |= !value || strcasecmp(value, "chunked") != 0;
    }
    framing->is_unclear |= !*name || !http_is_token(name, strlen(name));
    return MHD_YES;
}

/* Whether somebody else may think that the request ends elsewhere (RFC 9112, 6.3 and 11.2).
 * libmicrohttpd before 1.0 takes such requests. */
static bool end_is_unclear(struct MHD_Connection *connection) {
    struct framing framing = {0};
    (void)MHD_get_connection_values(connection, MHD_HEADER_KIND, look_at_header, &framing);
    return framing.is_unclear || framing.lengths + framing.codings > 1;
}

/* The first call: the headers are here, and nothing of the body. */
static void begin(struct http_request *request, const char *method) {
    request->method = http_method_from_name(method);
    if (end_is_unclear(request->connection)) {
        request->is_last = true;
        http_respond_problem(request, MHD_HTTP_BAD_REQUEST, NULL,
                             "it is not clear where this request ends: one Content-Length or "
                             "Transfer-Encoding: chunked, and names of headers without blanks");
        return;
    }
    /* NGINX has not read it; deploy/nginx.conf, @too_large. */
    request->body_too_large =
        request->method == HTTP_POST && http_request_header(request, "Qa-Body-Too-Large");
}

/* Called once when the headers are here, for each piece of the body, and once at the end. */
static enum MHD_Result on_request(void *argument, struct MHD_Connection *connection,
                                  const char *url, const char *method, const char *version,
                                  const char *upload, size_t *upload_size, void **context) {
    (void)url;
    (void)version;
    struct http_request *request = *context;
    if (!request || request->responded) {
        return MHD_NO; /* its response could not be sent: closing the connection is what is left */
    }
    if (!request->method) {
        begin(request, method);
        return MHD_YES;
    }
    if (*upload_size > 0) {
        if (request->method == HTTP_POST || request->method == HTTP_PUT) {
            http_request_add_body(request, upload, *upload_size);
        }
        *upload_size = 0;
        return MHD_YES;
    }
    dispatch(argument, request);
    if (!request->responded) {
        request->suspended = true;
        MHD_suspend_connection(connection);
    }
    return MHD_YES;
}

__attribute__((format(printf, 2, 0))) static void on_message(void *argument, const char *format,
                                                             va_list arguments) {
    const struct http_server *server = argument;
    char message[256];
    vsnprintf(message, sizeof message, format, arguments);
    /* Mostly clients that went away in the middle of a request. */
    log_write(server->logger, LOG_LEVEL_DEBUG, "libmicrohttpd", "{s:s}", "detail", message);
}

/* Escapes are decoded segment by segment in http/request.c; libmicrohttpd leaves them alone. */
static size_t keep_escapes(void *argument, struct MHD_Connection *connection, char *text) {
    (void)argument;
    (void)connection;
    return strlen(text);
}

static void run(struct http_server *server) {
    (void)MHD_run(server->daemon);
    MHD_UNSIGNED_LONG_LONG wait_ms = 0;
    if (MHD_get_timeout(server->daemon, &wait_ms) == MHD_YES) {
        timer_start(&server->timer, (int64_t)wait_ms);
    } else {
        timer_stop(&server->timer);
    }
}

static bool has_connections(const struct http_server *server) {
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
    return info && info->num_connections > 0;
}

static void on_run(void *owner) {
    struct http_server *server = owner;
    run(server);
    if (server->on_drained && !has_connections(server)) {
        void (*on_drained)(void *) = server->on_drained;
        server->on_drained = NULL;
        on_drained(server->owner);
    }
}

struct http_server *http_server_new(struct event_base *base, const struct logger *logger,
                                    const struct http_server_settings *settings) {
    struct http_server *server = memory_calloc(1, sizeof *server);
    server->logger = logger;
    server->settings = *settings;
    server->metrics = metrics_or_unseen(settings->metrics);
    server->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request,
        server, MHD_OPTION_EXTERNAL_LOGGER, on_message, server, MHD_OPTION_LISTEN_SOCKET,
        settings->listening_socket, MHD_OPTION_CONNECTION_LIMIT, settings->max_clients,
        MHD_OPTION_CONNECTION_TIMEOUT, settings->idle_timeout_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_MEMORY_BYTES, MHD_OPTION_URI_LOG_CALLBACK, on_request_line, server,
        MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
        server, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_END);
    const union MHD_DaemonInfo *info =
        server->daemon ? MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
    if (info) {
        watch_init_descriptor(&server->run, base, info->epoll_fd, EV_READ, on_run, server);
        timer_init(&server->timer, base, on_run, server);
    }
    if (!info || !watch_start(&server->run)) {
        log_write(logger, LOG_LEVEL_ERROR, "libmicrohttpd cannot be started", NULL);
        http_server_free(server);
        return NULL;
    }
    server->unsent.metrics = server->metrics;
    server->delivery.run = &server->run;
    server->delivery.unsent = &server->unsent;
    server->delivery.headers = settings->headers;
    server->delivery.shows_timing = settings->shows_timing;
    server->slow_log.limit_us = settings->slow_ms * 1000;
    return server;
}

void http_server_drain(struct http_server *server, void (*on_drained)(void *owner), void *owner) {
    MHD_socket socket = MHD_quiesce_daemon(server->daemon);
    if (socket != MHD_INVALID_SOCKET) {
        close(socket);
    }
    server->delivery.close_connections = true;
    server->on_drained = on_drained;
    server->owner = owner;
    watch_start_now(&server->run);
}

void http_server_free(struct http_server *server) {
    if (server->daemon) {
        for (int i = 0; i < LAST_RUNS; i++) {
            (void)MHD_run(server->daemon);
        }
        MHD_stop_daemon(server->daemon);
    }
    watch_stop(&server->run);
    timer_stop(&server->timer);
    free(server);
}
