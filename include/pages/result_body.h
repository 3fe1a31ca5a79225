/* From what a statement returned to the body of a response. */
#pragma once

#include "http/response.h"
#include "ops/memory.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

/* A copy of one value of a result, with a NUL behind it. */
static inline struct http_body result_body_copy(const PGresult *result, int row, int column) {
    size_t length = (size_t)PQgetlength(result, row, column);
    char *copy = memory_allocate(length + 1);
    memcpy(copy, PQgetvalue(result, row, column), length + 1);
    return (struct http_body){copy, length, free, copy};
}
