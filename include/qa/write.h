/* A request's write, on its way to the pool and back. */
#pragma once

#include "db/combine_writes.h"
#include "http/response.h"
#include "qa/parameters.h"

#include <jansson.h>
#include <stdbool.h>

/* The id in the path. False: it is wrong, and the response is made. */
__attribute__((warn_unused_result)) bool
write_read_id(struct http_request *request, const struct parameter *parameter, int64_t *id);

/* Submits a write; `row` is the id of the row that it locks, or 0, and on_done's owner is the
 * request. */
void write_submit_id(struct http_request *request, const struct write_form *form, int64_t row,
                     call_on_done *on_done);

/* The same of a write that has more to say than an id. The JSON is released. */
void write_submit_json(struct http_request *request, const struct write_form *form, int64_t row,
                       json_t *json, call_on_done *on_done);

/* Responds for a write that is committed: raises the versions that it touched, and sends the
 * response after the commit-wait (qa/commit_wait.h). */
void write_respond(struct http_request *request, const PGresult *result, int row, unsigned status,
                   struct MHD_Response *response);
