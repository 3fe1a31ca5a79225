/* Questions of a product: the list, and a new one. */
#pragma once

#include "http/request.h"

/* GET /qa/questions?product_id=&page=&count= */
void questions_list(struct http_request *request);

/* POST /qa/questions and its alias /qa/questions/:product_id. The product is taken from the body,
 * else the path, else the query string; each that is given must be valid. */
void questions_add(struct http_request *request);
