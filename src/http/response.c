/* Responses to a request: content, created, no content, problem. */
#include "http/response.h"

#include "http/route.h"
#include "ops/memory.h"
#include "ops/watch.h"

#include <jansson.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

/* Of a 503: the database usually comes back, and a queue empties, within a second. */
#define RETRY_AFTER_SECONDS "1"

void http_add_header(struct MHD_Response *response, const char *name, const char *value) {
    memory_demand(MHD_add_response_header(response, name, value) == MHD_YES);
}

struct MHD_Response *http_body_response(struct http_body body) {
    struct MHD_Response *response;
    if (body.release) {
        /* libmicrohttpd takes a pointer to bytes that it may change, and does not. */
        response = MHD_create_response_from_buffer_with_free_callback_cls(
            body.length, (void *)body.data, body.release, body.owner);
    } else {
        response =
            MHD_create_response_from_buffer(body.length, (void *)body.data, MHD_RESPMEM_PERSISTENT);
    }
    memory_demand(response != NULL);
    return response;
}

/* Requests that share a response have waited for the same query, so one header is that of all. */
static void add_timing(const struct http_request *request, struct MHD_Response *response) {
    static const char name[] = "Server-Timing";
    char text[HTTP_TIMING_SIZE];
    if (request->delivery->shows_timing && !MHD_get_response_header(response, name) &&
        http_timing_write(&request->timing, text)) {
        http_add_header(response, name, text);
    }
}

void http_send_shared(struct http_request *request, unsigned status,
                      struct MHD_Response *response) {
    bool suspended = request->suspended;
    struct MHD_Connection *connection = request->connection;
    const struct http_delivery *delivery = request->delivery;
    request->responded = true;
    request->status = status;
    /* Once is enough for one that several requests share: draining is for good. */
    if ((delivery->close_connections || request->is_last) &&
        !MHD_get_response_header(response, MHD_HTTP_HEADER_CONNECTION)) {
        http_add_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    }
    add_timing(request, response);
    (void)MHD_queue_response(connection, status, response);
    if (suspended) {
        request->suspended = false;
        MHD_resume_connection(connection);
        watch_start_now(delivery->run);
    }
}

void http_send(struct http_request *request, unsigned status, struct MHD_Response *response) {
    const struct http_header *header = request->delivery->headers;
    for (; header && header->name; header++) {
        http_add_header(response, header->name, header->value);
    }
    http_send_shared(request, status, response);
    MHD_destroy_response(response);
}

void http_respond_page(struct http_request *request, unsigned status, const char *type,
                       const struct http_header *headers, struct http_body body) {
    struct MHD_Response *response = http_body_response(body);
    http_add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    for (; headers->name; headers++) {
        http_add_header(response, headers->name, headers->value);
    }
    http_send(request, status, response);
}

struct MHD_Response *http_created_response(const char *location, struct http_body body) {
    struct MHD_Response *response = http_body_response(body);
    http_add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
    http_add_header(response, MHD_HTTP_HEADER_LOCATION, location);
    return response;
}

struct MHD_Response *http_no_content_response(void) {
    return http_body_response((struct http_body){"", 0, NULL, NULL});
}

struct MHD_Response *http_problem_response(unsigned status, const char *field, const char *detail) {
    json_t *problem = json_pack("{s:s, s:s, s:i, s:s, s:s*}", "type", "about:blank", "title",
                                MHD_get_reason_phrase_for(status), "status", (int)status, "detail",
                                detail, "field", field);
    char *text = json_dumps(problem, JSON_COMPACT);
    memory_demand(text != NULL);
    json_decref(problem);
    struct MHD_Response *response =
        http_body_response((struct http_body){text, strlen(text), free, text});
    http_add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/problem+json");
    if (status == MHD_HTTP_SERVICE_UNAVAILABLE) {
        http_add_header(response, MHD_HTTP_HEADER_RETRY_AFTER, RETRY_AFTER_SECONDS);
    }
    return response;
}

void http_respond_problem(struct http_request *request, unsigned status, const char *field,
                          const char *detail) {
    http_send(request, status, http_problem_response(status, field, detail));
}

void http_respond_wrong_coding(struct http_request *request, const char *detail) {
    struct MHD_Response *response =
        http_problem_response(MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, NULL, detail);
    http_add_header(response, MHD_HTTP_HEADER_ACCEPT_ENCODING, "identity");
    http_send(request, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, response);
}

void http_respond_not_allowed(struct http_request *request, unsigned allowed) {
    struct MHD_Response *response = http_problem_response(
        MHD_HTTP_METHOD_NOT_ALLOWED, NULL, "this path does not have this method; see Allow");
    char methods[64];
    http_allow_header(allowed, methods, sizeof methods);
    http_add_header(response, MHD_HTTP_HEADER_ALLOW, methods);
    http_send(request, MHD_HTTP_METHOD_NOT_ALLOWED, response);
}
