/* Parameters of a request's path and query string. */
#include "qa/parameters.h"

#include "http/response.h"
#include "ops/number.h"
#include "rules/limits.h"

#include <inttypes.h>
#include <stdio.h>

bool parameters_integer(struct http_text text, int64_t most, int64_t *value) {
    uint64_t number;
    bool ok = number_parse(text.data, text.length, 1, (uint64_t)most, &number);
    *value = ok ? (int64_t)number : *value;
    return ok;
}

bool parameters_read_path_id(struct http_request *request, const char *name, int64_t most,
                             int64_t *id) {
    if (parameters_integer(request->parameter, most, id)) {
        return true;
    }
    char detail[128];
    snprintf(detail, sizeof detail, "%s must be an integer from 1 to %" PRId64, name, most);
    http_respond_problem(request, 400, name, detail);
    return false;
}

bool parameters_refuse_product_id(struct http_request *request) {
    http_respond_problem(
        request, 400, "product_id",
        "product_id must be given, an integer from 1 to " LIMIT_TEXT(PRODUCT_ID_MAX));
    return false;
}

/* An integer from 1 to `most`. Absent or empty leaves *value as it is; false when it is wrong. */
static bool query_integer(struct http_request *request, const char *name, int64_t most,
                          int64_t *value) {
    struct http_text text;
    switch (http_request_query(request, name, &text)) {
    case HTTP_QUERY_ABSENT:
        return true;
    case HTTP_QUERY_FOUND:
        return text.length == 0 || parameters_integer(text, most, value);
    case HTTP_QUERY_MALFORMED:
        break;
    }
    return false;
}

bool parameters_read_product_id(struct http_request *request, int64_t *product_id) {
    return query_integer(request, "product_id", PRODUCT_ID_MAX, product_id) ||
           parameters_refuse_product_id(request);
}

bool parameters_read_paging(struct http_request *request, struct page_key *page) {
    page->page = 1;
    page->count = COUNT_DEFAULT;
    if (!query_integer(request, "page", INT64_MAX, &page->page)) {
        http_respond_problem(request, 400, "page", "page must be an integer from 1");
        return false;
    }
    if (!query_integer(request, "count", INT64_MAX, &page->count)) {
        http_respond_problem(request, 400, "count", "count must be an integer from 1");
        return false;
    }
    if (page->count > COUNT_MAX) {
        page->count = COUNT_MAX;
    }
    return true;
}
