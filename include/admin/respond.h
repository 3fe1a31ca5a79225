/* Successful responses of the admin process. */
#pragma once

#include "http/request.h"

#include <jansson.h>

/* 200. `bytes` are kept by the caller for good. */
void respond_bytes(struct http_request *request, const char *type, const void *bytes,
                   size_t length);

/* 200. `text` is handed over, and released with free(). */
void respond_own_text(struct http_request *request, const char *type, char *text, size_t length);

/* A response with a JSON value, which is handed over; to be sent. */
struct MHD_Response *response_of_json(json_t *value);

/* 200 with that. */
void respond_json(struct http_request *request, json_t *value);

/* 302. */
void respond_elsewhere(struct http_request *request, const char *location);
