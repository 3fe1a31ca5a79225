/* Questions: a new one. */
#pragma once

#include "http/request.h"

/* POST /qa/questions and its alias /qa/questions/:product_id. The product is taken from the body,
 * else the path, else the query string; each that is given must be valid. */
void questions_add(struct http_request *request);
