/* From what a statement returned to the body of a response. */
#pragma once

#include "http/response.h"

#include <libpq-fe.h>

/* A copy of one value of a result. */
struct http_body result_body_copy(const PGresult *result, int row, int column);
