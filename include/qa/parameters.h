/*
 * Parameters of a request's path and query string. The functions that read respond 400 themselves, and
 * then return false: the handler is done.
 */
#pragma once

#include "http/request.h"
#include "pages/page_key.h"

#include <stdbool.h>
#include <stdint.h>

/* True, and *value set, for ASCII digits only, leading zeros allowed, from 1 to `most`. */
__attribute__((warn_unused_result)) bool parameters_integer(struct http_text text, int64_t most,
                                                            int64_t *value);

/* The id in the path; `name` is what to blame. */
__attribute__((warn_unused_result)) bool
parameters_read_path_id(struct http_request *request, const char *name, int64_t most, int64_t *id);

/* product_id from the query string; *product_id stays as it is where it is absent or empty. */
__attribute__((warn_unused_result)) bool parameters_read_product_id(struct http_request *request,
                                                                    int64_t *product_id);

/* page and count from the query string, or their defaults, 1 and COUNT_DEFAULT; at most COUNT_MAX.
 */
__attribute__((warn_unused_result)) bool parameters_read_paging(struct http_request *request,
                                                                struct page_key *page);

/* Responds 400 for a product_id that is missing or wrong; always false. */
bool parameters_refuse_product_id(struct http_request *request);
