/* A request as a handler sees it: target, headers, body. */
#include "http/request.h"

#include "http/traceparent.h"
#include "ops/clock.h"
#include "ops/memory.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

struct http_request *http_request_new(const char *target) {
    size_t length = strlen(target);
    struct http_request *request = memory_calloc(1, sizeof *request + 2 * length);
    request->timing.began_us = clock_us();
    memcpy(request->text, target, length);
    http_target_parse(&request->target, (struct http_text){request->text, length},
                      request->text + length);
    return request;
}

void http_request_free(struct http_request *request) {
    free(request->body);
    free(request);
}

static const struct {
    const char *name;
    enum http_method method;
} methods[] = {
    {MHD_HTTP_METHOD_GET, HTTP_GET},         {MHD_HTTP_METHOD_HEAD, HTTP_HEAD},
    {MHD_HTTP_METHOD_POST, HTTP_POST},       {MHD_HTTP_METHOD_PUT, HTTP_PUT},
    {MHD_HTTP_METHOD_OPTIONS, HTTP_OPTIONS}, {MHD_HTTP_METHOD_DELETE, HTTP_DELETE},
};

enum { METHODS = sizeof methods / sizeof *methods };

enum http_method http_method_from_name(const char *name) {
    for (size_t i = 0; i < METHODS; i++) {
        if (strcmp(name, methods[i].name) == 0) {
            return methods[i].method;
        }
    }
    return HTTP_OTHER;
}

const char *http_method_name(enum http_method method) {
    for (size_t i = 0; i < METHODS; i++) {
        if (methods[i].method == method) {
            return methods[i].name;
        }
    }
    return "other";
}

void http_request_add_body(struct http_request *request, const char *data, size_t length) {
    if (request->body_too_large || length > HTTP_BODY_LIMIT_BYTES - request->body_length) {
        request->body_too_large = true;
        return;
    }
    request->body = memory_realloc(request->body, request->body_length + length + 1);
    memcpy(request->body + request->body_length, data, length);
    request->body_length += length;
    request->body[request->body_length] = '\0';
}

/* RFC 9110, 5.6.2: tchar; each name of a header is looked at, most often letters and hyphens. */
static bool is_token_character(char character) {
    return (character >= 'a' && character <= 'z') || character == '-' ||
           (character >= 'A' && character <= 'Z') || (character >= '0' && character <= '9') ||
           (character && strchr("!#$%&'*+.^_`|~", character));
}

bool http_is_token(const char *text, size_t length) {
    while (length > 0 && is_token_character(*text)) {
        text++;
        length--;
    }
    return length == 0;
}

const char *http_request_header(const struct http_request *request, const char *name) {
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *http_request_cookie(const struct http_request *request, const char *name) {
    return MHD_lookup_connection_value(request->connection, MHD_COOKIE_KIND, name);
}

void http_request_peer(const struct http_request *request, char *address, size_t size) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *peer = info ? info->client_addr : NULL;
    *address = '\0';
    if (peer && peer->sa_family == AF_INET) {
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)peer)->sin_addr, address,
                  (socklen_t)size);
    } else if (peer && peer->sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr, address,
                  (socklen_t)size);
    }
}

const char *http_request_id(const struct http_request *request) {
    const char *id = http_request_header(request, "X-Request-Id");
    return id ? id : "";
}

const char *http_request_traceparent(const struct http_request *request) {
    const char *text = http_request_header(request, "traceparent");
    return text && traceparent_is_valid(text) ? text : NULL;
}
