/*
 * A worker, from the first line of a request to its response: routes, handler of lists, lookup in
 * the ring, content. Behind it libmicrohttpd is replaced, and a pool that has no connection.
 */
#include "sides.h"

#include "http/response.h"
#include "http/route.h"
#include "http/unsent.h"
#include "ops/metrics.h"
#include "ops/watch.h"
#include "pages/lookup.h"
#include "qa/answers.h"
#include "qa/app.h"
#include "qa/lists.h"
#include "qa/probes.h"
#include "qa/questions.h"
#include "qa/routes.h"
#include "qa/votes.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What deploy/nginx.conf lets through to a worker. */
enum { ACCEPT_ENCODING_PASSED_ON = 200, IF_NONE_MATCH_PASSED_ON = 4000 };

static struct lookup *lookup;
static uint64_t text_seed;

/* ---- libmicrohttpd ---- */

#if MHD_VERSION < 0x01000000
typedef void buffer_bytes; /* as its header has it */
#else
typedef const void buffer_bytes;
#endif

/* The headers of the request, and the response to it. */
struct MHD_Connection {
    char *accept_encoding;
    char *if_none_match;
    struct response response;
};

struct MHD_Response {
    int references;
    int64_t length;
    const char *body; /* NULL: it has none */
    MHD_ContentReaderFreeCallback release;
    void *owner;
    char headers[RESPONSE_HEADERS][LIST_LINKS_SIZE];
};

const char *MHD_lookup_connection_value(struct MHD_Connection *connection, enum MHD_ValueKind kind,
                                        const char *name) {
    const char *value = NULL;
    if (strcasecmp(name, "Accept-Encoding") == 0) {
        value = connection->accept_encoding;
    } else if (strcasecmp(name, "If-None-Match") == 0) {
        value = connection->if_none_match;
    }
    /* It drops blanks before a value (RFC 9112, 5). */
    return kind == MHD_HEADER_KIND && value ? value + strspn(value, " \t") : NULL;
}

static struct MHD_Response *new_response(int64_t length, const char *body,
                                         MHD_ContentReaderFreeCallback release, void *owner) {
    struct MHD_Response *response = calloc(1, sizeof *response);
    *response = (struct MHD_Response){
        .references = 1, .length = length, .body = body, .release = release, .owner = owner};
    return response;
}

struct MHD_Response *MHD_create_response_from_buffer_with_free_callback_cls(
    size_t size, buffer_bytes *buffer, MHD_ContentReaderFreeCallback release, void *owner) {
    return new_response((int64_t)size, buffer, release, owner);
}

struct MHD_Response *MHD_create_response_from_buffer(size_t size, void *buffer,
                                                     enum MHD_ResponseMemoryMode mode) {
    (void)mode;
    return new_response((int64_t)size, buffer, NULL, NULL);
}

struct MHD_Response *MHD_create_response_from_callback(uint64_t size, size_t block_size,
                                                       MHD_ContentReaderCallback read, void *owner,
                                                       MHD_ContentReaderFreeCallback release) {
    (void)block_size, (void)read, (void)owner, (void)release;
    return new_response(size == MHD_SIZE_UNKNOWN ? -1 : (int64_t)size, NULL, NULL, NULL);
}

void MHD_destroy_response(struct MHD_Response *response) {
    if (--response->references == 0) {
        if (response->release) {
            response->release(response->owner);
        }
        free(response);
    }
}

enum MHD_Result MHD_set_response_options(struct MHD_Response *response,
                                         enum MHD_ResponseFlags flags, ...) {
    (void)response, (void)flags;
    return MHD_YES;
}

enum MHD_Result MHD_add_response_header(struct MHD_Response *response, const char *name,
                                        const char *value) {
    for (size_t i = 0; i < RESPONSE_HEADERS; i++) {
        if (strcasecmp(name, response_header_names[i]) == 0) {
            strncpy(response->headers[i], value, sizeof response->headers[i] - 1);
        }
    }
    return MHD_YES;
}

const char *MHD_get_response_header(struct MHD_Response *response, const char *name) {
    (void)response, (void)name;
    return NULL;
}

const char *MHD_get_reason_phrase_for(unsigned status) {
    (void)status;
    return "";
}

enum MHD_Result MHD_queue_response(struct MHD_Connection *connection, unsigned status,
                                   struct MHD_Response *response) {
    connection->response = (struct response){.status = status, .content_length = response->length};
    memcpy(connection->response.headers, response->headers, sizeof response->headers);
    if (response->body) {
        connection->response.body_length = (size_t)response->length;
        connection->response.body = malloc(connection->response.body_length + 1);
        memcpy(connection->response.body, response->body, connection->response.body_length);
    }
    return MHD_YES;
}

void MHD_resume_connection(struct MHD_Connection *connection) {
    (void)connection;
    abort(); /* nothing is suspended */
}

void watch_start_now(struct watch *watch) {
    (void)watch;
    abort();
}

/* ---- What is below the lookup, and beside it ---- */

void pool_submit(struct pool *pool, enum pool_lane lane, struct call *call) {
    (void)pool, (void)lane;
    call->on_done(call->owner, QUERY_REFUSED, NULL, -1);
}

struct standbys *pool_standbys(const struct pool *pool) {
    (void)pool;
    return NULL;
}

bool standbys_are_ready(const struct standbys *standbys) {
    (void)standbys;
    return false;
}

void standbys_submit(struct standbys *standbys, bool is_large, struct call *call) {
    (void)standbys, (void)is_large, (void)call;
    abort(); /* none is ready */
}

void standbys_note(struct standbys *standbys, bool was_behind) {
    (void)standbys, (void)was_behind;
    abort();
}

static void on_failure(struct http_request *request, enum query_outcome outcome,
                       const PGresult *result) {
    (void)request, (void)outcome, (void)result; /* status 0 */
}

static void be_no_list(struct http_request *request) {
    http_respond_problem(request, 501, NULL, "no list");
}

void questions_add(struct http_request *request) {
    be_no_list(request);
}
void answers_add(struct http_request *request) {
    be_no_list(request);
}
void votes_vote_question(struct http_request *request) {
    be_no_list(request);
}
void votes_unvote_question(struct http_request *request) {
    be_no_list(request);
}
void votes_report_question(struct http_request *request) {
    be_no_list(request);
}
void votes_vote_answer(struct http_request *request) {
    be_no_list(request);
}
void votes_unvote_answer(struct http_request *request) {
    be_no_list(request);
}
void votes_report_answer(struct http_request *request) {
    be_no_list(request);
}
void probes_show_health(struct http_request *request) {
    be_no_list(request);
}
void probes_show_readiness(struct http_request *request) {
    be_no_list(request);
}
void probes_show_loaderio_token(struct http_request *request) {
    be_no_list(request);
}

bool probes_is_loaderio_token(const struct http_request *request) {
    (void)request;
    return true;
}

/* ---- A request ---- */

void worker_side_begin(const struct pages *pages) {
    text_seed = shared_memory_seed(pages->shared);
    const struct lookup_settings settings = {.ring = pages->ring,
                                             .lifetime_ms = INT64_MAX / 2,
                                             .on_failure = on_failure,
                                             .on_respond = lists_describe};
    lookup = lookup_new(NULL, pages->versions, &settings);
}

static char *string_of(struct http_text text) {
    char *string = malloc(text.length + 1);
    if (text.length > 0) {
        memcpy(string, text.data, text.length);
    }
    string[text.length] = '\0';
    return string;
}

/* NGINX sends no header whose value is empty. */
static char *passed_on(struct http_text value, size_t most) {
    return value.length > 0 && value.length <= most ? string_of(value) : NULL;
}

/* As `dispatch` in src/http/server.c. */
static void dispatch(struct http_request *request) {
    unsigned allowed;
    const struct http_route *route = http_route_match(qa_routes, request, &allowed);
    if (route) {
        route->handle(request);
    } else if (allowed != 0) {
        http_respond_not_allowed(request, allowed | HTTP_OPTIONS);
    } else {
        http_respond_problem(request, 404, NULL, "there is no such path");
    }
}

struct response worker_side_respond(const struct given *given) {
    struct app app = {.lookup = lookup, .text_seed = text_seed};
    struct unsent unsent = {.metrics = metrics_or_unseen(NULL)};
    struct http_delivery delivery = {.unsent = &unsent};
    struct MHD_Connection connection = {
        .accept_encoding = passed_on(given->accept_encoding, ACCEPT_ENCODING_PASSED_ON),
        .if_none_match = passed_on(given->if_none_match, IF_NONE_MATCH_PASSED_ON)};
    char *target = string_of(given->target), *method = string_of(given->method);
    struct http_request *request = http_request_new(target);
    request->connection = &connection;
    request->delivery = &delivery;
    request->app = &app;
    request->method = http_method_from_name(method);
    dispatch(request);
    http_request_free(request);
    free(target);
    free(method);
    free(connection.accept_encoding);
    free(connection.if_none_match);
    return connection.response;
}
