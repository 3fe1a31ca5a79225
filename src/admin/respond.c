/* Successful responses of the admin process. */
#include "admin/respond.h"

#include "http/response.h"
#include "ops/memory.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

static struct MHD_Response *response_of(const char *type, struct http_body body) {
    struct MHD_Response *response = http_body_response(body);
    http_add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    return response;
}

static void send_body(struct http_request *request, const char *type, struct http_body body) {
    http_send(request, MHD_HTTP_OK, response_of(type, body));
}

void respond_bytes(struct http_request *request, const char *type, const void *bytes,
                   size_t length) {
    send_body(request, type, (struct http_body){bytes, length, NULL, NULL});
}

void respond_own_text(struct http_request *request, const char *type, char *text, size_t length) {
    send_body(request, type, (struct http_body){text, length, free, text});
}

struct MHD_Response *response_of_json(json_t *value) {
    memory_demand(value != NULL);
    char *text = json_dumps(value, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
    memory_demand(text != NULL);
    json_decref(value);
    return response_of("application/json", (struct http_body){text, strlen(text), free, text});
}

void respond_json(struct http_request *request, json_t *value) {
    http_send(request, MHD_HTTP_OK, response_of_json(value));
}

void respond_elsewhere(struct http_request *request, const char *location) {
    struct MHD_Response *response = http_body_response((struct http_body){"", 0, NULL, NULL});
    http_add_header(response, MHD_HTTP_HEADER_LOCATION, location);
    http_send(request, MHD_HTTP_FOUND, response);
}
