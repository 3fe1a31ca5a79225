/* The integers of paths and query strings. */
#include "qa/parameters.h"

#include "ops/number.h"
#include "rules/limits.h"

const struct parameter parameters_question_id = {
    "question_id", PATH_ID_MAX, "question_id must be an integer from 1 to " LIMIT_TEXT(PATH_ID_MAX)};
const struct parameter parameters_answer_id = {
    "answer_id", PATH_ID_MAX, "answer_id must be an integer from 1 to " LIMIT_TEXT(PATH_ID_MAX)};
const struct parameter parameters_product_id = {
    "product_id", PRODUCT_ID_MAX,
    "product_id must be given, an integer from 1 to " LIMIT_TEXT(PRODUCT_ID_MAX)};

bool parameters_parse(const struct parameter *parameter, struct http_text text, int64_t *value) {
    uint64_t number;
    bool ok = number_parse(text.data, text.length, 1, (uint64_t)parameter->most, &number);
    *value = ok ? (int64_t)number : *value;
    return ok;
}

bool parameters_query(const struct parameter *parameter, const struct http_target *target,
                      int64_t *value) {
    struct http_text text;
    switch (http_target_query(target, parameter->name, &text)) {
    case HTTP_QUERY_ABSENT:
        return true;
    case HTTP_QUERY_FOUND:
        return text.length == 0 || parameters_parse(parameter, text, value);
    case HTTP_QUERY_MALFORMED:
        break;
    }
    return false;
}
