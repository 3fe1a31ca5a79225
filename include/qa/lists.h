/* The lists: questions of a product, answers of a question; one question; counts. */
#pragma once

#include "pages/lookup.h"

/* GET of a path of qa/list_request.h. */
void lists_serve(struct http_request *request);

/* How many questions and answers products have. */
void lists_serve_counts(struct http_request *request);

/* lookup_on_total and lookup_on_respond (pages/lookup.h). */
void lists_take_total(struct http_request *request, int64_t total);
void lists_describe(const struct http_request *request, const struct page_key *key, bool has_more,
                    bool is_not_modified, struct lookup_headers *headers);

/* Where the page of one question has nothing to show: lookup_on_missing (pages/lookup.h). */
void lists_respond_missing(struct http_request *request, const struct page_key *key);
