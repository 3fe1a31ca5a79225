/* A question with its answers as a web page. */
#pragma once

#include "http/request.h"

/* GET of /q/:question_id. */
void document_serve(struct http_request *request);

/* A web page that says that there is no such question. */
void document_respond_missing(struct http_request *request);

/* What browsers are told of either: nothing runs, and nothing is loaded but photos. Ended by one
 * without a name. */
extern const struct http_header document_headers[];
