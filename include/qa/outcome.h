/* From the outcome of a query to the response. */
#pragma once

#include "db/query.h"
#include "http/response.h"

/* Responds for an outcome other than QUERY_DONE, and logs it where it is our fault. Without a
 * result the fault has been logged with another request. */
void outcome_respond_read_failure(struct http_request *request, enum query_outcome outcome,
                                  const PGresult *result);
void outcome_respond_write_failure(struct http_request *request, enum query_outcome outcome,
                                   const PGresult *result);

/*
 * Raises the versions that a write touched, which is due after its commit and before its response.
 * Column 1 of a write statement's rows is the product, column 2 the question, whose pages have
 * changed; NULL: none.
 */
void outcome_raise_versions(const struct http_request *request, const PGresult *result, int row);
