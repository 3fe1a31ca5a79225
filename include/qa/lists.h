/* The lists: questions of a product, answers of a question; one question; counts. */
#pragma once

#include "http/request.h"

/* GET of a path of qa/list_request.h. */
void lists_serve(struct http_request *request);

/* How many questions and answers products have. */
void lists_serve_counts(struct http_request *request);

/* Where the page of one question has nothing to show: lookup_on_missing (pages/lookup.h). */
void lists_respond_missing(struct http_request *request);
