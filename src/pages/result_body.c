/* Bodies of responses out of results. */
#include "pages/result_body.h"

#include "ops/memory.h"

#include <stdlib.h>
#include <string.h>

struct http_body result_body_copy(const PGresult *result, int row, int column) {
    size_t length = (size_t)PQgetlength(result, row, column);
    char *copy = memory_allocate(length + 1);
    memcpy(copy, PQgetvalue(result, row, column), length);
    return (struct http_body){copy, length, free, copy};
}
