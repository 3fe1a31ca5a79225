/* From the outcome of a query to the answer of a request. */
#pragma once

#include "db/query.h"
#include "http/response.h"

/* The JSON that a statement returned, as a body without a copy; the result goes with it. */
struct http_body body_of_result(PGresult *result);

/* Answers an outcome other than QUERY_DONE, and logs it where it is our fault. */
void respond_read_failure(struct http_request *request, enum query_outcome outcome,
                          PGresult *result);
void respond_write_failure(struct http_request *request, enum query_outcome outcome,
                           PGresult *result);
