/* The lists: questions of a product, answers of a question. */
#pragma once

#include "http/request.h"

/* GET of a path of qa/list_request.h. */
void lists_serve(struct http_request *request);
