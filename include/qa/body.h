/*
 * Bodies of requests. Those of POST are a JSON object with the fields of a question or an answer.
 * The functions that read respond 400, 413 or 415 themselves, and then return false or NULL: the
 * handler is done.
 */
#pragma once

#include "http/request.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Whether the media type (RFC 9110, 8.3.1), without its parameters, is that of JSON; a missing one
 * is taken as such. */
bool body_is_json(const struct http_request *request);

/* Whether the body has a content coding other than identity (RFC 9110, 8.4), and the first one. */
bool body_is_coded(const struct http_request *request, struct http_text *coding);

/* The body as JSON, of any type; NULL with the reason where it is none. */
__attribute__((warn_unused_result)) json_t *body_parse(struct http_request *request,
                                                       json_error_t *error);

/* The body, a JSON object, as a new reference. NULL: the response is made. */
__attribute__((warn_unused_result)) json_t *body_read_object(struct http_request *request);

/* The text of a field that is a string without U+0000; else NULL. `fields` may be of any type. */
const char *body_string(const json_t *fields, const char *name, size_t *length);

/* A checked body; body_free() releases it. */
struct body {
    json_t *fields;
};

/* Reads it, then checks body, name and email. After true body_free() is due. */
__attribute__((warn_unused_result)) bool body_read(struct http_request *request, struct body *body);

void body_free(struct body *body);

/* product_id, an integer or a string of digits; *product_id stays as it is where it is absent.
 * False, without a response, where it is wrong. */
__attribute__((warn_unused_result)) bool body_read_product_id(const struct body *body,
                                                              int64_t *product_id);

/* photos, as a JSON array, empty where they are absent; a new reference. NULL: the response is
 * made. */
__attribute__((warn_unused_result)) json_t *body_read_photos(struct http_request *request,
                                                             const struct body *body);
